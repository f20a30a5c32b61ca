"""The tables of the store of projects, and how a store of an earlier version becomes this one's.

A store says in SQLite's `user_version` how many of the `UPGRADES` it has had. An upgrade that was
ever handed out is never changed; what comes next is added to the end.
"""

from __future__ import annotations

import sqlite3

from rag.errors import ProjectsError

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


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a store, an empty one too, to this version; all of it or nothing.

    Raises `ProjectsError` for a store of a later version.
    """
    if version_of(connection) == len(UPGRADES):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = version_of(connection)  # another process may have been first
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


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many of the upgrades a store has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def tables_of(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return what a store has besides SQLite's own, each with its name and definition."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(str(name), str(sql)) for name, sql in rows}


def check_tables(connection: sqlite3.Connection) -> None:
    """Raise `ProjectsError` unless a store of strangers has just what its version has: a trigger
    or view that somebody put into it would run with every change."""
    own = sqlite3.connect(":memory:")
    try:
        for statements in UPGRADES[: version_of(connection)]:
            for statement in statements:
                own.execute(statement)
        known = tables_of(own)
    finally:
        own.close()
    if version_of(connection) > len(UPGRADES) or tables_of(connection) != known:
        raise ProjectsError("It has other tables than a store of projects of this version.")
