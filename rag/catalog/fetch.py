"""Downloads collections of the catalog into the folder of sources, for the next build."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from rag.catalog import CatalogEntry, CatalogFile, describe_years, find_entry
from rag.catalog.download import (
    Connection,
    Downloaded,
    DownloadPolicy,
    PartFile,
    download,
    matches,
)
from rag.config import APP
from rag.datatypes import Jsonable, Progress, sha256_of
from rag.errors import FetchError

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
    manners: DownloadPolicy | None = None,
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
    with _connection(manners or DownloadPolicy()) as connection:
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
def _connection(manners: DownloadPolicy) -> Iterator[Connection]:
    import httpx

    # Compression would make byte ranges and lengths mean something else.
    headers = {"User-Agent": _user_agent(), "Accept-Encoding": "identity"}
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(headers=headers, timeout=manners.timeout_s, limits=limits) as client:
        yield Connection(client, manners)


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
    entry: CatalogEntry, folder: Path, connection: Connection, progress: Progress | None
) -> Iterator[FetchedFile]:
    recorded = _recorded(folder)
    for file in entry.files:
        path = folder / file.name
        done = _already_there(entry, file, path, recorded)
        if done is None:
            part = PartFile.of(path, file.url)
            got = _download(entry, file, part, connection, progress)
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


def _download(
    entry: CatalogEntry,
    file: CatalogFile,
    part: PartFile,
    connection: Connection,
    progress: Progress | None,
) -> Downloaded:
    def on_bytes(done: int, total: int) -> None:
        if progress is not None:
            progress(f"Downloading {entry.id}/{file.name}", done, total or file.bytes or 0)

    return download(file, part, connection, on_bytes)


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
