"""The verifier's network: what a passage says of a claim, from the word pieces of both.

Each piece comes with its vectors from the middle and the end of the embedding model. The pieces
of the claim and of a window of the passage are aligned with each other both ways by attention, and
each is compared with what it is aligned to (decomposable attention, Parikh et al. 2016,
arXiv:1606.01933; ESIM, Chen et al. 2017, arXiv:1609.06038, with a convolution in place of the
LSTM). What a window says is the mean and the maximum over its comparisons; what the passage says is
a mixture over its windows, by how much each has to do with the claim.

The same network is trained by `training/network.py`, in PyTorch; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats

LABELS = ("supports", "partly", "contradicts", "neutral")

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of a text.

    `ids`: int64, (pieces,); `middle`, `last`: float32, (pieces, dimension), of unit length;
    `rarity`: float32, (pieces,), 0 to 1.
    """

    ids: NDArray[np.int64]
    middle: Floats
    last: Floats
    rarity: Floats

    @property
    def both(self) -> Floats:
        """The two vectors of each piece in a row, (pieces, 2 * dimension)."""
        return np.concatenate([self.middle, self.last], axis=1)

    def __getitem__(self, rows: NDArray[np.int64]) -> Pieces:
        return Pieces(self.ids[rows], self.middle[rows], self.last[rows], self.rarity[rows])


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a passage says: `labels`, float32, (4,), the probabilities of `LABELS`; `relevance`,
    the probability that it is about the claim's matter; `shares`, float32, (windows,), how much
    each window decides."""

    labels: Floats
    relevance: float
    shares: Floats


class Network:
    """One trained network; `weights` are named as PyTorch names them."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._width = weights["project.bias"].shape[0]

    def read(
        self, claim: Pieces, passage: Pieces, windows: Sequence[NDArray[np.int64]]
    ) -> Verdicts:
        """Return what a passage says of a claim. `windows`: the passage's pieces that each
        window has, with those of the heading before them."""
        ours, theirs = self._project(claim.both), self._project(passage.both)
        told = np.stack([self._window(claim, ours, passage[w], theirs[w]) for w in windows])
        share = _softmax(told[:, -1])
        labels = share @ _softmax(told[:, : len(LABELS)])
        relevance = 1 / (1 + np.exp(-float(share @ told[:, -2])))
        return Verdicts(labels.astype(np.float32), relevance, share)

    def _window(self, claim: Pieces, ours: Floats, window: Pieces, theirs: Floats) -> Floats:
        """Return the logits of `LABELS`, of relevance and of the window's share."""
        last = claim.last @ window.last.T
        middle = claim.middle @ window.middle.T
        same = (claim.ids[:, None] == window.ids[None, :]).astype(np.float32)
        scores = self._linear("query", ours) @ self._linear("key", theirs).T / np.sqrt(self._width)
        scores = scores + np.exp(self._weights["sharpness"]) * last
        cosines = (last, middle, same)
        on_claim = self._compared(ours, theirs, scores, cosines, claim.rarity)
        turned = tuple(c.T for c in cosines)
        on_window = self._compared(theirs, ours, scores.T, turned, window.rarity)
        weight = claim.rarity / max(float(claim.rarity.sum()), _LEAST)
        best = [c.max(axis=1) for c in cosines]
        scalars = [
            *(float(weight @ b) for b in best),
            float(best[0].mean()),
            float(best[0].min()),
            float(claim.last.sum(axis=0) @ window.last.sum(axis=0)) / last.size,
            len(claim.ids) / 32,
            len(window.ids) / 64,
        ]
        pooled = np.concatenate(
            [weight @ on_claim, on_claim.max(axis=0), on_window.mean(axis=0), on_window.max(axis=0)]
        )
        joined = np.concatenate([pooled, np.array(scalars, np.float32)])
        return self._linear("out", _gelu(self._linear("join", joined)))

    def _compared(
        self,
        x: Floats,
        other: Floats,
        scores: Floats,
        cosines: tuple[Floats, ...],
        rarity: Floats,
    ) -> Floats:
        """Return each piece of `x` compared with what it is aligned to, (pieces, width)."""
        attention = _softmax(scores)
        aligned = attention @ other
        last, middle, same = cosines
        told = [last.max(1), middle.max(1), same.max(1), rarity, (attention * last).sum(1)]
        told.append(attention.max(1))
        whole = np.concatenate(
            [x, aligned, np.abs(x - aligned), x * aligned, np.stack(told, axis=1)], axis=1
        )
        compared = _gelu(self._linear("compare", whole))
        return compared + _gelu(self._convolved(compared))

    def _convolved(self, x: Floats) -> Floats:
        """Return a convolution over each piece and its two neighbours."""
        kernel = self._weights["mix.weight"]  # (out, in, 3)
        padded = np.pad(x, ((1, 1), (0, 0)))
        parts = [padded[i : i + len(x)] @ kernel[:, :, i].T for i in range(3)]
        whole: Floats = parts[0] + parts[1] + parts[2] + self._weights["mix.bias"]
        return whole

    def _project(self, x: Floats) -> Floats:
        """Return the pieces in the network's own width, each row normalised."""
        y = self._linear("project", x)
        y = y - y.mean(axis=1, keepdims=True)
        y = y / np.sqrt((y * y).mean(axis=1, keepdims=True) + np.float32(1e-5))
        normal: Floats = y * self._weights["norm.weight"] + self._weights["norm.bias"]
        return normal

    def _linear(self, name: str, x: Floats) -> Floats:
        y: Floats = x @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return y if bias is None else y + bias


def _softmax(x: Floats) -> Floats:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _gelu(x: Floats) -> Floats:
    """Return the Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016)."""
    unit: Floats = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return unit.astype(np.float32)
