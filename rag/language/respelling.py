"""One name, many spellings: a claim respelled as an archive writes its names.

People say Zhou Enlai, Malinowski and Beijing; the records of the 1960s say Chou En-lai, Malinovskiy
and Peiping. This module knows spelling systems, not persons:

* Chinese: Hanyu Pinyin and Wade-Giles, converted syllable by syllable, both ways;
* names that went through several romanisations or were written down by ear: keys that such
  spellings share;
* places that were renamed, or have Postal names: a table (`names`);
* persons, where the user has fetched an authority file (`rag.retrieval`).

`respell` proposes a spelling only if the index has its words, so most claims get none. For an
archive that is searched by hand there is no index, only the years of its records: `respelled` uses
the spellings that follow from a rule or that the catalog has.

Three keys bring spellings of one name together, from the surest to the least sure: `spelling_key`
for names that went through several romanisations, `vowel_keys` for names from scripts that omit
vowels (Arabic, Persian) and names heard by English ears, `deletions` for one wrong letter.

A person's name is also divided into the parts that CSL has: family, given, suffix. nameparser reads
a name given as plain text. It knows particles, titles and suffixes, but it takes an organisation
for a person, and a Chinese or Korean family name in first place for a given name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Literal

from rag.language.names import TITLES, capitalised, historical_place_name, is_western, place_names
from rag.language.tokens import stems, table, word_list, words

_MAX_RESPELLINGS = 3
"""Respelled claims that are searched beside the claim itself."""

_RARER = 5
"""A name that the index has is respelled only if the other spelling is this many times as frequent.
"""

_Frequency = Callable[[str], int]
"""Returns in how many passages a stem occurs, 0 if the index does not have it."""

_Neighbours = Callable[[str], Sequence[Iterable[str]]]
"""Returns the index's stems that may be other spellings of a stem, in groups, the surest first."""

Spelling = Literal["", "period", "modern"]
"""How an archive spells names: as people wrote them at the time of the event ("period"), as is
usual today ("modern"), or as the claim does ("")."""

_PINYIN_YEAR = 1979
"""The American government and press wrote Chinese names in Wade-Giles until this year."""

_RUSSIAN = re.compile(
    r"\b(?:Soviet|Soviets|Russian?s?|USSR|Moscow|Kremlin|Leningrad|Petersburg|Khrushchev|Stalin|"
    r"Brezhnev|Lenin|Red Army|[Tt]sar|[Cc]zar)\b"
)
_SKY = re.compile(r"(?<=\w\w)(?P<vowel>[oe])[vw]sk(?:i|ij|iy|ii|y|yi)$")
_DISTINCT = re.compile(r"zh|x")


@dataclass(frozen=True, slots=True)
class Respelling:
    """A claim with names in another spelling. `replaced`: pairs of the old and the new spelling."""

    text: str
    replaced: tuple[tuple[str, str], ...]


# ---- Chinese ----


@cache
def wade_giles() -> Mapping[str, tuple[str, ...]]:
    """Return the Wade-Giles spellings of each Pinyin syllable, in plain letters.

    >>> [wade_giles()[s][0] for s in ("zhou", "en", "lai", "xiao", "ping", "guo", "zi")]
    ['chou', 'en', 'lai', 'hsiao', 'ping', 'kuo', 'tzu']
    """
    known = table("chinese")
    found = {}
    for (initial, ours), (final, theirs) in product(
        known["initials"].items(), known["finals"].items()
    ):
        syllable = initial + final
        if _plausible(initial, final):
            regular = known["whole"].get(syllable, ours + theirs)
            also = known["also"].get(syllable, "").split()
            found[syllable] = tuple(dict.fromkeys([regular, *also]))
    return found


def _plausible(initial: str, final: str) -> bool:
    """Return whether Mandarin may combine an initial and a final. A combination too many does no
    harm, since a respelling must be in the index."""
    if initial in {"j", "q", "x"}:
        return final[0] in "iu" and final not in {"ua", "uai", "uang", "ui", "uo"}
    if initial in {"zh", "ch", "sh", "r", "z", "c", "s"}:
        return final == "i" or (final[0] not in "i" and final not in {"o", "ue", "ve", "er"})
    if initial in {"g", "k", "h"}:
        return final[0] != "i" and final not in {"o", "ue", "ve", "er"}
    if initial == "":
        return final in {"a", "o", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "er"}
    if initial == "y":
        return final in {
            "a", "e", "i", "ao", "ou", "an", "in", "ang", "ing", "ong", "u", "ue", "uan", "un",
        }  # fmt: skip
    if initial == "w":
        return final in {"a", "o", "u", "ai", "ei", "an", "en", "ang", "eng"}
    return final not in {"er", "ua", "uai", "uang", "iong"}


@cache
def pinyin() -> Mapping[str, tuple[str, ...]]:
    """Return the Pinyin syllables that each Wade-Giles spelling may stand for."""
    found: dict[str, tuple[str, ...]] = {}
    for syllable, spellings in wade_giles().items():
        for spelling in spellings:
            found[spelling] = (*found.get(spelling, ()), syllable)
    return found


def _divide(word: str, syllables: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Yield each way to read a word as one to three syllables."""
    if not word:
        yield []
    for size in range(min(6, len(word)), 0, -1):
        if word[:size] in syllables:
            for rest in _divide(word[size:], syllables):
                if len(rest) < 3:
                    yield [word[:size], *rest]


def chinese_spellings(word: str) -> list[str]:
    """Return the other romanisations of a Chinese word: Wade-Giles for Pinyin, and Pinyin for
    Wade-Giles, with or without hyphens. The results are lower case, Wade-Giles with hyphens.

    >>> chinese_spellings("Enlai")[:1], chinese_spellings("Zedong")[:1]
    (['en-lai'], ['tse-tung'])
    >>> "zedong" in chinese_spellings("Tse-tung")
    True
    """
    plain = "".join(words(word.replace("-", "").replace("–", "")))
    found = []
    if "-" not in word and "–" not in word:
        readings = list(_divide(plain, wade_giles()))
        fewest = min(map(len, readings), default=0)
        for parts in readings:  # jie-shi, not ji-e-shi: a reader would need an apostrophe
            if len(parts) == fewest:
                spelled = product(*(wade_giles()[part] for part in parts))
                found += ["-".join(choice) for choice in spelled]
    own = words(word)
    if all(part in pinyin() for part in own) and len(own) <= 3:
        found += ["".join(choice) for choice in product(*(pinyin()[p] for p in own))]
    return [spelling for spelling in dict.fromkeys(found) if spelling != word.lower()]


def _chinese_syllables(word: str) -> int:
    """Return how many Mandarin syllables a word has, in Pinyin or Wade-Giles; 0 if it is not
    Chinese.

    >>> [_chinese_syllables(word) for word in ("Mao", "Zedong", "Tse-tung", "Monroe")]
    [1, 2, 2, 0]
    """
    plain = "".join(words(word.replace("-", "").replace("–", "")))
    divided = (
        min(map(len, _divide(plain, known)), default=0) for known in (wade_giles(), pinyin())
    )
    return min((number for number in divided if number), default=0)


def _is_chinese_family(word: str) -> bool:
    """Return whether a word is a common Chinese family name, in Pinyin or Wade-Giles.

    >>> _is_chinese_family("Deng"), _is_chinese_family("Teng"), _is_chinese_family("Ang")
    (True, True, False)
    """
    plain = "".join(words(word))
    return not word_list("people", "chinese_families").isdisjoint({plain, *pinyin().get(plain, ())})


# ---- claims ----


def respell(claim: str, frequency: _Frequency, neighbours: _Neighbours) -> list[Respelling]:
    """Return the claim with its names in other spellings that the index has, the likeliest first.

    `frequency`: in how many passages a stem occurs. `neighbours`: stems of the index that may be
    other spellings of a stem, in groups, the surest first. A name that the index has stays, unless
    another spelling is `_RARER` times as frequent; a place is tried under each of its names.
    """
    people: dict[str, str] = {}
    for span in capitalised(claim):
        name = span.of(claim)
        if name not in people and (other := _best_spelling(name, frequency, neighbours)):
            people[name] = other
    found = []
    if people:
        found.append(_replaced(claim, list(people.items())))
    for name, other in place_names(claim):
        if _known(other, frequency):
            found.append(_replaced(claim, [*people.items(), (name, other)]))
    return found[:_MAX_RESPELLINGS]


def _best_spelling(name: str, frequency: _Frequency, neighbours: _Neighbours) -> str | None:
    """Return the most frequent other spelling of a name, from the surest group that has one; None
    if no spelling is worth a search."""
    own = stems(words(name))
    if not own:
        return None
    own_count = min(frequency(stem) for stem in own)
    spelled = chinese_spellings(name)
    groups: list[Iterable[str]] = [spelled]
    if len(own) == 1:
        groups += [[stem for stem in group if stem != own[0]] for group in neighbours(own[0])]
    for group in groups:
        counts = {s: min((frequency(stem) for stem in stems(words(s))), default=0) for s in group}
        best = max(counts, key=counts.__getitem__, default=None)
        if best is not None and counts[best] > _RARER * own_count:
            return best.title() if "-" not in best else best[0].upper() + best[1:]
    return None


def _known(name: str, frequency: _Frequency) -> bool:
    return all(frequency(stem) > 0 for stem in stems(words(name)))


def _replaced(claim: str, pairs: Sequence[tuple[str, str]]) -> Respelling:
    text = claim
    for name, other in pairs:
        text = re.sub(rf"\b{re.escape(name)}\b", other, text)
    return Respelling(text, tuple(pairs))


def respelled(
    text: str, style: Spelling, years: tuple[int, int] | None, persons: Sequence[str]
) -> dict[str, str]:
    """Return the names in `text` that an archive of this `style` spells otherwise, each with that
    spelling. `years`: what the text is about. `persons`: names that the catalog has.

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
    wade_giles_then = style == "period" and (years is None or years[0] < _PINYIN_YEAR)
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
        if name not in found and (usual := _english_ending(name, text)):
            found[name] = usual
    if style == "period":
        when = years or (_PINYIN_YEAR - 1, _PINYIN_YEAR - 1)
        former = {name: historical_place_name(name, when) for name in names}
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
    """Return a Pinyin word in Wade-Giles, and any other word unchanged."""
    if word.lower() in wade_giles():
        return wade_giles()[word.lower()][0].capitalize()
    found = [spelling for spelling in chinese_spellings(word) if "-" in spelling]
    return found[0].capitalize() if found else word


def _pinyin(family: str, given: str, known: Set[str]) -> dict[str, str]:
    """Return the Pinyin spelling of each part of a Wade-Giles name that the catalog has in Pinyin;
    without the catalog the conversion is ambiguous."""
    for one in (family.lower(), *chinese_spellings(family)):
        for other in chinese_spellings(given):
            if f"{one} {other}" in known:
                return {family: one.capitalize(), given: other.capitalize()}
    return {}


def _english_ending(name: str, text: str) -> str:
    """Return a Russian name with the ending usual in English archives; "" for any other name."""
    if not (_SKY.search(name) and _RUSSIAN.search(text)):  # it may be Polish
        return ""
    return _SKY.sub(lambda found: f"{found['vowel']}vsky", name)


MIN_KEY_LETTERS = 5
"""Shorter names have too many neighbours that only sound alike."""

_MIN_LOOSE_LETTERS = 6
"""The same for `vowel_keys` and `deletions`, where shorter names would double the false matches."""

_OPEN_VOWELS = 4
"""How many e of a name, from the first, may each stand for a or i."""


def _rules(name: str) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), other) for pattern, other in table("spellings")[name]]


_KEY_RULES = _rules("romanised")
_VOWEL_RULES = _rules("open_vowels")


def spelling_key(word: str) -> str:
    """Return a key that all romanisations of one name share, and few other names have.

    Consonants that languages write differently are made equal (w and v, kh and h, shch and sh),
    glides before vowels are dropped, and endings such as -skiy, -skij and -ski become one.

    >>> spelling_key("malinowski") == spelling_key("malinovskiy") == spelling_key("malinovsky")
    True
    >>> spelling_key("khruschev") == spelling_key("khrushchov")
    True
    >>> spelling_key("dulles") == spelling_key("dallas")
    False
    """
    for pattern, replacement in _KEY_RULES:
        word = pattern.sub(replacement, word)
    return word


def vowel_keys(word: str) -> frozenset[str]:
    """Return the keys of a name whose e may be a or i and whose o is u; none for a short name.

    Two spellings match if they share a key. Guttural sounds and doubled letters are made equal too.

    >>> vowel_keys("mossadegh") & vowel_keys("musaddiq") != frozenset()
    True
    >>> vowel_keys("faisal") & vowel_keys("feisal") != frozenset()
    True
    >>> vowel_keys("hussein") & vowel_keys("hassan")
    frozenset()
    """
    if len(word) < _MIN_LOOSE_LETTERS:
        return frozenset()
    for pattern, replacement in _VOWEL_RULES:
        word = pattern.sub(replacement, word)
    head, *parts = word.split("e", _OPEN_VOWELS)
    return frozenset(
        re.sub(r"(.)\1+", r"\1", head + "".join(v + p for v, p in zip(vowels, parts, strict=True)))
        for vowels in product("ai", repeat=len(parts))
    )


def deletions(word: str) -> frozenset[str]:
    """Return a word and every form of it without one letter after the first; nothing for a short
    word.

    Two words with the same first letter that differ by one inserted, deleted, changed or transposed
    letter share one of these (Garbe's symmetric deletion; see `is_one_edit_apart`).
    """
    if len(word) < _MIN_LOOSE_LETTERS:
        return frozenset()
    return frozenset({word, *(word[:i] + word[i + 1 :] for i in range(1, len(word)))})


def is_one_edit_apart(one: str, other: str) -> bool:
    """Return whether two words with the same first letter are one edit apart, a transposition
    included.

    >>> is_one_edit_apart("hammarskjold", "hammerskjold"), is_one_edit_apart("ziegler", "zeigler")
    (True, True)
    >>> is_one_edit_apart("kennan", "kennedy")
    False
    """
    if one == other or one[:1] != other[:1] or not deletions(one) & deletions(other):
        return False
    if len(one) != len(other):
        return one in deletions(other) or other in deletions(one)
    apart = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1
    return len(apart) == 1 or (
        swapped and one[apart[0]] == other[apart[1]] and one[apart[1]] == other[apart[0]]
    )


# ---- Parts of a name ----

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
_DATES_AND_ROLES = re.compile(
    r"(?:(?:, ?| )(?:(?:b|d|ca|fl)\.? ?)*\d{4}\??[-–](?:\d{4}\??)?\.?"
    r"|(?:, ?| )(?:b|d|ca|fl)\.? ?\d{4}\??\.?"
    r"|, ?(?:author|editor|translator|compiler|ed|eds|trans|comp)\.?)+$"
)
"""What libraries put after a name: the dates of a life, a role."""
_NUMERAL = re.compile(r"[IVXLCDM]{2,}|[IVX]")
"""The numeral of a ruler: "Louis XIV"."""
_VOWELS = re.compile(r"[aeiouyäöüàáâãèéêìíòóôùúăơưạ-ỹ]+", re.IGNORECASE)
_MOST_WORDS = 6


def name_parts(name: str) -> NameParts | None:
    """Return the parts of a person's name. None if some word does not look like part of one, if it
    has a title, or if it is unclear which part is the family name.

    A name with a comma must be "Family, Given", or in natural order with a suffix. Dates of a life
    and roles after it are dropped.

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
    bare = _DATES_AND_ROLES.sub("", name) if "," in name else name
    before, *after = (part.strip() for part in bare.split(","))
    suffix = after.pop() if after and _SUFFIX.fullmatch(after[-1]) else ""
    if len(after) > 1:
        return None
    parts = _family_before_comma(before, after[0]) if after else _natural_name_parts(before)
    return parts | ({"suffix": suffix} if suffix else {}) if parts else None


def _family_before_comma(family: str, given: str) -> NameParts | None:
    """Return the parts of a name written as "Family, Given"; None for a whole name before the
    comma, which a second given name there shows."""
    first, names = family.split(), given.split()
    if not _are_names(first, names) or all(map(_begins_otherwise, names)):
        return None
    one = [word for word in first if word.casefold() not in _particles()]
    if not one or (len(one) > 1 and (is_western(one[0]) or not is_western(names[0]))):
        return None
    return {"family": family, "given": given}


def _natural_name_parts(name: str) -> NameParts | None:
    """Return the parts of a name in natural order."""
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
    elif _has_unclear_order(words):
        return None
    return {"family": family, "given": given} | ({"suffix": parsed.suffix} if parsed.suffix else {})


def join_name(parts: NameParts) -> str:
    """Return a divided name as one text, in natural order if `name_parts` then divides it alike.

    >>> join_name({"family": "Zhou", "given": "Enlai"}), join_name({"literal": "Polybius"})
    ('Zhou Enlai', 'Polybius')
    >>> join_name({"family": "Sanford", "given": "William F.", "suffix": "Jr."})
    'William F. Sanford, Jr.'
    >>> join_name({"family": "García Márquez", "given": "Gabriel"})
    'García Márquez, Gabriel'
    """
    if "literal" in parts:
        return parts["literal"]
    family, given = parts.get("family", ""), parts.get("given", "")
    after = _suffix_text(parts.get("suffix", ""))
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
    """Return a person's name in natural order. A name that is not surely "Family, Given", or whose
    order is unclear, keeps its commas.

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
    if _has_unclear_order(words) and not _natural_name_parts(order):
        order = f"{family}, {given}"
    return f"{order}{_suffix_text(parts.get('suffix', ''))}"


def _suffix_text(suffix: str) -> str:
    """Return a suffix as it is written after a name in natural order."""
    comma = "" if _NUMERAL.fullmatch(suffix) else ","
    return f"{comma} {suffix}" if suffix else ""


def _begins_otherwise(word: str) -> bool:
    """Return whether a word before a name is an article, a title or a particle, not a given
    name."""
    if word in {"The", "A", "An"}:
        return True
    known = _particles() | TITLES | word_list("people", "forms_of_address")
    return word.casefold().strip(".") in known


def _particles() -> frozenset[str]:
    from nameparser import Lexicon

    return frozenset(Lexicon.default().particles)


def _are_names(family: list[str], given: list[str]) -> bool:
    """Return whether the words can be the family and given names of one person."""
    words = [*family, *given]
    capitals = not any(word[0].islower() for word in given)
    known = bool(family and given) and len(words) <= _MOST_WORDS
    return known and capitals and all(map(_of_a_name, words))


def _of_a_name(word: str) -> bool:
    plain = word.strip(".").casefold()
    return bool(_WORD.fullmatch(word)) and not _BODY.fullmatch(plain)


def _family_first(words: list[str]) -> bool:
    """Return whether two words are surely a Chinese or Korean name in its own order: the second is
    hyphenated, or a Chinese family name precedes two syllables, or the person is known."""
    if len(words) != 2 or any(map(is_western, words)):
        return False
    family, given = words
    if "-" in given:
        small = re.fullmatch(r"[A-Z][^\W\d_]+-[a-z]+", given) is not None
        return small or (_chinese_syllables(family) == 1 and _chinese_syllables(given) > 1)
    known = f"{family} {given}" in table("people")["family_first"]
    return known or (_is_chinese_family(family) and _chinese_syllables(given) == 2)


def _has_unclear_order(words: list[str]) -> bool:
    """Return whether a name may have its family name first: Mandarin syllables, or three syllables
    as in Vietnam, Korea and China."""
    if is_western(words[0]) or _family_first(words):
        return False
    if len(words) == 2:
        return _chinese_syllables(words[0]) == 1 and _chinese_syllables(words[1]) > 0
    return all(len(_VOWELS.findall(word)) == 1 and "." not in word for word in words)
