"""Fusion, the reward for verbatim wording, and repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import retrieval
from rag.index.local import top_rows
from rag.retrieval import distinct_positions, likeness, signal_weights, verbatim_share
from rag.searching import SIGNALS, weigh

SHARE = st.floats(0, 1, width=32)


@given(st.lists(st.floats(-1, 5, width=32), max_size=40), st.integers(1, 50))
def test_top_is_a_sorted_list_of_positive_scores(scores, k):
    rows, best = top_rows(np.array(scores, dtype=np.float32), k)
    expected = sorted((i for i, s in enumerate(scores) if s > 0), key=lambda i: (-scores[i], i))
    assert best.tolist() == [scores[i] for i in expected[:k]]
    # Rows of equal score at the cut may be any of them; all others are given.
    if len(set(scores)) == len(scores):
        assert rows.tolist() == expected[:k]


@given(SHARE, st.integers(0, 200))
def test_no_signal_counts_against_a_passage(names_share, terms):
    weights = signal_weights(names_share, terms)
    assert weights.shape == (len(SIGNALS),)
    assert (weights >= 0).all()
    assert weights.sum() > 0


def share_of(name: str, names_share: float, terms: int) -> float:
    weights = signal_weights(names_share, terms)
    return float(weights[SIGNALS.index(name)] / weights.sum())


def test_the_claim_decides_what_counts():
    meant = [share_of("pieces", names, 10) for names in (0.0, 0.4, 0.8)]
    assert meant == sorted(meant, reverse=True)
    whole = [share_of("document words", 0.4, terms) for terms in (5, 20, 40)]
    assert whole == sorted(whole)
    assert share_of("words", 0.3, 40) == share_of("words", 0.3, 400)


VALUES = st.lists(SHARE, min_size=6, max_size=6)


@given(VALUES, VALUES, SHARE, st.integers(0, 50))
def test_weigh_is_a_mean_that_rises_with_each_signal(one, more, names_share, terms):
    weights = signal_weights(names_share, terms)
    higher = np.maximum(one, more)
    low, high = weigh(np.array([one, higher], np.float32), weights)
    assert min(one) - 1e-5 <= low <= high + 1e-6
    assert high <= max(higher) + 1e-5


@given(SHARE, SHARE, SHARE)
def test_what_is_quoted_whole_scores_one(score, more, verbatim):
    def rewarded(score, verbatim):
        parts = [np.array([value], np.float32) for value in (score, verbatim)]
        return float(retrieval.reward_verbatim(*parts)[0])

    assert rewarded(score, 1.0) == 1.0
    assert rewarded(score, verbatim) <= rewarded(max(score, more), verbatim) + 1e-6
    assert rewarded(score, verbatim) <= rewarded(score, max(more, verbatim)) + 1e-6
    assert likeness(np.array([score - 2], np.float32), np.array([1.0], np.float32))[0] == 1.0


@given(st.lists(st.tuples(SHARE, st.sampled_from("abc")), max_size=12))
def test_spread_lowers_by_little_and_keeps_each_documents_order(found):
    scores = sorted((score for score, _ in found), reverse=True)
    documents = [document for _, document in found]
    lowered = retrieval.lower_same_document(scores, documents)
    for i, (score, low) in enumerate(zip(scores, lowered, strict=True)):
        earlier = documents[:i].count(documents[i])
        assert low == pytest.approx(score - retrieval.SAME_DOCUMENT * earlier)
    for document in set(documents):
        own = [low for low, home in zip(lowered, documents, strict=True) if home == document]
        assert own == sorted(own, reverse=True)


def test_another_source_comes_first_where_scores_are_near():
    near = retrieval.lower_same_document([0.5, 0.499, 0.495], "aab")
    assert near[2] > near[1]
    far = retrieval.lower_same_document([0.5, 0.499, 0.4], "aab")
    assert far[1] > far[2]


LETTERS = st.lists(st.sampled_from("abc"), max_size=25)


@st.composite
def quoting(draw):
    """A claim, and a passage put together from pieces of it."""
    claim = list("abcdefghijkl"[: draw(st.integers(0, 12))])
    passage = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, min(2, len(claim))))
        passage += [*claim[start : draw(st.integers(start, len(claim)))], "z"]
    return claim, passage


def brute_share(claim, passage, weight) -> float:
    total = sum(map(weight, claim))
    runs = {
        tuple(passage[j : j + n])
        for n in range(retrieval.VERBATIM_WORDS, len(passage) + 1)
        for j in range(len(passage) - n + 1)
    }
    shares = [
        sum(map(weight, claim[i : i + n])) / total
        for n in range(retrieval.VERBATIM_WORDS, len(claim) + 1)
        for i in range(len(claim) - n + 1)
        if tuple(claim[i : i + n]) in runs
    ]
    return max(shares, default=0.0)


@given(quoting() | st.tuples(LETTERS, LETTERS))
def test_verbatim_share_is_that_of_the_longest_run(pair):
    claim, passage = pair

    def weight(word):
        return {"a": 0.1}.get(word, 1.0)

    found = verbatim_share(claim, passage, weight)
    assert found == pytest.approx(brute_share(claim, passage, weight))
    assert found <= 1 + 1e-9


def test_the_longest_run_may_begin_inside_another():
    claim = list("abcdefghij")
    passage = list("abcdefxbcdefghij")
    assert verbatim_share(claim, passage, lambda word: 1.0) == pytest.approx(0.9)


def test_four_words_in_a_row_are_no_quotation():
    assert verbatim_share(list("abcdxy"), list("abcdz"), lambda word: 1.0) == 0.0
    assert verbatim_share([], [], lambda word: 1.0) == 0.0


@given(st.lists(LETTERS, max_size=8), st.integers(0, 5))
def test_distinct_keeps_the_first_and_no_repetition(texts, limit):
    kept = distinct_positions(texts, limit)
    assert len(kept) <= limit
    assert kept == sorted(set(kept))
    assert kept[:1] == list(range(len(texts)))[:1][:limit]
    full = distinct_positions(texts, len(texts))
    assert kept == full[:limit]


def test_distinct_drops_a_text_printed_twice_but_keeps_another():
    one = [f"w{i}" for i in range(100)]
    nearly = [*one[:50], "changed", *one[51:]]
    half = one[:50] + [f"v{i}" for i in range(50)]
    assert distinct_positions([one, nearly, half], 3) == [0, 2]
