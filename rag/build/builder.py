"""Builds a new generation of an index from sources.

A build keeps what it has finished until its generation is complete; if it is interrupted, the next
build continues from there.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from rag.build.gather import LIVE, Gathered, Gatherer
from rag.build.stages import LocalStages, Stages, near_duplicate_groups
from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import BuildReport, FileProgress, Progress
from rag.embedding import (
    EmbeddingInput,
    Encoder,
    PassageVectors,
    embedding_input,
    most_pieces,
)
from rag.errors import IndexBusy, ModelError, NothingToIndex, SearchIndexError
from rag.index import (
    FORMAT,
    PIECE_PASSAGES,
    Generation,
    Manifest,
    build_lock,
    delete_leftovers,
    make_live,
    new_generation,
    open_index,
    passage_texts,
    write_words,
    writing,
)
from rag.index.lexical import Part, Terms, collect_terms
from rag.index.store import Kept, Store, StoreWriter, assemble, write_near_duplicates
from rag.index.vectors import LISTS, Lists, VectorIndex, VectorWriter
from rag.ingest.files import check_sources
from rag.ingest.ocr import Ocr
from rag.ingest.workers import Workers

log = logging.getLogger(__name__)


class _WorkFolder:
    """The folder for what a build has finished, until its generation is complete.

    `store`: documents read and divided; `pages`: pages read by OCR; vectors are kept beside them.
    `settings`: everything that passages depend on; if it changes, the store begins anew.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder = folder
        self.pages = folder / "pages"
        self.store = folder / f"read-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.sqlite"
        folder.mkdir(exist_ok=True)
        if self.store.exists() and not _is_sound(self.store):
            self._remove("read-*")

    def clear(self) -> None:
        """Delete the work, and nothing else in the folder."""
        self._remove("read-*.sqlite*", "*.npz", "*.tmp", "pages/*.json", "pages/*.pending")
        for folder in (self.pages, self.folder):
            with suppress(OSError):  # it is missing, or has a file of the user's
                folder.rmdir()

    def _remove(self, *patterns: str) -> None:
        for path in [found for pattern in patterns for found in self.folder.glob(pattern)]:
            path.unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    try:
        db = sqlite3.connect(path)
        try:
            return bool(db.execute("PRAGMA quick_check").fetchone()[0] == "ok")
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        log.info("Leaving out the unfinished %s: %s", path, error)
        return False


class _PartialVectors:
    """A folder of shards, each with the vectors of some passages by their keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shard = lru_cache(maxsize=4)(_load)
        self._places: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(folder.glob(f"{FORMAT}-*.npz")):
            try:
                keys = _arrays(path)["keys"]
            except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
                log.info("Leaving out the unfinished %s: %s", path, error)
                path.unlink(missing_ok=True)
                continue
            for i, key in enumerate(keys):
                self._places[key.tobytes()] = (path, i)

    def get(self, key: bytes) -> PassageVectors | None:
        """Return the vectors with a key, None if there are none."""
        place = self._places.get(key)
        return None if place is None else self._shard(place[0])[place[1]]

    def save(self, keys: Sequence[bytes], vectors: Sequence[PassageVectors]) -> None:
        """Write the vectors of some passages as a shard."""
        if not keys:
            return
        path = self._folder / f"{FORMAT}-{keys[0].hex()[:32]}.npz"
        pending = path.with_suffix(".tmp")
        with pending.open("wb") as file:
            np.savez(
                file,
                keys=np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1),
                sentence_counts=np.array([len(v.sentences) for v in vectors]),
                code_counts=np.array([len(v.codes) for v in vectors]),
                sentences=np.concatenate([v.sentences for v in vectors]),
                codes=np.concatenate([v.codes for v in vectors]),
                starts=np.concatenate([v.starts for v in vectors]),
            )
        pending.replace(path)


def _load(path: Path) -> list[PassageVectors]:
    arrays = _arrays(path)
    sentence_ends = np.cumsum(arrays["sentence_counts"])[:-1]
    code_ends = np.cumsum(arrays["code_counts"])[:-1]
    return [
        PassageVectors(sentences, codes, starts)
        for sentences, codes, starts in zip(
            np.split(arrays["sentences"], sentence_ends),
            np.split(arrays["codes"], code_ends),
            np.split(arrays["starts"], sentence_ends),
            strict=True,
        )
    ]


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of a shard, each verified against its checksum."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


EMBEDDING = "Embedding passages"
"""The stage from which on the unfinished index can be searched by words."""

SHARD = 256
"""Passages embedded between two saves, and so the most that an interrupted build repeats
(seconds)."""


def build_index(
    paths: Sequence[str | Path],
    index: str | Path | None = None,
    *,
    progress: Progress | None = None,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    afresh: bool = False,
    ray: str | None = None,
    workers: Callable[..., Workers] = Workers,
    shard: int = SHARD,
    lists: Lists = LISTS,
) -> BuildReport:
    """Build or refresh an index from `paths`, make it live, and return a report.

    `paths`: files, folders, or "sotu" for the State of the Union addresses. The index then holds
    exactly these. Unchanged files are not read again, and passages with unchanged words are not
    embedded again, unless `afresh` is set. A file that cannot be read is left out and reported. If
    nothing changed, the index stays as it is. Its model stays too, unless the settings name another
    or `afresh` is set.

    `settings`: by default from the environment. `ray`: the address of a Ray cluster (see
    `rag.build.on_ray`), None for this machine alone. `workers`: what reads the files here. `shard`:
    see `SHARD`. `lists`: see `rag.index.vectors`.

    Raises `NothingToIndex`, `IndexBusy`, `IndexNotWritten`, `ModelError`, `ClusterError`. The index
    that was live stays live until the new one is complete, whatever happens.
    """
    settings = settings or Settings.from_environment()
    target = settings.index_path(index)
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        lock = build_lock(target)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise IndexBusy(
                f"Another process is building the index in {target}. Wait until it is done "
                "(the old index answers meanwhile), or build under another name with --index."
            ) from error
        try:
            names = [str(path) for path in paths]
            live = None if afresh else _live(target)
            settings = replace(settings, model=model_name(live, settings))
            encoder = encoder or _encoder(live, settings)
            with _stages(ray, encoder, settings, workers) as stages:
                return _Build(
                    target,
                    names,
                    encoder,
                    progress or _silent,
                    live,
                    settings.ocr,
                    stages,
                    shard,
                    lists,
                ).run()
        finally:
            lock.release()


@contextmanager
def _stages(
    ray: str | None, encoder: Encoder, settings: Settings, workers: Callable[..., Workers]
) -> Iterator[Stages]:
    if ray is None:
        yield LocalStages(encoder, settings.ocr, workers)
    else:
        from rag.build.on_ray import connected

        with connected(ray, encoder, settings) as stages:
            yield stages


def _live(target: Path) -> Generation | None:
    """Return the live index, None if there is none that can be used."""
    try:
        return open_index(target)
    except SearchIndexError as reason:
        log.info("Nothing to reuse: %s", reason)
        return None


def model_name(live: Generation | None, settings: Settings) -> str:
    """Return the name of the model that an index is built with: its own, unless the settings name
    one."""
    return settings.model or (live.manifest.model if live else DEFAULT_MODEL)


def _encoder(live: Generation | None, settings: Settings) -> Encoder:
    """Return the model of a build. Raises `ModelError`, with what to do if the index's own is
    missing."""
    try:
        return Encoder.load(settings.model, settings)
    except ModelError as error:
        if live is None or settings.model != live.manifest.model:
            raise
        raise ModelError(
            f"The index was built with the model {settings.model!r}, which cannot be used now: "
            f"{error} Set SOURCE_FINDER_MODEL={DEFAULT_MODEL} to build it with the installed "
            "one."
        ) from error


def _silent(stage: str, done: int, total: int, file: FileProgress | None = None) -> None:
    """Report no progress."""


@dataclass
class _Build:
    """One run of a build. The caller holds the lock."""

    target: Path
    sources: list[str]
    encoder: Encoder
    progress: Progress
    live: Generation | None
    ocr: str
    stages: Stages
    shard: int
    lists: Lists
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> BuildReport:
        work = _WorkFolder(
            self.target / "partial", f"{FORMAT}{self.encoder.fingerprint}{self._chunker}"
        )
        with self._timed("read"):
            fresh = StoreWriter(work.store)
            try:
                gathered = self._gather(fresh, work)
            finally:
                fresh.close()
        if self.live is not None and self._nothing_to_do(self.live, gathered):
            work.clear()
            delete_leftovers(self.target)
            return self._report(self.live, gathered, 0)
        if not gathered.kept:
            work.clear()
            reasons = "".join(f"\n  {s.path}: {s.reason}" for s in gathered.skipped[:20])
            raise NothingToIndex(
                "No text was found in "
                f"{', '.join(self.sources) or 'no path at all'}.{reasons}\nGive files or "
                "folders with readable sources. Any earlier index is unharmed."
            )
        generation = new_generation(self.target)
        try:
            embedded = self._write(generation, gathered, work)
            make_live(self.target, generation)
        except BaseException:
            shutil.rmtree(generation, ignore_errors=True)
            raise
        work.clear()
        return self._report(open_index(self.target, verify=False), gathered, embedded)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - started, 2)

    @property
    def _chunker(self) -> str:
        pieces = most_pieces(self.encoder)
        return f"sentences over page ends, names with what is said, at most {pieces} word pieces"

    @property
    def _divided_alike(self) -> Generation | None:
        """The live index, if its passages and their embedding inputs would be the same; else
        None."""
        live = self.live
        if live is None or live.manifest.model_fingerprint != self.encoder.fingerprint:
            return None
        return live if live.manifest.chunker == self._chunker else None

    def _gather(self, fresh: StoreWriter, work: _WorkFolder) -> Gathered:
        check_sources(self.sources)
        counted = (0, 0)

        def each_file(done: int, of: int, file: FileProgress | None) -> None:
            nonlocal counted
            counted = (done, of)
            self.progress("Reading files", *counted, file)

        def watch(file: FileProgress) -> None:
            self.progress("Reading files", *counted, file)

        with self.stages.reading(work.pages, watch) as reading:
            return Gatherer(
                self.live.store if self.live else None,
                fresh,
                reading,
                self.stages,
                divided=self._divided_alike is not None,
                ocr=Ocr(self.ocr).comes_to(),
                each_file=each_file,
            ).run(self.sources)

    def _nothing_to_do(self, live: Generation, gathered: Gathered) -> bool:
        """Return whether the live index is what this build would make."""
        as_they_are = [Kept(LIVE, entry.number, entry.file) for entry in live.store.entries()]
        files = [replace(file, state="") for file in live.store.files().values()]
        return (
            self._divided_alike is live
            and live.manifest.sources == self.sources
            and Terms.read(live.path) is not None
            and gathered.kept == as_they_are
            and [replace(file, state="") for file in gathered.files] == files
        )

    def _write(self, generation: Path, gathered: Gathered, work: _WorkFolder) -> int:
        """Write a whole generation; return how many passages had to be embedded."""
        path = generation / "sources.sqlite"
        with self._timed("store"):
            live = self.live.store.path if self.live else work.store
            assemble(path, (live, work.store), gathered.kept, gathered.files, gathered.collections)
            write_near_duplicates(path, near_duplicate_groups(Store(path).sketches()))
        store = Store(path)
        with self._timed("lexical"), ThreadPoolExecutor(1) as beside:
            counting = beside.submit(self._piece_passages, store, gathered.kept)
            self._index_words(generation, store, gathered.kept)
            counts = counting.result()
            np.save(generation / PIECE_PASSAGES, counts)
            self._manifest(store, 0).write_unfinished(generation)
        with self._timed("embed"):
            sentences, embedded = self._embed(generation, store, work, counts)
        with self._timed("checksums"):
            self._manifest(store, sentences).write(generation)
        return embedded

    def _embed(
        self, generation: Path, store: Store, work: _WorkFolder, counts: NDArray[np.int32]
    ) -> tuple[int, int]:
        """Write the vectors of all passages; return the number of sentences, and of passages that
        had to be embedded."""
        keys = store.keys_in_order()
        partial = _PartialVectors(work.folder)
        embedded = sentences = 0
        self.progress(EMBEDDING, 0, len(keys))
        shards = self._shards(store, keys, partial)
        with VectorWriter(generation, self.encoder.dimension, self.lists) as writer:
            for shard, fresh in self.stages.embed(shards):
                if shard.live is not None:
                    first = shard.live
                    old = self.live.vectors if self.live else None
                    assert isinstance(old, VectorIndex), "a live generation is complete"
                    sentences += writer.copy(old, first, first + shard.last - shard.first)
                else:
                    partial.save([keys[row] for row in shard.missing], fresh)
                    embedded += len(fresh)
                    made = shard.kept | dict(zip(shard.missing, fresh, strict=True))
                    vectors = [made[row] for row in sorted(made)]
                    writer.add(vectors)
                    sentences += sum(len(v.sentences) for v in vectors)
                self.progress(EMBEDDING, shard.last, len(keys))
            writer.finish(counts)
        return sentences, embedded

    def _shards(
        self, store: Store, keys: list[bytes], partial: _PartialVectors
    ) -> Iterator[tuple[_Shard, list[EmbeddingInput]]]:
        """Yield the shards of the index in order, each with the inputs that must be embedded for
        it."""
        # A key covers everything that a passage's vectors depend on.
        rows = self.live.store.keys() if self.live else {}
        for first, last, live in _runs([rows.get(key) for key in keys], self.shard):
            known = (
                {} if live is not None else {r: partial.get(keys[r]) for r in range(first, last)}
            )
            kept = {row: vectors for row, vectors in known.items() if vectors is not None}
            missing = [row for row in known if row not in kept]
            inputs = [embedding_input(self.encoder, *store.passage(row)) for row in missing]
            yield _Shard(first, last, live, kept, missing), inputs

    def _piece_passages(self, store: Store, kept: Sequence[Kept]) -> NDArray[np.int32]:
        """Return the number of passages with each word piece: the live index's, less removed
        documents, plus new ones. Shape (vocabulary,)."""
        stayed = {document.number for document in kept if document.store == LIVE}
        old = self._divided_alike if stayed else None
        counts = np.zeros(self.encoder.vocabulary_size, dtype=np.int32)
        if old is not None:
            counts += old.vectors.piece_passages()
            gone = set(range(old.store.documents)) - stayed
            counts -= self._count_pieces(old.store, sorted(gone))
        new = [number for number, document in enumerate(kept) if document.store != LIVE]
        return counts + self._count_pieces(store, new)

    def _count_pieces(self, store: Store, numbers: Sequence[int]) -> NDArray[np.int32]:
        counts = np.zeros(self.encoder.vocabulary_size, dtype=np.int32)
        for number in numbers:
            document = store.document(number)
            inputs = [
                embedding_input(self.encoder, document, passage).text
                for passage in store.passages_of(number)
            ]
            for ids in self.encoder.piece_ids(inputs):
                counts[np.unique(np.array(ids, dtype=np.int64))] += 1
        return counts

    def _index_words(self, generation: Path, store: Store, kept: Sequence[Kept]) -> None:
        old = self._divided_alike
        known = Terms.read(old.path) if old else None
        parts: list[Part] = []
        for number, document in enumerate(kept):
            if document.store == LIVE and known is not None and old is not None:
                first, last = old.store.row_bounds[document.number : document.number + 2]
                parts.append((int(first), int(last)))
            else:
                parts += passage_texts(store, number)
            if number % SHARD == 0:
                self.progress("Indexing words", number, len(kept))
        write_words(generation, store, collect_terms(known, parts))
        self.progress("Indexing words", len(kept), len(kept))

    def _manifest(self, store: Store, sentences: int) -> Manifest:
        digests = store.digests()
        return Manifest(
            format=FORMAT,
            model=self.encoder.name,
            model_fingerprint=self.encoder.fingerprint,
            dimension=self.encoder.dimension,
            chunker=self._chunker,
            sources=self.sources,
            corpus_hash=hashlib.sha256(b"".join(digests[d] for d in sorted(digests))).hexdigest(),
            documents=len(digests),
            passages=int(store.row_bounds[-1]),
            sentences=sentences,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
            home=str(self.target.absolute().parent.parent),
        )

    def _report(self, made: Generation, gathered: Gathered, embedded: int) -> BuildReport:
        before = self.live.store.digests() if self.live else {}
        after = made.store.digests()
        pages, ocr_pages = made.store.pages()
        return BuildReport(
            index=str(self.target),
            documents=made.manifest.documents,
            passages=made.manifest.passages,
            sentences=made.manifest.sentences,
            embedded=embedded,
            added=tuple(sorted(after.keys() - before.keys())),
            changed=tuple(sorted(d for d in after.keys() & before.keys() if after[d] != before[d])),
            removed=tuple(sorted(before.keys() - after.keys())),
            skipped=tuple(gathered.skipped),
            notes=tuple(made.store.notes()),
            seconds=self.seconds,
            bytes_on_disk=sum(f.stat().st_size for f in made.path.rglob("*") if f.is_file()),
            files=len({document.file for document in gathered.kept}),
            files_read=gathered.files_read,
            pages=pages,
            ocr_pages=ocr_pages,
            moved=tuple(gathered.moved),
            copies=tuple(gathered.copies),
            near_duplicates=tuple(made.store.near_groups()),
            unchanged=made is self.live,
        )


@dataclass(frozen=True, slots=True)
class _Shard:
    """Passages `first` to `last` whose vectors are written together. They come from the live index,
    from row `live` on, or from an interrupted build (`kept`), or must be embedded (`missing`)."""

    first: int
    last: int
    live: int | None
    kept: dict[int, PassageVectors]
    missing: list[int]


def _runs(rows: Sequence[int | None], size: int) -> Iterator[tuple[int, int, int | None]]:
    """Yield runs of `rows`, each at most `size` long, as (first, last + 1, row): its rows are row,
    row + 1, ..., or all None.

    >>> list(_runs([7, 8, None, None, 3], 9))
    [(0, 2, 7), (2, 4, None), (4, 5, 3)]
    """
    first = 0
    for at in range(1, len(rows) + 1):
        begin = rows[first]
        following = None if begin is None else begin + at - first
        if at == len(rows) or at - first == size or rows[at] != following:
            yield first, at, begin
            first = at
