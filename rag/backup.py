"""A home in one file, and back: `source-finder backup` and `source-finder restore`.

Saved are the user's sources, the spellings of persons, readers' projects, the record of fetched
models, and the live generation of each index. Nothing need stop for it: a generation never
changes, files are read as they are at the moment, and the projects are copied first.

The file is an ordinary zip, whose `backup.json` has the size and SHA-256 of all else: any zip
program opens it, so it outlives this one. It is written under another name, and renamed once it is
complete and on the disk. A zip's list of contents is at its end, so one that was cut off later is
not taken for complete either. What is read is not trusted: only files with the names of a home,
each once, all of them listed in `backup.json` and of the size given there.

Restoring first unpacks and checks everything to one side; until then nothing that is there
changes. Then the old corpus and projects are moved aside, and each index gets one more
generation, which becomes live as a built one does: whoever is reading keeps the old one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from filelock import FileLock, Timeout

from rag.config import APP, Settings
from rag.database import copy_store
from rag.datatypes import Jsonable, Progress, from_jsonable
from rag.errors import BackupError, IndexBusy, ProjectsError, SearchIndexError, UnreadableSource
from rag.index import (
    CURRENT,
    MANIFEST,
    Manifest,
    build_lock,
    check_imported,
    install_generation,
    live_generation,
    recorded_sources,
)
from rag.ingest.files import BUILT_IN
from rag.ingest.names import shown
from rag.ingest.shared.decoding import DAMAGE

_FORMAT = 1
"""Raised when older versions could not restore what is written."""

CONTENTS = "backup.json"
_MAX_CONTENTS = 256 << 20
"""Bytes of the list: a million files. A longer one is none of ours."""

_CORPUS = ("sources", "removed", "authority")
"""What a user puts into `corpus/`; the catalog comes with the install."""

_PROJECTS = "projects"
_STORE = f"{_PROJECTS}/projects.sqlite"
"""Readers' projects; a copy of the store, without what SQLite keeps beside it."""

_MODELS = "models.json"
"""Which models were fetched, and what each of their files must be; not the models."""

_INDEX = re.compile(r"generation-[\d-]+")
_BLOCK = 1 << 20
_LEVEL = 1
"""An index of 232 MB becomes one of 188 in 13 s on a slow machine; vectors hardly get smaller."""

_Advance = Callable[[], None]
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
        return _PROJECTS if self.name == _STORE else "/".join(self.name.split("/")[:2])


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


class _ArchiveWriter:
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
def _writing_archive(path: Path) -> Iterator[_ArchiveWriter]:
    """Give what writes a backup beside `path`; once it is finished without an error, it is put
    on the disk and has its name. Whatever happens, no part of one stays. Only its owner can read
    it: readers' questions are in it."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with open(part, "xb", opener=_owners) as stream:
            yield _ArchiveWriter(stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _owners(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Archive:
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

    def unpack(self, folder: Path, advance: _Advance) -> None:
        """Write all files into an empty folder, each checked as it is read."""
        for file in self.contents.files:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as target:
                self.read(file, target)
                target.flush()
                os.fsync(target.fileno())
            advance()

    def check(self, advance: _Advance) -> None:
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
def _opened_archive(path: Path) -> Iterator[_Archive]:
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
        yield _Archive(path, opened)


def _check_name(name: str, archive: Path) -> None:
    """Raise `BackupError` for a file that no home has, such as one outside the home.

    >>> _check_name("corpus/sources/letters/1812.txt", Path("b.zip"))
    >>> _check_name("corpus/sources/../../.bashrc", Path("b.zip"))
    Traceback (most recent call last):
    rag.errors.BackupError: b.zip contains 'corpus/sources/../../.bashrc', which no home of ...
    """
    parts = name.split("/")
    plain = all(part not in {"", ".", ".."} and PurePath(part).name == part for part in parts)
    in_corpus = len(parts) > 2 and parts[0] == "corpus" and parts[1] in _CORPUS
    in_index = len(parts) > 3 and parts[0] == "indexes" and _INDEX.fullmatch(parts[2])
    if not plain or "\0" in name or not (in_corpus or in_index or name in {_STORE, _MODELS}):
        raise BackupError(
            f"{archive} contains {name!r}, which no home of Source Finder has. Nothing was "
            "changed. Someone has altered the file: do not use it."
        )


_RESTORING = ".restoring"
"""Where a backup is unpacked, in the home: on the same disk, so that all can be moved."""

_README = "README.md"
"""Lies in the sources of a checkout, and is no source."""


@dataclass(frozen=True, slots=True)
class BackupReport(Jsonable):
    """What a backup holds. `left_out`: what could not be read, with why. `elsewhere`: sources of
    the indexes that lie outside the home, and PostgreSQL's database, which are in no backup."""

    path: str
    bytes: int
    files: int
    parts: tuple[str, ...]
    made: str
    left_out: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreReport(Jsonable):
    """What came back. `saved_home`: where the home was when it was saved. `aside`: the folder
    that corpus and projects of before were moved to, "" where there were none. `elsewhere`: sources
    of the indexes that lie outside the home, and are not on this machine now."""

    home: str
    saved_home: str
    files: int
    parts: tuple[str, ...]
    made: str
    aside: str = ""
    elsewhere: tuple[str, ...] = ()


def back_up(
    settings: Settings, path: Path, *, replace: bool = False, progress: Progress | None = None
) -> BackupReport:
    """Save the home as one file. `replace`: also where there is a file of that name.

    Raises `BackupError` where there is nothing to save, or it cannot be written; a file that was
    there before is then as it was.
    """
    home = settings.home.absolute()
    path = path.absolute()
    if path.exists() and not (replace and path.is_file()):
        raise BackupError(
            f"{path} exists already. Choose another name, or add --replace to overwrite it."
        )
    if any(
        path.resolve().is_relative_to((home / part).resolve()) for part in ("corpus", "indexes")
    ):
        raise BackupError(
            f"{path} is inside the folder to be saved. Choose a place outside {home}."
        )
    left_out: list[str] = []
    with ExitStack() as meanwhile:
        copied = Path(meanwhile.enter_context(TemporaryDirectory(prefix="source-finder-")))
        files = {**dict(_to_save(home, left_out)), **_projects(settings, copied, left_out)}
        if not files:
            raise BackupError(
                f"There is nothing to save in {home}: no index, no sources and no projects. "
                "SOURCE_FINDER_HOME says where they are."
            )
        advance = _counting(progress, "Saving", len(files))
        meanwhile.enter_context(_writing(path))
        archive = meanwhile.enter_context(_writing_archive(path))
        for name, file in files.items():
            _add(archive, name, file, left_out)
            advance()
        contents = archive.finish(home)
    return BackupReport(
        str(path),
        path.stat().st_size,
        len(contents.files),
        contents.parts,
        contents.made,
        tuple(left_out),
        (*_elsewhere(home), *(["the database of the projects"] if settings.database else [])),
    )


def _projects(settings: Settings, folder: Path, left_out: list[str]) -> dict[str, Path]:
    """Return a copy of readers' projects, made in a folder, with its name in a backup."""
    if not settings.projects.is_file():
        return {}
    try:
        copy_store(settings.projects, folder / settings.projects.name)
    except ProjectsError as error:
        left_out.append(str(error))
        return {}
    return {_STORE: folder / settings.projects.name}


def _to_save(home: Path, left_out: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files of a home with their names in a backup, the indexes first."""
    for pointer in sorted(home.glob(f"indexes/*/{CURRENT}")):
        index = pointer.parent
        try:
            generation = live_generation(index)
            manifest = Manifest.read(generation)
            manifest.verify(generation, every_byte=True)
        except SearchIndexError as error:
            left_out.append(str(error))
            continue
        for name in [*manifest.files, MANIFEST]:
            yield f"indexes/{index.name}/{generation.name}/{name}", generation / name
    for part in _CORPUS:
        for file in _files(home / "corpus" / part, left_out):
            name = file.relative_to(home).as_posix()
            if name != f"corpus/sources/{_README}":
                yield name, file
    if (home / _MODELS).is_file():
        yield _MODELS, home / _MODELS


def _files(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """Yield the files in a folder and those in it; what is none is told of."""
    for here, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        for path in (Path(here) / name for name in sorted([*names, *links])):
            if path.is_dir():
                left_out.append(f"{shown(path)} is a link to a folder; save that by itself")
            elif not path.is_file():
                left_out.append(f"{shown(path)} is not a file, or is a broken link")
            elif not _is_text(path.name):
                left_out.append(f"{shown(path)} has a name that is not valid text; rename it")
            else:
                yield path


def _is_text(name: str) -> bool:
    """Return whether a name can be written down: those of old disks may have any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _add(archive: _ArchiveWriter, name: str, file: Path, left_out: list[str]) -> None:
    try:
        archive.add(name, file)
    except UnreadableSource as error:
        if name.startswith("indexes/"):  # half an index is none
            raise BackupError(f"{error}. Try again: it may have been rebuilt meanwhile.") from error
        left_out.append(str(error))


def _elsewhere(home: Path) -> Iterator[str]:
    """Yield what the indexes were built from that lies outside the home."""
    for pointer in sorted(home.glob(f"indexes/*/{CURRENT}")):
        for source in recorded_sources(pointer.parent):
            if source not in BUILT_IN and not Path(source).is_relative_to(home / "corpus"):
                yield source


def check_backup(path: Path, *, progress: Progress | None = None) -> Contents:
    """Return what a backup holds, once every byte of it has been checked; raises `BackupError`
    where it is not whole."""
    with _opened_archive(path) as archive:
        archive.check(_counting(progress, "Checking", len(archive.contents.files)))
        return archive.contents


def restore(
    settings: Settings, path: Path, *, replace: bool = False, progress: Progress | None = None
) -> RestoreReport:
    """Bring back what is in a backup, into the home of the settings, wherever that is. `replace`:
    also where there are sources, or indexes of the same names; what is not in the backup stays.

    Raises `BackupError` for a file that is not whole, and where there is something already or no
    room; `IndexBusy` during a build, `IndexMismatch` for an index of a later version. Everything
    is then as it was.
    """
    home = settings.home.absolute()
    with _opened_archive(path) as archive:
        contents = archive.contents
        _check_place(home, contents, replace)
        advance = _counting(progress, "Unpacking and checking", len(contents.files))
        with _writing(home), _unpacked(archive, home, advance) as brought:
            aside = _take(home, brought, contents.parts)
    missing = [source for source in _elsewhere(home) if not Path(source).exists()]
    return RestoreReport(
        str(home),
        contents.home,
        len(contents.files),
        contents.parts,
        contents.made,
        aside,
        tuple(missing),
    )


def _check_place(home: Path, contents: Contents, replace: bool) -> None:
    """Raise `BackupError` where something would be overwritten that should not, or where there
    is no room."""
    there = [part for part in contents.parts if _is_there(home / part)]
    if there and not replace:
        raise BackupError(
            f"{home} already has {', '.join(there)}. Nothing was changed. Add --replace to put "
            "the backup in their place, or choose another home with SOURCE_FINDER_HOME."
        )
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if contents.bytes > free:
        raise BackupError(
            f"The backup needs {contents.bytes / 1e6:,.0f} MB, and {existing} has "
            f"{free / 1e6:,.0f} MB free. Nothing was changed. Free some space, or choose "
            "another home with SOURCE_FINDER_HOME."
        )


def _is_there(part: Path) -> bool:
    if part.parent.name == "indexes":
        return (part / CURRENT).exists()
    if part.is_dir():
        return any(entry.name != _README for entry in part.iterdir())
    return part.exists()


@contextmanager
def _unpacked(archive: _Archive, home: Path, advance: _Advance) -> Iterator[Path]:
    """Give a folder in the home with all that is in a backup, checked. It is gone afterwards,
    and so is what an earlier one left that was killed. Only its owner can look into it."""
    base = home / _RESTORING
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(base / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BackupError(
            f"Another backup is being restored in {home}. Wait until that is done."
        ) from error
    try:
        brought = base / "brought"
        shutil.rmtree(brought, ignore_errors=True)
        archive.unpack(brought, advance)
        for part in _indexes(archive.contents.parts):
            check_imported(_generation(brought / part), home)
        if _PROJECTS in archive.contents.parts:
            _check_store(archive.path, brought / _STORE)
        yield brought
    finally:
        lock.release()
        shutil.rmtree(base, ignore_errors=True)


def _check_store(path: Path, store: Path) -> None:
    """Raise `BackupError` where what was unpacked is no store of projects of this version: then
    nothing of it may come near the home. Only its owner can read it then."""
    checked = store.with_suffix(".checked")
    try:
        copy_store(store, checked)
    except ProjectsError as error:
        raise BackupError(
            f"The projects in {path} cannot be used: {error} Nothing was changed."
        ) from error
    checked.replace(store)
    store.chmod(0o600)
    store.parent.chmod(0o700)
    for beside in store.parent.glob(f"{store.name}-*"):
        beside.unlink()


def _take(home: Path, brought: Path, parts: Sequence[str]) -> str:
    """Put what was unpacked in its place, and return where what was there before is now."""
    indexes = _indexes(parts)
    aside = home / "corpus" / f"before-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    with ExitStack() as held, ExitStack() as undo:
        for part in indexes:
            held.enter_context(_locked(home / part))
        for part in (part for part in parts if part not in indexes):
            target = home / part
            if target.exists():
                aside.mkdir(parents=True, exist_ok=True)
                _move(target, aside / target.name, undo)
            _move(brought / part, target, undo)
        for part in indexes:
            install_generation(home / part, _generation(brought / part))
        undo.pop_all()
    _keep_readme(home, aside)
    return str(aside) if aside.exists() else ""


def _move(path: Path, to: Path, undo: ExitStack) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    path.rename(to)
    undo.callback(to.rename, path)


def _keep_readme(home: Path, aside: Path) -> None:
    """Put the notice that a checkout has among its sources back, which is in no backup; where
    there was nothing else, nothing was put aside."""
    kept = aside / "sources" / _README
    if kept.is_file():
        kept.rename(home / "corpus" / "sources" / _README)
    for folder in (kept.parent, aside):
        with suppress(OSError):
            folder.rmdir()  # only where it is empty


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Keep builds of an index away; raises `IndexBusy` where one is under way."""
    index.mkdir(parents=True, exist_ok=True)
    try:
        with build_lock(index).acquire(timeout=0):
            yield
    except Timeout as error:
        raise IndexBusy(
            f"The index in {index} is being built. Nothing was changed. Wait until that is "
            "done, or stop it, and try again."
        ) from error


def _indexes(parts: Sequence[str]) -> list[str]:
    return [part for part in parts if part.startswith("indexes/")]


def _generation(index: Path) -> Path:
    """Return the generation that was unpacked for an index."""
    found = list(index.iterdir())
    if len(found) != 1:
        raise BackupError(f"The backup has {len(found)} generations of the index {index.name}.")
    return found[0]


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into `BackupError`."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{path} could not be written: {error.strerror or error}. What was there before is "
            "unharmed. Free some space, or choose another place."
        ) from error


def _counting(progress: Progress | None, stage: str, total: int) -> _Advance:
    """Return what tells of each further file that is done."""
    done = count(1)

    def advance() -> None:
        if progress is not None:
            progress(stage, next(done), total)

    return advance
