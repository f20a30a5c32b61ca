"""A process that reads files for another one: `main()`, started by `workers`.

It takes a path and a collection from standard input and answers on standard output: the
documents and problems of the file as they are read, the places that were reached, and
None when it is ready for the next. What a hostile file does to it (a crash, an endless loop,
all the memory) it does to this process alone; see `workers` for who watches it.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from rag.datatypes import Collection
from rag.ingest.ocr.engines import Ocr
from rag.ingest.registry import Item, read_file
from rag.ingest.shared import pulse

Task = tuple[Path, Collection]
Message = Item | str | MemoryError | None
"""A document, a problem, a place that was reached, no more memory, ready for a file."""


def main() -> None:
    """Read files until standard input ends.

    Arguments: how many bytes of memory, how many seconds without a sign of life, which OCR, and
    the folder where pages that it read are kept, "" for nowhere.
    """
    memory_bytes, stall_s, choice, pages = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]
    ocr = Ocr(choice, Path(pages) if pages else None)
    # What a library prints must not get between the messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.excepthook = _end_with
    _limit_memory(memory_bytes)
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_take, args=(sys.stdin.buffer, tasks), daemon=True).start()

    def send(message: Message) -> None:
        _alarm(0)  # the other side may take its time
        try:
            pickle.dump(message, out)
            out.flush()
        except BrokenPipeError:  # whoever asked is gone
            os._exit(0)
        _alarm(2 * stall_s)

    pulse.listen(send)
    send(None)  # ready
    while True:
        _alarm(0)
        path, collection = tasks.get()
        _alarm(2 * stall_s)
        try:
            for item in read_file(path, collection, ocr):
                send(item)
        except MemoryError:
            send(MemoryError())
            os._exit(1)  # what is left of this process is not to be trusted
        send(None)


def _take(source: BinaryIO, tasks: queue.SimpleQueue[Task]) -> None:
    """Take tasks as they come; when the other process is gone, so is this one."""
    while True:
        try:
            tasks.put(pickle.load(source))  # noqa: S301 - from the process that started this one
        except (EOFError, pickle.UnpicklingError):
            os._exit(0)


def _end_with(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End at once with an error that nobody foresaw; the thread that waits for tasks would
    hold up an orderly end."""
    sys.__excepthook__(kind, error, trace)
    sys.stderr.flush()
    os._exit(1)


def _limit_memory(most_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    hard = resource.getrlimit(kind)[1]
    soft = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    try:
        resource.setrlimit(kind, (soft, hard))
    except (OSError, ValueError):  # macOS may refuse
        return


def _alarm(seconds: int) -> None:
    """End this process in some seconds; 0 calls that off.

    The process that watches is quicker. This is for an endless loop that outlives it: a
    regular expression lets no other thread notice that standard input has ended.
    """
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)
