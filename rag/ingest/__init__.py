"""From files to source documents.

`read_sources` takes built-in names, files and folders and yields what can be read.
`READERS` says which function reads which kind of file: to add a kind, write a function
of the type `Reader` and put it here under the file's extension.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from rag.datatypes import Reader, SkippedFile, SourceDocument
from rag.errors import SourceError, UnknownFormat, UnreadableSource
from rag.ingest.archive import in_reports, renaming, walk_zip, zip_collection
from rag.ingest.epub import read_epub
from rag.ingest.folders import (
    Found,
    OnSkip,
    collection_from,
    lone_file,
    reason,
    report,
    walk_folder,
)
from rag.ingest.html import read_html
from rag.ingest.names import shown
from rag.ingest.pdf import read_pdf
from rag.ingest.plain import read_plain
from rag.ingest.sidecar import Sidecar, describe, ignored_fields, read_sidecar
from rag.ingest.sotu import read_sotu
from rag.ingest.tei import read_tei
from rag.ingest.word import read_word, refuse_old_word

__all__ = ["BUILT_IN", "READERS", "read_sources", "reader_for"]

READERS: dict[str, Reader] = {
    ".doc": refuse_old_word,
    ".docx": read_word,
    ".epub": read_epub,
    ".htm": read_html,
    ".html": read_html,
    ".md": read_plain,
    ".pdf": read_pdf,
    ".tei": read_tei,
    ".txt": read_plain,
    ".xhtml": read_html,
    ".xml": read_tei,
}

ZIP = ".zip"
"""Read as a folder, so no reader but `read_sources` itself does it."""

BUILT_IN: dict[str, Callable[[], Iterator[SourceDocument]]] = {"sotu": read_sotu}


READING = 1
"""Raised when a reader changes in what it yields, so that files are read again."""

Known = Callable[[str], Sequence[SourceDocument]]
"""The documents that were read earlier from a file with this digest; none where it is new."""


def read_sources(
    sources: Sequence[str | Path], on_skip: OnSkip, known: Known = lambda _: ()
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

    A file that is `known`, and has not changed since, is not read again. Files that were
    read with problems are never known, so that their problems are reported each time.

    Raises `UnreadableSource` at once, before anything is read, for a path that does not
    exist.
    """
    for source in sources:
        if source not in BUILT_IN and not Path(source).exists():
            raise UnreadableSource(
                f"There is no file or folder {shown(Path(source))}; check the path "
                f"(built-in sources: {', '.join(sorted(BUILT_IN))})"
            )
    documents = (found for source in sources for found in _read_source(source, on_skip, known))
    return _with_unique_ids(documents, on_skip)


def reader_for(path: Path) -> Reader:
    """Return the reader for a file's extension; raises `UnknownFormat` if there is none."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnknownFormat(
            f"{shown(path)}: no reader for {path.suffix or 'a file without extension'!r}; "
            f"convert it to one of {', '.join(sorted({*READERS, ZIP} - {'.doc'}))}"
        )
    return reader


def _read_source(source: str | Path, on_skip: OnSkip, known: Known) -> Iterator[SourceDocument]:
    built_in = BUILT_IN.get(source) if isinstance(source, str) else None
    path = Path(source)
    if built_in is not None:
        yield from _guarded(built_in, path, on_skip)
        return
    found_files = walk_folder(path, on_skip) if path.is_dir() else [lone_file(path, on_skip)]
    for found in found_files:
        if found.path.suffix.lower() == ZIP and found.path.is_file():
            yield from _read_zip(found, on_skip)
        else:
            yield from _read_unless_known(found, on_skip, known)


def _read_unless_known(found: Found, on_skip: OnSkip, known: Known) -> Iterator[SourceDocument]:
    digest = _file_digest(found)
    if digest and (documents := known(digest)):
        yield from documents
        return
    problems: list[SkippedFile] = []
    read = list(_read_file(found, problems.append))
    for problem in problems:
        on_skip(problem)
    for document in read:
        yield replace(document, file_digest="" if problems else digest)


def _file_digest(found: Found) -> str:
    """Return a hash over all that the reading of a file depends on, "" if it cannot be read."""
    settings = (READING, found.path, found.collection, os.environ.get("SOURCE_FINDER_OCR"))
    digest = hashlib.sha256(repr(settings).encode("utf-8", "surrogatepass"))
    try:
        for path in (found.path, *found.sidecars):
            if not path.is_file():
                return ""
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError:
        return ""
    return digest.hexdigest()


def _read_zip(found: Found, on_skip: OnSkip) -> Iterator[SourceDocument]:
    collection = zip_collection(found.path)
    # What describes a zip file describes the collection in it.
    for sidecar in found.sidecars[:1]:
        collection = collection_from(sidecar, collection, on_skip)
    try:
        for member in walk_zip(found.path, collection, on_skip):
            renamed = renaming(member.path, member.name, on_skip)
            for document in _read_file(member, renamed):
                yield replace(
                    document, origin=in_reports(document.origin, member.path, member.name)
                )
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(found.name, reason(error, found.path)))


def _read_file(found: Found, on_skip: OnSkip) -> Iterator[SourceDocument]:
    path = found.path

    def start() -> Iterator[SourceDocument]:
        # A pipe or a device would be waited for without end.
        if not path.is_file():
            raise UnreadableSource(
                f"{shown(path)} is not a regular file, or a link to nothing; remove it"
            )
        return reader_for(path)(path, found.collection)

    documents = _guarded(start, path, on_skip)
    return _described(documents, found.sidecars, on_skip) if found.sidecars else documents


def _described(
    documents: Iterator[SourceDocument], sidecars: Sequence[Path], on_skip: OnSkip
) -> Iterator[SourceDocument]:
    """Yield the documents of a file as its sidecar describes them."""
    sidecar, *more = sidecars
    for path in more:
        text = f"{shown(path)} is passed over, because {shown(sidecar)} describes the same file"
        on_skip(SkippedFile(shown(path), f"{text}; keep one of them"))
    about = _sidecar(sidecar, on_skip)
    first = next(documents, None)
    if first is None:
        return
    second = next(documents, None)
    if second is None:
        yield describe(first, about)
        return
    ignored = ignored_fields(about)
    if ignored:
        problem = f"{', '.join(ignored)} cannot count, because the file holds several documents"
        report(sidecar, [problem], on_skip)
    for document in chain((first, second), documents):
        yield describe(document, about, alone=False)


def _sidecar(path: Path, on_skip: OnSkip) -> Sidecar:
    try:
        about, problems = read_sidecar(path)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(shown(path), reason(error, path)))
        return Sidecar()
    report(path, problems, on_skip)
    return about


def _guarded(
    start: Callable[[], Iterator[SourceDocument]], path: Path, on_skip: OnSkip
) -> Iterator[SourceDocument]:
    """Yield what a reader yields; its errors go to `on_skip`.

    A reader may raise for one document and go on with the next; one that cannot is at
    its end after an error.
    """
    documents: Iterator[SourceDocument] | None = None
    while True:
        try:
            documents = start() if documents is None else documents
            document = next(documents)
        except StopIteration:
            return
        except (SourceError, OSError) as error:
            on_skip(SkippedFile(shown(path), reason(error, path)))
            if documents is None:
                return
        else:
            yield document


def _with_unique_ids(
    documents: Iterator[SourceDocument], on_skip: OnSkip
) -> Iterator[SourceDocument]:
    seen: dict[str, bytes] = {}
    for document in documents:
        text_hash = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).digest()
        wanted = document.document_id
        number = 1
        given = wanted
        while given in seen and seen[given] != text_hash:
            number += 1
            given = f"{wanted}-{number}"
        if given in seen:
            reason = f"the same text has been read already as {given}; remove one of the two"
            on_skip(SkippedFile(document.origin, reason))
            continue
        seen[given] = text_hash
        yield document if given == wanted else replace(document, document_id=given)
