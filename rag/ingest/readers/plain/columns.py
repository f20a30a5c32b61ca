"""Columns side by side in a plain text, as `pdftotext -layout` and typists leave them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence

from rag.datatypes import Span

_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_MIN_LINES = 6
_MIN_WORDS = 3
_MIN_SHARE = 0.8


def side_by_side(text: str, within: Span) -> list[Span]:
    """Return where lines of a text hold two columns of prose: white space at the same place, line
    after line, with words on both sides that begin, mostly, in small letters. A table has figures
    and short entries there, and is left as it is.
    """
    found: list[Span] = []
    for run in _runs(text, within):
        gaps = [_gaps(line.of(text)) for line in run]
        wide = [one for one in gaps if one]
        if len(wide) < max(_MIN_LINES, _MIN_SHARE * len(run)):
            continue
        places = [end for one in wide for _, end in one]
        place = statistics.mode(places)
        halves = [
            (line[:start], line[end:])
            for line, one in zip((line.of(text) for line in run), gaps, strict=True)
            for start, end in one
            if end == place
        ]
        if len(halves) >= max(_MIN_LINES, _MIN_SHARE * len(wide)) and _are_prose(halves):
            found.append(Span(run[0].start, run[-1].end))
    return found


def _runs(text: str, within: Span) -> Iterator[list[Span]]:
    """Yield lines that follow each other without a blank one."""
    run: list[Span] = []
    for found in re.finditer(r"[^\n\f]*(?:\n|\f|\Z)", text[within.start : within.end]):
        if found[0].strip():
            run.append(Span(within.start + found.start(), within.start + found.end()))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _gaps(line: str) -> list[tuple[int, int]]:
    return [found.span() for found in _GAP.finditer(line.rstrip())]


def _are_prose(halves: Sequence[tuple[str, str]]) -> bool:
    """Return whether both sides are lines of running text: so many words, few figures, and most
    begin within a sentence."""
    for side in ([left.strip() for left, _ in halves], [right.strip() for _, right in halves]):
        words = statistics.median(len(line.split()) for line in side)
        small = sum(line[:1].islower() for line in side)
        if words < _MIN_WORDS or small < 0.4 * len(side):
            return False
    return True
