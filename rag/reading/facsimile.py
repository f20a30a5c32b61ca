"""A page of an indexed PDF as a picture, with the place of a quotation on it."""

from __future__ import annotations

import ctypes
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.datatypes import SourceDocument, Span
from rag.errors import SourceError, UnreadableSource
from rag.ingest.ocr.engines import Ocr, OcrLine
from rag.ingest.ocr.layout import reading_order
from rag.ingest.ocr.page_images import PageImages
from rag.reading.page_view import Box, PlacedText, find_boxes, page_at, page_spans, part_on

WIDTH = 1100
"""Pixels across: small print is legible, and a page of type is some 100 kB as WebP."""

QUALITY = 70
MAX_HEIGHT = 4000
"""Pixels down, for a page that is a roll."""

_ENGINE = threading.Lock()
"""PDFium and the OCR engine work for one thread at a time."""


@dataclass(frozen=True, slots=True)
class Facsimile:
    """A page as a picture. `number` counts from 0; `marks` are on the quotation.

    `note` tells the reader what to know about the picture, "" if nothing: that the
    quotation could not be marked, and why that may be.
    """

    number: int
    pages: int
    label: str
    image: bytes
    width: int
    height: int
    marks: tuple[Box, ...]
    text: str
    note: str = ""


def has_pages(document: SourceDocument) -> bool:
    """Return whether a document was read from a PDF, whose pages can be shown."""
    return document.origin.lower().endswith(".pdf")


def facsimile(
    document: SourceDocument, quotation: Span, number: int | None = None, ocr: Ocr | None = None
) -> Facsimile:
    """Return the page that `quotation`, a span of the document's text, begins on, or page
    `number`, as a picture with the quotation marked. `ocr`: what finds it where the text was read
    by OCR, None for the best that is installed.

    Raises `UnreadableSource` with what to do where the file is not where it was when it
    was indexed, or cannot be drawn.
    """
    path = source_path(document)
    spans = page_spans(document.text)
    number = page_at(spans, quotation.start) if number is None else number
    number = min(max(number, 0), len(spans) - 1)
    part = part_on(spans[number], quotation)
    page_text = spans[number].of(document.text)
    with _ENGINE, _opened(path) as pdf:
        if len(pdf) != len(spans):
            raise UnreadableSource(
                f"{path.name} has {len(pdf)} pages now and had {len(spans)} when it was indexed: "
                "it is another file. Bring the index up to date to read the new one"
            )
        image, width, height = _picture(pdf, number)
        marks: tuple[Box, ...] = ()
        if part is not None:
            inner = Span(part.start - spans[number].start, part.end - spans[number].start)
            marks = find_boxes(_layer(pdf, number), page_text, inner)
            if not marks and document.ocr_confidence is not None:
                digest = document.file_digest or str(path.stat().st_mtime_ns)
                marks = find_boxes(_read_by_ocr(str(path), digest, number, ocr), page_text, inner)
    note = ""
    if part is not None and not marks:
        note = (
            "The quotation could not be marked on this page: its letters were not found there. "
            "The file may have been replaced since it was indexed; compare the text below"
        )
    label = document.locate(spans[number]) or f"page {number + 1}"
    return Facsimile(number, len(spans), label, image, width, height, marks, page_text, note)


def source_path(document: SourceDocument) -> Path:
    """Return the file that a document was read from.

    Raises `UnreadableSource` where it is not there any more, or never was a file by itself.
    """
    origin = document.origin
    path = Path(origin)
    if path.is_file():
        return path
    if any(Path(str(part)).is_file() for part in path.parents) or ".zip" in origin.lower():
        raise UnreadableSource(
            f"{path.name} lies in an archive ({origin}); unpack it beside the archive and bring "
            "the index up to date, then its pages can be shown"
        )
    raise UnreadableSource(
        f"The file of this document is not where it was when it was indexed ({origin}). Put it "
        "back there, or bring the index up to date; until then the indexed text is shown"
    )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        pdf = PdfDocument(path)
    except (PdfiumError, OSError) as error:
        raise UnreadableSource(f"The pages of {path.name} cannot be drawn: {error}") from error
    try:
        yield pdf
    except (PdfiumError, ValueError, MemoryError, ctypes.ArgumentError) as error:
        raise UnreadableSource(f"A page of {path.name} cannot be drawn: {error}") from error
    finally:
        pdf.close()


def _picture(pdf: Any, number: int) -> tuple[bytes, int, int]:
    page = pdf[number]
    try:
        width, height = page.get_size()
        scale = min(WIDTH / max(width, 1.0), MAX_HEIGHT / max(height, 1.0))
        bitmap = page.render(scale=scale)
        try:
            picture = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    finally:
        page.close()
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY)
    return file.getvalue(), picture.width, picture.height


def _layer(pdf: Any, number: int) -> PlacedText:
    """Return the letters of a page's text layer with their boxes."""
    page = pdf[number]
    try:
        layer = page.get_textpage()
        try:
            count = layer.count_chars()
            text = layer.get_text_range() if count else ""
            # Characters outside the basic plane, or left out by PDFium, would shift all others.
            characters = list(text) if len(text) == count else _one_by_one(layer, count)
            page_box, turned = page.get_bbox(), page.get_rotation()
            boxes = [_on_picture(page_box, turned, layer.get_charbox(i)) for i in range(count)]
        finally:
            layer.close()
    finally:
        page.close()
    return PlacedText("".join(characters), tuple(boxes))


def _one_by_one(layer: Any, count: int) -> list[str]:
    from pypdfium2.raw import FPDFText_GetUnicode

    codes = (FPDFText_GetUnicode(layer, i) for i in range(count))
    return [chr(code) if code < 0x110000 else "\ufffd" for code in codes]


def _on_picture(page_box: tuple[float, ...], turned: int, bounds: tuple[float, ...]) -> Box | None:
    """Return a box in the page's own points, which run up from the lower left corner, as
    shares of the page's picture, which is turned clockwise by so many degrees."""
    left, bottom, right, top = page_box
    x0, y0, x1, y1 = bounds
    if x1 <= x0 or y1 <= y0:
        return None
    width, height = right - left, top - bottom
    x0, x1 = (x0 - left) / width, (x1 - left) / width
    y0, y1 = 1 - (y1 - bottom) / height, 1 - (y0 - bottom) / height
    if turned == 90:
        return Box(1 - y1, x0, 1 - y0, x1)
    if turned == 180:
        return Box(1 - x1, 1 - y1, 1 - x0, 1 - y0)
    if turned == 270:
        return Box(y0, 1 - x1, y1, 1 - x0)
    return Box(x0, y0, x1, y1)


@lru_cache(maxsize=64)
def _read_by_ocr(path: str, _digest: str, number: int, ocr: Ocr | None) -> PlacedText:
    """Return the letters that OCR finds on a page; takes seconds the first time."""
    with _opened(Path(path)) as pdf:
        image = PageImages(pdf).render(number)
    engine = (ocr or Ocr()).engine()
    if image is None or engine is None:
        return PlacedText("", ())
    try:
        lines = reading_order(engine(image))
    except SourceError:
        return PlacedText("", ())
    height, width = image.shape
    text: list[str] = []
    boxes: list[Box | None] = []
    for line in lines:
        text += [*line.text, "\n"]
        boxes += [*_spread(line, width, height), None]
    return PlacedText("".join(text), tuple(boxes))


def _spread(line: OcrLine, width: int, height: int) -> list[Box]:
    """Return a box for each character of a line, as if all were equally wide."""
    step = (line.right - line.left) / max(len(line.text), 1)
    boxes = []
    for i in range(len(line.text)):
        left = line.left + i * step
        fall = line.slope * (left + step / 2)
        boxes.append(
            Box(
                left / width,
                (line.top + fall) / height,
                (left + step) / width,
                (line.bottom + fall) / height,
            )
        )
    return boxes
