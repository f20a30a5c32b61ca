"""E-mail (.eml): the message is a document, and what is attached to it are others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, printable, shown
from rag.ingest.shared.blocks import SEPARATOR, join
from rag.ingest.shared.html_blocks import blocks
from rag.ingest.shared.markup import parse_html
from rag.ingest.shared.note_marks import merged
from rag.ingest.shared.paragraphs import BLANK_LINES, paragraph_locators

if TYPE_CHECKING:
    from lxml.etree import _Element

# Another's words: quoted lines, what introduces them, and whole messages below.
_QUOTED = re.compile(
    r"^>.*(?:\n>.*)*|^(?:On|Am|Le|El|Il)\b[^\n]{4,200}(?:\n[^\n]{1,100})?(?:wrote|schrieb|écrit|escribió"
    r"|ha scritto)\s?:\s*$|^[^\n]{2,100} (?:writes|wrote):\s*(?=\n+>)"
    r"|^-{2,}\s?(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine)"
    r"\s?-{2,}[\s\S]*"
    r"|^_{10,}\nFrom: [\s\S]*|^-- \n[\s\S]*",
    re.MULTILINE,
)
_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def read_mail(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the message of an .eml file, with its heads in front.

    Raises `UnreadableSource` if it is no message or says nothing.
    """
    message = _parsed(path)
    said = _body(message, path).strip()
    if not said or not message.keys():
        raise UnreadableSource(f"{shown(path)} is no message with a text; leave it out")
    heads = [f"{name}: {printable(str(message[name]))}" for name in _SHOWN if message[name]]
    text = SEPARATOR.join(["\n".join(heads), said]) if heads else said
    title = printable(str(message["Subject"] or "")) or file_title(path)
    name, address = parseaddr(str(message["From"] or ""))
    creator = printable(name or address) or None
    yield SourceDocument(
        document_id=file_id(path, collection),
        title=title,
        text=text,
        collection=collection,
        publication=in_file(path),
        creator=creator,
        date=_date(message),
        kind="primary",
        locators=paragraph_locators(text, BLANK_LINES),
        excluded=merged([Span(*found.span()) for found in _QUOTED.finditer(text)]),
        origin=shown(path),
    )


def mail_attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file attached to a message."""
    for number, part in enumerate(_parsed(path).iter_attachments(), start=1):
        content = part.get_payload(decode=True)
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                yield f"message-{number}.eml", inner[0].as_bytes()
        elif isinstance(content, bytes):
            yield part.get_filename() or f"attachment-{number}", content


def _parsed(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=policy.default).parse(file)


def _body(message: EmailMessage, path: Path) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, UnicodeError, KeyError) as error:
        raise UnreadableSource(
            f"{shown(path)} is in an encoding that is not known ({printable(str(error))}); save it "
            "anew from a mail program"
        ) from error
    if part.get_content_subtype() == "html":
        return _with_quoted(parse_html(content.encode("utf-8"), path))
    return content


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
