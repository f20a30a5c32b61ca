"""Who is let in where there are accounts, and how much of a server one asker may use.

There are a page to sign in at, sessions, and Basic for programs. Gradio's own sign-in guards some
of its routes, and its tools cannot be called through it; this stands before all of them.

Each asker has a quota, so that there is something left for all. What an asker looks up is counted
as an answer grows; it ends where nothing is left, or where it takes too long.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool

from rag.accounts import Account, Accounts, Audit, Sessions
from rag.database import Connected, Database, SqlRows, hashed
from rag.datatypes import Answer
from rag.errors import ProjectsError, QuotaError
from rag.programs import QUESTION_S, TOO_LONG
from rag.web.chat import Turns
from rag.web.markup import render

_AT_ONCE = 4
"""What is looked up at a time, of a kind."""

TURN_S = 20.0
"""So long a place is kept where others wait. A question of one claim takes some seconds at most."""

_MINUTE_S, _DAY_S = 60.0, 86_400.0
MB = 1 << 20
_FORGOTTEN_OVER = 10_000
"""So many askers are remembered before those are forgotten who have their whole allowance again."""


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What each asker may use, and how many requests may wait."""

    claims_a_minute: int = 300
    """A talk of an hour has some 500; two cores look up some 100 a minute."""
    uploads_a_day: int = 500
    upload_mb_a_day: int = 2_000
    kept_mb_a_day: int = 500
    """Of questions, answers and notes: a talk of an hour with its answer is some 7 MB."""
    waiting: int = 64
    """Of all askers, for a kind of work; of one of them half."""


class Allowance:
    """So much for each asker, given back evenly over a period. What is used at once may be more
    than is left, once: then nothing is to be had until that is made up for."""

    def __init__(
        self, most: float, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._a_second, self._clock = most, most / period_s, clock
        self._used: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def left(self, who: str) -> float:
        """Return what is left for this asker now; less than nothing where too much was used."""
        with self._lock:
            return self._most - self._used_now(who)

    def use(self, who: str, amount: float) -> None:
        """Take so much from what this asker has left."""
        with self._lock:
            if len(self._used) > _FORGOTTEN_OVER:
                self._used = {w: used for w, used in self._used.items() if self._used_now(w) > 0}
            self._used[who] = self._used_now(who) + amount, self._clock()

    def wait_s(self, who: str) -> float:
        """Return in how many seconds there is something left again."""
        return max(-self.left(who), 0) / self._a_second

    def _used_now(self, who: str) -> float:
        used, at = self._used.get(who, (0.0, 0.0))
        return max(used - (self._clock() - at) * self._a_second, 0.0)


class Quotas:
    """What each asker has left. Without `limits`, everything is to be had, as it is `for_one`
    asker until there are more. `questions`, `tools`, `clicks`, `loads`: the places where that is
    looked up (a page that is loaded may search)."""

    def __init__(self, limits: ReaderLimits | None = None, *, for_one: bool = False) -> None:
        self._given = limits
        self.limits = None if for_one else limits
        self.questions, self.tools, self.clicks, self.loads = (Places(self) for _ in range(4))
        given = limits or ReaderLimits()
        self._claims = Allowance(given.claims_a_minute, _MINUTE_S)
        self._files = Allowance(given.uploads_a_day, _DAY_S)
        self._bytes = Allowance(given.upload_mb_a_day * MB, _DAY_S)
        self._kept = Allowance(given.kept_mb_a_day * MB, _DAY_S)

    def bind(self) -> None:
        """Have the limits bind from now on, since there are accounts."""
        self.limits = self._given

    def check_claims(self, who: str) -> None:
        """Raise `QuotaError` where this asker has had too many claims looked up lately."""
        if self.limits and self._claims.left(who) < 1:
            wait_s = self._claims.wait_s(who) + 1 / max(self.limits.claims_a_minute, 1) * _MINUTE_S
            raise QuotaError(
                f"Each reader may look up {self.limits.claims_a_minute} claims a minute here, "
                f"and yours are used up. Ask again in {wait_s:.0f} seconds."
            )

    def use_claims(self, who: str, number: int) -> None:
        """Count claims that were looked up."""
        self._claims.use(who, number)

    def use_files(self, who: str, number: int) -> None:
        """Count files that are added; raises `QuotaError` where they are too many for a day."""
        if self.limits and self._files.left(who) < number:
            raise QuotaError(
                f"Each reader may add {self.limits.uploads_a_day} files a day here, and yours "
                "are used up. Add them tomorrow, or ask whoever runs the server."
            )
        self._files.use(who, number)

    def bytes_left(self, who: str) -> int | None:
        """Return how many bytes this asker may still upload, None for no limit."""
        return max(int(self._bytes.left(who)), 0) if self.limits else None

    def use_bytes(self, who: str, number: int) -> None:
        """Count bytes that were uploaded; raises `QuotaError` where they are too many for a day."""
        self._bytes.use(who, number)
        if self.limits and self._bytes.left(who) < 0:
            raise QuotaError(
                f"Each reader may send {self.limits.upload_mb_a_day:,} MB a day here, and "
                "yours are used up."
            )

    def check_kept(self, who: str) -> None:
        """Raise `ProjectsError` where so much was kept for this asker lately that no more is."""
        if self.limits and self._kept.left(who) <= 0:
            raise ProjectsError(
                f"Each reader may keep {self.limits.kept_mb_a_day:,} MB a day here, and yours "
                "are used up. You still get answers."
            )

    def use_kept(self, who: str, size: int) -> None:
        """Count letters that were kept."""
        self._kept.use(who, size)


@dataclass(eq=False, slots=True)
class InLine:
    """A place of an asker, for which they wait until `come` is done; `since`: when it came."""

    who: str
    come: asyncio.Future[None]
    since: float = 0.0


_between: ContextVar[Callable[[], None]] = ContextVar("_between")


def give_way() -> None:
    """Wait while others have the place of what runs in this thread, to be called between two parts
    of what may take long. Where nobody gave it a place nothing happens."""
    if wait := _between.get(None):
        wait()


class Places:
    """So much is looked up at a time, and the rest waits in line. For one event loop.

    Where there are limits, half of the places and of the line is the most that one asker has, and
    the last place is for one who has none. Who has fewer places comes first; what takes long gives
    its place after `TURN_S` to one who has fewer, and waits again.
    """

    def __init__(self, quotas: Quotas, clock: Callable[[], float] = time.monotonic) -> None:
        self._quotas, self._clock = quotas, clock
        self._line: list[InLine] = []
        self._had: Counter[str] = Counter()

    @contextmanager
    def line(self, who: str) -> Iterator[InLine]:
        """Give an asker's place, which is theirs until the block ends, once it has come. Raises
        `QuotaError` where too much waits already."""
        self._check_line(who)
        here = InLine(who, asyncio.get_running_loop().create_future())
        self._line.append(here)
        self._let_in()
        try:
            yield here
        finally:
            if here in self._line:
                self._line.remove(here)
            else:
                self._free(here)
            self._let_in()

    def pass_on(self, here: InLine) -> None:
        """Have a place that was held for long come again later, where somebody waits who has
        fewer."""
        if not self._is_over(here) or here in self._line or not self._quotas.limits:
            return
        had = self._had[here.who]
        if any(self._had[other.who] < had for other in self._line):
            here.come = asyncio.get_running_loop().create_future()
            self._line.append(here)
            self._free(here)
            self._let_in()

    async def run(self, who: str, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return what an action returns that is run in a thread, once there is a place for it. It
        may call `give_way`."""
        loop = asyncio.get_running_loop()
        with self.line(who) as place:
            await place.come

            async def again() -> None:
                self.pass_on(place)
                await place.come

            def wait() -> None:
                if self._is_over(place):
                    asyncio.run_coroutine_threadsafe(again(), loop).result()

            def within_place() -> Any:
                _between.set(wait)
                return action(*arguments)

            work = asyncio.ensure_future(run_in_threadpool(within_place))
            try:
                return await asyncio.shield(work)
            finally:  # a thread works on where whoever asked has left, and has the place meanwhile
                await asyncio.wait([work])

    def _is_over(self, place: InLine) -> bool:
        return self._clock() - place.since > TURN_S

    def _free(self, place: InLine) -> None:
        self._had[place.who] -= 1
        self._had += Counter()  # forgets who has none

    def _check_line(self, who: str) -> None:
        limits = self._quotas.limits
        if limits and len(self._line) >= limits.waiting:
            raise QuotaError("Too many searches are waiting here. Try again in a minute.")
        waiting = sum(other.who == who for other in self._line)
        if limits and waiting >= max(limits.waiting // 2, 1):
            raise QuotaError("Too many of your searches are waiting here. Try again in a minute.")

    def _let_in(self) -> None:
        while here := self._next():
            self._line.remove(here)
            self._had[here.who] += 1
            here.since = self._clock()
            if not here.come.done():  # else whoever waited has gone, and gives it back
                here.come.set_result(None)

    def _next(self) -> InLine | None:
        """Return who is let in next, None where nobody is."""
        free = _AT_ONCE - self._had.total()
        if not self._line or free < 1:
            return None
        if not self._quotas.limits:
            return self._line[0]
        here = min(self._line, key=lambda waiting: self._had[waiting.who])
        had = self._had[here.who]
        return here if not had or (free > 1 and had < _AT_ONCE // 2) else None


@dataclass(frozen=True, slots=True)
class Rationed:
    """A server's database as one asker's: what is written to it counts towards what is kept for
    them. There is always room to remove something."""

    database: Database
    quotas: Quotas
    who: str

    def check_room(self) -> None:
        """Raise `ProjectsError` where there is no room for more, or none for this asker."""
        self.quotas.check_kept(self.who)
        self.database.check_room()

    def reading(self) -> AbstractContextManager[Connected | None]:
        """Give a connection, None where nothing was ever kept."""
        return self.database.reading()

    @contextmanager
    def writing(self, reader: str = "") -> Iterator[Connected]:
        """Give a connection in a transaction; what it writes is counted."""
        with self.database.writing(reader) as connection:
            counting = _Counting(connection)
            yield counting
        self.quotas.use_kept(self.who, counting.written)

    def close(self) -> None:
        """The server closes its database itself."""


class _Counting:
    """A connection that counts the letters of the values that its statements have."""

    def __init__(self, connection: Connected) -> None:
        self._connection, self.written = connection, 0

    def execute(self, query: str, values: Mapping[str, object] | None = None, /) -> SqlRows:
        values = values or {}
        given = (value for name, value in values.items() if f":{name}" in query)
        self.written += sum(len(value) for value in given if isinstance(value, str))
        return self._connection.execute(query, values)


def metered(
    growing: Iterator[Turns],
    quotas: Quotas,
    who: str,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Turns]:
    """Yield the conversation as its last answer grows, and count its claims as this asker's, one
    at least. It ends with a message where the asker has none left, or after `QUESTION_S`."""
    began, counted = clock(), 0
    try:
        for turns in growing:
            answer = turns[-1].answer
            if answer is None and not counted:
                quotas.check_claims(who)
                quotas.use_claims(who, 1)  # also of a text that has none
                counted = 1
            counted += _use_claims(quotas, who, answer, counted)
            if clock() - began > QUESTION_S and turns[-1].stage == "searching":
                yield (*turns[:-1], replace(turns[-1], stage="stopped", message=TOO_LONG))
                return
            yield turns
    except QuotaError as error:
        yield (*turns[:-1], replace(turns[-1], stage="failed", message=str(error)))
    finally:
        if close := getattr(growing, "close", None):
            close()


def _use_claims(quotas: Quotas, who: str, answer: Answer | None, counted: int) -> int:
    """Count the claims of an answer beyond those that were; return how many these are."""
    new = max(len(answer.findings) - counted, 0) if answer else 0
    if new:
        quotas.use_claims(who, new)
    return new


SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
SESSION = "source-finder-session"
SESSION_S = 12 * 3600
"""How long someone stays signed in."""

_BASIC_S = 300
"""How long a program's password is not checked anew, which takes 50 ms."""

_ATTEMPTS, _ATTEMPTS_S = 10, 900
"""So many wrong passwords are taken in that time from one address."""

_ATTEMPTS_AT_A_NAME = 100
"""From all addresses. More would let one guess from many; fewer, lock others out easily."""

_CHECKED_AT_ONCE = 8
"""Passwords that wait to be checked; each takes 64 MB for a moment, one after the other."""

_MOST_CHECKED = 10_000
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
        self._wrong_at = Allowance(_ATTEMPTS, _ATTEMPTS_S, clock)
        self._wrong_of = Allowance(_ATTEMPTS_AT_A_NAME, _ATTEMPTS_S, clock)
        self._waiting = 0
        self._checking = asyncio.Lock()

    @property
    def needed(self) -> bool:
        """Whether only those with an account are answered: for good, once there has been one."""
        self._needed = self._needed or bool(self._accounts.all())
        return self._needed

    async def recognise(self, session: str, basic: str, address: str) -> Account | None:
        """Return whose session this is, by its secret, or whose name and password these are (an
        `Authorization` header); None for nobody's. Raises `Refused` for a wrong password."""
        if session and (account := await asyncio.to_thread(self._sessions.account, session)):
            return account
        if basic[:6].casefold() != "basic ":
            return None
        if account := self._checked_lately(basic):
            return account
        try:
            name, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = await self._check(name, password, address)
        self._audit.note(account.name, "was let in", address=address)
        now = self._clock()
        if len(self._checked) >= _MOST_CHECKED:
            self._checked = {key: held for key, held in self._checked.items() if held[1] > now}
        if len(self._checked) < _MOST_CHECKED:
            self._checked[hashed(basic)] = account, now + _BASIC_S
        return account

    async def sign_in(self, name: str, password: str, address: str) -> str:
        """Begin a session and return its secret. Raises `Refused`."""
        account = await self._check(name, password, address)
        session = await asyncio.to_thread(self._sessions.begin, account, SESSION_S)
        self._audit.note(account.name, "signed in", address=address)
        return session

    async def sign_out(self, session: str) -> None:
        """End a session, by its secret."""
        if session:
            await asyncio.to_thread(self._sessions.end, session)

    async def _check(self, name: str, password: str, address: str) -> Account:
        name, network = name.strip().casefold()[:32], network_of(address)
        if self._wrong_at.left(network) < 1 or self._wrong_of.left(name) < 1:
            raise Refused(429, "There were too many wrong passwords. Try again in a few minutes.")
        if self._waiting >= _CHECKED_AT_ONCE:
            raise Refused(503, "Too many people are signing in at once. Try again in a moment.")
        self._waiting += 1
        try:
            async with self._checking:
                account = await asyncio.to_thread(self._accounts.check, name, password)
        finally:
            self._waiting -= 1
        if account is None:
            self._wrong_at.use(network, 1)
            self._wrong_of.use(name, 1)
            # Some type their password where the name belongs: no word that is no name is kept.
            tried = name if name in self._accounts.all() else ""
            self._audit.note(tried, "was not let in", address=address)
            raise Refused(401, "The name or the password is wrong.")
        return account

    def _checked_lately(self, basic: str) -> Account | None:
        """Return whose name and password these were found to be, unless that has changed."""
        account, ends = self._checked.get(hashed(basic), (None, 0.0))
        if account is None or ends <= self._clock():
            return None
        now = self._accounts.all().get(account.name)
        return now if now and now.password == account.password else None


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
