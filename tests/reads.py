"""Folders of sources made by a test, and what is read from them."""

from __future__ import annotations

from pathlib import Path

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.ingest import read_sources
from rag.ingest.readers.pdf import read_pdf

MINE = Collection("mine", "Mine")


def gather(*sources: str | Path) -> tuple[list[SourceDocument], list[SkippedFile]]:
    """Return the documents of sources, and what was left out."""
    skipped: list[SkippedFile] = []
    return list(read_sources(sources, skipped.append)), skipped


def read(path: Path) -> SourceDocument:
    """Return the one document of a PDF."""
    (document,) = read_pdf(path, MINE)
    return document


def body(document: SourceDocument) -> str:
    """Return what a document says without what it has behind its text: heads and notes."""
    end = document.excluded[0].start if document.excluded else len(document.text)
    return document.text[:end]


def fill(folder: Path, files: dict[str, str]) -> Path:
    """Write text files, by their paths in a folder; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
