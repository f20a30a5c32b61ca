"""The LangChain retriever, with the small real index. In a chain: examples/langchain_chain.py."""

from __future__ import annotations

import asyncio
import json

import pytest

from rag import SourceFinder
from rag.errors import QuestionError
from rag.langchain import SourceRetriever

CLAIM = "Monroe told Europe to stay out of the Americas"


def test_documents_are_passages_with_their_citation(finder: SourceFinder) -> None:
    documents = SourceRetriever(finder=finder, k=3).invoke(CLAIM)
    expected = finder.find_sources(CLAIM, 3)
    assert [d.page_content for d in documents] == [e.passage for e in expected]
    for document, evidence in zip(documents, expected, strict=True):
        metadata = dict(document.metadata)
        assert metadata.pop("source") == (evidence.url or evidence.document_id)
        assert metadata | {"passage": evidence.passage} == evidence.to_dict()
        assert json.loads(json.dumps(metadata)) == metadata  # a vector store can keep it


def test_an_id_is_the_place_of_the_passage(finder: SourceFinder) -> None:
    documents = SourceRetriever(finder=finder, k=5).invoke(CLAIM)
    assert len({document.id for document in documents}) == 5
    for document in documents:
        document_id, _, place = str(document.id).partition("#char=")
        start, end = map(int, place.split(","))
        assert finder.document(document_id).text[start:end] == document.page_content


def test_filters_are_of_the_retriever_or_of_a_call(finder: SourceFinder) -> None:
    retriever = SourceRetriever(finder=finder, k=4, collections=["signed"], before=1850)
    kept = finder.find_sources(CLAIM, 4, ["signed"], before=1850)
    assert [d.page_content for d in retriever.invoke(CLAIM)] == [e.passage for e in kept]
    changed = finder.find_sources(CLAIM, 2, ["signed"], after=1900)
    found = retriever.invoke(CLAIM, k=2, after=1900, before=None)
    assert [d.page_content for d in found] == [e.passage for e in changed]
    assert {d.metadata["date"] for d in found} == {"1941"}


def test_passages_that_bear_too_little_on_the_claim_are_left_out(finder: SourceFinder) -> None:
    retriever = SourceRetriever(finder=finder, k=10)
    bearing = sorted(d.metadata["bearing"] for d in retriever.invoke(CLAIM))
    kept = retriever.invoke(CLAIM, min_bearing=bearing[5])
    assert bearing[0] < bearing[5]
    assert sorted(d.metadata["bearing"] for d in kept) == bearing[bearing.index(bearing[5]) :]


def test_async_finds_the_same(finder: SourceFinder) -> None:
    retriever = SourceRetriever(finder=finder, k=3)
    found = asyncio.run(retriever.ainvoke(CLAIM, after=1900))
    assert found == retriever.invoke(CLAIM, after=1900)


def test_errors_are_those_of_the_finder(finder: SourceFinder) -> None:
    with pytest.raises(QuestionError, match="is not a date"):
        SourceRetriever(finder=finder, after="later").invoke(CLAIM)
