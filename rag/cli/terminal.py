"""What the commands share: options, and progress in a terminal."""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from rag.datatypes import FileProgress

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it, and what turns the direction of a line."""


def harmless(text: str, as_json: bool = False) -> str:
    r"""Return text of documents for a terminal: no control character in it does anything.

    In JSON they are escaped, so that nothing is lost.

    >>> harmless("gold\x1b[2J"), harmless('"gold\x9b2J"', True)
    ('gold�[2J', '"gold\\u009b2J"')
    """
    if as_json:
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return _CONTROL.sub("\ufffd", text)


class TerminalProgress:
    """Shows a build's stages as progress bars with the time left."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None
        self._lock = threading.Lock()

    def __call__(self, stage: str, done: int, total: int, file: FileProgress | None = None) -> None:
        """Show that `done` of `total` (0: not known) are done in `stage`."""
        from tqdm import tqdm

        with self._lock:
            if stage != self._stage:
                if self._bar is not None:
                    self._bar.close()
                self._stage = stage
                every_s = 0.1 if sys.stderr.isatty() else 10  # a log file needs no animation
                self._bar = tqdm(total=total or None, desc=stage, unit="", mininterval=every_s)
            if file is not None and sys.stderr.isatty():
                self._bar.set_postfix_str(harmless(f"{Path(file.path).name}: {file.state}"))
            self._bar.update(done - self._bar.n)
            if total and done >= total:
                self._bar.close()
