"""Whom pronouns mean: named where it is sure, left alone where it is not."""

from __future__ import annotations

import pytest

from rag.claims import split_claims


def queries(text: str) -> list[str]:
    return [claim.query for claim in split_claims(text) if claim.set_aside is None]


def last(text: str) -> str:
    return queries(text)[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the only person
        (
            "Teddy Roosevelt was president. He hyped the St. Louis fair in 1901.",
            "Teddy Roosevelt hyped the St. Louis fair in 1901.",
        ),
        # the subject before the object
        (
            "Zhou Enlai reported this to Mao. He left Moscow in November.",
            "Zhou Enlai left Moscow in November.",
        ),
        # whom "he" was, once known, he stays
        (
            "Polk spoke to Congress in 1848. He named the gold mines. He praised California.",
            "Polk praised California.",
        ),
        (
            "Ulysses Grant wanted the Dominican Republic. The Senate killed his treaty in 1870.",
            "The Senate killed Ulysses Grant’s treaty in 1870.",
        ),
        # who is resolved is gone on with
        (
            "Ulysses Grant had plans. The Senate killed his treaty in 1870. He complained of Ohio.",
            "Ulysses Grant complained of Ohio.",
        ),
        # told of in passing
        (
            "Alexander Shelepin fought Brezhnev, who was a leader. He lost the vote in Moscow.",
            "Alexander Shelepin lost the vote in Moscow.",
        ),
        ("M. de Turenne led the army. He took Paris in 1652.", "M. de Turenne took Paris in 1652."),
        # gender
        (
            "Queen Victoria married Albert in 1840. She wore a white dress in London.",
            "Queen Victoria wore a white dress in London.",
        ),
        # many
        (
            "The Russians blamed Moscow for the failure. They made catastrophic errors in China.",
            "the Russians made catastrophic errors in China.",
        ),
    ],
)
def test_pronouns_are_named(text: str, expected: str) -> None:
    assert last(text) == expected


def test_an_answer_by_name_says_who_did_not_ask() -> None:
    text = (
        'Zhou assumed that Malinowski spoke for Moscow. He said, "We have overthrown Khrushchev." '
        'Zhou said, "You have misunderstood China."'
    )
    remark = [claim for claim in split_claims(text) if "overthrown" in claim.text]
    assert remark[0].said_by == "Malinowski"


def test_two_that_fit_are_given_as_context() -> None:
    text = "Grant and Sherman met at Vicksburg in June. He arrived late that evening in Memphis."
    said = last(text)
    assert said.startswith("He arrived late that evening in Memphis.")
    assert said.endswith("(Grant, Sherman)")


def test_whoever_may_be_meant_is_kept_while_the_text_goes_on_about_him() -> None:
    text = (
        "I read about Chester Arthur. He left Ohio in 1839. Then he was ill in Mexico for a year. "
        "In May 1840 he sailed for California."
    )
    claims = list(split_claims(text))[1:]
    assert [claim.query for claim in claims] == [f"{c.text} (Chester Arthur)" for c in claims]


@pytest.mark.parametrize(
    "text",
    [
        # somebody without a name is nearer
        "Grant left Ohio in 1839. A young soldier stood at the gate. He carried a rifle in June.",
        "Grant left Ohio in 1839. My father spoke to Sherman. He returned to Ohio in May.",
        # whom nobody could tell before, nobody can tell now
        "Grant and Sherman met in Ohio. He spoke to Colonel Carter there. He left Ohio in May.",
        # whoever is named in a quotation is not told of
        'The crowd in Paris cried, "God bless Elbeuf!" He left Paris in January 1649.',
        # a man is not "she"
        "M. de Turenne commanded the army. She wrote to Paris in January 1649.",
        # an object is not gone on with
        "The letter praised Lincoln in Ohio. He was chosen by the party there in 1860.",
    ],
)
def test_a_wrong_name_is_worse_than_none(text: str) -> None:
    said = last(text)
    assert said.startswith(("He ", "She ")), said


@pytest.mark.parametrize(
    "text",
    [
        "The Army grew in 1868. He was planning a campaign in Mexico.",
        "Congress met in 1890. She opened the session in Washington.",
        "Monroe warned Europe in 1823.\n\nSpain lost Florida.\n\nIt rained in Madrid. "
        "Then he sailed for Cuba in May.",
    ],
    ids=["a body is nobody", "a body is no woman", "too far back"],
)
def test_nobody_is_named_where_nobody_fits(text: str) -> None:
    claim = list(split_claims(text))[-1]
    assert claim.query == claim.text


def test_that_time_and_that_place() -> None:
    text = "Zhou Enlai came to Moscow in November 1964. At that time Kosygin was premier."
    assert last(text) == "At that time Kosygin was premier. (November 1964)"
    text = "Zhou Enlai came to Moscow. During that meeting Malinovsky insulted Zhou Enlai."
    assert last(text) == "During that meeting Malinovsky insulted Zhou Enlai. (Moscow)"


def test_a_time_of_its_own_needs_no_other() -> None:
    text = "Monroe spoke in 1823. By that time, in 1824, Spain had lost Peru."
    assert last(text) == "By that time, in 1824, Spain had lost Peru."


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Roosevelt admitted that we were losing four planes a day.", "Roosevelt"),
        ('The czar declared, "Moscow will burn before it falls to Napoleon."', "The czar"),
        ("Roosevelt never said that Japan would attack Hawaii.", None),
        ("We said that Japan would attack Hawaii.", None),
        ("Japan attacked Hawaii in December 1941.", None),
    ],
)
def test_who_says_it_is_kept(text: str, who: str | None) -> None:
    (claim,) = split_claims(text)
    assert claim.said_by == who


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "In 1957 Eisenhower sent troops to Little Rock, and the Russians launched Sputnik.",
            "In 1957 the Russians launched Sputnik.",
        ),
        (
            "By 1812 Britain had taken thousands of sailors, and Madison asked Congress for war.",
            "By 1812 Madison asked Congress for war.",
        ),
        (
            "According to Truman, the plan saved France from ruin, and the airlift saved Berlin.",
            "According to Truman, the airlift saved Berlin.",
        ),
        (
            "Monroe spoke in 1823. In 1824 Adams won the vote, and he made Clay a minister.",
            "In 1824 Adams made Clay a minister.",
        ),
        # a time or a place of its own
        (
            "In 1893 Cleveland left Hawaii alone, and in 1898 McKinley sent the flag to Honolulu.",
            "and in 1898 McKinley sent the flag to Honolulu.",
        ),
        (
            "In 1893 Cleveland left Hawaii alone, and McKinley sent the flag there in 1898.",
            "and McKinley sent the flag there in 1898.",
        ),
        # another may be meant
        (
            "In 1893 Cleveland left Hawaii alone, but McKinley sent the flag to Honolulu.",
            "but McKinley sent the flag to Honolulu.",
        ),
    ],
)
def test_what_opens_a_sentence_holds_for_what_and_joins_to_it(text, expected):
    assert last(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Cleveland refused to annex Hawaii in 1893, but McKinley took it in 1898.",
            "but McKinley took it in 1898. (Hawaii)",
        ),
        (
            "Congress passed the Wade Bill in 1864, and Lincoln would not sign it in July.",
            "and Lincoln would not sign it in July. (the Wade Bill)",
        ),
        (
            "Jackson fought the bank for years; Van Buren hated it from the first.",
            "Van Buren hated it from the first. (the bank)",
        ),
    ],
)
def test_what_it_is_done_to_is_named_where_the_clause_before_has_it(text, expected):
    assert last(text) == expected
