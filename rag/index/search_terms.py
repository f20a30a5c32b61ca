"""What the lexical index counts: stems; days, numbers and designations in one spelling each.

"March 12, 1959", "the 12th of March, 1959" and "1959-03-12" meet in the term "1959-03-12",
"12 March" and "March 12th" in "03-12"; "fifteen thousand" meets "15,000" in "15000". "NSC
59/1" and "U-2" are a term each, beside their parts, of which a "1" or a "2" says nothing. A
claim's names and numbers weigh more than its other words.
"""

from __future__ import annotations

import re

from rag.language import capitalised_inside, days, quantities, stems, words

NAME_WEIGHT = 2.0
"""What a claim's names, numbers and days weigh beside its other words."""

_WORDED = re.compile(
    r"\b(?:ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|dozen|hundred|thousand|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|million|billion)",
    re.IGNORECASE,
)

_NUMBERED = r"(?P<number>\d{1,5}(?:[-/]\d{1,4})*)(?![\d%]|[.,:]\d|st\b|nd\b|rd\b|th\b)"
_DESIGNATIONS = [
    re.compile(rf"(?<![\w.-])(?P<letters>{letters}){_NUMBERED}")
    for letters in (
        r"[A-Z]{2,6}[ -]",  # NSC 59/1, NSAM-263
        r"(?:[A-Z]\. ?){2,4}",  # H.R. 1776, P. L. 480
        r"[A-Z][A-Za-z]{0,3}-",  # U-2, MiG-21
    )
]
_DASHES = str.maketrans("–‑—‐\xa0", "---- ")

WORDED_FROM = 10
"""Smaller numbers in words are mostly no figures ("one of them", "two days later")."""


def search_terms(text: str) -> list[str]:
    """Return the terms of `text`: its stems in order, then its days, worded numbers and
    designations.

    >>> search_terms("Fifteen thousand men left on the 2d of February, 1848.")[-3:]
    ['02-02', '1848-02-02', '15000']
    """
    return [*stems(words(text)), *_in_one_spelling(text)]


def _in_one_spelling(text: str) -> list[str]:
    return [*days(text), *worded_numbers(text), *designations(text)]


def worded_numbers(text: str) -> list[str]:
    """Return the numbers that `text` has in words, in digits.

    >>> worded_numbers("fifteen thousand of 20,000, half a million, two days")
    ['15000', '500000']
    """
    if not _WORDED.search(text):
        return []
    found = []
    for quantity in quantities(text):
        said = quantity.span.of(text)
        value = round(100 * quantity.value) if quantity.share else quantity.value
        if value >= WORDED_FROM and value == int(value) and re.search("[a-z]{3}", said.lower()):
            found.append(str(int(value)))
    return [number for number in dict.fromkeys(found) if number not in words(text)]


def designations(text: str) -> list[str]:
    """Return the papers, laws, aircraft and the like that `text` calls by letters and number.

    >>> designations("NIE 13–56 and P.L. 480 say nothing of the U-2s that CIA had in 1956")
    ['nie-13-56', 'pl-480', 'u-2']
    """
    plain = text.translate(_DASHES)
    found = [match for pattern in _DESIGNATIONS for match in pattern.finditer(plain)]
    return list(dict.fromkeys(_designation(match) for match in found))


def _designation(match: re.Match[str]) -> str:
    letters = re.sub("[^a-z]", "", match["letters"].lower())
    return f"{letters}-{match['number'].replace('/', '-')}"


def names(claim: str) -> frozenset[str]:
    """Return the stems of a claim's names and numbers: what has a capital inside a
    sentence, or a digit.

    >>> sorted(names("Gold, said Polk in 1848, was found."))
    ['1848', 'polk']
    """
    said = [span.of(claim) for span in capitalised_inside(claim)]
    numbers = [word for word in words(claim) if word[0].isdigit()]
    return frozenset(stems([word for name in said for word in words(name)] + numbers))


def weighted_terms(claim: str) -> dict[str, float]:
    """Return the claim's terms, each with what it weighs in a search."""
    named = names(claim)
    own = dict.fromkeys(stems(words(claim)), 1.0)
    return (
        own
        | dict.fromkeys(own.keys() & named, NAME_WEIGHT)
        | dict.fromkeys(_in_one_spelling(claim), NAME_WEIGHT)
    )
