"""The store of projects: what is kept comes back, to its reader alone, whatever else happens."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from rag import database as tables
from rag.database import Database, Postgres, SqliteFile, copy_store
from rag.datatypes import Answer, IndexFacts, Reason, Suggestion, VideoLink
from rag.errors import ProjectsError
from rag.projects import (
    FIRST_NAME,
    GONE,
    KeptTurn,
    MarkStore,
    Objection,
    Pin,
    ProjectStore,
    Scope,
    new_id,
)
from tests.answers import answer, evidence, finding
from tests.databases import schema_of_its_own

ANNA, BERT = "key of Anna", "key of Bert"
INDEX = IndexFacts("default", "abc", 2, 30, "2026-01-01T00:00:00+00:00")
WHOLE = replace(
    answer(
        replace(
            finding("contradicted"),
            evidence=(evidence(reasons=(Reason("number", "1832", "1823", False),)),),
            confidence=0.9,
        ),
        replace(finding("not found"), look_next=(Suggestion("T", "https://e.org", "why"),)),
        set_aside=1,
    ),
    videos=(VideoLink("https://v.org", "v", (("Alt", "https://a.org"),)),),
)

OBJECTION = Objection("q", finding("related").claim, "related", "supported", "no", (), "t" * 22, 0)


@pytest.fixture
def kept(database: Database) -> ProjectStore:
    return ProjectStore(database)


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "home" / "projects" / "projects.sqlite")


def selected(kept: ProjectStore, query: str) -> object:
    with kept.database.reading() as connection:
        return connection.execute(query).fetchone()[0]


def turn(question: str = "Monroe warned Europe", **changes: object) -> KeptTurn:
    return replace(KeptTurn(new_id(), question, "", "done", "", WHOLE, INDEX), **changes)


def whole(claim: str) -> Answer:
    first, *others = WHOLE.findings
    return replace(
        WHOLE, findings=(replace(first, claim=replace(first.claim, text=claim)), *others)
    )


def asked(kept: ProjectStore, reader: str, *questions: str, project: str = "") -> str:
    conversation = kept.begin(reader, project)
    for question in questions:
        kept.keep(reader, conversation, turn(question, answer=whole(question)))
    return conversation


def titles(kept: ProjectStore, reader: str, **narrowed: object) -> list[str]:
    return [line.title for line in kept.conversations(reader, **narrowed)]


# ---- what is kept comes back ----


def test_a_conversation_comes_back_as_it_was(kept: ProjectStore) -> None:
    conversation = kept.begin(ANNA)
    odd = turn("\ud800 half a pair, \x00 and \u202e", searched_as="Kennan’s “é”", answer=None)
    for one in (turn(), odd):
        kept.keep(ANNA, conversation, one)
    back = ProjectStore(kept.database).conversation(ANNA, conversation)
    assert back.turns[0] == turn(turn_id=back.turns[0].turn_id, asked=back.turns[0].asked)
    assert back.turns[1] == odd
    assert back.project.name == FIRST_NAME


def test_nothing_is_written_for_one_who_only_looks(file: SqliteFile) -> None:
    kept = ProjectStore(file)
    assert kept.projects(ANNA) == []
    assert kept.conversations(ANNA) == []
    with pytest.raises(ProjectsError, match="No such answer"):
        kept.answer("x")
    with pytest.raises(ProjectsError):
        kept.conversation(ANNA, "x")
    kept.forget_removed()
    assert not file.path.exists()


def test_a_search_that_was_broken_off_comes_back_as_stopped_and_done_stays_done(
    kept: ProjectStore,
) -> None:
    conversation = kept.begin(ANNA)
    growing = turn(stage="searching", answer=None)
    kept.keep(ANNA, conversation, growing)
    [back] = kept.conversation(ANNA, conversation).turns
    assert (back.stage, back.answer) == ("stopped", None)
    kept.keep(ANNA, conversation, replace(growing, stage="done", answer=WHOLE))
    kept.keep(ANNA, conversation, replace(growing, stage="stopped"))  # Stop came too late
    [back] = kept.conversation(ANNA, conversation).turns
    assert (back.stage, back.answer) == ("done", WHOLE)


def test_an_answer_of_another_form_costs_that_answer_alone(kept: ProjectStore) -> None:
    conversation = asked(kept, ANNA, "First", "Second")
    with kept.database.writing() as connection:
        [content] = connection.execute("SELECT content FROM turns WHERE number = 1").fetchone()
        odd = json.dumps(json.loads(content) | {"answer": {"question": 1}})
        connection.execute("UPDATE turns SET content = :odd WHERE number = 1", {"odd": odd})
    first, second = kept.conversation(ANNA, conversation).turns
    assert (first.question, first.stage, first.answer) == ("First", "failed", None)
    assert second.answer == whole("Second")


# ---- readers ----


def test_a_reader_has_their_own_projects_alone(kept: ProjectStore) -> None:
    conversation = asked(kept, ANNA, "Monroe warned Europe")
    project = kept.project(ANNA)
    asked(kept, BERT, "Polk found gold")
    assert titles(kept, BERT) == ["Polk found gold"]
    with pytest.raises(ProjectsError, match=GONE):
        kept.conversation(BERT, conversation)
    with pytest.raises(ProjectsError, match=GONE):
        kept.keep(BERT, conversation, turn())
    for change in (
        lambda: kept.remove_project(BERT, project.project_id),
        lambda: kept.remove_conversation(BERT, conversation),
        lambda: kept.change_project(BERT, project.project_id, "Mine now", Scope()),
    ):
        with pytest.raises(ProjectsError, match=r"no longer exists|does not exist"):
            change()
    with pytest.raises(ProjectsError, match="does not exist"):
        kept.project(BERT, project.project_id)
    assert titles(kept, ANNA) == ["Monroe warned Europe"]


def test_whoever_knows_an_answers_id_sees_it_until_it_is_removed(kept: ProjectStore) -> None:
    conversation = asked(kept, ANNA, "Monroe warned Europe")
    [own] = kept.conversation(ANNA, conversation).turns
    assert kept.answer(own.turn_id) == own
    kept.remove_conversation(ANNA, conversation)
    with pytest.raises(ProjectsError, match="was removed"):
        kept.answer(own.turn_id)
    assert len({new_id() for _ in range(100)}) == 100
    assert len(new_id()) >= 22, "128 bits"


def test_no_key_is_on_the_disk_and_nobody_else_may_read_it(file: SqliteFile) -> None:
    asked(ProjectStore(file), ANNA, "Monroe")
    assert ANNA.encode() not in file.path.read_bytes()
    assert file.path.stat().st_mode & 0o077 == 0
    assert file.path.parent.stat().st_mode & 0o077 == 0


# ---- projects ----


def test_projects_have_names_scopes_and_conversations(kept: ProjectStore) -> None:
    first = kept.project(ANNA)
    scope = Scope(("frus",), "1960", "1970")
    second = kept.add_project(ANNA, "  Sino-Soviet \n split ", scope)
    assert (second.name, kept.project(ANNA, second.project_id).scope) == (
        "Sino-Soviet split",
        scope,
    )
    asked(kept, ANNA, "Mao met Khrushchev", project=second.project_id)
    asked(kept, ANNA, "Monroe warned Europe", "and he?")
    assert titles(kept, ANNA, project_id=second.project_id) == ["Mao met Khrushchev"]
    assert titles(kept, ANNA) == ["Monroe warned Europe", "Mao met Khrushchev"]
    assert [p.conversations for p in kept.projects(ANNA)] == [1, 1]
    kept.change_project(ANNA, second.project_id, "Split", Scope())
    assert [p.name for p in kept.projects(ANNA)] == [first.name, "Split"]
    with pytest.raises(ProjectsError, match="1 to 100 characters"):
        kept.add_project(ANNA, " ")
    with pytest.raises(ProjectsError, match="This project does not exist"):
        kept.project(ANNA, "another's")


def test_what_is_removed_can_be_brought_back_until_it_is_forgotten(kept: ProjectStore) -> None:
    project = kept.add_project(ANNA, "Gold")
    conversation = asked(kept, ANNA, "Polk found gold", project=project.project_id)
    kept.remove_project(ANNA, project.project_id)
    assert (kept.projects(ANNA), titles(kept, ANNA)) == ([], [])
    assert [p.name for p in kept.projects(ANNA, removed=True)] == ["Gold"]
    kept.remove_project(ANNA, project.project_id, undo=True)
    kept.remove_conversation(ANNA, conversation)
    assert titles(kept, ANNA) == []
    assert titles(kept, ANNA, removed=True) == ["Polk found gold"]
    kept.forget_removed()
    kept.remove_conversation(ANNA, conversation, undo=True)
    assert titles(kept, ANNA) == ["Polk found gold"]
    kept.remove_project(ANNA, project.project_id)
    kept.forget_removed(days=-1)
    assert kept.projects(ANNA, removed=True) == []
    assert selected(kept, "SELECT count(*) FROM turns") == 0


def test_a_conversation_knows_its_project_and_scope_also_when_that_was_removed(
    kept: ProjectStore,
) -> None:
    scope = Scope((), "1840", "1849")
    project = kept.add_project(ANNA, "1840s only", scope)
    conversation = asked(kept, ANNA, "Polk found gold", project=project.project_id)
    kept.remove_project(ANNA, project.project_id)
    assert kept.project_of(ANNA, conversation).scope == scope
    with pytest.raises(ProjectsError):
        kept.project_of(BERT, conversation)
    with pytest.raises(ProjectsError):
        kept.begin(ANNA, project.project_id)


def test_whoever_gets_the_name_of_a_reader_gets_nothing_of_theirs(kept: ProjectStore) -> None:
    conversation = asked(kept, ANNA, "Polk found gold")
    other = asked(kept, BERT, "Monroe warned Europe")
    kept.forget_reader(ANNA)
    assert (kept.projects(ANNA), kept.conversations(ANNA)) == ([], [])
    with pytest.raises(ProjectsError):
        kept.conversation(ANNA, conversation)
    assert kept.conversation(BERT, other).turns


def test_all_that_is_kept_for_one_reader_is_given_to_another(kept: ProjectStore) -> None:
    conversation = asked(kept, ANNA, "Gold was found")
    asked(kept, BERT, "Monroe warned Europe")
    marks = MarkStore(kept.database)
    project = kept.project(ANNA).project_id
    marks.pin(ANNA, project, Pin("q", finding("related").claim, "related", evidence()))
    for reader, why in ((ANNA, "no"), (BERT, "not so")):
        marks.object(reader, replace(OBJECTION, why=why))
    first, second = kept.kept_for(["key of Bert"])
    assert (first.account, first.questions, second.account) == ("", 1, BERT)
    for wrong in (first.number, 99):
        with pytest.raises(ProjectsError, match="Nothing was changed"):
            kept.give(first.number, wrong)
    kept.give(first.number, second.number)
    assert kept.projects(ANNA) == []
    assert len(kept.conversations(BERT)) == 2
    assert len(marks.pins(BERT, project)) == 1
    assert [line.why for line in marks.objections()] == ["not so"], "the same verdict, once"
    kept.give(second.number, "ann")  # who has nothing yet
    assert kept.conversation("ann", conversation).turns[0].question == "Gold was found"
    assert [reader.account for reader in kept.kept_for(["ann"])] == ["ann"]


def test_who_asks_on_in_what_another_tab_removed_has_it_again(kept: ProjectStore) -> None:
    conversation = asked(kept, ANNA, "Polk found gold")
    kept.remove_conversation(ANNA, conversation)
    kept.remove_project(ANNA, kept.project(ANNA).project_id)
    kept.keep(ANNA, conversation, turn("and where?"))
    assert len(kept.conversation(ANNA, conversation).turns) == 2


def test_what_was_asked_is_found_by_its_words_however_written(kept: ProjectStore) -> None:
    asked(kept, ANNA, "Monroe warned Europe", "Did the Congreſs of Vienna meet at Lâon?")
    asked(kept, ANNA, "Polk found gold 100% of the time_")
    asked(kept, BERT, "The congress of Laon")
    assert titles(kept, ANNA, words="laon CONGRESS") == ["Did the Congreſs of Vienna meet at Lâon?"]
    [line] = kept.conversations(ANNA, words="laon congress")
    assert line.questions == 2
    assert titles(kept, ANNA, words="100% time_") == ["Polk found gold 100% of the time_"]
    assert titles(kept, ANNA, words="%") == ["Polk found gold 100% of the time_"]
    assert titles(kept, ANNA, words="never asked") == []


def test_a_conversation_is_called_by_its_first_claim(kept: ProjectStore) -> None:
    greeting = turn("hi", answer=answer(set_aside=1))
    post = turn(
        "So I read this. Polk found gold. Who knew?",
        answer=answer(finding("related", "Polk found gold.")),
    )
    for turns in ([greeting, post, turn("and where?")], [post, greeting]):
        conversation = kept.begin(ANNA)
        for one in turns:
            kept.keep(ANNA, conversation, replace(one, turn_id=new_id()))
    assert titles(kept, ANNA) == ["Polk found gold."] * 2
    [first, _] = kept.conversations(ANNA)
    assert kept.answer(first.turn_id).question == post.question
    assert titles(kept, ANNA, words="who knew") == [post.question] * 2
    only = kept.begin(ANNA)
    kept.keep(ANNA, only, greeting)
    assert titles(kept, ANNA)[0] == "hi"
    kept.keep(ANNA, only, turn("Grant met Bismarck", answer=None))
    assert titles(kept, ANNA)[0] == "Grant met Bismarck", "while it is looked up"


# ---- at once ----


def test_tabs_do_not_overwrite_each_other(kept: ProjectStore) -> None:
    conversation = kept.begin(ANNA)
    problems: list[Exception] = []

    def tab(name: str) -> None:
        own = ProjectStore(kept.database)
        for number in range(10):
            try:
                own.keep(ANNA, conversation, turn(f"{name} {number}"))
            except ProjectsError as error:
                problems.append(error)

    tabs = [threading.Thread(target=tab, args=(f"tab {n}",)) for n in range(6)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join()
    assert problems == []
    questions = [t.question for t in kept.conversation(ANNA, conversation).turns]
    assert len(questions) == len(set(questions)) == 60
    own = [q for q in questions if q.startswith("tab 3")]
    assert own == [f"tab 3 {n}" for n in range(10)], "in the order in which they were asked"


def test_a_first_project_is_made_once_by_many_tabs(kept: ProjectStore) -> None:
    tabs = [threading.Thread(target=kept.begin, args=(ANNA,)) for _ in range(8)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join()
    assert [p.name for p in kept.projects(ANNA)] == [FIRST_NAME]


# ---- the database ----


def test_an_older_store_is_brought_to_this_version_and_a_later_one_refused(
    kept: ProjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = asked(kept, ANNA, "Monroe")
    more = (*tables.UPGRADES, ("ALTER TABLE projects ADD COLUMN colour TEXT",))
    with monkeypatch.context() as later:
        later.setattr(tables, "UPGRADES", more)
        assert kept.conversation(ANNA, conversation).turns[0].question == "Monroe"
        assert selected(kept, "SELECT colour FROM projects") is None
    with pytest.raises(ProjectsError, match="kept by a later version"):
        kept.projects(ANNA)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    kept: ProjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(kept, ANNA, "Monroe")
    bad = ("ALTER TABLE projects ADD COLUMN colour TEXT", "ALTER TABLE nowhere ADD COLUMN x TEXT")
    with monkeypatch.context() as later:
        later.setattr(tables, "UPGRADES", (*tables.UPGRADES, bad))
        with pytest.raises(ProjectsError, match="nowhere"):
            kept.projects(ANNA)
    assert titles(kept, ANNA) == ["Monroe"]


def test_a_copy_is_made_while_it_is_in_use_and_a_broken_or_altered_one_refused(
    file: SqliteFile, tmp_path: Path
) -> None:
    kept = ProjectStore(file)
    conversation = asked(kept, ANNA, "Monroe")
    copy_store(file.path, tmp_path / "copy.sqlite")
    copied = ProjectStore(SqliteFile(tmp_path / "copy.sqlite"))
    asked(kept, ANNA, "Later")
    assert titles(copied, ANNA) == ["Monroe"]
    assert copied.conversation(ANNA, conversation).turns[0].answer == whole("Monroe")
    with closing(sqlite3.connect(file.path)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER mine AFTER INSERT ON turns BEGIN DELETE FROM projects; END"
        )
    with pytest.raises(ProjectsError, match="tables are not those"):
        copy_store(file.path, tmp_path / "second.sqlite")
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no store at all" * 1000)
    with pytest.raises(ProjectsError, match="cannot be read"):
        copy_store(broken, tmp_path / "third.sqlite")


def test_a_full_disk_is_told(file: SqliteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ProjectStore(file)
    conversation = asked(kept, ANNA, "Monroe")
    monkeypatch.setattr(tables, "FREE_BYTES", 1 << 60)
    with pytest.raises(ProjectsError, match="nearly full"):
        kept.keep(ANNA, conversation, turn())


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mysql://anna:secret@host/name", "is written like postgresql://user:password@host"),
        ("postgresql://anna:secret@host:none/name", "is written like"),
        ("nothing of the kind: secret", "is written like"),
        (
            "postgresql://anna:secret@127.0.0.1:9/name",
            r"postgresql://anna:\*\*\*@127.0.0.1:9/name cannot",
        ),
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(address: str, told: str) -> None:
    with pytest.raises(ProjectsError, match=told) as error:
        ProjectStore(Postgres(address)).projects(ANNA)
    assert "secret" not in str(error.value)


def test_a_database_that_was_started_again_is_used_again(postgres: str) -> None:
    with closing(Postgres(schema_of_its_own(postgres))) as database:
        asked(ProjectStore(database), ANNA, "Monroe")
        with psycopg.connect(postgres) as other:  # as a restart does
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        assert titles(ProjectStore(database), ANNA) == ["Monroe"]
