"""The verifier: a claim and a passage read together by a small network that this project trained.

The word pieces of the two come from the default embedding model, whatever model the index was
built with; `network` compares them. `training/` has the data and the command that made the weights,
docs/model-card.md says what they are worth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats, Span
from rag.embedding.encoder import Encoder, PieceLayers
from rag.embedding.inference import unit
from rag.errors import ModelError
from rag.judging import Quotation
from rag.language import sentences
from rag.relation.network import Network, Pieces

WEIGHTS = "verifier.safetensors"
WEIGHTS_SHA256 = "e7c47fb37f91dbce7a92a76943a213dcf0f18bbbac1196c2ef93ae2d90f7f969"

WINDOW_PIECES = 60
"""Word pieces that a window of whole sentences has at most; a longer sentence is one by itself."""

LONGEST_WINDOW, STEP = 96, 64
"""Of a sentence longer than `LONGEST_WINDOW` pieces there are several windows, `STEP` apart."""

WINDOWS_READ = 3
"""Windows of a passage that are read, those with most of the claim."""

MOST_CLAIM_PIECES = 64

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the verifier makes of a passage, probabilities 0 to 1.

    `supports`, `partly`, `contradicts` and `neutral` add up to 1; `relevance`: that it is about
    the claim's matter. `likeness`: the cosine of claim and window, `coverage`: over the claim's
    pieces, weighted by rarity, the mean of each one's best cosine in it; both of the window
    where they are highest. `span`: the words of the passage that decide.
    """

    supports: float
    partly: float
    contradicts: float
    neutral: float
    relevance: float
    likeness: float
    coverage: float
    span: Span


class Verifier:
    """Reads claims and passages. Safe to share by threads."""

    def __init__(self, encoder: Encoder, networks: Sequence[Network], rarity: Floats) -> None:
        self._encoder = encoder
        self._networks = networks
        self._rarity = rarity

    def read(self, claims: Sequence[str], quotations: Sequence[Quotation]) -> list[Reading]:
        """Return what each quotation's passage says of the claim that is beside it, in order."""
        texts = [heading_of(quotation) + quotation.passage for quotation in quotations]
        different = list(dict.fromkeys(claims))
        asked = dict(
            zip(different, map(self._asked, self._encoder.encode_layers(different)), strict=True)
        )
        return [
            self._read(asked[claim], quotation, layers)
            for claim, quotation, layers in zip(
                claims, quotations, self._encoder.encode_layers(texts), strict=True
            )
        ]

    def _asked(self, layers: PieceLayers) -> Pieces:
        return self._pieces(layers)[np.arange(min(len(layers.ids), MOST_CLAIM_PIECES))]

    def _read(self, claim: Pieces, quotation: Quotation, layers: PieceLayers) -> Reading:
        if not len(claim.ids):
            return Reading(0, 0, 0, 1, 0, 0, 0, Span(0, len(quotation.passage)))
        front = len(heading_of(quotation))
        head, cuts = windows(quotation.passage, front, layers.starts)
        passage = self._pieces(layers)
        cuts = telling(claim, passage, head, cuts)
        rows = [np.concatenate([np.arange(head), np.arange(a, b)]) for a, b in cuts]
        told = [network.read(claim, passage, rows) for network in self._networks]
        labels = np.mean([verdict.labels for verdict in told], axis=0)
        decides = int(np.mean([verdict.shares for verdict in told], axis=0).argmax())
        supports, partly, contradicts, neutral = labels.tolist()
        return Reading(
            supports,
            partly,
            contradicts,
            neutral,
            relevance=float(np.mean([verdict.relevance for verdict in told])),
            likeness=max(likeness(claim, passage, a, b) for a, b in cuts),
            coverage=max(coverage(claim, passage, a, b) for a, b in cuts),
            span=_span(quotation.passage, front, layers.starts, cuts[decides]),
        )

    def _pieces(self, layers: PieceLayers) -> Pieces:
        return Pieces(layers.ids, unit(layers.middle), unit(layers.last), self._rarity[layers.ids])


def heading_of(quotation: Quotation) -> str:
    """Return what is read in front of a passage: who, what, when."""
    parts = (quotation.creator, quotation.title, quotation.date)
    return ", ".join(part for part in parts if part)[:120] + ". " if any(parts) else ""


def windows(passage: str, front: int, starts: Rows) -> tuple[int, list[tuple[int, int]]]:
    """Return how many pieces are the heading's, and the windows of the passage.

    `front`: how long the heading is; `starts`: where each piece begins in heading and passage.
    A window is a run of pieces, first and last (left out): whole sentences, `WINDOW_PIECES`
    together, overlapping by all but the first.
    """
    head = int(np.searchsorted(starts, front))
    begun = {int(np.searchsorted(starts, front + s.start)) for s in sentences(passage)}
    bounds = sorted({head, *(b for b in begun if b >= head), max(len(starts), head + 1)})
    found: list[tuple[int, int]] = []
    for first in range(len(bounds) - 1):
        last = first + 1
        while last < len(bounds) - 1 and bounds[last + 1] - bounds[first] <= WINDOW_PIECES:
            last += 1
        a, b = bounds[first], bounds[last]
        if found and found[-1][1] >= b:
            continue
        while b - a > LONGEST_WINDOW:
            found.append((a, a + LONGEST_WINDOW))
            a += STEP
        found.append((a, b))
    return head, found


def telling(
    claim: Pieces, passage: Pieces, head: int, cuts: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the `WINDOWS_READ` windows that, with the heading, have most of the claim: over its
    pieces, the best cosine, weighted by rarity."""
    if len(cuts) <= WINDOWS_READ:
        return cuts
    cosines = claim.last @ passage.last.T
    front = cosines[:, :head].max(axis=1, initial=-1.0)
    worth = [float(claim.rarity @ np.maximum(front, cosines[:, a:b].max(axis=1))) for a, b in cuts]
    return [cuts[i] for i in sorted(np.argsort(worth)[::-1][:WINDOWS_READ])]


def likeness(claim: Pieces, passage: Pieces, first: int, last: int) -> float:
    """Return the cosine of a claim and a window of a passage, each the mean of its pieces."""
    ours, theirs = claim.last.mean(axis=0), passage.last[first:last].mean(axis=0)
    return float(ours @ theirs / (np.linalg.norm(ours) * np.linalg.norm(theirs) + 1e-9))


def coverage(claim: Pieces, passage: Pieces, first: int, last: int) -> float:
    """Return how much of a claim a window of a passage has: the mean of each piece's best cosine,
    weighted by rarity."""
    best = (claim.last @ passage.last[first:last].T).max(axis=1)
    return float(claim.rarity @ best / (claim.rarity.sum() + 1e-9))


def _span(passage: str, front: int, starts: Rows, window: tuple[int, int]) -> Span:
    """Return the sentences of the passage that a window has, or has a part of."""
    first, last = window
    begin = int(starts[first]) - front if first < len(starts) else 0
    end = int(starts[last]) - front if last < len(starts) else len(passage)
    read = Span(max(begin, 0), max(end, begin + 1, 1))
    inside = [span for span in sentences(passage) if span.overlaps(read)]
    return Span(inside[0].start, inside[-1].end) if inside else Span(0, len(passage))


def load_verifier(encoder: Encoder, arrays: Mapping[str, NDArray[Any]]) -> Verifier:
    """Return the verifier that `arrays` (see `read_weights`) hold. `encoder`: the default model."""
    numbers = sorted({name.partition(".")[0] for name in arrays if name[0].isdigit()})
    networks = [
        Network(
            {
                name.partition(".")[2]: array.astype(np.float32)
                for name, array in arrays.items()
                if name.startswith(f"{number}.")
            }
        )
        for number in numbers
    ]
    return Verifier(encoder, networks, arrays["rarity"].astype(np.float32))


def read_weights() -> dict[str, Floats]:
    """Return the arrays that are installed with the package, by name.

    Raises `ModelError` where they are not those of this version.
    """
    from safetensors.numpy import load

    content = (resources.files("rag.relation") / WEIGHTS).read_bytes()
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(
            f"The verifier's weights ({WEIGHTS}) are not those of this version: the file was "
            "altered. Install the package again."
        )
    arrays: dict[str, Floats] = load(content)
    return arrays
