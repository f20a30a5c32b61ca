"""hOCR: HTML in which OCR programs mark pages, lines and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.ingest.readers.ocr_formats.pages import document_of_pages
from rag.ingest.shared.markup import line_of, parse_xhtml

if TYPE_CHECKING:
    from lxml.etree import _Element

_LINE = re.compile(r"\bocr_(?:line|header|caption|textfloat)\b")
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
        [_text(page) for page in pages],
        path,
        collection,
        confidence=sum(c * n for c, n in certain) / letters if letters else None,
    )


def _classes(element: _Element) -> list[str]:
    return (element.get("class") or "").split()


def _text(page: _Element) -> str:
    parts: list[str] = []
    for element in page.iter():
        if "ocr_par" in _classes(element) or "ocr_carea" in _classes(element):
            parts.append("\n")
        elif _LINE.search(element.get("class") or ""):
            parts.append(f"{line_of(element)}\n")
    return "".join(parts) or line_of(page)
