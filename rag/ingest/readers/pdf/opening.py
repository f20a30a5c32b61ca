"""A PDF opened with care: what is no whole PDF, or locked, is refused with what to do, and layers
that are switched off are taken out: what is drawn in them is on no page."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def without_hidden_layers(reader: PdfReader) -> bytes | None:
    """Return the file without what its switched-off layers draw, None where none is off."""
    off = _switched_off(reader)
    if not off:
        return None
    from pypdf import PdfWriter
    from pypdf.generic import ContentStream, NameObject

    writer = PdfWriter(clone_from=reader)
    hidden = _switched_off(writer)
    for page in writer.pages:
        contents = page.get_contents()
        if contents is None:
            continue
        stream = ContentStream(contents, writer)
        stream.operations = list(_shown(stream.operations, page.get("/Resources", {}), hidden))
        page[NameObject("/Contents")] = writer._add_object(stream)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _switched_off(document: Any) -> set[int]:
    """Return the object numbers of the layers that are not shown."""
    root = document.root_object
    layers = resolved(root.get("/OCProperties"))
    if not layers:
        return set()
    usual = resolved(layers.get("/D")) or {}
    numbers = {item.idnum for item in layers.get("/OCGs", ())}
    off = {item.idnum for item in resolved(usual.get("/OFF")) or ()}
    if usual.get("/BaseState") == "/OFF":
        off |= numbers - {item.idnum for item in resolved(usual.get("/ON")) or ()}
    return off


def _shown(operations: Iterable[Any], resources: Any, hidden: set[int]) -> Iterable[Any]:
    """Yield the operations outside marked content of hidden layers."""
    resources = resolved(resources) or {}
    properties = resolved(resources.get("/Properties")) or {}
    objects = resolved(resources.get("/XObject")) or {}
    depth = 0  # of marked content, from the hidden one on
    for operands, operator in operations:
        if operator in {b"BDC", b"BMC"}:
            named = operator == b"BDC" and operands[0] == "/OC" and isinstance(operands[1], str)
            layer = _raw(properties, operands[1]) if named else None
            if depth or (layer is not None and _is_hidden(layer, hidden)):
                depth += 1
                continue
        elif operator == b"EMC" and depth:
            depth -= 1
            continue
        if operator == b"Do" and operands and operands[0] in objects:
            layer = _raw(resolved(objects[operands[0]]), "/OC")
            if layer is not None and _is_hidden(layer, hidden):
                continue
        if not depth or operator in {b"q", b"Q", b"cm", b"Tf", b"BT", b"ET"}:
            yield operands, operator


def _is_hidden(layer: Any, hidden: set[int]) -> bool:
    """Return whether a layer, or a group of which all must be shown, is hidden."""
    number = getattr(layer, "idnum", None)
    if number in hidden:
        return True
    content = resolved(layer)
    members = _raw(content, "/OCGs") if isinstance(content, Mapping) else None
    if members is None:
        return False
    listed = [members] if hasattr(members, "idnum") else list(resolved(members))
    if hasattr(members, "idnum") and isinstance(resolved(members), list):
        listed = list(resolved(members))
    states = [getattr(item, "idnum", None) in hidden for item in listed]
    if not states:
        return False
    policy = content.get("/P", "/AnyOn")
    return {"/AllOn": any(states), "/AnyOff": not any(states), "/AllOff": not all(states)}.get(
        policy, all(states)
    )


def _raw(item: Any, key: str) -> Any:
    return item.raw_get(key) if hasattr(item, "raw_get") and key in item else None


def resolved(item: Any) -> Any:
    """Return what a reference in a PDF refers to, anything else as it is."""
    return item.get_object() if hasattr(item, "get_object") else item
