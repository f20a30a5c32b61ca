"""List the packages that an installed program runs with, with versions and licences, as CycloneDX.

    python -m benchmarks.sbom FILE

`cyclonedx-py` lists what an environment holds, those that only the tests need, too, and leaves out
licences that a package names in words. Exits with 1 where a package has no version or licence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

_SAID_OTHERWISE = {"pypdfium2": "BSD-3-Clause AND Apache-2.0"}
"""What it says is no list of licences; looked up in its files."""


def needs(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    """Yield what a package, with these of its extras, needs to run here."""
    for line in package.requires or ():
        need = Requirement(line)
        if need.marker is None or any(
            need.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            yield need


def installed(names: list[str]) -> Iterator[tuple[Distribution, set[str]]]:
    """Yield the packages that these need to run, and so on, with the extras that are asked for."""
    waiting, seen = [Requirement(name) for name in names], set()
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name), *sorted(wanted.extras)
        if key in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(key)
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # not for this platform
        yield found, wanted.extras
        for need in needs(found, wanted.extras):
            need.marker = None
            waiting.append(need)


def licence(package: Distribution) -> str:
    """Return the licences that a package says it is under, one or all of them, "" for none."""
    said: Any = package.metadata  # a message, as of mail
    classes = [
        line.split(" :: ")[-1] for line in said.get_all("Classifier") or () if "License" in line
    ]
    named = (said.get("License") or "").splitlines() or [""]
    return (
        _SAID_OTHERWISE.get(canonicalize_name(said["Name"]))
        or said.get("License-Expression")
        or "; ".join(each for each in classes if each != "OSI Approved")
        or named[0]
    )


def bill_of_materials(listed: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """Return a list that cyclonedx-py made of an environment with only what the project runs with,
    each with a licence."""
    run = {
        canonicalize_name(package.metadata["Name"]): package
        for package, _ in installed(project["dependencies"])
    }
    kept = []
    for component in listed["components"]:
        package = run.get(canonicalize_name(component["name"]))
        if package is None:
            continue
        if not component.get("licenses") and (said := licence(package)):
            component = {**component, "licenses": [{"license": {"name": said}}]}
        kept.append(component)
    own = listed["metadata"]["component"]["bom-ref"]
    refs = {own, *(component["bom-ref"] for component in kept)}
    edges = [
        {**edge, "dependsOn": [ref for ref in edge.get("dependsOn", ()) if ref in refs]}
        for edge in listed["dependencies"]
        if edge["ref"] in refs
    ]
    return {**listed, "components": kept, "dependencies": edges}


def main() -> int:
    """Write the list; return the exit code."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    file = Path(sys.argv[1])
    command = [
        str(Path(sys.executable).with_name("cyclonedx-py")),
        "environment",
        *("--pyproject", str(ROOT / "pyproject.toml")),
        "--output-reproducible",
        sys.executable,
    ]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    bill = bill_of_materials(json.loads(made), PROJECT)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill, indent=1) + "\n")
    unsaid = [
        component["name"]
        for component in bill["components"]
        if not (component.get("version") and component.get("licenses"))
    ]
    print(f"{len(bill['components'])} packages in {file}; without version or licence: {unsaid}")
    return int(bool(unsaid))


if __name__ == "__main__":
    sys.exit(main())
