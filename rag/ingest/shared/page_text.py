"""What pages need before they are a text: whole words, their running heads and numbers known.

Everything here works on the pages' texts alone, whatever took them from the file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.datatypes import Locator, Span
from rag.ingest.shared.places import Fold
from rag.language import continues_sentence, ends_midsentence, join_broken_word, times

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BLANK_RUN = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# The look-behind lets no match begin inside a word: long runs of letters stay cheap.
_BROKEN = re.compile(
    r"(?<![^\W_])(?<![^\W\d_]-)([^\W\d_]+(?:-[^\W\d_]+)*)([-=\u00ad\u2010\u2e17\u00ac])\n+"
    r"([^\W\d_]+(?:-[^\W\d_]+)*)"
)

EDGE_LINES = 2
"""How many lines at the top and at the bottom of a page may be running heads."""

_MIN_PAGES = 3
# A book's left and right pages have different heads, and each chapter has its own:
# less than half of the pages must do.
_MIN_SHARE = 0.25
# "0" or "13" on page after page may be a column of a table.
_MIN_CHARACTERS = 3
# Of the sheets with two facing pages, those on which a number is read left and right.
_MIN_COUNTING = 0.25
_MAX_HEAD = 120
_MAX_CATCHWORDS = 3
_AT_END = re.compile(r"(?:(?<=^)|(?<=^\W)|(?<=^\W\W))\d{1,5}(?=\W|$)|(?<=\W)\d{1,5}(?=\W{0,2}$)")
_PAGE_OF = re.compile(r"\W*(?:page|p\.)\s*(\d{1,5})\s*(?:of|/)\s*\d{1,5}\W*", re.IGNORECASE)
"""A line that says by itself that it is a page's number."""

_PAGE = re.compile(r"\W*(?:pages?|pp?|pg|fol|folio)\b", re.IGNORECASE)
_OF_PAPER = re.compile(r"\b(?:no|nos|nr|number)\W{1,3}\d+\W*$", re.IGNORECASE)
_PAPER_WORDS = 2
_YEARS = range(1400, 2100)
_HYPHENS = ("-", "\u2010", "\u00ad", "\u00ac")
_Key = tuple[str, int | None]
"""What tells that lines are the same: their words, and how far their number is from the page's
place in the file."""

_ANY = ""
"""In a key: whatever the words are."""

_ROMAN_ALONE = re.compile(r"[\W_]{0,3}([ivxlc]{1,7})[\W_]{0,3}")
_COMPOUND = re.compile(r"\W{0,3}((?:[A-Z]{1,2}|[IVXLC]{1,5}|\d{1,2})[-–.]\d{1,3})\W{0,3}")
"""Numbers of pages counted anew in each chapter or appendix: "3-12", "A-5"."""

_MISREAD = re.compile(
    r"(?:^(?<!\w)|(?<=\s))(?=[OoIlSBZ]{0,3}\d)(?=\d{0,3}[OoIlSBZ])[\dOoIlSBZ]{2,4}(?=\W{0,2}$)"
    r"|^(?=[OoIlSBZ]{0,3}\d)(?=\d{0,3}[OoIlSBZ])[\dOoIlSBZ]{2,4}(?=\W{0,2}\s)"
)
"""A page's number at an end of a line, with figures that OCR took for letters: "2O7"."""

_AS_FIGURES = str.maketrans("OoIlSBZ", "0011582")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_NUMBER = re.compile(r"\d{1,6}")
_WEEKDAY = re.compile(r"[^\W\d_]{2,6}day,?\s+", re.IGNORECASE)
_LIST_POINT = re.compile(r"\W*\d+[.)]\s+(?=\S)")


def tidy_page(raw: str) -> str:
    """Return a page's text without what no reader sees.

    White space at line ends goes, runs of blank lines become one, a form feed becomes a
    line end (it stands for a page's end elsewhere), half characters become U+FFFD.
    """
    clean = _SURROGATES.sub("\ufffd", raw.replace("\0", "")).replace("\f", "\n")
    lines = (line.rstrip() for line in clean.splitlines())
    return _BLANK_RUN.sub("\n\n", "\n".join(lines)).strip("\n")


def rejoin_words(pages: list[str]) -> list[str]:
    """Return the pages with words that a line's end broke made whole.

    Whether "re-/form" is "reform" or "re-form" is taken from the rest of the text: as it
    stands there unbroken. Where neither does, the hyphen stays if both halves are words
    of the text ("steam-/engine" beside "steam" and "engine"), else it goes. A break at
    the end of a page is left alone, since the two halves are on different pages, and so
    is one before a running foot.

    >>> rejoin_words(["The treaty was rati-\\nfied."])
    ['The treaty was ratified.']
    >>> rejoin_words(["A well-\\nknown man, known well."])
    ['A well-known man, known well.']
    """
    known = Counter(word.casefold() for page in pages for word in _unbroken_words(page))

    def rejoined(page: str, running: tuple[Span, ...]) -> str:
        def whole(found: re.Match[str]) -> str:
            match = Span(*found.span())
            return found[0] if any(map(match.overlaps, running)) else _whole(found, known)

        return _BROKEN.sub(whole, page)

    return [rejoined(page, lines) for page, lines in zip(pages, running_lines(pages), strict=True)]


def running_lines(pages: list[str], sides: Sequence[str] = ()) -> list[tuple[Span, ...]]:
    """Return, for each page, the spans of its running heads and page numbers.

    A line among the first or last two of a page is one if the same line stands there on
    at least a quarter of the pages and on three, and a sentence goes on over it on one of them:
    where each page is a paper of its own, such a line can be its day, its resolution or who signed
    it. One number in it may differ if it counts the pages, as a page number does and a figure in a
    table does not. "Page 3 of 12" is one by itself. `sides`: those of the pages on their sheets
    (`sides_of`); two numbers that count on from left to right suffice.
    """
    edges = [_edge_lines(page) for page in pages]
    roman = _romans(pages, edges)
    catch = _catchwords(pages, edges)
    sure = [
        {
            line
            for line in lines
            if _PAGE_OF.fullmatch(line.of(page))
            or (index in roman and _roman(line.of(page)) == roman[index])
            or line == catch.get(index)
        }
        for index, (page, lines) in enumerate(zip(pages, edges, strict=True))
    ]
    apart = _set_apart(pages, _repeated(pages, edges, sides), sure)
    return [
        tuple(line for line in lines if line in found)
        for lines, found in zip(edges, apart, strict=True)
    ]


def _repeated(
    pages: list[str], edges: list[list[Span]], sides: Sequence[str]
) -> list[dict[Span, set[_Key]]]:
    """Return the lines at the edges of each page that come again on others, or count on."""
    counting = _counting(pages, edges)
    for index in (index for index, side in enumerate(sides) if side == RIGHT):
        counting |= {n - index + 1 for n in _counted_on(pages[index - 1], pages[index])}
    keys = [
        {line: _keys(line.of(page), index) for line in lines}
        for index, (page, lines) in enumerate(zip(pages, edges, strict=True))
    ]
    on_pages = Counter(key for of_page in keys for key in set().union(*of_page.values()))
    needed = max(_MIN_PAGES, _MIN_SHARE * sum(1 for page in pages if page))
    common = {key for key, count in on_pages.items() if count >= needed}
    found: list[dict[Span, set[_Key]]] = []
    for index, (page, lines) in enumerate(zip(pages, edges, strict=True)):
        own = {line: keys[index][line] & common for line in lines}
        for line in dict.fromkeys((*lines[:1], *lines[-1:])):
            own[line] |= {(_ANY, n) for n in _offsets(line.of(page), index) & counting}
        found.append({line: of for line, of in own.items() if of and not is_day(line.of(page))})
    return found


def _set_apart(
    pages: list[str], repeated: list[dict[Span, set[_Key]]], sure: list[set[Span]]
) -> list[set[Span]]:
    """Return `sure` with those lines that come again over which a sentence goes on; where none
    does, with those that can only be a page's number, and the heads of pages that have one."""
    bodies = [
        _without(page, sorted({*lines, *others})).strip()
        for page, lines, others in zip(pages, repeated, sure, strict=True)
    ]
    goes = [False, *(_is_cut(before, after) for before, after in pairwise(bodies)), False]
    over = {
        key
        for index, lines in enumerate(repeated)
        for line, own in lines.items()
        if goes[index + _is_foot(line, pages[index])]
        for key in own
    }
    found = [
        {
            line
            for line, own in lines.items()
            if own & over or _names_page(line.of(page), index, own)
        }
        for index, (page, lines) in enumerate(zip(pages, repeated, strict=True))
    ]
    numbered = any(sure) or any(
        number is not None
        for lines, of_page in zip(repeated, found, strict=True)
        for line in of_page
        for _, number in lines[line]
    )
    for page, lines, of_page, others in zip(pages, repeated, found, sure, strict=True):
        of_page |= others
        if numbered:
            of_page |= {line for line in lines if _is_head(line, page)}
    return found


def _without(page: str, lines: Sequence[Span]) -> str:
    for line in reversed(lines):
        page = page[: line.start] + page[line.end :]
    return page


def _is_cut(before: str, after: str) -> bool:
    """Return whether a sentence surely goes on from one page to the next: it begins there in a
    small letter, whatever notes stand before, or a word is broken; in a script without capitals, as
    `continues_sentence` has it."""
    start = after.lstrip("\"'“‘(")[:1]
    if start.islower():
        return True
    open_end = before[-1:] in _HYPHENS or (start.isalpha() and not start.isupper())
    return open_end and continues_sentence(before[-_CONTEXT:], after[:_CONTEXT])


_MIN_GOING_ON = 0.3
"""Of the lines of a column, those within a sentence: .57 to .94 in columns of prose that were
looked at, less in languages with more capitals; none in the cells of a table."""

_MIN_LEFT_OPEN = 0.1
"""The same in capitals, where only a line's end tells: English prose has a third."""


def go_on_in_each_other(lines: Iterable[str]) -> bool:
    """Return whether lines below each other are one text: enough of them begin with a small letter,
    or behind a line that is left open. True where nothing tells, as without letters.

    >>> go_on_in_each_other(["The fort fell to the", "British in May, after", "a siege."])
    True
    >>> go_on_in_each_other(["Fort Harriet", "Fort Mercer", "The mill at the ford"])
    False
    """
    said = [line for line in lines if any(map(str.isalpha, line))]
    cased = [line for line in said if not line.isupper()]
    least = _MIN_GOING_ON if cased else _MIN_LEFT_OPEN
    said = cased or [line.casefold() for line in said]
    going_on = sum(
        bool(cased and _begins_small(after))
        or ends_midsentence(before)
        or before.endswith(_HYPHENS)
        for before, after in pairwise(said)
    )
    return going_on >= least * (len(said) - 1)


def _begins_small(text: str) -> bool:
    """Return whether a text begins with a small letter, or one of a script without capitals."""
    start = text.lstrip("\"'“‘(")[:1]
    return start.isalpha() and not start.isupper()


def _is_foot(line: Span, page: str) -> bool:
    return line.start >= len(page) / 2


def _is_head(line: Span, page: str) -> bool:
    """Return whether a line that comes again is at the top of a page, and no sentence or
    salutation."""
    words = line.of(page).strip()
    return not _is_foot(line, page) and (words.isupper() or words[-1] not in ".,:;!?")


def _is_year(number: int) -> bool:
    return number in _YEARS


def _names_page(line: str, index: int, own: set[_Key]) -> bool:
    """Return whether a line with a number that counts on can only be a page's: the number alone,
    or at an end of a head of several words. A year by itself, or the number of a paper ("No. 101",
    "Letter 3"), is none."""
    numbers = {n + index for _, n in own if n is not None and n in _offsets(line, index)}
    words = re.findall(r"[^\W\d_]+", _in_figures(line.strip()))
    if not words or _COMPOUND.fullmatch(line.strip()):
        return not all(map(_is_year, numbers))
    counted = len(words) > _PAPER_WORDS and not _OF_PAPER.search(line)
    return bool(numbers) and (counted or _PAGE.match(line) is not None)


def _romans(pages: list[str], edges: list[list[Span]]) -> dict[int, int]:
    """Return the small Roman numbers that stand by themselves at the edges of pages and count on,
    by the number of the page."""
    found = {
        index: value
        for index, (page, lines) in enumerate(zip(pages, edges, strict=True))
        for line in dict.fromkeys(lines[:1] + lines[-1:])
        if (value := _roman(line.of(page)))
    }
    return {
        index: value
        for index, value in found.items()
        if value + 1 == found.get(index + 1) or value - 1 == found.get(index - 1)
    }


def _roman(line: str) -> int:
    """Return the value of a small Roman number that is all there is on a line, 0 for another."""
    found = _ROMAN_ALONE.fullmatch(line.strip())
    if found is None:
        return 0
    values = [_ROMAN_VALUES[letter] for letter in found[1]]
    value = sum(-n if n < max(values[at:]) else n for at, n in enumerate(values))
    return value if _in_roman(value) == found[1] else 0


def _in_roman(number: int) -> str:
    signs = {100: "c", 90: "xc", 50: "l", 40: "xl", 10: "x", 9: "ix", 5: "v", 4: "iv", 1: "i"}
    written = ""
    for value, sign in signs.items():
        while number >= value:
            written, number = written + sign, number - value
    return written


def _catchwords(pages: list[str], edges: list[list[Span]]) -> dict[int, Span]:
    """Return the last lines of pages that only say with which word the next one begins, as old
    prints have them, some behind the sheet's signature ("B 2    Captain"). Two pages at least do.
    """
    found: dict[int, Span] = {}
    for index, (page, after) in enumerate(pairwise(edges)):
        words = page[-1].of(pages[index]).split() if len(page) > 1 else []
        word = words[-1].rstrip("-\u2010\u00ac\u00ad").strip(".,;:") if words else ""
        starts = {
            line.of(pages[index + 1]).lstrip("\"'“‘(").partition(" ")[0]
            for line in after[:EDGE_LINES]
        }
        if len(word) > 1 and len(words) <= _MAX_CATCHWORDS:
            signature = all(len(other) <= _MAX_CATCHWORDS for other in words[:-1])
            if signature and any(start.startswith(word) for start in starts):
                found[index] = page[-1]
    return found if len(found) > 1 else {}


def _counting(pages: list[str], edges: list[list[Span]]) -> set[int]:
    """Return how far the numbers in the pages' outermost lines are from the pages' places in
    the file: where three of them count on, or two neighbours that stand on lines alone."""
    outer = [
        [line.of(page) for line in dict.fromkeys((lines[0], lines[-1]))] if lines else []
        for page, lines in zip(pages, edges, strict=True)
    ]
    found = [set().union(*(_offsets(line, n) for line in of)) for n, of in enumerate(outer)]
    alone = [
        set().union(*(_offsets(line, n) for line in of if not any(map(str.isalpha, line))))
        for n, of in enumerate(outer)
    ]
    often = Counter(offset for offsets in found for offset in offsets)
    return {offset for offset, count in often.items() if count >= _MIN_PAGES}.union(
        *(here & there for here, there in pairwise(alone))
    )


def _offsets(line: str, index: int) -> set[int]:
    """Return how far a number at a line's ends is from the page's place in the file."""
    line = _in_figures(line.strip())
    if found := _PAGE_OF.fullmatch(line):
        return {int(found[1]) - index}
    if len(line) > _MAX_HEAD or (_LIST_POINT.match(line) and not line.isupper()):
        return set()
    return {int(found[0]) - index for found in _AT_END.finditer(line)}


def _in_figures(line: str) -> str:
    """Return a line with the figures of a misread number at its ends.

    >>> _in_figures("2O7 THE RETREAT"), _in_figures("IN ILLINOIS")
    ('207 THE RETREAT', 'IN ILLINOIS')
    """
    return _MISREAD.sub(lambda found: found[0].translate(_AS_FIGURES), line)


def is_day(line: str) -> bool:
    """Return whether a line is a day of some year, and nothing else.

    >>> [is_day(line) for line in ("May 3", "Friday, 3 May.", "THE GARRISON. 89")]
    [True, True, False]
    """
    year = ", 1848"  # any does: of the days only the last of February has not every year
    dated = line.strip().rstrip(".,:;") + year
    words = _WEEKDAY.match(dated)
    start = words.end() if words else 0
    return any(
        time.first == time.last and time.span == Span(start, len(dated)) for time in times(dated)
    )


def printed_numbers(pages: list[str], sides: Sequence[str] = ()) -> list[str | None]:
    """Return the page numbers that the pages themselves carry, in their running heads and
    feet; None for a page whose number cannot be told.

    A page without one lies between, or beside, pages that count on. Two pages at least must
    agree on how they count, unless one says that it is "page 3 of 12".
    """
    told: list[int | None] = []
    sure: set[int] = set()
    for index, (page, lines) in enumerate(zip(pages, running_lines(pages, sides), strict=True)):
        said = [line.of(page) for line in lines]
        found = set().union(*(_offsets(line, index) for line in said))
        # "1848. DIARY OF POLK 44": of two numbers a year is not the page's.
        found = {n for n in found if not _is_year(n + index)} or found
        told.append(found.pop() if len(found) == 1 else None)
        sure |= {
            offset
            for offset in told[-1:]
            if offset is not None and any(map(_PAGE_OF.fullmatch, said))
        }
    agreed = Counter(offset for offset in told if offset is not None)
    sure |= {offset for offset, count in agreed.items() if count > 1}
    offsets = [offset if offset in sure else None for offset in told]
    numbers: list[str | None] = []
    for index, own in enumerate(offsets):
        before = next((o for o in reversed(offsets[:index]) if o is not None), None)
        after = next((o for o in offsets[index + 1 :] if o is not None), None)
        beside = {offset for offset in (before, after) if offset is not None}
        offset = own if own is not None else beside.pop() if len(beside) == 1 else None
        counted = None if offset is None else index + offset
        numbers.append(str(counted) if counted is not None and counted > 0 else None)
    return _otherwise_counted(pages, numbers)


def _otherwise_counted(pages: list[str], numbers: list[str | None]) -> list[str | None]:
    """Return the numbers of pages with those in Roman, and those counted by chapter."""
    edges = [_edge_lines(page) for page in pages]
    romans = _romans(pages, edges)
    for index, value in romans.items():
        numbers[index] = _in_roman(value)
    compound = {
        index: found[1]
        for index, (page, lines) in enumerate(zip(pages, edges, strict=True))
        for line in (lines[:1] + lines[-1:])
        if (found := _COMPOUND.fullmatch(line.of(page).strip()))
    }
    return [
        compound.get(index) if len(compound) >= max(_MIN_PAGES, len(pages) / 2) else number
        for index, number in enumerate(numbers)
    ]


def _unbroken_words(page: str) -> Iterable[str]:
    return (found[0] for found in _WORD.finditer(_BROKEN.sub(" ", page)))


def _whole(found: re.Match[str], known: Counter[str]) -> str:
    word = join_broken_word(found[1], found[3], found[2], known)
    return found[0] if word is None else word


def _edge_lines(page: str) -> list[Span]:
    lines = [Span(*found.span()) for found in re.finditer(r"(?m)^[^\n]*\S[^\n]*", page)]
    if len(lines) <= 2 * EDGE_LINES:
        return lines
    return lines[:EDGE_LINES] + lines[-EDGE_LINES:]


def _keys(line: str, index: int) -> set[_Key]:
    """Return what tells that this line and one on another page are the same running head.

    The line itself, and the line without one of its numbers, together with how far that
    number is from the page's place in the file.
    """
    normal = " ".join(_in_figures(line.strip()).casefold().split())
    keys: set[_Key] = set()
    left_open = normal.endswith((*_HYPHENS, ",", ";", ":"))
    signs = sum(c.isalnum() for c in normal)
    if not signs or (signs >= _MIN_CHARACTERS and not left_open):  # "– –", or words
        keys.add((normal, None))
    # "(4) In the second place": points of a list can go on from page to page.
    text_from = point.end() if (point := _LIST_POINT.match(normal)) else 0
    for number in _NUMBER.finditer(normal, text_from):
        rest = f"{normal[: number.start()]}#{normal[number.end() :]}"
        keys.add((rest, int(number[0]) - index))
    return keys


PAGE_BREAK = "\n\f\n"
_MAX_CAPTION = 200
_ENDS_SENTENCE = re.compile(r"[.!?][\"'’”)\]]*\n")
_CONTEXT = 400


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """The text of a printed page, "" without any, the notes on it: at its foot, and in its
    margins; and what stands turned to its text, with which lines above and below it do so: its
    running head and foot may."""

    text: str
    notes: tuple[str, ...] = ()
    turned: str = ""
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file counts as a page: `whole`, or, where it may be two facing pages of a book, these
    as `halves`, which part at the `fold`. `wide`: it has the shape of two."""

    whole: PrintedPage
    halves: tuple[PrintedPage, PrintedPage] | None = None
    fold: Fold | None = None
    wide: bool = False


LEFT, RIGHT = "left", "right"


def are_facing(sheets: Sequence[Sheet]) -> bool:
    """Return whether the sheets of a file are pairs of facing pages.

    They are if two numbers count on from the left half to the right, or if most of them look like
    it. They are not if they are numbered one by one.
    """
    folded = [sheet.halves for sheet in sheets if sheet.halves and sheet.fold and sheet.fold.prose]
    counted = sum(bool(_counted_on(left.text, right.text)) for left, right in folded)
    if counted > _MIN_COUNTING * len(folded):
        return True
    whole = [sheet.whole.text for sheet in sheets]
    edges = [_edge_lines(page) for page in whole]
    often = Counter(
        offset
        for index, (page, lines) in enumerate(zip(whole, edges, strict=True))
        for offset in set().union(*(_offsets(line.of(page), index) for line in lines))
    )
    if any(count >= max(_MIN_PAGES, len(whole) / 2) for count in often.values()):
        return False
    wide = sum(sheet.wide and bool(sheet.whole.text) for sheet in sheets)
    return sum(bool(sheet.fold and sheet.fold.sure) for sheet in sheets) > wide / 2


def _counted_on(left: str, right: str) -> set[int]:
    """Return the numbers of a page that are one less than those of the page beside it, both above
    or both below."""
    of_left, of_right = _edge_lines(left), _edge_lines(right)
    if not of_left or not of_right:
        return set()
    return {
        number
        for end in (0, -1)
        for number in _number_of(of_left[end].of(left))
        if number + 1 in _number_of(of_right[end].of(right))
    }


def _number_of(line: str) -> set[int]:
    """Return the number at an end of a line that has no other figures."""
    return _offsets(line, 0) if len(re.findall(r"\d+", line)) == 1 else set()


def printed_pages(
    sheets: Sequence[Sheet], *, facing: bool
) -> list[tuple[PrintedPage] | tuple[PrintedPage, PrintedPage]]:
    """Return the printed pages of each sheet."""
    return [
        sheet.halves if facing and sheet.halves is not None else (sheet.whole,) for sheet in sheets
    ]


def sides_of(pages: Iterable[Sequence[PrintedPage]]) -> list[str]:
    """Return for each printed page which side of its sheet it is, "" for a whole one."""
    return [side for parts in pages for side in ((LEFT, RIGHT) if len(parts) > 1 else ("",))]


def page_labels(pages: Sequence[str], counted: str, sides: Sequence[str] = ()) -> list[str]:
    """Return how pages are cited: by the numbers that they carry, else counted, which
    `counted` says ("image": "image 4").

    `sides`: those of the pages on their sheets (`sides_of`): "image 4, left".

    >>> page_labels(["One.", "Two.", "Three."], "image", ["", "left", "right"])
    ['image 1', 'image 2, left', 'image 2, right']
    """
    numbers = printed_numbers(list(pages), sides)
    sides = sides or [""] * len(pages)
    labels: list[str] = []
    sheet = 0
    for number, side in zip(numbers, sides, strict=True):
        sheet += side != RIGHT
        where = f"{counted} {sheet}, {side}" if side else f"{counted} {sheet}"
        labels.append(f"p. {number}" if number else where)
    return labels


def _is_plate(before: str, own: str, after: str) -> bool:
    """Return whether a page has only a picture's caption, and the sentence before it goes on
    behind it."""
    if not (before and own and after) or len(own) > _MAX_CAPTION or own[0].islower():
        return False
    goes_on_here = after[0].islower() and continues_sentence(own, after[:_CONTEXT])
    return not goes_on_here and continues_sentence(before[-_CONTEXT:], after[:_CONTEXT])


def _with_added(body: str, added: str, after: str) -> str:
    """Return a page with what is added to it: behind it, or, where its last sentence goes on on
    the page after it, behind the last line that ends one."""
    if not added:
        return body
    ends = [found.end() for found in _ENDS_SENTENCE.finditer(body)]
    at = ends[-1] if ends and continues_sentence(body[-_CONTEXT:], after[:_CONTEXT]) else len(body)
    parts = (body[:at].rstrip("\n"), added, body[at:].lstrip("\n"))
    return "\n\n".join(filter(None, parts))


def without_stamps(pages: Sequence[str]) -> list[str]:
    """Return texts at the margins of pages without the lines that come again on a quarter of those
    that have any, three at least: the same, or counting the pages.

    >>> without_stamps(["Lent to A. Dell", "Lent to A. Dell\\n4 guns", "", "Lent to A. Dell"])
    ['', '4 guns', '', '']
    """
    keys = [[_keys(line, index) for line in page.split("\n")] for index, page in enumerate(pages)]
    often = Counter(key for of_page in keys for key in set().union(*of_page))
    least = max(_MIN_PAGES, _MIN_SHARE * sum(1 for page in pages if page))
    again = {key for key, count in often.items() if count >= least}
    return [
        tidy_page(
            "\n".join(
                line for line, of in zip(page.split("\n"), of_page, strict=True) if not of & again
            )
        )
        for page, of_page in zip(pages, keys, strict=True)
    ]


def with_heads(pages: Sequence[PrintedPage], sides: Sequence[str]) -> list[PrintedPage]:
    """Return pages with the running heads and feet that stand turned to their text, as above and
    below a table on its side, at the edges of this, where those of other pages are."""
    if not any(page.above or page.below for page in pages):
        return list(pages)
    whole = ["\n".join(filter(None, (*p.above, p.text, *p.below))) for p in pages]
    found: list[PrintedPage] = []
    for page, text, lines in zip(pages, whole, running_lines(whole, sides), strict=True):
        running = {line.of(text) for line in lines}
        above = [line for line in page.above if line in running]
        below = [line for line in page.below if line in running]
        rest = "\n".join(n for n in page.turned.split("\n") if n not in {*above, *below})
        kept = "\n".join(filter(None, (*above, page.text, *below)))
        found.append(PrintedPage(kept, page.notes, tidy_page(rest)))
    return found


def _break(before: str, after: str, side: str) -> str:
    """Return what stands between two pages, of which the second is on that side of its sheet."""
    if side != RIGHT:
        return PAGE_BREAK
    if not before or not after:
        return ""
    return "\n" if continues_sentence(before[-_CONTEXT:], after[:_CONTEXT]) else "\n\n"


def put_together(
    pages: Sequence[str],
    labels: Sequence[str],
    notes: Sequence[Sequence[str]] = (),
    added: Sequence[str] = (),
    sides: Sequence[str] = (),
    quality: Sequence[float | None] = (),
) -> tuple[str, tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages as one text, the places in it, and what of it is no evidence.

    `labels`: of the pages; `notes`: their footnotes; `added`: what else is on them, turned to their
    text or filled in, which comes behind it, or where it cuts no sentence; `sides`: which of them
    are the left and right ones of one sheet (`sides_of`); `quality`: how well OCR read each of
    them, None where it did not.

    Running heads and footnotes stand behind the last page, so that a sentence goes on from
    one page to the next. A page break stands between sheets: the text has as many as the file.
    """
    notes, added = notes or [[]] * len(pages), added or [""] * len(pages)
    bodies: list[str] = []
    aside: list[list[str]] = []
    for page, lines, own in zip(pages, running_lines(list(pages), sides), notes, strict=True):
        bodies.append(tidy_page(_without(page, lines)))
        aside.append([*(line.of(page) for line in lines), *own])
    bodies = list(map(_with_added, bodies, added, [*bodies[1:], ""]))
    for index in range(1, len(bodies) - 1):
        if not added[index] and _is_plate(*bodies[index - 1 : index + 2]):
            aside[index].append(bodies[index])
            bodies[index] = ""
    text = ""
    places: list[Locator] = []
    sides = sides or [""] * len(pages)
    breaks = map(_break, bodies, bodies[1:], sides[1:])
    quality = quality or [None] * len(pages)
    for body, label, after, ocr in zip(bodies, labels, [*breaks, ""], quality, strict=True):
        if part := body + after:
            places.append(Locator(Span(len(text), len(text) + len(part)), label, ocr))
            text += part
    first = len(text)
    for lines_aside, label, ocr in zip(aside, labels, quality, strict=True):
        if lines_aside:
            part = "\n\n" + "\n\n".join(lines_aside)
            places.append(Locator(Span(len(text), len(text) + len(part)), label, ocr))
            text += part
    return text, tuple(places), (Span(first, len(text)),) if first < len(text) else ()
