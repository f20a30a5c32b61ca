"""An index on disk: generations, one of them live, each with a manifest.

    indexes/<name>/CURRENT              the live generation's name, replaced atomically
    indexes/<name>/<generation>/        manifest.json, sources.sqlite, lexical/, documents/,
                                        the files of `vectors`
    indexes/<name>/partial/             finished work of a build that was cut off
    indexes/<name>/build.lock           held while a build or an upgrade runs

A generation is complete before CURRENT names it and never changes afterwards, so readers need no
lock, and a build that dies leaves the live generation as it was.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from rag.config import DEFAULT_INDEX, Settings
from rag.datatypes import sha256_of
from rag.embedding import Encoder, heading, read_by_search
from rag.errors import (
    IndexBusy,
    IndexCorrupt,
    IndexMismatch,
    IndexNotBuilt,
    IndexNotWritten,
    ModelError,
    SearchIndexError,
    SourceFinderError,
)
from rag.index.lexical import LexicalIndex, Terms, collect_terms
from rag.index.store import Store, upgrade_store
from rag.index.vectors import VectorIndex, VectorsOnDemand, upgrade_vectors

FORMAT = 4
"""Raised when the files change in a way that older code cannot read."""

_VERIFIED_BYTES = 1 << 30
"""Up to this size, opening an index verifies every byte (a fraction of a second); beyond it only
the sizes, and `source-finder doctor` verifies the bytes."""

CURRENT = "CURRENT"
MANIFEST = "manifest.json"
log = logging.getLogger(__name__)

_WORDS = "words.json"
"""The manifest of a generation that lacks only its vectors; deleted once it is complete."""

PIECE_PASSAGES = "piece_passages.npy"
_PATIENCE_S = 60
"""How long a reader waits for another process that may be upgrading the index."""

_GENERATION = re.compile(r"generation-\d{8}-\d{6}-\d{6}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from and what it holds.

    `files`: the size and SHA-256 of each file, by its path in the generation.
    """

    format: int
    model: str
    model_fingerprint: str
    dimension: int
    chunker: str
    sources: list[str]
    corpus_hash: str
    documents: int
    passages: int
    sentences: int
    built: str
    files: dict[str, list[Any]] = field(default_factory=dict)
    by_words: int = 0
    """Passages that have no vectors yet, while the generation is being built."""

    home: str = ""
    """The folder with `indexes/` when it was built, to find sources after everything was moved."""

    def at(self, home: Path) -> Manifest:
        """Return the manifest for another home with the same corpus."""
        corpus = Path(self.home) / "corpus"
        sources = [
            str(home / "corpus" / Path(source).relative_to(corpus))
            if Path(source).is_relative_to(corpus)
            else source
            for source in self.sources
        ]
        return replace(self, sources=sources, home=str(home))

    def write_unfinished(self, generation: Path) -> None:
        """Write the manifest of a generation without vectors, which can then be searched by
        words."""
        pending = generation / f"{_WORDS}.new"
        _write_durably(pending, json.dumps(asdict(self)))
        pending.replace(generation / _WORDS)

    def write(self, generation: Path) -> None:
        """Write the manifest, with the size and hash of every other file of the generation."""
        (generation / _WORDS).unlink(missing_ok=True)
        files = [p for p in sorted(generation.rglob("*")) if p.is_file() and p.name != MANIFEST]
        described = {
            path.relative_to(generation).as_posix(): [path.stat().st_size, sha256_of(path)]
            for path in files
        }
        for path in files:
            _sync(path)
        content = asdict(self) | {"files": described}
        content["checksum"] = _checksum(content)
        _write_durably(generation / MANIFEST, json.dumps(content, indent=1))

    @classmethod
    def read(cls, generation: Path) -> Manifest:
        """Return the manifest. Raises `IndexCorrupt` or `IndexMismatch`."""
        path = generation / MANIFEST
        try:
            return cls(**_content(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexCorrupt(
                f"The manifest {path} cannot be read ({error}). {_rebuild(generation.parent)}"
            ) from error

    @classmethod
    def format_of(cls, generation: Path) -> Any:
        """Return the format of a generation, supported or not. Raises `IndexCorrupt`."""
        path = generation / MANIFEST
        try:
            return _content(path)["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexCorrupt(
                f"The manifest {path} cannot be read ({error}). {_rebuild(generation.parent)}"
            ) from error

    def verify(self, generation: Path, *, every_byte: bool | None = None) -> None:
        """Raise `IndexCorrupt` unless all files are there, unchanged.

        `every_byte`: None verifies all sizes, and contents up to `_VERIFIED_BYTES` in total.
        """
        if every_byte is None:
            every_byte = sum(size for size, _ in self.files.values()) <= _VERIFIED_BYTES
        for name, (size, digest) in self.files.items():
            path = generation / name
            if not path.is_file():
                problem = "is missing"
            elif path.stat().st_size != size:
                problem = f"has {path.stat().st_size} bytes instead of {size}"
            elif every_byte and sha256_of(path) != digest:
                problem = "was altered"
            else:
                continue
            raise IndexCorrupt(f"The index file {path} {problem}. {_rebuild(generation.parent)}")


@dataclass(frozen=True, slots=True)
class Generation:
    """An open generation: its manifest, and its documents, words and vectors."""

    path: Path
    manifest: Manifest
    store: Store
    lexical: LexicalIndex
    document_words: LexicalIndex
    vectors: VectorIndex | VectorsOnDemand


def open_index(path: Path, *, verify: bool = True) -> Generation:
    """Return the live generation of the index in `path`.

    Raises `IndexNotBuilt`, `IndexCorrupt` or `IndexMismatch`.
    """
    generation = live_generation(path)
    manifest = Manifest.read(generation)
    if verify:
        manifest.verify(generation)
    try:
        return Generation(
            path=generation,
            manifest=manifest,
            store=Store(generation / "sources.sqlite"),
            lexical=LexicalIndex.open(generation / "lexical", manifest.passages),
            document_words=LexicalIndex.open(generation / "documents", manifest.documents),
            vectors=VectorIndex(generation, manifest.dimension),
        )
    except (OSError, ValueError, RuntimeError, sqlite3.DatabaseError) as error:
        raise IndexCorrupt(
            f"The index in {generation} cannot be opened: {error}. {_rebuild(path)}"
        ) from error


def open_unfinished(path: Path, encoder: Encoder) -> Generation | None:
    """Return the generation being built in `path` if it can be searched by words; None if there is
    none, or if it was completed or given up meanwhile. Its passages have the live generation's
    vectors; new ones have none yet."""
    under_way = [folder for folder in _generations(path) if (folder / _WORDS).is_file()]
    unfinished = [folder for folder in under_way if not (folder / MANIFEST).exists()]
    if not unfinished:
        return None
    try:
        return _opened_by_words(path, max(unfinished), encoder)
    except (OSError, ValueError, EOFError, RuntimeError, sqlite3.DatabaseError) as error:
        log.info("The unfinished index cannot be searched yet: %s", error)
        return None


def _opened_by_words(path: Path, generation: Path, encoder: Encoder) -> Generation:
    manifest = Manifest(**json.loads((generation / _WORDS).read_text(encoding="utf-8")))
    store = Store(generation / "sources.sqlite")
    counts = np.load(generation / PIECE_PASSAGES, allow_pickle=False)
    vectors = VectorsOnDemand(store, encoder, counts, *_known(path, manifest, store))
    return Generation(
        path=generation,
        manifest=replace(manifest, by_words=vectors.missing),
        store=store,
        lexical=LexicalIndex.open(generation / "lexical", manifest.passages),
        document_words=LexicalIndex.open(generation / "documents", manifest.documents),
        vectors=vectors,
    )


def _known(
    path: Path, manifest: Manifest, store: Store
) -> tuple[VectorIndex | None, NDArray[np.int64] | None]:
    """Return the vectors of the live generation, and the row in them of each passage, None for both
    without such vectors."""
    try:
        live = open_index(path, verify=False)
    except SearchIndexError:
        return None, None
    made_by = (live.manifest.model_fingerprint, live.manifest.chunker)
    if made_by != (manifest.model_fingerprint, manifest.chunker):
        return None, None
    if not isinstance(live.vectors, VectorIndex):
        return None, None
    rows = live.store.keys()
    known = [rows.get(key, -1) for key in store.keys_in_order()]
    return live.vectors, np.array(known, dtype=np.int64)


def load_encoder(index: Generation, settings: Settings) -> Encoder:
    """Return the model that the index was built with. Raises `IndexMismatch`."""
    manifest = index.manifest
    home = index.path.parent
    try:
        encoder = Encoder.load(manifest.model, settings)
    except ModelError as error:
        raise IndexMismatch(
            f"The index in {home} was built with the model {manifest.model!r}, which is not "
            f"there any more: {error} {_rebuild(home)}"
        ) from error
    if encoder.fingerprint != manifest.model_fingerprint:
        raise IndexMismatch(
            f"The index in {home} was built with another version of the model "
            f"{manifest.model!r} (its files have changed since). {_rebuild(home)}"
        )
    return encoder


def live_generation(path: Path) -> Path:
    """Return the folder of the live generation, upgraded to this version's format and folding of
    words.

    Raises `IndexNotBuilt`, `IndexCorrupt`, `IndexMismatch`, or `IndexBusy` if another process keeps
    building, so that it cannot be upgraded.
    """
    for _ in range(_PATIENCE_S):
        generation = _named_generation(path)
        made_by = Manifest.format_of(generation)
        if made_by == FORMAT and _is_folded_alike(generation):
            return generation
        try:
            with build_lock(path).acquire(timeout=1):
                if _named_generation(path) == generation:  # otherwise another process has done it
                    return _upgraded(path, generation, made_by)
        except Timeout:
            continue  # the build upgrades it at its beginning
        except OSError as error:
            raise _mismatch(path, made_by, error) from error
    raise IndexBusy(
        f"The index in {path} is of an older version, and another process is building it. Wait "
        "until that is done, and try again."
    )


def build_lock(path: Path) -> FileLock:
    """Return the lock of an index, to be held by whoever makes another generation live. It is
    reentrant within a thread."""
    return FileLock(path.absolute() / "build.lock", is_singleton=True)


def _upgraded(path: Path, generation: Path, made_by: Any) -> Path:
    """Copy the generation to this version's format and folding of words, make the copy live, and
    return it. The caller holds the lock."""
    new = path / _new_name()
    try:
        if not isinstance(made_by, int) or not 1 <= made_by <= FORMAT:
            raise ValueError(f"this version reads format {FORMAT}")
        Manifest.read(generation).verify(generation)  # before anything is written
        # Without a manifest, what a killed process leaves is deleted by the next build.
        shutil.copytree(generation, new, ignore=shutil.ignore_patterns(MANIFEST))
        upgrade_store(new / "sources.sqlite", made_by, FORMAT)
        if not _is_folded_alike(generation):
            log.info("The words of %s are indexed anew, as this version folds them", path)
            store = Store(new / "sources.sqlite")
            numbers = range(store.documents)
            write_words(
                new,
                store,
                collect_terms(None, (t for n in numbers for t in passage_texts(store, n))),
            )
        manifest = Manifest(**_content(generation / MANIFEST) | {"format": FORMAT})
        if made_by < FORMAT:
            upgrade_vectors(new, manifest.dimension)  # those of formats 1 to 3 are alike
        manifest.write(new)
        make_live(path, new)
    except (OSError, ValueError, TypeError, sqlite3.Error) as error:
        shutil.rmtree(new, ignore_errors=True)
        raise _mismatch(path, made_by, error) from error
    return new


def _mismatch(path: Path, made_by: Any, error: Exception) -> IndexMismatch:
    return IndexMismatch(
        f"The index in {path} has format {made_by} and cannot be used ({error}). {_rebuild(path)}"
    )


@lru_cache
def _is_folded_alike(generation: Path) -> bool:
    """Return whether this version folds words as the generation does."""
    return Terms.read(generation) is not None


def passage_texts(store: Store, number: int) -> list[tuple[str, str]]:
    """Return what the lexical index reads of each passage of a document: heading and text."""
    document = store.document(number)
    front = heading(document)
    spans = [passage.span for passage in store.passages_of(number)]
    return [(front, read_by_search(document, span).text) for span in spans]


def write_words(generation: Path, store: Store, terms: Terms) -> None:
    """Write the terms of all passages, and the lexical indexes of passages and documents."""
    terms.write(generation)
    LexicalIndex.write(terms.numbers, terms.rows, terms.vocabulary, generation / "lexical")
    of_documents = terms.rows[store.row_bounds]
    LexicalIndex.write(terms.numbers, of_documents, terms.vocabulary, generation / "documents")


def _named_generation(path: Path) -> Path:
    pointer = path / CURRENT
    if not pointer.is_file():
        raise IndexNotBuilt(f"There is no index in {path}. {_rebuild(path)}")
    name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    generation = path / name
    if not _GENERATION.fullmatch(name) or not generation.is_dir():
        raise IndexCorrupt(f"{pointer} names {name!r}, which is not there. {_rebuild(path)}")
    return generation


def recorded_sources(path: Path) -> list[str]:
    """Return the sources that an index was last built from; none for a new or unreadable index.

    If the home was moved or restored elsewhere, a missing source is looked for at the same place in
    the new home.
    """
    try:
        manifest = Manifest.read(live_generation(path))
    except SourceFinderError:
        return []
    return [
        _moved(source, manifest.home, path.absolute().parent.parent) for source in manifest.sources
    ]


def _moved(source: str, before: str, home: Path) -> str:
    was = Path(source)
    if not before or was.exists() or not was.is_relative_to(before):
        return source
    now = home / was.relative_to(before)
    return str(now) if now.exists() else source


def check_imported(generation: Path, home: Path) -> None:
    """Verify a generation that was built in another home, and point its sources in that home's
    corpus to `home`. Raises `IndexCorrupt` and `IndexMismatch`."""
    made_by = Manifest.format_of(generation)
    if not isinstance(made_by, int) or not 1 <= made_by <= FORMAT:
        raise IndexMismatch(
            f"An index that was brought here has format {made_by}; this version reads {FORMAT}. "
            "Install the version that it was made by, or a later one."
        )
    manifest = Manifest.read(generation)
    manifest.verify(generation, every_byte=True)
    if manifest.home and manifest.home != str(home):
        manifest.at(home).write(generation)


def install_generation(path: Path, brought: Path) -> None:
    """Make a complete generation from elsewhere on the same disk the live one of the index in
    `path`. Readers of the old one keep it. The caller holds the lock."""
    generation = path / _new_name()
    brought.rename(generation)
    try:
        make_live(path, generation)
    except OSError:
        shutil.rmtree(generation, ignore_errors=True)
        raise


def new_generation(path: Path) -> Path:
    """Make the folder of a new generation, and delete those that a killed build left."""
    for folder in _generations(path):
        if not (folder / MANIFEST).exists():
            shutil.rmtree(folder, ignore_errors=True)
    generation = path / _new_name()
    generation.mkdir()
    return generation


def delete_leftovers(path: Path) -> None:
    """Delete the generations that a killed build left: all but the live one and the last complete
    one before it. The caller holds the lock."""
    live = _named_generation(path)
    whole = [p for p in _generations(path) if p.name < live.name and (p / MANIFEST).is_file()]
    kept = {live, *sorted(whole)[-1:]}
    for other in _generations(path):
        if other not in kept:
            shutil.rmtree(other, ignore_errors=True)


def _new_name() -> str:
    return f"generation-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"


def _generations(path: Path) -> list[Path]:
    """Return the generations in `path`, ignoring anything else there."""
    return [p for p in path.iterdir() if _GENERATION.fullmatch(p.name) and p.is_dir()]


def make_live(path: Path, generation: Path) -> None:
    """Make CURRENT name `generation`, atomically, and delete all but it and the one before it."""
    try:
        before = _named_generation(path)
    except SearchIndexError:
        before = generation
    pending = path / f"{CURRENT}.new"
    _write_durably(pending, generation.name)
    pending.replace(path / CURRENT)
    _sync(path)
    for other in _generations(path):
        if other not in {generation, before}:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into `IndexNotWritten`."""
    reasons = {
        errno.ENOSPC: "the disk is full; free some space",
        errno.EDQUOT: "the disk quota is used up; free some space",
        errno.EFBIG: "a file grew beyond the allowed size; raise the limit",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission is denied",
        errno.EPERM: "permission is denied",
        errno.ENOTDIR: "a part of the path is a file",
        errno.EEXIST: "a file is in the way",
    }
    try:
        yield
    except OSError as error:
        code = error.errno
        if code is None and "written" in str(error):  # how numpy reports a full disk
            code = errno.ENOSPC
        if code not in reasons:
            raise
        raise IndexNotWritten(_not_written(path, reasons[code])) from error
    except sqlite3.OperationalError as error:
        raise IndexNotWritten(_not_written(path, f"SQLite says: {error}")) from error
    except RuntimeError as error:  # faiss reports a failed write in this way
        if "write" not in str(error) and "fopen" not in str(error):
            raise
        raise IndexNotWritten(_not_written(path, "the disk is full, or not writable")) from error


def _not_written(path: Path, reason: str) -> str:
    return (
        f"The index in {path} could not be written: {reason}. Choose another place with "
        "SOURCE_FINDER_HOME or --index. Any earlier index is unharmed."
    )


def _rebuild(path: Path) -> str:
    if path.name == DEFAULT_INDEX:
        return "Run `source-finder build` to build it."
    return f"Run `source-finder build --index {path} PATH ...` to build it."


def _content(manifest: Path) -> dict[str, Any]:
    """Return a manifest's content. Raises `ValueError` if its checksum is wrong."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it holds no fields")
    written = content.pop("checksum", None)  # those of older versions have none
    if written is not None and written != _checksum(content):
        raise ValueError("it was altered")
    return content


def _checksum(content: dict[str, Any]) -> str:
    """Return a hash of a manifest's content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
