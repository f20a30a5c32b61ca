"""Dates of today's calendar as clerks, notaries and other nations wrote them: in words, in Roman
figures, by terms of rents and courts, by the year of a reign."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from rag.language.lexicon import table

_TABLE = table("calendar")
_MONTHS = {name: n for n, name in enumerate(_TABLE["months"].split(), start=1)}
_FOREIGN = {name: int(n) for n, names in _TABLE["foreign"].items() for name in names.split()}
_UNITS = _TABLE["units"].split()
_TENS = _TABLE["tens"].split()
_ORDINALS = _TABLE["ordinals"].split()
_NUMBERS = {word: n for n, word in enumerate(_UNITS, start=1)} | {
    word: 10 * n for n, word in enumerate(_TENS, start=2)
}
_DAY_NUMBERS = {word: n for n, word in enumerate(_ORDINALS, start=1)} | {"thirtieth": 30}
_BELOW_HUNDRED = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[-\s]+(?:{'|'.join(_UNITS[:9])}))?|(?:{'|'.join(_UNITS)}))"
)
_YEAR_WORDS = (
    rf"(?:(?:one|a)\s+thousand,?\s+(?:and\s+)?)?(?P<hundreds>{'|'.join(_UNITS)})\s+hundred"
    rf"(?:,?\s+(?:and\s+)?(?P<below>{_BELOW_HUNDRED}))?\b"
)
DAY_WORDS = rf"(?:(?:twenty|thirty)[-\s]+)?(?:{'|'.join(_DAY_NUMBERS)})"
"""A pattern of the day of a month in words."""

_LORD = (
    r"(?:in\s+)?(?:the\s+)?(?:year(?:\s+of\s+(?:our|the)\s+Lord(?:\s+God)?|\s+of\s+grace)?"
    r"|anno(?:\s+domini)?|a\.?\s?d\.|of\s+our\s+Lord)"
)
_ROMAN_YEAR = r"M{1,2}[DCLXVI]{3,12}"
_WORDED = re.compile(
    rf"\b(?:(?P<day>{DAY_WORDS}|[0-3]?\d(?:st|nd|rd|th|d)?)\s+(?:day\s+)?(?:of\s+)?"
    rf"(?P<month>{'|'.join(_MONTHS)}),?\s+(?:{_LORD},?\s+)?|{_LORD},?\s+)"
    rf"(?:{_YEAR_WORDS}|(?P<roman>(?-i:{_ROMAN_YEAR}))\b|(?P<year>1[0-9]\d\d)\b(?!/))",
    re.IGNORECASE,
)
_FIGURE_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_ROMAN_ALONE = re.compile(rf"\b{_ROMAN_YEAR}\b")
_ABROAD = re.compile(
    rf"\b(?P<day>[0-3]?\d)(?:er|e|º)?\.?\s+(?:de\s+)?(?P<month>{'|'.join(_FOREIGN)})"
    r",?\s+(?:de(?:l)?\s+)?(?P<year>1[0-9]\d\d|20\d\d)\b(?!/)"
)
_TERM = re.compile(
    rf"\b(?P<term>{'|'.join(map(re.escape, sorted(_TABLE['terms'], reverse=True)))})(?:\s+Day)?,?"
    r"\s+(?:of\s+|in\s+)?(?P<year>1[0-9]\d\d)\b(?!/)"
)
_EASTER = re.compile(
    r"\b(?P<feast>Easter(?:\s+(?:Sunday|Monday|Day))?|Good\s+Friday|Whit\s?sun(?:day|tide)?"
    r"|Ash\s+Wednesday|Palm\s+Sunday),?\s+(?:of\s+|in\s+)?(?P<year>1[0-9]\d\d|20\d\d)\b(?!/)"
)
_ROMAN_MONTHS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_FIGURES = re.compile(
    rf"\b(?P<day>[0-3]?\d)(?:[./-]\s?(?P<month>{'|'.join(_ROMAN_MONTHS[::-1])}|[0-3]?\d)[./-]\s?"
    r"(?P<year>1[0-9]\d\d|20\d\d))\b"
)
_QUAKER = re.compile(
    r"\b(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th|d)?\s*(?:day\s+)?(?:of\s+)?(?:the\s+)?"
    r"(?P<month>1?\d)(?:st|nd|rd|th|d)?[\s.]*mo(?:nth|\.)?,?\s+"
    r"|(?P<month2>1?\d)(?:st|nd|rd|th|d)?[\s.]*mo(?:nth|\.)?,?\s+(?P<day2>[0-3]?\d)(?:st|nd|rd|th|d)?,?\s+)"
    r"(?P<year>1[67]\d\d)\b(?!/)",
    re.IGNORECASE,
)
_KINGS = {
    "Ric": "richard|ric",
    "Hen": "henry|hen",
    "Edw": "edward|edw",
    "Mar": "mary|mar",
    "Eliz": "elizabeth|eliz",
    "Jac": "james|jas|jac",
    "Car": "charles|chas|car",
    "Wil": "william|wil|will|wm|gul",
    "Ann": "anne?|ann",
    "Geo": "george|geo",
    "Vic": "victoria|vic|vict",
}
_REIGN = re.compile(
    rf"\b(?P<year>\d{{1,2}}|{DAY_WORDS})(?:(?:st|nd|rd|th|d)?\s+year\s+of\s+(?:the\s+reign\s+of\s+)?(?:our\s+)?"
    r"(?:(?:lord\s+|sovereign\s+)*(?:king|queen)\s+)?(?:the\s+)?"
    rf"(?:{'|'.join(f'(?P<full{k}>{names})' for k, names in _KINGS.items())})"
    rf"|\s+(?:{'|'.join(f'(?P<short{k}>{k})' for k in _KINGS if k != 'Mar')})[.])"
    r"\.?,?(?:\s+(?:the\s+)?(?P<number>I{1,3}|IV|VI{0,3}|\d|first|second|third|fourth|fifth|sixth"
    r"|seventh|eighth)\b)?",
    re.IGNORECASE,
)
_SHORT_MONTHS = {name[:3]: n for name, n in _MONTHS.items()}
_ANY_MONTH = rf"(?:{'|'.join(_MONTHS)}|(?:{'|'.join(_SHORT_MONTHS)})\.?)"
_STYLED_DAY = r"[0-3]?\d(?:st|nd|rd|th)?"
_TWO_STYLES = re.compile(
    rf"\b(?:(?P<day>{_STYLED_DAY})\s+(?P<month>{_ANY_MONTH})\s*[/(]\s*"
    rf"(?P<newday>{_STYLED_DAY})\s+(?P<newmonth>{_ANY_MONTH})"
    rf"|(?P<month2>{_ANY_MONTH})\s+(?P<day2>{_STYLED_DAY})\s*[/(]\s*"
    rf"(?P<newmonth2>{_ANY_MONTH})\s+(?P<newday2>{_STYLED_DAY}))\)?,?\s+"
    r"(?P<year>1[0-9]\d\d)\b(?!/)"
)
_BEFORE_EASTER_RULE = 1583

Found = tuple[int, int, str, str]


def archive_dates(text: str) -> Iterator[Found]:
    """Yield where such a date stands in a text, from and to, and the first and last day that it
    means.

    >>> [first for _, _, first, _ in archive_dates("the fourth day of July, in the year of our "
    ...  "Lord one thousand seven hundred and seventy-six; 25 Geo. III; Lady Day 1745")]
    ['1776-07-04', '1784-10-25', '1745-03-25']
    """
    for pattern, days in _READINGS:
        for found in pattern.finditer(text):
            if stretch := days(found):
                yield found.start(), found.end(), *stretch


def _worded(found: re.Match[str]) -> tuple[str, str] | None:
    said = found.groupdict()
    if said["year"] and not (said["day"] or "1")[0].isalpha():
        return None  # an ordinary date
    if said["roman"]:
        year = _roman(said["roman"])
    elif said["year"]:
        year = int(said["year"])
    else:
        hundreds = _NUMBERS[said["hundreds"].casefold()]
        thousand = bool(re.match(r".*\bthousand\b", found[0], re.IGNORECASE | re.DOTALL))
        year = 1000 * thousand + 100 * hundreds + _below_hundred(said["below"] or "")
    month = _MONTHS.get((said["month"] or "").capitalize(), 0)
    return _stretch(year, month, day_number(said["day"] or ""))


def _below_hundred(words: str) -> int:
    return sum(_NUMBERS[word] for word in re.split(r"[-\s]+", words.casefold()) if word)


def day_number(said: str) -> int:
    """Return the number of a day as a date has it: "3d", "twenty-first"."""
    if figures := re.match(r"\d+", said):
        return int(figures[0])
    parts = [word for word in re.split(r"[-\s]+", said.casefold()) if word]
    return sum(_DAY_NUMBERS.get(word, _NUMBERS.get(word, 0)) for word in parts)


def _roman(figures: str) -> int:
    values = [_FIGURE_VALUES[letter] for letter in figures]
    return sum(-n if n < max(values[at:]) else n for at, n in enumerate(values))


def _in_roman(found: re.Match[str]) -> tuple[str, str] | None:
    year = _roman(found[0])
    return _stretch(year, 0, 0) if 1400 <= year <= 2100 else None


def _abroad(found: re.Match[str]) -> tuple[str, str] | None:
    return _stretch(int(found["year"]), _FOREIGN[found["month"]], int(found["day"]))


def _two_styles(found: re.Match[str]) -> tuple[str, str] | None:
    year = int(found["year"])
    old, new = (
        _stretch(
            year,
            _SHORT_MONTHS[(found[f"{style}month"] or found[f"{style}month2"])[:3]],
            day_number(found[f"{style}day"] or found[f"{style}day2"]),
        )
        for style in ("", "new")
    )
    return (old[0], new[0]) if old and new and old < new else None


def _term(found: re.Match[str]) -> tuple[str, str] | None:
    month, day = map(int, _TABLE["terms"][found["term"]].split("-"))
    return _stretch(int(found["year"]), month, day)


def _feast(found: re.Match[str]) -> tuple[str, str] | None:
    year, feast = int(found["year"]), found["feast"].casefold()
    if year < _BEFORE_EASTER_RULE:
        return None
    first, last = next((v for k, v in _FEASTS.items() if feast.startswith(k)), (0, 1))
    first = 1 if feast.endswith("monday") else first
    last = 0 if feast == "easter sunday" else last
    sunday = date(year, *_easter(year))
    return (sunday + timedelta(first)).isoformat(), (sunday + timedelta(last)).isoformat()


_FEASTS = {"good": (-2, -2), "whit": (49, 50), "ash": (-46, -46), "palm": (-7, -7)}


def _easter(year: int) -> tuple[int, int]:
    """Return month and day of Easter in the Gregorian calendar (Meeus, Jones, Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    moon = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + moon - 7 * ((a + 11 * h + 22 * moon) // 451) + 114, 31)
    return month, day + 1


def _figures(found: re.Match[str]) -> tuple[str, str] | None:
    """Return the day of "10.XI.1938" and "23/11/1938"; "10/11/1938" is of either of two months."""
    day, month, year = found["day"], found["month"], int(found["year"])
    if month in _ROMAN_MONTHS:
        return _stretch(year, _ROMAN_MONTHS.index(month) + 1, int(day))
    if "." in found[0] or int(day) > 12:
        return _stretch(year, int(month), int(day))
    return _stretch(year, int(day), int(month)) if int(month) > 12 or day == month else None


def _quaker(found: re.Match[str]) -> tuple[str, str] | None:
    """Return the day of "3mo 15 1690": March was the first month until 1752."""
    year, month = int(found["year"]), int(found["month"] or found["month2"])
    month += 2 * (year < 1752)
    return _stretch(year + (month > 12), (month - 1) % 12 + 1, int(found["day"] or found["day2"]))


def _reign(found: re.Match[str]) -> tuple[str, str] | None:
    said = found.groupdict()
    king = next(k for k in _KINGS if said[f"full{k}"] or said.get(f"short{k}"))
    number = (said["number"] or "I").casefold()
    count = int(number) if number.isdecimal() else _DAY_NUMBERS.get(number, 0)
    number = _ROMAN_MONTHS[count - 1] if 0 < count < 9 else number.upper()
    began: Mapping[str, str] = _TABLE["reigns"]
    if (day := began.get(f"{king}. {number}")) is None or not 0 < day_number(found["year"]) <= 64:
        return None
    year = int(day[:4]) + day_number(found["year"])
    return f"{year - 1}{day[4:]}", f"{year}{day[4:]}"


def _stretch(year: int, month: int, day: int) -> tuple[str, str] | None:
    if not 1000 <= year <= 2100 or month > 12:
        return None
    last = calendar.monthrange(year, month)[1] if month else 31
    if day > last:
        return None
    begin, end = (month, month) if month else (1, 12)
    return f"{year}-{begin:02}-{day or 1:02}", f"{year}-{end:02}-{day or last:02}"


_READINGS = (
    (_WORDED, _worded),
    (_TWO_STYLES, _two_styles),
    (_ROMAN_ALONE, _in_roman),
    (_ABROAD, _abroad),
    (_TERM, _term),
    (_EASTER, _feast),
    (_FIGURES, _figures),
    (_QUAKER, _quaker),
    (_REIGN, _reign),
)
