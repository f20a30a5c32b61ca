"""txtai with `hybrid=True`: vectors and BM25, its own fusion, content in SQLite.

txtai leaves chunking to its user: it gets the chunks of the LangChain recipe.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["ALLOW_RESOLVE_TRANSFORM"] = "True"  # lets it call the shared function

from txtai import Embeddings

from benchmarks.peers.systems import Document, Found, Model, Search, chunks

QUERY = "select id, doc, first, last, score from txtai where similar(:claim)"


ROUTE = ("path", "method", "transform")
"""The settings that say how texts are embedded."""


def load(model: Model) -> Embeddings:
    if model.shared:
        route = {"method": "external", "transform": "benchmarks.peers.pipe.shared_vectors"}
    else:
        route = {"method": "transformers", "path": model.folder}
    return Embeddings(**route, hybrid=True, content=True)


def build(documents: list[Document], folder: Path, embedder: Embeddings) -> None:
    texts, places = chunks.split(documents)
    embedder.index(
        (row, {"text": text, "doc": p.document_id, "first": p.start, "last": p.end}, None)
        for row, (text, p) in enumerate(zip(texts, places, strict=True))
    )
    embedder.save(str(folder / "index"))


def open_index(folder: Path, embedder: Embeddings) -> Search:
    # The saved settings name the route of the build; both routes' vectors agree.
    route = {key: embedder.config.get(key) for key in ROUTE}
    embedder.load(str(folder / "index"), config=route)

    def search(claim: str, k: int) -> list[Found]:
        rows = embedder.search(QUERY, limit=k, parameters={"claim": claim})
        return [Found(row["doc"], row["first"], row["last"]) for row in rows]

    return search
