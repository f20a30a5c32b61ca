"""A build's stages on a Ray cluster, for `source-finder build --ray ADDRESS`.

The machine that builds walks through the sources, names documents and writes the index. Reading
(with OCR, in a process of its own, as everywhere), dividing and embedding are tasks of the
cluster. A file travels as its bytes, so that machines need no common disk; each needs the same
version of this program and the same model. What a machine has begun when it dies is done again
by another (docs/decisions/ray.md says why these are tasks and no actors).

Addresses: "auto" for the cluster that this machine belongs to, "HOST:6379", or "local" for one
that is started here and ends with the build.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import tee
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, TypeVar

from rag.build.stages import Divided, divide
from rag.config import Settings
from rag.datatypes import FileProgress, SkippedFile, SourceDocument
from rag.embedding import EmbeddingInput, Encoder, PassageVectors, heading
from rag.errors import ClusterError, ModelError, SourceFinderError
from rag.index import FORMAT
from rag.ingest import Metadata, ReadingFound, described, read_found, reads
from rag.ingest.files import READING, Found
from rag.ingest.names import shown
from rag.ingest.ocr import Ocr
from rag.ingest.readers import ReadItem, read_file, why_not_read
from rag.ingest.workers import Limits, Watch, Workers

T = TypeVar("T")

_AHEAD = 4
"""Tasks for each processor of the cluster that are begun or wait: what keeps all of them busy
behind a slow file, and what is held in Ray's store at most."""

_START_S = 10
"""A cluster answers in so many seconds, or is taken for none."""

_RETRIES = 5
"""A task whose machine or process dies is begun again so often."""


@dataclass(frozen=True, slots=True)
class _Setup:
    """What a machine needs to do the same as the one that builds."""

    model: str
    fingerprint: str
    route: str
    ocr: str
    reads: tuple[int, int, str]


def _reads(ocr: str) -> tuple[int, int, str]:
    """Return what documents are read by: the same on two machines that read alike."""
    return READING, FORMAT, Ocr(ocr).comes_to()


@contextmanager
def connected(address: str, encoder: Encoder, settings: Settings) -> Iterator[OnRay]:
    """Connect to a cluster for the time of a build; raises `ClusterError`.

    A connection that this process has already is used, and stays.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster begun here calls nobody
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # of tasks beside the one told of
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            "Ray is not installed; on every machine of the cluster: "
            "pip install 'source-finder[ray]'"
        ) from error
    ocr = settings.ocr
    setup = _Setup(encoder.name, encoder.fingerprint, settings.encoder, ocr, _reads(ocr))
    if ray.is_initialized():
        yield OnRay(ray, encoder, setup)
        return
    if address.startswith("ray://"):
        raise ClusterError(
            f"{address} is the address of Ray's client, which cannot be used for this: run the "
            "build on a machine of the cluster, with --ray auto."
        )
    try:
        _knock(address)
        ray.init(address, include_dashboard=False, log_to_driver=False, configure_logging=False)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise ClusterError(
            f"There is no Ray cluster at {address!r}: {str(error).rstrip('.')}. Start one with "
            "`ray start --head`, or give the HOST:PORT that it named; `--ray local` uses this "
            "machine alone."
        ) from error
    try:
        yield OnRay(ray, encoder, setup)
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray itself would try for a quarter of an hour."""
    host, _, port = address.rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=_START_S).close()


class OnRay:
    """The stages on a cluster to which this process is connected."""

    copies = True

    def __init__(self, ray: ModuleType, encoder: Encoder, setup: _Setup) -> None:
        self._ray = ray
        self._encoder = encoder
        self._setup = setup
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)
        self._read_there = task(_read)
        self._embed_there = task(_embed)
        self._divided: dict[tuple[str, str], Divided] = {}

    @property
    def files_ahead(self) -> int:
        """See `_AHEAD`; the cluster may grow and shrink."""
        return _AHEAD * max(int(self._ray.cluster_resources().get("CPU", 1)), 1)

    @contextmanager
    def reading(self, pages: Path, watch: Watch) -> Iterator[ReadingFound]:  # noqa: ARG002
        """Return what reads files; pages are not kept, as they are read on other machines."""
        yield partial(self._read, watch)

    def _read(self, watch: Watch, found: Found) -> Iterator[ReadItem]:
        watch(FileProgress(shown(found.path), "being read"))
        if not found.path.is_file():
            return read_file(found.path, found.collection)  # which says why not
        try:
            content = found.path.read_bytes()
        except OSError as error:
            return iter([SkippedFile(shown(found.path), why_not_read(error, found.path))])
        return self._arriving(self._read_there.remote(self._setup, found, content))

    def _arriving(self, stream: Any) -> Iterator[ReadItem]:
        """Yield what a task reads, and remember how it was divided until the next file."""
        self._divided.clear()
        for reference in stream:
            item = self._result(reference)
            if isinstance(item, SkippedFile):
                yield item
            else:
                document, key, divided = item
                self._divided[key] = divided
                yield document

    def divide(self, document: SourceDocument) -> Divided:
        """Return the passages that came with a document, under its present id."""
        there = self._divided.pop(_divided_by(document), None)
        if there is None:  # it was read on this machine
            return divide(self._encoder, document)
        own = [replace(passage, document_id=document.document_id) for passage in there.passages]
        return replace(there, passages=own)

    def embed(
        self, shards: Iterable[tuple[T, list[EmbeddingInput]]]
    ) -> Iterator[tuple[T, list[PassageVectors]]]:
        """Yield each shard's vectors, in order, with what came with its inputs."""
        waiting: deque[tuple[T, Any]] = deque()
        for shard, inputs in shards:
            task = self._embed_there.remote(self._setup, inputs) if inputs else None
            waiting.append((shard, task))
            if len(waiting) > self.files_ahead:
                yield self._embedded(*waiting.popleft())
        while waiting:
            yield self._embedded(*waiting.popleft())

    def _embedded(self, shard: T, task: Any) -> tuple[T, list[PassageVectors]]:
        return shard, [] if task is None else self._result(task)

    def _result(self, reference: Any) -> Any:
        """Return what a task made, or raise what it raised."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            cause = error.cause
            raise cause if isinstance(cause, SourceFinderError) else error from None
        except errors.RayError as error:
            raise ClusterError(
                f"The Ray cluster gave up on a part of the build: {error}. Finished files and "
                "vectors are kept; see that its machines run, and build again."
            ) from error


def _divided_by(document: SourceDocument) -> tuple[str, str]:
    """Return all that a document's division depends on."""
    return document.wording(), heading(document)


# What follows runs on the machines of the cluster.


def _read(
    setup: _Setup, found: Found, content: bytes
) -> Iterator[SkippedFile | tuple[SourceDocument, tuple[str, str], Divided]]:
    """Yield a file's documents as they are in it, each divided as what is beside the file
    describes it, and the file's problems."""
    encoder = _load_encoder(setup)
    skipped: deque[SkippedFile] = deque()
    with TemporaryDirectory(prefix="source-finder-") as folder:
        path = Path(folder) / found.path.name
        path.write_bytes(content)
        copy = Found(path, found.collection, shown(found.path), temporary=True)
        reading = read_found(copy, reads(_start_workers(setup.ocr).read), skipped.append)
        as_read, to_describe = tee(reading)
        now = described(to_describe, Metadata(found.about), copy, lambda _: None)
        for original, document in zip(as_read, now, strict=True):
            while skipped:
                yield skipped.popleft()
            yield original, _divided_by(document), divide(encoder, document)
    while skipped:  # Ray cannot `yield from` what is no generator
        yield skipped.popleft()


def _embed(setup: _Setup, inputs: list[EmbeddingInput]) -> list[PassageVectors]:
    return _load_encoder(setup).encode_passages(inputs)


@lru_cache(maxsize=1)
def _load_encoder(setup: _Setup) -> Encoder:
    """Return the model as this machine has it, for all tasks of this process."""
    here = socket.gethostname()
    try:
        settings = replace(Settings.from_environment(), encoder=setup.route)
        encoder = Encoder.load(setup.model, settings)
    except ModelError as error:
        raise ModelError(f"On {here}, a machine of the Ray cluster: {error}") from error
    if (encoder.fingerprint, _reads(setup.ocr)) != (setup.fingerprint, setup.reads):
        raise ClusterError(
            f"{here} has another version of Source Finder, its OCR or the model {setup.model} than "
            "the machine that builds, and would make another index. Install the same on both."
        )
    return encoder


@lru_cache(maxsize=1)
def _start_workers(ocr: str) -> Workers:
    """Return one process that reads files, for all tasks of this process; it ends with it."""
    return Workers(Limits(processes=1), ocr=ocr)
