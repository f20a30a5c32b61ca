"""Cuts the user's text into claims: statements that are looked up, or set aside with a reason.

Prose is cut into sentences. A line of markup, a link or a byline is kept whole. Wrapped lines, as
in mail and in text copied from a PDF, are joined, and the quotation marks of mail are left out. In
a transcript, each turn of a speaker is a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice, pairwise, zip_longest
from typing import TYPE_CHECKING

from rag.claims.checkable import (
    ABOUT_THIS_PAGE,
    MAX_CLAIM,
    MIN_CONTENT_WORDS,
    Clause,
    asks_without_a_mark,
    asserted_in_question,
    has_finite_verb,
    is_about_this_page,
    is_pleasantry,
    is_question,
    is_statement,
    split_clauses,
    states_nothing,
    why_set_aside,
)
from rag.claims.references import Context, resolve_references, speaker_of
from rag.claims.transcripts import END_MARK, MAX_CHARS, MIN_WIDTH, Transcript, read_transcript
from rag.datatypes import Claim, ClaimForm, Span
from rag.errors import QuestionError
from rag.language import (
    TITLES,
    collapse_spaces,
    content_words,
    continues_sentence,
    parse,
    sentences,
    stop_words,
    trim,
    word_list,
    words,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc

_LINE = re.compile(r"[^\n]+")
_QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)
_ITEM = re.compile(r"[-–—]{1,3}\s|[*•+]\s|\d{1,3}[.)]\s|\(?[a-z\d][.)]\s|[A-Z][\w ]{0,20}:\s")
_ITEM_MARK = re.compile(r"(?:[*•+]|\(?(?:\d{1,3}|[a-z])[.)])\s+(?=\S)")
_TAG = re.compile(r"[#@]\w\S*")
_MARKUP = re.compile(r"^(:::|```|<!--|\{)|^\W+$|^([-=])\2{2}.*\2{3}$")
_LINK = re.compile(r"^(?=\S+$)\S*?(?:https?://|www\.)\S")
_BYLINE = re.compile(
    r"^[\w .'’-]{1,60} [-–—·•|] \d+ ?(s|m|min|h|hr|d|w|mo|y|yr)s?( ago)?$", re.IGNORECASE
)
_LEAST_FILLED = 0.75
"""How much of the text's width each wrapped line fills at least, counted with the next line's first
word, also in a proportional font."""

_LEADING_ON = word_list("words", "leading_on")
_MAIL_HEADER = re.compile(r"^(?:From|Sent|To|Cc|Bcc|Date|Subject|Reply-To):\s")
_WROTE = re.compile(r"^On\b.{0,200}\bwrote:$", re.DOTALL)
_CLOCK = re.compile(r"\d:\d\d")
_QUOTED_BELOW = re.compile(r"\s*\n[ \t]*>")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A stretch of the text. `form`: why it is not prose ("a link"), None if it is. `speaker`: who
    speaks, if a transcript names them."""

    span: Span
    form: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A text's blocks, in order. `prose` is the text with blanks for everything that is not prose,
    and so has its length; `transcript` is None for a text that is not one."""

    prose: str
    blocks: tuple[TextBlock, ...]
    transcript: Transcript | None = None


def read_layout(text: str) -> Layout:
    """Return the blocks of `text`. If it is not a transcript, they cover everything but white
    space."""
    transcript = read_transcript(text)
    if transcript is None:
        prose = _QUOTED.sub(lambda marks: " " * len(marks[0]), text)
        return Layout(prose, tuple(_blocks(text, prose, _paragraphs(text, prose))))
    speech = transcript.speech
    turns = [
        TextBlock(turn.span, _line_form(turn.span.of(speech)), turn.speaker)
        for turn in transcript.turns
    ]
    if not transcript.times:
        turns = _blocks(text, speech, _unlabelled(text, turns))
    return Layout(speech, tuple(turns), transcript)


def _unlabelled(text: str, lines: list[TextBlock]) -> Iterator[list[TextBlock]]:
    """Yield adjacent lines of a transcript without a speaker's name between them as groups."""
    below: list[TextBlock] = []
    for line in lines:
        if below:
            between = text[below[-1].span.end : line.span.start]
            if between.strip() or between.count("\n") > 1 or line.form or below[-1].form:
                yield below
                below = []
        below.append(line)
    if below:
        yield below


def _blocks(text: str, prose: str, paragraphs: Iterable[list[TextBlock]]) -> list[TextBlock]:
    """Return the blocks of some paragraphs, wrapped lines joined."""
    found: list[TextBlock] = []
    for paragraph in paragraphs:
        joins = _joins(text, prose, [line.span for line in paragraph])
        for line, joined in zip(paragraph, joins, strict=True):
            if joined:
                found[-1] = replace(found[-1], span=Span(found[-1].span.start, line.span.end))
                continue
            if line.form == "a link" and found and _is_title(text, found[-1], line.span):
                found[-1] = TextBlock(found[-1].span, "the title of what is linked to")
            found.append(line)
    return found


def _paragraphs(text: str, prose: str) -> Iterator[list[TextBlock]]:
    """Yield adjacent lines of prose at the same depth of quotation as groups, and each other line
    alone."""
    lines: list[TextBlock] = []
    above = (0, 0)
    for match in _LINE.finditer(prose):
        span = trim(prose, match.start(), match.end())
        if span is None:
            continue
        form = _line_form(span.of(prose))
        if _WROTE.match(span.of(prose)) and _QUOTED_BELOW.match(text, span.end):
            form = "a mail header"
        line = TextBlock(span, form)
        depth = text.count(">", match.start(), span.start)
        below = match.start() == above[0] + 1 and depth == above[1]
        if lines and not (below and line.form is None and lines[-1].form is None):
            yield lines
            lines = []
        lines.append(line)
        above = (match.end(), depth)
    if lines:
        yield lines


def _is_title(text: str, before: TextBlock, link: Span) -> bool:
    """Return whether the line right above a link is the link's title: it has no end mark."""
    return (
        before.form is None
        and text[before.span.end : link.start].count("\n") == 1
        and not END_MARK.search(before.span.of(text))
    )


def _line_form(line: str) -> str | None:
    """Return why a line or sentence is not prose; None if it is."""
    if _MARKUP.search(line):
        return "markup"
    if _LINK.match(line):
        return "a link"
    if _BYLINE.match(line):
        return "a byline"
    if _MAIL_HEADER.match(line) or (_WROTE.match(line) and _is_sent(line)):
        return "a mail header"
    return _tags(line)


def _is_sent(line: str) -> bool:
    """Return whether a line ending in "wrote:" is a mail header: it has an address, or a time of
    day and no other statement."""
    if "@" in line:
        return True
    finite = [token for token in parse(line) if has_finite_verb([token])]
    return _CLOCK.search(line) is not None and len(finite) == 1


def _tags(line: str) -> str | None:
    """Return "tags" or "a link" for a line of nothing but tags, names with "@" and links; else
    None."""
    parts = line.split()
    if not all(_TAG.fullmatch(part) or _LINK.match(part) for part in parts):
        return None
    return "a link" if any(_LINK.match(part) for part in parts) else "tags"


def _joins(text: str, prose: str, lines: list[Span]) -> list[bool]:
    """Return for each line of a paragraph whether it continues the one before. It does where a
    sentence is surely broken off and, in a wrapped paragraph, after a full line, unless both lines
    make a statement of their own and no sentence of the paragraph ends within a line."""
    pairs = list(pairwise(lines))
    broken = [_breaks_off(prose, before, line) for before, line in pairs]
    # How far each line reaches, its indent or speaker's name included, and how far it would reach
    # with the first word of the next line.
    reach = [line.end - text.rfind("\n", 0, line.start) - 1 for line in lines]
    width = max(reach)
    longer = [
        far + len(line.of(prose).split(maxsplit=1)[0])
        for far, (_, line) in zip(reach, pairs, strict=False)
    ]
    short = [
        far < _LEAST_FILLED * width and not END_MARK.search(_tail(prose, line))
        for far, (line, _) in zip(longer, pairs, strict=True)
    ]
    # The first line may be a heading.
    wrapped = width >= MIN_WIDTH and any(broken) and not any(short[1:])
    stopped = wrapped and any(len(sentences(prose, line)) > 1 for line in lines)
    return [
        False,
        *(
            off
            or (
                wrapped
                and far >= width
                and _can_go_on(prose, *pair)
                and (stopped or not _both_state(prose, *pair))
            )
            for off, far, pair in zip(broken, longer, pairs, strict=True)
        ),
    ]


def _both_state(text: str, before: Span, line: Span) -> bool:
    """Return whether each of two lines makes a statement."""
    return all(is_statement(parse(part.of(text))[:]) for part in (before, line))


def _breaks_off(text: str, before: Span, line: Span) -> bool:
    """Return whether a sentence is surely broken off between two lines: the second begins in lower
    case, or the first ends with a title or with a word that ends no sentence."""
    if not _can_go_on(text, before, line):
        return False
    tail = _tail(text, before)
    last = words(tail)[-1:] if tail[-1].isalpha() else []
    return text[line.start].islower() or not (_LEADING_ON | TITLES).isdisjoint(last)


def _can_go_on(text: str, before: Span, line: Span) -> bool:
    """Return whether a sentence may continue on the next line: the first line has no end mark, and
    the next is no list item and no heading in capitals."""
    tail, after = _tail(text, before), line.of(text)
    ends = END_MARK.search(tail) and not (tail.endswith(".") and continues_sentence(tail, after))
    return not (ends or _ITEM.match(after) or after.isupper())


def _tail(text: str, line: Span) -> str:
    return text[max(line.start, line.end - 20) : line.end]


_MAX_PARSED = 1_000
"""A longer sentence is a list or no sentence. It is kept whole, and its grammar is not read."""

_MAX_QUOTATION = 600
"""A quotation of up to this many characters is kept together with the words that say who said
it."""

_MAX_UNPUNCTUATED = 400
"""A longer sentence of a transcript has no full stops, like automatic captions; it is cut where
captions begin."""

_CAPTION_CHARS = 150
"""The least length of such a part: about two captions, or ten seconds of speech."""

_INITIAL = re.compile(r"[-–/.]\w\.$|\b\w\.\w\.$")
_INITIAL_FIRST = re.compile(r"\w\.")
_HYPHENED = re.compile(r"\w[-–/](?:\w\.){2,}$")
_SIGN = re.compile(r"^(?:[-–—―~]+|\()\s*(?=\w)")
_QUOTED_END = re.compile(r"[\"”»]\W*$")
_SIGNED = re.compile(r"(?<=[\"”»])\s+(?=[-–—―~(]+\s*[A-Z])")
_ENDED = re.compile(r"(?<=\b\w\.\w\.)\s(?=[A-Z])|(?<=[.!?]\))\s(?=\S)|(?<=\b(?:me|no)\.)\s(?=I\b)")
_I = re.compile(r"I\b(?!\.)")
_SOURCE = "the source of a quotation"
TOO_LONG = f"longer than {MAX_CLAIM:,} characters without an end"

_OPENING = '“"'
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_UNDECODABLE = re.compile("[\x00\ud800-\udfff]")
_AS_SOURCE = "add the file under Corpus (in a terminal: `source-finder build FILE`)"
_WEAK = frozenset({"too short to check", "too general to check"})


def check_question(text: str) -> None:
    """Raise `QuestionError`, with what to do instead, for a text that cannot be answered."""
    if not text.strip():
        raise QuestionError(
            "The question is empty. Type or paste a claim about the past, for example: "
            "Monroe told Europe to stay out of the Americas."
        )
    if len(text) > MAX_CHARS and not _has_little_speech(text):
        raise QuestionError(
            f"The text has {len(text):,} characters; at most {MAX_CHARS:,} can be sent at a "
            f"time. Send a part of it, or {_AS_SOURCE}."
        )
    strange = len(_UNPRINTABLE.findall(text))
    if _UNDECODABLE.search(text) or strange > max(3, len(text) // 50):
        raise QuestionError(
            "This is not readable text. If it comes from a PDF or a Word file, paste its text, "
            f"or {_AS_SOURCE}."
        )
    if not words(text):
        raise QuestionError("The question contains no words. Type or paste a claim about the past.")


def check_claim(text: str) -> None:
    """Raise `QuestionError`, with what to do instead, for a text that is too long for one claim or
    cannot be answered."""
    check_question(text)
    if len(text) > MAX_CLAIM:
        raise QuestionError(
            f"The claim has {len(text):,} characters; one claim may have {MAX_CLAIM:,}. Send "
            "one statement, or send the whole as a text, which is cut into its claims."
        )


def _has_little_speech(text: str) -> bool:
    """Return whether a long text, such as a subtitle file, has little enough speech."""
    transcript = read_transcript(text) if len(text) <= 3 * MAX_CHARS else None
    return transcript is not None and len(" ".join(transcript.speech.split())) <= MAX_CHARS


def split_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of `text` in order, those set aside included, as soon as each is found.

    A text of one sentence is looked up whatever its form (claim, question or topic), unless it is a
    greeting, thanks, a link or a question about this page. If a text has questions and no claim,
    its questions are looked up.
    """
    waiting: list[Claim] | None = []
    for claim in _split(text):
        if waiting is None:
            yield claim
        elif claim.set_aside:
            waiting.append(claim)
        else:
            yield from (*waiting, claim)
            waiting = None
    for claim in waiting or ():
        # "Really?" asks for nothing that a source could answer.
        asked = claim.set_aside == "a question" and len(content_words(claim.text)) > 1
        yield replace(claim, set_aside=None, form="question") if asked else claim


def _split(text: str) -> Iterator[Claim]:
    layout = read_layout(text)
    found = [part for block in layout.blocks for part in _sentences(layout, block)]
    after = [*found[2:], None]
    # Whether each is signed by the next sentence.
    signed = [*(map(_is_signature, found, found[1:], after)), False]
    signs = [False, *signed]
    stated = (one for one, sign in zip(found, signs, strict=False) if words(one.text) and not sign)
    alone = len(list(islice(stated, 2))) == 1
    numbers = count(1)
    context = Context()
    for number, (sentence, following) in enumerate(zip_longest(found, found[1:])):
        if sentence.block.form == "a byline":  # somebody else continues
            context = Context()
        form, unsaid = _form_alone(sentence) if alone else ("claim", None)
        if signs[number]:
            unsaid = _SOURCE
        signer = _signer(following) if following and signed[number] else None
        pieces = list(_pieces(sentence, following, context))
        whatever = alone and all(piece.set_aside for piece in pieces)
        for piece in pieces:
            context = piece.context
            said = text[piece.span.start : piece.span.end]
            looked_up = not unsaid and (piece.set_aside is None or (whatever and bool(words(said))))
            if len(said) > MAX_CLAIM:
                looked_up, piece = False, replace(piece, set_aside=TOO_LONG)
            plain = " ".join(said.split())
            yield Claim(
                claim_id=f"c{next(numbers)}",
                text=said,
                span=piece.span,
                set_aside=None if looked_up else unsaid or piece.set_aside,
                resolved=piece.resolved,
                said_by=piece.said_by or sentence.block.speaker or signer,
                at_s=layout.transcript.at(piece.span.start) if layout.transcript else None,
                spoken=piece.spoken if piece.spoken != plain else "",
                form=form,
            )


def _is_signature(quotation: _Sentence, line: _Sentence, after: _Sentence | None) -> bool:
    """Return whether a line, or the words after a quotation, names its source: "— Lincoln, 1858".
    It begins with a dash or bracket and has no finite verb; below a line that is all quoted it may
    also be names and numbers alone, beginning with a person. List items, which begin alike, are not
    signatures."""
    whole = quotation.text[0] in _OPENING
    below = line.block is not quotation.block
    if not (_QUOTED_END.search(quotation.text[-5:]) and (whole or below) and _only_names(line)):
        return False
    mark = _SIGN.match(line.text)
    if after is not None and after.block is not line.block:
        again = _SIGN.match(after.text)
        if mark and again and mark[0] == again[0]:
            return False
        if not mark and _only_names(after) and after.text[0] not in _OPENING:
            return False
    return bool(mark) or (whole and below and _signer(line) is not None and _is_bare(line))


_OF_NAMES = frozenset({"PROPN", "NUM", "ADP", "DET", "PUNCT", "SYM"})


def _is_bare(line: _Sentence) -> bool:
    """Return whether a line is nothing but names, titles and numbers: no headline, no caption."""
    return all(token.pos_ in _OF_NAMES or token.lower_ in TITLES for token in parse(line.text))


def _only_names(line: _Sentence) -> bool:
    """Return whether a line has no finite verb."""
    return _is_readable(line) and not has_finite_verb(parse(_SIGN.sub("", line.text)))


def _signer(line: _Sentence) -> str | None:
    """Return the person a signature begins with, None if it begins with anything else."""
    persons = (e for e in parse(_SIGN.sub("", line.text)).ents if e.label_ == "PERSON")
    return next((str(entity.text) for entity in persons if entity.start == 0), None)


def _form_alone(sentence: _Sentence) -> tuple[ClaimForm, str | None]:
    """Return the form of a text of one sentence, and why it is not looked up, None if it is."""
    if sentence.block.form == "a link":
        return "claim", "a link"
    if is_pleasantry(sentence.text):
        return "claim", "a greeting"
    if is_about_this_page(sentence.text):
        return "question", ABOUT_THIS_PAGE
    if not _is_readable(sentence):
        return "claim", None
    doc = parse(sentence.text)
    if is_question(doc[:]) or asks_without_a_mark(doc[:]):
        return "question", None
    return ("topic" if states_nothing(doc[:]) else "claim"), None


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence on one line, and the place of each of its characters in the text that was sent.
    `whole`: it begins and ends with a sentence, and not just with a caption."""

    text: str
    places: list[int]
    block: TextBlock
    whole: bool = True

    @property
    def span(self) -> Span:
        return Span(self.places[0], self.places[-1] + 1)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a sentence that becomes a claim. `context`: what holds after it."""

    span: Span
    spoken: str
    set_aside: str | None
    context: Context
    resolved: str = ""
    said_by: str | None = None


def _sentences(layout: Layout, block: TextBlock) -> Iterator[_Sentence]:
    """Yield the sentences of a block. A block that is not prose is kept whole, and so is a
    quotation."""
    line, places = collapse_spaces(layout.prose, block.span)
    if block.form:
        yield _Sentence(line, places, block)
        return
    if mark := _ITEM_MARK.match(line):
        line, places = line[mark.end() :], places[mark.end() :]
    joined: list[Span] = []
    for span in _split_sentences(line):
        before = joined[-1] if joined else None
        whole = span if before is None else Span(before.start, span.end)
        if before is not None and _is_same_sentence(before.of(line), span.of(line), len(whole)):
            joined[-1] = whole
        else:
            joined.append(span)
    for span in joined:
        if layout.transcript and len(span) > _MAX_UNPUNCTUATED:
            parts = _captions(layout.transcript, line, span, places)
        else:
            parts = [span]
        for part in parts:
            yield _Sentence(part.of(line), places[part.start : part.end], block, part == span)


def _split_sentences(line: str) -> Iterator[Span]:
    """Yield the sentences of a line, also those that end with initials or in brackets ("in the U.S.
    That is so. (It was not then.) Polk said so.") or with "me" or "no" before "I", and a quotation
    apart from its source."""
    for span in sentences(line):
        start = span.start
        signed = _SIGNED.search(line, start, span.end) if line[start] in _OPENING else None
        if signed and not has_finite_verb(parse(line[signed.end() : span.end])):
            yield Span(start, signed.start())
            start = signed.end()
        for gap in _ENDED.finditer(line, span.start, span.end):
            in_brackets = line[gap.start() - 1] == ")"
            if in_brackets:
                ends = line.rfind("(", start, gap.start()) == start
            else:
                after = words(line[gap.end() : gap.end() + 20])[:1]
                ends = stop_words().issuperset(after) or bool(_I.match(line, gap.end()))
            if ends:
                yield Span(start, gap.start())
                start = gap.end()
        yield Span(start, span.end)


def _is_same_sentence(before: str, after: str, length: int) -> bool:
    """Return whether a stretch belongs to the sentence before it, by an abbreviation or an open
    quotation. `length`: of both together."""
    return _splits_abbreviation(before, after) or (length <= _MAX_QUOTATION and _is_open(before))


def _splits_abbreviation(before: str, after: str) -> bool:
    """Return whether a sentence was cut inside an abbreviation that is part of a longer word or a
    name: "the Japan-U.|S. Security Treaty".

    >>> _splits_abbreviation("They signed the Japan-U.", "S. Security Treaty.")
    True
    >>> _splits_abbreviation("In the U.S.", "He")
    False
    """
    if _INITIAL.search(before) and _INITIAL_FIRST.match(after):
        return True
    first = words(after)[:1]
    return bool(_HYPHENED.search(before)) and bool(first) and first[0] not in stop_words()


def _captions(transcript: Transcript, line: str, span: Span, places: list[int]) -> list[Span]:
    """Return a run of captions without full stops, cut where captions begin."""
    starts = {place for place, _ in transcript.times}
    cuts = [span.start]
    for number in range(span.start + 1, span.end):
        begins = any(place in starts for place in range(places[number - 1] + 1, places[number] + 1))
        if begins and number - cuts[-1] >= _CAPTION_CHARS:
            cuts.append(number)
    parts = (trim(line, start, end) for start, end in pairwise([*cuts, span.end]))
    return [part for part in parts if part]


def _is_open(sentence: str) -> bool:
    """Return whether a quotation begins in a sentence and does not end there."""
    return sentence.count('"') % 2 == 1 or sentence.count("“") > sentence.count("”")


def _pieces(sentence: _Sentence, following: _Sentence | None, context: Context) -> Iterator[_Piece]:
    """Yield the clauses of a sentence, with references resolved in the context of the clauses
    before."""
    content = content_words(sentence.text)
    form = sentence.block.form or _line_form(sentence.text)
    if form or not content or not _is_readable(sentence):
        why = form or _why_too_short(sentence.text, content)
        yield _Piece(sentence.span, sentence.text, why, context)
        return
    doc = parse(sentence.text)
    answered_by = _next_speaker(following)
    for clause in _merge_weak_clauses(doc, context):
        part = doc[clause.start : clause.end]
        said = part.text.rstrip(" ,;")
        if not said:
            continue
        last = part.start_char + len(said) - 1
        place = Span(sentence.places[part.start_char], sentence.places[last] + 1)
        before = doc[: clause.start] if clause.start else None
        stated = asserted_in_question(part) or part
        resolved = resolve_references(
            stated,
            context,
            clause.shared,
            setting=clause.setting,
            before=before,
            answered_by=answered_by,
        )
        why = why_set_aside(stated, resolved.text if resolved.named else "")
        # A person mentioned only in a relative clause is no antecedent if there is another subject.
        if not (part[0].tag_.startswith("W") and context.has_subject):
            context = context.after(resolved.mentions, part)
        if why:
            yield _Piece(place, said, why, context)
        else:
            asked = "" if stated is part else stated.text
            yield _Piece(place, said, None, context, resolved.text or asked, resolved.said_by)


def _is_readable(sentence: _Sentence) -> bool:
    """Return whether the grammar of a sentence is read."""
    return sentence.whole and len(sentence.text) <= _MAX_PARSED


def _why_too_short(sentence: str, content: list[str]) -> str | None:
    """Return why a sentence is set aside whose grammar is not read, None if it is looked up."""
    if len(content) >= MIN_CONTENT_WORDS:
        return None
    return "a question" if sentence.endswith("?") else "too short to check"


def _next_speaker(following: _Sentence | None) -> str | None:
    """Return the speaker whom the next sentence names, None if it names none."""
    if following is None or following.block.form or not _is_readable(following):
        return None
    if not any(mark in following.text for mark in _OPENING):
        return None
    return speaker_of(parse(following.text)[:])


def _merge_weak_clauses(doc: Doc, context: Context) -> list[Clause]:
    """Return the clauses of a sentence. A clause that says too little alone is joined to the one
    before it, the first clause to the next."""
    kept: list[Clause] = []
    weak_start = False
    for clause in split_clauses(doc):
        part = doc[clause.start : clause.end]
        resolved = resolve_references(part, context, clause.shared)
        weak = why_set_aside(part, resolved.text if resolved.named else "") in _WEAK
        if kept and (weak or weak_start):
            kept[-1] = replace(kept[-1], end=clause.end)
        else:
            kept.append(clause)
        weak_start = weak and len(kept) == 1 and kept[0].end == clause.end and clause.start == 0
    return kept
