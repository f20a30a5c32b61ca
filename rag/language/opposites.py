"""Words that say the opposite of each other, and words that deny what they govern.

A quotation that says "advanced" where the claim says "got cheaper" does not support it, however
alike the two are in all other words; embeddings put opposites close together. The axes are for
what claims about the past turn on: more or less, won or lost, accepted or refused.
"""

from __future__ import annotations

from functools import cache

from rag.language.lexicon import table, word_list

_PREFIXES = word_list("opposites", "prefixes")


@cache
def _poles() -> dict[str, frozenset[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for axis, (one, other) in enumerate(table("opposites")["axes"]):
        for pole, listed in ((1, one), (-1, other)):
            for word in listed.split():
                found.setdefault(word, set()).add((axis, pole))
    return {word: frozenset(places) for word, places in found.items()}


def poles(lemma: str) -> frozenset[tuple[int, int]]:
    """Return where a word stands: its axes with the end of each, +1 or -1.

    >>> poles("rise") & {(axis, -pole) for axis, pole in poles("fall")} != frozenset()
    True
    """
    return _poles().get(lemma, frozenset())


def are_opposites(lemma: str, other: str) -> bool:
    """Return whether two words stand at the two ends of an axis, or differ by a prefix or
    suffix that denies.

    >>> are_opposites("win", "lose"), are_opposites("fortunate", "unfortunate")
    (True, True)
    >>> are_opposites("blame", "blameless"), are_opposites("win", "victory")
    (True, False)
    """
    if any((axis, -pole) in poles(other) for axis, pole in poles(lemma)):
        return True
    short, long = sorted((lemma, other), key=len)
    return len(short) > 3 and (
        long == f"{short}less" or any(long == prefix + short for prefix in _PREFIXES)
    )
