"""An entailment model by folder: the real class with tiny models made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.config import Settings
from rag.embedding import model_folder
from rag.errors import ModelError
from rag.finder import SourceFinder
from rag.relation.entailment import CrossEncoderEntailment, EntailmentJudge
from rag.workspace import Workspace
from tests.cross_encoders import ARCHITECTURES, write_colbert, write_cross_encoder

LABELS = ("contradiction", "entailment", "neutral")
TEXTS = ["gold california", "peace", "war " * 500]


def load(folder: Path) -> CrossEncoderEntailment:
    return CrossEncoderEntailment.load(str(folder), Settings.from_environment())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("models") / "one", LABELS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_its_labels_are_read_off_its_configuration(architecture: str, tmp_path: Path) -> None:
    # The same weights, with labels in two orders; saved in half precision, as many are.
    one = load(write_cross_encoder(tmp_path / "one", LABELS, architecture, "float16"))
    other = load(write_cross_encoder(tmp_path / "other", LABELS[::-1], architecture, "float16"))
    told, turned = one.predict("gold", TEXTS), other.predict("gold", TEXTS)
    for (entails, contradicts), (_, of_other) in zip(told, turned, strict=True):
        assert 0 < entails < 1
        assert 0 < contradicts < 1
        assert entails + contradicts < 1
        assert of_other == pytest.approx(1 - entails - contradicts, abs=1e-5)
    assert len(told) == len(TEXTS)


def test_the_one_that_is_set_is_asked(folder: Path, finder: SourceFinder) -> None:
    settings = replace(finder.settings, entailment=str(folder))
    asked = SourceFinder(Workspace.of(settings, finder.index, finder.encoder))
    claim = "Gold was found in California"
    denied = [e.denies for e in asked.find_sources(claim, 5)]
    assert denied != [e.denies for e in finder.find_sources(claim, 5)]


def test_a_finder_takes_any_judge(folder: Path, finder: SourceFinder) -> None:
    # Whatever the model says is taken.
    judge = EntailmentJudge(load(folder), finder.judge, sure=0.01)
    asked = SourceFinder(replace(finder.workspace, judge=judge))
    found = asked.find_sources("Gold was found in California", 5)
    assert {e.relation for e in found} == {"contradicts"}


def test_what_is_no_entailment_model_is_refused(tmp_path: Path) -> None:
    two = write_cross_encoder(tmp_path / "two", ["no", "yes"])
    with pytest.raises(ModelError, match="has the labels no, yes"):
        load(two)
    with pytest.raises(ModelError, match="Or set SOURCE_FINDER_NLI to a folder"):
        load(tmp_path / "nothing")
    for other in (
        model_folder("default", Settings.from_environment()),
        write_colbert(tmp_path / "late"),
    ):
        with pytest.raises(ModelError, match="no classifier of pairs of texts"):
            load(other)
