"""Evidence as CSL-JSON items, one a document: what every other format derives from.

An item holds CSL's own variables, under the names that `rag.ingest.sidecar` reads, so that an
exported item can describe the same file elsewhere. What CSL has no variable for is in
`custom`: the document's id, its kind and rights, and the quotations with their offsets.

A creator's name is divided into family and given names only where it looks like a person's in
every word: a wrong inversion ("Agency, Central Intelligence") is worse than none.

BibTeX (with biblatex's `date` and `origdate`) and RIS are written from these items.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rag.datatypes import Answer, Evidence
from rag.language import NameParts, name_parts
from rag.wording import KIND_WORDS, legible, safe_url, warned, written_date

_AND = re.compile(r"(?<!\s)\s*;\s*|(?<!\s)\s+and\s+")
_LISTED = re.compile(r",\s+(?![JS]r\b|I+\b)(?:and\s+)?|(?<!\s)\s+and\s+")
"""Between the names in a list, and never before a suffix."""

Item = dict[str, Any]
Notes = Mapping[str, str]
"""A reader's notes on quotations, by their places (see `place`)."""
NO_NOTES: Notes = {}

_SEASON = re.compile(r"(\d{4})-2([1-4])")
_DAY = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d{2}))?)?")


def _csl_names(creator: str | None) -> list[NameParts]:
    """Return the names in `creator`; it is one literal name unless all in it are persons'.

    >>> _csl_names("James Monroe")
    [{'family': 'Monroe', 'given': 'James'}]
    >>> _csl_names("Central Intelligence Agency")
    [{'literal': 'Central Intelligence Agency'}]
    >>> _csl_names("Charles de Gaulle and Zhou Enlai")
    [{'family': 'de Gaulle', 'given': 'Charles'}, {'family': 'Zhou', 'given': 'Enlai'}]
    """
    whole = " ".join(legible(creator or "").split())
    if not whole:
        return []
    people = [name_parts(part) for part in _AND.split(whole) if part]
    known = [person for person in people if person]
    return known if len(known) == len(people) else [{"literal": whole}]


def _editor_names(editor: str) -> list[NameParts]:
    """Return the name of an editor, or the names where a list of persons stands for one.

    >>> [name["family"] for name in _editor_names("Ann M. One, Bob Two, Jr., and Cy Three")]
    ['One', 'Two', 'Three']
    >>> _editor_names("Hamilton, Stanislaus Murray")
    [{'family': 'Hamilton', 'given': 'Stanislaus Murray'}]
    """
    whole = " ".join(legible(editor).split())
    listed = [name_parts(part) for part in _LISTED.split(whole) if part]
    people = [person for person in listed if person]
    return people if people and len(people) == len(listed) else _csl_names(editor)


def _inverted(name: NameParts) -> str:
    """Return a name as it is sorted: "Monroe, James", "King, Martin Luther, Jr."

    >>> _inverted({"family": "King", "given": "Martin Luther", "suffix": "Jr."})
    'King, Martin Luther, Jr.'
    """
    if "literal" in name:
        return name["literal"]
    return ", ".join(name[part] for part in ("family", "given", "suffix") if name.get(part))


def cited_evidence(answers: Iterable[Answer]) -> Iterator[Evidence]:
    """Yield the evidence of all findings, in order. The nearest passages of a claim that
    was not found are no evidence and are left out."""
    for answer in answers:
        for finding in answer.findings:
            yield from finding.evidence


def csl_items(answers: Iterable[Answer], notes: Notes = NO_NOTES) -> list[Item]:
    """Return one item for each document cited as evidence, in order of its first citation.

    Each place that was quoted is once in its item's `custom["quotations"]`, with the reader's
    note on it, if there is one.
    """
    items: dict[str, Item] = {}
    for evidence in cited_evidence(answers):
        item = items.setdefault(evidence.document_id, csl_item(evidence))
        quotation = {
            "quote": legible(evidence.quote),
            "citation": legible(evidence.citation),
            "locator": legible(evidence.locator),
            "start": evidence.start,
            "end": evidence.end,
        }
        noted = notes.get(place(evidence.document_id, evidence.start, evidence.end))
        quotation |= {"note": legible(noted)} if noted else {}
        if quotation not in item["custom"]["quotations"]:
            item["custom"]["quotations"].append(quotation)
    return list(items.values())


def csl_item(evidence: Evidence) -> Item:
    """Return the item of the document that `evidence` is from, without any quotation."""
    at = evidence.publication
    dated = _csl_date(evidence.date)
    issued = _csl_date(at.published) or dated
    at_a_publisher = bool(at.container or at.publisher)
    item: Item = {
        "id": legible(evidence.document_id),
        "type": at.type or _type(evidence),
        "title": legible(at.title or evidence.title) or legible(evidence.document_id),
        "author": _csl_names(evidence.creator),
        "editor": [name for editor in at.editors for name in _editor_names(editor)],
        "issued": issued,
        "original-date": dated if issued != dated else None,
        "container-title": legible(at.container),
        "volume": legible(at.volume),
        "issue": legible(at.issue),
        "number": legible(at.number),
        "publisher": legible(at.publisher),
        "publisher-place": legible(at.place),
        "archive": "" if at_a_publisher else legible(evidence.collection_title),
        "archive_location": "" if at_a_publisher else legible(at.archive_location),
        "URL": safe_url(evidence.url),
    }
    custom = {
        "document_id": legible(evidence.document_id),
        "kind": evidence.kind,
        "collection": legible(evidence.collection_title),
        "rights": legible(evidence.rights),
        "citation": legible(evidence.catalogued),
        "warning": legible(warned(ocr=evidence.ocr_confidence, described_by=at.described_by)),
    }
    item["custom"] = {name: value for name, value in custom.items() if value}
    item["custom"]["quotations"] = []
    return {name: value for name, value in item.items() if value}


def _csl_date(date: str | None) -> dict[str, Any] | None:
    """Return a date as CSL has it; with "edtf" where that does not say all. What is no date, or has
    no end, is in words.

    >>> _csl_date("1964-11"), _csl_date("1964-11~")
    ({'date-parts': [[1964, 11]]}, {'date-parts': [[1964, 11]], 'circa': True, 'edtf': '1964-11~'})
    >>> _csl_date("1964/1966"), _csl_date("1964/..")["literal"]
    ({'date-parts': [[1964], [1966]], 'edtf': '1964/1966'}, '1964 or later')
    >>> _csl_date("1949-22")
    {'date-parts': [[1949]], 'season': 2, 'edtf': '1949-22'}
    """
    if not date:
        return None
    found = [_DAY.fullmatch(part.rstrip("?~%")) for part in date.split("/")]
    parts = [[int(number) for number in day.groups() if number] for day in found if day]
    exact = {"edtf": date}
    if len(parts) == len(found) <= 2:
        circa = {"circa": True} if set(date) & set("?~%") else {}
        return {"date-parts": parts} | circa | (exact if circa or len(parts) > 1 else {})
    if season := _SEASON.fullmatch(date):
        return {"date-parts": [[int(season[1])]], "season": int(season[2])} | exact
    words = written_date(date)
    return {"literal": legible(words)} | (exact if words != date else {})


def _type(evidence: Evidence) -> str:
    """Return the CSL type of a document of which only its kind and its file are known."""
    of_book = evidence.publication.archive_location.lower().endswith(".epub")
    if of_book or evidence.kind == "memoir":
        return "book"
    return "manuscript" if evidence.kind == "primary" else "document"


def _quotation_note(item: Item) -> list[str]:
    """Return each quotation of an item with its place, for the notes of a reference manager.

    The place is the document's id with a fragment of characters, as RFC 5147 writes it.
    """
    return [
        f"“{' '.join(quoted['quote'].split())}”"
        f" ({quoted['locator'] + '; ' if quoted['locator'] else ''}"
        f"{place(item['id'], quoted['start'], quoted['end'])})"
        f"{' ' + ' '.join(quoted['note'].split()) if 'note' in quoted else ''}"
        for quoted in item["custom"]["quotations"]
    ]


def place(document_id: str, start: int, end: int) -> str:
    """Return the identifier of a stretch of a document's text.

    >>> place("sotu/1823-Monroe-1", 34336, 34848)
    'sotu/1823-Monroe-1#char=34336,34848'
    """
    return f"{document_id}#char={start},{end}"


_BIBTEX_TYPES = {
    "article-journal": "article",
    "article-magazine": "article",
    "article-newspaper": "article",
    "book": "book",
    "chapter": "incollection",
    "report": "report",
    "thesis": "thesis",
    "webpage": "online",
}
"""What else stands in something is "incollection", which prints that; the rest is "misc"."""
# BibTeX counts braces even behind a backslash, so a brace is written as a command.
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "#$%&_"},
    }
)
_FIELDS = {
    "publisher-place": "address",
    "volume": "volume",
    "archive": "library",
    "archive_location": "howpublished",
}


def bibtex(items: Iterable[Item]) -> str:
    """Return a BibTeX file (UTF-8); without items, a comment that says so."""
    entries = [_entry(item) for item in items]
    return "\n".join(entries) or "% No source was found to cite.\n"


def bibtex_key(document_id: str) -> str:
    """Return the key of a document, the same in every export.

    Characters that BibTeX does not take in a key are dropped; a hash of the id then keeps
    it apart from others.

    >>> bibtex_key("sotu/1823-Monroe-1")
    'sotu:1823-Monroe-1'
    >>> bibtex_key("mine/Брежнев-1965")
    'mine:-1965-f34bc1'
    """
    decomposed = unicodedata.normalize("NFKD", document_id.replace("/", ":", 1))
    key = re.sub(r"[^A-Za-z0-9:.+-]", "", decomposed)
    if key.replace(":", "/", 1) == document_id:
        return key
    digest = hashlib.sha256(document_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key or 'source'}-{digest[:6]}"


def _entry(item: Item) -> str:
    about = item["custom"]
    kind = _BIBTEX_TYPES.get(item["type"]) or (
        "incollection" if "container-title" in item else "misc"
    )
    values: dict[str, str] = {
        "title": f"{{{_escaped(item['title'])}}}",  # doubled braces keep its capitals
        "author": _names(item.get("author")),
        "editor": _names(item.get("editor")),
        "date": _bibtex_date(item.get("issued")),
        "year": _bibtex_date(item.get("issued"))[:4],
        "origdate": _bibtex_date(item.get("original-date")),
        **{field: _escaped(item.get(name, "")) for name, field in _FIELDS.items()},
        **{name: _escaped(value) for name, value in _of_kind(kind, item).items()},
        "url": _address(item.get("URL", "")),
        "copyright": _escaped(about.get("rights", "")),
        "keywords": _escaped(KIND_WORDS[about["kind"]].replace(",", "")),  # it divides keywords
        "note": _escaped(" ".join(filter(None, map(about.get, ("citation", "warning"))))),
        "annote": _escaped(" ".join(_quotation_note(item))),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in values.items() if value]
    return "\n".join([f"@{kind}{{{bibtex_key(item['id'])},", *lines, "}", ""])


def _of_kind(kind: str, item: Item) -> dict[str, str]:
    """Return the fields that an entry of a kind has for what it stands in and who published it."""
    within, publisher = item.get("container-title", ""), item.get("publisher", "")
    issue, number = item.get("issue", ""), item.get("number", "")
    match kind:
        case "article":  # BibTeX's styles know the first name, biblatex's both
            named = {"journal": within, "journaltitle": within, "publisher": publisher}
            return named | {"number": issue or number}
        case "thesis" | "report":
            about = {"type": kind.capitalize(), "institution": publisher, "booktitle": within}
            return about | {"number": number, "issue": issue}
        case "online":
            return {"organization": within, "publisher": publisher, "number": number}
    return {"booktitle": within, "publisher": publisher, "number": number, "issue": issue}


def _escaped(text: str) -> str:
    return " ".join(text.split()).translate(_LATEX)


def _names(names: list[NameParts] | None) -> str:
    # "and" within a body's name would divide it but for the braces.
    return " and ".join(
        f"{{{_escaped(name['literal'])}}}" if "literal" in name else _escaped(_in_parts(name))
        for name in names or ()
    )


def _in_parts(name: NameParts) -> str:
    """Return a person's name as BibTeX divides it: family, suffix, given."""
    if not name.get("suffix"):
        return _inverted(name)
    return f"{name['family']}, {name['suffix']}, {name['given']}"


def _bibtex_date(dated: dict[str, Any] | None) -> str:
    """Return a CSL date as biblatex has it, which knows EDTF; "" for one in words."""
    if dated and "edtf" in dated:
        return str(dated["edtf"])
    parts = (dated or {}).get("date-parts", [])
    return "/".join(
        "-".join(f"{number:0{2 if at else 4}}" for at, number in enumerate(part)) for part in parts
    )


def _address(url: str) -> str:
    return re.sub(r"[\\{}^]", lambda sign: f"%{ord(sign[0]):02X}", url)


_RIS_TYPES = {
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
    yield "TY", _RIS_TYPES.get(item["type"], "GEN")
    for name in item.get("author", ()):
        yield "AU", _inverted(name)
    for name in item.get("editor", ()):
        yield "ED", _inverted(name)
    fields = {
        "TI": item["title"],
        "T2": item.get("container-title"),
        "PY": _ris_date(item.get("issued"))[:4],
        "DA": _ris_date(item.get("issued")),
        "OP": _ris_date(item.get("original-date")),
        "CY": item.get("publisher-place"),
        "PB": item.get("publisher"),
        "VL": item.get("volume"),
        "IS": item.get("issue"),
        "SN" if item["type"] == "report" else "M1": item.get("number"),
        "DB": item.get("archive"),
        "AV": item.get("archive_location"),
        "UR": item.get("URL"),
        "C1": about.get("rights"),
        "KW": KIND_WORDS[about["kind"]],
        "AN": about["document_id"],
    }
    yield from ((tag, value) for tag, value in fields.items() if value)
    said = (about.get("citation"), about.get("warning"), *_quotation_note(item))
    yield from (("N1", note) for note in said if note)
    yield "ER", ""


def _ris_date(dated: dict[str, Any] | None) -> str:
    """Return a CSL date as year/month/day, its first day where it is a stretch of time, and then
    in words where it is no one day."""
    if dated and "edtf" in dated:
        first = dated.get("date-parts", [[int(dated["edtf"][:4])]])[:1]
        return f"{_ris_date({'date-parts': first})}/{written_date(dated['edtf'])}"
    parts = (dated or {}).get("date-parts", [])
    numbers = [f"{number:0{2 if at else 4}}" for at, number in enumerate(parts[0])] if parts else []
    return "/".join([*numbers, *[""] * (3 - len(numbers))]) if numbers else ""
