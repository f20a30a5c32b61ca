"""Answers as HTML: pure functions from the values of `rag.datatypes` to strings.

Everything that comes from a corpus or from the reader goes through `escape`, and every
address through `safe_url`, so that nothing quoted can become markup. The class names are
styled in `style.css`; the one behaviour, "Copy citation", is in `page.js`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal

from rag.datatypes import Answer, Claim, Evidence, Finding, Suggestion, Verdict
from rag.wording import (
    KIND_WORDS,
    RELATION_WORDS,
    VERDICT_WORDS,
    counted,
    escape,
    safe_url,
    written_date,
)

Stage = Literal["searching", "done", "stopped", "failed"]
"""How far the answer on the page has come."""

OPEN_CARDS = 3
"""How many passages of a claim are shown unfolded when there are many claims."""

LONG_TEXT_CHARS = 200
"""From this length on, what was sent is taken to hold many claims before they are known."""

QUESTION_CHARS = 600
"""A longer question is folded in the chat."""

QUESTION_HEAD_CHARS = 280
"""How much of a folded question is shown."""

COUNT_WORDS: dict[Verdict, str] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "mixed": "with passages on both sides",
    "related": "with passages that bear on them",
    "not found": "not found",
}

SHORT_WORDS: dict[Verdict, str] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "mixed": "passages on both sides",
    "related": "passages that bear on it",
    "not found": "not found",
}


def marked_passage(item: Evidence) -> str:
    """Return the passage with its quotation in `<mark>`.

    The quotation is found by its offsets, never by searching. Where they do not fit,
    the passage is left unmarked rather than marked in the wrong place.
    """
    start, end = item.start - item.passage_start, item.end - item.passage_start
    if not 0 <= start < end <= len(item.passage):
        return escape(item.passage)
    before, quote, after = item.passage[:start], item.passage[start:end], item.passage[end:]
    return f"{escape(before)}<mark>{escape(quote)}</mark>{escape(after)}"


def render_link(url: str | None, words: str) -> str:
    """Return a link that opens in a new tab, or "" where `url` is not a web address."""
    address = safe_url(url)
    if address is None:
        return ""
    return (
        f'<a class="sf-link" href="{escape(address)}" target="_blank" '
        f'rel="noopener noreferrer">{escape(words)}</a>'
    )


def render_card(item: Evidence, *, nearest: bool = False) -> str:
    """Return one passage as a card: who, when and where, the words, how to cite them.

    A `nearest` card shows a passage that is no evidence: it has no relation to the claim.
    """
    date = f'<span class="sf-date">{escape(written_date(item.date))}</span>'
    who = f'<span class="sf-creator">{escape(item.creator)}</span>' if item.creator else ""
    place = [item.collection_title, item.locator, KIND_WORDS.get(item.kind, item.kind)]
    if item.ocr_confidence is not None:
        place.append(f"read by OCR, {item.ocr_confidence:.0%} sure: check against the image")
    meta = " · ".join(escape(part) for part in place if part)
    relation = "nearest" if nearest else item.relation
    words = "Not evidence" if nearest else RELATION_WORDS.get(item.relation, item.relation)
    return (
        f'<article class="sf-card sf-{escape(relation.replace(" ", "-"))}">'
        f'<header><p class="sf-byline" dir="auto">{who}{date}</p>'
        f'<p class="sf-relation">{escape(words)}</p>'
        f'<p class="sf-title" dir="auto">{escape(item.title)}</p>'
        f'<p class="sf-meta" dir="auto">{meta}</p></header>'
        f'<blockquote class="sf-passage" dir="auto">{marked_passage(item)}</blockquote>'
        f'<footer><p class="sf-citation" dir="auto">{escape(item.citation)}</p>'
        f'<p class="sf-actions"><button type="button" class="sf-copy" aria-live="polite">'
        f"Copy citation</button>{render_link(item.url, 'Open the source')}"
        f'<span class="sf-rights" dir="auto">{escape(item.rights)}</span></p></footer>'
        "</article>"
    )


def render_evidence(evidence: Sequence[Evidence], *, folded: bool) -> str:
    """Return the cards; with `folded`, those after the first few in a `<details>`."""
    cards = [render_card(item) for item in evidence]
    shown = OPEN_CARDS if folded else len(cards)
    rest = cards[shown:]
    if not rest:
        return "".join(cards)
    label = counted(len(rest), "more passage", "more passages")
    return (
        "".join(cards[:shown])
        + f'<details class="sf-fold"><summary>{label}</summary>{"".join(rest)}</details>'
    )


def render_nearest(nearest: Sequence[Evidence], *, folded: bool) -> str:
    """Return the passages that came closest to a claim, named as no evidence."""
    if not nearest:
        return ""
    return (
        f'<details class="sf-fold sf-fold-nearest"{"" if folded else " open"}>'
        "<summary>The nearest passages, which are <strong>not</strong> evidence</summary>"
        '<p class="sf-note">These came closest in wording. They are shown so that you can see '
        "how far off they are.</p>"
        f"{''.join(render_card(item, nearest=True) for item in nearest)}</details>"
    )


def _suggestion(place: Suggestion) -> str:
    add = ""
    if place.fetch_id:
        command = f"<code>source-finder fetch {escape(place.fetch_id)}</code>"
        add = f'<span class="sf-why">To add it: {command}</span>'
    title = render_link(place.url, place.title) or escape(place.title)
    return f'<li dir="auto">{title}<span class="sf-why">{escape(place.why)}</span>{add}</li>'


def render_look_next(suggestions: Sequence[Suggestion], *, folded: bool) -> str:
    """Return where to look next, each with its reason; a collection that can be added to
    the corpus with the command that does it."""
    if not suggestions:
        return ""
    items = "".join(map(_suggestion, suggestions))
    return (
        f'<details class="sf-fold sf-next"{"" if folded else " open"}>'
        f"<summary>Where to look next</summary><ul>{items}</ul></details>"
    )


def render_notes(notes: Iterable[str]) -> str:
    """Return notes for the reader, one paragraph each."""
    return "".join(f'<p class="sf-note" dir="auto">{escape(note)}</p>' for note in notes)


def render_finding(
    finding: Finding,
    searched: Sequence[str] = (),
    *,
    folded: bool = False,
    question: str = "",
    anchor: str = "",
) -> str:
    """Return a claim with its verdict in plain words and its evidence.

    `searched` is named where nothing was found; `folded` keeps all but the first cards
    of a claim out of sight, for answers to many claims. A claim that is all of the
    `question`, which stands above it, is not shown again. `anchor` is the finding's place
    in the page, for `render_contents`.
    """
    claim = f'<h2 class="sf-claim" dir="auto">{escape(finding.claim.text)}</h2>'
    if finding.claim.text.strip() == question.strip():
        claim = ""
    words = VERDICT_WORDS.get(finding.verdict, finding.verdict)
    where = ""
    if finding.verdict == "not found" and searched:
        where = f'<p class="sf-note" dir="auto">Searched: {escape("; ".join(searched))}</p>'
    place = f' id="{escape(anchor)}"' if anchor else ""
    return (
        f'<section{place} class="sf-finding sf-{escape(finding.verdict.replace(" ", "-"))}">'
        f'{claim}<p class="sf-verdict">{escape(words)}.</p>'
        f"{where}{render_notes(finding.notes)}"
        f"{render_evidence(finding.evidence, folded=folded)}"
        f"{render_look_next(finding.look_next, folded=folded or finding.verdict != 'not found')}"
        f"{render_nearest(finding.nearest, folded=folded)}"
        "</section>"
    )


def has_many_claims(answer: Answer) -> bool:
    """Return whether the answer holds, or by the length of the question will hold, many."""
    parts = len(answer.findings) + len(answer.set_aside)
    return parts > 1 or len(answer.question) > LONG_TEXT_CHARS


def summary_counts(answer: Answer) -> str:
    """Return how the sentences of the question came out, as one line of text.

    "24 sentences: 5 with passages that bear on them, 12 not found, 7 set aside".
    """
    verdicts = Counter(finding.verdict for finding in answer.findings)
    parts = [f"{verdicts[v]:,} {words}" for v, words in COUNT_WORDS.items() if verdicts[v]]
    if answer.set_aside:
        parts.append(f"{len(answer.set_aside):,} set aside")
    total = counted(len(answer.findings) + len(answer.set_aside), "sentence", "sentences")
    return f"{total}: {', '.join(parts)}" if parts else total


def single_count(answer: Answer) -> str:
    """Return the summary of an answer to one claim: how many passages there are."""
    if not answer.findings:
        return "Nothing in what was sent could be looked up"
    passages = len(answer.findings[0].evidence)
    return f"{counted(passages, 'passage', 'passages')} found" if passages else "No passage found"


def render_summary(answer: Answer | None, stage: Stage) -> str:
    """Return the line above the findings: how far the search is, and the counts."""
    empty = answer is None or not (answer.findings or answer.set_aside)
    if answer is None or (empty and stage != "done"):
        counts = ""
    else:
        counts = summary_counts(answer) if has_many_claims(answer) else single_count(answer)
    lead = {"searching": "Searching", "stopped": "Stopped", "failed": "Broken off"}.get(stage, "")
    if stage == "searching":
        lead += "…"
    parts = [part for part in (lead, f"so far, {counts}" if lead and counts else counts) if part]
    line = " ".join(parts) if stage == "searching" else "; ".join(parts)
    return f'<p class="sf-summary sf-stage-{stage}">{escape(line)}</p>'


def render_contents(answer: Answer, stage: Stage, anchors: Sequence[str]) -> str:
    """Return the claims of a long answer, folded, each leading to its finding.

    While the search goes on an empty line keeps the place, so that nothing moves later.
    """
    if not has_many_claims(answer) or (stage != "searching" and len(answer.findings) < 2):
        return ""
    if stage == "searching":
        return '<p class="sf-contents-place"></p>'
    items = "".join(
        f'<li dir="auto"><a class="sf-goto" href="#{escape(anchor)}">{escape(found.claim.text)}</a>'
        f' <span class="sf-short">{SHORT_WORDS.get(found.verdict, "")}</span></li>'
        for found, anchor in zip(answer.findings, anchors, strict=True)
    )
    label = counted(len(answer.findings), "claim that was looked up", "claims that were looked up")
    return (
        f'<details class="sf-fold sf-contents"><summary>The {label}</summary>'
        f"<ol>{items}</ol></details>"
    )


def render_set_aside(set_aside: Sequence[Claim]) -> str:
    """Return the sentences that were not looked up, folded, by reason."""
    if not set_aside:
        return ""
    by_reason = sorted(set_aside, key=lambda claim: claim.set_aside or "")
    groups = []
    for reason, claims in groupby(by_reason, key=lambda claim: claim.set_aside or ""):
        items = "".join(f'<li dir="auto">{escape(claim.text)}</li>' for claim in claims)
        title = f"Set aside: {reason}" if reason else "Set aside"
        groups.append(f"<h3>{escape(title)}</h3><ul>{items}</ul>")
    label = counted(len(set_aside), "sentence was set aside", "sentences were set aside")
    return (
        f'<details class="sf-fold sf-set-aside"><summary>{label}, and why</summary>'
        f"{''.join(groups)}</details>"
    )


def render_closing(answer: Answer) -> str:
    """Return what comes after the findings: set-aside sentences, notes, what was searched.

    What was searched is left out where a single "not found" already names it.
    """
    verdicts = [finding.verdict for finding in answer.findings]
    named = verdicts == ["not found"] and not has_many_claims(answer)
    searched = ""
    if answer.searched and not named:
        searched = (
            f'<p class="sf-note" dir="auto">Searched: {escape("; ".join(answer.searched))}</p>'
        )
    return render_set_aside(answer.set_aside) + render_notes(answer.notes) + searched


def render_question(text: str) -> str:
    """Return what the reader sent, exactly; a long text is folded after its beginning."""
    if len(text) <= QUESTION_CHARS:
        return f'<div class="sf-question" dir="auto">{escape(text)}</div>'
    head = " ".join(text.strip()[:QUESTION_HEAD_CHARS].rsplit(None, 1)[:1])
    return (
        f'<details class="sf-question sf-long" dir="auto"><summary>{escape(head)}… '
        f'<span class="sf-more">All {len(text):,} characters</span></summary>'
        f'<div class="sf-whole">{escape(text)}</div></details>'
    )


def render_message(text: str) -> str:
    """Return a message from the application itself: a hint or an error."""
    return f'<p class="sf-message" dir="auto">{escape(text)}</p>'


def render_searched(lines: Sequence[str]) -> str:
    """Return the line at the top of the page: what is searched."""
    if not lines:
        return '<p class="sf-searched">No collection is indexed yet.</p>'
    if len(lines) == 1:
        return f'<p class="sf-searched" dir="auto">Searched here: {escape(lines[0])}</p>'
    items = "".join(f'<li dir="auto">{escape(line)}</li>' for line in lines)
    label = counted(len(lines), "collection", "collections")
    return (
        f'<details class="sf-searched"><summary>Searched here: {label}</summary>'
        f"<ul>{items}</ul></details>"
    )
