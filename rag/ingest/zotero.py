"""A Zotero library as a collection: the files attached to its items, as Zotero describes them.

Zotero keeps its own SQLite file open and locked, so a copy of it is read. Nothing of the library
is changed.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.datatypes import ZOTERO_TYPES, Collection, SkippedFile
from rag.dates import edtf_date
from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown, slug
from rag.ingest.sidecar import Sidecar, sidecar_of
from rag.language import one_name, said_date

LIBRARY, _STORAGE = "zotero.sqlite", "storage"
_BESIDE = ("", "-wal", "-journal")
"""What SQLite keeps a database in; the last two hold what is not in the first yet."""

_LINKED = 2
_FILES = """
    SELECT COALESCE(a.parentItemID, a.itemID), i.key, a.linkMode, a.path, g.name
    FROM itemAttachments a JOIN items i ON i.itemID = a.itemID
    LEFT JOIN groups g ON g.libraryID = i.libraryID
    WHERE a.linkMode IN (0, 1, 2) AND a.path IS NOT NULL
    AND a.itemID NOT IN (SELECT itemID FROM deletedItems)
    AND COALESCE(a.parentItemID, 0) NOT IN (SELECT itemID FROM deletedItems)
    ORDER BY a.itemID"""
_TYPES = "SELECT itemID, typeName FROM items JOIN itemTypes USING (itemTypeID)"
_VALUES = """
    SELECT itemID, fieldName, value FROM itemData
    JOIN fields USING (fieldID) JOIN itemDataValues USING (valueID)"""
_CREATORS = """
    SELECT itemID, creatorType, firstName, lastName FROM itemCreators
    JOIN creators USING (creatorID) JOIN creatorTypes USING (creatorTypeID)
    ORDER BY itemID, orderIndex"""

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
                    shutil.copyfile(beside, Path(made) / beside.name)
            with closing(sqlite3.connect(Path(made) / LIBRARY)) as connection:
                return list(_attachments(connection, folder, skipped))
    except (sqlite3.Error, OSError) as error:
        raise UnreadableSource(
            f"{shown(folder / LIBRARY)} cannot be read as a Zotero library "
            f"({printable(str(error))}); wait until Zotero is done with it, or close Zotero, and "
            "try again"
        ) from error


def _attachments(
    connection: sqlite3.Connection, folder: Path, skipped: list[SkippedFile]
) -> Iterator[Attachment]:
    types = dict(connection.execute(_TYPES))
    values: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for item, field, value in connection.execute(_VALUES):
        values[item][field] = str(value)
    creators: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for item, kind, first, last in connection.execute(_CREATORS):
        creators[item].append((kind, _creator(first or "", last or "")))
    for item, key, mode, path, group in connection.execute(_FILES):
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
        away = "is linked in Zotero and not there any more; put it back, or link it anew"
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
    return one_name({"family": last, "given": given, "suffix": suffix})


def _date(value: str) -> str | None:
    """Return a date of Zotero in EDTF, None where it is in words that are none. Of a stretch or a
    doubtful day, which Zotero stores as the first or a sure one, the words that were typed count.

    >>> _date("1964-11-00 November 1964"), _date("0000-00-00 n.d."), _date("circa 1850")
    ('1964-11', None, '1850~')
    >>> _date("1848-00-00 between 1848 and 1850"), _date("1850-00-00 [1850?]")
    ('1848/1850', '1850?')
    """
    stored = _STORED.match(value)
    said = said_date((stored["words"] or "") if stored else value)
    if stored and int(stored[1]) and not said.endswith(("~", "?")) and "/" not in said:
        said = "-".join(part for part in stored.groups()[:3] if int(part))
    try:
        return edtf_date(said) if said else None
    except ValueError:
        return None
