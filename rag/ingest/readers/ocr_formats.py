"""What OCR programs and libraries write beside the pictures of pages: ALTO (national libraries),
PAGE XML (programs for handwriting: Transkribus, eScriptorium), and hOCR (marks in HTML)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, shown
from rag.ingest.ocr import OcrLine
from rag.ingest.ocr.layout import has_columns, is_mixed, reading_quality, sheet_of
from rag.ingest.shared.blocks import name_of
from rag.ingest.shared.decoding import line_of, parse_xhtml, parse_xml
from rag.ingest.shared.notes import MARK as MARK_OF_NOTE
from rag.ingest.shared.page_text import (
    PrintedPage,
    Sheet,
    are_facing,
    page_labels,
    printed_pages,
    put_together,
    rejoin_words,
    sides_of,
    tidy_page,
)
from rag.ingest.shared.places import side_notes
from rag.language import continues_sentence

if TYPE_CHECKING:
    from lxml.etree import _Element

MARK = re.compile(rb"class=[\"'][^\"']*\bocr_page\b")
"""By which an hOCR file is told from a page of the Web."""

_AT_END = re.compile(r"(?:^|\n)\W{0,4}(\d{1,4}|[ivxlc]{1,7})\b|\b(\d{1,4})\W{0,4}(?:$|\n)")
_YEAR = re.compile(r"1[4-9]\d\d|20\d\d")
_EDGE = re.compile(r"\W*(?:\d{1,4}|[ivxlc]{1,7})\W*|\d{1,4}[^a-z\d\n]+|[^a-z\d\n]+\d{1,4}\W*")
"""A line that is a page's number, alone or with a head in capitals."""

_ALTO_HEAD, _ALTO_FOOT = "TopMargin", "BottomMargin"
_PAGE_NUMBER = "page-number"
_PAGE_ASIDE = frozenset(["header", "footer", "footnote", "footnote-continued", "marginalia"])
_HOCR_LINE = re.compile(r"\bocr_(?:line|caption|textfloat|header)\b")
_HOCR_ASIDE = re.compile(r"\bocr_(?:header|footer|pageno|footnote)\b")
_HOCR_BOX = re.compile(r"\bbbox\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)")
_HOCR_CERTAIN = re.compile(r"\bx_wconf\s+(\d+)")


@dataclass(frozen=True, slots=True)
class _OcrPage:
    """A page of an OCR file: what it says, and the heads, feet and notes that the file tells apart.
    `number`: the printed one, "" where the file does not give it; `head` and `foot`: what of
    `aside` is above and below the text, and no note; `certain`: how sure the OCR program was of
    it, 0 to 1, a mean over the letters, 1 where it does not say."""

    sheet: Sheet
    aside: tuple[str, ...] = ()
    number: str = ""
    head: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    certain: float = 1.0


def read_alto(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an ALTO file. A word that a line's end breaks is whole, as the
    file says it; raises `UnreadableSource` if the file is damaged or has no text."""
    root = parse_xml(path.read_bytes(), shown(path))
    yield _document(path, collection, map(_alto_page, root.iter("{*}Page")))


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
    pages = (element for element in root.iter() if "ocr_page" in _classes(element))
    yield _document(path, collection, map(_hocr_page, pages))


def _document(path: Path, collection: Collection, given: Iterable[_OcrPage]) -> SourceDocument:
    """Return the document that pages make."""
    pages = list(given)
    sheets = [page.sheet for page in pages]
    parts = printed_pages(sheets, facing=are_facing(sheets))
    if len(pages) == 1 and len(parts[0]) == 1:
        text, edges = _without_edges(parts[0][0].text)
        parts = [(replace(parts[0][0], text=text),)]
        only = pages[0]
        pages = [replace(only, aside=(*only.aside, *edges), head=(*only.head, *edges))]
    printed: list[PrintedPage] = []
    frames: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    numbers: list[str] = []
    for page, halves in zip(pages, parts, strict=True):
        first, *others = halves
        printed += [replace(first, notes=(*first.notes, *page.aside)), *others]
        frames += [((), ())] * len(halves) if others else [(page.head, page.foot)]
        own = page.number or (_number_in(page) if len(pages) == 1 else "")
        numbers += [""] * len(halves) if others else [own]
    tidied = rejoin_words([tidy_page(page.text) for page in printed])
    if not any(tidied):
        raise UnreadableSource(
            f"{shown(path)} holds no text: its OCR found none; read the picture of the page instead"
        )
    sides = sides_of(parts)
    framed = [
        "\n".join([*head, text, *foot]) for (head, foot), text in zip(frames, tidied, strict=True)
    ]
    counted = page_labels(framed, "image", sides)
    labels = [f"p. {n}" if n else label for n, label in zip(numbers, counted, strict=True)]
    certain = [page.certain for page, parts_of in zip(pages, parts, strict=True) for _ in parts_of]
    text, places, excluded = put_together(
        tidied,
        labels,
        [page.notes for page in printed],
        sides=sides,
        quality=list(map(reading_quality, tidied, certain)),
    )
    return file_document(
        path,
        collection,
        text,
        locators=places,
        excluded=excluded,
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


def _without_edges(text: str) -> tuple[str, list[str]]:
    """Return the one page of a file without its head and foot, and these: lines by themselves that
    are a number, or capitals beside one."""
    blocks = text.split("\n\n")
    edges = [n for n in (0, len(blocks) - 1) if len(blocks) > 1 and _EDGE.fullmatch(blocks[n])]
    kept = [block for n, block in enumerate(blocks) if n not in edges]
    return "\n\n".join(kept), [blocks[n] for n in edges]


def _sheet(blocks: Sequence[Sequence[OcrLine]], size: tuple[float, float]) -> Sheet:
    """Return a page of the file's blocks of lines, in the order of the file where that is one.

    `size`: width and height; 0 where the file does not say. Lines without a place have no box.
    """
    lines = [line for block in blocks for line in block if line.text.strip()]
    if not all(line.left < line.right and line.top < line.bottom for line in lines):
        return Sheet(PrintedPage(_text_of(blocks)))
    width = size[0] or max((line.right for line in lines), default=0.0)
    height = size[1] or max((line.bottom for line in lines), default=0.0)
    placed = sheet_of(lines, width, height)
    noted = {id(lines[n]) for n in side_notes(lines)}
    kept = [[line for line in block if id(line) not in noted] for block in blocks]
    text = _text_of(kept)
    one = sum(map(bool, blocks)) == 1
    by_place = is_mixed(lines) or (
        one and (has_columns(lines) or placed.whole.text.split() == text.split())
    )
    whole = placed.whole if by_place else replace(placed.whole, text=text)
    return replace(placed, whole=whole)


def _text_of(blocks: Sequence[Sequence[OcrLine]]) -> str:
    return _set_blocks("\n".join(n.text for n in block if n.text) for block in blocks)


def _set_blocks(blocks: Iterable[str]) -> str:
    """Return blocks of lines as one text; a sentence that goes on in the next one is not cut."""
    text = ""
    for block in filter(None, (block.strip("\n") for block in blocks)):
        text += (
            ("\n" if continues_sentence(text[-400:], block) else "\n\n") + block if text else block
        )
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
    blocks = [
        [OcrLine(_alto_line(line), *_alto_box(line), 1.0) for line in block.iter("{*}TextLine")]
        for block in page.iter("{*}TextBlock")
        if block not in outside
    ]
    return _OcrPage(
        _sheet(blocks, (_figure(page.get("WIDTH")), _figure(page.get("HEIGHT")))),
        tuple(filter(None, map(_alto_text, outside))),
        (page.get("PRINTED_IMG_NR") or "").strip(),
        tuple(filter(None, map(_alto_text, head))),
        tuple(filter(None, map(_alto_text, foot))),
        _mean(
            (_figure(word.get("WC")), len(word.get("CONTENT") or ""))
            for word in page.iter("{*}String")
            if word.get("WC")
        ),
    )


def _mean(certain: Iterable[tuple[float, int]]) -> float:
    """Return how sure an OCR program was of a page, given this and the letters of each word."""
    words = list(certain)
    letters = sum(length for _, length in words)
    return min(1.0, sum(sure * length for sure, length in words) / letters) if letters else 1.0


def _figure(given: str | None) -> float:
    """Return a figure of the file, 0 where it gives none."""
    return float(given) if given and given.replace(".", "", 1).isdecimal() else 0.0


def _alto_box(line: _Element) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a line, 0 where the file does not say."""
    names = ("HPOS", "VPOS", "WIDTH", "HEIGHT")
    left, top, width, height = (_figure(line.get(name)) for name in names)
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
    if MARK_OF_NOTE.fullmatch(word.get("CONTENT") or "") is None:
        return False
    styles = set((word.get("STYLEREFS") or "").split())
    all_styles = word.getroottree().iter("{*}TextStyle") if styles else ()
    named = (n.get("FONTSTYLE") or "" for n in all_styles if n.get("ID") in styles)
    said = (word.get("STYLE") or "", *named)
    return any("superscript" in of.split() for of in said)


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
    blocks = [_region(r) for kind, r in kinds if kind not in {*_PAGE_ASIDE, _PAGE_NUMBER}]
    return _OcrPage(
        _sheet(blocks, (_figure(page.get("imageWidth")), _figure(page.get("imageHeight")))),
        tuple(filter(None, (_region_text(r) for kind, r in kinds if kind in _PAGE_ASIDE))),
        _number(next(numbers, "")),
        head,
        foot,
        _mean(
            (_figure(reading.get("conf")), len(line_of(plain)))
            for line in page.iter("{*}TextLine")
            for reading in line.iterfind("{*}TextEquiv")
            if reading.get("conf")
            for plain in reading.iterfind("{*}Unicode")
        ),
    )


def _region(region: _Element) -> list[OcrLine]:
    """Return the lines of a region, or the rows of a table; what has no place in the file has no
    box."""
    lines = [
        OcrLine(text, *_page_xml_box(line), 1.0)
        for line in region.iterfind("{*}TextLine")
        if (text := _reading(line))
    ]
    said = [] if lines else (_rows(region) or [_reading(region)])
    return lines or [OcrLine(text, 0.0, 0.0, 0.0, 0.0, 1.0) for text in said if text]


def _region_text(region: _Element) -> str:
    return "\n".join(line.text for line in _region(region))


def _page_xml_box(line: _Element) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a line, 0 where the file does not say. A line that
    slopes stands where its base line does."""
    around, below = (_points(line, name) for name in ("Coords", "Baseline"))
    if not around:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = zip(*around, strict=True)
    if not below:
        return min(xs), min(ys), max(xs), max(ys)
    base = sum(y for _, y in below) / len(below)
    slope = max(y for _, y in below) - min(y for _, y in below)
    height = max(max(ys) - min(ys) - slope, 1.0)
    return min(xs), base - 0.75 * height, max(xs), base + 0.25 * height


def _points(line: _Element, name: str) -> list[tuple[float, float]]:
    """Return the corners that a file gives for a line, in either version of the format."""
    for shape in line.iterfind(f"{{*}}{name}"):
        pairs = [pair.split(",") for pair in (shape.get("points") or "").split()]
        pairs += [[p.get("x") or "", p.get("y") or ""] for p in shape.iterfind("{*}Point")]
        return [(_figure(pair[0]), _figure(pair[1])) for pair in pairs if len(pair) == 2]
    return []


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
    blocks: list[list[OcrLine]] = [[]]
    for element in page.iter():
        if element in outside:
            continue
        if {"ocr_par", "ocr_carea"} & set(_classes(element)):
            blocks.append([])
        elif _HOCR_LINE.search(element.get("class") or ""):
            blocks[-1].append(_hocr_placed(element))
    left, top, right, bottom = _hocr_box(page)
    sheet = _sheet(blocks, (right - left, bottom - top))
    if not sheet.whole.text:
        sheet = Sheet(PrintedPage(line_of(page)))
    number, head, foot = (
        tuple(line_of(part) for part in apart if name in _classes(part))
        for name in ("ocr_pageno", "ocr_header", "ocr_footer")
    )
    return _OcrPage(
        sheet,
        tuple(filter(None, map(line_of, apart))),
        _number(number[0]) if number else "",
        head,
        foot,
        _mean(
            (int(found[1]) / 100, len(line_of(word)))
            for word in page.iter()
            if (found := _HOCR_CERTAIN.search(word.get("title") or ""))
        ),
    )


def _is_apart(element: _Element) -> bool:
    """Return whether an element is a running head or foot, or a note. Tesseract calls a line in
    large type a header, within a paragraph."""
    if not _HOCR_ASIDE.search(element.get("class") or ""):
        return False
    within = (_classes(outer) for outer in element.iterancestors())
    return "ocr_header" not in _classes(element) or not any("ocr_par" in of for of in within)


def _hocr_box(element: _Element) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a line or page, 0 where the file does not say."""
    found = _HOCR_BOX.search(element.get("title") or "")
    left, top, right, bottom = map(float, found.groups()) if found else (0.0,) * 4
    return left, top, right, bottom


def _hocr_placed(line: _Element) -> OcrLine:
    left, top, right, bottom = _hocr_box(line)
    return OcrLine(_hocr_line(line), left, top, right, bottom, confidence=1.0)


def _hocr_line(line: _Element) -> str:
    """Return what a line says, without raised marks of notes."""
    for mark in line.iter("{*}sup", "sup"):
        if MARK_OF_NOTE.fullmatch(line_of(mark)):
            mark.text = ""
    return line_of(line)
