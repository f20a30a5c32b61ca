"""Kill what changes the disk, again and again: nothing is lost, and nothing is left behind.

Each kind of work runs in a process of its own. Half of them are killed (SIGKILL) at a random
moment of what the work takes, the others when they are about to change the disk for a random time:
so the gaps between two changes are met that no clock hits. Then it is looked at what there is, by
what uses it next.
"""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from rag.build.builder import build_index
from rag.build.corpus_files import add_file, describe_file, remove_file
from rag.catalog import CatalogEntry, CatalogFile
from rag.catalog.fetch import DownloadPolicy, fetch
from rag.config import Settings
from rag.database import SqliteFile
from rag.datatypes import Answer, Claim, Evidence, Span
from rag.embedding import Encoder
from rag.index import MANIFEST, install_generation, open_index
from rag.ingest.sidecar import read_sidecar
from rag.ingest.workers import Limits, Workers
from rag.projects import KeptTurn, MarkStore, Pin, ProjectStore, Scope

TEXT = "In {year} Polk told the Congress that gold had been found in California. " * 30

Say = Callable[[int], None]
"""Says how many steps of a work are done; first 0, when all is ready to begin."""

_PROCESSES = multiprocessing.get_context("forkserver")
_CHANGES = {
    "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate",
    "os.utime", "sqlite3.connect",
}  # fmt: skip
"""What Python tells an audit hook of before it changes the disk, beside `open`."""

_WRITES = os.O_WRONLY | os.O_RDWR
_GONE_S = 30
"""A process whose parent was killed is gone after so long."""


class Work(Protocol):
    """What is killed. It is sent to another process, so its fields are plain values."""

    def prepare(self, number: int) -> None:
        """Make ready for the work of this number."""

    def do(self, number: int, say: Say) -> None:
        """Work, in a process of its own."""

    def losses(self, number: int, steps: int) -> Iterator[str]:
        """Yield what is lost or left behind after the work, which had done so many steps."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. `changes`: of the disk, known where it was not killed."""

    killed: bool
    steps: int
    changes: int
    seconds: float
    orphans: int


def kill_often(work: Work, times: int, moments: random.Random) -> list[str]:
    """Kill a work so often; return the losses, and what was left behind."""
    work.prepare(0)
    whole = _run(work, 0)
    losses = [f"whole: {loss}" for loss in work.losses(0, whole.steps)]
    killed = 0
    for number in itertools.count(1):
        if killed == times or len(losses) > 20:
            return losses
        work.prepare(number)
        if moments.random() < 0.5:
            moment = f"change {(at := moments.randint(1, whole.changes))}"
            ended = _run(work, number, at_change=at)
        else:
            after_s = moments.uniform(0, whole.seconds)
            moment = f"{after_s:.3f} s"
            ended = _run(work, number, after_s=after_s)
        killed += ended.killed
        found = list(work.losses(number, ended.steps))
        found += [f"{ended.orphans} processes run on"] if ended.orphans else []
        losses += [f"{number}, {moment}: {loss}" for loss in found]
    raise AssertionError("numbers do not end")


def _run(work: Work, number: int, at_change: int = 0, after_s: float | None = None) -> Ended:
    """Do a work in a process; kill it at a change of the disk, or after so many seconds."""
    reader, writer = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_inside, args=(work, number, at_change, writer))
    process.start()
    writer.close()
    told = [_next(reader)]  # it has begun
    began = time.monotonic()
    process.join(after_s)
    seconds = time.monotonic() - began
    process.kill()
    process.join()
    while (last := _next(reader)) is not None:
        told.append(last)
    if process.exitcode not in {0, -signal.SIGKILL} or told[0] is None:
        raise SystemExit(f"{type(work).__name__} failed by itself: {process.exitcode}")
    whole = process.exitcode == 0
    steps = [value for value in told[: -1 if whole else None] if value is not None]
    return Ended(not whole, max(steps), (told[-1] or 0) * whole, seconds, _orphans(process.pid))


def _next(reader: Connection) -> int | None:
    try:
        return int(reader.recv_bytes())
    except EOFError:
        return None


def _inside(work: Work, number: int, at_change: int, writer: Connection) -> None:
    """Do a work in this process, and send its steps, and in the end how often it changed the
    disk."""
    os.setsid()  # by which its processes are known
    changes, begun = itertools.count(1), False

    def say(step: int) -> None:
        nonlocal begun
        begun = True
        writer.send_bytes(str(step).encode())

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if begun and (opened or event in _CHANGES) and next(changes) == at_change:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    work.do(number, say)
    begun = False
    writer.send_bytes(str(next(changes) - 1).encode())


def _orphans(session: int | None) -> int:
    """Return how many processes of a session do not end."""
    end = time.monotonic() + _GONE_S
    while (left := sum(1 for _ in _processes_of(session))) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _processes_of(session: int | None) -> Iterator[int]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = status.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):  # it has just ended
            continue
        if int(of) == session and state != "Z":
            yield int(status.parent.name)


# ---- builds ----


@dataclass
class Builds(Work):
    """An index that a dozen documents come into and go out of again."""

    sources: Path
    index: Path
    allowed: list[set[str]] = field(default_factory=list)
    """What the live index may hold: what it held, and what was to be built since."""

    def prepare(self, number: int) -> None:
        write_document(self.sources, number)
        if number >= 12:
            (self.sources / document_name(number - 12)).unlink(missing_ok=True)
        self.allowed.append({path.name for path in self.sources.iterdir()})

    def do(self, number: int, say: Say) -> None:
        encoder = Encoder.load("default", Settings.from_environment())
        say(0)
        build_index([self.sources], self.index, encoder=encoder, workers=_one_reader)

    def losses(self, number: int, steps: int) -> Iterator[str]:
        """The index is whole as it was, or as it was to be; every fifth time it is built to the
        end, and only the live generation and the last one are there."""
        held = self._held()
        if held in self.allowed:
            del self.allowed[: self.allowed.index(held)]
        else:
            yield f"the index holds {sorted(held)}"
        if number % 5 == 0:
            report = build_index([self.sources], self.index)
            if self._held() != self.allowed[-1] or report.skipped:
                yield f"the next build ends with {report.documents} documents, {report.skipped}"
            yield from _left_in(self.index, {"CURRENT", "build.lock"})

    def _held(self) -> set[str]:
        return {f"{Path(name).name}.txt" for name in open_index(self.index).store.digests()}


def _one_reader(**given: Any) -> Workers:
    """Return what reads files, in one process: starting a second takes longer than all the rest."""
    return Workers(Limits(processes=1), **given)


def write_document(folder: Path, number: int) -> None:
    """Put a new document of a few hundred words into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = TEXT.format(year=1790 + number % 200) + f"This is number {number}."
    (folder / document_name(number)).write_text(text)


def document_name(number: int) -> str:
    """Return the name of a document; numbered ones would be read as the pages of one."""
    return "letter-" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}") + ".txt"


def _left_in(index: Path, known: set[str]) -> Iterator[str]:
    """Yield what is in the folder of an index beside two whole generations."""
    whole = [path for path in index.iterdir() if (path / MANIFEST).is_file()]
    if len(whole) > 2:
        yield f"{len(whole)} generations are left"
    for path in index.iterdir():
        if path not in whole and path.name not in known:
            yield f"{path.name} is left"


@dataclass
class Switches(Work):
    """An index whose generations take turns, as when a backup is restored."""

    index: Path
    brought: Path

    def prepare(self, number: int) -> None:
        shutil.rmtree(self.brought, ignore_errors=True)

    def do(self, number: int, say: Say) -> None:
        for step in range(4):
            say(step)
            self._switch()

    def _switch(self) -> None:
        shutil.copytree(open_index(self.index).path, self.brought)
        install_generation(self.index, self.brought)

    def losses(self, number: int, steps: int) -> Iterator[str]:
        """The index opens, every byte checked, and after the next switch nothing else is there."""
        if (documents := open_index(self.index).manifest.documents) != 3:
            yield f"the index has {documents} documents"
        shutil.rmtree(self.brought, ignore_errors=True)
        self._switch()
        yield from _left_in(self.index, {"CURRENT", "build.lock"})


# ---- the folder of sources ----


@dataclass
class Changes(Work):
    """A folder of sources with uploads, descriptions and removals."""

    sources: Path
    upload: Path

    def prepare(self, number: int) -> None:
        self.sources.mkdir(parents=True, exist_ok=True)

    def do(self, number: int, say: Say) -> None:
        for step in range(8):
            say(step)
            self.upload.write_text(f"{number * 8 + step} " * 20_000)
            name = add_file(self.sources, self.upload, f"letter-{step % 3}.txt", by="ann").name
            for title in ("First", "Second"):
                about = {"title": f"{title} {number}", "date": "1848"}
                describe_file(self.sources, name, about, by="bob")
            if step % 4:
                remove_file(self.sources, name)

    def losses(self, number: int, steps: int) -> Iterator[str]:
        """Each file is whole and has what was said of it; after the next upload, some time later,
        nothing half-written is there. (A description without its file may be: it is never taken
        for rubbish.)"""
        removed = self.sources.parent / "removed"
        for file in (*self.sources.glob("*.txt"), *removed.glob("*.txt")):
            words = file.read_text().split()
            if (len(words), len(set(words))) != (20_000, 1):
                yield f"{file.name} is not whole"
            beside = file.with_suffix(".yaml")
            if not beside.is_file() or read_sidecar(beside)[1]:
                yield f"{file.name} has lost its description"
        for folder in (self.sources, removed):
            for path in folder.glob("*"):
                os.utime(path, (0, 0))
            for path in folder.glob(".*"):
                os.utime(path, (0, 0))
        self.upload.write_text("last " * 20_000)
        add_file(self.sources, self.upload, "last.txt", by="ann")
        for folder in (self.sources, removed):
            yield from (f"{path.name} is left" for path in folder.glob(".*"))
            shutil.rmtree(folder, ignore_errors=True)


# ---- downloads ----


class _Slow(BaseHTTPRequestHandler):
    """Serves `served`, or the rest of it, in small blocks."""

    protocol_version = "HTTP/1.1"
    served = ("The envoys met at Verona in October 1822 and did not agree. " * 4_000).encode()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "bytes=0-")
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        rest = self.served[start:]
        self.send_response(416 if not rest else 206 if start else 200)
        size = len(self.served)
        part = f"{start}-{size - 1}" if rest else "*"
        self.send_header("Content-Range", f"bytes {part}/{size}")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        try:
            for at in range(0, len(rest), 8_192):
                self.wfile.write(rest[at : at + 8_192])
                time.sleep(0.003)
        except OSError:  # who asked was killed
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of those who were killed."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve downloads on this machine; give the address."""
    with _Server(("127.0.0.1", 0), _Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Fetches(Work):
    """A collection of two files, one of them without a known checksum."""

    url: str
    into: Path

    def prepare(self, number: int) -> None:
        shutil.rmtree(self.into, ignore_errors=True)

    def do(self, number: int, say: Say) -> None:
        say(0)
        self._fetch()

    def _fetch(self) -> None:
        fetch(["verona"], self.into, catalog=[self._entry], policy=DownloadPolicy(pause_s=0))

    @property
    def _entry(self) -> CatalogEntry:
        digest = hashlib.sha256(_Slow.served).hexdigest()
        files = (
            CatalogFile(url=f"{self.url}/1.txt", name="1.txt"),
            CatalogFile(url=f"{self.url}/2.txt", name="2.txt", sha256=digest),
        )
        return CatalogEntry(
            id="verona",
            title="Papers of the Congress at Verona",
            description="",
            covers=(1822, 1823),
            repository="",
            rights="Public domain.",
            citation_style="",
            kind="primary",
            format="plain text",
            access="fetch",
            verified="made here",
            files=files,
            browse="https://example.org/verona",
        )

    def losses(self, number: int, steps: int) -> Iterator[str]:
        """What a build would read is whole; the next fetch goes on, and nothing else is there."""
        folder = self.into / "verona"
        for path in folder.glob("*.txt"):
            if path.read_bytes() != _Slow.served:
                yield f"{path.name} is not whole"
        try:
            self._fetch()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a loss
            yield f"the next fetch fails: {error}"
            return
        if any((folder / name).read_bytes() != _Slow.served for name in ("1.txt", "2.txt")):
            yield "the next fetch brings another file"
        known = {"1.txt", "2.txt", "collection.yaml", ".fetched.json", ".lock"}
        yield from (f"{path.name} is left" for path in folder.iterdir() if path.name not in known)


# ---- projects ----


@dataclass
class Projects(Work):
    """A reader's project: conversations, pins, notes, removals and what was brought back."""

    file: Path
    seen: list[Any] = field(default_factory=list)
    """What the reader sees after each step, from a run that nobody killed."""

    def prepare(self, number: int) -> None:
        if not self.seen:
            oracle = replace(self, file=self.file.with_name("oracle.sqlite"))
            view = oracle.view(0)
            self.seen = [view] + [oracle.view(0) for _ in oracle.edits(0)]
            for path in self.file.parent.glob("oracle.sqlite*"):
                path.unlink()

    def do(self, number: int, say: Say) -> None:
        say(0)
        for step, _ in enumerate(self.edits(number), 1):
            say(step)

    def edits(self, number: int) -> Iterator[None]:
        """Change the project of a reader, step by step."""
        reader = f"reader {number}"
        file = SqliteFile(self.file)
        projects, marks = ProjectStore(file), MarkStore(file)
        project = projects.add_project(reader, "Letters").project_id
        yield
        for question in ("first", "second"):
            turn = KeptTurn(f"{number}-{question}", question)
            conversation = projects.begin(reader, project)
            yield
            projects.keep(reader, conversation, turn)
            yield
            projects.keep(reader, conversation, replace(turn, stage="done", answer=_ANSWER))
            yield
            pin = replace(_PIN, question=question, turn_id=turn.turn_id, pin_id=turn.turn_id)
            marks.pin(reader, project, pin)
            yield
            marks.annotate(reader, pin.pin_id, "Look at the letter book. " * 50)
            yield
            marks.remove_pin(reader, pin.pin_id)
            yield
            marks.remove_pin(reader, pin.pin_id, undo=True)
            yield
            projects.remove_conversation(reader, conversation)
            yield
            projects.remove_conversation(reader, conversation, undo=True)
            yield
        projects.change_project(reader, project, "Letters of 1848", Scope(after="1848"))
        yield
        projects.remove_project(reader, project)
        yield
        projects.remove_project(reader, project, undo=True)
        yield

    def view(self, number: int) -> Any:
        """Return what a reader sees of their projects."""
        reader = f"reader {number}"
        file = SqliteFile(self.file)
        projects, marks = ProjectStore(file), MarkStore(file)
        return [
            [
                (project.name, project.scope, project.conversations, removed),
                [
                    (pin.question, pin.note, pin.evidence)
                    for pin in marks.pins(reader, project.project_id)
                ],
                [
                    (turn.question, turn.stage, turn.answer)
                    for line in projects.conversations(reader, project.project_id)
                    for turn in projects.conversation(reader, line.conversation_id).turns
                ],
                [
                    line.title
                    for line in projects.conversations(reader, project.project_id, removed=True)
                ],
            ]
            for removed in (False, True)
            for project in projects.projects(reader, removed=removed)
        ]

    def losses(self, number: int, steps: int) -> Iterator[str]:
        """All that was done is there, the next step whole or not at all; earlier readers have
        theirs; the file is sound, and beside it nothing is left."""
        if self.view(number) not in self.seen[steps : steps + 2]:
            yield f"step {steps} is lost: {self.view(number)}"
        if self.view(0) != self.seen[-1]:
            yield "another reader's project has changed"
        if self.file.exists():
            with closing(sqlite3.connect(self.file)) as connection:
                sound = connection.execute("PRAGMA integrity_check").fetchall()
                broken = connection.execute("PRAGMA foreign_key_check").fetchall()
            if sound != [("ok",)] or broken:
                yield f"the file is damaged: {sound} {broken}"
        for path in self.file.parent.iterdir():
            if path != self.file:
                yield f"{path.name} is left"


_CLAIM = Claim("c1", "Gold was found", Span(0, 14))
_ANSWER = Answer("Gold was found", (), set_aside=(_CLAIM,), notes=("A note. " * 2_000,))
_PIN = Pin(
    question="",
    claim=_CLAIM,
    verdict="supported",
    evidence=Evidence(
        claim_id="c1",
        document_id="letters/1",
        title="A letter",
        creator=None,
        date="1848",
        collection="letters",
        collection_title="Letters",
        kind="primary",
        locator="page 1",
        start=0,
        end=4,
        quote="Gold",
        passage_start=0,
        passage_end=4,
        passage="Gold",
        relation="supports",
        score=1.0,
        likeness=1.0,
        citation="A letter",
        url=None,
        rights="",
        ocr_confidence=None,
    ),
)


# ---- all of them ----


def kill_builds(folder: Path, times: int, moments: random.Random) -> list[str]:
    return kill_often(Builds(folder / "sources", folder / "index"), times, moments)


def kill_switches(folder: Path, times: int, moments: random.Random) -> list[str]:
    for number in range(3):
        write_document(folder / "sources", number)
    build_index([folder / "sources"], folder / "index")
    return kill_often(Switches(folder / "index", folder / "brought"), times, moments)


def kill_changes(folder: Path, times: int, moments: random.Random) -> list[str]:
    return kill_often(Changes(folder / "corpus" / "sources", folder / "upload"), times, moments)


def kill_fetches(folder: Path, times: int, moments: random.Random) -> list[str]:
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with serving() as url:
        return kill_often(Fetches(url, folder / "fetched"), times, moments)


def kill_projects(folder: Path, times: int, moments: random.Random) -> list[str]:
    (folder / "projects").mkdir()
    return kill_often(Projects(folder / "projects" / "projects.sqlite"), times, moments)


KILLS = {
    "builds": kill_builds,
    "switches": kill_switches,
    "changes": kill_changes,
    "fetches": kill_fetches,
    "projects": kill_projects,
}
"""Each kills a kind of work so often in a folder, and returns the losses."""

# Each process has these from the start; else it would import them, which takes a second.
_PROCESSES.set_forkserver_preload([__name__, "benchmarks.askers", "benchmarks.fuzz"])
