"""Where on a page's picture a quotation stands: letters with boxes in, boxes out.

A page's text, as it was indexed, and the letters that a PDF program or an OCR engine places
on the page differ in white space, in hyphens at line ends and in ligatures. Letters and
figures alone are compared, so the same words meet.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from rag.datatypes import SourceDocument, Span
from rag.ingest.shared.page_text import PAGE_BREAK

_MIN_FOUND = 0.6
"""The share of a quotation's words that must stand close together on a page for the place to
be marked, where the quotation as a whole is not there letter by letter."""

_STRETCH = 1.5
# So many words between two that were found may be read otherwise; more are not of the quotation.
_MISREAD = 3
# Of a line's height: letters whose middles are nearer than this stand on one line.
_SAME_LINE = 0.6
# Of the page: a wider gap in a line has something else in it, such as a column's edge.
_MAX_GAP = 0.15


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in shares of its width and height from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def joined(self, other: Box) -> Box:
        """Return the smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True, slots=True)
class PlacedText:
    """The characters of a page in reading order, each with its box (None: it has none)."""

    text: str
    boxes: tuple[Box | None, ...]


def page_spans(text: str) -> list[Span]:
    """Return the spans of the pages of a text, page breaks left out.

    >>> [span.of("one\\n\\f\\ntwo") for span in page_spans("one\\n\\f\\ntwo")]
    ['one', 'two']
    """
    spans = []
    start = 0
    for part in text.split(PAGE_BREAK):
        spans.append(Span(start, start + len(part)))
        start += len(part) + len(PAGE_BREAK)
    return spans


def page_at(pages: Sequence[Span], offset: int) -> int:
    """Return the number, from 0, of the page that `offset` is on."""
    return max(bisect_right([page.start for page in pages], offset) - 1, 0)


def pages_of(document: SourceDocument) -> list[tuple[Span, ...]]:
    """Return, for each page of a document, the spans of its text: what stands on it, and its heads
    and notes, which the document has behind the last page."""
    pages = page_spans(document.text)
    behind = [
        place
        for place in document.locators
        if place.span.start >= pages[-1].start and place.span.of(document.text).startswith("\n\n")
    ]
    if behind:
        pages[-1] = Span(pages[-1].start, behind[0].span.start)
    labels = {
        page_at(pages, place.span.start): place.label for place in reversed(document.locators)
    }
    found: list[tuple[Span, ...]] = []
    for number, page in enumerate(pages):
        last = number == len(pages) - 1
        own = bool(behind) and (last or labels.get(number) == behind[0].label)
        found.append((page, behind.pop(0).span) if own else (page,))
    return found


def part_on(page: Span, quotation: Span) -> Span | None:
    """Return the part of `quotation` that is on `page`, None if it is on others only."""
    start, end = max(page.start, quotation.start), min(page.end, quotation.end)
    return Span(start, end) if start < end else None


def letters(text: str) -> tuple[str, list[int]]:
    """Return the letters and figures of `text`, folded, and where in it each comes from.

    >>> letters("Of-\\nﬁce")
    ('office', [0, 1, 4, 4, 5, 6])
    """
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for folded in unicodedata.normalize("NFKD", character).casefold():
            if folded.isalnum():
                kept.append(folded)
                places.append(place)
    return "".join(kept), places


def find_boxes(page: PlacedText, page_text: str, quotation: Span) -> tuple[Box, ...]:
    """Return the boxes of a quotation on a page, one a line, from its first words on.

    `quotation` is a span of `page_text`, the page's text as indexed. Where the page has
    the quotation more than once, the place nearest to the one in `page_text` counts. ()
    where it is not found: the page is another one, or was read otherwise.
    """
    wanted, _ = letters(quotation.of(page_text))
    there, places = letters(page.text)
    if not wanted or not there:
        return ()
    before, _ = letters(page_text[: quotation.start])
    whole, _ = letters(page_text)
    share = len(before) / len(whole)
    starts = [found.start() for found in re.finditer(f"(?={re.escape(wanted)})", there)]
    if starts:
        start = min(starts, key=lambda at: abs(at / len(there) - share))
        stretches = [(places[start], places[start + len(wanted) - 1])]
    else:
        stretches = _nearly(page.text, quotation.of(page_text))
    boxes: list[Box] = []
    for first, last in stretches:
        # The full stop belongs to it, too.
        while last + 1 < len(page.text) and not _goes_on(page.text[last + 1]):
            last += 1
        boxes += (box for box in page.boxes[first : last + 1] if box)
    return _lines(boxes)


def _goes_on(character: str) -> bool:
    return character.isspace() or character.isalnum()


def _nearly(text: str, quotation: str) -> list[tuple[int, int]]:
    """Return the stretches of `text`, as first and last characters, where most words of a
    quotation stand close together and in its order; [] where they do not."""
    found = list(re.finditer(r"\S+", text))
    there = [letters(word[0])[0] for word in found]
    wanted = [word for part in quotation.split() if (word := letters(part)[0])]
    blocks = SequenceMatcher(None, there, wanted, autojunk=False).get_matching_blocks()
    matched = [block.a + i for block in blocks for i in range(block.size)]
    reach = int(_STRETCH * len(wanted)) + 1
    best: list[int] = []
    for first, start in enumerate(matched):
        within = matched[first : bisect_right(matched, start + reach)]
        best = max(best, within, key=len)
    if len(best) < _MIN_FOUND * len(wanted):
        return []
    stretches: list[tuple[int, int]] = []
    for number in best:
        if stretches and number - stretches[-1][1] <= _MISREAD + 1:
            stretches[-1] = (stretches[-1][0], number)
        else:
            stretches.append((number, number))
    return [(found[first].start(), found[last].end() - 1) for first, last in stretches]


def _lines(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Return the boxes of characters joined to one box for each line.

    On a page that is turned by a quarter, lines run down or up.
    """
    across = sum(_share_height(*pair) for pair in pairwise(boxes))
    if across < sum(_share_height(*map(_turned, pair)) for pair in pairwise(boxes)):
        return tuple(_turned(line) for line in _rows(map(_turned, boxes)))
    return tuple(_rows(boxes))


def _rows(boxes: Iterable[Box]) -> list[Box]:
    lines: list[Box] = []
    for box in boxes:
        if lines and _share_height(lines[-1], box) and _apart(lines[-1], box) < _MAX_GAP:
            lines[-1] = lines[-1].joined(box)
        else:
            lines.append(box)
    return lines


def _turned(box: Box) -> Box:
    return Box(box.top, box.left, box.bottom, box.right)


def _share_height(one: Box, other: Box) -> bool:
    height = max(one.bottom - one.top, other.bottom - other.top)
    return abs((one.top + one.bottom) - (other.top + other.bottom)) / 2 < _SAME_LINE * height


def _apart(one: Box, other: Box) -> float:
    return max(other.left - one.right, one.left - other.right)
