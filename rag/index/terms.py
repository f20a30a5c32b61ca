"""The stems of each passage as numbers, kept so that a rebuild need not stem all texts anew.

| file | holds |
|---|---|
| `terms.npy` | int32, (stems of all passages,): numbers in the vocabulary, in text order |
| `term_rows.npy` | int64, (passages + 1,): passage p owns terms rows[p]..rows[p+1] |
| `terms.json` | the vocabulary, sorted, and a mark of how stems were made |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.index.search_terms import search_terms

_SAMPLE = (
    "The President's “New Look”: 16,000 naïve co-operators' re-elections, ratified in U.S.S.R. "
    "by fifteen thousand men on the 2d of February, 1848, and on Dec. 5, of whom NSC "
    "59/1 and the U-2 knew"
)


def stemming() -> str:
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
            if described["stemming"] != stemming():
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
        described = {"stemming": stemming(), "vocabulary": self.vocabulary}
        (folder / "terms.json").write_text(json.dumps(described), encoding="utf-8")


Part = tuple[int, int] | str
"""Some passages of the old terms, first to last (left out), or one new passage's text."""


def collect(old: Terms | None, parts: Iterable[Part]) -> Terms:
    """Return the terms of passages, each either taken from `old` or made from its text."""
    numbers: list[NDArray[np.int32]] = []
    lengths: list[NDArray[np.int64]] = []
    known = {stem: i for i, stem in enumerate(old.vocabulary)} if old else {}
    for part in parts:
        if isinstance(part, str):
            made = [known.setdefault(stem, len(known)) for stem in search_terms(part)]
            numbers.append(np.array(made, dtype=np.int32))
            lengths.append(np.array([len(made)]))
        else:
            assert old is not None, "there are no old terms"
            first, last = part
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
