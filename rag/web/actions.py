"""What the page's events do: values of its components in, new values out."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import SyncToAsyncIterator

from rag import dossier
from rag.accounts import Audit
from rag.claims import check_question
from rag.datatypes import IndexFacts, Span
from rag.dossier import zotero
from rag.errors import IndexNotBuilt, ProjectsError, QuestionError, QuotaError, SourceFinderError
from rag.finder import SourceFinder
from rag.ingest.names import slug
from rag.live import READING, LiveFinder
from rag.projects import MarkStore, ProjectStore, as_json_lines, new_id
from rag.reading.facsimile import highlighted_copy
from rag.web import corpus, listing
from rag.web import desk as marking
from rag.web.address import EXACT, Address, read_address
from rag.web.chat import Turn, Turns, answered_again, converse, render_kept, stop
from rag.web.desk import Click, Desk
from rag.web.gate import SIGN_OUT, Quotas, Rationed, metered
from rag.web.guard import asker, asker_of
from rag.web.health import Counts
from rag.web.listing import Keeper, Place, ProjectList
from rag.web.markup import render, render_searched
from rag.web.uploads import forget, sort_dropped
from rag.wording import counted

log = logging.getLogger(__name__)

_WAIT_S = 0.2
"""How often it is looked whether there is anything to search yet."""

_LOOKED_S = 1.0
"""How often it is looked whether the page of a question that waits is still open."""

_MAX_CLICK = 30_000
"""Letters of what a form sends: three times the longest note."""

_ZOTERO_ELSEWHERE = (
    "Other people use this server, too, so it sends nothing to the Zotero on its computer. "
    "Save all this as Zotero, and open the file in your own Zotero with File, Import."
)

_UNMOVED = (gr.skip(), gr.skip())

ASK, PROJECTS, CORPUS = "ask", "projects", "corpus"
"""The names of tabs."""


def _html_part(content: str) -> gr.HTML:
    """Return a part of a chat message that shows `content` as it is."""
    return gr.HTML(content, render=False, js_on_load=None, elem_classes="sf-part")


def _chat_messages(turns: Turns) -> list[dict[str, Any]]:
    """Return the conversation as the messages of a `gr.Chatbot`."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if turn.question:
            messages.append({"role": "user", "content": _html_part(turn.asked())})
        parts = [_html_part(block) for block in turn.blocks()]
        messages.append({"role": "assistant", "content": parts})
    return messages


def question_box(*, searching: bool, **changes: Any) -> gr.MultimodalTextbox:
    """Return the input box with a send button, or with a stop button while searching."""
    return gr.MultimodalTextbox(
        submit_btn=False if searching else "Search",
        stop_btn="Stop" if searching else False,
        **changes,
    )


def _told(turns: Turns, message: str = "", offered: tuple[tuple[str, str], ...] = ()) -> Turns:
    """Return the conversation with a message of the application at its end."""
    return (*turns, Turn(len(turns), stage="done", message=message, offered=offered))


def _kept_file(finder: SourceFinder, turns: Turns, extension: str) -> str:
    """Return a link to the conversation as a file, which page.js follows at once. What said
    nothing that could be looked up, as a greeting, is no part of it."""
    answered = [turn for turn in turns if turn.answer is not None and turn.answer.findings]
    answers = [turn.answer for turn in answered if turn.answer is not None]
    made = datetime.now(UTC).astimezone()
    index = _told_apart(turn.index for turn in answered)
    content = dossier.export(
        answers,
        extension,
        made=made,
        index=index or finder.facts(),
        style=finder.settings.citation_style,
    )
    name = dossier.file_name(answers, extension)
    return _link(name, dossier.form_of(extension).media_type, content, made)


def _told_apart(indexes: Iterable[IndexFacts | None]) -> list[IndexFacts]:
    """Return each index that answers came from once, as it was last."""
    return list({index.corpus_hash: index for index in indexes if index is not None}.values())


def _link(name: str, media_type: str, content: bytes, made: datetime) -> str:
    encoded = base64.b64encode(content).decode("ascii")
    return render_kept(name, media_type, encoded, made.isoformat())


def _click(event: gr.EventData) -> Click:
    """Return what was clicked. Raises `gr.Error` for more than any form of the page sends."""
    click: Click = event._data or {}
    if len(str(click)) > _MAX_CLICK:
        raise gr.Error(
            f"At most {_MAX_CLICK:,} characters can be sent here.", print_exception=False
        )
    return click


@dataclass(frozen=True, slots=True)
class Actions:
    """What the page's events do. Each returns new values for the components it names."""

    live: LiveFinder
    counts: Counts
    store: ProjectStore
    quotas: Quotas
    audit: Audit

    async def asked(
        self, sent: Any, turns: Turns, desk: Desk, place: Place, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Yield what `ask` does once there is a place for this asker's question. A question that
        may not even wait for one stays in the box."""
        unchanged, places = (gr.skip(),) * 7, self.quotas.questions
        try:
            with places.line(asker_of(request).shown) as here:
                while not here.come.done():
                    yield unchanged  # else it would wait on where the page was closed
                    await asyncio.wait([here.come], timeout=_LOOKED_S)
                steps = SyncToAsyncIterator(self.ask(sent, turns, desk, place, request), None)
                try:
                    async for step in steps:
                        yield step
                        places.pass_on(here)
                        while not here.come.done():
                            yield unchanged
                            await asyncio.wait([here.come], timeout=_LOOKED_S)
                finally:
                    await steps.aclose()  # type: ignore[no-untyped-call]
        except QuotaError as error:
            turns, box = _told(turns, str(error)), question_box(searching=False)
            yield _chat_messages(turns), turns, box, *_UNMOVED, *_UNMOVED

    def ask(
        self, sent: Any, turns: Turns, desk: Desk, place: Place, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Yield chat, turns, box, pane, desk, place and its line as the answer grows. What is sent
        while another search goes on stays in the box."""
        if any(turn.stage == "searching" for turn in turns):
            yield (gr.skip(),) * 7
            return
        sent = sent or {}
        files = [Path(file) for file in sent.get("files") or ()]
        dropped = sort_dropped(files)
        for problem in dropped.problems:
            turns = _told(turns, problem)
        if dropped.offered:
            turns = _told(turns, offered=dropped.offered)
        text = "\n".join(part for part in [sent.get("text") or "", *dropped.texts] if part)
        if not text and (dropped.offered or dropped.problems):
            box = question_box(searching=False, value=None)
            yield _chat_messages(turns), turns, box, *_UNMOVED, *_UNMOVED
            return
        try:
            if text.strip():
                check_question(text)
        except QuestionError as error:  # it is kept nowhere, and stays in the box
            turns, box = _told(turns, str(error)), question_box(searching=False)
            yield _chat_messages(turns), turns, box, *_UNMOVED, *_UNMOVED
            return
        offered = {path for _, path in dropped.offered}
        forget(file for file in files if str(file) not in offered)
        box = question_box(searching=True, value=None)
        if not self.live.ready:
            waiting = (*turns, Turn(len(turns), text))  # Stop finds it there, and it is not lost
            shown = _chat_messages(_told(waiting, READING))
            yield shown, waiting, box, *_UNMOVED, *_UNMOVED
            box = gr.skip()
            self._wait()
        if not self.live.ready:
            unasked = Turn(len(turns), text, stage="stopped")
            turns = _told((*turns, unasked), self.live.work.problem if self.live.work else "")
            box = question_box(searching=False)
            yield _chat_messages(turns), turns, box, *_UNMOVED, *_UNMOVED
            return
        who = asker_of(request).shown
        yield from self._answered(self._keeper(request), who, text, turns, desk, place, box)

    def _answered(
        self,
        keeper: Keeper,
        who: str,
        text: str,
        turns: Turns,
        desk: Desk,
        place: Place,
        box: Any,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield what `ask` yields for a text that is looked up, and keep it."""
        claim = desk.claim(turns) if desk.chosen else None
        first = [claim.claim.query] if claim else []
        try:
            scope = keeper.scope(place)
        except ProjectsError as error:
            turns = _told((*turns, Turn(len(turns), text, stage="stopped")), str(error))
            box = question_box(searching=False)
            yield _chat_messages(turns), turns, box, *_UNMOVED, *_UNMOVED
            return
        place, turns = keeper.begun(place, turns) if text.strip() else (place, turns)
        key = new_id() if place.conversation else ""
        finder, style = self.live.current, self.live.settings.citation_style
        line: Any = self._place(keeper, place, asked=True)
        begins = True  # the page's address is that of the conversation from now on
        ended = False
        try:
            with self.counts.question() as asked:
                growing = converse(finder, text, turns, first, scope=scope, key=key, style=style)
                for grown in metered(growing, self.quotas, who):
                    ended = grown[-1].stage != "searching"
                    if ended or len(grown) > len(turns):
                        place = keeper.kept(place, grown[-1])  # the question is not lost
                    if ended:
                        box = question_box(searching=False)
                        line = self._place(keeper, place, asked=True)
                    turns, laid = grown, desk.with_answer(finder, grown)
                    laid = replace(laid, awaits=True) if begins else laid
                    changed = laid is not desk or begins
                    shown = laid.page(turns, _address(place)) if changed else gr.skip()
                    # A desk that is not drawn would undo what was clicked meanwhile.
                    kept = laid if changed else gr.skip()
                    desk, begins = laid, False
                    yield _chat_messages(turns), turns, box, shown, kept, place, line
                    box = line = gr.skip()
                asked.failed = turns[-1].stage == "failed"
        finally:
            if turns and not ended:
                keeper.kept(place, stop(turns)[-1])

    def laid(self, turns: Turns, desk: Desk, place: Place) -> tuple[Any, ...]:
        """Return pane and desk once a search has ended: its answer, unless the reader has turned
        to something else meanwhile."""
        if not self.live.ready:
            return _UNMOVED
        after = desk.at_end(self.live.current, turns)
        return _UNMOVED if after is desk else (after.page(turns, _address(place)), after)

    def _wait(self) -> None:
        """Return once there is something to search, or the first build has failed."""
        while not self.live.ready and self.live.busy:
            time.sleep(_WAIT_S)

    def _keeper(self, request: gr.Request) -> Keeper:
        database = Rationed(self.store.database, self.quotas, asker_of(request).shown)
        return Keeper(ProjectStore(database), MarkStore(database), asker(request))

    def _place(
        self, keeper: Keeper, place: Place, *, asked: bool, told: str = "", done: str = ""
    ) -> str:
        holdings = self.live.current.holdings() if self.live.ready else ()
        return listing.render_place(keeper, place, holdings, asked, told, done)

    def stopped(self, turns: Turns, place: Place, request: gr.Request) -> tuple[Any, ...]:
        """Return chat, turns, box."""
        turns = stop(turns)
        if turns:
            self._keeper(request).kept(place, turns[-1])
        return _chat_messages(turns), turns, question_box(searching=False)

    def loaded(self, query: str, request: gr.Request) -> tuple[Any, ...]:
        """Return chat, turns, pane, desk, place and its line, shelf, work, searched, timer,
        renewal for a page that was loaded, with what its address asks for."""
        shown = self._at(self._keeper(request), query, (), Desk(clicks=-1), Place())
        shelf, work, searched = self._corpus()
        if self.live.ready and not self.live.busy:
            work = ""  # what has ended is told where it was waited for, and under Corpus
        return *shown, shelf, work, searched, self._timer(), self._renewal(shown[1])

    def gone(
        self, turns: Turns, desk: Desk, place: Place, request: gr.Request, event: gr.EventData
    ) -> tuple[Any, ...]:
        """Return chat, turns, pane, desk, place and its line, the tabs, and renewal after the
        reader went to another address within the page."""
        query = str((event._data or {}).get("to"))
        shown = self._at(self._keeper(request), query, turns, desk, place)
        return *shown, gr.Tabs(selected=ASK), self._renewal(shown[1])

    def _at(
        self, keeper: Keeper, query: str, turns: Turns, desk: Desk, place: Place
    ) -> tuple[Any, ...]:
        """Return chat, turns, pane, desk, place and its line for an address."""
        address = read_address(query)
        same = address.conversation == place.conversation and bool(turns)
        here = same and (bool(place.conversation) or address.answer in {t.key for t in turns})
        if not here:
            place, turns = Place(address.project), ()
            if address.conversation or address.answer:
                try:
                    place, turns = keeper.opened(address.conversation, address.answer)
                except ProjectsError as error:
                    turns = _told((), str(error))
        clicks = desk.clicks
        if self.live.ready:
            desk = Desk(clicks=clicks).at(self.live.current, turns, address)
        else:
            desk = Desk(clicks=clicks + 1)
        line = self._place(keeper, place, asked=bool(turns))
        page = desk.page(turns, _address(place))
        return _chat_messages(turns), turns, page, desk, place, line

    def listed(self, place: Place, request: gr.Request) -> tuple[str, ProjectList]:
        """Return the projects, as they are now, with those of the place opened."""
        shown = ProjectList(shown=place.project)
        return self._listed(self._keeper(request), shown, place), shown

    def organised(
        self,
        shown: ProjectList,
        place: Place,
        turns: Turns,
        desk: Desk,
        request: gr.Request,
        event: gr.EventData,
    ) -> tuple[Any, ...]:
        """Return the projects, what is shown of them, the line of the place, and a file to be kept
        after a click."""
        keeper = self._keeper(request)
        click = _click(event)
        name = str(click.get("act"))
        told, done, kept = "", "", gr.skip()
        if name in listing.ACTS:
            shown = listing.after(self.live, keeper, shown, click)
        else:
            try:
                if name in marking.ACTS:
                    told = marking.mark(keeper, place, turns, desk, click)
                    done = f"{name} {click.get('of')}"
                else:
                    kept = self._kept_marks(keeper, name, click)
            except SourceFinderError as error:
                told = str(error)
        asked = bool(turns)
        line = self._place(keeper, place, asked=asked, told=told, done=done)
        return self._listed(keeper, shown, place), shown, line, kept

    def _kept_marks(self, keeper: Keeper, name: str, click: Click) -> str:
        """Return a link to the pins of a project, or to the reader's objections, as a file."""
        made = datetime.now(UTC).astimezone()
        if name == "keep-objections":
            lines = as_json_lines(keeper.marks.objections(keeper.reader))
            return _link("wrong-verdicts.jsonl", "application/jsonl", lines.encode(), made)
        pins = keeper.marks.pins(keeper.reader, str(click.get("id")))
        index = _told_apart(pin.index for pin in pins) or self.live.current.facts()
        answers, notes = marking.chosen_answers(pins)
        extension = str(click.get("form"))
        content = dossier.export(
            answers,
            extension,
            made=made,
            index=index,
            notes=notes,
            style=self.live.settings.citation_style,
        )
        name = dossier.file_name(answers, extension)
        return _link(name, dossier.form_of(extension).media_type, content, made)

    def _listed(self, keeper: Keeper, shown: ProjectList, place: Place) -> str:
        holdings = self.live.current.holdings() if self.live.ready else ()
        return listing.render_listing(keeper, shown, holdings, place.conversation)

    def signed_in(self, request: gr.Request) -> str:
        """Return whose account it is, and the way out; "" where there are no accounts."""
        account = asker_of(request).account
        return render("signed_in.html", account=account, action=SIGN_OUT) if account else ""

    def clicked(
        self,
        turns: Turns,
        desk: Desk,
        place: Place,
        request: gr.Request,
        event: gr.EventData,
    ) -> tuple[Any, ...]:
        """Return pane, desk, shelf, work, timer, kept after a click on the page."""
        click = _click(event)
        name = click.get("act")
        try:
            if name == "keep":
                kept = _kept_file(self.live.current, turns, str(click.get("form")))
                return *_UNMOVED, gr.skip(), gr.skip(), gr.skip(), kept
            if name == "keep-pdf":
                return self._highlighted(self._keeper(request), place, desk, click)
            if name == "zotero":
                return *_UNMOVED, *self._worked(self._sent(turns, self._editor(request)))
            if name == "add":
                # Only what this conversation was offered: a click can name any path.
                offered = {path: file for turn in turns for file, path in turn.offered}
                path = str(click.get("path"))
                message = self._added([(offered[path], Path(path))], request)
                return *_UNMOVED, *self._worked(message)
        except SourceFinderError as error:
            return *_UNMOVED, *self._worked(str(error))
        except (KeyError, ValueError) as error:
            log.warning("A click with odd values: %r", type(error))
            return *_UNMOVED, *self._worked("That cannot be done. Reload the page.")
        if name == EXACT:
            click = {**click, **asdict(self._keeper(request).project(place).scope)}
        if name == "find-document":
            found = corpus.shelf(self.live, finding=str(click.get("words") or "").strip())
            return *_UNMOVED, found, gr.skip(), gr.skip(), gr.skip()
        if name in corpus.ACTS:
            shelf, message = corpus.act(self.live, click, self._editor(request))
            return *_UNMOVED, shelf, corpus.work(self.live, message), self._timer(), gr.skip()
        try:
            desk = desk.after(self.live.current, turns, click)
        except IndexNotBuilt as error:
            return *_UNMOVED, *self._worked(str(error))
        page = desk.page(turns, _address(place))
        return page, desk, gr.skip(), gr.skip(), gr.skip(), gr.skip()

    def _highlighted(
        self, keeper: Keeper, place: Place, desk: Desk, click: Click
    ) -> tuple[Any, ...]:
        """Return what `clicked` returns for a copy of a PDF with the quotation that is open, and
        the pins of the project in it, highlighted."""
        finder = self.live.current
        desk.check_unchanged(finder, click)
        document = finder.document(str(click["doc"]))
        pins = keeper.marks.pins(keeper.reader, keeper.project(place).project_id)
        opened = Span(int(click["start"]), int(click["end"]))
        marks, changed = marking.highlights(document, opened, pins)
        if not marks:
            raise QuestionError(
                "No quotation from this document is open or pinned, so there is nothing to "
                "highlight. Open the document at a quotation, or pin one."
            )
        copy = highlighted_copy(document, marks, finder.workspace.ocr, finder.settings.home)
        told = []
        if copy.missed:
            missed = counted(len(copy.missed), "quotation is", "quotations are")
            told.append(f"{missed} not highlighted: the words were not found on the page.")
        if changed:
            missed = counted(changed, "pinned quotation is", "pinned quotations are")
            told.append(f"{missed} not highlighted: the text has changed since.")
        message = " ".join(told)
        name = f"{slug(document.title)[:80]}-highlighted.pdf"
        made = datetime.now(UTC).astimezone()
        kept = _link(name, "application/pdf", copy.content, made)
        return *_UNMOVED, gr.skip(), corpus.work(self.live, message), gr.skip(), kept

    def _editor(self, request: gr.Request) -> corpus.Editor:
        """Return who changes the corpus with a request."""
        asking = asker_of(request)
        why_not = ""
        if self.live.elsewhere or not asking.may_change:
            of_account = asking.account and not self.live.elsewhere
            why_not = corpus.FOR_OTHERS if of_account else corpus.FOR_READING
        unnamed = "someone without an account" if self.quotas.limits else ""
        return corpus.Editor(asking.shown, self.audit, asking.account or unnamed, why_not)

    def _added(self, named: list[tuple[str, Path]], request: gr.Request) -> str:
        """Add files to the corpus, each with its name; return what to tell."""
        editor = self._editor(request)
        try:
            if not editor.why_not:
                self.quotas.use_files(editor.name, len(named))
            message = corpus.add(self.live, named, editor)
        except QuotaError as error:  # what was offered can be added once there is room again
            return str(error)
        if not editor.why_not:
            forget([path for _, path in named])
        return message

    def _sent(self, turns: Turns, editor: corpus.Editor) -> str:
        """Send the conversation's sources to the Zotero beside this server; return what to tell."""
        if editor.why_not or self.quotas.limits:
            return _ZOTERO_ELSEWHERE
        return zotero.send([turn.answer for turn in turns if turn.answer is not None])

    def shelved(self, seen: float) -> tuple[Any, ...]:
        """Return shelf, work, searched, timer, and when the work that they show began; the shelf,
        with a form that may be open in it, stays while there was no other work since `seen`."""
        shelf, work, searched = self._corpus()
        shown = gr.skip() if seen == self.live.began else shelf
        return shown, work, searched, self._timer(), self.live.began

    def uploaded(self, given: list[str] | None, request: gr.Request) -> tuple[Any, ...]:
        """Return upload field, shelf, work, timer after files were dropped into the corpus."""
        named = [(Path(path).name, Path(path)) for path in given or ()]
        message = self._added(named, request)
        forget([path for _, path in named])
        return None, corpus.shelf(self.live), corpus.work(self.live, message), self._timer()

    def watched(self, turns: Turns) -> tuple[Any, ...]:
        """Return shelf, work, searched, timer, renewal while the index is worked on."""
        if self.live.busy:
            searched = render_searched(self.live.searched())
            return gr.skip(), corpus.work(self.live), searched, gr.skip(), gr.skip()
        return *self._corpus(), self._timer(), self._renewal(turns)

    def answered_anew(
        self, turns: Turns, renewed: Turns, place: Place, request: gr.Request
    ) -> Turns:
        """Return the turns that were answered by words alone, answered by the whole index and
        kept; none while something is asked, or the index is worked on."""
        if renewed or self._waits(turns) or not self.live.ready:
            return renewed
        finder, style = self.live.current, self.live.settings.citation_style
        keeper = self._keeper(request)
        made = tuple(answered_again(finder, turn, style) for turn in turns if turn.preliminary)
        for turn in made:
            if not turn.tried:
                keeper.kept(place, turn)
        return made

    def renewed(self, renewed: Turns, turns: Turns, desk: Desk, place: Place) -> tuple[Any, ...]:
        """Return chat, turns, pane, desk, what there is still to renew, and renewal, with the
        answers that were made anew in the places of those of before, as the page is now."""
        if not renewed or self._waits(turns):
            return *_UNMOVED, *_UNMOVED, gr.skip(), self._renewal(turns)
        made = {(turn.number, turn.key, turn.question): turn for turn in renewed}
        turns = tuple(
            made.get((turn.number, turn.key, turn.question), turn) if turn.preliminary else turn
            for turn in turns
        )
        new = {turn.number for turn in renewed if not turn.tried}
        laid = desk.with_new_answers(self.live.current, turns, new)
        page = _UNMOVED if laid is desk else (laid.page(turns, _address(place)), laid)
        return _chat_messages(turns), turns, *page, (), self._renewal(turns)

    def _waits(self, turns: Turns) -> bool:
        """Return whether answers cannot be made anew yet: what is written while a search goes on
        would be written over by it."""
        return self.live.busy or any(turn.stage == "searching" for turn in turns)

    def _renewal(self, turns: Turns) -> gr.Timer:
        """Return the timer that has answers made anew, which runs while any is preliminary."""
        due = any(turn.preliminary or turn.stage == "searching" for turn in turns)
        return gr.Timer(active=due and not self.live.busy)

    def _worked(self, message: str) -> tuple[Any, ...]:
        shelf, work, _ = self._corpus(message)
        return shelf, work, self._timer(), gr.skip()

    def _corpus(self, message: str = "") -> tuple[str, str, str]:
        work = corpus.work(self.live, message)
        return corpus.shelf(self.live), work, render_searched(self.live.searched())

    def _timer(self) -> gr.Timer:
        return gr.Timer(active=self.live.busy)


def _address(place: Place) -> Address:
    """Return the address of a place, before anything in it is chosen."""
    return Address(
        project="" if place.conversation else place.project, conversation=place.conversation
    )
