"""From the lines that OCR found on a page to its text; and whether a text layer is language.

No dictionary is used: archives hold many languages and many names. What is looked at is
the make of each word: "iauricio —" and "2 ose" are found in poor OCR, "(cid:31)" and
private-use characters come from fonts without a Unicode map, and no language is written
without vowels.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import NamedTuple

from rag.ingest.ocr import OcrLine
from rag.ingest.shared.page_text import PrintedPage, Sheet, go_on_in_each_other, tidy_page
from rag.ingest.shared.places import WIDE, clear_rows, fold_of, side_notes
from rag.language import continues_sentence, ends_midsentence, unknown_words

# Columns of text, not a list with hanging numbers, a form or a table: each has so many lines, which
# fill so much of its width, and of which so few have white space within, in parts of their height.
_MAX_COLUMNS = 4
_MIN_COLUMN_LINES = 6
_MIN_FILLED = 0.6
_MAX_CROSSING = 0.2
_CELL_GAP = 1.5
_MAX_CELLED = 0.3
# The gutter lies in the middle part of the text's width.
_GUTTER_RANGE = (0.25, 0.75)
# In parts of a line's height: pieces nearer than this stand on one line.
_SAME_ROW = 0.5
# In parts of the usual distance of two lines: a larger one begins a paragraph.
_PARAGRAPH_GAP = 1.4
_CHINESE = re.compile(r"[\u2e80-\u2fff\u3400-\u9fff]")
_STRAY_SHARE = 0.05
# Cells of a row in which one may go on in the next line.
_MIN_CELLS = 3
_BEGINS_WITHIN = re.compile(r"[a-z]{2,}(?![.)])")
_CONTEXT = 400
_MIXED = 0.5
"""Of the lines of two columns, those that do not follow one of their own column."""


def page_text(lines: Sequence[OcrLine]) -> str:
    """Return the text of a page: one line per line, paragraphs parted by an empty line.

    Columns are read one after the other, between the lines that cross them; a table row by row.
    Pieces without a letter or figure are left out: they are specks and rules. So are single
    Chinese characters on a page in another script: RapidOCR sees them in rules and scrawls.
    """
    text = ""
    for said in (_block_text(block) for block in _blocks(_kept(lines)) if block):
        if text:
            text += "\n" if continues_sentence(text[-_CONTEXT:], said) else "\n\n"
        text += said
    return text


def is_mixed(lines: Sequence[OcrLine]) -> bool:
    """Return whether lines of columns stand in the order of their rows."""
    gutter = _gutter(list(lines))
    if gutter is None:
        return False
    sides = [line.left >= gutter for line in lines if not _crosses(line, gutter)]
    turns = sum(before != after for before, after in pairwise(sides))
    return turns > _MIXED * len(sides)


def has_columns(lines: Sequence[OcrLine]) -> bool:
    """Return whether lines stand in columns of text."""
    return _gutter(list(lines)) is not None


def sheet_of(lines: Sequence[OcrLine], width: float, height: float) -> Sheet:
    """Return what a page of this size says: notes in the margin apart, and its halves, where it may
    be two facing pages of a book."""
    kept = _kept(lines)
    fold = fold_of(kept, 0.0, width, height)
    return Sheet(
        _printed(kept),
        None if fold is None else _halves(kept, fold.place),
        fold,
        wide=width > WIDE * height,
    )


def _halves(lines: Sequence[OcrLine], fold: float) -> tuple[PrintedPage, PrintedPage]:
    left = [line for line in lines if _middle_across(line) <= fold]
    return _printed(left), _printed([line for line in lines if _middle_across(line) > fold])


def _middle_across(line: OcrLine) -> float:
    return (line.left + line.right) / 2


def _printed(lines: Sequence[OcrLine]) -> PrintedPage:
    text, aside = text_and_notes(lines)
    return PrintedPage(tidy_page(text), aside)


def text_and_notes(lines: Sequence[OcrLine]) -> tuple[str, tuple[str, ...]]:
    """Return the text of a page without the notes in its margins, and these."""
    noted = side_notes(lines)
    notes = [lines[n] for n in noted]
    rest = [line for n, line in enumerate(lines) if n not in set(noted)]
    return page_text(rest), tuple(page_text(notes).split("\n\n")) if notes else ()


def reading_order(lines: Sequence[OcrLine], width: float, height: float) -> list[OcrLine]:
    """Return the pieces of a page of this size that `sheet_of` keeps, in its order."""
    kept = _kept(lines)
    fold = fold_of(kept, 0.0, width, height)
    place = width if fold is None else fold.place
    halves = (
        [line for line in kept if (_middle_across(line) <= place) is first]
        for first in (True, False)
    )
    ordered: list[OcrLine] = []
    for half in halves:
        noted = set(side_notes(half))
        for part in (False, True):
            pieces = [line for n, line in enumerate(half) if (n in noted) is part]
            entries = (e for block in _blocks(pieces) if block for e in _entries(_rows(block)))
            ordered += (piece for entry in entries for cell in entry.cells for piece in cell)
    return ordered


def _kept(lines: Sequence[OcrLine]) -> list[OcrLine]:
    return [n for n in _without_strays(lines) if any(map(str.isalnum, n.text))]


def _without_strays(lines: Sequence[OcrLine]) -> list[OcrLine]:
    text = "".join(line.text for line in lines)
    if len(_CHINESE.findall(text)) > _STRAY_SHARE * len(text):
        return list(lines)
    return [replace(line, text=_CHINESE.sub("", line.text).strip()) for line in lines]


def mean_confidence(lines: Sequence[OcrLine]) -> float:
    """Return the mean of the lines' confidence, each weighing as many as its characters.

    0.0 without any.
    """
    total = sum(len(line.text) for line in lines)
    return sum(len(line.text) * line.confidence for line in lines) / total if total else 0.0


def _blocks(lines: list[OcrLine], columns: int = _MAX_COLUMNS) -> list[list[OcrLine]]:
    """Return the lines in groups that are each read from the top down."""
    gutter = _gutter(lines, columns)
    if gutter is None:
        parts = _parts(lines, columns)
        return [b for part in parts for b in _blocks(part, columns)] if parts else [lines]
    blocks: list[list[OcrLine]] = []
    bands = groupby(sorted(lines, key=_middle), lambda line: _crosses(line, gutter))
    for crossing, band in bands:
        if crossing:
            blocks.append(list(band))
        else:
            for side in _sides(list(band), gutter):
                blocks += _blocks(side, columns - 1)
    return blocks


def _parts(lines: list[OcrLine], columns: int) -> list[list[OcrLine]]:
    """Return the lines that stand in columns, with those above and below that do not."""
    rows = [sorted(row, key=lambda line: line.left) for row in _rows(lines)]
    words = [[(line.left, line.right) for line in row] for row in rows]
    part = clear_rows(words, [row[0].bottom - row[0].top for row in rows])
    if part is None:
        return []
    within = [line for row in rows[part[0] : part[1]] for line in row]
    if _gutter(within, columns) is None:
        return []
    parts = (rows[: part[0]], rows[part[0] : part[1]], rows[part[1] :])
    return [[line for row in own for line in row] for own in parts if own]


def _gutter(lines: list[OcrLine], columns: int = _MAX_COLUMNS) -> float | None:
    """Return where up to so many columns of text part, None for a page that has one."""
    if columns < 2 or len(lines) < 2 * _MIN_COLUMN_LINES:
        return None
    left = min(line.left for line in lines)
    width = max(line.right for line in lines) - left
    low, high = (left + share * width for share in _GUTTER_RANGE)
    places = sorted(line.right + 1 for line in lines if low <= line.right < high)
    if not places:
        return None
    # The middlemost: each half may have as many columns again.
    middle = left + width / 2
    place = min(places, key=lambda x: (sum(_crosses(n, x) for n in lines), abs(x - middle)))
    sides = _sides(lines, place)
    crossing = len(lines) - sum(map(len, sides))
    if crossing > _MAX_CROSSING * len(lines):
        return None
    return place if all(_is_prose(side, columns - 1) for side in sides) else None


def _sides(lines: Sequence[OcrLine], gutter: float) -> tuple[list[OcrLine], list[OcrLine]]:
    return [n for n in lines if n.right <= gutter], [n for n in lines if n.left >= gutter]


def _is_prose(lines: list[OcrLine], columns: int) -> bool:
    """Return whether lines are a column of prose, or up to so many of them."""
    rows = _rows(lines)
    if len(rows) < _MIN_COLUMN_LINES:
        return False
    width = max(line.right for line in lines) - min(line.left for line in lines)
    texts = list(map(_row_text, rows))
    one = (
        sum(map(_is_celled, rows)) <= _MAX_CELLED * len(rows)
        and statistics.median(map(_width, rows)) >= _MIN_FILLED * width
        and 2 * sum(map(str.isalpha, "".join(texts))) > sum(map(len, texts))
        and go_on_in_each_other(texts)
    )
    return one or _gutter(lines, columns) is not None


def _width(row: Sequence[OcrLine]) -> float:
    return max(line.right for line in row) - min(line.left for line in row)


def _is_celled(row: Sequence[OcrLine]) -> bool:
    """Return whether wide white space stands within a row."""
    pieces = sorted(row, key=lambda line: line.left)
    return any(
        after.left - before.right > _CELL_GAP * (before.bottom - before.top)
        for before, after in pairwise(pieces)
    )


def _crosses(line: OcrLine, place: float) -> bool:
    return line.left < place < line.right


def _block_text(lines: list[OcrLine]) -> str:
    rows = _rows(lines)
    middles = [statistics.fmean(map(_middle, row)) for row in rows]
    pitches = [after - before for before, after in pairwise(middles)]
    usual = statistics.median_low(pitches) if pitches else 0.0
    text = ""
    for entry in _entries(rows):
        pitch = pitches[entry.first - 1] if entry.first else 0.0
        between = "\n\n" if pitch > _PARAGRAPH_GAP * usual else "\n"
        text += (between if text else "") + " ".join(map(_cell_text, entry.cells))
    return text


class _Entry(NamedTuple):
    """A row, of a table perhaps with cells of several lines: the number of its first line, and the
    pieces in each cell."""

    first: int
    cells: list[list[OcrLine]]


def _entries(rows: list[list[OcrLine]]) -> list[_Entry]:
    """Return the rows, those that only go on with cells of the one above as one with it."""
    entries: list[_Entry] = []
    for number, row in enumerate(rows):
        pieces = sorted(row, key=lambda line: line.left)
        going_on = _cells_above(entries[-1].cells, pieces) if entries else []
        if going_on:
            for cell, piece in zip(going_on, pieces, strict=True):
                cell.append(piece)
        else:
            entries.append(_Entry(number, [[piece] for piece in pieces]))
    return entries


def _cells_above(cells: list[list[OcrLine]], pieces: list[OcrLine]) -> list[list[OcrLine]]:
    """Return the cell that each piece goes on with, [] where not all of them do, or the first cell
    is among them: an entry begins with that."""
    if len(cells) < _MIN_CELLS:
        return []
    found = []
    for piece in pieces:
        height = piece.bottom - piece.top
        above = next((c for c in cells[1:] if abs(c[-1].left - piece.left) < height), None)
        if above is None or piece.top - above[-1].bottom > height:
            return []
        if any(piece.left < cell[0].left < piece.right for cell in cells if cell is not above):
            return []
        if not (_BEGINS_WITHIN.match(piece.text) or ends_midsentence(above[-1].text)):
            return []
        found.append(above)
    return found


def _cell_text(cell: Sequence[OcrLine]) -> str:
    text = cell[0].text
    for before, piece in pairwise(cell):
        text += ("\n" if before.text.endswith("-") else " ") + piece.text
    return text


def _rows(lines: list[OcrLine]) -> list[list[OcrLine]]:
    """Return the pieces that stand at one height together, from the top down."""
    rows: list[list[OcrLine]] = []
    for line in sorted(lines, key=_middle):
        if rows and _on_row(line, rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _on_row(line: OcrLine, row: list[OcrLine]) -> bool:
    last = row[-1]
    height = min(line.bottom - line.top, last.bottom - last.top)
    if _middle(line) - _middle(last) >= _SAME_ROW * height:
        return False
    # Two pieces over one another are two tight lines, however near.
    return all(
        line.left >= other.right - height or line.right <= other.left + height for other in row
    )


def _row_text(row: list[OcrLine]) -> str:
    return " ".join(line.text for line in sorted(row, key=lambda line: line.left))


def _middle(line: OcrLine) -> float:
    return (line.top + line.bottom) / 2


GOOD_LAYER = 0.85
"""On a scanned page, a text layer with this score is kept without reading the image. Of 89
scanned pages with an archive's text layer a clean one scores 1.0 (.02 of its words are missed)
and a faded one .82 (.80 missed, .51 by OCR); all of them score .59 to 1.0, half below .94."""

READABLE_FONT = 0.45
"""On a page that is no scan, text below this score comes from a font without a Unicode map:
shifted or scrambled letters score .03 to .41. Real pages have more: ten memoirs .93 to 1.0,
a table of abbreviations .61, a page of drawings with little but a printer's mark .58."""

_CID = re.compile(r"\(cid:\d+\)")
_EDGE = "\"'“”‘’«»()[]{}<>.,;:!?…*•§†#$£€%&_|=+~/\\–—-" + "。、，：；？！「」『』《》（）"
_SIGNS = frozenset("–—-&•§*$|")
_JOINTS = re.compile(r"[-–—'’/.,&@:()\[\]_。、，：；（）]+")
_LEADERS = re.compile(r"[.·_\-–—=*]{3,}")
_LATIN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+s?|(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|Fitz|O)[A-Z][a-z]+")
_FIGURE = re.compile(r"[$£€]?\d+(?:st|nd|rd|th|s|[A-Za-z])?|[A-Z]{1,4}\d+")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_NO_VOWELS_NEEDED = {"mr", "mrs", "dr", "st", "jr", "pp", "vs", "cf", "ft", "lb", "lbs", "ch"}
_MAX_LETTERS = 24
_CONSONANT_RUN = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}|(.)\1\1", re.IGNORECASE)
# Of the letters of English, French, German, Spanish, Latin and Polish 33 to 48 percent are
# vowels; a font whose letters are shifted by one place or by three leaves 15 to 27.
_VOWEL_SHARE = (0.28, 0.60)
_ENOUGH_LETTERS = 150


def legibility(text: str) -> float:
    """Return how much of `text` is made like words and figures: 0 (none) to 1 (all).

    The share is of the characters, so that long words weigh more than specks. 0.0 for a
    text without any.

    >>> legibility("A truce was signed at the bridge in 1812.")
    1.0
    >>> legibility("(cid:31)(cid:4) (cid:9)")
    0.0
    """
    tokens = _tokens(text)
    total = sum(map(len, tokens))
    if not total:
        return 0.0
    sound = sum(len(token) for token in tokens if _is_sound(token))
    return sound / total * _vowel_factor(text)


def reading_quality(text: str, confidence: float = 1.0) -> float:
    """Return how well OCR read a page, 0 to 1: how much of it is made like words, times what the
    engine says of itself, where that is known; no more than the share of known words.

    What an engine says of itself is optimistic, and misread words are often made like words. Below
    .9 (`wording.BADLY_READ`) are, of 87 pages of real scans, 35 that are indeed read badly.
    """
    unknown = unknown_words(text)
    return round(min(confidence * legibility(text), 1.0 if unknown is None else 1 - unknown), 3)


def sound_words(text: str) -> int:
    """Return how many words of three letters and more in `text` are made like words."""
    return sum(1 for token in _tokens(text) if len(token.strip(_EDGE)) > 2 and _is_sound(token))


def _tokens(text: str) -> list[str]:
    return _LEADERS.sub(" ", _CID.sub("\ufffd", text)).split()


def _is_sound(token: str) -> bool:
    core = token.strip(_EDGE)
    if not core:
        return token in _SIGNS
    return all(_is_sound_part(part, token) for part in _JOINTS.split(core) if part)


def _is_sound_part(part: str, token: str) -> bool:
    if _FIGURE.fullmatch(part) or part.isdecimal():
        return True
    if not part.isalpha():
        # Marks belong to letters in many scripts.
        return all(unicodedata.category(c)[0] in "LM" for c in part)
    if not part.isascii():
        return True
    if len(part) > _MAX_LETTERS:
        return False
    if len(part) == 1:
        return part in "aoI" or part.isupper() or token != part
    if not _LATIN.fullmatch(part) or _CONSONANT_RUN.search(part):
        return False
    return part.isupper() or bool(_VOWEL.search(part)) or part.lower() in _NO_VOWELS_NEEDED


def _vowel_factor(text: str) -> float:
    """Return 1, or 0.5 where the Latin letters cannot be those of a language."""
    letters = [c for c in text if c.isascii() and c.isalpha()]
    if len(letters) < _ENOUGH_LETTERS:
        return 1.0
    share = sum(1 for c in letters if c in "aeiouyAEIOUY") / len(letters)
    low, high = _VOWEL_SHARE
    return 1.0 if low <= share <= high else 0.5
