"""The databases that projects are kept in, for tests: a file, and a real PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.conftest import free_port

USER = "postgres"
"""PostgreSQL does not run as root; Debian's package makes this user."""


def programs() -> Path | None:
    """Return the folder with the newest PostgreSQL's programs, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: len(str(p)))
    return found[-1].parent if found else None


@contextmanager
def running() -> Iterator[str]:
    """The address of a PostgreSQL that runs for as long as it is needed."""
    where = programs()
    if where is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    as_root = os.getuid() == 0
    who = {"user": USER, "group": USER, "extra_groups": []} if as_root else {}
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if as_root:
        shutil.chown(folder, USER, USER)
    data, port = folder / "data", free_port()
    subprocess.run(
        [where / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **who,
    )
    options = ["-F", "-k", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    server = subprocess.Popen(
        [where / "postgres", "-D", data, *options],
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **who,
    )
    address = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    try:
        _await(address, server)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # ends connections, then itself
        server.wait()
        shutil.rmtree(folder)


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "PostgreSQL has ended"
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)


def schema_of_its_own(address: str) -> str:
    """Return the address of tables that nobody else has in a database."""
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(address) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{address}?options=-csearch_path%3D{name}"
