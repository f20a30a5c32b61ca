"""The import arrows hold: who may know whom."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import rag

PACKAGE = Path(rag.__file__).parent
MODULES = {
    ".".join(["rag", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}
INTERFACES = {"rag.cli", "rag.cli_catalog", "rag.web"}
UPPER = {
    "rag.index",
    "rag.build",
    "rag.gather",
    "rag.store",
    "rag.store_writer",
    "rag.finder",
    *INTERFACES,
}


def imported(path: Path) -> set[str]:
    """Return the modules of this package that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name in MODULES}


def below(names: set[str], module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


@pytest.mark.parametrize("module", ["rag.datatypes", "rag.errors", "rag.config"])
def test_the_lowest_layer_knows_nobody(module):
    assert imported(MODULES[module]) == set()


@pytest.mark.parametrize(
    "module",
    [
        *["text", "chunking", "ranking", "evidence", "metrics", "lexical", "nearest", "vectors"],
        *["statement", "opposites", "nations", "alignment", "relation", "judge", "findings"],
        *["entailment", "syntax", "quantities", "timex", "wording"],
        *["search_terms", "dating", "names", "spelling_keys", "places", "authority", "reranker"],
        *[
            "layout",
            "transcripts",
            "clauses",
            "checkable",
            "references",
            "claims",
            "videos",
            "captions",
            "deadline",
            "mentions",
            "spellings",
            "language_model",
            "summary",
        ],
        *["catalog_file", "catalog", "next_steps", "part_file", "download", "fetch"],
        *["near", "terms", "partial"],
    ],
)
def test_the_parts_do_not_know_the_whole(module):
    assert not {name for name in imported(MODULES[f"rag.{module}"]) if below(UPPER, name)}


def test_a_dossier_is_made_of_answers_alone():
    pure = {"rag.datatypes", "rag.errors", "rag.text", "rag.wording", "rag.names", "rag.evidence"}
    for module, path in MODULES.items():
        if below({"rag.dossier"}, module):
            names = imported(path)
            assert {n for n in names if not below({*pure, "rag.dossier"}, n)} == set(), module


def test_readers_know_files_only():
    allowed = {"rag.datatypes", "rag.errors", "rag.text", "rag.ingest"}
    for module, path in MODULES.items():
        if below({"rag.ingest"}, module):
            assert {name for name in imported(path) if not below(allowed, name)} == set(), module


def test_what_programs_call_knows_no_interface():
    allowed = {"rag.datatypes", "rag.errors", "rag.finder"}
    assert {n for n in imported(MODULES["rag.programs"]) if not below(allowed, n)} == set()


def test_nothing_below_knows_the_interfaces():
    for module, path in MODULES.items():
        if not below(INTERFACES, module):
            assert not {n for n in imported(path) if below(INTERFACES, n)}, module


def test_finding_does_not_read_files():
    readers = {name for name in imported(MODULES["rag.finder"]) if below({"rag.ingest"}, name)}
    assert readers == set()


def test_gradio_is_in_few_modules():
    known = {"rag.web.blocks", "rag.web.endpoints", "rag.web.theme"}
    users = {
        module
        for module, path in MODULES.items()
        if re.search(r"^\s*(?:import|from) gradio\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert users == known
