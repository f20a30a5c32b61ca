"""A finder whose index can be built and rebuilt while it answers.

The build runs in a separate process: it takes only processor time from those who ask meanwhile, and
a file that kills its reader kills nothing else. The old index answers until the new one is
complete; later questions go to the new one.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rag.build.builder import EMBEDDING, build_index, model_name
from rag.build.corpus_files import source_files
from rag.catalog.fetch import DownloadPolicy, fetch
from rag.claims import split_claims
from rag.config import DEFAULT_INDEX, DEFAULT_MODEL, Settings
from rag.datatypes import BuildReport, FileProgress, from_jsonable, to_jsonable
from rag.embedding import Encoder
from rag.errors import IndexBusy, IndexNotBuilt, SourceFinderError
from rag.finder import SourceFinder
from rag.index import (
    Generation,
    live_generation,
    load_encoder,
    open_index,
    open_unfinished,
    recorded_sources,
)
from rag.index.local import LocalIndex
from rag.index.qdrant import is_location
from rag.isolation import MAX_BYTES, give_back
from rag.workspace import Workspace, default_sources

_BEHIND = 5
"""The niceness of a build, so that those who ask meanwhile go first."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is being done to the index, or was done last.

    `total`: 0 if unknown. `problem`: why it failed, "" if it did not. `report`: of the last work
    that ended well. `files`: those that had to be read, and how far each has come.
    """

    title: str
    stage: str = ""
    done: int = 0
    total: int = 0
    ended: bool = False
    problem: str = ""
    report: BuildReport | None = None
    files: Mapping[str, str] = field(default_factory=dict)


READING = (
    "The sources are being read for the first time. Your question is answered as soon as their "
    "words can be searched, in a minute or two."
)


CALLED_OFF = (
    "It was stopped. What was done until then is kept, and the next update continues there."
)

_ELSEWHERE = (
    "This index is not on this machine, so it cannot be updated from here. Open one by its "
    "name or folder."
)


class LiveFinder:
    """One index and its current finder. Safe to share between threads.

    `current` is replaced when the new index can be searched by words, and again when it is
    complete; whoever answers takes it once and keeps it to the answer's end. `work` is None before
    the first rebuild; `began`: when the last one began, in seconds of the epoch. `may_change`:
    without accounts, whether all who ask may also change the corpus. `elsewhere`: whether another
    machine serves the index, so that it is not rebuilt here.
    """

    def __init__(
        self,
        finder: SourceFinder | None,
        *,
        settings: Settings | None = None,
        home: Path | None = None,
        policy: DownloadPolicy | None = None,
    ) -> None:
        if finder is not None:
            settings, home = settings or finder.settings, home or _home(finder)
        assert settings is not None and home is not None, "without a finder, both are given"
        self.settings, self.home = settings, home
        self.work: Work | None = None
        self._finder = finder
        self._kind = SourceFinder if finder is None else type(finder)
        self._policy = policy
        self.began = 0.0
        self.may_change = True
        self.elsewhere = False
        self._lock = threading.Lock()
        self._building: Any = None
        self._generation: Path | None = None
        self._cancelled = False

    @classmethod
    def open(cls, index: str | Path | None = None, **options: Any) -> LiveFinder:
        """Open an index; arguments and errors as in `SourceFinder.open`."""
        return cls(SourceFinder.open(index, **options))

    @classmethod
    def begin(cls, settings: Settings, index: str | Path | None = None) -> LiveFinder:
        """Open an index, or begin to build the default one if there is none, and return at once.
        Errors as in `SourceFinder.open`."""
        home = settings.index_path(index)
        if is_location(settings.index if index is None else index):
            served = cls(SourceFinder(Workspace.open(settings, index)), home=home)
            served.elsewhere = True
            return served
        try:
            opened = open_index(home)
        except IndexNotBuilt:
            if home != settings.index_path(DEFAULT_INDEX):
                raise
        else:
            workspace = Workspace.of(settings, LocalIndex(opened), load_encoder(opened, settings))
            return cls(SourceFinder(workspace))
        live = cls(None, settings=settings, home=home)
        live.rebuild("Building the index")
        return live

    @property
    def ready(self) -> bool:
        """Whether there is anything to search yet."""
        return self._finder is not None

    @property
    def current(self) -> SourceFinder:
        """The current finder. Raises `IndexNotBuilt` while there is none."""
        if self._finder is None:
            problem = self.work.problem if self.work else ""
            raise IndexNotBuilt(problem or READING)
        return self._finder

    def searched(self) -> tuple[str, ...]:
        """Return a line for each collection that is searched."""
        return self._finder.searched() if self._finder else ()

    @property
    def busy(self) -> bool:
        """Whether the index is being rebuilt."""
        return self.work is not None and not self.work.ended

    def rebuild(
        self, title: str, *, fetching: Sequence[str] = (), adding: Sequence[str] = ()
    ) -> None:
        """Begin to bring the index up to date with its sources and the sources folder, and return
        at once; `work` shows its progress. First the collections `fetching` are downloaded; the
        paths `adding` become sources of the index.

        Raises `IndexBusy` if a rebuild is under way.
        """
        if self.elsewhere:
            raise SourceFinderError(_ELSEWHERE)
        with self._lock:
            if self.busy:
                raise IndexBusy(
                    "The index is being updated already. Wait until that is done, then try "
                    "again. Meanwhile, questions are answered from the old index."
                )
            self.work = Work(title, report=self.work.report if self.work else None)
            self.began = time.time()
            self._cancelled = False
        given = (tuple(fetching), tuple(adding))
        threading.Thread(target=self._run, args=given, daemon=True).start()

    def reopen(self) -> bool:
        """Switch to an index that another process has built meanwhile; return whether there is
        one."""
        if live_generation(self.home) == self._generation:
            return False
        self._take(open_index(self.home))
        return True

    def cancel(self) -> None:
        """End a rebuild or its download. What is finished is kept for the next one; the earlier
        index goes on answering."""
        self._cancelled = True
        if self._building is not None:
            self._building.kill()

    def _run(self, fetching: tuple[str, ...], adding: tuple[str, ...]) -> None:
        if not self.ready:
            threading.Thread(target=_load_language, daemon=True).start()
        try:
            if fetching:
                fetch(fetching, self.settings.sources, self._fetched, policy=self._policy)
            report = self._built(adding)
            self._take(open_index(self.home))
            self._progress("", 0, 0, ended=True, report=report)
        except SourceFinderError as error:
            problem = CALLED_OFF if self._cancelled else str(error)
            self._return()
            self._progress("", 0, 0, ended=True, problem=problem)
        except BaseException as error:
            self._return()
            self._progress("", 0, 0, ended=True, problem=f"It was interrupted: {error!r}.")
            raise

    def _return(self) -> None:
        """Answer from the last complete index again, if there is one."""
        with suppress(SourceFinderError):
            self._take(open_index(self.home))

    def _fetched(self, stage: str, done: int, total: int, file: FileProgress | None = None) -> None:
        """Record the progress of a download, and end it if the work was cancelled."""
        if self._cancelled:
            raise SourceFinderError(CALLED_OFF)
        self._progress(stage, done, total, file)

    def _advance(self, stage: str, done: int, total: int, file: FileProgress | None = None) -> None:
        """Record the progress of the build; once its words are indexed, answer from them."""
        self._progress(stage, done, total, file)
        if stage == EMBEDDING and done == 0:
            before, model = self._workspace, self._model()
            if before is not None and before.encoder.name == model:
                encoder = before.encoder
            else:
                encoder = Encoder.load(model, self.settings)
            unfinished = open_unfinished(self.home, encoder)
            if unfinished and unfinished.manifest.model_fingerprint == encoder.fingerprint:
                self._take(unfinished, encoder)

    def _model(self) -> str:
        """Return the name of the model that the index is being built with."""
        try:
            return model_name(open_index(self.home, verify=False), self.settings)
        except SourceFinderError:
            return self.settings.model or DEFAULT_MODEL

    def _take(self, opened: Generation, encoder: Encoder | None = None) -> None:
        """Answer from this generation from now on, with the present models if they fit."""
        before, index = self._workspace, LocalIndex(opened)
        if before and before.encoder.fingerprint == opened.manifest.model_fingerprint:
            self._finder = self._kind(before.on(index))
        else:
            encoder = encoder or load_encoder(opened, self.settings)
            self._finder = self._kind(Workspace.of(self.settings, index, encoder))
        self._generation = opened.path
        give_back()

    @property
    def _workspace(self) -> Workspace | None:
        return self._finder.workspace if self._finder else None

    def _progress(
        self, stage: str, done: int, total: int, file: FileProgress | None = None, **changes: Any
    ) -> None:
        assert self.work is not None
        files = self.work.files
        if file is not None:
            files = {**files, file.path: file.state}
        self.work = replace(self.work, stage=stage, done=done, total=total, files=files, **changes)

    def sources(self) -> list[str]:
        """Return the sources of the index, and the files in the sources folder now."""
        folder = self.settings.sources
        known = recorded_sources(self.home) or default_sources(self.settings)
        added = [str(folder)] if any(source_files(folder)) else []
        return [*(source for source in known if source != str(folder)), *added]

    def _built(self, adding: tuple[str, ...]) -> BuildReport:
        """Build in a new process and return its report. Raises what the build raised."""
        context = multiprocessing.get_context("spawn")
        told, telling = context.Pipe(duplex=False)
        sources = list(dict.fromkeys([*self.sources(), *adding]))
        process = context.Process(
            target=_build, args=(sources, str(self.home), self.settings, telling)
        )
        with told:
            with telling:
                process.start()
            self._building = process
            try:
                if self._cancelled:
                    process.kill()
                return _followed(process, told, self._advance)
            finally:
                process.kill()  # where it was not followed to its end
                self._building = None


def _load_language() -> None:
    """Load the grammar while the index is begun: it takes some seconds, for which the first
    question need not wait."""
    list(split_claims(READING))


def _home(finder: SourceFinder) -> Path:
    """Return the folder in which a finder's index is built."""
    if finder.workspace.path is None:
        raise SourceFinderError(_ELSEWHERE)
    return finder.workspace.path


def _followed(process: Any, told: Connection, progress: Callable[..., None]) -> BuildReport:
    """Return the report of a build in a process once it is there."""
    while True:
        try:
            name, *values = json.loads(told.recv_bytes(MAX_BYTES))
        except (EOFError, OSError, ValueError):
            process.join()
            raise SourceFinderError(
                f"The build stopped unexpectedly (code {process.exitcode}), probably out of "
                "memory. Your index is unharmed. Try again; if it stops once more, add fewer files "
                "at a time."
            ) from None
        if name == "progress":
            stage, done, total, file = values
            progress(stage, done, total, from_jsonable(FileProgress, file) if file else None)
            continue
        process.join()
        if name == "failed":
            raise SourceFinderError(values[0])
        return from_jsonable(BuildReport, values[0])


def _build(sources: list[str], home: str, settings: Settings, telling: Connection) -> None:
    """Build in the new process, and report as JSON, since a hostile archive may have taken the
    process over and must not send anything that is run where it is read."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(AttributeError):  # not on Windows
        os.nice(_BEHIND)
    lock = threading.Lock()

    def tell(*values: Any) -> None:
        text = json.dumps(to_jsonable(values)).encode("ascii")
        with lock:
            telling.send_bytes(text)

    try:
        report = build_index(
            sources,
            Path(home),
            settings=settings,
            progress=lambda stage, done, total, file=None: tell(
                "progress", stage, done, total, file
            ),
        )
    except SourceFinderError as error:
        tell("failed", str(error))
    except MemoryError:
        tell("failed", "The build ran out of memory. Give it fewer or smaller files.")
    else:
        tell("built", report)


def _end_with_parent() -> None:
    """End this process when its parent is gone for whatever reason: an abandoned build would keep
    the index locked. What it has finished is kept."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
