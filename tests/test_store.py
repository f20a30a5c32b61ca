"""Documents and passages come back as they were stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import make_document
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.datatypes import Collection, Locator, Passage, Span
from rag.store import Store, StoreWriter, document_digest


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
    writer.close()
    return Store(path)


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
    assert store.document_by_id("mine/one") == document
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
    assert [doc.document_id for doc, _ in store.passage_texts()] == [f"mine/{n}" for n in expected]
    store.close()


def test_passages_come_back_with_their_sentences_and_keys(tmp_path):
    writer = StoreWriter(tmp_path / "s.sqlite")
    passage = Passage("mine/one", Span(2, 9), (Span(2, 4), Span(5, 9)))
    writer.add(make_document("0123456789"), [passage], [b"\x00key"])
    writer.close()
    store = Store(tmp_path / "s.sqlite")
    assert store.passage(0)[1] == passage
    assert store.keys() == {b"\x00key": 0}
    assert store.keys_in_order() == [b"\x00key"]
    assert [text for _, text in store.passage_texts()] == ["2345678"]
    with pytest.raises(KeyError, match="elsewhere"):
        store.document_by_id("elsewhere")
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
