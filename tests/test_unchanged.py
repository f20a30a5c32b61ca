"""A file that has not changed is not read again, and a build says so by what it costs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import TinyModel, excerpt

import rag.build.builder
import rag.ingest
from benchmarks.fuzz import SEEDS
from rag.build.builder import build_index
from rag.build.stages import LocalStages
from rag.config import Settings
from rag.datatypes import Collection, SourceDocument
from rag.embedding import Encoder
from rag.errors import UnreadableSource
from rag.finder import SourceFinder
from rag.index import live_generation, open_index
from rag.ingest.ocr import Image, Ocr, OcrLine, Remembering
from rag.ingest.readers import ReadItem, read_file
from rag.wording import cited
from tests.outlook import text, write_msg

NEED_OCR = {".jpg", ".png", ".tif"}
"""Kinds of files of which nothing is read without OCR: see below for what is kept of it."""


class Reads:
    """Reads in this process, where a test can look on, and counts which files are read."""

    def __init__(self, until: str = "") -> None:
        self.until = until
        self.names: list[str] = []

    def __call__(self, **_: object) -> Reads:
        return self

    def __enter__(self) -> Reads:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read(self, path: Path, collection: Collection) -> Iterator[ReadItem]:
        if path.name == self.until:
            raise KeyboardInterrupt
        self.names.append(path.name)
        return read_file(path, collection, Ocr("off"))

    def taken(self) -> list[str]:
        names, self.names = self.names, []
        return sorted(names)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "ghent.txt").write_text("The treaty was signed at Ghent in December 1814.")
    (folder / "winter.txt").write_text("The army went into winter quarters at Morristown.")
    return folder


def test_only_what_is_new_or_changed_is_read(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    reads = Reads()
    index = tmp_path / "index"
    build_index([papers], index, encoder=encoder, workers=reads)
    assert reads.taken() == ["ghent.txt", "winter.txt"]

    again = build_index([papers], index, encoder=encoder, workers=reads)
    assert reads.taken() == []
    assert (again.documents, again.embedded, again.added, again.changed) == (2, 0, (), ())

    (papers / "canal.txt").write_text("A canal was dug between the two rivers.")
    (papers / "winter.txt").write_text("The army went home.")
    changed = build_index([papers], index, encoder=encoder, workers=reads)
    assert reads.taken() == ["canal.txt", "winter.txt"]
    assert changed.added == ("papers/canal",)
    assert changed.changed == ("papers/winter",)
    assert changed.embedded == 2
    found = SourceFinder.open(index).find_sources("the army went home", k=1)[0]
    assert found.quote == "The army went home."


def test_of_every_kind_of_file_only_what_was_added_is_read(
    tmp_path: Path, encoder: Encoder
) -> None:
    kinds = rag.ingest.READERS.keys() & SEEDS.keys() - NEED_OCR - {".msg"}  # which is made below
    made = {kind: SEEDS[kind][0]() for kind in sorted(kinds)}
    papers = tmp_path / "papers"
    papers.mkdir()
    for kind, content in made.items():
        (papers / f"old-{kind[1:]}{kind}").write_bytes(content)
    write_msg(papers / "old-msg.msg", {**text("0037", "Gold"), **text("1000", "It was found.")})
    with zipfile.ZipFile(papers / "old.zip", "w") as archive:
        archive.writestr("letter.txt", "A letter about the mill.")
    reads = Reads()
    first = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert first.skipped == ()
    assert len(reads.taken()) == len(made) + 2

    for kind, content in made.items():
        (papers / f"new-{kind[1:]}{kind}").write_bytes(content + b"\n")  # else it is a copy
    write_msg(papers / "new-msg.msg", {**text("0037", "Gold"), **text("1000", "It was lost.")})
    again = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert [skip.reason for skip in again.skipped if "same text" not in skip.reason] == []
    assert reads.taken() == sorted(f"new-{kind[1:]}{kind}" for kind in [*made, ".msg"])


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


def test_new_metadata_beside_a_file_reads_and_embeds_nothing(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    reads = Reads()
    build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    reads.taken()
    about = "title: The Peace\ndate: 1814-12-24\nkind: primary\ncitation: Treaty Series 109\n"
    (papers / "ghent.yaml").write_text(about)
    report = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert reads.taken() == []
    assert report.changed == ("papers/ghent",)
    assert (report.added, report.removed, report.embedded) == ((), (), 0)
    finder = SourceFinder.open(tmp_path / "index")
    found = finder.find_sources("a treaty was signed", k=1)[0]
    assert (found.title, found.date, found.kind) == ("The Peace", "1814-12-24", "primary")
    assert found.citation.startswith("Treaty Series 109")
    assert finder.index.generation.lexical.knows("peac"), "words find the new title at once"
    assert build_index([papers], tmp_path / "index", encoder=encoder, workers=reads).unchanged

    (papers / "ghent.yaml").unlink()
    build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    found = SourceFinder.open(tmp_path / "index").find_sources("a treaty was signed", k=1)[0]
    assert (found.title, found.date, found.kind) == ("ghent", None, "unknown")
    afresh = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads, afresh=True)
    assert reads.taken() == ["ghent.txt", "winter.txt"]
    assert afresh.embedded == afresh.passages == 2


def test_a_file_that_moves_stays_the_same_document(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    reads = Reads()
    build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    reads.taken()
    (papers / "sub").mkdir()
    (papers / "winter.txt").rename(papers / "sub" / "winter.txt")
    (papers / "ghent.txt").rename(papers / "treaty.txt")
    report = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert (reads.taken(), report.embedded) == ([], 0)
    assert (report.added, report.removed) == ((), ())
    assert dict(report.moved) == {
        str(papers / "winter.txt"): str(papers / "sub" / "winter.txt"),
        str(papers / "ghent.txt"): str(papers / "treaty.txt"),
    }
    finder = SourceFinder.open(tmp_path / "index")
    document = finder.document("papers/ghent")
    assert cited(document) == "treaty (file treaty.txt)"
    assert document.origin == str(papers / "treaty.txt")
    assert finder.document("papers/winter").origin == str(papers / "sub" / "winter.txt")
    assert build_index([papers], tmp_path / "index", encoder=encoder, workers=reads).unchanged


def test_the_same_document_in_two_files_is_indexed_once_and_comes_back(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    reads = Reads()
    text = (papers / "ghent.txt").read_text()
    (papers / "copy.md").write_text(text)  # another kind of file, the same words
    for expected in (["copy.md", "ghent.txt", "winter.txt"], []):
        report = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
        assert reads.taken() == expected
        assert report.documents == 2
        (copied,) = report.copies
        assert (Path(copied.path).name, copied.same_as, copied.documents) == (
            "ghent.txt",
            "papers/copy",
            1,
        )
    (papers / "copy.md").unlink()
    report = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert reads.taken() == ["ghent.txt"]
    assert (report.added, report.removed, report.copies) == (
        ("papers/ghent",),
        ("papers/copy",),
        (),
    )


def test_nothing_to_do_leaves_the_index_as_it_is(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    index = tmp_path / "index"
    first = build_index([papers], index, encoder=encoder)
    generation = live_generation(index)
    again = build_index([papers], index, encoder=encoder)
    assert (first.unchanged, again.unchanged) == (False, True)
    assert live_generation(index) == generation
    assert not (index / "partial").exists()
    assert (again.documents, again.passages, again.files) == (2, 2, 2)
    (papers / "collection.yaml").write_text("title: Papers of the war\n")
    changed = build_index([papers], index, encoder=encoder)
    assert not changed.unchanged
    assert open_index(index).store.collections["papers"].title == "Papers of the war"


def test_another_model_reads_no_file_again(
    papers: Path,
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    tiny_model: TinyModel,
    own_cache: Path,
) -> None:
    reads = Reads()
    build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    reads.taken()
    settings = replace(Settings.from_environment(), encoder="torch")
    other = Encoder.load(str(tiny_model("mean")), settings)
    report = build_index([papers], tmp_path / "index", encoder=other, workers=reads)
    assert reads.taken() == []
    assert report.embedded == report.passages == 2
    assert report.changed == ()


def test_near_duplicates_are_linked(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    text = excerpt("1962-Kennedy-1")
    (folder / "first.txt").write_text(text)
    spoiled = " ".join(
        word[:-1] + "~" if i % 9 == 0 else word for i, word in enumerate(text.split())
    )
    (folder / "scan.txt").write_text(spoiled)
    (folder / "third.txt").write_text(excerpt("1996-Clinton-1"))
    report = build_index([folder], tmp_path / "index", encoder=encoder)
    assert report.documents == 3
    assert report.near_duplicates == (("reports/first", "reports/scan"),)
    store = open_index(tmp_path / "index").store
    assert [store.near_duplicates(n) for n in range(3)] == [
        ("reports/scan",),
        ("reports/first",),
        (),
    ]


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
        report = build_index([papers], tmp_path / "index", encoder=encoder, workers=Reads())
        assert [skipped.reason for skipped in report.skipped] == [
            "ghent.txt: its second half is torn; ask for another copy"
        ]
        assert report.documents == 2


def test_another_ocr_setting_reads_again(
    papers: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads()
    build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    reads.taken()
    off = replace(Settings.from_environment(), ocr="off")
    build_index([papers], tmp_path / "index", encoder=encoder, workers=reads, settings=off)
    assert len(reads.taken()) == 2


def test_a_build_that_was_cut_off_while_reading_reads_on(
    papers: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        (papers / f"letter{number}.txt").write_text(f"Letter {number} came by the winter post.")
    reads = Reads(until="letter7.txt")
    with pytest.raises(KeyboardInterrupt):
        build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    reads.until = ""
    begun = set(reads.taken())
    report = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    again = set(reads.taken())
    assert report.documents == 11
    # Some files are begun ahead of the one whose documents are kept.
    assert len(begun & again) <= LocalStages.files_ahead + 1
    assert {"ghent.txt", "letter0.txt", "letter1.txt"} <= begun - again
    assert not (tmp_path / "index" / "partial").exists()


def test_a_page_that_was_read_by_ocr_is_kept_for_the_next_build(tmp_path: Path) -> None:
    class Engine:
        name = "counting"
        pages = 0

        def __call__(self, image: Image) -> list[OcrLine]:
            self.pages += 1
            return [OcrLine("Ice at \ud800 Ghent", 1.5, 2, 3, 4, 0.75)]

    engine = Engine()
    page = np.arange(12, dtype=np.uint8).reshape(3, 4)
    remembering = Remembering(engine, tmp_path / "pages")
    first = remembering(page)
    assert Remembering(engine, tmp_path / "pages")(page) == first == engine(page)
    assert engine.pages == 2
    remembering(page.T)
    (kept, _) = (tmp_path / "pages").iterdir()
    kept.write_text("[[")
    assert remembering(page) == first
    assert remembering(page.T)[0].text == "Ice at \ud800 Ghent"


def test_what_a_reader_refuses_in_a_zip_does_not_read_the_rest_again(
    papers: Path, tmp_path: Path, encoder: Encoder
) -> None:
    with zipfile.ZipFile(papers / "box.zip", "w") as archive:
        archive.writestr("a.txt", "A letter about the harbour.")
        archive.writestr("b.pdf", b"%PDF-1.4 cut")
    reads = Reads()
    first = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert reads.taken() == ["a.txt", "b.pdf", "ghent.txt", "winter.txt"]
    again = build_index([papers], tmp_path / "index", encoder=encoder, workers=reads)
    assert reads.taken() == ["b.pdf"]
    assert again.skipped == first.skipped
    assert again.unchanged
    assert open_index(tmp_path / "index").store.document(0).origin == f"{papers}/box.zip/a.txt"
