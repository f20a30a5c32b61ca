"""What a reader does to the corpus: add files and collections, describe, remove and rebuild.

Nothing here knows Gradio. Each action changes the folder of sources or begins a rebuild and
returns the corpus as HTML; what went wrong is told in it.
"""

from __future__ import annotations

import calendar
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args

from rag.accounts import Audit
from rag.build.corpus_files import (
    REMOVED,
    SourceFile,
    add_file,
    bring_back_file,
    describe_file,
    remove_file,
    removed_files,
    source_files,
)
from rag.catalog import find_entry
from rag.config import DEFAULT_INDEX
from rag.datatypes import Holding, Kind
from rag.dates import describe_dates
from rag.errors import IndexBusy, SourceFinderError
from rag.ingest.names import shown
from rag.ingest.sidecar import FIELDS, PUBLISHED
from rag.ingest.zotero import is_library
from rag.language import times
from rag.live import CALLED_OFF, LiveFinder, Work
from rag.reading.text import propose
from rag.searching import DocumentLine
from rag.web.markup import button, fold, link, notes, render
from rag.wording import KIND_WORDS, counted, escape, scanned_words

_MOST_FILES = 500
"""Files that are listed; a folder with more is for the command line."""

_MOST_DOCUMENTS = 10
"""Documents that are listed; the others are found by their words."""

_MOST_NOTES = 20
"""Notes of a build that are listed."""

_FILES_ON_THE_WAY = 6
"""Files whose way into the index is shown; there may be thousands."""

_TAKEN_UP = "This will be included as soon as the current update ends."
_MEANWHILE = "You can keep asking meanwhile; answers improve by themselves."

_FIELD_WORDS = {
    "title": "Title",
    "creator": "Author",
    "date": "Date (14 February 1845, 1964-11 or 1964)",
    "url": "Address of the source on the web",
    "citation": "How to cite it",
    "rights": "Rights",
}


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What the corpus holds and what became of the reader's files in the last build."""

    holdings: Sequence[Holding]
    documents: Sequence[DocumentLine]
    files: Sequence[SourceFile]
    reasons: Mapping[str, str]
    """Why a file could not be read, by its path."""
    noted: Mapping[str, Sequence[str]]
    """What was noted when a document was read, by its id."""
    removed: Sequence[SourceFile]
    library: str = ""
    """Where there is a Zotero library that could be added, "" for none."""


@dataclass(frozen=True, slots=True)
class _Form:
    """The description of a file that is being changed, `file` "" for none: what is wrong with it,
    what was typed (None: nothing yet), and what is `proposed` for fields that nobody has filled
    in."""

    file: str = ""
    problem: str = ""
    typed: Mapping[str, str] | None = None
    proposed: Mapping[str, str] = field(default_factory=dict)


def _reasons_of(live: LiveFinder) -> dict[str, str]:
    """Return why files were left out in the last build, by path."""
    report = live.work.report if live.work else None
    if report is None:
        return {}
    reasons = {copy.path: f"A copy of {copy.same_as}, indexed once." for copy in report.copies}
    reasons |= {skipped.path: skipped.reason for skipped in report.skipped}
    return {path: _within_folders(live, reason) for path, reason in reasons.items()}


def _notes_of(live: LiveFinder) -> dict[str, list[str]]:
    """Return what was noted of documents in the last build, by their ids."""
    report = live.work.report if live.work else None
    noted: defaultdict[str, list[str]] = defaultdict(list)
    for line in report.notes if report else ():
        name, _, note = line.partition(": ")
        noted[name].append(_within_folders(live, note))
    return noted


def _within_folders(live: LiveFinder, text: str) -> str:
    """Return a message with files named as they lie in the folders of the corpus: where these are
    on the server is nothing to those who read."""
    folders = [*live.sources(), str(live.settings.sources), str(live.settings.home)]
    for folder in sorted(filter(os.path.isabs, folders), key=len, reverse=True):
        text = text.replace(f"{folder.rstrip(os.sep)}{os.sep}", "")
    return text


def _render_shelf(shelf: _Shelf, form: _Form, *, finding: str = "", away: str = "") -> str:
    """Return the corpus: the collections, the documents, `finding` those with some words in what
    is known of them, then the files, one of them with its `form`, and those that were removed,
    `away` just now."""
    return (
        f'<div class="sf-frame sf-shelf" tabindex="-1">{_just_removed(away)}'
        f'<h2 id="sf-indexed">What is searched</h2>{_collections(shelf)}'
        f"{_documents(shelf, finding)}"
        f'<h2 id="sf-files">Your files</h2>{_files(shelf, form)}'
        '<p class="sf-actions"><button type="button" class="sf-act" data-act="rebuild">'
        f"Update the index</button>{_offered(shelf)}</p>{_removed(shelf)}</div>"
    )


def _just_removed(name: str) -> str:
    if not name:
        return ""
    told = f"{name} was removed. It still appears in answers until the index is updated."
    back = button("Undo", "bring-back", {"file": name})
    return (
        '<div class="sf-work" role="status"><p class="sf-actions">'
        f'<span dir="auto">{escape(told)}</span>{back}</p></div>'
    )


def _removed(shelf: _Shelf) -> str:
    """Return what was removed, to be brought back."""
    items = "".join(
        f'<li class="sf-file"><p class="sf-actions"><span dir="auto">{escape(file.name)}</span>'
        f'<span class="sf-quiet">{_size(file.bytes)}</span>{_bring_back(file)}</p></li>'
        for file in shelf.removed[:_MOST_FILES]
    )
    kept = f"Kept in corpus/{REMOVED} until someone deletes them there."
    content = f'{notes([kept])}<ul class="sf-files">{items}</ul>' if items else ""
    return fold(f"Removed ({len(shelf.removed):,})", content)


def _bring_back(file: SourceFile) -> str:
    label = f"Bring back {file.name}"
    return button("Bring back", "bring-back", {"file": file.name}, label=label)


def _offered(shelf: _Shelf) -> str:
    return button("Add my Zotero library", "add-zotero") if shelf.library else ""


def _collections(shelf: _Shelf) -> str:
    documents: defaultdict[str, list[DocumentLine]] = defaultdict(list)
    for document in shelf.documents:
        documents[document.collection].append(document)
    rows = "".join(_collection_row(home, documents[home.collection_id]) for home in shelf.holdings)
    return f'<ul class="sf-files" aria-labelledby="sf-indexed">{rows}</ul>'


def _collection_row(home: Holding, documents: Sequence[DocumentLine]) -> str:
    kinds = Counter(document.kind for document in documents)
    passages = sum(document.passages for document in documents)
    about = [
        counted(home.documents, "document", "documents"),
        counted(passages, "passage", "passages"),
        home.years or "undated",
        *(KIND_WORDS[kind] for kind, _ in kinds.most_common()),
    ]
    title = link(home.url, home.title) or escape(home.title)
    return (
        f'<li class="sf-file" dir="auto"><span class="sf-name">{title}</span>'
        f'<p class="sf-state">{escape(", ".join(about))}</p>'
        f'<p class="sf-rights">{escape(home.rights)}</p></li>'
    )


def _documents(shelf: _Shelf, finding: str) -> str:
    """Return the documents that can be opened: the first of them, or those that are looked for."""
    wanted = set(finding.casefold().split())
    known = ((d, _known(d)) for d in shelf.documents)
    found = [d for d, words in known if all(word in words for word in wanted)]
    return render(
        "documents.html",
        finding=finding,
        documents=found[:_MOST_DOCUMENTS],
        more=len(found) - _MOST_DOCUMENTS,
        any=bool(shelf.documents),
    )


def _known(document: DocumentLine) -> str:
    parts = (document.title, document.creator, document.date, document.document_id)
    return " ".join(part for part in parts if part).casefold()


def _files(shelf: _Shelf, form: _Form) -> str:
    if not shelf.files:
        return notes(
            ["None yet. Drop some below: PDF, TEI, EPUB, Word, HTML, text, or a zip of these."]
        )
    by_origin: defaultdict[str, list[DocumentLine]] = defaultdict(list)
    for document in shelf.documents:
        by_origin[document.origin].append(document)
    items = "".join(_file(file, by_origin, shelf, form) for file in shelf.files[:_MOST_FILES])
    more = len(shelf.files) - _MOST_FILES
    rest = [f"{counted(more, 'more file', 'more files')} in the folder"] if more > 0 else []
    return f'<ul class="sf-files" aria-labelledby="sf-files">{items}</ul>{notes(rest)}'


def _file(
    file: SourceFile,
    by_origin: Mapping[str, Sequence[DocumentLine]],
    shelf: _Shelf,
    asked: _Form,
) -> str:
    path = shown(file.path)
    documents = by_origin.get(path, ())
    state, words = _state(documents, shelf.reasons.get(path, ""))
    noted = notes(note for each in documents for note in shelf.noted.get(each.document_id, ()))
    actions = button("Describe", "describe", {"file": file.name}, label=f"Describe {file.name}")
    sure = f"Remove {file.name} from the corpus? You can bring it back."
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
        f'{actions}</p><p class="sf-state" dir="auto">{escape(words)}</p>{noted}{form}</li>'
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


def _description(file: SourceFile, documents: Sequence[DocumentLine], form: _Form) -> str:
    """Return the form for a file's description: what the reader has typed, where that could not be
    saved, else what is written beside the file and, where that says nothing, what is proposed."""
    guess = documents[0] if len(documents) == 1 else None
    said = {name: getattr(file.about, name) for name in (*_FIELD_WORDS, "kind")}
    proposed = {name: words for name, words in form.proposed.items() if not said[name]}
    return render(
        "describe.html",
        file=file,
        problem=form.problem,
        wrong=[name for name in _FIELD_WORDS if re.search(rf"\b{name}\b", form.problem)],
        values=said | proposed if form.typed is None else form.typed,
        proposed=list(proposed) if form.typed is None else [],
        guesses={name: getattr(guess, name, None) for name in _FIELD_WORDS},
        field_words=_FIELD_WORDS,
        kinds=[(kind, KIND_WORDS[kind]) for kind in get_args(Kind) if kind != "unknown"],
    )


def _render_work(live: LiveFinder) -> str:
    """Return how the work on the index goes, "" where none was done. What has ended can be put
    away (see page.js)."""
    work = live.work
    if work is None:
        return ""
    if not work.ended:
        return _under_way(work)
    kind, role, content = "", "status", ""
    if work.problem == CALLED_OFF:
        said = f"{work.title}: {CALLED_OFF}"
    elif work.problem:
        kind, role = " sf-work-failed", "alert"
        said = f"{work.title} failed. {_within_folders(live, work.problem)}"
    else:
        said, content = _ended(work), _left_out(live, work) + _noted(live, work)
    return (
        f'<div class="sf-work{kind}" role="{role}" data-ended="{live.began}"><p class="sf-actions">'
        f"<span>{escape(said)}</span>{button('Close', 'put-away')}</p>{content}</div>"
    )


def _under_way(work: Work) -> str:
    known = bool(work.total)
    value = f' value="{work.done}" max="{work.total}"' if known else ""
    so_far = f"{work.done:,} of {work.total:,}" if known else f"{work.done:,}" * bool(work.done)
    stage = f"{work.stage or 'Starting'} {so_far}".strip()
    return (
        f'<div class="sf-work" role="status"><p>{escape(work.title)}: {escape(stage)}. '
        f"{_MEANWHILE}</p>"
        f'<progress aria-label="{escape(work.title)}"{value}></progress>{_on_the_way(work)}'
        f'<p class="sf-actions">{button("Stop this", "cancel")}</p></div>'
    )


def _on_the_way(work: Work) -> str:
    """Return the files that had to be read, the last begun first, and how far each has come."""
    read = "read" if work.stage == "Reading files" else f"read; {work.stage.casefold()}"
    items = "".join(
        f'<li dir="auto">{escape(Path(path).name)}: '
        f"{escape(read if state == 'read' else state)}</li>"
        for path, state in list(work.files.items())[: -_FILES_ON_THE_WAY - 1 : -1]
    )
    more = len(work.files) - _FILES_ON_THE_WAY
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


def _left_out(live: LiveFinder, work: Work) -> str:
    assert work.report is not None
    skipped = work.report.skipped
    reasons = (_within_folders(live, each.reason) for each in skipped)
    items = "".join(f'<li dir="auto">{escape(reason)}</li>' for reason in reasons)
    label = counted(len(skipped), "file was left out", "files were left out")
    content = f"<ul>{items}</ul>" if items else ""
    return fold(f"{label}, and why", content, opened=len(skipped) <= 5)  # a few are read at once


def _noted(live: LiveFinder, work: Work) -> str:
    """Return what was noted of the documents that this build has read."""
    assert work.report is not None
    known = {document.document_id: document.title for document in live.current.index.listed()}
    noted = _notes_of(live)
    read = [name for name in (*work.report.added, *work.report.changed) if name in noted]
    lines = [f"{known.get(name, name)}: {note}" for name in read for note in noted[name]]
    items = "".join(f'<li dir="auto">{escape(line)}</li>' for line in lines[:_MOST_NOTES])
    if (more := len(lines) - _MOST_NOTES) > 0:
        items += f"<li>and {counted(more, 'more', 'more')}</li>"
    content = f"<ul>{items}</ul>" if items else ""
    label = counted(len(lines), "note on what was read", "notes on what was read")
    return fold(label, content, opened=len(lines) <= 5)


UPDATING = "Updating the index"
FOR_READING = (
    "This server is read-only: its corpus cannot be changed from here. Whoever runs it can "
    "change the corpus on the server's machine, or add accounts that may (source-finder users "
    "add NAME --may change)."
)
FOR_OTHERS = (
    "Your account may only ask. Whoever runs the server can let it change the corpus, too "
    "(source-finder users add NAME --may change --replace)."
)
_NOT_YOURS = "The Zotero library on the server's computer can only be added on that computer."
ACTS = frozenset(
    (
        *("describe", "described", "remove", "bring-back"),
        *("rebuild", "fetch-now", "cancel", "add-zotero"),
    )
)


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes the corpus. `name` is for the audit log, in which each change stands."""

    name: str
    audit: Audit
    signature: str = ""
    """How readers are told who described a document, "" on a server for oneself."""
    why_not: str = ""
    """Why nothing may be changed, "" where it may."""

    def note(self, what: str, **about: object) -> None:
        """Write a change down."""
        self.audit.note(self.name, what, **about)


def shelf(
    live: LiveFinder,
    *,
    describing: str = "",
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    finding: str = "",
    away: str = "",
) -> str:
    """Return the corpus as it is now, with the form for a file that is being described, the
    documents `finding` some words, and a file that is `away` since just now."""
    held = _Shelf(
        holdings=live.current.holdings() if live.ready else (),
        documents=live.current.index.listed() if live.ready else (),
        files=list(source_files(live.settings.sources)),
        reasons=_reasons_of(live),
        noted=_notes_of(live),
        removed=removed_files(live.settings.sources),
        library=_library(live),
    )
    proposed = _proposed(live, held, describing)
    form = _Form(describing, _within_folders(live, problem), typed, proposed)
    return _render_shelf(held, form, finding=finding, away=away)


def _library(live: LiveFinder) -> str:
    """Return where this computer's Zotero library is, as Zotero sets it up; "" where there is none,
    or it is searched already."""
    folder = Path.home() / "Zotero"
    offered = live.may_change and not live.elsewhere and is_library(folder)
    return str(folder) if offered and str(folder) not in live.sources() else ""


def _proposed(live: LiveFinder, held: _Shelf, describing: str) -> Mapping[str, str]:
    """Return what the file that is being described says of itself on its first page."""
    file = next((file for file in held.files if file.name == describing), None)
    inside = [line for line in held.documents if file and line.origin == shown(file.path)]
    if len(inside) != 1:
        return {}
    return propose(live.current.document(inside[0].document_id))


def work(live: LiveFinder, message: str = "") -> str:
    """Return how the work on the index goes, and a message of the moment."""
    told = notes([_within_folders(live, message)]) if message else ""
    return told + _render_work(live)


def add(live: LiveFinder, files: Iterable[tuple[str, Path]], editor: Editor) -> str:
    """Put files, each with its name, into the corpus and begin to index them; return what to
    tell, "" if all went well."""
    if editor.why_not:
        return editor.why_not
    told = []
    added = 0
    for name, path in files:
        try:
            kept = add_file(live.settings.sources, path, name, by=editor.signature)
            editor.note("added a file", file=kept.name, bytes=kept.stat().st_size)
            added += 1
        except (SourceFinderError, OSError) as error:
            told.append(f"{error}.")
    if added:
        told += _begin(live, UPDATING)
    return " ".join(told)


def act(live: LiveFinder, click: Mapping[str, Any], editor: Editor) -> tuple[str, str]:
    """Do what a click asks for (`ACTS`); return the corpus and what to tell."""
    name = click["act"]
    file = str(click.get("file") or "")
    if editor.why_not:
        return shelf(live, problem=editor.why_not), editor.why_not
    fields = {key: str(value) for key, value in click.items() if key not in ("act", "file")}
    if name == "describe":
        return shelf(live, describing=file), ""
    if name == "cancel":
        editor.note("stopped the work on the index", work=live.work.title if live.work else "")
        live.cancel()
        return shelf(live), ""
    if name == "add-zotero":
        return _with_library(live, editor)
    if name == "rebuild":
        editor.note("began to rebuild the index")
        return shelf(live), " ".join(_begin(live, UPDATING))
    try:
        if name == "fetch-now":
            entry = find_entry(str(click["id"]))
            editor.note("began to fetch", collection=entry.id)
            told = _begin(live, f"Adding {entry.title}", (entry.id,))
            return shelf(live), " ".join(told)
        if name == "remove":
            gone = remove_file(live.settings.sources, file)
            away = next(f.name for f in removed_files(live.settings.sources) if f.path == gone)
            editor.note("removed a file", file=file, now=away)
            return shelf(live, away=away), " ".join(_begin(live, UPDATING))
        if name == "bring-back":
            back = bring_back_file(live.settings.sources, file)
            editor.note("brought a file back", file=file, now=back.name)
            return shelf(live), " ".join(_begin(live, UPDATING))
        said = fields | {"date": as_iso(fields.get("date", ""))}
        describe_file(live.settings.sources, file, said, by=editor.signature)
        named = {name: fields[name] for name in (*FIELDS, *PUBLISHED) if name in fields}
        editor.note("described a file", file=file, fields=named)
    except (SourceFinderError, OSError) as error:
        if name != "described":
            return shelf(live), f"{error}."
        return shelf(live, describing=file, problem=f"{error}.", typed=fields), ""
    return shelf(live), " ".join(_begin(live, UPDATING))


def _with_library(live: LiveFinder, editor: Editor) -> tuple[str, str]:
    """Make this computer's Zotero library a source; return the corpus and what to tell."""
    library = _library(live)
    if editor.signature or not library:
        return shelf(live), _NOT_YOURS if editor.signature else ""
    editor.note("added the Zotero library")
    told = _begin(live, "Reading your Zotero library", adding=(library,))
    return shelf(live), " ".join(told)


def as_iso(written: str) -> str:
    """Return a date as people write it in ISO 8601; what is no such date, and what is ISO 8601
    already, as it is.

    >>> as_iso("14 February 1845"), as_iso("Feb. 1845"), as_iso("1845"), as_iso("1845~")
    ('1845-02-14', '1845-02', '1845', '1845~')
    """
    found = times(written)
    plain = re.fullmatch(r"[\w\s,.]*[^\W\d_][\w\s,.]*", written.strip())
    if plain is None or len(found) != 1:
        return written
    first, last = date.fromisoformat(found[0].first), date.fromisoformat(found[0].last)
    if first == last:
        return first.isoformat()
    month = calendar.monthrange(first.year, first.month)[1]
    if (first.day, last) == (1, first.replace(day=month)):
        return f"{first:%Y-%m}"
    return written


def _begin(
    live: LiveFinder, title: str, fetching: tuple[str, ...] = (), adding: tuple[str, ...] = ()
) -> list[str]:
    try:
        live.rebuild(title, fetching=fetching, adding=adding)
    except IndexBusy as error:
        watched = live.home == live.settings.index_path(DEFAULT_INDEX)  # see `FolderWatch`
        return [_TAKEN_UP] if watched and not (fetching or adding) else [str(error)]
    except SourceFinderError as error:
        return [str(error)]
    return []
