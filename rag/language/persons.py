"""A person's name in its parts, as CSL has them: family, given, suffix.

What is only a text is read by nameparser. It knows particles, titles and suffixes; but it takes a
body for a person, and a romanised Chinese or Korean name for one with the family name last.
"""

from __future__ import annotations

import re

from rag.language.names import TITLES, is_given
from rag.language.respelling import chinese_syllables
from rag.language.tokens import word_list

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
_NUMERAL = re.compile(r"[IVXLCDM]{2,}|[IVX]")
"""Of a ruler: "Louis XIV"."""
_VOWELS = re.compile(r"[aeiouyäöüàáâãèéêìíòóôùúăơưạ-ỹ]+", re.IGNORECASE)
_MOST_WORDS = 6


def name_parts(name: str) -> NameParts | None:
    """Return a person's name divided; None for what does not look like one in every word, has a
    title in it, or leaves open which part is the family name.

    >>> name_parts("Martin Van Buren"), name_parts("Sanford, William F., Jr.")["suffix"]
    ({'family': 'Van Buren', 'given': 'Martin'}, 'Jr.')
    >>> name_parts("Mao Zedong"), name_parts("Kim Il-sung")
    ({'family': 'Mao', 'given': 'Zedong'}, {'family': 'Kim', 'given': 'Il-sung'})
    >>> [name_parts(n) for n in ("The President", "Pope Pius XII", "Louis XIV", "Ho Chi Minh")]
    [None, None, None, None]
    """
    from nameparser import parse

    parsed = parse(" ".join(name.split()))
    family, given = parsed.family, " ".join(part for part in (parsed.given, parsed.middle) if part)
    words = f"{given} {family}".split()
    if not family or not given or parsed.nickname or parsed.maiden or len(words) > _MOST_WORDS:
        return None
    if any(word[0].islower() for word in given.split()) or not all(map(_of_a_name, words)):
        return None
    if "," in name and name.partition(",")[0].strip() == family:  # whoever wrote it divided it
        given = f"{parsed.title} {given}".strip()
    elif parsed.title or _NUMERAL.fullmatch(words[-1]) or _begins_otherwise(words[0]):
        return None
    elif _family_first(words):
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
    """Return a person's name as it is said; what has no family name first stays as it is.

    >>> natural_order("Hamilton, Stanislaus Murray"), natural_order("King, Martin Luther, Jr.")
    ('Stanislaus Murray Hamilton', 'Martin Luther King, Jr.')
    >>> natural_order("Zhou, Enlai"), natural_order("Department of State, Policy Staff")
    ('Zhou Enlai', 'Department of State, Policy Staff')
    """
    parts = name_parts(name) if "," in name else None
    if parts is None:
        return name
    family, given = parts["family"], parts["given"]
    order = f"{family} {given}" if _family_first([family, given]) else f"{given} {family}"
    return f"{order}{_after(parts.get('suffix', ''))}"


def _after(suffix: str) -> str:
    """Return a suffix as it is written after a name in its natural order."""
    comma = "" if _NUMERAL.fullmatch(suffix) else ","
    return f"{comma} {suffix}" if suffix else ""


def _begins_otherwise(word: str) -> bool:
    """Return whether a word before a name is no given name: an article, a title, a particle."""
    from nameparser import Lexicon

    if word in {"The", "A", "An"}:
        return True
    known = Lexicon.default().particles | TITLES | word_list("people", "forms_of_address")
    return word.casefold().strip(".") in known


def _of_a_name(word: str) -> bool:
    plain = word.strip(".").casefold()
    return bool(_WORD.fullmatch(word)) and not _BODY.fullmatch(plain)


def _family_first(words: list[str]) -> bool:
    """Return whether two words are a Chinese name or a Korean one, in their own order: made of
    syllables of Mandarin, the first of one, or with a small letter after a hyphen."""
    if len(words) != 2 or is_given(words[0]):
        return False
    family, given = words
    hyphenated = re.fullmatch(r"[A-Z][^\W\d_]+-[a-z]+", given) is not None
    return hyphenated or (chinese_syllables(family) == 1 and chinese_syllables(given) > 0)


def _open(words: list[str]) -> bool:
    """Return whether a name may have its family name first, as those of three syllables in
    Vietnam, Korea and China do."""
    syllables = all(len(_VOWELS.findall(word)) == 1 and "." not in word for word in words)
    return len(words) > 2 and syllables and not is_given(words[0])
