"""What library records in XML say of a work: MODS, Dublin Core, MARC, METS around them, and the
Internet Archive's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.ingest.dates import edtf_date
from rag.ingest.shared.markup import line_of, parse_xml
from rag.ingest.shared.running import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|20\d\d)(?:-(?:0\d|1[0-2])(?:-[0-3]\d)?)?(?!\d)")
_LIFE_DATES = re.compile(r"(?:,\s*|(?<![\s,])\s+|(?<!\s))\d{4}\??-?(?:\d{4}\??)?\.?$")
_CREATORS = ("creator", "author")
_DATES = ("dateCreated", "dateIssued", "date", "created", "issued", "copyrightDate")


def record_fields(raw: bytes) -> dict[str, str]:
    """Return the title, creator and date that a record gives, those that it has.

    Raises `UnreadableSource` if it is no XML.
    """
    root = parse_xml(raw, "the record")
    found = {"title": _title(root), "creator": _creator(root), "date": _date(root)}
    return {name: value for name, value in found.items() if value}


def _title(root: _Element) -> str:
    for field in _marc(root, "245"):
        parts = (line_of(part) for part in field if part.get("code") in {"a", "b", "n", "p"})
        return " ".join(parts).strip(" /:;")
    for info in root.iter("{*}titleInfo"):
        if info.get("type") is None:
            parts = (line_of(part) for part in info if name_of(part) != "nonSort" or line_of(part))
            return ": ".join(filter(None, parts))
    return next(_lines(root, ("title",)), "")


def _creator(root: _Element) -> str:
    for tag in ("100", "110"):
        for field in _marc(root, tag):
            parts = (line_of(part) for part in field if part.get("code") == "a")
            return _in_order(" ".join(parts).strip(" ,."))
    names = [
        _in_order(" ".join(line_of(part) for part in name if name_of(part) == "namePart"))
        for name in root.iter("{*}name")
        if any(_is_author(role) for role in name.iter("{*}roleTerm"))
        or name.get("usage") == "primary"
    ]
    return " and ".join(filter(None, names)) or _in_order(next(_lines(root, _CREATORS), ""))


def _is_author(role: _Element) -> bool:
    return line_of(role).casefold().strip(".") in {"author", "creator", "aut", "cre"}


def _in_order(name: str) -> str:
    """Return "Elias Thorne" for "Thorne, Elias, 1790-1860"."""
    parts = [part.strip() for part in _LIFE_DATES.sub("", name).split(",")]
    return f"{parts[1]} {parts[0]}".strip() if len(parts) == 2 else name


def _date(root: _Element) -> str:
    marc = (line_of(part) for tag in ("260", "264") for field in _marc(root, tag) for part in field)
    for text in (*_lines(root, _DATES), *marc):
        if found := _YEAR.search(text):
            try:
                return edtf_date(found[0])
            except ValueError:
                continue
    return ""


def _marc(root: _Element, tag: str) -> Iterator[_Element]:
    return (field for field in root.iter("{*}datafield") if field.get("tag") == tag)


def _lines(root: _Element, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for element in root.iter(f"{{*}}{name}", name):
            if text := line_of(element).strip():
                yield text
