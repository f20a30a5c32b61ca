"""Runs one system in its own environment, for `benchmarks.peers.runner`.

    python -m benchmarks.peers.child SYSTEM build FOLDER DOCUMENTS MODEL shared|own
    python -m benchmarks.peers.child SYSTEM search FOLDER CLAIMS MODEL shared|own

DOCUMENTS and CLAIMS are JSON lines: `[id, heading, text]`, `[claim, k]`. The report of a build
is `{"seconds", "memory_mb"}`, that of a search `{"milliseconds", "found", "memory_mb"}`; see
`pipe` for how it is given.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.pipe import send, shared_vectors
from benchmarks.peers.systems import Document, Model


def memory_mb() -> float:
    """Return the resident memory of this process, in millions of bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def build(system: Any, folder: Path, documents: Path, model: Model) -> dict[str, Any]:
    """Build the index; the seconds do not count loading the model."""
    lines = documents.read_text(encoding="utf-8").splitlines()
    given = [Document(*json.loads(line)) for line in lines]
    embedder = system.load(model)
    started = time.perf_counter()
    system.build(given, folder, embedder)
    return {"seconds": time.perf_counter() - started, "memory_mb": memory_mb()}


def search(system: Any, folder: Path, claims: Path, model: Model) -> dict[str, Any]:
    """Answer all claims, after a first one that is not timed."""
    asked = [json.loads(line) for line in claims.read_text(encoding="utf-8").splitlines()]
    find = system.open_index(folder, system.load(model))
    find(*asked[0])
    milliseconds, found = [], []
    for claim, k in asked:
        started = time.perf_counter()
        places = find(claim, k)
        milliseconds.append(1000 * (time.perf_counter() - started))
        found.append([[p.document_id, int(p.start), int(p.end)] for p in places])
    return {"milliseconds": milliseconds, "found": found, "memory_mb": memory_mb()}


def main() -> None:
    """Build or search, then report."""
    name, task, folder, given, model_folder, route = sys.argv[1:]
    system = importlib.import_module(f"benchmarks.peers.systems.{name}")
    model = Model(model_folder, shared_vectors if route == "shared" else None)
    run = {"build": build, "search": search}[task]
    send(run(system, Path(folder), Path(given), model))


if __name__ == "__main__":
    main()
