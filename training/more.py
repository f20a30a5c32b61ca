"""Pairs that nobody wrote for this project: public ones, and sentences changed by a program."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.changes import CHANGES
from rag.datatypes import Span
from rag.language import sentences
from training.pairs import Pair

PUBLIC_WEIGHT = PROGRAM_WEIGHT = 0.5
WORDS = range(8, 35)
"""How many words a sentence has that is changed."""

NAMES = (
    "Monroe Jackson Lincoln Mexico France Spain Texas China Moscow Churchill Nehru Grant Douglass "
    "Iran Cuba Ohio Virginia Nasser Bowles Kennedy Johnson Persia Chile Rusk Adams Polk Tyler "
    "Prussia Boston Richmond"
).split()

_SNLI = {"entailment": "supports", "contradiction": "contradicts", "neutral": "neutral"}
_FEVER = {"SUPPORTS": "supports", "REFUTES": "contradicts"}


def public(folder: Path) -> Iterator[Pair]:
    """Yield the pairs of counterfactually-augmented NLI (Kaushik et al. 2020, Apache-2.0, on SNLI,
    CC BY-SA) and FEVER-symmetric (Schuster et al. 2019, CC BY-SA), from checkouts of
    `acmi-lab/counterfactually-augmented-data` and `TalSchuster/FeverSymmetric` in `folder`."""
    for path in sorted(folder.glob("counterfactually-augmented-data/NLI/all_combined/*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if label := _SNLI.get(row["gold_label"]):
                    yield _public(row["sentence2"], row["sentence1"], label)
    for path in sorted(folder.glob("FeverSymmetric/symmetric_v*/*.jsonl")):
        if "generated" in path.name:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            evidence = row.get("evidence_sentence") or row.get("evidence") or ""
            label = _FEVER.get(row.get("label") or row.get("gold_label") or "")
            if evidence and label:
                yield _public(row["claim"], evidence, label)


def _public(claim: str, passage: str, label: str) -> Pair:
    return Pair("public", claim, passage, "", "", "", label, weight=PUBLIC_WEIGHT, public=True)


def changed(given: Sequence[Pair], seed: int = 11) -> Iterator[Pair]:
    """Yield, for passages of `given`, a sentence as it is and with one thing changed.

    A changed name is left open ("neutral"): a source that names one does not deny the other.
    Addresses are left out: `benchmarks.perturbations` changes their sentences.
    """
    chance = random.Random(seed)
    seen = set()
    for pair in given:
        if pair.passage in seen or pair.address:
            continue
        seen.add(pair.passage)
        told = [
            span for span in sentences(pair.passage) if len(span.of(pair.passage).split()) in WORDS
        ]
        if not told:
            continue
        span = chance.choice(told)
        sentence = span.of(pair.passage)
        made = [(what, change(sentence, chance, NAMES)) for what, change in CHANGES.items()]
        made = [(what, claim) for what, claim in made if claim and claim != sentence]
        chance.shuffle(made)
        for what, claim in made[:2]:
            yield _changed(pair, claim or "", "neutral" if what == "name" else "contradicts", span)
        if made:
            yield _changed(pair, sentence, "supports", span)


def _changed(pair: Pair, claim: str, label: str, span: Span) -> Pair:
    return Pair(
        f"changed-{pair.claim_id}",
        claim,
        pair.passage,
        pair.creator,
        pair.title,
        pair.date,
        label,
        span if label != "neutral" else None,
        PROGRAM_WEIGHT,
        fold=pair.fold,
    )
