"""Which files there are to read, in the order in which they are read.

Zip files are read as folders: each member is unpacked by itself, read, and removed.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, ZipInfo

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import SourceError, UnreadableSource
from rag.ingest.folders import (
    RECORDS,
    Found,
    OnSkip,
    PagedWork,
    collection_from,
    content_of,
    describes,
    is_passed_over,
    lone_file,
    reason,
    walk_folder,
    work_among,
    work_name,
    work_of,
    write_work,
)
from rag.ingest.names import printable, shown, slug
from rag.ingest.readers import ZIP, guarded
from rag.ingest.readers.sotu import COLLECTION, read_sotu
from rag.ingest.shared.decoding import ARCHIVE, DAMAGE, ZipLimits, check_member, damaged, opened
from rag.ingest.sidecar import COLLECTION_FILES, orphan_reason, pair, read_sidecar

# File systems allow 255 bytes, and a sidecar's name must fit beside it.
_NAME_LIMIT = 180
_UTF8 = 0x800
_DRIVE = re.compile(r"[A-Za-z]:")
_MAC_LEFTOVERS = "__MACOSX"


def zip_collection(path: Path) -> Collection:
    """Return the collection that the members of a zip file belong to: its stem names it."""
    return Collection(collection_id=slug(path.stem), title=printable(path.stem) or "unnamed")


def walk_zip(
    path: Path,
    collection: Collection,
    on_skip: OnSkip,
    limits: ZipLimits = ARCHIVE,
    records: Sequence[Path] = (),
) -> Iterator[Found]:
    """Yield the members of a zip file as a folder's files, in order of their names. `records`: what
    a library says beside it of the work in it.

    A member's file lives until the next one is asked for. Members that cannot be unpacked,
    or should not be, are reported, and the others are read.

    Raises `UnreadableSource` if the file is no zip, damaged, or claims to hold too much.
    """
    with (
        opened(path, "a zip file", limits) as archive,
        TemporaryDirectory(prefix="source-finder-") as folder,
    ):
        unpacker = _Unpacker(archive, path, Path(folder), limits, on_skip)
        members = unpacker.members()
        collections = unpacker.collections(members, collection)
        outside = [content_of(record) for record in records]
        inside = unpacker.records(members)
        folders = _by_folder(members)
        for place, names in folders.items():
            own = {n: raw for n, raw in inside.items() if _is_about(n, raw, place)}
            about = [*own.values(), *outside]
            work = work_among(names, posixpath.basename(place), about)
            if work.pages:
                called = posixpath.basename(place) if len(folders) > 1 else path.stem
                yield from unpacker.work(place, work, members, collections[place], called, about)
            names = [
                name
                for name in names
                if not (work.pages and work.holds(name))
                and not any(
                    _is_about(full, inside[full], other)
                    for full in [posixpath.join(place, name)]
                    if full in inside
                    for other in folders
                    if other != place
                )
            ]
            pairs, orphans = pair(names)
            for orphan in orphans:
                shown_name = unpacker.shown(posixpath.join(place, orphan))
                on_skip(SkippedFile(shown_name, orphan_reason(Path(shown_name))))
            for source, sidecars in pairs.items():
                wanted = [posixpath.join(place, name) for name in (source, *sidecars)]
                with unpacker.unpacked({name: members[name] for name in wanted}) as files:
                    if wanted[0] in files:
                        beside = tuple(files[name] for name in wanted[1:] if name in files)
                        file = files[wanted[0]]
                        name = unpacker.shown(wanted[0])
                        yield Found(file, collections[place], name, beside, temporary=True)


@dataclass(frozen=True, slots=True)
class _Unpacker:
    """An open zip file, and the folder to which its members are unpacked."""

    archive: ZipFile
    path: Path
    folder: Path
    limits: ZipLimits
    on_skip: OnSkip

    def shown(self, name: str) -> str:
        """Return a member's name for reports."""
        return f"{shown(self.path)}/{printable(name)}"

    def members(self) -> dict[str, ZipInfo]:
        """Return the members to be read by their names, sorted; the others are reported."""
        found: dict[str, ZipInfo] = {}
        for info in self.archive.infolist():
            name = _member_name(info)
            parts = name.split("/")
            if info.is_dir() or not name or _MAC_LEFTOVERS in parts:
                continue
            refusal = _refusal(info, name)
            if refusal:
                self.on_skip(SkippedFile(self.shown(name), f"{self.shown(name)} {refusal}"))
            elif not any(is_passed_over(part) for part in parts):
                # Of two members with one name the last counts, as with all unpackers.
                found[name] = info
        return dict(sorted(found.items(), key=lambda item: item[0].split("/")))

    def collections(
        self, members: Mapping[str, ZipInfo], collection: Collection
    ) -> dict[str, Collection]:
        """Return each folder's collection: one of its own where a `collection.yaml` is.

        That in the outermost folder describes the collection of the whole zip file.
        """
        places = sorted(_by_folder(members))
        top = posixpath.commonpath(places) if all(places) and places else ""
        made: dict[str, Collection] = {}
        for place in places:
            above = place
            while above and above not in made:
                above = posixpath.dirname(above)
            made[place] = made.get(above, collection)
            for name in (posixpath.join(place, file) for file in COLLECTION_FILES):
                if name not in members:
                    continue
                last = posixpath.basename(place)
                own = collection if place == top else Collection(slug(last), printable(last))
                with self.unpacked({name: members[name]}) as files:
                    if name in files:
                        file = Found(files[name], own, self.shown(name), temporary=True)
                        renaming = file.renaming(self.on_skip)
                        made[place] = collection_from(files[name], own, renaming)
                break
        return made

    def records(self, members: Mapping[str, ZipInfo]) -> dict[str, bytes]:
        """Return the content of the members that say what a work is."""
        wanted = [name for name in members if RECORDS.fullmatch(posixpath.basename(name))]
        found: dict[str, bytes] = {}
        for name in wanted:
            with self.unpacked({name: members[name]}) as files:
                found |= {name: content_of(file) for name, file in files.items()}
        return found

    def work(
        self,
        place: str,
        work: PagedWork,
        members: Mapping[str, ZipInfo],
        collection: Collection,
        called: str,
        records: Sequence[bytes],
    ) -> Iterator[Found]:
        """Yield the one file that the pages of a work are put together in."""
        wanted = [posixpath.join(place, name) for name in work.pages]
        with (
            self.unpacked({name: members[name] for name in wanted}) as files,
            TemporaryDirectory(prefix="source-finder-") as folder,
        ):
            target = Path(folder) / work_name(called, work.pages)
            pages = [files[name] for name in wanted if name in files]
            numbers = work.numbers if len(pages) == len(wanted) else ()
            try:
                beside = write_work(target, pages, records, numbers)
            except UnreadableSource as error:
                self.on_skip(SkippedFile(self.shown(place), str(error)))
                return
            name = self.shown(posixpath.join(place, target.name))
            yield Found(target, collection, name, beside, temporary=True)

    @contextmanager
    def unpacked(self, members: Mapping[str, ZipInfo]) -> Iterator[dict[str, Path]]:
        """Unpack members, those that can be, for as long as the block lasts."""
        files: dict[str, Path] = {}
        try:
            for name, info in members.items():
                target = self.folder / _file_name(posixpath.basename(name))
                try:
                    check_member(info, self.shown(name), self.limits)
                    files[name] = target
                    self._unpack(info, target, self.shown(name))
                except UnreadableSource as error:
                    files.pop(name, None)
                    target.unlink(missing_ok=True)
                    self.on_skip(SkippedFile(self.shown(name), str(error)))
            yield files
        finally:
            for file in files.values():
                file.unlink(missing_ok=True)

    def _unpack(self, info: ZipInfo, target: Path, where: str) -> None:
        try:
            with self.archive.open(info) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file)
        except (*DAMAGE, OSError) as error:
            raise damaged(where, error) from error


def _is_about(name: str, raw: bytes, place: str) -> bool:
    """Return whether a record in a zip file is about the work in a folder: in it, or beside it."""
    above, last = posixpath.split(place)
    where, own = posixpath.split(name)
    return where == place or (bool(last) and where == above and describes(own, raw, last))


def _member_name(info: ZipInfo) -> str:
    """Return a member's name with "/" between folders, as it was meant.

    Names not marked as UTF-8 are taken for those of an old PC, but many are UTF-8.
    """
    name = info.filename
    if not info.flag_bits & _UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    parts = name.replace("\\", "/").split("/")
    outside = "/" if len(parts) > 1 and not parts[0] else ""
    return outside + "/".join(part for part in parts if part not in ("", "."))


def _refusal(info: ZipInfo, name: str) -> str | None:
    """Return why a member is not unpacked, None if it may be."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or _DRIVE.match(name):
        return "has a name that leads out of the zip file; it is not unpacked: pack it anew"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, which is not followed; pack the file itself"
    if name.lower().endswith(".zip"):
        return "is a zip file within a zip file, which is not opened; unpack it first"
    return None


def _file_name(name: str) -> str:
    """Return a name that every file system takes; the extension is kept.

    A file and its sidecar get the same stem.
    """
    given = Path(printable(name))
    stem = given.stem.encode("utf-8")[:_NAME_LIMIT].decode("utf-8", "ignore")
    return (stem or "unnamed") + given.suffix[:20]


def _by_folder(members: Mapping[str, ZipInfo]) -> dict[str, list[str]]:
    """Return the names of the members in each folder."""
    found: dict[str, list[str]] = {}
    for name in members:
        found.setdefault(posixpath.dirname(name), []).append(posixpath.basename(name))
    return found


BUILT_IN: dict[str, tuple[Callable[[], Iterator[SourceDocument]], Collection]] = {
    "sotu": (read_sotu, COLLECTION)
}
"""Sources that come with the install as packages of the same name."""

READING = 11
"""Raised when a reader changes in what it yields, so that files are read again."""


def check_sources(sources: Sequence[str | Path]) -> None:
    """Raise `UnreadableSource` for a path that does not exist."""
    for source in sources:
        if source not in BUILT_IN and not Path(source).exists():
            raise UnreadableSource(
                f"There is no file or folder {shown(Path(source))}; check the path "
                f"(built-in sources: {', '.join(sorted(BUILT_IN))})"
            )


def find_files(sources: Sequence[str | Path], on_skip: OnSkip) -> Iterator[Found]:
    """Yield the files of all sources, a zip file as itself."""
    for source in sources:
        path = Path(source)
        if source in BUILT_IN:
            read, collection = BUILT_IN[str(source)]
            yield Found(path, collection, str(source), built_in=partial(guarded, read, path))
        elif path.is_dir():
            yield from walk_folder(path, on_skip)
        else:
            yield lone_file(path, on_skip)


def unpacked(files: Iterable[Found], on_skip: OnSkip) -> Iterator[Found]:
    """Yield files, and those in zip files instead of these; each of the latter lives until
    the next file is asked for."""
    for found in files:
        if found.path.suffix.lower() == ZIP and found.path.is_file():
            yield from _in_zip(found, on_skip)
        elif found.pages:
            yield from work_of(found, on_skip)
        else:
            yield found


def _in_zip(found: Found, on_skip: OnSkip) -> Iterator[Found]:
    collection = zip_collection(found.path)
    # What describes a zip file describes the collection in it.
    by = ""
    for sidecar in found.sidecars[:1]:
        collection = collection_from(sidecar, collection, on_skip)
        with suppress(SourceError, OSError):  # which has been told
            by = read_sidecar(sidecar)[0].described_by
    try:
        for member in walk_zip(found.path, collection, on_skip, records=found.records):
            yield replace(member, described_by=by)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(found.name, reason(error, found.path)))
    except (*DAMAGE, MemoryError) as error:  # of an archive, that nobody foresaw
        why = f"{found.name} cannot be unpacked ({type(error).__name__}); pack it again"
        on_skip(SkippedFile(found.name, why))
