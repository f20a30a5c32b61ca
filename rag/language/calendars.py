"""Dates in calendars other than today's, and dates told from that of a letter.

Old Style years began on 25 March: "30 January 1648/9" is of 1649 as it is counted now. The
French Republic counted years from 22 September 1792, in months of 30 days. `archive_dates` has
other ways to write a date in today's.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from rag.language.archive_dates import DAY_WORDS, day_number
from rag.language.lexicon import table

NEW_YEAR = "03-25"
"""The day on which Old Style years began, in England until 1752."""

LAST_OLD_YEAR = 1752

_MONTHS = (
    "vendémiaire brumaire frimaire nivôse pluviôse ventôse germinal floréal prairial messidor "
    "thermidor fructidor"
)
_REPUBLICAN = _MONTHS.split()
_PLAIN = str.maketrans("éôÉÔ", "eoEO")
_MONTH_NAMES = [
    re.sub("[éô]", lambda letter: f"[{letter[0]}{letter[0].translate(_PLAIN)}]", name)
    for name in _REPUBLICAN
]
# The first day of each year, from year I.
_FIRST_DAYS = (
    "1792-09-22 1793-09-22 1794-09-22 1795-09-23 1796-09-22 1797-09-22 1798-09-22 1799-09-23 "
    "1800-09-23 1801-09-23 1802-09-23 1803-09-24 1804-09-23 1805-09-23"
)
_YEARS = _FIRST_DAYS.split()
_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV"]
_REPUBLICAN_DATE = re.compile(
    rf"\b(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|e)?\s+(?:of\s+)?)?"
    rf"(?P<month>{'|'.join(_MONTH_NAMES)})"
    r"\s*,?\s*(?:of\s+)?(?:the\s+)?(?:an|l['’]an|year)\s+(?P<year>[IVX]{1,5}|\d{1,2})\b",
    re.IGNORECASE,
)
_ERAS: dict[str, int] = {
    name: before for before, names in table("calendar")["eras"].items() for name in names.split()
}
"""The year before the first of each reign in Japan and China; "-" for "-" or a space."""

_ERA_NAMES = "|".join(_ERAS).replace("-", r"[-\s]?")
_ERA = re.compile(
    rf"\b(?:(?P<era>{_ERA_NAMES})\s+(?P<year>\d{{1,2}})\b(?!\d)"
    rf"|(?P<number>\d{{1,2}})(?:st|nd|rd|th|d)\s+year\s+of\s+(?:the\s+)?(?P<of>{_ERA_NAMES})\b)",
    re.IGNORECASE,
)
_HEGIRA = re.compile(r"\b(?P<year>1?\d{3})\s*(?:A\.?\s?H\.?(?!\w)|(?:of\s+the\s+)?Hegira\b)")
_MUSLIM_MONTHS = (
    "muharram|moharrem",
    "safar|sefer",
    r"rabi['‘’ʿ]?\s*(?:al-?|ul-?|[üu]['’]?l-?)?\s*(?:awwal|avval|evvel|I)|rebi[üu]levvel",
    r"rabi['‘’ʿ]?\s*(?:al-?|ul-?|[üu]['’]?l-?)?\s*(?:th?ani|[aâ]kh?ir|II)|rebi[üu]lahir",
    r"jumada\s*(?:al-?|ul-?)?\s*(?:awwal|ula|[uū]l[aā]|I)|cemaziyelevvel",
    r"jumada\s*(?:al-?|ul-?)?\s*(?:th?ani(?:yya)?|[aâ]kh?ira?|II)|cemaziyelahir",
    "rajab|receb",
    r"sha['‘’ʿ]?ban|[sş]aban",
    r"rama[dz]h?an",
    r"shawwal|[sş]evval",
    r"(?:dhu|zi|z[uü])['’]?\s*(?:al-?|['’]?l-?)?\s*(?:qa|ka)['‘’ʿ]?de?h?a?h?|zilkade",
    r"(?:dhu|zi|z[uü])['’]?\s*(?:al-?|['’]?l-?)?\s*hijj?ah?|zilhicce",
)
_MUSLIM_DATE = re.compile(
    r"\b(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\s+(?:of\s+)?)?"
    rf"(?:{'|'.join(f'(?P<m{n}>{name})' for n, name in enumerate(_MUSLIM_MONTHS, start=1))})"
    r",?\s+(?:A\.?H\.?\s*)?(?P<year>1[0-4]\d\d|[1-9]\d{2})\b(?!\s*(?:A\.?D\b|C\.?E\b))(?:\s*A\.?H\b\.?)?",
    re.IGNORECASE,
)
_LUNAR_YEAR = 0.970224  # in years of the sun
_MONTH_LIST = table("calendar")["months"].split()
_MONTH_NUMBERS = {
    name: n for n, month in enumerate(_MONTH_LIST, start=1) for name in (month, month[:3])
}
_A_DAY = r"[0-3]?\d(?:st|nd|rd|th|d)?"
_ONE_DAY = rf"(?:{_A_DAY}|{DAY_WORDS})"
# "the 16th and 17th ult.", "the 2d-3d inst."
_DAYS = (
    rf"(?:(?P<other>{_ONE_DAY})\s?(?:[-–,&]|\s(?:and|or|to)\s)\s?(?:the\s+)?)?"
    rf"(?P<day>{_ONE_DAY})\s*,?\s*(?:day\s+)?(?:of\s+)?(?:the\s+)?"
)
_OF_MONTH = re.compile(
    rf"\b{_DAYS}"
    r"(?:(?P<ult>ult(?:imo|o)?\b[.:]?|(?:last|past)\s+month|month\s+(?:last\s+)?past)"
    r"|(?P<inst>inst(?:ant)?\b\.?|(?:this|present)\s+month|(?<=(?:st|nd|rd|th)\s)cur(?:ren)?t\b)"
    r"|(?P<prox>prox(?:imo)?\b\.?|next\s+month))",
    re.IGNORECASE,
)
_NAMED = rf"(?P<month>(?-i:{'|'.join(_MONTH_LIST)}|(?:{'|'.join(n[:3] for n in _MONTH_LIST)})\.))"
_LAST, _NEXT = r"(?:last(?:\s+past)?|past|ult(?:imo|o)?)\b", r"(?:next|prox(?:imo)?)\b"
_NAMED_MONTHS = [
    re.compile(rf"\b(?:{_DAYS})?{pattern}", re.IGNORECASE)
    for pattern in (
        rf"(?:(?P<past>last)|(?P<coming>next))\s+{_NAMED}(?!,?\s+\d)",
        rf"{_NAMED},?\s+(?:(?P<past>{_LAST})|(?P<coming>{_NEXT}))",
    )
]
_STYLE = re.compile(
    r"\s*(?:[,(\[]\s*)?(?:O\.\s?S\b|OS\b|old\s+style|st(?:ilo|yle)?\.?\s+vet)", re.IGNORECASE
)
_OLD_STYLE = re.compile(r"[(\[](?:O\.?\s?S\b|old\s+style)", re.IGNORECASE)


def other_calendars(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield where a date in another calendar stands in a text, from and to, and the first and
    the last day that it means.

    >>> list(other_calendars("18 Brumaire an VIII"))
    [(0, 19, '1799-11-09', '1799-11-09')]
    """
    for found in _REPUBLICAN_DATE.finditer(text):
        year = found["year"].upper()
        number = int(year) if year.isdecimal() else _ROMAN.index(year) + 1 if year in _ROMAN else 0
        plain = found["month"].casefold().translate(_PLAIN)
        month = [name.translate(_PLAIN) for name in _REPUBLICAN].index(plain)
        day = int(found["day"] or 0)
        if 0 < number <= len(_YEARS) and day <= 30:
            first = date.fromisoformat(_YEARS[number - 1]) + timedelta(30 * month + max(day - 1, 0))
            last = first if day else first + timedelta(29)
            yield found.start(), found.end(), first.isoformat(), last.isoformat()
    for found in _ERA.finditer(text):
        name = re.sub(r"[-\s]", "", (found["era"] or found["of"]).casefold())
        before = next(n for era, n in _ERAS.items() if era.replace("-", "") == name)
        year_now = int(before) + int(found["year"] or found["number"])
        yield found.start(), found.end(), f"{year_now}-01-01", f"{year_now}-12-31"
    for found in _MUSLIM_DATE.finditer(text):
        month = next(n for n in range(1, 13) if found[f"m{n}"])
        day = int(found["day"] or 0)
        yield (
            found.start(),
            found.end(),
            *_from_hegira(int(found["year"]), month, day or 1, 1 if day else 29),
        )
    for found in _HEGIRA.finditer(text):
        first_year = int(621.57 + int(found["year"]) * _LUNAR_YEAR)
        yield found.start(), found.end(), f"{first_year}-01-01", f"{first_year + 1}-12-31"


def _from_hegira(year: int, month: int, day: int, more: int) -> tuple[str, str]:
    """Return the day before a day of the Muslim calendar, which the moon may have moved, and
    the day so many days after it."""
    days = (11 * year + 3) // 30 + 354 * year + 30 * month - (month - 1) // 2 + day + 226630
    return date.fromordinal(days - 1).isoformat(), date.fromordinal(days + more).isoformat()


def told_from(text: str, written: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield where a day or a month is told from the month of a letter, from and to, and the
    first and the last day that it means.

    `written`: a day of that month.

    >>> [first for *_, first, _ in told_from("the 16th ult., the 2d inst.", "1865-01-05")]
    ['1864-12-16', '1865-01-02']
    >>> [last for *_, last in told_from("in December last", "1865-01-05")]
    ['1864-12-31']
    """
    year, month = int(written[:4]), int(written[5:7])
    for found in _OF_MONTH.finditer(text):
        months = 12 * year + month - 1 + bool(found["prox"]) - bool(found["ult"])
        for first, last in _in_month(months, found):
            yield found.start(), found.end(), first, last
    for pattern in _NAMED_MONTHS:
        for found in pattern.finditer(text):
            named = _MONTH_NUMBERS[found["month"].rstrip(".")]
            of_year = year + (named <= month) if found["coming"] else year - (named >= month)
            for first, last in _in_month(12 * of_year + named - 1, found):
                yield found.start(), found.end(), first, last


def _in_month(months: int, found: re.Match[str]) -> Iterator[tuple[str, str]]:
    """Yield the days of a month, counted from the first of all, that are said, or all of it."""
    month = date(months // 12, months % 12 + 1, 1)
    length = monthrange(month.year, month.month)[1]
    days = [day_number(said) for said in (found["other"], found["day"]) if said]
    if not days:
        yield month.isoformat(), month.replace(day=length).isoformat()
    for day in days:
        if 1 <= day <= length:
            yield (month.replace(day=day).isoformat(),) * 2


def is_old_style(text: str, end: int, said: str = "") -> bool:
    """Return whether a date that ends there is said to be in Old Style, behind it or within."""
    return bool(_STYLE.match(text, end) or _OLD_STYLE.search(said))


def in_new_style(day: str) -> str:
    """Return a day of the Julian calendar as it is counted now.

    >>> in_new_style("1732-02-11"), in_new_style("1917-10-25")
    ('1732-02-22', '1917-11-07')
    """
    is_leap_day = day[5:] == "02-29"  # of a year that may be none of ours: 1700
    told = date.fromisoformat(f"{day[:8]}28" if is_leap_day else day)
    century = told.year - ((told.month, told.day) < (3, 1))
    return (told + timedelta(century // 100 - century // 400 - 2 + is_leap_day)).isoformat()


def a_year_on(day: str) -> str:
    """Return the day a year later; 29 February becomes the 28th where that year has none."""
    year = int(day[:4]) + 1
    later = f"{year:04}{day[4:]}"
    return later if day[5:] != "02-29" or year % 4 == 0 else f"{later[:8]}28"
