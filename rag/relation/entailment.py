"""An entailment model beside the project's own judge: a sentence-transformers CrossEncoder, by name
or folder.

None comes with the install (no package carries one). `source-finder models` names one for those
with a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from rag.config import Settings
from rag.datatypes import Relation
from rag.errors import ModelError
from rag.judging import Judge, Judgement, Quotation
from rag.models import load_pair_model
from rag.relation.checks import Checked, check
from rag.relation.verifier import reasons_of

_SURE = 0.8
"""From this probability on an entailment model's word is taken."""


class Entailment(Protocol):
    """Says how likely a text entails and how likely it contradicts a claim."""

    def predict(self, claim: str, texts: Sequence[str]) -> list[tuple[float, float]]:
        """Return, for each text, the probabilities (entails, contradicts), 0 to 1."""
        ...


class CrossEncoderEntailment:
    """A three-way model whose configuration names its labels entailment, neutral and
    contradiction, in any order."""

    def __init__(self, name: str, model: Any) -> None:
        numbered = model.model.config.id2label
        labels = {str(label).casefold(): int(number) for number, label in numbered.items()}
        try:
            self._places = labels["entailment"], labels["contradiction"]
        except KeyError as error:
            raise ModelError(
                f"The model {name} has the labels {', '.join(labels)}; an entailment model has "
                "entailment, neutral and contradiction. Choose another in SOURCE_FINDER_NLI."
            ) from error
        self._model = model

    @classmethod
    def load(cls, name: str, settings: Settings) -> CrossEncoderEntailment:
        """Return the model in a folder, or on the model hub, by name.

        Raises `ModelError` where there is none, or its labels are others.
        """
        return cls(name, load_pair_model(name, "SOURCE_FINDER_NLI", settings))

    def predict(self, claim: str, texts: Sequence[str]) -> list[tuple[float, float]]:
        """Return, for each text, the probabilities (entails, contradicts), 0 to 1."""
        scores = self._model.predict(
            [(text, claim) for text in texts], apply_softmax=True, show_progress_bar=False
        )
        entails, contradicts = self._places
        return [(float(row[entails]), float(row[contradicts])) for row in scores]


class EntailmentJudge:
    """An entailment model's word where it is sure, another judge's elsewhere. It cannot make
    support of a passage that has not all the numbers and times of the claim."""

    def __init__(self, model: Entailment, judge: Judge, sure: float = _SURE) -> None:
        self._model = model
        self._judge = judge
        self._sure = sure

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order."""
        if not quotations:
            return []
        told = self._model.predict(claim, [quotation.text for quotation in quotations])
        judged = self._judge.judge(claim, quotations)
        return [
            self._weigh(judgement, check(claim, quotation), *probabilities)
            for quotation, judgement, probabilities in zip(quotations, judged, told, strict=True)
        ]

    def _weigh(
        self, judgement: Judgement, checked: Checked, entails: float, contradicts: float
    ) -> Judgement:
        told = replace(judgement.probabilities, contradicts=contradicts)
        relation: Relation = "context"
        if contradicts >= self._sure:
            relation = "contradicts"
        elif entails >= self._sure and not checked.objections:
            relation, told = "supports", replace(told, supports=entails)
        elif max(entails, contradicts) >= 1 - self._sure:
            return replace(judgement, probabilities=told)
        return Judgement(relation, told, reasons_of(relation, checked))
