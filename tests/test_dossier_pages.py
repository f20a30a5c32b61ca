"""A dossier as HTML and as PDF, read by lxml, pypdf and PDFium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pypdfium2
import pytest
from conftest import make_document
from lxml import html
from pypdf import PdfReader
from test_dossier import FACTS, HOSTILE, MADE, answer_of, evidence_of, full_answer

from rag.datatypes import Answer, Evidence
from rag.dossier import export, pdf
from rag.dossier.blocks import Heading, Paragraph, Run
from rag.dossier.pdf import to_pdf

CHINESE = "周恩来与毛泽东在北京会见了基辛格，" * 12
NAMES = "Łódź, Dvořák, Ṭāhā Ḥusayn, Nguyễn, Брежнев, Ἀθῆναι"


def together(text: str) -> str:
    return "".join(text.split())


def read(pdf: bytes) -> str:
    return together("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages))


def as_pdf(*answers: Answer) -> bytes:
    return export(answers, ".pdf", made=MADE, index=FACTS)


def as_html(*answers: Answer) -> str:
    return export(answers, ".html", made=MADE, index=FACTS).decode("utf-8")


def of_text(text: str) -> Evidence:
    return evidence_of(make_document(text, title=text[:300], creator="Eve & <b>Sons</b>"))


@pytest.fixture(scope="module")
def answer(finder) -> Answer:
    return finder.ask(
        "Monroe told Europe to stay out of the Americas. Sacagawea carried her baby to the Pacific."
    )


@pytest.fixture
def without_cjk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the extra `cjk` were not installed."""
    monkeypatch.setitem(pdf._FILES, pdf.CJK, ("no_such_package", "x.ttc"))
    pdf.glyphs.cache_clear()
    yield
    pdf.glyphs.cache_clear()


# ---- HTML ----


def test_html_marks_each_quotation_in_its_passage(answer: Answer) -> None:
    page = html.document_fromstring(as_html(answer))
    marked = [mark.text_content() for mark in page.iter("mark")]
    passages = [quote.text_content() for quote in page.iter("blockquote")]
    shown = [evidence for finding in answer.findings for evidence in finding.evidence]
    assert marked == [e.quote for e in shown]
    assert passages == [answer.question, *(e.passage for e in shown)]


def test_html_asks_nothing_of_anyone(answer: Answer) -> None:
    page = html.document_fromstring(as_html(answer, answer_of(of_text(HOSTILE))))
    assert not page.xpath("//script|//img|//iframe|//link|//object|//form|//@src|//@style")
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    (style,) = page.iter("style")
    assert not re.search(r"url\(|@import", style.text)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    addresses = {element.get("href") for element in page.iter("a")}
    assert addresses
    assert all(address.startswith("https://") for address in addresses)


def test_html_shows_what_is_hostile_as_text() -> None:
    evidence = of_text(HOSTILE)
    page = html.document_fromstring(as_html(answer_of(evidence)))
    (mark,) = page.iter("mark")
    assert mark.text_content() == evidence.quote.replace("\x00", "\ufffd")


def test_a_web_address_cannot_leave_its_attribute() -> None:
    url = 'https://example.org/"onmouseover="alert(1)'
    document = make_document("Text here.", url=url)
    page = html.document_fromstring(as_html(answer_of(evidence_of(document))))
    assert {a.get("href") for a in page.iter("a")} == {url}
    assert not page.xpath("//@onmouseover")


# ---- PDF ----


def test_pdf_holds_every_quotation_and_citation(answer: Answer) -> None:
    printed = read(as_pdf(answer))
    for finding in answer.findings:
        for evidence in finding.evidence:
            assert together(evidence.passage) in without_footers(printed)
        for evidence in (*finding.evidence, *finding.nearest):
            assert together(evidence.quote) in without_footers(printed)
            assert f"#char={evidence.start},{evidence.end}" in printed


def without_footers(printed: str) -> str:
    return re.sub(r"SourceFinderdossier,\d+", "", printed)


def test_pdf_says_all_that_the_answer_has() -> None:
    printed = read(as_pdf(full_answer()))
    for said in (FACTS.corpus_hash, "Passagesthatcontradictthis", "83%", "mine/one#char=0,14"):
        assert said in printed
    assert "theclaimhas“1832”,thepassage“1823”" in printed


def test_pdf_links_and_has_an_outline(answer: Answer) -> None:
    reader = PdfReader(BytesIO(as_pdf(answer)))
    links = {
        annotation.get_object()["/A"]["/URI"]
        for page in reader.pages
        for annotation in page.get("/Annots", ())
        if "/URI" in annotation.get_object().get("/A", {})
    }
    assert {e.url for f in answer.findings for e in f.evidence if e.url} <= links
    assert reader.outline[0].title == "Source Finder dossier"
    assert reader.metadata.title == "Source Finder dossier"


@pytest.mark.parametrize("text", [NAMES, CHINESE], ids=["diacritics", "chinese"])
def test_pdf_sets_names_in_fonts_that_have_them(text: str) -> None:
    pdf = as_pdf(answer_of(of_text(text)))
    printed = read(pdf)
    assert together(text) in printed
    assert "[U+" not in printed
    for page in PdfReader(BytesIO(pdf)).pages:  # all are within the file
        for font in page["/Resources"]["/Font"].values():
            if font.get_object()["/Subtype"] == "/TrueType":
                assert "/FontFile2" in font.get_object()["/FontDescriptor"]


def test_long_chinese_text_stays_on_the_page() -> None:
    page = pypdfium2.PdfDocument(as_pdf(answer_of(of_text(CHINESE))))[0]
    text = page.get_textpage()
    rights = [text.get_charbox(i)[2] for i in range(text.count_chars())]
    assert max(rights) < page.get_width() - 40


def test_what_no_font_has_is_shown_by_number_and_said() -> None:
    printed = read(as_pdf(answer_of(of_text("שלום, peace"))))
    assert "[U+05E9][U+05DC][U+05D5][U+05DD],peace" in printed
    assert "innoneofthefontsandshownbynumber" in printed


def test_without_the_extra_chinese_is_shown_by_number_and_the_extra_named(without_cjk) -> None:
    printed = read(as_pdf(answer_of(of_text("周恩来 spoke. Then more."))))
    assert "[U+5468][U+6069][U+6765]" in printed
    assert "source-finder[cjk]" in printed


def test_pdf_takes_hostile_text() -> None:
    evidence = of_text(HOSTILE + "</font><para><link href='x'>&#0; &bogus; ]]>")
    printed = without_footers(read(as_pdf(answer_of(evidence))))
    assert together("<script>alert(1)</script> [click](javascript:alert(2))") in printed


@pytest.mark.timeout(60)
@pytest.mark.parametrize("words", ["word " * 3_000, "w" * 9_000], ids=["words", "one word"])
def test_a_heading_longer_than_a_page_is_set(words: str) -> None:
    pdf = to_pdf([Heading(1, "Title"), Heading(3, words), Paragraph((Run("After."),))])
    assert "After." in read(pdf)
    assert PdfReader(BytesIO(pdf)).get_num_pages() > 1
