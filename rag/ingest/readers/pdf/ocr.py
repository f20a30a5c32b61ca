"""Which pages of a PDF are read by OCR, and what comes of it.

A page is looked at if it has no text; if it is a scan (pictures cover it) with a poor text
layer or hardly any; or if its letters come from a font without a Unicode map. OCR takes the
layer's place only where its words are more, and better made. A page that was born digital
and has sound text is never touched.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import UnreadableSource
from rag.ingest.names import shown
from rag.ingest.ocr.engines import Ocr, OcrEngine
from rag.ingest.ocr.layout import mean_confidence, page_text
from rag.ingest.ocr.legibility import GOOD_LAYER, READABLE_FONT, legibility, sound_words
from rag.ingest.ocr.memory import Remembering
from rag.ingest.ocr.orientation import read_upright
from rag.ingest.ocr.page_images import PageImages, page_images
from rag.ingest.shared.page_lines import tidy_page
from rag.ingest.shared.pulse import reached

log = logging.getLogger(__name__)

# Of a page, covered by pictures: scans 1.0, pages with large figures .5 at most.
_SCAN_SHARE = 0.7
# The layer of a scan may be a printed stamp only ("2025 RELEASE UNDER THE ... ACT"), or lack
# most of a faint page: of eight sound layers with fewer words than this, three had a third
# of what OCR reads.
_FEW_WORDS = 100


@dataclass(frozen=True, slots=True)
class Reread:
    """The texts of all pages after OCR where it was needed, and how many pages that were.

    `confidence` is the engine's, a mean over the characters, None where no page's text is
    from OCR. `why` says, if no page has text, why that is and what to do.
    """

    pages: tuple[str, ...]
    confidence: float | None = None
    ocr_pages: int = 0
    notes: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the engine made of one page."""

    text: str
    confidence: float


def reread(path: Path, layers: list[str], ocr: Ocr) -> Reread:
    """Return the pages of a PDF, given their text layers, with OCR where they need it.

    One page after another is drawn and read, so memory does not grow with the file. A page
    that cannot be drawn or read keeps its layer, and a note says so.
    Raises `SourceError` if there is no OCR as it is asked for, and a page needs it.
    """
    doubtful = [number for number, layer in enumerate(layers) if _is_doubtful(layer)]
    if not doubtful:
        return Reread(tuple(layers))
    try:
        with _pages_to_read(path, layers, doubtful) as (images, wanted):
            if not wanted:
                return Reread(tuple(layers))
            engine = ocr.engine()
            if engine is None:
                return _without_engine(layers, wanted, ocr.why_none())
            if ocr.kept is not None:
                engine = Remembering(engine, ocr.kept)
            return _with_engine(engine, images, layers, wanted, path)
    except UnreadableSource as error:
        return Reread(tuple(layers), notes=(f"no OCR: {error}",), why=str(error))


def worth(text: str) -> float:
    """Return a number for comparing two texts of one page: sound words, weighed by legibility."""
    return sound_words(text) * legibility(text)


def _is_doubtful(layer: str) -> bool:
    return legibility(layer) < GOOD_LAYER or sound_words(layer) < _FEW_WORDS


@contextmanager
def _pages_to_read(
    path: Path, layers: list[str], doubtful: list[int]
) -> Iterator[tuple[PageImages, list[int]]]:
    with page_images(path) as images:
        if len(images) != len(layers):
            # The page would be right and its number wrong.
            raise UnreadableSource(
                f"two programs count {len(layers)} and {len(images)} pages in the file; "
                "repair it, for instance: qpdf IN.pdf OUT.pdf"
            )
        yield images, [n for n in doubtful if _needs_ocr(images, n, layers[n])]


def _needs_ocr(images: PageImages, number: int, layer: str) -> bool:
    reached(f"page {number + 1}")
    if not layer.strip() or legibility(layer) < READABLE_FONT:
        return True
    try:
        return images.image_share(number) >= _SCAN_SHARE
    except UnreadableSource:
        return False


def _without_engine(layers: list[str], wanted: list[int], why: str) -> Reread:
    poor = sum(1 for number in wanted if layers[number])
    notes = [f"{poor} of {len(layers)} pages have a poor text layer: {why}"] if poor else []
    return Reread(tuple(layers), notes=tuple(notes), why=f"it needs OCR: {why}")


def _with_engine(
    engine: OcrEngine, images: PageImages, layers: list[str], wanted: list[int], path: Path
) -> Reread:
    pages = list(layers)
    readings: list[_Reading] = []
    failed: list[int] = []
    senseless: list[int] = []
    for number in wanted:
        reached(f"page {number + 1}")
        try:
            reading = _read(engine, images, number)
        except UnreadableSource as error:
            log.info("%s: page %d: %s", shown(path), number + 1, error)
            failed.append(number + 1)
            continue
        if reading.text and legibility(reading.text) < READABLE_FONT:
            if not pages[number]:
                senseless.append(number + 1)
        elif reading.text and (not pages[number] or worth(reading.text) > worth(pages[number])):
            pages[number] = reading.text
            readings.append(reading)
    confidence = _mean(readings)
    notes = []
    if confidence is not None:
        notes.append(
            f"{len(readings)} of {len(layers)} pages read by OCR ({engine.name}), "
            f"mean confidence {confidence:.2f}"
        )
    if failed:
        notes.append(f"OCR failed on {len(failed)} of {len(layers)} pages: {_listed(failed)}")
    if senseless:
        notes.append(
            f"OCR made no sense of {len(senseless)} of {len(layers)} pages, which are left out: "
            f"{_listed(senseless)}"
        )
    return Reread(
        tuple(pages),
        confidence,
        len(readings),
        tuple(notes),
        why=f"OCR ({engine.name}) found no text on them; scan them again, or leave the file out",
    )


def _read(engine: OcrEngine, images: PageImages, number: int) -> _Reading:
    image = images.render(number)
    lines = [] if image is None else read_upright(engine, image)
    return _Reading(tidy_page(page_text(lines)), mean_confidence(lines))


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")


def _mean(readings: list[_Reading]) -> float | None:
    total = sum(len(reading.text) for reading in readings)
    if not total:
        return None
    return sum(len(reading.text) * reading.confidence for reading in readings) / total
