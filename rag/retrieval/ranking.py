"""What speaks for a passage, weighed into one score; verbatim wording; repetitions.

Pure functions over arrays and strings. How the weights were set is told in
docs/decisions/ranking.md; `python -m benchmarks.retrieval` prints what each signal adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rag.datatypes import Floats

RERANKED = 100
"""Passages that the second stage looks at piece by piece."""

QUOTING = 20
"""Passages, by shared words, that are checked for the claim's very wording."""

VERBATIM_WORDS = 5
"""Words in a row that a passage must share with a claim to count as quoted in it."""

WEIGHTS = np.array(
    [
        [16.8, -7.5, -7.1],
        [12.6, -6.7, -1.5],
        [8.2, -0.8, 5.2],
        [0.5, 4.4, 8.3],
        [2.1, 0.0, 0.0],
        [1.9, 0.0, 0.0],
    ],
    dtype=np.float32,
)
"""How much each of `searching.SIGNALS` (rows) counts for a claim: a base, what is added where all
of the claim's words are names, and what is added per `LONG` words. Fitted on development claims
by `python -m benchmarks.weights`, which prints them."""

LONG = 20
"""Words, without stop words, of a longish claim; beyond twice as many nothing changes."""


VERBATIM_POWER = 3
"""Long claims share phrases with many passages ("the National Security Council on"): counted
in full, those cost 7 points of nDCG@10 on editorial notes."""


def signal_weights(names_share: float, terms: int) -> Floats:
    """Return the weight of each of `searching.SIGNALS` for a claim, none below 0.

    `names_share`: the share of names and numbers in the claim's words, each counted by its
    rarity; `terms`: how many words the claim has. A claim full of names is found by its
    words, a paragraph by the documents that its words are in, a sentence in someone's own
    words by its meaning.
    """
    claim = np.array([1.0, names_share, min(terms / LONG, 2.0)], dtype=np.float32)
    weights: Floats = np.maximum(WEIGHTS @ claim, 0)
    return weights


def likeness(late: Floats, verbatim: Floats) -> Floats:
    """Return how near each passage's wording and meaning are to the claim, 0 to 1.

    `late`: late interaction; `verbatim`: the share of the claim that the passage has word
    for word. What is verbatim counts in full, the rest of the claim by late interaction.
    Comparable between claims.
    """
    near: Floats = (verbatim + (1 - verbatim) * np.clip(late, 0, 1)).astype(np.float32)
    return near


def reward_verbatim(scores: Floats, verbatim: Floats) -> Floats:
    """Return the scores by which passages are ranked, 0 to 1.

    An exact quotation has score 1 and cannot be pushed down. A part of the claim counts by its
    `VERBATIM_POWER`: half of it is an eighth, a mere phrase next to nothing.
    """
    quoted = verbatim**VERBATIM_POWER
    rewarded: Floats = (quoted + (1 - quoted) * scores).astype(np.float32)
    return rewarded


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


SAME_DOCUMENT = 0.01
"""What a passage's score loses for each better one of its document."""


def spread(scores: Sequence[float], documents: Sequence[str]) -> list[float]:
    """Return the scores, given best first, lowered so that several sources come before
    several passages of one where their scores are near.

    >>> spread([0.5, 0.45, 0.44, 0.25], ["a", "a", "b", "a"])
    [0.5, 0.44, 0.44, 0.23]
    """
    seen: dict[str, int] = {}
    lowered = []
    for score, document in zip(scores, documents, strict=True):
        lowered.append(score - SAME_DOCUMENT * seen.get(document, 0))
        seen[document] = seen.get(document, 0) + 1
    return lowered
