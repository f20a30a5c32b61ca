"""Where a page's questions are kept, and what it shows again: between the page and the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rag.errors import ProjectsError
from rag.projects import KeptTurn, MarkStore, Project, ProjectStore, Scope, new_id
from rag.web.chat import Turn, Turns

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

    def begun(self, place: Place, turns: Turns) -> Place:
        """Return the place with a conversation for what is asked next. Answers that were opened
        by their link and stand above it are kept with it, under ids of their own."""
        if place.conversation:
            return replace(place, problem="")
        try:
            made = self.store.begin(self.reader, place.project)
            for turn in turns:
                if turn.key:
                    self.store.keep(self.reader, made, to_kept(replace(turn, key=new_id())))
        except ProjectsError as error:
            log.warning("Not kept: %s", error)
            return replace(place, problem=f"Not kept. {error}")
        return replace(place, conversation=made, problem="")

    def kept(self, place: Place, turn: Turn) -> Place:
        """Keep a turn as it is now."""
        if not (place.conversation and turn.key):
            return place
        try:
            self.store.keep(self.reader, place.conversation, to_kept(turn))
        except ProjectsError as error:
            log.warning("Not kept: %s", error)
            return replace(place, problem=f"Not kept. {error}")
        return place

    def project(self, place: Place) -> Project:
        """Return the project that is asked in; one who has none yet asks in the first, without
        bounds."""
        known = self.projects()
        named = [project for project in known if project.project_id == place.project]
        return (named or known or [Project("", "", Scope())])[0]

    def projects(self) -> list[Project]:
        """Return the reader's projects, none where they cannot be read."""
        try:
            return self.store.projects(self.reader) if self.reader else []
        except ProjectsError as error:
            log.warning("%s", error)
            return []

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
