"""The words of a claim beside the words of a source that say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.datatypes import Floats
from rag.language import poles, stems, words
from rag.relation.statement import Statement, Word

SAME = 0.999
"""The likeness of a word with itself."""

SAME_SIDE = 0.7
"""The likeness of two words at the same end of an axis: fell, was reduced."""

Weight = Callable[[str], float]
"""How much a word of a claim counts: its rarity in the sources."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of the claim and the source's word nearest to it, None in an empty source.

    `likeness`: 1 for the same word, else the cosine of the two in their contexts, and at least
    `SAME_SIDE` where both say the same of an axis (`opposites`).
    """

    claim: Word
    source: Word | None
    likeness: float
    weight: float


def align(claim: Statement, source: Statement, cosines: Floats, weight: Weight) -> tuple[Pair, ...]:
    """Return each content word of the claim with its nearest word of the source.

    `cosines`: (words of the claim, words of the source). The weights sum to 1.
    """
    ours = [_stem(word) for word in claim.words]
    theirs = [_stem(word) for word in source.words]
    weights = np.array([weight(word.lemma) for word in claim.words])
    total = float(weights.sum()) or 1.0
    pairs = []
    for i, word in enumerate(claim.words):
        likeness = np.array(
            [
                max(
                    float(cosines[i, j]),
                    float(ours[i] == theirs[j]),
                    SAME_SIDE * bool(poles(word.lemma) & poles(other.lemma)),
                )
                for j, other in enumerate(source.words)
            ]
        )
        j = int(likeness.argmax()) if len(likeness) else None
        pairs.append(
            Pair(
                word,
                None if j is None else source.words[j],
                0.0 if j is None else float(likeness[j]),
                float(weights[i]) / total,
            )
        )
    return tuple(pairs)


def coverage(pairs: Sequence[Pair]) -> float:
    """Return the weighted mean likeness of the claim's words: how much of it the source says."""
    return sum(pair.weight * pair.likeness for pair in pairs)


def _stem(word: Word) -> str:
    return " ".join(stems(words(word.lemma))) or word.lemma
