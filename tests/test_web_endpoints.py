"""The endpoints of a running application, called by gradio_client and by an MCP client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from starlette.requests import Request

from rag import SourceFinder, Span
from rag.cli.main import main
from rag.live import LiveFinder
from rag.programs import QUOTED, WINDOW_CHARS, _window
from rag.web import is_loopback
from rag.web.blocks import Refusal, answering
from rag.web.gate import Quotas

ROOT = Path(__file__).parent.parent
CLAIM = "Monroe told Europe to stay out of the Americas"
TOOLS = {"find_sources", "ask", "read_document", "list_collections"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the two clients


@pytest.fixture(scope="module")
def client(served: str) -> Client:
    return Client(served, verbose=False)


Call = Callable[..., str]


def call_by_http(client: Client, name: str, **arguments: Any) -> str:
    try:
        return client.predict(api_name=f"/{name}", **arguments)
    except AppError as error:
        return f"Error: {error.message}"


def in_session(address: str, use: Callable[[ClientSession], Any]) -> Any:
    async def session() -> Any:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (reading, writing, *_),
            ClientSession(reading, writing) as opened,
        ):
            await opened.initialize()
            return await use(opened)

    return asyncio.run(session())


def call_by_mcp(address: str, name: str, **arguments: Any) -> str:
    result = in_session(address, lambda session: session.call_tool(name, arguments))
    (content,) = result.content
    return f"Error: {content.text}" if result.isError else content.text


@pytest.fixture(params=["http", "mcp"])
def call(request: pytest.FixtureRequest, client: Client, served: str) -> Call:
    if request.param == "http":
        return lambda name, **arguments: call_by_http(client, name, **arguments)
    return lambda name, **arguments: call_by_mcp(served, name, **arguments)


# ---- both give what the finder gives in this process ----


def test_find_sources(call: Call, finder: SourceFinder) -> None:
    found = json.loads(call("find_sources", claim=CLAIM, k=3, collections=["signed"], after="1800"))
    expected = finder.find_sources(CLAIM, 3, ["signed"], 1800)
    assert found["evidence"] == [json.loads(e.to_json()) for e in expected]
    assert found["about"] == QUOTED


def test_ask(call: Call, finder: SourceFinder) -> None:
    text = f"{CLAIM}. Sacagawea carried her baby to the Pacific."
    assert json.loads(call("ask", text=text, k=2))["answer"] == json.loads(
        finder.ask(text, 2).to_json()
    )


def test_read_document_returns_a_window_of_the_text(call: Call, finder: SourceFinder) -> None:
    (evidence,) = finder.find_sources(CLAIM, 1)
    window = json.loads(
        call(
            "read_document",
            document_id=evidence.document_id,
            start=evidence.start,
            end=evidence.end,
            context=100,
        )
    )
    text = finder.document(evidence.document_id).text
    assert window["text"] == text[window["start"] : window["end"]]
    assert evidence.quote in window["text"]
    assert len(window["text"]) <= len(evidence.quote) + 200
    assert window["document"]["length"] == len(text)


def test_list_collections(call: Call, finder: SourceFinder) -> None:
    collections = json.loads(call("list_collections"))["collections"]
    assert collections == [holding.to_dict() for holding in finder.holdings()]
    assert {c["collection_id"] for c in collections} == {"signed", "loose"}
    assert sum(c["documents"] for c in collections) == finder.index.generation.store.documents


# ---- errors are messages ----


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("find_sources", {"claim": " "}, "The question is empty"),
        ("find_sources", {"claim": CLAIM, "k": 0}, "ask for 1 to 100"),
        ("find_sources", {"claim": CLAIM, "collections": ["nowhere"]}, "nowhere"),
        ("ask", {"text": CLAIM, "after": "later"}, "'later' is not a date"),
        ("read_document", {"document_id": "../../../etc/passwd"}, "There is no document"),
        ("read_document", {"document_id": "loose/1962-Kennedy-1", "start": 9, "end": 3}, "9 to 3"),
        ("find_sources", {"claim": CLAIM, "k": "many"}, "'many'"),
    ],
)
def test_an_error_is_a_message(call: Call, name: str, arguments: dict[str, Any], said: str) -> None:
    answer = call(name, **arguments)
    assert answer.startswith("Error: ")
    assert said in answer
    assert "Traceback" not in answer


def test_a_fault_of_ours_says_no_more_than_that(caplog: pytest.LogCaptureFixture) -> None:
    def broken(claim: str) -> str:
        raise ZeroDivisionError(claim)

    with pytest.raises(Refusal, match="Something went wrong") as refusal:
        asyncio.run(answering(broken, Quotas())(Request({"type": "http"}), CLAIM))
    assert CLAIM not in str(refusal.value)
    assert "ZeroDivisionError" in caplog.text  # for whoever runs the server


def test_a_window_has_a_limit(call: Call, finder: SourceFinder) -> None:
    document_id = "signed/1823-Monroe-1"
    text = json.loads(call("read_document", document_id=document_id, context=10**6))["text"]
    assert len(text) == min(WINDOW_CHARS, len(finder.document(document_id).text))


@pytest.mark.parametrize("context", [0, 9_000, 20_000, 10**6])
@pytest.mark.parametrize(
    ("start", "end"), [(0, 10), (50_000, 50_004), (99_990, 100_000), (40_000, 59_000)]
)
def test_a_window_has_the_stretch_that_was_asked_for(context: int, start: int, end: int) -> None:
    window = _window(Span(start, end), context, 100_000)
    assert window.start <= start <= end <= window.end
    whole = min(end + context, 100_000) - max(start - context, 0)
    assert len(window) == min(whole, WINDOW_CHARS)


# ---- what is offered, and what is not ----


def test_only_the_documented_actions_are_endpoints(client: Client) -> None:
    offered = client.view_api(return_format="dict")
    assert set(offered["named_endpoints"]) == {f"/{name}" for name in TOOLS}
    assert offered["unnamed_endpoints"] == {}
    hidden = [
        dependency["api_name"]
        for dependency in client.config["dependencies"]
        if dependency["api_name"] not in TOOLS
    ]
    assert hidden  # the events of the page itself
    for name in hidden:
        with pytest.raises(ValueError, match="Cannot find a function"):
            client.predict(api_name=f"/{name}")


def test_tools_are_described_and_typed(served: str) -> None:
    listed = in_session(served, lambda session: session.list_tools())
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == TOOLS
    for tool in tools.values():
        assert tool.description
        for name, parameter in tool.inputSchema["properties"].items():
            assert parameter["description"], (tool.name, name)
            assert "type" in parameter or "oneOf" in parameter, (tool.name, name)
    assert tools["find_sources"].inputSchema["required"] == ["claim"]


def test_endpoints_are_described_and_typed(client: Client) -> None:
    for endpoint in client.view_api(return_format="dict")["named_endpoints"].values():
        for parameter in endpoint["parameters"]:
            assert parameter["python_type"]["type"] != "Any", parameter
        assert [value["type"] for value in endpoint["returns"]] == [{"type": "string"}]


@pytest.mark.parametrize("path", ["/etc/passwd", "pyproject.toml", "../README.md"])
def test_no_file_is_served(served: str, path: str) -> None:
    assert httpx.get(f"{served}gradio_api/file={path}").status_code in {403, 404}


def test_the_index_is_not_served_as_a_file(served: str, finder: SourceFinder) -> None:
    path = finder.index.generation.path / "sources.sqlite"
    assert path.is_file()
    assert httpx.get(f"{served}gradio_api/file={path}").status_code == 404


@pytest.mark.parametrize("path", ["", "config", "gradio_api/info", "gradio_api/mcp/"])
def test_another_name_for_this_machine_gets_nothing(served: str, path: str) -> None:
    elsewhere = httpx.get(f"{served}{path}", headers={"Host": "evil.example"})
    assert elsewhere.status_code == 400
    assert httpx.get(f"{served}{path}").status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("me", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_server_for_others_warns(
    small_index: Path,
    host: str,
    warned: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rag.web.serve", lambda *_, **__: None)
    assert main(["serve", "--host", host, "--index", str(small_index)]) == 0
    assert ("There is no password" in capsys.readouterr().err) is warned


# ---- nothing goes around the queue ----


def test_what_waits_in_the_queue_for_the_page_waits_for_programs_too(served: str) -> None:
    events = httpx.get(f"{served}config").json()["dependencies"]
    queued = [event for event in events if event["queue"] and event["backend_fn"]]
    assert {"clicked", "organised", "loaded"} <= {event["api_name"] for event in queued}
    for event in queued:
        body = {"data": [None] * len(event["inputs"]), "fn_index": event["id"]}
        for route in ("run", "api"):
            called = httpx.post(f"{served}gradio_api/{route}/{event['api_name']}", json=body)
            assert called.status_code == 404, event["api_name"]
    tool = httpx.post(f"{served}gradio_api/run/list_collections", json={"data": []})
    assert "collections" in tool.json()["data"][0]


@pytest.mark.parametrize(
    ("host", "setting", "fetched"),
    [("0.0.0.0", "", "off"), ("0.0.0.0", "on", "on"), ("127.0.0.1", "", "auto")],
)
def test_a_server_for_others_fetches_captions_only_where_that_is_set(
    small_index: Path, host: str, setting: str, fetched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[LiveFinder] = []
    monkeypatch.setattr("rag.web.serve", lambda live, *_, **__: served.append(live))
    monkeypatch.setenv("SOURCE_FINDER_CAPTIONS", setting)
    assert main(["serve", "--host", host, "--index", str(small_index)]) == 0
    assert served[0].current.settings.captions == fetched
