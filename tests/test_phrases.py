"""An exact phrase in a document: found however it is written there, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.errors import QuestionError
from rag.reading.text import MOST, find_phrase

OLD = (
    "In Congreſs aſſembled, the repreſen-\ntatives of the ﬁrſt States\nmet at Lâon "
    "and Île-de-France. “We the People” — 12 of them; Straße."
)


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("congress assembled", "Congreſs aſſembled"),
        ("THE REPRESENTATIVES of the first states", "the repreſen-\ntatives of the ﬁrſt States"),
        ("states met at laon", "States\nmet at Lâon"),
        ("Ile-de-France", "Île-de-France"),
        ('"we the people"', "“We the People”"),
        ("people” - 12", "People” — 12"),
        ("strasse", "Straße"),
        ("la\u0302on", "Lâon"),
    ],
)
def test_a_phrase_is_found_however_it_is_written(phrase: str, found: str) -> None:
    assert [span.of(OLD) for span in find_phrase(OLD, phrase)] == [found]


AFAR = "From Hawai‘i and \u02bbOahu to Łódź: Søren’s ship, Þór, met O’Brien of the Quai d’Orsay."


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("hawaii", "Hawai‘i"),
        ("Hawai\u02bbi and 'Oahu", "Hawai‘i and \u02bbOahu"),
        ("oahu", "Oahu"),
        ("Lodz", "Łódź"),
        ("soren's ship", "Søren’s ship"),
        ("Soren", "Søren"),
        ("thor", "Þór"),
        ("obrien", "O’Brien"),
        ("orsay", "Orsay"),
        ("'Quai d'Orsay'", "Quai d’Orsay"),
    ],
)
def test_strokes_and_apostrophes_are_read_as_claims_are(phrase: str, found: str) -> None:
    assert [span.of(AFAR) for span in find_phrase(AFAR, phrase)] == [found]


def test_whose_something_is_makes_another_word() -> None:
    text = "Monroe’s letter to the Monroes"
    assert [span.of(text) for span in find_phrase(text, "monroes")] == ["Monroes"]
    assert [span.of(text) for span in find_phrase(text, "Monroe's")] == ["Monroe’s"]


@pytest.mark.parametrize("phrase", ["", "  ", "assembled congress", "gress", "state", "met on"])
def test_other_words_another_order_and_parts_of_words_are_not(phrase: str) -> None:
    assert [span.of(OLD) for span in find_phrase(OLD, phrase)] == []


def test_a_phrase_has_a_limit() -> None:
    with pytest.raises(QuestionError, match="up to 300 characters"):
        find_phrase(OLD, "assembled " * 100)


def test_accents_that_are_written_apart_belong_to_their_letter() -> None:
    text = "at La\u0302on\u0301."
    [found] = find_phrase(text, "laon")
    assert found.of(text) == "La\u0302on\u0301"


def test_all_places_are_found_up_to_a_bound() -> None:
    assert find_phrase("gold, gold and Gold", "gold") == [Span(0, 4), Span(6, 10), Span(15, 19)]
    assert len(find_phrase("gold " * 2000, "gold")) == MOST


@given(st.text(max_size=80), st.text(max_size=20))
def test_what_is_found_lies_in_the_text_in_order(text: str, phrase: str) -> None:
    spans = find_phrase(text, phrase)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert spans == sorted(spans)


@given(st.lists(st.sampled_from(["gold", "was", "Île", "found", "3"]), min_size=1, max_size=4))
def test_words_of_a_text_are_found_in_it(words: list[str]) -> None:
    text = f"x {'  '.join(words)} y"
    assert find_phrase(text, " ".join(words))
