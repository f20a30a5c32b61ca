"""What the lexical index counts: stems; days, numbers and designations in one spelling each.

"March 12, 1959", "the 12th of March, 1959" and "1959-03-12" meet in the term "1959-03-12",
"12 March" and "March 12th" in "03-12"; "fifteen thousand" meets "15,000" in "15000". "NSC
59/1" and "U-2" are a term each, beside their parts, of which a "1" or a "2" says nothing. A
claim's names and numbers weigh more than its other words.

The terms of each passage are kept as numbers, so that a rebuild need not stem all texts anew:

| file | holds |
|---|---|
| `terms.npy` | int32, (stems of all passages,): numbers in the vocabulary, in text order |
| `term_rows.npy` | int64, (passages + 1,): passage p owns terms rows[p]..rows[p+1] |
| `terms.json` | the vocabulary, sorted, and a mark of how stems were made |
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.language import capitalised_inside, days, quantities, stems, words

NAME_WEIGHT = 2.0
"""What a claim's names, numbers and days weigh beside its other words."""

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

WORDED_FROM = 10
"""Smaller numbers in words are mostly no figures ("one of them", "two days later")."""

_SAMPLE = (
    "The President's “New Look”: 16,000 naïve co-operators' re-elections, ratified in U.S.S.R. "
    "by fifteen thousand men on the 2d of February, 1848, and on Dec. 5, of whom NSC "
    "59/1 and the U-2 knew"
)


def search_terms(text: str, heading: str = "") -> list[str]:
    """Return the terms of `text`: its stems in order, then its days, worded numbers and
    designations. `heading`: what stands above it, as above each passage of its document.

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
    """Return what `text`, whose words are `folded`, has of days, numbers and designations."""
    worded = _worded_numbers(text, folded) if any(map(_WORDED.match, folded)) else []
    if not any(word[0].isdecimal() for word in folded):  # most passages
        return worded
    return [*days(text), *worded, *_designations(text)]


def _worded_numbers(text: str, folded: Sequence[str]) -> list[str]:
    """Return the numbers that `text` has in words, in digits; `folded`: its words.

    >>> text = "fifteen thousand of 20,000, half a million, two days"
    >>> _worded_numbers(text, words(text))
    ['15000', '500000']
    """
    found = []
    for quantity in quantities(text):
        said = quantity.span.of(text)
        value = round(100 * quantity.value) if quantity.share else quantity.value
        if value >= WORDED_FROM and value == int(value) and re.search("[a-z]{3}", said.lower()):
            found.append(str(int(value)))
    return [number for number in dict.fromkeys(found) if number not in folded]


def _designations(text: str) -> list[str]:
    """Return the papers, laws, aircraft and the like that `text` calls by letters and number.

    >>> _designations("NIE 13–56 and P.L. 480 say nothing of the U-2s that CIA had in 1956")
    ['nie-13-56', 'pl-480', 'u-2']
    """
    plain = text.translate(_DASHES)
    found = [match for pattern in _DESIGNATIONS for match in pattern.finditer(plain)]
    return list(dict.fromkeys(_designation(match) for match in found))


def _designation(match: re.Match[str]) -> str:
    letters = re.sub("[^a-z]", "", match["letters"].lower())
    return f"{letters}-{match['number'].replace('/', '-')}"


def names(claim: str) -> frozenset[str]:
    """Return the stems of a claim's names and numbers: what has a capital inside a
    sentence, or a digit.

    >>> sorted(names("Gold, said Polk in 1848, was found."))
    ['1848', 'polk']
    """
    said = [span.of(claim) for span in capitalised_inside(claim)]
    numbers = [word for word in words(claim) if word[0].isdigit()]
    return frozenset(stems([word for name in said for word in words(name)] + numbers))


def weighted_terms(claim: str) -> dict[str, float]:
    """Return the claim's terms, each with what it weighs in a search."""
    named = names(claim)
    folded = words(claim)
    own = dict.fromkeys(stems(folded), 1.0)
    return (
        own
        | dict.fromkeys(own.keys() & named, NAME_WEIGHT)
        | dict.fromkeys(_in_one_spelling(claim, folded), NAME_WEIGHT)
    )


def _stemming() -> str:
    """Return a mark that is another one when words or stems are made otherwise."""
    from Stemmer import version

    made = "\n".join([version(), *search_terms(_SAMPLE)])
    return hashlib.sha256(made.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Terms:
    """Stems of passages: those of passage p are `vocabulary[t]` for t in
    `numbers[rows[p]:rows[p + 1]]`."""

    numbers: NDArray[np.int32]
    rows: NDArray[np.int64]
    vocabulary: list[str]

    @classmethod
    def read(cls, folder: Path) -> Terms | None:
        """Return the terms in a folder, None where there are none or they were made otherwise."""
        try:
            described = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
            if described["stemming"] != _stemming():
                return None
            numbers = np.load(folder / "terms.npy", mmap_mode="r", allow_pickle=False)
            rows = np.load(folder / "term_rows.npy", allow_pickle=False)
        except (OSError, ValueError, KeyError):
            return None
        return cls(numbers, rows, described["vocabulary"])

    def write(self, folder: Path) -> None:
        """Write the terms to a folder."""
        np.save(folder / "terms.npy", self.numbers)
        np.save(folder / "term_rows.npy", self.rows)
        described = {"stemming": _stemming(), "vocabulary": self.vocabulary}
        (folder / "terms.json").write_text(json.dumps(described), encoding="utf-8")


Part = tuple[int, int] | tuple[str, str]
"""Passages of the old terms, first to last (left out), or one new passage's heading and text."""


def collect(old: Terms | None, parts: Iterable[Part]) -> Terms:
    """Return the terms of passages, each either taken from `old` or made from its text."""
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
            numbers.append(old.numbers[old.rows[first] : old.rows[last]])
            lengths.append(np.diff(old.rows[first : last + 1]))
    together = np.concatenate(numbers) if numbers else np.zeros(0, np.int32)
    return _sorted(together, np.concatenate([[0], *lengths]).cumsum(), list(known))


def _sorted(numbers: NDArray[np.int32], rows: NDArray[np.int64], vocabulary: list[str]) -> Terms:
    """Return terms with a vocabulary in which each stem is used, in order."""
    used = np.unique(numbers)
    stems_used = [vocabulary[number] for number in used]
    order = sorted(range(len(used)), key=stems_used.__getitem__)
    new_number = np.zeros(len(vocabulary), dtype=np.int32)
    new_number[used[order]] = np.arange(len(used))
    return Terms(new_number[numbers], rows, [stems_used[place] for place in order])
