"""Who may use a server that others use, and a log of who changed what.

An account has a name, a right, and a hashed password. Accounts are in one file of the home, which
only its owner can read; `source-finder users` changes it, and a running server uses the changes
from the next request on.

Who changed what, and when, goes into a file of JSON Lines in the home, which only its owner can
read. It contains no question and no password.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from filelock import FileLock

from rag.database import Database, hashed
from rag.datatypes import from_jsonable
from rag.errors import AccountError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Right = Literal["ask", "change"]
"""What an account may do: "ask" (search and read), or also "change" the corpus."""

_RIGHTS: tuple[Right, ...] = get_args(Right)

_LEAST_CHARS = 12
"""The least length of a password, the only rule for it, as NIST SP 800-63B advises."""

_MOST_CHARS = 200

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class Account:
    """One user. `password`: its Argon2id hash."""

    name: str
    may: Right
    password: str


class Accounts:
    """The accounts in a file, which may be missing. Safe to share between threads."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._held: dict[str, Account] = {}

    def all(self) -> dict[str, Account]:
        """Return the accounts by name, as the file has them now. Raises `AccountError` for a file
        that cannot be read, since without it everybody would be let in."""
        with self._lock:
            try:
                state = self.file.stat()
            except FileNotFoundError:
                self._seen, self._held = None, {}
                return self._held
            except OSError as error:
                raise self._unreadable(error) from error
            if self._seen != (seen := (state.st_ino, state.st_mtime_ns, state.st_size)):
                self._held, self._seen = self._read(), seen
            return self._held

    def add(self, name: str, password: str, may: Right, *, replace: bool = False) -> None:
        """Add an account, or `replace` the one of that name. Raises `AccountError` for an invalid
        name or password."""
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"{name!r} cannot be a name. Use up to 32 lower-case letters, digits, dots, - "
                "and _, beginning with a letter or digit."
            )
        if not _LEAST_CHARS <= len(password) <= _MOST_CHARS:
            raise AccountError(
                f"A password must have {_LEAST_CHARS} to {_MOST_CHARS} characters; this one "
                f"has {len(password)}. Four or five unrelated words are easy to remember."
            )
        made = Account(name, may, _hasher().hash(password))
        with self._changing() as accounts:
            if name in accounts and not replace:
                raise AccountError(
                    f"There is already an account {name}. Add --replace to change its password "
                    "and rights."
                )
            accounts[name] = made

    def remove(self, name: str) -> None:
        """Remove an account. Raises `AccountError` if there is none of that name."""
        with self._changing() as accounts:
            if accounts.pop(name, None) is None:
                raise AccountError(
                    f"There is no account {name}. `source-finder users list` lists them all."
                )

    def check(self, name: str, password: str) -> Account | None:
        """Return the account with this name and password, None if there is none. Takes some 50 ms
        and 64 MB, also for an unknown name."""
        from argon2.exceptions import InvalidHashError, VerificationError

        account = self.all().get(name)
        try:
            _hasher().verify(account.password if account else _NOBODYS, password[:_MOST_CHARS])
        except (VerificationError, InvalidHashError):
            return None
        return account

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Account]]:
        """Lend the accounts, and write them at the end."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.file.with_name(f".{self.file.name}.lock")):
                changed = dict(self.all())
                yield changed
                self._write(changed)
        except OSError as error:
            raise AccountError(
                f"{self.file} cannot be written: {error.strerror}. Check its owner and the disk."
            ) from error

    def _write(self, accounts: dict[str, Account]) -> None:
        arriving = self.file.with_name(f".{self.file.name}.arriving")
        arriving.unlink(missing_ok=True)
        text = json.dumps([asdict(account) for account in accounts.values()], indent=1)
        with open(os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:  # noqa: PTH123
            out.write(f"{text}\n")
            out.flush()
            os.fsync(out.fileno())
        arriving.replace(self.file)

    def _read(self) -> dict[str, Account]:
        try:
            read = from_jsonable(tuple[Account, ...], json.loads(self.file.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._unreadable(error) from error
        return {account.name: account for account in read}

    def _unreadable(self, error: Exception) -> AccountError:
        return AccountError(
            f"The accounts in {self.file} cannot be read ({error}), so nobody can sign in. "
            "Repair the file, or remove it and add the accounts again."
        )


class Sessions:
    """The sessions of all processes that share a database. Each has a secret, of which only the
    hash is stored. Raises `ProjectsError` if they cannot be read or written."""

    def __init__(
        self, database: Database, accounts: Accounts, clock: Callable[[], float] = time.time
    ) -> None:
        self._database, self._accounts, self._clock = database, accounts, clock

    def begin(self, account: Account, seconds: float) -> str:
        """Begin a session and return its secret; expired ones are deleted."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE ends <= :now", {"now": int(now)})
            connection.execute(
                "INSERT INTO sessions VALUES (:secret, :account, :password, :ends)",
                {
                    "secret": hashed(secret),
                    "account": account.name,
                    "password": hashed(account.password),
                    "ends": int(now + seconds),
                },
            )
        return secret

    def account(self, secret: str) -> Account | None:
        """Return the account of a session as it is now; None if it was removed or has a new
        password."""
        with self._database.reading() as connection:
            if connection is None:
                return None
            found = connection.execute(
                "SELECT account, password_sha256, ends FROM sessions WHERE secret_sha256 = :secret",
                {"secret": hashed(secret)},
            ).fetchone()
        if not found or found[2] <= self._clock():
            return None
        account = self._accounts.all().get(found[0])
        return account if account and hashed(account.password) == found[1] else None

    def end(self, secret: str) -> None:
        """End a session, in all processes."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE secret_sha256 = :secret", {"secret": hashed(secret)}
            )


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # not loaded where there are no accounts

    return PasswordHasher()


_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZWJvZHktZWxzZQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""A hash that no password has, so that the time of an answer does not show whether a name
exists."""


log = logging.getLogger(__name__)

_FILE = "audit.jsonl"
BYTES, _KEPT = 5_000_000, 9
"""A file of `BYTES` is moved to `audit.jsonl.1`, and so on; `_KEPT` of them are kept."""

_LINE = 10_000
"""Up to so many characters, a line is written whole."""


class Audit:
    """The audit log of a home, made with its first line. Safe to share between threads."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = _OwnersFile(home / _FILE, maxBytes=BYTES, backupCount=_KEPT, delay=True)

    def note(self, who: str, what: str, **about: object) -> None:
        """Add a line: now, `who` did `what`, with further fields. If it cannot be written, the
        program's log says so, and the action goes on."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        said = {"when": when, "who": who, "what": what}
        line = json.dumps({**said, **about})
        if len(line) > _LINE:  # a log that some long lines fill would forget the others
            line = json.dumps({**said, "beginning": line[:_LINE]})
        self._home.mkdir(parents=True, exist_ok=True)
        self._file.handle(logging.LogRecord("audit", logging.INFO, "", 0, line, None, None))
        self._file.close()  # another process may write the next line, or put the file aside


class _OwnersFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        return TextIOWrapper(os.fdopen(_opened(path), "ab"), "utf-8", write_through=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as logging has it
        log.exception("This line of the audit log could not be written: %s", record.getMessage())


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
