"""Reads documents and passages from one SQLite file, which `store_writer` writes."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import (
    Collection,
    Locator,
    Passage,
    Publication,
    SkippedFile,
    SourceDocument,
    Span,
)
from rag.searching import DocumentLine

_SQL = {"text": "BLOB NOT NULL", "ocr_confidence": "REAL"} | dict.fromkeys(
    ("pages", "ocr_pages"), "INTEGER NOT NULL"
)
_MAY_BE_NULL = {"creator", "date", "url", "rights"}
COLUMNS = {
    "collection_id" if f.name == "collection" else f.name: _SQL.get(
        f.name, "TEXT" if f.name in _MAY_BE_NULL else "TEXT NOT NULL"
    )
    for f in fields(SourceDocument)
}
"""The columns of a document: the fields of `SourceDocument`."""

DOCUMENTS = f"""CREATE TABLE documents (
    number INTEGER PRIMARY KEY, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())},
    digest BLOB NOT NULL, first_row INTEGER NOT NULL, passages INTEGER NOT NULL
)"""

GIVEN_UP = "CREATE TABLE given_up (file INTEGER NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL)"

_OF_THE_FILE = {"origin", "file_digest", "pages", "ocr_pages"}


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


_PACK: dict[str, Callable[[Any], Any]] = {
    "text": lambda text: zlib.compress(_encoded(text)),
    "collection_id": lambda collection: collection.collection_id,
    "locators": lambda places: json.dumps(
        [[n.span.start, n.span.end, n.label, *([] if n.ocr is None else [n.ocr])] for n in places]
    ),
    "excluded": lambda spans: json.dumps([[s.start, s.end] for s in spans]),
    "notes": json.dumps,
    "publication": lambda publication: json.dumps(publication.to_dict()),
}
_UNPACK: dict[str, Callable[[Any], Any]] = {
    "text": lambda packed: zlib.decompress(packed).decode("utf-8", "surrogatepass"),
    "locators": lambda said: tuple(Locator(Span(a, b), *of) for a, b, *of in json.loads(said)),
    "excluded": lambda said: tuple(Span(a, b) for a, b in json.loads(said)),
    "notes": lambda said: tuple(json.loads(said)),
    "publication": lambda said: _publication(json.loads(said)),
}


def pack(column: str, value: Any) -> Any:
    """Return a document field's value as its column stores it."""
    return _PACK[column](value) if column in _PACK else value


def unpack(column: str, packed: Any) -> Any:
    """Return the value that a column stores; for a collection, its id."""
    return _UNPACK[column](packed) if column in _UNPACK else packed


def _publication(said: dict[str, Any]) -> Publication:
    return Publication(**said | {"editors": tuple(said["editors"])})


def packed(document: SourceDocument) -> dict[str, Any]:
    """Return a document's fields by column, as the columns store them."""
    values = (getattr(document, f.name) for f in fields(document))
    return {name: pack(name, value) for name, value in zip(COLUMNS, values, strict=True)}


def document_digest(document: SourceDocument) -> bytes:
    """Return a hash of everything that the index keeps of a document."""
    kept = {name: value for name, value in packed(document).items() if name not in _OF_THE_FILE}
    kept["text"] = _encoded(document.text)  # which two versions of zlib may not compress alike
    return hashlib.sha256(repr(kept).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class CopiedDocument:
    """A document that is indexed from another file. `wording`: see `SourceDocument`."""

    document_id: str
    wording: str
    same_as: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as it was read. While it matches, a later build does not read the file again."""

    path: str
    content: str
    """A hash of its bytes."""
    digest: str
    """A hash of everything but the name that its reading depends on; "" if it had problems and must
    be read again."""
    state: str
    """The file system's description of it; while it stays the same, `content` is not computed."""
    collection: Collection
    """The collection that it was read as part of."""
    described: str
    """A hash of the metadata beside it, "" without any."""
    copies: tuple[CopiedDocument, ...] = ()
    problems: tuple[SkippedFile, ...] = ()
    """Why it was given up; it is not read again."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What identifies a stored document, without its text."""

    number: int
    document_id: str
    digest: bytes
    wording: str
    origin: str
    file: int


def _unpacked(packed: bytes) -> tuple[Span, ...]:
    flat = np.frombuffer(packed, dtype="<i8").tolist()
    return tuple(Span(a, b) for a, b in zip(flat[::2], flat[1::2], strict=True))


class Store:
    """Reads the file that `StoreWriter` wrote. Safe to use from several threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self.path = path
        self._db = connection or sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._document = lru_cache(maxsize=256)(self._read_document)
        self.collections = {
            row[0]: Collection(*row)
            for row in self._db.execute(
                "SELECT collection_id, title, rights, url FROM collections ORDER BY rowid"
            )
        }
        index = self._db.execute(
            "SELECT document_id, collection_id, date, first_row FROM documents ORDER BY number"
        ).fetchall()
        self.document_ids: list[str] = [row[0] for row in index]
        self.document_collections = [row[1] for row in index]
        self.document_dates: list[str | None] = [row[2] for row in index]
        self._first_rows = np.array([row[3] for row in index], dtype=np.int64)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._db.close()

    @property
    def documents(self) -> int:
        """The number of documents."""
        return len(self._first_rows)

    def document_numbers(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the document that each passage row belongs to."""
        return np.searchsorted(self._first_rows, rows, side="right") - 1

    def document(self, number: int) -> SourceDocument:
        """Return a document by its number in the index."""
        return self._document(int(number))

    def passage(self, row: int) -> tuple[SourceDocument, Passage]:
        """Return a passage by its row, with its document."""
        number, start, end, packed = self._db.execute(
            "SELECT document, start, end, sentences FROM passages WHERE row = ?", (int(row),)
        ).fetchone()
        document = self.document(number)
        return document, Passage(document.document_id, Span(start, end), _unpacked(packed))

    def keys(self) -> dict[bytes, int]:
        """Return the row of each passage, by the key of its embedding input."""
        return dict(self._db.execute("SELECT key, row FROM passages"))

    def keys_in_order(self) -> list[bytes]:
        """Return the keys of all passages, by row."""
        return [key for (key,) in self._db.execute("SELECT key FROM passages ORDER BY row")]

    def digests(self) -> dict[str, bytes]:
        """Return each document's digest by its id."""
        return dict(self._db.execute("SELECT document_id, digest FROM documents"))

    def entries(self) -> list[StoredDocument]:
        """Return what identifies each document, by number."""
        rows = self._db.execute(
            "SELECT number, document_id, digest, wording, origin, file"
            " FROM documents JOIN readings ON document = number ORDER BY number"
        )
        return [StoredDocument(*row) for row in rows]

    def files(self) -> dict[int, FileRecord]:
        """Return the files of the documents, by number."""
        rows = self._db.execute(
            "SELECT number, path, content, digest, state, collection, described, copies FROM files"
        )
        given_up: dict[int, list[SkippedFile]] = {}
        for number, path, why in self._db.execute("SELECT file, path, reason FROM given_up"):
            given_up.setdefault(number, []).append(SkippedFile(path, why, given_up=True))
        return {
            row[0]: FileRecord(
                os.fsdecode(row[1]),
                row[2],
                row[3],
                row[4],
                Collection(*json.loads(row[5])),
                row[6],
                tuple(CopiedDocument(*copied) for copied in json.loads(row[7])),
                tuple(given_up.get(row[0], ())),
            )
            for row in rows
        }

    def as_read(self, number: int) -> SourceDocument:
        """Return a document as it was before metadata beside its file changed it."""
        (as_read,) = self._db.execute(
            "SELECT as_read FROM readings WHERE document = ?", (number,)
        ).fetchone()
        given = {name: unpack(name, value) for name, value in json.loads(as_read).items()}
        given["collection"] = Collection(*given["collection"])
        return replace(self._read_document(number), **given)

    def notes(self) -> list[str]:
        """Return the readers' remarks on documents, each with the document's id."""
        rows = self._db.execute(
            "SELECT document_id, notes FROM documents WHERE notes != '[]' ORDER BY number"
        )
        return [f"{name}: {note}" for name, notes in rows for note in json.loads(notes)]

    def sketches(self) -> list[bytes]:
        """Return each document's sketch (see `rag.build.stages.sketch`), by number."""
        return [s for (s,) in self._db.execute("SELECT sketch FROM readings ORDER BY document")]

    def pages(self) -> tuple[int, int]:
        """Return the number of pages, and of pages read by OCR."""
        query = "SELECT coalesce(sum(pages), 0), coalesce(sum(ocr_pages), 0) FROM documents"
        pages, by_ocr = self._db.execute(query).fetchone()
        return pages, by_ocr

    def near_duplicates(self, number: int) -> tuple[str, ...]:
        """Return the ids of a document's near-duplicates."""
        rows = self._db.execute(
            "SELECT document_id FROM near_duplicates JOIN documents ON number = other"
            " WHERE document = ? ORDER BY other",
            (int(number),),
        )
        return tuple(document_id for (document_id,) in rows)

    def near_groups(self) -> list[tuple[str, ...]]:
        """Return the groups of near-duplicate documents, by their ids."""
        groups: dict[int, list[str]] = {}
        for first, document_id in self._db.execute(
            "SELECT min(document, min(other)), document_id FROM near_duplicates"
            " JOIN documents ON number = document GROUP BY document ORDER BY document"
        ):
            groups.setdefault(first, []).append(document_id)
        return [tuple(group) for group in groups.values()]

    def keys_of(self, number: int) -> list[bytes]:
        """Return the keys of a document's passages, in order."""
        rows = self._db.execute(
            "SELECT p.key FROM documents d JOIN passages p"
            " ON p.row >= d.first_row AND p.row < d.first_row + d.passages"
            " WHERE d.number = ? ORDER BY p.row",
            (number,),
        )
        return [key for (key,) in rows]

    def listed(self) -> list[DocumentLine]:
        """Return a line for each document, in the index's order."""
        rows = self._db.execute(
            "SELECT document_id, title, creator, date, collection_id, kind, origin, passages,"
            " ocr_confidence FROM documents ORDER BY number"
        )
        return [DocumentLine(*row) for row in rows]

    def passages_of(self, number: int) -> list[Passage]:
        """Return a document's passages, in order."""
        rows = self._db.execute(
            "SELECT d.document_id, p.start, p.end, p.sentences FROM passages p"
            " JOIN documents d ON d.number = p.document"
            " WHERE p.row >= d.first_row AND p.row < d.first_row + d.passages"
            " AND d.number = ? ORDER BY p.row",
            (number,),
        ).fetchall()
        return [Passage(row[0], Span(row[1], row[2]), _unpacked(row[3])) for row in rows]

    @cached_property
    def row_bounds(self) -> NDArray[np.int64]:
        """The first row of each document, and the number of all rows: (documents + 1,)."""
        (rows,) = self._db.execute("SELECT count(*) FROM passages").fetchone()
        return np.append(self._first_rows, rows)

    def _read_document(self, number: int) -> SourceDocument:
        row = self._db.execute(_READ_DOCUMENT, (number,)).fetchone()
        values = {name: unpack(name, value) for name, value in zip(COLUMNS, row, strict=True)}
        return SourceDocument(collection=self.collections[values.pop("collection_id")], **values)


_READ_DOCUMENT = f"SELECT {', '.join(COLUMNS)} FROM documents WHERE number = ?"  # noqa: S608
