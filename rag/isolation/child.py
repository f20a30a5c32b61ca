"""The inner side: a process that answers requests about files, `serve`.

What a hostile file does to it (a crash, an endless loop, all the memory) it does to this process
alone; `rag.isolation.process` watches it.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, BinaryIO

from rag.isolation.messages import BrokenMessage, read_message, write_message

ITEM, DONE, MEMORY = "item", "done", "memory"

_listener: Callable[[str], None] | None = None

Send = Callable[[Any], None]
Answer = Callable[[Any, Send], None]
"""Does what a request asks for and sends what comes of it, as JSON values."""


def listen(listener: Callable[[str], None]) -> None:
    """Have `listener` called with each place that is reached, in this process."""
    global _listener
    _listener = listener


def reached(place: str) -> None:
    """Say that a reader has come to `place` ("page 12") and is alive: a slow file is told from one
    that hangs, and a crash is blamed on a page. Where nobody listens nothing happens."""
    if _listener is not None:
        _listener(place)


def serve(
    begin: Callable[[Send], Answer], memory_bytes: int, patience_s: int, *, writes: bool
) -> None:
    """Answer requests from standard input on standard output until the former ends.

    `begin` is called once, under the limits, and returns what answers. A request that gives no
    sign of life for twice `patience_s` ends the process. `writes`: whether it may write files.
    """
    # What a library prints must not get between the messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.excepthook = _end_with
    _limit(memory_bytes, writes=writes)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_take, args=(sys.stdin.buffer, requests), daemon=True).start()

    def tell(message: dict[str, Any]) -> None:
        _alarm(0)  # the other side may take its time
        try:
            write_message(out, message)
        except BrokenPipeError:  # whoever asked is gone
            os._exit(0)
        _alarm(2 * patience_s)

    def send(item: Any) -> None:
        tell({ITEM: item})

    answer = begin(send)
    tell({DONE: True})
    while True:
        _alarm(0)
        request = requests.get()
        _alarm(2 * patience_s)
        try:
            answer(request, send)
        except MemoryError:
            tell({MEMORY: True})
            os._exit(1)  # what is left of this process is not to be trusted
        tell({DONE: True})


def _take(source: BinaryIO, requests: queue.SimpleQueue[Any]) -> None:
    """Take requests as they come; when the other process is gone, so is this one."""
    while True:
        try:
            requests.put(read_message(source))
        except BrokenMessage:
            os._exit(0)


def _end_with(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End at once with an error that nobody foresaw; the thread that waits for requests would
    hold up an orderly end."""
    sys.__excepthook__(kind, error, trace)
    sys.stderr.flush()
    os._exit(1)


def _limit(memory_bytes: int, *, writes: bool) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    memory = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    limits = {memory: memory_bytes, resource.RLIMIT_CORE: 0}
    if not writes:
        limits[resource.RLIMIT_FSIZE] = 0
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError):  # macOS may refuse
            continue


def _alarm(seconds: int) -> None:
    """End this process in some seconds; 0 calls that off.

    The process that watches is quicker. This is for an endless loop that outlives it: a
    regular expression lets no other thread notice that standard input has ended.
    """
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)
