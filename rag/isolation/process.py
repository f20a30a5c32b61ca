"""The outer side: a process with limits, asked and watched.

`subprocess` and not `multiprocessing`: the latter runs the user's own script once more in
every new process, unless the script is written with that in mind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal, cast

from rag.isolation.child import ITEM, MEMORY
from rag.isolation.messages import BrokenMessage, read_message, write_message

START_S = 60
"""A process may take so long to start, on a machine that is busy."""

_KILLED = -9

Why = Literal["too slow", "too much memory", "killed", "crashed"]


class Stopped(Exception):
    """A process is gone or had to go: why, and for a crash how."""

    def __init__(self, why: Why, how: str = "") -> None:
        super().__init__(f"{why} {how}".strip())
        self.why: Why = why
        self.how = how


class Process:
    """One process that runs `main` of `module`, which calls `rag.isolation.child.serve`. It
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
        try:
            if not self._started:  # which is no fault of the file
                self._receive(max(START_S, self._patience_s))
                self._started = True
            write_message(self._in, request)
        except OSError as error:
            raise self._stopped() from error
        while ITEM in (message := self._receive(self._patience_s)):
            yield message[ITEM]
        if MEMORY in message:
            self.end()
            raise Stopped("too much memory")

    def _receive(self, patience_s: int) -> dict[str, Any]:
        timer = threading.Timer(patience_s, self._stall)
        timer.start()
        try:
            message = read_message(self._out)
        except (BrokenMessage, ValueError, OSError) as error:
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
