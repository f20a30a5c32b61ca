"""A claim in the source's own wording: what was put in, left out or turned round."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from difflib import SequenceMatcher

from rag.language import word_list
from rag.relation.alignment import SAME, Pair
from rag.relation.statement import Deed

_NEGATIONS = word_list("words", "negations")

LITERAL_WORDS = 5
LITERAL_SHARE = 0.7
"""From here on the wording is the claim's own and not merely alike."""

_TOKEN = re.compile(r"(?:(?!n['’]t\b|(?<=\bcan)not\b)\w)+|n['’]t|not")


def literal_share(pairs: Sequence[Pair]) -> float:
    """Return the share of the claim that the source has in the claim's own wording, by the
    weight of the words; 0.0 below `LITERAL_WORDS` words or `LITERAL_SHARE` of it."""
    same = [pair for pair in pairs if pair.likeness >= SAME]
    share = sum(pair.weight for pair in same)
    return share if len(same) >= LITERAL_WORDS and share >= LITERAL_SHARE else 0.0


def in_order(pairs: Sequence[Pair]) -> float:
    """Return the share of the words in common that come in one order in both: the longest
    increasing subsequence of their places in the source. 1.0 without common words."""
    places = [pair.source.span.start for pair in pairs if pair.source and pair.likeness >= SAME]
    tails: list[int] = []
    for place in places:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(tails) / len(places) if places else 1.0


def turned_round(pairs: Sequence[Pair], told: Sequence[Deed]) -> bool:
    """Return whether around a verb in common other words in common changed sides, some from
    before it to behind it and some the other way. `told`: deeds that the two have in common,
    for "Grant took the town" is "the town was taken by Grant"."""
    shared = [pair for pair in pairs if pair.source and pair.likeness >= SAME]
    places = [pair.source.span.start for pair in shared if pair.source]
    once = [pair for pair, place in zip(shared, places, strict=True) if places.count(place) == 1]
    known = {deed.act for deed in told}
    for verb in once:
        if not verb.claim.predicate or verb.claim.lemma in known or verb.source is None:
            continue
        sides = {
            (pair.claim.span < verb.claim.span, pair.source.span < verb.source.span)
            for pair in once
            if pair is not verb and pair.source
        }
        if {(True, False), (False, True)} <= sides:
            return True
    return False


def denied_elsewhere(claim: str, source: str) -> str:
    """Return the word before which only one of two wordings has a denial, "" where there is none
    or the source has less than `LITERAL_SHARE` of the claim's words in their order.

    >>> denied_elsewhere("We can not and should act.", "We can and should act.")
    'and'
    >>> denied_elsewhere("He did not act.", "We thought that he didn't act, nor did we.")
    ''
    """
    ours, theirs = (_tokens(text) for text in (claim, source))
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    in_claim = {i for block in blocks for i in range(block.a, block.a + block.size)}
    in_source = {i for block in blocks for i in range(block.b, block.b + block.size)}
    if len(in_claim) < LITERAL_SHARE * len(ours):
        return ""
    for tokens, matched in ((ours, in_claim), (theirs, in_source)):
        for i, token in enumerate(tokens[:-1]):
            if token in _NEGATIONS and i not in matched and i + 1 in matched:
                return tokens[i + 1]
    return ""


def _tokens(text: str) -> list[str]:
    return ["not" if t in {"n't", "n’t"} else t for t in _TOKEN.findall(text.casefold())]
