"""A judge that reads: the verifier's word, weighed with what can be looked up and measured.

A passage supports a claim only from a probability on that was set on labelled search results so
that nine in ten are right, and where the rules see nothing that differs. It contradicts the claim
only where they say so, too. Everything else is left to the reader. Whether it bears on the claim
at all is the rules' measure: unlike the verifier's and the search's, it means the same in a small
index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import Floats, Reason, Relation
from rag.embedding.encoder import Encoder
from rag.embedding.inference import fingerprint, model_folder
from rag.judging import Judgement, Probabilities, Quotation
from rag.relation.checks import Checked, check
from rag.relation.rules import Measured, RuleJudge
from rag.relation.verifier import Reading, Verifier, load_verifier, read_weights

CONTRADICTS = 0.35
"""From this probability on a passage contradicts a claim that the rules call contradicted, too: of
4 such results among 4,794 that the weights were set on, 3 were right; of the rules' 30 alone 6."""

FEATURES = (
    "supports", "partly", "contradicts", "relevance", "score",
    "numbers agree", "numbers differ", "numbers missing",
    "dates agree", "dates differ", "dates missing",
    "names agree", "names missing", "by the speaker",
    "sentence", "coverage", "found", "unfound", "numbers", "done", "unsaid", "literal",
    "says", "differs", "missing",
)  # fmt: skip
"""What the probabilities are weighed from: the verifier's reading, the search's score, what can be
looked up, and what the rules measure of the words quoted (`rules.Likeness`). `training/weigh.py`
fits the weights."""


class LearnedJudge:
    """Judges by the verifier and by what in a claim can be looked up.

    `weights`: for "supports" and "contradicts" those of `FEATURES`, and the
    intercept at last. `sure`: from which probability on a passage supports a claim.
    `rules`: what sees differences.
    """

    def __init__(
        self,
        verifier: Verifier,
        weights: Mapping[str, Floats],
        sure: float,
        rules: RuleJudge,
    ) -> None:
        self._verifier = verifier
        self._weights = weights
        self._sure = sure
        self._rules = rules

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order."""
        if not quotations:
            return []
        readings = self._verifier.read(claim, quotations)
        measured = self._rules.measure(claim, quotations)
        return [
            self._judgement(claim, *told)
            for told in zip(quotations, readings, measured, strict=True)
        ]

    def _judgement(
        self, claim: str, quotation: Quotation, reading: Reading, measured: Measured
    ) -> Judgement:
        checked = check(claim, quotation)
        told = features(reading, checked, measured, quotation.score)
        likely = {
            name: float(1 / (1 + np.exp(-(weights[:-1] @ told + weights[-1]))))
            for name, weights in self._weights.items()
        }
        # The words quoted are the best of the passage; others only where those do not decide.
        apart = quotation.span is None or not quotation.span.overlaps(reading.span)
        decides = replace(quotation, span=reading.span) if apart else quotation
        relation: Relation = "context"
        reasons = (*checked.differs, *checked.missing, *checked.agrees)
        if likely["supports"] >= self._sure:
            objections = self._objections(claim, decides)
            relation = "context" if objections else "supports"
            reasons = (*objections, *checked.agrees)
        elif likely["contradicts"] >= max(likely["supports"], CONTRADICTS):
            (ruled,) = self._rules.judge(claim, [decides])
            if ruled.relation == "contradicts":
                relation, reasons = ruled.relation, ruled.reasons
        return Judgement(
            relation,
            Probabilities(likely["supports"], likely["contradicts"], measured.like.bearing),
            reasons,
            None if relation == "context" else decides.span,
        )

    def _objections(self, claim: str, quotation: Quotation) -> tuple[Reason, ...]:
        """Return what speaks against that the words quoted support the claim: what differs, and
        the numbers and times of the claim that they have not."""
        compared = self._rules.compare(claim, quotation)
        missing = (r for r in compared.missing if r.aspect in {"number", "date"})
        return (*compared.differs, *missing)


def load_learned(settings: Settings, encoder: Encoder, rules: RuleJudge) -> LearnedJudge:
    """Return the judge that is installed with the package. `encoder`: the index's; the default
    model is loaded beside it only where it is another one.

    Raises `ModelError` where the weights were altered.
    """
    arrays = read_weights()
    if encoder.fingerprint != fingerprint(model_folder(DEFAULT_MODEL)):
        encoder = Encoder.load(DEFAULT_MODEL, settings)
    return LearnedJudge(
        load_verifier(encoder, arrays),
        {name: arrays[f"weights.{name}"] for name in ("supports", "contradicts")},
        float(arrays["sure"]),
        rules,
    )


def features(reading: Reading, checked: Checked, measured: Measured, score: float) -> Floats:
    """Return `FEATURES` of a claim and a quotation, float32. `score`: what the search gave it."""
    numbers, dates, names = (checked.count(aspect) for aspect in ("number", "date", "name"))
    like, compared = measured.like, measured.comparison
    return np.array(
        [
            _logit(reading.supports),
            _logit(reading.partly),
            _logit(reading.contradicts),
            _logit(reading.relevance),
            score,
            *np.minimum(numbers, 2),
            *np.minimum(dates, 1),
            min(names[0], 3),
            min(names[2], 3),
            checked.by_speaker,
            like.sentence,
            like.coverage,
            like.found,
            like.unfound,
            like.numbers,
            like.done,
            like.unsaid,
            like.literal,
            _logit(like.says),
            min(len(compared.differs), 2),
            min(len(compared.missing), 3),
        ],
        dtype=np.float32,
    )


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-4), 1 - 1e-4)
    return float(np.log(clipped / (1 - clipped)))
