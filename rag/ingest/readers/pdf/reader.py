"""PDF: one file is one document, with a locator for every page.

The words are those of the file's text layer, or of OCR for each page that has none or a
poor one. Where there is no OCR engine, a scan without text is refused.
"""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, Locator, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, printable, shown
from rag.ingest.ocr.engines import Ocr
from rag.ingest.readers.pdf.lines import rejoin_words, running_lines, tidy_page
from rag.ingest.readers.pdf.ocr import reread
from rag.ingest.readers.pdf.spaces import with_spaces
from rag.ingest.shared.pulse import reached
from rag.language import MONTHS

if TYPE_CHECKING:
    from pypdf import PdfReader

log = logging.getLogger(__name__)

PAGE_BREAK = "\n\f\n"

# What a damaged file can make pypdf raise, besides its own errors: it follows wrong
# offsets and reads wrong types.
_DAMAGE = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    OSError,
    EOFError,
    struct.error,
    zlib.error,
)
_END_LIMIT = 2048
_SIGNATURES = {
    b"PK\x03\x04": "a Word, Excel or zip file",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"<": "HTML or XML, perhaps the error page of a website",
    b"AT&T": "a DjVu file",
}
# What programs put in for want of a title: their own words, or a file's name.
_NO_TITLE = re.compile(
    r"untitled\W*\d*|microsoft \w+ - .*|document ?\d*|title|scan\w*|[\W\d]*"
    r"|.*\.(?:docx?|rtf|txt|odt|wpd|tex|dvi|e?ps|pdf|html?|xlsx?|pptx?|pub|indd|qxd|p65|exe"
    r"|tiff?|jpe?g|png|cdr)",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"\W*|user\d*|admin(istrator)?|owner|unknown|author|default|root|guest|scanner|anonymous",
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
    _check_bytes(path)
    with _complaints_counted(path):
        reader = _open(path)
        layers, failures = _page_texts(reader, path)
        labels = _labels(reader, len(layers))
        title, creator, created = _information(reader)
    result = reread(path, with_spaces(path, layers), ocr or Ocr())
    if not any(result.pages):
        if failures:
            raise _damaged(path, failures[0]) from failures[0]
        raise UnreadableSource(
            f"{shown(path)} has no text layer: it is a scan of {len(layers)} pages; {result.why}"
        )
    pages = rejoin_words(list(result.pages))
    text, starts = _joined(pages)
    title = title or file_title(path)
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        creator=creator,
        date=_date(created, pages[0]),
        locators=_locators(starts, labels, len(text)),
        excluded=_running_spans(pages, starts),
        origin=shown(path),
        ocr_confidence=result.confidence,
        notes=_notes(pages, len(failures), result.notes),
        pages=len(pages),
        ocr_pages=result.ocr_pages,
    )


def _notes(pages: list[str], failures: int, of_ocr: tuple[str, ...]) -> tuple[str, ...]:
    notes = list(of_ocr)
    if failures:
        notes.append(f"the text layer of {failures} of {len(pages)} pages is damaged")
    if empty := sum(not page for page in pages):
        notes.append(f"{empty} of {len(pages)} pages have no text")
    return tuple(notes)


def _check_bytes(path: Path) -> None:
    """Refuse what is plainly no whole PDF, before a tolerant parser makes a guess of it."""
    with path.open("rb") as file:
        head = file.read(1024)
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_LIMIT))
        tail = file.read()
    if not head.strip(b"\0 \t\r\n"):
        raise UnreadableSource(f"{shown(path)} is empty; fetch or copy it again")
    if b"%PDF-" not in head:
        kinds = (kind for mark, kind in _SIGNATURES.items() if head.lstrip().startswith(mark))
        raise UnreadableSource(
            f"{shown(path)} is not a PDF: it looks like {next(kinds, 'something else')}; "
            "give it its proper extension, or fetch it again"
        )
    # Some programs fill the last block with zeros.
    if b"%%EOF" not in tail and b"startxref" not in tail.rstrip(b"\0"):
        raise UnreadableSource(
            f"{shown(path)} is cut short: the end of the PDF is missing; fetch or copy it again"
        )


def _open(path: Path) -> PdfReader:
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(path)
        locked = reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED
    except DependencyError as error:
        raise UnreadableSource(
            f"{shown(path)} is encrypted with AES, which needs another package: "
            "pip install cryptography"
        ) from error
    except (PyPdfError, *_DAMAGE) as error:
        raise _damaged(path, error) from error
    if locked:
        raise UnreadableSource(
            f"{shown(path)} is encrypted and needs a password; save a copy without one, "
            "for instance: qpdf --password=SECRET --decrypt IN.pdf OUT.pdf"
        )
    return reader


def _page_texts(reader: PdfReader, path: Path) -> tuple[list[str], list[Exception]]:
    """Return the text layer of every page, and what went wrong on single pages.

    The text is "" for a page without any and for one that is damaged.
    """
    from pypdf.errors import PyPdfError

    texts: list[str] = []
    failures: list[Exception] = []
    try:
        pages = list(reader.pages)
    except (PyPdfError, *_DAMAGE) as error:
        raise _damaged(path, error) from error
    for number, page in enumerate(pages, start=1):
        reached(f"page {number}")
        try:
            texts.append(tidy_page(page.extract_text()))
        except (PyPdfError, *_DAMAGE) as error:
            log.info("%s: page %d cannot be read: %r", shown(path), number, error)
            failures.append(error)
            texts.append("")
    if not texts:
        raise UnreadableSource(f"{shown(path)} is a PDF without pages; fetch or copy it again")
    return texts, failures


def _damaged(path: Path, error: Exception) -> UnreadableSource:
    return UnreadableSource(
        f"{shown(path)} is damaged ({printable(str(error)) or type(error).__name__}); fetch it "
        "again, or repair it, for instance: qpdf IN.pdf OUT.pdf"
    )


def _labels(reader: PdfReader, count: int) -> list[str]:
    """Return the page numbers as the file prints them, else counted from 1."""
    from pypdf.errors import PyPdfError

    counted = [str(number) for number in range(1, count + 1)]
    try:
        given = [printable(label) for label in reader.page_labels]
    except (PyPdfError, *_DAMAGE):
        return counted
    if len(given) != count:
        return counted
    return [label or number for label, number in zip(given, counted, strict=True)]


def _information(reader: PdfReader) -> tuple[str | None, str | None, datetime | None]:
    """Return title, author and day of making, None for each that is missing or no use."""
    from pypdf.errors import PyPdfError

    try:
        about = reader.metadata
        if about is None:
            return None, None, None
        title = printable(about.title or "")
        author = printable(about.author or "")
    except (PyPdfError, *_DAMAGE):
        return None, None, None
    try:
        created = about.creation_date
    except (PyPdfError, *_DAMAGE):
        created = None
    return (
        None if _NO_TITLE.fullmatch(title) else title,
        None if _NO_AUTHOR.fullmatch(author) else author,
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


def _joined(pages: list[str]) -> tuple[str, list[int]]:
    """Return the pages as one text, and where each of them begins in it."""
    starts: list[int] = []
    at = 0
    for page in pages:
        starts.append(at)
        at += len(page) + len(PAGE_BREAK)
    return PAGE_BREAK.join(pages), starts


def _locators(starts: list[int], labels: list[str], length: int) -> tuple[Locator, ...]:
    ends = [*starts[1:], length]
    return tuple(
        Locator(Span(start, end), f"p. {label}")
        for start, end, label in zip(starts, ends, labels, strict=True)
        if start < end
    )


def _running_spans(pages: list[str], starts: list[int]) -> tuple[Span, ...]:
    return tuple(
        Span(start + line.start, start + line.end)
        for start, lines in zip(starts, running_lines(pages), strict=True)
        for line in lines
    )


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
