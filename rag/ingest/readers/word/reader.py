"""Word (.docx): one file is one document, its footnotes after its text.

Such a file is a zip of XML parts. They are read directly: what matters here, tracked
changes and footnotes, is what the common library (python-docx) does not read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, printable, shown
from rag.ingest.readers.word.elements import NotesOf, heading_levels, note_texts, word_blocks
from rag.ingest.shared.blocks import SEPARATOR, boilerplate_spans, join, place, sections
from rag.ingest.shared.markup import line_of, parse_xml
from rag.ingest.shared.zips import BOOK, opened, read_member

if TYPE_CHECKING:
    from lxml.etree import _Element

_MAIN = "word/document.xml"
_MAIN_RELATION = "/officeDocument"
# What programs put in for want of an author.
_NO_AUTHOR = re.compile(
    r"\W*|user\s?\d*|admin(istrator)?|owner|unknown|author|default|guest|anonymous"
    r"|microsoft( office user)?|python-docx|un-?named|.*\b(?:pc|laptop|hp|dell|lenovo)",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(r"\W*|untitled\W*\d*|document ?\d*|word document|title|.*\.docx?", re.I)


def read_word(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a .docx file.

    Raises `UnreadableSource` if the file is damaged, protected, not of Word, or empty.
    """
    with opened(path, "a Word file", BOOK) as archive:
        parts = _Parts(archive, path)
        main = parts.main()
        folder = posixpath.dirname(main)
        root = parts.xml(main)
        if root is None:
            raise UnreadableSource(
                f"{shown(path)} is a zip file but not a Word file (it has no {_MAIN}); give it "
                "its proper extension"
            )
        levels = heading_levels(parts.xml(posixpath.join(folder, "styles.xml")))
        notes = note_texts(
            root,
            NotesOf(
                footnotes=parts.xml(posixpath.join(folder, "footnotes.xml")),
                endnotes=parts.xml(posixpath.join(folder, "endnotes.xml")),
            ),
        )
        core = parts.xml("docProps/core.xml")
    found = word_blocks(root, levels)
    if not found:
        raise UnreadableSource(
            f"{shown(path)} holds no text; if it holds pictures of pages, save it as PDF and "
            "read that by OCR"
        )
    body, spans = join(found)
    text = SEPARATOR.join([body, "Notes", *notes]) if notes else body
    title, creator, rights = (_property(core, name) for name in ("title", "creator", "rights"))
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=file_title(path) if _NO_TITLE.fullmatch(title) else title,
        text=text,
        collection=collection,
        publication=in_file(path),
        creator=None if _NO_AUTHOR.fullmatch(creator) else creator,
        # The day on which the file was made is not the day of what it says.
        date=None,
        locators=place(found, spans, sections(found)),
        excluded=(
            *boilerplate_spans(found, spans),
            *([Span(len(body), len(text))] if notes else []),
        ),
        origin=shown(path),
        rights=None if _NO_TITLE.fullmatch(rights) else rights,
    )


def refuse_old_word(path: Path, collection: Collection) -> Iterator[SourceDocument]:  # noqa: ARG001
    """Raise `UnreadableSource`: the format of Word before 2007 is not read."""
    raise UnreadableSource(
        f"{shown(path)} is a Word file of the kind before 2007, which is not read; open it in "
        f"Word or LibreOffice and save it as .docx"
    )


class _Parts:
    """The parts of a Word file, None for those that it does not have."""

    def __init__(self, archive: ZipFile, path: Path) -> None:
        self._archive = archive
        self._listed = {info.filename: info for info in archive.infolist()}
        self._path = path

    def xml(self, name: str) -> _Element | None:
        """Return the root of a part; raises `UnreadableSource` if it is damaged."""
        info = self._listed.get(name)
        if info is None:
            return None
        raw = read_member(self._archive, info, self._path, BOOK)
        return parse_xml(raw, f"{shown(self._path)}: its part {printable(name)}")

    def main(self) -> str:
        """Return the name of the part that holds the text."""
        relations = self.xml("_rels/.rels")
        if relations is not None:
            for relation in relations.iter("{*}Relationship"):
                if (relation.get("Type") or "").endswith(_MAIN_RELATION):
                    return (relation.get("Target") or _MAIN).lstrip("/")
        return _MAIN


def _property(core: _Element | None, name: str) -> str:
    element = next(core.iter(f"{{*}}{name}"), None) if core is not None else None
    return line_of(element) if element is not None else ""
