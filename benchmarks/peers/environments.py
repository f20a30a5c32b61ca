"""A virtual environment for each system, made once, its versions pinned."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"


class Absent(Exception):
    """A system could not be installed, built or asked; the message says why."""


@dataclass(frozen=True, slots=True)
class System:
    """A system that is compared. `module`: in `benchmarks.peers.systems`.
    `requirements`: its file, "" for this project's own environment."""

    name: str
    module: str
    requirements: str

    @property
    def digest(self) -> str:
        """A hash over the versions and the code that its results depend on."""
        modules = Path(__file__).parent / "systems"
        content = b"".join((modules / f"{m}.py").read_bytes() for m in ("chunks", self.module))
        if self.requirements:
            content += (REQUIREMENTS / self.requirements).read_bytes()
        else:
            project = Path(__file__).parents[2] / "rag"
            content += b"".join(path.read_bytes() for path in sorted(project.rglob("*.py")))
        return hashlib.sha256(content).hexdigest()


OURS = System("Source Finder", "source_finder", "")

SYSTEMS = {
    "ours": OURS,
    "bm25s": System("bm25s", "bm25s_index", "bm25s.txt"),
    "langchain": System("LangChain, FAISS", "langchain_faiss", "langchain.txt"),
    "txtai": System("txtai, hybrid", "txtai_hybrid", "txtai.txt"),
    "llamaindex": System("LlamaIndex, fusion", "llamaindex_fusion", "llamaindex.txt"),
    "paperqa": System("paper-qa, hybrid", "paperqa_retrieval", "paperqa.txt"),
}


def interpreter(system: System, cache: Path) -> Path:
    """Return the Python of a system's environment, made first where there is none.

    torch is installed before the rest, so that nothing pulls in another build of it.
    Raises `Absent` with the end of what pip says.
    """
    if not system.requirements:
        return Path(sys.executable)
    wanted = (REQUIREMENTS / system.requirements).read_text(encoding="utf-8")
    home = cache / "environments" / system.requirements.removesuffix(".txt")
    python, stamp = home / "bin" / "python", home / "installed.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    print(f"Installing {system.name} into {home} ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
    torch = [line for line in wanted.splitlines() if line.startswith("torch==")]
    for packages in ([*torch], ["-r", str(REQUIREMENTS / system.requirements)]):
        if packages:
            pip = [str(python), "-m", "pip", "install", "--quiet", *packages]
            done = subprocess.run(pip, capture_output=True, text=True)
            if done.returncode:
                raise Absent(f"it cannot be installed: {done.stderr.strip()[-300:]}")
    stamp.write_text(wanted, encoding="utf-8")
    return python
