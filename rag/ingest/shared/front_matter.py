"""Front matter: what a text says of itself before it begins, in YAML, TOML, JSON or plain lines."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.dates import WEB
from rag.ingest.names import in_order, person, printable
from rag.language import to_edtf

# HathiTrust's lines before the pages of a volume: "## p. 6 (#22) ####…".
VOLUME_PAGE = re.compile(
    r"^## (?:p\. (?P<page>\w{1,6}) )?\(#(?P<image>\d+)\) #{10,}[^\S\n]*(?:\n|\Z)\s*", re.MULTILINE
)

_COMMENT = re.compile(r"\s*<!--.{0,5000}?-->\s*", re.DOTALL)
_FRONT_MATTER = re.compile(
    r"\ufeff?(?P<mark>---|\+\+\+)[ \t]*\r?\n(?P<inside>.{0,20000}?)"
    r"^(?:(?P=mark)|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_MAX_FRONT = 2_000
_MAX_JSON = 20_000
_KEY_NAME = r"[A-Za-z][\w .-]{0,30}"
_KEY = re.compile(rf"{_KEY_NAME}")
# "Title: Diary", below each other and before a blank line; what is indented goes on.
_LINES = re.compile(
    rf"\ufeff?(?:{_KEY_NAME}:[^\S\n]+\S[^\n]*\r?\n(?:[^\S\n]+\S[^\n]*\r?\n){{0,5}}){{2,20}}(?=\s*\n)"
)
_LINE = re.compile(rf"^({_KEY_NAME}):[^\S\n]+(\S[^\n]*?)\s*$", re.MULTILINE)
_GOES_ON = re.compile(r"\r?\n[^\S\n]+(?=\S)")
# "#+TITLE: Diary", as Org mode has it.
_ORG = re.compile(r"\ufeff?(?:#\+[\w-]{1,30}:[^\n]*(?:\n|\Z)\s*)+")
_ORG_LINE = re.compile(r"^#\+([\w-]{1,30}):[^\S\n]*(\S[^\n]*?)\s*$", re.MULTILINE)
# What a program that turns web pages into Markdown sets above them.
_OF_PAGE = re.compile(
    rf"\ufeff?Title: [^\n]*\n\s*URL Source: \S+\s*\n(?:{_KEY_NAME}: [^\n]*\n\s*)*"
    r"Markdown Content:[^\S\n]*\n"
)
_PANDOC = re.compile(
    r"\ufeff?%[ \t]*(?P<title>[^\n]*)\n(?:%[ \t]*(?P<author>[^\n]*)\n)?"
    r"(?:%[ \t]*(?P<date>[^\n]*)\n)?"
)
_NAMES = {
    "title": ("title",),
    "creator": ("creator", "author", "authors", "by"),
    "written": ("written", "created", "date written", "original date"),
    "date": ("date", "published", "date published", "published time"),
    "rights": ("rights", "license", "licence", "copyright"),
    "url": ("url", "canonical_url", "source_url", "url source", "source"),
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
            return FrontMatter(end, _given(known))
    return FrontMatter(start)


def _readings(text: str, start: int) -> list[tuple[int, Mapping[str, Any]]]:
    """Return what may be said in front, each with where that ends."""
    if found := _FRONT_MATTER.match(text, start):
        return [(found.end(), _parsed(found["inside"], toml=found["mark"] == "+++"))]
    if found := _OF_PAGE.match(text, start):
        return [(found.end(), dict(_LINE.findall(found[0])))]
    if (found := _LINES.match(text, start)) and re.search(r"(?im)^(?:title|author):", found[0]):
        return [(found.end(), dict(_LINE.findall(_GOES_ON.sub(" ", found[0]))))]
    if found := _ORG.match(text, start):
        return [(found.end(), dict(_ORG_LINE.findall(found[0])))]
    if text.startswith("{", start):
        return _in_json(text, start)
    if found := VOLUME_PAGE.search(text, start, start + _MAX_FRONT):
        said = {
            name.casefold(): value for name, value in _LINE.findall(text[start : found.start()])
        }
        title = said.pop("full title", "").partition(" / ")[0]  # what follows is who wrote it
        author = in_order(said.pop("author", ""))
        return [(found.start(), {**said, "title": title, "author": author})]
    if found := _PANDOC.match(text, start):
        return [(found.end(), {name: said for name, said in found.groupdict().items() if said})]
    return []


def _in_json(text: str, start: int) -> list[tuple[int, Mapping[str, Any]]]:
    """Return what a text says of itself in JSON in front, as static sites have it; [] where that is
    the text itself."""
    try:
        said, end = json.JSONDecoder().raw_decode(text[start : start + _MAX_JSON])
    except (ValueError, RecursionError):
        return []
    told = isinstance(said, dict) and {"title", "author"} & {key.casefold() for key in said}
    return [(start + end, said)] if told and text[start + end :].strip() else []


def _given(given: Mapping[str, Any]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, keys in _NAMES.items():
        value = next((_line(given[key]) for key in keys if given.get(key)), "")
        if name == "creator":
            value = person(value) or ""
        if name in {"date", "written"}:
            value = to_edtf(value)
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
