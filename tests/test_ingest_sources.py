"""Folders, files and built-in names; what is skipped and why; unique ids."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import pytest

import rag.ingest as ingest
from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import UnknownFormat, UnreadableSource
from rag.ingest import read_sources, reader_for
from rag.ingest.names import slug
from tests.reads import fill, gather


def test_a_folder_is_read_in_order_with_its_folders(tmp_path):
    folder = fill(
        tmp_path / "My Letters",
        {"b.txt": "B", "a.md": "A", "sub/c.TXT": "C", ".hidden.txt": "x", ".git/d.txt": "x"},
    )
    fill(folder, {"README.md": "about this folder", "sub/readme.md": "x"})
    documents, skipped = gather(folder)
    assert [d.document_id for d in documents] == ["My-Letters/a", "My-Letters/b", "My-Letters/c"]
    assert {d.collection for d in documents} == {Collection("My-Letters", "My Letters")}
    assert skipped == []


def test_a_file_belongs_to_its_folders_collection(tmp_path, monkeypatch):
    folder = fill(tmp_path / "papers", {"a.txt": "A", "README.md": "asked for, so read"})
    monkeypatch.chdir(folder)
    documents, skipped = gather("a.txt", "README.md")
    assert [d.document_id for d in documents] == ["papers/a", "papers/README"]
    assert skipped == []


def test_one_bad_file_does_not_stop_the_rest(tmp_path):
    folder = fill(tmp_path / "f", {"a.txt": "A", "b.pdf": "no pdf", "c.xml": "<a>", "e.txt": "E"})
    (folder / "d.txt").write_bytes(b"\0\1\2")
    documents, skipped = gather(folder)
    assert [d.document_id for d in documents] == ["f/a", "f/e"]
    assert [Path(s.path).name for s in skipped] == ["b.pdf", "c.xml", "d.txt"]
    assert all(s.path in s.reason and ";" in s.reason for s in skipped)


def test_an_unknown_extension_is_reported_not_guessed(tmp_path):
    folder = fill(tmp_path / "f", {"a.mobi": "text really", "LICENSE": "text", "b.txt": "B"})
    documents, skipped = gather(folder)
    assert [d.document_id for d in documents] == ["f/b"]
    assert [Path(s.path).name for s in skipped] == ["LICENSE", "a.mobi"]
    assert ".txt, .xhtml, .xlsx, .xml, .zip" in skipped[1].reason
    with pytest.raises(UnknownFormat, match="mobi"):
        reader_for(folder / "a.mobi")


def test_a_path_that_does_not_exist_is_an_error_at_once(tmp_path):
    with pytest.raises(UnreadableSource, match=r"no-such-folder.*sotu"):
        read_sources([tmp_path, tmp_path / "no-such-folder"], lambda skip: None)


def test_reading_is_lazy(tmp_path, monkeypatch):
    folder = fill(tmp_path / "f", {"a.txt": "A", "b.txt": "B"})
    opened: list[str] = []

    def spy(path, collection):
        opened.append(path.name)
        return iter(())

    monkeypatch.setitem(ingest.READERS, ".txt", spy)
    documents = read_sources([folder], lambda skip: None)
    assert opened == []
    assert list(documents) == []
    assert opened == ["a.txt", "b.txt"]


def test_the_built_in_source():
    documents, skipped = gather("sotu")
    assert (len(documents), skipped) == (249, [])


def test_the_same_text_twice_is_read_once(tmp_path):
    folder = fill(tmp_path / "f", {"a.txt": "A", "sub/a.txt": "A"})
    documents, skipped = gather(folder, folder / "a.txt")
    assert [d.document_id for d in documents] == ["f/a"]
    assert [Path(s.path).name for s in skipped] == ["a.txt", "a.txt"]
    assert "already as f/a" in skipped[0].reason


def test_different_texts_with_one_id_get_numbers(tmp_path):
    names = {"a.txt": "one", "s/a.txt": "two", "t/a.txt": "three", "u/a-2.txt": "four"}
    folder = fill(tmp_path / "f", names | {"v/a.txt": "two"})
    documents, skipped = gather(folder)
    assert {d.document_id: d.text for d in documents} == {
        "f/a": "one",
        "f/a-2": "two",
        "f/a-3": "three",
        "f/a-2-2": "four",
    }
    assert ["already as f/a-2;" in s.reason for s in skipped] == [True]


def test_a_reader_may_go_on_after_an_error(tmp_path, monkeypatch):
    folder = fill(tmp_path / "f", {"a.txt": "A"})

    def document(collection: Collection, number: int) -> SourceDocument:
        if number == 1:
            raise UnreadableSource("document 1 is damaged")
        return SourceDocument(f"f/{number}", "t", f"text {number}", collection, "c")

    def reader(path, collection):
        return map(partial(document, collection), range(3))

    monkeypatch.setitem(ingest.READERS, ".txt", reader)
    documents, skipped = gather(folder)
    assert [d.document_id for d in documents] == ["f/0", "f/2"]
    assert skipped == [SkippedFile(str(folder / "a.txt"), "document 1 is damaged")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links and pipes")
def test_links_and_pipes(tmp_path):
    folder = fill(tmp_path / "f", {"a.txt": "A"})
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "gone.txt").symlink_to(folder / "nothing.txt")
    os.mkfifo(folder / "pipe.txt")
    documents, skipped = gather(folder)
    assert [d.document_id for d in documents] == ["f/a"]
    assert [Path(s.path).name for s in skipped] == ["gone.txt", "loop", "pipe.txt"]
    assert "not followed" in skipped[1].reason


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_odd_file_names(tmp_path):
    folder = tmp_path / "Архив 1812"
    folder.mkdir()
    for name in [
        b"a\nb.txt",
        b"caf\xe9.txt",
        "日本 語.txt".encode(),
        b"%20 #?.txt",
        b"x\x1b[1m.dat",
    ]:
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_bytes(b"text of " + name[:1])
    documents, skipped = gather(folder)
    assert len(documents) == 4
    for document in documents:
        assert document.document_id.isprintable()
        assert document.title.isprintable()
        for text in (document.document_id, document.title, document.citation, document.origin):
            text.encode("utf-8")
    assert {d.document_id for d in documents} == {
        "Архив-1812/a-b",
        "Архив-1812/caf",
        "Архив-1812/日本-語",
        "Архив-1812/20",
    }
    assert [s.reason.isprintable() and s.path.isprintable() for s in skipped] == [True]


def test_a_file_that_may_not_be_opened_is_reported(tmp_path, monkeypatch):
    folder = fill(tmp_path / "f", {"a.txt": "A"})

    def refuse(path, collection):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setitem(ingest.READERS, ".txt", refuse)
    documents, skipped = gather(folder)
    assert documents == []
    assert "cannot be opened (Permission denied)" in skipped[0].reason


@pytest.mark.parametrize("name", ["..", "/", "a/b", "  ", "é", "e\u0301", "\ud800", "कृष्ण"])
def test_slugs_are_safe_and_stable(name):
    made = slug(name)
    assert made
    assert made.isprintable()
    assert not set(made) & set("/\\ \n")
    assert made not in {".", ".."}
    assert slug(made) == made
