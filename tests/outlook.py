"""Messages as Outlook stores them, made for tests: a compound file (MS-CFB) of small streams."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

SECTOR, SMALL = 512, 64
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STORAGE, STREAM, ROOT = 1, 2, 5

Folder = dict[str, "bytes | Folder"]


def text(tag: str, said: str) -> Folder:
    """Return a property that is a text."""
    return {f"__substg1.0_{tag}001F": said.encode("utf-16-le")}


def content(tag: str, raw: bytes) -> Folder:
    """Return a property that is bytes."""
    return {f"__substg1.0_{tag}0102": raw}


def numbers(head: int, sent: int) -> Folder:
    """Return the properties of fixed size: when the message was sent, in ticks since 1601."""
    row = struct.pack("<HHIQ", 0x0040, 0x0039, 6, sent)
    return {"__properties_version1.0": bytes(head) + row}


def write_msg(path: Path, root: Folder) -> Path:
    """Write a message. Streams are kept in the small sectors, whatever their length."""
    entries: list[list[Any]] = []
    small = bytearray()
    chains: list[int] = []

    def add(name: str, what: bytes | Folder, kind: int) -> int:
        number = len(entries)
        entry: list[Any] = [name.encode("utf-16-le"), kind, FREE, FREE, 0, 0]
        entries.append(entry)
        if isinstance(what, bytes):
            count = -(-len(what) // SMALL)
            entry[4], entry[5] = len(chains) if count else END, len(what)
            chains.extend([*range(len(chains) + 1, len(chains) + count), END] if count else [])
            small.extend(what.ljust(count * SMALL, b"\0"))
            return number
        before: list[Any] | None = None
        for inner, value in what.items():  # a list instead of a balanced tree
            child = add(inner, value, STREAM if isinstance(value, bytes) else STORAGE)
            if before is None:
                entry[3] = child
            else:
                before[2] = child
            before = entries[child]
        return number

    add("Root Entry", root, ROOT)
    directory = b"".join(
        struct.pack(
            "<64sHBBIII16xI8x8xIQ",
            name, len(name) + 2, kind, 1, FREE, right, child, 0, start, size,
        )
        for name, kind, right, child, start, size in entries
    )  # fmt: skip
    smalls = b"".join(struct.pack("<I", n) for n in chains)
    parts = [padded(directory), padded(smalls, b"\xff"), padded(bytes(small))]
    starts: list[int] = []
    fat: list[int] = []
    for part in parts:
        count = len(part) // SECTOR
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + count), END]
    table = len(fat)
    fat.append(FAT)
    parts[0] = parts[0][:116] + struct.pack("<IQ", starts[2], len(small)) + parts[0][128:]
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, starts[0], 0, 0x10000000, starts[1], len(parts[1]) // SECTOR, END, 0, table,
    )  # fmt: skip
    listed = padded(b"".join(struct.pack("<I", n) for n in fat), b"\xff")
    assert len(listed) == SECTOR, "too much for one sector of the table"
    path.write_bytes(head.ljust(SECTOR, b"\xff") + b"".join(parts) + listed)
    return path


def padded(raw: bytes, by: bytes = b"\0") -> bytes:
    """Return bytes up to the end of a sector."""
    return raw.ljust(-(-max(len(raw), 1) // SECTOR) * SECTOR, by)
