"""One name, many spellings: a claim respelled the way an archive writes its names.

People say Zhou Enlai, Malinowski and Beijing; the records of the 1960s say Chou En-lai,
Malinovskiy and Peiping. Nothing here knows persons. It knows systems:

* Chinese: Hanyu Pinyin and Wade-Giles, converted syllable by syllable, both ways;
* names that went through several romanisations or were written down by ear: keys under which
  such spellings meet (`spelling_keys`);
* places that have changed their names, or have Postal ones: a table (`places`);
* persons, where the user has fetched an authority file (`authority`).

A respelling is only proposed when the index has the words of it, so most claims have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from rag.language.lexicon import table
from rag.language.names import capitalised
from rag.language.places import place_names
from rag.language.tokens import stems, words

MAX_RESPELLINGS = 3
"""Respelled claims that are searched beside the claim itself."""

RARER = 5
"""A spelling that the index has is respelled only as one that it has this often more."""

Frequency = Callable[[str], int]
"""In how many passages a stem is; 0 for one that the index does not have."""


Neighbours = Callable[[str], Sequence[Iterable[str]]]
"""For a stem, stems of the index that may be other spellings of it, in groups."""


@dataclass(frozen=True, slots=True)
class Respelling:
    """A claim with names in another spelling: `replaced` holds (as said, as searched)."""

    text: str
    replaced: tuple[tuple[str, str], ...]


# ---- Chinese ----


@cache
def wade_giles() -> Mapping[str, tuple[str, ...]]:
    """Return the Wade-Giles spellings, plain letters only, of each Pinyin syllable.

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
    found: dict[str, tuple[str, ...]] = {}
    for syllable, spellings in wade_giles().items():
        for spelling in spellings:
            found[spelling] = (*found.get(spelling, ()), syllable)
    return found


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


# ---- claims ----


def respell(claim: str, frequency: Frequency, neighbours: Neighbours) -> list[Respelling]:
    """Return the claim in other spellings of its names that the index has, likeliest
    first; none if there are none.

    `frequency`: of a stem in the index. `neighbours`: the index's stems that may be another
    spelling of one, in groups, the surest first. A name that the index has is left as it is,
    unless another spelling is `RARER` times as frequent; a place is tried under each of its
    names.
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
    return found[:MAX_RESPELLINGS]


def _best_spelling(name: str, frequency: Frequency, neighbours: Neighbours) -> str | None:
    """Return the most frequent other spelling of a name in the index, if it is worth it, of
    the surest kind that has one."""
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
        if best is not None and counts[best] > RARER * own_count:
            return best.title() if "-" not in best else best[0].upper() + best[1:]
    return None


def _known(name: str, frequency: Frequency) -> bool:
    return all(frequency(stem) > 0 for stem in stems(words(name)))


def _replaced(claim: str, pairs: Sequence[tuple[str, str]]) -> Respelling:
    text = claim
    for name, other in pairs:
        text = re.sub(rf"\b{re.escape(name)}\b", other, text)
    return Respelling(text, tuple(pairs))
