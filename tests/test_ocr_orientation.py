"""Scans that lie on their side or on their head are turned before they are read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scans import TREATY, scan_pdf

from rag.datatypes import Collection
from rag.ingest.ocr import Image as Grey
from rag.ingest.ocr import OcrLine
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
    lines, _ = read_upright(engine, np.rot90(page, quarters))
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
