"""What a sentence states: polarity, what only may happen, names, who did it to whom."""

from __future__ import annotations

import pytest

from rag.language import are_opposites
from rag.relation.statement import Deed, read_statement


def words(text: str, what: str) -> set[str]:
    return {word.lemma for word in read_statement(text).words if getattr(word, what)}


@pytest.mark.parametrize(
    ("text", "negated", "not_negated"),
    [
        ("The treaty was not ratified by Spain.", "ratify", "treaty"),
        ("The admiral took no part in the attack.", "part", "admiral"),
        ("It has taken place without governmental subsidies.", "subsidy", "place"),
        ("We are at war with Germany but not with her allies.", "ally", "germany"),
        ("He declined the offer of a ship.", "offer", "decline"),
        ("Spain never paid the debt.", "pay", "spain"),
        ("Nobody believed that the fleet existed.", "believe", "fleet"),
        ("It is not easy for the West to understand them.", "understand", "west"),
    ],
)
def test_negation_reaches_what_is_denied(text, negated, not_negated):
    assert negated in words(text, "negated")
    assert not_negated not in words(text, "negated")


@pytest.mark.parametrize(
    "text",
    [
        "The country was never more prosperous than now.",
        "We fought not only Germany.",
        "He did not fail to win the war.",
        "Spain ratified the treaty.",
    ],
)
def test_what_only_sounds_like_a_denial(text):
    assert words(text, "negated") & {"prosperous", "fight", "win", "ratify"} == set()


@pytest.mark.parametrize(
    ("text", "lemma", "unreal"),
    [
        ("Soviet forces could move into Poland.", "move", True),
        ("We recommend that the law be repealed.", "repeal", True),
        ("If Spain ratifies the treaty, peace follows.", "ratify", True),
        ("They avoided debate on matters which lead to factions.", "lead", True),
        ("They had a debate on matters which lead to factions.", "lead", False),
        ("Soviet forces moved into Poland.", "move", False),
    ],
)
def test_what_has_not_happened(text, lemma, unreal):
    assert (lemma in words(text, "unreal")) is unreal


def test_names_without_days_and_dates():
    statement = read_statement("On Friday, 6 November 1964, Zhou Enlai met the Dutch in Moscow.")
    assert [(n.text, n.kind) for n in statement.names][:2] == [
        ("Zhou Enlai", "person"),
        ("Dutch", "place"),
    ]
    assert "Moscow" in {n.text for n in statement.names}
    assert [t.first for t in statement.times] == ["1964-11-06"]


@pytest.mark.parametrize("text", ["Malinovsky insulted Zhou.", "Zhou was insulted by Malinovsky."])
def test_active_and_passive_are_the_same_deed(text):
    assert Deed("malinovsky", "insult", "zhou") in read_statement(text).deeds


@pytest.mark.parametrize(
    ("one", "other"),
    [("win", "lose"), ("ratify", "reject"), ("fortunate", "unfortunate"), ("rise", "fall")],
)
def test_opposites_both_ways(one, other):
    assert are_opposites(one, other)
    assert are_opposites(other, one)
    assert not are_opposites(one, one)
