"""Days and numbers in one spelling, and what a claim's names weigh."""

from __future__ import annotations

import pytest

from rag.index.lexical import NAME_WEIGHT, name_stems, search_terms, weighted_terms
from rag.language import days, stems, words


def beside_words(text: str) -> list[str]:
    """Return the terms of a text that are neither a word of it nor a day."""
    return [term for term in search_terms(text) if term not in {*stems(words(text)), *days(text)}]


@pytest.mark.parametrize(
    "written",
    [
        "on March 12, 1959",
        "the 12th of March, 1959",
        "12 March 1959",
        "March 12th 1959",
        "dated 1959-03-12",
        "the 12th day of March, 1959",
    ],
)
def test_a_day_is_one_term_however_written(written):
    assert days(written) == ["03-12", "1959-03-12"]


@pytest.mark.parametrize(
    "written", ["in March 1959", "they march 12 abreast", "March 45", "on 5,000 March days"]
)
def test_what_is_no_day(written):
    assert days(written) == []


def test_a_day_without_a_year():
    assert days("from 1 April to May 2") == ["04-01", "05-02"]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("fifteen thousand men", "15000"),
        ("half a million dollars", "500000"),
        ("$4.75 million", "4750000"),
        ("ninety-five percent", "95"),
    ],
)
def test_worded_numbers_meet_their_digits(written, number):
    assert beside_words(written) == [number]
    digits = f"{int(number):,}"
    assert number in search_terms(digits)


def test_small_and_plain_numbers_are_left_alone():
    assert beside_words("one of two, 15,000 and 20 men") == []


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("in NIE 13–56,", "nie-13-56"),
        ("(NIE 13-56)", "nie-13-56"),
        ("NSC\xa059/1", "nsc-59-1"),
        ("NSC 59/1.", "nsc-59-1"),
        ("under P.L. 480", "pl-480"),
        ("under P. L. 480", "pl-480"),
        ("the U-2s", "u-2"),
        ("U–2 flights", "u-2"),
        ("a MiG-21 and", "mig-21"),
    ],
)
def test_a_designation_is_one_term_however_written(written, term):
    assert beside_words(written) == [term]
    assert weighted_terms(written)[term] == NAME_WEIGHT


@pytest.mark.parametrize(
    "written",
    ["May 12", "the U.S. 15,000 men", "NATO 15%", "NATO 2.5 million", "on the 15th", "5-7-1950"],
)
def test_what_is_no_designation(written):
    assert not [term for term in beside_words(written) if "-" in term]


def test_names_and_numbers_weigh_more():
    terms = weighted_terms("Polk reported gold on December 5, 1848.")
    heavy = {term for term, weight in terms.items() if weight == NAME_WEIGHT}
    assert {"decemb", "5", "1848", "12-05", "1848-12-05"} <= heavy
    assert {term for term, weight in terms.items() if weight == 1} == {"polk", "report", "gold"}
    assert "polk" in name_stems("He said that Polk reported gold.")


def test_every_term_of_a_claim_is_one_of_an_indexed_text():
    text = "On December 5, 1848 Polk told of fifteen thousand men; NSC 59/1 did not."
    assert weighted_terms(text).keys() == set(search_terms(text))
