"""The comparison with other systems: what is found within a budget, and the pipe to a child."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.claim_sets import Query, Target
from benchmarks.peers.budget import figures, interval, ranks_within
from benchmarks.peers.embedding import SharedEmbedding
from benchmarks.peers.environments import OURS, Absent, System
from benchmarks.peers.runner import Runner
from benchmarks.peers.sets import SETS
from benchmarks.peers.systems import Document, Found
from benchmarks.peers.tables import quality_table
from rag.config import Settings
from rag.datatypes import Span

GOLD = Query("claim", (Target("a", Span(5000, 5100)),))


def passages(document: str, *lengths: int) -> list[Found]:
    """Stretches of a document, one after the other."""
    ends = np.cumsum(lengths).tolist()
    return [Found(document, end - length, end) for end, length in zip(ends, lengths, strict=True)]


def test_a_span_counts_from_where_it_begins():
    assert ranks_within(GOLD, [Found("a", 4950, 5950)]) == [1]
    assert ranks_within(GOLD, [Found("a", 2000, 6000)]) == [4]  # 3,000 characters before it
    assert ranks_within(GOLD, [Found("a", 0, 5000), Found("a", 5100, 9000)]) == []
    assert ranks_within(GOLD, [Found("b", 4950, 5950)]) == []


def test_short_stretches_rank_by_their_place():
    short = [Found("b", 0, 50), Found("c", 0, 50), Found("a", 5050, 5090)]
    assert ranks_within(GOLD, short) == [3]


def test_nothing_counts_beyond_the_budget():
    before = passages("b", *[2500] * 4)
    assert ranks_within(GOLD, [*before[:3], Found("a", 5000, 6000)]) == [8]
    assert ranks_within(GOLD, [*before, Found("a", 5000, 6000)]) == []


def test_documents_count_once_and_the_citing_one_not_at_all():
    query = Query("claim", (Target("a"), Target("c")), left_out="x")
    found = [
        *passages("x", 1000, 1000),
        *passages("b", 400, 400),
        *passages("a", 100, 100),
        *passages("c", 900),
    ]
    assert ranks_within(query, found) == [2, 3]
    assert ranks_within(query, [*passages("b", *[1000] * 5), *passages("a", 100)]) == [6]


def test_any_gold_span_will_do_but_all_documents_are_wanted():
    spans = Query("claim", (Target("a", Span(0, 10)), Target("b", Span(0, 10))))
    assert figures(spans, passages("a", 100)) == (1.0, 1.0, 1.0, 1.0)
    both = Query("claim", (Target("a"), Target("b")))
    recalls = figures(both, passages("a", 100))[:3]
    assert recalls == (0.5, 0.5, 0.5)


def test_the_interval_holds_the_mean_and_narrows_with_more_claims():
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 1000
    low, high = interval(few)
    assert low < 0.5 < high
    assert interval(many)[1] - interval(many)[0] < (high - low) / 5


def test_the_table_marks_the_best_and_tells_who_is_absent():
    results = {
        "ours": [(1.0, 1.0, 1.0, 0.9)],
        "bm25s": [(0.0, 1.0, 1.0, 0.5)],
        "txtai": "absent: no net",
    }
    table = quality_table(SETS["sotu-test"], results)
    assert "| Source Finder | **1.000** | **1.000** | **1.000** | **.900** |" in table
    assert "| bm25s | .000 | **1.000** |" in table
    assert "absent: no net" in table
    assert "Source Finder less bm25s: +0.400" in table


@pytest.fixture
def shared(tmp_path: Path) -> SharedEmbedding:
    return SharedEmbedding(Settings.from_environment(), tmp_path / "vectors.sqlite")


def test_the_shared_vectors_are_the_models_own_and_are_kept(shared, encoder, tmp_path: Path):
    texts = ["Gold was found.", "Peace.", "Gold was found.", "The treaty was signed in 1848. " * 30]
    vectors = shared(texts)
    own = np.stack([encoder.encode_query(text).vector for text in texts])
    assert (vectors * own).sum(axis=1) == pytest.approx(1, abs=1e-3)
    again = SharedEmbedding(Settings.from_environment(), tmp_path / "vectors.sqlite")
    again._encode = None  # nothing may be embedded a second time
    assert (again(texts) == vectors).all()


@pytest.mark.slow
def test_a_system_answers_from_its_own_process(shared, tmp_path: Path):
    runner = Runner(tmp_path, shared)
    documents = [
        Document("mine/gold", "Polk, 1848", "There is an abundance of gold in that territory."),
        Document("mine/sea", "Monroe, 1823", "The ships of the navy sailed to the south."),
    ]
    built = runner.build(OURS, tmp_path / "index", documents)
    assert built["seconds"] > 0
    report = runner.search(OURS, tmp_path / "index", ["Gold was found in California"], 2)
    document, start, end = report["found"][0][0]
    assert documents[0].text[start:end] == documents[0].text
    assert document == "mine/gold"
    assert len(report["milliseconds"]) == 1


@pytest.mark.slow
def test_a_system_that_fails_is_absent(shared, tmp_path: Path):
    broken = System("broken", "not_there", "")
    with pytest.raises(Absent, match="not_there"):
        Runner(tmp_path, shared).build(broken, tmp_path / "index", [])
