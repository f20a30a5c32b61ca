"""An index served by Qdrant: in this process from a folder, or by a server or cluster.

    qdrant:///folder/on/this/machine        the engine in this process (`qdrant-edge-py`)
    qdrant://host:6333/name                 a server, by HTTP (`qdrant-client`)
    qdrants://host/name                     the same by HTTPS

A local index is published there (`index.publish`), and found by the same signals; what is
the same and what is not: docs/decisions/engine.md.

What Qdrant is asked and told is in the few forms of `Points`, whichever way it is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from rag.errors import IndexNotBuilt, SearchIndexError

Sparse = tuple[list[int], list[float]]
"""A sparse vector: the numbers of its terms, ascending, and their weights."""

WORDS, DOCUMENT_WORDS, SENTENCES = "words", "document words", "sentences"
"""The named vectors: a passage's terms, a document's terms, a passage's sentences."""

EXPLORED = 800
"""Passages that a search follows a graph through, where there is one: with Qdrant's own 200 it
finds too few of those that are near (docs/decisions/engine.md)."""

KEYWORDS = ("collection", "document_id", "stem", "keys")
NUMBERS = ("document", "first_day", "last_day", "day_of_year")
"""Fields that points are looked up by."""


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions that must all hold. `fields`: values, one of which a field has; `least` and
    `most`: bounds of a number, included, which a point without it is not within; `ids`: points."""

    fields: Mapping[str, list[str] | list[int]] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    ids: Sequence[int] | None = None

    def and_(self, other: Where) -> Where:
        """Return both together."""
        least = {**self.least, **other.least}
        most = {**self.most, **other.most}
        for name in self.least.keys() & other.least.keys():
            least[name] = max(self.least[name], other.least[name])
        for name in self.most.keys() & other.most.keys():
            most[name] = min(self.most[name], other.most[name])
        ids = self.ids if other.ids is None else other.ids
        return Where({**self.fields, **other.fields}, least, most, ids)


@dataclass(frozen=True, slots=True)
class Search:
    """The nearest points by the vector named `using`: a sparse one, or one that is compared with
    the closest of a point's many."""

    using: str
    vector: Sparse | list[list[float]]
    limit: int
    where: Where = Where()


@dataclass(frozen=True, slots=True)
class Point:
    """What is stored under an id."""

    id: int
    payload: Mapping[str, Any]
    vectors: Mapping[str, Sparse | list[list[float]]] = field(default_factory=dict)


class Points(Protocol):
    """The points of one generation. Safe to share by threads."""

    def search(self, searches: Sequence[Search]) -> list[dict[int, float]]:
        """Return for each search the ids found and their scores, best first."""
        ...

    def retrieve(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Return fields of points by their ids; ids that are not there are left out."""
        ...

    def matching(self, where: Where, fields: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield all points that meet conditions, by id."""
        ...

    def add(self, points: Iterable[Point]) -> None:
        """Store points."""
        ...

    def finish(self) -> None:
        """Put everything in order and on disk; nothing is added afterwards."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class Generations(Protocol):
    """Generations of one index, one of them live."""

    location: str

    def names(self) -> list[str]:
        """Return the names of all generations, complete or not, oldest first."""
        ...

    def live(self) -> str | None:
        """Return which generation is live."""
        ...

    def create(self, name: str, dimension: int, *, exact: bool) -> Points:
        """Make a new generation. `exact`: compare all vectors, rather than follow a graph."""
        ...

    def open(self, name: str) -> Points:
        """Return the points of a generation."""
        ...

    def make_live(self, name: str) -> None:
        """Let all who open the index from now on get this generation, at once."""
        ...

    def drop(self, name: str) -> None:
        """Delete a generation."""
        ...


_SCHEMES = ("qdrant://", "qdrants://")


def is_location(index: object) -> bool:
    """Return whether an index is named by where Qdrant has it.

    >>> is_location("qdrant://localhost:6333/frus"), is_location("frus")
    (True, False)
    """
    return str(index).startswith(_SCHEMES)


def generations(location: str, key: str = "") -> Generations:
    """Return the generations at a location. `key`: the server's API key, "" for none.

    Raises `SearchIndexError` where the location is malformed, or the extra is not installed.
    """
    parts = urlsplit(location)
    name = parts.path.strip("/")
    if not is_location(location) or not name or (parts.netloc and "/" in name):
        raise SearchIndexError(
            f"{location!r} is no index of Qdrant. Write qdrant:///a/folder for the engine in this "
            "process, or qdrant://host:6333/name for a server."
        )
    try:
        if not parts.netloc:
            from rag.index.qdrant.edge import EdgeGenerations

            return EdgeGenerations(Path(parts.path), location)
        from qdrant_client import QdrantClient

        from rag.index.qdrant.server import ServerGenerations
    except ImportError as error:
        raise SearchIndexError(
            f"To open {location}, install the extra: pip install 'source-finder[qdrant]' "
            f"({error.name} is missing)."
        ) from error
    scheme = "https" if parts.scheme == "qdrants" else "http"
    url = f"{scheme}://{parts.netloc}"
    client = QdrantClient(url=url, api_key=key or None, timeout=60, check_compatibility=False)
    return ServerGenerations(client, name, location)


def live(found: Generations) -> str:
    """Return which generation is live; raises `IndexNotBuilt`."""
    name = found.live()
    if name is None or name not in found.names():
        raise IndexNotBuilt(
            f"There is no index at {found.location}. Run `source-finder publish {found.location}` "
            "to put one there from an index on this machine."
        )
    return name
