"""PDF: what a reader sees on the page is what is read, in the order in which it is read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import RectangleObject
from reads import MINE, body, read
from reportlab.lib.pagesizes import A5
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import SkippedFile, SourceDocument
from rag.ingest.ocr import Ocr
from rag.ingest.readers import read_file
from rag.ingest.readers.pdf import read_pdf
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.wording import cited

PROSE = (
    "The fleet left the harbour in March and no letter came before the",
    "summer. Grain was dear in every town, and the old minister did not",
    "return. Snow closed the passes early, so that a truce was signed at",
    "the bridge by both ministers, and the fair was held as it had been",
)
COLUMNS = (
    ("The duke had three sons", "In the north the winter"),
    ("and the youngest of them", "came early and the mills"),
    ("was sent to the abbey at", "stood still. A miller of"),
    ("Sarn, where he learned to", "the valley sold his corn"),
    ("read and to keep accounts", "to the garrison and was"),
    ("until the war called him.", "hanged for it in spring."),
)


def draw(path: Path, *pages: list[tuple[float, float, float, str]]) -> Path:
    """Write a PDF: for each page (left, height of the base line, size, words)."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for pieces in pages:
        for left, base, size, words in pieces:
            canvas.setFont("Times-Roman", size)
            canvas.drawString(left, base, words)
        canvas.showPage()
    canvas.save()
    return path


def prose(*last: str, top: float = 540) -> list[tuple[float, float, float, str]]:
    return [(40, top - 14 * n, 11, line) for n, line in enumerate([*PROSE, *last])]


@pytest.mark.parametrize("columns", [2, 3])
def test_columns_stored_row_by_row_are_read_one_after_the_other(tmp_path, columns):
    rows = [(left, right, left)[:columns] for left, right in COLUMNS]
    places = (30, 160, 290)
    path = draw(
        tmp_path / "a.pdf",
        [(30, 560, 14, "THE CHRONICLE OF SARN AND OF THE NORTHERN VALLEYS")]
        + [
            (places[column], 520 - 13 * number, 9.5, words)
            for number, row in enumerate(rows)
            for column, words in enumerate(row)
        ],
    )
    text = " ".join(read(path).text.split())
    assert "three sons and the youngest of them was sent to the abbey" in text
    assert "the mills stood still. A miller of the valley sold his corn" in text


def test_columns_of_few_lines_are_told_by_those_of_the_page_before(tmp_path):
    def columns(rows, top: float):
        return [
            (place, top - 13 * number, 9.5, words)
            for number, row in enumerate(rows)
            for place, words in zip((30, 160), row, strict=True)
        ]

    # A figure may stand between the two parts of the second page.
    second = [*columns(COLUMNS[:2], 520), *columns(COLUMNS[2:4], 200)]
    path = draw(tmp_path / "a.pdf", columns(COLUMNS, 520), second)
    text = " ".join(read(path).text.split("\f")[1].split())
    above, below = text.split(" was sent ")
    assert above.endswith("the youngest of them In the north the winter came early and the mills")
    assert below.startswith("to the abbey at Sarn, where he learned to stood still. A miller of")


def test_a_table_is_read_row_by_row(tmp_path):
    rows = [("BAIN, J", "DIRECTOR", "37,499.96"), ("SMITH, A", "INTERN", "446.87")] * 4
    path = draw(
        tmp_path / "a.pdf",
        [
            (place, 500 - 15 * number, 10, cell)
            for number, row in enumerate(rows)
            for place, cell in reversed(list(zip((40, 180, 300), row, strict=True)))
        ],
    )
    assert "BAIN, J DIRECTOR 37,499.96\nSMITH, A INTERN 446.87" in read(path).text


def test_a_chart_beside_a_table_is_not_read_into_its_rows(tmp_path):
    rows = [("Ulm", "1.35", "1.42"), ("Regensburg", "1.38", "1.48"), ("Passau", "1.40", "1.44")] * 5
    table = [
        (place, 520 - 13 * number, 10, cell)
        for number, row in enumerate(rows)
        for place, cell in zip((30, 110, 160), row, strict=True)
    ]
    axis = [(300, 522 - 17 * number, 8, f"{4.8 - number / 5:.2f}") for number in range(12)]
    text = read(draw(tmp_path / "a.pdf", [*table, *axis])).text
    assert "Ulm 1.35 1.42\nRegensburg 1.38 1.48\nPassau 1.40 1.44\nUlm" in text
    assert "4.80\n4.60\n4.40" in text


def test_a_table_of_many_words_is_read_row_by_row(tmp_path):
    rows = [("12 May", "Paid to the", "master mason", "for lime", "3 l."), ("2 June", "Paid to",
            "a carter", "for the stones", "14 l.")] * 4  # fmt: skip
    path = draw(
        tmp_path / "a.pdf",
        [
            (place, 500 - 12 * number, 9, cell)
            for number, row in enumerate(rows)
            for place, cell in zip((30, 80, 150, 230, 320), row, strict=True)
        ],
    )
    assert "12 May Paid to the master mason for lime 3 l.\n2 June Paid to" in read(path).text


FATES = (
    ("Fort Harriet on the river", "surrendered to the British", "4 June 1848"),
    ("Fort Mercer in the hills", "held out until relieved", "9 July 1848"),
    ("The mill at the ford", "was never attacked at all", "no date known"),
    ("The town of New Salem", "opened its gates in terror", "2 May 1848"),
    ("The bridge at Low Water", "was blown up by sappers", "8 May 1848"),
    ("The camp at High Rock", "was left in the night", "3 May 1848"),
)
"""A table of words: in each row a place, what became of it, and when."""


@pytest.mark.parametrize("cased", [str, str.capitalize])
@pytest.mark.parametrize("cells", [2, 3])
@pytest.mark.parametrize("after_columns", [False, True])
def test_what_stands_in_a_row_of_a_table_of_words_stays_together(
    tmp_path, cased, cells, after_columns
):
    rows = [tuple(map(cased, row[:cells])) for row in FATES]
    table = [
        (place, 500 - 14 * number, 9, cell)
        for number, row in enumerate(rows)
        for place, cell in zip((30, 160, 290), row, strict=False)
    ]
    columns = [
        (place, 500 - 14 * number, 9, line)
        for number, row in enumerate(COLUMNS)
        for place, line in zip((30, 160), row, strict=True)
    ]
    path = draw(tmp_path / "a.pdf", *([columns] if after_columns else []), table)
    assert "\n".join(map(" ".join, rows)) in read(path).text


@pytest.mark.parametrize("columns", [4, 5, 6, 7, 8])
def test_a_newspaper_of_many_columns_is_read_column_by_column(tmp_path, columns):
    told = [line for pair in zip(*COLUMNS, strict=True) for line in pair]
    chance = random.Random(columns)
    lines = [
        [" ".join(chance.sample(chance.choice(told).split(), k=3)).lower() for _ in range(30)]
        for _ in range(columns)
    ]
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=(90 * columns, 500), invariant=True)
    canvas.setFont("Times-Bold", 24)
    canvas.drawString(60, 460, "THE SARN GAZETTE")
    canvas.setFont("Times-Roman", 8)
    for row in range(30):
        for place, column in enumerate(lines):
            canvas.drawString(10 + 86 * place, 430 - 11 * row, column[row])
    canvas.save()
    text = " ".join(read(path).text.split())
    assert all(" ".join(column) in text for column in lines)


LEAD = (
    "The paper comes out a day late. The press broke on Sunday, and a new wheel",
    "was sent for from the county town, whence it came by the slow train; for",
    "which the publisher asks pardon of all his readers, who will not have to",
    "pay for this number, and will be given the next one at half the price if",
)


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("wide", [1, 2, 4])
@pytest.mark.parametrize("below", [False, True])
def test_columns_are_told_below_lines_that_run_over_them(tmp_path, columns, wide, below):
    rows = [(left, right, left)[:columns] for left, right in COLUMNS]
    lead = [line for _ in range(wide) for line in LEAD]
    at = 540 - 12 * len(lead) - 20
    pieces = [(30, 540 - 12 * n, 11, line) for n, line in enumerate(lead)]
    pieces += [
        (place, at - 12 * number, 9, line)
        for number, row in enumerate(rows)
        for place, line in zip((30, 160, 290), row, strict=False)
    ]
    if below:
        pieces += [(30, at - 110 - 12 * n, 11, line) for n, line in enumerate(LEAD)]
    text = " ".join(read(draw(tmp_path / "a.pdf", pieces)).text.split())
    assert " ".join(lead) in text
    assert all(" ".join(column) in text for column in zip(*rows, strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_typescript_is_not_torn_where_its_spaces_stand_below_each_other(tmp_path, seed):
    chance = random.Random(seed)
    letters = ["of", "the", "and", "to", "fleet", "grain", "river", "town", "men", "was", "a", "by"]
    lines = [" ".join(chance.choices(letters, k=11))[:52] for _ in range(40)]
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A5, invariant=True)
    canvas.setFont("Courier", 10)
    for number, line in enumerate(lines):
        canvas.drawString(40, 560 - 13 * number, line)
    canvas.save()
    assert read(tmp_path / "a.pdf").text.split() == " ".join(lines).split()


@pytest.mark.parametrize(
    "columns",
    [
        (
            ("Sing of the fort upon the hill,", "The drums are silent on the wall,"),
            ("Of all the men who held it still,", "The banner is a ragged shawl,"),
            ("Of winter bread and bitter wine,", "And yet the captain of the guard,"),
            ("And letters that were never thine.", "Still walks at night about the yard,"),
            ("They kept the gate, they kept the wall,", "And asks of every man he meets,"),
            ("Until the trumpet came to call.", "What news there is about the streets."),
        ),
        (
            ("Der Herzog hatte drei Söhne, und", "Im Norden kam der Winter früh, und"),
            ("der jüngste wurde in die Abtei", "die Mühlen standen still. Ein"),
            ("Sarn geschickt, wo er Lesen und", "Müller des Tales verkaufte sein"),
            ("Schreiben lernte und Rechnungen", "Korn an die Garnison und wurde"),
            ("führte, bis der Krieg ihn rief.", "im Frühling dafür gehängt, wie"),
            ("Nach Jahren kam er heim und fand", "es die Chronik der Stadt erzählt."),
        ),
        tuple((left.upper(), right.upper()) for left, right in COLUMNS),
    ],
    ids=["verse", "German", "capitals"],
)
def test_columns_of_other_texts_are_read_one_after_the_other(tmp_path, columns):
    path = draw(
        tmp_path / "a.pdf",
        [
            (place, 500 - 14 * number, 9, line)
            for number, row in enumerate(columns)
            for place, line in zip((30, 230), row, strict=True)
        ],
    )
    left, right = zip(*columns, strict=True)
    text = " ".join(read(path).text.split())
    assert " ".join(left) in text
    assert " ".join(right) in text


@pytest.mark.parametrize(
    ("numbers", "left"), [(range(1, 10), 20), (range(14, 23), 20), (range(1, 10), 380)]
)
def test_numbers_of_lines_are_no_part_of_them(tmp_path, numbers, left):
    lines = [PROSE[n % len(PROSE)] for n in range(9)]
    path = draw(
        tmp_path / "a.pdf",
        [
            piece
            for row, (number, line) in enumerate(zip(numbers, lines, strict=True))
            for piece in ((left, 500 - 20 * row, 9, str(number)), (50, 500 - 20 * row, 9, line))
        ],
    )
    assert read(path).text == "\n".join(lines)


def test_every_fifth_line_may_be_numbered(tmp_path):
    lines = [PROSE[n % len(PROSE)] for n in range(15)]
    rows = [(50, 500 - 20 * row, 9, line) for row, line in enumerate(lines)]
    marks = [(400, 500 - 20 * row, 9, str(row + 1)) for row in (4, 9, 14)]
    assert read(draw(tmp_path / "a.pdf", rows + marks)).text == "\n".join(lines)


def test_figures_before_a_line_that_do_not_count_are_read(tmp_path):
    rows = [
        (30, 500 - 20 * n, 9, str(figure)) for n, figure in enumerate((9, 12, 7, 30, 2, 8, 9, 4))
    ]
    words = [(60, 500 - 20 * n, 9, f"men of company {n}") for n in range(8)]
    assert "30 men of company 3" in read(draw(tmp_path / "a.pdf", rows + words)).text


@pytest.mark.parametrize("apart", [(0.3, 0.0), (0.5, 0.5), (0.0, 0.0)])
@pytest.mark.parametrize("by_word", [True, False])
def test_letters_drawn_twice_for_bold_are_read_once(tmp_path, apart, by_word):
    words = "All 1800 men of the hill fort"
    pieces = []
    left = 40.0
    for part in [f"{word} " for word in words.split()] if by_word else list(words):
        pieces += [(left + n * apart[0], 500 + n * apart[1], 12, part) for n in range(2)]
        left += Canvas("x").stringWidth(part, "Times-Roman", 12)
    assert read(draw(tmp_path / "a.pdf", pieces)).text == words


def test_what_lies_outside_the_crop_is_not_read(tmp_path):
    path = draw(tmp_path / "a.pdf", [(40, 500, 10, "Left page."), (240, 500, 10, "Right page.")])
    writer = PdfWriter(clone_from=path)
    writer.pages[0].cropbox = RectangleObject((0, 0, 210, 595))
    writer.write(path)
    assert read(path).text == "Left page."


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_text_that_runs_another_way_is_read_in_order(tmp_path, turn):
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.translate(200, 300)
    canvas.rotate(turn)
    canvas.setFont("Times-Roman", 9)
    for number, line in enumerate(PROSE):
        canvas.drawString(-150, 40 - 20 * number, line)
    canvas.save()
    assert read(path).text == "\n".join(PROSE)


LOSSES = ("Killed at Fort Harriet: 300 men", "Wounded at Fort Harriet: 140 men")


def with_turned(
    path: Path,
    *pages: tuple[Sequence[str], Sequence[str]],
    turn: float = 90,
    scan: bool = False,
) -> Path:
    """Write a PDF: for each page the lines of its text, and those that stand turned beside it.
    `scan`: over a picture that covers the page."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for text, beside in pages:
        if scan:
            canvas.drawImage(ImageReader(Image.new("L", (9, 9), 240)), 0, 0, *A5)
        canvas.setFont("Times-Roman", 11)
        for number, line in enumerate(text):
            canvas.drawString(40, 540 - 14 * number, line)
        canvas.saveState()
        canvas.translate(380, 300)
        canvas.rotate(turn)
        canvas.setFont("Times-Roman", 8)
        for number, line in enumerate(beside):
            canvas.drawString(0, -10 * number, line)
        canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return path


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize(("most", "least"), [(PROSE, LOSSES), (LOSSES, PROSE)])
def test_what_stands_turned_on_a_page_is_read_behind_its_text(tmp_path, turn, most, least):
    document = read(with_turned(tmp_path / "a.pdf", (most, least), turn=turn))
    # The text of a page is that of which it has more.
    assert document.text == "\n".join(PROSE) + "\n\n" + "\n".join(LOSSES)
    assert document.notes == ()


def test_what_stands_turned_cuts_no_sentence_that_goes_on_over_the_page(tmp_path):
    first = ["The duke had no heir.", "The governor wrote that he would"]
    path = with_turned(tmp_path / "a.pdf", (first, LOSSES), (["never surrender the fort."], []))
    text = read(path).text
    assert "he would\n\f\nnever surrender" in text
    assert "\n".join(LOSSES) in text


def test_a_stamp_that_comes_again_beside_the_text_is_left_out_and_told(tmp_path):
    pages = [
        ([*PROSE, f"The town of {town} fell."], [f"Lent by the Library, sheet {number}", *more])
        for number, (town, more) in enumerate(
            [("Ulm", []), ("Sarn", ["A truce was made."]), ("Pera", []), ("Arle", [])], start=11
        )
    ]
    document = read(with_turned(tmp_path / "a.pdf", *pages))
    assert "Library" not in document.text
    assert "The town of Sarn fell.\n\nA truce was made." in document.text
    (note,) = document.notes
    assert note.startswith(
        "96 letters that stand at an angle to the text, on 4 of the pages, are left out"
    )


@pytest.mark.parametrize(("turn", "scan"), [(55, False), (90, True)])
def test_a_watermark_or_what_ocr_sees_in_the_margin_of_a_scan_is_no_text(tmp_path, turn, scan):
    path = with_turned(tmp_path / "a.pdf", (PROSE, ["mee ne wcts"]), turn=turn, scan=scan)
    document = next(iter(read_pdf(path, MINE, Ocr("off"))))
    assert document.text == "\n".join(PROSE)
    assert any(note.startswith("9 letters that stand at an angle") for note in document.notes)


@pytest.mark.parametrize("slope", [-0.05, 0.02, 0.05])
def test_the_lines_of_a_scan_that_lies_askew_are_not_mixed(tmp_path, slope):
    pieces = []
    for row, line in enumerate(PROSE * 2):
        left = 30.0
        for word in line.split():  # as OCR programs place them
            pieces.append((left, 500 - 11 * row + slope * left, 9, word))
            left += Canvas("x").stringWidth(f"{word} ", "Times-Roman", 9)
    assert read(draw(tmp_path / "a.pdf", pieces)).text == "\n".join(PROSE * 2)


@pytest.mark.parametrize(
    ("before", "raised", "after", "wanted"),
    [
        ("lost 300", "12", " men", "lost 300 men"),
        ("in 1646", "14", ", and", "in 1646, and"),
        ("the prisoners", "15", " were", "the prisoners were"),
        ("the town,", "3,4", " but", "the town, but"),
        ("the troops", "*", " came", "the troops came"),
        ("on the 1", "st", " of May", "on the 1st of May"),
        ("some 5 km", "2", " of land", "some 5 km² of land"),
        ("W", "m", " Penn", "Wm Penn"),
    ],
)
def test_a_raised_number_is_no_part_of_the_word(tmp_path, before, raised, after, wanted):
    width = Canvas("x").stringWidth
    second = 40 + width(before, "Times-Roman", 11)
    third = second + width(raised, "Times-Roman", 7)
    base = 540 - 14 * len(PROSE)
    line = [(40, base, 11, before), (second, base + 4, 7, raised), (third, base, 11, after)]
    assert read(draw(tmp_path / "a.pdf", [*prose(), *line])).text.splitlines()[-1] == wanted


@pytest.mark.parametrize(
    "note",
    [
        [(40, 60, 8, "1 Orloff to Nicholas, in the archive at Moscow"), (40, 50, 8, "and Kiev.")],
        [(40, 63, 5, "1"), (44, 60, 8, "Orloff to Nicholas."), (40, 50, 8, "2 See above.")],
        [(40, 60, 8, "* Orloff to Nicholas.")],
        [(40, 60, 8, "[1] Orloff to Nicholas."), (200, 30, 11, "12")],
    ],
)
def test_a_footnote_is_no_part_of_a_sentence_over_the_page_end(tmp_path, note):
    last = "and the Tsar was told that General Orloff had never, as they said,"
    path = draw(
        tmp_path / "a.pdf",
        [*prose(last), *note],
        [(40, 540, 11, "ordered the burning of Vilkov."), *prose(top=520)],
    )
    document = read(path)
    assert f"{last}{PAGE_BREAK}ordered the burning" in document.text.replace("\n\n12\n", "\n")
    assert "Orloff to Nicholas" not in body(document)
    assert "Orloff to Nicholas" in document.text


def test_a_footnote_goes_on_in_the_next_column(tmp_path):
    pieces = [
        (place, 520 - 13 * row, 9.5, words)
        for row, both in enumerate(COLUMNS * 4)
        for place, words in zip((30, 160), both, strict=True)
    ]
    notes = [(30, 180, 7, "1 So he told the Duke, and"), (30, 172, 7, "he would have kept his")]
    notes += [(160, 180, 7, "word, had the river been"), (160, 172, 7, "lower than it was.")]
    document = read(draw(tmp_path / "a.pdf", [*pieces, *notes]))
    assert "so he told" not in body(document).lower()
    assert "had the river been" not in body(document)
    assert "word, had the river been\nlower than it was." in document.text


def test_small_type_within_the_text_is_no_note(tmp_path):
    quoted = [(50, 400 - 10 * n, 9, f"{line} quoted") for n, line in enumerate(PROSE)]
    document = read(draw(tmp_path / "a.pdf", [*prose(), *quoted, *prose(top=300)]))
    assert document.excluded == ()


@pytest.mark.parametrize("by_state", ["off", "base"])
def test_a_layer_that_is_switched_off_is_not_read(tmp_path, by_state):
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject
    from pypdf.generic import TextStringObject as Text

    path = draw(tmp_path / "a.pdf", [(40, 500, 11, "Seen by all.")])
    writer = PdfWriter(clone_from=path)
    name = NameObject
    layer = writer._add_object(
        DictionaryObject({name("/Type"): name("/OCG"), name("/Name"): Text("Draft")})
    )
    usual = (
        {name("/OFF"): ArrayObject([layer])}
        if by_state == "off"
        else {name("/BaseState"): name("/OFF"), name("/ON"): ArrayObject()}
    )
    writer.root_object[name("/OCProperties")] = DictionaryObject(
        {name("/OCGs"): ArrayObject([layer]), name("/D"): DictionaryObject(usual)}
    )
    page = writer.pages[0]
    page["/Resources"][name("/Properties")] = DictionaryObject({name("/MC0"): layer})
    more = DecodedStreamObject()
    more.set_data(
        page.get_contents().get_data()
        + b"\n/OC /MC0 BDC BT /F2 11 Tf 40 450 Td (Hidden draft.) Tj ET EMC"
    )
    page[name("/Contents")] = writer._add_object(more)
    writer.write(path)
    assert read(path).text == "Seen by all."


@pytest.mark.parametrize("how", ["expression", "on screen"])
def test_what_only_a_rule_hides_is_not_read_in_a_form_within_a_form(tmp_path, how):
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject
    from pypdf.generic import TextStringObject as Text

    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.drawString(40, 500, "Seen by all.")
    canvas.beginForm("inner")
    canvas.drawString(40, 450, "Hidden draft.")
    canvas.endForm()
    canvas.beginForm("outer")
    canvas.doForm("inner")
    canvas.drawString(40, 400, "Seen by most.")
    canvas.endForm()
    canvas.doForm("outer")
    canvas.save()
    writer = PdfWriter(clone_from=path)
    name = NameObject
    off = DictionaryObject({name("/ViewState"): name("/OFF")})
    usage = DictionaryObject({name("/View"): off})
    layer = writer._add_object(
        DictionaryObject(
            {name("/Type"): name("/OCG"), name("/Name"): Text("Draft"), name("/Usage"): usage}
        )
    )
    shown: object = layer
    usual = DictionaryObject()
    if how == "expression":
        rule = ArrayObject([name("/Not"), ArrayObject([name("/Or"), layer])])
        shown = writer._add_object(
            DictionaryObject({name("/Type"): name("/OCMD"), name("/VE"): rule})
        )
    else:
        told = {
            name("/Event"): name("/View"),
            name("/OCGs"): ArrayObject([layer]),
            name("/Category"): ArrayObject([name("/View")]),
        }
        usual[name("/AS")] = ArrayObject([DictionaryObject(told)])
    writer.root_object[name("/OCProperties")] = DictionaryObject(
        {name("/OCGs"): ArrayObject([layer]), name("/D"): usual}
    )
    outer = writer.pages[0]["/Resources"]["/XObject"]["/FormXob.outer"]
    outer["/Resources"]["/XObject"]["/FormXob.inner"][name("/OC")] = shown
    writer.write(path)
    assert read(path).text.split() == "Seen by all. Seen by most.".split()


@pytest.mark.parametrize(("font", "size", "down"), [("Helvetica", 10.4, 0), ("Courier", 9, 1.5)])
def test_a_second_layer_of_words_that_is_not_drawn_says_nothing_twice(tmp_path, font, size, down):
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for drawn in (True, False):
        lines = canvas.beginText(40, 500 - (0 if drawn else down))
        lines.setFont("Times-Roman" if drawn else font, 11 if drawn else size)
        lines.setTextRenderMode(0 if drawn else 3)
        lines.setLeading(14)
        for line in PROSE:
            lines.textLine(line if drawn else line[: int(len(line) * 0.75)])
        canvas.drawText(lines)
    canvas.save()
    assert read(path).text.split() == " ".join(PROSE).split()


def test_words_without_ink_on_a_page_without_a_picture_are_not_seen(tmp_path):
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.drawString(40, 500, "Seen by all.")
    lines = canvas.beginText(40, 300)
    lines.setTextRenderMode(3)
    lines.textLine("Seen by nobody.")
    canvas.drawText(lines)
    canvas.save()
    assert read(path).text == "Seen by all."


VIEWERS = (
    "To view the full contents of this document, you need a later version of the PDF viewer.",
    "The document you are trying to load requires Adobe Reader 8 or higher.",
    "Please wait...",
    "Veuillez patienter...",
)


@pytest.mark.parametrize("words", VIEWERS)
def test_what_a_form_says_instead_of_its_contents_is_left_out(tmp_path, words):
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject
    from pypdf.generic import TextStringObject as Text

    path = draw(tmp_path / "a.pdf", [(40, 500, 11, words)])
    writer = PdfWriter(clone_from=path)
    form = DecodedStreamObject()
    form.set_data(
        b'<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><Report>'
        b"<What>The landing had failed.</What></Report></xfa:data></xfa:datasets>"
    )
    parts = ArrayObject([Text("datasets"), writer._add_object(form)])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/XFA"): parts})
    writer.write(path)
    assert read(path).text == "What: The landing had failed."


def test_boxes_that_are_ticked_are_read(tmp_path):
    path = tmp_path / "form.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.drawString(40, 500, "STATEMENT OF WITNESS")
    canvas.acroForm.checkbox(name="Took the oath", checked=True, x=40, y=400)
    canvas.acroForm.checkbox(name="Was on duty", checked=False, x=40, y=380)
    canvas.acroForm.checkbox(name="Check Box 3", checked=True, x=40, y=360)
    for company in ("First", "Third"):
        chosen = company == "Third"
        place = {"x": 40, "y": 300 + 20 * chosen}
        canvas.acroForm.radio(name="Company", value=company, selected=chosen, **place)
    canvas.save()
    assert read(path).text == "STATEMENT OF WITNESS\n\nTook the oath: Yes\nCompany: Third"


def test_attached_files_are_documents(tmp_path):
    path = draw(tmp_path / "covers.pdf", [(40, 500, 11, "The covering letter.")])
    writer = PdfWriter(clone_from=path)
    writer.add_attachment("memo 1.txt", b"The landing had failed.")
    writer.add_attachment("picture.xyz", b"...")
    writer.write(path)
    first, memo, skipped = read_file(path, MINE)
    assert isinstance(first, SourceDocument)
    assert isinstance(memo, SourceDocument)
    assert isinstance(skipped, SkippedFile)
    assert (first.document_id, memo.document_id) == ("mine/covers", "mine/covers/memo-1")
    assert memo.text == "The landing had failed."
    assert cited(memo) == "memo 1 (file memo 1.txt, attached to covers.pdf)"
    assert memo.origin.endswith("covers.pdf/memo 1.txt")
    assert "picture.xyz" in skipped.path


def test_filled_fields_are_read(tmp_path):
    path = tmp_path / "form.pdf"
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.drawString(40, 500, "STATEMENT OF WITNESS")
    canvas.acroForm.textfield(name="Witness", value="Amos Dell", x=40, y=400)
    canvas.acroForm.textfield(name="Text1", value="He fired first.", x=40, y=300)
    canvas.acroForm.textfield(name="Empty", value="", x=40, y=200)
    canvas.save()
    text = read(path).text
    assert text == "STATEMENT OF WITNESS\n\nWitness: Amos Dell\nHe fired first."


SHIPS = ("Ostrava", "Halcyon", "Margarethe", "Two Sisters", "Saint Anne", "Resolute", "Falke")


def sailings(page: int) -> list[str]:
    """Return the rows of a table that is set on its side."""
    rows = (f"{(9 * n + 5 * page) % 28 + 1} May 1848" for n in range(24))
    ships = (SHIPS[(3 * n + page) % len(SHIPS)] for n in range(24))
    return [f"{day} The ship {ship} for Pera" for day, ship in zip(rows, ships, strict=True)]


def numbered(path: Path, kinds: Sequence[str], *, turn: float = 90, scan: bool = False) -> Path:
    """Write a PDF of pages with a running head and a number each: "prose", or a "table" turned
    below an upright head, some with the number at the "foot"; a "picture" has a caption only."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    for number, kind in enumerate(kinds, start=143):
        if scan:
            canvas.drawImage(ImageReader(Image.new("L", (9, 9), 240)), 0, 0, *A5)
        canvas.setFont("Times-Roman", 9)
        head = "THE SIEGE OF SARN" if "foot" in kind else f"THE SIEGE OF SARN    {number}"
        canvas.drawString(120, 570, head)
        if "foot" in kind:
            canvas.drawString(200, 20, str(number))
        if "prose" in kind:
            for row, line in enumerate([*PROSE, f"The {SHIPS[number % 7]} was quiet, and the"]):
                canvas.drawString(40, 540 - 14 * row, line)
        else:
            lines = (
                sailings(number) if "table" in kind else [f"{SHIPS[number % 7]} under full sail"]
            )
            canvas.saveState()
            canvas.translate(210, 295)
            canvas.rotate(turn)
            for row, line in enumerate(lines):
                canvas.drawString(-220, 150 - 12 * row, line)
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return path


@pytest.mark.parametrize("turn", [90, 270])
@pytest.mark.parametrize("foot", ["", " foot"])
@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize(
    "kinds",
    [("prose", "prose", "table", "prose"), ("table", "table", "table"), ("prose", "picture") * 2],
)
def test_the_head_and_number_of_a_page_with_a_turned_table_are_found_and_not_quoted(
    tmp_path, turn, foot, scan, kinds
):
    path = numbered(tmp_path / "a.pdf", [kind + foot for kind in kinds], turn=turn, scan=scan)
    document = next(iter(read_pdf(path, MINE, Ocr("off"))))
    labels = [place.label for place in document.locators]
    assert labels[: len(kinds)] == [f"p. {n}" for n in range(143, 143 + len(kinds))]
    quoted = document.text
    for span in reversed(document.excluded):
        quoted = quoted[: span.start] + quoted[span.end :]
    assert "THE SIEGE OF SARN" not in quoted
    for number, kind in enumerate(kinds, start=143):
        assert kind != "table" or "\n".join(sailings(number)) in quoted
        assert str(number) not in quoted


def test_what_stands_turned_above_a_text_and_is_no_head_stays_text(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A5, invariant=True)
    for number, town in enumerate(("Ulm", "Pera", "Arle")):
        canvas.setFont("Times-Roman", 9)
        canvas.drawString(60, 570, f"The tables for {town}, which the clerk drew up")
        canvas.translate(210, 295)
        canvas.rotate(90)
        for row, line in enumerate(sailings(number)):
            canvas.drawString(-220, 150 - 12 * row, line)
        canvas.showPage()
    canvas.save()
    document = read(tmp_path / "a.pdf")
    assert document.text.count("which the clerk drew up") == 3
    assert document.excluded == ()


def test_specks_that_ocr_takes_for_signs_are_no_text(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A5, invariant=True)
    canvas.drawImage(ImageReader(Image.new("L", (9, 9), 240)), 0, 0, *A5)
    text = canvas.beginText()
    text.setTextRenderMode(3)  # invisible, as OCR programs put it over the picture
    text.setFont("Times-Roman", 11)
    specks = {0: (5, "("), 1: (4, ":"), 2: (400, "~ |"), 3: (9, "•"), 4: (390, "' ,")}
    for number, line in enumerate(PROSE):
        for left, words in ((40, line), specks.get(number, (0, ""))):
            text.setTextOrigin(left, 540 - 14 * number)
            text.textOut(words)
    for number, line in enumerate(["- 300 men : no horses", "* * *", "R & D (in all) 12 %"]):
        text.setTextOrigin(40, 440 - 14 * number)
        text.textOut(line)
    canvas.drawText(text)
    canvas.save()
    words = read(tmp_path / "a.pdf").text
    assert words.split("\n\n")[0] == "\n".join(PROSE)
    assert words.split("\n\n")[1] == "- 300 men : no horses\n* * *\nR & D (in all) 12 %"
