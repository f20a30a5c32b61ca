"""BM25 over stemmed words, by `bm25s`, on disk without pickle and memory-mapped.

The terms are stems, and days, numbers and designations in one spelling each. "March 12, 1959", "the
12th of March, 1959" and "1959-03-12" give the term "1959-03-12", "12 March" and "March 12th" give
"03-12", "fifteen thousand" and "15,000" give "15000". "NSC 59/1" and "U-2" are one term each,
beside their parts, of which a "1" or a "2" means little. A claim's names and numbers weigh more
than its other words.

The terms of each passage are kept as numbers, so that a rebuild need not stem all texts again:

| file | holds |
|---|---|
| `terms.npy` | int32, (stems of all passages,): numbers in the vocabulary, in text order |
| `term_rows.npy` | int64, (passages + 1,): passage p owns terms rows[p]..rows[p+1] |
| `terms.json` | the vocabulary, sorted, and a hash of how words and stems were made |

`Spellings` finds words of the index that may be other spellings of a claim's names.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.language import (
    MIN_KEY_LETTERS,
    capitalised_inside,
    days,
    deletions,
    is_one_edit_apart,
    quantities,
    spelling_key,
    stems,
    vowel_keys,
    words,
)
from rag.searching import inverse_frequency

K1 = 1.5
B = 0.75


class LexicalIndex:
    """Ranks texts, identified by row, by the words they share with a query.

    Scores are BM25 in Lucene's variant (Kamphuis et al. 2020), with the usual `K1` and `B`.
    """

    def __init__(self, bm25: Any, rows: int) -> None:
        self._bm25 = bm25
        self._rows = rows

    @staticmethod
    def write(
        terms: NDArray[np.int32], bounds: NDArray[np.int64], vocabulary: list[str], folder: Path
    ) -> None:
        """Index texts and write the index to `folder`.

        Text i has the stems `vocabulary[t]` for t in `terms[bounds[i]:bounds[i + 1]]`. The scores
        of all texts are computed at once; bm25s gives the same text by text
        (tests/test_lexical.py), ten times as slowly.
        """
        import bm25s

        texts = len(bounds) - 1
        if not len(terms):  # bm25s cannot open an index without any word
            terms, vocabulary = np.zeros(1, np.int32), [""]
            bounds = np.array([0] + [1] * texts)
        lengths = np.diff(bounds)
        # Each text's different terms, ordered by term and then by text: the columns of a
        # compressed sparse matrix.
        owners = np.repeat(np.arange(texts), lengths)
        cells, counts = np.unique(terms.astype(np.int64) * texts + owners, return_counts=True)
        columns, rows = np.divmod(cells, texts)
        frequencies = np.bincount(columns, minlength=len(vocabulary))
        rarity = np.log(1 + (texts - frequencies + 0.5) / (frequencies + 0.5))
        size = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        bm25.scores = {
            "data": (rarity[columns] * counts / (size[rows] + counts)).astype(np.float32),
            "indices": rows.astype(np.int32),
            "indptr": _narrowed(np.append(0, np.cumsum(frequencies))),
            "num_docs": texts,
        }
        bm25.vocab_dict = {stem: i for i, stem in enumerate(vocabulary)}
        bm25.nonoccurrence_array = None
        bm25.save(str(folder), show_progress=False)

    @classmethod
    def open(cls, folder: Path, rows: int) -> LexicalIndex:
        """Return the index in `folder`, memory-mapped."""
        import bm25s

        return cls(bm25s.BM25.load(str(folder), mmap=True, show_progress=False), rows)

    @property
    def texts(self) -> int:
        """The number of texts."""
        return self._rows

    def knows(self, stem: str) -> bool:
        """Return whether any text has this stem."""
        return stem in self._bm25.vocab_dict

    def frequency(self, stem: str) -> int:
        """Return how many texts have the stem."""
        column = self._bm25.vocab_dict.get(stem)
        if column is None:
            return 0
        bounds = self._bm25.scores["indptr"]
        return int(bounds[column + 1] - bounds[column])

    def texts_with(self, stem: str) -> NDArray[np.int32]:
        """Return the rows of the texts with a stem."""
        column = self._bm25.vocab_dict.get(stem)
        if column is None:
            return np.zeros(0, dtype=np.int32)
        first, last = self._bm25.scores["indptr"][column : column + 2]
        return np.asarray(self._bm25.scores["indices"][first:last])

    @property
    def vocabulary(self) -> list[str]:
        """Every stem that some text has."""
        return [stem for stem in self._bm25.vocab_dict if stem]

    @property
    def numbers(self) -> dict[str, int]:
        """The number of every stem in the vocabulary."""
        return {stem: number for stem, number in self._bm25.vocab_dict.items() if stem}

    @property
    def stored(self) -> Mapping[str, NDArray[Any]]:
        """The score of each text for each stem, as a compressed sparse matrix with a column per
        stem: "data", "indices" and "indptr"."""
        found: Mapping[str, NDArray[Any]] = self._bm25.scores
        return found

    def scores(self, stems: Sequence[str]) -> NDArray[np.float32]:
        """Return every row's score for a query, shape (rows,); 0 shares no word."""
        known = [stem for stem in dict.fromkeys(stems) if self.knows(stem)]
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores(known)
        return scores

    def shares(self, weights: Mapping[str, float]) -> NDArray[np.float32]:
        """Return for every row its share of a query, 0 to 1, shape (rows,).

        `weights`: the weight of each stem of the query. The share is BM25 over the highest score
        that a text could have: the sum of the weighted inverse document frequencies, stems that no
        text has left out.
        """
        scores = np.zeros(self._rows, dtype=np.float32)
        highest = 0.0
        for stem, weight in weights.items():
            if (column := self._bm25.vocab_dict.get(stem)) is not None:
                first, last = self._bm25.scores["indptr"][column : column + 2]
                found = self._bm25.scores["indices"][first:last]
                scores[found] += weight * self._bm25.scores["data"][first:last]
                highest += weight * self.rarity(stem)
        return scores / np.float32(highest) if highest else scores

    def rarity(self, stem: str) -> float:
        """Return the inverse document frequency of a stem, in Lucene's variant."""
        return inverse_frequency(self.frequency(stem), self._rows)


NAME_WEIGHT = 2.0
"""The weight of a claim's names, numbers and days, beside 1 for its other words."""

_WORDED = re.compile(
    r"ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|dozen|hundred|thousand|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|million|billion"
)

_NUMBERED = r"(?P<number>\d{1,5}(?:[-/]\d{1,4})*)(?![\d%]|[.,:]\d|st\b|nd\b|rd\b|th\b)"
_DESIGNATIONS = [
    re.compile(rf"(?<![\w.-])(?P<letters>{letters}){_NUMBERED}")
    for letters in (
        r"[A-Z]{2,6}[ -]",  # NSC 59/1, NSAM-263
        r"(?:[A-Z]\. ?){2,4}",  # H.R. 1776, P. L. 480
        r"[A-Z][A-Za-z]{0,3}-",  # U-2, MiG-21
    )
]
_DASHES = str.maketrans("–‑—‐\xa0", "---- ")

_WORDED_FROM = 10
"""Smaller numbers in words are mostly not figures ("one of them", "two days later")."""

_SAMPLE = (
    "The President's “New Look”: 16,000 naïve co-operators' re-elections, ratified in U.S.S.R. "
    "by fifteen thousand men on the 2d of February, 1848, and on Dec. 5, of whom NSC "
    "59/1 and the U-2 knew, from Łódź and Søndre Strømfjord to Hawai‘i and Sana\u02beā"
)


def search_terms(text: str, heading: str = "") -> list[str]:
    """Return the terms of `text`: its stems in order, then its days, numbers in words and
    designations. `heading`: the title above it, repeated for each passage of a document.

    >>> search_terms("Fifteen thousand men left on the 2d of February, 1848.")[-3:]
    ['02-02', '1848-02-02', '15000']
    """
    above, once = _read(heading)
    folded = words(text)
    own = [term for term in _in_one_spelling(text, folded) if term not in above]
    spelled = dict.fromkeys([*once, *own])
    return [*above, *stems(folded), *spelled]


@lru_cache(maxsize=16)
def _read(heading: str) -> tuple[list[str], list[str]]:
    folded = words(heading)
    return stems(folded), _in_one_spelling(heading, folded)


def _in_one_spelling(text: str, folded: Sequence[str]) -> list[str]:
    """Return the days, numbers and designations in `text`, whose folded words are `folded`."""
    worded = _worded_numbers(text, folded) if any(map(_WORDED.match, folded)) else []
    if not any(word[0].isdecimal() for word in folded):  # most passages
        return worded
    return [*days(text), *worded, *_designations(text)]


def _worded_numbers(text: str, folded: Sequence[str]) -> list[str]:
    """Return the numbers that `text` has in words, as digits; `folded`: its words.

    >>> text = "fifteen thousand of 20,000, half a million, two days"
    >>> _worded_numbers(text, words(text))
    ['15000', '500000']
    """
    found = []
    for quantity in quantities(text):
        said = quantity.span.of(text)
        value = round(100 * quantity.value) if quantity.share else quantity.value
        if value >= _WORDED_FROM and value == int(value) and re.search("[a-z]{3}", said.lower()):
            found.append(str(int(value)))
    return [number for number in dict.fromkeys(found) if number not in folded]


def _designations(text: str) -> list[str]:
    """Return the papers, laws, aircraft and the like that `text` names by letters and number.

    >>> _designations("NIE 13–56 and P.L. 480 say nothing of the U-2s that CIA had in 1956")
    ['nie-13-56', 'pl-480', 'u-2']
    """
    plain = text.translate(_DASHES)
    found = [match for pattern in _DESIGNATIONS for match in pattern.finditer(plain)]
    return list(dict.fromkeys(_designation(match) for match in found))


def _designation(match: re.Match[str]) -> str:
    letters = re.sub("[^a-z]", "", match["letters"].lower())
    return f"{letters}-{match['number'].replace('/', '-')}"


def name_stems(claim: str) -> frozenset[str]:
    """Return the stems of a claim's names and numbers: words with a capital inside a sentence, or
    with a digit.

    >>> sorted(name_stems("Gold, said Polk in 1848, was found."))
    ['1848', 'polk']
    """
    said = [span.of(claim) for span in capitalised_inside(claim)]
    numbers = [word for word in words(claim) if word[0].isdigit()]
    return frozenset(stems([word for name in said for word in words(name)] + numbers))


def weighted_terms(claim: str) -> dict[str, float]:
    """Return the claim's terms, each with its weight in a search."""
    named = name_stems(claim)
    folded = words(claim)
    own = dict.fromkeys(stems(folded), 1.0)
    return (
        own
        | dict.fromkeys(own.keys() & named, NAME_WEIGHT)
        | dict.fromkeys(_in_one_spelling(claim, folded), NAME_WEIGHT)
    )


def stemming_hash() -> str:
    """Return a hash that changes with the way words or stems are made."""
    from Stemmer import version

    made = "\n".join([version(), *search_terms(_SAMPLE)])
    return hashlib.sha256(made.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Terms:
    """Stems of passages: passage p has `vocabulary[t]` for t in `numbers[rows[p]:rows[p + 1]]`."""

    numbers: NDArray[np.int32]
    rows: NDArray[np.int64]
    vocabulary: list[str]

    @classmethod
    def read(cls, folder: Path) -> Terms | None:
        """Return the terms in a folder, None if there are none or they were made in another way."""
        try:
            described = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
            if described["stemming"] != stemming_hash():
                return None
            numbers = np.load(folder / "terms.npy", mmap_mode="r", allow_pickle=False)
            rows = np.load(folder / "term_rows.npy", allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(numbers, rows, described["vocabulary"])

    def write(self, folder: Path) -> None:
        """Write the terms to a folder."""
        np.save(folder / "terms.npy", self.numbers)
        np.save(folder / "term_rows.npy", self.rows)
        described = {"stemming": stemming_hash(), "vocabulary": self.vocabulary}
        (folder / "terms.json").write_text(json.dumps(described), encoding="utf-8")


Part = tuple[int, int] | tuple[str, str]
"""A run of passages of the old terms, as (first, last + 1), or one new passage's heading and
text."""


def collect_terms(old: Terms | None, parts: Iterable[Part]) -> Terms:
    """Return the terms of passages, taken from `old` or made from their text."""
    numbers: list[NDArray[np.int32]] = []
    lengths: list[NDArray[np.int64]] = []
    known = {stem: i for i, stem in enumerate(old.vocabulary)} if old else {}
    for part in parts:
        first, last = part
        if isinstance(first, str) and isinstance(last, str):
            made = [known.setdefault(stem, len(known)) for stem in search_terms(last, first)]
            numbers.append(np.array(made, dtype=np.int32))
            lengths.append(np.array([len(made)]))
        else:
            assert old is not None, "there are no old terms"
            assert isinstance(first, int) and isinstance(last, int)
            numbers.append(old.numbers[old.rows[first] : old.rows[last]])
            lengths.append(np.diff(old.rows[first : last + 1]))
    together = np.concatenate(numbers) if numbers else np.zeros(0, np.int32)
    return _sorted(together, np.concatenate([[0], *lengths]).cumsum(), list(known))


def _narrowed(bounds: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return ascending bounds as 32-bit integers if they fit.

    >>> [str(_narrowed(np.array([0, last])).dtype) for last in (2**31 - 1, 2**31)]
    ['int32', 'int64']
    """
    return bounds if bounds[-1] > np.iinfo(np.int32).max else bounds.astype(np.int32)


def _sorted(numbers: NDArray[np.int32], rows: NDArray[np.int64], vocabulary: list[str]) -> Terms:
    """Return terms with a sorted vocabulary in which every stem is used."""
    used = np.unique(numbers)
    stems_used = [vocabulary[number] for number in used]
    order = sorted(range(len(used)), key=stems_used.__getitem__)
    new_number = np.zeros(len(vocabulary), dtype=np.int32)
    new_number[used[order]] = np.arange(len(used))
    return Terms(new_number[numbers], rows, [stems_used[place] for place in order])


RARE = 0.02
"""Words in at most this share of the documents show what a claim is about."""

_Keys = Callable[[str], Iterable[str]]


class Spellings:
    """The words of an index by the spelling keys of `rag.language`.

    The loose keys (vowels, one edit) are tried only for names that the index lacks. A word that is
    one edit away must also be in a document with another rare word of the claim. So a known name is
    never taken for a similar one, and Hatcher for Thatcher only if the rest of the claim supports
    it.
    """

    def __init__(self, passages: LexicalIndex, documents: LexicalIndex) -> None:
        self._passages = passages
        self._documents = documents

    def of(self, stem: str, claim: Sequence[str]) -> list[list[str]]:
        """Return words that may be another spelling of `stem`, in groups, the surest first.
        `claim`: the stems of the claim with it."""
        groups: list[list[str]] = []
        if len(stem) >= MIN_KEY_LETTERS:
            groups.append(self._by_key.get(spelling_key(stem), []))
        if not self._passages.knows(stem):
            groups.append(_found(self._by_vowels, vowel_keys(stem)))
            slips = _found(self._by_slip, deletions(stem))
            groups.append(
                [
                    word
                    for word in slips
                    if is_one_edit_apart(stem, word) and self._at_home(word, claim)
                ]
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

    def _by(self, keys: _Keys) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for stem in self._names:
            for key in keys(stem):
                found.setdefault(key, []).append(stem)
        return found


def _found(table: Mapping[str, list[str]], keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(stem for key in keys for stem in table.get(key, ())))
