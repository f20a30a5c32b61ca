"""The one embedding function that all systems are given, its vectors kept on disk.

It is the model's own sentence vector, the mean over all word pieces, by this project's
OpenVINO route (cosine with PyTorch's over .9999), because sentence-transformers would
take hours for all systems and sets. Building speed is measured with each system's own
route instead.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.config import Settings
from rag.datatypes import Floats
from rag.embedding.inference import (
    fingerprint,
    load_tokenizer,
    load_transformer,
    model_folder,
    model_window,
    unit,
)

BATCH = 16
KEPT_AT_ONCE = 512


class SharedEmbedding:
    """Texts to unit vectors; a text that was seen before is not embedded again."""

    def __init__(self, settings: Settings, kept: Path) -> None:
        folder = model_folder("default", settings)
        self.folder = folder
        self._transformer = load_transformer(folder, fingerprint(folder), settings)
        self._tokenizer = load_tokenizer(folder)
        self._tokenizer.enable_truncation(model_window(folder))
        kept.parent.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(kept, timeout=60)
        self._kept.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of `texts`: float32 (texts, dimension)."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        vectors = {key: self._known(key) for key in keys}
        missing = {k: text for k, text in zip(keys, texts, strict=True) if vectors[k] is None}
        order = sorted(missing, key=lambda key: len(missing[key]))
        for first in range(0, len(order), KEPT_AT_ONCE):
            shard = order[first : first + KEPT_AT_ONCE]
            fresh = self._encode([missing[key] for key in shard])
            vectors.update(zip(shard, fresh, strict=True))
            rows = [(k, v.tobytes()) for k, v in zip(shard, fresh, strict=True)]
            with self._kept:
                self._kept.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        return np.stack([v for v in map(vectors.get, keys) if v is not None])

    def _known(self, key: bytes) -> Floats | None:
        query = "SELECT vector FROM vectors WHERE key = ?"
        found = self._kept.execute(query, (key,)).fetchone()
        return None if found is None else np.frombuffer(found[0], np.float32)

    def _encode(self, texts: Sequence[str]) -> Floats:
        means = []
        for first in range(0, len(texts), BATCH):
            encodings = self._tokenizer.encode_batch(list(texts[first : first + BATCH]))
            lengths = [len(encoding.ids) for encoding in encodings]
            ids = np.zeros((len(encodings), max(lengths)), np.int64)
            for row, encoding in enumerate(encodings):
                ids[row, : lengths[row]] = encoding.ids
            mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
            pieces = self._transformer(ids, mask)
            means += [v[:n].mean(axis=0) for v, n in zip(pieces, lengths, strict=True)]
        return unit(np.stack(means))
