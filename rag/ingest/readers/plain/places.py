"""Where a plain text is cited: its pages, that form feeds part, marks begin, or running heads with
their numbers; else its chapters, told by the lines that head them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.datatypes import Locator, Span
from rag.ingest.shared.chapters import chapter_label
from rag.ingest.shared.note_marks import footnotes
from rag.ingest.shared.page_text import printed_numbers, running_lines
from rag.ingest.shared.plain_text import BLANK_LINES

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


def page_notes(text: str, body: Span) -> Iterator[Span]:
    """Yield the footnotes at the ends of pages, where form feeds part them, else those that
    stand as paragraphs below the one that refers to them; and the signs that refer to them."""
    if PAGE_END in body.of(text):
        start = body.start
        for found in (*_PAGE_END.finditer(text, body.start, body.end), None):
            end = found.start() if found else body.end
            yield from footnotes(text, Span(start, max(start, end)))
            start = found.end() if found else end
        return
    ends = [
        body.start,
        *(n.end() for n in BLANK_LINES.finditer(text, body.start, body.end)),
        body.end,
    ]
    for first, middle, last in zip(ends, ends[1:], ends[2:], strict=False):
        if text[middle:last].lstrip()[:1] in {"*", "†", "‡", "§"}:
            yield from footnotes(text, Span(first, last))


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


_HEADING = re.compile(
    r"(?:chapter|book|part|volume|letter|appendix)\s+(?:[ivxlc]+|\d{1,3})\b[^a-z]*(?:\n|$|[.:]|\s-)"
    r"|(?:preface|foreword|introduction|introductory|conclusion|epilogue|appendix)\W*$",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"[IVXLC]+")
_DIVISION = re.compile(r"(?:book|part|volume) ")

# "LETTER FROM WENDELL PHILLIPS, ESQ.", "SUPPLEMENT TO CHAPTER IX.": often by another hand.
_ADDED = re.compile(
    r"(?:[^a-z\n]{1,40}\s)?(?:LETTER|PREFACE|FOREWORD|INTRODUCTION|NOTE|SUPPLEMENT|APPENDIX|POSTSCRIPT)"
    r"\s(?:FROM|BY|TO|OF)\s[^a-z\n]{3,80}"
)

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
    numbered = [n for n, words in found if _label(words).startswith("No. ")]
    if len(numbered) < len(found) / 2:  # in a text that is quoted
        found = [(n, words) for n, words in found if n not in numbered]
    if not found:
        return []
    ends = [*(paragraphs[n].span.start for n, _ in found[1:]), paragraphs[-1].span.end]
    # One below another they are a table of contents.
    divisions = {
        n
        for (n, words), (_, following) in pairwise([*found, (0, "")])
        if _DIVISION.match(_label(words)) and not _DIVISION.match(_label(following))
    }
    return [
        (n, _label(words))
        for (n, words), end in zip(found, ends, strict=True)
        if end - paragraphs[n].span.end >= MIN_CHAPTER or n in divisions
    ]


def _is_heading(words: str) -> bool:
    return bool(_HEADING.match(words) or _NUMBERED.fullmatch(words) or _ADDED.fullmatch(words))


def _label(heading: str) -> str:
    numbered = _NUMBERED.fullmatch(heading)
    if numbered and not _HEADING.match(heading):
        return f"No. {numbered['number']}"
    label = chapter_label(heading)
    if not label.isupper():
        return label
    if not _ADDED.fullmatch(heading):
        return label.capitalize()
    return re.sub(r"[^\W\d_]+", lambda w: w[0] if _ROMAN.fullmatch(w[0]) else w[0].title(), label)


def _labels(labels: Sequence[str]) -> list[str]:
    often = Counter(labels)
    division = ""
    named = []
    for label in labels:
        if _DIVISION.match(label):
            division = label
        whole = label != division and often[label] > 1 and division
        named.append(f"{division}, {label}" if whole else label)
    again: Counter[str] = Counter()
    for number, label in enumerate(named):
        again[label] += 1
        if again[label] > 1:
            named[number] = f"{label} (the {_ordinal(again[label])} of that name)"
    return named


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"
