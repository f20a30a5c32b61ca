"""Zip files opened with care: whole archives, and EPUB and Word files, which are zips too.

A few kilobytes can claim to hold gigabytes. What an archive's own list of contents says
is checked before anything is unpacked, and no member is ever unpacked beyond what the
list says of it.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown

MB = 1 << 20

# What a damaged archive makes zipfile raise, besides its own errors.
DAMAGE = (
    BadZipFile,
    LargeZipFile,
    NotImplementedError,
    RuntimeError,
    LookupError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
)
_ENCRYPTED = 0x1
_LISTING = 400
"""Bytes in an archive's list for each file: 46, its name, and what else packers write there."""
# bzip2 and LZMA members are unpacked by zipfile without any bound on memory.
_METHODS = frozenset({ZIP_STORED, ZIP_DEFLATED})
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """How much an archive may hold; sizes in bytes, unpacked."""

    members: int = 20_000
    total: int = 8192 * MB
    member: int = 512 * MB
    ratio: int = 200
    """How many times its packed size a member may be. Prose packs 3 to 4 times, tables
    of figures and markup up to some 50; bombs of one layer reach 1,000."""
    ratio_from: int = 1 * MB
    """Smaller members do no harm whatever their ratio."""


ARCHIVE = ZipLimits()
BOOK = ZipLimits(total=2048 * MB, member=64 * MB)
"""For a file of one work: pictures may be large, but no chapter is."""


@contextmanager
def opened(path: Path, kind: str, limits: ZipLimits) -> Iterator[ZipFile]:
    """Open an archive whose contents keep within the limits as a whole.

    `kind` ("a zip file", "an EPUB") is for the message of `UnreadableSource`, raised if it
    is none, is damaged, or claims to hold too much.
    """
    try:
        _check_listing(path, limits)
        archive = ZipFile(path)
    except DAMAGE as error:
        raise UnreadableSource(_not_opened(path, kind, error)) from error
    with archive:
        listed = archive.infolist()
        total = sum(info.file_size for info in listed)
        if len(listed) > limits.members:
            raise _too_many(path, limits)
        if total > limits.total:
            raise UnreadableSource(
                f"{shown(path)} would take {total // MB:,} MB unpacked, more than "
                f"{limits.total // MB:,}; if you trust it, unpack it and give the folder"
            )
        yield archive


def _check_listing(path: Path, limits: ZipLimits) -> None:
    """Raise `UnreadableSource` where an archive's list of contents alone would fill the memory."""
    with path.open("rb") as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # None where there is none
    if end is not None and end[zipfile._ECD_SIZE] > _LISTING * limits.members:  # type: ignore[attr-defined]
        raise _too_many(path, limits)


def _too_many(path: Path, limits: ZipLimits) -> UnreadableSource:
    return UnreadableSource(
        f"{shown(path)} holds more than {limits.members:,} files; unpack it and give the folder"
    )


def _not_opened(path: Path, kind: str, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        return f"{shown(path)} is empty; fetch or copy it again"
    if head == _OLE:
        return (
            f"{shown(path)} is protected by a password, or an old Office file under a new name; "
            "open it and save it anew without a password"
        )
    if head.startswith(b"PK"):
        return (
            f"{shown(path)} is damaged or cut short ({printable(str(error))}); fetch or copy "
            "it again"
        )
    return f"{shown(path)} is not {kind}; give it its proper extension, or fetch it again"


def check_member(info: ZipInfo, where: str, limits: ZipLimits) -> None:
    """Raise `UnreadableSource` for a member that cannot be unpacked, or should not be."""
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableSource(f"{where} is protected by a password; unpack it and give the folder")
    if info.compress_type not in _METHODS:
        raise UnreadableSource(
            f"{where} is packed by a method that is not read; pack it anew as an ordinary zip"
        )
    packed = max(info.compress_size, 1)
    bomb = info.file_size > limits.ratio_from and info.file_size / packed > limits.ratio
    if bomb or info.file_size > limits.member:
        raise UnreadableSource(
            f"{where} would grow from {info.compress_size:,} to {info.file_size:,} bytes when "
            "unpacked, which no text does; leave it out, or unpack it yourself if you trust it"
        )


def read_member(archive: ZipFile, info: ZipInfo, path: Path, limits: ZipLimits) -> bytes:
    """Return the contents of a member of the archive at `path`.

    Raises `UnreadableSource` if it is damaged, encrypted, or beyond the limits.
    """
    where = f"{shown(path)}: its part {printable(info.filename)}"
    check_member(info, where, limits)
    try:
        return archive.read(info)
    except (*DAMAGE, OSError) as error:
        raise damaged(where, error) from error


def damaged(where: str, error: Exception) -> UnreadableSource:
    """Return the error for a member that cannot be unpacked."""
    return UnreadableSource(
        f"{where} is damaged ({printable(str(error))}); fetch or copy the file again"
    )
