"""Files that hang, crash or eat memory are reported; the others are read."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import write_sources

from rag.build.builder import build_index
from rag.datatypes import Collection, SkippedFile
from rag.embedding import Encoder
from rag.ingest.names import folder_collection
from rag.ingest.workers import Limits, Workers

ODD = Collection("odd", "Odd")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX")


@pytest.fixture
def workers() -> Iterator[Workers]:
    limits = Limits(stall_s=3, memory_bytes=1 << 30, processes=1)
    with Workers(limits, module="odd_worker") as started:
        yield started


def outcome(workers: Workers, folder: Path, *deeds: str) -> list[list[str]]:
    """Return what comes of files that do these deeds: texts, and reasons for problems."""
    files = []
    for number, deed in enumerate(deeds):
        path = folder / f"{number}.odd"
        path.write_text(deed)
        files.append(workers.read(path, ODD))
    return [
        [item.reason if isinstance(item, SkippedFile) else item.text for item in items]
        for items in files
    ]


@pytest.mark.slow
@pytest.mark.parametrize("deed", ["sleep", "loop"])
def test_a_file_that_hangs_is_given_up_and_the_next_is_read(workers, tmp_path, deed):
    hanging, following = outcome(workers, tmp_path, f"later {deed}", "well")
    assert hanging[0] == "before"
    assert "0.odd was given up: it produced nothing for 3 seconds at page 7;" in hanging[1]
    assert "qpdf" in hanging[1]
    assert following == ["after"]


def test_a_file_that_crashes_the_interpreter_is_reported(workers, tmp_path):
    crashing, killed, following = outcome(workers, tmp_path, "later crash", "killed", "well")
    assert crashing[0] == "before"
    assert "0.odd crashed its reader at page 7 (Segmentation fault);" in crashing[1]
    assert "the system stopped its reader at page 7" in killed[0]
    assert following == ["after"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems set no limit")
def test_a_file_that_eats_memory_is_reported(workers, tmp_path):
    eating, following = outcome(workers, tmp_path, "memory", "well")
    assert "0.odd needs more than 1.0 GB of memory to be read at page 7;" in eating[0]
    assert following == ["after"]


def test_a_crash_is_placed_after_the_last_document_where_there_are_no_pages(workers, tmp_path):
    (items,) = outcome(workers, tmp_path, "documents crash")
    assert items[0] == "before"
    assert "crashed its reader after odd/0 (" in items[1]


def test_a_fault_of_a_reader_is_reported_too(workers, tmp_path, capfd):
    faulty, following = outcome(workers, tmp_path, "fault", "well")
    assert "crashed its reader at page 7 (exit code 1)" in faulty[0]
    assert following == ["after"]
    assert "nobody foresaw this" in capfd.readouterr().err


@pytest.mark.slow
def test_what_is_slow_but_alive_is_not_given_up(tmp_path):
    with Workers(Limits(stall_s=4, processes=1), module="odd_worker") as workers:
        # Four pages of 1.2 s take longer than what is allowed for one.
        assert outcome(workers, tmp_path, "slow") == [["after"]]


@pytest.mark.slow
def test_nobody_is_given_up_while_his_documents_wait(tmp_path):
    path = tmp_path / "0.odd"
    path.write_text("many")
    with Workers(Limits(stall_s=4, processes=1), module="odd_worker") as workers:
        items = workers.read(path, ODD)
        next(items)
        time.sleep(5)  # 20 MB are to come; a pipe holds .06
        assert sum(1 for _ in items) == 2000


def test_a_process_reads_many_files(workers, tmp_path):
    one, other, printing = outcome(workers, tmp_path, "who", "who", "print")
    assert one == other
    assert printing == ["after"]


def test_nothing_is_left_running(tmp_path):
    with Workers(Limits(processes=2), module="odd_worker") as workers:
        (pid, _), _ = (
            outcome(workers, tmp_path, "who", "well")[0],
            workers.read(tmp_path / "0.odd", ODD),
        )
        (tmp_path / "9.odd").write_text("sleep")
        workers.read(tmp_path / "9.odd", ODD)
        time.sleep(0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_build_goes_on_and_says_what_happened(tmp_path: Path, encoder: Encoder) -> None:
    odd = partial(Workers, module="odd_worker")
    sources = write_sources(tmp_path / "sources", ["1823-Monroe-1", "1962-Kennedy-1"])
    for deed in ("crash", "killed", "well"):
        (sources / "signed" / f"{deed}.odd").write_text(deed)
    report = build_index([sources], tmp_path / "index", encoder=encoder, workers=odd)
    assert report.documents == 3
    reasons = {Path(skipped.path).stem: skipped.reason for skipped in report.skipped}
    assert set(reasons) == {"crash", "killed"}
    assert "crashed its reader at page 7" in reasons["crash"]
    again = build_index([sources], tmp_path / "index", encoder=encoder, workers=odd)
    assert (again.files_read, again.unchanged) == (0, True), "they are not tried again"
    assert again.skipped == report.skipped
    (sources / "signed" / "crash.odd").write_text("well 2")
    mended = build_index([sources], tmp_path / "index", encoder=encoder, workers=odd)
    assert (mended.files_read, len(mended.skipped)) == (1, 1)


def test_a_reader_that_does_not_start_is_not_the_fault_of_the_file(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("The truce was signed.")
    with Workers(module="no_such_module") as workers:
        (skipped,) = workers.read(letter, folder_collection(tmp_path))
    assert isinstance(skipped, SkippedFile)
    assert not skipped.given_up, "a later build tries again"
    assert "did not start" in skipped.reason and "doctor" in skipped.reason
