"""hOCR: HTML in which OCR programs mark pages, lines and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.ingest.readers.ocr_formats.pages import OcrPage, document_of_pages, set_blocks
from rag.ingest.shared.markup import line_of, parse_xhtml
from rag.ingest.shared.note_marks import MARK as MARK_OF_NOTE

if TYPE_CHECKING:
    from lxml.etree import _Element

_LINE = re.compile(r"\bocr_(?:line|caption|textfloat)\b")
_ASIDE = re.compile(r"\bocr_(?:header|footer|pageno|footnote)\b")
_CERTAIN = re.compile(r"\bx_wconf\s+(\d+)")
MARK = re.compile(rb"class=[\"'][^\"']*\bocr_page\b")
"""By which such a file is told from a page of the Web."""


def read_hocr(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an hOCR file.

    Raises `UnreadableSource` if the file is damaged or has no text.
    """
    root = parse_xhtml(path.read_bytes(), path)
    pages = [element for element in root.iter() if "ocr_page" in _classes(element)]
    certain = [
        (int(found[1]) / 100, len(line_of(word)))
        for word in root.iter()
        if (found := _CERTAIN.search(word.get("title") or ""))
    ]
    letters = sum(length for _, length in certain)
    yield document_of_pages(
        [_page(page) for page in pages],
        path,
        collection,
        confidence=sum(c * n for c, n in certain) / letters if letters else None,
    )


def _classes(element: _Element) -> list[str]:
    return (element.get("class") or "").split()


def _page(page: _Element) -> OcrPage:
    apart = [element for element in page.iter() if _ASIDE.search(element.get("class") or "")]
    outside = {inner for element in apart for inner in element.iter()}
    blocks: list[list[str]] = [[]]
    for element in page.iter():
        if element in outside:
            continue
        if "ocr_par" in _classes(element) or "ocr_carea" in _classes(element):
            blocks.append([])
        elif _LINE.search(element.get("class") or ""):
            blocks[-1].append(_words(element))
    text = set_blocks("\n".join(lines) for lines in blocks)
    return OcrPage(text or line_of(page), tuple(filter(None, map(line_of, apart))))


def _words(line: _Element) -> str:
    """Return what a line says, without raised marks of notes."""
    marks = [mark for mark in line.iter("{*}sup", "sup") if MARK_OF_NOTE.fullmatch(line_of(mark))]
    for mark in marks:
        mark.text = ""
    return line_of(line)
