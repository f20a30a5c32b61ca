"""What is called supported after one thing in a true sentence was changed.

    python -m benchmarks.perturbations [--count 500] [--index NAME] [--show 5]

Takes sentences of the indexed documents, changes one number, date, name, negation or the two
roles of each by a program, and asks for them as claims. Unchanged sentences stand beside them:
a judge that supports nothing would pass otherwise. The alternative, likeness alone, is what most
tools go by.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.changes import CHANGES, names_in
from benchmarks.local import generation_of
from benchmarks.relation import LIKE
from rag import SourceFinder
from rag.datatypes import Span, Verdict
from rag.language import sentences


@dataclass(frozen=True, slots=True)
class Changed:
    """A sentence, what was changed in it ("nothing" where nothing was), and the result."""

    sentence: str
    what: str
    claim: str


def changed_sentences(finder: SourceFinder, count: int, seed: int = 11) -> Iterator[Changed]:
    """Yield about `count` sentences with one change, and a fifth as many without any."""
    chance = random.Random(seed)
    store = generation_of(finder).store
    documents = [store.document(n) for n in range(store.documents)]
    names = _names(documents[:: max(len(documents) // 50, 1)])
    quota = {what: count // len(CHANGES) for what in [*CHANGES, "nothing"]}
    while any(quota.values()):
        text = chance.choice(documents).text
        start = chance.randrange(max(len(text) - 3000, 1))
        spans = sentences(text, Span(start, min(start + 3000, len(text))))[1:-1]
        wanted = [what for what, left in quota.items() if left]
        what = chance.choice(wanted)
        for span in chance.sample(spans, len(spans)):
            sentence = " ".join(span.of(text).split())
            if not 8 <= len(sentence.split()) <= 45:
                continue
            claim = sentence if what == "nothing" else CHANGES[what](sentence, chance, names)
            if claim and (claim != sentence or what == "nothing"):
                quota[what] -= 1
                yield Changed(sentence, what, claim)
                break


def _names(documents: Sequence[object]) -> list[str]:
    found: Counter[str] = Counter()
    for document in documents:
        text = getattr(document, "text", "")[:8000]
        found.update(name.of(text) for name in names_in(text))
    return [name for name, _ in found.most_common(200)]


def verdict_on_all(verdicts: Sequence[Verdict]) -> Verdict:
    """Return what was said of a sentence that may have been cut into several claims: supported
    where all of them are, contradicted where one is."""
    if "contradicted" in verdicts or "mixed" in verdicts:
        return "contradicted"
    return "supported" if set(verdicts) == {"supported"} else "not found"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500, help="changed sentences")
    parser.add_argument("--index", help="an index by name or folder; else the default")
    parser.add_argument("--show", type=int, default=0, help="wrong ones to print of each kind")
    given = parser.parse_args()
    finder = SourceFinder.open(given.index)
    verdicts: dict[str, Counter[str]] = {}
    alike: Counter[str] = Counter()
    wrong: dict[str, list[Changed]] = {}
    for item in changed_sentences(finder, given.count):
        answer = finder.ask(item.claim)
        verdict = verdict_on_all([finding.verdict for finding in answer.findings])
        verdicts.setdefault(item.what, Counter())[verdict] += 1
        if verdict == "supported" and item.what != "nothing":
            wrong.setdefault(item.what, []).append(item)
        near = finder.find_sources(item.claim, 1)
        alike[item.what] += bool(near) and near[0].likeness >= LIKE
    print(f"{'changed':10} {'sentences':>10} {'supported':>10} {'contradicted':>13} by likeness")
    for what in [*CHANGES, "nothing"]:
        found = verdicts.get(what, Counter())
        total = sum(found.values()) or 1
        print(
            f"{what:10} {total:10} {found['supported'] / total:10.2f} "
            f"{found['contradicted'] / total:13.2f} {alike[what] / total:11.2f}"
        )
    for what, items in wrong.items():
        for item in items[: given.show]:
            print(f"\n{what}: {item.claim}\n    from: {item.sentence}")


if __name__ == "__main__":
    main()
