"""What a reader does to the corpus: add files and collections, describe, remove, rebuild.

Nothing here knows Gradio. Each action changes the folder of sources or begins a rebuild and
returns the corpus as HTML; what went wrong is told in it.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rag.audit import Audit
from rag.build.corpus_files import add_file, describe_file, remove_file, source_files
from rag.catalog.search import find_entry
from rag.errors import SourceFinderError
from rag.ingest.names import shown
from rag.ingest.walk.zotero import is_library
from rag.language import times
from rag.live import LiveFinder
from rag.reading.front_page import propose
from rag.web.markup import notes
from rag.web.shelf import Form, Shelf, reasons_of, render_shelf, render_work

UPDATING = "Updating the index"
FOR_READING = (
    "This server is for reading: nobody can change its corpus from here. Whoever runs it can, on "
    "its own machine, or start it with --allow-changes."
)
FOR_OTHERS = (
    "Your account is for asking. Whoever runs the server can let it change the corpus, too "
    "(source-finder users add NAME --may change --replace)."
)
NOT_YOURS = "The Zotero library on that computer is not offered to those who ask from elsewhere."
ACTS = frozenset(
    {"describe", "described", "remove", "rebuild", "fetch-now", "cancel", "add-zotero"}
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
) -> str:
    """Return the corpus as it is now, with the form for a file that is being described, and the
    documents `finding` some words."""
    report = live.work.report if live.work else None
    held = Shelf(
        holdings=live.current.holdings() if live.ready else (),
        documents=live.current.index.listed() if live.ready else (),
        files=list(source_files(live.settings.sources)),
        reasons=reasons_of(report),
        library=_library(live),
    )
    proposed = _proposed(live, held, describing)
    form = Form(describing, problem, typed, proposed)
    return render_shelf(held, form, finding=finding)


def _library(live: LiveFinder) -> str:
    """Return where this computer's Zotero library is, as Zotero sets it up; "" where there is none,
    or it is searched already."""
    folder = Path.home() / "Zotero"
    offered = live.may_change and not live.elsewhere and is_library(folder)
    return str(folder) if offered and str(folder) not in live.sources() else ""


def _proposed(live: LiveFinder, held: Shelf, describing: str) -> Mapping[str, str]:
    """Return what the file that is being described says of itself on its first page."""
    file = next((file for file in held.files if file.name == describing), None)
    inside = [line for line in held.documents if file and line.origin == shown(file.path)]
    if len(inside) != 1:
        return {}
    return propose(live.current.document(inside[0].document_id))


def work(live: LiveFinder, message: str = "") -> str:
    """Return how the work on the index goes, and a message of the moment."""
    return (notes([message]) if message else "") + render_work(live.work)


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
            away = remove_file(live.settings.sources, file)
            editor.note("removed a file", file=file, now=away.name)
            told = [
                f"{file} was removed (kept in {away.parent}). It still appears in answers until "
                "the index is updated."
            ]
            return shelf(live), " ".join([*told, *_begin(live, UPDATING)])
        said = fields | {"date": as_iso(fields.get("date", ""))}
        describe_file(live.settings.sources, file, said, by=editor.signature)
        editor.note("described a file", file=file, fields=fields)
    except (SourceFinderError, OSError) as error:
        return shelf(live, describing=file, problem=f"{error}.", typed=fields), ""
    return shelf(live), " ".join(_begin(live, UPDATING))


def _with_library(live: LiveFinder, editor: Editor) -> tuple[str, str]:
    """Make this computer's Zotero library a source; return the corpus and what to tell."""
    library = _library(live)
    if editor.signature or not library:
        return shelf(live), NOT_YOURS if editor.signature else ""
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
    except SourceFinderError as error:
        return [str(error)]
    return []
