"""Short words of the page for what `rag.datatypes` names; longer ones are in `rag.wording`."""

from __future__ import annotations

from rag.datatypes import Finding, Verdict

BADGE: dict[Verdict, str] = {
    "supported": "Supported",
    "contradicted": "Contradicted",
    "mixed": "Sources disagree",
    "related": "For you to judge",
    "not found": "Not found here",
}

COUNT: dict[Verdict, str] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "mixed": "disputed",
    "related": "for you to judge",
    "not found": "not found",
}

ASKED = "Passages on this"
"""The badge of a question and of a topic, which are not judged."""


def badge(finding: Finding) -> str:
    """Return a claim's verdict in two or three words."""
    asked = finding.claim.form != "claim" and finding.evidence
    return ASKED if asked else BADGE[finding.verdict]


def verdict_class(verdict: str) -> str:
    """Return the class name of a verdict or relation.

    >>> verdict_class("not found")
    'sf-not-found'
    """
    return f"sf-{verdict.replace(' ', '-')}"


def confidence(finding: Finding) -> str:
    """Return how far a verdict can be trusted, "" where that was not measured."""
    if finding.confidence is None:
        return ""
    right = f"{100 * finding.confidence:.0f} in 100"
    return f"Of passages judged like these, {right} turned out to be judged correctly"
