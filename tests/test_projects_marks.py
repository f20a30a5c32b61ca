"""Pins, notes and objections: kept whole, for their reader, and ready to hand on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rag import dossier
from rag.cli.main import main
from rag.database import Database
from rag.datatypes import IndexFacts, Span
from rag.errors import ProjectsError
from rag.projects import KeptTurn, MarkStore, Objection, Pin, ProjectStore, as_json_lines
from rag.web.chat import Turn
from rag.web.desk import Desk, chosen_answers, highlights, mark
from rag.web.listing import Keeper, Place, ProjectList, after, render_listing
from tests.answers import AT, Canned, Seen, answer, evidence, finding
from tests.conftest import make_document

ANNA, BERT = "a" * 43, "b" * 43
INDEX = IndexFacts("default", "abc", 2, 30, "2026-01-01T00:00:00+00:00")
NOTE = "Compare the draft of 30 November; <b>not</b> in “Adams”."
FOUND = finding("related")


@pytest.fixture
def keeper(database: Database) -> Keeper:
    return Keeper(ProjectStore(database), MarkStore(database), ANNA)


def pin(note: str = NOTE, **changes: object) -> Pin:
    item = evidence(**changes)
    return Pin("What did Monroe say?", FOUND.claim, "related", item, note, "t" * 22, 0, INDEX)


def pinned(keeper: Keeper, *pins: Pin) -> str:
    project = keeper.store.project(keeper.reader)
    for one in pins:
        keeper.marks.pin(keeper.reader, project.project_id, one)
    return project.project_id


# ---- what is kept ----


def test_pins_come_back_as_they_were_to_their_reader_alone(keeper: Keeper) -> None:
    first, second = pin(), pin("", start=1, end=2)
    project = pinned(keeper, first, second)
    assert keeper.marks.pins(ANNA, project) == [first, second]
    assert keeper.marks.pins(BERT, project) == []
    with pytest.raises(ProjectsError):
        keeper.marks.pin(BERT, project, pin())
    with pytest.raises(ProjectsError):
        keeper.marks.annotate(BERT, first.pin_id, "mine")
    with pytest.raises(ProjectsError):
        keeper.marks.remove_pin(BERT, first.pin_id)


def test_a_passage_is_pinned_once_for_a_claim_and_its_note_can_change(keeper: Keeper) -> None:
    project = pinned(keeper, first := pin(), pin("Later."), pin(""))
    [one] = keeper.marks.pins(ANNA, project)
    assert (one.note, one.pin_id) == ("Later.", first.pin_id)
    keeper.marks.annotate(ANNA, one.pin_id, NOTE)
    assert keeper.marks.pins(ANNA, project) == [replace(one, note=NOTE)]
    with pytest.raises(ProjectsError, match="at most 10,000 characters"):
        keeper.marks.annotate(ANNA, one.pin_id, "x" * 10_001)
    keeper.marks.remove_pin(ANNA, one.pin_id)
    assert keeper.marks.pins(ANNA, project) == []
    assert [gone.pin_id for gone in keeper.marks.removed_pins(ANNA)] == [one.pin_id]
    assert keeper.marks.removed_pins(BERT) == []
    keeper.marks.remove_pin(ANNA, one.pin_id, undo=True)
    assert len(keeper.marks.pins(ANNA, project)) == 1
    assert keeper.marks.removed_pins(ANNA) == []


def objection(why: str = "Monroe was not yet president.") -> Objection:
    return Objection("q", FOUND.claim, "related", "supported", why, FOUND.evidence, "t" * 22, 0)


def test_objections_are_kept_once_and_handed_on_as_json_lines(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ProjectsError, match="no verdict"):
        keeper.marks.object(ANNA, objection())
    pinned(keeper)
    keeper.marks.object(ANNA, objection("first"))
    keeper.marks.object(ANNA, objection())
    assert [one.why for one in keeper.marks.objections(ANNA)] == [objection().why]
    assert keeper.marks.objections(BERT) == []
    monkeypatch.setattr("rag.database.open_database", lambda settings: keeper.store.database)
    assert main(["objections"]) == 0
    out = capsys.readouterr().out
    assert out == as_json_lines(keeper.marks.objections())
    [line] = map(json.loads, out.splitlines())
    assert (line["verdict"], line["should_be"]) == ("related", "supported")
    assert line["evidence"][0]["quote"] == evidence().quote
    assert ANNA not in out


def test_an_objection_goes_when_what_it_was_to_is_deleted(keeper: Keeper) -> None:
    first, second = (keeper.store.begin(ANNA) for _ in range(2))
    for conversation, key in ((first, "t" * 22), (second, "u" * 22)):
        keeper.store.keep(ANNA, conversation, KeptTurn(key, "q", stage="done"))
        keeper.marks.object(ANNA, replace(objection(), turn_id=key))
    keeper.store.remove_conversation(ANNA, first)
    keeper.store.forget_removed()
    assert len(keeper.marks.objections()) == 2, "it can be brought back"
    keeper.store.forget_removed(days=-1)
    assert [one.turn_id for one in keeper.marks.objections()] == ["u" * 22]


# ---- from the page ----


def test_a_click_pins_what_is_on_the_page_and_nothing_else(keeper: Keeper) -> None:
    found = answer(replace(FOUND, evidence=(evidence(relation="supports"),)))
    turns = (Turn(0, "q", "", found, "done", key="k" * 22, index=INDEX),)
    desk = Desk().with_answer(Canned(), turns)
    pinning, objecting = (sent_by(desk, name) for name in ("save-pin", "save-objection"))
    told = mark(keeper, Place(), turns, desk, pinning | {"note": " n "})
    assert "My questions" in told
    project = keeper.store.project(ANNA).project_id
    [one] = keeper.marks.pins(ANNA, project)
    assert (one.evidence, one.note, one.turn_id) == (found.findings[0].evidence[0], "n", "k" * 22)
    for card in ("sf-e7", "", None):
        with pytest.raises(ProjectsError, match="no longer on the page"):
            mark(keeper, Place(), turns, desk, pinning | {"card": card})
    mark(keeper, Place(), turns, desk, objecting | {"should": "hacked", "why": "w"})
    [held] = keeper.marks.objections(ANNA)
    assert (held.should_be, held.why, held.evidence) == ("", "w", found.findings[0].evidence)


def sent_by(desk: Desk, act: str) -> dict[str, Any]:
    """Return what the first form of the page with this act sends."""
    [form, *_] = Seen(desk.html).all("form", **{"data-act": act})
    return {name[5:]: value for name, value in form.items() if name.startswith("data-")}


def test_what_a_form_was_about_is_marked_or_nothing(keeper: Keeper) -> None:
    items = [evidence(start=AT + n, end=AT + n + 9) for n in range(2)]
    texts = ("Monroe warned Europe", "Monroe warned Spain")
    claims = [finding("related", text) for text in texts]
    found = answer(*(replace(f, evidence=(i,)) for f, i in zip(claims, items, strict=True)))
    turns = (Turn(0, "q", "", found, "done", key="k" * 22),)
    first, second = (
        Desk().after(Canned(), turns, {"act": "claim", "turn": 0, "finding": n}) for n in range(2)
    )
    for act in ("save-pin", "save-objection"):
        with pytest.raises(ProjectsError, match="no longer on the page"):
            mark(keeper, Place(), turns, first, sent_by(second, act))
        mark(keeper, Place(), turns, second, sent_by(second, act))
    [one] = keeper.marks.pins(ANNA, keeper.store.project(ANNA).project_id)
    assert (one.claim.text, one.evidence.start) == (texts[1], items[1].start)
    assert keeper.marks.objections()[0].claim.text == texts[1]


def test_words_that_have_changed_are_not_highlighted_as_the_quotation() -> None:
    text = "Before the war, gold was found. Silver was not."
    same = evidence(document_id="a/b", start=16, end=20, quote="gold")
    other = evidence(document_id="a/b", start=32, end=38, quote="silver")
    far = evidence(document_id="a/b", start=400, end=404, quote="gold")
    pins = [replace(pin(note), evidence=e) for note, e in (("one", same), ("2", other), ("3", far))]
    marks, changed = highlights(make_document(text, document_id="a/b"), Span(0, 0), pins)
    assert [(mark.span, mark.note[:4]) for mark in marks] == [(Span(16, 20), "one\n")]
    assert changed == 2


def test_what_is_no_evidence_is_pinned_without_a_relation() -> None:
    judged = replace(finding("not found"), nearest=(evidence(relation="contradicts"),))
    desk = Desk().with_answer(Canned(), (Turn(0, "q", "", answer(judged), "done"),))
    assert desk.cards["sf-n0"].relation == "context"


def test_pins_are_listed_with_their_notes(keeper: Keeper) -> None:
    project = pinned(keeper, pin())
    seen = Seen(render_listing(keeper, ProjectList(), ()))
    assert evidence().quote in seen.text
    assert NOTE in seen.text
    assert "b" not in seen.names()
    [one] = keeper.marks.pins(ANNA, project)
    gone = after(None, keeper, ProjectList(), {"act": "remove-pin", "id": one.pin_id, "title": "x"})
    seen = Seen(render_listing(keeper, gone, ()))
    assert "Pinned passages" not in seen.text
    assert seen.all("button", **{"data-act": "undo-pin"})
    seen = Seen(render_listing(keeper, ProjectList(), ()))
    assert seen.all("button", **{"data-act": "undo-pin"}), "also later"


# ---- a dossier of them ----


def test_pins_become_a_finding_for_each_claim_with_the_readers_notes() -> None:
    other = replace(FOUND.claim, text="Monroe warned Spain")
    pins = [pin(), replace(pin("", start=1, end=2), claim=other), pin("Second.", start=3, end=4)]
    [made], notes = chosen_answers(pins)
    assert [f.claim.text for f in made.findings] == [FOUND.claim.text, other.text]
    assert made.findings[0].evidence == (pins[0].evidence, pins[2].evidence)
    assert list(notes.values()) == [NOTE, "Second."]


@pytest.mark.parametrize("extension", list(dossier.FORMATS))
def test_every_form_of_export_takes_chosen_passages_with_notes(extension: str) -> None:
    answers, notes = chosen_answers([pin()])
    made = datetime(2026, 1, 2, tzinfo=UTC)
    content = dossier.export(answers, extension, made=made, index=INDEX, notes=notes)
    plain = dossier.export(answers, extension, made=made, index=INDEX)
    assert content != plain
    if extension in {".md", ".html", ".rdf", ".json", ".ris", ".bib"}:
        assert "Compare the draft of 30 November" in content.decode()
    if extension in {".md", ".html", ".rdf"}:
        assert "<b>" not in content.decode()
