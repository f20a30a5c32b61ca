"""Citations and bibliographies in the styles of CSL, formatted by citeproc-py.

Those named in `STYLES` are written here for the kinds of source that there are: under citeproc-py
the official ones print initials for given names and put commas after quotation marks; see
docs/decisions/dossier.md. Any other is named by its file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.citation import located
from rag.datatypes import Answer, Evidence
from rag.dossier.blocks import Run, Runs
from rag.dossier.csl import Item, csl_item
from rag.errors import QuestionError
from rag.wording import legible

_PRINTED = (
    *("id", "type", "title", "author", "issued", "original-date", "container-title", "editor"),
    *("volume", "issue", "number", "publisher", "publisher-place", "archive", "archive_location"),
    "URL",
)


@dataclass(frozen=True, slots=True)
class Style:
    """A style and the file that has it."""

    title: str
    path: Path


def _own(title: str, name: str) -> Style:
    return Style(title, Path(__file__).with_name(name))


CHICAGO = _own("Chicago", "chicago.csl")
STYLES: Mapping[str, Style] = {
    "chicago": CHICAGO,
    "mla": _own("MLA", "mla.csl"),
    "apa": _own("APA", "apa.csl"),
}
"""The styles that are known by name."""


def style_of(name: str) -> Style:
    """Return a style by its name, or by its file; raises `QuestionError` where it is neither."""
    if known := STYLES.get(name.casefold()):
        return known
    path = Path(name).expanduser()
    if path.suffix == ".csl" and path.is_file():
        return Style(path.stem, path)
    raise QuestionError(
        f"There is no citation style {name!r}. Known: {', '.join(STYLES)}; any other by the path "
        "of its CSL file, such as zotero.org/styles offers."
    )


class Citations:
    """Cites documents given as CSL items. `note` for a place, `bibliography` for all."""

    def __init__(self, items: Iterable[Item], style: Style = CHICAGO) -> None:
        from citeproc import CitationStylesBibliography, CitationStylesStyle, formatter
        from citeproc.source.json import CiteProcJSON

        given = list(items)
        # citeproc-py folds the case of ids, which two of ours may differ in.
        self._keys = {item["id"]: f"item-{number}" for number, item in enumerate(given)}
        source = CiteProcJSON([_printed(item) | {"id": self._keys[item["id"]]} for item in given])
        try:
            read = CitationStylesStyle(str(style.path), validate=False)  # a test validates ours
        except Exception as error:
            raise QuestionError(
                f"{style.path} cannot be read as a citation style: {error}. Take an independent "
                "style of CSL 1.0."
            ) from error
        self.in_text = read.root.get("class") == "in-text"
        """Whether the style cites in brackets within the text, and needs a list of sources."""
        self._made = CitationStylesBibliography(read, source, formatter.html)
        for key in self._keys.values():
            self._registered(key)

    def note(self, document_id: str, locator: str) -> Runs:
        """Return the note that cites a place in a document, "" for the whole of it."""
        cited = self._registered(self._keys[document_id], locator)
        return _runs(str(self._made.cite(cited, _unknown)))

    def bibliography(self) -> tuple[Runs, ...]:
        """Return an entry for each document, sorted as the style has it."""
        self._made.sort()
        return tuple(_runs(str(entry)) for entry in self._made.bibliography())

    def _registered(self, key: str, place: str = "") -> Any:
        from citeproc import Citation, CitationItem, Locator

        located = {"locator": Locator("page", place)} if place else {}
        citation = Citation([CitationItem(key, **located)])
        self._made.register(citation)
        return citation


def in_style(answer: Answer, name: str) -> Answer:
    """Return an answer with its citations in a style (see `style_of`); with "", as each archive
    asks for them. What a person wrote as the citation stays."""
    if not name:
        return answer
    return replace(
        answer,
        findings=tuple(
            replace(
                finding,
                evidence=tuple(cited_in(style_of(name), one) for one in finding.evidence),
                nearest=tuple(cited_in(style_of(name), one) for one in finding.nearest),
            )
            for finding in answer.findings
        ),
    )


def cited_in(style: Style, evidence: Evidence) -> Evidence:
    """Return a passage with its citation in a style. Where that cites in the text, it is the entry
    of the list of sources, and the brackets for the text."""
    if evidence.catalogued:
        return evidence
    item = json.dumps(csl_item(evidence))
    citation = located(
        _whole(style, item, legible(evidence.locator)),
        "",
        ocr=evidence.ocr_confidence is not None,
        described_by=evidence.publication.described_by,
    )
    return replace(evidence, citation=citation)


@lru_cache(maxsize=2048)
def _whole(style: Style, item: str, locator: str) -> str:
    document = json.loads(item)
    made = Citations([document], style)
    note = _words(made.note(document["id"], locator))
    if not made.in_text:
        return note
    [entry] = made.bibliography()
    return f"{_words(entry)} In the text: {note}."


def _words(runs: Runs) -> str:
    return "".join(run.text for run in runs)


def _printed(item: Item) -> Item:
    """Return what of an item a style prints, with quotation marks as inner ones."""
    shown = {name: item[name] for name in _PRINTED if name in item}
    inner = str(item["title"]).replace("“", "‘").replace("”", "’").rstrip(".")
    return shown | {"title": inner}


def _unknown(item: Any) -> None:
    raise KeyError(item.key)


def _runs(markup: str) -> Runs:
    """Return citeproc's HTML as runs; of its marks, italics alone are kept."""
    from lxml import html

    root = html.fragment_fromstring(f"<p>{markup}</p>")
    runs = [Run(root.text or "")]
    for element in root:
        runs += [Run(element.text_content(), italic=element.tag == "i"), Run(element.tail or "")]
    return tuple(run for run in runs if run.text)
