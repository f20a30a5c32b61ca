"""How well a collection or an archive of the catalog fits a claim: whom, what and when it is on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from rag.catalog import entries
from rag.catalog.entries import CatalogEntry, load_catalog
from rag.catalog.search import CLOSE_YEARS, OUTSIDE, overlap
from rag.language import (
    capitalised,
    parse,
    stands_for,
    stems,
    stop_words,
    wade_giles,
    words,
    years_in,
)

PERSON_WEIGHT = 2.0
"""A person tells twice as much of where to look as a place or a subject of the same rarity."""

MIN_RARITY = 3.0
"""What tells where to look is in at most one of twenty entries (the logarithm of the share)."""

TITLE_WEIGHT = 1.5
"""A person in the title counts so much more than one that a collection has something of."""

MIN_SURNAME = 4
"""Letters of a surname that is taken alone for a person of the catalog; "Ho" may be anybody."""

LONGEST_PLACE = 4
"""Words of a place's name at most."""

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a claim is about, for a catalog.

    `said`: its words, folded, in order; `runs`: those that stand together; `nations`: all
    names of the nations in it, as stems; `things`: the stems of its
    nouns, each with the noun; `years`: when, None where that is not known; `dated`: whether the
    claim itself says so.
    """

    said: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]
    nations: frozenset[Stems]
    things: dict[str, str]
    years: tuple[int, int] | None
    dated: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an entry fits a claim: what of the claim it is on, as words, and a score, 0 for
    nothing."""

    entry: CatalogEntry
    persons: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]
    score: float

    @property
    def on(self) -> tuple[str, ...]:
        """What of the claim the entry is on; a person in one spelling, a place only for want of
        persons."""
        persons = {name.split()[0]: name for name in reversed(self.persons)}
        first = tuple(reversed(persons.values())) or self.places[:2]
        return tuple(dict.fromkeys((*first, *self.things)))

    @property
    def is_named_after_a_person(self) -> bool:
        """Whether a person of the claim is in the entry's title."""
        title = set(words(self.entry.title))
        return any(title.issuperset(words(name)[-1:]) for name in self.persons)


def subject_of(claim: str, years: tuple[int, int] | None = None) -> Subject:
    """Return what a claim is about. `years`: when, as far as is known, where it names none."""
    own = years_in(claim)
    said = tuple(words(claim))
    ends = range(1, LONGEST_PLACE + 1)
    runs = frozenset(said[start : start + end] for start in range(len(said)) for end in ends)
    nations = frozenset(other for run in runs for other in stands_for(" ".join(run)))
    named = {word for span in capitalised(claim) for word in words(span.of(claim))}
    nouns = [token.text for token in parse(claim) if token.pos_ in {"NOUN", "PROPN"}]
    things = {
        stem: noun
        for noun in nouns
        for word in words(noun)
        for stem in stems([word])
        if word not in named and not word[0].isdigit() and word not in stop_words()
    }
    return Subject(said, runs, nations, things, own or years, own is not None)


def fit(subject: Subject, entry: CatalogEntry) -> Fit:
    """Return how well an entry fits. One of other years than the claim is about fits badly, and
    not at all where the claim does not say the years itself: then they are sure."""
    persons = tuple(name for name in entry.persons if _is_meant(name, subject.said))
    places = tuple(name for name in entry.places if _is_place(name, subject))
    held = _counts().things[entry.id]
    things = tuple(noun for stem, noun in subject.things.items() if stem in held)
    if not (persons or places or things):
        return Fit(entry, (), (), (), 0.0)
    score = (
        PERSON_WEIGHT * sum(sorted(map(_rarity, persons), reverse=True)[:2])
        + sum(sorted(map(_rarity, places), reverse=True)[:2])
        + sum(_rarity(stem) for stem in stems(words(" ".join(things))))
    )
    found = Fit(entry, persons, places, things, score * _date_factor(subject, entry))
    return (
        replace(found, score=TITLE_WEIGHT * found.score) if found.is_named_after_a_person else found
    )


def _date_factor(subject: Subject, entry: CatalogEntry) -> float:
    if subject.years is None:
        return 1.0
    if not overlap(subject.years, entry.covers):
        return OUTSIDE if subject.dated else 0.0
    return 1 + 0.5 * min(1.0, CLOSE_YEARS / (entry.covers[1] - entry.covers[0] + 1))


def _is_meant(person: str, said: Sequence[str]) -> bool:
    """Return whether a claim's words name a person of the catalog, in full or by the surname.

    A name before the surname decides between namesakes: "Teddy Roosevelt" is not Franklin.

    >>> _is_meant("Zhou Enlai", ["zhou", "enlai"]), _is_meant("James Monroe", ["monroe"])
    (True, True)
    """
    parts, _ = _parts(person)
    if not parts:
        return False
    if len(parts) > 1 and set(said).issuperset(parts):
        return True
    surname = parts[0] if len(parts) > 1 and parts[0] in wade_giles() else parts[-1]
    if surname not in said or (len(surname) < MIN_SURNAME and surname != parts[0]):
        return False
    at = said.index(surname)
    before = said[at - 1] if at else ""
    if at + 1 < len(said) and said[at + 1] in _counts().given_names:
        return False  # it is a first name here: "George Washington" is not Lloyd George
    namesakes = {
        given for given in _counts().given_names.get(surname, ()) if given[:1] == before[:1]
    }
    return not namesakes or parts[0] in namesakes


def _is_place(place: str, subject: Subject) -> bool:
    own, stemmed = _parts(place)
    if stemmed in subject.nations:
        return True
    return own in subject.runs


@cache
def _parts(name: str) -> tuple[tuple[str, ...], Stems]:
    """Return a name's words, folded, and their stems."""
    folded = tuple(words(name))
    return folded, tuple(stems(folded))


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the entries of a catalog are on: `things`, the stems of an entry's subjects besides
    persons and places, by its id; `given_names`, the first names of its persons by their
    surnames; `frequencies`, in how many entries each person, place and stem is."""

    things: dict[str, frozenset[str]]
    given_names: dict[str, set[str]]
    frequencies: Counter[str]


def _counts() -> _Counts:
    return _counts_of(entries.catalog_folder())


@cache
def _counts_of(folder: Path) -> _Counts:
    catalog = load_catalog(folder)
    things = {
        entry.id: frozenset(stems(words(" . ".join((entry.title, *entry.topics)))))
        - {stem for name in (*entry.persons, *entry.places) for stem in _parts(name)[1]}
        for entry in catalog
    }
    given_names: dict[str, set[str]] = {}
    frequencies: Counter[str] = Counter()
    for entry in catalog:
        frequencies.update({*entry.persons, *entry.places, *things[entry.id]})
        for parts, _ in map(_parts, entry.persons):
            if len(parts) > 1:
                given_names.setdefault(parts[-1], set()).add(parts[0])
    return _Counts(things, given_names, frequencies)


def is_telling(term: str) -> bool:
    """Return whether a place or thing is of few enough entries to tell where to look."""
    stem = "".join(stems(words(term))[:1])
    return _rarity(term if term in _counts().frequencies else stem) >= MIN_RARITY


def _rarity(term: str) -> float:
    """Return the logarithm of how many times as many entries there are as have the term."""
    counts = _counts()
    return math.log(1 + len(counts.things) / max(counts.frequencies[term], 1))


def ranked(fits: Iterable[Fit]) -> list[Fit]:
    """Return those that fit at all, best first."""
    return sorted((one for one in fits if one.score > 0), key=lambda one: -one.score)
