"""One module a system. Each has three functions, called by `benchmarks.peers.child`:

* `load(model)` returns the system's own embedding object: its usual route, or one that
  calls `model.shared`, the function that all systems are given;
* `build(documents, folder, embedder)` writes an index to a folder;
* `open_index(folder, embedder)` returns the search function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shared = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, float32 (texts, dimension)."""

CHUNK = 1000
"""Characters in a chunk where a system lets its user choose: the tutorials' usual size,
within the model's window of 256 word pieces, and near Source Finder's passages."""

OVERLAP = 200
"""Characters that two neighbouring chunks share."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text to index. `heading` is who, what and when, in one line."""

    document_id: str
    heading: str
    text: str

    @property
    def headed(self) -> str:
        """The text with its heading on top, for systems that know texts only."""
        return f"{self.heading}\n\n{self.text}"

    def place(self, start: int, end: int) -> Found:
        """Return the stretch `start..end` of `headed` as one of `text`."""
        shift = len(self.heading) + 2
        return Found(self.document_id, max(start - shift, 0), max(end - shift, 0))


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of a document's `text` that a system returned."""

    document_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Model:
    """The embedding model: its folder, and the shared function where that is to be used."""

    folder: str
    shared: Shared | None


Search = Callable[[str, int], list[Found]]
"""A claim and a number to the best stretches, best first."""
