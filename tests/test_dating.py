"""How near documents' dates are to a claim's times."""

from __future__ import annotations

import numpy as np
import pytest

from rag.index.local import DAYS_NEAR, YEARS_FAR, DocumentDates
from rag.retrieval import times_and_days

DATES = ["1959-03-12", "1959-03-14", "1959-04-30", "1964", None, "1959-03"]


def nearness(claim: str, dates=DATES):
    near, years = DocumentDates(dates).nearness(*times_and_days(claim))
    return near.tolist(), years.tolist()


def test_a_day_is_near_itself_and_less_so_the_days_after():
    near, years = nearness("They met on March 12, 1959.")
    assert near == [1, pytest.approx(1 - 2 / DAYS_NEAR), 0, 0, 0, 0]
    assert years[0] == years[5] == 1
    assert years[3] == pytest.approx(1 - 5 / YEARS_FAR, abs=0.05)
    assert years[4] == 1  # nothing is known of a document without a date


def test_a_day_without_a_year_is_near_that_day_of_any():
    near, years = nearness("They met on the 12th of March.", [*DATES, "1903-03-12"])
    assert near[0] == near[6] == 1
    assert near[2:6] == [0, 0, 0, 0]
    assert years == [1] * 7


def test_the_year_turns():
    near, _ = nearness("They met on December 31.", ["1960-01-01", "1960-06-01"])
    assert near == [pytest.approx(1 - 1 / DAYS_NEAR, abs=0.05), 0]


def test_a_day_with_its_year_is_not_near_that_day_of_another():
    near, _ = nearness("They met on March 12, 1959.", ["1903-03-12"])
    assert near == [0]


def test_a_month_is_near_all_its_days():
    near, _ = nearness("It was in March 1959.")
    assert near[:3] == [1, 1, 0]


def test_a_claim_without_a_time_prefers_nothing():
    near, years = nearness("Gold was found.")
    assert not any(near)
    assert years == [1] * len(DATES)


def test_far_is_far():
    _, years = nearness("In 1848 gold was found.", ["1848-12-05", "1858", "1964-10-14"])
    assert years[0] == 1
    assert 0.4 < years[1] < 0.6
    assert years[2] == 0


@pytest.mark.parametrize("claim", ["On February 30, 1959", "on the 31st of June"])
def test_days_that_are_not_in_the_calendar(claim):
    near, years = DocumentDates(DATES).nearness(*times_and_days(claim))
    assert np.isfinite(near).all()
    assert not near.any()
    assert np.isfinite(years).all()


def test_no_documents():
    near, years = DocumentDates([]).nearness(*times_and_days("On March 12, 1959"))
    assert near.shape == years.shape == (0,)
