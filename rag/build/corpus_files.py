"""Changes in the folder of sources that a reader makes: add, describe, remove, bring back.

Uploads are not trusted: the file name is rebuilt from letters, digits and dots, only known formats
up to a maximum size are accepted, and every path must be inside the folder, symbolic links
resolved. Nothing is deleted: a removed file is moved beside the folder.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from rag.datatypes import Publication
from rag.errors import SourceError, UnknownFormat, UnreadableSource
from rag.ingest.files import is_passed_over
from rag.ingest.names import printable, slug
from rag.ingest.readers import READERS, ZIP
from rag.ingest.sidecar import (
    COLLECTION_FILES,
    DESCRIBED_BY,
    FIELDS,
    PUBLISHED,
    SUFFIXES,
    Sidecar,
    read_sidecar,
)

MAX_BYTES = 200 * 1024 * 1024
"""The largest file that is accepted: a scanned book."""

_LEFT_S = 600
"""A hidden file older than this is a leftover of an interrupted copy."""

REMOVED = "removed"
"""The folder, beside that of sources, for removed files."""

_NAME_CHARACTERS = 100

UNREADABLE_KIND = (
    "a kind of file that cannot be read here; convert it to PDF, Word (.docx) or plain text"
)
"""The message, after its name, about a file whose format is not supported."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file in the folder of sources. `name`: its path there; `about`: the metadata beside it."""

    name: str
    path: Path
    bytes: int
    about: Sidecar


def source_files(folder: Path) -> Iterator[SourceFile]:
    """Yield the files in the folder of sources that the next build reads, by name."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        parts = path.relative_to(folder).parts
        if any(map(is_passed_over, parts)) or not path.is_file():
            continue
        if path.suffix.lower() in {*READERS, ZIP} and path.name not in COLLECTION_FILES:
            name = "/".join(map(printable, parts))
            yield SourceFile(name, path, path.stat().st_size, _about(path))


def add_file(
    folder: Path, given: Path, name: str, *, max_bytes: int = MAX_BYTES, by: str = ""
) -> Path:
    """Copy the file `given`, which its sender called `name`, into the folder of sources, and return
    its path there. A file with the same content is not copied again; one with the same name but
    other content gets a number. `by`: who added it, if readers should know.

    Raises `UnknownFormat` and `UnreadableSource` with what to do.
    """
    safe = safe_name(name)
    size = given.stat().st_size
    if size > max_bytes:
        raise UnreadableSource(
            f"{safe} has {size / 1e6:,.0f} MB; at most {max_bytes / 1e6:,.0f} MB "
            "can be added here. Put larger files into corpus/sources by hand"
        )
    if size == 0:
        raise UnreadableSource(f"{safe} is empty; fetch or copy it again")
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    target = folder / safe
    number = 1
    with _changing(folder):
        arriving = _arrived(given, target)  # first: somebody may copy files there by hand meanwhile
        try:
            while target.exists() or target.is_symlink() or _sidecars(target) or _namesakes(target):
                if target.is_file() and filecmp.cmp(given, target, shallow=False):
                    return target
                number += 1
                target = folder / f"{Path(safe).stem}-{number}{Path(safe).suffix}"
            if by:
                _write_sidecar(target.with_suffix(SUFFIXES[0]), {DESCRIBED_BY: by})
            arriving.replace(target)
        finally:
            arriving.unlink(missing_ok=True)
    return target


def _changing(folder: Path) -> FileLock:
    """Return the lock under which files are named and put in the folder, across threads and
    processes. It lies beside the folder, where backups leave it out."""
    return FileLock(folder.parent / f".{folder.name}.lock")


def _arrived(given: Path, target: Path) -> Path:
    """Copy a file to a hidden one beside its target, to be renamed in one step, and return its
    path."""
    arriving = target.with_name(f".{target.name}.arriving")
    shutil.copyfile(given, arriving)
    os.chmod(arriving, 0o644)  # noqa: PTH101
    return arriving


def safe_name(name: str) -> str:
    """Return a file name made of the letters, digits and dots of `name`.

    Raises `UnknownFormat` for a format that cannot be read.

    >>> safe_name("../../Letters of 1812 (copy).PDF")
    'Letters-of-1812-copy.pdf'
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    suffix = Path(last).suffix.lower()
    known = sorted({*READERS, ZIP} - {".doc"})
    if suffix not in known:
        raise UnknownFormat(
            f"{printable(last)[:80] or 'A file without a name'} is {UNREADABLE_KIND}"
        )
    stem = slug(Path(last).stem)[:_NAME_CHARACTERS].strip(".-") or "unnamed"
    return f"{stem}{suffix}"


def describe_file(folder: Path, name: str, fields: Mapping[str, str], by: str = "") -> Path:
    """Write metadata beside a file, and return the path of what was written.

    `fields`: of `rag.ingest.sidecar.FIELDS`; empty ones are left out. `by`: who says so, if readers
    should know. Earlier describers and publication details are kept. Raises `UnreadableSource`, and
    writes nothing, for an invalid value or a file that has metadata in another format.
    """
    kept = {field: printable(value) for field in FIELDS if (value := fields.get(field, "").strip())}
    with _changing(folder):
        path = _inside(folder, name)
        others = [path.with_suffix(suffix) for suffix in SUFFIXES[1:]]
        if existing := next((other for other in others if other.is_file()), None):
            raise UnreadableSource(
                f"{name} is already described by {existing.name}; change that file by hand"
            )
        beside = path.with_suffix(SUFFIXES[0])
        _write_sidecar(beside, kept | _kept_of(_about(path), by))
    return beside


def _kept_of(about: Sidecar, by: str) -> dict[str, str | list[str]]:
    """Return what is kept of a description when somebody describes the file anew."""
    at = about.publication or Publication()
    said = {name: getattr(at, name) for name in PUBLISHED}
    said["editors"] = " and ".join(at.editors)
    who = list(dict.fromkeys(filter(None, [*about.described_by.split(", "), by])))
    kept: dict[str, str | list[str]] = {name: value for name, value in said.items() if value}
    if about.pages:
        kept["pages"] = list(about.pages)
    return kept | ({DESCRIBED_BY: ", ".join(who)} if who else {})


def _write_sidecar(beside: Path, said: Mapping[str, str | list[str]]) -> None:
    """Write metadata by one rename, or delete it if there is none left. Raises `UnreadableSource`,
    and changes nothing, for an invalid value."""
    import yaml

    if not said:
        beside.unlink(missing_ok=True)
        return
    trial = beside.with_name(f".{beside.stem}.trial{beside.suffix}")
    text: str = yaml.safe_dump(dict(said), allow_unicode=True, sort_keys=False, width=1000)
    try:
        trial.write_text(text, encoding="utf-8")
        if problems := read_sidecar(trial)[1]:
            raise UnreadableSource(f"{'; '.join(problems)}. Nothing was changed")
        trial.replace(beside)
    finally:
        trial.unlink(missing_ok=True)


def remove_file(folder: Path, name: str) -> Path:
    """Move a file and its metadata out of the folder of sources, and return its new path. Raises
    `UnreadableSource` if it is not there."""
    return _moved(folder, name, folder, folder.parent / REMOVED)


def removed_files(folder: Path) -> list[SourceFile]:
    """Return the removed files, the last one first."""
    found = source_files(folder.parent / REMOVED)
    return sorted(found, key=lambda file: file.path.stat().st_ctime, reverse=True)


def bring_back_file(folder: Path, name: str) -> Path:
    """Move a removed file and its metadata back into the folder of sources, renamed if another file
    has its name, and return its path. Raises `UnreadableSource` if it was not removed."""
    return _moved(folder, name, folder.parent / REMOVED, folder)


def _moved(folder: Path, name: str, here: Path, there: Path) -> Path:
    with _changing(folder):
        path = _inside(here, name)
        beside = _sidecars(path)
        wanted = target = there / path.relative_to(here)
        target.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while target.exists() or target.is_symlink() or not _describes_only_it(target, beside):
            number += 1
            target = wanted.with_stem(f"{wanted.stem}-{number}")
        # If this is interrupted, the file still has its description beside it.
        for sidecar in beside:
            beside_target = target.with_suffix(sidecar.suffix)
            _arrived(sidecar, beside_target).replace(beside_target)
        path.replace(target)
        for sidecar in () if _namesakes(path) else beside:
            sidecar.unlink(missing_ok=True)
    return target


def _describes_only_it(target: Path, beside: Collection[Path]) -> bool:
    """Return whether the metadata beside a file would describe that file alone at `target`, or is
    there already for a file that differs only in its extension."""
    there = _sidecars(target)
    if not there:
        return not (beside and _namesakes(target))
    contents = [{each.suffix: each.read_bytes() for each in some} for some in (there, beside)]
    return contents[0] == contents[1]


def _namesakes(path: Path) -> list[Path]:
    """Return the other sources that the metadata beside a file would also describe."""
    return _same_stem(path, {*READERS, ZIP})


def _sidecars(path: Path) -> list[Path]:
    """Return the metadata files of a file, whether or not it still exists."""
    return _same_stem(path, SUFFIXES)


def _same_stem(path: Path, endings: Collection[str]) -> list[Path]:
    """Return the other files of a folder that differ only in extension and case."""
    return [
        other
        for other in path.parent.iterdir()
        if other.stem == path.stem and other != path and other.suffix.lower() in endings
    ]


def _sweep(folder: Path) -> None:
    """Delete hidden, partly written files of killed programs once they are old. Metadata without a
    file stays: it may be written ahead, and a build reports it."""
    places = (folder, folder.parent / REMOVED)
    endings = (".arriving", f".trial{SUFFIXES[0]}")
    with suppress(OSError):  # another program may be finishing one of them
        for left in [left for at in places for end in endings for left in at.rglob(f".*{end}")]:
            if time.time() - left.stat().st_mtime > _LEFT_S:
                left.unlink()


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file in the folder. Raises `UnreadableSource` for a path outside it."""
    found = next((file for file in source_files(folder) if file.name == name), None)
    if found is None or not found.path.resolve().is_relative_to(folder.resolve()):
        raise UnreadableSource(
            f"There is no file {printable(name)[:120]} in corpus/{folder.name}; reload the page"
        )
    return found.path


def _about(path: Path) -> Sidecar:
    for suffix in SUFFIXES:
        beside = path.with_suffix(suffix)
        if beside.is_file():
            try:
                return read_sidecar(beside)[0]
            except (SourceError, OSError):
                return Sidecar()
    return Sidecar()
