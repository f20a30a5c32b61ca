"""What a file says of the book in it: its chapters, and Project Gutenberg's marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag.datatypes import EBOOK, Kind, Publication, Span
from rag.ingest.names import in_file, printable
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


# Newer files say "*** START OF THE PROJECT GUTENBERG EBOOK X ***"; those of the 1990s
# have "*END*THE SMALL PRINT! … *END*" in front and "End of Project Gutenberg's X" behind.
# The mark may run over two lines when a title is long.
_HEAD = re.compile(
    r"^[ \t]*\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG[^*]*\*\*\*[^\n]*"
    r"|^[ \t]*\*+ ?END ?\*? ?THE SMALL PRINT![^\n]*\*END\*[^\n]*"
    r"|^[ \t]*\*END[ *]+THE SMALL PRINT![^\n]*",
    re.IGNORECASE | re.MULTILINE,
)

_FOOT = re.compile(
    r"^[ \t]*(?:\*+[ \t]*)?END OF (?:THE |THIS )?PROJECT GUTENBERG(?:['’]S)? ",
    re.IGNORECASE | re.MULTILINE,
)

# The marks of a head stand within the first part of a file: a text that only mentions
# Project Gutenberg further down is no reason to leave out what precedes.
_HEAD_LIMIT = 40_000

_FOOT_LINES = 600

# The first line only: what is indented below a title is its subtitle.
_FIELD = re.compile(
    r"^_?(Title|Author|Original publication|Date of first publication|First published):_?(.*)",
    re.MULTILINE | re.IGNORECASE,
)

_EBOOK_NUMBER = re.compile(r"\[(?:eBook|Etext) ?#(\d+)\]", re.IGNORECASE)

_MEMOIR = re.compile(
    r"\b(?:auto-?biograph\w*|memoirs?|recollections|reminiscences|my life"
    r"|narrative of the life)\b",
    re.IGNORECASE,
)

# The sister projects: "* A Project Gutenberg of Australia eBook *", "A Distributed
# Proofreaders Canada eBook", "Project Gutenberg Canada ebook #123".
_SISTER = re.compile(
    r"^[^\w\n]*(?:A |THE )?(?P<name>PROJECT GUTENBERG(?: OF)? (?:AUSTRALIA|CANADA)"
    r"|DISTRIBUTED PROOFREADERS CANADA|FADED PAGE|ROY GLASHAN'S LIBRARY)"
    r"(?: E-?(?:BOOK|TEXT)| EDITION)\b[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_SISTER_HEAD_LIMIT = 8_000
_RULE = re.compile(r"^[ \t]*[-_=*~]{20,}[ \t]*$", re.MULTILINE)
_ABOUT_LINE = re.compile(
    r"\s*_?(?:(?:title|author|editor|illustrator|translator|language|edition|date|release|produced|this"
    r" e-?(?:book|text)|e-?book no|character set|first published|posted|updated|faded page"
    r"|project gutenberg|a project gutenberg|a distributed)\b)",
    re.IGNORECASE,
)
_SISTER_FOOT = re.compile(
    r"^[ \t]*(?:(?:\[[ \t]*)?(?:THE )?END OF .{1,200}?\bby\b[^\n]*\]"
    r"|THIS SITE IS FULL OF FREE E-?BOOKS[^\n]*"
    r"|PROJECT GUTENBERG(?: OF)? (?:AUSTRALIA|CANADA)[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_PARAGRAPH = re.compile(r"\s*(\S[^\n]*(?:\n[^\n]*\S[^\n]*)*)")
_SISTER_NUMBER = re.compile(r"e-?(?:book|text)\s*(?:no\.?\s*:?|#)\s*(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gutenberg:
    """What a file of Project Gutenberg, or a project of its kind, says about itself, and where
    its book stands. `library`: the project; `url`: the book's page, where it can be told."""

    body: Span
    fields: Mapping[str, str] = field(default_factory=dict)
    number: str | None = None
    library: str = "Project Gutenberg"
    url: str | None = None


def gutenberg(text: str) -> Gutenberg | None:
    """Return what the header of such a file says, None for another text."""
    head = _HEAD.search(text, 0, _HEAD_LIMIT)
    start = head.end() if head else 0
    end = _foot_start(text, start)
    if head is None and end is None:
        return _sister(text)
    header = text[:start]
    number = _EBOOK_NUMBER.search(header)
    return Gutenberg(
        body=Span(start, len(text) if end is None else end),
        fields=_fields(header),
        number=number[1] if number else None,
        url=f"https://www.gutenberg.org/ebooks/{number[1]}" if number else None,
    )


def _sister(text: str) -> Gutenberg | None:
    """Return what a file of one of the sister projects says, None for another text."""
    mark = _SISTER.search(text, 0, _SISTER_HEAD_LIMIT)
    if mark is None:
        return None
    rules = list(_RULE.finditer(text, mark.end(), _SISTER_HEAD_LIMIT))
    start = rules[0].end() if rules else mark.end()
    # What the head says once more below the rule, or all of it where there is none.
    while (found := _PARAGRAPH.match(text, start)) and _ABOUT_LINE.match(found[1]):
        start = found.end()
    foot = next(_SISTER_FOOT.finditer(text, max(start, len(text) - 3_000)), None)
    number = _SISTER_NUMBER.search(text, 0, start)
    library = " ".join(mark["name"].split()).title().replace(" Of ", " of ").replace("'S", "'s")
    return Gutenberg(
        body=Span(start, foot.start() if foot else len(text)),
        fields=_fields(text[:start]),
        number=number[1] if number else None,
        library=library.replace("Gutenberg of Australia", "Gutenberg Australia"),
    )


def _fields(header: str) -> dict[str, str]:
    """Return what a header says, the first of each kind."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(header):
        if value.strip():
            found.setdefault(name.capitalize(), printable(value))
    return found


def _foot_start(text: str, after: int) -> int | None:
    """Return where the foot begins, None without a foot.

    A "complete" work put together from volumes can have a mark at the end of each, so
    the last one counts, or the one just above it: both forms may stand one below the other.
    """
    marks = [found.start() for found in _FOOT.finditer(text, after)]
    if not marks:
        return None
    return next(mark for mark in marks if marks[-1] - mark <= _FOOT_LINES)


def kind_by_title(title: str) -> Kind:
    """Return "memoir" for a book whose title says that it is one, else "unknown"."""
    return "memoir" if _MEMOIR.search(title) else "unknown"


def edition(book: Gutenberg | None, path: Path) -> Publication:
    """Return where a file's text was published: at Project Gutenberg, if it is from there."""
    if book is None:
        return in_file(path)
    number = f"{EBOOK} {book.number}" if book.number else ""
    return Publication(type="book", publisher=book.library, number=number)


def first_published(book: Gutenberg) -> str | None:
    """Return the year of the original edition: the release date is that of the file."""
    for name in ("Original publication", "Date of first publication", "First published"):
        years = re.findall(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b", book.fields.get(name, ""))
        if years:
            return str(years[-1])
    return None
