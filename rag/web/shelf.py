"""The corpus as HTML: what is indexed, the reader's own files, and the work on the index."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rag.build.corpus_files import SourceFile
from rag.datatypes import BuildReport, Holding, Kind
from rag.dates import describe_dates
from rag.ingest.names import shown
from rag.live import CALLED_OFF, Work
from rag.searching import DocumentLine
from rag.web.markup import button, fold, link, notes
from rag.web.templating import render
from rag.wording import KIND_WORDS, counted, escape, scanned_words

MOST_FILES = 500
"""Files that are listed; a folder with more is for the command line."""

MOST_DOCUMENTS = 20
"""Documents that are listed; the others are found by their words."""

FILES_ON_THE_WAY = 6
"""Files whose way into the index is shown; there may be thousands."""

MEANWHILE = "Go on asking meanwhile; answers get better by themselves."

FIELD_WORDS = {
    "title": "Title",
    "creator": "Author",
    "date": "Date (14 February 1845, 1964-11 or 1964)",
    "url": "Address of the source on the web",
    "citation": "How to cite it",
    "rights": "Rights",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the corpus holds and what became of the reader's files in the last build."""

    holdings: Sequence[Holding]
    documents: Sequence[DocumentLine]
    files: Sequence[SourceFile]
    reasons: Mapping[str, str]
    """Why a file could not be read, by its path."""
    library: str = ""
    """Where there is a Zotero library that could be added, "" for none."""


@dataclass(frozen=True, slots=True)
class Form:
    """The description of a file that is being changed, `file` "" for none: what is wrong with it,
    what was typed (None: nothing yet), and what is `proposed` for fields that nobody has filled
    in."""

    file: str = ""
    problem: str = ""
    typed: Mapping[str, str] | None = None
    proposed: Mapping[str, str] = field(default_factory=dict)


def reasons_of(report: BuildReport | None) -> dict[str, str]:
    """Return why files were left out in a build, by path."""
    if report is None:
        return {}
    copies = {copy.path: f"The same as {copy.same_as}, indexed once." for copy in report.copies}
    return copies | {skipped.path: skipped.reason for skipped in report.skipped}


def render_shelf(shelf: Shelf, form: Form, *, finding: str = "") -> str:
    """Return the corpus: the collections, the documents, `finding` those with some words in what
    is known of them, then the files, one of them with its `form`."""
    return (
        '<div class="sf-frame sf-shelf">'
        f'<h2 id="sf-indexed">What is searched</h2>{_collections(shelf)}'
        f"{_documents(shelf, finding)}"
        f'<h2 id="sf-files">Your files</h2>{_files(shelf, form)}'
        '<p class="sf-actions"><button type="button" class="sf-act" data-act="rebuild">'
        f"Update the index</button>{_offered(shelf)}</p></div>"
    )


def _offered(shelf: Shelf) -> str:
    return button("Add my Zotero library", "add-zotero") if shelf.library else ""


def _collections(shelf: Shelf) -> str:
    documents: defaultdict[str, list[DocumentLine]] = defaultdict(list)
    for document in shelf.documents:
        documents[document.collection].append(document)
    rows = "".join(_collection_row(home, documents[home.collection_id]) for home in shelf.holdings)
    names = ("Collection", "Documents", "Passages", "Dates", "Kind", "Rights")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<div class="sf-wide"><table class="sf-table" aria-labelledby="sf-indexed"><thead><tr>'
        f"{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _collection_row(home: Holding, documents: Sequence[DocumentLine]) -> str:
    kinds = Counter(document.kind for document in documents)
    named = ", ".join(KIND_WORDS[kind] for kind, _ in kinds.most_common())
    title = link(home.url, home.title) or escape(home.title)
    dates = home.years or "undated"
    passages = sum(document.passages for document in documents)
    return (
        f'<tr><th scope="row" dir="auto">{title}</th><td>{home.documents:,}</td>'
        f"<td>{passages:,}</td><td>{dates}</td><td>{escape(named)}</td>"
        f'<td dir="auto">{escape(home.rights)}</td></tr>'
    )


def _documents(shelf: Shelf, finding: str) -> str:
    """Return the documents that can be opened: the first of them, or those that are looked for."""
    wanted = finding.casefold().split()
    found = [d for d in shelf.documents if all(w in _known(d) for w in wanted)]
    return render(
        "documents.html",
        finding=finding,
        documents=found[:MOST_DOCUMENTS],
        more=len(found) - MOST_DOCUMENTS,
        any=bool(shelf.documents),
    )


def _known(document: DocumentLine) -> str:
    parts = (document.title, document.creator, document.date, document.document_id)
    return " ".join(part for part in parts if part).casefold()


def _files(shelf: Shelf, form: Form) -> str:
    if not shelf.files:
        return notes(
            ["None yet. Drop some below: PDF, TEI, EPUB, Word, HTML, text, or a zip of these."]
        )
    by_origin: defaultdict[str, list[DocumentLine]] = defaultdict(list)
    for document in shelf.documents:
        by_origin[document.origin].append(document)
    items = "".join(
        _file(file, by_origin, shelf.reasons, form) for file in shelf.files[:MOST_FILES]
    )
    more = len(shelf.files) - MOST_FILES
    rest = [f"{counted(more, 'more file', 'more files')} in the folder"] if more > 0 else []
    return f'<ul class="sf-files" aria-labelledby="sf-files">{items}</ul>{notes(rest)}'


def _file(
    file: SourceFile,
    by_origin: Mapping[str, Sequence[DocumentLine]],
    reasons: Mapping[str, str],
    asked: Form,
) -> str:
    path = shown(file.path)
    documents = by_origin.get(path, ())
    state, words = _state(documents, reasons.get(path, ""))
    actions = button("Describe", "describe", {"file": file.name}, label=f"Describe {file.name}")
    sure = f"Take {file.name} out of the corpus? It is moved to the folder corpus/removed."
    actions += (
        f'<button type="button" class="sf-act" aria-label="Remove {escape(file.name)}" '
        f'data-act="remove" data-file="{escape(file.name)}" data-sure="{escape(sure)}">'
        "Remove</button>"
    )
    form = ""
    if file.name == asked.file:
        form = _description(file, documents, asked)
    return (
        f'<li class="sf-file sf-file-{state}"><p class="sf-actions"><span class="sf-name" '
        f'dir="auto">{escape(file.name)}</span><span class="sf-quiet">{_size(file.bytes)}</span>'
        f'{actions}</p><p class="sf-state" dir="auto">{escape(words)}</p>{form}</li>'
    )


def _state(documents: Sequence[DocumentLine], reason: str) -> tuple[str, str]:
    if reason:
        return "failed", reason
    if not documents:
        return "waiting", "Not in the index yet: update it."
    passages = counted(sum(d.passages for d in documents), "passage", "passages")
    total = counted(len(documents), "document", "documents")
    [first, *others] = documents
    named = "" if others else f": {first.title}"
    dates = describe_dates([d.date for d in documents]) or "undated"
    words = f"Indexed as {total}{named} ({dates}, {passages})"
    sure = [d.ocr_confidence for d in documents if d.ocr_confidence is not None]
    if sure:
        words += f"; {scanned_words(min(sure))}"
    return "indexed", f"{words}."


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{max(size // 1000, 1):,} kB"


def _description(file: SourceFile, documents: Sequence[DocumentLine], form: Form) -> str:
    """Return the form for a file's description: what the reader has typed, where that could not be
    saved, else what is written beside the file and, where that says nothing, what is proposed."""
    guess = documents[0] if len(documents) == 1 else None
    said = {name: getattr(file.about, name) for name in (*FIELD_WORDS, "kind")}
    proposed = {name: words for name, words in form.proposed.items() if not said[name]}
    return render(
        "describe.html",
        file=file,
        problem=form.problem,
        wrong=[name for name in FIELD_WORDS if re.search(rf"\b{name}\b", form.problem)],
        values=said | proposed if form.typed is None else form.typed,
        proposed=list(proposed) if form.typed is None else [],
        guesses={name: getattr(guess, name, None) for name in FIELD_WORDS},
        field_words=FIELD_WORDS,
        kinds=[(kind, KIND_WORDS[kind]) for kind in get_args(Kind) if kind != "unknown"],
    )


def render_work(work: Work | None) -> str:
    """Return how the work on the index goes, "" where none was done."""
    if work is None:
        return ""
    if not work.ended:
        return _under_way(work)
    if work.problem == CALLED_OFF:
        return notes([f"{work.title}: {CALLED_OFF}"])
    if work.problem:
        return (
            f'<div class="sf-work sf-work-failed" role="alert"><p>{escape(work.title)} failed. '
            f"{escape(work.problem)}</p></div>"
        )
    return (
        f'<div class="sf-work" role="status"><p>{escape(_ended(work))}</p>{_left_out(work)}</div>'
    )


def _under_way(work: Work) -> str:
    known = bool(work.total)
    value = f' value="{work.done}" max="{work.total}"' if known else ""
    so_far = f"{work.done:,} of {work.total:,}" if known else f"{work.done:,}" * bool(work.done)
    stage = f"{work.stage or 'Starting'} {so_far}".strip()
    return (
        f'<div class="sf-work" role="status"><p>{escape(work.title)}: {escape(stage)}. '
        f"{MEANWHILE}</p>"
        f'<progress aria-label="{escape(work.title)}"{value}></progress>{_on_the_way(work)}'
        f'<p class="sf-actions">{button("Stop this", "cancel")}</p></div>'
    )


def _on_the_way(work: Work) -> str:
    """Return the files that had to be read, the last begun first, and how far each has come."""
    read = "read" if work.stage == "Reading files" else f"read; {work.stage.casefold()}"
    items = "".join(
        f'<li dir="auto">{escape(Path(path).name)}: '
        f"{escape(read if state == 'read' else state)}</li>"
        for path, state in list(work.files.items())[: -FILES_ON_THE_WAY - 1 : -1]
    )
    more = len(work.files) - FILES_ON_THE_WAY
    rest = notes([f"and {counted(more, 'file', 'files')} before"]) if more > 0 else ""
    return f"<ul>{items}</ul>{rest}" if items else ""


def _ended(work: Work) -> str:
    report = work.report
    assert report is not None
    changes = [
        counted(len(ids), f"document {words}", f"documents {words}")
        for ids, words in (
            (report.added, "added"),
            (report.changed, "changed"),
            (report.removed, "removed"),
        )
        if ids
    ]
    what = ", ".join(changes) or "nothing has changed"
    return f"{work.title}: done; {what}. {report.documents:,} documents are searched now."


def _left_out(work: Work) -> str:
    assert work.report is not None
    skipped = work.report.skipped
    items = "".join(f'<li dir="auto">{escape(s.reason)}</li>' for s in skipped)
    label = counted(len(skipped), "file was left out", "files were left out")
    content = f"<ul>{items}</ul>" if items else ""
    return fold(f"{label}, and why", content, opened=len(skipped) <= 5)  # a few are read at once
