"""What in a claim can be checked outright, looked for in a source: numbers, times, names.

Each function yields (kind, reason): "agrees", "differs" where the source says something else,
"missing" where it does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rag.datatypes import SPEAKER, Aspect, Reason, Span
from rag.language import (
    MIN_KEY_LETTERS,
    TITLES,
    Quantity,
    Timex,
    agree,
    can_be_same,
    chinese_spellings,
    last_name,
    of_date,
    place_names,
    quantities,
    sentences,
    spelling_key,
    stands_for,
    stems,
    times,
    times_told_from,
    words,
)
from rag.relation.statement import UNITS_OF_MONEY, Name, Saying, Statement

ELSEWHERE = "(in the same passage)"
"""What a reason adds where the passage has what the quotation has not."""

YEARS_AFTER = 1
"""A record may tell of the year before its own: annual reports do."""

_WE = re.compile(
    r"\b(?:we|us|ours?|th(?:is|e) (?:nation|country|government|republic|congress)|federal)\b",
    re.IGNORECASE,
)

_GOES_ON_FROM = re.compile(
    r"(?:(?:and|but|so|then|there|here|it|its|they|he|she|we|i|this|these|that|those|the same|next"
    r"|his|her|their|our|my|soon|meanwhile|thereupon|afterwards?|later|at (?:once|last|noon|night)"
    r"|on (?:that|this|the same)|in the (?:morning|evening|afternoon|night))\b)",
    re.IGNORECASE,
)
"""How a sentence begins that tells of the day of the one before it."""

_LATER_OR_EARLIER = re.compile(
    r"\s+years?\s+(?:(?P<later>later|on|after|afterwards)|(?:earlier|before))\b", re.IGNORECASE
)

SMALL = 20
"""Numbers up to this are everywhere: they must stand in the quotation itself."""

FACTOR = 10
"""Two numbers that are further apart than this hardly count the same thing."""


@dataclass(frozen=True, slots=True)
class Source:
    """The quotation and what stands around it: the passage, and who wrote it, what and when.

    `author`: whose words they are, None where that is not known.
    """

    quotation: Statement
    passage: str
    heading: str
    date: str | None
    author: str | None = None


def said_by_author(claim: Statement, source: Source) -> list[Saying]:
    """Return what the claim says that the source's author said."""
    author = set(words(source.author or ""))
    return [said for said in claim.sayings if author.issuperset(words(said.speaker))]


def compare_numbers(
    claim: Statement, source: Source, nouns: Mapping[str, str]
) -> Iterable[tuple[str, Reason]]:
    """Yield what becomes of the claim's numbers. `nouns`: words of the claim, each with the word
    of the quotation that means the same: ships that are counted there as vessels."""
    quotation = source.quotation
    around = quantities(source.passage, [t.span for t in times(source.passage)])
    equal = _equal_numbers(claim.quantities, quotation.quantities)
    left = [q for q in quotation.quantities if q not in equal.values()]
    for said in claim.quantities:
        words_said = said.span.of(claim.text)
        if said in equal:
            found = equal[said].span.of(quotation.text)
            yield "agrees", Reason("number", words_said, found, True)
            continue
        counted = [q for q in left if _count_the_same(said, q, nouns)]
        near = next(
            (q for q in around if said.value > SMALL and agree(said, q) and _both_money(said, q)),
            None,
        )
        if len(counted) == 1 and 1 / FACTOR <= counted[0].value / (said.value or 1) <= FACTOR:
            found = counted[0].span.of(quotation.text)
            yield "differs", Reason("number", words_said, found, False)
        elif near is not None and not counted:
            found = f"{near.span.of(source.passage)} {ELSEWHERE}"
            yield "agrees", Reason("number", words_said, found, True)
        elif later := _years_later(claim, said, quotation):
            yield "agrees", Reason("date", words_said, later, True)
        elif words_said.casefold() not in {"one", "a", "an"}:  # "one factory" is any
            yield "missing", Reason("number", words_said, "", False)


def _years_later(claim: Statement, said: Quantity, there: Statement) -> str:
    """Return the time in the source that is so many years after or before one of the claim's:
    "in 1869 ... seven years on" is 1876. "" where there is none."""
    way = _LATER_OR_EARLIER.match(claim.text, said.span.end) if said.noun == "year" else None
    if not way:
        return ""
    years = int(said.value) if way["later"] else -int(said.value)
    meant = {year + years for timex in claim.times for year in timex.years}
    return next((t.span.of(there.text) for t in there.times if meant & set(t.years)), "")


def _equal_numbers(
    claim: Sequence[Quantity], source: Sequence[Quantity]
) -> dict[Quantity, Quantity]:
    """Return the claim's numbers that agree with one of the source's, the nearest first: a number
    of the source bears out one number of the claim, however often that is said."""

    def apart(pair: tuple[Quantity, Quantity]) -> float:
        return abs(pair[0].value - pair[1].value) / (pair[1].value or 1)

    found: dict[Quantity, Quantity] = {}
    borne_out: dict[Quantity, float] = {}
    both = [(said, q) for said in claim for q in source if agree(said, q)]
    for said, quantity in sorted(both, key=apart):
        if said not in found and borne_out.setdefault(quantity, said.value) == said.value:
            found[said] = quantity
    return found


def _both_money(said: Quantity, other: Quantity) -> bool:
    """Return whether both numbers are sums of money, or neither."""
    return said.money == (other.money or other.noun.removesuffix("s") in UNITS_OF_MONEY)


def _count_the_same(said: Quantity, other: Quantity, nouns: Mapping[str, str]) -> bool:
    """Return whether two numbers are sums of money, or of the same things."""
    if said.share != other.share or said.money != other.money:
        return False
    if said.money:
        return True
    same = stems([said.noun]) == stems([other.noun]) != []
    return same or nouns.get(said.noun, "") == other.noun != ""


def compare_times(
    claim: Statement, source: Source, literal: bool, done_at: Sequence[Span]
) -> Iterable[tuple[str, Reason]]:
    """Yield what becomes of the claim's times. `literal`: the wording is the claim's own, so
    that what is not in the quotation was changed. `done_at`: where the quotation has what the
    claim says happened; of several times the nearest is that of it."""
    quotation = source.quotation
    there = [*quotation.times, *times_told_from(quotation.text, source.date)]
    its_own = _nearest(there, done_at) if len(claim.times) == 1 else None
    around = [*times(source.passage), *times_told_from(source.passage, source.date)]
    dated = of_date(source.date) if source.date else None
    beside = _in_other_sentences(quotation.text, there, done_at)
    unclaimed = [t for t in there if not any(map(t.could_be, claim.times)) and t not in beside]
    unsaid = []
    for said in claim.times:
        words_said = said.span.of(claim.text)
        own = not (literal and there) and dated is not None and _told_by(said, dated)
        equal = next((t for t in there if said.overlaps(t) and t not in beside), None)
        if equal and its_own and not said.overlaps(its_own):
            yield "missing", Reason("date", words_said, its_own.span.of(quotation.text), False)
        elif equal:
            yield "agrees", Reason("date", words_said, equal.span.of(quotation.text), True)
        elif own and len(there) - len(beside) < len(claim.times):
            yield "agrees", Reason("date", words_said, f"a record of {source.date}", True)
        elif not own and unclaimed:
            unsaid.append(words_said)
        elif not there and (equal := next(filter(said.overlaps, around), None)):
            found = f"{equal.span.of(source.passage)} {ELSEWHERE}"
            yield "agrees", Reason("date", words_said, found, True)
        else:
            record = f"a record of {source.date}" if source.date else ""
            yield "missing", Reason("date", words_said, record, False)
    # One time in the claim and one in the quotation without the like: those differ, if the
    # quotation has what happened then.
    happened = bool(done_at) or not any(word.predicate for word in claim.words)
    decisive = happened and len(unsaid) == len(unclaimed) == 1
    for words_said in unsaid:
        other = unclaimed[0].span.of(quotation.text)
        yield "differs" if decisive else "missing", Reason("date", words_said, other, False)


def _nearest(given: Sequence[Timex], places: Sequence[Span]) -> Timex | None:
    """Return the time that stands nearest to any of the places; None without either."""
    if not places:
        return None

    def distance(timex: Timex) -> int:
        gaps = (max(timex.span.start - p.end, p.start - timex.span.end) for p in places)
        return min(gaps)

    return min(given, default=None, key=distance)


def _told_by(said: Timex, dated: Timex) -> bool:
    """Return whether a record of that date can tell of that time as its own."""
    if said.first > dated.last:
        return False  # it came after the record
    if _length(said) < _length(dated) and said.first[:7] == said.last[:7]:
        return False  # a record of some day of a year or month does not tell the day
    return said.overlaps(dated) or 0 <= dated.years[0] - said.years[1] <= YEARS_AFTER


def _length(timex: Timex) -> int:
    return (date.fromisoformat(timex.last) - date.fromisoformat(timex.first)).days


def _in_other_sentences(text: str, given: Sequence[Timex], done_at: Sequence[Span]) -> list[Timex]:
    """Return the days that belong to other sentences than what the claim says happened, where
    that stands in a sentence that does not go on from the one before it."""
    spans = sentences(text)
    own = [s for s in spans if any(s.start <= place.start < s.end for place in done_at)]
    if not own or any(_GOES_ON_FROM.match(s.of(text)) for s in own):
        return []
    return [
        timex
        for timex in given
        if timex.first == timex.last and not any(s.overlaps(timex.span) for s in own)
    ]


def compare_names(claim: Statement, source: Source, literal: bool) -> Iterable[tuple[str, Reason]]:
    """Yield what becomes of the claim's names. `literal`: as in `compare_times`."""
    near = set(stems(words(source.quotation.text)))
    around = near | set(stems(words(f"{source.passage} {source.heading}")))
    ours = {spelling for name in claim.names for spelling in _spellings(name)}
    strangers = [n for n in source.quotation.names if not _spellings(n) & ours]
    by_author = said_by_author(claim, source)
    says_we = bool(
        _WE.search(source.quotation.text)
    )  # a nation goes without saying in "our citizens"
    for name in claim.names:
        aspect: Aspect = "place" if name.kind == "place" else "name"
        nation = bool(stands_for(name.text))
        other = next((n.text for n in strangers if _could_be_instead(n, name)), "")
        if _is_namesake(name, source.author or ""):
            yield "differs", Reason(aspect, name.text, source.author or "", False)
        elif _is_named(name, near):
            yield "agrees", Reason(aspect, name.text, name.text, True)
        elif any(said.speaker in name.text for said in by_author):
            yield "agrees", Reason(aspect, name.text, SPEAKER, True)
        elif (_is_named(name, around) or _is_initials(name.text, source)) and not (
            other or literal
        ):
            yield "agrees", Reason(aspect, name.text, "(in the same document)", True)
        elif name.gloss:
            continue
        elif other or literal or not nation or not says_we:
            yield "missing", Reason(aspect, name.text, other, False)


def _is_namesake(name: Name, author: str) -> bool:
    """Return whether a claim's person has the last name of the source's author and is another:
    John Adams, where John Quincy Adams writes."""
    same = name.kind == "person" and last_name(name.text) == last_name(author)
    return same and bool(author) and not can_be_same(name.text, author)


def _could_be_instead(stranger: Name, name: Name) -> bool:
    """Return whether the source may name `stranger` where the claim says `name`."""
    if stands_for(name.text):
        return bool(stands_for(stranger.text))
    return name.kind == stranger.kind == "person"


@lru_cache(maxsize=4_096)
def _spellings(name: Name) -> frozenset[tuple[str, ...]]:
    """Return the ways, as stems, in which a name may stand in a source: its own words, its
    other spellings, and whatever stands for the same nation."""
    own = [word for word in words(name.text) if word not in TITLES and len(word) > 1]
    other = [
        *([word] for word in own),
        *(words(spelled) for word in own for spelled in chinese_spellings(word)),
        *(words(place) for _, place in place_names(name.text)),
    ]
    return frozenset(tuple(stems(parts)) for parts in other if stems(parts)) | stands_for(name.text)


def _is_initials(name: str, source: Source) -> bool:
    """Return whether a name is made of the initials of one in the source: UN, FDR, D.C."""
    letters = name.replace(".", "")
    if not (letters.isupper() and 2 <= len(letters) <= 5 and letters.isalpha()):
        return False
    text = f"{source.heading} {source.passage}"
    return bool(re.search(r"\b" + r"[\w.]*\s+(?:of\s+(?:the\s+)?)?".join(letters) + r"\w", text))


def _is_named(name: Name, there: set[str]) -> bool:
    """Return whether a source's stems hold the name: its last word where it is a person's
    ("Alexander Shelepin"), any of its spellings otherwise."""
    own = [word for word in words(name.text) if word not in TITLES and len(word) > 1]
    if name.kind != "person":
        single = {tuple(stems([word])) for word in own} if len(own) > 1 else set()
        if any(there.issuperset(spelling) for spelling in _spellings(name) - single):
            return True
        if stands_for(name.text):
            return False
    wanted = own[-1:] if name.kind == "person" else own
    keys = {spelling_key(stem) for stem in there if len(stem) >= MIN_KEY_LETTERS}
    return bool(wanted) and all(
        set(stems([word])) & there
        or (len(word) >= MIN_KEY_LETTERS and spelling_key(word) in keys)
        or any(set(stems(words(other))) <= there for other in chinese_spellings(word))
        for word in wanted
    )
