"""paper-qa's retrieval without a language model: its vector store, hybrid embedding.

Its texts are the chunks of the LangChain recipe instead of its default of 5,000 characters,
of which the model would read a quarter and a reader's budget hold two. With the dense
embedding alone it ranks by the cosine of the same vectors as that recipe; its "hybrid-"
embedding adds counts of hashed words.
"""

from __future__ import annotations

import asyncio
import logging
import os
from itertools import groupby
from pathlib import Path
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # do not ask the network

import numpy as np
from lmi import EmbeddingModel, HybridEmbeddingModel, SparseEmbeddingModel
from paperqa import Doc, Docs, Settings, Text

from benchmarks.peers.systems import Document, Found, Model, Search, chunks

SETTINGS = Settings()
logging.disable(logging.WARNING)


class SharedModel(EmbeddingModel):
    """The shared function behind paper-qa's interface."""

    name: str = "shared"
    shared: Any = None

    async def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.shared(texts).tolist()


def load(model: Model) -> EmbeddingModel:
    if model.shared:
        dense = SharedModel(shared=model.shared)
        return HybridEmbeddingModel(models=[dense, SparseEmbeddingModel()])
    return Settings(embedding=f"hybrid-st-{model.folder}").get_embedding_model()


def build(documents: list[Document], folder: Path, embedder: EmbeddingModel) -> None:
    texts, places = chunks.split(documents)
    vectors = asyncio.run(embedder.embed_documents(texts))
    np.save(folder / "vectors.npy", np.array(vectors, np.float32))
    docs = Docs()
    rows = groupby(zip(texts, places, strict=True), key=lambda row: row[1].document_id)
    for name, group in rows:
        doc = Doc(docname=name, dockey=name, citation=name)
        docs.docs[name] = doc
        docs.docnames.add(name)
        docs.texts += [Text(text=text, name=f"{p.start}-{p.end}", doc=doc) for text, p in group]
    (folder / "docs.json").write_text(docs.model_dump_json(exclude={"texts_index"}), "utf-8")


def open_index(folder: Path, embedder: EmbeddingModel) -> Search:
    docs = Docs.model_validate_json((folder / "docs.json").read_text(encoding="utf-8"))
    for text, vector in zip(docs.texts, np.load(folder / "vectors.npy"), strict=True):
        text.embedding = vector
    loop = asyncio.new_event_loop()

    def search(claim: str, k: int) -> list[Found]:
        texts = loop.run_until_complete(
            docs.retrieve_texts(claim, k, settings=SETTINGS, embedding_model=embedder)
        )
        return [Found(t.doc.dockey, *map(int, t.name.split("-"))) for t in texts]

    return search
