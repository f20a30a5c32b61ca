"""OpenDocument text (.odt, of LibreOffice): one file is one document, its notes after its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, shown
from rag.ingest.shared.blocks import (
    SEPARATOR,
    Block,
    boilerplate_spans,
    join,
    place,
    sections,
    without_note_lists,
)
from rag.ingest.shared.markup import line_of, parse_xml
from rag.ingest.shared.note_marks import raised_text
from rag.ingest.shared.running import Break, Event, name_of, set_text
from rag.ingest.shared.zips import BOOK, opened, read_member

if TYPE_CHECKING:
    from lxml.etree import _Element

_SIGNS: dict[str, Event] = {"s": " ", "tab": Break("\t"), "line-break": Break("\n")}
_LEFT_OUT = frozenset(["tracked-changes", "annotation", "sequence-decls", "forms", "bookmark"])


def read_odt(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an .odt file.

    Raises `UnreadableSource` if the file is damaged, protected, no OpenDocument, or empty.
    """
    with opened(path, "an OpenDocument file", BOOK) as archive:
        listed = {info.filename: info for info in archive.infolist()}
        if "content.xml" not in listed:
            raise UnreadableSource(
                f"{shown(path)} is a zip file but no OpenDocument; give it its proper extension"
            )
        where = f"{shown(path)}: its part"
        root = parse_xml(
            read_member(archive, listed["content.xml"], path, BOOK), f"{where} content"
        )
        meta = (
            parse_xml(read_member(archive, listed["meta.xml"], path, BOOK), f"{where} meta")
            if "meta.xml" in listed
            else None
        )
    raised = _raised_styles(root)
    notes: list[str] = []
    found = without_note_lists(list(_blocks(root, raised, notes)))
    if not found:
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    body, spans = join(found)
    text = SEPARATOR.join([body, "Notes", *notes]) if notes else body
    title = _property(meta, "title") or file_title(path)
    creator = _property(meta, "initial-creator") or _property(meta, "creator")
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        creator=creator,
        locators=place(found, spans, sections(found)),
        excluded=(
            *boilerplate_spans(found, spans),
            *([Span(len(body), len(text))] if notes else []),
        ),
        origin=shown(path),
    )


def _property(meta: _Element | None, name: str) -> str | None:
    element = next(meta.iter(f"{{*}}{name}"), None) if meta is not None else None
    return (line_of(element) if element is not None else "") or None


def _raised_styles(root: _Element) -> frozenset[str]:
    """Return the names of the styles that set letters above the line."""
    return frozenset(
        _attribute(style, "name")
        for style in root.iter("{*}style")
        for properties in style.iterfind("{*}text-properties")
        if _attribute(properties, "text-position").startswith(("super", "1", "2", "3", "4", "5"))
    )


def _attribute(element: _Element, name: str) -> str:
    found = (v for key, v in element.attrib.items() if str(key).rpartition("}")[2] == name)
    return str(next(found, ""))


def _blocks(root: _Element, raised: frozenset[str], notes: list[str]) -> Iterator[Block]:
    body = next(root.iter("{*}text"), root)
    for element in body.iter("{*}p", "{*}h", "{*}table-row"):
        within = {name_of(outer) for outer in element.iterancestors()}
        if within & {"note", "tracked-changes", "annotation"}:
            continue
        if "table-row" in within:
            continue
        text = set_text(_flow(element, raised, notes)).text
        if text:
            level = _attribute(element, "outline-level") if name_of(element) == "h" else ""
            yield Block(text, int(level) if level.isdecimal() else int(name_of(element) == "h"))


def _flow(element: _Element, raised: frozenset[str], notes: list[str]) -> Iterator[Event]:
    if element.text:
        yield element.text
    for child in element:
        name = name_of(child)
        if name == "note":
            body = next(child.iterfind("{*}note-body"), None)
            if body is not None:
                notes.append(f"{len(notes) + 1}. {line_of(body)}")
        elif name in {"s", "tab", "line-break"}:
            yield _SIGNS[name]
        elif name == "span" and _attribute(child, "style-name") in raised:
            said = raised_text(line_of(child), element.text or "", child.tail or "")
            if said:
                yield said
        elif name and name not in _LEFT_OUT:
            yield from _flow(child, raised, notes)
        if name == "table-cell":
            yield Break("\t")
        if child.tail:
            yield child.tail
