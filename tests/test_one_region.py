"""OCR files with all lines of a page in one region: parted by where the lines stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from facing_pages import STORY, Placed, set_lines
from reads import gather
from reportlab.pdfbase.pdfmetrics import stringWidth

from rag.datatypes import Collection, SourceDocument
from rag.ingest.readers import reader_for

MINE = Collection("mine", "Mine")
HEIGHT = 842
COLUMNS = [[f"{line[:36].strip()} {'abcd'[n]}" for line in STORY] for n in range(2)]


def box(line: Placed) -> tuple[int, int, int, int]:
    left, base, size, words = line
    right = left + stringWidth(words, "Times-Roman", size)
    return round(left), round(HEIGHT - base - 0.75 * size), round(right), round(
        HEIGHT - base + 0.25 * size
    )  # fmt: skip


def page_xml(lines: Sequence[Placed], width: int = 595, shape: str = "coords") -> str:
    """Return a page with all lines in one region."""
    made = ""
    for line in lines:
        left, top, right, bottom = box(line)
        base = bottom - round(0.25 * line[2])
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        if shape == "points":
            inner = "".join(f'<Point x="{x}" y="{y}"/>' for x, y in corners)
            coords = f"<Coords>{inner}</Coords>"
        else:
            coords = f'<Coords points="{" ".join(f"{x},{y}" for x, y in corners)}"/>'
        if shape == "baseline":
            coords += f'<Baseline points="{left},{base} {right},{base}"/>'
        made += f"<TextLine>{coords}<TextEquiv><Unicode>{line[3]}</Unicode></TextEquiv></TextLine>"
    return (
        '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15">'
        f'<Page imageWidth="{width}" imageHeight="{HEIGHT if width < HEIGHT else 595}">'
        f'<TextRegion id="r">{made}</TextRegion></Page></PcGts>'
    )


def alto(lines: Sequence[Placed], width: int = 595) -> str:
    made = ""
    for line in lines:
        left, top, right, bottom = box(line)
        words = "".join(f'<String CONTENT="{word}"/>' for word in line[3].split())
        made += (
            f'<TextLine HPOS="{left}" VPOS="{top}" WIDTH="{right - left}" '
            f'HEIGHT="{bottom - top}">{words}</TextLine>'
        )
    return (
        f'<alto><Layout><Page WIDTH="{width}" HEIGHT="{HEIGHT if width < HEIGHT else 595}">'
        f"<PrintSpace><TextBlock>{made}</TextBlock></PrintSpace></Page></Layout></alto>"
    )


def hocr(lines: Sequence[Placed], width: int = 595) -> str:
    made = ""
    for line in lines:
        made += f'<span class="ocr_line" title="bbox {" ".join(map(str, box(line)))}">'
        made += f"{line[3]}</span>\n"
    height = HEIGHT if width < HEIGHT else 595
    return (
        f'<html><body><div class="ocr_page" title="bbox 0 0 {width} {height}">'
        f'<p class="ocr_par">{made}</p></div></body></html>'
    )


FORMATS = {"a.xml": page_xml, "b.xml": alto, "c.hocr": hocr}


def read(path: Path, content: str) -> SourceDocument:
    path.write_text(content, encoding="utf-8")
    (document,) = reader_for(path)(path, MINE)
    return document


def body(document: SourceDocument) -> str:
    end = document.excluded[0].start if document.excluded else len(document.text)
    return " ".join(document.text[:end].split())


@pytest.mark.parametrize("name", FORMATS)
def test_columns_given_row_by_row(tmp_path, name):
    left, right = (set_lines(column, x, 700) for column, x in zip(COLUMNS, (50, 310), strict=True))
    rows = [line for pair in zip(left, right, strict=True) for line in pair]
    document = read(tmp_path / name, FORMATS[name](rows))
    assert body(document) == " ".join(" ".join(column) for column in COLUMNS)


@pytest.mark.parametrize("shape", ["coords", "points", "baseline"])
@pytest.mark.parametrize("head", ["24", "24 THE SIEGE OF VARNOW", "- 24 -"])
def test_the_head_and_the_number_of_a_page_in_one_region(tmp_path, shape, head):
    lines = [(50.0, 760.0, 10.0, head), *set_lines(STORY, 50, 700)]
    document = read(tmp_path / "a.xml", page_xml(lines, shape=shape))
    assert body(document) == " ".join(STORY)
    assert document.locators[0].label == "p. 24"


@pytest.mark.parametrize("name", FORMATS)
def test_notes_in_the_margin(tmp_path, name):
    notes = [(460.0, 650.0 - 9 * n, 7.0, w) for n, w in enumerate(("Truce of", "Zenda made."))]
    lines = sorted([*set_lines(STORY, 50, 700), *notes], key=lambda n: -n[1])
    document = read(tmp_path / name, FORMATS[name](lines))
    assert body(document) == " ".join(STORY)
    assert "Truce of\nZenda made." in document.text


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("order", ["pages", "rows"])
def test_two_pages_on_one_picture(tmp_path, name, order):
    other = [f"{line[:-7].strip()} indeed" for line in STORY]
    left, right = set_lines(STORY, 60, 700), set_lines(other, 475, 700)
    lines = [*left, (215.0, 300.0, 10.0, "24"), *right, (630.0, 300.0, 10.0, "25")]
    if order == "rows":
        lines.sort(key=lambda n: (-n[1], n[0]))
    document = read(tmp_path / name, FORMATS[name](lines, 842))
    assert body(document) == " ".join([*STORY, *other])
    at = document.text.index(other[3])
    labels = [n.label for n in document.locators if n.span.start <= at < n.span.end]
    assert labels == ["p. 25"]


def test_pages_of_a_work_in_files_of_one_region(tmp_path):
    for n in range(3):
        lines = [(50.0, 716.0, 10.0, f"{24 + n} THE SIEGE OF VARNOW"), *set_lines(STORY, 50, 700)]
        text = page_xml(lines).replace("The fleet", f"In {1800 + n} the fleet")
        (tmp_path / f"page_{n + 1}.xml").write_text(text, encoding="utf-8")
    (document,), skipped = gather(tmp_path)
    assert not skipped
    assert [place.label for place in document.locators][:3] == ["p. 24", "p. 25", "p. 26"]
    assert "SIEGE" not in body(document)


def test_lines_without_places_stay_in_the_order_of_the_file(tmp_path):
    content = page_xml(set_lines(STORY, 50, 700))
    bare = content.replace("<Coords", "<Other").replace("</Coords", "</Other")
    assert body(read(tmp_path / "a.xml", bare)) == " ".join(STORY)


def test_lines_that_slope_stay_in_their_order(tmp_path):
    lines = set_lines(STORY, 50, 700)
    content = page_xml(lines)
    for n, line in enumerate(lines):
        left, top, right, bottom = box(line)
        old = f'points="{left},{top} {right},{top} {right},{bottom} {left},{bottom}"'
        fall = 20 + n % 3
        new = f'points="{left},{top} {right},{top + fall} {right},{bottom + fall} {left},{bottom}"'
        assert old in content
        content = content.replace(old, new)
    assert body(read(tmp_path / "a.xml", content)) == " ".join(STORY)
