"""What readers mark: passages that they pin, with a note, and verdicts that they think wrong.

Both are kept whole, with claim and quotation as they were given, so that they say the same
whatever becomes of the index and of the answer.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from rag.database import Database
from rag.datatypes import Claim, Evidence, IndexFacts, Jsonable, Verdict
from rag.errors import ProjectsError
from rag.projects.store import expect, new_id, now, reader_of
from rag.typed_json import from_jsonable

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_NOTE = 10_000
"""Characters of a note."""

RightVerdict = Literal["supported", "contradicted", "mixed", "related", "not found", ""]
"""What a verdict should have been; "" where the reader does not say."""


@dataclass(frozen=True, slots=True)
class Pin(Jsonable):
    """A passage that a reader has chosen for a project. `turn_id`, `finding`: of which answer,
    and which of its claims, counted from 0; `turn_id` "" where that is not kept."""

    question: str
    claim: Claim
    verdict: Verdict
    evidence: Evidence
    note: str = ""
    turn_id: str = ""
    finding: int = 0
    index: IndexFacts | None = None
    pinned: str = field(default_factory=now)
    pin_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Objection(Jsonable):
    """A verdict that a reader thinks wrong, with what it rested on."""

    question: str
    claim: Claim
    verdict: Verdict
    should_be: RightVerdict
    why: str
    evidence: tuple[Evidence, ...]
    turn_id: str
    finding: int
    index: IndexFacts | None = None
    made: str = field(default_factory=now)


class MarkStore:
    """Pins and objections in the database of readers' projects."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def pin(self, reader: str, project_id: str, pin: Pin) -> None:
        """Pin a passage in a reader's project; where it is pinned there already, for the same
        claim, its note is replaced by this one."""
        self.database.check_room()
        _short(pin.note)
        item = pin.evidence
        same = [pin.turn_id, pin.claim.text, item.document_id, item.start, item.end]
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "INSERT INTO pins (pin_id, project, same, content) "
                "SELECT :pin, number, :same, :content FROM projects "
                "WHERE project_id = :project AND reader = :reader "
                "ON CONFLICT (project, same) DO UPDATE SET removed = NULL, "
                "content = excluded.content, pin_id = excluded.pin_id",
                {
                    "pin": pin.pin_id,
                    "same": json.dumps(same),
                    "content": json.dumps(pin.to_dict()),
                    "project": project_id,
                    "reader": reader_of(connection, reader),
                },
            )
            expect(changed.rowcount)

    def pins(self, reader: str, project_id: str) -> list[Pin]:
        """Return the pins of a project, in the order in which they were made."""
        with self.database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT n.content FROM pins n JOIN projects p ON p.number = n.project "
                "WHERE p.project_id = :project AND p.reader = :reader AND p.removed IS NULL "
                "AND n.removed IS NULL ORDER BY n.number",
                {"project": project_id, "reader": reader_of(connection, reader)},
            ).fetchall()
        return list(_whole(Pin, [content for [content] in rows]))

    def annotate(self, reader: str, pin_id: str, note: str) -> None:
        """Give a pin another note."""
        _short(note)
        with self.database.writing(reader) as connection:
            own = {"pin": pin_id, "reader": reader_of(connection, reader)}
            found = connection.execute(
                "SELECT content FROM pins WHERE pin_id = :pin "
                "AND project IN (SELECT number FROM projects WHERE reader = :reader)",
                own,
            ).fetchone()
            expect(found is not None)
            content = json.dumps(json.loads(found[0]) | {"note": note})
            connection.execute(
                "UPDATE pins SET content = :content WHERE pin_id = :pin",
                {"pin": pin_id, "content": content},
            )

    def remove_pin(self, reader: str, pin_id: str, *, undo: bool = False) -> None:
        """Remove a pin, or bring it back."""
        with self.database.writing(reader) as connection:
            changed = connection.execute(
                "UPDATE pins SET removed = :removed WHERE pin_id = :pin "
                "AND project IN (SELECT number FROM projects WHERE reader = :reader)",
                {
                    "removed": None if undo else now(),
                    "pin": pin_id,
                    "reader": reader_of(connection, reader),
                },
            )
            expect(changed.rowcount)

    def object(self, reader: str, objection: Objection) -> None:
        """Keep an objection; it replaces an earlier one of this reader to the same verdict."""
        self.database.check_room()
        _short(objection.why)
        same = json.dumps([objection.turn_id, objection.finding])
        with self.database.writing(reader) as connection:
            known = reader_of(connection, reader)
            if not known:
                raise ProjectsError("Nothing of this reader is kept here, so there is no verdict.")
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
                {"all": reader is None, "reader": reader_of(connection, reader or "")},
            ).fetchall()
        return list(_whole(Objection, [content for [content] in rows]))


def as_json_lines(objections: Iterable[Objection]) -> str:
    """Return objections as JSON Lines."""
    return "".join(f"{json.dumps(item.to_dict(), ensure_ascii=True)}\n" for item in objections)


def _short(text: str) -> str:
    if len(text) > MAX_NOTE:
        raise ProjectsError(f"A note has at most {MAX_NOTE:,} letters; this one has {len(text):,}.")
    return text


def _whole(kind: type[T], contents: Iterable[str]) -> Iterator[T]:
    """Yield what was kept; what is of a form that this version does not know is told in the log
    and left out."""
    for content in contents:
        try:
            yield from_jsonable(kind, json.loads(content))
        except (TypeError, ValueError, KeyError) as error:
            log.warning("A %s was kept by another version and is left out: %r", kind, error)
