"""Numbered paragraphs as locators, for texts that have no pages."""

from __future__ import annotations

import re

from rag.datatypes import Locator, Span

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
