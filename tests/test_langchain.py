"""The LangChain retriever in a chain, with the small real index."""

from __future__ import annotations

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from rag import SourceFinder
from rag.langchain import SourceRetriever


def test_documents_are_passages_with_their_citation(finder: SourceFinder) -> None:
    claim = "Monroe told Europe to stay out of the Americas"
    documents = SourceRetriever(finder=finder, k=3).invoke(claim)
    expected = finder.find_sources(claim, 3)
    assert [d.page_content for d in documents] == [e.passage for e in expected]
    assert [d.metadata["citation"] for d in documents] == [e.citation for e in expected]
    assert documents[0].metadata["quote"] in documents[0].page_content


def test_a_chain_gets_the_passages(finder: SourceFinder) -> None:
    retriever = SourceRetriever(finder=finder, k=2)
    prompt = ChatPromptTemplate.from_template("Sources: {sources}\nClaim: {claim}")
    model = FakeListChatModel(responses=["The sources bear on it."])
    chain = {"sources": retriever, "claim": RunnablePassthrough()} | prompt | model
    assert chain.invoke("Monroe warned Europe").content == "The sources bear on it."
