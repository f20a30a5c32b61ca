"""What an EPUB says of itself: its parts in reading order, its table of contents, its title.

`META-INF/container.xml` names the package file; that lists the parts and their order
("the spine"), the metadata, and where the table of contents is.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown
from rag.ingest.shared.chapters import ContentsLine
from rag.ingest.shared.html_blocks import types_of
from rag.ingest.shared.markup import line_of, parse_xhtml, parse_xml
from rag.ingest.shared.running import name_of
from rag.ingest.shared.zips import BOOK, read_member

if TYPE_CHECKING:
    from lxml.etree import _Element

# These only scramble the book's fonts; its text is plain.
_FONTS_ONLY = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"},
)


@dataclass(frozen=True, slots=True)
class Package:
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


class Parts:
    """The parts of an EPUB file, by name."""

    def __init__(self, archive: ZipFile, path: Path) -> None:
        self._archive = archive
        self._listed = {info.filename: info for info in archive.infolist()}
        self.path = path

    def __contains__(self, name: str) -> bool:
        return name in self._listed

    def read(self, name: str) -> bytes:
        """Return a part's contents; raises `UnreadableSource` if it is absent or damaged."""
        if name not in self._listed:
            raise UnreadableSource(
                f"{shown(self.path)} is not an EPUB, or an incomplete one: its part "
                f"{printable(name)} is missing; fetch it again"
            )
        return read_member(self._archive, self._listed[name], self.path, BOOK)

    def xml(self, name: str) -> _Element:
        """Return the root of a part; raises `UnreadableSource`."""
        return parse_xml(self.read(name), f"{shown(self.path)}: its part {printable(name)}")


def read_package(parts: Parts) -> Package:
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
    return Package(tuple(dict.fromkeys(spine)), contents, _metadata(root), roles)


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
