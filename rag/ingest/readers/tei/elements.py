"""From TEI elements to running text: what is a line, what a paragraph, where pages turn.

`flow` walks an element and says what it meets; `set_text` turns that into one string
with the offsets at which pages begin. Footnotes are handed out apart, because they are
the editors' words and not the document's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.ingest.shared.note_marks import LINKED_MARK, raised_text
from rag.ingest.shared.running import Break, Event, Loose, Note, Page, name_of

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
PARAGRAPHS = frozenset((*_IN_PROSE, *_IN_LETTERS, *_DIVISIONS))
LINES = frozenset(["item", "row", "l", "line", "signed", "speaker", "stage"])
# These are lines of their own only in such places; elsewhere they stand in a sentence.
_LINES_WITHIN = {"seg": ("opener", "closer", "div"), "bibl": ("listBibl",), "label": ("list",)}
_RUNNING_HEAD = "fw"
_RAISED = re.compile(r"\bsup(?:er(?:script)?)?\b|\bsupralinear-?note\b", re.IGNORECASE)
_RAISED_LIMIT = 12
_NOTE_TYPE = re.compile(r"note-?(?:anchor|ref|mark)|^(?:foot|end)?note$", re.IGNORECASE)
# Of two readings in a `choice` the document's own is kept, not the editors'.
_CORRECTIONS = frozenset({"corr", "reg", "expan"})
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
    elif name == "pb":
        yield Page(child.get("n"))
    elif name == "lb":
        parent = child.getparent()
        lined = parent is not None and name_of(parent) in _LINED
        if child.get("break") != "no":
            broken = _before(child).rstrip().endswith(("-", "\u00ac", "\u00ad", "\u2010"))
            yield Break("\n") if lined or broken else " "
    elif name in {"hi", "ref", "seg"} and _is_raised(child):
        said = raised_text(_said(child), _before(child), child.tail or "")
        if said and not (name == "ref" and LINKED_MARK.fullmatch(said.strip())):
            yield said
    elif name == "ref" and _NOTE_TYPE.search(child.get("type") or ""):
        return
    elif name == "gap":
        yield "[…]"
    elif name in _ASIDE:
        yield Note(child)
    elif name and name != _RUNNING_HEAD and not _is_correction(child):
        yield from flow(child)


def is_apart(element: _Element) -> bool:
    """Return whether an element is a document of its own within another one, or its notes."""
    name = name_of(element)
    if name == "attachment":
        return True
    return name.startswith("div") and element.get("type") == "document"


def _is_raised(element: _Element) -> bool:
    """Return whether a short piece is set above the line."""
    rendered = f"{element.get('rend') or ''} {element.get('rendition') or ''}"
    return bool(_RAISED.search(rendered)) and len(_said(element)) <= _RAISED_LIMIT


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
    if name in PARAGRAPHS:
        if name == "list" and within == "p":
            return "\n"
        return _TIGHT.get(within, "\n\n")
    return "\n" if name in LINES or within in _LINES_WITHIN.get(name, ()) else ""
