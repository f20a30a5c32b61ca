"""What was changed, by whom, and when: a file of JSON Lines in the home, which only its owner
can read. No question and no password stands in it.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "audit.jsonl"
BYTES, KEPT = 5_000_000, 9
"""A file of that size is put aside as `audit.jsonl.1`, and so on; so many are kept."""


class Audit:
    """The audit log of a home, which is made with the first line. Safe to share by threads."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = _OwnersFile(home / FILE, maxBytes=BYTES, backupCount=KEPT, delay=True)

    def note(self, who: str, what: str, **about: object) -> None:
        """Add a line: now, `who` did `what`, and what more there is to say of it. Where it cannot
        be written, the program's log says so, and what is being done goes on."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"when": when, "who": who, "what": what, **about})
        self._home.mkdir(parents=True, exist_ok=True)
        self._file.handle(logging.LogRecord("audit", logging.INFO, "", 0, line, None, None))
        self._file.close()  # another process may write the next line, or put the file aside


class _OwnersFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        return TextIOWrapper(os.fdopen(_opened(path), "ab"), "utf-8", write_through=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as logging has it
        log.exception("This line of the audit log could not be written: %s", record.getMessage())


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
