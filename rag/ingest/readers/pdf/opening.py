"""A PDF opened with care: what is no whole PDF, or locked, is refused with what to do."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown

if TYPE_CHECKING:
    from pypdf import PdfReader

# What a damaged file can make pypdf raise, besides its own errors: it follows wrong
# offsets and reads wrong types.
DAMAGE = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    OSError,
    EOFError,
    struct.error,
    zlib.error,
)
_END_LIMIT = 2048
_SIGNATURES = {
    b"PK\x03\x04": "a Word, Excel or zip file",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"<": "HTML or XML, perhaps the error page of a website",
    b"AT&T": "a DjVu file",
}


def check_bytes(path: Path) -> None:
    """Refuse what is plainly no whole PDF, before a tolerant parser makes a guess of it."""
    with path.open("rb") as file:
        head = file.read(1024)
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_LIMIT))
        tail = file.read()
    if not head.strip(b"\0 \t\r\n"):
        raise UnreadableSource(f"{shown(path)} is empty; fetch or copy it again")
    if b"%PDF-" not in head:
        kinds = (kind for mark, kind in _SIGNATURES.items() if head.lstrip().startswith(mark))
        raise UnreadableSource(
            f"{shown(path)} is not a PDF: it looks like {next(kinds, 'something else')}; "
            "give it its proper extension, or fetch it again"
        )
    # Some programs fill the last block with zeros.
    if b"%%EOF" not in tail and b"startxref" not in tail.rstrip(b"\0"):
        raise UnreadableSource(
            f"{shown(path)} is cut short: the end of the PDF is missing; fetch or copy it again"
        )


def open_pdf(path: Path) -> PdfReader:
    """Return a PDF, opened. Raises `UnreadableSource` if it is damaged or locked."""
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(path)
        locked = reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED
    except DependencyError as error:
        raise UnreadableSource(
            f"{shown(path)} is encrypted with AES, which needs another package: "
            "pip install cryptography"
        ) from error
    except (PyPdfError, *DAMAGE) as error:
        raise damaged(path, error) from error
    if locked:
        raise UnreadableSource(
            f"{shown(path)} is encrypted and needs a password; save a copy without one, "
            "for instance: qpdf --password=SECRET --decrypt IN.pdf OUT.pdf"
        )
    return reader


def damaged(path: Path, error: Exception) -> UnreadableSource:
    """Return what to raise for a damaged PDF."""
    return UnreadableSource(
        f"{shown(path)} is damaged ({printable(str(error)) or type(error).__name__}); fetch it "
        "again, or repair it, for instance: qpdf IN.pdf OUT.pdf"
    )
