"""Words that pypdf runs together are told apart by where PDFium sees their letters."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import Collection
from rag.ingest.readers.pdf.reader import read_pdf
from rag.ingest.readers.pdf.spaces import with_spaces

ROWS = [
    ("BAIN, J MATTHEW", "DISTRICT DIRECTOR", "37,499.96"),
    ("SMITH, ALVARO R", "INTERN", "446.87"),
]
GLUED = "37,499.96DISTRICT DIRECTORBAIN, J MATTHEW\n446.87INTERNSMITH, ALVARO R"
APART = "BAIN, J MATTHEW DISTRICT DIRECTOR 37,499.96\nSMITH, ALVARO R INTERN 446.87"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A page with a table whose cells are set in no order, as accounting programs do it."""
    path = tmp_path / "table.pdf"
    canvas = Canvas(str(path))
    text = canvas.beginText()
    for number, row in enumerate(ROWS):
        for place, cell in reversed(list(zip((72, 250, 420), row, strict=True))):
            text.setTextOrigin(place, 700 - 20 * number)
            text.textOut(cell)
    canvas.drawText(text)
    canvas.save()
    return path


def test_a_page_with_the_same_letters_and_more_words_is_taken(table: Path) -> None:
    assert with_spaces(table, [GLUED]) == [APART]


@pytest.mark.parametrize(
    "texts",
    [
        ["Quite another text of the same page, it seems"],  # as of a layer that PDFium cannot map
        [APART],
        [""],
        [GLUED, GLUED],  # not the pages of this file
    ],
)
def test_any_other_text_stays(table: Path, texts: list[str]) -> None:
    assert with_spaces(table, texts) == texts


def test_a_file_that_pdfium_cannot_open_keeps_its_text(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 and no more")
    assert with_spaces(broken, [GLUED]) == [GLUED]


def test_the_reader_sees_the_cells_apart(table: Path) -> None:
    (document,) = read_pdf(table, Collection("accounts", "Accounts"))
    assert "BAIN, J MATTHEW DISTRICT DIRECTOR" in " ".join(document.text.split())
