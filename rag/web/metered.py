"""What an asker has looked up, counted, and ended where it takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from rag.datatypes import Answer
from rag.errors import QuotaError
from rag.programs import QUESTION_S, TOO_LONG
from rag.web.chat import Turns
from rag.web.quotas import Quotas


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
