"""Documents and passages in one SQLite file, written once and then only read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Collection, Locator, Passage, SourceDocument, Span

_SCHEMA = """
CREATE TABLE collections (
    collection_id TEXT PRIMARY KEY, title TEXT NOT NULL, rights TEXT NOT NULL, url TEXT
);
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    creator TEXT, date TEXT, collection_id TEXT NOT NULL, url TEXT, kind TEXT NOT NULL,
    citation TEXT NOT NULL, origin TEXT NOT NULL, text BLOB NOT NULL,
    locators TEXT NOT NULL, excluded TEXT NOT NULL, rights TEXT, ocr_confidence REAL,
    notes TEXT NOT NULL, file_digest TEXT NOT NULL, digest BLOB NOT NULL,
    first_row INTEGER NOT NULL, passages INTEGER NOT NULL
);
CREATE INDEX documents_by_file ON documents (file_digest);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, sentences BLOB NOT NULL, key BLOB NOT NULL
);
"""


def document_digest(document: SourceDocument) -> bytes:
    """Return a hash over everything that the index keeps of a document."""
    parts = [document.document_id, document.title, document.text, document.citation]
    parts += [str(document.creator), str(document.date), str(document.url), document.kind]
    parts += [document.collection.collection_id, _spans(document), str(document.excluded)]
    parts += [str(document.rights), str(document.ocr_confidence), *document.notes]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()


def _spans(document: SourceDocument) -> str:
    return json.dumps([[p.span.start, p.span.end, p.label] for p in document.locators])


class StoreWriter:
    """Fills a new file; nothing is visible to readers before `close`."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        self.documents = 0
        self.rows = 0

    def add(self, document: SourceDocument, passages: list[Passage], keys: list[bytes]) -> None:
        """Append a document with its passages, whose rows follow those already there."""
        home = document.collection
        self._db.execute(
            "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, ?)",
            (home.collection_id, home.title, home.rights, home.url),
        )
        self._db.execute(
            f"INSERT INTO documents VALUES ({', '.join('?' * 20)})",  # noqa: S608
            (
                self.documents,
                document.document_id,
                document.title,
                document.creator,
                document.date,
                home.collection_id,
                document.url,
                document.kind,
                document.citation,
                document.origin,
                document.text.encode("utf-8", "surrogatepass"),
                _spans(document),
                json.dumps([[s.start, s.end] for s in document.excluded]),
                document.rights,
                document.ocr_confidence,
                json.dumps(document.notes),
                document.file_digest,
                document_digest(document),
                self.rows,
                len(passages),
            ),
        )
        self._db.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
            (
                (self.rows + i, self.documents, p.span.start, p.span.end, _packed(p), key)
                for i, (p, key) in enumerate(zip(passages, keys, strict=True))
            ),
        )
        self.documents += 1
        self.rows += len(passages)

    def close(self) -> None:
        """Write everything to disk."""
        self._db.execute("COMMIT")
        self._db.close()


def _packed(passage: Passage) -> bytes:
    flat = [offset for s in passage.sentences for offset in (s.start, s.end)]
    return np.array(flat, dtype="<i8").tobytes()


def _unpacked(packed: bytes) -> tuple[Span, ...]:
    flat = np.frombuffer(packed, dtype="<i8").tolist()
    return tuple(Span(a, b) for a, b in zip(flat[::2], flat[1::2], strict=True))


class Store:
    """Reads the file that `StoreWriter` wrote. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._document = lru_cache(maxsize=256)(self._read_document)
        self.collections = {
            row[0]: Collection(*row)
            for row in self._db.execute(
                "SELECT collection_id, title, rights, url FROM collections ORDER BY rowid"
            )
        }
        index = self._db.execute(
            "SELECT collection_id, date, first_row FROM documents ORDER BY number"
        ).fetchall()
        self.document_collections = [row[0] for row in index]
        self.document_dates: list[str | None] = [row[1] for row in index]
        self._first_rows = np.array([row[2] for row in index], dtype=np.int64)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self._db.close()

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return len(self._first_rows)

    def document_numbers(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the document that each passage row belongs to."""
        return np.searchsorted(self._first_rows, rows, side="right") - 1

    def document(self, number: int) -> SourceDocument:
        """Return a document by its number in the index."""
        return self._document(int(number))

    def document_by_id(self, document_id: str) -> SourceDocument:
        """Return a document by its id; raises KeyError."""
        found = self._db.execute(
            "SELECT number FROM documents WHERE document_id = ?", (document_id,)
        ).fetchone()
        if found is None:
            raise KeyError(document_id)
        return self.document(found[0])

    def passage(self, row: int) -> tuple[SourceDocument, Passage]:
        """Return a passage by its row, with its document."""
        number, start, end, packed = self._db.execute(
            "SELECT document, start, end, sentences FROM passages WHERE row = ?", (int(row),)
        ).fetchone()
        document = self.document(number)
        return document, Passage(document.document_id, Span(start, end), _unpacked(packed))

    def keys(self) -> dict[bytes, int]:
        """Return the row of each passage by the key of what was embedded for it."""
        return dict(self._db.execute("SELECT key, row FROM passages"))

    def keys_in_order(self) -> list[bytes]:
        """Return the keys of all passages, by row."""
        return [key for (key,) in self._db.execute("SELECT key FROM passages ORDER BY row")]

    def digests(self) -> dict[str, bytes]:
        """Return each document's digest by its id."""
        return dict(self._db.execute("SELECT document_id, digest FROM documents"))

    def documents_of_file(self, file_digest: str) -> list[SourceDocument]:
        """Return the documents read from a file, by its digest, in order."""
        numbers = self._db.execute(
            "SELECT number FROM documents WHERE file_digest = ? ORDER BY number", (file_digest,)
        )
        return [self._read_document(number) for (number,) in numbers.fetchall()]

    def numbers(self) -> dict[bytes, int]:
        """Return each document's number by its digest."""
        return dict(self._db.execute("SELECT digest, number FROM documents"))

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

    def passage_texts(self) -> Iterator[tuple[SourceDocument, str]]:
        """Yield every passage's text with its document, in row order."""
        query = "SELECT document, start, end FROM passages ORDER BY row"
        for number, start, end in self._db.execute(query):
            document = self.document(number)
            yield document, document.text[start:end]

    def _read_document(self, number: int) -> SourceDocument:
        row = self._db.execute(
            "SELECT document_id, title, text, collection_id, citation, creator, date, url,"
            " kind, locators, excluded, origin, rights, ocr_confidence, notes,"
            " file_digest"
            " FROM documents WHERE number = ?",
            (number,),
        ).fetchone()
        return SourceDocument(
            document_id=row[0],
            title=row[1],
            text=row[2].decode("utf-8", "surrogatepass"),
            collection=self.collections[row[3]],
            citation=row[4],
            creator=row[5],
            date=row[6],
            url=row[7],
            kind=row[8],
            locators=tuple(Locator(Span(a, b), label) for a, b, label in json.loads(row[9])),
            excluded=tuple(Span(a, b) for a, b in json.loads(row[10])),
            origin=row[11],
            rights=row[12],
            ocr_confidence=row[13],
            notes=tuple(json.loads(row[14])),
            file_digest=row[15],
        )
