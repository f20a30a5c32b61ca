"""E-mail (.eml): the message is a document, and what is attached to it are others."""

from __future__ import annotations

from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import file_id, file_title, in_file, printable, shown
from rag.ingest.shared.blocks import SEPARATOR, join
from rag.ingest.shared.html_blocks import blocks
from rag.ingest.shared.markup import parse_html
from rag.ingest.shared.paragraphs import BLANK_LINES, paragraph_locators

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
        origin=shown(path),
    )


def mail_attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file attached to a message."""
    for number, part in enumerate(_parsed(path).iter_attachments(), start=1):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
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
        return join(blocks(parse_html(content.encode("utf-8"), path)))[0]
    return content


def _date(message: EmailMessage) -> str | None:
    try:
        return f"{parsedate_to_datetime(str(message['Date'])):%Y-%m-%d}"
    except (TypeError, ValueError):
        return None
