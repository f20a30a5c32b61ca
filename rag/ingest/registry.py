"""Which function reads which kind of file, and what becomes of its errors.

`READERS`: to add a kind of file, write a function of the type `Reader` and put it here
under the file's extension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rag.datatypes import Collection, Reader, SkippedFile, SourceDocument
from rag.errors import SourceError, UnknownFormat, UnreadableSource
from rag.ingest.names import shown
from rag.ingest.ocr.engines import Ocr
from rag.ingest.readers.epub.reader import read_epub
from rag.ingest.readers.html import read_html
from rag.ingest.readers.pdf.reader import read_pdf
from rag.ingest.readers.plain.reader import read_plain
from rag.ingest.readers.tei.reader import read_tei
from rag.ingest.readers.word.reader import read_word, refuse_old_word
from rag.ingest.walk.folders import reason

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
"""Read as a folder, so it has no reader of its own."""

Item = SourceDocument | SkippedFile
"""What comes out of a file: its documents, and what could not be read of it, in order."""


def reader_for(path: Path, ocr: Ocr | None = None) -> Reader:
    """Return the reader for a file's extension; raises `UnknownFormat` if there is none."""
    reader = READERS.get(path.suffix.lower())
    if reader is read_pdf:
        return partial(read_pdf, ocr=ocr)
    if reader is None:
        raise UnknownFormat(
            f"{shown(path)}: no reader for {path.suffix or 'a file without extension'!r}; "
            f"convert it to one of {', '.join(sorted({*READERS, ZIP} - {'.doc'}))}"
        )
    return reader


def read_file(path: Path, collection: Collection, ocr: Ocr | None = None) -> Iterator[Item]:
    """Yield the documents of a file as they are read, and what could not be read of it.

    `ocr`: what reads pages without text, None for the best that is installed.
    """

    def start() -> Iterator[SourceDocument]:
        # A pipe or a device would be waited for without end.
        if not path.is_file():
            raise UnreadableSource(
                f"{shown(path)} is not a regular file, or a link to nothing; remove it"
            )
        return reader_for(path, ocr)(path, collection)

    return guarded(start, path)


def guarded(start: Callable[[], Iterator[SourceDocument]], path: Path) -> Iterator[Item]:
    """Yield what a reader yields, and its errors as values.

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
            yield SkippedFile(shown(path), reason(error, path))
            if documents is None:
                return
        else:
            yield document
