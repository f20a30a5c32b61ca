"""Claims with what should be found for them.

Two sets of claims on the addresses lie in `benchmarks/claims`, written for this project by hands
that did not know the code, the later ones avoiding facts of the earlier; the others are in a
data folder outside the project, given by `--data` or `SOURCE_FINDER_DATA`, whose README says
where each is from. Development sets may be tuned on, test sets may not.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.datatypes import SourceDocument, Span
from rag.language import sentences

OWN = Path(__file__).parent / "claims"


@dataclass(frozen=True, slots=True)
class Target:
    """Something to be found: a document, or a span of it."""

    document_id: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A claim, what should be found for it, and a document that must not count."""

    text: str
    targets: tuple[Target, ...]
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim, what is true of it in the addresses ("supported", "contradicted", "unsupported"),
    and where they say so."""

    claim: str
    label: str
    query: Query


def data_folder(given: str | None) -> Path:
    """Return the data folder; exits with a message where there is none."""
    folder = Path(given or os.environ.get("SOURCE_FINDER_DATA", "../shared/data"))
    if not (folder / "sotu_claims").is_dir():
        raise SystemExit(
            f"No claim sets in {folder}. Give their folder with --data or SOURCE_FINDER_DATA."
        )
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _target(row: dict[str, Any]) -> Target:
    return Target("sotu/" + Path(row["file"]).stem, Span(row["start"], row["end"]))


def query_of(claim: str, gold: list[dict[str, Any]]) -> Query:
    """Return a claim with the places in the addresses that it is about."""
    return Query(claim, tuple(map(_target, gold)))


def sotu_test(data: Path) -> list[Query]:
    """Return the 50 supported claims: a test set."""
    supported = rows(data / "sotu_claims" / "supported.jsonl")
    return [query_of(r["claim"], r["gold"]) for r in supported]


def sotu_development(data: Path) -> list[Query]:
    """Return the claims of the same kind that may be tuned on: `more`, the contradicted
    ones, and the sentences of the monologues."""
    folder = data / "sotu_claims"
    queries = [query_of(r["claim"], [r]) for r in rows(folder / "more.jsonl")]
    for r in rows(folder / "contradicted.jsonl"):
        queries.append(query_of(r["claim"], r["gold"]))
    for r in rows(folder / "multi.jsonl"):
        for c in r["claims"]:
            if c.get("gold"):
                said = r["text"][c["text_start"] : c["text_end"]]
                queries.append(query_of(said, c["gold"]))
    return queries


def own(name: str) -> list[Labelled]:
    """Return a set of `benchmarks/claims`: "development", or "test"."""
    return [
        Labelled(r["claim"], r["label"], query_of(r["claim"], [r] if "file" in r else []))
        for r in rows(OWN / f"{name}.jsonl")
    ]


def monologues(data: Path) -> list[tuple[str, list[Span]]]:
    """Return the texts of the monologues, each with the spans of the claims in it."""
    texts = rows(data / "sotu_claims" / "multi.jsonl")
    return [(r["text"], [Span(c["text_start"], c["text_end"]) for c in r["claims"]]) for r in texts]


def unsupported(data: Path) -> list[str]:
    """Return the 20 claims on which the addresses hold nothing: a test set."""
    return [r["claim"] for r in rows(data / "sotu_claims" / "unsupported.jsonl")]


def frus(data: Path, name: str) -> list[Query]:
    """Return a FRUS set: "summary" (test), "editorial" or "footnote" (development)."""
    folder = data / "frus" / "claims"
    relevant = defaultdict(list)
    for line in (folder / f"{name}.qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, _ = line.split("\t")
        relevant[query].append(Target(document))
    return [
        Query(r["text"], tuple(relevant[r["_id"]]), r["metadata"].get("citing_doc"))
        for r in rows(folder / f"{name}.queries.jsonl")
        if relevant[r["_id"]]
    ]


def exact_quotations(documents: list[SourceDocument], count: int, seed: int = 7) -> list[Query]:
    """Return verbatim runs of 10 to 25 words from random sentences of the documents."""
    chosen = random.Random(seed)
    queries: list[Query] = []
    while len(queries) < count:
        document = chosen.choice(documents)
        span = chosen.choice(sentences(document.text))
        parts = span.of(document.text).split()
        size = chosen.randint(10, 25)
        if len(parts) < size:
            continue
        first = chosen.randint(0, len(parts) - size)
        text = span.of(document.text)
        start = text.find(" ".join(parts[first : first + size]))
        if start < 0:  # the words are parted by more than one space
            continue
        quoted = Span(
            span.start + start, span.start + start + len(" ".join(parts[first : first + size]))
        )
        queries.append(Query(quoted.of(document.text), (Target(document.document_id, quoted),)))
    return queries
