"""The files of a folder, each with its collection and what stands beside it.

A folder may hold one work as a file for each page, of text or of OCR, as HathiTrust and the
Internet Archive hand them out: its pages become one file. The library records beside them
(MODS, Dublin Core, MARC, METS around them, and the Internet Archive's own) say what the work is,
and METS which files, pictures too, are its pages, in which order and with which numbers.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote
from zipfile import ZipFile, ZipInfo

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import SourceError, UnreadableSource
from rag.ingest.names import folder_collection, in_order, printable, shown
from rag.ingest.shared.blocks import name_of
from rag.ingest.shared.decoding import ARCHIVE, MB, decode, line_of, parse_xml
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.ingest.sidecar import (
    COLLECTION_FILES,
    SUFFIXES,
    Sidecar,
    orphan_reason,
    pair,
    read_collection,
)
from rag.ingest.zotero import LIBRARY, attachments, is_library
from rag.language import to_edtf

if TYPE_CHECKING:
    from lxml.etree import _Element

_MIN_PAGES = 3
_MAX_WORK = 256 * MB
"""Of the pages of a work that are text: four times the longest book with the places of its words.
They are put together in the build's own process."""

_MAX_RECORD = 16 * MB
"""A year of a newspaper with all files of its pages has some 10."""

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


def _pages_in_folders(folder: Path, entries: Sequence[Path]) -> list[str]:
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


_ISO_DAY = re.compile(r"(?:1[4-9]|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_NO_NAME = re.compile(rf"ed-?\d{{1,2}}|ocr|te?xts?|pages?|alto|hocr|xml|{_ISO_DAY.pattern}", re.I)
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


OnSkip = Callable[[SkippedFile], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read. `name` is what reports call it."""

    path: Path
    collection: Collection
    name: str
    sidecars: tuple[Path, ...] = ()
    temporary: bool = False
    """Unpacked from a zip file, until the next one is asked for."""
    described_by: str = ""
    """Who added the zip file that this is from, or described it."""
    built_in: Callable[[], Iterator[SourceDocument | SkippedFile]] | None = None
    """Reads what comes with the install and is no file."""

    pages: tuple[Path, ...] = ()
    """The files of the pages of one work, where it is the folder of such."""
    numbers: tuple[str, ...] = ()
    """Those printed on the pages, where a record says so."""
    records: tuple[Path, ...] = ()
    """What says what the work is, where it is a folder or zip file of pages."""
    about: Sidecar | None = None
    """What the library that it is from says of it."""

    def in_reports(self, text: str) -> str:
        """Return `text` with the place that the file was read from in the words of a report.

        >>> unpacked = Found(Path("/x/a.pdf"), Collection("", ""), "o.zip/a.pdf", temporary=True)
        >>> unpacked.in_reports("/x/a.pdf is empty")
        'o.zip/a.pdf is empty'
        """
        here = shown(self.path.parent)
        there = self.name.rpartition("/")[0]
        return text.replace(here, there) if self.temporary else text

    def renaming(self, on_skip: OnSkip) -> OnSkip:
        """Return `on_skip` for reports that name the file's place."""
        return lambda skip: on_skip(
            SkippedFile(self.in_reports(skip.path), self.in_reports(skip.reason))
        )


def lone_file(path: Path, on_skip: OnSkip) -> Found:
    """Return a file that was given by itself, with its folder's collection."""
    folder = path.resolve().parent
    collection = _described_collection(folder, folder_collection(folder), on_skip)
    beside = [path.with_suffix(suffix) for suffix in SUFFIXES]
    sidecars = tuple(p for p in beside if p != path and p.is_file())
    return Found(path, collection, shown(path), sidecars, records=_called_after(path))


def _called_after(path: Path) -> tuple[Path, ...]:
    """Return the records beside a folder or zip file that are called after it."""
    stem = path.resolve().with_suffix("").name if path.is_file() else path.resolve().name
    kinds = ("mets", "mods", "dc", "marc", "meta")
    beside = (path.resolve().parent / f"{stem}{s}{kind}.xml" for kind in kinds for s in "._-")
    return tuple(record for record in beside if record.is_file())


def content_of(record: Path) -> bytes:
    """Return what a library's record holds, nothing of what is too long for one."""
    with record.open("rb") as file:
        content = file.read(_MAX_RECORD + 1)
    return content if len(content) <= _MAX_RECORD else b""


def walk_folder(
    folder: Path,
    on_skip: OnSkip,
    above: Collection | None = None,
    beside: Sequence[Path] | None = None,
) -> Iterator[Found]:
    """Yield the files of a folder and of all folders in it, sorted by name.

    Hidden files and README.md are left out; of a Zotero library the files of its items are
    yielded, under the collection of the library. `above` is the collection of the folder that
    this one is in: it goes on here unless a `collection.yaml` begins another. `beside`: the records
    of libraries beside the folder that are about it; None to look for them.
    """
    if is_library(folder):
        yield from _library(folder, on_skip)
        return
    try:
        entries = [e for e in sorted(folder.iterdir()) if not is_passed_over(e.name)]
        begins = above is None or any((folder / name).is_file() for name in COLLECTION_FILES)
    except OSError as error:
        on_skip(SkippedFile(shown(folder), reason(error, folder)))
        return
    collection = above
    if collection is None or begins:
        collection = _described_collection(folder, folder_collection(folder), on_skip)
    own = [entry for entry in entries if RECORDS.fullmatch(entry.name) and entry.is_file()]
    records = (*own, *(_called_after(folder) if beside is None else beside))
    work = work_among(
        [e.name for e in entries if e.is_file()], folder.name, map(content_of, records)
    )
    try:
        work = work if work.pages else PagedWork(_pages_in_folders(folder, entries))
    except OSError as error:
        on_skip(SkippedFile(shown(folder), reason(error, folder)))
    if work.pages:
        pages = tuple(folder / name for name in work.pages)
        yield Found(
            folder, collection, shown(folder), pages=pages, numbers=work.numbers, records=records
        )
        entries = [entry for entry in entries if not work.holds(entry.name)]
    about = {
        entry.name: tuple(n for n in own if describes(n.name, content_of(n), entry.stem))
        for entry in entries
        if own and (entry.is_dir() or entry.suffix.lower() == ".zip")
    }
    entries = [e for e in entries if not any(e in found for found in about.values())]
    pairs, orphans = pair(entry.name for entry in entries if not entry.is_dir())
    for entry in entries:
        if entry.name in pairs:
            sidecars = tuple(folder / name for name in pairs[entry.name])
            of_work = about.get(entry.name, ())
            yield Found(entry, collection, shown(entry), sidecars, records=of_work)
        elif entry.name in orphans:
            on_skip(SkippedFile(shown(entry), orphan_reason(entry)))
        elif entry.is_symlink() and entry.is_dir():
            # It may lead back to a folder above.
            linked = "a link to a folder is not followed; give the folder itself as a source"
            on_skip(SkippedFile(shown(entry), linked))
        elif entry.is_dir():
            yield from walk_folder(entry, on_skip, collection, about.get(entry.name, ()))


def _library(folder: Path, on_skip: OnSkip) -> Iterator[Found]:
    """Yield the files of a Zotero library."""
    skipped: list[SkippedFile] = []
    try:
        files = attachments(folder, skipped)
    except SourceError as error:
        on_skip(SkippedFile(shown(folder / LIBRARY), str(error)))
        return
    for skip in skipped:
        on_skip(skip)
    for each in files:
        report(each.path, list(each.problems), on_skip)
        yield Found(each.path, each.collection, shown(each.path), about=each.about)


def work_of(found: Found, on_skip: OnSkip) -> Iterator[Found]:
    """Yield the one file that the pages of a work are put together in."""
    with TemporaryDirectory(prefix="source-finder-") as made:
        called = _called(found.path.resolve())
        target = Path(made) / work_name(called, [page.name for page in found.pages])
        day = next((part for part in reversed(called.split()) if _ISO_DAY.fullmatch(part)), "")
        records = map(content_of, found.records)
        try:
            beside = write_work(target, found.pages, records, found.numbers, day)
        except (SourceError, OSError) as error:
            on_skip(SkippedFile(found.name, reason(error, found.path)))
            return
        name = shown(found.path / target.name)
        yield Found(target, found.collection, name, beside, temporary=True)


def _called(folder: Path) -> str:
    """Return the name of the work in a folder: with those above it where its own says only what is
    in it, or which issue: "sn83030214 1864-06-10 ed-1"."""
    names = [folder.name]
    while _NO_NAME.fullmatch(names[0]) and len(names) <= len(folder.parts) - 2:
        names.insert(0, folder.parts[-len(names) - 1])
    return " ".join(names)


def is_passed_over(name: str) -> bool:
    """Return whether a file or folder is no source: hidden, or about the folder."""
    return name.startswith(".") or name.lower() == "readme.md"


def _described_collection(folder: Path, collection: Collection, on_skip: OnSkip) -> Collection:
    """Return a collection as the `collection.yaml` in its folder describes it."""
    for name in COLLECTION_FILES:
        if (folder / name).is_file():
            return collection_from(folder / name, collection, on_skip)
    return collection


def collection_from(path: Path, collection: Collection, on_skip: OnSkip) -> Collection:
    """Return a collection as a file describes it; what is wrong there is reported."""
    try:
        collection, problems = read_collection(path, collection)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(shown(path), reason(error, path)))
        return collection
    report(path, problems, on_skip)
    return collection


def report(path: Path, problems: list[str], on_skip: OnSkip) -> None:
    """Report what makes no sense in a file of metadata, as one line."""
    if problems:
        text = f"{shown(path)}: {'; '.join(problems)}; the rest of it is used"
        on_skip(SkippedFile(shown(path), text))


def reason(error: Exception, path: Path) -> str:
    """Return what to tell the user about a file that could not be read."""
    if isinstance(error, OSError):
        why = printable(str(error.strerror or error))
        return f"{shown(path)} cannot be opened ({why}); check its permissions"
    return str(error)


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
