"""Documents as the metadata beside their file describes them, and under its present name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import SourceError
from rag.ingest.names import file_title, in_file, shown
from rag.ingest.sidecar import Sidecar, describe, ignored_fields, read_metadata, read_sidecar
from rag.ingest.walk.folders import Found, OnSkip, reason, report


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
        rename(SkippedFile(shown(path), reason(error, path)))
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
    second = next(documents, None)
    if second is None:
        yield describe(first, sidecar)
        return
    ignored = ignored_fields(sidecar)
    if ignored:
        problem = f"{', '.join(ignored)} cannot count, because the file holds several documents"
        report(next(iter(found.sidecars), found.path), [problem], found.renaming(on_skip))
    for document in chain((first, second), documents):
        yield describe(document, sidecar, alone=False)


def renamed(
    document: SourceDocument, was: Path, part_of: Collection, found: Found
) -> SourceDocument:
    """Return a document, read when its file was called `was` and a part of the collection
    `part_of`, as it is now that the file is `found` where it is.

    What was taken from the file's name follows the name; the id stays.
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
