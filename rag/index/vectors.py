"""The dense half of an index: sentence vectors, and sign codes of word pieces.

| file | holds |
|---|---|
| `sentence_rows.npy` | int64, (passages + 1,): passage p owns sentences rows[p]..rows[p+1] |
| `sentence_starts.npy` | int32, (sentences,): the sentence's first code within its passage |
| `codes.bin` | uint8, (pieces, bytes): see `embedding.sign_codes` |
| `code_rows.npy` | int64, (passages + 1,): passage p owns codes rows[p]..rows[p+1] |
| `piece_passages.npy` | int32, (vocabulary,): number of passages with each word piece |

The nearest sentence vectors are found by exact search while that is fast, then by inverted lists:

| file | holds |
|---|---|
| `sentences.faiss` | a rotated vector per sentence, 8 bits a dimension, inner product |
| `lists.faiss` | with more than `Lists.exact_up_to` sentences: the same in lists, 4 bits |

All are memory-mapped. One fixed rotation makes the components of any model's unit vectors similar
in size, so that one quantisation step serves all of them. Candidates from the lists are scored
again with 8 bits, so cosines are the same either way; only a sentence in a list that was not probed
can be missed. docs/decisions/scale.md has the measurements (`python -m benchmarks.scale`).

While an index is being built, vectors are made on demand. Passages of the previous index keep their
vectors. Others are found by words alone; for each claim the best of them are embedded and kept.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats
from rag.embedding import (
    Encoder,
    PassageVectors,
    QueryVectors,
    coded_dimensions,
    embedding_input,
    sign_codes,
)
from rag.embedding.inference import unit
from rag.index.store import Store


@dataclass(frozen=True, slots=True)
class Lists:
    """When sentences are sorted into inverted lists, and into how many."""

    exact_up_to: int = 400_000
    """Up to so many sentences the search is exact: about 70,000 passages."""
    lists: int = 2048
    """The number of lists beyond that."""
    probes: int = 384
    """Lists searched for a claim."""
    block: int = 100_000
    """Sentences sorted into lists at a time."""


LISTS = Lists()

_SAMPLE_PER_LIST = 64
"""Sentences per list from which k-means learns the centres; FAISS asks for 39 or more."""

_PROPOSED = 3
"""Candidates taken from the lists, whose cosines are rough, per sentence wanted."""

_SEED = 1


EXACT = "sentences.faiss"
APPROXIMATE = "lists.faiss"
_CODES = "codes.bin"

_DEVIATIONS = 6
"""The range of 8 bits, in standard deviations of a rotated component; values beyond are clipped."""

_ZERO = 127
_STEPS = 255
"""The integer that stands for 0 is `_ZERO`; the greatest one is `_STEPS`."""


@lru_cache(maxsize=4)
def _rotation(dimension: int) -> Floats:
    """Return the rotation of vectors, the same for this and all later indexes."""
    random = np.random.default_rng(_SEED).standard_normal((dimension, dimension))
    rotation: Floats = np.linalg.qr(random)[0].astype(np.float32)
    return rotation


def _greatest_component(dimension: int) -> float:
    """Return the greatest component that 8 bits represent."""
    return min(1.0, float(_DEVIATIONS / np.sqrt(dimension)))


def _quantize(vectors: Floats) -> NDArray[np.uint8]:
    dimension = vectors.shape[-1]
    turned = (
        vectors @ _rotation(dimension) * np.float32(_STEPS / 2 / _greatest_component(dimension))
    )
    rounded: NDArray[np.uint8] = np.clip(np.rint(turned) + _ZERO, 0, _STEPS).astype(np.uint8)
    return rounded


def _dequantize_rotated(stored: NDArray[np.uint8]) -> Floats:
    """Return rotated vectors from 8-bit integers."""
    step = np.float32(2 * _greatest_component(stored.shape[-1]) / _STEPS)
    turned: Floats = (stored.astype(np.float32) - _ZERO) * step
    return turned


def dequantize(stored: NDArray[np.uint8]) -> Floats:
    """Return sentence vectors, nearly as the model gave them: float32, (sentences, dimension)."""
    vectors: Floats = _dequantize_rotated(stored) @ _rotation(stored.shape[-1]).T
    return vectors


class SentenceWriter:
    """Writes `sentences.faiss` in parts."""

    def __init__(self, folder: Path, dimension: int, sizes: Lists = LISTS) -> None:
        self._dimension = dimension
        self._sizes = sizes
        self._count = 0
        self._file = (folder / EXACT).open("wb")
        self._file.write(_head(dimension, 0))

    def add(self, vectors: NDArray[np.floating[Any]]) -> None:
        """Append unit vectors, (sentences, dimension)."""
        self.copy(_quantize(vectors.astype(np.float32)))

    def copy(self, stored: NDArray[np.uint8]) -> None:
        """Append what `Sentences.stored` returned."""
        self._count += len(stored)
        self._file.write(stored.tobytes())

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    @property
    def many(self) -> bool:
        """Whether there are more sentences than an exact search should compare."""
        return self._count > self._sizes.exact_up_to

    def finish(self) -> None:
        """Write the rest. If there are `many`, `write_lists` comes next."""
        self._file.seek(0)
        self._file.write(_head(self._dimension, self._count))
        self._file.close()


def _head(dimension: int, count: int) -> bytes:
    """Return the header of a FAISS index file with `count` 8-bit vectors.

    FAISS itself writes such an index only from memory, where it would have to fit.
    """
    import faiss

    index = faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_8bit_uniform, faiss.METRIC_INNER_PRODUCT
    )
    reach = _greatest_component(dimension)  # FAISS wants the least value and the range
    faiss.copy_array_to_vector(np.array([-reach, 2 * reach], np.float32), index.sq.trained)
    index.is_trained = True
    index.ntotal = count
    size = np.dtype(np.uint64).itemsize  # of the vectors that follow, in bytes
    return (
        faiss.serialize_index(index).tobytes()[:-size]
        + np.uint64(count * index.code_size).tobytes()
    )


def write_lists(folder: Path, sizes: Lists = LISTS) -> None:
    """Sort the sentences of `folder` into lists; the same sentences give the same file.

    Needs as much memory as the file has, 200 bytes a sentence.
    """
    import faiss
    from faiss.contrib.ivf_tools import add_preassigned

    exact = _mapped(folder / EXACT)
    total = exact.ntotal
    lists = min(sizes.lists, total)
    wanted = min(lists * _SAMPLE_PER_LIST, total)
    chosen = np.random.default_rng(_SEED).choice(total, wanted, replace=False)
    sample = exact.reconstruct_batch(np.sort(chosen))
    index: Any = faiss.index_factory(exact.d, f"IVF{lists},SQ4", faiss.METRIC_INNER_PRODUCT)
    index.by_residual = False  # one table of steps for all lists
    index.cp.seed = _SEED
    index.train(sample)
    blocks = [(first, min(sizes.block, total - first)) for first in range(0, total, sizes.block)]
    nearest = [index.quantizer.search(exact.reconstruct_n(*block), 1)[1][:, 0] for block in blocks]
    counts = np.bincount(np.concatenate(nearest), minlength=lists).tolist()
    for number, size in enumerate(counts):  # growing them gradually takes twice the memory
        index.invlists.resize(number, size)
        index.invlists.resize(number, 0)
    for block, numbers in zip(blocks, nearest, strict=True):
        add_preassigned(  # type: ignore[no-untyped-call]
            index, exact.reconstruct_n(*block), numbers
        )
    faiss.write_index(index, str(folder / APPROXIMATE))


def _mapped(path: Path) -> Any:
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


class Sentences:
    """Searches what `SentenceWriter` wrote. Safe to share between threads."""

    def __init__(self, folder: Path, sizes: Lists = LISTS) -> None:
        import faiss

        self._sizes = sizes
        self._exact = _mapped(folder / EXACT)
        shape = (self._exact.ntotal, self._exact.d)
        self._stored: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        if len(self):  # an empty file cannot be mapped
            head = len(_head(self._exact.d, len(self)))
            self._stored = np.memmap(folder / EXACT, np.uint8, "r", head, shape)
        self._lists: Any = None
        if (folder / APPROXIMATE).is_file():
            mapped = 0 if os.name == "nt" else faiss.IO_FLAG_MMAP  # which has none for lists
            self._lists = faiss.read_index(str(folder / APPROXIMATE), mapped)

    def __len__(self) -> int:
        return int(self._exact.ntotal)

    def stored(self, first: int, count: int) -> NDArray[np.uint8]:
        """Return the stored form of `count` sentences from the `first` on, for `dequantize`."""
        return self._stored[first : first + count]

    def cosines(self, vector: Floats, runs: Iterable[tuple[int, int]]) -> Iterator[Floats]:
        """Yield the cosines of the sentences of each run, given as (first, last + 1)."""
        asked = vector @ _rotation(len(vector))
        for first, last in runs:
            yield _dequantize_rotated(self._stored[first:last]) @ asked

    def search(
        self, vector: Floats, count: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the nearest sentences and their cosines, best first.

        `allowed`: which may be found, bool, (sentences,). Fewer than `count` come back if there are
        not so many, or if the probed lists hold no more.
        """
        import faiss

        count = min(count, len(self))
        searched, selector = len(self), None
        if allowed is not None:
            searched = int(np.count_nonzero(allowed))
            bitmap = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg, arg-type]
        asked = (vector @ _rotation(len(vector)))[None, :]
        with _one_thread():
            if self._lists is None or searched <= self._sizes.exact_up_to:
                exact = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
                cosines, found = self._exact.search(asked, count, params=exact)
                valid = found[0] >= 0
                return found[0][valid], cosines[0][valid]
            # A filter must not leave fewer sentences to look at than there are without it.
            probes = min(self._lists.nlist, self._sizes.probes * len(self) // searched)
            some = faiss.SearchParametersIVF(  # type: ignore[call-arg]
                sel=selector, nprobe=probes
            )
            _, found = self._lists.search(asked, _PROPOSED * count, params=some)
        proposed = np.sort(found[0][found[0] >= 0])
        scored = self._exact.reconstruct_batch(proposed) @ asked[0]
        order = np.argsort(-scored, kind="stable")[:count]
        return proposed[order], scored[order]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep FAISS to one thread: for a single query the others would only spin while they wait."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


SENTENCES_SEARCHED = 1000
"""How many nearest sentences are looked at: enough for 200 passages, even if one passage has
many."""

COMMON_PIECE_WEIGHT = 0.2
"""The least weight of a claim's word piece, so that common words still count a little."""

SIGN_SCALE = float(np.sqrt(2 / np.pi))
"""The expected cosine between a random vector and its signs, by which estimates from sign codes are
divided (Charikar 2002; Gao and Long 2024, arXiv:2405.12497)."""


@dataclass(frozen=True, slots=True)
class _VectorBlock:
    """The stored vectors of consecutive passages, to be copied to another index.

    `sentences`: (sentences, dimension), for `dequantize`. `codes` and `starts`: as in the files;
    the counts give each passage's sentences and codes.
    """

    sentences: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    starts: NDArray[np.int32]
    sentence_counts: NDArray[np.int64]
    code_counts: NDArray[np.int64]


class VectorWriter:
    """Writes the files of `VectorIndex`, passage by passage; a context manager."""

    def __init__(self, folder: Path, dimension: int, lists: Lists = LISTS) -> None:
        self._folder = folder
        self._lists = lists
        with ExitStack() as files:  # closes all, whichever of them a full disk stops
            self._sentences = SentenceWriter(folder, dimension, lists)
            files.callback(self._sentences.close)
            self._codes: IO[bytes] = files.enter_context((folder / _CODES).open("wb"))
            self._files = files.pop_all()
        self._sentence_rows = [0]
        self._code_rows = [0]
        self._starts: list[NDArray[np.int32]] = []

    def __enter__(self) -> VectorWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, passages: Sequence[PassageVectors]) -> None:
        """Append passages, in row order."""
        for vectors in passages:
            self._codes.write(np.ascontiguousarray(vectors.codes).tobytes())
            self._code_rows.append(self._code_rows[-1] + len(vectors.codes))
            self._sentence_rows.append(self._sentence_rows[-1] + len(vectors.sentences))
            self._starts.append(vectors.starts)
            self._sentences.add(vectors.sentences)

    def copy(self, source: VectorIndex, first: int, last: int) -> int:
        """Append another index's passages `first` up to, not including, `last` as they are; return
        their number of sentences."""
        block = source.passages_block(first, last)
        self._codes.write(block.codes.tobytes())
        self._code_rows += (self._code_rows[-1] + np.cumsum(block.code_counts)).tolist()
        self._sentence_rows += (self._sentence_rows[-1] + np.cumsum(block.sentence_counts)).tolist()
        self._starts.append(block.starts)
        self._sentences.copy(block.sentences)
        return len(block.sentences)

    def finish(self, piece_passages: NDArray[np.int32]) -> None:
        """Write the rest. `piece_passages`: see the table above."""
        self._sentences.finish()
        if self._sentences.many:
            write_lists(self._folder, self._lists)
        np.save(self._folder / "sentence_rows.npy", np.array(self._sentence_rows, np.int64))
        np.save(self._folder / "code_rows.npy", np.array(self._code_rows, np.int64))
        np.save(self._folder / "sentence_starts.npy", np.concatenate(self._starts))
        np.save(self._folder / "piece_passages.npy", piece_passages)


def estimated_cosines(query: QueryVectors, codes: NDArray[np.uint8]) -> Floats:
    """Return the estimated cosine of each claim piece with each sign code: float32, (claim pieces,
    codes)."""
    pieces = unit(coded_dimensions(query.pieces))
    bits = np.unpackbits(codes, axis=1, count=pieces.shape[1]).astype(np.float32)
    # With signs s = 2b - 1, q·s = 2 q·b - sum(q).
    products: Floats = 2 * (pieces @ bits.T) - pieces.sum(axis=1, keepdims=True)
    products /= np.float32(np.sqrt(pieces.shape[1]) * SIGN_SCALE)
    return products


def code_bytes(dimension: int) -> int:
    """Return the size of a sign code in bytes."""
    return int(sign_codes(np.zeros(dimension, np.float32)).shape[-1])


class PieceVectors(ABC):
    """Compares a claim with passages piece by piece, wherever their vectors come from.

    `piece_passages`: how many of the `passages` have each word piece, (vocabulary,).
    """

    def __init__(self, piece_passages: NDArray[np.int32], passages: int) -> None:
        self._piece_passages = piece_passages
        self._rarity = np.log((passages + 1) / (1 + piece_passages)).astype(np.float32)

    def piece_passages(self) -> NDArray[np.int32]:
        """Return how many passages have each word piece, (vocabulary,)."""
        return np.array(self._piece_passages)

    def weights(self, ids: NDArray[np.int64]) -> Floats:
        """Return the weight of each word piece: its inverse document frequency."""
        return np.maximum(self._rarity[ids], COMMON_PIECE_WEIGHT)

    @abstractmethod
    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return, for each passage, the estimated cosine of each claim piece (rows) with each
        passage piece (columns), heading first: float32 (claim pieces, pieces)."""

    def late_interaction(self, query: QueryVectors, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's score, (len(rows),), about 0 to 1: over the claim's pieces, the
        mean of the best match in the passage, weighted by the pieces' rarity."""
        if not len(rows):
            return np.zeros(0, np.float32)
        weights = self.weights(query.ids)
        best = [matches.max(axis=1) for matches in self.piece_matches(query, rows)]
        scores: Floats = np.stack(best) @ (weights / weights.sum())
        return scores


class VectorIndex(PieceVectors):
    """Finds passages by meaning, and compares a claim with them piece by piece."""

    def __init__(self, folder: Path, dimension: int) -> None:
        def array(name: str) -> NDArray[Any]:
            loaded: NDArray[Any] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
            return loaded

        self.dimension = dimension
        self._sentences = Sentences(folder)
        self._sentence_rows = np.asarray(array("sentence_rows.npy"))
        self._code_rows = np.asarray(array("code_rows.npy"))
        self._starts = array("sentence_starts.npy")
        self._codes = np.memmap(folder / _CODES, np.uint8, "r").reshape(-1, code_bytes(dimension))
        super().__init__(array("piece_passages.npy"), len(self._code_rows) - 1)

    @property
    def passages(self) -> int:
        """The number of passages."""
        return len(self._code_rows) - 1

    def nearest(
        self, vector: Floats, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the `k` passages with the closest sentences: rows and cosines.

        A passage scores as its best sentence. `allowed`: bool, (passages,).
        """
        sentences = None if allowed is None else np.repeat(allowed, np.diff(self._sentence_rows))
        found, cosines = self._sentences.search(vector, max(SENTENCES_SEARCHED, 5 * k), sentences)
        rows = np.searchsorted(self._sentence_rows, found, side="right") - 1
        _, first = np.unique(rows, return_index=True)
        first = np.sort(first)[:k]
        return rows[first], cosines[first].astype(np.float32)

    def cosines(self, vector: Floats, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's cosine as `nearest` does: that of its closest sentence."""
        runs = zip(self._sentence_rows[rows], self._sentence_rows[rows + 1], strict=True)
        best = [cosines.max() for cosines in self._sentences.cosines(vector, runs)]
        return np.array(best, dtype=np.float32)

    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return, for each passage, the estimated cosine of each claim piece (rows) with
        each passage piece (columns), heading first: float32 (claim pieces, pieces)."""
        lengths = self._code_rows[rows + 1] - self._code_rows[rows]
        codes = np.concatenate(
            [self._codes[a : a + n] for a, n in zip(self._code_rows[rows], lengths, strict=True)]
        )
        products = estimated_cosines(query, codes)
        return np.split(products, np.cumsum(lengths)[:-1], axis=1)

    def sentence_starts(self, row: int) -> NDArray[np.int32]:
        """Return at which code of the passage each of its sentences begins."""
        a, b = self._sentence_rows[row], self._sentence_rows[row + 1]
        return np.asarray(self._starts[a:b])

    def passages_block(self, first: int, last: int) -> _VectorBlock:
        """Return what is stored of the passages `first` up to, not including, `last`."""
        a, b = int(self._sentence_rows[first]), int(self._sentence_rows[last])
        return _VectorBlock(
            sentences=self._sentences.stored(a, b - a),
            codes=np.asarray(self._codes[self._code_rows[first] : self._code_rows[last]]),
            starts=np.asarray(self._starts[a:b]),
            sentence_counts=np.diff(self._sentence_rows[first : last + 1]),
            code_counts=np.diff(self._code_rows[first : last + 1]),
        )


_BLOCK = 100_000


def upgrade_vectors(folder: Path, dimension: int) -> None:
    """Upgrade a generation's vectors from format 3 to 4: sentences from 16 to 8 bits, and codes to
    the dimensions they have now. Stop words keep their codes until they are embedded again."""
    count = int(np.load(folder / "sentence_rows.npy")[-1])
    path, old = folder / EXACT, folder / f"{EXACT}.old"
    path.rename(old)
    head = old.stat().st_size - count * dimension * np.dtype(np.float16).itemsize
    with old.open("rb") as file, closing(SentenceWriter(folder, dimension)) as sentences:
        file.seek(head)
        while block := file.read(_BLOCK * dimension * np.dtype(np.float16).itemsize):
            sentences.add(np.frombuffer(block, np.float16).reshape(-1, dimension))
        sentences.finish()
    old.unlink()
    if (folder / APPROXIMATE).exists():
        write_lists(folder)
    path, old = folder / _CODES, folder / f"{_CODES}.old"
    path.rename(old)
    width = -(-dimension // 8)
    with old.open("rb") as file, path.open("wb") as shorter:
        while block := file.read(_BLOCK * width):
            codes = np.frombuffer(block, np.uint8).reshape(-1, width)
            bits = np.unpackbits(codes, axis=1, count=dimension)
            shorter.write(np.packbits(coded_dimensions(bits), axis=1).tobytes())
    old.unlink()


_EMBEDDED_FOR_A_CLAIM = 16
"""The most passages embedded for a claim: a second beside a build that leaves one core."""


class VectorsOnDemand(PieceVectors):
    """Replaces a `VectorIndex` until that is complete. Safe to share between threads.

    `known`: the vectors of the previous index, if any; `known_rows`: the row of each passage there,
    -1 for a new one.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        piece_passages: NDArray[np.int32],
        known: VectorIndex | None = None,
        known_rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.passages = int(store.row_bounds[-1])
        super().__init__(piece_passages, self.passages)
        self._store, self._encoder, self._known = store, encoder, known
        self.dimension = encoder.dimension
        self._known_rows = (
            np.full(self.passages, -1, np.int64) if known_rows is None else known_rows
        )
        self._made: dict[int, PassageVectors] = {}
        self._lock = Lock()

    @property
    def missing(self) -> int:
        """How many passages had no vectors when this was opened."""
        return int((self._known_rows < 0).sum())

    def nearest(
        self, vector: Floats, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the `k` passages with the closest sentences, of those with vectors: rows and
        cosines."""
        rows = np.flatnonzero(self._known_rows >= 0)
        if self._known is None or not len(rows):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        own = np.full(self._known.passages, -1, np.int64)
        own[self._known_rows[rows]] = rows
        admitted = own >= 0
        if allowed is not None:
            admitted[admitted] = allowed[own[admitted]]
        found, cosines = self._known.nearest(vector, k, admitted)
        return own[found], cosines

    def cosines(self, vector: Floats, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's cosine, that of its closest sentence; 0 without vectors."""
        cosines = np.zeros(len(rows), np.float32)
        for place, row in enumerate(rows.tolist()):
            if self._known is not None and self._known_rows[row] >= 0:
                cosines[place] = self._known.cosines(vector, self._known_rows[[row]])[0]
            elif row in self._made:
                sentences = self._made[row].sentences.astype(np.float32)
                cosines[place] = float((sentences @ vector).max())
        return cosines

    def late_interaction(self, query: QueryVectors, rows: NDArray[np.int64]) -> Floats:
        """Return each passage's score as `VectorIndex` does. `rows`: best first; of those without
        vectors only the first `_EMBEDDED_FOR_A_CLAIM` are embedded, and the others score 0."""
        new = [row for row in rows.tolist() if self._is_new(row) and row not in self._made]
        self._embed(new[:_EMBEDDED_FOR_A_CLAIM])
        left_out = set(new[_EMBEDDED_FOR_A_CLAIM:])
        compared = np.array([row not in left_out for row in rows.tolist()], dtype=bool)
        scores = np.zeros(len(rows), np.float32)
        scores[compared] = super().late_interaction(query, rows[compared])
        return scores

    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return the matches of a claim's pieces as `VectorIndex` does."""
        self._embed([r for r in rows.tolist() if self._is_new(r) and r not in self._made])
        return [self._matches(query, row) for row in rows.tolist()]

    def sentence_starts(self, row: int) -> NDArray[np.int32]:
        """Return at which code of the passage each of its sentences begins."""
        if self._known is not None and not self._is_new(row):
            return self._known.sentence_starts(int(self._known_rows[row]))
        self._embed([] if row in self._made else [row])
        return self._made[row].starts

    def _matches(self, query: QueryVectors, row: int) -> Floats:
        if self._known is not None and not self._is_new(row):
            return self._known.piece_matches(query, self._known_rows[[row]])[0]
        return estimated_cosines(query, self._made[row].codes)

    def _is_new(self, row: int) -> bool:
        return bool(self._known_rows[row] < 0)

    def _embed(self, rows: list[int]) -> None:
        if not rows:
            return
        with self._lock:
            rows = [row for row in rows if row not in self._made]
            inputs = [embedding_input(self._encoder, *self._store.passage(row)) for row in rows]
            self._made |= dict(zip(rows, self._encoder.encode_passages(inputs), strict=True))
