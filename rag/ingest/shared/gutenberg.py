"""Project Gutenberg's marks in a file: where its book stands, and what its header says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag.datatypes import Kind, Publication, Span
from rag.ingest.names import in_file, printable

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


def edition(book: Gutenberg | None, path: Path) -> Publication:
    """Return where a file's text was published: at Project Gutenberg, if it is from there."""
    if book is None:
        return in_file(path)
    return Publication(type="book", publisher="Project Gutenberg", number=book.number or "")
