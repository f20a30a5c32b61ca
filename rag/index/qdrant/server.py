"""Qdrant as a server or a cluster of them, by `qdrant-client`.

A generation is a collection, `NAME-generation-...`; the alias NAME says which is live, and is
moved in one request. Shards, replicas and snapshots are the server's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from rag.errors import IndexNotReached
from rag.index.qdrant import (
    DOCUMENT_WORDS,
    EXPLORED,
    KEYWORDS,
    NUMBERS,
    SENTENCES,
    WORDS,
    Point,
    Search,
    Where,
)

_PAGE = 10_000
"""Points that are read at a time where all are wanted."""


@contextmanager
def _asking(location: str) -> Iterator[None]:
    """Turn the client's errors into one of ours."""
    try:
        yield
    except ApiException as error:
        raise IndexNotReached(
            f"The index {location} did not answer as it should: {error}. Check that the server "
            "is running and its address, then try again."
        ) from error


class ServerGenerations:
    """The generations of the index `name` on a server."""

    def __init__(self, client: QdrantClient, name: str, location: str) -> None:
        self._client, self._name, self.location = client, name, location

    def names(self) -> list[str]:
        """Return the names of all generations, complete or not, oldest first."""
        with _asking(self.location):
            listed = self._client.get_collections().collections
        own = f"{self._name}-generation-"
        return sorted(
            one.name.removeprefix(f"{self._name}-") for one in listed if one.name.startswith(own)
        )

    def live(self) -> str | None:
        """Return which generation is live."""
        with _asking(self.location):
            aliases = self._client.get_aliases().aliases
        named = [one.collection_name for one in aliases if one.alias_name == self._name]
        return named[0].removeprefix(f"{self._name}-") if named else None

    def create(self, name: str, dimension: int, *, exact: bool) -> _ServerPoints:
        """Make a new generation; see `qdrant.Generations`."""
        many = models.VectorParams(
            size=dimension,
            distance=models.Distance.DOT,
            multivector_config=models.MultiVectorConfig(
                comparator=models.MultiVectorComparator.MAX_SIM
            ),
            datatype=models.Datatype.FLOAT16,
            hnsw_config=models.HnswConfigDiff(m=0 if exact else 16),
            on_disk=True,
        )
        sparse = models.SparseVectorParams(index=models.SparseIndexParams(on_disk=True))
        with _asking(self.location):
            self._client.create_collection(
                self._collection(name),
                vectors_config={SENTENCES: many},
                sparse_vectors_config={WORDS: sparse, DOCUMENT_WORDS: sparse},
                on_disk_payload=True,
            )
        return self.open(name)

    def open(self, name: str) -> _ServerPoints:
        """Return the points of a generation."""
        return _ServerPoints(self._client, self._collection(name), self.location)

    def make_live(self, name: str) -> None:
        """Let the alias name this generation, in one request."""
        changes: list[Any] = [
            models.CreateAliasOperation(
                create_alias=models.CreateAlias(
                    collection_name=self._collection(name), alias_name=self._name
                )
            )
        ]
        if self.live() is not None:
            gone = models.DeleteAlias(alias_name=self._name)
            changes.insert(0, models.DeleteAliasOperation(delete_alias=gone))
        with _asking(self.location):
            self._client.update_collection_aliases(change_aliases_operations=changes)

    def drop(self, name: str) -> None:
        """Delete a generation, for those too who still read it."""
        with _asking(self.location):
            self._client.delete_collection(self._collection(name))

    def _collection(self, generation: str) -> str:
        return f"{self._name}-{generation}"


class _ServerPoints:
    """The points of a collection. Safe to share by threads."""

    def __init__(self, client: QdrantClient, collection: str, location: str) -> None:
        self._client, self._collection, self._location = client, collection, location

    @cached_property
    def _params(self) -> models.SearchParams | None:
        """How a graph is followed, where there is one."""
        stored = self._client.get_collection(self._collection).config.params.vectors
        graph = stored[SENTENCES].hnsw_config if isinstance(stored, dict) else None
        exact = graph is not None and graph.m == 0
        return None if exact else models.SearchParams(hnsw_ef=EXPLORED)

    def search(self, searches: Sequence[Search]) -> list[dict[int, float]]:
        """Return for each search the ids found and their scores, best first."""
        if not searches:
            return []
        with _asking(self._location):
            params = self._params
        asked = [
            models.QueryRequest(
                query=_vector(search.vector),
                using=search.using,
                filter=_filter(search.where),
                params=params,
                limit=search.limit,
                with_payload=False,
            )
            for search in searches
        ]
        with _asking(self._location):
            found = self._client.query_batch_points(self._collection, asked)
        return [{int(point.id): point.score for point in one.points} for one in found]

    def retrieve(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Return fields of points by their ids; ids that are not there are left out."""
        with _asking(self._location):
            records = self._client.retrieve(self._collection, list(ids), with_payload=list(fields))
        return {int(record.id): record.payload or {} for record in records}

    def matching(self, where: Where, fields: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield all points that meet conditions, by id."""
        offset: Any = None
        while True:
            with _asking(self._location):
                records, offset = self._client.scroll(
                    self._collection,
                    scroll_filter=_filter(where),
                    limit=_PAGE,
                    offset=offset,
                    with_payload=list(fields),
                )
            for record in records:
                yield int(record.id), record.payload or {}
            if offset is None:
                return

    def add(self, points: Iterable[Point]) -> None:
        """Store points."""
        stored = [
            models.PointStruct(
                id=point.id,
                vector={name: _vector(vector) for name, vector in point.vectors.items()},
                payload=dict(point.payload),
            )
            for point in points
        ]
        with _asking(self._location):
            self._client.upsert(self._collection, stored)

    def finish(self) -> None:
        """Index the fields; the server puts the rest in order by itself."""
        kinds = dict.fromkeys(KEYWORDS, models.PayloadSchemaType.KEYWORD)
        kinds |= dict.fromkeys(NUMBERS, models.PayloadSchemaType.INTEGER)
        with _asking(self._location):
            for name, kind in kinds.items():
                self._client.create_payload_index(self._collection, name, kind)

    def close(self) -> None:
        """Nothing is held."""


def _vector(vector: Any) -> Any:
    if isinstance(vector, tuple):
        return models.SparseVector(indices=vector[0], values=vector[1])
    return vector


def _filter(where: Where) -> models.Filter | None:
    must: list[Any] = [
        models.FieldCondition(key=name, match=models.MatchAny(any=values))
        for name, values in where.fields.items()
    ]
    must += [
        models.FieldCondition(key=name, range=models.Range(gte=bound))
        for name, bound in where.least.items()
    ]
    must += [
        models.FieldCondition(key=name, range=models.Range(lte=bound))
        for name, bound in where.most.items()
    ]
    if where.ids is not None:
        must.append(models.HasIdCondition(has_id=list(where.ids)))
    return models.Filter(must=must) if must else None
