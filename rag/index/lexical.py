"""BM25 over stemmed words, by `bm25s`, on disk without pickle and memory-mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.searching import inverse_frequency

K1 = 1.5
B = 0.75


class LexicalIndex:
    """Ranks texts, known by their row, by the words they share with a query.

    Scores are BM25 in Lucene's variant (Kamphuis et al. 2020), `K1` and `B` at their
    usual values.
    """

    def __init__(self, bm25: Any, rows: int) -> None:
        self._bm25 = bm25
        self._rows = rows

    @staticmethod
    def write(
        terms: NDArray[np.int32], bounds: NDArray[np.int64], vocabulary: list[str], folder: Path
    ) -> None:
        """Index texts and write the index to `folder`.

        Text i has the stems `vocabulary[t]` for t in `terms[bounds[i]:bounds[i + 1]]`. The
        scores are computed for all texts at once; what bm25s does with one text after another
        is the same (tests/test_lexical.py) and takes ten times as long.
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
            "indptr": np.append(0, np.cumsum(frequencies)).astype(np.int32),
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
        """How many texts there are."""
        return self._rows

    def knows(self, stem: str) -> bool:
        """Return whether any text has this stem."""
        return stem in self._bm25.vocab_dict

    def frequency(self, stem: str) -> int:
        """Return in how many texts the stem is."""
        column = self._bm25.vocab_dict.get(stem)
        if column is None:
            return 0
        bounds = self._bm25.scores["indptr"]
        return int(bounds[column + 1] - bounds[column])

    def texts_with(self, stem: str) -> NDArray[np.int32]:
        """Return the rows of the texts that have a stem."""
        column = self._bm25.vocab_dict.get(stem)
        if column is None:
            return np.zeros(0, dtype=np.int32)
        first, last = self._bm25.scores["indptr"][column : column + 2]
        return np.asarray(self._bm25.scores["indices"][first:last])

    @property
    def vocabulary(self) -> list[str]:
        """Every stem that is in any text."""
        return [stem for stem in self._bm25.vocab_dict if stem]

    @property
    def numbers(self) -> dict[str, int]:
        """The number of every stem that is in any text."""
        return {stem: number for stem, number in self._bm25.vocab_dict.items() if stem}

    @property
    def stored(self) -> Mapping[str, NDArray[Any]]:
        """What each text scores for each stem, a column of a compressed sparse matrix a stem:
        "data", "indices" and "indptr"."""
        found: Mapping[str, NDArray[Any]] = self._bm25.scores
        return found

    def scores(self, stems: Sequence[str]) -> NDArray[np.float32]:
        """Return the score of every row for a query, shape (rows,); 0 shares no word."""
        known = [stem for stem in dict.fromkeys(stems) if self.knows(stem)]
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores(known)
        return scores

    def shares(self, weights: Mapping[str, float]) -> NDArray[np.float32]:
        """Return for every row how much of a query it has, 0 to 1, shape (rows,).

        `weights`: what each of the query's stems counts. That is BM25 over the highest score
        that a text could have: the sum of the stems' weighted inverse document frequencies
        (those of stems that no text has left out).
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
