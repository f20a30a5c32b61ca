"""Ranks passages for a claim: respell, search by words and by meaning, compare, rank.

Pure functions over arrays and strings combine the signals. docs/decisions/ranking.md says how the
weights were set; `python -m benchmarks.retrieval` prints what each signal adds.

A reranker may read the claim with each of the best passages; it is off unless
`SOURCE_FINDER_RERANKER` names a model. A cross-encoder reads the two together, which is more exact
and far slower than comparing vectors; a late-interaction model compares each word of one with each
word of the other. The package contains none; `source-finder models` lists some.

An authority file gives persons' names in all spellings, if the user has fetched one. It is
`corpus/authority/people_variants.jsonl`, in the form in which the Office of the Historian's data on
people are commonly prepared: one JSON object a line, with `preferred` (a name, "Zhou Enlai" or
"Aaron, David Laurence"), `alternates` and `variants` (lists of names). Other keys are ignored; a
line that is no such object is left out and logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rag.config import Settings
from rag.datatypes import Floats, Hit, Passage, SourceDocument
from rag.dates import days_of
from rag.embedding import Encoder, QueryVectors, read_by_search
from rag.errors import ModelError, QuestionError
from rag.index.lexical import name_stems, weighted_terms
from rag.language import (
    Respelling,
    capitalised,
    capitalised_inside,
    days,
    respell,
    stems,
    stop_words,
    times,
    words,
)
from rag.models import load_pair_model
from rag.searching import (
    EVERYTHING,
    SIGNALS,
    Candidate,
    Filter,
    Index,
    Query,
    inverse_frequency,
    weigh,
)

_RERANKED = 100
"""Passages that the second stage compares piece by piece."""

_QUOTING = 20
"""Passages, the best by shared words, that are checked for the claim's own wording."""

VERBATIM_WORDS = 5
"""Consecutive words that a passage must share with a claim to count as quoted in it."""

WEIGHTS = np.array(
    [
        [16.8, -7.5, -7.1],
        [12.6, -6.7, -1.5],
        [8.2, -0.8, 5.2],
        [0.5, 4.4, 8.3],
        [2.1, 0.0, 0.0],
        [1.9, 0.0, 0.0],
    ],
    dtype=np.float32,
)
"""The weight of each of `searching.SIGNALS` (rows): a base, what is added if all of the claim's
words are names, and what is added per `LONG` words. Fitted on development claims by `python -m
benchmarks.weights`, which prints them."""

LONG = 20
"""The number of words, without stop words, of a long claim; the weights stay the same beyond twice
as many."""


_VERBATIM_POWER = 3
"""Long claims share phrases with many passages ("the National Security Council on"): counted in
full, those cost 7 points of nDCG@10 on editorial notes."""


def signal_weights(names_share: float, terms: int) -> Floats:
    """Return the weight of each of `searching.SIGNALS` for a claim, none below 0.

    `names_share`: the share of names and numbers among the claim's words, weighted by rarity;
    `terms`: the number of its words. A claim full of names is found by its words, a paragraph by
    the documents with its words, a paraphrase by its meaning.
    """
    claim = np.array([1.0, names_share, min(terms / LONG, 2.0)], dtype=np.float32)
    weights: Floats = np.maximum(WEIGHTS @ claim, 0)
    return weights


def likeness(late: Floats, verbatim: Floats) -> Floats:
    """Return how close each passage's wording and meaning are to the claim, 0 to 1, comparable
    between claims.

    `late`: late interaction; `verbatim`: the share of the claim that the passage has verbatim. The
    verbatim part counts in full, the rest by late interaction.
    """
    near: Floats = (verbatim + (1 - verbatim) * np.clip(late, 0, 1)).astype(np.float32)
    return near


def reward_verbatim(scores: Floats, verbatim: Floats) -> Floats:
    """Return the scores by which passages are ranked, 0 to 1.

    An exact quotation has score 1 and cannot be outranked. A part of the claim counts by its
    `_VERBATIM_POWER`: half of it is an eighth, a mere phrase next to nothing.
    """
    quoted = verbatim**_VERBATIM_POWER
    rewarded: Floats = (quoted + (1 - quoted) * scores).astype(np.float32)
    return rewarded


def verbatim_share(
    claim: Sequence[str], passage: Sequence[str], weight: Callable[[str], float]
) -> float:
    """Return the weight of the longest run of claim words in the passage over the weight of all
    claim words; 0.0 for a run shorter than `VERBATIM_WORDS`.

    >>> verbatim_share("a b c d e f".split(), "x b c d e f y".split(), lambda word: 1.0)
    0.8333333333333334
    """
    total = sum(map(weight, claim))
    if len(claim) < VERBATIM_WORDS or not total:
        return 0.0
    starts: dict[tuple[str, ...], list[int]] = {}
    for j in range(len(passage) - VERBATIM_WORDS + 1):
        starts.setdefault(tuple(passage[j : j + VERBATIM_WORDS]), []).append(j)
    best = 0.0
    for i in range(len(claim) - VERBATIM_WORDS + 1):
        longest = 0
        for j in starts.get(tuple(claim[i : i + VERBATIM_WORDS]), ()):
            n = VERBATIM_WORDS
            while i + n < len(claim) and j + n < len(passage) and claim[i + n] == passage[j + n]:
                n += 1
            longest = max(longest, n)
        best = max(best, sum(map(weight, claim[i : i + longest])) / total)
    return best


def distinct_positions(texts: Sequence[Sequence[str]], limit: int) -> list[int]:
    """Return the positions of the first `limit` texts that repeat no earlier one.

    Two texts (as words) repeat each other if the other has most of the shorter one's three-word
    runs: the same speech printed twice, one report sent to two offices.
    """
    kept: list[int] = []
    shingles: list[set[tuple[str, ...]]] = []
    for i, text in enumerate(texts):
        if len(kept) == limit:
            break
        own = {tuple(text[j : j + 3]) for j in range(max(len(text) - 2, 1))}
        if all(len(own & seen) <= 0.8 * min(len(own), len(seen)) for seen in shingles):
            kept.append(i)
            shingles.append(own)
    return kept


SAME_DOCUMENT = 0.01
"""What a passage's score loses for each better one of its document."""


def lower_same_document(scores: Sequence[float], documents: Sequence[str]) -> list[float]:
    """Return the scores, given best first, lowered for passages whose document has better ones, so
    that several sources precede several passages of one.

    >>> lower_same_document([0.5, 0.45, 0.44, 0.25], ["a", "a", "b", "a"])
    [0.5, 0.44, 0.44, 0.23]
    """
    seen: dict[str, int] = {}
    lowered = []
    for score, document in zip(scores, documents, strict=True):
        lowered.append(score - SAME_DOCUMENT * seen.get(document, 0))
        seen[document] = seen.get(document, 0) + 1
    return lowered


_RERANK_DEPTH = 30
"""Passages that the reranker reads for a claim."""

_WEIGHT = 0.5
"""The reranker's share of a passage's score. Equal shares, not fitted: every model has its own
scale."""


class Reranker(Protocol):
    """Scores passages by reading each with the claim."""

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1, in the order given."""
        ...


class _CrossEncoderReranker:
    """A cross-encoder with one score for a pair of texts."""

    def __init__(self, name: str, model: Any) -> None:
        if model.num_labels != 1:
            raise ModelError(
                f"{name!r} gives {model.num_labels} scores for a pair of texts; a reranker "
                "gives one. Set SOURCE_FINDER_RERANKER to another model, or unset it to use "
                "none."
            )
        self._model = model

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1, in the order given."""
        from torch.nn import Sigmoid

        if not passages:
            return np.zeros(0, np.float32)
        pairs = [(claim, passage) for passage in passages]
        found = self._model.predict(pairs, activation_fn=Sigmoid(), show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)


class _LateInteractionReranker:
    """A multi-vector model (ColBERT): the mean over the claim's words of the best cosine with a
    word of the passage (Khattab and Zaharia 2020, arXiv:2004.12832)."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._model.similarity_fn_name = "meanmaxsim"

    def scores(self, claim: str, passages: Sequence[str]) -> Floats:
        """Return how well each passage answers the claim, 0 to 1, in the order given."""
        if not passages:
            return np.zeros(0, np.float32)
        query = self._model.encode_query([claim], show_progress_bar=False)
        words = self._model.encode_document(list(passages), show_progress_bar=False)
        cosines: Floats = self._model.similarity(query, words)[0].numpy()
        return np.clip(cosines, 0, 1)


def load_reranker(name: str, settings: Settings) -> Reranker:
    """Return a reranker by its folder or its name on the model hub.

    Raises `ModelError` if there is none, or it is a model of another kind.
    """
    from sentence_transformers import MultiVectorEncoder

    model = load_pair_model(name, "SOURCE_FINDER_RERANKER", settings, late_interaction=True)
    if isinstance(model, MultiVectorEncoder):
        return _LateInteractionReranker(model)
    return _CrossEncoderReranker(name, model)


_STOP_WORD_WEIGHT = 0.1
"""The weight of a stop word in a verbatim run, beside 1 for any other word."""


_REPEATED = 3
"""How many passages are ranked for each one wanted, since some repeat others."""

_PIECES, _WORDS = SIGNALS.index("pieces"), SIGNALS.index("words")


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """A claim, or one spelling of it, ready to be searched.

    `words`: folded. `names_share`: see `signal_weights`. `query`: what the index is asked, with the
    weights that follow.
    """

    text: str
    words: tuple[str, ...]
    names_share: float
    query: Query


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that was found, and the spelling of the claim that found it."""

    hit: Hit
    query: QueryVectors
    document: SourceDocument
    passage: Passage


class Retriever:
    """Ranks the passages of an index for a claim. Safe to share between threads.

    `authority`: other spellings of names, see `read_authority`.
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

    def search(self, claim: str, k: int, only: Filter = EVERYTHING) -> list[RetrievedPassage]:
        """Return the `k` best passages for a claim in all its spellings, best first.

        Passages that repeat a better one are left out, and among nearly equal ones new documents
        come first. `only`: which may be found.
        """
        best: dict[str, tuple[Hit, QueryVectors]] = {}
        for text in (claim, *(respelling.text for respelling in self.respellings(claim))):
            parsed = self.parse(text, only)
            for hit in self._rank(parsed, _REPEATED * k):
                name = hit.passage_id
                if name not in best or hit.score > best[name][0].score:
                    best[name] = (hit, parsed.query.vectors)
        ranked = sorted(best.values(), key=lambda found: -found[0].score)[: _REPEATED * k]
        places = [self._place(hit.passage_id) for hit, _ in ranked]
        texts = [words(read_by_search(document, found.span).text) for document, found in places]
        kept = distinct_positions(texts, len(texts))
        lowered = lower_same_document(
            [ranked[i][0].score for i in kept], [places[i][0].document_id for i in kept]
        )
        order = sorted(zip(kept, lowered, strict=True), key=lambda pair: -pair[1])
        return [
            RetrievedPassage(
                replace(ranked[i][0], rank=rank, score=score), ranked[i][1], *places[i]
            )
            for rank, (i, score) in enumerate(order[:k], start=1)
        ]

    def make_filter(
        self,
        collections: Iterable[str] | None,
        after: str | int | None,
        before: str | int | None,
    ) -> Filter:
        """Return a filter for collections and dates; arguments and errors as in
        `SourceFinder.find_sources`."""
        given = [collections] if isinstance(collections, str) else collections
        wanted = None if given is None else frozenset(given)
        known = self.index.collections
        if unknown := (wanted or frozenset()) - known.keys():
            raise QuestionError(
                f"There is no collection {', '.join(sorted(unknown))} in this index; it has "
                f"{', '.join(known)}."
            )
        first, last = _check_date(after), _check_date(before)
        if first and last and days_of(first).first > days_of(last).last:
            raise QuestionError(
                f"No source is both from {first} on and up to {last}. Swap the two."
            )
        return Filter(wanted, first, last)

    def respellings(self, claim: str) -> list[Respelling]:
        """Return the claim with its names in other spellings that this index has."""
        own = tuple(dict.fromkeys(stems(words(claim))))

        def spellings(stem: str) -> Sequence[Sequence[str]]:
            return [self._authority.get(stem, ()), *self.index.spellings(stem, own)]

        return respell(claim, self.index.frequency, spellings)

    def unknown_names(self, text: str) -> list[str]:
        """Return the capitalised words of `text` that no indexed passage contains."""
        return [name for name, known in self._names(text) if not known]

    def names_nothing_known(self, text: str) -> bool:
        """Return whether `text` has names, and no indexed passage has any of them in any
        spelling."""
        known = [known for name, known in self._names(text) if not name.isupper()]
        if not known or any(known) or not capitalised_inside(text):  # the first word may be no name
            return False
        return not any(respelling.replaced for respelling in self.respellings(text))

    def _names(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield each capitalised word of `text` once, and whether a passage contains it."""
        seen = set()
        for name in (span.of(text) for span in capitalised(text)):
            folded = words(name)
            if any(word in stop_words() or len(word) < 2 for word in folded):
                continue
            if folded[0] not in seen:
                seen.add(folded[0])
                yield name, any(map(self.index.frequency, stems(folded)))

    def parse(self, claim: str, only: Filter = EVERYTHING) -> ParsedClaim:
        """Return a claim ready to be searched."""
        passages = self.index.passages
        frequencies = {stem: self.index.frequency(stem) for stem in stems(words(claim))}
        known = {s: inverse_frequency(n, passages) for s, n in frequencies.items() if n}
        total = sum(known.values())
        named = sum(known[stem] for stem in name_stems(claim) & known.keys())
        names_share = named / total if total else 0.0
        terms = weighted_terms(claim)
        weights = signal_weights(names_share, len(terms)).tolist()
        named_times, bare_days = times_and_days(claim)
        query = Query(
            terms=terms,
            vectors=self.encoder.encode_query(claim),
            times=named_times,
            days=bare_days,
            weights=dict(zip(SIGNALS, weights, strict=True)),
            only=only,
        )
        return ParsedClaim(claim, tuple(words(claim)), names_share, query)

    def _rank(self, claim: ParsedClaim, k: int) -> list[Hit]:
        """Return the hits for one spelling, best first."""
        found = self.index.search(claim.query, max(_RERANKED, k))
        ids = [candidate.passage_id for candidate in found]
        signals, weights = _signal_table(found), signal_row(claim.query.weights)
        quoting = np.argsort(-signals[:, _WORDS], kind="stable")[:_QUOTING]
        verbatim = np.zeros(len(ids), dtype=np.float32)
        verbatim[quoting] = self._verbatim(claim.words, [ids[i] for i in quoting])
        weighed = self._rerank(claim, ids, weigh(signals, weights))
        scores = reward_verbatim(weighed, verbatim)
        near = likeness(signals[:, _PIECES], verbatim)
        order = np.argsort(-scores, kind="stable")
        return [
            Hit(ids[i], float(scores[i]), rank, float(near[i]))
            for rank, i in enumerate(order, start=1)
        ]

    def _rerank(self, claim: ParsedClaim, ids: Sequence[str], scores: Floats) -> Floats:
        """Return the scores, with those of the reranker for the best passages if there is one."""
        if self.reranker is None:
            return scores
        best = np.argsort(-scores, kind="stable")[:_RERANK_DEPTH]
        texts = [self._text(ids[i]) for i in best]
        mixed = (1 - _WEIGHT) * scores
        mixed[best] += _WEIGHT * self.reranker.scores(claim.text, texts)
        return mixed.astype(np.float32)

    def _verbatim(self, claim: Sequence[str], ids: Sequence[str]) -> Floats:
        """Return the share of the claim that each passage has verbatim."""
        if len(claim) < VERBATIM_WORDS:
            return np.zeros(len(ids), np.float32)
        stop = stop_words()

        def weight(word: str) -> float:
            return _STOP_WORD_WEIGHT if word in stop else 1.0

        shares = [verbatim_share(claim, words(self._text(name)), weight) for name in ids]
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
    found = times(claim)
    full = {timex.first[5:] for timex in found if timex.first == timex.last}
    bare = (day for day in days(claim) if len(day) == len("03-12") and day not in full)
    return tuple((timex.first, timex.last) for timex in found), tuple(bare)


def _signal_table(found: Sequence[Candidate]) -> Floats:
    """Return the signals of candidates, (candidates, signals)."""
    rows = [signal_row(candidate.signals) for candidate in found]
    return np.stack(rows) if rows else np.zeros((0, len(SIGNALS)), np.float32)


def signal_row(values: Mapping[str, float]) -> Floats:
    """Return a value for each signal, in the order of `SIGNALS`."""
    return np.array([values[name] for name in SIGNALS], dtype=np.float32)


def _check_date(given: str | int | None) -> str | None:
    """Return a year or date as text. Raises `QuestionError` for anything else."""
    if given is None:
        return None
    try:
        days_of(str(given))
    except ValueError as error:
        raise QuestionError(f"{error}. Give a year (1964) or a date (1964-10-14).") from error
    return str(given)


log = logging.getLogger(__name__)

_MIN_LETTERS = 3
"""Shorter "names" are mostly initials."""


def read_authority(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the other spellings of each family name in the file, all folded; nothing without a
    file."""
    if not path.is_file():
        return {}
    found: dict[str, dict[str, None]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            spellings = _family_names([row["preferred"], *row["alternates"], *row["variants"]])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s, line %d is ignored: %r", path, number, error)
            continue
        for one, other in permutations(spellings, 2):
            found.setdefault(one, {})[other] = None
    return {name: tuple(others) for name, others in found.items()}


def _family_names(names: Iterable[str]) -> list[str]:
    """Return the different spellings of the family name in a person's names, folded: the part
    before the comma. Without a comma it could be any word, so such a name gives none.

    >>> _family_names(["Malinovsky, Rodion Y.", "Malinovskiy, Marshal", "the Marshal"])
    ['malinovsky', 'malinovskiy']
    """
    families = [name.partition(",")[0] for name in names if "," in name]
    folded = ["".join(words(family.partition("(")[0])) for family in families]
    return list(dict.fromkeys(name for name in folded if len(name) >= _MIN_LETTERS))
