"""What a text file says of itself in front: in YAML or TOML between marks, in lines "Title: ...",
or as Pandoc and transcribers write it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.ingest.dates import WEB, said_date
from rag.ingest.names import person, printable

_COMMENT = re.compile(r"\s*<!--.{0,5000}?-->\s*", re.DOTALL)
_FRONT = re.compile(
    r"\ufeff?(?P<mark>---|\+\+\+)[ \t]*\r?\n(?P<inside>.{0,20000}?)"
    r"^(?:(?P=mark)|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_FIELD = r"[A-Za-z][\w .-]{0,30}"
_KEY = re.compile(rf"{_FIELD}")
# "Title: Diary", below each other and before a blank line.
_LINES = re.compile(rf"\ufeff?(?:{_FIELD}:[^\S\n]+\S[^\n]*\r?\n){{2,20}}(?=\s*\n)")
_LINE = re.compile(rf"^({_FIELD}):[^\S\n]+(\S[^\n]*?)\s*$", re.MULTILINE)
_PANDOC = re.compile(
    r"\ufeff?%[ \t]*(?P<title>[^\n]*)\n(?:%[ \t]*(?P<author>[^\n]*)\n)?"
    r"(?:%[ \t]*(?P<date>[^\n]*)\n)?"
)
_NAMES = {
    "title": ("title",),
    "creator": ("creator", "author", "authors", "by"),
    "written": ("written", "created", "date written", "original date"),
    "date": ("date", "published", "date published"),
    "rights": ("rights", "license", "licence", "copyright"),
    "url": ("url", "canonical_url", "source_url", "source"),
}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Where a file's own text begins, and what is said before it: "title", "creator", "date",
    "published", "rights", "url"."""

    end: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


def front_matter(text: str) -> FrontMatter:
    """Return what a file says of itself in front; an empty one where it says nothing."""
    comment = _COMMENT.match(text)
    start = comment.end() if comment else 0
    for end, given in _readings(text, start):
        known = {str(key).casefold(): value for key, value in given.items()}
        if known and all(_KEY.fullmatch(key) for key in known):
            return FrontMatter(end, _fields(known))
    return FrontMatter(start)


def _readings(text: str, start: int) -> list[tuple[int, Mapping[str, Any]]]:
    """Return what may be said in front, each with where that ends."""
    if found := _FRONT.match(text, start):
        return [(found.end(), _parsed(found["inside"], toml=found["mark"] == "+++"))]
    if (found := _LINES.match(text, start)) and re.search(r"(?im)^(?:title|author):", found[0]):
        return [(found.end(), dict(_LINE.findall(found[0])))]
    if found := _PANDOC.match(text, start):
        return [(found.end(), {name: said for name, said in found.groupdict().items() if said})]
    return []


def _fields(given: Mapping[str, Any]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, keys in _NAMES.items():
        value = next((_line(given[key]) for key in keys if given.get(key)), "")
        if name == "creator":
            value = person(value) or ""
        if name in {"date", "written"}:
            value = said_date(value)
        if name == "url" and not value.startswith(("http://", "https://")):
            value = ""
        if value:
            fields[name] = value
    # The day on which a page was put on the Web is not that of what it says.
    date = fields.pop("date", "")
    if written := fields.pop("written", "" if date >= WEB else date):
        fields["date"] = written
    if date >= WEB:
        fields["published"] = date
    return fields


def _parsed(inside: str, *, toml: bool) -> Mapping[str, Any]:
    """Return what YAML or TOML says; line by line where it is not well-formed."""
    import yaml

    try:
        said = tomllib.loads(inside) if toml else yaml.safe_load(inside)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError):
        said = dict(_LINE.findall(inside))
    return said if isinstance(said, Mapping) else {}


def _line(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(filter(None, map(_line, value)))
    if isinstance(value, Mapping):
        return _line(value.get("name") or value.get("literal") or "")
    return printable(str(value))
