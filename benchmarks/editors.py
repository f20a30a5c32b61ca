"""Development claims from the FRUS volumes themselves: what their editors say of a document.

A sentence of a footnote or an editorial note that ends in a reference ("The Council resumed
its discussion on March 12; see Document 269.") is a claim about the document that it refers
to, once the reference is taken out. Such claims are of the kind that `frus-summary` tests,
and none of those: that set is from the volumes' prefaces. The document in which the note
stands is left out of what may be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from benchmarks.claim_sets import Query, Target
from rag.language import sentences

_TEI = "{http://www.tei-c.org/ns/1.0}"
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_NUMBERS = r"\d+(?:(?:, \d+)*,? (?:and|or) \d+)?"
_REFERENCE = re.compile(rf"(footnotes? [\d, and]+ (?:(?:to|of) |, ?)?)?\bDocuments? ({_NUMBERS})")
_IN_BRACKETS = re.compile(r"\s*\((?:[^()]*\b)?Documents? \d+[^()]*\)")
_CLAUSE = re.compile(
    r"[,;:]?\s*(?:and )?(?:[Ss]ee|printed|published)(?: also)?(?: as)?(?: below| above)?,?"
    rf" ?Documents? {_NUMBERS}(?=[.,;]|$)"
)
_ONLY_REFERS = re.compile(
    r"\(?(?:See|(?:It is )?[Pp]rinted as|Published as)[^.]{0,20}Documents? \d+[^.]{0,40}\.?\)?\.?"
)
_NO_STATEMENT = re.compile(r"[Nn]ot (?:been )?found|^[(a-z]| is\.$|Document|[Ii]bid")

SHORTEST = 10
"""Words that a claim has at least."""


def frus_editors(data: Path) -> list[Query]:
    """Return the claims that the editors' notes make about documents of the same volume."""
    queries: dict[str, Query] = {}
    for path in sorted((data / "frus" / "volumes").glob("*.xml")):
        for query in _in_volume(path):
            queries.setdefault(query.text, query)
    return list(queries.values())


def _in_volume(path: Path) -> Iterator[Query]:
    tree = etree.parse(path, etree.XMLParser(collect_ids=False, recover=True))
    documents = [div for div in tree.iter(f"{_TEI}div") if div.get("type") == "document"]
    known = {document.get(_ID) for document in documents}
    for document in documents:
        own = document.get(_ID)
        notes = list(document.iter(f"{_TEI}note"))
        if any("Editorial Note" in _words_of(head) for head in document.iter(f"{_TEI}head")):
            notes += document.iter(f"{_TEI}p")
        for note in notes:
            for statement, numbers in _statements(" ".join(_words_of(note).split())):
                ids = [f"d{number}" for number in dict.fromkeys(numbers)]
                targets = [Target(f"{path.stem}/{i}") for i in ids if i in known and i != own]
                if targets:
                    yield Query(statement, tuple(targets), f"{path.stem}/{own}")


def _statements(note: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what a note states of documents, and the numbers of these."""
    before = ""
    for span in sentences(note):
        sentence = span.of(note)
        numbers = _referred(sentence)
        if numbers:
            alone = _ONLY_REFERS.match(sentence)
            statement = before if alone else _CLAUSE.sub("", _IN_BRACKETS.sub("", sentence)).strip()
            if len(statement.split()) >= SHORTEST and not _NO_STATEMENT.search(statement):
                yield statement, numbers
        before = "" if numbers else sentence


def _referred(sentence: str) -> list[str]:
    """Return the numbers of the documents that a sentence refers to, none for a footnote's."""
    numbers: list[str] = []
    for match in _REFERENCE.finditer(sentence):
        if match[1]:
            return []
        numbers += re.findall(r"\d+", match[2])
    return numbers


def _words_of(element: etree._Element) -> str:
    """Return the text of an element, without that of notes within it."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag != f"{_TEI}note":
            parts.append(_words_of(child))
        parts.append(child.tail or "")
    return "".join(parts)
