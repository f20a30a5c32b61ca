"""The letters of a PDF page that a reader sees, each with its place on the page.

PDFium places them. Left out is what lies outside the visible part of the page, and the second
of two letters drawn over each other to look bold. Text that runs up, down or upside down comes
out as if the page had been turned for it, apart from what stands otherwise, and so do the sloping
lines of a scan.
"""

from __future__ import annotations

import ctypes
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rag.ingest.ocr.pages import SCAN_SHARE, image_share

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_TWIN = 0.15
"""Two equal letters nearer than this, in parts of their height, are one drawn twice: an "i"
and the next are at least .2 apart."""

_EDGE_PT = 1.0
_ROW_PT = 20.0
_MAX_PIXELS = 2_000
_INK = 16
"""How much darker or lighter than its ground, of 255, the darkest part of a seen word is."""

_SPECKS = frozenset("()[]{}<>|¦\\~^_`´¬■□▪●\ufffd")
_SEPARATORS = frozenset("*†‡§&")
_APART = 1.5
"""White space, in heights of a line, with which a sign stands by itself."""

_HYPHEN = 0x02  # PDFium's sign for a hyphen that breaks a word at a line's end
_QUARTER = math.pi / 2
_MAX_SLANT = math.radians(10)
"""Letters that are turned otherwise than by quarters are a watermark's ("DRAFT")."""

_MIN_WORDS = 20
_LEVEL = 0.002
"""A slope that makes a line end within 1 point of where it began."""


class Letter(NamedTuple):
    """A letter: its place in points, upwards, `base` the line it stands on. `gap`: white space
    stands before it."""

    text: str
    left: float
    right: float
    base: float
    bottom: float
    top: float
    gap: bool

    @property
    def height(self) -> float:
        """The height of its line, which goes with the size of the type."""
        return self.top - self.bottom


class Turned(NamedTuple):
    """Letters that stand otherwise than most of their page, turned upright by themselves. Where
    they stand upright in the file, as the head of a page does whose table is turned, those above
    and below the others are apart. `middle`: where on the page, turned for most of it, the middle
    of them stands from left to right. `guessed`: they may be no text."""

    above: list[Letter]
    letters: list[Letter]
    below: list[Letter]
    middle: float
    guessed: bool = False


class Upright(NamedTuple):
    """The letters of a page turned upright, with the edges of the page; those that stand otherwise
    than most, for each quarter turn; and how many of these may be no text and are left out.
    `scanned`: OCR made them from the picture that the page is."""

    letters: list[Letter]
    left: float
    right: float
    height: float
    turned: Sequence[Turned] = ()
    left_out: int = 0
    scanned: bool = False


def page_letters(page: PdfPage) -> Upright:
    """Return the visible letters of a page in the order of the file, turned upright.

    Letters that stand otherwise than most are no text on a scan, where OCR guesses them from
    shadows and holes, and where they are askew, as a watermark is.
    """
    seen = _without_specks(_seen(page, list(_placed(page))))
    left, bottom, right, top = page.get_bbox()
    if not seen:
        return Upright([], left, right, top - bottom)
    (main, _), *others = Counter(one.quarter for one in seen).most_common()
    kept = _without_twins(one.letter for one in seen if one.quarter == main)
    across, down = zip(_turn((left, bottom), main), _turn((right, top), main), strict=True)
    guessed = bool(others) and image_share(page) >= SCAN_SHARE
    odd = [one for one in seen if one.quarter != main]
    straight = [one for one in odd if not one.askew]
    text = [] if guessed else straight
    return Upright(
        level(kept),
        min(across),
        max(across),
        max(down) - min(down),
        [
            _turned(own, [one for one in seen if one.quarter == main], guessed=guessed)
            for quarter, _ in others
            if (own := [one for one in straight if one.quarter == quarter])
        ],
        len(odd) - len(text),
        _is_scanned(page, seen),
    )


def _is_scanned(page: PdfPage, seen: Sequence[_Placed]) -> bool:
    """Return whether most letters of a page are drawn without ink or below the picture that covers
    it, as programs that read scans add them."""
    if 2 * sum(one.invisible for one in seen) > len(seen):
        return image_share(page) > 0
    return image_share(page) >= SCAN_SHARE and _is_above_text(page)


def _is_above_text(page: PdfPage) -> bool:
    """Return whether the pictures of a page are drawn behind most of its text, and hide it."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_TEXT

    wanted = [FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_TEXT]
    kinds = [one.type for one in page.get_objects(wanted, max_depth=2)]
    last = max((n for n, kind in enumerate(kinds) if kind == FPDF_PAGEOBJ_IMAGE), default=0)
    texts = [n for n, kind in enumerate(kinds) if kind == FPDF_PAGEOBJ_TEXT]
    return 2 * sum(n < last for n in texts) > len(texts)


def _turned(own: Sequence[_Placed], most: Sequence[_Placed], *, guessed: bool) -> Turned:
    """Return letters that stand otherwise than most."""
    quarter = own[0].quarter
    heights = [_turn(corner, quarter)[1] for one in most for corner in (one.box[:2], one.box[2:])]
    parts: tuple[list[Letter], ...] = ([], [], [])
    for one in own:
        height = _middle(one.box, quarter)[1]
        place = (height < min(heights)) - (height > max(heights)) if quarter == 0 else 0
        parts[1 + place].append(one.letter)
    above, beside, below = (level(_without_twins(part)) for part in parts)
    middle = statistics.median(_middle(one.box, most[0].quarter)[0] for one in own)
    return Turned(above, beside, below, middle, guessed)


def _middle(box: tuple[float, float, float, float], quarter: int) -> tuple[float, float]:
    left, bottom, right, top = box
    return _turn(((left + right) / 2, (bottom + top) / 2), quarter)


def _seen(page: PdfPage, placed: list[_Placed]) -> list[_Placed]:
    """Return the letters without the words that cannot be seen on the page: white on white,
    covered, or outside a clipping path. Invisible text over a picture is that of OCR; where words
    that are drawn stand already, it says them a second time."""
    if not placed:
        return placed
    if any(one.invisible for one in placed):
        placed = _without_second_layer(placed)
        if image_share(page) > 0:
            return placed
    rotation = page.get_rotation()
    page.set_rotation(0)
    left, bottom, right, top = page.get_bbox()
    scale = min(1.0, _MAX_PIXELS / max(right - left, top - bottom, 1.0))
    picture = page.render(scale=scale, grayscale=True).to_numpy()
    page.set_rotation(rotation)
    picture = picture[..., 0] if picture.ndim > 2 else picture

    kept: list[_Placed] = []
    for word in _words(placed):
        x0, y0 = min(one.box[0] for one in word), min(one.box[1] for one in word)
        x1, y1 = max(one.box[2] for one in word), max(one.box[3] for one in word)
        columns = slice(max(0, int((x0 - left) * scale)), int((x1 - left) * scale) + 1)
        rows = slice(max(0, int((top - y1) * scale)), int((top - y0) * scale) + 1)
        part = picture[rows, columns]
        if part.size == 0 or int(part.max()) - int(part.min()) >= _INK:
            kept += word
    return kept


def _without_second_layer(placed: list[_Placed]) -> list[_Placed]:
    """Return letters without the invisible lines that stand mostly where words are drawn."""
    drawn: dict[int, list[tuple[float, float, float, float]]] = {}
    for left, bottom, right, top in (one.box for one in placed if not one.invisible):
        for row in range(int(bottom // _ROW_PT), int(top // _ROW_PT) + 1):
            gap = (top - bottom) / 2  # between words
            drawn.setdefault(row, []).append((left - gap, bottom, right + gap, top))
    if not drawn:
        return placed
    lines: list[list[_Placed]] = []
    for one in placed:
        last = lines[-1][-1] if lines else None
        same = last is not None and last.invisible is one.invisible
        if last and same and abs(last.letter.base - one.letter.base) <= one.letter.height / 2:
            lines[-1].append(one)
        else:
            lines.append([one])
    kept: list[_Placed] = []
    for line in lines:
        over = sum(
            any(n[0] <= x <= n[2] and n[1] <= y <= n[3] for n in drawn.get(int(y // _ROW_PT), ()))
            for one in line
            for x, y in [_centre(one.box)]
        )
        if not line[0].invisible or 2 * over <= len(line):
            kept += line
    return kept


def _centre(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _without_specks(placed: list[_Placed]) -> list[_Placed]:
    """Return letters without the words of OCR, which are invisible, that are signs with which it
    renders specks, shadows and rules, or signs that stand far from any word of their line."""
    words = list(_words(placed))
    kept: list[_Placed] = []
    for before, word, after in zip([[], *words], words, [*words[1:], []], strict=False):
        signs = {one.letter.text for one in word if one.invisible}
        if len(signs) and not any(sign.isalnum() or sign in _SEPARATORS for sign in signs):
            by_itself = not (_are_near(before, word) or _are_near(word, after))
            if by_itself or signs <= _SPECKS:
                continue
        kept += word
    return kept


def _are_near(word: Sequence[_Placed], after: Sequence[_Placed]) -> bool:
    """Return whether two words follow each other on a line."""
    if not word or not after:
        return False
    last, first = word[-1].letter, after[0].letter
    size = max(last.height, first.height)
    return abs(last.base - first.base) < size / 2 and first.left - last.right < _APART * size


def _words(placed: Iterable[_Placed]) -> Iterator[list[_Placed]]:
    word: list[_Placed] = []
    for one in placed:
        far = word and abs(one.letter.base - word[-1].letter.base) > one.letter.height / 2
        if word and (one.letter.gap or far):
            yield word
            word = []
        word.append(one)
    if word:
        yield word


class _Placed(NamedTuple):
    """A letter with the quarter turns that its text has, and whether it is turned otherwise than
    by these, its box on the page, and whether it is drawn without ink."""

    quarter: int
    askew: bool
    letter: Letter
    box: tuple[float, float, float, float]
    invisible: bool


def _placed(page: PdfPage) -> Iterator[_Placed]:
    """Yield each letter on the visible part of a page."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    handle = text_page.raw
    left, bottom, right, top = page.get_bbox()
    box = raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    gap = False
    for index in range(raw.FPDFText_CountChars(handle)):
        code = raw.FPDFText_GetUnicode(handle, index)
        if code in {0x20, 0xA0, 0x09, 0x0A, 0x0D} or not code:
            gap = True
            continue
        if raw.FPDFText_IsGenerated(handle, index) == 1:
            gap = gap or code != _HYPHEN
            continue
        raw.FPDFText_GetLooseCharBox(handle, index, box)
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        middle = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        inside = (
            left - _EDGE_PT <= middle[0] <= right + _EDGE_PT
            and bottom - _EDGE_PT <= middle[1] <= top + _EDGE_PT
        )
        if inside:
            angle = -raw.FPDFText_GetCharAngle(handle, index)
            quarter = round(angle / _QUARTER) % 4
            drawn = raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(handle, index))
            yield _Placed(
                quarter,
                abs(angle - round(angle / _QUARTER) * _QUARTER) > _MAX_SLANT,
                _upright(_character(code), box, (x.value, y.value), quarter, gap),
                (box.left, box.bottom, box.right, box.top),
                drawn == raw.FPDF_TEXTRENDERMODE_INVISIBLE,
            )
            gap = False


def _character(code: int) -> str:
    if code == _HYPHEN or code == 0xFFFE:
        return "-"
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _upright(
    text: str, box: object, origin: tuple[float, float], quarter: int, gap: bool
) -> Letter:
    corners = [(box.left, box.bottom), (box.right, box.top)]  # type: ignore[attr-defined]
    (x0, y0), (x1, y1), (_, base) = (_turn(point, quarter) for point in (*corners, origin))
    return Letter(text, min(x0, x1), max(x0, x1), base, min(y0, y1), max(y0, y1), gap)


def _turn(point: tuple[float, float], quarter: int) -> tuple[float, float]:
    x, y = point
    return ((x, y), (y, -x), (-x, -y), (-y, x))[quarter]


def _without_twins(letters: Iterable[Letter]) -> list[Letter]:
    """Return the letters without those that are drawn over an equal one."""
    kept: list[Letter] = []
    seen: dict[tuple[str, int, int], list[Letter]] = {}
    for letter in letters:
        near = _TWIN * letter.height
        cell = max(near, 1.0)
        column, row = int(letter.left // cell), int(letter.base // cell)
        others = (
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in seen.get((letter.text, column + dx, row + dy), ())
        )
        if any(
            abs(other.left - letter.left) < near and abs(other.base - letter.base) < near
            for other in others
        ):
            continue
        seen.setdefault((letter.text, column, row), []).append(letter)
        kept.append(letter)
    return kept


def level(letters: list[Letter]) -> list[Letter]:
    """Return the letters of a page that was scanned askew as if its lines were level.

    How they slope is told by the words that follow each other on a line.
    """
    words = [letter for number, letter in enumerate(letters) if letter.gap or not number]
    slopes = [
        (after.base - before.base) / (after.left - before.left)
        for before, after in pairwise(words)
        if 0.5 * before.height < after.left - before.left < 20 * before.height
        and abs(after.base - before.base) < 0.6 * before.height
    ]
    slope = statistics.median(slopes) if len(slopes) >= _MIN_WORDS else 0.0
    if abs(slope) < _LEVEL:
        return letters
    return [
        letter._replace(base=letter.base - by, bottom=letter.bottom - by, top=letter.top - by)
        for letter in letters
        for by in [slope * letter.left]
    ]
