"""A system's line to the process that started it: vectors asked for, a report given.

JSON lines on standard output, base64 of float32 on standard input. Imported before
anything can print, since what libraries print must go elsewhere.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1024
"""Texts in one request for vectors."""

_REPLIES, sys.stdout = sys.stdout, sys.stderr


def send(message: dict[str, Any]) -> None:
    """Write one message."""
    _REPLIES.write(json.dumps(message) + "\n")
    _REPLIES.flush()


def shared_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the parent's vectors of `texts`: float32 (texts, dimension)."""
    parts = []
    for first in range(0, len(texts), AT_ONCE):
        part = list(texts[first : first + AT_ONCE])
        send({"embed": part})
        packed = base64.b64decode(sys.stdin.readline())
        parts.append(np.frombuffer(packed, np.float32).reshape(len(part), -1))
    return np.concatenate(parts)
