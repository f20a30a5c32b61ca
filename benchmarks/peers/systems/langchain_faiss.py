"""The recipe of LangChain's tutorials: split, HuggingFaceEmbeddings, FAISS."""

from __future__ import annotations

from pathlib import Path

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document as Chunk
from langchain_core.embeddings import Embeddings
from langchain_huggingface import HuggingFaceEmbeddings

from benchmarks.peers.systems import Document, Found, Model, Search, Shared, chunks


class SharedEmbeddings(Embeddings):
    """The shared function behind LangChain's interface."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._shared(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def load(model: Model) -> Embeddings:
    if model.shared:
        return SharedEmbeddings(model.shared)
    return HuggingFaceEmbeddings(model_name=model.folder)


def build(documents: list[Document], folder: Path, embedder: Embeddings) -> None:
    texts, places = chunks.split(documents)
    store = FAISS.from_documents(
        [
            Chunk(
                page_content=text,
                metadata={"id": place.document_id, "start": place.start, "end": place.end},
            )
            for text, place in zip(texts, places, strict=True)
        ],
        embedder,
    )
    store.save_local(str(folder))


def open_index(folder: Path, embedder: Embeddings) -> Search:
    # Its store is a pickle: opened here because this very benchmark wrote it.
    store = FAISS.load_local(str(folder), embedder, allow_dangerous_deserialization=True)

    def search(claim: str, k: int) -> list[Found]:
        found = store.similarity_search(claim, k=k)
        return [Found(d.metadata["id"], d.metadata["start"], d.metadata["end"]) for d in found]

    return search
