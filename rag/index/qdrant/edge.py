"""Qdrant's engine in this process (`qdrant-edge-py`): a folder, no server.

    FOLDER/CURRENT            the live generation's name, replaced atomically
    FOLDER/<generation>/      a shard of Qdrant

Without a write-ahead log, which a generation that is only read has no use for, several processes
can have one shard open.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as qdrant

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

_CURRENT = "CURRENT"

_PAGE = 10_000
"""Points that are read at a time where all are wanted."""


class EdgeGenerations:
    """The generations in a folder."""

    def __init__(self, folder: Path, location: str) -> None:
        self._folder, self.location = folder, location

    def names(self) -> list[str]:
        """Return the names of all generations, complete or not, oldest first."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_dir())

    def live(self) -> str | None:
        """Return which generation is live."""
        pointer = self._folder / _CURRENT
        return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else None

    def create(self, name: str, dimension: int, *, exact: bool) -> _EdgePoints:
        """Make a new generation; see `qdrant.Generations`."""
        folder = self._folder / name
        folder.mkdir(parents=True)
        graph = qdrant.HnswIndexConfig(0 if exact else 16, 128, full_scan_threshold=10_000)
        many = qdrant.EdgeVectorParams(
            dimension,
            qdrant.Distance.Dot,
            multivector_config=qdrant.MultiVectorConfig(qdrant.MultiVectorComparator.MaxSim),
            datatype=qdrant.VectorStorageDatatype.Float16,
            hnsw_config=graph,
        )
        config = qdrant.EdgeConfig(
            vectors={SENTENCES: many},
            sparse_vectors={
                name: qdrant.EdgeSparseVectorParams(memory=qdrant.Memory.Cached)
                for name in (WORDS, DOCUMENT_WORDS)
            },
            wal_enabled=False,
        )
        return _EdgePoints(qdrant.EdgeShard.create(str(folder), config))

    def open(self, name: str) -> _EdgePoints:
        """Return the points of a generation."""
        return _EdgePoints(qdrant.EdgeShard.load(str(self._folder / name)))

    def make_live(self, name: str) -> None:
        """Let CURRENT name this generation."""
        pending = self._folder / f"{_CURRENT}.new"
        pending.write_text(name, encoding="utf-8")
        pending.replace(self._folder / _CURRENT)

    def drop(self, name: str) -> None:
        """Delete a generation. Who has it open keeps it, where files that are in use stay."""
        shutil.rmtree(self._folder / name)


class _EdgePoints:
    """The points of a shard. Safe to share by threads."""

    def __init__(self, shard: qdrant.EdgeShard) -> None:
        self._shard = shard

    def search(self, searches: Sequence[Search]) -> list[dict[int, float]]:
        """Return for each search the ids found and their scores, best first."""
        if not searches:
            return []
        asked = [
            qdrant.QueryRequest(
                limit=search.limit,
                query=qdrant.Query.Nearest(_vector(search.vector), using=search.using),
                filter=_filter(search.where),
                params=qdrant.SearchParams(hnsw_ef=EXPLORED),
            )
            for search in searches
        ]
        found = self._shard.query_batch(qdrant.QueryBatchRequest(asked))
        return [{_number(point.id): point.score for point in points} for points in found]

    def retrieve(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Return fields of points by their ids; ids that are not there are left out."""
        records = self._shard.retrieve(list(ids), list(fields), False)
        return {_number(record.id): record.payload or {} for record in records}

    def matching(self, where: Where, fields: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield all points that meet conditions, by id."""
        offset, asked = None, _filter(where)
        while True:
            records, offset = self._shard.scroll(
                qdrant.ScrollRequest(offset, _PAGE, asked, list(fields), False)
            )
            for record in records:
                yield _number(record.id), record.payload or {}
            if offset is None:
                return

    def add(self, points: Iterable[Point]) -> None:
        """Store points."""
        stored = [
            qdrant.Point(
                point.id,
                {name: _vector(vector) for name, vector in point.vectors.items()},
                dict(point.payload),
            )
            for point in points
        ]
        self._shard.update(qdrant.UpdateOperation.upsert_points(stored))

    def finish(self) -> None:
        """Put everything in order and on disk."""
        kinds = dict.fromkeys(KEYWORDS, qdrant.PayloadSchemaType.Keyword)
        kinds |= dict.fromkeys(NUMBERS, qdrant.PayloadSchemaType.Integer)
        for name, kind in kinds.items():
            self._shard.update(qdrant.UpdateOperation.create_field_index(name, kind))
        self._shard.optimize()
        self._shard.flush()

    def close(self) -> None:
        """Let go of the shard."""
        self._shard.close()


def _number(name: object) -> int:
    assert isinstance(name, int), f"{name!r} is no id of ours"
    return name


def _vector(vector: Any) -> Any:
    return qdrant.SparseVector(*vector) if isinstance(vector, tuple) else vector


def _filter(where: Where) -> qdrant.Filter | None:
    must: list[Any] = [
        qdrant.FieldCondition(name, match=qdrant.MatchAny(values))
        for name, values in where.fields.items()
    ]
    must += [
        qdrant.FieldCondition(name, range=qdrant.RangeFloat(gte=bound))
        for name, bound in where.least.items()
    ]
    must += [
        qdrant.FieldCondition(name, range=qdrant.RangeFloat(lte=bound))
        for name, bound in where.most.items()
    ]
    if where.ids is not None:
        must.append(qdrant.HasIdCondition(set(where.ids)))
    return qdrant.Filter(must=must) if must else None
