"""Works that lie in a file for each page, of text or of OCR, as HathiTrust and the Internet Archive
hand them out: which files are the pages of one work, and these as one file.

The library records beside them (MODS, Dublin Core, MARC, METS around them, and the Internet
Archive's own) say what the work is, and METS which files, pictures too, are its pages, in which
order and with which numbers.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote
from zipfile import ZipFile, ZipInfo

from rag.errors import UnreadableSource
from rag.ingest.names import in_order, printable, shown
from rag.ingest.shared.blocks import name_of
from rag.ingest.shared.decoding import ARCHIVE, MB, decode, line_of, parse_xml
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.language import to_edtf

if TYPE_CHECKING:
    from lxml.etree import _Element

_MIN_PAGES = 3
_MAX_WORK = 256 * MB
"""Of the pages of a work that are text: four times the longest book with the places of its words.
They are put together in the build's own process."""

RECORDS = re.compile(
    r"(?P<work>.*?)[._-]?(?<![^\W_])(?:mets|mods|dc|marc|meta)\.xml", re.IGNORECASE
)
"""Files that say what a work is: among its pages, or beside their folder and called after it."""

_KINDS = (".txt", ".md", ".xml", ".hocr", ".html", ".htm")
_PICTURES = (".tif", ".tiff", ".jpg", ".jpeg", ".png")
_PAGE = re.compile(
    r"(?P<stem>(?:.*\D)?)(?P<number>\d+)[_-]?(?P<side>(?:r|v|recto|verso)?)\.[a-z]+", re.IGNORECASE
)
_STEM = re.compile(
    r"(?:.*[\W_])?(?:p|pg|page|pages|img|image|seq|scan|leaf|fol|folio|f|n)[\W_]*|", re.IGNORECASE
)
_PAPER = re.compile(
    r"(?:.*[\W_])?(?:letter|lettre|brief|telegram|cable|memo|doc|document|item|report|issue|no|nr)s?[\W_]*",
    re.IGNORECASE,
)
"""What numbers of papers stand behind, each a work of its own."""

_DAY = re.compile(r"(?:1[4-9]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?")
_DAY_OR_YEAR = re.compile(rf"{_DAY.pattern}|(?:1[4-9]|20)\d\d")
"""Numbers of newspapers and diaries: "18480501", "184805", "1848"."""

_LONG_NUMBER = 5
"""Figures in a number that no letter of a correspondence is filed under."""

_MAX_GAPS = 0.2
_ABOUT_WORK = re.compile(r"(?:meta(?:data)?|title|about|info|read-?me)\.", re.IGNORECASE)
_PAGE_BEGINS = {
    ".xml": re.compile(rb"()<(?:\w+:)?Page\b"),
    ".html": re.compile(rb"<body[^<>]*>()", re.IGNORECASE),
}
_PAGE_ENDS = {
    ".xml": re.compile(rb"</(?:\w+:)?Page>()"),
    ".html": re.compile(rb"()</body>", re.IGNORECASE),
}
"""Where in a file that OCR wrote its page is, by an empty group."""


@dataclass(frozen=True, slots=True)
class PagedWork:
    """The files that are the pages of one work, in order, and the numbers printed on them, ""
    where they are not known. `listed`: all files of the pages, in other formats too."""

    pages: list[str]
    numbers: tuple[str, ...] = ()
    listed: frozenset[str] = frozenset()

    def holds(self, name: str) -> bool:
        """Return whether a file belongs to the work: a page, in one format or another, or a record
        of what it is."""
        if any(page.startswith(f"{name}/") for page in self.pages):
            return True
        return name in self.pages or name in self.listed or _is_of_page(name, self.pages)


def work_among(names: Sequence[str], folder: str, records: Iterable[bytes]) -> PagedWork:
    """Return the work of which files are the pages: as a METS record says, else by their names."""
    there = set(names)
    for raw in records:
        pages = _mets_pages(raw)
        listed = [
            [name for place in page.files if (name := _last(place)) in there] for page in pages
        ]
        for kinds in (*((kind,) for kind in _KINDS), _PICTURES):
            found = [
                (name, page.number)
                for page, files in zip(pages, listed, strict=True)
                for name in [n for n in files if n.lower().endswith(kinds)][:1]
            ]
            if len(found) > 1 and len({name for name, _ in found}) == len(found):
                of_pages = frozenset(name for files in listed for name in files)
                return PagedWork([n for n, _ in found], tuple(n for _, n in found), of_pages)
    return PagedWork(page_run(names, folder))


def _last(place: str) -> str:
    return place.rpartition("/")[2]


def describes(name: str, raw: bytes, folder: str) -> bool:
    """Return whether a record beside a folder or zip file is about what is in it: it is called
    after it, or lists files in a folder of that name."""
    found = RECORDS.fullmatch(name)
    if found is None:
        return False
    if found["work"]:
        return found["work"].casefold() == folder.casefold()
    places = (place for page in _mets_pages(raw) for place in page.files)
    return any(folder in place.split("/")[:-1] for place in places)


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
    found = [
        _Numbered(name, match["stem"], match["number"], match["side"].casefold())
        for name in of_kind
        if (match := _PAGE.fullmatch(name))
    ]
    if len(of_kind) < _MIN_PAGES:
        return []
    ending = [found] if len(found) == len(of_kind) else []
    runs = chain(ending, _numbered_within(of_kind))
    pages = next((run for run in runs if _are_pages(run, folder)), [])
    return [one.name for one in sorted(pages, key=lambda one: (int(one.number), one.side))]


class _Numbered(NamedTuple):
    """A file name with a number in it, what stands before that, and the side of a leaf."""

    name: str
    stem: str
    number: str
    side: str = ""


def _numbered_within(names: Sequence[str]) -> Iterator[list[_Numbered]]:
    """Yield names by each number in them that is not the last thing there and counts, where all
    else is the same, or counts in step: "p001_ocr.txt", "0001_IMG_2231.txt"."""
    parts = [re.split(r"(\d+)", Path(name).stem) for name in names]
    if len({tuple(map(str.casefold, part[::2])) for part in parts}) > 1:
        return
    for at in range(1, len(parts[0]), 2):
        others = [n for n in range(1, len(parts[0]), 2) if n != at]
        steps = ({int(part[n]) - int(part[at]) for part in parts} for n in others)
        fixed = ({part[n] for part in parts} for n in others)
        if all(min(len(step), len(same)) == 1 for step, same in zip(steps, fixed, strict=True)):
            yield [
                _Numbered(name, "".join(part[:at]), part[at])
                for name, part in zip(names, parts, strict=True)
            ]


def _are_pages(found: Sequence[_Numbered], folder: str) -> bool:
    """Return whether files are the pages of one work, by what stands before their numbers."""
    stems = {one.stem for one in found}
    numbers = {int(one.number) for one in found}
    sides = {(int(one.number), one.side) for one in found}
    gaps = max(numbers) - min(numbers) + 1 - len(numbers)
    in_step = len({re.sub(r"\d+", "0", stem) for stem in stems}) == 1
    if not in_step or len(sides) < len(found) or gaps > _MAX_GAPS * len(numbers):
        return False
    stem = stems.pop()
    long = all(len(one.number) >= _LONG_NUMBER for one in found)
    own = bool(folder) and stem.strip("_-. ").casefold() == folder.casefold()
    named = bool(stem) and _STEM.fullmatch(stem) is not None
    if not (own or named or (long and not stem) or (long and stem.endswith(("_", "-")))):
        return False
    written = [one.number for one in found]
    dated = _DAY if named else _DAY_OR_YEAR
    return not (all(map(dated.fullmatch, written)) or (not own and _PAPER.fullmatch(stem)))


def pages_in_folders(folder: Path, entries: Sequence[Path]) -> list[str]:
    """Return the pages of a work that has a folder for each, called after its number, with one
    file in all of them ("seq-1/ocr.txt"), as newspapers are handed out; [] where there is none."""
    within = [entry.name for entry in entries if entry.is_dir() and not entry.is_symlink()]
    run = page_run([f"{name}.txt" for name in within], folder.name)
    if not run or len(run) < len(within):
        return []
    names = [name.removesuffix(".txt") for name in run]
    held = [list((folder / name).iterdir()) for name in names]
    inside = [{n.name for n in entries} for entries in held]
    same = sorted(set.intersection(*inside))
    found = (name for kind in _KINDS for name in same if name.lower().endswith(kind))
    page = next(found, None)
    alone = all(n.is_file() and n.stem == Path(page or "").stem for n in chain(*held))
    return [f"{name}/{page}" for name in names] if page and alone else []


def _is_of_page(name: str, run: Sequence[str]) -> bool:
    """Return whether a file belongs to a page of a work, or says what the work is: a picture or
    the places of the words on it."""
    stem = Path(name).stem
    return RECORDS.fullmatch(name) is not None or any(Path(page).stem == stem for page in run)


def write_work(
    target: Path,
    pages: Sequence[Path],
    records: Iterable[bytes],
    numbers: Sequence[str] = (),
    day: str = "",
) -> tuple[Path, ...]:
    """Write the pages into `target` as one file, and return the sidecars made for it from what
    describes the work. `day`: its date, where no record gives one. Raises `UnreadableSource` for a
    page that cannot be read, and for pages that are too many to be put together here."""
    most = ARCHIVE.total if target.suffix in _PICTURES else _MAX_WORK
    if sum(page.stat().st_size for page in pages) > most:
        raise UnreadableSource(
            f"{shown(pages[0])} and the other pages have more than {most // MB:,} MB, which no "
            "work has; give the pages other names, so that each is read by itself"
        )
    if target.suffix in _PICTURES:
        _bind_pictures(target, pages)
    elif target.suffix not in _PAGE_BEGINS:
        texts = [decode(page.read_bytes(), page).strip("\r\n\f") for page in pages]
        target.write_bytes(PAGE_BREAK.join(texts).encode("utf-8", "surrogatepass"))
    else:
        target.write_bytes(_with_all_pages([page.read_bytes() for page in pages], target.suffix))
    fields: dict[str, str | list[str]] = {}
    for raw in records:
        try:
            fields = {**_record_fields(raw), **fields}
        except UnreadableSource:
            continue
    if day:
        fields.setdefault("date", day)
    if any(numbers):
        fields["pages"] = list(numbers)
    if not fields:
        return ()
    import yaml

    beside = target.with_suffix(".yaml")
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
    beside.write_text(text, encoding="utf-8")
    return (beside,)


def _bind_pictures(target: Path, pages: Sequence[Path]) -> None:
    """Write the pictures of pages into one file, which `read_picture` takes. They are not looked
    into: that is done where a damaged one can harm nothing."""
    with ZipFile(target, "w") as bound:
        for number, page in enumerate(pages):
            # No time of a file: the same pages make the same file.
            info = ZipInfo(f"{number:06}{page.suffix}")
            with page.open("rb") as picture, bound.open(info, "w", force_zip64=True) as written:
                shutil.copyfileobj(picture, written)


def _with_all_pages(files: Sequence[bytes], kind: str) -> bytes:
    """Return the first of these files with the pages of all in place of its own."""
    found = [(file, place) for file in files if (place := _page_in(file, kind))]
    if not found:
        return b"".join(files[:1])
    first, (start, end) = found[0]
    return first[:start] + b"\n".join(file[a:b] for file, (a, b) in found) + first[end:]


def _page_in(file: bytes, kind: str) -> tuple[int, int] | None:
    """Return where the page in a file begins and ends, None where there is none."""
    begins = _PAGE_BEGINS[kind].search(file)
    *_, last = [-1, *(end.start(1) for end in _PAGE_ENDS[kind].finditer(file))]
    return (begins.start(1), last) if begins and begins.start(1) <= last else None


def work_name(name: str, run: Sequence[str]) -> str:
    """Return a file name for the work that a folder or zip file of this name holds, of the kind
    of its pages."""
    kind = Path(run[0]).suffix.lower() if run else ".txt"
    kind = {".hocr": ".html", ".htm": ".html", **dict.fromkeys(_PICTURES, ".tiff")}.get(kind, kind)
    return f"{printable(name)[:100] or 'pages'}{kind}"


_YEAR = re.compile(r"(?<!\d)1[0-9]{3}(?!\d)|(?<!\d)20\d\d(?!\d)")
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
            article = [line_of(part) for part in info if name_of(part) == "nonSort"]
            parts = (line_of(part) for part in info if name_of(part) != "nonSort")
            return " ".join(filter(None, [*article, ": ".join(filter(None, parts))]))
    return next(_lines(root, ("title",)), "")


def _creator(root: _Element) -> str:
    for tag in ("100", "110"):
        for field in _marc(root, tag):
            parts = (line_of(part) for part in field if part.get("code") == "a")
            return in_order(" ".join(parts).strip(" ,."))
    names = [
        in_order(_name_in(name))
        for name in root.iter("{*}name")
        if any(_is_author(role) for role in name.iter("{*}roleTerm"))
        or name.get("usage") == "primary"
    ]
    return " and ".join(filter(None, names)) or in_order(next(_lines(root, _CREATORS), ""))


def _name_in(name: _Element) -> str:
    """Return a name of MODS, which may have its parts apart, in any order."""
    parts = [(n.get("type"), line_of(n)) for n in name if name_of(n) == "namePart"]
    said = [text for of in ("given", "family", None) for kind, text in parts if kind == of]
    return " ".join(filter(None, said))


def _is_author(role: _Element) -> bool:
    return line_of(role).casefold().strip(".") in {"author", "creator", "aut", "cre"}


def _date(root: _Element) -> str:
    for name in _DATES:  # MODS gives a stretch as two dates
        ends = {
            n.get("point"): line_of(n) for n in root.iter(f"{{*}}{name}", name) if n.get("point")
        }
        if ends.get("start") and ends.get("end"):
            return to_edtf(f"{ends['start']}/{ends['end']}")
    marc = (line_of(part) for tag in ("260", "264") for field in _marc(root, tag) for part in field)
    for text in (*_lines(root, _DATES), *marc):
        year = _YEAR.search(text)
        if found := to_edtf(text.strip(" .,;[]")) or (year[0] if year else ""):
            return found
    return ""


def _marc(root: _Element, tag: str) -> Iterator[_Element]:
    return (field for field in root.iter("{*}datafield") if field.get("tag") == tag)


def _lines(root: _Element, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for element in root.iter(f"{{*}}{name}", name):
            if text := line_of(element).strip():
                yield text


_LABEL = re.compile(r"(?:[^\W\d_]{1,9}\.?\s+)?[\[(]?(\d{1,5}|[ivxlcIVXLC]{1,7})[\])]?\.?")
"""The number of a page in its label: "12", "Page 12", "[iv]"."""

_MAX_NUMBER = 12


@dataclass(frozen=True, slots=True)
class _MetsPage:
    """A page: its printed number, "" where none is given, and the places of its files."""

    number: str
    files: tuple[str, ...]


def _mets_pages(raw: bytes) -> list[_MetsPage]:
    """Return the pages that a record lists, in order; [] where it lists none, or is no METS."""
    try:
        root = parse_xml(raw, "the record")
    except UnreadableSource:
        return []
    if name_of(root) != "mets":
        return []
    places = {
        file.get("ID"): _href(where)
        for file in root.iter("{*}file")
        for where in file.iterfind("{*}FLocat")
    }
    maps = sorted(
        root.iterfind("{*}structMap"), key=lambda n: (n.get("TYPE") or "").casefold() != "physical"
    )
    for structure in maps:
        found = [
            (_order(part), _MetsPage(_number(part), files))
            for part in structure.iter("{*}div")
            if (files := tuple(filter(None, map(places.get, _ids(part)))))
        ]
        if len(found) > 1:
            orders = [order for order, _ in found]
            if None not in orders and len(set(orders)) == len(orders):
                found.sort(key=lambda n: n[0] or 0)
            return [page for _, page in found]
    return []


def _href(where: _Element) -> str:
    given = (value for name, value in where.items() if str(name).rpartition("}")[2] == "href")
    return unquote(next(given, "")).replace("\\", "/")


def _ids(part: _Element) -> Iterator[str]:
    """Yield the ids of the files of a division itself, not of those within it."""
    for pointer in part.iterfind("{*}fptr"):
        for place in pointer.iter("{*}fptr", "{*}area"):
            if name := place.get("FILEID"):
                yield name


def _order(part: _Element) -> int | None:
    given = part.get("ORDER") or ""
    return int(given) if given.isdecimal() else None


def _number(part: _Element) -> str:
    own = printable(part.get("ORDERLABEL") or "").strip()
    if own and len(own) <= _MAX_NUMBER:
        found = _LABEL.fullmatch(own)
        return found[1] if found else own
    found = _LABEL.fullmatch(printable(part.get("LABEL") or "").strip())
    return found[1] if found else ""
