"""What the browser is shown in the seconds before the application is there.

The page asks every second whether the application has come up, and then loads it. It needs
nothing but the standard library, so that it is there at once.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Source Finder</title>
<meta name="viewport" content="width=device-width"><style>
body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em;
background:#faf8f3;color:#1e1d1a}
@media(prefers-color-scheme:dark){body{background:#161513;color:#e9e4d9}}</style></head>
<body data-opening><h1>Source Finder</h1><p role="status">It is starting: this takes some ten
seconds, on a slow machine half a minute. The page opens by itself.</p><script>
setInterval(async () => {
  try {
    const text = await (await fetch("/", { cache: "no-store" })).text();
    if (!text.includes("data-opening")) location.reload();
  } catch { /* neither is there for a moment */ }
}, 1000);
</script></body></html>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer every address with the page; it is not for programs yet."""
        content = PAGE.encode()
        self.send_response(503 if self.path in {"/health", "/metrics"} else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that none is left on the port when the application takes it."""

    def __init__(self, host: str, port: int) -> None:
        self.connections: list[socket.socket] = []
        super().__init__((host, port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Return the next connection and where it is from."""
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address


class Opening:
    """Serves the page; use as a context manager. Where the port is taken it serves nothing, and
    the application, which wants the same port, says so."""

    def __init__(self, host: str, port: int) -> None:
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        self._server: _Server | None = None
        with suppress(OSError, OverflowError):
            self._server = _Server(host, port)

    def __enter__(self) -> Opening:
        if self._server is not None:
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            for connection in self._server.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._server.server_close()
