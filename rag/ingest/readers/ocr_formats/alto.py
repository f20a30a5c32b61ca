"""ALTO, which national libraries hand out: a page of blocks, lines and words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.ingest.names import shown
from rag.ingest.readers.ocr_formats.pages import OcrPage, document_of_pages, set_blocks
from rag.ingest.shared.markup import parse_xml
from rag.ingest.shared.running import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_MARGINS = frozenset(["TopMargin", "BottomMargin"])


def read_alto(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an ALTO file. A word that a line's end breaks is whole, as the
    file says it; raises `UnreadableSource` if the file is damaged or has no text."""
    root = parse_xml(path.read_bytes(), shown(path))
    pages = list(root.iter("{*}Page"))
    certain = [
        (float(word.get("WC", "")), len(word.get("CONTENT") or ""))
        for word in root.iter("{*}String")
        if (word.get("WC") or "").replace(".", "", 1).isdecimal()
    ]
    letters = sum(length for _, length in certain)
    yield document_of_pages(
        [_page(page) for page in pages],
        path,
        collection,
        confidence=sum(c * n for c, n in certain) / letters if letters else None,
    )


def _page(page: _Element) -> OcrPage:
    margins = [part for part in page if name_of(part) in _MARGINS]
    outside = [block for margin in margins for block in margin.iter("{*}TextBlock")]
    blocks = [block for block in page.iter("{*}TextBlock") if block not in outside]
    return OcrPage(
        set_blocks(map(_text, blocks)),
        tuple(filter(None, map(_text, outside))),
        (page.get("PRINTED_IMG_NR") or "").strip(),
    )


def _text(block: _Element) -> str:
    return "\n".join(filter(None, map(_line, block.iter("{*}TextLine"))))


def _line(line: _Element) -> str:
    words: list[str] = []
    for part in line:
        kind = part.get("SUBS_TYPE")
        if name_of(part) != "String" or kind == "HypPart2":
            continue
        whole = part.get("SUBS_CONTENT") if kind == "HypPart1" else None
        words.append(whole or part.get("CONTENT") or "")
    return " ".join(filter(None, words))
