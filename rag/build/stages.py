"""What a build does with each file and each passage, and where: on this machine (`Here`), or on a
Ray cluster (`rag.build.on_ray`). Both do the same, so that their indexes are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from rag.build.near import sketch
from rag.datatypes import Passage, SourceDocument
from rag.embedding.chunking import (
    chunk,
    embedding_input,
    embedding_key,
    passage_room,
    read_by_search,
)
from rag.embedding.encoder import EmbeddingInput, Encoder, PassageVectors
from rag.ingest import ReadingFound, reads
from rag.ingest.workers import Watch, Workers

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Divided:
    """A document's passages, the keys of what is to be embedded for them, and its sketch."""

    passages: list[Passage]
    keys: list[bytes]
    sketch: bytes


def divide(encoder: Encoder, document: SourceDocument) -> Divided:
    """Return a document divided into passages that fit the model."""
    passages = chunk(document, encoder.piece_starts, passage_room(encoder, document))
    inputs = [embedding_input(encoder, document, passage) for passage in passages]
    keys = [embedding_key(item, encoder.fingerprint) for item in inputs]
    return Divided(passages, keys, sketch(read_by_search(document).text))


class Stages(Protocol):
    """Does the work of a build on files, documents and passages."""

    @property
    def files_ahead(self) -> int:
        """Files that are begun while an earlier one is still arriving."""
        ...

    @property
    def copies(self) -> bool:
        """Whether a file may be gone as soon as its reading has begun."""
        ...

    def reading(self, pages: Path, watch: Watch) -> AbstractContextManager[ReadingFound]:
        """Return what reads files, each of them begun when it is asked for.

        `pages`: a folder for pages read by OCR; `watch`: see `Workers`.
        """
        ...

    def divide(self, document: SourceDocument) -> Divided:
        """Return what `divide` returns."""
        ...

    def embed(
        self, shards: Iterable[tuple[T, list[EmbeddingInput]]]
    ) -> Iterator[tuple[T, list[PassageVectors]]]:
        """Yield each shard's vectors, in order, with what came with its inputs."""
        ...


class Here:
    """The stages on this machine: reading in processes of their own, all else in this one."""

    files_ahead = 3
    copies = False

    def __init__(self, encoder: Encoder, ocr: str, workers: Callable[..., Workers]) -> None:
        self._encoder = encoder
        self._ocr = ocr
        self._workers = workers

    @contextmanager
    def reading(self, pages: Path, watch: Watch) -> Iterator[ReadingFound]:
        with self._workers(pages=pages, watch=watch, ocr=self._ocr) as workers:
            yield reads(workers.read)

    def divide(self, document: SourceDocument) -> Divided:
        return divide(self._encoder, document)

    def embed(
        self, shards: Iterable[tuple[T, list[EmbeddingInput]]]
    ) -> Iterator[tuple[T, list[PassageVectors]]]:
        for shard, inputs in shards:
            yield shard, self._encoder.encode_passages(inputs)
