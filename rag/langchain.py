"""Source Finder as a LangChain retriever, for chains and agents."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import run_in_executor
from pydantic import ConfigDict

from rag.datatypes import Evidence
from rag.dossier.csl import place
from rag.finder import SourceFinder


class SourceRetriever(BaseRetriever):
    """Returns the `k` passages nearest to a query as LangChain documents.

    `collections`, `after` and `before` are as in `SourceFinder.find_sources`. Passages of less
    `bearing` than `min_bearing` are left out: with `rag.judging.BEARS_ON`, those that an answer
    would not show as bearing on the claim. A call can override each of these:
    `retriever.invoke("...", after=1960)`.

    In a document, `page_content` is the passage, verbatim; `id` its place in its source; `metadata`
    has every other field of `rag.Evidence` (the quotation and its offsets, the citation, the
    relation), and `source`, its address or else the document's id.
    """

    finder: SourceFinder
    k: int = 10
    collections: list[str] | None = None
    after: str | int | None = None
    before: str | int | None = None
    min_bearing: float = 0.0

    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **changes: Any
    ) -> list[Document]:
        names = ("k", "collections", "after", "before")
        asked = {name: getattr(self, name) for name in names} | changes
        least = asked.pop("min_bearing", self.min_bearing)
        found = self.finder.find_sources(query, **asked)
        return [_document(evidence) for evidence in found if evidence.bearing >= least]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **changes: Any
    ) -> list[Document]:
        # In a thread, as LangChain does by itself, but with the changes.
        return await run_in_executor(
            None,
            self._get_relevant_documents,
            query,
            run_manager=run_manager.get_sync(),
            **changes,
        )


def _document(evidence: Evidence) -> Document:
    metadata = evidence.to_dict()
    return Document(
        page_content=metadata.pop("passage"),
        metadata={"source": evidence.url or evidence.document_id, **metadata},
        id=place(evidence.document_id, evidence.passage_start, evidence.passage_end),
    )
