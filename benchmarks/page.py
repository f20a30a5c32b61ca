"""The page in a real browser: time to the first evidence, first paint and weight, beside a
bare `gr.ChatInterface`.

    python -m benchmarks.page [--index NAME] [--runs 10]

First evidence: from Enter to the first marked quotation painted, in a page that has answered
before. The other figures are of pages opened with an empty cache, ours and the bare one in turn:
first contentful paint, when one can type, when the framework's own box is there, and the weight
over the wire, compressed as the server sends it.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rag.live import LiveFinder
from rag.web import start

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
SETTLED_MS = 1500
CLAIMS = (
    "Monroe told Europe to stay out of the Americas",
    "Polk confirmed that gold had been found in California",
    "Roosevelt named four freedoms that everyone in the world should have",
    "Lincoln said that in giving freedom to the slave we assure freedom to the free",
    "Kennedy wanted a man on the moon before the decade is out",
)
# Until the quotation has been laid out and the frame after it has begun.
FIRST_EVIDENCE = """(before) => new Promise((done) => {
  const look = () => {
    const mark = document.querySelector("#sf-pane .sf-passage mark");
    if (mark && mark.textContent !== before) {
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
    } else requestAnimationFrame(look);
  };
  look();
})"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--index", help="an index by name or folder; else the default")
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    running = start(LiveFinder.open(given.index), port=free_port())
    with sync_playwright() as playwright, _chat_interface() as plain:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        times = _first_evidence(browser, running.url, given.runs)
        print(f"time to the first evidence on the page, warm, {len(times)} runs: ", end="")
        print(f"median {statistics.median(times):.2f} s, slowest {max(times):.2f} s")
        heads = f"{'first paint':>14}{'one can type':>15}{'own box':>10}{'over the wire':>16}"
        print(f"{'':28}{heads}{'requests':>10}{'other hosts':>13}")
        pages = {"Source Finder": running.url, "bare gr.ChatInterface": plain}
        rounds = [[_visit(browser, url) for url in pages.values()] for _ in range(given.runs)]
        for name, visits in zip(pages, zip(*rounds, strict=True), strict=True):
            paint, typing, box = (
                statistics.median(visit.seconds[i] for visit in visits) for i in range(3)
            )
            one = visits[0]
            print(
                f"{name:28}{paint:>12.2f} s{typing:>13.2f} s{box:>8.2f} s"
                f"{one.bytes / 1e6:>13.2f} MB{one.requests:>10}{len(one.other_hosts):>13}"
            )
        browser.close()
    running.close()


def _first_evidence(browser: Any, url: str, runs: int) -> list[float]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    box = page.locator("#sf-box textarea")
    times = []
    for number in range(runs + 1):
        box.fill(CLAIMS[number % len(CLAIMS)])
        mark = page.locator("#sf-pane .sf-passage mark")
        before = mark.first.text_content() if mark.count() else ""
        started = page.evaluate("performance.now()")
        box.press("Enter")
        times.append((page.evaluate(FIRST_EVIDENCE, before) - started) / 1000)
        page.locator(".sf-stage-done").nth(number).wait_for()
    page.close()
    return times[1:]  # the first one warms up


class _Visit(NamedTuple):
    """A page opened with an empty cache. `seconds`: until the first contentful paint, a box to type
    in, and the framework's own box."""

    seconds: tuple[float, float, float]
    bytes: int
    requests: int
    other_hosts: set[str]


def _visit(browser: Any, url: str) -> _Visit:
    """Open a page once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    weights: list[int] = []
    session.on("Network.loadingFinished", lambda e: weights.append(int(e["encodedDataLength"])))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    page.goto(url, wait_until="commit")
    page.locator("textarea").first.wait_for()
    typing = page.evaluate("performance.now()")
    page.locator("gradio-app textarea").first.wait_for()
    box = page.evaluate("performance.now()")
    page.wait_for_timeout(SETTLED_MS)  # Gradio keeps a connection open, so it is never idle
    paint = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
    )
    context.close()
    seconds = (paint / 1000, typing / 1000, box / 1000)
    return _Visit(seconds, sum(weights), len(weights), hosts - {"127.0.0.1", ""})


@contextmanager
def _chat_interface() -> Iterator[str]:
    """Run the plainest chat that Gradio has; yield its address."""
    import gradio as gr

    app = gr.ChatInterface(lambda message, _history: message)
    _, url, _ = app.launch(
        server_name="127.0.0.1",
        server_port=free_port(),
        prevent_thread_lock=True,
        quiet=True,
        ssr_mode=False,
    )
    yield url
    app.close(verbose=False)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
