"""A claim in the passage's own words, with one of them changed.

The verifier reads for the sense, so it takes a quotation with one word changed for support. So
where nearly all words of a claim stand in the passage, the two are compared word by word for what
differs: a denial, a name, the order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from difflib import SequenceMatcher
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rag.datatypes import Reason, Span
from rag.language import parse, sentences, stems, stop_words, table, word_list, words

if TYPE_CHECKING:
    from spacy.tokens import Token

_OWN_WORDS = 0.8
"""From this share of a claim's words on that stand in the passage it is in the passage's words."""

_ALL_WORDS = 0.95
"""The same where words in another order say something else, and are not merely told otherwise."""

FEWEST = 5
"""Words that a claim has at least: of fewer nothing can be told."""

_LONGEST = 3
"""Words put in or left out together at most that are looked at: more is another sentence."""

WORD = re.compile(r"(?:(?!n['’]t\b|(?<=\bcan)not\b)[^\W_])+|n['’]t|not", re.IGNORECASE)
"""A word, with "not" and its short form apart: "can", "not"; "did", "n't"."""

_DOTTED = re.compile(r"\b(?:[A-Z]\.\s?){2,}")


@lru_cache(maxsize=64)
def in_words(text: str) -> tuple[re.Match[str], ...]:
    """Return the words of a text where they stand, initials as one: "B.C.", "BC"."""
    joined = _DOTTED.sub(
        lambda found: "".join(filter(str.isalpha, found[0])).ljust(len(found[0])), text
    )
    return tuple(WORD.finditer(joined))


def is_quoted(claim: str, passage: str) -> bool:
    """Return whether a claim is in a passage's own words, but for a few."""
    ours, theirs = ([word.group() for word in in_words(text)] for text in (claim, passage))
    return _share(folded(ours), folded(theirs)) >= _OWN_WORDS


def stands_in_place(said: Span, claim: str, other: Span, passage: str) -> bool:
    """Return whether `other` stands in a passage where `said` stands in a claim: between the same
    words but small ones, and amid the rest of the claim's words."""
    before, after = _around(said, claim)
    above, below = _around(other, passage)
    above, below = above[-len(before) :] if before else [], below[: len(after)]
    rest, there = [*before, *after], [*above, *below]
    return _share(rest, there) >= _OWN_WORDS and is_between_same(said, claim, other, passage)


def is_between_same(said: Span, claim: str, other: Span, passage: str) -> bool:
    """Return whether the next words but small ones are the same on both sides."""
    before, after = _around(said, claim)
    above, below = _around(other, passage)
    return first_telling(before[::-1]) in {"", first_telling(above[::-1])} and (
        first_telling(after) in {"", first_telling(below)}
    )


def _around(span: Span, text: str) -> tuple[list[str], list[str]]:
    parts = text[: span.start], text[span.end :]
    before, after = (folded(WORD.findall(part)) for part in parts)
    return before, after


def first_telling(words: Sequence[str]) -> str:
    """Return the first that is no small word, "" where all are."""
    return next((word for word in words if word not in stop_words()), "")


def compare_wording(claim: str, passage: str, heading: str = "") -> Iterator[tuple[str, Reason]]:
    """Yield what is otherwise in a claim that is in a passage's own words, nothing in others:
    "differs" where only one of the two denies it and says the same besides, "missing" where a
    denial stands elsewhere or beside other words, and where the passage has not the name, has the
    words in another order, under a denial ("nobody swore that") or in a question. `heading`: whose
    words they are, of what and when, which a claim may name."""
    said, found = [word.group() for word in in_words(claim)], in_words(passage)
    there = [match.group() for match in found]
    ours, theirs = folded(said), folded(there)
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
    one_denies = (len(_denials(ours)) + len(_denials(theirs, first, last))) % 2 == 1
    around = [word.group() for text in (told.of(passage), heading) for word in in_words(text)]
    names = set(folded(around))
    before, after = (
        passage[told.start : found[first].start()],
        passage[found[last - 1].end() : told.end],
    )
    above, below = WORD.findall(before), WORD.findall(after)
    sentence, said_in = told.of(passage), Span(len(before), len(told) - len(after))
    denied, denying = bool(_denials(folded(above))), bool(_denials(ours, 0, blocks[0].a))
    for a, b in ((block.a + n, block.b + n) for block in blocks for n in range(block.size)):
        if ours[a] in word_list("words", "negations") and _denies(ours, a) != _denies(theirs, b):
            other = " ".join(there[b : b + _LONGEST])
            yield "missing", Reason("wording", " ".join(said[a : a + _LONGEST]), other, False)
    is_asked = after.startswith("?") and "?" not in claim
    if is_asked or _is_undone(sentence, said_in):
        under = " ".join([*there[last - _LONGEST : last], *below])
        yield "missing", Reason("wording", " ".join(said[-_LONGEST:]), under, False)
    if (
        (denied and not _denials(ours))
        or (denying and not denied)
        or _is_supposed(sentence, said_in)
    ):
        under = " ".join([*above, *there[first : first + _LONGEST]])
        yield "missing", Reason("wording", " ".join(said[:_LONGEST]), under, False)
    for a, b, c, d in apart:
        if max(b - a, d - c) > _LONGEST:
            continue
        if a == b and first <= c and d <= last and _takes_out(ours[:a], theirs[c]):
            other = " ".join(there[c - 1 : d + 1])
            yield "missing", Reason("wording", " ".join(said[a - 1 : a + 1]), other, False)
            continue
        reason = Reason("wording", " ".join(said[a : b + 1]), " ".join(there[c : d + 1]), False)
        denials = len(_denials(ours, a, b)) + len(_denials(theirs, c, d))
        if first <= c and d <= last and denials % 2:
            only = one_denies and _telling(ours, a, b) == _telling(theirs, c, d)
            yield "differs" if only else "missing", reason
        elif _is_other_name(said, a, b, names):
            yield "missing", reason


def _share(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Return which share of a claim's words a passage has in a stretch twice as long, 0 of a claim
    too short to tell."""
    if len(ours) < FEWEST:
        return 0.0
    asked, there = Counter(ours), Counter[str]()
    shared = best = 0
    for at, word in enumerate(theirs):
        there[word] += 1
        shared += there[word] <= asked[word]
        if at >= 2 * len(ours):
            gone = theirs[at - 2 * len(ours)]
            shared -= there[gone] <= asked[gone]
            there[gone] -= 1
        best = max(best, shared)
    return best / len(ours)


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


def folded(words: Sequence[str]) -> list[str]:
    """Return words in small letters, "n't" as "not"."""
    return ["not" if w.endswith(("n't", "n’t")) else w for w in map(str.casefold, words)]


@cache
def _stems_of(key: str) -> frozenset[str]:
    return frozenset(stems(word_list("verbs", key)))


def _denials(words: Sequence[str], first: int = 0, last: int | None = None) -> list[int]:
    """Return which words deny: "not", but none of "not only" and of "No. 5"; "refused", but only
    before what was not done: "refused to sign", "failed in forming"."""
    return [n for n in range(first, len(words) if last is None else last) if _denies(words, n)]


def _denies(words: Sequence[str], at: int) -> bool:
    word, after = words[at], words[at + 1 : at + 3]
    if word in word_list("words", "negations"):
        affirming = set(table("words")["affirming"].get(word, "").split())
        is_number = word == "no" and after[:1] != [] and after[0][0].isdecimal()
        return not is_number and affirming.isdisjoint(after[:1])
    stem = set(stems([word]))
    if stem & _stems_of("denying"):
        return True
    return bool(stem & _stems_of("undone")) and (
        after[:1] == ["to"] or any(_is_doing(word) for word in after[after[:1] == ["in"] :][:1])
    )


def _is_doing(word: str) -> bool:
    return word.endswith("ing")


def _telling(words: Sequence[str], first: int, last: int) -> list[str]:
    """Return the stems of some words without small ones and without what denies."""
    denials = _denials(words, first, last)
    return stems(words[n] for n in range(first, last) if n not in denials)


_JOINED_BY_THAT = re.compile(r",\s+that\s*$")


def _takes_out(before: Sequence[str], word: str) -> bool:
    """Return whether a word behind others takes some out of all or none: "no ships but nine"."""
    if word not in word_list("words", "excepting"):
        return False
    return bool(_denials(before)) or not word_list("words", "whole").isdisjoint(before)


def _is_supposed(sentence: str, part: Span) -> bool:
    """Return whether a part of a sentence is not said to be so: behind "if", "had"."""
    before, supposing = sentence[: part.start], word_list("words", "supposing")
    joined = _JOINED_BY_THAT.sub(" that", before)
    clause = folded(WORD.findall(re.split("[,;:]", joined)[-1]))
    turned = len(clause) == 1 and clause[0] in word_list("words", "turned")
    if turned or not supposing.isdisjoint(clause):
        return True
    if supposing.isdisjoint(words(before)):
        return False
    root = _root_of(sentence, part)  # "if, as he says, it is so", "if it be true that it is so"
    return root is not None and any(
        child.dep_ == "mark" and child.lower_ in supposing and child.idx < part.start
        for token in (root, *root.ancestors)
        for child in token.children
    )


def _root_of(sentence: str, part: Span) -> Token | None:
    found = parse(sentence).char_span(part.start, part.end, alignment_mode="expand")
    return None if found is None else found.root


def _is_undone(sentence: str, part: Span) -> bool:
    """Return whether a part of a sentence is said not to be so: in front of it ("it is false
    that"), or behind it where the verb is there ("the charge that in 1930 he lied is
    unfounded"), or behind "which"."""
    if "that" not in words(sentence[: part.start]):
        return False
    doc = parse(sentence)
    joins = [t.i for t in doc if t.idx < part.start and t.lower_ == "that" and t.tag_ != "DT"]
    if not joins:
        return False
    above, below = doc[: joins[-1]], folded(WORD.findall(sentence[part.end :]))
    untrue = word_list("words", "untrue")
    if any(token.lower_ in untrue for token in above):
        return True
    if any(token.tag_ in {"VBD", "VBP", "VBZ", "MD"} for token in above):
        return below[:1] == ["which"] and not untrue.isdisjoint(below)
    is_fact = any(token.lower_ in word_list("words", "facts") for token in above[-1:])
    return not untrue.isdisjoint(below) or (not is_fact and bool(_denials(below)))


def _told_in(passage: str, first: int, last: int) -> Span:
    """Return the sentences of a passage from one place to another."""
    own = [s for s in sentences(passage) if s.overlaps(Span(first, last))]
    return Span(own[0].start, own[-1].end) if own else Span(first, last)


def _is_other_name(said: Sequence[str], first: int, last: int, there: Set[str]) -> bool:
    """Return whether words of a claim are a name that is not among those there; its first word may
    be any."""
    names = [word.casefold() for word in said[max(first, 1) : last] if word[0].isupper()]
    return any(name not in there and name not in _counting() for name in names)


@cache
def _counting() -> frozenset[str]:
    lists = (("numbers", "units"), ("numbers", "tens"), ("calendar", "ordinals"))
    return frozenset(word for name, key in lists for word in word_list(name, key))
