"""Nobody is told: every name that is looked up and every address that is called is noted, in all
processes, while an index is built, a claim is asked and the page is served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, free_port

WATCH = """
import os, sys

def note(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        asked = args[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        asked = args[1][0]
    else:
        return
    with open(os.environ["ASKED"], "a") as file:
        file.write(f"{asked}\\n")

sys.addaudithook(note)
"""
RUN = """
import sys, httpx
from rag.cli.main import main
from rag.live import LiveFinder
from rag.web import start

folder, port = sys.argv[1:]
assert main(["build", folder, "--index", "mine"]) == 0
assert main(["ask", "Gold was found in California", "--index", "mine"]) == 0
running = start(LiveFinder.open("mine"), port=int(port))
assert httpx.get(running.url).status_code == 200
running.close()
httpx.get("http://watched.invalid/")
"""


def test_no_name_but_this_machine_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    (tmp_path / "run.py").write_text(RUN)
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "polk.txt").write_text("Gold was found in California, as Polk said in 1848.")
    asked = tmp_path / "asked"
    not_passed_on = {"CI", "TF_BUILD", "JENKINS_URL", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}
    environment = {name: value for name, value in os.environ.items() if name not in not_passed_on}
    done = subprocess.run(
        [sys.executable, str(tmp_path / "run.py"), str(sources), str(free_port())],
        env=environment
        | {
            "ASKED": str(asked),
            "HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
            "SOURCE_FINDER_HOME": str(tmp_path / "home"),
            "SOURCE_FINDER_CACHE": str(tmp_path / "cache"),  # the model is converted, too
        },
        capture_output=True,
        text=True,
    )
    assert "ConnectError" in done.stderr, done.stderr  # of the last line: all went well before
    names = set(asked.read_text().split())
    assert "watched.invalid" in names, "the watch works"
    assert names - {"watched.invalid", "127.0.0.1", "localhost", "::1", "0.0.0.0"} == set()
