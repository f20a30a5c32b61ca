"""Links to videos, their front ends, and their captions from a server on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from rag.claims import transcripts
from rag.claims.transcripts import fetch_captions, find_videos, with_captions
from rag.config import Settings
from rag.errors import FetchError
from rag.finder import SourceFinder

ENDS = (("One", "https://one.example"), ("Two", "https://two.example/"))
ID = "gvpof0DGO8o"


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.youtube.com/watch?v={ID}",
        f"https://m.youtube.com/watch?app=desktop&v={ID}&list=x",
        f"http://youtu.be/{ID}?si=abc",
        f"youtube.com/shorts/{ID}",
        f"https://www.youtube.com/live/{ID}?feature=share",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        f"https://one.example/watch?v={ID}",
    ],
)
def test_every_form_of_link(url: str) -> None:
    (video,) = find_videos(f"He said it here ({url}).", ENDS)
    assert video.video_id == ID
    assert video.url.endswith(url)
    assert video.mirrors == (
        ("One", f"https://one.example/watch?v={ID}"),
        ("Two", f"https://two.example/watch?v={ID}"),
    )


@pytest.mark.parametrize(
    ("given", "seconds"), [("65", 65), ("1m5s", 65), ("1h", 3600), ("x", 0), ("", 0)]
)
def test_the_start_is_kept(given: str, seconds: int) -> None:
    (video,) = find_videos(f"https://youtu.be/{ID}?t={given}", ENDS)
    assert video.mirrors[0][1].endswith(f"{ID}&t={seconds}" if seconds else ID)


@pytest.mark.parametrize(
    "text",
    [
        "https://www.youtube.com/@somebody",
        "https://youtu.be/short",
        f"https://youtube.com.evil.example/watch?v={ID}",
        f"https://example.org/watch?v={ID}",
        f"mail me at a@youtu.be/{ID}",
        "https://[bad/watch?v=1",
        "no link at all",
    ],
)
def test_what_is_no_video(text: str) -> None:
    assert find_videos(text, ENDS) == ()


def test_each_video_once_and_hostile_text_in_time() -> None:
    text = f"https://youtu.be/{ID} and youtube.com/watch?v={ID}, also youtu.be/AAAAAAAAAAA"
    assert [video.video_id for video in find_videos(text, ENDS)] == [ID, "AAAAAAAAAAA"]
    started = time.process_time()
    find_videos("a." * 50_000 + "-." * 50_000 + "http://" * 10_000, ENDS)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "what_it_said"),
    [
        (f"https://youtu.be/{ID}", "Captions are switched off here"),
        (f"Please check this video: https://youtu.be/{ID}", "Captions are switched off here"),
        (
            f"Did Malinovsky insult Zhou? https://youtu.be/{ID}",
            "The video itself was not looked up",
        ),
    ],
)
def test_a_video_is_looked_at_where_nothing_else_is_said(text: str, what_it_said: str) -> None:
    told, (note,) = with_captions(text, find_videos(text, ENDS), "off")
    assert told == text
    assert note.startswith(what_it_said)


# ---- captions ----

LINES = [
    (0.0, "The American continents are henceforth not to be considered"),
    (4.5, "as subjects for future colonization by any European powers."),
]
CLAIM = " ".join(line for _, line in LINES)


class FakeYouTube(BaseHTTPRequestHandler):
    """Answers as YouTube does to the three requests that captions take; `behave` changes it."""

    languages = ("en",)
    playability: dict[str, Any] = {"status": "OK"}  # noqa: RUF012
    delay_s = 0.0

    def do_GET(self) -> None:
        if self.path.startswith("/captions"):
            body = "".join(f'<text start="{at}" dur="2">{line}</text>' for at, line in LINES)
            return self.send(f"<transcript>{body}</transcript>")
        return self.send('<html>"INNERTUBE_API_KEY": "key"</html>')

    def do_POST(self) -> None:
        tracks = [
            {
                "baseUrl": "https://www.youtube.com/captions",
                "name": {"runs": [{"text": "English"}]},
                "languageCode": code,
                "kind": "asr",
            }
            for code in self.languages
        ]
        listed = {"playerCaptionsTracklistRenderer": {"captionTracks": tracks}} if tracks else {}
        self.send(json.dumps({"playabilityStatus": self.playability, "captions": listed}))

    def send(self, body: str) -> None:
        content = body.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the client has given up
            for byte in content:  # a server that sends a byte now and then
                self.wfile.write(bytes([byte]))
                time.sleep(self.delay_s)

    def log_message(self, *_: object) -> None:
        pass


class ToThisMachine(HTTPAdapter):
    """Sends what is meant for YouTube to a server on this machine."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        request.url = request.url.replace("https://www.youtube.com", self.base)
        return super().send(request, *args, **options)


Behave = Callable[..., None]


@pytest.fixture
def youtube(monkeypatch: pytest.MonkeyPatch) -> Iterator[Behave]:
    """A fake YouTube; returns a function that sets how it behaves."""
    handler = type("Handler", (FakeYouTube,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    real = transcripts.new_session

    def session(timeout_s: float) -> requests.Session:
        made = real(timeout_s)
        made.mount("https://", ToThisMachine(f"http://127.0.0.1:{server.server_port}"))
        return made

    monkeypatch.setattr(transcripts, "new_session", session)
    yield lambda **fields: [setattr(handler, name, value) for name, value in fields.items()]
    server.shutdown()
    server.server_close()


def test_captions_are_fetched_with_their_times(youtube: Behave) -> None:
    found = fetch_captions(ID)
    assert found.text == f"[0:00] {LINES[0][1]}\n[0:04] {LINES[1][1]}"
    assert (found.language, found.generated) == ("English", True)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"languages": ("de", "fr")}, "no captions in English"),
        ({"languages": ()}, "has no captions"),
        ({"playability": {"status": "ERROR", "reason": "This video is unavailable"}}, "no such"),
        (
            {
                "playability": {
                    "status": "LOGIN_REQUIRED",
                    "reason": "Sign in to confirm you’re not a bot",
                }
            },
            "refuses",
        ),
    ],
)
def test_why_there_are_none(youtube: Behave, behaviour: dict[str, Any], reason: str) -> None:
    youtube(**behaviour)
    with pytest.raises(FetchError, match=reason):
        fetch_captions(ID)


def test_a_server_that_trickles_is_given_up(youtube: Behave) -> None:
    youtube(delay_s=0.2)
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"within 0\.5 seconds"):
        fetch_captions(ID, timeout_s=0.5)
    assert time.monotonic() - started < 2


def test_no_network() -> None:
    session = transcripts.new_session(2.0)
    session.mount("https://", ToThisMachine("http://127.0.0.1:9"))  # nobody listens there
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch_captions(ID, session=session)


def test_a_link_alone_is_looked_up_by_its_captions(youtube: Behave, finder: SourceFinder) -> None:
    first, *_, whole = finder.stream(f"https://youtu.be/{ID}")
    assert first.videos and not first.findings  # the links need not wait
    (finding,) = whole.findings
    claim = finding.claim
    assert claim.shown == CLAIM
    assert claim.at_s == 0.0
    assert claim.span.of(whole.question) == claim.text
    assert finding.evidence[0].creator == "James Monroe"
    assert "speech recognition" in whole.notes[0]
    assert [video.video_id for video in whole.videos] == [ID]


def test_a_link_in_a_post_is_not_fetched_and_a_failure_is_said(
    youtube: Behave, finder: SourceFinder
) -> None:
    youtube(languages=())
    alone = finder.ask(f"https://youtu.be/{ID}")
    assert "It has no captions." in alone.notes[0]
    assert ".srt" in alone.notes[0]
    post = finder.ask(f"In 1823 Monroe warned Europe against colonies.\nhttps://youtu.be/{ID}")
    assert post.question.endswith(ID)
    assert post.videos[0].video_id == ID
    assert "send the link alone" in post.notes[0]


def test_captions_can_be_switched_off(youtube: Behave) -> None:
    videos = find_videos(f"https://youtu.be/{ID}", ENDS)
    text, notes = with_captions(videos[0].url, videos, "off")
    assert text == videos[0].url
    assert "off" in notes[0]


def test_front_ends_are_a_setting(monkeypatch: pytest.MonkeyPatch, finder: SourceFinder) -> None:
    standard = Settings.from_environment().front_ends
    assert len(standard) > 2
    assert all(address.startswith("https://") for _, address in standard)
    monkeypatch.setenv("SOURCE_FINDER_FRONT_ENDS", "Mine=https://mine.example, bad=ftp://x, junk")
    assert Settings.from_environment().front_ends == (("Mine", "https://mine.example"),)
    mine = SourceFinder(
        replace(finder.workspace, settings=replace(finder.settings, front_ends=ENDS[:1]))
    )
    answer = mine.ask(f"Monroe warned Europe against new colonies. https://youtu.be/{ID}")
    assert answer.videos[0].mirrors == (("One", f"https://one.example/watch?v={ID}"),)
