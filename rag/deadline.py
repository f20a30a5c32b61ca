"""A call that may not take longer than it is given."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

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
