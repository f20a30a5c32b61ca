"""Places under the names that they have and had, and nations by all that stands for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from rag.language.lexicon import table
from rag.language.tokens import stems, words


@cache
def _places() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(names.split(", ")) for names in table("places")["places"])


def place_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name in the text, another name of the same place)."""
    for names in _places():
        for name in names:
            if re.search(rf"\b{re.escape(name)}\b", text):
                yield from ((name, other) for other in names if other != name)


def name_in_records(place: str, years: tuple[int, int]) -> str:
    """Return under which name records of those years have a place of today: its own, or another.

    >>> name_in_records("Iran", (1900, 1901)), name_in_records("Iran", (1960, 1960))
    ('Persia', 'Iran')
    """
    known = table("places")["in_records"].get(place, {})
    then = known.get("since", 0) <= years[0] and years[1] < known.get("until", 0)
    return str(known["name"]) if then else place


@cache
def _nations() -> dict[tuple[str, ...], frozenset[int]]:
    found: dict[tuple[str, ...], set[int]] = {}
    for number, listed in enumerate(table("places")["nations"]):
        for listed_name in listed.split(", "):
            also = (name for names in _places() if listed_name in names for name in names)
            for name in (listed_name, *also):
                found.setdefault(tuple(stems(words(name))), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


@cache
def stands_for(name: str) -> frozenset[tuple[str, ...]]:
    """Return all names, as stems, of the nation that `name` is one of; none for another name.

    >>> ("holland",) in stands_for("the Dutch"), sorted(stands_for("Zhou"))
    (True, [])
    """
    numbers = _nations().get(tuple(stems(words(name))), frozenset())
    return frozenset(other for other, theirs in _nations().items() if theirs & numbers)
