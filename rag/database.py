"""Where a server keeps its readers' data and sessions: a file of SQLite in the home, or a
PostgreSQL database, which several processes on several machines may share.

Safe with threads, processes and tabs: each use has its own connection, and a change is one
transaction, one at a time for each reader. No reader's key is stored, only its hash.

The SQL is the same for both, with values as `:name`. A database records how many of the `UPGRADES`
it has had: SQLite in `user_version`, PostgreSQL in a comment on its first table. A released upgrade
never changes; new ones are added at the end.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from rag.config import Settings
from rag.errors import ProjectsError

FREE_BYTES = 256 << 20
"""Nothing more is written once the disk has less free space than this."""

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
    (
        # Who is signed in; neither secrets nor passwords are kept. `ends`: seconds of the epoch.
        """CREATE TABLE sessions (
            secret_sha256 TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            password_sha256 TEXT NOT NULL,
            ends INTEGER NOT NULL
        )""",
    ),
    # The first claim of a question, "" where nothing was looked up; none where that is not known.
    ("ALTER TABLE turns ADD COLUMN claim TEXT",),
)


class SqlRows(Protocol):
    """The rows that a statement found, or the number of rows it changed."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connected(Protocol):
    """A connection within a transaction."""

    def execute(self, query: str, values: Mapping[str, object] = ..., /) -> SqlRows: ...


class Database(Protocol):
    """A store of data. Its methods raise `ProjectsError` if it cannot be read or written."""

    def check_room(self) -> None:
        """Raise `ProjectsError` if there is no room for more."""

    def reading(self) -> AbstractContextManager[Connected | None]:
        """Return a context with a connection, None if nothing was ever stored."""

    def writing(self, reader: str = "") -> AbstractContextManager[Connected]:
        """Return a context with a connection in a transaction, which is done completely or not at
        all. Those for one reader run one at a time, so that what they read stays valid."""

    def close(self) -> None:
        """Close the connections that are open."""


def open_database(settings: Settings) -> Database:
    """Return the database of the settings. Raises `ProjectsError` for an impossible address;
    whether the server answers shows at the first use."""
    if settings.database:
        return Postgres(settings.database)
    return SqliteFile(settings.projects)


class SqliteFile:
    """A file, which is made when something is first stored."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_room(self) -> None:
        folder = self.path.parent
        if folder.exists() and shutil.disk_usage(folder).free < FREE_BYTES:
            raise ProjectsError(
                f"The disk with {folder} is nearly full, so nothing more is kept. Free some space."
            )

    @contextmanager
    def reading(self) -> Iterator[Connected | None]:
        if not self.path.exists():
            yield None
            return
        with _told(self.path), closing(_connect(self.path)) as connection:
            yield connection

    @contextmanager
    def writing(self, reader: str = "") -> Iterator[Connected]:  # noqa: ARG002 - all, one by one
        with _told(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(_connect(self.path)) as connection, _at_once(connection):
                yield connection

    def close(self) -> None:
        """Do nothing: no connection stays open."""


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the disk into `ProjectsError`."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:  # the last where a name is no text
        raise ProjectsError(
            f"The projects in {path} cannot be read or written: {error}. Check the disk and "
            "its permissions; a backup has an earlier copy."
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
        if _version_of(connection) != len(UPGRADES):
            with _at_once(connection):  # another process may have been first
                _upgrade(connection, _version_of(connection))
                connection.execute(f"PRAGMA user_version = {len(UPGRADES)}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction while nobody else writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class Postgres:
    """A PostgreSQL database by its address, "postgresql://user:password@host/name"."""

    def __init__(self, address: str) -> None:
        try:
            import psycopg  # noqa: F401 - is there
            import sqlalchemy
        except ImportError as error:
            raise ProjectsError(
                "The PostgreSQL driver is not installed. Install it with: "
                "pip install 'source-finder[postgres]'"
            ) from error
        try:
            url = sqlalchemy.make_url(address)
            if url.get_backend_name() != "postgresql":
                raise ValueError(url.drivername)
        except (sqlalchemy.exc.ArgumentError, ValueError) as error:
            raise ProjectsError(
                "SOURCE_FINDER_DATABASE is not the address of a PostgreSQL database. It is "
                "written like postgresql://user:password@host:5432/name."
            ) from error
        self.shown = url.set(query={}).render_as_string(hide_password=True)
        self._sql, self._failed = sqlalchemy.text, sqlalchemy.exc.SQLAlchemyError
        self._engine = sqlalchemy.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,  # after the server was started again, too
            hide_parameters=True,  # a message never says what was asked
            connect_args={"connect_timeout": 5},
        )

    def check_room(self) -> None:
        """Do nothing: the server itself reports a full disk."""

    @contextmanager
    def reading(self) -> Iterator[Connected | None]:
        with self._transaction() as connection:
            yield connection

    @contextmanager
    def writing(self, reader: str = "") -> Iterator[Connected]:
        with self._transaction() as connection:
            _lock(connection, hashed(reader))
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connected]:
        try:
            with self._engine.begin() as opened:
                connection = _Spoken(opened, self._sql)
                self._upgrade(connection)
                yield connection
        except self._failed as error:
            why = " ".join(str(getattr(error, "orig", None) or error).split())
            raise ProjectsError(
                f"The projects in {self.shown} cannot be read or written: {why}. Check that the "
                "database runs, and that its user may write there."
            ) from error

    def _upgrade(self, connection: Connected) -> None:
        if self._version_of(connection) != len(UPGRADES):
            _lock(connection, "upgrade")  # another process may be first
            _upgrade(connection, self._version_of(connection))
            connection.execute(f"COMMENT ON TABLE readers IS '{len(UPGRADES)}'")

    def _version_of(self, connection: Connected) -> int:
        found = connection.execute(_VERSION).fetchone()
        return int(found[0] or 0) if found else 0


# Not by to_regclass(), whose cache does not know what another process has just made.
_VERSION = (
    "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = 'readers' AND n.nspname = current_schema()"
)


class _Spoken:
    """A connection of SQLAlchemy with the interface of SQLite's, except for PostgreSQL's types."""

    def __init__(self, opened: Any, sql: Any) -> None:
        self._opened, self._sql = opened, sql

    def execute(self, query: str, values: Mapping[str, object] | None = None, /) -> SqlRows:
        numbered = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        own = query.replace("INTEGER PRIMARY KEY", numbered).replace(" INTEGER ", " BIGINT ")
        found: SqlRows = self._opened.execute(self._sql(own), values or {})
        return found


def _lock(connection: Connected, what: str) -> None:
    """Wait for an advisory lock, and hold it until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))", {"what": what})


def _upgrade(connection: Connected, done: int) -> None:
    """Upgrade the tables, or make them. Raises `ProjectsError` for those of a later version."""
    if done > len(UPGRADES):
        raise ProjectsError(
            f"The projects were kept by a later version of Source Finder (format {done}; this "
            f"one reads up to {len(UPGRADES)}). Install that version, or choose another place "
            "with SOURCE_FINDER_HOME or SOURCE_FINDER_DATABASE."
        )
    for statements in UPGRADES[done:]:
        for statement in statements:
            connection.execute(statement)


def hashed(key: str) -> str:
    """Return the hash by which a secret is looked up, so that comparing takes no time that depends
    on it."""
    return hashlib.sha256(key.encode()).hexdigest()


def copy_store(path: Path, target: Path) -> None:
    """Copy a store, in use or not, into a new file that only its owner can read. Raises
    `ProjectsError` if it is damaged, or is no store."""
    with _told(path):
        target.touch(mode=0o600)
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


def _version_of(connection: sqlite3.Connection) -> int:
    """Return how many of the upgrades a store has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _tables_of(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return the names and definitions of everything in a store except SQLite's own."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(str(name), str(sql)) for name, sql in rows}


def _check_tables(connection: sqlite3.Connection) -> None:
    """Raise `ProjectsError` unless a store from elsewhere has exactly the tables of its version: a
    trigger or view in it would run with every change."""
    own = sqlite3.connect(":memory:")
    try:
        for statements in UPGRADES[: _version_of(connection)]:
            for statement in statements:
                own.execute(statement)
        known = _tables_of(own)
    finally:
        own.close()
    if _version_of(connection) > len(UPGRADES) or _tables_of(connection) != known:
        raise ProjectsError("Its tables are not those in which this version keeps projects.")
