"""Plain text and Markdown: one file is one document, its text as it is decoded.

A Project Gutenberg file is recognised by its marks. Its licence is then set aside,
and title and author are taken from its header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag.datatypes import Collection, Kind, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.decoding import decode
from rag.ingest.names import file_citation, file_id, file_title, printable, shown
from rag.ingest.paragraphs import BLANK_LINES, paragraph_locators
from rag.ingest.plain_chapters import in_chapters

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
_FIELD = re.compile(r"^(Title|Author|Original publication):(.*)", re.MULTILINE)
_EBOOK_NUMBER = re.compile(r"\[(?:eBook|Etext) ?#(\d+)\]", re.IGNORECASE)
_MEMOIR = re.compile(
    r"\b(?:auto-?biograph\w*|memoirs?|recollections|reminiscences|my life"
    r"|narrative of the life)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^#[ \t]+(.+?)\s*#*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Gutenberg:
    """What a Project Gutenberg file says about itself, and where its book stands."""

    body: Span
    fields: Mapping[str, str] = field(default_factory=dict)
    number: str | None = None

    @property
    def url(self) -> str | None:
        """The book's page, where the file gives its number."""
        return f"https://www.gutenberg.org/ebooks/{self.number}" if self.number else None


def read_plain(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a .txt or .md file.

    Raises `UnreadableSource` if the file is empty or not text.
    """
    text = decode(path.read_bytes(), path)
    book = gutenberg(text)
    body = book.body if book else Span(0, len(text))
    places = in_chapters(text, paragraph_locators(text, BLANK_LINES, body))
    if not places:
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    about = book.fields if book else {}
    title = about.get("Title") or _markdown_title(text, path) or file_title(path)
    creator = about.get("Author")
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        citation=book_citation(title, creator, book, path),
        creator=creator,
        date=_year(about.get("Original publication", "")),
        url=book.url if book else None,
        kind=kind_by_title(title) if book else "unknown",
        locators=places,
        excluded=tuple(
            span for span in (Span(0, body.start), Span(body.end, len(text))) if len(span)
        ),
        origin=shown(path),
    )


def gutenberg(text: str) -> Gutenberg | None:
    """Return what the header of a Project Gutenberg file says, None for another text."""
    head = _HEAD.search(text, 0, _HEAD_LIMIT)
    start = head.end() if head else 0
    end = _foot_start(text, start)
    if head is None and end is None:
        return None
    header = text[:start]
    number = _EBOOK_NUMBER.search(header)
    return Gutenberg(
        body=Span(start, len(text) if end is None else end),
        fields={name: printable(value) for name, value in _FIELD.findall(header) if value.strip()},
        number=number[1] if number else None,
    )


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


def _year(publication: str) -> str | None:
    # Only the original edition dates a book; the release date is that of the file.
    years = re.findall(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b", publication)
    return years[-1] if years else None


def _markdown_title(text: str, path: Path) -> str | None:
    heading = _HEADING.search(text, 0, 2_000) if path.suffix.lower() == ".md" else None
    return printable(heading[1]) if heading else None


def book_citation(title: str, creator: str | None, book: Gutenberg | None, path: Path) -> str:
    """Return how a file is cited: by its number at Project Gutenberg if it is from there."""
    if book is None:
        return file_citation(path, title, creator)
    named = f"{creator}, {title}" if creator else title
    if book.url is None:
        return f"{named} (Project Gutenberg)"
    return f"{named} (Project Gutenberg eBook {book.number}), {book.url}"
