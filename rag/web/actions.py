"""What the page's events do: values of its components in, new values out."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr

from rag import dossier
from rag.errors import IndexNotBuilt, SourceFinderError
from rag.finder import SourceFinder
from rag.live import READING, LiveFinder
from rag.web import corpus
from rag.web.answer import render_kept
from rag.web.chat import Turn, Turns, answered_again, converse, stop
from rag.web.desk import Click, Desk
from rag.web.dropped import sort_dropped
from rag.web.markup import render_searched
from rag.web.memory import from_memory, to_memory
from rag.web.uploads import forget

WAIT_S = 0.2
"""How often it is looked whether there is anything to search yet."""

UNMOVED = (gr.skip(), gr.skip())


def html_part(content: str) -> gr.HTML:
    """Return a part of a chat message that shows `content` as it is."""
    return gr.HTML(content, render=False, js_on_load=None, elem_classes="sf-part")


def chat_messages(turns: Turns) -> list[dict[str, Any]]:
    """Return the conversation as the messages of a `gr.Chatbot`."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if turn.question:
            messages.append({"role": "user", "content": html_part(turn.asked())})
        parts = [html_part(block) for block in turn.blocks()]
        messages.append({"role": "assistant", "content": parts})
    return messages


def question_box(*, searching: bool, **changes: Any) -> gr.MultimodalTextbox:
    """Return the input box with a send button, or with a stop button while searching."""
    return gr.MultimodalTextbox(
        submit_btn=False if searching else "Search",
        stop_btn="Stop" if searching else False,
        **changes,
    )


def told(turns: Turns, message: str = "", offered: tuple[tuple[str, str], ...] = ()) -> Turns:
    """Return the conversation with a message of the application at its end."""
    return (*turns, Turn(len(turns), stage="done", message=message, offered=offered))


def kept_file(finder: SourceFinder, turns: Turns, extension: str) -> str:
    """Return a link to the conversation as a file, which page.js follows at once."""
    answers = [turn.answer for turn in turns if turn.answer is not None]
    made = datetime.now(UTC).astimezone()
    content = dossier.export(answers, extension, made=made, index=finder.facts())
    name = f"source-finder-{made:%Y-%m-%d-%H%M%S}{extension}"
    media_type = dossier.form_of(extension).media_type
    return render_kept(name, media_type, base64.b64encode(content).decode("ascii"))


@dataclass(frozen=True, slots=True)
class Actions:
    """What the page's events do. Each returns new values for the components it names."""

    live: LiveFinder

    def ask(self, sent: Any, turns: Turns, desk: Desk) -> Iterator[tuple[Any, ...]]:
        """Yield chat, turns, box, pane, desk, memory as the answer grows. What is sent while
        another search goes on stays in the box."""
        if any(turn.stage == "searching" for turn in turns):
            yield (gr.skip(),) * 6
            return
        sent = sent or {}
        dropped = sort_dropped([Path(file) for file in sent.get("files") or ()])
        for problem in dropped.problems:
            turns = told(turns, problem)
        if dropped.offered:
            turns = told(turns, offered=dropped.offered)
        text = "\n".join(part for part in [sent.get("text") or "", *dropped.texts] if part)
        if not text and (dropped.offered or dropped.problems):
            box = question_box(searching=False, value=None)
            yield chat_messages(turns), turns, box, *UNMOVED, to_memory(turns)
            return
        box = question_box(searching=True, value=None)
        claim = desk.claim(turns) if desk.chosen else None
        if not self.live.ready:
            waiting = told((*turns, Turn(len(turns), text)), READING)
            yield chat_messages(waiting), turns, box, *UNMOVED, gr.skip()
            box = gr.skip()
            self._wait()
        if not self.live.ready:
            turns = told(turns, self.live.work.problem if self.live.work else "")
            box = question_box(searching=False)
            yield chat_messages(turns), turns, box, *UNMOVED, to_memory(turns)
            return
        for grown in converse(self.live.current, text, turns, [claim.claim.query] if claim else []):
            turns, laid = grown, desk.with_answer(self.live.current, grown)
            shown = gr.skip() if laid is desk else laid.page
            desk = laid
            yield chat_messages(turns), turns, box, shown, desk, gr.skip()
            box = gr.skip()
        yield gr.skip(), turns, question_box(searching=False), gr.skip(), desk, to_memory(turns)

    def _wait(self) -> None:
        """Return once there is something to search, or the first build has failed."""
        while not self.live.ready and self.live.busy:
            time.sleep(WAIT_S)

    def stopped(self, turns: Turns) -> tuple[Any, ...]:
        """Return chat, turns, box, memory."""
        turns = stop(turns)
        return chat_messages(turns), turns, question_box(searching=False), to_memory(turns)

    def remembered(self, memory: Any) -> tuple[Any, ...]:
        """Return chat, turns, pane, desk, shelf, work, searched, timer for a page that was
        loaded, with the conversation that the browser has kept."""
        turns = from_memory(memory)
        desk = Desk().with_answer(self.live.current, turns) if self.live.ready else Desk()
        return chat_messages(turns), turns, desk.page, desk, *self._corpus(), self._timer()

    def clicked(self, turns: Turns, desk: Desk, event: gr.EventData) -> tuple[Any, ...]:
        """Return pane, desk, shelf, work, timer, kept after a click on the page."""
        click: Click = event._data or {}
        name = click.get("act")
        try:
            if name == "keep":
                kept = kept_file(self.live.current, turns, str(click.get("form")))
                return *UNMOVED, gr.skip(), gr.skip(), gr.skip(), kept
            if name == "add":
                # Only what this conversation was offered: a click can name any path.
                offered = {path: file for turn in turns for file, path in turn.offered}
                path = str(click.get("path"))
                message = corpus.add(self.live, [(offered[path], Path(path))])
                if self.live.may_change:
                    forget([Path(path)])
                return *UNMOVED, *self._worked(message)
        except (SourceFinderError, KeyError) as error:
            return *UNMOVED, *self._worked(str(error))
        if name in corpus.ACTS:
            shelf, message = corpus.act(self.live, click)
            return *UNMOVED, shelf, corpus.work(self.live, message), self._timer(), gr.skip()
        try:
            desk = desk.after(self.live.current, turns, click)
        except IndexNotBuilt as error:
            return *UNMOVED, *self._worked(str(error))
        return desk.page, desk, gr.skip(), gr.skip(), gr.skip(), gr.skip()

    def uploaded(self, given: list[str] | None) -> tuple[Any, ...]:
        """Return upload field, shelf, work, timer after files were dropped into the corpus."""
        named = [(Path(path).name, Path(path)) for path in given or ()]
        message = corpus.add(self.live, named)
        forget([path for _, path in named])
        return None, corpus.shelf(self.live), corpus.work(self.live, message), self._timer()

    def watched(self, turns: Turns, desk: Desk) -> tuple[Any, ...]:
        """Return shelf, work, searched, timer, chat, turns, pane, desk, memory while the index is
        worked on. Once it is complete, what was answered by words alone is answered again."""
        unchanged = (gr.skip(),) * 5
        if self.live.busy:
            searched = render_searched(self.live.searched())
            return gr.skip(), corpus.work(self.live), searched, gr.skip(), *unchanged
        if not self.live.ready or not any(t.answer and t.answer.by_words for t in turns):
            return *self._corpus(), self._timer(), *unchanged
        finder = self.live.current
        turns = tuple(answered_again(finder, turn) for turn in turns)
        desk = replace(desk, whole=False).with_answer(finder, turns)
        again = chat_messages(turns), turns, desk.page, desk, to_memory(turns)
        return *self._corpus(), self._timer(), *again

    def _worked(self, message: str) -> tuple[Any, ...]:
        shelf, work, _ = self._corpus(message)
        return shelf, work, self._timer(), gr.skip()

    def _corpus(self, message: str = "") -> tuple[str, str, str]:
        work = corpus.work(self.live, message)
        return corpus.shelf(self.live), work, render_searched(self.live.searched())

    def _timer(self) -> gr.Timer:
        return gr.Timer(active=self.live.busy)
