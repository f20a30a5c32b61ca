"""The page in Gradio: the conversation, the passages beside it, the corpus, and the server.

Answers are `gr.HTML` parts of chat messages, one for each claim, not Markdown: a quotation is
shown exactly as it stands, and a part that is on the page is left alone while others
arrive. Clicks on what the parts hold reach Python through one hidden element, the bus (see
`page.js`). The page uses nothing from any other host.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr

from rag import dossier
from rag.corpus_files import MAX_BYTES
from rag.errors import SourceFinderError
from rag.live import LiveFinder
from rag.web import corpus, pane
from rag.web.answer import render_kept, render_searched
from rag.web.chat import Turn, Turns, converse, stop
from rag.web.desk import Click, Desk
from rag.web.dropped import TAKEN, sort_dropped
from rag.web.endpoints import add_endpoints, guards
from rag.web.memory import from_memory, to_memory
from rag.web.theme import build_theme

TITLE = "Source Finder"
INTRODUCTION = (
    '<header class="sf-head"><h1>Source Finder</h1>'
    "<p>Give it a claim about the past. It answers with what the archives say, word for "
    "word, and where.</p></header>"
)
EMPTY_CHAT = (
    "Paste a sentence you heard, or a whole post, or drop in a transcript. Each claim in it is "
    "looked up, and you read the passages yourself."
)
EXAMPLES = (
    "Monroe told Europe to stay out of the Americas",
    "Roosevelt named four freedoms that everyone in the world should have",
    "Polk confirmed that gold had been found in California",
    "Sacagawea carried her baby all the way to the Pacific",
)
SHARED_SEARCHES = 4
"""Searches that run at a time; further ones wait in Gradio's queue."""

WATCH_S = 0.6
"""How often a page looks at the work on the index, while there is any."""

BUS = "document.addEventListener('sf-act', (event) => trigger('click', event.detail));"
MEMORY = "source-finder-conversation"
# The browser enciphers what it keeps with this. It need not be secret: the page is the reader's.
MEMORY_KEY = "source-finder"

HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
UNMOVED = (gr.skip(), gr.skip())


@dataclass(frozen=True, slots=True)
class RunningApp:
    """A server that was started in the background."""

    app: gr.Blocks
    url: str

    def close(self) -> None:
        """Stop the server."""
        self.app.close(verbose=False)


def html_part(content: str) -> gr.HTML:
    """Return a part of a chat message that shows `content` as it is."""
    return gr.HTML(content, render=False, js_on_load=None, elem_classes="sf-part")


def chat_messages(turns: Turns) -> list[dict[str, Any]]:
    """Return the conversation as the messages of a `gr.Chatbot`."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if turn.question:
            messages.append({"role": "user", "content": html_part(turn.asked())})
        parts = [html_part(block) for block in turn.blocks()]
        messages.append({"role": "assistant", "content": parts})
    return messages


def question_box(*, searching: bool, **changes: Any) -> gr.MultimodalTextbox:
    """Return the input box with a send button, or with a stop button while searching."""
    return gr.MultimodalTextbox(
        submit_btn=False if searching else "Search",
        stop_btn="Stop" if searching else False,
        **changes,
    )


def told(turns: Turns, message: str = "", offered: tuple[tuple[str, str], ...] = ()) -> Turns:
    """Return the conversation with a message of the application at its end."""
    return (*turns, Turn(len(turns), stage="done", message=message, offered=offered))


def kept_file(finder: LiveFinder, turns: Turns, extension: str) -> str:
    """Return a link to the conversation as a file, which page.js follows at once."""
    answers = [turn.answer for turn in turns if turn.answer is not None]
    made = datetime.now(UTC).astimezone()
    content = dossier.export(answers, extension, made=made, index=finder.facts())
    name = f"source-finder-{made:%Y-%m-%d-%H%M%S}{extension}"
    media_type = dossier.form_of(extension).media_type
    return render_kept(name, media_type, base64.b64encode(content).decode("ascii"))


@dataclass(frozen=True, slots=True)
class _Actions:
    """What the page's events do. Each returns new values for the components it names."""

    finder: LiveFinder

    def ask(self, sent: Any, turns: Turns, desk: Desk) -> Iterator[tuple[Any, ...]]:
        """Yield chat, turns, box, pane, desk, memory as the answer grows."""
        sent = sent or {}
        dropped = sort_dropped([Path(file) for file in sent.get("files") or ()])
        for problem in dropped.problems:
            turns = told(turns, problem)
        if dropped.offered:
            turns = told(turns, offered=dropped.offered)
        text = "\n".join(part for part in [sent.get("text") or "", *dropped.texts] if part)
        if not text and (dropped.offered or dropped.problems):
            box = question_box(searching=False, value=None)
            yield chat_messages(turns), turns, box, *UNMOVED, to_memory(turns)
            return
        box = question_box(searching=True, value=None)
        claim = desk.claim(turns) if desk.chosen else None
        for grown in converse(self.finder, text, turns, [claim.claim.query] if claim else []):
            turns, laid = grown, desk.with_answer(self.finder, grown)
            shown = gr.skip() if laid is desk else laid.page
            desk = laid
            yield chat_messages(turns), turns, box, shown, desk, gr.skip()
            box = gr.skip()
        yield gr.skip(), turns, question_box(searching=False), gr.skip(), desk, to_memory(turns)

    def stopped(self, turns: Turns) -> tuple[Any, ...]:
        """Return chat, turns, box, memory."""
        turns = stop(turns)
        return chat_messages(turns), turns, question_box(searching=False), to_memory(turns)

    def remembered(self, memory: Any) -> tuple[Any, ...]:
        """Return chat, turns, pane, desk, shelf, work, searched, timer for a page that was
        loaded, with the conversation that the browser has kept."""
        turns = from_memory(memory)
        desk = Desk().with_answer(self.finder, turns)
        return chat_messages(turns), turns, desk.page, desk, *self._corpus(), self._timer()

    def clicked(self, turns: Turns, desk: Desk, event: gr.EventData) -> tuple[Any, ...]:
        """Return pane, desk, shelf, work, timer, kept after a click on the page."""
        click: Click = event._data or {}
        name = click.get("act")
        try:
            if name == "keep":
                kept = kept_file(self.finder, turns, str(click.get("form")))
                return *UNMOVED, gr.skip(), gr.skip(), gr.skip(), kept
            if name == "add":
                # Only what this conversation was offered: a click can name any path.
                offered = {path: file for turn in turns for file, path in turn.offered}
                path = str(click.get("path"))
                message = corpus.add(self.finder, [(offered[path], Path(path))])
                return *UNMOVED, *self._worked(message)
        except (SourceFinderError, KeyError) as error:
            return *UNMOVED, *self._worked(str(error))
        if name in corpus.ACTS:
            shelf, message = corpus.act(self.finder, click)
            return *UNMOVED, shelf, corpus.work(self.finder, message), self._timer(), gr.skip()
        desk = desk.after(self.finder, turns, click)
        return desk.page, desk, gr.skip(), gr.skip(), gr.skip(), gr.skip()

    def uploaded(self, given: list[str] | None) -> tuple[Any, ...]:
        """Return upload field, shelf, work, timer after files were dropped into the corpus."""
        named = [(Path(path).name, Path(path)) for path in given or ()]
        message = corpus.add(self.finder, named)
        return None, corpus.shelf(self.finder), corpus.work(self.finder, message), self._timer()

    def watched(self) -> tuple[Any, ...]:
        """Return shelf, work, searched, timer while the index is worked on."""
        if self.finder.busy:
            return gr.skip(), corpus.work(self.finder), gr.skip(), gr.skip()
        return *self._corpus(), self._timer()

    def _worked(self, message: str) -> tuple[Any, ...]:
        shelf, work, _ = self._corpus(message)
        return shelf, work, self._timer(), gr.skip()

    def _corpus(self, message: str = "") -> tuple[str, str, str]:
        work = corpus.work(self.finder, message)
        return corpus.shelf(self.finder), work, render_searched(self.finder.searched())

    def _timer(self) -> gr.Timer:
        return gr.Timer(active=self.finder.busy)


def build_app(finder: LiveFinder) -> gr.Blocks:
    """Return the page. Start it with `start` or `serve`, which add its looks."""
    actions = _Actions(finder)
    nothing: Turns = ()
    app = gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True)
    with app:
        add_endpoints(finder, SHARED_SEARCHES)  # first, so that they have their names
        turns, desk = gr.State(nothing), gr.State(Desk())
        memory = gr.BrowserState([], storage_key=MEMORY, secret=MEMORY_KEY)
        timer = gr.Timer(WATCH_S, active=False)
        gr.HTML(INTRODUCTION, js_on_load=None)
        searched = gr.HTML(render_searched(finder.searched()), js_on_load=None)
        work = gr.HTML("", elem_id="sf-work-place", js_on_load=None)
        with gr.Tabs(elem_id="sf-tabs"):
            with gr.Tab("Ask"), gr.Row(elem_id="sf-room"):
                with gr.Column(elem_id="sf-talk"):
                    chatbot = _chatbot()
                    box = _box()
                with gr.Column(elem_id="sf-beside"):
                    shown = gr.HTML(pane.EMPTY, elem_id="sf-pane", js_on_load=None)
            with gr.Tab("Corpus"):
                shelf = gr.HTML("", elem_id="sf-shelf", js_on_load=None)
                drop = gr.File(
                    label="Add files to the corpus",
                    file_count="multiple",
                    file_types=[kind for kind in TAKEN if kind != ".doc"],
                    elem_id="sf-drop",
                )
        bus = gr.HTML("", elem_id="sf-bus", js_on_load=BUS)
        kept = gr.HTML("", elem_id="sf-kept", js_on_load=None)
        asking: dict[str, Any] = {
            "fn": actions.ask,
            "inputs": [box, turns, desk],
            "outputs": [chatbot, turns, box, shown, desk, memory],
            "concurrency_limit": SHARED_SEARCHES,
            "concurrency_id": "search",
            **HIDDEN,
        }
        typed = box.submit(**asking)
        chosen = chatbot.example_select(_picked, None, box, queue=False, **HIDDEN).then(**asking)
        box.stop(
            actions.stopped,
            turns,
            [chatbot, turns, box, memory],
            cancels=[typed, chosen],
            queue=False,
            **HIDDEN,
        )
        chatbot.clear(
            lambda: (nothing, Desk(), pane.EMPTY, []), None, [turns, desk, shown, memory], **HIDDEN
        )
        bus.click(
            actions.clicked,
            [turns, desk],
            [shown, desk, shelf, work, timer, kept],
            trigger_mode="multiple",
            concurrency_limit=SHARED_SEARCHES,
            **HIDDEN,
        )
        drop.upload(actions.uploaded, drop, [drop, shelf, work, timer], **HIDDEN)
        timer.tick(actions.watched, None, [shelf, work, searched, timer], **HIDDEN)
        app.load(
            actions.remembered,
            memory,
            [chatbot, turns, shown, desk, shelf, work, searched, timer],
            **HIDDEN,
        )
    return app


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
        placeholder=EMPTY_CHAT,
        examples=[{"text": example} for example in EXAMPLES],
    )


def _box() -> gr.MultimodalTextbox:
    return question_box(
        searching=False,
        show_label=False,
        label="A claim about the past",
        placeholder="A claim, or a whole text",
        lines=1,
        max_lines=8,
        max_plain_text_length=1_000_000,
        file_types=list(TAKEN),
        file_count="multiple",
        autofocus=True,
        elem_id="sf-box",
    )


def resource(name: str) -> str:
    """Return a text file of this package."""
    return (files("rag.web") / name).read_text(encoding="utf-8")


def check_free(host: str, port: int) -> None:
    """Raise `OSError` where nothing can listen on the port: it is taken or not allowed."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def start(finder: LiveFinder, host: str = "127.0.0.1", port: int = 7860) -> RunningApp:
    """Start the application in the background and return it with its address.

    Raises `SourceFinderError` where the port is taken.
    """
    try:
        check_free(host, port)
        app = build_app(finder)
        _, url, _ = app.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            show_error=False,
            footer_links=[],
            max_file_size=MAX_BYTES,
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=True,
            app_kwargs=guards(host),
            theme=build_theme(),
            css=resource("style.css"),
            head=f"<script>{resource('page.js')}</script>",
            favicon_path=str(files("rag.web") / "icon.svg"),
        )
    except (OSError, OverflowError) as error:
        why = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise SourceFinderError(
            f"The application could not be started on {host}:{port}: {why}. "
            "Try another port, for example --port 7861."
        ) from error
    return RunningApp(app, url)


def serve(
    finder: LiveFinder, host: str = "127.0.0.1", port: int = 7860, *, open_browser: bool = False
) -> None:
    """Show the application until interrupted. `open_browser` opens it in a new tab."""
    running = start(finder, host, port)
    print(f"Source Finder is at {running.url} (Ctrl+C ends it)", flush=True)  # noqa: T201
    if open_browser:
        import webbrowser

        webbrowser.open(running.url)
    try:
        running.app.block_thread()
    finally:
        running.close()
