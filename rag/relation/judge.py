"""Claim and quotation in, judgement out: does it bear on the claim, support or contradict it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.datatypes import Passage, Reason, Relation, SourceDocument, Span
from rag.embedding.encoder import Encoder
from rag.relation.alignment import Weight, align, coverage, literal_share
from rag.relation.compare import Comparison, Source, compare
from rag.relation.entailment import Entailment
from rag.relation.statement import Statement, read_statement
from rag.text import words

BEARS_ON = 0.1
"""From this bearing on a quotation is shown as bearing on the claim."""

SUPPORTS = 0.5
"""From this bearing on a quotation that leaves nothing of the claim open supports it."""

CONTRADICTS = 0.4
"""From this bearing on a quotation that differs from the claim contradicts it."""

SURE = 0.8
"""From this probability on an entailment model's word is taken."""

_WEIGHTS = {"sentence": 6.7, "coverage": 2.5, "found": 1.1, "unfound": -1.0}
_INTERCEPT = -7.7
"""Logistic regression on development claims; `python -m benchmarks.relation --fit` prints it."""

_CHECKED = {"name", "place", "number", "date"}
MOST_CHECKED = 3
"""Facts counted at most: a claim full of dates is not surer for each of them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a quotation stands to a claim, and why.

    `bearing`: how likely the quotation is about what the claim is about, 0 to 1.
    """

    relation: Relation
    reasons: tuple[Reason, ...]
    bearing: float


NOT_JUDGED = Judgement("context", (), 0.0)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What tells that a quotation is about the same thing as a claim, whatever it says of it.

    `sentence`: cosine of the two as wholes; `coverage`: see `alignment.coverage`; `found` and
    `unfound`: how many of the claim's names, numbers and dates the source has and has not,
    `MOST_CHECKED` at most; `literal`: see `alignment.literal_share`.
    """

    sentence: float
    coverage: float
    found: int
    unfound: int
    literal: float = 0.0

    @property
    def bearing(self) -> float:
        """The probability that the quotation is about the same thing; at least the share of the
        claim that it has in the claim's own wording, however long its sentences are."""
        score = _INTERCEPT + sum(
            weight * getattr(self, feature) for feature, weight in _WEIGHTS.items()
        )
        return max(1 / (1 + math.exp(-score)), self.literal)


def source_of(document: SourceDocument, passage: Passage, quotation: Span) -> Source:
    """Return a quotation with what stands around it."""
    heading = [document.creator, document.title, document.date, document.collection.title]
    return Source(
        read_statement(quotation.of(document.text)),
        passage.span.of(document.text),
        ", ".join(part for part in heading if part),
        document.date,
    )


class Judge:
    """Judges quotations. Works on any claim and quotation, whatever found them.

    `weight` tells how much a word counts (its rarity in the sources); `entailment`: a model
    to ask beside the rules, None for the rules alone; `telling`: whether a word of a name is rare
    enough in the sources to tell what they are about.
    """

    def __init__(
        self,
        encoder: Encoder,
        weight: Weight,
        entailment: Entailment | None = None,
        telling: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._encoder = encoder
        self._weight = weight
        self._entailment = entailment
        self._telling = telling

    def judge(self, claim: str, sources: Sequence[Source]) -> list[Judgement]:
        """Return a judgement of each source's quotation, in order."""
        if not sources:
            return []
        measured = self.measure(claim, sources)
        if self._entailment is None:
            return [_by_rules(comparison, like.bearing) for comparison, like in measured]
        told = self._entailment.predict(claim, [source.quotation.text for source in sources])
        return [
            _by_model(_by_rules(comparison, like.bearing), comparison, *probabilities)
            for (comparison, like), probabilities in zip(measured, told, strict=True)
        ]

    def _tells(self, reason: Reason) -> bool:
        """Return whether an agreement tells that two texts are about the same thing: not a name
        that every twentieth passage has, like China in diplomatic papers."""
        if reason.aspect not in {"name", "place"}:
            return True
        return any(map(self._telling, words(reason.claim)))

    def measure(self, claim: str, sources: Sequence[Source]) -> list[tuple[Comparison, Likeness]]:
        """Return what each judgement rests on."""
        statement = read_statement(claim)
        texts = [statement, *(source.quotation for source in sources)]
        (whole, *others) = self._encoder.encode_spans(
            [text.text for text in texts], [_spans(text) for text in texts]
        )
        result = []
        for source, vectors in zip(sources, others, strict=True):
            cosines = whole[:-1] @ vectors[:-1].T
            pairs = align(statement, source.quotation, cosines, self._weight)
            comparison = compare(statement, source, pairs)
            found = _count_checked([r for r in comparison.agrees if self._tells(r)])
            unfound = _count_checked(comparison.missing)
            sentence, covered = float(whole[-1] @ vectors[-1]), coverage(pairs)
            alike = Likeness(sentence, covered, found, unfound, literal_share(pairs))
            result.append((comparison, alike))
        return result


def _count_checked(reasons: Sequence[Reason]) -> int:
    return min(sum(reason.aspect in _CHECKED for reason in reasons), MOST_CHECKED)


def _spans(text: Statement) -> list[Span]:
    """Return the content words, and the whole."""
    return [*(word.span for word in text.words), Span(0, len(text.text))]


def _by_rules(comparison: Comparison, bearing: float) -> Judgement:
    relation: Relation = "context"
    if comparison.differs:
        relation = "contradicts" if bearing >= CONTRADICTS else "context"
    elif not comparison.missing and bearing >= SUPPORTS:
        relation = "supports"
    reasons = (*comparison.differs, *comparison.missing, *comparison.agrees)
    return Judgement(relation, reasons, bearing)


def _by_model(
    ruled: Judgement, comparison: Comparison, entails: float, contradicts: float
) -> Judgement:
    """Return the model's word where it is sure. It cannot make support of a quotation that
    differs from the claim in a number, a date or a name."""
    open_to_it = not _count_checked((*comparison.differs, *comparison.missing))
    if contradicts >= SURE:
        return Judgement("contradicts", ruled.reasons, ruled.bearing)
    if entails >= SURE and open_to_it:
        return Judgement("supports", ruled.reasons, ruled.bearing)
    if ruled.relation != "context" and max(entails, contradicts) < 1 - SURE:
        return Judgement("context", ruled.reasons, ruled.bearing)
    return ruled
