"""`/health` and `/metrics`: for whoever runs a server; they never say what was asked or by whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.config import APP
from rag.live import LiveFinder

HEALTH, _METRICS = "/health", "/metrics"
PATHS = frozenset({HEALTH, _METRICS})


@dataclass(slots=True)
class _Asked:
    """A question that is being looked up."""

    failed: bool = False


class Counts:
    """How many questions there were, and how long they took. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.under_way = 0
        self.ended = {"answered": 0, "failed": 0, "stopped": 0}
        self.seconds = 0.0

    @contextmanager
    def question(self) -> Iterator[_Asked]:
        """Count one question, which has failed where an error leaves the block or `failed` is
        set, and was stopped where nobody waits for it any more."""
        asked, began = _Asked(), time.monotonic()
        with self._lock:
            self.under_way += 1
        outcome = "stopped"
        try:
            yield asked
            outcome = "failed" if asked.failed else "answered"
        except Exception:
            outcome = "failed"
            raise
        finally:
            with self._lock:
                self.under_way -= 1
                self.ended[outcome] += 1
                self.seconds += time.monotonic() - began


class Health:
    """The application, and before it what tells how it does, as an ASGI application."""

    def __init__(self, app: ASGIApp, live: LiveFinder, counts: Counts) -> None:
        self.app = app
        self.live = live
        self.counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the two paths; anything else is the application's."""
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self.app(scope, receive, send)
            return
        answer = self._health() if scope["path"] == HEALTH else self._metrics()
        answer.headers["cache-control"] = "no-store"
        await answer(scope, receive, send)

    def _health(self) -> Response:
        """200 where questions can be answered, 503 while there is nothing to search yet."""
        told = {
            "status": "ok" if self.live.ready else "no index yet",
            "version": version(APP),
            "passages": _passages(self.live),
            "building": self.live.busy,
        }
        return JSONResponse(told, 200 if self.live.ready else 503)

    def _metrics(self) -> Response:
        text = metrics_text(self.counts, _passages(self.live), self.live.busy)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def _passages(live: LiveFinder) -> int:
    return live.current.facts().passages if live.ready else 0


def metrics_text(counts: Counts, passages: int, building: bool) -> str:
    """Return what is counted in Prometheus' text format, version 0.0.4."""
    ended = sum(counts.ended.values())
    lines = [
        "# HELP source_finder_questions_total Questions that have ended.",
        "# TYPE source_finder_questions_total counter",
        *(
            f'source_finder_questions_total{{outcome="{outcome}"}} {number}'
            for outcome, number in counts.ended.items()
        ),
        "# HELP source_finder_question_seconds Seconds from a question to the end of its answer.",
        "# TYPE source_finder_question_seconds summary",
        f"source_finder_question_seconds_sum {counts.seconds:.6f}",
        f"source_finder_question_seconds_count {ended}",
        *_gauge("questions_under_way", "Questions that are being looked up.", counts.under_way),
        *_gauge("index_passages", "Passages that can be searched.", passages),
        *_gauge("build_running", "1 while the index is being built.", int(building)),
    ]
    return "\n".join(lines) + "\n"


def _gauge(name: str, told: str, value: int) -> Iterator[str]:
    yield f"# HELP source_finder_{name} {told}"
    yield f"# TYPE source_finder_{name} gauge"
    yield f"source_finder_{name} {value}"
