"""The two tables, in Markdown."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from benchmarks.peers.budget import METRICS, interval
from benchmarks.peers.environments import OURS, SYSTEMS
from benchmarks.peers.sets import ClaimSet

Figures = Sequence[Sequence[float]]
"""Per claim, the `METRICS`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a system costs on the State of the Union addresses. Disk and memory in millions
    of bytes, times of a query in milliseconds."""

    build_s_per_mb: float
    median_ms: float
    p95_ms: float
    memory_mb: float
    disk_mb: float


def quality_table(claim_set: ClaimSet, results: Mapping[str, Figures | str]) -> str:
    """Return a set's table: a line for each system, or why it has none."""
    measured = {name: result for name, result in results.items() if not isinstance(result, str)}
    count = len(next(iter(measured.values()))) if measured else 0
    note = "; ours was tuned on claims of this set" if claim_set.tuned else ""
    lines = [
        f"**{claim_set.name}**: {count} claims{note}",
        "",
        f"| | {' | '.join(METRICS)} | 95 % of nDCG@10 |",
        "|---|" + "---|" * (len(METRICS) + 1),
    ]
    means = {
        name: [statistics.fmean(column) for column in zip(*figures, strict=True)]
        for name, figures in measured.items()
    }
    best = [max(column) for column in zip(*means.values(), strict=True)]
    for name, result in results.items():
        if isinstance(result, str):
            lines.append(f"| {SYSTEMS[name].name} | {result} |" + " |" * len(METRICS))
            continue
        cells = [_bold(mean, best[i]) for i, mean in enumerate(means[name])]
        low, high = interval([row[-1] for row in result])
        lines.append(f"| {SYSTEMS[name].name} | {' | '.join(cells)} | {low:.2f} to {high:.2f} |")
    return "\n".join([*lines, "", _lead(measured, means)])


def _bold(mean: float, best: float) -> str:
    shown = f"{mean:.3f}".removeprefix("0") if mean < 1 else "1.000"
    return f"**{shown}**" if mean == best else shown


def _lead(measured: Mapping[str, Figures], means: Mapping[str, Sequence[float]]) -> str:
    """Return by how much ours leads the best of the others, claim by claim."""
    others = {name: mean[-1] for name, mean in means.items() if name != "ours"}
    if "ours" not in measured or not others:
        return ""
    rival = max(others, key=lambda name: others[name])
    differences = [
        ours[-1] - theirs[-1]
        for ours, theirs in zip(measured["ours"], measured[rival], strict=True)
    ]
    low, high = interval(differences)
    return (
        f"nDCG@10, {OURS.name} less {SYSTEMS[rival].name}: "
        f"{statistics.fmean(differences):+.3f} (95 %: {low:+.3f} to {high:+.3f})"
    )


def cost_table(costs: Mapping[str, Cost | str]) -> str:
    """Return the table of what each system costs."""
    lines = [
        "| | build, s per MB | query median, ms | p95, ms | memory, MB | disk, MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        label = SYSTEMS[name].name
        if isinstance(cost, str):
            lines.append(f"| {label} | {cost} | | | | |")
        else:
            lines.append(
                f"| {label} | {cost.build_s_per_mb:.1f} | {cost.median_ms:.1f} |"
                f" {cost.p95_ms:.1f} | {cost.memory_mb:.0f} | {cost.disk_mb:.0f} |"
            )
    return "\n".join(lines)


def percentile_95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return float(np.percentile(values, 95))


PREFACE = """# Beside other retrieval

`python -m benchmarks.peers` writes everything above "Reading" ({when}, {cores} cores); do not
edit that part.

All systems get the same texts, the same claims and the same model (all-MiniLM-L6-v2); their
versions are in `benchmarks/peers/requirements`. All but ours get the same chunks, as in
LangChain's tutorials: 1,000 characters with an overlap of 200, each headed by who, what and when.
(The default chunks of LlamaIndex and paper-qa are four to five times as long: the model would
read a quarter of each, and the budget below would hold two. txtai and bm25s leave chunking to the
user.) Each system is asked for {asked} stretches of text.

## Quality

All systems get the same budget: what counts is what a reader finds in the first {budget:,}
characters returned. The rank is how many thousand characters one reads before the relevant text
begins, but never better than its place in the list. What is relevant: for the State of the Union
(sotu), a stretch that overlaps the gold span, among 249 addresses; for FRUS, a document that the
editors cite, among 5,046 in 16 volumes; for SciFact, an abstract that bears on a scientific
claim, among 5,183. For FRUS editorial notes and footnotes, the citing document itself does not
count; the footnotes are a fixed random sample. The best figures are in bold.

"""

COST_PREFACE = """## Cost

Measured on the State of the Union addresses, each system embedding in its own way. Build: a
sample of {sample:.2f} MB, scaled to a megabyte of text, without loading the model. Query:
{queries} claims one by one after a first one, ten passages each, embedding included. Memory:
resident memory of the answering process, model included. Disk: the index of all 249 addresses.

"""


def preface(asked: int, budget: int) -> str:
    """Return what stands above the tables."""
    when = datetime.now(UTC).date().isoformat()
    return PREFACE.format(when=when, cores=os.cpu_count(), asked=asked, budget=budget)
