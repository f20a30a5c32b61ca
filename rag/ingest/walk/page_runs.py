"""Folders that hold one work as a file for each page, of text or of OCR, as HathiTrust and the
Internet Archive hand them out: their pages become one file. The library records beside them (MODS,
Dublin Core, MARC, METS around them, and the Internet Archive's own) say what the work is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import UnreadableSource
from rag.ingest.dates import said_date
from rag.ingest.names import printable
from rag.ingest.shared.markup import line_of, parse_xml
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.ingest.shared.plain_text import decode
from rag.ingest.shared.running import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element

MIN_PAGES = 3
RECORDS = re.compile(r"(?:.*[._-])?(?:mets|mods|dc|marc|meta)\.xml", re.IGNORECASE)
"""Files beside the pages that say what the work is."""

_KINDS = (".txt", ".md", ".xml", ".hocr", ".html", ".htm")
_PAGE = re.compile(
    r"(?P<stem>(?:.*\D)?)(?P<number>\d+)[_-]?(?P<side>(?:r|v|recto|verso)?)\.[a-z]+", re.IGNORECASE
)
_STEM = re.compile(
    r"(?:.*[\W_])?(?:p|pg|page|pages|img|image|seq|scan|leaf|fol|folio|f|n)[\W_]*|", re.IGNORECASE
)
_LONG_NUMBER = 5
"""Figures in a number that no letter of a correspondence is filed under."""

_MAX_GAPS = 0.2
_ABOUT_WORK = re.compile(r"(?:meta(?:data)?|title|about|info|read-?me)\.", re.IGNORECASE)
_BETWEEN_PAGES = {
    ".xml": re.compile(rb"<(?:\w+:)?Page\b.*</(?:\w+:)?Page>", re.DOTALL),
    ".html": re.compile(rb"<body[^>]*>(.*)</body>", re.DOTALL | re.IGNORECASE),
}
"""What of a file that OCR wrote is its page."""


def page_run(names: Iterable[str], folder: str = "") -> list[str]:
    """Return the names, in order, of the files that are the pages of one work; [] where they
    are works of their own.

    They count on in one pattern, and the pattern is one of pages: "00000012.txt",
    "page_12.txt", "fol_3v.txt", or the folder's own name before the number.

    >>> page_run(["00000002.txt", "00000001.txt", "00000003.txt", "00000003.xml"])
    ['00000001.txt', '00000002.txt', '00000003.txt']
    >>> page_run(["letter1.txt", "letter2.txt", "letter3.txt"])
    []
    """
    listed = [name for name in names if not RECORDS.fullmatch(name)]
    runs = (_run(listed, kind, folder) for kind in _KINDS)
    return next(filter(None, runs), [])


def _run(names: Sequence[str], kind: str, folder: str) -> list[str]:
    """Return the files of one kind that are the pages of a work."""
    of_kind = [n for n in names if n.lower().endswith(kind) and not _ABOUT_WORK.match(n)]
    found = [match for name in of_kind if (match := _PAGE.fullmatch(name))]
    if len(found) < max(MIN_PAGES, len(of_kind)):
        return []
    stems = {match["stem"] for match in found}
    numbers = {int(match["number"]) for match in found}
    sides = {(int(match["number"]), match["side"]) for match in found}
    gaps = max(numbers) - min(numbers) + 1 - len(numbers)
    if len(stems) != 1 or len(sides) < len(found) or gaps > _MAX_GAPS * len(numbers):
        return []
    stem = stems.pop()
    long = all(len(match["number"]) >= _LONG_NUMBER for match in found)
    own = bool(folder) and stem.strip("_-. ").casefold() == folder.casefold()
    named = bool(stem) and _STEM.fullmatch(stem) is not None
    if not (own or named or (long and not stem) or (long and stem.endswith(("_", "-")))):
        return []
    in_order = sorted(found, key=lambda match: (int(match["number"]), match["side"].casefold()))
    return [match[0] for match in in_order]


def is_of_page(name: str, run: Sequence[str]) -> bool:
    """Return whether a file belongs to a page of a work, or says what the work is: a picture or
    the places of the words on it."""
    stem = Path(name).stem
    return RECORDS.fullmatch(name) is not None or any(Path(page).stem == stem for page in run)


def write_work(
    target: Path, pages: Sequence[Path], records: Mapping[str, bytes]
) -> tuple[Path, ...]:
    """Write the pages into `target` as one text, and return the sidecars made for it from what
    describes the work. Raises `UnreadableSource` for a page that is not text."""
    between = _BETWEEN_PAGES.get(target.suffix)
    if between is None:
        texts = [decode(page.read_bytes(), page).strip("\r\n\f") for page in pages]
        target.write_bytes(PAGE_BREAK.join(texts).encode("utf-8", "surrogatepass"))
    else:
        target.write_bytes(_with_all_pages([page.read_bytes() for page in pages], between))
    fields: dict[str, str] = {}
    for raw in records.values():
        try:
            fields = {**_record_fields(raw), **fields}
        except UnreadableSource:
            continue
    if not fields:
        return ()
    import yaml

    beside = target.with_suffix(".yaml")
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
    beside.write_text(text, encoding="utf-8")
    return (beside,)


def _with_all_pages(files: Sequence[bytes], between: re.Pattern[bytes]) -> bytes:
    """Return the first of these files with the pages of all in place of its own."""
    found = [match for file in files if (match := between.search(file))]
    if not found:
        return b"".join(files[:1])
    group = between.groups
    pages = b"\n".join(match[group] for match in found)
    first = found[0]
    return first.string[: first.start(group)] + pages + first.string[first.end(group) :]


def work_name(name: str, run: Sequence[str]) -> str:
    """Return a file name for the work that a folder or zip file of this name holds, of the kind
    of its pages."""
    kind = Path(run[0]).suffix.lower() if run else ".txt"
    kind = {".hocr": ".html", ".htm": ".html"}.get(kind, kind)
    return f"{printable(name)[:100] or 'pages'}{kind}"


_YEAR = re.compile(r"(?<!\d)1[0-9]{3}(?!\d)|(?<!\d)20\d\d(?!\d)")
_LIFE_DATES = re.compile(r"(?:,\s*|(?<![\s,])\s+|(?<!\s))\d{4}\??-?(?:\d{4}\??)?\.?$")
_CREATORS = ("creator", "author")
_DATES = ("dateCreated", "dateIssued", "date", "created", "issued", "copyrightDate")


def _record_fields(raw: bytes) -> dict[str, str]:
    """Return the title, creator and date that a record gives, those that it has.

    Raises `UnreadableSource` if it is no XML.
    """
    root = parse_xml(raw, "the record")
    found = {"title": _title(root), "creator": _creator(root), "date": _date(root)}
    return {name: value for name, value in found.items() if value}


def _title(root: _Element) -> str:
    for field in _marc(root, "245"):
        parts = (line_of(part) for part in field if part.get("code") in {"a", "b", "n", "p"})
        return " ".join(parts).strip(" /:;")
    for info in root.iter("{*}titleInfo"):
        if info.get("type") is None:
            parts = (line_of(part) for part in info if name_of(part) != "nonSort" or line_of(part))
            return ": ".join(filter(None, parts))
    return next(_lines(root, ("title",)), "")


def _creator(root: _Element) -> str:
    for tag in ("100", "110"):
        for field in _marc(root, tag):
            parts = (line_of(part) for part in field if part.get("code") == "a")
            return _in_order(" ".join(parts).strip(" ,."))
    names = [
        _in_order(" ".join(line_of(part) for part in name if name_of(part) == "namePart"))
        for name in root.iter("{*}name")
        if any(_is_author(role) for role in name.iter("{*}roleTerm"))
        or name.get("usage") == "primary"
    ]
    return " and ".join(filter(None, names)) or _in_order(next(_lines(root, _CREATORS), ""))


def _is_author(role: _Element) -> bool:
    return line_of(role).casefold().strip(".") in {"author", "creator", "aut", "cre"}


def _in_order(name: str) -> str:
    """Return "Elias Thorne" for "Thorne, Elias, 1790-1860"."""
    parts = [part.strip() for part in _LIFE_DATES.sub("", name).split(",")]
    return f"{parts[1]} {parts[0]}".strip() if len(parts) == 2 else name


def _date(root: _Element) -> str:
    for name in _DATES:  # MODS gives a stretch as two dates
        ends = {
            n.get("point"): line_of(n) for n in root.iter(f"{{*}}{name}", name) if n.get("point")
        }
        if ends.get("start") and ends.get("end"):
            return said_date(f"{ends['start']}/{ends['end']}")
    marc = (line_of(part) for tag in ("260", "264") for field in _marc(root, tag) for part in field)
    for text in (*_lines(root, _DATES), *marc):
        year = _YEAR.search(text)
        if found := said_date(text.strip(" .,;[]")) or (year[0] if year else ""):
            return found
    return ""


def _marc(root: _Element, tag: str) -> Iterator[_Element]:
    return (field for field in root.iter("{*}datafield") if field.get("tag") == tag)


def _lines(root: _Element, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for element in root.iter(f"{{*}}{name}", name):
            if text := line_of(element).strip():
                yield text
