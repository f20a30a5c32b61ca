"""Latency, memory and recall of both halves of the first stage at growing sizes.

    python -m benchmarks.scale [--passages 15000,200000,2000000]
        [--halves vectors,words,whole,engine] [--folder FOLDER]

Vectors: the sentences of the default index, then copies of them, each moved by half the
difference between two other real sentences, so that copies lie apart but among real
directions; about five sentences a passage. Recall is that of the passages of an exact search.
Words: the index's passages, then passages whose words are drawn from a real one (four in
five) and from the whole corpus; from `DRAWN` passages on, copies of that index, which have
the postings of a corpus so large but not its vocabulary.
Whole: `Index.search` on an index of whole copies of the default one, its sentences moved as above.
Engine: the same index in Qdrant's engine, in this process; the candidates that it shares with the
local index, and the passages that it finds by meaning alone, beside those of an exact search.

Both ways are measured at every size; which one serves is `nearest.Lists.exact_up_to`'s affair.
Every figure is measured in a process of its own that opens the files as a search would. Its
own memory is told apart from the pages of mapped files that it touched, which the system may
take back. Files lie in a temporary folder that is deleted, or in `--folder`, where they are
used again; at two million passages they take 13 GB.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
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
from rag.index.qdrant.index import PASSAGE, QdrantIndex, passage_number
from rag.index.qdrant.publishing import complete, publish
from rag.index.store import Store
from rag.index.vectors import (
    SENTENCES_SEARCHED,
    Lists,
    Sentences,
    SentenceWriter,
    VectorIndex,
    dequantize,
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
    by the clock and of the processor; memory in millions of bytes: its own, and pages of files."""

    found: list[list[Hashable]]
    milliseconds: list[float]
    processor: list[float]
    own_mb: float
    mapped_mb: float


def _memory_mb(kind: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _timed(asked: Sequence[object], search: Callable[[object], Iterable[Hashable]]) -> Measured:
    """Answer everything twice, and time the second time, when pages are in memory."""
    for item in asked:
        search(item)
    found, milliseconds, processor = [], [], []
    for item in asked:
        started, used = time.perf_counter(), time.process_time()
        rows = search(item)
        milliseconds.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - used))
        found.append(list(rows))
    memory = _memory_mb("RssAnon"), _memory_mb("RssFile")
    return Measured(found, milliseconds, processor, *memory)


def search_vectors(folder: Path, claims: Floats, *, exact: bool) -> Measured:
    """Return the nearest passages of each claim, at any size by the way that is asked for."""
    sentences = Sentences(folder, Lists(exact_up_to=1 << 40 if exact else 0))
    ends = np.load(folder / "ends.npy", mmap_mode="r")

    def search(claim: object) -> list[int]:
        found, _ = sentences.search(np.asarray(claim), SENTENCES_SEARCHED)
        rows = np.searchsorted(ends, found, side="right")
        _, first = np.unique(rows, return_index=True)
        nearest: list[int] = rows[np.sort(first)[:CANDIDATES]].tolist()
        return nearest

    return _timed(list(claims), search)


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


def write_vectors(finder: SourceFinder, folder: Path, passages: int) -> None:
    """Write the sentences of `passages` passages, without the lists."""
    vectors = generation_of(finder).vectors
    assert isinstance(vectors, VectorIndex)  # an index whose vectors are all there
    block = vectors.passages_block(0, vectors.passages)
    real, lengths = dequantize(block.sentences), block.sentence_counts
    random = np.random.default_rng(1)
    writer = SentenceWriter(folder, vectors.dimension)
    ends = []
    for first in range(0, passages, vectors.passages):
        counts = lengths[: passages - first]
        copy = real[: counts.sum()]
        if first:
            one, other = random.integers(0, len(real), (2, len(copy)))
            copy = copy + MOVED * (real[one] - real[other])
            copy /= np.linalg.norm(copy, axis=1, keepdims=True)
        writer.add(copy.astype(np.float16))
        ends.append(counts)
    writer.finish()
    np.save(folder / "ends.npy", np.cumsum(np.concatenate(ends)))


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
    bounds = np.load(source / "indptr.csc.index.npy")
    data = np.load(source / "data.csc.index.npy")
    indices = np.load(source / "indices.csc.index.npy")
    counts = np.diff(bounds)
    offsets = np.arange(len(data)) + np.repeat((copies - 1) * bounds[:-1], counts)
    shift = np.repeat(counts, counts)
    shape = (copies * len(data),)
    scores = open_memmap(folder / "data.csc.index.npy", "w+", data.dtype, shape)
    passages = open_memmap(folder / "indices.csc.index.npy", "w+", indices.dtype, shape)
    for copy in range(copies):
        places = offsets + copy * shift
        scores[places] = data
        passages[places] = indices + copy * rows
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
        f"| {label} | {median:.1f} | {p95:.1f} | {statistics.median(measured.processor):.1f} | "
        f"{measured.own_mb:.0f} | "
        f"{measured.mapped_mb:.0f} | {disk:,.0f} | {rest} |"
    )


HEAD = """
| | median ms | p95 ms | CPU ms | memory, MB | mapped, MB | disk, MB | recall@10, @200 | build s |
|---|---|---|---|---|---|---|---|---|"""


def compare_vectors(finder: SourceFinder, folder: Path, passages: int, claims: list[str]) -> None:
    """Print exact search beside inverted lists."""
    folder = folder / f"vectors-{passages}"
    if not (folder / "ends.npy").is_file():
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
    write_vectors(finder, folder, copies * rows)
    nearest.write_lists(folder)
    ends = np.load(folder / "ends.npy")
    np.save(folder / "sentence_rows.npy", np.append(0, ends))
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
    opened = QdrantIndex.open(index) if isinstance(index, str) else LocalIndex(open_whole(*index))

    def search(query: object) -> list[str]:
        assert isinstance(query, Query)
        return [found.passage_id for found in opened.search(query, 100)]

    return _timed(asked, search)


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
    """Print `Index.search` at a size."""
    target, manifest, seconds = whole(finder, folder, passages)
    asked = [finder.retriever.parse(claim).query for claim in claims]
    measured = apart(search_whole, (target, manifest), asked)
    label = f"{manifest.passages:,} passages: Index.search"
    print(line(label, measured, size_mb(target), f" | {seconds}"), flush=True)


def measure_engine(finder: SourceFinder, folder: Path, passages: int, claims: list[str]) -> None:
    """Print `Index.search` and the search by meaning of Qdrant's engine at a size."""
    target, manifest, _ = whole(finder, folder, passages)
    home, seconds = folder / f"engine-{manifest.passages}", "kept"
    location = f"qdrant://{home.absolute()}"
    if target.name not in complete(generations(location)):
        started, used = time.perf_counter(), time.process_time()
        publish(open_whole(target, manifest), location)
        used = time.process_time() - used
        seconds = f"{time.perf_counter() - started:.0f}, processor {used:.0f}"
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
    parser.add_argument("--folder", type=Path, help="keep the files here")
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    claims = [query.text for query in claim_sets.sotu_test(data)]
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
