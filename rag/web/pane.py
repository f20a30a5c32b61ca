"""The place beside the chat: the evidence of one claim, as cards, with what leads further; or a
document opened at a quotation, its text or the page of its PDF as a picture.

A card has a passage with its quotation marked, how it stands to the claim, and who wrote it, when
and where.

Above them is drawn when the sources were written, against the time that the claim speaks of.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from rag.datatypes import Evidence, Finding, Holding, SourceDocument, Span, Suggestion
from rag.reading import Box
from rag.reading.facsimile import Facsimile
from rag.reading.text import MOST, DocumentParagraph, PhrasePlaces, Window
from rag.web import markup
from rag.web.address import EXACT, Address, Filters, render_filters
from rag.web.markup import action, button, fold, link, notes, render, render_part, render_searched
from rag.wording import (
    KIND_WORDS,
    RELATION_WORDS,
    VERDICT_WORDS,
    counted,
    differences,
    escape,
    legible,
    scanned_words,
    stands,
    verdict_words,
    written_date,
)

_WIDTH, _HEIGHT = 600, 92
"""In units of the drawing, which is as wide as its place."""

_LEFT, _RIGHT, _AXIS = 16, 584, 62
_MIN_YEARS = 4
_MAX_TICKS = 7
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?.*")
# Dots of one time stand on one another, so many at most.
_RADIUS, _STACK = 6, 4


def year_of(date: str | None) -> float | None:
    """Return an ISO date as a year with a fraction, None for no date.

    >>> year_of("1823-07-01"), year_of("1823"), year_of(None)
    (1823.5, 1823.0, None)
    """
    match = _DATE.fullmatch(date or "")
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    return year + (month - 1) / 12 + (day - 1) / 365


def render_timeline(
    evidence: Sequence[Evidence], places: Sequence[str], claimed: tuple[int, int] | None
) -> str:
    """Return a drawing with a dot for each dated source, which leads to its card, and a band
    for the years `claimed`, first and last; "" where there are not two times to compare.

    `places` are the cards' names in the page.
    """
    dated = [
        (year, item, place)
        for item, place in zip(evidence, places, strict=True)
        if (year := year_of(item.date)) is not None
    ]
    times = {year for year, _, _ in dated} | set(claimed or ())
    if not dated or len(times) < 2:
        return ""
    first, last = _range(times)
    dots = _dots(dated, first, last)
    band = _band(claimed, first, last) if claimed else ""
    return (
        '<figure class="sf-timeline">'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" '
        f'aria-label="{escape(_spoken(claimed))}">'
        f'{band}<line class="sf-axis" x1="{_LEFT}" x2="{_RIGHT}" y1="{_AXIS}" y2="{_AXIS}"/>'
        f"{_ticks(first, last)}{dots}</svg>"
        f"<figcaption>{escape(_caption(claimed, evidence, dated))}</figcaption></figure>"
    )


def _range(times: set[float]) -> tuple[float, float]:
    first, last = min(times), max(times) + 1
    margin = max((last - first) * 0.06, (_MIN_YEARS - (last - first)) / 2)
    return first - margin, last + margin


def _x(year: float, first: float, last: float) -> float:
    return round(_LEFT + (year - first) / (last - first) * (_RIGHT - _LEFT), 1)


def _ticks(first: float, last: float) -> str:
    step = next((s for s in _STEPS if (last - first) / s <= _MAX_TICKS), _STEPS[-1])
    years = range(int(-(-first // step)) * step, int(last) + 1, step)
    return "".join(
        f'<line class="sf-axis" x1="{x}" x2="{x}" y1="{_AXIS}" y2="{_AXIS + 5}"/>'
        f'<text x="{x}" y="{_AXIS + 20}" text-anchor="middle">{year}</text>'
        for year in years
        if _LEFT <= (x := _x(year, first, last)) <= _RIGHT
    )


def _band(claimed: tuple[int, int], first: float, last: float) -> str:
    start, end = _x(claimed[0], first, last), _x(claimed[1] + 1, first, last)
    return (
        f'<rect class="sf-claimed" x="{start}" y="4" width="{max(round(end - start, 1), 3)}" '
        f'height="{_AXIS - 4}"/>'
    )


def _dots(dated: Sequence[tuple[float, Evidence, str]], first: float, last: float) -> str:
    above: Counter[int] = Counter()
    drawn = []
    for year, item, place in dated:
        x = _x(year, first, last)
        column = round(x / (2 * _RADIUS))
        y = _AXIS - 10 - min(above[column], _STACK - 1) * 2 * _RADIUS
        above[column] += 1
        about = f"{written_date(item.date)}: {item.creator or item.title}"
        drawn.append(
            f'<a class="sf-goto" href="#{escape(place)}" aria-label="{escape(about)}">'
            f'<circle class="{markup.verdict_class(item.relation)}" cx="{x}" cy="{y}" '
            f'r="{_RADIUS}"><title>{escape(about)}</title></circle></a>'
        )
    return "".join(drawn)


def _spoken(claimed: tuple[int, int] | None) -> str:
    return f"When the sources were written{'; ' + _years(claimed) if claimed else ''}"


def _years(claimed: tuple[int, int]) -> str:
    first, last = claimed
    return f"the claim speaks of {first}" + (f"–{last}" if last != first else "")


def _caption(
    claimed: tuple[int, int] | None,
    evidence: Sequence[Evidence],
    dated: Sequence[tuple[float, Evidence, str]],
) -> str:
    parts = ["When these sources were written"]
    if claimed:
        parts.append(f"shaded: {_years(claimed)}")
    if len(evidence) > len(dated):
        parts.append(f"{len(evidence) - len(dated)} undated")
    return "; ".join(parts)


_NOT_EVIDENCE = "Not evidence"
EMPTY = '<div class="sf-empty"><p>The passages for a claim appear here.</p></div>'

_IN_SENTENCE = 2
"""Differences that the sentence on a card tells; with more of them they are listed."""


def _frame(content: str, focus: str = "") -> str:
    """Return the pane's content. `focus`: the name in the page that the reader is led to."""
    led = f' data-focus="{escape(focus)}"' if focus else ""
    return f'<div class="sf-frame"{led}>{content}</div>'


def render_finding(
    finding: Finding,
    *,
    turn: int = 0,
    number: int = 0,
    claims: int = 1,
    searched: Sequence[str] = (),
    collections: Sequence[Holding] = (),
    filters: Filters | None = None,
    claimed: tuple[int, int] | None = None,
    focus: str = "sf-claim",
    more: bool = False,
) -> str:
    """Return everything about one claim: verdict, timeline, cards, where to look next.

    `number` of `claims`: its place in the answer; 0 claims: how many there will be is not
    known yet. `searched` is named where nothing was
    found. `filters` None: the first view, with no choice made. `claimed`: the years that
    the claim speaks of. `more`: whether there are further passages.
    """
    places = [f"sf-e{i}" for i in range(len(finding.evidence))]
    cards = "".join(
        render_card(item, place=place, finding=finding)
        for item, place in zip(finding.evidence, places, strict=True)
    )
    filters = filters or Filters()
    filtered = filters != Filters()
    if filtered and not finding.evidence:
        cards = notes(["Your filters hide all passages. Clear one, or all with “Show all”."])
    missing = finding.verdict == "not found"
    where = render_searched(searched) if missing and searched else ""
    offers_filters = bool(collections) and (filtered or bool(finding.evidence))
    further = f'<p class="sf-actions">{button("Show more passages", "more")}</p>' if more else ""
    content = (
        f"{_heading(finding, turn, number, claims)}{where}{notes(finding.notes)}"
        f"{render_timeline(finding.evidence, places, claimed)}"
        f"{render_filters(filters, collections) if offers_filters else ''}"
        f"{cards}{further}"
        f"{_objecting(finding) if claims else ''}"
        f"{render_look_next(finding.look_next, opened=missing)}"
        f"{_render_nearest(finding, opened=claims == 1)}"
    )
    return _frame(content, focus)


def _objecting(finding: Finding) -> str:
    """Return the form that says a verdict is wrong; "" where nothing was judged."""
    if finding.claim.form != "claim":
        return ""
    others = [pair for pair in VERDICT_WORDS.items() if pair[0] != finding.verdict]
    return render("objection.html", verdicts=others, of=subject(finding))


def subject(finding: Finding | None, item: Evidence | None = None) -> str:
    """Return what a form is about: a verdict, or a passage for a claim. By it the page keeps what
    was typed, and what is sent is known to be about what is shown."""
    claim = finding.claim.text if finding else ""
    about: str = finding.verdict if finding else ""
    if item is not None:
        about = f"{item.document_id}#char={item.start},{item.end}"
    return " ".join(legible(f"{claim} | {about}").split())  # as a browser gives it back


def _heading(finding: Finding, turn: int, number: int, claims: int) -> str:
    steps = ""
    if claims != 1:
        before = button(
            "Previous", "claim", {"turn": turn, "finding": number - 1}, label="Previous claim"
        )
        after = button("Next", "claim", {"turn": turn, "finding": number + 1}, label="Next claim")
        steps = (
            f'<p class="sf-steps">Claim {number + 1}{f" of {claims}" if claims else ""} '
            f"{before if claims and number else ''}{after if number + 1 < claims else ''}</p>"
        )
    sure = _confidence(finding)
    return (
        f'<header id="sf-claim" class="sf-claim-head {markup.verdict_class(finding.verdict)}" '
        f'tabindex="-1">{steps}<h2 class="sf-claim" dir="auto">{escape(finding.claim.shown)}</h2>'
        f'<p class="sf-verdict">{escape(verdict_words(finding))}.</p>'
        f"{notes([f'{sure}.'] if sure else [])}</header>"
    )


def _render_nearest(finding: Finding, *, opened: bool) -> str:
    """Return the passages that came closest to a claim, named as no evidence."""
    cards = "".join(
        render_card(item, place=f"sf-n{i}", apart=_NOT_EVIDENCE, finding=finding)
        for i, item in enumerate(finding.nearest)
    )
    if cards:
        cards = (
            notes(
                [
                    "These came closest in words or meaning. They are shown so that you can see "
                    "how far off they are."
                ]
            )
            + cards
        )
    label = "The nearest passages, which are not evidence"
    return fold(label, cards, "sf-fold-nearest", opened=opened)


def render_look_next(suggestions: Sequence[Suggestion], *, opened: bool) -> str:
    """Return where to look next, each with its reason; a collection that can be added to
    the corpus with a button that does it."""
    items = "".join(map(_suggestion, suggestions))
    content = f"<ul>{items}</ul>" if items else ""
    return fold("Where to look next", content, "sf-next", opened=opened)


def _suggestion(place: Suggestion) -> str:
    add = ""
    if place.fetch_id:
        add = button("Fetch it", "fetch", {"id": place.fetch_id}, label=f"Fetch {place.title}")
    title = link(place.url, place.title) or escape(place.title)
    return f'<li dir="auto">{title} {add}<span class="sf-why">{escape(place.why)}</span></li>'


def render_similar(items: Sequence[Evidence], words: str, finding: Finding | None = None) -> str:
    """Return passages like another one. `words`: the beginning of that one; `finding`: for what
    claim they can be pinned."""
    cards = "".join(
        render_card(item, place=f"sf-s{i}", apart="Alike", finding=finding)
        for i, item in enumerate(items)
    )
    label = counted(len(items), "passage like this one", "passages like this one")
    content = (
        f'<header id="sf-similar" tabindex="-1"><h2 class="sf-claim">{escape(label)}</h2>'
        f'<p class="sf-row-quote" dir="auto"><q>{escape(words)}</q></p>'
        f"{notes(['They are alike in words and meaning. They were not judged against the claim.'])}"
        f"</header>{cards}"
    )
    return _frame(content, "sf-similar")


def render_exact(words: str = "", *, opened: bool) -> str:
    """Return the form that looks for exact words in all documents."""
    return render("exact.html", act=EXACT, words=words, opened=opened)


def render_back(left: str, *, to_claim: bool) -> str:
    """Return the way back from what lies over the pane: to the passages of the claim, if there is
    one. `left`: the card that was left for it."""
    words = "Back to the passages" if to_claim else "Close"
    return f'<p class="sf-back">{button(words, "back", {"focus": left})}</p>'


def render_problem(message: str) -> str:
    """Return a message in place of what could not be shown."""
    said = f'<p id="sf-problem" tabindex="-1" class="sf-message" dir="auto">{escape(message)}</p>'
    return _frame(said, "sf-problem")


def render_offer(title: str, about: str, identity: str) -> str:
    """Return what fetching a collection would bring, with the button that does it."""
    get = (
        f'<button type="button" class="sf-button" {action("fetch-now", {"id": identity})}>'
        "Download and index it</button>"
    )
    content = (
        f'<h2 id="sf-offer" class="sf-claim" tabindex="-1">Add {escape(title)}?</h2>'
        f'<p class="sf-about" dir="auto">{escape(about)}</p><p class="sf-actions">{get}</p>'
        f"{notes(['It is put into corpus/sources and indexed; go on asking meanwhile.'])}"
    )
    return _frame(content, "sf-offer")


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


def render_card(
    item: Evidence,
    *,
    place: str,
    apart: str = "",
    finding: Finding | None = None,
) -> str:
    """Return one passage as a card. `place` is its name in the page; `finding`: for
    which claim it is shown.

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
        tone=markup.verdict_class("nearest" if apart else item.relation),
        relation=apart or RELATION_WORDS.get(item.relation, item.relation),
        stands="" if apart else stands(item.relation, item.reasons, item.bearing, item.on_point),
        differences=differing if len(differing) > _IN_SENTENCE else [],
        passage=marked_passage(item),
        about=list(_about(item)),
        where=where,
        of=subject(finding, item),
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


_SNIPPET = 90
"""Characters shown before and after a phrase that was found."""


def render_text(
    document: SourceDocument,
    quotation: Span,
    shown: Window,
    *,
    before: int,
    after: int,
    back: str = "",
    problem: str = "",
) -> str:
    """Return a stretch of a document with the quotation marked, and the way up and down.

    `before`, `after`: the characters around the quotation that are shown now. `back`: the
    card that the reader came from. `problem`: why no picture of the page is shown.
    """
    place: dict[str, str | int] = {
        "doc": document.document_id,
        "start": quotation.start,
        "end": quotation.end,
        "from": back,
        "before": before,
        "after": after,
    }
    whole = {name: place[name] for name in ("doc", "start", "end")}
    up = button("Show more above", "read", {**place, "step": "up"})
    down = button("Show more below", "read", {**place, "step": "down"})
    if shown.begins:
        up = '<span class="sf-quiet">The document begins here</span>'
    if shown.ends:
        down = '<span class="sf-quiet">The document ends here</span>'
    paragraphs = "".join(_paragraph(document.text, p, quotation) for p in shown.paragraphs)
    content = (
        f"{_head(document, whole)}{notes([problem] if problem else [])}"
        f'<p class="sf-step">{up}</p><div class="sf-text" dir="auto">{paragraphs}</div>'
        f'<p class="sf-step">{down}</p>'
    )
    return _frame(content, "sf-quotation" if len(quotation) else "sf-document")


def _head(document: SourceDocument, at: Mapping[str, Any], words: str = "") -> str:
    """Return what a document is, a link to this place in it, and a search for `words` in it."""
    return render(
        "document.html",
        document=document,
        who=", ".join(part for part in (document.creator, written_date(document.date)) if part),
        to=str(Address(opened={"act": "open", **at})),
        words=words,
    )


def render_found(
    document: SourceDocument, words: str, found: Sequence[Span], *, back: str = ""
) -> str:
    """Return where a phrase stands in a document, each place with the words around it."""
    count = counted(len(found), "place has", "places have")
    if len(found) == MOST:
        count = f"The first {MOST} places that have"
    content = render(
        "found.html",
        words=words,
        count=count if found else "No place has",
        places=[_found(document, span, back) for span in found],
    )
    head = _head(document, {"doc": document.document_id, "start": 0, "end": 0}, words)
    return _frame(f"{head}{content}", "sf-found")


def render_found_everywhere(words: str, found: PhrasePlaces, searched: str) -> str:
    """Return where a phrase stands in the documents that were searched, each with its places."""
    shown, total = len(found.places), len(found.places) + found.more
    count = counted(total, "place has", "places have") if total else "No place has"
    if found.more:
        count = f"The first {shown} of {total:,} places that have"
    documents = [
        {"document": document, "places": [_found(document, place.span, "") for place in places]}
        for document, places in groupby(found.places, key=lambda place: place.document)
    ]
    content = render(
        "found_everywhere.html",
        count=count,
        words=words,
        searched=searched,
        documents=documents,
        unread=found.unread,
    )
    return _frame(render_exact(words, opened=True) + content, "sf-found")


def _found(document: SourceDocument, span: Span, back: str) -> dict[str, Any]:
    text = document.text
    before = text[max(0, span.start - _SNIPPET) : span.start]
    after = text[span.end : span.end + _SNIPPET]
    return {
        "before": " ".join(before.split()[1:]) + " " * before[-1:].isspace(),
        "words": " ".join(span.of(text).split()),
        "after": " " * after[:1].isspace() + " ".join(after.split()[:-1]),
        "label": document.locate(span),
        "at": {"doc": document.document_id, "start": span.start, "end": span.end, "from": back},
    }


def _paragraph(text: str, paragraph: DocumentParagraph, quotation: Span) -> str:
    span = paragraph.span
    label = f'<span class="sf-label">{escape(paragraph.label)}</span>' if paragraph.label else ""
    start, end = max(span.start, quotation.start), min(span.end, quotation.end)
    if start >= end:
        return f"<p>{label}{escape(span.of(text))}</p>"
    first = ' id="sf-quotation" tabindex="-1"' if start == quotation.start else ""
    return (
        f"<p>{label}{escape(text[span.start : start])}<mark{first}>{escape(text[start:end])}</mark>"
        f"{escape(text[end : span.end])}</p>"
    )


def render_facsimile(
    document: SourceDocument, quotation: Span, page: Facsimile, *, back: str = ""
) -> str:
    """Return a page of a PDF as a picture with the quotation marked, and its text below."""
    where: dict[str, str | int] = {
        "doc": document.document_id,
        "start": quotation.start,
        "end": quotation.end,
        "from": back,
    }
    count = f"({page.number + 1} of {page.pages})"
    steps = [f'{escape(page.label)} <span class="sf-quiet">{count}</span>']
    if page.number:
        steps.insert(0, button("Page before", "open", {**where, "page": page.number - 1}))
    if page.number + 1 < page.pages:
        steps.append(button("Page after", "open", {**where, "page": page.number + 1}))
    steps.append(button("As text", "read", where))
    steps.append(button("Larger", "zoom", {"by": 1}))
    steps.append(button("Smaller", "zoom", {"by": -1}))
    here = {"doc": document.document_id, "start": quotation.start, "end": quotation.end}
    here |= {"page": page.number}
    picture = base64.b64encode(page.image).decode("ascii")
    marks = "".join(_mark(box, first=not number) for number, box in enumerate(page.marks))
    copied = button("Save the PDF with this highlighted", "keep-pdf", where)
    spoken = escape(f"{document.title}, {page.label}; its text is below")
    text = f'<p class="sf-page-text" dir="auto">{escape(page.text)}</p>'
    content = (
        f"{_head(document, here)}{notes([page.note] if page.note else [])}"
        f'<p class="sf-step">{" ".join(steps)}</p>'
        f'<p class="sf-step">{copied} <span class="sf-quiet">and what you pinned in it</span></p>'
        '<div class="sf-view" tabindex="0" role="region" aria-label="The page">'
        f'<figure id="sf-page" class="sf-page" tabindex="-1" '
        f'style="aspect-ratio:{page.width}/{page.height}">'
        f'<img src="data:image/webp;base64,{picture}" width="{page.width}" '
        f'height="{page.height}" alt="{spoken}">'
        f"{marks}</figure></div>"
        f"{fold('The text of this page', text)}"
    )
    return _frame(content, "sf-page-mark" if page.marks else "sf-document")


def _mark(box: Box, *, first: bool) -> str:
    """Return a box over the picture, a hair larger than the letters."""
    left, top = 100 * box.left - 0.2, 100 * box.top - 0.1
    width, height = 100 * (box.right - box.left) + 0.4, 100 * (box.bottom - box.top) + 0.2
    name = ' id="sf-page-mark"' if first else ""
    return (
        f'<span{name} class="sf-box" style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{width:.2f}%;height:{height:.2f}%"></span>'
    )


def _confidence(finding: Finding) -> str:
    """Return how far a verdict can be trusted, "" where that was not measured."""
    if finding.confidence is None:
        return ""
    right = f"{100 * finding.confidence:.0f} in 100"
    return f"Of passages judged like these, {right} were judged correctly"
