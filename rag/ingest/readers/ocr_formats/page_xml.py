"""PAGE XML, which programs for reading handwriting write (Transkribus, eScriptorium)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.ingest.names import shown
from rag.ingest.readers.ocr_formats.pages import OcrPage, document_of_pages, set_blocks
from rag.ingest.shared.markup import line_of, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_NUMBER = "page-number"
_ASIDE = frozenset([_NUMBER, "header", "footer", "footnote", "footnote-continued", "marginalia"])


def read_page_xml(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a PAGE XML file, its regions in reading order.

    Raises `UnreadableSource` if the file is damaged or has no text.
    """
    root = parse_xml(path.read_bytes(), shown(path))
    pages = list(root.iter("{*}Page"))
    yield document_of_pages(
        [_page(page) for page in pages],
        path,
        collection,
    )


def _page(page: _Element) -> OcrPage:
    regions = {region.get("id"): region for region in page.iter("{*}TextRegion")}
    order = [ref.get("regionRef") for ref in _in_order(page)]
    names = [name for name in order if name in regions]
    names += [name for name in regions if name not in names]
    body = [regions[n] for n in names if regions[n].get("type") not in _ASIDE]
    apart = [regions[n] for n in names if regions[n].get("type") in _ASIDE - {_NUMBER}]
    return OcrPage(
        set_blocks(map(_region_text, body)),
        tuple(filter(None, map(_region_text, apart))),
        _printed_number(page),
    )


def _in_order(page: _Element) -> list[_Element]:
    listed = list(page.iter("{*}RegionRefIndexed"))
    return sorted(listed, key=lambda ref: int(ref.get("index") or 0)) or list(
        page.iter("{*}RegionRef")
    )


def _region_text(region: _Element) -> str:
    lines = [_words(line) for line in region.iterfind("{*}TextLine")]
    return "\n".join(filter(None, lines)) or _words(region)


def _words(part: _Element) -> str:
    """Return what a line says: the first of the readings given for it."""
    given = sorted(part.iterfind("{*}TextEquiv"), key=lambda n: int(n.get("index") or 0))
    for text in (line_of(plain) for n in given for plain in n.iterfind("{*}Unicode")):
        if text:
            return text
    return " ".join(filter(None, (_words(word) for word in part.iterfind("{*}Word"))))


def _is_number(region: _Element) -> bool:
    return region.get("type") == _NUMBER


def _printed_number(page: _Element) -> str:
    found = [region for region in page.iter("{*}TextRegion") if _is_number(region)]
    number = _region_text(found[0]).strip(" .-–—[]()") if found else ""
    return number if number.isalnum() and len(number) < len("123456") else ""
