"""Qdrant for tests: its engine in this process, and its client without a server.

The client's own in-memory store is no engine, and slow; it takes and answers the same requests as
a server, which shows that ours are well formed.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from qdrant_client import QdrantClient

from rag.finder import SourceFinder
from rag.index.local import LocalIndex
from rag.index.qdrant import Generations, generations
from rag.index.qdrant.index import QdrantIndex, publish_to
from rag.index.qdrant.server import ServerGenerations


def in_process() -> Generations:
    """Return no generations yet, in a folder of their own."""
    return generations(f"qdrant://{tempfile.mkdtemp(prefix='qdrant-')}/index")


def by_client() -> Generations:
    """Return no generations yet, behind the client of a server."""
    return ServerGenerations(QdrantClient(":memory:"), "small", "qdrant://nowhere/small")


@contextmanager
def quiet() -> Iterator[None]:
    """Let the client's store say that it has no use for an index of a field."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Payload indexes have no effect")
        yield


def served(finder: SourceFinder, there: Generations) -> QdrantIndex:
    """Return the finder's index as it is served from there."""
    assert isinstance(finder.index, LocalIndex)
    with quiet():
        publish_to(there, finder.index.generation)
    return QdrantIndex.of(there)
