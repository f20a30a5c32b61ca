"""Plain text and Markdown: one file is one document, its text as it is decoded.

A Project Gutenberg file is recognised by its marks. Its licence is then set aside,
and title and author are taken from its header, as they are from front matter in YAML.

It is cited by its pages, which form feeds part, marks begin, or running heads with their numbers
tell; else by its chapters, told by the lines that head them.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from rag.datatypes import Collection, Locator, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, file_title, printable, shown
from rag.ingest.ocr.layout import reading_quality
from rag.ingest.shared.books import (
    by_others,
    chapter_label,
    edition,
    first_published,
    gutenberg,
    kind_by_title,
)
from rag.ingest.shared.decoding import BLANK_LINES, decode, paragraph_locators
from rag.ingest.shared.front_matter import VOLUME_PAGE, FrontMatter, front_matter
from rag.ingest.shared.notes import (
    bracketed_notes,
    footnotes,
    markdown_notes,
    merged,
    numbered_notes,
    raised_notes,
)
from rag.ingest.shared.page_text import is_day, printed_numbers, running_lines
from rag.language import continues_sentence

_PAGE_END = re.compile(rf"\f[\r\n]*|{VOLUME_PAGE.pattern}", re.MULTILINE)

# A line by itself with a number at one end: "88 HISTORY OF THE FORTS.", "THE GARRISON. 89".
_HEAD = re.compile(
    r"(?:\A|\n[^\S\n]*\n)(?P<line>[^\S\n]*(?:(?P<first>\d{1,4})[^\S\n]+(?P<after>[^\W\d][^\n]{2,60}?)"
    r"|(?P<before>[^\W\d][^\n]{2,60}?)[^\S\n]+(?P<last>\d{1,4}))[^\S\n]*)(?=\n[^\S\n]*\n|\Z)"
)
# "[Pg 45]", "[Page 45]", "{45}", "[fol. 12r]": marks that transcribers leave where a page began.
_MARK = re.compile(
    r"\[\s?(?:pg|page|p)\b\.?\s*(\d{1,4}[a-z]?|[ivxlc]{1,7})\s?\]|\{(?:pg?\.?\s*)?(\d{1,4}|[ivxlc]{1,7})\}"
    r"|\[\s?(?:folio|fol|fo|ff?|leaf)\b\.?\s*(\d{1,4}\s?(?:[rv]|recto|verso)?)\s?\]",
    re.IGNORECASE,
)
# A number on a line by itself: "- 41 -", "41", "[41]".
_NUMBER_LINE = re.compile(
    r"(?:\A|\n[^\S\n]*\n)(?P<line>[^\S\n]*(?P<set>[-–—\[(]\s?)?(?P<number>\d{1,4})(?(set)\s?[-–—\])])"
    r"[^\S\n]*)(?=\n[^\S\n]*\n|\s*\Z)"
)
_PAGE_LABEL = re.compile(r"p\. |fol\. |image ")
_MIN_HEADS = 3
_ONE_PAGE = 1.5
"""Of the usual length of a page, how long that before the first head can be; more is several."""

_MAX_STEP = 12
"""Pages between two heads: chapters begin without one, plates have none."""


def _pages_of(text: str, body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages of a text and its running heads and feet; () and () where it has none
    that can be told.

    A page is called by the number that it carries, else counted: "image 4".
    """
    if _PAGE_END.search(text, body.start, body.end):
        return _parted(text, body)
    marks = list(_MARK.finditer(text, body.start, body.end))
    is_paged = len(marks) >= _MIN_HEADS and _count_on(marks)
    if is_paged:
        return _marked(marks, body)
    return _numbered(text, body) or _headed(text, body)


def _count_on(marks: list[re.Match[str]]) -> bool:
    """Return whether marks of pages count on, as references to pages of other books do not."""
    numbers = [int(said) for mark in marks if (said := mark[1] or mark[2] or "").isdecimal()]
    leaves = [int(re.sub(r"\D", "", mark[3])) for mark in marks if mark[3]]
    steps = [0 < b - a <= _MAX_STEP for a, b in pairwise(numbers)]
    steps += [0 <= b - a <= _MAX_STEP for a, b in pairwise(leaves)]
    return 2 * sum(steps) >= len(steps)


def _marked(marks: list[re.Match[str]], body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages that marks begin; what precedes the first has no page."""
    ends = [*(mark.start() for mark in marks[1:]), body.end]
    places = [
        Locator(Span(mark.end(), end), f"fol. {mark[3]}" if mark[3] else f"p. {mark[1] or mark[2]}")
        for mark, end in zip(marks, ends, strict=True)
        if mark.end() < end
    ]
    return tuple(places), tuple(Span(*mark.span()) for mark in marks)


_ENDS = re.compile(r"[.!?][\"'’”)\]]*$")


def _page_notes(text: str, body: Span) -> Iterator[Span]:
    """Yield the footnotes at the ends of pages, where form feeds part them, else those that
    stand as paragraphs below the one that refers to them; and the signs that refer to them."""
    if _PAGE_END.search(text, body.start, body.end):
        start = body.start
        open_note = False
        for found in (*_PAGE_END.finditer(text, body.start, body.end), None):
            page = Span(start, max(start, found.start() if found else body.end))
            notes = list(footnotes(text, page, open_note=open_note))
            yield from notes
            at_end = any(note.end == page.end for note in notes)
            open_note = at_end and not _ENDS.search(page.of(text).rstrip())
            start = found.end() if found else page.end
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
    ends = list(_PAGE_END.finditer(text, body.start, body.end))
    marks: list[re.Match[str] | None] = [None, *ends]
    starts = [body.start, *(found.end() for found in ends)]
    stops = [*(found.start() for found in ends), body.end]
    pages = [text[start:stop].rstrip("\f\r\n") for start, stop in zip(starts, stops, strict=True)]
    labels = [
        f"p. {number}" if number else f"image {n}"
        for n, number in enumerate(printed_numbers(pages), start=1)
    ]
    places = tuple(
        Locator(Span(start, end), _label_of_volume(mark) or label)
        for mark, start, end, label in zip(
            marks, starts, [*starts[1:], body.end], labels, strict=True
        )
        if start < end
    )
    if ends[0]["image"]:
        places = places[1:]
    running = [
        Span(start + line.start, start + line.end)
        for start, of_page in zip(starts, running_lines(pages), strict=True)
        for line in of_page
    ]
    return places, (*(Span(*found.span()) for found in ends if found["image"]), *running)


def _label_of_volume(mark: re.Match[str] | None) -> str:
    """Return how the page is cited that a line of HathiTrust begins, "" for another page's end."""
    if mark is None or not mark["image"]:
        return ""
    return f"p. {mark['page']}" if mark["page"] else f"image {mark['image']}"


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
    if not heads or not counted or not _part_pages(text, body, [found for *_, found in heads]):
        return (), ()
    bounds = [*(start for start, _, _ in heads), body.end]
    places = [
        Locator(Span(start, end), f"p. {number}")
        for (start, number, _), end in zip(heads, bounds[1:], strict=True)
    ]
    usual = statistics.median(len(place.span) for place in places)
    if heads[0][1] > 1 and 0 < bounds[0] - body.start <= _ONE_PAGE * usual:
        places.insert(0, Locator(Span(body.start, bounds[0]), f"p. {heads[0][1] - 1}"))
    return tuple(places), tuple(Span(*found.span("line")) for _, _, found in heads)


def _numbered(text: str, body: Span) -> tuple[tuple[Locator, ...], tuple[Span, ...]] | None:
    """Return the pages above, or below, numbers on lines by themselves that count on one by one,
    and these; None where they may be those of chapters."""
    lines = list(_NUMBER_LINE.finditer(text, body.start, body.end))
    numbers = [int(line["number"]) for line in lines]
    if len(lines) < _MIN_HEADS or any(b - a != 1 for a, b in pairwise(numbers)):
        return None
    starts = [line.start("line") for line in lines]
    ends = [line.end("line") for line in lines]
    at_foot = not text[ends[-1] : body.end].strip()
    if not at_foot and text[body.start : starts[0]].strip():
        return None
    parts = [text[a:b].strip() for a, b in zip(ends, starts[1:], strict=False)]
    cut = sum(continues_sentence(before, after) for before, after in pairwise(parts))
    if not all(line["set"] for line in lines) and 2 * cut <= len(parts) - 1:
        return None
    bounds = [body.start, *ends[:-1], body.end] if at_foot else [*starts, body.end]
    places = (
        Locator(Span(a, b), f"p. {number}")
        for (a, b), number in zip(pairwise(bounds), numbers, strict=True)
    )
    return tuple(places), tuple(map(Span, starts, ends))


def _part_pages(text: str, body: Span, heads: Sequence[re.Match[str]]) -> bool:
    """Return whether lines with numbers stand where pages begin, and not chapters, letters or days.

    A page's end cuts sentences, most of them; or even numbers stand in front of the words, and odd
    ones behind, as on the left and the right page of a book.
    """
    if any(is_day(found["line"]) for found in heads):
        return False
    if {(int(found["first"] or found["last"]) % 2, not found["first"]) for found in heads} == {
        (0, False),
        (1, True),
    }:
        return True
    ends = [body.start, *(found.end("line") for found in heads), body.end]
    parts = [
        text[a:b].strip()
        for a, b in zip(ends, [*(found.start("line") for found in heads), body.end], strict=False)
    ]
    cut = sum(continues_sentence(before, after) for before, after in pairwise(parts))
    return cut > len(heads) / 2


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
    r"|(?:(?:the )?(?:author|editor|publisher|translator)['’]?s['’]? )?"
    r"(?:preface|foreword|introduction|introductory|conclusion|epilogue|appendix)\W*$",
    re.IGNORECASE,
)
_CHAPTER = re.compile(r"chapter\s", re.IGNORECASE)
_FIRST_NUMBERS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"]
_ROMAN = re.compile(r"[IVXLC]+")
_DIVISION = re.compile(r"(?:book|part|volume) ")

# "LETTER FROM WENDELL PHILLIPS, ESQ.", "SUPPLEMENT TO CHAPTER IX.": often by another hand.
_ADDED = re.compile(
    r"(?:[^a-z\n]{1,40}\s)?(?:LETTER|PREFACE|FOREWORD|INTRODUCTION|NOTE|SUPPLEMENT|APPENDIX|POSTSCRIPT)"
    r"\s(?:FROM|BY|TO|OF)\s[^a-z\n]{3,80}"
)

_WITHIN = re.compile(r"\b(?:LETTER|NOTE)\b")
"""In such a heading: what follows is a part by somebody else only in front of the chapters."""

# "III: A SUPPLEMENTARY ACCOUNT OF HER LIFE", above chapters that are counted anew.
_PART_TITLE = re.compile(r"(?P<number>[IVX]{1,5})[.:]\s*[^a-z\n]{3,90}")

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

_MARKED = re.compile(r"(?P<level>#{1,4})[ \t]+(?P<words>[^\W_][^\n]*?)[# \t]*(?:\n|\Z)")
_MAX_HEADING = 250
"""Characters of a heading with what stands in it ("CHAPTER I. ANCESTRY--BIRTH--BOYHOOD.")."""

_MIN_CHAPTER = 1_000
"""Characters of a chapter: headings that follow each other closer are a table of contents."""


def _in_chapters(
    paragraphs: Sequence[Locator], headings: Sequence[tuple[int, str]]
) -> tuple[Locator, ...]:
    """Return a text's numbered paragraphs, counted anew and named by chapter where it has
    chapters: "chapter II, paragraph 5". What precedes the first stays as it is.

    `headings`: which paragraphs head a chapter, with the label of it. A chapter whose number occurs
    in several parts is named with its part.
    """
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


def _contents_spans(text: str, paragraphs: Sequence[Locator]) -> tuple[Span, ...]:
    """Return the tables of contents in a text, which say nothing about the past."""
    words = [place.span.of(text).strip() for place in paragraphs]
    found: list[Span] = []
    for first, heading in enumerate(words):
        if len(heading) > _MAX_HEADING or not _CONTENTS.fullmatch(heading):
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


def _marked_headings(text: str, paragraphs: Sequence[Locator]) -> list[tuple[int, str]]:
    """Return which paragraphs Markdown marks as headings, with what they say, without the title
    of all; [] where there are none."""
    found = [
        (n, of) for n, at in enumerate(paragraphs) if (of := _MARKED.match(text, at.span.start))
    ]
    levels = [len(of["level"]) for _, of in found]
    if levels and levels.count(levels[0]) == 1 and levels[0] == min(levels):
        found = found[1:]
    return [(n, chapter_label(of["words"])) for n, of in found] if len(found) > 1 else []


def _headings(text: str, paragraphs: Sequence[Locator]) -> list[tuple[int, str]]:
    """Return which paragraphs head a chapter, with the label of it."""
    said = [(n, place.span.of(text).strip()) for n, place in enumerate(paragraphs)]
    found = [(n, words) for n, words in said if len(words) <= _MAX_HEADING and _is_heading(words)]
    chapters = [(n, _label(words)) for n, words in found if _CHAPTER.match(words)]
    first = chapters[0][0] if chapters else len(paragraphs)
    found = [
        (n, words)
        for n, words in found
        if n < first or not (_ADDED.fullmatch(words) and _WITHIN.search(words))
    ]
    titles = (
        _part_titles(said) if max(Counter(n for _, n in chapters).values(), default=0) > 1 else []
    )
    found = sorted([*found, *titles])
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
        if end - paragraphs[n].span.end >= _MIN_CHAPTER or n in divisions
    ]


def _part_titles(said: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return which paragraphs are titles of parts that count on from the first, as headings that
    say so; [] where there are none."""
    found = [(n, of["number"]) for n, words in said if (of := _PART_TITLE.fullmatch(words))]
    counted = list(dict.fromkeys(number for _, number in found))
    if len(counted) < 2 or counted != _FIRST_NUMBERS[: len(counted)]:
        return []
    # "LETTERS" once more, behind an introduction to the part "II. LETTERS": it goes on.
    titles = {
        _letters_of(words[of.end("number") :]): of["number"]
        for n, words in said
        if (of := _PART_TITLE.fullmatch(words))
    }
    first = found[0][0]
    again = [
        (n, titles[own])
        for n, words in said
        if n > first and len(words) <= _MAX_HEADING and (own := _letters_of(words)) in titles
    ]
    return [(n, f"Part {number}") for n, number in (*found, *again)]


def _letters_of(words: str) -> str:
    return "".join(filter(str.isalnum, words.casefold()))


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
    division = ""
    for number, label in enumerate(named):
        goes_on_here = label == division
        division = label if _DIVISION.match(label) else division
        again[label] += not goes_on_here
        if again[label] > 1:
            named[number] = f"{label} (the {_ordinal(again[label])} of that name)"
    return named


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"


_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_MIN_LINES = 6
_MIN_WORDS = 3
_MIN_SHARE = 0.8


def _side_by_side(text: str, within: Span) -> list[Span]:
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


_COLUMNS = (
    "columns stand side by side, so that their sentences are mixed: they are not quoted (make "
    "the text again column by column, for instance with pdftotext without -layout)"
)
_FULL_TEXT = re.compile(r"\s*full text of \"([^\n]{1,200}?)\"\s*?\n", re.IGNORECASE)
_MARKDOWN_HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)


def read_plain(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the document of a .txt or .md file, and what of it is by others.

    Raises `UnreadableSource` if the file is empty or not text.
    """
    text = decode(path.read_bytes(), path)
    book = gutenberg(text)
    front = FrontMatter() if book else front_matter(text)
    body = book.body if book else Span(front.end, len(text))
    places, running = _pages_of(text, body)
    paragraphs = paragraph_locators(text, BLANK_LINES, body)
    marked = _marked_headings(text, paragraphs) if path.suffix.lower() == ".md" else []
    places = places or _in_chapters(paragraphs, marked or _headings(text, paragraphs))
    if not body.of(text).strip():
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    about = book.fields if book else {}
    said = front.fields
    columns = _side_by_side(text, body)
    title = (
        about.get("Title")
        or said.get("title")
        or _full_text_of(text)
        or _heading(text, path, body.start)
    )
    title = title or file_title(path)
    yield from by_others(
        file_document(
            path,
            collection,
            text,
            title,
            publication=replace(edition(book, path), published=said.get("published", "")),
            creator=about.get("Author") or said.get("creator"),
            date=first_published(book) if book else said.get("date"),
            url=book.url if book else said.get("url"),
            kind=kind_by_title(title) if book else "unknown",
            locators=_read_by_ocr(places, text) if _is_by_ocr(path, text) else places,
            excluded=merged(
                [
                    Span(0, body.start),
                    Span(body.end, len(text)),
                    *running,
                    *_contents_spans(text, paragraphs),
                    *bracketed_notes(text, body),
                    *numbered_notes(text, [place.span for place in paragraphs]),
                    *raised_notes(text, [place.span for place in paragraphs]),
                    *_page_notes(text, body),
                    *(markdown_notes(text, body) if path.suffix.lower() == ".md" else ()),
                    *columns,
                ]
            ),
            rights=said.get("rights"),
            notes=(f"{_COLUMNS} in {len(columns)} places",) if columns else (),
        )
    )


def _is_by_ocr(path: Path, text: str) -> bool:
    """Return whether a text is OCR's, as the Internet Archive names it, and HathiTrust marks it."""
    return path.stem.endswith("_djvu") or VOLUME_PAGE.search(text) is not None


def _read_by_ocr(places: Sequence[Locator], text: str) -> tuple[Locator, ...]:
    """Return places with how well OCR read the page, or chapter, that each is on."""
    whole = reading_quality(text)
    paged = [_PAGE_LABEL.match(n.label) is not None for n in places]
    return tuple(
        replace(n, ocr=reading_quality(n.span.of(text)) if own else whole)
        for n, own in zip(places, paged, strict=True)
    )


def _full_text_of(text: str) -> str | None:
    """Return the title that the Internet Archive's page of a text has above it."""
    found = _FULL_TEXT.match(text)
    return printable(found[1]) if found else None


def _heading(text: str, path: Path, start: int) -> str | None:
    heading = (
        _MARKDOWN_HEADING.search(text, start, start + 2_000)
        if path.suffix.lower() == ".md"
        else None
    )
    return printable(heading[1].rstrip().rstrip("#")) if heading else None
