"""The store of projects, for all readers of a server, in its database.

    store = ProjectStore(open_database(settings))
    project = store.project(reader)                     # the first one, made where there is none
    conversation = store.begin(reader, project.project_id)
    store.keep(reader, conversation, KeptTurn(new_id(), "Monroe warned Europe"))

`reader` is a random key that a reader's browser has; only its hash is kept. Whatever is listed or
changed is the reader's own, but for `answer`: who knows the id of an answer, which cannot be
guessed, may see it.

Safe with threads, processes and tabs: each call is one transaction, and a conversation only ever
grows. What was removed can be brought back for `REMOVED_DAYS`.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from rag.database import Connected, Database, hashed
from rag.datatypes import Answer, IndexFacts, Jsonable
from rag.errors import ProjectsError
from rag.language import fold
from rag.typed_json import from_jsonable
from rag.wording import legible

Stage = Literal["searching", "done", "stopped", "failed"]
"""How far an answer has come."""

FIRST_NAME = "My questions"
MAX_NAME = 100
MAX_LISTED = 200
"""Conversations that a list has; a search finds the others."""

REMOVED_DAYS = 30
"""How long what was removed can be brought back."""

_TITLE_CHARS = 300
_ALL_CHARS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Scope(Jsonable):
    """What is searched for a project: some collections (none named: all), and the sources from
    and up to a year or date (None: no bound)."""

    collections: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Project(Jsonable):
    """A reader's project. `conversations`: how many it has."""

    project_id: str
    name: str
    scope: Scope
    conversations: int = 0


@dataclass(frozen=True, slots=True)
class KeptTurn(Jsonable):
    """A question with its answer as it was given. `index`: what it was looked up in, None where
    there is no answer; `scope`: in which part of it. `asked`: when, in ISO 8601."""

    turn_id: str
    question: str
    searched_as: str = ""
    stage: Stage = "searching"
    message: str = ""
    answer: Answer | None = None
    index: IndexFacts | None = None
    scope: Scope = Scope()
    asked: str = field(default_factory=lambda: now())


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """What a list says of a conversation: `title`, the beginning of its first question, or of the
    first one that was searched for; `turn_id`, that question's; when it was asked."""

    conversation_id: str
    project_id: str
    title: str
    turn_id: str
    questions: int
    asked: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation, whole."""

    conversation_id: str
    project: Project
    turns: tuple[KeptTurn, ...]


class ProjectStore:
    """Projects, conversations and answers in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ---- projects ----

    def projects(self, reader: str, *, removed: bool = False) -> list[Project]:
        """Return a reader's projects, the oldest first; or those that were removed."""
        with self.database.reading() as connection:
            return [] if connection is None else list(_projects(connection, reader, removed))

    def project(self, reader: str, project_id: str = "") -> Project:
        """Return a reader's project; without an id, or with one that is not there, the oldest
        one, which is made where there is none."""
        known = self.projects(reader)
        for project in known:
            if project.project_id == project_id:
                return project
        return known[0] if known else self._first(reader)

    def _first(self, reader: str) -> Project:
        with self.database.writing(reader) as connection:  # another tab may have made it meanwhile
            known = list(_projects(connection, reader, False))
            return known[0] if known else _add(connection, reader, FIRST_NAME, Scope())

    def add_project(self, reader: str, name: str, scope: Scope | None = None) -> Project:
        """Make a project; raises `ProjectsError` for a name that is empty or too long."""
        named = _name(name)
        with self.database.writing(reader) as connection:
            return _add(connection, reader, named, scope or Scope())

    def change_project(self, reader: str, project_id: str, name: str, scope: Scope) -> None:
        """Give a project another name and scope. What was answered stays as it is."""
        named = _name(name)
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE projects SET name = :name, scope = :scope "
                "WHERE project_id = :project AND reader = :reader",
                {
                    "name": named,
                    "scope": scope.to_json(),
                    "project": project_id,
                    "reader": reader_of(connection, reader),
                },
            )
            expect(changed.rowcount)

    def remove_project(self, reader: str, project_id: str, *, undo: bool = False) -> None:
        """Remove a project with all that is in it, or bring it back."""
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE projects SET removed = :removed "
                "WHERE project_id = :project AND reader = :reader",
                {
                    "removed": None if undo else now(),
                    "project": project_id,
                    "reader": reader_of(connection, reader),
                },
            )
            expect(changed.rowcount)

    # ---- conversations ----

    def begin(self, reader: str, project_id: str = "") -> str:
        """Begin a conversation in a project, the oldest one unless given; return its id."""
        project = self.project(reader, project_id)
        made = new_id()
        with self.database.writing(reader) as connection:
            connection.execute(
                "INSERT INTO conversations (conversation_id, project) "
                "SELECT :made, number FROM projects WHERE project_id = :project",
                {"made": made, "project": project.project_id},
            )
        return made

    def keep(self, reader: str, conversation_id: str, turn: KeptTurn) -> None:
        """Put a turn at the end of a conversation, or in the place of the same turn as it was
        before; one that is done stays so. What was removed meanwhile is there again.

        Raises `ProjectsError` for a conversation of another reader, and where the disk is full.
        """
        self.database.check_room()
        values: dict[str, object] = {
            "turn": turn.turn_id,
            "conversation": conversation_id,
            "asked": turn.asked,
            "question": legible(turn.question),
            "stage": turn.stage,
            "content": json.dumps(turn.to_dict()),  # ASCII: a text may have half of a pair
        }
        with self.database.writing(reader) as connection:
            values["reader"] = reader_of(connection, reader)
            found = connection.execute(
                f"SELECT c.number, p.number {_OWN_CONVERSATION}", values
            ).fetchone()
            if found is None:
                raise ProjectsError(GONE)
            values["number"], values["project"] = found
            connection.execute(_KEEP, values)
            connection.execute(
                "UPDATE conversations SET removed = NULL WHERE number = :number", values
            )
            connection.execute("UPDATE projects SET removed = NULL WHERE number = :project", values)

    def conversations(
        self, reader: str, project_id: str = "", words: str = "", *, removed: bool = False
    ) -> list[ConversationLine]:
        """Return a reader's conversations, the last one first: those of a project, or of all;
        those with a question that has all the `words`, however they are accented; or those
        that were removed from projects that were not."""
        wanted = [_plain(word) for word in words.split()]
        with self.database.reading() as connection:
            if connection is None:
                return []
            values = {
                "project": project_id,
                "reader": reader_of(connection, reader),
                "removed": removed,
                "chars": _ALL_CHARS if wanted else _TITLE_CHARS,
            }
            rows = connection.execute(_QUESTIONS, values).fetchall()
        return _lines(rows, wanted)[:MAX_LISTED]

    def conversation(self, reader: str, conversation_id: str) -> Conversation:
        """Return a reader's conversation; raises `ProjectsError` where it is not theirs."""
        with self.database.reading() as connection:
            if connection is None:
                raise ProjectsError(GONE)
            own = {"conversation": conversation_id, "reader": reader_of(connection, reader)}
            found = connection.execute(
                f"SELECT p.project_id {_OWN_CONVERSATION} AND c.removed IS NULL "
                "AND p.removed IS NULL",
                own,
            ).fetchone()
            if found is None:
                raise ProjectsError(GONE)
            rows = connection.execute(
                "SELECT t.content FROM turns t JOIN conversations c ON c.number = t.conversation "
                "WHERE c.conversation_id = :conversation ORDER BY t.number",
                own,
            ).fetchall()
            project = next(
                p for p in _projects(connection, reader, False) if p.project_id == found[0]
            )
        return Conversation(conversation_id, project, tuple(_turn(content) for [content] in rows))

    def remove_conversation(self, reader: str, conversation_id: str, *, undo: bool = False) -> None:
        """Remove a conversation, or bring it back."""
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE conversations SET removed = :removed WHERE conversation_id = :conversation "
                "AND project IN (SELECT number FROM projects WHERE reader = :reader)",
                {
                    "removed": None if undo else now(),
                    "conversation": conversation_id,
                    "reader": reader_of(connection, reader),
                },
            )
            expect(changed.rowcount)

    def answer(self, turn_id: str) -> KeptTurn:
        """Return a turn by its id, whoever asked it; raises `ProjectsError` where there is none,
        or it was removed."""
        with self.database.reading() as connection:
            found = connection and connection.execute(_ANSWER, {"turn": turn_id}).fetchone()
        if not found:
            raise ProjectsError(
                "No such answer: the link is incomplete, or the answer was removed."
            )
        return _turn(found[0])

    def forget_removed(self, days: int = REMOVED_DAYS) -> None:
        """Delete for good what was removed longer ago than that."""
        with self.database.reading() as connection:
            if connection is None:
                return
        before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        with self.database.writing() as connection:
            for table in ("pins", "conversations", "projects"):
                connection.execute(
                    f"DELETE FROM {table} WHERE removed < :before",  # noqa: S608
                    {"before": before},
                )


GONE = "This conversation is not there: it was removed, or it is another reader's."

_OWN_CONVERSATION = (
    "FROM conversations c JOIN projects p ON p.number = c.project "
    "WHERE c.conversation_id = :conversation AND p.reader = :reader"
)
_ANSWER = (
    "SELECT t.content FROM turns t JOIN conversations c ON c.number = t.conversation "
    "JOIN projects p ON p.number = c.project "
    "WHERE t.turn_id = :turn AND c.removed IS NULL AND p.removed IS NULL"
)
_KEEP = (
    "INSERT INTO turns (turn_id, conversation, asked, question, stage, content) "
    "VALUES (:turn, :number, :asked, :question, :stage, :content) "
    "ON CONFLICT (turn_id) DO UPDATE SET question = excluded.question, stage = excluded.stage, "
    "content = excluded.content "
    "WHERE turns.conversation = :number AND (turns.stage <> 'done' OR excluded.stage = 'done')"
)
_QUESTIONS = (
    "SELECT c.conversation_id, p.project_id, substr(t.question, 1, :chars), t.turn_id, t.asked "
    "FROM turns t JOIN conversations c ON c.number = t.conversation "
    "JOIN projects p ON p.number = c.project "
    "WHERE p.reader = :reader AND p.removed IS NULL AND (c.removed IS NOT NULL) = :removed "
    "AND (:project = '' OR p.project_id = :project) ORDER BY t.number"
)


def _lines(rows: Iterable[Sequence[str]], wanted: Sequence[str]) -> list[ConversationLine]:
    """Return a line for each conversation that has a question with all that is wanted, the one
    that was asked in last first; of its questions, in their order, the first such one stands."""
    lines: dict[str, ConversationLine | None] = {}
    questions: Counter[str] = Counter()
    for conversation, project, question, turn, asked in rows:
        line = lines.pop(conversation, None)
        if line is None and _has_all(question, wanted):
            line = ConversationLine(conversation, project, question[:_TITLE_CHARS], turn, 0, asked)
        lines[conversation] = line  # at the end
        questions[conversation] += 1
    found = [line for line in lines.values() if line is not None]
    return [replace(line, questions=questions[line.conversation_id]) for line in reversed(found)]


def new_id() -> str:
    """Return an id that cannot be guessed: 128 random bits."""
    return secrets.token_urlsafe(16)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def reader_of(connection: Connected, key: str) -> int:
    """Return a reader's number, 0 for one who has nothing here."""
    found = connection.execute(
        "SELECT reader FROM readers WHERE key_sha256 = :key", {"key": hashed(key)}
    ).fetchone()
    return int(found[0]) if found else 0


def expect(changed: int) -> None:
    if not changed:
        raise ProjectsError("This is not there any more. Load the page again.")


def _projects(connection: Connected, reader: str, removed: bool) -> Iterator[Project]:
    rows = connection.execute(
        "SELECT project_id, name, scope, (SELECT count(*) FROM conversations c WHERE "
        "c.project = p.number AND c.removed IS NULL AND EXISTS "
        "(SELECT 1 FROM turns WHERE conversation = c.number)) FROM projects p "
        "WHERE reader = :reader AND (removed IS NOT NULL) = :removed ORDER BY number",
        {"reader": reader_of(connection, reader), "removed": removed},
    )
    for project_id, name, scope, conversations in rows:
        yield Project(project_id, name, _scope(scope), conversations)


def _add(connection: Connected, reader: str, name: str, scope: Scope) -> Project:
    if not reader:
        raise ProjectsError("Without a reader's key nothing can be kept.")
    connection.execute(
        "INSERT INTO readers (key_sha256) VALUES (:key) ON CONFLICT DO NOTHING",
        {"key": hashed(reader)},
    )
    made = Project(new_id(), name, scope)
    connection.execute(
        "INSERT INTO projects (project_id, reader, name, scope) "
        "VALUES (:project, :reader, :name, :scope)",
        {
            "project": made.project_id,
            "reader": reader_of(connection, reader),
            "name": name,
            "scope": scope.to_json(),
        },
    )
    return made


def _name(given: str) -> str:
    """Return a project's name on one line."""
    name = legible(" ".join(given.split()))
    if not 0 < len(name) <= MAX_NAME:
        raise ProjectsError(f"A project has a name of 1 to {MAX_NAME} letters.")
    return name


def _scope(text: str) -> Scope:
    return from_jsonable(Scope, json.loads(text))


def _turn(content: str) -> KeptTurn:
    """Return a turn as it was kept; where it is of no form that this version knows, its question
    with a message in place of the answer."""
    values: dict[str, Any] = json.loads(content)
    try:
        turn = from_jsonable(KeptTurn, values)
    except (TypeError, ValueError, KeyError):
        told = "The answer was kept by another version and cannot be shown. Ask again."
        return KeptTurn(str(values["turn_id"]), str(values["question"]), "", "failed", told)
    return replace(turn, stage="stopped") if turn.stage == "searching" else turn


def _plain(text: str) -> str:
    """Return a text without case and accents, old letters as those of today."""
    parts = unicodedata.normalize("NFKD", fold(text).text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _has_all(text: str, wanted: Sequence[str]) -> bool:
    plain = _plain(text)
    return all(word in plain for word in wanted)
