"""The stages of a build for each file and passage, on this machine (`LocalStages`) or on a Ray
cluster (`rag.build.on_ray`), with the same result.

Near-duplicates (copies scanned twice, reprints, drafts) are found by MinHash (Broder 1997) over
each document's runs of words; documents with similar sketches are linked. A sketch depends on its
document alone, so it is kept, and comparing all of them again is fast.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rag.datatypes import Passage, SourceDocument
from rag.embedding import (
    EmbeddingInput,
    Encoder,
    PassageVectors,
    chunk,
    embedding_input,
    embedding_key,
    passage_room,
    read_by_search,
)
from rag.ingest import ReadingFound, reads
from rag.ingest.workers import Watch, Workers
from rag.language import words

_RUN = 3
"""Words in a run. OCR spoils every run with a wrong word, so longer ones would miss a scan's
copy."""

_SIMILAR = 0.4
"""The least Jaccard similarity of two sets of runs. See docs/decisions/near-duplicates.md."""

_LEAST_RUNS = 40
"""A shorter document ("[Not declassified]") has too little to compare."""

_PERMUTATIONS = 128
_BAND = 3
"""Values in a band. Of pairs at `_SIMILAR`, 94 % agree in one of the 42 bands, at .5 99.6 %."""

_BATCH = 4096


def sketch(text: str) -> bytes:
    """Return a document's sketch: uint32, (PERMUTATIONS,), as bytes; b"" for a text that is too
    short."""
    from datasketch import MinHash

    folded = words(text)
    shifted = zip(*(islice(folded, i, None) for i in range(_RUN)), strict=False)
    runs = {" ".join(run).encode("utf-8", "surrogatepass") for run in shifted}
    if len(runs) < _LEAST_RUNS:
        return b""
    made = MinHash(_PERMUTATIONS, hashfunc=zlib.crc32, scheme="affine32")
    rest = iter(runs)
    while batch := list(islice(rest, _BATCH)):
        made.update_batch(batch)
    return np.asarray(made.hashvalues, dtype="<u4").tobytes()


def near_duplicate_groups(sketches: Sequence[bytes]) -> list[tuple[int, ...]]:
    """Return the groups of near-duplicates, as indexes into `sketches`, that are linked directly or
    through others, in ascending order. A document without a near-duplicate is in no group."""
    places = [place for place, values in enumerate(sketches) if values]
    if len(places) < 2:
        return []
    table = np.frombuffer(b"".join(sketches[place] for place in places), "<u4")
    table = table.reshape(len(places), _PERMUTATIONS)
    pairs = _pairs_to_compare(table)
    alike = (table[pairs[:, 0]] == table[pairs[:, 1]]).mean(axis=1) >= _SIMILAR
    one, other = pairs[alike].T
    links = csr_array((np.ones(len(one)), (one, other)), shape=(len(places), len(places)))
    _, label = connected_components(links, directed=False)
    found: dict[int, list[int]] = {}
    for place, number in zip(places, label.tolist(), strict=True):
        found.setdefault(number, []).append(place)
    return [tuple(members) for members in found.values() if len(members) > 1]


def _pairs_to_compare(table: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the pairs of sketches that agree in a band (locality-sensitive hashing, Indyk and
    Motwani 1998): int, (pairs, 2). Within a band each is paired only with its neighbour, so a
    hundred copies make a hundred pairs and not five thousand."""
    pairs = [np.zeros((0, 2), np.int64)]
    for first in range(0, _PERMUTATIONS - _BAND + 1, _BAND):
        band = table[:, first : first + _BAND]
        order = np.lexsort(band.T)
        same = (band[order[1:]] == band[order[:-1]]).all(axis=1)
        pairs.append(np.stack([order[:-1][same], order[1:][same]], axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Divided:
    """A document's passages, the keys of their embedding inputs, and its sketch."""

    passages: list[Passage]
    keys: list[bytes]
    sketch: bytes


def divide(encoder: Encoder, document: SourceDocument) -> Divided:
    """Return a document divided into passages that fit the model's window."""
    passages = chunk(document, encoder.piece_starts, passage_room(encoder, document))
    inputs = [embedding_input(encoder, document, passage) for passage in passages]
    keys = [embedding_key(item, encoder.fingerprint) for item in inputs]
    return Divided(passages, keys, sketch(read_by_search(document).text))


class Stages(Protocol):
    """The stages of a build: reading files, dividing documents, embedding passages."""

    @property
    def files_ahead(self) -> int:
        """How many files are opened while an earlier one is still being read."""
        ...

    @property
    def copies(self) -> bool:
        """Whether reading copies a file first, so that the original may be deleted at once."""
        ...

    def reading(self, pages: Path, watch: Watch) -> AbstractContextManager[ReadingFound]:
        """Return a context that reads files, each from the moment it is asked for.

        `pages`: a folder for pages read by OCR; `watch`: see `Workers`.
        """
        ...

    def divide(self, document: SourceDocument) -> Divided:
        """Return what the function `divide` returns."""
        ...

    def embed(
        self, shards: Iterable[tuple[T, list[EmbeddingInput]]]
    ) -> Iterator[tuple[T, list[PassageVectors]]]:
        """Yield each shard's key and the vectors of its inputs, in order."""
        ...


class LocalStages:
    """The stages on this machine: files are read in separate processes, the rest is done in this
    one."""

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
