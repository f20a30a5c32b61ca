"""The browser application in a real Chromium, on a real index with texts, a PDF and a scan."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docx
import pypdfium2
import pytest
import yaml
from pypdf import PdfReader

from rag.build.builder import EMBEDDING, build_index
from rag.config import Settings
from rag.datatypes import Answer
from rag.dossier import zotero
from rag.embedding import Encoder
from rag.errors import SourceFinderError
from rag.finder import SourceFinder
from rag.index import open_index, open_unfinished
from rag.live import LiveFinder, Work
from rag.web import RunningApp, start
from rag.web.blocks import EXAMPLES
from rag.web.chat import BY_WORDS, HINT, UNEXPECTED, summary_counts
from tests.conftest import MONROE_WORDS, write_sources
from tests.fake_zotero import zotero_stand_in
from tests.scans import TREATY, print_pdf, scan_pdf
from tests.zotero_library import Item, write_library

ATTACK = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
    "\"><b onmouseover='window.hacked=1'>**bold** [x](javascript:window.hacked=1) ${7*7} {{7*7}}"
)
MONROE = f"Monroe said the American continents are {MONROE_WORDS} by any European powers"
POLK = "Polk said that the accounts of the abundance of gold in that territory are extraordinary"
SACAGAWEA = "Sacagawea carried her baby all the way to the Pacific"
TRUCE = "A truce was signed at the bridge of Zenda by both ministers"
LETTER = (
    "The Duke of Strelsau sent for his physician on the ninth of May.",
    "He had not slept for three nights, and would see no one",
    "but the gardener, to whom he owed four hundred crowns.",
)
WILL = (
    "Strelsau, 9 May 1891.",
    "I, Michael of Strelsau, being about to take the field,",
    "leave the castle at Zenda to my sister Flavia, and to the",
    "gardener his four hundred crowns, with my thanks.",
)
LONG_TEXT = f"{MONROE}. We heard three things.\nIs that so?\n{POLK}.\n{SACAGAWEA}."
SETTLED_S = 0.5
PATIENCE_MS = 120_000
"""How long anything may take on a machine that has much else to do."""

HENTZAU = "Rupert of Hentzau crossed the moat of Tarlenheim at night in October 1885."

pytestmark = pytest.mark.browser


class Paced(SourceFinder):
    """A real finder that can be watched at work: after the first claim of a text of several
    lines it waits for the gate to be open, and at the word "crash" it fails."""

    gate = threading.Event()

    def stream(self, text: str, *args: Any) -> Iterator[Answer]:
        for number, answer in enumerate(super().stream(text, *args)):
            if number and "\n" in text:
                self.gate.wait(20)
            yield answer
            if "crash" in text:
                raise RuntimeError("secret detail of the machine")


@pytest.fixture(autouse=True)
def gate() -> Iterator[threading.Event]:
    """The gate of the finder, open unless a test closes it."""
    Paced.gate.set()
    yield Paced.gate
    Paced.gate.set()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_sources(tmp_path_factory.mktemp("room"), ["1823-Monroe-1", "1848-Polk-1"])
    print_pdf(folder / "signed" / "treaty.pdf", [TREATY[:2], TREATY])
    scan_pdf(folder / "signed" / "letter.pdf", LETTER)
    return folder


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, sources: Path, encoder: Encoder) -> SourceFinder:
    path = tmp_path_factory.mktemp("home") / "indexes" / "room"
    build_index([sources / "signed"], path, encoder=encoder)
    return Paced.open(path)


@pytest.fixture(scope="module")
def live(real: SourceFinder) -> LiveFinder:
    home = real.index.generation.path.parents[2]
    return LiveFinder(real, settings=replace(real.settings, home=home))


@pytest.fixture(scope="module")
def server(live: LiveFinder) -> Iterator[RunningApp]:
    running = start(live, port=free_port())
    yield running
    running.close()


class Visit:
    """A page of the application, with every request and script error since it was opened."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **context}
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._heard)
        self.page.goto(url)
        self.box.wait_for()
        self.page.locator("#sf-opening").wait_for(state="detached")

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    @property
    def box(self) -> Any:
        return self.page.locator("#sf-box textarea")

    @property
    def pane(self) -> Any:
        return self.page.locator("#sf-pane")

    def ask(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def asked(self, text: str, times: int = 1) -> None:
        """Ask, and wait for the whole answer, the conversation's so-manieth."""
        self.ask(text)
        self.see(".sf-stage-done", times)

    def see(self, selector: str, count: int | None = None) -> Any:
        """Wait until `selector` is on the page (`count` times), and return its locator."""
        from playwright.sync_api import expect

        found = self.page.locator(selector)
        if count is None:
            found.first.wait_for(state="attached")
        else:
            expect(found).to_have_count(count, timeout=PATIENCE_MS)
        return found

    def check_axe(self, state: str) -> None:
        """Have axe look at the page; it may find nothing serious."""
        sync_axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        found = sync_axe.Axe().run(self.page).response["violations"]
        faults = [
            (state, fault["id"], node["html"][:120])
            for fault in found
            if fault["impact"] in ("serious", "critical", "moderate")
            for node in fault["nodes"]
        ]
        assert faults == []

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name)

    def foreign_hosts(self) -> set[str]:
        hosts = {urlsplit(url).hostname for url in self.requests if url.startswith(("http", "ws"))}
        return {host or "" for host in hosts} - {"127.0.0.1"}

    def close(self) -> None:
        """End the visit; nothing may have gone wrong, and nothing may have left the machine."""
        self.context.close()
        assert self.foreign_hosts() == set()
        assert self.problems == []


@pytest.fixture
def visit(browser: Any, server: RunningApp) -> Iterator[Visit]:
    opened = Visit(browser, server.url)
    yield opened
    opened.close()


# ---- asking ----


@pytest.mark.parametrize("sends", [False, True])
def test_one_can_type_and_ask_while_the_page_is_still_loading(
    browser: Any, server: RunningApp, sends: bool
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    held: list[Any] | None = []
    page.route(
        "**/assets/*.js", lambda route: route.continue_() if held is None else held.append(route)
    )
    page.goto(server.url, wait_until="commit")
    first = page.locator("#sf-opening textarea")
    first.wait_for()
    assert page.get_by_role("heading", name="Source Finder").count() == 1
    page.keyboard.type("Monroe told Europe to stay")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("out of the Americas")
    if sends:
        page.keyboard.press("Enter")
    assert first.input_value() == "Monroe told Europe to stay\nout of the Americas"
    scripts, held = held, None
    for script in scripts:
        script.continue_()
    first.wait_for(state="detached")
    if sends:
        page.locator(".sf-stage-done").wait_for()
        assert "Monroe told Europe to stay" in page.locator(".sf-question").inner_text()
    else:
        page.keyboard.type("!")
        box = page.locator("#sf-box textarea")
        assert box.input_value() == "Monroe told Europe to stay\nout of the Americas!"
        assert page.locator(".sf-question").count() == 0
    page.close()


def test_asking_shows_cards_with_the_exact_quotation_marked(
    visit: Visit, real: SourceFinder
) -> None:
    visit.asked(MONROE)
    expected = real.ask(MONROE).findings[0].evidence
    assert any(MONROE_WORDS in item.passage for item in expected)
    cards = visit.see("#sf-pane .sf-card", len(expected))
    assert cards.locator("mark").all_text_contents() == [item.quote for item in expected]
    passages = visit.page.locator(".sf-passage").all_text_contents()
    assert passages == [item.passage for item in expected]
    assert visit.page.get_by_text("James Monroe").first.is_visible()
    assert visit.box.input_value() == ""


def test_a_citation_is_copied_word_for_word_with_and_without_the_clipboard_api(
    browser: Any, server: RunningApp, real: SourceFinder
) -> None:
    allowed = {"permissions": ["clipboard-read", "clipboard-write"]}
    visit = Visit(browser, server.url, **allowed)
    found = real.ask(MONROE).findings[0].evidence
    expected = [item.citation for item in found]
    visit.asked(MONROE)
    visit.page.evaluate("window.kept = navigator.clipboard")
    visit.pane.get_by_role("button", name="Copy quotation with citation").first.click()
    visit.button("Copied").wait_for()
    copied = visit.page.evaluate("window.kept.readText()")
    assert copied == f"“{found[0].quote}” {found[0].citation}"
    visit.button("Copied").wait_for(state="detached")
    for number in (len(expected) - 1, 0):
        visit.pane.get_by_role("button", name="Copy citation").nth(number).click()
        visit.button("Copied").wait_for()
        assert visit.page.evaluate("window.kept.readText()") == expected[number]
        visit.button("Copied").wait_for(state="detached")
        visit.page.evaluate(
            "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
        )
    visit.close()


def test_an_example_is_asked_when_it_is_clicked(visit: Visit) -> None:
    visit.page.get_by_text(EXAMPLES[3]).click()
    visit.see(".sf-stage-done", 1)
    assert EXAMPLES[3] in visit.see(".sf-question", 1).inner_text()
    assert visit.pane.get_by_text("Nothing in this corpus bears on it").first.is_visible()
    assert visit.pane.get_by_text("Where to look next").is_visible()
    nearest = visit.pane.locator(".sf-nearest")
    assert nearest.first.is_visible()
    assert "Not evidence" in nearest.first.inner_text()
    visit.page.get_by_text("The nearest passages").click()
    assert not nearest.first.is_visible()


def test_several_claims_stream_and_nothing_moves(
    visit: Visit, gate: threading.Event, real: SourceFinder
) -> None:
    gate.clear()
    visit.ask(LONG_TEXT)
    visit.see(".sf-row", 1)
    assert visit.page.locator(".sf-stage-searching").inner_text().startswith("Searching… so far")
    assert visit.button("Stop").is_visible()
    tops = (
        "['.sf-question', '.sf-overview', '.sf-row']"
        ".map(it => document.querySelector(it).getBoundingClientRect().top)"
    )
    visit.page.evaluate("window.first = document.querySelector('.sf-row')")
    before = visit.page.evaluate(tops)
    gate.set()
    visit.see(".sf-stage-done", 1)
    assert visit.page.evaluate(tops) == before
    assert visit.page.evaluate("window.first === document.querySelector('.sf-row')")
    assert visit.pane.locator("h2.sf-claim").inner_text() == f"{MONROE}."
    counts = visit.page.locator(".sf-stage-done").inner_text()
    assert counts == summary_counts(real.ask(LONG_TEXT))
    visit.page.get_by_text("1 sentence was set aside, and why").click()
    assert visit.page.get_by_text("Set aside: a question").is_visible()
    visit.button("Search").wait_for()


def test_a_marked_claim_leads_to_its_evidence(visit: Visit, real: SourceFinder) -> None:
    visit.asked(LONG_TEXT)
    claims = visit.see(".sf-question .sf-claimed-text", 4)
    drawn = claims.evaluate_all("all => all.map(it => getComputedStyle(it).textDecorationStyle)")
    lines = {"not found": "dotted", "related": "dashed", "supported": "solid"}
    assert drawn == [lines[f.verdict] for f in real.ask(LONG_TEXT).findings]
    assert len(set(drawn)) > 1
    claims.nth(2).click()
    heading = visit.pane.locator("h2.sf-claim")
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-claim'")
    assert heading.inner_text() == f"{POLK}."
    visit.button("Next claim").click()
    visit.pane.get_by_text("Nothing in this corpus bears on it").wait_for()
    assert heading.inner_text() == f"{SACAGAWEA}."


def test_a_follow_up_knows_the_claim_before_it(visit: Visit) -> None:
    visit.asked(MONROE)
    visit.asked("and what did he say of Russia?", 2)
    wanted = "Searched as: and what did he say of Russia (Monroe, American, European)?"
    assert visit.page.get_by_text(wanted).is_visible()
    assert "Monroe" in visit.pane.locator(".sf-card").first.inner_text()


def test_a_new_question_stands_at_the_top_of_the_window(visit: Visit) -> None:
    for times, text in enumerate((MONROE, POLK, SACAGAWEA), start=1):
        visit.asked(text, times)
        visit.page.wait_for_function(
            "() => Math.abs([...document.querySelectorAll('.sf-question')].pop()"
            ".getBoundingClientRect().top - 30) < 40"
        )
        box = visit.box.bounding_box()
        assert box["y"] + box["height"] <= 900, "the input box is not in reach"
        heading = visit.pane.locator("h2.sf-claim")
        assert heading.inner_text() == text
        assert 0 <= heading.bounding_box()["y"] < 200, "the passages are out of sight"


def test_shift_enter_makes_a_new_line_and_a_paste_keeps_its_lines(visit: Visit) -> None:
    visit.box.press_sequentially("Polk found")
    visit.box.press("Shift+Enter")
    visit.page.keyboard.insert_text("gold\n\n  in California")
    visit.box.press("Enter")
    visit.see(".sf-stage-done", 1)
    sent = visit.page.locator(".sf-question").text_content()
    assert re.sub(r" \([^)]*\)", "", sent) == "Polk found\ngold\n\n  in California"


def test_stop_keeps_what_was_found(visit: Visit, gate: threading.Event) -> None:
    gate.clear()
    visit.ask("\n".join(f"Polk spoke of gold in California, number {n}." for n in range(40)))
    visit.see(".sf-row", 1)
    visit.button("Stop").click()
    visit.see(".sf-stage-stopped", 1)
    gate.set()
    visit.button("Search").wait_for()
    time.sleep(SETTLED_S)
    assert visit.page.locator(".sf-row").count() == 1
    visit.asked(POLK)


def test_a_transcript_is_asked_and_a_source_is_offered(visit: Visit, tmp_path: Path) -> None:
    post, scan = tmp_path / "post.txt", tmp_path / "scan.pdf"
    post.write_text(f"{MONROE}.\n{POLK}.", encoding="utf-8")
    print_pdf(scan, [TREATY])
    visit.page.locator("#sf-box input[type=file]").set_input_files([post, scan])
    visit.see("#sf-box .thumbnail-item", 2)
    visit.box.press("Enter")
    visit.see(".sf-stage-done", 1)
    visit.see(".sf-question .sf-claimed-text", 2)
    assert visit.page.get_by_text("scan.pdf is a source, not a question").is_visible()
    assert visit.button("Add it to the corpus").is_visible()


def test_markup_from_reader_and_corpus_is_inert(visit: Visit) -> None:
    visit.asked(f"{MONROE} {ATTACK}")
    assert ATTACK in visit.page.locator(".sf-question").inner_text()
    visit.see("#sf-pane .sf-card")
    assert visit.page.locator(".sf-question :is(img, b, script)").count() == 0
    visit.page.locator(".sf-claim").hover()
    assert visit.page.evaluate("window.hacked") is None


def test_a_taken_port_is_told_with_what_to_try(server: RunningApp, live: LiveFinder) -> None:
    with pytest.raises(SourceFinderError, match=r"in use\. Try another port"):
        start(live, port=int(urlsplit(server.url).port or 0))


def test_errors_and_hints_are_told_in_the_chat(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    visit.ask("   ")
    assert visit.see(".sf-message", 1).inner_text() == HINT
    visit.ask("x" * 200_001)
    visit.page.get_by_text("at most 200,000 can be sent").wait_for()
    visit.ask("Polk found gold in California\ncrash here in California")
    visit.page.get_by_text(UNEXPECTED).wait_for()
    assert visit.page.locator(".sf-row").count() == 1
    page = visit.page.content()
    assert "secret detail" not in page
    assert "Traceback" not in page
    assert "secret detail of the machine" in caplog.text


def test_what_is_no_claim_is_told_so_and_a_question_has_no_verdict(visit: Visit) -> None:
    visit.asked("Hello there!")
    assert visit.page.get_by_text("Write or paste a claim about the past").is_visible()
    visit.asked("Who spoke of the abundance of gold in California?", 2)
    assert "may answer this" in visit.pane.locator(".sf-verdict").inner_text()
    assert visit.button("Save as Word").is_visible()
    visit.asked("thanks, that's great", 3)
    assert visit.page.locator(".sf-row").count() == 1, "it is not looked up"
    last = visit.page.locator("#sf-chat .bot-row").last
    for none in ("Searched", "Copy link", "set aside", "Save"):
        assert none not in last.inner_text(), "there is nothing to keep, and no more to say"
    assert visit.button("Save as Word").is_visible(), "the answer before is still kept"
    visit.asked("Mao Zedong", 4)
    assert visit.page.get_by_text("This names a subject but claims nothing about it").is_visible()


def test_a_long_text_begins_with_what_is_there_and_what_could_be_added(
    visit: Visit, elsewhere: str
) -> None:
    odd = "In 1905 the ambassador at the Quai d'Orsay left France for Coeur d'Alene"
    visit.asked(f"{MONROE}.\n{POLK}.\n{odd}.\n{SACAGAWEA}.\n{HENTZAU}")
    overview = visit.see(".sf-overview", 1)
    assert "something on 2 claims of 5 and nothing on 3" in overview.inner_text()
    fold = visit.page.locator(".sf-missing")
    assert not fold.get_by_text(SACAGAWEA).first.is_visible(), "what was not found is folded"
    fold.locator("summary").click()
    assert fold.get_by_text(SACAGAWEA).first.is_visible()
    assert fold.get_by_text("Quai d'Orsay").first.is_visible()
    overview.get_by_text("Where to look next").click()
    overview.get_by_role("button", name=f"Add {elsewhere}").click()
    visit.pane.get_by_role("heading", name=f"Add {elsewhere}?").wait_for()


def test_an_answer_from_words_alone_is_marked_and_made_again_by_itself(
    browser: Any,
    sources: Path,
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # which another server sets; put back afterwards
    index = tmp_path / "indexes" / "first"
    settings = replace(Settings.from_environment(), home=tmp_path)
    live = LiveFinder(None, settings=settings, home=index)
    live.work = Work("Building the index")
    running = start(live, port=free_port())
    visits: list[Visit] = []

    def ask(stage: str, done: int, total: int, file: object = None) -> None:
        if stage == EMBEDDING and done == 0:
            unfinished = open_unfinished(index, encoder)
            assert unfinished is not None
            live._take(unfinished, encoder)
            visits.append(visit := Visit(browser, running.url))
            visit.asked(MONROE)
            assert BY_WORDS in visit.page.locator(".sf-stage-done").inner_text()
            assert MONROE_WORDS in visit.pane.locator(".sf-passage").first.inner_text()

    report = build_index([sources / "signed"], index, encoder=encoder, progress=ask)
    [visit] = visits
    live._take(open_index(index), encoder)
    live.work = replace(live.work, ended=True, report=report)
    visit.page.get_by_text(BY_WORDS).wait_for(state="detached")
    visit.see("#sf-pane .sf-card mark")
    visit.close()
    running.close()


def test_a_new_question_begins_a_conversation_of_its_own(visit: Visit) -> None:
    visit.asked("Polk \x01 gold \u202e \U0001f9ed " + "x" * 2000)
    visit.page.get_by_role("link", name="New question").click()
    visit.page.get_by_text("The passages for a claim appear here").wait_for()
    visit.page.get_by_text(EXAMPLES[0]).click()
    visit.see(".sf-stage-done", 1)
    assert EXAMPLES[0] in visit.see(".sf-question", 1).inner_text()


# ---- reading ----


def words_in(path: Path, number: int, boxes: list[dict[str, float]]) -> str:
    """Return what a page's text layer has in boxes given in shares of the picture."""
    with pypdfium2.PdfDocument(path) as pdf:
        page = pdf[number]
        width, height = page.get_size()
        layer = page.get_textpage()
        parts = [
            layer.get_text_bounded(
                left=box["left"] * width,
                right=box["right"] * width,
                top=(1 - box["top"]) * height,
                bottom=(1 - box["bottom"]) * height,
            )
            for box in boxes
        ]
    return " ".join(" ".join(parts).split())


BOXES = """() => {
  const page = document.querySelector('.sf-page img').getBoundingClientRect();
  return [...document.querySelectorAll('.sf-box')].map(it => {
    const box = it.getBoundingClientRect();
    return {
      left: (box.left - page.left) / page.width, right: (box.right - page.left) / page.width,
      top: (box.top - page.top) / page.height, bottom: (box.bottom - page.top) / page.height,
    };
  });
}"""


def test_a_pdf_opens_at_its_page_with_the_mark_on_the_right_words(
    visit: Visit, real: SourceFinder, sources: Path
) -> None:
    visit.asked(TRUCE)
    best = real.ask(TRUCE).findings[0].evidence[0]
    assert best.document_id.endswith("treaty")
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    visit.see("#sf-page-mark")
    assert visit.pane.get_by_text("PDF page 2 (2 of 2)").is_visible()
    assert visit.page.locator("#sf-page-mark").bounding_box()["y"] < 900
    found = words_in(sources / "signed" / "treaty.pdf", 1, visit.page.evaluate(BOXES))
    assert re.sub(r"\W", "", found) == re.sub(r"\W", "", best.quote)
    visit.button("Page before").click()
    visit.pane.get_by_text("PDF page 1 (1 of 2)").wait_for()
    assert visit.page.locator(".sf-box").count() == 0
    addressed(visit, "document=", "pdf_page=1")
    visit.page.reload()
    visit.pane.get_by_text("PDF page 1 (1 of 2)").wait_for()
    visit.button("Page after").click()
    visit.see("#sf-page-mark")
    visit.button("As text").click()
    assert visit.see("#sf-quotation").inner_text().split() == best.quote.split()
    visit.button("Back to the passages").click()
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-e0'")


def test_a_copy_of_the_pdf_is_kept_with_what_is_open_and_what_is_pinned_highlighted(
    visit: Visit, real: SourceFinder, sources: Path
) -> None:
    visit.asked("The fleet left the harbour in March and no letter came before the summer")
    fleet = visit.pane.locator(".sf-card", has_text="fleet left").first
    fleet.get_by_role("button", name="Pin").click()
    fleet.get_by_label("Your note on it, if any").fill("Ask Hope.")
    fleet.get_by_role("button", name="Pin this passage").click()
    visit.page.get_by_text("Pinned in “My questions”").wait_for()
    visit.asked(TRUCE, 2)
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    visit.see("#sf-page-mark")
    with visit.page.expect_download() as waiting:
        visit.button("Save the PDF with this highlighted").click()
    assert waiting.value.suggested_filename == "treaty-highlighted.pdf"
    notes = [
        str(mark.get_object()["/Contents"])
        for page in PdfReader(waiting.value.path()).pages
        for mark in page.get("/Annots", [])
    ]
    assert {note.startswith("Ask Hope.\n") for note in notes} == {True, False}  # that and others
    assert all("treaty" in note for note in notes), "each has its citation"


def test_a_scan_opens_with_the_mark_where_the_words_were_printed(
    visit: Visit, real: SourceFinder, sources: Path
) -> None:
    visit.asked("The Duke owed the gardener four hundred crowns")
    best = real.ask("The Duke owed the gardener four hundred crowns").findings[0].evidence[0]
    assert best.ocr_confidence is not None
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    visit.see("#sf-page-mark")
    printed = print_pdf(sources / "letter-printed.pdf", [LETTER])
    found = words_in(printed, 0, visit.page.evaluate(BOXES))
    assert "owed four hundred crowns" in found
    assert "but the gardener" in found


def test_a_text_opens_at_the_quotation_and_is_read_on_in_place(visit: Visit) -> None:
    visit.asked(MONROE)
    quote = visit.pane.locator("mark").first.inner_text()
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    mark = visit.see("#sf-quotation")
    assert mark.inner_text() == quote
    assert 0 < mark.bounding_box()["y"] < 900
    visit.button("Show more above").scroll_into_view_if_needed()
    top = mark.bounding_box()["y"]
    length = len(visit.pane.locator(".sf-text").inner_text())
    visit.button("Show more above").click()
    visit.page.wait_for_function(
        f"() => document.querySelector('#sf-pane .sf-text').innerText.length > {length + 500}"
    )
    assert visit.page.locator("#sf-quotation").bounding_box()["y"] == pytest.approx(top, abs=4)


def test_more_like_this_and_the_way_back(visit: Visit) -> None:
    visit.asked(MONROE)
    visit.button("More like this").first.click()
    visit.pane.get_by_text("passages like this one").wait_for()
    assert visit.pane.get_by_text("Alike").count() > 2
    visit.button("Back to the passages").click()
    visit.pane.get_by_text("Alike").first.wait_for(state="detached")
    visit.see("#sf-pane .sf-card")


# ---- finding more ----


def test_more_passages_are_shown_when_they_are_asked_for(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.web.chat.PER_CLAIM", 1)
    monkeypatch.setattr("rag.web.desk.PER_CLAIM", 1)
    visit.asked(MONROE)
    visit.see("#sf-pane .sf-card", 1)
    visit.button("Show more passages").click()
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-e1'")
    assert visit.pane.locator(".sf-card").count() > 1
    assert visit.button("Show more passages").count() == 0


def test_exact_words_are_found_in_all_documents(visit: Visit) -> None:
    box = visit.pane.get_by_label("Exact words, in all documents")
    box.fill("accounts of the  abundance of GOLD")
    visit.pane.get_by_role("button", name="Find", exact=True).click()
    visit.pane.get_by_text("1 place has").wait_for()
    assert "exact=accounts" in visit.page.url
    visit.page.reload()
    visit.pane.get_by_text("1 place has").wait_for()
    visit.pane.locator(".sf-found-in [data-act=open]").click()
    assert visit.see("#sf-quotation").inner_text() == "accounts of the abundance of gold"
    visit.page.go_back()
    visit.pane.get_by_text("1 place has").wait_for()
    visit.button("Close").click()
    visit.pane.get_by_text("The passages for a claim appear here").wait_for()


def test_the_timeline_leads_to_the_cards(visit: Visit) -> None:
    visit.asked(f"In 1832 {MONROE}")
    visit.see("#sf-pane .sf-claimed", 1)
    dots = visit.page.locator("#sf-pane circle")
    cards = visit.page.locator("#sf-pane .sf-card").count()
    assert dots.count() == cards > 0
    band = visit.page.locator("#sf-pane .sf-claimed").bounding_box()
    assert dots.first.bounding_box()["x"] < band["x"], "1823 is before 1832"
    dots.last.click()
    visit.page.wait_for_function(f"() => document.activeElement.id === 'sf-e{cards - 1}'")


def test_filters_narrow_the_search_and_are_taken_back(visit: Visit) -> None:
    visit.asked(POLK)
    dates = visit.pane.locator(".sf-card .sf-date")
    visit.pane.get_by_text("Filter the passages").click()
    visit.pane.get_by_label("from", exact=True).fill("1840")
    visit.pane.get_by_label("to", exact=True).fill("1850")
    visit.button("Show these").click()
    visit.page.wait_for_function(
        "() => [...document.querySelectorAll('#sf-pane .sf-card:not(.sf-nearest) .sf-date')]"
        ".every(it => it.textContent === '1848')"
    )
    assert dates.count() > 0
    visit.pane.get_by_label("memoir, written later").check()
    visit.button("Show these").click()
    visit.pane.get_by_text("Your filters hide all").wait_for()
    visit.button("Show all").click()
    visit.pane.get_by_text("Your filters hide all").wait_for(state="detached")
    visit.see("#sf-pane .sf-card")


# ---- keeping ----


def addressed(visit: Visit, *parts: str) -> str:
    """Wait until the address has all parts, and return it."""
    wanted = " && ".join(f"location.search.includes({part!r})" for part in parts)
    visit.page.wait_for_function(f"() => {wanted or 'true'}")
    return str(visit.page.url)


def test_a_conversation_survives_a_reload(visit: Visit) -> None:
    visit.asked(MONROE)
    visit.asked("and what did he say of Russia?", 2)
    quote = visit.pane.locator("mark").first.inner_text()
    addressed(visit, "conversation=")
    visit.page.reload()
    visit.see(".sf-question", 2)
    assert visit.page.locator(".sf-question").first.inner_text().startswith(MONROE)
    visit.see("#sf-pane .sf-card")
    assert visit.pane.locator("mark").first.inner_text() == quote
    visit.page.locator(".sf-badge").first.click()
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-claim'")
    visit.asked(POLK, 3)


def test_back_forward_and_escape_do_what_one_expects(visit: Visit) -> None:
    visit.asked(f"{MONROE}.\n{POLK}.")
    first = addressed(visit, "conversation=", "claim=1")
    visit.page.locator(".sf-badge").nth(1).click()
    second = addressed(visit, "claim=2")
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    opened = addressed(visit, "document=")
    visit.see("#sf-quotation")
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-e0'")
    visit.page.go_back()
    visit.see("#sf-quotation")
    assert visit.page.url == opened
    visit.page.go_back()
    visit.pane.locator("h2.sf-claim", has_text=POLK).wait_for()
    assert visit.page.url == second
    visit.page.go_back()
    visit.pane.locator("h2.sf-claim", has_text=MONROE).wait_for()
    assert visit.page.url == first
    visit.page.go_back()
    visit.page.get_by_text("The passages for a claim appear here").wait_for()
    visit.page.go_forward()
    visit.pane.locator("h2.sf-claim", has_text=MONROE).wait_for()
    assert visit.page.locator(".sf-question").count() == 1


def test_a_link_opens_the_same_for_another_reader_who_sees_nothing_else(
    browser: Any, server: RunningApp
) -> None:
    allowed = {"permissions": ["clipboard-read", "clipboard-write"]}
    own = Visit(browser, server.url, **allowed)
    own.asked(MONROE)
    own.asked(TRUCE, 2)
    quote = own.pane.locator("mark").first.inner_text()
    own.button("Copy link to this answer").last.click()
    own.button("Link copied").wait_for()
    link = own.page.evaluate("navigator.clipboard.readText()")
    own.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    own.see("#sf-page-mark")
    page = addressed(own, "document=")
    other = Visit(browser, link)
    assert TRUCE in other.see(".sf-question", 1).inner_text()
    assert other.pane.locator("mark").first.inner_text() == quote
    other.page.get_by_role("tab", name="Projects").click()
    other.page.get_by_text("starts a project").wait_for()
    other.page.goto(page)
    other.see("#sf-page-mark")
    other.see(".sf-question", 1)
    other.page.get_by_role("tab", name="Ask").click()
    other.asked(POLK, 2)
    other.page.reload()
    assert TRUCE in other.see(".sf-question", 2).first.inner_text()
    own.page.get_by_role("tab", name="Projects").click()
    assert own.see("#sf-projects .sf-asked", 1).inner_text() == MONROE
    own.close()
    other.close()


def test_links_open_the_same_after_the_server_was_started_again(
    browser: Any, live: LiveFinder, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # which another server sets; put back afterwards
    visit.asked(f"{MONROE}.\n{TRUCE}.")
    conversation = addressed(visit, "conversation=", "claim=1")
    quote = visit.pane.locator("mark").first.inner_text()
    visit.button("Next claim").click()
    addressed(visit, "claim=2")
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Open").click()
    visit.see("#sf-page-mark")
    boxes, page = visit.page.locator(".sf-box").count(), addressed(visit, "document=")
    again = start(LiveFinder(live.current, settings=live.settings), port=free_port())
    try:
        address = f"{again.url}?{urlsplit(conversation).query}"
        own = Visit(browser, address, storage_state=visit.context.storage_state())
        own.see(".sf-question", 1)
        assert own.see("#sf-pane .sf-card mark").first.inner_text() == quote
        own.page.get_by_role("tab", name="Projects").click()
        own.page.locator("#sf-projects .sf-asked", has_text=MONROE).first.wait_for()
        own.close()
        other = Visit(browser, f"{again.url}?{urlsplit(page).query}")
        assert other.see("#sf-pane .sf-box", boxes).first.is_visible()
        other.see(".sf-question", 1)
        other.close()
    finally:
        again.close()


def test_two_tabs_do_not_overwrite_each_other(visit: Visit) -> None:
    visit.asked(MONROE)
    addressed(visit, "conversation=")
    other = visit.context.new_page()
    other.goto(visit.page.url)
    other.locator(".sf-question").first.wait_for()
    visit.asked(POLK, 2)
    other.locator("#sf-box textarea").fill(SACAGAWEA)
    other.locator("#sf-box textarea").press("Enter")
    other.locator(".sf-stage-done").nth(1).wait_for()
    other.locator(".sf-question").nth(1).wait_for()
    visit.page.reload()
    questions = visit.see(".sf-question", 3).all_inner_texts()
    assert [wanted in got for wanted, got in zip((MONROE, POLK, SACAGAWEA), questions, strict=True)]
    assert SACAGAWEA in questions[2]
    other.close()


def test_a_project_is_made_asked_in_searched_removed_and_brought_back(visit: Visit) -> None:
    visit.asked(MONROE)
    visit.page.get_by_role("tab", name="Projects").click()
    visit.button("New project").click()
    visit.page.get_by_label("Name", exact=True).fill("Gold rush")
    visit.page.get_by_role("group", name="Search only sources written").get_by_label(
        "from", exact=True
    ).fill("1840")
    visit.button("Save").click()
    visit.page.get_by_role("link", name="Ask in Gold rush").click()
    visit.page.get_by_text("The passages for a claim appear here").wait_for()
    visit.asked("Gold was found in California")
    dates = visit.pane.locator(".sf-card .sf-date").all_inner_texts()
    assert set(dates) == {"1848"}
    visit.page.get_by_role("tab", name="Projects").click()
    visit.page.get_by_label("Search your questions").fill("california GOLD")
    visit.button("Find").click()
    visit.page.get_by_text("Questions with").wait_for()
    assert visit.see("#sf-projects .sf-asked", 1).inner_text() == "Gold was found in California"
    visit.button("Back to the projects").click()
    visit.button("Remove Gold rush").click()
    visit.page.get_by_text("Removed: Gold rush").wait_for()
    visit.button("Undo").click()
    visit.page.get_by_role("button", name="Gold rush", exact=True).wait_for()
    visit.page.get_by_role("button", name="My questions", exact=True).click()
    visit.page.locator("#sf-projects .sf-asked", has_text=MONROE).click()
    visit.pane.locator("h2.sf-claim", has_text=MONROE).wait_for()
    visit.page.get_by_label("Project").select_option("Gold rush")
    visit.page.get_by_text("The passages for a claim appear here").wait_for()
    assert visit.page.get_by_text("searches everything, from 1840", exact=True).is_visible()


def test_a_passage_is_pinned_with_a_note_and_handed_on(visit: Visit) -> None:
    visit.asked(MONROE)
    quote = visit.pane.locator("mark").first.inner_text()
    visit.pane.locator(".sf-card").first.get_by_role("button", name="Pin").click()
    visit.page.get_by_label("Your note on it, if any").first.fill("Compare Adams’s draft.")
    visit.button("Pin this passage").first.click()
    visit.page.get_by_text("Pinned in “My questions”").wait_for()
    visit.page.get_by_text("This verdict is wrong").click()
    visit.page.get_by_label("Why").fill("It is the reader’s turn.")
    visit.button("Report this verdict").click()
    visit.page.get_by_text("Saved with the answer").wait_for()
    visit.page.reload()
    visit.pane.get_by_role("button", name="Pinned", exact=False).first.wait_for()
    assert visit.pane.get_by_text("Pinned", exact=True).count() == 1
    visit.page.get_by_role("tab", name="Projects").click()
    assert visit.see(".sf-noting textarea", 1).input_value() == "Compare Adams’s draft."
    with visit.page.expect_download() as waiting:
        visit.button("Save the pinned passages as Markdown").click()
    kept = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert quote[:40] in kept
    assert "Compare Adams’s draft." in kept
    with visit.page.expect_download() as waiting:
        visit.button("Save as JSON Lines").click()
    [line] = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["why"] == "It is the reader’s turn."


def test_what_was_typed_stays_with_what_it_is_about(visit: Visit) -> None:
    visit.asked(f"{MONROE}.\n{POLK}.")
    note = visit.pane.get_by_label("Your note on it, if any").first
    pin = visit.pane.get_by_role("button", name="Pin").first
    pin.click()
    note.fill("On the first claim.")
    visit.button("Next claim").click()
    visit.button("Previous claim").wait_for()
    assert note.is_hidden()
    pin.click()
    assert note.input_value() == ""
    visit.button("Previous claim").click()
    visit.button("Next claim").wait_for()
    assert note.input_value() == "On the first claim."
    visit.pane.get_by_role("button", name="Pin this passage").first.click()
    visit.page.get_by_text("Pinned in “My questions”").wait_for()
    visit.page.get_by_role("tab", name="Projects").click()
    shelf = visit.page.locator("#sf-projects")
    for name in ("Gold rush", "Cold war"):
        visit.button("New project").click()
        assert shelf.get_by_label("Name").input_value() == ""
        shelf.get_by_label("Name").fill(name)
        shelf.get_by_role("button", name="Save", exact=True).click()
        shelf.get_by_role("button", name=name, exact=True).wait_for()
    visit.button("Change Gold rush").click()
    shelf.get_by_label("Name").fill("Gold rush and Treasury")
    visit.button("Change Cold war").click()
    visit.page.get_by_label("The project Cold war").wait_for()
    assert shelf.get_by_label("Name").input_value() == "Cold war"


def test_a_document_is_opened_from_the_corpus_searched_and_enlarged(visit: Visit) -> None:
    visit.page.get_by_role("tab", name="Corpus").click()
    visit.page.get_by_label("Title, author or year").fill("treaty")
    shown = visit.page.locator("#sf-shelf [data-act=open]")
    before = shown.count()
    visit.page.locator("#sf-shelf .sf-find button").click()
    visit.page.wait_for_function(
        "(n) => document.querySelectorAll('#sf-shelf [data-act=open]').length < n", arg=before
    )
    shown.first.click()
    visit.see("#sf-page")
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-document'")
    assert 0 <= visit.pane.get_by_role("heading").bounding_box()["y"] < 450, "its head is in sight"
    assert visit.button("Back to the passages").count() == 0, "there are none"
    width = visit.page.locator("#sf-page").bounding_box()["width"]
    visit.button("Larger").click()
    assert visit.page.locator("#sf-page").bounding_box()["width"] == pytest.approx(
        1.5 * width, 0.01
    )
    visit.button("Smaller").click()
    visit.pane.get_by_label("Find in this document").fill("TRUCE was  signed")
    visit.pane.get_by_role("button", name="Find", exact=True).click()
    visit.pane.get_by_text("1 place has").wait_for()
    visit.pane.locator("#sf-pane [data-act=open], .sf-files [data-act=open]").first.click()
    visit.see("#sf-page-mark")


def test_a_conversation_is_kept_as_a_file(visit: Visit) -> None:
    visit.asked(MONROE)
    with visit.page.expect_download() as waiting:
        visit.button("Save as BibTeX").click()
    first = waiting.value.suggested_filename
    assert first.startswith("monroe")
    assert first.endswith(".bib")
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert text.startswith("@")
    with visit.page.expect_download() as waiting:
        visit.button("Save as Word").click()
    assert waiting.value.suggested_filename == first.replace(".bib", ".docx")
    kept = docx.Document(str(waiting.value.path()))
    assert any(MONROE in paragraph.text for paragraph in kept.paragraphs)
    with visit.page.expect_download() as waiting:
        visit.button("Save as Word").click()  # the same again
    with visit.page.expect_download() as waiting:
        visit.button("Save as Markdown").click()
    quote = visit.pane.locator("mark").first.inner_text()
    assert quote[:40] in Path(waiting.value.path()).read_text(encoding="utf-8")


def test_sources_are_sent_to_zotero_or_it_is_said_why_not(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit.asked(MONROE)
    got: list[bytes] = []
    with zotero_stand_in(got) as address:
        monkeypatch.setattr(zotero, "ADDRESS", address)
        visit.button("Send the sources to Zotero").click()
        visit.page.get_by_text(re.compile(r"Sent to Zotero: \d+ sources? with")).wait_for()
    assert b"bib:Memo" in got[0]
    visit.button("Send the sources to Zotero").click()
    visit.page.get_by_text("Zotero is not running on this computer").wait_for()


# ---- the corpus ----


def test_a_scan_is_dropped_in_and_asked_about_and_a_broken_file_is_told(
    visit: Visit, live: LiveFinder, tmp_path: Path
) -> None:
    scan = scan_pdf(tmp_path / "Black Michael (1).pdf", WILL)
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 and nothing more")
    visit.page.get_by_role("tab", name="Corpus").click()
    listed = visit.page.get_by_role("list", name="What is searched")
    listed.wait_for()
    assert "4 documents" in listed.inner_text()
    visit.page.locator("#sf-drop input[type=file]").set_input_files([scan, broken])
    visit.page.get_by_role("progressbar").wait_for()
    visit.page.get_by_text("1 document added. 5 documents are searched now.").wait_for(
        timeout=PATIENCE_MS
    )
    visit.page.get_by_text("1 file was left out, and why").wait_for()
    row = visit.page.locator(".sf-file", has_text="Black-Michael-1.pdf")
    assert "read by machine" in row.inner_text()
    home = str(live.settings.home)
    assert home not in visit.page.locator("body").inner_text(), "where the server keeps its files"
    notice = visit.page.get_by_text("1 document added")
    newcomer = visit.context.new_page()
    newcomer.goto(visit.page.url)
    newcomer.locator("#sf-pane [data-clicks]").wait_for()
    assert newcomer.get_by_text("1 document added").count() == 0, "it was not waited for here"
    newcomer.close()
    visit.page.get_by_role("tab", name="Ask").click()
    notice.wait_for(state="hidden")
    visit.page.get_by_role("tab", name="Corpus").click()
    notice.wait_for()
    visit.button("Close").click()
    notice.wait_for(state="hidden")
    failed = visit.page.locator(".sf-file-failed")
    assert "is cut short" in failed.inner_text()
    assert "fetch or copy it again" in failed.inner_text()
    visit.button("Describe Black-Michael-1.pdf").click()
    visit.page.get_by_text("The date is suggested from the first page").wait_for()
    date = visit.page.get_by_label("Date (14 February 1845, 1964-11 or 1964)")
    assert date.input_value() == "1891-05-09"
    date.fill("some day")
    visit.button("Save").click()
    visit.page.get_by_text("Nothing was changed").wait_for()
    visit.page.get_by_label("Date (14 February 1845, 1964-11 or 1964)").fill("1891-05")
    visit.page.get_by_label("Author", exact=True).fill("Anthony Hope")
    visit.button("Save").click()
    visit.page.get_by_text("1 document changed").wait_for(timeout=PATIENCE_MS)
    visit.page.get_by_role("tab", name="Ask").click()
    visit.asked("Michael left the castle at Zenda to his sister")
    best = visit.pane.locator(".sf-card").first
    assert "May 1891" in best.inner_text()
    assert "Anthony Hope" in best.inner_text()
    best.get_by_role("button", name="Open").click()
    visit.see("#sf-page-mark")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with one file, and a catalog with the collection that it is; yields its title."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "letters.txt").write_text(f"{HENTZAU}\n", encoding="utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(shelf))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        about = {
            "id": "hentzau",
            "title": "Letters of Rupert of Hentzau",
            "description": "What Rupert of Hentzau wrote from Strelsau.",
            "covers": [1880, 1890],
            **dict.fromkeys(("repository", "rights", "citation_style", "format"), "Ruritania"),
            "kind": "primary",
            "access": "fetch",
            "browse": "https://example.org/hentzau",
            "verified": "made here",
            "persons": ["Rupert of Hentzau"],
            "files": [{"url": f"http://127.0.0.1:{server.server_port}/letters.txt"}],
        }
        catalog = tmp_path / "catalog"
        catalog.mkdir()
        (catalog / "one.yaml").write_text(yaml.safe_dump({"entries": [about]}), encoding="utf-8")
        monkeypatch.setattr("rag.catalog.catalog_folder", lambda: catalog)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(about["title"])
        server.shutdown()


def test_a_collection_is_fetched_with_a_click_and_then_answers(
    visit: Visit, elsewhere: str
) -> None:
    visit.asked(HENTZAU)
    assert visit.pane.get_by_text("Nothing in this corpus bears on it").first.is_visible()
    visit.pane.locator("[data-act=fetch]").first.click()
    visit.page.get_by_role("heading", name=f"Add {elsewhere}?").wait_for()
    visit.button("Download and index it").click()
    visit.page.get_by_text(f"Adding {elsewhere}: done; 1 document added").wait_for(
        timeout=PATIENCE_MS
    )
    visit.asked(HENTZAU, times=2)
    card = visit.pane.locator(".sf-card").first
    assert HENTZAU in card.locator("mark").inner_text()
    assert "Supports" in card.inner_text()


def test_the_zotero_library_of_this_computer_is_added_with_a_click(
    browser: Any, server: RunningApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = "The Red Elphbergs gave the forest of Tarlenheim to their huntsman."
    values = {"title": "Deed of the forest", "date": "1733-05-09 9 May 1733"}
    deed = Item(content=says, values=values, creators=(("author", "Rudolf", "Elphberg"),))
    write_library(tmp_path / "Zotero", [deed])
    monkeypatch.setenv("HOME", str(tmp_path))
    visit = Visit(browser, server.url)
    visit.page.get_by_role("tab", name="Corpus").click()
    visit.button("Add my Zotero library").click()
    visit.page.get_by_text("Reading your Zotero library: done; 1 document added").wait_for()
    assert visit.button("Add my Zotero library").count() == 0
    visit.page.get_by_role("tab", name="Ask").click()
    visit.asked("The forest of Tarlenheim was given to a huntsman")
    card = visit.pane.locator(".sf-card").first.inner_text()
    for part in (says, "Rudolf Elphberg", "9 May 1733", "Deed of the forest", "Zotero library"):
        assert part in card
    visit.close()


# ---- looks ----


def test_everything_can_be_done_with_the_keyboard(visit: Visit) -> None:
    press = visit.page.keyboard.press

    def focused(selector: str) -> bool:
        return bool(visit.page.evaluate(f"() => document.activeElement.matches('{selector}')"))

    def tab_to(selector: str, key: str = "Tab") -> None:
        for _ in range(60):
            press(key)
            if focused(selector):
                return
        raise AssertionError(f"{selector} cannot be reached with {key}")

    assert focused("#sf-box textarea"), "the box has the focus at first"
    visit.page.keyboard.type(f"{MONROE}. {POLK}.")
    press("Enter")
    visit.see(".sf-stage-done", 1)
    tab_to('.sf-claimed-text[data-finding="1"]', "Shift+Tab")
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert visit.page.evaluate(outline) == "solid", "what has the focus can be seen"
    press("Enter")
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-claim'")
    assert visit.pane.locator("h2.sf-claim").inner_text() == f"{POLK}."
    tab_to("#sf-pane [data-act=open]")
    press("Enter")
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-quotation'")
    tab_to("[data-act=back]", "Shift+Tab")
    press("Enter")
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-e0'")
    tab_to("#sf-tabs [data-tab-id=projects]", "Shift+Tab")
    assert visit.page.evaluate(outline) == "solid", "a tab that has the focus can be seen, too"
    press("Enter")
    visit.page.get_by_role("heading", name="Projects").wait_for()
    tab_to("[data-act=remove-conversation]")
    press("Enter")
    visit.page.wait_for_function(
        "() => document.activeElement.matches('[data-act=undo-conversation]')"
    )
    press("Enter")
    visit.page.locator("#sf-projects .sf-asked").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Any, server: RunningApp, scheme: str) -> None:
    visit = Visit(browser, server.url, color_scheme=scheme)
    check = visit.check_axe
    check("start")
    visit.asked(f"In 1832 {MONROE}.\nIs that so?\n{SACAGAWEA}.")
    for fold in visit.page.locator("summary").all():
        fold.evaluate("it => it.parentElement.open = true")
    check("answer")
    visit.page.locator("#sf-pane .sf-card").first.get_by_role("button", name="Open").click()
    visit.see("#sf-quotation")
    check("text")
    visit.asked(TRUCE, 2)
    visit.page.locator("#sf-pane .sf-card").first.get_by_role("button", name="Open").click()
    visit.see("#sf-page-mark")
    check("page")
    visit.page.get_by_role("tab", name="Projects").click()
    visit.button("New project").click()
    visit.page.get_by_label("Name", exact=True).wait_for()
    check("projects")
    visit.page.get_by_role("tab", name="Corpus").click()
    visit.page.get_by_role("list", name="What is searched").wait_for()
    check("corpus")
    visit.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser: Any, server: RunningApp, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    visit = Visit(browser, server.url, is_mobile=True, has_touch=True, **phone)
    wide = "() => document.documentElement.scrollWidth"
    assert visit.page.evaluate(wide) == 390
    visit.check_axe("start")
    visit.asked(f"{LONG_TEXT}\n{'unbroken' * 60}")
    for fold in visit.page.locator("summary").all():
        fold.evaluate("it => it.parentElement.open = true")
    over = (
        "() => [...document.querySelectorAll('#sf-chat *, #sf-pane *')]"
        ".filter(it => it.getBoundingClientRect().right > 390.5 && !it.closest('svg')"
        " && !it.closest('.sf-unseen')).map(it => it.className)"
    )
    assert visit.page.evaluate(wide) == 390
    assert visit.page.evaluate(over) == []
    chat, pane = (visit.page.locator(it).bounding_box() for it in ("#sf-talk", "#sf-pane"))
    assert pane["y"] >= chat["y"] + chat["height"], "the passages are below the chat"
    visit.page.locator(".sf-question .sf-claimed-text").nth(2).tap()
    visit.page.wait_for_function("() => document.activeElement.id === 'sf-claim'")
    visit.page.wait_for_function(
        "() => Math.abs(document.querySelector('#sf-claim').getBoundingClientRect().top) < 60"
    )
    visit.page.locator("#sf-pane .sf-card").first.get_by_role("button", name="Open").tap()
    visit.see("#sf-quotation")
    assert visit.page.evaluate(wide) == 390
    assert visit.page.evaluate(over) == []
    visit.check_axe("text")
    visit.page.get_by_role("tab", name="Corpus").tap()
    listed = visit.page.get_by_role("list", name="What is searched")
    listed.wait_for()
    assert listed.bounding_box()["width"] <= 390 - 24, "all of it is in sight"
    assert visit.page.evaluate(wide) == 390
    visit.page.get_by_role("tab", name="Projects").tap()
    visit.page.get_by_role("heading", name="Projects").wait_for()
    assert visit.page.evaluate(wide) == 390
    visit.check_axe("projects")
    visit.close()
