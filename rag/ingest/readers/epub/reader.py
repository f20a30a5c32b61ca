"""EPUB: one book is one document, cited by chapter and paragraph.

Chapters are those of the book's table of contents; where it has none, each part of the
file is one. What Project Gutenberg and Standard Ebooks say about their editions is in the
text but is not evidence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, Publication, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.dates import iso_date
from rag.ingest.names import file_id, file_title, in_file, shown
from rag.ingest.readers.epub.package import Package, Parts, read_package, resolve
from rag.ingest.shared.blocks import Block, boilerplate_spans, join, outside, place
from rag.ingest.shared.chapters import chapter_starts
from rag.ingest.shared.gutenberg import Gutenberg, gutenberg, kind_by_title
from rag.ingest.shared.html_blocks import blocks, note_links, types_of
from rag.ingest.shared.markup import parse_xhtml
from rag.ingest.shared.running import name_of
from rag.ingest.shared.zips import BOOK, opened

if TYPE_CHECKING:
    from lxml.etree import _Element

# What a part is called in `epub:type`, in the guide of EPUB 2, and by Standard Ebooks in
# its file name.
_NO_EVIDENCE_WORDS = (
    "cover titlepage title-page halftitlepage halftitle imprint "
    "colophon uncopyright copyright-page copyright toc landmarks "
    "loi lot index endnotes footnotes rearnotes"
)
_NO_EVIDENCE = frozenset(_NO_EVIDENCE_WORDS.split())
_STANDARD_EBOOKS = re.compile(r"https?://standardebooks\.org/ebooks/[\w./-]+")
_GUTENBERG = re.compile(r"gutenberg\.org/(?:ebooks/|files/)?(\d+)")
_PICTURES = frozenset({".svg", ".jpg", ".jpeg", ".png", ".gif", ".webp"})
_AUTHORS = frozenset({"aut", "cre", ""})


def read_epub(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an EPUB file.

    Raises `UnreadableSource` if the file is damaged, encrypted, not an EPUB, or has no text.
    """
    with opened(path, "an EPUB", BOOK) as archive:
        parts = Parts(archive, path)
        package = read_package(parts)
        read = list(_read_parts(parts, package))
    if not any(found for _, found in read):
        raise UnreadableSource(
            f"{shown(path)} holds no text: it may be a book of page images, which needs OCR; "
            "get an edition with text"
        )
    yield _document(path, collection, package, read)


def _document(
    path: Path, collection: Collection, package: Package, read: list[tuple[str, list[Block]]]
) -> SourceDocument:
    whole = [block for _, found in read for block in found]
    text, spans = join(whole)
    book = gutenberg(text)
    if book:
        whole = outside(whole, spans, book.body)
    title = package.first("title") or file_title(path)
    creator = _creators(package)
    library, url = _library(package, book) or (None, None)
    missing = len(package.spine) - len(read)
    return SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=library or in_file(path),
        creator=creator,
        date=_date(package, of_library=library is not None),
        url=url,
        kind=kind_by_title(title),
        locators=place(whole, spans, chapter_starts(read, package.contents)),
        excluded=boilerplate_spans(whole, spans),
        origin=shown(path),
        rights=package.first("rights"),
        notes=(f"{missing} of {len(package.spine)} parts are missing",) if missing else (),
    )


def _read_parts(parts: Parts, package: Package) -> Iterator[tuple[str, list[Block]]]:
    """Yield the parts in reading order, each with its blocks. Printed pages go on from part to
    part, and the mark of a note may point into another one."""
    names = [name for name in package.spine if name in parts]
    noted: dict[str, set[str]] = {}
    for name in names:
        root = parse_part(parts, name)
        for href in () if root is None else note_links(root):
            there, _, fragment = resolve(name, href).partition("#")
            if there != name and fragment and names.index(name) < _place_of(there, names):
                noted.setdefault(there, set()).add(fragment)
    page: str | None = None
    for name in names:
        found = _blocks(parts, name, package, frozenset(noted.get(name, ())), page)
        pages = [place.label for block in found for place in block.pages]
        page = pages[-1].removeprefix("p. ") if pages else page
        yield name, found


def _place_of(name: str, names: list[str]) -> int:
    return names.index(name) if name in names else -1


def _blocks(
    parts: Parts, name: str, package: Package, notes: frozenset[str], page: str | None
) -> list[Block]:
    """Return the blocks of a part; all are boilerplate where the part is no evidence."""
    root = parse_part(parts, name)
    if root is None:
        return []
    found = blocks(root, notes, page)
    said = {posixpath.basename(name).partition(".")[0], package.roles.get(name, "")}
    for body in root.iter("{*}body", "body"):
        said |= types_of(body)
        inside = [child for child in body if name_of(child)]
        if len(inside) == 1:  # the part as a whole, not an index within it
            said |= types_of(inside[0])
    if said & _NO_EVIDENCE:
        return [replace(block, boilerplate=True) for block in found]
    return found


def parse_part(parts: Parts, name: str) -> _Element | None:
    """Return the root of a part of the spine, None for a picture or an empty page."""
    raw = parts.read(name)
    if not raw.strip() or posixpath.splitext(name)[1].lower() in _PICTURES:
        return None
    return parse_xhtml(raw, parts.path)


def _creators(package: Package) -> str | None:
    """Return the authors: people whose role is not given count as such."""
    roles = {
        (meta.get("refines") or "").removeprefix("#"): role
        for meta, role in package.values("meta")
        if meta.get("property") == "role"
    }
    people = []
    for element, name in package.values("creator"):
        role = element.get("{http://www.idpf.org/2007/opf}role") or roles.get(
            element.get("id") or "", ""
        )
        if role in _AUTHORS:
            people.append(name)
    return " and ".join(dict.fromkeys(people)) or None


def _library(package: Package, book: Gutenberg | None) -> tuple[Publication, str] | None:
    """Return which library made this edition, and its page there; None for any other book."""
    for element in ("identifier", "source"):
        for _, value in package.values(element):
            found = _STANDARD_EBOOKS.search(value)
            if found:
                return Publication(type="book", publisher="Standard Ebooks"), found[0]
    numbers = [book.number] if book and book.number else []
    numbers += [
        m[1] for _, value in package.values("identifier") if (m := _GUTENBERG.search(value))
    ]
    if not numbers:
        return None
    made = Publication(type="book", publisher="Project Gutenberg", number=numbers[0])
    return made, f"https://www.gutenberg.org/ebooks/{numbers[0]}"


def _date(package: Package, of_library: bool) -> str | None:
    """Return when the book came out; a library's date is that of its file."""
    for element, value in package.values("date"):
        event = element.get("{http://www.idpf.org/2007/opf}event") or ""
        if event == "original-publication" or (event in {"", "publication"} and not of_library):
            found = iso_date(value)
            # Some programs put in the year 101 for want of one.
            if found and found >= "1000":
                return found
    return None
