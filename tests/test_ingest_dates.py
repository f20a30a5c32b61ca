"""Dates of the Extended Date/Time Format, in the form that is kept."""

from __future__ import annotations

import pytest

from rag.dates import edtf_date


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1964", "1964"),
        ("1964-11", "1964-11"),
        (" 1964-11-02 ", "1964-11-02"),
        ("1964-11-02T10:30:00Z", "1964-11-02"),
        ("1964-11-02T10:30:00+02:00", "1964-11-02"),
        ("1964-11~", "1964-11~"),
        ("1964?", "1964?"),
        ("1964%", "1964%"),
        ("196X", "1960/1969"),
        ("19XX", "1900/1999"),
        ("196X~", "1960~/1969~"),
        ("1964-XX", "1964"),
        ("1964-11-XX", "1964-11"),
        ("1964-XX-XX", "1964"),
        ("1964-21", "1964-21"),
        ("1964/1966", "1964/1966"),
        ("1964-11~/1966?", "1964-11~/1966?"),
        ("1964-02/1964-02-29", "1964-02/1964-02-29"),
        ("196X/197X", "1960/1979"),
        ("1964/..", "1964/.."),
        ("1964/", "1964/.."),
    ],
)
def test_what_is_kept_begins_with_its_first_year(written, kept):
    assert edtf_date(written) == kept
    assert kept[:4].isdigit()
    # What is kept is itself a date of this kind, with the same meaning.
    assert edtf_date(kept) == kept


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "not a date"),
        ("November 1964", "not a date"),
        ("1964-1-2", "not a date"),
        ("64", "not a date"),
        ("1X64", "not a date"),
        ("1964/1966/1968", "not a date"),
        ("Y17000", "not a date"),
        ("1964-13", "calendar"),
        ("1964-21-01", "calendar"),
        ("1963-02-29", "calendar"),
        ("0000", "calendar"),
        ("196X-11", "no certain year"),
        ("1964-XX-02", "no month"),
        ("1966/1964", "ends before"),
        ("1964-11/1964-10-31", "ends before"),
        ("../1964", "no first year"),
        ("/1964", "no first year"),
    ],
)
def test_what_is_no_date_is_refused_with_the_reason(written, reason):
    with pytest.raises(ValueError, match=reason):
        edtf_date(written)
