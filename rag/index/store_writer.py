"""Writes the file that `store` reads: documents as they are read, stores assembled from others, and
upgrades of older stores, one format at a time."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from rag.datatypes import Collection, Passage, Publication, SourceDocument
from rag.index.store import (
    COLUMNS,
    DOCUMENTS,
    GIVEN_UP,
    FileRecord,
    Store,
    document_digest,
    pack,
    packed,
)

_SCHEMA = """
CREATE TABLE collections (
    collection_id TEXT PRIMARY KEY, title TEXT NOT NULL, rights TEXT NOT NULL, url TEXT
);
DOCUMENTS_TABLE;
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
GIVEN_UP_TABLE;
CREATE TABLE near_duplicates (document INTEGER NOT NULL, other INTEGER NOT NULL);
CREATE INDEX near_duplicates_by_document ON near_duplicates (document);
""".replace("DOCUMENTS_TABLE", DOCUMENTS).replace("GIVEN_UP_TABLE", GIVEN_UP)

_AS_READ = (
    *("document_id", "title", "creator", "date", "url", "kind", "citation", "rights"),
    "publication",
)
"""What metadata beside a file can change, besides the collection."""

_ADDED = (*COLUMNS, "digest", "first_row", "passages")
_ADD_DOCUMENT = (
    f"INSERT INTO documents (number, {', '.join(_ADDED)})"  # noqa: S608
    f" VALUES (?{', ?' * len(_ADDED)})"
)

_PUBLICATION = pack("publication", Publication())


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
                (self.rows + i, number, p.span.start, p.span.end, _packed(p), key)
                for i, (p, key) in enumerate(zip(passages, keys, strict=True))
            ),
        )
        original = as_read or document
        fields = {name: pack(name, getattr(original, name)) for name in _AS_READ}
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


_DOCUMENT_FIELDS = ", ".join((*COLUMNS, "digest"))
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


def _packed(passage: Passage) -> bytes:
    flat = [offset for s in passage.sentences for offset in (s.start, s.end)]
    return np.array(flat, dtype="<i8").tobytes()


def _with_publications(db: sqlite3.Connection) -> None:
    """1 to 2: documents have a publication and pages, for which their files are read again.

    Until then the printed citation stands for the publication.
    """
    db.execute("ALTER TABLE documents RENAME TO documents_1")
    db.execute(DOCUMENTS)
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
    db.execute(GIVEN_UP)


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
