"""The reader's projects: where questions are kept, their list as HTML, and what a click there does.

Nothing here knows Gradio. Each click changes the store and returns the list as it is then; what
cannot be done is told in it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rag.datatypes import Finding, Holding
from rag.dossier import FORMATS
from rag.errors import ProjectsError, SourceFinderError
from rag.live import LiveFinder
from rag.projects import (
    FIRST_NAME,
    REMOVED_DAYS,
    ConversationLine,
    KeptTurn,
    MarkStore,
    Pin,
    Project,
    ProjectStore,
    Scope,
    new_id,
)
from rag.web.address import Address
from rag.web.chat import Turn, Turns, bounds
from rag.web.markup import render, shortened
from rag.web.pane import subject
from rag.wording import counted, written_date

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the questions of a page are kept. `project`: "" for the reader's first one;
    `conversation`: "" where nothing is kept yet, as before the first question and beside an
    answer that was opened by its link. `problem`: why the last question is not kept."""

    project: str = ""
    conversation: str = ""
    problem: str = ""


def to_kept(turn: Turn) -> KeptTurn:
    """Return a turn as it is kept; files that were offered are not."""
    return KeptTurn(
        turn.key,
        turn.question,
        turn.searched_as,
        turn.stage,
        turn.message,
        turn.answer,
        turn.index,
        turn.scope,
    )


def from_kept(kept: Iterable[KeptTurn]) -> Turns:
    """Return turns as a page shows them."""
    return tuple(
        Turn(
            number,
            turn.question,
            turn.searched_as,
            turn.answer,
            turn.stage,
            turn.message,
            key=turn.turn_id,
            index=turn.index,
            scope=turn.scope,
        )
        for number, turn in enumerate(kept)
    )


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps the questions of one reader. A reader without a key, and a store that cannot be
    written, cost the keeping and no answer."""

    store: ProjectStore
    marks: MarkStore
    reader: str

    def begun(self, place: Place, turns: Turns) -> tuple[Place, Turns]:
        """Return the place with a conversation for what is asked next, and the turns above it.
        Answers that were opened by their link are kept with it, under ids of their own."""
        if place.conversation:
            return replace(place, problem=""), turns
        own = tuple(replace(turn, key=new_id()) if turn.key else turn for turn in turns)
        try:
            made = self.store.begin(self.reader, place.project)
            for turn in own:
                if turn.key:
                    self.store.keep(self.reader, made, to_kept(turn))
        except ProjectsError as error:
            log.warning("Not kept: %s", error)
            return replace(place, problem=f"Not saved. {error}"), turns
        return replace(place, conversation=made, problem=""), own

    def kept(self, place: Place, turn: Turn) -> Place:
        """Keep a turn as it is now."""
        if not (place.conversation and turn.key):
            return place
        try:
            self.store.keep(self.reader, place.conversation, to_kept(turn))
        except ProjectsError as error:
            log.warning("Not kept: %s", error)
            return replace(place, problem=f"Not saved. {error}")
        return replace(place, problem="")

    def project(self, place: Place) -> Project:
        """Return the project that is shown as the one asked in: that of the conversation, the one
        that was chosen, or the first; one who has none yet asks without bounds."""
        if place.conversation:
            try:
                return self.store.project_of(self.reader, place.conversation)
            except ProjectsError as error:
                log.warning("%s", error)
        known = self.projects()
        named = [project for project in known if project.project_id == place.project]
        return (named or known or [Project("", "", Scope())])[0]

    def scope(self, place: Place) -> Scope:
        """Return what is searched for a question. Raises `ProjectsError` where the project that
        was chosen is not there: nothing is searched in more than was asked for."""
        if place.conversation:
            return self.store.project_of(self.reader, place.conversation).scope
        if place.project:
            return self.store.project(self.reader, place.project).scope
        return self.project(place).scope

    def projects(self) -> list[Project]:
        """Return the reader's projects, none where they cannot be read."""
        try:
            return self.store.projects(self.reader) if self.reader else []
        except ProjectsError as error:
            log.warning("%s", error)
            return []

    def pinned(self, project: Project) -> list[str]:
        """Return what is pinned in a project, each as the form that pins it names it; nothing
        where it cannot be read."""
        try:
            pins = self.marks.pins(self.reader, project.project_id) if project.project_id else []
        except ProjectsError as error:
            log.warning("%s", error)
            return []
        return [subject(Finding(pin.claim, pin.verdict), pin.evidence) for pin in pins]

    def opened(self, conversation: str, answer: str) -> tuple[Place, Turns]:
        """Return the reader's conversation, or else the answer, alone, for whoever has its id.

        Raises `ProjectsError` where there is neither.
        """
        try:
            if conversation:
                found = self.store.conversation(self.reader, conversation)
                place = Place(found.project.project_id, conversation)
                return place, from_kept(found.turns)
        except ProjectsError:
            if not answer:
                raise
        return Place(), from_kept([self.store.answer(answer)])


_KINDS = ("project", "conversation", "pin")
ACTS = frozenset(
    (
        "show-project",
        "edit-project",
        "save-project",
        "find-conversation",
        "note-pin",
        *(f"{name}-{what}" for name in ("remove", "undo") for what in _KINDS),
    )
)
_TITLE_CHARS = 140
_QUOTE_CHARS = 400
_NEW = "new"
"""What stands for the project that is being made."""


@dataclass(frozen=True, slots=True)
class ProjectList:
    """What the list shows: the conversations of the project `shown`, or those with `words`; the
    form for the project `editing`, with what was `typed` where that could not be saved. `told`:
    what was done, with the click that undoes it."""

    shown: str = ""
    words: str = ""
    editing: str = ""
    typed: Project | None = None
    problem: str = ""
    told: str = ""
    undo: Mapping[str, str] | None = None


def after(
    live: LiveFinder, keeper: Keeper, listing: ProjectList, click: Mapping[str, Any]
) -> ProjectList:
    """Return what the list shows after a click (`ACTS`); what it asks for is done."""
    listing = replace(listing, typed=None, problem="", told="", undo=None)
    name = str(click.get("act"))
    one = str(click.get("id") or "")
    try:
        return _after(live, keeper, listing, name, one, click)
    except SourceFinderError as error:
        if name != "save-project":
            return replace(listing, problem=str(error))
        typed = Project(one, str(click.get("name") or ""), _typed_scope(click))
        return replace(listing, problem=str(error), editing=one, typed=typed)


def _after(
    live: LiveFinder,
    keeper: Keeper,
    listing: ProjectList,
    name: str,
    one: str,
    click: Mapping[str, Any],
) -> ProjectList:
    store, reader = keeper.store, keeper.reader
    if name == "show-project":
        return ProjectList(shown="" if one == listing.shown else one)
    if name == "find-conversation":
        return ProjectList(shown=listing.shown, words=str(click.get("words") or "").strip())
    if name == "edit-project":
        return replace(listing, editing=one)
    if name == "save-project":
        scope = _scope(live, click)
        title = str(click.get("name") or "")
        if one == _NEW:
            return ProjectList(shown=store.add_project(reader, title, scope).project_id)
        store.change_project(reader, one, title, scope)
        return ProjectList(shown=one)
    if name == "note-pin":
        keeper.marks.annotate(reader, one, str(click.get("note") or "").strip())
        return replace(listing, told="Note saved.")
    what = name.rpartition("-")[2]
    change = {
        "project": store.remove_project,
        "conversation": store.remove_conversation,
        "pin": keeper.marks.remove_pin,
    }[what]
    if name.startswith("undo-"):
        change(reader, one, undo=True)
        return replace(listing, shown=one if what == "project" else listing.shown)
    if name.startswith("remove-"):
        change(reader, one)
        title = str(click.get("title") or "")
        return replace(listing, told=f"Removed: {title}", undo={"act": f"undo-{what}", "id": one})
    raise KeyError(name)


def _scope(live: LiveFinder, click: Mapping[str, Any]) -> Scope:
    """Return the scope that a form has; raises `QuestionError` for one that cannot be searched."""
    scope = _typed_scope(click)
    if scope != Scope():
        live.current.retriever.make_filter(*bounds(scope))
    return scope


def _typed_scope(click: Mapping[str, Any]) -> Scope:
    given = click.get("collection") or ()
    collections = (given,) if isinstance(given, str) else tuple(str(name) for name in given)
    after, before = (str(click.get(name) or "").strip() or None for name in ("after", "before"))
    return Scope(collections, after, before)


def render_listing(
    keeper: Keeper, listing: ProjectList, holdings: Sequence[Holding], at: str = ""
) -> str:
    """Return the list. `holdings`: the collections that a scope can be of; `at`: the conversation
    that is open."""
    store, reader = keeper.store, keeper.reader
    projects = keeper.projects()
    shown = listing.shown or (projects[0].project_id if len(projects) == 1 else "")
    try:
        lines = _lines(store, reader, listing.words, shown)
        pins = keeper.marks.pins(reader, shown) if shown else []
        objections = keeper.marks.objections(reader) if reader else []
        removed_projects = store.projects(reader, removed=True)
        removed = store.conversations(reader, removed=True)
        removed_pins = keeper.marks.removed_pins(reader)
    except ProjectsError as error:
        listing, lines, removed_projects, removed = replace(listing, problem=str(error)), [], [], []
        pins, objections, removed_pins = [], [], []
    return render(
        "projects.html",
        listing=listing,
        new=_NEW,
        projects=[_shown(project, holdings, shown == project.project_id) for project in projects],
        form=listing.typed or _form(projects, listing.editing),
        holdings=holdings,
        found=[_line(line, at, projects) for line in lines],
        first_name=FIRST_NAME,
        shown=shown,
        pins=[_pinned(pin) for pin in pins],
        formats=[(extension, form.title) for extension, form in FORMATS.items()],
        objections=len(objections),
        removed=[
            *(
                {"act": "undo-project", "id": p.project_id, "title": p.name}
                for p in removed_projects
            ),
            *(
                {
                    "act": "undo-conversation",
                    "id": line.conversation_id,
                    "title": shortened(line.title, _TITLE_CHARS),
                }
                for line in removed
            ),
            *(
                {
                    "act": "undo-pin",
                    "id": pin.pin_id,
                    "title": shortened(f"{pin.note} “{pin.evidence.quote}”".strip(), _TITLE_CHARS),
                }
                for pin in removed_pins
            ),
        ],
        days=REMOVED_DAYS,
    )


def _lines(store: ProjectStore, reader: str, words: str, shown: str) -> list[ConversationLine]:
    if not (reader and (words or shown)):
        return []
    return store.conversations(reader, "" if words else shown, words)


def _line(line: ConversationLine, at: str, projects: Iterable[Project]) -> dict[str, Any]:
    names = {project.project_id: project.name for project in projects}
    return {
        "id": line.conversation_id,
        "to": str(Address(conversation=line.conversation_id, answer=line.turn_id)),
        "title": shortened(line.title, _TITLE_CHARS),
        "asked": written_date(line.asked[:10]),
        "questions": counted(line.questions, "question", "questions"),
        "project": names.get(line.project_id, ""),
        "open": line.conversation_id == at,
    }


def _pinned(pin: Pin) -> dict[str, Any]:
    at = Address(answer=pin.turn_id, claim=pin.finding) if pin.turn_id else None
    return {
        "id": pin.pin_id,
        "quote": shortened(pin.evidence.quote, _QUOTE_CHARS),
        "citation": pin.evidence.citation,
        "claim": shortened(pin.claim.shown, _TITLE_CHARS),
        "note": pin.note,
        "to": str(at) if at else "",
    }


def _shown(project: Project, holdings: Sequence[Holding], opened: bool) -> dict[str, Any]:
    return {
        "id": project.project_id,
        "name": project.name,
        "about": f"{counted(project.conversations, 'conversation', 'conversations')}, "
        f"searches {scope_words(project.scope, holdings)}",
        "to": str(Address(project=project.project_id)),
        "open": opened,
    }


def _form(projects: Iterable[Project], editing: str) -> Project | None:
    if editing == _NEW:
        return Project(_NEW, "", Scope())
    return next((project for project in projects if project.project_id == editing), None)


def scope_words(scope: Scope, holdings: Sequence[Holding]) -> str:
    """Return what is searched, in a few words.

    >>> scope_words(Scope(), ()), scope_words(Scope(("a",), "1840", "1850"), ())
    ('everything', 'a, from 1840, up to 1850')
    """
    titles = {home.collection_id: home.title for home in holdings}
    parts = [titles.get(name, name) for name in scope.collections] or ["everything"]
    parts += [f"from {scope.after}"] if scope.after else []
    parts += [f"up to {scope.before}"] if scope.before else []
    return ", ".join(parts)


def render_place(
    keeper: Keeper,
    place: Place,
    holdings: Sequence[Holding],
    asked: bool,
    told: str = "",
    done: str = "",
) -> str:
    """Return the line above the input box: the project, where there are several, what is
    searched for it, where that is not everything, and the way to a new question. `told`: what
    was done just now; `done`: which form of the page had it done."""
    projects = keeper.projects()
    project = keeper.project(place)
    return render(
        "place.html",
        pinned=json.dumps(keeper.pinned(project)),
        projects=projects if len(projects) > 1 else [],
        project=project,
        scope="" if project.scope == Scope() else scope_words(project.scope, holdings),
        fresh=str(Address(project=project.project_id if len(projects) > 1 else "")),
        asked=asked,
        problem=place.problem,
        told=told,
        done=done,
        made=datetime.now(UTC).isoformat(),
    )
