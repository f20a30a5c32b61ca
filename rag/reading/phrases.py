"""An exact phrase in a document, or in all of an index, however its letters are written there.

Case, accents, the long s, ligatures, words broken over lines and kinds of white space do not
matter; the words and their order do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rag.datatypes import SourceDocument, Span
from rag.errors import QuestionError
from rag.language import Folded, fold, stems, words
from rag.searching import EVERYTHING, Filter, Index

MOST = 500
"""Places that are told of one phrase in a document, or in a stretch of it."""

MOST_SHOWN = 50
"""Places in an index that are shown."""

MOST_READ = 2_000
"""Passages of an index that are read for one phrase: a second or two."""

MAX_CHARS = 300
"""Of a phrase; what is longer is a claim, or is found by its beginning."""

_SIGNS = str.maketrans("‘’“”–—", "''\"\"--")


@dataclass(frozen=True, slots=True)
class PhrasePlace:
    """Where a phrase stands."""

    document: SourceDocument
    span: Span


@dataclass(frozen=True, slots=True)
class PhrasePlaces:
    """The first places that have a phrase, in the index's order. `more`: how many further ones
    were found; `unread`: how many passages have its words but were not read for it."""

    places: tuple[PhrasePlace, ...]
    more: int = 0
    unread: int = 0


def find_everywhere(
    index: Index, phrase: str, only: Filter = EVERYTHING, most: int = MOST_SHOWN
) -> PhrasePlaces:
    """Return where a phrase stands in the documents of an index.

    What is no evidence there (notes, running heads) is passed over, so that a phrase goes on
    behind it. Raises `QuestionError` for a phrase without a word to look up.
    """
    wanted = tuple(dict.fromkeys(stems(words(phrase))))
    if not wanted or len(phrase) > MAX_CHARS:
        raise QuestionError(
            f"Enter up to {MAX_CHARS} characters, with at least one word less common than “the”."
        )
    found = index.passages_with(wanted, only)
    places: list[PhrasePlace] = []
    more = 0
    for document_id, group in groupby(found[:MOST_READ], key=lambda one: one.rpartition("#")[0]):
        document = index.document(document_id)
        for span in _in_passages(document, (index.passage(one).span for one in group), phrase):
            if len(places) < most:
                places.append(PhrasePlace(document, span))
            else:
                more += 1
    return PhrasePlaces(tuple(places), more, max(0, len(found) - MOST_READ))


def _in_passages(document: SourceDocument, spans: Iterable[Span], phrase: str) -> Iterator[Span]:
    """Yield where a phrase begins in some passages of a document, in their order."""
    reach = 4 * len(phrase) + 200  # it may end in the passage behind
    stretches: list[Span] = []
    for span in spans:
        if stretches and span.start <= stretches[-1].end:
            span = Span(stretches.pop().start, span.end)
        stretches.append(span)
    last = -1
    for stretch in stretches:
        within = Span(stretch.start, min(stretch.end + reach, len(document.text)))
        for found in _places(_plain(fold(document.text, within, document.excluded)), phrase):
            place = Span(found.start, _after(document.text, found.end - 1))
            if place.start > last:
                last = place.start
                yield place


def find_phrase(text: str, phrase: str) -> list[Span]:
    """Return where a phrase stands in a text, at most `MOST` places, as whole words unless it
    begins or ends within one that is not a letter or figure.

    >>> [span.of(text) for text in ["The Aſſem-\\nbly of Lâon"] for span in
    ...     find_phrase(text, "assembly  of LAON")]
    ['Aſſem-\\nbly of Lâon']
    """
    return [
        Span(found.start, _after(text, found.end - 1))
        for found in _places(_plain_text(text), phrase)
    ]


def _places(plain: Folded, phrase: str) -> list[Span]:
    """Return where a phrase stands in the source of a plain text, at most `MOST` places."""
    wanted = _plain(fold(phrase)).text.split()
    if not wanted:
        return []
    pattern = r"\s+".join(map(re.escape, wanted))
    pattern = f"{_edge(wanted[0][0], before=True)}{pattern}{_edge(wanted[-1][-1], before=False)}"
    found = []
    for match in re.finditer(pattern, plain.text):
        found.append(plain.source(Span(*match.span())))
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
def _plain_text(text: str) -> Folded:
    return _plain(fold(text))


def _plain(folded: Folded) -> Folded:
    """Return a text as it is compared."""
    plain = {letter: _letter(letter) for letter in set(folded.text)}
    text = folded.text.translate({ord(letter): written for letter, written in plain.items()})
    odd = "".join(letter for letter, written in plain.items() if len(written) != 1)
    if not odd:  # nothing changes its length
        return Folded(text, folded.places)
    places: list[int] = []
    start = 0
    for found in re.finditer(f"[{re.escape(odd)}]", folded.text):
        places += folded.places[start : found.start()]
        places += [folded.places[found.start()]] * len(plain[found[0]])
        start = found.end()
    return Folded(text, [*places, *folded.places[start:]])


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    """Return a letter without case and accent; "" for an accent that stands by itself."""
    apart = unicodedata.normalize("NFKD", letter.translate(_SIGNS).casefold())
    return "".join(part for part in apart if not unicodedata.combining(part))
