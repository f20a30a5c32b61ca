"""A Zotero library as a collection: the files attached to its items, as Zotero describes them.

Zotero keeps its own SQLite file open and locked, so a copy of it is read. Nothing of the library
is changed.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.datatypes import ZOTERO_TYPES, Collection, SkippedFile
from rag.dates import edtf_date
from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown, slug
from rag.ingest.sidecar import Sidecar, sidecar_of
from rag.language import join_name, to_edtf

LIBRARY, _STORAGE = "zotero.sqlite", "storage"
_BESIDE = ("", "-wal", "-journal")
"""What SQLite keeps a database in; the last two hold what is not in the first yet."""

_LINKED = 2
# A column may hold anything, whatever its type is said to be.
_FILES = """
    SELECT COALESCE(a.parentItemID, a.itemID), CAST(i.key AS TEXT), a.linkMode,
    CAST(a.path AS TEXT), CAST(g.name AS TEXT)
    FROM itemAttachments a JOIN items i ON i.itemID = a.itemID
    LEFT JOIN groups g ON g.libraryID = i.libraryID
    WHERE a.linkMode IN (0, 1, 2) AND a.path IS NOT NULL AND i.key IS NOT NULL
    AND a.itemID NOT IN (SELECT itemID FROM deletedItems)
    AND COALESCE(a.parentItemID, 0) NOT IN (SELECT itemID FROM deletedItems)
    ORDER BY a.itemID"""
_TYPES = """
    SELECT itemID, CAST(typeName AS TEXT) FROM items JOIN itemTypes USING (itemTypeID)"""
_VALUES = """
    SELECT itemID, CAST(fieldName AS TEXT), CAST(value AS TEXT) FROM itemData
    JOIN fields USING (fieldID) JOIN itemDataValues USING (valueID) WHERE value IS NOT NULL"""
_CREATORS = """
    SELECT itemID, CAST(creatorType AS TEXT), CAST(firstName AS TEXT), CAST(lastName AS TEXT)
    FROM itemCreators JOIN creators USING (creatorID) JOIN creatorTypes USING (creatorTypeID)
    ORDER BY itemID, orderIndex"""
_NO_TABLE = """
    SELECT name FROM sqlite_master
    WHERE type = 'view' OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')"""

# The library is read in the build's own process, and a damaged or hostile one can have rows
# without end. One of 100,000 items is read in seconds and has some 1.5 million.
_MOST_BYTES, _MOST_LETTERS, _MOST_ROWS, _MOST_S = 4 << 30, 1 << 29, 5_000_000, 120
_MOST_IN_VALUE = 16 << 20

_FIELDS: Mapping[str, Sequence[str]] = {
    "title": ("title", "caseName", "nameOfAct", "subject"),
    "url": ("url",),
    "rights": ("rights",),
    "container": (
        "publicationTitle",
        "bookTitle",
        "proceedingsTitle",
        "encyclopediaTitle",
        "dictionaryTitle",
        "websiteTitle",
        "blogTitle",
    ),
    "volume": ("volume", "codeVolume", "reporterVolume"),
    "issue": ("issue",),
    "number": ("reportNumber", "documentNumber", "billNumber", "publicLawNumber", "docketNumber"),
    "publisher": ("publisher", "institution", "university", "repository"),
    "place": ("place",),
}
"""Our fields of a description, each with the fields of Zotero's kinds of items for it."""

_DATES = ("date", "dateDecided", "dateEnacted", "issueDate")
_EDITORS = frozenset({"editor", "seriesEditor"})
_OTHERS = frozenset(
    {
        "attorneyAgent",
        "executiveProducer",
        "interviewer",
        "narrator",
        "organizer",
        "producer",
        "bookAuthor",
        "castMember",
        "commenter",
        "contributor",
        "cosponsor",
        "counsel",
        "guest",
        "recipient",
        "reviewedAuthor",
        "translator",
        "wordsBy",
    }
)
"""Who has a part in an item and did not write it."""

_ORIGINAL = re.compile(r"^Original[ -]Date: *(\S.*)$", re.MULTILINE | re.IGNORECASE)
_STORED = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: +(?P<words>.*)|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a library. `about`: what Zotero says of its item; `problems`: what of that makes
    no sense."""

    path: Path
    collection: Collection
    about: Sidecar
    problems: tuple[str, ...]


def is_library(folder: Path) -> bool:
    """Return whether a folder is Zotero's data folder."""
    return (folder / LIBRARY).is_file()


def attachments(folder: Path, skipped: list[SkippedFile]) -> list[Attachment]:
    """Return the files of the library in a folder, without what lies in Zotero's bin; what is not
    on this computer goes to `skipped`. Raises `UnreadableSource` where the library cannot be read.
    """
    try:
        with TemporaryDirectory(prefix="source-finder-") as made:
            for ending in _BESIDE:
                if (beside := folder / f"{LIBRARY}{ending}").is_file():
                    if beside.stat().st_size > _MOST_BYTES:
                        raise sqlite3.DataError(f"more than {_MOST_BYTES >> 30} GB")
                    shutil.copyfile(beside, Path(made) / beside.name)
            with closing(sqlite3.connect(Path(made) / LIBRARY)) as connection:
                return list(_attachments(_Library(connection), folder, skipped))
    except (sqlite3.Error, OSError, UnicodeError) as error:  # the last where a name is no text
        raise UnreadableSource(
            f"{shown(folder / LIBRARY)} cannot be read as a Zotero library "
            f"({printable(str(error))}); wait until Zotero is done with it, or close Zotero, and "
            "try again"
        ) from error


class _Library:
    """What can be asked of a library that a stranger may have made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._rows, self._letters = connection, 0, 0
        ends = time.monotonic() + _MOST_S
        connection.set_progress_handler(lambda: time.monotonic() > ends, 100_000)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_IN_VALUE)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        for (name,) in connection.execute(_NO_TABLE):
            raise sqlite3.DataError(f"{name} is not one of Zotero's tables")

    def ask(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query. Raises `sqlite3.Error`, also where they do not end."""
        for row in self._connection.execute(query):
            self._rows += 1
            self._letters += sum(len(value) for value in row if isinstance(value, str))
            if self._rows > _MOST_ROWS or self._letters > _MOST_LETTERS:
                raise sqlite3.DataError("it has more than a library has")
            yield row


def _attachments(
    library: _Library, folder: Path, skipped: list[SkippedFile]
) -> Iterator[Attachment]:
    types = dict(library.ask(_TYPES))
    values: defaultdict[Any, dict[str, str]] = defaultdict(dict)
    for item, field, value in library.ask(_VALUES):
        values[item][field] = value
    creators: defaultdict[Any, list[tuple[str, str]]] = defaultdict(list)
    for item, kind, first, last in library.ask(_CREATORS):
        creators[item].append((kind, _creator(first or "", last or "")))
    for item, key, mode, path, group in library.ask(_FILES):
        file, why = _file(folder, key, mode, path, own=group is None)
        if file is None or why:
            skipped.append(SkippedFile(shown(file or folder / _STORAGE / key), why))
            continue
        fields = _described(types.get(item, ""), values[item], creators[item])
        about, problems = sidecar_of(fields)
        yield Attachment(file, _collection(group), about, tuple(problems))


def _collection(group: str | None) -> Collection:
    if group is None:
        return Collection("zotero", "Zotero library")
    return Collection(f"zotero-{slug(group)}", f"Zotero, {printable(group)}")


def _file(folder: Path, key: str, mode: int, path: str, *, own: bool) -> tuple[Path | None, str]:
    """Return where a file is, and why it cannot be read, "" where it can. What others have put
    into a group's library names nothing outside it; `own`: it is the reader's own."""
    name = path.removeprefix("storage:")
    if mode != _LINKED:
        if name != Path(name).name or key != Path(key).name:
            return None, f"Zotero's file {printable(path)} is outside its storage; it is left out"
        file = folder / _STORAGE / key / name
        away = "is not on this computer; open it in Zotero once, which downloads it"
    elif own and Path(path).is_absolute():
        file = Path(path)
        away = "is linked in Zotero but no longer there; put it back, or link it again"
    else:
        return None, f"Zotero's link to {printable(path)} cannot be followed; store the file in it"
    return file, "" if file.is_file() else f"{shown(file)} {away}"


def _described(
    kind: str, values: Mapping[str, str], creators: Sequence[tuple[str, str]]
) -> dict[str, str | None]:
    """Return what Zotero says of an item as the fields of a description."""
    fields = {
        name: next((values[field] for field in named if values.get(field)), None)
        for name, named in _FIELDS.items()
    }
    fields["type"] = next((csl for csl, named in ZOTERO_TYPES.items() if named == kind), None)
    authors = [name for part, name in creators if part not in _EDITORS | _OTHERS]
    editors = [name for part, name in creators if part in _EDITORS]
    fields["creator"] = " and ".join(authors) or None
    fields["editors"] = " and ".join(editors) or None
    dated = _date(next((values[field] for field in _DATES if values.get(field)), ""))
    original = _ORIGINAL.search(values.get("extra", ""))
    # The day on which a letter was written, not that of its reprint.
    written = _date(original[1].strip()) if original else None
    return fields | {"date": written or dated, "published": dated if written else None}


def _creator(first: str, last: str) -> str:
    """Return a name as one text; Zotero writes a suffix after the given names.

    >>> _creator("William F., Jr.", "Sanford"), _creator("", "Department of State")
    ('William F. Sanford, Jr.', 'Department of State')
    """
    given, _, suffix = first.partition(", ")
    return join_name({"family": last, "given": given, "suffix": suffix})


def _date(value: str) -> str | None:
    """Return a date of Zotero in EDTF, None where it is in words that are none. Of a stretch or a
    doubtful day, which Zotero stores as the first or a sure one, the words that were typed count.

    >>> _date("1964-11-00 November 1964"), _date("0000-00-00 n.d."), _date("circa 1850")
    ('1964-11', None, '1850~')
    >>> _date("1848-00-00 between 1848 and 1850"), _date("1850-00-00 [1850?]")
    ('1848/1850', '1850?')
    """
    stored = _STORED.match(value)
    said = to_edtf((stored["words"] or "") if stored else value)
    if stored and int(stored[1]) and not said.endswith(("~", "?")) and "/" not in said:
        said = "-".join(part for part in stored.groups()[:3] if int(part))
    try:
        return edtf_date(said) if said else None
    except ValueError:
        return None
