"""The page: a Gradio chat around a `Finder`, and the server that shows it.

Answers are `gr.HTML` parts of chat messages, one per finding, not Markdown: a passage is
shown exactly as it stands, and a part that is on the page is left alone while others
arrive. The page uses nothing from any other host.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr

from rag.errors import SourceFinderError
from rag.web import render
from rag.web.chat import Finder, Turns, converse, stop
from rag.web.endpoints import add_endpoints, guards
from rag.web.theme import build_theme

TITLE = "Source Finder"
INTRODUCTION = (
    '<header class="sf-head"><h1>Source Finder</h1>'
    "<p>Give it a claim about the past. It answers with what the archives say, word for "
    "word, and where.</p></header>"
)
EMPTY_CHAT = (
    "Paste a sentence you heard, or a whole post. Each claim in it is looked up, and you "
    "judge the passages yourself."
)
EXAMPLES = (
    "Monroe told Europe to stay out of the Americas",
    "Roosevelt named four freedoms that everyone in the world should have",
    "Polk confirmed that gold had been found in California",
    "Sacagawea carried her baby all the way to the Pacific",
)
SHARED_SEARCHES = 4
"""Searches that run at a time; further ones wait in Gradio's queue."""


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
            question = html_part(render.render_question(turn.question))
            messages.append({"role": "user", "content": question})
        parts = [html_part(block) for block in turn.blocks()]
        messages.append({"role": "assistant", "content": parts})
    return messages


def question_box(*, searching: bool, **changes: Any) -> gr.Textbox:
    """Return the input box with a send button, or with a stop button while searching."""
    return gr.Textbox(
        submit_btn=False if searching else "Search",
        stop_btn="Stop" if searching else False,
        **changes,
    )


def build_app(finder: Finder) -> gr.Blocks:
    """Return the page. Start it with `start` or `serve`, which add its looks."""

    def ask(text: str | None, turns: Turns) -> Iterator[tuple[Any, Turns, Any]]:
        emptied = False
        for grown in converse(finder, text or "", turns):
            box = gr.skip() if emptied else question_box(searching=True, value="")
            emptied = True
            yield chat_messages(grown), grown, box
            turns = grown
        yield gr.skip(), turns, question_box(searching=False)

    def stopped(turns: Turns) -> tuple[Any, Turns, Any]:
        turns = stop(turns)
        return chat_messages(turns), turns, question_box(searching=False)

    def picked(event: gr.SelectData) -> str:
        return str(event.value["text"])

    nothing: Turns = ()
    app = gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True)
    with app:
        add_endpoints(finder, SHARED_SEARCHES)  # first, so that they have their names
        turns = gr.State(nothing)
        gr.HTML(INTRODUCTION + render.render_searched(finder.searched()), js_on_load=None)
        chatbot = gr.Chatbot(
            show_label=False,
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
        box = question_box(
            searching=False,
            show_label=False,
            label="A claim about the past",
            placeholder="A claim, or a whole text",
            info=None,
            lines=1,
            max_lines=8,
            autofocus=True,
            elem_id="sf-box",
        )
        asking: dict[str, Any] = {
            "fn": ask,
            "inputs": [box, turns],
            "outputs": [chatbot, turns, box],
            "show_progress": "hidden",
            "concurrency_limit": SHARED_SEARCHES,
            "concurrency_id": "search",
            "api_visibility": "private",
        }
        typed = box.submit(**asking)
        chosen = chatbot.example_select(
            picked, None, box, show_progress="hidden", queue=False, api_visibility="private"
        ).then(**asking)
        box.stop(
            stopped,
            turns,
            [chatbot, turns, box],
            cancels=[typed, chosen],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )
        chatbot.clear(
            lambda: nothing, None, turns, show_progress="hidden", api_visibility="private"
        )
    return app


def resource(name: str) -> str:
    """Return a text file of this package."""
    return (files("rag.web") / name).read_text(encoding="utf-8")


def check_free(host: str, port: int) -> None:
    """Raise `OSError` where nothing can listen on the port: it is taken or not allowed."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def start(finder: Finder, host: str = "127.0.0.1", port: int = 7860) -> RunningApp:
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
    finder: Finder, host: str = "127.0.0.1", port: int = 7860, *, open_browser: bool = False
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
