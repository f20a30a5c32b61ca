"""The index on this machine, as `rag.searching.Index`. Row numbers and arrays stay inside.

It measures how close a document's date is to the times in a claim. A record of what happened on
March 12 is dated that day or shortly after; a claim about 1848 is seldom confirmed by a source of
1964. A document without a date, or a claim without a time, is neither close nor far.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Collection, Floats, Holding, IndexFacts, Passage, SourceDocument
from rag.dates import Days, days_of, describe_dates
from rag.embedding import QueryVectors
from rag.index import Generation
from rag.index.lexical import Spellings
from rag.searching import (
    EVERYTHING,
    SIGNALS,
    Candidate,
    DocumentLine,
    Filter,
    Matches,
    Query,
    weigh,
)

DAYS_NEAR = 8
"""A document this many days before or after a day is no longer near it."""

YEARS_FAR = 20
"""From so many years on, a document is as far as possible from a claim's time."""

_LEAP_YEAR = 2000
_DAYS_IN_YEAR = 366
_UNKNOWN = np.iinfo(np.int64).min // 4


class DocumentDates:
    """The dates of an index's documents, for comparison with a claim's."""

    def __init__(self, dates: Sequence[str | None]) -> None:
        stretches = list(map(_known_days, dates))
        self._first = _numbers(s.first.toordinal() if s else _UNKNOWN for s in stretches)
        self._last = _numbers(s.last.toordinal() if s else _UNKNOWN for s in stretches)
        self._known = self._first != _UNKNOWN
        self._day = _numbers(
            day_of_year(f"{s.first:%m-%d}") if s and s.first == s.last else _UNKNOWN
            for s in stretches
        )

    def nearness(
        self, named: Sequence[tuple[str, str]], days: Sequence[str]
    ) -> tuple[Floats, Floats]:
        """Return how near each document is to the claim's days, and to its years: float32,
        (documents,) each. `named` and `days`: the `times` and `days` of a `Query`.

        Days: 1 on a day that the claim names, with or without its year, falling to 0 at
        `DAYS_NEAR`; 0 if it names none. Years: 1 within a time that the claim names or if nothing
        is known, falling to 0 at `YEARS_FAR`.
        """
        near = np.zeros(len(self._first), np.float32)
        for first, last in named:
            if first[:7] == last[:7]:  # a day or a month
                apart = np.where(self._day == _UNKNOWN, np.inf, self._apart(first, last))
                near = np.maximum(near, _falling_to_zero(apart, DAYS_NEAR))
        for day in days:
            apart = np.abs(self._day - day_of_year(day)).astype(float)
            apart = np.minimum(apart, np.abs(_DAYS_IN_YEAR - apart))
            near = np.maximum(near, _falling_to_zero(apart, DAYS_NEAR))
        if not named:
            return near, np.ones_like(near)
        years = np.min([self._apart(*time) for time in named], axis=0) / _DAYS_IN_YEAR
        return near, np.where(self._known, _falling_to_zero(years, YEARS_FAR), 1).astype(np.float32)

    def _apart(self, start: str, end: str) -> NDArray[np.float64]:
        """Return the days between each document and a time, 0 if they overlap."""
        before = _ordinal(start) - self._last
        after = self._first - _ordinal(end)
        return np.maximum(np.maximum(before, after), 0).astype(np.float64)


def _known_days(written: str | None) -> Days | None:
    """Return the first and last day of a date; None without one, or for one that cannot be read."""
    try:
        return days_of(written) if written else None
    except ValueError:
        return None


def _numbers(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _falling_to_zero(apart: NDArray[np.float64], far: int) -> Floats:
    return np.clip(1 - apart / far, 0, 1).astype(np.float32)


def _ordinal(date: str) -> int:
    return datetime.date.fromisoformat(date).toordinal()


def day_of_year(month_and_day: str) -> int:
    """Return the number of a day ("03-12") in a leap year; a number far from all others for a day
    that the calendar lacks."""
    try:
        date = datetime.date.fromisoformat(f"{_LEAP_YEAR}-{month_and_day}")
    except ValueError:
        return 10 * _DAYS_IN_YEAR
    return date.timetuple().tm_yday


CANDIDATES = 200
"""Passages that the search by words and the search by meaning propose each."""

_PIECES, _WORDS = SIGNALS.index("pieces"), SIGNALS.index("words")


class LocalIndex:
    """An open generation. Safe to share between threads."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        store = generation.store
        self._store, self._vectors = store, generation.vectors
        self._numbers = store.document_numbers(np.arange(self.passages))
        self._number_of = {name: number for number, name in enumerate(store.document_ids)}
        self._dates = DocumentDates(store.document_dates)
        self._spellings = Spellings(generation.lexical, generation.document_words)
        self._admitted = lru_cache(maxsize=8)(self._admit)

    @property
    def passages(self) -> int:
        """The number of passages."""
        return self.generation.vectors.passages

    @property
    def collections(self) -> Mapping[str, Collection]:
        """The collections of the documents, by id."""
        return self._store.collections

    def facts(self) -> IndexFacts:
        """Return which index this is."""
        manifest = self.generation.manifest
        return IndexFacts(
            name=self.generation.path.parent.name,
            corpus_hash=manifest.corpus_hash,
            documents=manifest.documents,
            passages=manifest.passages,
            built=manifest.built,
            by_words=manifest.by_words,
        )

    def holdings(self) -> tuple[Holding, ...]:
        """Return what the index has of each collection."""
        store = self._store
        dated = zip(store.document_collections, store.document_dates, strict=True)
        return holdings_of(store.collections, dated)

    def listed(self) -> list[DocumentLine]:
        """Return a line for each document, in the index's order."""
        return self._store.listed()

    def search(self, query: Query, count: int) -> list[Candidate]:
        """Return the `count` best candidates, best first; fewer if there are fewer."""
        rows, signals = self.propose(query, count)
        rows, signals = rows[:count], signals[:count]
        signals[:, _PIECES] = self._vectors.late_interaction(query.vectors, rows)
        return [
            Candidate(name, name.rpartition("#")[0], dict(zip(SIGNALS, values, strict=True)))
            for name, values in zip(self.passage_ids(rows), signals.tolist(), strict=True)
        ]

    def propose(self, query: Query, count: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the results of both searches, best first: rows, and signals (rows, signals), where
        "pieces" is not computed yet. At least `count` if there are so many."""
        each = max(CANDIDATES, count)
        allowed = self._admitted(query.only)
        weights = _first_stage(query)
        words = self.generation.lexical.shares(query.terms)
        of_document = np.stack(
            [
                self.generation.document_words.shares(query.terms),
                *self._dates.nearness(query.times, query.days),
            ]
        )
        by_word = weights[_WORDS] * words + (weights[_WORDS + 1 :] @ of_document)[self._numbers]
        found = words > 0 if allowed is None else (words > 0) & allowed
        lexical = top_rows(np.where(found, by_word, 0).astype(np.float32), each)[0]
        vector = query.vectors.vector
        rows = np.union1d(self._vectors.nearest(vector, each, allowed)[0], lexical)
        signals = np.column_stack(
            [
                np.zeros(len(rows), np.float32),
                self._vectors.cosines(vector, rows),
                words[rows],
                of_document[:, self._numbers[rows]].T,
            ]
        ).astype(np.float32)
        order = np.argsort(-weigh(signals, weights), kind="stable")
        return rows[order], signals[order]

    def passage_ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the ids of passages by their rows."""
        names, numbers = self._store.document_ids, self._numbers[rows]
        within = rows - self._store.row_bounds[numbers]
        return [
            f"{names[number]}#{place}"
            for number, place in zip(numbers.tolist(), within.tolist(), strict=True)
        ]

    def row(self, passage_id: str) -> int:
        """Return a passage's row. Raises KeyError."""
        document_id, _, place = passage_id.rpartition("#")
        first, last = self._store.row_bounds[self._number_of[document_id] :][:2]
        if not (place.isdecimal() and first + int(place) < last):
            raise KeyError(passage_id)
        return int(first) + int(place)

    def passage(self, passage_id: str) -> Passage:
        """Return a passage. Raises KeyError."""
        return self._store.passage(self.row(passage_id))[1]

    def document(self, document_id: str) -> SourceDocument:
        """Return a document with its text. Raises KeyError."""
        return self._store.document(self._number_of[document_id])

    def near_duplicates(self, document_id: str) -> tuple[str, ...]:
        """Return the ids of a document's near-duplicates."""
        return self._store.near_duplicates(self._number_of[document_id])

    def matches(self, query: QueryVectors, passage_id: str) -> Matches:
        """Return how a claim and a passage match, piece by piece."""
        row = self.row(passage_id)
        (cosines,) = self._vectors.piece_matches(query, np.array([row]))
        return Matches(
            cosines, self._vectors.weights(query.ids), self._vectors.sentence_starts(row)
        )

    def frequency(self, stem: str) -> int:
        """Return how many passages have a stem."""
        return self.generation.lexical.frequency(stem)

    def passages_with(self, stems: Sequence[str], only: Filter = EVERYTHING) -> list[str]:
        """Return the ids of the passages with all stems, each within the passage or the one after
        it."""
        found = np.full(self.passages, bool(stems))
        within = self._numbers[1:] == self._numbers[:-1]
        for stem in set(stems):
            having = np.zeros(self.passages, dtype=bool)
            having[self.generation.lexical.texts_with(stem)] = True
            found[:-1] &= having[:-1] | (having[1:] & within)
            found[-1:] &= having[-1:]
        allowed = self._admitted(only)
        return self.passage_ids(np.flatnonzero(found if allowed is None else found & allowed))

    def spellings(self, stem: str, beside: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return stems that may be another spelling of `stem`, in groups, the surest first; see
        `rag.searching.Index`."""
        return self._spellings.of(stem, beside)

    def _admit(self, only: Filter) -> NDArray[np.bool_] | None:
        """Return which passages are searched, bool, (passages,); None for all."""
        if only == EVERYTHING:
            return None
        store = self._store
        dated = zip(store.document_collections, store.document_dates, strict=True)
        documents = np.array([only.admits(*document) for document in dated], dtype=bool)
        return documents[self._numbers]


def _first_stage(query: Query) -> Floats:
    """Return the weights of the signals that are known before word pieces are compared."""
    weights = [0.0 if name == "pieces" else query.weights[name] for name in SIGNALS]
    return np.array(weights, dtype=np.float32)


def top_rows(scores: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the rows with the `k` highest positive scores, and the scores, best first."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        rows = rows[np.argpartition(-scores[rows], k - 1)[:k]]
    rows = rows[np.lexsort((rows, -scores[rows]))]
    return rows.astype(np.int64), scores[rows]


def holdings_of(
    collections: Mapping[str, Collection], dated: Iterable[tuple[str, str | None]]
) -> tuple[Holding, ...]:
    """Return what there is of each collection. `dated`: each document's collection id and date."""
    dates: dict[str, list[str | None]] = {name: [] for name in collections}
    for home, date in dated:
        dates[home].append(date)
    return tuple(
        Holding(
            collection_id=name,
            title=collection.title,
            rights=collection.rights,
            url=collection.url,
            documents=len(dates[name]),
            years=describe_dates(dates[name]),
            undated=dates[name].count(None),
        )
        for name, collection in collections.items()
    )
