"""What in a claim can be checked by looking it up: its numbers, times and names.

No grammar is needed to see whether a passage has them, so this takes a millisecond and works on
any text. What a passage says of them is for the verifier.

The verifier reads for the sense, so it takes a quotation with one word changed for support. So
where nearly all words of a claim stand in the passage, the two are compared word by word for what
differs: a denial, a name, the order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from difflib import SequenceMatcher
from functools import cache, lru_cache

from rag.datatypes import SPEAKER, Reason, Span
from rag.judging import Quotation
from rag.language import (
    Quantity,
    Timex,
    agree,
    can_be_same,
    capitalised,
    capitalised_inside,
    is_left_open,
    last_name,
    of_date,
    quantities,
    sentences,
    stands_for,
    stems,
    stop_words,
    times,
    times_told_from,
    with_names_of_records,
    word_list,
    words,
)

_OWN_WORDS = 0.8
"""From this share of a claim's words on that stand in the passage it is in the passage's words."""

_ALL_WORDS = 0.95
"""The same where words in another order say something else, and are not merely told otherwise."""

_FEWEST = 5
"""Words that a claim has at least: of fewer nothing can be told."""

_LONGEST = 3
"""Words put in or left out together at most that are looked at: more is another sentence."""

_WORD = re.compile(r"(?:(?!n['’]t\b|(?<=\bcan)not\b)[^\W_])+|n['’]t|not", re.IGNORECASE)


def _is_quoted(claim: str, passage: str) -> bool:
    """Return whether a claim is in a passage's own words, but for a few."""
    return _share(_folded(_WORD.findall(claim)), _folded(_WORD.findall(passage))) >= _OWN_WORDS


def _compare_wording(claim: str, passage: str, heading: str = "") -> Iterator[tuple[str, Reason]]:
    """Yield what is otherwise in a claim that is in a passage's own words, nothing in others:
    "differs" where only one of the two denies it, "missing" where the passage has not the name,
    has the words in another order, or under a denial ("nobody swore that"). `heading`: whose
    words they are, of what and when, which a claim may name."""
    said, found = _WORD.findall(claim), list(_WORD.finditer(passage))
    there = [match.group() for match in found]
    ours, theirs = _folded(said), _folded(there)
    share = _share(ours, theirs)
    if share < _OWN_WORDS:
        return
    laid = SequenceMatcher(None, ours, theirs, autojunk=False)
    blocks = [block for block in laid.get_matching_blocks() if block.size]
    first, last = blocks[0].b, blocks[-1].b + blocks[-1].size
    apart = [codes[1:] for codes in laid.get_opcodes() if codes[0] != "equal"]
    if share >= _ALL_WORDS and _is_turned(ours, theirs, first, last, apart):
        yield "missing", Reason("wording", "the same words", "in another order", False)
    told = _told_in(passage, found[first].start(), found[last - 1].end())
    names = {*_folded(_WORD.findall(told.of(passage))), *_folded(_WORD.findall(heading))}
    above = _WORD.findall(passage[told.start : found[first].start()])
    if _is_denied(_folded(above)) and not _is_denied(ours):
        under = " ".join([*above, *there[first : first + _LONGEST]])
        yield "missing", Reason("wording", " ".join(said[:_LONGEST]), under, False)
    for a, b, c, d in apart:
        if max(b - a, d - c) > _LONGEST:
            continue
        reason = Reason("wording", " ".join(said[a : b + 1]), " ".join(there[c : d + 1]), False)
        if first <= c and d <= last and _is_denied(ours[a:b]) != _is_denied(theirs[c:d]):
            yield "differs", reason
        elif _is_other_name(said, a, b, names):
            yield "missing", reason


def _share(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Return which share of a claim's words a passage has, 0 of a claim too short to tell."""
    if len(ours) < _FEWEST:
        return 0.0
    return sum((Counter(ours) & Counter(theirs)).values()) / len(ours)


def _is_turned(
    ours: Sequence[str],
    theirs: Sequence[str],
    first: int,
    last: int,
    apart: Sequence[tuple[int, int, int, int]],
) -> bool:
    """Return whether words of a claim that do not stand where the passage has them stand beside;
    a phrase of place or time may. `first`, `last`: from where to where the passage has the claim;
    `apart`: where both differ."""
    gone = {
        ours[i] for a, b, _, _ in apart if not _is_circumstance(ours, a) for i in range(a, b)
    } - stop_words()
    so_far = sum(b - a for a, b, _, _ in apart)
    around = {*theirs[max(first - so_far, 0) : first], *theirs[last : last + so_far]}
    within = {theirs[i] for _, _, c, d in apart for i in range(max(c, first), min(d, last))}
    return bool(gone & (around | within))


def _is_circumstance(ours: Sequence[str], first: int) -> bool:
    """Return whether the word at `first`, or a small one right before it, begins a phrase of place
    or time: "at" of "at the battle"."""
    begin = first
    while begin and ours[begin - 1] in stop_words():
        begin -= 1
    return not word_list("words", "circumstances").isdisjoint(ours[begin : first + 1])


def _folded(words: Sequence[str]) -> list[str]:
    return ["not" if w.endswith(("n't", "n’t")) else w for w in map(str.casefold, words)]


@cache
def _denying() -> frozenset[str]:
    return frozenset(stems(word_list("verbs", "denying")))


def _is_denied(words: Sequence[str]) -> bool:
    negations = word_list("words", "negations")
    return not (negations.isdisjoint(words) and _denying().isdisjoint(stems(words)))


def _told_in(passage: str, first: int, last: int) -> Span:
    """Return the sentences of a passage from one place to another."""
    own = [s for s in sentences(passage) if s.overlaps(Span(first, last))]
    return Span(own[0].start, own[-1].end) if own else Span(first, last)


def _is_other_name(said: Sequence[str], first: int, last: int, there: Set[str]) -> bool:
    """Return whether words of a claim are a name that is not among those there; its first word may
    be any."""
    names = [word for word in said[max(first, 1) : last] if word[0].isupper()]
    return any(name.casefold() not in there for name in names)


_FEWEST_LEFT = 3
"""Words that a claim without its times must still have to say anything."""

_LOOSE = re.compile(r" (?=[,.;?!])")

_INITIALS = re.compile(r"[ .]*(?:[A-Z]\.? *)*")
"""What may stand between the words of a name: "Franklin D. Roosevelt"."""

_Told = Iterable[tuple[str, Reason]]
"""What becomes of each thing: "agrees", "differs" or "missing", and in which words."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How a passage stands to what can be checked in a claim.

    `agrees`, `differs`, `missing`: the facts that the passage has, has otherwise, has not; of a
    name each word counts.
    `by_speaker`: whether the claim names whoever wrote or said the passage. `quoted`: whether
    it is in the passage's own words, but for a few. `unproven`: the claim without the times that
    the passage bears out: what is left to be read for.
    """

    agrees: tuple[Reason, ...]
    differs: tuple[Reason, ...]
    missing: tuple[Reason, ...]
    by_speaker: bool
    quoted: bool
    unproven: str

    @property
    def misquoted(self) -> bool:
        """Whether the claim is the passage's own words with a number, time or denial changed."""
        return self.quoted and any(reason.aspect != "name" for reason in self.differs)

    @property
    def objections(self) -> tuple[Reason, ...]:
        """What keeps a passage from supporting the claim, however alike they are: numbers and times
        that it has otherwise or has not, words of a namesake, its own words changed."""
        return (*self.differs, *(r for r in self.missing if r.aspect != "name"))

    def count(self, aspect: str) -> tuple[int, int, int]:
        """Return how many facts of a kind agree, differ and are missing."""
        agrees, differs, missing = (
            sum(reason.aspect == aspect for reason in found)
            for found in (self.agrees, self.differs, self.missing)
        )
        return agrees, differs, missing


def check(claim: str, quotation: Quotation) -> Checked:
    """Return which of the claim's numbers, times and names the passage has."""
    timed = list(_check_times(claim, quotation))
    unproven = _without(claim, [span for how, _, span in timed if how == "agrees"])
    found = [
        *((how, reason) for how, reason, _ in timed),
        *_check_numbers(claim, quotation.passage),
        *_check_names(claim, quotation),
        *_check_namesakes(claim, quotation.creator),
        *_compare_wording(unproven, quotation.passage, quotation.heading),
    ]
    return Checked(
        tuple(reason for how, reason in found if how == "agrees"),
        tuple(reason for how, reason in found if how == "differs"),
        tuple(reason for how, reason in found if how == "missing"),
        _names_speaker(claim, quotation.creator),
        _is_quoted(unproven, quotation.passage),
        unproven,
    )


def _without(claim: str, spans: Sequence[Span]) -> str:
    """Return a claim without some of its words and what leads to them: "in the year 1848"; with
    those that it cannot do without: "more than in 1928". Where less than `_FEWEST_LEFT` words are
    left, all of it."""
    left: list[str] = []
    begin = 0
    for span in spans:
        before = claim[begin : span.start].split()
        while before and before[-1].casefold() in word_list("words", "leading"):
            before.pop()
        if is_left_open(" ".join(before)):
            continue
        left += before
        begin = span.end
    left += claim[begin:].split()
    if not spans or len(left) < _FEWEST_LEFT:
        return claim
    return _LOOSE.sub("", " ".join(left)).strip(" ,;")


def _check_namesakes(claim: str, creator: str) -> _Told:
    """Yield whoever the claim names who has the creator's last name and is another."""
    for name in _whole_names(claim):
        if _is_namesake(name, creator):
            yield "differs", Reason("name", name, creator, False)


def _names_speaker(claim: str, creator: str) -> bool:
    """Return whether a claim names a document's creator, at least by the last name."""
    return bool(creator) and any(_can_be(name, creator) for name in _whole_names(claim))


# A claim is checked against ten passages in a row, and what it has is found once.
@lru_cache(maxsize=64)
def _times_of(text: str) -> tuple[Timex, ...]:
    return tuple(times(text))


@lru_cache(maxsize=64)
def _quantities_of(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text, [timex.span for timex in _times_of(text)]))


_known = lru_cache(maxsize=256)(with_names_of_records)


def _is_namesake(name: str, creator: str) -> bool:
    """Return whether a name is that of another person with the creator's last name: FDR beside
    Theodore Roosevelt."""
    same = bool(creator) and last_name(_known(name)) == last_name(creator)
    return same and not _can_be(name, creator)


def _can_be(name: str, creator: str) -> bool:
    known = _known(name)
    return can_be_same(known, creator) or can_be_same(" ".join(known.split()[-2:]), creator)


def _whole_names(text: str) -> list[str]:
    """Return the runs of words with a capital: "George H.W. Bush", without a stop word in front."""
    return list(dict.fromkeys(_name_of_each(text).values()))


@lru_cache(maxsize=64)
def _name_of_each(text: str) -> Mapping[Span, str]:
    """Return for each word with a capital that is no stop word, and of no time or number, the name
    that it is a part of."""
    runs: list[list[Span]] = []
    counted = [timex.span for timex in _times_of(text)]
    counted += [quantity.span for quantity in _quantities_of(text)]
    for span in capitalised(text):
        if stop_words().issuperset(words(span.of(text))) or any(map(span.overlaps, counted)):
            continue
        if runs and _INITIALS.fullmatch(text, runs[-1][-1].end, span.start):
            runs[-1].append(span)
        else:
            runs.append([span])
    return {span: text[run[0].start : run[-1].end] for run in runs for span in run}


def _check_times(claim: str, quotation: Quotation) -> Iterator[tuple[str, Reason, Span]]:
    """Yield each time of the claim, and where: said in the passage, or the passage's own date."""
    passage = quotation.passage
    there = _times_of(passage)
    told = times_told_from(passage, quotation.date or None)
    dated = [of_date(quotation.date)] if quotation.date else []
    for said in _times_of(claim):
        text, meant = said.span.of(claim), _meant(claim, said)
        if same := _overlapping(meant, there):
            yield "agrees", Reason("date", text, same.span.of(passage), True), said.span
        elif _overlapping(meant, dated):
            yield "agrees", Reason("date", text, quotation.date, True), said.span
        elif same := _overlapping(meant, told):
            yield "agrees", Reason("date", text, same.span.of(passage), True), said.span
        elif any(said.overlaps(other) for other in (*there, *told, *dated)):
            yield "missing", Reason("date", text, "", False), said.span  # of a longer time
        elif there or dated:
            other = there[0].span.of(passage) if there else quotation.date
            yield "differs", Reason("date", text, other, False), said.span
        else:
            yield "missing", Reason("date", text, "", False), said.span


def _meant(claim: str, said: Timex) -> Timex:
    """Return a time of a claim with all that lies before it, or after it, where the claim says so:
    "before 1970"."""
    before = words(claim[: said.span.start])[-1:]
    if not word_list("words", "until").isdisjoint(before):
        return replace(said, first="0001-01-01")
    if not word_list("words", "since").isdisjoint(before):
        return replace(said, last="9999-12-31")
    return said


def _overlapping(said: Timex, there: Iterable[Timex]) -> Timex | None:
    """Return what bears out a time: one that may be the same, and is told no less closely."""
    near = (other for other in there if said.overlaps(other))
    return next((other for other in near if _days(other) <= _days(said)), None)


def _days(time: Timex) -> int:
    return (date.fromisoformat(time.last) - date.fromisoformat(time.first)).days


def _check_numbers(claim: str, passage: str) -> _Told:
    """Yield each number of the claim; one that the passage has not differs where the passage
    counts the same thing, or gives as much money or as large a share, otherwise."""
    there = _quantities_of(passage)
    for said in _quantities_of(claim):
        text = said.span.of(claim)
        same = next((other for other in there if agree(said, other)), None)
        if same is not None:
            yield "agrees", Reason("number", text, same.span.of(passage), True)
            continue
        alike = [other for other in there if _of_a_kind(said, other)]
        if alike:
            nearest = min(alike, key=lambda other: abs(other.value - said.value))
            yield "differs", Reason("number", text, nearest.span.of(passage), False)
        else:
            yield "missing", Reason("number", text, "", False)


def _of_a_kind(said: Quantity, other: Quantity) -> bool:
    if said.money or other.money or said.share or other.share:
        return said.money == other.money and said.share == other.share
    return bool(said.noun) and stems(words(said.noun)) == stems(words(other.noun))


def _check_names(claim: str, quotation: Quotation) -> _Told:
    """Yield for each word of the claim's names the whole name: in the passage, in its heading, or
    missing."""
    own = set(stems(words(quotation.passage)))
    around = set(stems(words(quotation.heading)))
    creator = set(stems(words(quotation.creator)))
    inside = capitalised_inside(claim)
    for span, whole in _name_of_each(claim).items():
        name = span.of(claim)
        ways = {tuple(stems(words(name)))} | stands_for(name)
        if any(own.issuperset(way) for way in ways):
            yield "agrees", Reason("name", whole, whole, True)
        elif _is_namesake(whole, quotation.creator):
            yield "missing", Reason("name", whole, "", False)
        elif _can_be(whole, quotation.creator) or any(map(creator.issuperset, ways)):
            yield "agrees", Reason("name", whole, SPEAKER, True)
        elif any(around.issuperset(way) for way in ways):
            yield "agrees", Reason("name", whole, quotation.heading, True)
        elif span in inside:  # the first word of a sentence may be any
            yield "missing", Reason("name", whole, "", False)
