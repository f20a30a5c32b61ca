"""TEI: volumes of Foreign Relations of the United States, and other files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest import read_sources
from rag.ingest.readers.tei import iso_date, read_tei
from rag.wording import cited

DATA = Path(os.environ.get("SOURCE_FINDER_DATA", Path(__file__).parents[2] / "shared" / "data"))
MINE = Collection("mine", "Mine")
NAMESPACES = {"t": "http://www.tei-c.org/ns/1.0"}

VOLUME = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0" xmlns:frus="http://history.state.gov/frus/ns/1.0">
 <teiHeader><fileDesc>
  <titleStmt>
   <title type="complete">Foreign Relations, 1901–1902, Volume III, Ruritania</title>
   <editor role="primary">Ann One</editor><editor role="primary">Bob Two</editor>
   <editor role="general">Cid Three</editor>
  </titleStmt>
  <publicationStmt>
   <publisher>United States Government Printing Office</publisher>
   <pubPlace>Washington</pubPlace><date>1911</date>
   <idno type="isbn-10"/><idno type="frus">frus1901-02v03</idno>
  </publicationStmt>
 </fileDesc></teiHeader>
 <text>
  <front><pb n="III"/><div type="section" xml:id="persons"><head>Persons</head>
   <p>Zenda, Prisoner of</p></div></front>
  <body><div type="compilation"><head>Ruritania</head><pb n="11"/>
   {documents}
  </div></body>
  <back><div type="index"><p>Coronation, 12</p></div></back>
 </text>
</TEI>"""

LETTER = """<div type="document" xml:id="d7" n="7">
  <head>7. Letter From the Minister (<persName>
     <hi rend="italic">Rassendyll</hi>
   </persName>)<note n="1" type="source">Source: National Archives,
     <note n="a">a nested note</note> RG 59.</note></head>
  <opener><dateline><placeName>Strelsau</placeName>, <date when="1901-03-04T10:00:00">March 4,
     1901</date>.</dateline><seg>confidential</seg></opener>
  <p>Sir: The <gloss>King</gloss> was crowned<note n="2">On March 3; see
     <pb n="13"/>p. 13.</note>
     yesterday<!-- a comment -->; the <pb n="12"/>Duke did <hi>not</hi> attend.</p>
  <p>He said:
    <list><head>Terms</head><label>(1)</label><item>peace,</item>
     <label>(2)</label><item>honour.</item></list></p>
  <table><row><cell>Year</cell><cell>Guns</cell></row><row><cell>1900</cell><cell>12</cell></row>
  </table>
  <pb n="14"/>
  <closer><signed>R. Rassendyll<lb/>Minister</signed></closer>
 </div>"""


def write(folder: Path, content: str, name: str = "volume.xml") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def read(folder: Path, *documents: str) -> list[SourceDocument]:
    path = write(folder, VOLUME.format(documents="\n".join(documents)))
    return list(read_tei(path, MINE))


def own_text(document: SourceDocument) -> str:
    return document.text[: document.excluded[-1].start] if document.excluded else document.text


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableSource) as error:
        list(read_tei(path, MINE))
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_document_is_set_as_text(tmp_path):
    (letter,) = read(tmp_path, LETTER)
    assert own_text(letter) == (
        "7. Letter From the Minister (Rassendyll)\n\n"
        "Strelsau, March 4, 1901.\nconfidential\n\n"
        "Sir: The King was crowned yesterday; the Duke did not attend.\n\n"
        "He said:\nTerms\n(1) peace,\n(2) honour.\n\n"
        "Year\tGuns\n1900\t12\n\n"
        "R. Rassendyll\nMinister"
    )


def test_notes_follow_the_documents_words_and_are_excluded(tmp_path):
    (letter,) = read(tmp_path, LETTER)
    (notes,) = letter.excluded
    assert notes.of(letter.text) == (
        "\n\nNotes\n\n1. Source: National Archives, RG 59.\n\na. a nested note\n\n"
        "2. On March 3; see p. 13."
    )
    assert notes.end == len(letter.text)


def test_pages_begin_where_their_first_word_stands(tmp_path):
    (letter,) = read(tmp_path, LETTER)
    pages = {place.label: place.span.of(letter.text) for place in letter.locators}
    assert list(pages) == ["p. 11", "p. 13", "p. 12", "p. 14"]
    assert "".join(pages.values()) == own_text(letter)
    assert pages["p. 11"].endswith("was crowned ")
    assert pages["p. 12"].startswith("Duke did not attend.")
    assert pages["p. 14"] == "R. Rassendyll\nMinister"


def test_a_document_inherits_the_page_on_which_it_begins(tmp_path):
    second = '<div type="document" xml:id="d8" n="8"><head>8. Note</head><p>Later.</p></div>'
    _, note = read(tmp_path, LETTER, second)
    assert [place.label for place in note.locators] == ["p. 14"]


def test_metadata(tmp_path):
    (letter,) = read(tmp_path, LETTER)
    assert letter.document_id == "frus1901-02v03/d7"
    assert letter.title == "7. Letter From the Minister (Rassendyll)"
    assert (letter.date, letter.kind, letter.creator) == ("1901-03-04", "primary", None)
    assert letter.url == "https://history.state.gov/historicaldocuments/frus1901-02v03/d7"
    assert cited(letter) == (
        "Foreign Relations, 1901–1902, Volume III, Ruritania, eds. Ann One and Bob Two "
        "(Washington: Government Printing Office, 1911), Document 7"
    )
    assert letter.collection == Collection(
        "frus1901-02v03",
        "Foreign Relations, 1901–1902, Volume III, Ruritania",
        "Public domain (work of the US government)",
        "https://history.state.gov/historicaldocuments/frus1901-02v03",
    )


def test_the_catalogued_date_comes_first(tmp_path):
    dated = LETTER.replace("<div ", '<div frus:doc-dateTime-min="1901-02-28T00:00:00Z" ', 1)
    assert read(tmp_path, dated)[0].date == "1901-02-28"


@pytest.mark.parametrize(
    ("attributes", "date"),
    [
        ('from="1901-05" to="1901-07"', "1901-05/1901-07"),
        ('from="1901-05-01" to="1901-05-31"', "1901-05"),
        ('notBefore="1901-01-01" notAfter="1902-12-31"', "1901/1902"),
        ('notBefore="1901"', "1901/.."),
        ('notAfter="1901-04-02"', "1901?"),
        ('when="1901-13-40"', "1901-03-04"),  # what the words say
        ("", "1901-03-04"),
    ],
)
def test_dates_of_the_dateline(tmp_path, attributes, date):
    dated = LETTER.replace('when="1901-03-04T10:00:00"', attributes)
    assert read(tmp_path, dated)[0].date == date


def test_a_date_in_a_note_is_not_the_documents(tmp_path):
    text = (
        '<div type="document" xml:id="d1"><dateline>Zenda<note><date when="1950-01-01"/>x</note>'
        '</dateline><p>a <date when="1940">day</date></p></div>'
    )
    assert read(tmp_path, text)[0].date is None


@pytest.mark.parametrize("value", ["", "March", "19010304", "1901-3-4", "1901-02-30", "0000"])
def test_what_is_no_date(value):
    assert iso_date(value) is None


@pytest.mark.parametrize(
    ("attribute", "head", "kind"),
    [
        ("", "12. Editorial Note", "editorial"),
        ("", "No. 12 Editorial Note", "editorial"),
        ("", "[Editorial Note]", "editorial"),
        ('subtype="editorial-note"', "12. Untitled", "editorial"),
        ("", "12. Memorandum on an Editorial Note in Pravda", "primary"),
    ],
)
def test_editorial_notes_are_not_primary(tmp_path, attribute, head, kind):
    text = f'<div type="document" xml:id="d1" {attribute}><head>{head}</head><p>x</p></div>'
    assert read(tmp_path, text)[0].kind == kind


def test_front_matter_and_index_are_not_documents(tmp_path):
    documents = read(tmp_path, LETTER)
    assert len(documents) == 1
    assert not re.search("Zenda|Coronation", documents[0].text)


def test_a_document_within_another_is_not_in_it_twice(tmp_path):
    inner = '<div type="document" xml:id="d2"><head>Inner</head><p>inner words</p></div>'
    outer = f'<div type="document" xml:id="d1"><head>Outer</head>{inner}<p>after</p></div>'
    first, second = read(tmp_path, outer)
    assert (first.text, second.text) == ("Outer\n\nafter", "Inner\n\ninner words")


def test_an_archive_reference_in_brackets_is_no_evidence(tmp_path):
    source = "[Source: Files, Box 13. Secret. 2 pages not declassified.]"
    text = f'<div type="document" xml:id="d1"><head>9. Memo</head><p>{source}</p><p>x</p></div>'
    (memo,) = read(tmp_path, text)
    assert [span.of(memo.text) for span in memo.excluded] == [source]


@pytest.mark.parametrize(
    ("paragraph", "aside"),
    [
        ("[<hi>Here follows discussion of coffee.</hi>]", "[Here follows discussion of coffee.]"),
        ("[Omitted here is a list.]", "[Omitted here is a list.]"),
        ("[2 paragraphs (11 lines) <hi>not declassified</hi>]", None),
        ("[Enclosure 2]", "[Enclosure 2]"),
        (
            "He agreed. [Here follow unrelated matters.] He left.",
            "[Here follow unrelated matters.]",
        ),
        ("[We must refuse.] So he said.", ""),
        ("[Rusk:] Here follows my view.", ""),
    ],
)
def test_what_the_editors_put_in_brackets_is_no_evidence(tmp_path, paragraph, aside):
    (document,) = read(tmp_path, LETTER.replace("</head>", f"</head><p>{paragraph}</p>", 1))
    found = [
        span.of(document.text)
        for span in document.excluded
        if "Notes" not in span.of(document.text)
    ]
    aside = paragraph.replace("<hi>", "").replace("</hi>", "") if aside is None else aside
    assert found == ([aside] if aside else [])


def test_an_empty_document_does_not_lose_the_others(tmp_path):
    empty = '<div type="document" xml:id="d8"><note>Only a note</note></div>'
    after = '<div type="document" xml:id="d9"><p>After.</p></div>'
    path = write(tmp_path, VOLUME.format(documents=LETTER + empty + after))
    skipped = []
    documents = list(read_sources([path], skipped.append))
    assert [d.document_id for d in documents] == ["frus1901-02v03/d7", "frus1901-02v03/d9"]
    assert ["d8 holds no text" in skip.reason for skip in skipped] == [True]


def test_a_document_without_id_gets_its_number(tmp_path):
    document = read(tmp_path, LETTER, '<div type="document"><p>No id.</p></div>')[1]
    assert document.document_id == "frus1901-02v03/document-2"
    assert document.url == "https://history.state.gov/historicaldocuments/frus1901-02v03"


def test_two_elements_with_one_id_do_no_harm(tmp_path):
    documents = read(tmp_path, LETTER, '<p xml:id="same"/><p xml:id="same"/>')
    assert len(documents) == 1


GENERIC = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc>
 <titleStmt><title>A Diary</title><author>Eve Four</author></titleStmt>
 <publicationStmt><date when="2010">2010</date></publicationStmt>
 <sourceDesc><bibl><date when="1815-06">June 1815</date></bibl></sourceDesc>
 </fileDesc></teiHeader><text><front><p>Front</p></front><body>{body}</body></text></TEI>"""


def test_any_other_tei_file_is_one_document(tmp_path):
    body = (
        '<div><pb n="1"/><head>June</head><p>The <choice><sic>freind</sic><corr>friend</corr>'
        "</choice><lb/>came <seg>at</seg> dawn.</p><fw>A DIARY</fw><p>Rain.</p></div>"
    )
    (diary,) = read_tei(write(tmp_path, GENERIC.format(body=body), "my diary.tei"), MINE)
    assert diary.document_id == "mine/my-diary"
    assert (diary.title, diary.creator, diary.date) == ("A Diary", "Eve Four", "1815-06")
    assert diary.text == "Front\n\nJune\n\nThe freind came at dawn.\n\nRain."
    assert diary.collection == MINE


def test_of_several_readings_of_an_edition_one_is_in_the_text(tmp_path):
    body = (
        '<p>He slew the <app><lem wit="#A">lion</lem><rdg wit="#B">tiger</rdg></app> on 4 '
        '<app><rdg wit="#A">June</rdg><rdgGrp><rdg wit="#B">July</rdg></rdgGrp></app> 1348.</p>'
    )
    (chronicle,) = read_tei(write(tmp_path, GENERIC.format(body=body)), MINE)
    assert own_text(chronicle).endswith("He slew the lion on 4 June 1348.")
    aside = chronicle.excluded[-1].of(chronicle.text)
    assert "tiger" in aside
    assert "July" in aside


LETTERS = (
    '<div type="letter"><head>To Ann</head><opener><dateline>York, <date when="1781-02-03">3'
    "</date></dateline></opener><p>He <del>fled</del><add>stood</add>, the admi-<lb/>ral said.</p>"
    '<closer><signed>Bob</signed></closer></div><div type="letter"><head>To Bob</head><opener>'
    '<date when="1781-03-03">3 March</date></opener><p>Dear.</p></div>'
)


def test_letters_in_one_body_are_documents(tmp_path):
    path = write(tmp_path, GENERIC.format(body=LETTERS))
    ann, bob, front = read_tei(path, MINE)
    assert (ann.title, ann.creator, ann.date) == ("To Ann, in A Diary", "Bob", "1781-02-03")
    assert (bob.date, front.text) == ("1781-03-03", "Front")
    own = text_without_notes(ann)
    assert "He stood, the admi-\nral said." in own
    assert "fled" in ann.excluded[0].of(ann.text)


def test_who_signed_the_one_letter_of_a_text_in_a_group_wrote_it(tmp_path):
    letter = LETTERS.partition("</div>")[0] + "</div>"
    texts = "".join(f"<text><body>{n}</body></text>" for n in (letter, "<div><p>A log.</p></div>"))
    group = (
        "<TEI xmlns='http://www.tei-c.org/ns/1.0'><teiHeader><fileDesc><titleStmt><title>Papers"
        "</title><author>Various</author></titleStmt></fileDesc></teiHeader>"
        f"<text><group>{texts}</group></text></TEI>"
    )
    assert [n.creator for n in read_tei(write(tmp_path, group), MINE)] == ["Bob", None]


def test_a_transcription_by_lines_is_read(tmp_path):
    lines = "<sourceDoc><surface><zone><line>He ſtood</line><line>there.</line></zone></surface>"
    text = f"<TEI xmlns='http://www.tei-c.org/ns/1.0'><teiHeader/>{lines}</sourceDoc></TEI>"
    (document,) = read_tei(write(tmp_path, text), MINE)
    assert document.text == "He ſtood\nthere."


def test_a_body_without_text_is_refused(tmp_path):
    assert "without any text" in refusal(
        write(tmp_path, GENERIC.format(body="<p/>").replace(">Front<", "><"))
    )


def test_other_xml_is_refused(tmp_path):
    assert "not TEI" in refusal(write(tmp_path, "<rss><channel/></rss>"))


@pytest.mark.parametrize("content", ["", "no xml", VOLUME[:900]])
def test_broken_xml_is_refused(tmp_path, content):
    assert "not well-formed" in refusal(write(tmp_path, content))


def test_an_entity_bomb_is_refused(tmp_path):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE TEI [<!ENTITY e0 "ha">{levels}]><TEI><text><body>&e9;</body></text></TEI>'
    assert "entities" in refusal(write(tmp_path, bomb))


def test_an_entity_bomb_in_an_attribute_is_refused(tmp_path):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE TEI [<!ENTITY e0 "ha">{levels}]><TEI n="&e9;"><text/></TEI>'
    refusal(write(tmp_path, bomb))


def test_an_entity_that_reads_a_file_is_refused(tmp_path):
    secret = write(tmp_path, "the secret", "secret.txt")
    entity = f'<!DOCTYPE TEI [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    body = "<TEI><text><body><p>&x;</p></body></text></TEI>"
    assert "the secret" not in refusal(write(tmp_path, entity + body))


def test_an_undeclared_entity_is_refused(tmp_path):
    body = "<TEI><text><body><p>10&nbsp;a year</p></body></text></TEI>"
    assert "entities" in refusal(write(tmp_path, body))


def test_an_entity_of_a_dtd_that_is_not_loaded_is_not_lost_silently(tmp_path):
    doctype = '<!DOCTYPE TEI SYSTEM "tei.dtd">'
    body = "<TEI><text><body><p>10 &pound; a year</p></body></text></TEI>"
    assert "entities" in refusal(write(tmp_path, doctype + body))


def test_every_document_of_the_real_volumes_is_read():
    files = sorted((DATA / "frus" / "volumes").glob("*.xml"))
    if not files:
        pytest.skip(f"no FRUS volumes in {DATA}: set SOURCE_FINDER_DATA")
    from lxml import etree

    for path in files:
        root = etree.parse(str(path), etree.XMLParser(collect_ids=False)).getroot()
        divs = "//t:div[@type='document']"
        expected = [
            f"{path.stem}/{div.get('{http://www.w3.org/XML/1998/namespace}id')}"
            for div in root.xpath(divs, namespaces=NAMESPACES)
        ]
        enclosures = f"{divs}//*[local-name()='attachment']"
        marked = root.xpath(f"{divs} | {enclosures}", namespaces=NAMESPACES)
        documents = list(read_tei(path, MINE))
        assert [
            document.document_id
            for document, element in zip(documents, marked, strict=True)
            if element.tag.endswith("}div")
        ] == expected
        for document, element in zip(documents, marked, strict=True):
            check_real(document, element, set(marked))


def check_real(document: SourceDocument, div, marked) -> None:
    text = document.text
    starts = [place.span.start for place in document.locators]
    assert starts == sorted(starts)
    assert all(0 <= p.span.start < p.span.end <= len(text) for p in document.locators)
    assert "".join(p.span.of(text) for p in document.locators) == text_without_notes(document)
    # Nothing but white space may be lost or added: compared without any.
    inside = div.xpath(".//text()[not(ancestor::t:note or ancestor::t:del)]", namespaces=NAMESPACES)
    own = [part for part in inside if holder(part, marked) is div]
    words = [part for part in own if not is_mark(part)]
    gaps = text_without_notes(document).replace("[…]", "")
    assert "".join(gaps.split()) in {
        "".join("".join(parts).replace("[…]", "").split()) for parts in (own, words)
    }
    day = r"\d{4}(-\d\d){0,2}\??"
    assert document.date is None or re.fullmatch(f"{day}(/{day})?", document.date)
    assert text == text.strip()
    assert document.title
    headed = not document.title.startswith("Enclosure ")
    assert not headed or document.title in " ".join(text.split())
    assert ("editorial note" in document.title.casefold()) == (document.kind == "editorial")


def is_mark(part) -> bool:
    """Return whether a piece of text is a raised figure: of a note, or of a number."""
    return part.is_text and part.getparent().get("rend") == "superscript" and part.isdecimal()


def holder(part, marked):
    """Return the document, or the enclosure, that a piece of text stands in."""
    element = part.getparent() if part.is_text else part.getparent().getparent()
    while element not in marked:
        element = element.getparent()
    return element


def text_without_notes(document: SourceDocument) -> str:
    at = document.text.rfind("\n\nNotes\n\n")
    return document.text if at < 0 else document.text[:at]


def test_an_enclosure_has_its_own_writer_date_and_page(tmp_path):
    enclosed = (
        "<frus:attachment><head>Mr. Hobbs to Mr. Strand</head><opener><dateline>Zenda, "
        '<date when="1894-11-02">2 November</date></dateline></opener><p>The brig was seized.</p>'
        '<pb n="9"/><p>More.</p><closer><signed>J. Hobbs, Consul.</signed></closer>'
        "<frus:attachment><p>A list of the crew.</p></frus:attachment></frus:attachment></div>"
    )
    letter, own, within = read(tmp_path, LETTER.replace("</div>", enclosed))
    assert "brig" not in letter.text
    assert letter.date == "1901-03-04"
    assert (own.document_id, within.document_id) == (
        f"{letter.document_id}/enclosure-1",
        f"{letter.document_id}/enclosure-2",
    )
    assert (own.date, own.creator) == ("1894-11-02", "J. Hobbs, Consul")
    assert own.title == "Mr. Hobbs to Mr. Strand"
    assert cited(own).endswith(", enclosure 1")
    assert "crew" not in own.text
    assert (within.date, within.creator) == ("1901?", None)
    assert within.locators[0].label == "p. 9"


def test_a_range_is_no_first_day(tmp_path):
    bounds = (
        '<div frus:doc-dateTime-min="1949-01-01T00:00:00-05:00" '
        'frus:doc-dateTime-max="1950-12-31T23:59:59-05:00" '
    )
    assert read(tmp_path, LETTER.replace("<div ", bounds, 1))[0].date == "1949/1950"


TEXT = "<TEI><teiHeader><fileDesc><titleStmt><title>{0}</title><author>{1}</author></titleStmt>"
TEXT += '<sourceDesc><bibl><date when="{2}"/></bibl></sourceDesc></fileDesc></teiHeader>'
TEXT += "<text><body><p>{3}</p></body></text></TEI>"


def test_each_text_of_a_corpus_is_a_document(tmp_path):
    inner = "<teiCorpus>" + TEXT.format("C", "Cleo", "1782", "Third.") + "</teiCorpus>"
    corpus = (
        "<teiCorpus><teiHeader><fileDesc><titleStmt><title>All</title></titleStmt></fileDesc>"
        "</teiHeader>"
        + TEXT.format("A", "Ann", "1780-02-03", "First.")
        + TEXT.format("B", "Bea", "1781", "Second.")
        + inner
        + "</teiCorpus>"
    )
    texts = list(read_tei(write(tmp_path, corpus, "all.xml"), MINE))
    assert [(t.title, t.creator, t.date, t.text) for t in texts] == [
        ("A", "Ann", "1780-02-03", "First."),
        ("B", "Bea", "1781", "Second."),
        ("C", "Cleo", "1782", "Third."),
    ]
    assert len({t.document_id for t in texts}) == 3


@pytest.mark.parametrize(
    ("filed", "creator"),
    [
        ("Holt, Ann.", "Ann Holt"),
        ("Holt, Ann, 1601-1660", "Ann Holt"),
        ("Ann Holt", "Ann Holt"),
        ("T. H.", "T. H."),
    ],
)
def test_a_corpus_of_the_old_kind_is_read_and_its_authors_are_named_as_documents_do(
    tmp_path, filed, creator
):
    text = TEXT.format("A", filed, "1641", "First.")
    text = text.replace("<TEI>", "<TEI.2>").replace("</TEI>", "</TEI.2>")
    corpus = f"<teiCorpus.2><teiHeader/>{text}{text.replace('First.', 'Second.')}</teiCorpus.2>"
    texts = list(read_tei(write(tmp_path, corpus, "all.xml"), MINE))
    assert [(t.creator, t.text) for t in texts] == [(creator, "First."), (creator, "Second.")]


def test_each_text_of_a_group_is_a_document_and_nothing_is_lost(tmp_path):
    group = (
        "<TEI><teiHeader><fileDesc><titleStmt><title>Papers</title></titleStmt></fileDesc>"
        "</teiHeader><text><front><p>Found in a barn.</p></front><group>"
        '<text xml:id="a"><body><head>Letter</head><pb n="7"/><p>One.</p></body></text>'
        "<group><text><body><p>Two.</p></body></text></group></group>"
        "<back><div><p>A deposition.</p></div></back></text></TEI>"
    )
    texts = list(read_tei(write(tmp_path, group, "papers.xml"), MINE))
    assert [t.text for t in texts] == [
        "Found in a barn.",
        "Letter\n\nOne.",
        "Two.",
        "A deposition.",
    ]
    assert texts[0].kind == "editorial"
    assert texts[1].title == "Letter, in Papers"
    assert texts[1].document_id == "mine/papers/a"


def test_front_and_back_of_a_text_are_read(tmp_path):
    text = (
        "<TEI><text><front><titlePage><docTitle>THE WAR</docTitle></titlePage>"
        "<div type='preface'><p>Why I write.</p></div></front><body><p>It began.</p></body>"
        "<back><div type='appendix'><p>A letter.</p></div><div type='index'><p>Zenda, 4</p></div>"
        "</back></text></TEI>"
    )
    (book,) = read_tei(write(tmp_path, text), MINE)
    assert "Why I write.\n\nIt began.\n\nA letter." in book.text
    assert [span.of(book.text) for span in book.excluded] == ["THE WAR", "Zenda, 4"]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ('300<hi rend="superscript">12</hi> men', "300 men"),
        ('1646<ref target="#n" rend="sup">13</ref>, and', "1646, and"),
        ('the 1<hi rend="sup">st</hi> of May', "the 1st of May"),
        ('5 km<hi rend="superscript">2</hi>', "5 km²"),
        ('the town<ref type="noteAnchor" target="#n">a</ref> fell', "the town fell"),
    ],
)
def test_a_raised_number_is_no_part_of_the_word(tmp_path, written, read_as):
    (text,) = read_tei(
        write(tmp_path, f"<TEI><text><body><p>{written}</p></body></text></TEI>"), MINE
    )
    assert text.text == read_as


@pytest.mark.parametrize(
    ("line", "writer"),
    [
        ("<byline>By John Holt, Esq.</byline>", "John Holt"),
        ("<docAuthor>J. Holt</docAuthor>", "J. Holt"),
        ("<byline>by <docAuthor>John Holt</docAuthor></byline>", "John Holt"),
        ("<byline>By Ann Lee</byline>", None),
        ("<byline>Translated by John Holt</byline>", None),
    ],
)
def test_a_division_by_another_hand_is_a_document_of_its_own(tmp_path, line, writer):
    path = tmp_path / "life.xml"
    path.write_text(
        '<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt>'
        "<title>My Life</title><author>Ann Lee</author></titleStmt></fileDesc></teiHeader><text>"
        f"<front><div><head>Preface</head>{line}<p>She was brave.</p></div></front>"
        "<body><div><head>One</head><p>I went to sea.</p></div></body></text></TEI>",
        encoding="utf-8",
    )
    book, *parts = read_tei(path, MINE)
    assert book.creator == "Ann Lee"
    assert [(part.creator, part.title) for part in parts] == (
        [(writer, "Preface, in My Life")] if writer else []
    )
    assert ("She was brave." in book.text) is (writer is None)
    assert "I went to sea." in book.text


def test_the_persons_of_a_play_are_lines(tmp_path):
    path = tmp_path / "play.xml"
    path.write_text(
        '<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><front><castList><castItem>Anders, a miller'
        "</castItem><castItem>Eva, his wife</castItem></castList></front><body><sp><speaker>Eva"
        "</speaker><p>Go.</p></sp></body></text></TEI>",
        encoding="utf-8",
    )
    (document,) = read_tei(path, MINE)
    assert document.text.startswith("Anders, a miller\nEva, his wife\n\nEva")
    said = [(place.span.of(document.text).strip(), place.label) for place in document.locators]
    assert said[0] == ("Anders, a miller\nEva, his wife", "paragraph 1")
    assert said[-1] == ("Go.", f"paragraph {len(said)}")
