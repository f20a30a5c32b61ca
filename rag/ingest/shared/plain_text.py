"""Plain text: bytes into letters, whatever their encoding, and numbered paragraphs as places."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from rag.datatypes import Locator, Span
from rag.errors import UnreadableSource
from rag.ingest.names import shown

# Control characters that occur in text: tab, line ends, form feed, and Ctrl-Z, with
# which old systems closed a file.
_BINARY = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")


def decode(raw: bytes, path: Path) -> str:
    """Return the text of a file's bytes, line ends untouched, a byte order mark left out.

    UTF-8 is tried first, then Windows-1252, then Latin-1. The last two can hardly fail,
    so another old encoding (Mac Roman, KOI8) comes out as wrong letters: convert such a
    file to UTF-8 beforehand. UTF-16 is recognised by its byte order mark alone. `path`
    is for the message of `UnreadableSource`, raised if this is not text.
    """
    encodings = ["utf-8-sig", "cp1252", "latin-1"]
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _BINARY.search(text):
            break
        return text
    raise UnreadableSource(
        f"{shown(path)} is not a text file (it holds control characters); "
        "if it is text, save it as UTF-8, else give it its proper extension"
    )


LINES = re.compile(r"[\r\n]\s*")
"""Every line is a paragraph."""

# "\r(?!\n)": the two characters of one Windows line end must not count as two line ends.
_LINE_END = r"(?:\r\n|\n|\r(?!\n))"
BLANK_LINES = re.compile(rf"{_LINE_END}[^\S\r\n]*{_LINE_END}\s*")
"""Paragraphs are set off by blank lines; a line end alone is only a wrapped line."""


def paragraph_locators(
    text: str, separator: re.Pattern[str], within: Span | None = None
) -> tuple[Locator, ...]:
    """Return "paragraph 1", "paragraph 2", … over `text`, or over a part of it.

    Each span runs from its paragraph's first character to the next paragraph's, the
    last one to the end of the part; blank paragraphs are not counted.

    >>> [(p.label, p.span.of("One.\\n\\nTwo.")) for p in
    ...  paragraph_locators("One.\\n\\nTwo.", LINES)]
    [('paragraph 1', 'One.\\n\\n'), ('paragraph 2', 'Two.')]
    """
    part = Span(0, len(text)) if within is None else within
    first = re.compile(r"\S").search(text, part.start, part.end)
    if first is None:
        return ()
    breaks = (found.end() for found in separator.finditer(text, first.start(), part.end))
    starts = [first.start(), *(at for at in breaks if at < part.end)]
    ends = [*starts[1:], part.end]
    return tuple(
        Locator(Span(start, end), f"paragraph {number}")
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )
