"""Shapes in which archives hand out what is hard to read: other kinds of file, layouts and dates.

Each test makes its own input, and looks at what a reader quotes, where, of whom and when.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_BREAK
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    RectangleObject,
    TextStringObject,
)
from reads import fill, gather
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import SourceDocument
from rag.language import fold, sentences

ASSEMBLY = (
    "The Assembly of Carrick met on the third of May and heard the report of the committee upon "
    "the roads. The clerk read the petition of the millers, who asked that the toll be lowered. It "
    "was resolved that the toll should stand until the harvest was in. "
)
MARCH = (
    "General Okun marched from Tarrow with four thousand men and two guns. At the river he found "
    "the bridge broken and the ford too deep for horses. He sent the cavalry up the valley to the "
    "mill and waited for the boats of the town. "
)
LETTER = (
    "A letter from the consul at Smyrna reports that the fever has left the town. Trade is "
    "returning slowly, and figs are dear. The frigate Harriet is expected with the mails before "
    "the end of the month. "
)
TEXTS = (ASSEMBLY, MARCH, LETTER, MARCH + ASSEMBLY, LETTER + MARCH, ASSEMBLY + LETTER)


def only(*sources: str | Path) -> SourceDocument:
    (document,), skipped = gather(*sources)
    assert not skipped
    return document


def quoted(document: SourceDocument) -> str:
    """Return what of a document is evidence, as it is read, on one line."""
    return " ".join(fold(document.text, None, document.excluded).text.split())


def cited(document: SourceDocument, words: str) -> str:
    """Return where the sentence with these words is cited."""
    folded = fold(document.text, None, document.excluded)
    (span,) = (s for s in sentences(folded.text) if words in " ".join(s.of(folded.text).split()))
    return document.locate(folded.source(span))


def wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


Drawing = Callable[[Canvas], None]


def draw(path: Path, pages: Sequence[Drawing], size: tuple[float, float] = A5) -> Path:
    canvas = Canvas(str(path), pagesize=size, invariant=True)
    for page in pages:
        canvas.setFont("Times-Roman", 11)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return path


def page_of(text: str, *lines: tuple[float, float, str]) -> Drawing:
    """Return a page of prose with lines at places of their own: (x, y, words)."""

    def put(canvas: Canvas) -> None:
        for number, line in enumerate(wrapped(text, 56)):
            canvas.drawString(60, 530 - 14 * number, line)
        for x, y, words in lines:
            canvas.drawString(x, y, words)

    return put


def changed(path: Path, change: Callable[[PdfWriter], None]) -> Path:
    writer = PdfWriter()
    writer.append(PdfReader(path))
    change(writer)
    writer.write(path)
    return path


# What a reader does not see


def covered(canvas: Canvas) -> None:
    canvas.drawString(40, 500, "The board dismissed the master.")
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(30, 490, 300, 25, stroke=0, fill=1)


def white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(40, 500, "The board dismissed the master.")
    canvas.setFillColorRGB(0, 0, 0)


def clipped(canvas: Canvas) -> None:
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(0, 0, 30, 600)
    canvas.clipPath(path, stroke=0)
    canvas.drawString(40, 500, "The board dismissed the master.")
    canvas.restoreState()


@pytest.mark.parametrize("hide", [covered, white, clipped])
def test_words_that_cannot_be_seen_on_a_page_of_a_pdf_are_not_read(tmp_path, hide):
    def page(canvas: Canvas) -> None:
        hide(canvas)
        canvas.setFillColorRGB(0, 0, 0)
        canvas.drawString(40, 450, "The board kept the master.")

    document = only(draw(tmp_path / "a.pdf", [page]))
    assert document.text == "The board kept the master."


def test_a_crop_that_all_pages_inherit_counts(tmp_path):
    def page(canvas: Canvas) -> None:
        canvas.drawString(40, 500, "The commodore was acquitted.")
        canvas.drawString(600, 500, "Two ships were lost.")

    def crop(writer: PdfWriter) -> None:
        box = ArrayObject(map(FloatObject, (0, 0, 500, 600)))
        writer.root_object["/Pages"][NameObject("/CropBox")] = box  # type: ignore[index]

    path = changed(draw(tmp_path / "a.pdf", [page], (1000, 600)), crop)
    assert only(path).text == "The commodore was acquitted."


def test_a_page_that_is_cropped_and_turned_keeps_its_words(tmp_path):
    def turn(writer: PdfWriter) -> None:
        writer.pages[0].cropbox = RectangleObject((0, 0, 400, 600))
        writer.pages[0][NameObject("/Rotate")] = NumberObject(90)

    path = changed(draw(tmp_path / "a.pdf", [page_of("The duke came home.")]), turn)
    assert only(path).text == "The duke came home."


def test_what_a_style_sheet_hides_or_raises_on_a_page_of_the_web(tmp_path):
    page = """<html><head><style>.gone, #draft {display:none} span.fr {vertical-align: super}
    </style></head><body><p>The rebels lost 300<span class="fr">12</span> men.</p><p class="gone">
    They lost none.</p><div id="draft">They won.</div>
    <p style="left:-9999px">They fled.</p></body>"""
    assert only(fill(tmp_path, {"a.html": page}) / "a.html").text == "The rebels lost 300 men."


def test_what_a_style_of_word_hides_or_raises(tmp_path):
    word = Document()
    word.styles.add_style("Ghost", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    word.styles.add_style("Mark", WD_STYLE_TYPE.CHARACTER).font.superscript = True
    paragraph = word.add_paragraph("The board ")
    paragraph.add_run("did not ", style="Ghost")
    paragraph.add_run("meet in 1646")
    paragraph.add_run("14", style="Mark")
    word.save(tmp_path / "a.docx")
    assert only(tmp_path / "a.docx").text == "The board meet in 1646"


def test_what_a_style_of_words_paragraphs_hides(tmp_path):
    word = Document()
    secret = word.styles.add_style("Secret", WD_STYLE_TYPE.PARAGRAPH)
    secret.font.hidden = True
    word.styles.add_style("Remark", WD_STYLE_TYPE.PARAGRAPH).base_style = secret
    word.add_paragraph("Check this. ", style="Remark").add_run("It met.").font.hidden = False
    word.add_paragraph("It is false.", style="Secret")
    word.save(tmp_path / "a.docx")
    assert only(tmp_path / "a.docx").text == "It met."


OPEN_DOCUMENT = """<office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><office:automatic-styles>
 <style:style style:name="T1"><style:text-properties text:display="none"/></style:style>
 </office:automatic-styles><office:body><office:text>
 <text:p>The board <text:span text:style-name="T1">did not </text:span>meet.</text:p>
 <text:section text:display="none"><text:p>It never met.</text:p></text:section>
 </office:text></office:body></office:document-content>"""


def test_what_an_opendocument_hides(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as file:
        file.writestr("content.xml", OPEN_DOCUMENT)
    assert only(tmp_path / "a.odt").text == "The board meet."


def test_raised_numbers_of_rtf_without_braces(tmp_path):
    text = r"{\rtf1\ansi They lost 300\super 12\nosupersub  men in 1646{\up6\fs14 13}.\par}"
    document = only(fill(tmp_path, {"a.rtf": text}) / "a.rtf")
    assert quoted(document) == "They lost 300 men in 1646."


IN_LINE = ["The line of 3", "/2 miles, in 5", " km", ", cost 10", " men"]
RAISED = ["1", "", "2", "6", "7"]


def written(in_line: str, raised: str) -> str:
    """Return the runs of a sentence in a markup: each set in the line, with a raised one behind."""
    return "".join(
        in_line.format(said) + (raised.format(above) if above else "")
        for said, above in zip(IN_LINE, RAISED, strict=True)
    )


def in_word(folder: Path) -> Path:
    word = Document()
    paragraph = word.add_paragraph()
    for said, above in zip(IN_LINE, RAISED, strict=True):
        paragraph.add_run(said)
        paragraph.add_run(above).font.superscript = True
    word.save(folder / "a.docx")
    return folder / "a.docx"


def in_opendocument(folder: Path) -> Path:
    runs = written("<text:span>{}</text:span>", '<text:span text:style-name="T1">{}</text:span>')
    shown = OPEN_DOCUMENT.replace('text:display="none"', 'style:text-position="super 58%"', 1)
    with zipfile.ZipFile(folder / "a.odt", "w") as file:
        file.writestr(
            "content.xml",
            re.sub("(?s)<text:p>.*</text:section>", f"<text:p>{runs}</text:p>", shown),
        )
    return folder / "a.odt"


def in_rtf(folder: Path) -> Path:
    runs = written("{{{}}}", r"{{\super {}}}")
    return fill(folder, {"a.rtf": rf"{{\rtf1 {runs}}}"}) / "a.rtf"


def in_html(folder: Path) -> Path:
    return fill(folder, {"a.html": written("<i>{}</i>", "<sup>{}</sup>")}) / "a.html"


def in_tei(folder: Path) -> Path:
    runs = written("<hi>{}</hi>", "<hi rend='sup'>{}</hi>")
    return tei(folder, f"<p>{runs}</p>")


@pytest.mark.parametrize("write", [in_word, in_opendocument, in_rtf, in_html, in_tei])
def test_raised_figures_that_belong_to_a_number_are_kept_and_those_of_notes_are_not(
    tmp_path, write
):
    assert only(write(tmp_path)).text == "The line of 3 1/2 miles, in 5 km², cost 10⁶ men"


# Columns


def alto(lines: Sequence[tuple[int, int, str]]) -> str:
    """Return an ALTO file with these lines in one block, in their order: (x, y, words)."""
    set_lines = "".join(
        f'<TextLine HPOS="{x}" VPOS="{y}" WIDTH="{11 * len(words)}" HEIGHT="20">'
        + "".join(f'<String CONTENT="{word}"/>' for word in words.split())
        + "</TextLine>"
        for x, y, words in lines
    )
    return (
        '<alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout><Page><PrintSpace>'
        f"<TextBlock>{set_lines}</TextBlock></PrintSpace></Page></Layout></alto>"
    )


def test_columns_that_ocr_wrote_row_by_row_are_read_one_after_the_other(tmp_path):
    left, right = wrapped(ASSEMBLY * 2, 44), wrapped(LETTER * 2, 44)
    rows = zip(left, right, strict=False)
    lines = [line for n, (a, b) in enumerate(rows) for line in ((100, 30 * n, a), (700, 30 * n, b))]
    document = only(fill(tmp_path, {"a.xml": alto(lines)}) / "a.xml")
    assert "heard the report of the committee upon the roads." in quoted(document)
    assert "reports that the fever has left the town." in quoted(document)


def test_columns_side_by_side_in_a_plain_text_are_not_quoted_and_that_is_said(tmp_path):
    left, right = wrapped(ASSEMBLY + MARCH, 44), wrapped(LETTER + ASSEMBLY, 44)
    rows = [f"{a:<48}{b}" for a, b in zip(left, right, strict=False)]
    text = "The duke came home.\n\n" + "\n".join(rows) + "\n"
    document = only(fill(tmp_path, {"a.txt": text}) / "a.txt")
    assert quoted(document) == "The duke came home."
    assert "stand side by side" in document.notes[0]


def test_a_table_in_a_plain_text_is_read(tmp_path):
    rows = [f"{town:<20}{n:>6}   taken by storm" for n, town in enumerate(["Zell", "Tarrow"] * 5)]
    document = only(fill(tmp_path, {"a.txt": "\n".join(rows)}) / "a.txt")
    assert not document.excluded
    assert not document.notes


# Notes


def test_footnotes_at_the_foot_of_a_page_of_plain_text(tmp_path):
    pages = [
        "THE LEAGUE   12\n\nIt was agreed that France would not*\n\n* The copy has: would.\n",
        "THE LEAGUE   13\n\nsend troops to Holland in 1590.1 " + MARCH + "\n\n1 See Carte.\n",
        "THE LEAGUE   14\n\n" + LETTER,
    ]
    document = only(fill(tmp_path, {"a.txt": "\f".join(pages)}) / "a.txt")
    assert "that France would not send troops to Holland in 1590. General" in quoted(document)
    assert "Carte" not in quoted(document)
    assert cited(document, "send troops") == "pp. 12–13"


def test_a_note_between_the_paragraphs_of_a_plain_text(tmp_path):
    text = f"The king would not,* he said,\n\n    * The copy has May.\n\ncome to Zell.\n\n{MARCH}"
    document = only(fill(tmp_path, {"a.txt": text}) / "a.txt")
    assert quoted(document).startswith("The king would not, he said, come to Zell.")


def test_a_list_with_stars_is_no_note(tmp_path):
    text = "They brought:\n\n* two guns\n\n* four mules"
    assert not only(fill(tmp_path, {"a.txt": text}) / "a.txt").excluded


def test_notes_of_markdown(tmp_path):
    text = "They lost 300[^1] men and 40^12^ guns.\n\n[^1]: Carte has\n    400.\n\nIt rained."
    document = only(fill(tmp_path, {"a.md": text}) / "a.md")
    assert quoted(document) == "They lost 300 men and 40 guns. It rained."


def test_footnotes_in_the_type_of_the_text(tmp_path):
    pages = [
        page_of(
            MARCH + "It was agreed that France would not", (60, 380, "1. The copy has: would.")
        ),
        page_of("send troops to Holland.* " + LETTER, (60, 380, "* Carte has Zeeland.")),
    ]
    document = only(draw(tmp_path / "a.pdf", pages))
    assert "France would not send troops to Holland. A letter" in quoted(document)
    assert "copy" not in quoted(document)
    assert "Carte" not in quoted(document)


@pytest.mark.parametrize(
    "mark",
    [
        '<ref target="#n7">7</ref>',
        '<hi style="vertical-align:super">7</hi>',
        '<ref type="noteref" target="#n7">7</ref>',
    ],
)
def test_numbers_of_notes_in_tei(tmp_path, mark):
    document = only(tei(tmp_path, f"<body><p>They lost 300{mark} men.</p></body>"))
    assert document.text == "They lost 300 men."


# Pages


@pytest.mark.parametrize(
    ("numbers", "place"),
    [
        (["xi", "xii", "xiii", "xiv", "1", "2"], "p. xii"),
        (["3-12", "3-13", "3-14", "3-15", "3-16", "3-17"], "p. 3-13"),
        (["A-5", "A-6", "A-7", "A-8", "A-9", "A-10"], "p. A-6"),
        (["[203]", "[204]", "[205]", "[206]", "[207]", "[208]"], "p. 204"),
    ],
)
def test_pages_are_called_as_they_are_numbered(tmp_path, numbers, place):
    pages = [page_of(text, (200, 40, n)) for n, text in zip(numbers, TEXTS, strict=True)]
    document = only(draw(tmp_path / "a.pdf", pages))
    assert document.locators[1].label == place
    assert numbers[1] not in quoted(document)


def test_labels_that_only_count_give_way_to_printed_numbers(tmp_path):
    def count(writer: PdfWriter) -> None:
        counted = DictionaryObject({NameObject("/S"): NameObject("/D")})
        numbers = ArrayObject([NumberObject(0), counted])
        labels = DictionaryObject({NameObject("/Nums"): numbers})
        writer.root_object[NameObject("/PageLabels")] = labels

    pages = [page_of(text, (200, 40, str(203 + n))) for n, text in enumerate(TEXTS)]
    path = changed(draw(tmp_path / "a.pdf", pages), count)
    assert only(path).locators[1].label == "p. 204"


def test_catchwords_and_signatures_are_no_part_of_a_sentence(tmp_path):
    pages = [
        page_of(MARCH + "No witness would swear that", (300, 300, "Captain")),
        page_of("Captain Brode burned it. " + LETTER + "It was not", (200, 300, "B 2   proved")),
        page_of("proved that he fled. " + ASSEMBLY),
    ]
    document = only(draw(tmp_path / "a.pdf", pages))
    assert "No witness would swear that Captain Brode burned it." in quoted(document)
    assert "It was not proved that he fled." in quoted(document)


def test_a_plate_between_the_halves_of_a_sentence(tmp_path):
    pages = [
        page_of(MARCH + "No witness would swear that"),
        page_of("PLATE IV. THE FORTRESS OF ZELL"),
        page_of("Captain Brode burned it. " + LETTER),
    ]
    document = only(draw(tmp_path / "a.pdf", pages))
    assert "No witness would swear that Captain Brode burned it." in quoted(document)


def test_a_sentence_goes_on_over_the_page_end_of_a_word_file(tmp_path):
    word = Document()
    word.add_paragraph("No witness would swear that").add_run().add_break(WD_BREAK.PAGE)
    word.add_paragraph("Captain Brode burned it.")
    word.save(tmp_path / "a.docx")
    assert (
        quoted(only(tmp_path / "a.docx")) == "No witness would swear that Captain Brode burned it."
    )


def test_a_sentence_goes_on_over_the_page_end_of_a_web_page(tmp_path):
    page = """<p>No witness would swear that</p><div class="pagenum">[4]</div>
    <p class="running-head">THE TRIAL</p><p>Captain Brode burned it.</p>"""
    document = only(fill(tmp_path, {"a.html": page}) / "a.html")
    assert cited(document, "No witness would swear that Captain Brode") == "paragraph 1, p. 4"


@pytest.mark.parametrize(
    "names",
    [
        ["fol_1r.txt", "fol_1v.txt", "fol_2r.txt"],
        ["00000001.txt", "00000002.txt", "00000003.txt", "title.txt"],
        ["page_1.md", "page_2.md", "page_3.md"],
    ],
)
def test_a_file_a_page_is_one_work(tmp_path, names):
    texts = ["He ordered that no pris-", "oner should be put to death. " + MARCH, LETTER, "Orders."]
    with zipfile.ZipFile(tmp_path / "orders.zip", "w") as file:
        for name, text in zip(names, texts, strict=False):
            file.writestr(name, text)
    documents, _ = gather(tmp_path / "orders.zip")
    assert "no prisoner should be put to death." in quoted(documents[0])


def test_pages_of_alto_are_one_work(tmp_path):
    with zipfile.ZipFile(tmp_path / "orders.zip", "w") as file:
        for number, words in enumerate(["He would not", "come to Zell.", "It rained."], start=1):
            file.writestr(f"0000000{number}.xml", alto([(0, 0, words)]))
    document = only(tmp_path / "orders.zip")
    assert cited(document, "He would not come to Zell.") == "images 1–2"


# Who and when


def tei(folder: Path, text: str, header: str = "") -> Path:
    written = f"""<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt>
    <title>Papers</title></titleStmt></fileDesc>{header}</teiHeader><text>{text}</text></TEI>"""
    return fill(folder, {"a.xml": written}) / "a.xml"


@pytest.mark.parametrize(
    ("dateline", "date"),
    [
        ("<date>March 1950</date>", "1950-03"),
        ("Denham, <hi>October 30, 1894</hi>", "1894-10-30"),
        ('<date when="1950-03-01/1950-03-04">March 1-4</date>', "1950-03-01/1950-03-04"),
        ('<date value="1777-03-02">2 March</date>', "1777-03-02"),
        ("London, the 16th ult.", None),
    ],
)
def test_dates_of_papers_in_tei(tmp_path, dateline, date):
    body = f"""<body><div type="document" xml:id="d1"><opener><dateline>{dateline}</dateline>
    </opener><p>The brig was seized.</p></div></body>"""
    assert only(tei(tmp_path, body)).date == date


@pytest.mark.parametrize("outer", ['type="document" xml:id="d1"', 'type="letter"'])
@pytest.mark.parametrize("inner", ["div", "floatingText"])
def test_an_enclosure_has_its_own_writer_and_date(tmp_path, outer, inner):
    within = "<body>{}</body>" if inner == "floatingText" else "{}"
    paper = """<dateline>Denham, November 2, 1894</dateline><p>The brig was seized.</p>
    <closer><signed>John Hobbs</signed></closer>"""
    body = f"""<body><div {outer}><opener><dateline><date when="1895-07-25"/></dateline></opener>
    <p>I enclose a report.</p><{inner} type="enclosure">{within.format(paper)}</{inner}></div>
    <div {outer.replace("d1", "d2")}><p>The second.</p></div></body>"""
    documents, _ = gather(tei(tmp_path, body))
    letter, enclosure, _ = documents
    assert (letter.date, "seized" in letter.text) == ("1895-07-25", False)
    assert (enclosure.date, enclosure.creator) == ("1894-11-02", "John Hobbs")


def test_all_authors_that_a_header_names(tmp_path):
    path = tei(tmp_path, "<body><p>It fell.</p></body>")
    named = "</title><author>Amos Dell</author><author>Ann Holt</author>"
    path.write_text(path.read_text().replace("</title>", named))
    assert only(path).creator == "Amos Dell and Ann Holt"


def test_who_sent_a_letter_and_when_as_its_header_says(tmp_path):
    header = """<profileDesc><correspDesc>
    <correspAction type="received">
    <persName>The Duke</persName><date when="1778"/></correspAction><correspAction type="sent">
    <persName>J. Maddox</persName><date when="1777-03-02"/></correspAction></correspDesc>
    </profileDesc>"""
    document = only(tei(tmp_path, "<body><p>It rained.</p></body>", header))
    assert (document.creator, document.date) == ("J. Maddox", "1777-03-02")


def test_an_opening_that_a_line_break_does_not_break(tmp_path):
    document = only(tei(tmp_path, '<body><p>They re-<lb break="no"/>fused it.</p></body>'))
    assert quoted(document) == "They refused it."


FRONT = {
    "---\ntitle: Diary: of a clerk\nauthor: Jo Crewe\ndate: 10 September 1813\n---\n": "1813-09-10",
    "\ufeff---\r\ntitle: 'Diary: of a clerk'\r\nby: Jo Crewe\r\ndate: c. 1813\r\n---\r\n": "1813~",
    "Title: Diary: of a clerk\nAuthor: Jo Crewe\nDate: 1812-1813\n\n": "1812/1813",
    "% Diary: of a clerk\n% Jo Crewe\n% September 1813\n\n": "1813-09",
}


@pytest.mark.parametrize(("front", "date"), FRONT.items())
def test_what_a_text_says_of_itself_in_front(tmp_path, front, date):
    document = only(fill(tmp_path, {"a.md": front + "It rained.\n"}) / "a.md")
    assert (document.title, document.creator) == ("Diary: of a clerk", "Jo Crewe")
    assert document.date == date
    assert quoted(document) == "It rained."


def test_a_comment_in_front_is_left_out_and_a_scene_break_is_not(tmp_path):
    commented = only(
        fill(tmp_path, {"a.md": "<!-- second proof -->\n# Diary\n\nIt rained."}) / "a.md"
    )
    broken = only(fill(tmp_path, {"b.md": "---\n\nThe duke said, then: no.\n\n---\n"}) / "b.md")
    assert (commented.title, quoted(commented)) == ("Diary", "# Diary It rained.")
    assert "The duke said" in quoted(broken)


def test_the_day_on_which_a_text_was_put_on_the_web_is_not_its_own(tmp_path):
    front = "---\ntitle: Letter of 1775\nauthor: webmaster\ndate: 2011-07-04\n---\nThey lost men.\n"
    document = only(fill(tmp_path, {"a.md": front}) / "a.md")
    assert (document.date, document.creator) == (None, None)
    assert document.publication.published == "2011-07-04"


STAMPS = [
    "104-10121-10263\n| 2025 RELEASE UNDER THE PRESIDENT JOHN DOE RECORDS ACT OF 1992 -Y",
    "|qo4-10048-10124 2025 RELEASE UNDER THE PRESIDENT JOHN\nDOE RECORDS ACT OF 1992",
    "1i04-10069-10185| _” 2025 RELEASE UNDER THE PRESIDENT JOHN DOE\nRECORDS ACT OF 4992 a",
    "404- 10072- 40227 . 2025 RELEASE UNDER THE JOHN DOE RECORDS ACT OF 1992} 5... - ;",
    "Approved For Release 2003/08/13 : CIA-RDP80B01676R001100150036-5",
    "Declassified in Part - Sanitized Copy Approved for Release 2013/07/22 : CIA-RDP90-00965R-2",
]


@pytest.mark.parametrize("stamp", STAMPS)
def test_the_stamp_of_a_release_on_each_page_is_no_evidence(tmp_path, stamp):
    text = f"{stamp}\n{MARCH}\f{stamp}\nThe release of the crew was refused.\n"
    document = only(fill(tmp_path, {"a.txt": text}) / "a.txt")
    assert quoted(document) == f"{MARCH.strip()} The release of the crew was refused."


def test_a_sentence_on_a_release_is_evidence(tmp_path):
    said = "The 2025 release under the John Doe Records Act of 1992 was late."
    assert quoted(only(fill(tmp_path, {"a.txt": said}) / "a.txt")) == said


def test_lines_that_a_transcriber_repeats_are_no_evidence(tmp_path):
    liked = "ETEXT EDITOR'S BOOKMARKS:\n\nA fool in luck\nThe brig was lost\n"
    document = only(fill(tmp_path, {"a.txt": f"{MARCH}\n\n\n{liked}\n\nHe left.\n"}) / "a.txt")
    assert quoted(document) == f"{MARCH.strip()} He left."


NOTICES = [
    "Digitized by the Internet Archive\nin 2009 with funding from\nUniversity of Toronto",
    "Generated on 2013-05-01 17:08 GMT / http://hdl.handle.net/2027/mdp.39015",
    "The Wayback Machine - https://web.archive.org/web/2003/http://x.org/",
    "Produced by Jo Doe and the Online Distributed\nProofreading Team at http://www.pgdp.net",
    "This page was last edited on 5 June 2014, at 10:00.",
]


@pytest.mark.parametrize("notice", NOTICES)
def test_what_libraries_put_around_a_text_is_no_evidence(tmp_path, notice):
    document = only(fill(tmp_path, {"a.txt": f"{notice}\n\n{MARCH}"}) / "a.txt")
    assert quoted(document) == MARCH.strip()


@pytest.mark.parametrize(
    "banner",
    [
        '<div id="tna-web-archive-banner">Archived on 3 May 2009.</div>',
        '<div id="bN015__google-cache-hdr">This is a cache of 3 May 2009.</div>',
    ],
)
def test_what_archives_of_the_web_put_above_a_page(tmp_path, banner):
    page = f"<html><body>{banner}<p>The brig was lost.</p></body></html>"
    assert only(fill(tmp_path, {"a.html": page}) / "a.html").text == "The brig was lost."


def test_what_is_typed_on_a_page_of_a_pdf_or_attached_to_a_place_on_it(tmp_path):
    def annotate(writer: PdfWriter) -> None:
        box = ArrayObject(map(FloatObject, (40, 400, 300, 430)))
        typed = DictionaryObject(
            {
                NameObject("/Subtype"): NameObject("/FreeText"),
                NameObject("/Rect"): box,
                NameObject("/Contents"): TextStringObject("The landing failed."),
            }
        )
        writer.add_attachment("memo.txt", b"The second landing failed, too.")
        names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]
        pinned = DictionaryObject(
            {
                NameObject("/Subtype"): NameObject("/FileAttachment"),
                NameObject("/Rect"): box,
                NameObject("/FS"): names[1],
            }
        )
        del writer.root_object["/Names"]
        marks = [writer._add_object(mark) for mark in (typed, pinned)]
        writer.pages[0][NameObject("/Annots")] = ArrayObject(marks)

    path = changed(draw(tmp_path / "a.pdf", [page_of("The board met.")]), annotate)
    documents, _ = gather(path)
    assert [quoted(document) for document in documents] == [
        "The board met. The landing failed.",
        "The second landing failed, too.",
    ]


def test_a_field_of_a_form_that_nobody_sees_is_not_read(tmp_path):
    def form(canvas: Canvas) -> None:
        canvas.drawString(40, 500, "The board met.")
        canvas.acroForm.textfield(name="Witness", value="Amos Dell", y=300)
        for flags in ("hidden", "noview"):
            canvas.acroForm.textfield(
                name=f"Clerk ({flags})", value="It is false.", annotationFlags=flags
            )

    text = only(draw(tmp_path / "a.pdf", [form])).text
    assert "Witness: Amos Dell" in text
    assert "false" not in text


def test_words_by_another_hand_are_cited_as_such(tmp_path):
    text = "\n\n\n".join(
        [
            "LETTER FROM WENDELL PHILLIPS, ESQ.", "My dear friend. " + MARCH * 6,
            "CHAPTER III", "I was born. " + LETTER * 6,
            "CHAPTER III. EDUCATION", "She ran. " + MARCH * 6,
        ]
    )  # fmt: skip
    (document, letter), _ = gather(fill(tmp_path, {"a.txt": text}) / "a.txt")
    assert cited(letter, "My dear friend") == "Letter From Wendell Phillips, Esq, paragraph 2"
    assert (letter.creator, document.creator) == ("Wendell Phillips", None)
    assert cited(document, "I was born") == "chapter III, paragraph 2"
    assert cited(document, "She ran") == "chapter III (the 2nd of that name), paragraph 2"


CONTENTS = [
    "CONTENTS\n\nThe Fort 3\nThe Fleet and what became\nof it 18\nThe Peace 40",
    "Origins of the War ........ 3\nThe Fleet Sails . . . . . . 18\nThe Siege ..... 25\n"
    "The Peace ______ 40\nIndex ...... 199",
    "Table of Contents\nPreface ... vii\n1. The Fort ... 1\n2. The Fleet ... 18",
]


@pytest.mark.parametrize("listed", CONTENTS)
def test_a_table_of_contents_is_no_evidence(tmp_path, listed):
    document = only(fill(tmp_path, {"a.txt": f"{listed}\n\n{MARCH}"}) / "a.txt")
    assert quoted(document) == MARCH.strip()


@pytest.mark.parametrize(
    "table",
    [
        "Coal ..... 1,200\nIron ..... 340\nTin ..... 20\nWheat .... 60\nRye .... 70",
        "Killed ...... 12\nWounded ..... 40\nMissing ..... 3\nTaken ....... 7\nAll ....... 62",
        "The Fort 3\nThe Fleet 18\nThe Peace 40\nThe Siege 41\nThe End 42",
    ],
)
def test_a_table_with_dots_or_numbers_stays_evidence(tmp_path, table):
    document = only(fill(tmp_path, {"a.txt": f"{table}\n\n{MARCH}"}) / "a.txt")
    assert quoted(document).startswith(table.replace("\n", " "))
