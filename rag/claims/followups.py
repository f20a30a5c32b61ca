"""A question that leans on the one before it: "and what did Mao say?"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rag.claims.checkable import is_pleasantry
from rag.language import capitalised, stop_words, words

MAX_WORDS = 14
"""A longer text says by itself what it is about."""

MAX_NAMES = 6

_OPENS = re.compile(r"^\W*(?:and|but|or|so|then|what about|how about|also)\b", re.IGNORECASE)
_POINTS_BACK = frozenset(
    [
        *["he", "him", "his", "she", "her", "hers", "it", "its", "they", "them", "their", "theirs"],
        *["this", "that", "these", "those", "there", "then", "same", "former", "latter"],
    ]
)
_END_MARKS = "?!.…"
_YEAR = re.compile(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b")


def _is_follow_up(text: str) -> bool:
    """Return whether `text` leans on what was said before: short, and it opens with "and",
    or has a pronoun and no name of its own.

    >>> _is_follow_up("And what did Mao say?"), _is_follow_up("Did he resign?")
    (True, True)
    >>> _is_follow_up("Monroe told Europe to stay out"), _is_follow_up("Did Nixon say it?")
    (False, False)
    >>> is_follow_up("thanks, that's great")
    False
    """
    said = words(text)
    if is_pleasantry(text):
        return False
    if not said or len(said) > MAX_WORDS or "\n" in text.strip():
        return False
    return bool(_OPENS.match(text)) or (not _POINTS_BACK.isdisjoint(said) and not names(text))


def names(text: str) -> list[str]:
    """Return the likely names of a text, each once: words with a capital that are no common
    words, those side by side as one, and years. The most frequent ones are first.

    >>> names("In 1964 Zhou Enlai went to Moscow. He was met by Malinowski.")
    ['Zhou Enlai', 'Moscow', 'Malinowski', '1964']
    """
    capitals = [w for w in (span.of(text) for span in capitalised(text)) if not _common(w)]
    any_name = "|".join(re.escape(word) for word in dict.fromkeys(capitals))
    runs = re.findall(rf"\b(?:{any_name})(?: (?:{any_name}))*\b", text) if capitals else []
    counted = Counter([*runs, *_YEAR.findall(text)])
    return [name for name, _ in counted.most_common()]


def in_context(text: str, earlier: Iterable[str]) -> str:
    """Return what to look up for `text`, after the texts `earlier`, the nearest first.

    A text that leans on them gets the names of the nearest that has any, before its end
    mark. Any other is returned as it is.

    >>> in_context("and what did Mao say?", ["Zhou Enlai met Malinowski in Moscow"])
    'and what did Mao say (Zhou Enlai, Malinowski, Moscow)?'
    """
    if not _is_follow_up(text):
        return text
    said = set(words(text))
    for claim in earlier:
        carried = [name for name in names(claim) if said.isdisjoint(words(name))][:MAX_NAMES]
        if carried:
            said_part = text.rstrip().rstrip(_END_MARKS)
            mark = text.rstrip()[len(said_part) :]
            return f"{said_part} ({', '.join(carried)}){mark}"
    return text


def _common(word: str) -> bool:
    folded = words(word)
    return all(part in stop_words() or len(part) < 2 for part in folded)
