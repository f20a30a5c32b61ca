"""The text layer of each page of a PDF: its lines in reading order, and its footnotes apart."""

from __future__ import annotations

import ctypes
import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import UnreadableSource
from rag.ingest.names import shown
from rag.ingest.readers.pdf.hidden import without_hidden_layers
from rag.ingest.readers.pdf.layout import Line, page_lines
from rag.ingest.readers.pdf.letters import Letter, page_letters
from rag.ingest.readers.pdf.notes import Blocks, body_height, is_open, without_notes
from rag.ingest.readers.pdf.opening import DAMAGE, damaged
from rag.ingest.shared.page_lines import tidy_page
from rag.ingest.shared.pulse import reached
from rag.language import goes_on

if TYPE_CHECKING:
    from pypdf import PdfReader

log = logging.getLogger(__name__)

# Of a page's letters: from here on it is set from right to left, or from the top down, which
# the order of the file knows better than the places of its letters.
_OTHERWISE_SET = 0.3


@dataclass(frozen=True, slots=True)
class Layer:
    """A page's text, "" without any, and its footnotes."""

    text: str
    notes: tuple[str, ...] = ()


def page_layers(reader: PdfReader, path: Path) -> tuple[list[Layer], list[Exception]]:
    """Return the text layer of every page, and what went wrong on single pages.

    The text is "" for a page without any and for one that is damaged. A page in which PDFium
    finds no letters is read by pypdf.
    """
    from pypdf.errors import PyPdfError

    try:
        pages = list(reader.pages)
    except (PyPdfError, *DAMAGE) as error:
        raise damaged(path, error) from error
    if not pages:
        raise UnreadableSource(f"{shown(path)} is a PDF without pages; fetch or copy it again")
    blocks = _placed_blocks(reader, path, len(pages))
    body = body_height(found for found in blocks if found)
    layers: list[Layer] = []
    failures: list[Exception] = []
    open_note = False
    for number, (page, found) in enumerate(zip(pages, blocks, strict=True), start=1):
        if found:
            kept, notes = without_notes(found, body, open_note)
            open_note = is_open(notes)
            layers.append(Layer(tidy_page(_set(kept)), tuple(map(tidy_page, notes))))
            continue
        reached(f"page {number}")
        try:
            layers.append(Layer(tidy_page(page.extract_text())))
        except (PyPdfError, *DAMAGE) as error:
            log.info("%s: page %d cannot be read: %r", shown(path), number, error)
            failures.append(error)
            layers.append(Layer(""))
    return layers, failures


def _placed_blocks(reader: PdfReader, path: Path, count: int) -> list[Blocks]:
    """Return the lines of each page as PDFium places them, [] for a page that it cannot read,
    or that is set otherwise than in lines from left to right."""
    from pypdf.errors import PyPdfError
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        source = without_hidden_layers(reader) or path
    except (PyPdfError, *DAMAGE) as error:
        log.info("%s: its layers cannot be told apart: %r", shown(path), error)
        source = path
    try:
        pdf = PdfDocument(source)
    except (PdfiumError, OSError):
        return [[] for _ in range(count)]
    try:
        if len(pdf) != count:
            return [[] for _ in range(count)]
        blocks: list[Blocks] = []
        for number in range(count):
            reached(f"page {number + 1}")
            try:
                page = pdf[number]
                letters = page_letters(page)
                page.close()
            except (PdfiumError, ValueError, ctypes.ArgumentError):
                letters = []
            blocks.append([] if _is_set_otherwise(letters) else page_lines(letters))
        return blocks
    finally:
        pdf.close()


def _is_set_otherwise(letters: Sequence[Letter]) -> bool:
    odd = sum(unicodedata.bidirectional(letter.text) in {"R", "AL"} for letter in letters)
    below = sum(
        after.base < before.base and abs(after.left - before.left) < before.height / 4
        for before, after in pairwise(letters)
    )
    return max(odd, below) > _OTHERWISE_SET * max(len(letters), 1)


def _set(blocks: Sequence[Sequence[Line]]) -> str:
    """Return lines as text: an empty one where white space parts them, or columns that do not
    go on in each other."""
    text = ""
    for lines in blocks:
        for number, line in enumerate(lines):
            if text:
                parted = line.apart if number else not goes_on(text[-400:], line.text)
                text += "\n\n" if parted else "\n"
            text += line.text
    return text
