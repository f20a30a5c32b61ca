"""The file of a backup: an ordinary zip, whose `backup.json` has the size and SHA-256 of all else.

Any zip program opens it, so it outlives this one. It is written under another name, and renamed
once it is complete and on the disk. A zip's list of contents is at its end, so one that was cut off
later is not taken for complete either.

What is read is not trusted: only files with the names of a home, each once, all of them listed in
`backup.json` and of the size given there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from rag.config import APP
from rag.datatypes import Jsonable, from_jsonable
from rag.errors import BackupError, UnreadableSource
from rag.ingest.names import shown
from rag.ingest.shared.decoding import DAMAGE

_FORMAT = 1
"""Raised when older versions could not restore what is written."""

CONTENTS = "backup.json"
_MAX_CONTENTS = 256 << 20
"""Bytes of the list: a million files. A longer one is none of ours."""

CORPUS = ("sources", "removed", "authority")
"""What a user puts into `corpus/`; the catalog comes with the install."""

PROJECTS = "projects"
STORE = f"{PROJECTS}/projects.sqlite"
"""Readers' projects; a copy of the store, without what SQLite keeps beside it."""

MODELS = "models.json"
"""Which models were fetched, and what each of their files must be; not the models."""

_INDEX = re.compile(r"generation-[\d-]+")
_BLOCK = 1 << 20
_LEVEL = 1
"""An index of 232 MB becomes one of 188 in 13 s on a slow machine; vectors hardly get smaller."""

Advance = Callable[[], None]
"""Called for each file that is done."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of a backup, by its path within the home."""

    name: str
    bytes: int
    sha256: str

    @property
    def part(self) -> str:
        """The part of the home that it belongs to: "corpus/sources", "indexes/default",
        "projects", "models.json"."""
        return PROJECTS if self.name == STORE else "/".join(self.name.split("/")[:2])


@dataclass(frozen=True, slots=True)
class Contents(Jsonable):
    """What a backup says of itself. `home`: where the home was when it was saved."""

    format: int
    program: str
    made: str
    home: str
    files: tuple[SavedFile, ...]

    @property
    def bytes(self) -> int:
        """How many bytes all files have together."""
        return sum(file.bytes for file in self.files)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the home that are in it."""
        return tuple(sorted({file.part for file in self.files}))


class ArchiveWriter:
    """Puts files into a backup that is being written."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        self._files: list[SavedFile] = []

    def add(self, name: str, path: Path) -> None:
        """Put the file at `path` into the backup under `name`; raises `UnreadableSource` where it
        cannot be opened, before anything of it is written."""
        try:
            info = ZipInfo.from_file(path, name, strict_timestamps=False)
            source = path.open("rb")
        except OSError as error:
            raise UnreadableSource(f"{shown(path)} cannot be read: {error.strerror}") from error
        info.compress_type = ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with source, self._zip.open(info, "w", force_zip64=True) as target:
            while block := source.read(_BLOCK):
                target.write(block)
                digest.update(block)
                size += len(block)
        self._files.append(SavedFile(name, size, digest.hexdigest()))

    def finish(self, home: Path) -> Contents:
        """Write the list of what is in the backup, and the end of the zip file."""
        made = datetime.now(UTC).isoformat(timespec="seconds")
        contents = Contents(_FORMAT, version(APP), made, shown(home), tuple(self._files))
        self._zip.writestr(CONTENTS, contents.to_json(indent=1))
        self._zip.close()
        return contents


@contextmanager
def writing_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Give what writes a backup beside `path`; once it is finished without an error, it is put
    on the disk and has its name. Whatever happens, no part of one stays. Only its owner can read
    it: readers' questions are in it."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with open(part, "xb", opener=_owners) as stream:
            yield ArchiveWriter(stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _owners(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Archive:
    """A backup that is being read; what it holds has been checked against its own list."""

    def __init__(self, path: Path, opened: ZipFile) -> None:
        self.path = path
        self._zip = opened
        self.contents = self._contents()
        members = [info.filename for info in opened.infolist()]
        listed = [*(file.name for file in self.contents.files), CONTENTS]
        if sorted(members) != sorted(listed):
            odd = sorted(set(members) ^ set(listed)) or ["a name that occurs twice"]
            raise self._damaged(f"its files are not those that it lists ({odd[0]!r})")
        for file in self.contents.files:
            _check_name(file.name, path)

    def _contents(self) -> Contents:
        try:
            info = self._zip.getinfo(CONTENTS)
        except KeyError as error:
            raise BackupError(
                f"{self.path} is not a backup of Source Finder: it has no {CONTENTS}. Give a "
                "file that `source-finder backup` wrote."
            ) from error
        if info.file_size > _MAX_CONTENTS:
            raise self._damaged(f"its {CONTENTS} is too large")
        try:
            given = json.loads(self._zip.read(info))
            made_by = given["format"]
            if made_by == _FORMAT:
                return from_jsonable(Contents, given)
        except (*DAMAGE, OSError, TypeError, RecursionError) as error:
            raise self._damaged(f"its {CONTENTS} cannot be read: {error}") from error
        raise BackupError(
            f"{self.path} was written by another version of Source Finder "
            f"({given.get('program')!r}, format {made_by!r}; this one reads {_FORMAT}). Install "
            "that version or a later one."
        )

    def read(self, file: SavedFile, target: BinaryIO | None = None) -> None:
        """Read a file to its end, into `target` where one is given; raises `BackupError` unless
        it is what was put in."""
        info = self._zip.getinfo(file.name)
        if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise self._damaged(f"{file.name!r} is packed in a way that backups never are")
        digest, left = hashlib.sha256(), file.bytes
        try:
            with self._zip.open(info) as source:
                while block := source.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        break
                    digest.update(block)
                    if target is not None:
                        target.write(block)
        except DAMAGE as error:
            raise self._damaged(f"{file.name!r} cannot be unpacked: {error}") from error
        if left or digest.hexdigest() != file.sha256:
            raise self._damaged(f"{file.name!r} has changed since it was saved")

    def unpack(self, folder: Path, advance: Advance) -> None:
        """Write all files into an empty folder, each checked as it is read."""
        for file in self.contents.files:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as target:
                self.read(file, target)
                target.flush()
                os.fsync(target.fileno())
            advance()

    def check(self, advance: Advance) -> None:
        """Read all files, and write none."""
        for file in self.contents.files:
            self.read(file)
            advance()

    def _damaged(self, what: str) -> BackupError:
        return BackupError(
            f"{self.path} is damaged: {what}. Nothing was changed. Copy the file again from "
            "where it was kept, or use another backup."
        )


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open a backup; raises `BackupError` where it is none, or is not whole."""
    try:
        opened = ZipFile(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    except DAMAGE as error:
        raise BackupError(
            f"{path} is not a backup, or was cut short ({error}). Nothing was changed. Copy "
            "the file again from where it was kept, or use another backup."
        ) from error
    with opened:
        yield Archive(path, opened)


def _check_name(name: str, archive: Path) -> None:
    """Raise `BackupError` for a file that no home has, such as one outside the home.

    >>> _check_name("corpus/sources/letters/1812.txt", Path("b.zip"))
    >>> _check_name("corpus/sources/../../.bashrc", Path("b.zip"))
    Traceback (most recent call last):
    rag.errors.BackupError: b.zip contains 'corpus/sources/../../.bashrc', which no home of ...
    """
    parts = name.split("/")
    plain = all(part not in {"", ".", ".."} and PurePath(part).name == part for part in parts)
    in_corpus = len(parts) > 2 and parts[0] == "corpus" and parts[1] in CORPUS
    in_index = len(parts) > 3 and parts[0] == "indexes" and _INDEX.fullmatch(parts[2])
    if not plain or "\0" in name or not (in_corpus or in_index or name in {STORE, MODELS}):
        raise BackupError(
            f"{archive} contains {name!r}, which no home of Source Finder has. Nothing was "
            "changed. Someone has altered the file: do not use it."
        )
