"""The page in Gradio: the conversation, the passages beside it, the corpus; and the actions of
`rag.programs` as endpoints of the application and as MCP tools.

Answers are `gr.HTML` parts of chat messages, one for each claim, not Markdown: a quotation is
shown exactly as it stands, and a part that is on the page is left alone while others
arrive. Clicks on what the parts hold reach Python through one hidden element, the bus (see
`page.js`). The page uses nothing from any other host.
"""

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

from rag.accounts import Audit
from rag.errors import QuotaError, SourceFinderError
from rag.live import LiveFinder
from rag.programs import Programs
from rag.projects import ProjectStore
from rag.web import pane
from rag.web.actions import ASK, CORPUS, PROJECTS, Actions, question_box
from rag.web.chat import Turns
from rag.web.desk import Desk
from rag.web.gate import Places, Quotas, give_way
from rag.web.guard import asker_of
from rag.web.health import Counts
from rag.web.listing import Place, ProjectList
from rag.web.markup import render_searched
from rag.web.uploads import KEPT_S, SWEPT_S, TAKEN

_TITLE = "Source Finder"
INTRODUCTION = (
    '<header class="sf-head"><h1>Source Finder</h1>'
    "<p>Give it a claim about the past. It answers with what the archives say, word for "
    "word, and where they say it.</p></header>"
)
BOX, PLACEHOLDER = "A claim about the past", "A claim, or a whole text"
"""What the box for questions is called, and what stands in it while it is empty."""
_EMPTY_CHAT = (
    "Paste a sentence you heard or a whole post, or drop in a transcript. Each claim in it is "
    "looked up."
)
EXAMPLES = (
    "Monroe told Europe to stay out of the Americas",
    "Roosevelt named four freedoms that everyone in the world should have",
    "Polk confirmed that gold had been found in California",
    "Sacagawea carried her baby all the way to the Pacific",
)
_WATCH_S = 1.5
"""How often a page looks at the work on the index, while there is any."""

# What a click is for: another address within the page, the projects, or all else.
_BUS = """document.addEventListener('sf-act', (event) => {
  const { act } = event.detail;
  const organises = /-(project|conversation|pins?|objections?)$/.test(act);
  trigger(act === 'go' ? 'select' : organises ? 'submit' : 'click', event.detail);
});"""
_QUERY = "() => location.search"

_NOTHING: Turns = ()
_HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_app(
    live: LiveFinder,
    counts: Counts,
    store: ProjectStore,
    quotas: Quotas | None = None,
    audit: Audit | None = None,
) -> gr.Blocks:
    """Return the page, which counts what is asked. Start it with `start` or `serve`, which add its
    looks."""
    quotas, audit = quotas or Quotas(), audit or Audit(live.settings.home)
    actions = Actions(live, counts, store, quotas, audit)
    app = gr.Blocks(
        title=_TITLE,
        analytics_enabled=False,
        fill_height=True,
        delete_cache=(SWEPT_S, KEPT_S),
    )
    with app:
        _add_endpoints(live, counts, quotas)  # first, so that they have their names
        turns, desk = gr.State(_NOTHING), gr.State(Desk())
        place, listing = gr.State(Place()), gr.State(ProjectList())
        shelved = gr.State(0.0)
        renewed = gr.State(_NOTHING)
        timer, renewal = gr.Timer(_WATCH_S, active=False), gr.Timer(_WATCH_S, active=False)
        gr.HTML(INTRODUCTION, js_on_load=None)
        signed_in = gr.HTML("", elem_id="sf-signed-in", js_on_load=None)
        searched = gr.HTML(render_searched(live.searched()), js_on_load=None)
        work = gr.HTML("", elem_id="sf-work-place", js_on_load=None)
        with gr.Tabs(elem_id="sf-tabs") as tabs:
            with gr.Tab("Ask", id=ASK), gr.Row(elem_id="sf-room"):
                with gr.Column(elem_id="sf-talk"):
                    chatbot = _chatbot()
                    with gr.Column(elem_id="sf-asking", scale=0):
                        line = gr.HTML("", elem_id="sf-line", js_on_load=None)
                        box = _box()
                with gr.Column(elem_id="sf-beside"):
                    shown = gr.HTML(pane.EMPTY, elem_id="sf-pane", js_on_load=None)
            with gr.Tab("Projects", id=PROJECTS) as projects_tab:
                projects = gr.HTML("", elem_id="sf-projects", js_on_load=None)
            with gr.Tab("Corpus", id=CORPUS) as corpus_tab:
                shelf = gr.HTML("", elem_id="sf-shelf", js_on_load=None)
                drop = gr.File(
                    label="Add files to the corpus",
                    file_count="multiple",
                    file_types=[kind for kind in TAKEN if kind != ".doc"],
                    elem_id="sf-drop",
                )
        bus = gr.HTML("", elem_id="sf-bus", js_on_load=_BUS)
        kept = gr.HTML("", elem_id="sf-kept", js_on_load=None)
        asking: dict[str, Any] = {
            "fn": actions.asked,
            "api_name": "ask",
            "inputs": [box, turns, desk, place],
            "outputs": [chatbot, turns, box, shown, desk, place, line],
            "concurrency_limit": None,  # they wait in line for a place
            # By "once", what is sent right after Stop would be lost while that search ends.
            "trigger_mode": "multiple",
            **_HIDDEN,
        }
        typed = box.submit(**asking)
        chosen = chatbot.example_select(_picked, None, box, queue=False, **_HIDDEN).then(**asking)
        for asked in (typed, chosen):
            asked.then(actions.laid, [turns, desk, place], [shown, desk], **_HIDDEN)
        box.stop(
            actions.stopped,
            [turns, place],
            [chatbot, turns, box],
            cancels=[typed, chosen],
            queue=False,
            **_HIDDEN,
        )
        clicking: dict[str, Any] = {
            "trigger_mode": "multiple",
            "concurrency_limit": None,  # they wait in line, too
            **_HIDDEN,
        }
        bus.click(
            _in_line(actions.clicked, quotas.clicks),
            [turns, desk, place],
            [shown, desk, shelf, work, timer, kept],
            **clicking,
        )
        bus.select(
            _in_line(actions.gone, quotas.clicks),
            [turns, desk, place],
            [chatbot, turns, shown, desk, place, line, tabs, renewal],
            **clicking,
        )
        bus.submit(
            _in_line(actions.organised, quotas.clicks),
            [listing, place, turns, desk],
            [projects, listing, line, kept],
            **clicking,
        )
        projects_tab.select(actions.listed, place, [projects, listing], **_HIDDEN)
        corpus_tab.select(
            actions.shelved, shelved, [shelf, work, searched, timer, shelved], **_HIDDEN
        )
        drop.upload(actions.uploaded, drop, [drop, shelf, work, timer], **_HIDDEN)
        timer.tick(
            actions.watched,
            turns,
            [shelf, work, searched, timer, renewal],
            trigger_mode="once",
            **_HIDDEN,
        )
        # In two steps: to answer takes long, and what is asked meanwhile must not be written over.
        renewal.tick(
            actions.answered_anew,
            [turns, renewed, place],
            renewed,
            concurrency_limit=1,
            trigger_mode="once",
            **_HIDDEN,
        ).then(
            actions.renewed,
            [renewed, turns, desk, place],
            [chatbot, turns, shown, desk, renewed, renewal],
            **_HIDDEN,
        )
        app.load(actions.signed_in, None, signed_in, **_HIDDEN)
        app.load(
            _in_line(actions.loaded, quotas.loads),
            bus,
            [chatbot, turns, shown, desk, place, line, shelf, work, searched, timer, renewal],
            js=_QUERY,
            concurrency_limit=None,  # its address may ask for a search, which waits in line
            **_HIDDEN,
        )
    return app


def _in_line(action: Callable[..., Any], places: Places) -> Callable[..., Awaitable[Any]]:
    """Return an action of the page as one that waits in line for a place."""

    @wraps(action)
    async def called(*given: Any) -> Any:
        [request] = [value for value in given if isinstance(value, gr.Request)]
        try:
            return await places.run(asker_of(request).shown, action, *given)
        except QuotaError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return called


def _picked(event: gr.SelectData) -> dict[str, Any]:
    return {"text": str(event.value["text"]), "files": []}


def _chatbot() -> gr.Chatbot:
    return gr.Chatbot(
        show_label=False,
        label="Conversation",
        container=False,
        scale=1,
        height="auto",
        autoscroll=False,
        buttons=[],
        layout="bubble",
        elem_id="sf-chat",
        placeholder=_EMPTY_CHAT,
        examples=[{"text": example} for example in EXAMPLES],
    )


def _box() -> gr.MultimodalTextbox:
    return question_box(
        searching=False,
        show_label=False,
        label=BOX,
        placeholder=PLACEHOLDER,
        lines=1,
        max_lines=8,
        max_plain_text_length=1_000_000,
        file_types=list(TAKEN),
        file_count="multiple",
        elem_id="sf-box",
    )


log = logging.getLogger(__name__)

_UNEXPECTED = "Something went wrong. The details are in the window where Source Finder was started."


class Refusal(gr.Error):
    """An error that callers see as its message alone."""

    def __init__(self, message: str) -> None:
        super().__init__(message, print_exception=False)

    def __str__(self) -> str:
        return str(self.message)


def _add_endpoints(live: LiveFinder, counts: Counts, quotas: Quotas) -> None:
    """Add the endpoints to the `gr.Blocks` that is being built."""
    programs = Programs(lambda: live.current, give_way)
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
