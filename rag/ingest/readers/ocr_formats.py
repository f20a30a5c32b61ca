"""What OCR programs and libraries write beside the pictures of pages: ALTO (national libraries),
PAGE XML (programs for handwriting: Transkribus, eScriptorium), and hOCR (marks in HTML)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, shown
from rag.ingest.ocr import OcrLine
from rag.ingest.ocr.layout import is_mixed, page_text
from rag.ingest.shared.blocks import name_of
from rag.ingest.shared.decoding import line_of, parse_xhtml, parse_xml
from rag.ingest.shared.notes import MARK as MARK_OF_NOTE
from rag.ingest.shared.page_text import page_labels, put_together, rejoin_words, tidy_page
from rag.language import goes_on

if TYPE_CHECKING:
    from lxml.etree import _Element

MARK = re.compile(rb"class=[\"'][^\"']*\bocr_page\b")
"""By which an hOCR file is told from a page of the Web."""

_AT_END = re.compile(r"(?:^|\n)\W{0,4}(\d{1,4}|[ivxlc]{1,7})\b|\b(\d{1,4})\W{0,4}(?:$|\n)")
_YEAR = re.compile(r"1[4-9]\d\d|20\d\d")
_ALTO_HEAD, _ALTO_FOOT = "TopMargin", "BottomMargin"
_PAGE_NUMBER = "page-number"
_PAGE_ASIDE = frozenset(["header", "footer", "footnote", "footnote-continued", "marginalia"])
_HOCR_LINE = re.compile(r"\bocr_(?:line|caption|textfloat|header)\b")
_HOCR_ASIDE = re.compile(r"\bocr_(?:header|footer|pageno|footnote)\b")
_HOCR_BOX = re.compile(r"\bbbox\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)")
_HOCR_CERTAIN = re.compile(r"\bx_wconf\s+(\d+)")


@dataclass(frozen=True, slots=True)
class _OcrPage:
    """A page of an OCR file: its text, and the heads, feet and notes that the file tells apart.
    `number`: the printed one, "" where the file does not give it; `head` and `foot`: what of
    `aside` is above and below the text, and no note."""

    text: str
    aside: tuple[str, ...] = ()
    number: str = ""
    head: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()


def read_alto(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an ALTO file. A word that a line's end breaks is whole, as the
    file says it; raises `UnreadableSource` if the file is damaged or has no text."""
    root = parse_xml(path.read_bytes(), shown(path))
    certain = [
        (float(word.get("WC", "")), len(word.get("CONTENT") or ""))
        for word in root.iter("{*}String")
        if (word.get("WC") or "").replace(".", "", 1).isdecimal()
    ]
    yield _document(path, collection, map(_alto_page, root.iter("{*}Page")), certain)


def read_page_xml(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a PAGE XML file, its regions in reading order.

    Raises `UnreadableSource` if the file is damaged or has no text.
    """
    root = parse_xml(path.read_bytes(), shown(path))
    yield _document(path, collection, map(_page_xml_page, root.iter("{*}Page")))


def read_hocr(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an hOCR file.

    Raises `UnreadableSource` if the file is damaged or has no text.
    """
    root = parse_xhtml(path.read_bytes(), path)
    certain = [
        (int(found[1]) / 100, len(line_of(word)))
        for word in root.iter()
        if (found := _HOCR_CERTAIN.search(word.get("title") or ""))
    ]
    pages = (element for element in root.iter() if "ocr_page" in _classes(element))
    yield _document(path, collection, map(_hocr_page, pages), certain)


def _document(
    path: Path,
    collection: Collection,
    given: Iterable[_OcrPage],
    certain: Sequence[tuple[float, int]] = (),
) -> SourceDocument:
    """Return the document that pages make. `certain`: how sure the OCR program was of each word, 0
    to 1, and its letters."""
    pages = list(given)
    tidied = rejoin_words([tidy_page(page.text) for page in pages])
    if not any(tidied):
        raise UnreadableSource(
            f"{shown(path)} holds no text: its OCR found none; read the picture of the page instead"
        )
    whole = ["\n".join([*n.head, text, *n.foot]) for n, text in zip(pages, tidied, strict=True)]
    counted = page_labels(whole, "image")
    numbers = [page.number or (_number_in(page) if len(pages) == 1 else "") for page in pages]
    labels = [f"p. {n}" if n else label for n, label in zip(numbers, counted, strict=True)]
    text, places, excluded = put_together(tidied, labels, [page.aside for page in pages])
    letters = sum(length for _, length in certain)
    return file_document(
        path,
        collection,
        text,
        locators=places,
        excluded=excluded,
        ocr_confidence=sum(c * n for c, n in certain) / letters if letters else None,
        pages=len(tidied),
    )


def _number_in(page: _OcrPage) -> str:
    """Return the only number at the ends of a page's heads and feet, if it is no year."""
    lines = (line.strip() for line in (*page.head, *page.foot))
    found = {one or other for line in lines for one, other in _AT_END.findall(line)}
    number = found.pop() if len(found) == 1 else ""
    return "" if _YEAR.fullmatch(number) else number


def _number(line: str) -> str:
    """Return a page's number without the signs around it; "" where there is more."""
    number = line.strip(" .-–—[]()")
    return number if number.isalnum() and len(number) < len("123456") else ""


def _set_blocks(blocks: Iterable[str]) -> str:
    """Return blocks of lines as one text; a sentence that goes on in the next one is not cut."""
    text = ""
    for block in filter(None, (block.strip("\n") for block in blocks)):
        text += ("\n" if goes_on(text[-400:], block) else "\n\n") + block if text else block
    return text


def _alto_page(page: _Element) -> _OcrPage:
    head, foot = (
        [
            block
            for margin in page
            if name_of(margin) == name
            for block in margin.iter("{*}TextBlock")
        ]
        for name in (_ALTO_HEAD, _ALTO_FOOT)
    )
    outside = [*head, *foot]
    blocks = [block for block in page.iter("{*}TextBlock") if block not in outside]
    placed = [
        OcrLine(_alto_line(line), *_alto_box(line), 1.0)
        for block in blocks
        for line in block.iter("{*}TextLine")
    ]
    return _OcrPage(
        page_text(placed) if is_mixed(placed) else _set_blocks(map(_alto_text, blocks)),
        tuple(filter(None, map(_alto_text, outside))),
        (page.get("PRINTED_IMG_NR") or "").strip(),
        tuple(filter(None, map(_alto_text, head))),
        tuple(filter(None, map(_alto_text, foot))),
    )


def _alto_box(line: _Element) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a line, 0 where the file does not say."""
    given = (line.get(name) or "" for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    left, top, width, height = (
        float(n) if n.replace(".", "", 1).isdecimal() else 0.0 for n in given
    )
    return left, top, left + width, top + height


def _alto_text(block: _Element) -> str:
    return "\n".join(filter(None, map(_alto_line, block.iter("{*}TextLine"))))


def _alto_line(line: _Element) -> str:
    words: list[str] = []
    broken = False
    for part in line:
        if name_of(part) == "HYP" and broken:
            words[-1] += part.get("CONTENT") or "-"
        content = part.get("CONTENT") or ""
        if name_of(part) != "String" or not content or _is_raised(part):
            continue
        kind = part.get("SUBS_TYPE")
        if kind == "HypPart2" and _is_whole_before(part, line):
            continue
        whole = part.get("SUBS_CONTENT") if kind == "HypPart1" else None
        words.append(whole or content)
        broken = whole is None
    return " ".join(words)


def _is_raised(word: _Element) -> bool:
    """Return whether a word is the raised mark of a note."""
    raised = "superscript" in (word.get("STYLE") or "").split()
    return raised and MARK_OF_NOTE.fullmatch(word.get("CONTENT") or "") is not None


def _is_whole_before(half: _Element, line: _Element) -> bool:
    """Return whether the line before ends with the whole word of which this is the second half."""
    before = line.getprevious()
    words = [] if before is None else before.findall("{*}String")
    return bool((words[-1] if words else half).get("SUBS_CONTENT"))


def _page_xml_page(page: _Element) -> _OcrPage:
    found = page.iter("{*}TextRegion", "{*}TableRegion")
    regions = {region.get("id"): region for region in found}
    listed = sorted(page.iter("{*}RegionRefIndexed"), key=lambda ref: int(ref.get("index") or 0))
    order = [ref.get("regionRef") for ref in listed or page.iter("{*}RegionRef")]
    names = dict.fromkeys([*(name for name in order if name in regions), *regions])
    kinds = [(regions[name].get("type"), regions[name]) for name in names]
    numbers = (_region_text(region) for kind, region in kinds if kind == _PAGE_NUMBER)
    head, foot = (
        tuple(filter(None, (_region_text(region) for kind, region in kinds if kind == wanted)))
        for wanted in ("header", "footer")
    )
    return _OcrPage(
        _set_blocks(
            _region_text(r) for kind, r in kinds if kind not in {*_PAGE_ASIDE, _PAGE_NUMBER}
        ),
        tuple(filter(None, (_region_text(r) for kind, r in kinds if kind in _PAGE_ASIDE))),
        _number(next(numbers, "")),
        head,
        foot,
    )


def _region_text(region: _Element) -> str:
    if rows := _rows(region):
        return "\n".join(rows)
    lines = [_reading(line) for line in region.iterfind("{*}TextLine")]
    return "\n".join(filter(None, lines)) or _reading(region)


def _rows(table: _Element) -> list[str]:
    """Return the rows of a table, its cells parted by tabs; none for another region."""
    cells = list(table.iterfind("{*}TableCell"))
    places = [(int(cell.get("row") or 0), int(cell.get("col") or 0)) for cell in cells]
    rows: dict[int, list[str]] = defaultdict(list)
    for (row, _), cell in sorted(zip(places, cells, strict=True), key=lambda one: one[0]):
        rows[row].append(" ".join(_region_text(cell).split()))
    return [said for row in rows.values() if (said := "\t".join(row).rstrip("\t")).strip()]


def _reading(part: _Element) -> str:
    """Return what a line says: the first of the readings given for it."""
    given = sorted(part.iterfind("{*}TextEquiv"), key=lambda n: int(n.get("index") or 0))
    for text in (line_of(plain) for n in given for plain in n.iterfind("{*}Unicode")):
        if text:
            return text
    return " ".join(filter(None, (_reading(word) for word in part.iterfind("{*}Word"))))


def _classes(element: _Element) -> list[str]:
    return (element.get("class") or "").split()


def _hocr_page(page: _Element) -> _OcrPage:
    apart = [element for element in page.iter() if _is_apart(element)]
    outside = {inner for element in apart for inner in element.iter()}
    blocks: list[list[str]] = [[]]
    for element in page.iter():
        if element in outside:
            continue
        if {"ocr_par", "ocr_carea"} & set(_classes(element)):
            blocks.append([])
        elif _HOCR_LINE.search(element.get("class") or ""):
            blocks[-1].append(_hocr_line(element))
    lines = [n for n in page.iter() if _HOCR_LINE.search(n.get("class") or "") and n not in outside]
    placed = [_hocr_placed(line, box) for line in lines if (box := _hocr_box(line))]
    mixed = is_mixed(placed)
    text = page_text(placed) if mixed else _set_blocks("\n".join(lines) for lines in blocks)
    number, head, foot = (
        tuple(line_of(part) for part in apart if name in _classes(part))
        for name in ("ocr_pageno", "ocr_header", "ocr_footer")
    )
    return _OcrPage(
        text or line_of(page),
        tuple(filter(None, map(line_of, apart))),
        _number(number[0]) if number else "",
        head,
        foot,
    )


def _is_apart(element: _Element) -> bool:
    """Return whether an element is a running head or foot, or a note. Tesseract calls a line in
    large type a header, within a paragraph."""
    if not _HOCR_ASIDE.search(element.get("class") or ""):
        return False
    within = (_classes(outer) for outer in element.iterancestors())
    return "ocr_header" not in _classes(element) or not any("ocr_par" in of for of in within)


def _hocr_box(line: _Element) -> re.Match[str] | None:
    return _HOCR_BOX.search(line.get("title") or "")


def _hocr_placed(line: _Element, box: re.Match[str]) -> OcrLine:
    left, top, right, bottom = map(float, box.groups())
    return OcrLine(_hocr_line(line), left, top, right, bottom, confidence=1.0)


def _hocr_line(line: _Element) -> str:
    """Return what a line says, without raised marks of notes."""
    for mark in line.iter("{*}sup", "sup"):
        if MARK_OF_NOTE.fullmatch(line_of(mark)):
            mark.text = ""
    return line_of(line)
