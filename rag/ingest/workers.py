"""Reading in processes of their own, so that no file can stop a build.

A thread for each process hands it one file after another and takes what comes back. Memory
stays flat: a process waits when nobody takes its documents. One that gives no sign of life
for too long is killed, one that crashes is replaced, and the file is reported; where that came of
reading a page by OCR, the page is given up and the file read again without it.

A process runs `main`. A request to it is a path and a collection; the answer is the documents and
problems of the file as they are read, and the places that were reached.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from rag.datatypes import (
    Collection,
    FileProgress,
    SkippedFile,
    SourceDocument,
    from_jsonable,
    to_jsonable,
)
from rag.ingest.names import shown
from rag.ingest.ocr import Ocr, give_up_page
from rag.ingest.readers import ReadItem, read_file
from rag.isolation import Handler, Process, Send, Stopped, listen, serve

_GB = 1 << 30

_AHEAD = 4
"""Documents that wait for the build to take them, per file."""


_MOST_LOST = 3
"""Pages of a file that may end their readers before the file is given up."""

_REPAIR = "repair it (a PDF, for instance: qpdf IN.pdf OUT.pdf) or leave it out"

Watch = Callable[[FileProgress], None]

_PLACE, _DOCUMENT, _PROBLEM = "place", "document", "problem"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost before it is given up."""

    stall_s: int = 180
    """Seconds without a sign of life: a page, a document. OCR takes up to 6 for a page, 20 on
    a machine that is busy with other things."""
    memory_bytes: int = 5 * _GB
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
        module: str = __name__,
        watch: Watch = lambda _: None,
        ocr: str = "auto",
    ) -> None:
        self._limits = limits or Limits()
        self._watch = watch
        self._module = module
        self._pages = pages
        self._ocr = ocr
        self._threads = ThreadPoolExecutor(self._limits.processes, "reading")
        self._idle: list[_Reader] = []
        self._all: list[_Reader] = []
        self._closing = threading.Event()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in list(self._all):
            process.end()
        self._threads.shutdown()
        for process in self._all:  # also one that was just starting
            process.end()

    def read(self, path: Path, collection: Collection) -> Iterator[ReadItem]:
        """Begin to read a file at once, or when a process is free; return what comes of it."""
        items: queue.Queue[ReadItem | None] = queue.Queue(_AHEAD)
        reading = self._threads.submit(self._read, path, collection, items)

        def arriving() -> Iterator[ReadItem]:
            while (item := items.get()) is not None:
                yield item
            reading.result()

        return arriving()

    def _read(
        self, path: Path, collection: Collection, items: queue.Queue[ReadItem | None]
    ) -> None:
        """Put what a process reads into `items`, then None."""
        lost = put = 0
        try:
            while True:
                process = self._idle.pop() if self._idle else self._start()
                try:
                    for item in islice(process.read(path, collection, self._watch), put, None):
                        self._put(items, item)
                        put += 1
                except _GivenUp as given_up:
                    if lost < _MOST_LOST and self._gives_up_page(process, given_up):
                        lost += 1
                        continue
                    said = f"{shown(path)} {given_up}"
                    self._put(items, SkippedFile(shown(path), said, given_up=given_up.for_good))
                else:
                    self._idle.append(process)
                return
        finally:
            self._put(items, None)

    def _gives_up_page(self, process: _Reader, given_up: _GivenUp) -> bool:
        """Return whether a page read by OCR ended a process, which is then given up."""
        if self._pages is None or not given_up.of_page:
            return False
        return give_up_page(self._pages, process.name, f"OCR {given_up.of_page}")

    def _start(self) -> _Reader:
        process = _Reader(self._module, self._limits, (self._ocr, str(self._pages or "")))
        self._all.append(process)
        return process

    def _put(self, items: queue.Queue[ReadItem | None], item: ReadItem | None) -> None:
        while not self._closing.is_set():
            try:
                return items.put(item, timeout=1)
            except queue.Full:
                continue
        return None


class _Reader:
    """A process that reads files, and where it is in one."""

    def __init__(self, module: str, limits: Limits, arguments: tuple[str, ...]) -> None:
        self.name = uuid4().hex
        self._limits = limits
        self._where = ""
        arguments = (*arguments, self.name)
        self._process = Process(module, limits.memory_bytes, limits.stall_s, arguments)
        self.end = self._process.end

    def read(self, path: Path, collection: Collection, watch: Watch) -> Iterator[ReadItem]:
        """Yield what the process makes of a file; raises `_GivenUp`."""
        self._where = ""
        watch(FileProgress(shown(path), "being read"))
        request = {"path": str(path), "collection": to_jsonable(collection)}
        try:
            for message in self._process.ask(request):
                if _PLACE in message:
                    self._where = f" at {message[_PLACE]}"
                    watch(FileProgress(shown(path), str(message[_PLACE])))
                elif _DOCUMENT in message:
                    document = from_jsonable(SourceDocument, message[_DOCUMENT])
                    self._where = f" after {document.document_id}"
                    yield document
                else:
                    yield from_jsonable(SkippedFile, message[_PROBLEM])
        except Stopped as stopped:
            started = stopped.why != "not started"
            said, of_page = self._reason(stopped), self._reason_of_page(stopped)
            raise _GivenUp(said, for_good=started, of_page=of_page) from stopped
        except (TypeError, ValueError, KeyError) as error:  # no document: it was taken over
            self.end()
            raise _GivenUp(f"made its reader send what is not a document; {_REPAIR}") from error

    def _reason(self, stopped: Stopped) -> str:
        """Return why a file was given up, as the end of a sentence that begins with the file."""
        if stopped.why == "not started":
            return (
                f"was not read: the program that reads files did not start ({stopped.how}); run "
                "`source-finder doctor`, then build again"
            )
        if stopped.why == "too much memory":
            most = self._limits.memory_bytes / _GB
            return f"needs more than {most:.1f} GB of memory to be read{self._where}; {_REPAIR}"
        if stopped.why == "too slow":
            return (
                f"was given up: it produced nothing for {self._limits.stall_s} "
                f"seconds{self._where}; {_REPAIR}"
            )
        if stopped.why == "killed":
            return (
                f"was given up: the system stopped its reader{self._where}, most likely "
                f"because memory ran out; {_REPAIR}"
            )
        return f"crashed its reader{self._where} ({stopped.how}); {_REPAIR}"

    def _reason_of_page(self, stopped: Stopped) -> str:
        """Return the same of a page that was read by OCR, "" where that cannot be the cause."""
        if stopped.why == "too slow":
            return f"took more than {self._limits.stall_s} seconds"
        if stopped.why == "killed":
            return "was stopped by the system, most likely because memory ran out"
        return f"crashed ({stopped.how})" if stopped.why == "crashed" else ""


class _GivenUp(Exception):
    """A file was given up; the message ends a sentence that begins with the file. `for_good`: it is
    its own fault, so that it is not tried again until it changes. `of_page`: what is said of the
    page read by OCR that it was at, if any."""

    def __init__(self, said: str, *, for_good: bool = True, of_page: str = "") -> None:
        super().__init__(said)
        self.for_good = for_good
        self.of_page = of_page


def main() -> None:
    """Read files until standard input ends.

    Arguments: how many bytes of memory, how many seconds without a sign of life, which OCR, the
    folder where pages that it read are kept, "" for nowhere, and a name for this process.
    """
    memory_bytes, stall_s, choice, pages, name = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]
    ocr = Ocr(choice, Path(pages) if pages else None, reader=name)

    def begin(send: Send) -> Handler:
        listen(lambda place: send({_PLACE: place}))
        return partial(_read, ocr)

    serve(begin, memory_bytes, stall_s, writes=True)  # pages read by OCR


def _read(ocr: Ocr, request: Any, send: Send) -> None:
    path, collection = Path(request["path"]), from_jsonable(Collection, request["collection"])
    for item in read_file(path, collection, ocr):
        kind = _DOCUMENT if isinstance(item, SourceDocument) else _PROBLEM
        send({kind: to_jsonable(item)})
