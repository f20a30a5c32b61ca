"""TEI, as the Office of the Historian publishes *Foreign Relations of the United States*.

A volume holds hundreds of documents (`<div type="document">`), each a source document of
its own. Prefaces, lists of names and the index are in the volume but are not evidence.
Any other TEI file is read as one document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, Kind, Locator, SourceDocument, Span
from rag.dates import iso_date, stretch_of
from rag.errors import UnreadableSource
from rag.ingest.names import (
    file_id,
    file_title,
    in_file,
    in_order,
    person,
    printable,
    shown,
    slug,
)
from rag.ingest.readers.tei.elements import (
    Volume,
    flow,
    header_text,
    is_apart,
    is_enclosure,
    one_line,
    read_volume,
)
from rag.ingest.shared.blocks import Running, name_of, set_text
from rag.ingest.shared.books import by_line, is_author
from rag.ingest.shared.decoding import BLANK_LINES, paragraph_locators, parse_xml
from rag.language import to_edtf

if TYPE_CHECKING:
    from lxml.etree import _Element

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_ROOTS = frozenset({"TEI", "TEI.2", "teiCorpus", "teiCorpus.2"})

_EDITORIAL = re.compile(r"(?:(?:No\.\s*)?\d+\.?\s*)?\[?editorial notes?\b", re.IGNORECASE)
# In the editors' brackets: the archive's reference, what was left out, what comes next.
_BRACKETED = re.compile(
    r"^\[(?:Source: [^\n]*|[^\n\]]*not declassified[^\n\]]*"
    r"|(?:Extracts?|Enclosure|Attachment|Annex|Tab)\b[^\n\]]{0,12})\]$"
    r"|\[(?:Here follow|Omitted here|Here the|There follow)[^\n\]]*\]",
    re.MULTILINE,
)
_DATE_ATTRIBUTES = ("when", "value", "notBefore", "from", "notAfter", "to")

_NO_EVIDENCE_WORDS = (
    "titlePage titlepage title half-title toc contents index advert advertisement "
    "bibliography colophon errata"
)
_NO_EVIDENCE = frozenset(_NO_EVIDENCE_WORDS.split())
"""Parts of a text's front and back, by element or type, that say nothing about the past."""

_LETTERS = frozenset(
    [
        "letter",
        "despatch",
        "dispatch",
        "telegram",
        "memorandum",
        "report",
        "charter",
        "deed",
        "minute",
    ]
)
"""Types of divisions that have a writer and a date of their own."""


@dataclass(frozen=True, slots=True)
class _DocumentElement:
    """A document's element, its number in the file, and the page on which it begins.

    `enclosed`: where it is an enclosure, its number in the document that it was sent with.
    """

    element: _Element
    position: int
    page: str | None
    enclosed: int = 0
    parent: _DocumentElement | None = None


def read_tei(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Return the documents of a TEI file, in its order.

    A corpus holds texts with headers of their own, a group several texts under one; each is
    a document. Raises `UnreadableSource` if the file is not well-formed, not TEI, or uses
    entities of its own. The iterator raises it for a document without any text; asked again,
    it goes on with the next document.
    """
    root = _parse(path)
    texts = list(root.iter("{*}TEI", "{*}TEI.2")) or [root]
    # `map`, because a generator would be at its end after the first error.
    return chain.from_iterable(
        _documents(path, text, number if len(texts) > 1 else 0, collection)
        for number, text in enumerate(texts, start=1)
    )


def _documents(
    path: Path, root: _Element, number: int, collection: Collection
) -> Iterator[SourceDocument]:
    entries = _document_entries(root)
    if entries:
        return map(partial(_document, read_volume(path, root, collection)), entries)
    texts = [(name, parts, _by_others(parts, _authors(root))) for name, parts in _texts(root)]
    texts += [
        ("/".join(filter(None, [name, slug(part.get(_XML_ID) or f"part-{n}")])), [part], [])
        for name, _, others in texts
        for n, part in enumerate(others, start=1)
    ]
    return map(partial(_whole, path, root, number, collection), texts)


def _parse(path: Path) -> _Element:
    """Return the root of a TEI file; no entity is expanded, nothing else is opened.

    Raises `UnreadableSource`.
    """
    root = parse_xml(path.read_bytes(), shown(path))
    if name_of(root) not in _ROOTS:
        raise UnreadableSource(
            f"{shown(path)} is XML but not TEI (its root is <{printable(name_of(root))}>); "
            "of XML, TEI, ALTO, PAGE and EAD are read: convert it to text, or leave it out"
        )
    return root


def _document_entries(root: _Element) -> list[_DocumentElement]:
    """Return the elements marked as documents, and the enclosures in them, each with the page
    on which it begins."""
    entries: list[_DocumentElement] = []
    known: dict[_Element, _DocumentElement] = {}
    enclosed: Counter[_Element] = Counter()
    page: str | None = None
    for element in root.iter("{*}pb", "{*}div", "{*}floatingText", "{*}attachment"):
        if name_of(element) == "pb":
            page = element.get("n")
        elif element.get("type") == "document":
            entries.append(_DocumentElement(element, len(entries) + 1, page))
            known[element] = entries[-1]
        elif is_enclosure(element):
            parent = next((known[a] for a in element.iterancestors() if a in known), None)
            if parent is not None:
                enclosed[parent.element] += 1
                number = enclosed[parent.element]
                entries.append(_DocumentElement(element, len(entries) + 1, page, number, parent))
    return entries


def _document(volume: Volume, entry: _DocumentElement) -> SourceDocument:
    element = entry.element
    name = _name(entry)
    head = next((child for child in element if name_of(child) == "head"), None)
    title = one_line(head) if head is not None else ""
    outer = entry if entry.parent is None else entry.parent
    number = outer.element.get("n") or _name(outer)
    unnumbered = re.sub(rf"^(?:No\.\s*)?{re.escape(number)}\.\s+", "", title)
    own = set_text(flow(element), entry.page)
    if not own.text:
        raise UnreadableSource(f"{shown(volume.path)}: document {name} holds no text; see the file")
    text, excluded = _with_notes(own)
    url = volume.collection.url
    xml_id = outer.element.get(_XML_ID)
    if entry.parent is not None:
        number = f"{number}, enclosure {entry.enclosed}"
        title = title or f"Enclosure {entry.enclosed}"
    return SourceDocument(
        document_id=f"{volume.collection.collection_id}/{name}",
        title=title or name,
        text=text,
        collection=volume.collection,
        publication=replace(volume.publication, number=number, title=unnumbered),
        creator=_signed(element) if entry.parent is not None else None,
        date=_entry_date(entry),
        url=f"{url}/{xml_id}" if url and xml_id else url,
        kind=_kind(element, title),
        locators=own.pages,
        excluded=excluded,
        origin=shown(volume.path),
    )


def _name(entry: _DocumentElement) -> str:
    xml_id = entry.element.get(_XML_ID)
    if entry.parent is not None:
        return f"{_name(entry.parent)}/{slug(xml_id) if xml_id else f'enclosure-{entry.enclosed}'}"
    return slug(xml_id) if xml_id else f"document-{entry.position}"


def _signed(element: _Element) -> str | None:
    """Return who signed a paper, None where nobody did."""
    for signed in element.iter("{*}signed"):
        own = next(a for a in signed.iterancestors() if a is element or is_enclosure(a))
        name = one_line(signed).strip(" .,")
        if own is element and name:
            return name
    return None


def _entry_date(entry: _DocumentElement) -> str | None:
    """Return when a document was made. An enclosure without a date is as old as what it was
    sent with, or older: its year is uncertain."""
    own = _document_date(entry.element)
    if own is None and entry.parent is not None:
        sent = _entry_date(entry.parent)
        return f"{sent[:4]}?" if sent else None
    return own


def _texts(root: _Element) -> list[tuple[str, list[_Element]]]:
    """Return the texts of a file, each followed by the papers that were sent with it."""
    found: list[tuple[str, list[_Element]]] = []
    for name, parts in _outer_texts(root):
        found.append((name, parts))
        inside = [n for part in parts for n in part.iter() if is_enclosure(n) and n not in parts]
        found += [
            ("/".join(filter(None, [name, f"enclosure-{number}"])), [element])
            for number, element in enumerate(inside, start=1)
        ]
    return found


def _outer_texts(root: _Element) -> list[tuple[str, list[_Element]]]:
    """Return the texts of a file, each with its name in it and its parts: "" and all of the one
    text, or the members of a group, with what stands before and behind them."""
    outer = next((child for child in root if name_of(child) == "text"), None)
    if outer is None:  # a transcription line by line has no text, but a sourceDoc
        parts = list(root.iter("{*}body"))[:1] or list(root.iter("{*}sourceDoc"))[:1]
        return [("", parts)]
    members = [
        text
        for text in outer.iter("{*}text")
        if text is not outer
        and not any(name_of(part) == "group" for part in text)
        and any(name_of(outer) == "group" for outer in list(text.iterancestors())[:1])
    ]
    if not members and (letters := _letters(outer)):
        front, back = ([part for part in outer if name_of(part) == n] for n in ("front", "back"))
        around = [(name, parts) for name, parts in (("front", front), ("back", back))]
        own = [(slug(n.get(_XML_ID) or f"letter-{i}"), [n]) for i, n in enumerate(letters, start=1)]
        said = [(name, parts) for name, parts in around if any(map(_says, parts))]
        return [*own, *said]
    if not members:
        return [("", list(outer))]
    named = [
        (slug(text.get(_XML_ID) or f"text-{number}"), list(text))
        for number, text in enumerate(members, start=1)
    ]
    front = [part for part in outer if name_of(part) == "front"]
    back = [part for part in outer if name_of(part) == "back"]
    before = [("front", front)] if any(map(_says, front)) else []
    return [*before, *named, *([("back", back)] if any(map(_says, back)) else [])]


def _letters(text: _Element) -> list[_Element]:
    """Return the letters or papers that are all there is in a text's body, [] where there is
    more, or only one."""
    body = next((part for part in text if name_of(part) == "body"), None)
    inside = (
        [] if body is None else [part for part in body if name_of(part) not in {"", "pb", "head"}]
    )
    own = all(
        name_of(part).startswith("div") and (part.get("type") or "").casefold() in _LETTERS
        for part in inside
    )
    return inside if own and len(inside) > 1 else []


def _says(part: _Element) -> bool:
    return bool(set_text(flow(part)).text)


def _whole(
    path: Path,
    root: _Element,
    number: int,
    collection: Collection,
    named: tuple[str, list[_Element], list[_Element]],
) -> SourceDocument:
    """Return a text without marked documents as one document: what precedes its body, the body
    and what follows it."""
    name, parts, others = named
    text, pages, excluded = _joined_parts(parts, others)
    if not text:
        raise UnreadableSource(f"{shown(path)} is TEI without any text in its body; leave it out")
    title = header_text(root, "titleStmt", "title") or file_title(path)
    creator = _authors(root)
    header = next((child for child in root if name_of(child) == "teiHeader"), root)
    sender, sent = _sent(header)
    creator = sender or creator
    date = sent or _first_date(header, "creation") or _first_date(header, "sourceDesc")
    kind: Kind = "unknown"
    if name:
        own = _heading_of(parts)
        title = f"{own or name}, in {title}" if own != title else title
        creator = (
            _author_of(parts)
            or _signer(parts)
            or (creator if name not in {"front", "back"} and not is_enclosure(parts[0]) else None)
        )
        date = next((found for part in parts if (found := _document_date(part))), None) or date
        kind = "editorial" if name == "front" else "unknown"
    if not pages:
        said = Span(
            0, min((part.start for part in excluded if part.end == len(text)), default=len(text))
        )
        pages = tuple(paragraph_locators(text, BLANK_LINES, said))
    identity = [file_id(path, collection)]
    identity += [slug(root.get(_XML_ID) or f"text-{number}")] if number else []
    identity += [name] if name else []
    return SourceDocument(
        document_id="/".join(identity),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        creator=creator,
        date=date,
        kind=kind,
        locators=pages,
        excluded=excluded,
        origin=shown(path),
    )


def _sent(header: _Element) -> tuple[str | None, str | None]:
    """Return who sent a letter, and when, as its header describes a correspondence."""
    for action in header.iter("{*}correspAction"):
        if action.get("type") == "sent":
            names = (one_line(n) for n in action.iter("{*}persName", "{*}orgName", "{*}name"))
            dates = (_date_of(dated) for dated in action.iter("{*}date"))
            return next(filter(None, names), None), next(filter(None, dates), None)
    return None, None


def _authors(root: _Element) -> str | None:
    """Return the authors that the header names, all of them."""
    for statement in root.iter("{*}titleStmt"):
        names = dict.fromkeys(
            filter(None, (person(_as_said(one_line(n))) for n in statement.iter("{*}author")))
        )
        if names:
            return " and ".join(names)
    return None


def _as_said(name: str) -> str:
    """Return a name that libraries file as documents have it: "Holt, Ann." is "Ann Holt"."""
    return in_order(name.rstrip(".") if "," in name else name)


def _heading_of(parts: Sequence[_Element]) -> str:
    heads = (one_line(head) for part in parts for head in part.iter("{*}head", "{*}titlePart"))
    return next((head for head in heads if head), "")


def _signer(parts: Sequence[_Element]) -> str | None:
    """Return who signed a letter that is a division by itself, or all that a text holds."""
    if len(parts) == 1 and (parts[0].get("type") in _LETTERS or is_enclosure(parts[0])):
        return _signed(parts[0])
    divisions = [n for part in parts for n in part if name_of(n).startswith("div")]
    if len(divisions) != 1 or divisions[0].get("type") not in _LETTERS:
        return None
    return _signed(divisions[0])


def _author_of(parts: Sequence[_Element]) -> str | None:
    lines = (line for part in parts for line in part.iter("{*}docAuthor", "{*}byline"))
    return next(filter(None, map(_named_in, lines)), None)


def _named_in(line: _Element) -> str | None:
    """Return the author that a line of authors names, None for a translator and the like."""
    said = one_line(line)
    if name_of(line) == "docAuthor":
        return by_line(said) or said or None
    return by_line(said) or (None if re.search(r"\bby\b", said, re.IGNORECASE) else said or None)


def _by_others(parts: Sequence[_Element], creator: str | None) -> list[_Element]:
    """Return the divisions in the parts of a text of which it says that somebody else than its
    author wrote them."""
    if not creator or not {name_of(part) for part in parts} & {"front", "body", "back"}:
        return []
    outer = (part for part in parts if name_of(part) in {"front", "body", "back"})
    divisions = (n for part in outer for n in part if name_of(n).startswith("div"))
    named = (
        (division, name)
        for division in divisions
        for line in division
        if name_of(line) in {"byline", "docAuthor"}
        for name in [_named_in(line)]
    )
    found = [division for division, name in named if name and not is_author(name, creator)]
    return list(dict.fromkeys(found))


def _joined_parts(
    parts: Sequence[_Element], without: Sequence[_Element] = ()
) -> tuple[str, tuple[Locator, ...], tuple[Span, ...]]:
    """Return the parts of a text as one, with its pages and what of it is no evidence."""
    text = ""
    pages: list[Locator] = []
    excluded: list[Span] = []
    notes: list[_Element] = []
    page: str | None = None
    for part in parts:
        outside = name_of(part) in {"front", "back"}
        apart = any(element.getparent() is part for element in without)
        for element in part if outside or apart else [part]:
            if element in without:
                continue
            own = set_text(flow(element), page)
            page = next((mark.get("n") for mark in reversed(list(element.iter("{*}pb")))), page)
            if name_of(element) == "pb":
                page = element.get("n")
            notes += own.notes
            if not own.text:
                continue
            start = len(text) + (2 if text else 0)
            text = f"{text}\n\n{own.text}" if text else own.text
            pages += (_moved(place, start) for place in own.pages)
            if outside and {name_of(element), element.get("type")} & _NO_EVIDENCE:
                excluded.append(Span(start, len(text)))
    whole, aside = _with_notes(Running(text, tuple(pages), tuple(notes)))
    return whole, tuple(pages), (*excluded, *aside)


def _moved(place: Locator, by: int) -> Locator:
    return replace(place, span=Span(place.span.start + by, place.span.end + by))


def _with_notes(own: Running) -> tuple[str, tuple[Span, ...]]:
    """Return the document's text followed by its notes, and what of it is no evidence."""
    bracketed = tuple(Span(*found.span()) for found in _BRACKETED.finditer(own.text))
    notes = _notes(own.notes)
    if not notes:
        return own.text, bracketed
    text = "\n\n".join([own.text, "Notes", *notes])
    return text, (*bracketed, Span(len(own.text), len(text)))


def _notes(elements: tuple[_Element, ...]) -> list[str]:
    """Return the editors' notes as text, a note within a note after it."""
    lines: list[str] = []
    for element in elements:
        note = set_text(flow(element))
        number = element.get("n")
        if note.text:
            lines.append(f"{printable(number)}. {note.text}" if number else note.text)
        lines.extend(_notes(note.notes))
    return lines


def _kind(element: _Element, title: str) -> Kind:
    if element.get("subtype") == "editorial-note" or _EDITORIAL.match(title):
        return "editorial"
    return "primary"


def _document_date(element: _Element) -> str | None:
    """Return when a document was made: the catalogued date, else that of its dateline."""
    bounds = {
        str(name).rpartition("-")[2]: iso_date(str(value))
        for name, value in element.attrib.items()
        if re.search(r"doc-dateTime-(?:min|max)$", str(name))
    }
    if bounds.get("min"):
        return stretch_of(bounds["min"], bounds.get("max") or bounds["min"])
    within = ("dateline", "opener", "head")
    found = next((found for name in within if (found := _first_date(element, name))), None)
    return found or _said_in_dateline(element)


def _said_in_dateline(element: _Element) -> str | None:
    """Return the date that a document's own dateline says without marking it as one."""
    for line in element.iter("{*}dateline"):
        if not any(is_apart(outer) for outer in _between(line, element)):
            return to_edtf(one_line(line)) or None
    return None


def _first_date(element: _Element, within: str) -> str | None:
    """Return the first date in such a part, of this document and not of one in it."""
    for part in element.iter(f"{{*}}{within}"):
        if any(is_apart(outer) for outer in _between(part, element)):
            continue
        for dated in part.iter("{*}date", "{*}origDate"):
            if any(name_of(outer) == "note" for outer in dated.iterancestors()):
                continue
            if found := _date_of(dated):
                return found
    return None


def _between(inner: _Element, outer: _Element) -> Iterator[_Element]:
    for element in inner.iterancestors():
        if element is outer:
            return
        yield element


def _date_of(dated: _Element) -> str | None:
    """Return a TEI date: a day, or the stretch that its attributes give, else what it says."""
    values = {name: dated.get(name, "").strip() for name in _DATE_ATTRIBUTES}
    when = values["when"] or values["value"]
    day = iso_date(when) if "/" not in when else to_edtf(when)
    first = iso_date(values["notBefore"] or values["from"])
    last = iso_date(values["notAfter"] or values["to"])
    of_edition = any(name_of(outer).startswith("bibl") for outer in dated.iterancestors())
    said = "" if of_edition else to_edtf(one_line(dated))
    return day or stretch_of(first, last) or said or None
