"""Fusion, the reward for verbatim wording, and repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import ranking
from rag.ranking import combine, distinct, fuse, likeness, top, verbatim_share, word_scores

LIST = st.dictionaries(
    st.integers(0, 30), st.floats(-1, 20, width=32).map(lambda x: round(x, 2)), max_size=12
)
SHARE = st.floats(0, 1, width=32)


def as_arrays(found: dict[int, float]):
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    return (
        np.array([row for row, _ in ordered], dtype=np.int64),
        np.array([score for _, score in ordered], dtype=np.float32),
    )


def plain_fusion(dense: dict[int, float], lexical: dict[int, float]) -> dict[int, float]:
    total = dict.fromkeys(dense.keys() | lexical.keys(), 0.0)
    for found, weight in ((dense, ranking.DENSE_WEIGHT), (lexical, 1 - ranking.DENSE_WEIGHT)):
        for row, score in found.items():
            low, high = min(found.values()), max(found.values())
            total[row] += weight * ((score - low) / (high - low) if high > low else 1.0)
    return total


@given(LIST, LIST)
def test_fuse_is_the_plain_weighted_sum(dense, lexical):
    rows, scores = fuse(as_arrays(dense), as_arrays(lexical))
    expected = plain_fusion(dense, lexical)
    assert sorted(rows.tolist()) == sorted(expected)
    assert (np.diff(scores) <= 0).all()
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        assert score == pytest.approx(expected[row], abs=1e-4)


@given(st.lists(st.floats(-1, 5, width=32), max_size=40), st.integers(1, 50))
def test_top_is_a_sorted_list_of_positive_scores(scores, k):
    rows, best = top(np.array(scores, dtype=np.float32), k)
    expected = sorted((i for i, s in enumerate(scores) if s > 0), key=lambda i: (-scores[i], i))
    assert best.tolist() == [scores[i] for i in expected[:k]]
    # Rows of equal score at the cut may be any of them; all others are given.
    if len(set(scores)) == len(scores):
        assert rows.tolist() == expected[:k]


def score(late: float, fused: float, document: float, verbatim: float) -> float:
    parts = [np.array([x], dtype=np.float32) for x in (late, fused, document, verbatim)]
    near = likeness(parts[0], parts[3])
    return float(combine(near, parts[1], parts[2], parts[3])[0])


@given(SHARE, SHARE, SHARE, SHARE, SHARE)
def test_combine_rises_with_each_part_and_stays_within_bounds(late, fused, about, verbatim, more):
    before = score(late, fused, about, verbatim)
    assert 0 <= before <= 1 + 1e-6
    assert score(max(late, more), fused, about, verbatim) >= before - 1e-6
    assert score(late, max(fused, more), about, verbatim) >= before - 1e-6
    assert score(late, fused, max(about, more), verbatim) >= before - 1e-6
    assert score(late, fused, about, max(verbatim, more)) >= before - 1e-6


@given(st.floats(-0.5, 1.5, width=32), SHARE, SHARE)
def test_what_is_quoted_whole_scores_one(late, fused, about):
    assert score(late, fused, about, 1.0) == 1.0


def test_each_part_counts():
    plain = score(0.5, 0.5, 0.5, 0.0)
    for better in [(0.6, 0.5, 0.5, 0.0), (0.5, 0.6, 0.5, 0.0), (0.5, 0.5, 0.6, 0.0)]:
        assert score(*better) > plain
    assert score(0.5, 0.5, 0.5, 0.1) > plain


BM25 = st.just(0.0) | st.floats(0.125, 30, width=32)


@given(st.lists(st.tuples(BM25, BM25), max_size=20))
def test_word_scores_need_a_shared_word(pairs):
    passages = np.array([p for p, _ in pairs], dtype=np.float32)
    documents = np.array([d for _, d in pairs], dtype=np.float32)
    found = word_scores(passages, documents)
    assert ((found > 0) == (passages > 0)).all()
    assert (found <= 1 + ranking.DOCUMENT_SHARE + 1e-5).all()


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
        for n in range(ranking.VERBATIM_WORDS, len(passage) + 1)
        for j in range(len(passage) - n + 1)
    }
    shares = [
        sum(map(weight, claim[i : i + n])) / total
        for n in range(ranking.VERBATIM_WORDS, len(claim) + 1)
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
    kept = distinct(texts, limit)
    assert len(kept) <= limit
    assert kept == sorted(set(kept))
    assert kept[:1] == list(range(len(texts)))[:1][:limit]
    full = distinct(texts, len(texts))
    assert kept == full[:limit]


def test_distinct_drops_a_text_printed_twice_but_keeps_another():
    one = [f"w{i}" for i in range(100)]
    nearly = [*one[:50], "changed", *one[51:]]
    half = one[:50] + [f"v{i}" for i in range(50)]
    assert distinct([one, nearly, half], 3) == [0, 2]
