"""The programs in examples/ run, and do what they say."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import html
from markdown_it import MarkdownIt

import rag
from rag import SourceFinder

FOLDER = Path(__file__).parent.parent / "examples"
CLAIM = "Monroe told Europe to stay out of the Americas"
Run = Callable[..., str]


@pytest.fixture
def run(
    small_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run an example with the small index as the default one; return what it printed."""
    shutil.copytree(small_index, tmp_path / "indexes" / "default")
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(tmp_path))
    rag._default_finder.cache_clear()  # not one kept from before

    def run(name: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(FOLDER / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_every_example_is_run_here() -> None:
    run_here = re.findall(r'run\("(\w+\.py)"', Path(__file__).read_text(encoding="utf-8"))
    assert {path.name for path in FOLDER.glob("*.py")} == set(run_here)


def test_find_sources(run: Run, finder: SourceFinder) -> None:
    printed = run("find_sources.py", CLAIM, "--before", "1850")
    found = finder.find_sources(CLAIM, 3, before=1850)
    assert [printed.index(evidence.citation) for evidence in found]
    assert "1941" not in printed


def test_ask_writes_a_dossier(run: Run, finder: SourceFinder, tmp_path: Path) -> None:
    post, dossier = tmp_path / "post.txt", tmp_path / "dossier.md"
    post.write_text(f"{CLAIM}. Sacagawea carried her baby to the Pacific.", encoding="utf-8")
    printed = run("ask.py", str(post), str(dossier))
    findings = finder.ask(post.read_text(encoding="utf-8")).findings
    assert [f"{f.verdict}: {f.claim.text}" in printed for f in findings] == [True, True]
    page = html.fromstring(MarkdownIt().render(dossier.read_text(encoding="utf-8")))
    assert page.findtext(".//h1") == "Source Finder dossier"


def test_build_index(run: Run, tmp_path: Path, small_sources: list[str]) -> None:
    printed = run("build_index.py", small_sources[0], "mine", CLAIM)
    assert "4 documents" in printed
    assert "signed/1823-Monroe-1" in printed
    assert (tmp_path / "indexes" / "mine" / "CURRENT").is_file()


def test_mcp_client(run: Run, served: str, finder: SourceFinder) -> None:
    printed = run("mcp_client.py", served, CLAIM)
    (best,) = finder.find_sources(CLAIM, 1)
    assert "find_sources(claim, k, collections, after, before)" in printed
    assert best.citation in printed
    assert best.quote in printed


def test_mcp_client_tells_an_error(run: Run, served: str) -> None:
    assert "The question is empty" in run("mcp_client.py", served, " ")


def test_langchain_chain(run: Run, finder: SourceFinder) -> None:
    printed = run("langchain_chain.py", CLAIM)
    for evidence in finder.find_sources(CLAIM, 3):
        assert evidence.passage in printed
        assert evidence.citation in printed
    assert printed.endswith("Passage [1] bears on it.\n")
