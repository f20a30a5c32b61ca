"""Chapters of a plain text name the places in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.datatypes import Collection, SourceDocument
from rag.ingest.readers.plain import read_plain

LONG = "The envoys met again and did not agree. " * 30


def read(tmp_path: Path, *paragraphs: str) -> SourceDocument:
    path = tmp_path / "book.txt"
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    (document,) = read_plain(path, Collection("books", "Books"))
    return document


def labels(document: SourceDocument) -> list[str]:
    return [place.label for place in document.locators]


def test_paragraphs_are_counted_in_their_chapter(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "A title",
        "PREFACE.",
        LONG,
        "CHAPTER I. ANCESTRY--BIRTH.",
        LONG,
        LONG,
        "Chapter II",
        LONG,
    )
    assert labels(document) == [
        "paragraph 1",
        *("Preface, paragraph 1", "Preface, paragraph 2"),
        *("chapter I, paragraph 1", "chapter I, paragraph 2", "chapter I, paragraph 3"),
        *("chapter II, paragraph 1", "chapter II, paragraph 2"),
    ]
    both = document.locators[4].span.start, document.locators[5].span.end
    assert document.locate(type(document.locators[0].span)(*both)) == "chapter I, paragraphs 2–3"


def test_a_table_of_contents_is_no_chapter(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "CONTENTS",
        "CHAPTER I. BIRTH",
        "CHAPTER II. SCHOOL",
        "CHAPTER I.",
        LONG,
        "CHAPTER II.",
        LONG,
    )
    assert labels(document)[:3] == ["paragraph 1", "paragraph 2", "paragraph 3"]
    assert labels(document)[3:] == [
        *("chapter I, paragraph 1", "chapter I, paragraph 2"),
        *("chapter II, paragraph 1", "chapter II, paragraph 2"),
    ]


def test_a_number_that_occurs_twice_is_named_with_its_part(tmp_path: Path) -> None:
    document = read(tmp_path, "BOOK I", "Chapter I", LONG, "BOOK II", "Chapter I", LONG)
    assert labels(document)[2::3] == [
        "book I, chapter I, paragraph 2",
        "book II, chapter I, paragraph 2",
    ]


@pytest.mark.parametrize(
    "line", ["Chapter and verse were quoted.", "Part of it burned.", "I", "Book lovers met."]
)
def test_a_sentence_is_no_heading(tmp_path: Path, line: str) -> None:
    document = read(tmp_path, line, LONG, LONG)
    assert labels(document) == ["paragraph 1", "paragraph 2", "paragraph 3"]


@pytest.mark.parametrize(
    "listed",
    [
        ["Contents", " Chapter I. Birth\n Chapter II. School\n Chapter III. War"],
        ["TABLE OF CONTENTS", "CHAPTER I. BIRTH", "CHAPTER II. SCHOOL"],
        [
            "Detailed Contents",
            "Chapter I The child of the\nhouse--the war ..... 3",
            "II. Peace   14",
        ],
        [
            "CONTENTS.",
            "     I.   Birth\n     II.  School, and what\n          Came of it\n     III. War",
        ],
    ],
)
def test_a_table_of_contents_is_no_evidence(tmp_path: Path, listed: list[str]) -> None:
    document = read(tmp_path, "A title", *listed, "CHAPTER I.", LONG, "CHAPTER II.", LONG)
    (aside,) = document.excluded
    assert aside.of(document.text).split() == " ".join(listed).split()


@pytest.mark.parametrize(
    "after", [LONG, "He opened the box and\nits contents were few, and\nhe wept."]
)
def test_what_only_speaks_of_contents_is_evidence(tmp_path: Path, after: str) -> None:
    assert read(tmp_path, "The contents", after, LONG).excluded == ()


def test_numbered_papers_are_named(tmp_path: Path) -> None:
    document = read(
        tmp_path, "THE SPECTATOR.\nNo. I.", LONG, "No. 12. Thursday, March 1, 1711", LONG
    )
    assert labels(document) == [
        *("No. I, paragraph 1", "No. I, paragraph 2"),
        *("No. 12, paragraph 1", "No. 12, paragraph 2"),
    ]


def parts(tmp_path: Path, *paragraphs: str) -> list[tuple[str, str | None]]:
    path = tmp_path / "book.txt"
    head = "Title: My Years at Sea\nAuthor: Ann Holt"
    path.write_text("\n\n".join((head, *paragraphs)), encoding="utf-8")
    documents = list(read_plain(path, Collection("books", "Books")))
    whole = documents[0]
    for part in documents[1:]:
        assert part.document_id.startswith(f"{whole.document_id}/")
        at = whole.text.index(part.text)
        assert any(s.start <= at and at + len(part.text) <= s.end for s in whole.excluded)
        assert all(place.span.end <= len(part.text) for place in part.locators)
        assert part.title.endswith(", in My Years at Sea")
    return [(document.document_id, document.creator) for document in documents[1:]]


BOOK = ("CHAPTER I", LONG, LONG, LONG, "CHAPTER II", LONG, LONG, LONG)


@pytest.mark.parametrize(
    ("heading", "end", "writer"),
    [
        (["PREFACE"], ["WM. REED BRANDT HOLM,", "_May_ 1, 1845."], "Wm. Reed Brandt"),
        (["PREFACE"], ["JOSIAH CREWE.\nHolm, 4 May."], "Josiah Crewe"),
        (["LETTER FROM JOSIAH CREWE, ESQ."], [], "Josiah Crewe"),
        (["APPENDIX I", "By Josiah Crewe"], [], "Josiah Crewe"),
        (["INTRODUCTION\nBY JOSIAH CREWE"], [], "Josiah Crewe"),
        (["Editor's Preface"], ["Josiah Crewe.", "Holm, 4 May 1851."], "Josiah Crewe"),
        (["With an Introduction by Josiah Crewe", "INTRODUCTION"], [], "Josiah Crewe"),
    ],
)
def test_a_part_by_another_hand_is_cited_under_its_own_writer(
    tmp_path: Path, heading: list[str], end: list[str], writer: str
) -> None:
    ((_, creator),) = parts(tmp_path, *heading, LONG, LONG, *end, *BOOK)
    assert creator == writer


@pytest.mark.parametrize(
    ("heading", "end"),
    [
        (["PREFACE BY THE AUTHOR"], []),
        (["PREFACE"], ["ANN HOLT.\nHolm, 4 May."]),
        (["PREFACE"], ["A. HOLT."]),
        (["PREFACE", "By the river"], ["THE AUTHOR."]),
        (["APPENDIX I"], ["JOSIAH CREWE."]),
        (
            ["APPENDIX I", "By Josiah Crewe the fort had been given up before the fleet came in."],
            [],
        ),
    ],
)
def test_a_part_by_the_author_or_by_nobody_that_is_named_stays_in_the_book(
    tmp_path: Path, heading: list[str], end: list[str]
) -> None:
    assert parts(tmp_path, *heading, LONG, LONG, *end, *BOOK) == []


TITLE_PAGE = "MY YEARS AT SEA\n\nWith an Appendix on the Fleet, and its Maps, By Josiah Crewe"
PARTED = (
    TITLE_PAGE,
    "I. MY YEARS AT SEA",
    *("CHAPTER I", LONG, "CHAPTER II", LONG),
    *("II. LETTERS (1787-1801)", "INTRODUCTION", LONG, "  LETTERS (1787-1801)", LONG),
    *("III: AN APPENDIX ON THE FLEET", "CHAPTER I", LONG, "LETTER TO THE DUKE", LONG),
    *("CHAPTER II", LONG),
)


def test_a_part_that_the_title_page_credits_to_another_is_cited_under_that_name(
    tmp_path: Path,
) -> None:
    assert parts(tmp_path, *PARTED) == [("books/book/An-Appendix-On-The-Fleet", "Josiah Crewe")]


def test_titles_of_parts_name_their_chapters_and_letters(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("\n\n".join(PARTED), encoding="utf-8")
    book, appendix = read_plain(path, Collection("books", "Books"))
    assert list(dict.fromkeys(label.rpartition(", ")[0] for label in labels(book))) == [
        *("", "part I", "part I, chapter I", "part I, chapter II"),
        *("part II", "Introduction"),
    ]
    assert labels(book)[-1] == "part II, paragraph 2"
    assert labels(appendix)[-1] == "part III, chapter II, paragraph 2"
    assert "part III, chapter I, paragraph 4" in labels(appendix), "a letter within a chapter"


def test_numbered_titles_of_chapters_are_no_parts(tmp_path: Path) -> None:
    document = read(tmp_path, "I. THE FLIGHT", LONG, "II. THE RETURN", LONG)
    assert not any("part" in label for label in labels(document))


def test_markdown_is_cited_by_its_headings(tmp_path: Path) -> None:
    path = tmp_path / "letters.md"
    said = "# Letters\n\nFound.\n\n## To Ann, 3 May 1781\n\nSir.\n\n## To Bob\n\nMadam.\n"
    path.write_text(said, encoding="utf-8")
    (document,) = read_plain(path, Collection("books", "Books"))
    assert labels(document) == [
        *("paragraph 1", "paragraph 2"),
        *("To Ann, 3 May 1781, paragraph 1", "To Ann, 3 May 1781, paragraph 2"),
        *("To Bob, paragraph 1", "To Bob, paragraph 2"),
    ]
