"""From files to source documents.

`read_sources` takes built-in names, files and folders and yields what can be read; builds
use what it is made of (see `rag.build.gather`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import SourceError
from rag.ingest.files import BUILT_IN, Found, OnSkip, check_sources, find_files, report, unpacked
from rag.ingest.names import Names, shown
from rag.ingest.readers import READERS, ReadItem, read_file, reader_for, why_not_read
from rag.ingest.sidecar import Sidecar, describe, passed_over, read_metadata, read_sidecar

__all__ = [
    "BUILT_IN",
    "READERS",
    "ReadingFound",
    "read_found",
    "read_sources",
    "reader_for",
    "reads",
]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is written beside a file. `digest`: a hash over it, "" where there is nothing."""

    sidecar: Sidecar | None = None
    digest: str = ""


def metadata_beside(found: Found, on_skip: OnSkip) -> Metadata:
    """Return what is written beside a file; what makes no sense there goes to `on_skip`."""
    if found.about is not None:
        return Metadata(found.about, _digest(repr(found.about).encode()))
    if not found.sidecars:
        by = found.described_by
        return Metadata(Sidecar(described_by=by), _digest(by.encode())) if by else Metadata()
    rename = found.renaming(on_skip)
    path, *more = found.sidecars
    for other in more:
        text = f"{shown(other)} is passed over, because {shown(path)} describes the same file"
        rename(SkippedFile(shown(other), f"{text}; keep one of them"))
    try:
        content = read_metadata(path)
        about, problems = read_sidecar(path)
    except (SourceError, OSError) as error:
        rename(SkippedFile(shown(path), why_not_read(error, path)))
        return Metadata()
    report(path, problems, rename)
    if found.temporary:  # who packed a zip file can say anything in it
        about = replace(about, described_by=found.described_by)
        content += found.described_by.encode()
    return Metadata(about, _digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def described(
    documents: Iterator[SourceDocument], about: Metadata, found: Found, on_skip: OnSkip
) -> Iterator[SourceDocument]:
    """Yield the documents of a file as the metadata beside it describes them."""
    sidecar = about.sidecar
    if sidecar is None:
        yield from documents
        return
    first = next(documents, None)
    if first is None:
        return
    parts: list[SourceDocument] = []
    second = next(documents, None)
    while second is not None and _is_part(second, first):
        parts.append(second)
        second = next(documents, None)
    if second is None:  # one work, and what of it is by others
        yield describe(first, sidecar)
        yield from (describe(part, sidecar, alone=False, attached=True) for part in parts)
        return
    ignored: dict[str, None] = {}
    for document in chain((first, *parts, second), documents):
        attached = document.origin != first.origin
        ignored |= dict.fromkeys(passed_over(document, sidecar, attached=attached))
        yield describe(document, sidecar, alone=False, attached=attached)
    if ignored:
        problem = f"{', '.join(ignored)} cannot count, because the file holds several documents"
        report(next(iter(found.sidecars), found.path), [problem], found.renaming(on_skip))


def _is_part(document: SourceDocument, whole: SourceDocument) -> bool:
    """Return whether a document of the same file is a part of another."""
    inside = document.document_id.startswith(f"{whole.document_id}/")
    return inside and document.origin == whole.origin


_Reading = Callable[[Path, Collection], Iterator[ReadItem]]
"""A way to read a file: in this process (`read_file`) or another one (`workers`)."""

ReadingFound = Callable[[Found], Iterator[ReadItem]]
"""A way to read a file with all that is known about it: `reads` makes one."""


def read_sources(
    sources: Sequence[str | Path], on_skip: OnSkip, reading: _Reading = read_file
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
    sources: Sequence[str | Path], on_skip: OnSkip, reading: _Reading
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


def reads(reading: _Reading) -> ReadingFound:
    """Return `reading` for what is found by walking through sources."""
    return lambda found: reading(found.path, found.collection)


def read_found(found: Found, reading: ReadingFound, on_skip: OnSkip) -> Iterator[SourceDocument]:
    """Return the documents of a file as they are in it; its problems go to `on_skip`.

    Where `reading` starts at once, so does this: before a document is asked for.
    """
    items = found.built_in() if found.built_in else reading(found)
    return _documents(items, found, on_skip)


def _documents(
    items: Iterator[ReadItem], found: Found, on_skip: OnSkip
) -> Iterator[SourceDocument]:
    for item in items:
        if isinstance(item, SkippedFile):
            path, why = found.in_reports(item.path), found.in_reports(item.reason)
            on_skip(replace(item, path=path, reason=why))
        else:
            yield replace(item, origin=found.in_reports(item.origin))
