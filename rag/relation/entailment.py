"""An entailment model beside the rules, by name or folder: a sentence-transformers CrossEncoder.

None comes with the install (no package carries one). With a network,
`SOURCE_FINDER_NLI=cross-encoder/nli-deberta-v3-small` is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rag.errors import ModelError


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


def load_entailment(name: str | None) -> Entailment | None:
    """Return the model `name`, a folder or a hub name; None where none is asked for.

    Raises `ModelError` where it cannot be loaded or is no entailment model.
    """
    return CrossEncoderEntailment(name) if name else None
