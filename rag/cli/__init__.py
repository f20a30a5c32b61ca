"""What the commands share: options, progress bars and answers as text."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from rag.datatypes import (
    Answer,
    BuildReport,
    Claim,
    Evidence,
    FileProgress,
    Finding,
    Summary,
    VideoLink,
)
from rag.wording import RELATION_WORDS, clock, stands, verdict_words

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that control a terminal, and those that change the direction of a line."""


def harmless(text: str, as_json: bool = False) -> str:
    r"""Return a document's text without control characters, for a terminal.

    In JSON they are escaped, so that nothing is lost.

    >>> harmless("gold\x1b[2J"), harmless('"gold\x9b2J"', True)
    ('gold�[2J', '"gold\\u009b2J"')
    """
    if as_json:
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return _CONTROL.sub("\ufffd", text)


class TerminalProgress:
    """Shows a build's stages as progress bars with the remaining time."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None
        self._lock = threading.Lock()

    def __call__(self, stage: str, done: int, total: int, file: FileProgress | None = None) -> None:
        """Show that `done` of `total` (0: unknown) are done in `stage`."""
        from tqdm import tqdm

        with self._lock:
            if stage != self._stage:
                if self._bar is not None:
                    self._bar.close()
                self._stage = stage
                every_s = 0.1 if sys.stderr.isatty() else 10  # a log file needs no animation
                self._bar = tqdm(total=total or None, desc=stage, unit="", mininterval=every_s)
            if file is not None and sys.stderr.isatty():
                self._bar.set_postfix_str(harmless(f"{Path(file.path).name}: {file.state}"))
            self._bar.update(done - self._bar.n)
            if total and done >= total:
                self._bar.close()


_LOOK_NEXT_OF_MANY = 2
"""Places to look next printed for each of several claims; `--json` has all."""

LISTED = 20
"""Lines printed of a list; `--json` has all."""


def answer_text(answer: Answer) -> str:
    """Return an answer as text: findings, claims set aside, summary, links, what was searched."""
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
        for place in finding.look_next[: None if detailed else _LOOK_NEXT_OF_MANY]:
            add = f" (to add it: source-finder fetch {place.fetch_id})" if place.fetch_id else ""
            lines.append(f"  {place.title}{add}\n    {place.url}")
    return "\n".join(lines)


def _evidence_text(number: int, evidence: Evidence, relation: str = "") -> str:
    judged = not relation
    relation = relation or RELATION_WORDS[evidence.relation].casefold()
    who = ", ".join(part for part in (evidence.creator, evidence.title, evidence.date) if part)
    place = f"{who}, {evidence.locator}" if evidence.locator else who
    how = stands(evidence.relation, evidence.reasons, evidence.bearing, evidence.on_point)
    lines = [
        f"\n{number}. {place}  [{relation}]",
        f"   “{' '.join(evidence.quote.split())}”",
        *([f"   {how}"] if judged else []),
        f"   {evidence.citation}",
    ]
    if evidence.url:
        lines.append(f"   {evidence.url}")
    return "\n".join(lines)


def report_text(report: BuildReport) -> str:
    """Return a build's report as text: totals, changes, costs and problems."""
    return "\n".join(_lines(report))


def _lines(report: BuildReport) -> Iterator[str]:
    has = f"{_many(report.documents, 'document')}, {_many(report.passages, 'passage')}"
    yield f"Index {report.index}: {has}, {report.bytes_on_disk / 1e6:,.0f} MB."
    pages = f" with {_many(report.pages, 'page')}" if report.pages else ""
    if report.ocr_pages:
        pages += f", {report.ocr_pages:,} of them read by OCR"
    files = f"From {_many(report.files, 'file')}{pages}"
    if report.unchanged:
        yield f"{files}. Nothing has changed since the last build; nothing had to be done."
    else:
        yield f"{files}. {_many(report.files_read, 'file')} had to be read in this build."
        yield (
            f"Added {len(report.added):,}, changed {len(report.changed):,}, removed "
            f"{_many(len(report.removed), 'document')}; embedded "
            f"{_many(report.embedded, 'passage')}."
        )
    took = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items())
    yield f"Time: {sum(report.seconds.values()):.1f} s ({took})."
    yield from _list("Left out", (f"{s.path}: {s.reason}" for s in report.skipped))
    yield from _list("Moved, and still the same documents", (" -> ".join(m) for m in report.moved))
    copies = (f"{c.path}: {_many(c.documents, 'document')}, as {c.same_as}" for c in report.copies)
    yield from _list("Copies of another file, indexed once", copies)
    yield from _list("Nearly the same", (", ".join(group) for group in report.near_duplicates))
    yield from _list("Notes", report.notes)


def _list(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a title and an indented list; nothing for an empty list."""
    rest = list(lines)
    if rest:
        yield f"{title} ({len(rest):,}):"
        yield from (f"  {line}" for line in islice(rest, LISTED))
        if len(rest) > LISTED:
            yield f"  and {len(rest) - LISTED:,} more (--json prints all)"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
