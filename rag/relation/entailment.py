"""An entailment model beside the rules, by name or folder: a sentence-transformers CrossEncoder.

None comes with the install (no package carries one). With a network,
`SOURCE_FINDER_NLI=cross-encoder/nli-deberta-v3-small` is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from rag.errors import ModelError
from rag.judging import Judgement, Quotation
from rag.relation.rules import Measured, RuleJudge

SURE = 0.8
"""From this probability on an entailment model's word is taken."""


class Entailment(Protocol):
    """Says how likely a text entails and how likely it contradicts a claim."""

    def predict(self, claim: str, texts: Sequence[str]) -> list[tuple[float, float]]:
        """Return, for each text, the probabilities (entails, contradicts), 0 to 1."""
        ...


class CrossEncoderEntailment:
    """A three-way model whose configuration names its labels entailment, neutral and
    contradiction, in any order."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model: Any = CrossEncoder(name, device="cpu")
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"The entailment model {name} cannot be loaded: {error}. Give a folder or a hub "
                "name of a sequence classification model in SOURCE_FINDER_NLI, or unset it."
            ) from error
        labels = {
            str(label).casefold(): int(number)
            for number, label in self._model.model.config.id2label.items()
        }
        try:
            self._places = labels["entailment"], labels["contradiction"]
        except KeyError as error:
            raise ModelError(
                f"The model {name} has the labels {', '.join(labels)}; an entailment model has "
                "entailment, neutral and contradiction. Choose another in SOURCE_FINDER_NLI."
            ) from error

    def predict(self, claim: str, texts: Sequence[str]) -> list[tuple[float, float]]:
        """Return, for each text, the probabilities (entails, contradicts), 0 to 1."""
        scores = self._model.predict(
            [(text, claim) for text in texts], apply_softmax=True, show_progress_bar=False
        )
        entails, contradicts = self._places
        return [(float(row[entails]), float(row[contradicts])) for row in scores]


class EntailmentJudge:
    """An entailment model's word where it is sure, the rules' elsewhere. It cannot make support
    of a quotation that differs from the claim, or lacks one of its numbers, dates and names."""

    def __init__(self, model: Entailment, rules: RuleJudge, sure: float = SURE) -> None:
        self._model = model
        self._rules = rules
        self._sure = sure

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order."""
        if not quotations:
            return []
        told = self._model.predict(claim, [quotation.text for quotation in quotations])
        return [
            self._weigh(measured, *probabilities)
            for measured, probabilities in zip(
                self._rules.measure(claim, quotations), told, strict=True
            )
        ]

    def _weigh(self, measured: Measured, entails: float, contradicts: float) -> Judgement:
        ruled = measured.judgement()
        told = replace(ruled, probabilities=replace(ruled.probabilities, contradicts=contradicts))
        if contradicts >= self._sure:
            return replace(told, relation="contradicts")
        if entails >= self._sure and measured.open:
            sure = replace(told.probabilities, supports=entails)
            return replace(told, relation="supports", probabilities=sure)
        if max(entails, contradicts) < 1 - self._sure:
            return replace(told, relation="context")
        return ruled if ruled.relation == "contradicts" else told
