"""OpenDocument text (.odt, of LibreOffice): one file is one document, its notes after its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import person, shown
from rag.ingest.shared.blocks import (
    Block,
    Break,
    Event,
    Raised,
    document_of_blocks,
    name_of,
    sections,
    set_text,
    without_note_lists,
)
from rag.ingest.shared.decoding import BOOK, Parts, attribute, first_line, line_of, opened

if TYPE_CHECKING:
    from lxml.etree import _Element

_SIGNS: dict[str, Event] = {"s": " ", "tab": Break("\t"), "line-break": Break("\n")}
_BODY = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}text"
_BLOCKS = frozenset(["p", "h", "table-row"])
# What a picture is called, which is not shown.
_DRAWN = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_LEFT_OUT = frozenset(["tracked-changes", "annotation", "sequence-decls", "forms", "bookmark"])


def read_odt(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an .odt file.

    Raises `UnreadableSource` if the file is damaged, protected, no OpenDocument, or empty.
    """
    with opened(path, "an OpenDocument file", BOOK) as archive:
        parts = Parts(archive, path)
        root, meta = (parts.xml_if_there(f"{name}.xml") for name in ("content", "meta"))
    if root is None:
        raise UnreadableSource(
            f"{shown(path)} is a zip file but not an OpenDocument file; give it its proper "
            "extension"
        )
    raised = _raised_styles(root)
    _leave_out_hidden(root)
    notes: list[str] = []
    found = without_note_lists(list(_blocks(root, raised, notes)))
    if not found:
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    creator = first_line(meta, "initial-creator") or first_line(meta, "creator")
    yield document_of_blocks(
        path,
        collection,
        found,
        sections(found),
        first_line(meta, "title"),
        notes,
        creator=person(creator),
    )


def _raised_styles(root: _Element) -> frozenset[str]:
    """Return the names of the styles that set letters above the line."""
    return frozenset(
        attribute(style, "name") or ""
        for style in root.iter("{*}style")
        for properties in style.iterfind("{*}text-properties")
        if (attribute(properties, "text-position") or "").startswith(
            ("super", "1", "2", "3", "4", "5")
        )
    )


def _leave_out_hidden(root: _Element) -> None:
    """Empty what is not shown: words in a hidden style, hidden sections, paragraphs and fields."""
    hidden = {
        attribute(style, "name")
        for style in root.iter("{*}style")
        for properties in style.iterfind("{*}text-properties")
        if attribute(properties, "display") == "none"
    }
    for element in list(
        root.iter("{*}span", "{*}p", "{*}section", "{*}hidden-text", "{*}hidden-paragraph")
    ):
        unseen = (
            name_of(element) == "hidden-text"
            or (name_of(element) == "section" and attribute(element, "display") == "none")
            or attribute(element, "style-name") in hidden
        )
        if name_of(element) == "hidden-paragraph" and attribute(element, "is-hidden") == "true":
            unseen, paragraph = True, element.getparent()
            element = element if paragraph is None else paragraph
        if unseen:
            tail = element.tail
            element.clear()
            element.tail = tail


def _blocks(root: _Element, raised: frozenset[str], notes: list[str]) -> Iterator[Block]:
    body = next(root.iter(_BODY), root)
    for element in body.iter("{*}p", "{*}h", "{*}table-row"):
        within = {name_of(outer) for outer in element.iterancestors()}
        if within & {"note", "tracked-changes", "annotation"}:
            continue
        if "table-row" in within:
            continue
        text = set_text(_flow(element, raised, notes)).text
        if text:
            level = (attribute(element, "outline-level") or "") if name_of(element) == "h" else ""
            number = int(level) if level.isdecimal() else int(name_of(element) == "h")
            yield Block(text, number, boilerplate="table-of-content" in within)


def _flow(
    element: _Element, raised: frozenset[str], notes: list[str], in_row: bool = False
) -> Iterator[Event]:
    in_row = in_row or name_of(element) == "table-row"
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
        elif name in _BLOCKS:
            # What stands in a frame within a paragraph is a block of its own below it.
            if in_row:
                yield from (Break(" "), *_flow(child, raised, notes, in_row), Break(" "))
        elif name and name not in _LEFT_OUT and not str(child.tag).startswith(_DRAWN):
            above = name == "span" and attribute(child, "style-name") in raised
            for event in _flow(child, raised, notes, in_row):
                yield Raised(event) if above and isinstance(event, str) else event
        if name == "table-cell":
            yield Break("\t")
        if child.tail:
            yield child.tail
