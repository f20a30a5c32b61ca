"""From files to source documents.

`read_sources` takes built-in names, files and folders and yields what can be read.
`READERS` says which function reads which kind of file: to add a kind, write a function
of the type `Reader` and put it here under the file's extension.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rag.datatypes import Collection, Reader, SkippedFile, SourceDocument
from rag.errors import SourceError, UnknownFormat, UnreadableSource
from rag.ingest.names import folder_collection, shown
from rag.ingest.pdf import read_pdf
from rag.ingest.plain import read_plain
from rag.ingest.sotu import read_sotu
from rag.ingest.tei import read_tei

__all__ = ["BUILT_IN", "READERS", "read_sources", "reader_for", "source_key"]

READERS: dict[str, Reader] = {
    ".md": read_plain,
    ".pdf": read_pdf,
    ".tei": read_tei,
    ".txt": read_plain,
    ".xml": read_tei,
}

BUILT_IN: dict[str, Callable[[], Iterator[SourceDocument]]] = {"sotu": read_sotu}

OnSkip = Callable[[SkippedFile], None]


def read_sources(sources: Sequence[str | Path], on_skip: OnSkip) -> Iterator[SourceDocument]:
    """Return the documents of `sources`, read one by one as they are asked for.

    A source is a built-in name ("sotu"), a file, or a folder, which is read with all
    folders in it, sorted by name; hidden files and README.md are left out. What cannot
    be read is handed to `on_skip`, and the rest is read all the same. Ids are unique:
    of two documents with the same id and text the second is skipped, with another text
    it becomes "id-2".

    Raises `UnreadableSource` at once, before anything is read, for a path that does not
    exist.
    """
    for source in sources:
        if source not in BUILT_IN and not Path(source).exists():
            raise UnreadableSource(
                f"There is no file or folder {shown(Path(source))}; check the path "
                f"(built-in sources: {', '.join(sorted(BUILT_IN))})"
            )
    documents = (found for source in sources for found in _read_source(source, on_skip))
    return _with_unique_ids(documents, on_skip)


def reader_for(path: Path) -> Reader:
    """Return the reader for a file's extension; raises `UnknownFormat` if there is none."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnknownFormat(
            f"{shown(path)}: no reader for {path.suffix or 'a file without extension'!r}; "
            f"convert it to one of {', '.join(sorted(READERS))}"
        )
    return reader


def source_key(source: str | Path) -> str:
    """Return a name for a source that does not depend on the working directory."""
    return str(source) if source in BUILT_IN else str(Path(source).resolve())


def _read_source(source: str | Path, on_skip: OnSkip) -> Iterator[SourceDocument]:
    built_in = BUILT_IN.get(source) if isinstance(source, str) else None
    path = Path(source)
    if built_in is not None:
        yield from _guarded(built_in, path, on_skip)
    elif path.is_dir():
        collection = folder_collection(path)
        for file in _files(path, on_skip):
            yield from _read_file(file, collection, on_skip)
    else:
        yield from _read_file(path, folder_collection(path.resolve().parent), on_skip)


def _read_file(path: Path, collection: Collection, on_skip: OnSkip) -> Iterator[SourceDocument]:
    def start() -> Iterator[SourceDocument]:
        # A pipe or a device would be waited for without end.
        if not path.is_file():
            raise UnreadableSource(
                f"{shown(path)} is not a regular file, or a link to nothing; remove it"
            )
        return reader_for(path)(path, collection)

    yield from _guarded(start, path, on_skip)


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
            on_skip(SkippedFile(shown(path), _reason(error, path)))
            if documents is None:
                return
        else:
            yield document


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, OSError):
        return f"{shown(path)} cannot be opened ({error.strerror or error}); check its permissions"
    return str(error)


def _files(folder: Path, on_skip: OnSkip) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        on_skip(SkippedFile(shown(folder), _reason(error, folder)))
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name.lower() == "readme.md":
            continue
        if not entry.is_dir():
            yield entry
        elif entry.is_symlink():
            # It may lead back to a folder above.
            reason = "a link to a folder is not followed; give the folder itself as a source"
            on_skip(SkippedFile(shown(entry), reason))
        else:
            yield from _files(entry, on_skip)


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
