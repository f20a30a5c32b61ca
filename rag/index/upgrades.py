"""Numbered upgrades of an index's documents, from each older format to the next."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rag.datatypes import Publication
from rag.index.store import DOCUMENTS, GIVEN_UP, pack

_PUBLICATION = pack("publication", Publication())


def _with_publications(db: sqlite3.Connection) -> None:
    """1 to 2: documents have a publication, and pages; their files are read again for it.

    Until then the citation that was printed stands for all that it was made of.
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
    """2 to 3: files that hung or crashed their reader are known."""
    db.execute(GIVEN_UP)


UPGRADES: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _with_publications,
    2: _with_files_given_up,
}
"""What brings a store of a format to the next one."""


def upgrade_store(path: Path, from_format: int, to_format: int) -> None:
    """Bring a file of documents to a format, step by step; raises `sqlite3.Error`, `KeyError`."""
    with closing(sqlite3.connect(path)) as db, db:
        for step in range(from_format, to_format):
            UPGRADES[step](db)
