"""How near the dates of documents are to the times that a claim names.

A record of what happened on March 12 is dated that day or shortly after; a claim about 1848
is seldom borne out by a source of 1964. A document without a date, and a claim without a
time, are neither near nor far.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Floats
from rag.dates import Days, days_of

DAYS_NEAR = 8
"""So many days after or before, a document is no longer near a day."""

YEARS_FAR = 20
"""From so many years on, a document is as far from a claim's time as it can be."""

_LEAP_YEAR = 2000
_DAYS_IN_YEAR = 366
_UNKNOWN = np.iinfo(np.int64).min // 4


class DocumentDates:
    """The dates of an index's documents, ready to be compared with a claim's."""

    def __init__(self, dates: Sequence[str | None]) -> None:
        stretches = list(map(_known_days, dates))
        self._first = _numbers(s.first.toordinal() if s else _UNKNOWN for s in stretches)
        self._last = _numbers(s.last.toordinal() if s else _UNKNOWN for s in stretches)
        self._known = self._first != _UNKNOWN
        self._day = _numbers(
            day_of_year(f"{s.first:%m-%d}") if s and s.first == s.last else _UNKNOWN
            for s in stretches
        )

    def nearness(
        self, named: Sequence[tuple[str, str]], days: Sequence[str]
    ) -> tuple[Floats, Floats]:
        """Return for each document how near it is to the claim's days and to its years; `named`
        and `days` are the `times` and the `days` of a `Query`.

        Days: 1 on a day that the claim names, with or without its year, down to 0 at
        `DAYS_NEAR`; 0 where it names none. Years: 1 within a time that the claim names or
        where nothing is known, down to 0 at `YEARS_FAR`.
        """
        near = np.zeros(len(self._first), np.float32)
        for first, last in named:
            if first[:7] == last[:7]:  # a day or a month
                apart = np.where(self._day == _UNKNOWN, np.inf, self._apart(first, last))
                near = np.maximum(near, _falling(apart, DAYS_NEAR))
        for day in days:
            apart = np.abs(self._day - day_of_year(day)).astype(float)
            apart = np.minimum(apart, np.abs(_DAYS_IN_YEAR - apart))
            near = np.maximum(near, _falling(apart, DAYS_NEAR))
        if not named:
            return near, np.ones_like(near)
        years = np.min([self._apart(*time) for time in named], axis=0) / _DAYS_IN_YEAR
        return near, np.where(self._known, _falling(years, YEARS_FAR), 1).astype(np.float32)

    def _apart(self, start: str, end: str) -> NDArray[np.float64]:
        """Return the days between each document and a time, 0 where they overlap."""
        before = _ordinal(start) - self._last
        after = self._first - _ordinal(end)
        return np.maximum(np.maximum(before, after), 0).astype(np.float64)


def _known_days(written: str | None) -> Days | None:
    """Return the days of a date, None without one, and for one that an older version let in."""
    try:
        return days_of(written) if written else None
    except ValueError:
        return None


def _numbers(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _falling(apart: NDArray[np.float64], far: int) -> Floats:
    return np.clip(1 - apart / far, 0, 1).astype(np.float32)


def _ordinal(date: str) -> int:
    return datetime.date.fromisoformat(date).toordinal()


def day_of_year(month_and_day: str) -> int:
    """Return the number of a day ("03-12") in a leap year; one far from all others where the
    calendar has no such day."""
    try:
        date = datetime.date.fromisoformat(f"{_LEAP_YEAR}-{month_and_day}")
    except ValueError:
        return 10 * _DAYS_IN_YEAR
    return date.timetuple().tm_yday
