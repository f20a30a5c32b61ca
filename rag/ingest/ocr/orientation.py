"""Pages that were laid on the glass sideways or upside down, turned before they are read.

A page on its side is told by its lines, which stand taller than they are wide; one on its head
by what is read, which makes no words. Each is read again the other way round, and the better
reading is kept. A page that lies as it should costs nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.ingest.ocr.engines import Image, OcrEngine, OcrLine
from rag.ingest.ocr.layout import mean_confidence, page_text
from rag.ingest.ocr.legibility import legibility, sound_words

SURE = 0.8
"""A reading of which confidence and legibility are together at least this lies as it should:
upright pages of poor scans have .8 to .97, those on their heads .3 to .6."""

_TALL = 1.5
_MIN_LETTERS = 3
_MOST = 0.5


def read_upright(engine: OcrEngine, image: Image) -> list[OcrLine]:
    """Return the lines of a page as they stand when it is turned upright."""
    lines = engine(image)
    if not lines:
        return lines
    if _is_sideways(lines):
        turns: tuple[int, ...] = (1, 3)
    elif trust(lines) < SURE:
        turns = (2,)
    else:
        return lines
    best, worth = lines, 0.0 if _is_sideways(lines) else _worth(lines)
    for quarter in turns:
        turned = engine(np.ascontiguousarray(np.rot90(image, quarter)))
        if (now := _worth(turned)) > worth:
            best, worth = turned, now
        if trust(turned) >= SURE and not _is_sideways(turned):
            break
    return best


def trust(lines: Sequence[OcrLine]) -> float:
    """Return how far a reading makes sense, 0 to 1: the engine's confidence times the share of
    what looks like words."""
    return mean_confidence(lines) * legibility(page_text(lines))


def _worth(lines: Sequence[OcrLine]) -> float:
    return sound_words(page_text(lines)) * trust(lines) if lines else 0.0


def _is_sideways(lines: Sequence[OcrLine]) -> bool:
    long = [line for line in lines if len(line.text) >= _MIN_LETTERS]
    letters = sum(len(line.text) for line in long)
    tall = sum(
        len(line.text) for line in long if line.bottom - line.top > _TALL * (line.right - line.left)
    )
    return letters > 0 and tall > _MOST * letters
