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
    ("claim", "passage"),
    [
        ("No boats were lost in the storm", "No fewer than nine boats were lost in the storm."),
        ("No boats were lost in the storm", "No boats but nine were lost in the storm."),
        ("All boats were lost in the storm", "All boats save nine were lost in the storm."),
        ("Nobody knew the way to the mill", "Nobody but the smith knew the way to the mill."),
        ("Nothing was done for the weavers", "Nothing but harm was done for the weavers."),
        (
            "The mill was not a danger to them",
            "The mill was not only a danger to them but a fraud.",
        ),
        ("Not only boats were lost in the storm", "Not boats were lost in the storm, but lives."),
    ],
)
def test_a_word_that_denies_may_not_deny_in_the_passage(claim: str, passage: str):
    assert check(claim, Quotation(passage)).objections
    assert not check(passage, Quotation(passage)).objections


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("The tale that {} is false.", False),
        ("The tale that {} is without foundation.", False),
        ("The tale that in that year {} is false.", False),
        ("It is claimed by his foes that {}, which is untrue.", False),
        ("{}? We doubt it.", False),
        ("If, as the Duke says, {}, the law will find him.", False),
        ("If it be true, that {}, the law will find him.", False),
        ("It is wrong that {}.", True),
        ("The fact that {} was not known to the Duke.", True),
        ("The news that {} never reached the Duke.", True),
        ("In that year {}, and never told the Duke.", True),
        ("If you ask me, {}.", True),
        ("That {} was never proved.", False),
        ("It is a lie that {}.", False),
        ("If {}, the law will find him.", False),
        ("Had {}, the law would have found him.", False),
        ("They asked whether {}.", False),
        ("The fact that {} is well known.", True),
        ("We know that {}, and nobody was surprised.", True),
        ("{}, and nobody was surprised.", True),
        ("If we are right, {}.", True),
    ],
)
def test_what_a_sentence_supposes_or_calls_untrue_is_no_support(said: str, stands: bool):
    claim = "The Bishop poisoned the well at Sarn"
    assert bool(check(claim, Quotation(said.format(claim))).objections) != stands


def test_a_question_bears_out_that_it_was_asked():
    asked = "Did the Bishop of Holm poison the well at Sarn?"
    assert not check(asked, Quotation(f"They said: {asked}")).objections


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
        "The mill burned on 20 January 1865.": "The mill burned",
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


@pytest.mark.parametrize(
    ("claim", "passage", "date"),
    [
        # a time that is added, not changed
        (
            "In 1791 the canal of Arles was dug by prisoners of war",
            "All praise it. The canal of Arles was dug by prisoners of war, and few came home.",
            "1860-05-02",
        ),
        (
            "The edict of 1685 was hated by the weavers and defied",
            "The edict was hated by the weavers and defied, as he wrote in 1690.",
            "",
        ),
        (
            "The weavers of Tours hated the edict and left France in 1685",
            "The weavers of Tours hated the edict and left France, as he wrote in 1690.",
            "",
        ),
        # told of another
        (
            "In 1860 Ames was elected the first mayor of the town",
            "In 1856 Brown was elected the first mayor of the town.",
            "",
        ),
        # two rows of one table
        (
            "In 1852 the sheep of the whole county numbered 1,200 head",
            "In 1853 the sheep of the whole county numbered 1,800 head.",
            "",
        ),
        # other words for it
        (
            "Imports of wool fell by a third in the course of the war",
            "Imports of wool declined by a third in the course of the war.",
            "",
        ),
        (
            "Mills lost the savings of the weavers of that town",
            "Mills that failed lost the savings of the weavers of that town.",
            "",
        ),
        (
            "Order number 9 was read to all the weavers in the square",
            "Order No. 9 was read to all the weavers in the square.",
            "",
        ),
        (
            "The mayor taxed the wool and the salt in one week",
            "The mayor taxed not only the wool but also the salt in one week.",
            "",
        ),
        (
            "They said that the edict was not just and told the King so",
            "They did not say that the edict was just and told the King so.",
            "",
        ),
    ],
)
def test_what_is_told_besides_or_in_other_words_contradicts_nothing(
    claim: str, passage: str, date: str
):
    assert not check(claim, Quotation(passage, date=date)).misquoted


CANAL = "In 1791 the canal was dug by 400 prisoners, who came home in May 1795 with no boats."


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("In 1791", "In 1786"),
        ("May 1795", "May 1799"),
        ("400 prisoners", "900 prisoners"),
        ("was dug", "was not dug"),
        ("was dug", "was never dug"),
        ("with no boats", "with boats"),
    ],
)
def test_one_thing_in_the_place_of_another_contradicts(said: str, changed: str):
    passage = f"There was much talk in 1803 of 70 boats. {CANAL} All wept."
    found = check(CANAL.replace(said, changed), Quotation(passage, date="1803"))
    assert found.misquoted


def test_a_day_without_a_year_is_of_the_year_of_its_letter_or_the_last_one():
    claim = "On March 4, 1841 the ship at Norfolk was blessed by the Bishop"
    said = "On the 4th of March the ship at Norfolk was blessed by the Bishop."
    told = {
        date: not check(claim, Quotation(said, date=date)).objections
        for date in ("1841-03-08", "1842-02-08", "1841-02-08", "1843-02-08", "1842")
    }
    assert [date for date, agrees in told.items() if agrees] == list(told)[:3]


@pytest.mark.parametrize(
    ("claim", "said", "agrees"),
    [
        ("The ship bore 1300 captives to Lagos", "The ship bore 1,300 captives to Lagos.", True),
        ("The ship bore 1,300 captives to Lagos", "It bore 1300 captives to Lagos.", True),
        ("Between six and nine million sheep died", "Between 6 and 9 million sheep died.", True),
        ("Wool fell from 60 percent to 40 percent", "Wool fell from 60 to 40 percent.", True),
        ("It fell from 12 to 9 million bales", "It fell from 12 million to 9 million bales.", True),
        ("Ossory fell in 44 BC by treason", "Ossory fell in 44 B.C. by treason.", True),
        ("The U.S. Army came home", "The US Army came home.", True),
        ("At first the mill stood idle", "The mill stood idle.", True),
        ("The first mill stood idle", "The second mill stood idle.", False),
        ("Watt's first mill stood idle", "Watt's second mill stood idle.", False),
        ("In that first year mills stood idle", "In that third year mills stood idle.", False),
        (
            "The very first mill stood idle in 1701",
            "The third very old mill stood idle in 1701.",
            False,
        ),
        ("The smith fired first on the miller", "The smith fired on the miller.", True),
        ("About 5000 smiths came to the mill", "5012 smiths came to the mill.", True),
        ("About 1500 men came to the mill", "1512 men came to the mill.", True),
        ("More than 5000 smiths came to the mill", "6200 smiths came to the mill.", True),
        ("The twenty-third regiment came home", "The 23rd regiment came home.", True),
        ("In the 1700s wool was spun by hand", "In 1764 wool was spun by hand.", True),
        (
            "On 6/3/1815 the mill at Ossory burned",
            "On June 3, 1815 the mill at Ossory burned.",
            True,
        ),
        ("From 1701 to 1704 the mill stood idle", "The mill stood idle, 1701-4.", True),
        (
            "In 132 AH the mosque of Rayy was built",
            "In 132 A.H. the mosque of Rayy was built.",
            True,
        ),
        ("The 24th regiment came home in rags", "The 23rd regiment came home in rags.", False),
        ("Troy burned around 1190 BC", "In 1190 Troy burned.", False),
        ("The county has 40 mills and a dam", "The county has 41 mills and a dam.", False),
        ("It owed 2 million Dutch guilders", "It owed 2,000,000 guilders.", True),
        ("It owed $2 million", "It owed 2,000,000 Spanish dollars.", True),
        ("The mill cost £15,000", "The mill cost 15,000 pounds.", True),
        ("The mill cost £15,000", "The mill cost 15,000 pounds sterling.", True),
        ("The stone weighed 500 pounds", "The stone weighed 500 lbs.", True),
        ("The mill cost $15,000 to build", "The mill cost 15,000 pounds to build.", False),
        ("The mill cost £500 to build", "The mill took 500 pounds of lead to build.", False),
        ("The mill cost £15,000 to build", "The mill cost $15,000 to build.", False),
        ("The grant was 12,000 acres of wood", "The grant was 12,000 dollars of wood.", False),
    ],
)
def test_the_same_number_or_time_may_be_written_otherwise(claim: str, said: str, agrees: bool):
    assert bool(check(claim, Quotation(said)).objections) != agrees


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("In 2000 the Duke lent money to the weavers", "I lend $2,000 to the weavers."),
        ("In 1900 the Duke sent smiths to the mill", "I sent 1,900 smiths to the mill."),
        (
            "In 1800 smiths came to the mill of Ossory",
            "The 1,800 smiths came to the mill of Ossory.",
        ),
        (
            "By 1800 the road to Ossory was paved",
            "The smiths paved 1,800 rods of the road to Ossory.",
        ),
        ("1,800 smiths paved the road to Ossory", "In 1800 smiths paved the road to Ossory."),
    ],
)
def test_a_year_is_not_borne_out_by_a_sum_or_count_with_its_figures(claim: str, passage: str):
    checked = check(claim, Quotation(passage))
    assert checked.objections
    assert checked.unproven == claim


@pytest.mark.parametrize(
    ("claim", "year", "other"),
    [
        ("The disputed 1880 elections were won by the weavers of Ossory", "1880", "1876"),
        ("The great 1900 strikes closed the mills of Ossory for weeks", "1900", "1894"),
        ("In 1850 Mill Street burned down with all the smithies of Ossory", "1850", "1849"),
        ("In 1900 men left the mills of Ossory for the ports", "1900", "1894"),
    ],
)
def test_a_year_near_by_is_not_the_same_year_rounded(claim: str, year: str, other: str):
    assert check(claim, Quotation(claim.replace(year, other))).objections


def test_a_day_with_a_year_of_two_figures_is_of_any_century():
    said = "On 6/3/15 the mill at Ossory burned down with all its wool"
    for day in ("June 3, 1815", "3 June 1915"):
        checked = check(said, Quotation(f"On {day} the mill at Ossory burned down with its wool."))
        assert [(r.claim, r.source) for r in checked.agrees if r.aspect == "date"] == [
            ("6/3/15", day)
        ]


@pytest.mark.parametrize(
    ("said", "told"), [("6/3/1815", "March 6, 1815"), ("March 6, 1815", "6/3/1815")]
)
def test_a_day_that_is_another_with_day_and_month_turned_is_left_open(said: str, told: str):
    checked = check(
        f"On {said} the mill at Ossory burned", Quotation(f"On {told} the mill at Ossory burned.")
    )
    assert (checked.count("date"), checked.misquoted) == ((0, 0, 1), False)


@pytest.mark.parametrize(
    ("claim", "passage", "told"),
    [
        ("On March 5 the mill burned", "On the 4th of March, 1861, the mill burned.", "differs"),
        ("On March 5 the mill burned", "On March 12 the mill burned.", "differs"),
        ("On March 5 the mill burned", "In March the mill burned.", "missing"),
        ("On March 5 the mill burned", "On the 5th of March, 1861, the mill burned.", "agrees"),
        ("On the 5th of March the mill burned", "On 3/5/1861 the mill burned.", "agrees"),
        ("On July 4 the mill burned", "On the fourth of July the mill burned.", "agrees"),
        ("On July 4 the mill burned", "Of the 3d and 4th of July: the mill burned.", "agrees"),
        ("On July 4 the mill burned", "On July fourth the mill of June 30 burned.", "agrees"),
        ("On July 3 the mill burned", "On July 1, 2, 3 and 4 the mill burned.", "agrees"),
        ("On July 1 the mill burned", "On the 1st, 2d and 3d of July the mill burned.", "agrees"),
        ("On July 3 the mill burned", "From July 1 to July 5 the mill burned.", "agrees"),
        ("On July 4 the mill burned", "On July 3 and on the 4th the mill burned.", "agrees"),
        ("On July 4 the mill burned", "On July 3-4 the mill burned.", "agrees"),
        ("Before July 5 the mill burned", "On July 3 the mill burned.", "agrees"),
        ("On July 6 the mill burned", "On July 1, 2, 3 and 4 the mill burned.", "missing"),
        ("On July 3 the mill burned", "Until July 5 the mill burned.", "missing"),
        ("On July 4 the mill burned", "The mill that was sold on June 30 burned.", "missing"),
        ("On July 4 the mill burned", "On July 3, 4 smiths said, the mill burned.", "missing"),
    ],
)
def test_a_day_without_a_year_is_compared_with_the_days_of_the_passage(claim, passage, told):
    checked = check(claim, Quotation(passage))
    assert [reason.aspect for reason in getattr(checked, told)].count("date") == 1
    assert bool(checked.objections) == (told != "agrees")


@pytest.mark.parametrize(
    ("claim", "passage", "agrees"),
    [
        ("From 1701 to 1709 the mill stood idle", "From 1703 to 1705 the mill stood idle.", False),
        ("From 1701 to 1706 the mill stood idle", "From 1701 to 1705 the mill stood idle.", False),
        ("Between 1740 and 1760 the mill burned", "In 1754 the mill burned.", False),
        ("The war of 1701-1706 closed the mill", "The war of 1701-1705 closed the mill.", False),
        ("The mill stood idle 1690-1705", "The mill stood idle, 1701-1705.", False),
        ("The war of 1701-1705 closed the mill", "The war of 1701-5 closed the mill.", True),
        ("In the war (1701-1705) the mill burned", "In 1704 the mill burned.", True),
        ("From 1701 to 1705 the mill stood idle", "The mill stood idle, 1701-05.", True),
        ("From 1701 to 1705 the mill stood idle", "Idle in 1701, the mill ran in 1705.", True),
    ],
)
def test_of_a_stretch_of_years_both_ends_are_told(claim: str, passage: str, agrees: bool):
    checked = check(claim, Quotation(passage, date="1703"))
    assert checked.count("date") == ((1, 0, 0) if agrees else (0, 0, 1))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("1,500 smiths", "Between 1,000 and 2,000 smiths"),
        ("4,500 smiths", "Four or five thousand smiths"),
        ("Over a hundred smiths", "Three hundred smiths"),
        ("300 smiths", "More than a hundred smiths"),
        ("Fewer than 300 smiths", "A hundred smiths"),
    ],
)
def test_a_number_that_leaves_room_for_another_does_not_contradict_it(said: str, told: str):
    rest = "were killed in the flood of Ossory that year"
    checked = check(f"{said} {rest}", Quotation(f"{told} {rest}."))
    assert (checked.count("number"), checked.misquoted) == ((0, 0, 1), False)


@pytest.mark.parametrize("said", ["900 smiths", "Between 1,000 and 1,700 smiths"])
def test_a_number_outside_of_a_stretch_and_another_end_of_it_differ(said: str):
    rest = "were killed in the flood of Ossory that year"
    found = check(f"{said} {rest}", Quotation(f"Between 1,000 and 2,000 smiths {rest}."))
    assert found.misquoted


@pytest.mark.parametrize(
    ("claim", "stands"),
    [
        ("In 1860 the mill ground more than in 1861 and the dam held", False),
        ("The 1860 wool was better than the 1861 wool of Ossory", False),
        ("In 1861 the mill ground more than in 1860 and the dam held", True),
        ("The mill in 1861 ground more than in 1860 and the dam held", True),
        ("The smith came home in 1859 and in 1858", True),
    ],
)
def test_two_years_in_each_others_place_are_no_support(claim: str, stands: bool):
    passage = (
        "In 1861 the mill ground more than in 1860 and the dam held. "
        "The 1861 wool was better than the 1860 wool of Ossory. "
        "The smith came home in 1858 and in 1859."
    )
    assert bool(check(claim, Quotation(passage)).objections) != stands


@pytest.mark.parametrize(
    ("claim", "said", "agrees"),
    [
        ("In 1862 the mill burned", "Last year the mill burned.", False),
        ("In 1861 the mill burned", "Last year the mill burned.", True),
        ("On December 3, 1862 the mill burned", "The mill burned yesterday.", False),
        ("On December 2, 1862 the mill burned", "The mill burned yesterday.", True),
        ("In December 1862 the mill burned", "The mill burned on the 8th ult.", False),
        ("In 1862 the mill burned", "The mill burned. Last year we had rain.", True),
        ("In 1862 the mill burned", "Since the flood yesterday the mill burned.", True),
        ("In 1862 the mill burned", "The mill burned, as did that of last year.", True),
        ("In 1862 the loss was larger", "The loss was larger than last year.", True),
        ("In 1862 the mill burned", "The mill was burned last year.", False),
        ("In 1862 the mill burned", "The mill burned in the last year of the war.", True),
    ],
)
def test_the_date_of_a_document_is_not_that_of_what_it_tells_of_yesterday(claim, said, agrees):
    checked = check(claim, Quotation(said, date="1862-12-03"))
    assert checked.count("date") == ((1, 0, 0) if agrees else (0, 0, 1))


def test_a_count_behind_a_month_is_no_day():
    checked = check("In June 9 ships were lost at sea", Quotation("Nine ships were lost in June."))
    assert not checked.objections


def test_times_that_belong_together_are_cut_out_together():
    quotation = Quotation("In 1861 the mill burned, and the dam in 1862.")
    claims = {
        "In 1861 and 1862 the mill burned": "the mill burned",
        "In 1861 and 1863 the mill burned": "In 1861 and 1863 the mill burned",
        "In Ossory, in 1861, the mill burned": "In Ossory, the mill burned",
        "The 1861 fire burned the mill": "The fire burned the mill",
    }
    assert {claim: check(claim, quotation).unproven for claim in claims} == claims


@pytest.mark.parametrize(
    "name", ["Gen. Grant", "Although Grant", "Yesterday Grant", "Ex-President Grant"]
)
def test_what_stands_before_a_last_name_may_be_no_part_of_it(name: str):
    own = Quotation("The war will be long.", creator="Ulysses S. Grant")
    assert check(f"{name} told them that the war would be long", own).by_speaker


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
    claim = "In 1870 the annexation of Santo Mauro was refused by the House of Lords."
    found = judged(judge, claim, "The Senate refused the annexation of San Mauro in 1870.")
    names = [(r.claim, r.agrees) for r in found.reasons if r.aspect == "name"]
    assert names == [("Santo Mauro", False), ("House", False), ("Lords", False)]


def test_a_place_agrees_under_its_other_name(judge: LearnedJudge):
    claim = "In 1870 the annexation of Santo Domingo was refused."
    found = judged(judge, claim, "The Senate refused the annexation of San Domingo in 1870.")
    assert [(r.claim, r.agrees) for r in found.reasons if r.aspect == "name"] == [
        ("Santo Domingo", True)
    ]


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
