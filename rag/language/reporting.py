"""Patterns for what an author does not say himself: hearsay, views of others, proposals."""

from __future__ import annotations

import re
from functools import cache

from rag.language.tokens import word_list


def _one_of(table: str, *keys: str) -> str:
    """Return a pattern for any word of some lists of a table."""
    return "|".join(sorted(frozenset().union(*(word_list(table, key) for key in keys))))


@cache
def hearsay() -> re.Pattern[str]:
    """Return a pattern for hearsay, which an author passes on without vouching for it: "it has been
    claimed", "many writers explain", "he is told that", "rumour had it"."""
    critics, rumours = _one_of("words", "critics"), _one_of("words", "rumours")
    verbs = _one_of("verbs", "speaking", "holding")
    saying = rf"(?:said|held|told|thought|(?:{verbs})(?:s|d|ed)?)\b"
    return re.compile(
        r"\bit (?:is|was|has been|had been)(?: \w+)?"
        rf" (?:said|{_one_of('words', 'alleged', 'rumours')})\b"
        rf"|\b(?:(?:{critics})(?: who)?|those who) (?:\w+ly )?{saying}"
        rf"|\b(?:is|are) (?:\w+ )?told that\b|\b(?:{rumours})\b",
        re.IGNORECASE,
    )


@cache
def views_of_others() -> re.Pattern[str]:
    """Return a pattern for views that need not be the author's, as it introduces what he then
    rejects: "it is said", "some argue", "the charge that"."""
    others, saying = _one_of("words", "others"), _one_of("verbs", "speaking", "holding")
    return re.compile(
        r"\bit (?:is|was|has been|may be|will be)(?: \w+)?"
        rf" (?:{_one_of('words', 'held')})\b"
        rf"|\b(?:{others})\b[^.;:]{{0,40}}? (?:{saying})\b"
        rf"|\bthe (?:{_one_of('words', 'views')}) (?:that|is|of)\b",
        re.IGNORECASE,
    )


@cache
def proposals() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return patterns for an author's own proposal, for the introduction of a draft, and for an
    author who speaks in the first person."""
    verbs, drafts = _one_of("verbs", "proposing"), _one_of("words", "drafts")
    return (
        re.compile(
            rf"\b(?:I|we)\b(?: (?!not\b|never\b)[a-z]+){{0,3}}?"
            rf" (?:{verbs})\b(?!(?<=submit) (?:\w+ ){{0,3}}?(?:{_one_of('words', 'papers')})\b)"
        ),
        re.compile(rf"\b(?:{verbs})(?:s|d|ed|ing)?\b[^.;:!?]*\b(?:{drafts})\b[^.;!?]*:\s"),
        re.compile(rf"\b(?:{_one_of('words', 'speaking_of_self')})\b", re.IGNORECASE),
    )
