"""What the user sent into claims: its sentences, each looked up or visibly set aside."""

from __future__ import annotations

import re

from rag.datatypes import Claim, Span
from rag.errors import QuestionError
from rag.text import sentences, stop_words, trimmed, words

MAX_CHARS = 200_000
"""About three hours of speech. A longer text is a document to index, not a question."""

MIN_CONTENT_WORDS = 3
"""A sentence in a longer text with fewer content words says nothing that can be checked."""

MIN_GENERAL_WORDS = 5
"""The same for a heading (a line without an end mark) without a name or a number in it."""

_LINE = re.compile(r"[^\n]+")
_MARKUP = re.compile(r"^(:::|```|<!--|\{)|^\W+$")
_LINK = re.compile(r"^(?=\S+$)\S*?(?:https?://|www\.)\S")
_BYLINE = re.compile(
    r"^[\w .'’-]{1,60} [-–—·•|] \d+ ?(s|m|min|h|hr|d|w|mo|y|yr)s?( ago)?$", re.IGNORECASE
)
_ABOUT_THE_WRITER = re.compile(
    r"^(?:(?:yes|yeah|no|well|so|and|but|ok|okay|honestly)\b[,\s]*)*"
    r"I(?:['’](?:d|m|ve|ll))?\s+(?:\w+\s+)?"
    r"(?:think|thought|love|like|found|find|feel|felt|guess|hope|wonder|wish|mean|bet|suppose|"
    r"believe|agree|disagree|want|wanted|just|really|would|sure|glad|sorry|curious)\b",
    re.IGNORECASE,
)
_OPENING = "\"'“‘«("
_CLOSING = "\"'”’»)"
_END_MARKS = (".", "!", "?", "…")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_UNDECODABLE = re.compile("[\x00\ud800-\udfff]")


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


def split_claims(text: str) -> list[Claim]:
    """Return the sentences of `text`, in order, each a claim or set aside with a reason.

    A text of one sentence is always a claim, whatever its form: a question is answered,
    a few key words are looked up.
    """
    spans = [span for line in _LINE.finditer(text) for span in _line_sentences(text, line)]
    alone = len([span for span in spans if words(span.of(text))]) == 1
    return [
        Claim(
            claim_id=f"c{number}",
            text=span.of(text),
            span=span,
            set_aside=None if alone and words(span.of(text)) else _reason(span.of(text)),
        )
        for number, span in enumerate(spans, start=1)
    ]


def _line_sentences(text: str, line: re.Match[str]) -> list[Span]:
    """Return the sentences of a line; a line of markup, a link or a byline stays whole."""
    whole = trimmed(text, line.start(), line.end())
    if whole is None:
        return []
    if _form(whole.of(text)):
        return [whole]
    return sentences(text, whole)


def _form(line: str) -> str | None:
    """Return why a line is no prose, or None."""
    if _MARKUP.search(line):
        return "markup"
    if _LINK.match(line):
        return "a link"
    if _BYLINE.match(line):
        return "a byline"
    return None


def _is_question(sentence: str) -> bool:
    """Return whether the writer asks; a question that someone is said to have asked
    (He said, "Why?") is a statement about the past."""
    if sentence.endswith("?"):
        return True
    return sentence.rstrip(_CLOSING).endswith("?") and sentence[0] in _OPENING


def _reason(sentence: str) -> str | None:
    """Return why a sentence is set aside, or None for one that can be looked up."""
    if form := _form(sentence):
        return form
    if _is_question(sentence):
        return "a question"
    if _ABOUT_THE_WRITER.match(sentence):
        return "about the writer"
    content = [word for word in words(sentence) if word not in stop_words()]
    if len(content) < MIN_CONTENT_WORDS:
        return "too short to check"
    _, *others = sentence.split()
    specific = any(word[:1].isupper() or word[:1].isdigit() for word in others)
    ended = sentence.rstrip(_CLOSING)[-1:] in _END_MARKS
    if len(content) < MIN_GENERAL_WORDS and not specific and not ended:
        return "too general to check"
    return None
