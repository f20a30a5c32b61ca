"""From the letters of a page to its lines in reading order, with raised marks told apart.

Letters on one height make a row; a page of two or more columns is read column by column,
between the rows that cross them. A raised figure or sign behind a word is the mark of a note
and no part of the line's text.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from rag.ingest.readers.pdf.letters import Letter, Upright
from rag.ingest.shared.notes import MARK, raised_text
from rag.ingest.shared.page_text import go_on_in_each_other
from rag.ingest.shared.places import Fold, Piece, clear_rows, fold_of, side_notes

# In parts of a line's height.
_SAME_BASE = 0.2
_RAISED = 0.12
_WORD_GAP = 0.15
_TOUCHING = 0.6
_SMALLER = 0.86
_GUTTER = 0.5
# A column of prose: so many rows, filled so far, of so many words each.
_MIN_ROWS = 5
_MIN_FILLED = 0.6
_MIN_WORDS = 2.5
_MAX_CROSSING = 0.2
_GUTTER_RANGE = (0.25, 0.75)
_MAX_COLUMNS = 4
# Of the lines of the shorter of two parts side by side, those that stand on a line of the other: in
# a table or in columns set on one grid nearly all do. And of all lines, those that run over both.
_MAX_ALIGNED = 0.35
_MAX_BRIDGES = 0.05
# White space in a row that parts cells of a table, and how many rows of prose may have some.
_CELL_GAP = 1.5
_MAX_CELLED = 0.3
# Numbers of lines in a margin: by how much they count on, how many there are at least, and how
# many rows they are apart.
_NUMBERINGS = ((1, 8, range(1, 3)), (5, 3, range(3, 8)))
_MOSTLY = 0.8
_PARAGRAPH_GAP = 1.4
# White space in which a figure may stand, in heights of a line.
_FIGURE = 3.0


@dataclass(frozen=True, slots=True)
class _LetterRun:
    """Letters of one size that follow each other on one base line."""

    letters: tuple[Letter, ...]

    @property
    def text(self) -> str:
        """The letters, a space where a gap is, none in front."""
        first, *rest = self.letters
        return first.text + "".join(f" {n.text}" if n.gap else n.text for n in rest)

    @property
    def left(self) -> float:
        """Its left end in points."""
        return self.letters[0].left

    @property
    def right(self) -> float:
        """Its right end in points."""
        return max(letter.right for letter in self.letters)

    @property
    def base(self) -> float:
        """The height of its base line."""
        return self.letters[0].base

    @property
    def height(self) -> float:
        """The height of its line."""
        return self.letters[0].height


@dataclass(slots=True)
class _Row:
    """Runs that stand on one line of the page, or of a column of it: on the `base` line of the
    first of them, as high as that."""

    runs: list[_LetterRun]
    raised: list[_LetterRun] = field(default_factory=list)
    base: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.base, self.height = self.runs[0].base, self.runs[0].height

    @property
    def left(self) -> float:
        """Its left end."""
        return min(run.left for run in self.runs)

    @property
    def right(self) -> float:
        """Its right end."""
        return max(run.right for run in self.runs)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. `marks`: of the notes that it refers to; `height`: of the line in
    points, which goes with the size of the type; `apart`: whether white space stands above;
    `opening`: the mark that it begins with, raised."""

    text: str
    height: float
    apart: bool
    marks: tuple[str, ...] = ()
    opening: str = ""


class PageLines(NamedTuple):
    """The lines of a page in reading order, those of each column, or of what lies between columns,
    as one list; the notes in its margins; and where its columns part."""

    blocks: list[list[Line]]
    side_notes: list[list[Line]]
    gutters: Sequence[float]


def page_lines(letters: Sequence[Letter], before: Sequence[float] = ()) -> PageLines:
    """Return the lines of a page. `before`: where the columns of the pages before part, for columns
    too short to be told by themselves."""
    rows = _without_line_numbers(_rows(list(_runs(letters))))
    rows, noted = _without_side_notes(rows)
    found: list[float] = []
    blocks = _blocks(rows, _MAX_COLUMNS, found)
    gutters = sorted(found)
    if not gutters and before:
        blocks = [part for block in blocks for part in _short_columns(block, before)]
    lines = [lines for block in blocks if (lines := _lines(block))]
    return PageLines(lines, _parted(_lines(noted)), gutters or before)


def page_fold(page: Upright) -> Fold | None:
    """Return where a page is folded between two pages of a book, None where it is not."""
    rows = _rows(list(_runs(page.letters)))
    pieces = [piece for row in rows for piece, _ in _pieces(row)]
    return fold_of(pieces, page.left, page.right, page.height)


def _pieces(row: _Row) -> list[tuple[Piece, list[Letter]]]:
    """Return the pieces of a row that wider gaps than spaces part, or any between two sizes of
    type, each with its letters."""
    letters = sorted((n for run in row.runs for n in run.letters), key=lambda n: n.left)
    parts: list[list[Letter]] = []
    end = last = 0.0
    for letter in letters:
        one_size = _SMALLER * letter.height < last < letter.height / _SMALLER
        widest = _GUTTER if one_size else _WORD_GAP
        if parts and letter.left - end < widest * row.height:
            parts[-1].append(letter)
            end = max(end, letter.right)
        else:
            parts.append([letter])
            end = letter.right
        last = letter.height
    return [(_piece(part), part) for part in parts]


def _piece(letters: list[Letter]) -> Piece:
    """Return letters as a piece of a line: as high as most of them, on their base line."""
    text = "".join(f" {n.text}" if n.gap else n.text for n in letters).strip()
    base = statistics.median_low(n.base for n in letters)
    height = statistics.median_low(n.height for n in letters)
    return Piece(text, letters[0].left, -base - height, max(n.right for n in letters), -base)


def _without_side_notes(rows: list[_Row]) -> tuple[list[_Row], list[_Row]]:
    """Return rows without the notes in the margins, and the rows of these."""
    pieces = [piece for row in rows for piece in _pieces(row)]
    noted = side_notes([piece for piece, _ in pieces])
    if not noted:
        return rows, []
    apart = {id(letter) for n in noted for letter in pieces[n][1]}
    boxes = [pieces[n][0] for n in noted]
    kept: list[_Row] = []
    notes: list[_LetterRun] = []
    for row in rows:
        raised = [run for run in row.raised if not any(_beside(run, box) for box in boxes)]
        left: list[_LetterRun] = []
        for run in row.runs:
            for side, own in ((left, False), (notes, True)):
                letters = tuple(n for n in run.letters if (id(n) in apart) is own)
                if letters:
                    side.append(_LetterRun(letters))
        if left:
            kept.append(_Row(left, raised))
    return kept, _rows(notes)


def _beside(run: _LetterRun, piece: Piece) -> bool:
    """Return whether a raised run belongs to a piece."""
    size = piece.bottom - piece.top
    return (
        piece.left - size <= run.left <= piece.right + size and abs(run.base + piece.bottom) < size
    )


def _parted(lines: list[Line]) -> list[list[Line]]:
    """Return lines in groups between which white space stands."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and not line.apart:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _runs(letters: Iterable[Letter]) -> Iterable[_LetterRun]:
    run: list[Letter] = []
    for letter in letters:
        if run and not _continues(run[-1], letter):
            yield _LetterRun(tuple(run))
            run = []
        run.append(letter)
    if run:
        yield _LetterRun(tuple(run))


def _continues(last: Letter, letter: Letter) -> bool:
    size = max(last.height, letter.height)
    return (
        abs(letter.base - last.base) < _RAISED * size
        and min(last.height, letter.height) > 0.9 * size
        and -_WORD_GAP * size <= letter.left - last.right < size
    )


def _rows(runs: list[_LetterRun]) -> list[_Row]:
    """Return the rows of a page from the top down."""
    rows: list[_Row] = []
    small: list[_LetterRun] = []
    for run in sorted(runs, key=lambda run: (-run.base, run.left)):
        near = next((row for row in reversed(rows[-12:]) if _on_row(run, row)), None)
        if near is not None:
            near.runs.append(run)
        elif _could_be_raised(run):
            small.append(run)
        else:
            rows.append(_Row([run]))
    for run in sorted(small, key=lambda run: -run.height):
        around = [row for row in rows if abs(run.base - row.base) <= max(run.height, row.height)]
        level = next((row for row in around if _on_row(run, row)), None)
        beside = next((row for row in around if _is_raised_on(run, row)), None)
        if level is not None:
            level.runs.append(run)
        elif beside is not None:
            beside.raised.append(run)
        else:
            rows.append(_Row([run]))
    return sorted(rows, key=lambda row: -row.base)


def _on_row(run: _LetterRun, row: _Row) -> bool:
    size = max(run.height, row.height)
    if abs(run.base - row.base) >= _SAME_BASE * size:
        return False
    smaller = run.height < _SMALLER * row.height and run.base - row.base >= _RAISED * row.height
    return not (smaller and _could_be_raised(run))


def _could_be_raised(run: _LetterRun) -> bool:
    return len(run.letters) <= 6 and " " not in run.text


def _is_raised_on(run: _LetterRun, row: _Row) -> bool:
    rise = (run.base - row.base) / row.height
    if not 0.08 <= rise <= 0.75:
        return False
    if not MARK.fullmatch(run.text) and run.height >= _SMALLER * row.height:
        return False
    touching = _TOUCHING * row.height
    return any(
        -touching <= run.left - other.right <= touching
        or (-touching <= other.left - run.right <= touching)
        for other in row.runs
    )


def _without_line_numbers(rows: list[_Row]) -> list[_Row]:
    """Return the rows without the numbers of lines in a margin, as transcripts, bills and poems
    have them."""
    for side in (0, -1):
        found = [
            (n, int(run.text), run)
            for n, row in enumerate(rows)
            if (run := sorted(row.runs, key=lambda run: run.left)[side]).text.isdecimal()
            and len(run.letters) <= 3
            and (len(row.runs) == 1 or _stands_off(run, row))
        ]
        runs = _counting_on(found)
        if runs:
            kept = [
                _Row(left, row.raised)
                for row in rows
                if (left := [r for r in row.runs if id(r) not in runs])
            ]
            if sum(len(row.runs) for row in kept) > len(kept) / 2 and kept:
                rows = kept
    return rows


def _stands_off(run: _LetterRun, row: _Row) -> bool:
    return all(
        other is run
        or other.left - run.right > _TOUCHING * row.height
        or run.left - other.right > _TOUCHING * row.height
        for other in row.runs
    )


def _counting_on(found: list[tuple[int, int, _LetterRun]]) -> set[int]:
    """Return which runs number the lines: they count on row by row, or every five rows, on one
    edge."""
    for step, least, rows in _NUMBERINGS:
        steps = [
            pair
            for pair in pairwise(found)
            if pair[1][1] - pair[0][1] == step
            and pair[1][0] - pair[0][0] in rows
            and _on_one_edge(pair[0][2], pair[1][2])
        ]
        if len(steps) + 1 >= max(least, _MOSTLY * len(found)):
            return {id(run) for pair in steps for _, _, run in pair}
    return set()


def _on_one_edge(one: _LetterRun, other: _LetterRun) -> bool:
    near = _GUTTER * one.height
    return abs(one.left - other.left) < near or abs(one.right - other.right) < near


def _words(row: _Row) -> list[tuple[float, float]]:
    """Return where the words of a row begin and end."""
    found: list[tuple[float, float]] = []
    for run in row.runs:
        start, end = run.letters[0].left, run.letters[0].right
        for letter in run.letters[1:]:
            if letter.gap:
                found.append((start, end))
                start = letter.left
            end = letter.right
        found.append((start, end))
    return sorted(found)


def _filled(row: _Row) -> list[tuple[float, float]]:
    """Return where a row's words begin and end, those with no more than a space between as one."""
    found: list[tuple[float, float]] = []
    for start, end in _words(row):
        if found and start - found[-1][1] < _GUTTER * row.height:
            start, last = found.pop()
            end = max(end, last)
        found.append((start, end))
    return found


def _blocks(rows: list[_Row], columns: int, found: list[float]) -> list[list[_Row]]:
    """Return the rows in groups that are each read from the top down; where columns of prose part
    is added to `found`."""
    gutter = _gutter(rows, columns) if columns > 1 else None
    if gutter is not None:
        found.append(_middle_of_gap(rows, gutter))
    elif columns > 1:
        gutter = _unaligned(rows)
    if gutter is None:
        part = _columned(rows, columns) if columns > 1 else None
        if part is None:
            return [rows]
        parts = rows[: part[0]], rows[part[0] : part[1]], rows[part[1] :]
        return [block for own in parts if own for block in _blocks(own, columns, found)]
    blocks: list[list[_Row]] = []
    left: list[_Row] = []
    right: list[_Row] = []

    def close() -> None:
        blocks.extend(_blocks(left.copy(), columns - 1, found) if left else [])
        blocks.extend(_blocks(right.copy(), columns - 1, found) if right else [])
        left.clear()
        right.clear()

    for row in rows:
        if any(start < gutter < end for start, end in _filled(row)):
            close()
            blocks.append([row])
            continue
        for side, runs in ((left, _side(row, gutter, 0)), (right, _side(row, gutter, 1))):
            if runs:
                raised = [r for r in row.raised if (r.left > gutter) == (side is right)]
                side.append(_Row(runs, raised))
    close()
    return blocks


def _columned(rows: list[_Row], columns: int) -> tuple[int, int] | None:
    """Return which of some rows stand in columns, below or above others that do not."""
    part = clear_rows(list(map(_words, rows)), [row.height for row in rows])
    if part is None or _gutter(rows[part[0] : part[1]], columns) is None:
        return None
    return part


def _middle_of_gap(rows: list[_Row], gutter: float) -> float:
    clear = [row for row in rows if not any(a < gutter < b for a, b in _words(row))]
    ends = [end for row in clear for _, end in _words(row) if end <= gutter]
    starts = [start for row in clear for start, _ in _words(row) if start >= gutter]
    return (max(ends, default=gutter) + min(starts, default=gutter)) / 2


def _short_columns(rows: list[_Row], gutters: Sequence[float]) -> list[list[_Row]]:
    """Return rows with columns of few lines (above a figure, at a chapter's end) told apart, where
    those of the pages before part."""
    left = min(row.left for row in rows)
    right = max(row.right for row in rows)
    bounds = [left, *gutters, right]
    made: list[list[_Row]] = []
    whole: list[_Row] = []
    for clear, together in _bands(rows, gutters):
        columns = [
            [_Row(runs) for row in together if (runs := _within(row, start, end))]
            for start, end in pairwise(bounds)
        ]
        widths = (end - start for start, end in pairwise(bounds))
        told = list(map(_fills, columns, widths))
        if clear and sum(told) > 1 and sum(told) == sum(map(bool, columns)):
            made += [part for part in (whole, *columns) if part]
            whole = []
        else:
            whole = [*whole, *together]
    return [*made, whole] if whole else made


def _fills(column: list[_Row], width: float) -> bool:
    """Return whether some rows fill a column as prose does."""
    return (
        len(column) > 1
        and statistics.median(row.right - row.left for row in column) >= _MIN_FILLED * width
        and statistics.median(len(_words(row)) for row in column) >= _MIN_WORDS
        and (len(column) < _MIN_ROWS or _go_on(column))
    )


def _go_on(column: list[_Row]) -> bool:
    return go_on_in_each_other(_line(row, apart=False).text for row in column)


def _bands(rows: list[_Row], gutters: Sequence[float]) -> list[tuple[bool, list[_Row]]]:
    """Return rows that follow each other closely, with whether all keep the gutters clear."""
    bands: list[tuple[bool, list[_Row]]] = []
    for row in rows:
        clear = not any(a < gutter < b for a, b in _filled(row) for gutter in gutters)
        if bands and bands[-1][0] is clear:
            last = bands[-1][1][-1]
            if last.base - row.base < _FIGURE * row.height:
                bands[-1][1].append(row)
                continue
        bands.append((clear, [row]))
    return bands


def _within(row: _Row, start: float, end: float) -> list[_LetterRun]:
    """Return the runs, or parts of runs, between two places."""
    parts = (
        tuple(n for n in run.letters if start <= (n.left + n.right) / 2 <= end) for run in row.runs
    )
    return [_LetterRun(letters) for letters in parts if letters]


def _side(row: _Row, gutter: float, side: int) -> list[_LetterRun]:
    """Return the runs, or parts of runs, on one side of a gutter."""
    kept = []
    for run in row.runs:
        letters = tuple(n for n in run.letters if ((n.left + n.right) / 2 > gutter) == bool(side))
        if letters:
            kept.append(_LetterRun(letters))
    return kept


def _clear_places(rows: list[_Row], most: float) -> list[tuple[int, float]]:
    """Return the places in the middle of a page where a gutter may be, each behind the number of
    rows that cross it: no larger share than `most`."""
    words = [_words(row) for row in rows]
    if len(rows) < _MIN_ROWS:
        return []
    left = min(first[0][0] for first in words)
    right = max(end for of_row in words for _, end in of_row)
    low, high = (left + share * (right - left) for share in _GUTTER_RANGE)
    edges = {place for of_row in words for a, b in of_row for place in (a - 0.5, b + 0.5)}
    filled = [stretch for row in rows for stretch in _filled(row)]
    begun, ended = sorted(start for start, _ in filled), sorted(end for _, end in filled)
    crossed = (
        (bisect_left(begun, place) - bisect_right(ended, place), place)
        for place in sorted(edges)
        if low <= place < high
    )
    return [found for found in crossed if found[0] <= most * len(rows)]


def _unaligned(rows: list[_Row]) -> float | None:
    """Return where two parts of a page stand side by side of which the lines are not on one
    height, as a chart beside a table; None where there are none."""
    best, found = _MAX_ALIGNED, None
    for _, place in _clear_places(rows, _MAX_BRIDGES):
        sides = [(row.left < place, row.right > place) for row in rows]
        both = sum(left and right for left, right in sides)
        less = min(sum(left for left, _ in sides), sum(right for _, right in sides))
        if less >= 2 * _MIN_ROWS and both < best * less:
            best, found = both / less, place
    return found


def _gutter(rows: list[_Row], columns: int) -> float | None:
    """Return where two columns part, None for a page that has one."""
    words = [_words(row) for row in rows]
    clear = _clear_places(rows, _MAX_CROSSING)
    if not clear:
        return None
    # The middlemost: each half may have as many columns again.
    middle = (min(row.left for row in rows) + max(row.right for row in rows)) / 2
    _, place = min(clear, key=lambda found: (found[0], abs(found[1] - middle)))
    beside = [
        row
        for row, of_row in zip(rows, words, strict=True)
        if not any(a < place < b for a, b in of_row)
    ]
    sides = ([_Row(runs) for row in beside if (runs := _side(row, place, n))] for n in (0, 1))
    return place if all(_is_prose(side, columns - 1) for side in sides) else None


def _is_prose(column: list[_Row], columns: int) -> bool:
    """Return whether rows are a column of prose, or up to so many of them."""
    if len(column) < _MIN_ROWS:
        return False
    words = list(map(_words, column))
    left = min(row[0][0] for row in words)
    width = max(row[-1][1] for row in words) - left
    celled = sum(
        any(after[0] - before[1] > _CELL_GAP * row.height for before, after in pairwise(of_row))
        for row, of_row in zip(column, words, strict=True)
    )
    one = (
        celled <= _MAX_CELLED * len(column)
        and statistics.median(row[-1][1] - row[0][0] for row in words) >= _MIN_FILLED * width
        and statistics.median(map(len, words)) >= _MIN_WORDS
        and _go_on(column)
    )
    return one or (columns > 1 and _gutter(column, columns) is not None)


def _lines(rows: list[_Row]) -> list[Line]:
    if not rows:
        return []
    pitches = [above.base - below.base for above, below in pairwise(rows)]
    usual = statistics.median_low(pitches) if pitches else 0.0
    return [
        _line(row, apart=before > _PARAGRAPH_GAP * usual)
        for row, before in zip(rows, [0.0, *pitches], strict=True)
    ]


def _line(row: _Row, *, apart: bool) -> Line:
    parts: list[str] = []
    marks: list[str] = []
    opening = ""
    right = row.left
    raised = {id(run) for run in row.raised}
    runs = sorted([*row.runs, *row.raised], key=lambda run: run.left)
    for number, run in enumerate(runs):
        before = "".join(parts)
        text = run.text
        spaced = bool(parts) and (run.letters[0].gap or run.left - right > _WORD_GAP * row.height)
        right = max(right, run.right)
        if id(run) in raised:
            following = runs[number + 1].text if number + 1 < len(runs) else ""
            kept = raised_text(text, before, following)
            if kept is None:
                marks.append(text)
                opening = opening or ("" if parts else text)
                continue
            text = kept
        parts.append(f" {text}" if spaced else text)
    return Line("".join(parts).strip(), row.height, apart, tuple(marks), opening)
