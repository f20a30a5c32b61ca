"""Two application processes behind one address: the proxy's configuration that is shipped, a real
HAProxy, a real PostgreSQL, one home. What is kept in one process, another does not need."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.web.gate import SESSION
from tests.databases import schema_of_its_own
from tests.processes import (
    CLAIM,
    DOWN_S,
    Servers,
    happens,
    haproxy,
    kill_one,
    reader,
    sign_in,
    two_processes,
)

log = logging.getLogger(__name__)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servers(
    small_index: Path, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    if haproxy() is None:
        pytest.skip("HAProxy is not installed (apt-get install haproxy)")
    home = tmp_path_factory.mktemp("home")
    with two_processes(small_index, home, schema_of_its_own(postgres)) as started:
        yield started


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
    with reader(servers.proxy) as page:
        session = sign_in(page)
    came = kill_one(servers)
    log.info(came.said())
    assert len(came.unanswered) <= 2 * 6, "what was on its way, and no more"
    assert came.answers_again_s < DOWN_S
    assert came.kept
    assert came.lost == []
    with reader(servers.proxy, cookies={SESSION: session}) as page:
        assert page.get("/config").status_code == 200, "signed in still"
