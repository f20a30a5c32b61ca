"""How passages stand to claims, with the judge that is installed, and what claims come to."""

from __future__ import annotations

import pytest

from rag.config import Settings
from rag.datatypes import Evidence
from rag.embedding import Encoder
from rag.evidence import confidence_in, verdict_of
from rag.judging import BEARS_ON, Judge, Judgement, Quotation
from rag.relation.checks import check
from rag.relation.entailment import EntailmentJudge
from rag.relation.verifier import LearnedJudge, load_learned

VICKSBURG = "On the 4th of July, 1863, General Grant took Vicksburg with 37,000 prisoners."


@pytest.fixture(scope="module")
def judge() -> LearnedJudge:
    settings = Settings.from_environment()
    return load_learned(settings, Encoder.load("default", settings))


def judged(judge: Judge, claim: str, passage: str) -> Judgement:
    return judge.judge(claim, [Quotation(passage)])[0]


@pytest.mark.parametrize(
    "claim",
    [
        VICKSBURG,
        "General Grant took Vicksburg with 37,000 prisoners in July 1863.",
        "In 1863 Grant took Vicksburg with thirty-seven thousand prisoners.",
    ],
)
def test_the_same_in_other_words_is_supported(judge: LearnedJudge, claim: str):
    assert judged(judge, claim, VICKSBURG).relation == "supports"


@pytest.mark.parametrize(
    ("claim", "aspect", "source"),
    [
        ("General Grant took Vicksburg with 17,000 prisoners in July 1863.", "number", "37,000"),
        ("General Grant took Vicksburg in July 1864.", "date", "4th of July, 1863"),
        ("General Sherman took Vicksburg in July 1863.", "name", ""),
        ("General Grant took Atlanta in July 1863.", "name", ""),
    ],
)
def test_one_thing_changed_is_never_supported_and_said(
    judge: LearnedJudge, claim: str, aspect: str, source: str
):
    found = judged(judge, claim, VICKSBURG)
    assert found.relation != "supports"
    told = {(reason.aspect, reason.source) for reason in found.reasons if not reason.agrees}
    assert (aspect, source) in told


QUOTED = "The population of the colonies had not doubled in 22 years, as Adams told the Senate."


@pytest.mark.parametrize(
    ("changed", "to", "relation"),
    [
        ("had not doubled", "had doubled", "contradicts"),
        ("22 years", "33 years", "contradicts"),
        ("Adams told the Senate", "Jefferson told the Senate", "context"),
        ("Adams told the Senate", "the Senate told Adams", "context"),
        ("the colonies", "these colonies", "supports"),
    ],
)
def test_words_of_a_passage_with_one_thing_changed(
    judge: LearnedJudge, changed: str, to: str, relation: str
):
    found = judged(judge, QUOTED.replace(changed, to), f"It was so before. {QUOTED} Then came war.")
    assert found.relation == relation


@pytest.mark.parametrize(
    ("claim", "passage", "relation"),
    [
        (
            "The Assembly granted the Governor a salary in 1747",
            "In 1747 the Assembly refused to grant the Governor a salary.",
            "contradicts",
        ),
        (
            "Captain Brode burned the granary of Holm",
            "It was never proved that Captain Brode burned the granary of Holm.",
            "context",
        ),
        (
            "The Bishop had poisoned the well at Sarn",
            "The Governor denied upon oath that the Bishop had poisoned the well at Sarn.",
            "context",
        ),
    ],
)
def test_what_stands_under_a_denial_is_no_support(
    judge: LearnedJudge, claim: str, passage: str, relation: str
):
    assert judged(judge, claim, passage).relation == relation


@pytest.mark.parametrize(
    "claim",
    [
        "Adams told senators that the colonies grew slowly, not that they doubled",
        "The number of colonists did not double in 22 years",
        "The colonies",
    ],
)
def test_a_claim_in_other_words_is_not_held_to_the_wording(claim: str):
    assert "wording" not in {reason.aspect for reason in check(claim, Quotation(QUOTED)).missing}
    assert not check(claim, Quotation(QUOTED)).quoted


@pytest.mark.parametrize(
    "claim",
    [
        "The mayor sold the mill for 200 marks in March 1707",
        "On 14 March 1707 the mayor sold the mill for 200 marks",
    ],
)
def test_a_time_that_is_borne_out_may_be_written_otherwise(judge: LearnedJudge, claim: str):
    passage = "The council met early. The mayor sold the mill on 14 March 1706/7 for 200 marks."
    assert judged(judge, claim, passage).relation == "supports"


def test_what_a_time_leaves_of_a_claim_is_what_is_read_for():
    quotation = Quotation("The mill burned, and the dam with it.", date="1865-01-20")
    claims = {
        "The mill burned on 20 January 1865.": "The mill burned.",
        "In 1865, the mill burned": "the mill burned",
        "The mill of 1865 burned in 1866": "The mill burned in 1866",
        "It burned in 1865": "It burned in 1865",
    }
    assert {claim: check(claim, quotation).unproven for claim in claims} == claims


def test_a_phrase_of_place_may_stand_elsewhere_and_who_did_it_may_not():
    passage = "In the flood of Ossory the miller robbed the smith of 300 sheep, and the smith wept."
    moved = check("The miller robbed the smith in the flood of Ossory", Quotation(passage))
    turned = check("In the flood of Ossory the smith robbed the miller", Quotation(passage))
    assert not moved.objections
    assert turned.objections


def test_months_and_numbers_are_no_names():
    checked = check("Two mills burned in March 1865", Quotation("Nothing burned."))
    assert checked.count("name") == (0, 0, 0)


def test_whoever_speaks_may_be_named_beside_his_own_words():
    said = "We should consider any attempt to extend their system as dangerous to our peace"
    monroe = Quotation(f"{said}.", creator="James Monroe")
    assert not check(f"James Monroe told: {said}", monroe).objections
    assert check(f"Andrew Jackson told: {said}", monroe).objections


def test_a_namesakes_words_are_no_misquotation():
    said = "There were then about four thousand persons collecting gold along the river"
    told = check(f"Leonidas Polk: {said}", Quotation(f"{said}.", creator="James K. Polk"))
    assert (told.quoted, told.misquoted, bool(told.objections)) == (True, False, True)


def test_other_subjects_do_not_bear_on_a_claim(judge: LearnedJudge):
    found = judged(judge, VICKSBURG, "The postal deficit was paid out of the general revenue.")
    assert found.relation == "context"
    assert found.probabilities.bears < BEARS_ON


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The Dutch lent the money.", "The money was lent by Holland."),
        ("He told the Spaniards of it.", "It was known to Spain."),
    ],
)
def test_nations_agree_under_any_name(claim: str, passage: str):
    assert not check(claim, Quotation(passage)).missing


def test_a_name_is_told_of_as_a_whole_and_once(judge: LearnedJudge):
    claim = "In 1870 the annexation of Santo Domingo was refused by the House of Lords."
    found = judged(judge, claim, "The Senate refused the annexation of San Domingo in 1870.")
    names = [(r.claim, r.agrees) for r in found.reasons if r.aspect == "name"]
    assert names == [("Santo Domingo", False), ("House", False), ("Lords", False)]


class Sure:
    """An entailment model that is sure of one thing."""

    def __init__(self, entails: float, contradicts: float) -> None:
        self.told = (entails, contradicts)

    def predict(self, claim: str, texts) -> list[tuple[float, float]]:
        return [self.told for _ in texts]


def test_a_model_cannot_make_support_of_a_wrong_number(judge: LearnedJudge):
    sure = EntailmentJudge(Sure(0.99, 0.0), judge)
    assert judged(sure, VICKSBURG, VICKSBURG).relation == "supports"
    assert judged(sure, VICKSBURG.replace("37,000", "17,000"), VICKSBURG).relation != "supports"


def test_a_model_that_is_sure_has_the_word(judge: LearnedJudge):
    claim, passage = "The bases went back to Japan.", "We keep our bases in Japan."
    assert judged(EntailmentJudge(Sure(0.0, 0.95), judge), claim, passage).relation == "contradicts"
    assert (
        judged(EntailmentJudge(Sure(0.0, 0.0), judge), VICKSBURG, VICKSBURG).relation == "context"
    )


# ---- findings ----


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
    assert (confidence_in(verdict, found) is None) == (verdict not in {"supported", "contradicted"})


def test_copies_count_once_and_independent_sources_add_up():
    one = [evidence("supports", 0.6)]
    assert confidence_in("supported", one) == confidence_in("supported", one * 10) == 0.6
    other, copy = (evidence("supports", 0.6, "b", copies=c) for c in ((), ("a",)))
    assert confidence_in("supported", [*one, other]) == pytest.approx(0.84)
    assert confidence_in("supported", [*one, copy]) == 0.6
    assert confidence_in("supported", [*one, evidence("context", 0.9, "c")]) == 0.6
