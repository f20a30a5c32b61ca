"""Nearest sentence vectors: by exact search while that is fast, then by inverted lists.

| file | holds |
|---|---|
| `sentences.faiss` | a unit vector per sentence, 16-bit floats, inner product |
| `lists.faiss` | where there are more than `Lists.exact_up_to`: the same in lists, 8 bits |

All are memory-mapped. What the lists propose is scored again with the 16-bit vectors, so
cosines are exact either way; what can be missed is a sentence in a list that was not
probed. Measured in docs/decisions/scale.md by `python -m benchmarks.scale`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats


@dataclass(frozen=True, slots=True)
class Lists:
    """When sentences are sorted into lists, and into how many."""

    exact_up_to: int = 400_000
    """Sentences that are searched one by one: about 70,000 passages."""
    lists: int = 2048
    """Lists that more sentences than that are divided into."""
    probes: int = 384
    """Lists that are looked into for a claim."""
    block: int = 100_000
    """Sentences that are sorted into lists at a time."""


LISTS = Lists()

SAMPLE_PER_LIST = 64
"""Sentences by which k-means places each list's centre; FAISS asks for 39 or more."""

SEED = 1

EXACT = "sentences.faiss"
APPROXIMATE = "lists.faiss"


class SentenceWriter:
    """Writes `sentences.faiss` piece by piece."""

    def __init__(self, folder: Path, dimension: int, sizes: Lists = LISTS) -> None:
        self._dimension = dimension
        self._sizes = sizes
        self._count = 0
        self._file = (folder / EXACT).open("wb")
        self._file.write(_head(dimension, 0))

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Append unit vectors, (sentences, dimension)."""
        self._count += len(vectors)
        self._file.write(np.ascontiguousarray(vectors, np.float16).tobytes())

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    @property
    def many(self) -> bool:
        """Whether there are more than an exact search should go through."""
        return self._count > self._sizes.exact_up_to

    def finish(self) -> None:
        """Write everything out. Where there are `many`, `write_lists` comes next."""
        self._file.seek(0)
        self._file.write(_head(self._dimension, self._count))
        self._file.close()


def _head(dimension: int, count: int) -> bytes:
    """Return what precedes `count` 16-bit vectors in the file of a FAISS index.

    FAISS itself writes such an index only from memory, where it would be whole.
    """
    import faiss

    index = faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.ntotal = count
    size = np.dtype(np.uint64).itemsize  # of the vectors that follow, in bytes
    return (
        faiss.serialize_index(index).tobytes()[:-size]
        + np.uint64(count * index.code_size).tobytes()
    )


def write_lists(folder: Path, sizes: Lists = LISTS) -> None:
    """Sort the sentences of `folder` into lists. The same sentences give the same file.

    Takes as much memory as the file has, 400 bytes a sentence.
    """
    import faiss
    from faiss.contrib.ivf_tools import add_preassigned

    exact = _mapped(folder / EXACT)
    total = exact.ntotal
    lists = min(sizes.lists, total)
    wanted = min(lists * SAMPLE_PER_LIST, total)
    chosen = np.random.default_rng(SEED).choice(total, wanted, replace=False)
    sample = exact.reconstruct_batch(np.sort(chosen))
    index: Any = faiss.index_factory(exact.d, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.by_residual = False  # one table of 8-bit steps for all lists
    index.cp.seed = SEED
    index.train(sample)
    blocks = [(first, min(sizes.block, total - first)) for first in range(0, total, sizes.block)]
    nearest = [index.quantizer.search(exact.reconstruct_n(*block), 1)[1][:, 0] for block in blocks]
    counts = np.bincount(np.concatenate(nearest), minlength=lists).tolist()
    for number, size in enumerate(counts):  # growing them bit by bit takes twice the memory
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
    """Searches what `SentenceWriter` wrote. Safe to share by threads."""

    def __init__(self, folder: Path, sizes: Lists = LISTS) -> None:
        import faiss

        self._sizes = sizes
        self._exact = _mapped(folder / EXACT)
        shape = (self._exact.ntotal, self._exact.d)
        self._stored: NDArray[np.float16] = np.zeros(shape, np.float16)
        if len(self):  # nothing cannot be mapped
            head = len(_head(self._exact.d, len(self)))
            self._stored = np.memmap(folder / EXACT, np.float16, "r", head, shape)
        self._lists: Any = None
        if (folder / APPROXIMATE).is_file():
            mapped = 0 if os.name == "nt" else faiss.IO_FLAG_MMAP  # which has none for lists
            self._lists = faiss.read_index(str(folder / APPROXIMATE), mapped)

    def __len__(self) -> int:
        return int(self._exact.ntotal)

    def vectors(self, first: int, count: int) -> NDArray[np.float16]:
        """Return `count` vectors from the `first` on."""
        return self._stored[first : first + count]

    def search(
        self, vector: Floats, count: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the nearest sentences and their cosines, best first.

        `allowed`: which may be found, bool, (sentences,). Fewer than `count` come back
        where there are not so many, or where the lists probed hold no more.
        """
        import faiss

        count = min(count, len(self))
        searched, selector = len(self), None
        if allowed is not None:
            searched = int(np.count_nonzero(allowed))
            bitmap = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg, arg-type]
        asked = vector[None, :]
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
            _, found = self._lists.search(asked, count, params=some)
        proposed = np.sort(found[0][found[0] >= 0])
        scored = self._exact.reconstruct_batch(proposed) @ vector
        order = np.argsort(-scored, kind="stable")
        return proposed[order], scored[order]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep FAISS to one thread: the others have nothing to do for a single query, and wait
    for it in a loop that takes the processor from everybody else."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
