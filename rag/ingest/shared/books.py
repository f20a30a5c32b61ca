"""Books: their chapters, the marks of Project Gutenberg and its like, and parts by others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from rag.datatypes import EBOOK, Kind, Publication, SourceDocument, Span
from rag.ingest.names import in_file, in_order, printable, slug
from rag.ingest.shared.blocks import Block, short
from rag.ingest.shared.notes import merged
from rag.language import may_be_same_person

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
    r"^[ \t]*(?:\*+[ \t]*)?END OF (?:THE |THIS )?PROJECT GUTENBERG(?:['’]S)? "
    r"(?!(?:OF )?(?:AUSTRALIA|CANADA))",
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

# Before 2000 only this line says what the book is: "The Project Gutenberg Etext of X, by Y".
_NAMED_IN_HEAD = re.compile(
    r"^[ \t*]*(?:THE )?PROJECT GUTENBERG(?:['’]S| E-?(?:BOOK|TEXT) OF:?) (?P<title>[^\n*]{1,150}"
    r"(?:\n[^\n*]{1,100})??),?\s+BY (?P<author>[^\n*]{3,80}?)[ \t*]*$",
    re.IGNORECASE | re.MULTILINE,
)

_LIFE = re.compile(r"(?<!\s)\s*[(\[](?:b\. |d\. )?\d{4}\??(?:\s?[-–]\s?(?:\d{4}\??)?)?[)\]]$")

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
# A field of the head, or a notice of the library, wherever they stand in it.
_OF_HEAD = re.compile(
    r"^\s*_?(?:title|author|date (?:first|most|last) [\w ]{1,30}|e-?book no\.?|character set"
    r"|language|edition(?: used[\w ]{0,40})?):|^\s*this e-?book was "
    r"|\bProject Gutenberg\b|\bfaded ?page\b|pgdpcanada|gutenberg\.(?:net\.au|ca)\b",
    re.IGNORECASE,
)
_SISTER_FOOT = re.compile(
    r"^[ \t]*(?:(?:\[[ \t]*)?(?:THE )?END OF .{1,200}?\bby\b[^\n]*\]"
    r"|(?:THE )?END OF (?:THE )?PROJECT GUTENBERG(?: OF)? (?:AUSTRALIA|CANADA)[^\n]*"
    r"|THIS SITE IS FULL OF FREE E-?BOOKS[^\n]*"
    r"|PROJECT GUTENBERG(?: OF)? (?:AUSTRALIA|CANADA)[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_PARAGRAPH = re.compile(r"(\S[^\n]*(?:\n[^\n]*\S[^\n]*)*)")
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
    while (found := _PARAGRAPH.search(text, start)) and _ABOUT_LINE.match(found[1]):
        start = found.end()
    foot = next(_SISTER_FOOT.finditer(text, max(start, len(text) - 3_000)), None)
    head_end = min(_SISTER_HEAD_LIMIT, foot.start() if foot else len(text))
    below = (p for p in _PARAGRAPH.finditer(text, start, head_end) if _OF_HEAD.search(p[1]))
    start = max((paragraph.end() for paragraph in below), default=start)
    number = _SISTER_NUMBER.search(text, 0, start)
    library = " ".join(mark["name"].split()).title().replace(" Of ", " of ").replace("'S", "'s")
    return Gutenberg(
        body=Span(start, foot.start() if foot else len(text)),
        fields=_fields(text[:start]),
        number=number[1] if number else None,
        library=library.replace("Gutenberg of Australia", "Gutenberg Australia"),
    )


_OF_WHOM = re.compile(r"^\([^()]{1,40}\)\s+")
"""What stands before a name: "(His Son) Captain Holt"."""


def _fields(header: str) -> dict[str, str]:
    """Return what a header says, the first of each kind."""
    found: dict[str, str] = {}
    named = _NAMED_IN_HEAD.search(header)
    for name, value in (*_FIELD.findall(header), *(named.groupdict().items() if named else ())):
        value = value.strip(" \t\r\n,")
        if name.casefold() == "author":
            value = in_order(_LIFE.sub("", _OF_WHOM.sub("", value)))
        if value:
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


_BLANK_LINES = re.compile(r"\s*\n[^\S\n]*\n\s*")
_SMALL = r"(?:de|du|von|van|der|la|le)"
_NAME = rf"(?:[A-Z][\w.'’-]*|{_SMALL}(?=\s))(?:[^\S\n]+(?:[A-Z][\w.'’-]*|{_SMALL}\b)){{1,5}}"
_BY = re.compile(rf"\W{{0,3}}(?:written )?(?i:by)[^\S\n]+(?!(?i:the|an?)\b)(?P<name>{_NAME})[\W_]*")
_FROM = re.compile(
    rf"[^\n]{{4,60}}?\b(?i:by|from)[^\S\n]+(?!(?i:the|an?)\b)(?P<name>{_NAME})[^\n]{{0,12}}"
)
_FRONT = re.compile(
    r"\W*(?:\w+['’]s )?(?:preface|foreword|introduct(?:ion|ory)|afterword|letter)\b", re.IGNORECASE
)
_SIGNED = re.compile(
    r"[_\W]*(?P<name>(?!THE\b)[A-Z][A-Z.]*(?:[^\S\n]+[A-Z][A-Z.'’-]*){1,4})"
    r"(?P<on>,?)[_ ]*(?P<rest>\n.*)?",
    re.DOTALL,
)
_BY_EDITOR = re.compile(r"(?:the )?(?:editor|publisher|translator)['’]?s", re.IGNORECASE)
_DIVISION_ALONE = re.compile(r"(?:part|book|volume) \S+", re.IGNORECASE)
_OWNS = re.compile(r"(['’])S\b")
_EDITOR = re.compile(rf"[_\W]*+(?P<name>(?=[^\n]*[a-z]){_NAME})[_\W]*")
_TITLES_BEHIND = re.compile(r"(?:(?<!\s)|(?=,)),?\s+(?:ESQ|Esq|M\.?D|D\.?D|LL\.?D|Ph\.?D)\.?$")
_STOP = re.compile(r"(?<=\w{4})\.$")
_WORD = re.compile(r"\b[^\W\d_]{2,}\b")
_TITLE_PAGE = 5_000
_MOST_WORDS = 16
"""Words of a heading, or of a signature with place and day."""

_SECTION = re.compile(r"(?:, )?(?:paragraph|p\.|image|PDF page|row|unit) \S+$")


# "With a Supplementary Account of her Education ... by Ann Holt", on the title page.
_CREDIT = re.compile(
    r"\b(?P<what>(?i:(?:supplementary\s+\w+)|introduction|preface|foreword|afterword|supplement"
    rf"|appendix|epilogue))\b[^.;]{{0,200}}?\b(?i:by)\s+(?!(?i:the|an?)\b)(?P<name>{_NAME})"
)


def by_others(document: SourceDocument) -> Iterator[SourceDocument]:
    """Yield a book, and behind it its parts of which it says that somebody else wrote them: a
    heading "Letter from ...", "By ..." below a heading, a preface that another name signs, a part
    that its title page names with its writer. They are set aside in the book, and are documents
    with their own author."""
    sections = list(_sections(document))
    parts: list[tuple[str, Span, str]] = []
    for heading, span, name in (*_credited(document, sections), *_signed(document, sections)):
        if not is_author(name, document.creator) and not any(span.overlaps(n) for _, n, _ in parts):
            parts.append((heading, span, name))
    parts.sort(key=lambda part: part[1].start)
    whole = sum(len(place.span) for place in document.locators)
    most = 2 * sum(len(span) for _, span, _ in parts) > whole
    if not parts or (most and len({name for *_, name in parts}) == 1):  # rather its own author
        yield document
        return
    taken = [span for _, span, _ in parts]
    yield replace(
        document,
        excluded=merged([*document.excluded, *taken]),
        locators=tuple(n for n in document.locators if not any(map(n.span.overlaps, taken))),
    )
    for heading, span, name in parts:
        yield _part(document, heading, span, name)


def _signed(
    document: SourceDocument, sections: Sequence[tuple[str, Span]]
) -> Iterator[tuple[str, Span, str]]:
    """Yield the parts of a book that say themselves who wrote them."""
    for heading, span in sections:
        evidence = _evidence(document, span)
        if name := _writer(evidence, heading):
            yield heading, span, name


def _evidence(document: SourceDocument, span: Span) -> str:
    """Return a stretch of a document without what is set aside in it, such as contents."""
    text, at = "", span.start
    for part in document.excluded:
        if part.overlaps(span):
            text += document.text[at : part.start]
            at = max(at, part.end)
    return text + document.text[at : span.end]


def _credited(
    document: SourceDocument, sections: Sequence[tuple[str, Span]]
) -> Iterator[tuple[str, Span, str]]:
    """Yield the parts of a book of which its title page says who wrote them."""
    if not sections:
        return
    front = document.text[: min(sections[0][1].start, _TITLE_PAGE)]
    credits = [
        (
            re.compile(r"(?:\W|[ivx]+[.:])*(?:the |an? )?" + r"\s+".join(of["what"].split()), re.I),
            of,
        )
        for of in _CREDIT.finditer(front)
    ]
    starts = [span.start for heading, span in sections if _DIVISION_ALONE.fullmatch(heading)]
    end = sections[-1][1].end
    for heading, span in sections:
        first = _BLANK_LINES.split(span.of(document.text).strip(), 1)[0]
        for what, of in credits:
            if what.match(first):
                after = [n for n in starts if n > span.start]
                whole = Span(span.start, min(after, default=end)) if span.start in starts else span
                said = first if len(first.split()) <= _MOST_WORDS else heading
                yield _plain_title(said), whole, _plain_name(of["name"])


def _plain_title(heading: str) -> str:
    """Return a heading without its number, and not in capitals."""
    words = re.sub(r"^[IVXLC]+[.:]\s*", "", " ".join(heading.split())).rstrip(". ")
    if not words.isupper():
        return words
    return _OWNS.sub(r"\1s", _WORD.sub(lambda word: word[0].title(), words))


def _part(document: SourceDocument, heading: str, span: Span, name: str) -> SourceDocument:
    def moved(part: Span) -> Span:
        return Span(max(part.start, span.start) - span.start, min(part.end, span.end) - span.start)

    return replace(
        document,
        document_id=f"{document.document_id}/{slug(heading)}",
        title=f"{heading}, in {document.title}",
        text=span.of(document.text),
        creator=name,
        kind="unknown" if document.kind == "memoir" else document.kind,
        locators=tuple(
            replace(n, span=moved(n.span)) for n in document.locators if n.span.overlaps(span)
        ),
        excluded=tuple(moved(part) for part in document.excluded if part.overlaps(span)),
        notes=(),
    )


def _sections(document: SourceDocument) -> Iterator[tuple[str, Span]]:
    """Yield the parts of a book that its citations name, each with its name."""
    runs = groupby(document.locators, key=lambda place: _SECTION.sub("", place.label))
    found = [(name, list(places)) for name, places in runs]
    for name, places in found if len(found) > 1 else []:
        if name:
            label = name.removeprefix("section ")
            yield label[:1].upper() + label[1:], Span(places[0].span.start, places[-1].span.end)


def _writer(text: str, heading: str) -> str | None:
    """Return who wrote a part of a book, where its beginning or end says so."""
    paragraphs = list(filter(None, map(str.strip, _BLANK_LINES.split(text))))
    head = [own for own in paragraphs[:3] if len(own.split()) <= _MOST_WORDS]
    if not head or head[0] != paragraphs[0]:
        return None
    if _FRONT.match(head[0]) and (found := _FROM.fullmatch(head[0])):
        return _plain_name(found["name"])
    for line in (line.strip() for own in head for line in own.splitlines()):
        if name := by_line(line):
            return name
    if _FRONT.match(heading):
        return _signer(paragraphs[-3:], by_editor=_BY_EDITOR.match(heading) is not None)
    return None


def by_line(line: str) -> str | None:
    """Return whom a line says to be the author, None for another line.

    >>> by_line("BY JOHN HOLT, ESQ."), by_line("By the river")
    ('John Holt', None)
    """
    found = _BY.fullmatch(_TITLES_BEHIND.sub("", line))
    return _plain_name(found["name"]) if found else None


def _signer(paragraphs: Sequence[str], *, by_editor: bool) -> str | None:
    """Return who signed a text in capitals, or, where it is an editor's, as names are written,
    given its last paragraphs."""
    for number in range(len(paragraphs)):
        if by_editor and (signed := _EDITOR.fullmatch(paragraphs[number])):
            return _plain_name(signed["name"])
        below = "\n".join(paragraphs[number:])
        found = _SIGNED.fullmatch(below) if len(below.split()) <= _MOST_WORDS else None
        if found is None:
            continue
        words = found["name"].split()
        if found["on"] and len(words) > 2 and any(map(str.isdigit, found["rest"] or "")):
            words = words[:-1]  # the place, above the day
        return _plain_name(" ".join(words))
    return None


def _plain_name(said: str) -> str:
    """Return a name as it is written in a sentence, not in capitals."""
    name = _TITLES_BEHIND.sub("", said.strip(" ,;:_"))
    name = _STOP.sub("", name)
    return printable(_WORD.sub(lambda word: word[0].title(), name) if name.isupper() else name)


def is_author(name: str, creator: str | None) -> bool:
    """Return whether a name is one of those who wrote a book."""
    return any(
        may_be_same_person(name, one) or may_be_same_person(one, name)
        for one in (creator or "").split(" and ")
    )
