"""bm25s, as its README shows: Lucene's BM25, English stop words, Snowball stems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bm25s
import Stemmer

from benchmarks.peers.systems import Document, Found, Model, Search, chunks

STEMMER = Stemmer.Stemmer("english")


def load(model: Model) -> None:
    """It has no vectors."""


def _tokens(texts: list[str]) -> Any:
    return bm25s.tokenize(texts, stopwords="en", stemmer=STEMMER, show_progress=False)


def build(documents: list[Document], folder: Path, embedder: None) -> None:
    texts, places = chunks.split(documents)
    index = bm25s.BM25()
    index.index(_tokens(texts), show_progress=False)
    index.save(str(folder / "bm25s"), show_progress=False)
    chunks.save(places, folder)


def open_index(folder: Path, embedder: None) -> Search:
    index = bm25s.BM25.load(str(folder / "bm25s"), mmap=True, show_progress=False)
    places = chunks.load(folder)

    def search(claim: str, k: int) -> list[Found]:
        rows, _ = index.retrieve(_tokens([claim]), k=min(k, len(places)), show_progress=False)
        return [places[row] for row in rows[0]]

    return search
