"""Dossiers: the answers of a conversation, to read and hand on, or for a reference manager.

    from rag.dossier import FORMATS, export
    written = export([answer], ".md", made=datetime.now(UTC), index=finder.facts())

Answers in, bytes out: nothing here searches, and nothing is asserted that is not in the
answers. `FORMATS` has the known extensions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rag.datatypes import Answer, IndexFacts
from rag.dossier.blocks import DossierBlock, to_html, to_markdown
from rag.dossier.content import cited_in, dossier, in_style, style_of
from rag.dossier.csl import NO_NOTES, Item, Notes, bibtex, csl_items, place, ris
from rag.dossier.pdf import to_pdf
from rag.dossier.word import to_word
from rag.dossier.zotero import zotero_rdf
from rag.errors import QuestionError
from rag.language import stop_words, words

__all__ = [
    "FORMATS",
    "Format",
    "Notes",
    "cited_in",
    "export",
    "file_name",
    "form_of",
    "in_style",
    "place",
    "style_of",
]

_SUBJECT_WORDS = 6
"""How many words of the first claim name a file."""
_SUBJECT_CHARS = 60
"""File systems take names of 255 bytes; a letter may be four of them."""


@dataclass(frozen=True, slots=True)
class Format:
    """A form of export. Just one of the two writers is there: the dossier's, which writes
    blocks to read, or that of its sources alone, for reference managers."""

    title: str
    media_type: str
    of_blocks: Callable[[Iterable[DossierBlock]], str | bytes] | None = None
    of_items: Callable[[Iterable[Item]], str] | None = None


def _csl_json(items: Iterable[Item]) -> str:
    return json.dumps(list(map(_of_schema, items)), ensure_ascii=False, indent=1) + "\n"


def _of_schema(item: Item) -> Item:
    """Return an item as the schema of CSL-JSON has it: what a date's parts do not say is told
    beside them, among what is the program's own ("custom")."""
    told, exact = dict(item), {}
    for name in ("issued", "original-date"):
        if "edtf" in (dated := item.get(name, {})):
            exact[name] = dated["edtf"]
            told[name] = {part: value for part, value in dated.items() if part != "edtf"}
    return told | {"custom": {"edtf": exact, **item["custom"]}} if exact else item


FORMATS: Mapping[str, Format] = {
    ".md": Format("Markdown", "text/markdown", of_blocks=to_markdown),
    ".html": Format("HTML", "text/html", of_blocks=to_html),
    ".pdf": Format("PDF", "application/pdf", of_blocks=to_pdf),
    ".docx": Format(
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        of_blocks=to_word,
    ),
    ".rdf": Format("Zotero", "application/rdf+xml", of_items=zotero_rdf),
    ".bib": Format("BibTeX", "application/x-bibtex", of_items=bibtex),
    ".ris": Format("RIS", "application/x-research-info-systems", of_items=ris),
    ".json": Format("CSL-JSON", "application/vnd.citationstyles.csl+json", of_items=_csl_json),
}
"""What can be exported, by the extension of the file."""


def form_of(extension: str) -> Format:
    """Return the format of an extension (".md"); raises `QuestionError` with the known ones."""
    form = FORMATS.get(extension.lower())
    if form is None:
        known = ", ".join(f"{name} ({form.title})" for name, form in FORMATS.items())
        raise QuestionError(f"A dossier cannot be written as {extension!r}. Known: {known}.")
    return form


def export(
    answers: Sequence[Answer],
    extension: str,
    *,
    made: datetime,
    index: IndexFacts | Sequence[IndexFacts],
    notes: Notes = NO_NOTES,
    style: str = "",
) -> bytes:
    """Return the file of a conversation in the format of `extension`; errors as in `form_of`.

    `made`: when, with its time zone; `index`: which the answers came from, or several; `notes`:
    what the reader has noted on quotations, by their places (`place`). `style`: the name of the
    citations' style (see `rag.dossier.content`), "" for what each archive asks for.
    """
    form = form_of(extension)
    answers = [in_style(answer, style) for answer in answers]
    indexes = [index] if isinstance(index, IndexFacts) else index
    if form.of_items is not None:
        written: str | bytes = form.of_items(csl_items(answers, notes))
    else:
        assert form.of_blocks is not None
        written = form.of_blocks(
            dossier(answers, made, indexes, notes, style_of(style) if style else None)
        )
    return written if isinstance(written, bytes) else written.encode("utf-8")


def file_name(answers: Sequence[Answer], extension: str) -> str:
    """Return a name for a file of a conversation: the telling words of its first claim, or of
    what was asked where there is none.

    >>> file_name([Answer("Monroe told Europe to stay out of the Americas", ())], ".docx")
    'monroe-told-europe-stay-americas.docx'
    """
    claims = [finding.claim.shown for answer in answers for finding in answer.findings]
    about = (claims or [answer.question for answer in answers] or [""])[0]
    telling = [word for word in words(about) if word not in stop_words()] or words(about)
    subject = "-".join(telling[:_SUBJECT_WORDS])[:_SUBJECT_CHARS].strip("-")
    return f"{subject or 'source-finder'}{extension}"
