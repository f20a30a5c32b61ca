"""The chat's side of an answer: the question with its claims marked, and a row for each.

The passages themselves are beside the chat (`pane`); a marked claim and a row lead there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from urllib.parse import urlsplit

from rag.datatypes import Answer, Claim, Finding, Suggestion, Summary, VideoLink
from rag.dossier import FORMATS
from rag.projects import Stage
from rag.web import labels
from rag.web.address import Address
from rag.web.markup import (
    action,
    button,
    fold,
    link,
    notes,
    render_searched,
    shortened,
)
from rag.web.templating import render
from rag.wording import clock, counted, escape, stands, written_date

LONG_TEXT_CHARS = 90
"""From this length on, what was sent is taken to hold many claims before they are known, and
gets room for their counts from the beginning."""

TALL_CHARS = 600
"""A longer question is shown in a box of its own that scrolls."""

QUOTE_CHARS = 170
"""How much of a claim's first quotation its row shows."""

PLACES_TO_ADD = 3
"""Collections and archives that the overview of a long text names."""

BY_WORDS = (
    "Preliminary: only matching words were searched. Answered again when the index is complete"
)

PANE = "sf-pane"
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
    return len(question) > LONG_TEXT_CHARS or "\n" in question.strip()


def render_question(
    text: str, answer: Answer | None = None, turn: int = 0, *, searched_as: str = ""
) -> str:
    """Return what the reader sent, exactly, with each claim that was looked up marked by its
    verdict and leading to its passages.

    `searched_as`: what was looked up instead, if anything.
    """
    tall = " sf-tall" if len(text) > TALL_CHARS else ""
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
    badge = labels.badge(finding)
    return (
        f'<a class="sf-claimed-text {labels.verdict_class(finding.verdict)}" href="#{PANE}" '
        f'title="{escape(badge)}" {action("claim", {"turn": turn, "finding": number})}>',
        f'<span class="sf-unseen"> ({escape(badge)})</span></a>',
    )


def _aside(claim: Claim) -> tuple[str, str]:
    return f'<span class="sf-aside" title="Set aside: {escape(claim.set_aside or "")}">', "</span>"


def render_row(finding: Finding, number: int, turn: int, *, question: str, many: bool) -> str:
    """Return a claim with its verdict, its best quotation, how that stands to it, and its notes,
    leading to its passages. A claim that is all of the `question`, which stands above it, is
    not shown again; `many`: claims are numbered."""
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
        tone=labels.verdict_class(finding.verdict),
        words="" if whole else f"{order}{claim.shown}",
        circumstances=_circumstances(claim),
        pane=PANE,
        at={"turn": turn, "finding": number},
        badge=labels.badge(finding),
        passages=_passages(finding),
        best=best,
        quote=shortened(best.quote, QUOTE_CHARS) if best else "",
        who=", ".join(part for part in who if part),
        stands=(
            stands(best.relation, best.reasons, best.bearing)
            if best and claim.form == "claim"
            else ""
        ),
        notes=shown,
    )


def render_missing(rows: Sequence[str], *, opened: bool) -> str:
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
        add=wanted.most_common(PLACES_TO_ADD) if done else [],
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


def render_written_summary(summary: Summary) -> str:
    """Return what a language model wrote of the evidence, each sentence with its quotation."""
    return render("written_summary.html", summary=summary)


def _circumstances(claim: Claim) -> list[str]:
    parts = []
    if claim.at_s is not None:
        parts.append(f"at {clock(claim.at_s)}")
    if claim.said_by:
        parts.append(f"said by {claim.said_by}")
    return parts


def _passages(finding: Finding) -> str:
    if not finding.evidence:
        return "no passage bears on it"
    relations = Counter(item.relation for item in finding.evidence)
    total = counted(len(finding.evidence), "passage", "passages")
    sides = [
        f"{number} {words}"
        for number, words in (
            (relations["supports"], "for"),
            (relations["contradicts"], "against"),
        )
        if number
    ]
    return f"{total}: {', '.join(sides)}" if sides else total


def summary_counts(answer: Answer) -> str:
    """Return how the sentences of the question came out, as one line of text.

    "24 sentences: 5 supported, 12 not found, 7 set aside".
    """
    verdicts = Counter(finding.verdict for finding in answer.findings)
    parts = [f"{verdicts[v]:,} {words}" for v, words in labels.COUNT.items() if verdicts[v]]
    if answer.set_aside:
        parts.append(f"{len(answer.set_aside):,} set aside")
    total = counted(len(answer.findings) + len(answer.set_aside), "sentence", "sentences")
    return f"{total}: {', '.join(parts)}" if parts else total


def _single_count(answer: Answer) -> str:
    """Return the summary of an answer to one claim: how many passages there are."""
    if not answer.findings:
        return "Nothing in what was sent could be looked up"
    passages = len(answer.findings[0].evidence)
    return f"{counted(passages, 'passage', 'passages')} found" if passages else "No passage found"


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
    if answer is not None and answer.by_words and stage != "searching":
        line += f". {BY_WORDS}"
    room = " sf-two-lines" if _is_long(question) else ""
    return f'<p class="sf-summary sf-stage-{stage}{room}" role="status">{escape(line)}</p>'


def _render_set_aside(set_aside: Sequence[Claim]) -> str:
    """Return the sentences that were not looked up, folded, by reason."""
    by_reason = sorted(set_aside, key=lambda claim: claim.set_aside or "")
    groups = []
    for reason, claims in groupby(by_reason, key=lambda claim: claim.set_aside or ""):
        items = "".join(f'<li dir="auto">{escape(claim.text)}</li>' for claim in claims)
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
    """Return what comes after the findings: set-aside sentences, notes, what was searched."""
    return (
        _render_videos(answer.videos)
        + _render_set_aside(answer.set_aside)
        + notes(answer.notes)
        + render_searched(answer.searched)
        + _render_keeping()
    )


def render_link(key: str) -> str:
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
