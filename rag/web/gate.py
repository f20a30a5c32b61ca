"""Who is let in where there are accounts: a page to sign in at, sessions, and Basic for programs.

Gradio's own sign-in guards some of its routes, and its tools cannot be called through it; this
stands before all of them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from rag.accounts import Account, Accounts, Sessions
from rag.audit import Audit
from rag.database import hashed
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

MOST_CHECKED = 10_000
"""Passwords that are known to be right for a while."""

_INSIDE = re.compile(r"/(?![/\\])[^\s\\]{0,2000}")


class Refused(Exception):
    """A request that is not answered: the status, and why in a sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Gate:
    """Lets in who belongs to a server. `needed`: whether nobody is answered without an account,
    from the moment on that there is one."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        audit: Audit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts, self._sessions, self._audit = accounts, sessions, audit
        self._clock = clock
        self._needed = bool(accounts.all())
        self._checked: dict[str, tuple[Account, float]] = {}
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
        cookie = _cookie_of(headers)
        if cookie and (account := await asyncio.to_thread(self._sessions.account, cookie)):
            return account
        basic = headers.get("authorization", "")
        if basic[:6].casefold() != "basic ":
            return None
        if account := self._checked_lately(basic):
            return account
        try:
            name, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = await self._check(name, password, address)
        now = self._clock()
        if len(self._checked) >= MOST_CHECKED:
            self._checked = {key: held for key, held in self._checked.items() if held[1] > now}
        if len(self._checked) < MOST_CHECKED:
            self._checked[hashed(basic)] = account, now + BASIC_S
        return account

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """Begin a session and return its secret. Raises `Refused`."""
        account = await self._check(name, password, address)
        session = await asyncio.to_thread(self._sessions.begin, account, SESSION_S)
        self._audit.note(account.name, "signed in", address=address)
        return session

    async def sign_out(self, headers: Headers) -> None:
        """End the session of the request."""
        if cookie := _cookie_of(headers):
            await asyncio.to_thread(self._sessions.end, cookie)

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

    def _checked_lately(self, basic: str) -> Account | None:
        """Return whose name and password these were found to be, unless that has changed."""
        account, ends = self._checked.get(hashed(basic), (None, 0.0))
        if account is None or ends <= self._clock():
            return None
        now = self._accounts.all().get(account.name)
        return now if now and now.password == account.password else None


def _cookie_of(headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get(SESSION, "")


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
