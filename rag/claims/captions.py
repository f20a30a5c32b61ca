"""The captions of a YouTube video, fetched where there is a network: text with times.

Every wait has a limit, and every failure is explained in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rag.claims.extraction import MAX_CHARS
from rag.claims.transcripts import clock
from rag.claims.videos import is_only_links
from rag.datatypes import VideoLink
from rag.deadline import within
from rag.errors import FetchError

if TYPE_CHECKING:
    from requests import Session

TIMEOUT_S = 10.0
"""For all requests together. Whoever waits for an answer waits for this first."""

ENGLISH = ("en", "en-US", "en-GB", "en-CA", "en-AU", "en-IN")


@dataclass(frozen=True, slots=True)
class Captions:
    """A video's captions: a line for each, with its time before it ("[1:05] so he said").
    `generated`: by speech recognition, so that names and numbers may be wrong."""

    text: str
    language: str
    generated: bool


def fetch_captions(
    video_id: str, timeout_s: float = TIMEOUT_S, session: Session | None = None
) -> Captions:
    """Return the English captions of a video; raises `FetchError` with the reason where there
    are none to be had, or not within `timeout_s`. `session`: by which it is asked for."""
    try:
        return within(timeout_s, lambda: _fetch(video_id, session or new_session(timeout_s)))
    except Exception as error:
        raise FetchError(_reason(error, timeout_s)) from error


def with_captions(
    text: str, videos: Sequence[VideoLink], setting: str
) -> tuple[str, tuple[str, ...]]:
    """Return `text` with the captions of its first video after it where it is nothing but
    links, and what to tell the reader about that. `setting`: "auto", or "off"."""
    first = videos[0]
    if not is_only_links(text):
        return text, (
            "The video was not looked at. To have its captions looked up, send its link alone.",
        )
    if setting == "off":
        return text, ("Captions are not fetched: SOURCE_FINDER_CAPTIONS is off.",)
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
        chosen = listed.find_transcript(ENGLISH)
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
