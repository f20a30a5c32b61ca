"""PDF: one file is one document, with a locator for every page.

The words are those of the file's text layer, or of OCR for each page that has none or a
poor one. Where there is no OCR engine, a scan without text is refused.

Of each page the text layer's lines are put in reading order, and its footnotes apart.
"""

from __future__ import annotations

import ctypes
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, person, printable, shown
from rag.ingest.ocr import Ocr
from rag.ingest.ocr.layout import reading_quality
from rag.ingest.ocr.pages import Reread, page_images, reread
from rag.ingest.readers.pdf.layout import Line, PageLines, page_fold, page_lines
from rag.ingest.readers.pdf.letters import Letter, Upright, level, page_letters
from rag.ingest.readers.pdf.opening import (
    DAMAGE,
    check_bytes,
    damaged,
    filled_fields,
    has_xfa,
    is_placeholder,
    open_pdf,
    without_hidden_layers,
    xfa_lines,
)
from rag.ingest.shared.page_text import (
    EDGE_LINES,
    RIGHT,
    PrintedPage,
    Sheet,
    are_facing,
    page_labels,
    put_together,
    rejoin_words,
    sides_of,
    tidy_page,
    with_heads,
    without_stamps,
)
from rag.ingest.shared.places import WIDE, Fold
from rag.isolation import reached
from rag.language import MONTHS, continues_sentence, ends_midsentence

if TYPE_CHECKING:
    from pypdf import PdfReader

log = logging.getLogger(__name__)

# Of a page's letters: from here on it is set from right to left, or from the top down, which
# the order of the file knows better than the places of its letters.
_OTHERWISE_SET = 0.3


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a page of the file: of all of it, and of each half where it may be two facing
    pages of a book. `fold`, `wide`: as those of a `Sheet`. `turned`: the texts that stand turned to
    most of it, each with whether it is on the right half; `above`, `below`: the lines of these that
    may be its running head and foot; `left_out`: how many letters that stand so are no text;
    `scanned`: OCR made the text."""

    whole: PageLines
    halves: tuple[PageLines, PageLines] | None = None
    fold: Fold | None = None
    wide: bool = False
    turned: Sequence[tuple[str, bool]] = ()
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    left_out: int = 0
    scanned: bool = False

    def sheet(self) -> Sheet:
        """Return the page with its text."""
        printed = PrintedPage(_set(self.whole.blocks))
        halves = self.halves and (
            PrintedPage(_set(self.halves[0].blocks)),
            PrintedPage(_set(self.halves[1].blocks)),
        )
        return Sheet(printed, halves, self.fold, self.wide)


_NOTHING = _Lines(PageLines([], [], ()))
_Layer = tuple[PrintedPage, ...]
"""A page of the file: one printed page, or two facing ones."""


class _Layers(NamedTuple):
    """The text layer of every page; what went wrong on single pages; and for each page, how many
    letters that stand turned to its text are left out, and whether OCR made its text."""

    pages: list[_Layer]
    failures: list[Exception]
    left_out: list[int]
    scanned: list[bool]


def _page_layers(reader: PdfReader, path: Path) -> _Layers:
    """Return the text layers of the pages of a file.

    The text is "" for a page without any and for one that is damaged. A page in which PDFium
    finds no letters is read by pypdf.
    """
    from pypdf.errors import PyPdfError

    try:
        pages = list(reader.pages)
    except (PyPdfError, *DAMAGE) as error:
        raise damaged(path, error) from error
    if not pages:
        raise UnreadableSource(f"{shown(path)} is a PDF without pages; fetch or copy it again")
    placed = _placed_lines(reader, path, len(pages))
    facing = are_facing([lines.sheet() for lines in placed])
    printed = [lines.halves if facing and lines.halves else (lines.whole,) for lines in placed]
    turned, left_out = _turned(placed, printed)
    body = _body_height(half.blocks for parts in printed for half in parts)
    layers: list[_Layer] = []
    failures: list[Exception] = []
    open_note = False
    of_pages = zip(pages, placed, printed, turned, strict=True)
    for number, (page, lines, parts, beside) in enumerate(of_pages, start=1):
        if any(half.blocks for half in parts):
            layer: list[PrintedPage] = []
            for half, own in zip(parts, beside, strict=True):
                kept, notes = _without_notes(half.blocks, body, open_note)
                open_note = _is_open(notes)
                notes += (_set([noted]) for noted in half.side_notes)
                text = tidy_page(_set(kept))
                edges = (lines.above, lines.below) if len(parts) == 1 else ((), ())
                layer.append(PrintedPage(text, tuple(map(tidy_page, notes)), own, *edges))
            layers.append(tuple(layer))
            continue
        reached(f"page {number}")
        try:
            layers.append((PrintedPage(tidy_page(page.extract_text())),))
        except (PyPdfError, *DAMAGE) as error:
            log.info("%s: page %d cannot be read: %r", shown(path), number, error)
            failures.append(error)
            layers.append((PrintedPage(""),))
    return _Layers(layers, failures, left_out, [lines.scanned for lines in placed])


def _turned(
    placed: Sequence[_Lines], printed: Sequence[Sequence[PageLines]]
) -> tuple[list[list[str]], list[int]]:
    """Return what stands turned to the text of each printed page, without the stamps of the file,
    and how many letters are left out on each page of the file."""
    found = [
        [
            "\n\n".join(text for text, right in lines.turned if len(parts) == 1 or right is side)
            for side in (False, True)[: len(parts)]
        ]
        for lines, parts in zip(placed, printed, strict=True)
    ]
    kept = iter(without_stamps([text for parts in found for text in parts]))
    clean = [[next(kept) for _ in parts] for parts in found]
    left_out = [
        lines.left_out + _letters(before) - _letters(after)
        for lines, before, after in zip(placed, found, clean, strict=True)
    ]
    return clean, left_out


def _letters(texts: Iterable[str]) -> int:
    return sum(not sign.isspace() for text in texts for sign in text)


def _placed_lines(reader: PdfReader, path: Path, count: int) -> list[_Lines]:
    """Return the lines of each page as PDFium places them, none for a page that it cannot read,
    or that is set otherwise than in lines from left to right."""
    from pypdf.errors import PyPdfError
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        source = without_hidden_layers(reader) or path
    except (PyPdfError, *DAMAGE) as error:
        log.info("%s: its layers cannot be told apart: %r", shown(path), error)
        source = path
    try:
        pdf = PdfDocument(source)
    except (PdfiumError, OSError):
        return [_NOTHING] * count
    try:
        if len(pdf) != count:
            return [_NOTHING] * count
        found: list[_Lines] = []
        last = _NOTHING
        for number in range(count):
            reached(f"page {number + 1}")
            try:
                page = pdf[number]
                letters = page_letters(page)
                page.close()
            except (PdfiumError, ValueError, ctypes.ArgumentError):
                found.append(_NOTHING)
                continue
            if _is_set_otherwise(letters.letters):
                found.append(replace(_NOTHING, scanned=letters.scanned))
                continue
            last = _lines_of(letters, last)
            found.append(last)
        return found
    finally:
        pdf.close()


def _lines_of(page: Upright, before: _Lines) -> _Lines:
    """Return the lines of a page; `before`: those of the page before."""
    wide = page.right - page.left > WIDE * page.height
    whole = page_lines(page.letters, before.whole.gutters)
    fold = page_fold(page) if wide else None
    turned: list[tuple[str, bool]] = []
    edges: tuple[list[str], list[str]] = ([], [])
    left_out = page.left_out
    for part in page.turned:
        letters = [*part.above, *part.letters, *part.below]
        if _is_set_otherwise(letters):
            left_out += 0 if part.guessed else len(letters)
            continue
        if not part.guessed:
            on_right = bool(fold and part.middle > fold.place)
            turned.append((_text(page_lines(letters)), on_right))
        for edge, of in zip(edges, (part.above, part.below), strict=True):
            said = _text(page_lines(of)).split("\n") if of else []
            edge += said if len(said) <= EDGE_LINES else []
    above, below = map(tuple, edges)
    if fold is None:
        return _Lines(whole, None, None, wide, turned, above, below, left_out, page.scanned)
    sides = [(n.left + n.right) / 2 > fold.place for n in page.letters]
    left, right = (
        level([n for n, side in zip(page.letters, sides, strict=True) if side is of_right])
        for of_right in (False, True)
    )
    gutters = [half.gutters for half in before.halves or ()] or [(), ()]
    halves = page_lines(left, gutters[0]), page_lines(right, gutters[1])
    return _Lines(whole, halves, fold, wide, turned, above, below, left_out, page.scanned)


def _text(lines: PageLines) -> str:
    return tidy_page(_set([*lines.blocks, *lines.side_notes]))


def _is_set_otherwise(letters: Sequence[Letter]) -> bool:
    odd = sum(unicodedata.bidirectional(letter.text) in {"R", "AL"} for letter in letters)
    below = sum(
        after.base < before.base and abs(after.left - before.left) < before.height / 4
        for before, after in pairwise(letters)
    )
    return max(odd, below) > _OTHERWISE_SET * max(len(letters), 1)


def _set(blocks: Sequence[Sequence[Line]]) -> str:
    """Return lines as text: an empty one where white space parts them, or columns that do not
    go on in each other."""
    text = ""
    for lines in blocks:
        for number, line in enumerate(lines):
            if text:
                parted = line.apart if number else not continues_sentence(text[-400:], line.text)
                text += "\n\n" if parted else "\n"
            text += line.text
    return text


_SMALL = 0.93
"""Type of this share of the body's is a note's: 8 to 9 points under 10 to 11."""

_OPENS = re.compile(
    r"[\[(]?(\d{1,3}|[*†‡§¶‖]{1,4}|[a-z](?=[.)\]]))[.)\]]?\s*(?=[^\d\W]|[\"'“‘(\[])"
)
# Signs on the line itself: "troops*", "he lived,† and".
_SIGN = re.compile(r"(?<=[^\W_])[.,;:!?'\"’”)]{0,3}([*†‡§‖]{1,3})(?![\w*†‡§])")
_NUMBER_ALONE = re.compile(r"[\W_]*(?:\d{1,4}|[ivxlc]{1,7})[\W_]*")
_ENDS = re.compile(r"[.!?][\"'’”)\]]*$")
# Notes in the type of the text stand in the lower part of a page only.
_LOWER_PART = 0.4
# Marks of which the notes may stand on another page or in another column.
_SKIPPED = 4

_Blocks = list[list[Line]]


def _body_height(pages: Iterable[_Blocks]) -> float:
    """Return the height of most letters' lines, in points; 0.0 without any."""
    often: Counter[float] = Counter()
    for blocks in pages:
        for lines in blocks:
            for line in lines:
                often[round(2 * line.height) / 2] += len(line.text)
    return often.most_common(1)[0][0] if often else 0.0


def _without_notes(blocks: _Blocks, body: float, open_note: bool) -> tuple[_Blocks, list[str]]:
    """Return a page's blocks without its footnotes, and these, a note to a text.

    `body`: see `_body_height`. `open_note`: the last note of the page before did not come to
    its end, so that small type may go on with it; one of a column goes on in the next. Signs in
    the text that refer to a note ("troops*") go with it.
    """
    referred = {mark for lines in blocks for line in lines for mark in _marks(line)}
    referred |= {sign for lines in blocks for line in lines for sign in _SIGN.findall(line.text)}
    kept: _Blocks = []
    noted: list[Line] = []
    for number, lines in enumerate(blocks):
        first = _first_note(lines, body, referred, open_note, number > 0)
        tail = [line for line in lines[first:] if _NUMBER_ALONE.fullmatch(line.text)]
        own = [line for line in lines[first:] if line not in tail]
        noted += own
        if own:  # it goes on in the next column
            open_note = not _ENDS.search(own[-1].text)
        kept.append([*lines[:first], *tail])
    notes = _put_together(noted)
    opened = [found[1] for note in notes if (found := _OPENS.match(note))]
    clean = [[replace(line, text=_without_signs(line.text, opened)) for line in b] for b in kept]
    return [block for block in clean if block], notes


def _is_open(notes: Sequence[str]) -> bool:
    """Return whether the last of a page's notes has not come to its end."""
    return bool(notes) and not _ENDS.search(notes[-1])


def _marks(line: Line) -> set[str]:
    return {part for mark in line.marks for part in mark.split(",")} - {line.opening}


def _first_note(
    lines: Sequence[Line], body: float, referred: set[str], open_note: bool, after_others: bool
) -> int:
    """Return the number of the first line that belongs to notes, their count without any."""
    first = above = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if _NUMBER_ALONE.fullmatch(line.text):
            continue
        if line.height > _SMALL * body:
            break
        above = number
        if number or after_others:
            opens = _opens_note(line, referred) or (open_note and (line.apart or not number))
            first = number if opens else first
    # Small type above that belongs to no note: a text that is set smaller, and numbered.
    if first < len(lines) and (first == above or open_note or _opens(lines[first]) in referred):
        return first
    low = int(_LOWER_PART * len(lines))
    for number in range(max(low, 1), len(lines)):
        line = lines[number]
        opening = _opens(line)
        if opening and line.apart and (opening in referred or _cuts_a_sentence(lines, number)):
            return number
    return len(lines)


def _cuts_a_sentence(lines: Sequence[Line], number: int) -> bool:
    """Return whether a note stands between the halves of a sentence: the line above ends with a
    word that no sentence ends with, and all that is apart below is a note, too."""
    points = [_opens(line) for line in lines[number:] if line.apart]
    return ends_midsentence(lines[number - 1].text) and all(
        mark and not mark.isalpha() for mark in points
    )


def _opens(line: Line) -> str:
    """Return the mark with which a line begins a note, "" where it begins none."""
    found = _OPENS.match(line.text)
    return line.opening or (found[1] if found else "")


def _opens_note(line: Line, referred: set[str]) -> bool:
    """Return whether a line in small type begins a note: "(a)", "1)" and "a." begin points of a
    text as often, unless something refers to them."""
    mark = _opens(line)
    point = mark.isalpha() or line.text.startswith("(") or line.text.startswith(f"{mark})")
    return bool(mark) and (bool(line.opening) or not point or mark in referred)


def _put_together(lines: Sequence[Line]) -> list[str]:
    notes: list[str] = []
    for line in lines:
        text = f"{line.opening} {line.text}" if line.opening else line.text
        if notes and not _counts_on(notes[-1], line):
            notes[-1] += f"\n{text}"
        else:
            notes.append(text)
    return notes


def _counts_on(note: str, line: Line) -> bool:
    """Return whether a line begins the note after another: "10 seconds" does not after "13"."""
    mark, last = _opens(line), _OPENS.match(note)
    if line.opening or not mark.isdecimal() or last is None or not last[1].isdecimal():
        return bool(mark)
    return int(last[1]) < int(mark) <= int(last[1]) + _SKIPPED


def _without_signs(text: str, opened: Sequence[str]) -> str:
    for mark in opened:
        sign = re.escape(mark)
        plain = rf"(?<=[^\W\d_]){sign}" if mark.isdecimal() else rf"(?<=[\w.,;:!?'\"’”)]){sign}"
        text = re.sub(rf"(?:(?<=\S)[\[(]{sign}[\])]|{plain}(?![\w*†‡§]))", "", text)
    return text


# Characters of the page that a portfolio shows to readers that cannot open it.
_COVER_SHEET = 600

# What programs put in for want of a title: their own words, or a file's name.
_NO_TITLE = re.compile(
    r"untitled\W*\d*|microsoft \w+ - .*|document ?\d*|title|scan\w*|[\W\d]*"
    r"|.*\.(?:docx?|rtf|txt|odt|wpd|tex|dvi|e?ps|pdf|html?|xlsx?|pptx?|pub|indd|qxd|p65|exe"
    r"|tiff?|jpe?g|png|cdr)",
    re.IGNORECASE,
)


class _Counted(logging.Handler):
    """Keeps the messages that it is given."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def read_pdf(
    path: Path, collection: Collection, ocr: Ocr | None = None
) -> Iterator[SourceDocument]:
    """Yield the one document of a PDF file.

    Pages without text, and those whose text layer is worse than what OCR gives, are read
    by OCR; its confidence and what went wrong on single pages are in the document.

    Raises `UnreadableSource` if the file is empty, cut short, encrypted, not a PDF, or
    has no text and no OCR engine finds any.
    """
    check_bytes(path)
    with _complaints_counted(path):
        reader = open_pdf(path)
        layers, failures, left_out, scanned = _page_layers(reader, path)
        fields, waiting = _form(reader, path, layers)
        given = _given_labels(reader, len(layers))
        title, creator, created = _information(reader)
        if _is_cover_sheet(reader, layers):
            return
    result = reread(
        path,
        list(map(_text_of, layers)),
        ocr or Ocr(),
        page_images,
        facing=any(len(layer) > 1 for layer in layers),
    )
    sheets = [
        (PrintedPage(""),) if number in waiting else result.pages.get(number, layer)
        for number, layer in enumerate(layers)
    ]
    quality = [
        result.quality.get(n, reading_quality(_text_of(layer)) if scanned[n] else None)
        for n, layer in enumerate(layers)
    ]
    sides = sides_of(sheets)
    printed = with_heads([page for parts in sheets for page in parts], sides)
    each = iter(printed)
    sheets = [tuple(next(each) for _ in parts) for parts in sheets]
    if not any(page.text for page in printed) and not any(fields):
        if failures:
            raise damaged(path, failures[0]) from failures[0]
        raise UnreadableSource(
            f"{shown(path)} has no text layer: it is a scan of {len(layers)} pages; {result.why}"
        )
    pages = rejoin_words([page.text for page in printed])
    text, locators, excluded = put_together(
        pages,
        _labels(given, pages, sides),
        [page.notes for page in printed],
        [
            "\n\n".join(filter(None, (page.turned, *own)))
            for parts, filled in zip(sheets, fields, strict=True)
            for page, own in zip(parts, (["\n".join(filled)], []), strict=False)
        ],
        sides,
        [of for of, parts in zip(quality, sheets, strict=True) for _ in parts],
    )
    yield file_document(
        path,
        collection,
        text,
        title,
        creator=creator,
        date=_date(created, pages[0]),
        locators=locators,
        excluded=excluded,
        notes=(
            *_notes(list(map(_text_of, sheets)), fields, len(failures), result),
            *_left_out([n for number, n in enumerate(left_out) if number not in result.pages]),
        ),
        pages=len(sheets),
        ocr_pages=len(result.pages),
    )


def _text_of(page: _Layer) -> str:
    return "\n\n".join(part for half in page for part in (half.text, half.turned) if part)


_OF_TWO = re.compile(r"p\. \W?(\w{1,6})\s?[-–—/,]\s?(\w{1,6})\W?")
"""The label that a file gives to two facing pages."""


def _labels(given: list[str], pages: list[str], sides: list[str]) -> list[str]:
    """Return how the printed pages are cited. `given`: what the file says of each of its own."""
    labels = page_labels(pages, "PDF page", sides)
    counted = given == [f"p. {n}" for n in range(1, len(given) + 1)]
    if not given or (counted and (any(sides) or all(n.startswith("p. ") for n in labels))):
        return labels
    sheet = -1
    for number, side in enumerate(sides):
        sheet += side != RIGHT
        pair = _OF_TWO.fullmatch(given[sheet])
        if not side:
            labels[number] = given[sheet]
        elif pair:
            labels[number] = f"p. {pair[1 + (side == RIGHT)]}"
        elif not labels[number].startswith("p. "):
            labels[number] = f"{given[sheet]}, {side}"
    return labels


def _notes(
    pages: list[str], fields: list[list[str]], failures: int, result: Reread
) -> tuple[str, ...]:
    notes = list(result.notes)
    if failures:
        notes.append(f"the text layer of {failures} of {len(pages)} pages is damaged")
    empty = [n for n, page in enumerate(pages) if not page and not fields[n]]
    if blank := len(set(empty) - result.unread):
        notes.append(f"{blank} of {len(pages)} pages have no text")
    return tuple(notes)


def _left_out(letters: Sequence[int]) -> Iterator[str]:
    """Yield a note that letters are left out, given how many on each page that the file's own text
    is taken of."""
    if pages := sum(map(bool, letters)):
        yield (
            f"{sum(letters):,} letters that stand at an angle to the text, on {pages} of the "
            "pages, are left out: repeated stamps, or no text at all"
        )


def _given_labels(reader: PdfReader, count: int) -> list[str]:
    """Return the page numbers that the file gives, [] where it gives none."""
    from pypdf.errors import PyPdfError

    try:
        if "/PageLabels" not in reader.root_object:
            return []
        given = [printable(label) for label in reader.page_labels]
    except (PyPdfError, *DAMAGE):
        return []
    if len(given) != count:
        return []
    return [f"p. {label}" if label else f"PDF page {n}" for n, label in enumerate(given, start=1)]


def _form(
    reader: PdfReader, path: Path, layers: Sequence[_Layer]
) -> tuple[list[list[str]], frozenset[int]]:
    """Return what is filled in on each page, and which pages only ask to wait for a form in XFA:
    the first of them has what that holds.

    Raises `UnreadableSource` where it holds nothing.
    """
    from pypdf.errors import PyPdfError

    try:
        fields = [filled_fields(page) for page in reader.pages]
        waiting = [n for n, layer in enumerate(layers) if is_placeholder(_text_of(layer))]
        if not waiting or not has_xfa(reader):
            return fields, frozenset()
        fields[waiting[0]] = xfa_lines(reader, path)
    except (PyPdfError, *DAMAGE):
        return [[] for _ in layers], frozenset()
    if not fields[waiting[0]]:
        raise UnreadableSource(
            f"{shown(path)} is a form of Adobe's XFA kind with nothing filled in; open it "
            "in Adobe Reader and print it to a new PDF"
        )
    return fields, frozenset(waiting)


def _is_cover_sheet(reader: PdfReader, layers: list[_Layer]) -> bool:
    """Return whether the file is a portfolio, whose one page only says so."""
    from pypdf.errors import PyPdfError

    try:
        return (
            len(layers) == 1
            and len(_text_of(layers[0])) < _COVER_SHEET
            and "/Collection" in reader.root_object
            and bool(reader.attachments)
        )
    except (PyPdfError, *DAMAGE):
        return False


def _information(reader: PdfReader) -> tuple[str | None, str | None, datetime | None]:
    """Return title, author and day of making, None for each that is missing or no use."""
    from pypdf.errors import PyPdfError

    try:
        about = reader.metadata
        if about is None:
            return None, None, None
        title = printable(about.title or "")
        author = printable(about.author or "")
    except (PyPdfError, *DAMAGE):
        return None, None, None
    try:
        created = about.creation_date
    except (PyPdfError, *DAMAGE):
        created = None
    return (
        None if _NO_TITLE.fullmatch(title) else title,
        person(author),
        created,
    )


def _date(created: datetime | None, first_page: str) -> str | None:
    """Return the day on which the file was made if the first page bears that date.

    Otherwise it is more likely the day of a scan than that of the document.
    """
    if created is None:
        return None
    name = MONTHS[created.month - 1]
    day, month, year = created.day, rf"(?:{name}|{name[:3]}\.?)", created.year
    written = (
        rf"\b{month}\s+{day},?\s+{year}\b|\b{day}(?:st|nd|rd|th)?\s+{month},?\s+{year}\b"
        rf"|\b{created:%Y-%m-%d}\b|\b0?{created.month}/0?{day}/{year}\b"
    )
    return f"{created:%Y-%m-%d}" if re.search(written, first_page, re.IGNORECASE) else None


@contextmanager
def _complaints_counted(path: Path) -> Iterator[None]:
    """Keep pypdf's warnings off the terminal; log how many there were and the first."""
    logger = logging.getLogger("pypdf")
    handler = _Counted()
    propagated = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)
        heard = handler.messages
        if heard:
            log.info("%s: %d warnings from pypdf, first: %s", shown(path), len(heard), heard[0])
