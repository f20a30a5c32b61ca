"""What the places of pieces of text on a page say of them: two pages of a book side by side, and
notes in the margin. Nothing here knows which format the pieces come from.

Places are counted from the left and from the top, in any unit.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, Protocol


class Placed(Protocol):
    """A piece of a line: words with no more than a space between them."""

    @property
    def text(self) -> str: ...
    @property
    def left(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def bottom(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Words with no more than a space between them, and the box around them."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class Fold(NamedTuple):
    """Where two pages of a book part that lie side by side. `prose`: both sides have lines of
    prose; `sure`: they are too far apart for the columns of one page."""

    place: float
    prose: bool = False
    sure: bool = False


WIDE = 1.1
"""Two pages side by side are at least so much wider than high."""

# The fold lies in the middle part of the width.
_FOLD_RANGE = (0.4, 0.6)
_OFF_MIDDLE = 0.07
_STEPS = 400
# Of the words of a page, those that may stand in a fold: specks, and what a shadow is read as.
_STRAY = 0.005
# The white space between two pages is two margins: in parts of the width, in heights of a line,
# and in parts of the smaller margin outside. Columns of a page are half as far apart.
_FOLD_WIDTH = 0.05
_FOLD_LINES = 3.5
_OF_MARGIN = 0.75
_LEAST_LINES = 1.0
_MIN_ROWS = 5
# A line of prose: so many signs and words, of which so many are letters, over so much of the width
# (of two columns a line fills less than half).
_PROSE_CHARACTERS = 20
_PROSE_WORDS = 4
_PROSE_LETTERS = 0.85
_FILLED = 0.4
_MOST = 0.6


def fold_of(pieces: Sequence[Placed], left: float, right: float, height: float) -> Fold | None:
    """Return where a page from `left` to `right` is folded, None where it is not, or where that
    cannot be seen: it is higher than wide, or lines run over its middle."""
    width = right - left
    words = [piece for piece in pieces if sum(map(str.isalnum, piece.text)) > 1]
    if width < WIDE * height or not words:
        return None
    line = statistics.median(piece.bottom - piece.top for piece in words)
    band = _clear_band(words, left, width)
    if band is None or band[1] - band[0] < _LEAST_LINES * line:
        return None
    place = (band[0] + band[1]) / 2
    sides = (
        [piece for piece in words if piece.right <= place],
        [piece for piece in words if piece.left >= place],
    )
    if not all(sides):
        return Fold(place)
    start = max(piece.right for piece in sides[0])
    end = min(piece.left for piece in sides[1])
    outer = min(
        min(piece.left for piece in sides[0]) - left, right - max(piece.right for piece in sides[1])
    )
    prose = all(map(_is_prose, sides))
    apart = max(_FOLD_WIDTH * width, _FOLD_LINES * line, _OF_MARGIN * outer)
    in_middle = abs(place - left - width / 2) < _OFF_MIDDLE * width
    return Fold(place, prose, prose and in_middle and end - start >= apart)


def _clear_band(words: Sequence[Placed], left: float, width: float) -> tuple[float, float] | None:
    """Return the widest stretch in the middle of a page that no words stand in, but strays."""
    changes = [0] * (_STEPS + 2)
    for word in words:
        start = int((word.left - left) / width * _STEPS)
        end = int((word.right - left) / width * _STEPS)
        changes[min(max(start, 0), _STEPS)] += 1
        changes[min(max(end, 0), _STEPS) + 1] -= 1
    covered = list(accumulate(changes))
    strays = int(_STRAY * len(words))
    low, high = (int(share * _STEPS) for share in _FOLD_RANGE)
    best, length = low, 0
    run = 0
    for step in range(low, high):
        run = run + 1 if covered[step] <= strays else 0
        if run > length:
            best, length = step + 1 - run, run
    if not length:
        return None
    return left + best / _STEPS * width, left + (best + length) / _STEPS * width


def _is_prose(pieces: Sequence[Placed]) -> bool:
    """Return whether most of the letters stand in lines of prose, not in labels and cells."""
    if len(pieces) < _MIN_ROWS:
        return False
    width = max(piece.right for piece in pieces) - min(piece.left for piece in pieces)
    prose = sum(len(n.text) for n in pieces if _is_line(n) and n.right - n.left > _FILLED * width)
    return prose > _MOST * sum(len(piece.text) for piece in pieces)


def _is_line(piece: Placed) -> bool:
    signs = [sign for sign in piece.text if sign.isalnum()]
    return (
        len(piece.text) >= _PROSE_CHARACTERS
        and len(piece.text.split()) >= _PROSE_WORDS
        and sum(map(str.isalpha, signs)) >= _PROSE_LETTERS * len(signs)
    )


# In heights of a line: how far the beginnings of lines of one column are apart, and how near to
# the text a note in the margin comes.
_ONE_EDGE = 0.7
_MOST_PIECES = 3000  # a newspaper's page has a half of that
_NEAR = 0.15
_STEP = 0.35
# Of the widths of all lines: those that begin on the edge of a column of prose.
_MIN_ON_EDGE = 0.2
_MAX_CROSSING = 0.1
# Of the text's: the width of the margin, and the letters in it.
_MAX_MARGIN = 0.4
_MAX_LETTERS = 0.4
_SMALLER_TYPE = 0.93
_NARROWER_TYPE = 0.96
# Of the lines of the text: how many at least are within a sentence, and how many notes at most.
_HALF = 0.5
_COLUMN_LETTERS = 30
# A note has lines of prose beside it so near as this; the words of a form have not.
_REACH = 3.0
_WORDY = 3
_NUMERAL = re.compile(r"[\W_]*(?:\d{1,5}|[ivxlcIVXLC]{1,7})[\W_]*")


def side_notes(pieces: Sequence[Placed]) -> list[int]:
    """Return the numbers of the pieces that are notes in a margin beside the text.

    They stand in a narrow column outside the edge of the lines, in smaller type, fewer than these,
    and beside lines of running prose, mostly within a sentence. What stands at the head of entries
    or rows ("12 May", "THE CHAIRMAN.", "surrendered") belongs to them: to leave a note in a text
    is better than to lose what the text says.
    """
    if not _MIN_ROWS <= len(pieces) <= _MOST_PIECES:
        return []
    line = statistics.median(piece.bottom - piece.top for piece in pieces)
    found: set[int] = set()
    edge = _text_edge(pieces, line)
    if edge is not None:
        found |= _notes(pieces, [n for n, p in enumerate(pieces) if p.right <= edge - _NEAR * line])
    rest = [n for n in range(len(pieces)) if n not in found]
    kept = [pieces[n] for n in rest]
    for place in _edges_on_the_right(kept, line):
        notes = _notes(kept, [n for n, piece in enumerate(kept) if piece.left >= place])
        if notes:
            found |= {rest[n] for n in notes}
            break
    return sorted(found)


def _text_edge(pieces: Sequence[Placed], line: float) -> float | None:
    """Return where the lines of the leftmost column of prose begin."""
    total = sum(piece.right - piece.left for piece in pieces)
    for place in _steps((piece.left for piece in pieces), line):
        on_edge = [piece for piece in pieces if abs(piece.left - place) < _ONE_EDGE * line]
        if sum(piece.right - piece.left for piece in on_edge) >= _MIN_ON_EDGE * total:
            # The first of them may stand out a little.
            return statistics.median(piece.left for piece in on_edge)
    return None


def _edges_on_the_right(pieces: Sequence[Placed], line: float) -> list[float]:
    """Return the places in the right part of a page that hardly any piece runs over."""
    if not pieces:
        return []
    first, last = min(p.left for p in pieces), max(p.right for p in pieces)
    least = first + (last - first) * (1 - _MAX_MARGIN)
    places = _steps((p.left - _NEAR * line for p in pieces if p.left > least), line)
    return [
        place
        for place in places
        if sum(p.left < place < p.right for p in pieces) <= max(1, _MAX_CROSSING * len(pieces))
    ]


def _steps(places: Iterable[float], line: float) -> list[float]:
    """Return the first of places that lie closely together, so that there are few of them."""
    found: list[float] = []
    for place in sorted(set(places)):
        if not found or place - found[-1] > _STEP * line:
            found.append(place)
    return found


def _notes(pieces: Sequence[Placed], outside: Sequence[int]) -> set[int]:
    """Return which of the pieces outside of a text are notes on it: none where that is in doubt."""
    apart = set(outside)
    text = [piece for n, piece in enumerate(pieces) if n not in apart]
    if not apart or len(text) < _MIN_ROWS or not _is_prose(text):
        return set()
    line = statistics.median(piece.bottom - piece.top for piece in text)
    first, last = min(p.bottom for p in text), max(p.bottom for p in text)
    beside = {
        n
        for n in apart
        if first - line <= pieces[n].bottom <= last + line
        and not (
            _NUMERAL.fullmatch(pieces[n].text)
            and min(abs(pieces[n].bottom - end) for end in (first, last)) < line
        )
    }
    wide = max(p.right for p in text) - min(p.left for p in text)
    prose = [p.bottom for p in text if _is_line(p) and p.right - p.left > _FILLED * wide]
    near = _REACH * line
    beside = {n for n in beside if sum(abs(pieces[n].bottom - at) < near for at in prose) > 1}
    notes = [pieces[n] for n in beside]
    wordy = [piece for piece in notes if sum(map(str.isalpha, piece.text)) >= _WORDY]
    if not wordy:
        return set()
    margin = max(p.right for p in notes) - min(p.left for p in notes)
    letters = sum(len(p.text) for p in notes)
    if margin > _MAX_MARGIN * wide or letters > _MAX_LETTERS * sum(len(p.text) for p in text):
        return set()
    smaller = _height(wordy) <= _SMALLER_TYPE * _height(text) and _letter_width(
        wordy
    ) <= _NARROWER_TYPE * _letter_width(text)
    lines = [p for p in text if sum(map(str.isalpha, p.text)) >= _WORDY]
    going_on = [
        p
        for p in lines
        if _goes_on(p)
        and sum(map(str.isalpha, p.text)) >= _COLUMN_LETTERS
        and p.right - p.left > _FILLED * wide
    ]
    if not smaller or len(going_on) <= _HALF * len(lines) or len(notes) > _HALF * len(lines):
        return set()
    groups = _one_below_the_other(pieces, beside)
    heads = [
        group
        for group in groups
        if not _goes_on(min(lines, key=lambda p: abs(p.bottom - pieces[group[0]].bottom)))
    ]
    if len(heads) >= _HALF * len(groups):
        return set()
    dated = {n for group in heads if _has_number(pieces, group) for n in group}
    return beside - dated


def _goes_on(line: Placed) -> bool:
    """Return whether a line begins within a sentence: with a small letter."""
    return next(filter(str.isalnum, line.text), "").islower()


def _one_below_the_other(pieces: Sequence[Placed], numbers: Iterable[int]) -> list[list[int]]:
    """Return the numbers of pieces in groups between which more than a line is left free."""
    groups: list[list[int]] = []
    for n in sorted(numbers, key=lambda n: pieces[n].top):
        size = pieces[n].bottom - pieces[n].top
        if groups and pieces[n].top - pieces[groups[-1][-1]].bottom < size:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def _has_number(pieces: Sequence[Placed], numbers: Iterable[int]) -> bool:
    return any(map(str.isdigit, "".join(pieces[n].text for n in numbers)))


def _height(pieces: Sequence[Placed]) -> float:
    return statistics.median(piece.bottom - piece.top for piece in pieces)


def _letter_width(pieces: Sequence[Placed]) -> float:
    return sum(p.right - p.left for p in pieces) / sum(len(p.text) for p in pieces)


_COLUMNS_RANGE = (0.25, 0.75)
_BAND = 0.4
_MIN_CLEAR_ROWS = 6


def clear_rows(
    rows: Sequence[Sequence[tuple[float, float]]], heights: Sequence[float]
) -> tuple[int, int] | None:
    """Return the first row of those, and the one behind the last, that leave a place in the middle
    of the page clear, with words on both sides: where columns may stand below lines that run over
    all of them. The longest such part, None where there is none, or where all rows do.

    `rows`: where the words of each begin and end, in order. The spaces of typescript stand below
    each other now and then: a clear place is wider.
    """
    if len(rows) <= _MIN_CLEAR_ROWS:
        return None
    line = max(statistics.median(heights), 1.0)
    left, right = min(row[0][0] for row in rows), max(row[-1][1] for row in rows)
    place, end = (left + share * (right - left) for share in _COLUMNS_RANGE)
    best, most = (0, 0), _MIN_CLEAR_ROWS - 1
    while place < end:
        first = both = 0
        low, high = place - _BAND * line, place + _BAND * line
        for number, row in enumerate([*rows, ((low, high),)]):
            if any(start < high and stop > low for start, stop in row):
                if both > most:
                    best, most = (first, number), both
                first, both = number + 1, 0
            else:
                both += row[0][0] < place < row[-1][1]
        place += line / 2
    return best if 0 < best[1] - best[0] < len(rows) else None
