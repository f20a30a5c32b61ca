"""Where uploads lie until they are asked or join the corpus: a folder for each server, readable
by nobody else, that is gone when the server is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "source-finder-uploads-"
KEPT_S = 3600
"""How long an upload that nothing has come of is kept."""

SWEPT_S = 300
"""How often such uploads are looked for."""

_HELD = ".held"


@contextmanager
def upload_folder() -> Iterator[Path]:
    """Make a folder for uploads and remove it at the end, with all in it; those of servers that
    were killed are removed first."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    with FileLock(folder / _HELD):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def forget(uploads: Iterable[Path]) -> None:
    """Remove uploads that have come where they were to come. What is no upload stays."""
    for path in uploads:
        if any(part.name.startswith(PREFIX) for part in path.resolve().parents):
            path.unlink(missing_ok=True)


def sweep() -> None:
    """Remove the folders of servers that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        held = folder / _HELD
        try:
            if folder.is_symlink() or not held.is_file():
                continue
            with FileLock(held, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):  # in use, or another user's
            continue
