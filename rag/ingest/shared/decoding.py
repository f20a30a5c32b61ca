"""Bytes into text, whatever their encoding."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from rag.errors import UnreadableSource
from rag.ingest.names import shown

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
