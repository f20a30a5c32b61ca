"""What is embedded for a passage: its document's heading, then its own words."""

from __future__ import annotations

import hashlib

from rag.datatypes import Passage, SourceDocument, Span
from rag.embedding.chunking import MAX_PIECES, heading, read_by_search
from rag.embedding.encoder import EmbeddingInput, Encoder

SLACK = 4
"""Word pieces kept free, for tokenizers that divide a text otherwise than its sentences."""


def most_pieces(encoder: Encoder) -> int:
    """Return how many word pieces a passage may have that stands behind no heading."""
    return min(MAX_PIECES, encoder.room - SLACK)


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
