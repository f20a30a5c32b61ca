"""A judge that goes by rules: what differs or is missing decides, then two regressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.datatypes import Floats, Reason, Relation, Span
from rag.embedding.encoder import Encoder
from rag.judging import Judgement, Probabilities, Quotation
from rag.language import words
from rag.relation.alignment import Weight, align, coverage
from rag.relation.compare import ALIKE, Comparison, compare
from rag.relation.facts import ELSEWHERE, Source
from rag.relation.statement import Statement, read_statement
from rag.relation.wording import literal_share

SUPPORTS = 0.45
"""From this probability on a quotation that leaves nothing open that can be checked supports
the claim."""

WITHOUT_DEED = 0.75
"""The same for a quotation that has nothing like what the claim says happened: "the Register was
thinner" beside "there were fewer pages in the Register"."""

CONTRADICTS = 0.4
"""From this bearing on a quotation that differs from the claim contradicts it."""

BEARING = {"sentence": 7.3, "coverage": 2.9, "found": 0.85, "unfound": -1.05}
BEARING_INTERCEPT = -7.55
SAYS = {
    "sentence": 4.35,
    "coverage": 1.2,
    "found": 0.6,
    "numbers": 0.85,
    "done": 0.95,
    "unsaid": -2.25,
}
SAYS_INTERCEPT = -4.65
"""Logistic regressions on development claims; `python -m benchmarks.relation --fit` prints them."""

NUMBERS_FOR_A_DEED = 2
"""So many numbers in common stand for something like what happened. With neither, sources on
the same persons and places would support whatever is said of them."""

_CHECKED = {"name", "place", "number", "date"}
MOST_CHECKED = 3
"""Facts counted at most: a claim full of dates is not surer for each of them."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What tells that a quotation is about the same thing as a claim, and says the same.

    `sentence`: cosine of the two as wholes; `coverage`: see `alignment.coverage`; `found` and
    `unfound`: how many of the claim's names, numbers and dates the source has and has not, and
    `numbers` how many numbers the quotation itself has, `MOST_CHECKED` at most; `done`: the
    likeness of what happened, at best, 1 where nothing did ("had 9,000 men"); `unsaid`: the
    share of the claim that the quotation has nothing like; `literal`: see
    `wording.literal_share`.
    """

    sentence: float
    coverage: float
    found: int
    unfound: int
    numbers: int
    done: float
    unsaid: float
    literal: float = 0.0

    @property
    def bearing(self) -> float:
        """The probability that the quotation is about the same thing; at least the share of the
        claim that it has in the claim's own wording, however long its sentences are."""
        return max(self._probability(BEARING, BEARING_INTERCEPT), self.literal)

    @property
    def says(self) -> float:
        """The probability that the quotation says what the claim says, where nothing that can be
        checked differs or is missing."""
        return max(self._probability(SAYS, SAYS_INTERCEPT), self.literal)

    @property
    def has_the_deed(self) -> bool:
        """Whether the quotation has something like what the claim says happened."""
        return self.done >= ALIKE or self.numbers >= NUMBERS_FOR_A_DEED or self.literal > 0

    def _probability(self, weights: Mapping[str, float], intercept: float) -> float:
        score = intercept + sum(w * getattr(self, feature) for feature, w in weights.items())
        return 1 / (1 + math.exp(-score))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a judgement by rules rests on."""

    comparison: Comparison
    like: Likeness

    @property
    def open(self) -> bool:
        """Whether none of the claim's numbers, dates and names differs or is missing."""
        return not self.comparison.differs and not _count_checked(self.comparison.missing)

    def judgement(self) -> Judgement:
        """Return what the rules make of it."""
        compared, like = self.comparison, self.like
        relation: Relation = "context"
        if compared.differs:
            elsewhere = any(reason.aspect in {"name", "place"} for reason in compared.missing)
            if like.bearing >= CONTRADICTS and not elsewhere:  # who or where else may be meant
                relation = "contradicts"
        elif not compared.missing and like.says >= (
            SUPPORTS if like.has_the_deed else WITHOUT_DEED
        ):
            relation = "supports"
        unsaid = () if relation == "supports" else compared.unsaid
        reasons = (*compared.differs, *compared.missing, *unsaid, *compared.agrees)
        against = like.bearing if relation == "contradicts" else 0.0
        return Judgement(relation, Probabilities(like.says, against, like.bearing), reasons)


class RuleJudge:
    """Judges quotations by what in a claim can be checked.

    `weight` tells how much a word counts (its rarity in the sources); `telling`: whether a word
    of a name is rare enough in the sources to tell what they are about.
    """

    def __init__(
        self,
        encoder: Encoder,
        weight: Weight,
        telling: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.encoder = encoder
        self._weight = weight
        self._telling = telling

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order."""
        return [measured.judgement() for measured in self.measure(claim, quotations)]

    def compare(self, claim: str, quotation: Quotation) -> Comparison:
        """Return what of a claim a quotation has, has otherwise, and has not."""
        (measured,) = self.measure(claim, [quotation])
        return measured.comparison

    def _tells(self, reason: Reason) -> bool:
        """Return whether an agreement tells that two texts are about the same thing: not a name
        that every twentieth passage has, like China in diplomatic papers."""
        if reason.aspect not in {"name", "place"}:
            return True
        return any(map(self._telling, words(reason.claim)))

    def measure(self, claim: str, quotations: Sequence[Quotation]) -> list[Measured]:
        """Return what each judgement rests on."""
        if not quotations:
            return []
        statement = read_statement(claim)
        sources = [_source(quotation) for quotation in quotations]
        texts = [statement, *(source.quotation for source in sources)]
        (whole, *others) = self.encoder.encode_spans(
            [text.text for text in texts], [_spans(text) for text in texts]
        )
        return [
            self._measured(statement, source, whole, vectors)
            for source, vectors in zip(sources, others, strict=True)
        ]

    def _measured(
        self, statement: Statement, source: Source, whole: Floats, vectors: Floats
    ) -> Measured:
        """Return what a source has in common with a claim. `whole`, `vectors`: of the words of
        each, and at last of its text."""
        pairs = align(statement, source.quotation, whole[:-1] @ vectors[:-1].T, self._weight)
        comparison = compare(statement, source, pairs)
        said = comparison.pairs
        like = Likeness(
            sentence=float(whole[-1] @ vectors[-1]),
            coverage=coverage(said),
            found=_count_checked([r for r in comparison.agrees if self._tells(r)]),
            unfound=_count_checked(comparison.missing),
            numbers=_count_numbers(comparison.agrees),
            done=max((pair.likeness for pair in said if pair.claim.predicate), default=1.0),
            unsaid=sum(pair.weight for pair in said if pair.likeness < ALIKE),
            literal=literal_share(pairs),
        )
        return Measured(comparison, like)


def _source(quotation: Quotation) -> Source:
    """Return a quotation as the rules read it."""
    return Source(
        read_statement(quotation.text),
        quotation.passage,
        quotation.heading,
        quotation.date or None,
        quotation.creator or None,
    )


def _count_checked(reasons: Sequence[Reason]) -> int:
    return min(sum(reason.aspect in _CHECKED for reason in reasons), MOST_CHECKED)


def _count_numbers(reasons: Sequence[Reason]) -> int:
    """Return how many numbers agree with one in the quotation itself."""
    found = sum(r.aspect == "number" and not r.source.endswith(ELSEWHERE) for r in reasons)
    return min(found, MOST_CHECKED)


def _spans(text: Statement) -> list[Span]:
    """Return the content words, and the whole."""
    return [*(word.span for word in text.words), Span(0, len(text.text))]
