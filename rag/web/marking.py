"""Passages that a reader pins and verdicts that they think wrong, between the page and what
is kept; and the pins of a project as answers, for a dossier, and as highlights in a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from rag.citation import cited
from rag.datatypes import Answer, Claim, Finding, SourceDocument, Span
from rag.dossier import Notes, place
from rag.errors import ProjectsError
from rag.projects import Objection, Pin
from rag.projects.marks import RightVerdict
from rag.reading.facsimile import Highlight
from rag.web.chat import Turns
from rag.web.desk import Desk
from rag.web.keeping import Keeper, Place

ACTS = frozenset({"save-pin", "save-objection"})
CHOSEN = "The passages below were chosen by the reader among those that were found."


def mark(keeper: Keeper, place: Place, turns: Turns, desk: Desk, click: Mapping[str, Any]) -> str:
    """Do what a click asks for (`ACTS`); return what to tell.

    Raises `ProjectsError` where what it names is not on the page, or nothing can be kept.
    """
    finding = desk.claim(turns)
    if finding is None:
        raise ProjectsError("This is not on the page any more. Ask again.")
    turn = turns[desk.turn]
    if click.get("act") == "save-pin":
        item = desk.cards.get(str(click.get("card")))
        if item is None:
            raise ProjectsError("This passage is not on the page any more. Open it again.")
        project = keeper.store.project(keeper.reader, place.project)
        pin = Pin(
            turn.question,
            finding.claim,
            finding.verdict,
            item,
            str(click.get("note") or "").strip(),
            turn.key,
            desk.number,
            turn.index,
        )
        keeper.marks.pin(keeper.reader, project.project_id, pin)
        return f"Pinned in “{project.name}”; pinned passages are under Projects."
    if not turn.key:
        raise ProjectsError("This answer is not kept, so nothing can be noted on it.")
    keeper.marks.object(
        keeper.reader, _objection(finding, turn.question, turn.key, desk.number, click, turn.index)
    )
    return "Saved with the answer. You can export it under Projects."


def _objection(
    finding: Finding, question: str, key: str, number: int, click: Mapping[str, Any], index: Any
) -> Objection:
    given = str(click.get("should") or "")
    should: RightVerdict = next((known for known in get_args(RightVerdict) if known == given), "")
    return Objection(
        question,
        finding.claim,
        finding.verdict,
        should,
        str(click.get("why") or "").strip(),
        finding.evidence,
        key,
        number,
        index,
    )


def chosen_answers(pins: Sequence[Pin]) -> tuple[list[Answer], Notes]:
    """Return the pins as answers, one for each question, a finding for each claim, both in the
    order of the first pin; and the reader's notes, by the places of the quotations."""
    questions: dict[tuple[str, str], dict[str, list[Pin]]] = {}
    for pin in pins:
        claims = questions.setdefault((pin.turn_id, pin.question), {})
        claims.setdefault(pin.claim.text, []).append(pin)
    answers = [
        Answer(question, tuple(map(_finding, claims.values())))
        for (_, question), claims in questions.items()
    ]
    return answers, _notes(pins)


def highlights(document: SourceDocument, opened: Span, pins: Iterable[Pin]) -> list[Highlight]:
    """Return what is marked in a copy of a document: the quotation that is open, and what is
    pinned in it, each with the reader's notes and its citation."""
    spans = {opened: ""} if len(opened) else {}
    notes = _notes(pins := list(pins))
    for pin in pins:
        item = pin.evidence
        if item.document_id == document.document_id and item.end <= len(document.text):
            at = place(item.document_id, item.start, item.end)
            spans[Span(item.start, item.end)] = notes.get(at, "")
    return [
        Highlight(span, "\n".join(filter(None, [note, cited(document, document.locate(span))])))
        for span, note in spans.items()
    ]


def _finding(pins: Sequence[Pin]) -> Finding:
    claim: Claim = pins[0].claim
    return Finding(claim, pins[0].verdict, tuple(pin.evidence for pin in pins), notes=(CHOSEN,))


def _notes(pins: Iterable[Pin]) -> Notes:
    notes: dict[str, str] = {}
    for pin in pins:
        at = place(pin.evidence.document_id, pin.evidence.start, pin.evidence.end)
        if pin.note:
            notes[at] = "\n".join(dict.fromkeys([*notes.get(at, "").splitlines(), pin.note]))
    return notes
