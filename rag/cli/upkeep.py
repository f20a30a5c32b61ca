"""The commands that look after a home: `catalog`, `fetch`, `models`, `backup`, `restore`,
`objections`, and `users ...`.
"""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.accounts import Accounts, Audit, Right
from rag.catalog import CatalogEntry, CatalogMatch, find_entry, load_catalog, search_catalog
from rag.catalog.fetch import FetchedFile, FetchReport, check_fetchable, describe
from rag.catalog.fetch import fetch as fetch_collections
from rag.cli import JsonOption, TerminalProgress, harmless
from rag.config import DEFAULT_INDEX, Settings
from rag.datatypes import BuildReport, Progress, to_jsonable
from rag.errors import AccountError, ProjectsError, QuestionError
from rag.models import SETTING_OF, FetchedModel, KnownModel, fetched_models, known_models
from rag.models import fetch as fetch_model

if TYPE_CHECKING:
    from rag.projects import ProjectStore

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
    build: Annotated[
        bool, typer.Option("--build/--no-build", help="Index them afterwards.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Download collections into the sources folder, and index them."""
    entries = [find_entry(identity) for identity in dict.fromkeys(ids)]
    settings = Settings.from_environment()
    for entry in entries:
        print(harmless(describe(entry)), file=sys.stderr)
        check_fetchable(entry, settings.sources)
    if not yes:
        _confirm(sum(len(entry.files) for entry in entries))
    report = fetch_collections(ids, settings.sources, progress=TerminalProgress())
    built = _build(settings, TerminalProgress()) if build else None
    _show({"fetched": report, "built": built}, _fetched_text(report, built), as_json)


def _confirm(files: int) -> None:
    if not sys.stdin.isatty():
        raise QuestionError(
            "There is no terminal to ask you in. Add --yes to download without asking."
        )
    typer.confirm(f"Download {files} file{'s' if files != 1 else ''}?", abort=True, err=True)


def _build(settings: Settings, progress: Progress) -> BuildReport:
    """Refresh the default index, which includes the sources folder."""
    from rag.build.builder import build_index
    from rag.index import recorded_sources
    from rag.workspace import default_sources

    target = settings.index_path(DEFAULT_INDEX)
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
        how += f", the first {file.resumed_at:,} bytes from an earlier try"
    checksum = "checksum right" if file.checked else "no checksum in the catalog; recorded"
    return f"{file.path}: {file.bytes:,} bytes, {how}, {checksum}, sha256 {file.sha256}"


models = typer.Typer(
    help="Models to download and use in place of the installed ones.",
    pretty_exceptions_enable=False,
)


app.add_typer(models, name="models")


@models.callback(invoke_without_command=True)
def _all_models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the models that are known, and those that were fetched."""
    if context.invoked_subcommand is not None:
        return
    known, fetched = known_models(), fetched_models(Settings.from_environment())
    texts = [_known_text(model, fetched.get(name)) for name, model in known.items()]
    texts += [_model_text(model) for name, model in fetched.items() if name not in known]
    listed = {"known": list(known.values()), "fetched": list(fetched.values())}
    _show(listed, "\n".join(texts), as_json)


@models.command(name="fetch")
def _fetch_model(
    name: Annotated[str, typer.Argument(help="A model from the list, or any on the model hub.")],
    as_json: JsonOption = False,
) -> None:
    """Download a model, and record its revision and hashes so that it stays the same."""
    model = fetch_model(name, Settings.from_environment())
    _show(model, _model_text(model), as_json)


def _known_text(model: KnownModel, fetched: FetchedModel | None) -> str:
    revision = fetched.revision if fetched else model.revision
    lines = [
        f"{model.name}: {model.part}, {model.parameters} million parameters, {model.licence}",
        f"  {model.figure} ({model.source})" if model.figure else "",
        f"  {'Fetched' if fetched else 'Not fetched'}, {_revision_text(revision)}",
        f"  To use it: {SETTING_OF[model.part]}={model.name}",
    ]
    return "\n".join(line for line in lines if line)


def _model_text(model: FetchedModel) -> str:
    known = known_models().get(model.name)
    settings = [SETTING_OF[known.part]] if known else sorted(set(SETTING_OF.values()))
    return (
        f"{model.name}: {model.licence}, fetched, {_revision_text(model.revision)}\n"
        f"  In {model.folder}\n"
        f"  To use it: {' or '.join(settings)}={model.name}"
    )


def _revision_text(revision: str) -> str:
    if not revision:
        return "at the revision that the hub has when it is fetched"
    return f"revision {revision[:12]}"


users = typer.Typer(
    help="Accounts for a server that others use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(users, name="users")

_ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace what is there already.")]
_NameArgument = Annotated[str, typer.Argument(help="Lower-case letters, digits, dots, - and _.")]


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, for example backup.zip.")],
    replace: _ReplaceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Save all sources, indexes and projects in one file."""
    from rag.backup import back_up

    report = back_up(
        Settings.from_environment(), file, replace=replace, progress=TerminalProgress()
    )
    for problem in report.left_out:
        print(harmless(f"Warning: not saved: {problem}"), file=sys.stderr)
    for source in report.elsewhere:
        print(harmless(f"Warning: {source} is outside the home; save it too."), file=sys.stderr)
    _show(
        report,
        f"{report.path}: {report.files:,} files, {report.bytes / 1e6:,.1f} MB: "
        f"{', '.join(report.parts)}.",
        as_json,
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `source-finder backup` wrote.")],
    replace: _ReplaceOption = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only check that the file is whole; change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore what `source-finder backup` saved."""
    from rag.backup import check_backup
    from rag.backup import restore as bring_back

    if check:
        contents = check_backup(file, progress=TerminalProgress())
        _show(
            contents,
            f"{file} is whole: {len(contents.files):,} files, {contents.bytes / 1e6:,.1f} MB, "
            f"saved {contents.made} by version {contents.program}: {', '.join(contents.parts)}.",
            as_json,
        )
        return
    report = bring_back(
        Settings.from_environment(), file, replace=replace, progress=TerminalProgress()
    )
    lines = [f"Restored in {report.home}, as saved {report.made}: {', '.join(report.parts)}."]
    if report.aside:
        lines.append(f"What was there before is in {report.aside}.")
    for source in report.elsewhere:
        lines.append(f"{source} is missing: bring it back, too, before the next build.")
    lines.append("A running server uses it within seconds.")
    _show(report, "\n".join(lines), as_json)


@app.command()
def objections() -> None:
    """Print the verdicts that readers marked as wrong, as JSON Lines."""
    from rag.database import open_database
    from rag.projects import MarkStore, as_json_lines

    with closing(open_database(Settings.from_environment())) as database:
        print(as_json_lines(MarkStore(database).objections()), end="")


@users.command()
def add(
    name: _NameArgument,
    may: Annotated[Right, typer.Option(help="Only ask, or also change the corpus.")] = "ask",
    replace: Annotated[bool, typer.Option("--replace", help="Change an existing account.")] = False,
) -> None:
    """Add an account. Asks for its password, or reads it from standard input."""
    settings = Settings.from_environment()
    first = not Accounts(settings.accounts).all()
    Accounts(settings.accounts).add(name, _password(name), may, replace=replace)
    _note(settings, "changed an account" if replace else "added an account", name, may=may)
    print(f"{name} may {'ask, and change the corpus' if may == 'change' else 'ask'}.")
    if first:
        print("From now on, a server with this home answers only people who sign in.")
        with suppress(ProjectsError), _store(settings) as store:
            if store.kept_for():
                print(
                    "Questions asked until now belong to no account, so nobody who signs in "
                    "sees them. `source-finder users kept` lists them, and `source-finder users "
                    f"give NUMBER {name}` gives them to {name}."
                )


@users.command()
def remove(name: _NameArgument) -> None:
    """Remove an account and everything asked and kept with it; whoever uses it is signed out."""
    settings = Settings.from_environment()
    # Its data goes first: if the database fails, the account is still there to try again.
    with _store(settings) as store:
        store.forget_reader(name)
    Accounts(settings.accounts).remove(name)
    _note(settings, "removed an account", name)
    print(f"{name} no longer has an account; its questions and projects are deleted.")


@users.command(name="list")
def _list_accounts() -> None:
    """List all accounts and what each may do."""
    for account in Accounts(Settings.from_environment().accounts).all().values():
        print(f"{account.name:32} {account.may}")


_MOST = 2**31
"""No reader has a larger number."""


@users.command()
def kept() -> None:
    """List whose questions are kept: those of accounts, and of browsers that asked without one."""
    settings = Settings.from_environment()
    with _store(settings) as store:
        for reader in store.kept_for(Accounts(settings.accounts).all()):
            first, last = reader.asked
            who = reader.account or "a browser without an account"
            print(f"{reader.number:>4}  {who:32} {reader.questions:,} questions, {first} to {last}")


@users.command()
def give(
    number: Annotated[
        int, typer.Argument(min=1, max=_MOST, help="Whose: a number from `users kept`.")
    ],
    to: Annotated[str, typer.Argument(help="An account, or another number.")],
) -> None:
    """Give everything kept for one reader to another: what was asked before an account was made to
    that account, or what was asked in one browser to another."""
    settings = Settings.from_environment()
    is_account = to in Accounts(settings.accounts).all()
    if not is_account and not (to.isdecimal() and int(to) <= _MOST):
        raise AccountError(f"There is no account {to}. `source-finder users list` lists them all.")
    with _store(settings) as store:
        store.give(number, to if is_account else int(to))
    _note(settings, "gave what was kept", to, number=number)
    print(f"What was kept for {number} now belongs to {to}.")


@contextmanager
def _store(settings: Settings) -> Iterator[ProjectStore]:
    """Yield the store of readers' projects."""
    from rag.database import open_database
    from rag.projects import ProjectStore

    with closing(open_database(settings)) as database:
        yield ProjectStore(database)


def _password(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("The same again: ") != password:
        raise AccountError("The two passwords differ. Nothing was changed; try again.")
    return password


def _note(settings: Settings, what: str, name: str, **about: object) -> None:
    who = f"{getpass.getuser()} (command line)"
    Audit(settings.home).note(who, what, name=name, **about)
