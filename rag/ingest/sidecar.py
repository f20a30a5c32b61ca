"""Metadata beside a file: `name.yaml` or CSL-JSON `name.json`, and a folder's `collection.yaml`.

What a person wrote there comes before what a reader found. A field that makes no sense is
reported and left out; the others count, and the file is read in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from rag.datatypes import (
    CSL_TYPES,
    ZOTERO_TYPES,
    Collection,
    Kind,
    Publication,
    SourceDocument,
)
from rag.dates import edtf_date
from rag.errors import UnreadableSource
from rag.ingest.names import printable, shown, slug
from rag.language import join_name

SUFFIXES = (".yaml", ".yml", ".json")
COLLECTION_FILES = ("collection.yaml", "collection.yml")
_COLLECTION_FIELDS = ("title", "rights", "url")
_SIZE_LIMIT = 64 * 1024
_PAGE_END = "\f"
MAX_FIELD = 2_000
"""Characters of what is said of a document: a title page has no more."""

_MAX_NUMBER = 20
_MAX_DEPTH = 12
"""Levels of lists and fields in metadata; CSL-JSON has six."""
_OF_ONE_DOCUMENT = ("title", "date", "url", "citation", "document_id")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is written beside a file about it; None for what is not."""

    title: str | None = None
    creator: str | None = None
    date: str | None = None
    kind: Kind | None = None
    url: str | None = None
    citation: str | None = None
    rights: str | None = None
    document_id: str | None = None
    publication: Publication | None = None
    pages: tuple[str, ...] = ()
    """The numbers printed on the pages, "" where they are not known."""
    described_by: str = ""


_PAGES = "pages"
DESCRIBED_BY = "described_by"
"""The field in which a server for others keeps who added a file or described it."""

FIELDS = tuple(
    f.name for f in fields(Sidecar) if f.name not in {"publication", _PAGES, DESCRIBED_BY}
)
PUBLISHED = tuple(
    field.name
    for field in fields(Publication)
    if field.name not in {"title", "archive_location", DESCRIBED_BY}
)
"""What a person can say of where a document was published, beside the other fields."""
_Problems = list[str]


def pair(names: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return each source of a folder with its sidecars, and the sidecars without a source.

    >>> pair(["a.pdf", "a.yaml", "b.yml", "c.txt", "collection.yaml"])
    ({'a.pdf': ['a.yaml'], 'c.txt': []}, ['b.yml'])
    """
    given = [name for name in names if name not in COLLECTION_FILES]
    beside = [name for name in given if Path(name).suffix.lower() in SUFFIXES]
    sources = [name for name in given if name not in beside]
    stems = {Path(name).stem for name in sources}
    pairs = {
        source: sorted(
            (name for name in beside if Path(name).stem == Path(source).stem),
            key=lambda name: SUFFIXES.index(Path(name).suffix.lower()),
        )
        for source in sources
    }
    return pairs, [name for name in beside if Path(name).stem not in stems]


def orphan_reason(path: Path) -> str:
    """Return what to tell the user about a sidecar that has no source."""
    return (
        f"{shown(path)} describes no file here: there is none named {printable(path.stem)} with "
        "another extension; rename it after the file that it describes, or remove it "
        f"({path.suffix} is read as metadata only)"
    )


def read_sidecar(path: Path) -> tuple[Sidecar, _Problems]:
    """Return what a sidecar says, and what in it makes no sense.

    Raises `UnreadableSource` if nothing of it can be used.
    """
    content = _load(path)
    problems: _Problems = []
    if _is_csl(content):
        try:
            content = plain_fields(content)
        except ValueError as error:
            raise UnreadableSource(f"{shown(path)}: {error}") from error
    else:
        content = _mapping(content, path)
        problems += _unknown(content, (*FIELDS, *PUBLISHED, _PAGES, DESCRIBED_BY))
    sidecar, senseless = sidecar_of(content)
    return sidecar, problems + senseless


def sidecar_of(content: Mapping[Any, Any]) -> tuple[Sidecar, _Problems]:
    """Return a description of its fields (`FIELDS`, `PUBLISHED`), and what makes no sense."""
    problems: _Problems = []
    values = _values(content, FIELDS, problems)
    published = {n: v for n, v in _values(content, PUBLISHED, problems).items() if v}
    if "editors" in published:
        published["editors"] = tuple(published["editors"].split(" and "))
    publication = Publication(**published) if published else None
    by = _values(content, (DESCRIBED_BY,), problems)[DESCRIBED_BY] or ""
    pages = _page_numbers(content.get(_PAGES), problems)
    return Sidecar(**values, publication=publication, pages=pages, described_by=by), problems


def _page_numbers(given: Any, problems: _Problems) -> tuple[str, ...]:
    """Return a list of pages' numbers as text; `problems` says why it is none."""
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(n, str | int | None) for n in given):
        problems.append(f"{_PAGES}: it is not a list of numbers, one for each page")
        return ()
    return tuple(printable(str(n))[:_MAX_NUMBER] if n is not None else "" for n in given)


def read_collection(path: Path, collection: Collection) -> tuple[Collection, _Problems]:
    """Return `collection` as a `collection.yaml` describes it, and what makes no sense in it.

    Raises `UnreadableSource` if nothing of it can be used.
    """
    content = _mapping(_load(path), path)
    problems = _unknown(content, (*_COLLECTION_FIELDS, DESCRIBED_BY))
    known = _values(content, _COLLECTION_FIELDS, problems)
    return replace(collection, **{k: v for k, v in known.items() if v is not None}), problems


def _values(
    content: Mapping[Any, Any], names: Iterable[str], problems: _Problems
) -> dict[str, Any]:
    """Return the values of fields, None for one that is not there or makes no sense."""
    found: dict[str, Any] = dict.fromkeys(names)
    for name in found:
        try:
            found[name] = _value(name, content.get(name))
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return found


def describe(
    document: SourceDocument, about: Sidecar, *, alone: bool = True, attached: bool = False
) -> SourceDocument:
    """Return `document` with what its sidecar says in place of what the reader found.

    `alone`: it is the only one in its file. Of a file with several (a volume of letters) a
    sidecar cannot say what `passed_over` names.
    """
    given: dict[str, Any] = {name: getattr(about, name) for name in FIELDS}
    given = {name: value for name, value in given.items() if value is not None}
    if not alone:
        over = passed_over(document, about, attached=attached)
        given = {name: value for name, value in given.items() if name not in over}
    if "document_id" in given and "/" not in given["document_id"]:
        given["document_id"] = f"{document.collection.collection_id}/{given['document_id']}"
    if about.publication and alone:
        kept = document.publication.archive_location
        given["publication"] = replace(about.publication, archive_location=kept)
    if about.described_by:
        publication = given.get("publication", document.publication)
        given["publication"] = replace(publication, described_by=about.described_by)
    return _numbered(replace(document, **given), about.pages if alone else ())


def _numbered(document: SourceDocument, numbers: Sequence[str]) -> SourceDocument:
    """Return the document with its pages called by these numbers, if there is one for each page.

    What was moved behind the last page is cited by the page that it was on. Two printed pages on
    one page of the file keep the numbers that they carry.
    """
    if len(numbers) != document.text.count(_PAGE_END) + 1 or not document.locators:
        return document
    own: dict[str, int] = {}
    on: list[int] = []
    for place in document.locators:
        page = document.text.count(_PAGE_END, 0, place.span.start)
        if any(part.start <= place.span.start < part.end for part in document.excluded):
            page = own.get(place.label, page)
        own.setdefault(place.label, page)
        on.append(page)
    labels: list[str] = []
    for place, page in zip(document.locators, on, strict=True):
        side = next((s for s in (", left", ", right") if place.label.endswith(s)), "")
        shared = (
            len({n.label for n, other in zip(document.locators, on, strict=True) if other == page})
            > 1
        )
        known = numbers[page] and not (shared and place.label.startswith("p. "))
        labels.append(f"p. {numbers[page]}{side}" if known else place.label)
    places = zip(document.locators, labels, strict=True)
    return replace(document, locators=tuple(replace(n, label=label) for n, label in places))


def passed_over(document: SourceDocument, about: Sidecar, *, attached: bool) -> list[str]:
    """Return the fields of a sidecar that cannot count for one of a file's several documents:
    its title or date, the writer where it names its own, and the kind where it is `attached` to
    the others, as a letter is to a mail."""
    own = {"creator": attached or bool(document.creator), "kind": attached}
    return [
        name
        for name in (*_OF_ONE_DOCUMENT, *(name for name in own if own[name]))
        if getattr(about, name) not in {None, getattr(document, name)}
    ]


def read_metadata(path: Path) -> bytes:
    """Return the bytes of a file of metadata; raises `UnreadableSource` for one that is too
    large, or no file at all: a pipe or a device would be waited for, or read, without end."""
    if not path.is_file():
        raise UnreadableSource(f"{shown(path)} is not a regular file; remove it")
    with path.open("rb") as file:
        content = file.read(_SIZE_LIMIT + 1)
    if len(content) > _SIZE_LIMIT:
        raise UnreadableSource(
            f"{shown(path)} is too large for metadata ({_SIZE_LIMIT // 1024} KB at most); "
            "rename it if it is something else"
        )
    return content


def _load(path: Path) -> Any:
    """Return what a YAML or JSON file holds; raises `UnreadableSource`."""
    try:
        text = read_metadata(path).decode("utf-8-sig")
        return _from_json(text) if path.suffix.lower() == ".json" else _from_yaml(text)
    # A number of thousands of digits is a ValueError, and so is a day such as 1964-02-31.
    except (ValueError, RecursionError) as error:
        reason = printable(str(error)) or "nested too deep"
        raise UnreadableSource(
            f"{shown(path)} cannot be read as metadata ({reason}); correct it (put a value in "
            "quotes if it holds a colon), the file that it describes is read without it"
        ) from error


def _from_json(text: str) -> Any:
    import json

    return json.loads(text)


def _from_yaml(text: str) -> Any:
    """Return what YAML says; raises `ValueError`."""
    import yaml

    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            # A few lines of aliases within aliases can stand for gigabytes.
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("it uses aliases (*name), which are not followed")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:  # the time to read it grows with the square of this
                raise ValueError("it is nested too deep")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _mapping(content: Any, path: Path) -> Mapping[Any, Any]:
    if not isinstance(content, dict):
        raise UnreadableSource(
            f"{shown(path)} holds no fields; write lines such as 'title: Letters of 1812'"
        )
    return content


def _unknown(content: Mapping[Any, Any], known: Iterable[str]) -> _Problems:
    names = ", ".join(printable(str(name))[:40] for name in content if name not in known)
    return [f"unknown field {names} (known: {', '.join(known)})"] if names else []


def _value(name: str, value: Any) -> str | None:
    """Return a field's value as text, None if there is none; raises `ValueError`."""
    from datetime import date

    if value is None or value == "":
        return None
    if (
        isinstance(value, list)
        and name in {"creator", "editors"}
        and all(isinstance(v, str) for v in value)
    ):
        value = " and ".join(value)
    # YAML takes 1984 for a number and 1964-11-02 for a day.
    if isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"{printable(str(value))[:60]} is not text; put it in quotes")
    if len(value) > MAX_FIELD:
        raise ValueError(f"it has more than {MAX_FIELD:,} characters")
    return _checked(name, printable(value))


def _checked(name: str, text: str) -> str | None:
    if name in {"date", "published"}:
        return edtf_date(text)
    if name == "kind" and text not in get_args(Kind):
        raise ValueError(f"{text!r} is not one of {', '.join(get_args(Kind))}")
    if name == "url" and not text.casefold().startswith(("http://", "https://")):
        raise ValueError(f"{text!r} is not a web address; it must begin with http:// or https://")
    if name == "document_id":
        return "/".join(slug(part) for part in text.split("/"))
    if name == "type":
        return _type(text)
    return text or None


def _type(text: str) -> str | None:
    """Return CSL's name of a type of item, also of one that is said in Zotero's words or in short.

    Raises `ValueError` for what is none.

    >>> [_type(text) for text in ("Book", "newspaper", "letter", "Journal article")]
    ['book', 'article-newspaper', 'personal_communication', 'article-journal']
    """
    plain = "-".join(text.casefold().replace("_", " ").replace("-", " ").split())
    known = {name.replace("_", "-"): name for name in sorted(CSL_TYPES)}
    short = {name.removeprefix("article-"): name for name in known if name.startswith("article-")}
    zotero = {theirs.casefold(): ours for ours, theirs in ZOTERO_TYPES.items()}
    found = known.get(plain) or short.get(plain) or zotero.get(plain.replace("-", ""))
    if not text or found:
        return found
    near = get_close_matches(plain, known, n=1)
    meant = f"did you mean {known[near[0]]}?" if near else f"known: {', '.join(known.values())}"
    raise ValueError(f"{text[:60]!r} is not a type of publication; {meant}")


_OWN = ("kind", "citation", "rights", "document_id", "creator", "date", "url")
"""Fields of ours that CSL does not know and that may stand in an item all the same."""
_VARIABLES = {
    "type": "type",
    "container": "container-title",
    "volume": "volume",
    "issue": "issue",
    "number": "number",
    "publisher": "publisher",
    "place": "publisher-place",
}
_MARKS = frozenset(
    ["author", "issued", "original-date", "URL", "container-title", "publisher-place"]
)


def _is_csl(content: Any) -> bool:
    """Return whether this is CSL-JSON: a list of items, or one item."""
    if isinstance(content, list):
        return True
    return isinstance(content, dict) and any(name in content for name in _MARKS)


def plain_fields(content: Any) -> Mapping[str, Any]:
    """Return the fields of the one item; raises `ValueError` if there is not just one.

    >>> plain_fields([{"title": "A", "issued": {"date-parts": [[1964, 11]]}}])
    {'title': 'A', 'date': '1964-11'}
    """
    items = content if isinstance(content, list) else [content]
    if len(items) != 1 or not isinstance(items[0], dict):
        raise ValueError(
            f"it holds {len(items)} items of CSL-JSON where one is expected; export the one "
            "item that describes the file"
        )
    item = items[0]
    custom = item.get("custom")
    own = {**(custom if isinstance(custom, dict) else {}), **item}
    exact = own["edtf"] if isinstance(own.get("edtf"), dict) else {}
    dates = {name: exact.get(name) or _date(item.get(name)) for name in ("original-date", "issued")}
    found = {
        "title": item.get("title"),
        "creator": _people(item.get("author")),
        # The date on which a letter was written, not that of the reprint.
        "date": dates["original-date"] or dates["issued"],
        "url": item.get("URL"),
        "editors": _people(item.get("editor")),
        "published": dates["issued"] if dates["original-date"] else None,
    } | {name: item.get(variable) for name, variable in _VARIABLES.items()}
    found |= {name: own[name] for name in _OWN if name in own}
    return {name: value for name, value in found.items() if value is not None}


_PARTICLES = ("dropping-particle", "non-dropping-particle")


def _people(authors: Any) -> Any:
    """Return the names as one text; what is no list of names is left for the check."""
    if not isinstance(authors, list):
        return authors
    names = []
    for author in authors:
        if not isinstance(author, dict):
            return authors
        family = [author.get(part) for part in (*_PARTICLES, "family")]
        known = {
            "family": " ".join(str(part) for part in family if part),
            "given": str(author.get("given") or ""),
            "suffix": str(author.get("suffix") or ""),
        }
        literal = author.get("literal")
        names.append(join_name({"literal": str(literal)} if literal else known))
    return " and ".join(name for name in names if name) or None


def _date(dated: Any) -> Any:
    """Return a CSL date as EDTF text; what is none is left for the check."""
    if not isinstance(dated, dict):
        return dated
    parts = dated.get("date-parts")
    if "edtf" in dated or not isinstance(parts, list) or not parts:
        return dated.get("edtf") or dated.get("raw") or dated.get("literal")
    mark = "~" if dated.get("circa") else ""
    return "/".join(f"{_hyphened(part)}{mark}" for part in parts)


def _hyphened(part: Any) -> str:
    if not isinstance(part, list):
        return str(part)
    return "-".join(
        str(number).zfill(4 if at == 0 else 2) for at, number in enumerate(part) if number
    )
