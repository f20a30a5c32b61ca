"""The page's side of projects: what an address asks for, what is kept, and the list."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.database import SqliteFile
from rag.errors import ProjectsError
from rag.finder import SourceFinder
from rag.live import LiveFinder
from rag.projects import EVERYTHING, MarkStore, ProjectStore
from rag.projects import Scope as Bounds
from rag.web import listing
from rag.web.address import Address, Filters, read_address
from rag.web.chat import Turn, converse
from rag.web.desk import Desk
from rag.web.listing import (
    ACTS,
    Keeper,
    Place,
    ProjectList,
    from_kept,
    render_listing,
    render_place,
    to_kept,
)
from rag.wording import legible
from tests.answers import ATTACKS, Canned, Seen, answer, finding

KEY = "k" * 43


# ---- addresses ----

NAMES = st.text(max_size=20).map(legible)
FILTERS = st.builds(
    Filters,
    st.lists(NAMES.filter(bool), max_size=2).map(tuple),
    NAMES.map(lambda name: name or None),
    NAMES.map(lambda name: name or None),
    st.lists(NAMES.filter(bool), max_size=2).map(tuple),
    st.lists(NAMES.filter(bool), max_size=2).map(tuple),
)
NUMBERS = st.none() | st.integers(0, 10**6)


@given(NAMES, NAMES, NAMES, NUMBERS, NUMBERS, FILTERS)
def test_an_address_says_what_it_was_made_of(
    project: str, one: str, key: str, claim: int | None, passage: int | None, filters: Filters
) -> None:
    address = Address(project, one, key, claim, passage, filters)
    assert read_address(str(address)) == address


@pytest.mark.parametrize("act", ["open", "read", "similar"])
def test_an_address_opens_a_document(act: str) -> None:
    opened = {"act": act, "doc": "frus/d1 ä&=", "start": 3, "end": 9, "from": "sf-e1", "page": 4}
    address = Address(answer="x", claim=0, passage=1, opened=opened)
    assert read_address(str(address)) == address
    typed = {**opened, "start": "3", "end": "9", "page": "4"}  # as a click has them
    assert str(replace(address, opened=typed)) == str(address)


@given(
    st.text(max_size=60).map(lambda text: f"?{text}") | st.just("?claim=-1&start=9&end=2&page=0")
)
def test_an_odd_address_asks_for_what_can_be_made_out(query: str) -> None:
    read_address(query)


def test_what_no_database_takes_is_in_no_address() -> None:
    for name in ("project", "conversation", "answer", "document", "exact", "in", "words", "kind"):
        query = f"?{name}=a%00b&document=%00&exact=%00%ED%A0%80&as=look&claim=%00"
        assert not {"\0", "\ud800"} & set(repr(read_address(query)).replace("\\x00", "\0"))


# ---- what is kept of a page ----

TURNS = (
    Turn(0, "Monroe warned Europe", "", answer(finding("related")), "done", key="a" * 22),
    Turn(1, "and he?", "and he (Monroe)?", None, "failed", "Too long.", key="b" * 22),
)


def keeper_of(path: Path, key: str) -> Keeper:
    database = SqliteFile(path)
    return Keeper(ProjectStore(database), MarkStore(database), key)


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return keeper_of(tmp_path / "projects.sqlite", KEY)


def begun(keeper: Keeper) -> Place:
    place, _ = keeper.begun(Place(), ())
    for turn in TURNS:
        place = keeper.kept(place, turn)
    return place


def test_a_conversation_comes_back_as_it_was(keeper: Keeper) -> None:
    place = begun(keeper)
    found, turns = keeper.opened(place.conversation, "")
    assert turns == TURNS
    assert (found.conversation, found.problem) == (place.conversation, "")


def test_offers_of_files_are_not_kept(keeper: Keeper) -> None:
    offered = replace(TURNS[0], offered=(("a.pdf", "/tmp/a.pdf"),))
    assert from_kept([to_kept(offered)]) == TURNS[:1]


def test_another_reader_sees_the_answer_of_a_link_and_has_it_where_they_ask_on(
    keeper: Keeper,
) -> None:
    place = begun(keeper)
    other = replace(keeper, reader="o" * 43)
    seen, turns = other.opened(place.conversation, TURNS[0].key)
    assert (turns, seen.conversation) == (TURNS[:1], "")
    with pytest.raises(ProjectsError):
        other.opened(place.conversation, "")
    own, above = other.begun(seen, turns)
    own = other.kept(own, replace(TURNS[1], key="c" * 22))
    _, both = other.opened(own.conversation, "")
    assert [turn.question for turn in both] == [turn.question for turn in TURNS]
    assert both[0].key == above[0].key != TURNS[0].key
    assert keeper.opened(place.conversation, "")[1] == TURNS


def test_without_a_key_or_a_store_there_are_answers_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for keeper in (
        keeper_of(tmp_path / "projects.sqlite", ""),
        keeper_of(tmp_path / "file" / "projects.sqlite", KEY),
    ):
        place, _ = keeper.begun(Place(), ())
        assert place.problem.startswith("Not saved.")
        assert keeper.kept(place, TURNS[0]).conversation == ""
        assert keeper.project(place).scope == EVERYTHING
        assert "Not saved." in render_place(keeper, place, (), True)


def test_nothing_is_searched_in_more_than_was_asked_for(keeper: Keeper) -> None:
    bounds = Bounds((), "1840", "1849")
    project = keeper.store.add_project(KEY, "1840s only", bounds).project_id
    keeper.store.add_project(KEY, "All", EVERYTHING)
    place, _ = keeper.begun(Place(project), ())
    keeper.store.remove_project(KEY, project)
    assert keeper.scope(place) == keeper.project(place).scope == bounds
    with pytest.raises(ProjectsError, match="This project does not exist"):
        keeper.scope(Place(project))
    assert keeper.scope(Place()) == EVERYTHING


# ---- what is on the desk, by its address ----


def test_an_address_lays_out_what_a_click_had_laid_out() -> None:
    finder = Canned(answer(finding("related", "First."), finding("related", "Second.")))
    turns = tuple(list(converse(finder, "q", (), key="k"))[-1])
    clicked = Desk().after(finder, turns, {"act": "claim", "turn": "0", "finding": "1"})
    [at] = re.findall(r'data-at="([^"]*)"', clicked.page(turns, Address(conversation="c")))
    address = read_address(at.replace("&amp;", "&"))
    assert address == Address(conversation="c", answer="k", claim=1)
    again = Desk(clicks=7).at(finder, turns, address)
    assert (again.html, again.clicks) == (clicked.html, 8)
    filtered = clicked.after(finder, turns, {"act": "filter", "after": "1900"})
    assert "since=1900" in filtered.page(turns, Address())
    far = Desk().at(finder, turns, Address(answer="k", claim=9, opened={"act": "open", "doc": "?"}))
    assert "sf-message" in far.html


def test_a_document_is_opened_by_its_address_alone(finder: SourceFinder) -> None:
    [best, *_] = finder.find_sources("Monroe told Europe to stay out of the Americas", 1)
    query = f"?document={best.document_id}&start={best.start}&end={best.end}"
    desk = Desk().at(finder, (), read_address(query))
    assert "".join(Seen(desk.html).marked.split()) == "".join(best.quote.split())
    assert str(read_address(query)) == query


def test_exact_words_are_looked_for_in_a_scope_and_have_an_address(finder: SourceFinder) -> None:
    click = {"act": "exact", "words": "<i>ABUNDANCE of gold", "collections": (), "from": ""}
    assert "No place has" in Seen(Desk().after(finder, (), click).html).text
    found = Desk().after(finder, (), click | {"words": "the ABUNDANCE of gold"})
    seen = Seen(found.html)
    assert "1 place has “the ABUNDANCE of gold”" in seen.text
    assert "James K. Polk" in seen.text
    [place] = [b for b in seen.all("button", **{"data-act": "open"}) if b.get("data-start")]
    there = Desk().after(finder, (), {k[5:]: v for k, v in place.items() if k[:5] == "data-"})
    assert Seen(there.html).marked == "the abundance of gold"
    scoped = click | {"words": "abundance of gold", "after": None, "before": "1830"}
    nothing = Desk().after(finder, (), scoped)
    assert "No place has" in Seen(nothing.html).text
    assert "everything, up to 1830" in Seen(nothing.html).text
    assert looked_at(nothing) == "?exact=abundance+of+gold&to=1830"
    assert Desk().at(finder, (), read_address(looked_at(nothing))).html == nothing.html
    common = Desk().after(finder, (), click | {"words": "of the"})
    assert "less common than" in Seen(common.html).text


def test_a_scope_holds_for_answers_filters_and_what_is_said_to_be_searched(
    finder: SourceFinder,
) -> None:
    scope = Bounds(("loose",), None, None)
    [*_, turns] = converse(finder, "Monroe told Europe to stay out", (), scope=scope)
    found = turns[-1].answer
    assert {item.collection for f in found.findings for item in (*f.evidence, *f.nearest)} == {
        "loose"
    }
    assert [line.split(":")[0] for line in found.searched] == ["loose"]
    [*_, turns] = converse(finder, "Monroe told Europe", (), scope=Bounds((), "1840", "1850"))
    assert all(
        line.endswith("searched from 1840 and up to 1850") for line in turns[-1].answer.searched
    )
    desk = Desk().with_answer(finder, turns)
    dates = [item["data-doc"] for item in Seen(desk.html).all("button", **{"data-act": "open"})]
    assert all("1848" in str(name) for name in dates)


def test_an_address_that_is_narrowed_to_what_is_not_there_is_told(finder: SourceFinder) -> None:
    [*_, turns] = converse(finder, "Monroe told Europe to stay out", (), key="k")
    desk = Desk().at(finder, turns, read_address("?answer=k&claim=1&collection=nowhere"))
    assert "There is no collection nowhere" in Seen(desk.html).text


# ---- reading a document ----


def test_a_phrase_is_looked_for_in_a_document_and_each_place_opens(finder: SourceFinder) -> None:
    [best, *_] = finder.find_sources("Monroe told Europe to stay out of the Americas", 1)
    click = {"act": "look", "doc": best.document_id, "words": "HENCEFORTH not to be"}
    looked = Desk().after(finder, (), click)
    seen = Seen(looked.html)
    assert "1 place has “HENCEFORTH not to be”" in seen.text
    [place] = [b for b in seen.all("button", **{"data-act": "open"}) if b.get("data-start")]
    there = Desk().after(finder, (), {k[5:]: v for k, v in place.items() if k[:5] == "data-"})
    assert Seen(there.html).marked == "henceforth not to be"
    again = Desk().at(finder, (), read_address(looked_at(looked)))
    assert again.html == looked.html
    none = Desk().after(finder, (), {**click, "words": "never written <b>"})
    assert "No place has “never written <b>”" in Seen(none.html).text


def looked_at(desk: Desk) -> str:
    [at] = re.findall(r'data-at="([^"]*)"', desk.page((), Address()))
    return str(at.replace("&amp;", "&"))


def test_a_document_opens_from_its_beginning_where_no_passage_is_meant(
    finder: SourceFinder,
) -> None:
    [best, *_] = finder.find_sources("Monroe told Europe to stay out of the Americas", 1)
    opened = Desk().after(
        finder, (), {"act": "open", "doc": best.document_id, "from": "", "start": "0", "end": "0"}
    )
    seen = Seen(opened.html)
    assert seen.marked == ""
    assert "The document begins here" in seen.text
    assert 'data-focus="sf-document"' in opened.html


@pytest.mark.parametrize("at_first", [1, 2, 5, 10])
def test_more_passages_are_offered_where_there_are_more(
    finder: SourceFinder, monkeypatch: pytest.MonkeyPatch, at_first: int
) -> None:
    monkeypatch.setattr("rag.web.chat.PER_CLAIM", at_first)
    offers = set()
    for said in (
        "The President spoke of the people of the United States",
        "Monroe told Europe to stay out of the Americas",
        "Who asked Congress for money?",
    ):
        [*_, turns] = converse(finder, said, ())
        desk = Desk().with_answer(finder, turns)
        offered = "Show more passages" in desk.html
        more = desk.after(finder, turns, {"act": "more"})
        shown, then = (len(Seen(each.html).all("article")) for each in (desk, more))
        assert not offered or then > shown
        assert offered or turns[-1].answer.findings[0].further == 0
        assert "Show more passages" not in more.html
        offers.add(offered)
    assert offers <= {False} if at_first == 10 else True in offers or at_first == 5


# ---- the list ----


@pytest.fixture
def live(finder: SourceFinder) -> LiveFinder:
    return LiveFinder(finder)


def click(
    live: LiveFinder, keeper: Keeper, shown: ProjectList, act: str, **values: Any
) -> ProjectList:
    assert act in ACTS
    return listing.after(live, keeper, shown, {"act": act, **values})


def test_projects_are_made_changed_removed_and_brought_back(
    live: LiveFinder, keeper: Keeper
) -> None:
    holdings = live.current.holdings()
    assert "starts a project" in Seen(render_listing(keeper, ProjectList(), holdings)).text
    form = click(live, keeper, ProjectList(), "edit-project", id="new")
    assert Seen(render_listing(keeper, form, holdings)).all("input", name="collection")
    wrong = click(live, keeper, form, "save-project", id="new", name="Gold", after="some day")
    seen = Seen(render_listing(keeper, wrong, holdings))
    assert "'some day' is not a date" in seen.text
    assert seen.all("input", value="Gold"), "what was typed is there still"
    made = click(
        live,
        keeper,
        wrong,
        "save-project",
        id="new",
        name="Gold",
        after="1840",
        collection="signed",
    )
    assert keeper.projects()[0].scope == Bounds(("signed",), "1840", None)
    assert "signed, from 1840" in Seen(render_listing(keeper, made, holdings)).text
    one = keeper.projects()[0].project_id
    gone = click(live, keeper, made, "remove-project", id=one, title="Gold")
    seen = Seen(render_listing(keeper, gone, holdings))
    assert "Removed: Gold" in seen.text
    assert len(seen.all("button", **{"data-act": "undo-project"})) == 2, "at once, and later"
    back = click(live, keeper, gone, "undo-project", id=one)
    assert (back.told, [p.name for p in keeper.projects()]) == ("", ["Gold"])
    odd = click(live, keeper, back, "remove-project", id="another's")
    assert "no longer exists" in Seen(render_listing(keeper, odd, holdings)).text


def test_conversations_are_listed_opened_found_and_removed(
    live: LiveFinder, keeper: Keeper
) -> None:
    place = begun(keeper)
    seen = Seen(render_listing(keeper, ProjectList(), (), place.conversation))
    [link] = seen.all("a", **{"aria-current": "page"})
    assert read_address(str(link["href"])).conversation == place.conversation
    assert "2 questions" in seen.text
    found = click(live, keeper, ProjectList(), "find-conversation", words="EUROPE monroe")
    assert "Monroe warned Europe" in Seen(render_listing(keeper, found, ())).text
    none = click(live, keeper, ProjectList(), "find-conversation", words="Napoleon")
    assert "No question has all these words" in Seen(render_listing(keeper, none, ())).text
    gone = click(
        live, keeper, ProjectList(), "remove-conversation", id=place.conversation, title="M"
    )
    assert "Nothing has been asked" in Seen(render_listing(keeper, gone, ())).text
    click(live, keeper, gone, "undo-conversation", id=place.conversation)
    assert keeper.opened(place.conversation, "")[1] == TURNS


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_and_questions_are_inert(keeper: Keeper, attack: str) -> None:
    keeper.store.add_project(KEY, f"n {attack}")
    place = keeper.kept(keeper.begun(Place(), ())[0], replace(TURNS[0], question=attack))
    plain = Seen(render_listing(keeper, ProjectList(words=attack.split()[0]), ()))
    names = {"div", "form", "label", "input", "button", "h2", "ul", "li", "a", "p", "span"}
    assert set(plain.names()) <= names
    assert not [a for _, a in plain.tags if any(name.startswith("on") for name in a)]
    keeper.store.add_project(KEY, attack)
    line = Seen(render_place(keeper, place, (), True))
    assert set(line.names()) <= {"div", "label", "select", "option", "span", "a", "p"}


def test_a_first_question_needs_no_project_and_sees_no_line(keeper: Keeper) -> None:
    assert Seen(render_place(keeper, Place(), (), False)).text.split() == []
    begun(keeper)
    assert Seen(render_place(keeper, Place(), (), True)).text.split() == ["New", "question"]
    keeper.store.add_project(KEY, "Gold", Bounds((), "1840", None))
    gold = keeper.projects()[1].project_id
    seen = Seen(render_place(keeper, Place(gold), (), True))
    assert [o["value"] for o in seen.all("option") if "selected" in o] == [f"?project={gold}"]
    assert "searches everything, from 1840" in seen.text
