"""What OCR programs, offices and mail programs write: read in order, cited by page or row."""

from __future__ import annotations

import base64
import struct
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from openpyxl import Workbook
from PIL import Image

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest import ocr as engines
from rag.ingest.ocr import Ocr, OcrLine
from rag.ingest.readers import read_file, reader_for
from tests.outlook import content, numbers, text, write_msg

MINE = Collection("mine", "Mine")
ALTO = """<?xml version="1.0"?><!-- made by a library --><alto
 xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout>
<Page ID="P1" PRINTED_IMG_NR="23"><PrintSpace><TextBlock><TextLine><String CONTENT="The" WC="0.9"/>
<SP/><String CONTENT="Sultan" WC="0.9"/></TextLine><TextLine><String CONTENT="spared" WC="0.5"/>
<String CONTENT="pris" SUBS_TYPE="HypPart1" SUBS_CONTENT="prisoners" WC="0.9"/><HYP CONTENT="-"/>
</TextLine><TextLine><String CONTENT="oners" SUBS_TYPE="HypPart2" SUBS_CONTENT="prisoners"/>
<String CONTENT="then."/></TextLine></TextBlock></PrintSpace></Page>
<Page ID="P2"><PrintSpace><TextBlock><TextLine><String CONTENT="End."/></TextLine></TextBlock>
</PrintSpace></Page></Layout></alto>"""
PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15"><Page>
<ReadingOrder><OrderedGroup><RegionRefIndexed index="1" regionRef="b"/>
<RegionRefIndexed index="0" regionRef="a"/></OrderedGroup></ReadingOrder>
<TextRegion id="b"><TextLine><TextEquiv><Unicode>Second.</Unicode></TextEquiv></TextLine>
</TextRegion>
<TextRegion id="a"><TextLine><Word><TextEquiv><Unicode>wrong</Unicode></TextEquiv></Word>
<TextEquiv index="1"><Unicode>Frist.</Unicode></TextEquiv>
<TextEquiv index="0"><Unicode>First.</Unicode></TextEquiv></TextLine></TextRegion>
<TextRegion id="n" type="page-number"><TextLine><TextEquiv><Unicode>- 7 -</Unicode></TextEquiv>
</TextLine></TextRegion></Page></PcGts>"""
HOCR = """<html><body><div class='ocr_page' title='image p1'><div class='ocr_carea'>
<p class='ocr_par'>
<span class='ocr_line'><span class='ocrx_word' title='x_wconf 90'>They</span>
<span class='ocrx_word' title='x_wconf 80'>re-</span></span>
<span class='ocr_line'><span class='ocrx_word'>fused.</span></span></p></div></div>
<div class='ocr_page'><span class='ocr_line'>Then.</span></div></body></html>"""
EAD = """<ead xmlns="urn:isbn:1-931666-22-9"><eadheader><titleproper>Holt papers</titleproper>
<p>Made in 2001.</p></eadheader><archdesc><did><unittitle>Papers</unittitle></did><dsc><c01><did>
<unitid>MS 4</unitid><unittitle>Letters</unittitle><unitdate>1780</unitdate></did>
<scopecontent><p>On the mill.</p></scopecontent></c01></dsc></archdesc></ead>"""


def read(path: Path, content: str | bytes | None = None) -> SourceDocument:
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,) = reader_for(path)(path, MINE)
    assert document.origin == str(path)
    assert document.document_id == f"mine/{path.stem}"
    return document


def labels(document: SourceDocument) -> list[tuple[str, str]]:
    return [(p.span.of(document.text).strip(), p.label) for p in document.locators]


def test_alto(tmp_path):
    page = read(tmp_path / "a.xml", ALTO)
    assert labels(page) == [("The Sultan\nspared prisoners\nthen.", "p. 23"), ("End.", "image 2")]
    assert page.ocr_confidence == pytest.approx(0.8, abs=0.05)


def test_page_xml(tmp_path):
    assert labels(read(tmp_path / "a.xml", PAGE)) == [("First.\n\nSecond.", "p. 7")]


def test_tables_of_page_xml_are_read_row_by_row(tmp_path):
    def cell(row: int, column: int, said: str) -> str:
        line = f"<TextLine><TextEquiv><Unicode>{said}</Unicode></TextEquiv></TextLine>"
        return f'<TableCell row="{row}" col="{column}">{line}</TableCell>'

    by_column = [cell(0, 0, "4 June"), cell(1, 0, "5 June"), cell(0, 1, "A. Dell, killed")]
    table = f"<TableRegion id='t'>{''.join(by_column)}{cell(1, 1, 'E. Thorne')}</TableRegion>"
    register = read(tmp_path / "a.xml", PAGE.replace("</Page>", f"{table}</Page>"))
    assert register.text.endswith("4 June\tA. Dell, killed\n5 June\tE. Thorne")
    head, foot = PAGE.split("<ReadingOrder>")[0], "</Page></PcGts>"
    assert read(tmp_path / "b.xml", head + table + foot).text.startswith("4 June\tA. Dell")


def test_a_number_in_a_head_or_note_is_the_pages_if_it_counts_on(tmp_path):
    def region(kind: str, number: int, said: str) -> str:
        line = f"<TextLine><TextEquiv><Unicode>{said}</Unicode></TextEquiv></TextLine>"
        return f'<TextRegion id="{kind}{number}" type="{kind}">{line}</TextRegion>'

    def cited(head: str, note: str) -> list[str]:
        pages = "".join(
            "<Page>"
            + region("header", n, head.format(n))
            + region("paragraph", n, f"in June. The fort had {'abc'[n - 44]} and")
            + region("footnote", n, note)
            + "</Page>"
            for n in (44, 45, 46)
        )
        document = read(tmp_path / "a.xml", f"{PAGE.split('<Page>')[0]}{pages}</PcGts>")
        return [label for _, label in labels(document)][:3]

    assert cited("1848. DIARY OF POLK", "1 See Carte.") == ["image 1", "image 2", "image 3"]
    assert cited("1848] DIARY OF POLK {}", "1 See Carte.") == ["p. 44", "p. 45", "p. 46"]


@pytest.mark.parametrize("name", ["a.hocr", "a.html"])
def test_hocr(tmp_path, name):
    page = read(tmp_path / name, HOCR)
    assert labels(page) == [("They refused.", "image 1"), ("Then.", "image 2")]
    assert page.ocr_confidence == pytest.approx(0.86, abs=0.05)


MARGINS = """<alto><Layout><Page><TopMargin><TextBlock><TextLine><String CONTENT="22"/>
<String CONTENT="VARNOW"/></TextLine></TextBlock></TopMargin><PrintSpace><TextBlock><TextLine>
<String CONTENT="He"/><String CONTENT="was"/><String CONTENT="re-"/></TextLine></TextBlock>
<TextBlock><TextLine><String CONTENT="fused."/></TextLine></TextBlock></PrintSpace></Page></Layout>
</alto>"""
REGIONS = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page>
<TextRegion id="h" type="header"><TextEquiv><Unicode>22 VARNOW</Unicode></TextEquiv></TextRegion>
<TextRegion id="a"><TextEquiv><Unicode>He was re¬</Unicode></TextEquiv></TextRegion>
<TextRegion id="b"><TextEquiv><Unicode>fused.</Unicode></TextEquiv></TextRegion></Page></PcGts>"""
PARTS = """<html><body><div class="ocr_page"><div class="ocr_header">22 VARNOW</div>
<p class="ocr_par"><span class="ocr_line">He<sup>3</sup> was re-</span></p><p class="ocr_par">
<span class="ocr_line">fused.</span></p></div></body></html>"""


@pytest.mark.parametrize(
    ("name", "content"), [("a.xml", MARGINS), ("a.xml", REGIONS), ("a.hocr", PARTS)]
)
def test_heads_that_an_ocr_file_tells_apart(tmp_path, name, content):
    document = read(tmp_path / name, content)
    aside = [span.of(document.text).split() for span in document.excluded]
    assert aside == [["22", "VARNOW"]]
    assert document.text.startswith("He was refused.")
    assert document.locators[0].label == "p. 22"


def test_finding_aid(tmp_path):
    aid = read(tmp_path / "a.xml", EAD)
    assert (aid.title, aid.kind) == ("Holt papers", "editorial")
    assert labels(aid) == [
        ("Papers", "unit Papers, paragraph 1"),
        ("Letters, 1780", "unit MS 4, paragraph 1"),
        ("On the mill.", "unit MS 4, paragraph 2"),
    ]


def test_other_xml_is_refused_by_name(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text("<rss><channel/></rss>")
    (skipped,) = read_file(path, MINE)
    assert isinstance(skipped, SkippedFile)
    assert "<rss>" in skipped.reason


RTF = (
    r"{\rtf1\ansi{\fonttbl{\f0 Times;}}{\info{\title Crewe's log}{\author J. Crewe}}\f0 "
    r"The rebels lost 300{\super 12} men in \'93May\'94.{\footnote The Duke's {\i letter}.}\par "
    r"Then they fled.\par}"
)


def test_rich_text(tmp_path):
    log = read(tmp_path / "a.rtf", RTF)
    assert (log.title, log.creator) == ("Crewe's log", "J. Crewe")
    assert log.text.startswith("The rebels lost 300 men in “May”.\n\nThen they fled.")
    assert [span.of(log.text) for span in log.excluded] == ["1. The Duke's letter."]


def odt(path: Path, body: str, styles: str = "") -> Path:
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    root = (
        f'<o:document-content xmlns:o="{names}office:1.0" xmlns:text="{names}text:1.0" '
        f'xmlns:style="{names}style:1.0" xmlns:table="{names}table:1.0" '
        f'xmlns:draw="{names}drawing:1.0" '
        f'xmlns:svg="{names}svg-compatible:1.0" xmlns:number="{names}datastyle:1.0">'
        f"<o:automatic-styles>{styles}"
        '<style:style style:name="T1"><style:text-properties style:text-position="super 58%"/>'
        f"</style:style></o:automatic-styles><o:body><o:text>{body}</o:text></o:body>"
        "</o:document-content>"
    )
    with ZipFile(path, "w") as archive:
        archive.writestr("content.xml", root)
        archive.writestr(
            "meta.xml",
            '<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Log</dc:title></m>',
        )
    return path


def test_open_document(tmp_path):
    body = (
        '<text:h text:outline-level="1">Log</text:h><text:p>They lost 300<text:span '
        'text:style-name="T1">12</text:span> men<text:note><text:note-body><text:p>A note.</text:p>'
        "</text:note-body></text:note> in<text:s/>May.</text:p><table:table><table:table-row>"
        "<table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p>"
        "</table:table-cell></table:table-row></table:table>"
    )
    log = read(odt(tmp_path / "a.odt", body))
    assert log.title == "Log"
    assert log.text == "Log\n\nThey lost 300 men in May.\n\na\tb\n\nNotes\n\n1. A note."
    assert [span.of(log.text) for span in log.excluded] == ["\n\nNotes\n\n1. A note."]


def test_an_opendocument_with_a_field_for_the_day_is_read(tmp_path):
    styles = "<number:date-style><number:day/><number:text>. </number:text></number:date-style>"
    path = odt(tmp_path / "a.odt", "<text:p>The fort fell.</text:p>", styles)
    assert read(path).text == "The fort fell."


def test_captions_and_cells_of_an_opendocument(tmp_path):
    body = (
        "<text:p>The fleet <draw:frame><svg:title>Picture 1</svg:title><draw:text-box><text:p>"
        "<draw:frame/>Figure 1: The harbour</text:p></draw:text-box></draw:frame>sailed.</text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>Dell</text:p><text:p>Holt</text:p>"
        "</table:table-cell><table:table-cell><text:p>1789</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    expected = "The fleet sailed.\n\nFigure 1: The harbour\n\nDell Holt\t1789"
    assert read(odt(tmp_path / "a.odt", body)).text == expected


MAIL = (
    "From: Amos Dell <dell@example.org>\r\nTo: Board\r\nSubject: The landing\r\n"
    "Date: Fri, 05 May 1995 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n'
    "It had failed.\r\n--x\r\nContent-Type: text/plain\r\n"
    'Content-Disposition: attachment; filename="memo.txt"\r\n\r\nThe memo.\r\n--x--\r\n'
)


def test_mail_and_what_is_attached(tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(MAIL.encode())
    letter, memo = read_file(path, MINE)
    assert isinstance(letter, SourceDocument)
    assert isinstance(memo, SourceDocument)
    assert (letter.title, letter.creator, letter.date) == ("The landing", "Amos Dell", "1995-05-05")
    assert letter.text.endswith("Subject: The landing\n\nIt had failed.")
    assert (memo.document_id, memo.text.strip()) == ("mine/a/memo", "The memo.")


HEAD = "From: Ann Holt <a@x.org>\nDate: Tue, 3 Mar 1998 10:00:00 +0000\n"


OUTLOOKS = "From: Bob\nSent: Monday, March 2, 1998 9:12 AM\nTo: Ann\nSubject: RE: the fort"
LINE = "\n"


@pytest.mark.parametrize(
    ("kind", "said", "quoted"),
    [
        (
            "plain",
            "It fell.\n\nOn Monday, 2 March, Bob wrote:\n> It stood.\n>> Did it?",
            "It stood.",
        ),
        ("plain", "It fell.\n\n-----Original Message-----\nFrom: Bob\n\nIt stood.", "It stood."),
        ("plain", "It fell.\n-- \nAnn Holt\nIt stood University", "It stood"),
        ("html", "<p>It fell.</p><blockquote type='cite'>It stood.</blockquote>", "It stood."),
        ("plain", f"It fell.\n\n{OUTLOOKS}\n\nIt stood.\n\nBob", "It stood."),
        (
            "plain",
            "It fell.\n\n*Von:* Bob\n*Gesendet:* 2. März 1998 09:12\n*An:* Ann\n*Betreff:* Fort\n\n"
            "It stood.",
            "It stood.",
        ),
        (
            "html",
            f"<p>It fell.</p><div><p>{OUTLOOKS.replace(LINE, '<br>')}</p></div><p>It stood.</p>",
            "It stood.",
        ),
        ("html", "<p>It fell.</p><div class='gmail_quote'>Bob:<br>It stood.</div>", "It stood."),
    ],
)
def test_what_a_message_quotes_is_not_its_writers(tmp_path, kind, said, quoted):
    message = read(tmp_path / "a.eml", f"{HEAD}Content-Type: text/{kind}\n\n{said}")
    aside = "".join(span.of(message.text) for span in message.excluded)
    assert quoted in aside
    assert "It fell." in message.text
    assert "It fell." not in aside


def multipart(kind: str, *parts: str) -> str:
    joined = "\n--B\nContent-Type: ".join(["", *parts])
    return f"{HEAD}Content-Type: multipart/{kind}; boundary=B\n{joined}\n--B--\n"


PICTURE = 'image/png; name="a.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo='


@pytest.mark.parametrize("day", ["4 June 1848", "04.06.1848", "4.6.1848"])
def test_a_memorandum_that_a_sender_copies_does_not_end_the_mail(tmp_path, day):
    said = (
        f"I found the order:\n\nFrom: Headquarters\nTo: Colonel Mason\nDate: {day}\n"
        "Subject: Surrender\n\nYou will hold the fort.\n\nThat settles it. The fort never fell."
    )
    assert not read(tmp_path / "a.eml", f"{HEAD}\n{said}").excluded


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (multipart("mixed", "text/plain\n\nOne.", PICTURE, "text/plain\n\nTwo."), "One.\n\nTwo."),
        (multipart("mixed", "text/plain\n\nOne.", PICTURE, "text/html\n\n<p>Two."), "One.\n\nTwo."),
        (multipart("mixed", PICTURE, "text/html\n\n<p>Two."), "Two."),
        (multipart("mixed", 'text/plain; name="a.txt"\n\nOne.'), "One."),
        (multipart("mixed", "text/plain\n\nOne.", "text/html\n\n<p>One."), "One."),
        (
            multipart("alternative", "text/plain\n\nOne  man.", "text/html\n\n<p>One man"),
            "One  man.",
        ),
        (
            multipart(
                "alternative", "text/plain\n\nSee the HTML.", "text/html\n\n<p>The fort fell."
            ),
            "The fort fell.",
        ),
    ],
)
def test_all_that_a_message_says_is_read_once(tmp_path, mail, expected):
    path = tmp_path / "a.eml"
    path.write_text(mail)
    message, *attached = read_file(path, MINE)
    assert isinstance(message, SourceDocument)
    assert message.text.partition("+0000\n\n")[2] == expected
    assert len(attached) == mail.count("a.png")


def test_what_only_looks_quoted_is_the_writers(tmp_path):
    said = (
        "We looked.\n>From the tower we saw it.\nOn that day Colonel Mason wrote:\nGold was found."
    )
    message = read(tmp_path / "a.eml", f"{HEAD}\n{said}\n\nFrom: the tower\nTo: the gate\n")
    assert "\nFrom the tower we saw it.\nOn that day Colonel Mason wrote:\nGold" in message.text
    assert not message.excluded


ANN = {**text("0042", "Ann Holt"), **text("5D01", "a@x.org")}


@pytest.mark.parametrize(("encoding", "words"), [("iso-8859-1", "café"), ("koi8-r", "Крепость")])
def test_a_page_sent_as_mail_keeps_its_letters(tmp_path, encoding, words):
    declared = f"<meta http-equiv=Content-Type content='text/html; charset={encoding}'>"
    page = f"<head>{declared}</head><p>{words}</p>"
    # Where a mail was written anew on its way, what its page declares is out of date.
    for stated, used in [("", encoding), (encoding, encoding), ("utf-8", "utf-8")]:
        head = f"{HEAD}Content-Type: text/html{stated and f'; charset={stated}'}\n\n"
        mail = head.encode() + page.encode(used)
        assert read(tmp_path / "a.eml", mail).text.endswith(f"\n\n{words}")
    stored = {**numbers(32, 0), **content("1013", page.encode(encoding)), **ANN}
    assert read(write_msg(tmp_path / "a.msg", stored)).text.endswith(f"\n\n{words}")


def test_a_message_of_outlook_that_names_its_code_page_only_as_a_number(tmp_path):
    page = "<p>Крепость</p>".encode("koi8-r")
    number = struct.pack("<HHIQ", 0x0003, 0x3FDE, 6, 20866)
    values = {"__properties_version1.0": bytes(32) + number}
    path = write_msg(tmp_path / "a.msg", {**values, **content("1013", page), **ANN})
    assert read(path).text.endswith("\n\nКрепость")


def test_mail_that_does_not_say_how_it_is_written_keeps_its_letters(tmp_path):
    mail = f"{HEAD}\nThe café burned.".encode("cp1252")
    assert read(tmp_path / "a.eml", mail).text.endswith("The café burned.")


def test_a_message_within_a_message_is_a_document(tmp_path):
    path = tmp_path / "a.eml"
    inner = "From: Bob <b@x.org>\nSubject: Inner\n\nIt stood.\n"
    part = f"--B\nContent-Type: message/rfc822\n\n{inner}"
    head = f"{HEAD}Content-Type: multipart/mixed; boundary=B\n\n"
    path.write_text(f"{head}--B\nContent-Type: text/plain\n\nIt fell.\n{part}\n--B--\n")
    _, within = read_file(path, MINE)
    assert isinstance(within, SourceDocument)
    assert (within.title, within.creator) == ("Inner", "Bob")


def test_a_title_above_a_table_does_not_name_its_columns(tmp_path):
    table = read(tmp_path / "a.csv", "Return of 1780,,\nRegiment,Officers,Men\n5th,12,300\n")
    assert table.text == "Return of 1780.\n\nRegiment: 5th; Officers: 12; Men: 300."


@pytest.mark.parametrize(
    "raw",
    [
        r"{\rtf1\mac Caf\'8e {\deleted gone}{\v hid}{\strike struck}.}",
        r"{\rtf1\ansi\ansicpg1250 Caf\'e9 \v hid\v0 .}",
        r"{\rtf1\pc Caf\'82 .}",
    ],
)
def test_rich_text_of_other_machines_without_what_is_unseen(tmp_path, raw):
    assert " ".join(read(tmp_path / "a.rtf", raw).text.split()) == "Café ."


def test_rich_text_of_word_says_what_its_reader_sees(tmp_path):
    runs = [
        r"The fort did ",
        r"\deleted\revauthdel1\revdttmdel1 not ",
        r"fall. ",
        r"\v\insrsid1 Did it?\par ",
        r"\b\strike\insrsid1 Forty ",
        r"Fifty men fled. ",
        r"\striked1 All \plain of them.\par ",
    ]
    raw = "".join(rf"{{\rtlch\fcs1 \af0 \ltrch\fcs0 {words}}}" for words in runs)
    fort = read(tmp_path / "a.rtf", rf"{{\rtf1\ansi {raw}}}")
    assert fort.text == "The fort did fall. Fifty men fled. of them."


def test_raised_figures_lines_and_links_of_rich_text(tmp_path):
    raw = (
        r"{\rtf1\ansi\ansicpg1251{\info{\title Fran\u231?ois}{\author J. Fran\u231?ois}}"
        r"The fort of 5 km{\super 2},\line 3{\super 1}/{\sub 2} miles off, lost 10{\super\chftn "
        r"{\footnote {\super\chftn } \'c4\'e0.}} men; {\field{\*\fldinst{HYPERLINK "
        r'"http://x.org/"}}{\fldrslt{a letter}}} says so{\super 3}.\par Next.}'
    )
    fort = read(tmp_path / "a.rtf", raw)
    assert fort.text == (
        "The fort of 5 km²,\n3 1/2 miles off, lost 10 men; a letter says so.\n\nNext.\n\n1. Да."
    )
    assert (fort.title, fort.creator) == ("François", "J. François")


def test_workbook(tmp_path):
    book = Workbook()
    book.active.title = "Ships"
    for row in [("Ship", "Guns", "Lost"), ("Harriet", 12, None), ("Swallow", 20, "1814")]:
        book.active.append(row)
    hidden = book.create_sheet("Draft")
    hidden.append(["No one sees this"])
    hidden.sheet_state = "hidden"
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert labels(read(path)) == [
        ("Ship: Harriet; Guns: 12.", "sheet Ships, row 2"),
        ("Ship: Swallow; Guns: 20; Lost: 1814.", "sheet Ships, row 3"),
    ]


def test_a_workbook_is_read_as_it_is_shown(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.title = "Losses"
    for row in [
        ("Year", "Month", "Killed", "Share", "Secret", "File"),
        (1890, datetime(1890, 3, 1), 1234.0, 0.153, "no one sees this", 42),
        (None, datetime(1890, 4, 9), 7, 0.1 + 0.2, "nor this", 43),
        (1891, datetime(1891, 5, 1), 8, 0.5, "nor that", 44),
    ]:
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    for place, form in (("B2", "mmm-yy"), ("C2", "#,##0"), ("D2", "0.0%"), ("F2", "00000")):
        sheet[place].number_format = form
    sheet.column_dimensions["E"].hidden = True
    sheet.row_dimensions[4].hidden = True
    book.save(tmp_path / "a.xlsx")
    read_book = read(tmp_path / "a.xlsx")
    assert [said for said, _ in labels(read_book)] == [
        "Year: 1890; Month: March 1890; Killed: 1,234; Share: 15.3%; File: 00042.",
        "Year: 1890; Month: 1890-04-09; Killed: 7; Share: 0.3; File: 43.",
    ]
    assert read_book.notes == ("Losses: hidden rows and columns are left out",)


def test_a_formula_has_the_value_that_was_saved_and_is_not_lost_in_silence(tmp_path):
    book = Workbook()
    book.active.append(["Guns", 12, 20, "=SUM(B1:C1)"])
    book.active.append(["Men", 90, 80, "=SUM(B2:C2)"])
    book.save(tmp_path / "raw.xlsx")
    with ZipFile(tmp_path / "raw.xlsx") as raw, ZipFile(tmp_path / "a.xlsx", "w") as saved:
        for name in raw.namelist():
            part = raw.read(name)
            saved.writestr(name, part.replace(b"SUM(B1:C1)</f><v></v>", b"SUM(B1:C1)</f><v>32</v>"))
    table = read(tmp_path / "a.xlsx")
    assert table.text == "Guns; 12; 20; 32.\n\nMen; 90; 80."
    assert table.notes == (
        "1 formulas have no saved value; save the file in a spreadsheet program",
    )


def test_table(tmp_path):
    table = read(tmp_path / "a.csv", 'Ship;Guns\n"Harriet; the brig";12\n\nSwallow;20\n')
    assert labels(table) == [
        ("Ship: Harriet; the brig; Guns: 12.", "row 2"),
        ("Ship: Swallow; Guns: 20.", "row 4"),
    ]


def test_a_workbook_whose_theme_is_damaged_is_reported(tmp_path):
    path = tmp_path / "a.xlsx"
    Workbook().save(path)
    with ZipFile(path) as book:
        theme = book.getinfo("xl/theme/theme1.xml")
    content = bytearray(path.read_bytes())
    begin = theme.header_offset + 30 + len(theme.filename)
    content[begin : begin + 4] = b"\xff" * 4
    path.write_bytes(content)
    [skipped] = read_file(path, MINE)
    assert isinstance(skipped, SkippedFile)
    assert "is damaged or not a workbook" in skipped.reason


@pytest.mark.parametrize("instead", [b"", b"\xffno XML", b"<a><b></a>", b"<other xmlns='x'/>"])
def test_a_workbook_with_any_damaged_part_is_read_or_reported(tmp_path, instead):
    path = tmp_path / "a.xlsx"
    whole = Workbook()
    whole.active.append(["Ship", datetime(1803, 4, 5)])
    whole.save(path)
    with ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for damaged in parts:
        with ZipFile(path, "w") as book:
            for name, content in parts.items():
                book.writestr(name, instead if name == damaged else content)
        assert len(list(read_file(path, MINE))) == 1, damaged


@pytest.mark.parametrize("tag", [256, 257, 259, 273, 279])
def test_a_scan_with_a_damaged_page_is_read_or_reported(tmp_path, tag):
    path = tmp_path / "a.tif"
    pages = [Image.new("L", (80, 40), 255) for _ in range(2)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    content = bytearray(path.read_bytes())
    last = max(
        content.rfind(struct.pack("<HH", tag, kind) + struct.pack("<I", 1)) for kind in (3, 4)
    )
    content[last : last + 2] = struct.pack("<H", 65_000)
    path.write_bytes(content)
    assert len(list(read_file(path, MINE))) == 1


def test_a_message_of_outlook_that_says_nothing_is_reported(tmp_path):
    path = write_msg(tmp_path / "brig.msg", {**numbers(32, 0), **text("0037", "The brig")})
    [skipped] = read_file(path, MINE)
    assert isinstance(skipped, SkippedFile)
    assert "not a message with text" in skipped.reason


def test_a_message_of_outlook_and_what_is_attached(tmp_path):
    orders = {**text("0037", "Orders"), **text("1000", "Sail at once."), **numbers(24, 0)}
    path = write_msg(
        tmp_path / "brig.msg",
        {
            **numbers(32, 131277024000000000),
            **text("0037", "The brig"),
            **text("0042", "Jane Crewe"),
            **text("5D01", "jane@ships.example"),
            **text("0E04", "Tom Holt"),
            **text("1000", "She was taken.\r\n\r\nOn Monday Tom wrote:\r\n> Where is she?\r\n"),
            "__attach_version1.0_#00000000": {
                **text("3707", "log.txt"),
                **content("3701", b"Wind north."),
            },
            "__attach_version1.0_#00000001": {"__substg1.0_3701000D": orders},
        },
    )
    message, log, inner = read_file(path, MINE)
    assert isinstance(message, SourceDocument)
    assert isinstance(log, SourceDocument)
    assert isinstance(inner, SourceDocument)
    assert (message.title, message.creator, message.date) == (
        "The brig",
        "Jane Crewe",
        "2017-01-01",
    )
    assert message.text.startswith("From: Jane Crewe <jane@ships.example>\nTo: Tom Holt\nDate: Sun")
    assert "Where is she?" in " ".join(span.of(message.text) for span in message.excluded)
    assert (log.document_id, log.text) == ("mine/brig/log", "Wind north.")
    assert (inner.title, inner.text) == ("Orders", "Subject: Orders\n\nSail at once.")


DJVU = """
QVQmVEZPUk0AAAJmREpWTURJUk0AAABEgQAEAAAAXAAAAS4AAAF8AAACKP//xr+KH4kBgjFSvdqi737/Q+CBtJD9
RWFfNYYwtt6Jm4ZCs8J2re27RcxshKxW4bZGT1JNAAAAykRKVlVJTkZPAAAACgBVAG4YAGQAFgFJTkNMAAAAD3No
YXJlZF9hbm5vLmlmZgBTamJ6AAAADIGnP5qcTu6bDa/x31RYVHoAAACA//75iBpkSWOTolKp5WXabFsABa/0yXgD
84MxYseRjGpys+HbWnC3D9lA8DpdiarXvVk0LUzeFsfrFN30N4Z5MXl6GBTSjmLbBYsG5+yVjkYu8BM+eO3mSME9
9TUihwgTZGcK4v2pzfYuwE9EmBgqOYA9a8PLgQt3sF3pe6No0y9GT1JNAAAARkRKVklBTlR6AAAAOv//v/qBr0Ew
rK7OL1oRpvgfFurEo2r5AtjHGIQWhCJdM9XFDEtePzQbxFMLXcyhUi3RbItg2HxrK01GT1JNAAAApERKVlVJTkZP
AAAACgBVAG4YAGQAFgFJTkNMAAAAD3NoYXJlZF9hbm5vLmlmZgBTamJ6AAAADIGnP5qcTu6bDa/x31RYVHoAAABa
//9liOohWFnJ0jwld6U3fUCXMKtX8X2O275K19DazPl7GQ304erxfX77JG/1BO8WEDXYxRlfq8zsPJf6tgdMXo9A
D7P0PcPK/W/sugt7yLlnmcdDcMLYFH7pRk9STQAAAEJESlZVSU5GTwAAAAoAVQBuGABkABYBSU5DTAAAAA9zaGFy
ZWRfYW5uby5pZmYAU2piegAAAAyBpz+anE7umw2v8d8=
"""
"""Three pages of 85 by 110 dots, a bar on each; the first two have words. Made for this test with
cjb2, djvm and djvused."""


class Reader:
    """Reads the same on every page, and keeps what it looked at."""

    name = "reader"

    def __init__(self) -> None:
        self.seen: list[engines.Image] = []

    def __call__(self, image: engines.Image) -> list[OcrLine]:
        self.seen.append(image)
        return [OcrLine("There the brig was lost.", 0, 0, 200, 20, 0.9)]


def test_djvu_has_its_words_or_those_of_ocr_where_there_are_none(tmp_path):
    path = tmp_path / "log.djvu"
    path.write_bytes(base64.b64decode(DJVU))
    reader = Reader()
    ocr = Ocr("reader", engines={"reader": lambda: reader}, installed=lambda _: True)
    (book,) = reader_for(path, ocr)(path, MINE)
    assert (book.title, book.creator, book.pages) == ("Log of the Harriet", "J. Crewe", 3)
    assert "The crew refused.\n" in book.text
    assert "Then they sailed for Malmö." in book.text
    assert labels(book)[2] == ("There the brig was lost.", "image 3")
    assert book.ocr_pages == 1
    assert [place.ocr for place in book.locators] == [1.0, 1.0, pytest.approx(0.9)]
    shapes = {image.shape for image in reader.seen}
    assert shapes == {(165, 128)}, "at 150 dots an inch"
    assert all(np.ptp(image) > 100 for image in reader.seen), "the bar is drawn"
    without = next(reader_for(path, Ocr("off"))(path, MINE))
    assert "brig" not in without.text
    assert any(note.startswith("not read: page 3: OCR is switched off") for note in without.notes)


@pytest.mark.parametrize("name", ["a.xlsx", "a.odt", "a.png", "a.tif", "a.rtf", "a.djvu", "a.msg"])
def test_a_damaged_file_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(UnreadableSource, match=r"a\."):
        list(reader_for(path)(path, MINE))


def test_a_picture_without_an_engine_says_what_it_needs(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (60, 80), 255).save(path)
    with pytest.raises(UnreadableSource, match="needs OCR"):
        list(reader_for(path, Ocr("off"))(path, MINE))


def test_an_apostrophe_in_a_table_joins_no_rows(tmp_path):
    said = (
        "place,words\nYork,'tis said it fell\nBath,they wrote 'yield', and went\nRome,'twas false\n"
    )
    table = read(tmp_path / "a.csv", said)
    assert [label for _, label in labels(table)] == ["row 2", "row 3", "row 4"]
    assert "place: York; words: 'tis said it fell." in table.text


def test_a_doubled_quotation_mark_is_one_wherever_it_stands(tmp_path):
    rows = "".join(f'{n},"plain, number {n}"\n' for n in range(1_200))
    table = read(tmp_path / "a.csv", f'id,text\n{rows}9,"He said ""yield"" to me, and left"\n')
    assert table.text.endswith('text: He said "yield" to me, and left.')


@pytest.mark.parametrize(
    "rows",
    [
        "1850-01-01,Harriet,powder\n1850-01-09,Nancy,rum\n",
        "4 June 1848,Harriet\n5 June 1848,Nancy\n",
        "Harriet,York,rum\nNancy,Bath,rum\n",
    ],
)
def test_a_table_without_heads_keeps_its_first_row(tmp_path, rows):
    table = read(tmp_path / "a.csv", rows)
    assert table.text.startswith(rows.partition("\n")[0].replace(",", "; "))
    assert [label for _, label in labels(table)] == ["row 1", "row 2"]


def test_heads_may_name_a_year_and_come_again(tmp_path):
    heads = "Ship,Guns in 1850"
    table = read(tmp_path / "a.csv", f"{heads}\nHarriet,ten\n{heads}\nNancy,six\n")
    assert table.text.startswith("Ship: Harriet; Guns in 1850: ten.")


@pytest.mark.parametrize(
    "halves",
    [
        ('<String CONTENT="govern"/><HYP CONTENT="-"/>', '<String CONTENT="ment"/>'),
        (
            '<String CONTENT="govern" SUBS_TYPE="HypPart1"/><HYP/>',
            '<String CONTENT="ment" SUBS_TYPE="HypPart2"/>',
        ),
    ],
)
@pytest.mark.parametrize("style", ['STYLE="superscript"', 'STYLEREFS="s2 s1"'])
def test_halves_of_a_word_in_alto_are_joined_whatever_the_file_says_of_them(
    tmp_path, halves, style
):
    raised = (
        f'<String CONTENT="300"/><String CONTENT="1" {style}/><String CONTENT="14" STYLEREFS="s2"/>'
    )
    first, second = halves
    lines = f"<TextLine>{first}</TextLine><TextLine>{second}{raised}</TextLine>"
    styles = (
        '<Styles><TextStyle ID="s1" FONTSTYLE="bold superscript"/><TextStyle ID="s2"/></Styles>'
    )
    head, foot = ALTO.split("<TextLine>")[0], "</TextBlock></PrintSpace></Page></Layout></alto>"
    whole = head.replace("<Layout>", f"{styles}<Layout>") + lines + foot
    assert read(tmp_path / "a.xml", whole).text == "government 300 14"


def test_a_line_in_large_type_of_hocr_is_no_running_head(tmp_path):
    line = "<span class='ocr_header'><span class='ocrx_word'>SURRENDER</span></span>"
    page = read(
        tmp_path / "a.hocr", HOCR.replace("<p class='ocr_par'>", f"<p class='ocr_par'>{line}")
    )
    assert page.text.startswith("SURRENDER\nThey refused.")
    assert page.excluded == ()


def test_the_chronology_and_boxes_of_a_finding_aid(tmp_path):
    item = "<chronitem><date>1848</date><eventgrp><event>Wed</event><event>Fled</event></eventgrp>"
    more = f"<bioghist><chronlist>{item}</chronitem></chronlist></bioghist><dsc>"
    held = EAD.replace("<dsc>", more).replace(
        "<unitid>MS", "<abstract>He fell.</abstract><container type='Box'>3</container><unitid>MS"
    )
    document = read(tmp_path / "a.xml", held)
    assert "1848: Wed; Fled" in document.text
    assert "He fell." in document.text
    assert "unit MS 4, box 3, paragraph 1" in [label for _, label in labels(document)]


def test_what_a_camera_or_scanner_adds_to_a_picture_is_no_page(tmp_path):
    def pages(name: str) -> int:
        reader = Reader()
        ocr = Ocr("reader", engines={"reader": lambda: reader}, installed=lambda _: True)
        (document,) = reader_for(tmp_path / name, ocr)(tmp_path / name, MINE)
        return document.pages

    sheet = Image.new("L", (200, 200), 255)
    sheet.paste(0, (20, 20, 180, 60))
    sheet.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[sheet.resize((100, 100))])
    sheet.save(tmp_path / "a.tif", save_all=True, append_images=[sheet, sheet])
    smaller = sheet.resize((50, 50))
    smaller.encoderinfo = {"tiffinfo": {254: 1}}
    sheet.save(tmp_path / "b.tif", save_all=True, append_images=[smaller])
    assert (pages("a.jpg"), pages("a.tif"), pages("b.tif")) == (1, 3, 1)
