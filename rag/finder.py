"""`SourceFinder`: claims in, cited evidence out, over one open index."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag import ranking
from rag.build import build_index
from rag.claims import check_question, split_claims
from rag.config import DEFAULT_INDEX, Settings
from rag.datatypes import (
    Answer,
    Claim,
    Evidence,
    Finding,
    Floats,
    Hit,
    Passage,
    Progress,
    SourceDocument,
    Span,
)
from rag.embedding import Encoder, QueryVectors
from rag.errors import IndexNotBuilt, QuestionError
from rag.evidence import choose_quotation, cite, describe_dates
from rag.index import Index, load_encoder, open_index
from rag.names import MIN_KEY_LETTERS, Respelling, respell, spelling_key
from rag.next_steps import where_to_look
from rag.text import capitalised_words, stems, stop_words, words

BEARS_ON = 0.52
"""The least likeness of a passage that is shown as bearing on a claim. Set on development
claims: `python -m benchmarks.threshold` prints what it lets through and what it stops."""

PER_CLAIM = 5
"""Passages shown for each claim of an answer."""

LOOK_NEXT = 6
"""Places shown where one may look next for a claim."""

NEAREST = 2
"""Passages shown as the nearest ones where nothing bears on a claim."""


class SourceFinder:
    """Finds the passages of an index that bear on a claim. Safe to share by threads."""

    def __init__(self, index: Index, encoder: Encoder) -> None:
        self.index = index
        self.encoder = encoder
        self._document_numbers = index.store.document_numbers(np.arange(index.vectors.passages))

    @classmethod
    def open(
        cls, index: str | Path | None = None, *, progress: Progress | None = None
    ) -> SourceFinder:
        """Open an index by name or path; without either, the default one.

        The default index is built first where there is none yet (some minutes, shown by
        `progress`). Raises `IndexNotBuilt` for any other index that does not exist,
        `IndexCorrupt` and `IndexMismatch` for one that cannot be used.
        """
        settings = Settings.from_environment()
        path = settings.index_path(index)
        try:
            opened = open_index(path)
        except IndexNotBuilt:
            if path != settings.index_path(DEFAULT_INDEX):
                raise
            build_index(default_sources(settings), path, progress=progress, settings=settings)
            opened = open_index(path)
        return cls(opened, load_encoder(opened))

    def searched(self) -> tuple[str, ...]:
        """Return a line for each collection: its title, its documents, their dates."""
        store = self.index.store
        lines = []
        for collection in store.collections.values():
            dates = [
                date
                for home, date in zip(store.document_collections, store.document_dates, strict=True)
                if home == collection.collection_id
            ]
            number = f"{len(dates):,} document{'s' if len(dates) != 1 else ''}"
            years = describe_dates(dates)
            lines.append(f"{collection.title}: {number}" + (f", {years}" if years else ""))
        return tuple(lines)

    def find_sources(
        self,
        claim: str,
        k: int = 10,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> list[Evidence]:
        """Return the `k` passages nearest to a claim, best first, each from another place.

        It ranks and does not judge: whether a passage bears on the claim at all is for
        `ask` to say; here, `score` tells (see `BEARS_ON`). `collections`: only these, by
        id. `after`, `before`: only documents dated from/up to then, both included, as a
        year or an ISO date; undated documents are left out then.

        Raises `QuestionError` for an empty or unreadable claim or an unknown collection.
        """
        check_question(claim)
        _check_k(k)
        whole = Claim("c1", claim, Span(0, len(claim)))
        return self._evidence(whole, k, self._allowed(collections, after, before))

    def search(self, claim: str, k: int = 10) -> list[Hit]:
        """Return the `k` best passages as rows of the index: `find_sources` without the
        citations, for evaluation."""
        return [hit for hit, _ in self._search(claim, None, k)[:k]]

    def ask(
        self,
        text: str,
        k: int = PER_CLAIM,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> Answer:
        """Return the findings for a claim, a question, or a long text with many claims,
        with at most `k` passages for each. Filters and errors as in `find_sources`.
        """
        *_, whole = self.stream(text, k, collections, after, before)
        return whole

    def stream(
        self,
        text: str,
        k: int = PER_CLAIM,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> Iterator[Answer]:
        """Yield the answer as it grows, a finding at a time; the last one is whole."""
        check_question(text)
        _check_k(k)
        allowed = self._allowed(collections, after, before)
        claims = split_claims(text)
        set_aside = tuple(claim for claim in claims if claim.set_aside)
        searched = self.searched()
        findings: list[Finding] = []
        for claim in claims:
            if claim.set_aside is None:
                findings.append(self._finding(claim, k, allowed))
                yield Answer(text, tuple(findings), set_aside, (), searched)
        notes = () if findings else ("Nothing in this text can be looked up.",)
        yield Answer(text, tuple(findings), set_aside, notes, searched)

    def _finding(self, claim: Claim, k: int, allowed: NDArray[np.bool_] | None) -> Finding:
        ranked = self._evidence(claim, max(k, NEAREST), allowed)
        evidence = tuple(item for item in ranked if item.likeness >= BEARS_ON)[:k]
        notes = self._spelling_notes(claim.text)
        look_next = where_to_look(claim.text, tuple(self.index.store.collections))[:LOOK_NEXT]
        if evidence:
            return Finding(claim, "related", evidence, (), notes, look_next)
        return Finding(claim, "not found", (), tuple(ranked[:NEAREST]), notes, look_next)

    def _spelling_notes(self, text: str) -> tuple[str, ...]:
        """Return what to tell the reader about the names: respelled, or never mentioned."""
        notes = []
        replaced = dict.fromkeys(pair for r in self.respellings(text) for pair in r.replaced)
        if replaced:
            also = ", ".join(f"{other} (for {name})" for name, other in replaced)
            notes.append(f"Also searched as: {also}.")
        respelled = {word for name, _ in replaced for word in words(name)}
        unknown = [n for n in self.unknown_names(text) if not respelled.issuperset(words(n))]
        if unknown:
            notes.append(f"Never mentioned in these sources: {', '.join(unknown)}.")
        return tuple(notes)

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

    def respellings(self, claim: str) -> list[Respelling]:
        """Return the claim with its names in other spellings that this index has."""
        lexical = self.index.lexical
        return respell(claim, lexical.frequency, lambda stem: self._by_key[spelling_key(stem)])

    @cached_property
    def _by_key(self) -> defaultdict[str, list[str]]:
        """The index's longer words by their spelling key."""
        found = defaultdict(list)
        for stem in self.index.lexical.vocabulary:
            if stem.isalpha() and len(stem) >= MIN_KEY_LETTERS:
                found[spelling_key(stem)].append(stem)
        return found

    def _evidence(self, claim: Claim, k: int, allowed: NDArray[np.bool_] | None) -> list[Evidence]:
        ranked = self._search(claim.text, allowed, 3 * k)[: 3 * k]
        places = [self.index.store.passage(hit.row) for hit, _ in ranked]
        texts = [words(passage.span.of(document.text)) for document, passage in places]
        kept = ranking.distinct(texts, k)
        return [self._cited(claim, places[i], *ranked[i]) for i in kept]

    def _cited(
        self,
        claim: Claim,
        place: tuple[SourceDocument, Passage],
        hit: Hit,
        query: QueryVectors,
    ) -> Evidence:
        document, passage = place
        vectors = self.index.vectors
        (matches,) = vectors.piece_matches(query, np.array([hit.row]))
        starts = vectors.sentence_starts(hit.row)
        quotation = choose_quotation(passage, matches, vectors.weights(query.ids), starts)
        return cite(claim, document, passage, quotation, hit.score, hit.likeness)

    def _search(
        self, claim: str, allowed: NDArray[np.bool_] | None, k: int
    ) -> list[tuple[Hit, QueryVectors]]:
        """Return what was found for the claim in all its spellings, best first, each
        passage with the spelling that it was found by."""
        best: dict[int, tuple[Hit, QueryVectors]] = {}
        for text in (claim, *(respelling.text for respelling in self.respellings(claim))):
            query = self.encoder.encode_query(text)
            for hit in self._rank(text, query, allowed, k):
                if hit.row not in best or hit.score > best[hit.row][0].score:
                    best[hit.row] = (hit, query)
        ranked = sorted(best.values(), key=lambda found: -found[0].score)
        return [(replace(hit, rank=i), query) for i, (hit, query) in enumerate(ranked, start=1)]

    def _rank(
        self, claim: str, query: QueryVectors, allowed: NDArray[np.bool_] | None, k: int
    ) -> list[Hit]:
        """Return what was found, best first: `k` passages or more where there are so many."""
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
            return 0.1 if word in stop else 1.0

        shares = []
        for row in rows:
            document, passage = self.index.store.passage(int(row))
            text = words(passage.span.of(document.text))
            shares.append(ranking.verbatim_share(claim, text, weight))
        return np.array(shares, dtype=np.float32)

    def _allowed(
        self,
        collections: Iterable[str] | None,
        after: str | int | None,
        before: str | int | None,
    ) -> NDArray[np.bool_] | None:
        """Return which passages the filters let through; None for all."""
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
                home in wanted
                and (first is None or (date is not None and date >= first))
                and (last is None or (date is not None and date[: len(last)] <= last))
                for home, date in zip(store.document_collections, store.document_dates, strict=True)
            ],
            dtype=bool,
        )
        return documents[self._document_numbers]


def _check_k(k: int) -> None:
    if k < 1:
        raise QuestionError(f"k is {k}; ask for one passage at least.")


def _check_date(given: str | int | None) -> str | None:
    """Return a year or date as text; raises `QuestionError` for anything else."""
    if given is None:
        return None
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", str(given)):
        raise QuestionError(f"{given!r} is no date. Give a year (1964) or a date (1964-10-14).")
    return str(given)


def default_sources(settings: Settings) -> list[str]:
    """Return what the default index is made of: the State of the Union addresses and
    whatever lies in the sources folder."""
    sources = ["sotu"]
    if settings.sources.is_dir() and any(
        path.name != "README.md" for path in settings.sources.iterdir()
    ):
        sources.append(str(settings.sources))
    return sources
