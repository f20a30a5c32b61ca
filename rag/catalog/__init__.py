"""Collections that can be added or searched elsewhere, and which of them may have sources for a
claim.

The catalog is a folder of YAML files. A file has `defaults`, fields for all its entries, and
`entries`. In a default, `{id}` is replaced by the entry's id. `corpus/catalog/README.md` explains
the fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Jsonable, Kind
from rag.errors import CatalogError
from rag.index.lexical import K1, B
from rag.language import Spelling, stems, words, years_in

_Access = Literal["fetch", "browse"]
"""`fetch`: its files can be downloaded; `browse`: it can only be read on its website."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FILE_NAME = re.compile(r"[^\W_.][\w.+-]*")
_HEX = {"sha256": 64, "git_sha1": 40}
_YEARS = range(-3000, 2101)


@dataclass(frozen=True, slots=True)
class CatalogFile(Jsonable):
    """A file to download. `git_sha1`: the SHA-1 by which git names its content."""

    url: str
    name: str
    bytes: int | None = None
    sha256: str | None = None
    git_sha1: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogEntry(Jsonable):
    """A collection, indexed or not.

    `covers`: the first and last year that it is about, negative for BC. `verified`: how it is known
    to exist.
    """

    id: str
    title: str
    description: str
    covers: tuple[int, int]
    repository: str
    rights: str
    citation_style: str
    kind: Kind
    format: str
    access: _Access
    verified: str
    persons: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    files: tuple[CatalogFile, ...] = ()
    browse: str | None = None
    search_url: str | None = None
    """The address of the archive's search, with `{query}` in place of the search words."""
    spelling: Spelling = ""
    """How the archive writes names."""


def load_catalog(folder: Path | None = None) -> list[CatalogEntry]:
    """Return the entries of all `*.yaml` in `folder`, by default of the installed catalog.

    Raises `CatalogError` naming file, entry and field for anything missing or malformed.
    """
    return list(_load(catalog_folder() if folder is None else folder))


@cache
def catalog_folder() -> Path:
    """Return the catalog's folder, in the installed package or in the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_catalog"
    return installed if installed.is_dir() else package.parent / "corpus" / "catalog"


@cache
def _load(folder: Path) -> tuple[CatalogEntry, ...]:
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise CatalogError(f"There is no catalog in {folder}; install source-finder again.")
    found: dict[str, CatalogEntry] = {}
    for path in paths:
        for entry in _read_file(path):
            if entry.id in found:
                raise CatalogError(f"{path.name}, entry {entry.id}: the id is taken already.")
            found[entry.id] = entry
    return tuple(found.values())


def _read_file(path: Path) -> Iterator[CatalogEntry]:
    import yaml

    # The C parser takes a tenth of the time; both loaders are safe.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise CatalogError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        raise CatalogError(f"{path.name}: a list `entries` is missing.")
    defaults = content.get("defaults") or {}
    for number, raw in enumerate(content["entries"], 1):
        if not isinstance(raw, dict) or not isinstance(raw.get("id"), str):
            raise CatalogError(f"{path.name}, entry number {number}: it has no id.")
        identity = raw["id"]
        filled = {
            key: value.replace("{id}", identity) if isinstance(value, str) else value
            for key, value in defaults.items()
        }
        yield _Fields(path.name, identity, filled | raw).entry()


class _Fields:
    """Takes the fields of one entry one by one, and checks each."""

    def __init__(self, file: str, identity: str, values: Mapping[str, Any]) -> None:
        self._place = f"{file}, entry {identity}"
        self._values = values

    def entry(self) -> CatalogEntry:
        known = {field.name for field in fields(CatalogEntry)}
        if unknown := sorted(self._values.keys() - known):
            raise self._wrong(unknown[0], "there is no such field")
        if not _ID.fullmatch(self._values["id"]):
            raise self._wrong("id", "letters, digits, '.', '_' and '-' only")
        entry = CatalogEntry(
            id=self._values["id"],
            title=self._text("title"),
            description=self._text("description"),
            covers=self._covers(),
            repository=self._text("repository"),
            rights=self._text("rights"),
            citation_style=self._text("citation_style"),
            kind=self._one_of("kind", get_args(Kind)),
            format=self._text("format"),
            access=self._one_of("access", get_args(_Access)),
            verified=self._text("verified"),
            persons=self._texts("persons"),
            places=self._texts("places"),
            topics=self._texts("topics"),
            files=tuple(self._file(raw) for raw in self._list("files")),
            browse=self._url("browse"),
            search_url=self._url("search_url"),
            spelling=self._one_of("spelling", get_args(Spelling), ""),
        )
        if entry.access == "fetch" and not entry.files:
            raise self._wrong("files", "an entry to fetch needs at least one")
        if entry.access == "browse" and not entry.browse:
            raise self._wrong("browse", "an entry to browse needs an address")
        if len({file.name.casefold() for file in entry.files}) < len(entry.files):
            raise self._wrong("files", "two have the same name")
        if entry.search_url and "{query}" not in entry.search_url:
            raise self._wrong("search_url", "it lacks {query}")
        return entry

    def _wrong(self, field: str, reason: str) -> CatalogError:
        return CatalogError(f"{self._place}, field {field}: {reason}.")

    def _text(self, field: str) -> str:
        value = self._values.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(field, "a text is needed")
        return value

    def _one_of(self, field: str, allowed: tuple[str, ...], default: str | None = None) -> Any:
        value = self._values.get(field, default)
        if value not in allowed:
            raise self._wrong(field, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def _list(self, field: str) -> list[Any]:
        value = self._values.get(field, [])
        if not isinstance(value, list):
            raise self._wrong(field, "a list is needed")
        return value

    def _texts(self, field: str) -> tuple[str, ...]:
        value = self._list(field)
        if not all(isinstance(item, str) and item.strip() for item in value):
            raise self._wrong(field, "each item must be a text")
        return tuple(value)

    def _covers(self) -> tuple[int, int]:
        value = self._list("covers")
        # `type` and not `isinstance`: YAML's `true` is an int to Python.
        if len(value) != 2 or any(type(year) is not int or year not in _YEARS for year in value):
            raise self._wrong("covers", "[first year, last year] is needed")
        if value[0] > value[1]:
            raise self._wrong("covers", "the first year is after the last")
        return value[0], value[1]

    def _url(self, field: str) -> str | None:
        value = self._values.get(field)
        return None if value is None else self._checked_url(field, value)

    def _checked_url(self, field: str, value: Any) -> str:
        if not isinstance(value, str) or not is_web_address(value):
            raise self._wrong(field, f"{value!r} is not an http(s) address")
        return value

    def _file(self, raw: Any) -> CatalogFile:
        known = {field.name for field in fields(CatalogFile)}
        if not isinstance(raw, dict) or not raw.keys() <= known or "url" not in raw:
            raise self._wrong("files", f"each has a url and may have {', '.join(sorted(known))}")
        url = self._checked_url("files", raw["url"])
        name = raw.get("name", urlsplit(url).path.rpartition("/")[2])
        # The name becomes a path on disk.
        if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
            raise self._wrong("files", f"{name!r} cannot be a file's name")
        size = raw.get("bytes")
        if size is not None and (type(size) is not int or size < 0):
            raise self._wrong("files", f"{size!r} is not a number of bytes")
        for field, digits in _HEX.items():
            value = raw.get(field)
            if value is not None and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", str(value)):
                raise self._wrong("files", f"{field} needs {digits} hexadecimal digits")
        return CatalogFile(url, name, size, raw.get("sha256"), raw.get("git_sha1"))


def is_web_address(url: str) -> bool:
    """Return whether `url` is a complete http or https address.

    >>> is_web_address("https://example.org/a"), is_web_address("file:///etc/passwd")
    (True, False)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


OUTSIDE_YEARS = 0.3
"""The factor on a score if the collection covers none of the claim's years. Dates in claims are
often wrong, so such a collection is ranked lower, not left out."""

_CLOSE_YEARS = 6
"""A collection that covers at most so many years gets the whole reward for covering the claim's;
one that covers a century gets hardly any. The longest of the usual FRUS subseries has eight."""


@dataclass(frozen=True, slots=True)
class CatalogMatch(Jsonable):
    """A collection that may have sources for a claim. Higher scores are better. `why`: which names,
    words and years of the claim it matches."""

    entry: CatalogEntry
    score: float
    why: tuple[str, ...]


def find_entry(identity: str, entries: Sequence[CatalogEntry] | None = None) -> CatalogEntry:
    """Return the entry with this id. Raises `CatalogError`, with similar ids, if there is none."""
    from difflib import get_close_matches

    by_id = {entry.id: entry for entry in (load_catalog() if entries is None else entries)}
    if identity in by_id:
        return by_id[identity]
    similar = get_close_matches(identity, by_id, n=3)
    hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
    raise CatalogError(
        f"The catalog has no {identity}.{hint} See `source-finder catalog` for all ids."
    )


def years_overlap(years: tuple[int, int], covers: tuple[int, int]) -> bool:
    """Return whether two ranges of years share a year."""
    return years[0] <= covers[1] and covers[0] <= years[1]


def describe_years(years: tuple[int, int]) -> str:
    """Return a range of years as text.

    >>> describe_years((1964, 1968)), describe_years((1964, 1964)), describe_years((-431, -411))
    ('1964–1968', '1964', '431 BC–411 BC')
    """
    first, last = (f"{-year} BC" if year < 0 else str(year) for year in years)
    return first if first == last else f"{first}–{last}"


def search_catalog(
    claim: str, k: int = 5, entries: Sequence[CatalogEntry] | None = None
) -> list[CatalogMatch]:
    """Return at most `k` collections that match a claim, best first.

    The score is BM25 of the claim's words over title, persons, places, topics and description, as a
    share of the best, times a factor for dates: `OUTSIDE_YEARS` if the collection covers none of
    the claim's years, up to 1.5 if it covers them and little else. A collection that shares no word
    with the claim is left out.
    """
    searched = load_catalog() if entries is None else list(entries)
    asked = _stems(claim)
    lexical = _bm25(tuple(searched), tuple(asked))
    best = float(lexical.max(initial=0))
    if best <= 0:
        return []
    years = years_in(claim)
    scores = [
        float(score) / best * date_factor(years, entry.covers)
        for score, entry in zip(lexical, searched, strict=True)
    ]
    order = sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: -scores[i])
    return [
        CatalogMatch(searched[i], scores[i], _reasons(claim, years, searched[i])) for i in order[:k]
    ]


def date_factor(years: tuple[int, int] | None, covers: tuple[int, int]) -> float:
    """Return the factor on a score for the years of a claim and a collection, 1.0 if the claim's
    years are unknown."""
    if years is None:
        return 1.0
    if not years_overlap(years, covers):
        return OUTSIDE_YEARS
    return 1 + 0.5 * min(1.0, _CLOSE_YEARS / (covers[1] - covers[0] + 1))


def _stems(text: str) -> list[str]:
    """Return the stems of `text` without numbers, since years are compared as years."""
    return [stem for stem in stems(words(text)) if not stem[0].isdigit()]


def _entry_stems(entry: CatalogEntry) -> list[str]:
    # What a collection is mainly about counts double.
    main = [entry.title, *entry.persons, *entry.topics]
    return _stems(" . ".join([*main, *main, *entry.places, entry.description]))


@cache
def _index(entries: tuple[CatalogEntry, ...]) -> Any:
    import bm25s

    bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
    bm25.index([_entry_stems(entry) or [""] for entry in entries], show_progress=False)
    return bm25


def _bm25(entries: tuple[CatalogEntry, ...], asked: tuple[str, ...]) -> NDArray[np.float32]:
    if not entries:
        return np.zeros(0, np.float32)
    bm25 = _index(entries)
    known = [stem for stem in dict.fromkeys(asked) if stem in bm25.vocab_dict]
    if not known:
        return np.zeros(len(entries), np.float32)
    scores: NDArray[np.float32] = bm25.get_scores(known)
    return scores


def _reasons(claim: str, years: tuple[int, int] | None, entry: CatalogEntry) -> tuple[str, ...]:
    """Return what an entry matches of a claim, as phrases for the reader."""
    said = set(words(claim))
    named = [name for name in (*entry.persons, *entry.places) if _is_named(name, said)]
    in_names = set(_stems(" ".join(named)))
    held = set(_entry_stems(entry))
    shared = [
        word
        for word in dict.fromkeys(words(claim))
        if any(stem in held and stem not in in_names for stem in _stems(word))
    ]
    reasons = []
    if named:
        reasons.append(f"names {', '.join(named)}")
    if shared:
        reasons.append(f"shares the words {', '.join(shared)}")
    if years is not None:
        verb = "covers" if years_overlap(years, entry.covers) else "but covers"
        reasons.append(
            f"{verb} {describe_years(entry.covers)}, the claim says {describe_years(years)}"
        )
    return tuple(reasons)


def _is_named(name: str, said: set[str]) -> bool:
    """Return whether a claim has a name, in full or by its last word."""
    parts = words(name)
    return bool(parts) and (said.issuperset(parts) or (len(parts[-1]) > 3 and parts[-1] in said))
