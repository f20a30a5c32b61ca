"""BM25 against a plain second implementation."""

from __future__ import annotations

from math import log

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index.lexical import K1, B, LexicalIndex
from rag.language import stems, words

TEXTS = [
    stems(words(text))
    for text in [
        "Gold was found in California, and gold again.",
        "The Senate ratified the treaty with Mexico.",
        "Peace with Mexico; peace, and a treaty.",
        "the of and",
        "California California",
    ]
]


def plain_bm25(texts: list[list[str]], query: list[str]) -> list[float]:
    """BM25 as in Kamphuis et al. 2020, row "Lucene (accurate)"."""
    average = sum(map(len, texts)) / len(texts) or 1
    scores = []
    for text in texts:
        score = 0.0
        for word in set(query):
            having = sum(word in other for other in texts)
            frequency = text.count(word)
            idf = log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            length = 1 - B + B * len(text) / average
            score += idf * frequency / (frequency + K1 * length)
        scores.append(score)
    return scores


def write_and_open(texts, folder) -> LexicalIndex:
    vocabulary = sorted({stem for text in texts for stem in text})
    terms = np.array([vocabulary.index(stem) for text in texts for stem in text], np.int32)
    bounds = np.cumsum([0, *map(len, texts)])
    LexicalIndex.write(terms, bounds, vocabulary, folder / "lexical")
    return LexicalIndex.open(folder / "lexical", len(texts))


@pytest.mark.parametrize(
    "query", ["gold in California", "treaty Mexico peace", "gold gold", "peace"]
)
def test_scores_are_bm25(query, tmp_path):
    asked = stems(words(query))
    scores = write_and_open(TEXTS, tmp_path).scores(asked)
    assert scores.dtype == np.float32
    assert scores == pytest.approx(plain_bm25(TEXTS, asked), rel=1e-4)


STEMS = st.lists(st.sampled_from(["gold", "peac", "treati", "漢字", "1848"]), max_size=8)


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(STEMS, min_size=1, max_size=6), query=STEMS)
def test_scores_are_bm25_for_any_texts(tmp_path_factory, texts, query):
    found = write_and_open(texts, tmp_path_factory.mktemp("bm25")).scores(query)
    assert found == pytest.approx(plain_bm25(texts, query), rel=1e-4)


def test_what_is_written_is_what_bm25s_would_write(tmp_path):
    texts = [text for text in TEXTS if text]
    theirs = bm25s.BM25(k1=K1, b=B, method="lucene")
    theirs.index(texts, show_progress=False)
    ours = write_and_open(texts, tmp_path)
    for stem in {stem for text in texts for stem in text}:
        assert ours.scores([stem]) == pytest.approx(theirs.get_scores([stem]), rel=1e-5)
        assert ours.frequency(stem) == sum(stem in text for text in texts)


def test_unknown_words_score_nothing(tmp_path):
    index = write_and_open(TEXTS, tmp_path)
    assert index.scores(["zeppelin"]).tolist() == [0.0] * len(TEXTS)
    assert index.scores([]).tolist() == [0.0] * len(TEXTS)
    known = index.scores(["gold"])
    assert (index.scores(["gold", "zeppelin"]) == known).all()


def test_what_is_known(tmp_path):
    index = write_and_open(TEXTS, tmp_path)
    assert index.knows("gold")
    assert not index.knows("zeppelin")


def test_texts_without_a_word_can_be_indexed(tmp_path):
    index = write_and_open([[], []], tmp_path)
    assert index.scores(["gold"]).tolist() == [0.0, 0.0]


WEIGHED = st.dictionaries(
    st.sampled_from(["gold", "peac", "treati", "zeppelin"]), st.sampled_from([1.0, 2.0])
)


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(STEMS, min_size=1, max_size=6), weights=WEIGHED)
def test_shares_are_weighted_bm25_over_the_most_there_could_be(tmp_path_factory, texts, weights):
    index = write_and_open(texts, tmp_path_factory.mktemp("bm25"))
    shares = index.shares(weights)
    known = {stem: weight for stem, weight in weights.items() if index.knows(stem)}
    most = sum(weight * index.rarity(stem) for stem, weight in known.items())
    summed = np.zeros(len(texts))
    for stem, weight in known.items():
        summed += weight * index.scores([stem])
    assert shares == pytest.approx(summed / most if most else summed, rel=1e-4)
    assert ((shares >= 0) & (shares <= 1)).all()


def test_a_rare_word_is_rarer(tmp_path):
    index = write_and_open([["gold", "peac"], ["gold"], ["gold"]], tmp_path)
    assert index.rarity("peac") > index.rarity("gold") > 0
