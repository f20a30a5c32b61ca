"""What the user sent into claims: its statements, each looked up or visibly set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, zip_longest
from typing import TYPE_CHECKING

from rag.checkable import MIN_CONTENT_WORDS, reason
from rag.clauses import Clause, clauses
from rag.datatypes import Claim, Span
from rag.errors import QuestionError
from rag.layout import Block, blocks, form_of
from rag.references import Context, resolve, speaker_of
from rag.syntax import parse
from rag.text import sentences, squeezed, stop_words, words

if TYPE_CHECKING:
    from spacy.tokens import Doc

MAX_CHARS = 200_000
"""About three hours of speech. A longer text is a document to index, not a question."""

MAX_PARSED = 1_000
"""A longer sentence is a list, or no sentence: it stays whole, and its grammar is not read."""

MAX_QUOTATION = 600
"""What is quoted stays with the words that say who said it, up to so many characters."""

_OPENING = '“"'
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_UNDECODABLE = re.compile("[\x00\ud800-\udfff]")
_WEAK = frozenset({"too short to check", "too general to check"})


def check_question(text: str) -> str:
    """Return `text` if it can be answered; raises `QuestionError` with what to do."""
    if not text.strip():
        raise QuestionError(
            "The question is empty. Type or paste a claim about the past, for example: "
            "Monroe told Europe to stay out of the Americas."
        )
    if len(text) > MAX_CHARS:
        raise QuestionError(
            f"The text has {len(text):,} characters; at most {MAX_CHARS:,} are taken at a "
            "time. Send a part of it, or index it as a source with `source-finder build`."
        )
    strange = len(_UNPRINTABLE.findall(text))
    if _UNDECODABLE.search(text) or strange > max(3, len(text) // 50):
        raise QuestionError(
            "This is not readable text (it holds control or undecodable characters). If it "
            "comes from a PDF or a Word file, paste its text, or index the file with "
            "`source-finder build`."
        )
    if not words(text):
        raise QuestionError(
            "There is no word in the question. Type or paste a claim about the past."
        )
    return text


def split_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of `text`, in order, and between them what is set aside, with a reason.

    A text of one sentence is always a claim, whatever its form: a question is answered,
    a few key words are looked up. Claims come as they are found: the first one does not wait
    for the last.
    """
    found = [(block, span) for block in blocks(text) for span in _sentences(text, block)]
    alone = sum(1 for _, span in found if words(span.of(text))) == 1
    numbers = count(1)
    context = Context()
    for (block, span), following in zip_longest(found, found[1:]):
        if block.form == "a byline":  # somebody else goes on
            context = Context()
        for piece in _pieces(text, block, span, following, context):
            spoken = bool(words(piece.span.of(text)))
            yield Claim(
                claim_id=f"c{next(numbers)}",
                text=piece.span.of(text),
                span=piece.span,
                set_aside=None if alone and spoken else piece.set_aside,
                resolved=piece.resolved,
                said_by=piece.said_by,
            )
            context = piece.context


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a sentence on its way to a claim; `context` is what holds after it."""

    span: Span
    set_aside: str | None
    context: Context
    resolved: str = ""
    said_by: str | None = None


def _sentences(text: str, block: Block) -> list[Span]:
    """Return the sentences of a block; what is no prose stays whole, and so does a quotation."""
    if block.form:
        return [block.span]
    joined: list[Span] = []
    for span in sentences(text, block.span):
        before = joined[-1] if joined else None
        whole = span if before is None else Span(before.start, span.end)
        if before is not None and len(whole) <= MAX_QUOTATION and _is_open(before.of(text)):
            joined[-1] = whole
        else:
            joined.append(span)
    return joined


def _is_open(sentence: str) -> bool:
    """Return whether a quotation that begins in a sentence does not end there."""
    return sentence.count('"') % 2 == 1 or sentence.count("“") > sentence.count("”")


def _pieces(
    text: str, block: Block, span: Span, following: tuple[Block, Span] | None, context: Context
) -> Iterator[_Piece]:
    """Yield a sentence in its clauses, each resolved in the context of those before."""
    sentence, places = squeezed(text, span)
    content = [word for word in words(sentence) if word not in stop_words()]
    form = block.form or form_of(sentence)
    if form or len(span) > MAX_PARSED or not content:
        yield _Piece(span, form or _short(sentence, content), context)
        return
    doc = parse(sentence)
    answered_by = _next_speaker(text, following)
    for clause in _standing(doc, context):
        part = doc[clause.start : clause.end]
        said = part.text.rstrip(" ,;")
        if not said:
            continue
        last = part.start_char + len(said) - 1
        place = Span(places[part.start_char], places[last] + 1)
        before = doc[: clause.start] if clause.start else None
        resolved = resolve(part, context, clause.shared, before=before, answered_by=answered_by)
        context = context.after(resolved.mentions, part)
        why = reason(part, resolved.text if resolved.named else "")
        if why:
            yield _Piece(place, why, context)
        else:
            yield _Piece(place, None, context, resolved.text, resolved.said_by)


def _short(sentence: str, content: list[str]) -> str | None:
    """Return what is wrong with a sentence whose grammar is not read, None for nothing."""
    if len(content) >= MIN_CONTENT_WORDS:
        return None
    return "a question" if sentence.endswith("?") else "too short to check"


def _next_speaker(text: str, following: tuple[Block, Span] | None) -> str | None:
    """Return whom the next sentence names as speaking."""
    if following is None or following[0].form or len(following[1]) > MAX_PARSED:
        return None
    sentence, _ = squeezed(text, following[1])
    if not any(mark in sentence for mark in _OPENING):
        return None
    doc = parse(sentence)
    return speaker_of(doc[:])


def _standing(doc: Doc, context: Context) -> list[Clause]:
    """Return the clauses of a sentence; one that says too little alone stays with the one
    before it, the first one with the next."""
    kept: list[Clause] = []
    weak_start = False
    for clause in clauses(doc):
        part = doc[clause.start : clause.end]
        resolved = resolve(part, context, clause.shared)
        weak = reason(part, resolved.text if resolved.named else "") in _WEAK
        if kept and (weak or weak_start):
            kept[-1] = Clause(kept[-1].start, clause.end, kept[-1].shared)
        else:
            kept.append(clause)
        weak_start = weak and len(kept) == 1 and kept[0].end == clause.end and clause.start == 0
    return kept
