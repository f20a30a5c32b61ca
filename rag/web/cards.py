"""One piece of evidence as a card: relation and why, the words, who, when, where, rights."""

from __future__ import annotations

from collections.abc import Sequence

from rag.datatypes import Evidence, Reason
from rag.web import labels
from rag.web.markup import action, button, link
from rag.wording import KIND_WORDS, RELATION_WORDS, escape, written_date


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


def render_card(item: Evidence, *, place: str, nearest: bool = False) -> str:
    """Return one passage as a card. `place` is its name in the page.

    A `nearest` card shows a passage that is no evidence: it has no relation to the claim.
    """
    relation = "nearest" if nearest else item.relation
    words = "Not evidence" if nearest else RELATION_WORDS.get(item.relation, item.relation)
    why = "" if nearest else render_reasons(item.reasons)
    return (
        f'<article id="{escape(place)}" tabindex="-1" '
        f'class="sf-card {escape(labels.verdict_class(relation))}">'
        f'<p class="sf-relation">{escape(words)}</p>{why}'
        f'<blockquote class="sf-passage" dir="auto">{marked_passage(item)}</blockquote>'
        f"{_about(item)}"
        f'<p class="sf-citation" dir="auto">{escape(item.citation)}</p>'
        f'<p class="sf-actions">{_actions(item, place)}</p>'
        f'<p class="sf-rights" dir="auto">{escape(item.rights)}</p></article>'
    )


def render_reasons(reasons: Sequence[Reason]) -> str:
    """Return a small table of what claim and quotation agree and differ in, "" without any."""
    if not reasons:
        return ""
    rows = "".join(
        f'<tr class="sf-{_result(reason)[0]}">'
        f'<th scope="row">{escape(labels.ASPECT.get(reason.aspect, reason.aspect))}</th>'
        f"<td>{_said(reason.claim)}</td><td>{_said(reason.source)}</td>"
        f"<td>{_result(reason)[1]}</td></tr>"
        for reason in reasons
    )
    return (
        '<table class="sf-reasons"><thead><tr><th scope="col">Why</th>'
        '<th scope="col">the claim says</th><th scope="col">the source says</th>'
        f'<th scope="col"><span class="sf-unseen">result</span></th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _result(reason: Reason) -> tuple[str, str]:
    """Return how claim and quotation compare in one thing: a class name, and in words."""
    if reason.agrees:
        return "agrees", "agrees"
    if not reason.source:
        return "silent", "not said"
    return ("differs", "differs") if reason.claim else ("silent", "not in the claim")


def _said(words: str) -> str:
    return escape(words) if words else '<span class="sf-quiet">nothing</span>'


def _about(item: Evidence) -> str:
    who = f'<span class="sf-creator">{escape(item.creator)}</span>' if item.creator else ""
    place = [item.collection_title, item.locator, KIND_WORDS.get(item.kind, item.kind)]
    if item.ocr_confidence is not None:
        place.append(f"read by OCR, {item.ocr_confidence:.0%} sure: check against the image")
    meta = " · ".join(escape(part) for part in place if part)
    return (
        f'<p class="sf-byline" dir="auto">{who}'
        f'<span class="sf-date">{escape(written_date(item.date))}</span></p>'
        f'<p class="sf-title" dir="auto">{escape(item.title)}</p>'
        f'<p class="sf-meta" dir="auto">{meta}</p>'
    )


def _actions(item: Evidence, place: str) -> str:
    where: dict[str, str | int] = {
        "doc": item.document_id,
        "start": item.start,
        "end": item.end,
        "from": place,
    }
    passage = where | {"start": item.passage_start, "end": item.passage_end}
    open_words = f"Open {item.title} at the quotation"
    return (
        button("Open", "open", where, label=open_words)
        + f'<button type="button" class="sf-act sf-copy" aria-live="polite" {action("copy")}>'
        "Copy citation</button>"
        + button("More like this", "similar", passage)
        + link(item.url, "On the web")
    )
