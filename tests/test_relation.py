"""Supports, contradicts or context: with the real model, on pairs that differ in one thing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.config import Settings
from rag.datatypes import Claim, Evidence, Reason, Span
from rag.embedding.encoder import Encoder
from rag.judging import Judge, Quotation
from rag.language import stands_for
from rag.relation.entailment import EntailmentJudge
from rag.relation.findings import combined, confidence_in, verdict_of
from rag.relation.rules import RuleJudge

FORTS = "On the 4th of July, 1863, General Grant took Vicksburg with 37,000 prisoners."


@pytest.fixture(scope="module")
def judge() -> RuleJudge:
    return RuleJudge(Encoder.load("default", Settings.from_environment()), lambda word: 5.0)


def judged(judge: Judge, claim: str, quotation: str, around: str = "", date: str | None = None):
    passage = f"{quotation} {around}"
    given = Quotation(passage, Span(0, len(quotation)), date=date or "")
    return judge.judge(claim, [given])[0]


@pytest.mark.parametrize(
    "claim",
    [
        FORTS,
        "General Grant took Vicksburg with 37,000 prisoners in July 1863.",
        "In 1863 Grant took Vicksburg with thirty-seven thousand prisoners.",
        "Vicksburg was taken by Grant in the summer of 1863.",
    ],
)
def test_the_same_in_other_words_is_supported(judge, claim):
    assert judged(judge, claim, FORTS).relation == "supports"


@pytest.mark.parametrize(
    ("claim", "aspect"),
    [
        ("General Grant took Vicksburg with 17,000 prisoners in July 1863.", "number"),
        ("General Grant took Vicksburg with 37,000 prisoners in July 1864.", "date"),
        ("General Sherman took Vicksburg with 37,000 prisoners in July 1863.", "name"),
        ("General Grant took Atlanta with 37,000 prisoners in July 1863.", "place"),
        ("General Grant did not take Vicksburg in July 1863.", "negation"),
    ],
)
def test_one_thing_changed_is_never_supported_and_said(judge, claim, aspect):
    found = judged(judge, claim, FORTS)
    assert found.relation != "supports"
    assert aspect in {reason.aspect for reason in found.reasons if not reason.agrees}


@pytest.mark.parametrize(
    ("claim", "quotation"),
    [
        ("Spain ratified the Florida treaty.", "The Florida treaty was not ratified by Spain."),
        ("The price of wheat fell in 1890.", "The price of wheat rose in 1890."),
        ("Malinovsky insulted Zhou Enlai.", "Zhou Enlai insulted Malinovsky."),
        ("Congress declared war in 1812.", "Congress declared war in 1846."),
        ("The army had 5,000 men.", "The army had 9,000 men."),
        ("The army had 5,000 men.", "The army had 700 men."),
        ("Three hundred ships were captured.", "1,000 vessels were captured."),
        ("The wage was raised by three dollars.", "The wage was raised by a dollar."),
        ("The treaty of 1894 ended in 1920.", "The treaty of 1894 ended in 1912."),
        ("Spending went up in 1873.", "Spending fell in 1873."),
    ],
)
def test_what_differs_contradicts(judge, claim, quotation):
    found = judged(judge, claim, quotation)
    assert found.relation == "contradicts"
    assert judged(judge, quotation, quotation).relation == "supports"


def test_a_number_of_the_source_bears_out_one_of_the_claim(judge):
    told = "He asked that the minimum be raised from $44 to $70 a month."
    said = judged(judge, "He asked that the minimum be raised from $44 up to $55.", told)
    assert said.relation != "supports"
    numbers = [(r.claim, r.agrees) for r in said.reasons if r.aspect == "number"]
    assert numbers == [("$55", False), ("$44", True)]
    right = judged(judge, "He asked that the minimum be raised from $44 up to $70.", told)
    assert {r.agrees for r in right.reasons if r.aspect == "number"} == {True}


@pytest.mark.parametrize(
    ("claim", "quotation"),
    [
        (
            "Depositors went up from 1860 to thirty years later.",
            "Depositors rose from 1860 to 1890.",
        ),
        ("Over thirty years trade grew.", "Over three decades trade grew."),
        ("He advised them not to sell the land.", "He advised them against selling the land."),
        ("There were fewer acres in 1924.", "There was a decline in acres in 1924."),
        ("The sale raised barely $137,000.", "The sale raised $137,476.26."),
        ("Crime fell in 1971.", "Crime was reduced in 1971."),
        ("Denmark did not owe us a cent.", "Denmark owed us nothing."),
    ],
)
def test_other_ways_to_say_the_same_leave_nothing_open(judge, claim, quotation):
    found = judged(judge, claim, quotation)
    open_ = [r for r in found.reasons if not r.agrees and r.aspect != "statement"]
    assert (open_, found.relation) == ([], "supports")


def test_acts_on_others_are_no_opposites(judge):
    told = "The president appointed a new governor instead of Young."
    assert judged(judge, "The president sacked Young.", told).relation == "context"
    told = "The president appointed Young."
    assert judged(judge, "The president sacked Young.", told).relation == "contradicts"


def test_a_denial_in_its_place_and_clauses_in_another_order_change_nothing(judge):
    told = "Spain had not ceded Florida before Monroe sent a message to Congress in 1818."
    claim = "Before Monroe sent a message to Congress in 1818, Spain hadn't ceded Florida."
    assert judged(judge, claim, told).relation == "supports"


def test_not_until_is_then(judge):
    claim = "He did not sign the treaty until 1844."
    assert judged(judge, claim, "He signed the treaty in 1844.").relation == "supports"
    assert judged(judge, claim, "He signed the treaty in 1836.").relation == "contradicts"


def test_a_sum_elsewhere_in_the_passage_is_no_count(judge):
    told, around = "A vial costs the companies $10.", "It reached 100 cities."
    found = judged(judge, "A vial costs the companies a hundred bucks.", told, around)
    assert found.relation == "contradicts"


def test_a_name_of_several_words_needs_all_of_them(judge):
    told = "The Government would maintain its credit in the market by its own stock."
    found = judged(judge, "The Credit Mobilier maintained its stock in the market.", told)
    assert found.relation == "context"
    assert "Credit Mobilier" in {r.claim for r in found.reasons if not r.agrees}


def test_what_was_only_hoped_does_not_contradict_that_it_failed(judge):
    claim = "The treaty has not prevented their raids."
    told = "It was hoped that the treaty would prevent their raids."
    assert judged(judge, claim, told).relation == "context"


def test_other_times_do_not_contradict_what_the_source_does_not_tell_of(judge):
    claim = "The debt was repaid by 1819."
    assert judged(judge, claim, "The debt was repaid in 1806.").relation == "contradicts"
    told = "On the 13th of February, 1806, a debt with a view to the Floridas was in question."
    assert judged(judge, claim, told).relation == "context"


def test_the_largest_of_its_kind_must_be_said(judge):
    claim = "The largest victory of the war was at Vicksburg."
    assert (
        judged(judge, claim, "There was a victory at Vicksburg in the war.").relation == "context"
    )
    told = "The greatest victory of the war was at Vicksburg."
    assert judged(judge, claim, told).relation == "supports"


def test_what_is_only_planned_does_not_support(judge):
    claim = "Soviet troops moved into Poland."
    assert judged(judge, claim, "Soviet troops could move into Poland.").relation == "context"
    assert judged(judge, claim, "Soviet troops moved into Poland.").relation == "supports"


def test_other_subjects_do_not_bear_on_a_claim(judge):
    found = judged(judge, FORTS, "The postal deficit was paid out of the general revenue.")
    assert (found.relation, found.probabilities.bears < 0.05) == ("context", True)


@pytest.mark.parametrize(
    ("claim", "quotation"),
    [
        ("The Dutch lent the money.", "The money was lent by Holland."),
        ("Zhou Enlai came to Moscow.", "Chou En-lai came to Moscow."),
        ("Marshal Malinowski spoke to the guests.", "Malinovskiy spoke to the guests."),
        ("Spaniards seized the ship.", "The ship was seized by Spanish officers."),
    ],
)
def test_names_in_other_spellings_agree(judge, claim, quotation):
    names = [r for r in judged(judge, claim, quotation).reasons if r.aspect in {"name", "place"}]
    assert names
    assert all(reason.agrees for reason in names)


def test_a_record_of_the_year_tells_of_the_year(judge):
    claim, quotation = "Gold was found in California in 1848.", "Gold was found in California."
    assert judged(judge, claim, quotation, date="1848-12-05").relation == "supports"
    assert judged(judge, claim, quotation, date="1890").relation == "context"


class Sure:
    """An entailment model that is sure of one thing."""

    def __init__(self, entails: float, contradicts: float) -> None:
        self.told = (entails, contradicts)

    def predict(self, claim: str, texts) -> list[tuple[float, float]]:
        return [self.told for _ in texts]


def with_model(judge: RuleJudge, entails: float, contradicts: float) -> Judge:
    return EntailmentJudge(Sure(entails, contradicts), judge)


def test_a_model_cannot_make_support_of_a_wrong_number(judge):
    claim = FORTS.replace("37,000", "17,000")
    assert judged(with_model(judge, 0.99, 0.0), claim, FORTS).relation != "supports"


def test_a_model_may_see_what_rules_do_not(judge):
    claim, quotation = "The bases went back to Japan.", "We keep our bases in Japan."
    assert judged(with_model(judge, 0.0, 0.95), claim, quotation).relation == "contradicts"
    assert judged(with_model(judge, 0.0, 0.0), FORTS, FORTS).relation == "context"


# ---- findings ----


@pytest.mark.parametrize(
    ("claim", "quotation", "aspect"),
    [
        (
            "Construction of ten sloops of war was not under way.",
            "The laws authorizing ten sloops of war are in the course of execution.",
            "negation",
        ),
        ("The Russians blame themselves.", "The Russians blame the Chinese.", "role"),
        (
            "A declaration against the Axis signed 26 nations.",
            "The declaration was signed in Washington by 26 nations united against the Axis.",
            "role",
        ),
        ("Peruvian trade grew in 1848.", "Trade grew in 1848.", "place"),
        (
            "We can not and should avoid any act which will build up an aggressor.",
            "We can and should avoid any act which will build up an aggressor.",
            "negation",
        ),
        (
            "Free and fair trade promotes my administration, to create jobs for workers.",
            "My administration promotes free and fair trade, to create jobs for workers.",
            "role",
        ),
    ],
)
def test_what_the_source_does_not_bear_out_is_named(judge, claim, quotation, aspect):
    found = judged(judge, claim, quotation)
    assert found.relation != "supports"
    assert aspect in {reason.aspect for reason in found.reasons if not reason.agrees}


def test_of_several_times_the_one_beside_the_deed_counts(judge):
    quotation = "From my marriage, January 29, 1839, to our settling at Down, September 14, 1842."
    assert judged(judge, "He married in 1842.", quotation).relation != "supports"
    (reason,) = [
        r for r in judged(judge, "He married in 1842.", quotation).reasons if r.aspect == "date"
    ]
    assert (reason.source, reason.agrees) == ("January 29, 1839", False)
    right = judged(judge, "He married in January 1839.", quotation)
    assert [r.agrees for r in right.reasons if r.aspect == "date"] == [True]


@pytest.mark.parametrize(
    ("claim", "quotation"),
    [
        ("American trade grew in 1848.", "Our trade grew in 1848."),
        ("The town that is now Ottawa burned.", "The town of Bytown burned."),
        ("Spending came to over nine million dollars.", "Spending came to more than $9M."),
        ("Shelepin lost the struggle.", "Shelepin was beaten in the struggle."),
        ("Grant won at Vicksburg.", "Grant had defeated the army at Vicksburg."),
    ],
)
def test_what_goes_without_saying_is_not_missed(judge, claim, quotation):
    found = judged(judge, claim, quotation)
    assert [r for r in found.reasons if not r.agrees and r.aspect != "statement"] == []


def test_what_is_said_of_others_contradicts_nothing(judge):
    claim, quotation = "Prices in Peru fell in 1890.", "Prices rose in 1890."
    found = judged(judge, claim, quotation)
    assert found.relation == "context"
    assert {r.aspect for r in found.reasons if not r.agrees} >= {"direction", "place"}
    assert judged(judge, claim, quotation, "This was so in Peru.").relation == "contradicts"


def test_a_source_on_the_same_persons_does_not_support_whatever_is_said_of_them(judge):
    found = judged(
        judge, "President Kennedy met Gromyko.", "Rusk, with Kennedy's consent, wrote to Gromyko."
    )
    assert found.relation == "context"


CLAIM = Claim("c1", "Gold was found in 1848.", Span(0, 23))


def evidence(relation: str, bearing: float, document: str = "a", **changes: object) -> Evidence:
    fields: dict[str, object] = {
        name: ""
        for name in Evidence.__dataclass_fields__
        if name not in {"reasons", "bearing", "copies"}
    }
    fields |= {"document_id": document, "relation": relation, "bearing": bearing, "says": bearing}
    fields |= {"denies": bearing}
    fields |= {"date": "1848-12-05", "kind": "primary", "quote": "Gold."} | changes
    return Evidence(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("relations", "verdict"),
    [
        (["supports", "context"], "supported"),
        (["contradicts"], "contradicted"),
        (["supports", "contradicts"], "mixed"),
        (["context"], "related"),
        ([], "not found"),
    ],
)
def test_verdicts(relations, verdict):
    found = [evidence(relation, 0.6) for relation in relations]
    assert verdict_of(found) == verdict
    assert (confidence_in(verdict, CLAIM, found) is None) == (
        verdict not in {"supported", "contradicted"}
    )


def test_copies_count_once_and_independent_sources_add_up():
    one = [evidence("supports", 0.6)]
    assert combined(CLAIM, one * 10) == combined(CLAIM, one)
    assert combined(CLAIM, [*one, evidence("supports", 0.6, "b")]) > combined(CLAIM, one)
    copy = evidence("supports", 0.6, "b", copies=("a",))
    assert combined(CLAIM, [*one, copy]) == combined(CLAIM, one)


@pytest.mark.parametrize(
    "weaker",
    [{"kind": "memoir"}, {"kind": "editorial"}, {"date": "1885"}],
)
def test_a_later_or_lesser_source_counts_less(weaker):
    strong = evidence("supports", 0.6)
    assert combined(CLAIM, [replace(strong, **weaker)]) < combined(CLAIM, [strong])


def test_reasons_are_values():
    assert Reason("date", "1832", "1823", False) == Reason("date", "1832", "1823", False)
    assert stands_for("Holland") == stands_for("the Dutch")
