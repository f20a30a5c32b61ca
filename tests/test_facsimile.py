"""Pages of real PDFs as pictures: the mark is where the text layer has the words."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)
from reads import read
from reportlab.lib.pagesizes import A5
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest import read_sources
from rag.reading import Box
from rag.reading import facsimile as facsimile_module
from rag.reading.drawing import WIDTH
from rag.reading.facsimile import (
    Facsimile,
    Highlight,
    PageLimits,
    _Drawers,
    facsimile,
    has_pages,
    highlighted_copy,
    source_path,
)
from tests.scans import FONT, LEADING, LEFT, SIZE, TOP, TREATY, print_pdf, scan_pdf

QUOTE = "A truce was signed at the bridge of Zenda"


def quotation(document: SourceDocument, words: str = QUOTE) -> Span:
    at = document.text.index(words)
    return Span(at, at + len(words))


def place(line: int, start: str, words: str) -> Box:
    """Return where reportlab has printed `words` after `start` on a line, by its own metrics."""
    width, height = A5
    left = LEFT + stringWidth(start, FONT, SIZE)
    baseline = TOP - LEADING * line
    right = left + stringWidth(words, FONT, SIZE)
    return Box(left / width, 1 - (baseline + 9) / height, right / width, 1 - baseline / height)


def near(one: Box, other: Box, by: float = 0.01) -> bool:
    return all(
        abs(a - b) < by
        for a, b in (
            (one.left, other.left),
            (one.right, other.right),
            (one.top, other.top),
            (one.bottom, other.bottom),
        )
    )


def words_under(path: Path, shown: Facsimile) -> str:
    """Return what the page's text layer has under the marks, as PDFium reads it there."""
    with pypdfium2.PdfDocument(path) as pdf:
        page = pdf[shown.number]
        width, height = page.get_size()
        layer = page.get_textpage()
        parts = [
            layer.get_text_bounded(
                left=box.left * width,
                right=box.right * width,
                top=(1 - box.top) * height,
                bottom=(1 - box.bottom) * height,
            )
            for box in shown.marks
        ]
    return " ".join(" ".join(parts).split())


def test_the_mark_is_on_the_words_in_the_text_layer(tmp_path: Path) -> None:
    path = print_pdf(tmp_path / "treaty.pdf", [TREATY[:2], TREATY])
    document = read(path)
    shown = facsimile(document, quotation(document))
    assert (shown.number, shown.pages, shown.label) == (1, 2, "PDF page 2")
    assert shown.note == ""
    assert words_under(path, shown) == QUOTE
    assert near(shown.marks[0], place(2, "", QUOTE))
    picture = Image.open(io.BytesIO(shown.image))
    assert picture.size == (shown.width, shown.height)
    assert shown.width == WIDTH


def test_a_word_broken_at_a_line_end_is_marked_on_both_lines(tmp_path: Path) -> None:
    path = print_pdf(tmp_path / "treaty.pdf", [TREATY])
    document = read(path)
    shown = facsimile(document, quotation(document, "opened to the merchants of either crown"))
    assert len(shown.marks) == 2
    assert near(shown.marks[1], place(4, "", "chants of either crown"))


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_the_mark_follows_a_page_that_is_turned(tmp_path: Path, turned: int) -> None:
    straight = print_pdf(tmp_path / "straight.pdf", [TREATY])
    path = tmp_path / "turned.pdf"
    writer = PdfWriter(straight)
    writer.pages[0].rotate(turned)
    writer.write(path)
    document = read(straight)
    [box] = facsimile(document, quotation(document)).marks
    shown = facsimile(replace(document, origin=str(path)), quotation(document))
    [mark] = shown.marks
    corners = {
        90: Box(1 - box.bottom, box.left, 1 - box.top, box.right),
        180: Box(1 - box.right, 1 - box.bottom, 1 - box.left, 1 - box.top),
        270: Box(box.top, 1 - box.right, box.bottom, 1 - box.left),
    }
    assert near(mark, corners[turned], 0.001)
    # There is ink under the mark.
    picture = Image.open(io.BytesIO(shown.image)).convert("L")

    def ink(part: Box) -> int:
        left, right = round(part.left * picture.width), round(part.right * picture.width)
        top, bottom = round(part.top * picture.height), round(part.bottom * picture.height)
        low, _ = picture.crop((left, top, right, bottom)).getextrema()
        return 255 - int(low)

    assert ink(mark) > 150


def test_another_page_is_shown_without_a_mark(tmp_path: Path) -> None:
    document = read(print_pdf(tmp_path / "treaty.pdf", [TREATY[:2], TREATY]))
    shown = facsimile(document, quotation(document), 0)
    assert (shown.number, shown.marks, shown.note) == (0, (), "")
    assert facsimile(document, quotation(document), 99).number == 1


def test_a_quotation_over_two_pages_is_marked_on_both(tmp_path: Path) -> None:
    document = read(print_pdf(tmp_path / "treaty.pdf", [TREATY[:2], TREATY[2:]]))
    start, end = document.text.index("grain was dear"), document.text.index(" by both")
    first, second = (facsimile(document, Span(start, end), n) for n in (0, 1))
    assert near(
        first.marks[0], place(1, "No letter came before the summer, and ", "grain was dear.")
    )
    assert near(second.marks[0], place(0, "", QUOTE))


@pytest.mark.slow
@pytest.mark.parametrize("skew", [0.0, 1.5])
def test_the_mark_is_on_the_words_of_a_scan(tmp_path: Path, skew: float) -> None:
    document = read(scan_pdf(tmp_path / "scan.pdf", TREATY, skew=skew))
    assert document.ocr_confidence is not None
    shown = facsimile(document, quotation(document, "truce was signed at the bridge"))
    assert shown.note == ""
    expected = place(2, "A ", "truce was signed at the bridge")
    # Letters of a scan are taken to be equally wide, so the ends are less exact.
    assert near(shown.marks[0], expected, 0.03)
    middle = (shown.marks[0].top + shown.marks[0].bottom) / 2
    assert abs(middle - (expected.top + expected.bottom) / 2) < 0.012


def test_a_file_that_has_moved_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = print_pdf(tmp_path / "treaty.pdf", [TREATY])
    document = read(path)
    assert has_pages(document)
    path.rename(tmp_path / "elsewhere.pdf")
    with pytest.raises(UnreadableSource, match=r"moved or deleted .*treaty\.pdf.*Put it back"):
        facsimile(document, quotation(document))


def test_another_file_in_its_place_is_told(tmp_path: Path) -> None:
    path = print_pdf(tmp_path / "treaty.pdf", [TREATY])
    document = read(path)
    print_pdf(path, [["Nothing of the kind was ever agreed."]])
    shown = facsimile(document, quotation(document))
    assert shown.marks == ()
    assert "may have been replaced" in shown.note
    print_pdf(path, [TREATY, TREATY])
    with pytest.raises(UnreadableSource, match="pages: 2 now, 1 then"):
        facsimile(document, quotation(document))
    path.write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(UnreadableSource, match="cannot be drawn"):
        facsimile(document, quotation(document))


def test_a_file_in_an_archive_is_told(tmp_path: Path) -> None:
    import zipfile

    path = print_pdf(tmp_path / "treaty.pdf", [TREATY])
    with zipfile.ZipFile(tmp_path / "papers.zip", "w") as archive:
        archive.write(path, "treaty.pdf")
    [document] = read_sources([tmp_path / "papers.zip"], lambda skipped: pytest.fail(str(skipped)))
    path.unlink()
    with pytest.raises(UnreadableSource, match="in an archive"):
        source_path(document)


def test_a_page_is_found_in_a_home_that_was_moved(tmp_path: Path) -> None:
    there = tmp_path / "corpus" / "before" / "corpus" / "sources" / "treaty.pdf"
    there.parent.mkdir(parents=True)
    [document] = read_sources([print_pdf(there, [TREATY])], pytest.fail)
    (tmp_path / "corpus" / "before").rename(tmp_path / "now")
    found = source_path(document, tmp_path / "now")
    assert found == tmp_path / "now" / "corpus" / "sources" / "treaty.pdf"
    assert facsimile(document, quotation(document), home=tmp_path / "now").marks
    with pytest.raises(UnreadableSource, match="moved or deleted"):
        source_path(document, tmp_path / "elsewhere")


# ---- pages that are made to do harm ----


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PageLimits that are soon reached, and processes that nobody else has."""
    limits = PageLimits(seconds=3, memory_bytes=1 << 29)
    monkeypatch.setattr("rag.reading.facsimile.LIMITS", limits)
    own = _Drawers(ocr=False)
    monkeypatch.setattr("rag.reading.facsimile._PICTURES", own)
    yield
    own.end()


def doubling_pdf(path: Path, forms: int) -> Path:
    """Write a page whose annotation draws a form that draws another one twice, and so on."""
    writer = PdfWriter(print_pdf(path, [TREATY]))
    inner = StreamObject()
    inner.set_data(b"0 0 m 9 9 l S")
    for _ in range(forms):
        inner[NameObject("/Type")], inner[NameObject("/Subtype")] = (
            NameObject("/XObject"),
            NameObject("/Form"),
        )
        inner[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 0, 99, 99)])
        outer = StreamObject()
        outer.set_data(b"/F Do /F Do")
        forms_of = DictionaryObject({NameObject("/F"): writer._add_object(inner)})
        outer[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): forms_of})
        inner = outer
    inner[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 0, 99, 99)])
    inner[NameObject("/Type")] = NameObject("/XObject")
    inner[NameObject("/Subtype")] = NameObject("/Form")
    note = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Stamp"),
            NameObject("/Rect"): ArrayObject([NumberObject(n) for n in (0, 0, 99, 99)]),
            NameObject("/F"): NumberObject(4),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(inner)}),
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])
    writer.write(path)
    return path


def test_a_page_that_would_take_all_memory_is_told_of(tmp_path: Path, tight: None) -> None:
    path = doubling_pdf(tmp_path / "bomb.pdf", 28)
    document = replace(read(print_pdf(tmp_path / "plain.pdf", [TREATY])), origin=str(path))
    assert path.stat().st_size < 20_000
    with pytest.raises(UnreadableSource, match=r"bomb\.pdf cannot be drawn: it"):
        facsimile(document, quotation(document))
    before = time.monotonic()
    with pytest.raises(UnreadableSource, match=r"bomb\.pdf cannot be drawn"):
        facsimile(document, quotation(document))
    assert time.monotonic() - before < 0.1, "it is not tried again"
    plain = read(tmp_path / "plain.pdf")
    assert facsimile(plain, quotation(plain)).marks, "the next page is drawn"


def test_a_page_waits_only_so_long_for_others(tmp_path: Path, tight: None) -> None:
    document = read(print_pdf(tmp_path / "treaty.pdf", [TREATY]))
    facsimile_module.LIMITS = PageLimits(waiting_s=0)
    with facsimile_module._PICTURES._turn, pytest.raises(UnreadableSource, match="open it again"):
        facsimile(document, quotation(document))


# ---- a copy with highlights ----


def highlighted(content: bytes) -> list[list[tuple[str, str]]]:
    """Return, for each page of a PDF, its highlights as (words under them, note), as pypdf and
    PDFium find them."""
    found: list[list[tuple[str, str]]] = []
    with pypdfium2.PdfDocument(content) as pdf:
        for number, page in enumerate(PdfReader(io.BytesIO(content)).pages):
            layer = pdf[number].get_textpage()
            marks = []
            for each in page.get("/Annots", []):
                mark = each.get_object()
                assert mark["/Subtype"] == "/Highlight"
                points = [float(point) for point in mark["/QuadPoints"]]
                areas = [points[at : at + 8] for at in range(0, len(points), 8)]
                words = [
                    layer.get_text_bounded(
                        left=min(area[::2]),
                        right=max(area[::2]),
                        bottom=min(area[1::2]),
                        top=max(area[1::2]),
                    )
                    for area in areas
                ]
                marks.append((" ".join(" ".join(words).split()), str(mark["/Contents"])))
            found.append(marks)
    return found


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_quotations_are_highlighted_in_a_copy_with_their_notes(tmp_path: Path, turned: int) -> None:
    straight = print_pdf(tmp_path / "straight.pdf", [TREATY[:2], TREATY])
    writer = PdfWriter(straight)
    for page in writer.pages:
        page.rotate(turned)
    path = tmp_path / "treaty.pdf"
    writer.write(path)
    before = path.read_bytes()
    document = read(straight)
    document = replace(document, origin=str(path))
    fleet = quotation(document, "The fleet left the harbour")
    copy = highlighted_copy(
        document, [Highlight(quotation(document), "Compare Hope’s draft."), Highlight(fleet)]
    )
    assert highlighted(copy.content) == [
        [("The fleet left the harbour", "")],
        [(QUOTE, "Compare Hope’s draft.")],
    ]
    assert copy.missed == ()
    assert path.read_bytes() == before


def test_a_quotation_over_two_pages_is_highlighted_on_both(tmp_path: Path) -> None:
    path = print_pdf(tmp_path / "treaty.pdf", [TREATY[:3], TREATY[3:]])
    document = read(path)
    start = document.text.index("bridge of Zenda")
    end = document.text.index("without any toll")
    copy = highlighted_copy(document, [Highlight(Span(start, end), "n")])
    first, second = highlighted(copy.content)
    assert first == [("bridge of Zenda by both", "n")]
    assert second[0][0].startswith("ministers, and the passes")


def test_what_is_not_on_its_page_is_told_and_nothing_at_all_is_refused(tmp_path: Path) -> None:
    path = print_pdf(tmp_path / "treaty.pdf", [TREATY])
    document = read(path)
    print_pdf(path, [(*TREATY[:2], "The page was printed anew, without that sentence.")])
    gone, there = Highlight(quotation(document)), Highlight(quotation(document, "No letter came"))
    copy = highlighted_copy(document, [gone, there])
    assert copy.missed == (gone,)
    assert highlighted(copy.content) == [[("No letter came", "")]]
    with pytest.raises(UnreadableSource, match="Nothing could be marked"):
        highlighted_copy(document, [gone])


def test_heads_and_notes_are_shown_on_the_pages_that_they_stand_on(tmp_path: Path) -> None:
    matters = ["grain", "salt", "wine", "wool"]

    def lines(number: int) -> list[str]:
        matter = matters[number]
        prose = [f"of the envoys. The price of {matter}", f"in {matter} years was put off", "and"]
        return ["THE GARRISON AT WAR", *prose * 2, str(41 + number)]

    path = tmp_path / "book.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for number in range(4):
        for row, line in enumerate(lines(number)):
            canvas.drawString(LEFT, TOP - LEADING * row, line)
        canvas.showPage()
    canvas.save()
    document = read(path)
    last = facsimile(document, quotation(document, "The price of wool"))
    assert (last.number, last.label) == (3, "p. 44")
    assert "THE GARRISON AT WAR" in last.text
    assert "43" not in last.text.split()
    head = Span(document.text.index("GARRISON"), document.text.index("GARRISON") + 8)
    shown = facsimile(document, head)
    assert (shown.number, shown.label, len(shown.marks)) == (0, "p. 41", 1)
    assert shown.label == document.locate(head)
