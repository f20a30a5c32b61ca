"""Does a quotation support a claim, contradict it, or only touch it, and why.

Likeness alone cannot tell: a negated sentence and a wrong number are as near to a claim as the
truth. So the two are aligned word by word, and everything in the claim that can be checked
(numbers, times, names, negation, direction, who did it to whom) is looked for in the source.
One difference, or one thing left unaccounted for, and the quotation does not support the claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from rag.datatypes import Reason
from rag.language import are_opposites, poles, word_list
from rag.relation.alignment import SAME, Pair
from rag.relation.facts import (
    Source,
    compare_names,
    compare_numbers,
    compare_times,
    said_by_author,
)
from rag.relation.statement import Deed, Statement, Word
from rag.relation.wording import denied_elsewhere, in_order, literal_share, turned_round

ORDERED = 0.75
"""The least share of common words in one order for wording to be the same."""

ALIGNED = 0.55
"""From this likeness on two words are taken to speak of the same thing."""

ALIKE = 0.5
"""From this likeness on a word of the source says something like a word of the claim."""

COMPARED = {"more": "rise", "less": "fall", "fewer": "fall"}
"""What a claim compares must be compared in the source, too, or said to have risen or fallen."""

_REFLEXIVE = word_list("words", "reflexive")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a claim and a source have in common, and what not.

    `differs`: the source says something else. `missing`: the claim says something that can be
    checked and that the source does not say. Both keep the source from supporting the claim;
    only a difference can contradict it. `pairs`: the words of the claim that the quotation has to
    say, beside what it says (see `to_be_said`); `unsaid`: those that have nothing like them in
    it, the weightiest first.
    """

    agrees: tuple[Reason, ...]
    differs: tuple[Reason, ...]
    missing: tuple[Reason, ...]
    pairs: tuple[Pair, ...]
    unsaid: tuple[Reason, ...]


def compare(claim: Statement, source: Source, pairs: Sequence[Pair]) -> Comparison:
    """Return in what the claim and the quotation agree, differ, and what is unaccounted for."""
    # What the claim's own wording does not have was changed; it cannot go without saying.
    literal = literal_share(pairs) > 0
    done_at = [
        pair.source.span
        for pair in pairs
        if pair.claim.predicate and pair.source and pair.likeness >= ALIGNED
    ]
    nouns = {p.claim.lemma: p.source.lemma for p in pairs if p.source and p.likeness >= ALIGNED}
    found: list[tuple[str, Reason]] = [
        *compare_numbers(claim, source, nouns),
        *compare_times(claim, source, literal, done_at),
        *compare_names(claim, source, literal),
        *_polarity(claim, source, pairs),
        *_direction(claim, pairs, source),
        *_roles(claim, source, pairs, literal),
        *_reality(source, pairs),
        *_superlatives(claim, source),
    ]

    def of(kind: str) -> tuple[Reason, ...]:
        return tuple(dict.fromkeys(reason for what, reason in found if what == kind))

    agrees = of("agrees")
    rest = to_be_said(claim, source, pairs, {reason.claim for reason in agrees})
    return Comparison(agrees, of("differs"), of("missing"), rest, _unsaid(claim, rest))


def to_be_said(
    claim: Statement, source: Source, pairs: Sequence[Pair], agreed: Set[str]
) -> tuple[Pair, ...]:
    """Return the pairs of the words that the quotation itself has to say; the weights sum to 1.

    Names of the claim that are found anyhow count as said. That somebody said something is
    said by whatever he wrote: "Polk confirmed" by a message of Polk's.
    """
    found = [name.span for name in claim.names if name.text in agreed]
    by_author = [said.verb for said in said_by_author(claim, source)]
    rest = [
        replace(pair, likeness=1.0) if any(pair.claim.span.overlaps(s) for s in found) else pair
        for pair in pairs
        if pair.claim.span not in by_author
    ]
    total = sum(pair.weight for pair in rest) or 1.0
    return tuple(replace(pair, weight=pair.weight / total) for pair in rest)


def _polarity(
    claim: Statement, source: Source, pairs: Sequence[Pair]
) -> Iterable[tuple[str, Reason]]:
    """Negation: what the claim states and the source denies, or the other way round."""
    text = source.quotation.text
    aligned = [p for p in pairs if p.source and p.likeness >= ALIGNED and not p.claim.name]
    both = any(p.source and p.claim.negated and p.source.negated for p in aligned)
    for pair in aligned:
        if pair.source is None or pair.claim.negated == pair.source.negated:
            continue
        decisive = pair.claim.predicate and pair.source.predicate
        if pair.claim.negated and pair.source.unreal and not pair.claim.unreal:
            decisive = False  # what was only hoped for may not have happened
        if decisive or not both:
            said = f"{'not ' if pair.claim.negated else ''}{pair.claim.lemma}"
            found = f"{'not ' if pair.source.negated else ''}{pair.source.span.of(text)}"
            reason = Reason("negation", said, found, False)
            yield "differs" if decisive else "missing", reason
    denied = [pair for pair in pairs if pair.claim.negated]
    for pair in [pair for pair in denied if pair.claim.predicate] or denied:
        if pair not in aligned and not (pair.source and pair.source.negated):
            said = f"not {pair.claim.span.of(claim.text)}"
            yield "missing", Reason("negation", said, "", False)
    if claim.denies and not denied and not source.quotation.denies:
        yield "missing", Reason("negation", "not", "", False)
    unclaimed = [word for word in source.quotation.words if word.negated and word.predicate]
    stated = any(p.claim.predicate and p.source and not p.source.negated for p in aligned)
    if unclaimed and not denied and not stated:
        yield "missing", Reason("negation", "", f"not {unclaimed[0].span.of(text)}", False)
    if place := denied_elsewhere(claim.text, text):
        yield "missing", Reason("negation", f"a denial before {place!r}", "", False)


def _direction(
    claim: Statement, pairs: Sequence[Pair], source: Source
) -> Iterable[tuple[str, Reason]]:
    """More or less, won or lost: the ends of an axis that only one of the two is at."""
    there = source.quotation
    nearest = {pair.claim: pair.source for pair in pairs}
    for word in claim.words:
        if word.name or _same_side(word, there.words):
            continue
        compared = word.lemma in COMPARED and not word.negated
        opposite = [
            other
            for other in there.words
            if not other.name
            and word.negated == other.negated
            and are_opposites(word.lemma, other.lemma)
        ]
        for other in opposite[:1]:
            both_happened = word.predicate and other.predicate
            decisive = nearest.get(word) == other or both_happened or compared
            if both_happened and _done_to_others(word, other, claim, there, nearest):
                decisive = False
            said, found = word.span.of(claim.text), other.span.of(there.text)
            yield "differs" if decisive else "missing", Reason("direction", said, found, False)
        if compared and not opposite:
            yield "missing", Reason("direction", word.span.of(claim.text), "", False)


def _done_to_others(
    word: Word, other: Word, claim: Statement, there: Statement, nearest: Mapping[Word, Word | None]
) -> bool:
    """Return whether two acts were done to different things: one governor was dismissed, another
    appointed."""
    mine = [deed for deed in claim.deeds if deed.spans[1] == word.span]
    theirs = [deed for deed in there.deeds if deed.spans[1] == other.span]
    like = {said.span: found.span for said, found in nearest.items() if found}
    return bool(mine and theirs) and not any(
        one.patient == two.patient or like.get(one.spans[2]) == two.spans[2]
        for one in mine
        for two in theirs
    )


def _same_side(word: Word, others: Iterable[Word]) -> bool:
    """Return whether another word of the source says what `word` says."""
    return any(
        other.negated == word.negated
        and (
            other.lemma == word.lemma
            or bool(poles(other.lemma) & (poles(word.lemma) | poles(COMPARED.get(word.lemma, ""))))
        )
        for other in others
    )


def _roles(
    claim: Statement, source: Source, pairs: Sequence[Pair], literal: bool
) -> Iterable[tuple[str, Reason]]:
    """Who did it to whom, the other way round; or the claim's wording in another order."""
    like = {
        pair.claim.span: pair.source.span
        for pair in pairs
        if pair.source and pair.likeness >= ALIGNED
    }
    for said in claim.deeds:
        agent, act, patient = (like.get(span) for span in said.spans)
        for told in source.quotation.deeds:
            turned = said.agent == told.patient and said.patient == told.agent != said.agent
            if turned or (patient, act, agent) == told.spans:
                yield "differs", Reason("role", _told(said), _told(told), False)
            turned_on_itself = (said.patient in _REFLEXIVE) != (told.patient in _REFLEXIVE)
            if said.act == told.act and turned_on_itself:
                yield "missing", Reason("role", _told(said), _told(told), False)
    same_deed = set(claim.deeds) & set(source.quotation.deeds)
    moved = literal and not same_deed and in_order(pairs) < ORDERED
    if _same_words(pairs) and (moved or turned_round(pairs, tuple(same_deed))):
        yield "missing", Reason("role", "the same words", "in another order", False)


def _same_words(pairs: Sequence[Pair]) -> bool:
    """Return whether half of the words that are no names are the same."""
    same = [pair.likeness >= SAME for pair in pairs if not pair.claim.name]
    return 2 * sum(same) >= len(same)


def _told(deed: Deed) -> str:
    return f"{deed.agent} {deed.act} {deed.patient}"


def _reality(source: Source, pairs: Sequence[Pair]) -> Iterable[tuple[str, Reason]]:
    """What the source says may happen and the claim says did."""
    for pair in pairs:
        if (
            pair.source is not None
            and pair.claim.predicate
            and pair.likeness >= ALIGNED
            and pair.source.unreal
            and not any(other.claim.unreal for other in pairs)
        ):
            said = pair.source.span.of(source.quotation.text)
            yield "missing", Reason("statement", pair.claim.lemma, f"{said} (not yet done)", False)


def _superlatives(claim: Statement, source: Source) -> Iterable[tuple[str, Reason]]:
    """What the claim says was the largest of its kind, and the source only that it was."""
    for span in claim.superlatives if not source.quotation.superlatives else ():
        yield "missing", Reason("statement", span.of(claim.text), "", False)


def _unsaid(claim: Statement, pairs: Sequence[Pair]) -> tuple[Reason, ...]:
    """Return what the claim says where the source has nothing like it: three words at most."""
    without = sorted((p for p in pairs if p.likeness < ALIKE), key=lambda pair: -pair.weight)[:3]
    told = ", ".join(pair.claim.span.of(claim.text) for pair in without)
    return (Reason("statement", told, "", False),) if told else ()
