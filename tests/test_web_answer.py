"""The chat's side of an answer as HTML, and the turns of a conversation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rag.claims.references import ASKS_FOR_A_VERDICT, UNCLEAR
from rag.datatypes import Claim, Span, Suggestion, Summary, SummaryStatement, VideoLink
from rag.errors import QuestionError
from rag.projects import Scope
from rag.web import chat as render
from rag.web.chat import (
    EMPTY,
    HINT,
    UNEXPECTED,
    Turn,
    Turns,
    converse,
    stop,
)
from rag.wording import VERDICT_WORDS
from tests.answers import ATTACKS, Canned, Seen, answer, evidence, finding

POST = "Monroe warned Europe. Is that so? Polk found gold."
WARNED = finding("contradicted", "Monroe warned Europe.", at=0)
FOUND = finding("not found", "Polk found gold.", at=34)
ASIDE = Claim("a", "Is that so?", Span(22, 33), "a question")


def test_claims_are_marked_in_the_question_by_their_verdict() -> None:
    whole = replace(answer(WARNED, FOUND, question=POST), set_aside=(ASIDE,))
    seen = Seen(render.render_question(POST, whole, turn=3))
    first, second = seen.all("a")
    assert "sf-contradicted" in str(first["class"])
    assert "sf-not-found" in str(second["class"])
    assert (first["data-act"], first["data-turn"], first["data-finding"]) == ("claim", "3", "0")
    assert second["data-finding"] == "1"
    assert seen.all("span", title="Set aside: a question")
    spoken = [" (Contradicted)", " (Not found here)"]
    words = seen.text
    for part in spoken:
        assert part in words
        words = words.replace(part, "")
    assert words == POST


def test_claims_that_share_words_or_lie_outside_mark_nothing_twice() -> None:
    same = replace(FOUND, claim=replace(FOUND.claim, span=Span(5, 21)))
    beyond = replace(FOUND, claim=replace(FOUND.claim, span=Span(40, 99)))
    whole = answer(WARNED, same, beyond, question=POST)
    assert len(Seen(render.render_question(POST, whole)).all("a")) == 1


def test_what_was_searched_instead_is_said() -> None:
    seen = Seen(render.render_question("and Mao?", answer(WARNED), searched_as="Mao (Zhou)"))
    assert seen.text == "and Mao?Searched as: Mao (Zhou)"
    assert not seen.all("a")


def test_a_long_question_scrolls_in_a_box_of_its_own() -> None:
    text = "A claim about the past. " * 100
    seen = Seen(render.render_question(text))
    assert seen.text == text
    [box] = seen.all("div")
    assert box["tabindex"] == "0"
    assert box["role"] == "region"
    assert "tabindex" not in Seen(render.render_question("a\n\n b")).all("div")[0]


@pytest.mark.parametrize("verdict", list(VERDICT_WORDS))
def test_a_row_says_the_verdict_and_leads_to_the_passages(verdict: str) -> None:
    row = render.render_row(finding(verdict), 1, 4, question="other", many=True)
    seen = Seen(row)
    [link] = seen.all("a")
    assert (link["data-turn"], link["data-finding"]) == ("4", "1")
    assert "2. Monroe warned Europe" in seen.text
    assert ("no passage" in seen.text) == (verdict == "not found")


def test_a_row_counts_both_sides_and_shows_the_best_quotation() -> None:
    items = [evidence(relation=r) for r in ("supports", "contradicts", "supports", "context")]
    mixed = replace(finding("mixed"), evidence=tuple(items))
    text = Seen(render.render_row(mixed, 0, 0, question="?", many=True)).text
    assert "4 passages: 2 for, 1 against" in text
    alone = Seen(render.render_row(mixed, 0, 0, question="?", many=False)).text
    assert "4 passages" not in alone
    assert ">4 passages found: 2 for, 1 against<" in render.render_summary(answer(mixed), "done")
    assert items[0].quote in text
    assert "James Monroe, 2 December 1823" in text


def test_a_row_counts_passages_on_the_very_point() -> None:
    items = [evidence(relation=r, says=0.4, denies=0.2) for r in ("supports", "context")]
    items.append(evidence(relation="context", says=0.2, denies=0.2))
    mixed = replace(finding("supported"), evidence=tuple(items))
    text = Seen(render.render_row(mixed, 0, 0, question="?", many=True)).text
    assert "3 passages: 1 for, 1 on this very point" in text


def test_a_claim_that_is_the_whole_question_is_not_repeated() -> None:
    found = finding("related")
    for question, times in (("Monroe warned Europe\n", 0), ("Monroe warned Europe. Twice.", 1)):
        row = render.render_row(found, 0, 0, question=question, many=False)
        assert row.count('class="sf-row-claim"') == times


def test_a_row_says_who_said_it_when_and_what_was_searched() -> None:
    claim = Claim("c", "He met Mao.", Span(0, 11), None, "Zhou met Mao.", "Radchenko", 3_675.0)
    text = Seen(render.render_row(replace(WARNED, claim=claim), 0, 0, question="", many=True)).text
    assert "at 1:01:15 · said by Radchenko" in text
    assert "Searched as: Zhou met Mao." in text


def test_summary_of_many_sentences() -> None:
    whole = answer(*[finding("related")] * 5, *[finding("not found")] * 12, set_aside=7)
    words = "24 sentences: 5 for you to judge, 12 not found, 7 set aside"
    assert render.summary_counts(whole) == words
    assert words in render.render_summary(whole, "done")
    judged = answer(finding("supported"), finding("contradicted"), finding("mixed"))
    assert render.summary_counts(judged) == ("3 sentences: 1 supported, 1 contradicted, 1 disputed")


def test_summary_of_one_claim() -> None:
    six = answer(finding("related", passages=6))
    assert "6 passages found" in render.render_summary(six, "done")
    assert "1 passage found" in render.render_summary(answer(finding("related")), "done")
    assert "No passage found" in render.render_summary(answer(finding("not found")), "done")
    assert "could be looked up" in render.render_summary(answer(), "done")


def test_summary_while_searching_and_when_stopped() -> None:
    many = answer(finding("related"), finding("not found"))
    counts = "2 sentences: 1 for you to judge, 1 not found"
    assert f">Searching… so far, {counts}<" in render.render_summary(many, "searching")
    assert f">Stopped; so far, {counts}<" in render.render_summary(many, "stopped")
    assert ">Searching…<" in render.render_summary(None, "searching")
    assert ">Searching…<" in render.render_summary(answer(), "searching")
    assert ">Stopped<" in render.render_summary(None, "stopped")


def test_closing_lists_what_was_set_aside_with_reasons() -> None:
    whole = answer(finding("related"), set_aside=2)
    short = Claim("s", "Indeed.", Span(0, 7), "too short to check")
    seen = Seen(render.render_closing(replace(whole, set_aside=(*whole.set_aside, short))))
    assert "3 sentences were set aside, and why" in seen.text
    assert "Set aside: a questionIs it 0?Is it 1?" in seen.text
    assert "Set aside: too short to checkIndeed." in seen.text
    assert "Searched: Addresses: 249 documents, 1790–2026" in seen.text


def test_videos_are_linked_with_their_other_front_ends() -> None:
    video = VideoLink("https://y.example/v", "v", (("Alt", "https://a.example/v"), ("x", "js:1")))
    seen = Seen(render.render_closing(replace(answer(), videos=(video,))))
    assert [a["href"] for a in seen.all("a")] == ["https://y.example/v", "https://a.example/v"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_from_outside_becomes_markup(attack: str) -> None:
    shown = attack.translate({0: "\ufffd", 0x1B: "\ufffd", 0xD800: "\ufffd", 0xFFFE: "\ufffd"})
    claim = Claim("c", attack, Span(0, len(attack)), attack, said_by=attack)
    hostile = replace(answer(question=attack), set_aside=(claim,), notes=(attack,))
    found = replace(finding("not found"), claim=claim, notes=(attack,))
    for markup in (
        render.render_row(found, 0, 0, question="", many=True),
        render.render_closing(hostile),
        render.render_question(attack, answer(found, question=attack)),
        render.render_question(attack * 300),
        render.render_message(attack),
        render.render_offer(attack, attack),
        render.render_searched((attack,)),
        render.render_searched((attack, attack)),
    ):
        seen = Seen(markup)
        assert shown in seen.text
        assert not {"script", "img", "b", "h1"} & set(seen.names())
        assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)
        assert all(link["href"] == "#sf-pane" for link in seen.all("a"))
        markup.encode()


def test_the_searched_line() -> None:
    assert "No collection" in render.render_searched(())
    assert "Addresses" in render.render_searched(("Addresses",))
    assert "2 collections" in render.render_searched(("Addresses", "Memoirs"))


# ---- the turns of a conversation ----


def last(steps: Iterator[Turns]) -> Turn:
    """Return the last turn of the last state of a conversation."""
    return list(steps)[-1][-1]


def test_an_answer_grows_and_rows_on_the_page_stay() -> None:
    whole = answer(finding("related", passages=5), finding("not found"), set_aside=1)
    first = replace(whole, findings=whole.findings[:1])
    steps = list(converse(Canned(first, whole), "one", ()))
    assert [len(turns) for turns in steps] == [1] * len(steps)
    assert steps[0][0].blocks() == (render.render_summary(None, "searching"),)
    assert steps[1][0].blocks()[2] == steps[-1][0].blocks()[2]
    done = steps[-1][0]
    assert done.stage == "done"
    counts, overview, row, missing, closing = done.blocks()
    assert "something on 1 claim of 2 and nothing on 1" in overview
    assert "sf-row" in row
    assert "<details" in missing and "Nothing in these sources on 1 claim" in missing
    assert "set aside" in counts and "set aside" in closing


def test_the_overview_of_a_long_text_names_what_could_be_added() -> None:
    volume = Suggestion("Volume XIV", "https://example.org/14", "It has it.", "frus14")
    search = Suggestion("Search Archive", "https://example.org/find?q=x", "The search is for: x.")
    other = replace(search, url="https://example.org/find?q=y")
    lost = [
        replace(finding("not found"), look_next=(volume, search)),
        replace(finding("not found"), look_next=(volume, other)),
    ]
    overview = render.render_overview(answer(finding("related"), *lost), done=True)
    seen = Seen(overview)
    assert [b["data-id"] for b in seen.all("button")] == ["frus14"]
    assert [a["href"] for a in seen.all("a")] == ["https://example.org/14", "https://example.org/"]
    assert seen.text.count("(2 claims)") == 2
    assert "Volume" not in render.render_overview(answer(*lost), done=False)


def test_a_language_models_summary_is_shown_with_its_sources() -> None:
    said = SummaryStatement("Monroe <b>warned</b>.", "c1", "d", 0, 4, "We owe", "Monroe, p. 1.")
    whole = replace(answer(finding("related")), summary=Summary("m", (said,), ("no quotation",)))
    text = Seen("".join(last(converse(Canned(whole), "q", ())).blocks())).text
    for shown in ("language model m", "Monroe <b>warned</b>.", "We owe", "Monroe, p. 1."):
        assert shown in text
    assert "Struck: no quotation" in text


def test_a_question_that_leans_on_the_one_before_carries_its_names() -> None:
    finder = Canned(answer(finding("related"), question="Zhou Enlai met Malinowski in Moscow"))
    turns = list(converse(finder, "Zhou Enlai met Malinowski in Moscow", ()))[-1]
    turn = last(converse(finder, "and what did Mao say?", turns))
    assert turn.question == "and what did Mao say?"
    assert turn.searched_as == "and what did Mao say (Zhou Enlai met Malinowski in Moscow)?"
    assert finder.asked[-1][0] == turn.searched_as
    assert "Searched as: and what did Mao say (Zhou" in turn.asked()
    chosen = last(converse(finder, "and what did Mao say?", turns, ["Brezhnev spoke in Kiev"]))
    assert chosen.searched_as == "and what did Mao say (Brezhnev spoke in Kiev)?"
    assert last(converse(finder, "Monroe warned Europe", turns)).searched_as == ""


INSURANCE = "Truman asked for national health insurance"


def asked_before(question: str = INSURANCE, **changes: Any) -> tuple[Canned, Turns]:
    """Return a finder, and a conversation in which it answered one question."""
    found = finding("related")
    claim = replace(found.claim, text=question, resolved=None)
    dated = tuple(replace(item, **changes) for item in found.evidence)
    finder = Canned(answer(replace(found, claim=claim, evidence=dated), question=question))
    return finder, list(converse(finder, question, ()))[-1]


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("and what did Nixon say about it?", f"({INSURANCE})"),
        ("and who was against that?", f"({INSURANCE})"),
        ("who says so?", f"({INSURANCE})"),
        ("how many times?", f"({INSURANCE})"),
        ("when was this?", f"({INSURANCE})"),
        ("did he ever tell the voters of it?", "(national health insurance, Truman)"),
        ("and what did he say of Russia?", "(Truman)"),
    ],
)
def test_a_question_that_points_to_a_matter_carries_its_words(text: str, carried: str) -> None:
    finder, turns = asked_before()
    turn = last(converse(finder, text, turns))
    assert turn.searched_as == f"{text[:-1]} {carried}?"
    assert finder.asked[-1][0] == turn.searched_as


@pytest.mark.parametrize(
    ("question", "text", "wanted"),
    [
        (
            "Kennedy promised to send men to the moon.",
            "What about Nixon?",
            "Nixon promised to send men to the moon?",
        ),
        (
            "what did Lincoln say of the tariff?",
            "and how about fdr",
            "what did fdr say of the tariff?",
        ),
        ("Spain ceded Florida in 1819", "what about France?", "France ceded Florida in 1819?"),
        ("Polk wanted California", "And Tyler?", "Tyler wanted California?"),
        ("Polk wanted California", "and in Oregon?", "and in Oregon (Polk wanted California)?"),
        (
            "Jackson removed the Creeks",
            "What about the Seminoles?",
            "What about the Seminoles (Jackson removed the Creeks)?",
        ),
    ],
)
def test_the_question_before_is_asked_of_another(question: str, text: str, wanted: str) -> None:
    finder, turns = asked_before(question)
    assert last(converse(finder, text, turns)).searched_as == wanted


@pytest.mark.parametrize(
    ("text", "found", "bounds", "told"),
    [
        ("something earlier?", "1948-01-07", (None, "1948-01-06"), "up to 6 January 1948"),
        ("could you find something older", "1948", (None, "1947-12-31"), "up to 31 December 1947"),
        ("Show me older sources on this", "1948", (None, "1947-12-31"), "up to 31 December 1947"),
        ("and later?", "1948-12", ("1949-01-01", None), "from 1 January 1949 on"),
        ("anything more recent than that", "1948-12-31~", ("1949-01-01", None), "from 1 January"),
        ("after that", "1948", ("1949-01-01", None), "from 1 January 1949 on"),
        ("anything else in that speech?", "1948-01-07", ("1948-01-07",) * 2, "of 7 January 1948"),
    ],
)
def test_earlier_and_later_sources_are_looked_up_for_the_question_before(
    text: str, found: str, bounds: tuple[str | None, str | None], told: str
) -> None:
    finder, turns = asked_before(date=found)
    turn = last(converse(finder, text, turns))
    query, _, _, *asked = finder.asked[-1]
    assert (query, tuple(asked)) == (INSURANCE, bounds)
    assert told in turn.searched_as
    assert (turn.scope.after, turn.scope.before) == bounds
    narrow = last(converse(finder, text, turns, scope=Scope(("a",), "1900", "1950")))
    assert narrow.scope == Scope(("a",), bounds[0] or "1900", bounds[1] or "1950")


@pytest.mark.parametrize(
    "text", ["Earlier tariffs failed", "before the war", "Later he resigned", "more in the Senate"]
)
def test_what_only_has_such_a_word_is_looked_up_as_it_is(text: str) -> None:
    finder, turns = asked_before(date="1948")
    last(converse(finder, text, turns))
    assert finder.asked[-1][3:] == (None, None)
    undated, turns = asked_before(date=None)
    assert last(converse(undated, "earlier?", turns)).scope == Scope()


@pytest.mark.parametrize(
    "text", ["when exactly?", "why?", "who else?", "is that true?", "so is it true or not?"]
)
def test_what_goes_on_and_cannot_be_understood_is_told_so(text: str) -> None:
    finder, turns = asked_before("gold was found in california " + "and in the mountains " * 8)
    turn = last(converse(finder, text, turns))
    assert turn.answer is None
    assert turn.message == (ASKS_FOR_A_VERDICT if "true" in text else UNCLEAR)
    assert len(finder.asked) == 1
    assert last(converse(Canned(answer()), text, ())).message == ""  # it goes on from nothing


@pytest.mark.parametrize("text", ["nixon resigned", "slavery", "Who was Taft?", "1848", "thanks!"])
def test_what_names_something_is_looked_up(text: str) -> None:
    finder, turns = asked_before("gold was found in california")
    assert last(converse(finder, text, turns)).message == ""


def test_an_error_for_the_reader_keeps_what_was_found() -> None:
    found = Canned(answer(finding("related")), error=QuestionError("Too long."))
    turn = last(converse(found, "q", ()))
    assert turn.stage == "failed"
    assert "sf-row" in turn.blocks()[1]
    assert "Too long." in turn.blocks()[-1]
    early = last(converse(Canned(error=QuestionError("Too <long>.")), "q", ()))
    assert [Seen(block).text for block in early.blocks()] == ["Too <long>."]


def test_a_fault_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        turn = last(converse(Canned(error=RuntimeError("secret")), "q", ()))
    assert turn.message == UNEXPECTED
    assert "secret" not in "".join(turn.blocks())
    assert "RuntimeError: secret" in caplog.text


def test_empty_questions_and_empty_answers() -> None:
    first = next(converse(Canned(), " \n", ()))
    assert [turn.message for turn in first] == [HINT]
    assert next(converse(Canned(), "", first)) == first
    assert last(converse(Canned(), "q", ())).message == EMPTY


def test_stopping() -> None:
    under_way = next(converse(Canned(answer(finding("related"))), "q", ()))
    assert stop(under_way)[-1].stage == "stopped"
    assert stop(()) == ()
    done = tuple(converse(Canned(answer(finding("related"))), "q", ()))[-1]
    assert stop(done) == done
