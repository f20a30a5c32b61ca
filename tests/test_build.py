"""Builds: what is reused, what is reported, and what survives when one is cut off."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    GUTENBERG,
    MONROE_WORDS,
    CountingEncoder,
    excerpt,
    make_document,
    write_sources,
)
from filelock import FileLock

import rag.build.builder
from rag.build.builder import build_index
from rag.config import Settings
from rag.embedding import Encoder, chunk, embedding_input, embedding_key
from rag.errors import (
    IndexBusy,
    IndexNotBuilt,
    IndexNotWritten,
    ModelError,
    NothingToIndex,
    SourceError,
)
from rag.finder import SourceFinder
from rag.index import CURRENT, live_generation, open_index, writing

CLAIMS = ["gold in California", MONROE_WORDS, "freedom of speech and worship", "the moon"]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder of sources that a test may change."""
    return write_sources(
        tmp_path / "sources", ["1823-Monroe-1", "1962-Kennedy-1", "1996-Clinton-1"]
    )


def counting(encoder: Encoder, calls: int | None = None) -> CountingEncoder:
    return CountingEncoder(encoder, calls)


def answers(index: Path):
    finder = SourceFinder.open(index)
    return [finder.find_sources(claim) for claim in CLAIMS]


def test_a_report_says_what_was_done(sources, tmp_path, encoder):
    seen: list[tuple[Any, ...]] = []
    report = build_index(
        [sources], tmp_path / "index", encoder=encoder, progress=lambda *step: seen.append(step)
    )
    assert report.documents == 3
    assert report.embedded == report.passages > 10
    assert report.sentences > report.passages
    assert report.added == (
        "sources/1823-Monroe-1",
        "sources/1962-Kennedy-1",
        "sources/1996-Clinton-1",
    )
    assert (report.changed, report.removed, report.skipped) == ((), (), ())
    assert report.bytes_on_disk > 10_000
    manifest = open_index(tmp_path / "index").manifest
    assert (manifest.documents, manifest.passages) == (3, report.passages)
    assert {stage for stage, *_ in seen} == {
        "Reading files",
        "Embedding passages",
        "Indexing words",
    }
    embedding = [step for step in seen if step[0] == "Embedding passages"]
    assert embedding[-1][1:] == (report.passages, report.passages)
    reading = [step[1:] for step in seen if step[0] == "Reading files"]
    read = [(done, of) for done, of, file in reading if file.state == "read"]
    assert read == [(1, 3), (2, 3), (3, 3)]
    begun = {Path(file.path).stem for _, _, file in reading if file.state == "being read"}
    assert begun == {"1823-Monroe-1", "1962-Kennedy-1", "1996-Clinton-1"}
    assert (report.files, report.files_read, report.pages) == (3, 3, 0)


def test_the_same_sources_again_embed_nothing_and_answer_the_same(sources, tmp_path, encoder):
    index = tmp_path / "index"
    build_index([sources], index, encoder=encoder)
    before, codes = answers(index), (live_generation(index) / "codes.bin").read_bytes()
    vectors = (live_generation(index) / "sentences.faiss").read_bytes()
    counted = counting(encoder)
    report = build_index([sources], index, encoder=counted)
    assert (report.embedded, counted.embedded) == (0, [])
    assert (report.added, report.changed, report.removed) == ((), (), ())
    assert answers(index) == before
    assert (live_generation(index) / "codes.bin").read_bytes() == codes
    assert (live_generation(index) / "sentences.faiss").read_bytes() == vectors


def test_what_a_killed_build_left_is_gone_after_one_that_changes_nothing(
    sources, tmp_path, encoder
):
    index = tmp_path / "index"
    build_index([sources], index, encoder=encoder)
    live = index / (index / "CURRENT").read_text().strip()
    for day, name in enumerate(("older", "old"), start=1):  # the last one is kept for readers
        shutil.copytree(live, index / f"generation-2000010{day}-000000-00000{len(name)}")
    (index / "generation-20990101-000000-000000").mkdir()
    build_index([sources], index, encoder=encoder)
    kept = {path.name for path in index.glob("generation-*")}
    assert kept == {live.name, "generation-20000102-000000-000003"}
    assert answers(index)


def test_an_edited_file_embeds_only_what_changed(sources, tmp_path, encoder):
    index = tmp_path / "index"
    first = build_index([sources], index, encoder=encoder)
    path = sources / "loose" / "1962-Kennedy-1.txt"
    text = path.read_bytes()
    at = text.rindex(b" moon") + 1
    path.write_bytes(text[:at] + b"planet" + text[at + 4 :])
    counted = counting(encoder)
    report = build_index([sources], index, encoder=counted)
    assert report.changed == ("sources/1962-Kennedy-1",)
    assert (report.added, report.removed) == ((), ())
    assert 1 <= report.embedded == len(counted.embedded) < first.passages / 3
    assert any("planet" in item for item in counted.embedded)
    assert (
        "planet"
        in SourceFinder.open(index).find_sources("one of our citizens on the planet")[0].passage
    )


def test_a_removed_file_leaves_and_an_added_one_enters(sources, tmp_path, encoder):
    index = tmp_path / "index"
    build_index([sources], index, encoder=encoder)
    (sources / "signed" / "1823-Monroe-1.txt").unlink()
    write_sources(sources, ["1848-Polk-1"])
    report = build_index([sources], index, encoder=encoder)
    assert report.removed == ("sources/1823-Monroe-1",)
    assert report.added == ("sources/1848-Polk-1",)
    found = SourceFinder.open(index).find_sources(MONROE_WORDS, k=10)
    assert not any(MONROE_WORDS in item.passage for item in found)


def test_what_cannot_be_read_is_left_out_and_reported(sources, tmp_path, encoder):
    (sources / "broken.pdf").write_bytes(b"%PDF-1.4 cut")
    (sources / "sheet.xlsx").write_bytes(b"PK")
    (sources / "empty.txt").write_bytes(b"")
    (sources / "binary.txt").write_bytes(b"\x00\x01\x02")
    report = build_index([sources], tmp_path / "index", encoder=encoder)
    assert report.documents == 3
    assert sorted(Path(s.path).name for s in report.skipped) == [
        "binary.txt",
        "broken.pdf",
        "empty.txt",
        "sheet.xlsx",
    ]
    assert all(s.reason for s in report.skipped)


def test_a_file_with_any_name_can_be_indexed(sources, tmp_path, encoder):
    for name in (b"caf\xe9.txt", b"a\nb.txt", "漢字 😀 #1?%.txt".encode()):
        Path(os.fsdecode(bytes(sources) + b"/" + name)).write_text(f"Gold was found, {len(name)}.")
    report = build_index([sources], tmp_path / "in dex #1?%", encoder=encoder)
    assert report.documents == 6
    assert report.to_json().encode("utf-8")
    for item in SourceFinder.open(tmp_path / "in dex #1?%").find_sources("gold was found"):
        assert item.to_json().encode("utf-8")


def test_a_book_without_a_body_stops_no_build(sources, tmp_path, encoder):
    start, end = (f"*** {word} OF THE PROJECT GUTENBERG EBOOK X ***" for word in ("START", "END"))
    (sources / "hollow.txt").write_text(f"Title: X\n\n{start}\n\n{end}\n\nLicence.\n")
    report = build_index([sources], tmp_path / "index", encoder=encoder)
    assert report.documents == 3
    (skipped,) = report.skipped
    assert "hollow.txt" in skipped.path


@pytest.mark.parametrize("content", [None, b"\x00\x01"])
def test_nothing_to_index_leaves_the_old_index(content, sources, tmp_path, encoder):
    index = tmp_path / "index"
    build_index([sources], index, encoder=encoder)
    before = answers(index)
    (tmp_path / "none").mkdir()
    if content:
        (tmp_path / "none" / "one.txt").write_bytes(content)
    with pytest.raises(NothingToIndex, match="none"):
        build_index([tmp_path / "none"], index, encoder=encoder)
    assert answers(index) == before
    assert [p.name for p in index.glob("g*")] == [live_generation(index).name]


def test_a_path_that_does_not_exist_is_named(tmp_path, encoder):
    with pytest.raises(SourceError, match="no-such-file"):
        build_index([tmp_path / "no-such-file"], tmp_path / "index", encoder=encoder)
    with pytest.raises(NothingToIndex):
        build_index([], tmp_path / "index", encoder=encoder)


def test_a_build_that_was_cut_off_is_taken_up(sources, tmp_path, encoder):
    index = tmp_path / "index"
    build_index([sources / "loose"], index, encoder=encoder)
    before = answers(index)
    write_sources(sources, ["1848-Polk-1", "1941-Roosevelt-1"])
    cut_off = counting(encoder, calls=4)
    with pytest.raises(KeyboardInterrupt):
        build_index([sources], index, encoder=cut_off, shard=4)
    assert answers(index) == before
    assert [p.name for p in index.glob("g*")] == [live_generation(index).name]

    resumed = counting(encoder)
    report = build_index([sources], index, encoder=resumed, shard=4)
    assert cut_off.embedded
    assert resumed.embedded
    assert not set(cut_off.embedded) & set(resumed.embedded)
    assert report.embedded == len(resumed.embedded)
    assert not (index / "partial").exists()

    build_index([sources], tmp_path / "at once", encoder=encoder)
    for one, other in zip(answers(index), answers(tmp_path / "at once"), strict=True):
        found, wanted = ({e.citation: e.score for e in each} for each in (one, other))
        last = max(min(found.values()), min(wanted.values()))  # near ties may change places
        for citation in found | wanted:
            score = found.get(citation, last)
            assert score == pytest.approx(wanted.get(citation, last), abs=0.02)


def test_a_damaged_partial_file_is_left_out(sources, tmp_path, encoder):
    index = tmp_path / "index"
    with pytest.raises(KeyboardInterrupt):
        build_index([sources], index, encoder=counting(encoder, calls=3), shard=4)
    kept = sorted((index / "partial").glob("*.npz"))
    assert len(kept) == 3
    kept[0].write_bytes(b"")
    content = bytearray(kept[1].read_bytes())
    kept[1].write_bytes(content[: len(content) // 2])
    content = bytearray(kept[2].read_bytes())
    content[len(content) // 2] ^= 1
    kept[2].write_bytes(content)
    report = build_index([sources], index, encoder=encoder, shard=4)
    assert report.embedded == report.passages
    assert SourceFinder.open(index).find_sources(MONROE_WORDS)[0].score == 1.0


def assert_all_is_read(index: Path, encoder: Encoder) -> None:
    """Nothing of what is embedded may lie beyond what the model reads."""
    store = open_index(index).store
    for row in range(len(store.keys_in_order())):
        text = embedding_input(encoder, *store.passage(row)).text
        assert len(encoder.piece_ids([text])[0]) + 2 <= encoder.window, text[:100]


def test_no_passage_is_cut_off_by_a_model_with_a_small_window(
    tiny_model, own_cache, sources, tmp_path
):
    settings = replace(Settings.from_environment(), encoder="torch")
    encoder = Encoder.load(str(tiny_model("mean", window=64)), settings)
    assert encoder.window == 64
    build_index([sources / "signed"], tmp_path / "index", encoder=encoder)
    assert_all_is_read(tmp_path / "index", encoder)


@pytest.mark.parametrize(
    "title",
    ["毛泽东文集第八卷关于国际形势问题" * 9, "qzxjvw" * 60, "1/2/3/4/" * 40],
    ids=["cjk", "rare", "digits"],
)
def test_no_heading_crowds_out_its_passage(title, tmp_path, encoder):
    (tmp_path / "sources").mkdir()
    book = GUTENBERG.format(title=title, author="A", year="1823", text=excerpt("1823-Monroe-1"))
    (tmp_path / "sources" / "one.txt").write_bytes(book.encode("utf-8"))
    build_index([tmp_path / "sources"], tmp_path / "index", encoder=encoder)
    assert_all_is_read(tmp_path / "index", encoder)


def test_another_model_embeds_everything_again(tiny_model, own_cache, sources, tmp_path, encoder):
    settings = replace(Settings.from_environment(), encoder="torch")
    index = tmp_path / "index"
    build_index([sources / "loose"], index, encoder=encoder)
    other = Encoder.load(str(tiny_model("mean")), settings)
    report = build_index([sources / "loose"], index, encoder=other)
    assert report.embedded == report.passages
    assert open_index(index).vectors.dimension == 36
    assert report.documents == 2


def test_an_index_keeps_its_model_until_another_is_named(
    tiny_model, own_cache, sources, tmp_path, monkeypatch, encoder
):
    monkeypatch.setenv("SOURCE_FINDER_ENCODER", "torch")
    index, own = tmp_path / "index", tmp_path / "model"
    shutil.copytree(tiny_model("mean"), own)

    def built_with(model: str | None) -> str:
        if model is None:
            monkeypatch.delenv("SOURCE_FINDER_MODEL", raising=False)
        else:
            monkeypatch.setenv("SOURCE_FINDER_MODEL", model)
        build_index([sources / "loose"], index)
        return open_index(index).manifest.model

    assert [built_with(model) for model in (None, str(own), None)] == [
        "default",
        str(own),
        str(own),
    ]
    assert built_with("default") == "default"
    built_with(str(own))
    shutil.rmtree(own)
    with pytest.raises(ModelError, match="SOURCE_FINDER_MODEL=default"):
        built_with(None)
    assert built_with("default") == "default"


def test_a_model_given_by_a_relative_path_is_found_from_elsewhere(
    tiny_model, own_cache, sources, tmp_path, monkeypatch
):
    folder = tiny_model("mean")
    monkeypatch.setenv("SOURCE_FINDER_ENCODER", "torch")
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("SOURCE_FINDER_MODEL", folder.name)
    build_index([sources / "loose"], tmp_path / "index")
    monkeypatch.chdir(tmp_path)
    assert SourceFinder.open(tmp_path / "index").find_sources("the moon")


def test_keys_tell_apart_all_that_vectors_depend_on(encoder):
    document = make_document("Gold was found. Nobody knew.", title="One")
    (passage,) = chunk(document, encoder.piece_starts)
    item = embedding_input(encoder, document, passage)
    other = embedding_input(encoder, make_document(document.text, title="Two"), passage)
    keys = {embedding_key(item, "a"), embedding_key(item, "b"), embedding_key(other, "a")}
    assert len(keys) == 3
    assert [span.of(item.text) for span in item.sentences] == ["Gold was found.", "Nobody knew."]
    assert all(one.end <= after.start for one, after in pairwise(item.sentences))


def test_two_builds_at_once(sources, tmp_path, encoder):
    index = tmp_path / "index"
    build_index([sources], index, encoder=encoder)
    before = answers(index)
    with FileLock(index / "build.lock"), pytest.raises(IndexBusy, match="Another process"):
        build_index([sources], index, encoder=encoder)
    assert answers(index) == before
    build_index([sources], index, encoder=encoder)


def test_folders_of_others_are_left_alone(sources, tmp_path, encoder):
    index = tmp_path / "index"
    for name in ("gutenberg", "gold", "partial"):
        (index / name).mkdir(parents=True)
        (index / name / "precious.txt").write_text("Gold was found.")
    for _ in range(2):
        build_index([sources / "loose"], index, encoder=encoder)
    kept = sorted(path.parent.name for path in index.rglob("precious.txt"))
    assert kept == ["gold", "gutenberg", "partial"]


# ---- places that cannot be written ----


@pytest.mark.parametrize("place", ["file", "file/below", "file/below/that"])
def test_a_file_in_the_way_is_named(place, tmp_path, sources, encoder):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexNotWritten, match="SOURCE_FINDER_HOME"):
        build_index([sources], tmp_path / place, encoder=encoder)
    assert (tmp_path / "file").read_text() == "in the way"


SCRIPT = """
import sys
from rag.build.builder import build_index
from rag.errors import SourceFinderError
try:
    build_index(sys.argv[2:], sys.argv[1])
except SourceFinderError as error:
    print(type(error).__name__, error)
    sys.exit(error.exit_code)
"""


def build_elsewhere(index: Path, sources: Path, **options: object) -> subprocess.CompletedProcess:
    """Build in a process of its own."""
    command = [sys.executable, "-c", SCRIPT, str(index), str(sources)]
    root = Path(rag.build.builder.__file__).parents[1]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, **options)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [20_000, 60_000, 100_000])
def test_a_limit_on_file_sizes_leaves_the_old_index(limit, sources, tmp_path, encoder):
    resource = pytest.importorskip("resource", reason="this system has no file size limits")
    index = tmp_path / "index"
    build_index([sources / "loose" / "1962-Kennedy-1.txt"], index, encoder=encoder)
    before = answers(index)
    done = build_elsewhere(
        index, sources, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    assert done.stdout.startswith("IndexNotWritten"), done.stdout + done.stderr
    assert done.returncode == 5
    assert "unharmed" in done.stdout
    assert answers(index) == before
    build_index([sources], index, encoder=encoder)


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_index(sources, tmp_path, encoder):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        index = disk / "index"
        build_index([sources / "loose" / "1962-Kennedy-1.txt"], index, encoder=encoder)
        before = answers(index)
        free = shutil.disk_usage(disk).free
        failed = 0
        # From next to nothing to almost enough: each stage meets the full disk once.
        for room in (
            0,
            4_096,
            50_000,
            150_000,
            250_000,
            300_000,
            350_000,
            400_000,
            450_000,
            500_000,
            550_000,
            600_000,
            700_000,
            800_000,
            1_000_000,
        ):
            shutil.rmtree(index / "partial", ignore_errors=True)
            (disk / "ballast").write_bytes(bytes(free - room))
            try:
                build_index([sources], disk / "index", encoder=encoder)
            except IndexNotWritten as error:
                assert "unharmed" in str(error)
                failed += 1
            else:
                break
            finally:
                (disk / "ballast").unlink()
            assert answers(index) == before
        assert failed >= 5
        build_index([sources], index, encoder=encoder)
        assert open_index(index).manifest.documents == 3
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_folder_without_permission_is_named(sources, tmp_path, encoder):
    index = tmp_path / "index"
    build_index([sources / "loose"], index, encoder=encoder)
    before = answers(index)
    mode = index.stat().st_mode
    index.chmod(0o555)
    try:
        if os.access(index, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(IndexNotWritten, match="permission"):
            build_index([sources], index, encoder=encoder)
    finally:
        index.chmod(mode)
    assert answers(index) == before


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EACCES, "Permission denied"),
        OSError(errno.EROFS, "Read-only file system"),
        OSError("4096 requested and 12 written"),  # numpy's tofile on a full disk
        RuntimeError("Error in write_index: write error in x: 1 != 2 (No space left on device)"),
    ],
    ids=["full", "permission", "read-only", "numpy", "faiss"],
)
def test_refusals_to_write_say_what_to_do(error, tmp_path):
    with pytest.raises(IndexNotWritten, match="Choose another place"), writing(tmp_path):
        raise error


def test_other_errors_are_not_taken_for_refusals_to_write(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "No such file", "x")


# ---- killed ----


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_build_leaves_the_old_index(seed, tmp_path, sources, encoder, monkeypatch):
    index = tmp_path / "index"
    build_index([sources / "loose" / "1962-Kennedy-1.txt"], index, encoder=encoder)
    before = answers(index)
    write_sources(sources)
    script = SCRIPT.replace(
        "try:",
        "import rag.build.builder; rag.build.builder.SHARD = 8; print('go', flush=True)\ntry:",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(index), str(sources)],
        cwd=Path(rag.build.builder.__file__).parents[1],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    while process.poll() is None:
        if len(list(index.glob("g*"))) > 1:
            break
        time.sleep(0.01)
    time.sleep(random.Random(seed).uniform(0, 2))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    if process.returncode == -signal.SIGKILL and open_index(index).manifest.documents == 1:
        assert answers(index) == before
    report = build_index([sources], index, encoder=encoder)
    assert report.documents == 6
    assert not (index / "partial").exists()
    assert SourceFinder.open(index).find_sources(MONROE_WORDS)[0].score == 1.0


def test_a_first_build_that_was_cut_off_leaves_no_index(tmp_path, sources, encoder):
    index = tmp_path / "index"
    with pytest.raises(KeyboardInterrupt):
        build_index([sources], index, encoder=counting(encoder, calls=0))
    assert not (index / CURRENT).exists()
    with pytest.raises(IndexNotBuilt):
        SourceFinder.open(index)
