"""A model that reads claim and passage for a last look at the best passages; off unless
`SOURCE_FINDER_RERANKER` names one.

A cross-encoder reads the two together, which is more exact and far slower than comparing vectors; a
late-interaction model compares each word of one with each of the other. None comes in a package,
so the default installation has none; `source-finder models` names some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from rag.config import Settings
from rag.datatypes import Floats
from rag.errors import ModelError
from rag.models.loading import load_pair_model

LOOKED_AT = 30
"""Passages that the reranker reads for a claim."""

WEIGHT = 0.5
"""Its share of a passage's score. Equal shares, not fitted: every model has its own scale."""


class Reranker(Protocol):
    """Says how well passages answer a claim."""

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1."""
        ...


class CrossEncoderReranker:
    """A cross-encoder with one score for a pair of texts."""

    def __init__(self, name: str, model: Any) -> None:
        if model.num_labels != 1:
            raise ModelError(
                f"{name!r} gives {model.num_labels} scores for a pair of texts; a reranker gives "
                "one. Set SOURCE_FINDER_RERANKER to another model, or to nothing for none."
            )
        self._model = model

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1."""
        from torch.nn import Sigmoid

        if not passages:
            return np.zeros(0, np.float32)
        pairs = [(claim, passage) for passage in passages]
        found = self._model.predict(pairs, activation_fn=Sigmoid(), show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)


class LateInteractionReranker:
    """A multi-vector model (ColBERT): the mean over the claim's words of the best cosine with a
    word of the passage, Khattab and Zaharia 2020, arXiv:2004.12832."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._model.similarity_fn_name = "meanmaxsim"

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1."""
        if not passages:
            return np.zeros(0, np.float32)
        query = self._model.encode_query([claim], show_progress_bar=False)
        words = self._model.encode_document(list(passages), show_progress_bar=False)
        cosines: Floats = self._model.similarity(query, words)[0].numpy()
        return np.clip(cosines, 0, 1)


def load_reranker(name: str, settings: Settings) -> Reranker:
    """Return the reranker in a folder, or on the model hub, by name.

    Raises `ModelError` where there is none, or it is a model of another kind.
    """
    from sentence_transformers import MultiVectorEncoder

    model = load_pair_model(name, "SOURCE_FINDER_RERANKER", settings, late_interaction=True)
    if isinstance(model, MultiVectorEncoder):
        return LateInteractionReranker(model)
    return CrossEncoderReranker(name, model)
