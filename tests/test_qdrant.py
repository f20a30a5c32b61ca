"""An index that is published to Qdrant: opened by its address, exchanged at once, rolled back.

What holds of it as of any index is in `test_searching`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.config import Settings
from rag.errors import (
    IndexMismatch,
    IndexNotBuilt,
    IndexNotReached,
    SearchIndexError,
    SourceFinderError,
)
from rag.finder import SourceFinder
from rag.index import open_index
from rag.index.qdrant import generations
from rag.index.qdrant.index import QdrantIndex, complete, publish, publish_to, roll_back
from rag.live import LiveFinder
from tests.engines import by_client, in_process, quiet

CLAIM = "Monroe told Europe to stay out of the Americas."


@pytest.fixture(scope="module")
def two_builds(small_index: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two indexes that differ in the name of their generation."""
    folders = []
    for number in (1, 2):
        folder = tmp_path_factory.mktemp("builds") / "small"
        shutil.copytree(small_index, folder)
        (old,) = folder.glob("generation-*")
        old.rename(folder / f"generation-20260101-000000-00000{number}")
        (folder / "CURRENT").write_text(f"generation-20260101-000000-00000{number}")
        folders.append(folder)
    return folders


@pytest.fixture(scope="module")
def address(two_builds: list[Path]) -> str:
    """Return where the first of them is served."""
    there = in_process()
    publish_to(there, open_index(two_builds[0]))
    return there.location


def test_a_finder_opened_by_address_answers_as_from_the_index_itself(
    address, small_index, monkeypatch
):
    monkeypatch.setenv("SOURCE_FINDER_INDEX", address)
    here, there = SourceFinder.open(small_index), SourceFinder.open()
    assert there.facts() == here.facts()
    assert isinstance(there.index, QdrantIndex)
    ours, theirs = (finder.find_sources(CLAIM, 10) for finder in (here, there))
    told = [
        [(e.document_id, e.start, e.end, e.relation) for e in found] for found in (ours, theirs)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 10
    assert [e.score for e in theirs] == pytest.approx([e.score for e in ours], abs=1e-3)


@pytest.mark.parametrize("make", [in_process, by_client])
def test_readers_keep_their_generation_and_it_can_be_shown_again(two_builds, make):
    there = make()
    with quiet():
        first = publish_to(there, open_index(two_builds[0]))
        reader = QdrantIndex.of(there)
        second = publish_to(there, open_index(two_builds[1]))
    assert (first, second) == tuple(complete(there))
    assert (reader.generation, QdrantIndex.of(there).generation) == (first, second)
    assert reader.listed()
    there.make_live(first)
    assert QdrantIndex.of(there).generation == first


def test_a_publication_that_was_cut_off_is_not_shown_and_begun_again(two_builds):
    there = in_process()
    first = publish_to(there, open_index(two_builds[0]))
    there.create("generation-20260101-000000-000002", 384, exact=True).close()
    assert complete(there) == [first]
    with pytest.raises(IndexNotBuilt, match=first):
        roll_back(there.location, "generation-20260101-000000-000002")
    second = publish_to(there, open_index(two_builds[1]), kept=1)
    assert (there.live(), there.names()) == (second, [second])


def stored(address: str) -> dict[Path, bytes]:
    """Return the files of an engine but its settings, which it writes anew when it is opened."""
    files = Path(address.removeprefix("qdrant://")).rglob("*")
    return {path: path.read_bytes() for path in files if path.is_file() and path.suffix != ".json"}


def test_of_several_processes_that_read_one_folder_one_is_killed(address):
    code = (
        "import sys; from rag.index.qdrant.index import QdrantIndex;"
        "index = QdrantIndex.open(sys.argv[1]);"
        "\nwhile True: print(len(index.passages_with(['europ'])), flush=True)"
    )
    command = [sys.executable, "-c", code, address]
    found = f"{len(QdrantIndex.open(address).passages_with(['europ']))}\n"
    before = stored(address)
    with ExitStack() as stack:
        killed, other = (
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            for _ in range(2)
        )
        stack.callback(other.kill)
        said = [reader.stdout.readline() for reader in (killed, other)]  # both search now
        killed.kill()
        killed.wait()
        said += [other.stdout.readline() for _ in range(200)]
    assert said == [found] * 202
    assert found != "0\n"
    assert stored(address) == before
    assert f"{len(QdrantIndex.open(address).passages_with(['europ']))}\n" == found


def test_the_command_publishes_and_asks(two_builds, tmp_path, capsys):
    address = f"qdrant://{tmp_path}/served"
    assert main(["publish", address, "--index", str(two_builds[1])]) == 0
    assert "generation-20260101-000000-000002" in capsys.readouterr().out
    assert main(["ask", CLAIM, "--index", address, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["evidence"]
    assert main(["publish", address, "--back-to", "generation-1"]) == 5
    assert "there are generation-20260101-000000-000002" in capsys.readouterr().err


def test_a_served_index_is_not_rebuilt_from_the_page(address):
    live = LiveFinder.begin(Settings.from_environment(), address)
    assert live.ready
    with pytest.raises(SourceFinderError, match="not on this machine"):
        live.rebuild("Building")


@pytest.mark.parametrize("wrong", ["qdrant://", "qdrant:///", "qdrant://host:6333"])
def test_a_malformed_address_is_refused(wrong):
    with pytest.raises(SearchIndexError, match="qdrant:///a/folder"):
        generations(wrong)


def test_what_is_not_there_is_said(tmp_path, two_builds):
    with pytest.raises(IndexNotBuilt, match="source-finder publish"):
        QdrantIndex.open(f"qdrant://{tmp_path}/none")
    with pytest.raises(IndexNotReached, match=r"127\.0\.0\.1:9"), quiet():
        publish(open_index(two_builds[0]), "qdrant://127.0.0.1:9/x")


def test_what_another_version_published_is_refused(address, monkeypatch):
    monkeypatch.setattr("rag.index.qdrant.index.FORMAT", 99)
    with pytest.raises(IndexMismatch, match=r"this version reads 99\. Publish it again"):
        QdrantIndex.open(address)
