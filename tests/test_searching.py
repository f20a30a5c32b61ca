"""What holds of every index, whatever serves it; and that the one here finds what a plain one
finds. Another is a line in `INDEXES`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.config import Settings
from rag.embedding import Encoder
from rag.finder import SourceFinder
from rag.language import stems, words
from rag.reading.text import find_everywhere
from rag.retrieval import Retriever
from rag.searching import EVERYTHING, SIGNALS, Filter, Index, inverse_frequency
from rag.workspace import Workspace
from tests.engines import by_client, in_process, served
from tests.plain_index import PlainIndex

CLAIMS = [
    "Monroe told Europe on December 2, 1823 to stay out of the Americas.",
    "Gold was found in California in 1848.",
    "Fifteen thousand men were called up on the 2d of February.",
    "era of big government",
]
INDEXES: dict[str, Callable[[SourceFinder], Index]] = {
    "local": lambda finder: finder.index,
    "qdrant": lambda finder: served(finder, in_process()),
    "qdrant client": lambda finder: served(finder, by_client()),
    "plain": lambda finder: PlainIndex(
        [finder.document(line.document_id) for line in finder.index.listed()], finder.encoder
    ),
}


@pytest.fixture(scope="module")
def indexes(finder: SourceFinder) -> dict[str, Index]:
    return {name: make(finder) for name, make in INDEXES.items()}


@pytest.fixture(params=INDEXES)
def index(request: pytest.FixtureRequest, indexes: dict[str, Index]) -> Index:
    return indexes[request.param]


def ask(index: Index, encoder: Encoder, claim: str, count: int = 20, only: Filter = EVERYTHING):
    query = Retriever(index, encoder).parse(claim, only).query
    return index.search(query, count)


@pytest.mark.parametrize("claim", CLAIMS)
def test_candidates_have_ids_and_every_signal(index, encoder, claim):
    found = ask(index, encoder, claim)
    assert len({c.passage_id for c in found}) == len(found) == min(20, index.passages)
    for candidate in found:
        assert set(candidate.signals) == set(SIGNALS)
        assert all(-1 <= value <= 1.5 for value in candidate.signals.values())
        passage = index.passage(candidate.passage_id)
        assert passage.document_id == candidate.document_id
        text = index.document(passage.document_id).text
        assert passage.span.of(text).strip()


def test_fewer_are_the_first_of_more(index, encoder):
    many, few = (ask(index, encoder, CLAIMS[1], count) for count in (20, 5))
    assert [c.passage_id for c in few] == [c.passage_id for c in many[:5]]


@pytest.mark.parametrize(
    "only",
    [Filter(frozenset({"signed"})), Filter(after="1840", before="1865-06"), Filter(frozenset())],
)
def test_only_what_the_filter_admits_is_found(index, encoder, only):
    documents = [index.document(line.document_id) for line in index.listed()]
    admitted = {d.document_id for d in documents if only.admits(d.collection.collection_id, d.date)}
    found = {c.document_id for c in ask(index, encoder, CLAIMS[0], 1000, only)}
    assert found == admitted


@pytest.mark.parametrize("wrong", ["nothing", "nothing#0", "#", ""])
def test_an_id_that_is_not_there_is_refused(index, wrong):
    for ask_for in (index.passage, index.document, index.near_duplicates):
        with pytest.raises(KeyError):
            ask_for(wrong)
    with pytest.raises(KeyError):
        index.passage(f"{index.listed()[0].document_id}#100000")


def test_it_says_what_it_has(index):
    lines = index.listed()
    assert sum(line.passages for line in lines) == index.passages
    assert sum(held.documents for held in index.holdings()) == len(lines)
    assert {line.collection for line in lines} == set(index.collections)
    assert (index.facts().documents, index.facts().passages) == (len(lines), index.passages)


def test_pieces_match_within_the_passage(index, encoder):
    query = Retriever(index, encoder).parse(CLAIMS[0]).query
    for candidate in index.search(query, 5):
        matches = index.matches(query.vectors, candidate.passage_id)
        assert len(matches.cosines) == len(matches.weights) == len(query.vectors.ids)
        assert len(matches.starts) == len(index.passage(candidate.passage_id).sentences)
        best = matches.cosines.max(axis=1) @ matches.weights / matches.weights.sum()
        assert best == pytest.approx(candidate.signals["pieces"], abs=1e-4)


# ---- the same from all ----


def test_all_divide_documents_alike(indexes):
    one, *others = indexes.values()
    for other in others:
        assert one.passages == other.passages
        assert one.listed() == other.listed()
        assert one.holdings() == other.holdings()


@pytest.mark.parametrize("only", [EVERYTHING, Filter(after="1840")], ids=["all", "since 1840"])
@pytest.mark.parametrize("claim", CLAIMS)
def test_all_find_the_same(indexes, encoder, claim, only):
    one, *others = (ask(index, encoder, claim, 1000, only) for index in indexes.values())
    for other in others:
        ours = {candidate.passage_id: candidate.signals for candidate in one}
        theirs = {candidate.passage_id: candidate.signals for candidate in other}
        assert ours.keys() == theirs.keys()
        for name, signals in ours.items():
            assert signals == pytest.approx(theirs[name], abs=1e-4)


@pytest.mark.parametrize("stem", ["california", "calfornia", "monro", "monroe", "spane", "zzzzzz"])
def test_all_know_the_same_words(indexes, stem):
    one, *others = indexes.values()
    for other in others:
        assert one.frequency(stem) == other.frequency(stem)
        beside = ["gold", "abund", stem]
        ours, theirs = (index.spellings(stem, beside) for index in (one, other))
        assert [set(group) for group in ours] == [set(group) for group in theirs]


@pytest.mark.parametrize("only", [None, Filter(after="1840"), Filter(frozenset())])
@pytest.mark.parametrize(
    "phrase",
    ["gold", "abundance of gold", "free and independent condition", "gold zzzzzz", "zzzzzz", "the"],
)
def test_all_find_the_passages_with_all_stems(indexes, phrase, only):
    asked = (stems(words(phrase)), only or Filter())
    one, *others = (index.passages_with(*asked) for index in indexes.values())
    if only is None:
        assert bool(one) == (phrase[-3:] not in {"zzz", "the"})
    assert all(other == one for other in others)


@pytest.mark.parametrize("phrase", ["henceforth not to be considered", "the HENCEFORTH"])
def test_a_phrase_is_read_in_the_passages_that_may_have_it(index, phrase):
    found = find_everywhere(index, phrase)
    assert [place.span.of(place.document.text).casefold() for place in found.places] == (
        ["henceforth not to be considered"] if "not" in phrase else []
    )
    assert (found.more, found.unread) == (0, 0)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_finder_answers_alike_from_all(finder, indexes, claim):
    settings = Settings.from_environment()
    told = [
        SourceFinder(Workspace.of(settings, index, finder.encoder)).find_sources(claim, 5)
        for index in indexes.values()
    ]
    for other in told[1:]:
        assert [(e.document_id, e.quote, e.relation) for e in other] == [
            (e.document_id, e.quote, e.relation) for e in told[0]
        ]
        assert [e.score for e in other] == pytest.approx([e.score for e in told[0]], abs=1e-3)


def test_a_rare_word_tells_more():
    assert inverse_frequency(1, 100) > inverse_frequency(50, 100) > inverse_frequency(100, 100) > 0
