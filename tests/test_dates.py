"""Uncertain dates and stretches of time, and the filters `after` and `before`."""

from __future__ import annotations

import pytest
from conftest import write_sources

from rag.build.builder import build_index
from rag.dates import days_of, edtf_date, may_be_of
from rag.finder import SourceFinder
from rag.index.local import DocumentDates


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("1964", "1964-01-01", "1964-12-31"),
        ("1964-02", "1964-02-01", "1964-02-29"),
        ("1964-11-02", "1964-11-02", "1964-11-02"),
        ("1964?", "1964-01-01", "1964-12-31"),
        ("1964~", "1963-01-01", "1965-12-31"),
        ("1964-12%", "1964-11-01", "1965-01-31"),
        ("1964-01-01~", "1963-12-31", "1964-01-02"),
        ("1964-22", "1964-06-01", "1964-08-31"),
        ("1964-24", "1964-12-01", "1965-02-28"),
        ("1964/1966", "1964-01-01", "1966-12-31"),
        ("1964-11~/1966-02", "1964-10-01", "1966-02-28"),
        ("1964/..", "1964-01-01", "9999-12-31"),
        ("0001~", "0001-01-01", "0002-12-31"),
        ("9999~", "9998-01-01", "9999-12-31"),
    ],
)
def test_the_days_that_a_date_can_mean(written, first, last):
    days = days_of(written)
    assert (str(days.first), str(days.last)) == (first, last)


@pytest.mark.parametrize("given", ["1964-11~", "196X", "1964-XX", "19XX?", "1964/1966~", "1964/.."])
def test_whatever_is_kept_can_be_compared(given):
    days = days_of(edtf_date(given))
    assert days.first <= days.last


@pytest.mark.parametrize("written", ["", "no date", "1964/", "64", "1964-1"])
def test_what_is_no_date(written):
    if written == "1964/":
        assert days_of(written).last.year == 9999
    else:
        with pytest.raises(ValueError, match="is not a date"):
            days_of(written)


@pytest.mark.parametrize(
    ("written", "after", "before", "expected"),
    [
        ("1964/1966", "1965", "1965", True),
        ("1964/1966", "1967", None, False),
        ("1964/1966", None, "1963-12-31", False),
        ("1964", "1964-06", "1964-07", True),
        ("1960/1969", "1969-12-31", None, True),
        ("1964/..", "1980", "1981", True),
        ("1964~", "1965-12", None, True),
        ("1964?", "1965-12", None, False),
        ("1964-11-02", "1964-11-02", "1964-11-02", True),
        (None, "1964", None, False),
        (None, None, None, True),
    ],
)
def test_documents_that_may_be_of_a_time(written, after, before, expected):
    assert may_be_of(written, after, before) is expected


def test_a_stretch_of_time_passes_the_filters_of_a_search(tmp_path, encoder):
    sources = write_sources(tmp_path / "sources", ["1962-Kennedy-1"])
    (sources / "loose" / "1962-Kennedy-1.yaml").write_text("date: 1960/1963-05~\n")
    build_index([sources], tmp_path / "index", encoder=encoder)
    finder = SourceFinder.open(tmp_path / "index")

    def found(**times: str) -> bool:
        return bool(finder.find_sources("a man on the moon", **times))

    assert found(after="1961", before="1961-06-30")
    assert found(after="1963-06-30")
    assert not found(after="1963-07-01")
    assert not found(before="1959")


@pytest.mark.parametrize("date", ["00XX", "000X", "0000", "00XX/1964"])
def test_a_year_that_no_calendar_has_is_refused(date: str) -> None:
    with pytest.raises(ValueError, match="calendar"):
        edtf_date(date)


@pytest.mark.parametrize("date", ["9999-24", "9999-12~", "1964/9999-24", "0001-01~", "9999~"])
def test_every_date_that_is_kept_has_days(date: str) -> None:
    days = days_of(edtf_date(date))
    assert days.first <= days.last


def test_an_index_opens_whatever_date_an_older_version_let_in() -> None:
    dates = DocumentDates(["0000/0099", "1964-11-02", None])
    near, far = dates.nearness([("1964-11-02", "1964-11-02")], [])
    assert near.tolist() == [0, 1, 0]
    assert far.tolist() == [1, 1, 1]
