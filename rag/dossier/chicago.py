"""Notes and bibliography in the style of the Chicago Manual, formatted by citeproc-py.

The style is `chicago.csl`, written for the kinds of source that there are here. Under
citeproc-py the official style prints initials for given names and puts commas after
quotation marks; see docs/decisions/dossier.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rag.dossier.blocks import Run, Runs
from rag.dossier.csl import Item

STYLE = Path(__file__).with_name("chicago.csl")
_PRINTED = (
    *("id", "type", "title", "author", "issued", "original-date", "container-title", "editor"),
    *("number", "publisher", "publisher-place", "archive", "archive_location", "URL"),
)


class Chicago:
    """Cites documents given as CSL items. `note` for a place, `bibliography` for all."""

    def __init__(self, items: Iterable[Item]) -> None:
        from citeproc import CitationStylesBibliography, CitationStylesStyle, formatter
        from citeproc.source.json import CiteProcJSON

        given = list(items)
        # citeproc-py folds the case of ids, which two of ours may differ in.
        self._keys = {item["id"]: f"item-{number}" for number, item in enumerate(given)}
        source = CiteProcJSON([_printed(item) | {"id": self._keys[item["id"]]} for item in given])
        style = CitationStylesStyle(str(STYLE), validate=False)  # a test validates it
        self._made = CitationStylesBibliography(style, source, formatter.html)
        for key in self._keys.values():
            self._registered(key)

    def note(self, document_id: str, locator: str) -> Runs:
        """Return the note that cites a place in a document, "" for the whole of it."""
        cited = self._registered(self._keys[document_id], locator)
        return _runs(str(self._made.cite(cited, _unknown)))

    def bibliography(self) -> tuple[Runs, ...]:
        """Return an entry for each document, sorted by author and title."""
        self._made.sort()
        return tuple(_runs(str(entry)) for entry in self._made.bibliography())

    def _registered(self, key: str, place: str = "") -> Any:
        from citeproc import Citation, CitationItem, Locator

        located = {"locator": Locator("page", place)} if place else {}
        citation = Citation([CitationItem(key, **located)])
        self._made.register(citation)
        return citation


def _printed(item: Item) -> Item:
    """Return what of an item the style prints, with quotation marks as inner ones."""
    shown = {name: item[name] for name in _PRINTED if name in item}
    inner = str(item["title"]).replace("“", "‘").replace("”", "’").rstrip(".")
    return shown | {"title": inner}


def _unknown(item: Any) -> None:
    raise KeyError(item.key)


def _runs(markup: str) -> Runs:
    """Return citeproc's HTML, which marks italics and nothing else, as runs."""
    from lxml import html

    root = html.fragment_fromstring(f"<p>{markup}</p>")
    runs = [Run(root.text or "")]
    for element in root:
        runs += [Run(element.text_content(), italic=True), Run(element.tail or "")]
    return tuple(run for run in runs if run.text)
