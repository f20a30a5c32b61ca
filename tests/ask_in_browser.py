"""Ask the running browser application a claim, as a reader does, in real Chromium.

    python -m tests.ask_in_browser URL CLAIM EXPECTED [--timeout SECONDS] [--image FILE]

Waits for the page to come up, types the claim, and exits with 0 once an evidence card whose
passage holds EXPECTED is on the page, with a marked quotation, a citation and a link. A first start
builds the index meanwhile, and its first answers go by words alone: the claim is asked again until
it is complete, or the time is over.
"""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error
import urllib.request

from playwright.sync_api import Error, Locator, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 30_000
PAUSE_S = 20
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def wait_for_page(url: str, timeout_s: float) -> None:
    """Return once the page answers; raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise TimeoutError(f"{url} did not answer within {timeout_s:.0f} s")


def ask(page: Page, given: argparse.Namespace, card: Locator, started: float) -> bool:
    """Type the claim into a fresh page; return whether the card is among the answer's."""
    try:
        page.goto(given.url)
        page.locator("#sf-box textarea").fill(given.claim, timeout=PATIENCE_MS)
        page.locator("#sf-box textarea").press("Enter")
        page.locator(".sf-card").first.wait_for(timeout=PATIENCE_MS)
        print(f"evidence on the page after {time.monotonic() - started:.2f} s", flush=True)
        card.first.wait_for(timeout=PATIENCE_MS)
    except Error:  # the page still says that it is starting, or there are only words yet
        return False
    return True


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("claim")
    parser.add_argument("expected")
    parser.add_argument("--timeout", type=float, default=1800)
    parser.add_argument("--image", help="write a screenshot to this file")
    given = parser.parse_args()
    wait_for_page(given.url, given.timeout)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        started = time.monotonic()
        card = page.locator(".sf-card", has=page.locator(".sf-passage", has_text=given.expected))
        while not ask(page, given, card, started):
            if time.monotonic() - started > given.timeout:
                raise TimeoutError(f"no passage with {given.expected!r} is on the page")
            time.sleep(PAUSE_S)
        print(f"the passage asked for after {time.monotonic() - started:.2f} s")
        assert card.first.locator("mark").count() == 1
        assert card.first.get_by_role("link", name="On the web").count() == 1
        print(card.first.locator(".sf-citation").inner_text())
        if given.image:
            page.screenshot(path=given.image)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
