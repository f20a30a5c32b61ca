"""EAD, the finding aids of archives: what a collection holds, component by component."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import shown
from rag.ingest.shared.blocks import Block, document_of_blocks, name_of
from rag.ingest.shared.decoding import line_of, parse_xml
from rag.language import to_edtf

if TYPE_CHECKING:
    from lxml.etree import _Element

_ENTRIES = frozenset(["chronitem", "defitem"])
"""A day or a word, and what is said of it."""

_PROSE = frozenset(["p", "abstract", "unittitle", "item", "event", *_ENTRIES])
_HEADERS = frozenset(["eadheader", "control", "frontmatter"])


def read_ead(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a finding aid: an archivist's words, with the unit that they
    describe as the place.

    Raises `UnreadableSource` if the file is damaged or says nothing.
    """
    root = parse_xml(path.read_bytes(), shown(path))
    parts: list[Block] = []
    labels: dict[int, str] = {}
    for element in root.iter():
        name = name_of(element)
        within = {name_of(outer) for outer in element.iterancestors()}
        if name not in _PROSE or within & (_HEADERS | _PROSE):
            continue
        text = _entry(element) if name in _ENTRIES else line_of(element)
        if name == "unittitle":
            text = ", ".join(filter(None, [text, _beside(element, "unitdate")]))
            unit = f"unit {_beside(element, 'unitid') or text[:60]}"
            labels[len(parts)] = ", ".join([unit, *_containers(element)])
        if text:
            parts.append(Block(text))
    if not parts:
        raise UnreadableSource(f"{shown(path)} is an empty finding aid; leave it out")
    dated = next((n for n in root.iter("{*}unitdate") if _of_all(n)), None)
    held = "" if dated is None else to_edtf(dated.get("normal") or line_of(dated))
    heading = next((line_of(n) for n in root.iter("{*}titleproper") if line_of(n)), None)
    yield document_of_blocks(
        path, collection, parts, labels, heading, kind="editorial", date=held or None
    )


def _entry(element: _Element) -> str:
    """Return an entry of a chronology or of a list of words as one line."""
    first, *others = [child for child in element if name_of(child)] or [element]
    said = [line_of(part) for other in others for part in _single(other)]
    return ": ".join(filter(None, [line_of(first), "; ".join(filter(None, said))]))


def _single(group: _Element) -> list[_Element]:
    return list(group.iter("{*}event")) if name_of(group) == "eventgrp" else [group]


def _containers(unit: _Element) -> Iterator[str]:
    """Yield where a unit lies: "box 3", "folder 2"."""
    around = unit.getparent()
    for found in () if around is None else around.iterfind("{*}container"):
        kind = found.get("type") or found.get("localtype") or ""
        yield f"{kind.lower()} {line_of(found)}".strip()


def _of_all(unitdate: _Element) -> bool:
    """Return whether a date is that of all that the finding aid describes."""
    return any(name_of(outer) == "archdesc" for outer in unitdate.iterancestors()) and not any(
        re.fullmatch(r"c\d*", name_of(outer)) for outer in unitdate.iterancestors()
    )


def _beside(unit: _Element, name: str) -> str:
    """Return what stands beside a unit's title."""
    around = unit.getparent()
    found = next(around.iterfind(f"{{*}}{name}"), None) if around is not None else None
    return line_of(found) if found is not None else ""
