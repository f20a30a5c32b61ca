"""Which function reads which kind of file, and what becomes of its errors.

`READERS`: to add a kind of file, write a function of the type `Reader` and put it here
under the file's extension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.datatypes import Collection, Reader, SkippedFile, SourceDocument
from rag.errors import SourceError, UnknownFormat, UnreadableSource
from rag.ingest.names import printable, shown, slug
from rag.ingest.ocr import Ocr
from rag.ingest.readers.ead import read_ead
from rag.ingest.readers.epub import read_epub
from rag.ingest.readers.html import read_html
from rag.ingest.readers.mail import mail_attachments, read_mail
from rag.ingest.readers.ocr_formats import MARK as HOCR
from rag.ingest.readers.ocr_formats import read_alto, read_hocr, read_page_xml
from rag.ingest.readers.odt import read_odt
from rag.ingest.readers.pdf import read_pdf
from rag.ingest.readers.pdf.opening import attached_files
from rag.ingest.readers.pictures import read_djvu, read_picture
from rag.ingest.readers.plain import read_plain
from rag.ingest.readers.rtf import read_rtf
from rag.ingest.readers.sheets import read_sheets
from rag.ingest.readers.tei import read_tei
from rag.ingest.readers.word import read_word, refuse_old_word
from rag.ingest.shared.decoding import root_name
from rag.ingest.sidecar import MAX_FIELD

_XML_ROOTS: dict[str, Reader] = {
    "alto": read_alto,
    "PcGts": read_page_xml,
    "ead": read_ead,
}
"""Readers of XML by the name of its outermost element; any other is read as TEI."""


def _read_xml(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Return the documents of an XML file, by the reader of its kind."""
    return _XML_ROOTS.get(root_name(path.read_bytes()), read_tei)(path, collection)


def _read_page(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Return the document of an HTML file: one of the Web, or one that an OCR program wrote."""
    with path.open("rb") as file:
        is_hocr = HOCR.search(file.read(_HEAD_BYTES)) is not None
    return (read_hocr if is_hocr else read_html)(path, collection)


READERS: dict[str, Reader] = {
    ".csv": read_sheets,
    ".doc": refuse_old_word,
    ".djv": read_djvu,
    ".djvu": read_djvu,
    ".docx": read_word,
    ".eml": read_mail,
    ".epub": read_epub,
    ".hocr": read_hocr,
    ".htm": _read_page,
    ".html": _read_page,
    ".jpeg": read_picture,
    ".jpg": read_picture,
    ".md": read_plain,
    ".msg": read_mail,
    ".odt": read_odt,
    ".pdf": read_pdf,
    ".png": read_picture,
    ".rtf": read_rtf,
    ".tei": read_tei,
    ".tif": read_picture,
    ".tiff": read_picture,
    ".tsv": read_sheets,
    ".txt": read_plain,
    ".xhtml": _read_page,
    ".xlsx": read_sheets,
    ".xml": _read_xml,
}

_ATTACHED: dict[str, Callable[[Path], Iterator[tuple[str, bytes]]]] = {
    ".eml": mail_attachments,
    ".msg": mail_attachments,
    ".pdf": attached_files,
}
"""Kinds of files that other files can be attached to: what yields their names and contents."""

_HEAD_BYTES = 20_000
_MAX_DEPTH = 3
_MAX_NAME = 60

ZIP = ".zip"
"""Read as a folder, so it has no reader of its own."""

ReadItem = SourceDocument | SkippedFile
"""What comes out of a file: its documents, and what could not be read of it, in order."""


def reader_for(path: Path, ocr: Ocr | None = None) -> Reader:
    """Return the reader for a file's extension; raises `UnknownFormat` if there is none."""
    reader = READERS.get(path.suffix.lower())
    if reader in (read_pdf, read_picture, read_djvu):
        return partial(reader, ocr=ocr)
    if reader is None:
        raise UnknownFormat(
            f"{shown(path)}: no reader for {path.suffix or 'a file without extension'!r}; "
            f"convert it to one of {', '.join(sorted({*READERS, ZIP} - {'.doc'}))}"
        )
    return reader


def why_not_read(error: Exception, path: Path) -> str:
    """Return what to tell the user about a file that could not be read."""
    if isinstance(error, OSError):
        why = printable(str(error.strerror or error))
        return f"{shown(path)} cannot be opened ({why}); check its permissions"
    return str(error)


def read_file(
    path: Path, collection: Collection, ocr: Ocr | None = None, depth: int = 0
) -> Iterator[ReadItem]:
    """Yield the documents of a file as they are read, and what could not be read of it; those
    of the files attached to it follow.

    `ocr`: what reads pages without text, None for the best that is installed. `depth`: how
    many files it is attached within.
    """

    def start() -> Iterator[SourceDocument]:
        # A pipe or a device would be waited for without end.
        if not path.is_file():
            raise UnreadableSource(
                f"{shown(path)} is not a regular file, or a link to nothing; remove it"
            )
        return reader_for(path, ocr)(path, collection)

    yield from guarded(start, path)
    attached = _ATTACHED.get(path.suffix.lower())
    if attached is not None and path.is_file() and depth < _MAX_DEPTH:
        yield from _attachments(attached(path), path, collection, ocr, depth + 1)


def _attachments(
    files: Iterator[tuple[str, bytes]],
    path: Path,
    collection: Collection,
    ocr: Ocr | None,
    depth: int,
) -> Iterator[ReadItem]:
    """Yield the documents of the files within a file, each under the id of that file."""
    for number, (given, content) in enumerate(files, start=1):
        name = printable(given.replace("\\", "/").rpartition("/")[2]) or f"attachment-{number}"
        where = f"{shown(path)}/{name}"
        with TemporaryDirectory(prefix="source-finder-") as folder:
            copy = Path(folder) / name[-_MAX_NAME:].lstrip(".")
            copy.write_bytes(content)
            here = shown(copy)
            for item in read_file(copy, collection, ocr, depth):
                if isinstance(item, SkippedFile):
                    yield SkippedFile(where, item.reason.replace(here, where))
                    continue
                own = item.document_id.partition("/")[2]
                yield replace(
                    item,
                    document_id=f"{collection.collection_id}/{slug(path.stem)}/{own}",
                    publication=replace(
                        item.publication,
                        archive_location=f"{copy.name}, attached to {printable(path.name)}",
                    ),
                    origin=item.origin.replace(here, where),
                )


def guarded(start: Callable[[], Iterator[SourceDocument]], path: Path) -> Iterator[ReadItem]:
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
            yield SkippedFile(shown(path), why_not_read(error, path))
            if documents is None:
                return
        else:
            yield _bounded(document)


def _bounded(document: SourceDocument) -> SourceDocument:
    """Return the document with what it says of itself cut where it is longer than any title."""
    said = {name: getattr(document, name) for name in ("title", "creator", "citation", "rights")}
    cut: dict[str, Any] = {
        name: f"{value[:MAX_FIELD]}…"
        for name, value in said.items()
        if value and len(value) > MAX_FIELD
    }
    return replace(document, **cut)
