"""Vectors on disk: nearest sentences, and claims against passages piece by piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.embedding import PassageVectors, QueryVectors, sign_codes
from rag.index.vectors import (
    COMMON_PIECE_WEIGHT,
    SIGN_SCALE,
    Sentences,
    SentenceWriter,
    VectorIndex,
    VectorWriter,
    dequantize,
    estimated_cosines,
)

VOCABULARY = 50


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def random_passages(dimension: int, count: int = 40) -> list[PassageVectors]:
    random = np.random.default_rng(7)
    passages = []
    for _ in range(count):
        sentences, heading = random.integers(1, 5), random.integers(0, 4)
        lengths = random.integers(1, 6, sentences)
        starts = heading + np.concatenate([[0], np.cumsum(lengths)[:-1]])
        pieces = random.normal(size=(heading + lengths.sum(), dimension)).astype(np.float32)
        passages.append(
            PassageVectors(
                unit(random.normal(size=(sentences, dimension))).astype(np.float16),
                sign_codes(pieces),
                starts.astype(np.int32),
            )
        )
    return passages


@pytest.fixture(params=[12, 384], ids=["12 dimensions", "384 dimensions"])
def stored(request, tmp_path: Path):
    """Random passages, and the index that holds them."""
    passages = random_passages(request.param)
    counts = np.random.default_rng(3).integers(0, 41, VOCABULARY).astype(np.int32)
    with VectorWriter(tmp_path, request.param) as writer:
        writer.add(passages[:15])
        writer.add(passages[15:])
        writer.finish(counts)
    return passages, VectorIndex(tmp_path, request.param), counts


def query(dimension: int, pieces: int = 6) -> QueryVectors:
    random = np.random.default_rng(11)
    return QueryVectors(
        unit(random.normal(size=dimension)),
        unit(random.normal(size=(pieces, dimension))),
        random.integers(0, VOCABULARY, pieces),
    )


def test_passages_are_copied_between_others(stored, tmp_path):
    passages, index, counts = stored
    (tmp_path / "copy").mkdir()
    with VectorWriter(tmp_path / "copy", index.dimension) as writer:
        copied = writer.copy(index, 7, 31)
        writer.add(passages[:2])
        copied += writer.copy(index, 31, 32)
        writer.finish(counts)
    made = VectorIndex(tmp_path / "copy", index.dimension)
    assert copied == sum(len(p.sentences) for p in passages[7:32])
    assert (made.piece_passages() == counts).all()
    for row, passage in enumerate([*passages[7:31], *passages[:2], passages[31]]):
        back = made.passages_block(row, row + 1)
        assert_near(dequantize(back.sentences), passage.sentences)
        assert (back.codes == passage.codes).all()
        assert (back.starts == passage.starts).all()


def assert_near(stored: np.ndarray, given: np.ndarray) -> None:
    """Assert that vectors are what 8 bits for each dimension can say of them."""
    step = min(1, 6 / np.sqrt(given.shape[1])) / 127
    assert np.linalg.norm(stored - given, axis=1).max() < 0.6 * step * np.sqrt(given.shape[1])


@pytest.mark.parametrize("made", ["alike", "one large", "one constant", "few"])
def test_cosines_of_stored_vectors_are_near_whatever_the_model_makes(made, tmp_path):
    random = np.random.default_rng(4)
    vectors = random.normal(size=(400, 384))
    if made == "one large":
        vectors[:, 7] *= 40
    elif made == "one constant":
        vectors[:, 7] = 30
    elif made == "few":
        vectors[:, 5:] = 0
    vectors = unit(vectors)
    writer = SentenceWriter(tmp_path, 384)
    writer.add(vectors)
    writer.finish()
    back = dequantize(Sentences(tmp_path).stored(0, 400))
    errors = back @ vectors.T - vectors @ vectors.T
    assert np.sqrt((errors**2).mean()) < 0.001
    assert np.abs(errors).max() < 0.006


def test_what_was_copied_many_times_is_the_same(stored, tmp_path):
    _, index, counts = stored
    first = index.passages_block(0, index.passages)
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        with VectorWriter(folder, index.dimension) as writer:
            writer.copy(index, 0, index.passages)
            writer.finish(counts)
        index = VectorIndex(folder, index.dimension)
    assert (index.passages_block(0, index.passages).sentences == first.sentences).all()


@pytest.mark.parametrize("dimension", [1, 8, 12, 384])
def test_sign_codes_are_one_bit_for_every_third_dimension(dimension):
    vectors = np.random.default_rng(1).normal(size=(9, dimension)).astype(np.float32)
    codes = sign_codes(vectors)
    third = [number for number in range(dimension) if number % 3 == 0]
    assert codes.shape == (9, -(-len(third) // 8))
    for vector, code in zip(vectors, codes, strict=True):
        bits = "".join(f"{byte:08b}" for byte in code)
        assert [bit == "1" for bit in bits[: len(third)]] == [bool(vector[n] > 0) for n in third]


def test_what_was_stored_comes_back(stored):
    passages, index, _ = stored
    assert index.passages == len(passages)
    for row, passage in enumerate(passages):
        back = index.passages_block(row, row + 1)
        assert_near(dequantize(back.sentences), passage.sentences)
        assert (back.codes == passage.codes).all()
        assert (back.starts == passage.starts).all()
        assert (index.sentence_starts(row) == passage.starts).all()


def test_late_interaction_is_the_weighted_mean_of_best_matches(stored):
    passages, index, counts = stored
    asked = query(index.dimension)
    rows = np.array([3, 0, 39, 17])
    scores = index.late_interaction(asked, rows)
    for row, score in zip(rows, scores, strict=True):
        total = weight_sum = 0.0
        for piece, number in zip(asked.pieces, asked.ids, strict=True):
            weight = max(np.log((40 + 1) / (1 + counts[number])), COMMON_PIECE_WEIGHT)
            estimates = []
            for code in passages[row].codes:
                third = piece[::3] / np.linalg.norm(piece[::3])
                bits = np.unpackbits(code)[: len(third)]
                signs = [1.0 if bit else -1.0 for bit in bits]
                dot = sum(q * s for q, s in zip(third, signs, strict=True))
                estimates.append(dot / (np.sqrt(len(third)) * SIGN_SCALE))
            total += weight * max(estimates)
            weight_sum += weight
        assert score == pytest.approx(total / weight_sum, rel=1e-4)


def test_piece_matches_have_a_row_per_claim_piece_and_a_column_per_passage_piece(stored):
    passages, index, _ = stored
    rows = np.array([5, 6, 5])
    found = index.piece_matches(query(index.dimension), rows)
    assert [m.shape for m in found] == [(6, len(passages[row].codes)) for row in rows]
    assert found[0] == pytest.approx(found[2], abs=1e-5)


def test_an_estimate_is_near_the_cosine():
    random = np.random.default_rng(5)
    pieces = unit(random.normal(size=(300, 384)))
    one = unit(pieces[0] + 0.6 * unit(random.normal(size=384)))
    asked = QueryVectors(one, one[None, :], np.zeros(1, np.int64))
    estimates = estimated_cosines(asked, sign_codes(pieces))[0]
    assert np.abs(estimates - pieces @ one).max() < 0.35
    assert np.abs(estimates - pieces @ one).mean() < 0.09


@pytest.mark.parametrize("mask", ["none", "half", "one", "nothing"])
def test_nearest_is_that_of_a_brute_search(stored, mask):
    passages, index, _ = stored
    allowed = {
        "none": None,
        "half": np.arange(40) % 2 == 0,
        "one": np.arange(40) == 21,
        "nothing": np.zeros(40, dtype=bool),
    }[mask]
    vector = query(index.dimension).vector
    best = {
        row: float((dequantize(index.passages_block(row, row + 1).sentences) @ vector).max())
        for row in range(len(passages))
        if allowed is None or allowed[row]
    }
    expected = sorted(best, key=lambda row: -best[row])[:10]
    rows, cosines = index.nearest(vector, 10, allowed)
    assert rows.tolist() == expected
    assert cosines == pytest.approx([best[row] for row in expected], abs=1e-5)
    assert index.cosines(vector, rows) == pytest.approx(cosines, abs=1e-5)


def test_no_rows_no_scores(stored):
    _, index, _ = stored
    assert index.late_interaction(query(index.dimension), np.array([], np.int64)).shape == (0,)


def test_the_real_index_agrees_with_brute_force(finder, encoder):
    vectors = finder.index.generation.vectors
    asked = encoder.encode_query("The American continents are closed to new colonies.")
    best = [
        float((dequantize(vectors.passages_block(row, row + 1).sentences) @ asked.vector).max())
        for row in range(vectors.passages)
    ]
    rows, cosines = vectors.nearest(asked.vector, 5)
    assert cosines == pytest.approx(sorted(best, reverse=True)[:5], abs=1e-3)
    assert best[rows[0]] == pytest.approx(max(best), abs=1e-3)
