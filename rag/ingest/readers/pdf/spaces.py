"""Spaces between words that pypdf loses: words set one by one, as the cells of a table are.

PDFium places each letter and sees the gap. Its text is taken for a page where it has the same
letters as pypdf's and clearly more words; else pypdf's stays.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rag.errors import UnreadableSource
from rag.ingest.ocr.page_images import page_images
from rag.ingest.readers.pdf.lines import tidy_page

MORE_WORDS = 1.03
"""From so many times as many words on, spaces are taken to be lost."""

OTHER_LETTERS = 0.02
"""The most of a page's letters that may differ, as a share of them."""


def with_spaces(path: Path, texts: list[str]) -> list[str]:
    """Return the pages' texts, with PDFium's where pypdf ran words together."""
    try:
        with page_images(path) as pages:
            if len(pages) != len(texts):
                return texts
            return [_better(text, tidy_page(pages.text(n))) for n, text in enumerate(texts)]
    except UnreadableSource:
        return texts


def _better(text: str, other: str) -> str:
    more = len(other.split()) >= MORE_WORDS * len(text.split()) > 0
    return other if more and _same_letters(text, other) else text


def _same_letters(one: str, other: str) -> bool:
    here, there = (Counter("".join(text.split()).replace("-", "")) for text in (one, other))
    apart = (here - there).total() + (there - here).total()
    return apart <= OTHER_LETTERS * here.total()
