"""A generation of a local index to Qdrant: complete before anybody is shown it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, astuple

import numpy as np
from scipy.sparse import csc_array

from rag.datatypes import Progress
from rag.errors import IndexNotBuilt, IndexNotWritten
from rag.index import Generation
from rag.index.lexical import LexicalIndex, stemming_hash
from rag.index.qdrant import (
    DOCUMENT_WORDS,
    SENTENCES,
    WORDS,
    Generations,
    Point,
    Sparse,
    generations,
)
from rag.index.qdrant import index as ids
from rag.index.vectors import LISTS, VectorIndex, dequantize
from rag.language import MIN_KEY_LETTERS, deletions, spelling_key, vowel_keys

_BATCH = 500
"""Points that are sent at a time: some ten million bytes of passages."""

_KEPT = 2
"""Generations that are kept: the live one, and the one before for those who still read it."""

_STAGE = "Publishing"


def publish(
    generation: Generation,
    location: str,
    *,
    key: str = "",
    progress: Progress | None = None,
) -> str:
    """Store a complete generation at a location and make it live; return its name.

    Where it is there already it is made live only. All but the live one and the one
    before are deleted. Raises `SearchIndexError`.
    """
    return publish_to(generations(location, key), generation, progress=progress)


def publish_to(
    there: Generations,
    generation: Generation,
    *,
    kept: int = _KEPT,
    progress: Progress | None = None,
) -> str:
    """Do as `publish` does, with open generations; the `kept` newest stay."""
    if not isinstance(generation.vectors, VectorIndex):
        raise IndexNotWritten(
            f"The index in {generation.path} is still being built. Publish it when it is complete."
        )
    name = generation.path.name
    if name not in complete(there):
        if name in there.names():
            there.drop(name)
        exact = generation.manifest.sentences <= LISTS.exact_up_to
        points = there.create(name, generation.manifest.dimension, exact=exact)
        total = 2 * (generation.manifest.passages + generation.manifest.documents)
        for done, batch in _batches(_points(generation)):
            points.add(batch)
            if progress:
                progress(_STAGE, min(done, total), total)
        points.finish()
        points.add([_about(generation)])  # by which it is known to be complete
        points.close()
    there.make_live(name)
    for other in [one for one in there.names() if one != name][: -max(kept - 1, 0) or None]:
        there.drop(other)
    return name


def complete(there: Generations) -> list[str]:
    """Return the names of the generations that are complete, oldest first."""
    found = []
    for name in there.names():
        points = there.open(name)
        if points.retrieve([ids.ABOUT], ["name"]):
            found.append(name)
        points.close()
    return found


def roll_back(location: str, name: str, *, key: str = "") -> None:
    """Make another generation live that is still there; raises `IndexNotBuilt`."""
    there = generations(location, key)
    if name not in complete(there):
        raise IndexNotBuilt(
            f"There is no generation {name!r} at {location}; there are "
            f"{', '.join(complete(there)) or 'none'}."
        )
    there.make_live(name)


def _batches(points: Iterator[Point]) -> Iterator[tuple[int, list[Point]]]:
    batch, done = [], 0
    for point in points:
        batch.append(point)
        done += 1
        if len(batch) == _BATCH:
            yield done, batch
            batch = []
    if batch:
        yield done, batch


def _points(generation: Generation) -> Iterator[Point]:
    yield from _documents(generation)
    yield from _passages(generation)
    yield from _words(generation)


def _documents(generation: Generation) -> Iterator[Point]:
    store = generation.store
    words = _term_frequencies(generation.document_words)
    lines = store.listed()
    for number, line in enumerate(lines):
        document = store.document(number)
        fields = ids.filtered_by(line.collection, line.date) | {
            "document_id": line.document_id,
            "line": json.dumps(astuple(line)),
            "near": list(store.near_duplicates(number)),
        }
        yield Point(ids.DOCUMENT | number, fields, {DOCUMENT_WORDS: next(words)})
        yield Point(ids.TEXT | number, {"document": ids.compressed(document)})


def _passages(generation: Generation) -> Iterator[Point]:
    store, vectors = generation.store, generation.vectors
    assert isinstance(vectors, VectorIndex)
    words = _term_frequencies(generation.lexical)
    for number in range(store.documents):
        first, last = store.row_bounds[number : number + 2].tolist()
        block = vectors.passages_block(first, last)
        sentences = np.split(dequantize(block.sentences), np.cumsum(block.sentence_counts)[:-1])
        starts = np.split(block.starts, np.cumsum(block.sentence_counts)[:-1])
        codes = np.split(block.codes, np.cumsum(block.code_counts)[:-1])
        shared = ids.filtered_by(store.document_collections[number], store.document_dates[number])
        for place, passage in enumerate(store.passages_of(number)):
            flat = [edge for span in passage.sentences for edge in (span.start, span.end)]
            passage_id = ids.passage_number(number, place)
            fields = shared | {
                "document": number,
                "span": [passage.span.start, passage.span.end],
                "sentences": ids.coded(np.array(flat, np.int64)),
            }
            meaning = sentences[place].tolist()
            yield Point(ids.PASSAGE | passage_id, fields, {WORDS: next(words), SENTENCES: meaning})
            pieces = {"codes": ids.coded(codes[place]), "starts": ids.coded(starts[place])}
            yield Point(ids.PIECES | passage_id, pieces)


def _words(generation: Generation) -> Iterator[Point]:
    lexical, documents = generation.lexical, generation.document_words
    for stem, number in lexical.numbers.items():
        fields = {
            "stem": stem,
            "passages": lexical.frequency(stem),
            "documents": documents.frequency(stem),
            "keys": _keys(stem),
        }
        yield Point(ids.WORD | number, fields)


def _keys(stem: str) -> list[str]:
    """Return what a stem is found by when another spelling of it is asked for."""
    if not (stem.isalpha() and len(stem) >= MIN_KEY_LETTERS):
        return []
    return [
        f"sound {spelling_key(stem)}",
        *(f"vowel {key}" for key in vowel_keys(stem)),
        *(f"slip {key}" for key in deletions(stem)),
    ]


def _term_frequencies(index: LexicalIndex) -> Iterator[Sparse]:
    """Yield what BM25 gives each text for each of its terms before the terms' rarity: the
    saturated frequencies, by row."""
    scores = index.stored
    shape = (index.texts, len(scores["indptr"]) - 1)
    columns = csc_array((scores["data"], scores["indices"], scores["indptr"]), shape=shape)
    rarity = np.ones(shape[1], np.float32)
    for stem, number in index.numbers.items():
        rarity[number] = index.rarity(stem)
    rows = columns.tocsr()
    for row in range(shape[0]):
        first, last = rows.indptr[row : row + 2]
        terms = rows.indices[first:last]
        yield terms.tolist(), (rows.data[first:last] / rarity[terms]).tolist()


def _about(generation: Generation) -> Point:
    manifest = asdict(generation.manifest)
    fields = {
        "name": generation.path.parent.name,
        "manifest": json.dumps(manifest | {"files": {}}),
        "stemming": stemming_hash(),
        "collections": json.dumps(
            [ids.described(collection) for collection in generation.store.collections.values()]
        ),
        "pieces": ids.coded(generation.vectors.piece_passages().astype(np.int32)),
    }
    return Point(ids.ABOUT, fields)
