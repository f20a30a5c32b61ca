"""Damaged models and manifests, hostile archives and metadata, processes that must end, and what
a text may do to a terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email.headerregistry import HeaderRegistry
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image
from spacy.tokens import Doc

from rag.accounts import Audit
from rag.build.builder import build_index
from rag.claims import MAX_CLAIM, TOO_LONG, references, split_claims
from rag.cli import harmless
from rag.cli.main import main
from rag.config import Settings
from rag.database import copy_store
from rag.datatypes import Collection, Progress, SkippedFile
from rag.embedding import Encoder, chunk, inference
from rag.errors import (
    IndexCorrupt,
    ModelError,
    ProjectsError,
    QuestionError,
    UnreadableSource,
)
from rag.finder import SourceFinder
from rag.index import MANIFEST, live_generation, open_index, recorded_sources
from rag.ingest import files, read_sources, works, zotero
from rag.ingest.ocr import Ocr
from rag.ingest.readers import ReadItem, read_file
from rag.ingest.shared import decoding
from rag.ingest.sidecar import read_sidecar
from rag.language import sentences, tokens
from rag.language.tokens import parse
from rag.live import CALLED_OFF, LiveFinder
from rag.llm import is_turned
from rag.web import corpus
from rag.web.uploads import PREFIX, forget, sweep, upload_folder
from tests import outlook
from tests.conftest import ROOT, make_document, write_sources
from tests.zotero_library import Item, write_library

# ---- models and indexes ----


def test_other_weights_than_the_publishers_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = inference.model_folder("default", Settings.from_environment())
    folder = tmp_path / "model"
    shutil.copytree(original, folder)
    assert inference.fingerprint(folder, inference.DEFAULT_WEIGHTS)
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    monkeypatch.setattr("rag.embedding.model_folder", lambda name, settings: folder)
    with pytest.raises(ModelError, match=r"is not the file that its publisher has made public"):
        Encoder.load("default", Settings.from_environment())


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "checksums.json"])
def test_a_converted_model_with_a_changed_bit_is_not_used(tmp_path: Path, name: str) -> None:
    for file, content in (("model.xml", b"<net/>"), ("model.bin", b"weights")):
        (tmp_path / file).write_bytes(content)
    checksums = {f: inference.sha256_of(tmp_path / f) for f in ("model.xml", "model.bin")}
    (tmp_path / "checksums.json").write_text(json.dumps(checksums))
    assert inference._is_as_converted(tmp_path)
    changed = bytearray((tmp_path / name).read_bytes())
    changed[-3] ^= 1
    (tmp_path / name).write_bytes(changed)
    assert not inference._is_as_converted(tmp_path)
    (tmp_path / name).unlink()
    assert not inference._is_as_converted(tmp_path)


@pytest.mark.parametrize("was", ["chunker", "passages", "checksum", "signed"])
def test_a_manifest_with_a_changed_letter_is_refused(
    small_index: Path, tmp_path: Path, was: str
) -> None:
    index = shutil.copytree(small_index, tmp_path / "index")
    manifest = live_generation(index) / MANIFEST
    text = manifest.read_text()
    at = text.index(was)
    manifest.write_text(text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :])
    with pytest.raises(IndexCorrupt):
        open_index(index)


def test_a_home_that_was_moved_finds_its_sources(tmp_path: Path, encoder: Encoder) -> None:
    home = tmp_path / "here"
    write_sources(home / "corpus" / "sources", ["1823-Monroe-1"])
    build_index([home / "corpus" / "sources"], home / "indexes" / "mine", encoder=encoder)
    home.rename(tmp_path / "there")
    index = tmp_path / "there" / "indexes" / "mine"
    sources = recorded_sources(index)
    assert sources == [str(tmp_path / "there" / "corpus" / "sources")]
    report = build_index(sources, index, encoder=encoder)
    assert (report.documents, report.embedded) == (1, 0)


# ---- archives, metadata, texts ----


def read_all(path: Path) -> tuple[list[str], list[SkippedFile]]:
    skipped: list[SkippedFile] = []
    return [d.text for d in read_sources([path], skipped.append)], skipped


@pytest.mark.parametrize("name", ["sub//b.txt", "./b.txt", "sub/./b.txt", "sub///./b.txt"])
def test_an_odd_path_in_an_archive_is_read(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr(name, "Gold was found.")
        archive.writestr("a.txt", "Silver was not.")
    texts, skipped = read_all(tmp_path)
    assert sorted(texts) == ["Gold was found.", "Silver was not."]
    assert skipped == []


def test_a_list_of_contents_that_fills_the_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.txt", b"")
    monkeypatch.setattr(decoding, "ZipFile", lambda *_: pytest.fail("it was listed"))
    with (
        pytest.raises(UnreadableSource, match="more than 10 files"),
        decoding.opened(path, "a zip file", decoding.ZipLimits(members=10)),
    ):
        pytest.fail("it was opened")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_or_a_device_as_metadata_is_told_of(tmp_path: Path) -> None:
    for name in ("piped", "endless"):
        (tmp_path / f"{name}.txt").write_text(f"Gold was found by the {name}.")
    os.mkfifo(tmp_path / "piped.yaml")
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    texts, skipped = read_all(tmp_path)
    assert len(texts) == 2
    assert all("is not a regular file" in problem.reason for problem in skipped)
    assert len(skipped) == 2


@pytest.mark.parametrize(
    "content",
    ["[" * 30_000, "{a: " * 15_000, "- " * 30_000, "? " * 30_000, "title: " + "x" * 3000],
    ids=["lists", "fields", "items", "keys", "length"],
)
def test_deep_or_long_metadata_is_told_of_at_once(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(content)
    before = time.thread_time()
    try:
        _, problems = read_sidecar(path)
    except UnreadableSource as error:
        problems = [str(error)]
    assert problems
    assert time.thread_time() - before < 2


@pytest.mark.parametrize(
    "hostile",
    [
        "UPDATE itemAttachments SET path = x'00ff'",
        "UPDATE itemAttachments SET path = 1848.5",
        "UPDATE items SET key = itemID",
        "UPDATE creators SET lastName = x'00ff', firstName = 7",
        "UPDATE creatorTypes SET creatorType = 7",
        "UPDATE itemTypes SET typeName = NULL",
        "UPDATE fields SET fieldName = x'ff'",
        "UPDATE itemDataValues SET value = CAST(value AS BLOB) || x'00ff'",
        "UPDATE itemDataValues SET value = valueID",
        "UPDATE groups SET name = 7",
        "UPDATE itemData SET itemID = 'a'",
    ],
)
def test_a_library_of_zotero_may_hold_anything(tmp_path: Path, hostile: str) -> None:
    """What a column holds has not the type that it is said to have."""
    described = Item(values={"title": "Letters"}, creators=[("author", "Ann", "Holt")])
    library = write_library(tmp_path / "library", [described, Item(group=True)])
    with closing(sqlite3.connect(library / "zotero.sqlite")) as made, made:
        made.execute(hostile)
    problems: list[SkippedFile] = []
    read = list(read_sources([library], problems.append))
    assert read or problems


def _with_a_name_that_is_no_text(file: Path) -> None:
    """Give a table of a database a name that is no UTF-8, and a place that is none."""
    with closing(sqlite3.connect(file)) as made, made:
        made.execute("CREATE TABLE IF NOT EXISTS items (itemID)")
        made.execute("PRAGMA writable_schema = ON")
        made.execute(
            "UPDATE sqlite_master SET name = CAST(x'69ad' AS TEXT), rootpage = 99999 "
            "WHERE name = 'items'"
        )


def test_a_database_whose_names_are_no_text_is_reported(tmp_path: Path) -> None:
    library = write_library(tmp_path / "library", [Item(values={"title": "Letters"})])
    _with_a_name_that_is_no_text(library / "zotero.sqlite")
    problems: list[SkippedFile] = []
    list(read_sources([library], problems.append))
    assert any("cannot be read as a Zotero library" in problem.reason for problem in problems)
    _with_a_name_that_is_no_text(tmp_path / "projects.sqlite")
    with pytest.raises(ProjectsError, match="cannot be read or written"):
        copy_store(tmp_path / "projects.sqlite", tmp_path / "copy.sqlite")


_ENDLESS = (
    "CREATE VIEW {} AS WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made) "
    "SELECT n AS itemTypeID, 'x' AS typeName FROM made"
)


@pytest.mark.parametrize(
    "hostile",
    [
        ["ALTER TABLE itemTypes RENAME TO others", _ENDLESS.format("itemTypes")],
        [
            "DROP TABLE itemTypes",
            "CREATE TABLE itemTypes (itemTypeID, typeName AS (hex(zeroblob(400000000))))",
            "INSERT INTO itemTypes VALUES (1)",
        ],
        ["DROP TABLE itemTypes", "CREATE VIRTUAL TABLE itemTypes USING fts5(itemTypeID, typeName)"],
    ],
)
def test_a_library_of_zotero_without_end_is_told_of(tmp_path: Path, hostile: list[str]) -> None:
    library = write_library(tmp_path / "library", [Item()])
    with closing(sqlite3.connect(library / "zotero.sqlite")) as made, made:
        for statement in hostile:
            made.execute(statement)
    problems: list[SkippedFile] = []
    began = time.monotonic()
    assert list(read_sources([library], problems.append)) == []
    assert "cannot be read as a Zotero library" in problems[0].reason
    assert time.monotonic() - began < 30


def test_a_library_of_zotero_with_more_rows_than_any_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = write_library(tmp_path / "library", [Item(values={"title": "Letters"})] * 3)
    for most in ("_MOST_ROWS", "_MOST_LETTERS", "_MOST_BYTES"):
        monkeypatch.setattr(zotero, most, 3)
        problems: list[SkippedFile] = []
        assert list(read_sources([library], problems.append)) == []
        assert "cannot be read as a Zotero library" in problems[0].reason
        monkeypatch.undo()


def _counted(names: list[str]) -> str:
    """Return a METS record that lists files as the pages of one work."""
    files = "".join(
        f'<file ID="F{n}"><FLocat href="{name}"/></file>' for n, name in enumerate(names)
    )
    pages = "".join(f'<div><fptr FILEID="F{n}"/></div>' for n in range(len(names)))
    return f"<mets><fileSec>{files}</fileSec><structMap><div>{pages}</div></structMap></mets>"


@pytest.mark.parametrize("packed", [False, True])
def test_a_picture_of_a_page_is_opened_by_a_reader_alone(tmp_path: Path, packed: bool) -> None:
    """Not by the build, which a hostile picture would take with it."""
    names = ["a.png", "b.png"]
    contents = {"mets.xml": _counted(names).encode(), **dict.fromkeys(names, b"no picture")}
    source = tmp_path / "work"
    source.mkdir()
    if packed:
        source /= "work.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        for name, content in contents.items():
            (source / name).write_bytes(content)
    pages: list[list[bytes]] = []

    def reading(path: Path, collection: Collection) -> Iterator[ReadItem]:
        with zipfile.ZipFile(path) as bound:
            pages.append([bound.read(name) for name in bound.namelist()])
        return read_file(path, collection, Ocr("off"))

    problems: list[SkippedFile] = []
    assert list(read_sources([source], problems.append, reading)) == []
    assert pages == [[b"no picture"] * 2]
    assert len(problems) == 1


def test_no_other_program_is_run_for_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow has Ghostscript draw PostScript, whatever the file is called."""
    Image.new("L", (80, 40), 255).save(tmp_path / "made.eps")
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("it was run"))
    for kind in (".jpg", ".png", ".tif"):
        path = (tmp_path / "made.eps").rename(tmp_path / f"made{kind}")
        [skipped] = read_file(path, Collection("c", "C"))
        assert isinstance(skipped, SkippedFile)
        assert "not an image" in skipped.reason
        path.rename(tmp_path / "made.eps")


def test_pages_and_records_that_are_too_large_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (tmp_path / f"{number:08}.txt").write_text("The siege began. " * 100)
    (tmp_path / "dc.xml").write_text("<dc><title>The siege</title></dc>" + " " * 5_000)
    monkeypatch.setattr(files, "_MAX_RECORD", 5_000)
    problems: list[SkippedFile] = []
    (work,) = read_sources([tmp_path], problems.append)
    assert problems == []
    assert work.title != "The siege"
    monkeypatch.setattr(works, "_MAX_WORK", 5_000)
    assert list(read_sources([tmp_path], problems.append)) == []
    assert "which no work has" in problems[0].reason


@pytest.mark.parametrize("kind", [".xml", ".html"])
@pytest.mark.parametrize("unit", [b"<Page ", b"<body", b"<body>", b"</body>", b"<a:", b"</a"])
def test_pages_are_put_together_in_time_proportional_to_them(kind: str, unit: bytes) -> None:
    pages = [b"<Page>", b"<body>", b"", unit * 50_000]
    began = time.thread_time()
    works._with_all_pages(pages, kind)
    assert time.thread_time() - began < 1


def test_line_ends_without_words_cost_little(encoder: Encoder) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    text = f"Gold was found.{' ' * 9}{chr(10) * 4_000_000}Silver was not."
    found = chunk(make_document(text), encoder.piece_starts)
    assert [p.span.of(text).split()[0] for p in found] in (["Gold"], ["Gold", "Silver"])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_a_long_text_has_the_same_sentences_as_its_parts() -> None:
    paragraph = "Gold was found in 1848. Mr. Polk told the Congress of it!\n\n"
    text = paragraph * 8_000  # longer than what is divided at a time
    found = sentences(text)
    assert len(found) == 16_000
    assert found[1].of(text) == "Mr. Polk told the Congress of it!"
    assert found[-1].of(text) == found[1].of(text)


# ---- claims ----


def test_a_claim_has_a_length(finder: SourceFinder) -> None:
    endless = "a b " * (MAX_CLAIM // 4 + 1)
    with pytest.raises(QuestionError, match="one claim may have 2,000"):
        finder.find_sources(endless)
    [claim] = split_claims(endless)
    assert claim.set_aside == TOO_LONG
    assert finder.ask(endless).findings == ()


@pytest.mark.parametrize(
    ("said", "quote", "turned"),
    [
        ("Ampudia defeated Taylor.", "General Taylor defeated General Ampudia", True),
        ("Taylor defeated Ampudia.", "General Taylor defeated General Ampudia", False),
        ("Ampudia defeated Taylor.", "Ampudia was defeated by Taylor", True),
        ("Ampudia was defeated by Taylor.", "Ampudia was defeated by Taylor", False),
        ("Gold was found in California.", "gold was found in California", False),
    ],
)
def test_a_summary_does_not_turn_a_quotation_round(said: str, quote: str, turned: bool) -> None:
    assert is_turned(said, quote) is turned


# ---- the terminal ----


def test_nothing_in_a_text_moves_the_cursor() -> None:
    evil = "gold\x1b[2J\x1b]0;owned\x07\x9b31m\x08\x7f\u202e\r found\n\tthen"
    plain = harmless(evil)
    assert not set(plain) & set("\x1b\x07\x9b\x08\x7f\u202e\r")
    assert plain.endswith("found\n\tthen")
    assert json.loads(harmless(json.dumps(evil, ensure_ascii=False), as_json=True)) == evil


def test_an_error_about_a_file_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "none\x1b[2J.txt"]) != 0
    assert "\x1b" not in capsys.readouterr().err


# ---- processes and leftovers ----

BUILD = "import sys; from rag.cli.main import main; sys.exit(main(sys.argv[1:]))"
SERVE = """
import sys, time, threading
from pathlib import Path
from rag.live import LiveFinder
live = LiveFinder.open(sys.argv[1])
live.rebuild("x")
while live._building is None or live.work.stage == "":
    time.sleep(.02)
print(live._building.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int, within_s: float = 20) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").is_file():
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z" and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1:
                return True  # none of its threads holds a file any more
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_build_ends_with_the_server(tmp_path: Path, encoder: Encoder, how: int) -> None:
    home = tmp_path / "home"
    sources = write_sources(home / "corpus" / "sources", ["1823-Monroe-1"])
    index = home / "indexes" / "mine"
    build_index([sources], index, encoder=encoder)
    write_sources(sources)  # something to do
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(index)],
        stdout=subprocess.PIPE,
        env=os.environ | {"SOURCE_FINDER_HOME": str(home), "PYTHONPATH": str(ROOT)},
    )
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    server.send_signal(how)
    server.wait(30)
    server.stdout.close()
    assert gone(pid), "the build goes on"
    assert build_index([sources], index, encoder=encoder).documents == 6, "nothing is locked"


@pytest.mark.slow
def test_a_rebuild_can_be_called_off(tmp_path: Path, encoder: Encoder) -> None:
    home = tmp_path / "home"
    sources = write_sources(home / "corpus" / "sources", ["1823-Monroe-1"])
    build_index([sources], home / "indexes" / "mine", encoder=encoder)
    settings = replace(Settings.from_environment(), home=home)
    live = LiveFinder(SourceFinder.open(home / "indexes" / "mine", settings=settings))
    live.rebuild("x")
    assert 'data-act="cancel"' in corpus.work(live)
    editor = corpus.Editor("ann", Audit(home))
    corpus.act(live, {"act": "cancel"}, editor)
    wait_for_end(live)
    assert live.work is not None
    assert live.work.problem == CALLED_OFF
    assert CALLED_OFF in corpus.work(live)
    assert '"ann", "what": "stopped' in (home / "audit.jsonl").read_text()
    assert live.current.find_sources("Monroe", 1)
    live.rebuild("x")
    wait_for_end(live)
    assert live.work.problem == "", "nothing is locked or lost"


def wait_for_end(live: LiveFinder) -> None:
    deadline = time.monotonic() + 120
    while live.busy and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_download_can_be_called_off(
    tmp_path: Path, finder: SourceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(entries: object, folder: object, progress: Progress, **_: object) -> None:
        while True:
            progress("Downloading", 1, 0)
            begun.set()
            time.sleep(0.01)

    monkeypatch.setattr("rag.live.fetch", endless)
    live = LiveFinder(finder)
    live.rebuild("x", fetching=("frus1964-68v14",))
    assert begun.wait(10)
    live.cancel()
    wait_for_end(live)
    assert live.work is not None
    assert live.work.problem == CALLED_OFF


def test_uploads_are_gone_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed = tmp_path / f"{PREFIX}killed"
    killed.mkdir()
    (killed / ".held").touch()
    (killed / "letter.pdf").write_bytes(b"secret")
    with upload_folder() as folder:
        assert not killed.exists(), "of a server that was killed"
        (folder / "one").mkdir()
        upload = folder / "one" / "letter.pdf"
        upload.write_bytes(b"secret")
        sweep()
        assert upload.exists(), "of a server that runs"
        forget([upload, tmp_path / "other"])
        assert not upload.exists()
        own = tmp_path / "own.pdf"
        own.write_bytes(b"mine")
        forget([own])
        assert own.exists(), "what is no upload stays"
    assert not folder.exists()


def test_a_server_for_reading_changes_nothing(finder: SourceFinder, tmp_path: Path) -> None:
    live = LiveFinder(finder)
    live.settings = replace(finder.settings, home=tmp_path)
    editor = corpus.Editor("reader", Audit(tmp_path), why_not=corpus.FOR_READING)
    letter = tmp_path / "letter.txt"
    letter.write_text("A truce was signed.")
    assert "read-only" in corpus.add(live, [("letter.txt", letter)], editor)
    for act in sorted(corpus.ACTS):
        _, told = corpus.act(live, {"act": act, "file": "letter.txt", "id": "x"}, editor)
        assert "read-only" in told
    assert not (tmp_path / "corpus").exists()
    assert not live.busy


@pytest.mark.parametrize("turning", ["\u202e", "\u202d", "\u2066", "\u2067"])
def test_what_a_file_says_of_itself_turns_no_line_round(tmp_path: Path, turning: str) -> None:
    said = f"Letters {turning}of Ann"
    (tmp_path / "a.html").write_text(f"<title>{said}</title><p>The king agreed to it at last.</p>")
    (tmp_path / "b.txt").write_text("The queen did not agree.")
    (tmp_path / "b.yaml").write_text(f"title: {said}\ncreator: {said}\n")
    (tmp_path / f"c{turning}.txt").write_text(f"The duke {turning}said nothing.")
    documents = list(read_sources([tmp_path], print))
    assert {document.title for document in documents} == {"Letters of Ann", "c"}
    assert f"The duke {turning}said nothing." in {document.text for document in documents}


def test_words_that_somebody_makes_up_are_not_kept_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = [token.lemma_ for token in parse("The miners were going home.")]
    known = parse("The miners were going home.").vocab.strings
    monkeypatch.setattr(tokens, "_MOST_WORDS", len(known) + 100)
    for number in range(40):
        made_up = " ".join(f"zq{number}x{word}" for word in range(20))
        found = parse(f"The {made_up} came.").vocab.strings
        assert len(found) < len(known) + 200
    assert found is not known
    assert [token.lemma_ for token in parse("The miners were going home.")] == before


@pytest.mark.parametrize("unit", ["the ", "of the ", "and ", "what about it "])
def test_no_whole_text_is_parsed_to_see_what_it_goes_on_from(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []

    def noting(text: str) -> Doc:
        parsed.append(len(text))
        return parse(text[:MAX_CLAIM])

    monkeypatch.setattr(references, "parse", noting)
    long = unit * (90_000 // len(unit))
    assert not references.why_unclear(long, completed=False)
    references.in_context(long, ["Truman asked for insurance"])
    asked = f"Truman asked for insurance {long}"
    references.in_context("and what did Nixon say about it?", [asked])
    assert max(parsed) <= MAX_CLAIM


@pytest.mark.parametrize(
    "head",
    [
        "Date: Tue, 99999999999999999999 Dec 1848 10:00:00 +0000",
        "Date: Tue, 5 Dec 99999999999999999999 10:00:00 +99999999999999",
        "From: @[",
        "To: <",
        "Content-Type: text/plain; charset*0*=",
        "Content-Disposition: attachment; filename*99999999999999999999999=x",
    ],
)
@pytest.mark.parametrize("failing", [False, True])
def test_a_head_that_cannot_be_read_costs_no_message(
    tmp_path: Path, head: str, failing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's reader of heads has failed with many errors."""
    parse_head = HeaderRegistry.__call__

    def fail(registry: HeaderRegistry, name: str, value: str) -> object:
        if value:
            raise AttributeError(name)
        return parse_head(registry, name, value)

    if failing:
        monkeypatch.setattr(HeaderRegistry, "__call__", fail)
    (tmp_path / "a.eml").write_text(f"Subject: Gold\n{head}\n\nGold was found in California.\n")
    problems: list[SkippedFile] = []
    for document in read_sources([tmp_path], problems.append):
        assert "Gold was found" in document.text or "attachment" in head
    assert not any(problem.given_up for problem in problems)


@pytest.mark.parametrize("number", ["99999999999999999999", "-99999999999999999999"])
@pytest.mark.parametrize("word", ["u", "uc", "bin", "ansicpg", "f", "fs"])
def test_a_number_without_end_in_rtf_is_read_or_reported(
    tmp_path: Path, word: str, number: str
) -> None:
    (tmp_path / "a.rtf").write_text(rf"{{\rtf1\ansi {{\b Gold}} \{word}{number}? was found.\par}}")
    problems: list[SkippedFile] = []
    assert list(read_sources([tmp_path], problems.append)) or problems


def test_a_message_with_a_stream_larger_than_itself_is_reported(tmp_path: Path) -> None:
    said = {**outlook.text("0037", "The brig"), **outlook.text("1000", "Gold was found.")}
    path = outlook.write_msg(tmp_path / "a.msg", said)
    content = bytearray(path.read_bytes())
    root = content.index("Root Entry".encode("utf-16-le"))
    content[root + 120 : root + 124] = (1 << 30).to_bytes(4, "little")  # its size
    path.write_bytes(content)
    problems: list[SkippedFile] = []
    assert not list(read_sources([tmp_path], problems.append))
    assert "larger than the file" in problems[0].reason
