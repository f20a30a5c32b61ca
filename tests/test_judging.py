"""What holds of every judge, whatever it goes by. A new one is a line in `judges`."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from rag.config import Settings
from rag.datatypes import Claim, Collection, Passage, Relation, Span
from rag.embedding import Encoder
from rag.evidence import cite, quotation_of
from rag.judges import load_judge
from rag.judging import Judge, Judgement, Probabilities, Quotation
from rag.relation.entailment import CrossEncoderEntailment, EntailmentJudge
from rag.relation.verifier import load_learned
from tests.conftest import make_document
from tests.cross_encoders import write_cross_encoder
from tests.fake_language_model import open_model

CLAIM = "Gold was found in California in 1848."
FOUND = "An abundance of gold was found in California in 1848."
PASSAGE = f"The mines were visited. {FOUND} The officer reported it."
AT = PASSAGE.index(FOUND)
QUOTATIONS = [
    Quotation(PASSAGE, Span(AT, AT + len(FOUND)), "James K. Polk", "Message", "Messages", "1848"),
    Quotation("Peace was made with Mexico."),
    Quotation("No gold was ever found in California."),
    Quotation("“Où est l’or?” — 1848…", date="1848-12-05"),
    Quotation("gold " * 2_000),
    Quotation("?"),
]


def some_word_of(shown: dict[str, Any]) -> object:
    """Answer as a language model may: in the form, out of it, in prose."""
    if "Mexico" in shown["quotation"]:
        return "It depends, really."
    if "mines" in shown["passage"]:
        return {"relation": "supports", "supports": 0.9, "contradicts": 0.0}
    if "No gold" in shown["quotation"]:
        return {"relation": "contradicts", "supports": 0.0, "contradicts": 0.9}
    return {"relation": "perhaps", "supports": 7}


@dataclass(frozen=True, slots=True)
class Parts:
    """What judges are made of. `answering`: settings with a language model that answers."""

    encoder: Encoder
    learned: Judge
    model: CrossEncoderEntailment
    answering: Settings


judges: dict[str, Callable[[Parts], Judge]] = {
    "learned": lambda parts: parts.learned,
    "entailment": lambda parts: EntailmentJudge(parts.model, parts.learned),
    "entailment, unsure": lambda parts: EntailmentJudge(parts.model, parts.learned, sure=0.01),
    "language model": lambda parts: load_judge(
        replace(parts.answering, judge="llm"), parts.encoder
    ),
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    settings = Settings.from_environment()
    encoder = Encoder.load("default", settings)
    folder = tmp_path_factory.mktemp("models") / "three"
    labels = ("contradiction", "entailment", "neutral")
    name = str(write_cross_encoder(folder, labels))
    model = CrossEncoderEntailment.load(name, settings)
    with open_model(some_word_of) as (answering, _):
        yield Parts(encoder, load_learned(settings, encoder), model, answering)


@pytest.fixture(scope="module", params=judges)
def judge(request: pytest.FixtureRequest, parts: Parts) -> Judge:
    return judges[request.param](parts)


def test_each_quotation_has_its_judgement_in_order(judge: Judge):
    together = judge.judge(CLAIM, QUOTATIONS)
    for given, found in zip(QUOTATIONS, together, strict=True):
        (alone,) = judge.judge(CLAIM, [given])
        assert (alone.relation, alone.span) == (found.relation, found.span)
        for name in ("supports", "contradicts", "bears"):
            one, other = (getattr(j.probabilities, name) for j in (alone, found))
            assert one == pytest.approx(other, abs=1e-3)


def test_relations_are_known_and_probabilities_are_some(judge: Judge):
    for found in judge.judge(CLAIM, QUOTATIONS):
        assert found.relation in typing.get_args(Relation)
        told = found.probabilities
        assert all(0 <= p <= 1 for p in (told.supports, told.contradicts, told.bears))


def test_what_decides_is_in_the_passage(judge: Judge):
    for given, found in zip(QUOTATIONS, judge.judge(CLAIM, QUOTATIONS), strict=True):
        if found.span is not None:
            assert found.span.start < found.span.end <= len(given.passage)


def test_a_judge_that_is_asked_twice_says_the_same(judge: Judge):
    assert judge.judge(CLAIM, QUOTATIONS) == judge.judge(CLAIM, QUOTATIONS)


@pytest.mark.parametrize("claim", [CLAIM, "?", "Gold " * 1_000, "1848"])
def test_any_claim_can_be_asked(judge: Judge, claim: str):
    assert judge.judge(claim, []) == []
    assert len(judge.judge(claim, QUOTATIONS[:2])) == 2


def test_a_passage_is_quoted_whole_unless_a_part_is_given():
    assert (QUOTATIONS[0].text, QUOTATIONS[1].text) == (FOUND, "Peace was made with Mexico.")
    assert QUOTATIONS[0].heading == "James K. Polk, Message, 1848, Messages"
    assert QUOTATIONS[1].heading == ""


Cite = Callable[[Judgement], str]


@pytest.fixture
def quoted() -> Cite:
    """What is quoted of a document where the judge decides by some of its words."""
    text = f"Before. {PASSAGE} After."
    start = len("Before. ")
    document = make_document(text, collection=Collection("mine", "Mine"), creator="Polk")
    sentence = Span(start + AT, start + AT + len(FOUND))
    passage = Passage("mine/one", Span(start, start + len(PASSAGE)), (sentence,))
    given = quotation_of(document, passage, sentence)
    assert (given.passage, given.text, given.creator) == (PASSAGE, FOUND, "Polk")
    claim = Claim("c1", CLAIM, Span(0, len(CLAIM)))
    return lambda judgement: cite(claim, document, passage, sentence, 0.5, 0.5, judgement).quote


def test_the_words_that_decide_are_the_quotation(quoted: Cite):
    sure = Probabilities(0.9, 0.0, 0.9)
    assert quoted(Judgement("supports", sure)) == FOUND
    assert quoted(Judgement("supports", sure, span=Span(0, 23))) == "The mines were visited."
