"""An exact phrase in a document, however its letters are written there.

Case, accents, the long s, ligatures, words broken by a line and the kind of white space between
words do not matter; the words and their order do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rag.datatypes import Span
from rag.language import fold

MOST = 500
"""Places that are told of one phrase in a document."""

_SIGNS = str.maketrans("‘’“”–—", "''\"\"--")


def find_phrase(text: str, phrase: str) -> list[Span]:
    """Return where a phrase stands in a text, at most `MOST` places, as whole words unless it
    begins or ends within one that is not a letter or figure.

    >>> [span.of(text) for text in ["The Aſſem-\\nbly of Lâon"] for span in
    ...     find_phrase(text, "assembly  of LAON")]
    ['Aſſem-\\nbly of Lâon']
    """
    wanted, _ = _plain(phrase)
    words = wanted.split()
    if not words:
        return []
    pattern = r"\s+".join(map(re.escape, words))
    pattern = f"{_edge(words[0][0], before=True)}{pattern}{_edge(words[-1][-1], before=False)}"
    plain, places = _plain(text)
    found = []
    for match in re.finditer(pattern, plain):
        found.append(Span(places[match.start()], _after(text, places[match.end() - 1])))
        if len(found) == MOST:
            break
    return found


def _edge(sign: str, *, before: bool) -> str:
    if not sign.isalnum():
        return ""
    return r"(?<!\w)" if before else r"(?!\w)"


def _after(text: str, place: int) -> int:
    """Return the end of the letter at a place, with the accents that are written after it."""
    end = place + 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


@lru_cache(maxsize=4)
def _plain(text: str) -> tuple[str, Sequence[int]]:
    """Return a text as it is compared, and for each of its characters the place in the text."""
    folded = fold(text)
    if folded.text.isascii():  # nothing changes its length
        return folded.text.casefold().translate(_SIGNS), folded.places
    parts: list[str] = []
    places: list[int] = []
    for place, letter in zip(folded.places, folded.text, strict=True):
        plain = _letter(letter)
        parts.append(plain)
        places.extend([place] * len(plain))
    return "".join(parts), places


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    """Return a letter without case and accent; "" for an accent that stands by itself."""
    apart = unicodedata.normalize("NFKD", letter.translate(_SIGNS).casefold())
    return "".join(part for part in apart if not unicodedata.combining(part))
