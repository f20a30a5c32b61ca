"""What whoever keeps a server running is told of it, and what is not told."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from rag.finder import SourceFinder
from rag.web.health import Counts, Health, metrics_text

CLAIM = "Monroe told Europe to stay out of the Americas"


def asked(health: Health, path: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(health)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path)

    return asyncio.run(send())


def sample(text: str) -> dict[str, float]:
    """Return the values of a text in Prometheus' format, each line of which must be well formed."""
    values = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            found = re.fullmatch(r'([a-z_]+(?:\{outcome="[a-z]+"\})?) (\d+(?:\.\d+)?)', line)
            assert found, line
            values[found[1]] = float(found[2])
    return values


def test_a_real_server_tells_how_it_does(served: str, finder: SourceFinder) -> None:
    told = httpx.get(f"{served}health")
    passages = finder.facts().passages
    assert (told.status_code, told.json()["status"]) == (200, "ok")
    assert told.json()["passages"] == passages
    before = sample(httpx.get(f"{served}metrics").text)
    call = f"{served}gradio_api/call/find_sources"
    arguments = {"data": [CLAIM, 3, None, None, None]}
    event = httpx.post(call, json=arguments).json()["event_id"]
    assert "Monroe" in httpx.get(f"{call}/{event}", timeout=60).text
    answer = httpx.get(f"{served}metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    after = sample(answer.text)
    answered = 'source_finder_questions_total{outcome="answered"}'
    assert after[answered] == before[answered] + 1
    assert after["source_finder_question_seconds_sum"] > 0
    assert after["source_finder_index_passages"] == passages
    assert after["source_finder_build_running"] == 0
    assert "Monroe" not in answer.text


@pytest.mark.parametrize("path", ["health", "metrics"])
def test_another_page_is_not_told(served: str, path: str) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert httpx.get(served + path, headers=headers).status_code in {400, 403}
    assert httpx.post(served + path).status_code == 405


def test_without_an_index_it_is_not_ready() -> None:
    live = cast(Any, SimpleNamespace(ready=False, busy=True))
    health = Health(cast(Any, None), live, Counts())
    told = asked(health, "/health")
    assert (told.status_code, told.json()["building"]) == (503, True)
    assert sample(asked(health, "/metrics").text)["source_finder_build_running"] == 1


def test_each_question_is_counted_once() -> None:
    counts = Counts()
    with counts.question():
        assert counts.under_way == 1
    with counts.question() as question:
        question.failed = True
    with pytest.raises(ValueError, match="x"), counts.question():
        raise ValueError("x")
    with pytest.raises(GeneratorExit), counts.question():
        raise GeneratorExit
    assert counts.ended == {"answered": 1, "failed": 2, "stopped": 1}
    assert sample(metrics_text(counts, 3, False))["source_finder_question_seconds_count"] == 4
