"""Which files there are to read, in the order in which they are read."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import SourceError, UnreadableSource
from rag.ingest.names import shown
from rag.ingest.readers.sotu import COLLECTION, read_sotu
from rag.ingest.registry import ZIP, guarded
from rag.ingest.shared.zips import DAMAGE
from rag.ingest.sidecar import read_sidecar
from rag.ingest.walk.archive import walk_zip, zip_collection
from rag.ingest.walk.folders import (
    Found,
    OnSkip,
    collection_from,
    lone_file,
    reason,
    walk_folder,
    work_of,
)

BUILT_IN: dict[str, tuple[Callable[[], Iterator[SourceDocument]], Collection]] = {
    "sotu": (read_sotu, COLLECTION)
}
"""Sources that come with the install as packages of the same name."""

READING = 5
"""Raised when a reader changes in what it yields, so that files are read again."""

_JUST_NOW_S = 2
"""A file changed so recently may change once more without a new time."""


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
        for member in walk_zip(found.path, collection, on_skip):
            yield replace(member, described_by=by)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(found.name, reason(error, found.path)))
    except (*DAMAGE, MemoryError) as error:  # of an archive, that nobody foresaw
        why = f"{found.name} cannot be unpacked ({type(error).__name__}); pack it anew"
        on_skip(SkippedFile(found.name, why))


def file_state(found: Found) -> str:
    """Return what the file system says of a file: while it says so, the content is the same.

    "" for a file that is not there, changed just now, or lies in a zip file.
    """
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


def content_digest(found: Found) -> str:
    """Return a hash over the bytes of a file, "" if it cannot be opened."""
    if found.built_in:
        return f"{found.name} {version(found.name)}"
    try:
        if not found.path.is_file():
            return ""
        with found.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def reading_digest(content: str, found: Found, ocr: str) -> str:
    """Return a hash over all that the reading of a file depends on, except its name."""
    settings = (READING, content, found.path.suffix.lower(), ocr)
    return hashlib.sha256(repr(settings).encode()).hexdigest() if content else ""
