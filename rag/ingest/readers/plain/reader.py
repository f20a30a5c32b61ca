"""Plain text and Markdown: one file is one document, its text as it is decoded.

A Project Gutenberg file is recognised by its marks. Its licence is then set aside,
and title and author are taken from its header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, printable, shown
from rag.ingest.readers.plain.chapters import in_chapters
from rag.ingest.shared.decoding import decode
from rag.ingest.shared.gutenberg import edition, gutenberg, kind_by_title
from rag.ingest.shared.paragraphs import BLANK_LINES, paragraph_locators

_HEADING = re.compile(r"^#[ \t]+(.+?)\s*#*$", re.MULTILINE)


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
        publication=edition(book, path),
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


def _year(publication: str) -> str | None:
    # Only the original edition dates a book; the release date is that of the file.
    years = re.findall(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b", publication)
    return years[-1] if years else None


def _markdown_title(text: str, path: Path) -> str | None:
    heading = _HEADING.search(text, 0, 2_000) if path.suffix.lower() == ".md" else None
    return printable(heading[1]) if heading else None
