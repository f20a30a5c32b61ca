"""A claim to ranked passages: respell, propose by words and by meaning, compare, rank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag import ranking
from rag.datatypes import Floats, Hit
from rag.dates import days_of, may_be_of
from rag.embedding import Encoder, QueryVectors
from rag.errors import QuestionError
from rag.index import Index
from rag.names import MIN_KEY_LETTERS, Respelling, respell, spelling_key
from rag.text import capitalised_words, stems, stop_words, words

COMMON_WORD_WEIGHT = 0.3
"""What the commonest word counts where words are weighed by rarity."""

STOP_WORD_WEIGHT = 0.1
"""What a stop word counts in a verbatim run, beside 1 for any other word."""


class Retriever:
    """Ranks the passages of an index for a claim. Safe to share by threads."""

    def __init__(self, index: Index, encoder: Encoder) -> None:
        self.index = index
        self.encoder = encoder
        self._document_numbers = index.store.document_numbers(np.arange(index.vectors.passages))

    def search(
        self, claim: str, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[Hit, QueryVectors]]:
        """Return what is found for a claim in all its spellings, best first, each passage
        with the spelling that it was found by: `k` passages or more where there are so many.

        `allowed`: which passages may be found, bool, (passages,); None for all.
        """
        best: dict[int, tuple[Hit, QueryVectors]] = {}
        for text in (claim, *(respelling.text for respelling in self.respellings(claim))):
            query = self.encoder.encode_query(text)
            for hit in self._rank(text, query, k, allowed):
                if hit.row not in best or hit.score > best[hit.row][0].score:
                    best[hit.row] = (hit, query)
        ranked = sorted(best.values(), key=lambda found: -found[0].score)
        return [(replace(hit, rank=i), query) for i, (hit, query) in enumerate(ranked, start=1)]

    def allowed(
        self,
        collections: Iterable[str] | None,
        after: str | int | None,
        before: str | int | None,
    ) -> NDArray[np.bool_] | None:
        """Return which passages the filters let through, bool, (passages,); None for all.

        Filters and errors as in `SourceFinder.find_sources`.
        """
        if collections is None and after is None and before is None:
            return None
        store = self.index.store
        given = [collections] if isinstance(collections, str) else collections
        wanted = set(store.collections if given is None else given)
        if unknown := wanted - store.collections.keys():
            raise QuestionError(
                f"There is no collection {', '.join(sorted(unknown))} in this index; it has "
                f"{', '.join(store.collections)}."
            )
        first, last = _check_date(after), _check_date(before)
        documents = np.array(
            [
                home in wanted and may_be_of(date, first, last)
                for home, date in zip(store.document_collections, store.document_dates, strict=True)
            ],
            dtype=bool,
        )
        return documents[self._document_numbers]

    def respellings(self, claim: str) -> list[Respelling]:
        """Return the claim with its names in other spellings that this index has."""
        lexical = self.index.lexical
        return respell(
            claim, lexical.frequency, lambda stem: self._by_key.get(spelling_key(stem), ())
        )

    def rarity(self, word: str) -> float:
        """Return how much a word tells: the logarithm of the share of passages without it,
        `COMMON_WORD_WEIGHT` at least."""
        known = [self.index.lexical.frequency(stem) for stem in stems(words(word))]
        passages = self.index.vectors.passages
        rarity = math.log((passages + 1) / (1 + min(known, default=passages)))
        return max(rarity, COMMON_WORD_WEIGHT)

    def unknown_names(self, text: str) -> list[str]:
        """Return the capitalised words of `text` that no indexed passage contains."""
        unknown: dict[str, str] = {}
        for name in capitalised_words(text):
            folded = words(name)
            if any(word in stop_words() or len(word) < 2 for word in folded):
                continue
            if not any(self.index.lexical.knows(stem) for stem in stems(folded)):
                unknown.setdefault(folded[0], name)
        return list(unknown.values())

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        """The index's longer words by their spelling key."""
        found: dict[str, list[str]] = {}
        for stem in self.index.lexical.vocabulary:
            if stem.isalpha() and len(stem) >= MIN_KEY_LETTERS:
                found.setdefault(spelling_key(stem), []).append(stem)
        return found

    def _rank(
        self, claim: str, query: QueryVectors, k: int, allowed: NDArray[np.bool_] | None
    ) -> list[Hit]:
        """Return what is found for one spelling, best first."""
        folded = words(claim)
        stemmed = stems(folded)
        documents = self.index.document_words.scores(stemmed)[self._document_numbers]
        by_word = ranking.word_scores(self.index.lexical.scores(stemmed), documents)
        if allowed is not None:
            by_word = np.where(allowed, by_word, 0).astype(np.float32)
        lexical = ranking.top(by_word, max(ranking.CANDIDATES, k))
        dense = self.index.vectors.nearest(query.vector, max(ranking.CANDIDATES, k), allowed)
        rows, fused = ranking.fuse(dense, lexical)
        depth = max(ranking.RERANKED, k)
        rows, fused = rows[:depth], fused[:depth]
        late = self.index.vectors.late_interaction(query, rows)
        quoting = np.isin(rows, lexical[0][: ranking.QUOTING])
        verbatim = np.zeros(len(rows), dtype=np.float32)
        verbatim[quoting] = self._verbatim(folded, rows[quoting])
        near = ranking.likeness(late, verbatim)
        about = documents[rows] / max(float(documents.max(initial=0)), 1e-9)
        scores = ranking.combine(near, fused, about, verbatim)
        order = np.argsort(-scores, kind="stable")
        return [
            Hit(int(rows[i]), float(scores[i]), rank, float(near[i]))
            for rank, i in enumerate(order, start=1)
        ]

    def _verbatim(self, claim: Sequence[str], rows: NDArray[np.int64]) -> Floats:
        """Return the share of the claim that each passage has word for word."""
        if len(claim) < ranking.VERBATIM_WORDS:
            return np.zeros(len(rows), np.float32)
        stop = stop_words()

        def weight(word: str) -> float:
            return STOP_WORD_WEIGHT if word in stop else 1.0

        shares = []
        for row in rows:
            document, passage = self.index.store.passage(int(row))
            text = words(passage.span.of(document.text))
            shares.append(ranking.verbatim_share(claim, text, weight))
        return np.array(shares, dtype=np.float32)


def _check_date(given: str | int | None) -> str | None:
    """Return a year or date as text; raises `QuestionError` for anything else."""
    if given is None:
        return None
    try:
        days_of(str(given))
    except ValueError as error:
        raise QuestionError(
            f"{given!r} is no date ({error}). Give a year (1964) or a date (1964-10-14)."
        ) from error
    return str(given)
