"""Expressions of time in a text: "the 2d of February, 1848", "in the autumn of 64", "mid-1950".

Each is normalised to a first and a last day, so that a claim can be compared with a source, and
with the date of the document it is in. (TIMEX is the literature's name for such expressions: Setzer
and Gaizauskas 2000.)
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rag.datatypes import Span
from rag.dates import days_of, edtf_date, stretch_of
from rag.language.calendars import (
    DAY_WORDS,
    LAST_OLD_YEAR,
    NEW_YEAR,
    archive_dates,
    day_number,
    in_new_style,
    is_old_style,
    numeric_dates,
    one_year_later,
    relative_dates,
)
from rag.language.tokens import MONTHS, table

_MONTH_NUMBERS = {month.casefold(): n for n, month in enumerate(MONTHS, start=1)} | {
    month[:3].casefold(): n for n, month in enumerate(MONTHS, start=1)
}
_MONTH_NUMBERS["sept"] = 9
# With a capital: people march, may and fall.
_NAMES = "|".join([*MONTHS, *(month.upper() for month in MONTHS)])  # not "may" and "march"
_TABLE = table("calendar")
_SHORTENED = {name: int(n) for n, names in _TABLE["shortened"].items() for name in names.split()}
_MONTH_NUMBERS |= {name.casefold(): n for name, n in _SHORTENED.items()}
_SHORT = "|".join([*(month[:3] for month in MONTHS), "Sept", *_SHORTENED])
_MONTH_NAME = rf"(?-i:{_NAMES}|(?:{_SHORT})[.:]?)"
_MONTH = rf"(?P<month>{_MONTH_NAME})"
_DAY = r"(?P<day>[0-3]?\d)(?i:st|nd|rd|th|d)?"
_PAIR = (
    r"(?:(?P<firstday>[0-3]?\d)(?i:st|nd|rd|th|d)?"
    r"(?:\s?[-–/]\s?|\s+(?P<between>(?i:to|until|till|and|or|&))\s+(?i:the\s+)?))?"
)
# The second year of "1648/9", "1648-9", "1706[/7]" or "1706 (1707)" is only checked: if it is not
# the next one, it may be another date ("31 Dec. 1688/10 Jan. 1689").
_YEAR = (
    r"(?P<year>1[0-9]\d\d|20\d\d)"
    r"(?:(?=(?P<double>\s?\[?[/|⁄]\s?|\s?\[?[-–]|\s?[(\[](?=\d+[)\]]))(?P<newyear>\d{4}|\d{1,2})"
    r"(?P<close>[)\]]?)(?![\d/])))?"
)
_SHORT_YEAR = r"(?:(?P<shortyear>\d\d)(?![\d,.]\d|\d|(?:st|nd|rd|th)\b))"
_PART = r"(?:(?P<part>early|late|mid|the (?:beginning|start|middle|end|close) of)[-\s]+)?"
_SEASONS: dict[str, list[int]] = _TABLE["seasons"]
_SEASON = rf"(?P<season>{'|'.join(_SEASONS)})"
_DECADES = {word: 10 * n for n, word in enumerate(_TABLE["decades"].split(), start=2)}
_CENTURIES = {word: n for n, word in enumerate(_TABLE["centuries"].split(), start=11)}

_ANNO = (
    r"(?i:of\s+|(?:in\s+)?(?:the\s+)?year(?:\s+of\s+our\s+Lord)?,?\s+"
    r"|anno(?:\s+domini)?,?\s+|A\.?\s?D\.?\s+)"
)
_IN_STYLE = r"(?:\s*[(\[](?:[ON]\.?\s?S\.?|(?i:(?:old|new)\s+style))[)\]])?"
_OF_YEAR = rf"(?:{_IN_STYLE},?\s+{_ANNO}?{_YEAR}\b)?"
_DAYS = [
    re.compile(rf"\b{_YEAR}-(?P<isomonth>[01]\d)-(?P<isoday>[0-3]\d)\b"),
    re.compile(rf"\b{_YEAR},?\s+{_MONTH}\s+{_DAY}\b(?!\.?,?\s*\d)"),
    re.compile(rf"\b{_PAIR}{_DAY}\s+(?i:day\s+)?(?i:of\s+)?{_MONTH}(?!\w)(?!\s+\d\d?\b){_OF_YEAR}"),
    re.compile(rf"\b{_DAY}\.\s+{_MONTH}(?!\w)\s+{_YEAR}\b"),
    re.compile(
        rf"\b{_MONTH}\s+(?i:the\s+|y[eᵉ]\s+)?{_PAIR}{_DAY}\b"
        rf"(?!\s+{_MONTH_NAME}(?!\w))(?:\.(?=\s1\d\d\d\b))?{_OF_YEAR}"
    ),
]
"""Days. The forms without a year before them or a dot may also have no year at all."""

_DAYS_IN_WORDS = [
    re.compile(rf"\b(?P<day>(?i:{DAY_WORDS}))\s+(?i:day\s+)?of\s+{_MONTH}(?!\w)"),
    re.compile(rf"\b{_MONTH}\s+(?:the\s+)?(?P<day>(?i:{DAY_WORDS}))\b"),
]
_DAYS_BEFORE = re.compile(r"(?:\b[0-3]?\d(?:st|nd|rd|th|d)?,\s+)+(?:(?:and|or)\s+(?:the\s+)?)?$")
_STRETCH = r"[-–]|(?:to|until|till|through)\s"
_NEXT_DAY = re.compile(
    rf"\s*(?:(?P<through>{_STRETCH})|(?:,\s*)?(?:and|or|&)\s|,)\s*(?:on\s+)?(?:the\s+)?"
    rf"(?:(?P<month>{_MONTH_NAME})\s+)?(?P<day>[0-3]?\d)(?:st|nd|rd|th|d)?\b(?![,.]?\d)"
    rf"(?!\s+(?:day\s+)?(?:of\s+)?{_MONTH_NAME}(?!\w))"
)

_PATTERNS = _DAYS + [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<holiday>New Year|Christmas)(?:['’]s)?(?:\s+(?:Day|Eve))?,?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b(?P<firstmonth>{_MONTH_NAME})(?:\s?[-–/]\s?|\s+(?:to|until|till|through|and)\s+)"
        rf"{_MONTH},?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b{_PART}{_MONTH},?\s+(?:of\s+)?(?:{_YEAR}\b|['’]{_SHORT_YEAR})",
        rf"\b{_MONTH}\s+(?:of\s+{_SHORT_YEAR}|(?P<lateyear>3[2-9]|[4-9]\d)(?!\d|[.,]\d))",
        rf"\b{_PART}{_SEASON},?\s+(?:of\s+)?(?:{_YEAR}\b|(?:(?<=of\s)|['’]){_SHORT_YEAR})",
        r"\bback in ['’]?(?P<backyear>\d\d)(?!\d|[.,]\d)",
        r"\b(?:(?:from|between)\s+)?(?P<from>1[0-9]\d\d|20\d\d)"
        r"(?:\s?[-–—]\s?|(?<=from\s\d{4})\s+(?:to|until|till|through)\s+"
        r"|(?<=between\s\d{4})\s+and\s+)(?P<to>\d{4}|\d\d?)\b(?!-)",
        rf"\b{_PART}(?P<decade>1[0-9]\d0|20\d0|['’]?(?=[2-9]0)\d0)['’]?s\b",
        rf"\b(?:the|in(?!\s+(?:his|her|their|my|your|its)))\s+(?:\w+\s+)?"
        rf"(?P<worddecade>{'|'.join(_DECADES)})\b",
        rf"\b{_PART}(?:(?P<century>\d\d)(?:st|nd|rd|th)|(?P<wordcentury>{'|'.join(_CENTURIES)}))"
        rf"[-\s]century\b",
        r"(?<![\w])['’](?P<aloneyear>\d\d)(?!\d|['’]?s\b)",
        rf"(?<![$£€\d.,])(?<!No\. )\b{_PART}{_YEAR}\b(?!,\d|\.\d|\s*%)",
    )
]
_PLAIN_YEAR = _PATTERNS[-1]
_BEFORE_CHRIST = re.compile(r"(?:\s*(?:[-–—]|to|and)\s*\d+)?\s*,?\s?B\.?\s?C\.?(?:\s?E\.?)?(?!\w)")
_NUMBERED = re.compile(rf"\b(?:{'|'.join(_TABLE['numbered'].split())})\s+$")
_IN_STREET = re.compile(rf"\s+(?:[A-Z]\w*\.?\s+){{1,3}}(?:{'|'.join(_TABLE['streets'].split())})\b")
_SHORT_NAMES = {"shortyear", "lateyear", "backyear", "aloneyear"}
_COUNTED = re.compile(
    r"\s+(?:[a-z]+\s+)?(?:men|people|persons|dollars|miles|tons|acres|troops|soldiers|votes|feet|"
    r"ships|pounds|pages|years|officers|sailors|seamen|volumes|barrels|bales|bushels)\b"
)
# Not "the last year of the war", and not "the last year", which are twelve months.
_LAST_YEAR = re.compile(r"(?<!\bthe )\blast year\b(?! of)", re.IGNORECASE)
_YESTERDAY = re.compile(r"\b(?:yesterday|last (?:night|evening))\b", re.IGNORECASE)
_OUR_CENTURY = 2000
_SHORT_CENTURY = 1900
"""The year to which "64" and "the sixties" are added."""

_THIRDS = {"early": 0, "beginning": 0, "start": 0, "mid": 1, "middle": 1}


@dataclass(frozen=True, slots=True)
class Timex:
    """An expression of time: its span, and the first and last day that it may mean.

    `first`, `last`: ISO dates, "1848-02-02". A season is three months, "early 1934" the first five,
    a decade ten years.
    """

    span: Span
    first: str
    last: str
    other: tuple[tuple[str, str], ...] = ()
    """A second reading: the Old Style days of "30 January 1648/9"."""
    unsure: tuple[tuple[str, str], ...] = ()
    """A less likely reading: 12 July for "12/7/1941"."""

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year."""
        return int(self.first[:4]), int(self.last[:4])

    def overlaps(self, other: Timex) -> bool:
        """Return whether the two may mean the same day."""
        return any(
            first <= other_last and other_first <= last
            for first, last in ((self.first, self.last), *self.other, *self.unsure)
            for other_first, other_last in ((other.first, other.last), *other.other, *other.unsure)
        )


def times(text: str, *, in_figures: bool = False) -> list[Timex]:
    """Return the expressions of time in `text` that name a year, in order.

    A number that counts something ("1,800 men", "1500 miles"), names a thing ("Resolution 1441") or
    is a year before Christ is left out. `in_figures`: read "12/7/1941" as a day, and "11/22/63" as
    a day of any century; otherwise the former is only a year and the latter nothing.

    >>> [(t.first, t.last) for t in times("on the 2d of February, 1848")]
    [('1848-02-02', '1848-02-02')]
    >>> [t.years for t in times("in the autumn of 64 and the late 1930s; 1500 miles")]
    [(1964, 1964), (1936, 1939)]
    """
    found: list[Timex] = []
    for a, b, first, last in archive_dates(text):
        if not any(Span(a, b).overlaps(other.span) for other in found):
            found.append(Timex(Span(a, b), first, last))
    for a, b, (day, *others), turned in numeric_dates(text) if in_figures else ():
        if not any(Span(a, b).overlaps(other.span) for other in found):
            other, unsure = (tuple((d, d) for d in days) for days in (others, turned))
            found.append(Timex(Span(a, b), day, day, other, unsure))
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            span = Span(match.start(), match.end("close") if _is_double(match) else match.end())
            if any(span.overlaps(other.span) for other in found):
                continue
            if _BEFORE_CHRIST.match(text, match.end()):
                continue
            if pattern is _PLAIN_YEAR and _is_count(text, span):
                continue
            for first, last in _stretch(match):
                found.append(_in_both_styles(match, Timex(span, first, last)))
    return sorted(found, key=lambda timex: timex.span)


def relative_times(text: str, written: str | None) -> list[Timex]:
    """Return the times in a letter that are relative to its own date: "the 16th ult.", "in December
    last", "on March 4", "yesterday", "last year".

    `written`: the letter's date. Without it, or if it leaves the month open, there are none.
    """
    if written is None:
        return []
    dated = timex_of_date(written)
    if dated.first[:7] != dated.last[:7]:
        return []
    relative = [
        Timex(Span(a, b), first, last) for a, b, first, last in relative_dates(text, dated.first)
    ]
    relative += [
        Timex(Span(*m.span()), *_days(dated.years[0] - 1)) for m in _LAST_YEAR.finditer(text)
    ]
    if dated.first == dated.last:
        day = (date.fromisoformat(dated.first) - timedelta(1)).isoformat()
        relative += [Timex(Span(*match.span()), day, day) for match in _YESTERDAY.finditer(text)]
    days = _days_of_its_year(text, dated)
    return [
        *relative,
        *(day for day in days if not any(day.span.overlaps(t.span) for t in relative)),
    ]


def _days_of_its_year(text: str, dated: Timex) -> Iterator[Timex]:
    """Yield the days in a letter that name no year: in its own year, or the last such day before
    it."""
    for match in (match for pattern in _DAYS for match in pattern.finditer(text)):
        month, day = _month_and_day(match.groupdict())
        years = [year for year in (dated.years[0], dated.years[0] - 1) if _is_day(year, month, day)]
        named = [_days(year, month, day) for year in years]
        if match["year"] or not named:
            continue
        if named[0][0] <= dated.last:
            named = named[:1]
        yield Timex(Span(*match.span()), *named[0], other=tuple(named[1:]))


def _is_day(year: int, month: int, day: int) -> bool:
    return 0 < day <= calendar.monthrange(year, month)[1]


def _is_count(text: str, year: Span) -> bool:
    """Return whether four figures count something, or number a thing or a house: "1600 Pennsylvania
    Avenue", but not "in 1929 Wall Street crashed"."""
    before = text[max(0, year.start - 30) : year.start].casefold()
    at_house = before.endswith("at ") and _IN_STREET.match(text, year.end)
    return bool(_COUNTED.match(text, year.end) or at_house or _NUMBERED.search(before))


def _is_double(match: re.Match[str]) -> bool:
    """Return whether a date names two years, as early months before 1752 and accounting years do:
    "1648/9"."""
    said = match.groupdict()
    if not (new := said.get("newyear")):
        return False
    year = int(said["year"] or 0)
    follows = str(year + 1).endswith(new)
    if "/" in said["double"] or "⁄" in said["double"]:
        return follows or (len(new) == len("1966") and int(new) > year)
    return follows and year < LAST_OLD_YEAR


def _in_both_styles(match: re.Match[str], timex: Timex) -> Timex:
    """Return a time with its other reading where it gives both styles ("1648/9") or says Old
    Style."""
    is_day = timex.first == timex.last
    if _is_double(match):
        year, double = int(timex.first[:4]), match["newyear"]
        if not str(year + 1).endswith(double):
            return replace(timex, last=f"{double}-12-31")
        if timex.first[5:] == "01-01" and timex.last[5:] == "12-31":
            return replace(timex, last=f"{year + 1}-12-31")  # a year of accounts
        if timex.first[5:] >= NEW_YEAR:
            return timex
        new = one_year_later(timex.first), one_year_later(timex.last)
        shifted = [(in_new_style(new[0]),) * 2] if is_day else []
        return Timex(timex.span, *new, other=((timex.first, timex.last), *shifted))
    if is_day and is_old_style(match.string, match.end(), match[0]):
        return replace(timex, other=((in_new_style(timex.first),) * 2,))
    return timex


def days(text: str) -> list[str]:
    """Return the days that `text` names: "02-02" for each, and "1848-02-02" for one with its year.

    >>> days("from March 12 to 1 Apr. 1959")
    ['04-01', '03-12', '1959-04-01']
    """
    said = [match.groupdict() for pattern in _DAYS for match in pattern.finditer(text)]
    named = [(_month_and_day(groups), groups["year"]) for groups in said]
    known = [(f"{month:02}-{day:02}", year) for (month, day), year in named if 1 <= day <= 31]
    with_year = [f"{year}-{day}" for day, year in known if year]
    return list(dict.fromkeys([*(day for day, _ in known), *with_year]))


def days_named(text: str) -> list[tuple[Span, str]]:
    """Return the days of a month in a text, with or without a year: span and "MM-DD".

    >>> [day for _, day in days_named("March 12, on the 6th and 7th of May, the fourth of July")]
    ['03-12', '05-06', '05-07', '07-04']
    """
    found = set()
    for match in (m for pattern in (*_DAYS, *_DAYS_IN_WORDS) for m in pattern.finditer(text)):
        said = match.groupdict()
        month, _ = _month_and_day({**said, "day": None})
        first, last = (day_number(said.get(key) or "") for key in ("firstday", "day"))
        last = last or int(said.get("isoday") or 0)
        goes_through = first and said["between"] not in {"and", "or", "&"}
        named = range(first, last + 1) if goes_through else (first or last, last)
        found |= {(Span(*match.span()), month, day) for day in named}
        if said.get("month") and match.start("month") < match.start("day"):
            found |= set(_days_behind(match, month, last))
        elif row := _DAYS_BEFORE.search(text, max(0, match.start() - 40), match.start()):
            span = Span(row.start(), match.end())
            found |= {(span, month, int(day)) for day in re.findall(r"\d+", row[0])}
    return sorted((span, f"{month:02}-{day:02}") for span, month, day in found if month)


def _days_behind(first: re.Match[str], month: int, day: int) -> Iterator[tuple[Span, int, int]]:
    """Yield the further days of a list or range: 2, 3 and 5 for "July 1, 2, 3 and 5"."""
    end = first.end()
    while match := _NEXT_DAY.match(first.string, end):
        end, before, day = match.end(), day, int(match["day"])
        same = _month_and_day(match.groupdict())[0] in {0, month}
        if not same or day <= before:
            return
        for named in range(before + 1 if match["through"] else day, day + 1):
            yield Span(first.start(), end), month, named


def years_in(text: str) -> tuple[int, int] | None:
    """Return the first and the last year that a text names, None if it names none.

    >>> years_in("Zhou came in the autumn of 64"), years_in("in the 1960s"), years_in("64 men")
    ((1964, 1964), (1960, 1969), None)
    """
    named = [year for timex in times(text) for year in timex.years]
    return (min(named), max(named)) if named else None


def timex_of_date(date: str) -> Timex:
    """Return the days that a document's date may mean, also if it is uncertain or a range."""
    days = days_of(date)
    return Timex(Span(0, len(date)), days.first.isoformat(), days.last.isoformat())


def _stretch(match: re.Match[str]) -> Iterator[tuple[str, str]]:
    """Yield the first and last day of an expression; nothing if it is no date."""
    said = {name: value for name, value in match.groupdict().items() if value}
    part = said.get("part", "")
    if "from" in said:
        first, last = said["from"], said["to"]
        last = first[: 4 - len(last)] + last
        if int(first) < int(last) <= int(first) + 150:
            yield f"{first}-01-01", f"{last}-12-31"
        return
    if "decade" in said or "worddecade" in said:
        if "decade" in said:
            digits = said["decade"].strip("'’")
            start = int(digits) if len(digits) == 4 else _SHORT_CENTURY + int(digits)
        else:
            start = _SHORT_CENTURY + _DECADES[said["worddecade"].casefold()]
            part = match.group().split()[1] if len(match.group().split()) > 2 else ""
        # "The 1800s" are the century; "the 2000s" are only ten years as yet.
        is_century = start % 100 == 0 and start < _OUR_CENTURY and "decade" in said
        yield _years(start, 100 if is_century else 10, part)
        return
    if "century" in said or "wordcentury" in said:
        number = int(said.get("century") or _CENTURIES[said["wordcentury"].casefold()])
        yield _years(100 * (number - 1) + 1, 100, part)
        return
    if not any(name.endswith("year") for name in said):
        return  # a day of any year
    short = next((value for name, value in said.items() if name in _SHORT_NAMES), None)
    year = _SHORT_CENTURY + int(short) if short else int(said["year"])
    if "season" in said:
        yield _season(said["season"].casefold(), year)
        return
    if "holiday" in said:
        yield (
            (f"{year}-12-24", f"{year}-12-26")
            if said["holiday"].casefold() == "christmas"
            else (f"{year - 1}-12-31", f"{year}-01-01")
        )
        return
    month, day = _month_and_day(said)
    counted = year + _is_double(match)  # 29 February 1703/4 is of a leap year
    if month <= 12 and day <= (calendar.monthrange(counted, month)[1] if month else 0):
        first, last = _days(year, month, day)
        first_day = int(said.get("firstday", 0))
        if "firstmonth" in said:
            first = _days(year, _MONTH_NUMBERS[said["firstmonth"].casefold().rstrip(".:")])[0]
        elif said.get("between", "").casefold() in {"and", "or", "&"} and 0 < first_day < day - 1:
            yield _days(year, month, first_day)
        elif 0 < first_day < day:  # of a night, or in both styles
            first = f"{first[:8]}{first_day:02}"
        yield _part_of(min(first, last), last, part)


def _month_and_day(said: Mapping[str, str | None]) -> tuple[int, int]:
    """Return the numbers of the month and the day, 0 for a missing one."""
    name = (said.get("month") or "").casefold().rstrip(".:")
    month = int(said.get("isomonth") or _MONTH_NUMBERS.get(name, 0))
    return month, int(said.get("isoday") or said.get("day") or 0)


def _days(year: int, month: int = 0, day: int = 0) -> tuple[str, str]:
    if day:
        return (f"{year:04}-{month:02}-{day:02}",) * 2
    if month:
        last = calendar.monthrange(year, month)[1]
        return f"{year:04}-{month:02}-01", f"{year:04}-{month:02}-{last}"
    return f"{year:04}-01-01", f"{year:04}-12-31"


def _season(season: str, year: int) -> tuple[str, str]:
    if season == "winter":  # "the winter of 1868" may be either end of it
        return f"{year - 1:04}-12-01", f"{year + 1:04}-02-28"
    first, last = _SEASONS[season]
    return _days(year, first)[0], _days(year, last)[1]


def _third(part: str) -> int | None:
    """Return which third "early", "mid" or "the end of" means, None without such a word."""
    if not part:
        return None
    word = part.casefold().removeprefix("the ").removesuffix(" of")
    return _THIRDS.get(word, 2 if word in {"late", "end", "close"} else None)


def _years(start: int, length: int, part: str) -> tuple[str, str]:
    """Return a decade or century, or the 40 percent of it that "early", "mid" or "late" means."""
    third = _third(part)
    if third is not None:
        start, length = start + (0, 3, 6)[third] * length // 10, 4 * length // 10
    return f"{start:04}-01-01", f"{start + length - 1:04}-12-31"


def _part_of(first: str, last: str, part: str) -> tuple[str, str]:
    """Return the third of a year that "early", "mid" or "late" means, a month wider at each end. A
    month is not divided."""
    third = _third(part)
    if third is None or first[:7] == last[:7]:
        return first, last
    months = ((1, 5), (4, 9), (8, 12))[third]
    return (
        f"{first[:5]}{months[0]:02}-01",
        f"{first[:5]}{months[1]:02}-{30 if months[1] == 9 else 31}",
    )


_ABOUT = re.compile(r"\b(?:c|ca|circa|about|abt|around)\b\.?", re.IGNORECASE)
_DOUBTED = re.compile(r"\?|\[|\b(?:before|after|probably|perhaps|undated)\b", re.IGNORECASE)


def to_edtf(value: str) -> str:
    """Return in EDTF a date that a person or an archive wrote in EDTF or in words; "" for none.

    >>> [to_edtf(d) for d in ("1964-11", "10 September 1813", "c. 1850", "March-May 1848")]
    ['1964-11', '1813-09-10', '1850~', '1848-03/1848-05']
    >>> [to_edtf(d) for d in ("1949-1950", "[1850?]", "2011-07-04 10:00", "undated")]
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
