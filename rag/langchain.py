"""Source Finder as a LangChain retriever, for chains and agents."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from rag.finder import SourceFinder


class SourceRetriever(BaseRetriever):
    """Returns the `k` passages nearest to a query as LangChain documents.

    `page_content` is the passage, verbatim; `metadata` has every other field of
    `rag.Evidence`: the quotation and its offsets, the citation, the score.
    """

    finder: SourceFinder
    k: int = 10

    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        documents = []
        for evidence in self.finder.find_sources(query, self.k):
            metadata = evidence.to_dict()
            documents.append(Document(page_content=metadata.pop("passage"), metadata=metadata))
        return documents
