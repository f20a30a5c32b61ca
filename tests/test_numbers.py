"""Numbers written and spoken: which value, how exactly, and whether two agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.language import Quantity, agree, quantities


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("15,000 men", [15_000]),
        ("fifteen thousand two hundred and five ships", [15_205]),
        ("nine and a half thousand", [9_500]),
        ("a fifteen-and-a-half-million-dollar check", [15.5e6]),
        ("four and three-quarter million or so", [4.75e6]),
        ("$.6 billion, $4,760,082.08", [0.6e9, 4_760_082.08]),
        ("half a million; two dozen; a hundred", [500_000, 24, 100]),
        ("to $1.00 3/4", [1.75]),
        ("almost 9-1/2 billion dollars, 5-1/2 percent", [9.5e9, 0.055]),
        ("a third of them, two-thirds, 4.5 %, 50 per centum", [1 / 3, 2 / 3, 0.045, 0.5]),
        ("nineteen out of twenty jobs, nine in ten workers", [0.95, 0.9]),
        ("five to ten million; from 12 to 9 million", [5e6, 10e6, 12e6, 9e6]),
        ("from 60 to 40 percent, by 52 to 48 per cent", [0.6, 0.4, 0.52, 0.48]),
        ("from 500 to 2 million, from 3 to 1/2", [500, 2e6, 3, 0.5]),
        ("one of them, no one, the 28th, the third man, B-2 bombers", []),
    ],
)
def test_values(text, values):
    assert [q.value for q in quantities(text)] == pytest.approx(values)


def test_spans_bounds_and_nouns():
    text = "Over six thousand planes and nearly $2 billion in gold"
    planes, gold = quantities(text)
    assert planes.span.of(text) == "six thousand"
    assert (planes.bound, planes.noun, planes.currency) == ("at least", "planes", "")
    assert gold.span.of(text) == "$2 billion"
    assert (gold.bound, gold.currency) == ("about", "dollar")


def test_what_is_a_date_is_left_out():
    text = "in 1848 there were 40"
    assert [q.value for q in quantities(text, leave_out=[Span(3, 7)])] == [40]


def one(text: str) -> Quantity:
    (quantity,) = quantities(text)
    return quantity


@pytest.mark.parametrize(
    ("claim", "source", "agrees"),
    [
        ("fifteen thousand", "15,000", True),
        ("3,000,000", "three million", True),
        ("almost two billion", "1,900,000,000", True),
        ("200", "205", True),
        ("205", "200", False),
        ("30", "32", False),
        ("12", "13", False),
        ("over six thousand", "6,400", True),
        ("over six thousand", "5,900", False),
        ("under four thousand", "3,808", True),
        ("nine in ten", "9 out of 10", True),
        ("90 percent", "90", False),
        ("five months", "5 years", False),
        ("three days", "a three-day march", True),
        ("forty miles", "40 leagues", False),
        ("forty men", "40 soldiers", True),
        ("two tons of gold", "2 ounces of gold", False),
    ],
)
def test_agreement(claim, source, agrees):
    assert agree(one(claim), one(source)) is agrees


@given(st.integers(1, 10**12))
def test_a_number_agrees_with_itself_however_it_is_grouped(number):
    assert agree(one(str(number)), one(f"{number:,}"))
    assert one(f"{number:,}").value == number


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("On 9 June he wrote", []),
        ("the battle of June 9, and on Sept. 3", []),
        ("your letter of the 9 ult. and that of 3 inst.", []),
        ("In June 9 ships were lost", [9]),
        ("In May 300 men marched 9 miles", [300, 9]),
        ("of 9 May 20 sailed", [20]),
    ],
)
def test_the_day_of_a_month_is_no_quantity(text, values):
    assert [quantity.value for quantity in quantities(text)] == values
