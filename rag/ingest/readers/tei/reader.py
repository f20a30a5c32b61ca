"""TEI, as the Office of the Historian publishes *Foreign Relations of the United States*.

A volume holds hundreds of documents (`<div type="document">`), each a source document of
its own. Prefaces, lists of names and the index are in the volume but are not evidence.
Any other TEI file is read as one document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, Kind, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.dates import iso_date
from rag.ingest.names import file_id, file_title, in_file, printable, shown, slug
from rag.ingest.readers.tei.elements import flow
from rag.ingest.readers.tei.header import Volume, header_text, one_line, read_volume
from rag.ingest.shared.markup import uses_entities, xml_parser
from rag.ingest.shared.running import Running, name_of, set_text

if TYPE_CHECKING:
    from lxml.etree import _Element

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
ROOTS = frozenset({"TEI", "TEI.2", "teiCorpus"})

_EDITORIAL = re.compile(r"(?:(?:No\.\s*)?\d+\.?\s*)?\[?editorial notes?\b", re.IGNORECASE)
# A paragraph that is only the archive's reference, in the editors' brackets.
_BRACKETED_SOURCE = re.compile(r"^\[Source: [^\n]*\]$", re.MULTILINE)
_DATE_ATTRIBUTES = ("when", "notBefore", "from", "notAfter", "to")


@dataclass(frozen=True, slots=True)
class Entry:
    """A document's element, its number in the file, and the page on which it begins."""

    element: _Element
    position: int
    page: str | None


def read_tei(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Return the documents of a TEI file, in its order.

    Raises `UnreadableSource` if the file is not well-formed, not TEI, or uses entities
    of its own. The iterator raises it for a document without any text; asked again, it
    goes on with the next document.
    """
    root = parse(path)
    entries = document_entries(root)
    if not entries:
        return iter([_whole(path, root, collection)])
    # `map`, because a generator would be at its end after the first error.
    return map(partial(_document, read_volume(path, root, collection)), entries)


def parse(path: Path) -> _Element:
    """Return the root of a TEI file; no entity is expanded, nothing else is opened.

    Raises `UnreadableSource`.
    """
    from lxml import etree

    try:
        # Bytes, not the path: libxml2 takes a path for an address and decodes "%20" in it.
        root = etree.fromstring(path.read_bytes(), xml_parser())
    except etree.XMLSyntaxError as error:
        if "entity" in error.msg.casefold():
            raise _entities_refused(path) from error
        raise UnreadableSource(
            f"{shown(path)} is not well-formed XML ({error.msg}); it may be cut short: "
            "fetch it again"
        ) from error
    if uses_entities(root):
        raise _entities_refused(path)
    if name_of(root) not in ROOTS:
        raise UnreadableSource(
            f"{shown(path)} is XML but not TEI (its root is <{printable(name_of(root))}>); "
            "only TEI is read: convert it to text, or leave it out"
        )
    return root


def _entities_refused(path: Path) -> UnreadableSource:
    return UnreadableSource(
        f"{shown(path)} relies on entities declared in a DTD, which are not expanded because "
        "they can be made to exhaust the machine or to read other files; if you trust the "
        "file, expand them first: xmllint --noent FILE"
    )


def document_entries(root: _Element) -> list[Entry]:
    """Return the elements marked as documents, each with the page on which it begins."""
    entries: list[Entry] = []
    page: str | None = None
    for element in root.iter("{*}pb", "{*}div"):
        if name_of(element) == "pb":
            page = element.get("n")
        elif element.get("type") == "document":
            entries.append(Entry(element, len(entries) + 1, page))
    return entries


def _document(volume: Volume, entry: Entry) -> SourceDocument:
    element = entry.element
    xml_id = element.get(XML_ID)
    name = slug(xml_id) if xml_id else f"document-{entry.position}"
    head = next((child for child in element if name_of(child) == "head"), None)
    title = one_line(head) if head is not None else ""
    number = element.get("n") or name
    unnumbered = re.sub(rf"^(?:No\.\s*)?{re.escape(number)}\.\s+", "", title)
    own = set_text(flow(element), entry.page)
    if not own.text:
        raise UnreadableSource(f"{shown(volume.path)}: document {name} holds no text; see the file")
    text, excluded = _with_notes(own)
    url = volume.collection.url
    return SourceDocument(
        document_id=f"{volume.collection.collection_id}/{name}",
        title=title or name,
        text=text,
        collection=volume.collection,
        publication=replace(volume.publication, number=number, title=unnumbered),
        date=_document_date(element),
        url=f"{url}/{xml_id}" if url and xml_id else url,
        kind=_kind(element, title),
        locators=own.pages,
        excluded=excluded,
        origin=shown(volume.path),
    )


def _whole(path: Path, root: _Element, collection: Collection) -> SourceDocument:
    """Return a TEI file without marked documents as one document: its body."""
    body = next(root.iter("{*}body"), None)
    own = set_text(flow(body)) if body is not None else None
    if own is None or not own.text:
        raise UnreadableSource(f"{shown(path)} is TEI without any text in its body; leave it out")
    text, excluded = _with_notes(own)
    title = header_text(root, "titleStmt", "title") or file_title(path)
    creator = header_text(root, "titleStmt", "author")
    return SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        creator=creator,
        date=_first_date(root, "creation") or _first_date(root, "sourceDesc"),
        locators=own.pages,
        excluded=excluded,
        origin=shown(path),
    )


def _with_notes(own: Running) -> tuple[str, tuple[Span, ...]]:
    """Return the document's text followed by its notes, and what of it is no evidence."""
    bracketed = tuple(Span(*found.span()) for found in _BRACKETED_SOURCE.finditer(own.text))
    notes = _notes(own.notes)
    if not notes:
        return own.text, bracketed
    text = "\n\n".join([own.text, "Notes", *notes])
    return text, (*bracketed, Span(len(own.text), len(text)))


def _notes(elements: tuple[_Element, ...]) -> list[str]:
    """Return the editors' notes as text, a note within a note after it."""
    lines: list[str] = []
    for element in elements:
        note = set_text(flow(element))
        number = element.get("n")
        if note.text:
            lines.append(f"{printable(number)}. {note.text}" if number else note.text)
        lines.extend(_notes(note.notes))
    return lines


def _kind(element: _Element, title: str) -> Kind:
    if element.get("subtype") == "editorial-note" or _EDITORIAL.match(title):
        return "editorial"
    return "primary"


def _document_date(element: _Element) -> str | None:
    """Return when a document was made: the catalogued date, else that of its dateline."""
    for name, value in element.attrib.items():
        if str(name).endswith("doc-dateTime-min"):
            return iso_date(str(value))
    return _first_date(element, "dateline") or _first_date(element, "head")


def _first_date(element: _Element, within: str) -> str | None:
    for part in element.iter(f"{{*}}{within}"):
        for dated in part.iter("{*}date"):
            if any(name_of(outer) == "note" for outer in dated.iterancestors()):
                continue
            for attribute in _DATE_ATTRIBUTES:
                found = iso_date(dated.get(attribute, ""))
                if found:
                    return found
    return None
