"""Layers of a PDF that are switched off: what is drawn in them is on no page."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PdfReader


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
    layers = _resolved(root.get("/OCProperties"))
    if not layers:
        return set()
    usual = _resolved(layers.get("/D")) or {}
    numbers = {item.idnum for item in layers.get("/OCGs", ())}
    off = {item.idnum for item in _resolved(usual.get("/OFF")) or ()}
    if usual.get("/BaseState") == "/OFF":
        off |= numbers - {item.idnum for item in _resolved(usual.get("/ON")) or ()}
    return off


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


def _raw(item: Any, key: str) -> Any:
    return item.raw_get(key) if hasattr(item, "raw_get") and key in item else None


def _resolved(item: Any) -> Any:
    return item.get_object() if hasattr(item, "get_object") else item
