"""Signs of life from within a long reading: which page has been reached.

Whoever reads in a process of its own (see `worker`) listens, so that a slow file is told
from one that hangs, and so that a crash can be blamed on a page. Elsewhere nobody listens.
"""

from __future__ import annotations

from collections.abc import Callable

_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None]) -> None:
    """Have `listener` called with each place that is reached, in this process."""
    global _listener
    _listener = listener


def reached(place: str) -> None:
    """Say that a reader has come to `place` ("page 12") and is alive."""
    if _listener is not None:
        _listener(place)
