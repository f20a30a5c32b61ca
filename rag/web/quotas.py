"""How much one asker may use of a server for others, so that there is something left for all.

What an asker looks up is counted as an answer grows; it ends where nothing is left, or where it
takes too long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rag.datatypes import Answer
from rag.errors import QuotaError
from rag.programs import QUESTION_S, TOO_LONG
from rag.web.chat import Turns

MINUTE_S, DAY_S = 60.0, 86_400.0
MB = 1 << 20
FORGOTTEN_OVER = 10_000
"""So many askers are remembered before those are forgotten who have their whole allowance again."""


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What each asker may use, and how many requests may wait in all."""

    claims_a_minute: int = 300
    """A talk of an hour has some 500; two cores look up some 100 a minute."""
    uploads_a_day: int = 500
    upload_mb_a_day: int = 2_000
    waiting: int = 64


class Allowance:
    """So much for each asker, given back evenly over a period. What is used at once may be more
    than is left, once: then nothing is to be had until that is made up for."""

    def __init__(
        self, most: float, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._a_second, self._clock = most, most / period_s, clock
        self._used: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def left(self, who: str) -> float:
        """Return what is left for this asker now; less than nothing where too much was used."""
        with self._lock:
            return self._most - self._used_now(who)

    def use(self, who: str, amount: float) -> None:
        """Take so much from what this asker has left."""
        with self._lock:
            if len(self._used) > FORGOTTEN_OVER:
                self._used = {w: used for w, used in self._used.items() if self._used_now(w) > 0}
            self._used[who] = self._used_now(who) + amount, self._clock()

    def wait_s(self, who: str) -> float:
        """Return in how many seconds there is something left again."""
        return max(-self.left(who), 0) / self._a_second

    def _used_now(self, who: str) -> float:
        used, at = self._used.get(who, (0.0, 0.0))
        return max(used - (self._clock() - at) * self._a_second, 0.0)


class Quotas:
    """What each asker has left. Without `limits`, everything is to be had."""

    def __init__(self, limits: ReaderLimits | None = None) -> None:
        self.limits = limits
        given = limits or ReaderLimits()
        self._claims = Allowance(given.claims_a_minute, MINUTE_S)
        self._files = Allowance(given.uploads_a_day, DAY_S)
        self._bytes = Allowance(given.upload_mb_a_day * MB, DAY_S)

    def check_claims(self, who: str) -> None:
        """Raise `QuotaError` where this asker has had too many claims looked up lately."""
        if self.limits and self._claims.left(who) < 1:
            wait_s = self._claims.wait_s(who) + 1 / max(self.limits.claims_a_minute, 1) * MINUTE_S
            raise QuotaError(
                f"{self.limits.claims_a_minute} claims a minute are looked up here for each "
                f"reader, and yours are used up. Ask again in {wait_s:.0f} seconds."
            )

    def use_claims(self, who: str, number: int) -> None:
        """Count claims that were looked up."""
        self._claims.use(who, number)

    def use_files(self, who: str, number: int) -> None:
        """Count files that are added; raises `QuotaError` where they are too many for a day."""
        if self.limits and self._files.left(who) < number:
            raise QuotaError(
                f"{self.limits.uploads_a_day} files a day can be added here by each reader, and "
                "yours are used up. Add them tomorrow, or ask whoever runs the server."
            )
        self._files.use(who, number)

    def bytes_left(self, who: str) -> int | None:
        """Return how many bytes this asker may still upload, None for no limit."""
        return max(int(self._bytes.left(who)), 0) if self.limits else None

    def use_bytes(self, who: str, number: int) -> None:
        """Count bytes that were uploaded."""
        self._bytes.use(who, number)


def metered(
    growing: Iterator[Turns],
    quotas: Quotas,
    who: str,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Turns]:
    """Yield the conversation as its last answer grows, and count its claims as this asker's. It
    ends with a message where the asker has none left, or after `QUESTION_S`."""
    began, counted = clock(), 0
    try:
        for turns in growing:
            answer = turns[-1].answer
            if answer is None and not counted:
                quotas.check_claims(who)
            counted += use_claims(quotas, who, answer, counted)
            if clock() - began > QUESTION_S and turns[-1].stage == "searching":
                yield (*turns[:-1], replace(turns[-1], stage="stopped", message=TOO_LONG))
                return
            yield turns
    except QuotaError as error:
        yield (*turns[:-1], replace(turns[-1], stage="failed", message=str(error)))
    finally:
        if close := getattr(growing, "close", None):
            close()


def use_claims(quotas: Quotas, who: str, answer: Answer | None, counted: int) -> int:
    """Count the claims of an answer beyond those that were; return how many these are."""
    new = len(answer.findings) - counted if answer else 0
    if new:
        quotas.use_claims(who, new)
    return new
