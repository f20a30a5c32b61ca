"""What stands in front of a Markdown file and is about it: YAML or, between "+++", TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.ingest.dates import edtf_date
from rag.ingest.names import printable

_FRONT = re.compile(
    r"\ufeff?(?P<mark>---|\+\+\+)[ \t]*\r?\n(?P<inside>.{0,20000}?)"
    r"^(?:(?P=mark)|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_NAMES = {
    "title": ("title",),
    "creator": ("creator", "author", "authors", "by"),
    "date": ("date", "created", "written"),
    "rights": ("rights", "license", "licence", "copyright"),
    "url": ("url", "canonical_url", "source_url", "source"),
}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Where a file's own text begins, and what is said before it: "title", "creator", "date",
    "rights", "url"."""

    end: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


def front_matter(text: str) -> FrontMatter:
    """Return what a file says of itself in front; an empty one where it says nothing."""
    found = _FRONT.match(text)
    if found is None:
        return FrontMatter()
    content = _parsed(found["inside"], toml=found["mark"] == "+++")
    if not isinstance(content, Mapping) or not content:
        return FrontMatter()
    given = {str(key).casefold(): value for key, value in content.items()}
    fields: dict[str, str] = {}
    for name, keys in _NAMES.items():
        value = next((_line(given[key]) for key in keys if given.get(key)), "")
        if name == "date":
            value = _date(value)
        if name == "url" and not value.startswith(("http://", "https://")):
            value = ""
        if value:
            fields[name] = value
    return FrontMatter(found.end(), fields)


def _parsed(inside: str, *, toml: bool) -> Any:
    import yaml

    try:
        return tomllib.loads(inside) if toml else yaml.safe_load(inside)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _line(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(filter(None, map(_line, value)))
    if isinstance(value, Mapping):
        return _line(value.get("name") or value.get("literal") or "")
    return printable(str(value))


def _date(value: str) -> str:
    try:
        return edtf_date(value.partition(" ")[0]) if value else ""
    except ValueError:
        return ""
