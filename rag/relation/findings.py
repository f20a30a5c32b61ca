"""Evidence into a verdict, and how sure one may be of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.datatypes import Evidence, Relation, Verdict

MOST_SURE = 0.99


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


def confidence_in(verdict: Verdict, evidence: Sequence[Evidence]) -> float | None:
    """Return how likely a verdict of supported or contradicted is right, None for others.

    One minus the chance that none of the passages that decide it is read rightly (noisy-or); a
    document and its copies are one source, as their surest passage. What a passage's own
    probability is worth `python -m benchmarks.verifier` prints.
    """
    deciding: dict[Verdict, Relation] = {"supported": "supports", "contradicted": "contradicts"}
    if verdict not in deciding:
        return None
    best: dict[str, float] = {}
    for item in evidence:
        if item.relation == deciding[verdict]:
            source = min(item.document_id, *item.copies)
            sure = item.says if item.relation == "supports" else item.denies
            best[source] = max(best.get(source, 0.0), sure)
    missed = math.prod(1 - sure for sure in best.values())
    return round(min(1 - missed, MOST_SURE), 2)
