"""How large the package is, and how well it is divided: lines, modules, names, functions.

    python -m benchmarks.sizes [--commit REVISION]      default: the files as they are

Read off the syntax, without importing anything. Lines are those with Python on them: no blank
lines, comments and docstrings. Public is a function, class or type of a module whose name has no
underscore in front; constants (a logger, too) and methods are not counted. A function's length is
all its lines.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = "rag"
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}

Sources = Mapping[str, str]
"""The text of each file, by its path."""


def files_here(root: Path) -> Sources:
    """Return the package's files as they lie in the checkout."""
    paths = sorted((root / PACKAGE).rglob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


def files_of(revision: str, root: Path) -> Sources:
    """Return the package's files of a commit."""
    command = ["git", "-C", str(root), "archive", revision, PACKAGE]
    packed = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = [m for m in archive.getmembers() if m.name.endswith(".py")]
        read = ((m.name, archive.extractfile(m)) for m in members)
        return {name: file.read().decode() for name, file in read if file is not None}


def code_lines(text: str) -> int:
    """Return the lines with Python on them."""
    strings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _SILENT and token.type != tokenize.ENDMARKER:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - strings)


def public_names(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield a module's public functions, classes, types and constants; whether it is a class or a
    type."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.startswith("_"):
                yield node.name, isinstance(node, ast.ClassDef)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    yield target.id, target.id[0].isupper() and not target.id.isupper()


def class_names_twice(sources: Sources) -> dict[str, list[str]]:
    """Return the public names of classes and types that more than one module has, each with its
    modules."""
    classes: dict[str, list[str]] = defaultdict(list)
    for path, text in sources.items():
        for name, is_class in public_names(ast.parse(text)):
            if is_class:
                classes[name].append(_module(path))
    return {name: homes for name, homes in classes.items() if len(homes) > 1}


def function_lengths(tree: ast.Module) -> list[int]:
    """Return the lines of each function and method."""
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def imports(sources: Sources) -> dict[str, set[str]]:
    """Return the modules of the package that each imports when it is imported itself."""
    modules = {_module(path): ast.parse(text) for path, text in sources.items()}
    found: dict[str, set[str]] = {}
    for module, tree in modules.items():
        named: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= inside if inside <= modules.keys() else {node.module, *inside}
        found[module] = named & modules.keys()
    return found


def cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in graph[module]:
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            at = stack.index(module)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for module in graph:
        if module not in order:
            visit(module)
    return found


def names_between_parts(sources: Sources) -> set[tuple[str, str]]:
    """Return what a part of the package has from another: the module named, and what of it."""
    modules = {_module(path): ast.parse(text) for path, text in sources.items()}
    return {
        (node.module, alias.name)
        for module, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if node.module.startswith(f"{PACKAGE}.") and _part(node.module) != _part(module)
    }


def _part(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def _module(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def show(sources: Sources) -> None:
    """Print the figures, and what is against the aims."""
    trees = {_module(path): ast.parse(text) for path, text in sources.items()}
    names = {module: list(public_names(tree)) for module, tree in trees.items()}
    public = [name for given in names.values() for name, _ in given if name != name.upper()]
    twice = class_names_twice(sources)
    lengths = sorted(length for tree in trees.values() for length in function_lengths(tree))
    nobody = sum(not text.strip() for text in sources.values())
    print(f"modules                       {len(sources):6}   (aim: 130; {nobody} of them empty)")
    print(f"lines of Python               {sum(map(code_lines, sources.values())):6,}")
    print(f"lines in all                  {sum(t.count(chr(10)) for t in sources.values()):6,}")
    print(f"public functions and classes  {len(public):6}   (aim: 400)")
    between = len(names_between_parts(sources))
    print(f"    names that a part has from another {between:3}")
    print(f"classes, types named alike     {len(twice):6}   (aim: 0)")
    for name, homes in sorted(twice.items()):
        print(f"    {name}: {', '.join(homes)}")
    print(f"functions                     {len(lengths):6}")
    print(f"    lines, 90 of 100 have at most {lengths[int(0.9 * len(lengths))]:2}   (aim: 25)")
    print(f"    longest                   {lengths[-1]:6}")
    found = cycles(imports(sources))
    print(f"import cycles                 {len(found):6}   (aim: 0)")
    for group in found:
        print(f"    {', '.join(group)}")
    parts = Counter(path.split("/")[1] for path in sources if path.count("/") > 1)
    print("modules by part: " + ", ".join(f"{name} {n}" for name, n in parts.most_common()))


def main() -> None:
    """Print the figures of one state."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commit", help="a revision, for the figures before a change")
    given = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    show(files_of(given.commit, root) if given.commit else files_here(root))


if __name__ == "__main__":
    main()
