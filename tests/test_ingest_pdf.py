"""PDF: pages, running heads, broken words, and files that cannot be read."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from pypdf import PdfWriter
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.ocr import Ocr
from rag.ingest.readers.pdf import read_pdf
from rag.ingest.shared.page_text import PAGE_BREAK, rejoin_words, running_lines, tidy_page
from rag.wording import cited

DATA = Path(os.environ.get("SOURCE_FINDER_DATA", Path(__file__).parents[2] / "shared" / "data"))
MINE = Collection("mine", "Mine")
SENTENCES = [
    "The fleet left the harbour in March.",
    "No letter came before the summer.",
    "Grain was dear in every town.",
    "The old minister did not return.",
    "Snow closed the passes early.",
    "A truce was signed at the bridge.",
]


NO_OCR = Ocr("off")
"""OCR has its own tests; here a page without text is to stay one."""


def make(
    path: Path,
    pages: Sequence[Sequence[str]],
    *,
    title: str = "",
    author: str = "",
) -> Path:
    """Write a PDF whose pages hold these lines; an empty page gets a drawing only."""
    canvas = Canvas(str(path), pagesize=A5, invariant=True)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    for lines in pages:
        canvas.rect(5, 5, 20, 20)
        for row, line in enumerate(lines):
            canvas.drawString(40, 550 - 20 * row, line)
        canvas.showPage()
    canvas.save()
    return path


def book(count: int = 6) -> list[list[str]]:
    """Return pages as in a book: a head that alternates, a text, a number at the foot."""
    heads = ["A HISTORY OF RURITANIA", "The Crown and the Duke"]
    return [
        [heads[n % 2], SENTENCES[n], f"Second line about matter {'abcdef'[n]}.", str(n + 101)]
        for n in range(count)
    ]


def read(path: Path) -> SourceDocument:
    (document,) = read_pdf(path, MINE, NO_OCR)
    return document


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableSource) as error:
        list(read_pdf(path, MINE, NO_OCR))
    message = str(error.value)
    assert path.name in message
    assert ";" in message or ":" in message
    return message


def test_every_page_has_its_locator(tmp_path):
    document = read(make(tmp_path / "book.pdf", book()))
    pages = document.locators[:6]
    assert [place.label for place in pages] == [f"p. {n}" for n in range(101, 107)]
    assert "".join(p.span.of(document.text) for p in document.locators) == document.text
    for place, sentence in zip(pages, SENTENCES, strict=True):
        assert sentence in place.span.of(document.text)
    assert document.text.count(PAGE_BREAK) == 5


def test_running_heads_and_page_numbers_stand_aside(tmp_path):
    document = read(make(tmp_path / "book.pdf", book()))
    (aside,) = document.excluded
    assert aside.of(document.text).split("\n\n")[1:] == [
        line for page in book() for line in (page[0], page[-1])
    ]
    assert aside.end == len(document.text)
    body = document.text[: aside.start]
    assert body == PAGE_BREAK.join("\n".join(page[1:-1]) for page in book())


def test_pages_without_numbers_are_said_to_be_counted(tmp_path):
    document = read(make(tmp_path / "a.pdf", [[sentence] for sentence in SENTENCES]))
    assert [place.label for place in document.locators][:2] == ["PDF page 1", "PDF page 2"]
    assert document.locate(Span(0, len(document.text))) == "PDF pages 1–6"


def test_a_page_without_its_number_is_counted_between_the_others(tmp_path):
    pages = book()
    pages[3] = pages[3][:-1]
    labels = [place.label for place in read(make(tmp_path / "a.pdf", pages)).locators[:6]]
    assert labels == [f"p. {n}" for n in range(101, 107)]


def test_a_line_that_says_it_is_a_page_number_is_one(tmp_path):
    document = read(make(tmp_path / "a.pdf", [[*SENTENCES[:3], "Page 7 of 205"]]))
    assert [place.label for place in document.locators][:1] == ["p. 7"]
    assert document.excluded[0].of(document.text).strip() == "Page 7 of 205"


def test_numbers_of_five_figures_in_long_heads_are_pages(tmp_path):
    head = (
        "The Register / Vol. 85, No. 152 / Thursday, August 6, 2020 / Proposed Rules of the Board"
    )
    pages = [[f"{47698 + n} {head}", SENTENCES[n], SENTENCES[-n]] for n in range(1, 5)]
    document = read(make(tmp_path / "a.pdf", pages))
    assert [place.label for place in document.locators][:2] == ["p. 47699", "p. 47700"]


def test_labels_of_the_file_are_used(tmp_path):
    path = make(tmp_path / "book.pdf", book(4))
    writer = PdfWriter(clone_from=path)
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 3, style="/D", start=9)
    writer.write(path)
    writer.close()
    labels = [place.label for place in read(path).locators]
    assert labels[:4] == ["p. i", "p. ii", "p. 9", "p. 10"]


@pytest.mark.parametrize(
    ("title", "author", "expected"),
    [
        ("The Crown", "Eve Four", ("The Crown", "Eve Four")),
        ("Microsoft Word - x.doc", "admin", ("crown of 1812", None)),
        ("untitled", "anonymous", ("crown of 1812", None)),
        ("10811.exe", "", ("crown of 1812", None)),
        ("Letters, vol.iii", "", ("Letters, vol.iii", None)),
        ("2019-04", "user1", ("crown of 1812", None)),
    ],
)
def test_title_and_author_are_taken_if_they_say_something(tmp_path, title, author, expected):
    path = make(tmp_path / "crown_of_1812.pdf", book(1), title=title, author=author)
    document = read(path)
    assert (document.title, document.creator) == expected
    named = f"{expected[1]}, {expected[0]}" if expected[1] else expected[0]
    assert cited(document) == f"{named} (file crown_of_1812.pdf)"


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Signed on February 24, 2017", "2017-02-24"),
        ("24th Feb. 2017", "2017-02-24"),
        ("2/24/2017", "2017-02-24"),
        ("A report of 1964", None),
        ("February 24, 20171", None),
    ],
)
def test_the_day_a_file_was_made_dates_it_only_if_the_page_agrees(tmp_path, line, date):
    path = make(tmp_path / "a.pdf", [[line]])
    writer = PdfWriter(clone_from=path)
    writer.add_metadata({"/CreationDate": "D:20170224133144-06'00'"})
    writer.write(path)
    writer.close()
    assert read(path).date == date


def test_a_page_without_text_does_not_shift_the_others(tmp_path):
    document = read(make(tmp_path / "a.pdf", [["First."], [], ["Third."]]))
    pages = {place.label: place.span.of(document.text).strip() for place in document.locators}
    assert (pages["PDF page 1"], pages["PDF page 3"]) == ("First.", "Third.")


def test_a_scan_is_refused_with_what_to_do(tmp_path):
    message = refusal(make(tmp_path / "scan.pdf", [[], [], []]))
    assert "no text layer" in message
    assert "OCR" in message
    assert "3 pages" in message
    assert "SOURCE_FINDER_OCR" in message


def test_pages_without_text_are_noted(tmp_path):
    document = read(make(tmp_path / "a.pdf", [["First."], [], ["Third."]]))
    why = "OCR is switched off; unset SOURCE_FINDER_OCR to have it read"
    assert document.notes == (f"not read: page 2: {why}",)
    assert document.ocr_confidence is None


def test_an_encrypted_file_is_refused(tmp_path):
    path = make(tmp_path / "secret.pdf", book(2))
    lock(path, "a password")
    assert "password" in refusal(path)


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_file_encrypted_with_an_empty_password_is_read(tmp_path, algorithm):
    path = make(tmp_path / "open.pdf", book(2))
    lock(path, "", algorithm)
    assert SENTENCES[1] in read(path).text


def lock(path: Path, password: str, algorithm: str = "RC4-128") -> None:
    writer = PdfWriter(clone_from=path)
    writer.encrypt(password, "owner", algorithm=algorithm)
    writer.write(path)
    writer.close()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = make(tmp_path / "half.pdf", book())
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept)])
    assert "cut short" in refusal(path)


@pytest.mark.parametrize("raw", [b"", b"\0" * 5000, b" \n"])
def test_an_empty_file_is_refused(tmp_path, raw):
    path = tmp_path / "empty.pdf"
    path.write_bytes(raw)
    assert "is empty" in refusal(path)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"PK\x03\x04....", "Word"),
        (b"\n<!DOCTYPE html><html>404</html>", "HTML"),
        (b"\xff\xd8\xff\xe0 JFIF", "JPEG"),
        (b"just words", "something else"),
    ],
)
def test_a_mislabelled_file_is_named_for_what_it_is(tmp_path, raw, kind):
    path = tmp_path / "wrong.pdf"
    path.write_bytes(raw)
    message = refusal(path)
    assert "not a PDF" in message
    assert kind in message


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
        b"1 0 obj\n<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] >>\nendobj\n",
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids 7 >>\nendobj\n",
    ],
    ids=["nothing", "no pages", "a circle", "wrong types"],
)
def test_a_file_with_nothing_sound_inside_is_refused(tmp_path, inside):
    path = tmp_path / "damaged.pdf"
    path.write_bytes(b"%PDF-1.4\n" + inside + b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n")
    refusal(path)


def test_whatever_byte_is_damaged_the_error_is_ours(tmp_path):
    raw = make(tmp_path / "a.pdf", book(2), title="A title").read_bytes()
    path = tmp_path / "b.pdf"
    outcomes = set()
    for at in range(20, len(raw) - 40, max(1, len(raw) // 150)):
        path.write_bytes(raw[:at] + b"\xff<[" + raw[at + 3 :])
        try:
            outcomes.add(bool(read(path).text))
        except UnreadableSource:
            outcomes.add(False)
    assert outcomes == {True, False}


def test_pypdfs_warnings_are_logged_not_printed(tmp_path, capfd, caplog):
    path = make(tmp_path / "a.pdf", book(2))
    raw = path.read_bytes()
    at = raw.rindex(b"startxref")
    path.write_bytes(raw[:at] + b"startxref\n12345678\n%%EOF\n")
    with caplog.at_level(logging.INFO, logger="rag.ingest.readers.pdf"):
        assert SENTENCES[0] in read(path).text
    assert "warnings from pypdf, first: " in caplog.text
    # Had one reached the root logger, it would be printed where logging is not set up.
    assert {record.name for record in caplog.records} == {"rag.ingest.readers.pdf"}
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("pypdf").propagate
    assert not logging.getLogger("pypdf").handlers


@pytest.mark.parametrize(
    ("page", "whole"),
    [
        ("The treaty was rati-\nfied.", "The treaty was ratified."),
        ("a well-\nknown man, known well", "a well-known man, known well"),
        ("co-operation by co-\noperation", "co-operation by co-operation"),
        ("reform by re-\nform, re and form", "reform by reform, re and form"),
        ("Anglo-\nAmerican", "Anglo-American"),
        ("pro\u00ad\nclaim, pro, claim", "proclaim, pro, claim"),
        ("1914-\n1918", "1914-\n1918"),
        ("he said -\nand left", "he said -\nand left"),
        ("end-", "end-"),
        ("OBLIGA-\nTION", "OBLIGATION"),
        ("the obliga-\nTHE CROWN AND THE DUKE", "the obliga-\nTHE CROWN AND THE DUKE"),
    ],
)
def test_broken_words(page, whole):
    assert rejoin_words([page]) == [whole]


def test_a_word_is_not_joined_to_a_running_foot():
    pages = [f"{name} at\nthe gates of Soekarno-\nVerDate Sep" for name in ("Rain", "Ice", "Fog")]
    assert rejoin_words(pages) == pages


def test_the_rest_of_the_text_decides_how_a_word_is_written():
    assert rejoin_words(["re-\nform", "to re-form the line"])[0] == "re-form"
    assert rejoin_words(["re-\nform", "a reform"])[0] == "reform"


def test_figures_in_tables_are_not_page_numbers():
    rows = {"north": 7, "south": 7, "east": 9, "west": 2}
    pages = [f"Table of the {name}\n{value}\nmore {name}" for name, value in rows.items()]
    assert running_lines(pages) == [(), (), (), ()]


def test_points_of_a_list_are_not_running_heads():
    names = ["north", "south", "east", "west"]
    pages = [f"({n}) In the procedure,\nthe {name}\nis" for n, name in enumerate(names, 1)]
    assert running_lines(pages) == [(), (), (), ()]
    counted = [page.replace("(", "Page ").replace(")", "") for page in pages]
    assert [len(lines) for lines in running_lines(counted)] == [1, 1, 1, 1]


def test_a_head_on_two_pages_is_not_a_running_head():
    assert running_lines(["HEAD\nx one", "HEAD\ny two"]) == [(), ()]


def test_a_page_is_tidied():
    assert tidy_page("\n\na  \n\n\n\nb\ud800\0\fc \n") == "a\n\nb\ufffd\nc"


def test_real_pdfs_with_text():
    files = sorted((DATA / "pdf" / "born_digital").glob("*.pdf"))
    files += sorted((DATA / "pdf" / "jfk_ocr").glob("*.pdf"))[6:]
    if not files:
        pytest.skip(f"no PDF files in {DATA}: set SOURCE_FINDER_DATA")
    for path in files:
        document = read(path)
        assert document.locators, path
        assert "".join(p.span.of(document.text) for p in document.locators) == document.text
        left_out = sum(len(span) for span in document.excluded)
        assert left_out < 0.15 * len(document.text), path  # heads, feet and footnotes
        document.text.encode("utf-8")


def test_real_running_heads():
    path = DATA / "pdf" / "born_digital" / "federal-register-2020-17221.pdf"
    if not path.exists():
        pytest.skip(f"{path} is absent: set SOURCE_FINDER_DATA")
    document = read(path)
    excluded = "".join(span.of(document.text) for span in document.excluded)
    assert excluded.count("Federal Register / Vol. 85, No. 152") == 14
    assert "Operating Procedures" not in excluded
    assert document.date == "2020-08-06"


def test_real_scans_without_text_are_refused():
    files = sorted((DATA / "pdf" / "jfk_scan_no_text").glob("*.pdf"))
    if not files:
        pytest.skip(f"no scans in {DATA}: set SOURCE_FINDER_DATA")
    for path in files:
        assert "OCR" in refusal(path)
