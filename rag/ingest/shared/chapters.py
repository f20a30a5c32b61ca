"""From a book's table of contents to the chapters that a citation names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.ingest.shared.blocks import Block, short

_ROMAN = r"(?:[IVXLC]{2,}|[IVX])"
_NUMBER = rf"(?:{_ROMAN}|\d{{1,3}})"
_KIND = r"(chapter|book|part|volume|letter|appendix)"
_NAMED = re.compile(rf"{_KIND}\s+({_NUMBER})\b", re.IGNORECASE)
# "I. The Flight", but not "I Go to War".
_BARE = re.compile(rf"({_NUMBER})(?:[.:]|\s*$)")
_DIVISION = re.compile(r"(part|book|volume) ")


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """A line of the table of contents: where it leads, and the lines it stands below."""

    title: str
    href: str
    above: tuple[str, ...] = ()


def chapter_label(title: str) -> str:
    """Return how a citation names a chapter with this line in the table of contents.

    >>> [chapter_label(t) for t in ("CHAPTER II. THE FLIGHT", "IV", "Preface.", "Book 1")]
    ['chapter II', 'chapter IV', 'Preface', 'book 1']
    """
    line = short(title)
    named = _NAMED.match(line)
    if named:
        return f"{named[1].lower()} {named[2].upper()}"
    bare = _BARE.match(line)
    return f"chapter {bare[1]}" if bare else line


def chapter_starts(
    read: Sequence[tuple[str, Sequence[Block]]], contents: Sequence[ContentsLine]
) -> dict[int, str]:
    """Return the chapters' labels by the number, in the whole book, of their first block.

    `read` holds the parts' names and blocks in reading order. A chapter below a part, or
    one whose number occurs in several parts, is named with it: "part I, chapter II".
    Without contents each part's first heading names it.
    """
    places = _places(read)
    known = [(places[entry.href], entry) for entry in contents if entry.href in places]
    if not known:
        return _by_heading(read)
    labels = [chapter_label(entry.title) for _, entry in known]
    often = Counter(labels)
    division = ""
    starts: dict[int, str] = {}
    for (at, entry), label in zip(known, labels, strict=True):
        above = [chapter_label(title) for title in entry.above]
        divisions = [name for name in above if _DIVISION.match(name)]
        if _DIVISION.match(label):
            division = label
        elif not divisions and often[label] > 1 and division:
            divisions = [division]
        # Of a part and a chapter that begin at the same place the chapter is kept.
        starts[at] = ", ".join([*divisions, label])
    return {at: label for at, label in starts.items() if label}


def _places(read: Sequence[tuple[str, Sequence[Block]]]) -> dict[str, int]:
    """Return the number of the block that each part, and each name in it, begins with."""
    places: dict[str, int] = {}
    number = 0
    for part, found in read:
        if found:
            places.setdefault(part, number)
        for block in found:
            for name in block.names:
                places.setdefault(f"{part}#{name}", number)
            number += 1
    return places


def _by_heading(read: Sequence[tuple[str, Sequence[Block]]]) -> dict[int, str]:
    starts: dict[int, str] = {}
    number = 0
    for position, (_, found) in enumerate(read, start=1):
        heading = next((block.text for block in found if block.level), None)
        if found:
            starts[number] = chapter_label(heading) if heading else f"section {position}"
        number += len(found)
    return starts
