"""Words and sentences of a text, with their places.

Words are what the lexical index counts; they are folded so that "Café", "CAFE" and
"café" meet, "Ch’en" and "Chen" too, and so that "15,000" is one number. Sentences come
from `sentencex`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from rag.datatypes import Span

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""For citations, which are English whatever the locale is."""

# A number with its separators, or letters with inner apostrophes.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’]s$")
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")


@lru_cache(maxsize=200_000)
def _fold(word: str) -> str:
    if word[0].isdecimal():  # "²" is a digit, too, but no number
        return _SEPARATOR.sub("", word)
    word = _POSSESSIVE.sub("", word).replace("'", "").replace("’", "")
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text: str) -> list[str]:
    """Return the folded words of `text`, in order, stop words included.

    >>> words("Monroe’s café cost $15,000.")
    ['monroe', 'cafe', 'cost', '15000']
    """
    return [_fold(match.group()) for match in _WORD.finditer(text)]


@cache
def stop_words() -> frozenset[str]:
    """Return the English words that the lexical index leaves out."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return frozenset(word for stop in STOPWORDS_EN_PLUS for word in words(stop))


@cache
def _stemmer() -> object:
    import Stemmer

    return Stemmer.Stemmer("english")


def stems(folded: Iterable[str]) -> list[str]:
    """Return the Snowball stems of folded words, stop words left out.

    >>> stems(words("The nations declared their independence"))
    ['nation', 'declar', 'independ']
    """
    stop = stop_words()
    kept = [word for word in folded if word not in stop]
    result: list[str] = _stemmer().stemWords(kept)  # type: ignore[attr-defined]
    return result


def capitalised_words(text: str) -> Iterator[str]:
    """Yield the words of `text` that start with a capital: likely names, as written."""
    for match in _WORD.finditer(text):
        if match.group()[0].isupper():
            yield _POSSESSIVE.sub("", match.group())


def sentences(text: str, within: Span | None = None) -> list[Span]:
    """Return the spans of the sentences in `text[within]`, without outer white space.

    They are in order, do not overlap, and leave out nothing but white space.

    >>> [s.of("War came. Peace?  Never!") for s in sentences("War came. Peace?  Never!")]
    ['War came.', 'Peace?', 'Never!']
    """
    from sentencex import get_sentence_boundaries

    base, end = (within.start, within.end) if within is not None else (0, len(text))
    part = text[base:end]
    found = []
    for boundary in get_sentence_boundaries("en", part):
        span = trimmed(text, base + boundary["start_index"], base + boundary["end_index"])
        if span is not None:
            found.append(span)
    return found


def trimmed(text: str, start: int, end: int) -> Span | None:
    """Return `start..end` without white space at its ends; None if nothing is left."""
    part = text[start:end]
    stripped = part.strip()
    if not stripped:
        return None
    start += len(part) - len(part.lstrip())
    return Span(start, start + len(stripped))


def squeezed(text: str, span: Span) -> tuple[str, list[int]]:
    """Return `text[span]` with each run of white space as one space, and for each character of
    that its place in `text`.

    >>> squeezed("War  came.", Span(0, 10))
    ('War came.', [0, 1, 2, 3, 5, 6, 7, 8, 9])
    """
    kept = [
        place
        for place in range(span.start, span.end)
        if not text[place].isspace() or (place > span.start and not text[place - 1].isspace())
    ]
    return "".join(" " if text[place].isspace() else text[place] for place in kept), kept


def ends_paragraph(text: str, end: int, next_start: int) -> bool:
    """Return whether a paragraph break lies between two sentences."""
    return bool(_PARAGRAPH_BREAK.search(text, end, next_start))
