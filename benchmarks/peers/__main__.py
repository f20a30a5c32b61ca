"""Source Finder beside bm25s, LangChain, txtai, LlamaIndex and paper-qa, in one run.

    python -m benchmarks.peers                  what is not measured yet, and ours again
    python -m benchmarks.peers --cost           also building, latency, memory, disk
    python -m benchmarks.peers --systems ours --sets sotu-test
    python -m benchmarks.peers --systems ''     only write the tables again

Prints the tables and writes them to docs/benchmark.md, down to its heading "Reading". What the
others found, their indexes, environments and vectors are kept in the cache, so that a run that was
cut off goes on. A system that cannot be installed or run is reported as absent.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import claim_sets
from benchmarks.claim_sets import Query
from benchmarks.local import generation_of
from benchmarks.peers import tables
from benchmarks.peers.budget import BUDGET, figures
from benchmarks.peers.embedding import SharedEmbedding
from benchmarks.peers.environments import SYSTEMS, Absent
from benchmarks.peers.runner import Runner
from benchmarks.peers.sets import SETS, Corpus, corpus_of_index, scifact_corpus
from benchmarks.peers.systems import Document, Found
from benchmarks.peers.tables import Cost, Figures
from benchmarks.retrieval import frus_finder
from rag.config import DEFAULT_INDEX, Settings
from rag.index import live_generation

ASKED = 30
"""Stretches that a system is asked for: enough to fill the budget, and no more than what
Source Finder compares piece by piece when it is asked for ten."""

NOT_RUN = "not run yet"

SAMPLE_MB = 0.3
"""Text that is built from with each system's own embedding route."""


@dataclass
class Comparison:
    """One run over a data folder, its results kept in `cache`."""

    data: Path
    settings: Settings
    cache: Path

    @cached_property
    def runner(self) -> Runner:
        return Runner(self.cache, SharedEmbedding(self.settings, self.cache / "vectors.sqlite"))

    def corpus(self, name: str) -> Corpus:
        if name == "scifact":
            return scifact_corpus(self.data)
        if name == "frus":
            path = generation_of(frus_finder(self.data, self.settings)).path.parent
            return corpus_of_index(name, path)
        return corpus_of_index(name, self.settings.index_path(DEFAULT_INDEX))

    def index(self, system: str, corpus: Corpus) -> Path:
        """Return the folder of a system's index, built first where it is not there."""
        if system == "ours" and corpus.index:
            return corpus.index
        folder = self.cache / "indexes" / corpus.name / system
        stamp = folder.with_suffix(".built")
        key = SYSTEMS[system].digest + corpus.digest
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != key:
            print(f"{SYSTEMS[system].name} indexes {corpus.name} ...", flush=True)
            stamp.unlink(missing_ok=True)
            self.runner.build(SYSTEMS[system], folder, corpus.documents)
            stamp.write_text(key, encoding="utf-8")
        return folder

    def ask(self, system: str, name: str, corpus: Corpus) -> None:
        """Let a system answer a set, unless it has; keep what it found."""
        claims = [query.text for query in SETS[name].queries(self.data)]
        key = SYSTEMS[system].digest + corpus.digest + _digest([claims, ASKED])
        kept = self._results(name, system)
        if system != "ours" and kept.is_file() and json.loads(kept.read_text())["key"] == key:
            return
        folder = self.index(system, corpus)
        print(f"{SYSTEMS[system].name} answers {name} ...", flush=True)
        report = self.runner.search(SYSTEMS[system], folder, claims, ASKED)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"key": key, "found": report["found"]}), encoding="utf-8")

    def figures(self, name: str, system: str) -> Figures | None:
        """Return the figures of what a system found, None where it was not asked these
        claims, or was another version of itself."""
        kept = self._results(name, system)
        if not kept.is_file():
            return None
        result = json.loads(kept.read_text(encoding="utf-8"))
        queries: Sequence[Query] = SETS[name].queries(self.data)
        asked = _digest([[query.text for query in queries], ASKED])
        version = SYSTEMS[system].digest if SYSTEMS[system].requirements else ""
        if not (result["key"].startswith(version) and result["key"].endswith(asked)):
            return None
        return [
            figures(query, [Found(*place) for place in places])
            for query, places in zip(queries, result["found"], strict=True)
        ]

    def measure_cost(self, system: str, corpus: Corpus, sample: Sequence[Document]) -> None:
        """Measure what a system costs, and keep it."""
        subject = SYSTEMS[system]
        folder = self.index(system, corpus)
        if system == "ours":
            folder, measured = live_generation(folder).parent, live_generation(folder)
        else:
            measured = folder
        with tempfile.TemporaryDirectory() as temporary:
            print(f"{subject.name} indexes a sample by its own route ...", flush=True)
            built = self.runner.build(subject, Path(temporary) / "index", sample, own=True)
        claims = self.cost_claims()
        print(f"{subject.name} is timed ...", flush=True)
        asked = self.runner.search(subject, folder, claims, 10, own=True)
        cost = Cost(
            build_s_per_mb=built["seconds"] / _megabytes(sample),
            median_ms=statistics.median(asked["milliseconds"]),
            p95_ms=tables.percentile_95(asked["milliseconds"]),
            memory_mb=asked["memory_mb"],
            disk_mb=sum(f.stat().st_size for f in measured.rglob("*") if f.is_file()) / 1e6,
        )
        kept = self._results("cost", system)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(cost)), encoding="utf-8")

    def cost_claims(self) -> list[str]:
        """Return the claims by which queries are timed."""
        sets = [SETS["sotu-test"], SETS["sotu-development"]]
        return [query.text for s in sets for query in s.queries(self.data)]

    def cost(self, system: str) -> Cost | None:
        """Return what was measured last, None where nothing was."""
        kept = self._results("cost", system)
        if not kept.is_file():
            return None
        return Cost(**json.loads(kept.read_text(encoding="utf-8")))

    def _results(self, name: str, system: str) -> Path:
        return self.cache / "results" / name / f"{system}.json"

    def page(self, absent: dict[str, str], sample_mb: float) -> str:
        """Return both tables, of all that is kept."""
        parts = [tables.preface(ASKED, BUDGET)]
        for name, claim_set in SETS.items():
            results = {s: absent.get(s) or self.figures(name, s) or NOT_RUN for s in SYSTEMS}
            if any(not isinstance(result, str) for result in results.values()):
                parts.append(tables.quality_table(claim_set, results) + "\n\n")
        costs = {s: absent.get(s) or self.cost(s) or NOT_RUN for s in SYSTEMS}
        if any(isinstance(cost, Cost) for cost in costs.values()):
            queries = len(self.cost_claims())
            parts.append(tables.COST_PREFACE.format(sample=sample_mb, queries=queries))
            parts.append(tables.cost_table(costs) + "\n")
        return "".join(parts)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _megabytes(documents: Sequence[Document]) -> float:
    return sum(len(document.text.encode()) for document in documents) / 1e6


def _sample(corpus: Corpus) -> list[Document]:
    """Return every nth document, `SAMPLE_MB` in all or a little more."""
    step = max(1, int(_megabytes(corpus.documents) / SAMPLE_MB))
    return list(corpus.documents[::step])


def main() -> None:
    """Run what is asked for, then print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="those to run")
    parser.add_argument("--sets", default=",".join(SETS), help="the sets to run them on")
    parser.add_argument("--cost", action="store_true", help="measure cost too")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmark.md"))
    given = parser.parse_args()
    settings = Settings.from_environment()
    data = claim_sets.data_folder(given.data)
    comparison = Comparison(data, settings, settings.cache / "benchmarks" / "peers")
    systems = [name for name in SYSTEMS if name in given.systems.split(",")]
    wanted = [SETS[name] for name in given.sets.split(",") if name]
    absent: dict[str, str] = {}
    for corpus_name in dict.fromkeys(s.corpus for s in wanted) if systems else ():
        corpus = comparison.corpus(corpus_name)
        for system in systems:
            try:
                for claim_set in wanted:
                    if claim_set.corpus == corpus_name:
                        comparison.ask(system, claim_set.name, corpus)
            except Absent as reason:
                print(f"{SYSTEMS[system].name} is absent: {reason}", flush=True)
                absent[system] = f"absent: {reason}".replace("\n", " ")
    sotu = comparison.corpus("sotu")
    sample = _sample(sotu)
    for system in systems if given.cost else ():
        try:
            comparison.measure_cost(system, sotu, sample)
        except Absent as reason:
            absent[system] = f"absent: {reason}".replace("\n", " ")
    page = comparison.page(absent, _megabytes(sample))
    print(page)
    before = given.out.read_text(encoding="utf-8") if given.out.is_file() else ""
    _, heading, below = before.partition("\n## Reading\n")
    given.out.write_text(page + heading + below, encoding="utf-8")


if __name__ == "__main__":
    main()
