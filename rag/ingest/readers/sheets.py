"""Spreadsheets (.xlsx, .csv, .tsv): a line of text for each row, with sheet and row as the place.

The first row of several cells names the columns: "Ship: Harriet; Cargo: powder". What is read is
what the program shows: no hidden sheets, rows and columns, numbers and days in their format, and
of formulas the value that was saved.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.datatypes import Collection, Locator, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, printable, shown
from rag.ingest.shared.decoding import BOOK, decode, opened, read_member
from rag.language import times

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_Row = Sequence[str]
_Sheet = tuple[str, Sequence[tuple[int, _Row]]]
"""A sheet's name, and its rows with their numbers."""

_FULL_STOP = (".", "!", "?")
# A cell of a formula without the value that it had when the file was saved.
_NO_VALUE = re.compile(rb"<f(?:\s[^>]{0,300})?(?:/>|>[^<]{0,9000}</f>)(?:<v\s?/>|<v></v>)?</c>")
# What a format has that is not shown: colours and conditions, room for signs, quotation marks.
_UNSHOWN = re.compile(r"\[(?!\$)[^\]]*\]|[_*].|[\"\\\\]")
_CURRENCY = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_DIGITS = re.compile(
    r"(?P<whole>[#0?](?:[#0?,]*[#0?])?)(?:\.(?P<decimals>[#0?]*))?(?P<thousands>,*)"
)
_MOST_DIGITS = 11
"""Digits of a number without a format: as many as a program shows."""


def read_sheets(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of a spreadsheet.

    Raises `UnreadableSource` if the file is damaged or empty.
    """
    notes: list[str] = []
    is_workbook = path.suffix.lower() == ".xlsx"
    sheets = list(_workbook(path, notes) if is_workbook else _table(path))
    text, places = _set(sheets)
    if not text:
        raise UnreadableSource(f"{shown(path)} holds no filled cells; remove it or restore it")
    yield file_document(path, collection, text, locators=places, notes=tuple(notes))


def _workbook(path: Path, notes: list[str]) -> Iterator[_Sheet]:
    from openpyxl import load_workbook

    with opened(path, "a workbook", BOOK) as archive:  # what it holds keeps within the limits
        parts = [i for i in archive.infolist() if i.filename.startswith("xl/worksheets/sheet")]
        lost = sum(len(_NO_VALUE.findall(read_member(archive, i, path, BOOK))) for i in parts)
    if lost:
        notes.append(f"{lost} formulas have no saved value; save the file in a spreadsheet program")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the library leaves out: charts, rules
            book = load_workbook(path, data_only=True)
    except MemoryError:
        raise
    except Exception as error:  # the library checks nothing, and raises what comes of it
        raise UnreadableSource(
            f"{shown(path)} is damaged or not a workbook ({printable(str(error))}); save it again"
        ) from error
    if hidden := sum(sheet.sheet_state != "visible" for sheet in book.worksheets):
        notes.append(f"{hidden} of {len(book.worksheets)} sheets are hidden, and left out")
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            yield printable(sheet.title), list(_shown_rows(sheet, notes))


def _shown_rows(sheet: Worksheet, notes: list[str]) -> Iterator[tuple[int, _Row]]:
    """Yield the rows that are not hidden, without the columns that are. What is merged over
    several rows stands in each of them."""
    above = {
        (row, area.min_col): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row + 1, area.max_row + 1)
    }
    spans = (d for d in sheet.column_dimensions.values() if d.hidden)
    columns = {n for d in spans for n in range(d.min or 0, (d.max or 0) + 1)}
    rows = {n for n, dimension in sheet.row_dimensions.items() if dimension.hidden}
    lost = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [
            _cell(sheet.cell(*above[place]) if (place := (number, n)) in above else cell)
            for n, cell in enumerate(row, start=1)
            if n not in columns
        ]
        if number not in rows:
            yield number, cells
        lost += number in rows
    if lost or columns:
        notes.append(f"{printable(sheet.title)}: hidden rows and columns are left out")


def _cell(cell: Any) -> str:
    """Return what a cell shows."""
    value, form = cell.value, str(cell.number_format or "General")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, form)
    if isinstance(value, datetime):
        return _day(value, form.casefold())
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if value is None else printable(str(value))


def _day(value: datetime, form: str) -> str:
    """Return a day, or no more than the month or the year where the format shows no more.

    >>> day = datetime(1890, 3, 1, 9, 5)
    >>> _day(day, "dd.mm.yyyy"), _day(day, "mmm-yy"), _day(day, "yyyy"), _day(day, "d/m/yy h:mm")
    ('1890-03-01', 'March 1890', '1890', '1890-03-01 09:05')
    """
    if "d" not in form and "h" not in form and "y" in form:
        return f"{value:%B %Y}" if "m" in form else f"{value:%Y}"
    at = value.strftime("%H:%M:%S" if "s" in form else "%H:%M") if "h" in form else ""
    if "y" not in form and "d" not in form and at:
        return at
    midnight = value.time() == time()
    return f"{value:%Y-%m-%d}" if midnight or not at else f"{value:%Y-%m-%d} {at}"


def _number(value: float, form: str) -> str:
    """Return a number in its format, or plainly where that is a rare one.

    >>> [_number(n, f) for n, f in ((0.153, "0.0%"), (-1234.5, '"$"#,##0.00;[Red](#,##0.0)'))]
    ['15.3%', '(1,234.5)']
    >>> _number(0.1 + 0.2, "General"), _number(42, "00000"), _number(1.5e6, "[$€-407] #,##0.0,,")
    ('0.3', '00042', '€ 1.5')
    """
    positive, *others = form.split(";")
    section = others[0] if value < 0 and others else positive
    plain = _UNSHOWN.sub("", _CURRENCY.sub(r"\1", section))
    found = _DIGITS.search(plain)
    if found is None or re.search(r"general|e[+-]|/", plain, re.IGNORECASE):
        return str(int(value)) if value == int(value) else f"{value:.{_MOST_DIGITS}g}"
    sign = "-" if value < 0 and section is positive else ""
    value = abs(value) * 100 ** plain.count("%") / 1000 ** len(found["thousands"])
    decimals = found["decimals"] or ""
    text = f"{value:{',' if ',' in found['whole'] else ''}.{len(decimals)}f}"
    whole, point, rest = text.partition(".")
    while rest and decimals[len(rest) - 1] != "0" and rest.endswith("0"):
        rest = rest[:-1]
    whole = whole.zfill(found["whole"].count("0") if "," not in found["whole"] else 0)
    said = f"{whole}{point}{rest}".removesuffix(".") if point else whole
    return printable(f"{sign}{plain[: found.start()]}{said}{plain[found.end() :]}")


def _table(path: Path) -> Iterator[_Sheet]:
    text = decode(path.read_bytes(), path)
    try:
        parting = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|").delimiter
    except csv.Error:
        parting = "\t" if path.suffix.lower() == ".tsv" else ","
    # Quotation marks are not guessed: an apostrophe would be taken for one.
    lines = csv.reader(io.StringIO(text), delimiter=parting, skipinitialspace=True)
    try:
        rows = [list(map(printable, row)) for row in lines]
    except csv.Error as error:
        raise UnreadableSource(f"{shown(path)} is not a table ({error}); save it again") from error
    yield "", list(enumerate(rows, start=1))


def _set(sheets: Sequence[_Sheet]) -> tuple[str, tuple[Locator, ...]]:
    parts: list[str] = []
    places: list[Locator] = []
    at = 0
    for name, rows in sheets:
        filled = [(number, row) for number, row in rows if any(row)]
        first = next((n for n, (_, row) in enumerate(filled) if sum(map(bool, row)) > 1), 0)
        heads: _Row = []
        if len(filled) > first + 1 and _names_columns(
            filled[first][1], [row for _, row in filled[first + 1 :]]
        ):
            _, heads = filled.pop(first)
        for place, (number, row) in enumerate(filled):
            line = _line(row, heads if place >= first else [])
            label = f"sheet {name}, row {number}" if name else f"row {number}"
            places.append(Locator(Span(at, at + len(line)), label))
            parts.append(line)
            at += len(line) + len("\n\n")
    return "\n\n".join(parts), tuple(places)


def _names_columns(row: _Row, below: Sequence[_Row]) -> bool:
    """Return whether a row heads the others: it has no figures or days, and none of its cells
    comes again in its column, unless all do, on each page of the table."""
    cells = [(column, cell) for column, cell in enumerate(row) if cell]
    again = sum(
        any([cell] == other[column : column + 1] for other in below) for column, cell in cells
    )
    return (
        len(cells) > 1
        and again in {0, len(cells)}
        and not any(cell.replace(".", "").isdecimal() or _is_time(cell) for _, cell in cells)
    )


def _is_time(cell: str) -> bool:
    return any(time.span == Span(0, len(cell)) for time in times(cell, in_figures=True))


def _line(row: _Row, heads: _Row) -> str:
    named = [*heads, *[""] * (len(row) - len(heads))]
    cells = [
        f"{head}: {cell}" if head else cell for head, cell in zip(named, row, strict=False) if cell
    ]
    line = "; ".join(cells)
    return line if line.endswith(_FULL_STOP) else f"{line}."
