"""Chunks by LangChain's RecursiveCharacterTextSplitter, as in its tutorials."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from langchain_text_splitters import RecursiveCharacterTextSplitter

from benchmarks.peers.systems import CHUNK, OVERLAP, Document, Found


def split(documents: Iterable[Document]) -> tuple[list[str], list[Found]]:
    """Return the chunks' texts, and where each is in its document."""
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=CHUNK, chunk_overlap=OVERLAP, add_start_index=True
    )
    texts, places = [], []
    for document in documents:
        for chunk in splitter.create_documents([document.headed]):
            start = chunk.metadata["start_index"]
            texts.append(chunk.page_content)
            places.append(document.place(start, start + len(chunk.page_content)))
    return texts, places


def save(places: list[Found], folder: Path) -> None:
    """Write the chunks' places to `folder`, by row."""
    rows = [[place.document_id, place.start, place.end] for place in places]
    (folder / "places.json").write_text(json.dumps(rows), encoding="utf-8")


def load(folder: Path) -> list[Found]:
    """Return the places that `save` wrote."""
    return [Found(*row) for row in json.loads((folder / "places.json").read_text("utf-8"))]
