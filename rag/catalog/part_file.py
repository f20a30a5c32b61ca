"""The part of a file that has arrived, and whether a file is the one that was meant."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rag.catalog.entries import CatalogFile

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class PartFile:
    """`.<name>.part`, hidden from builds, and beside it which version of which address it is
    a part of."""

    path: Path
    url: str

    @classmethod
    def of(cls, target: Path, url: str) -> PartFile:
        """Return the part file of `target`, there or not."""
        return cls(target.with_name(f".{target.name}.part"), url)

    @property
    def size(self) -> int:
        """How many bytes there are, 0 where there is no part."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def _state(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def remember(self, etag: str | None, modified: str | None) -> None:
        """Write down what the server calls the version that is arriving."""
        # RFC 9110, 13.1.5: a weak tag must not be used to go on with a part.
        validator = etag if etag and not etag.startswith("W/") else modified
        state = json.dumps({"url": self.url, "validator": validator})
        self._state.write_text(state, encoding="utf-8")

    def validator(self) -> str | None:
        """Return what the server called this part's version, None where that is not known."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(state, dict) or state.get("url") != self.url:
            return None
        validator = state.get("validator")
        return validator if isinstance(validator, str) else None

    def discard(self) -> None:
        """Remove the part and what was written down about it."""
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        """Make the part, which is whole, the file, in one step."""
        self._state.unlink(missing_ok=True)  # first: after the last step nothing is left to do
        self.path.replace(target)

    def kept(self) -> str:
        """Return for an error message how much is kept, "" where nothing is."""
        size = self.size
        return f"{size:,} bytes are kept and will not be downloaded again." if size else ""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def matches(file: CatalogFile, path: Path) -> bool:
    """Return whether a file on disk has the checksums that the catalog gives."""
    if file.sha256 is not None and sha256_of(path) != file.sha256:
        return False
    return file.git_sha1 is None or _git_sha1(path) == file.git_sha1


def flush_to_disk(stream: BinaryIO) -> None:
    """Return when what was written is on the disk and not only on its way there."""
    stream.flush()
    os.fsync(stream.fileno())


def _git_sha1(path: Path) -> str:
    """Return git's name for the bytes of a file: SHA-1 over their length and themselves."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
