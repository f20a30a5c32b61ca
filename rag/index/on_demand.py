"""The dense half of an index that is still being built: vectors are made when they are needed.

Passages that the index before had keep their vectors. The others are found by their words
alone; the best of those are embedded when a claim asks for them, and kept.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats
from rag.embedding.chunking import embedding_input
from rag.embedding.encoder import Encoder, PassageVectors, QueryVectors
from rag.index.store import Store
from rag.index.vectors import PieceVectors, VectorIndex, estimated_cosines

EMBEDDED_FOR_A_CLAIM = 16
"""Passages embedded for a claim at most: a second beside a build, where one core is left."""


class VectorsOnDemand(PieceVectors):
    """Stands for a `VectorIndex` until that is complete. Safe to share by threads.

    `known`: the vectors of the index before, None where there is none; `known_rows`: the row of
    each passage there, -1 for one that is new.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        piece_passages: NDArray[np.int32],
        known: VectorIndex | None = None,
        known_rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.passages = int(store.row_bounds[-1])
        super().__init__(piece_passages, self.passages)
        self._store, self._encoder, self._known = store, encoder, known
        self.dimension = encoder.dimension
        self._known_rows = (
            np.full(self.passages, -1, np.int64) if known_rows is None else known_rows
        )
        self._made: dict[int, PassageVectors] = {}
        self._lock = Lock()

    @property
    def missing(self) -> int:
        """How many passages had no vectors when this was opened."""
        return int((self._known_rows < 0).sum())

    def nearest(
        self, vector: Floats, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the `k` passages with the closest sentences, of those that have vectors: rows
        and cosines."""
        rows = np.flatnonzero(self._known_rows >= 0)
        if self._known is None or not len(rows):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        own = np.full(self._known.passages, -1, np.int64)
        own[self._known_rows[rows]] = rows
        admitted = own >= 0
        if allowed is not None:
            admitted[admitted] = allowed[own[admitted]]
        found, cosines = self._known.nearest(vector, k, admitted)
        return own[found], cosines

    def cosines(self, vector: Floats, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's cosine: that of its closest sentence; 0 where there are no
        vectors yet."""
        cosines = np.zeros(len(rows), np.float32)
        for place, row in enumerate(rows.tolist()):
            if self._known is not None and self._known_rows[row] >= 0:
                cosines[place] = self._known.cosines(vector, self._known_rows[[row]])[0]
            elif row in self._made:
                sentences = self._made[row].sentences.astype(np.float32)
                cosines[place] = float((sentences @ vector).max())
        return cosines

    def late_interaction(self, query: QueryVectors, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's score as `VectorIndex` does; 0 for those beyond the first
        `EMBEDDED_FOR_A_CLAIM` without vectors. `rows`: best first."""
        new = [row for row in rows.tolist() if self._is_new(row) and row not in self._made]
        self._embed(new[:EMBEDDED_FOR_A_CLAIM])
        left_out = set(new[EMBEDDED_FOR_A_CLAIM:])
        compared = np.array([row not in left_out for row in rows.tolist()], dtype=bool)
        scores = np.zeros(len(rows), np.float32)
        scores[compared] = super().late_interaction(query, rows[compared])
        return scores

    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return the matches of a claim's pieces as `VectorIndex` does."""
        self._embed([r for r in rows.tolist() if self._is_new(r) and r not in self._made])
        return [self._matches(query, row) for row in rows.tolist()]

    def sentence_starts(self, row: int) -> NDArray[np.int32]:
        """Return at which code of the passage each of its sentences begins."""
        if self._known is not None and not self._is_new(row):
            return self._known.sentence_starts(int(self._known_rows[row]))
        self._embed([] if row in self._made else [row])
        return self._made[row].starts

    def _matches(self, query: QueryVectors, row: int) -> Floats:
        if self._known is not None and not self._is_new(row):
            return self._known.piece_matches(query, self._known_rows[[row]])[0]
        return estimated_cosines(query, self._made[row].codes, len(query.vector))

    def _is_new(self, row: int) -> bool:
        return bool(self._known_rows[row] < 0)

    def _embed(self, rows: list[int]) -> None:
        if not rows:
            return
        with self._lock:
            rows = [row for row in rows if row not in self._made]
            inputs = [embedding_input(self._encoder, *self._store.passage(row)) for row in rows]
            self._made |= dict(zip(rows, self._encoder.encode_passages(inputs), strict=True))
