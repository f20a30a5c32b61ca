"""HTML: reading order, encodings, metadata, and pages that are not well made."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.readers.html import read_html
from rag.ingest.shared.blocks import short
from rag.language import fold
from rag.wording import cited

MINE = Collection("mine", "Mine")


def write(folder: Path, content: str | bytes, name: str = "page.html") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def read(folder: Path, content: str | bytes, name: str = "page.html") -> SourceDocument:
    (document,) = read_html(write(folder, content, name), MINE)
    return document


PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Letters &amp; Papers</title>
<style>p { color: red }</style><script>var x = "hidden";</script>
<meta name="DC.creator" content="Ann One"><meta name="DC.creator" content="Bob Two">
<meta property="article:published_time" content="1999-01-02T00:00:00Z">
<meta name="dcterms.created" content="1812-06"><meta name="dc.rights" content="Public domain">
<link rel="canonical" href="https://example.org/letters"></head>
<body><nav><ul><li>Home</li></ul></nav><h1>Letters</h1>
<p>We marched at <i>dawn</i>,<br>and rested (<b>at
 noon</b>).</p>loose words
<h2>Second letter</h2><p>Nobody&nbsp;spoke.</p><blockquote><p>Quoted.</p><footer>Tacitus</footer>
</blockquote><p>After.</p><noscript>Turn it on</noscript><footer>© the site</footer></body></html>
"""


def test_blocks_in_reading_order(tmp_path):
    document = read(tmp_path, PAGE)
    assert document.text.split("\n\n") == [
        "Letters",
        "We marched at dawn,\nand rested (at noon).",
        "loose words",
        "Second letter",
        "Nobody spoke.",
        "Quoted.",
        "Tacitus",
        "After.",
    ]


def test_sections_and_paragraphs_are_the_locators(tmp_path):
    document = read(tmp_path, PAGE)
    places = [(place.span.of(document.text), place.label) for place in document.locators]
    assert places[0] == ("Letters", "section Letters, paragraph 1")
    assert places[2] == ("loose words", "section Letters, paragraph 2")
    assert places[3] == ("Second letter", "section Second letter, paragraph 1")
    assert places[-1] == ("After.", "section Second letter, paragraph 4")


def test_without_headings_paragraphs_are_counted(tmp_path):
    document = read(tmp_path, "<h1>Only a title</h1><p>One.<p>Two.")
    labels = [place.label for place in document.locators]
    assert labels == ["paragraph 1", "paragraph 1", "paragraph 2"]


def test_metadata(tmp_path):
    document = read(tmp_path, PAGE)
    assert document.document_id == "mine/page"
    assert (document.title, document.creator) == ("Letters & Papers", "Ann One and Bob Two")
    # When the letter was written, not when it was put on the web.
    assert (document.date, document.rights) == ("1812-06", "Public domain")
    assert document.url == "https://example.org/letters"
    assert cited(document) == "Ann One and Bob Two, Letters & Papers (file page.html)"


def test_the_first_heading_is_the_title_for_want_of_one(tmp_path):
    body = "<svg><title>Drawing</title></svg><h1>The  Crown</h1><p>x</p>"
    assert read(tmp_path, body).title == "The Crown"
    assert read(tmp_path, "<p>x", name="my_page.htm").title == "my page"


def test_an_authors_page_is_no_author(tmp_path):
    page = '<meta property="article:author" content="https://example.org/ann"><p>x'
    assert read(tmp_path, page).creator is None


def test_a_date_with_slashes(tmp_path):
    page = '<meta name="citation_publication_date" content="1964/11/02"><p>x'
    assert read(tmp_path, page).date == "1964-11-02"


WORDS = "<p>Żółć “café” — Škoda</p>"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('<meta charset="windows-1252"><p>“caf\xe9” – it’s'.encode("cp1252"), "“café” – it’s"),
        ("<p>“caf\xe9” – it’s".encode("cp1252"), "“café” – it’s"),
        # As browsers have it, this label means Windows-1252.
        ('<meta charset="iso-8859-1"><p>“caf\xe9”'.encode("cp1252"), "“café”"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>Мир'.encode(
                "koi8-r"
            ),
            "Мир",
        ),
        ('<?xml version="1.0" encoding="iso-8859-2"?><p>Škoda'.encode("iso-8859-2"), "Škoda"),
        ("<p>Żółć".encode("utf-16"), "Żółć"),
        (b"\xef\xbb\xbf<meta charset=koi8-r><p>caf\xc3\xa9", "café"),
        # A declaration that cannot be true, and two that are no encodings of text.
        (b"<meta charset=ascii><p>caf\xc3\xa9\x81", "cafÃ©\x81"),
        (b"<meta charset=rot13><p>caf\xc3\xa9", "café"),
        (b"<meta charset=unicode_escape><p>\\ud800", "\\ud800"),
        (b"<meta charset=utf-16><p>caf\xc3\xa9", "café"),
    ],
)
def test_encodings(tmp_path, raw, text):
    assert read(tmp_path, raw).text == text


def test_tables_and_lists(tmp_path):
    page = """<table><tr><th>Year</th><th>Guns</th></tr><tr><td><p>1900</p></td><td>12</td></tr>
    </table><ul><li>peace,</li><li>honour.</li></ul><pre>one\n  two\n\nthree</pre>"""
    assert read(tmp_path, page).text.split("\n\n") == [
        "Year\tGuns\n1900\t12",
        "peace,\nhonour.",
        "one\ntwo",
        "three",
    ]


def test_invisible_characters_do_not_part_words(tmp_path):
    assert read(tmp_path, "<p>rati&shy;fied\u2060—at once\u200b").text == "ratified—at once"


def test_a_page_from_project_gutenberg(tmp_path):
    page = """<title>The Project Gutenberg eBook of Old Days</title><body>
    <section class="pg-boilerplate" id="pg-header"><p id="pg-header-heading">The eBook</p>
    <p>Title: Old Days</p><p>Author: Jane Roe</p>
    <p>Release date: June 1, 2004 [eBook #98765]</p>
    <p>*** START OF THE PROJECT GUTENBERG EBOOK OLD DAYS ***</p></section>
    <h2>I</h2><p>We marched.</p>
    <section id="pg-footer"><p>*** END OF THE PROJECT GUTENBERG EBOOK OLD DAYS ***</p>
    <p>The licence.</p></section>"""
    document = read(tmp_path, page)
    head, foot = (span.of(document.text) for span in document.excluded)
    assert head.startswith("The eBook\n\nTitle: Old Days")
    assert head.endswith("OLD DAYS ***")
    assert foot.endswith("The licence.")
    assert [place.span.of(document.text) for place in document.locators] == ["I", "We marched."]
    assert (document.title, document.creator) == ("Old Days", "Jane Roe")
    assert document.url == "https://www.gutenberg.org/ebooks/98765"


def test_boilerplate_within_boilerplate(tmp_path):
    page = '<div id="pg-header"><b class="pg-boilerplate">A</b><p>still</p></div><p>Words.</p>'
    document = read(tmp_path, page)
    assert [span.of(document.text) for span in document.excluded] == ["A\n\nstill"]


def test_an_old_gutenberg_page_without_marked_sections(tmp_path):
    page = """<pre>Title: Old Days\n\n*** START OF THIS PROJECT GUTENBERG EBOOK OLD DAYS ***</pre>
    <p>We marched.</p><pre>End of the Project Gutenberg EBook of Old Days\n\nLicence</pre>"""
    document = read(tmp_path, page)
    assert [place.span.of(document.text) for place in document.locators] == ["We marched."]
    assert len(document.excluded) == 2


@pytest.mark.parametrize("raw", [b"", b"  \n", b"<script>x()</script>", b"<html></html>"])
def test_a_page_without_text_is_refused(tmp_path, raw):
    with pytest.raises(UnreadableSource, match=r"page\.html holds no text"):
        read(tmp_path, raw)


def test_a_binary_file_is_refused(tmp_path):
    with pytest.raises(UnreadableSource, match="not a text file"):
        read(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0")


def test_a_page_nested_too_deep_is_refused_not_cut_short(tmp_path):
    page = "<p>The beginning.</p>" + "<font>" * 5000 + "the end"
    with pytest.raises(UnreadableSource, match="has tags nested thousands deep"):
        read(tmp_path, page)
    assert read(tmp_path, "<div>" * 1500 + "the end").text == "the end"


def test_xhtml_with_and_without_faults(tmp_path):
    head = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    sound = f"{head}<body><p><a id='x'/>One</p><script src='y'/><p>Two</p></body></html>"
    assert read(tmp_path, sound, "a.xhtml").text == "One\n\nTwo"
    assert read(tmp_path, sound.replace("</p></body>", ""), "b.xhtml").text == "One\n\nTwo"
    assert read(tmp_path, sound.replace("One", "1&nbsp;000"), "c.xhtml").text == "1 000\n\nTwo"


def test_entities_are_neither_expanded_nor_read_from_files(tmp_path):
    secret = write(tmp_path, "the secret", "secret.txt")
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE html [<!ENTITY e0 "ha">{levels}<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    document = read(tmp_path, f"{doctype}<html><body><p>A &e9; &f; b</p></body></html>", "x.xhtml")
    assert "secret" not in document.text
    assert len(document.text) < 40
    assert document.text.startswith("A ")


def test_long_headings_are_cut_at_a_word():
    assert short("A title:") == "A title"
    assert short("word " * 40) == "word " * 15 + "word…"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("300<sup>12</sup> men", "300 men"),
        ('40<sup><a href="#n13">13</a></sup> men', "40 men"),
        ('1646<a href="#n14" epub:type="noteref">14</a>, and', "1646, and"),
        ('the town<a href="#Footnote_1" class="fnanchor">[A]</a> fell', "the town fell"),
        ('500 marks<a href="#fn3">[3]</a>', "500 marks"),
        ('lost 7<span style="vertical-align: super">4</span> guns', "lost 7 guns"),
        ('500<span style="position:relative; top:-0.5em; font-size:70%">12</span> men', "500 men"),
        ('9<span style="bottom: .4em; position: relative">1</span> guns', "9 guns"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("5 km<sup>2</sup> and 10<sup>6</sup>", "5 km² and 10⁶"),
        ("3<sup>1</sup>/<sub>2</sub> miles", "3 1/2 miles"),
        ('500 marks<a class="footnote" href="#f1">*</a>', "500 marks"),
        ('He died<span class="mw-editsection">[edit]</span>.', "He died."),
        ('see <a href="#ch2">2</a> and <a href="x.html">page 3</a>', "see 2 and page 3"),
    ],
)
def test_the_mark_of_a_note_is_no_part_of_a_word(tmp_path, written, read_as):
    assert read(tmp_path, f"<p>{written}</p>").text == read_as


@pytest.mark.parametrize(
    "note",
    [
        '<p id="n1">1. Found in the archive.</p>',
        '<p><a id="n1"></a>1. Found in the archive.</p>',
        '<ol class="references"><li>Found in the archive.</li></ol>',
        '<aside epub:type="footnote">Found in the archive.</aside>',
        '<section role="doc-endnotes"><h2>Notes</h2><p>Found in the archive.</p></section>',
        "<h2>NOTES</h2><p>1. Found in the archive.</p>",
        "<h2>Footnotes</h2><ol><li>Found in the archive.</li></ol>",
        '<h2>Notes</h2><p id="n1">1. One.</p><p>Found in the archive.</p>',
        '<p class="tnote">Found in the archive.</p>',
        "<h2>Transcriber's Notes</h2><p>Found in the archive.</p>",
        "<p>[Transcriber's Note: Found in the archive.]</p>",
    ],
)
def test_notes_are_read_and_no_evidence(tmp_path, note):
    page = f'<p>The town fell<a href="#n1" class="noteref">1</a> in May.</p>{note}<h2>End</h2><p>x'
    document = read(tmp_path, page)
    excluded = "".join(span.of(document.text) for span in document.excluded)
    assert "Found in the archive." in excluded
    assert "The town fell in May." in document.text
    assert "fell" not in excluded


@pytest.mark.parametrize("opened", ['span class="footnote"', "del", 'span class="sidenote"', "s"])
def test_a_note_within_a_line_is_set_aside(tmp_path, opened):
    aside = f"<{opened}>Found in the archive.</{opened.split()[0]}>"
    page = f"<p>The town {aside}fell.</p><p>Then.</p>"
    document = read(tmp_path, page)
    assert document.text == "The town fell.\n\nFound in the archive.\n\nThen."
    assert [span.of(document.text) for span in document.excluded] == ["Found in the archive."]


@pytest.mark.parametrize(
    "mark",
    [
        '<span class="pagenum" id="Page_48">48</span>',
        '<span class="pagenum"><a id="Page_48">[Pg 48]</a></span>',
        '<span epub:type="pagebreak" title="48"></span>',
        '<a role="doc-pagebreak" aria-label="page 48" id="x"></a>',
        '<a id="page48"></a>',
        "[Pg 48]",
        '<span class="tei-pb">[p. 48]</span>',
        '<span class="ws-pagenum" data-page-number="48">\u200b</span>',
    ],
)
def test_printed_pages_are_places_and_no_words(tmp_path, mark):
    document = read(tmp_path, f"<p>We saw the admi{mark}ral hang.</p><p>Then.</p>")
    assert document.text == "We saw the admiral hang.\n\nThen."
    labels = [(place.span.of(document.text), place.label) for place in document.locators]
    assert labels == [
        ("We saw the admi", "paragraph 1"),
        ("ral hang.", "p. 48"),
        ("Then.", "p. 48"),
    ]
    assert document.locate(Span(0, len(document.text))) == "paragraph 1, p. 48"


@pytest.mark.parametrize(
    "own",
    [
        '<div id="cookie-banner">We use cookies.</div>',
        '<div class="share-buttons">Share on Facebook</div>',
        '<p><a href="a.html">Back to the index</a> | <a href="b.html">Next</a></p>',
        "<aside>Related: best shoes</aside>",
        '<div class="ws-noexport">Chapter 2</div>',
    ],
)
def test_what_is_a_sites_own_is_no_evidence(tmp_path, own):
    document = read(tmp_path, f"{own}<p>The fort fell.</p>")
    aside = "".join(span.of(document.text) for span in document.excluded)
    assert "".join(document.text.split()).removeprefix("".join(aside.split())) == "Thefortfell."


@pytest.mark.parametrize(
    "sheet",
    [
        "<style>@media print {{ {} }}</style>",
        "<style>@media (max-width: 600px) {{ .wide td {{top: 0}} {} }} b {{top: 0}}</style>",
        "<style>@keyframes a {{ 0% {{top: 0}} }} @media screen and (width < 9em) {{ {} }}</style>",
        "<style>/* {} */</style>",
        "<style media='print'>{}</style>",
    ],
)
def test_words_hidden_only_in_print_or_on_small_screens_are_read(tmp_path, sheet):
    page = f"<head>{sheet.format('.text {display: none}')}</head><p class=text>The fort fell.</p>"
    assert read(tmp_path, page).text == "The fort fell."


@pytest.mark.parametrize(
    "sheet",
    [
        "<style>@media print {{ p {{top: 0}} }} {}</style>",
        "<style>@media screen {{ {} }}</style>",
        "<style>@supports (display: grid) {{ {} }}</style>",
        "<style media='screen, print'>{}</style>",
    ],
)
def test_words_that_a_style_sheet_hides_on_a_screen_are_left_out(tmp_path, sheet):
    head = f"<head>{sheet.format('.gone {display: none}')}</head>"
    assert read(tmp_path, f"{head}<p class=gone>It held.</p><p>The fort fell.").text == (
        "The fort fell."
    )


def test_words_for_screen_readers_are_left_out_and_those_moved_a_little_are_not(tmp_path):
    page = (
        "<div class=page-header><h1>Letters</h1></div><p style='margin-left:-100px'>He wrote to "
        "the king<span class=sr-only> (opens in a new window)</span> that the fort fell.</p>"
    )
    assert read(tmp_path, page).text == "Letters\n\nHe wrote to the king that the fort fell."


def test_a_blank_line_parts_paragraphs_and_a_line_end_does_not(tmp_path):
    page = "THE FIRST DAY<br><br>It rained<br>\n<br>THE<br>SECOND<table><td>a<br><br>b</table>"
    expected = "THE FIRST DAY\n\nIt rained\n\nTHE\nSECOND\n\na\nb"
    assert read(tmp_path, f"<body>{page}</body>").text == expected


def test_a_quotation_has_the_marks_that_its_reader_sees(tmp_path):
    page = "<p>He said <q>they cried <q>gold</q> there</q>, and “<q>left</q>”.</p>"
    assert read(tmp_path, page).text == "He said “they cried ‘gold’ there”, and “left”."


@pytest.mark.parametrize("top", ["vertical-align: top", "vertical-align:text-top; width: 4em"])
def test_a_cell_that_begins_at_the_top_keeps_its_figures(tmp_path, top):
    row = (
        f'<tr style="{top}"><td style="{top}">1848</td><td style="{top}">Gold was found.</td></tr>'
    )
    assert (
        read(tmp_path, f"<table>{row}{row}</table>").text.split("\n")[0] == "1848\tGold was found."
    )


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("div.draft p, p.x .gone {display: none}", "The pilot stayed.\n\nThe draft."),
        ("#a > .gone {display: none}", "The pilot stayed.\n\nThe draft."),
        (
            "table .gone, .y .gone {display: none}",
            "The pilot was gone and stayed.\n\nThe draft.",
        ),
    ],
)
def test_a_rule_for_what_stands_within_something_holds_only_there(tmp_path, sheet, said):
    page = (
        f"<head><style>{sheet}</style></head><p class=x id=a>The pilot "
        "<span class=gone>was gone and </span>stayed.</p><p>The draft.</p>"
    )
    assert read(tmp_path, page).text == said


@pytest.mark.parametrize("kind", ["p align=center", "div", "center"])
def test_a_page_number_in_a_paragraph_of_its_own_cuts_no_sentence(tmp_path, kind):
    mark = f"<hr><{kind}>Page 12</{kind.split()[0]}>"
    document = read(tmp_path, f"<p>The master of the</p>{mark}<p>house sold him.</p>")
    assert document.text == "The master of the\nhouse sold him."
    assert document.locators[-1].label == "p. 12"


@pytest.mark.parametrize(
    "own",
    [
        "<div><p>You are viewing an archived web page, collected by the Harbour Library.</p></div>",
        "<p>This snapshot, taken on 14/06/2008, shows web content kept for the Harbour.</p>",
        "<div>This is Google's cache of http://example.org/. It is a snapshot of the page.</div>",
        "<p>The Wayback Machine - https://web.archive.org/web/2005/http://example.org/</p>",
        "<p>© 2003 Harbour Trust. All rights reserved.</p>",
        '<div class="webarchive-banner"><p>Kept for the Harbour.</p></div>',
        '<div id="HEADER"><p>Saved from</p><p>Buy me a coffee</p></div><div id="SOLID"></div>',
        '<div class="entry-meta">Posted on July 4, 2011 by admin</div>',
        '<div id="comments"><h3>One thought</h3><p>They lost 9,000 men.</p></div>',
    ],
)
def test_what_archives_and_sites_say_of_a_page_is_no_paragraph_of_it(tmp_path, own):
    document = read(tmp_path, f"{own}<h1>Letter</h1><p>The fort fell.</p>")
    kept = fold(document.text, None, document.excluded).text
    assert kept.split() == "Letter The fort fell.".split()
    assert document.locate(Span(len(document.text) - 5, len(document.text))) == "paragraph 1"


def test_the_header_of_a_page_that_nobody_kept_stays(tmp_path):
    assert (
        "The mill" in read(tmp_path, '<div id="HEADER"><p>The mill.</p></div><p>It fell.</p>').text
    )


def test_what_an_archive_of_the_web_adds_is_left_out(tmp_path):
    page = (
        '<div id="wm-ipp-base"><div id="wm-ipp">37 captures</div></div>'
        '<p style="display:none">Hidden.</p><div id="donato">Donate.</div><p>The letter.</p>'
    )
    document = read(tmp_path, page)
    assert document.text == "The letter."
    assert [place.label for place in document.locators] == ["paragraph 1"]


@pytest.mark.parametrize(
    ("meta", "date"),
    [
        ('property="article:published_time" content="2011-07-04T12:00:00Z"', None),
        ('name="date" content="2003-05-01"', None),
        ('name="dc.date" content="1775-04-19"', "1775-04-19"),
    ],
)
def test_the_day_on_which_a_page_was_put_on_the_web_is_not_its_date(tmp_path, meta, date):
    page = f'<head><meta {meta}><meta name="author" content="Webmaster"></head><p>x'
    document = read(tmp_path, page)
    assert (document.date, document.creator) == (date, None)


@pytest.mark.parametrize(
    "heading", ["<h3>FOOTNOTES:</h3>", "<p>Notes</p>", "", "<h4>Endnotes</h4>"]
)
@pytest.mark.parametrize("kind", ["footnotes", "endnotes", "transnote"])
def test_what_follows_a_list_of_notes_that_ends_is_text(tmp_path, heading, kind):
    if kind == "transnote":
        heading = heading and "<h3>Transcriber's Note</h3>"
    notes = f'<div class="{kind}">{heading}<p><a id="n1"></a>[1] Others say the 5th.</p></div>'
    page = f'<h2>I</h2><p>We left<a href="#n1">[1]</a> at dawn.</p>{notes}<p>Nobody spoke.</p>'
    document = read(tmp_path, f"<html><body><h1>A Voyage</h1>{page}</body></html>")
    aside = " ".join(span.of(document.text) for span in document.excluded)
    assert "Others say" in aside
    assert "Nobody spoke" not in aside


CONTENTS = [
    '<ul><li><a href="#a">1 Background</a></li><li><a href="#b">2 The siege</a></li></ul>',
    '<table><tr><td><a href="a.html">The Fort</a></td><td>3</td></tr>'
    '<tr><td><a href="b.html">The Fleet</a></td><td>9</td></tr>'
    '<tr><td><a href="c.html">Peace</a></td><td>12</td></tr></table>',
]


@pytest.mark.parametrize("listed", CONTENTS)
def test_a_list_of_links_into_a_book_is_no_evidence_and_names_no_section(tmp_path, listed):
    document = read(
        tmp_path,
        f"<html><body><h1>Contents</h1>{listed}<p>The duke came in May.</p><h2>The Siege</h2>"
        "<p>He left.</p><h2>The Peace</h2><p>All was well.</p></body></html>",
    )
    kept = [place.label for place in document.locators]
    first = "section The Siege, paragraph 1"
    assert kept[:3] == ["paragraph 1", first, first]
    (aside,) = document.excluded
    assert aside.of(document.text).startswith("Contents")
    assert document.text[aside.end :].startswith("\n\nThe duke")


@pytest.mark.parametrize(
    "said",
    [
        '<ul><li>In 1812 <a href="#a">he</a> came.</li><li>She <a href="#b">left</a> it.</li></ul>',
        '<ul><li><a href="https://a.org/x">A letter of 1812</a></li>'
        '<li><a href="https://a.org/y">A letter of 1813</a></li></ul>',
    ],
)
def test_a_list_that_says_something_or_leads_elsewhere_stays(tmp_path, said):
    assert read(tmp_path, f"<html><body><p>Text.</p>{said}</body></html>").excluded == ()
