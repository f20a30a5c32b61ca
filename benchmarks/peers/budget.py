"""What a reader finds within an equal number of characters of what a system returns.

Chunks differ in length: the fifth of one system may lie behind 5,000 characters of text
and that of another behind 20,000. So a thing's rank is the number of thousands of
characters that are read until it begins, counted from 1, but no better than its place
among the things returned. What lies beyond `BUDGET` characters is not found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.claim_sets import Query, Target
from benchmarks.metrics import ndcg_at, recall_at
from benchmarks.peers.systems import Found
from rag.datatypes import Span

UNIT = 1000
"""Characters that count as one rank: about a passage."""

BUDGET = 10 * UNIT
"""Characters that are looked at."""

METRICS = ("R@1", "R@5", "R@10", "nDCG@10")


def ranks_within(query: Query, found: Sequence[Found]) -> list[int]:
    """Return the rank of each target found within the budget.

    Stretches of the document that must not count are passed over and cost nothing. Where
    targets are documents, a document's place is that among the different documents; where
    they are spans, a target is found where a stretch overlaps it.
    """
    counted = [place for place in found if place.document_id != query.left_out]
    by_document = query.targets[0].span is None
    ranks: dict[Target, int] = {}
    documents: set[str] = set()
    read = 0
    for number, place in enumerate(counted, start=1):
        documents.add(place.document_id)
        ordinal = len(documents) if by_document else number
        for target in query.targets:
            begins = read + _begins(target, place)
            if target not in ranks and begins < BUDGET:
                ranks[target] = max(ordinal, int(begins) // UNIT + 1)
        read += place.end - place.start
    return list(ranks.values())


def _begins(target: Target, place: Found) -> float:
    """Return after how many characters of `place` the target begins; infinite if never."""
    if place.document_id != target.document_id:
        return float("inf")
    if target.span is None:
        return 0
    if not target.span.overlaps(Span(place.start, place.end)):
        return float("inf")
    return max(target.span.start - place.start, 0)


def figures(query: Query, found: Sequence[Found]) -> tuple[float, ...]:
    """Return the `METRICS` of one claim. Recall is over all relevant documents; of a claim's
    gold spans any one will do."""
    ranks = sorted(ranks_within(query, found))
    relevant = len(query.targets)
    if query.targets[0].span is not None:
        ranks, relevant = ranks[:1], 1
    recalls = [recall_at(k, ranks, relevant) for k in (1, 5, 10)]
    return (*recalls, ndcg_at(10, ranks, relevant))


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the mean."""
    draws = np.random.default_rng(seed).choice(values, (5000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
