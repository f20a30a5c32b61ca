"""The commands `users add`, `users remove` and `users list`."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from rag.accounts import Accounts, Right
from rag.audit import Audit
from rag.config import Settings
from rag.errors import AccountError

app = typer.Typer(
    help="Who may use a server that is opened to others.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

NameArgument = Annotated[str, typer.Argument(help="Small letters, digits, dots, - and _.")]


@app.command()
def add(
    name: NameArgument,
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


@app.command()
def remove(name: NameArgument) -> None:
    """Remove an account; whoever is signed in with it is signed out."""
    settings = Settings.from_environment()
    Accounts(settings.accounts).remove(name)
    _note(settings, "removed an account", name)
    print(f"{name} has no account any more.")


@app.command(name="list")
def list_accounts() -> None:
    """Name all accounts and what each may do."""
    for account in Accounts(Settings.from_environment().accounts).all().values():
        print(f"{account.name:32} {account.may}")


def _password(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("The same again: ") != password:
        raise AccountError("The two are not the same. Nothing was changed; try again.")
    return password


def _note(settings: Settings, what: str, name: str, **about: object) -> None:
    who = f"{getpass.getuser()} (command line)"
    Audit(settings.home).note(who, what, name=name, **about)
