"""Bytes into what readers read: letters, members of zip files, elements of HTML and XML.

Letters are read whatever their encoding. Zip files are opened with care: whole archives, and EPUB
and Word files, which are zips too. A few kilobytes can claim to hold gigabytes. What an archive's
own list of contents says is checked before anything is unpacked, and no member is ever unpacked
beyond what the list says of it.

Of HTML and XML nothing is fetched and no entity is expanded. A page is decoded as it says it is
written. Pages that claim to be XML and are not well-formed are common; they are read as HTML then,
as a browser would.
"""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from rag.datatypes import Locator, Span
from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

# Control characters that occur in text: tab, line ends, form feed, and Ctrl-Z, with
# which old systems closed a file.
_BINARY = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")


def decode(raw: bytes, path: Path) -> str:
    """Return the text of a file's bytes, line ends untouched, a byte order mark left out.

    UTF-8 is tried first, then Windows-1252, then Latin-1. The last two can hardly fail,
    so another old encoding (Mac Roman, KOI8) comes out as wrong letters: convert such a
    file to UTF-8 beforehand. UTF-16 is recognised by its byte order mark alone. `path`
    is for the message of `UnreadableSource`, raised if this is not text.
    """
    encodings = ["utf-8-sig", "cp1252", "latin-1"]
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _BINARY.search(text):
            break
        return text
    raise UnreadableSource(
        f"{shown(path)} is not a text file (it holds control characters); "
        "if it is text, save it as UTF-8, else give it its proper extension"
    )


LINES = re.compile(r"[\r\n]\s*")
"""Every line is a paragraph."""

# "\r(?!\n)": the two characters of one Windows line end must not count as two line ends.
_LINE_END = r"(?:\r\n|\n|\r(?!\n))"
BLANK_LINES = re.compile(rf"{_LINE_END}[^\S\r\n]*{_LINE_END}\s*")
"""Paragraphs are set off by blank lines; a line end alone is only a wrapped line."""


def paragraph_locators(
    text: str, separator: re.Pattern[str], within: Span | None = None
) -> tuple[Locator, ...]:
    """Return "paragraph 1", "paragraph 2", … over `text`, or over a part of it.

    Each span runs from its paragraph's first character to the next paragraph's, the
    last one to the end of the part; blank paragraphs are not counted.

    >>> [(p.label, p.span.of("One.\\n\\nTwo.")) for p in
    ...  paragraph_locators("One.\\n\\nTwo.", LINES)]
    [('paragraph 1', 'One.\\n\\n'), ('paragraph 2', 'Two.')]
    """
    part = Span(0, len(text)) if within is None else within
    first = re.compile(r"\S").search(text, part.start, part.end)
    if first is None:
        return ()
    breaks = (found.end() for found in separator.finditer(text, first.start(), part.end))
    starts = [first.start(), *(at for at in breaks if at < part.end)]
    ends = [*starts[1:], part.end]
    return tuple(
        Locator(Span(start, end), f"paragraph {number}")
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )


MB = 1 << 20

# What a damaged archive makes zipfile raise, besides its own errors.
DAMAGE = (
    BadZipFile,
    LargeZipFile,
    NotImplementedError,
    RuntimeError,
    LookupError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
)
_ENCRYPTED = 0x1
_LISTING = 400
"""Bytes in an archive's list for each file: 46, its name, and what else packers write there."""
# bzip2 and LZMA members are unpacked by zipfile without any bound on memory.
_METHODS = frozenset({ZIP_STORED, ZIP_DEFLATED})
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """How much an archive may hold; sizes in bytes, unpacked."""

    members: int = 20_000
    total: int = 8192 * MB
    member: int = 512 * MB
    ratio: int = 200
    """How many times its packed size a member may be. Prose packs 3 to 4 times, tables
    of figures and markup up to some 50; bombs of one layer reach 1,000."""
    ratio_from: int = 1 * MB
    """Smaller members do no harm whatever their ratio."""


ARCHIVE = ZipLimits()
BOOK = ZipLimits(total=2048 * MB, member=64 * MB)
"""For a file of one work: pictures may be large, but no chapter is."""


@contextmanager
def opened(path: Path, kind: str, limits: ZipLimits) -> Iterator[ZipFile]:
    """Open an archive whose contents keep within the limits as a whole.

    `kind` ("a zip file", "an EPUB") is for the message of `UnreadableSource`, raised if it
    is none, is damaged, or claims to hold too much.
    """
    try:
        _check_listing(path, limits)
        archive = ZipFile(path)
    except DAMAGE as error:
        raise UnreadableSource(_not_opened(path, kind, error)) from error
    with archive:
        listed = archive.infolist()
        total = sum(info.file_size for info in listed)
        if len(listed) > limits.members:
            raise _too_many(path, limits)
        if total > limits.total:
            raise UnreadableSource(
                f"{shown(path)} would take {total // MB:,} MB unpacked, more than "
                f"{limits.total // MB:,}; if you trust it, unpack it and give the folder"
            )
        yield archive


def _check_listing(path: Path, limits: ZipLimits) -> None:
    """Raise `UnreadableSource` where an archive's list of contents alone would fill the memory."""
    with path.open("rb") as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # None where there is none
    if end is not None and end[zipfile._ECD_SIZE] > _LISTING * limits.members:  # type: ignore[attr-defined]
        raise _too_many(path, limits)


def _too_many(path: Path, limits: ZipLimits) -> UnreadableSource:
    return UnreadableSource(
        f"{shown(path)} holds more than {limits.members:,} files; unpack it and give the folder"
    )


def _not_opened(path: Path, kind: str, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        return f"{shown(path)} is empty; fetch or copy it again"
    if head == _OLE:
        return (
            f"{shown(path)} is protected by a password, or an old Office file under a new "
            "name; open it and save it again without a password"
        )
    if head.startswith(b"PK"):
        return (
            f"{shown(path)} is damaged or cut short ({printable(str(error))}); fetch or copy "
            "it again"
        )
    return f"{shown(path)} is not {kind}; give it its proper extension, or fetch it again"


def check_member(info: ZipInfo, where: str, limits: ZipLimits) -> None:
    """Raise `UnreadableSource` for a member that cannot be unpacked, or should not be."""
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableSource(f"{where} is protected by a password; unpack it and give the folder")
    if info.compress_type not in _METHODS:
        raise UnreadableSource(
            f"{where} is packed by a method that cannot be read; pack it again as an ordinary zip"
        )
    packed = max(info.compress_size, 1)
    bomb = info.file_size > limits.ratio_from and info.file_size / packed > limits.ratio
    if bomb or info.file_size > limits.member:
        raise UnreadableSource(
            f"{where} would grow from {info.compress_size:,} to {info.file_size:,} bytes when "
            "unpacked, which no text does; leave it out, or unpack it yourself if you trust it"
        )


def read_member(archive: ZipFile, info: ZipInfo, path: Path, limits: ZipLimits) -> bytes:
    """Return the contents of a member of the archive at `path`.

    Raises `UnreadableSource` if it is damaged, encrypted, or beyond the limits.
    """
    where = f"{shown(path)}: its part {printable(info.filename)}"
    check_member(info, where, limits)
    try:
        return archive.read(info)
    except (*DAMAGE, OSError) as error:
        raise damaged(where, error) from error


def damaged(where: str, error: Exception) -> UnreadableSource:
    """Return the error for a member that cannot be unpacked."""
    return UnreadableSource(
        f"{where} is damaged ({printable(str(error))}); fetch or copy the file again"
    )


_DECLARED = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([\w.:-]+)"
    rb"|<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]+)",
    re.IGNORECASE,
)
# Browsers look this far for the declaration; some archives put a comment before it.
_DECLARED_WITHIN = 4096
# Python knows codecs that are no encodings of text ("rot13", "unicode_escape").
_ENCODING = re.compile(
    r"(?:utf-?8|iso|windows|cp|koi8|mac|x-mac|gb|big5|hz|euc|shift|sjis|latin|us-ascii|ascii|tis)",
    re.IGNORECASE,
)
# What is labelled with these is in fact Windows-1252, as browsers have it by rule.
_WESTERN = frozenset({"ascii", "iso8859-1"})
_XML_PROLOGUE = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]{0,2000}>", re.DOTALL)
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
# Bounded, so that a page of nothing but beginnings does not take for ever.
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,2000}(?:\[[^\]]{0,20000}\]\s*)?>", re.IGNORECASE)


def _xml_parser() -> XMLParser:
    """Return a parser that expands no entity and opens nothing else."""
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        # Some files use an id twice, which only matters to a validator.
        collect_ids=False,
    )


def _uses_entities(root: _Element) -> bool:
    """Return whether a file declares entities, or has one that was left unexpanded."""
    from lxml import etree

    declared = root.getroottree().docinfo.internalDTD
    # The stubs do not know this method.
    entities = [] if declared is None else list(declared.iterentities())  # type: ignore[attr-defined]
    return bool(entities) or next(root.iter(etree.Entity), None) is not None


def line_of(element: _Element) -> str:
    """Return all words of an element on one line, comments left out."""
    return printable(str(element.xpath("string()")))


def first_line(root: _Element | None, name: str) -> str:
    """Return the words of the first element of this name, "" where there is none."""
    element = next(root.iter(f"{{*}}{name}"), None) if root is not None else None
    return line_of(element) if element is not None else ""


def attribute(element: _Element | None, name: str) -> str | None:
    """Return an attribute, whatever its namespace."""
    given = element.attrib.items() if element is not None else ()
    return next((str(v) for key, v in given if str(key).rpartition("}")[2] == name), None)


def parse_xml(raw: bytes, where: str) -> _Element:
    """Return the root of a part of an EPUB or Word file.

    `where` names the part in the message of `UnreadableSource`, raised if it is not
    well-formed or brings entities of its own.
    """
    from lxml import etree

    try:
        root = etree.fromstring(raw, _xml_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        if "entity" in str(error).casefold():
            raise _entities_refused(where) from error
        raise UnreadableSource(
            f"{where} is not well-formed XML ({printable(str(error))}); fetch the file again"
        ) from error
    if _uses_entities(root):
        raise _entities_refused(where)
    return root


def _entities_refused(where: str) -> UnreadableSource:
    return UnreadableSource(
        f"{where} relies on its own entities, which are not expanded because they can be made "
        "to exhaust the machine or to read other files; make the file again with another "
        "program, or, if you trust it, expand them first: xmllint --noent FILE"
    )


class Parts:
    """The parts of a file that is a zip of XML (EPUB, Word, OpenDocument), by name."""

    def __init__(self, archive: ZipFile, path: Path) -> None:
        self._archive = archive
        self._listed = {info.filename: info for info in archive.infolist()}
        self.path = path

    def __contains__(self, name: str) -> bool:
        return name in self._listed

    def read(self, name: str) -> bytes:
        """Return a part's contents; raises `UnreadableSource` if it is absent or damaged."""
        if name not in self:
            raise UnreadableSource(
                f"{shown(self.path)} is incomplete, or not a file of its kind: its part "
                f"{printable(name)} is missing; fetch it again"
            )
        return read_member(self._archive, self._listed[name], self.path, BOOK)

    def xml(self, name: str) -> _Element:
        """Return the root of a part; raises `UnreadableSource`."""
        return parse_xml(self.read(name), f"{shown(self.path)}: its part {printable(name)}")

    def xml_if_there(self, name: str) -> _Element | None:
        """Return the root of a part, None where there is none; raises `UnreadableSource`."""
        return self.xml(name) if name in self else None


def root_name(raw: bytes) -> str:
    """Return the name of the outermost element of an XML file, "" where none can be told."""
    found = _ROOT.search(_XML_PROLOGUE.sub(b" ", raw[:20_000]))
    return found[1].decode("ascii", "replace") if found else ""


def parse_xhtml(raw: bytes, path: Path) -> _Element:
    """Return the root of a page that should be XML, read as HTML where it is not.

    Raises `UnreadableSource` as `parse_html` does.
    """
    try:
        return parse_xml(raw, shown(path))
    except UnreadableSource:
        return parse_html(raw, path)


def parse_html(page: bytes | str, path: Path) -> _Element:
    """Return the root of a page, whatever tags are missing in it. Of a page that is decoded
    already, what it declares about its letters no longer counts.

    Raises `UnreadableSource` if it is empty, not text, or nested beyond what can be read.
    """
    from lxml import etree

    text = page if isinstance(page, str) else _decode_page(page, path)
    text = _DOCTYPE.sub("", text, count=1)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _empty(path) from error
    # What lies deeper would be lost without a word.
    if any("depth" in entry.message for entry in parser.error_log):
        raise UnreadableSource(
            f"{shown(path)} has tags nested thousands deep; save it again from a browser"
        )
    # lxml gives None for a page of white space, which the stubs do not say.
    if root is None:
        raise _empty(path)
    return root


def _empty(path: Path) -> UnreadableSource:
    return UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")


def _decode_page(raw: bytes, path: Path) -> str:
    """Return the text of a page in the encoding that it declares.

    A byte order mark comes before the declaration. Without either, or where the
    declaration is wrong, it is decoded as plain text is. Raises `UnreadableSource` if it
    is not text.
    """
    encoding = declared_encoding(raw)
    if encoding is not None:
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            return decode(raw, path)
        if not _CONTROL.search(text):
            return text
    return decode(raw, path)


def declared_encoding(raw: bytes) -> str | None:
    """Return the encoding in which a page says that it is written, None where it says none that is
    known, or begins with a byte order mark."""
    if raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    found = _DECLARED.search(raw, 0, _DECLARED_WITHIN)
    label = (found[1] or found[2]).decode("ascii", "replace") if found else ""
    if not _ENCODING.match(label):
        return None
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    return "cp1252" if name in _WESTERN else name
