"""What the user sent, cut into claims; what is no claim is set aside with a reason."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.claims import MAX_CHARS, check_question, split_claims
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
    claims = split_claims(POST)
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
    kept = "".join(claim.text for claim in claims)
    assert "".join(kept.split()) == "".join(text.split())


def test_claims_are_exact_slices_of_what_was_sent():
    assert_exact(POST, split_claims(POST))


@given(
    st.text(max_size=150) | st.lists(st.sampled_from(POST.split("\n")), max_size=8).map("\r\n".join)
)
def test_claims_of_any_text_are_exact_slices(text):
    assert_exact(text, split_claims(text))


def test_the_post_that_the_project_grew_from():
    if not THREAD.exists():
        pytest.skip(f"{THREAD} is not here; set SOURCE_FINDER_THREAD")
    text = THREAD.read_text(encoding="utf-8").split("```text\n")[-1].split("\n```")[0]
    claims = split_claims(text)
    assert_exact(text, claims)
    aside = {claim.text: claim.set_aside for claim in claims if claim.set_aside}
    assert aside["A reader - 2w"] == "a byline"
    assert aside["The link bot - 2w"] == "a byline"
    assert aside["https://youtu.be/gvpof0DGO8o"] == "a link"
    assert aside["::: spoiler discussing the Soviet Sino split"] == "markup"
    assert any(text.startswith("I'd love to know his sources") for text in aside)
    looked_up = [claim.text for claim in claims if claim.set_aside is None]
    assert any(text.startswith("He was secretary to the central committee") for text in looked_up)
    assert any("Marshall Malinowski" in text for text in looked_up)


@pytest.mark.parametrize(
    "text",
    [
        "Did Monroe warn Europe?",
        "gold California",
        "Wow!",
        "1848",
        "\n\nI think Polk lied.\n",
        "https://www.example.org/treaty",
    ],
)
def test_a_single_sentence_is_always_looked_up(text):
    (claim,) = [claim for claim in split_claims(text) if claim.set_aside is None]
    assert claim.text == text.strip()


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
    assert check_question(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "www." * 25_000 + " x y z",
        "so " * 16_000 + "x",
        "a" * 50_000 + " - ",
        "(" * 50_000 + "a",
        "No. " * 12_000,
    ],
    ids=["links", "fillers", "byline", "marks", "sentences"],
)
def test_hostile_text_is_cut_in_time(line):
    started = time.process_time()
    split_claims(line)
    assert time.process_time() - started < 2
