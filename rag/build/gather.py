"""Gathers the documents of a new index, and reads no more files than necessary.

If a file's content is known from the live index or an interrupted build, its documents are taken
from there, under its present name and with the metadata now beside it. Otherwise it is read, and
its documents are divided into passages and kept in a separate store ("fresh"), file by file.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import chain, repeat, tee
from pathlib import Path, PurePath
from typing import TypeVar

from rag.build.stages import Divided, Stages, sketch
from rag.datatypes import (
    Collection,
    Copy,
    FileProgress,
    SkippedFile,
    SourceDocument,
    sha256_of,
)
from rag.embedding import read_by_search
from rag.index.store import (
    CopiedDocument,
    FileRecord,
    Kept,
    Store,
    StoredDocument,
    StoreWriter,
    document_digest,
)
from rag.ingest import Metadata, ReadingFound, described, metadata_beside, read_found
from rag.ingest.files import READING, Found, find_files, unpacked
from rag.ingest.names import Names, file_title, in_file, shown

LIVE, _FRESH = 0, 1
"""The stores of documents, by their number in `Kept`."""

_JUST_NOW_S = 2
"""A file changed so recently may change again without a new modification time."""


@dataclass
class Gathered:
    """The documents of the new index, in order, and what the report says about them."""

    kept: list[Kept] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    collections: dict[str, Collection] = field(default_factory=dict)
    skipped: list[SkippedFile] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    files_read: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """A file whose content was read before."""

    store: int
    record: FileRecord
    entries: list[StoredDocument]

    @property
    def has_told(self) -> bool:
        """Whether reading it gave documents or problems. (Older versions lost track of some
        copies.)"""
        return bool(self.entries or self.record.copies or self.record.problems)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file, with what is known about it or with the reading that has begun."""

    found: Found
    record: FileRecord
    about: Metadata
    known: _Known | None
    reading: Iterator[SourceDocument] | None
    problems: list[SkippedFile]


class Gatherer:
    """Goes through the files of one build.

    `live`: the store of the live index, if any. `reading`: see `Stages.reading`. `divided`: whether
    `stages.divide` would give the passages of `live`. `each_file` is called with the number of
    files done, the number known so far, and the file if it was read.
    """

    def __init__(
        self,
        live: Store | None,
        fresh: StoreWriter,
        reading: ReadingFound,
        stages: Stages,
        *,
        divided: bool,
        ocr: str,
        each_file: Callable[[int, int, FileProgress | None], None],
    ) -> None:
        self._stores = (live, fresh.before)
        self._fresh = fresh
        self._reading = reading
        self._stages = stages
        self._divided = (divided, True)
        self._ocr = ocr
        self._each_file = each_file
        self._names = Names()
        self._known: dict[str, list[_Known]] = {}
        self._records: dict[str, FileRecord] = {}
        self._same: dict[bytes, tuple[int, StoredDocument]] = {}
        self._worded: dict[tuple[str, str], tuple[int, int]] = {}
        self.gathered = Gathered()
        for number in (_FRESH, LIVE):  # the live index wins for what both have
            self._remember(number)

    def _remember(self, store: int) -> None:
        """Record which files and documents a store has."""
        source = self._stores[store]
        if source is None:
            return
        self.gathered.collections |= source.collections
        entries = source.entries()
        by_file: dict[int, list[StoredDocument]] = {}
        for entry in entries:
            by_file.setdefault(entry.file, []).append(entry)
            if self._divided[store]:
                self._worded[entry.document_id, entry.wording] = (store, entry.number)
                self._same[entry.digest] = (store, entry)
        for number, record in source.files().items():
            self._records[record.path] = record
            if record.digest:
                known = _Known(store, record, by_file.get(number, []))
                self._known.setdefault(record.digest, []).append(known)

    def run(self, sources: list[str]) -> Gathered:
        """Go through all files of `sources`, which must exist."""
        on_skip = self.gathered.skipped.append
        files = list(find_files(sources, on_skip))
        self._reserve(set(map(_recorded_path, files)))
        done = 0
        for opened in self._ahead(unpacked(files, on_skip)):
            self._file(opened)
            done += not opened.found.temporary
            self._each_file(min(done, len(files)), len(files), _progress_of(opened))
        there = {record.path for record in self.gathered.files}
        self.gathered.moved = [pair for pair in self.gathered.moved if pair[0] not in there]
        return self.gathered

    def _reserve(self, paths: Set[str]) -> None:
        """Reserve the ids of indexed documents whose files, or the archives these are in, still
        exist, so that links keep their meaning."""
        live = self._stores[LIVE]
        if live is not None:
            records = live.files()
            owners = ((entry, records[entry.file].path) for entry in live.entries())
            self._names.reserve(
                (entry.document_id, entry.wording, path)
                for entry, path in owners
                if not paths.isdisjoint((path, *map(str, PurePath(path).parents)))
            )

    def _ahead(self, files: Iterable[Found]) -> Iterator[_Opened]:
        """Yield opened files, a few of them opened in advance."""
        waiting: deque[_Opened] = deque()
        for found in files:
            opened = self._open(found)
            waiting.append(opened)
            # The file may be gone once the next one is requested.
            last = found.temporary and not (self._stages.copies and opened.reading)
            while waiting and (last or len(waiting) > self._stages.files_ahead):
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()

    def _open(self, found: Found) -> _Opened:
        path = _recorded_path(found)
        state = _file_state(found)
        before = self._records.get(path)
        same = before is not None and state != "" and state == before.state
        content = before.content if before and same else _content_digest(found)
        digest = _reading_digest(content, found, self._ocr)
        about = metadata_beside(found, self.gathered.skipped.append)
        found = replace(found, about=about.sidecar)
        record = FileRecord(path, content, digest, state, found.collection, about.digest)
        known = self._known_as(record)
        problems = list(known.record.problems) if known else []
        reading = None if known else read_found(found, self._reading, problems.append)
        return _Opened(found, record, about, known, reading, problems)

    def _known_as(self, record: FileRecord) -> _Known | None:
        """Return what is known of a file's content, None if nothing is: as read at its present
        path, else from any path that gave documents. A file that was given up at another path is
        tried again."""
        found = [
            known
            for known in self._known.get(record.digest, ())
            if known.has_told and (known.record.path == record.path or not known.record.problems)
        ]

        def fits(known: _Known) -> tuple[bool, ...]:
            here = known.record.path == record.path
            alike = _named_alike(known.record, record)
            return alike, here, bool(known.entries), known.store == LIVE

        return max(found, key=fits, default=None)

    def _file(self, opened: _Opened) -> None:
        """Take the documents of a file."""
        known, reading, record = opened.known, opened.reading, opened.record
        if known and not self._still_copies(known, record):
            known = None
            opened.problems.clear()
            reading = read_found(opened.found, self._reading, opened.problems.append)
        file = _File(len(self.gathered.files), opened)
        added = self._fresh.documents
        if known is None:
            assert reading is not None, "a file is known or read"
            self.gathered.files_read += 1
            self._take_all(file, reading, [])
        elif _named_alike(known.record, record) and self._divided[known.store]:
            self._keep_all(file, known)
        else:
            source = self._store(known.store)
            before = [(known.store, entry.number) for entry in known.entries]
            was = Path(known.record.path)
            documents = (
                _renamed(source.as_read(number), was, known.record.collection, opened.found)
                for _, number in before
            )
            self._take_all(file, documents, before)
        if known and known.record.path != record.path:
            self.gathered.moved.append((known.record.path, record.path))
        self.gathered.skipped += opened.problems
        record = replace(
            record,
            digest=record.digest if all(p.given_up for p in opened.problems) else "",
            problems=tuple(p for p in opened.problems if p.given_up),
            copies=tuple(file.copies),
        )
        if self._fresh.documents > added:
            # Documents that stayed in the live index would be missed by a later build.
            whole = self._fresh.documents - added == file.kept
            self._fresh.end_file(record if whole else replace(record, digest=""))
        self.gathered.files.append(record)
        if file.copies:
            first = file.copies[0].same_as
            self.gathered.copies.append(Copy(opened.found.name, first, len(file.copies)))

    def _still_copies(self, known: _Known, record: FileRecord) -> bool:
        """Return whether the documents that a file shares with others are still in those, and
        nothing else about the file has changed."""
        copies = known.record.copies
        unchanged = _named_alike(known.record, record) and self._divided[known.store]
        return not copies or (unchanged and all(self._names.said(c.wording) for c in copies))

    def _keep_all(self, file: _File, known: _Known) -> None:
        """Take the documents of an unchanged file without loading them."""
        for copied in known.record.copies:
            same_as = self._names.said(copied.wording) or copied.same_as
            file.copies.append(replace(copied, same_as=same_as))
        alone = len(known.entries) + len(known.record.copies) == 1
        for entry in known.entries:
            name = self._names.give(
                entry.document_id, entry.wording, file.number, file.path, alone=alone
            )
            if name.same_as is not None:
                file.copies.append(CopiedDocument(entry.document_id, entry.wording, name.same_as))
            elif name.document_id == entry.document_id:
                self._keep(file, known.store, entry.number)
            else:  # another document has its id now
                store = self._store(known.store)
                document = replace(store.document(entry.number), document_id=name.document_id)
                self._add(file, document, store.as_read(entry.number), (known.store, entry.number))

    def _take_all(
        self, file: _File, documents: Iterator[SourceDocument], before: list[tuple[int, int]]
    ) -> None:
        """Take documents as they are in their file. `before`: where the store has each of them, if
        the file is known."""
        opened = file.opened
        as_read, to_describe = tee(documents)
        now = described(to_describe, opened.about, opened.found, self.gathered.skipped.append)
        places = chain(before, repeat(None))
        for (original, document, place), alone in _with_only_flag(
            zip(as_read, now, places, strict=False)
        ):
            wording = document.wording()
            name = self._names.give(
                document.document_id, wording, file.number, file.path, alone=alone
            )
            if name.same_as is not None:
                file.copies.append(CopiedDocument(document.document_id, wording, name.same_as))
                continue
            named = replace(
                document, document_id=name.document_id, file_digest=opened.record.digest
            )
            self._add(file, named, original, place)

    def _add(
        self,
        file: _File,
        document: SourceDocument,
        as_read: SourceDocument,
        before: tuple[int, int] | None,
    ) -> None:
        """Take a document from a store that has it unchanged, else write it anew.

        Passages and keys are reused if the words are the same, so corrected metadata embeds
        nothing.
        """
        self.gathered.collections[document.collection.collection_id] = document.collection
        store, same = self._same.get(document_digest(document), (LIVE, None))
        if same is not None and same.origin == document.origin:
            self._keep(file, store, same.number)
            return
        place = before or self._worded.get((document.document_id, document.wording()))
        if place is not None and self._divided[place[0]]:
            source = self._store(place[0])
            passages = [
                replace(passage, document_id=document.document_id)
                for passage in source.passages_of(place[1])
            ]
            words = read_by_search(document).text
            divided = Divided(passages, source.keys_of(place[1]), sketch(words))
        else:
            divided = self._stages.divide(document)
        number = self._fresh.add(document, divided.passages, divided.keys, as_read, divided.sketch)
        self._keep(file, _FRESH, number)

    def _keep(self, file: _File, store: int, number: int) -> None:
        self.gathered.kept.append(Kept(store, number, file.number))
        file.kept += 1

    def _store(self, number: int) -> Store:
        store = self._stores[number]
        assert store is not None, "nothing is known from a store that is not there"
        return store


def _recorded_path(found: Found) -> str:
    return found.name if found.temporary or found.built_in else str(found.path)


def _progress_of(opened: _Opened) -> FileProgress | None:
    """Return that a file was read or left out; None if it need not be read."""
    if opened.known is not None or opened.found.built_in:
        return None
    return FileProgress(shown(opened.found.path), "left out" if opened.problems else "read")


@dataclass
class _File:
    """A file whose documents are being taken, and the result."""

    number: int
    opened: _Opened
    kept: int = 0
    copies: list[CopiedDocument] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its path as the index records it."""
        return self.opened.record.path


def _named_alike(one: FileRecord, other: FileRecord) -> bool:
    """Return whether two files have the same name, collection and metadata."""
    return (one.path, one.collection, one.described) == (
        other.path,
        other.collection,
        other.described,
    )


T = TypeVar("T")


def _with_only_flag(items: Iterator[T]) -> Iterator[tuple[T, bool]]:
    """Yield each item, and whether it is the only one."""
    first = next(items, None)
    if first is None:
        return
    second = next(items, None)
    yield first, second is None
    if second is not None:
        yield second, False
    for item in items:
        yield item, False


def _file_state(found: Found) -> str:
    """Return the file system's description of a file, which changes with its content; "" for a file
    that is missing, was changed just now, or is in a zip file."""
    if found.temporary or found.built_in:
        return ""
    try:
        status = found.path.stat()
    except OSError:
        return ""
    # The time of change cannot be set by hand, that of modification can.
    if time.time() - max(status.st_mtime, status.st_ctime) < _JUST_NOW_S:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _content_digest(found: Found) -> str:
    """Return a hash of a file's bytes, "" if it cannot be opened."""
    if found.built_in:
        return f"{found.name} {version(found.name)}"
    try:
        return sha256_of(found.path) if found.path.is_file() else ""
    except OSError:
        return ""


def _reading_digest(content: str, found: Found, ocr: str) -> str:
    """Return a hash of everything but the name that the reading of a file depends on."""
    settings = (READING, content, found.path.suffix.lower(), ocr)
    return hashlib.sha256(repr(settings).encode()).hexdigest() if content else ""


def _renamed(
    document: SourceDocument, was: Path, part_of: Collection, found: Found
) -> SourceDocument:
    """Return a document that was read from a file at `was`, in the collection `part_of`, as it is
    for the file `found`.

    What came from the file's name follows the new name; the id stays.
    """
    title, publication = document.title, document.publication
    if title == file_title(was):
        title = file_title(found.path)
    if publication == in_file(was):
        publication = in_file(found.path)
    same = document.collection.collection_id == part_of.collection_id
    collection = found.collection if same else document.collection
    origin = found.name if document.origin == shown(was) else document.origin
    return replace(
        document, title=title, publication=publication, collection=collection, origin=origin
    )
