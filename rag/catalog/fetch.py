"""Downloads collections of the catalog into the folder of sources, for the next build: one request
at a time, resumable, with checksums verified.

What has arrived is in a part file, which the next attempt or run continues. Once it is complete and
its checksum is right, it becomes the file by one rename.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from rag.catalog import CatalogEntry, CatalogFile, describe_years, find_entry, is_web_address
from rag.config import APP
from rag.datatypes import Jsonable, Progress, sha256_of
from rag.errors import FetchError

if TYPE_CHECKING:
    import httpx

_SIDECAR = "collection.yaml"
_RECORD = ".fetched.json"


@dataclass(frozen=True, slots=True)
class FetchedFile(Jsonable):
    """A file that is now there. `already_there`: an earlier fetch downloaded it, and it is
    unchanged.

    `checked`: its checksum matches the catalog's; otherwise its checksum is only recorded.
    """

    entry_id: str
    path: str
    url: str
    bytes: int
    sha256: str
    checked: bool
    resumed_at: int = 0
    already_there: bool = False


@dataclass(frozen=True, slots=True)
class FetchReport(Jsonable):
    """What a fetch did: the folder of each collection, and its files."""

    folders: tuple[str, ...]
    files: tuple[FetchedFile, ...]


def describe(entry: CatalogEntry) -> str:
    """Return what a reader should know before downloading: contents, size, rights and origin."""
    lines = [
        f"{entry.id}: {entry.title} ({describe_years(entry.covers)})",
        f"  {entry.description}",
        f"  Rights: {entry.rights}",
        f"  From: {entry.repository}; {entry.format}",
    ]
    lines += [f"  {file.url}  [{_size_text(file)}]" for file in entry.files]
    if entry.access == "browse":
        lines.append(f"  For download by hand: {entry.browse}")
    return "\n".join(lines)


def fetch(
    ids: Sequence[str],
    into: Path,
    progress: Progress | None = None,
    *,
    catalog: Sequence[CatalogEntry] | None = None,
    policy: DownloadPolicy | None = None,
) -> FetchReport:
    """Download collections by their ids, each to its own folder in `into`, and return what was
    done.

    Requests only addresses in the catalog, one at a time. Writes `collection.yaml` with title,
    rights and address beside the files.

    Raises `CatalogError` for an unknown id before it downloads anything, and `FetchError` for what
    cannot be had; what has arrived is kept, and the same call continues it.
    """
    entries = [find_entry(identity, catalog) for identity in dict.fromkeys(ids)]
    for entry in entries:
        check_fetchable(entry, into)
    folders: list[str] = []
    files: list[FetchedFile] = []
    with _connection(policy or DownloadPolicy()) as connection:
        for entry in entries:
            folder = into / entry.id
            with _reserved(folder):
                files += _fetch_entry(entry, folder, connection, progress)
            folders.append(str(folder))
    return FetchReport(tuple(folders), tuple(files))


def check_fetchable(entry: CatalogEntry, into: Path) -> None:
    """Raise `FetchError` if a collection cannot be downloaded. `into`: the folder for its files."""
    if entry.access != "fetch":
        raise FetchError(
            f"{entry.id} cannot be downloaded by a program. Open {entry.browse}, and put the files "
            f"you find there into {into}."
        )


@contextmanager
def _connection(policy: DownloadPolicy) -> Iterator[_Connection]:
    import httpx

    # Compression would make byte ranges and lengths mean something else.
    headers = {"User-Agent": _user_agent(), "Accept-Encoding": "identity"}
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(headers=headers, timeout=policy.timeout_s, limits=limits) as client:
        yield _Connection(client, policy)


def _user_agent() -> str:
    try:
        version = metadata.version(APP)
    except metadata.PackageNotFoundError:
        version = "0"
    return f"{APP}/{version} (one file at a time, on a reader's request)"


@contextmanager
def _reserved(folder: Path) -> Iterator[None]:
    """Lock `folder` for this fetch, since two at once would write the same part."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise FetchError(f"Another fetch is running in {folder}; wait until it is done.") from error
    except OSError as error:
        raise FetchError(
            f"{folder} cannot be written: {error.strerror or error}. Free some space or check "
            "its permissions, then run the same command again."
        ) from error


def _fetch_entry(
    entry: CatalogEntry, folder: Path, connection: _Connection, progress: Progress | None
) -> Iterator[FetchedFile]:
    recorded = _recorded(folder)
    for file in entry.files:
        path = folder / file.name
        done = _already_there(entry, file, path, recorded)
        if done is None:
            part = PartFile.of(path, file.url)
            got = _download(file, part, connection, _telling(progress, entry, file))
            recorded[file.name] = {"url": file.url, "bytes": got.bytes, "sha256": got.sha256}
            # Before the files, since a file without a record is taken for the reader's own.
            _write(folder / _RECORD, json.dumps(recorded, indent=1))
            part.become(path)
            done = FetchedFile(
                entry.id,
                str(path),
                file.url,
                got.bytes,
                got.sha256,
                _is_checked(file),
                got.resumed_at,
            )
        yield done
    _write(folder / _SIDECAR, _sidecar(entry))


def _telling(
    progress: Progress | None, entry: CatalogEntry, file: CatalogFile
) -> Callable[[int, int], None]:
    def on_bytes(done: int, total: int) -> None:
        if progress is not None:
            progress(f"Downloading {entry.id}/{file.name}", done, total or file.bytes or 0)

    return on_bytes


def _already_there(
    entry: CatalogEntry, file: CatalogFile, path: Path, recorded: dict[str, Any]
) -> FetchedFile | None:
    """Return the file as an earlier fetch left it, None if it must be downloaded.

    Raises `FetchError` if a different file has its name, since that may be the reader's own.
    """
    if not path.exists():
        return None
    sha256 = sha256_of(path)
    known = recorded.get(file.name)
    as_recorded = isinstance(known, dict) and known.get("sha256") == sha256
    if matches(file, path) if _is_checked(file) else as_recorded:
        size = path.stat().st_size
        return FetchedFile(
            entry.id, str(path), file.url, size, sha256, _is_checked(file), already_there=True
        )
    raise FetchError(
        f"{path} exists already and is not what would be downloaded; it may have been edited. "
        "Move it away to download it again."
    )


def _is_checked(file: CatalogFile) -> bool:
    return file.sha256 is not None or file.git_sha1 is not None


def _recorded(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _sidecar(entry: CatalogEntry) -> str:
    import yaml

    content = {
        "title": entry.title,
        "rights": entry.rights,
        "url": entry.browse or entry.files[0].url,
    }
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)
    return text


def _write(path: Path, text: str) -> None:
    """Replace a file by one rename."""
    beside = path.with_name(f".{path.name.lstrip('.')}.new")
    with beside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def _size_text(file: CatalogFile) -> str:
    if file.bytes is None:
        return "size not known"
    return f"{file.bytes / 1e6:,.1f} MB" if file.bytes >= 100_000 else f"{file.bytes:,} bytes"


_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class PartFile:
    """`.<name>.part`, which builds ignore, and beside it which version of which address it is part
    of."""

    path: Path
    url: str

    @classmethod
    def of(cls, target: Path, url: str) -> PartFile:
        """Return the part file of `target`, whether or not it exists."""
        return cls(target.with_name(f".{target.name}.part"), url)

    @property
    def size(self) -> int:
        """The bytes that have arrived, 0 without a part file."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def _state(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def remember(self, etag: str | None, modified: str | None) -> None:
        """Write down the server's validators (ETag, Last-Modified) of the version that is
        arriving."""
        # RFC 9110, 13.1.5: a weak tag must not be used to go on with a part.
        validator = etag if etag and not etag.startswith("W/") else modified
        state = json.dumps({"url": self.url, "validator": validator})
        self._state.write_text(state, encoding="utf-8")

    def validator(self) -> str | None:
        """Return the validator of this part's version, None if it is unknown."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(state, dict) or state.get("url") != self.url:
            return None
        validator = state.get("validator")
        return validator if isinstance(validator, str) else None

    def discard(self) -> None:
        """Delete the part and what was written down about it."""
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        """Rename the complete part to `target`."""
        self._state.unlink(missing_ok=True)  # first, so that the rename is the last step
        self.path.replace(target)

    def kept(self) -> str:
        """Return how much has arrived, for an error message; "" if nothing has."""
        size = self.size
        return f"{size:,} bytes are kept and will not be downloaded again." if size else ""


def matches(file: CatalogFile, path: Path) -> bool:
    """Return whether a file on disk has the checksums in the catalog."""
    if file.sha256 is not None and sha256_of(path) != file.sha256:
        return False
    return file.git_sha1 is None or _git_sha1(path) == file.git_sha1


def _flush_to_disk(stream: BinaryIO) -> None:
    """Wait until everything written is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def _git_sha1(path: Path) -> str:
    """Return git's name for a file's content: the SHA-1 of its length and its bytes."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


_REDIRECTS = {301, 302, 303, 307, 308}
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})")


@dataclass(frozen=True, slots=True)
class DownloadPolicy:
    """Limits on requests to a server, and on what is accepted from it."""

    pause_s: float = 1.0
    """Between two requests to one host, of which there is only one at a time."""
    tries: int = 5
    backoff_s: float = 1.0
    """Before the second try, doubled before each further one."""
    longest_wait_s: float = 120.0
    """If a server asks for a longer wait, the download fails and says so."""
    timeout_s: float = 60.0
    max_redirects: int = 5
    max_bytes: int = 200_000_000
    """The largest file in the catalog has some 10 MB; more is a mistake or an attack."""


@dataclass(slots=True)
class _Connection:
    """An HTTP client with its limits."""

    client: httpx.Client
    policy: DownloadPolicy
    _asked: dict[str, float] = field(default_factory=dict)

    def wait_for(self, host: str) -> None:
        """Wait until `host` may be asked again."""
        asked = self._asked.get(host)
        if asked is not None:
            left = asked + self.policy.pause_s - time.monotonic()
            if left > 0:
                time.sleep(left)
        self._asked[host] = time.monotonic()


@dataclass(frozen=True, slots=True)
class _Downloaded:
    """What `_download` did. `resumed_at`: how many bytes the last try already had."""

    bytes: int
    sha256: str
    resumed_at: int


class _TryAgain(Exception):
    """This try failed, and another may succeed. `wait_s`: how long the server asked to wait."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def _download(
    file: CatalogFile,
    part: PartFile,
    connection: _Connection,
    on_bytes: Callable[[int, int], None],
) -> _Downloaded:
    """Download `file` to `part` until it is complete, and return what was done.

    Calls `on_bytes` with the bytes that have arrived and the total (0: unknown). Raises
    `FetchError` if the file cannot be had or is not what the catalog says; what arrived is kept if
    it can be continued.
    """
    policy = connection.policy
    resumed_at = 0
    for number in range(1, policy.tries + 1):
        try:
            resumed_at = _receive(file, part, connection, on_bytes)
            break
        except _TryAgain as failure:
            wait = failure.wait_s
            if wait is not None and wait > policy.longest_wait_s:
                raise FetchError(
                    f"{file.url}: {failure}; the server asks you to wait {wait:,.0f} seconds. "
                    f"Run the same command again after that. {part.kept()}"
                ) from failure
            if number == policy.tries:
                raise FetchError(
                    f"{file.url} could not be downloaded completely in {number} tries: "
                    f"{failure}. Check the network and run the same command again. "
                    f"{part.kept()}"
                ) from failure
            backoff = policy.backoff_s * 2 ** (number - 1)
            time.sleep(backoff if wait is None else wait)
    return _Downloaded(part.size, _verified(file, part), resumed_at)


def _verified(file: CatalogFile, part: PartFile) -> str:
    size = part.size
    if (file.bytes is not None and size != file.bytes) or not matches(file, part.path):
        expected = "" if file.bytes is None else f" of {file.bytes:,} bytes"
        part.discard()
        raise FetchError(
            f"{file.url}: what came ({size:,} bytes) is not the file{expected} that the "
            "catalog describes: its checksum differs. It was deleted. Try again; if it happens "
            "again, the file has been replaced at its source, or altered on its way."
        )
    return sha256_of(part.path)


def _receive(
    file: CatalogFile, part: PartFile, connection: _Connection, on_bytes: Callable[[int, int], None]
) -> int:
    """Ask once and append the body to `part`; return how many bytes it already had."""
    import httpx

    offset = part.size
    validator = part.validator()
    checked = file.sha256 is not None or file.git_sha1 is not None
    if offset and validator is None and not checked:
        part.discard()  # without it, the rest may be another version's
        offset = 0
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    if offset and validator is not None:
        headers["If-Range"] = validator
    try:
        response = _ask(file.url, headers, connection)
        try:
            total = _start(file, response, part, offset, connection.policy)
            if total is not None:
                _append(file, response, part, total, connection.policy, on_bytes)
            return 0 if response.status_code == 200 else offset
        finally:
            response.close()
    except httpx.TransportError as error:
        raise _TryAgain(f"the connection failed ({str(error) or type(error).__name__})") from error
    except httpx.HTTPError as error:
        raise FetchError(f"{file.url}: {error}.") from error


def _ask(url: str, headers: dict[str, str], connection: _Connection) -> httpx.Response:
    """Return the response after all redirects, its body still unread."""
    import httpx

    for _ in range(connection.policy.max_redirects + 1):
        connection.wait_for(urlsplit(url).netloc)
        request = connection.client.build_request("GET", url, headers=headers)
        try:
            response = connection.client.send(request, stream=True)
        except httpx.InvalidURL as error:  # httpx also parses the redirect's target
            raise FetchError(
                f"{url} redirects to something that is not a web address ({error}); it is not "
                "followed. Tell us if the source has moved."
            ) from error
        if response.status_code not in _REDIRECTS:
            return response
        response.close()
        target = _joined(url, response.headers.get("Location", ""))
        if not may_follow(url, target):
            raise FetchError(
                f"{url} redirects to {target[:200]!r}, which is not followed: only http(s) is, "
                "and never from https to http. Tell us if the source has moved."
            )
        if not is_private(url) and is_private(target):
            raise FetchError(
                f"{url} redirects to {target[:200]!r}, in your own network, which is not "
                "followed. Tell us if the source has moved."
            )
        url = target
    raise FetchError(
        f"{url}: more than {connection.policy.max_redirects} redirects; the source is set up "
        "wrongly or has moved."
    )


def may_follow(url: str, target: str) -> bool:
    """Return whether a redirect from `url` to `target` stays on the web and does not drop
    encryption.

    >>> may_follow("https://a.org/x", "http://a.org/x")
    False
    """
    secure_lost = url.startswith("https:") and not target.startswith("https:")
    return is_web_address(target) and not secure_lost


def is_private(url: str) -> bool:
    """Return whether a web address leads to this machine or its network, where no source may send a
    download. False for an unknown name, which cannot be reached anyway.

    >>> is_private("http://169.254.169.254/latest"), is_private("http://[::ffff:10.0.0.1]/")
    (True, True)
    """
    parts = urlsplit(url)
    try:
        known = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return False
    return any(not _is_global(str(address[0])) for *_, address in known)


def _is_global(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return (mapped or parsed).is_global


def _joined(url: str, location: str) -> str:
    """Return the address that a redirect names; anything that is no address is returned
    unchanged."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _start(
    file: CatalogFile,
    response: httpx.Response,
    part: PartFile,
    offset: int,
    policy: DownloadPolicy,
) -> int | None:
    """Prepare `part` for the body and return the file's whole size, 0 if it is unknown; None if
    nothing is left to read."""
    status = response.status_code
    if status in _TRY_AGAIN:
        raise _TryAgain(f"the server answers {status}", _retry_after(response))
    if status == 416 and offset:
        whole = _UNSATISFIED.fullmatch(response.headers.get("Content-Range", ""))
        if whole and int(whole[1]) == offset:
            return None
        part.discard()
        raise _TryAgain("the server no longer has the part that was asked for")
    if status not in {200, 206}:
        raise FetchError(
            f"{file.url}: the server answers {status} {response.reason_phrase}. "
            + (
                "The file is no longer there. Look for it by hand and put it into corpus/sources."
                if status in {404, 410}
                else "It does not give this file to programs. Download it with a browser."
            )
        )
    if response.headers.get("Content-Type", "").startswith("text/html") and not file.name.endswith(
        (".html", ".htm")
    ):
        raise FetchError(
            f"{file.url}: a web page came instead of {file.name}, perhaps a login page or a "
            "refusal. Open the address in a browser."
        )
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError(f"{file.url}: the server compresses the file although asked not to.")
    total = _whole_size(response, offset)
    limit = policy.max_bytes if file.bytes is None else min(file.bytes, policy.max_bytes)
    if total > limit:
        part.discard()
        raise _too_large(file, limit)
    if status == 200:
        part.discard()
    part.remember(response.headers.get("ETag"), response.headers.get("Last-Modified"))
    return total


def _append(
    file: CatalogFile,
    response: httpx.Response,
    part: PartFile,
    total: int,
    policy: DownloadPolicy,
    on_bytes: Callable[[int, int], None],
) -> None:
    limit = policy.max_bytes if file.bytes is None else min(file.bytes, policy.max_bytes)
    try:
        with part.path.open("ab") as stream:
            done = stream.tell()
            on_bytes(done, total)
            for block in response.iter_raw():  # as it comes, so that no partly filled block is lost
                done += len(block)
                if done > limit:
                    stream.close()
                    part.discard()
                    raise _too_large(file, limit)
                stream.write(block)
                on_bytes(done, total)
            _flush_to_disk(stream)
    except OSError as error:
        raise FetchError(
            f"{part.path} cannot be written: {error.strerror or error}. Free some space or "
            "check the permissions of the folder, then run the same command again."
        ) from error
    if done < total:
        raise _TryAgain(f"it ended after {done:,} of {total:,} bytes")


def _whole_size(response: httpx.Response, offset: int) -> int:
    if response.status_code == 206:
        found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != offset:
            raise _TryAgain("the server sends another part than was asked for")
        return 0 if found[2] == "*" else int(found[2])
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else 0


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that a server asks to wait, given as a number or a date; None if it does
    not."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _too_large(file: CatalogFile, limit: int) -> FetchError:
    return FetchError(
        f"{file.url} is larger than the {limit:,} bytes expected at most. It was deleted: it "
        "cannot be the file that the catalog describes."
    )
