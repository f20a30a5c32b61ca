"""A page of an indexed PDF as a picture, with the place of a quotation on it; and a copy of the PDF
with quotations highlighted.

The file is a stranger's, so it is opened in a process of its own (see `drawing`): a page that
cannot be drawn within limits of time and memory is reported, and not tried again.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.datatypes import SourceDocument, Span, from_jsonable, to_jsonable
from rag.errors import UnreadableSource
from rag.ingest.ocr import Ocr
from rag.isolation import Process, Stopped
from rag.reading import Box, pages_of, part_on

_GB = 1 << 30
_MODULE = "rag.reading.drawing"
_MOST_COPIED = 64 * 1024 * 1024
"""Bytes of a PDF of which a copy is made."""
_CORPUS = "corpus"
"""The folder of a home that all sources lie in."""


@dataclass(frozen=True, slots=True)
class PageLimits:
    """What a page may cost before it is given up."""

    seconds: int = 20
    """A large scan takes 2 on a slow machine."""
    memory_bytes: int = 3 * _GB // 2
    """A scan of a newspaper page in colour holds .5 as a picture."""
    ocr_seconds: int = 60
    ocr_memory_bytes: int = 5 * _GB
    """As for reading: see `rag.ingest.workers`."""
    waiting_s: int = 30
    """How long a page waits for those before it."""


LIMITS = PageLimits()


@dataclass(frozen=True, slots=True)
class Facsimile:
    """A page as a picture. `number` counts from 0; `marks` are on the quotation.

    `note` tells the reader what to know about the picture, "" if nothing: that the
    quotation could not be marked, and why that may be.
    """

    number: int
    pages: int
    label: str
    image: bytes
    width: int
    height: int
    marks: tuple[Box, ...]
    text: str
    note: str = ""


def has_pages(document: SourceDocument) -> bool:
    """Return whether a document was read from a PDF, whose pages can be shown."""
    return document.origin.lower().endswith(".pdf")


def facsimile(
    document: SourceDocument,
    quotation: Span,
    number: int | None = None,
    ocr: Ocr | None = None,
    home: Path | None = None,
) -> Facsimile:
    """Return the page that `quotation`, a span of the document's text, begins on, or page
    `number`, as a picture with the quotation marked. `ocr`: what finds it where the text was read
    by OCR, None for the best that is installed. `home`: where the file is looked for if its own
    home has moved.

    Raises `UnreadableSource` with what to do where the file was moved or deleted since it
    was indexed, or cannot be drawn.
    """
    path = source_path(document, home)
    pages = pages_of(document)
    if number is None:
        begun = [
            (s.start, n) for n, of in enumerate(pages) for s in of if s.start <= quotation.start
        ]
        number = max(begun)[1]
    number = min(max(number, 0), len(pages) - 1)
    spans = pages[number]
    page_text = "".join(span.of(document.text) for span in spans)
    part, before = Span(0, 0), 0
    for span in spans:
        if on_it := part_on(span, quotation):
            by = before - span.start
            part = Span(on_it.start + by, on_it.end + by)
            break
        before += len(span)
    request = {
        "path": str(path),
        "pages": len(pages),
        "number": number,
        "text": page_text,
        "start": part.start,
        "end": part.end,
    }
    drawn = _PICTURES.ask(request, path)
    marks = from_jsonable(_Marks, {"boxes": drawn["boxes"]}).boxes
    if len(part) and not marks and document.ocr_confidence is not None:
        marks = _marks_by_ocr(path, {**request, "ocr": (ocr or Ocr()).choice})
    note = ""
    if len(part) and not marks:
        note = (
            "The quotation could not be marked on this page: its letters were not found there. "
            "The file may have been replaced since it was indexed; compare the text below"
        )
    label = document.locate(spans[0]) or f"page {number + 1}"
    image = base64.b64decode(str(drawn["image"]))
    width, height = int(drawn["width"]), int(drawn["height"])
    return Facsimile(number, len(pages), label, image, width, height, marks, page_text, note)


@dataclass(frozen=True, slots=True)
class Highlight:
    """A span of a document's text to be marked in a copy of its PDF, with a note on it."""

    span: Span
    note: str = ""


@dataclass(frozen=True, slots=True)
class HighlightedCopy:
    """A PDF with highlights as annotations. `missed`: those whose words were not found on their
    pages, and which are not in it."""

    content: bytes
    missed: tuple[Highlight, ...] = ()


def highlighted_copy(
    document: SourceDocument,
    highlights: Sequence[Highlight],
    ocr: Ocr | None = None,
    home: Path | None = None,
) -> HighlightedCopy:
    """Return a copy of a document's PDF with spans of it marked, each as an annotation that holds
    its note; the file itself is not changed. `ocr`, `home`: as for `facsimile`.

    Raises `UnreadableSource` with what to do where the file is not there, is too large or cannot
    be opened, and where nothing could be marked.
    """
    path = source_path(document, home)
    if path.stat().st_size > _MOST_COPIED:
        raise UnreadableSource(
            f"{path.name} is too large for a marked copy ({_MOST_COPIED >> 20} MB at most)"
        )
    pages = pages_of(document)
    marks: list[dict[str, Any]] = []
    missed = []
    for each in highlights:
        found = {
            number: facsimile(document, each.span, number, ocr, home).marks
            for number, spans in enumerate(pages)
            if any(part_on(span, each.span) for span in spans)
        }
        marks += [
            {"number": number, "boxes": to_jsonable(boxes), "note": each.note}
            for number, boxes in found.items()
            if boxes
        ]
        if not any(found.values()):
            missed.append(each)
    if not marks:
        raise UnreadableSource(
            f"Nothing could be marked in a copy of {path.name}: the words were not found on its "
            "pages. The file may have been replaced since it was indexed"
        )
    request = {"path": str(path), "pages": len(pages), "number": 0, "highlights": marks}
    made = _PICTURES.ask(request, path)
    return HighlightedCopy(base64.b64decode(str(made["pdf"])), tuple(missed))


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where a quotation is on a page."""

    boxes: tuple[Box, ...]


def _marks_by_ocr(path: Path, request: Mapping[str, Any]) -> tuple[Box, ...]:
    """Return where OCR finds the quotation; takes seconds. () where it cannot be read."""
    try:
        found = _LETTERS.ask(request, path)
    except UnreadableSource:
        return ()
    return from_jsonable(_Marks, {"boxes": found["boxes"]}).boxes


class _Drawers:
    """A process that draws pages, one at a time; it starts when it is needed, and again after
    one that a page has brought down. Safe to share by threads."""

    def __init__(self, *, ocr: bool) -> None:
        self._ocr = ocr
        self._turn = threading.Lock()
        self._process: Process | None = None
        self._given_up: dict[tuple[str, int, int], str] = {}

    def ask(self, request: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Return what comes of the request. Raises `UnreadableSource` where the page cannot be
        drawn within the limits, and at once where that was so before and the file is the same.
        """
        limits = LIMITS
        key = (str(path), path.stat().st_mtime_ns, int(request["number"]))
        if why := self._given_up.get(key):
            raise UnreadableSource(why)
        if not self._turn.acquire(timeout=limits.waiting_s):
            raise UnreadableSource(
                f"A page of {path.name} cannot be drawn now, because other pages are being "
                "drawn; open it again later"
            )
        try:
            [drawn] = self._started(limits).ask(request)
        except Stopped as stopped:
            self.end()
            why = f"A page of {path.name} cannot be drawn: {self._reason(stopped, limits)}"
            while len(self._given_up) >= _REMEMBERED:
                self._given_up.pop(next(iter(self._given_up)))
            self._given_up[key] = why
            raise UnreadableSource(why) from stopped
        finally:
            self._turn.release()
        if "problem" in drawn:
            raise UnreadableSource(str(drawn["problem"]))
        return dict(drawn)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _started(self, limits: PageLimits) -> Process:
        if self._process is None:
            memory = limits.ocr_memory_bytes if self._ocr else limits.memory_bytes
            seconds = limits.ocr_seconds if self._ocr else limits.seconds
            self._process = Process(_MODULE, memory, seconds)
        return self._process

    def _reason(self, stopped: Stopped, limits: PageLimits) -> str:
        if stopped.why == "too slow":
            seconds = limits.ocr_seconds if self._ocr else limits.seconds
            return f"it takes more than {seconds} seconds"
        if stopped.why == "not started":
            return f"the program that draws it did not start ({stopped.how}); try again"
        if stopped.why == "crashed":
            return f"it crashes the program that draws it ({stopped.how})"
        return "it needs too much memory"


_REMEMBERED = 1000
_PICTURES, _LETTERS = _Drawers(ocr=False), _Drawers(ocr=True)


def source_path(document: SourceDocument, home: Path | None = None) -> Path:
    """Return the file that a document was read from; where the home that it was in has moved, or
    was restored elsewhere, the file at its place in the corpus of `home`.

    Raises `UnreadableSource` where it is not there any more, or never was a file by itself.
    """
    origin = document.origin
    path = Path(origin)
    if path.is_file():
        return path
    if home is not None and (moved := _in_corpus_of(home, path)):
        return moved
    if any(Path(str(part)).is_file() for part in path.parents) or ".zip" in origin.lower():
        raise UnreadableSource(
            f"{path.name} lies in an archive; unpack it beside the archive and update the index, "
            "then its pages can be shown"
        )
    raise UnreadableSource(
        f"The file was moved or deleted since it was indexed ({path.name}). Put it back or update "
        "the index; until then the indexed text is shown"
    )


def _in_corpus_of(home: Path, path: Path) -> Path | None:
    """Return the file that has the same place in the corpus of this home, None for none."""
    at = [number for number, part in enumerate(path.parts) if part == _CORPUS]
    found = (home / _CORPUS / Path(*path.parts[number + 1 :]) for number in at)
    return next((file for file in found if file.is_file() and ".." not in file.parts), None)
