"""CSL items as RIS, which Zotero, EndNote and library catalogues read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rag.dossier.csl import Item, inverted, quotation_note
from rag.wording import KIND_WORDS

_TYPES = {
    "article-journal": "JOUR",
    "article-magazine": "MGZN",
    "article-newspaper": "NEWS",
    "bill": "BILL",
    "book": "BOOK",
    "chapter": "CHAP",
    "hearing": "HEAR",
    "legal_case": "CASE",
    "legislation": "STAT",
    "manuscript": "MANSCPT",
    "map": "MAP",
    "personal_communication": "PCOMM",
    "report": "RPRT",
    "thesis": "THES",
    "webpage": "ELEC",
}
"""RIS has no type for an interview or a speech."""


def ris(items: Iterable[Item]) -> str:
    """Return a RIS file (UTF-8), lines ended as the format asks; empty without items."""
    return "".join(
        f"{tag}  - {' '.join(value.split())}\r\n" for item in items for tag, value in _record(item)
    )


def _record(item: Item) -> Iterator[tuple[str, str]]:
    about = item["custom"]
    yield "TY", _TYPES.get(item["type"], "GEN")
    for name in item.get("author", ()):
        yield "AU", inverted(name)
    for name in item.get("editor", ()):
        yield "ED", inverted(name)
    fields = {
        "TI": item["title"],
        "T2": item.get("container-title"),
        "PY": _date(item.get("issued"))[:4],
        "DA": _date(item.get("issued")),
        "OP": _date(item.get("original-date")),
        "CY": item.get("publisher-place"),
        "PB": item.get("publisher"),
        "VL": item.get("volume"),
        "IS": item.get("issue"),
        "M1": item.get("number"),
        "DB": item.get("archive"),
        "AV": item.get("archive_location"),
        "UR": item.get("URL"),
        "C1": about.get("rights"),
        "KW": KIND_WORDS[about["kind"]],
        "AN": about["document_id"],
    }
    yield from ((tag, value) for tag, value in fields.items() if value)
    said = (about.get("citation"), about.get("warning"), *quotation_note(item))
    yield from (("N1", note) for note in said if note)
    yield "ER", ""


def _date(dated: dict[str, Any] | None) -> str:
    """Return a CSL date as year/month/day, its first day where it is a stretch of time."""
    parts = (dated or {}).get("date-parts", [])
    numbers = [f"{number:0{2 if at else 4}}" for at, number in enumerate(parts[0])] if parts else []
    return "/".join([*numbers, *[""] * (3 - len(numbers))]) if numbers else ""
