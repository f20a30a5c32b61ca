"""Take the pictures of the page for docs/images, in real Chromium.

    python -m tests.screenshots [FOLDER] [--index NAME]

Each state of the page is one picture of at most 256 colours. The index of the questions is
the default one; the PDF and the corpus are of a small index that is made for it.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from rag.build.builder import build_index
from rag.finder import SourceFinder
from rag.live import LiveFinder
from rag.web import start
from tests.scans import TREATY, print_pdf, scan_pdf

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 760}
CLAIM = "In 1848 Polk confirmed that gold had been found in California"
POST = (
    "Three things I heard this week. In 1832 Monroe told Europe to stay out of the Americas. "
    "Polk confirmed that gold had been found in California! Is that even true? And Sacagawea "
    "carried her baby all the way to the Pacific."
)
EXACT = "entangling alliances"
HEAD = ("THE TRUCE OF ZENDA", "Strelsau, 9 May 1891")
TRUCE = "A truce was signed at the bridge of Zenda"


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    parser.add_argument("--index", help="an index by name or folder; else the default")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for old in given.folder.glob("*.png"):
        old.unlink()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with served(LiveFinder.open(given.index)) as url:
            for scheme in ("light", "dark"):
                page = visit(browser, url, DESK, scheme)
                asked(page, CLAIM)
                save(page, given.folder / f"claim-{scheme}.png")
            page = visit(browser, url, DESK, "light")
            asked(page, POST)
            page.locator(".sf-question .sf-claimed-text").first.click()
            page.wait_for_function("() => document.activeElement.id === 'sf-claim'")
            save(page, given.folder / "post-light.png")
            card = page.locator("#sf-pane .sf-card").first
            card.get_by_role("button", name="Pin").click()
            card.get_by_label("Your note on it, if any").fill("Compare the message of 1823.")
            card.get_by_role("button", name="Pin this passage").click()
            page.get_by_text("Pinned in").wait_for()
            page.get_by_role("tab", name="Projects").click()
            page.get_by_role("button", name="New project").click()
            page.get_by_label("Name").wait_for()
            save(page, given.folder / "projects-light.png")
            page = visit(browser, url, DESK, "light")
            save(page, given.folder / "start-light.png")
            page.get_by_label("Exact words, in all documents").fill(EXACT)
            page.get_by_role("button", name="Find", exact=True).click()
            page.locator("#sf-found").wait_for()
            save(page, given.folder / "exact-words-light.png")
            page = visit(browser, url, PHONE, "dark")
            save(page, given.folder / "phone-start-dark.png")
            page = visit(browser, url, PHONE, "light")
            asked(page, POST)
            save(page, given.folder / "phone-post-light.png")
            page = visit(browser, url, PHONE, "dark")
            asked(page, CLAIM)
            page.locator(".sf-badge").click()
            page.wait_for_function("() => document.activeElement.id === 'sf-claim'")
            save(page, given.folder / "phone-claim-dark.png")
        with small_corpus() as live, served(live) as url:
            page = visit(browser, url, DESK, "light")
            asked(page, TRUCE)
            page.locator("#sf-pane .sf-card").first.get_by_role("button", name="Open").click()
            page.locator("#sf-page-mark").wait_for()
            save(page, given.folder / "page-light.png")
            page.emulate_media(color_scheme="dark")
            page.wait_for_timeout(500)
            save(page, given.folder / "page-dark.png")
            page.emulate_media(color_scheme="light")
            page.get_by_role("tab", name="Corpus").click()
            page.get_by_role("list", name="What is searched").wait_for()
            save(page, given.folder / "corpus-light.png")
            page.get_by_role("button", name="Describe truce-of-zenda.pdf").click()
            page.get_by_label("Author", exact=True).wait_for()
            page.locator(".sf-describe").scroll_into_view_if_needed()
            save(page, given.folder / "describe-light.png")
            page = visit(browser, url, PHONE, "light")
            asked(page, TRUCE)
            page.locator("#sf-pane .sf-card").first.get_by_role("button", name="Open").click()
            page.locator("#sf-page-mark").wait_for()
            save(page, given.folder / "phone-page-light.png")
        browser.close()


@contextmanager
def served(live: LiveFinder) -> Iterator[str]:
    """Serve the page; yield its address."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    running = start(live, port=port)
    yield running.url
    running.close()


@contextmanager
def small_corpus() -> Iterator[LiveFinder]:
    """Make an index with a PDF and a scan in its folder of sources; yield its finder."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sources = home / "corpus" / "sources"
        sources.mkdir(parents=True)
        print_pdf(sources / "truce-of-zenda.pdf", [(*HEAD, *TREATY[:2]), TREATY])
        scan_pdf(sources / "letter-of-the-minister.pdf", TREATY[:2])
        index = home / "indexes" / "small"
        build_index([sources], index)
        finder = SourceFinder.open(index)
        yield LiveFinder(finder, settings=replace(finder.settings, home=home))


def visit(browser: Any, url: str, size: dict[str, int], scheme: str) -> Any:
    """Open the page, once it has settled."""
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.set_default_timeout(180_000)  # a machine may have much else to do
    page.goto(url)
    page.locator("#sf-box textarea").wait_for()
    page.locator("#sf-opening").wait_for(state="detached")
    page.locator("#sf-pane [data-clicks]").wait_for()
    page.wait_for_timeout(500)
    return page


def asked(page: Any, text: str) -> None:
    """Ask, and wait for the whole answer."""
    page.locator("#sf-box textarea").fill(text)
    page.locator("#sf-box textarea").press("Enter")
    page.locator(".sf-stage-done").first.wait_for()
    page.wait_for_timeout(500)


def save(page: Any, path: Path) -> None:
    """Write a picture of the window."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    keeps_rare = Image.Quantize.MAXCOVERAGE  # the dots of a timeline, which tell verdicts apart
    few = picture.quantize(128, method=keeps_rare, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path} {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
