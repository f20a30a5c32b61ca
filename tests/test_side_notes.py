"""Notes in the margin of a page are kept apart from the sentences beside them."""

from __future__ import annotations

import pytest
from facing_pages import STORY, Placed, draw, set_lines
from reads import body, read
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth

from rag.ingest.ocr import OcrLine
from rag.ingest.ocr.layout import text_and_notes

LONG = [*STORY, *STORY[:8]]
NOTES = [
    ("Truce of", "Zenda.", "30 June."),
    ("Wagons of", "the garrison", "counted."),
]
"""Two notes, of three lines each."""


def statute(
    side: str, *, size: float = 8, leading: float = 9, first: float = 700, left: float = 130
) -> list[Placed]:
    """Return a page of prose with notes beside its fourth and its twelfth line."""
    margin = 50 if side == "left" else left + 360
    return [
        *set_lines(LONG, left, 742),
        *(
            (margin, first - 112 * number - leading * row, size, line)
            for number, note in enumerate(NOTES)
            for row, line in enumerate(note)
        ),
    ]


SHAPES = [
    {"size": 8, "leading": 9, "first": 700},  # small type, beside a line
    {"size": 8, "leading": 14, "first": 700},  # on every line
]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["file", "place"])
def test_notes_in_a_margin_are_no_part_of_the_sentences(tmp_path, side, shape, order):
    lines = statute(side, **shape)
    if order == "place":
        lines.sort(key=lambda n: (-n[1], n[0]))
    document = read(draw(tmp_path / "a.pdf", [lines], A4))
    assert " ".join(body(document).split()) == " ".join(LONG)
    aside = " ".join(span.of(document.text) for span in document.excluded)
    for note in NOTES:
        assert " ".join(note) in " ".join(aside.split())


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", SHAPES)
def test_notes_in_a_margin_in_what_ocr_finds(side, shape):
    lines = [
        OcrLine(
            words, left, 800 - base - 0.75 * size, left + stringWidth(words, "Times-Roman", size),
            800 - base + 0.25 * size, 0.9,
        )
        for left, base, size, words in statute(side, **shape)
    ]  # fmt: skip
    text, notes = text_and_notes(lines)
    assert text.split() == " ".join(LONG).split()
    assert " ".join(" ".join(notes).split()) == " ".join(" ".join(note) for note in NOTES)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("first", "leading"), [(695, 12), (700, 14)])
def test_notes_as_large_as_the_text_stay_in_it(tmp_path, side, first, leading):
    """Asked for as notes once, but nothing tells them surely from a column of a table."""
    lines = statute(side, size=11, leading=leading, first=first)
    assert not read(draw(tmp_path / "a.pdf", [lines], A4)).excluded


def test_a_date_at_the_head_of_a_paragraph_stays_beside_notes(tmp_path):
    """Asked for as a note once, but it says when the fleet left."""
    entries = [("Jan. 3.", 0), ("London.", 1), ("Truce of", 6), ("Zenda.", 7), ("Wagons.", 14)]
    notes = [(50.0, 742 - 14 * row, 8.0, words) for words, row in entries]
    document = read(draw(tmp_path / "a.pdf", [[*set_lines(LONG, 130, 742), *notes]], A4))
    assert "Jan. 3. The fleet left the harbour" in body(document)
    aside = " ".join(span.of(document.text) for span in document.excluded)
    assert aside.split() == ["Truce", "of", "Zenda.", "Wagons."]


EVENTS = (
    "Gold found at the mill of Sutter on the river",
    "Treaty of peace signed by the envoys of both powers",
    "First ships leave New York for the coast of the west",
    "Convention meets at Monterey to write a constitution",
    "Great fire destroys most of the town and its harbour",
    "Death of the president in his house after a short illness",
) * 2


@pytest.mark.parametrize("size", [8, 9, 11])
@pytest.mark.parametrize("more", [0, 1, 3])
@pytest.mark.parametrize("left", [50, 440])
def test_columns_of_small_type_beside_entries_are_evidence(tmp_path, size, more, left):
    """A chronology, or what became of each: entries of one line, of two and of four."""
    placed: list[Placed] = []
    for number, event in enumerate(EVENTS):
        base = 780 - number * (14 * more + 18)
        goes_on = ["which was heard of in the town by all who lived in it at the time"] * more
        placed += [
            (left, base, size, f"May {number + 1}, 1848" if left == 50 else "held out"),
            *set_lines([event, *goes_on], 130, base),
        ]
    document = read(draw(tmp_path / "a.pdf", [placed], A4))
    assert not document.excluded
    if left == 50:
        assert f"May 1, 1848 {EVENTS[0]}" in document.text


@pytest.mark.parametrize("size", [11, 10.5])
def test_the_head_of_an_entry_belongs_to_it(tmp_path, size):
    """A chronicle, or what is said by whom: in the same type, where an entry begins."""
    heads = [("12 May", 0), ("2 June", 5), ("30 June", 10), ("5 July", 15)]
    lines = list(LONG)
    for _, row in heads:
        lines[row - 1] = "and so it was."
    placed = [*set_lines(lines, 130, 742), *((50, 742 - 14 * r, size, w) for w, r in heads)]
    document = read(draw(tmp_path / "a.pdf", [placed], A4))
    text = body(document)
    for words, row in heads:
        assert f"{words} {lines[row]}" in text


def test_points_of_a_list_keep_their_numbers(tmp_path):
    heads = [(f"({'abcd'[n]})", 5 * n) for n in range(4)]
    placed = [*set_lines(LONG, 130, 742), *((105, 742 - 14 * r, 11, w) for w, r in heads)]
    document = read(draw(tmp_path / "a.pdf", [placed], A4))
    assert f"(c) {LONG[10]}" in document.text


def test_cells_of_a_table_are_no_notes(tmp_path):
    rows = [("Ulm", "Flour sent down the river in barges", "1.35"),
            ("Regensburg", "Oats for the horses of the train", "1.38")] * 8  # fmt: skip
    placed = [
        (place, 742 - 14 * number, 10, cell)
        for number, row in enumerate(rows)
        for place, cell in zip((50, 130, 420), row, strict=True)
    ]
    document = read(draw(tmp_path / "a.pdf", [placed], A4))
    assert "Ulm Flour sent down the river in barges 1.35\nRegensburg Oats" in document.text


def test_running_heads_and_page_numbers_stay_what_they_are(tmp_path):
    pages = [
        [
            (50, 780, 9, str(24 + n)),
            (200, 780, 9, "THE SIEGE OF VARNOW"),
            *statute("left" if n % 2 else "right"),
        ]
        for n in range(4)
    ]
    document = read(draw(tmp_path / "a.pdf", pages, A4))
    assert [place.label for place in document.locators][:4] == [f"p. {n}" for n in range(24, 28)]
    assert "Zenda. 30" not in " ".join(body(document).split())
