"""What the user sent, cut into claims; what is no claim is set aside with a reason."""

from __future__ import annotations

import os
import textwrap
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.claims import check_question, split_claims
from rag.claims.checkable import EXPLAINED, FOREIGN, GREETED, LINKED, TOPIC, help_for
from rag.claims.references import in_context
from rag.claims.transcripts import MAX_CHARS
from rag.errors import QuestionError

THREAD = Path(
    os.environ.get("SOURCE_FINDER_THREAD", Path(__file__).parents[2] / "shared" / "thread.md")
)

POST = """\
What a speech that was
::: spoiler the video
In 1823 President Monroe warned the European powers not to found new colonies in the Americas. \
He said, "We owe it to candor." Did anybody believe him?
Lincoln freed the slaves of the rebel states by proclamation on January 1, 1863.
:::
I'd love to see the original text of all that.
12
A reader - 3d
Yes I thought it was very good too.
Wow!
https://example.org/watch?v=1
```
"""

REASONS = {
    "::: spoiler the video": "markup",
    ":::": "markup",
    "```": "markup",
    "Did anybody believe him?": "a question",
    "I'd love to see the original text of all that.": "about the writer",
    "12": "too short to check",
    "A reader - 3d": "a byline",
    "Yes I thought it was very good too.": "about the writer",
    "Wow!": "too short to check",
    "https://example.org/watch?v=1": "a link",
}


def test_a_post_is_cut_into_claims_and_the_rest_is_set_aside():
    claims = list(split_claims(POST))
    aside = {claim.text: claim.set_aside for claim in claims if claim.set_aside}
    assert REASONS.items() <= aside.items()
    looked_up = [claim.text for claim in claims if claim.set_aside is None]
    assert looked_up[0].startswith("In 1823 President Monroe warned")
    assert looked_up[-1].startswith("Lincoln freed the slaves")
    assert not any("love to see" in text or "https" in text for text in looked_up)


def assert_exact(text, claims):
    for claim in claims:
        assert claim.span.of(text) == claim.text == claim.text.strip() != ""
    for one, after in pairwise(claims):
        assert one.span.end <= after.span.start
    assert [claim.claim_id for claim in claims] == [f"c{i}" for i in range(1, len(claims) + 1)]
    # Nothing is left out but white space, and a comma or semicolon between two clauses.
    places = {place for claim in claims for place in range(claim.span.start, claim.span.end)}
    # ...and the marks of what mail quotes.
    left_out = {text[place] for place in range(len(text)) if place not in places}
    assert not "".join(left_out - set(",;>")).strip()


def test_claims_are_exact_slices_of_what_was_sent():
    assert_exact(POST, list(split_claims(POST)))


@settings(deadline=None)  # the first one loads the parser
@given(
    st.text(max_size=150) | st.lists(st.sampled_from(POST.split("\n")), max_size=8).map("\r\n".join)
)
def test_claims_of_any_text_are_exact_slices(text):
    assert_exact(text, list(split_claims(text)))


def test_the_post_that_the_project_grew_from():
    if not THREAD.exists():
        pytest.skip(f"{THREAD} is not here; set SOURCE_FINDER_THREAD")
    text = THREAD.read_text(encoding="utf-8").split("```text\n")[-1].split("\n```")[0]
    claims = list(split_claims(text))
    assert_exact(text, claims)
    aside = {claim.text: claim.set_aside for claim in claims if claim.set_aside}
    assert aside["A reader - 2w"] == "a byline"
    assert aside["The link bot - 2w"] == "a byline"
    assert aside["https://youtu.be/gvpof0DGO8o"] == "a link"
    assert aside["::: spoiler discussing the Soviet Sino split"] == "markup"
    assert any(text.startswith("I'd love to know his sources") for text in aside)
    looked_up = {claim.text: claim for claim in claims if claim.set_aside is None}
    (approach,) = [claim for text, claim in looked_up.items() if "Marshall Malinowski" in text]
    assert "Zhou Enlai" in approach.query
    assert "Moscow" in approach.query  # "that meeting" was there
    (remark,) = [claim for text, claim in looked_up.items() if "our own idiot" in text]
    assert remark.text.endswith("Why don't you do the same thing to Mao?\"")
    assert remark.said_by == "Malinowski"
    assert remark.query.startswith("Malinowski said, ")
    (answer,) = [claim for text, claim in looked_up.items() if "Under no circumstances" in text]
    assert answer.said_by == "Zhou Enlai"
    secretary = looked_up["He was secretary to the central committee"]
    assert secretary.query == "Alexander Shelepin was secretary to the central committee"
    leader = looked_up["who was the Soviet leader at this time."]
    assert leader.query == "Brezhnev was the Soviet leader at this time."


@pytest.mark.parametrize(
    "text",
    [
        "1848",
        "Lovely Grant",
        "\n\nI think Polk lied.\n",
    ],
)
def test_a_single_sentence_is_looked_up(text):
    (claim,) = [claim for claim in split_claims(text) if claim.set_aside is None]
    assert claim.text == text.strip()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("who bought Alaska?", "question"),
        ("Did Monroe warn Europe?", "question"),
        ("How did the national bank work?", "question"),
        ("What did Polk find? When was that?", "question"),
        ("gold California", "topic"),
        ("the Sino-Soviet split", "topic"),
        ("Monroe warned Europe.", "claim"),
    ],
)
def test_a_question_and_a_topic_are_known_for_what_they_are(text, form):
    claims = list(split_claims(text))
    assert {claim.form for claim in claims if claim.set_aside is None} == {form}
    assert help_for(claims, ()) == ((TOPIC,) if form == "topic" else ())


@pytest.mark.parametrize(
    ("text", "why", "told"),
    [
        ("hello", "a greeting", GREETED),
        ("thanks, that's great", "a greeting", GREETED),
        ("Wow!", "a greeting", GREETED),
        ("https://www.example.org/treaty", "a link", LINKED),
        ("how does this thing work?", "a question about this page", EXPLAINED),
        ("What sources do you have", "a question about this page", EXPLAINED),
        ("help", "a question about this page", EXPLAINED),
    ],
)
def test_what_says_nothing_gets_a_sentence_of_help(text, why, told):
    (claim,) = split_claims(text)
    assert claim.set_aside == why
    assert help_for((), (claim,)) == (told,)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("how many people died in the civil war", "question"),
        ("who bought alaska", "question"),
        ("did nixon end the draft", "question"),
        ("was lincoln a republican", "question"),
        ("what caused the panic of 1837", "question"),
        ("What Lincoln said was false.", "claim"),
        ("When Lincoln died, Johnson became president", "claim"),
        ("Will Taft ran for president in 1908", "claim"),
        ("Which is why Polk went to war", "claim"),
        ("Lincoln freed the slaves", "claim"),
    ],
)
def test_a_question_without_its_mark_is_one(text: str, form: str) -> None:
    [claim] = split_claims(text)
    assert (claim.form, claim.set_aside) == (form, None)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("Bismarck hat die Franzosen in die Falle gelockt", True),
        ("El rey perdió las colonias y también su flota.", True),
        ("Бисмарк победил Францию. Он был канцлером.", True),
        ("The coup d’état of de Gaulle was a fait accompli", False),
        ("Ponce de León found Florida", False),
        ("Soldiers die in war", False),
    ],
)
def test_a_text_in_another_language_is_told_of(text: str, foreign: bool) -> None:
    claims = list(split_claims(text))
    found = [claim for claim in claims if not claim.set_aside]
    told = help_for(found, [claim for claim in claims if claim.set_aside])
    assert (told == (FOREIGN,)) is foreign


@pytest.mark.parametrize(
    "text",
    [
        "The Japan-U.S. Security Treaty was signed in 1960.",
        "In the U.S. Congress passed a law in 1964.",
        "The Anglo-U.S. Combined Chiefs met in Quebec in 1943.",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(text):
    assert [claim.text for claim in split_claims(text)] == [text]


def test_a_title_above_a_link_and_prose_about_a_post_are_no_claims():
    text = (
        "Polk found gold in California in 1848.\n"
        "It shows that there is more to the history of California than we know.\n"
        "How Polk found gold. Congress did not believe it\nhttps://example.org/video\n"
    )
    aside = [claim.set_aside for claim in split_claims(text)]
    assert aside == [None, "an aside", "the title of what is linked to", "a link"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \n\t\u00a0", "empty"),
        ("Monroe\x00warned", "not readable"),
        ("\x00", "not readable"),
        ("%PDF-1.4 " + "\x01\x02\ufffd" * 40, "not readable"),
        ("?! … — 😀", "no word"),
        ("Monroe warned \ud800 Europe of \udcff new colonies", "not readable"),
        ("x" * (MAX_CHARS + 1), "200,001 characters"),
    ],
    ids=["empty", "white space", "NUL", "only NUL", "binary", "no word", "surrogates", "too long"],
)
def test_what_cannot_be_asked_is_refused(text, says):
    with pytest.raises(QuestionError, match=says):
        check_question(text)


@pytest.mark.parametrize(
    "text", ["x" * MAX_CHARS, "a tab\tand a form feed\f", "café 漢字", "“Quoted.”"]
)
def test_what_can_be_asked_is_returned(text):
    check_question(text)


@pytest.mark.parametrize(
    ("unit", "times", "end"),
    [
        ("www.", 25_000, " x y z"),
        ("so ", 16_000, "x"),
        ("a", 50_000, " - "),
        ("(", 50_000, "a"),
        ("No. ", 12_000, ""),
    ],
    ids=["links", "fillers", "byline", "marks", "sentences"],
)
def test_hostile_text_is_cut_in_proportion_to_its_length(unit, times, end):
    def seconds(text: str) -> float:
        started = time.thread_time()
        list(split_claims(text))
        return time.thread_time() - started

    seconds("The parser is loaded by now, in 1964.")
    quarter = min(seconds(unit * (times // 4) + end) for _ in range(3))
    whole = min(seconds(unit * times + end) for _ in range(3))
    assert whole < 8 * quarter + 0.5  # where each looks at each, 16 times


def test_the_first_claim_does_not_wait_for_the_last():
    lines = [f"In {1000 + year} the town of Ghent paid {year} florins." for year in range(3_000)]
    started = time.process_time()
    first = next(claim for claim in split_claims("\n".join(lines)) if claim.set_aside is None)
    assert first.text == lines[0]
    assert time.process_time() - started < 2


def claims_in(text):
    return [claim for claim in split_claims(text) if claim.set_aside is None]


def test_a_sentence_with_two_facts_is_two_claims():
    text = "Congress passed the law in 1890, and Harrison signed it in September."
    assert [claim.text for claim in claims_in(text)] == [
        "Congress passed the law in 1890",
        "and Harrison signed it in September.",
    ]


def test_a_clause_that_says_too_little_stays_with_its_neighbour():
    (claim,) = claims_in("Congress passed a law against lotteries in 1890 and it did nothing.")
    assert claim.text.endswith("and it did nothing.")


def test_a_relative_clause_about_a_name_is_a_claim_of_its_own():
    first, second = claims_in("Shelepin was in conflict with Brezhnev, who was the Soviet leader.")
    assert first.text == "Shelepin was in conflict with Brezhnev"
    assert second.text == "who was the Soviet leader."
    assert second.query == "Brezhnev was the Soviet leader."


def test_what_is_quoted_is_not_cut():
    text = 'Grant said, "The Senate killed the treaty; I signed it and Fish wrote it in 1870."'
    (claim,) = claims_in(text)
    assert claim.text == text
    assert claim.said_by == "Grant"


def test_who_wrote_what_is_quoted_below_is_the_head_of_mail_and_prose_is_not():
    header = "On May 4, 2021, Bob Smith wrote:"
    first, *_ = split_claims(f"{header}\n> Polk lied to Congress in 1846.\n\nHe did not lie.")
    assert (first.text, first.set_aside) == (header, "a mail header")
    prose = "On December 7, 1941 at 7:48 the Japanese attacked Pearl Harbor, as Roosevelt wrote:"
    first, *_ = split_claims(f"{prose}\nThe fleet was lost in an hour.")
    assert first.set_aside is None


def test_a_sentence_over_two_lines_is_one_claim():
    (claim,) = claims_in("In 1848 President Polk told Congress that\ngold was found in California.")
    assert "\n" in claim.text
    assert claim.span.start == 0


def test_what_is_set_aside_is_not_resolved():
    text = "Lincoln freed the slaves in 1863. I would love to know his sources. Did he lie?"
    assert [claim.query for claim in split_claims(text) if claim.set_aside] == [
        "I would love to know his sources.",
        "Did he lie?",
    ]


def test_a_new_writer_does_not_go_on_with_the_names_of_the_last():
    text = "Lincoln freed the slaves in 1863.\nA reader - 2d\nHe never signed that paper in Ohio."
    (_, second) = claims_in(text)
    assert second.query == "He never signed that paper in Ohio."


def shown(text):
    return [" ".join(claim.shown.split()) for claim in claims_in(text)]


def test_a_wrapped_paragraph_is_one_also_where_a_line_begins_with_a_name_or_a_year():
    whole = (
        "The treaty with the Dutch was read to the cabinet before it was signed by President "
        "Lincoln in the spring of his second year, while gold was still being found in 1848's "
        "first valley by James Marshall and by those who had worked for him and for Captain "
        "Sutter in California."
    )
    for width in (44, 60, 72):
        wrapped = textwrap.wrap(whole, width)
        assert shown("\n".join(wrapped)) == shown(whole)
        assert shown("\n".join(f"> {line}" for line in wrapped)) == shown(whole)


@pytest.mark.parametrize(
    "lines",
    [
        ["Lincoln owned land in Illinois in 1850", "Grant owned a slave until 1859"],
        ["Polk sent this to Congress in 1846", "- Taylor led the army to Mexico"],
        ["Lincoln of Illinois was not what Grant was", "Polk lied to Congress about Mexico"],
        ["Polk lied to Congress about Mexico in 1846", "", "Taylor went to the Rio Grande"],
        ["Here is what Polk said to Congress:", "Mexico has shed American blood."],
        [
            "Hoover promised a chicken in every pot in 1928",
            "Coolidge said the business of America is business",
            "Harding died in San Francisco in August 1923, the\nfirst to die since McKinley",
            "Taft weighed 340 pounds and got stuck in the bath",
        ],
        [  # the same without the shorter line in the middle
            "Hoover promised a chicken in every pot in 1928",
            "Coolidge said the business of America is business",
            "Harding died in San Francisco in August 1923, the\nfirst to die since McKinley",
        ],
    ],
)
def test_lines_that_stand_alone_stay_apart(lines):
    assert shown("\n".join(lines)) == [" ".join(line.split()) for line in lines if line]


def test_an_answer_in_mail_is_apart_from_what_it_quotes():
    text = (
        "On Mon, Nov 2, 2020 at 3:15 PM Bob <bob@x.org> wrote:\n"
        "> Jefferson bought Louisiana in 1803 for\n> fifteen million dollars from\n"
        "Napoleon sold Louisiana to Jefferson in 1803."
    )
    assert [(claim.set_aside, claim.shown) for claim in split_claims(text)] == [
        ("a mail header", "On Mon, Nov 2, 2020 at 3:15 PM Bob <bob@x.org> wrote:"),
        (None, "Jefferson bought Louisiana in 1803 for fifteen million dollars from"),
        (None, "Napoleon sold Louisiana to Jefferson in 1803."),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#history #FDR @potus", "tags"),
        ("#history @potus https://t.co/abc", "a link"),
        ("From: Bob Smith", "a mail header"),
        ("Subject: Polk and Congress in 1846", "a mail header"),
        ("On 2 Nov 2020, at 15:15, Ann wrote:", "a mail header"),
        ("-----Original Message-----", "markup"),
    ],
)
def test_tags_and_the_head_of_mail_are_no_claims(text, why):
    claims = list(split_claims(f"Polk lied to Congress in 1846.\n\n{text}"))
    assert [claim.set_aside for claim in claims] == [None, why]
    assert claims[1].text == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Slaves were 12 percent of the U.S. That was in 1860.", 2),
        ("Caesar was killed in Rome in 44 B.C. He had crossed the Rubicon.", 2),
        ("The Senate met in D.C. in 1850 and in the U.S. Capitol.", 1),
        ("Prices fell to 5 percent. (They fell under Coolidge.) Hoover raised taxes in 1932.", 3),
        ("Polk (of Tennessee) told Congress of gold. (It was in 1848.)", 2),
    ],
)
def test_a_sentence_may_end_with_initials_or_in_brackets(text, parts):
    assert len(list(split_claims(text))) == parts
    assert " ".join(claim.text for claim in split_claims(text)) == text


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ('"Ask not what your country can do for you."\n— John F. Kennedy, 1961', "John F. Kennedy"),
        ("“Speak softly and carry a big stick.”\n- letter to Henry Sprague, 1900", None),
        ('"Four score and seven years ago." — Abraham Lincoln, 1863', "Abraham Lincoln"),
        ('"The buck stops here" – Harry Truman, 1949', "Harry Truman"),
        ('"The business of America is business."\n~ Calvin Coolidge, 1925', "Calvin Coolidge"),
        ('"Ask not for much."\n(John F. Kennedy, Inaugural Address, 1961)', "John F. Kennedy"),
        ('"Ask not what your country can do for you."\nJohn F. Kennedy', "John F. Kennedy"),
        ('"I would rather be right."\n— attributed to Henry Clay', None),
    ],
)
def test_what_stands_behind_or_below_a_quotation_is_its_source(text, who):
    quotation, source = split_claims(text)
    assert (quotation.set_aside, quotation.said_by) == (None, who)
    assert source.set_aside == "the source of a quotation"


@pytest.mark.parametrize(
    "text",
    [
        '"We choose to go to the moon."\n- Kennedy at Rice, 1962\n- Johnson at Houston, 1966',
        '"Bleeding Kansas"\nJohn Brown\nHarpers Ferry',
        '"Common Sense" (Paine, 1776) sold half a million copies.',
        '"Ike" – a nickname – won the war in Europe in 1945.',
        '"The Plough."\nJames Watt murdered by William Brown in Ossory',
        '"The Plough."\nJames Watt, shot by William Brown at the mill in 1765',
        '"The Plough."\nJames Watt, owner of slaves and hater of mills',
    ],
)
def test_a_list_or_a_sentence_that_goes_on_is_no_source(text):
    claims = list(split_claims(text))
    assert "the source of a quotation" not in {claim.set_aside for claim in claims}
    assert {claim.said_by for claim in claims} == {None}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Did you know that FDR served four terms?", "FDR served four terms"),
        ("You know Hoover lost to Roosevelt in 1932, right?", "Hoover lost to Roosevelt in 1932"),
        ("You know that Hoover lost in 1932, didn't he?", "Hoover lost in 1932"),
        ("You know that Hoover lost in 1932, did he not?", "Hoover lost in 1932"),
        ("Did you know that Nixon, unlike Johnson, resigned?", "Nixon, unlike Johnson, resigned"),
        (
            "Did you know that Truman wanted to nuke China, but didn't?",
            "Truman wanted to nuke China, but didn't",
        ),
        (
            "Did you know Polk kept his promise, left office, and died?",
            "Polk kept his promise, left office, and died",
        ),
        (
            "Did you know that, in 1814, the British burned Washington?",
            "in 1814, the British burned Washington",
        ),
        ("Remember that Hoover lost in 1932?", "Hoover lost in 1932"),
        ("Do you know whether FDR served four terms?", None),
        ("Do you remember when Nixon resigned in 1974?", None),
    ],
)
def test_what_is_told_in_a_question_is_a_claim(text, query):
    claim, _ = split_claims(f"{text} Polk lied to Congress in 1846.")
    assert (claim.query if claim.set_aside is None else None) == query


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("But Polk was president in 1848, not Taylor", False),
        ("So Hoover did nothing about the Depression", False),
        ("Then Nixon went to China in 1972", False),
        ("But Polk signed it", True),
        ("And he said so to Brezhnev", True),
        ("And in 1972 Nixon went there.", True),
        ("Also Brezhnev was there.", True),
        ("But Polk said the same of Texas.", True),
        ("What about Taylor", True),
        ("And what did Mao say?", True),
        ("Also Taylor was there", True),
        ("And Taylor told Congress the same", True),
        ("But Monroe was ill for the rest of the year", True),
        ("And the Russians apologised", True),
        ("But Polk told Congress that gold was found in California", False),
        ("And Polk signed the bill that brought his party down", False),
        ("So Monroe retired to Virginia in 1825", False),
    ],
)
def test_a_second_whole_claim_is_not_given_the_names_of_the_first(text, leans):
    assert (in_context(text, ["Monroe warned Europe"]) != text) is leans


@pytest.mark.parametrize(
    "text",
    [
        "who freed the slaves?",
        "did women vote?",
        "thank you, that is helpful",
        "ok never mind",
        "slavery",
    ],
)
def test_a_new_question_is_not_given_the_one_before(text: str) -> None:
    assert in_context(text, ["gold was found in california"]) == text


@pytest.mark.parametrize(
    ("text", "before", "wanted"),
    [
        ("and McKinley?", "Did Polk want Cuba?", "Did McKinley want Cuba?"),
        ("or President McKinley", "Did Polk want Cuba?", "Did President McKinley want Cuba?"),
        ("McKinley too?", "Did Polk want Cuba?", "Did McKinley want Cuba?"),
        ("McKinley did too, didn't he?", "Did Polk want Cuba?", "Did McKinley want Cuba?"),
        ("FDR as well?", "Hoover raised the tariff", "FDR raised the tariff?"),
        ("no i meant McKinley", "Polk wanted Cuba", "McKinley wanted Cuba?"),
        ("sorry, I mean McKinley.", "Did Polk want Cuba?", "Did McKinley want Cuba?"),
        ("and MacArthur?", "What did Truman say of Korea?", "What did MacArthur say of Korea?"),
        (
            "I meant McKinley",
            "the tariff was raised in 1842",
            "I meant McKinley (the tariff was raised in 1842)",
        ),
        ("did McKinley want it?", "Polk bought Cuba", "did McKinley want it (Polk bought Cuba)?"),
        ("McKinley rejected that", "Polk bought Cuba", "McKinley rejected that (Polk bought Cuba)"),
        ("who wanted it", "Polk bought Cuba", "who wanted it (Polk bought Cuba)?"),
        ("so why did he buy it", "Polk bought Cuba", "so why did he buy it (Polk bought Cuba)?"),
        (
            "when was it",
            "who sold it (Polk bought Cuba)?",
            "when was it (who sold it, Polk bought Cuba)?",
        ),
    ],
)
def test_a_follow_up_about_somebody_else_or_of_a_question_is_a_question(text, before, wanted):
    assert in_context(text, [before]) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "and Tyler signed the bill that ended the bank in 1841",
        "I mean that Tyler vetoed the bank bill in 1841",
        "Tyler too wanted the annexation of Texas",
        "Was it Tyler who said that the bank was a monster?",
        "Tyler vetoed a bank bill because of it",
    ],
)
def test_a_statement_of_its_own_is_no_follow_up(text):
    assert in_context(text, ["Did Polk want Cuba?"]) == text


@pytest.mark.parametrize(
    "text",
    [
        "who was Tyler",
        "who was the first secretary of war",
        "yo did polk want cuba",
        "ok so did Polk want Cuba",
        "hey, who left the union",
        "explain how the bank was closed",
        "please tell me about the Trail of Tears",
        "For school: compare Polk and Tyler on Texas",
        "why did he want it (Polk bought Cuba)?",
    ],
)
def test_a_question_without_its_mark_or_a_request_is_a_question(text):
    (claim,) = split_claims(text)
    assert (claim.form, claim.set_aside) == ("question", None)


@pytest.mark.parametrize(
    "text",
    [
        "Polk told Congress that gold was found",
        "Well, Polk wanted Cuba",
        "What Polk wanted was Cuba",
        "Polk asked them to explain the treaty",
    ],
)
def test_a_statement_that_begins_like_a_question_is_a_claim(text):
    (claim,) = split_claims(text)
    assert claim.form == "claim"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("so today we're talking about Texas, and Polk annexed it in 1845", 1),
        ("The party was awful, but Polk annexed Texas in 1845", 1),
        ("Polk was awesome", 1),
    ],
)
def test_one_sentence_is_looked_up_whatever_it_says_but_not_beside_a_claim(text, kept):
    assert sum(claim.set_aside is None for claim in split_claims(text)) == kept


@pytest.mark.parametrize("said", ["Don't ask me. I've seen it.", "They said no. I know why."])
def test_a_sentence_ends_before_i(said: str):
    assert len(list(split_claims(f"{said} Polk annexed Texas in 1845."))) == 3


@pytest.mark.parametrize("said", ["seems crazy to me", "is weird", "sounds awful for us"])
def test_what_seems_so_to_the_writer_is_an_opinion(said: str):
    _, told = split_claims(f"Polk annexed Texas in 1845. Texas {said}.")
    assert told.set_aside == "an opinion"


@pytest.mark.parametrize("mark", ["1) ", "(2) ", "3. ", "b) ", "• "])
def test_what_numbers_an_item_of_a_list_is_no_part_of_the_claim(mark: str):
    said = ["Polk confirmed that gold had been found.", "Monroe warned Europe in 1823."]
    found = list(split_claims("\n".join(mark + line for line in said)))
    assert [claim.text for claim in found if claim.set_aside is None] == said
