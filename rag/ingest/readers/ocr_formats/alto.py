"""ALTO, which national libraries hand out: a page of blocks, lines and words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.ingest.names import shown
from rag.ingest.readers.ocr_formats.pages import document_of_pages
from rag.ingest.shared.markup import parse_xml
from rag.ingest.shared.running import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element


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
        [_text(page) for page in pages],
        path,
        collection,
        numbers=[(page.get("PRINTED_IMG_NR") or "").strip() for page in pages],
        confidence=sum(c * n for c, n in certain) / letters if letters else None,
    )


def _text(page: _Element) -> str:
    blocks = []
    for block in page.iter("{*}TextBlock"):
        lines = [_line(line) for line in block.iter("{*}TextLine")]
        blocks.append("\n".join(filter(None, lines)))
    return "\n\n".join(filter(None, blocks))


def _line(line: _Element) -> str:
    words: list[str] = []
    for part in line:
        kind = part.get("SUBS_TYPE")
        if name_of(part) != "String" or kind == "HypPart2":
            continue
        whole = part.get("SUBS_CONTENT") if kind == "HypPart1" else None
        words.append(whole or part.get("CONTENT") or "")
    return " ".join(filter(None, words))
