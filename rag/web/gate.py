"""Who is let in where there are accounts: a page to sign in at, sessions, and Basic for programs.

Gradio's own sign-in guards some of its routes, and its tools cannot be called through it; this
stands before all of them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import ipaddress
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from rag.accounts import Account, Accounts
from rag.audit import Audit
from rag.web.quotas import Allowance
from rag.web.templating import render

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
SESSION = "source-finder-session"
SESSION_S = 12 * 3600
"""How long someone stays signed in."""

BASIC_S = 300
"""How long a program's password is not checked anew, which takes 50 ms."""

ATTEMPTS, ATTEMPTS_S = 10, 900
"""So many wrong passwords are taken in that time from one address."""

ATTEMPTS_AT_A_NAME = 100
"""From all addresses. More would let one guess from many; fewer, lock others out easily."""

CHECKED_AT_ONCE = 8
"""Passwords that wait to be checked; each takes 64 MB for a moment, one after the other."""

MOST_SESSIONS = 10_000

_INSIDE = re.compile(r"/(?![/\\])[^\s\\]{0,2000}")


class Refused(Exception):
    """A request that is not answered: the status, and why in a sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Session:
    account: Account
    ends: float


class Gate:
    """Knows the sessions of one server. `needed`: whether nobody is answered without an account,
    from the moment on that there is one."""

    def __init__(
        self, accounts: Accounts, audit: Audit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts, self._audit, self._clock = accounts, audit, clock
        self._needed = bool(accounts.all())
        self._sessions: dict[str, _Session] = {}
        self._wrong_at = Allowance(ATTEMPTS, ATTEMPTS_S, clock)
        self._wrong_of = Allowance(ATTEMPTS_AT_A_NAME, ATTEMPTS_S, clock)
        self._waiting = 0
        self._checking = asyncio.Lock()

    @property
    def needed(self) -> bool:
        """Whether only those with an account are answered: for good, once there has been one."""
        self._needed = self._needed or bool(self._accounts.all())
        return self._needed

    async def recognise(self, headers: Headers, address: str) -> Account | None:
        """Return whose session the request is of, or whose name and password it has (Basic);
        None for nobody's. Raises `Refused` for a wrong password."""
        cookie = cookie_parser(headers.get("cookie", "")).get(SESSION, "")
        if cookie and (account := self._of_session(cookie)):
            return account
        basic = headers.get("authorization", "")
        if basic[:6].casefold() != "basic ":
            return None
        if account := self._of_session(basic):
            return account
        try:
            name, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = await self._check(name, password, address)
        self._begin(basic, account, BASIC_S)
        return account

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """Begin a session and return its secret. Raises `Refused`."""
        account = await self._check(name, password, address)
        session = secrets.token_urlsafe(32)
        self._begin(session, account, SESSION_S)
        self._audit.note(account.name, "signed in", address=address)
        return session

    def sign_out(self, headers: Headers) -> None:
        """End the session of the request."""
        cookie = cookie_parser(headers.get("cookie", "")).get(SESSION, "")
        self._sessions.pop(_digest(cookie), None)

    async def _check(self, name: str, password: str, address: str) -> Account:
        name, network = name.strip().casefold()[:32], network_of(address)
        if self._wrong_at.left(network) < 1 or self._wrong_of.left(name) < 1:
            raise Refused(429, "Too many wrong passwords were tried. Try again in some minutes.")
        if self._waiting >= CHECKED_AT_ONCE:
            raise Refused(503, "Too many are signing in at once. Try again in a moment.")
        self._waiting += 1
        try:
            async with self._checking:
                account = await asyncio.to_thread(self._accounts.check, name, password)
        finally:
            self._waiting -= 1
        if account is None:
            self._wrong_at.use(network, 1)
            self._wrong_of.use(name, 1)
            self._audit.note(name, "was not let in", address=address)
            raise Refused(401, "This name and password do not belong together.")
        return account

    def _begin(self, secret: str, account: Account, seconds: float) -> None:
        now = self._clock()
        if len(self._sessions) >= MOST_SESSIONS:
            self._sessions = {key: s for key, s in self._sessions.items() if s.ends > now}
        if len(self._sessions) >= MOST_SESSIONS:
            raise Refused(503, "Too many are signed in. Try again later.")
        self._sessions[_digest(secret)] = _Session(account, now + seconds)

    def _of_session(self, secret: str) -> Account | None:
        """Return the account of a session as it is now: one that was removed, or given another
        password, has none."""
        session = self._sessions.get(_digest(secret))
        if session is None:
            return None
        account = self._accounts.all().get(session.account.name)
        same = account is not None and account.password == session.account.password
        if same and session.ends > self._clock():
            return account
        self._sessions.pop(_digest(secret), None)
        return None


def read_form(form: bytes) -> tuple[str, str, str]:
    """Return what the page to sign in at has sent: name, password, and where to go on to."""
    fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=9)
    name, password, onward = (fields.get(field, [""])[0] for field in ("name", "password", "next"))
    return name, password, _within_server(onward)


def render_sign_in(onward: str, problem: str = "") -> str:
    """Return the page to sign in at. `onward`: the address that was asked for."""
    onward = _within_server(onward)
    return render("sign_in.html", action=SIGN_IN, onward=onward, problem=problem)


def _within_server(address: str) -> str:
    r"""Return an address within this server, "/" for any other.

    >>> _within_server("/?answer=1"), _within_server("//evil.example"), _within_server("/\\evil")
    ('/?answer=1', '/', '/')
    """
    return address if _INSIDE.fullmatch(address) else "/"


def network_of(address: str) -> str:
    """Return whom an address belongs to: of IPv6 one customer has a whole network.

    >>> network_of("10.1.2.3"), network_of("2001:db8:1:2:3::4"), network_of("")
    ('10.1.2.3', '2001:db8:1:2::/64', '')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _digest(secret: str) -> str:
    """Return by what a secret is looked up: comparing hashes tells nothing by its time."""
    return hashlib.sha256(secret.encode()).hexdigest()
