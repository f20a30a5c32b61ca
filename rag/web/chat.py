"""The conversation: what was asked, how far its answer has come, and what to show of it.

Nothing here knows Gradio; `blocks.py` puts these turns on a page.

An answer is the question with its claims marked, and a row for each. The passages themselves are
beside the chat (`pane`); a marked claim and a row lead there.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import urlsplit

from rag.claims import MAX_CLAIM
from rag.claims.checkable import in_context, is_about_this_page, is_pleasantry
from rag.config import PER_CLAIM
from rag.datatypes import (
    Answer,
    Claim,
    Finding,
    IndexFacts,
    Suggestion,
    Summary,
    Verdict,
    VideoLink,
)
from rag.dossier import FORMATS, in_style
from rag.errors import SourceFinderError
from rag.finder import SourceFinder
from rag.language import parse, stop_words, words
from rag.projects import EVERYTHING, Scope, Stage
from rag.web import markup
from rag.web.address import Address
from rag.web.markup import action, button, fold, link, notes, render, render_searched, shortened
from rag.wording import COUNT_WORDS, clock, counted, escape, stands, written_date

_LONG_TEXT_CHARS = 90
"""From this length on, what was sent is taken to hold many claims before they are known, and
gets room for their counts from the beginning."""

_TALL_CHARS = 600
"""A longer question is shown in a box of its own that scrolls."""

_QUOTE_CHARS = 170
"""How much of a claim's first quotation its row shows."""

_PLACES_TO_ADD = 3
"""Collections and archives that the overview of a long text names."""

BY_WORDS = (
    "Preliminary: only matching words were searched. Answered again when the index is complete"
)

_PANE = "sf-pane"
"""The name in the page of the place where passages are shown."""


def has_many_claims(answer: Answer) -> bool:
    """Return whether the answer holds, or by the length of the question will hold, many."""
    parts = len(answer.findings) + len(answer.set_aside)
    return parts > 1 or _is_long(answer.question)


def _is_long(question: str) -> bool:
    """Return whether a question is likely to hold many claims.

    >>> _is_long("Monroe warned Europe"), _is_long("Monroe warned Europe.\\nPolk found gold.")
    (False, True)
    """
    return len(question) > _LONG_TEXT_CHARS or "\n" in question.strip()


def render_question(
    text: str, answer: Answer | None = None, turn: int = 0, *, searched_as: str = ""
) -> str:
    """Return what the reader sent, exactly, with each claim that was looked up marked by its
    verdict and leading to its passages.

    `searched_as`: what was looked up instead, if anything.
    """
    tall = " sf-tall" if len(text) > _TALL_CHARS else ""
    scrolls = ' tabindex="0" role="region" aria-label="What you sent"' if tall else ""
    marked = escape(text) if answer is None or searched_as else _marked(text, answer, turn)
    instead = notes([f"Searched as: {searched_as}"]) if searched_as else ""
    return f'<div class="sf-question{tall}" dir="auto"{scrolls}>{marked}</div>{instead}'


def _marked(text: str, answer: Answer, turn: int) -> str:
    parts: list[str] = []
    at = 0
    marks = [(f.claim.span, _claim_link(f, number, turn)) for number, f in _numbered(answer)]
    marks += [(claim.span, _aside(claim)) for claim in answer.set_aside]
    for span, (opening, closing) in sorted(marks, key=lambda mark: mark[0]):
        # Claims cut from one sentence may share words: the first has them.
        if span.start < at or span.end > len(text) or not len(span):
            continue
        parts += [escape(text[at : span.start]), opening, escape(span.of(text)), closing]
        at = span.end
    return "".join([*parts, escape(text[at:])])


def _numbered(answer: Answer) -> Sequence[tuple[int, Finding]]:
    return list(enumerate(answer.findings))


def _claim_link(finding: Finding, number: int, turn: int) -> tuple[str, str]:
    badge = _badge(finding)
    return (
        f'<a class="sf-claimed-text {markup.verdict_class(finding.verdict)}" href="#{_PANE}" '
        f'title="{escape(badge)}" {action("claim", {"turn": turn, "finding": number})}>',
        f'<span class="sf-unseen"> ({escape(badge)})</span></a>',
    )


def _aside(claim: Claim) -> tuple[str, str]:
    return f'<span class="sf-aside" title="Set aside: {escape(claim.set_aside or "")}">', "</span>"


def render_row(finding: Finding, number: int, turn: int, *, question: str, many: bool) -> str:
    """Return a claim with its verdict, its best quotation, how that stands to it, and its notes,
    leading to its passages. A claim that is all of the `question`, which stands above it, is
    not shown again; `many`: claims are numbered, and their passages counted, which else is said
    above."""
    claim = finding.claim
    whole = claim.text.strip() == question.strip()
    order = f"{number + 1}. " if many else ""
    shown = list(finding.notes)
    if claim.resolved and claim.resolved != claim.text:
        shown.insert(0, f"Searched as: {claim.resolved}")
    best = finding.evidence[0] if finding.evidence else None
    who = (best.creator, written_date(best.date)) if best else ()
    return render(
        "row.html",
        claim=claim,
        tone=markup.verdict_class(finding.verdict),
        words="" if whole else f"{order}{claim.shown}",
        circumstances=_circumstances(claim),
        pane=_PANE,
        at={"turn": turn, "finding": number},
        badge=_badge(finding),
        passages=_passages(finding) if many else "",
        best=best,
        quote=shortened(best.quote, _QUOTE_CHARS) if best else "",
        who=", ".join(part for part in who if part),
        stands=(
            stands(best.relation, best.reasons, best.bearing, best.on_point)
            if best and claim.form == "claim"
            else ""
        ),
        notes=shown,
    )


def _render_missing(rows: Sequence[str], *, opened: bool) -> str:
    """Return the rows of the claims on which nothing was found, folded; "" for none."""
    label = counted(len(rows), "claim", "claims")
    return fold(f"Nothing in these sources on {label}", "".join(rows), "sf-missing", opened=opened)


def render_overview(answer: Answer, *, done: bool) -> str:
    """Return what the sources have on the claims of a long text, and, once all are looked up,
    what could be added for the others, likeliest first. It has its room from the beginning."""
    missing = [finding for finding in answer.findings if not finding.evidence]
    open_ones = missing or [f for f in answer.findings if f.verdict == "related"]
    wanted = Counter(place for finding in open_ones for place in _places(finding))
    return render(
        "overview.html",
        total=len(answer.findings),
        found=len(answer.findings) - len(missing),
        missing=len(missing),
        done=done,
        add=wanted.most_common(_PLACES_TO_ADD) if done else [],
    )


def _places(finding: Finding) -> Iterator[Suggestion]:
    """Yield the collections and archives for a claim, each as one place whatever is searched
    for there."""
    for place in finding.look_next:
        if place.fetch_id:
            yield replace(place, why="")
        else:
            parts = urlsplit(place.url)
            home = f"{parts.scheme}://{parts.netloc}/"
            yield Suggestion(place.title.removeprefix("Search "), home, "")


def _render_written_summary(summary: Summary) -> str:
    """Return what a language model wrote of the evidence, each sentence with its quotation."""
    return render("written_summary.html", summary=summary)


def _circumstances(claim: Claim) -> list[str]:
    parts = []
    if claim.at_s is not None:
        parts.append(f"at {clock(claim.at_s)}")
    if claim.said_by:
        parts.append(f"said by {claim.said_by}")
    return parts


def _passages(finding: Finding, found: str = "") -> str:
    if not finding.evidence:
        return "no passage bears on it"
    relations = Counter(item.relation for item in finding.evidence)
    open_ones = sum(item.relation == "context" and item.on_point for item in finding.evidence)
    total = counted(len(finding.evidence), "passage", "passages") + found
    sides = [
        f"{number} {words}"
        for number, words in (
            (relations["supports"], "for"),
            (relations["contradicts"], "against"),
            (open_ones, "on this very point"),
        )
        if number
    ]
    return f"{total}: {', '.join(sides)}" if sides else total


def summary_counts(answer: Answer) -> str:
    """Return how the sentences of the question came out, as one line of text.

    "24 sentences: 5 supported, 12 not found, 7 set aside".
    """
    verdicts = Counter(finding.verdict for finding in answer.findings)
    parts = [f"{verdicts[v]:,} {words}" for v, words in COUNT_WORDS.items() if verdicts[v]]
    if answer.set_aside:
        parts.append(f"{len(answer.set_aside):,} set aside")
    total = counted(len(answer.findings) + len(answer.set_aside), "sentence", "sentences")
    return f"{total}: {', '.join(parts)}" if parts else total


def _single_count(answer: Answer) -> str:
    """Return the summary of an answer to one claim: how many passages there are, for and against.

    "5 passages found: 2 for".
    """
    if not answer.findings:
        return "Nothing in what was sent could be looked up"
    [finding] = answer.findings
    return _passages(finding, " found") if finding.evidence else "No passage found"


def render_summary(answer: Answer | None, stage: Stage, question: str = "") -> str:
    """Return the line above the findings: how far the search is, and the counts.

    A `question` of several sentences gets room for two lines from the beginning, so that
    nothing moves when the counts have grown.
    """
    empty = answer is None or not (answer.findings or answer.set_aside)
    if answer is None or (empty and stage != "done"):
        counts = ""
    else:
        counts = summary_counts(answer) if has_many_claims(answer) else _single_count(answer)
    lead = {"searching": "Searching", "stopped": "Stopped", "failed": "Broken off"}.get(stage, "")
    if stage == "searching":
        lead += "…"
    parts = [part for part in (lead, f"so far, {counts}" if lead and counts else counts) if part]
    line = " ".join(parts) if stage == "searching" else "; ".join(parts)
    if answer is not None and answer.by_words and stage == "done":
        line += f". {BY_WORDS}"
    room = " sf-two-lines" if _is_long(question) else ""
    return f'<p class="sf-summary sf-stage-{stage}{room}" role="status">{escape(line)}</p>'


def _render_set_aside(set_aside: Sequence[Claim]) -> str:
    """Return the sentences that were not looked up, folded, by reason."""
    by_reason = sorted(set_aside, key=lambda claim: claim.set_aside or "")
    groups = []
    for reason, claims in groupby(by_reason, key=lambda claim: claim.set_aside or ""):
        items = "".join(f'<li dir="auto">{escape(claim.shown)}</li>' for claim in claims)
        title = f"Set aside: {reason}" if reason else "Set aside"
        groups.append(f"<h2>{escape(title)}</h2><ul>{items}</ul>")
    label = counted(len(set_aside), "sentence was set aside", "sentences were set aside")
    return fold(f"{label}, and why", "".join(groups), "sf-set-aside")


def _render_videos(videos: Sequence[VideoLink]) -> str:
    """Return each linked video with the front ends that show it without its owner watching."""
    lines = []
    for video in videos:
        mirrors = [made for name, url in video.mirrors if (made := link(url, name))]
        own = link(video.url, "the video") or escape(video.url)
        lines.append(f'<p class="sf-note">Watch {" · ".join([own, *mirrors])}</p>')
    return "".join(lines)


def render_closing(answer: Answer) -> str:
    """Return what comes after the findings: set-aside sentences, notes, what was searched. Where
    nothing was looked up there is nothing to keep, and of one sentence only what to do instead."""
    if not answer.findings:
        aside = [f"Set aside: {claim.set_aside}" for claim in answer.set_aside]
        alone = notes(answer.notes or aside) if len(aside) <= 1 else ""
        rest = alone or _render_set_aside(answer.set_aside) + notes(answer.notes)
        return _render_videos(answer.videos) + rest
    return (
        _render_videos(answer.videos)
        + _render_set_aside(answer.set_aside)
        + notes(answer.notes)
        + render_searched(answer.searched)
        + _render_keeping()
    )


def _render_link(key: str) -> str:
    """Return the button that copies the link of an answer that is kept; "" where it is not."""
    if not key:
        return ""
    copy = button("Copy link to this answer", "copy-link", {"to": str(Address(answer=key))})
    return f'<p class="sf-actions sf-answer-link">{copy}</p>'


def render_offer(name: str, path: str) -> str:
    """Return the offer to add a dropped file to the corpus. `path`: its place on the server."""
    words = f"{name} is a source, not a question: its text can be added to the corpus and searched."
    add = button("Add it to the corpus", "add", {"path": path})
    return f'<p class="sf-message" dir="auto">{escape(words)} {add}</p>'


def _render_keeping() -> str:
    """Return the row that keeps the conversation, with a button for each form of file."""
    buttons = "".join(
        button(form.title, "keep", {"form": extension}, label=f"Keep as {form.title}")
        for extension, form in FORMATS.items()
    )
    label = '<span class="sf-quiet">Keep all this as</span>'
    send = button("Send the sources to Zotero", "zotero")
    return f'<p class="sf-keep sf-actions">{label} {buttons} {send}</p>'


def render_kept(name: str, media_type: str, content: str, made: str) -> str:
    """Return a link to a file to be saved. `content`: its bytes in base 64; `made`: when, by
    which page.js knows it from the one before it."""
    return (
        f'<a download="{escape(name)}" data-made="{escape(made)}"'
        f' href="data:{escape(media_type)};base64,{content}">{escape(name)}</a>'
    )


def render_message(text: str) -> str:
    """Return a message from the application itself: a hint or an error."""
    return f'<p class="sf-message" role="status" dir="auto">{escape(text)}</p>'


log = logging.getLogger(__name__)

HINT = "Write or paste a claim about the past, then press Enter."
WHETHER_TRUE = (
    "How each passage stands to what you sent is said above it; whether that is true is for you to "
    "judge from them."
)
UNCLEAR = (
    "This goes on from what was asked before, and it is not clear how. Ask it as one statement or "
    "question, with the subject and the names."
)
EMPTY = "Nothing in what was sent could be looked up. Try one plain statement."
UNEXPECTED = (
    "Something went wrong, and the search stopped. What was found before that is shown. Try "
    "again; the details are in the window where Source Finder was started."
)

_MIN_INTERVAL_S = 0.1
"""Growing answers are shown at most this often; each one costs the page a repaint."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with what there is of its answer.

    A turn without a question is a message of the application. `number` tells the turns of
    a conversation apart. `searched_as`: what was looked up instead of the question, if
    anything. `offered`: files that were dropped in and may join the corpus, as name and
    path. `key`: by what it is kept (see `rag.projects`), "" where it is not; `index`, `scope`: what
    it was looked up in.
    """

    number: int = 0
    question: str = ""
    searched_as: str = ""
    answer: Answer | None = None
    stage: Stage = "searching"
    message: str = ""
    offered: tuple[tuple[str, str], ...] = ()
    key: str = ""
    index: IndexFacts | None = None
    scope: Scope = EVERYTHING
    tried: bool = False
    """Whether it was tried to answer it anew since the page was loaded, in vain."""

    @property
    def preliminary(self) -> bool:
        """Whether it is to be answered anew once the index is complete."""
        by_words = self.answer is not None and self.answer.by_words
        return by_words and self.stage == "done" and not self.tried

    def asked(self) -> str:
        """Return the question's HTML; the captions of a linked video belong to it."""
        text = self.question
        if self.answer is not None and not self.searched_as:
            text = self.answer.question
        return render_question(text, self.answer, self.number, searched_as=self.searched_as)

    def blocks(self) -> tuple[str, ...]:
        """Return the answer's HTML in the order of the page.

        A block that is on the page stays as it is while later ones arrive, so that nothing
        moves under the reader.
        """
        began = self.question and not (self.answer is None and self.message)
        parts = [render_summary(self.answer, self.stage, self.question)] if began else []
        if self.answer is not None:
            parts += self._findings(self.answer)
            if self.answer.summary is not None:
                parts.append(_render_written_summary(self.answer.summary))
            if self.stage != "searching":
                kept = _render_link(self.key) if self.answer.findings else ""
                parts.append(render_closing(self.answer) + kept)
        parts += [render_offer(name, path) for name, path in self.offered]
        if self.message:
            parts.append(render_message(self.message))
        return tuple(part for part in parts if part)

    def _findings(self, answer: Answer) -> list[str]:
        """Return a row for each claim; of several, an overview, the rows of those on which
        something was found, and, once all are looked up, the others in one fold."""
        many = has_many_claims(answer)
        rows = [
            render_row(finding, n, self.number, question=answer.question, many=many)
            for n, finding in enumerate(answer.findings)
        ]
        if not many:
            return rows
        found = [row for row, f in zip(rows, answer.findings, strict=True) if f.evidence]
        missing = [row for row, f in zip(rows, answer.findings, strict=True) if not f.evidence]
        if self.stage == "searching":
            return [render_overview(answer, done=False), *found]
        overview = render_overview(answer, done=True)
        return [overview, *found, _render_missing(missing, opened=not found)]


Turns = tuple[Turn, ...]


def converse(
    finder: SourceFinder,
    text: str,
    turns: Turns,
    first: Sequence[str] = (),
    *,
    scope: Scope = EVERYTHING,
    key: str = "",
    style: str = "",
) -> Iterator[Turns]:
    """Yield the conversation as the answer to `text`, within `scope`, grows; it always ends
    without raising. `key`: by what the new turn is kept; `style`: that of the citations.

    A text that leans on what was said before is looked up with the names in the texts
    `first`, or else in the question before it; one that asks for earlier or later sources, as the
    question before it among those; of one that cannot be understood the reader is told so. Errors
    meant for the reader become a message; any other error is logged, and the reader is told calmly
    that something went wrong.
    """
    if not text.strip():
        hinted = bool(turns) and turns[-1].message == HINT
        yield turns if hinted else (*turns, Turn(len(turns), stage="done", message=HINT))
        return
    wanted = in_context(text, [*first, *_said_so_far(turns)])
    searched_as = wanted if wanted != text else ""
    if told := _why_unclear(text, turns, leans=bool(searched_as)):
        yield (*turns, Turn(len(turns), text, stage="done", message=told, key=key))
        return
    if in_time := _in_time(text, turns, first, scope):
        wanted, scope, when = in_time
        searched_as = f"{wanted} ({when})"
    elif searched_as:
        wanted = searched_as = _with_matter(searched_as, text, [*first, *_said_so_far(turns)])
    turn = Turn(len(turns), text, searched_as, key=key, scope=scope)
    yield (*turns, turn)
    shown_at = 0.0
    try:
        turn = replace(turn, index=finder.facts())
        for answer in finder.stream(wanted, PER_CLAIM, *bounds(scope)):
            turn = replace(turn, answer=in_style(answer, style))
            if time.monotonic() - shown_at >= _MIN_INTERVAL_S:
                yield (*turns, turn)
                shown_at = time.monotonic()
        turn = replace(turn, stage="done", message="" if turn.answer else EMPTY)
    except SourceFinderError as error:
        turn = replace(turn, stage="failed", message=str(error) or UNEXPECTED)
    except Exception:
        log.exception("The search for %d characters of text failed", len(text))
        turn = replace(turn, stage="failed", message=UNEXPECTED)
    yield (*turns, turn)


def answered_again(finder: SourceFinder, turn: Turn, style: str = "") -> Turn:
    """Return a turn that was answered by words alone with a whole answer; one that cannot be
    answered so now, as it is but for that it was tried."""
    assert turn.answer is not None
    try:
        answer = finder.ask(turn.answer.question, PER_CLAIM, *bounds(turn.scope))
    except SourceFinderError as error:
        log.info("Not answered again: %s", error)
        return replace(turn, tried=True)
    facts = finder.facts()
    return replace(turn, answer=in_style(answer, style), index=facts, tried=answer.by_words)


def bounds(scope: Scope) -> tuple[tuple[str, ...] | None, str | None, str | None]:
    """Return collections, first and last date as a finder takes them."""
    return scope.collections or None, scope.after, scope.before


_IN_TIME = re.compile(
    r"\W*(?:(?:and|or|but|show|give|me|is|are|was|were|there|what|about|anything|something|any|some|"
    r"a|an|the|even|much|from|on|this|that|it)\W+)*"
    r"(?:(?P<before>earlier|older|before)|(?P<after>later|newer|more recent|after(?:wards?)?)|"
    r"(?P<same>(?:more|else)\W+(?:from|in|of)\W+(?:this|that|the(?:\W+same)?)\W+"
    r"(?:document|speech|message|address|letter|report|text|source)))"
    r"(?:\W+(?:ones?|sources?|passages?|on|about|than|this|that|then|it|please))*\W*",
    re.IGNORECASE,
)
_DAY = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def _in_time(
    text: str, turns: Turns, first: Sequence[str], scope: Scope
) -> tuple[str, Scope, str] | None:
    """Return what to look up for a text that asks for earlier or later sources than the best one
    so far, or for more of that (by its date), in what scope, and how that is told; None for any
    other text, and where nothing that was found has a date."""
    way = _IN_TIME.fullmatch(text)
    answers = [turn.answer for turn in reversed(turns) if turn.answer is not None]
    found = [finding for answer in answers for finding in answer.findings if finding.evidence]
    found.sort(key=lambda finding: finding.claim.query not in first)
    dated = _DAY.match(found[0].evidence[0].date or "") if way and found else None
    if way is None or dated is None:
        return None
    if way["same"]:
        narrow = replace(scope, after=dated[0], before=dated[0])
        return found[0].claim.query, narrow, f"in sources of {written_date(dated[0])}"
    year, month, day = (int(part) if part else 0 for part in dated.groups())
    try:
        if way["before"]:
            last = date(year, month or 1, day or 1) - timedelta(days=1)
            narrow = replace(scope, before=last.isoformat())
            if scope.before and f"{scope.before}-12-31" < last.isoformat():
                narrow = scope  # "1848" is all of that year
            return found[0].claim.query, narrow, f"in sources up to {written_date(narrow.before)}"
        latest = date(year, month or 12, day or 28)
        whole = timedelta(days=1 if day else 4)  # 28 + 4 is in the next month
        start = latest + whole if day else (latest + whole).replace(day=1)
    except (ValueError, OverflowError):
        return None
    narrow = replace(scope, after=max(start.isoformat(), scope.after or ""))
    return found[0].claim.query, narrow, f"in sources from {written_date(narrow.after)} on"


_MATTER = re.compile(r"\b(?:it|this|that|these|those|them)\b", re.IGNORECASE)
_MOST_THINGS = 3


def _with_matter(wanted: str, text: str, earlier: Iterable[str]) -> str:
    """Return a text that got the names of what was said before with its things, too, where it
    points to those: "what did Nixon say about it" after "Truman asked for health insurance"."""
    if not _MATTER.search(text):
        return wanted
    head, _, names = wanted.rpartition("(")
    for claim in earlier:
        things = [
            " ".join(token.text for token in chunk if token.pos_ not in {"DET", "PRON"})
            for chunk in parse(claim[:MAX_CLAIM]).noun_chunks
            if chunk.root.pos_ == "NOUN" and chunk.text.islower()
        ]
        if things:
            return f"{head}({', '.join([*dict.fromkeys(things)][:_MOST_THINGS])}, {names}"
    return wanted


_WHETHER_TRUE = re.compile(
    r"\W*(?:(?:so|and|but)\W+)?(?:is|was|are)\W+(?:this|that|it|all that|they)\W+"
    r"(?:(?:really|actually|even)\W+)?(?:true|right|correct|so)\W*",
    re.IGNORECASE,
)
_NAMING = frozenset({"NOUN", "PROPN", "NUM", "X"})


def _why_unclear(text: str, turns: Turns, *, leans: bool) -> str:
    """Return what to tell where a text goes on from an answer and cannot be looked up: it asks
    whether that is true, or names nothing and got no name; else ""."""
    if all(turn.answer is None for turn in turns) or _IN_TIME.fullmatch(text):
        return ""
    if _WHETHER_TRUE.fullmatch(text):
        return WHETHER_TRUE
    if leans or len(text) > MAX_CLAIM:
        return ""
    said = [word for word in words(text) if word not in stop_words()]
    if len(said) > 1 or is_pleasantry(text) or is_about_this_page(text):
        return ""
    return "" if any(token.pos_ in _NAMING for token in parse(text)) else UNCLEAR


def _said_so_far(turns: Turns) -> Iterator[str]:
    """Yield what was looked up so far, the last first."""
    for turn in reversed(turns):
        if turn.answer is not None:
            yield turn.answer.question


def stop(turns: Turns) -> Turns:
    """Return the conversation with a turn that was under way marked as stopped."""
    return tuple(
        replace(turn, stage="stopped") if turn.stage == "searching" else turn for turn in turns
    )


_BADGE: dict[Verdict, str] = {
    "supported": "Supported",
    "contradicted": "Contradicted",
    "mixed": "Sources disagree",
    "related": "For you to judge",
    "not found": "Not found here",
}

_ASKED = "Passages on this"
"""The badge of a question and of a topic, which are not judged."""


def _badge(finding: Finding) -> str:
    """Return a claim's verdict in two or three words."""
    asked = finding.claim.form != "claim" and finding.evidence
    return _ASKED if asked else _BADGE[finding.verdict]
