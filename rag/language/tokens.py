"""Words, stems and sentences of an English text.

Words are what the lexical index counts; they are folded so that "Café", "CAFE" and
"café" meet, "Ch’en" and "Chen" too, and so that "15,000" is one number. Sentences come
from `sentencex`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from rag.datatypes import Span
from rag.language.folding import LETTERS
from rag.language.lexicon import table
from rag.text import trimmed

MONTHS: tuple[str, ...] = tuple(table("calendar")["months"].split())
"""For citations, which are English whatever the locale is."""

# A number with its separators, or letters with inner apostrophes.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’]s$")
_LETTERS = str.maketrans(LETTERS)


@lru_cache(maxsize=200_000)
def _fold(word: str) -> str:
    if word[0].isdecimal():  # "²" is a digit, too, but no number
        return _SEPARATOR.sub("", word)
    word = _POSSESSIVE.sub("", word).replace("'", "").replace("’", "")
    decomposed = unicodedata.normalize("NFKD", word.translate(_LETTERS))
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
