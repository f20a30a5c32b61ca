"""A system as a child process in its own environment."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.embedding import SharedEmbedding
from benchmarks.peers.environments import Absent, System, interpreter
from benchmarks.peers.systems import Document

ROOT = Path(__file__).parents[2]
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs systems; their environments and indexes lie in `cache`."""

    cache: Path
    shared: SharedEmbedding

    def build(
        self, system: System, folder: Path, documents: Iterable[Document], *, own: bool = False
    ) -> dict[str, Any]:
        """Build an index in `folder`, which is emptied first, but for one of ours, which is
        refreshed; return the child's report.

        `own`: with the system's own embedding route. Raises `Absent`.
        """
        if system.requirements:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        rows = ([d.document_id, d.heading, d.text] for d in documents)
        return self._run(system, "build", folder, rows, own)

    def search(
        self, system: System, folder: Path, claims: Iterable[str], k: int, *, own: bool = False
    ) -> dict[str, Any]:
        """Ask the index in `folder` for `k` places for each claim; return the child's report."""
        return self._run(system, "search", folder, ([claim, k] for claim in claims), own)

    def _run(
        self, system: System, task: str, folder: Path, rows: Iterable[list[Any]], own: bool
    ) -> dict[str, Any]:
        python = interpreter(system, self.cache)
        with tempfile.TemporaryDirectory() as temporary:
            given = Path(temporary) / "given.jsonl"
            with given.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            route = "own" if own else "shared"
            command = [str(python), "-m", "benchmarks.peers.child", system.module, task]
            errors = Path(temporary) / "errors.txt"
            with (
                errors.open("w") as log,
                subprocess.Popen(
                    [*command, str(folder), str(given), str(self.shared.folder), route],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    cwd=ROOT,
                    env=os.environ | OFFLINE | {"PYTHONPATH": str(ROOT)},
                ) as child,
            ):
                report = self._serve(child)
            if report is None:
                said = errors.read_text(encoding="utf-8", errors="replace").strip()
                raise Absent(f"its {task} failed: {said[-300:]}")
            return report

    def _serve(self, child: subprocess.Popen[str]) -> dict[str, Any] | None:
        """Answer the child's requests for vectors; return its report, None without one."""
        assert child.stdin and child.stdout
        for line in child.stdout:
            message: dict[str, Any] = json.loads(line)
            if "embed" not in message:
                return message
            vectors = self.shared(message["embed"])
            child.stdin.write(base64.b64encode(vectors.tobytes()).decode() + "\n")
            child.stdin.flush()
        return None
