"""A reading process whose readers do what hostile files do; see test_workers."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from rag.datatypes import Collection, SourceDocument
from rag.ingest import workers
from rag.ingest.readers import READERS
from rag.isolation import reached

PAGES = 4


def read_odd(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Do what the file says, after a first document if it says so ("later").

    "documents" is a first document in a file without pages.
    """
    said = path.read_text().split()
    if said[0] in {"later", "documents"}:
        yield _document(path, collection, "before")
    if said[0] != "documents":
        reached("page 7")
    match said[-1]:
        case "sleep":
            time.sleep(3600)
        case "loop":  # holds the interpreter's lock
            re.fullmatch(r"(a|aa)+b", "a" * 60)
        case "crash":
            ctypes.string_at(0)
        case "memory":
            held = [bytes(1 << 20) for _ in range(8192)]
            yield _document(path, collection, f"{len(held)} MB held")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "fault":
            raise KeyError("nobody foresaw this")
        case "print":
            print("a library talks on standard output", flush=True)  # noqa: T201
        case "slow":
            for page in range(PAGES):
                reached(f"page {page}")
                time.sleep(1.2)
        case "who":
            yield _document(path, collection, str(os.getpid()))
        case "many":
            for number in range(2000):
                yield _document(path, collection, f"{number} " + "x" * 10_000)
    yield _document(path, collection, "after")


def _document(path: Path, collection: Collection, text: str) -> SourceDocument:
    return SourceDocument(f"odd/{path.stem}", path.stem, text, collection, "Odd.")


def main() -> None:
    READERS[".odd"] = read_odd
    workers.main()
