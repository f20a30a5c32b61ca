"""Plain text, Markdown and Project Gutenberg files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reads import gather

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.readers.plain import read_plain
from rag.ingest.shared.decoding import BLANK_LINES, LINES, paragraph_locators
from rag.language import fold
from rag.wording import cited

DATA = Path(os.environ.get("SOURCE_FINDER_DATA", Path(__file__).parents[2] / "shared" / "data"))
MINE = Collection("mine", "Mine")

HEADER = """The Project Gutenberg eBook of A Soldier's Recollections

Title: A Soldier's Recollections
       With Some Letters

Author: Jane Roe

Release Date: June 1, 2004 [eBook #98765]
{extra}
"""
START = "*** START OF THE PROJECT GUTENBERG EBOOK A SOLDIER'S RECOLLECTIONS ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK A SOLDIER'S RECOLLECTIONS ***"
BODY = "\n\nCHAPTER I.\n\nWe marched at dawn,\nand rested at noon.\n\nNobody spoke.\n\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def read(path: Path) -> SourceDocument:
    (document,) = read_plain(path, MINE)
    return document


def test_the_text_is_the_decoded_file(tmp_path):
    raw = "Première ligne\r\n\r\nSeconde — fin\r\n".encode()
    document = read(write(tmp_path, "note.txt", raw))
    assert document.text.encode("utf-8") == raw
    assert [p.label for p in document.locators] == ["paragraph 1", "paragraph 2"]
    assert document.locators[1].span.of(document.text) == "Seconde — fin\r\n"
    assert (document.kind, document.excluded, document.creator) == ("unknown", (), None)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9", "café"),
        (b"caf\xe9 \x93quoted\x94", "café “quoted”"),
        (b"caf\xe9 \x81", "café \x81"),
        ("café".encode("utf-16"), "café"),
    ],
    ids=["utf-8 with mark", "Windows-1252", "Latin-1", "UTF-16"],
)
def test_encodings(tmp_path, raw, text):
    assert read(write(tmp_path, "a.txt", raw)).text == text


@pytest.mark.parametrize("raw", [b"", b"  \r\n\n \t", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path, raw):
    with pytest.raises(UnreadableSource, match=r"empty\.txt holds no text"):
        read(write(tmp_path, "empty.txt", raw))


@pytest.mark.parametrize("raw", [bytes(range(256)), b"PK\x03\x04zip", "text\0".encode("utf-16-le")])
def test_a_binary_file_is_refused(tmp_path, raw):
    with pytest.raises(UnreadableSource, match="not a text file"):
        read(write(tmp_path, "binary.txt", raw))


@pytest.mark.parametrize("end_of_line", ["\n", "\r\n"])
def test_gutenberg_head_and_foot_are_excluded(tmp_path, end_of_line):
    file = HEADER.format(extra="") + START + BODY + END + "\n\nThe licence.\n"
    document = read(write(tmp_path, "pg98765.txt", file.replace("\n", end_of_line)))
    head, foot = (span.of(document.text) for span in document.excluded)
    assert head.rstrip("\r").endswith(START)
    assert foot.startswith(END)
    assert foot.rstrip().endswith("The licence.")
    paragraphs = [p.span.of(document.text).split()[0] for p in document.locators]
    assert paragraphs == ["CHAPTER", "We", "Nobody"]
    assert not any(p.span.overlaps(gap) for p in document.locators for gap in document.excluded)


def test_gutenberg_header_gives_title_author_kind(tmp_path):
    document = read(write(tmp_path, "x.txt", HEADER.format(extra="") + START + BODY))
    assert document.title == "A Soldier's Recollections"
    assert (document.creator, document.kind) == ("Jane Roe", "memoir")
    # The date of the file is not the date of the book.
    assert document.date is None
    assert document.url == "https://www.gutenberg.org/ebooks/98765"
    assert cited(document) == (
        "Jane Roe, A Soldier's Recollections (Project Gutenberg eBook 98765), "
        "https://www.gutenberg.org/ebooks/98765"
    )


def test_the_original_edition_dates_a_book(tmp_path):
    extra = "Original publication: New York: Smith, 1887"
    document = read(write(tmp_path, "x.txt", HEADER.format(extra=extra) + START + BODY))
    assert document.date == "1887"


def test_the_small_print_of_older_files_is_excluded(tmp_path):
    small = "Title: Old Days\n\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"
    file = f"{small}\n{BODY}\nEnd of Project Gutenberg's Old Days, by Jane Roe\n"
    document = read(write(tmp_path, "old.txt", file))
    assert document.title == "Old Days"
    assert [span.of(document.text).split("\n")[0] for span in document.excluded] == [
        "Title: Old Days",
        "End of Project Gutenberg's Old Days, by Jane Roe",
    ]


def test_a_work_of_two_volumes_is_not_cut_at_the_first(tmp_path):
    both = "End of Project Gutenberg's Old Days, by Jane Roe\n\n" + END
    first = "\nEnd of Project Gutenberg's Old Days, Volume 1\n\n"
    file = START + BODY + first + BODY * 20 + both + "\n\nThe licence.\n"
    document = read(write(tmp_path, "complete.txt", file))
    head, foot = (span.of(document.text) for span in document.excluded)
    assert (head, foot) == (START, both + "\n\nThe licence.\n")


def test_a_text_about_project_gutenberg_is_left_whole(tmp_path):
    document = read(write(tmp_path, "a.txt", "Title: Mine\n\nThe end of Project X.\n\nMore."))
    assert document.excluded == ()
    assert document.title == "a"


def test_markdown_takes_its_first_heading_as_title(tmp_path):
    assert read(write(tmp_path, "a.md", "Intro\n\n# Letters of 1812 #\n\nText")).title == (
        "Letters of 1812"
    )
    assert read(write(tmp_path, "b.txt", "# no heading in plain text")).title == "b"


@pytest.mark.parametrize("separator", [LINES, BLANK_LINES])
@pytest.mark.parametrize(
    "text",
    ["", " \n\n ", "one", "\n\none\n\ntwo", "a\r\n\r\nb\r\n", "a\rb\r\rc", "a\n \t\n\n\nb\n"],
)
def test_paragraphs_tile_whatever_they_are_given(text, separator):
    places = paragraph_locators(text, separator)
    assert "".join(p.span.of(text) for p in places) == text.lstrip()
    assert all(p.span.of(text)[0].strip() for p in places)


def test_a_wrapped_line_is_no_paragraph():
    assert len(paragraph_locators("a\r\nb\r\n\r\nc\r\nd", BLANK_LINES)) == 2
    assert len(paragraph_locators("a\r\nb\r\n\r\nc\r\nd", LINES)) == 4


def test_paragraphs_stay_within_their_part():
    text = "head\n\none\n\ntwo\n\nfoot"
    places = paragraph_locators(text, BLANK_LINES, Span(4, 16))
    assert [p.span.of(text).strip() for p in places] == ["one", "two"]


def test_real_gutenberg_files():
    files = sorted((DATA / "gutenberg").glob("*.txt"))
    if not files:
        pytest.skip(f"no Project Gutenberg files in {DATA}: set SOURCE_FINDER_DATA")
    read_all = [list(read_plain(path, MINE)) for path in files]
    documents = [first for first, *_ in read_all]
    assert [part.creator for _, *parts in read_all for part in parts] == [
        "Wm. Lloyd Garrison",
        "Wendell Phillips",
        "John Albert Macy",
        "John Albert Macy",
    ]
    for document, path in zip(documents, files, strict=True):
        assert "\ufeff" + document.text == path.read_bytes().decode("utf-8")
        assert len(document.excluded) >= 2, path
        kept = document.text[document.excluded[0].end : document.excluded[-1].start]
        assert "PROJECT GUTENBERG" not in kept.upper(), path
        assert len(document.locators) > 100
        assert document.creator
        assert document.url == f"https://www.gutenberg.org/ebooks/{path.stem}"
    memoirs = {path.stem for d, path in zip(documents, files, strict=True) if d.kind == "memoir"}
    assert memoirs == {"2010", "23", "2323", "2397", "3846", "3891", "4367"}


FRONT = (
    '---\n# second proof\ntitle: "Diary of Lt. Crewe"\nauthor: [Josiah Crewe]\ndate: 1813-09-10\n'
)
FRONT += (
    "tags: [navy]\nlicense: Public domain\n---\n\n# Entry\n\nThe Lawrence struck her colours.\n"
)


@pytest.mark.parametrize("name", ["diary.md", "diary.txt"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_front_matter_is_about_the_text_and_no_evidence(tmp_path, name, line_end):
    text = FRONT.replace("\n", line_end)
    path = tmp_path / name
    path.write_bytes(text.encode())
    (diary,) = read_plain(path, MINE)
    assert diary.text == text
    assert (diary.title, diary.creator, diary.date) == (
        "Diary of Lt. Crewe",
        "Josiah Crewe",
        "1813-09-10",
    )
    assert diary.rights == "Public domain"
    (front,) = diary.excluded
    assert front.of(text).endswith(f"---{line_end}")
    assert diary.locators[0].span.of(text).startswith("# Entry")


@pytest.mark.parametrize("text", ["---\n\nA rule above.\n\n---\n\nText.", "--- a\nb: c\n---\n"])
def test_a_rule_is_no_front_matter(tmp_path, text):
    path = tmp_path / "a.md"
    path.write_text(text)
    assert next(read_plain(path, MINE)).excluded == ()


def test_front_matter_in_toml_is_read(tmp_path):
    path = tmp_path / "a.md"
    path.write_text('+++\ntitle = "Log"\ndate = 1813-09-10\n+++\nText.')
    (log,) = read_plain(path, MINE)
    assert (log.title, log.date) == ("Log", "1813-09-10")


AUSTRALIA = (
    "\nProject Gutenberg Australia\n\nTitle: A Voyage\nAuthor: Elias Thorne\n"
    "* A Project Gutenberg of Australia eBook *\neBook No.: 0300999.txt\nLanguage: English\n\n"
    "Project Gutenberg of Australia eBooks are created from printed editions\nin the public "
    "domain.\n\n{rule}\n\nTitle: A Voyage\nAuthor: Elias Thorne\n\n"
)
CANADA = (
    "* A Distributed Proofreaders Canada eBook *\n\nThis eBook is made available at no cost.\n\n"
    "Title: A Voyage\nDate of first publication: 1851\nAuthor: Elias Thorne\n"
    "Faded Page eBook #20200101\n\nThis eBook was produced by: volunteers\n\n"
)


@pytest.mark.parametrize(
    ("head", "foot", "library", "date"),
    [
        (
            AUSTRALIA.format(rule="-" * 60),
            "THE END\n\nThis site is full of FREE ebooks - Project Gutenberg Australia\n",
            "Project Gutenberg Australia eBook 0300999",
            None,
        ),
        (
            CANADA,
            "[End of A Voyage, by Elias Thorne]\n",
            "Distributed Proofreaders Canada eBook 20200101",
            "1851",
        ),
    ],
)
def test_the_sister_projects_of_gutenberg_are_known(tmp_path, head, foot, library, date):
    book = "CHAPTER I.\n\nOn the 4th of May 1791 we anchored.\n\n"
    path = tmp_path / "0300999.txt"
    path.write_text(head + book + foot)
    (voyage,) = read_plain(path, MINE)
    assert (voyage.title, voyage.creator, voyage.date) == ("A Voyage", "Elias Thorne", date)
    assert library in cited(voyage)
    excluded = "".join(span.of(voyage.text) for span in voyage.excluded)
    assert "anchored" not in excluded
    assert "public domain" in excluded or "at no cost" in excluded
    assert foot.splitlines()[-1] in excluded


@pytest.mark.parametrize("mark", ["[Pg 47]", "{47}", "[p. 47]"])
def test_a_mark_of_a_page_within_a_word_leaves_it_whole(tmp_path, mark):
    other = "\n\n".join(f"{mark.replace('47', str(n))}\n\nPage {n} says more." for n in (48, 49))
    path = tmp_path / "a.txt"
    path.write_text(f"The admi{mark}ral hanged two\ndeserters {mark} there.\n\n{other}\n")
    (book,) = read_plain(path, MINE)
    kept = fold(book.text, None, book.excluded).text
    assert kept.startswith("The admiral hanged two\ndeserters there.")


@pytest.mark.parametrize(
    ("marks", "labels"),
    [
        (("[fol. 12r]", "[fol. 12v]", "[fol. 13r]"), ("fol. 12r", "fol. 12v", "fol. 13r")),
        (("[f. 3]", "[f. 4]", "[f. 5]"), ("fol. 3", "fol. 4", "fol. 5")),
        (("[leaf 7 recto]", "[leaf 7 verso]", "[leaf 8 recto]"), ("fol. 7 recto",)),
    ],
)
def test_leaves_of_a_manuscript_are_cited(tmp_path, marks, labels):
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(f"{mark}\n\nThe scribe was paid." for mark in marks))
    (book,) = read_plain(path, MINE)
    assert tuple(place.label for place in book.locators)[: len(labels)] == labels
    assert [span.of(book.text) for span in book.excluded] == list(marks)


def numbered(written: str, *, below: bool, cut: bool) -> str:
    ends = ("and he said that", "which was never paid by") if cut else ("He left.", "Snow fell.")
    texts = [f"The clerk of sheet {n} was paid, {end}" for n, end in enumerate((*ends, "Amen."))]
    pages = [(written.format(n), text) for n, text in enumerate(texts, start=41)]
    return "\n\n".join(part for page in pages for part in (reversed(page) if below else page))


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize(("written", "cut"), [("- {} -", False), ("   [{}]", False), ("{}", True)])
def test_numbers_on_lines_by_themselves_are_those_of_pages(tmp_path, written, cut, below):
    path = tmp_path / "a.txt"
    path.write_text(numbered(written, below=below, cut=cut))
    (book,) = read_plain(path, MINE)
    assert [place.label for place in book.locators] == ["p. 41", "p. 42", "p. 43"]
    for number, place in enumerate(book.locators):
        assert f"sheet {number}" in place.span.of(book.text)
    assert "41" not in fold(book.text, None, book.excluded).text


def test_numbers_above_chapters_are_no_pages(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(numbered("{}", below=False, cut=False))
    (book,) = read_plain(path, MINE)
    assert book.excluded == ()


@pytest.mark.parametrize("rule", ["-----------", "  =========", "———————"])
@pytest.mark.parametrize("mark", ["(1)", "1", "*"])
def test_notes_below_a_typed_rule_are_set_aside_and_go_on_below_the_next(tmp_path, rule, mark):
    path = tmp_path / "a.txt"
    behind = f" {mark}" if mark.startswith("(") else mark
    path.write_text(
        f"France would not{behind}\n{rule}\n{mark} A copy has 'gladly', from one"
        f"\n\fsend troops to Holland.\n{rule}\nHarley had.\n\fSummer came.\n{rule}\nIt was dry.\n"
    )
    (book,) = read_plain(path, MINE)
    kept = " ".join(fold(book.text, None, book.excluded).text.split())
    assert (
        kept == f"France would not send troops to Holland. Summer came. {rule.strip()} It was dry."
    )


def test_notes_that_raised_figures_refer_to_are_set_aside(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("He lost 300¹² men.\n\nHe fled.¹³\n\n12 Carte says 400.\n\n13. To Sarn.\n")
    (book,) = read_plain(path, MINE)
    assert fold(book.text, None, book.excluded).text.strip() == "He lost 300 men.\n\nHe fled."
    path.write_text("He lost 300¹² men.\n\n14 guns were taken.\n")
    (book,) = read_plain(path, MINE)
    assert book.excluded == ()


LIBRARY_NOTICE = (
    "This {made} is in the public domain in some\ncountries. If you live elsewhere, look there.\n\n"
)


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        (
            "* A Distributed Proofreaders Canada eBook *\n\nThis eBook is free.\nhttps://www.fadedpage.com"
            "\n\n"
            + LIBRARY_NOTICE.format(made="work")
            + "_Title:_ A Voyage\n\n_Author:_ Elias Thorne "
            "(1790-1860)\n\n_Date first posted:_ May 4, 2019\n\nFaded Page eBook #20190504\n\n",
            "[The end of _A Voyage_ by Elias Thorne]\n",
        ),
        (
            "Project Gutenberg Canada ebook #12\n\n* A Project Gutenberg Canada Ebook *\n\n"
            + LIBRARY_NOTICE.format(made="book")
            + "Title: A Voyage\nAuthor: Thorne, Elias (1790-1860)\n"
            "Edition used as base for this ebook:\n   London: Murray, 1825\n\n",
            "End of Project Gutenberg Canada ebook #12\n",
        ),
        (
            "***The Project Gutenberg Etext of A Voyage, by Elias Thorne***\n\nInformation\n\n"
            "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n",
            "End of The Project Gutenberg Etext of A Voyage, by Elias Thorne\n",
        ),
    ],
)
def test_all_of_a_librarys_head_is_set_aside_and_says_who_wrote_the_book(tmp_path, head, foot):
    path = tmp_path / "12.txt"
    path.write_text(f"{head}In May we anchored.\n\nThe Gutenberg press was aboard.\n\n{foot}")
    (voyage,) = read_plain(path, MINE)
    assert (voyage.title, voyage.creator) == ("A Voyage", "Elias Thorne")
    kept = fold(voyage.text, None, voyage.excluded).text.strip()
    assert kept == "In May we anchored.\n\nThe Gutenberg press was aboard."


@pytest.mark.parametrize(
    ("name", "front"),
    [
        (
            "a.txt",
            "#+TITLE: The Rose\n#+AUTHOR: Ann Holt\n#+DATE: 1813-09-10\n#+LANG: en\n",
        ),
        (
            "a.md",
            '{\n "title": "The Rose",\n "author": "Ann Holt",\n "date": "1813-09-10"\n}\n',
        ),
        (
            "a.md",
            "Title: The\n   Rose\nAuthor: Ann Holt\nDate: 1813-09-10\nKeywords: navy\n",
        ),
        (
            "a.html",
            "---\ntitle: The Rose\nauthor: Ann Holt\ndate: 1813-09-10\ntags: [navy]\n---\n",
        ),
        (
            "a.html",
            '\ufeff+++\ntitle = "The Rose"\nauthor = "Ann Holt"\ndate = 1813-09-10\n+++\n',
        ),
    ],
)
def test_front_matter_of_other_programs_is_about_the_text(tmp_path, name, front):
    path = tmp_path / name
    path.write_text(f"{front}\nThe Rose struck at noon.\n", encoding="utf-8")
    (log,), skipped = gather(path)
    assert not skipped
    assert (log.title, log.creator, log.date) == ("The Rose", "Ann Holt", "1813-09-10")
    assert fold(log.text, None, log.excluded).text.strip() == "The Rose struck at noon."


def test_what_a_program_sets_above_a_page_of_the_web_is_about_it(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(
        "Title: The Rose\n\nURL Source: https://example.org/log\n\n"
        "Published Time: 2011-07-04T10:00:00+00:00\n\nMarkdown Content:\nThe Rose struck at noon.\n"
    )
    (log,) = read_plain(path, MINE)
    assert (log.title, log.url, log.date) == ("The Rose", "https://example.org/log", None)
    assert fold(log.text, None, log.excluded).text.strip() == "The Rose struck at noon."


def test_a_text_that_is_json_is_no_front_matter(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text('{"note": "The Rose struck at noon."}\n\nShe was sold.\n')
    (log,) = read_plain(path, MINE)
    assert not log.excluded


def test_running_heads_of_a_plain_text_are_its_pages(tmp_path):
    heads = ["88 HISTORY OF THE FORTS.", "THE GARRISON. 89", "90 HISTORY OF THE FORTS."]
    heads += ["THE GARRISON. 91", "92 HISTORY OF THE FORTS.", "THE GARRISON. 93"]
    text = "\n\n\n".join(
        f"{head}\n\nMatter {n} of the fort was\nput off." for n, head in enumerate(heads)
    )
    path = tmp_path / "forts_djvu.txt"
    path.write_text(text)
    (forts,) = read_plain(path, MINE)
    assert forts.text == text
    assert [span.of(text) for span in forts.excluded] == heads
    assert [place.label for place in forts.locators] == [f"p. {n}" for n in range(88, 94)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "He lost 300[12] men.\n\n[Footnote 12: Carte [II] says 400.\n\nHe errs.]",
            "He lost 300 men.",
        ),
        ("He lost 300[1] men.\n\n[1] Carte says 400.", "He lost 300 men."),
        ("He lost 300 men.(*4)\n\n (*4) NOTE.--Carte says\n400.", "He lost 300 men."),
        ("He lost 300 men[*] there.\n\n[*] Carte says 400.", "He lost 300 men there."),
        ("He went, [Sidenote: 1745.] he said.", "He went, he said."),
        (
            "He went.\n(His tour (of the hills) is told\nelsewhere.--F.D.) He came.",
            "He went. He came.",
        ),
        ("He went. [The date is surely wrong.—Ed.] He came.", "He went. He came."),
        (
            "He met them (among others Mr. J. B. Holt).",
            "He met them (among others Mr. J. B. Holt).",
        ),
        ("The [Illustration: The fort] fort fell.", "The fort fell."),
        (
            "The fort [_sic_] and [sic] fell [Transcriber's note: blank].",
            "The fort [sic] and fell.",
        ),
        ("Transcriber's Note: Spelling kept.\n\nThe fort fell.", "The fort fell."),
        ("[1] The first point.\n\n[2] The second.", "[1] The first point. [2] The second."),
        ("He said [Holt] was there [in May].", "He said [Holt] was there [in May]."),
    ],
)
def test_notes_in_a_plain_text_are_no_words_of_the_author(tmp_path, text, wanted):
    document = read(write(tmp_path, "a.txt", text))
    assert " ".join(fold(document.text, None, document.excluded).text.split()) == wanted


def test_references_to_pages_of_another_book_are_no_pages(tmp_path):
    text = "\n\n".join(f"Carte says so in part {n} [p. {n}]." for n in (45, 130, 212, 30))
    document = read(write(tmp_path, "a.txt", text))
    assert [place.label for place in document.locators] == [f"paragraph {n}" for n in (1, 2, 3, 4)]
    assert not document.excluded


@pytest.mark.parametrize("mark", ["[Pg {}]", "[Page {}]", "{{{}}}", "[p. {}]"])
def test_pages_that_a_transcriber_marked(tmp_path, mark):
    text = "".join(f"{mark.format(n)}Of matter {n} he spoke and re-\n" for n in (12, 13, 14))
    document = read(write(tmp_path, "a.txt", text))
    assert [place.label for place in document.locators] == ["p. 12", "p. 13", "p. 14"]
    said = fold(document.text, None, document.excluded).text
    assert "reOf" not in said
    assert "[" not in said


def test_heads_of_every_chapter_count_the_pages(tmp_path):
    heads = ["THE FORTS. 87", "88 HISTORY OF IT.", "THE GARRISON. 89", "90 HISTORY OF IT."]
    text = "\n\n".join(f"{head}\n\nHe was ordered to with-" for head in heads)
    document = read(write(tmp_path, "a.txt", f"{text}\n\ndraw."))
    assert [place.label for place in document.locators] == [f"p. {n}" for n in range(87, 91)]


@pytest.mark.parametrize(
    "heads",
    [
        ["Chapter 1", "Chapter 2", "Chapter 3"],
        ["LETTER 1", "LETTER 2", "LETTER 3", "LETTER 4"],
        ["Article 1", "Article 2", "Article 3"],
        ["In the year 1848", "In the year 1849", "In the year 1850"],
    ],
)
def test_numbered_headings_of_a_plain_text_are_no_pages(tmp_path, heads):
    text = "\n\n".join(f"{head}\n\nThe envoys met again. They did not agree." for head in heads)
    document = read(write(tmp_path, "a.txt", f"A HISTORY\n\n{text}"))
    assert not [place.label for place in document.locators if place.label.startswith("p. ")]
    assert document.excluded == ()


@pytest.mark.parametrize("day", ["May {}", "{} May", "Tuesday, May {}."])
def test_the_days_of_a_diary_are_evidence_and_no_pages(tmp_path, day):
    days = [f"{day.format(n)}\n\nwe set out early & made 12 miles" for n in (3, 4, 5, 9)]
    document = read(write(tmp_path, "a.txt", "\n\n".join(days)))
    assert not [place.label for place in document.locators if place.label.startswith("p. ")]
    assert document.excluded == ()


def test_what_stands_before_the_first_page_has_no_number_below_one(tmp_path):
    pages = [f"THE FORTS. {n}\n\nmarched, and he was ordered to" for n in (1, 2, 3)]
    document = read(write(tmp_path, "a.txt", "\n\n".join(["A title", *pages])))
    assert [place.label for place in document.locators] == ["p. 1", "p. 2", "p. 3"]


@pytest.mark.parametrize(
    "bold", ["**Q:** When did it close?", "*Anders*: It closed.", "** A bold ** word"]
)
def test_emphasis_in_an_interview_is_no_note(tmp_path, bold):
    said = f"**Q:** And you?\n\n**A:** I went to sea.\n\n{bold}\n\n**A:** In 1931.\n"
    for name in ("a.md", "a.txt"):
        assert read(write(tmp_path, name, said)).excluded == ()


@pytest.mark.parametrize(
    ("before", "label"), [("He came. " * 20, "p. 11"), ("He came. " * 900, "")]
)
def test_what_stands_before_the_first_running_head_is_one_page_at_most(tmp_path, before, label):
    page = "The fort was held by nine men who would not give it up and so they were all"
    pages = [f"THE HOLM WAR {n}" if n % 2 else f"{n} THE HOLM WAR" for n in range(12, 18)]
    text = before + "".join(f"\n\n{head}\n\n{page * 4}" for head in pages)
    document = read(write(tmp_path, "war.txt", text))
    assert document.locate(Span(0, 5)) == label
    assert document.locators[-1].label == "p. 17"


def test_whose_relative_an_author_is_stands_not_before_the_name(tmp_path):
    head = HEADER.format(extra="").replace("Jane Roe", "(Her Sister) Captain Ann Roe")
    document = read(write(tmp_path, "a.txt", f"{head}{START}{BODY}{END}"))
    assert document.creator == "Captain Ann Roe"
