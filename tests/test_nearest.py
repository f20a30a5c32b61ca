"""Nearest sentences: exact search, and lists where there are many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from rag.build.builder import build_index
from rag.config import Settings
from rag.finder import SourceFinder
from rag.index import open_index
from rag.index.local import LocalIndex
from rag.index.vectors import (
    APPROXIMATE,
    EXACT,
    Lists,
    Sentences,
    SentenceWriter,
    dequantize,
    write_lists,
)
from rag.index.vectors import (
    _rotation as rotation,
)
from rag.workspace import Workspace

DIMENSION = 32
COUNT = 6000


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Unit vectors around forty centres, 16-bit."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(40, DIMENSION))
    loose = centres[random.integers(0, 40, COUNT)] + 0.6 * random.normal(size=(COUNT, DIMENSION))
    return (loose / np.linalg.norm(loose, axis=1, keepdims=True)).astype(np.float16)


def write(folder: Path, vectors: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    writer = SentenceWriter(folder, vectors.shape[1], FEW)
    for first in range(0, len(vectors), 700):
        writer.add(vectors[first : first + 700])
    writer.finish()
    return folder


FEW = Lists(exact_up_to=1000, lists=32, probes=12, block=900)
"""Lists from a thousand sentences on."""


@pytest.fixture
def listed(vectors, tmp_path: Path) -> Sentences:
    write(tmp_path / "listed", vectors)
    write_lists(tmp_path / "listed", FEW)
    return Sentences(tmp_path / "listed", FEW)


def kept(sentences: Sentences) -> np.ndarray:
    """The vectors as they are stored, in 8 bits."""
    return dequantize(sentences.stored(0, len(sentences)))


def best(vectors: np.ndarray, asked: np.ndarray, k: int, allowed: np.ndarray | None = None):
    """Return the nearest by plain arithmetic: numbers and cosines."""
    cosines = vectors.astype(np.float32) @ asked
    if allowed is not None:
        cosines = np.where(allowed, cosines, -2)
    order = np.argsort(-cosines, kind="stable")[:k]
    return order, cosines[order]


def test_the_file_is_what_faiss_writes(vectors, tmp_path: Path):
    written = write(tmp_path, vectors) / EXACT
    index = faiss.IndexScalarQuantizer(
        DIMENSION, faiss.ScalarQuantizer.QT_8bit_uniform, faiss.METRIC_INNER_PRODUCT
    )
    index.train(np.array([[-1.0] * DIMENSION, [1.0] * DIMENSION], np.float32))
    stored = Sentences(tmp_path)
    codes = stored.stored(0, COUNT)
    index.add_sa_codes(codes)
    assert np.abs(index.reconstruct_n(0, COUNT) @ rotation(DIMENSION).T - kept(stored)).max() < 1e-6
    faiss.write_index(index, str(tmp_path / "faiss"))
    assert written.read_bytes() == (tmp_path / "faiss").read_bytes()


def test_exact_search_is_plain_arithmetic(vectors, tmp_path: Path):
    sentences = Sentences(write(tmp_path, vectors))
    asked = vectors[17].astype(np.float32)
    found, cosines = sentences.search(asked, 50)
    expected, their_cosines = best(kept(sentences), asked, 50)
    assert len(sentences) == COUNT
    assert cosines == pytest.approx(their_cosines, abs=1e-5)
    assert len(set(found) & set(expected)) >= 49  # two may tie at the end
    assert np.abs(kept(sentences) - vectors).max() < 0.02


def test_lists_find_nearly_all_and_give_exact_cosines(listed, vectors):
    shares = []
    for number in range(0, COUNT, 300):
        asked = vectors[number].astype(np.float32)
        found, cosines = listed.search(asked, 20)
        assert cosines == pytest.approx(kept(listed)[found] @ asked, abs=1e-5)
        assert (np.diff(cosines) <= 0).all()
        shares.append(len(set(found) & set(best(kept(listed), asked, 20)[0])) / 20)
    assert np.mean(shares) > 0.97


def test_lists_are_really_used(listed, vectors, tmp_path):
    one_list = Sentences(tmp_path / "listed", replace(FEW, probes=1))
    asked = np.mean(vectors[:9].astype(np.float32), axis=0)  # between the centres
    found, _ = one_list.search(asked / np.linalg.norm(asked), 500)
    expected, _ = best(vectors, asked, 500)
    assert 0 < len(set(found) & set(expected)) < 500


@pytest.mark.parametrize("share", [0.5, 0.2, 0.01, 0.0])
def test_a_filter_costs_no_recall(listed, vectors, share):
    allowed = np.random.default_rng(5).random(COUNT) < share
    asked = vectors[40].astype(np.float32)
    found, _ = listed.search(asked, 20, allowed)
    expected = best(kept(listed), asked, min(20, int(allowed.sum())), allowed)[0]
    assert allowed[found].all()
    assert len(found) == len(expected)
    assert len(set(found) & set(expected)) >= 0.9 * len(expected)


def test_the_same_sentences_give_the_same_lists_wherever_they_lie(vectors, tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name, vectors)
        write_lists(tmp_path / name, FEW)
    one, two = (tmp_path / name / APPROXIMATE for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    asked = vectors[3].astype(np.float32)
    before = Sentences(tmp_path / "one", FEW).search(asked, 10)[0]
    moved = (tmp_path / "one").rename(tmp_path / "elsewhere")
    assert (Sentences(moved, FEW).search(asked, 10)[0] == before).all()


def test_searching_leaves_other_threads_their_number(listed, vectors):
    threads = faiss.omp_get_max_threads()
    listed.search(vectors[0].astype(np.float32), 5)
    assert faiss.omp_get_max_threads() == threads


@pytest.mark.slow
def test_an_index_with_lists_answers_and_is_built_from_again(
    small_sources, small_index, encoder, tmp_path: Path
):
    lists = Lists(exact_up_to=20, lists=4)
    built = build_index(small_sources, tmp_path / "index", encoder=encoder, lists=lists)
    assert built.embedded == built.passages
    index = open_index(tmp_path / "index")
    assert APPROXIMATE in index.manifest.files
    claim = "No European power may found new colonies in America"
    ours = SourceFinder(
        Workspace.of(Settings.from_environment(), LocalIndex(index), encoder)
    ).search(claim)
    exact = SourceFinder.open(small_index).search(claim)
    assert [hit.passage_id for hit in ours] == [hit.passage_id for hit in exact]
    again = build_index(small_sources, tmp_path / "index", encoder=encoder, lists=lists)
    assert again.embedded == 0
    files = open_index(tmp_path / "index").manifest.files
    assert files[APPROXIMATE] == index.manifest.files[APPROXIMATE]
