"""Attack a real server, real builds and real readers, and say what came of it.

    python -m benchmarks.torture [--minutes 1] [--kills 20] [--askers 8] [ATTACK ...]

Attacks: `network` (the system calls of a build, a question and a start: needs strace), `kills`
(SIGKILL at random moments of a build; see also `benchmarks.killed_builds`), `changes` (the same for
uploads, descriptions and removals), `askers` (many at a
time during rebuilds), `readers` (files with random faults, each read in a process with limits).
All by default. Each runs for so many minutes or times; the figures in docs/reliability.md name
theirs. Exits with 1 if anything came out as it must not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.fuzz import SEEDS, fuzz
from rag.build.builder import build_index
from rag.build.corpus_files import add_file
from rag.index.generations import open_index
from rag.ingest.sidecar import read_sidecar

CLAIMS = (
    "Polk confirmed that gold had been found in California",
    "Monroe told Europe to stay out of the Americas",
    "A truce was signed at the bridge of Zenda",
)
TEXT = "In {year} Polk told the Congress that gold had been found in California. " * 30
MAIN = "import sys; from rag.cli.main import main; sys.exit(main(sys.argv[1:]))"
LOOPBACK = re.compile(r"127\.0\.0\.1|::1|inet_addr\(\"0\.0\.0\.0\"\)|\"::\"")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attack."""

    attack: str
    times: int
    good: bool
    said: str


@dataclass(frozen=True, slots=True)
class Given:
    """How long and how often, and where."""

    seconds: float
    kills: int
    askers: int
    folder: Path
    moments: random.Random
    seed: int = 1

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program with a home of its own, and no sign of a test machine."""
        kept = {name: value for name, value in os.environ.items() if name != "CI"}
        return kept | {"SOURCE_FINDER_HOME": str(self.folder / "home")}

    @property
    def index(self) -> Path:
        return self.folder / "home" / "indexes" / "mine"

    @property
    def sources(self) -> Path:
        return self.folder / "home" / "corpus" / "sources"

    def write(self, number: int) -> None:
        """Put a new document among the sources."""
        self.sources.mkdir(parents=True, exist_ok=True)
        text = TEXT.format(year=1790 + number % 200) + f"This is number {number}."
        (self.sources / f"{number:05}.txt").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", MAIN, *arguments]


def network(given: Given) -> Outcome:
    """No address but this machine's is called by a build, a question, or a server with a page."""
    if not shutil.which("strace"):
        return Outcome("network", 0, True, "not tried: there is no strace")
    given.write(0)
    called: list[str] = []
    runs = [
        given.command("build", str(given.sources), "--index", "mine"),
        given.command("ask", CLAIMS[0], "--index", "mine"),
        given.command("serve", "--index", "mine", "--port", str(free_port())),
    ]
    for number, command in enumerate(runs):
        log = given.folder / f"calls-{number}"
        trace = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(log)]
        process = subprocess.Popen([*trace, *command], env=given.environment, stdout=-3)
        if command[3] == "serve":
            wait_for(f"http://127.0.0.1:{command[-1]}/", process)
            process.send_signal(signal.SIGTERM)
        process.wait()
        lines = log.read_text(errors="replace").splitlines()
        internet = [line for line in lines if "AF_INET" in line]
        called += [line for line in internet if not LOOPBACK.search(line)]
    return Outcome("network", len(runs), not called, f"{len(called)} calls elsewhere: {called[:3]}")


def kills(given: Given) -> Outcome:
    """After each kill the old index answers as before, and the next build succeeds."""
    given.write(0)
    build_index([given.sources], given.index)
    failures = 0
    build = given.command("build", str(given.sources), "--index", str(given.index))
    for number in range(1, given.kills + 1):
        given.write(number)
        before = open_index(given.index).manifest
        process = subprocess.Popen(
            build, env=given.environment, stdout=-3, stderr=-3, start_new_session=True
        )
        time.sleep(given.moments.uniform(0.1, 6))
        process.kill()
        process.wait()
        after = open_index(given.index).manifest
        whole = after == before or after.documents == number + 1
        report = build_index([given.sources], given.index)
        left = [p.name for p in given.index.iterdir() if p.name == "partial"]
        failures += not (whole and report.documents == number + 1 and not left)
    return Outcome("kills", given.kills, not failures, f"{failures} losses or leftovers")


CHANGES = """
import itertools, sys
from pathlib import Path
from rag.build.corpus_files import add_file, describe_file, remove_file
folder, upload = Path(sys.argv[1]), Path(sys.argv[2])
for n in itertools.count(int(sys.argv[3])):
    upload.write_text(f"{n} " * 20_000)
    name = add_file(folder, upload, f"letter-{n % 7}.txt", by="ann").name
    for title in ("First", "Second"):
        describe_file(folder, name, {"title": f"{title} {n}", "date": "1848"}, by="bob")
    if n % 2:
        remove_file(folder, name)
"""


def changes(given: Given) -> Outcome:
    """Uploads, descriptions and removals that are killed leave whole files, each with what was
    said of it, and in the end nothing else."""
    failures: list[str] = []
    upload = given.folder / "upload"
    for number in range(given.kills):
        upload.unlink(missing_ok=True)
        program = [sys.executable, "-c", CHANGES, str(given.sources), str(upload)]
        process = subprocess.Popen([*program, str(number * 1000)], stderr=subprocess.DEVNULL)
        while not upload.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(given.moments.uniform(0, 2))
        failures += [f"it ended by itself: {process.poll()}"] if process.poll() is not None else []
        process.kill()
        process.wait()
        for file in (*given.sources.glob("*.txt"), *given.sources.parent.glob("removed/*.txt")):
            words = file.read_text().split()
            if (len(words), len(set(words))) != (20_000, 1):
                failures.append(f"{file.name} is not whole")
            beside = file.with_suffix(".yaml")
            if not beside.is_file() or read_sidecar(beside)[1]:
                failures.append(f"{file.name} has lost its description")
    upload.write_text("last")
    for left in given.sources.glob(".*"):
        os.utime(left, (0, 0))  # as some time later
    add_file(given.sources, upload, "last.txt")
    failures += [left.name for left in given.sources.glob(".*")]
    said = f"{len(failures)} losses or leftovers {failures[:3]}"
    return Outcome("changes", given.kills, not failures, said)


def askers(given: Given) -> Outcome:
    """Many ask at a time while the index is rebuilt: no error, and memory stays flat."""
    given.write(0)
    build_index([given.sources], given.index)
    port = free_port()
    command = given.command("serve", "--index", "mine", "--port", str(port))
    log = (given.folder / "server.log").open("wb")
    server = subprocess.Popen(command, env=given.environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/gradio_api"
    wait_for(f"http://127.0.0.1:{port}/", server)
    waits: list[float] = []
    errors: list[str] = []
    memory: list[int] = []
    end = time.monotonic() + given.seconds
    threads = [
        threading.Thread(target=ask_until, args=(url, end, number, waits, errors))
        for number in range(given.askers)
    ]
    for thread in threads:
        thread.start()
    number = 0
    while time.monotonic() < end:
        number += 1
        given.write(number)
        subprocess.run(
            given.command("build", str(given.sources), "--index", "mine"),
            env=given.environment,
            stdout=-3,
            stderr=-3,
        )
        memory.append(resident_mb(server.pid))
    for thread in threads:
        thread.join()
    server.send_signal(signal.SIGTERM)
    server.wait()
    waits = sorted(waits) or [0.0]
    said = (
        f"{len(errors)} errors {errors[:2]} in {len(waits)} questions during {number} rebuilds; "
        f"p50 {statistics.median(waits):.2f} s, p95 {waits[int(0.95 * (len(waits) - 1))]:.2f} s; "
        f"server {memory[0]} MB at first, {memory[-1]} MB at the end"
    )
    return Outcome("askers", len(waits), not errors, said)


def ask_until(url: str, end: float, number: int, waits: list[float], errors: list[str]) -> None:
    """Ask again and again, each time otherwise, until the time is over."""
    with httpx.Client(timeout=120) as client:
        asked = 0
        while time.monotonic() < end:
            asked += 1
            claim = f"{CLAIMS[asked % len(CLAIMS)]} in {1800 + (asked * 7 + number) % 200}"
            began = time.monotonic()
            try:
                posted = client.post(f"{url}/call/ask", json={"data": [claim, 3, None, None, None]})
                told = client.get(f"{url}/call/ask/{posted.json()['event_id']}").text
                if "event: complete" not in told:
                    errors.append(told[-200:])
            except (httpx.HTTPError, KeyError, ValueError) as error:
                errors.append(repr(error))
            waits.append(time.monotonic() - began)


def readers(given: Given) -> Outcome:
    """A file with faults is read, or reported; its reader never stops the others."""
    came, tried = [], 0
    for kind in SEEDS:
        made = fuzz(kind, time.monotonic() + given.seconds / len(SEEDS), given.seed, given.folder)
        tried += made.tried
        if made.found:
            came.append(f"{kind}: {made.found}")
            (given.folder / f"finding{kind}").write_bytes(made.file)
    return Outcome("readers", tried, not came, "; ".join(came) or "all read or told of")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], within_s: float = 300) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end and process.poll() is None:
        try:
            if "data-opening" not in httpx.get(url, timeout=30).text:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the server did not start: code {process.poll()}")


def resident_mb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


ATTACKS: dict[str, Callable[[Given], Outcome]] = {
    attack.__name__: attack for attack in (network, kills, changes, askers, readers)
}


def main() -> int:
    """Run the attacks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=", ".join(ATTACKS))
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--askers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    outcomes = []
    for name in asked.attacks or ATTACKS:
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        os.environ["SOURCE_FINDER_HOME"] = str(folder / "home")
        moments = random.Random(asked.seed)
        given = Given(60 * asked.minutes, asked.kills, asked.askers, folder, moments, asked.seed)
        outcomes.append(ATTACKS[name](given))
        print(json.dumps(_row(outcomes[-1])), flush=True)
        if outcomes[-1].good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"What there was to see is kept in {folder}", flush=True)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _row(outcome: Outcome) -> dict[str, object]:
    return {
        "attack": outcome.attack,
        "times": outcome.times,
        "good": outcome.good,
        "said": outcome.said,
    }


if __name__ == "__main__":
    sys.exit(main())
