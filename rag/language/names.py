"""Which words of a text are likely names: by their capitals, and by the grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.datatypes import Span
from rag.language.lexicon import word_list
from rag.language.tokens import sentences, words

if TYPE_CHECKING:
    from spacy.tokens import Token

TITLES = word_list("people", "titles")
"""Words before a name that are not part of it: records and people give them or not."""

_WORD = re.compile(r"[^\W\d_]+(?:[-–‑][^\W\d_]+|['’](?!s\b)[^\W\d_]+)*")
_CALENDAR = frozenset(
    word.casefold()
    for key in ("months", "weekdays", "feasts")
    for word in word_list("calendar", key)
)
_COUNTS = frozenset({"DATE", "TIME", "CARDINAL", "ORDINAL", "MONEY", "PERCENT", "QUANTITY"})


def capitalised(text: str) -> list[Span]:
    """Return the words with a capital, or of a script that has none, whole and without "'s": likely
    names.

    >>> [span.of("Chou En-lai saw O’Higgins’s état") for span in capitalised(
    ...     "Chou En-lai saw O’Higgins’s état")]
    ['Chou', 'En-lai', 'O’Higgins']
    """
    return [Span(*m.span()) for m in _WORD.finditer(text) if not m.group()[0].islower()]


def capitalised_inside(text: str) -> list[Span]:
    """Return those of `capitalised` that do not open a sentence: names more surely."""
    starts = [sentence.start for sentence in sentences(text)]
    return [
        span
        for span in capitalised(text)
        if words(text[max((s for s in starts if s <= span.start), default=0) : span.start])
    ]


def is_name(token: Token) -> bool:
    """Return whether a parsed word is part of a name, or the word for a nation ("Dutch")."""
    if not token.text[:1].isupper() or token.lower_ in _CALENDAR | TITLES or token.is_stop:
        return False
    if token.ent_type_ in _COUNTS:
        return False
    return token.pos_ == "PROPN" or token.ent_type_ == "NORP"


def name_around(token: Token) -> str:
    """Return the whole name that a token is part of: its entity, or the proper nouns around it."""
    for entity in token.doc.ents:
        if entity.start <= token.i < entity.end:
            return str(entity.text).removesuffix("'s").removesuffix("’s")
    first, last = token.i, token.i + 1
    while first and token.doc[first - 1].pos_ == "PROPN":
        first -= 1
    while last < len(token.doc) and token.doc[last].pos_ == "PROPN":
        last += 1
    return str(token.doc[first:last].text)
