"""What the header of a TEI file says: the volume, its editors and how it is cited."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection
from rag.ingest.names import file_title, printable, slug
from rag.ingest.readers.tei.elements import flow
from rag.ingest.shared.running import set_text

if TYPE_CHECKING:
    from lxml.etree import _Element

HISTORY = "https://history.state.gov/historicaldocuments"
PUBLIC_DOMAIN = "Public domain (work of the US government)"


@dataclass(frozen=True, slots=True)
class Volume:
    """The volume that a document stands in."""

    path: Path
    collection: Collection
    citation: str


def read_volume(path: Path, root: _Element, given: Collection) -> Volume:
    """Return what the header says of a volume: a collection of its own."""
    number = header_text(root, "publicationStmt", "idno", type="frus")
    title = header_text(root, "titleStmt", "title", type="complete") or header_text(
        root, "titleStmt", "title"
    )
    of_frus = bool(number) or path.stem.startswith("frus")
    name = slug(number or path.stem)
    collection = Collection(
        collection_id=name,
        title=title or file_title(path),
        rights=PUBLIC_DOMAIN if of_frus else given.rights,
        url=f"{HISTORY}/{name}" if of_frus else given.url,
    )
    return Volume(path, collection, _volume_citation(root, collection.title))


def _volume_citation(root: _Element, title: str) -> str:
    """Return a volume's citation in the style that the Office of the Historian asks for."""
    statement = next(root.iter("{*}titleStmt"), None)
    editors = [] if statement is None else list(statement.iter("{*}editor"))
    primary = [editor for editor in editors if editor.get("role") == "primary"] or editors
    names = [name for name in map(one_line, primary) if name]
    place = header_text(root, "publicationStmt", "pubPlace")
    publisher = header_text(root, "publicationStmt", "publisher")
    imprint = ": ".join(part for part in (place, publisher) if part)
    imprint = imprint.replace("United States Government Printing", "Government Printing")
    year = header_text(root, "publicationStmt", "date")
    published = ", ".join(part for part in (imprint, year) if part)
    by = f", {'ed.' if len(names) == 1 else 'eds.'} {_listed(names)}" if names else ""
    return f"{title}{by} ({published})" if published else f"{title}{by}"


def _listed(names: list[str]) -> str:
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"


def header_text(root: _Element, statement: str, name: str, **attributes: str) -> str | None:
    """Return the first such element's text in a statement of the header, if there is any."""
    for part in root.iter(f"{{*}}{statement}"):
        for element in part.iter(f"{{*}}{name}"):
            if all(element.get(key) == value for key, value in attributes.items()):
                text = one_line(element)
                if text:
                    return text
    return None


def one_line(element: _Element) -> str:
    """Return an element's text on one line, its notes left out."""
    return printable(set_text(flow(element)).text)
