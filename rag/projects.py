"""Readers' projects with their conversations, answers, pins and objections, in the server's
database.

    store = ProjectStore(open_database(settings))
    project = store.project(reader)                     # the first one, made if there is none
    conversation = store.begin(reader, project.project_id)
    store.keep(reader, conversation, KeptTurn(new_id(), "Monroe warned Europe"))

`reader` is a random key in a reader's browser; only its hash is stored. A reader can list and
change only what is theirs. The one exception is `answer`: whoever knows the id of an answer, which
cannot be guessed, may see it.

Safe with threads, processes and tabs: each call is one transaction, and a conversation only grows.
What was removed can be brought back for `REMOVED_DAYS`.

A pin marks a passage, with a note; an objection marks a verdict that the reader thinks wrong. Both
are stored complete, with claim and quotation, so that they outlast the index and the answer.
"""

from __future__ import annotations

import json
import logging
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from rag.database import Connected, Database, hashed
from rag.datatypes import Answer, Claim, Evidence, IndexFacts, Jsonable, Verdict, from_jsonable
from rag.errors import ProjectsError
from rag.language import fold
from rag.wording import legible

Stage = Literal["searching", "done", "stopped", "failed"]
"""How far an answer has come."""

FIRST_NAME = "My questions"
_MAX_NAME = 100
_MAX_LISTED = 200
"""The most conversations in a list; a search finds the others."""

REMOVED_DAYS = 30
"""How long what was removed can be brought back."""

_TITLE_CHARS = 300
_ALL_CHARS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Scope(Jsonable):
    """What a project searches: some collections (none named: all), and sources from and up to a
    year or date (None: no bound)."""

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
    """A question with its answer. `index`: what it was looked up in, None without an answer;
    `scope`: in which part of it; `asked`: when, in ISO 8601."""

    turn_id: str
    question: str
    searched_as: str = ""
    stage: Stage = "searching"
    message: str = ""
    answer: Answer | None = None
    index: IndexFacts | None = None
    scope: Scope = Scope()
    asked: str = field(default_factory=lambda: _now())


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A conversation in a list. `title`: its first claim, or else the beginning of the first
    question that was searched for; `turn_id`: that question's; when it was asked."""

    conversation_id: str
    project_id: str
    title: str
    turn_id: str
    questions: int
    asked: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with all its turns."""

    conversation_id: str
    project: Project
    turns: tuple[KeptTurn, ...]


@dataclass(frozen=True, slots=True)
class KeptFor:
    """A reader for whom questions are kept. `account`: its name, "" for a browser without one;
    `asked`: the days of the first and the last question."""

    number: int
    account: str
    questions: int
    asked: tuple[str, str]


class ProjectStore:
    """Projects, conversations and answers in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ---- projects ----

    def projects(self, reader: str, *, removed: bool = False) -> list[Project]:
        """Return a reader's projects, the oldest first; with `removed`, those that were removed."""
        with self.database.reading() as connection:
            return [] if connection is None else list(_projects(connection, reader, removed))

    def project(self, reader: str, project_id: str = "") -> Project:
        """Return a reader's project; without an id the oldest one, which is made if there is none.
        Raises `ProjectsError` for an unknown id."""
        known = self.projects(reader)
        if not project_id:
            return known[0] if known else self._first(reader)
        for project in known:
            if project.project_id == project_id:
                return project
        raise ProjectsError(_NO_PROJECT)

    def project_of(self, reader: str, conversation_id: str) -> Project:
        """Return the project of a reader's conversation, removed or not. Raises `ProjectsError` if
        the conversation is not theirs."""
        with self.database.reading() as connection:
            own = {"conversation": conversation_id}
            found = (
                connection
                and connection.execute(
                    f"SELECT p.project_id, p.name, p.scope {_OWN_CONVERSATION}",
                    own | {"reader": _reader_of(connection, reader)},
                ).fetchone()
            )
        if not found:
            raise ProjectsError(GONE)
        project_id, name, scope = found
        return Project(project_id, name, _scope(scope))

    def _first(self, reader: str) -> Project:
        with self.database.writing(reader) as connection:  # another tab may have made it meanwhile
            known = list(_projects(connection, reader, False))
            return known[0] if known else _add(connection, reader, FIRST_NAME, Scope())

    def add_project(self, reader: str, name: str, scope: Scope | None = None) -> Project:
        """Make a project. Raises `ProjectsError` if the name is empty or too long."""
        self.database.check_room()
        named = _name(name)
        with self.database.writing(reader) as connection:
            return _add(connection, reader, named, scope or Scope())

    def change_project(self, reader: str, project_id: str, name: str, scope: Scope) -> None:
        """Change a project's name and scope. Its answers stay as they are."""
        self.database.check_room()
        named = _name(name)
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE projects SET name = :name, scope = :scope "
                "WHERE project_id = :project AND reader = :reader",
                {
                    "name": named,
                    "scope": scope.to_json(),
                    "project": project_id,
                    "reader": _reader_of(connection, reader),
                },
            )
            _expect(changed.rowcount)

    def remove_project(self, reader: str, project_id: str, *, undo: bool = False) -> None:
        """Remove a project and everything in it; with `undo`, bring it back."""
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE projects SET removed = :removed "
                "WHERE project_id = :project AND reader = :reader",
                {
                    "removed": None if undo else _now(),
                    "project": project_id,
                    "reader": _reader_of(connection, reader),
                },
            )
            _expect(changed.rowcount)

    # ---- conversations ----

    def begin(self, reader: str, project_id: str = "") -> str:
        """Begin a conversation in a project, by default the oldest; return its id."""
        self.database.check_room()
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
        """Append a turn to a conversation, or replace the same turn unless that is done. A removed
        conversation comes back.

        Raises `ProjectsError` for another reader's conversation, and if the disk is full.
        """
        self.database.check_room()
        values: dict[str, object] = {
            "turn": turn.turn_id,
            "conversation": conversation_id,
            "asked": turn.asked,
            "question": legible(turn.question),
            "stage": turn.stage,
            "claim": _first_claim(turn.answer),
            "content": json.dumps(turn.to_dict()),  # ASCII: a text may have half of a pair
        }
        with self.database.writing(reader) as connection:
            values["reader"] = _reader_of(connection, reader)
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
        """Return a reader's conversations, the last one first: of one project or of all; only those
        with a question that has all the `words`, accents ignored; with `removed`, those that were
        removed from existing projects."""
        wanted = [_plain(word) for word in words.split()]
        with self.database.reading() as connection:
            if connection is None:
                return []
            values = {
                "project": project_id,
                "reader": _reader_of(connection, reader),
                "removed": removed,
                "chars": _ALL_CHARS if wanted else _TITLE_CHARS,
            }
            rows = connection.execute(_QUESTIONS, values).fetchall()
        return _lines(rows, wanted)[:_MAX_LISTED]

    def conversation(self, reader: str, conversation_id: str) -> Conversation:
        """Return a reader's conversation. Raises `ProjectsError` if it is not theirs."""
        with self.database.reading() as connection:
            if connection is None:
                raise ProjectsError(GONE)
            own = {"conversation": conversation_id, "reader": _reader_of(connection, reader)}
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
        """Remove a conversation; with `undo`, bring it back."""
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE conversations SET removed = :removed WHERE conversation_id = :conversation "
                "AND project IN (SELECT number FROM projects WHERE reader = :reader)",
                {
                    "removed": None if undo else _now(),
                    "conversation": conversation_id,
                    "reader": _reader_of(connection, reader),
                },
            )
            _expect(changed.rowcount)

    def answer(self, turn_id: str) -> KeptTurn:
        """Return a turn by its id, whoever asked it. Raises `ProjectsError` if there is none or it
        was removed."""
        with self.database.reading() as connection:
            found = connection and connection.execute(_ANSWER, {"turn": turn_id}).fetchone()
        if not found:
            raise ProjectsError(
                "No such answer: the link is incomplete, or the answer was removed."
            )
        return _turn(found[0])

    def forget_removed(self, days: int = REMOVED_DAYS) -> None:
        """Delete for good, with its marks, what was removed more than `days` ago."""
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
            noted = connection.execute("SELECT number, same FROM objections").fetchall()
            for number, same in noted:
                on = {"number": number, "turn": json.loads(same)[0]}
                connection.execute(
                    "DELETE FROM objections WHERE number = :number "
                    "AND NOT EXISTS (SELECT 1 FROM turns WHERE turn_id = :turn)",
                    on,
                )

    def forget_reader(self, reader: str) -> None:
        """Delete for good all that is kept for a reader."""
        with self.database.reading() as connection:
            if connection is None:
                return
        with self.database.writing(reader) as connection:
            connection.execute(
                "DELETE FROM readers WHERE key_sha256 = :key", {"key": hashed(reader)}
            )

    def kept_for(self, accounts: Iterable[str] = ()) -> list[KeptFor]:
        """Return the readers for whom questions are kept, the last to ask at the end. `accounts`:
        all known names; other readers have only a number."""
        names = {hashed(name): name for name in accounts}
        with self.database.reading() as connection:
            rows = connection.execute(_KEPT_FOR).fetchall() if connection else []
        return [
            KeptFor(number, names.get(key, ""), questions, (first[:10], last[:10]))
            for number, key, questions, first, last in rows
        ]

    def give(self, number: int, to: int | str) -> None:
        """Move all that is kept for a reader, given by number, to another number or to an account.
        Raises `ProjectsError` if one of them does not exist."""
        with self.database.writing() as connection:
            values: dict[str, object] = {"from": number}
            if isinstance(to, str):
                values["to"] = _reader_made(connection, to)
            else:
                values["to"] = to
            found = connection.execute(
                "SELECT count(*) FROM readers WHERE reader IN (:from, :to)", values
            ).fetchone()
            if found[0] != 2:
                raise ProjectsError(
                    "One of these two does not exist, or they are the same. Nothing was "
                    "changed. `source-finder users kept` lists them."
                )
            connection.execute("UPDATE projects SET reader = :to WHERE reader = :from", values)
            connection.execute(
                "UPDATE objections SET reader = :to WHERE reader = :from "
                "AND same NOT IN (SELECT same FROM objections WHERE reader = :to)",
                values,
            )
            connection.execute("DELETE FROM readers WHERE reader = :from", values)


GONE = "This conversation does not exist: it was removed, or it belongs to another reader."
_NO_PROJECT = (
    "This project does not exist: it was removed, or it belongs to another reader. Choose one "
    "under Projects, where you can also bring back what you removed."
)

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
    "INSERT INTO turns (turn_id, conversation, asked, question, stage, claim, content) "
    "VALUES (:turn, :number, :asked, :question, :stage, :claim, :content) "
    "ON CONFLICT (turn_id) DO UPDATE SET question = excluded.question, stage = excluded.stage, "
    "claim = excluded.claim, content = excluded.content "
    "WHERE turns.conversation = :number AND (turns.stage <> 'done' OR excluded.stage = 'done')"
)
_KEPT_FOR = (
    "SELECT r.reader, r.key_sha256, count(*), min(t.asked), max(t.asked) FROM readers r "
    "JOIN projects p ON p.reader = r.reader JOIN conversations c ON c.project = p.number "
    "JOIN turns t ON t.conversation = c.number "
    "GROUP BY r.reader, r.key_sha256 ORDER BY max(t.asked), r.reader"
)
_QUESTIONS = (
    "SELECT c.conversation_id, p.project_id, substr(t.question, 1, :chars), t.claim, t.turn_id, "
    "t.asked "
    "FROM turns t JOIN conversations c ON c.number = t.conversation "
    "JOIN projects p ON p.number = c.project "
    "WHERE p.reader = :reader AND p.removed IS NULL AND (c.removed IS NOT NULL) = :removed "
    "AND (:project = '' OR p.project_id = :project) ORDER BY t.number"
)


def _lines(rows: Iterable[Sequence[Any]], wanted: Sequence[str]) -> list[ConversationLine]:
    """Return a line for each conversation that has a question with all `wanted` words, the last one
    first. Without `wanted`, its title is its first claim, or else its first question."""
    lines: dict[str, ConversationLine | None] = {}
    unnamed: set[str] = set()
    questions: Counter[str] = Counter()
    for conversation, project, question, claim, turn, asked in rows:
        line = lines.pop(conversation, None)
        if (line is None or (conversation in unnamed and claim != "")) and _has_all(
            question, wanted
        ):
            title = question if wanted else claim or question
            line = ConversationLine(conversation, project, title[:_TITLE_CHARS], turn, 0, asked)
            unnamed.discard(conversation)
            if claim == "" and not wanted:  # a greeting or thanks
                unnamed.add(conversation)
        lines[conversation] = line  # at the end
        questions[conversation] += 1
    found = [line for line in lines.values() if line is not None]
    return [replace(line, questions=questions[line.conversation_id]) for line in reversed(found)]


def _first_claim(answer: Answer | None) -> str | None:
    """Return the first claim that was looked up, "" if none was, None without an answer."""
    if answer is None:
        return None
    return legible(answer.findings[0].claim.shown)[:_TITLE_CHARS] if answer.findings else ""


def new_id() -> str:
    """Return an id that cannot be guessed: 128 random bits."""
    return secrets.token_urlsafe(16)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _reader_of(connection: Connected, key: str) -> int:
    """Return a reader's number, 0 for an unknown one."""
    found = connection.execute(
        "SELECT reader FROM readers WHERE key_sha256 = :key", {"key": hashed(key)}
    ).fetchone()
    return int(found[0]) if found else 0


def _reader_made(connection: Connected, key: str) -> int:
    """Return a reader's number, a new one for an unknown reader."""
    connection.execute(
        "INSERT INTO readers (key_sha256) VALUES (:key) ON CONFLICT DO NOTHING",
        {"key": hashed(key)},
    )
    return _reader_of(connection, key)


def _expect(changed: int) -> None:
    if not changed:
        raise ProjectsError("This no longer exists. Reload the page.")


def _projects(connection: Connected, reader: str, removed: bool) -> Iterator[Project]:
    rows = connection.execute(
        "SELECT project_id, name, scope, (SELECT count(*) FROM conversations c WHERE "
        "c.project = p.number AND c.removed IS NULL AND EXISTS "
        "(SELECT 1 FROM turns WHERE conversation = c.number)) FROM projects p "
        "WHERE reader = :reader AND (removed IS NOT NULL) = :removed ORDER BY number",
        {"reader": _reader_of(connection, reader), "removed": removed},
    )
    for project_id, name, scope, conversations in rows:
        yield Project(project_id, name, _scope(scope), conversations)


def _add(connection: Connected, reader: str, name: str, scope: Scope) -> Project:
    if not reader:
        raise ProjectsError("Nothing can be kept without a reader's key.")
    number = _reader_made(connection, reader)
    made = Project(new_id(), name, scope)
    connection.execute(
        "INSERT INTO projects (project_id, reader, name, scope) "
        "VALUES (:project, :reader, :name, :scope)",
        {
            "project": made.project_id,
            "reader": number,
            "name": name,
            "scope": scope.to_json(),
        },
    )
    return made


def _name(given: str) -> str:
    """Return a project's name on one line. Raises `ProjectsError` if it is empty or too long."""
    name = legible(" ".join(given.split()))
    if not 0 < len(name) <= _MAX_NAME:
        raise ProjectsError(f"A project's name has 1 to {_MAX_NAME} characters.")
    return name


def _scope(text: str) -> Scope:
    return from_jsonable(Scope, json.loads(text))


def _turn(content: str) -> KeptTurn:
    """Return a turn as it was kept. If this version cannot read it, the question with a message in
    place of the answer."""
    values: dict[str, Any] = json.loads(content)
    try:
        turn = from_jsonable(KeptTurn, values)
    except (TypeError, ValueError, KeyError):
        told = "The answer was saved by another version and cannot be shown. Ask again."
        return KeptTurn(str(values["turn_id"]), str(values["question"]), "", "failed", told)
    return replace(turn, stage="stopped") if turn.stage == "searching" else turn


def _plain(text: str) -> str:
    """Return a text without case and accents, and with modern letters."""
    parts = unicodedata.normalize("NFKD", fold(text).text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _has_all(text: str, wanted: Sequence[str]) -> bool:
    plain = _plain(text)
    return all(word in plain for word in wanted)


T = TypeVar("T")

log = logging.getLogger(__name__)

_MAX_NOTE = 10_000
"""The most characters of a note."""

RightVerdict = Literal["supported", "contradicted", "mixed", "related", "not found", ""]
"""What a verdict should have been; "" if the reader does not say."""


@dataclass(frozen=True, slots=True)
class Pin(Jsonable):
    """A passage that a reader chose for a project. `turn_id`, `finding`: its answer, and the number
    of the claim there from 0; `turn_id` is "" if the answer is not kept."""

    question: str
    claim: Claim
    verdict: Verdict
    evidence: Evidence
    note: str = ""
    turn_id: str = ""
    finding: int = 0
    index: IndexFacts | None = None
    pinned: str = field(default_factory=_now)
    pin_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Objection(Jsonable):
    """A verdict that a reader thinks wrong, with its evidence."""

    question: str
    claim: Claim
    verdict: Verdict
    should_be: RightVerdict
    why: str
    evidence: tuple[Evidence, ...]
    turn_id: str
    finding: int
    index: IndexFacts | None = None
    made: str = field(default_factory=_now)


class MarkStore:
    """Pins and objections in the database of readers' projects."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def pin(self, reader: str, project_id: str, pin: Pin) -> None:
        """Pin a passage in a reader's project. A passage that is already pinned there for the same
        claim keeps its pin, and a new note replaces the old one."""
        self.database.check_room()
        _check_note(pin.note)
        item = pin.evidence
        same = [pin.turn_id, pin.claim.text, item.document_id, item.start, item.end]
        with self.database.writing(reader) as connection:
            values: dict[str, object] = {
                "same": json.dumps(same),
                "project": project_id,
                "reader": _reader_of(connection, reader),
            }
            found = connection.execute(
                "SELECT n.content FROM pins n JOIN projects p ON p.number = n.project "
                "WHERE n.same = :same AND p.project_id = :project AND p.reader = :reader",
                values,
            ).fetchone()
            if found:
                before = json.loads(found[0])
                note = pin.note or before["note"]
                pin = replace(pin, note=note, pin_id=before["pin_id"], pinned=before["pinned"])
            values |= {"pin": pin.pin_id, "content": json.dumps(pin.to_dict())}
            changed = connection.execute(
                "INSERT INTO pins (pin_id, project, same, content) "
                "SELECT :pin, number, :same, :content FROM projects "
                "WHERE project_id = :project AND reader = :reader AND removed IS NULL "
                "ON CONFLICT (project, same) DO UPDATE SET removed = NULL, "
                "content = excluded.content",
                values,
            )
            _expect(changed.rowcount)

    def removed_pins(self, reader: str) -> list[Pin]:
        """Return the removed pins of a reader's projects, the last one first."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT n.content FROM pins n JOIN projects p ON p.number = n.project "
                "WHERE p.reader = :reader AND p.removed IS NULL AND n.removed IS NOT NULL "
                "ORDER BY n.removed DESC, n.number",
                {"reader": _reader_of(connection, reader)},
            ).fetchall()
        return list(_whole(Pin, [content for [content] in rows]))

    def pins(self, reader: str, project_id: str) -> list[Pin]:
        """Return the pins of a project, the oldest first."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT n.content FROM pins n JOIN projects p ON p.number = n.project "
                "WHERE p.project_id = :project AND p.reader = :reader AND p.removed IS NULL "
                "AND n.removed IS NULL ORDER BY n.number",
                {"project": project_id, "reader": _reader_of(connection, reader)},
            ).fetchall()
        return list(_whole(Pin, [content for [content] in rows]))

    def annotate(self, reader: str, pin_id: str, note: str) -> None:
        """Replace a pin's note."""
        self.database.check_room()
        _check_note(note)
        with self.database.writing(reader) as connection:
            own = {"pin": pin_id, "reader": _reader_of(connection, reader)}
            found = connection.execute(
                "SELECT content FROM pins WHERE pin_id = :pin "
                "AND project IN (SELECT number FROM projects WHERE reader = :reader)",
                own,
            ).fetchone()
            _expect(found is not None)
            content = json.dumps(json.loads(found[0]) | {"note": note})
            connection.execute(
                "UPDATE pins SET content = :content WHERE pin_id = :pin",
                {"pin": pin_id, "content": content},
            )

    def remove_pin(self, reader: str, pin_id: str, *, undo: bool = False) -> None:
        """Remove a pin; with `undo`, bring it back."""
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE pins SET removed = :removed WHERE pin_id = :pin "
                "AND project IN (SELECT number FROM projects WHERE reader = :reader)",
                {
                    "removed": None if undo else _now(),
                    "pin": pin_id,
                    "reader": _reader_of(connection, reader),
                },
            )
            _expect(changed.rowcount)

    def object(self, reader: str, objection: Objection) -> None:
        """Keep an objection, which replaces this reader's earlier one to the same verdict."""
        self.database.check_room()
        _check_note(objection.why)
        same = json.dumps([objection.turn_id, objection.finding])
        with self.database.writing(reader) as connection:
            known = _reader_of(connection, reader)
            if not known:
                raise ProjectsError(
                    "Nothing is kept here for this reader, so there is no verdict to mark."
                )
            connection.execute(
                "INSERT INTO objections (reader, same, content) VALUES (:reader, :same, :content) "
                "ON CONFLICT (reader, same) DO UPDATE SET content = excluded.content",
                {
                    "reader": known,
                    "same": same,
                    "content": json.dumps(objection.to_dict()),
                },
            )

    def objections(self, reader: str | None = None) -> list[Objection]:
        """Return the objections of a reader, or of all."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT content FROM objections WHERE :all OR reader = :reader ORDER BY number",
                {"all": reader is None, "reader": _reader_of(connection, reader or "")},
            ).fetchall()
        return list(_whole(Objection, [content for [content] in rows]))


def as_json_lines(objections: Iterable[Objection]) -> str:
    """Return objections as JSON Lines."""
    return "".join(f"{json.dumps(item.to_dict(), ensure_ascii=True)}\n" for item in objections)


def _check_note(text: str) -> None:
    if len(text) > _MAX_NOTE:
        raise ProjectsError(
            f"A note has at most {_MAX_NOTE:,} characters; this one has {len(text):,}."
        )


def _whole(kind: type[T], contents: Iterable[str]) -> Iterator[T]:
    """Yield what was kept; what this version cannot read is logged and left out."""
    for content in contents:
        try:
            yield from_jsonable(kind, json.loads(content))
        except (TypeError, ValueError, KeyError) as error:
            log.warning("A %s was kept by another version and is left out: %r", kind, error)
