"""The actions of `rag.programs` as endpoints of the application and as MCP tools."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import gradio as gr
from gradio.events import api
from pydantic import ValidationError, validate_call

from rag.errors import SourceFinderError
from rag.live import LiveFinder
from rag.programs import Programs
from rag.web.gate import Quotas
from rag.web.guard import asker_of
from rag.web.health import Counts

log = logging.getLogger(__name__)

_UNEXPECTED = "Something went wrong. The details are in the window where Source Finder was started."


class Refusal(gr.Error):
    """An error that callers see as its message alone."""

    def __init__(self, message: str) -> None:
        super().__init__(message, print_exception=False)

    def __str__(self) -> str:
        return str(self.message)


def add_endpoints(live: LiveFinder, counts: Counts, quotas: Quotas) -> None:
    """Add the endpoints to the `gr.Blocks` that is being built."""
    programs = Programs(lambda: live.current)
    asking = (programs.find_sources, programs.ask)
    for action in (
        programs.find_sources,
        programs.ask,
        programs.read_document,
        programs.list_collections,
    ):
        api(
            answering(_counted(action, counts) if action in asking else action, quotas),
            api_name=action.__name__,
            concurrency_limit=None,  # they wait in line for a place
            # Else a tool's call is sent to this server once more, without who it is from.
            queue=False,
        )


def _counted(action: Callable[..., str], counts: Counts) -> Callable[..., str]:
    """Return the action as one whose calls are counted as questions."""

    @wraps(action)
    def called(*arguments: Any, **named: Any) -> str:
        with counts.question():
            return action(*arguments, **named)

    return called


def answering(action: Callable[..., str], quotas: Quotas) -> Callable[..., Awaitable[str]]:
    """Return the action for Gradio, which gives the request first: within what its asker may
    use, and with its errors as messages for whoever called it."""
    checked = validate_call(action)

    @wraps(action)
    async def called(*given: Any) -> str:
        request, *arguments = given
        who = asker_of(request).shown

        def within_quota() -> str:
            quotas.check_claims(who)
            told: str = checked(*arguments)
            quotas.use_claims(who, _claims_in(told))
            return told

        try:
            told: str = await quotas.tools.run(who, within_quota)
        except SourceFinderError as error:
            raise Refusal(str(error)) from error
        except ValidationError as error:
            wrong = "; ".join(
                f"{problem['input']!r}: {problem['msg']}" for problem in error.errors()
            )
            raise Refusal(f"{action.__name__} cannot be called with {wrong}.") from error
        except Exception as error:
            log.exception("%s failed", action.__name__)
            raise Refusal(_UNEXPECTED) from error
        return told

    # Gradio does not resolve annotations that are written as text.
    taken = inspect.signature(action, eval_str=True)
    first = inspect.Parameter(
        "request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request
    )
    parameters = [first, *taken.parameters.values()]
    called.__signature__ = taken.replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__annotations__["return"] = taken.return_annotation
    return called


def _claims_in(told: str) -> int:
    """Return how many claims were looked up for what is told, at least 1."""
    return max(len(json.loads(told).get("answer", {}).get("findings", ())), 1)
