"""Evidence into a verdict, and how sure one may be of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.datatypes import Claim, Evidence, Kind, Relation, Verdict
from rag.language import of_date, times

STANDING: dict[Kind, float] = {
    "primary": 1.0,
    "unknown": 0.9,
    "memoir": 0.8,
    "secondary": 0.7,
    "editorial": 0.6,
}
"""How much a kind of source counts: a record of the time before a memoir, and that before
another's words. A historian's order; the steps are a choice and not measured."""

AFTER_A_GENERATION = 0.8
"""What a source counts that was written thirty years after what it tells, beside 1 at once."""

GENERATION_YEARS = 30

_SLOPE, _SHIFT = 0.7, 0.99
"""From the combined strength of a verdict's evidence to the share of such verdicts that were
right on claims with known answers: `python -m benchmarks.calibration` prints it."""


def verdict_of(evidence: Sequence[Evidence]) -> Verdict:
    """Return what evidence that bears on a claim says about it as a whole."""
    relations = {item.relation for item in evidence}
    if relations >= {"supports", "contradicts"}:
        return "mixed"
    if "supports" in relations:
        return "supported"
    if "contradicts" in relations:
        return "contradicted"
    return "related" if evidence else "not found"


def confidence_in(verdict: Verdict, claim: Claim, evidence: Sequence[Evidence]) -> float | None:
    """Return how likely a verdict of supported or contradicted is right, None for others.

    A document and its copies count once, as their best evidence, by its standing and by how
    long after the event it was written; independent documents add up (noisy-or), then the sum
    is mapped to what was observed (Platt 1999).
    """
    deciding: dict[Verdict, Relation] = {"supported": "supports", "contradicted": "contradicts"}
    if verdict not in deciding:
        return None
    raw = combined(claim, [item for item in evidence if item.relation == deciding[verdict]])
    logit = math.log(raw / (1 - raw))
    return round(1 / (1 + math.exp(-(_SLOPE * logit + _SHIFT))), 2)


def combined(claim: Claim, evidence: Sequence[Evidence]) -> float:
    """Return how strong evidence is together, between 0 and 1: one minus the chance that none of
    its sources says it (or, where they contradict, denies it). Copies of a document are one
    source."""
    best: dict[str, float] = {}
    for item in evidence:
        sure = item.says if item.relation == "supports" else item.denies
        worth = sure * STANDING[item.kind] * _at_the_time(claim, item)
        source = min(item.document_id, *item.copies)
        best[source] = max(best.get(source, 0.0), worth)
    missed = math.prod(1 - worth for worth in best.values())
    return min(max(1 - missed, 0.01), 0.99)


def _at_the_time(claim: Claim, item: Evidence) -> float:
    """Return how much a source counts by the years between the event and its own date: 1 for
    the same year, `AFTER_A_GENERATION` from a generation on; 1 where either is not known."""
    told = times(claim.query) or times(item.quote)
    if not told or not item.date:
        return 1.0
    after = of_date(item.date).years[0] - told[-1].years[1]
    share = min(max(after, 0), GENERATION_YEARS) / GENERATION_YEARS
    return 1 - share * (1 - AFTER_A_GENERATION)
