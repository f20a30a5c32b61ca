"""What is asked of an index, and what it answers: passages and documents by their ids.

Nothing here says where the index is or how it works. The one on this machine is
`rag.index.local.LocalIndex`; a remote engine has to offer the same, and
`tests/test_searching.py` says what holds of all. Ids are text, and what comes back is as large
as what was asked for: no row numbers, masks or arrays over everything that is indexed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import (
    Collection,
    Floats,
    Holding,
    IndexFacts,
    Kind,
    Passage,
    SourceDocument,
)
from rag.dates import may_be_of
from rag.embedding import QueryVectors

SIGNALS = ("pieces", "sentence", "words", "document words", "days", "years")
"""What speaks for a passage, each from 0 to 1: late interaction of word pieces; the cosine of
its closest sentence; the share of the claim's words in it, and in its whole document, by
BM25; its document dated near a day that the claim names, and within the years."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents are searched: those of some collections (None: of all), and those dated,
    or possibly dated, within a time (a year, a month or a day; None: no bound)."""

    collections: frozenset[str] | None = None
    after: str | None = None
    before: str | None = None

    def admits(self, collection: str, date: str | None) -> bool:
        """Return whether a document is searched. `date`: ISO 8601, None for one without."""
        wanted = self.collections is None or collection in self.collections
        return wanted and may_be_of(date, self.after, self.before)


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Query:
    """A claim, or one spelling of it, as an index is asked for it.

    `terms`: what is looked up by words (see `rag.index.lexical`), with weights. `times`: the
    times that it names, each as the ISO dates of its first and last day; `days`: the days that
    it names without a year ("03-12"). `weights`: how much each of `SIGNALS` counts.
    """

    terms: Mapping[str, float]
    vectors: QueryVectors
    times: tuple[tuple[str, str], ...]
    days: tuple[str, ...]
    weights: Mapping[str, float]
    only: Filter = Filter()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may bear on a claim. `signals`: a value for each of `SIGNALS`."""

    passage_id: str
    document_id: str
    signals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Matches:
    """How the word pieces of a claim and of a passage match.

    `cosines`: (claim pieces, passage pieces), the passage's heading first; `weights`: how much
    each claim piece counts; `starts`: the passage piece at which each of its sentences begins.
    """

    cosines: Floats
    weights: Floats
    starts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """What a list of the documents in an index says of one."""

    document_id: str
    title: str
    creator: str | None
    date: str | None
    collection: str
    kind: Kind
    origin: str
    passages: int
    ocr_confidence: float | None


class Index(Protocol):
    """Passages of documents, found by words and by meaning. Safe to share by threads."""

    @property
    def passages(self) -> int:
        """How many passages there are."""
        ...

    @property
    def collections(self) -> Mapping[str, Collection]:
        """The collections that documents are of, by id."""
        ...

    def facts(self) -> IndexFacts:
        """Return which index this is."""
        ...

    def holdings(self) -> tuple[Holding, ...]:
        """Return what there is of each collection."""
        ...

    def listed(self) -> list[DocumentLine]:
        """Return a line for each document."""
        ...

    def search(self, query: Query, count: int) -> list[Candidate]:
        """Return the best candidates, best first, `count` where there are so many.

        They are chosen by the weighted mean of all signals but "pieces", from what shares words
        with the claim and what is near to it in meaning.
        """
        ...

    def passage(self, passage_id: str) -> Passage:
        """Return a passage; raises KeyError."""
        ...

    def document(self, document_id: str) -> SourceDocument:
        """Return a document with its text; raises KeyError."""
        ...

    def near_duplicates(self, document_id: str) -> tuple[str, ...]:
        """Return the ids of the documents that say nearly the same, itself left out."""
        ...

    def matches(self, query: QueryVectors, passage_id: str) -> Matches:
        """Return how a claim and a passage match, piece by piece."""
        ...

    def frequency(self, stem: str) -> int:
        """Return in how many passages a stem is."""
        ...

    def passages_with(self, stems: Sequence[str], only: Filter = EVERYTHING) -> list[str]:
        """Return the ids of the passages that have every one of these stems, alone or together
        with the passage behind them in their document, in the index's order; none for no stems.

        An exact phrase is in one of these, or nowhere: what it says in order is for whoever asks.
        """
        ...

    def spellings(self, stem: str, beside: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return the stems of the index that may be another spelling of `stem`, in groups, the
        surest first: those that sound the same, then, for a stem that it does not have, those
        that differ in a vowel, and those a slip of a letter away that are in one document with
        another rare word of `beside`, the stems of the claim."""
        ...


def inverse_frequency(having: int, of: int) -> float:
    """Return the inverse document frequency of a word that is in `having` of `of` texts, in
    Lucene's variant (Kamphuis et al. 2020)."""
    return math.log(1 + (of - having + 0.5) / (having + 0.5))


def weigh(signals: Floats, weights: Floats) -> Floats:
    """Return the weighted mean of the signals of each passage, 0 to 1.

    `signals`: (passages, signals); `weights`: (signals,).
    """
    total = float(weights.sum())
    scores: Floats = np.clip(signals, 0, 1) @ weights
    return scores / np.float32(total) if total else scores
