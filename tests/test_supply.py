"""What comes with an install: its packages pinned by hashes, under licences that were looked at."""

from __future__ import annotations

import ast
import re
from importlib.metadata import Distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.sbom import PROJECT, ROOT, bill_of_materials, installed, licence, needs

LICENCES = {
    *("0BSD", "Apache 2.0 License", "Apache Software License", "Apache-2.0", "BSD License"),
    *("Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-2-Clause-Views", "BSD-3-Clause"),
    *("BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC License ISCL", "MIT", "MIT License", "MIT-0"),
    "LGPL-2.1-or-later",
    *("MIT-CMU", "MPL-2.0", "Mozilla Public License 2.0 MPL 2.0", "OFL-1.1", "PSF-2.0"),
    *("Python Software Foundation License", "Zlib"),
}
"""Allow everyone to use, change and pass on, for money, too; those of Mozilla, of the font and the
LGPL (of nameparser, which is imported as it is) ask that changes to their own files stay under
them."""


def test_every_package_is_under_a_licence_that_was_looked_at() -> None:
    packages = [package for package, _ in installed(PROJECT["dependencies"])]
    unlisted = {
        package.metadata["Name"]: said
        for package in packages
        if not (said := licences(package)) <= LICENCES
    }
    assert len(packages) > 100
    assert unlisted == {}


def licences(package: Distribution) -> set[str]:
    plain = re.sub(r"[()]", "", licence(package))
    return {part.strip() for part in re.split(r"\bAND\b|\bOR\b|;", plain)}


def test_the_list_of_packages_has_those_that_run_with_versions_and_licences() -> None:
    def component(name: str, *said: str) -> dict[str, object]:
        return {
            "name": name,
            "version": "1",
            "bom-ref": name,
            "licenses": [{"license": {"name": each}} for each in said],
        }

    listed = {
        "metadata": {"component": {"bom-ref": "own"}},
        "components": [component("PyYAML", "MIT"), component("pypdfium2"), component("pytest")],
        "dependencies": [{"ref": "own", "dependsOn": ["PyYAML", "pytest"]}, {"ref": "pytest"}],
    }
    bill = bill_of_materials(listed, {"dependencies": ["pyyaml>=6", "pypdfium2"]})
    assert [(each["name"], bool(each["licenses"])) for each in bill["components"]] == [
        ("PyYAML", True),
        ("pypdfium2", True),
    ]
    assert bill["dependencies"] == [{"ref": "own", "dependsOn": ["PyYAML"]}]


def pinned() -> dict[str, list[tuple[str, int]]]:
    """Return the versions of each package in the lock file, with how many hashes each has."""
    text = (ROOT / "requirements.lock").read_text()
    found: dict[str, list[tuple[str, int]]] = {}
    for name, version, hashes in re.findall(
        r"(?m)^([a-z0-9-]+)==(\S+)[^\n]*\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n?)+)", text
    ):
        found.setdefault(name, []).append((version, hashes.count("sha256")))
    assert sum(map(len, found.values())) == len(re.findall(r"(?m)^\S+==", text))
    return found


def test_the_lock_file_has_what_the_project_needs() -> None:
    lock = pinned()
    for line in PROJECT["dependencies"]:
        need = Requirement(line)
        versions = [version for version, _ in lock[canonicalize_name(need.name)]]
        assert versions, f"{need.name}: make lock"
        assert all(need.specifier.contains(version) for version in versions), f"{line}: make lock"
    assert "torch" not in lock, "which build fits is for the machine to say"


def test_the_lock_file_has_what_those_need_in_turn() -> None:
    lock = pinned()
    for package, extras in installed(PROJECT["dependencies"]):
        for need in needs(package, extras):
            name = canonicalize_name(need.name)
            if re.match("torch$|triton$|cuda-|nvidia-", name):
                continue
            versions = [version for version, _ in lock.get(name, ())]
            fits = any(need.specifier.contains(version, prereleases=True) for version in versions)
            assert fits, f"{package.metadata['Name']} needs {need}: make lock"


def test_nothing_can_be_unpickled() -> None:
    modules = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    pickling = {"Queue", "SimpleQueue", "JoinableQueue", "Manager", "Pool", "recv"}
    for path in (ROOT / "rag").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
        assert not imported & modules, path
        if "multiprocessing" in imported:
            used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not used & pickling, path
