"""Two application processes behind one address, for tests and `benchmarks.cluster`: the proxy's
configuration that is shipped, a real HAProxy, a PostgreSQL that is there, one home."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from rag.accounts import Accounts
from rag.web.gate import SESSION
from tests.conftest import ROOT, free_port, running_on

PASSWORD = "four words not alike"
API = "/gradio_api"
CLAIM = "Monroe told Europe to stay out of the Americas"
FOUND = "Monroe"
"""What is in every answer to `CLAIM`."""

DOWN_S = 4
"""So long after a process has ended the proxy may lead to it: two checks, 2 s apart."""


def haproxy() -> str | None:
    """Return where HAProxy is, None where it is not installed."""
    return shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")


@dataclass(frozen=True, slots=True)
class Servers:
    """Two processes with their addresses, the address of the proxy before them, and the database
    that they share."""

    processes: tuple[subprocess.Popen[bytes], ...]
    addresses: tuple[str, ...]
    proxy: str
    database: str


@contextmanager
def two_processes(index: str | Path, home: Path, database: str) -> Iterator[Servers]:
    """The application on an index, twice, and the proxy, for as long as they are needed; Ann may
    ask."""
    Accounts(home / "accounts.json").add("ann", PASSWORD, "ask")
    os.environ["SOURCE_FINDER_DATABASE"] = database
    with ExitStack() as stack:
        stack.callback(os.environ.pop, "SOURCE_FINDER_DATABASE")
        options = (index, home, "--behind-proxy")
        with ThreadPoolExecutor() as threads:
            starting = [threads.submit(stack.enter_context, running_on(*options)) for _ in range(2)]
        processes, addresses = zip(*[each.result() for each in starting], strict=True)
        proxy = f"http://127.0.0.1:{free_port()}"
        config = home / "haproxy.cfg"
        config.write_text(_configuration(proxy, addresses))
        process = subprocess.Popen([haproxy() or "haproxy", "-db", "-f", str(config)])
        try:
            _until_there(proxy)
            yield Servers(processes, addresses, proxy, database)
        finally:
            process.terminate()
            process.wait()


def _configuration(proxy: str, addresses: tuple[str, ...]) -> str:
    """Return the configuration that is shipped, with other places."""
    text = (ROOT / "deploy" / "haproxy.cfg").read_text()
    hosts = [address.removeprefix("http://").strip("/") for address in addresses]
    servers = "\n    ".join(f"server application{n} {host}" for n, host in enumerate(hosts))
    for line, instead in (
        (r"bind :443 .*", f"bind {proxy.removeprefix('http://')}"),
        (r"bind :80", f"bind 127.0.0.1:{free_port()}"),
        (r"server-template .*", servers),
    ):
        text, found = re.subn(line, instead, text)
        assert found == 1, line
    return text


def _until_there(proxy: str) -> None:
    for _ in range(300):
        with suppress(httpx.TransportError):
            if httpx.get(f"{proxy}/health").status_code == 200:
                return
        time.sleep(0.1)
    raise TimeoutError(proxy)


def reader(address: str, source: str = "127.0.0.1", **more: Any) -> httpx.Client:
    """Return a browser, or a program, that asks from an address of this machine."""
    transport = httpx.HTTPTransport(local_address=source)
    return httpx.Client(base_url=address, transport=transport, timeout=60, **more)


def sign_in(client: httpx.Client) -> str:
    """Return the secret of a session that Ann begins."""
    form = {"name": "ann", "password": PASSWORD, "next": "/"}
    assert client.post("/sign-in", data=form).status_code == 303
    return client.cookies[SESSION]


def happens(client: httpx.Client, element: str, event: str, first: Any, about: Any) -> list[Any]:
    """Return what the page shows after an event of one of its elements."""
    config = client.get("/config").json()
    [number] = [
        part["id"]
        for part in config["components"]
        if element in (part["props"].get("elem_id"), part["props"].get("label"))
    ]
    [found] = [each for each in config["dependencies"] if [number, event] in each["targets"]]
    session = secrets.token_hex(6)
    data = [first, *[None] * (len(found["inputs"]) - 1)]
    sent = {"fn_index": found["id"], "data": data, "session_hash": session, "event_data": about}
    client.post(f"{API}/queue/join", json=sent).raise_for_status()
    with client.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            told = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if told.get("msg") == "process_completed":
                assert told["success"], told
                shown: list[Any] = told["output"]["data"]
                return shown
    raise httpx.ReadError("the stream ended before the answer")


def found_by(client: httpx.Client) -> bool:
    """Return whether a program gets the passages that it asks for."""
    call = f"{API}/call/find_sources"
    event = client.post(call, json={"data": [CLAIM, 2, None, None, None]})
    if event.status_code != 200:
        return False
    return FOUND in client.get(f"{call}/{event.json()['event_id']}").text


@dataclass(frozen=True, slots=True)
class Call:
    """A question, when it was sent and how long it took; `question`: as it is kept, "" for a
    program's."""

    began: float
    took: float
    answered: bool
    question: str = ""


@dataclass(slots=True)
class Killed:
    """What came of a process that was killed `at` a moment while programs and pages asked. `kept`:
    the stage of each question in the database."""

    at: float = 0
    calls: list[Call] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def unanswered(self) -> list[Call]:
        """Calls that got no answer."""
        return [call for call in self.calls if not call.answered]

    @property
    def answers_again_s(self) -> float:
        """Seconds from the kill until the last call was sent that got no answer, 0 where all of
        these were on their way."""
        return max(
            (call.began - self.at for call in self.unanswered if call.began > self.at), default=0
        )

    @property
    def longest_s(self) -> float:
        """The longest that a call took which was under way or sent after the kill."""
        return max(call.took for call in self.calls if call.began + call.took > self.at)

    @property
    def lost(self) -> list[str]:
        """Questions that were answered on a page, and are not kept as answered."""
        pages = [call.question for call in self.calls if call.answered and call.question]
        return [question for question in pages if self.kept.get(question) != "done"]

    def said(self) -> str:
        """Return the figures as a line."""
        pages = sum(bool(call.question) for call in self.calls)
        cut_off = [call.question for call in self.unanswered if call.question]
        stages = sorted(self.kept.get(question, "not kept") for question in cut_off)
        return (
            f"of {len(self.calls) - pages} calls of programs {len(self.unanswered) - len(cut_off)} "
            f"and of {pages} questions on pages {len(cut_off)} were not answered; all that were "
            f"sent {self.answers_again_s:.1f} s or more after the kill were; the longest wait "
            f"{self.longest_s:.1f} s; {len(self.lost)} of {pages - len(cut_off)} answers on pages "
            f"are not in the database, where those without an answer are {stages}"
        )


def kill_one(servers: Servers, programs: int = 4, pages: int = 2, after: int = 12) -> Killed:
    """Kill the first process while so many programs and pages ask one question after the other;
    they go on until so many were sent when the proxy must know."""
    came, ended = Killed(), threading.Event()

    def asking(number: int, ask: Callable[[httpx.Client, str], bool], page: bool) -> None:
        who = {} if page else {"auth": ("ann", PASSWORD)}
        with reader(servers.proxy, f"127.0.0.{number}", **who) as client:
            if page:
                sign_in(client)
            for turn in range(1_000):
                if ended.is_set():
                    return
                question = f"{CLAIM}, as {number} asked for time {turn}" if page else ""
                began, answered = time.monotonic(), False
                with suppress(httpx.HTTPError, ValueError, KeyError, AssertionError):
                    answered = ask(client, question)
                came.calls.append(Call(began, time.monotonic() - began, answered, question))

    threads = [
        threading.Thread(target=asking, args=(number + 1, *how))
        for number, how in enumerate([(_by_program, False)] * programs + [(_on_page, True)] * pages)
    ]
    for each in threads:
        each.start()
    while len(came.calls) < 2 * len(threads):
        time.sleep(0.05)
    servers.processes[0].kill()
    came.at = time.monotonic()
    while sum(call.began > came.at + DOWN_S for call in came.calls) < after:
        time.sleep(0.05)
    ended.set()
    for each in threads:
        each.join()
    with psycopg.connect(servers.database) as connection:
        came.kept = dict(connection.execute("SELECT question, stage FROM turns").fetchall())
    return came


def _by_program(client: httpx.Client, question: str) -> bool:
    del question
    return found_by(client)


def _on_page(client: httpx.Client, question: str) -> bool:
    box = {"text": question, "files": []}
    return bool(happens(client, "sf-box", "submit", box, None))
