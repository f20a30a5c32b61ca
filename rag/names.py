"""One name, many spellings: a claim respelled the way an archive writes its names.

People say Zhou Enlai, Malinowski and Beijing; the records of the 1960s say Chou En-lai,
Malinovskiy and Peiping. Nothing here knows persons. It knows systems:

* Chinese: Hanyu Pinyin and Wade-Giles, converted syllable by syllable, both ways;
* Russian and other names that went through several romanisations or were written down by
  ear: a key under which such spellings meet (`spelling_key`);
* places that have changed their names: a table of pairs.

A respelling is only proposed when the index has the words of it, so most claims have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from rag.text import stems, words

MAX_RESPELLINGS = 3
"""Respelled claims that are searched beside the claim itself."""

MIN_KEY_LETTERS = 5
"""Shorter names have too many neighbours that only sound alike."""

RARER = 5
"""A spelling that the index has is respelled only as one that it has this often more."""

Frequency = Callable[[str], int]
"""In how many passages a stem is; 0 for one that the index does not have."""


@dataclass(frozen=True, slots=True)
class Respelling:
    """A claim with names in another spelling: `replaced` holds (as said, as searched)."""

    text: str
    replaced: tuple[tuple[str, str], ...]


# ---- Chinese ----

# Wade-Giles initials and finals by their Pinyin ones, without apostrophes and diacritics,
# which archives drop as often as not (so b and p, d and t, g and k fall together).
_INITIALS = {
    "zh": "ch", "ch": "ch", "sh": "sh", "b": "p", "p": "p", "m": "m", "f": "f", "d": "t",
    "t": "t", "n": "n", "l": "l", "g": "k", "k": "k", "h": "h", "j": "ch", "q": "ch",
    "x": "hs", "r": "j", "z": "ts", "c": "ts", "s": "s", "y": "y", "w": "w", "": "",
}  # fmt: skip
_FINALS = {
    "a": "a", "o": "o", "e": "e", "ai": "ai", "ei": "ei", "ao": "ao", "ou": "ou", "an": "an",
    "en": "en", "ang": "ang", "eng": "eng", "ong": "ung", "er": "erh", "i": "i", "ia": "ia",
    "ie": "ieh", "iao": "iao", "iu": "iu", "ian": "ien", "in": "in", "iang": "iang",
    "ing": "ing", "iong": "iung", "u": "u", "ua": "ua", "uo": "o", "uai": "uai", "ui": "ui",
    "uan": "uan", "un": "un", "uang": "uang", "ue": "ueh", "ve": "ueh",
}  # fmt: skip
_WHOLE = {
    "zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "zi": "tzu", "ci": "tzu",
    "si": "ssu", "e": "o", "ge": "ko", "ke": "ko", "he": "ho", "yi": "i", "ye": "yeh",
    "yan": "yen", "you": "yu", "yong": "yung", "yue": "yueh", "guo": "kuo", "kuo": "kuo",
    "huo": "huo", "shuo": "shuo", "gui": "kuei", "kui": "kuei",
}  # fmt: skip
_ALSO = {"si": ("szu",), "yi": ("yi",), "jie": ("chieh", "kie"), "xi": ("hsi", "si")}


@cache
def wade_giles() -> Mapping[str, tuple[str, ...]]:
    """Return the Wade-Giles spellings, plain letters only, of each Pinyin syllable.

    >>> [wade_giles()[s][0] for s in ("zhou", "en", "lai", "xiao", "ping", "guo", "zi")]
    ['chou', 'en', 'lai', 'hsiao', 'ping', 'kuo', 'tzu']
    """
    table = {}
    for (initial, ours), (final, theirs) in product(_INITIALS.items(), _FINALS.items()):
        syllable = initial + final
        if _plausible(initial, final):
            regular = _WHOLE.get(syllable, ours + theirs)
            table[syllable] = tuple(dict.fromkeys([regular, *_ALSO.get(syllable, ())]))
    return table


def _plausible(initial: str, final: str) -> bool:
    """Return whether Mandarin may put the two together. A syllable too many is harmless:
    a respelling must be in the index."""
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
    table: dict[str, tuple[str, ...]] = {}
    for syllable, spellings in wade_giles().items():
        for spelling in spellings:
            table[spelling] = (*table.get(spelling, ()), syllable)
    return table


def _divide(word: str, syllables: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Yield the ways to read a word as one to three syllables."""
    if not word:
        yield []
    for size in range(min(6, len(word)), 0, -1):
        if word[:size] in syllables:
            for rest in _divide(word[size:], syllables):
                if len(rest) < 3:
                    yield [word[:size], *rest]


def chinese_spellings(word: str) -> list[str]:
    """Return a Pinyin word in Wade-Giles, and a Wade-Giles word (with or without its
    hyphens) in Pinyin, as lower-case words with hyphens between Wade-Giles syllables.

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


# ---- romanisations, and spelling by ear ----

_KEY_RULES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"shch|sch|sh", "S"),
        (r"tch|ch|tsch|cz", "C"),
        (r"zh|j(?=[aou])", "Z"),
        (r"ts|tz", "z"),
        (r"kh", "h"),
        (r"ph|(?<=[aeo])ff$", "f"),
        (r"w", "v"),
        (r"(?<=[oe])f$", "v"),
        (r"ck|q", "k"),
        (r"x", "ks"),
        (r"j", "i"),
        (r"ou|oo", "u"),
        (r"ue", "u"),
        (r"oe", "o"),
        (r"ae", "e"),
        (r"[iy][aeou]?[iy]*$", "i"),
        (r"[yi](?=[aeou])", ""),
        (r"y", "i"),
        (r"[eo]v$", "v"),
        (r"(.)\1+", r"\1"),
    )
]


def spelling_key(word: str) -> str:
    """Return a key that the romanisations of one name share, and few other names have.

    Consonants that languages write differently fall together (w and v, kh and h, shch
    and sh), glides before vowels go, endings such as -skiy, -skij and -ski are one.

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


# ---- places ----

_PLACES = (
    ("Beijing", "Peking", "Peiping"),
    ("Nanjing", "Nanking"),
    ("Guangzhou", "Canton"),
    ("Chongqing", "Chungking"),
    ("Taiwan", "Formosa"),
    ("Iran", "Persia"),
    ("Thailand", "Siam"),
    ("Ottoman", "Porte"),
    ("Istanbul", "Constantinople"),
    ("Izmir", "Smyrna"),
    ("Ethiopia", "Abyssinia"),
    ("Sri Lanka", "Ceylon"),
    ("Myanmar", "Burma"),
    ("Yangon", "Rangoon"),
    ("Mumbai", "Bombay"),
    ("Kolkata", "Calcutta"),
    ("Chennai", "Madras"),
    ("Ho Chi Minh City", "Saigon"),
    ("Jakarta", "Batavia", "Djakarta"),
    ("Indonesia", "Dutch East Indies", "Netherlands Indies"),
    ("Saint Petersburg", "Petrograd", "Leningrad"),
    ("Volgograd", "Stalingrad"),
    ("Oslo", "Christiania"),
    ("Tallinn", "Reval"),
    ("Gdansk", "Danzig"),
    ("Wroclaw", "Breslau"),
    ("Kaliningrad", "Königsberg"),
    ("Iraq", "Mesopotamia"),
    ("Zimbabwe", "Southern Rhodesia", "Rhodesia"),
    ("Zambia", "Northern Rhodesia"),
    ("Malawi", "Nyasaland"),
    ("Tanzania", "Tanganyika"),
    ("Ghana", "Gold Coast"),
    ("Benin", "Dahomey"),
    ("Burkina Faso", "Upper Volta"),
    ("Congo", "Zaire"),
    ("Kinshasa", "Leopoldville"),
    ("Harare", "Salisbury"),
    ("Namibia", "South West Africa"),
    ("Bangladesh", "East Pakistan"),
    ("Cambodia", "Kampuchea"),
    ("Korea", "Corea", "Chosen"),
    ("Seoul", "Keijo"),
    ("Manchuria", "Manchukuo"),
    ("Hawaii", "Sandwich Islands", "Hawaiian Islands"),
    ("Toronto", "York"),
    ("Tokyo", "Yedo", "Edo"),
    ("Vanuatu", "New Hebrides"),
    ("Samoa", "Navigator Islands"),
    ("Dominican Republic", "San Domingo", "Santo Domingo"),
    ("Haiti", "Hayti"),
    ("Colombia", "New Granada"),
    ("Tripoli", "Barbary"),
)
"""Places under their present and former names. Facts of record; any list is open."""


def place_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name in the text, another name of the same place)."""
    for names in _PLACES:
        for name in names:
            if re.search(rf"\b{re.escape(name)}\b", text):
                yield from ((name, other) for other in names if other != name)


# ---- claims ----

_NAME = re.compile(r"\b[^\W\d_a-z][^\W\d_]*(?:['’][^\W\d_]+)*(?:[-–][^\W\d_]+)*")


def respell(
    claim: str, frequency: Frequency, neighbours: Callable[[str], Sequence[str]]
) -> list[Respelling]:
    """Return the claim in other spellings of its names that the index has, likeliest
    first; none if there are none.

    `frequency`: of a stem in the index. `neighbours`: the index's stems with the same
    `spelling_key` as a stem. A name that the index has is left as it is, unless another
    spelling is `RARER` times as frequent; a place is tried under each of its names.
    """
    people: dict[str, str] = {}
    for match in _NAME.finditer(claim):
        name = match.group()
        if name not in people and (other := _best_spelling(name, frequency, neighbours)):
            people[name] = other
    found = []
    if people:
        found.append(_replaced(claim, list(people.items())))
    for name, other in place_names(claim):
        if _known(other, frequency):
            found.append(_replaced(claim, [*people.items(), (name, other)]))
    return found[:MAX_RESPELLINGS]


def _best_spelling(
    name: str, frequency: Frequency, neighbours: Callable[[str], Sequence[str]]
) -> str | None:
    """Return the most frequent other spelling of a name in the index, if it is worth it."""
    own = stems(words(name))
    if not own:
        return None
    own_count = min(frequency(stem) for stem in own)
    candidates = {}
    for spelling in chinese_spellings(name):
        candidates[spelling] = min((frequency(s) for s in stems(words(spelling))), default=0)
    if len(own) == 1 and len(own[0]) >= MIN_KEY_LETTERS:
        for stem in neighbours(own[0]):
            if stem != own[0]:
                candidates[stem] = frequency(stem)
    best = max(candidates, key=lambda spelling: candidates[spelling], default=None)
    if best is None or candidates[best] <= RARER * own_count:
        return None
    return best.title() if "-" not in best else best[0].upper() + best[1:]


def _known(name: str, frequency: Frequency) -> bool:
    return all(frequency(stem) > 0 for stem in stems(words(name)))


def _replaced(claim: str, pairs: Sequence[tuple[str, str]]) -> Respelling:
    text = claim
    for name, other in pairs:
        text = re.sub(rf"\b{re.escape(name)}\b", other, text)
    return Respelling(text, tuple(pairs))
