"""Names for what is read: printable ids, titles and paths, whatever the file is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from rag.datatypes import Collection, Kind, Locator, Publication, SourceDocument, Span
from rag.ingest.shared.notes import contents_lists, library_notices, merged
from rag.language import join_name, name_parts

_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def printable(text: str) -> str:
    """Return `text` as one line that can be printed and written as UTF-8.

    A file name need not be valid text: undecodable bytes arrive as lone surrogates,
    and control characters are allowed. Both become U+FFFD; white space is collapsed. Signs that
    turn the direction of writing go: they would turn what stands after a title, too.

    >>> printable("a\\tb\\n c"), printable("\\u202etxt.exe")
    ('a b c', 'txt.exe')
    """
    text = text.translate(_TURNING)
    kept = ("\ufffd" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in _spaced(text))
    return "".join(kept)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def slug(name: str) -> str:
    """Return `name` as a part of an id: letters and digits of any script, ".", "_", "-".

    Everything else becomes "-", runs of which are collapsed.

    >>> slug("Брежнев, 1965 (draft #2)")
    'Брежнев-1965-draft-2'
    >>> slug("***")
    'unnamed'
    """
    normal = unicodedata.normalize("NFC", name)
    # Marks are kept beside letters and digits: many scripts write their vowels with them.
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c in "._" else "-" for c in normal)
    return "-".join(part for part in kept.split("-") if part).strip(".") or "unnamed"


def folder_collection(folder: Path) -> Collection:
    """Return the collection that the files of `folder` belong to."""
    name = folder.resolve().name or "files"
    return Collection(collection_id=slug(name), title=printable(name))


def file_id(path: Path, collection: Collection) -> str:
    """Return the id of the one document that a file holds: `<collection>/<file stem>`."""
    return f"{collection.collection_id}/{slug(path.stem)}"


def file_title(path: Path) -> str:
    """Return a title made from a file's name, for want of a better one.

    >>> file_title(Path("letters_of_1812.txt"))
    'letters of 1812'
    """
    return printable(path.stem.replace("_", " ")) or "unnamed"


_NOBODY = re.compile(
    r"\W*|various(?: (?:authors|hands))?"
    r"|user[\s\d]*|(?:web|site)?\s?-?master|admin(?:istrator)?|owner|un-?known|un-?named|author"
    r"|editors?|staff|default|root|guest|scanner|anonymous|transcriber|microsoft(?: office user)?"
    r"|python-docx|openpyxl|.*\b(?:pc|laptop)|\S*\b(?:hp|dell|lenovo)",
    re.IGNORECASE,
)


def person(name: str) -> str | None:
    """Return the name of an author, None for what programs and sites put in for want of one.

    >>> person("Floyd Dell"), person("Ann's laptop"), person("OFFICE-DELL")
    ('Floyd Dell', None, None)
    """
    return None if _NOBODY.fullmatch(name) else name


def in_order(name: str) -> str:
    """Return a name as libraries file it as documents have it: in the order in which it is said,
    where that leaves the family name clear.

    >>> in_order("Thorne, Elias, 1790-1860."), in_order("Lloyd George, David, 1863-1945")
    ('Elias Thorne', 'Lloyd George, David')
    """
    parts = name_parts(name) if "," in name else None
    return join_name(parts) if parts else name


def in_file(path: Path) -> Publication:
    """Return where a document is kept of which no more is known than its file."""
    return Publication(archive_location=printable(path.name))


class About(TypedDict, total=False):
    """What a reader may say of a document: fields of `SourceDocument`."""

    creator: str | None
    date: str | None
    url: str | None
    kind: Kind
    publication: Publication
    locators: tuple[Locator, ...]
    excluded: tuple[Span, ...]
    rights: str | None
    notes: tuple[str, ...]
    pages: int
    ocr_pages: int


def file_document(
    path: Path, collection: Collection, text: str, title: str | None = None, **about: Unpack[About]
) -> SourceDocument:
    """Return the one document of a file, called after the file where it has no title."""
    about.setdefault("publication", in_file(path))
    notices = (*library_notices(text), *contents_lists(text))
    read = [
        (n.ocr, len(n.span.of(text).strip()))
        for n in about.get("locators", ())
        if n.ocr is not None
    ]
    letters = sum(length for _, length in read)
    about["excluded"] = merged([*about.get("excluded", ()), *notices])
    return SourceDocument(
        document_id=file_id(path, collection),
        title=title or file_title(path),
        text=text,
        collection=collection,
        origin=shown(path),
        ocr_confidence=sum(ocr * n for ocr, n in read) / letters if letters else None,
        **about,
    )


def shown(path: Path) -> str:
    """Return a path for messages and reports."""
    return printable(str(path))


@dataclass(frozen=True, slots=True)
class UniqueId:
    """The id that a document has, or the id of the one that it is a copy of."""

    document_id: str
    same_as: str | None = None


class Names:
    """Gives documents, known by their wording and the number of their file, their names."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._first: dict[str, tuple[int, str]] = {}
        self._reserved: dict[str, tuple[str, str]] = {}

    def reserve(self, known: Iterable[tuple[str, str, str]]) -> None:
        """Keep ids for documents that have them already; each with wording and path of its file."""
        self._reserved |= {name: (wording, path) for name, wording, path in known}

    def give(
        self, wanted: str, wording: str, file: int, path: str = "", *, alone: bool = False
    ) -> UniqueId:
        """Return the name of the next document. `path`: of its file.

        It is a copy if one of the same id says the same, or, for the only document of its
        file (`alone`), if any document of another file does. Two documents of one volume may
        say the same ("[Not declassified]") and are two.
        """
        first = self._first.get(wording)
        if alone and first is not None and first[0] != file:
            return UniqueId(wanted, first[1])
        number = 1
        given = wanted
        while self._is_taken(given, wording, path):
            number += 1
            given = f"{wanted}-{number}"
        if given in self._ids:
            return UniqueId(given, given)
        self._ids[given] = wording
        self._first.setdefault(wording, (file, given))
        return UniqueId(given)

    def _is_taken(self, name: str, wording: str, path: str) -> bool:
        if name in self._ids:
            return self._ids[name] != wording
        kept = self._reserved.get(name)
        return kept is not None and wording != kept[0] and path != kept[1]

    def said(self, wording: str) -> str | None:
        """Return the id of the first document that says this, None if none does."""
        first = self._first.get(wording)
        return first[1] if first else None
