"""EPUB: one book is one document, cited by chapter and paragraph.

Chapters are those of the book's table of contents; where it has none, each part of the
file is one. What Project Gutenberg and Standard Ebooks say about their editions is in the
text but is not evidence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rag.datatypes import EBOOK, Collection, Publication, SourceDocument
from rag.dates import WEB, iso_date
from rag.errors import UnreadableSource
from rag.ingest.names import file_title, in_file, in_order, shown
from rag.ingest.shared.blocks import (
    Block,
    document_of_blocks,
    join,
    name_of,
    outside,
    with_continued,
)
from rag.ingest.shared.books import (
    ContentsLine,
    Gutenberg,
    by_others,
    chapter_starts,
    gutenberg,
    kind_by_title,
)
from rag.ingest.shared.decoding import BOOK, Parts, line_of, opened, parse_xhtml
from rag.ingest.shared.html_blocks import blocks, note_links, types_of

if TYPE_CHECKING:
    from lxml.etree import _Element

# What a part is called in `epub:type`, in the guide of EPUB 2, and by Standard Ebooks in
# its file name.
_NO_EVIDENCE_WORDS = (
    "cover titlepage title-page halftitlepage halftitle imprint "
    "colophon uncopyright copyright-page copyright toc landmarks "
    "loi lot index endnotes footnotes rearnotes"
)
_NO_EVIDENCE = frozenset(_NO_EVIDENCE_WORDS.split())
# The page of a book that says who publishes it, where the file does not say which that is.
_IMPRINT = re.compile(r"\bISBN(?:-1[03])?\W{0,3}\d[\d\W]{8,16}[\dX]\b")
_MOST_IMPRINT = 4000
_STANDARD_EBOOKS = re.compile(r"https?://standardebooks\.org/ebooks/[\w./-]+")
_GUTENBERG = re.compile(r"gutenberg\.org/(?:ebooks/|files/)?(\d+)")
_PICTURES = frozenset({".svg", ".jpg", ".jpeg", ".png", ".gif", ".webp"})
_AUTHORS = frozenset({"aut", "cre", ""})


def read_epub(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the document of an EPUB file, and what of it is by others.

    Raises `UnreadableSource` if the file is damaged, encrypted, not an EPUB, or has no text.
    """
    with opened(path, "an EPUB", BOOK) as archive:
        parts = Parts(archive, path)
        package = _read_package(parts)
        read = _continued(_read_parts(parts, package))
    if not any(found for _, found in read):
        raise UnreadableSource(
            f"{shown(path)} holds no text: it may be a book of page images, which needs OCR; "
            "get an edition with text"
        )
    yield from by_others(_document(path, collection, package, read))


def _document(
    path: Path, collection: Collection, package: _Package, read: list[tuple[str, list[Block]]]
) -> SourceDocument:
    whole = [block for _, found in read for block in found]
    text, spans = join(whole)
    book = gutenberg(text)
    if book:
        whole = outside(whole, spans, book.body)
    title = package.first("title") or file_title(path)
    creator = _creators(package)
    library, url = _library(package, book) or (None, None)
    missing = len(package.spine) - len(read)
    date, published = _dates(package, of_library=library is not None)
    return document_of_blocks(
        path,
        collection,
        whole,
        chapter_starts(read, package.contents),
        title,
        publication=library or replace(in_file(path), published=published),
        creator=creator,
        date=date,
        url=url,
        kind=kind_by_title(title),
        rights=package.first("rights"),
        notes=(f"{missing} of {len(package.spine)} parts are missing",) if missing else (),
    )


def _read_parts(parts: Parts, package: _Package) -> Iterator[tuple[str, list[Block]]]:
    """Yield the parts in reading order, each with its blocks. Printed pages go on from part to
    part, and the mark of a note may point into another one."""
    names = [name for name in package.spine if name in parts]
    noted: dict[str, set[str]] = {}
    for name in names:
        root = _parse_part(parts, name)
        for href in () if root is None else note_links(root):
            there, _, fragment = resolve(name, href).partition("#")
            if there != name and fragment and names.index(name) < _place_of(there, names):
                noted.setdefault(there, set()).add(fragment)
    page: str | None = None
    for name in names:
        found = _blocks(parts, name, package, frozenset(noted.get(name, ())), page)
        pages = [place.label for block in found for place in block.pages]
        page = pages[-1].removeprefix("p. ") if pages else page
        yield name, found


def _continued(parts: Iterable[tuple[str, list[Block]]]) -> list[tuple[str, list[Block]]]:
    """Return the parts, the beginning of one that begins within a sentence at the end of the one
    before: many books have a part for each page."""
    made: list[tuple[str, list[Block]]] = []
    before: list[Block] = []
    for name, found in parts:
        if before and found and found[0].text[:1].islower():
            joined = with_continued([before[-1], found[0]], [False, True])
            before[-1:] = joined[:1]
            found = [*joined[1:], *found[1:]]
        made.append((name, found))
        before = found or before
    return made


def _place_of(name: str, names: list[str]) -> int:
    return names.index(name) if name in names else -1


def _blocks(
    parts: Parts, name: str, package: _Package, notes: frozenset[str], page: str | None
) -> list[Block]:
    """Return the blocks of a part; all are boilerplate where the part is no evidence."""
    root = _parse_part(parts, name)
    if root is None:
        return []
    found = blocks(root, notes, page)
    said = {posixpath.basename(name).partition(".")[0], package.roles.get(name, "")}
    for body in root.iter("{*}body", "body"):
        said |= types_of(body)
        inside = [child for child in body if name_of(child)]
        if len(inside) == 1:  # the part as a whole, not an index within it
            said |= types_of(inside[0])
    text = "\n".join(block.text for block in found)
    if said & _NO_EVIDENCE or (len(text) < _MOST_IMPRINT and _IMPRINT.search(text)):
        return [replace(block, boilerplate=True) for block in found]
    return found


def _parse_part(parts: Parts, name: str) -> _Element | None:
    """Return the root of a part of the spine, None for a picture or an empty page."""
    raw = parts.read(name)
    if not raw.strip() or posixpath.splitext(name)[1].lower() in _PICTURES:
        return None
    return parse_xhtml(raw, parts.path)


def _creators(package: _Package) -> str | None:
    """Return the authors: people whose role is not given count as such."""
    roles = {
        (meta.get("refines") or "").removeprefix("#"): role
        for meta, role in package.values("meta")
        if meta.get("property") == "role"
    }
    people = []
    for element, name in package.values("creator"):
        role = element.get("{http://www.idpf.org/2007/opf}role") or roles.get(
            element.get("id") or "", ""
        )
        if role in _AUTHORS:
            people.append(in_order(name) if _YEAR.search(name) else name)
    return " and ".join(dict.fromkeys(people)) or None


def _library(package: _Package, book: Gutenberg | None) -> tuple[Publication, str] | None:
    """Return which library made this edition, and its page there; None for any other book."""
    for element in ("identifier", "source"):
        for _, value in package.values(element):
            found = _STANDARD_EBOOKS.search(value)
            if found:
                return Publication(type="book", publisher="Standard Ebooks"), found[0]
    numbers = [book.number] if book and book.number else []
    numbers += [
        m[1] for _, value in package.values("identifier") if (m := _GUTENBERG.search(value))
    ]
    if not numbers:
        return None
    number = f"{EBOOK} {numbers[0]}"
    made = Publication(type="book", publisher="Project Gutenberg", number=number)
    return made, f"https://www.gutenberg.org/ebooks/{numbers[0]}"


def _dates(package: _Package, of_library: bool) -> tuple[str | None, str]:
    """Return when the book was written or first came out, and when the file did where that is
    another day: a date of the Web's years is the file's, as a library's is."""
    for element, value in package.values("date"):
        event = element.get("{http://www.idpf.org/2007/opf}event") or ""
        own = event == "original-publication"
        if own or (event in {"", "publication"} and not of_library):
            found = iso_date(value)
            # Some programs put in the year 101 for want of one.
            if found and found >= "1000":
                return (found, "") if own or found < WEB else (None, found)
    return None, ""


# Of the life dates in a library's form of a name: "Thorne, Elias, 1790-1860".
_YEAR = re.compile(r"\d{4}")

# These only scramble the book's fonts; its text is plain.
_FONTS_ONLY = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"},
)


@dataclass(frozen=True, slots=True)
class _Package:
    """A book's parts in reading order, by their names in the zip file, and its metadata.

    `roles` says what a part is where the book says so ("cover", "copyright-page", "toc").
    """

    spine: tuple[str, ...]
    contents: tuple[ContentsLine, ...]
    metadata: Mapping[str, tuple[_Element, ...]]
    roles: Mapping[str, str] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        """Return the first value of a Dublin Core element ("title"), if there is any."""
        return next((text for _, text in self.values(name)), None)

    def values(self, name: str) -> Iterator[tuple[_Element, str]]:
        """Yield the elements of that name which say something, with their text."""
        for element in self.metadata.get(name, ()):
            text = line_of(element)
            if text:
                yield element, text


def _read_package(parts: Parts) -> _Package:
    """Return what the package file says.

    Raises `UnreadableSource` if the book is encrypted, or a file that it needs is missing.
    """
    _refuse_encrypted(parts)
    container = parts.xml("META-INF/container.xml")
    rootfile = next(container.iter("{*}rootfile"), None)
    name = (rootfile.get("full-path") or "") if rootfile is not None else ""
    root = parts.xml(name)
    items = {item.get("id"): item for item in root.iter("{*}item")}
    hrefs = {key: resolve(name, item.get("href") or "") for key, item in items.items()}
    spine = [
        hrefs[ref.get("idref")] for ref in root.iter("{*}itemref") if ref.get("idref") in hrefs
    ]
    nav = next((k for k, i in items.items() if "nav" in (i.get("properties") or "").split()), None)
    ncx = next(
        (k for k, i in items.items() if i.get("media-type") == "application/x-dtbncx+xml"), None
    )
    roles = {
        resolve(name, ref.get("href") or "").partition("#")[0]: ref.get("type") or ""
        for ref in root.iter("{*}reference")
    }
    contents: tuple[ContentsLine, ...] = ()
    if nav is not None and hrefs[nav] in parts:
        roles[hrefs[nav]] = "toc"
        contents = tuple(_nav(parts, hrefs[nav]))
    if not contents and ncx is not None and hrefs[ncx] in parts:
        contents = tuple(_ncx(parts.xml(hrefs[ncx]), hrefs[ncx]))
    return _Package(tuple(dict.fromkeys(spine)), contents, _metadata(root), roles)


def resolve(base: str, href: str) -> str:
    """Return the name in the zip file of what `href` in the part `base` points to.

    >>> resolve("OEBPS/nav.xhtml", "text/a%20b.xhtml#two")
    'OEBPS/text/a b.xhtml#two'
    """
    try:
        link = urlsplit(href)
    except ValueError:
        return ""
    if link.scheme:
        return ""
    target = posixpath.join(posixpath.dirname(base), unquote(link.path)) if link.path else base
    fragment = f"#{unquote(link.fragment)}" if link.fragment else ""
    return posixpath.normpath(target).lstrip("/") + fragment


def _refuse_encrypted(parts: Parts) -> None:
    name = "META-INF/encryption.xml"
    if name not in parts:
        return
    methods = {
        method.get("Algorithm")
        for data in parts.xml(name).iter("{*}EncryptedData")
        for method in data.iterfind("{*}EncryptionMethod")
    }
    if methods - _FONTS_ONLY:
        raise UnreadableSource(
            f"{shown(parts.path)} is encrypted (DRM), so its text cannot be read; get an edition "
            "without it, for instance from Project Gutenberg or Standard Ebooks"
        )


def _metadata(root: _Element) -> Mapping[str, tuple[_Element, ...]]:
    found: dict[str, list[_Element]] = {}
    for statement in root.iterfind("{*}metadata"):
        # Books of the first years have another element in between.
        for element in statement.iter():
            found.setdefault(name_of(element).casefold(), []).append(element)
    return {name: tuple(elements) for name, elements in found.items()}


def _nav(parts: Parts, name: str) -> Iterator[ContentsLine]:
    """Yield the table of contents of EPUB 3: nested lists of links."""
    root = parse_xhtml(parts.read(name), parts.path)
    navs = list(root.iter("{*}nav"))
    contents = next((nav for nav in navs if "toc" in types_of(nav)), None)
    if contents is None:
        return
    for link in contents.iter("{*}a"):
        above = []
        for item in link.iterancestors("{*}li", "li"):
            label = next(item.iterfind("{*}a"), None)
            if label is None:
                label = next(item.iterfind("{*}span"), None)
            if label is not None and label is not link:
                above.append(line_of(label))
        yield ContentsLine(
            line_of(link), resolve(name, link.get("href") or ""), tuple(reversed(above))
        )


def _ncx(root: _Element, name: str) -> Iterator[ContentsLine]:
    """Yield the table of contents of EPUB 2: nested `navPoint` elements."""
    for point in root.iter("{*}navPoint"):
        link = next(point.iterfind("{*}content"), None)
        if link is not None:
            above = [_ncx_label(outer) for outer in point.iterancestors("{*}navPoint")]
            href = resolve(name, link.get("src") or "")
            yield ContentsLine(_ncx_label(point), href, tuple(reversed(above)))


def _ncx_label(point: _Element) -> str:
    label = next(point.iterfind("{*}navLabel"), None)
    return line_of(label) if label is not None else ""
