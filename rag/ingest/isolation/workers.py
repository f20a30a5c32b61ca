"""Reading in processes of their own, so that no file can stop a build.

A thread for each process hands it one file after another and takes what comes back. Memory
stays flat: a process waits when nobody takes its documents. One that gives no sign of life
for too long is killed, one that crashes is replaced, and the file is reported.

`subprocess` and not `multiprocessing`: the latter runs the user's own script once more in
every new process, unless the script is written with that in mind.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from rag.datatypes import Collection, FileProgress, SkippedFile, SourceDocument
from rag.ingest.isolation.worker import Message
from rag.ingest.names import shown
from rag.ingest.registry import Item

GB = 1 << 30

_KILLED = -9
_START_S = 60

_AHEAD = 4
"""Documents that wait for the build to take them, per file."""

WORKER = "rag.ingest.isolation.worker"

_REPAIR = "repair it (a PDF, for instance: qpdf IN.pdf OUT.pdf) or leave it out"


Watch = Callable[[FileProgress], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost before it is given up."""

    stall_s: int = 180
    """Seconds without a sign of life: a page, a document. OCR takes up to 6 for a page, 20 on
    a machine that is busy with other things."""
    memory_bytes: int = 5 * GB
    """OCR asks for 2.6 and holds 1.6 (pages of letter size), longer pages for more. Only Linux
    keeps to it; elsewhere there may be no limit."""
    processes: int = 2


class Workers:
    """Processes that read files; use as a context manager. They start when they are needed.

    `pages`: a folder where pages read by OCR are kept, so that none is read again after a
    build was cut off. `ocr`: which OCR reads them, see `Ocr`. `watch` is called, from any
    thread, with each file that is begun and each place in it that is reached. `module`: whose
    `main` a process runs.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        pages: Path | None = None,
        module: str = WORKER,
        watch: Watch = lambda _: None,
        ocr: str = "auto",
    ) -> None:
        self._limits = limits or Limits()
        self._watch = watch
        program = f"from {module} import main; main()"
        # -P: a file of the user's that is named as a module is not taken for it.
        self._command = [sys.executable, "-P", "-c", program, str(self._limits.memory_bytes)]
        self._command += [str(self._limits.stall_s), ocr, str(pages or "")]
        self._threads = ThreadPoolExecutor(self._limits.processes, "reading")
        self._idle: list[_Process] = []
        self._all: list[_Process] = []
        self._closing = threading.Event()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in list(self._all):
            process.end()
        self._threads.shutdown()
        for process in self._all:  # also one that was just starting
            process.end()

    def read(self, path: Path, collection: Collection) -> Iterator[Item]:
        """Begin to read a file at once, or when a process is free; return what comes of it."""
        items: queue.Queue[Item | None] = queue.Queue(_AHEAD)
        reading = self._threads.submit(self._read, path, collection, items)

        def arriving() -> Iterator[Item]:
            while (item := items.get()) is not None:
                yield item
            reading.result()

        return arriving()

    def _read(self, path: Path, collection: Collection, items: queue.Queue[Item | None]) -> None:
        """Put what a process reads into `items`, then None."""
        try:
            process = self._idle.pop() if self._idle else self._start()
            try:
                for item in process.read(path, collection, self._watch):
                    self._put(items, item)
            except _Stopped as stopped:
                self._put(items, SkippedFile(shown(path), f"{shown(path)} {stopped}"))
            else:
                self._idle.append(process)
        finally:
            self._put(items, None)

    def _start(self) -> _Process:
        process = _Process(self._command, self._limits)
        self._all.append(process)
        return process

    def _put(self, items: queue.Queue[Item | None], item: Item | None) -> None:
        while not self._closing.is_set():
            try:
                return items.put(item, timeout=1)
            except queue.Full:
                continue
        return None


class _Stopped(Exception):
    """A process is gone or had to go; the message ends a sentence that begins with a file."""


class _Process:
    """One `worker`, from the outside."""

    def __init__(self, command: list[str], limits: Limits) -> None:
        self._limits = limits
        self._started = self._stalled = False
        self._where = ""
        self._process = subprocess.Popen(  # noqa: S603 - this program's own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(_absolute, sys.path))},
            start_new_session=True,  # Ctrl-C is for the process that watches
        )
        self._in = cast("IO[bytes]", self._process.stdin)
        self._out = cast("IO[bytes]", self._process.stdout)

    def read(self, path: Path, collection: Collection, watch: Watch) -> Iterator[Item]:
        """Yield what the process makes of a file; raises `_Stopped`."""
        self._where = ""
        watch(FileProgress(shown(path), "being read"))
        try:
            if not self._started:  # which is no fault of the file
                self._receive(max(_START_S, self._limits.stall_s))
                self._started = True
            pickle.dump((path, collection), self._in)
            self._in.flush()
        except OSError as error:
            raise self._stopped() from error
        while (message := self._receive(self._limits.stall_s)) is not None:
            if isinstance(message, str):
                self._where = f" at {message}"
                watch(FileProgress(shown(path), message))
            elif isinstance(message, MemoryError):
                self.end()
                raise _Stopped(
                    f"needs more than {self._limits.memory_bytes / GB:.1f} GB of memory to be "
                    f"read{self._where}; {_REPAIR}"
                )
            else:
                if isinstance(message, SourceDocument):
                    self._where = f" after {message.document_id}"
                yield message

    def _receive(self, patience_s: int) -> Message:
        timer = threading.Timer(patience_s, self._stall)
        timer.start()
        try:
            return cast("Message", pickle.load(self._out))  # noqa: S301 - from our own process
        except (EOFError, pickle.UnpicklingError, ValueError, OSError) as error:
            raise self._stopped() from error
        finally:
            timer.cancel()

    def _stall(self) -> None:
        self._stalled = True
        self._kill()

    def _stopped(self) -> _Stopped:
        """Return why the process is gone."""
        self.end()
        code = self._process.returncode
        if self._stalled:
            return _Stopped(
                f"was given up: nothing came of it for {self._limits.stall_s} "
                f"seconds{self._where}; {_REPAIR}"
            )
        if code == _KILLED:
            return _Stopped(
                f"was given up: the system stopped its reader{self._where}, most likely for want "
                f"of memory; {_REPAIR}"
            )
        how = signal.strsignal(-code) if code < 0 else f"exit code {code}"
        return _Stopped(f"crashed its reader{self._where} ({how}); {_REPAIR}")

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            with suppress(OSError):  # what it did not take
                pipe.close()

    def _kill(self) -> None:
        if self._process.poll() is not None:
            return
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # Tesseract with it
        else:
            self._process.kill()


def _absolute(path: str) -> str:
    return str(Path(path).absolute())
