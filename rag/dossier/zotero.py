"""Sources for Zotero: as Zotero RDF, and sent to a Zotero that runs on this computer.

A source has its quotations as notes attached to it. BibTeX and RIS have room for notes, too, but
Zotero joins those into one field or one note. What is written here is what Zotero's own
translators ("Zotero RDF", "RDF") write and read.

Zotero listens on loopback for its browser connector, and imports there what is posted to it as
it would import a file (zotero/zotero, `server_connector.js`): so what is sent is the file that
is also exported, its notes included. Nothing but this computer is ever asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rag.datatypes import ZOTERO_TYPES, Answer
from rag.dossier.blocks import Extract, paragraphs
from rag.dossier.csl import Item, csl_items, place
from rag.errors import ZoteroError
from rag.wording import KIND_WORDS, counted, escape

if TYPE_CHECKING:
    from lxml.etree import _Element

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "z": "http://www.zotero.org/namespaces/export#",
    "bib": "http://purl.org/net/biblio#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prism": "http://prismstandard.org/namespaces/1.2/basic/",
    "vcard": "http://nwalsh.com/rdf/vCard#",
}
_NODES = {
    "book": "bib:Book",
    "bookSection": "bib:BookSection",
    "journalArticle": "bib:Article",
    "magazineArticle": "bib:Article",
    "newspaperArticle": "bib:Article",
    "manuscript": "bib:Manuscript",
    "webpage": "bib:Document",
}
"""The class of an item's node; Zotero goes by `z:itemType`, others by this."""
_CONTAINERS = {
    "bookSection": "bib:Book",
    "journalArticle": "bib:Journal",
    "magazineArticle": "bib:Periodical",
    "newspaperArticle": "bib:Newspaper",
    "webpage": "z:Website",
}
"""What an item stands in, by its type; the others have no field for it."""

_PERIODICALS = frozenset({"journalArticle", "magazineArticle", "newspaperArticle"})
"""The types of items that have an issue."""

_AUTHORS = {
    "bill": "z:sponsors",
    "hearing": "bib:contributors",
    "interview": "z:interviewees",
    "map": "z:cartographers",
    "presentation": "z:presenters",
}
"""As what Zotero has the author of an item, by its type, where that is not "author"."""

_EDITED = frozenset({"book", "bookSection", "document", "journalArticle", "report"})
"""The types of items that have editors; to the others an editor is a contributor."""

_LAW = ("bill", "case", "statute")
_WITHOUT = {
    "volume": (
        *("document", "hearing", "interview", "letter", "manuscript", "map", "presentation"),
        *("report", "statute", "thesis", "webpage"),
    ),
    "publisher": (*_LAW, "letter", "presentation"),
    "publisher-place": (*_LAW, "letter"),
    "archive": (*_LAW, "hearing", "presentation", "webpage"),
    "archive_location": (*_LAW, "hearing", "presentation", "webpage"),
}
"""Variables of CSL, each with the types of items that have no field for it (zotero/zotero-schema,
version 41)."""


def zotero_rdf(items: Iterable[Item]) -> str:
    """Return a file (UTF-8) that Zotero imports; without any source if there are no items."""
    from lxml import etree

    root = etree.Element(_name("rdf:RDF"), nsmap=NAMESPACES)
    for number, item in enumerate(items, 1):
        notes = [f"#note_{number}_{at}" for at, _ in enumerate(item["custom"]["quotations"], 1)]
        _add_item(root, item, f"#item_{number}", notes)
        for note, quoted in zip(notes, item["custom"]["quotations"], strict=True):
            memo = _add(root, "bib:Memo")
            memo.set(_name("rdf:about"), note)
            _add(memo, "rdf:value", _note_html(quoted, item))
    written = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written.decode("utf-8")


def _note_html(quoted: dict[str, Any], item: Item) -> str:
    """Return a quotation as a note: its words, its citation with a link, where to check it."""
    words = "".join(
        f"<p>{'<br/>'.join(map(escape, ''.join(part for part, _ in parts).splitlines()))}</p>"
        for parts in paragraphs(Extract("", quoted["quote"], ""))
    )
    url = item.get("URL", "")
    link = f'<a href="{escape(url)}">{escape(url)}</a>' if url else ""
    before, found, after = (
        quoted["citation"].partition(url) if url else (quoted["citation"], "", "")
    )
    cited = f"{escape(before)}{link}{escape(after)}" if found else f"{escape(before)} {link}"
    checked = escape(place(item["id"], quoted["start"], quoted["end"]))
    noted = "".join(f"<p>{escape(line)}</p>" for line in quoted.get("note", "").splitlines())
    return (
        f"<blockquote>{words}</blockquote><p>{cited.strip()}</p>{noted}"
        f"<p>Source Finder: {checked}</p>"
    )


def _add_item(root: _Element, item: Item, name: str, notes: list[str]) -> None:
    kind = ZOTERO_TYPES.get(item["type"], "document")
    node = _add(root, _NODES.get(kind, "rdf:Description"))
    node.set(_name("rdf:about"), name)
    _add(node, "z:itemType", kind)
    within = node
    if item.get("container-title") and kind in _CONTAINERS:
        within = _add(_add(node, "dcterms:isPartOf"), _CONTAINERS[kind])
        _add(within, "dc:title", item["container-title"])
    _add_if(within, "prism:volume", item.get("volume"))
    if kind in _PERIODICALS:
        _add_if(within, "prism:number", item.get("issue"))
    _add_publisher(node, item)
    for part, names in _creators(item, kind).items():
        _add_creators(node, part, names)
    _add(node, "dc:title", item["title"])
    _add_if(node, "dc:date", _written(item.get("issued")))
    if item.get("URL"):
        address = _add(_add(node, "dc:identifier"), "dcterms:URI")
        _add(address, "rdf:value", item["URL"])
    _add_if(node, "z:archive", item.get("archive"))
    _add_if(node, "dc:coverage", item.get("archive_location"))
    _add_if(node, "dc:rights", item["custom"].get("rights"))
    _add(node, "dc:subject", KIND_WORDS[item["custom"]["kind"]])
    _add(node, "dc:description", _extra(item, kind))
    for note in notes:
        _add(node, "dcterms:isReferencedBy").set(_name("rdf:resource"), note)


def _creators(item: Item, kind: str) -> dict[str, list[dict[str, str]]]:
    """Return who made an item, by the part in it that Zotero imports for its type."""
    parts: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    parts[_AUTHORS.get(kind, "bib:authors")] += item.get("author", ())
    parts["bib:editors" if kind in _EDITED else "bib:contributors"] += item.get("editor", ())
    return parts


def _extra(item: Item, kind: str) -> str:
    """Return what Zotero has no field for in an item of its type, as its field "Extra" names it,
    one thing a line."""
    without = [name for name, kinds in _WITHOUT.items() if kind in kinds]
    without += [] if kind in _PERIODICALS else ["issue"]
    without += [] if kind in _CONTAINERS else ["container-title"]
    lines = {
        "Original Date": _written(item.get("original-date")),
        "Number": item.get("number"),
        **{re.sub("[-_]", " ", name).title(): item.get(name) for name in without},
        "Cite as": item["custom"].get("citation"),
        "Source Finder": item["id"],
    }
    return "\n".join(f"{name}: {' '.join(value.split())}" for name, value in lines.items() if value)


def _written(dated: dict[str, Any] | None) -> str:
    """Return a CSL date in ISO 8601, or as it is written where it is no date; "" without one.

    >>> _written({"date-parts": [[1964, 11], [1966]], "circa": True})
    'circa 1964-11/1966'
    """
    if not dated:
        return ""
    parts = ["-".join(f"{n:0{2 if at else 4}}" for at, n in enumerate(p)) for p in _parts(dated)]
    about = "circa " if dated.get("circa") else ""
    return f"{about}{'/'.join(parts)}" if parts else dated.get("edtf") or dated["literal"]


def _parts(dated: dict[str, Any]) -> list[list[int]]:
    found: list[list[int]] = dated.get("date-parts", [])
    return found


def _add_publisher(node: _Element, item: Item) -> None:
    if not item.get("publisher") and not item.get("publisher-place"):
        return
    publisher = _add(_add(node, "dc:publisher"), "foaf:Organization")
    if item.get("publisher-place"):
        address = _add(_add(publisher, "vcard:adr"), "vcard:Address")
        _add(address, "vcard:locality", item["publisher-place"])
    _add_if(publisher, "foaf:name", item.get("publisher"))


def _add_creators(node: _Element, tag: str, names: Iterable[dict[str, str]]) -> None:
    given = list(names)
    if not given:
        return
    listed = _add(_add(node, tag), "rdf:Seq")
    for name in given:
        person = _add(_add(listed, "rdf:li"), "foaf:Person")
        _add(person, "foaf:surname", name.get("literal") or name["family"])
        first = [name[part] for part in ("given", "suffix") if name.get(part)]
        _add_if(person, "foaf:givenName", ", ".join(first))


def _add_if(parent: _Element, tag: str, value: str | None) -> None:
    if value:
        _add(parent, tag, value)


def _add(parent: _Element, tag: str, value: str | None = None) -> _Element:
    from lxml import etree

    element = etree.SubElement(parent, _name(tag))
    element.text = value
    return element


def _name(tag: str) -> str:
    prefix, local = tag.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


ADDRESS = "http://127.0.0.1:23119"
"""Where Zotero listens, unless its hidden setting `httpServer.port` says otherwise."""
_TIMEOUT_S = 60.0
_OR_A_FILE = "or save the sources as a file (.rdf) and open it in Zotero with File, Import"


def send(answers: Sequence[Answer]) -> str:
    """Put the sources of answers, each with its quotations as notes, into the collection that is
    selected in Zotero; return what was done, in a sentence.

    Raises `ZoteroError` if there is nothing to send, Zotero does not run, or it refuses.
    """
    import httpx

    items = csl_items(answers)
    if not items:
        raise ZoteroError("No source was found, so there is nothing to send to Zotero.")
    session = uuid4().hex
    try:
        # Without the environment's proxies: they are for the web, and this is this computer.
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            reply = client.post(
                f"{ADDRESS}/connector/import",
                params={"session": session},
                content=zotero_rdf(items).encode("utf-8"),
                headers={
                    "Content-Type": "text/plain; charset=utf-8",
                    "X-Zotero-Connector-API-Version": "3",
                },
            )
    except httpx.ConnectError as error:
        raise ZoteroError(
            f"Zotero is not running on this computer (nothing answers at {ADDRESS}). Start it "
            f"and try again, {_OR_A_FILE}."
        ) from error
    except httpx.HTTPError as error:
        raise ZoteroError(
            f"Zotero at {ADDRESS} broke off ({error or type(error).__name__}). Check in Zotero "
            f"whether the sources arrived; if not, try again, {_OR_A_FILE}."
        ) from error
    _check(reply.status_code, reply.text)
    notes = sum(len(item["custom"]["quotations"]) for item in items)
    sources = counted(len(items), "source", "sources")
    return f"Sent to Zotero: {sources} with {counted(notes, 'quotation', 'quotations')} as notes."


def _check(status: int, body: str) -> None:
    """Raise `ZoteroError` unless Zotero says that it has imported what was sent."""
    if status == 201:
        return
    if "libraryEditable" in body:
        raise ZoteroError(
            "The library selected in Zotero is read-only. Select another one and try again."
        )
    raise ZoteroError(
        f"Zotero at {ADDRESS} did not accept the sources (status {status}). Update Zotero, "
        f"{_OR_A_FILE}."
    )
