"""Ranked lists into one: fuse, reward verbatim wording, drop repetitions.

Pure functions over arrays and strings. How the constants were set is told in
docs/decisions/ranking.md; `python -m benchmarks.retrieval` prints what each stage adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats

CANDIDATES = 200
"""Passages that each first-stage ranking contributes to the fusion."""

RERANKED = 100
"""Passages that the second stage looks at piece by piece."""

QUOTING = 20
"""Passages, by shared words, that are checked for the claim's very wording."""

DENSE_WEIGHT = 0.65
"""The dense ranking's share of the fused score; the rest is the lexical one's."""

FUSED_WEIGHT = 0.1
"""What the first stage's fused score (0 to 1) adds to the second stage's."""

DOCUMENT_WEIGHT = 0.2
"""What the whole document's BM25 score, scaled to 0..1, adds to the second stage's."""

DOCUMENT_SHARE = 0.5
"""The same in the lexical half of the first stage, beside the passage's own 1."""

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


def word_scores(passages: Floats, documents: Floats) -> Floats:
    """Return the lexical half of the first stage for every passage.

    `passages`: BM25 of each passage; `documents`: BM25 of the document that it is in,
    for the same claim. Only passages that share a word with the claim score at all.
    """
    scores = _scaled(passages) + DOCUMENT_SHARE * _scaled(documents)
    return np.where(passages > 0, scores, 0).astype(np.float32)


def likeness(late: Floats, verbatim: Floats) -> Floats:
    """Return how near each passage's wording and meaning are to the claim, 0 to 1.

    `late`: late interaction; `verbatim`: the share of the claim that the passage has word
    for word. What is verbatim counts in full, the rest of the claim by late interaction.
    Comparable between claims.
    """
    near: Floats = (verbatim + (1 - verbatim) * np.clip(late, 0, 1)).astype(np.float32)
    return near


def combine(likenesses: Floats, fused: Floats, documents: Floats, verbatim: Floats) -> Floats:
    """Return the scores by which passages are ranked, 0 to 1.

    To the likeness comes what the first stage found (`fused`, 0 to 1) and how much the
    whole document is about the claim (`documents`: BM25 scaled to 0..1), each only for
    the part of the claim that is not verbatim: an exact quotation has score 1 and cannot
    be pushed down.
    """
    rest = (1 - verbatim) * (FUSED_WEIGHT * fused + DOCUMENT_WEIGHT * documents)
    full = 1 + (1 - verbatim) * (FUSED_WEIGHT + DOCUMENT_WEIGHT)
    scores: Floats = ((likenesses + rest) / full).astype(np.float32)
    return scores


def _scaled(scores: Floats) -> Floats:
    """Return `scores` divided by the highest one."""
    highest = float(scores.max(initial=0))
    return scores / highest if highest > 0 else scores


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
    for i in range(len(claim) - VERBATIM_WORDS + 1):
        longest = 0
        for j in starts.get(tuple(claim[i : i + VERBATIM_WORDS]), ()):
            n = VERBATIM_WORDS
            while i + n < len(claim) and j + n < len(passage) and claim[i + n] == passage[j + n]:
                n += 1
            longest = max(longest, n)
        best = max(best, sum(map(weight, claim[i : i + longest])) / total)
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
