"""Which pages of scans and pictures are read by OCR, and what comes of it.

A page is looked at if it has no text; if it is a scan (pictures cover it) with a poor text
layer or hardly any; or if its letters come from a font without a Unicode map. OCR takes the
layer's place only where its words are more, and better made. A page that was born digital
and has sound text is never touched.

Pages that were laid on the glass sideways or upside down are turned. One on its side is told by
its lines, which stand taller than they are wide; one on its head by what is read, which makes no
words. Each is read again the other way round, and the better reading is kept.

PDFium draws the pages of PDFs, one at a time.
"""

from __future__ import annotations

import ctypes
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from rag.errors import UnreadableSource
from rag.ingest.names import shown
from rag.ingest.ocr import RESOLUTION_DPI, Image, Ocr, OcrEngine, OcrLine
from rag.ingest.ocr.layout import (
    GOOD_LAYER,
    READABLE_FONT,
    legibility,
    mean_confidence,
    page_text,
    reading_quality,
    sheet_of,
    sound_words,
)
from rag.ingest.shared.page_text import (
    EDGE_LINES,
    PrintedPage,
    Sheet,
    are_facing,
    printed_pages,
)
from rag.isolation import reached
from rag.language import with_lost_spaces

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

log = logging.getLogger(__name__)

# Of a page, covered by pictures: scans 1.0, pages with large figures .5 at most.
SCAN_SHARE = 0.7
# The layer of a scan may be a printed stamp only ("2025 RELEASE UNDER THE ... ACT"), or lack
# most of a faint page: of eight sound layers with fewer words than this, three had a third
# of what OCR reads.
_FEW_WORDS = 100

_SURE = 0.8
"""A reading of which confidence and legibility are together at least this lies as it should:
upright pages of poor scans have .8 to .97, those on their heads .3 to .6."""

_TALL = 1.5
_MIN_LETTERS = 3
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Reread:
    """The pages that OCR read better than their layers are, by their numbers from 0: one printed
    page each, or two facing ones.

    `quality`: how well OCR read each of them. `unread`: the pages that have something on them and
    no text, which `notes` tell. `why` says, if no page has text, why that is and what to do.
    """

    pages: Mapping[int, tuple[PrintedPage, ...]] = field(default_factory=dict)
    quality: Mapping[int, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    why: str = ""
    unread: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the engine made of one page, and its words, notes included."""

    sheet: Sheet
    text: str
    confidence: float
    blank: bool = False


class Drawn(Protocol):
    """The pages of a file as pictures, counted from 0; each raises `UnreadableSource` where a page
    is damaged."""

    def __len__(self) -> int: ...

    def image_share(self, number: int) -> float:
        """Return how much of a page is covered by pictures, 0 to 1."""
        ...

    def render(self, number: int) -> Image | None:
        """Return a page in grey, None if there is nothing on it."""
        ...


Opened = Callable[[Path], AbstractContextManager[Drawn]]
"""Opens a file for drawing its pages; raises `UnreadableSource` if that fails."""


def reread(
    path: Path, layers: list[str], ocr: Ocr, opened: Opened, *, facing: bool = False
) -> Reread:
    """Return what OCR reads of a file, given the text layers of its pages, where they need it.

    `facing`: its pages are known to be pairs of facing ones. One page after another is drawn and
    read, so memory does not grow with the file. A page that cannot be drawn or read keeps its
    layer, and a note says so.
    Raises `SourceError` if there is no OCR as it is asked for, and a page needs it.
    """
    doubtful = [number for number, layer in enumerate(layers) if _is_doubtful(layer)]
    if not doubtful:
        return Reread()
    try:
        with opened(path) as images:
            if len(images) != len(layers):
                # The page would be right and its number wrong.
                raise UnreadableSource(
                    f"two programs count {len(layers)} and {len(images)} pages in the file; "
                    "repair it, for instance: qpdf IN.pdf OUT.pdf"
                )
            wanted = [n for n in doubtful if _needs_ocr(images, n, layers[n])]
            if not wanted:
                return Reread()
            engine = ocr.engine()
            if engine is None:
                return _without_engine(images, layers, wanted, ocr.why_none())
            return _with_engine(engine, images, layers, wanted, path, facing=facing)
    except UnreadableSource as error:
        unread = [number for number in doubtful if not layers[number].strip()]
        notes = _not_read(layers, {str(error): doubtful})
        return Reread(notes=notes, why=str(error), unread=frozenset(unread))


def _not_read(layers: Sequence[str], numbers: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Return what is said of pages that were not read, given their numbers from 0 for each reason:
    of those with a text layer that this is all there is."""
    notes = []
    for why, pages in numbers.items():
        for has_layer, said in (
            (False, "not read: "),
            (True, "not read by OCR, but as the file has it: "),
        ):
            if own := [n for n in pages if bool(layers[n].strip()) is has_layer]:
                notes.append(f"{said}{_listed(own)}: {why}")
    return tuple(notes)


def _worth_of_text(text: str) -> float:
    """Return a number for comparing two texts of one page: sound words, weighed by how many of
    them are known."""
    return sound_words(text) * reading_quality(text)


def _is_doubtful(layer: str) -> bool:
    return reading_quality(layer) < GOOD_LAYER or sound_words(layer) < _FEW_WORDS


def _needs_ocr(images: Drawn, number: int, layer: str) -> bool:
    reached(f"page {number + 1}")
    if not layer.strip() or legibility(layer) < READABLE_FONT:
        return True
    try:
        return images.image_share(number) >= SCAN_SHARE
    except UnreadableSource:
        return False


def _without_engine(images: Drawn, layers: list[str], wanted: list[int], why: str) -> Reread:
    lost = [number for number in wanted if layers[number].strip() or not _is_blank(images, number)]
    unread = frozenset(number for number in lost if not layers[number].strip())
    return Reread(notes=_not_read(layers, {why: lost}), why=f"it needs OCR: {why}", unread=unread)


def _is_blank(images: Drawn, number: int) -> bool:
    """Return whether nothing is on a page; one with pictures need not be drawn for that."""
    try:
        return not images.image_share(number) and images.render(number) is None
    except UnreadableSource:
        return False


def _with_engine(
    engine: OcrEngine,
    images: Drawn,
    layers: list[str],
    wanted: list[int],
    path: Path,
    *,
    facing: bool,
) -> Reread:
    readings: dict[int, _Reading] = {}
    lost: dict[str, list[int]] = {}
    nothing = f"OCR ({engine.name}) found nothing that can be read"
    for number in wanted:
        reached(f"page {number + 1}")
        layer = layers[number].strip()
        try:
            reading = _read(engine, images, number)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it costs one page
            known = isinstance(error, UnreadableSource)
            why = str(error) if known else f"OCR ({engine.name}) failed: {error!r}"
            log.info("%s: page %d: %s", shown(path), number + 1, why)
            lost.setdefault(why, []).append(number)
            continue
        legible = legibility(reading.text) >= READABLE_FONT
        if legible and (not layer or _worth_of_text(reading.text) > _worth_of_text(layer)):
            readings[number] = reading
        elif not layer and not reading.blank:
            lost.setdefault(nothing, []).append(number)
    total = sum(len(reading.text) for reading in readings.values())
    weighed = sum(len(r.text) * r.confidence for r in readings.values())
    confidence = weighed / total if total else None
    notes: tuple[str, ...] = ()
    if confidence is not None:
        notes = (
            f"{len(readings)} of {len(layers)} pages read by OCR ({engine.name}), "
            f"mean confidence {confidence:.2f}",
        )
    notes += _not_read(layers, lost)
    unread = frozenset(n for of in lost.values() for n in of if not layers[n].strip())
    why = f"{next(iter(lost), 'nothing is on them')}; scan them again, or leave the file out"
    sheets = [reading.sheet for reading in readings.values()]
    pages = printed_pages(sheets, facing=facing or are_facing(sheets))
    quality = {
        n: reading_quality(reading.text, reading.confidence) for n, reading in readings.items()
    }
    return Reread(dict(zip(readings, pages, strict=True)), quality, notes, why, unread)


def _read(engine: OcrEngine, images: Drawn, number: int) -> _Reading:
    image = images.render(number)
    if image is None:
        return _Reading(Sheet(PrintedPage("")), "", 0.0, blank=True)
    lines, shape, above, below = read_upright(engine, image)
    sheet = sheet_of(lines, width=shape[1], height=shape[0])
    sheet = replace(sheet, whole=replace(sheet.whole, above=above, below=below))
    text = "\n\n".join(filter(None, (sheet.whole.text, *sheet.whole.notes)))
    return _Reading(sheet, text, mean_confidence(lines))


_MOST_LISTED = 40


def _listed(numbers: Sequence[int]) -> str:
    """Return pages, counted from 0, as a reader counts them.

    >>> _listed([1]), _listed([0, 1, 2, 6])
    ('page 2', 'pages 1-3, 7')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    said = ", ".join("-".join(str(n + 1) for n in run) for run in runs[:_MOST_LISTED])
    more = f" and {len(runs) - _MOST_LISTED} more times" if len(runs) > _MOST_LISTED else ""
    return f"page{'s' * (len(numbers) > 1)} {said}{more}"


class UprightLines(NamedTuple):
    """The lines of a page as they stand when it is turned upright, and its height and width then;
    and where it had to be laid on its side for that, the lines above and below all others that
    stood upright before, as its running head does."""

    lines: list[OcrLine]
    shape: tuple[int, int]
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


def read_upright(engine: OcrEngine, image: Image) -> UprightLines:
    """Return the lines of a page when it is turned upright, with the spaces that were lost, and
    ones that were taken for the letter l."""

    def read(picture: Image) -> list[OcrLine]:
        return [replace(line, text=_mended(line.text)) for line in engine(picture)]

    lines = read(image)
    height, width = image.shape
    if not lines:
        return UprightLines(lines, (height, width))
    if _is_sideways(lines):
        turns: tuple[int, ...] = (1, 3)
    elif _trust(lines) < _SURE:
        turns = (2,)
    else:
        return UprightLines(lines, (height, width))
    best, worth = (lines, 0), 0.0 if _is_sideways(lines) else _worth(lines)
    for quarter in turns:
        turned = read(np.ascontiguousarray(np.rot90(image, quarter)))
        if (now := _worth(turned)) > worth:
            best, worth = (turned, quarter), now
        if _trust(turned) >= _SURE and not _is_sideways(turned):
            break
    if best[1] % 2:
        return _with_edges(lines, *best, (height, width))
    return UprightLines(best[0], (height, width))


_ONE = re.compile(r"(?<=[A-Z]{2}-)l\b|(?<=\d)l(?=\d)|(?<![^\W_])l(?=\d)")
"""The letter where only a one can be: "AMCRAB-l", "l964"."""


def _mended(text: str) -> str:
    return with_lost_spaces(_ONE.sub("1", text))


def _with_edges(
    before: Sequence[OcrLine], turned: list[OcrLine], quarter: int, shape: tuple[int, int]
) -> UprightLines:
    """Return the lines of a page that was turned on its side, without what they make of those that
    stood upright `before` at its edges."""
    height, width = shape
    tall = [line for line in before if _is_tall(line)]
    top, bottom = min(line.top for line in tall), max(line.bottom for line in tall)
    wide = [line for line in before if line.right - line.left > line.bottom - line.top]
    above = [line for line in wide if line.bottom <= top]
    below = [line for line in wide if line.top >= bottom]
    # A quarter turn to the left brings what was above to the left.
    first = max((line.bottom for line in above), default=-math.inf)
    last = min((line.top for line in below), default=math.inf)
    middles = ((line, (line.left + line.right) / 2) for line in turned)
    kept = [n for n, at in middles if first <= (at if quarter == 1 else height - at) <= last]
    return UprightLines(kept, (width, height), _edge(above), _edge(below))


def _edge(lines: Sequence[OcrLine]) -> tuple[str, ...]:
    said = tuple(filter(None, page_text(lines).split("\n"))) if lines else ()
    return said if len(said) <= EDGE_LINES else ()


def _trust(lines: Sequence[OcrLine]) -> float:
    """Return how far a reading makes sense, 0 to 1: the engine's confidence times the share of
    what looks like words."""
    return mean_confidence(lines) * legibility(page_text(lines))


def _worth(lines: Sequence[OcrLine]) -> float:
    return sound_words(page_text(lines)) * _trust(lines) if lines else 0.0


def _is_sideways(lines: Sequence[OcrLine]) -> bool:
    letters = sum(len(line.text) for line in lines if len(line.text) >= _MIN_LETTERS)
    tall = sum(len(line.text) for line in lines if _is_tall(line))
    return letters > 0 and tall > _MOST * letters


def _is_tall(line: OcrLine) -> bool:
    return len(line.text) >= _MIN_LETTERS and line.bottom - line.top > _TALL * (
        line.right - line.left
    )


MAX_PIXELS = 12_000_000
"""An A2 sheet at 150 dpi has 8.7 million; a map or a hostile page is rendered coarser."""

_POINTS_PER_INCH = 72
_LINE_END_HYPHEN = "\ufffe"  # what PDFium puts for a hyphen that breaks a word
BLANK_RANGE = 8
"""A grey page of one shade has nothing to read."""


def image_share(page: PdfPage) -> float:
    """Return how much of a page of a PDF is covered by pictures, 0 to 1."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    width, height = page.get_size()
    # Two levels: a scan may be wrapped in a form.
    pictures = page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=2)
    boxes = [picture.get_bounds() for picture in pictures]
    # Their sum: some scanners write a page in strips.
    covered = sum((right - left) * (top - bottom) for left, bottom, right, top in boxes)
    return float(min(1.0, covered / max(width * height, 1.0)))


class PageImages:
    """A PDF opened for rendering. Pages are counted from 0; none is kept in memory."""

    def __init__(self, pdf: PdfDocument) -> None:
        self._pdf = pdf

    def __len__(self) -> int:
        return len(self._pdf)

    def image_share(self, number: int) -> float:
        """Return how much of a page is covered by pictures, 0 to 1.

        Raises `UnreadableSource` for a page that is damaged.
        """
        from pypdfium2 import PdfiumError

        try:
            page = self._pdf[number]
            try:
                return image_share(page)
            finally:
                page.close()
        except (PdfiumError, ValueError, ctypes.ArgumentError) as error:
            raise UnreadableSource(f"page {number + 1} cannot be read: {error}") from error

    def render(self, number: int) -> Image | None:
        """Return a page in grey, None if there is nothing on it.

        Raises `UnreadableSource` for a page that is damaged.
        """
        from pypdfium2 import PdfiumError

        try:
            page = self._pdf[number]
            try:
                width, height = page.get_size()
                scale = _scale(width, height)
                bitmap = page.render(scale=scale, grayscale=True)
                try:
                    # A copy: the bitmap's memory is freed below.
                    image = np.array(bitmap.to_numpy(), dtype=np.uint8).reshape(
                        bitmap.height, bitmap.width
                    )
                finally:
                    bitmap.close()
            finally:
                page.close()
        except (PdfiumError, ValueError, MemoryError, ctypes.ArgumentError) as error:
            raise UnreadableSource(f"page {number + 1} cannot be drawn: {error}") from error
        return image if int(image.max()) - int(image.min()) > BLANK_RANGE else None

    def text(self, number: int) -> str:
        """Return a page's text layer as PDFium reads it, line ends as "\n"; "" for a page that
        is damaged or has none."""
        from pypdfium2 import PdfiumError

        try:
            page = self._pdf[number]
            try:
                text: str = page.get_textpage().get_text_range()
            finally:
                page.close()
        except (PdfiumError, ValueError, ctypes.ArgumentError):
            return ""
        return text.replace("\r\n", "\n").replace(_LINE_END_HYPHEN, "-")


@contextmanager
def page_images(path: Path) -> Iterator[PageImages]:
    """Open a PDF for rendering; raises `UnreadableSource` if that fails."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        pdf = PdfDocument(path)
    except (PdfiumError, OSError) as error:
        raise UnreadableSource(f"the pages cannot be drawn: {error}") from error
    try:
        yield PageImages(pdf)
    finally:
        pdf.close()


def _scale(width: float, height: float) -> float:
    """Return pixels per point: the resolution that is read best, or what is allowed."""
    wanted = RESOLUTION_DPI / _POINTS_PER_INCH
    area = max(width * height, 1.0)
    return min(wanted, math.sqrt(MAX_PIXELS / area))
