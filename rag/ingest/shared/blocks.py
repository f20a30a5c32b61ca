"""Blocks of text, and the running text in them: what readers of pages, books and Word files make.

Blocks are paragraphs, headings and tables. They are joined by blank lines, and a citation names
the section and the paragraph within it.

A reader of markup yields events (words, separations, turns of pages, notes); `set_text` turns them
into one string with the offsets at which pages begin. Notes are handed out apart, because they are
not the document's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from rag.datatypes import Collection, Locator, SourceDocument, Span
from rag.ingest.names import About, file_document, printable
from rag.ingest.shared.notes import bracketed_notes, merged, raised_text
from rag.language import continues_sentence

if TYPE_CHECKING:
    from lxml.etree import _Element

_NOTES_HEADING = re.compile(r"\W*(?P<sure>(?:foot|end)-?)?notes?\W*", re.IGNORECASE)
_TRANSCRIBERS = re.compile(r"\W{0,3}transcriber['’]?s['’]? notes?\b[.:]?", re.IGNORECASE)
_NOTE = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§]{1,3})[\])]?[.:]?\s")
SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, heading or table.

    `level` is that of a heading, 0 for others. `names` are the ids by which links point
    to it. `boilerplate`: what is no evidence, a library's words about the file or a note.
    `pages`: the printed pages that it stands on, as places in its text.
    """

    text: str
    level: int = 0
    names: tuple[str, ...] = ()
    boilerplate: bool = False
    pages: tuple[Locator, ...] = ()


_LABEL_LIMIT = 80
_CONTEXT = 400


def document_of_blocks(
    path: Path,
    collection: Collection,
    parts: Sequence[Block],
    labels: Mapping[int, str],
    title: str | None = None,
    notes_below: Sequence[str] = (),
    **about: Unpack[About],
) -> SourceDocument:
    """Return the document that the blocks of a file make. `labels`: of the sections, by the number
    of their first block; `notes_below`: the notes that stand behind the text, and are no evidence.
    """
    text, spans = join(parts)
    about["locators"] = _place(parts, spans, labels)
    about["excluded"] = _boilerplate_spans(parts, spans)
    if notes_below:
        whole = SEPARATOR.join([text, "Notes", *notes_below])
        about["excluded"] = (*about["excluded"], Span(len(text), len(whole)))
        text = whole
    return file_document(path, collection, text, title, **about)


def with_continued(parts: Sequence[Block], turned: Sequence[bool]) -> list[Block]:
    """Return the blocks with those made one that a page's end parts within a sentence. `turned`:
    whether a page ends before each of them."""
    made: list[Block] = []
    for block, page_ends in zip(parts, turned, strict=True):
        if made and page_ends and _goes_on(made[-1], block):
            before = made[-1]
            by = len(before.text) + 1
            moved = (replace(p, span=Span(p.span.start + by, p.span.end + by)) for p in block.pages)
            text = f"{before.text}\n{block.text}"
            made[-1] = replace(before, text=text, pages=(*before.pages, *moved))
        else:
            made.append(block)
    return made


def _goes_on(before: Block, after: Block) -> bool:
    """Return whether a paragraph goes on in another one."""
    apart = before.level or after.level or after.names or before.boilerplate != after.boilerplate
    return not apart and continues_sentence(before.text[-_CONTEXT:], after.text)


def join(parts: Sequence[Block]) -> tuple[str, list[Span]]:
    """Return the blocks as one text, and where each stands in it."""
    spans = []
    start = 0
    for block in parts:
        spans.append(Span(start, start + len(block.text)))
        start += len(block.text) + len(SEPARATOR)
    return SEPARATOR.join(block.text for block in parts), spans


def _place(
    parts: Sequence[Block], spans: Sequence[Span], sections: Mapping[int, str]
) -> tuple[Locator, ...]:
    """Return a locator for each block: "section Terms, paragraph 2".

    Where the file has the printed pages, it is "section Terms, p. 12".
    `sections` gives the label of the section that begins with the block of that number,
    "" for none: paragraphs are counted anew in each. A heading has the number of the
    paragraph below it. Boilerplate is no place to cite.
    """
    places: list[Locator] = []
    section = ""
    number = 0
    for index, (block, span) in enumerate(zip(parts, spans, strict=True)):
        if index in sections:
            section, number = sections[index], 0
        if block.boilerplate:
            continue
        number += not block.level
        counted = f"paragraph {number + bool(block.level)}"
        for part, label in _labelled(block, counted):
            whole = f"{section}, {label}" if section else label
            places.append(Locator(Span(span.start + part.start, span.start + part.end), whole))
    return tuple(places)


def _labelled(block: Block, counted: str) -> Iterator[tuple[Span, str]]:
    """Yield the parts of a block by printed page; what is on none is counted."""
    at = 0
    for page in block.pages:
        if at < page.span.start:
            yield Span(at, page.span.start), counted
        yield page.span, page.label
        at = page.span.end
    if at < len(block.text):
        yield Span(at, len(block.text)), counted


def _boilerplate_spans(parts: Sequence[Block], spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the stretches of boilerplate, neighbours as one, and the notes of editors and
    transcribers that stand in brackets between the author's words."""
    found: list[Span] = []
    previous = False
    for block, span in zip(parts, spans, strict=True):
        if block.boilerplate:
            found.append(Span(found.pop().start, span.end) if previous else span)
        elif "[" in block.text or "(" in block.text:
            notes = merged(list(bracketed_notes(block.text)))
            found += [Span(span.start + note.start, span.start + note.end) for note in notes]
        previous = block.boilerplate
    return tuple(found)


def without_note_lists(parts: Sequence[Block]) -> list[Block]:
    """Return the blocks with notes marked as boilerplate: numbered ones below a heading "Notes",
    all below "Footnotes" or "Endnotes", and those of transcribers."""
    found: list[Block] = []
    listed = sure = below_transcribers = False
    for block in parts:
        held = block.boilerplate  # by an element of notes, whose end is the end of the list
        heading = _NOTES_HEADING.fullmatch(block.text)
        transcribers = _TRANSCRIBERS.match(block.text)
        if block.level or heading:
            listed = heading is not None and not held
            sure = bool(listed and heading and heading["sure"])
        elif listed and not block.boilerplate:
            listed = sure or bool(_NOTE.match(block.text))
            block = replace(block, boilerplate=listed)
        sure = sure or (listed and not block.level and block.boilerplate and heading is None)
        if transcribers or (below_transcribers and not block.level):
            block = replace(block, boilerplate=True)
        alone = transcribers is not None and transcribers.end() == len(block.text)
        below_transcribers = alone and not held
        found.append(block)
    return found


def outside(parts: Sequence[Block], spans: Sequence[Span], body: Span) -> list[Block]:
    """Return the blocks with those that lie outside `body` marked as boilerplate."""
    return [
        block if span.overlaps(body) else replace(block, boilerplate=True)
        for block, span in zip(parts, spans, strict=True)
    ]


def short(text: str) -> str:
    """Return a heading on one line, cut at a word where it is too long for a citation."""
    line = " ".join(text.split()).rstrip(" .:")
    if len(line) <= _LABEL_LIMIT:
        return line
    return f"{line[:_LABEL_LIMIT].rpartition(' ')[0] or line[:_LABEL_LIMIT]}…"


def sections(parts: Sequence[Block]) -> dict[int, str]:
    """Return the label of each section by the number of its heading.

    A single heading is the page's title, which tells no place from another.
    """
    headings = {n: b for n, b in enumerate(parts) if b.level and not b.boilerplate}
    if len(headings) < 2:
        return {}
    return {n: f"section {short(block.text)}" for n, block in headings.items()}


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


@dataclass(frozen=True, slots=True)
class Raised:
    """Words above the line: a note's mark, or what their neighbours make of them ("km²")."""

    text: str


Event = str | Break | Page | Note | Loose | Raised


@dataclass(frozen=True, slots=True)
class Running:
    """A text, its pages in order, and the notes that belong to it."""

    text: str
    pages: tuple[Locator, ...]
    notes: tuple[_Element, ...]


_LOOSE = "loose"
# Pieces before a raised one that are looked at.
_NEIGHBOURS = 8

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
    waiting = ""
    for event in (*events, Break("")):
        # What follows a raised piece is known only now; it may be in several runs.
        if waiting and not isinstance(event, Raised):
            setter.raise_(waiting, event if isinstance(event, str) else "")
            waiting = ""
        match event:
            case str():
                setter.words(event)
            case Raised():
                waiting += event.text
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

    def raise_(self, text: str, after: str) -> None:
        before = "".join(self.parts[-_NEIGHBOURS:]) + " " * bool(self._waiting)
        if said := raised_text(text, before, after):
            self.words(said)

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
