"""Scans: which pages are read by OCR, how well, and what is said about it.

The scans are made here: a text is printed by ReportLab, drawn by PDFium, worn with a skew
and specks, and put into a PDF as a picture.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from pypdfium2 import PdfDocument
from reportlab.lib.pagesizes import A5
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import SourceError, UnreadableSource
from rag.ingest import ocr, workers
from rag.ingest.ocr import Ocr, OcrEngine, OcrLine, RapidOcr, Tesseract
from rag.ingest.ocr import pages as page_images
from rag.ingest.ocr.layout import (
    GOOD_LAYER,
    READABLE_FONT,
    legibility,
    mean_confidence,
    page_text,
    reading_order,
    sound_words,
)
from rag.ingest.readers.pdf import read_pdf
from rag.ingest.readers.plain import read_plain
from rag.language import fold, unknown_words, with_lost_spaces
from rag.wording import cited

DATA = Path(os.environ.get("SOURCE_FINDER_DATA", Path(__file__).parents[2] / "shared" / "data"))
MINE = Collection("mine", "Mine")
LETTER = [
    "The ambassador arrived at the capital on the third of",
    "March and was received by the minister the same day.",
    "He carried a letter in which the king declared that no",
    "army would cross the river before the harvest was in.",
    "The council debated the answer until late at night.",
    "",
    "On the following morning the merchants of the town",
    "asked that the bridge be opened for their wagons, as",
    "grain was dear and the stores were nearly empty. The",
    "governor refused, and the gates stayed closed.",
]
OTHER = [line.replace("king", "queen").replace("March", "August") for line in reversed(LETTER)]
SHIFTED = ["".join(chr(ord(c) - 29) if c.isalpha() else c for c in line) for line in LETTER]

Page = tuple[Sequence[str], Sequence[str]]
"""The lines on a page's picture, and the lines of its text layer."""


class Counted:
    """Stands for an engine: says what it was told to say, and counts the pages."""

    name = "counted"

    def __init__(self) -> None:
        self.lines: Sequence[str] = LETTER
        self.pages = 0

    def __call__(self, image: ocr.Image) -> list[OcrLine]:
        self.pages += 1
        return [
            OcrLine(text, 10, 20 * row, 200, 20 * row + 15, 0.9)
            for row, text in enumerate(self.lines)
            if text
        ]


@pytest.fixture
def counted() -> Counted:
    return Counted()


def printed(lines: Sequence[str], *, font: str = "Courier") -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A5, invariant=True)
    canvas.setFont(font, 10)
    for row, line in enumerate(lines):
        canvas.drawString(40, 540 - 14 * row, line)
    canvas.save()
    return buffer.getvalue()


def scanned(lines: Sequence[str], seed: int = 0) -> Image.Image:
    """Return a picture of a printed page as a scanner gives it: skewed, soft, specked."""
    with PdfDocument(printed(lines)) as pdf:
        picture = pdf[0].render(scale=200 / 72, grayscale=True).to_pil()
    picture = picture.rotate(0.7, fillcolor=255, resample=Image.Resampling.BICUBIC)
    grey = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7)))
    specks = np.random.default_rng(seed).random(grey.shape) < 0.001
    return Image.fromarray(np.where(specks | (grey < 160), 0, 255).astype(np.uint8))


def make(path: Path, pages: Sequence[Page]) -> Path:
    """Write a PDF of scans with text layers, or of text alone where there is no picture."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for number, (picture, layer) in enumerate(pages):
        if picture:
            image = ImageReader(scanned(picture, number))
            canvas.drawImage(image, 0, 0, *A5)
        text = canvas.beginText(40, 540)
        text.setFont("Courier", 10)
        text.setTextRenderMode(3 if picture else 0)
        for line in layer:
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return path


def with_engine(engine: OcrEngine) -> Ocr:
    return Ocr(engines={"this one": lambda: engine}, installed=lambda name: True)


def read(path: Path, ocr: Ocr | None = None) -> SourceDocument:
    (document,) = read_pdf(path, MINE, ocr)
    return document


def words_missed(truth: Sequence[str], text: str) -> float:
    wanted, found = (re.findall(r"\w+", t.lower()) for t in (" ".join(truth), text))
    match = difflib.SequenceMatcher(None, wanted, found, autojunk=False)
    return 1 - sum(block.size for block in match.get_matching_blocks()) / len(wanted)


def on_page(document: SourceDocument, label: str) -> str:
    return "".join(p.span.of(document.text) for p in document.locators if p.label == label)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["rapidocr", "tesseract"])
def test_a_scan_is_read_page_by_page(tmp_path, engine):
    if engine == "tesseract" and not shutil.which("tesseract"):
        pytest.skip("Tesseract is not installed")
    document = read(make(tmp_path / "scan.pdf", [(LETTER, []), (OTHER, [])]), Ocr(engine))
    assert words_missed(LETTER, on_page(document, "PDF page 1")) <= 0.05
    assert words_missed(OTHER, on_page(document, "PDF page 2")) <= 0.05
    assert "day.\nHe carried" in document.text
    assert "at night.\n\nOn the following" in document.text
    assert "".join(p.span.of(document.text) for p in document.locators) == document.text
    assert document.ocr_confidence is not None
    assert 0.8 < document.ocr_confidence <= 1
    (note,) = document.notes
    assert note.startswith(f"2 of 2 pages read by OCR ({engine}), mean confidence 0.9")


@pytest.mark.slow
def test_rapidocr_is_the_default_and_uses_no_network(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr("socket.socket.connect", refuse)
    engine = Ocr().engine()
    assert engine is not None
    assert engine.name == "rapidocr"
    assert words_missed(LETTER, page_text(engine(np.asarray(scanned(LETTER))))) <= 0.05


@pytest.mark.slow
def test_what_a_reader_has_gathered_is_given_back():
    made = []

    class Renewed(RapidOcr):
        @staticmethod
        def _new_reader():
            made.append(1)
            return RapidOcr._new_reader()

    engine = Renewed(renew_after=2)
    image = np.asarray(scanned(LETTER[:1]))[:200]
    texts = {page_text(engine(image)) for _ in range(5)}
    assert texts == {LETTER[0]}
    assert len(made) == 3


def test_only_the_scan_in_a_mixed_file_is_read(tmp_path, counted):
    document = read(
        make(tmp_path / "mixed.pdf", [([], OTHER), (LETTER, []), ([], OTHER)]), with_engine(counted)
    )
    assert counted.pages == 1
    assert OTHER[0] in on_page(document, "PDF page 1")
    assert LETTER[0] in on_page(document, "PDF page 2")
    assert document.notes == ("1 of 3 pages read by OCR (counted), mean confidence 0.90",)


def test_a_good_text_layer_is_not_read_again(tmp_path, counted):
    long = [*LETTER, *OTHER]
    document = read(
        make(tmp_path / "good.pdf", [([], long), (long, long), ([], LETTER[:1])]),
        with_engine(counted),
    )
    assert counted.pages == 0
    assert document.notes == ()
    read_by_ocr = [place.ocr is not None for place in document.locators[:3]]
    assert read_by_ocr == [False, True, False], "somebody's OCR made the text of the scan"


@pytest.mark.parametrize(
    "page",
    [
        (LETTER, ["; Te 2 ose H. Leiis .", "Ge bi vioned in £354-3039 -°", "cv 3lizalde’ ~ it"]),
        (LETTER, ["2025 RELEASE UNDER THE RECORDS ACT"]),
        ([], SHIFTED),
    ],
    ids=["poor OCR", "a stamp only", "a font without a Unicode map"],
)
def test_a_garbage_text_layer_is_replaced(tmp_path, counted, page):
    document = read(make(tmp_path / "garbage.pdf", [page]), with_engine(counted))
    assert counted.pages == 1
    assert document.text.splitlines()[0] == LETTER[0]
    assert document.ocr_confidence == pytest.approx(0.9)


def test_a_poor_layer_stays_where_ocr_is_poorer(tmp_path, counted):
    counted.lines = ["xq zzz"]
    document = read(make(tmp_path / "hard.pdf", [(LETTER, LETTER[:3])]), with_engine(counted))
    assert counted.pages == 2  # once more with the page turned
    assert LETTER[0] in document.text
    assert document.ocr_pages == 0
    assert document.ocr_confidence is not None
    assert document.notes == ()


def test_confidence_is_a_mean_over_characters(tmp_path):
    class Told(Counted):
        def __call__(self, image):
            if np.array_equal(image, self.turned):
                return []
            self.turned = np.rot90(image, 2)
            self.pages += 1
            text, confidence = (("abcd " * 6 + "ab", 0.5), ("abcdabcd", 0.9))[self.pages - 1]
            return [OcrLine(text, 0, 0, 1, 1, confidence)]

        turned: np.ndarray | None = None

    document = read(make(tmp_path / "two.pdf", [(LETTER, []), (LETTER, [])]), with_engine(Told()))
    assert document.ocr_confidence == pytest.approx((32 * 0.5 + 8 * 0.9) / 40)
    assert mean_confidence([]) == 0.0


@pytest.mark.parametrize(
    ("value", "installed", "words"),
    [
        ("off", True, "OCR is switched off; unset SOURCE_FINDER_OCR"),
        ("auto", False, "no OCR engine is installed; pip install rapidocr"),
        ("tesseract", False, "tesseract is not installed; pip install rapidocr"),
    ],
)
def test_without_an_engine_a_scan_is_refused(tmp_path, value, installed, words):
    asked = Ocr(value, installed=lambda name: installed)
    with pytest.raises(UnreadableSource) as error:
        read(make(tmp_path / "scan.pdf", [(LETTER, []), (LETTER, [])]), asked)
    assert "scan.pdf has no text layer: it is a scan of 2 pages; it needs OCR" in str(error.value)
    assert words in str(error.value)


def test_without_an_engine_the_rest_is_read_and_the_gap_noted(tmp_path):
    document = read(
        make(tmp_path / "a.pdf", [([], LETTER), (LETTER, []), ([], SHIFTED)]), Ocr("off")
    )
    assert LETTER[0] in document.text
    assert document.ocr_confidence is None
    off = "OCR is switched off; unset SOURCE_FINDER_OCR to have it read"
    assert document.notes == (
        f"not read: page 2: {off}",
        f"not read by OCR, but as the file has it: page 3: {off}",
    )


def test_an_unknown_engine_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(SourceError, match="auto, rapidocr, tesseract, off"):
        read(make(tmp_path / "scan.pdf", [(LETTER, [])]), Ocr("abbyy"))


def test_auto_takes_tesseract_where_rapidocr_is_missing():
    assert isinstance(Ocr(installed=lambda name: name == "tesseract").engine(), Tesseract)


class AtPages(Counted):
    """Does something else at some pages, counted as they are drawn."""

    def __init__(self, at: dict[int, Exception | list[str]]) -> None:
        super().__init__()
        self.at = at

    def __call__(self, image):
        done = self.at.get(self.pages + 1)
        if isinstance(done, Exception):
            self.pages += 1
            raise done
        self.lines = LETTER if done is None else done
        return super().__call__(image)


def test_a_failure_on_one_page_leaves_the_others(tmp_path):
    engine = AtPages({2: UnreadableSource("OCR (counted) failed: no models")})
    document = read(make(tmp_path / "a.pdf", [(LETTER, [])] * 3), with_engine(engine))
    assert [place.label for place in document.locators] == [
        "PDF page 1",
        "PDF page 2",
        "PDF page 3",
    ]
    assert LETTER[0] in on_page(document, "PDF page 3")
    assert document.notes[1:] == ("not read: page 2: OCR (counted) failed: no models",)


@pytest.mark.parametrize("error", [KeyError("text"), ValueError("odd table"), ZeroDivisionError()])
def test_what_nobody_foresaw_costs_one_page(tmp_path, error):
    pages = [(LETTER, [])] * 2 + [(LETTER, LETTER[:3])]
    engine = AtPages({1: error, 3: error})
    document = read(make(tmp_path / "a.pdf", pages), with_engine(engine))
    assert LETTER[0] in on_page(document, "PDF page 2")
    assert LETTER[2] in on_page(document, "PDF page 3")
    assert document.notes[1:] == (
        f"not read: page 1: OCR (counted) failed: {error!r}",
        f"not read by OCR, but as the file has it: page 3: OCR (counted) failed: {error!r}",
    )


def test_pages_on_which_nothing_can_be_read_are_told(tmp_path):
    engine = AtPages({2: [], 3: [], 4: ["xqz zzzz"], 5: ["xqz zzzz"], 6: []})
    pages = [(LETTER, [])] * 4 + [([], []), (LETTER, [])]
    document = read(make(tmp_path / "a.pdf", pages), with_engine(engine))
    nothing = "OCR (counted) found nothing that can be read"
    assert document.notes[1:] == (
        f"not read: pages 2-4, 6: {nothing}",
        "1 of 6 pages have no text",
    )


class Hanging(Counted):
    """Never comes back from its second page."""

    def __call__(self, image):
        if self.pages == 1:
            time.sleep(3600)
        return super().__call__(image)


def main() -> None:
    """Read files with an engine that hangs, in a process of its own (see `Workers`)."""
    ocr.ENGINES["hanging"] = Hanging
    ocr._installed = lambda name: True
    workers.main()


def test_a_page_that_hangs_is_lost_and_told_and_not_the_file(tmp_path):
    path = make(tmp_path / "a.pdf", [(LETTER, []), (OTHER, []), (LETTER[:4], [])])
    limits = workers.Limits(stall_s=10, processes=1)
    with workers.Workers(limits, tmp_path / "pages", __name__, ocr="hanging") as readers:
        (document,) = readers.read(path, MINE)
    assert isinstance(document, SourceDocument)
    assert LETTER[0] in on_page(document, "PDF page 1")
    assert document.notes[1:] == ("not read: page 2: OCR took more than 10 seconds",)


def test_blank_pages_cost_no_reading(tmp_path, counted):
    document = read(
        make(tmp_path / "a.pdf", [([], []), (LETTER, []), ([], [])]), with_engine(counted)
    )
    assert counted.pages == 1
    assert "2 of 3 pages have no text" in document.notes


def test_a_blank_page_is_not_told_as_unread_without_an_engine(tmp_path):
    document = read(make(tmp_path / "a.pdf", [([], LETTER), ([], [])]), Ocr("off"))
    assert document.notes == ("1 of 2 pages have no text",)


def test_a_huge_page_is_rendered_within_the_limit(tmp_path):
    path = tmp_path / "map.pdf"
    canvas = Canvas(str(path), pagesize=(8000, 9000))
    canvas.rect(100, 100, 7000, 7000, fill=1)
    canvas.save()
    with page_images.page_images(path) as images:
        image = images.render(0)
    assert image is not None
    assert 0.9 * page_images.MAX_PIXELS < image.size < 1.01 * page_images.MAX_PIXELS


def test_a_citation_of_a_scan_warns(tmp_path, counted):
    document = read(make(tmp_path / "scan.pdf", [(LETTER, [])]), with_engine(counted))
    assert cited(document, document.locators[0].span).endswith(
        "PDF page 1 [text read by OCR; check against the image]."
    )


def box(text: str, left: float, row: float, width: float) -> OcrLine:
    return OcrLine(text, left, 20 * row, left + width, 20 * row + 14, 1.0)


def test_pieces_of_a_row_are_read_from_the_left():
    lines = [box("beside it", 120, 0, 90), box("A label:", 10, 0.1, 80), box("below", 10, 1, 60)]
    assert page_text(lines) == "A label: beside it\nbelow"


def test_columns_are_read_one_after_the_other_between_headings():
    left = [box(f"left{n}", 10, n, 90) for n in range(1, 8)]
    right = [box(f"right{n}", 120, n, 90) for n in range(1, 8)]
    ends = [box("HEADING", 10, 0, 200), box("A foot across", 10, 8, 200)]
    words = page_text([*right, *ends, *left]).split()
    assert words[:3] == ["HEADING", "left1", "left2"]
    assert words.index("left7") < words.index("right1")
    assert words[-4:] == ["right7", "A", "foot", "across"]


FATES = (
    ("Fort Harriet on the river", "surrendered to the British"),
    ("Fort Mercer in the hills", "held out until relieved"),
    ("The mill at the ford", "was never attacked at all"),
    ("The town of New Salem", "opened its gates in terror"),
    ("The bridge at Low Water", "was blown up by sappers"),
    ("The camp at High Rock", "was left in the night"),
    ("The ferry at Old Cross", "sank with nine men"),
)
"""A table of words: in each row a place, and what became of it."""

COLUMNS = (
    ("The duke had three sons", "In the north the winter", "A ship went down at sea"),
    ("and the youngest of them", "came early and the mills", "with all her salt, and"),
    ("was sent to the abbey at", "stood still. A miller of", "nobody knew of it until"),
    ("Sarn, where he learned to", "the valley sold his corn", "a boat came in, in May,"),
    ("read and to keep accounts", "to the garrison and was", "with a bell on board of"),
    ("until the war called him,", "hanged for it in spring,", "which the name was plain"),
    ("and never came back home.", "as the chronicle tells.", "to read for the harbour."),
)


def in_rows(rows: Sequence[Sequence[str]]) -> list[OcrLine]:
    return [
        box(cell, 220 * place, row, 8 * len(cell))
        for row, cells in enumerate(rows)
        for place, cell in enumerate(cells)
    ]


@pytest.mark.parametrize("cased", [str, str.capitalize, str.upper])
def test_a_table_of_words_on_a_scan_is_read_row_by_row(cased):
    rows = [tuple(map(cased, row)) for row in FATES]
    assert page_text(in_rows(rows)).splitlines() == list(map(" ".join, rows))


def test_columns_of_figures_on_a_scan_are_read_row_by_row():
    rows = [(f"{1840 + n} {n}.{n}20,00", f"{n + 17},{n}00 {3 * n}.5") for n in range(8)]
    assert page_text(in_rows(rows)).splitlines() == list(map(" ".join, rows))


@pytest.mark.parametrize("cased", [str, str.upper])
@pytest.mark.parametrize("count", [2, 3, 6, 8])
def test_columns_of_prose_on_a_scan_are_read_one_after_the_other(cased, count):
    rows = [tuple(map(cased, (row * 3)[:count])) for row in COLUMNS]
    read_as = " ".join(page_text(in_rows(rows)).split())
    assert all(" ".join(column) in read_as for column in zip(*rows, strict=True))


@pytest.mark.parametrize("count", [2, 3])
def test_columns_of_a_scan_are_told_below_lines_that_run_over_them(count):
    rows = [row[:count] for row in COLUMNS]
    lead = [box(line, 0, n, 210 * count) for n, line in enumerate(LETTER[:5])]
    columns = [replace(n, top=n.top + 110, bottom=n.bottom + 110) for n in in_rows(rows)]
    read_as = " ".join(page_text([*columns, *lead]).split())
    assert read_as.startswith(" ".join(LETTER[:5]))
    assert all(" ".join(column) in read_as for column in zip(*rows, strict=True))


def test_a_sentence_goes_on_from_column_to_column_and_over_lines_across_both():
    columns = in_rows([row[:2] for row in COLUMNS[:-1]])  # the left one ends within a sentence
    across = ["The fleet left the harbour in March of that year,", "with grain for both the towns."]
    lines = [*columns, *(box(line, 0, 7 + n, 430) for n, line in enumerate(across))]
    text = page_text(lines)
    assert "until the war called him,\nIn the north" in text
    assert "\n".join(across) in text


@pytest.mark.slow
def test_a_table_of_words_is_read_row_by_row_by_the_engine():
    engine = Ocr().engine()
    assert engine is not None
    canvas = Canvas(buffer := io.BytesIO(), pagesize=A5, invariant=True)
    canvas.setFont("Times-Roman", 10)
    for number, row in enumerate(FATES):
        for place, cell in zip((40, 220), row, strict=True):
            canvas.drawString(place, 540 - 14 * number, cell)
    canvas.save()
    with PdfDocument(buffer.getvalue()) as pdf:
        picture = pdf[0].render(scale=150 / 72, grayscale=True).to_numpy()
    lines = page_text(engine(picture.reshape(picture.shape[:2]))).splitlines()
    assert words_missed(list(map(" ".join, FATES)), "\n".join(lines)) <= 0.05


def test_a_list_with_hanging_labels_is_not_two_columns():
    lines = [box(f"{n}.", 10, n, 12) for n in range(8)]
    lines += [box(f"item {n}", 60, n, 200) for n in range(8)]
    assert page_text(lines).splitlines()[:2] == ["0. item 0", "1. item 1"]


def test_specks_are_left_out_and_gaps_make_paragraphs():
    lines = [box("one", 0, 0, 50), box("two", 0, 1, 50), box("three", 0, 3, 50), box("…", 0, 2, 5)]
    assert page_text(lines) == "one\ntwo\n\nthree"
    assert page_text([]) == ""


def test_stray_chinese_characters_are_left_out_of_another_script():
    lines = [box(line, 0, row, 200) for row, line in enumerate(filter(None, LETTER))]
    assert "浮" not in page_text([*lines, box("浮 12", 0, 12, 30)])
    assert page_text([box("毛澤東會見了大使", 0, 0, 90)]) == "毛澤東會見了大使"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (" ".join(LETTER), 1.0, 1.0),
        ("Mr. McCarthy's 2nd note (HAVA-2027) of 13 May 1959 cost $1,200.50.", 1.0, 1.0),
        ("Der König schrieb am 3. März über die Grenze; ce n’est qu’une trêve.", 0.95, 1.0),
        ("Брежнев принял посла в Кремле. 毛澤東會見了大使。", 1.0, 1.0),
        (
            "; Te 2 ose H. Leiis . 8 x cv Agustin 3. 3lizalde’ £354-3039 -° iauricio —",
            0,
            GOOD_LAYER,
        ),
        (" ".join(SHIFTED), 0, READABLE_FONT),
        ("\ue001\ue002 \ue003\ufffd (cid:12)(cid:7)", 0, 0),
        ("", 0, 0),
    ],
)
def test_legibility(text, low, high):
    assert low <= legibility(text) <= high


def test_sound_words_are_words_of_three_letters_and_more():
    assert sound_words("The king, of 2 xqz wrote: (cid:1)") == 3


def test_real_born_digital_pages_are_not_read_again(counted):
    files = sorted((DATA / "pdf" / "born_digital").glob("*.pdf"))
    if not files:
        pytest.skip(f"no PDF files in {DATA}: set SOURCE_FINDER_DATA")
    for path in files:
        # The fonts of one have no map to Unicode: pypdf reads it well only without fontTools.
        if path.stem != "senate-expenditures":
            assert read(path).ocr_confidence is None
            assert counted.pages == 0


@pytest.mark.slow
def test_a_real_scan_is_searchable():
    path = DATA / "pdf" / "jfk_scan_no_text" / "104-10104-10172.pdf"
    if not path.exists():
        pytest.skip(f"{path} is absent: set SOURCE_FINDER_DATA")
    document = read(path)
    assert [place.label for place in document.locators] == ["PDF page 1", "PDF page 2"]
    assert legibility(document.text) > GOOD_LAYER
    assert document.ocr_confidence is not None


@pytest.mark.parametrize(
    ("choice", "there", "comes_to"),
    [
        ("auto", {"rapidocr", "tesseract"}, "auto"),
        ("auto", {"tesseract"}, "auto (tesseract)"),
        ("auto", set(), "auto (none)"),
        ("tesseract", {"tesseract"}, "tesseract"),
        ("tesseract", set(), "tesseract (none)"),
        ("off", set(), "off"),
    ],
)
def test_pages_are_read_anew_when_another_engine_would_read_them(
    choice: str, there: set[str], comes_to: str
) -> None:
    assert Ocr(choice, installed=there.__contains__).comes_to() == comes_to


REGISTER = [
    ("Date", "Child", "Parents", "Remarks"),
    ("3 May", "Peter", "Anders Reed, miller,", "Born on the road"),
    (None, None, "and Ann Holt", "from Sable"),
    ("9 May", "Maria", "Jonas Lund, the mid-", "Died the same day"),
    (None, None, "wife's son", None),
    ("1 June", "Johan", "Nils Crewe", "Father away"),
    (None, None, None, "with the regiment"),
]


def table(rows: Sequence[Sequence[str | None]]) -> list[OcrLine]:
    return [
        box(cell, 10 + 200 * column, row, 8 * len(cell))
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        if cell
    ]


def test_a_cell_of_two_lines_on_a_scan_is_read_whole():
    lines = table(REGISTER)
    assert page_text(lines).split("\n") == [
        "Date Child Parents Remarks",
        "3 May Peter Anders Reed, miller, and Ann Holt Born on the road from Sable",
        "9 May Maria Jonas Lund, the mid-",
        "wife's son Died the same day",
        "1 June Johan Nils Crewe Father away with the regiment",
    ]
    ordered = reading_order(lines, 850, 1100)
    assert " ".join(piece.text for piece in ordered).split() == page_text(lines).split()


@pytest.mark.parametrize(
    "second",
    [
        (None, None, "Rye", "14"),
        (None, None, "Ben Holt, smith", "Born at Sable"),
        ("10 May", None, "and Ann Holt", "from Sable"),
        (None, "and Paul", "Ann Holt", None),
        (None, None, "b. Ann Holt", None),
        (None, None, "and after that the whole family went to sea", None),
    ],
)
def test_an_entry_without_a_day_is_an_entry_of_its_own(second):
    text = page_text(table([*REGISTER[:1], ("9 May", "Maria", "Jonas Lund", "Died"), second]))
    assert text.split("\n")[1] == "9 May Maria Jonas Lund Died"


READ_BADLY = [
    "The anbassador arrivcd at the capltal on tho thlrd of",
    "March and was recelved by the mlnister the sane day.",
    "He carricd a lettcr in which the klng declarcd that no",
    "arny would cross tho rlver before the harvost was in.",
    "The council debatcd the answor until late at nlght",
    "and the govcrnor refuscd to open the gatcs to thom.",
] * 3


def covered(path: Path, layer: Sequence[str], *, text_first: bool) -> Path:
    """Write a page with a picture all over it, and text in ink below or above that."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    image = ImageReader(scanned(LETTER if text_first else []))
    if not text_first:
        canvas.drawImage(image, 0, 0, *A5)
    canvas.setFont("Courier", 10)
    for row, line in enumerate(layer):
        canvas.drawString(40, 540 - 14 * row, line)
    if text_first:
        canvas.drawImage(image, 0, 0, *A5)
    canvas.save()
    return path


def test_text_below_the_picture_of_a_page_is_that_of_ocr(tmp_path):
    below = read(covered(tmp_path / "below.pdf", LETTER, text_first=True), Ocr("off"))
    assert below.ocr_confidence is not None
    above = read(covered(tmp_path / "above.pdf", LETTER, text_first=False), Ocr("off"))
    assert above.ocr_confidence is None, "a picture behind the words"


def test_a_quotation_says_how_its_own_page_was_read(tmp_path):
    pages = [([], OTHER), (LETTER, LETTER * 3), (LETTER, READ_BADLY)]
    document = read(make(tmp_path / "three.pdf", pages), Ocr("off"))
    own, well, badly = (cited(document, place.span) for place in document.locators[:3])
    assert "OCR" not in own
    assert well.endswith("[text read by OCR; check against the image].")
    assert badly.endswith("[text badly read by OCR; check against the image].")
    both = Span(document.locators[0].span.start, document.locators[2].span.end)
    assert "badly read" in cited(document, both)


def test_a_layer_of_words_that_are_none_is_read_again(tmp_path, counted):
    assert legibility("\n".join(READ_BADLY)) > GOOD_LAYER, "its words are made like words"
    counted.lines = [*LETTER, *OTHER]
    document = read(make(tmp_path / "poor.pdf", [(LETTER, READ_BADLY)]), with_engine(counted))
    assert counted.pages == 1
    assert document.text.splitlines()[0] == LETTER[0]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("\n".join(LETTER), 0.0, 0.05),
        ("\n".join(READ_BADLY), 0.2, 0.9),
        ("The stores were empty. " * 2, None, None),
        ("Der Gesandte kam am dritten in die Hauptstadt und wurde empfangen. " * 9, None, None),
    ],
    ids=["sound", "read badly", "too short", "another language"],
)
def test_words_that_english_does_not_know_are_counted(text, least, most):
    found = unknown_words(text)
    if least is None:
        assert found is None
    else:
        assert least <= found <= most


def test_text_that_the_internet_archive_read_says_so(tmp_path):
    head = 'Full text of "The Siege of Varnow"\n\nSee other formats\n\n'
    path = tmp_path / "siege_djvu.txt"
    path.write_text(head + "\n".join(READ_BADLY), encoding="utf-8")
    (document,) = read_plain(path, MINE)
    assert document.title == "The Siege of Varnow"
    assert "badly read by OCR" in cited(document, document.locators[-1].span)
    evidence = fold(document.text, None, document.excluded).text
    assert evidence.split()[:2] == ["The", "anbassador"]


def test_spaces_that_ocr_lost_beside_small_words_are_put_back(tmp_path, counted):
    counted.lines = [
        "He had theobjective, atthe time, of seeing the",
        *LETTER,
    ]
    document = read(make(tmp_path / "lost.pdf", [(LETTER, [])]), with_engine(counted))
    first = "He had the objective, at the time, of seeing the"
    assert document.text.splitlines()[0] == first
    layer = read(make(tmp_path / "kept.pdf", [(LETTER, ["He saw theobjective."])]), Ocr("off"))
    assert "theobjective" in layer.text, "what the file has is left as it is"


@pytest.mark.parametrize(
    "word",
    ["thereto", "herewith", "forthwith", "Thebans", "hissing", "washerwoman", "inactive", "theses"],
)
def test_words_that_begin_or_end_like_small_ones_stay_whole(word):
    assert with_lost_spaces(word) == word


def test_ones_that_ocr_took_for_letters_are_ones(tmp_path, counted):
    counted.lines = [
        "In l964 VARNOW-l had l2,l00 men, all of the 5th; see p. l and UFGA-l's.",
        *LETTER,
    ]
    document = read(make(tmp_path / "ones.pdf", [(LETTER, [])]), with_engine(counted))
    first = "In 1964 VARNOW-1 had 12,100 men, all of the 5th; see p. l and UFGA-1's."
    assert document.text.splitlines()[0] == first
