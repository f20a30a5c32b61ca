"""Many ask one server at a time while it brings its index up to date again and again."""

from __future__ import annotations

import itertools
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.kills import write_document

CLAIMS = (
    "Polk confirmed that gold had been found in California",
    "Monroe told Europe to stay out of the Americas",
    "A truce was signed at the bridge of Zenda",
    "The Treasury took in more than it spent",
    "Jackson vetoed the bank",
    "Grant asked for a treaty with Santo Domingo",
)
MAIN = "import sys; from rag.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MB. `own`: that no other process can use and no file holds
    (RssAnon); `mapped`: pages of files and shared ones, which the system takes back when it needs
    room. `at_s`: when, from the beginning."""

    own: float
    mapped: float
    at_s: float


@dataclass(slots=True)
class Asked:
    """What came of it: the wait for each answer in seconds, errors, the server's memory."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    rebuilds: int = 0

    @property
    def growth_mb(self) -> float:
        """How much more the server held at the end than at half time: medians of a tenth of the
        time."""
        own = [each.own for each in self.memory]
        half, tenth = len(own) // 2, max(len(own) // 10, 1)
        return statistics.median(own[-tenth:]) - statistics.median(own[half : half + tenth])

    def said(self) -> str:
        """Return the figures as a line."""
        waits, last = sorted(self.waits) or [0.0], self.memory[-1]
        return (
            f"{len(self.errors)} errors {self.errors[:2]} in {len(self.waits)} questions during "
            f"{self.rebuilds} rebuilds; p50 {statistics.median(waits):.2f} s, "
            f"p95 {waits[int(0.95 * (len(waits) - 1))]:.2f} s; the server's own memory "
            f"{self.memory[0].own:.0f} MB at first, {max(m.own for m in self.memory):.0f} at most, "
            f"{last.own:.0f} at the end ({self.growth_mb:+.0f} in the second half), and "
            f"{last.mapped:.0f} MB of files mapped"
        )


def ask_many(environment: dict[str, str], sources: Path, askers: int, seconds: float) -> Asked:
    """Serve the default index of the home in `environment`, ask, and put one new document after
    the other into `sources`, its folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = (sources.parent / "server.log").open("wb")
    command = [sys.executable, "-c", MAIN, "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"{url}/", server)
        asked, began = Asked(), time.monotonic()
        threads = [
            threading.Thread(
                target=_ask, args=(f"http://127.0.0.1:{port}", began + seconds, n, asked)
            )
            for n in range(askers)
        ]
        for thread in threads:
            thread.start()
        _rebuild_again(sources, server.pid, began, seconds, asked)
        for thread in threads:
            thread.join()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    return asked


def _rebuild_again(sources: Path, pid: int, began: float, seconds: float, asked: Asked) -> None:
    """Add a document whenever the one before can be searched; look at the memory each second."""
    current = sources.parents[1] / "indexes" / "default" / "CURRENT"
    live = ""
    for number in itertools.count():
        if current.read_text() != live:
            asked.rebuilds += bool(live)
            live = current.read_text()
            write_document(sources, asked.rebuilds % 10_000)
        asked.memory.append(memory_of(pid, number))
        time.sleep(max(began + number + 1 - time.monotonic(), 0))
        if number + 1 >= seconds:
            return


def _ask(url: str, end: float, number: int, asked: Asked) -> None:
    """Ask again and again, each time otherwise, until the time is over."""
    for turn in itertools.count(number):
        if time.monotonic() > end:
            return
        claim = f"{CLAIMS[turn % len(CLAIMS)]} in {1790 + (turn * 7 + number) % 230}"
        began = time.monotonic()
        try:
            told = ask(url, claim)
            if "event: complete" not in told:
                asked.errors.append(told[-200:])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            asked.errors.append(repr(error))
        asked.waits.append(time.monotonic() - began)


def ask(url: str, claim: str) -> str:
    """Ask a server, and return what its endpoint tells until the answer is there."""
    api = f"{url}/gradio_api/call/ask"
    with httpx.Client(timeout=300) as client:
        posted = client.post(api, json={"data": [claim, 3, None, None, None]})
        return client.get(f"{api}/{posted.json()['event_id']}").text


def memory_of(pid: int, at_s: float) -> Memory:
    """Return what a process holds now."""
    lines = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    own, *mapped = (
        int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "RssShmem")
    )
    return Memory(own, sum(mapped), at_s)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], within_s: float = 300) -> None:
    """Return when the page is there; raises `SystemExit` where it does not come."""
    end = time.monotonic() + within_s
    while time.monotonic() < end and process.poll() is None:
        try:
            if "data-opening" not in httpx.get(url, timeout=30).text:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the server did not start: code {process.poll()}")
