"""The place beside the chat: the evidence of one claim, as cards, with what leads further.

A card has a passage with its quotation marked, how it stands to the claim, and who wrote it, when
and where.

Above them is drawn when the sources were written, against the time that the claim speaks of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from rag.datatypes import Evidence, Finding, Holding, Suggestion
from rag.web import markup
from rag.web.address import EXACT, Filters, render_filters
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
EMPTY = (
    '<div class="sf-empty"><p>The passages for a claim are shown here, word for word, with '
    "who wrote them, when and where.</p></div>"
)

_IN_SENTENCE = 2
"""Differences that the sentence on a card tells; with more of them they are listed."""


def frame(content: str, focus: str = "") -> str:
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
    the claim speaks of. `more`: whether further passages may be asked for.
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
        f"{_objecting(finding) if claims else ''}"
        f"{render_timeline(finding.evidence, places, claimed)}"
        f"{render_filters(filters, collections) if offers_filters else ''}"
        f"{cards}{further}"
        f"{render_look_next(finding.look_next, opened=missing)}"
        f"{_render_nearest(finding, opened=claims == 1)}"
    )
    return frame(content, focus)


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
    sure = markup.confidence(finding)
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
    return frame(content, "sf-similar")


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
    return frame(said, "sf-problem")


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
    return frame(content, "sf-offer")


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
    pins: bool = True,
    finding: Finding | None = None,
) -> str:
    """Return one passage as a card. `place` is its name in the page; `pins`: whether it can be
    pinned; `finding`: for which claim it is shown.

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
        stands="" if apart else stands(item.relation, item.reasons, item.bearing),
        differences=differing if len(differing) > _IN_SENTENCE else [],
        passage=marked_passage(item),
        about=list(_about(item)),
        where=where,
        pins=pins,
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
