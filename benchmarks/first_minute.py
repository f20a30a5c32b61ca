"""What a new user waits for, in a real browser: from an empty home to full answers, then from four
dropped PDFs to an answer out of them.

    python -m benchmarks.first_minute [--home FOLDER]

The program is started as a user starts it (`source-finder serve`), in an empty home and with the
browser waiting at its address. A claim is typed as soon as there is a box for it. Then four PDFs
of twelve pages each are dropped in under "Corpus", and a claim that only they speak of is asked
each second. All seconds count from the start of the program, or from the drop. The whole default
index is built, and the model is converted first, as on the first day: some minutes of all
processors, and only a machine that does nothing else gives figures to compare.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.page import CHROMIUM, FLAGS, free_port
from rag.web.chat import BY_WORDS

APP = Path(__file__).parents[1] / "app.py"
CLAIM = "Polk confirmed that gold had been found in California"
DROPPED = "The delegates of Ruritania agreed to a truce at the bridge of Zenda"
TRUCE = "a truce was agreed to by the delegates of Ruritania at the bridge of Zenda"
PAGES, LINES = 12, 34
SUBJECTS = ("the harbour dues", "the mail coaches", "the price of grain", "the border at Hentzau")
LOOK_S, ASK_S = 0.1, 1.0
PATIENCE_MS = 3_600_000

DONE = "#sf-chat .sf-stage-done"
WHOLE = f"""() => {{
  const said = document.querySelector({DONE!r});
  return said && !said.textContent.includes({BY_WORDS!r});
}}"""


def main() -> None:
    """Print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, help="an empty folder; else a temporary one")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and the program ends with it
    from playwright.sync_api import sync_playwright

    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors,", end=" ")
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        home = given.home or Path(temporary) / "home"
        pdfs = [_print(Path(temporary) / f"{n}.pdf", n) for n in range(len(SUBJECTS))]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        url, began = f"http://127.0.0.1:{(port := free_port())}/", time.monotonic()
        command = [sys.executable, str(APP), "--port", str(port)]
        own = {"SOURCE_FINDER_HOME": str(home), "SOURCE_FINDER_CACHE": str(home / "cache")}
        program = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL)
        try:
            first_start(page, url, began, program)
            added_files(page, url, pdfs)
        finally:
            program.terminate()
            program.wait(30)
            browser.close()


def first_start(page: Any, url: str, began: float, program: subprocess.Popen[bytes]) -> None:
    """Print when each thing was there after the program was started."""
    _wait_for_address(page, url)
    _told("something at the address", began)
    while not page.locator("#sf-box textarea").is_visible():
        if program.poll() is not None:
            raise SystemExit("The program has ended; what it said stands above.")
        time.sleep(LOOK_S)
    _told("the page, with a box to ask in", began)
    _ask(page, CLAIM)
    page.locator("#sf-pane .sf-passage mark").first.wait_for()
    by_words = BY_WORDS in page.locator(DONE).first.text_content()
    _told(f"the first answer{' (from words alone)' if by_words else ''}", began)
    page.wait_for_function(WHOLE)
    _told("the same answer in full", began)


def added_files(page: Any, url: str, pdfs: list[Path]) -> None:
    """Print when each thing was there after files were dropped in."""
    page.get_by_role("tab", name="Corpus").click()
    field = page.locator("#sf-drop input[type=file]")
    field.wait_for(state="attached")
    began = time.monotonic()
    field.set_input_files(pdfs)
    page.get_by_role("progressbar").wait_for()  # they have arrived; to leave before stops them
    words = False
    while True:
        asked = time.monotonic()
        page.goto(url)
        _ask(page, DROPPED)
        page.locator(DONE).first.wait_for()
        found = page.locator("#sf-pane .sf-passage mark").all_text_contents()
        if any(TRUCE in " ".join(quote.split()) for quote in found):
            if not words:
                _told("the first answer from the four PDFs", began)
                words = True
            if BY_WORDS not in page.locator(DONE).first.text_content():
                return _told("that answer in full", began)
        time.sleep(max(0.0, asked + ASK_S - time.monotonic()))


def _wait_for_address(page: Any, url: str) -> None:
    from playwright.sync_api import Error

    while True:
        try:
            page.goto(url)
        except Error:  # nothing listens yet
            time.sleep(LOOK_S)
        else:
            return


def _ask(page: Any, claim: str) -> None:
    page.locator("#sf-box textarea").fill(claim)
    page.locator("#sf-box textarea").press("Enter")


def _told(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)


def _print(path: Path, number: int) -> Path:
    """Write one of the four PDFs: minutes of meetings that never were; the last page of the last
    one has the truce."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4)
    for page in range(PAGES):
        for line in range(LINES):
            words = f"On day {page * LINES + line + 1} the council of Strelsau heard of "
            words += f"{SUBJECTS[(number + line) % len(SUBJECTS)]}, and put it off."
            if (number, page, line) == (len(SUBJECTS) - 1, PAGES - 1, LINES // 2):
                words = f"On the ninth of May {TRUCE}."
            canvas.drawString(60, 780 - 20 * line, words)
        canvas.showPage()
    canvas.save()
    return path


if __name__ == "__main__":
    main()
