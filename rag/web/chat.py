"""The conversation: what was asked, how far its answer has come, and what to show of it.

Nothing here knows Gradio; `blocks.py` puts these turns on a page.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.claims.followups import in_context
from rag.config import PER_CLAIM
from rag.datatypes import Answer, IndexFacts
from rag.dossier import in_style
from rag.errors import SourceFinderError
from rag.finder import SourceFinder
from rag.projects import EVERYTHING, Scope, Stage
from rag.web import answer as render

log = logging.getLogger(__name__)

HINT = "Write or paste a claim about the past, then press Enter."
EMPTY = "Nothing in what was sent could be looked up. Try one plain statement."
UNEXPECTED = (
    "Something went wrong, and the search stopped. What was found before that is shown. Try "
    "again; the details are in the window where Source Finder was started."
)

MIN_INTERVAL_S = 0.1
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

    def asked(self) -> str:
        """Return the question's HTML; the captions of a linked video belong to it."""
        text = self.question
        if self.answer is not None and not self.searched_as:
            text = self.answer.question
        return render.render_question(text, self.answer, self.number, searched_as=self.searched_as)

    def blocks(self) -> tuple[str, ...]:
        """Return the answer's HTML in the order of the page.

        A block that is on the page stays as it is while later ones arrive, so that nothing
        moves under the reader.
        """
        began = self.question and not (self.answer is None and self.message)
        parts = [render.render_summary(self.answer, self.stage, self.question)] if began else []
        if self.answer is not None:
            parts += self._findings(self.answer)
            if self.answer.summary is not None:
                parts.append(render.render_written_summary(self.answer.summary))
            if self.stage != "searching":
                parts.append(render.render_closing(self.answer) + render.render_link(self.key))
        parts += [render.render_offer(name, path) for name, path in self.offered]
        if self.message:
            parts.append(render.render_message(self.message))
        return tuple(part for part in parts if part)

    def _findings(self, answer: Answer) -> list[str]:
        """Return a row for each claim; of several, an overview, the rows of those on which
        something was found, and, once all are looked up, the others in one fold."""
        many = render.has_many_claims(answer)
        rows = [
            render.render_row(finding, n, self.number, question=answer.question, many=many)
            for n, finding in enumerate(answer.findings)
        ]
        if not many:
            return rows
        found = [row for row, f in zip(rows, answer.findings, strict=True) if f.evidence]
        missing = [row for row, f in zip(rows, answer.findings, strict=True) if not f.evidence]
        if self.stage == "searching":
            return [render.render_overview(answer, done=False), *found]
        overview = render.render_overview(answer, done=True)
        return [overview, *found, render.render_missing(missing, opened=not found)]


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
    `first`, or else in the question before it. Errors meant for the reader become a message;
    any other error is logged, and the reader is told calmly that something went wrong.
    """
    if not text.strip():
        hinted = bool(turns) and turns[-1].message == HINT
        yield turns if hinted else (*turns, Turn(len(turns), stage="done", message=HINT))
        return
    wanted = in_context(text, [*first, *_said_so_far(turns)])
    searched_as = wanted if wanted != text else ""
    turn = Turn(len(turns), text, searched_as, key=key, scope=scope)
    yield (*turns, turn)
    shown_at = 0.0
    try:
        turn = replace(turn, index=finder.facts())
        for answer in finder.stream(wanted, PER_CLAIM, *bounds(scope)):
            turn = replace(turn, answer=in_style(answer, style))
            if time.monotonic() - shown_at >= MIN_INTERVAL_S:
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
    """Return a turn that was answered by words alone with a whole answer; any other, and one
    that is still under way or fails now, as it is."""
    if turn.answer is None or not turn.answer.by_words or turn.stage != "done":
        return turn
    try:
        answer = finder.ask(turn.answer.question, PER_CLAIM, *bounds(turn.scope))
        return replace(turn, answer=in_style(answer, style), index=finder.facts())
    except SourceFinderError as error:
        log.info("Not answered again: %s", error)
        return turn


def bounds(scope: Scope) -> tuple[tuple[str, ...] | None, str | None, str | None]:
    """Return collections, first and last date as a finder takes them."""
    return scope.collections or None, scope.after, scope.before


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
