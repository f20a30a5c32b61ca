"""What a PDF holds beside its pages: filled-in fields, forms in XFA, and attached files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown
from rag.ingest.readers.pdf.opening import DAMAGE, open_pdf, resolved
from rag.ingest.shared.markup import parse_xml
from rag.ingest.shared.running import name_of
from rag.ingest.shared.zips import BOOK

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

PLACEHOLDER = re.compile(r"\s*Please wait\W", re.IGNORECASE)
"""How a page begins that only says that the viewer cannot show the form."""

_HIDDEN = 0b10_0010  # hidden, or shown on no screen
_MADE_BY_PROGRAM = re.compile(
    r".*\[\d+\].*|.{1,2}|(?:text|field|untitled|fill)?[\W_]*\d*", re.IGNORECASE
)


def filled_fields(page: PageObject) -> list[str]:
    """Return what was written on a page as in a form: the text fields that are filled in ("Name of
    witness: Amos Dell"), and words typed on it."""
    lines = []
    for reference in resolved(page.get("/Annots")) or ():
        field = resolved(reference)
        if field.get("/Subtype") == "/FreeText" and not int(field.get("/F") or 0) & _HIDDEN:
            lines.append(printable(str(resolved(field.get("/Contents")) or "")))
        if field.get("/Subtype") != "/Widget" or _inherited(field, "/FT") not in {"/Tx", "/Ch"}:
            continue
        value = _inherited(field, "/V")
        text = "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
        label = printable(str(field.get("/TU") or _inherited(field, "/T") or "")).strip(" :")
        if text.strip():
            named = "" if _MADE_BY_PROGRAM.fullmatch(label) else f"{label}: "
            lines.append(named + text.replace("\r\n", "\n").replace("\r", "\n").strip())
    return [line for line in lines if line]


def xfa_lines(reader: PdfReader, path: Path) -> list[str]:
    """Return what is filled in in a form of Adobe's XFA, a line for each field."""
    form = resolved(reader.root_object.get("/AcroForm")) or {}
    parts = resolved(form.get("/XFA"))
    if not parts:
        return []
    streams = [resolved(part) for part in (parts if isinstance(parts, list) else [parts])]
    lines: list[str] = []
    for stream in streams:
        if not hasattr(stream, "get_data"):
            continue
        try:
            root = parse_xml(stream.get_data(), f"{shown(path)}: its form")
        except UnreadableSource:
            continue  # the packets of one form may be pieces of one XML text
        data = [part for part in root.iter("{*}data") if "xfa-data" in str(part.tag)]
        lines += [line for part in data for line in _leaves(part)]
    return lines


def _leaves(part: Any) -> Iterator[str]:
    for element in part.iter():
        text = " ".join((element.text or "").split()) if not len(element) else ""
        if text:
            label = re.sub(r"[_\W]+", " ", name_of(element)).strip()
            yield f"{label}: {text}"


def _inherited(field: Any, key: str) -> Any:
    """Return what a field says, or the one above it."""
    for _ in range(8):
        if key in field:
            return resolved(field[key])
        field = resolved(field.get("/Parent"))
        if not field:
            break
    return None


MAX_ATTACHED = 1_000


def _pinned_files(reader: PdfReader) -> Iterator[tuple[str, bytes]]:
    """Yield the files that are attached to places on the pages."""
    for page in reader.pages:
        for reference in resolved(page.get("/Annots")) or ():
            mark = resolved(reference)
            if mark.get("/Subtype") != "/FileAttachment":
                continue
            file = resolved(mark.get("/FS")) or {}
            stream = resolved((resolved(file.get("/EF")) or {}).get("/F"))
            if hasattr(stream, "get_data") and len(content := stream.get_data()) <= BOOK.member:
                yield str(file.get("/UF") or file.get("/F") or ""), content


def attached_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file attached to a PDF, none for a damaged one.

    What is larger than a file of one work may be is left out.
    """
    from pypdf.errors import PyPdfError

    try:
        reader = open_pdf(path)
        attached = list(reader.attachment_list)[:MAX_ATTACHED]
        pinned = list(_pinned_files(reader))[:MAX_ATTACHED]
    except (UnreadableSource, PyPdfError, *DAMAGE):
        return
    yield from pinned
    for file in attached:
        try:
            content = file.content
        except (PyPdfError, *DAMAGE):
            continue
        if len(content) <= BOOK.member:
            yield file.alternative_name or file.name, content
