"""Fetching, from a real HTTP server on 127.0.0.1 that behaves as badly as servers do."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from rag.catalog import CatalogEntry, CatalogFile
from rag.catalog.fetch import (
    DownloadPolicy,
    FetchReport,
    describe,
    fetch,
    is_private,
    matches,
    may_follow,
)
from rag.cli.main import main
from rag.errors import CatalogError, FetchError

BODY = ("The envoys met at Verona in October 1822 and did not agree. " * 3000).encode()
QUICK = DownloadPolicy(pause_s=0, backoff_s=0.01, tries=3, timeout_s=5, max_bytes=1_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()

Answer = Callable[["Handler", "Seen"], None]


@dataclass
class Seen:
    """One request, as the server got it."""

    number: int
    path: str
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)


class Handler(BaseHTTPRequestHandler):
    """Answers with the server's next scripted answer, else with the file."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        seen = Seen(len(server.seen), self.path, {k.lower(): v for k, v in self.headers.items()})
        server.seen.append(seen)
        answer = server.script.pop(0) if server.script else whole
        answer(self, seen)

    def send(
        self, status: int, body: bytes = b"", length: int | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A scripted server; `seen` are the requests it got."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[Seen] = []
        self.script: list[Answer] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def whole(handler: Handler, seen: Seen, tag: str = '"v1"', body: bytes = BODY) -> None:
    """The file, or the part that is asked for, where the tag is still right."""
    wanted = seen.headers.get("range")
    if wanted is None or seen.headers.get("if-range", tag) != tag:
        handler.send(200, body, ETag=tag, Content_Type="text/plain")
        return
    start = int(wanted.removeprefix("bytes=").rstrip("-"))
    if start >= len(body):
        handler.send(416, Content_Range=f"bytes */{len(body)}")
        return
    handler.send(
        206, body[start:], ETag=tag, Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}"
    )


def dropped(handler: Handler, seen: Seen) -> None:
    """The first half, then the connection is gone."""
    handler.send(200, BODY[: len(BODY) // 2], length=len(BODY), ETag='"v1"')
    handler.close_connection = True


def status(code: int, **headers: str) -> Answer:
    return lambda handler, seen: handler.send(code, b"no", **headers)


def changed(handler: Handler, seen: Seen) -> None:
    whole(handler, seen, tag='"v2"', body=b"A new edition. " * 100)


def endless(handler: Handler, seen: Seen) -> None:
    """A body without a length and without an end."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def entry(server: Server, identity: str = "verona", **about: object) -> CatalogEntry:
    """Return an entry with one file on the server; `about` are fields of the file."""
    url = f"{server.url}/{identity}.txt"
    file = CatalogFile(**({"url": url, "name": f"{identity}.txt"} | about))  # type: ignore[arg-type]
    return CatalogEntry(
        id=identity,
        title="Papers of the Congress at Verona",
        description="What the envoys wrote.",
        covers=(1822, 1823),
        repository="The archive",
        rights="Public domain.",
        citation_style="Title, page.",
        kind="primary",
        format="plain text",
        access="fetch",
        verified="made here",
        files=(file,),
        browse="https://example.org/verona",
    )


def get(into: Path, *entries: CatalogEntry, policy: DownloadPolicy = QUICK) -> FetchReport:
    return fetch([e.id for e in entries], into, catalog=entries, policy=policy)


def test_a_file_and_its_sidecar(server: Server, tmp_path: Path) -> None:
    report = get(tmp_path, entry(server))
    (file,) = report.files
    folder = tmp_path / "verona"
    assert (folder / "verona.txt").read_bytes() == BODY
    assert report.folders == (str(folder),)
    assert (file.bytes, file.sha256, file.checked) == (len(BODY), SHA256, False)
    sidecar = yaml.safe_load((folder / "collection.yaml").read_text(encoding="utf-8"))
    assert sidecar["title"] == "Papers of the Congress at Verona"
    assert sidecar["rights"] == "Public domain."
    assert sidecar["url"] == "https://example.org/verona"
    visible = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert visible == {"verona.txt", "collection.yaml"}
    (seen,) = server.seen
    assert seen.headers["user-agent"].startswith("source-finder/")
    assert seen.headers["accept-encoding"] == "identity"
    assert "range" not in seen.headers


def test_a_dropped_connection_is_resumed_in_the_same_run(server: Server, tmp_path: Path) -> None:
    server.script = [dropped]
    report = get(tmp_path, entry(server, sha256=SHA256))
    assert (tmp_path / "verona" / "verona.txt").read_bytes() == BODY
    first, second = server.seen
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={len(BODY) // 2}-"
    assert second.headers["if-range"] == '"v1"'
    assert report.files[0].resumed_at == len(BODY) // 2
    assert report.files[0].checked


def test_a_network_that_fails_leaves_a_part_that_the_next_run_goes_on_with(
    server: Server, tmp_path: Path
) -> None:
    server.script = [dropped, status(503), status(503)]
    with pytest.raises(FetchError, match="could not be downloaded completely in 3 tries") as caught:
        get(tmp_path, entry(server))
    assert f"{len(BODY) // 2:,} bytes are kept" in str(caught.value)
    assert "same command again" in str(caught.value)
    assert caught.value.exit_code == 6
    folder = tmp_path / "verona"
    assert not (folder / "verona.txt").exists()
    assert (folder / ".verona.txt.part").stat().st_size == len(BODY) // 2
    report = get(tmp_path, entry(server))
    assert (folder / "verona.txt").read_bytes() == BODY
    assert server.seen[-1].headers["range"] == f"bytes={len(BODY) // 2}-"
    assert report.files[0].resumed_at == len(BODY) // 2
    assert not (folder / ".verona.txt.part").exists()


@pytest.mark.parametrize("about", [{}, {"sha256": SHA256}])
def test_a_fetch_that_ends_just_before_the_file_is_there_is_finished_by_the_next(
    about: dict[str, str], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("rag.catalog.fetch.PartFile.become", kill)
        get(tmp_path, entry(server, **about))
    assert not (tmp_path / "verona" / "verona.txt").exists()
    get(tmp_path, entry(server, **about))
    assert (tmp_path / "verona" / "verona.txt").read_bytes() == BODY
    left = {path.name for path in (tmp_path / "verona").iterdir()}
    assert left - {".lock"} == {"verona.txt", "collection.yaml", ".fetched.json"}


def test_a_file_that_changed_meanwhile_is_not_patched_together(
    server: Server, tmp_path: Path
) -> None:
    server.script = [dropped, changed]
    report = get(tmp_path, entry(server))
    assert (tmp_path / "verona" / "verona.txt").read_bytes() == b"A new edition. " * 100
    assert report.files[0].resumed_at == 0


def test_a_part_of_unknown_origin_is_not_trusted(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "verona"
    folder.mkdir()
    (folder / ".verona.txt.part").write_bytes(b"something else entirely")
    get(tmp_path, entry(server))
    assert (folder / "verona.txt").read_bytes() == BODY
    assert "range" not in server.seen[0].headers


@pytest.mark.parametrize(
    "state",
    [
        {"url": "http://127.0.0.1/another.txt", "validator": '"v1"'},
        {"validator": '"v1"'},
        {"url": "HERE", "validator": None},
        ["not", "a", "state"],
    ],
)
def test_a_part_of_another_address_is_not_trusted(
    state: object, server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "verona"
    folder.mkdir()
    (folder / ".verona.txt.part").write_bytes(b"something else entirely")
    text = json.dumps(state).replace("HERE", f"{server.url}/verona.txt")
    (folder / ".verona.txt.part.json").write_text(text)
    get(tmp_path, entry(server))
    assert (folder / "verona.txt").read_bytes() == BODY
    assert "range" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": 'W/"weak"'}, None),
        ({"ETag": 'W/"weak"', "Last_Modified": "Sun, 22 Nov 2026 12:00:00 GMT"}, "Sun"),
        ({"Last_Modified": "Sun, 22 Nov 2026 12:00:00 GMT"}, "Sun"),
        ({}, None),
    ],
)
def test_only_a_strong_tag_or_a_date_makes_a_part_worth_keeping(
    headers: dict[str, str], validator: str | None, server: Server, tmp_path: Path
) -> None:
    def half(handler: Handler, seen: Seen) -> None:
        handler.send(200, BODY[: len(BODY) // 2], length=len(BODY), **headers)
        handler.close_connection = True

    server.script = [half]
    get(tmp_path, entry(server))
    assert (tmp_path / "verona" / "verona.txt").read_bytes() == BODY
    again = server.seen[1].headers
    assert again.get("if-range", "")[:3] == (validator or "")
    assert ("range" in again) == (validator is not None)


def test_a_part_that_is_whole_already_is_taken(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "verona"
    folder.mkdir()
    (folder / ".verona.txt.part").write_bytes(BODY)
    get(tmp_path, entry(server, sha256=SHA256))
    assert (folder / "verona.txt").read_bytes() == BODY
    assert server.seen[0].headers["range"] == f"bytes={len(BODY)}-"


def test_a_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "verona"
    folder.mkdir()
    (folder / ".verona.txt.part").write_bytes(BODY + b"more")
    get(tmp_path, entry(server, sha256=SHA256))
    assert (folder / "verona.txt").read_bytes() == BODY
    assert len(server.seen) == 2


def test_retry_after_is_honoured(server: Server, tmp_path: Path) -> None:
    server.script = [status(429, Retry_After="1")]
    get(tmp_path, entry(server))
    first, second = server.seen
    assert second.at - first.at >= 1


def test_retry_after_may_be_a_date(server: Server, tmp_path: Path) -> None:
    server.script = [status(503, Retry_After=formatdate(time.time() + 2, usegmt=True))]
    get(tmp_path, entry(server))
    first, second = server.seen
    assert 0.5 <= second.at - first.at <= 10


def test_too_much_patience_is_not_asked_of_the_reader(server: Server, tmp_path: Path) -> None:
    server.script = [status(429, Retry_After="86400")]
    started = time.monotonic()
    with pytest.raises(FetchError, match="asks you to wait 86,400 seconds"):
        get(tmp_path, entry(server))
    assert time.monotonic() - started < 3
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "about", [{"sha256": "0" * 64}, {"git_sha1": "0" * 40}, {"bytes": len(BODY) + 1}]
)
def test_a_wrong_checksum_is_thrown_away(
    about: dict[str, object], server: Server, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="its checksum differs"):
        get(tmp_path, entry(server, **about))
    folder = tmp_path / "verona"
    assert [path.name for path in folder.iterdir() if path.name != ".lock"] == []


def test_gits_name_for_a_file(server: Server, tmp_path: Path) -> None:
    # What `echo hello | git hash-object --stdin` prints.
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    known = "ce013625030ba8dba906f756967f9e9ca394464a"
    assert matches(CatalogFile("http://x/a", "a", git_sha1=known), path)
    assert not matches(CatalogFile("http://x/a", "a", git_sha1=known[::-1]), path)


@pytest.mark.parametrize(
    ("code", "words"), [(404, "no longer there"), (403, "not give this file to programs")]
)
def test_a_refusal_is_not_repeated(code: int, words: str, server: Server, tmp_path: Path) -> None:
    server.script = [status(code)] * 3
    with pytest.raises(FetchError, match=words):
        get(tmp_path, entry(server))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "javascript:alert(1)", "http://["]
)
def test_a_redirect_out_of_the_web_is_not_followed(
    target: str, server: Server, tmp_path: Path
) -> None:
    server.script = [status(302, Location=target)]
    with pytest.raises(FetchError, match="not followed"):
        get(tmp_path, entry(server))
    assert len(server.seen) == 1


def test_where_a_redirect_may_lead() -> None:
    assert may_follow("https://a.org/x", "https://b.org/y")
    assert may_follow("http://a.org/x", "https://a.org/x")
    assert may_follow("http://a.org/x", "http://b.org/y")
    assert not may_follow("https://a.org/x", "http://a.org/x")
    assert not may_follow("https://a.org/x", "file:///etc/passwd")


@pytest.mark.parametrize(
    ("target", "private"),
    [
        ("http://127.0.0.1/", True),
        ("http://2130706433/", True),
        ("http://0177.1/", True),
        ("https://[::1]:8443/", True),
        ("https://[::ffff:192.168.1.1]/", True),
        ("http://169.254.169.254/latest/meta-data", True),
        ("http://100.64.0.1/", True),
        ("https://0.0.0.0/", True),
        ("https://1.1.1.1/", False),
        ("https://[2606:4700::1111]/", False),
    ],
)
def test_which_addresses_are_of_a_network_of_ones_own(target: str, private: bool) -> None:
    assert is_private(target) is private


def test_a_redirect_into_a_network_of_ones_own_is_not_followed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.catalog.fetch.is_private", lambda url: url.endswith("/inside"))
    server.script = [status(302, Location="/inside")]
    with pytest.raises(FetchError, match="your own network, which is not followed"):
        get(tmp_path, entry(server))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"},
        {"Retry-After": "9" * 5000},
        {"Content-Range": f"bytes 0-1/{'9' * 5000}"},
    ],
)
def test_a_number_that_is_none_is_told_of(
    headers: dict[str, str], server: Server, tmp_path: Path
) -> None:
    server.script = [status(206 if "Content-Range" in headers else 503, **headers)] * 9
    with pytest.raises(FetchError):
        get(tmp_path, entry(server))


def test_redirects_are_followed_but_not_for_ever(server: Server, tmp_path: Path) -> None:
    server.script = [status(301, Location="/elsewhere.txt")]
    get(tmp_path, entry(server))
    assert server.seen[1].path == "/elsewhere.txt"
    server.script = [status(302, Location="/round")] * 20
    with pytest.raises(FetchError, match="more than 5 redirects"):
        get(tmp_path, entry(server, "other"))
    assert len(server.seen) == 2 + 6


def test_an_endless_body_is_cut_off(server: Server, tmp_path: Path) -> None:
    server.script = [endless]
    with pytest.raises(FetchError, match="larger than the 1,000,000 bytes"):
        get(tmp_path, entry(server))
    assert not (tmp_path / "verona" / ".verona.txt.part").exists()
    assert len(server.seen) == 1


def test_a_body_longer_than_the_catalog_says_is_not_even_begun(
    server: Server, tmp_path: Path
) -> None:
    told: list[int] = []
    with pytest.raises(FetchError, match="larger than the 100 bytes"):
        fetch(
            ["verona"],
            tmp_path,
            lambda stage, done, total: told.append(done),
            catalog=[entry(server, bytes=100)],
            policy=QUICK,
        )
    assert told == []


def test_a_web_page_is_not_taken_for_the_file(server: Server, tmp_path: Path) -> None:
    server.script = [status(200, Content_Type="text/html; charset=utf-8")]
    with pytest.raises(FetchError, match="a web page came instead"):
        get(tmp_path, entry(server))
    assert not (tmp_path / "verona" / "verona.txt").exists()


def test_a_file_compressed_unasked_is_refused(server: Server, tmp_path: Path) -> None:
    server.script = [status(200, Content_Encoding="gzip")]
    with pytest.raises(FetchError, match="compresses"):
        get(tmp_path, entry(server))


def test_nobody_listens(server: Server, tmp_path: Path) -> None:
    away = entry(server, url="http://127.0.0.1:9/verona.txt")
    with pytest.raises(FetchError, match="the connection failed") as caught:
        get(tmp_path, away)
    assert "Check the network" in str(caught.value)


def test_what_is_there_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    for about in ({}, {"sha256": SHA256}):
        into = tmp_path / f"into{len(about)}"
        get(into, entry(server, **about))
        asked = len(server.seen)
        report = get(into, entry(server, **about))
        assert report.files[0].already_there
        assert report.files[0].sha256 == SHA256
        assert len(server.seen) == asked


def test_a_file_of_the_readers_own_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    get(tmp_path, entry(server))
    path = tmp_path / "verona" / "verona.txt"
    path.write_text("my notes")
    with pytest.raises(FetchError, match="Move it away"):
        get(tmp_path, entry(server))
    assert path.read_text() == "my notes"


def test_one_request_at_a_time_with_a_pause(server: Server, tmp_path: Path) -> None:
    policy = DownloadPolicy(pause_s=0.4, backoff_s=0.01)
    get(tmp_path, entry(server, "one"), entry(server, "two"), policy=policy)
    first, second = server.seen
    assert second.at - first.at >= 0.35


def test_two_fetches_of_one_folder(server: Server, tmp_path: Path) -> None:
    from filelock import FileLock

    (tmp_path / "verona").mkdir()
    with (
        FileLock(tmp_path / "verona" / ".lock"),
        pytest.raises(FetchError, match="Another fetch is running"),
    ):
        get(tmp_path, entry(server))
    assert server.seen == []


def test_a_place_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FetchError, match="cannot be written"):
        get(tmp_path / "file", entry(server))


def test_only_listed_ids_are_fetched(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no nope"):
        fetch(["verona", "nope"], tmp_path, catalog=[entry(server)], policy=QUICK)
    assert server.seen == []


def test_what_is_to_be_got_by_hand(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"Open https://digitalarchive\.wilsoncenter\.org/"):
        fetch(["wilson-center"], tmp_path)


def test_progress_ends_at_the_whole(server: Server, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    server.script = [dropped]
    fetch(
        ["verona"],
        tmp_path,
        lambda stage, done, total: told.append((stage, done, total)),
        catalog=[entry(server)],
        policy=QUICK,
    )
    assert told[-1] == ("Downloading verona/verona.txt", len(BODY), len(BODY))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_size_and_rights_are_described(server: Server) -> None:
    text = describe(entry(server, bytes=3_280_567))
    assert "3.3 MB" in text
    assert "Public domain." in text
    assert "size not known" in describe(entry(server))


@pytest.fixture
def one_entry(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CatalogEntry:
    """A catalog of one entry on the server, and a home of its own."""
    only = entry(server, sha256=SHA256)
    monkeypatch.setattr("rag.catalog.load_catalog", lambda: [only])
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(tmp_path / "home"))
    return only


def test_the_command_shows_fetches_and_reports(
    one_entry: CatalogEntry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "verona", "--no-build"]) == 2  # nobody to ask
    assert not (tmp_path / "home" / "corpus").exists()
    assert "Rights: Public domain." in capsys.readouterr().err
    assert main(["fetch", "verona", "--yes", "--no-build", "--json"]) == 0
    caught = capsys.readouterr()
    assert "Rights: Public domain." in caught.err
    said = json.loads(caught.out)
    assert said["built"] is None
    assert said["fetched"]["files"][0]["sha256"] == SHA256
    arrived = tmp_path / "home" / "corpus" / "sources" / "verona" / "verona.txt"
    assert arrived.read_bytes() == BODY
    assert main(["fetch", "verona", "--yes", "--no-build"]) == 0
    printed = capsys.readouterr().out
    assert "was there already" in printed
    assert "source-finder build" in printed


def test_the_command_builds_what_it_fetched(
    one_entry: CatalogEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sources = str(tmp_path / "home" / "corpus" / "sources")
    # The addresses would take minutes to embed.
    monkeypatch.setattr("rag.workspace.default_sources", lambda settings: [sources])
    assert main(["fetch", "verona", "--yes"]) == 0
    printed = capsys.readouterr().out
    assert "1 documents added" in printed
    assert main(["ask", "The envoys met at Verona in 1822", "--json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["evidence"][0]["document_id"].endswith("/verona")


def test_the_command_fails_with_its_own_code(
    server: Server, one_entry: CatalogEntry, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = [status(404)]
    assert main(["fetch", "verona", "--yes"]) == 6
    assert "no longer there" in capsys.readouterr().err
