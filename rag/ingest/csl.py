"""CSL-JSON, which reference managers such as Zotero export, as the fields of a sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OWN = ("kind", "citation", "rights", "document_id", "creator", "date", "url")
"""Fields of ours that CSL does not know and that may stand in an item all the same."""
_VARIABLES = {
    "type": "type",
    "container": "container-title",
    "volume": "volume",
    "issue": "issue",
    "number": "number",
    "publisher": "publisher",
    "place": "publisher-place",
}
_MARKS = frozenset(
    ["author", "issued", "original-date", "URL", "container-title", "publisher-place"]
)


def is_csl(content: Any) -> bool:
    """Return whether this is CSL-JSON: a list of items, or one item."""
    if isinstance(content, list):
        return True
    return isinstance(content, dict) and any(name in content for name in _MARKS)


def plain_fields(content: Any) -> Mapping[str, Any]:
    """Return the fields of the one item; raises `ValueError` if there is not just one.

    >>> plain_fields([{"title": "A", "issued": {"date-parts": [[1964, 11]]}}])
    {'title': 'A', 'date': '1964-11'}
    """
    items = content if isinstance(content, list) else [content]
    if len(items) != 1 or not isinstance(items[0], dict):
        raise ValueError(
            f"it holds {len(items)} items of CSL-JSON where one is expected; export the one "
            "item that describes the file"
        )
    item = items[0]
    # The date on which a letter was written, not that of the reprint.
    dated = item.get("original-date") or item.get("issued")
    found = {
        "title": item.get("title"),
        "creator": _people(item.get("author")),
        "date": _date(dated),
        "url": item.get("URL"),
        "editors": _people(item.get("editor")),
        "published": _date(item.get("issued")) if item.get("original-date") else None,
    } | {name: item.get(variable) for name, variable in _VARIABLES.items()}
    custom = item.get("custom")
    own = {**(custom if isinstance(custom, dict) else {}), **item}
    found |= {name: own[name] for name in _OWN if name in own}
    return {name: value for name, value in found.items() if value is not None}


def _people(authors: Any) -> Any:
    """Return the names as one text; what is no list of names is left for the check."""
    if not isinstance(authors, list):
        return authors
    names = []
    for author in authors:
        if not isinstance(author, dict):
            return authors
        parts = [author.get(part) for part in ("given", "non-dropping-particle", "family")]
        name = " ".join(str(part) for part in parts if part)
        names.append(str(author.get("literal") or name))
    return " and ".join(name for name in names if name) or None


def _date(dated: Any) -> Any:
    """Return a CSL date as EDTF text; what is none is left for the check."""
    if not isinstance(dated, dict):
        return dated
    parts = dated.get("date-parts")
    if not isinstance(parts, list) or not parts:
        return dated.get("edtf") or dated.get("raw") or dated.get("literal")
    mark = "~" if dated.get("circa") else ""
    return "/".join(f"{_hyphened(part)}{mark}" for part in parts)


def _hyphened(part: Any) -> str:
    if not isinstance(part, list):
        return str(part)
    return "-".join(
        str(number).zfill(4 if at == 0 else 2) for at, number in enumerate(part) if number
    )
