"""An entailment model by folder: the real class with tiny models made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import ModelError
from rag.finder import SourceFinder
from rag.relation.entailment import CrossEncoderEntailment, EntailmentJudge
from rag.workspace import Workspace
from tests.cross_encoders import write_cross_encoder

LABELS = ("contradiction", "entailment", "neutral")
TEXTS = ["gold california", "peace", "war " * 500]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same weights, with labels in two orders."""
    home = tmp_path_factory.mktemp("models")
    one = write_cross_encoder(home / "one", LABELS)
    return one, write_cross_encoder(home / "other", LABELS[::-1])


def test_its_labels_are_read_off_its_configuration(folders: tuple[Path, Path]) -> None:
    one, other = (CrossEncoderEntailment(str(folder)) for folder in folders)
    told, turned = one.predict("gold", TEXTS), other.predict("gold", TEXTS)
    for (entails, contradicts), (_, of_other) in zip(told, turned, strict=True):
        assert 0 < entails < 1
        assert 0 < contradicts < 1
        assert entails + contradicts < 1
        assert of_other == pytest.approx(1 - entails - contradicts, abs=1e-5)
    assert len(told) == len(TEXTS)


def test_the_one_that_is_set_is_asked(folders: tuple[Path, Path], finder: SourceFinder) -> None:
    settings = replace(finder.settings, entailment=str(folders[0]))
    asked = SourceFinder(Workspace.of(settings, finder.index, finder.encoder))
    claim = "Gold was found in California"
    denied = [e.denies for e in asked.find_sources(claim, 5)]
    assert denied != [e.denies for e in finder.find_sources(claim, 5)]


def test_a_finder_takes_any_judge(folders: tuple[Path, Path], finder: SourceFinder) -> None:
    # Whatever the model says is taken.
    judge = EntailmentJudge(CrossEncoderEntailment(str(folders[0])), finder.judge, sure=0.01)
    asked = SourceFinder(replace(finder.workspace, judge=judge))
    found = asked.find_sources("Gold was found in California", 5)
    assert {e.relation for e in found} == {"contradicts"}


def test_what_is_no_entailment_model_is_refused(tmp_path: Path) -> None:
    two = write_cross_encoder(tmp_path / "two", ["no", "yes"])
    with pytest.raises(ModelError, match="has the labels no, yes"):
        CrossEncoderEntailment(str(two))
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoderEntailment(str(tmp_path / "nothing"))
