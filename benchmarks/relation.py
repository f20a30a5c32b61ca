"""What the verdicts are worth: claims whose answer is known, asked as a reader would.

    python -m benchmarks.relation [--data FOLDER] [--sets test,held-out]    default: all sets

development, test, held-out: claims about the State of the Union addresses (supported,
contradicted, not in them); no weight was fitted on the last two. Results of test were seen
between changes of the judging; those of held-out were not looked at before it was done.
contradicted: the false claims that come with the data, a part of development, by themselves.
absent: statements from FRUS footnotes and scientific claims, asked of the addresses, which say
nothing of them. outside: SciFact and FoolMeTwice, claims with the evidence sentence given, on
which no weight was fitted. Beside each stands what a threshold on likeness alone says, set on the
development claims.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import claim_sets
from benchmarks.claim_sets import Labelled, Query
from rag import SourceFinder
from rag.config import PER_CLAIM
from rag.datatypes import Evidence, Span, Verdict
from rag.evidence import verdict_of
from rag.judging import BEARS_ON, Quotation

FOLDS = 10
VERDICTS: tuple[Verdict, ...] = ("supported", "mixed", "contradicted", "related", "not found")


def development(data: Path) -> list[Labelled]:
    """Return the claims that weights and thresholds were set on."""
    folder = data / "sotu_claims"
    found = [
        Labelled(row["claim"], "supported", claim_sets.query_of(row["claim"], [row]))
        for row in claim_sets.rows(folder / "more.jsonl")
    ]
    for row in claim_sets.rows(folder / "multi.jsonl"):
        for claim in row["claims"]:
            said = row["text"][claim["text_start"] : claim["text_end"]]
            query = claim_sets.query_of(said, claim.get("gold") or [])
            found.append(Labelled(said, claim["label"], query))
    return found + contradicted(data) + claim_sets.own("development")


def contradicted(data: Path) -> list[Labelled]:
    """Return the claims of the data folder that an address contradicts; all are in
    `development`, too."""
    return [
        Labelled(row["claim"], "contradicted", claim_sets.query_of(row["claim"], row["gold"]))
        for row in claim_sets.rows(data / "sotu_claims" / "contradicted.jsonl")
    ]


def test(data: Path) -> list[Labelled]:
    """Return the claims that no weight was fitted on."""
    folder = data / "sotu_claims"
    return [
        Labelled(row["claim"], name, claim_sets.query_of(row["claim"], row.get("gold") or []))
        for name in ("supported", "unsupported")
        for row in claim_sets.rows(folder / f"{name}.jsonl")
    ]


def absent(data: Path, count: int = 100, seed: int = 3) -> list[Labelled]:
    """Return statements on which the addresses say nothing, in nearly all cases."""
    chosen = random.Random(seed)
    notes = [q.text for q in claim_sets.frus(data, "footnote") if 8 <= len(q.text.split()) <= 60]
    science = [row["text"] for row in claim_sets.rows(data / "scifact" / "queries.train.jsonl")]
    return [
        Labelled(text, label, Query(text, ()))
        for label, texts in (("FRUS footnote", notes), ("science", science))
        for text in chosen.sample(texts, count)
    ]


def show_verdicts(finder: SourceFinder, title: str, claims: Sequence[Labelled]) -> None:
    """Print how many claims of each label got each verdict."""
    counts: dict[str, Counter[str]] = {}
    likeness: dict[str, Counter[str]] = {}
    shown = 0
    for item in claims:
        evidence = finder.find_sources(item.claim, PER_CLAIM)
        bearing = [e for e in evidence if e.bearing >= BEARS_ON]
        counts.setdefault(item.label, Counter())[verdict_of(bearing)] += 1
        alike = max((e.likeness for e in evidence), default=0) >= LIKE
        likeness.setdefault(item.label, Counter())["supported" if alike else "not found"] += 1
        shown += any(_is_gold(e, item.query) for e in bearing)
    print(f"\n{title}: {len(claims)} claims, {shown} with their own passage shown")
    print(f"{'':16}" + "".join(f"{verdict:>14}" for verdict in VERDICTS) + "   by likeness alone")
    for label, found in counts.items():
        row = "".join(f"{found[verdict]:14}" for verdict in VERDICTS)
        print(f"{label:16}{row}   {likeness[label]['supported']} supported")


LIKE = 0.52
"""The likeness from which the plain alternative calls a claim supported: what loses fewest of
the development claims' own passages while stopping the absent ones."""


def _is_gold(evidence: Evidence, query: Query) -> bool:
    passage = Span(evidence.passage_start, evidence.passage_end)
    return any(
        target.document_id == evidence.document_id
        and (target.span is None or target.span.overlaps(passage))
        for target in query.targets
    )


def outside(finder: SourceFinder, data: Path) -> None:
    """Print how the relation of given sentences is judged on SciFact and FoolMeTwice."""
    for title, pairs in (("SciFact", scifact(data)), ("FoolMeTwice", fool_me_twice(data))):
        counts: dict[str, Counter[str]] = {}
        cosines: list[tuple[float, str]] = []
        for claim, sentence, about, label in pairs:
            quotation = Quotation(sentence, title=about)
            (judgement,) = finder.judge.judge(claim, [quotation])
            counts.setdefault(label, Counter())[judgement.relation] += 1
            cosines.append((_cosine(finder, claim, sentence), label))
        print(f"\n{title}: {len(pairs)} pairs of a claim and its evidence")
        for label, found in sorted(counts.items()):
            parts = ", ".join(f"{found[r]} {r}" for r in ("supports", "contradicts", "context"))
            print(f"  {label:12} {parts}")
        says = {r: sum(found[r] for found in counts.values()) for r in ("supports", "contradicts")}
        for relation, label in (("supports", "supported"), ("contradicts", "contradicted")):
            right = counts.get(label, Counter())[relation]
            share = right / (says[relation] or 1)
            print(f"  of {says[relation]} called {relation}, right {share:.2f}")
        alike = sorted(cosines, reverse=True)[: says["supports"] or 1]
        plain = sum(label == "supported" for _, label in alike) / len(alike)
        print(f"  of as many called supports by cosine alone, right {plain:.2f}")


def _cosine(finder: SourceFinder, claim: str, sentence: str) -> float:
    ours, theirs = (finder.encoder.encode_query(text).vector for text in (claim, sentence))
    return float(ours @ theirs)


def scifact(data: Path) -> list[tuple[str, str, str, str]]:
    """Return (claim, evidence sentence, title, label) of SciFact's training claims."""
    folder = data / "scifact"
    texts = {row["_id"]: row["text"] for row in claim_sets.rows(folder / "queries.train.jsonl")}
    abstracts = {str(row["_id"]): row for row in claim_sets.rows(folder / "corpus.jsonl")}
    labels = {"SUPPORT": "supported", "CONTRADICT": "contradicted"}
    pairs = []
    for row in claim_sets.rows(folder / "evidence.train.jsonl"):
        sentences = abstracts[row["doc_id"]]["metadata"]["sentences"]
        said = " ".join(sentences[i] for i in row["sentences"])
        pairs.append(
            (texts[row["claim_id"]], said, abstracts[row["doc_id"]]["title"], labels[row["label"]])
        )
    return pairs


def fool_me_twice(data: Path) -> list[tuple[str, str, str, str]]:
    """Return (claim, evidence sentences, title, label) of FoolMeTwice's claims about history."""
    labels = {"SUPPORTS": "supported", "REFUTES": "contradicted"}
    return [
        (
            row["text"],
            " ".join(e["text"] for e in row["gold_evidence"]),
            row["wikipedia_page"],
            labels[row["label"]],
        )
        for row in claim_sets.rows(data / "fool_me_twice" / "dev.jsonl")
        if row["category"] == "History"
    ]


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument("--sets", default="development,contradicted,test,held-out,absent,outside")
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    finder = SourceFinder.open()
    sets: dict[str, Callable[[Path], list[Labelled]]] = {
        "development": development,
        "contradicted": contradicted,
        "test": test,
        "held-out": lambda _: claim_sets.own("test"),
        "absent": absent,
    }
    for name, claims in sets.items():
        if name in given.sets.split(","):
            show_verdicts(finder, name, claims(data))
    if "outside" in given.sets.split(","):
        outside(finder, data)


if __name__ == "__main__":
    main()
