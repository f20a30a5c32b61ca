"""Word (.docx): one file is one document, its footnotes after its text, as the author last left it.

Such a file is a zip of XML parts. They are read directly: what matters here, tracked
changes and footnotes, is what the common library (python-docx) does not read. Words that a
tracked change deletes, hidden words and the codes of fields are left out; inserted words are in.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import person, shown
from rag.ingest.shared.blocks import (
    SEPARATOR,
    Block,
    Break,
    Event,
    Page,
    Raised,
    document_of_blocks,
    name_of,
    sections,
    set_text,
    with_continued,
    without_note_lists,
)
from rag.ingest.shared.decoding import BOOK, Parts, attribute, first_line, opened
from rag.ingest.shared.page_text import running_lines

if TYPE_CHECKING:
    from lxml.etree import _Element

_MAIN = "word/document.xml"
_MAIN_RELATION = "/officeDocument"
_NO_TITLE = re.compile(r"\W*|untitled\W*\d*|document ?\d*|word document|title|.*\.docx?", re.I)
_NOTE_STYLE = re.compile(r"(?:foot|end)note.?reference|superscript", re.IGNORECASE)
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CONTENTS = re.compile(r"toc ?\d", re.IGNORECASE)
_IN_CONTENTS = -1
"""The level of a line of the table of contents."""
_LEFT_OUT_WORDS = (
    "del moveFrom delText instrText delInstrText pPr rPr sdtPr "
    "sdtEndPr tblPr tblGrid trPr tcPr sectPr footnoteRef endnoteRef "
    "footnoteReference endnoteReference annotationRef rt fldChar "
    "Fallback commentReference object"
)
_LEFT_OUT = frozenset(_LEFT_OUT_WORDS.split())
_SIGNS: Mapping[str, Event] = {
    "tab": Break("\t"),
    "br": Break("\n"),
    "cr": Break("\n"),
    "noBreakHyphen": "\u2011",
}

_UNSEEN = ("vanish", "strike", "dstrike")
_HEIGHTS = ("vertAlign", "position")
_APPLIED = frozenset([*_UNSEEN, *_HEIGHTS])
_MAX_BASED = 10
"""Styles that are based on one another."""


def read_word(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a .docx file.

    Raises `UnreadableSource` if the file is damaged, protected, not of Word, or empty.
    """
    with opened(path, "a Word file", BOOK) as archive:
        parts = Parts(archive, path)
        main = _main_part(parts)
        root = parts.xml_if_there(main)
        if root is None:
            raise UnreadableSource(
                f"{shown(path)} is a zip file but not a Word file (it has no {_MAIN}); give it "
                "its proper extension"
            )
        styles, footnotes, endnotes = (
            parts.xml_if_there(posixpath.join(posixpath.dirname(main), f"{name}.xml"))
            for name in ("styles", "footnotes", "endnotes")
        )
        core = parts.xml_if_there("docProps/core.xml")
    notes = _note_texts(root, footnotes, endnotes)
    _apply_styles(root, styles)
    found = _word_blocks(root, _heading_levels(styles))
    if not found:
        raise UnreadableSource(
            f"{shown(path)} holds no text; if it holds pictures of pages, save it as PDF and "
            "read that by OCR"
        )
    title, creator, rights = (first_line(core, name) for name in ("title", "creator", "rights"))
    # The day on which the file was made is not the day of what it says: no date.
    yield document_of_blocks(
        path,
        collection,
        found,
        sections(found),
        None if _NO_TITLE.fullmatch(title) else title,
        notes,
        creator=person(creator),
        rights=None if _NO_TITLE.fullmatch(rights) else rights,
    )


def refuse_old_word(path: Path, collection: Collection) -> Iterator[SourceDocument]:  # noqa: ARG001
    """Raise `UnreadableSource`: the format of Word before 2007 is not read."""
    raise UnreadableSource(
        f"{shown(path)} is a Word file from before 2007, which cannot be read; open it in Word "
        "or LibreOffice and save it as .docx"
    )


def _main_part(parts: Parts) -> str:
    """Return the name of the part that holds the text."""
    relations = parts.xml_if_there("_rels/.rels")
    for relation in () if relations is None else relations.iter("{*}Relationship"):
        if (relation.get("Type") or "").endswith(_MAIN_RELATION):
            return (relation.get("Target") or _MAIN).lstrip("/")
    return _MAIN


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int


def _heading_levels(styles: _Element | None) -> Mapping[str, int]:
    """Return the level of each style that is a heading or a line of contents, by the style's id.

    The ids are in the language of the author's Word ("berschrift1"), the names are not.
    """
    levels: dict[str, int] = {}
    for style in () if styles is None else styles.iter("{*}style"):
        name = attribute(next(style.iterfind("{*}name"), None), "val") or ""
        named = _HEADING.match(name)
        identity = attribute(style, "styleId")
        if identity and (named or _CONTENTS.match(name)):
            levels[identity] = int(named[1]) if named else _IN_CONTENTS
    return levels


def _apply_styles(root: _Element, styles: _Element | None) -> None:
    """Write what the named styles of runs and paragraphs say of hidden and raised words to the runs
    themselves; what a run says of itself counts more."""
    said: dict[str, dict[str, _Element]] = {}
    based: dict[str, str] = {}
    for style in () if styles is None else styles.iter("{*}style"):
        name = attribute(style, "styleId") or ""
        parts = (part for inner in style.iterfind("{*}rPr") for part in inner)
        said[name] = {name_of(p): p for p in parts if name_of(p) in _APPLIED}
        based[name] = attribute(next(style.iterfind("{*}basedOn"), None), "val") or ""
    if not any(said.values()):
        return
    for mark in [*root.iter("{*}rStyle"), *root.iter("{*}pStyle")]:
        is_runs = name_of(mark) == "rStyle"
        holder, style_name = mark.getparent(), attribute(mark, "val") or ""
        outer = holder.getparent() if holder is not None else None
        properties: dict[str, _Element] = {}
        for _ in range(_MAX_BASED):
            properties = said.get(style_name, {}) | properties
            style_name = based.get(style_name, "")
        if outer is None or not properties:
            continue
        for run in [outer] if is_runs else outer.iterfind(".//{*}r"):
            own = next(run.iterfind("{*}rPr"), None)
            if own is None:
                own = run.makeelement(str(mark.tag).replace("pStyle", "rPr"))
                run.insert(0, own)
            kept = set(properties).difference(map(name_of, own), () if is_runs else _HEIGHTS)
            own.extend(copy(properties[name]) for name in kept)


def _word_blocks(root: _Element, levels: Mapping[str, int]) -> list[Block]:
    """Return the paragraphs and tables of a part in order, those without text left out."""
    made: list[Block] = []
    turned: list[bool] = []
    page_ends = False
    events: list[Event] = []
    level = 0
    for item in _flow(root, levels):
        match item:
            case _Heading():
                level = item.level
            case Break(mark) if mark == SEPARATOR:
                text = set_text(events).text
                page_ends = page_ends or any(isinstance(e, Page) for e in events[:1])
                if text:
                    made.append(Block(text, max(level, 0), boilerplate=level == _IN_CONTENTS))
                    turned.append(page_ends)
                    page_ends = any(isinstance(e, Page) for e in events[-1:])
                events, level = [], 0
            case _:
                events.append(item)
    kept, kept_turned, heads = _without_heads(without_note_lists(made), turned)
    return [*with_continued(kept, kept_turned), *heads]


def _without_heads(
    made: Sequence[Block], turned: Sequence[bool]
) -> tuple[list[Block], list[bool], list[Block]]:
    """Return blocks without the running heads and numbers that programs for scans type on each
    page, whether a page ends before each of them, and these, which are no evidence."""
    starts = [0, *(number for number, ends in enumerate(turned) if ends and number)]
    pages = [made[a:b] for a, b in pairwise([*starts, len(made)])]
    lines = [[" ".join(block.text.split()) for block in page] for page in pages]
    running = running_lines(["\n".join(page) for page in lines])
    kept: list[Block] = []
    kept_turned: list[bool] = []
    heads: list[Block] = []
    for page, of_page, spans in zip(pages, lines, running, strict=True):
        at = 0
        page_ends = bool(kept)
        for block, line in zip(page, of_page, strict=True):
            if any(span.start == at for span in spans):
                heads.append(replace(block, level=0, boilerplate=True))
            else:
                kept.append(block)
                kept_turned.append(page_ends)
                page_ends = False
            at += len(line) + 1
    return kept, kept_turned, heads


def _note_texts(root: _Element, footnotes: _Element | None, endnotes: _Element | None) -> list[str]:
    """Return the notes to which the text refers, numbered in its order, endnotes last."""
    texts: list[str] = []
    for part, reference in ((footnotes, "footnote"), (endnotes, "endnote")):
        notes = {} if part is None else {attribute(note, "id"): note for note in part}
        for mark in root.iter(f"{{*}}{reference}Reference"):
            note = notes.get(attribute(mark, "id"))
            if note is None or _is_deleted(mark):
                continue
            words = "\n".join(block.text for block in _word_blocks(note, {}))
            if words:
                texts.append(f"{len(texts) + 1}. {words}")
    return texts


def _is_deleted(element: _Element) -> bool:
    return any(name_of(outer) in {"del", "moveFrom"} for outer in element.iterancestors())


def _flow(root: _Element, levels: Mapping[str, int]) -> Iterator[Event | _Heading]:
    """Yield what a part holds, text boxes below the paragraphs on which they hang. A stack, because
    tables can be nested deeply."""
    end = Break(SEPARATOR)
    waiting: list[tuple[_Element | Event | _Heading, bool]] = [(end, False), (root, False)]
    boxed: list[_Element] = []
    while waiting:
        item, in_cell = waiting.pop()
        if isinstance(item, str | Break | Page | Raised | _Heading):
            yield item
            if item == end:
                waiting.extend((part, False) for part in reversed(boxed))
                boxed = []
            continue
        # The union also names the events that only TEI has.
        element: _Element = item  # type: ignore[assignment]
        name = name_of(element)
        if name == "txbxContent":
            boxed.extend(element)
            continue
        cell = in_cell or name == "tc"
        opened = _opened(element, name, in_cell, levels)
        waiting.extend((part, cell) for part in reversed(opened))


def _opened(
    element: _Element, name: str, in_cell: bool, levels: Mapping[str, int]
) -> list[_Element | Event | _Heading]:
    """Return what an element is made of, one step down."""
    if name == "lastRenderedPageBreak" or (name == "br" and attribute(element, "type") == "page"):
        return [Page("")]
    if name in _SIGNS:
        return [_SIGNS[name]]
    if name == "t":
        return [element.text] if element.text else []
    if name in _LEFT_OUT or not name or _is_hidden(element, name):
        return []
    if name == "r" and _is_raised(element):
        return [Raised(_words_of(element))]
    inside: list[_Element | Event | _Heading] = list(element)
    if name == "p":
        around = Break(" " if in_cell else SEPARATOR)
        style = attribute(next(element.iterfind("{*}pPr/{*}pStyle"), None), "val")
        level = levels.get(style or "", _IN_CONTENTS if _CONTENTS.fullmatch(style or "") else 0)
        heading: list[_Element | Event | _Heading] = (
            [_Heading(level)] if level and not in_cell else []
        )
        # Where the paragraph's end is deleted, the next one goes on in it.
        joined = next(element.iterfind("{*}pPr/{*}rPr/{*}del"), None) is not None
        before = [] if _follows_joined(element) else [around]
        return [*before, *heading, *inside, *([] if joined else [around])]
    mark = {"tc": "\t", "tr": "\n", "tbl": " " if in_cell else SEPARATOR}.get(name)
    if in_cell and name in {"tc", "tr"}:
        mark = " "
    return [Break(mark), *inside, Break(mark)] if mark else inside


def _follows_joined(paragraph: _Element) -> bool:
    before = paragraph.getprevious()
    return (
        before is not None
        and name_of(before) == "p"
        and next(before.iterfind("{*}pPr/{*}rPr/{*}del"), None) is not None
    )


def _is_raised(run: _Element) -> bool:
    """Return whether a run is set above the line."""
    properties = next(run.iterfind("{*}rPr"), None)
    if properties is None or not _words_of(run):
        return False
    align = attribute(next(properties.iterfind("{*}vertAlign"), None), "val")
    style = attribute(next(properties.iterfind("{*}rStyle"), None), "val") or ""
    height = attribute(next(properties.iterfind("{*}position"), None), "val") or "0"
    return (
        align == "superscript"
        or bool(_NOTE_STYLE.search(style))
        or (height.isdecimal() and int(height) > 0)
    )


def _words_of(run: _Element) -> str:
    return "".join(part.text or "" for part in run.iterfind("{*}t"))


def _is_hidden(element: _Element, name: str) -> bool:
    """Return whether a run is hidden, or a row of a table deleted."""
    if name == "r":
        unseen = (part for name in _UNSEEN for part in element.iterfind(f"{{*}}rPr/{{*}}{name}"))
        return any(attribute(part, "val") not in {"0", "false", "off"} for part in unseen)
    return name == "tr" and next(element.iterfind("{*}trPr/{*}del"), None) is not None
