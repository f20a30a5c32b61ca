"""A PDF opened with care: what is no whole PDF, or locked, is refused with what to do, and layers
that are switched off are taken out: what is drawn in them is on no page.

Beside its pages it may hold filled-in fields, forms in XFA, and attached files.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown
from rag.ingest.shared.blocks import name_of
from rag.ingest.shared.decoding import BOOK, parse_xml

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

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
    if not _switched_off(reader) and not _has_expressions(reader):
        return None
    from pypdf import PdfWriter
    from pypdf.generic import ContentStream, DecodedStreamObject, NameObject

    writer = PdfWriter(clone_from=reader)
    hidden = _switched_off(writer)
    for page in writer.pages:
        contents = page.get_contents()
        if contents is None:
            continue
        stream = ContentStream(contents, writer)
        stream.operations = list(_shown(stream.operations, page.get("/Resources", {}), hidden))
        page[NameObject("/Contents")] = writer._add_object(stream)
    seen: set[int] = set()
    for page in writer.pages:
        for forms, name in list(_forms(page, seen)):
            form = _resolved(forms[name])
            stream = ContentStream(form, writer)
            operations = list(_shown(stream.operations, form.get("/Resources", {}), hidden))
            if len(operations) < len(stream.operations):
                stream.operations = operations
                left = DecodedStreamObject()
                left.update({k: form.raw_get(k) for k in form if k not in _OF_STREAM})
                left.set_data(stream.get_data())
                forms[NameObject(name)] = writer._add_object(left)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _has_expressions(reader: PdfReader) -> bool:
    """Return whether something in a file is shown under an expression, as while a layer is off."""
    if not _resolved(reader.root_object.get("/OCProperties")):
        return False
    return any(
        "/VE" in (_resolved(layer) or ())
        for page in reader.pages
        for part in (page, *(_resolved(forms[name]) for forms, name in _forms(page, set())))
        for layer in (part.get("/OC"), *_properties(part).values())
    )


def _properties(part: Any) -> Mapping[str, Any]:
    return _resolved((_resolved(part.get("/Resources")) or {}).get("/Properties")) or {}


def _forms(part: Any, seen: set[int]) -> Iterator[tuple[Any, str]]:
    """Yield the forms that are drawn on a page, or in such a form, each once: where it is listed,
    with its name there."""
    resources = _resolved(part.get("/Resources")) or {}
    objects = _resolved(resources.get("/XObject")) or {}
    for name in objects:
        number = getattr(_raw(objects, name), "idnum", None)
        form = _resolved(objects[name])
        if (
            number is None
            or number in seen
            or form.get("/Subtype") != "/Form"
            or len(seen) > _MAX_FORMS
        ):
            continue
        seen.add(number)
        yield from _forms(form, seen)
        yield objects, name


def _switched_off(document: Any) -> set[int]:
    """Return the object numbers of the layers that are not shown."""
    root = document.root_object
    layers = _resolved(root.get("/OCProperties"))
    if not layers:
        return set()
    usual = _resolved(layers.get("/D")) or {}
    numbers = {item.idnum for item in layers.get("/OCGs", ())}
    off = {item.idnum for item in _resolved(usual.get("/OFF")) or ()}
    if usual.get("/BaseState") == "/OFF":
        off |= numbers - {item.idnum for item in _resolved(usual.get("/ON")) or ()}
    return off | set(_off_on_screen(usual))


def _off_on_screen(usual: Any) -> Iterator[int]:
    """Yield the object numbers of the layers that are shown only in print or on export."""
    for rule in _resolved(usual.get("/AS")) or ():
        rule = _resolved(rule)
        if rule.get("/Event") != "/View" or "/View" not in (_resolved(rule.get("/Category")) or ()):
            continue
        for layer in _resolved(rule.get("/OCGs")) or ():
            usage = _resolved(_resolved(layer).get("/Usage")) or {}
            if (_resolved(usage.get("/View")) or {}).get("/ViewState") == "/OFF":
                yield layer.idnum


def _shown(operations: Iterable[Any], resources: Any, hidden: set[int]) -> Iterable[Any]:
    """Yield the operations outside marked content of hidden layers."""
    resources = _resolved(resources) or {}
    properties = _resolved(resources.get("/Properties")) or {}
    objects = _resolved(resources.get("/XObject")) or {}
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
            layer = _raw(_resolved(objects[operands[0]]), "/OC")
            if layer is not None and _is_hidden(layer, hidden):
                continue
        if not depth or operator in {b"q", b"Q", b"cm", b"Tf", b"BT", b"ET"}:
            yield operands, operator


def _is_hidden(layer: Any, hidden: set[int]) -> bool:
    """Return whether a layer, or a group of which all must be shown, is hidden."""
    number = getattr(layer, "idnum", None)
    if number in hidden:
        return True
    content = _resolved(layer)
    if isinstance(content, Mapping) and (rule := _resolved(content.get("/VE"))):
        return not _holds(rule, hidden)
    members = _raw(content, "/OCGs") if isinstance(content, Mapping) else None
    if members is None:
        return False
    listed = [members] if hasattr(members, "idnum") else list(_resolved(members))
    if hasattr(members, "idnum") and isinstance(_resolved(members), list):
        listed = list(_resolved(members))
    states = [getattr(item, "idnum", None) in hidden for item in listed]
    if not states:
        return False
    policy = content.get("/P", "/AnyOn")
    return {"/AllOn": any(states), "/AnyOff": not any(states), "/AllOff": not all(states)}.get(
        policy, all(states)
    )


def _holds(rule: Any, hidden: set[int], depth: int = 0) -> bool:
    """Return whether what is shown under an expression is shown: [/Not [/Or layer layer]]."""
    resolved = _resolved(rule)
    if not isinstance(resolved, list) or not resolved or depth > _MAX_EXPRESSION:
        return getattr(rule, "idnum", None) not in hidden
    operator, *parts = resolved
    states = [_holds(part, hidden, depth + 1) for part in parts]
    if operator == "/Not":
        return not all(states)
    return any(states) if operator == "/Or" else all(states)


_MAX_EXPRESSION = 20
_MAX_FORMS = 1_000
_OF_STREAM = frozenset(["/Filter", "/DecodeParms", "/Length"])


def _raw(item: Any, key: str) -> Any:
    return item.raw_get(key) if hasattr(item, "raw_get") and key in item else None


def _resolved(item: Any) -> Any:
    """Return what a reference in a PDF refers to, anything else as it is."""
    return item.get_object() if hasattr(item, "get_object") else item


_PLACEHOLDER = re.compile(
    r"\s*(?:please wait|bitte warten|veuillez patienter|espere|attendere prego)\W", re.IGNORECASE
)
_OF_VIEWER = re.compile(r"\b(?:adobe (?:acrobat )?reader|pdf viewer)\b", re.IGNORECASE)
_PLACEHOLDER_SIZE = 1_500


def is_placeholder(page: str) -> bool:
    """Return whether all that a page of a form says is that the viewer cannot show the form."""
    of_viewer = len(page) < _PLACEHOLDER_SIZE and _OF_VIEWER.search(page) is not None
    return of_viewer or _PLACEHOLDER.match(page) is not None


def has_xfa(reader: PdfReader) -> bool:
    """Return whether a file holds a form of Adobe's XFA kind."""
    return "/XFA" in (_resolved(reader.root_object.get("/AcroForm")) or {})


_HIDDEN = 0b10_0010  # hidden, or shown on no screen
_FILLED = frozenset(["/Tx", "/Ch", "/Btn"])
_PUSHED, _ONE_OF_SEVERAL = 1 << 16, 1 << 15
_TICK = "Yes"
_MADE_BY_PROGRAM = re.compile(
    r".*\[\d+\].*|.{1,2}|(?:text|field|untitled|fill|check ?box|radio ?button|button)?[\W_]*\d*",
    re.IGNORECASE,
)


def filled_fields(page: PageObject) -> list[str]:
    """Return what was written on a page as in a form: the text fields that are filled in ("Name of
    witness: Amos Dell"), the boxes that are ticked, and words typed on it."""
    lines = []
    for reference in _resolved(page.get("/Annots")) or ():
        field = _resolved(reference)
        if int(field.get("/F") or 0) & _HIDDEN:
            continue
        if field.get("/Subtype") == "/FreeText":
            lines.append(printable(str(_resolved(field.get("/Contents")) or "")))
        if field.get("/Subtype") != "/Widget" or _inherited(field, "/FT") not in _FILLED:
            continue
        value = _inherited(field, "/V")
        if _inherited(field, "/FT") == "/Btn":
            value = _ticked(field)
        text = "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
        label = printable(str(field.get("/TU") or _inherited(field, "/T") or "")).strip(" :")
        unnamed = value == _TICK and _MADE_BY_PROGRAM.fullmatch(label)
        if text.strip() and not unnamed:
            named = "" if _MADE_BY_PROGRAM.fullmatch(label) else f"{label}: "
            lines.append(named + text.replace("\r\n", "\n").replace("\r", "\n").strip())
    return [line for line in lines if line]


def _ticked(button: Any) -> str:
    """Return what a box or button that is ticked says, "" for any other."""
    state = str(button.get("/AS") or "/Off")
    flags = int(_inherited(button, "/Ff") or 0)
    if state == "/Off" or flags & _PUSHED:
        return ""
    chosen = printable(state.lstrip("/"))
    return chosen if flags & _ONE_OF_SEVERAL and not chosen.isdecimal() else _TICK


def xfa_lines(reader: PdfReader, path: Path) -> list[str]:
    """Return what is filled in in a form of Adobe's XFA, a line for each field."""
    form = _resolved(reader.root_object.get("/AcroForm")) or {}
    parts = _resolved(form.get("/XFA"))
    if not parts:
        return []
    streams = [_resolved(part) for part in (parts if isinstance(parts, list) else [parts])]
    lines: list[str] = []
    for stream in streams:
        if not hasattr(stream, "get_data"):
            continue
        try:
            root = parse_xml(stream.get_data(), f"{shown(path)}: its form")
        except UnreadableSource:
            continue  # the packets of one form may be pieces of one XML text
        data = [part for part in root.iter("{*}data") if "xfa-data" in str(part.tag)]
        lines += [line for part in data for line in _leaves(part)]
    return lines


def _leaves(part: Any) -> Iterator[str]:
    for element in part.iter():
        text = " ".join((element.text or "").split()) if not len(element) else ""
        if text:
            label = re.sub(r"[_\W]+", " ", name_of(element)).strip()
            yield f"{label}: {text}"


def _inherited(field: Any, key: str) -> Any:
    """Return what a field says, or the one above it."""
    for _ in range(8):
        if key in field:
            return _resolved(field[key])
        field = _resolved(field.get("/Parent"))
        if not field:
            break
    return None


_MAX_ATTACHED = 1_000


def _pinned_files(reader: PdfReader) -> Iterator[tuple[str, bytes]]:
    """Yield the files that are attached to places on the pages."""
    for page in reader.pages:
        for reference in _resolved(page.get("/Annots")) or ():
            mark = _resolved(reference)
            if mark.get("/Subtype") != "/FileAttachment":
                continue
            file = _resolved(mark.get("/FS")) or {}
            stream = _resolved((_resolved(file.get("/EF")) or {}).get("/F"))
            if hasattr(stream, "get_data") and len(content := stream.get_data()) <= BOOK.member:
                yield str(file.get("/UF") or file.get("/F") or ""), content


def attached_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file attached to a PDF, none for a damaged one.

    What is larger than a file of one work may be is left out.
    """
    from pypdf.errors import PyPdfError

    try:
        reader = open_pdf(path)
        attached = list(reader.attachment_list)[:_MAX_ATTACHED]
        pinned = list(_pinned_files(reader))[:_MAX_ATTACHED]
    except (UnreadableSource, PyPdfError, *DAMAGE):
        return
    yield from pinned
    for file in attached:
        try:
            content = file.content
        except (PyPdfError, *DAMAGE):
            continue
        if len(content) <= BOOK.member:
            yield file.alternative_name or file.name, content
