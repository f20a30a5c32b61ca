"""An answer as text for a terminal."""

from __future__ import annotations

from rag.claims.transcripts import clock
from rag.datatypes import Answer, Claim, Evidence, Finding, Summary, VideoLink
from rag.wording import RELATION_WORDS, stands, verdict_words

LOOK_NEXT_OF_MANY = 2
"""Places to look next that are printed for each of many claims; `--json` has all."""


def answer_text(answer: Answer) -> str:
    """Return the answer: findings, what was set aside, summary, links, what was searched."""
    alone = len(answer.findings) == 1
    parts = [_finding_text(finding, detailed=alone) for finding in answer.findings]
    if answer.set_aside:
        lines = [f"  {claim.shown}  [{claim.set_aside}]" for claim in answer.set_aside]
        parts.append("Set aside, not looked up:\n" + "\n".join(lines))
    if answer.summary is not None:
        parts.append(_summary_text(answer.summary))
    parts += answer.notes
    parts += map(_video_text, answer.videos)
    parts.append("\n  ".join(["Searched:", *answer.searched]))
    return "\n\n".join(parts)


def _summary_text(summary: Summary) -> str:
    lines = [f"Summary by the language model {summary.model}, each sentence with its source:"]
    for statement in summary.statements:
        quote = " ".join(statement.quote.split())
        lines.append(f"  {statement.text}\n    “{quote}” {statement.citation}")
    if not summary.statements:
        lines.append("  No sentence of the summary could be verified.")
    lines += [f"  Struck: {why}" for why in summary.struck]
    return "\n".join(lines)


def _video_text(video: VideoLink) -> str:
    lines = [f"{video.url} on front ends that respect privacy:"]
    return "\n".join([*lines, *(f"  {name}: {url}" for name, url in video.mirrors)])


def _claim_text(claim: Claim) -> str:
    time = f" at {clock(claim.at_s)}" if claim.at_s is not None else ""
    lines = [f"Claim{time}: {' '.join(claim.shown.split())}"]
    if claim.said_by:
        lines.append(f"Said by {claim.said_by}.")
    if claim.resolved:
        lines.append(f"Looked up as: {claim.resolved}")
    return "\n".join(lines)


def _finding_text(finding: Finding, *, detailed: bool) -> str:
    lines = [_claim_text(finding.claim)]
    if finding.verdict == "not found":
        lines.append("Nothing in these sources bears on it.")
        if finding.nearest and detailed:
            lines.append("The nearest passages, which are not evidence:")
            lines += [
                _evidence_text(number, e, "not evidence")
                for number, e in enumerate(finding.nearest, 1)
            ]
    else:
        sure = f" ({finding.confidence:.0%} sure)" if finding.confidence is not None else ""
        lines.append(f"{verdict_words(finding)}{sure}.")
        lines += [_evidence_text(number, e) for number, e in enumerate(finding.evidence, 1)]
    lines += finding.notes
    if finding.verdict == "not found":
        lines.append("Where to look next:")
        for place in finding.look_next[: None if detailed else LOOK_NEXT_OF_MANY]:
            add = f" (to add it: source-finder fetch {place.fetch_id})" if place.fetch_id else ""
            lines.append(f"  {place.title}{add}\n    {place.url}")
    return "\n".join(lines)


def _evidence_text(number: int, evidence: Evidence, relation: str = "") -> str:
    judged = not relation
    relation = relation or RELATION_WORDS[evidence.relation].casefold()
    who = ", ".join(part for part in (evidence.creator, evidence.title, evidence.date) if part)
    place = f"{who}, {evidence.locator}" if evidence.locator else who
    lines = [
        f"\n{number}. {place}  [{relation}]",
        f"   “{' '.join(evidence.quote.split())}”",
        *(
            [f"   {stands(evidence.relation, evidence.reasons, evidence.bearing)}"]
            if judged
            else []
        ),
        f"   {evidence.citation}",
    ]
    if evidence.url:
        lines.append(f"   {evidence.url}")
    return "\n".join(lines)
