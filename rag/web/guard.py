"""What stands before the application: who is answered, which routes there are, and how much is
taken.

A page anywhere on the web can make its reader's browser send requests to this machine. Three
things tell such a request: the name that it was sent to (`Host`, where a name elsewhere was made
to point here), the page that sent it (`Origin`), and what the browser says of the two
(`Sec-Fetch-Site`). Programs send none of the last two, and are answered.

Gradio offers more than is used here (a proxy, files, an editor that runs code): only what the
page and the endpoints need is let through.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.build.corpus_files import MAX_BYTES
from rag.web.health import PATHS

MB = 1 << 20

MAX_BODY = 1 * MB
"""Of a request: five times the longest text that is taken."""

MAX_EVENT_BODY = 8 * MB
"""Of an event of the page, which brings the conversation that the browser has kept."""

MAX_UPLOADS = 4 * MAX_BYTES
"""What may lie in the folder for uploads at a time."""

MAX_ASKED = 4 * MB
"""Of an upload where nothing can be added: a transcript to ask."""

FREE_BYTES = 1024 * MB
"""Uploads end before the disk has less than this."""

BODY_S = 60
"""Seconds in which a request that is no upload must have arrived."""

API = "/gradio_api"
_EVENTS = f"{API}/queue/join"
_UPLOAD = f"{API}/upload"
_PAGES = PATHS | frozenset(
    {"/", "/config", "/config/", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"}
)
_ENDPOINTS = frozenset(
    f"{API}/{name}"
    for name in (
        "app_id", "cancel", "info", "login_check", "mcp", "openapi.json", "queue/data",
        "queue/join", "reset", "startup-events", "theme.css", "upload", "upload_progress", "user",
    )
)  # fmt: skip
_FOLDERS = (
    "/assets/", "/static/", "/svelte/", "/pwa_icon",
    *(f"{API}/{name}" for name in ("api/", "call/", "heartbeat/", "mcp/", "run/")),
)  # fmt: skip
_POSTED = (
    *(f"{API}/{name}" for name in ("api/", "call/", "cancel", "mcp", "reset", "run/")),
    _EVENTS, _UPLOAD,
)  # fmt: skip
_DATA = (_EVENTS, *(f"{API}/{name}" for name in ("api/", "call/", "run/")))

HEADERS = {
    # Gradio's page is made of scripts within it; what matters is that it can send nothing away.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "media-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; "
        "form-action 'self'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine can reach a server on `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a server on `host` answers, and where uploads lie.

    `names`: further names by which it may be called. An address in digits needs none: nobody
    can make it point elsewhere.
    """

    host: str
    names: tuple[str, ...] = ()
    uploads: Path | None = None
    changes: bool = True
    """Whether files may be added to the corpus; else only texts to ask are taken."""

    def answers_to(self, host: str) -> bool:
        """Return whether the server goes by this name or address, as a `Host` header has it.

        >>> own, open_to_all = Access("127.0.0.1"), Access("0.0.0.0", ("sources.example",))
        >>> own.answers_to("localhost:7860"), own.answers_to("10.0.0.5:7860")
        (True, False)
        >>> open_to_all.answers_to("10.0.0.5:7860"), open_to_all.answers_to("evil.example")
        (True, False)
        >>> open_to_all.answers_to("sources.example")
        True
        """
        name = _hostname(f"//{host}")
        if name is None:
            return False
        if name in {self.host.casefold(), *(name.casefold() for name in self.names)}:
            return True
        return is_loopback(name) or (not is_loopback(self.host) and _is_address(name))

    def trusts(self, origin: str, host: str) -> bool:
        """Return whether a page of `origin` may send to the server as `host`: it is its own
        page, or one under a name that was allowed (a proxy may call the server otherwise)."""
        name = _hostname(origin)
        if name is None or not origin.startswith(("http://", "https://")):
            return False
        own = urlsplit(origin).netloc.casefold() == host.casefold()
        return own or name in {allowed.casefold() for allowed in self.names}


def _hostname(address: str) -> str | None:
    """Return the name in an address, without port, None where there is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    plain = not (parts.username or parts.path.strip("/") or parts.query or parts.fragment)
    return parts.hostname if plain else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


READER = "source-finder-reader"
"""The cookie by which a browser is known again where there are no accounts."""

_READER_ID = re.compile("[A-Za-z0-9_-]{43}")
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends a request. `name`: under which what is theirs is kept, "" for a program that is
    not known again."""

    name: str = ""


def asker(request: Any) -> str:
    """Return under which name what belongs to the sender of a request is kept: a random id that
    its browser was given, "" for a program that was given none. It is a secret of that browser,
    and stands in no log. `request`: Starlette's or Gradio's.
    """
    return _asker_of(request).name


def _asker_of(request: Any) -> Asker:
    # Gradio's request holds Starlette's.
    state = (getattr(request, "request", None) or request).state
    found: Asker = getattr(state, "asker", None) or Asker()
    return found


class Refused(Exception):
    """A request that is not answered: the status, and why in a sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """The application behind the checks, as an ASGI application of its own."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it. Web sockets are not used here and are refused."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        started = False
        headers = Headers(scope=scope)
        known = _reader_id(headers)
        reader = known or (secrets.token_urlsafe(32) if scope["path"] == "/" else "")

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered[name] = value
                if reader and not known:
                    answered.append("set-cookie", _cookie(READER, reader, _YEAR_S, scope))
            await send(message)

        scope.setdefault("state", {})["asker"] = Asker(reader)
        try:
            self._check_sender(scope, headers)
            check_route(scope["method"], scope["path"])
            await self.app(scope, await self._body(scope, headers, receive), sending)
        except Refused as refused:
            if started:
                raise
            answer = PlainTextResponse(f"{refused}\n", refused.status, {"connection": "close"})
            await answer(scope, receive, sending)

    def _check_sender(self, scope: Scope, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.access.answers_to(hosts[0]):
            raise Refused(
                400,
                "The server does not go by this name. To let it, start it with "
                "--allowed-host NAME.",
            )
        for origin in headers.getlist("origin"):
            if not self.access.trusts(origin, hosts[0]):
                raise Refused(403, "Another page may not use this server.")
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        followed = mode == "navigate" and scope["method"] == "GET" and scope["path"] == "/"
        if site in {"cross-site", "same-site"} and not followed:
            raise Refused(403, "Another page may not use this server.")

    async def _body(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """Return what gives the application the request's body, which is not too large."""
        path = scope["path"]
        try:
            length = int(headers.get("content-length") or 0)
        except ValueError as error:
            raise Refused(400, "The length of the request is no number.") from error
        if path.startswith(_UPLOAD) and scope["method"] == "POST":
            room = self._room() if self.access.changes else min(self._room(), MAX_ASKED)
            if length > room:
                raise Refused(413, _too_large(room))
            return _counted(receive, room)
        most = MAX_EVENT_BODY if path.startswith(_EVENTS) else MAX_BODY
        if length > most:
            raise Refused(413, _too_large(most))
        if scope["method"] != "POST":
            return _counted(receive, most)
        try:
            async with asyncio.timeout(BODY_S):
                body = await _whole(receive, most)
        except TimeoutError as error:
            raise Refused(408, "The request took too long to arrive.") from error
        if path.startswith(_DATA):
            check_files(body, self.access.uploads)
        return _replayed(body, receive)

    def _room(self) -> int:
        """Return how many bytes an upload may have now."""
        folder = self.access.uploads
        if folder is None or not folder.is_dir():
            return MAX_UPLOADS
        held = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        free = shutil.disk_usage(folder).free - FREE_BYTES
        return max(min(MAX_UPLOADS - held, free // 2), 0)  # each is copied once


def _reader_id(headers: Headers) -> str:
    given = cookie_parser(headers.get("cookie", "")).get(READER, "")
    return given if _READER_ID.fullmatch(given) else ""


def _cookie(name: str, value: str, seconds: int, scope: Scope) -> str:
    """Return a cookie that no script sees and no other page's form sends."""
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def check_route(method: str, path: str) -> None:
    """Raise `Refused` for what the page and the endpoints do not need."""
    known = path in _PAGES or path.rstrip("/") in _ENDPOINTS or path.startswith(_FOLDERS)
    if not known or ".." in path.split("/"):
        raise Refused(404, "There is nothing here.")
    posts = path.startswith(_POSTED)
    methods = {"GET", "HEAD", "OPTIONS"} | ({"POST"} if posts else set())
    if path.startswith(f"{API}/mcp"):
        methods.add("DELETE")
    if method not in methods:
        raise Refused(405, "This cannot be done here.")


def check_files(body: bytes, uploads: Path | None) -> None:
    """Raise `Refused` where an event names a file that was not uploaded: one of the server's, or
    a web address, which the server would fetch for whoever asks."""
    plain = b"\\u" not in body and b"\0" not in body  # else a word may be written otherwise
    if plain and b'"path"' not in body:
        return
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request is no JSON that can be read.") from error
    for named in _with_paths(content):
        path = Path(str(named["path"]))
        inside = uploads is not None and path.resolve().is_relative_to(uploads.resolve())
        if not inside:
            raise Refused(403, "Only files that were uploaded here can be named.")


def _with_paths(content: Any) -> Iterator[Mapping[str, Any]]:
    """Yield all objects in JSON that have a path, without recursion."""
    waiting: list[Any] = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            if "path" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, Sequence) and not isinstance(value, str):
            waiting += value


def _too_large(most: int) -> str:
    return f"This is too large: {most / MB:,.1f} MB at most are taken here now."


async def _whole(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise Refused(413, _too_large(most))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()  # that the other side has gone
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _counted(receive: Receive, most: int) -> Receive:
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise Refused(413, _too_large(most))
        return message

    return receiving
