"""Sources in, one new generation of an index out."""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from rag.chunking import MAX_PIECES, chunk, heading
from rag.config import Settings
from rag.datatypes import BuildReport, Passage, Progress, SkippedFile, SourceDocument, Span
from rag.embedding import EmbeddingInput, Encoder, PassageVectors
from rag.errors import IndexBusy, NothingToIndex, SearchIndexError
from rag.index import FORMAT, Index, Manifest, make_live, new_generation, open_index, writing
from rag.ingest import read_sources
from rag.lexical import LexicalIndex
from rag.partial import PartialVectors
from rag.store import Store, StoreWriter, document_digest
from rag.text import stems, words
from rag.vectors import VectorWriter

log = logging.getLogger(__name__)

SLACK = 4
"""Word pieces kept free, for tokenizers that divide a text otherwise than its sentences."""

SHARD = 256
"""Passages embedded between two saves: what a killed build has to do again (seconds)."""


def build_index(
    paths: Sequence[str | Path],
    index: str | Path | None = None,
    *,
    progress: Progress | None = None,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
) -> BuildReport:
    """Build or refresh an index from `paths`, and make it the live one.

    `paths`: files, folders, or "sotu" for the State of the Union addresses. The index
    holds exactly these afterwards. Passages that did not change are not embedded again.
    A file that cannot be read is left out and reported.

    Raises `NothingToIndex`, `IndexBusy`, `IndexNotWritten`, `ModelError`. Whatever
    happens, the index that was live before stays so until the new one is complete.
    """
    settings = settings or Settings.from_environment()
    target = settings.index_path(index)
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target / "build.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise IndexBusy(
                f"Another process is building the index in {target}. Wait until it is done "
                "(the old index answers meanwhile), or build under another name with --index."
            ) from error
        try:
            encoder = encoder or Encoder.load(settings.model, settings)
            return _Build(target, [str(p) for p in paths], encoder, progress or _silent).run()
        finally:
            lock.release()


def _silent(stage: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass
class _Build:
    """One run of a build. The caller holds the lock."""

    target: Path
    sources: list[str]
    encoder: Encoder
    progress: Progress
    skipped: list[SkippedFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> BuildReport:
        old = self._previous()
        partial = PartialVectors(self.target / "partial")
        generation = new_generation(self.target)
        try:
            with self._timed("read"):
                piece_passages = self._read(generation, old)
            store = Store(generation / "sources.sqlite")
            with self._timed("embed"):
                sentences, embedded = self._embed(generation, store, old, partial, piece_passages)
            with self._timed("lexical"):
                self._index_words(generation, store)
            manifest = self._manifest(store, sentences)
            manifest.write(generation)
            make_live(self.target, generation)
        except BaseException:
            shutil.rmtree(generation, ignore_errors=True)
            raise
        partial.clear()
        before = old.store.digests() if old else {}
        after = store.digests()
        return BuildReport(
            index=str(self.target),
            documents=manifest.documents,
            passages=manifest.passages,
            sentences=sentences,
            embedded=embedded,
            added=tuple(sorted(after.keys() - before.keys())),
            changed=tuple(sorted(d for d in after.keys() & before.keys() if after[d] != before[d])),
            removed=tuple(sorted(before.keys() - after.keys())),
            skipped=tuple(self.skipped),
            notes=tuple(self.notes),
            seconds=self.seconds,
            bytes_on_disk=sum(f.stat().st_size for f in generation.rglob("*") if f.is_file()),
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - started, 2)

    @property
    def _chunker(self) -> str:
        return f"sentences, at most {min(MAX_PIECES, self.encoder.room - SLACK)} word pieces"

    def _previous(self) -> Index | None:
        """Return the live index if its vectors can be used again."""
        try:
            old = open_index(self.target)
        except SearchIndexError as reason:
            log.info("Nothing to reuse: %s", reason)
            return None
        return old if old.manifest.model_fingerprint == self.encoder.fingerprint else None

    def _read(self, generation: Path, old: Index | None) -> NDArray[np.int32]:
        """Read and chunk the sources into the store; return, for each word piece, in how
        many passages it is."""
        counts = np.zeros(self.encoder.vocabulary_size, dtype=np.int32)
        writer = StoreWriter(generation / "sources.sqlite")
        known = old.store.documents_of_file if old else lambda _: []
        chunked = old.store.numbers() if old and old.manifest.chunker == self._chunker else {}
        for document in read_sources(self.sources, self.skipped.append, known):
            before = chunked.get(document_digest(document))
            if old and before is not None:
                passages = old.store.passages_of(before)
            else:
                room = passage_room(self.encoder, document)
                passages = chunk(document, self.encoder.piece_starts, room)
            inputs = [embedding_input(self.encoder, document, passage) for passage in passages]
            for ids in self.encoder.piece_ids([item.text for item in inputs]):
                counts[np.unique(np.array(ids, dtype=np.int64))] += 1
            keys = [embedding_key(item, self.encoder.fingerprint) for item in inputs]
            writer.add(document, passages, keys)
            self.notes += [f"{document.document_id}: {note}" for note in document.notes]
            self.progress("Reading sources", writer.documents, 0)
        writer.close()
        if not writer.rows:
            reasons = "".join(f"\n  {s.path}: {s.reason}" for s in self.skipped[:20])
            raise NothingToIndex(
                f"No text was found in {', '.join(self.sources) or 'no path at all'}."
                f"{reasons}\nGive files or folders with readable sources. "
                "An index that was there before is unharmed."
            )
        return counts

    def _embed(
        self,
        generation: Path,
        store: Store,
        old: Index | None,
        partial: PartialVectors,
        piece_passages: NDArray[np.int32],
    ) -> tuple[int, int]:
        """Write the vectors of all passages; return how many sentences there are and how
        many passages had to be embedded."""
        keys = store.keys_in_order()
        reusable = old.store.keys() if old else {}
        embedded = sentences = 0
        with VectorWriter(generation, self.encoder.dimension) as writer:
            for first in range(0, len(keys), SHARD):
                shard: dict[int, PassageVectors] = {}
                missing = []
                for row in range(first, min(first + SHARD, len(keys))):
                    key = keys[row]
                    if old is not None and key in reusable:
                        shard[row] = old.vectors.passage_vectors(reusable[key])
                    elif (found := partial.get(key)) is not None:
                        shard[row] = found
                    else:
                        missing.append(row)
                inputs = [embedding_input(self.encoder, *store.passage(row)) for row in missing]
                fresh = self.encoder.encode_passages(inputs)
                partial.save([keys[row] for row in missing], fresh)
                shard.update(zip(missing, fresh, strict=True))
                embedded += len(missing)
                writer.add([shard[row] for row in sorted(shard)])
                sentences += sum(len(vectors.sentences) for vectors in shard.values())
                self.progress("Embedding passages", first + len(shard), len(keys))
            writer.finish(piece_passages)
        return sentences, embedded

    def _index_words(self, generation: Path, store: Store) -> None:
        self.progress("Indexing words", 0, 1)
        texts = [stems(words(heading(doc) + text)) for doc, text in store.passage_texts()]
        LexicalIndex.write(texts, generation / "lexical")
        numbers = store.document_numbers(np.arange(len(texts)))
        documents: list[list[str]] = [[] for _ in range(store.documents)]
        for number, text in zip(numbers, texts, strict=True):
            documents[number] += text
        LexicalIndex.write(documents, generation / "documents")
        self.progress("Indexing words", 1, 1)

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
            passages=len(store.keys_in_order()),
            sentences=sentences,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def fitted_heading(encoder: Encoder, document: SourceDocument) -> str:
    """Return the heading to embed, "" where it would take half of the window."""
    front = heading(document)
    return front if encoder.count_pieces(front) <= encoder.room // 2 else ""


def passage_room(encoder: Encoder, document: SourceDocument) -> int:
    """Return how many word pieces a passage of the document may have."""
    front = encoder.count_pieces(fitted_heading(encoder, document))
    return min(MAX_PIECES, encoder.room - front - SLACK)


def embedding_input(encoder: Encoder, document: SourceDocument, passage: Passage) -> EmbeddingInput:
    """Return what is embedded for a passage: the heading in front, then its own words."""
    front = fitted_heading(encoder, document)
    shift = len(front) - passage.span.start
    return EmbeddingInput(
        front + passage.span.of(document.text),
        tuple(Span(s.start + shift, s.end + shift) for s in passage.sentences),
    )


def embedding_key(item: EmbeddingInput, model_fingerprint: str) -> bytes:
    """Return a hash over all that the vectors of `item` depend on."""
    bounds = ",".join(f"{s.start}-{s.end}" for s in item.sentences)
    content = f"{model_fingerprint}\n{bounds}\n{item.text}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()
