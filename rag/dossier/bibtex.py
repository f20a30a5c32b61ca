"""CSL items as BibTeX, with biblatex's `date` and `origdate`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from rag.dossier.csl import CslName, Item, inverted, quotation_note
from rag.wording import KIND_WORDS

_TYPES = {
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
    'mine:-1965-c63a78'
    """
    decomposed = unicodedata.normalize("NFKD", document_id.replace("/", ":", 1))
    key = re.sub(r"[^A-Za-z0-9:.+-]", "", decomposed)
    if key.replace(":", "/", 1) == document_id:
        return key
    digest = hashlib.sha256(document_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key or 'source'}-{digest[:6]}"


def _entry(item: Item) -> str:
    about = item["custom"]
    kind = _TYPES.get(item["type"]) or ("incollection" if "container-title" in item else "misc")
    values: dict[str, str] = {
        "title": f"{{{_escaped(item['title'])}}}",  # doubled braces keep its capitals
        "author": _names(item.get("author")),
        "editor": _names(item.get("editor")),
        "date": _date(item.get("issued")),
        "year": _date(item.get("issued"))[:4],
        "origdate": _date(item.get("original-date")),
        **{field: _escaped(item.get(name, "")) for name, field in _FIELDS.items()},
        **{name: _escaped(value) for name, value in _of_kind(kind, item).items()},
        "url": _address(item.get("URL", "")),
        "copyright": _escaped(about.get("rights", "")),
        "keywords": _escaped(KIND_WORDS[about["kind"]]),
        "note": _escaped(" ".join(filter(None, map(about.get, ("citation", "warning"))))),
        "annote": _escaped(" ".join(quotation_note(item))),
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


def _names(names: list[CslName] | None) -> str:
    # "and" within a body's name would divide it but for the braces.
    return " and ".join(
        f"{{{_escaped(name['literal'])}}}" if "literal" in name else _escaped(_in_parts(name))
        for name in names or ()
    )


def _in_parts(name: CslName) -> str:
    """Return a person's name as BibTeX divides it: family, suffix, given."""
    if not name.get("suffix"):
        return inverted(name)
    return f"{name['family']}, {name['suffix']}, {name['given']}"


def _date(dated: dict[str, Any] | None) -> str:
    """Return a CSL date as biblatex has it, "" for one in words."""
    parts = (dated or {}).get("date-parts", [])
    return "/".join(
        "-".join(f"{number:0{2 if at else 4}}" for at, number in enumerate(part)) for part in parts
    )


def _address(url: str) -> str:
    return re.sub(r"[\\{}^]", lambda sign: f"%{ord(sign[0]):02X}", url)
