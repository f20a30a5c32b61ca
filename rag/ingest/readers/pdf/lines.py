"""What a page of a PDF needs before it is text: whole words, and its running heads known.

Everything here works on the pages' texts alone, whatever library took them from the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rag.datatypes import Span

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BLANK_RUN = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# The look-behind lets no match begin inside a word: long runs of letters stay cheap.
_BROKEN = re.compile(
    r"(?<![^\W_])([^\W\d_]+(?:-[^\W\d_]+)*)[-\u00ad\u2010]\n+([^\W\d_]+(?:-[^\W\d_]+)*)"
)

EDGE_LINES = 2
"""How many lines at the top and at the bottom of a page may be running heads."""

_MIN_PAGES = 3
# A book's left and right pages have different heads, and each chapter has its own:
# less than half of the pages must do.
_MIN_SHARE = 0.25
# "0" or "13" on page after page may be a column of a table.
_MIN_CHARACTERS = 3
_NUMBER = re.compile(r"\d{1,6}")
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


def running_lines(pages: list[str]) -> list[tuple[Span, ...]]:
    """Return, for each page, the spans of its running heads and page numbers.

    A line among the first or last two of a page is one if the same line stands there on
    at least a quarter of the pages and on three. One number in it may differ if it
    counts the pages, as a page number does and a figure in a table does not.
    """
    edges = [_edge_lines(page) for page in pages]
    keys = [
        [_keys(line.of(page), index) for line in edges[index]] for index, page in enumerate(pages)
    ]
    on_pages = Counter(key for of_page in keys for key in set().union(*of_page))
    needed = max(_MIN_PAGES, _MIN_SHARE * sum(1 for page in pages if page))
    common = {key for key, count in on_pages.items() if count >= needed}
    return [
        tuple(line for line, own in zip(lines, of_page, strict=True) if own & common)
        for lines, of_page in zip(edges, keys, strict=True)
    ]


def _unbroken_words(page: str) -> Iterable[str]:
    return (found[0] for found in _WORD.finditer(_BROKEN.sub(" ", page)))


def _whole(found: re.Match[str], known: Counter[str]) -> str:
    first, second = found.groups()
    if "\u00ad" in found[0]:  # a soft hyphen is there only to be broken at
        return first + second
    hyphenated = f"{first}-{second}"
    if known[hyphenated.casefold()]:
        return hyphenated
    if second[0].isupper() and not (first.isupper() and second.isupper()):
        # "Anglo-/American"; but "obliga-/The Crown" is a running foot below a broken word.
        return hyphenated if first[0].isupper() else found[0]
    if known[(first + second).casefold()]:
        return first + second
    both_words = known[first.casefold()] and known[second.casefold()]
    return hyphenated if both_words else first + second


def _edge_lines(page: str) -> list[Span]:
    lines = [Span(*found.span()) for found in re.finditer(r"[^\n]*\S[^\n]*", page)]
    if len(lines) <= 2 * EDGE_LINES:
        return lines
    return lines[:EDGE_LINES] + lines[-EDGE_LINES:]


def _keys(line: str, index: int) -> set[tuple[str, int | None]]:
    """Return what tells that this line and one on another page are the same running head.

    The line itself, and the line without one of its numbers, together with how far that
    number is from the page's place in the file.
    """
    normal = " ".join(line.casefold().split())
    keys: set[tuple[str, int | None]] = set()
    if sum(c.isalnum() for c in normal) >= _MIN_CHARACTERS:
        keys.add((normal, None))
    # "(4) In the second place": points of a list can go on from page to page.
    text_from = point.end() if (point := _LIST_POINT.match(normal)) else 0
    for number in _NUMBER.finditer(normal, text_from):
        rest = f"{normal[: number.start()]}#{normal[number.end() :]}"
        keys.add((rest, int(number[0]) - index))
    return keys
