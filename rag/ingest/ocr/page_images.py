"""Pages of a PDF as PDFium sees them: as pictures, and their letters; one at a time."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import UnreadableSource
from rag.ingest.ocr.engines import RESOLUTION_DPI, Image

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MAX_PIXELS = 12_000_000
"""An A2 sheet at 150 dpi has 8.7 million; a map or a hostile page is rendered coarser."""

_POINTS_PER_INCH = 72
_LINE_END_HYPHEN = "\ufffe"  # what PDFium puts for a hyphen that breaks a word
BLANK_RANGE = 8
"""A grey page of one shade has nothing to read."""


class PageImages:
    """A PDF opened for rendering. Pages are counted from 0; none is kept in memory."""

    def __init__(self, pdf: PdfDocument) -> None:
        self._pdf = pdf

    def __len__(self) -> int:
        return len(self._pdf)

    def image_share(self, number: int) -> float:
        """Return how much of a page is covered by pictures, 0 to 1.

        Raises `UnreadableSource` for a page that is damaged.
        """
        from pypdfium2 import PdfiumError
        from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

        try:
            page = self._pdf[number]
            try:
                width, height = page.get_size()
                # Two levels: a scan may be wrapped in a form.
                pictures = page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=2)
                boxes = [picture.get_bounds() for picture in pictures]
            finally:
                page.close()
        except (PdfiumError, ValueError, ctypes.ArgumentError) as error:
            raise UnreadableSource(f"page {number + 1} cannot be read: {error}") from error
        # Their sum: some scanners write a page in strips.
        covered = sum((right - left) * (top - bottom) for left, bottom, right, top in boxes)
        return float(min(1.0, covered / max(width * height, 1.0)))

    def render(self, number: int) -> Image | None:
        """Return a page in grey, None if there is nothing on it.

        Raises `UnreadableSource` for a page that is damaged.
        """
        from pypdfium2 import PdfiumError

        try:
            page = self._pdf[number]
            try:
                width, height = page.get_size()
                scale = _scale(width, height)
                bitmap = page.render(scale=scale, grayscale=True)
                try:
                    # A copy: the bitmap's memory is freed below.
                    image = np.array(bitmap.to_numpy(), dtype=np.uint8).reshape(
                        bitmap.height, bitmap.width
                    )
                finally:
                    bitmap.close()
            finally:
                page.close()
        except (PdfiumError, ValueError, MemoryError, ctypes.ArgumentError) as error:
            raise UnreadableSource(f"page {number + 1} cannot be drawn: {error}") from error
        return image if int(image.max()) - int(image.min()) > BLANK_RANGE else None

    def text(self, number: int) -> str:
        """Return a page's text layer as PDFium reads it, line ends as "\n"; "" for a page that
        is damaged or has none."""
        from pypdfium2 import PdfiumError

        try:
            page = self._pdf[number]
            try:
                text: str = page.get_textpage().get_text_range()
            finally:
                page.close()
        except (PdfiumError, ValueError, ctypes.ArgumentError):
            return ""
        return text.replace("\r\n", "\n").replace(_LINE_END_HYPHEN, "-")


@contextmanager
def page_images(path: Path) -> Iterator[PageImages]:
    """Open a PDF for rendering; raises `UnreadableSource` if that fails."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        pdf = PdfDocument(path)
    except (PdfiumError, OSError) as error:
        raise UnreadableSource(f"the pages cannot be drawn: {error}") from error
    try:
        yield PageImages(pdf)
    finally:
        pdf.close()


def _scale(width: float, height: float) -> float:
    """Return pixels per point: the resolution that is read best, or what is allowed."""
    wanted = RESOLUTION_DPI / _POINTS_PER_INCH
    area = max(width * height, 1.0)
    return min(wanted, math.sqrt(MAX_PIXELS / area))
