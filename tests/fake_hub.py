"""A model hub on this machine that speaks as huggingface.co does; its client is the real one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest


@dataclass
class HubModel:
    """A model of the hub: the files of a folder at one revision."""

    folder: Path
    revision: str = "1" * 40
    licence: str | None = "mit"
    served: dict[str, bytes] = field(default_factory=dict)
    """Files of which the hub sends other bytes than it says."""

    def files(self) -> dict[str, bytes]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}


@dataclass
class FakeHub:
    """`models` by name; `asked`: the paths of all requests."""

    url: str = ""
    models: dict[str, HubModel] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.asked.append(path)
        parts = path.removeprefix("api/models/").split("/")
        model = self.hub.models.get("/".join(parts[:2]))
        kind, revision = [*parts[2:4], "", ""][:2]
        if model is None:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"}, with_body)
        elif revision and revision != model.revision:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"}, with_body)
        elif kind == "resolve":
            name = "/".join(parts[4:])
            content = model.served.get(name, model.files()[name])
            told = hashlib.sha256(model.files()[name]).hexdigest()
            headers = {"ETag": f'"{told}"', "X-Repo-Commit": model.revision}
            self._send(200, content, headers, with_body)
        else:
            told_of = _tree(model) if kind == "tree" else _info("/".join(parts[:2]), model)
            self._send(200, json.dumps(told_of).encode(), {}, with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def _info(name: str, model: HubModel) -> dict[str, Any]:
    siblings = [
        {"rfilename": path, "size": len(content), "blobId": "0" * 40, "lfs": _lfs(path, content)}
        for path, content in model.files().items()
    ]
    card = {} if model.licence is None else {"license": model.licence}
    return {"id": name, "sha": model.revision, "siblings": siblings, "cardData": card}


def _tree(model: HubModel) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
        for path, content in model.files().items()
    ]


def _lfs(path: str, content: bytes) -> dict[str, Any] | None:
    """Return what the hub tells of a large file."""
    if not path.endswith(".safetensors"):
        return None
    told = hashlib.sha256(content).hexdigest()
    return {"sha256": told, "size": len(content), "pointerSize": 100}


@contextmanager
def open_hub(cache: Path) -> Iterator[FakeHub]:
    """Serve a hub, and have the client of huggingface_hub ask it and keep its files in `cache`."""
    from huggingface_hub import constants

    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", hub.url)
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        try:
            yield hub
        finally:
            server.shutdown()
            server.server_close()
