"""A file that has not changed is not read again, and a build says so by what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rag.ingest
from rag.build import build_index
from rag.datatypes import Collection, SourceDocument
from rag.embedding import Encoder
from rag.errors import UnreadableSource
from rag.finder import SourceFinder
from rag.index import open_index


class Reads:
    """Counts what the reader of plain text reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        reader = rag.ingest.READERS[".txt"]

        def counting(path: Path, collection: Collection) -> Iterator[SourceDocument]:
            self.names.append(path.name)
            return reader(path, collection)

        monkeypatch.setitem(rag.ingest.READERS, ".txt", counting)

    def taken(self) -> list[str]:
        names, self.names = self.names, []
        return names


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "ghent.txt").write_text("The treaty was signed at Ghent in December 1814.")
    (folder / "winter.txt").write_text("The army went into winter quarters at Morristown.")
    return folder


def test_only_what_is_new_or_changed_is_read(
    papers: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch)
    index = tmp_path / "index"
    build_index([papers], index, encoder=encoder)
    assert reads.taken() == ["ghent.txt", "winter.txt"]

    again = build_index([papers], index, encoder=encoder)
    assert reads.taken() == []
    assert (again.documents, again.embedded, again.added, again.changed) == (2, 0, (), ())

    (papers / "canal.txt").write_text("A canal was dug between the two rivers.")
    (papers / "winter.txt").write_text("The army went home.")
    changed = build_index([papers], index, encoder=encoder)
    assert reads.taken() == ["canal.txt", "winter.txt"]
    assert changed.added == ("papers/canal",)
    assert changed.changed == ("papers/winter",)
    assert changed.embedded == 2
    found = SourceFinder.open(index).find_sources("the army went home", k=1)[0]
    assert found.quote == "The army went home."


def test_the_index_is_the_same_as_one_built_anew(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    build_index([papers], tmp_path / "one", encoder=encoder)
    build_index([papers], tmp_path / "one", encoder=encoder)
    build_index([papers], tmp_path / "two", encoder=encoder)
    again, anew = (open_index(tmp_path / name).manifest for name in ("one", "two"))
    same = ("sentences.faiss", "codes.bin", "sentence_rows.npy", "piece_passages.npy")
    assert [again.files[name] for name in same] == [anew.files[name] for name in same]
    assert again.corpus_hash == anew.corpus_hash


def test_new_metadata_beside_a_file_is_read_without_embedding_the_others(
    papers: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch)
    build_index([papers], tmp_path / "index", encoder=encoder)
    reads.taken()
    (papers / "ghent.yaml").write_text("rights: Public domain\n")
    report = build_index([papers], tmp_path / "index", encoder=encoder)
    assert reads.taken() == ["ghent.txt"]
    assert report.changed == ("papers/ghent",)
    assert report.embedded == 0


def test_a_file_with_problems_is_read_and_reported_every_time(
    papers: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = rag.ingest.READERS[".txt"]

    def half(path: Path, collection: Collection) -> Iterator[SourceDocument]:
        yield from reader(path, collection)
        if path.name == "ghent.txt":
            raise UnreadableSource(f"{path.name}: its second half is torn; ask for another copy")

    monkeypatch.setitem(rag.ingest.READERS, ".txt", half)
    for _ in range(2):
        report = build_index([papers], tmp_path / "index", encoder=encoder)
        assert [skipped.reason for skipped in report.skipped] == [
            "ghent.txt: its second half is torn; ask for another copy"
        ]
        assert report.documents == 2


def test_another_ocr_setting_reads_again(
    papers: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch)
    build_index([papers], tmp_path / "index", encoder=encoder)
    reads.taken()
    monkeypatch.setenv("SOURCE_FINDER_OCR", "off")
    build_index([papers], tmp_path / "index", encoder=encoder)
    assert len(reads.taken()) == 2
