"""Attack a real server, real builds and real readers, and say what came of it.

    python -m benchmarks.torture [--minutes 1] [--kills 20] [--askers 8] [--index FOLDER]
        [ATTACK ...]

Attacks: `network` (the system calls of a build, a question and a start: needs strace), `askers`
(many at a time during rebuilds), `readers` (files with random faults, each read in a process with
limits), and SIGKILL so often (see `benchmarks.kills`) in `builds`, `switches` of an index,
`changes` of the folder of sources, `fetches` and `projects`. All by default. Each runs for so many
minutes or times; the figures in docs/reliability.md name theirs. Exits with 1 if anything came out
as it must not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.askers import MAIN, ask, ask_many, free_port, wait_for
from benchmarks.fuzz import SEEDS, FuzzReader, fuzz
from benchmarks.kills import KILLS, write_document
from rag.build.builder import build_index

OWN_MB = 700
"""The most that a server may hold of its own."""
GROWTH_MB = 10
"""More than this between half time and the end is growth."""
_LOOPBACK = re.compile(r'"127\.0\.0\.1"|"::1"|"0\.0\.0\.0"|"::"')
_ASKS_FOR_NAMES = re.compile(r"htons\(53\)|/run/systemd/resolve")
"""Also where the server of names is on this machine, which asks others."""


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
    index: Path | None
    folder: Path
    moments: random.Random
    seed: int = 1

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program with a home of its own, and no sign of a test machine."""
        kept = {name: value for name, value in os.environ.items() if name != "CI"}
        return kept | {"SOURCE_FINDER_HOME": str(self.folder / "home")}

    @property
    def sources(self) -> Path:
        return self.folder / "home" / "corpus" / "sources"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", MAIN, *arguments]


def network(given: Given) -> Outcome:
    """No address but this machine's is called, and no name is looked up, by a build, a question, or
    a server that shows its page and is asked."""
    if not shutil.which("strace"):
        return Outcome("network", 0, True, "not tried: there is no strace")
    write_document(given.sources, 0)
    called: list[str] = []
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    claim = "Polk confirmed that gold had been found in California"
    runs = [
        given.command("build", str(given.sources), "--index", "mine"),
        given.command("ask", claim, "--index", "mine"),
        given.command("serve", "--index", "mine", "--port", str(free_port())),
    ]
    for number, command in enumerate(runs):
        log = given.folder / f"calls-{number}"
        trace = ["strace", "-f", "-qq", "-s", "200", "-e", calls, "-o", str(log), *command]
        process = subprocess.Popen(
            trace, env=given.environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        if command[3] == "serve":
            url = f"http://127.0.0.1:{command[-1]}"
            wait_for(f"{url}/", process)
            ask(url, claim)
            os.killpg(process.pid, signal.SIGTERM)  # strace itself lets no signal end it
        if code := process.wait():
            called.append(f"{command[3]} ended with {code}")
        lines = log.read_text(errors="replace").splitlines()
        called += [line for line in lines if "AF_INET" in line and not _LOOPBACK.search(line)]
        called += [line for line in lines if _ASKS_FOR_NAMES.search(line)]
    return Outcome("network", len(runs), not called, f"{len(called)} calls elsewhere: {called[:3]}")


def killed(kind: str, given: Given) -> Outcome:
    """Killed work of a kind loses nothing, and leaves nothing behind."""
    losses = KILLS[kind](given.folder, given.kills, given.moments)
    said = f"{len(losses)} losses or leftovers {losses[:3]}"
    return Outcome(kind, given.kills, not losses, said)


def askers(given: Given) -> Outcome:
    """Many ask at a time while the server rebuilds its index: no error, and its memory is small and
    stays flat."""
    home = given.folder / "home"
    if given.index:
        shutil.copytree(given.index, home / "indexes" / "default")
    else:
        write_document(given.sources, 9_999)
        build_index([given.sources], home / "indexes" / "default")
    given.sources.mkdir(parents=True, exist_ok=True)
    asked = ask_many(given.environment, given.sources, given.askers, given.seconds)
    own_mb = max(memory.own for memory in asked.memory)
    good = not asked.errors and own_mb < OWN_MB and asked.growth_mb < GROWTH_MB
    return Outcome("askers", len(asked.waits), good, asked.said())


def readers(given: Given) -> Outcome:
    """A file with faults is read, or reported; its reader never stops the others."""
    came, tried = [], 0
    with FuzzReader() as reader:
        for kind in SEEDS:
            made = fuzz(kind, given.seconds / len(SEEDS), given.seed, given.folder, reader)
            tried += made.tried
            if made.found:
                came.append(f"{kind}: {made.found}")
                (given.folder / f"finding{kind}").write_bytes(made.file)
    return Outcome("readers", tried, not came, "; ".join(came) or "all read or reported")


ATTACKS: dict[str, Callable[[Given], Outcome]] = {
    **{attack.__name__: attack for attack in (network, askers, readers)},
    **{kind: partial(killed, kind) for kind in KILLS},
}


def main() -> int:
    """Run the attacks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=", ".join(ATTACKS))
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--askers", type=int, default=8)
    parser.add_argument("--index", type=Path, help="what is copied for the askers, not a small one")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    outcomes = []
    for name in asked.attacks or ATTACKS:
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        os.environ["SOURCE_FINDER_HOME"] = str(folder / "home")
        moments = random.Random(asked.seed)
        given = Given(
            60 * asked.minutes,
            asked.kills,
            asked.askers,
            asked.index,
            folder,
            moments,
            asked.seed,
        )
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
