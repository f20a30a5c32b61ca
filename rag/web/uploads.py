"""Files that come: dropped into the page, or put into the folder of sources.

Of what is dropped into the page, a transcript or a text is asked, a source is offered to the
corpus. Uploads lie in a folder for each server, readable by nobody else, that is gone when the
server is.

`FolderWatch` watches the folder of sources, and has the default index brought up to date when it
changes; and the index, which another process may build.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rag.build.corpus_files import UNREADABLE_KIND, source_files
from rag.claims.transcripts import MAX_CHARS
from rag.config import DEFAULT_INDEX
from rag.errors import SourceFinderError
from rag.index import recorded_sources
from rag.ingest.files import is_passed_over
from rag.ingest.names import printable
from rag.ingest.readers import READERS, ZIP
from rag.live import LiveFinder
from rag.web.corpus import UPDATING

PREFIX = "source-finder-uploads-"
KEPT_S = 3600
"""How long an upload that nothing has come of is kept."""

SWEPT_S = 300
"""How often such uploads are looked for."""

_HELD = ".held"

_ASKED = (".srt", ".vtt", ".txt", ".md")
"""Files whose text is the question: transcripts and posts."""

TAKEN = tuple(dict.fromkeys([*_ASKED, *READERS, ZIP]))
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
    """Return what can be done with the files, each of them once. Those that cannot be read are
    told of; texts that are too much for one question, alone or with those before them, are
    offered to the corpus."""
    texts: list[str] = []
    offered: list[tuple[str, str]] = []
    problems: list[str] = []
    room = 4 * MAX_CHARS
    for path in dict.fromkeys(paths):
        name, kind = printable(path.name), path.suffix.lower()
        if kind not in TAKEN:
            problems.append(f"{name} is {UNREADABLE_KIND}.")
        elif kind not in _ASKED or (size := path.stat().st_size) > room:
            offered.append((name, str(path)))
        else:
            room -= size
            try:
                texts.append(path.read_bytes().decode("utf-8-sig"))
            except UnicodeDecodeError:
                problems.append(
                    f"The text of {name} cannot be read. Save it as plain text (UTF-8) and "
                    "drop it in again."
                )
    return Dropped(tuple(texts), tuple(offered), tuple(problems))


log = logging.getLogger(__name__)

_LOOK_S = 5.0
"""How often the folder is looked at: .1 s of a processor for ten thousand files."""
_SETTLED_S = 3.0
"""How long nothing may have changed: a file that is being copied grows."""


class FolderWatch:
    """Begins a rebuild after files were put into, changed in, or taken out of the folder of
    sources; also if that was done while no program ran. An index other than the default one, which
    that folder belongs to, is not rebuilt. What another process has built is opened."""

    def __init__(
        self, live: LiveFinder, look_s: float = _LOOK_S, settled_s: float = _SETTLED_S
    ) -> None:
        self._live = live
        self._look_s, self._settled_s = look_s, settled_s
        self._ended = threading.Event()
        self._of_folder = live.home == live.settings.index_path(DEFAULT_INDEX)
        if not live.elsewhere:
            threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Watch no longer."""
        self._ended.set()

    def _run(self) -> None:
        current = self._live.home / "CURRENT"
        seen = built = _changed(current)
        while not self._ended.wait(self._look_s):
            if self._live.busy:
                continue
            try:
                if (last := _changed(current)) > seen:
                    seen = last
                    if self._live.reopen():  # after its own, what changed meanwhile is due still
                        built = last
                if self._of_folder and self._due(max(built, self._live.began)):
                    self._live.rebuild(UPDATING)
            except (SourceFinderError, OSError) as error:  # the next change is another try
                log.warning("The folder of sources is not watched for a moment: %s", error)

    def _due(self, built: float) -> bool:
        """Return whether the folder has changed since a build began, and is done changing."""
        folder = self._live.settings.sources
        last = max(map(_changed, _all_in(folder)), default=0.0)
        if not built < last < time.time() - self._settled_s:
            return False
        return any(source_files(folder)) or str(folder) in recorded_sources(self._live.home)


def _all_in(folder: Path) -> Iterator[Path]:
    """Yield a folder and all in it that is, or describes, a source."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_passed_over(name)]
        yield Path(place)
        yield from (Path(place) / name for name in names if not is_passed_over(name))


def _changed(path: Path) -> float:
    """Return when a file was changed or put where it is, or something in a folder was; 0 where it
    is gone."""
    with suppress(OSError):
        return path.stat().st_ctime
    return 0.0
