"""Claim and quotation in, judgement out: does it bear on the claim, support or contradict it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.datatypes import Passage, Reason, Relation, SourceDocument, Span
from rag.embedding.encoder import Encoder
from rag.language import words
from rag.relation.alignment import Weight, align, coverage
from rag.relation.compare import ALIKE, Comparison, compare
from rag.relation.entailment import Entailment
from rag.relation.facts import ELSEWHERE, Source
from rag.relation.statement import Statement, read_statement
from rag.relation.wording import literal_share

BEARS_ON = 0.1
"""From this bearing on a quotation is shown as bearing on the claim."""

SUPPORTS = 0.45
"""From this probability on a quotation that leaves nothing open that can be checked supports
the claim."""

WITHOUT_DEED = 0.75
"""The same for a quotation that has nothing like what the claim says happened: "the Register was
thinner" beside "there were fewer pages in the Register"."""

CONTRADICTS = 0.4
"""From this bearing on a quotation that differs from the claim contradicts it."""

SURE = 0.8
"""From this probability on an entailment model's word is taken."""

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
class Judgement:
    """How a quotation stands to a claim, and why.

    `bearing`: how likely the quotation is about what the claim is about, 0 to 1; `says`: how
    likely it says what the claim says, where nothing that can be checked speaks against it.
    """

    relation: Relation
    reasons: tuple[Reason, ...]
    bearing: float
    says: float


NOT_JUDGED = Judgement("context", (), 0.0, 0.0)


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


def source_of(document: SourceDocument, passage: Passage, quotation: Span) -> Source:
    """Return a quotation with what stands around it."""
    heading = [document.creator, document.title, document.date, document.collection.title]
    return Source(
        read_statement(quotation.of(document.text)),
        passage.span.of(document.text),
        ", ".join(part for part in heading if part),
        document.date,
        document.creator,
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
            return [_by_rules(comparison, like) for comparison, like in measured]
        told = self._entailment.predict(claim, [source.quotation.text for source in sources])
        return [
            _by_model(_by_rules(comparison, like), comparison, *probabilities)
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
            said = comparison.pairs
            found = _count_checked([r for r in comparison.agrees if self._tells(r)])
            unfound = _count_checked(comparison.missing)
            alike = Likeness(
                sentence=float(whole[-1] @ vectors[-1]),
                coverage=coverage(said),
                found=found,
                unfound=unfound,
                numbers=_count_numbers(comparison.agrees),
                done=max((pair.likeness for pair in said if pair.claim.predicate), default=1.0),
                unsaid=sum(pair.weight for pair in said if pair.likeness < ALIKE),
                literal=literal_share(pairs),
            )
            result.append((comparison, alike))
        return result


def _count_checked(reasons: Sequence[Reason]) -> int:
    return min(sum(reason.aspect in _CHECKED for reason in reasons), MOST_CHECKED)


def _count_numbers(reasons: Sequence[Reason]) -> int:
    """Return how many numbers agree with one in the quotation itself."""
    found = sum(r.aspect == "number" and not r.source.endswith(ELSEWHERE) for r in reasons)
    return min(found, MOST_CHECKED)


def _spans(text: Statement) -> list[Span]:
    """Return the content words, and the whole."""
    return [*(word.span for word in text.words), Span(0, len(text.text))]


def _by_rules(comparison: Comparison, like: Likeness) -> Judgement:
    relation: Relation = "context"
    if comparison.differs:
        elsewhere = any(reason.aspect in {"name", "place"} for reason in comparison.missing)
        if like.bearing >= CONTRADICTS and not elsewhere:  # who or where else may be meant
            relation = "contradicts"
    elif not comparison.missing and like.says >= (SUPPORTS if like.has_the_deed else WITHOUT_DEED):
        relation = "supports"
    unsaid = () if relation == "supports" else comparison.unsaid
    reasons = (*comparison.differs, *comparison.missing, *unsaid, *comparison.agrees)
    return Judgement(relation, reasons, like.bearing, like.says)


def _by_model(
    ruled: Judgement, comparison: Comparison, entails: float, contradicts: float
) -> Judgement:
    """Return the model's word where it is sure. It cannot make support of a quotation that
    differs from the claim, or lacks one of its numbers, dates and names."""
    open_to_it = not comparison.differs and not _count_checked(comparison.missing)
    if contradicts >= SURE:
        return replace(ruled, relation="contradicts")
    if entails >= SURE and open_to_it:
        return replace(ruled, relation="supports", says=entails)
    if ruled.relation != "context" and max(entails, contradicts) < 1 - SURE:
        return replace(ruled, relation="context")
    return ruled
