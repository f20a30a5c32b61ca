"""From TEI elements to running text, and what a file's header says of its volume.

`flow` walks an element and says what it meets: what is a line, what a paragraph, where pages turn.
`set_text` turns that into one string with the offsets at which pages begin. Footnotes are handed
out apart, because they are the editors' words and not the document's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, Publication
from rag.ingest.names import file_title, printable, slug
from rag.ingest.shared.blocks import Break, Event, Loose, Note, Page, Raised, name_of, set_text
from rag.ingest.shared.notes import LINKED_MARK, MARK

if TYPE_CHECKING:
    from lxml.etree import _Element

_IN_PROSE = ("p", "head", "ab", "lg", "sp", "list", "table", "epigraph", "argument")
_IN_LETTERS = ("opener", "closer", "dateline", "postscript", "salute", "trailer", "byline")
_DIVISIONS = (
    "div",
    "div1",
    "div2",
    "div3",
    "div4",
    "attachment",
    "floatingText",
    "listBibl",
    "surface",
    "zone",
)
_PARAGRAPHS = frozenset((*_IN_PROSE, *_IN_LETTERS, *_DIVISIONS))
_LINES = frozenset(["item", "row", "l", "line", "signed", "speaker", "stage", "castItem"])
# These are lines of their own only in such places; elsewhere they stand in a sentence.
_LINES_WITHIN = {"seg": ("opener", "closer", "div"), "bibl": ("listBibl",), "label": ("list",)}
_RUNNING_HEAD = "fw"
_RAISED = re.compile(r"\bsup(?:er(?:script)?)?\b|\bsupralinear-?note\b", re.IGNORECASE)
_RAISED_LIMIT = 12
_NOTE_TYPE = re.compile(r"note-?(?:anchor|ref|mark)|^(?:foot|end)?note$", re.IGNORECASE)
_ENCLOSED = frozenset(["enclosure", "inclosure", "attachment"])
# Of two readings in a `choice` the document's own is kept, not the editors'.
_CORRECTIONS = frozenset({"corr", "reg", "expan"})
# Of several in an `app` the edition's own is kept, else the first.
_VARIANTS = frozenset({"app", "rdgGrp"})
_READINGS = frozenset({"rdg", "rdgGrp"})
# What the writer struck out, what stands in the text by mistake, and an editor's description.
_ASIDE = frozenset({"del", "surplus", "secl", "figDesc"})
# Where a line end is part of the layout; in prose it is only where the printer's line
# was full.
_LINED = frozenset(["opener", "closer", "signed", "dateline", "salute", "address"])
# Inside these a paragraph would tear apart what is one line.
_TIGHT = {"item": "\n", "row": "\n", "cell": " ", "opener": "\n", "closer": "\n", "list": "\n"}


def flow(element: _Element) -> Iterator[Event]:
    """Yield what `element` holds, in reading order, its own tail left out."""
    around = _separation(element)
    if around:
        yield Break(around)
    if element.text:
        yield _characters(element.text)
    for child in element:
        yield from _child(child)
        if child.tail:
            yield _characters(child.tail)
    if around and name_of(element) != "label":
        yield Break(around)


def _child(child: _Element) -> Iterator[Event]:
    name = name_of(child)
    if name in {"note", "noteGrp"} or is_apart(child):
        if not is_apart(child):
            yield Note(child)
        # What is left out can hold the only mark of a page's beginning: a long footnote
        # that runs on to the next page, a document within this one.
        for mark in child.iter("{*}pb"):
            yield Page(mark.get("n"))
    elif name == "pb" or (name == "milestone" and child.get("unit") == "page"):
        yield Page(child.get("n"))
    elif name == "lb":
        parent = child.getparent()
        lined = parent is not None and name_of(parent) in _LINED
        broken = _before(child).rstrip().endswith(("-", "\u00ac", "\u00ad", "\u2010"))
        if broken or child.get("break") != "no":
            yield Break("\n") if lined or broken else " "
    elif name in {"hi", "ref", "seg"} and _is_raised(child):
        said = _said(child)
        # A letter that is a link refers to a note, too.
        if name != "ref" or MARK.fullmatch(said.strip()) or not LINKED_MARK.fullmatch(said.strip()):
            yield Raised(said)
    elif name == "ref" and _is_note_mark(child):
        return
    elif name == "gap":
        yield "[…]"
    elif name in _ASIDE or _is_variant(child):
        yield Note(child)
    elif name and name != _RUNNING_HEAD and not _is_correction(child):
        yield from flow(child)


def is_apart(element: _Element) -> bool:
    """Return whether an element is a document of its own within another one, or its notes."""
    name = name_of(element)
    return is_enclosure(element) or (name.startswith("div") and element.get("type") == "document")


def is_enclosure(element: _Element) -> bool:
    """Return whether an element is a paper that was sent with another one."""
    name = name_of(element)
    if name == "attachment":
        return True
    inner = name == "floatingText" or name.startswith("div")
    return inner and (element.get("type") or "").casefold() in _ENCLOSED


def _is_raised(element: _Element) -> bool:
    """Return whether a short piece is set above the line."""
    given = (element.get(name) or "" for name in ("rend", "rendition", "style"))
    rendered = " ".join(given)
    return bool(_RAISED.search(rendered)) and len(_said(element)) <= _RAISED_LIMIT


def _is_note_mark(ref: _Element) -> bool:
    """Return whether a reference says that it is one to a note, or is a number that stands at a
    word without a space: "300<ref>7"."""
    if _NOTE_TYPE.search(ref.get("type") or ""):
        return True
    before = _before(ref)
    return (
        bool(ref.get("target"))
        and before[-1:].strip() != ""
        and before[-1:] not in "([{-–—/"
        and MARK.fullmatch(_said(ref).strip()) is not None
    )


def _said(element: _Element) -> str:
    return "".join(str(text) for text in element.itertext())


def _before(element: _Element) -> str:
    """Return what stands right before an element in its line."""
    previous = element.getprevious()
    parent = element.getparent()
    if previous is not None:
        return previous.tail or ""
    return parent.text or "" if parent is not None else ""


def _is_correction(element: _Element) -> bool:
    parent = element.getparent()
    chosen = parent is not None and name_of(parent) == "choice"
    return chosen and name_of(element) in _CORRECTIONS


def _is_variant(element: _Element) -> bool:
    """Return whether an element is a reading that an edition gives beside the one in its text."""
    parent = element.getparent()
    if parent is None or name_of(parent) not in _VARIANTS:
        return False
    own = parent.find("{*}lem")
    readings = (part for part in parent if name_of(part) in _READINGS)
    return element is not (own if own is not None else next(readings, None))


def _characters(text: str) -> Event:
    return Loose() if text.isspace() and "\n" in text else text


def _separation(element: _Element) -> str:
    """Return the mark that stands before and after an element, "" for one in the line."""
    name = name_of(element)
    parent = element.getparent()
    within = name_of(parent) if parent is not None else ""
    if name == "cell":
        return "\t"
    if name == "item":
        before = element.getprevious()
        return " " if before is not None and name_of(before) == "label" else "\n"
    if name == "quote":
        return "\n\n" if element.get("rend") == "blockquote" else ""
    if name in _PARAGRAPHS:
        if name == "list" and within == "p":
            return "\n"
        return _TIGHT.get(within, "\n\n")
    return "\n" if name in _LINES or within in _LINES_WITHIN.get(name, ()) else ""


_HISTORY = "https://history.state.gov/historicaldocuments"
_PUBLIC_DOMAIN = "Public domain (work of the US government)"


@dataclass(frozen=True, slots=True)
class Volume:
    """The volume that a document stands in."""

    path: Path
    collection: Collection
    publication: Publication


def read_volume(path: Path, root: _Element, given: Collection) -> Volume:
    """Return what the header says of a volume: a collection of its own."""
    number = header_text(root, "publicationStmt", "idno", type="frus")
    title = header_text(root, "titleStmt", "title", type="complete") or header_text(
        root, "titleStmt", "title"
    )
    of_frus = bool(number) or path.stem.startswith("frus")
    name = slug(number or path.stem)
    collection = Collection(
        collection_id=name,
        title=title or file_title(path),
        rights=_PUBLIC_DOMAIN if of_frus else given.rights,
        url=f"{_HISTORY}/{name}" if of_frus else given.url,
    )
    return Volume(path, collection, _publication(root, collection.title))


def _publication(root: _Element, title: str) -> Publication:
    """Return who edited and published a volume."""
    statement = next(root.iter("{*}titleStmt"), None)
    editors = [] if statement is None else list(statement.iter("{*}editor"))
    primary = [editor for editor in editors if editor.get("role") == "primary"] or editors
    publisher = header_text(root, "publicationStmt", "publisher") or ""
    return Publication(
        type="chapter",
        container=title,
        editors=tuple(name for name in map(one_line, primary) if name),
        publisher=publisher.replace("United States Government Printing", "Government Printing"),
        place=header_text(root, "publicationStmt", "pubPlace") or "",
        published=header_text(root, "publicationStmt", "date") or "",
    )


def header_text(root: _Element, statement: str, name: str, **attributes: str) -> str | None:
    """Return the first such element's text in a statement of the header, if there is any."""
    for part in root.iter(f"{{*}}{statement}"):
        for element in part.iter(f"{{*}}{name}"):
            if all(element.get(key) == value for key, value in attributes.items()):
                text = one_line(element)
                if text:
                    return text
    return None


def one_line(element: _Element) -> str:
    """Return an element's text on one line, its notes left out."""
    return printable(set_text(flow(element)).text)
