"""Pages of a plain text: those that form feeds part, or running heads with their numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise

from rag.datatypes import Locator, Span
from rag.ingest.shared.page_lines import printed_numbers, running_lines

PAGE_END = "\f"
_PAGE_END = re.compile(r"\f[\r\n]*")

# A line by itself with a number at one end: "88 HISTORY OF THE FORTS.", "THE GARRISON. 89".
_HEAD = re.compile(
    r"(?:\A|\n[^\S\n]*\n)(?P<line>[^\S\n]*(?:(?P<first>\d{1,4})[^\S\n]+(?P<after>[^\W\d][^\n]{2,60}?)"
    r"|(?P<before>[^\W\d][^\n]{2,60}?)[^\S\n]+(?P<last>\d{1,4}))[^\S\n]*)(?=\n[^\S\n]*\n|\Z)"
)
# "[Pg 45]", "[Page 45]", "{45}": marks that transcribers leave where a page began.
_MARK = re.compile(
    r"\[\s?(?:pg|page|p)\b\.?\s*(\d{1,4}[a-z]?|[ivxlc]{1,7})\s?\]|\{(?:pg?\.?\s*)?(\d{1,4}|[ivxlc]{1,7})\}",
    re.IGNORECASE,
)
_MIN_HEADS = 3
_MAX_STEP = 12
"""Pages between two heads: chapters begin without one, plates have none."""


def pages_of(text: str, body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages of a text and its running heads and feet; () and () where it has none
    that can be told.

    A page is called by the number that it carries, else counted: "image 4".
    """
    if PAGE_END in body.of(text):
        return _parted(text, body)
    marks = list(_MARK.finditer(text, body.start, body.end))
    return _marked(marks, body) if len(marks) >= _MIN_HEADS else _headed(text, body)


def _marked(marks: list[re.Match[str]], body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages that marks begin; what precedes the first has no page."""
    ends = [*(mark.start() for mark in marks[1:]), body.end]
    places = [
        Locator(Span(mark.end(), end), f"p. {mark[1] or mark[2]}")
        for mark, end in zip(marks, ends, strict=True)
        if mark.end() < end
    ]
    return tuple(places), tuple(Span(*mark.span()) for mark in marks)


def _parted(text: str, body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]]:
    starts = [body.start]
    starts += (
        n.end() for n in re.finditer(r"\f[\r\n]*", text[: body.end]) if n.start() >= body.start
    )
    ends = [*starts[1:], body.end]
    pages = [text[a:b].rstrip("\f\r\n") for a, b in zip(starts, ends, strict=True)]
    lines = running_lines(pages)
    labels = [
        f"p. {number}" if number else f"image {n}"
        for n, number in enumerate(printed_numbers(pages), start=1)
    ]
    return (
        tuple(
            Locator(Span(a, b), label)
            for a, b, label in zip(starts, ends, labels, strict=True)
            if a < b
        ),
        tuple(
            Span(start + line.start, start + line.end)
            for start, of_page in zip(starts, lines, strict=True)
            for line in of_page
        ),
    )


def _headed(text: str, body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages that running heads begin: lines that come again with a number that
    counts on."""
    by_words: dict[str, list[tuple[int, re.Match[str]]]] = defaultdict(list)
    for found in _HEAD.finditer(text, body.start, body.end):
        words = "".join(filter(str.isalpha, (found["after"] or found["before"]).casefold()))
        by_words[words].append((int(found["first"] or found["last"]), found))
    heads = sorted(
        (found.start("line"), number, found)
        for group in by_words.values()
        if len(group) >= _MIN_HEADS and all(a < b for (a, _), (b, _) in pairwise(group))
        for number, found in group
    )
    if not heads:
        heads = _counting(by_words)
    counted = all(0 < b - a <= _MAX_STEP for (_, a, _), (_, b, _) in pairwise(heads))
    if not heads or not counted:
        return (), ()
    bounds = [*(start for start, _, _ in heads), body.end]
    places = [
        Locator(Span(start, end), f"p. {number}")
        for (start, number, _), end in zip(heads, bounds[1:], strict=True)
    ]
    if body.start < bounds[0]:
        places.insert(0, Locator(Span(body.start, bounds[0]), f"p. {heads[0][1] - 1}"))
    return tuple(places), tuple(Span(*found.span("line")) for _, _, found in heads)


def _counting(
    by_words: dict[str, list[tuple[int, re.Match[str]]]],
) -> list[tuple[int, int, re.Match[str]]]:
    """Return heads in capitals of which the numbers count on one by one, whatever their words."""
    heads = sorted(
        (found.start("line"), number, found)
        for group in by_words.values()
        for number, found in group
        if (found["after"] or found["before"]).isupper()
    )
    counted = all(after[1] - before[1] == 1 for before, after in pairwise(heads))
    return heads if len(heads) > _MIN_HEADS and counted else []
