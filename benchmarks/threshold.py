"""What the threshold between "related" and "not found" lets through and what it stops.

    python -m benchmarks.threshold [--data FOLDER] [--test]

Asked of the State of the Union addresses: the development claims, whose passage is
there, against statements about diplomacy from the front matter of FRUS, of which the
addresses say nothing in nearly all cases, and scientific claims (SciFact), of which they
say nothing. With --test also the test claims at the threshold in use.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks import claim_sets
from benchmarks.claim_sets import Query
from benchmarks.retrieval import ranks_of
from rag import SourceFinder
from rag.datatypes import Passage, Span
from rag.finder import BEARS_ON, PER_CLAIM


def best_scores(finder: SourceFinder, claims: Sequence[str]) -> list[float]:
    """Return the likeness of the nearest passage shown for each claim."""
    return [
        max(e.likeness for e in evidence)
        for claim in claims
        if (evidence := finder.find_sources(claim, PER_CLAIM))
    ]


def gold_scores(finder: SourceFinder, queries: Sequence[Query]) -> list[float]:
    """Return the likeness at which each claim's own passage is shown; 0 where it is not
    among the first `PER_CLAIM`."""
    scores = []
    for query in queries:
        shown = finder.find_sources(query.text, PER_CLAIM)
        places = [
            (e.document_id, Passage(e.document_id, Span(e.passage_start, e.passage_end), ()))
            for e in shown
        ]
        ranks = ranks_of(query.targets, places)
        scores.append(shown[min(ranks) - 1].likeness if ranks else 0.0)
    return scores


def share(scores: Sequence[float], threshold: float) -> float:
    """Return the share of scores at or above the threshold."""
    return statistics.fmean(score >= threshold for score in scores)


def scifact(data: Path, count: int = 200) -> list[str]:
    """Return the first scientific claims."""
    lines = (data / "scifact" / "queries.train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[:count]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument("--test", action="store_true", help="also the test claims")
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    finder = SourceFinder.open()
    inside = claim_sets.sotu_development(data)
    gold, best = gold_scores(finder, inside), best_scores(finder, [q.text for q in inside])
    diplomacy = best_scores(finder, [q.text for q in claim_sets.frus(data, "summary")])
    science = best_scores(finder, scifact(data))
    print("Share of claims for which something is shown, by threshold")
    print(f"{'':10} {'gold passage':>14} {'any passage':>12} {'FRUS claims':>12} {'science':>8}")
    for step in range(40, 72, 2):
        at = step / 100
        print(
            f"{at:10.2f} {share(gold, at):14.2f} {share(best, at):12.2f}"
            f" {share(diplomacy, at):12.2f} {share(science, at):8.2f}"
        )
    if given.test:
        inside = claim_sets.sotu_test(data)
        gold = gold_scores(finder, inside)
        best = best_scores(finder, [query.text for query in inside])
        absent = best_scores(finder, claim_sets.unsupported(data))
        print(f"\nTest claims at {BEARS_ON}: of {len(inside)} supported, ", end="")
        print(f"{share(gold, BEARS_ON):.2f} with their gold passage shown, ", end="")
        print(f"{share(best, BEARS_ON):.2f} with any; of {len(absent)} unsupported, ", end="")
        print(f"{1 - share(absent, BEARS_ON):.2f} called not found.")


if __name__ == "__main__":
    main()
