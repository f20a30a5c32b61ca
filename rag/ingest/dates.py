"""Dates as archives write them, uncertain ones included.

EDTF (the Extended Date/Time Format, levels 0 and 1) says how: "1964-11~" is about
November 1964, "196X" some year of the 1960s, "1964/1966" a stretch of time. What is kept
begins with a year of four digits, because everything that sorts by date or looks for a
year reads those.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from rag.dates import days_of
from rag.language import times

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?![\d-])")
_EDTF = re.compile(
    r"(?P<year>\d{4}|\d{3}X|\d{2}XX)(?:-(?P<month>\d{2}|XX)(?:-(?P<day>\d{2}|XX))?)?"
    r"(?:T[\d:.]+(?:Z|[+-]\d{2}(?::?\d{2})?)?)?(?P<mark>[?~%]?)"
)
WEB = "1991"
"""The first year from which the date of a page or e-book says when it was put on the Web."""

_ABOUT = re.compile(r"\b(?:c|ca|circa|about|abt|around)\b\.?", re.IGNORECASE)
_DOUBTED = re.compile(r"\?|\[|\b(?:before|after|probably|perhaps|undated)\b", re.IGNORECASE)
_SEASONS = range(21, 25)
"""EDTF numbers spring to winter after the months."""


def said_date(value: str) -> str:
    """Return the date that a person or an archive wrote, in EDTF or in words; "" for none.

    >>> [said_date(d) for d in ("1964-11", "10 September 1813", "c. 1850", "March-May 1848")]
    ['1964-11', '1813-09-10', '1850~', '1848-03/1848-05']
    >>> [said_date(d) for d in ("1949-1950", "[1850?]", "2011-07-04 10:00", "undated")]
    ['1949/1950', '1850?', '2011-07-04', '']
    """
    for form in (value.strip(), value.strip().partition(" ")[0]):
        if form and (form == value.strip() or len(form) == len("1964-11-02")):
            try:
                return edtf_date(form)
            except ValueError:
                continue
    found = times(value)
    if not found:
        return ""
    whole = stretch_of(min(one.first for one in found), max(one.last for one in found)) or ""
    mark = "~" if _ABOUT.search(value) else "?" if _DOUBTED.search(value) else ""
    return "/".join(f"{end}{mark}" for end in whole.split("/"))


def iso_date(value: str) -> str | None:
    """Return the date at the start of a TEI date, None if there is none in the calendar.

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
    """Return the date for a stretch between two days: a day, month or year where it is one.

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
    """The first and the last date that one EDTF date can mean, and how sure it is."""

    first: str
    last: str
    mark: str


def edtf_date(value: str) -> str:
    """Return an EDTF date in the form that is kept: it begins with four digits.

    An unspecified digit becomes the stretch that it stands for, an unspecified month or
    day is left out, and so is a time of day. Raises `ValueError`, saying why, for what is
    no date, is not in the calendar, or has no first year.

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
        raise ValueError(
            f"{text!r} has no first year to sort by; write the earliest that it can be"
        )
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
    if len(parts) == 2 and month in _SEASONS:
        month = 1
    try:
        date(year, month, day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar ({error})") from error
