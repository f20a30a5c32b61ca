"""Pages as pictures (JPEG, PNG, TIFF, DjVu): read by OCR where no text lies under them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, printable, shown
from rag.ingest.ocr import RESOLUTION_DPI, Image, Ocr
from rag.ingest.ocr.layout import reading_quality
from rag.ingest.ocr.pages import BLANK_RANGE, MAX_PIXELS, Opened, reread
from rag.ingest.shared.decoding import ARCHIVE, opened, read_member
from rag.ingest.shared.page_text import (
    PrintedPage,
    page_labels,
    put_together,
    rejoin_words,
    sides_of,
    tidy_page,
    with_heads,
)

if TYPE_CHECKING:
    from djvu_rs import Document
    from PIL.Image import Image as Picture

_USUAL_HEIGHT_IN = 11.0
"""Inches that a page is taken to be high where the picture does not say how it was scanned."""

_MOST_PIXELS = 300_000_000

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""What is opened, whatever a file is called. Pillow knows some fifty formats, and runs Ghostscript
for one of them."""

# What DjVu puts between columns, regions and paragraphs, and at the end of a text.
_DJVU_BREAKS = dict.fromkeys(map(ord, "\x0b\x1d\x1f"), "\n\n") | {0: ""}


def read_picture(
    path: Path, collection: Collection, ocr: Ocr | None = None
) -> Iterator[SourceDocument]:
    """Yield the one document of a picture, or of a TIFF file with several.

    Raises `UnreadableSource` if the file is damaged, there is no OCR engine, or none of the
    pages can be read well enough to be quoted.
    """
    with _frames(path) as frames:
        layers = [""] * len(frames)
    yield _read(path, collection, layers, ocr, _frames)


def read_djvu(
    path: Path, collection: Collection, ocr: Ocr | None = None
) -> Iterator[SourceDocument]:
    """Yield the one document of a DjVu file: the words that lie under its pages, or those of OCR
    where these are none, or worse.

    Raises `UnreadableSource` if the file is damaged, or has no text and no OCR engine finds any.
    """
    with _djvu_pages(path) as pages:
        layers = [tidy_page(pages.text(number)) for number in range(len(pages))]
        about = pages.about()
    yield _read(path, collection, layers, ocr, _djvu_pages, **about)


def _read(
    path: Path,
    collection: Collection,
    layers: list[str],
    ocr: Ocr | None,
    opened: Opened,
    title: str | None = None,
    creator: str | None = None,
) -> SourceDocument:
    result = reread(path, layers, ocr or Ocr(), opened)
    sheets = [result.pages.get(n, (PrintedPage(layer),)) for n, layer in enumerate(layers)]
    sides = sides_of(sheets)
    printed = with_heads([page for parts in sheets for page in parts], sides)
    if not any(page.text for page in printed):
        kind = "is a picture" if len(layers) == 1 else f"is a scan of {len(layers)} pages"
        raise UnreadableSource(f"{shown(path)} {kind}; {result.why}")
    pages = rejoin_words([page.text for page in printed])
    empty = sum(
        not any(page.text for page in parts) and number not in result.unread
        for number, parts in enumerate(sheets)
    )
    lost = [f"{empty} of {len(sheets)} pages have no text"] if empty else []
    quality = [result.quality.get(n, reading_quality(layer)) for n, layer in enumerate(layers)]
    text, places, excluded = put_together(
        pages,
        page_labels(pages, "image", sides),
        [page.notes for page in printed],
        sides=sides,
        quality=[of for of, parts in zip(quality, sheets, strict=True) for _ in parts],
    )
    return file_document(
        path,
        collection,
        text,
        title,
        creator=creator,
        locators=places,
        excluded=excluded,
        notes=(*result.notes, *lost),
        pages=len(sheets),
        ocr_pages=len(result.pages),
    )


_SUBFILE_TYPE = 254
"""TIFF's tag, of which the lowest bit marks a picture that another one is in full."""


class _Frames:
    """The pictures in a file of one of the usual formats."""

    def __init__(self, opened: Picture, path: Path) -> None:
        self._opened = opened
        self._path = path
        self._pages = _pages_in(opened)

    def __len__(self) -> int:
        return len(self._pages)

    def image_share(self, number: int) -> float:  # noqa: ARG002
        return 1.0

    def render(self, number: int) -> Image | None:
        """Return a picture in grey, at the size that is read best."""
        from PIL import ImageOps

        with _damage_told(self._path):
            self._opened.seek(self._pages[number])
            if self._opened.width * self._opened.height > _MOST_PIXELS:
                raise UnreadableSource(
                    f"{shown(self._path)} is larger than a page needs to be; save it smaller"
                )
            upright = ImageOps.exif_transpose(self._opened)
            scale = _scale(upright.width, upright.height, upright.info.get("dpi"))
            size = max(1, round(upright.width * scale)), max(1, round(upright.height * scale))
            return np.asarray(upright.convert("L").resize(size), dtype=np.uint8)


def _pages_in(opened: Picture) -> list[int]:
    """Return which pictures in a file are pages: none that shows another one smaller, or, as the
    cameras of telephones add it, how light it is."""
    if opened.format == "MPO":
        return [0]
    found = []
    for number in range(int(getattr(opened, "n_frames", 1))):
        opened.seek(number)
        if not getattr(opened, "tag_v2", {}).get(_SUBFILE_TYPE, 0) & 1:
            found.append(number)
    return found or [0]


@contextmanager
def _picture(file: Path | BytesIO, path: Path) -> Iterator[_Frames]:
    import PIL.Image

    with _damage_told(path):
        opened = PIL.Image.open(file, formats=_FORMATS)
    with opened:
        with _damage_told(path):
            frames = _Frames(opened, path)
        yield frames


class _Bound:
    """The pictures of pages that were put together, each the first in its file."""

    def __init__(self, archive: ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._names = archive.namelist()

    def __len__(self) -> int:
        return len(self._names)

    def image_share(self, number: int) -> float:  # noqa: ARG002
        return 1.0

    def render(self, number: int) -> Image | None:
        """Return a picture in grey, at the size that is read best."""
        info = self._archive.getinfo(self._names[number])
        content = read_member(self._archive, info, self._path, ARCHIVE)
        with _picture(BytesIO(content), self._path) as picture:
            return picture.render(0)


@contextmanager
def _frames(path: Path) -> Iterator[_Frames | _Bound]:
    with path.open("rb") as file:
        is_bound = file.read(4) == b"PK\3\4"
    if is_bound:
        with opened(path, "pages", ARCHIVE) as archive:
            yield _Bound(archive, path)
    else:
        with _picture(path, path) as frames:
            yield frames


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Tell of whatever Pillow raises, which checks little, as damage of the file."""
    try:
        yield
    except (MemoryError, UnreadableSource):
        raise
    except Exception as error:
        raise UnreadableSource(
            f"{shown(path)} is damaged or not an image ({printable(str(error))}); fetch it again"
        ) from error


def _scale(width: int, height: int, dpi: tuple[float, float] | None) -> float:
    given = float(dpi[1]) if dpi and float(dpi[1]) >= RESOLUTION_DPI / 2 else 0.0
    resolution = given or max(width, height) / _USUAL_HEIGHT_IN
    wanted = min(RESOLUTION_DPI / resolution, 2.0)
    return float(min(wanted, (MAX_PIXELS / max(width * height, 1)) ** 0.5))


class _DjvuPages:
    """The pages of a DjVu file."""

    def __init__(self, document: Document, path: Path) -> None:
        self._document = document
        self._path = path

    def __len__(self) -> int:
        return self._document.page_count()

    def image_share(self, number: int) -> float:  # noqa: ARG002
        return 1.0

    def text(self, number: int) -> str:
        """Return the words that lie under a page, "" for a damaged one or without any."""
        from djvu_rs import Error

        try:
            return (self._document.page(number).text() or "").translate(_DJVU_BREAKS)
        except Error:
            return ""

    def about(self) -> dict[str, str | None]:
        """Return what the file says of its title and author."""
        from djvu_rs import Error

        try:
            said = self._document.metadata()
        except Error:
            said = None
        return {
            "title": printable((said and said["title"]) or "") or None,
            "creator": printable((said and said["author"]) or "") or None,
        }

    def render(self, number: int) -> Image | None:
        from djvu_rs import Error

        try:
            page = self._document.page(number)
            scale = _scale(page.width, page.height, (page.dpi, page.dpi))
            drawn = page.render(dpi=page.dpi * scale)
        except Error as error:
            raise UnreadableSource(f"page {number + 1} cannot be drawn: {error}") from error
        colours = np.frombuffer(drawn.data(), np.uint8).reshape(drawn.height, drawn.width, 4)
        grey = colours[:, :, :3].mean(axis=2).astype(np.uint8)
        return grey if int(grey.max()) - int(grey.min()) > BLANK_RANGE else None


@contextmanager
def _djvu_pages(path: Path) -> Iterator[_DjvuPages]:
    from djvu_rs import Document, Error

    try:
        document = Document.open(str(path))
    except Error as error:
        raise UnreadableSource(
            f"{shown(path)} is damaged or not a DjVu file ({printable(str(error))}); fetch it again"
        ) from error
    yield _DjvuPages(document, path)
