"""What the header of a TEI file says: the volume, its editors and how it is cited."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.datatypes import Collection, Publication
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
    publication: Publication


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
    return Volume(path, collection, _publication(root, collection.title))


def _publication(root: _Element, title: str) -> Publication:
    """Return who edited and published a volume."""
    statement = next(root.iter("{*}titleStmt"), None)
    editors = [] if statement is None else list(statement.iter("{*}editor"))
    primary = [editor for editor in editors if editor.get("role") == "primary"] or editors
    publisher = header_text(root, "publicationStmt", "publisher") or ""
    return Publication(
        type="chapter",
        container=title,
        editors=tuple(name for name in map(one_line, primary) if name),
        publisher=publisher.replace("United States Government Printing", "Government Printing"),
        place=header_text(root, "publicationStmt", "pubPlace") or "",
        published=header_text(root, "publicationStmt", "date") or "",
    )


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
