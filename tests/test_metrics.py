"""The measures of a ranking, by hand and against a plain second implementation."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.metrics import ndcg_at, recall_at, reciprocal_rank, success_at

RANKS = st.sets(st.integers(1, 30), max_size=8)


@given(RANKS, st.integers(0, 4), st.integers(1, 15))
def test_against_gains_written_out(ranks, missing, k):
    relevant = len(ranks) + missing
    gains = [1 if place in ranks else 0 for place in range(1, 31)]
    ideal = sorted([1] * relevant + [0] * 30, reverse=True)[:k]
    dcg = sum(gain / log2(place + 2) for place, gain in enumerate(gains[:k]))
    best = sum(gain / log2(place + 2) for place, gain in enumerate(ideal))
    found = sorted(ranks)
    assert ndcg_at(k, found, relevant) == pytest.approx(dcg / best if best else 0.0)
    assert recall_at(k, found, relevant) == pytest.approx(
        sum(gains[:k]) / relevant if relevant else 0.0
    )
    assert success_at(k, found) == max(gains[:k])
    assert reciprocal_rank(found) == (1 / (gains.index(1) + 1) if any(gains) else 0.0)


def test_by_hand():
    assert recall_at(5, [2, 7], 3) == pytest.approx(1 / 3)
    assert reciprocal_rank([7, 2]) == 0.5
    assert ndcg_at(10, [3], 1) == 0.5
    assert success_at(1, []) == 0.0
