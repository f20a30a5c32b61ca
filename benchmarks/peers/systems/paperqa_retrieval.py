"""paper-qa's retrieval: its reader's chunks, its vector store, no language model.

Chunks of 1,000 characters instead of its default of 5,000, of which the model would read
a quarter and a reader's budget hold two.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # do not ask the network

from lmi import EmbeddingModel
from paperqa import Docs, Settings
from paperqa.settings import ParsingSettings

from benchmarks.peers.systems import CHUNK, Document, Found, Model, Search

MARGIN = 50
"""Characters by which a chunk reaches beyond each of its ends: its default's proportion."""

SETTINGS = Settings(
    parsing=ParsingSettings(
        reader_config={"chunk_chars": CHUNK - 2 * MARGIN, "overlap": MARGIN},
        use_doc_details=False,
        multimodal=False,
        disable_doc_valid_check=True,
        defer_embedding=True,
    )
)
logging.disable(logging.WARNING)


class SharedModel(EmbeddingModel):
    """The shared function behind paper-qa's interface."""

    name: str = "shared"
    shared: Any = None

    async def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.shared(texts).tolist()


def load(model: Model) -> EmbeddingModel:
    if model.shared:
        return SharedModel(shared=model.shared)
    return Settings(embedding=f"st-{model.folder}").get_embedding_model()


async def _read(documents: list[Document], folder: Path) -> Docs:
    docs = Docs()
    for number, document in enumerate(documents):
        path = folder / f"{number}.txt"
        path.write_bytes(document.headed.encode())
        # A given citation keeps it from asking a language model for one.
        name = document.document_id
        await docs.aadd(path, citation=name, docname=name, dockey=name, settings=SETTINGS)
    return docs


def build(documents: list[Document], folder: Path, embedder: EmbeddingModel) -> None:
    async def run() -> Docs:
        with tempfile.TemporaryDirectory() as texts:
            docs = await _read(documents, Path(texts))
        vectors = await embedder.embed_documents([text.text for text in docs.texts])
        for text, vector in zip(docs.texts, vectors, strict=True):
            text.embedding = vector
        return docs

    docs = asyncio.run(run())
    headed = {d.document_id: d for d in documents}
    at: dict[str, int] = {}
    for text in docs.texts:
        document = headed[text.doc.dockey]
        start = document.headed.find(text.text, at.get(document.document_id, 0))
        at[document.document_id] = start + 1
        place = document.place(start, start + len(text.text))
        text.name = f"{place.start}-{place.end}"
    (folder / "docs.json").write_text(
        docs.model_dump_json(exclude={"texts_index"}), encoding="utf-8"
    )


def open_index(folder: Path, embedder: EmbeddingModel) -> Search:
    docs = Docs.model_validate_json((folder / "docs.json").read_text(encoding="utf-8"))
    loop = asyncio.new_event_loop()

    def search(claim: str, k: int) -> list[Found]:
        texts = loop.run_until_complete(
            docs.retrieve_texts(claim, k, settings=SETTINGS, embedding_model=embedder)
        )
        return [Found(t.doc.dockey, *map(int, t.name.split("-"))) for t in texts]

    return search
