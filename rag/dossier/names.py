"""A creator's name as CSL has it: family and given names, or one name as it stands.

A wrong inversion ("Agency, Central Intelligence") is worse than none, so a name is divided
only where it looks like a person's in every word.
"""

from __future__ import annotations

import re

from rag.language import chinese_spellings
from rag.wording import legible

CslName = dict[str, str]

_AND = re.compile(r"(?<!\s)\s*;\s*|(?<!\s)\s+and\s+")
_LISTED = re.compile(r",?(?<!\s)\s+and\s+|,\s+")
_SUFFIXES = frozenset({"Jr.", "Jr", "Sr.", "Sr", "II", "III", "IV"})
_PARTICLES = frozenset(
    [
        "de",
        "du",
        "des",
        "d’",
        "la",
        "le",
        "von",
        "van",
        "der",
        "den",
        "zu",
        "da",
        "di",
        "del",
        "ibn",
    ]
)
_BODY = re.compile(
    r"academy|administration|agency|archives|army|assembly|association|authority|board|bureau"
    r"|cabinet|cent(?:er|re)|church|college|command|commission|committee|company|conference"
    r"|congress|corporation|council|court|department|directorate|division|embassy|foundation"
    r"|government|group|headquarters|house|institute|intelligence|journal|library|ministry"
    r"|museum|national|navy|office|organi[sz]ation|parliament|party|press|project|secretariat"
    r"|senate|service|society|soviet|staff|states?|times|treasury|union|united|university"
)
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’‘-])*")


def csl_names(creator: str | None, *, persons: bool = False) -> list[CslName]:
    """Return the names in `creator`; it is one literal name unless all in it are persons'.

    `persons`: it is a list of persons, with commas between them, and no body's name.

    >>> csl_names("James Monroe")
    [{'family': 'Monroe', 'given': 'James'}]
    >>> csl_names("Central Intelligence Agency")
    [{'literal': 'Central Intelligence Agency'}]
    >>> csl_names("Charles de Gaulle and Zhou Enlai")
    [{'family': 'de Gaulle', 'given': 'Charles'}, {'family': 'Zhou', 'given': 'Enlai'}]
    """
    if not creator or not creator.strip():
        return []
    whole = " ".join(legible(creator).split())
    parts = [part for part in (_LISTED if persons else _AND).split(whole) if part]
    people = [_person(part) for part in parts]
    if persons or all(people):
        return [person or {"literal": part} for person, part in zip(people, parts, strict=True)]
    return [{"literal": whole}]


def inverted(name: CslName) -> str:
    """Return a name as it is sorted: "Monroe, James", "King, Martin Luther, Jr."

    >>> inverted({"family": "King", "given": "Martin Luther", "suffix": "Jr."})
    'King, Martin Luther, Jr.'
    """
    if "literal" in name:
        return name["literal"]
    return ", ".join(name[part] for part in ("family", "given", "suffix") if name.get(part))


def _person(name: str) -> CslName | None:
    """Return a person's name divided, None for what does not look like one."""
    parts = name.replace(",", " ,").split()
    suffix = parts.pop() if parts[-1] in _SUFFIXES else ""
    if suffix and parts[-1:] == [","]:
        parts.pop()
    words = [part for part in parts if part != ","]
    if parts.count(",") > 1 or not 2 <= len(words) <= 6 or not all(map(_of_a_name, words)):
        return None
    if "," in parts:
        comma = parts.index(",")
        family, given = parts[:comma], parts[comma + 1 :]
        if sum(word not in _PARTICLES for word in family) != 1:
            return None  # a name with a title after it: "Francis Bacon, Viscount"
    elif len(words) == 2 and all(map(chinese_spellings, words)):
        family, given = words[:1], words[1:]  # family names come first in Chinese
    else:
        small = [i for i, word in enumerate(words) if word in _PARTICLES and i]
        at = small[0] if small else len(words) - 1
        family, given = words[at:], words[:at]
    if not family or not given:
        return None
    divided = {"family": " ".join(family), "given": " ".join(given)}
    return divided | ({"suffix": suffix} if suffix else {})


def _of_a_name(word: str) -> bool:
    if word in _PARTICLES:
        return True
    plain = word.strip(".").casefold()
    return bool(_WORD.fullmatch(word)) and word[0].isupper() and not _BODY.fullmatch(plain)
