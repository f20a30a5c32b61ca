"""METS: which files are the pages of a work, in which order, and which numbers they carry.

Libraries put such a record into the folder of the pages or beside it. What it says of the work
itself stands in it as MODS, Dublin Core or MARC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rag.errors import UnreadableSource
from rag.ingest.names import printable
from rag.ingest.shared.blocks import name_of
from rag.ingest.shared.decoding import parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_LABEL = re.compile(r"(?:[^\W\d_]{1,9}\.?\s+)?[\[(]?(\d{1,5}|[ivxlcIVXLC]{1,7})[\])]?\.?")
"""The number of a page in its label: "12", "Page 12", "[iv]"."""

_MAX_NUMBER = 12


@dataclass(frozen=True, slots=True)
class MetsPage:
    """A page: its printed number, "" where none is given, and the places of its files."""

    number: str
    files: tuple[str, ...]


def mets_pages(raw: bytes) -> list[MetsPage]:
    """Return the pages that a record lists, in order; [] where it lists none, or is no METS."""
    try:
        root = parse_xml(raw, "the record")
    except UnreadableSource:
        return []
    if name_of(root) != "mets":
        return []
    places = {
        file.get("ID"): _href(where)
        for file in root.iter("{*}file")
        for where in file.iter("{*}FLocat")
    }
    maps = sorted(
        root.iter("{*}structMap"), key=lambda n: (n.get("TYPE") or "").casefold() != "physical"
    )
    for structure in maps:
        found = [
            (_order(part), MetsPage(_number(part), files))
            for part in structure.iter("{*}div")
            if (files := tuple(filter(None, map(places.get, _ids(part)))))
        ]
        if len(found) > 1:
            orders = [order for order, _ in found]
            if None not in orders and len(set(orders)) == len(orders):
                found.sort(key=lambda n: n[0] or 0)
            return [page for _, page in found]
    return []


def _href(where: _Element) -> str:
    given = (value for name, value in where.items() if str(name).rpartition("}")[2] == "href")
    return unquote(next(given, "")).replace("\\", "/")


def _ids(part: _Element) -> Iterator[str]:
    """Yield the ids of the files of a division itself, not of those within it."""
    for pointer in part.iterfind("{*}fptr"):
        for place in pointer.iter("{*}fptr", "{*}area"):
            if name := place.get("FILEID"):
                yield name


def _order(part: _Element) -> int | None:
    given = part.get("ORDER") or ""
    return int(given) if given.isdecimal() else None


def _number(part: _Element) -> str:
    own = printable(part.get("ORDERLABEL") or "").strip()
    if own and len(own) <= _MAX_NUMBER:
        found = _LABEL.fullmatch(own)
        return found[1] if found else own
    found = _LABEL.fullmatch(printable(part.get("LABEL") or "").strip())
    return found[1] if found else ""
