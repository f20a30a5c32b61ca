"""Requests that another page, a name elsewhere or a stranger's program sends to the server."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.web import guard
from rag.web.gate import Quotas, ReaderLimits
from rag.web.guard import API, HEADERS, Access, Guard
from rag.web.server import check_free

OWN = "http://127.0.0.1:7860"


def test_a_port_that_is_just_being_let_go_is_waited_for() -> None:
    with socket.socket() as leaving:
        leaving.bind(("127.0.0.1", 0))
        leaving.listen()
        port = leaving.getsockname()[1]
        threading.Timer(0.2, leaving.close).start()
        check_free("127.0.0.1", port)


async def taking(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body to its end and say how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    def asking(
        method: str = "POST",
        path: str = f"{API}/queue/join",
        access: Access | None = None,
        app: ASGIApp = taking,
        **more: Any,
    ) -> httpx.Response:
        guarded = Guard(app, access or Access("127.0.0.1", uploads=tmp_path))

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(guarded)
            async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())

    return asking


ROUTES = [
    ("GET", "/"),
    ("GET", "/config"),
    ("POST", f"{API}/queue/join"),
    ("GET", f"{API}/queue/data"),
    ("POST", f"{API}/upload"),
    ("POST", f"{API}/call/ask"),
    ("POST", f"{API}/mcp/"),
    ("GET", f"{API}/info"),
]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},  # another program's page on this machine
        {"Origin": "http://127.0.0.1.evil.example:7860"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "file://127.0.0.1:7860"},
        {"Origin": "https://["},
        {"Host": "evil.example"},
        {"Host": "evil.example:7860", "Origin": "http://evil.example:7860"},  # rebinding
        {"Host": "127.0.0.1:7860@evil.example"},
        {"Host": "10.1.2.3:7860"},
        {"Host": ""},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_gets_nothing(ask: Any, headers: dict[str, str]) -> None:
    for method, path in ROUTES:
        assert ask(method, path, headers=headers).status_code in {400, 403}, path


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a program
        {"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:7860", "Origin": "http://localhost:7860"},
        {"Host": "[::1]:7860", "Origin": "http://[::1]:7860"},
    ],
)
def test_its_own_page_and_programs_are_answered(ask: Any, headers: dict[str, str]) -> None:
    for method, path in ROUTES:
        answer = ask(method, path, headers=headers)
        assert answer.status_code == 200, path
        assert dict(answer.headers).items() >= HEADERS.items()


def test_a_link_to_the_page_may_be_followed(ask: Any) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask("GET", "/", headers=headers).status_code == 200
    assert ask("GET", f"{API}/info", headers=headers).status_code == 403


def test_a_server_for_others_answers_to_its_names(ask: Any) -> None:
    access = Access("0.0.0.0", ("sources.example",))
    behind_proxy = {"Host": "127.0.0.1:7860", "Origin": "https://sources.example"}
    for headers, status in (
        ({"Host": "sources.example", "Origin": "https://sources.example"}, 200),
        ({"Host": "10.1.2.3:7860", "Origin": "http://10.1.2.3:7860"}, 200),
        (behind_proxy, 200),
        ({"Host": "other.example", "Origin": "http://other.example"}, 400),
        ({"Host": "sources.example", "Origin": "https://evil.example"}, 403),
        ({"Host": "sources.example.evil.example"}, 400),
    ):
        assert ask(access=access, headers=headers).status_code == status, headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{API}/file=/etc/passwd"),
        ("GET", f"{API}/file=https://example.com/"),
        ("GET", f"{API}/proxy=https://example.com/"),
        ("POST", f"{API}/vibe-edit"),
        ("GET", f"{API}/vibe-code/"),
        ("POST", f"{API}/process_recording"),
        ("GET", f"{API}/stream/a/b/c/playlist.m3u8"),
        ("GET", f"{API}/custom_component/a/client/b/c"),
        ("GET", "/monitoring"),
        ("GET", "/static/%2e%2e/%2e%2e/config"),
        ("GET", f"/static/{'a/' * 1000}"),
        ("GET", "/pwa_icon/192"),
        ("GET", f"{API}/mcp/sse"),  # tools are called by one request each, without a session
        ("POST", f"{API}/mcp/messages/?session_id=1"),
        ("POST", "/login"),
        ("POST", "/"),
        ("PUT", f"{API}/upload"),
        ("DELETE", f"{API}/queue/join"),
    ],
)
def test_what_the_page_does_not_need_is_not_there(ask: Any, method: str, path: str) -> None:
    assert ask(method, path).status_code in {404, 405}


def test_a_request_of_two_lengths_is_refused(served: str) -> None:
    address = httpx.URL(served)
    host = f"Host: 127.0.0.1:{address.port}\r\n"
    hidden = f"GET /health HTTP/1.1\r\n{host}\r\n"
    body = f"POST {API}/call/ask HTTP/1.1\r\n{host}Content-Length: {5 + len(hidden)}\r\n"
    with socket.create_connection((address.host, address.port), timeout=30) as sent:
        sent.sendall(f"{body}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}".encode())
        told = b"".join(iter(lambda: sent.recv(65536), b""))
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1 ") == 1, "what follows is no request of its own"


def test_a_body_has_a_limit(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def chunks(size: int) -> Any:
        async def stream() -> Any:
            for _ in range(size // 1000):
                yield b"x" * 1000

        return stream()

    assert ask(path=f"{API}/call/ask", content=b"x" * guard.MAX_BODY).status_code == 200
    assert ask(path=f"{API}/call/ask", content=b"x" * (guard.MAX_BODY + 1)).status_code == 413
    assert ask(path=f"{API}/call/ask", content=chunks(2 * guard.MAX_BODY)).status_code == 413
    monkeypatch.setattr(guard, "MAX_EVENT_BODY", 10_000)
    assert ask(content=b"x" * 10_001).status_code == 413
    monkeypatch.setattr(guard, "MAX_UPLOADS", 50_000)
    assert ask(path=f"{API}/upload", content=chunks(50_000)).status_code == 200
    assert ask(path=f"{API}/upload", content=chunks(51_000)).status_code == 413
    assert ask(path=f"{API}/upload", content=b"x" * 50_001).status_code == 413


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ("[]", 413),
        ("{}", 413),
        ('""', 413),
        ('{"path": "FOLDER/a"}', 413),
        (r'"\u2200"', 413),
        ('"∀"', 413),
        (None, 200),
    ],
)
def test_a_request_is_of_few_parts_however_long_its_texts_are(
    ask: Any, tmp_path: Path, parts: str | None, status: int, encoding: str
) -> None:
    post = '"He said: [1], {2}, \\"three\\", 4\\n' + "[a], " * 400_000 + '"'
    many = [(parts or "0").replace("FOLDER", str(tmp_path))] * (100_000 if parts else 9)
    body = f"[{post}, {', '.join(many)}]".encode(encoding)
    began = time.perf_counter()
    assert ask(content=body).status_code == status
    assert time.perf_counter() - began < 5, "nobody is answered meanwhile"


def test_uploads_end_before_the_disk_is_full(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_UPLOADS", 5000)
    (tmp_path / "before").write_bytes(b"x" * 4000)
    assert ask(path=f"{API}/upload", content=b"x" * 1001).status_code == 413
    assert ask(path=f"{API}/upload", content=b"x" * 1000).status_code == 200
    monkeypatch.setattr(guard, "FREE_BYTES", 1 << 60)
    assert ask(path=f"{API}/upload", content=b"x").status_code == 413


def test_many_uploads_at_once_are_no_more_than_one_may_send(tmp_path: Path) -> None:
    quotas, sent = Quotas(ReaderLimits(upload_mb_a_day=1)), [b"x" * 100_000] * 8
    guarded = Guard(taking, Access("127.0.0.1", uploads=tmp_path), quotas=quotas)

    async def all_at_once() -> list[int]:
        here, come = 0, asyncio.Event()

        async def body() -> Any:  # of no known length
            nonlocal here
            here += 1
            if here == 5:
                come.set()
            await come.wait()
            for part in sent:
                yield part

        transport = httpx.ASGITransport(guarded)
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            answers = [client.post(f"{API}/upload", content=body()) for _ in range(5)]
            return [answer.status_code for answer in await asyncio.gather(*answers)]

    took = asyncio.run(all_at_once())
    assert took.count(200) <= 1
    assert set(took) <= {200, 429}


FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def a_part(about: str, content: bytes = b"x") -> bytes:
    return f"--b\r\n{about}\r\n\r\n".encode() + content + b"\r\n"


AS_FILE = 'Content-Disposition: form-data; name="files"; filename="a.txt"'


@pytest.mark.parametrize(
    ("about", "status"),
    [
        (AS_FILE, 200),
        (f"Content-Type: text/plain\r\n{AS_FILE}", 200),
        ('Content-Disposition: form-data; name="files"', 400),
        ('Content-Disposition: form-data; name="filename"', 400),
        (f'{AS_FILE}\r\nContent-Disposition: form-data; name="files"', 400),
        (f"X-{AS_FILE}", 400),
        ("Content-Type: text/plain", 400),
        (f"{AS_FILE}\r\nX: {'x' * 100_000}", 400),
    ],
)
def test_an_upload_is_of_files_alone(ask: Any, about: str, status: int) -> None:
    """Gradio keeps all else in memory, however long it is."""
    body = a_part(AS_FILE) + a_part(about, b"x" * 1000)

    async def drop_by_drop() -> Any:
        for at in range(0, len(body), 7):
            yield body[at : at + 7]

    for content in (body, drop_by_drop()):
        sent = ask(path=f"{API}/upload", headers=FORM, content=content)
        assert sent.status_code == status


def test_an_upload_of_which_nothing_comes_is_given_up(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopping() -> Any:
        yield a_part(AS_FILE)
        await asyncio.sleep(30)

    monkeypatch.setattr(guard, "BODY_S", 0.2)
    assert ask(path=f"{API}/upload", headers=FORM, content=stopping()).status_code == 408


def test_few_uploads_come_at_a_time() -> None:
    """Each may have a thousand files, which are open until it has ended."""

    async def refused(uploads: dict[str, int]) -> int:
        coming, ended = 0, asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal coming
            coming += 1
            await ended.wait()
            await taking(scope, receive, send)

        guarded = Guard(waiting, Access("0.0.0.0"), quotas=Quotas(ReaderLimits()))

        async def sent(of: str) -> int:
            transport = httpx.ASGITransport(guarded, client=(of, 1))
            async with httpx.AsyncClient(transport=transport, base_url=OWN, verify=False) as client:
                return (await client.post(f"{API}/upload", headers=FORM)).status_code

        sending = [
            asyncio.ensure_future(sent(of)) for of, times in uploads.items() for _ in range(times)
        ]
        while coming + sum(each.done() for each in sending) < len(sending):
            await asyncio.sleep(0.01)
        ended.set()
        told = await asyncio.gather(*sending)
        assert set(told) <= {200, 429}
        assert await sent(next(iter(uploads))) == 200, "there is room again"
        return told.count(429)

    assert asyncio.run(refused({"10.0.0.1": 10})) == 2
    assert asyncio.run(refused({f"10.0.0.{number}": 8 for number in range(6)})) == 16


def test_a_name_that_a_page_gives_itself_is_short(ask: Any) -> None:
    """It is kept, for each page and each upload."""
    for asked in (
        {"content": json.dumps({"session_hash": "x" * 500_000})},
        {"method": "GET", "path": f"{API}/queue/data?session_hash={'x' * 50_000}"},
        {"method": "GET", "path": f"{API}/upload_progress?upload_id={'x' * 50_000}"},
        {"method": "GET", "path": f"{API}/heartbeat/{'x' * 900}"},
    ):
        assert len(ask(app=echoing, **asked).content) < 400


def test_many_small_uploads_stop_nobody_but_uploads(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_UPLOADED", 20)
    for number in range(21):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a.txt").write_text("a")
    assert ask(path=f"{API}/upload", content=b"x").status_code == 413
    (tmp_path / "0" / "a.txt").unlink()
    (tmp_path / "1" / "a.txt").unlink()
    os.utime(tmp_path / "0", (0, 0))
    assert ask(path=f"{API}/upload", content=b"x").status_code == 200
    assert not (tmp_path / "0").exists(), "it was empty for long"
    assert (tmp_path / "1").exists(), "its file may be about to come"


def test_readers_leave_room_for_those_who_add_files(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_UPLOADS", 10_000)
    (tmp_path / "talk.txt").write_bytes(b"x" * 5_000)
    upload = {"path": f"{API}/upload", "content": b"x" * 1_000}
    asks = Access("127.0.0.1", uploads=tmp_path, changes=False)
    assert ask(access=asks, **upload).status_code == 413
    assert ask(**upload).status_code == 200


def test_a_slow_body_is_given_up(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dripping() -> Any:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    monkeypatch.setattr(guard, "BODY_S", 0.2)
    assert ask(content=dripping()).status_code == 408


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "https://example.com/a.pdf", "http://127.0.0.1:22/", "../secret", "file:///a"],
)
@pytest.mark.parametrize("written", ["plain", "escaped", "utf-16"])
def test_only_uploads_can_be_named(ask: Any, tmp_path: Path, path: str, written: str) -> None:
    def body(path: str) -> bytes:
        text = json.dumps({"data": [[{"path": path, "meta": {"_type": "gradio.FileData"}}]]})
        if written == "escaped":
            text = text.replace("path", "p\\u0061th").replace("gradio", "gr\\u0061dio")
        return text.encode("utf-16" if written == "utf-16" else "utf-8")

    assert ask(content=body(path)).status_code == 403
    assert ask(content=body(f"{tmp_path}/../other")).status_code == 403
    assert ask(content=body(str(tmp_path / "ab" / "mine.pdf"))).status_code == 200


async def telling(scope: Scope, receive: Receive, send: Send) -> None:
    """Say who asks."""
    await taking(scope, receive, lambda message: send(message | {"body": who(scope)}))


def who(scope: Scope) -> bytes:
    return guard.asker(Request(scope)).encode()


def test_a_browser_is_known_again_by_a_cookie_that_no_script_sees(ask: Any) -> None:
    page = ask("GET", "/", app=telling)
    cookie = page.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    name, _, reader = cookie.partition(";")[0].partition("=")
    assert page.text == reader
    again = ask("GET", "/", app=telling, headers={"Cookie": f"a=b; {name}={reader}"})
    assert again.text == reader
    assert again.headers["set-cookie"] == cookie, "each visit renews it"
    other_path = ask("GET", f"{API}/info", app=telling, headers={"Cookie": f"{name}={reader}"})
    assert (other_path.text, "set-cookie" in other_path.headers) == (reader, False)
    other = ask("GET", "/", app=telling, headers={"Cookie": f"{name}=alice"})
    assert other.text not in {"alice", reader, ""}
    assert ask("GET", f"{API}/info", app=telling).text == ""  # a program


def test_one_asker_cannot_keep_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_OPEN", 3)

    async def statuses(limits: ReaderLimits | None) -> list[int]:
        ended = asyncio.Event()

        async def listening(scope: Scope, receive: Receive, send: Send) -> None:
            await ended.wait()
            await taking(scope, receive, send)

        guarded = Guard(listening, Access("127.0.0.1"), quotas=Quotas(limits))

        async def listen(address: str, path: str = f"{API}/heartbeat/page") -> int:
            transport = httpx.ASGITransport(guarded, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
                return (await client.get(path)).status_code

        kept = [asyncio.create_task(listen("10.0.0.1")) for _ in range(4)]
        others = [listen("10.0.0.2"), listen("10.0.0.1", "/assets/page.js")]
        further = [asyncio.create_task(other) for other in others]
        await asyncio.sleep(0.1)
        ended.set()
        told = await asyncio.gather(*kept, *further)
        return [*told, await listen("10.0.0.1")]  # the others have ended

    assert asyncio.run(statuses(ReaderLimits())) == [200] * 3 + [429] + [200] * 3
    assert asyncio.run(statuses(None)) == [200] * 7, "a server for oneself"


async def echoing(scope: Scope, receive: Receive, send: Send) -> None:
    """Say what was asked: the path, the query, and the body."""
    body = (await receive()).get("body", b"")
    told = json.dumps(
        [scope["path"], scope["query_string"].decode(), body.decode("utf-8", "surrogatepass")]
    )
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told.encode()})


@pytest.mark.parametrize(
    "asked",
    [
        {"content": '{"session_hash": "page", "data": ["\\ud800 \u00e9"]}'},
        {"content": '{"session_h\\u0061sh": "page"}'},
        {"content": '{"session_hash": "x", "session_hash": "page"}'.encode("utf-16")},
        {"path": f"{API}/cancel", "content": '{"session_hash": "page"}'},
        {"path": f"{API}/call/ask", "content": '{"session_hash": "page"}'},
        {"method": "GET", "path": f"{API}/queue/data", "params": {"session_hash": "page"}},
        {"method": "GET", "path": f"{API}/queue/data?session%5Fhash=x&session_hash=page"},
        {"method": "GET", "path": f"{API}/heartbeat/page"},
        {"method": "GET", "path": f"{API}/upload_progress?upload_id=page"},
        {"path": f"{API}/upload?upload_id=page"},
    ],
)
def test_a_page_is_its_readers_however_it_is_named(ask: Any, asked: dict[str, Any]) -> None:
    def sent(reader: str) -> str:
        cookie = {"Cookie": f"source-finder-reader={reader * 43}"}
        told = ask(app=echoing, headers=cookie, **asked).text
        assert "page" in told
        return told

    assert sent("a") == sent("a")
    assert sent("a") != sent("b")


async def calling(scope: Scope, receive: Receive, send: Send) -> None:
    """Take a call as event "e1", or say at which address an outcome was asked for; in two parts."""
    await receive()
    told = b'{"event_id": "e1"}' if scope["method"] == "POST" else scope["path"].encode()
    size = [(b"content-length", str(len(told)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": size})
    await send({"type": "http.response.body", "body": told[:5], "more_body": True})
    await send({"type": "http.response.body", "body": told[5:]})


def test_what_comes_of_a_call_is_for_who_made_it() -> None:
    guarded = Guard(calling, Access("127.0.0.1"))

    async def asked() -> None:
        transport = httpx.ASGITransport(guarded)
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            for call in (f"{API}/call/ask", f"{API}/call/v2/ask"):
                cookies = [{"Cookie": f"source-finder-reader={reader * 43}"} for reader in "ab"]
                made = await client.post(call, headers=cookies[0], json={})
                event = made.json()["event_id"]
                answered = await client.get(f"{call}/{event}", headers=cookies[0])
                assert answered.text == f"{call}/e1"
                assert (
                    await client.get(f"{call}/{event}/", headers=cookies[0])
                ).text == f"{call}/e1"
                for headers, named in [
                    (cookies[1], event),
                    ({}, event),
                    (cookies[0], "e1"),
                    (cookies[0], "e1."),
                    (cookies[0], f"e2.{event.rpartition('.')[2]}"),
                    (cookies[0], "%ff"),
                ]:
                    other = await client.get(f"{call}/{named}", headers=headers)
                    assert other.status_code == 404, named

    asyncio.run(asked())


# ---- the real server ----


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "config"),
        ("POST", "gradio_api/upload"),
        ("POST", "gradio_api/queue/join"),
        ("POST", "gradio_api/call/ask"),
        ("POST", "gradio_api/mcp/"),
    ],
)
def test_another_page_cannot_use_the_server(served: str, method: str, path: str) -> None:
    foreign = httpx.request(method, served + path, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers


def test_the_page_can_be_in_no_frame_and_send_nothing_away(served: str) -> None:
    headers = httpx.get(served).headers
    assert headers["x-frame-options"] == "DENY"
    assert "connect-src 'self'" in headers["content-security-policy"]


def test_nothing_is_left_of_an_upload_that_was_cut_off(served: str) -> None:
    """Else so many would take all the room there is for uploads."""
    address = httpx.URL(served)
    sent = httpx.post(f"{served}gradio_api/upload", files={"files": ("a.txt", b"whole")})
    folder = Path(sent.json()[0]).parents[1]
    before = set(folder.rglob("*"))
    files = f"{API}/upload HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n"
    head = f"POST {files}Content-Type: {FORM['Content-Type']}\r\nContent-Length: %d\r\n\r\n"
    for length, part in ((2_000_000, AS_FILE), (1_500_000, "X: y")):
        with socket.create_connection((address.host, address.port), timeout=30) as cut_off:
            cut_off.sendall((head % length).encode() + a_part(AS_FILE, b"x" * 1_000_000))
            cut_off.sendall(a_part(part, b"x" * 400_000))
            if part != AS_FILE:
                assert cut_off.recv(100).startswith(b"HTTP/1.1 400 ")
    patience = time.monotonic() + 20
    while set(folder.rglob("*")) != before and time.monotonic() < patience:
        time.sleep(0.1)
    assert set(folder.rglob("*")) == before


def test_an_upload_is_of_nobody_but_the_page(served: str) -> None:
    sent = httpx.post(f"{served}gradio_api/upload", files={"files": ("a.txt", b"secret")})
    [path] = sent.json()
    assert Path(path).parents[1].name.startswith("source-finder-uploads-")
    assert Path(path).parents[1].stat().st_mode & 0o077 == 0
    assert httpx.get(f"{served}gradio_api/file={path}").status_code == 404
