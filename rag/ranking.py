"""Ranked lists into one: fuse, reward verbatim wording, drop repetitions.

Pure functions over arrays and strings; the figures behind the constants are printed by
`python -m benchmarks.retrieval --ablations` and discussed in docs/decisions/ranking.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Floats

CANDIDATES = 200
"""Passages that each first-stage ranking contributes to the fusion."""

RERANKED = 60
"""Passages that the second stage looks at piece by piece."""

DENSE_WEIGHT = 0.65
"""The dense ranking's share of the fused score; the rest is the lexical one's."""

FUSED_WEIGHT = 0.06
"""What the first stage's fused score (0 to 1) adds to the second stage's."""

VERBATIM_WORDS = 5
"""Words in a row that a passage must share with a claim to count as quoted in it."""


def fuse(
    dense: tuple[NDArray[np.int64], Floats], lexical: tuple[NDArray[np.int64], Floats]
) -> tuple[NDArray[np.int64], Floats]:
    """Return the rows of both lists with a weighted sum of their scores, best first.

    Each list (rows, scores; best first) is scaled so that its best is 1 and its last 0;
    a row missing from a list gets 0 there (min-max fusion; Fox and Shaw 1994).
    """
    rows = np.union1d(dense[0], lexical[0])
    fused = np.zeros(len(rows), dtype=np.float32)
    for (found, scores), weight in ((dense, DENSE_WEIGHT), (lexical, 1 - DENSE_WEIGHT)):
        if len(found):
            low, high = scores.min(), scores.max()
            scaled = (scores - low) / (high - low) if high > low else np.ones_like(scores)
            fused[np.searchsorted(rows, found)] += weight * scaled
    order = np.argsort(-fused, kind="stable")
    return rows[order], fused[order]


def top(scores: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the rows with the `k` highest positive scores, best first."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        rows = rows[np.argpartition(-scores[rows], k - 1)[:k]]
    rows = rows[np.lexsort((rows, -scores[rows]))]
    return rows.astype(np.int64), scores[rows]


def combine(late: Floats, fused: Floats, verbatim: Floats) -> Floats:
    """Return the final scores of passages, about 0 (unrelated) to 1 (verbatim).

    `late`: late interaction, about 0 to 1; `fused`: first stage, 0 to 1; `verbatim`: the
    share of the claim that the passage has word for word. The share that is verbatim
    counts in full, the rest of the claim by its likeness, so that an exact quotation
    cannot be pushed down by a paraphrase.
    """
    likeness = np.clip(late + FUSED_WEIGHT * fused, 0, 1 + FUSED_WEIGHT) / (1 + FUSED_WEIGHT)
    scores: Floats = (verbatim + (1 - verbatim) * likeness).astype(np.float32)
    return scores


def verbatim_share(
    claim: Sequence[str], passage: Sequence[str], weight: Callable[[str], float]
) -> float:
    """Return the weight of the longest run of claim words in the passage, over the
    weight of all claim words; 0.0 for a run shorter than `VERBATIM_WORDS`.

    >>> verbatim_share("a b c d e f".split(), "x b c d e f y".split(), lambda word: 1.0)
    0.8333333333333334
    """
    total = sum(map(weight, claim))
    if len(claim) < VERBATIM_WORDS or not total:
        return 0.0
    starts: dict[tuple[str, ...], list[int]] = {}
    for j in range(len(passage) - VERBATIM_WORDS + 1):
        starts.setdefault(tuple(passage[j : j + VERBATIM_WORDS]), []).append(j)
    best = 0.0
    i = 0
    while i <= len(claim) - VERBATIM_WORDS:
        longest = 0
        for j in starts.get(tuple(claim[i : i + VERBATIM_WORDS]), ()):
            n = VERBATIM_WORDS
            while i + n < len(claim) and j + n < len(passage) and claim[i + n] == passage[j + n]:
                n += 1
            longest = max(longest, n)
        best = max(best, sum(map(weight, claim[i : i + longest])) / total)
        # A run that starts inside this one and goes beyond it would have begun with it.
        i += max(longest - VERBATIM_WORDS + 1, 1)
    return best


def distinct(texts: Sequence[Sequence[str]], limit: int) -> list[int]:
    """Return the positions of the first `limit` texts that repeat no earlier one.

    Two texts (as words) repeat each other when most of the shorter one's three-word
    runs are in the other: the same speech printed twice, one report sent to two offices.
    """
    kept: list[int] = []
    shingles: list[set[tuple[str, ...]]] = []
    for i, text in enumerate(texts):
        if len(kept) == limit:
            break
        own = {tuple(text[j : j + 3]) for j in range(max(len(text) - 2, 1))}
        if all(len(own & seen) <= 0.8 * min(len(own), len(seen)) for seen in shingles):
            kept.append(i)
            shingles.append(own)
    return kept
