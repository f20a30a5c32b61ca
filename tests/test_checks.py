"""What is said beside a passage of the numbers, dates and names of a claim: nothing misleading."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.datatypes import Reason
from rag.judging import Quotation
from rag.relation.checks import check
from rag.relation.verifier import reasons_of
from rag.wording import differences, stands


def told(claim: str, quotation: Quotation) -> tuple[Reason, ...]:
    return reasons_of("context", check(claim, quotation))


def sentence(claim: str, quotation: Quotation, bearing: float = 0.9) -> str:
    return stands("context", told(claim, quotation), bearing)


EDICT = Quotation(
    "The tax upon salt is hereby lifted. In 1701 the old mill of Ossory burned, and in the year "
    "1709 the weavers of Ossory built a dam across the river.",
    creator="Hugo Abendroth",
    title="Third Edict",
    date="1712-03-02",
)


@pytest.mark.parametrize(
    ("claim", "differs"),
    [
        # the author did so at another time, by saying it, or at a time that is still to come
        ("Abendroth announced in 1705 that the tax was lifted", ["dated 2 March 1712"]),
        ("In 1705 Abendroth told Ossory to lift the tax", ["dated 2 March 1712"]),
        ("Abendroth lifted the tax on salt in 1744", ["dated 2 March 1712"]),
        # what he tells of may have been at any time before
        ("Abendroth lifted the tax on salt in 1705", []),
        ("Abendroth said that the Duke died in 1705", []),
        # nobody says that it was he
        ("The tax on salt was lifted in 1705", []),
        ("Keller lifted the tax on salt in 1744", []),
        # the sentence that tells of it has a date, and it is not the first of the passage
        ("The weavers of Ossory built a dam in 1733", ["“1709”"]),
        ("In 1733 the mill of Ossory burned down", ["“1701”"]),
        # it has the date of something else
        ("The weavers of Ossory struck for bread in 1733", []),
        ("The weavers of Kells built a dam in 1733", []),
    ],
)
def test_another_date_is_told_where_it_is_of_the_same_event(claim: str, differs: list[str]):
    found = differences(told(claim, EDICT))
    assert len(found) == len(differs)
    assert all(words in said for words, said in zip(differs, found, strict=True))
    assert check(claim, EDICT).objections


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("Only Ossory had a mill in 1745", "From 1745 to 1749 Ossory alone had a mill."),
        ("In 1745 the Duke built the mill", "The mill stood in Ossory from 1740 until 1745."),
        ("Mr. Keller of Ossory saw the President", "The chief magistrate met Keller of Ossory."),
    ],
)
def test_what_stands_there_is_not_said_to_be_missing(claim: str, passage: str):
    said = sentence(claim, Quotation(passage))
    assert "1745" not in said.partition("does not say")[2]
    assert "President" not in said


TO_HOUSES = "Fellow-Citizens of the Senate and House of Representatives:"


@pytest.mark.parametrize(
    ("about", "missing"),
    [
        ({"opening": TO_HOUSES}, False),
        ({"opening": "To the Congress of the United States:"}, False),
        ({"title": "Message to the Congress"}, False),
        ({"opening": "My dear General:", "title": "Letter"}, True),
        ({}, True),
    ],
)
def test_whom_a_document_addresses_is_not_missing(about: dict[str, str], missing: bool):
    lifted = Quotation("I ask you to lift the tax upon salt.", creator="Hugo Abendroth", **about)
    said = sentence("Abendroth asked the Congress to lift the tax", lifted)
    assert ("does not say “Congress”" in said) is missing


@pytest.mark.parametrize(
    ("claim", "passage", "has"),
    [
        ("Remember the Maine", "The rights of the State of Maine are not in doubt.", False),
        ("Remember the Maine", "The harbors from Maine to Texas were mined.", False),
        ("Remember the Maine", "That night the Maine was destroyed at her anchor.", True),
        ("Remember the Maine", "The memory of the battleship Maine is honored.", True),
        ("They settled Maine in 1607", "The crew of the battleship Maine was honored.", False),
        ("They settled Maine in 1607", "The first settlers of Maine came by sea.", True),
        ("They crossed the Delaware by night", "The State of Delaware met in council.", False),
    ],
)
def test_a_ship_or_river_is_not_the_state_that_it_is_called_after(claim, passage, has):
    assert ("has “" in sentence(claim, Quotation(passage))) is has


@pytest.mark.parametrize(
    ("claim", "passage", "has"),
    [
        ("They say Grant paid the weavers", "It is for you to grant what they ask.", False),
        ("They say Grant paid the weavers", "General Grant was there.", True),
        ("Trade with Ossory grew", "Trade is free. The trade with Ossory is dead.", False),
        ("Ossory grew by trade", "Few ever saw Ossory again.", True),
    ],
)
def test_a_word_is_no_name(claim: str, passage: str, has: bool):
    name = claim.removeprefix("They say ").split()[0]
    assert (f"“{name}”" in sentence(claim, Quotation(passage)).partition("does not")[0]) is has


@pytest.mark.parametrize(
    ("claim", "creator"),
    [
        ("FDR told Congress of the Germans in 1941", "Franklin D. Roosevelt"),
        ("Bush Jr. sent soldiers to Iraq and Afghanistan", "George W. Bush"),
        ("Thomas Jefferson bought Louisiana from France", "Abraham Lincoln"),
        ("Grant wanted Santo Domingo", "Ulysses S. Grant"),
        ("Did President Ford pardon Nixon?", "Gerald R. Ford"),
        ("The weavers hated Abendroth", "Hugo Abendroth"),
    ],
)
def test_names_in_small_letters_are_names(claim: str, creator: str):
    quotation = Quotation(
        "Jefferson and Congress and the French, who sold Louisiana, knew the Germans.",
        creator=creator,
        date="1941-01-06",
    )
    small, written = (check(text, quotation) for text in (claim.lower(), claim))
    assert small.by_speaker == written.by_speaker
    for aspect in ("name", "date", "number"):
        assert small.count(aspect) == written.count(aspect)


@pytest.mark.parametrize(
    "claim", ["may the bush burn", "we grant it to us all", "a turkey and a union of workers"]
)
def test_a_word_in_small_letters_is_a_word(claim: str):
    assert not check(claim, Quotation("The mill burned.", creator="George W. Bush")).missing


ASKS = "In this view I recommend the adoption of the following articles: Art. 1. Every mill shall"
DRAFT = "Art. 2. All millers shall be free of the tax upon salt forever."


@pytest.mark.parametrize(
    ("claim", "before", "text", "proposed"),
    [
        ("He freed the millers of the tax", f"{ASKS} pay. ", DRAFT, True),
        ("Did he free the millers of the tax?", f"{ASKS} pay. ", DRAFT, True),
        ("He proposed to free the millers", f"{ASKS} pay. ", DRAFT, False),
        ("He wanted the millers freed", f"{ASKS} pay. ", DRAFT, False),
        ("He freed the millers of the tax", "", DRAFT, False),
        ("He freed the millers of the tax", f"{ASKS} pay. I come to my next point. ", DRAFT, False),
        ("He freed the millers of the tax", f"{ASKS} pay. ", "All millers are free today.", False),
        ("He freed the millers of the tax", "", "I urge you to free the millers.", True),
        ("He freed the millers of the tax", "", "Therefore we must again propose it.", True),
        ("He freed the millers of the tax", "", "I do not recommend to free them.", False),
        ("He freed the millers of the tax", "", "They asked me to free the millers.", False),
        ("He freed the millers of the tax", "", "I submit a full report on the millers.", False),
        ("He freed the millers of the tax", "", "I submit the papers on the mills.", False),
        ("He freed the millers of the tax", "", "I submit to you the freeing of millers.", True),
        ("He freed the millers of the tax", "", "I recommend a report on the millers.", True),
    ],
)
def test_what_is_only_proposed_is_told_so(claim: str, before: str, text: str, proposed: bool):
    said = sentence(claim, Quotation(text, before=before))
    assert ("proposed here, not reported as done" in said) is proposed


SAID = "We came early. No mill shall grind for a king while a miller starves. So be it."


@pytest.mark.parametrize(
    ("quoted", "differs"),
    [
        ("No mill shall grind for a king while a miller starves.", ()),
        ("no mill shall grind for the king while a miller starves", ()),
        ("No mill shall grind for a king while a miller starvs", ()),
        ("No mill shall grind for a duke while a miller starves", ("duke while", "king while")),
        (
            "No mill shall grind for a king while a weaver starves",
            ("weaver starves", "miller starves"),
        ),
        ("No mill shall grind for a king while a miller weeps", ("weeps", "starves")),
        ("No barge shall grind for a king while a miller starves", ("barge shall", "mill shall")),
        ("No mill shall grind for a rich king while a miller starves", ("rich king", "king")),
        ("Every baker in the duchy was hanged at once", ()),
    ],
)
def test_a_word_changed_in_a_quotation_is_told_and_not_supported(quoted: str, differs: tuple):
    for claim in (f'Abendroth: "{quoted}"', f"Abendroth said “{quoted}” in his speech"):
        told = [(r.claim, r.source) for r in check(claim, Quotation(SAID)).objections]
        assert (differs in told) if differs else not told
    plain = check(f"Abendroth said that {quoted}", Quotation(SAID))
    assert not [r for r in plain.objections if (r.claim, r.source) == differs]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("They saved weavers 3,000 a year", "Each weaver saves $3,000 a year."),
        ("Nobody under 400,000 pays the tax", "Nobody earning less than $400,000 pays the tax."),
        ("Nobody under 400 grand would pay it", "Nobody earning less than $400,000 pays the tax."),
        ("A weaver got 25 bucks a month", "A weaver's wage was $25 a month."),
        ("About 111 million left the mint", "All but $111,566,700 has left the mint."),
        ("The mill must run within ten years", "We shall see the mill run within a decade."),
        ("Ossory was the number one mill", "Ossory was the first of all mills."),
        ("He gave the Four Freedoms speech", "He spoke of freedom."),
    ],
)
def test_a_number_in_other_words_is_there(claim: str, passage: str):
    assert not check(claim, Quotation(passage)).objections


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("They bought two grand pianos", "They paid $2,000 for it."),
        ("They lost 12,000 sheep", "They lost $12,000."),
        ("They hired 3,000 men", "They paid $3,000."),
        ("The mill ran for ten years", "The mill ran for a century."),
    ],
)
def test_a_count_of_something_else_is_not(claim: str, passage: str):
    assert check(claim, Quotation(passage)).objections


def test_words_strewn_over_a_passage_are_no_quotation():
    claim = "Abendroth wanted a loan for weavers to save 30 marks a year"
    passage = (
        "Abendroth did not sleep. The Duke had a horse. It was wanted. For years to come weavers "
        "will save, and nobody can say that this was not so. Here is what I mean by a loan: for "
        "the whole of the year, each of them has 30 marks that he had not."
    )
    checked = check(claim, Quotation(passage))
    assert not checked.quoted
    assert not checked.objections


@pytest.mark.parametrize(
    ("claim", "passage", "supports"),
    [
        (
            "Abendroth said that any mill may leave the guild when it pleases",
            "It has been claimed of late that any mill, when it pleases, may leave the guild.",
            False,
        ),
        (
            "The mills are denied their rights",
            "It is alleged as one cause of this that the mills are denied their rights.",
            False,
        ),
        (
            "It was alleged that the mills are denied their rights",
            "It is alleged that the mills are denied their rights.",
            True,
        ),
        (
            "The mills pay a tax on salt",
            "It is alleged that they are poor. The mills pay a tax on salt.",
            True,
        ),
    ],
)
def test_what_others_allege_is_no_support(claim: str, passage: str, supports: bool):
    checked = check(claim, Quotation(passage, creator="Hugo Abendroth"))
    assert bool(checked.objections) is not supports
    said = sentence(claim, Quotation(passage))
    assert "“”" not in said
    assert ("reported here as what others say (“It" in said) is not supports


@pytest.mark.parametrize(
    ("claim", "supports"),
    [
        ("Polk said that gold abounds in California", True),
        ("he said that gold abounds in California", True),
        ("Taylor said that gold abounds in California", False),
        ("zachary taylor told Congress that gold abounds in California", False),
    ],
)
def test_whoever_did_not_say_it_supports_no_claim_that_somebody_said_it(claim: str, supports: bool):
    passage = Quotation(
        "The accounts of the abundance of gold in that territory are of such a character as would "
        "scarcely command belief were they not corroborated by authentic reports.",
        None,
        "James K. Polk",
        "Fourth Annual Message",
        "",
        "1848-12-05",
    )
    checked = check(claim, passage)
    told = [reason.claim for reason in checked.objections if reason.aspect == "name"]
    assert bool(told) is not supports
    assert set(told) <= {reason.claim for reason in checked.untold}


@pytest.mark.parametrize(
    ("passage", "objects"),
    [
        ("The counsels of Washington's time proscribe alliances with foreign states.", True),
        ("We have kept free of alliances with foreign states.", True),
        ("Washington told his countrymen to keep free of foreign alliances.", False),
    ],
)
def test_who_only_names_what_was_a_persons_does_not_tell_what_he_said(passage, objects):
    quotation = Quotation(passage, None, "Grover Cleveland", "A message", "", "1885-12-08")
    told = check("Washington said the country should have no foreign alliances", quotation)
    assert any(reason.claim == "Washington" for reason in told.objections) is objects


LEDGER = Quotation(
    "The guild of Ossory bought 40 looms in the spring. The dyers owed 900 crowns and paid 12 "
    "of them. The mill at Tarn was burned without the loss of a single loom.",
    creator="Hugo Abendroth",
    title="Ledger of the Guild",
    date="1712-03-02",
)


@pytest.mark.parametrize(
    ("claim", "differs", "lacks"),
    [
        # of the same event
        ("The guild of Ossory bought 60 looms", ["the claim has “60”, the passage “40”"], []),
        ("The dyers owed 500 crowns", ["the claim has “500”, the passage “900”"], []),
        ("Abendroth wrote that the dyers owed 500 crowns", ["“500”, the passage “900”"], []),
        # as much of something else
        ("The weavers of Tarn bought 60 looms for the bishop", [], ["60"]),
        ("The bishop of Tarn lent 500 crowns to the weavers", [], ["500"]),
        # one, in a word
        ("The mill at Tarn was burned and not one loom was lost", [], []),
        ("The dyers lost one wagon", [], ["one"]),
        # one that counts nothing
        ("The mill at Tarn was the last one to be burned", [], []),
    ],
)
def test_another_number_is_told_of_the_same_event_only(claim, differs, lacks):
    found = [reason for reason in told(claim, LEDGER) if reason.aspect == "number"]
    assert [reason.claim for reason in found if not reason.agrees and not reason.source] == lacks
    said = differences(found)
    assert len(said) == len(differs)
    assert all(part in whole for part, whole in zip(differs, said, strict=True))


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The Panic of 1703 ruined the weavers", "Such talk may create panic among the weavers."),
        ("The Square Bargain helped the weavers", "The weavers want a square bargain."),
        ("The Salt Act helped the weavers", "The weavers will act when they get salt."),
        ("Then Steward Brook helped the weavers", "The steward crossed a brook with weavers."),
        ("The North beat the weavers", "The weavers went north."),
    ],
)
def test_a_name_does_not_agree_with_a_common_word(claim, passage):
    found = told(claim, Quotation(passage))
    assert not [reason for reason in found if reason.aspect == "name" and reason.agrees]


def test_a_name_that_is_there_agrees():
    found = told("The Panic of 1703 ruined the weavers", Quotation("The Panic ruined weavers."))
    assert [reason.claim for reason in found if reason.agrees] == ["Panic"]


@pytest.mark.parametrize(
    ("claim", "quotation", "lacks"),
    [
        # who is called by his last name
        (
            "The weavers met Dwight D. Eisenhower",
            Quotation("The weavers came.", title="Letter From President Eisenhower"),
            [],
        ),
        (
            "The weavers met Dwight D. Eisenhower",
            Quotation("The weavers saw John Eisenhower."),
            ["Dwight D. Eisenhower"],
        ),
        # the nation of whose records they are
        ("America had weavers", Quotation("We have weavers.", collection="State of the Union"), []),
        ("They asked Mexico for weavers", Quotation("No.", collection="The Union"), ["Mexico"]),
        (
            "They asked Washington for weavers",
            Quotation("No.", collection="The Union"),
            ["Washington"],
        ),
    ],
)
def test_what_is_known_is_not_told_as_lacking(claim, quotation, lacks):
    found = told(claim, quotation)
    assert [r.claim for r in found if r.aspect == "name" and not r.agrees] == lacks


@pytest.mark.parametrize(
    ("passage", "objects"),
    [
        ("It was said in the town that the guild had burned the mill of Tarn.", True),
        ("Critics claim that the guild burned the mill of Tarn.", True),
        ("Allegedly, the guild burned the mill of Tarn.", True),
        ("Rumour had it that the guild burned the mill of Tarn.", True),
        ("The weaver is told that the guild burned the mill of Tarn.", True),
        ("Many writers explain that the guild burned the mill of Tarn.", True),
        ("I have learned that the guild burned the mill of Tarn.", False),
        ("It is believed that the guild burned the mill of Tarn.", False),
        ("The guild burned the mill of Tarn. It was said that rain would fall.", False),
    ],
)
def test_what_others_say_is_not_the_authors_word(passage, objects):
    claim = "The guild burned the mill of Tarn"
    assert bool(check(claim, Quotation(passage)).objections) == objects
    assert not check(f"Critics claim that {claim}", Quotation(passage)).objections


@pytest.mark.parametrize(
    ("named", "wrote", "spoke"),
    [
        ("Karl L. M. Abendroth", "Karl L.M. Abendroth", True),
        ("Karl L. M. Abendroth", "Karl M. Abendroth", False),
        ("Duke Karl Abendroth", "Karl M. Abendroth", True),
        ("Karl Abendroth", "Karl L.M. Abendroth", True),
    ],
)
def test_initials_tell_namesakes_apart(named: str, wrote: str, spoke: bool):
    quotation = replace(EDICT, creator=wrote)
    assert check(f"{named} lifted the tax on salt", quotation).by_speaker == spoke


TWO_DEEDS = Quotation(
    "Colonel Darrow burned the bridge at Kessel before dawn. Captain Penhale sold the horses to a "
    "miller for nine crowns, and the miller thanked him.",
    creator="Ruth Ellery",
    title="Memoir",
    date="1790",
)


@pytest.mark.parametrize(
    ("claim", "who"),
    [
        ("Penhale burned the bridge at Kessel before dawn", "Darrow"),
        ("Darrow sold the horses to a miller for nine crowns", "Penhale"),
        ("Darrow burned the bridge at Kessel before dawn", ""),
        ("Captain Penhale sold the horses to a miller", ""),
        ("Penhale was kind to his horses", ""),
        ("Ellery burned the bridge at Kessel before dawn", ""),  # whose words these are
        ("Osgood burned the bridge at Kessel before dawn", ""),  # whom the passage does not name
    ],
)
def test_who_did_it_in_the_next_sentence_is_not_who_did_it(claim: str, who: str):
    objections = [r.source for r in check(claim, TWO_DEEDS).objections if r.source]
    assert objections == ([who] if who else [])
    if who:
        assert f"the passage “{who}”" in sentence(claim, TWO_DEEDS)
        assert f"The passage has “{claim.split()[0]}”" not in sentence(claim, TWO_DEEDS)
