"""What judges say of search results whose stand is known by reading, at every threshold.

    python -m benchmarks.verifier --sources FOLDER [--given FOLDER]

The results are those of `training/results.jsonl` that nothing was fitted on: their claims were
written on, or remembered of, documents that no training claim comes from, or argued without any
document (`training/README.md` says how, and how the results were labelled). `--sources`: the FRUS
volumes and memoirs; the addresses come with the install. `--given`: claims that are kept outside
the project.

Printed for the search's score alone and for the judge, in one run: what it calls supports and
contradicts and how many are right, with 95 % intervals over claims; supporting passages called
contradicting; the area under the curve of its probabilities, over all and over those that bear on
the claim; recall at several precisions; by how much its probabilities miss the shares; how many
claims are called supported; how well a claim's results are ordered by the search alone, and with
what the judge says of them.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rag.config import Settings
from rag.datatypes import is_on_point
from rag.embedding import Encoder
from rag.evidence import weighed
from rag.judging import BEARS_ON, Judge, Judgement, Probabilities
from rag.relation.verifier import load_learned
from training import pairs
from training.pairs import Pair

SAMPLES = 1000
PRECISIONS = (0.9, 0.8, 0.7)
WORTH = {"supports": 3, "contradicts": 3, "partly": 2, "bears": 1, "no": 0}
"""What a result is worth to who asks what sources there are."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled result and what a judge makes of it."""

    pair: Pair
    judgement: Judgement

    def probability(self, relation: str) -> float:
        """Return how likely the judge thinks that it supports or contradicts."""
        told = self.judgement.probabilities
        return told.supports if relation == "supports" else told.contradicts


def judge_all(judge: Judge, results: Sequence[Pair]) -> list[Judged]:
    """Return what a judge makes of the results, a claim at a time."""
    claims: dict[str, list[Pair]] = defaultdict(list)
    for pair in results:
        claims[pair.claim_id].append(pair)
    found = []
    for own in claims.values():
        told = judge.judge(own[0].claim, [pairs.quotation_of(pair) for pair in own])
        found += [Judged(pair, judgement) for pair, judgement in zip(own, told, strict=True)]
    return found


def by_score(results: Sequence[Pair]) -> list[Judged]:
    """Return the results with the search's score as all that is said of them, the plain
    alternative."""
    return [
        Judged(pair, Judgement("context", Probabilities(pair.score, pair.score, pair.score)))
        for pair in results
    ]


def is_right(one: Judged, relation: str) -> bool:
    """Return whether a result is what a judge calls it; a part of the claim counts as support."""
    right = {"supports", "partly"} if relation == "supports" else {relation}
    return one.pair.label in right


def share(numbers: Sequence[bool]) -> float:
    """Return the share of true ones, nan of none."""
    return sum(numbers) / len(numbers) if numbers else float("nan")


def precision(given: Sequence[Judged], relation: str) -> float:
    """Return the share of right ones among those that are called so."""
    return share([is_right(o, relation) for o in given if o.judgement.relation == relation])


def recall(given: Sequence[Judged], relation: str) -> float:
    """Return the share of those that are so that are called so."""
    return share([o.judgement.relation == relation for o in given if o.pair.label == relation])


def interval(given: Sequence[Judged], measure: Callable[[Sequence[Judged]], float]) -> str:
    """Return the 95 % interval of a measure, claims drawn anew."""
    chance = random.Random(1)
    claims: dict[str, list[Judged]] = defaultdict(list)
    for one in given:
        claims[one.pair.claim_id].append(one)
    groups = list(claims.values())
    drawn = [
        measure([one for own in chance.choices(groups, k=len(groups)) for one in own])
        for _ in range(SAMPLES)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return f"{low:.2f} to {high:.2f}"


def area(given: Sequence[Judged], relation: str) -> float:
    """Return the area under the curve of a relation's probabilities (Mann and Whitney 1947)."""
    yes = [o.probability(relation) for o in given if o.pair.label == relation]
    no = np.sort([o.probability(relation) for o in given if o.pair.label != relation])
    below = (np.searchsorted(no, yes, "left") + np.searchsorted(no, yes, "right")) / 2
    return float(below.mean() / len(no))


def recall_at(given: Sequence[Judged], relation: str, wanted: float) -> float:
    """Return the recall at the lowest threshold with `wanted` precision."""
    order = sorted(given, key=lambda o: -o.probability(relation))
    right = np.cumsum([is_right(o, relation) for o in order])
    good = np.flatnonzero(right / np.arange(1, len(order) + 1) >= wanted)
    if not len(good):
        return 0.0
    return share([i <= good[-1] for i, o in enumerate(order) if o.pair.label == relation])


def calibration_error(given: Sequence[Judged], relation: str, bins: int = 10) -> float:
    """Return by how much the probability of a relation misses the share of results that are so,
    on average over `bins` of equally many results (Naeini et al. 2015)."""
    ranked = sorted(given, key=lambda o: o.probability(relation))
    missed = 0.0
    for own in (list(part) for part in np.array_split(np.arange(len(ranked)), bins)):
        told = sum(ranked[i].probability(relation) for i in own)
        missed += abs(told - sum(ranked[i].pair.label == relation for i in own))
    return missed / len(ranked)


def order(given: Sequence[Judged], score: Callable[[Judged], float]) -> float:
    """Return the mean nDCG of the results of each claim that has any which bears on it (Järvelin
    and Kekäläinen 2002), ordered by a score; see `WORTH`."""
    claims: dict[str, list[Judged]] = defaultdict(list)
    for one in given:
        claims[one.pair.claim_id].append(one)
    found = []
    for own in claims.values():
        gains = [WORTH[one.pair.label] for one in sorted(own, key=lambda o: -score(o))]
        best = discounted(sorted(gains, reverse=True))
        found += [discounted(gains) / best] if best else []
    return float(np.mean(found))


def discounted(gains: Sequence[int]) -> float:
    """Return the discounted cumulative gain of results in order."""
    return float(sum((2**gain - 1) / np.log2(place + 2) for place, gain in enumerate(gains)))


def decided(given: Sequence[Judged]) -> float:
    """Return the share of results that support a claim, at least in part, or contradict it."""
    return share([o.pair.label in {"supports", "partly", "contradicts"} for o in given])


def held(given: Sequence[Judged], told: Sequence[Judged], label: str) -> float:
    """Return the share of the results with a label that are among those told."""
    inside = set(map(id, told))
    return share([id(o) in inside for o in given if o.pair.label == label])


def report(name: str, given: Sequence[Judged]) -> None:
    """Print what a judge is worth."""
    print(f"\n{name}")
    bearing = [o for o in given if o.pair.label != "no"]
    for relation in ("supports", "contradicts"):
        called = [o for o in given if o.judgement.relation == relation]
        print(
            f"  {relation}: called {len(called)}, right {precision(given, relation):.2f} "
            f"({interval(given, partial(precision, relation=relation))}), "
            f"recall {recall(given, relation):.2f} "
            f"({interval(given, partial(recall, relation=relation))}); "
            f"area {area(given, relation):.3f}, of those that bear on it "
            f"{area(bearing, relation):.3f}; recall at precision "
            + ", ".join(f"{p} {recall_at(given, relation, p):.2f}" for p in PRECISIONS)
            + f"; calibration error {calibration_error(given, relation):.3f}"
        )
    wrong = [
        o for o in given if o.pair.label == "supports" and o.judgement.relation == "contradicts"
    ]
    print(f"  supporting passages called contradicting: {len(wrong)}")
    if any(o.judgement.relation != "context" for o in given):
        report_pointed(given)
        report_claims(given)
    alone = order(given, lambda o: o.pair.score)
    both = order(given, lambda o: weighed(o.pair.score, o.judgement))
    print(
        f"  order of a claim's results, nDCG: by the search alone {alone:.3f}, with it {both:.3f}"
    )


def report_claims(given: Sequence[Judged]) -> None:
    """Print how many claims are called supported, of those that a result supports and of those that
    none supports even in part, and how many are shown as found that nothing bears on."""
    claims: dict[str, list[Judged]] = defaultdict(list)
    for one in given:
        claims[one.pair.claim_id].append(one)
    supported, unsupported, strange = [], [], []
    for own in claims.values():
        labels = {o.pair.label for o in own}
        called = any(o.judgement.relation == "supports" for o in own)
        if "supports" in labels:
            supported.append(called)
        elif "partly" not in labels:
            unsupported.append(called)
        if labels == {"no"}:
            strange.append(any(o.judgement.probabilities.bears >= BEARS_ON for o in own))
    print(
        f"  claims called supported: {share(supported):.2f} of {len(supported)} that a result "
        f"supports, {share(unsupported):.3f} of {len(unsupported)} that none supports even in "
        f"part; shown as found: {share(strange):.2f} of {len(strange)} that nothing bears on"
    )


def report_pointed(given: Sequence[Judged]) -> None:
    """Print what it is worth that passages are said to be on the very point."""
    pointed = [o for o in given if is_on_point(*map(o.probability, ("supports", "contradicts")))]
    ranked = sorted(given, key=lambda o: -o.pair.score)
    for way, told in (("called", pointed), ("as many by the score", ranked[: len(pointed)])):
        print(
            f"  on the very point: {way} {len(told)}, of which decide it {decided(told):.2f} "
            f"({interval(told, decided)}); of all that support it "
            f"{held(given, told, 'supports'):.2f}, contradict it "
            f"{held(given, told, 'contradicts'):.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--given", type=Path, default=Path("none"))
    asked = parser.parse_args()
    files = sorted(str(p) for p in asked.sources.rglob("*") if p.suffix in {".xml", ".txt"})
    places = pairs.Places(["sotu", *files])
    claims = {p.claim_id: p.claim for p in [*pairs.given(asked.given), *pairs.written(places)]}
    results = [pair for pair in pairs.labelled(places, claims) if pair.part == "test"]
    labels = [pair.label for pair in results]
    counts = ", ".join(f"{labels.count(label)} {label}" for label in dict.fromkeys(labels))
    print(f"{len(results)} results of {len({p.claim_id for p in results})} claims: {counts}")
    settings = Settings.from_environment()
    learned = load_learned(settings, Encoder.load("default", settings))
    alternatives = {
        "the search's score": by_score(results),
        "Source Finder": judge_all(learned, results),
    }
    for name, judged in alternatives.items():
        report(f"{name}, all claims", judged)
        for manner in dict.fromkeys(pair.manner for pair in results):
            report(f"{name}, claims {manner}", [o for o in judged if o.pair.manner == manner])


if __name__ == "__main__":
    main()
