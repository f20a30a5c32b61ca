"""What comes with an install: its packages pinned by hashes, under licences that were looked at."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
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

SAID_OTHERWISE = {"pypdfium2": "BSD-3-Clause AND Apache-2.0"}
"""What it says is no list of licences; looked up in its files."""


def installed(names: list[str]) -> Iterator[Distribution]:
    """Yield the packages that these need to run, and so on."""
    waiting, seen = [Requirement(name) for name in names], set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if wanted.marker and not any(
            wanted.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)
        ):
            continue
        if (name, *sorted(wanted.extras)) in seen:
            continue
        seen.add((name, *sorted(wanted.extras)))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # not for this platform
        yield found
        for line in found.requires or ():
            need = Requirement(line)
            if need.marker is None or any(
                need.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)
            ):
                need.marker = None
                waiting.append(need)


def licences(package: Distribution) -> list[str]:
    """Return the licences that a package says it is under, one or all of them."""
    said = package.metadata
    classes = [
        line.split(" :: ")[-1] for line in said.get_all("Classifier") or () if "License" in line
    ]
    text = (
        SAID_OTHERWISE.get(canonicalize_name(said["Name"]))
        or said.get("License-Expression")
        or "; ".join(each for each in classes if each != "OSI Approved")
        or (said.get("License") or "nothing").splitlines()[0]
    )
    plain = re.sub(r"[()]", "", text)
    return [part.strip() for part in re.split(r"\bAND\b|\bOR\b|;", plain)]


def test_every_package_is_under_a_licence_that_was_looked_at() -> None:
    packages = list(installed(PROJECT["dependencies"]))
    unlisted = {
        package.metadata["Name"]: said
        for package in packages
        if not (said := set(licences(package))) <= LICENCES
    }
    assert len(packages) > 100
    assert unlisted == {}


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
