"""The running server, in this process: what many pages at once do to it."""

from __future__ import annotations

import asyncio
import base64
import gc
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from gradio.routes import file_upload_statuses
from uvicorn.config import HTTP_PROTOCOLS

from rag import SourceFinder
from rag.errors import SourceFinderError
from rag.live import LiveFinder
from rag.web import RunningApp, server, start
from rag.web.actions import Actions
from rag.web.address import EXACT, Address, Filters
from tests.conftest import BESIDE_TESTS, free_port

# Gradio leaves event loops open where it is started.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def running(
    finder: SourceFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningApp]:
    monkeypatch.setattr(server, "_PAGES_KEPT", 3)
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["httptools"])  # as if it were there
    settings = replace(finder.settings, home=tmp_path)
    running = start(LiveFinder(finder, settings=settings), port=free_port())
    yield running
    running.close()
    del running
    gc.collect()


def test_a_server_that_takes_long_to_start_is_waited_for(
    finder: SourceFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = uvicorn.Server.startup

    async def slowly(*arguments: Any, **named: Any) -> None:
        await asyncio.sleep(6)  # on a busy machine; Gradio's own gives up after 5
        await starting(*arguments, **named)

    monkeypatch.setattr(uvicorn.Server, "startup", slowly)
    settings = replace(finder.settings, home=tmp_path)
    running = start(LiveFinder(finder, settings=settings), port=free_port())
    assert httpx.get(running.url, timeout=60).status_code == 200
    running.close()
    with pytest.raises(httpx.TransportError):
        httpx.get(running.url, timeout=60)


def test_a_server_that_fails_to_start_is_reported(
    finder: SourceFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(server: uvicorn.Server, **_: Any) -> None:
        server.should_exit = True

    monkeypatch.setattr(uvicorn.Server, "startup", failing)
    settings = replace(finder.settings, home=tmp_path)
    with pytest.raises(SourceFinderError, match="could not be started"):
        start(LiveFinder(finder, settings=settings), port=free_port())


def test_connections_on_which_nothing_is_asked_are_ended(
    running: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = httpx.URL(running.url)
    monkeypatch.setattr(server, "_SILENT_S", 3.0)
    host = f"Host: 127.0.0.1:{address.port}\r\n".encode()
    listens = b"GET /gradio_api/heartbeat/page HTTP/1.1\r\n" + host + b"\r\n"
    health = b"GET /health HTTP/1.1\r\n" + host + b"\r\n"
    drips = b"GET / HTTP/1.1\r\n" + host
    begun = {"silent": b"", "dripping": drips, "dripping later": health + drips, "busy": listens}
    with ExitStack() as closing:
        opened = {
            name: closing.enter_context(
                socket.create_connection((address.host, address.port), timeout=60)
            )
            for name in [*begun, "asking"]
        }
        for name, sent in begun.items():
            opened[name].sendall(sent)
        open_still = set(opened)
        patience = time.monotonic() + 60
        while {"silent", "dripping", "dripping later"} & open_still:
            assert time.monotonic() < patience
            opened["asking"].sendall(health)
            for name in list(open_still):
                try:
                    if name.startswith("dripping"):
                        opened[name].sendall(b"X: y\r\n")
                    opened[name].settimeout(0.3)
                    if not opened[name].recv(65536):
                        open_still.discard(name)
                except TimeoutError:
                    continue
                except OSError:
                    open_still.discard(name)
        assert open_still == {"busy", "asking"}


def test_names_of_uploads_are_not_kept_for_good(
    running: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_UPLOADS_TOLD", 5)
    for number in range(20):
        name = f"upload_id={number}"
        files = {"files": ("a.txt", b"a")}
        httpx.post(f"{running.url}gradio_api/upload?{name}", files=files).raise_for_status()
    assert len(file_upload_statuses._signals) <= 5
    assert file_upload_statuses._statuses.max_size < 10_000  # type: ignore[attr-defined]


def load(client: httpx.Client, page: str) -> None:
    """Load a page as its script does, and wait until it is there."""
    events = client.get("/config").json()["dependencies"]
    [loaded] = [event for event in events if event["api_name"] == "loaded"]
    body: dict[str, Any] = {"data": [""], "fn_index": loaded["id"], "session_hash": page}
    client.post("/gradio_api/queue/join", json=body).raise_for_status()
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={page}") as stream:
        assert any('"success":true' in line for line in stream.iter_lines())


PAGE = "page"


def send(client: httpx.Client, name: str, data: list[Any], click: Any = None) -> None:
    """Send an event of the page `PAGE`."""
    events = client.get("/config").json()["dependencies"]
    [number] = [event["id"] for event in events if event["api_name"] == name]
    body = {"data": data, "fn_index": number, "session_hash": PAGE, "event_data": click}
    client.post("/gradio_api/queue/join", json=body).raise_for_status()


def hear(client: httpx.Client) -> str:
    """Return what is told of the events of the page `PAGE` until they have ended, with the files
    that are in it."""
    told = client.get(f"/gradio_api/queue/data?session_hash={PAGE}").text
    files = re.findall("base64,([A-Za-z0-9+/=]+)", told)
    return "\n".join([told, *(base64.b64decode(file).decode() for file in files)])


def event(client: httpx.Client, name: str, data: list[Any], click: Any = None) -> str:
    """Send an event of the page `PAGE`, and return what it was told."""
    send(client, name, data, click)
    return hear(client)


def test_of_all_pages_that_were_opened_those_used_last_are_kept_in_memory(
    running: RunningApp,
) -> None:
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for number in range(6):
            load(client, f"page{number}")
    holder = running.app.state_holder
    pages = {page.partition(".")[0] for page in holder.session_data}  # after it: whose it is
    assert pages == {"page3", "page4", "page5"}


def test_what_an_address_asks_for_is_no_matter_of_the_framework(running: RunningApp) -> None:
    """Gradio reads some names itself: by "page" it looks for another page, and fails."""
    opened = {"act": "open", "doc": "a/b", "start": 3, "end": 9, "page": 1, "from": ""}
    filters = Filters(("a",), "1840", "1850", ("memoir",), ("supports",))
    exact = {"act": EXACT, "words": "gold", "collections": ("a",), "after": "1", "before": "2"}
    for address in (
        Address("p", "c", "a", 1, 2, filters, opened),
        Address(opened={**opened, "act": "look", "words": "gold"}),
        Address(opened=exact),
    ):
        assert httpx.get(running.url + str(address).lstrip("/"), timeout=60).status_code == 200


def test_the_page_begins_with_a_box_and_nothing_else_does(running: RunningApp) -> None:
    page = httpx.get(running.url, timeout=60)
    assert page.text.index("<textarea") < page.text.index("<gradio-app")
    assert page.text.count('id="sf-opening"') == 1
    for path in ("config", "health", "gradio_api/info", "nothing-here"):
        assert "sf-opening" not in httpx.get(running.url + path, timeout=60).text


def test_what_is_on_a_readers_page_is_theirs_whoever_knows_what_it_is_called(
    running: RunningApp,
) -> None:
    with (
        httpx.Client(base_url=running.url, timeout=60) as reader,
        httpx.Client(base_url=running.url, timeout=60) as other,
    ):
        reader.get("/")
        other.get("/")  # each has a cookie of its own
        event(reader, "ask_1", [{"text": "Monroe warned Europe.", "files": []}, None, None, None])
        keep = {"act": "keep", "form": ".md"}
        assert "Monroe warned" not in event(other, "clicked", [None] * 3, keep)
        assert "Monroe warned" in event(reader, "clicked", [None] * 3, keep)
        send(reader, "clicked", [None] * 3, keep)
        with pytest.raises(httpx.RemoteProtocolError):  # a program; for it there is no such page
            hear(httpx.Client(base_url=running.url, timeout=60))
        assert "Monroe warned" in hear(reader)


def test_a_page_loads_while_another_is_still_looking_something_up(
    running: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, at = threading.Barrier(2, timeout=20), Actions._at

    def meeting(*arguments: Any) -> Any:
        both.wait()  # raises where the other one does not come meanwhile
        return at(*arguments)

    monkeypatch.setattr(Actions, "_at", meeting)
    with httpx.Client(base_url=running.url, timeout=60) as client:
        other = threading.Thread(target=load, args=(client, "other"))
        other.start()
        load(client, "mine")
        other.join()
    assert not both.broken


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_tests_started_ends_with_them(tmp_path: Path, how: int) -> None:
    script = tmp_path / "serves.py"
    script.write_text("import time\nprint('serves', flush=True)\ntime.sleep(600)\n")
    tests = (
        "import subprocess, sys, time\n"
        f"command = [sys.executable, '-c', {BESIDE_TESTS!r}, {str(script)!r}]\n"
        "subprocess.Popen(command, stdin=subprocess.PIPE)\ntime.sleep(600)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", tests], stdout=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stdout.readline() == b"serves\n"
    running.send_signal(how)
    assert running.communicate(timeout=60) == (b"", None), "what it wrote to is closed: it ended"
