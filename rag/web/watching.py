"""Watches the folder of sources, and has the default index brought up to date when it changes;
and the index, which another process may build."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rag.build.corpus_files import source_files
from rag.config import DEFAULT_INDEX
from rag.errors import SourceFinderError
from rag.index.generations import recorded_sources
from rag.ingest.walk.folders import is_passed_over
from rag.live import LiveFinder
from rag.web.corpus import UPDATING

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often the folder is looked at: .1 s of a processor for ten thousand files."""
SETTLED_S = 3.0
"""How long nothing may have changed: a file that is being copied grows."""


class FolderWatch:
    """Begins a rebuild after files were put into, changed in, or taken out of the folder of
    sources; also if that was done while no program ran. An index other than the default one, which
    that folder belongs to, is not rebuilt. What another process has built is opened."""

    def __init__(
        self, live: LiveFinder, look_s: float = LOOK_S, settled_s: float = SETTLED_S
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
        built = _changed(self._live.home / "CURRENT")
        while not self._ended.wait(self._look_s):
            if self._live.busy:
                continue
            try:
                if (last := _changed(self._live.home / "CURRENT")) > built:
                    self._live.reopen()
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
