"""What lies beside the chat, and what a click there does.

A click arrives as a name and a few values (`markup.action`); `Desk.after` returns the desk
after it, as HTML to show. Nothing here knows Gradio.

Passages that a reader pins, and verdicts that they think wrong, go through here to where they are
kept; the pins of a project come back as answers, for a dossier, and as highlights in a PDF.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from rag.catalog import find_entry
from rag.catalog.fetch import describe
from rag.config import PER_CLAIM
from rag.datatypes import Answer, Claim, Evidence, Finding, Holding, SourceDocument, Span
from rag.dossier import Notes, cited_in, in_style, place, style_of
from rag.errors import ProjectsError, QuestionError, SourceFinderError, UnreadableSource
from rag.finder import SourceFinder
from rag.language import years_in
from rag.projects import EVERYTHING, Objection, Pin, RightVerdict, Scope
from rag.reading.facsimile import Highlight, facsimile, has_pages
from rag.reading.text import AROUND, FURTHER, find_everywhere, find_phrase, window
from rag.web import pane
from rag.web.address import DEPTH, EXACT, Address, Filters, choose, from_form
from rag.web.chat import UNEXPECTED, Turns, bounds, has_many_claims
from rag.web.listing import Keeper, Place, scope_words
from rag.web.markup import shortened
from rag.web.pane import render_facsimile, render_found, render_found_everywhere, render_text
from rag.wording import cited, escape

log = logging.getLogger(__name__)

_ALIKE = 6
"""Passages shown as being like another one."""

_MOST = 100_000
"""Characters of a document shown at most before and after a quotation."""

Click = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """The claim whose passages are shown, by its place in the conversation, the reader's
    choice among them, and the HTML that is on the page."""

    turn: int = -1
    number: int = 0
    filters: Filters = field(default_factory=Filters)
    html: str = pane.EMPTY
    chosen: bool = False
    """Whether the reader has chosen the claim."""
    whole: bool = False
    """Whether the answer was whole when the claim was laid here."""
    deep: bool = False
    """Whether more passages are shown than at first."""
    clicks: int = 0
    """How many clicks led here; the page leads the reader to what a new one has brought."""
    opened: Click = field(default_factory=dict)
    """The click that laid a document over the passages; {} where none did."""
    left: str | None = None
    """The card that was left for what lies over the passages ("" for none of them); None where
    nothing does."""
    cards: Mapping[str, Evidence] = field(default_factory=dict)
    """The passages that are shown, by the names of their cards."""
    finding: Finding | None = None
    """The claim as it is shown, with the verdict on what the reader has narrowed it to."""
    awaits: bool = False
    """Whether the answer that is looked for is to be laid here; a click ends that."""

    def page(self, turns: Turns, place: Address) -> str:
        """Return the HTML for the page, which knows it for the answer to the last click, with the
        address of what it shows. `place`: the project and conversation in it."""
        turn = turns[self.turn] if 0 <= self.turn < len(turns) else None
        card = re.fullmatch(r"sf-e(\d+)", str(self.opened.get("from")))
        at = replace(
            place,
            answer=turn.key if turn else "",
            claim=self.number if self.claim(turns) else None,
            passage=int(card[1]) if card else None,
            filters=self.filters,
            opened=self.opened,
        )
        claim = self.claim(turns) is not None
        if self.left is not None:
            way = pane.render_back(self.left, to_claim=claim)
        else:
            way = pane.render_exact(opened=not claim)
        where = f'data-clicks="{self.clicks}" data-at="{escape(str(at))}"'
        return f"<div {where}>{way}{self.html}</div>"

    def at(self, finder: SourceFinder, turns: Turns, address: Address) -> Desk:
        """Return the desk as an address has it. What is not there is told in the desk itself."""
        last = self.clicks + 1
        keys = [turn.key for turn in turns]
        if address.answer not in keys or address.claim is None:
            chosen = turns[: keys.index(address.answer) + 1] if address.answer in keys else turns
            desk = Desk(clicks=last).with_answer(finder, chosen)
        else:
            turn = keys.index(address.answer)
            desk = Desk(turn, address.claim, address.filters, chosen=True, clicks=last)
            focus = "sf-claim" if address.passage is None else f"sf-e{address.passage}"
            try:
                desk = desk._shown(finder, turns, focus)
            except SourceFinderError as error:  # it is narrowed to what is not there any more
                desk = replace(desk, html=pane.render_problem(str(error)), left="")
        if address.opened:
            desk = replace(desk._told(finder, turns, address.opened), clicks=last)
        return desk

    def claim(self, turns: Turns) -> Finding | None:
        """Return the finding that is shown, None if there is none."""
        answer = turns[self.turn].answer if 0 <= self.turn < len(turns) else None
        if answer is None or not 0 <= self.number < len(answer.findings):
            return None
        return answer.findings[self.number]

    def with_answer(self, finder: SourceFinder, turns: Turns) -> Desk:
        """Return the desk as a growing answer changes it: its first claim that has evidence
        is shown, and stays there; once the answer is whole, else its first claim."""
        last = len(turns) - 1
        turn = turns[last] if turns else None
        if turn is None or turn.answer is None or not turn.answer.findings:
            return self
        found = [n for n, finding in enumerate(turn.answer.findings) if finding.evidence]
        whole = turn.stage != "searching"
        if not found and not whole:
            return self
        if self.turn == last and self._shows_evidence(turns):
            # Only how many claims there are has become known.
            return self if self.whole or not whole else self._shown(finder, turns, focus="")
        number = found[0] if found else 0
        if (self.turn, self.number, self.whole) == (last, number, whole):
            return self
        laid = Desk(last, number, clicks=self.clicks, awaits=self.awaits)
        return laid._shown(finder, turns, focus="")

    def at_end(self, finder: SourceFinder, turns: Turns) -> Desk:
        """Return the desk once the last answer is whole. Where the reader has clicked since it was
        asked for, only what they see of that answer is made whole."""
        if not turns or turns[-1].stage == "searching":
            return self
        if self.awaits:
            return replace(self.with_answer(finder, turns), awaits=False)
        if self.turn != len(turns) - 1 or self.whole or self.left is not None:
            return self
        return self._shown(finder, turns, focus="")

    def with_new_answers(self, finder: SourceFinder, turns: Turns, new: Container[int]) -> Desk:
        """Return the desk after turns were answered anew, by their numbers; what the reader has
        laid over the passages stays."""
        if self.turn not in new or self.left is not None:
            return self
        if self.chosen or self.turn != len(turns) - 1:
            return self._shown(finder, turns, focus="")
        return replace(self, whole=False).with_answer(finder, turns)

    def _shows_evidence(self, turns: Turns) -> bool:
        finding = self.claim(turns)
        return finding is not None and bool(finding.evidence)

    def after(self, finder: SourceFinder, turns: Turns, click: Click) -> Desk:
        """Return the desk after a click. What cannot be done is told in the desk itself."""
        return replace(self._told(finder, turns, click), clicks=self.clicks + 1, awaits=False)

    def _told(self, finder: SourceFinder, turns: Turns, click: Click) -> Desk:
        try:
            return self._after(finder, turns, click)
        except (ValueError, KeyError) as error:
            log.warning("A click with odd values: %r", type(error))
            message = "That cannot be shown. Reload the page."
        except SourceFinderError as error:
            message = str(error)
        except Exception:
            log.exception("The click %.30r failed", click.get("act"))
            message = UNEXPECTED
        left = str(click.get("from") or "")
        return replace(self, html=pane.render_problem(message), left=left)

    def _after(self, finder: SourceFinder, turns: Turns, click: Click) -> Desk:
        name = click["act"]
        if name == "claim":
            chosen = Desk(int(click["turn"]), int(click["finding"]), chosen=True)
            return chosen._shown(finder, turns) if chosen.claim(turns) else self
        if name == "back":
            return self._shown(finder, turns, focus=str(click.get("focus") or "sf-claim"))
        if name == "filter":
            return replace(self, filters=from_form(click))._shown(finder, turns)
        if name == "unfilter":
            return replace(self, filters=Filters())._shown(finder, turns)
        if name == "more":
            return replace(self, deep=True)._shown(finder, turns, focus=f"sf-e{PER_CLAIM}")
        over = replace(self, left=str(click.get("from") or ""))
        self.check_unchanged(finder, click)
        if name in _OPENING:
            return replace(over, html=_OPENING[name](finder, click), opened=click)
        if name == "similar":
            scope = turns[self.turn].scope if self.claim(turns) else EVERYTHING
            found = _similar(finder, click, scope)
            html = pane.render_similar(found, shortened(_passage(finder, click), 160), self.finding)
            cards = {f"sf-s{i}": _unjudged(item) for i, item in enumerate(found)}
            return replace(over, html=html, opened=click, cards=cards)
        if name == "fetch":
            entry = find_entry(str(click["id"]))
            return replace(over, html=pane.render_offer(entry.title, describe(entry), entry.id))
        raise KeyError(name)

    def check_unchanged(self, finder: SourceFinder, click: Click) -> None:
        """Raise `QuestionError` where a card is opened whose words do not stand there any more."""
        item = self.cards.get(str(click.get("from")))
        if item is None or "start" not in click or click.get("doc") != item.document_id:
            return
        shown = {
            Span(item.start, item.end): item.quote,
            Span(item.passage_start, item.passage_end): item.passage,
        }
        document, at = finder.document(item.document_id), _quotation(click)
        if at in shown and at.of(document.text) != shown[at]:
            raise QuestionError(
                f"{document.title} has changed since this passage was found. Ask again."
            )

    def _shown(self, finder: SourceFinder, turns: Turns, focus: str = "sf-claim") -> Desk:
        finding = self.claim(turns)
        if finding is None:
            return replace(self, html=pane.EMPTY, opened={}, left=None, finding=None)
        turn = turns[self.turn]
        answer, whole = turn.answer, turn.stage != "searching"
        assert answer is not None
        claims = len(answer.findings)
        if not whole and has_many_claims(answer):
            claims = 0
        anew = self.filters.narrows_search or self.deep
        if anew:
            finding = _looked_up_again(finder, finding, self.filters, turn.scope)
        html = pane.render_finding(
            finding,
            turn=self.turn,
            number=self.number,
            claims=claims,
            searched=answer.searched,
            collections=_within(finder, turn.scope),
            filters=self.filters,
            claimed=years_in(finding.claim.query),
            focus=focus,
            more=whole and not anew and finding.further > 0,
        )
        cards = {f"sf-e{i}": item for i, item in enumerate(finding.evidence)}
        cards |= {f"sf-n{i}": _unjudged(item) for i, item in enumerate(finding.nearest)}
        return replace(
            self, html=html, whole=whole, opened={}, left=None, cards=cards, finding=finding
        )


def _within(finder: SourceFinder, scope: Scope) -> tuple[Holding, ...]:
    """Return the collections that are searched in a scope."""
    all_of_them = finder.holdings()
    wanted = scope.collections
    return tuple(home for home in all_of_them if not wanted or home.collection_id in wanted)


def _looked_up_again(
    finder: SourceFinder, finding: Finding, filters: Filters, scope: Scope
) -> Finding:
    """Return the finding for the same claim among the chosen sources only; where nothing is
    chosen, the scope holds."""
    *_, answer = finder.stream(
        finding.claim.query,
        DEPTH,
        filters.collections or scope.collections or None,
        filters.after or scope.after,
        filters.before or scope.before,
    )
    if not answer.findings:
        return replace(finding, evidence=(), nearest=())
    answer = in_style(answer, finder.settings.citation_style)
    return choose(replace(answer.findings[0], claim=finding.claim), filters)


def _quotation(click: Click) -> Span:
    return Span(int(click["start"]), int(click["end"]))


def _opened(finder: SourceFinder, click: Click) -> str:
    """Return the page of a document that a quotation is on, or the text around it."""
    document = finder.document(str(click["doc"]))
    if not has_pages(document):
        return _read(finder, click)
    page = int(click["page"]) if "page" in click else None
    try:
        shown = facsimile(
            document, _quotation(click), page, finder.workspace.ocr, finder.settings.home
        )
    except UnreadableSource as error:
        return _read(finder, click, problem=f"{error}.")
    return render_facsimile(document, _quotation(click), shown, back=str(click["from"]))


def _read(finder: SourceFinder, click: Click, problem: str = "") -> str:
    document = finder.document(str(click["doc"]))
    quotation = _quotation(click)
    if quotation.end > len(document.text):
        raise QuestionError(
            f"{document.title} has changed since this passage was found. Ask again."
        )
    before = min(int(click.get("before") or AROUND), _MOST)
    after = min(int(click.get("after") or AROUND), _MOST)
    before += FURTHER if click.get("step") == "up" else 0
    after += FURTHER if click.get("step") == "down" else 0
    shown = window(document, quotation, before, after)
    return render_text(
        document,
        quotation,
        shown,
        before=before,
        after=after,
        back=str(click["from"]),
        problem=problem,
    )


def _looked(finder: SourceFinder, click: Click) -> str:
    document = finder.document(str(click["doc"]))
    words = str(click.get("words") or "").strip()
    found = find_phrase(document.text, words)
    return render_found(document, words, found, back=str(click.get("from") or ""))


def _exact(finder: SourceFinder, click: Click) -> str:
    words = str(click.get("words") or "").strip()
    scope = Scope(
        tuple(click.get("collections") or ()), click.get("after"), click.get("before")
    )  # as `Actions` and addresses have it
    within = bounds(scope)
    found = find_everywhere(finder.index, words, finder.retriever.make_filter(*within))
    return render_found_everywhere(words, found, scope_words(scope, finder.holdings()))


def _passage(finder: SourceFinder, click: Click) -> str:
    return _quotation(click).of(finder.document(str(click["doc"])).text)


def _similar(finder: SourceFinder, click: Click, scope: Scope) -> list[Evidence]:
    found = finder.find_sources(_passage(finder, click), _ALIKE + 1, *bounds(scope))
    passage = _quotation(click)
    others = [item for item in found if not _overlaps(item, str(click["doc"]), passage)][:_ALIKE]
    style = finder.settings.citation_style
    return [cited_in(style_of(style), item) for item in others] if style else others


def _unjudged(item: Evidence) -> Evidence:
    """Return a passage without its relation, which is to something else than the claim."""
    return replace(item, relation="context", reasons=())


def _overlaps(item: Evidence, document_id: str, passage: Span) -> bool:
    own = Span(item.passage_start, item.passage_end)
    return item.document_id == document_id and own.overlaps(passage)


_OPENING: Mapping[str, Callable[[SourceFinder, Click], str]] = {
    "open": _opened,
    "read": _read,
    "look": _looked,
    EXACT: _exact,
}
"""What is laid over the passages, by the click that does it."""


ACTS = frozenset({"save-pin", "save-objection"})
_CHOSEN = "The reader chose the passages below from those that were found."


def mark(keeper: Keeper, place: Place, turns: Turns, desk: Desk, click: Mapping[str, Any]) -> str:
    """Do what a click asks for (`ACTS`); return what to tell.

    Raises `ProjectsError` where what it names is not on the page, or nothing can be kept.
    """
    finding = desk.finding
    if finding is None or desk.claim(turns) is None:
        raise ProjectsError("This is no longer on the page. Ask again.")
    turn = turns[desk.turn]
    if click.get("act") == "save-pin":
        item = desk.cards.get(str(click.get("card")))
        if item is None or click.get("of") != pane.subject(finding, item):
            raise ProjectsError("This passage is no longer on the page. Open it again.")
        project = keeper.store.project(keeper.reader, place.project)
        pin = Pin(
            turn.question,
            finding.claim,
            finding.verdict,
            item,
            str(click.get("note") or "").strip(),
            turn.key,
            desk.number,
            turn.index,
        )
        keeper.marks.pin(keeper.reader, project.project_id, pin)
        return f"Pinned in “{project.name}”; pinned passages are under Projects."
    if click.get("of") != pane.subject(finding):
        raise ProjectsError("This verdict is no longer on the page. Open its claim again.")
    if not turn.key:
        raise ProjectsError("This answer was not saved, so nothing can be noted on it.")
    keeper.marks.object(
        keeper.reader, _objection(finding, turn.question, turn.key, desk.number, click, turn.index)
    )
    return "Saved with the answer. You can export it under Projects."


def _objection(
    finding: Finding, question: str, key: str, number: int, click: Mapping[str, Any], index: Any
) -> Objection:
    given = str(click.get("should") or "")
    should: RightVerdict = next((known for known in get_args(RightVerdict) if known == given), "")
    return Objection(
        question,
        finding.claim,
        finding.verdict,
        should,
        str(click.get("why") or "").strip(),
        finding.evidence,
        key,
        number,
        index,
    )


def chosen_answers(pins: Sequence[Pin]) -> tuple[list[Answer], Notes]:
    """Return the pins as answers, one for each question, a finding for each claim, both in the
    order of the first pin; and the reader's notes, by the places of the quotations."""
    questions: dict[tuple[str, str], dict[str, list[Pin]]] = {}
    for pin in pins:
        claims = questions.setdefault((pin.turn_id, pin.question), {})
        claims.setdefault(pin.claim.text, []).append(pin)
    answers = [
        Answer(question, tuple(map(_finding, claims.values())))
        for (_, question), claims in questions.items()
    ]
    return answers, _notes(pins)


def highlights(
    document: SourceDocument, opened: Span, pins: Iterable[Pin]
) -> tuple[list[Highlight], int]:
    """Return what is marked in a copy of a document: the quotation that is open, and what is
    pinned in it, each with the reader's notes and its citation; and how many pins are not, because
    the text has changed since."""
    spans = {opened: ""} if len(opened) else {}
    within = [pin for pin in pins if pin.evidence.document_id == document.document_id]
    same = [pin for pin in within if _span(pin).of(document.text) == pin.evidence.quote]
    notes = _notes(same)
    for pin in same:
        item = pin.evidence
        spans[_span(pin)] = notes.get(place(item.document_id, item.start, item.end), "")
    marks = [
        Highlight(span, "\n".join(filter(None, [note, cited(document, span)])))
        for span, note in spans.items()
    ]
    return marks, len(within) - len(same)


def _span(pin: Pin) -> Span:
    return Span(pin.evidence.start, pin.evidence.end)


def _finding(pins: Sequence[Pin]) -> Finding:
    claim: Claim = pins[0].claim
    return Finding(claim, pins[0].verdict, tuple(pin.evidence for pin in pins), notes=(_CHOSEN,))


def _notes(pins: Iterable[Pin]) -> Notes:
    notes: dict[str, str] = {}
    for pin in pins:
        at = place(pin.evidence.document_id, pin.evidence.start, pin.evidence.end)
        if pin.note:
            notes[at] = "\n".join(dict.fromkeys([*notes.get(at, "").splitlines(), pin.note]))
    return notes
