"""E-mail (.eml, Outlook's .msg): the message is a document, and what is attached others."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, Message, MIMEPart
from email.parser import BytesParser
from email.utils import format_datetime, formataddr, parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_document, printable, shown
from rag.ingest.shared.blocks import SEPARATOR, join
from rag.ingest.shared.decoding import (
    BLANK_LINES,
    declared_encoding,
    decode,
    paragraph_locators,
    parse_html,
)
from rag.ingest.shared.html_blocks import blocks
from rag.ingest.shared.notes import merged

if TYPE_CHECKING:
    from lxml.etree import _Element
    from olefile import OleFileIO

# Heads of a message as mail programs set them above what they quote: who, when, on what.
_FROM = r"^[ \t*]*(?:From|Von|De|Da|Van|Från|Fra)[ *]*:[^\n]+\n+"
_WHEN = (
    r"[ \t*]*(?:Sent|Date|Gesendet|Datum|Envoyé(?: le)?|Enviado(?: el| em)?|Fecha|Data|Inviato"
    r"|Verzonden|Skickat|Sendt)[ *]*:"
    # With the time of day, which the heads of a letter or memorandum in the text lack.
    r"[^\n]*?(?<!\d)(?<!\d\.)\d{1,2}[:.h]\d\d(?!\d|\.\d)"
)
_ON = r"[ \t*]*(?:Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Ämne|Emne)[ *]*:"
_LINES = r"(?:[^\n]+\n+){0,8}?"
# Another's words: quoted lines, what introduces them, and whole messages below.
_QUOTED = re.compile(
    r"^>.*(?:\n>.*)*|^(?:On|Am|Le|El|Il)\b[^\n]{4,200}(?:\n[^\n]{1,100})?(?:wrote|schrieb|écrit|escribió"
    r"|ha scritto)\s?:[^\S\n]*(?=\n+>)|^[^\n]{2,100} (?:writes|wrote):\s*(?=\n+>)"
    r"|^-{2,}\s?(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine)"
    r"\s?-{2,}[\s\S]*"
    r"|^_{10,}\nFrom: [\s\S]*|^-- \n[\s\S]*"
    rf"|{_FROM}(?={_LINES}{_WHEN}){_LINES}{_ON}[\s\S]*",
    re.MULTILINE,
)
_WORD = re.compile(r"\w+")
_SHOWN = ("From", "To", "Cc", "Date", "Subject")

# Outlook's numbers for what a message holds (MS-OXPROPS), the better ones first.
_SUBJECT, _TO, _CC, _PLAIN, _HTML = "0037", "0E04", "0E03", "1000", "1013"
_SENDER, _ADDRESS = ("0042", "0C1A"), ("5D02", "5D01", "0065", "0C1F")
_FILE_NAME, _FILE = ("3707", "3704"), "3701"
_SENT, _RECEIVED, _CODE_PAGE, _HTML_CODE_PAGE = 0x0039, 0x0E06, 0x3FFD, 0x3FDE
# Windows' numbers for encodings that Python has under other names.
_ENCODINGS = {page: f"iso8859-{page - 28590}" for page in range(28591, 28606)} | {
    20127: "cp1252",
    20866: "koi8-r",
    21866: "koi8-u",
    50220: "iso2022-jp",
    51932: "euc-jp",
    51949: "euc-kr",
    54936: "gb18030",
}
_YEAR_ZERO = datetime(1601, 1, 1, tzinfo=UTC)
_MAX_DEPTH = 5


class _Heads(HeaderRegistry):
    """Reads heads as `email` does; one on which that fails, with whatever error, is empty."""

    def __call__(self, name: str, value: str) -> Any:
        try:
            return super().__call__(name, value)
        except Exception:  # noqa: BLE001
            return super().__call__(name, "")


_POLICY = policy.default.clone(header_factory=_Heads())


def read_mail(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the message of an .eml or .msg file, with its heads in front.

    Raises `UnreadableSource` if it is no message or says nothing.
    """
    message = _parsed(path)
    said = _body(message, path).strip()
    if not said or not message.keys():
        raise UnreadableSource(f"{shown(path)} is not a message with text; leave it out")
    # Quotation marks around a name are for mail programs.
    shown_as = {name: printable(str(message[name] or "")).replace('"', "") for name in _SHOWN[:-1]}
    shown_as["Subject"] = printable(str(message["Subject"] or ""))
    heads = [f"{name}: {value}" for name, value in shown_as.items() if value]
    text = SEPARATOR.join(["\n".join(heads), said]) if heads else said
    quoted = _QUOTED.finditer(text, len(text) - len(said))
    name, address = parseaddr(str(message["From"] or ""))
    yield file_document(
        path,
        collection,
        text,
        shown_as["Subject"],
        creator=printable(name or address) or None,
        date=_date(message),
        kind="primary",
        locators=paragraph_locators(text, BLANK_LINES),
        excluded=merged([Span(*found.span()) for found in quoted]),
    )


def mail_attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file attached to a message, none of a damaged one."""
    try:
        message = _parsed(path)
        of_text = _parts_of_text(message)
        attached = [part for part in message.iter_attachments() if part not in of_text]
    except UnreadableSource:
        return
    for number, part in enumerate(attached, start=1):
        content = part.get_payload(decode=True)
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                yield f"message-{number}.eml", inner[0].as_bytes()
        elif isinstance(content, bytes):
            yield part.get_filename() or f"attachment-{number}", content


def _parsed(path: Path) -> EmailMessage:
    if path.suffix.lower() == ".msg":
        return _from_outlook(path)
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=_POLICY).parse(file)


def _body(message: EmailMessage, path: Path) -> str:
    found = (_shown(part, path).strip() for part in _parts_of_text(message))
    return SEPARATOR.join(said for said in found if said)


def _parts_of_text(message: MIMEPart) -> list[MIMEPart]:
    """Return the parts that hold a message's own words: they may go on behind a picture."""
    if message.get_content_type() != "multipart/mixed":
        return [message]
    found: list[MIMEPart] = []
    before = ""
    for part in message.iter_parts():
        kind = part.get_content_type()
        apart = part.is_attachment() or part.get_filename()
        # A page right behind a plain text is the same text.
        same = (before, kind) == ("text/plain", "text/html")
        if kind.startswith("multipart/") and not apart:
            found += _parts_of_text(part)
        elif kind in {"text/plain", "text/html"} and not apart and not same:
            found.append(part)
        before = "" if apart else kind
    return found or [message]


def _shown(part: MIMEPart, path: Path) -> str:
    """Return the words of a part of a message, those of its plain form if it has several."""
    plain, page = (part.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    if plain is None or plain.get_payload() is None:  # one of Outlook with heads alone
        return _said(page, path) if page is not None else ""
    said = _said(plain, path)
    if page is None:
        return said
    of_page = _said(page, path)
    words, others = (set(_WORD.findall(text.casefold())) for text in (said, of_page))
    # What has few words of the page says only that there is one.
    return of_page if 2 * len(words & others) <= len(words) else said


def _said(part: MIMEPart, path: Path) -> str:
    """Return the words of a part of a message."""
    is_html = part.get_content_subtype() == "html"
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeError, KeyError) as error:
        raise UnreadableSource(
            f"{shown(path)} is in an unknown encoding ({printable(str(error))}); save it again "
            "from a mail program"
        ) from error
    # Where the message does not say how it is written, the page may.
    raw = None if part.get_content_charset() else part.get_payload(decode=True)
    unsaid = raw if isinstance(raw, bytes) else b""
    if is_html:
        return _with_quoted(parse_html(unsaid or content, path))
    text = content if unsaid.isascii() else decode(unsaid, path)
    return _unescaped(text.replace("\r\n", "\n"))


def _unescaped(text: str) -> str:
    """Return a text without the ">" that mailboxes put before "From" at a line's beginning."""
    lines = ["", *text.split("\n"), ""]
    for number in range(1, len(lines) - 1):
        before, line, after = lines[number - 1 : number + 2]
        quotes = before.startswith(">") or before.rstrip().endswith(":") or after.startswith(">")
        if line.startswith(">From ") and not quotes:
            lines[number] = line[1:]
    return "\n".join(lines[1:-1])


def _with_quoted(root: _Element) -> str:
    """Return the words of a message in HTML, those that it quotes as lines behind ">"."""
    for element in list(root.iter("blockquote", "div")):
        classes = (element.get("class") or "").split()
        if element.get("type") == "cite" or {"gmail_quote", "moz-cite-prefix"} & set(classes):
            said = join(blocks(element))[0]
            for child in list(element):
                element.remove(child)
            element.tag = "pre"
            element.text = "\n".join(f"> {line}" for line in said.splitlines() if line)
    return join(blocks(root))[0]


def _date(message: EmailMessage) -> str | None:
    try:
        return f"{parsedate_to_datetime(str(message['Date'])):%Y-%m-%d}"
    except (TypeError, ValueError):
        return None


def _from_outlook(path: Path) -> EmailMessage:
    """Return Outlook's message as one of the Internet; raises `UnreadableSource`."""
    from olefile import OleFileIO

    try:
        with OleFileIO(path) as ole:
            sizes = [ole.root.size, *map(ole.get_size, ole.listdir())]
            if max(sizes) > path.stat().st_size:  # olefile would follow it without end
                raise OSError("a stream is larger than the file")
            return _Stored(ole).message()
    # What a damaged file makes the library raise, besides its own errors.
    except (OSError, ValueError, LookupError, TypeError, struct.error, RecursionError) as error:
        raise UnreadableSource(
            f"{shown(path)} is damaged or not an Outlook message ({printable(str(error))}); "
            "save it again, as .eml if the mail program can"
        ) from error


class _Stored:
    """A message, or what is attached to one, in Outlook's file: `at` is its folder in there."""

    def __init__(self, ole: OleFileIO, at: tuple[str, ...] = (), encoding: str = "") -> None:
        self._ole = ole
        self._at = at
        self._encoding = encoding or self._code_page(_CODE_PAGE)

    def message(self) -> EmailMessage:
        message = EmailMessage(policy=_POLICY)
        sender = next(filter(None, map(self._line, _SENDER)), "")
        address = next((given for given in map(self._line, _ADDRESS) if "@" in given), "")
        named = bool(sender) and sender != address
        heads = {
            "From": formataddr((sender, address)) if named else address,
            "To": self._line(_TO),
            "Cc": self._line(_CC),
            "Date": self._sent(),
            "Subject": self._line(_SUBJECT),
        }
        for name, value in heads.items():
            if value:
                message[name] = value
        if plain := self._text(_PLAIN):
            message.set_content(plain)
        elif html := self._raw(_HTML, "0102"):
            page = self._code_page(_HTML_CODE_PAGE, _CODE_PAGE)
            said = {} if declared_encoding(html) else {"charset": page}
            message.set_content(html, "text", "html", params=said)
        for folder in self._folders("__attach"):
            folder.attach_to(message)
        return message

    def attach_to(self, message: EmailMessage) -> None:
        name = next(filter(None, map(self._line, _FILE_NAME)), None)
        content = self._raw(_FILE, "0102")
        if content:
            message.add_attachment(content, "application", "octet-stream", filename=name)
        for inner in self._folders(f"__substg1.0_{_FILE}000D"):
            if len(self._at) < _MAX_DEPTH:
                message.add_attachment(inner.message())

    def _folders(self, prefix: str) -> Iterator[_Stored]:
        for entry in self._ole.listdir(streams=False, storages=True):
            if tuple(entry[:-1]) == self._at and entry[-1].startswith(prefix):
                yield _Stored(self._ole, tuple(entry), self._encoding)

    def _line(self, tag: str) -> str:
        return printable(self._text(tag))

    def _text(self, tag: str) -> str:
        wide = self._raw(tag, "001F")
        if wide:
            return wide.decode("utf-16-le", "replace").replace("\0", "")
        return self._raw(tag, "001E").decode(self._encoding, "replace").replace("\0", "")

    def _raw(self, tag: str, kind: str) -> bytes:
        return self._stream(f"__substg1.0_{tag}{kind}")

    def _stream(self, name: str) -> bytes:
        where = [*self._at, name]
        if self._ole.get_type(where) != 2:  # a stream
            return b""
        content: bytes = self._ole.openstream(where).read()
        return content

    def _numbers(self) -> dict[int, bytes]:
        """Return the values of fixed size by their numbers."""
        raw = self._stream("__properties_version1.0")
        head = 24 if self._at else 32
        rows = (raw[at : at + 16] for at in range(head, len(raw) - 15, 16))
        return {int.from_bytes(row[2:4], "little"): row[8:] for row in rows}

    def _code_page(self, *tags: int) -> str:
        """Return the encoding that the first of these properties names, Windows' if none does."""
        numbers = self._numbers()
        for tag in tags:
            page = int.from_bytes(numbers.get(tag, b"")[:4], "little")
            try:
                return codecs.lookup(_ENCODINGS.get(page, f"cp{page}")).name
            except LookupError:
                continue
        return "cp1252"

    def _sent(self) -> str:
        """Return when a message was sent, else when it came, as mail writes it."""
        numbers = self._numbers()
        ticks = int.from_bytes(numbers.get(_SENT) or numbers.get(_RECEIVED) or b"", "little")
        try:  # tenths of microseconds
            return (
                format_datetime(_YEAR_ZERO + timedelta(microseconds=ticks // 10)) if ticks else ""
            )
        except OverflowError:
            return ""
