"""Keys under which the spellings of one name meet, and few other names do.

Three of them, from the surest to the least sure: `spelling_key` for names that went through
several romanisations, `vowel_keys` for names from scripts that leave vowels open (Arabic,
Persian) and for English ears, `deletions` for a slip of one letter.
"""

from __future__ import annotations

import re
from itertools import product

from rag.language.lexicon import table

MIN_KEY_LETTERS = 5
"""Shorter names have too many neighbours that only sound alike."""

MIN_LOOSE_LETTERS = 6
"""The same for `vowel_keys` and `deletions`: shorter names would double the false matches."""

OPEN_VOWELS = 4
"""Of a name's first so many e, each may stand for a or i."""


def _rules(name: str) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), other) for pattern, other in table("spellings")[name]]


_KEY_RULES = _rules("romanised")
_VOWEL_RULES = _rules("open_vowels")


def spelling_key(word: str) -> str:
    """Return a key that the romanisations of one name share, and few other names have.

    Consonants that languages write differently fall together (w and v, kh and h, shch
    and sh), glides before vowels go, endings such as -skiy, -skij and -ski are one.

    >>> spelling_key("malinowski") == spelling_key("malinovskiy") == spelling_key("malinovsky")
    True
    >>> spelling_key("khruschev") == spelling_key("khrushchov")
    True
    >>> spelling_key("dulles") == spelling_key("dallas")
    False
    """
    for pattern, replacement in _KEY_RULES:
        word = pattern.sub(replacement, word)
    return word


def vowel_keys(word: str) -> frozenset[str]:
    """Return the keys of a name whose e may be a or i, and whose o is u; none for a short one.

    Two spellings meet where they share a key. Throat sounds and doubled letters fall
    together too.

    >>> vowel_keys("mossadegh") & vowel_keys("musaddiq") != frozenset()
    True
    >>> vowel_keys("faisal") & vowel_keys("feisal") != frozenset()
    True
    >>> vowel_keys("hussein") & vowel_keys("hassan")
    frozenset()
    """
    if len(word) < MIN_LOOSE_LETTERS:
        return frozenset()
    for pattern, replacement in _VOWEL_RULES:
        word = pattern.sub(replacement, word)
    head, *parts = word.split("e", OPEN_VOWELS)
    return frozenset(
        re.sub(r"(.)\1+", r"\1", head + "".join(v + p for v, p in zip(vowels, parts, strict=True)))
        for vowels in product("ai", repeat=len(parts))
    )


def deletions(word: str) -> frozenset[str]:
    """Return a word and what is left of it without one letter after the first; nothing for
    a short word.

    Two words that begin alike and are one letter added, lost, changed or swapped with the next
    apart share one of these (Garbe's symmetric deletion; see `one_slip`).
    """
    if len(word) < MIN_LOOSE_LETTERS:
        return frozenset()
    return frozenset({word, *(word[:i] + word[i + 1 :] for i in range(1, len(word)))})


def one_slip(one: str, other: str) -> bool:
    """Return whether two words that begin alike are one slip of a letter apart.

    >>> one_slip("hammarskjold", "hammerskjold"), one_slip("ziegler", "zeigler")
    (True, True)
    >>> one_slip("kennan", "kennedy")
    False
    """
    if one == other or one[:1] != other[:1] or not deletions(one) & deletions(other):
        return False
    if len(one) != len(other):
        return one in deletions(other) or other in deletions(one)
    apart = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1
    return len(apart) == 1 or (
        swapped and one[apart[0]] == other[apart[1]] and one[apart[1]] == other[apart[0]]
    )
