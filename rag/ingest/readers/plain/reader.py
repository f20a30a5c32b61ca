"""Plain text and Markdown: one file is one document, its text as it is decoded.

A Project Gutenberg file is recognised by its marks. Its licence is then set aside,
and title and author are taken from its header, as they are from front matter in YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, file_title, printable, shown
from rag.ingest.readers.plain.columns import side_by_side
from rag.ingest.readers.plain.front_matter import FrontMatter, front_matter
from rag.ingest.readers.plain.places import contents_spans, in_chapters, page_notes, pages_of
from rag.ingest.shared.gutenberg import edition, first_published, gutenberg, kind_by_title
from rag.ingest.shared.note_marks import (
    bracketed_notes,
    markdown_notes,
    merged,
    numbered_notes,
)
from rag.ingest.shared.plain_text import BLANK_LINES, decode, paragraph_locators

COLUMNS = (
    "columns stand side by side, so that their sentences are mixed: they are not quoted (make the "
    "text anew column by column, for instance with pdftotext without -layout)"
)
_HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)


def read_plain(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a .txt or .md file.

    Raises `UnreadableSource` if the file is empty or not text.
    """
    text = decode(path.read_bytes(), path)
    book = gutenberg(text)
    front = FrontMatter() if book else front_matter(text)
    body = book.body if book else Span(front.end, len(text))
    places, running = pages_of(text, body)
    paragraphs = paragraph_locators(text, BLANK_LINES, body)
    places = places or in_chapters(text, paragraphs)
    if not body.of(text).strip():
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    about = book.fields if book else {}
    said = front.fields
    columns = side_by_side(text, body)
    title = about.get("Title") or said.get("title") or _heading(text, path, body.start)
    title = title or file_title(path)
    yield file_document(
        path,
        collection,
        text,
        title,
        publication=replace(edition(book, path), published=said.get("published", "")),
        creator=about.get("Author") or said.get("creator"),
        date=first_published(book) if book else said.get("date"),
        url=book.url if book else said.get("url"),
        kind=kind_by_title(title) if book else "unknown",
        locators=places,
        excluded=merged(
            [
                Span(0, body.start),
                Span(body.end, len(text)),
                *running,
                *contents_spans(text, paragraphs),
                *bracketed_notes(text, body),
                *numbered_notes(text, [place.span for place in paragraphs]),
                *page_notes(text, body),
                *(markdown_notes(text, body) if path.suffix.lower() == ".md" else ()),
                *columns,
            ]
        ),
        rights=said.get("rights"),
        notes=(f"{COLUMNS} in {len(columns)} places",) if columns else (),
    )


def _heading(text: str, path: Path, start: int) -> str | None:
    heading = _HEADING.search(text, start, start + 2_000) if path.suffix.lower() == ".md" else None
    return printable(heading[1].rstrip().rstrip("#")) if heading else None
