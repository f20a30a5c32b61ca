"""Work on strangers' files in processes of their own, with limits of time and memory.

What a hostile file does (a crash, an endless loop, all the memory) it does to such a process
alone: inside, `serve` answers requests about files; outside, a `Process` is asked and watched.
What passes between them is JSON, never pickle: a process that a file has taken over can send odd
values, but no code.

`subprocess` and not `multiprocessing`: the latter runs the user's own script once more in every
new process, unless the script is written with that in mind.

`within` is for a call in this process that may not take longer than it is given; `keep_small` and
`give_back` keep the memory of a server small. Left to itself, glibc gives each of dozens of
threads an arena of its own and returns little of them: with four askers they held 160 MB after
thirty questions.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Any, BinaryIO, Literal, TypeVar, cast

_LENGTH = struct.Struct(">Q")

MAX_BYTES = 256 << 20
"""The longest message that is taken: four times the text of the longest book."""

_ITEM, _DONE, _MEMORY = "item", "done", "memory"

_listener: Callable[[str], None] | None = None

Send = Callable[[Any], None]
Handler = Callable[[Any, Send], None]
"""Does what a request asks for and sends what comes of it, as JSON values."""

_START_S = 60
"""A process may take so long to start, on a machine that is busy."""

_KILLED = -9

_Why = Literal["too slow", "too much memory", "killed", "crashed", "not started"]


class _BrokenMessage(Exception):
    """What came is no message: cut off, too long, or no JSON."""


def _write_message(pipe: IO[bytes], content: object) -> None:
    """Write a JSON value. Lone surrogates, which old encodings leave in a text, are kept."""
    text = json.dumps(content).encode("ascii")
    pipe.write(_LENGTH.pack(len(text)))
    pipe.write(text)
    pipe.flush()


def _read_message(pipe: IO[bytes]) -> object:
    """Return the next JSON value; raises `_BrokenMessage` where there is none."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise _BrokenMessage("the other side has ended")
    (length,) = _LENGTH.unpack(head)
    if length > MAX_BYTES:
        raise _BrokenMessage(f"a message of {length:,} bytes")
    text = pipe.read(length)
    if len(text) < length:
        raise _BrokenMessage("the message is cut off")
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _BrokenMessage(str(error)) from error
    return content


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
    begin: Callable[[Send], Handler], memory_bytes: int, patience_s: int, *, writes: bool
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
            _write_message(out, message)
        except BrokenPipeError:  # whoever asked is gone
            os._exit(0)
        _alarm(2 * patience_s)

    def send(item: Any) -> None:
        tell({_ITEM: item})

    answer = begin(send)
    tell({_DONE: True})
    while True:
        _alarm(0)
        request = requests.get()
        _alarm(2 * patience_s)
        try:
            answer(request, send)
        except MemoryError:
            tell({_MEMORY: True})
            os._exit(1)  # what is left of this process is not to be trusted
        tell({_DONE: True})


def _take(source: BinaryIO, requests: queue.SimpleQueue[Any]) -> None:
    """Take requests as they come; when the other process is gone, so is this one."""
    while True:
        try:
            requests.put(_read_message(source))
        except _BrokenMessage:
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


class Stopped(Exception):
    """A process ended, or had to be ended: `why`, and for a crash `how`."""

    def __init__(self, why: _Why, how: str = "") -> None:
        super().__init__(f"{why} {how}".strip())
        self.why: _Why = why
        self.how = how


class Process:
    """One process that runs `main` of `module`, which calls `rag.isolation.serve`. It
    starts at once. `arguments` follow the memory in bytes and the patience in seconds."""

    def __init__(
        self, module: str, memory_bytes: int, patience_s: int, arguments: tuple[str, ...] = ()
    ) -> None:
        self._patience_s = patience_s
        self._started = self._stalled = False
        program = f"from {module} import main; main()"
        # -P: a file of the user's that is named as a module is not taken for it.
        command = [sys.executable, "-P", "-c", program, str(memory_bytes), str(patience_s)]
        self._process = subprocess.Popen(  # noqa: S603 - this program's own module
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(_absolute, sys.path))},
            start_new_session=True,  # Ctrl-C is for the process that watches
        )
        self._in = cast("IO[bytes]", self._process.stdin)
        self._out = cast("IO[bytes]", self._process.stdout)

    def ask(self, request: object) -> Iterator[Any]:
        """Yield what comes of a request, as JSON values; raises `Stopped`, also where a value
        takes longer than the process may."""
        if not self._started:
            try:
                self._receive(max(_START_S, self._patience_s))
            except Stopped as stopped:  # which is no fault of what is asked
                raise Stopped("not started", str(stopped)) from stopped
            self._started = True
        try:
            _write_message(self._in, request)
        except OSError as error:
            raise self._stopped() from error
        while _ITEM in (message := self._receive(self._patience_s)):
            yield message[_ITEM]
        if _MEMORY in message:
            self.end()
            raise Stopped("too much memory")

    def _receive(self, patience_s: int) -> dict[str, Any]:
        timer = threading.Timer(patience_s, self._stall)
        timer.start()
        try:
            message = _read_message(self._out)
        except (_BrokenMessage, ValueError, OSError) as error:
            raise self._stopped() from error
        finally:
            timer.cancel()
        if not isinstance(message, dict):
            raise self._stopped()
        return message

    def _stall(self) -> None:
        self._stalled = True
        self._kill()

    def _stopped(self) -> Stopped:
        """Return why the process is gone."""
        self._wait_a_moment()
        self.end()
        code = self._process.returncode
        if self._stalled:
            return Stopped("too slow")
        if code == _KILLED:
            return Stopped("killed")
        how = signal.strsignal(-code) if code < 0 else f"exit code {code}"
        return Stopped("crashed", str(how))

    def _wait_a_moment(self) -> None:
        """Let a process that closed its pipe come to its end, to learn how it ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

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


T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises; `TimeoutError` after `seconds`.

    For requests: a server that sends a byte now and then outlasts the time limit of any
    client. The call goes on in a thread of its own, which does not keep the program alive.

    >>> within(5, lambda: 2 + 2)
    4
    """
    result: SimpleQueue[tuple[bool, T] | tuple[bool, Exception]] = SimpleQueue()

    def run() -> None:
        try:
            result.put((True, call()))
        except Exception as error:  # noqa: BLE001  # raised again where it is waited for
            result.put((False, error))

    Thread(target=run, daemon=True, name="with a deadline").start()
    try:
        done, value = result.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no result within {seconds:g} seconds") from None
    if not done:
        assert isinstance(value, Exception)
        raise value
    return value  # type: ignore[return-value]


_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_ARENAS = 2
_LARGE_BYTES = 1 << 20
"""What is as large as that has pages of its own, which are given back as soon as it is freed."""


def keep_small() -> None:
    """Let this process share few arenas. To be called before it starts its threads."""
    if library := _glibc():
        library.mallopt(_ARENA_MAX, _ARENAS)
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


_FILES = 65_536
"""Files and connections that a server may have open; often 1,024 are allowed until it asks."""


def open_many_files() -> None:
    """Let this process have `_FILES` open, or as many as it may."""
    try:
        import resource
    except ImportError:  # there is no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):  # the system's own limit is lower
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def give_back() -> None:
    """Free what nothing refers to any more, and return its pages to the system."""
    gc.collect()
    if library := _glibc():
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
