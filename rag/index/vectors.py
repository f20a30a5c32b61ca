"""The dense half of an index: sentence vectors, sign codes of word pieces.

| file | holds |
|---|---|
| see `nearest` | a unit vector per sentence |
| `sentence_rows.npy` | int64, (passages + 1,): passage p owns sentences rows[p]..rows[p+1] |
| `sentence_starts.npy` | int32, (sentences,): the sentence's first code within its passage |
| `codes.bin` | uint8, (pieces, bytes): a bit per dimension, see `embedding.sign_codes` |
| `code_rows.npy` | int64, (passages + 1,): passage p owns codes rows[p]..rows[p+1] |
| `piece_passages.npy` | int32, (vocabulary,): in how many passages each word piece is |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats
from rag.embedding.encoder import PassageVectors, QueryVectors
from rag.index.nearest import LISTS, Lists, Sentences, SentenceWriter, write_lists

SENTENCES_SEARCHED = 1000
"""How many nearest sentences are looked at: enough for 200 passages, even where one
passage holds many of them."""

COMMON_PIECE_WEIGHT = 0.2
"""The least weight of a claim's word piece, so that common words still count a little."""

SIGN_SCALE = float(np.sqrt(2 / np.pi))
"""The expected cosine between a random vector and its signs, by which estimates from
sign codes are divided (Charikar 2002; Gao and Long 2024, arXiv:2405.12497)."""


@dataclass(frozen=True, slots=True)
class _VectorBlock:
    """The vectors of consecutive passages, to be copied to another index.

    `sentences`: float16, (sentences, dimension). `codes` and `starts` as in the files above;
    the counts say how many sentences and codes each passage has.
    """

    sentences: NDArray[np.float16]
    codes: NDArray[np.uint8]
    starts: NDArray[np.int32]
    sentence_counts: NDArray[np.int64]
    code_counts: NDArray[np.int64]


class VectorWriter:
    """Writes the files of `VectorIndex`, passage by passage; use as a context manager."""

    def __init__(self, folder: Path, dimension: int, lists: Lists = LISTS) -> None:
        self._folder = folder
        self._lists = lists
        with ExitStack() as files:  # closes all, whichever of them a full disk stops
            self._sentences = SentenceWriter(folder, dimension, lists)
            files.callback(self._sentences.close)
            self._codes: IO[bytes] = files.enter_context((folder / "codes.bin").open("wb"))
            self._files = files.pop_all()
        self._sentence_rows = [0]
        self._code_rows = [0]
        self._starts: list[NDArray[np.int32]] = []

    def __enter__(self) -> VectorWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, passages: Sequence[PassageVectors]) -> None:
        """Append passages, in row order."""
        for vectors in passages:
            self._codes.write(np.ascontiguousarray(vectors.codes).tobytes())
            self._code_rows.append(self._code_rows[-1] + len(vectors.codes))
            self._sentence_rows.append(self._sentence_rows[-1] + len(vectors.sentences))
            self._starts.append(vectors.starts)
            self._sentences.add(vectors.sentences)

    def copy(self, source: VectorIndex, first: int, last: int) -> int:
        """Append the passages `first` to `last` (left out) of another index as they are;
        return how many sentences they have."""
        block = source.passages_block(first, last)
        self._codes.write(block.codes.tobytes())
        self._code_rows += (self._code_rows[-1] + np.cumsum(block.code_counts)).tolist()
        self._sentence_rows += (self._sentence_rows[-1] + np.cumsum(block.sentence_counts)).tolist()
        self._starts.append(block.starts)
        self._sentences.add(block.sentences)
        return len(block.sentences)

    def finish(self, piece_passages: NDArray[np.int32]) -> None:
        """Write everything out. `piece_passages`: see the table above."""
        self._sentences.finish()
        if self._sentences.many:
            write_lists(self._folder, self._lists)
        np.save(self._folder / "sentence_rows.npy", np.array(self._sentence_rows, np.int64))
        np.save(self._folder / "code_rows.npy", np.array(self._code_rows, np.int64))
        np.save(self._folder / "sentence_starts.npy", np.concatenate(self._starts))
        np.save(self._folder / "piece_passages.npy", piece_passages)


def estimated_cosines(query: QueryVectors, codes: NDArray[np.uint8], dimension: int) -> Floats:
    """Return the estimated cosine of each claim piece with each sign code: float32, (claim
    pieces, codes)."""
    bits = np.unpackbits(codes, axis=1, count=dimension).astype(np.float32)
    # With signs s = 2b - 1, q·s = 2 q·b - sum(q).
    products: Floats = 2 * (query.pieces @ bits.T) - query.pieces.sum(axis=1, keepdims=True)
    products /= np.float32(np.sqrt(dimension) * SIGN_SCALE)
    return products


class PieceVectors(ABC):
    """What compares a claim with passages piece by piece, wherever their vectors are from.

    `piece_passages`: in how many of the `passages` each word piece is, (vocabulary,).
    """

    def __init__(self, piece_passages: NDArray[np.int32], passages: int) -> None:
        self._piece_passages = piece_passages
        self._rarity = np.log((passages + 1) / (1 + piece_passages)).astype(np.float32)

    def piece_passages(self) -> NDArray[np.int32]:
        """Return in how many passages each word piece is, (vocabulary,)."""
        return np.array(self._piece_passages)

    def weights(self, ids: NDArray[np.int64]) -> Floats:
        """Return how much each word piece counts: its inverse document frequency."""
        return np.maximum(self._rarity[ids], COMMON_PIECE_WEIGHT)

    @abstractmethod
    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return, for each passage, the estimated cosine of each claim piece (rows) with
        each passage piece (columns), heading first: float32 (claim pieces, pieces)."""

    def late_interaction(self, query: QueryVectors, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's score: over the claim's pieces, the mean of the best match
        in the passage, weighted by the pieces' rarity. Shape (len(rows),), about 0 to 1."""
        if not len(rows):
            return np.zeros(0, np.float32)
        weights = self.weights(query.ids)
        best = [matches.max(axis=1) for matches in self.piece_matches(query, rows)]
        scores: Floats = np.stack(best) @ (weights / weights.sum())
        return scores


class VectorIndex(PieceVectors):
    """Finds passages by meaning, and compares a claim with them piece by piece."""

    def __init__(self, folder: Path, dimension: int) -> None:
        def array(name: str) -> NDArray[Any]:
            loaded: NDArray[Any] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
            return loaded

        self.dimension = dimension
        self._sentences = Sentences(folder)
        self._sentence_rows = np.asarray(array("sentence_rows.npy"))
        self._code_rows = np.asarray(array("code_rows.npy"))
        self._starts = array("sentence_starts.npy")
        self._codes = np.memmap(folder / "codes.bin", np.uint8, "r").reshape(
            -1, (dimension + 7) // 8
        )
        super().__init__(array("piece_passages.npy"), len(self._code_rows) - 1)

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return len(self._code_rows) - 1

    def nearest(
        self, vector: Floats, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the `k` passages with the closest sentences: rows and cosines.

        A passage scores as its best sentence. `allowed`: bool, (passages,).
        """
        sentences = None if allowed is None else np.repeat(allowed, np.diff(self._sentence_rows))
        found, cosines = self._sentences.search(vector, max(SENTENCES_SEARCHED, 5 * k), sentences)
        rows = np.searchsorted(self._sentence_rows, found, side="right") - 1
        _, first = np.unique(rows, return_index=True)
        first = np.sort(first)[:k]
        return rows[first], cosines[first].astype(np.float32)

    def cosines(self, vector: Floats, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's cosine as `nearest` would: that of its closest sentence."""
        best = []
        for row in rows:
            first, last = int(self._sentence_rows[row]), int(self._sentence_rows[row + 1])
            vectors = self._sentences.vectors(first, last - first).astype(np.float32)
            best.append(float((vectors @ vector).max()))
        return np.array(best, dtype=np.float32)

    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return, for each passage, the estimated cosine of each claim piece (rows) with
        each passage piece (columns), heading first: float32 (claim pieces, pieces)."""
        lengths = self._code_rows[rows + 1] - self._code_rows[rows]
        codes = np.concatenate(
            [self._codes[a : a + n] for a, n in zip(self._code_rows[rows], lengths, strict=True)]
        )
        products = estimated_cosines(query, codes, self.dimension)
        return np.split(products, np.cumsum(lengths)[:-1], axis=1)

    def sentence_starts(self, row: int) -> NDArray[np.int32]:
        """Return at which code of the passage each of its sentences begins."""
        a, b = self._sentence_rows[row], self._sentence_rows[row + 1]
        return np.asarray(self._starts[a:b])

    def passages_block(self, first: int, last: int) -> _VectorBlock:
        """Return what is stored of the passages `first` to `last` (left out)."""
        a, b = int(self._sentence_rows[first]), int(self._sentence_rows[last])
        return _VectorBlock(
            sentences=self._sentences.vectors(a, b - a),
            codes=np.asarray(self._codes[self._code_rows[first] : self._code_rows[last]]),
            starts=np.asarray(self._starts[a:b]),
            sentence_counts=np.diff(self._sentence_rows[first : last + 1]),
            code_counts=np.diff(self._code_rows[first : last + 1]),
        )
