"""PDF files made for tests: printed pages with a text layer, and scans of them without one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image
from reportlab.lib.pagesizes import A5
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

FONT, SIZE, LEFT, TOP, LEADING = "Times-Roman", 12, 40, 540, 20

TREATY = (
    "The fleet left the harbour in March of that year.",
    "No letter came before the summer, and grain was dear.",
    "A truce was signed at the bridge of Zenda by both",
    "ministers, and the passes were opened to the mer-",
    "chants of either crown without any toll.",
)


def print_pdf(path: Path, pages: Sequence[Sequence[str]]) -> Path:
    """Write a PDF whose pages hold these lines."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for lines in pages:
        canvas.setFont(FONT, SIZE)
        for row, line in enumerate(lines):
            canvas.drawString(LEFT, TOP - LEADING * row, line)
        canvas.showPage()
    canvas.save()
    return path


def scan_pdf(path: Path, lines: Sequence[str], *, skew: float = 0.0) -> Path:
    """Write a PDF whose one page is a picture of these lines, laid askew by so many degrees."""
    printed = print_pdf(path.with_suffix(".printed"), [lines])
    with pypdfium2.PdfDocument(printed) as pdf:
        picture = pdf[0].render(scale=200 / 72, grayscale=True).to_pil()
    printed.unlink()
    picture = picture.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
    grain = np.random.default_rng(1).normal(0, 6, (picture.height, picture.width))
    noisy = Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    noisy.save(file, "PNG")
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.drawImage(ImageReader(file), 0, 0, *A5)
    canvas.showPage()
    canvas.save()
    return path
