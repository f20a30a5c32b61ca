"""From the lines that an OCR file gives for each page to a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, shown
from rag.ingest.shared.page_lines import rejoin_words, tidy_page
from rag.ingest.shared.page_text import page_labels, put_together


def document_of_pages(
    pages: Sequence[str],
    path: Path,
    collection: Collection,
    *,
    numbers: Sequence[str] = (),
    confidence: float | None = None,
    title: str | None = None,
) -> SourceDocument:
    """Return the document that pages make. `numbers`: printed page numbers that the file gives,
    "" for a page without; `confidence`: the OCR program's own, 0 to 1.

    Raises `UnreadableSource` if no page has text.
    """
    tidied = rejoin_words([tidy_page(page) for page in pages])
    if not any(tidied):
        raise UnreadableSource(
            f"{shown(path)} holds no text: its OCR found none; read the picture of the page instead"
        )
    counted = page_labels(tidied, "image")
    given = list(numbers) or [""] * len(tidied)
    labels = [f"p. {n}" if n else label for n, label in zip(given, counted, strict=True)]
    text, places, excluded = put_together(tidied, labels)
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
