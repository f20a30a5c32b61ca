"""The passages beside the chat: cards, timeline, filters, what a click does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.claims.transcripts import MAX_CHARS
from rag.datatypes import Reason, Relation, Span, Suggestion, Verdict
from rag.finder import SourceFinder
from rag.web import pane
from rag.web.address import DEPTH, Filters, choose, from_form, render_filters
from rag.web.chat import Turn, converse
from rag.web.desk import Desk
from rag.web.markup import link
from rag.web.pane import marked_passage, render_card, render_timeline, year_of
from rag.web.uploads import sort_dropped
from rag.wording import VERDICT_WORDS
from tests.answers import (
    AT,
    ATTACKS,
    PASSAGE,
    QUOTE,
    Canned,
    Seen,
    answer,
    evidence,
    finding,
)

# ---- a card ----


def test_the_mark_is_on_the_quotation_and_the_passage_is_whole() -> None:
    seen = Seen(str(marked_passage(evidence())))
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
    seen = Seen(str(marked_passage(evidence(**changes))))
    assert seen.text == PASSAGE
    assert seen.names() == []


def test_a_mark_at_both_ends_of_the_passage() -> None:
    seen = Seen(str(marked_passage(evidence(start=AT, end=AT + len(PASSAGE)))))
    assert seen.marked == PASSAGE


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_from_outside_becomes_markup(attack: str) -> None:
    fields = ["title", "creator", "date", "collection_title", "locator", "citation", "rights"]
    changes = dict.fromkeys([*fields, "passage", "document_id"], attack)
    nasty = evidence(
        **changes,
        start=0,
        end=0,
        passage_start=0,
        reasons=(Reason("number", attack, attack, False),),
    )
    plain = evidence(
        passage="x", start=0, end=0, passage_start=0, reasons=(Reason("number", "1", "2", False),)
    )
    seen, harmless = (Seen(render_card(item, place="sf-e0")) for item in (nasty, plain))
    assert seen.names() == harmless.names()
    assert [set(a) for _, a in seen.tags] == [set(a) for _, a in harmless.tags]
    shown = attack.translate({0: "\ufffd", 0x1B: "\ufffd", 0xD800: "\ufffd", 0xFFFE: "\ufffd"})
    assert seen.text.count(shown) >= len(fields) + 3
    drawn = Seen(render_timeline([replace(nasty, date="1823")], ["p"], (1800, 1801)))
    assert not {"script", "img", "b", "h1"} & set(drawn.names())
    hostile = replace(finding("related"), evidence=(nasty,), notes=(attack,))
    for markup in (pane.render_finding(hostile), pane.render_problem(attack)):
        assert not any(n.startswith("on") for _, attrs in Seen(markup).tags for n in attrs)
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
    links = Seen(render_card(evidence(url=url), place="p")).all("a")
    assert len(links) == linked
    for found in links:
        assert found["href"] == url
        assert found["target"] == "_blank"
        assert "noopener" in str(found["rel"])


def test_quotes_in_an_address_stay_inside_its_attribute() -> None:
    url = 'https://example.org/"onclick="alert(1)'
    [found] = Seen(link(url, "Open")).all("a")
    assert set(found) == {"class", "href", "target", "rel"}
    assert found["href"] == url


def test_a_card_says_who_when_where_and_how_to_cite() -> None:
    text = Seen(render_card(evidence(), place="p")).text
    for part in (
        "James Monroe",
        "2 December 1823",
        "Seventh Annual Message",
        "State of the Union addresses · paragraph 48 · primary source",
        "Bears on this",
        evidence().citation,
        "Copy citation",
        "On the web",
        "Public domain.",
    ):
        assert part in text


def test_a_card_leaves_out_what_is_not_known() -> None:
    bare = render_card(evidence(creator=None, locator="", date=None, kind="unknown"), place="p")
    assert "sf-creator" not in bare
    assert "State of the Union addresses · kind of source not stated" in Seen(bare).text
    assert "undated" in bare


def test_a_card_says_that_its_text_was_read_by_ocr() -> None:
    assert "scanned text, read by machine" in render_card(evidence(ocr_confidence=0.91), place="p")
    assert "scanned" not in render_card(evidence(), place="p")


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        ("supports", "Supports this"),
        ("contradicts", "Contradicts this"),
        ("context", "Bears on this"),
    ],
)
def test_relations_in_words(relation: Relation, words: str) -> None:
    reasons = (Reason("number", "1832", "1823", False), Reason("name", "Monroe", "Monroe", True))
    item = evidence(relation=relation, reasons=reasons)
    seen = Seen(render_card(item, place="p"))
    assert words in seen.text
    assert "the claim has “1832”, the passage “1823”" in seen.text or relation == "supports"
    assert not seen.all("table")
    nearest = Seen(render_card(item, place="p", apart="Not evidence")).text
    assert words not in nearest
    assert "1832" not in nearest


SPOKE = Reason("name", "Reagan", "(whose words these are)", True)


@pytest.mark.parametrize(
    ("relation", "reasons", "words"),
    [
        ("context", (SPOKE, Reason("name", "Moscow", "", False), Reason("number", "12", "", False)),
         "Same speaker, possibly on the same subject; the passage does not say “Moscow” or “12”."),
        ("context", (), "Possibly on the same subject."),
        ("contradicts", (Reason("number", "12", "20", False),),
         "The passage says otherwise: the claim has “12”, the passage “20”."),
        ("contradicts", (), "The passage says otherwise."),
        ("supports", (SPOKE, Reason("date", "1983", "1983", True)),
         "The passage says this, with the same speaker and date."),
    ],
)  # fmt: skip
def test_one_plain_sentence_says_how_a_passage_stands(
    relation: Relation, reasons: tuple[Reason, ...], words: str
) -> None:
    assert words in Seen(render_card(evidence(relation=relation, reasons=reasons), place="p")).text


def test_a_passage_that_likely_decides_is_said_to_be_on_the_very_point() -> None:
    item = evidence(relation="context", reasons=(SPOKE,), says=0.3, denies=0.3)
    text = Seen(render_card(item, place="p")).text
    assert "Same speaker, on this very point; read it to see whether it agrees." in text
    text = Seen(render_card(replace(item, denies=0.1), place="p")).text
    assert "very point" not in text


def test_several_differences_are_listed() -> None:
    reasons = tuple(Reason("number", str(n), str(n + 10), False) for n in range(3))
    item = evidence(relation="contradicts", reasons=reasons)
    assert len(Seen(render_card(item, place="p")).all("li")) == 3


def test_a_question_has_passages_and_no_verdict() -> None:
    asked = finding("related", "Who bought Alaska?")
    asked = replace(asked, claim=replace(asked.claim, form="question"))
    text = Seen(pane.render_finding(asked)).text
    assert "may answer this" in text
    assert "for you to judge" not in text


# ---- the claim ----


@pytest.mark.parametrize("verdict", list(VERDICT_WORDS))
def test_verdicts_in_plain_words(verdict: Verdict) -> None:
    found = replace(finding(verdict), confidence=0.87)
    found = replace(found, evidence=tuple(replace(i, bearing=0.9) for i in found.evidence))
    text = Seen(pane.render_finding(found)).text
    assert VERDICT_WORDS[verdict] in text
    assert "87 in 100 were judged correctly" in text


def test_passages_none_of_which_is_surely_on_the_subject_are_told_so() -> None:
    found = replace(finding("related"), evidence=tuple(evidence(bearing=b) for b in (0.3, 0.6)))
    assert "possibly on this subject" in Seen(pane.render_finding(found)).text
    found = replace(found, evidence=(*found.evidence, evidence(bearing=0.8)))
    assert "possibly on this subject" not in Seen(pane.render_finding(found)).text.split(".")[0]
    assert VERDICT_WORDS["related"] in Seen(pane.render_finding(found)).text


def test_not_found_says_what_was_searched_and_labels_the_nearest() -> None:
    markup = pane.render_finding(finding("not found"), searched=("Addresses: 249 documents",))
    text = Seen(markup).text
    assert '<details class="sf-fold sf-fold-nearest" open>' in markup
    assert "Nothing in this corpus bears on it." in text
    assert "Searched: Addresses: 249 documents" in text
    assert "Never mentioned: “Europe”." in text
    assert "which are not evidence" in text
    assert "Bears on this" not in text
    assert markup.index("<details") < markup.index("sf-card")


def test_steps_lead_from_claim_to_claim() -> None:
    def steps(number: int) -> list[str | None]:
        markup = pane.render_finding(finding("related"), turn=2, number=number, claims=3)
        return [b["data-finding"] for b in Seen(markup).all("button", **{"data-act": "claim"})]

    assert [steps(n) for n in range(3)] == [["1"], ["0", "2"], ["1"]]
    assert "Claim 1 of" not in pane.render_finding(finding("related"))


def test_where_to_look_next_is_linked_and_escaped() -> None:
    places = (
        Suggestion("Volume XIV", "https://example.org/xiv", "It names <Zhou>.", "frus1964-68v14"),
        Suggestion("Bad", "javascript:alert(1)", "No link."),
    )
    html = pane.render_look_next(places, opened=True)
    assert " open>" in html
    assert 'href="https://example.org/xiv"' in html
    assert [b["data-id"] for b in Seen(html).all("button")] == ["frus1964-68v14"]
    assert "&lt;Zhou&gt;" in html
    assert "javascript" not in html
    assert pane.render_look_next((), opened=False) == ""


# ---- the timeline ----


def circles(markup: str) -> list[tuple[float, float, str]]:
    return [
        (float(str(c["cx"])), float(str(c["cy"])), str(c["class"]))
        for c in Seen(markup).all("circle")
    ]


def test_the_timeline_has_a_dot_for_each_dated_source_and_a_band_for_the_claimed_years() -> None:
    items = [
        evidence(date="1823-12-02", relation="contradicts"),
        evidence(date="1832"),
        evidence(date=None),
        evidence(date="1823-12-02", relation="supports"),
    ]
    markup = render_timeline(items, ["a", "b", "c", "d"], (1832, 1832))
    dots = circles(markup)
    assert [kind for _, _, kind in dots] == ["sf-contradicts", "sf-context", "sf-supports"]
    assert dots[0][0] < dots[1][0]
    assert dots[0][0] == dots[2][0]
    assert dots[0][1] > dots[2][1], "dots of one day stand on one another"
    assert [a["href"] for a in Seen(markup).all("a")] == ["#a", "#b", "#d"]
    [band] = Seen(markup).all("rect")
    start, width = float(str(band["x"])), float(str(band["width"]))
    assert start <= dots[1][0] <= start + width
    assert not start <= dots[0][0] <= start + width
    assert "1 undated" in Seen(markup).text


def test_no_timeline_where_there_are_not_two_times_to_compare() -> None:
    assert render_timeline([], [], (1823, 1823)) == ""
    assert render_timeline([evidence(date=None)], ["a"], (1823, 1823)) == ""
    same = [evidence(), evidence()]
    assert render_timeline(same, ["a", "b"], None) == ""
    assert render_timeline(same, ["a", "b"], (1823, 1823)) != ""


def test_a_date_as_a_year() -> None:
    assert year_of("1964-11/1965") == pytest.approx(1964 + 10 / 12)
    assert year_of("spring 1964") is None


# ---- filters ----


def test_a_form_becomes_a_choice_and_the_choice_a_form() -> None:
    form = {"collection": ["a", "b"], "kind": "memoir", "after": " 1820 ", "before": "", "act": "x"}
    chosen = from_form(form)
    assert chosen == Filters(("a", "b"), "1820", None, ("memoir",), ())
    seen = Seen(render_filters(chosen, Canned().holdings()))
    assert [i["value"] for i in seen.all("input") if "checked" in i] == ["memoir"]
    assert seen.all("input", name="after", value="1820")
    assert "open" in dict(seen.tags)["details"]
    assert "open" not in dict(Seen(render_filters(Filters(), ())).tags)["details"]


def test_kinds_and_relations_are_chosen_among_what_was_found() -> None:
    items = (evidence(kind="memoir"), evidence(relation="supports"), evidence(kind="editorial"))
    found = replace(finding("mixed"), evidence=items)
    assert choose(found, Filters(kinds=("memoir", "editorial"))).evidence == (items[0], items[2])
    assert choose(found, Filters(relations=("supports",))).evidence == (items[1],)
    assert choose(found, Filters()) == found


# ---- what a click does ----


def turns_of(finder: Canned) -> tuple[Turn, ...]:
    return list(converse(finder, "q", ()))[-1]


def test_the_first_claim_with_evidence_is_shown_and_stays_while_others_arrive() -> None:
    none, some = finding("not found", "First."), finding("related", "Second.")
    finder = Canned(answer(none, some, finding("related", "Third.")))
    turns = turns_of(finder)
    desk = Desk().with_answer(finder, turns)
    assert (desk.turn, desk.number) == (0, 1)
    assert "Second." in desk.html
    assert "Claim 2 of 3" in desk.html
    assert desk.with_answer(finder, turns) is desk
    early = (replace(turns[0], stage="searching"),)
    begun = Desk().with_answer(finder, early)
    assert "Claim 2 <" in begun.html
    assert begun.with_answer(finder, early) is begun
    assert begun.with_answer(finder, turns).html == desk.html
    only = Canned(answer(none))
    under_way = (replace(turns_of(only)[0], stage="searching"),)
    assert Desk().with_answer(only, under_way) == Desk()
    assert "First." in Desk().with_answer(only, turns_of(only)).html


def test_clicks_choose_a_claim_filter_and_go_back() -> None:
    finder = Canned(answer(finding("related", "First."), finding("related", "Second.")))
    turns = turns_of(finder)
    desk = Desk().after(finder, turns, {"act": "claim", "turn": "0", "finding": "1"})
    assert "Second." in desk.html
    assert desk.chosen
    narrowed = desk.after(finder, turns, {"act": "filter", "after": "1900", "kind": ["memoir"]})
    assert finder.asked[-1] == ("Second.", DEPTH, None, "1900", None)
    assert "Your filters hide all" in narrowed.html
    assert "Second." in narrowed.html
    assert narrowed.after(finder, turns, {"act": "back", "focus": "sf-e0"}).filters.after == "1900"
    assert narrowed.after(finder, turns, {"act": "unfilter"}).html == desk.html


@pytest.mark.parametrize(
    "click",
    [
        {"act": "claim", "turn": "x", "finding": "0"},
        {"act": "nonsense"},
        {},
        {"act": "open", "doc": "none", "start": "0", "end": "1", "from": ""},
        {"act": "open", "doc": "none", "start": "9", "end": "1", "from": ""},
    ],
)
def test_an_odd_click_is_told_and_harms_nothing(click: dict[str, str]) -> None:
    finder = Canned(answer(finding("related")))
    desk = Desk().with_answer(finder, turns_of(finder))
    after = desk.after(finder, turns_of(finder), click)
    assert "sf-message" in after.html
    assert after.after(finder, turns_of(finder), {"act": "back"}).html.count("<article") == 1


def test_a_claim_that_is_not_there_changes_nothing() -> None:
    finder = Canned(answer(finding("related")))
    desk = Desk().with_answer(finder, turns_of(finder))
    far = desk.after(finder, turns_of(finder), {"act": "claim", "turn": "7", "finding": "0"})
    assert (far.html, far.turn) == (desk.html, desk.turn)


def test_a_document_opens_at_the_quotation_and_is_read_on(finder: SourceFinder) -> None:
    [best, *_] = finder.find_sources("Monroe told Europe to stay out of the Americas", 1)
    click = {"act": "open", "doc": best.document_id, "start": best.start, "end": best.end}
    opened = Desk().after(finder, (), {**click, "from": "sf-e0"})
    seen = Seen(opened.html)
    assert "".join(seen.marked.split()) == "".join(best.quote.split())  # paragraphs are apart
    text = finder.document(best.document_id).text
    down = next(b for b in seen.all("button") if b.get("data-step") == "down")
    further = Desk().after(finder, (), {k[5:]: v for k, v in down.items() if k[:5] == "data-"})
    assert "".join(Seen(further.html).marked.split()) == "".join(best.quote.split())
    assert len(Seen(further.html).text) > len(seen.text)
    all_of_it = "".join(Seen(further.html).text.split())
    for paragraph in filter(None, text[best.start : best.end].split("\n\n")):
        assert all_of_it.count("".join(paragraph.split())) == 1


def test_more_like_this_leaves_out_the_passage_itself(finder: SourceFinder) -> None:
    [best, *_] = finder.find_sources("Monroe told Europe to stay out of the Americas", 1)
    click = {"act": "similar", "doc": best.document_id, "from": "sf-e0"}
    place = {"start": best.passage_start, "end": best.passage_end}
    seen = Seen(Desk().after(finder, (), {**click, **place}).html)
    cards = seen.all("article")
    assert len(cards) == 6
    opens = seen.all("button", **{"data-act": "open"})
    assert (best.document_id, str(best.start)) not in [
        (b["data-doc"], b["data-start"]) for b in opens
    ]


def test_a_quotation_beyond_the_document_is_told(finder: SourceFinder) -> None:
    [best, *_] = finder.find_sources("Monroe told Europe to stay out of the Americas", 1)
    far = Span(10**7, 10**7 + 5)
    click = {"act": "open", "doc": best.document_id, "start": far.start, "end": far.end, "from": ""}
    assert "has changed since" in Desk().after(finder, (), click).html


# ---- files dropped into the question ----


def test_transcripts_are_asked_sources_offered_and_the_rest_told(tmp_path: Path) -> None:
    names = {"talk.srt": b"\xef\xbb\xbf1\n00:00 --> 00:01\nMao", "scan.PDF": b"%PDF", "x.exe": b"M"}
    for name, content in (names | {"latin.txt": "é".encode("latin-1")}).items():
        (tmp_path / name).write_bytes(content)
    dropped = sort_dropped([tmp_path / n for n in (*names, "latin.txt")])
    assert dropped.texts == ("1\n00:00 --> 00:01\nMao",)
    assert dropped.offered == (("scan.PDF", str(tmp_path / "scan.PDF")),)
    assert "x.exe is a kind of file that cannot be read" in dropped.problems[0]
    assert "UTF-8" in dropped.problems[1]


def test_a_text_too_long_to_ask_is_offered_to_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "memoir.txt"
    path.write_bytes(b"word " * 200_000)
    assert sort_dropped([path]).offered == (("memoir.txt", str(path)),)


def test_a_file_that_is_named_again_and_again_is_asked_once(tmp_path: Path) -> None:
    path = tmp_path / "post.txt"
    path.write_text("Monroe warned Europe.")
    assert sort_dropped([path] * 400).texts == ("Monroe warned Europe.",)


def test_of_several_texts_no_more_is_read_than_one_question_may_have(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.txt" for n in range(9)]
    for path in paths:
        path.write_text("x" * MAX_CHARS)
    dropped = sort_dropped(paths)
    assert sum(map(len, dropped.texts)) == 4 * MAX_CHARS
    assert [name for name, _ in dropped.offered] == [path.name for path in paths[4:]]
