"""The HTML of an answer: escaping, marks, dates, counts; and the turns of a conversation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from rag.datatypes import Answer, Claim, Evidence, Finding, Relation, Span, Suggestion, Verdict
from rag.errors import QuestionError
from rag.web import render
from rag.web.chat import EMPTY, HINT, UNEXPECTED, Turn, Turns, converse, stop

PASSAGE = (
    "It is impossible that the allied powers should extend their political system. "
    "We owe it to candor to declare that we should consider any attempt as dangerous.\n"
    "With the existing colonies we have not interfered."
)
QUOTE = "We owe it to candor to declare that we should consider any attempt as dangerous."
AT = 5_000
ATTACKS = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)" x="',
    "' onclick='alert(1)",
    "<img src=x onerror=alert(1)>",
    "</blockquote></article><h1>owned</h1>",
    "**bold** [link](javascript:alert(1)) `code` $$x$$",
    "${alert(1)} {{constructor}} {% x %}",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "\x00\x1b[31m\ud800 \u202e \ufffe",
)


def evidence(**changes: Any) -> Evidence:
    """Return one piece of evidence, with some fields changed."""
    start = AT + PASSAGE.index(QUOTE)
    whole = Evidence(
        claim_id="c1",
        document_id="sotu/1823-Monroe-1",
        title="Seventh Annual Message",
        creator="James Monroe",
        date="1823-12-02",
        collection="sotu",
        collection_title="State of the Union addresses",
        kind="primary",
        locator="paragraph 48",
        start=start,
        end=start + len(QUOTE),
        quote=QUOTE,
        passage_start=AT,
        passage_end=AT + len(PASSAGE),
        passage=PASSAGE,
        relation="context",
        score=0.7,
        likeness=0.7,
        citation="James Monroe, “Seventh Annual Message,” 2 December 1823, paragraph 48.",
        url="https://www.presidency.ucsb.edu/documents/seventh-annual-message-1",
        rights="Public domain.",
        ocr_confidence=None,
    )
    return replace(whole, **changes)


def finding(verdict: Verdict, text: str = "Monroe warned Europe", passages: int = 1) -> Finding:
    """Return a finding with so many passages; for "not found", so many nearest ones."""
    claim = Claim("c1", text, Span(0, len(text)))
    items = tuple(evidence() for _ in range(passages))
    if verdict == "not found":
        return Finding(claim, verdict, nearest=items, notes=("Never mentioned: “Europe”.",))
    return Finding(claim, verdict, items)


def answer(*findings: Finding, set_aside: int = 0, question: str = "?") -> Answer:
    """Return an answer with these findings."""
    aside = tuple(Claim(f"a{n}", f"Is it {n}?", Span(0, 3), "a question") for n in range(set_aside))
    return Answer(question, findings, aside, searched=("Addresses: 249 documents, 1790–2026",))


class Seen(HTMLParser):
    """What a browser makes of a piece of HTML: tags with their attributes, and the text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.marked = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "the tags are not balanced"

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked += data

    def names(self) -> list[str]:
        return [name for name, _ in self.tags]


def test_the_mark_is_on_the_quotation_and_the_passage_is_whole() -> None:
    seen = Seen(render.marked_passage(evidence()))
    assert seen.marked == QUOTE
    assert seen.text == PASSAGE
    assert seen.names() == ["mark"]


@pytest.mark.parametrize(
    "changes",
    [
        {"start": AT - 1},
        {"end": AT + len(PASSAGE) + 1},
        {"start": AT + 9, "end": AT + 9},
    ],
)
def test_offsets_that_do_not_fit_mark_nothing(changes: dict[str, int]) -> None:
    seen = Seen(render.marked_passage(evidence(**changes)))
    assert seen.text == PASSAGE
    assert seen.names() == []


def test_a_mark_at_both_ends_of_the_passage() -> None:
    seen = Seen(render.marked_passage(evidence(start=AT, end=AT + len(PASSAGE))))
    assert seen.marked == PASSAGE


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_from_outside_becomes_markup(attack: str) -> None:
    harmless = Seen(render.render_card(evidence(passage="x", start=0, end=0, passage_start=0)))
    fields = (
        "title",
        "creator",
        "date",
        "collection_title",
        "locator",
        "citation",
        "rights",
        "passage",
    )
    nasty = evidence(**dict.fromkeys(fields, attack), start=0, end=0, passage_start=0)
    seen = Seen(render.render_card(nasty))
    assert seen.tags == harmless.tags
    shown = attack.translate({0: "\ufffd", 0x1B: "\ufffd", 0xD800: "\ufffd", 0xFFFE: "\ufffd"})
    assert seen.text.count(shown) >= len(fields)
    claim = Claim("c", attack, Span(0, len(attack)), attack)
    hostile = Answer(attack, (Finding(claim, "not found", notes=(attack,)),), (claim,), (attack,))
    for markup in (
        render.render_finding(hostile.findings[0], (attack,)),
        render.render_closing(hostile),
        render.render_question(attack),
        render.render_question(attack * 300),
        render.render_message(attack),
        render.render_searched((attack,)),
        render.render_searched((attack, attack)),
    ):
        assert shown in Seen(markup).text
        assert not {"script", "img", "a", "b", "h1"} & set(Seen(markup).names())
        assert not any(name.startswith("on") for _, attrs in Seen(markup).tags for name in attrs)
        markup.encode()


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.org/a?b=1&c=2#d", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>1</script>", False),
        ("//example.org", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[", False),
        ("https://example.org/\x00", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, linked: bool) -> None:
    links = [
        attrs for name, attrs in Seen(render.render_card(evidence(url=url))).tags if name == "a"
    ]
    assert len(links) == linked
    for link in links:
        assert link["href"] == url
        assert link["target"] == "_blank"
        assert "noopener" in str(link["rel"])


def test_quotes_in_an_address_stay_inside_its_attribute() -> None:
    url = 'https://example.org/"onclick="alert(1)'
    [link] = [a for name, a in Seen(render.render_link(url, "Open")).tags if name == "a"]
    assert set(link) == {"class", "href", "target", "rel"}
    assert link["href"] == url


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("1823-12-02", "2 December 1823"),
        ("1790-01-08", "8 January 1790"),
        ("1964-11", "November 1964"),
        ("1964", "1964"),
        (None, "undated"),
        ("", "undated"),
        ("1964-13-01", "1964-13-01"),
        ("spring 1964", "spring 1964"),
    ],
)
def test_dates_are_written_out(date: str | None, words: str) -> None:
    assert render.written_date(date) == words


def test_a_card_says_who_when_where_and_how_to_cite() -> None:
    text = Seen(render.render_card(evidence())).text
    for part in (
        "James Monroe",
        "2 December 1823",
        "Seventh Annual Message",
        "State of the Union addresses · paragraph 48 · primary source",
        "Bears on the claim",
        evidence().citation,
        "Copy citation",
        "Open the source",
        "Public domain.",
    ):
        assert part in text


def test_a_card_leaves_out_what_is_not_known() -> None:
    bare = render.render_card(evidence(creator=None, locator="", date=None, kind="unknown"))
    assert "sf-creator" not in bare
    assert "State of the Union addresses · kind of source not stated" in Seen(bare).text
    assert "undated" in bare


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        ("supports", "Supports the claim"),
        ("contradicts", "Contradicts the claim"),
        ("context", "Bears on the claim"),
    ],
)
def test_relations_in_words(relation: Relation, words: str) -> None:
    assert words in render.render_card(evidence(relation=relation))


@pytest.mark.parametrize("verdict", list(render.VERDICT_WORDS))
def test_verdicts_in_plain_words(verdict: Verdict) -> None:
    seen = Seen(render.render_finding(finding(verdict)))
    assert render.VERDICT_WORDS[verdict] in seen.text
    assert seen.open == []


def test_not_found_says_what_was_searched_and_labels_the_nearest() -> None:
    alone = render.render_finding(finding("not found"), ("Addresses: 249 documents",))
    assert '<details class="sf-fold sf-fold-nearest" open>' in alone
    markup = render.render_finding(finding("not found"), ("Addresses: 249 documents",), folded=True)
    seen = Seen(markup)
    assert "Nothing in this corpus bears on it." in seen.text
    assert "Searched: Addresses: 249 documents" in seen.text
    assert "Never mentioned: “Europe”." in seen.text
    assert "which are not evidence" in seen.text
    assert "Bears on the claim" not in seen.text
    assert ("details", {"class": "sf-fold sf-fold-nearest"}) in seen.tags
    assert markup.index("<details") < markup.index("sf-card")


def test_among_many_claims_all_but_the_first_cards_are_folded() -> None:
    one = render.render_finding(finding("related", passages=7))
    assert "<details" not in one
    many = render.render_finding(finding("related", passages=7), folded=True)
    before, after = many.split("<details", 1)
    assert before.count("<article") == render.OPEN_CARDS
    assert after.count("<article") == 7 - render.OPEN_CARDS
    assert "4 more passages" in after
    few = render.render_finding(finding("related", passages=3), folded=True)
    assert "<details" not in few


def test_a_claim_that_is_the_whole_question_is_not_repeated() -> None:
    found = finding("related", "Monroe warned Europe")
    assert "<h2" not in render.render_finding(found, question="Monroe warned Europe\n")
    assert "<h2" in render.render_finding(found, question="Monroe warned Europe. Twice.")


def test_summary_of_many_sentences() -> None:
    whole = answer(*[finding("related")] * 5, *[finding("not found")] * 12, set_aside=7)
    words = "24 sentences: 5 with passages that bear on them, 12 not found, 7 set aside"
    assert render.summary_counts(whole) == words
    assert words in render.render_summary(whole, "done")
    judged = answer(finding("supported"), finding("contradicted"), finding("mixed"))
    assert render.summary_counts(judged) == (
        "3 sentences: 1 supported, 1 contradicted, 1 with passages on both sides"
    )


def test_summary_of_one_claim() -> None:
    assert "6 passages found" in render.render_summary(
        answer(finding("related", passages=6)), "done"
    )
    assert "1 passage found" in render.render_summary(answer(finding("related")), "done")
    assert "No passage found" in render.render_summary(answer(finding("not found")), "done")
    assert "could be looked up" in render.render_summary(answer(), "done")


def test_summary_while_searching_and_when_stopped() -> None:
    many = answer(finding("related"), finding("not found"))
    counts = "2 sentences: 1 with passages that bear on them, 1 not found"
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


def test_contents_of_a_long_answer_lead_to_its_findings() -> None:
    whole = answer(finding("related", "First."), finding("not found", "<b>Second.</b>"))
    seen = Seen(render.render_contents(whole, "done", ["sf-0-0", "sf-0-1"]))
    links = [attrs["href"] for name, attrs in seen.tags if name == "a"]
    assert links == ["#sf-0-0", "#sf-0-1"]
    assert "First. passages that bear on it" in seen.text
    assert "<b>Second.</b> not found" in seen.text
    place = render.render_contents(whole, "searching", [])
    assert Seen(place).names() == ["p"]
    assert Seen(place).text == ""
    assert render.render_contents(answer(finding("related")), "done", ["sf-0-0"]) == ""
    turn = last(converse(Canned(whole), "q", ()))
    for name in links:
        assert f'id="{str(name)[1:]}"' in "".join(turn.sections)


def test_a_long_question_is_folded_but_whole() -> None:
    text = "A claim about the past. " * 100
    seen = Seen(render.render_question(text))
    assert seen.names()[0] == "details"
    assert seen.text.endswith(text)
    assert "All 2,400 characters" in seen.text
    assert Seen(render.render_question("a\n\n b")).text == "a\n\n b"
    for odd in ("x" * 900, "\n" * 900, "\n" * 900 + "y", f"{' ' * 300}a {'z' * 900}"):
        assert Seen(render.render_question(odd)).text.endswith(odd)


def test_the_searched_line() -> None:
    assert "No collection" in render.render_searched(())
    assert "Addresses" in render.render_searched(("Addresses",))
    assert "2 collections" in render.render_searched(("Addresses", "Memoirs"))


# ---- the turns of a conversation ----


class Canned:
    """A finder that yields given answers, then raises, where told to."""

    def __init__(self, *answers: Answer, error: Exception | None = None) -> None:
        self.answers, self.error = answers, error

    def stream(self, text: str) -> Iterator[Answer]:
        yield from self.answers
        if self.error:
            raise self.error

    def searched(self) -> tuple[str, ...]:
        return ("Addresses",)


def last(steps: Iterator[Turns]) -> Turn:
    """Return the last turn of the last state of a conversation."""
    return list(steps)[-1][-1]


def test_an_answer_grows_and_sections_on_the_page_stay() -> None:
    whole = answer(finding("related", passages=5), finding("not found"), set_aside=1)
    first = replace(whole, findings=whole.findings[:1], set_aside=())
    steps = list(converse(Canned(first, whole), "one", ()))
    assert [len(turns) for turns in steps] == [1] * len(steps)
    assert steps[0][0].blocks() == (render.render_summary(None, "searching"),)
    assert steps[1][0].sections[0] == steps[-1][0].sections[0]
    done = steps[-1][0]
    assert done.stage == "done"
    assert len(done.blocks()) == 4
    assert "set aside" in done.blocks()[-1]


def test_an_error_for_the_reader_keeps_what_was_found() -> None:
    turn = last(
        converse(Canned(answer(finding("related")), error=QuestionError("Too long.")), "q", ())
    )
    assert turn.stage == "failed"
    assert len(turn.sections) == 1
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


def test_where_to_look_next_is_linked_and_escaped() -> None:
    places = (
        Suggestion("Volume XIV", "https://example.org/xiv", "It names <Zhou>.", "frus1964-68v14"),
        Suggestion("Bad", "javascript:alert(1)", "No link."),
    )
    html = render.render_look_next(places, folded=False)
    assert "<details" in html
    assert " open>" in html
    assert 'href="https://example.org/xiv"' in html
    assert "source-finder fetch frus1964-68v14" in html
    assert "&lt;Zhou&gt;" in html
    assert "javascript" not in html
    assert render.render_look_next((), folded=True) == ""


def test_a_card_says_that_its_text_was_read_by_ocr() -> None:
    assert "read by OCR, 91% sure" in render.render_card(evidence(ocr_confidence=0.91))
    assert "OCR" not in render.render_card(evidence())
