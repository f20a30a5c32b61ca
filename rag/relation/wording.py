"""What was changed in a claim that is in a passage's own words.

The verifier reads for the sense, so it takes a quotation with one word changed for support. So
where nearly all words of a claim stand in the passage, the two are compared word by word for what
differs: a denial, a name, the order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from difflib import SequenceMatcher
from functools import cache

from rag.datatypes import Reason, Span
from rag.language import sentences, stems, stop_words, word_list

OWN_WORDS = 0.8
"""From this share of a claim's words on that stand in the passage it is in the passage's words."""

ALL_WORDS = 0.95
"""The same where words in another order say something else, and are not merely told otherwise."""

FEWEST = 5
"""Words that a claim has at least: of fewer nothing can be told."""

LONGEST = 3
"""Words put in or left out together at most that are looked at: more is another sentence."""

_WORD = re.compile(r"(?:(?!n['’]t\b|(?<=\bcan)not\b)[^\W_])+|n['’]t|not", re.IGNORECASE)


def is_quoted(claim: str, passage: str) -> bool:
    """Return whether a claim is in a passage's own words, but for a few."""
    return _share(_folded(_WORD.findall(claim)), _folded(_WORD.findall(passage))) >= OWN_WORDS


def compare_wording(claim: str, passage: str, heading: str = "") -> Iterator[tuple[str, Reason]]:
    """Yield what is otherwise in a claim that is in a passage's own words, nothing in others:
    "differs" where only one of the two denies it, "missing" where the passage has not the name,
    has the words in another order, or under a denial ("nobody swore that"). `heading`: whose
    words they are, of what and when, which a claim may name."""
    said, found = _WORD.findall(claim), list(_WORD.finditer(passage))
    there = [match.group() for match in found]
    ours, theirs = _folded(said), _folded(there)
    share = _share(ours, theirs)
    if share < OWN_WORDS:
        return
    laid = SequenceMatcher(None, ours, theirs, autojunk=False)
    blocks = [block for block in laid.get_matching_blocks() if block.size]
    first, last = blocks[0].b, blocks[-1].b + blocks[-1].size
    apart = [codes[1:] for codes in laid.get_opcodes() if codes[0] != "equal"]
    if share >= ALL_WORDS and _is_turned(ours, theirs, first, last, apart):
        yield "missing", Reason("wording", "the same words", "in another order", False)
    told = _told_in(passage, found[first].start(), found[last - 1].end())
    names = {*_folded(_WORD.findall(told.of(passage))), *_folded(_WORD.findall(heading))}
    above = _WORD.findall(passage[told.start : found[first].start()])
    if _is_denied(_folded(above)) and not _is_denied(ours):
        under = " ".join([*above, *there[first : first + LONGEST]])
        yield "missing", Reason("wording", " ".join(said[:LONGEST]), under, False)
    for a, b, c, d in apart:
        if max(b - a, d - c) > LONGEST:
            continue
        reason = Reason("wording", " ".join(said[a : b + 1]), " ".join(there[c : d + 1]), False)
        if first <= c and d <= last and _is_denied(ours[a:b]) != _is_denied(theirs[c:d]):
            yield "differs", reason
        elif _is_other_name(said, a, b, names):
            yield "missing", reason


def _share(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Return which share of a claim's words a passage has, 0 of a claim too short to tell."""
    if len(ours) < FEWEST:
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
