"""From TEI elements to running text: what is a line, what a paragraph, where pages turn.

`flow` walks an element and says what it meets; `set_text` turns that into one string
with the offsets at which pages begin. Footnotes are handed out apart, because they are
the editors' words and not the document's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.datatypes import Locator, Span
from rag.ingest.names import printable

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class Break:
    """A separation: "\\t" between cells, "\\n" between lines, "\\n\\n" between paragraphs."""

    mark: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page begins; None where its number is not given."""

    number: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """An editors' note."""

    element: _Element


@dataclass(frozen=True, slots=True)
class Loose:
    """White space between two tags that holds a line end: perhaps only indentation.

    Indented TEI has "(<hi>\\n  <name>Gibson" for "(Gibson": such a space is left out
    beside a bracket or before punctuation.
    """


Event = str | Break | Page | Note | Loose


@dataclass(frozen=True, slots=True)
class Running:
    """A text, its pages in order, and the notes that belong to it."""

    text: str
    pages: tuple[Locator, ...]
    notes: tuple[_Element, ...]


_IN_PROSE = ("p", "head", "ab", "lg", "sp", "list", "table", "epigraph", "argument")
_IN_LETTERS = ("opener", "closer", "dateline", "postscript", "salute", "trailer", "byline")
_DIVISIONS = ("div", "div1", "div2", "div3", "div4", "attachment", "floatingText", "listBibl")
PARAGRAPHS = frozenset((*_IN_PROSE, *_IN_LETTERS, *_DIVISIONS))
LINES = frozenset(["item", "row", "l", "signed", "speaker", "stage"])
# These are lines of their own only in such places; elsewhere they stand in a sentence.
_LINES_WITHIN = {"seg": ("opener", "closer", "div"), "bibl": ("listBibl",), "label": ("list",)}
_RUNNING_HEAD = "fw"
# Of two readings in a `choice` the document's own is kept, not the editors'.
_CORRECTIONS = frozenset({"corr", "reg", "expan"})
# Where a line end is part of the layout; in prose it is only where the printer's line
# was full.
_LINED = frozenset(["opener", "closer", "signed", "dateline", "salute", "address"])
# Inside these a paragraph would tear apart what is one line.
_TIGHT = {"item": "\n", "row": "\n", "cell": " ", "opener": "\n", "closer": "\n", "list": "\n"}

_LOOSE = "loose"
# The stronger of two separations that meet is kept.
_RANK = ("", _LOOSE, " ", "\t", "\n", "\n\n")
_OPENING = tuple("([{“‘")
_CLOSING = re.compile(r"[)\]},.;:?!”’]|'s\b")


def name_of(element: _Element) -> str:
    """Return an element's name without its namespace, "" for a comment or the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


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


def set_text(events: Iterable[Event], page: str | None = None) -> Running:
    """Return the text of `events`, white space collapsed, with its pages and notes.

    `page` is the page on which the text begins.
    """
    setter = _Setter(page)
    notes: list[_Element] = []
    for event in events:
        match event:
            case str():
                setter.words(event)
            case Break():
                setter.separate(event.mark)
            case Loose():
                setter.separate(_LOOSE)
            case Page():
                setter.turn(event.number)
            case Note():
                notes.append(event.element)
    return Running("".join(setter.parts), setter.pages(), tuple(notes))


class _Setter:
    """The text so far, and the separation that stands before the next word."""

    def __init__(self, page: str | None) -> None:
        self.parts: list[str] = []
        self._length = 0
        self._waiting = ""
        self._page = page
        self._turns: list[tuple[int, str | None]] = []
        self._turned = True

    def words(self, text: str) -> None:
        if text[0].isspace():
            self.separate(" ")
        words = " ".join(text.split())
        if not words:
            return
        if self.parts:
            self._put(self._separation_before(words))
        # Where a page begins is known only now: at its first word.
        if self._turned:
            self._turns.append((self._length, self._page))
            self._turned = False
        self._put(words)
        self._waiting = " " if text[-1].isspace() else ""

    def separate(self, mark: str) -> None:
        self._waiting = max(self._waiting, mark, key=_RANK.index)

    def turn(self, number: str | None) -> None:
        self._page = number
        self._turned = True

    def pages(self) -> tuple[Locator, ...]:
        bounds = [*(start for start, _ in self._turns), self._length]
        return tuple(
            Locator(Span(start, end), f"p. {printable(number)}")
            for (start, number), end in zip(self._turns, bounds[1:], strict=True)
            if number
        )

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)

    def _separation_before(self, words: str) -> str:
        if self._waiting != _LOOSE:
            return self._waiting
        beside_mark = self.parts[-1].endswith(_OPENING) or _CLOSING.match(words)
        return "" if beside_mark else " "


def _child(child: _Element) -> Iterator[Event]:
    name = name_of(child)
    if name == "note" or (name == "div" and child.get("type") == "document"):
        if name == "note":
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
            yield Break("\n") if lined else " "
    elif name == "gap":
        yield "[…]"
    elif name and name != _RUNNING_HEAD and not _is_correction(child):
        yield from flow(child)


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
