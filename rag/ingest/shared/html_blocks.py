"""From the elements of a page to blocks of text: its paragraphs, headings and tables.

Pages of the web, of EPUB books and of old archives' sites come through here. Blocks are
joined by blank lines, and a citation names the section and the paragraph within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.ingest.shared.blocks import SEPARATOR, Block
from rag.ingest.shared.running import Break, Event, name_of, set_text

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Boilerplate:
    begins: bool


@dataclass(frozen=True, slots=True)
class _Within:
    """What an element stands in: text set line by line, a cell of a table, an article."""

    lined: bool = False
    cell: bool = False
    article: bool = False


_Item = Event | _Heading | _Name | _Boilerplate

_LEFT_OUT_WORDS = (
    "head script style noscript template nav svg iframe object "
    "applet audio video canvas button select input textarea "
    "datalist rp rt map"
)
_LEFT_OUT = frozenset(_LEFT_OUT_WORDS.split())
_LINES = frozenset(["li", "tr", "dt", "dd", "option", "legend"])
_BLOCKS_WORDS = (
    "p div section article main aside header footer blockquote ul "
    "ol dl table caption thead tbody tfoot figure figcaption pre hr "
    "address center form fieldset details summary h1 h2 h3 h4 h5 h6 "
    "body html"
)
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_ARTICLES = frozenset(["article", "section", "main", "blockquote"])
_HEADING = re.compile(r"h([1-6])")
_BOILERPLATE = re.compile(r"pg-(?:header|footer|boilerplate)\b")
# They mark where a word may be broken or a line may not, and are in the way of whoever
# looks for the word.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))


def blocks(root: _Element) -> list[Block]:
    """Return the blocks of a page in reading order, those without text left out."""
    made: list[Block] = []
    events: list[Event] = []
    names: list[str] = []
    level = 0
    # Boilerplate may lie within boilerplate.
    depth = 0
    for item in (*_flow(root), Break(SEPARATOR)):
        match item:
            case _Heading():
                level = item.level
            case _Name():
                names.append(item.name)
            case Break(mark) if mark == SEPARATOR:
                text = set_text(events).text
                if text:
                    made.append(Block(text, level, tuple(names), depth > 0))
                    # A name whose element is empty points to what comes next.
                    names = []
                events, level = [], 0
            case _Boilerplate():
                depth += 1 if item.begins else -1
            case _:
                events.append(item)
    return made


def types_of(element: _Element) -> frozenset[str]:
    """Return the `epub:type` words of an element; ARIA's "doc-" roles say the same."""
    words = [
        element.get("{http://www.idpf.org/2007/ops}type") or element.get("epub:type") or "",
        (element.get("role") or "").replace("doc-", ""),
    ]
    return frozenset(" ".join(words).split())


def _flow(root: _Element) -> Iterator[_Item]:
    """Yield what the page holds. A stack, because pages can be nested thousands deep."""
    waiting: list[tuple[_Element | _Item, _Within]] = [(root, _Within())]
    while waiting:
        item, within = waiting.pop()
        if isinstance(item, str | Break | _Heading | _Name | _Boilerplate):
            yield item
            continue
        # The union also names the events that only TEI has.
        element: _Element = item  # type: ignore[assignment]
        waiting.extend(reversed(_opened(element, within)))


def _opened(element: _Element, within: _Within) -> list[tuple[_Element | _Item, _Within]]:
    """Return what an element is made of, one step down."""
    name = name_of(element)
    items: list[tuple[_Element | _Item, _Within]] = []
    pointer = element.get("id") or (element.get("name") if name == "a" else None)
    if not name or _is_left_out(element, name, within):
        # A link may point to it all the same.
        return [(_Name(pointer), within)] if name and pointer else []
    if name in {"br", "wbr", "img"}:
        return [(Break("\n"), within)] if name == "br" else []
    inside = _Within(
        lined=within.lined or name == "pre",
        cell=within.cell or name in {"td", "th"},
        article=within.article or name in _ARTICLES,
    )
    before, after = _separations(name, within)
    marked = bool(_BOILERPLATE.search(f"{pointer or ''} {element.get('class', '')}"))
    if before:
        items.append((Break(before), within))
    if marked:
        items.append((_Boilerplate(True), within))
    if pointer:
        items.append((_Name(pointer), within))
    heading = _HEADING.fullmatch(name)
    if heading:
        items.append((_Heading(int(heading[1])), within))
    items += [(event, inside) for event in _characters(element.text, inside)]
    for child in element:
        items.append((child, inside))
        items += [(event, inside) for event in _characters(child.tail, inside)]
    if after:
        items.append((Break(after), within))
    if marked:
        items.append((_Boilerplate(False), within))
    return items


def _is_left_out(element: _Element, name: str, within: _Within) -> bool:
    if name in _LEFT_OUT or element.get("hidden") is not None:
        return True
    # The foot of a quotation or an article is part of it; that of the page is the site's.
    at_foot = name == "footer" and not within.article
    return at_foot or element.get("role") in {"navigation", "contentinfo", "search"}


def _separations(name: str, within: _Within) -> tuple[str, str]:
    """Return the marks before and after an element, "" for one in the line."""
    if name in {"td", "th"}:
        return "\t", "\t"
    if name in _LINES or name in _BLOCKS:
        # A paragraph in a cell would tear the row apart.
        mark = " " if within.cell else "\n" if name in _LINES else SEPARATOR
        return mark, mark
    return "", ""


def _characters(text: str | None, within: _Within) -> list[Event]:
    text = (text or "").translate(_INVISIBLE)
    if not within.lined:
        return [text] if text else []
    events: list[Event] = []
    for number, line in enumerate(text.splitlines() or [""]):
        # A blank line in preformatted text parts paragraphs.
        if number:
            events.append(Break("\n") if line.strip() else Break(SEPARATOR))
        if line:
            events.append(line)
    if text.endswith("\n"):
        events.append(Break("\n"))
    return events
