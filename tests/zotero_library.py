"""A Zotero library made for tests: the tables of its schema that describe attached files."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

TABLES = """
CREATE TABLE items (itemID INTEGER PRIMARY KEY, itemTypeID INT NOT NULL, libraryID INT NOT NULL,
    key TEXT NOT NULL, UNIQUE (libraryID, key));
CREATE TABLE itemTypes (itemTypeID INTEGER PRIMARY KEY, typeName TEXT);
CREATE TABLE fields (fieldID INTEGER PRIMARY KEY, fieldName TEXT);
CREATE TABLE itemDataValues (valueID INTEGER PRIMARY KEY, value UNIQUE);
CREATE TABLE itemData (itemID INT, fieldID INT, valueID INT, PRIMARY KEY (itemID, fieldID));
CREATE TABLE itemAttachments (itemID INTEGER PRIMARY KEY, parentItemID INT, linkMode INT,
    contentType TEXT, path TEXT);
CREATE TABLE creators (creatorID INTEGER PRIMARY KEY, firstName TEXT, lastName TEXT,
    fieldMode INT);
CREATE TABLE creatorTypes (creatorTypeID INTEGER PRIMARY KEY, creatorType TEXT);
CREATE TABLE itemCreators (itemID INT NOT NULL, creatorID INT NOT NULL, creatorTypeID INT NOT NULL,
    orderIndex INT NOT NULL DEFAULT 0);
CREATE TABLE deletedItems (itemID INTEGER PRIMARY KEY);
CREATE TABLE groups (groupID INTEGER PRIMARY KEY, libraryID INT NOT NULL UNIQUE, name TEXT);
INSERT INTO groups VALUES (1, 2, 'Ruritania circle');
"""

STORED, LINKED = 0, 2


@dataclass(frozen=True)
class Item:
    """An item with one file: its `content` in the storage, or a `link` to one elsewhere."""

    file: str = "scan.txt"
    content: str | None = "The Duke left the castle."
    link: str = ""
    kind: str = "document"
    values: Mapping[str, str] = field(default_factory=dict)
    creators: Sequence[tuple[str, str, str]] = ()
    group: bool = False
    deleted: bool = False


def write_library(folder: Path, items: Sequence[Item]) -> Path:
    """Write a library whose first item has the key ITEM1, its file FILE1; return its folder."""
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "zotero.sqlite")) as db, db:
        db.executescript(TABLES)
        for number, item in enumerate(items, start=1):
            _write(db, folder, number, item)
    return folder


def _write(db: sqlite3.Connection, folder: Path, number: int, item: Item) -> None:
    library, parent, file = 1 + item.group, 2 * number, 2 * number + 1
    kind = _id(db, "itemTypes", item.kind)
    attachment = _id(db, "itemTypes", "attachment")
    db.execute("INSERT INTO items VALUES (?, ?, ?, ?)", (parent, kind, library, f"ITEM{number}"))
    db.execute(
        "INSERT INTO items VALUES (?, ?, ?, ?)", (file, attachment, library, f"FILE{number}")
    )
    path = item.link or f"storage:{item.file}"
    row = (file, parent, LINKED if item.link else STORED, "text/plain", path)
    db.execute("INSERT INTO itemAttachments VALUES (?, ?, ?, ?, ?)", row)
    for name, value in item.values.items():
        values = (parent, _id(db, "fields", name), _id(db, "itemDataValues", value))
        db.execute("INSERT INTO itemData VALUES (?, ?, ?)", values)
    for order, (part, first, last) in enumerate(item.creators):
        db.execute("INSERT INTO creators VALUES (NULL, ?, ?, 0)", (first, last))
        who = db.execute("SELECT max(creatorID) FROM creators").fetchone()[0]
        created = (parent, who, _id(db, "creatorTypes", part), order)
        db.execute("INSERT INTO itemCreators VALUES (?, ?, ?, ?)", created)
    if item.deleted:
        db.execute("INSERT INTO deletedItems VALUES (?)", (parent,))
    if item.content is not None and not item.link:
        place = folder / "storage" / f"FILE{number}"
        place.mkdir(parents=True)
        (place / Path(item.file).name).write_text(item.content, encoding="utf-8")


def _id(db: sqlite3.Connection, table: str, name: str) -> int:
    """Return the id of a name in a table of an id and a name, where it is put if it is new."""
    key, column = (row[1] for row in db.execute(f"PRAGMA table_info({table})").fetchall()[:2])
    found = db.execute(f"SELECT {key} FROM {table} WHERE {column} = ?", (name,)).fetchone()
    if found is None:
        db.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (name,))
        return _id(db, table, name)
    return int(found[0])
