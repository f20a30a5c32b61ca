"""The tables of the language, `tables/*.toml`: lists of words, names, patterns."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Return a table by the name of its file, "verbs"."""
    path = resources.files("rag.language") / "tables" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def word_list(name: str, key: str) -> frozenset[str]:
    """Return the words of a list in a table.

    >>> "announce" in word_list("verbs", "speaking")
    True
    """
    return frozenset(table(name)[key].split())
