"""Videos whose links are in a text: where they can be watched in private, and what is said in them.

Links lead to front ends that respect privacy. The captions of a YouTube video are fetched where
there is a network; nothing here waits longer than it is told to, and what goes wrong is said in a
sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from rag.claims import MAX_CHARS
from rag.datatypes import VideoLink
from rag.errors import FetchError
from rag.isolation import within
from rag.language import stop_words, words
from rag.wording import clock

if TYPE_CHECKING:
    from requests import Session


_FrontEnds = Sequence[tuple[str, str]]
"""Names and addresses of front ends, each of which takes YouTube's own `/watch?v=`."""

_LINK = re.compile(
    r"(?<![\w@./-])(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/[^\s<>\"'“”‘’|\\^`{}\[\]]+", re.I
)
_HOSTS = re.compile(r"(?:(?:www|m|music|gaming)\.)?(?:youtube(?:-nocookie|kids)?\.com|youtu\.be)")
_ID = re.compile(r"[\w-]{11}")
_PATHS = frozenset({"shorts", "embed", "live", "v", "e"})
_TIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_OF_THE_LINK = frozenset(
    words("video watch check please look youtube link source sources transcript claim claims clip")
)

_TIMEOUT_S = 10.0
"""For all requests together. Whoever waits for an answer waits for this first."""

_ENGLISH = ("en", "en-US", "en-GB", "en-CA", "en-AU", "en-IN")


def find_videos(text: str, front_ends: _FrontEnds) -> tuple[VideoLink, ...]:
    """Return the videos that `text` links to, each once, in order.

    >>> (found,) = find_videos("see youtu.be/gvpof0DGO8o?t=1m5s.", [("Piped", "https://piped.video")])
    >>> found.video_id, found.mirrors
    ('gvpof0DGO8o', (('Piped', 'https://piped.video/watch?v=gvpof0DGO8o&t=65'),))
    """
    known = {urlsplit(address).hostname or "" for _, address in front_ends}
    found: dict[str, VideoLink] = {}
    for match in _LINK.finditer(text):
        url = match.group().rstrip(".,;:!?)")
        if "://" not in url:
            url = f"https://{url}"
        video_id, start_s = _video(url, known)
        if video_id and video_id not in found:
            at = f"&t={start_s}" if start_s else ""
            mirrors = tuple(
                (name, f"{address.rstrip('/')}/watch?v={video_id}{at}")
                for name, address in front_ends
            )
            found[video_id] = VideoLink(url, video_id, mirrors)
    return tuple(found.values())


def is_only_links(text: str) -> bool:
    """Return whether `text` says nothing but "look at this link"."""
    left = words(_LINK.sub(" ", text))
    return len([word for word in left if word not in stop_words() | _OF_THE_LINK]) < 2


def _video(url: str, front_ends: set[str]) -> tuple[str, int]:
    """Return the id of the video that a link leads to, and where it starts, in seconds; no id
    where it leads to none."""
    try:
        parts = urlsplit(url)
        host, query = parts.hostname or "", parse_qs(parts.query)
    except ValueError:
        return "", 0
    if not _HOSTS.fullmatch(host) and host not in front_ends:
        return "", 0
    path = [part for part in parts.path.split("/") if part]
    given = ""
    if path == ["watch"]:
        given = query.get("v", [""])[0]
    elif host == "youtu.be" and path:
        given = path[0]
    elif len(path) > 1 and path[0] in _PATHS:
        given = path[1]
    start = (query.get("t") or query.get("start") or [""])[0]
    return (given if _ID.fullmatch(given) else ""), _start_s(start)


def _start_s(given: str) -> int:
    match = _TIME.fullmatch(given)
    if not match:
        return 0
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


@dataclass(frozen=True, slots=True)
class Captions:
    """A video's captions: a line for each, with its time before it ("[1:05] so he said").
    `generated`: by speech recognition, so that names and numbers may be wrong."""

    text: str
    language: str
    generated: bool


def fetch_captions(
    video_id: str, timeout_s: float = _TIMEOUT_S, session: Session | None = None
) -> Captions:
    """Return the English captions of a video; raises `FetchError` with the reason where there
    are none to be had, or not within `timeout_s`. `session`: the one to ask with."""
    try:
        return within(timeout_s, lambda: _fetch(video_id, session or new_session(timeout_s)))
    except Exception as error:
        raise FetchError(_reason(error, timeout_s)) from error


def with_captions(
    text: str, videos: Sequence[VideoLink], setting: str
) -> tuple[str, tuple[str, ...]]:
    """Return `text`, followed by the captions of its first video if it is nothing but links, and
    what to tell the reader about that. `setting`: "off" for no captions."""
    first = videos[0]
    if not is_only_links(text):
        return text, (
            "The video was not looked at. To have its captions looked up, send its link alone.",
        )
    if setting == "off":
        return text, (
            "Captions are switched off here (SOURCE_FINDER_CAPTIONS). Paste the video's "
            "transcript, or check a subtitle file (.srt, .vtt).",
        )
    try:
        captions = fetch_captions(first.video_id)
    except FetchError as error:
        return text, (
            f"The captions of {first.url} could not be fetched. {error} Paste its transcript, or "
            "check a subtitle file (.srt, .vtt).",
        )
    made = (
        "made by speech recognition: names and numbers may be wrong"
        if (captions.generated)
        else "written by people"
    )
    notes = [f"The captions of {first.url} ({captions.language}, {made}) are looked up."]
    if len(videos) > 1:
        notes.append("Only the first video was fetched; send the other links one by one.")
    whole = f"{text.rstrip()}\n\n{captions.text}"
    if len(whole) > MAX_CHARS:
        whole = whole[: whole.rindex("\n", 0, MAX_CHARS)]
        notes.append(f"Only the first {MAX_CHARS:,} characters of them are.")
    return whole, tuple(notes)


def new_session(timeout_s: float) -> Session:
    """Return an HTTP session whose every request has a time limit."""
    from requests import Session

    session = Session()
    session.request = partial(session.request, timeout=timeout_s)  # type: ignore[method-assign]
    return session


def _fetch(video_id: str, asked: Session) -> Captions:
    from youtube_transcript_api import YouTubeTranscriptApi

    with asked as session:
        listed = YouTubeTranscriptApi(http_client=session).list(video_id)
        chosen = listed.find_transcript(_ENGLISH)
        snippets = chosen.fetch()
    lines = [f"[{clock(snippet.start)}] {' '.join(snippet.text.split())}" for snippet in snippets]
    return Captions("\n".join(lines), chosen.language, chosen.is_generated)


def _reason(error: Exception, timeout_s: float) -> str:
    """Return in a sentence why there are no captions."""
    import requests
    import youtube_transcript_api as api

    reasons: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        ((requests.Timeout, TimeoutError), f"YouTube did not answer within {timeout_s:g} seconds."),
        (requests.ConnectionError, "YouTube cannot be reached: there may be no network."),
        (api.NoTranscriptFound, "It has no captions in English."),
        (api.TranscriptsDisabled, "It has no captions."),
        (api.AgeRestricted, "YouTube shows it only to people who have signed in."),
        (api.RequestBlocked, "YouTube refuses requests from this network."),
        (
            (api.VideoUnavailable, api.VideoUnplayable, api.InvalidVideoId),
            "YouTube has no such video, or does not show it.",
        ),
    ]
    for kinds, reason in reasons:
        if isinstance(error, kinds):
            return reason
    return f"YouTube answered in a way that is not understood ({type(error).__name__})."
