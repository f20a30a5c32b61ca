"""What a build has finished, kept until its generation is complete.

A build that is cut off leaves them behind, and the next one takes them up.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embedding.encoder import PassageVectors

log = logging.getLogger(__name__)


class WorkFolder:
    """Where a build keeps what it has finished until its generation is complete.

    `store`: documents that were read and divided; `pages`: pages read by OCR; vectors lie
    beside them. `settings` is all that passages depend on: with others, the store is begun anew.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder = folder
        self.pages = folder / "pages"
        self.store = folder / f"read-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.sqlite"
        folder.mkdir(exist_ok=True)
        if self.store.exists() and not _is_sound(self.store):
            self._remove("read-*")

    def clear(self) -> None:
        """Delete all of it, and nothing else that is there."""
        self._remove("read-*.sqlite*", "*.npz", "*.tmp", "pages/*.json", "pages/*.pending")
        for folder in (self.pages, self.folder):
            with suppress(OSError):  # not there, or something of the user's is in it
                folder.rmdir()

    def _remove(self, *patterns: str) -> None:
        for path in [found for pattern in patterns for found in self.folder.glob(pattern)]:
            path.unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    try:
        db = sqlite3.connect(path)
        try:
            return bool(db.execute("PRAGMA quick_check").fetchone()[0] == "ok")
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        log.info("Leaving out the unfinished %s: %s", path, error)
        return False


class PartialVectors:
    """A folder of shards, each with the vectors of some passages by their key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shard = lru_cache(maxsize=4)(_load)
        self._places: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(folder.glob("*.npz")):
            try:
                keys = _arrays(path)["keys"]
            except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
                log.info("Leaving out the unfinished %s: %s", path, error)
                path.unlink(missing_ok=True)
                continue
            for i, key in enumerate(keys):
                self._places[key.tobytes()] = (path, i)

    def get(self, key: bytes) -> PassageVectors | None:
        """Return the vectors kept under `key`, None where there are none."""
        place = self._places.get(key)
        return None if place is None else self._shard(place[0])[place[1]]

    def save(self, keys: Sequence[bytes], vectors: Sequence[PassageVectors]) -> None:
        """Keep the vectors of some passages."""
        if not keys:
            return
        path = self._folder / f"{keys[0].hex()[:32]}.npz"
        pending = path.with_suffix(".tmp")
        with pending.open("wb") as file:
            np.savez(
                file,
                keys=np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1),
                sentence_counts=np.array([len(v.sentences) for v in vectors]),
                code_counts=np.array([len(v.codes) for v in vectors]),
                sentences=np.concatenate([v.sentences for v in vectors]),
                codes=np.concatenate([v.codes for v in vectors]),
                starts=np.concatenate([v.starts for v in vectors]),
            )
        pending.replace(path)


def _load(path: Path) -> list[PassageVectors]:
    arrays = _arrays(path)
    sentence_ends = np.cumsum(arrays["sentence_counts"])[:-1]
    code_ends = np.cumsum(arrays["code_counts"])[:-1]
    return [
        PassageVectors(sentences, codes, starts)
        for sentences, codes, starts in zip(
            np.split(arrays["sentences"], sentence_ends),
            np.split(arrays["codes"], code_ends),
            np.split(arrays["starts"], sentence_ends),
            strict=True,
        )
    ]


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of a shard, each checked against its checksum in the file."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
