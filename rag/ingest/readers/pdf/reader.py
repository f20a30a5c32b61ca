"""PDF: one file is one document, with a locator for every page.

The words are those of the file's text layer, or of OCR for each page that has none or a
poor one. Where there is no OCR engine, a scan without text is refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, person, printable, shown
from rag.ingest.ocr.engines import Ocr
from rag.ingest.ocr.page_images import page_images
from rag.ingest.ocr.reread import reread
from rag.ingest.readers.pdf.forms import PLACEHOLDER, filled_fields, xfa_lines
from rag.ingest.readers.pdf.layers import Layer, page_layers
from rag.ingest.readers.pdf.opening import DAMAGE, check_bytes, damaged, open_pdf
from rag.ingest.shared.page_text import page_labels, put_together, rejoin_words
from rag.language import MONTHS

if TYPE_CHECKING:
    from pypdf import PdfReader

log = logging.getLogger(__name__)


# Characters of the page that a portfolio shows to readers that cannot open it.
_COVER_SHEET = 600

# What programs put in for want of a title: their own words, or a file's name.
_NO_TITLE = re.compile(
    r"untitled\W*\d*|microsoft \w+ - .*|document ?\d*|title|scan\w*|[\W\d]*"
    r"|.*\.(?:docx?|rtf|txt|odt|wpd|tex|dvi|e?ps|pdf|html?|xlsx?|pptx?|pub|indd|qxd|p65|exe"
    r"|tiff?|jpe?g|png|cdr)",
    re.IGNORECASE,
)


class _Counted(logging.Handler):
    """Keeps the messages that it is given."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def read_pdf(
    path: Path, collection: Collection, ocr: Ocr | None = None
) -> Iterator[SourceDocument]:
    """Yield the one document of a PDF file.

    Pages without text, and those whose text layer is worse than what OCR gives, are read
    by OCR; its confidence and what went wrong on single pages are in the document.

    Raises `UnreadableSource` if the file is empty, cut short, encrypted, not a PDF, or
    has no text and no OCR engine finds any.
    """
    check_bytes(path)
    with _complaints_counted(path):
        reader = open_pdf(path)
        layers, failures = page_layers(reader, path)
        fields = _form(reader, path, layers)
        given = _labels(reader, len(layers))
        title, creator, created = _information(reader)
        if _is_cover_sheet(reader, layers):
            return
    result = reread(path, [layer.text for layer in layers], ocr or Ocr(), page_images)
    if not any(result.pages) and not any(fields):
        if failures:
            raise damaged(path, failures[0]) from failures[0]
        raise UnreadableSource(
            f"{shown(path)} has no text layer: it is a scan of {len(layers)} pages; {result.why}"
        )
    pages = rejoin_words(list(result.pages))
    notes = [
        list(layer.notes) if page == layer.text else []
        for page, layer in zip(result.pages, layers, strict=True)
    ]
    counted = [f"p. {n}" for n in range(1, len(pages) + 1)]
    labels = page_labels(pages, "PDF page") if given in ([], counted) else given
    if given and sum(label.startswith("p. ") for label in labels) < len(labels):
        labels = given
    text, locators, excluded = put_together(pages, labels, notes, fields)
    yield file_document(
        path,
        collection,
        text,
        title,
        creator=creator,
        date=_date(created, pages[0]),
        locators=locators,
        excluded=excluded,
        ocr_confidence=result.confidence,
        notes=_notes(pages, fields, len(failures), result.notes),
        pages=len(pages),
        ocr_pages=result.ocr_pages,
    )


def _notes(
    pages: list[str], fields: list[list[str]], failures: int, of_ocr: tuple[str, ...]
) -> tuple[str, ...]:
    notes = list(of_ocr)
    if failures:
        notes.append(f"the text layer of {failures} of {len(pages)} pages is damaged")
    if empty := sum(not page and not own for page, own in zip(pages, fields, strict=True)):
        notes.append(f"{empty} of {len(pages)} pages have no text")
    return tuple(notes)


def _labels(reader: PdfReader, count: int) -> list[str]:
    """Return the page numbers that the file gives, [] where it gives none."""
    from pypdf.errors import PyPdfError

    try:
        if "/PageLabels" not in reader.root_object:
            return []
        given = [printable(label) for label in reader.page_labels]
    except (PyPdfError, *DAMAGE):
        return []
    if len(given) != count:
        return []
    return [f"p. {label}" if label else f"PDF page {n}" for n, label in enumerate(given, start=1)]


def _form(reader: PdfReader, path: Path, layers: list[Layer]) -> list[list[str]]:
    """Return what is filled in on each page; a page that only asks to wait for a form in XFA
    gives way to what that holds.

    Raises `UnreadableSource` where it holds nothing.
    """
    from pypdf.errors import PyPdfError

    try:
        fields = [filled_fields(page) for page in reader.pages]
        waiting = [n for n, layer in enumerate(layers) if PLACEHOLDER.match(layer.text)]
        if waiting and "/AcroForm" in reader.root_object:
            lines = xfa_lines(reader, path)
            if not lines:
                raise UnreadableSource(
                    f"{shown(path)} is a form of Adobe's XFA kind with nothing filled in; open it "
                    "in Adobe Reader and print it to a new PDF"
                )
            fields[waiting[0]] = lines
            for number in waiting:
                layers[number] = Layer("")
    except (PyPdfError, *DAMAGE):
        return [[] for _ in layers]
    return fields


def _is_cover_sheet(reader: PdfReader, layers: list[Layer]) -> bool:
    """Return whether the file is a portfolio, whose one page only says so."""
    from pypdf.errors import PyPdfError

    try:
        return (
            len(layers) == 1
            and len(layers[0].text) < _COVER_SHEET
            and "/Collection" in reader.root_object
            and bool(reader.attachments)
        )
    except (PyPdfError, *DAMAGE):
        return False


def _information(reader: PdfReader) -> tuple[str | None, str | None, datetime | None]:
    """Return title, author and day of making, None for each that is missing or no use."""
    from pypdf.errors import PyPdfError

    try:
        about = reader.metadata
        if about is None:
            return None, None, None
        title = printable(about.title or "")
        author = printable(about.author or "")
    except (PyPdfError, *DAMAGE):
        return None, None, None
    try:
        created = about.creation_date
    except (PyPdfError, *DAMAGE):
        created = None
    return (
        None if _NO_TITLE.fullmatch(title) else title,
        person(author),
        created,
    )


def _date(created: datetime | None, first_page: str) -> str | None:
    """Return the day on which the file was made if the first page bears that date.

    Otherwise it is more likely the day of a scan than that of the document.
    """
    if created is None:
        return None
    name = MONTHS[created.month - 1]
    day, month, year = created.day, rf"(?:{name}|{name[:3]}\.?)", created.year
    written = (
        rf"\b{month}\s+{day},?\s+{year}\b|\b{day}(?:st|nd|rd|th)?\s+{month},?\s+{year}\b"
        rf"|\b{created:%Y-%m-%d}\b|\b0?{created.month}/0?{day}/{year}\b"
    )
    return f"{created:%Y-%m-%d}" if re.search(written, first_page, re.IGNORECASE) else None


@contextmanager
def _complaints_counted(path: Path) -> Iterator[None]:
    """Keep pypdf's warnings off the terminal; log how many there were and the first."""
    logger = logging.getLogger("pypdf")
    handler = _Counted()
    propagated = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)
        heard = handler.messages
        if heard:
            log.info("%s: %d warnings from pypdf, first: %s", shown(path), len(heard), heard[0])
