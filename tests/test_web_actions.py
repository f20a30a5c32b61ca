"""The page's events and its values, which a click may change while a search goes on."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from rag import dossier
from rag.accounts import Audit
from rag.claims.transcripts import MAX_CHARS
from rag.config import Settings
from rag.database import SqliteFile
from rag.datatypes import Answer, IndexFacts
from rag.errors import IndexNotBuilt
from rag.live import LiveFinder, Work
from rag.projects import ProjectStore, Scope
from rag.web import corpus
from rag.web.actions import Actions
from rag.web.chat import Turn
from rag.web.desk import Desk
from rag.web.gate import Quotas, ReaderLimits
from rag.web.guard import Asker
from rag.web.health import Counts
from rag.web.listing import Place, ProjectList
from rag.web.uploads import PREFIX
from tests.answers import Canned, answer, evidence, finding
from tests.conftest import make_document

READER = "r" * 43
REQUEST: Any = SimpleNamespace(request=None, state=SimpleNamespace(asker=Asker(READER, "here")))
FIRST, SECOND, THIRD = (
    finding("related", f"{name} warned Europe.") for name in ("Monroe", "Polk", "Adams")
)


class Page:
    """A page's values; `follow` runs an event and keeps what it gives, as Gradio does."""

    def __init__(self, actions: Actions, place: Place = Place()) -> None:  # noqa: B008
        self.actions = actions
        self.values: dict[str, Any] = {"turns": (), "desk": Desk(), "place": place, "renewed": ()}

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def keep(self, names: str, given: tuple[Any, ...]) -> None:
        for name, value in zip(names.split(), given, strict=True):
            if value != gr.skip():
                self.values[name] = value

    def ask(self, text: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Ask; `meanwhile` is done after each step."""
        sent = {"text": text, "files": []}
        given = self.actions.ask(sent, self["turns"], self["desk"], self["place"], REQUEST)
        for step in given:
            self.keep("chat turns box pane desk place line", step)
            meanwhile()
        self.keep("pane desk", self.actions.laid(self["turns"], self["desk"], self["place"]))

    def click(self, **click: Any) -> None:
        event: Any = SimpleNamespace(_data=click)
        given = self.actions.clicked(self["turns"], self["desk"], self["place"], REQUEST, event)
        self.keep("pane desk shelf work timer kept", given)

    def renew(self) -> None:
        page = self.values
        made = self.actions.answered_anew(page["turns"], page["renewed"], page["place"], REQUEST)
        self.keep("renewed", (made,))
        given = self.actions.renewed(page["renewed"], page["turns"], page["desk"], page["place"])
        self.keep("chat turns pane desk renewed renewal", given)


def page_of(folder: Path, finder: Any, quotas: Quotas | None = None, **live: Any) -> Page:
    database = SqliteFile(folder / "projects.sqlite")
    settings = replace(finder.settings, home=folder)
    values = {"ready": True, "busy": False, "work": None, "current": finder, "may_change": True}
    values |= {"elsewhere": False}
    given: Any = SimpleNamespace(**{**values, "settings": settings, **live})
    quotas = quotas or Quotas()
    return Page(Actions(given, Counts(), ProjectStore(database), quotas, Audit(folder)))


# ---- a click while a search goes on ----


@pytest.mark.parametrize("at", [1, 2, 3])
def test_no_step_of_a_search_undoes_a_click(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.web.chat._MIN_INTERVAL_S", 0.0)
    grown = [answer(FIRST), answer(FIRST, SECOND), answer(FIRST, SECOND, THIRD)]
    page = page_of(tmp_path, Canned(*grown))
    steps = []

    def choose() -> None:
        steps.append(page["turns"])
        found = page["turns"][-1].answer
        if found and len(found.findings) >= at and not page["desk"].chosen:
            page.click(act="claim", turn="0", finding=str(at - 1))

    page.ask("Monroe, Polk and Adams warned Europe.", choose)
    assert len(steps) > 3
    desk = page["desk"]
    assert (desk.number, desk.chosen, desk.whole) == (at - 1, True, True)
    shown = (FIRST, SECOND, THIRD)[at - 1].claim.text
    assert shown in desk.finding.claim.text
    assert f'data-of="{shown} | ' in page["pane"]


def test_without_a_click_the_answer_is_laid_out(tmp_path: Path) -> None:
    page = page_of(tmp_path, Canned(answer(finding("not found")), answer(FIRST)))
    page.ask("Monroe warned Europe.")
    assert page["desk"].whole
    page.actions.live.current.answers = (answer(SECOND),)
    page.click(act="claim", turn="0", finding="0")  # before it is asked: that is no choice for it
    page.ask("Polk warned Europe.")
    assert SECOND.claim.text in page["pane"]


@pytest.mark.parametrize("act", ["find-document", "look", "exact", "note-pin", "described"])
def test_a_click_brings_no_more_than_a_form_can_hold(tmp_path: Path, act: str) -> None:
    page = page_of(tmp_path, Canned(answer(FIRST)))
    with pytest.raises(gr.Error, match="characters can be sent"):
        page.click(act=act, words="1 " * 50_000)
    event: Any = SimpleNamespace(_data={"act": act, "note": "1 " * 50_000})
    with pytest.raises(gr.Error, match="characters can be sent"):
        page.actions.organised(ProjectList(), Place(), (), Desk(), REQUEST, event)


def test_the_log_does_not_say_what_was_clicked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = page_of(tmp_path, Canned(answer(FIRST)))
    page.click(act="claim", turn="secret", finding="0")
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text


def test_a_question_that_may_not_wait_stays_in_the_box(tmp_path: Path) -> None:
    page = page_of(tmp_path, Canned(answer(FIRST)), Quotas(ReaderLimits(waiting=0)))
    sent = {"text": "Monroe warned Europe.", "files": []}

    async def steps() -> list[tuple[Any, ...]]:
        return [step async for step in page.actions.asked(sent, (), Desk(), Place(), REQUEST)]

    [(_, turns, box, *_)] = asyncio.run(steps())
    assert "waiting" in turns[-1].message
    assert "value" not in box.constructor_args or box.constructor_args["value"] == gr.skip()


def test_a_text_that_is_asked_does_not_stay_among_the_uploads(tmp_path: Path) -> None:
    uploads = tmp_path / f"{PREFIX}1"
    uploads.mkdir()
    talk, scan = uploads / "talk.txt", uploads / "scan.pdf"
    talk.write_text("Monroe warned Europe.")
    scan.write_bytes(b"%PDF")
    page = page_of(tmp_path, Canned(answer(FIRST)))
    sent = {"text": "", "files": [str(talk), str(scan)]}
    for step in page.actions.ask(sent, (), Desk(), Place(), REQUEST):
        page.keep("chat turns box pane desk place line", step)
    assert page["turns"][-1].question == "Monroe warned Europe."
    assert (talk.exists(), scan.exists()) == (False, True)


def test_a_file_that_is_too_much_for_today_can_be_added_later(tmp_path: Path) -> None:
    path = tmp_path / f"{PREFIX}1" / "scan.pdf"
    path.parent.mkdir()
    path.write_bytes(b"%PDF")
    page = page_of(tmp_path, Canned(), Quotas(ReaderLimits(uploads_a_day=0)))
    owner = Asker(READER, "here", may_change=True)
    request: Any = SimpleNamespace(request=None, state=SimpleNamespace(asker=owner))
    assert "are used up" in page.actions._added([("scan.pdf", path)], request)
    assert path.exists()


# ---- what was asked is not lost ----


@pytest.mark.parametrize("text", ["Monroe warned Europe.", "A whole transcript. " * 5_000])
def test_what_waits_for_the_first_index_is_there_after_stop_and_after_a_failure(
    tmp_path: Path, text: str
) -> None:
    failed = Work("Building the index", ended=True, problem="The disk is full.")
    page = page_of(tmp_path, Canned(), ready=False, work=failed)
    page.ask(text)
    assert page["turns"][0].question == text
    assert page["turns"][0].stage == "stopped"
    assert page["turns"][1].message == "The disk is full."
    page = page_of(tmp_path, Canned(), ready=False, busy=True)
    sent = {"text": text, "files": []}
    waits = page.actions.ask(sent, (), Desk(), Place(), REQUEST)
    page.keep("chat turns box pane desk place line", next(waits))
    page.keep("chat turns box", page.actions.stopped(page["turns"], Place(), REQUEST))
    assert [(turn.question, turn.stage) for turn in page["turns"]] == [(text, "stopped")]


@pytest.mark.parametrize("text", ["é" * (MAX_CHARS + 1), "\0\1\2\3 binary", "?!"])
def test_what_cannot_be_asked_is_told_and_is_kept_nowhere(tmp_path: Path, text: str) -> None:
    page = page_of(tmp_path, finder := Canned(answer(FIRST)))
    page.ask(text)
    assert finder.asked == []
    [turn] = page["turns"]
    assert (turn.question, bool(turn.message)) == ("", True)
    assert "value" not in page["box"].constructor_args, "the text stays there, to be mended"
    assert page.actions.store.conversations(READER) == []


def test_what_is_kept_for_one_reader_in_a_day_has_a_limit(tmp_path: Path) -> None:
    quotas = Quotas(ReaderLimits(kept_mb_a_day=1))
    page = page_of(tmp_path, Canned(answer(FIRST)), quotas)
    store, asked = page.actions.store, 0
    while not page["place"].problem:
        page.ask(f"Monroe warned Europe. {'a' * 150_000}")
        asked += 1
        assert asked < 9
    assert page["turns"][-1].answer.findings == (FIRST,), "it is answered all the same"
    [line] = store.conversations(READER)
    assert line.questions == asked - 1
    listed: Any = SimpleNamespace(_data={"act": "save-project", "id": "new", "name": "More"})
    shown = page.actions.organised(
        ProjectList(), page["place"], page["turns"], page["desk"], REQUEST, listed
    )
    assert "are used up" in shown[0]
    listed._data = {"act": "remove-conversation", "id": line.conversation_id}
    page.actions.organised(ProjectList(), page["place"], (), Desk(), REQUEST, listed)
    assert store.conversations(READER) == [], "there is always room to remove something"
    other: Any = SimpleNamespace(
        request=None, state=SimpleNamespace(asker=Asker("s" * 43, "there"))
    )
    another = Page(page.actions)
    for step in page.actions.ask({"text": "Polk warned Europe."}, (), Desk(), Place(), other):
        another.keep("chat turns box pane desk place line", step)
    assert another["place"].conversation
    assert not another["place"].problem


def test_nothing_is_asked_in_a_project_that_was_removed(tmp_path: Path) -> None:
    page = page_of(tmp_path, finder := Canned(answer(FIRST)))
    store = page.actions.store
    project = store.add_project(READER, "1840s only", Scope((), "1840", "1849")).project_id
    store.remove_project(READER, project)
    page.values["place"] = Place(project)
    page.ask("Monroe warned Europe.")
    assert finder.asked == []
    assert page["turns"][0].question == "Monroe warned Europe."
    assert "This project does not exist" in page["turns"][1].message


# ---- answers that are made anew ----


class Renewing(Canned):
    """Answers by words alone until it is `complete`."""

    complete = False

    def ask(self, text: str, *_: Any) -> Answer:
        if not self.complete:
            raise IndexNotBuilt("not yet")
        return replace(answer(SECOND), question=text)


def by_words(number: int, stage: str = "done") -> Turn:
    found = replace(answer(FIRST), by_words=True)
    return Turn(number, f"Question {number}.", "", found, stage, key="")  # type: ignore[arg-type]


def test_preliminary_answers_are_made_anew_whenever_the_page_is_there(tmp_path: Path) -> None:
    finder = Renewing()
    finder.complete = True
    page = page_of(tmp_path, finder)
    asked = page.actions._renewal((by_words(0),))
    assert asked.active, "also where the page was loaded after the build"
    page.values["turns"] = (by_words(0), by_words(1, "stopped"), Turn(2, "q", stage="failed"))
    page.renew()
    first, *others = page["turns"]
    assert not first.preliminary
    assert first.answer.findings == (SECOND,)
    assert others == [by_words(1, "stopped"), Turn(2, "q", stage="failed")]
    assert not page["renewal"].active


def test_an_answer_that_cannot_be_made_anew_is_tried_once(tmp_path: Path) -> None:
    page = page_of(tmp_path, Renewing())
    page.values["turns"] = (by_words(0),)
    page.renew()
    assert page["turns"] == (replace(by_words(0), tried=True),)
    assert not page["renewal"].active


def test_what_is_asked_while_answers_are_made_anew_stays(tmp_path: Path) -> None:
    finder = Renewing(answer(THIRD))
    finder.complete = True
    page = page_of(tmp_path, finder)
    page.values["turns"] = (by_words(0),)
    page.keep("renewed", (page.actions.answered_anew(page["turns"], (), Place(), REQUEST),))
    page.ask("Adams warned Europe.", page.renew)
    assert [turn.question for turn in page["turns"]] == ["Question 0.", "Adams warned Europe."]
    page.renew()
    assert [turn.answer.findings for turn in page["turns"]] == [(SECOND,), (THIRD,)]
    page.values["turns"] = (by_words(0), by_words(1, "searching"))
    assert page.actions.answered_anew(page["turns"], (), Place(), REQUEST) == ()
    assert page.actions._renewal(page["turns"]).active, "it is tried again after that"


def test_new_answers_leave_what_is_read_alone(tmp_path: Path) -> None:
    finder = Renewing()
    finder.complete = True
    page = page_of(tmp_path, finder)
    page.values["turns"] = (by_words(0),)
    reading = Desk(0, 0, left="sf-e0", html="<p>A document</p>")
    page.values["desk"] = reading
    page.renew()
    assert page["desk"] is reading
    assert page["turns"][0].answer.findings == (SECOND,)


# ---- what is kept as a file ----


def test_a_dossier_names_each_index_that_its_answers_came_from(tmp_path: Path) -> None:
    page = page_of(tmp_path, Canned())
    old, new = (
        IndexFacts(f"index-{n}", n * 64, 2, 3, "2026-01-01T00:00:00+00:00") for n in ("a", "b")
    )
    indexes = (old, old, new)
    page.values["turns"] = tuple(
        Turn(n, "q", "", answer(FIRST), "done", index=index) for n, index in enumerate(indexes)
    )
    page.click(act="keep", form=".md")
    [encoded] = re.findall(r"base64,([^\"]+)", page["kept"])
    shown = base64.b64decode(encoded).decode()
    assert shown.count("“index-a”") == shown.count("“index-b”") == 1
    assert "canned" not in shown


def test_what_said_nothing_to_be_looked_up_is_no_part_of_a_dossier(tmp_path: Path) -> None:
    page = page_of(tmp_path, Canned())
    greeting = Turn(0, "Good day to you", "", Answer("Good day to you", ()), "done")
    page.values["turns"] = (greeting, Turn(1, "q", "", answer(FIRST), "done"))
    page.click(act="keep", form=".md")
    [encoded] = re.findall(r"base64,([^\"]+)", page["kept"])
    shown = base64.b64decode(encoded).decode()
    assert "Good day" not in shown
    assert FIRST.claim.text in shown


def test_a_card_is_not_opened_at_words_that_have_changed(tmp_path: Path) -> None:
    item = evidence(document_id="a/b", start=0, end=4, quote="gold", passage="gold", locator="")
    item = replace(item, passage_start=0, passage_end=4)
    desk = Desk(0, 0, cards={"sf-e0": item}, left=None)
    finder = Canned()
    for text, told in (("gold was found", False), ("iron was found", True), ("", True)):
        finder.document = lambda _, text=text: make_document(text, document_id="a/b")  # type: ignore[method-assign, misc]
        for act in ("open", "read"):
            click = {"act": act, "doc": "a/b", "start": "0", "end": "4", "from": "sf-e0"}
            assert ("has changed since" in desk.after(finder, (), click).html) == told


def test_the_forms_of_a_dossier_take_several_indexes() -> None:
    index = IndexFacts("default", "abc", 2, 30, "2026-01-01T00:00:00+00:00")
    made = datetime(2026, 1, 2, tzinfo=UTC)
    for extension in (".html", ".json"):
        one = dossier.export([answer(FIRST)], extension, made=made, index=index)
        assert one == dossier.export([answer(FIRST)], extension, made=made, index=[index])
    assert json.loads(one)


def test_what_is_added_while_the_index_is_updated_is_told_to_be_taken_up(tmp_path: Path) -> None:
    settings = replace(Settings.from_environment(), home=tmp_path)
    given = tmp_path / "given.txt"
    given.write_text("Rupert crossed the moat at night.")
    editor = corpus.Editor("ann", Audit(tmp_path))
    for name, taken_up in (("default", True), ("mine", False)):
        live = LiveFinder(None, settings=settings, home=settings.index_path(name))
        live.work = Work("Updating the index")
        told = corpus.add(live, [("given.txt", given)], editor)
        assert ("included" in told) == taken_up
        assert ("try again" in told) != taken_up
