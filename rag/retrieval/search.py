"""A claim to ranked passages: respell, propose by words and by meaning, compare, rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.datatypes import Floats, Hit, Passage, SourceDocument
from rag.dates import days_of
from rag.embedding.chunking import read_by_search
from rag.embedding.encoder import Encoder, QueryVectors
from rag.errors import QuestionError
from rag.index.terms import names, weighted_terms
from rag.language import Respelling, capitalised, days, respell, stems, stop_words, times, words
from rag.retrieval import ranking
from rag.retrieval.reranker import LOOKED_AT, WEIGHT, Reranker
from rag.searching import (
    SIGNALS,
    Candidate,
    Filter,
    Index,
    Query,
    inverse_frequency,
    weigh,
)

STOP_WORD_WEIGHT = 0.1
"""What a stop word counts in a verbatim run, beside 1 for any other word."""


REPEATED = 3
"""Times as many passages as asked for are ranked, since some will repeat others."""

_PIECES, _WORDS = SIGNALS.index("pieces"), SIGNALS.index("words")


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """A claim, or one spelling of it, ready to be searched.

    `words`: folded. `names_share`: see `ranking.signal_weights`. `query`: what the index is
    asked, with the weights that follow from these.
    """

    text: str
    words: tuple[str, ...]
    names_share: float
    query: Query


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that was found, and the spelling of the claim that it was found by."""

    hit: Hit
    query: QueryVectors
    document: SourceDocument
    passage: Passage


class Retriever:
    """Ranks the passages of an index for a claim. Safe to share by threads.

    `authority`: other spellings of names, see `rag.retrieval.authority`.
    """

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
        self._authority = {
            stem: tuple(stems(others))
            for name, others in (authority or {}).items()
            for stem in stems([name])
        }

    def search(self, claim: str, k: int, only: Filter | None = None) -> list[RetrievedPassage]:
        """Return the `k` best passages for a claim in all its spellings, best first.

        Passages that repeat a better one are left out, and of nearly equal ones those come
        first whose document is not yet among them. `only`: which may be found, None for all.
        """
        best: dict[str, tuple[Hit, QueryVectors]] = {}
        for text in (claim, *(respelling.text for respelling in self.respellings(claim))):
            parsed = self.parse(text, only)
            for hit in self._rank(parsed, REPEATED * k):
                name = hit.passage_id
                if name not in best or hit.score > best[name][0].score:
                    best[name] = (hit, parsed.query.vectors)
        ranked = sorted(best.values(), key=lambda found: -found[0].score)[: REPEATED * k]
        places = [self._place(hit.passage_id) for hit, _ in ranked]
        texts = [words(read_by_search(document, found.span).text) for document, found in places]
        kept = ranking.distinct(texts, len(texts))
        lowered = ranking.spread(
            [ranked[i][0].score for i in kept], [places[i][0].document_id for i in kept]
        )
        order = sorted(zip(kept, lowered, strict=True), key=lambda pair: -pair[1])
        return [
            RetrievedPassage(
                replace(ranked[i][0], rank=rank, score=score), ranked[i][1], *places[i]
            )
            for rank, (i, score) in enumerate(order[:k], start=1)
        ]

    def only(
        self,
        collections: Iterable[str] | None,
        after: str | int | None,
        before: str | int | None,
    ) -> Filter:
        """Return the filter; arguments and errors as in `SourceFinder.find_sources`."""
        given = [collections] if isinstance(collections, str) else collections
        wanted = None if given is None else frozenset(given)
        known = self.index.collections
        if unknown := (wanted or frozenset()) - known.keys():
            raise QuestionError(
                f"There is no collection {', '.join(sorted(unknown))} in this index; it has "
                f"{', '.join(known)}."
            )
        return Filter(wanted, _check_date(after), _check_date(before))

    def respellings(self, claim: str) -> list[Respelling]:
        """Return the claim with its names in other spellings that this index has."""
        own = tuple(dict.fromkeys(stems(words(claim))))

        def spellings(stem: str) -> Sequence[Sequence[str]]:
            return [self._authority.get(stem, ()), *self.index.spellings(stem, own)]

        return respell(claim, self.index.frequency, spellings)

    def unknown_names(self, text: str) -> list[str]:
        """Return the capitalised words of `text` that no indexed passage contains."""
        unknown: dict[str, str] = {}
        for name in (span.of(text) for span in capitalised(text)):
            folded = words(name)
            if any(word in stop_words() or len(word) < 2 for word in folded):
                continue
            if not any(map(self.index.frequency, stems(folded))):
                unknown.setdefault(folded[0], name)
        return list(unknown.values())

    def parse(self, claim: str, only: Filter | None = None) -> ParsedClaim:
        """Return a claim ready to be searched."""
        passages = self.index.passages
        frequencies = {stem: self.index.frequency(stem) for stem in stems(words(claim))}
        known = {s: inverse_frequency(n, passages) for s, n in frequencies.items() if n}
        total = sum(known.values())
        named = sum(known[stem] for stem in names(claim) & known.keys())
        names_share = named / total if total else 0.0
        terms = weighted_terms(claim)
        weights = ranking.signal_weights(names_share, len(terms)).tolist()
        told, bare_days = times_and_days(claim)
        query = Query(
            terms=terms,
            vectors=self.encoder.encode_query(claim),
            times=told,
            days=bare_days,
            weights=dict(zip(SIGNALS, weights, strict=True)),
            only=only or Filter(),
        )
        return ParsedClaim(claim, tuple(words(claim)), names_share, query)

    def _rank(self, claim: ParsedClaim, k: int) -> list[Hit]:
        """Return what is found for one spelling, best first."""
        found = self.index.search(claim.query, max(ranking.RERANKED, k))
        ids = [candidate.passage_id for candidate in found]
        signals, weights = _signal_table(found), signal_row(claim.query.weights)
        quoting = np.argsort(-signals[:, _WORDS], kind="stable")[: ranking.QUOTING]
        verbatim = np.zeros(len(ids), dtype=np.float32)
        verbatim[quoting] = self._verbatim(claim.words, [ids[i] for i in quoting])
        weighed = self._look_again(claim, ids, weigh(signals, weights))
        scores = ranking.reward_verbatim(weighed, verbatim)
        near = ranking.likeness(signals[:, _PIECES], verbatim)
        order = np.argsort(-scores, kind="stable")
        return [
            Hit(ids[i], float(scores[i]), rank, float(near[i]))
            for rank, i in enumerate(order, start=1)
        ]

    def _look_again(self, claim: ParsedClaim, ids: Sequence[str], scores: Floats) -> Floats:
        """Return the scores with the reranker's for the best of them, if there is one."""
        if self.reranker is None:
            return scores
        best = np.argsort(-scores, kind="stable")[:LOOKED_AT]
        texts = [self._text(ids[i]) for i in best]
        mixed = (1 - WEIGHT) * scores
        mixed[best] += WEIGHT * self.reranker.scores(claim.text, texts)
        return mixed.astype(np.float32)

    def _verbatim(self, claim: Sequence[str], ids: Sequence[str]) -> Floats:
        """Return the share of the claim that each passage has word for word."""
        if len(claim) < ranking.VERBATIM_WORDS:
            return np.zeros(len(ids), np.float32)
        stop = stop_words()

        def weight(word: str) -> float:
            return STOP_WORD_WEIGHT if word in stop else 1.0

        shares = [ranking.verbatim_share(claim, words(self._text(name)), weight) for name in ids]
        return np.array(shares, dtype=np.float32)

    def _place(self, passage_id: str) -> tuple[SourceDocument, Passage]:
        passage = self.index.passage(passage_id)
        return self.index.document(passage.document_id), passage

    def _text(self, passage_id: str) -> str:
        document, passage = self._place(passage_id)
        return read_by_search(document, passage.span).text


def times_and_days(claim: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the `times` and the `days` of a query for a claim.

    >>> times_and_days("It began on March 12, 1959, and ended on the 1st of April.")
    ((('1959-03-12', '1959-03-12'),), ('04-01',))
    """
    told = times(claim)
    full = {timex.first[5:] for timex in told if timex.first == timex.last}
    bare = (day for day in days(claim) if len(day) == len("03-12") and day not in full)
    return tuple((timex.first, timex.last) for timex in told), tuple(bare)


def _signal_table(found: Sequence[Candidate]) -> Floats:
    """Return the signals of candidates, (candidates, signals)."""
    rows = [signal_row(candidate.signals) for candidate in found]
    return np.stack(rows) if rows else np.zeros((0, len(SIGNALS)), np.float32)


def signal_row(values: Mapping[str, float]) -> Floats:
    """Return a value for each signal, in the order of `SIGNALS`."""
    return np.array([values[name] for name in SIGNALS], dtype=np.float32)


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
