"""Documents and passages come back as they were stored."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import make_document
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.datatypes import Collection, Locator, Passage, Publication, Span
from rag.index import FORMAT
from rag.index.store import (
    CopiedDocument,
    FileRecord,
    Kept,
    Store,
    StoreWriter,
    assemble,
    document_digest,
    upgrade_store,
    write_near_duplicates,
)
from rag.wording import cited


def write(path: Path, documents) -> Store:
    """Store documents, each with the number of passages given beside it."""
    writer = StoreWriter(path)
    for document, passages in documents:
        made = [
            Passage(document.document_id, Span(i, i + 1), (Span(i, i + 1),))
            for i in range(passages)
        ]
        writer.add(
            document, made, [f"{document.document_id}#{i}".encode() for i in range(passages)]
        )
    writer.end_file(FILE)
    writer.close()
    return Store(path)


FILE = FileRecord("mine.txt", "content", "digest", "state", Collection("mine", "Mine"), "")


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=50), label=st.text(max_size=10), title=st.text(max_size=10))
def test_a_document_comes_back_as_it_was(tmp_path_factory, text, label, title):
    document = make_document(
        text,
        title=title,
        date="1823",
        locators=(Locator(Span(0, len(text)), label),),
        excluded=(Span(0, 0), Span(0, len(text))),
    )
    store = write(tmp_path_factory.mktemp("store") / "sources.sqlite", [(document, 0)])
    assert store.document(0) == document
    store.close()


@pytest.mark.parametrize(
    "text", ["a\x00b", "lone \ud800 surrogate", "😀👍🏽", "one\r\ntwo\r", "\ufeffx"]
)
def test_odd_text_comes_back_unchanged(text, tmp_path):
    store = write(tmp_path / "s.sqlite", [(make_document(text), 1)])
    assert store.document(0).text == text
    assert store.digests() == {"mine/one": document_digest(make_document(text))}
    store.close()


@pytest.mark.parametrize("name", ["a b", "100%", "what?", "#1", "ü"])
def test_a_folder_may_have_any_name(name, tmp_path):
    (tmp_path / name).mkdir()
    store = write(tmp_path / name / "s.sqlite", [(make_document("x"), 1)])
    assert store.document(0).text == "x"
    store.close()


def test_documents_without_passages_do_not_disturb_the_numbers(tmp_path):
    documents = [
        (make_document("abcdef", document_id=f"mine/{i}"), passages)
        for i, passages in enumerate([0, 3, 0, 0, 1, 2, 0])
    ]
    store = write(tmp_path / "s.sqlite", documents)
    expected = [1, 1, 1, 4, 5, 5]
    assert store.document_numbers(np.arange(6)).tolist() == expected
    for row, number in enumerate(expected):
        document, passage = store.passage(row)
        assert document.document_id == passage.document_id == f"mine/{number}"
    assert store.row_bounds.tolist() == [0, 0, 3, 3, 3, 4, 6, 6]
    store.close()


def test_passages_come_back_with_their_sentences_and_keys(tmp_path):
    writer = StoreWriter(tmp_path / "s.sqlite")
    passage = Passage("mine/one", Span(2, 9), (Span(2, 4), Span(5, 9)))
    writer.add(make_document("0123456789"), [passage], [b"\x00key"])
    writer.end_file(FILE)
    writer.close()
    store = Store(tmp_path / "s.sqlite")
    assert store.passage(0)[1] == passage
    assert store.keys() == {b"\x00key": 0}
    assert store.keys_in_order() == [b"\x00key"]
    assert (store.passages_of(0), store.keys_of(0)) == ([passage], [b"\x00key"])
    store.close()


def test_collections_are_kept_once(tmp_path):
    mine = Collection("mine", "Mine", "Public domain", "https://example.org")
    documents = [(make_document("x", document_id=f"mine/{i}", collection=mine), 1) for i in (1, 2)]
    store = write(tmp_path / "s.sqlite", documents)
    assert store.collections == {"mine": mine}
    assert store.document_collections == ["mine", "mine"]
    assert store.document_dates == [None, None]
    store.close()


def test_a_changed_field_changes_the_digest():
    plain = document_digest(make_document("x"))
    changed = [
        make_document("y"),
        make_document("x", title="Two"),
        make_document("x", date="1823"),
        make_document("x", excluded=(Span(0, 1),)),
        make_document("x", locators=(Locator(Span(0, 1), "p. 1"),)),
    ]
    assert len({plain, *map(document_digest, changed)}) == 6


def test_threads_can_read_at_once(tmp_path):
    documents = [(make_document(f"text {i}", document_id=f"mine/{i}"), 2) for i in range(300)]
    store = write(tmp_path / "s.sqlite", documents)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda row: store.passage(row)[0].text, list(range(600)) * 2))
    assert found == [f"text {row // 2}" for row in range(600)] * 2
    store.close()


def test_files_are_remembered_whatever_they_are_called(tmp_path):
    copied = CopiedDocument("mine/two", "wording", "mine/one")
    file = replace(FILE, path=os.fsdecode(b"caf\xe9\n.txt"), copies=(copied,))
    writer = StoreWriter(tmp_path / "s.sqlite")
    read = make_document("x", creator="Anon.", pages=3, ocr_pages=2)
    writer.add(replace(read, creator="Me", date="1823"), [], [], as_read=read)
    writer.end_file(file)
    writer.close()
    store = Store(tmp_path / "s.sqlite")
    assert store.files() == {0: file}
    (entry,) = store.entries()
    assert (entry.file, entry.wording) == (0, read.wording())
    assert store.as_read(0) == read
    assert store.document(0).creator == "Me"
    assert store.pages() == (3, 2)
    store.close()


def test_how_ocr_read_each_page_is_kept(tmp_path):
    places = (Locator(Span(0, 2), "p. 1"), Locator(Span(2, 4), "p. 2", 0.71))
    store = write(tmp_path / "s.sqlite", [(make_document("Text", locators=places), 1)])
    assert store.document(0).locators == places
    assert [store.document(0).ocr_at(place.span) for place in places] == [None, 0.71]
    store.close()


def test_a_writer_that_was_cut_off_goes_on_after_the_last_whole_file(tmp_path):
    path = tmp_path / "s.sqlite"
    writer = StoreWriter(path)
    writer.add(make_document("one"), [], [])
    writer.end_file(FILE)
    writer.add(make_document("half", document_id="mine/two"), [], [])
    writer.close()
    again = StoreWriter(path)
    assert [entry.document_id for entry in again.before.entries()] == ["mine/one"]
    assert (again.documents, again.files) == (1, 1)
    again.close()


def test_a_writer_that_was_cut_off_at_its_first_step_begins_anew(tmp_path):
    half = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
    half.execute("BEGIN")
    half.execute("CREATE TABLE collections (collection_id TEXT)")
    half.close()  # as if the process had ended here
    write(tmp_path / "s.sqlite", [(make_document("x"), 1)]).close()


def test_stores_are_put_together_in_any_order(tmp_path):
    one = write(tmp_path / "1.sqlite", [(make_document("a", document_id="m/a"), 2)])
    two = [(make_document(t, document_id=f"m/{t}"), n) for t, n in [("b", 1), ("c", 0), ("d", 3)]]
    other = write(tmp_path / "2.sqlite", two)
    kept = [Kept(1, 2, 0), Kept(0, 0, 1), Kept(1, 0, 0)]
    files = [FILE, replace(FILE, path="other.txt")]
    path = tmp_path / "new.sqlite"
    assemble(path, (one.path, other.path), kept, files, {"mine": Collection("mine", "New title")})
    write_near_duplicates(path, [(0, 2)])
    store = Store(path)
    assert [store.document(n).text for n in range(3)] == ["d", "a", "b"]
    assert store.row_bounds.tolist() == [0, 3, 5, 6]
    keys = ["m/d#0", "m/d#1", "m/d#2", "m/a#0", "m/a#1", "m/b#0"]
    assert store.keys_in_order() == [key.encode() for key in keys]
    assert [store.passage(row)[0].document_id for row in range(6)] == [k[:3] for k in keys]
    assert [entry.file for entry in store.entries()] == [0, 1, 0]
    assert store.collections["mine"].title == "New title"
    assert [store.near_duplicates(n) for n in range(3)] == [("m/b",), (), ("m/d",)]
    assert store.near_groups() == [("m/d", "m/b")]
    for opened in (one, other, store):
        opened.close()


FORMAT_1 = """
CREATE TABLE collections (
    collection_id TEXT PRIMARY KEY, title TEXT NOT NULL, rights TEXT NOT NULL, url TEXT
);
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, document_id TEXT NOT NULL, title TEXT NOT NULL,
    creator TEXT, date TEXT, collection_id TEXT NOT NULL, url TEXT, kind TEXT NOT NULL,
    citation TEXT NOT NULL, origin TEXT NOT NULL, text BLOB NOT NULL,
    locators TEXT NOT NULL, excluded TEXT NOT NULL, rights TEXT, ocr_confidence REAL,
    notes TEXT NOT NULL, file_digest TEXT NOT NULL, digest BLOB NOT NULL,
    first_row INTEGER NOT NULL, passages INTEGER NOT NULL
);
CREATE INDEX documents_by_file ON documents (file_digest);
CREATE UNIQUE INDEX documents_by_id ON documents (document_id);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, sentences BLOB NOT NULL, key BLOB NOT NULL
);
CREATE TABLE files (
    number INTEGER PRIMARY KEY, path BLOB NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL,
    state TEXT NOT NULL, collection TEXT NOT NULL, described TEXT NOT NULL, copies TEXT NOT NULL
);
CREATE TABLE readings (
    document INTEGER PRIMARY KEY, file INTEGER NOT NULL, as_read TEXT NOT NULL,
    wording BLOB NOT NULL, sketch BLOB NOT NULL, pages INTEGER NOT NULL,
    ocr_pages INTEGER NOT NULL
);
CREATE TABLE near_duplicates (document INTEGER NOT NULL, other INTEGER NOT NULL);
CREATE INDEX near_duplicates_by_document ON near_duplicates (document);
INSERT INTO collections VALUES ('mine', 'Mine', 'Free', NULL);
INSERT INTO documents VALUES (0, 'mine/one', 'One', 'Ann', '1823', 'mine', NULL, 'memoir',
    'Ann, One (file one.txt)', 'one.txt', CAST('Text.' AS BLOB), '[[0, 5, "p. 1"]]', '[]', NULL,
    0.5, '["noted"]', 'fd', x'00', 0, 1);
INSERT INTO passages VALUES (0, 0, 0, 5, x'00000000000000000500000000000000', x'aa');
INSERT INTO files VALUES (0, CAST('one.txt' AS BLOB), 'c', 'digest', 'state',
    '["mine", "Mine", "Free", null]', '', '[]');
INSERT INTO readings VALUES (0, 0, '{"title": "One", "collection": ["mine", "Mine", "Free", null]}',
    'w', x'', 7, 2);
"""


def test_a_store_of_the_first_format_is_brought_to_this_one(tmp_path):
    path = tmp_path / "sources.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(FORMAT_1)
    upgrade_store(path, 1, FORMAT)
    store = Store(path)
    document = store.document(0)
    assert (document.text, document.creator, document.notes) == ("Text.", "Ann", ("noted",))
    assert (document.pages, document.ocr_pages, document.ocr_confidence) == (7, 2, 0.5)
    assert cited(document).startswith("Ann, One (file one.txt)")
    assert document.publication == Publication()
    assert store.as_read(0).title == "One"
    assert store.passage(0)[1].span == Span(0, 5)
    assert store.keys() == {b"\xaa": 0}
    assert [file.digest for file in store.files().values()] == [""], "it is read again"
    store.close()
