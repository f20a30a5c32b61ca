"""A person's name in its parts, as CSL has them: family, given, suffix.

What is only a text is read by nameparser. It knows particles, titles and suffixes; but it takes a
body for a person, and a romanised Chinese or Korean name for one with the family name last.
"""

from __future__ import annotations

import re

from rag.language.names import TITLES, is_western
from rag.language.respelling import chinese_syllables, is_chinese_family
from rag.language.tokens import table, word_list

NameParts = dict[str, str]

_BODY = re.compile(
    r"academy|administration|agency|archives|army|assembly|association|authority|board|bureau"
    r"|cabinet|cent(?:er|re)|church|college|command|commission|committee|company|conference"
    r"|congress|corporation|council|court|department|directorate|division|embassy|foundation"
    r"|government|group|headquarters|house|institute|intelligence|journal|library|ministry"
    r"|museum|national|navy|office|organi[sz]ation|parliament|party|press|project|secretariat"
    r"|senate|service|society|soviet|staff|states?|times|treasury|union|united|university"
)
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’‘-])*")
_SUFFIX = re.compile(r"[JS]r\.?|I{1,3}|IV|V|Esq\.?|M\.?D\.?|Ph\.?D\.?")
_BEHIND = re.compile(
    r"(?:(?:, ?| )(?:(?:b|d|ca|fl)\.? ?)*\d{4}\??[-–](?:\d{4}\??)?\.?"
    r"|(?:, ?| )(?:b|d|ca|fl)\.? ?\d{4}\??\.?"
    r"|, ?(?:author|editor|translator|compiler|ed|eds|trans|comp)\.?)+$"
)
"""What libraries write behind a name: the dates of a life, a role."""
_NUMERAL = re.compile(r"[IVXLCDM]{2,}|[IVX]")
"""Of a ruler: "Louis XIV"."""
_VOWELS = re.compile(r"[aeiouyäöüàáâãèéêìíòóôùúăơưạ-ỹ]+", re.IGNORECASE)
_MOST_WORDS = 6


def name_parts(name: str) -> NameParts | None:
    """Return a person's name divided; None for what does not look like one in every word, has a
    title in it, or leaves open which part is the family name.

    With a comma it is a name only as "Family, Given", or in its natural order with a suffix; dates
    of a life and roles behind are dropped.

    >>> name_parts("Martin Van Buren"), name_parts("Sanford, William F., Jr.")["suffix"]
    ({'family': 'Van Buren', 'given': 'Martin'}, 'Jr.')
    >>> name_parts("Mao Zedong"), name_parts("Kim Il-sung")
    ({'family': 'Mao', 'given': 'Zedong'}, {'family': 'Kim', 'given': 'Il-sung'})
    >>> name_parts("Adams, Henry, 1838-1918, author."), name_parts("Adams, Henry, Boston")
    ({'family': 'Adams', 'given': 'Henry'}, None)
    >>> [name_parts(n) for n in ("The President", "Pope Pius XII", "Louis XIV", "Ho Chi Minh")]
    [None, None, None, None]
    """
    name = " ".join(name.split())
    bare = _BEHIND.sub("", name) if "," in name else name
    before, *after = (part.strip() for part in bare.split(","))
    suffix = after.pop() if after and _SUFFIX.fullmatch(after[-1]) else ""
    if len(after) > 1:
        return None
    parts = _turned(before, after[0]) if after else _said(before)
    return parts | ({"suffix": suffix} if suffix else {}) if parts else None


def _turned(family: str, given: str) -> NameParts | None:
    """Return the parts of a name that was written with the family name first and a comma.

    A family name of two words is told from a whole name by the given name behind it.
    """
    first, names = family.split(), given.split()
    if not _are_names(first, names) or all(map(_begins_otherwise, names)):
        return None
    one = [word for word in first if word.casefold() not in _particles()]
    if not one or (len(one) > 1 and (is_western(one[0]) or not is_western(names[0]))):
        return None
    return {"family": family, "given": given}


def _said(name: str) -> NameParts | None:
    """Return the parts of a name that is written as it is said."""
    from nameparser import parse

    parsed = parse(name)
    family, given = parsed.family, " ".join(part for part in (parsed.given, parsed.middle) if part)
    words = f"{given} {family}".split()
    if not _are_names(family.split(), given.split()) or parsed.nickname or parsed.maiden:
        return None
    if parsed.title or _NUMERAL.fullmatch(words[-1]) or _begins_otherwise(words[0]):
        return None
    if _family_first(words):
        family, given = words
    elif _open(words):
        return None
    return {"family": family, "given": given} | ({"suffix": parsed.suffix} if parsed.suffix else {})


def one_name(parts: NameParts) -> str:
    """Return a divided name as one text that `name_parts` divides alike, in its natural order
    where that is possible.

    >>> one_name({"family": "Zhou", "given": "Enlai"}), one_name({"literal": "Polybius"})
    ('Zhou Enlai', 'Polybius')
    >>> one_name({"family": "Sanford", "given": "William F.", "suffix": "Jr."})
    'William F. Sanford, Jr.'
    >>> one_name({"family": "García Márquez", "given": "Gabriel"})
    'García Márquez, Gabriel'
    """
    if "literal" in parts:
        return parts["literal"]
    family, given = parts.get("family", ""), parts.get("given", "")
    after = _after(parts.get("suffix", ""))
    if not family or not given:
        return f"{family or given}{after}"
    natural = f"{given} {family}{after}"
    if family[0].islower():  # "of Gaunt": nobody begins with it
        return natural
    for order in (f"{family} {given}{after}", natural):
        if name_parts(order) == {name: part for name, part in parts.items() if part}:
            return order
    return ", ".join(part for part in (family, given, parts.get("suffix")) if part)


def natural_order(name: str) -> str:
    """Return a person's name as it is said; what is not surely a family name and a given name, and
    a name whose order is open, keeps its commas.

    >>> natural_order("Hamilton, Stanislaus Murray"), natural_order("King, Martin Luther, Jr.")
    ('Stanislaus Murray Hamilton', 'Martin Luther King, Jr.')
    >>> natural_order("Zhou, Enlai"), natural_order("Department of State, Policy Staff")
    ('Zhou Enlai', 'Department of State, Policy Staff')
    >>> natural_order("Chang, Ken"), natural_order("Zhu, Min"), natural_order("Ann Lee, Boston")
    ('Ken Chang', 'Zhu, Min', 'Ann Lee, Boston')
    """
    parts = name_parts(name) if "," in name else None
    if parts is None:
        return name
    family, given = parts["family"], parts["given"]
    words = [*family.split(), *given.split()]
    order = f"{family} {given}" if _family_first(words) else f"{given} {family}"
    if _open(words) and not _said(order):
        order = f"{family}, {given}"
    return f"{order}{_after(parts.get('suffix', ''))}"


def _after(suffix: str) -> str:
    """Return a suffix as it is written after a name in its natural order."""
    comma = "" if _NUMERAL.fullmatch(suffix) else ","
    return f"{comma} {suffix}" if suffix else ""


def _begins_otherwise(word: str) -> bool:
    """Return whether a word before a name is no given name: an article, a title, a particle."""
    if word in {"The", "A", "An"}:
        return True
    known = _particles() | TITLES | word_list("people", "forms_of_address")
    return word.casefold().strip(".") in known


def _particles() -> frozenset[str]:
    from nameparser import Lexicon

    return frozenset(Lexicon.default().particles)


def _are_names(family: list[str], given: list[str]) -> bool:
    """Return whether both can be names of one person, by their words."""
    words = [*family, *given]
    capitals = not any(word[0].islower() for word in given)
    known = bool(family and given) and len(words) <= _MOST_WORDS
    return known and capitals and all(map(_of_a_name, words))


def _of_a_name(word: str) -> bool:
    plain = word.strip(".").casefold()
    return bool(_WORD.fullmatch(word)) and not _BODY.fullmatch(plain)


def _family_first(words: list[str]) -> bool:
    """Return whether two words are surely a Chinese name or a Korean one, in their own order: the
    second hyphenated, or a family name of China before two syllables, or somebody known."""
    if len(words) != 2 or any(map(is_western, words)):
        return False
    family, given = words
    if "-" in given:
        small = re.fullmatch(r"[A-Z][^\W\d_]+-[a-z]+", given) is not None
        return small or (chinese_syllables(family) == 1 and chinese_syllables(given) > 1)
    known = f"{family} {given}" in table("people")["family_first"]
    return known or (is_chinese_family(family) and chinese_syllables(given) == 2)


def _open(words: list[str]) -> bool:
    """Return whether a name may have its family name first: one of Mandarin syllables, and one of
    three syllables as in Vietnam, Korea and China."""
    if is_western(words[0]) or _family_first(words):
        return False
    if len(words) == 2:
        return chinese_syllables(words[0]) == 1 and chinese_syllables(words[1]) > 0
    return all(len(_VOWELS.findall(word)) == 1 and "." not in word for word in words)
