"""The files of a folder, each with its collection and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import SourceError
from rag.ingest.names import folder_collection, printable, shown
from rag.ingest.sidecar import (
    COLLECTION_FILES,
    SUFFIXES,
    Sidecar,
    orphan_reason,
    pair,
    read_collection,
)
from rag.ingest.walk.page_runs import RECORDS, is_of_page, page_run, work_name, write_work
from rag.ingest.walk.zotero import LIBRARY, attachments, is_library

OnSkip = Callable[[SkippedFile], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read. `name` is what reports call it."""

    path: Path
    collection: Collection
    name: str
    sidecars: tuple[Path, ...] = ()
    temporary: bool = False
    """Unpacked from a zip file, until the next one is asked for."""
    described_by: str = ""
    """Who added the zip file that this is from, or described it."""
    built_in: Callable[[], Iterator[SourceDocument | SkippedFile]] | None = None
    """Reads what comes with the install and is no file."""

    pages: tuple[Path, ...] = ()
    """The text files of the pages of one work, where it is the folder of such."""
    about: Sidecar | None = None
    """What the library that it is from says of it."""

    def in_reports(self, text: str) -> str:
        """Return `text` with the place that the file was read from in the words of a report.

        >>> unpacked = Found(Path("/x/a.pdf"), Collection("", ""), "o.zip/a.pdf", temporary=True)
        >>> unpacked.in_reports("/x/a.pdf is empty")
        'o.zip/a.pdf is empty'
        """
        here = shown(self.path.parent)
        there = self.name.rpartition("/")[0]
        return text.replace(here, there) if self.temporary else text

    def renaming(self, on_skip: OnSkip) -> OnSkip:
        """Return `on_skip` for reports that name the file's place."""
        return lambda skip: on_skip(
            SkippedFile(self.in_reports(skip.path), self.in_reports(skip.reason))
        )


def lone_file(path: Path, on_skip: OnSkip) -> Found:
    """Return a file that was given by itself, with its folder's collection."""
    folder = path.resolve().parent
    collection = _described_collection(folder, folder_collection(folder), on_skip)
    beside = [path.with_suffix(suffix) for suffix in SUFFIXES]
    sidecars = tuple(p for p in beside if p != path and p.is_file())
    return Found(path, collection, shown(path), sidecars)


def walk_folder(folder: Path, on_skip: OnSkip, above: Collection | None = None) -> Iterator[Found]:
    """Yield the files of a folder and of all folders in it, sorted by name.

    Hidden files and README.md are left out; of a Zotero library the files of its items are
    yielded, under the collection of the library. `above` is the collection of the folder that
    this one is in: it goes on here unless a `collection.yaml` begins another.
    """
    if is_library(folder):
        yield from _library(folder, on_skip)
        return
    try:
        entries = [e for e in sorted(folder.iterdir()) if not is_passed_over(e.name)]
        own = above is None or any((folder / name).is_file() for name in COLLECTION_FILES)
    except OSError as error:
        on_skip(SkippedFile(shown(folder), reason(error, folder)))
        return
    collection = above
    if collection is None or own:
        collection = _described_collection(folder, folder_collection(folder), on_skip)
    run = page_run((e.name for e in entries if e.is_file()), folder.name)
    if run:
        pages = tuple(folder / name for name in run)
        yield Found(folder, collection, shown(folder), pages=pages)
        entries = [e for e in entries if e.name not in run and not is_of_page(e.name, run)]
    pairs, orphans = pair(entry.name for entry in entries if not entry.is_dir())
    for entry in entries:
        if entry.name in pairs:
            sidecars = tuple(folder / name for name in pairs[entry.name])
            yield Found(entry, collection, shown(entry), sidecars)
        elif entry.name in orphans:
            on_skip(SkippedFile(shown(entry), orphan_reason(entry)))
        elif entry.is_symlink() and entry.is_dir():
            # It may lead back to a folder above.
            linked = "a link to a folder is not followed; give the folder itself as a source"
            on_skip(SkippedFile(shown(entry), linked))
        elif entry.is_dir():
            yield from walk_folder(entry, on_skip, collection)


def _library(folder: Path, on_skip: OnSkip) -> Iterator[Found]:
    """Yield the files of a Zotero library."""
    skipped: list[SkippedFile] = []
    try:
        files = attachments(folder, skipped)
    except SourceError as error:
        on_skip(SkippedFile(shown(folder / LIBRARY), str(error)))
        return
    for skip in skipped:
        on_skip(skip)
    for each in files:
        report(each.path, list(each.problems), on_skip)
        yield Found(each.path, each.collection, shown(each.path), about=each.about)


def work_of(found: Found, on_skip: OnSkip) -> Iterator[Found]:
    """Yield the one file that the pages of a work are put together in."""
    with TemporaryDirectory(prefix="source-finder-") as made:
        target = Path(made) / work_name(
            found.path.resolve().name, [page.name for page in found.pages]
        )
        try:
            about = [path for path in found.path.iterdir() if RECORDS.fullmatch(path.name)]
            beside = write_work(target, found.pages, {p.name: p.read_bytes() for p in about})
        except (SourceError, OSError) as error:
            on_skip(SkippedFile(found.name, reason(error, found.path)))
            return
        name = shown(found.path / target.name)
        yield Found(target, found.collection, name, beside, temporary=True)


def is_passed_over(name: str) -> bool:
    """Return whether a file or folder is no source: hidden, or about the folder."""
    return name.startswith(".") or name.lower() == "readme.md"


def _described_collection(folder: Path, collection: Collection, on_skip: OnSkip) -> Collection:
    """Return a collection as the `collection.yaml` in its folder describes it."""
    for name in COLLECTION_FILES:
        if (folder / name).is_file():
            return collection_from(folder / name, collection, on_skip)
    return collection


def collection_from(path: Path, collection: Collection, on_skip: OnSkip) -> Collection:
    """Return a collection as a file describes it; what is wrong there is reported."""
    try:
        collection, problems = read_collection(path, collection)
    except (SourceError, OSError) as error:
        on_skip(SkippedFile(shown(path), reason(error, path)))
        return collection
    report(path, problems, on_skip)
    return collection


def report(path: Path, problems: list[str], on_skip: OnSkip) -> None:
    """Report what makes no sense in a file of metadata, as one line."""
    if problems:
        text = f"{shown(path)}: {'; '.join(problems)}; the rest of it is used"
        on_skip(SkippedFile(shown(path), text))


def reason(error: Exception, path: Path) -> str:
    """Return what to tell the user about a file that could not be read."""
    if isinstance(error, OSError):
        why = printable(str(error.strerror or error))
        return f"{shown(path)} cannot be opened ({why}); check its permissions"
    return str(error)
