"""An index that is rebuilt while it answers."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag.accounts import Audit
from rag.build.builder import EMBEDDING, build_index
from rag.build.corpus_files import add_file
from rag.catalog.fetch import DownloadPolicy
from rag.config import Settings
from rag.datatypes import Answer
from rag.embedding import Encoder
from rag.errors import IndexBusy, IndexNotBuilt
from rag.finder import SourceFinder
from rag.index import open_index, open_unfinished
from rag.index.local import LocalIndex
from rag.index.vectors import VectorsOnDemand
from rag.live import LiveFinder, Work
from rag.searching import SIGNALS, Candidate, Query
from rag.web import corpus
from rag.web.uploads import FolderWatch
from rag.workspace import Workspace
from tests.answers import Seen
from tests.conftest import MONROE_WORDS, write_sources
from tests.scans import print_pdf

TRUCE = "A truce was signed at the bridge of Zenda in the presence of both ministers."


@pytest.fixture
def live(tmp_path: Path, encoder: Encoder) -> LiveFinder:
    """A finder over one address, with an empty folder of sources."""
    given = write_sources(tmp_path / "given", ["1823-Monroe-1"])
    home = tmp_path / "home" / "indexes" / "small"
    build_index([given / "signed"], home, encoder=encoder)
    settings = replace(Settings.from_environment(), home=tmp_path / "home")
    return LiveFinder(SourceFinder.open(home, settings=settings))


@pytest.fixture
def editor(tmp_path: Path) -> corpus.Editor:
    return corpus.Editor("ann", Audit(tmp_path))


def ended(live: LiveFinder, within_s: float = 60) -> Work:
    """Wait for the end of the work on the index, and return it."""
    return until(lambda: live.work if live.work and live.work.ended else None, within_s)


def until(get: Callable[[], Work | None], within_s: float) -> Work:
    deadline = time.monotonic() + within_s
    while (work := get()) is None:
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)
    return work


@pytest.mark.slow
def test_a_file_is_added_while_the_old_index_answers(
    live: LiveFinder, tmp_path: Path, editor: corpus.Editor
) -> None:
    letter, broken = tmp_path / "letter.txt", tmp_path / "broken.pdf"
    letter.write_text(TRUCE, encoding="utf-8")
    broken.write_bytes(b"<html>404</html>")
    live.current.find_sources(TRUCE, 1)  # the first question loads what all need
    message = corpus.add(
        live, [("letter.txt", letter), ("broken.pdf", broken), ("x.exe", broken)], editor
    )
    assert "x.exe is a kind of file that cannot be read" in message
    assert live.busy
    with pytest.raises(IndexBusy, match="already"):
        live.rebuild("Again")
    asked = 0
    while live.busy:
        assert MONROE_WORDS in live.current.find_sources(MONROE_WORDS, 1)[0].passage
        asked += 1
    assert asked, "nothing was asked during the rebuild"
    work = ended(live)
    states = {Path(path).name: state for path, state in work.files.items()}
    assert states == {"letter.txt": "read", "broken.pdf": "left out"}
    report = work.report
    assert report is not None
    assert [identity.endswith("letter") for identity in report.added] == [True]
    assert TRUCE in live.current.find_sources("A truce was signed", 1)[0].passage
    shelf = corpus.shelf(live)
    assert "Indexed as 1 document: letter" in shelf
    assert "it looks like HTML" in shelf
    assert "1 file was left out" in corpus.work(live)
    # Described, then removed.
    shelf, told = corpus.act(
        live, {"act": "described", "file": "letter.txt", "date": "1812"}, editor
    )
    assert told == ""
    assert ended(live).problem == ""
    assert live.current.find_sources("A truce was signed", 1)[0].date == "1812"
    # What was noted of it is told beside the file, and once with what the build did.
    live.work = replace(work, report=replace(report, notes=(f"{report.added[0]}: 2 pages lost",)))
    assert "2 pages lost" in corpus.shelf(live)
    assert "1 note on what was read" in corpus.work(live)
    live.rebuild("Again")
    assert "it looks like HTML" in corpus.shelf(live), "also while the next build goes on"
    ended(live)
    shelf, told = corpus.act(live, {"act": "remove", "file": "letter.txt"}, editor)
    assert (told, "letter.txt was removed" in shelf) == ("", True)
    report = ended(live).report
    assert report is not None
    assert len(report.removed) == 1
    assert TRUCE not in live.current.find_sources("A truce was signed", 1)[0].passage
    # Brought back, as it was described.
    back = Seen(corpus.shelf(live)).all("button", **{"data-act": "bring-back"})
    assert [button["data-file"] for button in back] == ["letter.txt"]
    shelf, _ = corpus.act(live, {"act": "bring-back", "file": "letter.txt"}, editor)
    assert not Seen(shelf).all("button", **{"data-act": "bring-back"})
    assert ended(live).problem == ""
    assert live.current.find_sources("A truce was signed", 1)[0].date == "1812"
    _, told = corpus.act(live, {"act": "bring-back", "file": "letter.txt"}, editor)
    assert "no file letter.txt in corpus/removed" in told


@pytest.mark.slow
def test_a_failed_rebuild_leaves_the_old_index(live: LiveFinder, tmp_path: Path) -> None:
    (tmp_path / "given").rename(tmp_path / "gone")
    live.rebuild("Bringing it up to date")
    work = ended(live)
    assert "check the path" in work.problem
    assert MONROE_WORDS in live.current.find_sources(MONROE_WORDS, 1)[0].passage
    assert "failed" in corpus.work(live)


def test_a_collection_that_cannot_be_fetched_is_told(
    live: LiveFinder, monkeypatch: pytest.MonkeyPatch, editor: corpus.Editor
) -> None:
    # Nothing listens there: as without a network.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    live = LiveFinder(live.current, policy=DownloadPolicy(tries=1, timeout_s=2))
    shelf, told = corpus.act(live, {"act": "fetch-now", "id": "frus1964-68v14"}, editor)
    assert told == ""
    assert "Check the network" in ended(live).problem
    _, told = corpus.act(live, {"act": "rebuild"}, editor)
    assert told == ""
    ended(live)
    shelf, _ = corpus.act(live, {"act": "fetch-now", "id": "no-such-collection"}, editor)
    assert "What is searched" in shelf


def test_a_description_that_makes_no_sense_is_told_in_the_form(
    live: LiveFinder, tmp_path: Path, editor: corpus.Editor
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text(TRUCE, encoding="utf-8")
    add_file(live.settings.sources, letter, "letter.txt")
    shelf, _ = corpus.act(
        live, {"act": "described", "file": "letter.txt", "date": "some day"}, editor
    )
    assert "Nothing was changed" in shelf
    assert "sf-describe" in shelf
    assert not live.busy


def test_the_first_build_is_answered_from_by_words_at_once(
    tmp_path: Path, encoder: Encoder
) -> None:
    """From no index at all: first by words, with whole passages and quotations, then in full."""
    sources, index = write_sources(tmp_path, ["1823-Monroe-1", "1848-Polk-1"]), tmp_path / "index"
    answers: list[Answer] = []

    def ask(stage: str, done: int, total: int, file: object = None) -> None:
        if stage == EMBEDDING and done == 0:
            assert total
            opened = open_unfinished(index, encoder)
            assert opened is not None
            settings = Settings.from_environment()
            finder = SourceFinder(Workspace.of(settings, LocalIndex(opened), encoder))
            assert finder.facts().by_words == finder.facts().passages
            answers.append(finder.ask(MONROE_WORDS))

    build_index([sources / "signed"], index, encoder=encoder, progress=ask)
    [by_words] = answers
    assert by_words.by_words
    [best, *_] = by_words.findings[0].evidence
    assert MONROE_WORDS in best.passage and best.quote in best.passage
    whole = SourceFinder.open(index)
    assert whole.facts().by_words == 0
    answer = whole.ask(MONROE_WORDS)
    assert not answer.by_words
    assert answer.findings[0].evidence[0].passage == best.passage
    assert open_unfinished(index, encoder) is None


def test_what_is_added_is_found_by_words_beside_what_was_there(
    tmp_path: Path, encoder: Encoder
) -> None:
    sources, index = write_sources(tmp_path, ["1823-Monroe-1", "1848-Polk-1"]), tmp_path / "index"
    [polk] = [sources / "signed" / "1848-Polk-1.txt"]
    kept = polk.rename(tmp_path / polk.name)
    build_index([sources / "signed"], index, encoder=encoder)
    kept.rename(polk)
    found: list[list[Candidate]] = []
    vectors: list[VectorsOnDemand] = []

    def look(stage: str, done: int, total: int, file: object = None) -> None:
        if stage == EMBEDDING and done == 0:
            opened = open_unfinished(index, encoder)
            assert opened is not None and isinstance(opened.vectors, VectorsOnDemand)
            vectors.append(opened.vectors)
            found.append(candidates(LocalIndex(opened)))

    def candidates(opened: LocalIndex) -> list[Candidate]:
        vector = encoder.encode_query("gold in that territory")
        query = Query({"gold": 1.0, "territori": 1.0}, vector, (), (), dict.fromkeys(SIGNALS, 1.0))
        return opened.search(query, 8)

    build_index([sources / "signed"], index, encoder=encoder, progress=look)
    whole = {c.passage_id: c.signals for c in candidates(LocalIndex(open_index(index)))}
    assert 0 < vectors[0].missing < vectors[0].passages
    assert {c.document_id for c in found[0]} == {"signed/1823-Monroe-1", "signed/1848-Polk-1"}
    for candidate in found[0][:5]:
        if candidate.passage_id in whole:
            pieces = whole[candidate.passage_id]["pieces"]
            assert candidate.signals["pieces"] == pytest.approx(pieces, abs=0.02)


def test_the_folder_of_sources_is_watched(tmp_path: Path, encoder: Encoder) -> None:
    """What is put there, or taken away, changes the default index by itself."""
    settings = replace(Settings.from_environment(), home=tmp_path)
    given, home = write_sources(tmp_path, ["1823-Monroe-1"]), settings.index_path(None)
    settings.sources.mkdir(parents=True)
    build_index([given / "signed"], home, encoder=encoder)
    live = LiveFinder(SourceFinder.open(home, settings=settings))
    watch = FolderWatch(live, look_s=0.05, settled_s=0.3)
    page = ["THE TREATY OF ZENDA", "Strelsau, 9 May 1891.", TRUCE]
    treaty = print_pdf(settings.sources / "scan_7.pdf", [page])
    assert ended(live).problem == ""
    assert "1 document added" in corpus.work(live)
    shelf = corpus.shelf(live, describing=treaty.name)
    assert "The title and the date are suggested from the first page" in shelf
    assert 'name="title" value="THE TREATY OF ZENDA"' in shelf
    assert 'name="date" value="1891-05-09"' in shelf
    began = live.began
    time.sleep(1)
    assert live.began == began, "nothing has changed"
    treaty.unlink()
    until(lambda: live.work if live.began > began else None, 60)
    report = ended(live).report
    assert report is not None
    assert len(report.removed) == 1
    watch.close()


def test_what_another_process_has_built_is_answered_from(
    small_sources: list[str], small_index: Path, tmp_path: Path, encoder: Encoder
) -> None:
    index = tmp_path / "index"
    shutil.copytree(small_index, index)
    live = LiveFinder(SourceFinder.open(index))
    before, watch = live.current, FolderWatch(live, look_s=0.05)
    build_index(small_sources[:1], index, encoder=encoder)
    until(lambda: live.current if live.current is not before else None, 60)
    watch.close()
    assert live.current.facts().documents < before.facts().documents
    assert live.work is None


def test_before_there_is_anything_it_is_said(tmp_path: Path) -> None:
    settings = replace(Settings.from_environment(), home=tmp_path)
    live = LiveFinder(None, settings=settings, home=settings.index_path(None))
    assert not live.ready
    assert live.searched() == ()
    with pytest.raises(IndexNotBuilt, match="for the first time"):
        live.current  # noqa: B018
    with pytest.raises(IndexNotBuilt):
        LiveFinder.begin(settings, "mine")


def test_what_was_typed_is_kept_where_it_cannot_be_saved(
    live: LiveFinder, tmp_path: Path, editor: corpus.Editor
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text(TRUCE, encoding="utf-8")
    add_file(live.settings.sources, letter, "letter.txt")
    typed = {"title": "A <letter>", "creator": "", "date": "the day after", "rights": "none"}
    shelf, told = corpus.act(live, {"act": "described", "file": "letter.txt", **typed}, editor)
    assert told == ""
    assert 'value="A &lt;letter&gt;"' in shelf
    assert 'name="date" value="the day after"' in shelf
    assert shelf.count('aria-invalid="true"') == 1


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("14 February 1845", "1845-02-14"),
        ("February 14, 1845", "1845-02-14"),
        ("March 1845", "1845-03"),
        ("1845", "1845"),
        ("1845-02-14", "1845-02-14"),
        ("1845~", "1845~"),
        ("the day after", "the day after"),
        ("", ""),
    ],
)
def test_dates_as_people_write_them(written: str, iso: str) -> None:
    assert corpus.as_iso(written) == iso


def test_a_build_that_is_completed_while_it_is_looked_at_is_not_shown_half(
    tmp_path: Path, encoder: Encoder
) -> None:
    generation = tmp_path / "generation-20260101-000000-000001"
    generation.mkdir()
    (generation / "words.json").write_text("", encoding="utf-8")
    assert open_unfinished(tmp_path, encoder) is None
