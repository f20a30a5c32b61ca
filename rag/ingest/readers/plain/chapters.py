"""Chapters of a plain text, told by the lines that head them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from rag.datatypes import Locator, Span
from rag.ingest.shared.chapters import chapter_label

_HEADING = re.compile(
    r"(?:chapter|book|part|volume|letter|appendix)\s+(?:[ivxlc]+|\d{1,3})\b[^a-z]*(?:\n|$|[.:]|\s-)"
    r"|(?:preface|foreword|introduction|introductory|conclusion|epilogue|appendix)\W*$",
    re.IGNORECASE,
)
_DIVISION = re.compile(r"(?:book|part|volume) ")

# "THE FEDERALIST. No. X", "No. 12. Thursday, March 1, 1711".
_NUMBERED = re.compile(
    r"(?:[^a-z]{2,40}\s)?N(?:o|O|umber|UMBER)\.?\s*(?P<number>[IVXLC]+|\d{1,3})\.?(?:\s[^\n]{0,60})?"
)
_CONTENTS = re.compile(
    r"\W{0,9}(?:(?:[\w’']{1,20} )?(?:table of )?contents|list of (?:illustrations|maps|plates))"
    r"\W{0,9}",
    re.IGNORECASE,
)
_BEGINS_ENTRY = re.compile(
    r"\W{0,9}(?:chapter|book|part|volume|letter|no\.|[ivxlc]{1,7}\.|\d{1,3}\.)\s", re.IGNORECASE
)
_ENDS_ENTRY = re.compile(
    r"(?:\.\.|\s\s|\.\s)\s{0,9}(?:\d{1,4}|[ivxlc]{1,7})\W{0,4}\Z", re.IGNORECASE
)
_BEGINS_LINE = re.compile(r"[^\w\n]{0,40}[A-Z\d]")

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


def contents_spans(text: str, paragraphs: Sequence[Locator]) -> tuple[Span, ...]:
    """Return the tables of contents in a text, which say nothing about the past."""
    words = [place.span.of(text).strip() for place in paragraphs]
    found: list[Span] = []
    for first, heading in enumerate(words):
        if len(heading) > MAX_HEADING or not _CONTENTS.fullmatch(heading):
            continue
        last = first
        for number in range(first + 1, len(words)):
            following = words[number + 1] if number + 1 < len(words) else ""
            # What stands right before prose heads it.
            entry = _BEGINS_ENTRY.match(words[number]) and _BEGINS_ENTRY.match(following)
            if not (entry or _ENDS_ENTRY.search(words[number][-40:]) or _is_list(words[number])):
                break
            last = number
        if last > first:
            found.append(Span(paragraphs[first].span.start, paragraphs[last].span.end))
    return tuple(found)


def _is_list(words: str) -> bool:
    """Return whether the lines of a paragraph are entries: prose begins most in small letters."""
    lines = words.splitlines()
    return len(lines) > 2 and sum(map(bool, map(_BEGINS_LINE.match, lines))) > 0.8 * len(lines)


def _headings(text: str, paragraphs: Sequence[Locator]) -> list[tuple[int, str]]:
    """Return which paragraphs head a chapter, with the label of it."""
    said = [(n, place.span.of(text).strip()) for n, place in enumerate(paragraphs)]
    found = [(n, words) for n, words in said if len(words) <= MAX_HEADING and _is_heading(words)]
    if not found:
        return []
    ends = [*(paragraphs[n].span.start for n, _ in found[1:]), paragraphs[-1].span.end]
    return [
        (n, _label(words))
        for (n, words), end in zip(found, ends, strict=True)
        if end - paragraphs[n].span.end >= MIN_CHAPTER or _DIVISION.match(_label(words))
    ]


def _is_heading(words: str) -> bool:
    return bool(_HEADING.match(words) or _NUMBERED.fullmatch(words))


def _label(heading: str) -> str:
    numbered = _NUMBERED.fullmatch(heading)
    if numbered and not _HEADING.match(heading):
        return f"No. {numbered['number']}"
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
