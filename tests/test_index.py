"""An index on disk is trusted only as it was written."""

from __future__ import annotations

import json
import pickletools
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout
from older import say_format, write_as_format_3

from rag.build.builder import build_index
from rag.config import Settings
from rag.errors import IndexBusy, IndexCorrupt, IndexMismatch, IndexNotBuilt, SearchIndexError
from rag.finder import SourceFinder
from rag.index import (
    CURRENT,
    FORMAT,
    MANIFEST,
    live_generation,
    load_encoder,
    open_index,
)


@pytest.fixture
def copy(small_index: Path, tmp_path: Path) -> Path:
    """A copy of the small index, to be damaged."""
    return shutil.copytree(small_index, tmp_path / "copy")


def generation_files(index: Path) -> list[str]:
    generation = live_generation(index)
    return sorted(
        p.relative_to(generation).as_posix() for p in generation.rglob("*") if p.is_file()
    )


def test_a_copy_of_an_index_works(copy, finder):
    claim = "gold in California"
    assert SourceFinder.open(copy).find_sources(claim) == finder.find_sources(claim)


def test_the_files_are_those_of_the_manifest(small_index):
    described = open_index(small_index).manifest.files
    assert sorted([*described, MANIFEST]) == generation_files(small_index)
    assert {"sources.sqlite", "sentences.faiss", "codes.bin"} <= described.keys()


@pytest.mark.parametrize("index", ["nothing", "/no/such/index"])
def test_an_index_that_is_not_there_says_what_to_run(index):
    with pytest.raises(IndexNotBuilt, match=r"Run `source-finder build --index .* PATH"):
        SourceFinder.open(index)


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "cut short":
        path.write_bytes(content[: len(content) // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "a byte flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(content + b"\x00")


@pytest.mark.parametrize("how", ["missing", "cut short", "emptied", "a byte flipped", "longer"])
def test_a_damaged_file_is_found_and_named(copy, how):
    generation = live_generation(copy)
    for name in generation_files(copy):
        if name == MANIFEST and how == "a byte flipped":
            continue  # the manifest is not its own witness: see below
        whole = (generation / name).read_bytes()
        damage(generation / name, how)
        with pytest.raises(IndexCorrupt) as caught:
            open_index(copy)
        assert name in str(caught.value)
        assert "source-finder build" in str(caught.value)
        (generation / name).write_bytes(whole)
    open_index(copy)


@pytest.mark.parametrize("what", ["folder", "link to nothing"])
def test_a_file_replaced_by_something_else_is_found(copy, what):
    path = live_generation(copy) / "codes.bin"
    path.unlink()
    path.mkdir() if what == "folder" else path.symlink_to("nowhere")
    with pytest.raises(IndexCorrupt, match=r"codes\.bin"):
        open_index(copy)


def test_a_flipped_byte_in_the_manifest_never_crashes(copy):
    path = live_generation(copy) / MANIFEST
    content = path.read_bytes()
    random = np.random.default_rng(1)
    for at in random.choice(len(content), 150, replace=False):
        altered = bytearray(content)
        altered[at] ^= 1 << int(random.integers(8))
        path.write_bytes(altered)
        try:
            open_index(copy)
        except SearchIndexError as error:
            assert "source-finder build" in str(error)


@pytest.mark.parametrize(
    "content", ["", "[]", "null", '"text"', "{}", "{", '{"format": 1}', "\x00"]
)
def test_a_manifest_that_is_none_is_corrupt(copy, content):
    (live_generation(copy) / MANIFEST).write_text(content)
    with pytest.raises(IndexCorrupt, match=r"manifest\.json"):
        open_index(copy)


def change_manifest(index: Path, **values: object) -> None:
    path = live_generation(index) / MANIFEST
    content = json.loads(path.read_text()) | values
    content.pop("checksum")  # as a version that knows of none has written it
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("made_by", [0, 2, 3, 99, "1", None])
def test_another_format_is_a_mismatch(copy, made_by):
    change_manifest(copy, format=made_by)
    with pytest.raises(IndexMismatch, match="format"):
        SourceFinder.open(copy)


def test_an_index_of_the_format_before_answers_and_is_built_from(
    copy, finder, encoder, small_sources
):
    claim = "No European power may found new colonies in America"
    small = sum(path.stat().st_size for path in live_generation(copy).rglob("*"))
    before = live_generation(copy)
    write_as_format_3(before, encoder)
    large = sum(path.stat().st_size for path in before.rglob("*"))
    upgraded = SourceFinder.open(copy)
    assert open_index(copy).manifest.format == FORMAT
    assert live_generation(copy) != before
    best, as_built = ([hit.passage_id for hit in f.search(claim, 3)] for f in (upgraded, finder))
    assert best[0] == as_built[0]
    assert {*best} == {*as_built}
    block, now = (
        one.index.generation.vectors.passages_block(0, one.index.passages)
        for one in (upgraded, finder)
    )
    assert np.abs(block.sentences.astype(int) - now.sentences).max() <= 1
    assert len(block.codes) > len(now.codes)  # those of stop words are still there
    assert build_index(small_sources, copy, encoder=encoder).embedded == 0
    report = build_index(small_sources, copy, encoder=encoder, afresh=True)
    assert report.embedded == report.passages
    assert report.bytes_on_disk < 1.1 * small < large
    assert [hit.passage_id for hit in SourceFinder.open(copy).search(claim, 3)] == as_built


def test_a_newer_format_with_other_fields_is_a_mismatch(copy):
    (live_generation(copy) / MANIFEST).write_text('{"format": 99, "else": []}')
    with pytest.raises(IndexMismatch, match="format 99"):
        open_index(copy)


def test_a_model_that_has_changed_is_a_mismatch(copy):
    change_manifest(copy, model_fingerprint="0" * 64)
    with pytest.raises(IndexMismatch, match="another version of the model"):
        SourceFinder.open(copy)


def test_a_model_that_is_gone_is_a_mismatch(copy):
    change_manifest(copy, model="/no/such/model")
    with pytest.raises(IndexMismatch, match="/no/such/model"):
        SourceFinder.open(copy)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"g-nothing",
        b"..",
        b".",
        b"../other",
        b"/etc",
        b"partial/..",
        b"a\x00b",
        b"\xff\xfe garbage",
        b"g" * 5_000,
    ],
)
def test_a_pointer_that_names_no_generation_is_corrupt(copy, content):
    shutil.copytree(live_generation(copy), copy.parent / "other")
    (copy / "partial").mkdir()
    (copy / CURRENT).write_bytes(content)
    with pytest.raises(IndexCorrupt, match=CURRENT):
        open_index(copy)


def test_a_pointer_does_not_lead_to_the_folder_above(copy):
    for file in live_generation(copy).iterdir():
        if file.is_file():
            shutil.copy(file, copy.parent)
        else:
            shutil.copytree(file, copy.parent / file.name)
    (copy / CURRENT).write_text("..")
    with pytest.raises(IndexCorrupt, match=CURRENT):
        open_index(copy)


@pytest.mark.parametrize("content", [b"..", b"\xff\xfe garbage", b"g" * 5_000, b"g-nothing"])
def test_a_build_mends_a_bad_pointer(copy, content, encoder, small_sources):
    (copy / CURRENT).write_bytes(content)
    build_index(small_sources[1:], copy, encoder=encoder)
    assert open_index(copy).manifest.documents == 2


def test_a_build_mends_a_damaged_index(copy, encoder, small_sources):
    damage(live_generation(copy) / "codes.bin", "a byte flipped")
    report = build_index(small_sources[1:], copy, encoder=encoder)
    assert report.embedded == report.passages
    assert SourceFinder.open(copy).find_sources("the moon")


def test_the_model_of_the_index_is_loaded(small_index, encoder):
    assert (
        load_encoder(open_index(small_index), Settings.from_environment()).fingerprint
        == encoder.fingerprint
    )


def test_no_file_of_an_index_is_a_pickle(small_index):
    for path in small_index.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)
        if not content:
            continue
        assert content[:1] != b"\x80", path
        with pytest.raises(ValueError):
            for _ in pickletools.genops(content):
                pass


def test_a_reader_keeps_the_generation_that_it_opened(copy, encoder, small_sources):
    reader = SourceFinder.open(copy)
    before = reader.find_sources("gold in California")
    opened = reader.index.generation.path
    for _ in range(3):
        build_index(small_sources[1:], copy, encoder=encoder, afresh=True)
    assert not opened.exists()
    assert reader.find_sources("gold in California") == before
    kept = [p for p in copy.iterdir() if p.is_dir()]
    assert len(kept) == 2


def test_an_index_by_name_lies_in_the_home_folder(own_home, encoder, small_sources):
    report = build_index(small_sources[1:], "by-name", encoder=encoder)
    assert Path(report.index) == own_home / "indexes" / "by-name"
    assert (
        SourceFinder.open("by-name").index.generation.path.parent
        == own_home / "indexes" / "by-name"
    )
    shutil.rmtree(own_home / "indexes" / "by-name")


@pytest.fixture
def older(copy: Path, encoder) -> Path:
    """A copy of the small index as version 2 wrote it."""
    generation = live_generation(copy)
    write_as_format_3(generation, encoder)
    with closing(sqlite3.connect(generation / "sources.sqlite")) as db, db:
        db.execute("DROP TABLE given_up")
    say_format(generation, 2)
    return copy


OPENS = """
import sys
from pathlib import Path
from rag.index import open_index
print(open_index(Path(sys.argv[1])).path.name)
"""


def test_processes_that_open_an_older_index_at_once_all_get_it(older):
    command = [sys.executable, "-c", OPENS, str(older)]
    opening = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    opened = {process.communicate(timeout=120)[0].strip() for process in opening}
    assert opened == {live_generation(older).name}, "it was brought to this format once"
    assert open_index(older).manifest.format == FORMAT
    open_index(older).manifest.verify(live_generation(older), every_byte=True)


def test_an_older_index_is_not_touched_while_another_process_builds_it(older, monkeypatch):
    monkeypatch.setattr("rag.index._PATIENCE_S", 1)
    under_way = older / "generation-20260101-000000-000000"
    under_way.mkdir()
    before = (older / CURRENT).read_text()
    with FileLock(older / "build.lock"), pytest.raises(IndexBusy, match="older version"):
        open_index(older)
    assert (older / CURRENT).read_text() == before
    assert under_way.is_dir(), "what is being built stays"
    assert open_index(older).manifest.format == FORMAT


def test_a_reader_of_an_older_index_takes_what_another_process_made_of_it(older, monkeypatch):
    done = shutil.copytree(older, older.with_name("done"))
    made = live_generation(done)

    def waits(lock: FileLock, timeout: float) -> None:
        shutil.copytree(made, older / made.name)
        (older / CURRENT).write_text(made.name)
        raise Timeout(str(lock.lock_file))

    monkeypatch.setattr(FileLock, "acquire", waits)
    assert open_index(older).path.name == made.name
