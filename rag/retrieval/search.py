"""A claim to ranked passages: respell, propose by words and by meaning, compare, rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats, Hit, Passage, SourceDocument
from rag.dates import days_of, may_be_of
from rag.embedding.encoder import Encoder, QueryVectors
from rag.errors import QuestionError
from rag.index.generations import Index
from rag.index.search_terms import names, weighted_terms
from rag.language import Respelling, capitalised, respell, stems, stop_words, words
from rag.names.index_spellings import IndexSpellings
from rag.retrieval import ranking
from rag.retrieval.dating import DocumentDates
from rag.retrieval.reranker import LOOKED_AT, WEIGHT, Reranker

STOP_WORD_WEIGHT = 0.1
"""What a stop word counts in a verbatim run, beside 1 for any other word."""


REPEATED = 3
"""Times as many passages as asked for are ranked, since some will repeat others."""

_PIECES, _WORDS = ranking.SIGNALS.index("pieces"), ranking.SIGNALS.index("words")
_FIRST_STAGE = np.array([name != "pieces" for name in ranking.SIGNALS], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """A claim, or one spelling of it, ready to be searched.

    `words`: folded. `terms`: what is looked up by words, with weights. `names_share`: see
    `ranking.signal_weights`.
    """

    text: str
    words: tuple[str, ...]
    terms: Mapping[str, float]
    vectors: QueryVectors
    names_share: float

    @property
    def weights(self) -> Floats:
        """How much each of `ranking.SIGNALS` counts for this claim."""
        return ranking.signal_weights(self.names_share, len(self.terms))


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, and the spelling of the claim that it was found by."""

    hit: Hit
    query: QueryVectors
    document: SourceDocument
    passage: Passage


class Retriever:
    """Ranks the passages of an index for a claim. Safe to share by threads."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        reranker: Reranker | None = None,
        authority: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.index = index
        self.encoder = encoder
        self.reranker = reranker
        self._spellings = IndexSpellings(index.lexical, index.document_words, authority or {})
        self._dates = DocumentDates(index.store.document_dates)
        self._document_numbers = index.store.document_numbers(np.arange(index.vectors.passages))

    def search(self, claim: str, k: int, allowed: NDArray[np.bool_] | None = None) -> list[Found]:
        """Return the `k` best passages for a claim in all its spellings, best first.

        Passages that repeat a better one are left out, and of nearly equal ones those come
        first whose document is not yet among them. `allowed`: which passages may be found,
        bool, (passages,); None for all.
        """
        best: dict[int, tuple[Hit, QueryVectors]] = {}
        for text in (claim, *(respelling.text for respelling in self.respellings(claim))):
            parsed = self.parse(text)
            for hit in self._rank(parsed, REPEATED * k, allowed):
                if hit.row not in best or hit.score > best[hit.row][0].score:
                    best[hit.row] = (hit, parsed.vectors)
        ranked = sorted(best.values(), key=lambda found: -found[0].score)[: REPEATED * k]
        places = [self.index.store.passage(hit.row) for hit, _ in ranked]
        texts = [words(passage.span.of(document.text)) for document, passage in places]
        kept = ranking.distinct(texts, len(texts))
        lowered = ranking.spread(
            [ranked[i][0].score for i in kept], [places[i][0].document_id for i in kept]
        )
        order = sorted(zip(kept, lowered, strict=True), key=lambda pair: -pair[1])
        return [
            Found(replace(ranked[i][0], rank=rank, score=score), ranked[i][1], *places[i])
            for rank, (i, score) in enumerate(order[:k], start=1)
        ]

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
        own = tuple(dict.fromkeys(stems(words(claim))))
        return respell(
            claim, self.index.lexical.frequency, lambda stem: self._spellings.of(stem, own)
        )

    def unknown_names(self, text: str) -> list[str]:
        """Return the capitalised words of `text` that no indexed passage contains."""
        unknown: dict[str, str] = {}
        for name in (span.of(text) for span in capitalised(text)):
            folded = words(name)
            if any(word in stop_words() or len(word) < 2 for word in folded):
                continue
            if not any(self.index.lexical.knows(stem) for stem in stems(folded)):
                unknown.setdefault(folded[0], name)
        return list(unknown.values())

    def propose(
        self, claim: ParsedClaim, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the passages that the first stage finds, best first: rows, and signals
        (rows, signals), "pieces" not yet among them: `k` or more where there are so many."""
        count = max(ranking.CANDIDATES, k)
        words_of = self.index.lexical.shares(claim.terms)
        of_document = np.stack(
            [
                self.index.document_words.shares(claim.terms),
                *self._dates.nearness(claim.text),
            ]
        )
        weights = claim.weights * _FIRST_STAGE
        by_word = (
            weights[_WORDS] * words_of
            + (weights[_WORDS + 1 :] @ of_document)[self._document_numbers]
        )
        found = words_of > 0 if allowed is None else (words_of > 0) & allowed
        lexical = ranking.top(np.where(found, by_word, 0).astype(np.float32), count)[0]
        dense = self.index.vectors.nearest(claim.vectors.vector, count, allowed)[0]
        rows = np.union1d(dense, lexical)
        signals = np.column_stack(
            [
                np.zeros(len(rows), np.float32),
                self.index.vectors.cosines(claim.vectors.vector, rows),
                words_of[rows],
                of_document[:, self._document_numbers[rows]].T,
            ]
        ).astype(np.float32)
        order = np.argsort(-ranking.weigh(signals, weights), kind="stable")
        return rows[order], signals[order]

    def _rank(self, claim: ParsedClaim, k: int, allowed: NDArray[np.bool_] | None) -> list[Hit]:
        """Return what is found for one spelling, best first."""
        rows, signals = self.propose(claim, k, allowed)
        depth = max(ranking.RERANKED, k)
        rows, signals = rows[:depth], signals[:depth]
        signals[:, _PIECES] = self.index.vectors.late_interaction(claim.vectors, rows)
        quoting = np.argsort(-signals[:, _WORDS], kind="stable")[: ranking.QUOTING]
        verbatim = np.zeros(len(rows), dtype=np.float32)
        verbatim[quoting] = self._verbatim(claim.words, rows[quoting])
        weighed = self._look_again(claim, rows, ranking.weigh(signals, claim.weights))
        scores = ranking.reward_verbatim(weighed, verbatim)
        near = ranking.likeness(signals[:, _PIECES], verbatim)
        order = np.argsort(-scores, kind="stable")
        return [
            Hit(int(rows[i]), float(scores[i]), rank, float(near[i]))
            for rank, i in enumerate(order, start=1)
        ]

    def _look_again(self, claim: ParsedClaim, rows: NDArray[np.int64], scores: Floats) -> Floats:
        """Return the scores with the cross-encoder's for the best of them, if there is one."""
        if self.reranker is None:
            return scores
        best = np.argsort(-scores, kind="stable")[:LOOKED_AT]
        places = [self.index.store.passage(int(row)) for row in rows[best]]
        texts = [passage.span.of(document.text) for document, passage in places]
        mixed = (1 - WEIGHT) * scores
        mixed[best] += WEIGHT * self.reranker.scores(claim.text, texts)
        return mixed.astype(np.float32)

    def parse(self, claim: str) -> ParsedClaim:
        """Return a claim ready to be searched."""
        stemmed = dict.fromkeys(stems(words(claim)))
        rarity = {stem: self.index.lexical.rarity(stem) for stem in stemmed}
        known = {stem: value for stem, value in rarity.items() if self.index.lexical.knows(stem)}
        total = sum(known.values())
        named = sum(known[stem] for stem in names(claim) & known.keys())
        return ParsedClaim(
            text=claim,
            words=tuple(words(claim)),
            terms=weighted_terms(claim),
            vectors=self.encoder.encode_query(claim),
            names_share=named / total if total else 0.0,
        )

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
