"""The command line: parses arguments, calls `SourceFinder`, prints the result.

Results go to standard output, progress and errors to standard error. The exit code is 0, or that of
the error (see `errors`). While the application starts, `serve` shows a page that reloads every
second.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.accounts import Accounts
from rag.cli import JsonOption, TerminalProgress, harmless, upkeep
from rag.config import DEFAULT_INDEX, PER_CLAIM, Settings
from rag.errors import QuestionError, SourceFinderError

if TYPE_CHECKING:
    from rag.finder import SourceFinder

cli = typer.Typer(
    name="source-finder",
    help="Paste a claim about the past; get the passages in archives that bear on it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(upkeep.app)

_IndexOption = Annotated[
    str | None,
    typer.Option("--index", help="An index: name, folder or qdrant:// address."),
]
_KOption = Annotated[int, typer.Option("--k", min=1, max=100, help="Passages per claim.")]
_CollectionOption = Annotated[
    list[str] | None, typer.Option("--collection", help="Only this collection (repeatable).")
]
_AfterOption = Annotated[str | None, typer.Option(help="Only sources from this year or date on.")]
_ExportOption = Annotated[
    list[Path] | None,
    typer.Option(
        help=("Also write a dossier; the extension sets its format: .pdf, .md, .html, .bib ...")
    ),
]
_ZoteroOption = Annotated[
    bool, typer.Option("--zotero", help="Send the sources, with quotations, to a running Zotero.")
]
_LimitOption = Annotated[
    int, typer.Option(min=1, help="The limit for each reader of a server that others use.")
]
_BeforeOption = Annotated[str | None, typer.Option(help="Only sources up to this year or date.")]


_INTERRUPTED = 130
"""The exit code after Ctrl+C, as in shells."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    shown = logging.StreamHandler()
    shown.setLevel(logging.WARNING)  # also for libraries that set a lower level themselves
    logging.basicConfig(handlers=[shown], format="%(levelname)s: %(message)s")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character that the terminal lacks is no error
            stream.reconfigure(errors="replace")
    code: object = 0
    try:
        cli(arguments, prog_name="source-finder")
    except SystemExit as end:  # Typer reports mistakes in the command
        code = end.code
    except SourceFinderError as error:
        print(f"Error: {harmless(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0
    if code == _INTERRUPTED:
        print("Stopped. Nothing was lost.", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _stop(*_: object) -> None:
    """Stop as after Ctrl+C: unfinished work is cleaned up and child processes end."""
    raise KeyboardInterrupt


@cli.command()
def ask(
    text: Annotated[str, typer.Argument(help="A claim, a question, or a longer text.")],
    k: _KOption = PER_CLAIM,
    collection: _CollectionOption = None,
    after: _AfterOption = None,
    before: _BeforeOption = None,
    index: _IndexOption = None,
    export: _ExportOption = None,
    to_zotero: _ZoteroOption = False,
    as_json: JsonOption = False,
) -> None:
    """What sources support this claim?"""
    filters = {"k": k, "collections": collection, "after": after, "before": before}
    _answer(text, index, export, to_zotero, as_json, **filters)


@cli.command()
def check(
    file: Annotated[str, typer.Argument(help="A text or subtitle file, or - for standard input.")],
    k: _KOption = PER_CLAIM,
    index: _IndexOption = None,
    export: _ExportOption = None,
    to_zotero: _ZoteroOption = False,
    as_json: JsonOption = False,
) -> None:
    """Look up every claim in a long quotation, an article or a transcript (.srt, .vtt)."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(
            f"{file} is not UTF-8 text ({error.reason} at byte {error.start}). Save it as "
            "plain text; to search in a PDF, index it with `source-finder build`."
        ) from error
    except OSError as error:
        raise QuestionError(f"{file} cannot be read: {error.strerror}. Check the path.") from error
    _answer(text, index, export, to_zotero, as_json, k=k)


@cli.command()
def build(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files and folders to add; 'sotu' for the addresses."),
    ] = None,
    index: _IndexOption = None,
    only: Annotated[
        bool,
        typer.Option("--only", help="Index only these paths, without what was indexed before."),
    ] = False,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Read and embed everything again.")
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Read and embed on a Ray cluster: auto (this machine's) or HOST:6379.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Build an index, or refresh it: only what changed is read and embedded again."""
    from rag.build.builder import build_index
    from rag.cli import report_text
    from rag.index import recorded_sources
    from rag.workspace import default_sources

    settings = Settings.from_environment()
    target = settings.index_path(index)
    default = default_sources(settings) if target == settings.index_path(DEFAULT_INDEX) else []
    given = [path if path == "sotu" else str(Path(path).absolute()) for path in paths or ()]
    before = [] if only else [*recorded_sources(target), *default]
    report = build_index(
        list(dict.fromkeys([*before, *given])),
        target,
        progress=TerminalProgress(),
        afresh=afresh,
        ray=ray,
        settings=settings,
    )
    print(harmless(report.to_json(indent=1) if as_json else report_text(report), as_json))


@cli.command()
def publish(
    location: Annotated[
        str, typer.Argument(help="qdrant:///FOLDER, or qdrant://HOST:6333/NAME for a server.")
    ],
    index: _IndexOption = None,
    back_to: Annotated[
        str | None,
        typer.Option(help="Serve this earlier generation again instead."),
    ] = None,
) -> None:
    """Publish an index to Qdrant, which serves it as soon as it is complete."""
    from rag.index import open_index
    from rag.index.qdrant.index import publish as publish_index
    from rag.index.qdrant.index import roll_back

    settings = Settings.from_environment()
    if back_to is not None:
        roll_back(location, back_to, key=settings.index_key)
        name = back_to
    else:
        opened = open_index(settings.index_path(index))
        name = publish_index(opened, location, key=settings.index_key, progress=TerminalProgress())
    print(f"{location} serves {name}.")


@cli.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="GRADIO_SERVER_PORT")] = 7860,
    host: Annotated[str, typer.Option(envvar="GRADIO_SERVER_NAME")] = "127.0.0.1",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(help="A host name that the server answers to (repeatable)."),
    ] = None,
    allow_changes: Annotated[
        bool,
        typer.Option("--allow-changes", help="Let everybody who can reach it change the corpus."),
    ] = False,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="Trust the X-Forwarded headers of a proxy on this machine, or of those in "
            "SOURCE_FINDER_PROXIES.",
        ),
    ] = False,
    claims_a_minute: _LimitOption = 300,
    uploads_a_day: _LimitOption = 500,
    upload_mb_a_day: _LimitOption = 2000,
    kept_mb_a_day: _LimitOption = 500,
    waiting: _LimitOption = 64,
    index: _IndexOption = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the page in a browser tab.")
    ] = False,
) -> None:
    """Open the browser application."""

    with _Opening(host, port) as opening:
        print(f"Source Finder is starting at {opening.url}", flush=True)
        from rag import web
        from rag.live import LiveFinder

        names = allowed_host or ()
        # Behind a proxy, even a server that listens on this machine only is for others.
        settings = Settings.from_environment()
        accounts = bool(Accounts(settings.accounts).all())
        for_others = accounts or behind_proxy or bool(names) or not web.is_loopback(host)
        if for_others and not accounts:
            print(
                f"Warning: anyone who can reach {host}:{port} can search and read everything "
                f"that is indexed{(', and change it' if allow_changes else '')}. There is no "
                "password; `source-finder users add NAME` makes accounts.",
                file=sys.stderr,
            )
        if for_others and settings.captions == "auto":  # strangers must not make it fetch anything
            settings = replace(settings, captions="off")
        live = LiveFinder.begin(settings, index)
    # If there are accounts, now or later, each of them decides whether it may.
    live.may_change = not live.elsewhere and (allow_changes or not for_others)
    limits = web.ReaderLimits(
        claims_a_minute, uploads_a_day, upload_mb_a_day, kept_mb_a_day, waiting
    )
    web.serve(
        live,
        host,
        port,
        names,
        limits=limits,
        for_one=not for_others,
        behind_proxy=behind_proxy,
        open_browser=browser,
    )


@cli.command()
def doctor(as_json: JsonOption = False) -> None:
    """Report what is installed, which indexes and model there are, and what is wrong."""
    from rag.doctor import examine

    diagnosis = examine(Settings.from_environment())
    if as_json:
        print(diagnosis.to_json(indent=1))
    else:
        for name, value in diagnosis.facts.items():
            print(harmless(f"{name:24} {value}"))
        problems = [f"Problem: {p}" for p in diagnosis.problems or ("none found",)]
        print(harmless("\n" + "\n".join(problems)))
    if diagnosis.problems:
        raise typer.Exit(1)


def _open(index: str | None) -> SourceFinder:
    from rag.finder import SourceFinder

    return SourceFinder.open(index, progress=TerminalProgress())


def _answer(
    text: str,
    index: str | None,
    export: list[Path] | None,
    to_zotero: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    from rag import dossier
    from rag.cli import answer_text
    from rag.dossier import zotero

    for path in export or ():
        dossier.form_of(path.suffix)  # before a long text is looked up
    finder = _open(index)
    style = finder.settings.citation_style
    if style:
        dossier.style_of(style)
    answer = dossier.in_style(finder.ask(text, **filters), style)
    try:  # first, since the reader of the output may close it early
        for path in export or ():
            made = datetime.now(UTC)
            content = dossier.export(
                [answer], path.suffix, made=made, index=finder.facts(), style=style
            )
            _write(path, content)
        if to_zotero:
            print(zotero.send([answer]), file=sys.stderr)
    finally:
        print(harmless(answer.to_json(indent=1) if as_json else answer_text(answer), as_json))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise QuestionError(
            f"{path} cannot be written: {error.strerror}. Choose another folder or name."
        ) from error
    print(f"Written: {path}", file=sys.stderr)


_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Source Finder</title>
<meta name="viewport" content="width=device-width"><style>
body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em;
background:#faf8f3;color:#1e1d1a}
@media(prefers-color-scheme:dark){body{background:#161513;color:#e9e4d9}}</style></head>
<body data-opening><h1>Source Finder</h1><p role="status">Starting: this takes about ten seconds,
or half a minute on a slow machine. The page opens by itself.</p><script>
setInterval(async () => {
  try {
    const text = await (await fetch("/", { cache: "no-store" })).text();
    if (!text.includes("data-opening")) location.reload();
  } catch { /* neither is there for a moment */ }
}, 1000);
</script></body></html>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer every request with the page, as "not ready yet" for programs."""
        content = _PAGE.encode()
        self.send_response(503 if self.path in {"/health", "/metrics"} else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that it can close all of them before the application takes the
    port."""

    def __init__(self, host: str, port: int) -> None:
        self.connections: list[socket.socket] = []
        super().__init__((host, port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Return the next connection and its address."""
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address


class _Opening:
    """Serves the page; a context manager. If the port is in use it serves nothing, and the
    application, which needs the same port, reports it."""

    def __init__(self, host: str, port: int) -> None:
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        self._server: _Server | None = None
        with suppress(OSError, OverflowError):
            self._server = _Server(host, port)

    def __enter__(self) -> _Opening:
        if self._server is not None:
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            for connection in self._server.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._server.server_close()
