"""A Zotero library is a collection, described as Zotero describes it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag.wording import cited
from tests.reads import gather
from tests.zotero_library import Item, write_library

LETTER = Item(
    file="Duke 1845.txt",
    kind="letter",
    values={
        "title": "Letter to the gardener",
        "date": "1845-02-14 14 February 1845",
        "url": "https://example.org/letter",
        "rights": "Public domain",
    },
    creators=(("author", "Michael", "of Strelsau"), ("recipient", "", "The gardener")),
)
CHAPTER = Item(
    kind="bookSection",
    content="The Queen's letters were printed long after.",
    values={
        "title": "The Queen to her cousin",
        "bookTitle": "Letters of Zenda",
        "date": "1910-00-00 1910",
        "extra": "Citation Key: flavia\nOriginal Date: 1891-05-09",
        "publisher": "Hope",
        "place": "Strelsau",
    },
    creators=(("author", "Flavia", "Elphberg"), ("editor", "Anthony", "Hope")),
)


def test_each_file_is_described_as_its_item_is(tmp_path: Path) -> None:
    folder = write_library(tmp_path / "Zotero", [LETTER, CHAPTER])
    (letter, chapter), skipped = gather(folder)
    assert skipped == []
    assert (letter.title, letter.creator) == ("Letter to the gardener", "Michael of Strelsau")
    assert (letter.date, letter.rights) == ("1845-02-14", "Public domain")
    assert (letter.url, letter.publication.type) == (LETTER.values["url"], "personal_communication")
    assert letter.collection.title == "Zotero library"
    assert chapter.date == "1891-05-09", "when it was written"
    assert chapter.publication.published == "1910"
    for part in ("Flavia Elphberg", "The Queen to her cousin", "Letters of Zenda"):
        assert part in cited(chapter)
    assert chapter.publication.editors == ("Anthony Hope",)


def test_the_bin_is_left_out_and_what_is_not_there_is_told(tmp_path: Path) -> None:
    away = Item(file="away.txt", content=None)
    linked = tmp_path / "linked.txt"
    linked.write_text("A linked file.", encoding="utf-8")
    items = [
        Item(content="In the bin.", deleted=True),
        away,
        Item(link=str(linked)),
        Item(link="attachments:base/x.txt"),
        Item(file="../../../secret.txt", content=None),
        Item(link=str(linked), group=True),
        Item(file="ours.txt", content="Of the group.", group=True),
    ]
    (tmp_path / "secret.txt").write_text("Not Zotero's.", encoding="utf-8")
    documents, skipped = gather(write_library(tmp_path / "Zotero", items))
    assert [document.text.strip() for document in documents] == ["A linked file.", "Of the group."]
    assert documents[1].collection.title == "Zotero, Ruritania circle"
    reasons = [skip.reason for skip in skipped]
    assert "is not on this computer; open it in Zotero once" in reasons[0]
    assert "Zotero's link to attachments:base/x.txt cannot be followed" in reasons[1]
    assert "is outside its storage" in reasons[2]
    assert "cannot be followed" in reasons[3]
    assert len(reasons) == 4


def test_it_is_read_while_zotero_has_it_open_and_is_not_changed(tmp_path: Path) -> None:
    folder = write_library(tmp_path / "Zotero", [LETTER])
    before = (folder / "zotero.sqlite").read_bytes()
    with closing(sqlite3.connect(folder / "zotero.sqlite")) as zotero:
        zotero.execute("PRAGMA locking_mode = EXCLUSIVE")
        zotero.execute("BEGIN EXCLUSIVE")
        [letter], skipped = gather(folder)
        zotero.rollback()
    assert (letter.title, skipped) == ("Letter to the gardener", [])
    assert (folder / "zotero.sqlite").read_bytes() == before


def test_a_library_that_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "Zotero").mkdir()
    (tmp_path / "Zotero" / "zotero.sqlite").write_bytes(b"no database" * 100)
    (tmp_path / "a.txt").write_text("A", encoding="utf-8")
    documents, [skip] = gather(tmp_path)
    assert [document.text for document in documents] == ["A"]
    assert "cannot be read as a Zotero library" in skip.reason
    assert "close Zotero" in skip.reason


@pytest.mark.parametrize(
    ("stored", "date"),
    [
        ("1848-00-00 1848-1850", "1848/1850"),
        ("1848-00-00 circa 1848", "1848~"),
        ("1850-00-00 [1850?]", "1850?"),
        ("0000-00-00 1840s", "1840/1849"),
        ("1848-05-03 03/05/1848", "1848-05-03"),
    ],
)
def test_a_stretch_or_a_doubtful_year_stays_one(tmp_path: Path, stored: str, date: str) -> None:
    item = Item(content="We met.", values={"title": "A letter", "date": stored})
    (letter,), _ = gather(write_library(tmp_path / "Zotero", [item]))
    assert letter.date == date


def test_who_asked_in_an_interview_is_not_who_said_it(tmp_path: Path) -> None:
    people = (("interviewee", "Amos", "Dell"), ("interviewer", "Ann", "Hope"))
    values = {"title": "Talk", "date": "1902-00-00 1902", "extra": "original-date: 1901"}
    item = Item(kind="interview", content="We met.", values=values, creators=people)
    (talk,), _ = gather(write_library(tmp_path / "Zotero", [item]))
    assert (talk.creator, talk.date) == ("Amos Dell", "1901")
