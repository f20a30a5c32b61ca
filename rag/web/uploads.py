"""Files dropped into the page: what is done with each, and where they lie until then.

A transcript or a text is asked, a source is offered to the corpus. Uploads lie in a folder for each
server, readable by nobody else, that is gone when the server is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rag.build.corpus_files import UNREADABLE_KIND
from rag.claims.extraction import MAX_CHARS
from rag.ingest.names import printable
from rag.ingest.registry import READERS, ZIP

PREFIX = "source-finder-uploads-"
KEPT_S = 3600
"""How long an upload that nothing has come of is kept."""

SWEPT_S = 300
"""How often such uploads are looked for."""

_HELD = ".held"

ASKED = (".srt", ".vtt", ".txt", ".md")
"""Files whose text is the question: transcripts and posts."""

TAKEN = tuple(dict.fromkeys([*ASKED, *READERS, ZIP]))
"""The kinds of files that can be dropped in."""


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


@dataclass(frozen=True, slots=True)
class Dropped:
    """What came of dropped files: the texts to ask, the sources to offer (name and path),
    and what to tell of the others."""

    texts: tuple[str, ...] = ()
    offered: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


def sort_dropped(paths: Sequence[Path]) -> Dropped:
    """Return what can be done with the files. Those that cannot be read are told of."""
    texts: list[str] = []
    offered: list[tuple[str, str]] = []
    problems: list[str] = []
    for path in paths:
        name, kind = printable(path.name), path.suffix.lower()
        if kind not in TAKEN:
            problems.append(f"{name} is {UNREADABLE_KIND}.")
        elif kind not in ASKED or path.stat().st_size > 4 * MAX_CHARS:
            offered.append((name, str(path)))
        else:
            try:
                texts.append(path.read_bytes().decode("utf-8-sig"))
            except UnicodeDecodeError:
                problems.append(
                    f"The letters of {name} cannot be read. Save it as plain text (UTF-8) and drop "
                    "it in again."
                )
    return Dropped(tuple(texts), tuple(offered), tuple(problems))
