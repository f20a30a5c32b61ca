"""Dates as archives write them, the days that they may mean, and whether those are within a time.

They are in EDTF (the Extended Date/Time Format, levels 0 and 1): "1964", "1964-11-02", "1964-22"
(summer), "196X" (some year of the 1960s), "1964/1966", "1964/..", with "~" for about, "?" for
uncertain, "%" for both. A stored date begins with a year of four digits, because everything that
sorts by date or looks for a year reads those.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?([?~%]?)")
_SEASON_STARTS = {21: 3, 22: 6, 23: 9, 24: 12}
"""EDTF numbers the seasons 21 to 24, from spring to winter."""

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?![\d-])")
_EDTF = re.compile(
    r"(?P<year>\d{4}|\d{3}X|\d{2}XX)(?:-(?P<month>\d{2}|XX)(?:-(?P<day>\d{2}|XX))?)?"
    r"(?:T[\d:.]+(?:Z|[+-]\d{2}(?::?\d{2})?)?)?(?P<mark>[?~%]?)"
)
WEB = "1991"
"""The first year from which the date of a page or e-book is that of its publication on the Web."""


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last possible day, both included."""

    first: date
    last: date

    def overlaps(self, other: Days) -> bool:
        """Return whether the two share a day."""
        return self.first <= other.last and other.first <= self.last


def days_of(written: str) -> Days:
    """Return the days that a stored date may mean.

    About 1964 is 1963 to 1965; about a month or a day is one more of them on each side; an
    uncertain date ("?") counts as written; a range without an end has none. Raises `ValueError` for
    anything else.

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
    """Return whether a document's date is or may be within a time, both ends included.

    `after`, `before`: a year, a month or a day, None for no bound. An undated document is in no
    time.
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
        raise ValueError(f"{written!r} is not a date")
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
        raise ValueError(f"{written!r} is not a date: there is no month {month}")
    length = 3 if month in _SEASON_STARTS else 1
    start = 12 * year + _SEASON_STARTS.get(month, month) - 1
    return Days(_first_of(start - about), _last_of(start + length - 1 + about))


def _first_of(months: int) -> date:
    year, month = divmod(max(months, 12 * MINYEAR), 12)
    return date(year, month + 1, 1)


def _last_of(months: int) -> date:
    year, month = divmod(min(months, 12 * MAXYEAR + 11), 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def iso_date(value: str) -> str | None:
    """Return the date at the beginning of a TEI date, None if it is not in the calendar.

    >>> iso_date("1965-04-09T11:00:00-05:00"), iso_date("1964-11"), iso_date("1949-02-31")
    ('1965-04-09', '1964-11', None)
    """
    found = _DAY.match(value.strip())
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return found[0]


def stretch_of(first: str | None, last: str | None) -> str | None:
    """Return the date of a range between two days, as a day, month or year if it is exactly one.

    >>> stretch_of("1950-03-01", "1950-03-31"), stretch_of("1949-01-01", "1950-12-31")
    ('1950-03', '1949/1950')
    >>> stretch_of("1950-03-05", None), stretch_of(None, "1950-03-05")
    ('1950-03-05/..', '1950?')
    """
    if first is None:
        return f"{last[:4]}?" if last else None
    if last is None:
        return f"{first}/.."
    if first == last or last < first:
        return first
    begin, end = first, last
    if len(first) == len(last) == len("1950-03-01"):
        ends_month = int(last[8:]) == calendar.monthrange(int(last[:4]), int(last[5:7]))[1]
        if first[8:] == "01" and ends_month:
            begin, end = first[:7], last[:7]
            if begin[5:] == "01" and end[5:] == "12":
                begin, end = begin[:4], end[:4]
    return begin if begin == end else f"{begin}/{end}"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The first and the last date that an EDTF date may mean, and how sure it is."""

    first: str
    last: str
    mark: str


def edtf_date(value: str) -> str:
    """Return an EDTF date as it is stored, beginning with four digits.

    An unspecified digit becomes a range; an unspecified month or day, and a time of day, are left
    out. Raises `ValueError`, with the reason, for anything that is no date, is not in the calendar,
    or has no first year.

    >>> [edtf_date(d) for d in ("1964-11~", "196X", "1964-XX", "1964/1966", "1964/..")]
    ['1964-11~', '1960/1969', '1964', '1964/1966', '1964/..']
    """
    text = value.strip()
    kept = _kept(text)
    try:
        days_of(kept)
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar ({error})") from error
    return kept


def _kept(text: str) -> str:
    first, slash, last = text.partition("/")
    if slash and first in {"", ".."}:
        raise ValueError(f"{text!r} has no first year to sort by; write the earliest possible one")
    begin = _stretch(first)
    if not slash:
        whole = f"{begin.first}{begin.mark}"
        return whole if begin.first == begin.last else f"{whole}/{begin.last}{begin.mark}"
    start = f"{begin.first}{begin.mark}"
    if last in {"", ".."}:
        return f"{start}/.."
    end = _stretch(last)
    shared = min(len(begin.first), len(end.last))
    if begin.first[:shared] > end.last[:shared]:
        raise ValueError(f"{text!r} ends before it begins")
    return f"{start}/{end.last}{end.mark}"


def _stretch(text: str) -> _Stretch:
    found = _EDTF.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a date; write it as 1964, 1964-11, 1964-11-02, 1964-11~ (about), "
            "1964? (uncertain), 196X or 1964/1966"
        )
    year, month, day, mark = found.group("year", "month", "day", "mark")
    if "X" in year:
        if month:
            raise ValueError(f"{text!r} has a month but no certain year; leave the month out")
        return _Stretch(year.replace("X", "0"), year.replace("X", "9"), mark)
    if month == "XX" and day not in {None, "XX"}:
        raise ValueError(f"{text!r} has a day but no month; leave the day out")
    known = [part for part in (year, month, day) if part and part != "XX"]
    _check_calendar(text, known)
    return _Stretch("-".join(known), "-".join(known), mark)


def _check_calendar(text: str, parts: list[str]) -> None:
    year, month, day = (*map(int, parts), *[1] * (3 - len(parts)))
    if len(parts) == 2 and month in _SEASON_STARTS:
        month = 1
    try:
        date(year, month, day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar ({error})") from error
