"""Evidence as CSL-JSON items, one a document: what every other format derives from.

An item holds CSL's own variables, under the names that `rag.ingest.csl` reads, so that an
exported item can describe the same file elsewhere. What CSL has no variable for is in
`custom`: the document's id, its kind and rights, and the quotations with their offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rag.datatypes import Answer, Evidence
from rag.dossier.names import csl_names
from rag.evidence import citation
from rag.wording import legible, safe_url

Item = dict[str, Any]

_DAY = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d{2}))?)?")

# What the readers' own citations say beyond the fields of a document.
_VOLUME = re.compile(
    r"(?:, eds?\. (?P<editors>[^()]+))?(?: \((?P<imprint>[^()]+)\))?, Document (?P<number>\S+)"
)
_IMPRINT = re.compile(r"(?:(?P<place>[^:]+): )?(?P<publisher>.+?)(?:, (?P<year>\d{4}))?")
_ONLINE = re.compile(r", online by (?P<editors>[^,]+), (?P<archive>[^,]+), https?://\S+")
_LIBRARY = re.compile(r" \((?P<library>Project Gutenberg|Standard Ebooks)(?: eBook \d+)?\)")
_FILE = re.compile(r" \(file (?P<file>.+)\)")


@dataclass(frozen=True, slots=True)
class Edition:
    """Where a document was published or lies, as far as its citation tells."""

    type: str
    title: str
    fields: tuple[tuple[str, Any], ...] = ()
    year: int | None = None
    """The year of a volume in which a document was printed later; None for all others."""


def cited_evidence(answers: Iterable[Answer]) -> Iterator[Evidence]:
    """Yield the evidence of all findings, in order. The nearest passages of a claim that
    was not found are no evidence and are left out."""
    for answer in answers:
        for finding in answer.findings:
            yield from finding.evidence


def csl_items(answers: Iterable[Answer]) -> list[Item]:
    """Return one item for each document cited as evidence, in order of its first citation.

    Each place that was quoted is once in its item's `custom["quotations"]`.
    """
    items: dict[str, Item] = {}
    for evidence in cited_evidence(answers):
        item = items.setdefault(evidence.document_id, csl_item(evidence))
        quotation = {
            "quote": legible(evidence.quote),
            "locator": legible(evidence.locator),
            "start": evidence.start,
            "end": evidence.end,
        }
        if quotation not in item["custom"]["quotations"]:
            item["custom"]["quotations"].append(quotation)
    return list(items.values())


def csl_item(evidence: Evidence) -> Item:
    """Return the item of the document that `evidence` is from, without any quotation."""
    edition = _edition(evidence)
    dated = csl_date(evidence.date)
    issued = {"date-parts": [[edition.year]]} if edition and edition.year else dated
    item: Item = {
        "id": legible(evidence.document_id),
        "type": edition.type if edition else _type(evidence),
        "title": legible(edition.title if edition else evidence.title),
        "author": csl_names(evidence.creator),
        "issued": issued,
        "original-date": dated if issued != dated else None,
        "URL": safe_url(evidence.url),
    }
    if edition:
        item |= edition.fields
    else:
        item["archive"] = legible(evidence.collection_title)
    custom = {
        "document_id": legible(evidence.document_id),
        "kind": evidence.kind,
        "collection": legible(evidence.collection_title),
        "rights": legible(evidence.rights),
        # A citation of no form known here was written by a person, and counts.
        "citation": None if edition else legible(_of_document(evidence)),
    }
    item["custom"] = {name: value for name, value in custom.items() if value}
    item["custom"]["quotations"] = []
    return {name: value for name, value in item.items() if value}


def csl_date(date: str | None) -> dict[str, Any] | None:
    """Return an ISO or EDTF date as CSL has it; what is neither stays as it is written.

    >>> csl_date("1964-11~")
    {'date-parts': [[1964, 11]], 'circa': True}
    >>> csl_date("1964/1966"), csl_date("1964/..")
    ({'date-parts': [[1964], [1966]]}, {'literal': '1964/..'})
    """
    if not date:
        return None
    found = [_DAY.fullmatch(part.rstrip("?~%")) for part in date.split("/")]
    parts = [[int(number) for number in day.groups() if number] for day in found if day]
    if len(parts) != len(found) or len(parts) > 2:
        return {"literal": legible(date)}
    return {"date-parts": parts} | ({"circa": True} if set(date) & set("?~%") else {})


def _type(evidence: Evidence) -> str:
    """Return the CSL type of a document of which only its kind is known."""
    if evidence.kind == "memoir":
        return "book"
    return "manuscript" if evidence.kind == "primary" else "document"


def _of_document(evidence: Evidence) -> str:
    """Return the citation without the place in the document."""
    place = citation("", evidence.locator, ocr=evidence.ocr_confidence is not None)
    whole = evidence.citation
    return whole.removesuffix(place).removesuffix(", ") if place else whole


def _edition(evidence: Evidence) -> Edition | None:
    """Return what the citation tells, None where it has no form known here."""
    cited = _of_document(evidence)
    volume = evidence.collection_title
    if cited.startswith(volume) and (found := _VOLUME.fullmatch(cited, len(volume))):
        return _in_volume(evidence, found)
    if found := _ONLINE.search(cited):
        year = (evidence.date or "")[:4]
        title = evidence.title.removesuffix(f", {year}")
        fields = {
            "container-title": legible(found["archive"]),
            "editor": csl_names(found["editors"], persons=True),
        }
        return Edition("webpage", title, tuple(fields.items()))
    if found := _LIBRARY.search(cited):
        return Edition("book", evidence.title, (("publisher", found["library"]),))
    if found := _FILE.search(cited):
        file = legible(found["file"])
        kind = "book" if file.lower().endswith(".epub") else _type(evidence)
        lies = {"archive": legible(evidence.collection_title), "archive_location": file}
        return Edition(kind, evidence.title, tuple(lies.items()))
    return None


def _in_volume(evidence: Evidence, found: re.Match[str]) -> Edition:
    number = found["number"]
    imprint = _IMPRINT.fullmatch(found["imprint"] or "")
    title = re.sub(rf"(?:No\.\s*)?{re.escape(number)}\.\s+", "", evidence.title, count=1)
    fields = {
        "container-title": legible(evidence.collection_title),
        "editor": csl_names(found["editors"], persons=True),
        "number": legible(number),
        "publisher-place": imprint and imprint["place"],
        "publisher": imprint and imprint["publisher"],
    }
    year = int(imprint["year"]) if imprint and imprint["year"] else None
    kept = tuple((name, value) for name, value in fields.items() if value)
    return Edition("chapter", title or evidence.title, kept, year)


def quotation_note(item: Item) -> list[str]:
    """Return each quotation of an item with its place, for the notes of a reference manager.

    The place is the document's id with a fragment of characters, as RFC 5147 writes it.
    """
    return [
        f"“{' '.join(quoted['quote'].split())}”"
        f" ({quoted['locator'] + '; ' if quoted['locator'] else ''}"
        f"{place(item['id'], quoted['start'], quoted['end'])})"
        for quoted in item["custom"]["quotations"]
    ]


def place(document_id: str, start: int, end: int) -> str:
    """Return the identifier of a stretch of a document's text.

    >>> place("sotu/1823-Monroe-1", 34336, 34848)
    'sotu/1823-Monroe-1#char=34336,34848'
    """
    return f"{document_id}#char={start},{end}"
