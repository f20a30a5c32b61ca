"""Historical and foreign dates: in words, in Roman numerals, by regnal year, in other calendars.

Also dates relative to a letter's own ("the 16th ult."), and days in figures. Old Style years began
on 25 March, so "30 January 1648/9" is in 1649 as years are counted now. The French Republic counted
years from 22 September 1792, in months of 30 days.
"""

from __future__ import annotations

import calendar
import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from rag.language.tokens import MONTHS, table

_TABLE = table("calendar")
_MONTH_NUMBERS = {form: n for n, name in enumerate(MONTHS, start=1) for form in (name, name[:3])}
_SHORT_MONTHS = "|".join(name[:3] for name in MONTHS)
_FOREIGN = {name: int(n) for n, names in _TABLE["foreign"].items() for name in names.split()}
_UNITS = table("numbers")["units"].split()[1:]
_TENS = table("numbers")["tens"].split()
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
"""A pattern for the day of a month in words."""

_LORD = (
    r"(?:in\s+)?(?:the\s+)?(?:year(?:\s+of\s+(?:our|the)\s+Lord(?:\s+God)?|\s+of\s+grace)?"
    r"|anno(?:\s+domini)?|a\.?\s?d\.|of\s+our\s+Lord)"
)
_ROMAN_YEAR = r"M{1,2}[DCLXVI]{3,12}"
_WORDED = re.compile(
    rf"\b(?:(?P<day>{DAY_WORDS}|[0-3]?\d(?:st|nd|rd|th|d)?)\s+(?:day\s+)?(?:of\s+)?"
    rf"(?P<month>{'|'.join(MONTHS)}),?\s+(?:{_LORD},?\s+)?|{_LORD},?\s+)"
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
_SLASHED = re.compile(r"(?<![\d/])(\d\d?)/(\d\d?)/(1[0-9]\d\d|20\d\d|\d\d)(?![\d/])")
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
_ANY_MONTH = rf"(?:{'|'.join(MONTHS)}|(?:{_SHORT_MONTHS})\.?)"
_STYLED_DAY = r"[0-3]?\d(?:st|nd|rd|th)?"
_TWO_STYLES = re.compile(
    rf"\b(?:(?P<day>{_STYLED_DAY})\s+(?P<month>{_ANY_MONTH})\s*[/(]\s*"
    rf"(?P<newday>{_STYLED_DAY})\s+(?P<newmonth>{_ANY_MONTH})"
    rf"|(?P<month2>{_ANY_MONTH})\s+(?P<day2>{_STYLED_DAY})\s*[/(]\s*"
    rf"(?P<newmonth2>{_ANY_MONTH})\s+(?P<newday2>{_STYLED_DAY}))\)?,?\s+"
    r"(?P<year>1[0-9]\d\d)\b(?!/)"
)
_BEFORE_EASTER_RULE = 1583

_Found = tuple[int, int, str, str]


def archive_dates(text: str) -> Iterator[_Found]:
    """Yield the historical dates in a text: start, end, first day and last day (ISO). Where two
    overlap, the one to prefer comes first.

    >>> sorted(first for _, _, first, _ in archive_dates("the fourth day of July, in the year of "
    ...  "our Lord one thousand seven hundred and seventy-six; 25 Geo. III; 18 Brumaire an VIII"))
    ['1776-07-04', '1784-10-25', '1799-11-09']
    """
    for pattern, read in _READINGS:
        for found in pattern.finditer(text):
            if stretch := read(found):
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
    month = _MONTH_NUMBERS.get((said["month"] or "").capitalize(), 0)
    return _stretch(year, month, day_number(said["day"] or ""))


def _below_hundred(words: str) -> int:
    return sum(_NUMBERS[word] for word in re.split(r"[-\s]+", words.casefold()) if word)


def day_number(said: str) -> int:
    """Return the number that a day of the month is written with: 3 for "3d", 21 for
    "twenty-first"."""
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
            _MONTH_NUMBERS[(found[f"{style}month"] or found[f"{style}month2"])[:3]],
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
    """Return the day of "10.XI.1938" or "23/11/1938"; None for "10/11/1938", which may be two
    days."""
    day, month, year = found["day"], found["month"], int(found["year"])
    if month in _ROMAN_MONTHS:
        return _stretch(year, _ROMAN_MONTHS.index(month) + 1, int(day))
    if "." in found[0] or int(day) > 12:
        return _stretch(year, int(month), int(day))
    return _stretch(year, int(day), int(month)) if int(month) > 12 or day == month else None


def numeric_dates(text: str) -> Iterator[tuple[int, int, list[str], list[str]]]:
    """Yield the days in figures in a text: start, end, the days meant if month comes first (or if
    only one order is possible), and the days meant if day comes first. A year of two figures gives
    one day for each century, the twentieth first.

    >>> [days for *_, days, _ in numeric_dates("12/7/1941, 23/11/1963")]
    [['1941-12-07'], ['1963-11-23']]
    """
    for found in _SLASHED.finditer(text):
        first, second, year = (int(found[n]) for n in (1, 2, 3))
        years = [year] if year >= 100 else [1900 + year, *range(1000 + year, 2100, 100)]
        both = [
            list(dict.fromkeys(day[0] for y in years if (day := _stretch(y, month, of_month))))
            for month, of_month in ((first, second), (second, first))
        ]
        if first and second and any(both):
            days, otherwise = both if both[0] else both[::-1]
            yield found.start(), found.end(), days, [day for day in otherwise if day not in days]


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


NEW_YEAR = "03-25"
"""The day on which Old Style years began in England until 1752."""

LAST_OLD_YEAR = 1752

_REPUBLICAN: list[str] = _TABLE["republican"].split()
_PLAIN = str.maketrans("éôÉÔ", "eoEO")
_MONTH_NAMES = [
    re.sub("[éô]", lambda letter: f"[{letter[0]}{letter[0].translate(_PLAIN)}]", name)
    for name in _REPUBLICAN
]
_YEARS: list[str] = _TABLE["republican_years"].split()
_REPUBLICAN_DATE = re.compile(
    rf"\b(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|e)?\s+(?:of\s+)?)?"
    rf"(?P<month>{'|'.join(_MONTH_NAMES)})"
    r"\s*,?\s*(?:of\s+)?(?:the\s+)?(?:an|l['’]an|year)\s+(?P<year>[IVX]{1,5}|\d{1,2})\b",
    re.IGNORECASE,
)
_ERAS: dict[str, int] = {
    name: before for before, names in _TABLE["eras"].items() for name in names.split()
}
"""The year before the first year of each reign in Japan and China. "-" also matches a space."""

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
_NAMED = rf"(?P<month>(?-i:{'|'.join(MONTHS)}|(?:{_SHORT_MONTHS})\.))"
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


def _republican(found: re.Match[str]) -> tuple[str, str] | None:
    said = found["year"].upper()
    year = int(said) if said.isdecimal() else _roman(said)
    plain = found["month"].casefold().translate(_PLAIN)
    month = [name.translate(_PLAIN) for name in _REPUBLICAN].index(plain)
    day = int(found["day"] or 0)
    if not 0 < year <= len(_YEARS) or day > 30:
        return None
    first = date.fromisoformat(_YEARS[year - 1]) + timedelta(30 * month + max(day - 1, 0))
    return first.isoformat(), (first if day else first + timedelta(29)).isoformat()


def _era(found: re.Match[str]) -> tuple[str, str]:
    name = re.sub(r"[-\s]", "", (found["era"] or found["of"]).casefold())
    before = next(n for era, n in _ERAS.items() if era.replace("-", "") == name)
    year = int(before) + int(found["year"] or found["number"])
    return f"{year}-01-01", f"{year}-12-31"


def _muslim(found: re.Match[str]) -> tuple[str, str]:
    month = next(n for n in range(1, 13) if found[f"m{n}"])
    day = int(found["day"] or 0)
    return _from_hegira(int(found["year"]), month, day or 1, 1 if day else 29)


def _hegira(found: re.Match[str]) -> tuple[str, str]:
    year = int(621.57 + int(found["year"]) * _LUNAR_YEAR)
    return f"{year:04}-01-01", f"{year + 1:04}-12-31"


def _from_hegira(year: int, month: int, day: int, more: int) -> tuple[str, str]:
    """Return the day before a day of the Muslim calendar, whose months began when the moon was
    seen, and the day `more` days after it."""
    days = (11 * year + 3) // 30 + 354 * year + 30 * month - (month - 1) // 2 + day + 226630
    return date.fromordinal(days - 1).isoformat(), date.fromordinal(days + more).isoformat()


_READINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str, str] | None]], ...] = (
    (_REPUBLICAN_DATE, _republican),
    (_ERA, _era),
    (_MUSLIM_DATE, _muslim),
    (_HEGIRA, _hegira),
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


def relative_dates(text: str, written: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield the dates in a letter that are relative to the letter's month: start, end, first day
    and last day. `written`: a day of that month.

    >>> [first for *_, first, _ in relative_dates("the 16th ult., the 2d inst.", "1865-01-05")]
    ['1864-12-16', '1865-01-02']
    >>> [last for *_, last in relative_dates("in December last", "1865-01-05")]
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
    """Yield the days that are named of a month, or the whole month where none is. `months`: twelve
    times its year, plus 0 for January to 11 for December."""
    month = date(months // 12, months % 12 + 1, 1)
    length = monthrange(month.year, month.month)[1]
    days = [day_number(said) for said in (found["other"], found["day"]) if said]
    if not days:
        yield month.isoformat(), month.replace(day=length).isoformat()
    for day in days:
        if 1 <= day <= length:
            yield (month.replace(day=day).isoformat(),) * 2


def is_old_style(text: str, end: int, said: str) -> bool:
    """Return whether a date that ends at `end` is marked as Old Style, in `said` or right after
    it."""
    return bool(_STYLE.match(text, end) or _OLD_STYLE.search(said))


def in_new_style(day: str) -> str:
    """Return a day of the Julian calendar converted to the Gregorian calendar.

    >>> in_new_style("1732-02-11"), in_new_style("1917-10-25")
    ('1732-02-22', '1917-11-07')
    """
    is_leap_day = day[5:] == "02-29"  # of a year that may be none of ours: 1700
    julian = date.fromisoformat(f"{day[:8]}28" if is_leap_day else day)
    century = julian.year - ((julian.month, julian.day) < (3, 1))
    return (julian + timedelta(century // 100 - century // 400 - 2 + is_leap_day)).isoformat()


def one_year_later(day: str) -> str:
    """Return the same day one year later; 29 February becomes the 28th."""
    year = int(day[:4]) + 1
    later = f"{year:04}{day[4:]}"
    return later if day[5:] != "02-29" or year % 4 == 0 else f"{later[:8]}28"
