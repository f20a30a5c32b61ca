"""Documents and passages in one SQLite file: how it is read, written, assembled from others, and
upgraded from older formats, one at a time."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, fields, replace
from functools import cached_property, lru_cache
from itertools import accumulate
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
_COLUMNS = {
    "collection_id" if f.name == "collection" else f.name: _SQL.get(
        f.name, "TEXT" if f.name in _MAY_BE_NULL else "TEXT NOT NULL"
    )
    for f in fields(SourceDocument)
}
"""The columns of a document: the fields of `SourceDocument`."""

_DOCUMENTS = f"""CREATE TABLE documents (
    number INTEGER PRIMARY KEY, {", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())},
    digest BLOB NOT NULL, first_row INTEGER NOT NULL, passages INTEGER NOT NULL
)"""

_GIVEN_UP = (
    "CREATE TABLE given_up (file INTEGER NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL)"
)

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


def _pack(column: str, value: Any) -> Any:
    """Return a document field's value as its column stores it."""
    return _PACK[column](value) if column in _PACK else value


def _publication(said: dict[str, Any]) -> Publication:
    return Publication(**said | {"editors": tuple(said["editors"])})


def packed(document: SourceDocument) -> dict[str, Any]:
    """Return a document's fields by column, as the columns store them."""
    values = (getattr(document, f.name) for f in fields(document))
    return {name: _pack(name, value) for name, value in zip(_COLUMNS, values, strict=True)}


def unpacked(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that columns store; for a collection, its id."""
    return {
        name: _UNPACK[name](value) if name in _UNPACK else value for name, value in columns.items()
    }


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


def _unpacked_sentences(packed: bytes) -> tuple[Span, ...]:
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
        return document, Passage(
            document.document_id, Span(start, end), _unpacked_sentences(packed)
        )

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
        given = unpacked(json.loads(as_read))
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
        return [Passage(row[0], Span(row[1], row[2]), _unpacked_sentences(row[3])) for row in rows]

    @cached_property
    def row_bounds(self) -> NDArray[np.int64]:
        """The first row of each document, and the number of all rows: (documents + 1,)."""
        (rows,) = self._db.execute("SELECT count(*) FROM passages").fetchone()
        return np.append(self._first_rows, rows)

    def _read_document(self, number: int) -> SourceDocument:
        row = self._db.execute(_READ_DOCUMENT, (number,)).fetchone()
        values = unpacked(dict(zip(_COLUMNS, row, strict=True)))
        return SourceDocument(collection=self.collections[values.pop("collection_id")], **values)


_READ_DOCUMENT = f"SELECT {', '.join(_COLUMNS)} FROM documents WHERE number = ?"  # noqa: S608

_SCHEMA = f"""
CREATE TABLE collections (
    collection_id TEXT PRIMARY KEY, title TEXT NOT NULL, rights TEXT NOT NULL, url TEXT
);
{_DOCUMENTS};
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, sentences BLOB NOT NULL, key BLOB NOT NULL
);
CREATE TABLE files (
    number INTEGER PRIMARY KEY, path BLOB NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL,
    state TEXT NOT NULL, collection TEXT NOT NULL, described TEXT NOT NULL, copies TEXT NOT NULL
);
CREATE TABLE readings (
    document INTEGER PRIMARY KEY, file INTEGER NOT NULL, as_read TEXT NOT NULL,
    wording BLOB NOT NULL, sketch BLOB NOT NULL
);
{_GIVEN_UP};
CREATE TABLE near_duplicates (document INTEGER NOT NULL, other INTEGER NOT NULL);
CREATE INDEX near_duplicates_by_document ON near_duplicates (document);
"""

_AS_READ = (
    *("document_id", "title", "creator", "date", "url", "kind", "citation", "rights"),
    "publication",
)
"""What metadata beside a file can change, besides the collection."""

_ADDED = (*_COLUMNS, "digest", "first_row", "passages")
_ADD_DOCUMENT = (
    f"INSERT INTO documents (number, {', '.join(_ADDED)})"  # noqa: S608
    f" VALUES (?{', ?' * len(_ADDED)})"
)

_PUBLICATION = _pack("publication", Publication())


class StoreWriter:
    """Fills a new file, or continues an interrupted one.

    After `end_file`, a file's documents survive whatever happens to the process.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA synchronous = OFF")
        if not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            try:
                self._db.executescript(f"BEGIN;{_SCHEMA}COMMIT;")
            except sqlite3.Error:
                self._db.close()
                raise
        self.before = Store(path, self._db)
        """What an earlier process left here."""
        self.documents = self._count("SELECT coalesce(max(number) + 1, 0) FROM documents")
        self.files = self._count("SELECT coalesce(max(number) + 1, 0) FROM files")
        self.rows = self._count("SELECT coalesce(max(row) + 1, 0) FROM passages")
        self._db.execute("BEGIN")

    def _count(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

    def add(
        self,
        document: SourceDocument,
        passages: list[Passage],
        keys: list[bytes],
        as_read: SourceDocument | None = None,
        sketch: bytes = b"",
    ) -> int:
        """Append a document of the next file to be ended, with its passages, whose rows follow
        those before; return its number.

        `as_read`: the document before metadata beside its file changed it.
        """
        home = document.collection
        self._db.execute(
            "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, ?)",
            (home.collection_id, home.title, home.rights, home.url),
        )
        number = self.documents
        self._db.execute(
            _ADD_DOCUMENT,
            (
                number,
                *packed(document).values(),
                document_digest(document),
                self.rows,
                len(passages),
            ),
        )
        self._db.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
            (
                (self.rows + i, number, p.span.start, p.span.end, _packed_sentences(p), key)
                for i, (p, key) in enumerate(zip(passages, keys, strict=True))
            ),
        )
        original = as_read or document
        fields = {name: _pack(name, getattr(original, name)) for name in _AS_READ}
        fields["collection"] = astuple(original.collection)
        self._db.execute(
            "INSERT INTO readings VALUES (?, ?, ?, ?, ?)",
            (number, self.files, json.dumps(fields), document.wording(), sketch),
        )
        self.documents += 1
        self.rows += len(passages)
        return number

    def end_file(self, file: FileRecord) -> None:
        """Record that the documents added last are those of `file`, and commit them."""
        _insert_file(self._db, self.files, file)
        self.files += 1
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Close the file, without documents added after the last `end_file`."""
        self._db.execute("ROLLBACK")
        self._db.close()


def _insert_file(db: sqlite3.Connection, number: int, file: FileRecord) -> None:
    row = (
        number,
        os.fsencode(file.path),
        file.content,
        file.digest,
        file.state,
        json.dumps(astuple(file.collection)),
        file.described,
        json.dumps([astuple(copied) for copied in file.copies]),
    )
    db.execute(f"INSERT INTO files VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    given_up = [(number, problem.path, problem.reason) for problem in file.problems]
    db.executemany("INSERT INTO given_up VALUES (?, ?, ?)", given_up)


@dataclass(frozen=True, slots=True)
class Kept:
    """A document of a new store: which store it is in, its number there, and the number of its file
    in the new store."""

    store: int
    number: int
    file: int


def assemble(
    path: Path,
    stores: Sequence[Path],
    kept: Sequence[Kept],
    files: Sequence[FileRecord],
    collections: Mapping[str, Collection],
) -> None:
    """Write a new store at `path` from documents of other stores, in the order of `kept`."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.executescript(_SCHEMA)
    db.execute(
        "CREATE TEMP TABLE kept (number INTEGER PRIMARY KEY, store INTEGER NOT NULL,"
        " old INTEGER NOT NULL, file INTEGER NOT NULL, first_row INTEGER)"
    )
    db.executemany(
        "INSERT INTO kept VALUES (?, ?, ?, ?, NULL)",
        ((number, k.store, k.number, k.file) for number, k in enumerate(kept)),
    )
    used = sorted({k.store for k in kept})
    for i in used:
        db.execute(f"ATTACH ? AS store{i}", (str(stores[i]),))
    db.execute("BEGIN")
    sizes: dict[int, int] = {}
    for i in used:
        sizes |= db.execute(
            f"SELECT k.number, d.passages FROM kept k CROSS JOIN store{i}.documents d"  # noqa: S608
            f" ON d.number = k.old WHERE k.store = {i}"
        ).fetchall()
    starts = accumulate((sizes[number] for number in range(len(kept))), initial=0)
    db.executemany(
        "UPDATE kept SET first_row = ? WHERE number = ?",
        ((start, number) for number, start in zip(range(len(kept)), starts, strict=False)),
    )
    for i in used:
        db.execute(_COPY_DOCUMENTS.format(i))
        db.execute(_COPY_PASSAGES.format(i))
        db.execute(_COPY_READINGS.format(i))
    in_order = db.execute(
        "SELECT collection_id FROM documents GROUP BY collection_id ORDER BY min(number)"
    ).fetchall()
    db.executemany(
        "INSERT INTO collections VALUES (?, ?, ?, ?)",
        (astuple(collections[name]) for (name,) in in_order),
    )
    for number, file in enumerate(files):
        _insert_file(db, number, file)
    db.execute("CREATE UNIQUE INDEX documents_by_id ON documents (document_id)")
    db.execute("COMMIT")
    db.close()


_DOCUMENT_FIELDS = ", ".join((*_COLUMNS, "digest"))
_COPY_DOCUMENTS = (
    f"INSERT INTO documents (number, {_DOCUMENT_FIELDS}, first_row, passages)"  # noqa: S608
    f" SELECT k.number, {_DOCUMENT_FIELDS}, k.first_row, d.passages"
    " FROM kept k CROSS JOIN store{0}.documents d ON d.number = k.old WHERE k.store = {0}"
    " ORDER BY k.number"
)
# CROSS JOIN keeps SQLite from going through all passages for each document.
_COPY_PASSAGES = (
    "INSERT INTO passages SELECT k.first_row + p.row - d.first_row, k.number, p.start, p.end,"
    " p.sentences, p.key FROM kept k CROSS JOIN store{0}.documents d ON d.number = k.old"
    " CROSS JOIN store{0}.passages p ON p.row >= d.first_row AND p.row < d.first_row + d.passages"
    " WHERE k.store = {0} ORDER BY k.number, p.row"
)
_COPY_READINGS = (
    "INSERT INTO readings SELECT k.number, k.file, as_read, wording, sketch"
    " FROM kept k CROSS JOIN store{0}.readings r ON r.document = k.old WHERE k.store = {0}"
    " ORDER BY k.number"
)


def write_near_duplicates(path: Path, groups: Iterable[Sequence[int]]) -> None:
    """Write groups of near-duplicate documents, by number, into an assembled store."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    db.executemany(
        "INSERT INTO near_duplicates VALUES (?, ?)",
        ((one, other) for group in groups for one in group for other in group if one != other),
    )
    db.commit()
    db.close()


def _packed_sentences(passage: Passage) -> bytes:
    flat = [offset for s in passage.sentences for offset in (s.start, s.end)]
    return np.array(flat, dtype="<i8").tobytes()


def _with_publications(db: sqlite3.Connection) -> None:
    """1 to 2: documents have a publication and pages, for which their files are read again.

    Until then the printed citation stands for the publication.
    """
    db.execute("ALTER TABLE documents RENAME TO documents_1")
    db.execute(_DOCUMENTS)
    old = {row[1] for row in db.execute("PRAGMA table_info(documents_1)")}
    same = [row[1] for row in db.execute("PRAGMA table_info(documents)") if row[1] in old]
    db.execute(
        f"INSERT INTO documents ({', '.join(same)}, publication, pages, ocr_pages)"  # noqa: S608
        f" SELECT {', '.join(f'd.{name}' for name in same)}, ?, coalesce(r.pages, 0),"
        " coalesce(r.ocr_pages, 0) FROM documents_1 d"
        " LEFT JOIN readings r ON r.document = d.number",
        (_PUBLICATION,),
    )
    db.execute("DROP TABLE documents_1")
    db.execute("ALTER TABLE readings DROP COLUMN pages")
    db.execute("ALTER TABLE readings DROP COLUMN ocr_pages")
    as_read = db.execute("SELECT document, as_read FROM readings").fetchall()
    with_publication = {"publication": _PUBLICATION}
    db.executemany(
        "UPDATE readings SET as_read = ? WHERE document = ?",
        ((json.dumps(json.loads(fields) | with_publication), n) for n, fields in as_read),
    )
    db.execute("UPDATE files SET digest = '', state = ''")
    db.execute("CREATE UNIQUE INDEX documents_by_id ON documents (document_id)")


def _with_files_given_up(db: sqlite3.Connection) -> None:
    """2 to 3: files that hung or crashed their reader are recorded."""
    db.execute(_GIVEN_UP)


def _with_compressed_texts(db: sqlite3.Connection) -> None:
    """3 to 4: the texts of documents are compressed."""
    db.create_function("compressed", 1, zlib.compress, deterministic=True)
    db.execute("UPDATE documents SET text = compressed(text)")


_UPGRADES: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _with_publications,
    2: _with_files_given_up,
    3: _with_compressed_texts,
}
"""The upgrade from each format to the next one."""


def upgrade_store(path: Path, from_format: int, to_format: int) -> None:
    """Upgrade a file of documents, one format at a time. Raises `sqlite3.Error`, `KeyError`."""
    with closing(sqlite3.connect(path)) as db, db:
        for step in range(from_format, to_format):
            _UPGRADES[step](db)
        db.commit()
        db.execute("VACUUM")  # which returns free pages to the disk
