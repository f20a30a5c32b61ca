"""From the lines that an OCR file gives for each page to a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, shown
from rag.ingest.shared.page_lines import rejoin_words, tidy_page
from rag.ingest.shared.page_text import page_labels, put_together
from rag.language import goes_on

_NUMBER = re.compile(r"(?:^|\n)\W{0,4}(\d{1,4}|[ivxlc]{1,7})\b|\b(\d{1,4})\W{0,4}(?:$|\n)")


@dataclass(frozen=True, slots=True)
class OcrPage:
    """A page of an OCR file: its text, and the heads, feet and notes that the file tells apart.
    `number`: the printed one, "" where the file does not give it."""

    text: str
    aside: tuple[str, ...] = ()
    number: str = ""


def set_blocks(blocks: Iterable[str]) -> str:
    """Return blocks of lines as one text; a sentence that goes on in the next one is not cut."""
    text = ""
    for block in filter(None, (block.strip("\n") for block in blocks)):
        text += ("\n" if goes_on(text[-400:], block) else "\n\n") + block if text else block
    return text


def _number_in(page: OcrPage) -> str:
    """Return a page's printed number: that of the file, or the only one in its heads and feet."""
    found = {one or other for line in page.aside for one, other in _NUMBER.findall(line.strip())}
    return page.number or (found.pop() if len(found) == 1 else "")


def document_of_pages(
    pages: Sequence[OcrPage],
    path: Path,
    collection: Collection,
    *,
    confidence: float | None = None,
    title: str | None = None,
) -> SourceDocument:
    """Return the document that pages make. `confidence`: the OCR program's own, 0 to 1.

    Raises `UnreadableSource` if no page has text.
    """
    tidied = rejoin_words([tidy_page(page.text) for page in pages])
    if not any(tidied):
        raise UnreadableSource(
            f"{shown(path)} holds no text: its OCR found none; read the picture of the page instead"
        )
    counted = page_labels(tidied, "image")
    given = map(_number_in, pages)
    labels = [f"p. {n}" if n else label for n, label in zip(given, counted, strict=True)]
    text, places, excluded = put_together(tidied, labels, [page.aside for page in pages])
    name = title or file_title(path)
    return SourceDocument(
        document_id=file_id(path, collection),
        title=name,
        text=text,
        collection=collection,
        publication=in_file(path),
        locators=places,
        excluded=excluded,
        origin=shown(path),
        ocr_confidence=confidence,
        pages=len(tidied),
    )
