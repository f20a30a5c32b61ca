"""HTML: one page is one document, cited by section and paragraph.

What belongs to the site and not to the text (scripts, navigation, the foot of the page)
is left out. Of the metadata that a page can carry, Dublin Core, the plain `author` and
what newspapers and repositories write are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.dates import WEB
from rag.errors import UnreadableSource
from rag.ingest.names import file_title, person, printable, shown
from rag.ingest.shared.blocks import (
    Block,
    document_of_blocks,
    join,
    name_of,
    outside,
    sections,
)
from rag.ingest.shared.books import edition, gutenberg, kind_by_title
from rag.ingest.shared.decoding import decode, line_of, parse_html, parse_xhtml
from rag.ingest.shared.front_matter import FrontMatter, front_matter
from rag.ingest.shared.html_blocks import blocks
from rag.language import to_edtf

if TYPE_CHECKING:
    from lxml.etree import _Element

_CREATOR = ("dc.creator", "dcterms.creator", "citation_author", "author", "article:author")
_DATE = (
    "dcterms.created",
    "dcterms.issued",
    "dc.date.created",
    "dc.date.issued",
    "dcterms.date",
    "dc.date",
    "citation_publication_date",
    "article:published_time",
    "date",
)
_RIGHTS = ("dcterms.rights", "dc.rights")
# The Internet Archive's page of a text.
_FULL_TEXT = re.compile(r"^full text of [\"“](.{1,300})[\"”]$", re.IGNORECASE)
_FRONT_MARKS = frozenset([b"---", b"+++"])
_SLASHED = re.compile(r"(\d{4})/(\d{2})(?:/(\d{2}))?(?!\d)")


def read_html(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an .html or .xhtml file.

    Raises `UnreadableSource` if the page is empty or not text.
    """
    raw = path.read_bytes()
    as_xml = path.suffix.lower() == ".xhtml" or raw.lstrip().startswith(b"<?xml")
    front = FrontMatter()
    if (
        raw.lstrip(b"\xef\xbb\xbf")[:3] in _FRONT_MARKS
    ):  # a page of a static site, before it is made
        text = decode(raw, path)
        front = front_matter(text)
        root = parse_html(text[front.end :], path)
    else:
        root = parse_xhtml(raw, path) if as_xml else parse_html(raw, path)
    parts = blocks(root)
    text, spans = join(parts)
    book = gutenberg(text)
    if book:
        parts = outside(parts, spans, book.body)
    if all(block.boilerplate for block in parts):
        raise UnreadableSource(
            f"{shown(path)} holds no text outside its scripts and menus; save the page from a "
            "browser after it has loaded"
        )
    meta = _metadata(root)
    about = book.fields if book else {}
    said = front.fields
    title = about.get("Title") or said.get("title") or _title(root, parts) or file_title(path)
    yield document_of_blocks(
        path,
        collection,
        parts,
        sections(parts),
        title,
        publication=replace(edition(book, path), published=said.get("published", "")),
        creator=about.get("Author") or said.get("creator") or _creators(meta),
        date=None if book else said.get("date") or _date(meta),
        url=book.url if book else said.get("url") or _address(root),
        kind=kind_by_title(title) if book else "unknown",
        rights=next((meta[name][0] for name in _RIGHTS if name in meta), None),
    )


def _metadata(root: _Element) -> Mapping[str, list[str]]:
    """Return the page's `meta` elements: values by name, in lower case."""
    found: dict[str, list[str]] = {}
    for element in root.iter("{*}meta"):
        name = (element.get("name") or element.get("property") or "").strip().casefold()
        value = printable(element.get("content") or "")
        if name and value:
            found.setdefault(name, []).append(value)
    return found


def _title(root: _Element, parts: Sequence[Block]) -> str | None:
    for element in root.iter("{*}title"):
        parent = element.getparent()
        # Drawings have titles too.
        if parent is not None and name_of(parent) == "head":
            title = _FULL_TEXT.sub(r"\1", line_of(element))
            if title:
                return title
    return next((printable(block.text) for block in parts if block.level == 1), None)


def _creators(meta: Mapping[str, list[str]]) -> str | None:
    for name in _CREATOR:
        # Some give the address of a page about the author.
        people = [value for value in meta.get(name, ()) if "://" not in value and person(value)]
        if people:
            return " and ".join(dict.fromkeys(people))
    return None


def _date(meta: Mapping[str, list[str]]) -> str | None:
    """Return when the document was made; from the years of the Web on, a date is that of the
    page."""
    for name in _DATE:
        for value in meta.get(name, ()):
            found = to_edtf(_SLASHED.sub(_with_hyphens, value))
            if found and found < WEB:
                return found
    return None


def _with_hyphens(found: re.Match[str]) -> str:
    return "-".join(part for part in found.groups() if part)


def _address(root: _Element) -> str | None:
    for link in root.iter("{*}link"):
        address = (link.get("href") or "").strip()
        if (link.get("rel") or "").casefold() == "canonical" and re.match(r"https?://", address):
            return printable(address)
    return None
