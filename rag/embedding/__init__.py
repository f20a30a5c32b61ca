"""Documents into passages that fit the model, and passages and claims into vectors, with any
sentence-transformers model.

A passage is a run of whole sentences. Its size is measured in the model's own word
pieces, because a longer text would be cut off silently by the model; a sentence longer
than a passage is divided at a clause or a word. Passages do not overlap: what is
embedded is each sentence in its passage's context, so a sentence needs no second copy in a
neighbouring passage. In front of a passage's own words its document's heading is embedded.
Measured in docs/decisions/passages.md.

A passage goes through the transformer once. From the vectors of its word pieces come

* one vector per sentence: the mean over the sentence's pieces, so each sentence is
  embedded *in the context* of its passage and heading ("late chunking", Günther et al.
  2024, arXiv:2409.04701), and a hit already knows which sentence it means;
* a sign code per piece: one bit for every third dimension, kept for the second stage, where
  each piece of the claim looks for its closest piece in the passage ("late
  interaction", Khattab and Zaharia 2020, arXiv:2004.12832). Stop words and punctuation,
  half of all pieces, have none: what they say is in the vectors of the words beside them.

Models whose own sentence vector is not the mean of piece vectors (another pooling, a
dense layer on top) embed each sentence by itself instead; the sign codes are the same.

How the transformer runs (see `inference`) does not matter to an index: the routes agree.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import Floats, Passage, SourceDocument, Span
from rag.embedding.inference import (
    DEFAULT_WEIGHTS,
    Transformer,
    fingerprint,
    load_sentence_transformer,
    load_tokenizer,
    load_transformer,
    model_folder,
    model_window,
    read_json,
    unit,
)
from rag.errors import ModelError
from rag.language import Folded, fold, is_names_only, sentences, stop_words, trim

_BATCH_SIZE = 16
"""Passages of like length per run of the transformer; 4 to 32 are within noise."""

WINDOWS = 4
"""Windows of the model in which a long claim is read: some 800 words."""


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """What is embedded for a passage: its heading in front, then its own words.

    `sentences` are spans into `text`.
    """

    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the index keeps of a passage.

    `sentences`: float16, (sentences, dimension), unit length. `codes`: see `sign_codes`, of the
    pieces that tell something, heading first. `starts`: int32, (sentences,), the row of `codes`
    at which each sentence begins.
    """

    sentences: NDArray[np.float16]
    codes: NDArray[np.uint8]
    starts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """A claim as the index is asked for it.

    `vector`: float32, (dimension,), unit length. `pieces`: float32, (pieces, dimension),
    unit length, without stop words and punctuation where there is anything else. `ids`: the
    pieces' numbers in the vocabulary.
    """

    vector: Floats
    pieces: Floats
    ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PieceLayers:
    """The word pieces of a text, the tokenizer's marks left out.

    `ids`: int64, (pieces,), their numbers in the vocabulary. `starts`: int64, (pieces,), where
    each begins in the text. `middle`, `last`: float32, (pieces, dimension), their vectors after
    half of the model's layers and after all.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    middle: Floats
    last: Floats


class Encoder:
    """An embedding model, ready to use: `Encoder.load("default", settings)`.

    `fingerprint` identifies the weights; two encoders with the same fingerprint give
    interchangeable vectors.
    """

    def __init__(
        self, name: str, folder: Path, model_fingerprint: str, transformer: Transformer
    ) -> None:
        self.name = name
        self.folder = folder
        self.fingerprint = model_fingerprint
        self._transformer = transformer
        self._prompts: dict[str, str] = (
            read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
        )
        self._tokenizer = load_tokenizer(folder)
        self._whole = load_tokenizer(folder)
        self._whole.no_truncation()
        self.window = model_window(folder)
        self._tokenizer.enable_truncation(self.window)
        self.pools_by_mean = _pools_by_mean(folder)
        # A heading is counted for each of its document's passages.
        self._count = lru_cache(maxsize=256)(self._count_pieces)

    @classmethod
    def load(cls, name: str, settings: Settings) -> Encoder:
        """Return the model `name`, by the fastest route that works here.

        numpy has one thread from then on. Raises `ModelError` where the model cannot be found or
        loaded.
        """
        from safetensors import SafetensorError

        # A query's small matrix products gain nothing from a second thread, and then wait behind
        # the threads of the model: with one thread a query takes 23 ms instead of 36. Only numpy's
        # own library: a limit on all would bind faiss too, which sorts sentences on every core.
        threadpool_limits({"libscipy_openblas": 1})
        folder = model_folder(name, settings)
        try:
            digest = fingerprint(folder, DEFAULT_WEIGHTS if name == DEFAULT_MODEL else "")
            # A folder is recorded whole, so that an index finds its model from anywhere.
            name = str(folder) if Path(name).is_dir() else name
            return cls(name, folder, digest, load_transformer(folder, digest, settings))
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"The embedding model in {folder} cannot be loaded: {error}. "
                "Reinstall it, or choose another with SOURCE_FINDER_MODEL."
            ) from error

    @property
    def route(self) -> str:
        """How the transformer runs: "openvino" or "torch"."""
        return self._transformer.route

    @cached_property
    def dimension(self) -> int:
        """The length of a sentence vector."""
        return int(self.encode_query("dimension").vector.shape[0])

    @property
    def _document_prompt(self) -> str:
        return self._prompts.get("document") or self._prompts.get("passage") or ""

    @cached_property
    def room(self) -> int:
        """How many word pieces of a passage fit into the window beside marks and prompt."""
        return self.window - len(self._whole.encode(self._document_prompt).ids)

    @property
    def vocabulary_size(self) -> int:
        """How many different word pieces there are."""
        return int(self._whole.get_vocab_size())

    def piece_starts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return, for each text, the offsets at which its word pieces start."""
        encodings = self._whole.encode_batch(list(texts), add_special_tokens=False)
        return [[start for start, _ in encoding.offsets] for encoding in encodings]

    def count_pieces(self, text: str) -> int:
        """Return how many word pieces `text` has, the tokenizer's marks left out."""
        return self._count(text)

    def _count_pieces(self, text: str) -> int:
        return len(self._whole.encode(text, add_special_tokens=False).ids)

    def piece_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return, for each text, the numbers of its word pieces in the vocabulary."""
        encodings = self._whole.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def encode_passages(self, inputs: Sequence[EmbeddingInput]) -> list[PassageVectors]:
        """Return the vectors of each input, in order. Memory grows with the codes only."""
        prompt = self._document_prompt
        encodings = self._tokenizer.encode_batch([prompt + item.text for item in inputs])
        order = sorted(range(len(inputs)), key=lambda i: len(encodings[i].ids))
        result: list[PassageVectors | None] = [None] * len(inputs)
        for first in range(0, len(order), _BATCH_SIZE):
            batch = order[first : first + _BATCH_SIZE]
            for i, vectors in zip(batch, self._run([encodings[i] for i in batch]), strict=True):
                spans = [
                    Span(s.start + len(prompt), s.end + len(prompt)) for s in inputs[i].sentences
                ]
                result[i] = self._passage(inputs[i], spans, encodings[i], vectors)
        return [vectors for vectors in result if vectors is not None]

    def encode_query(self, text: str) -> QueryVectors:
        """Return the vectors of a claim. A claim longer than the model's window is read in
        `WINDOWS` windows at most, and what lies beyond is left out; `vector` is then the
        mean over them, except for models with a sentence vector of their own making, which
        see the first."""
        prompt = self._prompts.get("query") or ""
        encoding = self._tokenizer.encode(prompt + text)
        windows = [encoding, *encoding.overflowing][:WINDOWS]
        vectors = np.concatenate(self._run(windows))
        own = np.concatenate([_own_pieces(window) for window in windows])
        ids = np.concatenate([np.array(window.ids, dtype=np.int64) for window in windows])
        vector = (
            vectors.mean(axis=0) if self.pools_by_mean else self._encode_alone([prompt + text])[0]
        )
        telling = np.flatnonzero(own)[self._telling(ids[own])]
        return QueryVectors(vector=unit(vector), pieces=unit(vectors[telling]), ids=ids[telling])

    def encode_layers(self, texts: Sequence[str]) -> list[PieceLayers]:
        """Return the word pieces of each text with their vectors in the middle of the model and
        at its end; what lies beyond the window is left out."""
        result: list[PieceLayers | None] = [None] * len(texts)
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for first in range(0, len(order), _BATCH_SIZE):
            batch = order[first : first + _BATCH_SIZE]
            ids, mask = _padded([encodings[i] for i in batch])
            middle, last = self._transformer.layers(ids, mask)
            for row, i in enumerate(batch):
                own = np.flatnonzero(_own_pieces(encodings[i]))
                result[i] = PieceLayers(
                    ids=ids[row, own],
                    starts=np.array(encodings[i].offsets, dtype=np.int64)[own, 0],
                    middle=middle[row, own],
                    last=last[row, own],
                )
        return [pieces for pieces in result if pieces is not None]

    def _run(self, encodings: list[Any]) -> list[Floats]:
        """Return the piece vectors of each encoding, marks ([CLS], [SEP]) included."""
        ids, mask = _padded(encodings)
        vectors = self._transformer(ids, mask)
        return [vectors[row, : len(e.ids)] for row, e in enumerate(encodings)]

    def _passage(
        self, item: EmbeddingInput, spans: list[Span], encoding: Any, vectors: Floats
    ) -> PassageVectors:
        own = _own_pieces(encoding)
        vectors = vectors[own]
        offsets = np.array(encoding.offsets, dtype=np.int64)[own, 0]
        bounds = np.searchsorted(offsets, [*(s.start for s in spans), spans[-1].end])
        if self.pools_by_mean:
            whole = vectors.mean(axis=0)
            pooled = np.stack(
                [vectors[a:b].mean(axis=0) if b > a else whole for a, b in pairwise(bounds)]
            )
        else:
            prompt = self._document_prompt
            pooled = self._encode_alone([prompt + s.of(item.text) for s in item.sentences])
        telling = self._telling(np.array(encoding.ids, dtype=np.int64)[own])
        before = np.concatenate([[0], np.cumsum(telling)])
        return PassageVectors(
            sentences=unit(pooled).astype(np.float16),
            codes=sign_codes(vectors[telling]),
            starts=before[bounds[:-1]].astype(np.int32),
        )

    def _telling(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pieces of a text are no stop words or punctuation; all of a text that has
        nothing else."""
        telling: NDArray[np.bool_] = ~self._light[ids]
        return telling if telling.any() else np.ones_like(telling)

    @cached_property
    def _light(self) -> NDArray[np.bool_]:
        """Which pieces of the vocabulary are stop words or punctuation."""
        numbers = [[number] for number in range(self.vocabulary_size)]
        stop = stop_words()
        pieces = [piece.strip().lower() for piece in self._whole.decode_batch(numbers)]
        return np.array([piece in stop or _is_punctuation(piece) for piece in pieces], dtype=bool)

    @cached_property
    def _whole_model(self) -> Any:
        return load_sentence_transformer(self.folder)

    def _encode_alone(self, texts: list[str]) -> Floats:
        """Return the model's own vectors, each text by itself."""
        vectors: Floats = self._whole_model.encode(texts, show_progress_bar=False)
        return vectors.astype(np.float32)


def _padded(encodings: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pieces' numbers and which of them are no padding, both (texts, pieces)."""
    length = max(len(encoding.ids) for encoding in encodings)
    ids = np.zeros((len(encodings), length), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return ids, mask


_EVERY = 3
"""Of so many dimensions one has a bit in a sign code. See docs/decisions/index.md."""


def coded_dimensions(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return the components that sign codes have bits for: (n, dimension) to (n, bits)."""
    return vectors[..., ::_EVERY]


def sign_codes(vectors: Floats) -> NDArray[np.uint8]:
    """Return for each of `coded_dimensions` whether the component is positive, eight to a byte.

    Shape (n, dimension) to (n, ceil(bits / 8)).
    """
    return np.packbits(coded_dimensions(vectors) > 0, axis=-1)


def _is_punctuation(piece: str) -> bool:
    return bool(piece) and all(unicodedata.category(letter)[0] == "P" for letter in piece)


def _own_pieces(encoding: Any) -> NDArray[np.bool_]:
    """Return which pieces are the text's own, not the tokenizer's marks."""
    own: NDArray[np.bool_] = np.array(encoding.special_tokens_mask, dtype=np.int64) == 0
    return own


def _pools_by_mean(folder: Path) -> bool:
    """Return whether the model's sentence vector is the mean of its piece vectors."""
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    config = read_json(folder / modules[1]["path"] / "config.json")
    if "pooling_mode" in config:
        return config["pooling_mode"] in ("mean", ["mean"])
    modes = {key for key, on in config.items() if key.startswith("pooling_mode_") and on}
    return modes == {"pooling_mode_mean_tokens"}


_PieceStarts = Callable[[Sequence[str]], list[list[int]]]
"""For each text, the offset at which each of its word pieces starts."""

_MAX_PIECES = 200
"""Word pieces in a passage: about 160 words. The default model reads 256 with its two
marks, which leaves room for the heading that is embedded in front."""

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
_PARAGRAPH_FILL = 0.6
"""From this share of a full passage on, a paragraph's end closes it."""

_SLACK = 4
"""Word pieces kept free, for tokenizers that divide a text otherwise than its sentences."""


def chunk(
    document: SourceDocument, piece_starts: _PieceStarts, max_pieces: int = _MAX_PIECES
) -> list[Passage]:
    """Return the document's passages in text order, each at most `max_pieces` long.

    Together they cover every sentence outside `document.excluded`, once.
    """
    folded = read_by_search(document)
    spans = sentences(folded.text)
    sized = [
        (folded.source(piece), size)
        for some in _batches(spans)
        for span, offsets in zip(some, piece_starts([s.of(folded.text) for s in some]), strict=True)
        for piece, size in _divide(folded.text, span, offsets, max_pieces)
    ]
    return list(_group(document, sized, max_pieces))


_BATCH = 100_000
"""Characters whose word pieces are held at a time: some hundred bytes for each piece."""


def _batches(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield spans in runs of `_BATCH` characters or one span."""
    batch: list[Span] = []
    size = 0
    for span in spans:
        if batch and size + len(span) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(span)
        size += len(span)
    if batch:
        yield batch


def read_by_search(document: SourceDocument, within: Span | None = None) -> Folded:
    """Return what search and judging read of a document, or of a stretch of it: whole words
    in today's letters, without what is no evidence. A sentence goes on over a page's end."""
    return fold(document.text, within, document.excluded)


def heading(document: SourceDocument) -> str:
    """Return what may be embedded in front of each passage: who, what, when."""
    parts = [part for part in (document.creator, document.title, document.date) if part]
    return ", ".join(parts)[:_HEADING_CHARS] + ". " if parts else ""


_HEADING_CHARS = 120
"""A heading longer than this would crowd out its passage."""


def _divide(
    text: str, span: Span, offsets: list[int], max_pieces: int
) -> Iterator[tuple[Span, int]]:
    """Yield the sentence with its size in pieces, or its parts if it is too long."""
    first = 0
    while len(offsets) - first > max_pieces:
        cut = _best_cut(text, span.start, offsets, first, first + max_pieces)
        part = trim(text, span.start + offsets[first], span.start + offsets[cut])
        if part is not None:
            yield part, cut - first
        first = cut
    begin = span.start if first == 0 else span.start + offsets[first]
    yield Span(begin, span.end), len(offsets) - first


def _best_cut(text: str, base: int, offsets: list[int], first: int, last: int) -> int:
    """Return the last piece in the second half of first..last that starts a clause,
    else a word; else `last` itself."""
    word = None
    for cut in range(last, first + (last - first) // 2, -1):
        at = base + offsets[cut]
        before = text[max(at - 2, 0) : at]
        if before[-1:].isspace():
            if before[:1] in {";", ":", ",", ".", "—"}:
                return cut
            word = word or cut
    return word or last


_Run = list[tuple[Span, int]]
"""Sentences that follow each other, each with its size in word pieces."""


def _group(document: SourceDocument, sized: _Run, max_pieces: int) -> Iterator[Passage]:
    """Yield passages from sentences and their sizes."""
    runs: list[_Run] = []
    run: _Run = []
    pieces = 0
    says = False
    following = [*(span for span, _ in sized[1:]), None]
    for (span, size), after in zip(sized, following, strict=False):
        ends = pieces + size > max_pieces or (says and _separated(document, run[-1][0], span))
        if run and ends:
            runs.append(run)
            run, pieces, says = [], 0, False
        run.append((span, size))
        pieces += size
        says = says or not is_names_only(document.text, span)
        full_enough = says and pieces >= _PARAGRAPH_FILL * max_pieces
        if full_enough and after and _PARAGRAPH_BREAK.search(document.text, span.end, after.start):
            runs.append(run)
            run, pieces, says = [], 0, False
    if run:
        runs.append(run)
    for run in _with_what_is_said(document, runs, max_pieces):
        yield _passage(document, [span for span, _ in run])


def _with_what_is_said(
    document: SourceDocument, runs: list[_Run], max_pieces: int
) -> Iterator[_Run]:
    """Yield the runs of a document; one that only names (a signature) with the one before, or with
    the last sentence of it."""
    last: _Run = []
    for run in runs:
        pieces = sum(size for _, size in run)
        alone = (
            last
            and all(is_names_only(document.text, span) for span, _ in run)
            and not _separated(document, last[-1][0], run[0][0])
        )
        if alone and pieces + sum(size for _, size in last) <= max_pieces:
            last = [*last, *run]
            continue
        if alone and len(last) > 1 and pieces + last[-1][1] <= max_pieces:
            last, run = last[:-1], [last[-1], *run]
        if last:
            yield last
        last = run
    if last:
        yield last


def _separated(document: SourceDocument, before: Span, after: Span) -> bool:
    """Return whether something that is not evidence lies between two sentences."""
    return any(before.end <= gap.start < after.start for gap in document.excluded)


def _passage(document: SourceDocument, run: list[Span]) -> Passage:
    assert all(a.end <= b.start for a, b in pairwise(run))
    return Passage(document.document_id, Span(run[0].start, run[-1].end), tuple(run))


def most_pieces(encoder: Encoder) -> int:
    """Return how many word pieces a passage may have where no heading goes before it."""
    return min(_MAX_PIECES, encoder.room - _SLACK)


def _fitted_heading(encoder: Encoder, document: SourceDocument) -> str:
    """Return the heading to embed, "" where it would take half of the window."""
    front = heading(document)
    return front if encoder.count_pieces(front) <= encoder.room // 2 else ""


def passage_room(encoder: Encoder, document: SourceDocument) -> int:
    """Return how many word pieces a passage of the document may have."""
    front = encoder.count_pieces(_fitted_heading(encoder, document))
    return min(_MAX_PIECES, encoder.room - front - _SLACK)


def embedding_input(encoder: Encoder, document: SourceDocument, passage: Passage) -> EmbeddingInput:
    """Return what is embedded for a passage: the heading in front, then its own words."""
    front = _fitted_heading(encoder, document)
    folded = read_by_search(document, passage.span)
    parts = map(folded.part, passage.sentences)
    return EmbeddingInput(
        front + folded.text,
        tuple(Span(len(front) + part.start, len(front) + part.end) for part in parts),
    )


def embedding_key(item: EmbeddingInput, model_fingerprint: str) -> bytes:
    """Return a hash over all that the vectors of `item` depend on."""
    bounds = ",".join(f"{s.start}-{s.end}" for s in item.sentences)
    content = f"{model_fingerprint}\n{bounds}\n{item.text}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()
