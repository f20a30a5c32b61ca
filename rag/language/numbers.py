"""Numbers in a text: "15,000", "fifteen thousand", "$4.75 million", "half a million", "95 percent".

Written and spoken forms give the same value, so that a claim and a source can be compared.
`text2num` was tried first: it reads "nine and a half thousand" as 9 and 1000.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.datatypes import Span
from rag.language.tokens import MONTHS, stop_words, table

_TABLE = table("numbers")
_UNITS: list[str] = _TABLE["units"].split()
_TENS: list[str] = _TABLE["tens"].split()
_SCALES: dict[str, float] = _TABLE["scales"]
_FRACTIONS: dict[str, int] = _TABLE["fractions"]
_SHORT: dict[str, float] = _TABLE["short"]
_VALUES = {word: float(n) for n, word in enumerate(_UNITS)} | {
    word: 10.0 * n for n, word in enumerate(_TENS, start=2)
}

# Thousands are separated by commas, by a no-break space, or by any space before "000".
_DIGITS = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:[\u00a0\u2009\u202f]\d{3}){1,4}(?!\d)"
    r"|\d{1,3}(?: \d{3}){0,3} 000(?!\d)|\d*\.\d+|\d+(?:\.\d+)?"
)
_ONES = "|".join(_UNITS)
_WORDED = rf"(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{'|'.join(_UNITS[1:10])}))?|(?:{_ONES}))"
_PARTS = "|".join(f"{word}(?:{'ves' if word == 'half' else 's'})?" for word in _FRACTIONS).replace(
    "half(?:ves)?", "half|halves"
)
_SCALE = "|".join(_SCALES)
_GAP = r"[-\s]+"
_SHORTS = "|".join(sorted(_SHORT, key=len, reverse=True))
_AMOUNT = rf"(?:(?:{_DIGITS})(?!\.?\d)(?:(?=(?:{_SHORTS})\b)|(?![\w]))|{_WORDED}\b)"
# "hundred and five", but not "two hundred and three hundred"; "thousand and one".
_AND = rf"{_GAP}and{_GAP}{_WORDED}\b(?!{_GAP}(?:(?:{_ONES}){_GAP})?"
_SCALED = rf"{_GAP}(?:hundreds?\b(?:{_AND}hundred))?|(?:{_SCALE})s?\b(?:{_AND}(?:{_SCALE})))?)"
_HALF = r"(?:an?|one|three)[-\s]+(?P<{}>half|halves|quarters?)"
_NUMBER = re.compile(
    rf"(?<![\w.,])(?<![A-Za-z]-)(?P<money>[$£€]\s?)?(?:"
    # one-half, two-thirds, a quarter (of), half (of), 1/2
    rf"(?P<part>(?:(?P<numerator>{_WORDED}|an?){_GAP})?(?P<denominator>{_PARTS}))\b"
    rf"(?:{_GAP}(?:an?{_GAP})?(?P<partscale>{_SCALE})s?\b)?"
    r"|(?P<over>\d)/(?P<under>[2-9]|10)(?![\d/])"
    rf"|(?:(?P<first>{_AMOUNT}|an?(?={_GAP}(?:{_SCALE})\b))"
    rf"(?:{_GAP}and{_GAP}{_HALF.format('extra')})?"
    rf"(?:[\s-](?P<numerals>\d/\d)(?![\d/]))?"
    rf"(?P<short>{_SHORTS})?\b"
    rf"(?P<rest>(?:{_SCALED}|{_GAP}{_WORDED}\b(?={_GAP}(?:{_SCALE})s?\b))*)"
    # "a million and a half", but not "a million and a half of the people"
    rf"(?:(?<=[a-z])(?<!and){_GAP}and{_GAP}{_HALF.format('more')}\b(?!\s+of\s+(?:the|it|them)\b))?)"
    rf")s?(?P<percent>\s?%|{_GAP}per\s?cent(?:um)?\b)?",
    re.IGNORECASE,
)
_LOW_ORDINALS: list[str] = table("calendar")["ordinals"].split()
_ORDINAL_TENS = [f"{ten[:-1]}ieth" for ten in _TENS]
_ORDINAL_VALUES = (
    {word: n for n, word in enumerate(_LOW_ORDINALS, start=1)}
    | {word: 10 * n for n, word in enumerate(_ORDINAL_TENS, start=2)}
    | {"hundredth": 100}
)
_ORDINAL_WORD = "|".join(_ORDINAL_VALUES)
_ORDINAL = re.compile(
    r"(?<![\w.,/-])(?:(?P<figures>\d{1,4})(?:st|nd|rd|th|d)"
    rf"|(?:(?:(?P<hundreds>{'|'.join(_UNITS[1:10])}|an?){_GAP})?(?P<hundred>hundred){_GAP}(?:and{_GAP})?)?"
    rf"(?:(?P<ten>{'|'.join(_TENS)}){_GAP})?(?P<last>{_ORDINAL_WORD}))\b",
    re.IGNORECASE,
)
_BEFORE_FRACTION = re.compile(r"\b(?:an?|one|each|every|per)[-\s]+$", re.IGNORECASE)
# "th" of "28th"; "-first" of "twenty-first", "and fourth" of "one hundred and fourth".
_ORDINAL_SUFFIX = re.compile(
    rf"(?:st|nd|rd|th|d)\b|(?<=ty){_GAP}(?:{'|'.join(_LOW_ORDINALS[:9])})\b"
    rf"|(?<=hundred){_GAP}(?:and{_GAP})?(?:(?:{'|'.join(_TENS)}){_GAP})?(?:{_ORDINAL_WORD})\b",
    re.IGNORECASE,
)
_IN_FIGURES = re.compile(r"/\d")
_BEHIND_SLASH = re.compile(r"\d/$")
_ERA = re.compile(r"\s*,?\s?B\.?\s?C\.?(?:\s?E\.?)?(?!\w)")
_GRAND = re.compile(r"\sgrand\b(?!\s+(?:[a-z]*s|jury|old)\b)")
"""Thousands of dollars: "sixty grand a year", but not "two grand pianos"."""

_BEFORE_CHRIST = "bc"
"""The noun of a year before Christ."""

_CURRENCIES: dict[str, str] = {
    form: name for name, forms in _TABLE["currencies"].items() for form in forms.split()
}
_MEASURES: dict[str, tuple[str, str]] = {
    form: (quantity, forms[0])
    for quantity, units in _TABLE["measures"].items()
    for forms in (unit.split(":") for unit in units.split())
    for form in forms
}
"""What a unit measures, and its first form: "weeks" is ("time", "week")."""

_SIGNS: dict[str, str] = _TABLE["signs"]
_PLURALS = frozenset(_TABLE["plurals"].split())
_NAMES_OF_MONTHS = "|".join(
    [
        *MONTHS,
        *(month.upper() for month in MONTHS),
        *(rf"{month[:3]}\.?" for month in MONTHS),
        r"Sept\.?",
    ]
)
# "9 June", "the 9 inst."; "June 9", but not "in June 9 ships were lost".
_BEFORE_MONTH = re.compile(
    rf"\s+(?:day\s+)?(?:of\s+)?(?:(?:{_NAMES_OF_MONTHS})(?!\w)|(?:ult|inst|prox)(?:imo|ant)?\b)"
)
_BEHIND_MONTH = re.compile(rf"\b(?:{_NAMES_OF_MONTHS})\s+(?:the\s+)?$")
_GOES_ON = re.compile(
    r"(?!\s*%)(?:\W*$|\s?[^\w\s]|\s+(?:a|an|and|as|at|before|by|from|he|I|in|is|it|of|on|or|she|that|the|"
    r"they|to|was|we|were|when|with)\b|\s+[A-Z\d])"
)
_LAST_DAY = 31
_COMPOUND = re.compile(r"-(?:way|fold|sided|cornered|power|country|party)\b")
_STANDS_FOR_A_NOUN = re.compile(r"\s+(?:of|another|who|that|which|which|or|more|day|side|hand)\b")
_ABOUT = re.compile(
    r"\b(?:about|around|nearly|almost|roughly|approximately|some|close to|circa)"
    r"\s*[$£€]?$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\b(?:over|above|more than|at least|exceeding|upwards? of)\s*[$£€]?$", re.IGNORECASE
)
_AT_MOST = re.compile(
    r"\b(?:under|below|less than|fewer than|at most|up to|not quite)\s*[$£€]?$", re.IGNORECASE
)
_FROM_UP_TO = re.compile(
    r"\bfrom\b(?:(?!\bfrom\b)[^.;:])*\bup to\s*[$£€]?$", re.IGNORECASE
)  # the place that was reached

# "dollars", "US dollars", "of Spanish dollars".
_COUNTED_MONEY = re.compile(
    rf"[\s-]+(?:of\s+)?(?:[A-Za-z.]+\s+)?({'|'.join(_CURRENCIES)})\b(\s+of\b)?", re.IGNORECASE
)
_BETWEEN = re.compile(r"\b(?:between|from)\s+[$£€]?$", re.IGNORECASE)
_SCALE_AT_END = re.compile(rf"({_SCALE})s?$", re.IGNORECASE)

_ONE_ORDER = 20
"""How many times the second end of a range the first may be and still share its unit."""

_Bound = Literal["exact", "about", "at least", "at most"]

ROUNDING = 0.05
"""How far a rounded number may be from the exact one, as a share of it."""

_LEAST_ROUNDED = 200
"""The smallest count that may be rounded without a word like "about"."""

_ABOUT_SHARE = 0.1
"""The same as `ROUNDING` for a number marked as approximate ("about 200")."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text, and how exactly it is meant.

    `value`: the number; for a percentage or fraction the share (95 percent: 0.95), with `share`
    set. `currency`: of a sum of money, "dollar". `noun`: what is counted, the first word after the
    number, folded. `ends`: both ends of the range that the number begins or ends.
    """

    span: Span
    value: float
    bound: _Bound = "exact"
    share: bool = False
    currency: str = ""
    noun: str = ""
    ends: tuple[float, float] | None = None

    def may_be(self, value: float) -> bool:
        """Return whether the wording leaves room for `value`: between the ends of a range, above
        "over", below "under"."""
        if self.ends and min(self.ends) <= value <= max(self.ends):
            return True
        bounds = {"at least": value >= self.value, "at most": value <= self.value}
        return bounds.get(self.bound, value == self.value)


def quantities(text: str, leave_out: Sequence[Span] = ()) -> list[Quantity]:
    """Return the numbers in `text`, in order, outside the spans `leave_out` (dates).

    "one" in place of a noun ("one of them", "no one"), ordinals ("the 28th") and days of a month
    ("9 June") are left out.

    >>> [q.value for q in quantities("15,000 men, nine and a half thousand, half a million")]
    [15000.0, 9500.0, 500000.0]
    >>> [(q.value, q.share) for q in quantities("two-thirds of them, 95 per cent, $4.75 million")]
    [(0.6666666666666666, True), (0.95, True), (4750000.0, False)]
    >>> [q.value for q in quantities("more than $9M, and 40m of cloth")]
    [9000000.0]
    """
    found = []
    for match in _NUMBER.finditer(text):
        span = Span(match.start(), match.end())
        if any(span.overlaps(other) for other in leave_out):
            continue
        if any(p.match(text, match.end()) for p in (_ORDINAL_SUFFIX, _COMPOUND)):
            continue
        if _is_day(match, text) or _is_in_date(match, text):
            continue
        if match["numerator"] and not match["denominator"].endswith("s") and not _is_one(match):
            continue  # "twenty-eighth"
        if _is_pronoun(match, text) or (match["short"] and not match["money"]):
            continue
        value, share = _value(match)
        if match["percent"]:
            value, share = value / 100, True
        before, after = text[: match.start()], text[match.end() :]
        era = _ERA.match(after)
        if grand := _GRAND.match(after):
            value, after, span = 1000 * value, after[grand.end() :], Span(span.start, span.end + 6)
        noun = _BEFORE_CHRIST if era else _noun(after)
        span = Span(span.start, span.end + era.end()) if era else span
        found.append(
            Quantity(
                span,
                value,
                _bound(before, after),
                share,
                "dollar" if grand else _currency(match, after),
                noun,
            )
        )
    return _joined(text, found)


def ordinals(text: str, leave_out: Sequence[Span] = ()) -> list[tuple[Span, int]]:
    """Return the ordinals in `text`, each with its number, without days of a month and fractions.

    >>> [n for _, n in ordinals("the 14th and the twenty-first amendment, a third of May 4th")]
    [14, 21]
    """
    found = []
    for match in _ORDINAL.finditer(text):
        span = Span(*match.span())
        said = match.groupdict()
        if any(span.overlaps(other) for other in leave_out) or _stands_by_month(match, text):
            continue
        if _BEFORE_FRACTION.search(text[max(0, match.start() - 8) : match.start()]):
            continue
        if said["figures"]:
            found.append((span, int(said["figures"])))
            continue
        hundreds = _VALUES.get((said["hundreds"] or "").casefold(), 1) if said["hundred"] else 0
        ten = _VALUES[said["ten"].casefold()] if said["ten"] else 0
        last = _ORDINAL_VALUES[(said["last"]).casefold()]
        found.append((span, int(100 * hundreds + ten) + last))
    return found


def agree(claim: Quantity, source: Quantity) -> bool:
    """Return whether the source's number bears out the claim's.

    The claim may round: 4.75 million for 4,760,082, "almost two billion" for 1.9. It may not be
    more exact than the source: 205 does not agree with "200". Counts below `_LEAST_ROUNDED` must be
    equal. "Over" and "under" allow half as much again, in their direction. Sums in two currencies,
    a sum and a count, two units of the same thing (months and years), or a year before Christ and
    anything else never agree.
    """
    if claim.share != source.share or not _may_count_alike(claim, source):
        return False
    if claim.bound == "at least":
        return claim.value <= source.value <= 1.5 * claim.value
    if claim.bound == "at most":
        return 0.5 * claim.value <= source.value <= claim.value
    apart = abs(claim.value - source.value)
    if claim.bound == "about" or source.bound == "about":
        return apart <= _ABOUT_SHARE * source.value
    return apart <= min(_rounded_to(claim.value) / 2, ROUNDING * source.value)


def _may_count_alike(claim: Quantity, source: Quantity) -> bool:
    if (claim.noun == _BEFORE_CHRIST) != (source.noun == _BEFORE_CHRIST):
        return False
    measured, other = _MEASURES.get(claim.noun), _MEASURES.get(source.noun)
    if measured and other and measured[0] == other[0] and measured[1] != other[1]:
        return False
    if claim.currency and source.currency:
        return claim.currency == source.currency
    if bool(claim.currency) == bool(source.currency) or claim.noun == source.noun:
        return True
    count = source if claim.currency else claim
    return not count.noun or count.noun in stop_words() or (count is claim and _is_unnamed(claim))


def _is_unnamed(count: Quantity) -> bool:
    """Return whether the counted thing is left unnamed: the next word is no plural, as in "nobody
    under 400,000 pays"."""
    return count.value > _LEAST_ROUNDED and not (count.noun.endswith("s") or count.noun in _PLURALS)


def _rounded_to(value: float) -> float:
    """Return the unit to which a number seems rounded: 10,000 for 4,750,000, 0 for small counts,
    and a fiftieth of the value for shares and decimals."""
    if value <= 0 or value != int(value):
        return value / 50
    if value < _LEAST_ROUNDED:
        return 0.0
    unit = 1.0
    while value % (unit * 10) == 0:
        unit *= 10
    return unit if unit > 1 else 0.0


def _joined(text: str, found: list[Quantity]) -> list[Quantity]:
    """Return the quantities with "nine out of ten" and "one in five" as one share each, and both
    ends of "five to ten million" in millions."""
    result: list[Quantity] = []
    for quantity in found:
        before = result[-1] if result else None
        between = text[before.span.end : quantity.span.start] if before else ""
        if before and between in {" out of ", " in "} and before.value < quantity.value <= 100:
            span = Span(before.span.start, quantity.span.end)
            share = before.value / quantity.value
            result[-1] = Quantity(span, share, before.bound, True, noun=quantity.noun)
            continue
        if before and _is_stretch(text, before, between):
            first = _in_units_of(quantity, before, text)
            ends = first.value, quantity.value
            result[-1], quantity = replace(first, ends=ends), replace(quantity, ends=ends)
        result.append(quantity)
    return result


def _is_stretch(text: str, before: Quantity, between: str) -> bool:
    """Return whether two numbers are the ends of a range: "five to ten", "between five and ten"."""
    if between.strip() == "and":
        return bool(_BETWEEN.search(text[max(0, before.span.start - 20) : before.span.start]))
    return between.strip() in {"to", "or", "-", "–"}


def _in_units_of(last: Quantity, first: Quantity, text: str) -> Quantity:
    """Return the first end of a range in the units of the last: five million for "five to ten
    million", 60 percent for "from 60 to 40 percent"; but 500 for "from 500 to two million"."""
    said = last.span.of(text)
    scale = _SCALE_AT_END.search(said)
    is_percentage = said.casefold().endswith(("%", "cent", "centum"))
    unit = _SCALES[scale[1].casefold()] if scale else 0.01 if is_percentage else 1
    is_bare = not first.share and not _SCALE_AT_END.search(first.span.of(text))
    if not is_bare or first.value * unit > _ONE_ORDER * last.value or said[:1] == "0":
        return first
    currency = first.currency or last.currency
    return replace(
        first, value=first.value * unit, share=last.share, currency=currency, noun=last.noun
    )


def _is_one(match: re.Match[str]) -> bool:
    return match["numerator"].casefold() in {"a", "an", "one"}


def _is_in_date(match: re.Match[str], text: str) -> bool:
    """Return whether digits belong to a date such as "9/11" or "11/22/63", which is no fraction."""
    if match["over"]:
        return int(match["over"]) >= int(match["under"])
    if not match.group().isdecimal():
        return False
    before = text[max(0, match.start() - 2) : match.start()]
    return bool(_IN_FIGURES.match(text, match.end()) or _BEHIND_SLASH.search(before))


def _is_day(match: re.Match[str], text: str) -> bool:
    """Return whether digits are the day of a month."""
    if not match.group().isdecimal() or not 1 <= int(match.group()) <= _LAST_DAY:
        return False
    return _stands_by_month(match, text)


def _stands_by_month(match: re.Match[str], text: str) -> bool:
    if _BEFORE_MONTH.match(text, match.end()):
        return True
    lead = text[max(0, match.start() - 20) : match.start()]
    return bool(_BEHIND_MONTH.search(lead) and _GOES_ON.match(text, match.end()))


def _is_pronoun(match: re.Match[str], text: str) -> bool:
    """Return whether "one" stands for a noun, or "a" and a fraction word is an ordinal."""
    said = match.group().strip().casefold()
    if said in {"one", "a", "an"}:
        before = text[: match.start()].rstrip().casefold()
        return (
            bool(_STANDS_FOR_A_NOUN.match(text, match.end()))
            or before.endswith(
                (" no", " any", " every", " number", " this", " that", " which", " the")
            )
            or not text[match.end() :].strip(" .,;!?")
        )
    if match["denominator"] and not match["numerator"]:
        return match["denominator"].casefold() not in {"half", "halves"}
    if match["numerator"] and match["numerator"].casefold() in {"a", "an"}:
        return match["denominator"].casefold() == "second"
    return False


def _value(match: re.Match[str]) -> tuple[float, bool]:
    """Return the value of a match, and whether it is a share."""
    if match["over"]:
        return int(match["over"]) / int(match["under"]), True
    if match["denominator"]:
        numerator = match["numerator"]
        over = 1.0 if not numerator or numerator.lower() in {"a", "an"} else _number(numerator)
        name = match["denominator"].casefold()
        part = over / _FRACTIONS["half" if name == "halves" else name.removesuffix("s")]
        scale = match["partscale"]
        return (part * _SCALES[scale.casefold()], False) if scale else (part, True)
    value = 1.0 if match["first"].lower() in {"a", "an"} else _number(match["first"])
    if match["extra"]:
        value += _pieces(match["extra"], match.group())
    if match["numerals"]:
        over, under = map(int, match["numerals"].split("/"))
        value += over / under if under else 0
    if match["short"]:
        value *= _SHORT[match["short"].casefold()]
    total, unit = 0.0, 1.0
    for word in re.findall(r"[a-z]+", match["rest"].casefold()):
        if word == "and":
            continue
        if word.removesuffix("s") in _SCALES:
            word = word.removesuffix("s")
            unit = _SCALES[word]
        if word in _SCALES:
            if word == "hundred" or word in {"dozen", "score"}:
                value *= _SCALES[word]
            else:
                total += value * _SCALES[word]
                value = 0.0
        else:
            value += _VALUES[word]
    if match["more"]:
        value += unit * _pieces(match["more"], match.group())
    return total + value, False


def _pieces(word: str, said: str) -> float:
    """Return what "and a half" or "and three-quarters" adds to the number before it."""
    pieces = 3 if re.search(r"\bthree[-\s]+quarter", said, re.IGNORECASE) else 1
    return pieces * (0.5 if word.casefold().startswith("hal") else 0.25)


def _number(written: str) -> float:
    """Return the value of digits, or of a number in words below a hundred."""
    plain = re.sub(r"(?<=\d)[,\s](?=\d)", "", written)
    if plain[0].isdigit() or plain[0] == ".":
        return float(plain)
    return sum(_VALUES[word] for word in re.findall(r"[a-z]+", plain.casefold()))


def _bound(before: str, after: str) -> _Bound:
    if after.startswith(" or so"):
        return "about"
    if _AT_LEAST.search(before):
        return "at least"
    if _AT_MOST.search(before) and not _FROM_UP_TO.search(before):
        return "at most"
    return "about" if _ABOUT.search(before) else "exact"


def _noun(after: str) -> str:
    found = re.match(r"[\s-]*(?:of\s+(?:the\s+)?)?([^\W\d_]+)", after)
    noun = found[1].casefold() if found else ""
    return "pounds" if noun in {"lb", "lbs"} else noun


def _currency(match: re.Match[str], after: str) -> str:
    """Return the currency of a sum, from its sign or the word after it; "" for a plain count."""
    if match["money"]:
        return _SIGNS[match["money"].strip()]
    found = _COUNTED_MONEY.match(after)
    currency = _CURRENCIES[found[1].casefold()] if found else ""
    return "" if found and found[2] and currency == "pound" else currency  # ten pounds of tea
