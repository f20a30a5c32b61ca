"""Source Finder itself: its ranking, before passages are judged, which no other does."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks.peers.systems import Document, Found, Model, Search
from rag import SourceFinder, build_index
from rag.config import Settings
from rag.embedding import Encoder


def load(model: Model) -> Encoder:
    return Encoder.load("default", Settings.from_environment())


def build(documents: list[Document], folder: Path, embedder: Encoder) -> None:
    """Read the documents as text files, each with its title in a file beside it."""
    with tempfile.TemporaryDirectory() as texts:
        for document in documents:
            path = Path(texts, f"{document.document_id}.txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(document.text.encode())
            described = json.dumps({"title": document.heading})
            path.with_suffix(".json").write_text(described, encoding="utf-8")
        folders = sorted({Path(texts, d.document_id).parent for d in documents})
        build_index(folders, folder, encoder=embedder)


def open_index(folder: Path, embedder: Encoder) -> Search:
    finder = SourceFinder.open(folder)

    def search(claim: str, k: int) -> list[Found]:
        passages = [finder.index.passage(hit.passage_id) for hit in finder.search(claim, k)]
        return [Found(p.document_id, p.span.start, p.span.end) for p in passages]

    return search
