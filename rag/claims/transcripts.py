"""Transcripts (what was said, by whom and when), and the videos that a text links to.

SubRip (.srt), WebVTT (.vtt) and pasted transcripts ("0:12 so he said", "[00:12:31]", a time on a
line of its own, "ROBERTS: ...") are read line by line. Subtitle parsers lose the position of each
word; here every word keeps its place in the text that was sent.

Links to videos lead to front ends that respect privacy. Captions of a YouTube video are fetched if
there is a network, within a time limit; an error becomes one sentence for the reader.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from rag.datatypes import Span, VideoLink
from rag.errors import FetchError
from rag.isolation import within
from rag.language import stop_words, word_list, words
from rag.wording import clock

if TYPE_CHECKING:
    from requests import Session

MAX_CHARS = 200_000
"""About three hours of speech. A longer text is a document to index, not a question."""

_STAMPED_SHARE = 0.2
"""The least share of lines that begin with a time, in a transcript without brackets or arrows. In
prose a time at the beginning of a line is rare."""

_MIN_LABELS = 2
"""The fewest lines that begin with a speaker's name, in a transcript without times."""

_LABELLED_SHARE = 0.5
"""The least share of such lines if no speaker occurs twice."""

END_MARK = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
"""The end of a sentence, or of the words before a list."""

MIN_WIDTH = 35
"""The least width in characters at which mail and PDF columns are wrapped."""

_FEW_WORDS = 2
"""So many words at the beginning of a cue may repeat the end of the cue before by chance."""

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:[.,](\d{1,3}))?"
# The look-behind keeps matches from beginning inside white space, so long runs of it stay cheap.
_CUE = re.compile(rf"(?<!\s)\s*{_CLOCK}(?:\s*-->\s*\d.*|,\d{{1,2}}:\d\d:\d\d\.\d{{3}})")
_STAMP = re.compile(rf"(?<!\s)\s*(?:([\[(])\s*)?{_CLOCK}\s*[\])]?(?=\s|$)(?:\s*[-–—](?=\s))?\s*")
_TIME_WITHIN = re.compile(rf"(?<!\S)[\[(]?{_CLOCK}[\])]?(?!\S)")
_FEWEST_TIMES = 3
"""The fewest times of a line that is a transcript by itself."""
_NAME = r"[A-Z][\w.'’-]*(?: [A-Z0-9][\w.'’-]*){0,3}"
_NAME_AND_STAMP = re.compile(rf"(?<!\s)\s*({_NAME})\s+[\[(]?{_CLOCK}[\])]?\s*$")
_LABEL = re.compile(rf"(?<!\s)\s*({_NAME})\s*:\s+(?=\S)")
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^>\n]{1,60})>")
_NEW_TURN = re.compile(r"(?<!\s)\s*(?:>>+|(?:&gt;){2,}|[-–—](?=\s?\S))\s*")
_NOT_SPOKEN = re.compile(
    r"<[^>\n]{0,60}>|\{\\[^}\n]{0,40}\}|\[[^\]\n]{1,40}\]|♪[^♪\n]*♪?|♫|"
    r"(?:(?<=\s)|(?<=^))(?:>{2,}|(?:&gt;){2,})|"
    r"\((?:[A-Z][A-Z ]{2,30}|(?i:laughter|applause|music|laughs|laughing|cheering|cheers|video))\)"
)
_ENTITIES = {"&nbsp;": " ", "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}
_ENTITY = re.compile("|".join(_ENTITIES))
_NOBODY = word_list("people", "nobody")
_SKIPPED_BLOCK = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)\b")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech by one speaker, None if nobody is named."""

    span: Span
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A text with times or speakers. `speech` is the text with blanks for what was not spoken, and
    so has its length. `times`: pairs of a position in the text and seconds, in order."""

    speech: str
    turns: tuple[Utterance, ...]
    times: tuple[tuple[int, float], ...]

    def at(self, place: int) -> float | None:
        """Return the last time, in seconds, given before a position in the text; None if there is
        none."""
        number = bisect_right(self.times, (place, float("inf")))
        return self.times[number - 1][1] if number else None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of speech, its place in the text, and the time and speaker given before it."""

    span: Span
    at_s: float | None = None
    speaker: str | None = None
    new_turn: bool = False


def read_transcript(text: str) -> Transcript | None:
    """Return the transcript in `text`, None if it is not one.

    >>> found = read_transcript("[0:01] POLK: Gold was\\n[0:04] found.")
    >>> found.turns[0].speaker, found.turns[0].span.of(found.speech).split()
    ('Polk', ['Gold', 'was', 'found.'])
    >>> found.at(found.speech.index("found")), read_transcript("At 12:30 they met.")
    (4.0, None)
    """
    raw = [part for line in _lines(text) for part in _cut_at_times(text, line)]
    if any(_CUE.fullmatch(line.of(text).strip()) for line in raw):
        lines = list(_subtitles(text, raw))
    elif _is_stamped(text, raw):
        lines = list(_stamped(text, raw))
    else:
        lines = [_Line(line) for line in raw]
    labelled = _labelled(text, lines)
    if _is_dialogue(text, labelled):
        labelled = _labelled(text, lines, every=True)
    elif not any(line.at_s is not None for line in labelled):
        return None
    return _assembled(text, labelled)


def _lines(text: str) -> list[Span]:
    return [Span(match.start(), match.end()) for match in re.finditer(r"[^\r\n]*(?:\r?\n|$)", text)]


def _cut_at_times(text: str, line: Span) -> Iterator[Span]:
    """Yield the parts of a line that begins with a time and goes on with later ones, each from its
    time on: a transcript copied without its line ends. Any other line is whole."""
    content = line.of(text)
    found = list(_TIME_WITHIN.finditer(content)) if _STAMP.match(content) else []
    times = [_seconds(*match.groups()) for match in found]
    if len(found) < _FEWEST_TIMES or any(later <= earlier for earlier, later in pairwise(times)):
        yield line
        return
    cuts = [0, *(match.start() for match in found[1:]), len(content)]
    yield from (Span(line.start + a, line.start + b) for a, b in pairwise(cuts))


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return (
        3600 * int(hours or 0)
        + 60 * int(minutes)
        + int(seconds)
        + (float(f"0.{fraction}") if fraction else 0.0)
    )


def _subtitles(text: str, lines: Sequence[Span]) -> Iterator[_Line]:
    """Yield the spoken lines of subtitles and of the text around them, without words that a cue
    repeats from the one before."""
    at_s: float | None = None
    skipping = False
    shown: list[str] = []
    cue: list[_Line] = []
    for number, line in enumerate(lines):
        content = line.of(text).rstrip("\r\n").lstrip("\ufeff")
        following = lines[number + 1].of(text) if number + 1 < len(lines) else ""
        if times := _CUE.fullmatch(line.of(text).strip()):
            yield from _new_lines(text, cue, shown)
            shown, cue = _spoken_lines(text, cue) or shown, []
            at_s, skipping = _seconds(*times.groups()[:4]), False
        elif not content:
            at_s, skipping = None, False
        elif at_s is None and _SKIPPED_BLOCK.match(content):
            skipping = True
        elif skipping or (
            _CUE.fullmatch(following.strip()) and (at_s is None or content.isdigit())
        ):
            continue  # a comment, or the number or name of the next cue
        elif _NOT_SPOKEN.sub("", content).strip():
            voice = _VOICE.search(content)
            cue.append(_Line(line, at_s, voice[1].strip() if voice else None))
    yield from _new_lines(text, cue, shown)


def _spoken_lines(text: str, cue: Sequence[_Line]) -> list[str]:
    """Return the folded words of each line of a cue, without punctuation."""
    return [" ".join(map(_fold_word, _spoken(line.span.of(text)).split())) for line in cue]


def _fold_word(word: str) -> str:
    return word.casefold().strip(".,;:!?\"'“”‘’-–—…") or word


def _spoken(line: str) -> str:
    """Return a line with blanks for what is not spoken."""
    return _NOT_SPOKEN.sub(lambda found: " " * len(found[0]), line)


def _new_lines(text: str, cue: Sequence[_Line], shown: Sequence[str]) -> Iterator[_Line]:
    """Yield the lines of a cue without what the cue before has already `shown`. Captions roll up
    line by line, grow word by word, or repeat the last words of the cue before."""
    lines = [list(re.finditer(r"\S+", _spoken(line.span.of(text)))) for line in cue]
    words = [_fold_word(word[0]) for line in lines for word in line]
    before = " ".join(shown).split()
    line_ends = set(accumulate(map(len, lines)))
    again = next(
        (
            n
            for n in range(min(len(words), len(before)), 0, -1)
            if words[:n] == before[-n:]
            and (
                n > _FEW_WORDS
                or n == len(before)
                or (n in line_ends and (n == _FEW_WORDS or words[0] == shown[-1]))
            )
        ),
        0,
    )
    if words[: len(before)] == before:
        again = len(before)
    for line, found in zip(cue, lines, strict=True):
        if again < len(found):
            yield replace(line, span=Span(line.span.start + found[again].start(), line.span.end))
        again = max(0, again - len(found))


def _is_stamped(text: str, lines: Sequence[Span]) -> bool:
    """Return whether enough lines begin with times, and the times only increase."""
    filled = [line.of(text).rstrip() for line in lines if line.of(text).strip()]
    found = [_STAMP.match(line) or _NAME_AND_STAMP.match(line) for line in filled]
    times = [_seconds(*match.groups()[1:]) for match in found if match]
    if any(later < earlier for earlier, later in pairwise(times)):
        return False
    bracketed = any(match and match[1] in ("[", "(") for match in found)
    return bracketed or len(times) >= max(2, _STAMPED_SHARE * len(filled))


def _stamped(text: str, lines: Sequence[Span]) -> Iterator[_Line]:
    """Yield the lines without the times at their beginning or on lines of their own."""
    at_s: float | None = None
    speaker: str | None = None
    for line in lines:
        content = line.of(text).rstrip()
        if named := _NAME_AND_STAMP.fullmatch(content):
            at_s, speaker = _seconds(*named.groups()[1:]), named[1]
            continue
        stamp = _STAMP.match(content)
        start = line.start
        if stamp:
            at_s = _seconds(*stamp.groups()[1:])
            start += stamp.end()
        if text[start : line.end].strip():
            yield _Line(Span(start, line.end), at_s, speaker)
            speaker = None


def _is_dialogue(text: str, lines: Sequence[_Line]) -> bool:
    """Return whether enough lines begin with a speaker's name and either a speaker occurs twice or
    most lines that begin a sentence have one. A note in prose with one addition is not a dialogue.
    """
    speakers = [line.speaker for line in lines if line.speaker]
    said = [line.span.of(text).strip() for line in lines]
    goes_on = [len(above) >= MIN_WIDTH and not END_MARK.search(above) for above in ("", *said)]
    begun = sum(bool(line) and not on for line, on in zip(said, goes_on, strict=False))
    again = len(set(speakers)) < len(speakers)
    return len(speakers) >= _MIN_LABELS and (again or len(speakers) >= _LABELLED_SHARE * begun)


def _names_speaker(label: str) -> bool:
    """Return whether a label may be a person's name; "Myth", "Q" and "UPDATE 2" are not."""
    return any(word not in _NOBODY and not word.isdigit() for word in words(label))


def _labelled(text: str, lines: Sequence[_Line], *, every: bool = False) -> list[_Line]:
    """Return the lines with the speakers that their labels name, and without the labels. A name in
    capitals is a label; any other name only if it occurs again, or if `every` one is a label. A
    line with any other label ends the turn of the speaker before."""
    found = [_LABEL.match(line.span.of(text)) for line in lines]
    often = Counter(match[1] for match in found if match)
    result = []
    for line, label in zip(lines, found, strict=True):
        start, speaker, new_turn = line.span.start, line.speaker, label is not None
        capitals = label is not None and label[1].isupper() and len(label[1]) > 1
        if label and _names_speaker(label[1]) and (every or capitals or often[label[1]] > 1):
            start += label.end()
            speaker = label[1].title() if label[1].isupper() else label[1]
        mark = _NEW_TURN.match(text[start : line.span.end]) if line.at_s is not None else None
        if mark:
            start, new_turn = start + mark.end(), True
        result.append(_Line(Span(start, line.span.end), line.at_s, speaker, new_turn))
    return result


def _assembled(text: str, lines: Sequence[_Line]) -> Transcript:
    """Return the transcript of these lines. With times, a turn continues until somebody else
    speaks; without times, each line is a turn."""
    speech = [" "] * len(text)
    times: list[tuple[int, float]] = []
    turns: list[Utterance] = []
    runs_on = False
    for line in lines:
        spoken = _NOT_SPOKEN.sub(lambda found: " " * len(found[0]), line.span.of(text))
        spoken = _ENTITY.sub(lambda found: _ENTITIES[found[0]].ljust(len(found[0])), spoken)
        filled = [place for place, letter in enumerate(spoken) if not letter.isspace()]
        if not filled:
            continue
        for place in filled:
            speech[line.span.start + place] = spoken[place]
        span = Span(line.span.start + filled[0], line.span.start + filled[-1] + 1)
        if line.at_s is not None and (not times or times[-1][1] != line.at_s):
            times.append((line.span.start, line.at_s))
        before = turns[-1].speaker if turns and not line.new_turn else None
        speaker = line.speaker or before
        if runs_on and line.at_s is not None and speaker == before and not line.new_turn:
            turns[-1] = Utterance(Span(turns[-1].span.start, span.end), speaker)
        else:
            turns.append(Utterance(span, speaker))
        runs_on = line.at_s is not None
    return Transcript("".join(speech), tuple(turns), tuple(times))


_FrontEnds = Sequence[tuple[str, str]]
"""Names and addresses of front ends, each of which accepts YouTube's own `/watch?v=`."""

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
"""For all requests together, since the reader's answer waits for them."""

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


def _is_only_links(text: str) -> bool:
    """Return whether `text` says nothing but "look at this link"."""
    left = words(_LINK.sub(" ", text))
    return len([word for word in left if word not in stop_words() | _OF_THE_LINK]) < 2


def _video(url: str, front_ends: set[str]) -> tuple[str, int]:
    """Return the id of the video that a link leads to, "" if none, and its start in seconds."""
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
    """A video's captions, one line each with its time ("[1:05] so he said"). `generated`: whether
    they are from speech recognition, so that names and numbers may be wrong."""

    text: str
    language: str
    generated: bool


def fetch_captions(
    video_id: str, timeout_s: float = _TIMEOUT_S, session: Session | None = None
) -> Captions:
    """Return the English captions of a video. Raises `FetchError` with the reason if there are
    none, or none within `timeout_s`."""
    try:
        return within(timeout_s, lambda: _fetch(video_id, session or new_session(timeout_s)))
    except Exception as error:
        raise FetchError(_reason(error, timeout_s)) from error


def with_captions(
    text: str, videos: Sequence[VideoLink], setting: str
) -> tuple[str, tuple[str, ...]]:
    """Return `text`, with the captions of its first video if it is nothing but links, and notes for
    the reader about that. `setting`: "off" fetches nothing."""
    first = videos[0]
    if not _is_only_links(text):
        return text, (
            "The video itself was not looked up. To look up its captions, send the link alone.",
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
    notes = [f"The captions of {first.url} ({captions.language}, {made}) were looked up."]
    if len(videos) > 1:
        notes.append("Only the first video was fetched; send the other links one at a time.")
    whole = f"{text.rstrip()}\n\n{captions.text}"
    if len(whole) > MAX_CHARS:
        whole = whole[: whole.rindex("\n", 0, MAX_CHARS)]
        notes.append(f"Only their first {MAX_CHARS:,} characters were.")
    return whole, tuple(notes)


def new_session(timeout_s: float) -> Session:
    """Return an HTTP session with a time limit on every request."""
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
    """Return one sentence on why there are no captions."""
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
    return f"YouTube's answer could not be understood ({type(error).__name__})."
