"""A reranker by name or folder, the real classes with tiny models made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.errors import ModelError
from rag.finder import SourceFinder
from rag.retrieval import load_reranker
from rag.workspace import Workspace
from tests.cross_encoders import ARCHITECTURES, write_colbert, write_cross_encoder

CLAIM = "Gold was found in California"


MODELS = (*ARCHITECTURES, "late interaction")


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("models")
    cross = {name: write_cross_encoder(home / name, ["score"], name) for name in ARCHITECTURES}
    return cross | {"late interaction": write_colbert(home / "colbert")}


@pytest.fixture
def folder(folders) -> Path:
    return folders["bert"]


@pytest.mark.parametrize("kind", MODELS)
def test_a_folder_is_loaded_and_scores_each_passage(folders, kind):
    reranker = load_reranker(str(folders[kind]), Settings.from_environment())
    texts = ["gold california", "peace", "war " * 500, ""]
    scores = reranker.scores("gold", texts)
    assert scores.shape == (4,)
    assert ((scores > 0) & (scores < 1)).all()
    assert scores[0] != scores[1]
    alone = [reranker.scores("gold", [text])[0] for text in texts]
    assert scores == pytest.approx(alone, abs=1e-4)
    assert reranker.scores("gold", []).shape == (0,)


def test_the_finder_asks_the_one_that_is_set(folder, finder):
    asked = SourceFinder(
        Workspace.of(replace(finder.settings, reranker=str(folder)), finder.index, finder.encoder)
    )
    plain = [hit.score for hit in finder.search(CLAIM, 5)]
    assert [hit.score for hit in asked.search(CLAIM, 5)] != plain


def test_a_passage_that_it_prefers_rises(finder):
    class PrefersMexico:
        def scores(self, claim, passages):
            return np.array(["Mexico" in passage for passage in passages], np.float32)

    def shown() -> list[str]:
        found = retriever.search(CLAIM, 10)
        return [passage.passage.span.of(passage.document.text) for passage in found]

    retriever = SourceFinder(finder.workspace).retriever
    before = ["Mexico" in text for text in shown()]
    retriever = SourceFinder(replace(finder.workspace, reranker=PrefersMexico())).retriever
    after = ["Mexico" in text for text in shown()]
    assert any(before)
    assert not before[0]
    assert after[0]


def test_without_a_setting_there_is_none(finder):
    assert finder.settings.reranker == ""
    assert finder.retriever.reranker is None


def test_what_is_no_reranker_is_refused(tmp_path):
    settings = Settings.from_environment()
    with pytest.raises(ModelError, match="SOURCE_FINDER_RERANKER"):
        load_reranker(str(tmp_path / "missing"), settings)
    with pytest.raises(ModelError, match="3 scores"):
        load_reranker(str(write_cross_encoder(tmp_path / "three", ["a", "b", "c"])), settings)
