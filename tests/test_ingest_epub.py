"""EPUB: spine order, chapters in the locator, libraries' words set aside, books refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.readers.epub import read_epub, resolve
from rag.ingest.shared import decoding
from rag.ingest.shared.books import chapter_label
from rag.wording import cited

MINE = Collection("mine", "Mine")

CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>"""
METADATA = """<dc:title>Old Days</dc:title><dc:creator id="a">Jane Roe</dc:creator>
<dc:creator opf:role="ill">Sam Pen</dc:creator><dc:date>1887-05</dc:date>
<dc:rights>Public domain</dc:rights><dc:identifier>urn:uuid:1</dc:identifier>"""
PAGE = (
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">{}</html>'
)
NCX = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{}</navMap></ncx>"""


def page(body: str, attributes: str = "") -> str:
    return PAGE.format(f"<head><title>x</title></head><body {attributes}>{body}</body>")


def point(title: str, src: str, inner: str = "") -> str:
    label = f"<navLabel><text>{title}</text></navLabel>"
    return f'<navPoint>{label}<content src="{src}"/>{inner}</navPoint>'


def nav(links: str) -> str:
    return page(f'<nav epub:type="toc"><ol>{links}</ol></nav>')


def make(
    path: Path,
    pages: dict[str, str],
    *,
    metadata: str = METADATA,
    extra: dict[str, str] | None = None,
    spine: list[str] | None = None,
    guide: str = "",
) -> Path:
    """Write an EPUB whose spine is `pages`, in their order unless `spine` gives another."""
    names = [*pages, *(name for name in extra or {} if not name.startswith("META-INF"))]
    items = "".join(
        f'<item id="i{n}" href="{name.replace(" ", "%20")}" '
        f'properties="{"nav" if name == "nav.xhtml" else ""}" media-type="'
        f'{"application/x-dtbncx+xml" if name.endswith(".ncx") else "application/xhtml+xml"}"/>'
        for n, name in enumerate(names)
    )
    refs = "".join(f'<itemref idref="i{names.index(name)}"/>' for name in spine or pages)
    package = f"""<package xmlns="http://www.idpf.org/2007/opf" version="3.0">
    <metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
    {metadata}</metadata><manifest>{items}</manifest><spine>{refs}</spine><guide>{guide}</guide>
    </package>"""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("OEBPS/content.opf", package)
        for name, text in (pages | (extra or {})).items():
            where = name if name.startswith("META-INF") else f"OEBPS/{name}"
            book.writestr(where, text)
    return path


def read(path: Path) -> SourceDocument:
    (document,) = read_epub(path, MINE)
    return document


def places(document: SourceDocument) -> dict[str, str]:
    return {place.span.of(document.text): place.label for place in document.locators}


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableSource) as error:
        list(read_epub(path, MINE))
    assert path.name in str(error.value)
    assert ";" in str(error.value)
    return str(error.value)


CHAPTERS = {
    "b c.xhtml": page("<h2>I</h2><p>We marched.</p><p>It rained.</p>"),
    "a.xhtml": page("<h2>II</h2><p>Nobody spoke.</p>"),
}


def test_the_spine_gives_the_order_not_the_names(tmp_path):
    document = read(make(tmp_path / "old.epub", CHAPTERS))
    assert document.text == "I\n\nWe marched.\n\nIt rained.\n\nII\n\nNobody spoke."
    turned = make(tmp_path / "o.epub", CHAPTERS, spine=["a.xhtml", "b c.xhtml"])
    assert read(turned).text.startswith("II\n\nNobody spoke.\n\nI\n\nWe")


def test_metadata(tmp_path):
    document = read(make(tmp_path / "old.epub", CHAPTERS))
    assert document.document_id == "mine/old"
    assert (document.title, document.creator, document.date) == ("Old Days", "Jane Roe", "1887-05")
    assert (document.rights, document.kind, document.url) == ("Public domain", "unknown", None)
    assert cited(document) == "Jane Roe, Old Days (file old.epub)"
    assert document.excluded == ()


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("<dc:date>0101-01-01T00:00:00+00:00</dc:date>", None),
        ('<dc:date opf:event="modification">2020</dc:date>', None),
        (
            '<dc:date opf:event="conversion">2020</dc:date>'
            '<dc:date opf:event="original-publication">1887</dc:date>',
            "1887",
        ),
    ],
)
def test_only_the_books_own_date_counts(tmp_path, written, date):
    metadata = f"<dc:title>T</dc:title>{written}"
    assert read(make(tmp_path / "a.epub", CHAPTERS, metadata=metadata)).date == date


def test_roles_in_the_way_of_epub_3(tmp_path):
    metadata = """<dc:title>T</dc:title><dc:creator id="x">Ann</dc:creator>
    <dc:creator id="y">Bob</dc:creator><meta refines="#x" property="role">trl</meta>"""
    assert read(make(tmp_path / "a.epub", CHAPTERS, metadata=metadata)).creator == "Bob"


def test_headings_name_the_chapters_where_there_is_no_contents(tmp_path):
    document = read(make(tmp_path / "old.epub", CHAPTERS | {"z.xhtml": page("<p>Fin.</p>")}))
    assert places(document) == {
        "I": "chapter I, paragraph 1",
        "We marched.": "chapter I, paragraph 1",
        "It rained.": "chapter I, paragraph 2",
        "II": "chapter II, paragraph 1",
        "Nobody spoke.": "chapter II, paragraph 1",
        "Fin.": "section 3, paragraph 1",
    }


def test_contents_of_epub_3(tmp_path):
    links = '<li><a href="b%20c.xhtml">The Flight</a></li><li><a href="a.xhtml">CHAPTER II</a></li>'
    document = read(make(tmp_path / "o.epub", CHAPTERS, extra={"nav.xhtml": nav(links)}))
    assert places(document)["It rained."] == "The Flight, paragraph 2"
    assert places(document)["Nobody spoke."] == "chapter II, paragraph 1"


def test_several_chapters_in_one_part(tmp_path):
    body = (
        '<h2 id="c1">Chapter I</h2><p>One.</p><a id="c2"></a><h2>Chapter II</h2><p>Two.</p>'
        '<div id="c3"><p>Three.</p></div>'
    )
    points = "".join(
        point(f"Chapter {n}", f"one.html#c{i}") for i, n in enumerate("I II III".split(), 1)
    )
    more = {"one.html": page(body), "two.html": page("<p>Still three.</p>")}
    document = read(make(tmp_path / "o.epub", more, extra={"toc.ncx": NCX.format(points)}))
    found = places(document)
    assert found["One."] == "chapter I, paragraph 1"
    assert found["Two."] == "chapter II, paragraph 1"
    assert found["Three."] == "chapter III, paragraph 1"
    # A part that the contents do not name goes on with the chapter before it.
    assert found["Still three."] == "chapter III, paragraph 2"


def test_chapters_below_parts_are_named_with_them(tmp_path):
    pages = {f"{n}.xhtml": page(f"<p>Text {n}.</p>") for n in range(4)}
    below = point("I", "1.xhtml")
    points = point("Part I", "0.xhtml", below) + point("Part II", "2.xhtml", point("I", "3.xhtml"))
    document = read(make(tmp_path / "o.epub", pages, extra={"toc.ncx": NCX.format(points)}))
    assert places(document)["Text 1."] == "part I, chapter I, paragraph 1"
    assert places(document)["Text 3."] == "part II, chapter I, paragraph 1"
    flat = point("VOLUME I", "0.xhtml") + below + point("VOLUME II", "2.xhtml")
    flat += point("I", "3.xhtml")
    document = read(make(tmp_path / "p.epub", pages, extra={"toc.ncx": NCX.format(flat)}))
    assert places(document)["Text 1."] == "volume I, chapter I, paragraph 1"
    assert places(document)["Text 3."] == "volume II, chapter I, paragraph 1"
    assert places(document)["Text 2."] == "volume II, paragraph 1"


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Chapter the Last", "Chapter the Last"),
        ("LETTER 12. To the King", "letter 12"),
        ("iv", "iv"),
        ("1848", "1848"),
        ("12. The Bridge", "chapter 12"),
        ("I Go to War", "I Go to War"),
        ("Bookseller’s Note", "Bookseller’s Note"),
    ],
)
def test_chapter_labels(title, label):
    assert chapter_label(title) == label


def test_standard_ebooks_own_pages_are_no_evidence(tmp_path):
    url = "https://standardebooks.org/ebooks/jane-roe/memoirs"
    pages = {
        "text/titlepage.xhtml": page("<h1>Memoirs</h1>", 'epub:type="frontmatter"'),
        "text/imprint.xhtml": page("<p>This ebook is the product of volunteers.</p>"),
        "text/chapter-1.xhtml": page(
            '<section epub:type="chapter"><h2>I</h2><p>We marched.</p></section>'
        ),
        "text/back.xhtml": page('<section epub:type="colophon"><p>Made by.</p></section>'),
        "text/uncopyright.xhtml": page("<p>May you do good.</p>"),
    }
    metadata = f"""<dc:title>Memoirs</dc:title><dc:creator>Jane Roe</dc:creator>
    <dc:identifier>{url}</dc:identifier><dc:date>2020-01-01T00:00:00Z</dc:date>"""
    document = read(make(tmp_path / "m.epub", pages, metadata=metadata))
    assert list(places(document)) == ["I", "We marched."]
    assert [span.of(document.text) for span in document.excluded] == [
        "Memoirs\n\nThis ebook is the product of volunteers.",
        "Made by.\n\nMay you do good.",
    ]
    assert cited(document) == f"Jane Roe, Memoirs (Standard Ebooks), {url}"
    # The date is that of the edition, not of the book.
    assert (document.url, document.date, document.kind) == (url, None, "memoir")


def test_gutenbergs_head_and_foot_are_no_evidence(tmp_path):
    pages = {
        "w.xhtml": page(
            '<div class="x pg-boilerplate"><p>This ebook is for anyone.</p></div>'
            "<h2>Chapter I</h2><p>We marched.</p>"
        ),
        "f.xhtml": page(
            '<section id="pg-footer"><p>*** END OF THE PROJECT GUTENBERG EBOOK ***</p>'
            "<p>The licence.</p></section>"
        ),
    }
    metadata = """<dc:title>Old Days</dc:title><dc:creator>Jane Roe</dc:creator>
    <dc:identifier>http://www.gutenberg.org/98765</dc:identifier><dc:date>2004-06-01</dc:date>"""
    document = read(make(tmp_path / "pg98765.epub", pages, metadata=metadata))
    assert list(places(document)) == ["Chapter I", "We marched."]
    assert len(document.excluded) == 2
    assert document.excluded[1].of(document.text).endswith("The licence.")
    assert document.date is None
    assert cited(document) == (
        "Jane Roe, Old Days (Project Gutenberg eBook 98765), https://www.gutenberg.org/ebooks/98765"
    )


def test_a_contents_page_and_what_the_guide_names_are_no_evidence(tmp_path):
    pages = {
        "t.xhtml": page("<p>CONTENTS</p>"),
        "nav.xhtml": nav('<li><a href="a.xhtml">I</a></li>'),
    }
    guide = '<reference type="copyright-page" href="t.xhtml"/>'
    document = read(make(tmp_path / "o.epub", pages | CHAPTERS, guide=guide))
    assert [span.of(document.text) for span in document.excluded] == ["CONTENTS"]


def test_notes_at_a_chapters_end_leave_the_chapter_evidence(tmp_path):
    notes = '<section epub:type="endnotes"><h2>Notes</h2><ol><li>Carte.</li></ol></section>'
    chapter = page(f'<p>The adm<span epub:type="pagebreak" title="12"/>iral hanged.</p>{notes}')
    document = read(make(tmp_path / "o.epub", {"a.xhtml": chapter}))
    assert document.text.startswith("The admiral hanged.")
    assert [span.of(document.text) for span in document.excluded] == ["Notes\n\nCarte."]


def test_a_missing_part_is_noted(tmp_path):
    path = make(tmp_path / "o.epub", CHAPTERS)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "p.epub", "w") as new:
        for info in old.infolist():
            if info.filename != "OEBPS/a.xhtml":
                new.writestr(info, old.read(info))
    document = read(tmp_path / "p.epub")
    assert document.text.endswith("It rained.")
    assert document.notes == ("1 of 2 parts are missing",)


ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<enc:EncryptedData xmlns:enc="http://www.w3.org/2001/04/xmlenc#">
<enc:EncryptionMethod Algorithm="{}"/></enc:EncryptedData></encryption>"""


def test_an_encrypted_book_is_refused_scrambled_fonts_are_not(tmp_path):
    aes = ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    path = make(tmp_path / "drm.epub", CHAPTERS, extra={"META-INF/encryption.xml": aes})
    assert "DRM" in refusal(path)
    fonts = ENCRYPTION.format("http://www.idpf.org/2008/embedding")
    path = make(tmp_path / "fonts.epub", CHAPTERS, extra={"META-INF/encryption.xml": fonts})
    assert "We marched." in read(path).text


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_book_is_refused(tmp_path, kept):
    path = make(tmp_path / "half.epub", CHAPTERS)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept)])
    assert ("cut short" if kept else "is empty") in refusal(path)


def test_a_damaged_chapter_is_refused_not_left_out(tmp_path):
    path = make(tmp_path / "o.epub", {"a.xhtml": page("<p>" + "We marched. " * 400)})
    raw = path.read_bytes()
    at = raw.index(b"OEBPS/a.xhtml") + 60
    path.write_bytes(raw[:at] + b"\0\0\0\0" + raw[at + 4 :])
    assert "damaged" in refusal(path)


def test_what_is_no_epub_is_refused(tmp_path):
    path = tmp_path / "a.epub"
    path.write_bytes(b"just words")
    assert "not an EPUB" in refusal(path)
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("a.txt", "words")
    assert "META-INF/container.xml is missing" in refusal(path)


def test_a_book_without_text_is_refused(tmp_path):
    assert "no text" in refusal(make(tmp_path / "a.epub", {"a.xhtml": page("<img src='p.jpg'/>")}))


def test_a_bomb_is_refused(tmp_path):
    bomb = page("<p>" + "a" * (3 * decoding.MB) + "</p>")
    assert "unpacked" in refusal(make(tmp_path / "bomb.epub", {"a.xhtml": bomb}))


def test_an_entity_bomb_in_the_package_is_refused(tmp_path):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    path = tmp_path / "e.epub"
    with zipfile.ZipFile(path, "w") as book:
        doctype = f'<!DOCTYPE container [<!ENTITY e0 "ha">{levels}]>'
        book.writestr("META-INF/container.xml", f"{doctype}<container>&e9;</container>")
    assert "entities" in refusal(path)


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("../b.xhtml", "b.xhtml"),
        ("#x", "OEBPS/nav.xhtml#x"),
        ("https://example.org/a", ""),
        ("../../../etc/passwd", "../../etc/passwd"),
        ("http://[x", ""),
    ],
)
def test_links_within_the_book(href, name):
    assert resolve("OEBPS/nav.xhtml", href) == name


def test_a_sentence_goes_on_in_the_next_part_where_each_page_is_one(tmp_path):
    pages = {
        "a.xhtml": page("<p>It rained.</p><p>He wrote that he would</p>"),
        "b.xhtml": page("<p>never surrender the fort. Forty</p>"),
        "c.xhtml": page("<p>men stayed.</p><p>It fell.</p>"),
        "d.xhtml": page("<p>Nobody spoke.</p>"),
    }
    document = read(make(tmp_path / "old.epub", pages))
    assert document.text == (
        "It rained.\n\nHe wrote that he would\nnever surrender the fort. Forty\nmen stayed.\n\n"
        "It fell.\n\nNobody spoke."
    )


def test_what_the_internet_archive_says_of_its_book_is_no_evidence(tmp_path):
    notices = [
        "This book was produced in EPUB format by the Internet Archive.",
        "Created with hocr-to-epub (v.1.0.0)",
        "The text on this page is estimated to be only 43.21% accurate",
    ]
    long = f"<p>{'The envoys met. ' * 2_000}</p>"
    first, made, accurate = (f"<p>{notice}</p>" for notice in notices)
    pages = {"a.xhtml": page(first + made), "b.xhtml": page(f"{long}{accurate}{long}")}
    metadata = "<dc:title>T</dc:title><dc:creator>Thorne, Elias, 1790-1860</dc:creator>"
    document = read(make(tmp_path / "old.epub", pages, metadata=metadata))
    aside = "\n\n".join(span.of(document.text) for span in document.excluded)
    assert aside == "\n\n".join(notices)
    assert document.creator == "Elias Thorne"


@pytest.mark.parametrize(
    ("filed", "creator"),
    [
        ("Thorne, Elias, 1790-1860, author.", "Elias Thorne"),
        ("Elias Thorne, Jr., 1790-1860", "Elias Thorne, Jr."),
        ("Thorne, Elias, Jr., 1790-1860.", "Elias Thorne, Jr."),
        ("Thorne, Elias, Duke of, 1790-1860", "Thorne, Elias, Duke of, 1790-1860"),
        ("Varnow, Department of State, 1850-", "Varnow, Department of State, 1850-"),
    ],
)
def test_the_author_of_a_book_is_turned_only_where_family_and_given_name_are_sure(
    tmp_path, filed, creator
):
    metadata = f"<dc:title>T</dc:title><dc:creator>{filed}</dc:creator>"
    pages = {"a.xhtml": page("<p>The envoys met.</p>")}
    assert read(make(tmp_path / "old.epub", pages, metadata=metadata)).creator == creator


@pytest.mark.parametrize(
    ("isbn", "no_evidence"),
    [("ISBN 978-0-00-712345-6", True), ("ISBN-13: 9780007123456", True), ("ISBN of books", False)],
)
def test_the_page_of_the_publisher_is_no_evidence_though_the_file_does_not_name_it(
    tmp_path, isbn, no_evidence
):
    imprint = f"<p>First published in 1987 by the Holt Press.</p><p>{isbn}</p>"
    pages = {"a.xhtml": page(imprint), "b.xhtml": page("<h1>One</h1><p>The fort fell.</p>")}
    document = read(make(tmp_path / "a.epub", pages))
    aside = " ".join(span.of(document.text) for span in document.excluded)
    assert ("Holt Press" in aside) is no_evidence
    assert "The fort fell" not in aside


def test_a_chapter_that_names_the_number_of_a_book_stays_evidence(tmp_path):
    chapter = "".join(f"<p>In the year {n} the fort fell to the duke again.</p>" for n in range(99))
    pages = {"a.xhtml": page(f"<h1>One</h1>{chapter}<p>See ISBN 978-0-00-712345-6.</p>")}
    assert read(make(tmp_path / "a.epub", pages)).excluded == ()


def test_a_chapter_by_another_hand_is_cited_under_its_own_writer(tmp_path):
    pages = {
        "a.xhtml": page("<h2>Preface</h2><p>By Josiah Crewe</p><p>She was brave.</p>"),
        "b.xhtml": page("<h2>I</h2><p>We marched to the fort at dawn, and nobody spoke.</p>"),
        "c.xhtml": page("<h2>II</h2><p>By Jane Roe</p><p>It rained for a week on the way.</p>"),
    }
    book, preface = read_epub(make(tmp_path / "old.epub", pages), MINE)
    assert (book.creator, preface.creator) == ("Jane Roe", "Josiah Crewe")
    assert preface.text == "Preface\n\nBy Josiah Crewe\n\nShe was brave."
    assert preface.title == "Preface, in Old Days"
    assert [span.of(book.text) for span in book.excluded] == [preface.text]
    assert set(places(preface).values()) == {"Preface, paragraph 1", "Preface, paragraph 2"}
