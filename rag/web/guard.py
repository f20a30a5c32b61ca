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
import hmac
import ipaddress
import json
import logging
import math
import os
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartException
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.build.corpus_files import MAX_BYTES
from rag.database import hashed
from rag.errors import AccountError, ProjectsError, QuotaError
from rag.web.gate import (
    MB,
    SESSION,
    SESSION_S,
    SIGN_IN,
    SIGN_OUT,
    Gate,
    Quotas,
    Refused,
    network_of,
    read_form,
    render_sign_in,
)
from rag.web.health import HEALTH, PATHS
from rag.web.uploads import KEPT_S

log = logging.getLogger(__name__)

MAX_BODY = 1 * MB
"""Of a request: five times the longest text that is taken."""

MAX_EVENT_BODY = 8 * MB
"""Of an event of the page, which may bring a long text to ask."""

MAX_JSON_PARTS = 50_000
"""Texts, lists and so on in a request: two thousand files have so many."""

MAX_UPLOADS = 4 * MAX_BYTES
"""What may lie in the folder for uploads at a time."""

MAX_UPLOADED = 10_000
"""So many files may lie there."""

_MAX_ASKED = 4 * MB
"""Of an upload where nothing can be added: a transcript to ask."""

FREE_BYTES = 1024 * MB
"""Uploads end before the disk has less than this."""

_UPLOADS_AT_ONCE, _UPLOADS_OF_ONE = 32, 8
"""An upload may have a thousand files, which are open until it has ended; a page sends one at a
time."""

MAX_OPEN = 200
"""Requests of one asker that are answered at a time, those that are listened to for long included:
a page has two. A class that has one address for all has enough."""

_MAX_PATH = 1_000
"""Of an address; those of the page are a tenth of that."""

_MAX_FORM = 10_000
"""Of the form by which someone signs in."""

BODY_S = 60
"""Seconds in which a request must have arrived, and in which something of an upload must come."""

_MAX_NAME = 64
"""Characters of what a page calls itself, or an upload: some 40. Gradio keeps such names."""

API = "/gradio_api"
_EVENTS = f"{API}/queue/join"
_UPLOAD = f"{API}/upload"
_PAGES = PATHS | frozenset(
    {
        "/",
        SIGN_IN,
        SIGN_OUT,
        "/config",
        "/config/",
        "/theme.css",
        "/favicon.ico",
        "/manifest.json",
        "/pwa_icon",
        "/robots.txt",
    }
)
_ENDPOINTS = frozenset(
    f"{API}/{name}"
    for name in (
        "app_id", "cancel", "info", "login_check", "mcp", "openapi.json", "queue/data",
        "queue/join", "reset", "theme.css", "upload", "upload_progress", "user",
    )
)  # fmt: skip
_FOLDERS = (
    "/assets/", "/static/", "/svelte/",
    *(f"{API}/{name}" for name in ("api/", "call/", "heartbeat/", "run/")),
)  # fmt: skip
_POSTED = (
    SIGN_IN, SIGN_OUT,
    *(f"{API}/{name}" for name in ("api/", "call/", "cancel", "mcp", "reset", "run/")),
    _EVENTS, _UPLOAD,
)  # fmt: skip
_DATA = (_EVENTS, *(f"{API}/{name}" for name in ("api/", "call/", "cancel", "run/")))
_HEARTBEAT = f"{API}/heartbeat/"
_CALL = f"{API}/call/"
_EVENT = "event_id"
"""By what the outcome of a call is asked for: in the answer to the call, then in an address."""

_PAGE = "session_hash"
"""By what an event, or whoever listens to its outcome, says of which page it is."""

_NAMED = frozenset({_PAGE, "upload_id"})
"""What names something of an asker's in an address: the latter, an upload that is under way."""

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
    # By "no-referrer", the browser would not tell its own forms from those of other pages.
    "referrer-policy": "same-origin",
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
    """Whether all may add files to the corpus, where there are no accounts; else only texts to ask
    are taken."""
    behind_proxy: bool = False
    """Whether a proxy says whom it asks for (`X-Forwarded-For` and so on)."""

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


_READER = "source-finder-reader"
"""The cookie by which a browser is known again where there are no accounts."""

_READER_ID = re.compile("[A-Za-z0-9_-]{43}")
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends a request.

    `owner`: under which name what is theirs is kept, see `asker`. `shown`: who that is in the
    audit log, and by whom quotas count: an account's name, else an address.
    """

    owner: str = ""
    shown: str = ""
    account: str = ""
    may_change: bool = False

    def page(self, named: str) -> str:
        """Return the name of a page (Gradio's session) as that of a page of this asker's: what
        another asker calls the same is another page."""
        return f"{named[:_MAX_NAME]}.{hashed(self.owner or self.shown)}"


def asker(request: Any) -> str:
    """Return under which name what belongs to the sender of a request is kept: its account's;
    where there are no accounts, a random id that its browser was given, "" for a program that was
    given none. Such an id is a secret of the browser, and stands in no log. `request`:
    Starlette's or Gradio's.
    """
    return asker_of(request).owner


def asker_of(request: Any) -> Asker:
    """Return who sends a request, Starlette's or Gradio's, that has come through the guard."""
    state = (getattr(request, "request", None) or request).state  # Gradio's holds Starlette's
    found: Asker = getattr(state, "asker", None) or Asker()
    return found


class Guard:
    """The application behind the checks, as an ASGI application of its own."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        gate: Gate | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self.app = app
        self.access = access
        self.gate = gate
        self.quotas = quotas or Quotas()
        self._open: Counter[str] = Counter()
        self._uploading: Counter[str] = Counter()
        self._secret = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it. Web sockets are not used here and are refused."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        started = False
        headers = _without_claims_of_others(scope, forwarded=self.access.behind_proxy)
        known = _reader_id(scope, headers)
        reader = known or (secrets.token_urlsafe(32) if scope["path"] == "/" else "")

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if cut_off := scope.get("state", {}).get("cut_off"):
                    message["status"] = cut_off.status
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered[name] = value
                if scope["path"] == "/":  # each visit renews it
                    answered.append("set-cookie", _cookie(_READER, reader, _YEAR_S, scope))
            await send(message)

        try:
            self._check_sender(scope, headers)
            _check_route(scope["method"], scope["path"])
            answer = await self._let_in(scope, headers, receive, reader)
            if answer is not None:
                await answer(scope, receive, sending)
                return
            with self._counted(scope):
                body = await self._body(scope, headers, receive)
                own = _of_own_page(self._of_own_event(scope))
                await self.app(own, body, self._naming_events(scope, sending))
        except (Refused, AccountError, ProjectsError) as error:
            if started:
                raise
            refused = error if isinstance(error, Refused) else _closed(error)
            plain = PlainTextResponse(f"{refused}\n", refused.status, {"connection": "close"})
            await plain(scope, receive, sending)

    @contextmanager
    def _counted(self, scope: Scope) -> Iterator[None]:
        """Count a request as its asker's while it is answered, and an upload while it comes. Raises
        `Refused` where there are too many; files of the page are not counted."""
        asking, limits = scope["state"].get("asker"), self.quotas.limits
        with ExitStack() as counted:
            if asking and scope["path"].startswith(f"{API}/"):
                why = "You have too many requests open. Close a page and try again."
                most = MAX_OPEN if limits else math.inf
                counted.enter_context(_one_more(self._open, asking.shown, most, math.inf, why))
            if _is_upload(scope):
                why = "Too many uploads are coming in at once. Try again in a minute."
                most, of_all = _UPLOADS_OF_ONE if limits else math.inf, _UPLOADS_AT_ONCE
                counted.enter_context(_one_more(self._uploading, asking.shown, most, of_all, why))
            yield

    def _event(self, asking: Asker, event: str) -> str:
        """Return the name of an event for who has asked for it, by which nobody else can have what
        comes of it: addresses stand in the logs of proxies."""
        given = f"{asking.owner or asking.shown}\0{event}".encode("utf-8", "surrogatepass")
        return f"{event}.{hmac.new(self._secret, given, 'sha256').hexdigest()}"

    def _of_own_event(self, scope: Scope) -> Scope:
        """Return a request as one for an event of its asker's, where its address names an event.
        Raises `Refused` for another's."""
        call, _, named = scope["path"].rstrip("/").rpartition("/")
        if not call.startswith(_CALL) or scope["method"] == "POST":
            return scope
        event = named.rpartition(".")[0]
        own = self._event(scope["state"]["asker"], event)
        if not hmac.compare_digest(own.encode(), named.encode("utf-8", "surrogatepass")):
            raise Refused(404, "You have made no such call here.")
        return {**scope, "path": f"{call}/{event}"}

    def _naming_events(self, scope: Scope, send: Send) -> Send:
        """Return what sends the answer to a call with the event's name for its asker."""
        if scope["method"] != "POST" or not scope["path"].startswith(_CALL):
            return send

        def name(body: bytes) -> bytes:
            told = _json_of(body)
            if not isinstance(told, dict) or not isinstance(event := told.get(_EVENT), str):
                return body
            told[_EVENT] = self._event(scope["state"]["asker"], event)
            return json.dumps(told).encode()

        return send_whole(send, name)

    async def _let_in(
        self, scope: Scope, headers: Headers, receive: Receive, reader: str
    ) -> Response | None:
        """Say in the request who asks, and return None; or what is answered to one who must sign
        in first, signs in, or signs out. Raises `Refused`."""
        path, address = scope["path"], (scope.get("client") or ("", 0))[0]
        state = scope.setdefault("state", {})
        if self.gate is None or not self.gate.needed:
            state["asker"] = Asker(reader, network_of(address), "", self.access.changes)
            return RedirectResponse("/", 303) if path in {SIGN_IN, SIGN_OUT} else None
        self.quotas.bind()
        session = _read_cookie(SESSION, scope, headers)
        posted = scope["method"] == "POST"
        if path == SIGN_IN and posted:
            return await self._sign_in(self.gate, scope, receive, address)
        if path == SIGN_OUT and posted:
            await self.gate.sign_out(session)
            gone = RedirectResponse(SIGN_IN, 303)
            gone.headers.append("set-cookie", _cookie(SESSION, "", 0, scope))
            return gone
        basic = headers.get("authorization", "")
        account = await self.gate.recognise(session, basic, address)
        if account is not None:
            may_change = account.may == "change"
            state["asker"] = Asker(account.name, account.name, account.name, may_change)
            return RedirectResponse("/", 303) if path in {SIGN_IN, SIGN_OUT} else None
        if path == HEALTH:
            return None
        return _asked_to_sign_in(scope, headers)

    async def _sign_in(self, gate: Gate, scope: Scope, receive: Receive, address: str) -> Response:
        try:
            name, password, onward = read_form(await _in_time(receive, _MAX_FORM))
        except ValueError as error:
            raise Refused(400, "This form was not sent from here.") from error
        try:
            session = await gate.sign_in(name, password, address)
        except Refused as refused:
            return HTMLResponse(render_sign_in(onward, str(refused)), refused.status)
        let_in = RedirectResponse(onward, 303)
        let_in.headers.append("set-cookie", _cookie(SESSION, session, SESSION_S, scope))
        return let_in

    def _check_sender(self, scope: Scope, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.access.answers_to(hosts[0]):
            raise Refused(
                400,
                "This address is not allowed. Whoever runs the server can allow it with "
                "--allowed-host NAME.",
            )
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy may read it otherwise, and take what follows for another's request.
            raise Refused(400, "The request has two lengths.")
        for origin in headers.getlist("origin"):
            if not self.access.trusts(origin, hosts[0]):
                raise Refused(403, "Requests from other web pages are refused.")
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        followed = mode == "navigate" and scope["method"] == "GET" and scope["path"] == "/"
        if site in {"cross-site", "same-site"} and not followed:
            raise Refused(403, "Requests from other web pages are refused.")

    async def _body(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """Return what gives the application the request's body, which is not too large."""
        path = scope["path"]
        try:
            length = int(headers.get("content-length") or 0)
        except ValueError as error:
            raise Refused(400, "The length of the request is not a number.") from error
        if _is_upload(scope):
            room = await asyncio.to_thread(self._room)
            return self._upload(scope["state"], headers, receive, length, room)
        most = MAX_EVENT_BODY if path.startswith(_EVENTS) else MAX_BODY
        if length > most:
            raise Refused(413, _too_large(most))
        if scope["method"] != "POST":
            return _counted(receive, most)
        body = await _in_time(receive, most)
        _check_shape(body)
        if path.startswith(_DATA):
            content = _read_event(body)
            _check_files(content, self.access.uploads)
            if isinstance(content, dict) and isinstance(named := content.get(_PAGE), str):
                content[_PAGE] = scope["state"]["asker"].page(named)
                body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return _replayed(body, receive)

    def _upload(
        self, state: dict[str, Any], headers: Headers, receive: Receive, length: int, room: int
    ) -> Receive:
        asking: Asker = state["asker"]
        if not asking.may_change:  # half is for those who add files
            room = max(min(room - MAX_UPLOADS // 2, _MAX_ASKED), 0)
        left = self.quotas.bytes_left(asking.shown)
        if left is not None and left < max(length, 1):
            raise Refused(429, f"{_too_large(left)} You have sent as much as you may in a day.")
        if length > room:
            raise Refused(413, _too_large(room))

        def took(size: int) -> None:  # others may come at the same time, also of the same asker
            try:
                self.quotas.use_bytes(asking.shown, size)
            except QuotaError as error:
                raise Refused(429, str(error)) from error
            if self._free() < 0:
                raise Refused(413, _too_large(0))

        coming = _counted(receive, room, took)
        look = _for_files_alone(headers.get("content-type", ""))

        async def receiving() -> Message:
            try:
                async with asyncio.timeout(BODY_S):
                    message = await coming()
                look(message.get("body", b""))
            except TimeoutError as error:
                state["cut_off"] = _CutOff(408, "The upload took too long to arrive.")
                raise state["cut_off"] from error
            except Refused as refused:
                state["cut_off"] = _CutOff(refused.status, str(refused))
                raise state["cut_off"] from refused
            if message["type"] == "http.disconnect":
                raise _CutOff(400, "The upload was cut off.")
            return message

        return receiving

    def _room(self) -> int:
        """Return how many bytes an upload may have now."""
        folder = self.access.uploads
        if folder is None or not folder.is_dir():
            return MAX_UPLOADS
        held, number = _held(folder)
        if number > MAX_UPLOADED:
            return 0
        return max(min(MAX_UPLOADS - held, self._free() // 2), 0)  # each is copied once

    def _free(self) -> int:
        """Return how many bytes uploads may still take of the disk, less than 0 for none."""
        folder = self.access.uploads
        if folder is None or not folder.is_dir():
            return MAX_UPLOADS
        return shutil.disk_usage(folder).free - FREE_BYTES


@contextmanager
def _one_more(
    counted: Counter[str], who: str, most: float, of_all: float, why: str
) -> Iterator[None]:
    """Count one more of an asker's for as long as the block lasts. Raises `Refused` where they, or
    all together, have the most already."""
    if counted[who] >= most or counted.total() >= of_all:
        raise Refused(429, why)
    counted[who] += 1
    try:
        yield
    finally:
        counted[who] -= 1
        if not counted[who]:
            del counted[who]


class _CutOff(Refused, MultiPartException):
    """An upload that ends before its end. Whoever reads it removes what has come, as for an upload
    that is damaged."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.message = why


def _is_upload(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and path.rstrip("/") == _UPLOAD


def _for_files_alone(content_type: str) -> Callable[[bytes], None]:
    """Return what is given the parts of an upload as they come, and raises `Refused` for anything
    in it but files: these go to the disk, all else into memory, however long it is."""
    _, given = parse_options_header(content_type)
    if not (boundary := given.get(b"boundary")):
        return lambda _: None  # it is refused by whoever reads it
    name, value, is_file = bytearray(), bytearray(), False

    def begin() -> None:
        nonlocal is_file
        is_file = False

    def end_line() -> None:
        nonlocal is_file
        if name.lower() == b"content-disposition":
            is_file = b"filename" in parse_options_header(bytes(value))[1]
        name.clear()
        value.clear()

    def check() -> None:
        if not is_file:
            raise Refused(400, "Only files can be uploaded.")

    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": begin,
            "on_header_field": lambda data, start, end: name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: value.extend(data[start:end]),
            "on_header_end": end_line,
            "on_headers_finished": check,
        },
    )

    def look(part: bytes) -> None:
        try:
            parser.write(part)
        except FormParserError as error:
            raise Refused(400, "The upload cannot be read.") from error

    return look


def _held(folder: Path) -> tuple[int, int]:
    """Return how many bytes and files lie in the folder for uploads, as far as it takes to know
    that they are too many. Folders that have been empty for long are removed."""
    size = number = 0
    emptied = time.time() - KEPT_S
    for place, inner, names in os.walk(folder):
        with suppress(OSError):  # what is removed meanwhile
            empty = not (inner or names) and Path(place) != folder
            if empty and Path(place).stat().st_mtime < emptied:
                Path(place).rmdir()
            for name in names:
                size += (Path(place) / name).stat().st_size
                number += 1
        if number > MAX_UPLOADED:
            break
    return size, number


def _closed(error: AccountError | ProjectsError) -> Refused:
    log.error("Nobody is let in: %s", error)
    return Refused(503, "The server's accounts or sessions cannot be read. Tell whoever runs it.")


def _without_claims_of_others(scope: Scope, *, forwarded: bool) -> Headers:
    """Return the request's headers, and leave out of them what only a proxy may say: where the
    server is. Gradio would have the page send its questions there."""
    dropped = {b"x-forwarded-host", b"x-gradio-server", b"forwarded"}
    if not forwarded:
        dropped |= {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-prefix"}
    scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in dropped]
    return Headers(scope=scope)


def _asked_to_sign_in(scope: Scope, headers: Headers) -> Response:
    """Return the page to sign in at for a person, and for a program what it lacks."""
    wants_page = "text/html" in headers.get("accept", "") and scope["method"] == "GET"
    if wants_page or scope["path"] == SIGN_IN:
        onward = "/" if scope["path"] == SIGN_IN else scope["path"]
        if query := scope.get("query_string", b"").decode("latin-1"):
            onward += f"?{query}"
        page = HTMLResponse(render_sign_in(onward), 200 if scope["path"] == SIGN_IN else 401)
        page.headers["cache-control"] = "no-store"
        return page
    # A browser would ask for a password by itself, again and again, for a page that is open.
    program = "sec-fetch-mode" not in headers
    asked = {"www-authenticate": 'Basic realm="Source Finder", charset="UTF-8"'} if program else {}
    return PlainTextResponse("Sign in first: reload the page.\n", 401, asked)


def _reader_id(scope: Scope, headers: Headers) -> str:
    given = _read_cookie(_READER, scope, headers)
    return given if _READER_ID.fullmatch(given) else ""


def _cookie(name: str, value: str, seconds: int, scope: Scope) -> str:
    """Return a cookie that no script sees and no other page's form sends."""
    secure = "; Secure" if _is_https(scope) else ""
    called = _called(name, scope)
    return f"{called}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def _read_cookie(name: str, scope: Scope, headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get(_called(name, scope), "")


def _called(name: str, scope: Scope) -> str:
    """Return a cookie's name. With that prefix, a browser takes it from this host over https alone:
    no neighbour under the same domain can put one of theirs in its place."""
    return f"__Host-{name}" if _is_https(scope) else name


def _is_https(scope: Scope) -> bool:
    return bool(scope.get("scheme") == "https")


def _check_route(method: str, path: str) -> None:
    """Raise `Refused` for what the page and the endpoints do not need."""
    known = path in _PAGES or path.rstrip("/") in _ENDPOINTS or path.startswith(_FOLDERS)
    if not known or ".." in path.split("/") or len(path) > _MAX_PATH:
        raise Refused(404, "There is nothing here.")
    posts = path.startswith(_POSTED)
    methods = {"GET", "HEAD", "OPTIONS"} | ({"POST"} if posts else set())
    if path.startswith(f"{API}/mcp"):
        methods.add("DELETE")
    if method not in methods:
        raise Refused(405, "This cannot be done here.")


# A text is one part however long it is, also one that does not end; so this takes time in
# proportion to the length, and some tenths of a second at most.
_JSON_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]', re.DOTALL)


def _check_shape(body: bytes) -> None:
    """Raise `Refused` for JSON of more parts than a request has: a list of millions would take
    seconds, in which nobody else is answered, wherever it is read."""
    if b"\0" in body:  # UTF-16 or -32
        body = body.decode(json.detect_encoding(body), "replace").encode()
    if next(islice(_JSON_PART.finditer(body), MAX_JSON_PARTS, None), None) is not None:
        raise Refused(413, "The request has too many parts.")


def _of_own_page(scope: Scope) -> Scope:
    """Return a request as one for what is its asker's, where its address names a page or an
    upload."""
    asking, path = scope["state"].get("asker"), scope["path"]
    if asking is None or not path.startswith(f"{API}/"):
        return scope
    if path.startswith(_HEARTBEAT):
        return {**scope, "path": _HEARTBEAT + asking.page(path.removeprefix(_HEARTBEAT))}
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if not any(name in _NAMED for name, _ in query):
        return scope
    own = [(name, asking.page(value) if name in _NAMED else value) for name, value in query]
    return {**scope, "query_string": urlencode(own).encode()}


def _read_event(body: bytes) -> Any:
    """Return what an event says; None where it names neither a file nor a page."""
    plain = b"\\u" not in body and b"\0" not in body  # else a word may be written otherwise
    if plain and b'"path"' not in body and f'"{_PAGE}"'.encode() not in body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request is not readable JSON.") from error


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _check_files(content: Any, uploads: Path | None) -> None:
    """Raise `Refused` where an event names a file that was not uploaded: one of the server's, or
    a web address, which the server would fetch for whoever asks."""
    inside = os.path.join(uploads.resolve(), "") if uploads else ""  # noqa: PTH118 - with its "/"
    for named in _with_paths(content):
        path = os.path.abspath(str(named["path"]))  # noqa: PTH100 - nor is the disk asked for links
        if not inside or not path.startswith(inside):
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
    return f"This is too large: at most {most / MB:,.1f} MB can be sent here now."


async def _in_time(receive: Receive, most: int) -> bytes:
    try:
        async with asyncio.timeout(BODY_S):
            return await _whole(receive, most)
    except TimeoutError as error:
        raise Refused(408, "The request took too long to arrive.") from error


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


def send_whole(send: Send, change: Callable[[bytes], bytes]) -> Send:
    """Return what sends a response once all of it is there, its body changed."""
    start: Message = {}
    body = bytearray()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        changed = change(bytes(body))
        MutableHeaders(scope=start)["content-length"] = str(len(changed))
        await send(start)
        await send({"type": "http.response.body", "body": changed})

    return sending


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()  # that the other side has gone
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _counted(receive: Receive, most: int, count: Callable[[int], None] = lambda _: None) -> Receive:
    """Return what gives the application a body as it comes, up to a size; `count` is told of its
    parts."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        part = len(message.get("body", b""))
        count(part)
        size += part
        if size > most:
            raise Refused(413, _too_large(most))
        return message

    return receiving
