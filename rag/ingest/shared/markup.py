"""HTML and XML bytes into elements: nothing is fetched and no entity is expanded.

A page is decoded as it says it is written. Pages that claim to be XML and are not
well-formed are common; they are read as HTML then, as a browser would.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown
from rag.ingest.shared.plain_text import decode
from rag.ingest.shared.zips import BOOK, read_member

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

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
        f"{where} relies on entities of its own, which are not expanded because they can be made "
        "to exhaust the machine or to read other files; make the file anew with another program, "
        "or, if you trust it, expand them first: xmllint --noent FILE"
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
                f"{shown(self.path)} is incomplete, or no file of its kind: its part "
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


def parse_html(raw: bytes, path: Path) -> _Element:
    """Return the root of a page, whatever tags are missing in it.

    Raises `UnreadableSource` if it is empty, not text, or nested beyond what can be read.
    """
    from lxml import etree

    text = _DOCTYPE.sub("", _decode_page(raw, path), count=1)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _empty(path) from error
    # What lies deeper would be lost without a word.
    if any("depth" in entry.message for entry in parser.error_log):
        raise UnreadableSource(
            f"{shown(path)} has tags nested thousands deep; save it anew from a browser"
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
    declared = _declared(raw)
    if declared is not None:
        try:
            text = raw.decode(declared)
        except UnicodeError:
            return decode(raw, path)
        if not _CONTROL.search(text):
            return text
    return decode(raw, path)


def _declared(raw: bytes) -> str | None:
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
