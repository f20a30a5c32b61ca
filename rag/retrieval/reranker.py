"""A cross-encoder as a last look at the best passages; off unless `SOURCE_FINDER_RERANKER`
names one.

A cross-encoder reads claim and passage together, which is more exact and far slower than
comparing vectors. None comes in a package, so the default installation has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.datatypes import Floats
from rag.errors import ModelError

LOOKED_AT = 30
"""Passages that the cross-encoder reads for a claim."""

WEIGHT = 0.5
"""Its share of a passage's score. Equal shares, not fitted: every model has its own scale."""


class Reranker:
    """A sentence-transformers cross-encoder: `Reranker.load("cross-encoder/...")`."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model

    @classmethod
    def load(cls, name: str) -> Reranker:
        """Return the cross-encoder in a folder, or on the model hub, by name.

        Raises `ModelError` where there is none, or it gives more than one score.
        """
        from sentence_transformers import CrossEncoder

        try:
            model = CrossEncoder(name, device="cpu")
        except Exception as error:  # of whatever kind the libraries below it raise
            raise ModelError(
                f"The cross-encoder {name!r} cannot be loaded: {error}. Check the name and the "
                "network, or set SOURCE_FINDER_RERANKER to a folder, or to nothing for none."
            ) from error
        if model.num_labels != 1:
            raise ModelError(
                f"{name!r} gives {model.num_labels} scores for a pair of texts; a reranker gives "
                "one. Set SOURCE_FINDER_RERANKER to another model, or to nothing for none."
            )
        return cls(name, model)

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1."""
        from torch.nn import Sigmoid

        if not passages:
            return np.zeros(0, np.float32)
        pairs = [(claim, passage) for passage in passages]
        found = self._model.predict(pairs, activation_fn=Sigmoid(), show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)
