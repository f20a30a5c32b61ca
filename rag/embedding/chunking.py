"""Source documents into passages that fit the model, and what is embedded of each passage.

A passage is a run of whole sentences. Its size is measured in the model's own word
pieces, because a longer text would be cut off silently by the model; a sentence longer
than a passage is divided at a clause or a word. Passages do not overlap: what is
embedded is each sentence in its passage's context (see `embedding`), so a sentence
needs no second copy in a neighbouring passage. In front of a passage's own words its document's
heading is embedded. Measured in docs/decisions/passages.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from rag.datatypes import Passage, SourceDocument, Span
from rag.embedding import EmbeddingInput, Encoder
from rag.language import Folded, fold, sentences
from rag.text import ends_paragraph, trimmed

_PieceStarts = Callable[[Sequence[str]], list[list[int]]]
"""For each text, the offset at which each of its word pieces starts."""

_MAX_PIECES = 200
"""Word pieces in a passage: about 160 words. The default model reads 256 with its two
marks, which leaves room for the heading that is embedded in front."""

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
        part = trimmed(text, span.start + offsets[first], span.start + offsets[cut])
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


def _group(
    document: SourceDocument, sized: list[tuple[Span, int]], max_pieces: int
) -> Iterator[Passage]:
    """Yield passages from sentences and their sizes."""
    run: list[Span] = []
    pieces = 0
    following = [*(span for span, _ in sized[1:]), None]
    for (span, size), after in zip(sized, following, strict=False):
        if run and (pieces + size > max_pieces or _separated(document, run[-1], span)):
            yield _passage(document, run)
            run, pieces = [], 0
        run.append(span)
        pieces += size
        full_enough = pieces >= _PARAGRAPH_FILL * max_pieces
        if full_enough and after and ends_paragraph(document.text, span.end, after.start):
            yield _passage(document, run)
            run, pieces = [], 0
    if run:
        yield _passage(document, run)


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
