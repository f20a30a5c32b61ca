"""Names for what is read: printable ids, titles and paths, whatever the file is called."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TypedDict, Unpack

from rag.datatypes import Collection, Kind, Locator, Publication, SourceDocument, Span


def printable(text: str) -> str:
    """Return `text` as one line that can be printed and written as UTF-8.

    A file name need not be valid text: undecodable bytes arrive as lone surrogates,
    and control characters are allowed. Both become U+FFFD; white space is collapsed.

    >>> printable("a\\tb\\n c")
    'a b c'
    """
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
    ocr_confidence: float | None
    notes: tuple[str, ...]
    pages: int
    ocr_pages: int


def file_document(
    path: Path, collection: Collection, text: str, title: str | None = None, **about: Unpack[About]
) -> SourceDocument:
    """Return the one document of a file, called after the file where it has no title."""
    about.setdefault("publication", in_file(path))
    return SourceDocument(
        document_id=file_id(path, collection),
        title=title or file_title(path),
        text=text,
        collection=collection,
        origin=shown(path),
        **about,
    )


def shown(path: Path) -> str:
    """Return a path for messages and reports."""
    return printable(str(path))
