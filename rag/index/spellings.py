"""Which words of an index may be another spelling of a name that a claim has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from rag.index.lexical import LexicalIndex
from rag.language import MIN_KEY_LETTERS, deletions, one_slip, spelling_key, vowel_keys

RARE = 0.02
"""Words in no more than this share of the documents tell what a claim is about."""

Keys = Callable[[str], Iterable[str]]


class Spellings:
    """The words of an index, found by the keys of `rag.language`.

    Loose keys (vowels, one slip) are only asked for names that the index does not have at
    all; a slip must also be at home in the claim: in a document that has another rare word
    of it. So a known name is never taken for its neighbour, and Hatcher for Thatcher only
    where the rest of the claim speaks for it.
    """

    def __init__(self, passages: LexicalIndex, documents: LexicalIndex) -> None:
        self._passages = passages
        self._documents = documents

    def of(self, stem: str, claim: Sequence[str]) -> list[list[str]]:
        """Return the words that may be another spelling of `stem`, in groups, the surest
        first. `claim`: the stems of the claim that it is in."""
        groups: list[list[str]] = []
        if len(stem) >= MIN_KEY_LETTERS:
            groups.append(self._by_key.get(spelling_key(stem), []))
        if not self._passages.knows(stem):
            groups.append(_found(self._by_vowels, vowel_keys(stem)))
            slips = _found(self._by_slip, deletions(stem))
            groups.append(
                [word for word in slips if one_slip(stem, word) and self._at_home(word, claim)]
            )
        return groups

    def _at_home(self, word: str, claim: Sequence[str]) -> bool:
        """Return whether a document has the word and another rare word of the claim."""
        own = self._documents.texts_with(word)
        limit = max(RARE * self._documents.texts, 1)
        return any(
            np.isin(own, self._documents.texts_with(stem)).any()
            for stem in claim
            if 0 < self._documents.frequency(stem) <= limit
        )

    @cached_property
    def _names(self) -> list[str]:
        vocabulary = self._passages.vocabulary
        return [stem for stem in vocabulary if stem.isalpha() and len(stem) >= MIN_KEY_LETTERS]

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        return self._by(lambda stem: [spelling_key(stem)])

    @cached_property
    def _by_vowels(self) -> dict[str, list[str]]:
        return self._by(vowel_keys)

    @cached_property
    def _by_slip(self) -> dict[str, list[str]]:
        return self._by(deletions)

    def _by(self, keys: Keys) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for stem in self._names:
            for key in keys(stem):
                found.setdefault(key, []).append(stem)
        return found


def _found(table: Mapping[str, list[str]], keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(stem for key in keys for stem in table.get(key, ())))
