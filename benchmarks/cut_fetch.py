"""Fetch a FRUS volume and a memoir from a server on this machine that cuts them in the middle.

    python -m benchmarks.cut_fetch [--data FOLDER]

The server sends half of each file and hangs up, then serves what is asked for. Printed: what
was asked of it, and whether what arrived is the file. Exits with 1 where it is not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.claim_sets import data_folder
from rag.catalog import CatalogEntry, CatalogFile
from rag.catalog.fetch import DownloadPolicy, fetch


class CuttingServer(ThreadingHTTPServer):
    """Serves files by name; the first answer for each ends in the middle."""

    daemon_threads = True

    def __init__(self, files: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.cut: set[str] = set()
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, CuttingServer)
        name = self.path.strip("/")
        content = server.files[name].read_bytes()
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        server.asked.append(f"{name} from byte {start:,}")
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if name in server.cut:
            self.wfile.write(content[start:])
        else:
            server.cut.add(name)
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True


def entry_of(url: str, path: Path, kind: str) -> CatalogEntry:
    """Return a catalog entry for a file on the server."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = CatalogFile(url=f"{url}/{path.name}", name=path.name, sha256=digest)
    return CatalogEntry(
        id=path.stem,
        title=path.stem,
        description="",
        covers=(1800, 2000),
        repository="",
        rights="Public domain.",
        citation_style="",
        kind="primary" if kind == "volume" else "memoir",
        format=path.suffix,
        access="fetch",
        verified="made here",
        files=(file,),
        browse="https://example.org/",
    )


def main() -> int:
    """Fetch both, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the volumes and memoirs")
    data = data_folder(parser.parse_args().data)
    volume = min((data / "frus" / "volumes").glob("*.xml"), key=lambda path: path.stat().st_size)
    memoir = min((data / "gutenberg").glob("*.txt"), key=lambda path: path.stat().st_size)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    files = {path.name: path for path in (volume, memoir)}
    with CuttingServer(files) as server, tempfile.TemporaryDirectory() as into:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        entries = [entry_of(url, volume, "volume"), entry_of(url, memoir, "memoir")]
        started = time.perf_counter()
        report = fetch(
            [e.id for e in entries], Path(into), catalog=entries, policy=DownloadPolicy()
        )
        seconds = time.perf_counter() - started
        server.shutdown()
        print(*server.asked, sep="\n")
        right = True
        for file in report.files:
            same = Path(file.path).read_bytes() == files[Path(file.path).name].read_bytes()
            right &= same and bool(file.resumed_at)
            print(f"{Path(file.path).name}: {file.bytes:,} bytes, the same: {same}")
        print(f"{seconds:.1f} s with the pauses between requests")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
