"""The commands `catalog` and `fetch`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from rag.catalog.fetch import FetchedFile, FetchReport, describe
from rag.catalog.fetch import fetch as fetch_collections
from rag.catalog.search import CatalogEntry, CatalogMatch, find_entry, load_catalog, search_catalog
from rag.cli.terminal import JsonOption, TerminalProgress, harmless
from rag.config import Settings
from rag.datatypes import BuildReport, Progress, to_jsonable
from rag.errors import QuestionError

app = typer.Typer()
catalog = typer.Typer(help="Collections that can be added, or searched elsewhere.")
app.add_typer(catalog, name="catalog")


@catalog.callback(invoke_without_command=True)
def _all_entries(context: typer.Context, as_json: JsonOption = False) -> None:
    """List what the catalog has."""
    if context.invoked_subcommand is not None:
        return
    entries = load_catalog()
    _show(entries, "\n".join(_line(entry) for entry in entries), as_json)


@catalog.command()
def search(
    text: Annotated[str, typer.Argument(help="A claim, or names, words and years.")],
    k: Annotated[int, typer.Option("--k", min=1, max=100, help="Collections.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Which collections could hold sources for a claim?"""
    matches = search_catalog(text, k)
    lines = [_match_text(number, match) for number, match in enumerate(matches, 1)]
    _show(matches, "\n".join(lines) or "No collection in the catalog fits.", as_json)


@catalog.command()
def show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="An id from the catalog.")],
    as_json: JsonOption = False,
) -> None:
    """Everything the catalog says about one collection."""
    entry = find_entry(identity)
    _show(entry, _entry_text(entry), as_json)


@app.command()
def fetch(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids from the catalog.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    build: Annotated[bool, typer.Option("--build/--no-build", help="Index it then.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Download collections into the sources folder, and index them."""
    entries = [find_entry(identity) for identity in dict.fromkeys(ids)]
    for entry in entries:
        print(harmless(describe(entry)), file=sys.stderr)
    if not yes:
        _confirm(sum(len(entry.files) for entry in entries))
    settings = Settings.from_environment()
    report = fetch_collections(ids, settings.sources, progress=TerminalProgress())
    built = _build(settings, TerminalProgress()) if build else None
    _show({"fetched": report, "built": built}, _fetched_text(report, built), as_json)


def _confirm(files: int) -> None:
    if not sys.stdin.isatty():
        raise QuestionError("There is no terminal to ask in. Add --yes to download without asking.")
    typer.confirm(f"Download {files} file{'s' if files != 1 else ''}?", abort=True, err=True)


def _build(settings: Settings, progress: Progress) -> BuildReport:
    """Refresh the default index, which includes the sources folder."""
    from rag.build.builder import build_index
    from rag.index.generations import recorded_sources
    from rag.workspace import default_sources

    target = settings.index_path(None)
    sources = [*recorded_sources(target), *default_sources(settings)]
    return build_index(list(dict.fromkeys(sources)), target, progress=progress, settings=settings)


def _show(value: object, text: str, as_json: bool) -> None:
    shown = json.dumps(to_jsonable(value), ensure_ascii=False, indent=1) if as_json else text
    print(harmless(shown, as_json))


def _line(entry: CatalogEntry) -> str:
    return f"{entry.id:28} {entry.access:6} {entry.title}"


def _match_text(number: int, match: CatalogMatch) -> str:
    entry = match.entry
    how = f"source-finder fetch {entry.id}" if entry.access == "fetch" else entry.browse
    why = "; ".join(match.why)
    return f"{number}. {entry.title}  [{match.score:.2f}]\n   {why}\n   {how}"


def _entry_text(entry: CatalogEntry) -> str:
    lists: list[tuple[str, Callable[[CatalogEntry], tuple[str, ...]]]] = [
        ("Persons", lambda e: e.persons),
        ("Places", lambda e: e.places),
        ("Topics", lambda e: e.topics),
    ]
    lines = [describe(entry)]
    lines += [f"  {name}: {', '.join(values(entry))}" for name, values in lists if values(entry)]
    lines += [f"  Cite: {entry.citation_style}", f"  Verified: {entry.verified}"]
    if entry.search_url:
        lines.append(f"  Search: {entry.search_url}")
    return "\n".join(lines)


def _fetched_text(report: FetchReport, built: BuildReport | None) -> str:
    lines = [_file_text(file) for file in report.files]
    if built is None:
        lines.append("Run `source-finder build` to index it.")
    else:
        lines.append(
            f"Index {built.index}: {len(built.added)} documents added, {built.documents:,} in all."
        )
        lines += [f"Left out {skipped.path}: {skipped.reason}" for skipped in built.skipped]
    return "\n".join(lines)


def _file_text(file: FetchedFile) -> str:
    how = "was there already" if file.already_there else "downloaded"
    if file.resumed_at:
        how += f", the first {file.resumed_at:,} bytes by an earlier try"
    checksum = "checksum right" if file.checked else "no checksum in the catalog; recorded"
    return f"{file.path}: {file.bytes:,} bytes, {how}, {checksum}, sha256 {file.sha256}"
