"""Two application processes behind one address: the proxy's configuration that is shipped, a real
HAProxy, a real PostgreSQL, one home. What is kept in one process, another does not need."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.accounts import Accounts
from rag.web.gate import SESSION
from tests.conftest import ROOT, free_port, running_on
from tests.databases import schema_of_its_own

PASSWORD = "four words not alike"
CLAIM = "Monroe told Europe to stay out of the Americas"
API = "/gradio_api"
log = logging.getLogger(__name__)
pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Servers:
    """Two processes with their addresses, and the address of the proxy before them."""

    processes: tuple[subprocess.Popen[bytes], ...]
    addresses: tuple[str, ...]
    proxy: str


@pytest.fixture(scope="module")
def servers(
    small_index: Path, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if haproxy is None:
        pytest.skip("HAProxy is not installed (apt-get install haproxy)")
    home = tmp_path_factory.mktemp("home")
    Accounts(home / "accounts.json").add("ann", PASSWORD, "ask")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_FINDER_DATABASE", schema_of_its_own(postgres))
        options = (small_index, home, "--behind-proxy")
        with ThreadPoolExecutor() as threads:
            starting = [threads.submit(stack.enter_context, running_on(*options)) for _ in range(2)]
        processes, addresses = zip(*[each.result() for each in starting], strict=True)
        proxy = f"http://127.0.0.1:{free_port()}"
        config = home / "haproxy.cfg"
        config.write_text(configuration(proxy, addresses))
        process = subprocess.Popen([haproxy, "-db", "-f", config])
        try:
            until_there(proxy)
            yield Servers(processes, addresses, proxy)
        finally:
            process.terminate()
            process.wait()


def configuration(proxy: str, addresses: tuple[str, ...]) -> str:
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


def until_there(proxy: str) -> None:
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
    shown: list[Any] = []
    with client.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            told = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if told.get("msg") == "process_completed":
                assert told["success"], told
                shown = told["output"]["data"]
                break
    return shown


def found_by(client: httpx.Client) -> bool:
    """Return whether a program gets the passages that it asks for."""
    call = f"{API}/call/find_sources"
    event = client.post(call, json={"data": [CLAIM, 2, None, None, None]})
    if event.status_code != 200:
        return False
    return "Monroe" in client.get(f"{call}/{event.json()['event_id']}").text


def test_all_that_lasts_is_in_both_processes(servers: Servers) -> None:
    one, two = servers.addresses
    with reader(one) as first, reader(two) as second:
        secret = sign_in(first)
        assert second.get("/config").status_code == 401
        second.cookies.set(SESSION, secret)
        project = {"act": "save-project", "id": "new", "name": "The Americas"}
        assert "The Americas" in str(happens(first, "sf-bus", "submit", None, project))
        happens(first, "sf-box", "submit", {"text": CLAIM, "files": []}, None)
        listed = str(happens(second, "Projects", "select", None, {"selected": True}))
        assert "The Americas" in listed
        assert CLAIM in listed
        assert second.post("/sign-out").status_code == 303
        assert first.get("/config").status_code == 401, "signed out in both"


def test_readers_are_spread_and_stay_where_they_are(servers: Servers) -> None:
    served = {}
    for number in range(1, 17):
        with reader(servers.proxy, f"127.0.0.{number}") as client:
            assert client.get("/health").status_code == 200
            served[number] = client.cookies["served-by"]
            for _ in range(3):
                assert "set-cookie" not in client.get("/health").headers
    assert len(set(served.values())) == 2


def test_a_process_is_killed_under_load_and_answers_go_on(servers: Servers) -> None:
    ended = threading.Event()
    calls: list[tuple[float, bool, float]] = []
    with reader(servers.proxy) as page:
        session = sign_in(page)

    def asking(number: int) -> None:
        ann = ("ann", PASSWORD)
        with reader(servers.proxy, f"127.0.0.{number}", auth=ann) as client:
            while not ended.is_set():
                began, found = time.monotonic(), False
                with suppress(httpx.TransportError):
                    found = found_by(client)
                calls.append((began, found, time.monotonic() - began))

    askers = [threading.Thread(target=asking, args=(number,)) for number in range(1, 5)]
    for each in askers:
        each.start()
    while len(calls) < 8:
        time.sleep(0.05)
    servers.processes[0].kill()
    killed = time.monotonic()
    while sum(began > killed + 4 for began, _, _ in calls) < 12:
        time.sleep(0.05)
    ended.set()
    for each in askers:
        each.join()
    failed = [began - killed for began, found, _ in calls if not found]
    longest = max(took for began, _, took in calls if began > killed)
    log.info("%d calls, failed at %s s, the longest %.1f s", len(calls), failed, longest)
    assert len(failed) <= 2 * len(askers), "what was on its way, and no more"
    assert all(after < 4 for after in failed)
    with reader(servers.proxy, cookies={SESSION: session}) as page:
        assert page.get("/config").status_code == 200, "signed in still"
