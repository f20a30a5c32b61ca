"""A judge that reads: the verifier's word, weighed with what can be looked up.

A passage supports a claim where it has all the claim's numbers and times and its probability
reaches a threshold, set on labelled search results so that nine in ten are right. It contradicts a
claim that is in its own words with a number, a time or a denial changed. (By probability alone it
never does: at no threshold were three in four right.) Everything else is left to the reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import Floats, Reason, Relation
from rag.embedding.encoder import Encoder
from rag.embedding.inference import fingerprint, model_folder
from rag.judging import Judgement, Probabilities, Quotation
from rag.relation.checks import Checked, check
from rag.relation.verifier import Reading, Verifier, load_verifier, read_weights

FEATURES = (
    "supports", "partly", "contradicts", "relevance", "likeness", "coverage",
    "numbers agree", "numbers differ", "numbers missing",
    "dates agree", "dates differ", "dates missing",
    "names agree", "names missing", "by the speaker",
)  # fmt: skip
"""What the probabilities are weighed from: the verifier's reading, and what can be looked up.
`training/weigh.py` fits the weights. The search's score adds nothing, and means something else in
a small index."""

WEIGHED = ("supports", "contradicts", "bears")
"""What is weighed."""

SURE = ("supports", "contradicts")
"""For what there is a probability from which on it is said."""

MISQUOTED = 0.95
"""How likely a passage contradicts a claim in its own words with a number, a time or a denial
changed: of 180 sentences changed by a program 164 were called so, of 60 unchanged ones none
(`python -m benchmarks.perturbations`)."""


class LearnedJudge:
    """Judges by the verifier and by what in a claim can be looked up.

    `weights`: for each of `WEIGHED` those of `FEATURES`, and the intercept at last. `sure`: from
    which probability on a passage supports or contradicts a claim.
    """

    def __init__(
        self, verifier: Verifier, weights: Mapping[str, Floats], sure: Mapping[str, float]
    ) -> None:
        self._verifier = verifier
        self._weights = weights
        self._sure = sure

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order."""
        checks = [check(claim, quotation) for quotation in quotations]
        readings = self._verifier.read([checked.unproven for checked in checks], quotations)
        return list(map(self._judgement, quotations, checks, readings))

    def _judgement(self, quotation: Quotation, checked: Checked, reading: Reading) -> Judgement:
        told = features(reading, checked)
        likely = {
            name: float(1 / (1 + np.exp(-(weights[:-1] @ told + weights[-1]))))
            for name, weights in self._weights.items()
        }
        relation = self._relation(likely, checked)
        if relation == "contradicts" and checked.misquoted:
            likely |= {"supports": 1 - MISQUOTED, "contradicts": MISQUOTED}
        # The words quoted are the best of the passage; others only where those do not decide.
        apart = quotation.span is None or not quotation.span.overlaps(reading.span)
        decides = reading.span if apart else quotation.span
        return Judgement(
            relation,
            Probabilities(*(likely[name] for name in WEIGHED)),
            reasons_of(relation, checked),
            None if relation == "context" else decides,
        )

    def _relation(self, likely: Mapping[str, float], checked: Checked) -> Relation:
        if likely["supports"] >= self._sure["supports"] and not checked.objections:
            return "supports"
        if checked.misquoted:
            return "contradicts"
        least = max(likely["supports"], self._sure["contradicts"])
        return "contradicts" if likely["contradicts"] >= least else "context"


def reasons_of(relation: Relation, checked: Checked) -> tuple[Reason, ...]:
    """Return what of a claim could be looked up and is told of a judgement, each thing once; a name
    of which words are missing is missing."""
    found = checked.agrees
    if relation != "supports":
        found = (*checked.differs, *checked.missing, *checked.agrees)
    once: dict[tuple[str, str], Reason] = {}
    for reason in found:
        once.setdefault((reason.aspect, reason.claim), reason)
    return tuple(once.values())


def load_learned(settings: Settings, encoder: Encoder) -> LearnedJudge:
    """Return the judge that is installed with the package. `encoder`: the index's; the default
    model is loaded beside it only where it is another one.

    Raises `ModelError` where the weights were altered.
    """
    arrays = read_weights()
    if encoder.fingerprint != fingerprint(model_folder(DEFAULT_MODEL, settings)):
        encoder = Encoder.load(DEFAULT_MODEL, settings)
    return LearnedJudge(
        load_verifier(encoder, arrays),
        {name: arrays[f"weights.{name}"] for name in WEIGHED},
        {name: float(arrays[f"sure.{name}"]) for name in SURE},
    )


def features(reading: Reading, checked: Checked) -> Floats:
    """Return `FEATURES` of a claim and a quotation, float32."""
    numbers, dates, names = (checked.count(aspect) for aspect in ("number", "date", "name"))
    return np.array(
        [
            _logit(reading.supports),
            _logit(reading.partly),
            _logit(reading.contradicts),
            _logit(reading.relevance),
            reading.likeness,
            reading.coverage,
            *np.minimum(numbers, 2),
            *np.minimum(dates, 1),
            min(names[0], 3),
            min(names[2], 3),
            checked.by_speaker,
        ],
        dtype=np.float32,
    )


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-4), 1 - 1e-4)
    return float(np.log(clipped / (1 - clipped)))
