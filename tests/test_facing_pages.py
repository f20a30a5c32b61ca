"""Two pages of a book on one page of the file: read one after the other, each with its number."""

from __future__ import annotations

from pathlib import Path

import pytest
from facing_pages import LEFT_PAGE, RIGHT_PAGE, SPREAD, STORY, Placed, draw, set_lines
from pypdfium2 import PdfDocument
from reads import MINE, body, read
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import SourceDocument, Span
from rag.ingest.ocr import Image, Ocr, OcrLine
from rag.ingest.readers.pdf import read_pdf
from rag.ingest.readers.pictures import read_picture
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.reading.facsimile import facsimile


def label_of(document: SourceDocument, words: str) -> str:
    at = document.text.index(words)
    return next(n.label for n in document.locators if n.span.start <= at < n.span.end)


def page_of(number: int) -> list[str]:
    """Return the lines of a page, which differ from those of others."""
    return [f"{line[:-6].rstrip()} {'abcdefghij'[number % 10] * 4}," for line in STORY]


def spread(
    number: int, where: str = "foot", left: list[str] | None = None, right: list[str] | None = None
) -> list[Placed]:
    """Return two pages, `number` and the one after it, with their numbers."""
    numbers: list[Placed] = {
        "foot": [(215, 60, 10, str(number)), (630, 60, 10, str(number + 1))],
        "head": [
            (LEFT_PAGE, 540, 10, f"{number} THE SIEGE OF VARNOW"),
            (RIGHT_PAGE + 150, 540, 10, f"THE SECOND WINTER {number + 1}"),
        ],
        "none": [],
    }[where]
    return [
        *set_lines(page_of(number) if left is None else left, LEFT_PAGE),
        *set_lines(page_of(number + 1) if right is None else right, RIGHT_PAGE),
        *numbers,
    ]


@pytest.mark.parametrize("where", ["foot", "head", "none"])
@pytest.mark.parametrize("sheets", [1, 3])
def test_two_pages_on_one_are_read_left_then_right(tmp_path, where, sheets):
    pages = [spread(2 * n + 24, where) for n in range(sheets)]
    document = read(draw(tmp_path / "a.pdf", pages))
    text = body(document)
    assert text.count(PAGE_BREAK) == sheets - 1
    wanted = " ".join(" ".join(page_of(n)) for n in range(24, 24 + 2 * sheets))
    assert wanted in " ".join(text.split())
    for n in range(2 * sheets):
        own = page_of(24 + n)[3]
        there = f"PDF page {n // 2 + 1}, {'right' if n % 2 else 'left'}"
        assert label_of(document, own) == (there if where == "none" else f"p. {24 + n}")


@pytest.mark.parametrize("where", ["foot", "head"])
def test_a_sentence_goes_on_from_the_left_page_to_the_right(tmp_path, where):
    left = [*STORY[:12], "and in the end it was agreed that the council of the duke would not re-"]
    right = ["fuse the hostages, and that the town would be spared.", *STORY]
    document = read(draw(tmp_path / "a.pdf", [spread(24, where, left, right)]))
    assert "the council of the duke would not re-\nfuse the hostages" in document.text
    assert label_of(document, "the council of the duke would not") == "p. 24"
    assert label_of(document, "fuse the hostages") == "p. 25"


def test_a_blank_page_is_counted_as_the_half_that_it_is(tmp_path):
    pages = [spread(2), spread(4, right=[]), spread(6)]
    document = read(draw(tmp_path / "a.pdf", pages))
    assert label_of(document, page_of(4)[3]) == "p. 4"
    assert label_of(document, page_of(6)[3]) == "p. 6"
    assert label_of(document, page_of(7)[3]) == "p. 7"


@pytest.mark.parametrize("crossed", ["heading", "number", "nothing"])
def test_a_page_of_two_columns_is_one_page(tmp_path, crossed):
    lines: list[Placed] = [*set_lines(page_of(1), 60), *set_lines(page_of(2), 425)]
    lines += {
        "heading": [(200, 540, 14, "THE CHRONICLE OF SARN AND OF THE NORTHERN VALLEYS BY ELIAS")],
        "number": [(412, 60, 10, "24")],
        "nothing": [],
    }[crossed]
    document = read(draw(tmp_path / "a.pdf", [lines]))
    assert {place.label for place in document.locators} <= {"PDF page 1", "p. 24"}
    assert " ".join([*page_of(1), *page_of(2)]) in " ".join(body(document).split())


def test_pages_that_are_numbered_one_by_one_are_single_pages(tmp_path):
    pages = [[*spread(2 * n, "none"), (780, 40, 10, str(n + 7))] for n in range(4)]
    document = read(draw(tmp_path / "a.pdf", pages))
    assert [n.label for n in document.locators][:4] == ["p. 7", "p. 8", "p. 9", "p. 10"]


def test_columns_far_apart_below_a_title_are_those_of_one_page(tmp_path):
    columns = [[line[:50] for line in page_of(n)] for n in range(2)]
    slide = [*set_lines(columns[0], 60), *set_lines(columns[1], 450)]
    pages = [[*slide, (350, 560, 18, f"Results of 181{n}")] for n in range(3)]
    document = read(draw(tmp_path / "a.pdf", pages))
    assert {place.label for place in document.locators} == {f"PDF page {n}" for n in (1, 2, 3)}


def test_a_map_over_two_pages_of_a_book(tmp_path):
    plate: list[Placed] = [(250, 300, 12, "Map of the harbour of Varnow and of the river above it")]
    document = read(draw(tmp_path / "a.pdf", [spread(2), plate, spread(4)]))
    assert label_of(document, "Map of the harbour") == "PDF page 2"
    assert label_of(document, page_of(4)[3]) == "p. 4"


def test_a_page_higher_than_wide_is_not_cut(tmp_path):
    lines = [
        *set_lines([n[:38] for n in STORY], 40, 700),
        *set_lines([n[:38] for n in STORY], 340, 700),
    ]
    document = read(draw(tmp_path / "a.pdf", [lines], A4))
    assert [place.label for place in document.locators] == ["PDF page 1"]


def test_two_columns_on_each_of_two_pages(tmp_path):
    columns = [[f"{line[:36]}{'abcd'[n]}" for line in STORY] for n in range(4)]
    lines = [
        piece
        for left, column in zip((40, 225, 455, 640), columns, strict=True)
        for piece in set_lines(column, left, size=10)
    ]
    lines += [(215, 60, 10, "8"), (630, 60, 10, "9")]
    document = read(draw(tmp_path / "a.pdf", [lines]))
    assert " ".join(" ".join(column) for column in columns) in " ".join(body(document).split())
    assert label_of(document, columns[1][3]) == "p. 8"
    assert label_of(document, columns[2][3]) == "p. 9"


def test_pages_laid_askew_each_in_its_own_way(tmp_path):
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=SPREAD, invariant=True)
    for left, turn, number in ((LEFT_PAGE, 1.2, 24), (RIGHT_PAGE, -1.0, 25)):
        canvas.saveState()
        canvas.translate(left, 500)
        canvas.rotate(turn)
        canvas.setFont("Times-Roman", 11)
        for row, line in enumerate(page_of(number)):
            canvas.drawString(0, -14 * row, line)
        canvas.drawString(150, -400, str(number))
        canvas.restoreState()
    canvas.save()
    document = read(path)
    assert " ".join([*page_of(24), *page_of(25)]) in " ".join(body(document).split())
    assert label_of(document, page_of(25)[2]) == "p. 25"


def test_labels_that_a_file_gives_to_its_sheets(tmp_path):
    from pypdf import PdfWriter

    path = draw(tmp_path / "a.pdf", [spread(2 * n + 24, "none") for n in range(2)])
    writer = PdfWriter(clone_from=path)
    for n, label in enumerate(("xii-xiii", "Plate")):
        writer.set_page_label(n, n, prefix=label)
    writer.write(path)
    document = read(path)
    assert [n.label for n in document.locators][:4] == [
        "p. xii",
        "p. xiii",
        "p. Plate, left",
        "p. Plate, right",
    ]


class Engine:
    """Stands for an engine: finds the lines of a page where they were drawn."""

    name = "this one"

    def __init__(self, pages: list[list[Placed]]) -> None:
        self.pages = iter(pages)

    def __call__(self, image: Image) -> list[OcrLine]:
        height, _ = image.shape
        scale = height / SPREAD[1]
        return [
            OcrLine(
                words,
                left * scale,
                height - (base + 0.75 * size) * scale,
                (left + stringWidth(words, "Times-Roman", size)) * scale,
                height - (base - 0.25 * size) * scale,
                0.95,
            )
            for left, base, size, words in sorted(next(self.pages), key=lambda n: -n[1])
        ]


def scan_of(path: Path, pages: list[list[Placed]]) -> Path:
    """Write a PDF with the pictures of pages."""
    printed = draw(path.with_suffix(".printed"), pages)
    canvas = Canvas(str(path), pagesize=SPREAD, invariant=True)
    with PdfDocument(printed) as pdf:
        for page in pdf:
            picture = page.render(scale=150 / 72, grayscale=True).to_pil()
            canvas.drawImage(ImageReader(picture), 0, 0, *SPREAD)
            canvas.showPage()
    canvas.save()
    return path


@pytest.mark.parametrize("where", ["foot", "head", "none"])
def test_two_pages_on_one_scan(tmp_path, where):
    pages = [spread(2 * n + 24, where) for n in range(2)]
    engine = Engine(pages)
    ocr = Ocr(engines={"this one": lambda: engine}, installed=lambda name: True)
    (document,) = read_pdf(scan_of(tmp_path / "a.pdf", pages), MINE, ocr)
    assert (document.pages, document.ocr_pages) == (2, 2)
    assert body(document).count(PAGE_BREAK) == 1
    wanted = " ".join(" ".join(page_of(n)) for n in range(24, 28))
    assert wanted in " ".join(body(document).split())
    there = "PDF page 2, left" if where == "none" else "p. 26"
    assert label_of(document, page_of(26)[3]) == there


def test_two_pages_on_one_picture(tmp_path):
    lines = spread(24)
    with PdfDocument(draw(tmp_path / "a.printed", [lines])) as pdf:
        pdf[0].render(scale=150 / 72).to_pil().save(tmp_path / "a.png")
    ocr = Ocr(engines={"this one": lambda: Engine([lines])}, installed=lambda name: True)
    (document,) = read_picture(tmp_path / "a.png", MINE, ocr)
    assert " ".join([*page_of(24), *page_of(25)]) in " ".join(body(document).split())
    assert label_of(document, page_of(25)[3]) == "p. 25"


@pytest.mark.slow
def test_two_pages_on_one_scan_as_ocr_reads_them(tmp_path):
    path = scan_of(tmp_path / "a.pdf", [spread(24)])
    (document,) = read_pdf(path, MINE, Ocr("rapidocr"))
    left, right = document.text.index("ninety with"), document.text.rindex("The fleet left")
    assert left < right
    assert label_of(document, "bridge of Zenda") == "p. 24"
    assert document.locators[1].label == "p. 25"


@pytest.mark.slow
def test_a_quotation_is_marked_on_the_right_one_of_two_pages(tmp_path):
    path = scan_of(tmp_path / "a.pdf", [spread(24)])
    (document,) = read_pdf(path, MINE, Ocr("rapidocr"))
    start = document.text.index("counted from", document.locators[1].span.start)
    page = facsimile(document, Span(start, start + len("counted from")))
    assert page.number == 0
    assert page.marks
    assert all(box.left > 0.5 for box in page.marks)
