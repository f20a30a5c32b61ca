"""The same claims to an index on this machine and to Qdrant: the same passages, and how fast.

    python -m benchmarks.cluster [--index default] [--at qdrant:///FOLDER] [--claims 50]
        [--set sotu-test|sotu-development|frus-summary] [--searches | --kill]

The index is published first where it is not there yet; without `--at`, to a temporary folder.
Whole: claims through `SourceFinder.find_sources`, first ten pieces of evidence, in order.
Searches: `Index.search` alone, and of the passages that both find, how far their signals differ;
where the first ten are others, what is missing, or how near those are that changed places.
Kill: of two processes that search in the engine's folder one is killed amid its searches; then,
under load, one of two application processes behind HAProxy, with PostgreSQL (both are needed).
Times in milliseconds, each claim asked a second time, by turns; disk in millions of bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import multiprocessing
import operator
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks import claim_sets
from rag.config import Settings
from rag.finder import SourceFinder
from rag.index import open_index
from rag.index.qdrant import generations
from rag.index.qdrant.index import QdrantIndex, complete, publish
from rag.retrieval import Retriever
from rag.searching import SIGNALS, Candidate, Query

Found = TypeVar("Found")

_SETS: dict[str, Callable[[Path], list[claim_sets.Query]]] = {
    "sotu-test": claim_sets.sotu_test,
    "sotu-development": claim_sets.sotu_development,
    "frus-summary": lambda data: claim_sets.frus(data, "summary"),
}

FIRST = 10
"""Passages that are compared."""

SEARCHED = 100
"""Candidates that a claim asks an index for."""


def disk_mb(folder: Path) -> float:
    """Return what a folder takes on the disk, not how long its files say they are."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


def by_turns(
    asked: Sequence[str], ways: Sequence[Callable[[str], Found]]
) -> tuple[list[list[Found]], list[list[float]]]:
    """Return what each way finds for each claim, and its milliseconds."""
    found: list[list[Found]] = [[] for _ in ways]
    times: list[list[float]] = [[] for _ in ways]
    for text in asked:
        for way in ways:
            way(text)
        for number, way in enumerate(ways):
            started = time.perf_counter()
            found[number].append(way(text))
            times[number].append(1000 * (time.perf_counter() - started))
    return found, times


def told(finder: SourceFinder, claim: str) -> list[tuple[str, int, int, str]]:
    """Return the first evidence for a claim: where it is, and what it says of it."""
    found = finder.find_sources(claim, FIRST)
    return [(e.document_id, e.start, e.end, e.relation) for e in found]


def searched(finder: SourceFinder, claim: str) -> list[Candidate]:
    """Return what the index finds for a claim as it stands."""
    query = Retriever(finder.index, finder.encoder).parse(claim).query
    return finder.index.search(query, SEARCHED)


def compare_whole(here: SourceFinder, there: SourceFinder, claims: list[str]) -> None:
    """Print how many claims have the same evidence from both, and name the others."""
    found, times = by_turns(claims, [lambda c: told(here, c), lambda c: told(there, c)])
    same = [one == other for one, other in zip(*found, strict=True)]
    print_times("find_sources", times)
    print(f"the same first {FIRST}, in order: {sum(same)} of {len(same)} claims")
    for claim, one, other in zip(claims, *found, strict=True):
        if one != other:
            print(f"  {len({*one} & {*other})} of {len(one)} shared: {claim}")


def compare_searches(here: SourceFinder, there: SourceFinder, claims: list[str]) -> None:
    """Print how many candidates both find, and how far their signals differ."""
    found, times = by_turns(claims, [lambda c: searched(here, c), lambda c: searched(there, c)])
    shared, first, apart = [], [], []
    for one, other in zip(*found, strict=True):
        ours, theirs = ({c.passage_id: c.signals for c in some} for some in (one, other))
        shared.append(len(ours.keys() & theirs.keys()) / max(len(ours), 1))
        first.append([*ours][:FIRST] == [*theirs][:FIRST])
        for name in ours.keys() & theirs.keys():
            apart += [abs(value - theirs[name][key]) for key, value in ours[name].items()]
    print_times("Index.search", times)
    print(
        f"the same first {FIRST}: {sum(first)} of {len(first)}; of {SEARCHED} candidates shared: "
        f"{statistics.fmean(shared):.4f}, least {min(shared):.2f}; signals differ by at most "
        f"{max(apart):.6f}"
    )
    for claim, one, other, alike in zip(claims, *found, first, strict=True):
        if not alike:
            query = Retriever(here.index, here.encoder).parse(claim).query
            print(f"  {_difference(query, one, other)}: {claim}")


def _difference(query: Query, ours: list[Candidate], theirs: list[Candidate]) -> str:
    """Return how the first candidates differ, in words."""
    scores = {c.passage_id: _score(query, c) for c in ours}
    places = {c.passage_id: place for place, c in enumerate(theirs, 1)}
    missing = [
        f"number {place} ({scores[c.passage_id]:.6f}) {c.passage_id} "
        f"{ {name: round(value, 3) for name, value in c.signals.items()} }"
        for place, c in enumerate(ours[:FIRST], 1)
        if c.passage_id not in places
    ]
    more = [
        f"number {place} ({_score(query, c):.6f}) {c.passage_id}"
        for place, c in enumerate(theirs[:FIRST], 1)
        if c.passage_id not in scores
    ]
    moved = [
        abs(scores[one.passage_id] - scores[other.passage_id])
        for one, other in zip(ours[:FIRST], theirs[:FIRST], strict=True)
        if one.passage_id != other.passage_id and other.passage_id in scores
    ]
    if missing or more:
        return f"missing {missing or 'none'}, more {more or 'none'}"
    return f"{len(moved)} changed places, their scores at most {max(moved):.6f} apart"


def _score(query: Query, candidate: Candidate) -> float:
    """Return what a candidate is ordered by."""
    weights = {name: query.weights[name] for name in SIGNALS if name != "pieces"}
    return sum(weight * candidate.signals[name] for name, weight in weights.items()) / sum(
        weights.values()
    )


def kill_a_reader(at: str, queries: list[Query]) -> None:
    """Print what becomes of a second reader of the engine's folder, and of the folder."""
    folder = Path(at.removeprefix("qdrant://"))
    before, spawn = _hashes(folder), multiprocessing.get_context("spawn")
    readers, hears = [], []
    for _ in range(2):
        hear, tell = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_search_on, args=(at, queries, tell), daemon=True)
        process.start()
        tell.close()
        readers.append(process)
        hears.append(hear)
    rounds = [[hear.recv() for _ in queries] for hear in hears]
    readers[0].kill()
    readers[0].join()
    after = [hears[1].recv() for _ in range(2 * len(queries))]
    readers[1].kill()
    readers[1].join()
    started = time.perf_counter()
    index = QdrantIndex.open(at)
    again = [_ids(index, query) for query in queries]
    seconds = time.perf_counter() - started
    index.close()
    wanted = [found for found, _ in rounds[1]]
    others = [found for found, _ in rounds[0]], [found for found, _ in after], again
    same = [sum(map(operator.eq, found, itertools.cycle(wanted))) for found in others]
    waits = [np.percentile([ms for _, ms in told], [50, 100]) for told in (rounds[1], after)]
    print(
        f"one of two readers killed: the same candidates {same[0]} of {len(queries)} before, by "
        f"the other {same[1]} of {len(after)} after, by a third one {same[2]} of {len(again)}; "
        f"p50 and longest wait {waits[0].round()} ms before, {waits[1].round()} ms after; the "
        f"third one had opened and searched after {seconds:.1f} s; the folder is "
        f"{'as it was' if _hashes(folder) == before else 'changed'}"
    )


def _search_on(at: str, queries: list[Query], tell: Connection) -> None:
    index = QdrantIndex.open(at)
    for query in itertools.cycle(queries):
        started = time.perf_counter()
        found = _ids(index, query)
        tell.send((found, 1000 * (time.perf_counter() - started)))


def _ids(index: QdrantIndex, query: Query) -> list[str]:
    return [found.passage_id for found in index.search(query, SEARCHED)]


def _hashes(folder: Path) -> dict[Path, str]:
    """Return the hash of each file but settings, which the engine writes anew when it is opened."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".json"]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kill_a_process(at: str) -> None:
    """Print what readers see of an application process that is killed under load."""
    from tests.databases import running, schema_of_its_own
    from tests.processes import kill_one, two_processes

    with (
        tempfile.TemporaryDirectory(prefix="home-") as home,
        running() as postgres,
        two_processes(at, Path(home), schema_of_its_own(postgres)) as servers,
    ):
        print(f"one of two application processes killed: {kill_one(servers).said()}")


def print_times(what: str, times: list[list[float]]) -> None:
    """Print the p50 and p95 of both."""
    for name, measured in zip(("on this machine", "Qdrant"), times, strict=True):
        p50, p95 = np.percentile(measured, [50, 95])
        print(f"{what}, {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


def main() -> None:
    """Print what is the same, and what it costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument("--index", default="default")
    parser.add_argument("--at", help="where Qdrant has, or is to have it")
    parser.add_argument("--claims", type=int, default=50)
    parser.add_argument("--set", choices=list(_SETS), default="sotu-test")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--searches", action="store_true", help="the index alone")
    only.add_argument("--kill", action="store_true", help="kill readers and processes")
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    claims = [query.text for query in _SETS[given.set](data)][: given.claims]
    settings = replace(Settings.from_environment(), index="default")
    path = settings.index_path(given.index)
    opened = open_index(path)
    with tempfile.TemporaryDirectory(prefix="cluster-") as temporary:
        at = given.at or f"qdrant://{temporary}/index"
        if opened.path.name not in complete(generations(at, settings.index_key)):
            started, used = time.perf_counter(), time.process_time()
            publish(opened, at, key=settings.index_key)
            seconds, used = time.perf_counter() - started, time.process_time() - used
            print(f"published in {seconds:.0f} s, {used:.0f} s of processor")
        print(f"{opened.manifest.passages:,} passages; disk: {disk_mb(opened.path):.0f} MB here")
        if at.startswith("qdrant:///"):
            folder = Path(at.removeprefix("qdrant://")) / opened.path.name
            print(f"disk: {disk_mb(folder):.0f} MB in Qdrant's folder")
        here, there = SourceFinder.open(path), SourceFinder.open(at)
        if given.kill:
            kill_a_reader(at, [here.retriever.parse(claim).query for claim in claims])
            kill_a_process(at)
            return
        compare = compare_searches if given.searches else compare_whole
        compare(here, there, claims)


if __name__ == "__main__":
    main()
