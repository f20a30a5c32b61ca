"""Chapters of a plain text, told by the lines that head them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from rag.datatypes import Locator
from rag.ingest.shared.chapters import chapter_label

_HEADING = re.compile(
    r"(?:chapter|book|part|volume|letter|appendix)\s+(?:[ivxlc]+|\d{1,3})\b[^a-z]*(?:\n|$|[.:]|\s-)"
    r"|(?:preface|foreword|introduction|introductory|conclusion|epilogue|appendix)\W*$",
    re.IGNORECASE,
)
_DIVISION = re.compile(r"(?:book|part|volume) ")

MAX_HEADING = 250
"""Characters of a heading with what stands in it ("CHAPTER I. ANCESTRY--BIRTH--BOYHOOD.")."""

MIN_CHAPTER = 1_000
"""Characters of a chapter: headings that follow each other closer are a table of contents."""


def in_chapters(text: str, paragraphs: Sequence[Locator]) -> tuple[Locator, ...]:
    """Return a text's numbered paragraphs, counted anew and named by chapter where it has
    chapters: "chapter II, paragraph 5". What precedes the first stays as it is.

    A chapter whose number occurs in several parts is named with its part.
    """
    headings = _headings(text, paragraphs)
    if not headings:
        return tuple(paragraphs)
    labels = _labels([label for _, label in headings])
    starts = [number for number, _ in headings]
    found = list(paragraphs[: starts[0]])
    for label, (first, last) in zip(labels, pairwise([*starts, len(paragraphs)]), strict=True):
        found += [
            replace(place, label=f"{label}, paragraph {n}")
            for n, place in enumerate(paragraphs[first:last], start=1)
        ]
    return tuple(found)


def _headings(text: str, paragraphs: Sequence[Locator]) -> list[tuple[int, str]]:
    """Return which paragraphs head a chapter, with the label of it."""
    said = [(n, place.span.of(text).strip()) for n, place in enumerate(paragraphs)]
    found = [(n, words) for n, words in said if len(words) <= MAX_HEADING and _HEADING.match(words)]
    if not found:
        return []
    ends = [*(paragraphs[n].span.start for n, _ in found[1:]), paragraphs[-1].span.end]
    return [
        (n, _label(words))
        for (n, words), end in zip(found, ends, strict=True)
        if end - paragraphs[n].span.end >= MIN_CHAPTER or _DIVISION.match(_label(words))
    ]


def _label(heading: str) -> str:
    label = chapter_label(heading)
    return label.capitalize() if label.isupper() else label


def _labels(labels: Sequence[str]) -> list[str]:
    often = Counter(labels)
    division = ""
    named = []
    for label in labels:
        if _DIVISION.match(label):
            division = label
        whole = label != division and often[label] > 1 and division
        named.append(f"{division}, {label}" if whole else label)
    return named
