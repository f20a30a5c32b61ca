"""Rich Text Format: one file is one document, its text taken out by striprtf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import person, printable, shown
from rag.ingest.shared.blocks import (
    Block,
    document_of_blocks,
    without_note_lists,
)

_RAISED = re.compile(
    r"\{(?:\\[a-z]+-?\d*\s?)*\\(?:super|up[1-9]\d?)\b\s?(?:\\[a-z]+-?\d*\s?)*(?:\d{1,3}|[*†‡])\}"
    r"|\\super\b\s?(?:\d{1,3}|[*†‡])\s?\\(?:nosupersub|plain)\b\s?"
)
_NOTE = re.compile(r"\{\\\*?\\?footnote\b")
_UNSEEN = re.compile(
    r"\{\\(?:v|deleted|strike)(?![a-z0-9])[^{}]*\}|\\(v|deleted|strike)(?![a-z0-9])[^{}]*?\\\1 ?0\b"
)
# The character sets of the head, where no \ansicpg says more.
_CHARACTERS = {"mac": "mac_roman", "pca": "cp850", "pc": "cp437"}
_FIELD = r"\{{\\{}\s+([^{{}}\\]+)\}}"


def read_rtf(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an .rtf file; footnotes are no part of its sentences.

    Raises `UnreadableSource` if the file is no RTF or holds no text.
    """
    from striprtf.striprtf import rtf_to_text

    raw = path.read_bytes().decode("cp1252", "replace")
    if not raw.lstrip().startswith("{\\rtf"):
        raise UnreadableSource(f"{shown(path)} is no RTF; give it its proper extension")
    notes: list[str] = []
    body = _without_notes(_RAISED.sub("", _UNSEEN.sub("", raw)), notes)
    declared = re.match(r"\s*\{\\rtf\d*\s*\\(mac|pca|pc)\b", raw)
    encoding = _CHARACTERS[declared[1]] if declared else "cp1252"
    text = rtf_to_text(body, encoding, errors="replace")
    parts = [Block(line.strip()) for line in re.split(r"\n+", text) if line.strip()]
    if not parts:
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    said = (" ".join(rtf_to_text("{\\rtf1 " + note + "}", encoding).split()) for note in notes)
    parts = without_note_lists(parts)
    parts += [Block(f"{n}. {note}", boilerplate=True) for n, note in enumerate(said, 1) if note]
    yield document_of_blocks(
        path,
        collection,
        parts,
        {},
        _about(raw, "title"),
        creator=person(_about(raw, "author") or ""),
    )


def _about(raw: str, name: str) -> str | None:
    found = re.search(_FIELD.format(name), raw)
    return printable(found[1]) or None if found else None


def _without_notes(raw: str, notes: list[str]) -> str:
    """Return the file without its footnotes, which are added to `notes`."""
    kept: list[str] = []
    at = 0
    for found in _NOTE.finditer(raw):
        if found.start() < at:
            continue
        depth, end = 0, found.start()
        while end < len(raw):
            if raw[end] == "\\":
                end += 1
            elif raw[end] in "{}":
                depth += 1 if raw[end] == "{" else -1
                if not depth:
                    break
            end += 1
        kept.append(raw[at : found.start()])
        notes.append(raw[found.end() : end])
        at = end + 1
    return "".join([*kept, raw[at:]])
