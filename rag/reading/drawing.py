"""A process that draws and marks pages of PDFs for another: `main()`, started by `facsimile`."""

from __future__ import annotations

import base64
import ctypes
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.datatypes import Span, to_jsonable
from rag.errors import SourceError, UnreadableSource
from rag.ingest.ocr import Ocr, OcrLine
from rag.ingest.ocr.layout import reading_order
from rag.ingest.ocr.pages import PageImages
from rag.isolation import Send, serve
from rag.reading import Box, PlacedText, find_boxes

WIDTH = 1100
"""Pixels across: small print is legible, and a page of type is some 100 kB as WebP."""

_QUALITY = 70
_MAX_HEIGHT = 4000
"""Pixels down, for a page that is a roll."""

_HIGHLIGHT = (255, 222, 89)
"""The colour of a mark: red, green, blue."""

_MAX_LETTERS = 50_000
"""On a page; five times a newspaper's. A quotation is not looked for among more."""


def main() -> None:
    """Draw pages until standard input ends. Arguments: bytes of memory, seconds for a page."""
    serve(lambda _: _answer, int(sys.argv[1]), int(sys.argv[2]), writes=False)


def _answer(request: Any, send: Send) -> None:
    try:
        if "highlights" in request:
            send(_highlight(request))
        else:
            send(_read(request) if request.get("ocr") else _draw(request))
    except UnreadableSource as error:
        send({"problem": str(error)})


def _draw(request: Any) -> dict[str, Any]:
    """Return a page as a picture, with the boxes of a quotation on it by the text layer.

    `request`: the "path", how many "pages" it had, the "number" of this one, its "text", and
    where in it the quotation is ("start", "end"; both 0 for none). Raises `UnreadableSource`.
    """
    path, number = Path(request["path"]), int(request["number"])
    with _opened(path) as pdf:
        _check_pages(pdf, path, request["pages"])
        image, width, height = _picture(pdf, number)
        boxes = _boxes(_layer(pdf, number), request) if request["end"] else ()
    return {
        "image": base64.b64encode(image).decode("ascii"),
        "width": width,
        "height": height,
        "boxes": to_jsonable(boxes),
    }


def _read(request: Any) -> dict[str, Any]:
    """Return the boxes of a quotation on a page as OCR reads it; `request` as for `_draw`."""
    path = Path(request["path"])
    changed_ns = path.stat().st_mtime_ns
    page = _read_by_ocr(str(path), changed_ns, int(request["number"]), str(request["ocr"]))
    return {"boxes": to_jsonable(_boxes(page, request))}


def _highlight(request: Any) -> dict[str, Any]:
    """Return a copy of a PDF with marks on its pages, which any reader of PDFs shows.

    `request`: the "path", how many "pages" it had, and the "highlights": each with the "number" of
    its page, its "boxes" and the "note" on it. Raises `UnreadableSource`.
    """
    path = Path(request["path"])
    with _opened(path) as pdf:
        _check_pages(pdf, path, request["pages"])
        for each in request["highlights"]:
            _add_highlight(pdf[int(each["number"])], each["boxes"], str(each["note"]))
        copy = io.BytesIO()
        pdf.save(copy)
    return {"pdf": base64.b64encode(copy.getvalue()).decode("ascii")}


def _check_pages(pdf: Any, path: Path, pages: int) -> None:
    if len(pdf) != pages:
        raise UnreadableSource(
            f"{path.name} was replaced since it was indexed (pages: {len(pdf)} now, "
            f"{pages} then). Update the index to see its pages"
        )


def _boxes(page: PlacedText, request: Any) -> tuple[Box, ...]:
    text = str(request["text"])
    if len(text) > _MAX_LETTERS:
        return ()
    return find_boxes(page, text, Span(request["start"], request["end"]))


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
        scale = min(WIDTH / max(width, 1.0), _MAX_HEIGHT / max(height, 1.0))
        bitmap = page.render(scale=scale)
        try:
            picture = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    finally:
        page.close()
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY)
    return file.getvalue(), picture.width, picture.height


def _layer(pdf: Any, number: int) -> PlacedText:
    """Return the letters of a page's text layer with their boxes."""
    page = pdf[number]
    try:
        layer = page.get_textpage()
        try:
            count = layer.count_chars()
            if count > _MAX_LETTERS:
                return PlacedText("", ())
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


def _add_highlight(page: Any, boxes: list[dict[str, float]], note: str) -> None:
    """Put a mark over boxes of a page, given in shares of its picture."""
    from pypdfium2 import raw

    page_box, turned = page.get_bbox(), page.get_rotation()
    areas = [_on_page(page_box, turned, Box(**box)) for box in boxes]
    lefts, bottoms, rights, tops = zip(*areas, strict=True)
    mark = raw.FPDFPage_CreateAnnot(page, raw.FPDF_ANNOT_HIGHLIGHT)
    try:
        around = raw.FS_RECTF(min(lefts), max(tops), max(rights), min(bottoms))
        raw.FPDFAnnot_SetRect(mark, around)
        raw.FPDFAnnot_SetColor(mark, raw.FPDFANNOT_COLORTYPE_Color, *_HIGHLIGHT, 255)
        raw.FPDFAnnot_SetFlags(mark, raw.FPDF_ANNOT_FLAG_PRINT)
        for left, bottom, right, top in areas:
            corners = raw.FS_QUADPOINTSF(left, top, right, top, left, bottom, right, bottom)
            raw.FPDFAnnot_AppendAttachmentPoints(mark, corners)
        for key, text in ((b"T", "Source Finder"), (b"Contents", note)):
            wide = ctypes.create_string_buffer(f"{text}\0".encode("utf-16-le"))
            raw.FPDFAnnot_SetStringValue(mark, key, ctypes.cast(wide, raw.FPDF_WIDESTRING))
    finally:
        raw.FPDFPage_CloseAnnot(mark)


def _on_page(
    page_box: tuple[float, ...], turned: int, box: Box
) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top in a page's own points of a box on its picture: what
    `_on_picture` was given."""
    left, bottom, right, top = page_box
    x0, y0, x1, y1 = box.left, box.top, box.right, box.bottom
    if turned == 90:
        x0, y0, x1, y1 = y0, 1 - x1, y1, 1 - x0
    elif turned == 180:
        x0, y0, x1, y1 = 1 - x1, 1 - y1, 1 - x0, 1 - y0
    elif turned == 270:
        x0, y0, x1, y1 = 1 - y1, x0, 1 - y0, x1
    width, height = right - left, top - bottom
    return left + x0 * width, top - y1 * height, left + x1 * width, top - y0 * height


_ocr = lru_cache(maxsize=1)(Ocr)  # an engine takes a second to load


@lru_cache(maxsize=64)
def _read_by_ocr(path: str, _changed_ns: int, number: int, ocr: str) -> PlacedText:
    """Return the letters that OCR finds on a page; takes seconds the first time."""
    with _opened(Path(path)) as pdf:
        image = PageImages(pdf).render(number)
    engine = _ocr(ocr).engine()
    if image is None or engine is None:
        return PlacedText("", ())
    height, width = image.shape
    try:
        lines = reading_order(engine(image), width, height)
    except SourceError:
        return PlacedText("", ())
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
