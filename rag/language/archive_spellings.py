"""Names in the spellings that an archive uses: for the words of a search, nothing else.

`rag.language.respelling` proposes spellings and lets an index choose among them. An archive that
is searched by hand has no index here; what is known of it is when its records were written. So
only spellings that follow from a rule, or that the catalog has, are taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

from rag.language.respelling import chinese_spellings, wade_giles
from rag.language.tokens import words

Style = Literal["", "period", "modern"]
"""`period`: as people wrote at the time of the event; `modern`: as is usual today, whatever the
time; "": as the claim has it."""

PINYIN_YEAR = 1979
"""The American government and press wrote Chinese names in Wade-Giles until then."""

NAME = re.compile(r"\b[^\W\d_a-z][^\W\d_]*(?:-[^\W\d_]+|['’](?!s\b)[^\W\d_]+)*")
"""A word with a capital, whole: "En-lai", "O'Higgins"."""

_RUSSIAN = re.compile(
    r"\b(?:Soviet|Soviets|Russian?s?|USSR|Moscow|Kremlin|Leningrad|Petersburg|Khrushchev|Stalin|"
    r"Brezhnev|Lenin|Red Army|[Tt]sar|[Cc]zar)\b"
)
_SKY = re.compile(r"(?<=\w\w)(?P<vowel>[oe])[vw]sk(?:i|ij|iy|ii|y|yi)$")
_DISTINCT = re.compile(r"zh|x")


@dataclass(frozen=True, slots=True)
class _Place:
    """A place under its present and a former name, with the years of the former one."""

    name: str
    former: str
    since: int
    until: int


_PLACES = (
    _Place("Beijing", "Peking", 0, PINYIN_YEAR),
    _Place("Nanjing", "Nanking", 0, PINYIN_YEAR),
    _Place("Guangzhou", "Canton", 0, PINYIN_YEAR),
    _Place("Chongqing", "Chungking", 0, PINYIN_YEAR),
    _Place("Taiwan", "Formosa", 0, 1955),
    _Place("Iran", "Persia", 0, 1935),
    _Place("Thailand", "Siam", 0, 1939),
    _Place("Istanbul", "Constantinople", 330, 1930),
    _Place("Izmir", "Smyrna", 0, 1922),
    _Place("Ethiopia", "Abyssinia", 0, 1941),
    _Place("Myanmar", "Burma", 0, 1989),
    _Place("Mumbai", "Bombay", 1600, 1995),
    _Place("Jakarta", "Batavia", 1619, 1942),
    _Place("Oslo", "Christiania", 1624, 1924),
    _Place("Gdansk", "Danzig", 0, 1945),
    _Place("Wroclaw", "Breslau", 0, 1945),
    _Place("Zimbabwe", "Rhodesia", 1895, 1980),
    _Place("Ghana", "Gold Coast", 1821, 1957),
)
"""Facts of record, under names of one word today; any list is open."""


def respelled(
    text: str, style: Style, years: tuple[int, int] | None, persons: Sequence[str]
) -> dict[str, str]:
    """Return the names in `text` that an archive of this style writes otherwise, with its
    spellings. `years`: when the text is about. `persons`: names that the catalog has.

    >>> respelled("Zhou Enlai met Malinowski in Moscow", "period", (1964, 1964), [])
    {'Zhou': 'Chou', 'Enlai': 'En-lai', 'Malinowski': 'Malinovsky'}
    >>> respelled("Chou En-lai was in Beijing", "modern", (1964, 1964), ["Zhou Enlai"])
    {'Chou': 'Zhou', 'En-lai': 'Enlai'}
    """
    if not style:
        return {}
    matches = list(NAME.finditer(text))
    names = [match.group() for match in matches]
    found: dict[str, str] = {}
    known = {" ".join(words(person)) for person in persons}
    wade_giles_then = style == "period" and (years is None or years[0] < PINYIN_YEAR)
    for one, other in pairwise(matches):
        if text[one.end() : other.start()] == " ":
            if wade_giles_then and _is_pinyin(one.group(), other.group()):
                found |= {name: _wade_giles(name) for name in (one.group(), other.group())}
            elif style == "modern":
                found |= _pinyin(one.group(), other.group(), known)
    if wade_giles_then:
        alone = (name for name in names if name not in found and _DISTINCT.match(name.lower()))
        found |= {name: _wade_giles(name) for name in alone}
    for name in names:
        if name not in found and (usual := _usual(name, text)):
            found[name] = usual
    if style == "period" and years is not None:
        for place in _PLACES:
            if place.name in names and place.since <= years[0] and years[1] < place.until:
                found[place.name] = place.former
    elif style == "period":
        found |= {p.name: p.former for p in _PLACES if p.name in names and p.until == PINYIN_YEAR}
    return {name: other for name, other in found.items() if name != other}


def _is_pinyin(family: str, given: str) -> bool:
    """Return whether two words are a Chinese name in Pinyin: one syllable, then one or two."""
    if family.lower() not in wade_giles() or "-" in family + given:
        return False
    syllables = _wade_giles(given).split("-")
    return len(syllables) <= 2 and all(part.lower() in _plain_wade_giles() for part in syllables)


@cache
def _plain_wade_giles() -> frozenset[str]:
    return frozenset(spelling for all_of in wade_giles().values() for spelling in all_of)


def _wade_giles(word: str) -> str:
    """Return a Pinyin word in Wade-Giles, itself where it is none."""
    if word.lower() in wade_giles():
        return wade_giles()[word.lower()][0].capitalize()
    found = [spelling for spelling in chinese_spellings(word) if "-" in spelling]
    return found[0].capitalize() if found else word


def _pinyin(family: str, given: str, known: Set[str]) -> dict[str, str]:
    """Return a Wade-Giles name in Pinyin where the catalog has it so; it is ambiguous else."""
    for one in (family.lower(), *chinese_spellings(family)):
        for other in chinese_spellings(given):
            if f"{one} {other}" in known:
                return {family: one.capitalize(), given: other.capitalize()}
    return {}


def _usual(name: str, text: str) -> str:
    """Return a Russian name as English archives usually write its end, "" for any other."""
    if not (_SKY.search(name) and _RUSSIAN.search(text)):  # it may be Polish
        return ""
    return _SKY.sub(lambda found: f"{found['vowel']}vsky", name)
