"""One piece of evidence as a card: how it stands to the claim, the words, who, when, where."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from rag.datatypes import Evidence
from rag.web import labels
from rag.web.templating import render, render_part
from rag.wording import KIND_WORDS, RELATION_WORDS, differences, scanned_words, stands

IN_SENTENCE = 2
"""Differences that the sentence on a card tells; with more of them they are listed."""


def marked_passage(item: Evidence) -> Markup:
    """Return the passage with its quotation in `<mark>`.

    The quotation is found by its offsets, never by searching. Where they do not fit,
    the passage is left unmarked rather than marked in the wrong place.
    """
    start, end = item.start - item.passage_start, item.end - item.passage_start
    if not 0 <= start < end <= len(item.passage):
        start = end = 0
    text = item.passage.replace("\f", "\n")  # where a page ends
    parts = (text[:start], text[start:end], text[end:])
    return render_part("marked.html", before=parts[0], marked=parts[1], after=parts[2])


def render_card(item: Evidence, *, place: str, apart: str = "", pins: bool = True) -> str:
    """Return one passage as a card. `place` is its name in the page; `pins`: whether it can be
    pinned.

    `apart` names a passage that is shown for another reason than its relation to the claim
    ("Not evidence"), and says nothing of that.
    """
    differing = [] if apart else differences(item.reasons)
    where: dict[str, str | int] = {
        "doc": item.document_id,
        "start": item.start,
        "end": item.end,
        "from": place,
    }
    return render(
        "card.html",
        item=item,
        place=place,
        tone=labels.verdict_class("nearest" if apart else item.relation),
        relation=apart or RELATION_WORDS.get(item.relation, item.relation),
        stands="" if apart else stands(item.relation, item.reasons, item.bearing),
        differences=differing if len(differing) > IN_SENTENCE else [],
        passage=marked_passage(item),
        about=list(_about(item)),
        where=where,
        pins=pins,
        passage_at=where | {"start": item.passage_start, "end": item.passage_end},
    )


def _about(item: Evidence) -> Iterator[str]:
    """Yield where a passage is from and of what kind it is."""
    yield item.collection_title
    if item.locator:
        yield item.locator
    yield KIND_WORDS.get(item.kind, item.kind)
    if item.ocr_confidence is not None:
        yield f"{scanned_words(item.ocr_confidence)}: check against the image"
