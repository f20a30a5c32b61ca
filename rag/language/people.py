"""Persons under the names that people give them, and whether two names can be one person's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from rag.language.lexicon import table
from rag.language.names import TITLES
from rag.language.tokens import words

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii"})


@cache
def _called() -> tuple[tuple[str, str], ...]:
    """Return (what somebody is called, the name in records), the longest first."""
    pairs = []
    for row in table("people")["called"]:
        name, *others = row.split(", ")
        pairs += [(other, name) for other in others]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


@cache
def _forms() -> dict[str, frozenset[str]]:
    """Return for a given name all its forms, itself among them."""
    found: dict[str, frozenset[str]] = {}
    for row in table("people")["given"].strip().splitlines():
        forms = frozenset(row.split())
        for form in forms:
            found[form] = found.get(form, frozenset()) | forms
    return found


def names_in_records(text: str) -> Iterator[tuple[str, str]]:
    """Yield (what somebody is called in the text, the person's name as records have it).

    >>> list(names_in_records("FDR met Teddy Roosevelt's cousin"))
    [('Teddy Roosevelt', 'Theodore Roosevelt'), ('FDR', 'Franklin D. Roosevelt')]
    """
    for called, name in _called():
        if re.search(rf"(?<!\w){re.escape(called)}(?!\w)", text):
            yield called, name


def with_names_of_records(text: str) -> str:
    """Return a text with its persons under the names that records have.

    >>> with_names_of_records("LBJ's war on poverty")
    "Lyndon B. Johnson's war on poverty"
    """
    for called, name in names_in_records(text):
        text = re.sub(rf"(?<!\w){re.escape(called)}(?!\w)", name, text)
    return text


def can_be_same(said: str, recorded: str) -> bool:
    """Return whether a person's name as said can be the one recorded: the same last name, and no
    given name that the other has not in some form. An initial stands for any name it begins.

    >>> can_be_same("Bill Clinton", "William J. Clinton"), can_be_same("Bush", "George W. Bush")
    (True, True)
    >>> can_be_same("John Adams", "John Quincy Adams"), can_be_same("Quincy Adams", "John Adams")
    (False, False)
    """
    ours, theirs = _parts(said), _parts(recorded)
    if not ours or not theirs or ours[-1] != theirs[-1]:
        return False
    given, others = ours[:-1], theirs[:-1]
    if not given or not others:
        return True
    if not all(_is_among(one, others) for one in given):
        return False
    # Of whom a first and a middle name are said, all are; a middle name in full is always said.
    wanted = [other for other in others[1:] if given[1:] or len(other) > 1]
    return not _is_among(given[0], others[:1]) or all(_is_among(one, given) for one in wanted)


def last_name(name: str) -> str:
    """Return the folded last name of a person, "" of no name.

    >>> last_name("Joseph R. Biden Jr."), last_name("Douglass, Frederick")
    ('biden', 'douglass')
    """
    return next(iter(_parts(name)[-1:]), "")


def _parts(name: str) -> list[str]:
    last, comma, given = name.partition(",")
    turned = (
        f"{given} {last}" if comma and words(given) and words(given)[0] not in _SUFFIXES else name
    )
    return [word for word in words(turned) if word not in _SUFFIXES and word not in TITLES]


def _is_among(one: str, others: list[str]) -> bool:
    return any(
        one[0] == other[0]
        if len(one) == 1 or len(other) == 1
        else one == other or other in _forms().get(one, frozenset())
        for other in others
    )
