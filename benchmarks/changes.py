"""Sentences with one thing changed by a program: a number, date, name, negation or the roles."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from rag.datatypes import Span
from rag.language import nation_names, parse, quantities, times

Change = Callable[[str, random.Random, Sequence[str]], str | None]
"""A sentence, chance, and other names of the corpus, to the changed sentence or None."""

_NAMED = {"PERSON", "NORP", "FAC", "ORG", "GPE", "LOC"}
"""What spaCy calls persons, peoples and places."""

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
    said = times(sentence)
    found = [t for t in said if re.search(rf"\b{t.years[0]}\b", t.span.of(sentence))]
    if not found:
        return None
    timex = chance.choice(found)
    year = timex.years[0]
    moved = year + chance.choice((-1, 1)) * chance.randint(3, 30)
    return _with(sentence, timex.span, timex.span.of(sentence).replace(str(year), str(moved)))


def change_name(sentence: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """Return the sentence with one name, of a person or place, made another one's."""
    found = names_in(sentence)
    if not found:
        return None
    changed = chance.choice(found)
    own = nation_names(changed.of(sentence))
    others = [name for name in names if name not in sentence and not own & nation_names(name)]
    return _with(sentence, changed, chance.choice(others)) if others else None


def names_in(text: str) -> list[Span]:
    """Return the names of persons, peoples and places."""
    named = (entity for entity in parse(text).ents if entity.label_ in _NAMED)
    return [Span(entity.start_char, entity.end_char) for entity in named]


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
