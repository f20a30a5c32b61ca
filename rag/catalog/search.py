"""Which collections could hold sources for a claim: the catalog, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.catalog.entries import CatalogEntry, CatalogFile, load_catalog
from rag.datatypes import Jsonable
from rag.errors import CatalogError
from rag.index.lexical import K1, B
from rag.language import stems, words, years_in

__all__ = [
    "CatalogEntry",
    "CatalogFile",
    "CatalogMatch",
    "describe_years",
    "find_entry",
    "load_catalog",
    "overlap",
    "search_catalog",
]

OUTSIDE = 0.3
"""What remains of a score where the collection covers none of the claim's years: dates in
claims are often wrong, so such a collection goes down and is not left out."""

CLOSE_YEARS = 6
"""A collection that spans up to so many years gets the whole reward for covering the claim's;
one that spans a century hardly any. Six: the longest of the usual FRUS subseries is eight."""


@dataclass(frozen=True, slots=True)
class CatalogMatch(Jsonable):
    """A collection that could hold sources for a claim. Higher scores are better; `why`
    says which names, words and years of the claim it matches."""

    entry: CatalogEntry
    score: float
    why: tuple[str, ...]


def find_entry(identity: str, entries: Sequence[CatalogEntry] | None = None) -> CatalogEntry:
    """Return the entry with this id; raises `CatalogError` with similar ids if none has it."""
    from difflib import get_close_matches

    by_id = {entry.id: entry for entry in (load_catalog() if entries is None else entries)}
    if identity in by_id:
        return by_id[identity]
    similar = get_close_matches(identity, by_id, n=3)
    hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
    raise CatalogError(
        f"The catalog has no {identity}.{hint} See `source-finder catalog` for all ids."
    )


def overlap(years: tuple[int, int], covers: tuple[int, int]) -> bool:
    """Return whether the two stretches of years share a year."""
    return years[0] <= covers[1] and covers[0] <= years[1]


def describe_years(years: tuple[int, int]) -> str:
    """Return a stretch of years for reading.

    >>> describe_years((1964, 1968)), describe_years((1964, 1964)), describe_years((-431, -411))
    ('1964–1968', '1964', '431 BC–411 BC')
    """
    first, last = (f"{-year} BC" if year < 0 else str(year) for year in years)
    return first if first == last else f"{first}–{last}"


def search_catalog(
    claim: str, k: int = 5, entries: Sequence[CatalogEntry] | None = None
) -> list[CatalogMatch]:
    """Return the at most `k` collections that fit a claim best, best first.

    The score is BM25 of the claim's words over title, persons, places, topics and
    description, as a share of the best, times a factor for the dates: `OUTSIDE` where the
    claim names years that the collection does not cover, up to 1.5 where it covers them and
    little else. A collection that shares no word with the claim is left out.
    """
    searched = load_catalog() if entries is None else list(entries)
    asked = _stems(claim)
    lexical = _bm25(tuple(searched), tuple(asked))
    best = float(lexical.max(initial=0))
    if best <= 0:
        return []
    years = years_in(claim)
    scores = [
        float(score) / best * _date_factor(years, entry.covers)
        for score, entry in zip(lexical, searched, strict=True)
    ]
    order = sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: -scores[i])
    return [
        CatalogMatch(searched[i], scores[i], _reasons(claim, years, searched[i])) for i in order[:k]
    ]


def _date_factor(years: tuple[int, int] | None, covers: tuple[int, int]) -> float:
    if years is None:
        return 1.0
    if not overlap(years, covers):
        return OUTSIDE
    return 1 + 0.5 * min(1.0, CLOSE_YEARS / (covers[1] - covers[0] + 1))


def _stems(text: str) -> list[str]:
    """Return the stems of `text` without numbers: years are compared as years."""
    return [stem for stem in stems(words(text)) if not stem[0].isdigit()]


def _entry_stems(entry: CatalogEntry) -> list[str]:
    # What a collection is mainly about counts double.
    main = [entry.title, *entry.persons, *entry.topics]
    return _stems(" . ".join([*main, *main, *entry.places, entry.description]))


@cache
def _index(entries: tuple[CatalogEntry, ...]) -> Any:
    import bm25s

    bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
    bm25.index([_entry_stems(entry) or [""] for entry in entries], show_progress=False)
    return bm25


def _bm25(entries: tuple[CatalogEntry, ...], asked: tuple[str, ...]) -> NDArray[np.float32]:
    if not entries:
        return np.zeros(0, np.float32)
    bm25 = _index(entries)
    known = [stem for stem in dict.fromkeys(asked) if stem in bm25.vocab_dict]
    if not known:
        return np.zeros(len(entries), np.float32)
    scores: NDArray[np.float32] = bm25.get_scores(known)
    return scores


def _reasons(claim: str, years: tuple[int, int] | None, entry: CatalogEntry) -> tuple[str, ...]:
    """Return in words what of the claim the entry matches."""
    said = set(words(claim))
    named = [name for name in (*entry.persons, *entry.places) if _is_named(name, said)]
    in_names = set(_stems(" ".join(named)))
    held = set(_entry_stems(entry))
    shared = [
        word
        for word in dict.fromkeys(words(claim))
        if any(stem in held and stem not in in_names for stem in _stems(word))
    ]
    reasons = []
    if named:
        reasons.append(f"names {', '.join(named)}")
    if shared:
        reasons.append(f"shares the words {', '.join(shared)}")
    if years is not None:
        verb = "covers" if overlap(years, entry.covers) else "but covers"
        reasons.append(
            f"{verb} {describe_years(entry.covers)}, the claim says {describe_years(years)}"
        )
    return tuple(reasons)


def _is_named(name: str, said: set[str]) -> bool:
    """Return whether a claim's words hold a name, in full or by its last word."""
    parts = words(name)
    return bool(parts) and (said.issuperset(parts) or (len(parts[-1]) > 3 and parts[-1] in said))
