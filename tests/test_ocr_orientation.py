"""Scans that lie on their side or on their head are turned before they are read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scans import TREATY, scan_pdf

from rag.datatypes import Collection
from rag.ingest.ocr import Image as Grey
from rag.ingest.ocr import Ocr, OcrLine
from rag.ingest.ocr.pages import read_upright
from rag.ingest.readers.pictures import read_picture


class Upright:
    """Reads well only with the dark corner at the top left; sees lines as they lie."""

    name = "upright"

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, image: Grey) -> list[OcrLine]:
        self.looks += 1
        corners = [image[0, 0], image[0, -1], image[-1, -1], image[-1, 0]]
        turned = next(n for n, corner in enumerate(corners) if corner == 0)
        if turned % 2:
            return [
                OcrLine(line, 20 * n, 0, 20 * n + 15, 300, 0.99) for n, line in enumerate(TREATY)
            ]
        texts = TREATY if turned == 0 else ["xqz vrtk ]| wpf", "zzkj qx ;: vbn"]
        sure = 0.95 if turned == 0 else 0.6
        return [OcrLine(line, 0, 20 * n, 300, 20 * n + 15, sure) for n, line in enumerate(texts)]


@pytest.mark.parametrize(("quarters", "looks"), [(0, 1), (1, 3), (2, 2), (3, 2)])
def test_a_page_is_turned_upright(quarters, looks):
    page = np.full((40, 30), 255, np.uint8)
    page[0, 0] = 0
    engine = Upright()
    lines, *_ = read_upright(engine, np.rot90(page, quarters))
    assert [line.text for line in lines] == list(TREATY)
    assert all(line.right > line.bottom - line.top for line in lines)
    assert engine.looks <= looks


def test_a_scan_on_its_side_is_read_in_order(tmp_path):
    from pypdfium2 import PdfDocument

    with PdfDocument(scan_pdf(tmp_path / "a.pdf", TREATY)) as pdf:
        picture = pdf[0].render(scale=150 / 72, grayscale=True).to_pil()
    path = tmp_path / "a.png"
    picture.transpose(Image.Transpose.ROTATE_270).save(path)
    (page,) = read_picture(path, Collection("mine", "Mine"))
    text = " ".join(page.text.split())
    assert text.index("The fleet left") < text.index("No letter") < text.index("A truce")
    assert page.ocr_confidence is not None
    assert [place.label for place in page.locators] == ["image 1"]


class OnSides:
    """Reads pages, numbered from 143 on, whose table stands on its side below an upright head."""

    name = "on sides"

    def __init__(self) -> None:
        self.page = 142

    def __call__(self, image: Grey) -> list[OcrLine]:
        height, width = image.shape
        rows = [f"{line[:-1]} {7 * self.page % 31}." for line in TREATY]
        if height > width:
            self.page += 1
            head = [
                OcrLine("THE SIEGE OF SARN", 100, 20, 300, 40, 0.9),
                OcrLine(f"{self.page}", 400, 20, 430, 40, 0.9),
            ]
            foot = OcrLine("B 2", 200, height - 30, 230, height - 10, 0.9)
            tall = [OcrLine("i1l ,w", 30 * n, 80, 30 * n + 20, 600, 0.6) for n in range(9)]
            return [*head, *tall, foot]
        guessed = OcrLine("O'1 E5", 20, 100, 40, 300, 0.6)
        return [
            guessed,
            *(OcrLine(line, 80, 30 * n, 600, 30 * n + 20, 0.95) for n, line in enumerate(rows, 3)),
        ]


def test_the_head_of_a_scan_with_a_turned_table_is_found_and_not_quoted(tmp_path):
    path = tmp_path / "a.tif"
    pages = [Image.new("L", (900, 1300), 255) for _ in range(3)]
    for page in pages:
        page.putpixel((5, 5), 0)
    pages[0].save(path, save_all=True, append_images=pages[1:], dpi=(150, 150))
    engine = OnSides()
    asked = Ocr(engines={"this one": lambda: engine}, installed=lambda name: True)
    (document,) = read_picture(path, Collection("mine", "Mine"), asked)
    assert [place.label for place in document.locators[:3]] == ["p. 143", "p. 144", "p. 145"]
    quoted = document.text
    for span in reversed(document.excluded):
        quoted = quoted[: span.start] + quoted[span.end :]
    assert quoted.count("The fleet left the harbour") == 3
    assert "SARN" not in quoted
    assert "E5" not in quoted
