"""Messages on a pipe: JSON, each with its length before it."""

from __future__ import annotations

import json
import struct
from typing import IO

_LENGTH = struct.Struct(">Q")

MAX_BYTES = 256 << 20
"""The longest message that is taken: four times the text of the longest book."""


class BrokenMessage(Exception):
    """What came is no message: cut off, too long, or no JSON."""


def write_message(pipe: IO[bytes], content: object) -> None:
    """Write a JSON value. Lone surrogates, which old encodings leave in a text, are kept."""
    text = json.dumps(content).encode("ascii")
    pipe.write(_LENGTH.pack(len(text)))
    pipe.write(text)
    pipe.flush()


def read_message(pipe: IO[bytes], most_bytes: int = MAX_BYTES) -> object:
    """Return the next JSON value; raises `BrokenMessage` where there is none."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise BrokenMessage("the other side has ended")
    (length,) = _LENGTH.unpack(head)
    if length > most_bytes:
        raise BrokenMessage(f"a message of {length:,} bytes")
    text = pipe.read(length)
    if len(text) < length:
        raise BrokenMessage("the message is cut off")
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenMessage(str(error)) from error
    return content
