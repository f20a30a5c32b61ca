"""The import arrows hold: who may know whom."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import rag
from benchmarks.sizes import class_names_twice, cycles, files_here, imports

PACKAGE = Path(rag.__file__).parent
MODULES = {
    ".".join(["rag", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}
LAYERS = [
    ["errors", "config", "datatypes"],
    ["database", "dates", "isolation", "judging"],
    ["language", "models"],
    ["accounts", "wording", "ingest", "embedding"],
    ["searching", "projects"],
    ["claims", "index", "reading"],
    ["catalog", "relation", "retrieval"],
    ["build", "evidence"],
    ["llm"],
    ["judges"],
    ["workspace"],
    ["backup", "finder", "dossier"],
    ["rag", "live", "programs", "langchain", "doctor"],
    ["web"],
    ["cli"],
]
"""The parts from the lowest up. A part knows those of its layer's list and below."""


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


def part(module: str) -> str:
    """Return the part that a module is in: the name after "rag", "rag" for the face."""
    return module.split(".")[1] if "." in module else module


def below(names: set[str], module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def test_every_part_is_in_one_layer():
    listed = [name for layer in LAYERS for name in layer]
    assert sorted(listed) == sorted({part(module) for module in MODULES})


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_part_knows_those_below_it(module):
    height = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    own = part(module)
    known = {part(name) for name in imported(MODULES[module])} - {own, "rag"}
    assert {name for name in known if height[name] >= height[own]} == set()


def test_a_dossier_is_made_of_answers_alone():
    pure = {
        "rag.datatypes",
        "rag.errors",
        "rag.wording",
        "rag.language",
    }
    for module, path in MODULES.items():
        if below({"rag.dossier"}, module):
            names = imported(path)
            assert {n for n in names if not below({*pure, "rag.dossier"}, n)} == set(), module


def test_readers_know_files_only():
    known = {"rag.datatypes", "rag.dates", "rag.errors", "rag.isolation", "rag.language"}
    allowed = {*known, "rag.ingest"}
    for module, path in MODULES.items():
        if below({"rag.ingest"}, module):
            assert {name for name in imported(path) if not below(allowed, name)} == set(), module


def test_a_format_knows_no_other_format():
    formats = "rag.ingest.readers"
    for module, path in MODULES.items():
        own = ".".join(module.split(".")[:4])
        if below({"rag.ingest.shared", "rag.ingest.ocr", formats}, module):
            others = {n for n in imported(path) if below({formats}, n) and n != formats}
            assert {n for n in others if not below({own}, n)} == set(), module


def test_the_language_is_asked_at_its_door():
    inner = {name for name in MODULES if name.startswith("rag.language.")}
    for module, path in MODULES.items():
        if not below({"rag.language"}, module):
            assert imported(path) & inner == set(), module


def test_finding_does_not_read_files():
    readers = {name for name in imported(MODULES["rag.finder"]) if below({"rag.ingest"}, name)}
    assert readers == set()


def test_gradio_is_in_few_modules():
    known = {f"rag.web.{name}" for name in ("actions", "blocks", "server")}
    users = {
        module
        for module, path in MODULES.items()
        if re.search(r"^\s*(?:import|from) gradio\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert users == known


def test_no_module_imports_itself_by_way_of_others():
    assert cycles(imports(files_here(PACKAGE.parent))) == []


def test_a_class_name_stands_for_one_thing():
    assert class_names_twice(files_here(PACKAGE.parent)) == {}
