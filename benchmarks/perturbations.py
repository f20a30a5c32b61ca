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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.relation import LIKE
from rag import SourceFinder
from rag.datatypes import Span
from rag.grammar.quantities import quantities
from rag.grammar.syntax import parse
from rag.grammar.timex import times
from rag.relation.statement import read_statement
from rag.text import sentences

Change = Callable[[str, random.Random, Sequence[str]], str | None]
"""A sentence, chance, and other names of the corpus, to the changed sentence or None."""

_NEGATABLE = {"was", "were", "is", "are", "has", "have", "had", "will", "can", "did"}


def change_number(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Return the sentence with one number made 1.3 to 3 times as large."""
    found = [
        q
        for q in quantities(sentence, [t.span for t in times(sentence)])
        if q.span.of(sentence).replace(",", "").isdigit() and q.value > 3
    ]
    if not found:
        return None
    quantity = chance.choice(found)
    changed = f"{round(quantity.value * chance.uniform(1.3, 3)):,}"
    return _with(sentence, quantity.span, changed)


def change_date(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Return the sentence with the year of a date moved by 3 to 30 years."""
    found = [t for t in times(sentence) if str(t.years[0]) in t.span.of(sentence)]
    if not found:
        return None
    timex = chance.choice(found)
    year = timex.years[0]
    moved = year + chance.choice((-1, 1)) * chance.randint(3, 30)
    return _with(sentence, timex.span, timex.span.of(sentence).replace(str(year), str(moved)))


def change_name(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Return the sentence with one name, of a person or place, made another one."""
    found = [n for n in read_statement(sentence).names if n.kind != "other"]
    others = [name for name in names if name not in sentence]
    if not found or not others:
        return None
    return _with(sentence, chance.choice(found).span, chance.choice(others))


def change_negation(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Return the sentence with a "not" put in, or taken out."""
    doc = parse(sentence)
    for token in doc:
        if token.lower_ == "not" and token.head.dep_ == "ROOT":
            return sentence[: token.idx] + sentence[token.idx + 4 :]
    for token in doc:
        governs = token.dep_ == "ROOT" or token.head.dep_ == "ROOT"
        if token.lower_ in _NEGATABLE and token.pos_ == "AUX" and governs:
            end = token.idx + len(token)
            return f"{sentence[:end]} not{sentence[end:]}"
    return None


def change_roles(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Return the sentence with its subject and its object in each other's place."""
    for verb in parse(sentence):
        if verb.dep_ != "ROOT" or verb.pos_ != "VERB":
            continue
        subject = next((c for c in verb.children if c.dep_ == "nsubj"), None)
        thing = next((c for c in verb.children if c.dep_ == "dobj"), None)
        if subject is None or thing is None or "PRON" in (subject.pos_, thing.pos_):
            return None
        first, last = (
            Span(words[0].idx, words[-1].idx + len(words[-1]))
            for words in (list(subject.subtree), list(thing.subtree))
        )
        if first.end > last.start:
            return None
        return (
            sentence[: first.start]
            + last.of(sentence)
            + sentence[first.end : last.start]
            + first.of(sentence)
            + sentence[last.end :]
        )
    return None


CHANGES: dict[str, Change] = {
    "number": change_number,
    "date": change_date,
    "name": change_name,
    "negation": change_negation,
    "roles": change_roles,
}


def _with(sentence: str, span: Span, words: str) -> str:
    return sentence[: span.start] + words + sentence[span.end :]


@dataclass(frozen=True, slots=True)
class Changed:
    """A sentence, what was changed in it ("nothing" where nothing was), and the result."""

    sentence: str
    what: str
    claim: str


def changed_sentences(finder: SourceFinder, count: int, seed: int = 11) -> Iterator[Changed]:
    """Yield about `count` sentences with one change, and a fifth as many without any."""
    chance = random.Random(seed)
    store = finder.index.store
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
        found.update(n.text for n in read_statement(text).names if n.kind != "other")
    return [name for name, _ in found.most_common(200)]


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
        for finding in answer.findings[:1]:
            verdicts.setdefault(item.what, Counter())[finding.verdict] += 1
            if finding.verdict == "supported" and item.what != "nothing":
                wrong.setdefault(item.what, []).append(item)
        near = finder.find_sources(item.claim, 1)
        alike[item.what] += bool(near) and near[0].likeness >= LIKE
    print(f"{'changed':10} {'sentences':>10} {'supported':>10} {'contradicted':>13} by likeness")
    for what in [*CHANGES, "nothing"]:
        found = verdicts.get(what, Counter())
        total = sum(found.values()) or 1
        print(
            f"{what:10} {total:10} {found['supported'] / total:10.2f} "
            f"{(found['contradicted'] + found['mixed']) / total:13.2f} {alike[what] / total:11.2f}"
        )
    for what, items in wrong.items():
        for item in items[: given.show]:
            print(f"\n{what}: {item.claim}\n    from: {item.sentence}")


if __name__ == "__main__":
    main()
