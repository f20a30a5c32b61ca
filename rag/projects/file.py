"""The SQLite file that readers' projects are kept in: its tables, and how it is opened, written and
copied.

Safe with threads, processes and tabs: each call has a connection of its own, and a change is one
transaction. No reader's key is on the disk, only its hash.

A file says in SQLite's `user_version` how many of the `UPGRADES` it has had. An upgrade that was
ever handed out is never changed; what comes next is added to the end.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import ProjectsError

FREE_BYTES = 256 << 20
"""Nothing more is kept once the disk has less than this."""

_WAIT_S = 10.0

UPGRADES: tuple[tuple[str, ...], ...] = (
    (
        # Who knows the key of a reader is that reader; the key itself is not kept.
        """CREATE TABLE readers (
            reader INTEGER PRIMARY KEY,
            key_sha256 TEXT NOT NULL UNIQUE
        )""",
        """CREATE TABLE projects (
            number INTEGER PRIMARY KEY,
            project_id TEXT NOT NULL UNIQUE,
            reader INTEGER NOT NULL REFERENCES readers ON DELETE CASCADE,
            name TEXT NOT NULL,
            scope TEXT NOT NULL,
            removed TEXT
        )""",
        "CREATE INDEX projects_of_reader ON projects (reader)",
        """CREATE TABLE conversations (
            number INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL UNIQUE,
            project INTEGER NOT NULL REFERENCES projects ON DELETE CASCADE,
            removed TEXT
        )""",
        "CREATE INDEX conversations_of_project ON conversations (project)",
        # `content`: a KeptTurn as JSON; the other columns are for lists and searches.
        """CREATE TABLE turns (
            number INTEGER PRIMARY KEY,
            turn_id TEXT NOT NULL UNIQUE,
            conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
            asked TEXT NOT NULL,
            question TEXT NOT NULL,
            stage TEXT NOT NULL,
            content TEXT NOT NULL
        )""",
        "CREATE INDEX turns_of_conversation ON turns (conversation)",
    ),
    (
        # `same`: by what a passage is known for one that is pinned already.
        """CREATE TABLE pins (
            number INTEGER PRIMARY KEY,
            pin_id TEXT NOT NULL UNIQUE,
            project INTEGER NOT NULL REFERENCES projects ON DELETE CASCADE,
            same TEXT NOT NULL,
            content TEXT NOT NULL,
            removed TEXT,
            UNIQUE (project, same)
        )""",
        """CREATE TABLE objections (
            number INTEGER PRIMARY KEY,
            reader INTEGER NOT NULL REFERENCES readers ON DELETE CASCADE,
            same TEXT NOT NULL,
            content TEXT NOT NULL,
            UNIQUE (reader, same)
        )""",
    ),
)


class StoreFile:
    """The file, which is made when something is first kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_room(self) -> None:
        folder = self.path.parent
        if folder.exists() and shutil.disk_usage(folder).free < FREE_BYTES:
            raise ProjectsError(
                f"The disk with {folder} is nearly full, so this answer is not kept. Free some "
                "space."
            )

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection, None where nothing was ever kept."""
        if not self.path.exists():
            yield None
            return
        with _told(self.path), closing(_connect(self.path)) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction that is done whole, or not at all."""
        with _told(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(_connect(self.path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk refuse into `ProjectsError`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise ProjectsError(
            f"The projects in {path} cannot be read or written: {error}. Check the disk and who "
            "may write there; a backup has an earlier copy."
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
            path.chmod(0o600)
            path.parent.chmod(0o700)
        _upgrade(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def copy_store(path: Path, target: Path) -> None:
    """Copy a store, in use or not, into a file of its own. Raises `ProjectsError` where it is not
    whole, or is no store."""
    with _told(path):
        address = f"{path.absolute().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as source,
            closing(sqlite3.connect(target)) as copied,
        ):
            source.backup(copied)
            copied.execute("PRAGMA journal_mode = DELETE")
            copied.execute("PRAGMA trusted_schema = OFF")
            [whole] = copied.execute("PRAGMA integrity_check").fetchone()
            if whole != "ok":
                raise sqlite3.DatabaseError(str(whole))
            _check_tables(copied)


def new_id() -> str:
    """Return an id that cannot be guessed: 128 random bits."""
    return secrets.token_urlsafe(16)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def reader_of(connection: sqlite3.Connection, key: str) -> int:
    """Return a reader's number, 0 for one who has nothing here."""
    found = connection.execute(
        "SELECT reader FROM readers WHERE key_sha256 = ?", (hashed(key),)
    ).fetchone()
    return int(found[0]) if found else 0


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def expect(changed: int) -> None:
    if not changed:
        raise ProjectsError("This is not there any more. Load the page again.")


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a store, an empty one too, to this version; all of it or nothing.

    Raises `ProjectsError` for a store of a later version.
    """
    if _version_of(connection) == len(UPGRADES):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _version_of(connection)  # another process may have been first
        if done > len(UPGRADES):
            raise ProjectsError(
                f"The projects were kept by a later version of Source Finder (format {done}; this "
                f"one reads up to {len(UPGRADES)}). Install that version, or choose another home "
                "with SOURCE_FINDER_HOME."
            )
        for statements in UPGRADES[done:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(UPGRADES)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version_of(connection: sqlite3.Connection) -> int:
    """Return how many of the upgrades a store has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _tables_of(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return what a store has besides SQLite's own, each with its name and definition."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(str(name), str(sql)) for name, sql in rows}


def _check_tables(connection: sqlite3.Connection) -> None:
    """Raise `ProjectsError` unless a store of strangers has just what its version has: a trigger
    or view that somebody put into it would run with every change."""
    own = sqlite3.connect(":memory:")
    try:
        for statements in UPGRADES[: _version_of(connection)]:
            for statement in statements:
                own.execute(statement)
        known = _tables_of(own)
    finally:
        own.close()
    if _version_of(connection) > len(UPGRADES) or _tables_of(connection) != known:
        raise ProjectsError("Its tables are not those of a store of projects of this version.")
