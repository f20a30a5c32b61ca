"""The commands that look after a home: `backup`, `restore`, `objections`, and `users ...`."""

from __future__ import annotations

import getpass
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from rag.accounts import Accounts, Right
from rag.audit import Audit
from rag.cli.terminal import JsonOption, TerminalProgress, harmless
from rag.config import Settings
from rag.datatypes import Jsonable
from rag.errors import AccountError

app = typer.Typer()
users = typer.Typer(
    help="Who may use a server that is opened to others.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(users, name="users")

_ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Put it in the place of what is there already.")
]
_NameArgument = Annotated[str, typer.Argument(help="Small letters, digits, dots, - and _.")]


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
    file: Annotated[Path, typer.Argument(help="A file that `source-finder backup` has written.")],
    replace: _ReplaceOption = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only check that the file is whole; change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring back what `source-finder backup` has saved."""
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
        lines.append(f"{source} is not there: before the next build, bring it back, too.")
    lines.append("A server that is running answers from this in some seconds.")
    _show(report, "\n".join(lines), as_json)


@app.command()
def objections() -> None:
    """Print the verdicts that readers think wrong, as JSON Lines."""
    from rag.database import open_database
    from rag.projects import MarkStore, as_json_lines

    with closing(open_database(Settings.from_environment())) as database:
        print(as_json_lines(MarkStore(database).objections()), end="")


@users.command()
def add(
    name: _NameArgument,
    may: Annotated[Right, typer.Option(help="Only ask, or change the corpus, too.")] = "ask",
    replace: Annotated[
        bool, typer.Option("--replace", help="Change the account that is there.")
    ] = False,
) -> None:
    """Make an account. Its password is asked for, or read from standard input."""
    settings = Settings.from_environment()
    first = not Accounts(settings.accounts).all()
    Accounts(settings.accounts).add(name, _password(name), may, replace=replace)
    _note(settings, "changed an account" if replace else "added an account", name, may=may)
    print(f"{name} may {'ask, and change the corpus' if may == 'change' else 'ask'}.")
    if first:
        print("From now on a server of this home answers only to those who sign in.")


@users.command()
def remove(name: _NameArgument) -> None:
    """Remove an account; whoever is signed in with it is signed out."""
    settings = Settings.from_environment()
    Accounts(settings.accounts).remove(name)
    _note(settings, "removed an account", name)
    print(f"{name} has no account any more.")


@users.command(name="list")
def _list_accounts() -> None:
    """Name all accounts and what each may do."""
    for account in Accounts(Settings.from_environment().accounts).all().values():
        print(f"{account.name:32} {account.may}")


def _show(report: Jsonable, text: str, as_json: bool) -> None:
    print(harmless(report.to_json(indent=1) if as_json else text, as_json))


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
