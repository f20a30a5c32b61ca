"""Stretches of a text: without outer white space, with single spaces, across paragraphs."""

from __future__ import annotations

import re

from rag.datatypes import Span

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


def trimmed(text: str, start: int, end: int) -> Span | None:
    """Return `start..end` without white space at its ends; None if nothing is left."""
    part = text[start:end]
    stripped = part.strip()
    if not stripped:
        return None
    start += len(part) - len(part.lstrip())
    return Span(start, start + len(stripped))


def squeezed(text: str, span: Span) -> tuple[str, list[int]]:
    """Return `text[span]` with each run of white space as one space, and for each character of
    that its place in `text`.

    >>> squeezed("War  came.", Span(0, 10))
    ('War came.', [0, 1, 2, 3, 5, 6, 7, 8, 9])
    """
    kept = [
        place
        for place in range(span.start, span.end)
        if not text[place].isspace() or (place > span.start and not text[place - 1].isspace())
    ]
    return "".join(" " if text[place].isspace() else text[place] for place in kept), kept


def ends_paragraph(text: str, end: int, next_start: int) -> bool:
    """Return whether a paragraph break lies between two sentences."""
    return bool(_PARAGRAPH_BREAK.search(text, end, next_start))
