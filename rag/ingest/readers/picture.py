"""Pictures of pages (JPEG, PNG, TIFF): read by OCR, a page for each picture in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, printable, shown
from rag.ingest.ocr.engines import RESOLUTION_DPI, Image, Ocr, OcrLine
from rag.ingest.ocr.layout import mean_confidence, page_text
from rag.ingest.ocr.legibility import READABLE_FONT, legibility
from rag.ingest.ocr.memory import Remembering
from rag.ingest.ocr.orientation import read_upright
from rag.ingest.ocr.page_images import MAX_PIXELS
from rag.ingest.shared.page_lines import rejoin_words, tidy_page
from rag.ingest.shared.page_text import page_labels, put_together
from rag.ingest.shared.pulse import reached

_USUAL_HEIGHT_IN = 11.0
"""Inches that a page is taken to be high where the picture does not say how it was scanned."""

_MOST_PIXELS = 300_000_000


def read_picture(
    path: Path, collection: Collection, ocr: Ocr | None = None
) -> Iterator[SourceDocument]:
    """Yield the one document of a picture, or of a TIFF file with several.

    Raises `UnreadableSource` if the file is damaged, there is no OCR engine, or none of the
    pages can be read well enough to be quoted.
    """
    ocr = ocr or Ocr()
    engine = ocr.engine()
    if engine is None:
        raise UnreadableSource(f"{shown(path)} is a picture; it needs OCR: {ocr.why_none()}")
    reading = Remembering(engine, ocr.kept) if ocr.kept is not None else engine
    found: list[list[OcrLine]] = []
    for number, image in enumerate(_pages(path), start=1):
        reached(f"page {number}")
        found.append(read_upright(reading, image))
    texts = [tidy_page(page_text(lines)) if lines else "" for lines in found]
    kept = [text if legibility(text) >= READABLE_FONT else "" for text in texts]
    if not any(kept):
        raise UnreadableSource(
            f"{shown(path)} has no text that OCR ({engine.name}) can read; scan it again, or leave "
            "it out"
        )
    pages = rejoin_words(kept)
    text, places, excluded = put_together(pages, page_labels(pages, "image"))
    title = file_title(path)
    lost = sum(1 for page in kept if not page)
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        locators=places,
        excluded=excluded,
        origin=shown(path),
        ocr_confidence=mean_confidence([line for lines in found for line in lines]),
        notes=(f"{lost} of {len(kept)} images could not be read",) if lost else (),
        pages=len(kept),
        ocr_pages=len(kept) - lost,
    )


def _pages(path: Path) -> Iterator[Image]:
    """Yield the pictures of a file in grey, at the size that is read best."""
    import PIL.Image
    from PIL import ImageOps, ImageSequence

    try:
        with PIL.Image.open(path) as opened:
            for frame in ImageSequence.Iterator(opened):
                if frame.width * frame.height > _MOST_PIXELS:
                    raise UnreadableSource(
                        f"{shown(path)} is larger than a page needs to be; save it smaller"
                    )
                upright = ImageOps.exif_transpose(frame)
                scale = _scale(upright.width, upright.height, upright.info.get("dpi"))
                size = max(1, round(upright.width * scale)), max(1, round(upright.height * scale))
                yield np.asarray(upright.convert("L").resize(size), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, PIL.Image.DecompressionBombError) as error:
        raise UnreadableSource(
            f"{shown(path)} is damaged or no picture ({printable(str(error))}); fetch it again"
        ) from error


def _scale(width: int, height: int, dpi: tuple[float, float] | None) -> float:
    given = float(dpi[1]) if dpi and float(dpi[1]) >= RESOLUTION_DPI / 2 else 0.0
    resolution = given or max(width, height) / _USUAL_HEIGHT_IN
    wanted = min(RESOLUTION_DPI / resolution, 2.0)
    return float(min(wanted, (MAX_PIXELS / max(width * height, 1)) ** 0.5))
