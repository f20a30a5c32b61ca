"""The parts of what a user sent: prose that is cut into sentences, and lines that are none.

A line of markup, a link and a byline stay whole. A line that breaks off and goes on in the
next one, as in mail and in copies from a PDF, is one with it. Of a transcript, each turn of a
speaker is a part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.claims.transcripts import Transcript, read_transcript
from rag.datatypes import Span
from rag.text import trimmed

_LINE = re.compile(r"[^\n]+")
_MARKUP = re.compile(r"^(:::|```|<!--|\{)|^\W+$")
_LINK = re.compile(r"^(?=\S+$)\S*?(?:https?://|www\.)\S")
_BYLINE = re.compile(
    r"^[\w .'’-]{1,60} [-–—·•|] \d+ ?(s|m|min|h|hr|d|w|mo|y|yr)s?( ago)?$", re.IGNORECASE
)
_END_MARK = re.compile(r"[.!?…:;][\"'”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A stretch of the text. `form` says why it is no prose, None where it is; `speaker` who
    speaks, in a transcript that names them."""

    span: Span
    form: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A text's parts, in order. `prose` has the text's length, with all that is not said in
    it blank; `transcript` is None where the text is none."""

    prose: str
    blocks: tuple[TextBlock, ...]
    transcript: Transcript | None = None


def read_layout(text: str) -> Layout:
    """Return the parts of `text`; where it is no transcript, they are all of it but white
    space."""
    transcript = read_transcript(text)
    if transcript is None:
        return Layout(text, tuple(_blocks(text)))
    turns = (
        TextBlock(turn.span, form_of(turn.span.of(transcript.speech)), turn.speaker)
        for turn in transcript.turns
    )
    return Layout(transcript.speech, tuple(turns), transcript)


def _blocks(text: str) -> list[TextBlock]:
    found: list[TextBlock] = []
    for match in _LINE.finditer(text):
        line = trimmed(text, match.start(), match.end())
        if line is None:
            continue
        form = form_of(line.of(text))
        if form is None and found and found[-1].form is None:
            before = found[-1].span
            if _goes_on(text, before, line):
                found[-1] = TextBlock(Span(before.start, line.end))
                continue
        if form == "a link" and found and _is_title(text, found[-1], line):
            found[-1] = TextBlock(found[-1].span, "the title of what is linked to")
        found.append(TextBlock(line, form))
    return found


def _is_title(text: str, before: TextBlock, link: Span) -> bool:
    """Return whether the line right above a link is the title of what it leads to: it ends
    without a mark."""
    return (
        before.form is None
        and text[before.span.end : link.start].count("\n") == 1
        and not _END_MARK.search(before.span.of(text))
    )


def form_of(line: str) -> str | None:
    """Return why a line, or a sentence of one, is no prose; None where it is."""
    if _MARKUP.search(line):
        return "markup"
    if _LINK.match(line):
        return "a link"
    if _BYLINE.match(line):
        return "a byline"
    return None


def _goes_on(text: str, before: Span, line: Span) -> bool:
    """Return whether a line goes on with the one before: that has no end mark, and this one
    starts without a capital."""
    broken = text[before.end : line.start].count("\n") == 1 and text[line.start].islower()
    tail = text[max(before.start, before.end - 5) : before.end]
    return broken and not _END_MARK.search(tail)
