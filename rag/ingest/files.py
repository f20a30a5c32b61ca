"""Which files there are to read, in the order in which they are read, each with its collection and
what stands beside it.

Zip files are read as folders: each member is unpacked by itself, read, and removed. A folder with a
file for each page of one work (`works`) is one file.
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
from rag.ingest.names import folder_collection, printable, shown, slug
from rag.ingest.readers import ZIP, guarded, why_not_read
from rag.ingest.readers.sotu import COLLECTION, read_sotu
from rag.ingest.shared.decoding import (
    ARCHIVE,
    DAMAGE,
    MB,
    ZipLimits,
    check_member,
    damaged,
    opened,
)
from rag.ingest.sidecar import (
    COLLECTION_FILES,
    SUFFIXES,
    Sidecar,
    orphan_reason,
    pair,
    read_collection,
    read_sidecar,
)
from rag.ingest.works import (
    RECORDS,
    PagedWork,
    describes,
    pages_in_folders,
    work_among,
    work_name,
    write_work,
)
from rag.ingest.zotero import LIBRARY, attachments, is_library

_MAX_RECORD = 16 * MB
"""A year of a newspaper with all files of its pages has some 10."""

_ISO_DAY = re.compile(r"(?:1[4-9]|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_NO_NAME = re.compile(rf"ed-?\d{{1,2}}|ocr|te?xts?|pages?|alto|hocr|xml|{_ISO_DAY.pattern}", re.I)

OnSkip = Callable[[SkippedFile], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read. `name` is what reports call it."""

    path: Path
    collection: Collection
    name: str
    sidecars: tuple[Path, ...] = ()
    temporary: bool = False
    """Unpacked from a zip file, until the next one is asked for."""
    described_by: str = ""
    """Who added the zip file that this is from, or described it."""
    built_in: Callable[[], Iterator[SourceDocument | SkippedFile]] | None = None
    """Reads what comes with the install and is no file."""

    pages: tuple[Path, ...] = ()
    """The files of the pages of one work, where it is the folder of such."""
    numbers: tuple[str, ...] = ()
    """Those printed on the pages, where a record says so."""
    records: tuple[Path, ...] = ()
    """What says what the work is, where it is a folder or zip file of pages."""
    about: Sidecar | None = None
    """What the library that it is from says of it."""

    def in_reports(self, text: str) -> str:
        """Return `text` with the place that the file was read from in the words of a report.

        >>> unpacked = Found(Path("/x/a.pdf"), Collection("", ""), "o.zip/a.pdf", temporary=True)
        >>> unpacked.in_reports("/x/a.pdf is empty")
        'o.zip/a.pdf is empty'
        """
        here = shown(self.path.parent)
        there = self.name.rpartition("/")[0]
        return text.replace(here, there) if self.temporary else text

    def renaming(self, on_skip: OnSkip) -> OnSkip:
        """Return `on_skip` for reports that name the file's place."""
        return lambda skip: on_skip(
            SkippedFile(self.in_reports(skip.path), self.in_reports(skip.reason))
        )


def _lone_file(path: Path, on_skip: OnSkip) -> Found:
    """Return a file that was given by itself, with its folder's collection."""
    folder = path.resolve().parent
    collection = _described_collection(folder, folder_collection(folder), on_skip)
    beside = [path.with_suffix(suffix) for suffix in SUFFIXES]
    sidecars = tuple(p for p in beside if p != path and p.is_file())
    return Found(path, collection, shown(path), sidecars, records=_called_after(path))


def _called_after(path: Path) -> tuple[Path, ...]:
    """Return the records beside a folder or zip file that are called after it."""
    stem = path.resolve().with_suffix("").name if path.is_file() else path.resolve().name
    kinds = ("mets", "mods", "dc", "marc", "meta")
    beside = (path.resolve().parent / f"{stem}{s}{kind}.xml" for kind in kinds for s in "._-")
    return tuple(record for record in beside if record.is_file())


def _content_of(record: Path) -> bytes:
    """Return what a library's record holds, nothing of what is too long for one."""
    with record.open("rb") as file:
        content = file.read(_MAX_RECORD + 1)
    return content if len(content) <= _MAX_RECORD else b""


def _walk_folder(
    folder: Path,
    on_skip: OnSkip,
    above: Collection | None = None,
    beside: Sequence[Path] | None = None,
) -> Iterator[Found]:
    """Yield the files of a folder and of all folders in it, sorted by name.

    Hidden files and README.md are left out; of a Zotero library the files of its items are
    yielded, under the collection of the library. `above` is the collection of the folder that
    this one is in: it goes on here unless a `collection.yaml` begins another. `beside`: the records
    of libraries beside the folder that are about it; None to look for them.
    """
    if is_library(folder):
        yield from _library(folder, on_skip)
        return
    try:
        entries = [e for e in sorted(folder.iterdir()) if not is_passed_over(e.name)]
        begins = above is None or any((folder / name).is_file() for name in COLLECTION_FILES)
    except OSError as error:
        on_skip(SkippedFile(shown(folder), why_not_read(error, folder)))
        return
    collection = above
    if collection is None or begins:
        collection = _described_collection(folder, folder_collection(folder), on_skip)
    own = [entry for entry in entries if RECORDS.fullmatch(entry.name) and entry.is_file()]
    records = (*own, *(_called_after(folder) if beside is None else beside))
    work = work_among(
        [e.name for e in entries if e.is_file()], folder.name, map(_content_of, records)
    )
    try:
        work = work if work.pages else PagedWork(pages_in_folders(folder, entries))
    except OSError as error:
        on_skip(SkippedFile(shown(folder), why_not_read(error, folder)))
    if work.pages:
        pages = tuple(folder / name for name in work.pages)
        yield Found(
            folder, collection, shown(folder), pages=pages, numbers=work.numbers, records=records
        )
        entries = [entry for entry in entries if not work.holds(entry.name)]
    about = {
        entry.name: tuple(n for n in own if describes(n.name, _content_of(n), entry.stem))
        for entry in entries
        if own and (entry.is_dir() or entry.suffix.lower() == ".zip")
    }
    entries = [e for e in entries if not any(e in found for found in about.values())]
    pairs, orphans = pair(entry.name for entry in entries if not entry.is_dir())
    for entry in entries:
        if entry.name in pairs:
            sidecars = tuple(folder / name for name in pairs[entry.name])
            of_work = about.get(entry.name, ())
            yield Found(entry, collection, shown(entry), sidecars, records=of_work)
        elif entry.name in orphans:
            on_skip(SkippedFile(shown(entry), orphan_reason(entry)))
        elif entry.is_symlink() and entry.is_dir():
            # It may lead back to a folder above.
            linked = "a link to a folder is not followed; give the folder itself as a source"
            on_skip(SkippedFile(shown(entry), linked))
        elif entry.is_dir():
            yield from _walk_folder(entry, on_skip, collection, about.get(entry.name, ()))


def _library(folder: Path, on_skip: OnSkip) -> Iterator[Found]:
    """Yield the files of a Zotero library."""
    skipped: list[SkippedFile] = []
    try:
        files = attachments(folder, skipped)
    except SourceError as error:
        on_skip(SkippedFile(shown(folder / LIBRARY), str(error)))
        return
    for skip in skipped:
        on_skip(skip)
    for each in files:
        report(each.path, list(each.problems), on_skip)
        yield Found(each.path, each.collection, shown(each.path), about=each.about)


def _work_of(found: Found, on_skip: OnSkip) -> Iterator[Found]:
    """Yield the one file that the pages of a work are put together in."""
    with TemporaryDirectory(prefix="source-finder-") as made:
        called = _called(found.path.resolve())
        target = Path(made) / work_name(called, [page.name for page in found.pages])
        day = next((part for part in reversed(called.split()) if _ISO_DAY.fullmatch(part)), "")
        records = map(_content_of, found.records)
        try:
            beside = write_work(target, found.pages, records, found.numbers, day)
        except (SourceError, OSError) as error:
            on_skip(SkippedFile(found.name, why_not_read(error, found.path)))
            return
        name = shown(found.path / target.name)
        yield Found(target, found.collection, name, beside, temporary=True)


def _called(folder: Path) -> str:
    """Return the name of the work in a folder: with those above it where its own says only what is
    in it, or which issue: "sn83030214 1864-06-10 ed-1"."""
    names = [folder.name]
    while _NO_NAME.fullmatch(names[0]) and len(names) <= len(folder.parts) - 2:
        names.insert(0, folder.parts[-len(names) - 1])
    return " ".join(names)


def is_passed_over(name: str) -> bool:
    """Return whether a file or folder is no source: hidden, or about the folder."""
    return name.startswith(".") or name.lower() == "readme.md"


def _described_collection(folder: Path, collection: Collection, on_skip: OnSkip) -> Collection:
    """Return a collection as the `collection.yaml` in its folder describes it."""
    for name in COLLECTION_FILES:
        if (folder / name).is_file():
            return _collection_from(folder / name, collection, on_skip)
    return collection


def _collection_from(path: Path, collection: Collection, on_skip: OnSkip) -> Collection:
    """Return a collection as a file describes it; what is wrong there is reported."""
    try:
        collection, problems = read_collection(path, collection)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(shown(path), why_not_read(error, path)))
        return collection
    report(path, problems, on_skip)
    return collection


def report(path: Path, problems: list[str], on_skip: OnSkip) -> None:
    """Report what makes no sense in a file of metadata, as one line."""
    if problems:
        text = f"{shown(path)}: {'; '.join(problems)}; the rest of it is used"
        on_skip(SkippedFile(shown(path), text))


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
        outside = [_content_of(record) for record in records]
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
                        made[place] = _collection_from(files[name], own, renaming)
                break
        return made

    def records(self, members: Mapping[str, ZipInfo]) -> dict[str, bytes]:
        """Return the content of the members that say what a work is."""
        wanted = [name for name in members if RECORDS.fullmatch(posixpath.basename(name))]
        found: dict[str, bytes] = {}
        for name in wanted:
            with self.unpacked({name: members[name]}) as files:
                found |= {name: _content_of(file) for name, file in files.items()}
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
            yield from _walk_folder(path, on_skip)
        else:
            yield _lone_file(path, on_skip)


def unpacked(files: Iterable[Found], on_skip: OnSkip) -> Iterator[Found]:
    """Yield files, and those in zip files instead of these; each of the latter lives until
    the next file is asked for."""
    for found in files:
        if found.path.suffix.lower() == ZIP and found.path.is_file():
            yield from _in_zip(found, on_skip)
        elif found.pages:
            yield from _work_of(found, on_skip)
        else:
            yield found


def _in_zip(found: Found, on_skip: OnSkip) -> Iterator[Found]:
    collection = zip_collection(found.path)
    # What describes a zip file describes the collection in it.
    by = ""
    for sidecar in found.sidecars[:1]:
        collection = _collection_from(sidecar, collection, on_skip)
        with suppress(SourceError, OSError):  # which has been told
            by = read_sidecar(sidecar)[0].described_by
    try:
        for member in walk_zip(found.path, collection, on_skip, records=found.records):
            yield replace(member, described_by=by)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(found.name, why_not_read(error, found.path)))
    except (*DAMAGE, MemoryError) as error:  # of an archive, that nobody foresaw
        why = f"{found.name} cannot be unpacked ({type(error).__name__}); pack it again"
        on_skip(SkippedFile(found.name, why))
