"""How much a word tells in an index: by how few of the passages have it."""

from __future__ import annotations

import math

from rag.language import stems, words
from rag.searching import Index

COMMON_SHARE = 0.05
FEW_PASSAGES = 50
"""A name in more passages than these, like China in diplomatic papers, tells nothing by itself."""

COMMON_WORD_WEIGHT = 0.3
"""What the commonest word counts where words are weighed by rarity."""


class Rarity:
    """The rarity of words in one index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def of(self, word: str) -> float:
        """Return how much a word tells: the logarithm of the share of passages without it,
        `COMMON_WORD_WEIGHT` at least."""
        passages = self._index.passages
        rarity = math.log((passages + 1) / (1 + min(self._known(word), default=passages)))
        return max(rarity, COMMON_WORD_WEIGHT)

    def tells(self, word: str) -> bool:
        """Return whether a word of a name is rare enough to tell what a passage is about: in at
        most `COMMON_SHARE` of the passages, or in `FEW_PASSAGES`."""
        most = max(COMMON_SHARE * self._index.passages, FEW_PASSAGES)
        return min(self._known(word), default=0) <= most

    def _known(self, word: str) -> list[int]:
        return [self._index.frequency(stem) for stem in stems(words(word))]
