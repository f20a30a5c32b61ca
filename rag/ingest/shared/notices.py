"""What libraries, archives of the Web and transcribers put around a text that they hand out: who
scanned it, how it may be used, when it was made. It is no evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.datatypes import Span

_EDGE = 20_000
"""Characters at a text's beginning and end in which such notices stand."""

_GAP = re.compile(r"\n[^\S\n]*\n|\f")
"""What stands between paragraphs."""

_NOTICE = re.compile(
    r"\W*(?:this is a digital copy of a book that was preserved for generations"
    r"|digiti[sz]ed by (?:the internet archive|google|microsoft)"
    r"|generated (?:on|at|for) [^\n]{0,80}(?:hathitrust|hdl\.handle\.net)"
    r"|public domain[^\n]{0,40}(?:hathitrust|google-digitized)"
    r"|(?:https?://)?(?:www\.)?archive\.org/details/\S+\s*$"
    r"|the wayback machine - https?://|archive\.(?:today|is|ph) webpage capture"
    r"|saved from https?://|file archived on\b"
    r"|exported from wikisource|about this digital edition"
    r"|this (?:e-?book|digital edition) (?:was (?:produced|transcribed|created) by"
    r"|comes from the online library)"
    r"|(?:e-?text |transcribed and )?(?:produced|prepared|transcribed) by [^\n]{0,200}\n?"
    r"[^\n]{0,200}(?:proof-?read|pgdp\.net|gutenberg|e-?text)"
    r"|your use of the jstor archive|jstor is a not-for-profit|this content downloaded from"
    r"|all use subject to https?://"
    r"|(?:this page was )?last (?:updated|edited|modified)(?: on)?:? [^\n]{4,60}$"
    r"|posted (?:by|on)\b[^\n]{1,60}\b(?:199|20\d)\d$)",
    re.IGNORECASE,
)
# From its first words to its last ones.
_GOOGLE = re.compile(
    r"this is a digital copy of a book that was preserved for generations.{100,8000}?"
    r"books ?\. ?google ?\. ?com ?/?",
    re.IGNORECASE | re.DOTALL,
)
_WIKISOURCE = re.compile(
    r"about this digital edition\s{1,20}this e-?book comes from the online library", re.IGNORECASE
)


def library_notices(text: str) -> Iterator[Span]:
    """Yield where a text says who handed it out and on what terms, at its beginning or end.

    >>> text = "Digitized by the Internet Archive\\nin 2009\\n\\nThe fleet sailed."
    >>> [span.of(text) for span in library_notices(text)]
    ['Digitized by the Internet Archive\\nin 2009']
    """
    if found := _GOOGLE.search(text, 0, _EDGE):
        yield Span(*found.span())
    if found := _WIKISOURCE.search(text, max(0, len(text) - _EDGE)):
        yield Span(found.start(), len(text))
    for start, end in {(0, min(_EDGE, len(text))), (max(0, len(text) - _EDGE), len(text))}:
        for paragraph in _paragraphs(text, start, end):
            if _NOTICE.match(paragraph.of(text)):
                yield paragraph


def _paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the paragraphs of a part of a text; a line that begins before it is left out."""
    line = text.find("\n", start - 1, end) if start else -1
    begin = line + 1 if line >= 0 or not start else end
    for last, following in [*(g.span() for g in _GAP.finditer(text, begin, end)), (end, end)]:
        words = text[begin:last]
        if words.strip():
            yield Span(last - len(words.lstrip()), begin + len(words.rstrip()))
        begin = following
