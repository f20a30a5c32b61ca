"""LlamaIndex: QueryFusionRetriever over a vector index and BM25, reciprocal ranks.

Nodes are the chunks of the LangChain recipe instead of its default of 1,024 tokens, of
which the model would read a quarter and a reader's budget hold two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.faiss import FaissVectorStore

from benchmarks.peers.systems import Document, Found, Model, Search, chunks

DIMENSION = 384
PLACE = ["id", "start", "end"]
"""Metadata that are neither embedded nor counted as words."""


class SharedEmbedding(BaseEmbedding):
    """The shared function behind LlamaIndex's interface."""

    _shared: Any

    def __init__(self, shared: Any) -> None:
        super().__init__(model_name="shared", embed_batch_size=512)
        self._shared = shared

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._shared(texts).tolist()

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def load(model: Model) -> BaseEmbedding:
    if model.shared:
        return SharedEmbedding(model.shared)
    return HuggingFaceEmbedding(model_name=model.folder)


def build(documents: list[Document], folder: Path, embedder: BaseEmbedding) -> None:
    nodes = [
        TextNode(
            text=text,
            metadata={"id": place.document_id, "start": place.start, "end": place.end},
            excluded_embed_metadata_keys=PLACE,
            excluded_llm_metadata_keys=PLACE,
        )
        for text, place in zip(*chunks.split(documents), strict=True)
    ]
    store = FaissVectorStore(faiss.IndexFlatIP(DIMENSION))
    context = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex(nodes, storage_context=context, embed_model=embedder)
    index.storage_context.persist(str(folder / "vectors"))
    BM25Retriever.from_defaults(nodes=nodes).persist(str(folder / "bm25"))


def open_index(folder: Path, embedder: BaseEmbedding) -> Search:
    stored = str(folder / "vectors")
    context = StorageContext.from_defaults(
        vector_store=FaissVectorStore.from_persist_dir(stored), persist_dir=stored
    )
    index = load_index_from_storage(context, embed_model=embedder)
    words = BM25Retriever.from_persist_dir(str(folder / "bm25"))

    def search(claim: str, k: int) -> list[Found]:
        words.similarity_top_k = k
        fusion = QueryFusionRetriever(
            [index.as_retriever(similarity_top_k=k), words],
            llm=MockLLM(),
            similarity_top_k=k,
            num_queries=1,
            mode="reciprocal_rerank",
            use_async=False,
        )
        places = [found.node.metadata for found in fusion.retrieve(claim)]
        return [Found(place["id"], place["start"], place["end"]) for place in places]

    return search
