"""Running text from the pieces that a reader meets: words, separations, turns of pages, notes.

A reader of markup yields events; `set_text` turns them into one string with the offsets at
which pages begin. Notes are handed out apart, because they are not the document's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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


_LOOSE = "loose"

# The stronger of two separations that meet is kept.
_RANK = ("", _LOOSE, " ", "\t", "\n", "\n\n")

_OPENING = tuple("([{“‘")

_CLOSING = re.compile(r"[)\]},.;:?!”’]|'s\b")


def name_of(element: _Element) -> str:
    """Return an element's name without its namespace, "" for a comment or the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


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
