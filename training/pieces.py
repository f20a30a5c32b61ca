"""The word pieces of many texts, encoded once and kept in files: training reads them many times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.embedding import Encoder
from rag.embedding.inference import unit
from rag.relation.verifier import Pieces

WIDTH = 768
"""The two vectors of a piece, from the middle and the end of the default model."""

BLOCK = 256


class PieceFile:
    """Pieces by text. `rarity`: float32, (vocabulary,), how rare each piece is, 0 to 1."""

    def __init__(self, folder: Path, rarity: np.ndarray) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.rarity = rarity
        self._places: dict[str, tuple[int, int]] = {}
        if (folder / "places.jsonl").is_file():
            with (folder / "places.jsonl").open() as lines:
                for line in lines:
                    key, first, count = json.loads(line)
                    self._places[key] = (first, count)
        self._map()

    def _map(self) -> None:
        self._count = sum(count for _, count in self._places.values())
        if self._count:
            shape = (self._count, WIDTH)
            self._vectors = np.memmap(self._folder / "vectors.bin", np.float16, "r", shape=shape)
            self._ids = np.memmap(self._folder / "ids.bin", np.int32, "r", shape=(self._count,))
            self._starts = np.memmap(
                self._folder / "starts.bin", np.int32, "r", shape=(self._count,)
            )

    def __contains__(self, text: str) -> bool:
        return _key(text) in self._places

    def add(self, texts: Sequence[str], encoder: Encoder) -> None:
        """Encode those of the texts that are not there yet; a run that is cut off goes on there."""
        new = [text for text in dict.fromkeys(texts) if text not in self]
        for first in range(0, len(new), BLOCK):
            block = new[first : first + BLOCK]
            with (
                (self._folder / "vectors.bin").open("ab") as vectors,
                (self._folder / "ids.bin").open("ab") as ids,
                (self._folder / "starts.bin").open("ab") as starts,
                (self._folder / "places.jsonl").open("a") as places,
            ):
                for text, layers in zip(block, encoder.encode_layers(block), strict=True):
                    both = np.concatenate([unit(layers.middle), unit(layers.last)], axis=1)
                    vectors.write(both.astype(np.float16).tobytes())
                    ids.write(layers.ids.astype(np.int32).tobytes())
                    starts.write(layers.starts.astype(np.int32).tobytes())
                    place = (self._count, len(layers.ids))
                    places.write(json.dumps([_key(text), *place]) + "\n")
                    self._places[_key(text)] = place
                    self._count += len(layers.ids)
            print(f"encoded {first + len(block):,} of {len(new):,} texts", flush=True)
        self._map()

    def length(self, text: str) -> int:
        """Return how many pieces a text has."""
        return self._places[_key(text)][1]

    def starts(self, text: str) -> np.ndarray:
        """Return where each piece begins, int64, (pieces,)."""
        first, count = self._places[_key(text)]
        return np.asarray(self._starts[first : first + count], np.int64)

    def pieces(self, text: str) -> Pieces:
        """Return the pieces of a text."""
        first, count = self._places[_key(text)]
        vectors = np.asarray(self._vectors[first : first + count], np.float32)
        ids = np.asarray(self._ids[first : first + count], np.int64)
        return Pieces(ids, vectors[:, : WIDTH // 2], vectors[:, WIDTH // 2 :], self.rarity[ids])


def _key(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]
