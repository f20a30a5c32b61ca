"""Latency, memory and recall of both halves of the first stage at growing sizes.

    python -m benchmarks.scale [--passages 15000,200000,2000000]
        [--halves vectors,words,whole,engine] [--claims 50] [--folder FOLDER]

Vectors: the sentences of the default index, then copies of them, each moved by half the
difference between two other real sentences, so that copies lie apart but among real
directions; about five sentences a passage. Recall is that of the passages of an exact search.
Copies are written in bulk, and sorted into lists by what is known of the real sentences.
Words: the index's passages, then passages whose words are drawn from a real one (four in
five) and from the whole corpus; from `DRAWN` passages on, copies of that index, which have
the postings of a corpus so large but not its vocabulary.
Whole: `Index.search` on an index of whole copies of the default one, its sentences moved as above.
Engine: the same index in Qdrant's engine, in this process; the candidates that it shares with the
local index, and the passages that it finds by meaning alone, beside those of an exact search.

Both ways are measured at every size; which one serves is `nearest.Lists.exact_up_to`'s affair.
Every figure is measured in a process of its own that opens the files as a search would. Its
own memory is told apart from the pages of mapped files that it touched, which the system may
take back. "Cold": the first time, after the system has let go of the files' pages. Files lie in
a temporary folder that is deleted, or in `--folder`, where they are used again; a million
passages take 6 GB.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import dtype_to_descr, write_array_header_1_0
from numpy.typing import NDArray

from benchmarks import claim_sets
from benchmarks.cluster import disk_mb
from benchmarks.local import generation_of
from rag.config import Settings
from rag.datatypes import Floats
from rag.embedding import heading
from rag.finder import SourceFinder
from rag.index import PIECE_PASSAGES, Generation, Manifest
from rag.index import vectors as nearest
from rag.index.lexical import LexicalIndex
from rag.index.local import CANDIDATES, LocalIndex, top_rows
from rag.index.qdrant import SENTENCES, Search, generations, live
from rag.index.qdrant.index import PASSAGE, QdrantIndex, complete, passage_number, publish
from rag.index.store import Store
from rag.index.vectors import (
    _ZERO,
    LISTS,
    SENTENCES_SEARCHED,
    Lists,
    Sentences,
    SentenceWriter,
    VectorIndex,
    _dequantize_rotated,
    _rotation,
)
from rag.language import stems, words
from rag.searching import Query

DRAWN = 200_000
"""Passages that are drawn word by word; a larger index is made of copies of theirs."""

MOVED = 0.5
"""By what share of a difference a copy is moved; its cosine with its origin is about .85."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process saw. `found`: passages for each claim, by row or id. Times in milliseconds,
    by the clock and of the processor; memory in millions of bytes: its own, and pages of files.
    `opened`: the seconds that opening the index took."""

    found: Sequence[Sequence[Hashable]]
    cold: list[float]
    milliseconds: list[float]
    processor: list[float]
    own_mb: float
    mapped_mb: float
    opened: float = 0.0


def _memory_mb(kind: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _timed(asked: Sequence[object], search: Callable[[object], Iterable[Hashable]]) -> Measured:
    """Answer everything twice, the second time with pages in memory."""
    cold, found, milliseconds, processor = [], [], [], []
    for item in asked:
        started = time.perf_counter()
        search(item)
        cold.append(1000 * (time.perf_counter() - started))
    for item in asked:
        started, used = time.perf_counter(), time.process_time()
        rows = search(item)
        milliseconds.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - used))
        found.append(list(rows))
    memory = _memory_mb("RssAnon"), _memory_mb("RssFile")
    return Measured(found, cold, milliseconds, processor, *memory)


def forget(folder: Path) -> None:
    """Let the system drop the pages of a folder's files, which must not be open."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def search_vectors(
    folder: Path, claims: Floats, *, exact: bool, probes: int = LISTS.probes
) -> Measured:
    """Return the nearest passages of each claim, at any size by the way that is asked for."""
    sentences = Sentences(folder, Lists(exact_up_to=1 << 40 if exact else 0, probes=probes))
    bounds = np.load(folder / "sentence_rows.npy", mmap_mode="r")

    def search(claim: object) -> list[int]:
        found, _ = sentences.search(np.asarray(claim), SENTENCES_SEARCHED)
        return _passages(bounds, found)

    return _timed(list(claims), search)


def _passages(bounds: NDArray[np.int64], sentences: NDArray[np.int64]) -> list[int]:
    """Return the first passages that sentences, best first, belong to."""
    rows = np.searchsorted(bounds, sentences, side="right") - 1
    _, first = np.unique(rows, return_index=True)
    nearest: list[int] = rows[np.sort(first)[:CANDIDATES]].tolist()
    return nearest


def scan(folder: Path, claims: Floats) -> list[list[int]]:
    """Return the nearest passages of each claim among all, going once through the file."""
    sentences, bounds = Sentences(folder), np.load(folder / "sentence_rows.npy", mmap_mode="r")
    asked = (claims @ _rotation(claims.shape[1])).T
    best = [(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in claims]
    least = np.full(len(claims), -1, np.float32)
    for first in range(0, len(sentences), _SCANNED):
        cosines = _dequantize_rotated(sentences.stored(first, _SCANNED)) @ asked
        for number, column in enumerate(cosines.T):
            more = np.flatnonzero(column > least[number])
            rows = np.append(best[number][0], first + more)
            values = np.append(best[number][1], column[more])
            order = np.argsort(-values, kind="stable")[:SENTENCES_SEARCHED]
            best[number] = rows[order], values[order]
            if len(order) == SENTENCES_SEARCHED:
                least[number] = values[order[-1]]
    return [_passages(bounds, rows) for rows, _ in best]


_SCANNED = 20_000
"""Sentences that `scan` looks at together."""


def search_words(folder: Path, passages: int, claims: list[str]) -> Measured:
    """Return the best passages of each claim by BM25."""
    index = LexicalIndex.open(folder, passages)

    def search(claim: object) -> list[int]:
        best: list[int] = top_rows(index.scores(stems(words(str(claim)))), CANDIDATES)[0].tolist()
        return best

    return _timed(claims, search)


def apart(function: Callable[..., Measured], *given: object, **named: object) -> Measured:
    """Return what `function` returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, given, named)


class Copies:
    """The sentences of an index and moved copies of them, as an index stores them.

    Moved in 8 bits, and by the sentences that follow two others, so that fifty million take
    minutes. How near a copy is to the middle of each list is known from the real sentences.
    """

    def __init__(self, vectors: VectorIndex) -> None:
        block = vectors.passages_block(0, vectors.passages)
        self.counts = block.sentence_counts
        self.dimension = vectors.dimension
        self._turned = _twice(_dequantize_rotated(block.sentences))
        self._random = np.random.default_rng(1)
        self._shifts = [(0, 0)]  # of the real ones, which stay

    def __len__(self) -> int:
        """How many sentences a copy has."""
        return len(self._turned) // 2

    def _moved_by(self, copy: int) -> tuple[int, int]:
        while len(self._shifts) <= copy:
            one, other = self._random.integers(0, len(self), 2).tolist()
            self._shifts.append((one, other))
        return self._shifts[copy]

    def turned(self, copy: int) -> Floats:
        """Return the unit vectors of a copy, turned; copy 0 are the real sentences."""
        if not copy:
            return self._turned[: len(self)]
        made = np.empty((len(self), self.dimension), np.float32)
        for rows, here, there in self._blocks(copy, _MADE):
            part = np.subtract(self._turned[here], self._turned[there], out=made[rows])
            part *= MOVED
            part += self._turned[rows]
            part /= np.sqrt(np.einsum("ij,ij->i", part, part))[:, None]
        return made

    def _blocks(self, copy: int, size: int) -> Iterator[tuple[slice, slice, slice]]:
        """Yield rows of a copy, and the rows of the two sentences that move each of them."""
        one, other = self._moved_by(copy)
        for first in range(0, len(self), size):
            last = min(first + size, len(self))
            yield (
                slice(first, last),
                slice(first + one, last + one),
                slice(first + other, last + other),
            )

    def lists(self, near: NDArray[np.int16], copy: int) -> NDArray[np.int16]:
        """Return the list that each sentence of a copy belongs to. `near`: what `nearness` says."""
        nearest = np.empty(len(self), np.int16)
        for rows, here, there in self._blocks(copy, _MADE // 2):
            nearest[rows] = (2 * near[rows] + near[here] - near[there]).argmax(axis=1)
        return nearest

    def nearness(self, middles: Floats) -> NDArray[np.int16]:
        """Return how near each real sentence is to the middle of each list, twice over."""
        near = np.empty((len(self), len(middles)), np.int16)
        for rows, _, _ in self._blocks(0, _MADE):
            near[rows] = np.rint(_NEAR * (self._turned[rows] @ middles.T))
        return _twice(near)


_MADE = 512
"""Sentences that are moved together: they fit into the processor's cache."""

_NEAR = 8_000
"""What a cosine of 1 is as an integer; four of them fit into 16 bits."""


def _twice(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows twice over, so that as many can be taken from any of them on."""
    return np.concatenate([rows, rows])


def _stored(turned: Floats) -> NDArray[np.uint8]:
    """Return turned vectors as `SentenceWriter.copy` takes them."""
    step = _dequantize_rotated(np.full((1, turned.shape[1]), _ZERO + 1, np.uint8))[0, 0]
    stored = np.empty(turned.shape, np.uint8)
    for first in range(0, len(turned), _MADE):
        part = turned[first : first + _MADE] * (1 / step)
        np.rint(part, out=part)
        part += _ZERO
        stored[first : first + _MADE] = np.clip(part, 0, 255, out=part)
    return stored


def write_vectors(finder: SourceFinder, folder: Path, passages: int) -> Copies:
    """Write the sentences of `passages` passages, without the lists."""
    vectors = generation_of(finder).vectors
    assert isinstance(vectors, VectorIndex)  # an index whose vectors are all there
    made = Copies(vectors)
    writer = SentenceWriter(folder, vectors.dimension)
    counted = []
    for copy in range(-(-passages // vectors.passages)):
        counts = made.counts[: passages - copy * vectors.passages]
        writer.copy(_stored(made.turned(copy)[: counts.sum()]))
        counted.append(counts)
    writer.finish()
    np.save(folder / "sentence_rows.npy", np.cumsum(np.append(0, np.concatenate(counted))))
    return made


def write_lists(made: Copies, folder: Path, copies: int) -> None:
    """Sort the sentences of whole copies into lists, as `nearest.write_lists` would that has
    placed their middles by the first copies."""
    import faiss

    if copies <= _TRAINED_BY:
        nearest.write_lists(folder)
        return
    with tempfile.TemporaryDirectory(dir=folder) as some:
        writer = SentenceWriter(Path(some), made.dimension)
        for copy in range(_TRAINED_BY):
            writer.copy(_stored(made.turned(copy)))
        writer.finish()
        nearest.write_lists(Path(some))
        index: Any = faiss.read_index(str(Path(some) / nearest.APPROXIMATE))
    near = made.nearness(index.quantizer.reconstruct_n(0, index.nlist))
    chosen = [made.lists(near, copy) for copy in range(copies)]
    del near
    sizes = np.bincount(np.concatenate(chosen), minlength=index.nlist)
    path = folder / nearest.APPROXIMATE
    head = _head_of_lists(index, sizes, path)
    width = index.code_size
    starts = len(head) + np.append(0, np.cumsum(sizes * (width + _ID)))[:-1]
    filled = np.zeros(index.nlist, np.int64)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + int(sizes.sum()) * (width + _ID))
        for first in range(0, copies, _TRAINED_BY):
            together = range(first, min(first + _TRAINED_BY, copies))
            codes = np.concatenate([index.sq.compute_codes(made.turned(n)) for n in together])
            lists = np.concatenate(chosen[first : first + _TRAINED_BY])
            order = np.argsort(lists, kind="stable")
            numbers = first * len(made) + order
            codes = codes[order]
            counts = np.bincount(lists, minlength=index.nlist)
            ends = np.cumsum(counts)
            for number, (size, end) in enumerate(zip(counts.tolist(), ends.tolist(), strict=True)):
                rows = slice(end - size, end)
                at = int(starts[number] + filled[number] * width)
                os.pwrite(file.fileno(), codes[rows].tobytes(), at)
                at = int(starts[number] + sizes[number] * width + filled[number] * _ID)
                os.pwrite(file.fileno(), numbers[rows].tobytes(), at)
            filled += counts


_TRAINED_BY = 8
"""Copies of which a sample places the middles of lists; so many are written together, too."""

_ID = np.dtype(np.int64).itemsize


def _head_of_lists(index: Any, sizes: NDArray[np.int64], path: Path) -> bytes:
    """Return what precedes lists of such sizes in the file of a FAISS index.

    FAISS itself writes such an index only from memory, where it would be whole.
    """
    import faiss

    index.reset()
    for number in range(index.nlist):
        index.invlists.resize(number, 1)
    index.ntotal = int(sizes.sum())
    faiss.write_index(index, str(path))
    written = path.read_bytes()[: -index.nlist * (index.code_size + _ID)]
    ones = np.ones(index.nlist, np.uint64).tobytes()
    assert written.endswith(ones), "FAISS writes lists in another form"
    return written.removesuffix(ones) + sizes.astype(np.uint64).tobytes()


def write_words(finder: SourceFinder, folder: Path, passages: int) -> None:
    """Write the lexical index of at most `DRAWN` passages."""
    found = map(generation_of(finder).store.passage, range(finder.index.passages))
    texts = [stems(words(heading(d) + passage.span.of(d.text))) for d, passage in found]
    corpus = np.array([stem for text in texts for stem in text], dtype=object)
    random = np.random.default_rng(2)
    drawn = texts[:passages]
    while len(drawn) < passages:
        text = np.array(texts[random.integers(len(texts))], dtype=object)
        own = text[random.integers(0, len(text), len(text))]
        strange = corpus[random.integers(0, len(corpus), len(text))]
        drawn.append(np.where(random.random(len(text)) < 0.8, own, strange).tolist())
    number = {stem: i for i, stem in enumerate(sorted({s for text in drawn for s in text}))}
    terms = np.array([number[stem] for text in drawn for stem in text], np.int32)
    LexicalIndex.write(terms, np.cumsum([0, *map(len, drawn)]), list(number), folder)


def copy_words(source: Path, folder: Path, copies: int, rows: int) -> None:
    """Write an index with `copies` times the `rows` passages of another one.

    Copies share all scores: with as many times the passages, a word's rarity and the mean
    length stay the same.
    """
    folder.mkdir()
    for path in source.glob("*.json"):
        settings = json.loads(path.read_text(encoding="utf-8"))
        if "num_docs" in settings:
            settings["num_docs"] = copies * rows
        (folder / path.name).write_text(json.dumps(settings), encoding="utf-8")
    bounds = np.load(source / "indptr.csc.index.npy").astype(np.int64)
    shifts = rows * np.arange(copies)[:, None]
    for name, shift in (("data", 0), ("indices", shifts)):
        column = np.load(source / f"{name}.csc.index.npy")
        with (folder / f"{name}.csc.index.npy").open("wb") as file:
            kind = dtype_to_descr(column.dtype)
            shape = (copies * len(column),)
            write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
            for first, last in pairwise(bounds.tolist()):
                tiled = column[None, first:last].repeat(copies, axis=0) + shift
                file.write(tiled.astype(column.dtype).tobytes())
    np.save(folder / "indptr.csc.index.npy", copies * bounds)


def size_mb(*paths: Path) -> float:
    """Return how large files and folders are, in millions of bytes."""
    files = [f for path in paths for f in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in files) / 1e6


def recall(found: Measured, exact: Measured, k: int) -> float:
    """Return the mean share of another (exact) search's first `k` passages among those found."""
    pairs = zip(found.found, exact.found, strict=True)
    return statistics.fmean(len({*got[:k]} & {*want[:k]}) / len(want[:k]) for got, want in pairs)


def line(label: str, measured: Measured, disk: float, rest: str) -> str:
    """Return a line of the table."""
    p95 = float(np.percentile(measured.milliseconds, 95))
    median = statistics.median(measured.milliseconds)
    return (
        f"| {label} | {', '.join(f'{ms:.0f}' for ms in np.percentile(measured.cold, [50, 95]))} | "
        f"{median:.1f} | {p95:.1f} | {statistics.median(measured.processor):.1f} | "
        f"{measured.own_mb:.0f} | "
        f"{measured.mapped_mb:.0f} | {disk:,.0f} | {rest} |"
    )


HEAD = """
| | cold, median, p95 ms | median ms | p95 ms | CPU ms | memory, MB | mapped, MB | disk, MB \
| recall@10, @200 | build s |
|---|---|---|---|---|---|---|---|---|---|"""


def compare_vectors(finder: SourceFinder, folder: Path, passages: int, claims: list[str]) -> None:
    """Print exact search beside inverted lists."""
    folder = folder / f"vectors-{passages}"
    if not (folder / "sentence_rows.npy").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_vectors(finder, folder, passages)
    asked = np.stack([finder.encoder.encode_query(claim).vector for claim in claims])
    sentences = len(Sentences(folder))
    exact = apart(search_vectors, folder, asked, exact=True)
    label = f"{passages:,} passages, {sentences:,} sentences"
    disk = size_mb(folder / nearest.EXACT)
    print(line(f"{label}: exact", exact, disk, "1.000, 1.000 | "), flush=True)
    started, seconds = time.perf_counter(), "kept"
    if not (folder / nearest.APPROXIMATE).is_file():
        nearest.write_lists(folder)
        seconds = f"{time.perf_counter() - started:.0f}"
    lists = apart(search_vectors, folder, asked, exact=False)
    disk += size_mb(folder / nearest.APPROXIMATE)
    shares = f"{recall(lists, exact, 10):.3f}, {recall(lists, exact, CANDIDATES):.3f}"
    print(line(f"{label}: lists", lists, disk, f"{shares} | {seconds}"), flush=True)


def measure_words(finder: SourceFinder, folder: Path, passages: int, claims: list[str]) -> None:
    """Print BM25 at a size."""
    drawn, copies = min(passages, DRAWN), max(passages // DRAWN, 1)
    source, target = folder / f"words-{drawn}", folder / f"words-{drawn * copies}"
    started, seconds = time.perf_counter(), "kept"
    if not source.is_dir():
        write_words(finder, source, drawn)
        seconds = f"{time.perf_counter() - started:.0f}"
    if copies > 1 and not target.is_dir():
        copy_words(source, target, copies, drawn)
        seconds = "copied"
    measured = apart(search_words, target, drawn * copies, claims)
    label = f"{drawn * copies:,} passages: BM25"
    print(line(label, measured, size_mb(target), f"exact | {seconds}"), flush=True)


def write_whole(finder: SourceFinder, folder: Path, copies: int) -> None:
    """Write an index that has everything of the finder's so many times."""
    source = generation_of(finder)
    rows, documents = source.manifest.passages, source.manifest.documents
    folder.mkdir(parents=True)
    copy_words(source.path / "lexical", folder / "lexical", copies, rows)
    copy_words(source.path / "documents", folder / "documents", copies, documents)
    write_lists(write_vectors(finder, folder, copies * rows), folder, copies)
    bounds = np.load(source.path / "code_rows.npy")
    shifts = np.repeat(np.arange(copies) * bounds[-1], rows)
    np.save(folder / "code_rows.npy", np.append(0, np.tile(bounds[1:], copies) + shifts))
    np.save(
        folder / "sentence_starts.npy",
        np.tile(np.load(source.path / "sentence_starts.npy"), copies),
    )
    np.save(folder / PIECE_PASSAGES, copies * np.load(source.path / PIECE_PASSAGES))
    codes = (source.path / "codes.bin").read_bytes()
    with (folder / "codes.bin").open("wb") as file:
        for _ in range(copies):
            file.write(codes)
    shutil.copy(source.path / "sources.sqlite", folder)
    with closing(sqlite3.connect(folder / "sources.sqlite")) as db, db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("DROP INDEX documents_by_id")
        for table, moved in _MOVED_COLUMNS.items():
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            made = ", ".join(moved.get(column, column) for column in columns)
            copied = f"INSERT INTO {table} SELECT {made} FROM {table} WHERE {columns[0]} < :first"
            first = {"documents": documents, "passages": rows}[table]
            for copy in range(1, copies):
                shift = {"copy": copy, "rows": copy * rows, "documents": copy * documents}
                db.execute(copied, shift | {"first": first})


_MOVED_COLUMNS = {
    "documents": {
        "number": "number + :documents",
        "document_id": "document_id || '~' || :copy",
        "first_row": "first_row + :rows",
    },
    "passages": {"row": "row + :rows", "document": "document + :documents"},
}
"""What the copies of a table's rows have in its columns."""


def open_whole(folder: Path, manifest: Manifest) -> Generation:
    """Return what `write_whole` wrote."""
    return Generation(
        folder,
        manifest,
        Store(folder / "sources.sqlite"),
        LexicalIndex.open(folder / "lexical", manifest.passages),
        LexicalIndex.open(folder / "documents", manifest.documents),
        VectorIndex(folder, manifest.dimension),
    )


def search_whole(index: str | tuple[Path, Manifest], asked: list[Query]) -> Measured:
    """Return the ids of the best candidates of each claim. `index`: where Qdrant's engine has it,
    or what `open_whole` takes."""
    started = time.perf_counter()
    opened = QdrantIndex.open(index) if isinstance(index, str) else LocalIndex(open_whole(*index))
    seconds = time.perf_counter() - started

    def search(query: object) -> list[str]:
        assert isinstance(query, Query)
        return [found.passage_id for found in opened.search(query, 100)]

    return replace(_timed(asked, search), opened=seconds)


def search_engine(location: str, claims: Floats) -> Measured:
    """Return the points of the nearest passages of each claim in Qdrant's engine."""
    there = generations(location)
    points = there.open(live(there))

    def search(claim: object) -> Iterable[int]:
        vector = np.asarray(claim).tolist()
        return points.search([Search(SENTENCES, [vector], CANDIDATES)])[0]

    return _timed(list(claims), search)


def whole(finder: SourceFinder, folder: Path, passages: int) -> tuple[Path, Manifest, str]:
    """Return an index of so many passages, what it has, and how long it took to write."""
    manifest = generation_of(finder).manifest
    copies = max(round(passages / manifest.passages), 1)
    target, seconds = folder / f"whole-{copies}", "kept"
    if not target.is_dir():
        started = time.perf_counter()
        write_whole(finder, target, copies)
        seconds = f"{time.perf_counter() - started:.0f}"
    larger = replace(
        manifest,
        passages=copies * manifest.passages,
        documents=copies * manifest.documents,
        sentences=copies * manifest.sentences,
    )
    return target, larger, seconds


def measure_whole(finder: SourceFinder, folder: Path, passages: int, claims: list[str]) -> None:
    """Print `Index.search` at a size, cold and warm, and the lists beside an exact search."""
    target, manifest, seconds = whole(finder, folder, passages)
    asked = [finder.retriever.parse(claim).query for claim in claims]
    forget(target)
    measured = apart(search_whole, (target, manifest), asked)
    label, disk = f"{manifest.passages:,} passages", size_mb(target)
    rest = f" | {seconds}, opened in {measured.opened:.1f}"
    print(line(f"{label}: Index.search", measured, disk, rest), flush=True)
    vectors = np.stack([query.vectors.vector for query in asked])
    disk = size_mb(target / nearest.EXACT, target / nearest.APPROXIMATE)
    exact: list[list[int]] = []
    for probes in PROBES:
        forget(target)
        lists = apart(search_vectors, target, vectors, exact=False, probes=probes)
        exact = exact or scan(target, vectors)
        wanted = replace(lists, found=exact)
        shares = f"{recall(lists, wanted, 10):.3f}, {recall(lists, wanted, CANDIDATES):.3f}"
        print(line(f"{label}: lists, {probes} looked into", lists, disk, shares), flush=True)


PROBES = (LISTS.probes, LISTS.probes // 4)
"""Lists that are looked into for a claim, of `LISTS.lists`."""


def measure_engine(finder: SourceFinder, folder: Path, passages: int, claims: list[str]) -> None:
    """Print `Index.search` and the search by meaning of Qdrant's engine at a size."""
    target, manifest, _ = whole(finder, folder, passages)
    home, seconds = folder / f"engine-{manifest.passages}", "kept"
    location = f"qdrant://{home.absolute()}"
    if target.name not in complete(generations(location)):
        times = [(time.perf_counter(), time.process_time())] * 2

        def told(stage: str, done: int, total: int, file: object = None) -> None:
            del stage, done, total, file
            times[1] = time.perf_counter(), time.process_time()

        with threads_as_nice():
            publish(open_whole(target, manifest), location, progress=told)
        times.append((time.perf_counter(), time.process_time()))
        took = [f"{b[0] - a[0]:.0f}, processor {b[1] - a[1]:.0f}" for a, b in pairwise(times)]
        most = _memory_mb("VmHWM")
        seconds = f"stored {took[0]}; put in order {took[1]}; at most {most:.0f} MB of memory"
    asked = [finder.retriever.parse(claim).query for claim in claims]
    here = apart(search_whole, (target, manifest), asked)
    there = apart(search_whole, location, asked)
    label, disk = f"{manifest.passages:,} passages", disk_mb(home)
    shared = f"{recall(there, here, 10):.3f}, {recall(there, here, 100):.3f} of 100"
    print(line(f"{label}: Qdrant, Index.search", there, disk, f"{shared} | {seconds}"), flush=True)
    vectors = np.stack([query.vectors.vector for query in asked])
    exact = apart(search_vectors, target, vectors, exact=True)
    bounds = Store(target / "sources.sqlite").row_bounds
    points = replace(exact, found=[_points(bounds, rows) for rows in exact.found])
    nearest = apart(search_engine, location, vectors)
    shares = f"{recall(nearest, points, 10):.3f}, {recall(nearest, points, CANDIDATES):.3f}"
    print(line(f"{label}: Qdrant, by meaning", nearest, disk, f"{shares} | "), flush=True)


@contextmanager
def threads_as_nice() -> Iterator[None]:
    """Let no thread of this process give way to others, as those do that make Qdrant's graph.

    Another process sees to it, because the engine lets no other thread run meanwhile.
    """
    keeper = multiprocessing.get_context("spawn").Process(
        target=_keep_nice, args=(os.getpid(), os.getpriority(os.PRIO_PROCESS, 0)), daemon=True
    )
    keeper.start()
    yield
    keeper.terminate()


def _keep_nice(process: int, nice: int) -> None:
    while True:
        for task in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):  # it has just ended
                os.setpriority(os.PRIO_PROCESS, int(task.name), nice)
        time.sleep(1)


def _points(bounds: NDArray[np.int64], rows: Sequence[Hashable]) -> list[Hashable]:
    """Return the ids that passages have in Qdrant, by their rows."""
    of = np.array(rows, np.int64)
    documents = np.searchsorted(bounds, of, side="right") - 1
    places = of - bounds[documents]
    pairs = zip(documents.tolist(), places.tolist(), strict=True)
    return [PASSAGE | passage_number(document, place) for document, place in pairs]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument("--passages", default="15000,200000,2000000")
    parser.add_argument("--halves", default="vectors,words")
    parser.add_argument("--claims", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="keep the files here")
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    claims = [query.text for query in claim_sets.sotu_test(data)][: given.claims]
    finder = SourceFinder.open(Settings.from_environment().index_path(None))
    halves = {
        "vectors": compare_vectors,
        "words": measure_words,
        "whole": measure_whole,
        "engine": measure_engine,
    }
    with tempfile.TemporaryDirectory(prefix="scale-") as temporary:
        folder = given.folder or Path(temporary)
        print(HEAD)
        for half in given.halves.split(","):
            for passages in map(int, given.passages.split(",")):
                halves[half](finder, folder, passages, claims)


if __name__ == "__main__":
    main()
