"""Accounts of a server for others: who is let in, what each may do, and what is written down."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import shutil
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from rag.accounts import Accounts, Audit, Sessions
from rag.cli.main import main
from rag.config import Settings
from rag.database import Database, Postgres, SqliteFile, open_database
from rag.datatypes import Answer
from rag.errors import AccountError, ProjectsError, QuotaError
from rag.projects import KeptTurn, ProjectStore, Scope
from rag.web.actions import Actions
from rag.web.chat import Turn
from rag.web.gate import (
    MB,
    SESSION,
    TURN_S,
    Allowance,
    Gate,
    Places,
    Quotas,
    ReaderLimits,
    give_way,
    metered,
)
from rag.web.guard import API, Access, Guard, asker_of
from rag.web.health import Counts
from tests.conftest import served_on
from tests.test_web_guard import taking

PASSWORD = "four words not alike"
CLAIM = "Monroe told Europe to stay out of the Americas"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the MCP client


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    made = Accounts(tmp_path / "accounts.json")
    made.add("reader", PASSWORD, "ask")
    return made


# ---- the file ----


def test_a_password_is_kept_as_its_hash_for_the_owner_alone(accounts: Accounts) -> None:
    text = accounts.file.read_text()
    assert PASSWORD not in text
    assert "$argon2id$" in text
    assert stat.S_IMODE(accounts.file.stat().st_mode) == 0o600
    assert accounts.check("reader", PASSWORD) == accounts.all()["reader"]
    assert accounts.check("reader", PASSWORD + "x") is None
    assert accounts.check("nobody", PASSWORD) is None


@pytest.mark.parametrize("name", ["", "Reader", "a/b", "../x", ".x", "x" * 33, "a b", "ä", "a\n"])
def test_odd_names_are_not_taken(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="cannot be a name"):
        accounts.add(name, PASSWORD, "ask")


def test_what_cannot_be_done_with_an_account_is_told(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="12 to 200"):
        accounts.add("other", "short", "ask")
    with pytest.raises(AccountError, match="--replace"):
        accounts.add("reader", PASSWORD, "change")
    with pytest.raises(AccountError, match="no account other"):
        accounts.remove("other")
    accounts.add("reader", PASSWORD, "change", replace=True)
    assert accounts.all()["reader"].may == "change"


@pytest.mark.parametrize("content", [b"", b"{", b'[{"name": "x"}]', b"[" * 100_000, b'{"a": 1}'])
def test_accounts_that_cannot_be_read_let_nobody_in(accounts: Accounts, content: bytes) -> None:
    guarded = guard_with(accounts)
    known = basic("reader")
    assert send(guarded, "GET", "/config", headers=known).status_code == 200
    accounts.file.write_bytes(content)
    assert send(guarded, "GET", "/config", headers=known).status_code == 503
    accounts.file.unlink()
    assert send(guarded, "GET", "/config").status_code == 401, "not open by itself"


def test_users_are_made_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert main(["users", "add", "ann", "--may", "change"]) == 0
    assert "answers only people who sign in" in capsys.readouterr().out
    assert main(["users", "list"]) == 0
    assert capsys.readouterr().out.split() == ["ann", "change"]
    assert Accounts(Settings.from_environment().accounts).check("ann", PASSWORD)
    assert main(["users", "remove", "bob"]) == AccountError.exit_code
    assert main(["users", "remove", "ann"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(line["what"], line["name"]) for line in lines] == [
        ("added an account", "ann"),
        ("removed an account", "ann"),
    ]


def test_what_was_asked_before_there_were_accounts_is_given_to_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(tmp_path))
    database = SqliteFile(Settings.from_environment().projects)
    store = ProjectStore(database)
    conversation = store.begin("a browser's cookie")
    store.keep("a browser's cookie", conversation, KeptTurn("t" * 22, "Gold was found"))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert main(["users", "add", "ann"]) == 0
    assert "users give NUMBER ann" in capsys.readouterr().out
    assert main(["users", "kept"]) == 0
    number, *told = capsys.readouterr().out.split()
    assert " ".join(told).startswith("a browser without an account 1 questions")
    assert main(["users", "give", number, "bob"]) == AccountError.exit_code
    assert main(["users", "give", number, "ann"]) == 0
    assert store.conversation("ann", conversation).turns[0].question == "Gold was found"
    capsys.readouterr()
    assert main(["users", "kept"]) == 0
    assert capsys.readouterr().out.split()[1] == "ann"


# ---- the audit log ----


def test_an_account_is_removed_with_all_that_is_kept_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(tmp_path))
    settings = Settings.from_environment()
    Accounts(settings.accounts).add("ann", PASSWORD, "ask")
    with closing(open_database(settings)) as database:
        kept = ProjectStore(database)
        kept.add_project("ann", "Secret letters", Scope())
        monkeypatch.setenv("SOURCE_FINDER_DATABASE", "postgresql://127.0.0.1:1/away")
        assert main(["users", "remove", "ann"]) == ProjectsError.exit_code
        monkeypatch.delenv("SOURCE_FINDER_DATABASE")
        assert kept.projects("ann")
        assert main(["users", "remove", "ann"]) == 0
        assert kept.projects("ann") == []
    assert Accounts(settings.accounts).all() == {}


def test_the_audit_log_is_the_owners_and_is_put_aside_when_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.accounts.BYTES", 300)
    audit = Audit(tmp_path)
    for number in range(30):
        audit.note("ann\n", "added a file", file=f"{number}\u2028.txt")
    files = sorted(tmp_path.glob("audit.jsonl*"))
    assert len(files) == 10
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    last = (tmp_path / "audit.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) | {"when": ""} == {
        "when": "", "who": "ann\n", "what": "added a file", "file": "29\u2028.txt",
    }  # fmt: skip


def test_a_long_entry_of_the_audit_log_does_not_drive_out_the_others(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.note("mallory", "removed a file", file="precious.pdf")
    for _ in range(12):
        audit.note("mallory", "described a file", fields={"junk": "x" * 5_000_000})
    [file] = tmp_path.glob("audit.jsonl*")
    first, *others = [json.loads(line) for line in file.read_text().splitlines()]
    assert first["file"] == "precious.pdf"
    assert [(line["who"], line["what"]) for line in others] == [
        ("mallory", "described a file")
    ] * 12


# ---- who is let in ----


def guard_with(
    accounts: Accounts,
    app: Any = taking,
    database: Database | None = None,
    clock: Callable[[], float] = time.time,
) -> Guard:
    database = database or SqliteFile(accounts.file.parent / "projects" / "projects.sqlite")
    sessions = Sessions(database, accounts, clock)
    gate = Gate(accounts, sessions, Audit(accounts.file.parent), clock)
    return Guard(app, Access("127.0.0.1", uploads=accounts.file.parent, behind_proxy=True), gate)


def send(guarded: Guard, method: str, path: str, **more: Any) -> httpx.Response:
    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(guarded)
        base = more.pop("base", "http://127.0.0.1:7860")
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **more)

    return asyncio.run(sent())


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def signed_in(guarded: Guard, name: str = "reader", password: str = PASSWORD) -> httpx.Response:
    form = {"name": name, "password": password, "next": "/?answer=x"}
    return send(guarded, "POST", "/sign-in", data=form)


def test_without_an_account_there_is_only_the_page_to_sign_in_at(accounts: Accounts) -> None:
    guarded = guard_with(accounts)
    page = send(guarded, "GET", "/", headers={"Accept": "text/html"}, params={"answer": '"><b'})
    assert page.status_code == 401
    assert 'name="password"' in page.text
    assert "<b" not in page.text.replace("<body", "").replace("<button", "")
    for path in ("/config", f"{API}/info", "/metrics", "/assets/x.js"):
        assert send(guarded, "GET", path).status_code == 401, path
    for path in ("queue/join", "call/ask", "upload", "mcp/", "run/ask"):
        assert send(guarded, "POST", f"{API}/{path}").status_code == 401, path
    assert send(guarded, "GET", "/health").status_code == 200


def test_a_session_begins_ends_and_goes_with_the_account(
    accounts: Accounts, database: Database
) -> None:
    now = [0.0]
    guarded, other = (
        guard_with(accounts, database=database, clock=lambda: now[0]) for _ in range(2)
    )
    let_in = signed_in(other)  # in another process
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/?answer=x")
    attributes = set(let_in.headers["set-cookie"].split("; "))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    cookie = {"Cookie": let_in.headers["set-cookie"].partition(";")[0]}
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 200
    assert send(other, "POST", "/sign-out", headers=cookie).status_code == 303
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 401

    def another() -> dict[str, str]:
        return {"Cookie": f"{SESSION}={signed_in(guarded).cookies[SESSION]}"}

    cookie = another()
    now[0] += 13 * 3600
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 401, "too old"
    cookie = another()
    accounts.add("reader", PASSWORD + "!", "ask", replace=True)
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 401, "other password"
    cookie = {
        "Cookie": f"{SESSION}=" + signed_in(guarded, password=PASSWORD + "!").cookies[SESSION]
    }
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 200
    accounts.remove("reader")
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 401, "removed"


def test_the_audit_log_says_which_programs_were_let_in(accounts: Accounts) -> None:
    guarded = guard_with(accounts)
    for _ in range(3):  # it is not checked, and not noted, at each request
        assert send(guarded, "GET", "/config", headers=basic("reader")).status_code == 200
    [line] = (accounts.file.parent / "audit.jsonl").read_text().splitlines()
    noted = json.loads(line)
    assert (noted["who"], noted["what"]) == ("reader", "was let in")


def test_what_is_kept_of_a_session_signs_nobody_in(accounts: Accounts) -> None:
    file = SqliteFile(accounts.file.parent / "projects.sqlite")
    secret = signed_in(guard_with(accounts, database=file)).cookies[SESSION]
    with file.reading() as connection:
        [kept] = connection.execute("SELECT * FROM sessions").fetchall()
    assert not {secret, accounts.all()["reader"].password} & set(kept)


def test_where_sessions_cannot_be_read_nobody_is_let_in(accounts: Accounts) -> None:
    guarded = guard_with(accounts, database=Postgres("postgresql://127.0.0.1:9/none"))
    assert signed_in(guarded).status_code == 503
    cookie = {"Cookie": f"{SESSION}=x"}
    assert send(guarded, "GET", "/config", headers=cookie).status_code == 503
    assert send(guarded, "GET", "/config", headers=basic("reader")).status_code == 200


def test_the_cookie_is_for_https_alone_where_that_is_spoken(accounts: Accounts) -> None:
    form = {"name": "reader", "password": PASSWORD}
    there = send(guard_with(accounts), "POST", "/sign-in", data=form, base="https://127.0.0.1")
    assert "Secure" in there.headers["set-cookie"].split("; ")
    assert "Secure" not in signed_in(guard_with(accounts)).headers["set-cookie"]


def test_over_https_a_cookie_of_a_neighbour_under_the_same_domain_counts_nothing(
    accounts: Accounts,
) -> None:
    guarded, base = guard_with(accounts), "https://127.0.0.1"
    form = {"name": "reader", "password": PASSWORD}
    let_in = send(guarded, "POST", "/sign-in", data=form, base=base)
    name, _, rest = let_in.headers["set-cookie"].partition("=")
    assert name == f"__Host-{SESSION}", "a browser takes it from this host alone, by https"
    assert "; Path=/;" in rest
    assert "Domain" not in rest
    secret = rest.partition(";")[0]
    for named, status in ((name, 200), (SESSION, 401)):
        cookie = {"Cookie": f"{named}={secret}"}
        assert send(guarded, "GET", "/config", headers=cookie, base=base).status_code == status
    planted = {"Cookie": f"{SESSION}=other; {name}={secret}"}
    assert send(guarded, "GET", "/config", headers=planted, base=base).status_code == 200


def test_wrong_passwords_are_limited(accounts: Accounts) -> None:
    guarded = guard_with(accounts)
    tried = [signed_in(guarded, password=f"wrong {n}").status_code for n in range(12)]
    assert tried == [401] * 10 + [429] * 2
    assert signed_in(guarded).status_code == 429, "the right one, too"
    assert send(guarded, "GET", "/config", headers=basic("reader")).status_code == 429
    lines = (accounts.file.parent / "audit.jsonl").read_text()
    assert lines.count("was not let in") == 10
    assert "wrong 1" not in lines


def test_a_password_that_was_typed_as_a_name_stands_nowhere(accounts: Accounts) -> None:
    guarded = guard_with(accounts)
    form = {"name": "Correct-Horse-Battery", "password": "reader"}
    assert send(guarded, "POST", "/sign-in", data=form).status_code == 401
    assert signed_in(guarded, password="wrong").status_code == 401
    log = (accounts.file.parent / "audit.jsonl").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["who"] for line in lines] == ["", "reader"]


def test_another_page_cannot_sign_anybody_in(accounts: Accounts) -> None:
    form = {"name": "reader", "password": PASSWORD}
    foreign = {"Origin": "https://evil.example"}
    guarded = guard_with(accounts)
    assert send(guarded, "POST", "/sign-in", data=form, headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "onward", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: a=b"]
)
def test_signing_in_leads_to_no_other_server(accounts: Accounts, onward: str) -> None:
    form = {"name": "reader", "password": PASSWORD, "next": onward}
    there = send(guard_with(accounts), "POST", "/sign-in", data=form)
    assert there.headers["location"] == "/"


def test_who_asks_is_the_account_whatever_else_is_said(accounts: Accounts) -> None:
    seen = []

    async def telling(scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import Request

        seen.append(asker_of(Request(scope)))
        await taking(scope, receive, send)

    headers = basic("reader") | {"Cookie": f"source-finder-reader={'x' * 43}"}
    send(guard_with(accounts, telling), "GET", "/config", headers=headers)
    assert (seen[0].owner, seen[0].shown, seen[0].may_change) == ("reader", "reader", False)


def test_an_account_may_change_also_where_it_was_made_while_the_server_runs(tmp_path: Path) -> None:
    seen: list[bool] = []

    async def telling(scope: Any, receive: Any, send: Any) -> None:
        asking = scope["state"]["asker"]
        actions = Actions(live, Counts(), store, Quotas(), audit)
        request: Any = SimpleNamespace(request=None, state=SimpleNamespace(asker=asking))
        editor = actions._editor(request)
        seen.append(not editor.why_not)
        assert asking.may_change or "users add" in editor.why_not
        await taking(scope, receive, send)

    live: Any = SimpleNamespace(may_change=False, elsewhere=False)  # `serve --host 0.0.0.0`
    store, audit = ProjectStore(SqliteFile(tmp_path / "projects.sqlite")), Audit(tmp_path)
    accounts = Accounts(tmp_path / "accounts.json")
    guarded = guard_with(accounts, telling)
    guarded.access = replace(guarded.access, changes=live.may_change)
    send(guarded, "GET", "/config")
    accounts.add("ann", PASSWORD, "change")
    accounts.add("bob", PASSWORD, "ask")
    for name in ("ann", "bob"):
        send(guarded, "GET", "/config", headers=basic(name))
    assert seen == [False, True, False]


def test_quotas_bind_also_where_accounts_are_made_while_the_server_runs(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    guarded = guard_with(accounts)
    guarded.quotas = Quotas(ReaderLimits(upload_mb_a_day=1), for_one=True)
    upload: dict[str, Any] = {"content": b"x" * (MB - 10)}
    tried = [send(guarded, "POST", f"{API}/upload", **upload) for _ in range(3)]
    assert [answer.status_code for answer in tried] == [200] * 3
    accounts.add("ann", PASSWORD, "change")
    tried = [
        send(guarded, "POST", f"{API}/upload", headers=basic("ann"), **upload) for _ in range(2)
    ]
    assert [answer.status_code for answer in tried] == [200, 429]


@pytest.mark.parametrize(("host", "for_one"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_the_limits_of_the_command_line_are_those_that_bind_later(
    small_index: Path, host: str, for_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("rag.web.serve", lambda *_, **options: given.update(options))
    command = ["serve", "--host", host, "--claims-a-minute", "7", "--index", str(small_index)]
    assert main(command) == 0
    assert (given["limits"].claims_a_minute, given["for_one"]) == (7, for_one)


# ---- quotas ----


def test_what_was_used_comes_back_evenly() -> None:
    now = [1000.0]
    allowance = Allowance(60, 60, lambda: now[0])
    allowance.use("ann", 90)
    assert (allowance.left("ann"), allowance.left("bob")) == (-30, 60)
    now[0] += 45
    assert allowance.left("ann") == pytest.approx(15)
    now[0] += 1e6
    assert allowance.left("ann") == 60


def test_quotas_are_each_readers_own() -> None:
    quotas = Quotas(ReaderLimits(claims_a_minute=5, uploads_a_day=2, upload_mb_a_day=1))
    quotas.check_claims("ann")
    quotas.use_claims("ann", 7)
    with pytest.raises(QuotaError, match="5 claims a minute"):
        quotas.check_claims("ann")
    quotas.check_claims("bob")
    quotas.use_files("ann", 2)
    with pytest.raises(QuotaError, match="2 files a day"):
        quotas.use_files("ann", 1)
    quotas.use_bytes("ann", MB)
    assert (quotas.bytes_left("ann"), quotas.bytes_left("bob")) == (0, MB)
    Quotas().use_claims("ann", 1000)
    Quotas().check_claims("ann")


def test_a_question_without_any_claim_counts_too() -> None:
    quotas = Quotas(ReaderLimits(claims_a_minute=2))
    for text in ("Hello there!", "Thank you so much."):
        growing = [(Turn(0, text),), (Turn(0, text, answer=Answer(text, ()), stage="done"),)]
        assert list(metered(iter(growing), quotas, "ann"))[-1][0].stage == "done"
    [[refused]] = metered(iter([(Turn(0, "Hello again!"),)]), quotas, "ann")
    assert "2 claims a minute" in refused.message


def test_what_one_asker_sends_leaves_places_for_others() -> None:
    quotas = Quotas(ReaderLimits(waiting=4))
    going, ended = [threading.Event() for _ in range(3)], []

    async def asking() -> None:
        async def ask(who: str, number: int) -> None:
            await quotas.tools.run(who, going[number].wait, 20)
            ended.append(f"{who} {number}")

        anns = [asyncio.create_task(ask("ann", number)) for number in (0, 0, 1, 1)]
        await asyncio.sleep(0)
        with pytest.raises(QuotaError, match="Too many of your searches"):
            await ask("ann", 0)
        going[2].set()
        await ask("bob", 2)
        assert ended == ["bob 2"], "all of Ann's came before"
        anns[0].cancel()  # its thread works on
        await asyncio.sleep(0.1)
        going[1].set()
        await asyncio.sleep(0.1)
        assert ended == ["bob 2"], "that has its place until it ends"
        going[0].set()
        await asyncio.gather(*anns, return_exceptions=True)

    asyncio.run(asking())
    assert sorted(ended) == ["ann 0", "ann 1", "ann 1", "bob 2"]


def test_a_place_is_left_for_one_who_has_none() -> None:
    places = Quotas(ReaderLimits()).questions

    async def asking() -> list[str]:
        with contextlib.ExitStack() as asked:
            two = [asked.enter_context(places.line(who)) for who in ("ann", "bob") for _ in "12"]
            newcomers = [asked.enter_context(places.line(who)) for who in ("eve", "fay")]
            return [place.who for place in (*two, *newcomers) if place.come.done()]

    assert asyncio.run(asking()) == ["ann", "ann", "bob", "eve"]


def test_what_takes_long_gives_its_place_to_one_who_has_none() -> None:
    now = [0.0]
    places = Places(Quotas(ReaderLimits()), lambda: now[0])

    async def asking() -> None:
        with contextlib.ExitStack() as asked:
            first = [asked.enter_context(places.line(who)) for who in ("a", "b", "c", "d")]
            late = asked.enter_context(places.line("late"))
            places.pass_on(first[0])
            assert not late.come.done(), "each has a place for some time"
            now[0] = TURN_S + 1
            places.pass_on(first[0])
            assert late.come.done()
            places.pass_on(late)
            assert late.come.done(), "its time has only begun"
            places.pass_on(first[1])
            assert [place.come.done() for place in first] == [True, False, True, True], "in turns"
        assert places._line == [] and not places._had

    asyncio.run(asking())


def test_a_tool_that_takes_long_gives_way_between_two_parts(monkeypatch: Any) -> None:
    monkeypatch.setattr("rag.web.gate.TURN_S", 0.0)
    quotas = Quotas(ReaderLimits())
    come, told = threading.Event(), []

    def long(who: str) -> None:
        while not come.is_set():
            time.sleep(0.01)
            give_way()
        told.append(who)

    async def asking() -> None:
        going = [asyncio.create_task(quotas.tools.run(who, long, who)) for who in "abcd"]
        await asyncio.sleep(0)
        await quotas.tools.run("late", come.set)
        await asyncio.gather(*going)

    asyncio.run(asyncio.wait_for(asking(), 20))
    assert sorted(told) == ["a", "b", "c", "d"]


def test_who_has_a_server_for_themselves_uses_all_of_it() -> None:
    quotas = Quotas()
    meeting = threading.Barrier(4, timeout=20)

    async def asking() -> None:
        await asyncio.gather(*(quotas.tools.run("me", meeting.wait) for _ in range(4)))

    asyncio.run(asking())


def test_uploads_are_refused_beyond_the_quota(accounts: Accounts) -> None:
    guarded = guard_with(accounts)
    guarded.quotas = Quotas(ReaderLimits(upload_mb_a_day=1))
    upload = {"headers": basic("reader"), "content": b"x" * (MB - 10)}
    assert send(guarded, "POST", f"{API}/upload", **upload).status_code == 200
    assert send(guarded, "POST", f"{API}/upload", **upload).status_code == 429


# ---- a real server with two users ----


TALKERS = ("talker1", "talker2", "talker3", "talker4")


@pytest.fixture(scope="module")
def home(small_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("opened")
    shutil.copytree(small_index, home / "indexes" / "mine")
    accounts = Accounts(home / "accounts.json")
    accounts.add("reader", PASSWORD, "ask")
    accounts.add("editor", PASSWORD, "change")
    for name in ("busy", *TALKERS):
        accounts.add(name, PASSWORD, "ask")
    return home


@pytest.fixture(scope="module")
def opened(home: Path) -> Iterator[str]:
    with served_on("mine", home, "--claims-a-minute", "5", "--behind-proxy") as url:
        yield url


@pytest.fixture
def sign_in(opened: str) -> Iterator[Callable[[str], httpx.Client]]:
    clients: list[httpx.Client] = []

    def signing_in(name: str) -> httpx.Client:
        client = httpx.Client(base_url=opened, timeout=60)
        clients.append(client)
        form = {"name": name, "password": PASSWORD}
        assert client.post("/sign-in", data=form).headers["location"] == "/"
        return client

    yield signing_in
    for client in clients:
        client.close()


def called(client: httpx.Client, text: str) -> str:
    made = client.post("/gradio_api/call/ask", json={"data": [text, 3, None, None, None]})
    return client.get(f"/gradio_api/call/ask/{made.json()['event_id']}").text


def clicked(client: httpx.Client, **click: Any) -> str:
    """Return what the page is told after a click of a reader's."""
    config = client.get("/config").json()
    [number] = [d["id"] for d in config["dependencies"] if d["api_name"] == "clicked"]
    inputs = next(d["inputs"] for d in config["dependencies"] if d["id"] == number)
    body = {"data": [None] * len(inputs), "fn_index": number, "event_data": click}
    client.post("/gradio_api/queue/join", json={**body, "session_hash": "abc"}).raise_for_status()
    told = ""
    with client.stream("GET", "/gradio_api/queue/data?session_hash=abc") as stream:
        for line in stream.iter_lines():
            told += line
            if "process_completed" in line:
                break
    return told


def test_a_reader_asks_and_changes_nothing(
    opened: str, home: Path, sign_in: Callable[[str], httpx.Client]
) -> None:
    assert httpx.post(f"{opened}gradio_api/call/ask", json={"data": []}).status_code == 401
    reader = sign_in("reader")
    assert "Signed in" not in httpx.get(opened, headers={"Accept": "text/html"}).text
    assert "Monroe" in called(reader, CLAIM)
    source = home / "corpus" / "sources" / "letter.txt"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("A truce was signed at the bridge.")
    assert "Your account may only ask" in clicked(reader, act="remove", file="letter.txt")
    assert source.exists()
    assert "letter.txt was removed" in clicked(sign_in("editor"), act="remove", file="letter.txt")
    assert not source.exists()
    lines = [json.loads(line) for line in (home / "audit.jsonl").read_text().splitlines()]
    changes = [(line["who"], line["what"]) for line in lines if "file" in line["what"]]
    assert changes == [("editor", "removed a file")]


def test_an_assistant_calls_the_tools_with_name_and_password(opened: str) -> None:
    async def tools(headers: dict[str, str]) -> str:
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as client,
            streamable_http_client(f"{opened}gradio_api/mcp/", http_client=client) as (r, w, *_),
            ClientSession(r, w) as session,
        ):
            await session.initialize()
            result = await session.call_tool("ask", {"text": CLAIM})
            return str(result.content[0].text)

    assert "Monroe" in asyncio.run(tools(basic("reader")))
    with pytest.raises(BaseExceptionGroup):
        asyncio.run(tools({}))


def test_a_readers_call_is_not_told_to_another(sign_in: Callable[[str], httpx.Client]) -> None:
    reader, editor = sign_in("reader"), sign_in("editor")
    made = reader.post("/gradio_api/call/list_collections", json={"data": []}).json()
    outcome = f"/gradio_api/call/list_collections/{made['event_id']}"
    assert editor.get(outcome).status_code == 404
    assert "event: complete" in reader.get(outcome).text


def test_one_readers_quota_is_not_anothers(sign_in: Callable[[str], httpx.Client]) -> None:
    reader, editor = sign_in("reader"), sign_in("editor")
    years = range(1790, 1796)
    text = " ".join(f"Monroe said in {year} that Europe must stay out." for year in years)
    assert "event: complete" in called(reader, text)
    refused = called(reader, CLAIM)
    assert "event: error" in refused
    assert "event: complete" in called(editor, CLAIM)


LONG = " ".join(f"Monroe said in {1000 + n} that Europe must stay out." for n in range(600))


def ask_on_the_page(client: httpx.Client, text: str, page: str) -> None:
    """Send a question as the page does."""
    config = client.get("/config").json()
    [ask] = [d for d in config["dependencies"] if d["api_name"] == "ask_1"]  # "ask" is the tool
    data = [{"text": text, "files": []}] + [None] * (len(ask["inputs"]) - 1)
    join = {"data": data, "fn_index": ask["id"], "session_hash": page}
    client.post("/gradio_api/queue/join", json=join).raise_for_status()


def test_idle_connections_of_one_reader_stop_nobody(home: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("no more files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))  # the server's, as it begins
    with contextlib.ExitStack() as closing:
        try:
            url = closing.enter_context(served_on("mine", home))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
        closing.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        address = httpx.URL(url)
        named = basic("busy")["Authorization"]
        asked = (
            f"GET {API}/heartbeat/%d HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n"
            f"Authorization: {named}\r\n\r\n"
        )
        told = []
        for number in range(300):
            kept = closing.enter_context(
                socket.create_connection((address.host, address.port), timeout=60)
            )
            kept.sendall((asked % number).encode())
            told.append(kept.recv(12).decode()[-3:])
        assert told == ["200"] * 200 + ["429"] * 100
        idle = [socket.create_connection((address.host, address.port)) for _ in range(300)]
        assert httpx.get(f"{url}health", timeout=20).status_code == 200
        for connection in idle:
            connection.close()


def test_one_reader_does_not_have_all_places(sign_in: Callable[[str], httpx.Client]) -> None:
    busy, editor = sign_in("busy"), sign_in("editor")
    with contextlib.ExitStack() as listening:
        for number in range(4):
            ask_on_the_page(busy, LONG, f"busy{number}")
            page = f"/gradio_api/queue/data?session_hash=busy{number}"
            listening.enter_context(busy.stream("GET", page))
        end = time.monotonic() + 30
        while under_way(editor) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        ask_on_the_page(editor, CLAIM, "quick")
        with editor.stream("GET", "/gradio_api/queue/data?session_hash=quick") as stream:
            assert any("process_completed" in line for line in stream.iter_lines())
        assert under_way(editor) == 2


@pytest.mark.slow
def test_readers_who_have_all_places_let_another_in(
    sign_in: Callable[[str], httpx.Client],
) -> None:
    editor = sign_in("editor")
    with contextlib.ExitStack() as listening:
        for name in TALKERS:
            talker = sign_in(name)
            ask_on_the_page(talker, LONG, name)
            page = f"/gradio_api/queue/data?session_hash={name}"
            listening.enter_context(talker.stream("GET", page))
        end = time.monotonic() + 60
        while under_way(editor) < len(TALKERS) and time.monotonic() < end:
            time.sleep(0.2)
        ask_on_the_page(editor, CLAIM, "another")
        with editor.stream("GET", "/gradio_api/queue/data?session_hash=another") as stream:
            assert any("process_completed" in line for line in stream.iter_lines())
        assert under_way(editor) == len(TALKERS), "they go on after that"


def test_work_ends_when_whoever_asked_has_left(sign_in: Callable[[str], httpx.Client]) -> None:
    editor = sign_in("editor")
    ask_on_the_page(editor, LONG, "left")
    with editor.stream("GET", "/gradio_api/queue/data?session_hash=left") as stream:
        for line in stream.iter_lines():
            if "process_generating" in line:
                break
    end = time.monotonic() + 30
    while under_way(editor) and time.monotonic() < end:
        time.sleep(0.2)
    assert under_way(editor) == 0


def under_way(client: httpx.Client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(
        float(line.split()[1]) for line in lines if line.startswith("source_finder_questions_under")
    )


@pytest.mark.browser
def test_a_person_signs_in_and_out_in_a_browser(opened: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{opened}?document=no-such")  # a link that somebody sent, which says so
    for name, password in (("editor", "not the right one"), ("editor", PASSWORD)):
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", password)
        page.click("button")
        page.wait_for_selector("[role=alert], #sf-signed-in form", timeout=90_000)
    assert "Signed in as editor" in page.inner_text("#sf-signed-in")
    page.wait_for_selector("text=no-such")
    page.click("text=Sign out")
    page.wait_for_selector("input[name=password]")
    page.goto(opened)
    assert page.query_selector("#sf-signed-in") is None
    page.close()
