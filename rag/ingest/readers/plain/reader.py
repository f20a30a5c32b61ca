"""Plain text and Markdown: one file is one document, its text as it is decoded.

A Project Gutenberg file is recognised by its marks. Its licence is then set aside,
and title and author are taken from its header, as they are from front matter in YAML.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.dates import edtf_date
from rag.ingest.names import file_document, file_title, printable, shown
from rag.ingest.readers.plain.places import contents_spans, in_chapters, pages_of
from rag.ingest.shared.gutenberg import edition, first_published, gutenberg, kind_by_title
from rag.ingest.shared.note_marks import bracketed_notes, merged, numbered_notes
from rag.ingest.shared.plain_text import BLANK_LINES, decode, paragraph_locators

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
    title = about.get("Title") or said.get("title") or _heading(text, path, body.start)
    title = title or file_title(path)
    yield file_document(
        path,
        collection,
        text,
        title,
        publication=edition(book, path),
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
            ]
        ),
        rights=said.get("rights"),
    )


def _heading(text: str, path: Path, start: int) -> str | None:
    heading = _HEADING.search(text, start, start + 2_000) if path.suffix.lower() == ".md" else None
    return printable(heading[1].rstrip().rstrip("#")) if heading else None


_FRONT = re.compile(
    r"\ufeff?(?P<mark>---|\+\+\+)[ \t]*\r?\n(?P<inside>.{0,20000}?)"
    r"^(?:(?P=mark)|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_NAMES = {
    "title": ("title",),
    "creator": ("creator", "author", "authors", "by"),
    "date": ("date", "created", "written"),
    "rights": ("rights", "license", "licence", "copyright"),
    "url": ("url", "canonical_url", "source_url", "source"),
}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Where a file's own text begins, and what is said before it: "title", "creator", "date",
    "rights", "url"."""

    end: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


def front_matter(text: str) -> FrontMatter:
    """Return what a file says of itself in front; an empty one where it says nothing."""
    found = _FRONT.match(text)
    if found is None:
        return FrontMatter()
    content = _parsed(found["inside"], toml=found["mark"] == "+++")
    if not isinstance(content, Mapping) or not content:
        return FrontMatter()
    given = {str(key).casefold(): value for key, value in content.items()}
    fields: dict[str, str] = {}
    for name, keys in _NAMES.items():
        value = next((_line(given[key]) for key in keys if given.get(key)), "")
        if name == "date":
            value = _date(value)
        if name == "url" and not value.startswith(("http://", "https://")):
            value = ""
        if value:
            fields[name] = value
    return FrontMatter(found.end(), fields)


def _parsed(inside: str, *, toml: bool) -> Any:
    import yaml

    try:
        return tomllib.loads(inside) if toml else yaml.safe_load(inside)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _line(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(filter(None, map(_line, value)))
    if isinstance(value, Mapping):
        return _line(value.get("name") or value.get("literal") or "")
    return printable(str(value))


def _date(value: str) -> str:
    try:
        return edtf_date(value.partition(" ")[0]) if value else ""
    except ValueError:
        return ""
