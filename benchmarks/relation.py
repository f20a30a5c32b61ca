"""What the verdicts are worth: claims whose answer is known, asked as a reader would.

    python -m benchmarks.relation [--data FOLDER] [--sets test,held-out]    default: all sets
    python -m benchmarks.relation --fit          the weights of the rules, cross-validated

development, test, held-out: claims about the State of the Union addresses (supported,
contradicted, not in them); no weight was fitted on the last two. Results of test were seen
between changes of the rules; those of held-out were not looked at before the rules were done.
contradicted: the false claims that come with the data, a part of development, by themselves.
absent: statements from FRUS footnotes and scientific claims, asked of the addresses, which say
nothing of them. outside: SciFact and FoolMeTwice, claims with the evidence sentence given, on
which no weight was fitted. Beside each stands what a threshold on likeness alone says, set on the
development claims.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import claim_sets
from benchmarks.changes import CHANGES
from benchmarks.claim_sets import Labelled, Query
from rag import SourceFinder
from rag.config import PER_CLAIM
from rag.datatypes import Evidence, Span, Verdict
from rag.judging import BEARS_ON, Quotation
from rag.relation.findings import verdict_of
from rag.relation.rules import BEARING, CONTRADICTS, SAYS, SUPPORTS, Likeness, RuleJudge
from rag.relation.statement import read_statement
from rag.retrieval.rarity import Rarity

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


@dataclass(frozen=True, slots=True)
class Example:
    """A claim beside a passage that was found for it: what is measured, whether anything that can
    be checked speaks against the passage, whether it is about the same and says the same, and
    whether the claim was changed by a program."""

    claim: int
    like: Likeness
    open: bool
    about: bool
    says: bool
    changed: bool = False


def examples(finder: SourceFinder, claims: Sequence[Labelled]) -> Iterator[Example]:
    """Yield an example for each passage found, and for each way in which a supported claim can
    be changed by a program, beside the passage that supported it."""
    chance = random.Random(1)
    names = [n.text for c in claims for n in read_statement(c.claim).names if n.kind != "other"]
    for number, item in enumerate(claims):
        evidence = finder.find_sources(item.claim, PER_CLAIM)
        golds = [_is_gold(e, item.query) for e in evidence]
        true = item.label == "supported"
        for open_, like, gold in zip(*_measured(finder, item.claim, evidence), golds, strict=True):
            yield Example(number, like, open_, gold, gold and true)
        for change in CHANGES.values() if true and any(golds) else ():
            changed = change(item.claim, chance, names)
            if changed and changed != item.claim:
                (open_,), (like,) = _measured(finder, changed, [evidence[golds.index(True)]])
                yield Example(number, like, open_, True, False, changed=True)


def _measured(
    finder: SourceFinder, claim: str, evidence: Sequence[Evidence]
) -> tuple[list[bool], list[Likeness]]:
    """Return whether nothing that can be checked speaks against each, and what is measured."""
    quotations = [
        Quotation(
            e.passage,
            Span(e.start - e.passage_start, e.end - e.passage_start),
            e.creator or "",
            e.title,
            e.collection_title,
            e.date or "",
        )
        for e in evidence
    ]
    measured = _rules(finder).measure(claim, quotations)
    return (
        [not (found.comparison.differs or found.comparison.missing) for found in measured],
        [found.like for found in measured],
    )


def _rules(finder: SourceFinder) -> RuleJudge:
    """Return the rules with the word statistics of the finder's index."""
    rarity = Rarity(finder.index)
    return RuleJudge(finder.encoder, rarity.of, rarity.tells)


def fit(finder: SourceFinder, claims: Sequence[Labelled]) -> None:
    """Print the weights of the two logistic regressions of `rules.Likeness`, and how well they
    tell on claims that they did not see, beside the cosine of the sentences alone."""
    every = list(examples(finder, claims))
    rows = [row for row in every if not row.changed]
    unseen = _fit("bearing", rows, [row.about for row in rows], BEARING)
    print("share of right passages / of claims without one, shown at a bearing of")
    with_one = {row.claim for row in rows if row.about}
    for step in range(1, 10):
        at = step / 20
        right = statistics.fmean(u >= at for u, row in zip(unseen, rows, strict=True) if row.about)
        best = dict.fromkeys({row.claim for row in rows} - with_one, 0.0)
        for u, row in zip(unseen, rows, strict=True):
            if row.claim in best:
                best[row.claim] = max(best[row.claim], u)
        wrong = statistics.fmean(u >= at for u in best.values())
        print(f"  {at:.2f}: {right:.2f} / {wrong:.2f}")
    rows = [row for row in every if row.open]
    unseen = _fit("says", rows, [row.says for row in rows], SAYS)
    print("passages that say it / others, called so from a probability of")
    for step in range(3, 9):
        at = step / 10
        right, wrong = (
            sum(u >= at and row.says == wanted for u, row in zip(unseen, rows, strict=True))
            for wanted in (True, False)
        )
        print(f"  {at:.2f}: {right} / {wrong}")


def _fit(
    name: str, rows: Sequence[Example], truth: Sequence[bool], weighed: Mapping[str, float]
) -> Sequence[float]:
    """Print one regression; return its probabilities for claims that it did not see."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    features = np.array([[getattr(row.like, feature) for feature in weighed] for row in rows])
    groups, wanted = np.array([row.claim for row in rows]), np.array(truth)
    unseen = np.zeros(len(rows))
    for train, held in GroupKFold(FOLDS).split(features, wanted, groups):
        model = LogisticRegression(C=3, max_iter=2000).fit(features[train], wanted[train])
        unseen[held] = model.predict_proba(features[held])[:, 1]
    model = LogisticRegression(C=3, max_iter=2000).fit(features, wanted)
    print(f"\n{name}: {len(rows)} pairs, {wanted.sum()} of them right")
    print(f"area under the curve, unseen claims: {roc_auc_score(wanted, unseen):.3f}")
    for i, feature in enumerate(weighed):
        alone = roc_auc_score(wanted, features[:, i])
        print(f"  {feature:10} alone {alone:.3f}, weight {model.coef_[0][i]:.2f}")
    print(f"  intercept {model.intercept_[0]:.2f}")
    result: Sequence[float] = unseen.tolist()
    return result


def outside(finder: SourceFinder, data: Path) -> None:
    """Print how the relation of given sentences is judged on SciFact and FoolMeTwice."""
    for title, pairs in (("SciFact", scifact(data)), ("FoolMeTwice", fool_me_twice(data))):
        counts: dict[str, Counter[str]] = {}
        cosines: list[tuple[float, str]] = []
        for claim, sentence, about, label in pairs:
            quotation = Quotation(sentence, title=about)
            (judgement,) = finder.judge.judge(claim, [quotation])
            counts.setdefault(label, Counter())[judgement.relation] += 1
            (measured,) = _rules(finder).measure(claim, [quotation])
            cosines.append((measured.like.sentence, label))
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
    parser.add_argument("--fit", action="store_true", help="print the weights")
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    finder = SourceFinder.open()
    if given.fit:
        fit(finder, [*development(data), *absent(data)])
        return
    print(f"bears on from {BEARS_ON}, supports from {SUPPORTS}, contradicts from {CONTRADICTS}")
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
