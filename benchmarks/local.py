"""The index on this machine, from within: what benchmarks measure part by part."""

from __future__ import annotations

from rag import SourceFinder
from rag.index import Generation
from rag.index.local import LocalIndex


def local_index(finder: SourceFinder) -> LocalIndex:
    """Return the finder's index; raises TypeError where it is another kind of index."""
    if not isinstance(finder.index, LocalIndex):
        raise TypeError(f"{type(finder.index).__name__} is not an index on this machine")
    return finder.index


def generation_of(finder: SourceFinder) -> Generation:
    """Return what the finder's index is made of."""
    return local_index(finder).generation
