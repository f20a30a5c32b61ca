"""The Index seam: what a retriever requests of an index, passages and documents by their ids.

Nothing here says where the index is or how it works. `rag.index.local.LocalIndex` is the one on
this machine; a remote engine has the same methods and passes the same tests
(`tests/test_searching.py`). Ids are text, and results are only as large as requested: no row
numbers, masks or arrays over everything that is indexed.
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
"""The signals of a passage, each from 0 to 1: late interaction of word pieces; the cosine of its
closest sentence; the share of the claim's words in it, and in its whole document, by BM25; how near
its document's date is to a day in the claim, and to the claim's years."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents are searched: those of some collections (None: of all), and those that are or
    may be dated within a time (bounds: a year, a month or a day; None: no bound)."""

    collections: frozenset[str] | None = None
    after: str | None = None
    before: str | None = None

    def admits(self, collection: str, date: str | None) -> bool:
        """Return whether a document is searched. `date`: ISO 8601, None without one."""
        wanted = self.collections is None or collection in self.collections
        return wanted and may_be_of(date, self.after, self.before)


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Query:
    """A claim, or one spelling of it, as an index gets it.

    `terms`: the words to look up (see `rag.index.lexical`), with weights. `times`: the times that
    it names, each as ISO dates of the first and last day; `days`: the days that it names without a
    year ("03-12"). `weights`: the weight of each of `SIGNALS`.
    """

    terms: Mapping[str, float]
    vectors: QueryVectors
    times: tuple[tuple[str, str], ...]
    days: tuple[str, ...]
    weights: Mapping[str, float]
    only: Filter = EVERYTHING


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may bear on a claim. `signals`: a value for each of `SIGNALS`."""

    passage_id: str
    document_id: str
    signals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Matches:
    """How the word pieces of a claim and of a passage match.

    `cosines`: (claim pieces, passage pieces), the passage's heading first; `weights`: of each claim
    piece; `starts`: the passage piece at which each sentence begins.
    """

    cosines: Floats
    weights: Floats
    starts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in a list of those in an index."""

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
    """Passages of documents, found by words and by meaning. Safe to share between threads."""

    @property
    def passages(self) -> int:
        """The number of passages."""
        ...

    @property
    def collections(self) -> Mapping[str, Collection]:
        """The collections of the documents, by id."""
        ...

    def facts(self) -> IndexFacts:
        """Return which index this is."""
        ...

    def holdings(self) -> tuple[Holding, ...]:
        """Return what the index has of each collection."""
        ...

    def listed(self) -> list[DocumentLine]:
        """Return a line for each document."""
        ...

    def search(self, query: Query, count: int) -> list[Candidate]:
        """Return the `count` best candidates, best first; fewer if there are fewer.

        They are chosen by the weighted mean of all signals except "pieces", among passages that
        share words with the claim or are close to it in meaning.
        """
        ...

    def passage(self, passage_id: str) -> Passage:
        """Return a passage. Raises KeyError."""
        ...

    def document(self, document_id: str) -> SourceDocument:
        """Return a document with its text. Raises KeyError."""
        ...

    def near_duplicates(self, document_id: str) -> tuple[str, ...]:
        """Return the ids of a document's near-duplicates."""
        ...

    def matches(self, query: QueryVectors, passage_id: str) -> Matches:
        """Return how a claim and a passage match, piece by piece."""
        ...

    def frequency(self, stem: str) -> int:
        """Return how many passages have a stem."""
        ...

    def passages_with(self, stems: Sequence[str], only: Filter = EVERYTHING) -> list[str]:
        """Return the ids of the passages with all of these stems, each in the passage or in the
        next one of its document, in the index's order; none for no stems.

        An exact phrase is in one of these, if anywhere; the caller checks the order of the words.
        """
        ...

    def spellings(self, stem: str, beside: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return stems of the index that may be another spelling of `stem`, in groups, the surest
        first: those that sound the same and, if the index lacks `stem`, those that differ in a
        vowel, and those one edit away that share a document with another rare word of `beside`, the
        claim's stems."""
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
