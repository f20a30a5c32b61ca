"""The actions of `rag.programs` as endpoints of the application and as MCP tools."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
from gradio.events import api
from pydantic import ValidationError, validate_call

from rag.errors import SourceFinderError
from rag.live import LiveFinder
from rag.programs import Programs
from rag.web.health import Counts

log = logging.getLogger(__name__)

UNEXPECTED = "Something went wrong. The details are in the application’s log."


class Refusal(gr.Error):
    """An error that callers see as its message alone."""

    def __init__(self, message: str) -> None:
        super().__init__(message, print_exception=False)

    def __str__(self) -> str:
        return str(self.message)


def add_endpoints(live: LiveFinder, counts: Counts, concurrency_limit: int) -> None:
    """Add the endpoints to the `gr.Blocks` that is being built; they share the queue of
    the page's searches."""
    programs = Programs(lambda: live.current)
    asking = (programs.find_sources, programs.ask)
    for action in (
        programs.find_sources,
        programs.ask,
        programs.read_document,
        programs.list_collections,
    ):
        api(
            answering(counted(action, counts) if action in asking else action),
            api_name=action.__name__,
            concurrency_limit=concurrency_limit,
            concurrency_id="search",
        )


def counted(action: Callable[..., str], counts: Counts) -> Callable[..., str]:
    """Return the action as one whose calls are counted as questions."""

    @wraps(action)
    def called(*arguments: Any, **named: Any) -> str:
        with counts.question():
            return action(*arguments, **named)

    return called


def answering(action: Callable[..., str]) -> Callable[..., str]:
    """Return the action with its errors as messages for whoever called it."""
    checked = validate_call(action)

    @wraps(action)
    def called(*arguments: Any) -> str:
        try:
            return checked(*arguments)
        except SourceFinderError as error:
            raise Refusal(str(error)) from error
        except ValidationError as error:
            wrong = "; ".join(
                f"{problem['input']!r}: {problem['msg']}" for problem in error.errors()
            )
            raise Refusal(f"{action.__name__} cannot be called with {wrong}.") from error
        except Exception as error:
            log.exception("%s failed", action.__name__)
            raise Refusal(UNEXPECTED) from error

    # Gradio does not resolve annotations that are written as text.
    called.__signature__ = inspect.signature(action, eval_str=True)  # type: ignore[attr-defined]
    return called
