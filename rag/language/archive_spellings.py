"""Names in the spellings that an archive uses: for the words of a search, nothing else.

`rag.language.respelling` proposes spellings and lets an index choose among them. An archive that
is searched by hand has no index here; what is known of it is when its records were written. So
only spellings that follow from a rule, or that the catalog has, are taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import cache
from itertools import pairwise
from typing import Literal

from rag.language.names import capitalised
from rag.language.places import name_in_records
from rag.language.respelling import chinese_spellings, wade_giles
from rag.language.tokens import words

Style = Literal["", "period", "modern"]
"""`period`: as people wrote at the time of the event; `modern`: as is usual today, whatever the
time; "": as the claim has it."""

PINYIN_YEAR = 1979
"""The American government and press wrote Chinese names in Wade-Giles until then."""

_RUSSIAN = re.compile(
    r"\b(?:Soviet|Soviets|Russian?s?|USSR|Moscow|Kremlin|Leningrad|Petersburg|Khrushchev|Stalin|"
    r"Brezhnev|Lenin|Red Army|[Tt]sar|[Cc]zar)\b"
)
_SKY = re.compile(r"(?<=\w\w)(?P<vowel>[oe])[vw]sk(?:i|ij|iy|ii|y|yi)$")
_DISTINCT = re.compile(r"zh|x")


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
    spans = capitalised(text)
    names = [span.of(text) for span in spans]
    found: dict[str, str] = {}
    known = {" ".join(words(person)) for person in persons}
    wade_giles_then = style == "period" and (years is None or years[0] < PINYIN_YEAR)
    for (before, one), (after, other) in pairwise(zip(spans, names, strict=True)):
        if text[before.end : after.start] == " ":
            if wade_giles_then and _is_pinyin(one, other):
                found |= {name: _wade_giles(name) for name in (one, other)}
            elif style == "modern":
                found |= _pinyin(one, other, known)
    if wade_giles_then:
        alone = (name for name in names if name not in found and _DISTINCT.match(name.lower()))
        found |= {name: _wade_giles(name) for name in alone}
    for name in names:
        if name not in found and (usual := _usual(name, text)):
            found[name] = usual
    if style == "period":
        when = years or (PINYIN_YEAR - 1, PINYIN_YEAR - 1)
        former = {name: name_in_records(name, when) for name in names}
        found |= {name: other for name, other in former.items() if name != other}
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
