"""Links to videos in a text, and the same videos on front ends that respect privacy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from rag.datatypes import VideoLink
from rag.language import stop_words, words

FrontEnds = Sequence[tuple[str, str]]
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


def find_videos(text: str, front_ends: FrontEnds) -> tuple[VideoLink, ...]:
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
