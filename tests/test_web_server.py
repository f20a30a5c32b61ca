"""The running server, in this process: what many pages at once do to it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag import SourceFinder
from rag.live import LiveFinder
from rag.web import RunningApp, server, start
from rag.web.actions import Actions
from tests.conftest import free_port

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
    settings = replace(finder.settings, home=tmp_path)
    running = start(LiveFinder(finder, settings=settings), port=free_port())
    yield running
    running.close()
    del running
    gc.collect()


def load(client: httpx.Client, page: str) -> None:
    """Load a page as its script does, and wait until it is there."""
    events = client.get("/config").json()["dependencies"]
    [loaded] = [event for event in events if event["api_name"] == "loaded"]
    body: dict[str, Any] = {"data": [""], "fn_index": loaded["id"], "session_hash": page}
    client.post("/gradio_api/queue/join", json=body).raise_for_status()
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={page}") as stream:
        assert any('"success":true' in line for line in stream.iter_lines())


def test_of_all_pages_that_were_opened_those_used_last_are_kept_in_memory(
    running: RunningApp,
) -> None:
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for number in range(6):
            load(client, f"page{number}")
    holder = running.app.state_holder
    assert set(holder.session_data) == {"page3", "page4", "page5"}


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
