"""Spreadsheets (.xlsx, .csv, .tsv): a line of text for each row, with sheet and row as the place.

The first row of several cells names the columns: "Ship: Harriet; Cargo: powder".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import BadZipFile

from rag.datatypes import Collection, Locator, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, printable, shown
from rag.ingest.shared.decoding import decode
from rag.ingest.shared.zips import BOOK, opened

Row = Sequence[str]
Sheet = tuple[str, Sequence[tuple[int, Row]]]
"""A sheet's name, and its rows with their numbers."""

_FULL_STOP = (".", "!", "?")


def read_sheets(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a spreadsheet.

    Raises `UnreadableSource` if the file is damaged or empty.
    """
    sheets = list(_workbook(path) if path.suffix.lower() == ".xlsx" else _table(path))
    text, places = _set(sheets)
    if not text:
        raise UnreadableSource(f"{shown(path)} holds no filled cells; remove it or restore it")
    title = file_title(path)
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        locators=places,
        origin=shown(path),
    )


def _workbook(path: Path) -> Iterator[Sheet]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with opened(path, "a workbook", BOOK):
        pass  # what it holds keeps within the limits
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
                    yield printable(sheet.title), [(n, list(map(_cell, row))) for n, row in rows]
        finally:
            book.close()
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise UnreadableSource(
            f"{shown(path)} is damaged or no workbook ({printable(str(error))}); save it anew"
        ) from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    midnight = " 00:00:00"
    return printable(str(value).removesuffix(midnight))


def _table(path: Path) -> Iterator[Sheet]:
    text = decode(path.read_bytes(), path)
    try:
        kind = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|")
    except csv.Error:
        kind = csv.excel_tab() if path.suffix.lower() == ".tsv" else csv.excel()  # type: ignore[assignment]
    try:
        rows = [list(map(printable, row)) for row in csv.reader(io.StringIO(text), kind)]
    except csv.Error as error:
        raise UnreadableSource(f"{shown(path)} is no table ({error}); save it anew") from error
    yield "", list(enumerate(rows, start=1))


def _set(sheets: Sequence[Sheet]) -> tuple[str, tuple[Locator, ...]]:
    parts: list[str] = []
    places: list[Locator] = []
    at = 0
    for name, rows in sheets:
        filled = [(number, row) for number, row in rows if any(row)]
        first = next((n for n, (_, row) in enumerate(filled) if sum(map(bool, row)) > 1), 0)
        heads: Row = []
        if len(filled) > first + 1 and _names_columns(filled[first][1]):
            _, heads = filled.pop(first)
        for place, (number, row) in enumerate(filled):
            line = _line(row, heads if place >= first else [])
            label = f"sheet {name}, row {number}" if name else f"row {number}"
            places.append(Locator(Span(at, at + len(line)), label))
            parts.append(line)
            at += len(line) + len("\n\n")
    return "\n\n".join(parts), tuple(places)


def _names_columns(row: Row) -> bool:
    return sum(map(bool, row)) > 1 and not any(cell.replace(".", "").isdecimal() for cell in row)


def _line(row: Row, heads: Row) -> str:
    named = [*heads, *[""] * (len(row) - len(heads))]
    cells = [
        f"{head}: {cell}" if head else cell for head, cell in zip(named, row, strict=False) if cell
    ]
    line = "; ".join(cells)
    return line if line.endswith(_FULL_STOP) else f"{line}."
