"""A document's text as a reader opens it: around a quotation, at a phrase, at its first page.

An exact phrase is found in a document, or in all of an index, however its letters are written:
case, accents, strokes, the apostrophe or okina within a word, the long s, ligatures, words broken
over lines and kinds of white space do not matter; the words and their order do. What a first page
proposes as title and date is for a person to correct.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from rag.datatypes import SourceDocument, Span
from rag.dates import stretch_of
from rag.errors import QuestionError
from rag.ingest.names import file_title
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.language import Folded, fold, stems, times, trim, words
from rag.searching import EVERYTHING, Filter, Index

AROUND = 1_500
"""Characters shown before and after a quotation at first: a page of print in all."""

FURTHER = 4_000
"""Characters that reading on adds, about two pages of print."""

_BREAK = re.compile(r"\n\s*\n|\f")


@dataclass(frozen=True, slots=True)
class DocumentParagraph:
    """A paragraph of a document; `label` is the place that begins with it, "" if none does."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of a document that is shown, in whole paragraphs."""

    span: Span
    paragraphs: tuple[DocumentParagraph, ...]
    begins: bool
    """Whether the document begins here."""
    ends: bool
    """Whether it ends here."""


def window(
    document: SourceDocument, quotation: Span, before: int = AROUND, after: int = AROUND
) -> Window:
    """Return the paragraphs that hold `quotation` and about `before` and `after` characters
    around it.

    Where the text has no empty lines, its lines are its paragraphs.
    """
    whole = _paragraphs(document)
    first, last = quotation.start - before, quotation.end + after
    shown = [span for span in whole if span.end > first and span.start < last]
    if not shown:
        shown = [quotation]
    starts = {place.span.start: place.label for place in reversed(document.locators)}
    return Window(
        span=Span(shown[0].start, shown[-1].end),
        paragraphs=tuple(DocumentParagraph(span, _label(starts, span)) for span in shown),
        begins=shown[0] == whole[0] if whole else True,
        ends=shown[-1] == whole[-1] if whole else True,
    )


def _paragraphs(document: SourceDocument) -> list[Span]:
    text = document.text
    breaks = list(_BREAK.finditer(text)) or list(re.finditer(r"\n", text))
    bounds = [0, *(place for found in breaks for place in found.span()), len(text)]
    spans = (trim(text, *bounds[i : i + 2]) for i in range(0, len(bounds), 2))
    return [span for span in spans if span is not None]


def _label(starts: dict[int, str], span: Span) -> str:
    return next((label for start, label in starts.items() if span.start <= start < span.end), "")


MOST = 500
"""Places that are told of one phrase in a document, or in a stretch of it."""

_MOST_SHOWN = 50
"""Places in an index that are shown."""

_MOST_READ = 2_000
"""Passages of an index that are read for one phrase: a second or two."""

_MAX_CHARS = 300
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


def find_everywhere(index: Index, phrase: str, only: Filter = EVERYTHING) -> PhrasePlaces:
    """Return where a phrase stands in the documents of an index.

    What is no evidence there (notes, running heads) is passed over, so that a phrase goes on
    behind it. Raises `QuestionError` for a phrase without a word to look up.
    """
    wanted = tuple(dict.fromkeys(stems(words(phrase))))
    if not wanted or len(phrase) > _MAX_CHARS:
        raise QuestionError(
            f"Enter up to {_MAX_CHARS} characters, with at least one word less common than “the”."
        )
    found = index.passages_with(wanted, only)
    places: list[PhrasePlace] = []
    more = 0
    for document_id, group in groupby(found[:_MOST_READ], key=lambda one: one.rpartition("#")[0]):
        document = index.document(document_id)
        for span in _in_passages(document, (index.passage(one).span for one in group), phrase):
            if len(places) < _MOST_SHOWN:
                places.append(PhrasePlace(document, span))
            else:
                more += 1
    return PhrasePlaces(tuple(places), more, max(0, len(found) - _MOST_READ))


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
    begins or ends within one that is not a letter or figure. Raises `QuestionError` for a phrase
    that is too long.

    >>> [span.of(text) for text in ["The Aſſem-\\nbly of Lâon"] for span in
    ...     find_phrase(text, "assembly  of LAON")]
    ['Aſſem-\\nbly of Lâon']
    """
    if len(phrase) > _MAX_CHARS:
        raise QuestionError(f"Enter up to {_MAX_CHARS} characters.")
    return [
        Span(found.start, _after(text, found.end - 1))
        for found in _places(_plain_text(text), phrase)
    ]


def _places(plain: Folded, phrase: str) -> list[Span]:
    """Return where a phrase stands in the source of a plain text, at most `MOST` places."""
    wanted = _plain(fold(phrase)).text.split()
    if not wanted:
        return []
    pattern = r"\s+".join(map(_spelled, wanted))
    first, last = wanted[0].lstrip("'") or "'", wanted[-1].rstrip("'") or "'"
    pattern = f"{_edge(first[0], before=True)}{pattern}{_edge(last[-1], before=False)}"
    found = []
    for match in re.finditer(pattern, plain.text):
        found.append(plain.source(Span(*match.span())))
        if len(found) == MOST:
            break
    return found


def _spelled(word: str) -> str:
    """Return a pattern for a word with or without the apostrophes that its letters have, or could
    have: "Hawaii" and "Hawai‘i". That of "Monroe's" is not left out, and "Monroes" has none."""
    parts = []
    for number, letter in enumerate(word):
        before, after = word[number - 1 : number], word[number + 1 : number + 2]
        owner = word[number + 1 :] == "s"
        if letter != "'":
            may = letter.isalpha() and after.isalpha() and not owner
            parts.append(re.escape(letter) + "'?" * may)
        else:
            may = after.isalpha() or before.isalpha()
            parts.append("'" + "?" * (may and not owner))
    return "".join(parts)


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
    """Return a letter as claims are searched, without case, accent and stroke; "'" for the okina
    and its like, "" for an accent that stands by itself."""
    if unicodedata.category(letter) == "Lm" and not words(letter):
        return "'"
    if found := words(letter):
        return found[0]
    apart = unicodedata.normalize("NFKD", letter.translate(_SIGNS).casefold())
    return "".join(part for part in apart if not unicodedata.combining(part))


_FRONT_CHARS = 1500
"""How much of a document is looked at: a title page, or the head of a letter."""
_TITLE_CHARS = 150
_LINES = 8
"""Lines among which a title begins."""

_SALUTATION = re.compile(r"(?:my )?(?:dear|dearest|sir|gentlemen|madam|messrs)\b", re.IGNORECASE)


def propose(document: SourceDocument) -> dict[str, str]:
    """Return a "title" where the document has none but its file's name, and a "date" (ISO 8601)
    where it has none, as its first page has them; neither where nothing there looks like one."""
    front = document.text.split(PAGE_BREAK, 1)[0][:_FRONT_CHARS]
    found = {}
    if document.title == file_title(Path(document.origin)) and (title := _title(front)):
        found["title"] = title
    if document.date is None and (date := _date(front)):
        found["date"] = date
    return found


def _title(front: str) -> str:
    """Return the first line that reads as a heading, with the lines that go on in capitals.

    >>> _title("14\\n\\nTHE TREATY\\nOF ZENDA\\n\\nSigned on 9 May 1891.\\n")
    'THE TREATY OF ZENDA'
    """
    lines = [line for line in map(str.strip, front.splitlines()) if line]
    for number, line in enumerate(lines[:_LINES]):
        goes_on = lines[number + 1 : number + 2] and lines[number + 1][0].islower()
        if goes_on or not _is_heading(line):
            continue
        more = []
        for other in lines[number + 1 : number + 3]:
            if not (line.isupper() and other.isupper() and _is_heading(other)):
                break
            more.append(other)
        return " ".join([line, *more])[:_TITLE_CHARS]
    return ""


def _is_heading(line: str) -> bool:
    words = re.findall(r"[^\W\d_]+", line)
    if len(words) < 2 or len(line) > _TITLE_CHARS or not line[0].isalnum() or line[0].islower():
        return False
    dated = "".join(time.span.of(line) for time in times(line))
    return line[-1] not in ".,;:-" and not _SALUTATION.match(line) and 2 * len(dated) < len(line)


def _date(front: str) -> str:
    """Return the first day that is named, else the first month, else a year that has its line to
    itself, as in an imprint."""
    named = [(stretch_of(time.first, time.last) or "", time.span) for time in times(front)]
    lines = {line.strip() for line in front.splitlines()}
    for characters in (len("1891-05-09"), len("1891-05"), len("1891")):
        for date, span in named:
            if len(date) == characters and (characters > 4 or span.of(front) in lines):
                return date
    return ""
