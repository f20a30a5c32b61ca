"""The days that a document's date can mean, and whether a document may be of a time.

Dates are kept as EDTF writes them (see `ingest.dates`): "1964", "1964-11-02", "1964-22"
(summer), "1964/1966", "1964/..", with "~" for about, "?" for uncertain, "%" for both.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?([?~%]?)")
_SEASON_STARTS = {21: 3, 22: 6, 23: 9, 24: 12}


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day that something can be of, both included."""

    first: date
    last: date

    def overlaps(self, other: Days) -> bool:
        """Return whether the two have a day in common."""
        return self.first <= other.last and other.first <= self.last


def days_of(written: str) -> Days:
    """Return the days that a date as it is kept can mean.

    About 1964 is 1963 to 1965, about a month or a day is one more of them on each side; an
    uncertain date ("?") counts as it is written, and a stretch without end has none.
    Raises `ValueError` for anything else.

    >>> days = days_of("1964-11/1966")
    >>> str(days.first), str(days.last)
    ('1964-11-01', '1966-12-31')
    >>> str(days_of("1964~").first)
    '1963-01-01'
    """
    first, slash, last = written.partition("/")
    begin = _single(first)
    if not slash:
        return begin
    return Days(begin.first, date.max if last in {"", ".."} else _single(last).last)


def may_be_of(written: str | None, after: str | None, before: str | None) -> bool:
    """Return whether a document's date lies, or can lie, in a time; both ends included.

    `after`, `before`: a year, a month or a day, None for no bound. Undated documents are in
    no time.
    """
    if after is None and before is None:
        return True
    if written is None:
        return False
    first = days_of(after).first if after is not None else date.min
    last = days_of(before).last if before is not None else date.max
    return days_of(written).overlaps(Days(first, last))


def describe_dates(dates: Sequence[str | None]) -> str:
    """Return the years that dates span: "1790–2026", "1823", or "" without any.

    >>> describe_dates(["1823-12-02", None, "1790"])
    '1790–1823'
    """
    years = sorted(date[:4] for date in dates if date)
    if not years:
        return ""
    return years[0] if years[0] == years[-1] else f"{years[0]}–{years[-1]}"


def _single(written: str) -> Days:
    found = _DATE.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no date")
    year, month, day = (int(part or 0) for part in found.group(1, 2, 3))
    about = found[4] in {"~", "%"}
    if day:
        middle = date(year, month, day).toordinal()
        first, last = max(middle - about, 1), min(middle + about, date.max.toordinal())
        return Days(date.fromordinal(first), date.fromordinal(last))
    if not month:
        first, last = max(year - about, MINYEAR), min(year + about, MAXYEAR)
        return Days(date(first, 1, 1), date(last, 12, 31))
    if month > 12 and month not in _SEASON_STARTS:
        raise ValueError(f"{written!r} is no date: there is no month {month}")
    length = 3 if month in _SEASON_STARTS else 1
    start = 12 * year + _SEASON_STARTS.get(month, month) - 1
    return Days(_first_of(start - about), _last_of(start + length - 1 + about))


def _first_of(months: int) -> date:
    year, month = divmod(max(months, 12 * MINYEAR), 12)
    return date(year, month + 1, 1)


def _last_of(months: int) -> date:
    year, month = divmod(min(months, 12 * MAXYEAR + 11), 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])
