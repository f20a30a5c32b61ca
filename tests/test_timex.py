"""Expressions of time: what is one, what is not, and which days it means."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.language import Timex, times, timex_of_date, years_in


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("the 2d of February, 1848", "1848-02-02", "1848-02-02"),
        ("on 23 October 1964", "1964-10-23", "1964-10-23"),
        ("Feb. 3d, 1848", "1848-02-03", "1848-02-03"),
        ("1848-05-06", "1848-05-06", "1848-05-06"),
        ("in October, 1889", "1889-10-01", "1889-10-31"),
        ("in the autumn of 64", "1964-09-01", "1964-11-30"),
        ("the winter of 1868", "1867-12-01", "1869-02-28"),
        ("mid-1950", "1950-04-01", "1950-09-30"),
        ("late 1848", "1848-08-01", "1848-12-31"),
        ("the late twenties", "1926-01-01", "1929-12-31"),
        ("the nineteenth century", "1801-01-01", "1900-12-31"),
        ("in 1864–65", "1864-01-01", "1865-12-31"),
        ("from the 3d to the 7th of May 1848", "1848-05-03", "1848-05-07"),
        ("3d and 4th of May, 1848", "1848-05-03", "1848-05-04"),
        ("May 3-7, 1848", "1848-05-03", "1848-05-07"),
        ("between March and May 1848", "1848-03-01", "1848-05-31"),
        ("Nov.-Dec. 1848", "1848-11-01", "1848-12-31"),
    ],
)
def test_which_days_are_meant(text, first, last):
    (timex,) = times(text)
    assert (timex.first, timex.last) == (first, last)


@pytest.mark.parametrize(
    ("claim", "years"),
    [
        ("in 1964", (1964, 1964)),
        ("in the autumn of 64 he came", (1964, 1964)),
        ("November '64", (1964, 1964)),
        ("back in 64", (1964, 1964)),
        ("in the Fall of '64", (1964, 1964)),
        ("May of 40", (1940, 1940)),
        ("November 64", (1964, 1964)),
        ("on November 12, 1964", (1964, 1964)),
        ("they march 40 miles and fall 15 feet", None),
        ("on May 12", None),
        ("during the 1960s", (1960, 1969)),
        ("in the ’60s", (1960, 1969)),
        ("the early sixties", (1960, 1963)),
        ("file No. 1823", None),
        ("the war of 1861-65", (1861, 1865)),
        ("from 1933 to 1945", (1933, 1945)),
        ("1803 and then 1812", (1803, 1812)),
        ("64 men stood there", None),
        ("it cost $1,500.25 and 1848.5", None),
        ("1500 men marched", None),
        ("the famous 1858 debates", (1858, 1858)),
        ("throughout 1919 strikes spread", (1919, 1919)),
        ("in fiscal 1965 expenditures rose", (1965, 1965)),
        ("In 1929 Wall Street crashed", (1929, 1929)),
        ("he slept at 1600 Pennsylvania Avenue", None),
        ("room 12345", None),
        ("nothing", None),
    ],
)
def test_years_in(claim: str, years: tuple[int, int] | None) -> None:
    assert years_in(claim) == years


@pytest.mark.parametrize("text", ["June 31, 1900", "1899-13-01", "32 May 1900"])
def test_a_day_that_never_was_leaves_the_year(text):
    assert years_in(text) in {(1900, 1900), (1899, 1899)}


def test_dates_of_documents_overlap_what_is_said():
    (said,) = times("in the autumn of 1964")
    assert timex_of_date("1964-11-08").overlaps(said)
    assert timex_of_date("1964").overlaps(said)
    assert not timex_of_date("1965-01").overlaps(said)


@given(st.text(alphabet="0123456789 ,.-/'’stndrhMayJuneof", max_size=40))
def test_any_text_gives_ordered_spans_and_real_stretches(text):
    found = times(text)
    assert all(isinstance(t, Timex) and t.first <= t.last for t in found)
    assert all(not a.span.overlaps(b.span) for a, b in pairwise(found))
    assert all(t.span == Span(t.span.start, t.span.end) and t.span.of(text) for t in found)
