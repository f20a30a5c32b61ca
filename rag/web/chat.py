"""The conversation: what was asked, how far its answer has come, and what to show of it.

Nothing here knows Gradio; `blocks.py` puts these turns on a page.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from rag.datatypes import Answer
from rag.errors import SourceFinderError
from rag.programs import Sources
from rag.web import render

log = logging.getLogger(__name__)

HINT = "Write or paste a claim about the past, then press Enter."
EMPTY = "Nothing in what was sent could be looked up. Try one plain statement."
UNEXPECTED = (
    "Something went wrong while searching, and the search was broken off. What was found "
    "before that is shown. The details are in the application’s log."
)

MIN_INTERVAL_S = 0.1
"""Growing answers are shown at most this often; each one costs the page a repaint."""


class Finder(Sources, Protocol):
    """What the browser application needs of a search engine."""

    def stream(self, text: str) -> Iterator[Answer]:
        """Yield growing answers to `text`; the last one is the whole.

        Raises `SourceFinderError` with a message for the reader.
        """
        ...

    def searched(self) -> tuple[str, ...]:
        """Return one line per collection: title, number of documents, dates."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with what there is of its answer.

    `sections` are the findings as HTML, in the answer's order. A section that is on the
    page stays as it is while later ones arrive, so that nothing moves under the reader.
    A turn without a question is a message of the application. `number` tells the turns of
    a conversation apart.
    """

    number: int = 0
    question: str = ""
    answer: Answer | None = None
    sections: tuple[str, ...] = ()
    stage: render.Stage = "searching"
    message: str = ""

    def blocks(self) -> tuple[str, ...]:
        """Return the answer's HTML in the order of the page."""
        head = () if self.answer is None and self.message else (self.summary(),)
        ended = self.answer is not None and self.stage != "searching"
        closing = render.render_closing(self.answer) if ended and self.answer else ""
        message = render.render_message(self.message) if self.message else ""
        return (*head, *self.sections, *(part for part in (closing, message) if part))

    def summary(self) -> str:
        """Return what stands above the findings."""
        line = render.render_summary(self.answer, self.stage)
        if self.answer is None:
            return line
        anchors = [self.anchor(i) for i in range(len(self.answer.findings))]
        return line + render.render_contents(self.answer, self.stage, anchors)

    def anchor(self, i: int) -> str:
        """Return the name in the page of the finding number `i`."""
        return f"sf-{self.number}-{i}"


Turns = tuple[Turn, ...]


def grow(turn: Turn, answer: Answer) -> Turn:
    """Return the turn with a later answer; findings already shown are not rendered again."""
    known = turn.answer.findings if turn.answer else ()
    many = render.has_many_claims(answer)
    sections = tuple(
        turn.sections[i]
        if i < len(known) and known[i] == finding
        else render.render_finding(
            finding,
            () if many else answer.searched,
            folded=many,
            question=answer.question,
            anchor=turn.anchor(i),
        )
        for i, finding in enumerate(answer.findings)
    )
    return replace(turn, answer=answer, sections=sections)


def converse(finder: Finder, text: str, turns: Turns) -> Iterator[Turns]:
    """Yield the conversation as the answer to `text` grows; it always ends without raising.

    Errors meant for the reader become a message; any other error is logged, and the
    reader is told calmly that something went wrong.
    """
    if not text.strip():
        hinted = bool(turns) and turns[-1].message == HINT
        yield turns if hinted else (*turns, Turn(stage="done", message=HINT))
        return
    turn = Turn(number=len(turns), question=text)
    yield (*turns, turn)
    shown_at = 0.0
    try:
        for answer in finder.stream(text):
            turn = grow(turn, answer)
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


def stop(turns: Turns) -> Turns:
    """Return the conversation with a last turn that was under way marked as stopped."""
    if not turns or turns[-1].stage != "searching":
        return turns
    return (*turns[:-1], replace(turns[-1], stage="stopped"))
