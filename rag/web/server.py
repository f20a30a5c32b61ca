"""The page as a server on one address.

Its theme is paper, ink and one accent, light and dark. Fonts are those of the reader's machine,
so that the page asks no other host for any.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.routes import file_upload_statuses
from gradio.utils import LRUCache
from markupsafe import Markup
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.accounts import Accounts, Audit, Sessions
from rag.build.corpus_files import MAX_BYTES
from rag.database import open_database
from rag.errors import ProjectsError, SourceFinderError
from rag.isolation import keep_small, open_many_files
from rag.live import LiveFinder
from rag.projects import ProjectStore
from rag.web.blocks import BOX, INTRODUCTION, PLACEHOLDER, build_app
from rag.web.gate import Gate, Quotas, ReaderLimits
from rag.web.guard import Access, Guard, send_whole
from rag.web.health import Counts, Health
from rag.web.markup import render
from rag.web.uploads import FolderWatch, upload_folder

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")

_INK = gr.themes.Color(
    c50="#faf8f3",
    c100="#f3efe6",
    c200="#e4ddcf",
    c300="#cfc6b4",
    c400="#a49b89",
    c500="#7a7263",
    c600="#5b5549",
    c700="#433f36",
    c800="#2a2823",
    c900="#1e1d1a",
    c950="#161513",
    name="ink",
)
_BINDING = gr.themes.Color(
    c50="#f7efec",
    c100="#efdcd6",
    c200="#e3bfb4",
    c300="#d69e8d",
    c400="#c67b66",
    c500="#a9543f",
    c600="#8c3b2a",
    c700="#722f22",
    c800="#5b271d",
    c900="#45201a",
    c950="#2b130f",
    name="binding",
)


def _build_theme() -> gr.themes.Base:
    """Return the theme; `style.css` draws what is inside the answers."""
    theme = gr.themes.Base(
        primary_hue=_BINDING,
        secondary_hue=_BINDING,
        neutral_hue=_INK,
        radius_size=gr.themes.sizes.radius_sm,
        text_size=gr.themes.sizes.text_md,
        font=[gr.themes.Font(name) for name in _SANS],
        font_mono=[gr.themes.Font(name) for name in _MONO],
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        background_fill_primary="#fffdf9",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="#e9e4d9",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="#b3ab9b",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#3a372f",
        block_border_width="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        input_background_fill="#fffdf9",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_300",
        input_border_color_dark="#4a463c",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="#8f8777",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#fffdf9",
    )


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunningApp:
    """A server that was started in the background."""

    app: gr.Blocks
    url: str
    _running: threading.Thread
    _closing: ExitStack

    def wait(self) -> None:
        """Return when the server has ended."""
        while self._running.is_alive():
            self._running.join(1.0)

    def close(self) -> None:
        """Stop the server, and remove what was uploaded to it."""
        self._closing.close()


def _resource(name: str) -> str:
    """Return a text file of this package."""
    return (files("rag.web") / name).read_text(encoding="utf-8")


class _Opening:
    """Begins the page with its heading and a box, in which one can type while Gradio loads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        introduction = Markup(INTRODUCTION)  # noqa: S704 - our own
        opening = render(
            "opening.html", introduction=introduction, label=BOX, placeholder=PLACEHOLDER
        )
        self._opened = opening.encode() + _PAGE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what is no page is left as it is."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        send = send_whole(send, lambda page: page.replace(_PAGE, self._opened, 1))
        await self._app(scope, receive, send)


_PAGE = b"<gradio-app"
"""Where Gradio's page begins in its HTML."""

_DAY_S = 24 * 3600.0

_LIGHT_AT_ONCE = 8
"""Events of a kind, which search nothing, that run at a time."""

_EVENTS = 200
"""Events that are taken from Gradio's queue at a time, beside those that wait in the four lines of
`Quotas`, where each asker has a share: so no asker fills the queue."""

_PAGES_KEPT = 500
"""Open pages whose conversation is kept in memory, some MB each; those used last. A conversation
comes back from the database with the address of its page."""

_SILENT_S = 30.0
"""How long a connection may be open while nothing whole is asked on it."""

_UPLOADS_TOLD = 1_000
"""Uploads of which it is known how far they are."""

_LETTING_GO_S = 2.0
"""How long a port may still be taken by what has just left it: a process that is started while
another listens holds its sockets, too, until it runs a program of its own."""

_ENDING_S = 5.0
"""How long requests may take to come to their end when the server does."""


def check_free(host: str, port: int) -> None:
    """Raise `OSError` where nothing can listen on the port: it stays taken, or is not allowed."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    patience = time.monotonic() + _LETTING_GO_S
    while True:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                return probe.bind(address)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > patience:
                    raise
        time.sleep(0.05)


def start(
    live: LiveFinder,
    host: str = "127.0.0.1",
    port: int = 7860,
    names: Sequence[str] = (),
    *,
    limits: ReaderLimits | None = None,
    for_one: bool = False,
    behind_proxy: bool = False,
) -> RunningApp:
    """Start the application in the background and return it with its address.

    `names`: further names by which it may be called, behind a proxy for instance. `limits`: what
    each asker may use, None for all they like. `for_one`: whether these bind only once the home has
    accounts, since the server is for one person until then. `behind_proxy`: whether a proxy says
    for whom it asks, and whether by https; those of the settings are believed. Where the home has
    accounts, only they are answered. Raises `SourceFinderError` where the port is taken.
    """
    keep_small()
    open_many_files()
    _forget_uploads()
    closing = ExitStack()
    try:
        check_free(host, port)
        uploads = closing.enter_context(upload_folder())
        closing.callback(live.cancel)
        closing.callback(FolderWatch(live).close)
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)  # read when components are made
        database = open_database(live.settings)
        closing.callback(database.close)
        counts, quotas, audit = Counts(), Quotas(limits, for_one=for_one), Audit(live.settings.home)
        accounts = Accounts(live.settings.accounts)
        gate = Gate(accounts, Sessions(database, accounts), audit)
        store = ProjectStore(database)
        closing.callback(_forgets_daily(store))
        app = build_app(live, counts, store, quotas, audit)
        app.max_threads = _EVENTS + 4 * (limits.waiting if limits else 0)
        app.state_session_capacity = _PAGES_KEPT
        # Else any event can be called beside the queue, as often as one likes.
        app.queue(
            max_size=limits.waiting if limits else None,
            api_open=False,
            default_concurrency_limit=_LIGHT_AT_ONCE,
        )
        access = Access(host, tuple(names), uploads, live.may_change, behind_proxy)
        middleware = [
            Middleware(Guard, access, gate, quotas),
            Middleware(Health, live, counts),
            Middleware(_Opening),
        ]
        mounted = _mounted(app, host, port, middleware)
        proxies = live.settings.proxies if behind_proxy else ""
        running, server = _run(mounted, host, port, proxies)
        closing.callback(_ends_silent(server))
        closing.callback(_ends, app, mounted, server, running)
    except (OSError, OverflowError) as error:
        closing.close()
        why = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise SourceFinderError(
            f"The application could not be started on {host}:{port}: {why}. "
            "Try another port, for example --port 7861."
        ) from error
    except BaseException:
        closing.close()
        raise
    name = "localhost" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104
    return RunningApp(app, f"http://{name}:{port}/", running, closing)


def _mounted(app: gr.Blocks, host: str, port: int, guards: Sequence[Middleware]) -> FastAPI:
    """Return the application as one that a server can run, behind its guards."""
    # Gradio's own server gives up where it has not started after 5 seconds, on a busy machine.
    mounted: FastAPI = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        app,
        "/",
        server_name=host,
        server_port=port,
        footer_links=[],
        run_history=False,
        app_kwargs={"middleware": guards},
        favicon_path=str(files("rag.web") / "icon.svg"),
        show_error=False,
        max_file_size=MAX_BYTES,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=True,
        theme=_build_theme(),
        css=_resource("style.css"),
        head=f"<script>{_resource('page.js')}</script>",
    )
    return mounted


def _run(
    mounted: FastAPI, host: str, port: int, proxies: str
) -> tuple[threading.Thread, uvicorn.Server]:
    """Run a server, and return its thread and itself once it listens. `proxies`: which may say for
    whom they ask; by default any program of this machine could. Raises `OSError`."""
    settings = uvicorn.Config(
        mounted,
        host=host,
        port=port,
        http="h11",  # the other one, used where it is installed, has no limit for headers
        log_level="warning",
        forwarded_allow_ips=proxies,
    )
    server = uvicorn.Server(settings)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        if not running.is_alive():
            raise OSError("the server ended while it started")
        time.sleep(0.01)
    return running, server


def _ends(
    app: gr.Blocks, mounted: FastAPI, server: uvicorn.Server, running: threading.Thread
) -> None:
    """End a server, and what pages listen to; what does not end within seconds is left behind."""
    app.close(verbose=False)
    [mount] = mounted.routes
    mount.app.stop_event.set()  # type: ignore[attr-defined]
    server.should_exit = True
    running.join(_ENDING_S)


def _ends_silent(server: Any) -> Callable[[], None]:
    """End the connections of a server on which nobody asks for anything, again and again; return
    what ends that. Uvicorn waits for a request, or the rest of one, without end."""
    ended = threading.Event()
    since: WeakKeyDictionary[Any, tuple[Any, float]] = WeakKeyDictionary()

    def sweep() -> None:
        now = time.monotonic()
        for connection in list(server.server_state.connections):
            request = getattr(connection, "cycle", None)
            if request is not None and not request.response_complete:
                since.pop(connection, None)
                continue
            last, began = since.setdefault(connection, (request, now))
            if last is not request:
                since[connection] = request, now
            elif now - began > _SILENT_S:
                connection.transport.close()

    def run() -> None:
        while not ended.wait(_SILENT_S / 6):
            for listening in server.servers:
                with suppress(RuntimeError):  # it has just ended
                    listening.get_loop().call_soon_threadsafe(sweep)

    threading.Thread(target=run, daemon=True).start()
    return ended.set


class _Signals(defaultdict[str, asyncio.Event]):
    """What tells of each upload that it has begun: the last ones."""

    def __missing__(self, upload: str) -> asyncio.Event:
        self[upload] = signal = asyncio.Event()
        while len(self) > _UPLOADS_TOLD:
            del self[next(iter(self))]
        return signal


def _forget_uploads() -> None:
    """Have Gradio tell of the last uploads how far they are. It keeps each that was asked about, or
    that nobody asked about, for good."""
    file_upload_statuses._signals = _Signals()
    file_upload_statuses._statuses = LRUCache(_UPLOADS_TOLD)


def _forgets_daily(store: ProjectStore) -> Callable[[], None]:
    """Delete for good what was removed long ago, now and every day; return what ends that."""
    ended = threading.Event()

    def run() -> None:
        while True:
            try:
                store.forget_removed()
            except ProjectsError as error:  # each page says so, too
                log.warning("%s", error)
            if ended.wait(_DAY_S):
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


def serve(
    live: LiveFinder,
    host: str = "127.0.0.1",
    port: int = 7860,
    names: Sequence[str] = (),
    *,
    limits: ReaderLimits | None = None,
    for_one: bool = False,
    behind_proxy: bool = False,
    open_browser: bool = False,
) -> None:
    """Show the application until interrupted; arguments as those of `start`. `open_browser` opens
    it in a new tab."""
    running = start(
        live, host, port, names, limits=limits, for_one=for_one, behind_proxy=behind_proxy
    )
    print(f"Source Finder is at {running.url} (Ctrl+C ends it)", flush=True)  # noqa: T201
    if open_browser:
        import webbrowser

        webbrowser.open(running.url)
    try:
        with suppress(KeyboardInterrupt):
            running.wait()
    finally:
        running.close()
