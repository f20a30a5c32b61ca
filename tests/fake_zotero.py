"""What stands for Zotero at the network: a server that takes what is posted to be imported."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit


@contextmanager
def zotero_stand_in(got: list[bytes], status: int = 201, body: bytes = b"[]") -> Iterator[str]:
    """Yield the address of a server that keeps what it gets and answers as Zotero does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = urlsplit(self.path)
            # As Zotero: a page of the web is refused, and so is an import without a session.
            allowed = "Origin" not in self.headers and parse_qs(asked.query).get("session")
            known = asked.path == "/connector/import" and allowed
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if known:
                got.append(content)
            self.send_response(status if known else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
