"""A language model on this machine that speaks as OpenAI's does; langchain's client is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from rag.config import Settings

Reply = Callable[[dict[str, Any]], object]


class FakeModel(BaseHTTPRequestHandler):
    """Answers a chat request with what `reply` makes of the material it is shown."""

    reply: Reply
    requests: list[dict[str, Any]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(asked)
        content = type(self).reply(json.loads(asked["messages"][-1]["content"]))
        text = content if isinstance(content, str) else json.dumps(content)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
        ).encode()
        with suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # One that dies stops half way.
            self.wfile.write(body[: len(body) // 2] if text == "dies" else body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def open_model(reply: Reply) -> Iterator[tuple[Settings, list[dict[str, Any]]]]:
    """Serve a model; yield the settings to reach it, and the requests that it gets."""
    requests: list[dict[str, Any]] = []
    fields = {"reply": staticmethod(reply), "requests": requests}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (FakeModel,), fields))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    settings = Settings.from_environment()
    try:
        yield replace(settings, llm="openai:fake", llm_url=url, llm_timeout_s=20.0), requests
    finally:
        server.shutdown()
        server.server_close()
