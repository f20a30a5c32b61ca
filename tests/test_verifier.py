"""The judge that was trained: the same network in two ways, and what it may be relied on for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from rag.config import Settings
from rag.datatypes import SPEAKER, Span, is_on_point
from rag.embedding import Encoder
from rag.errors import ModelError
from rag.judging import Quotation
from rag.relation import verifier
from rag.relation.checks import check
from rag.relation.verifier import (
    FEATURES,
    LearnedJudge,
    Network,
    Pieces,
    Reading,
    heading_of,
    load_learned,
    read_weights,
    telling,
    windows,
)
from rag.wording import stands
from training.network import Batch, VerifierNetwork

PASSAGE = (
    "The accounts of the abundance of gold in that territory are of such an extraordinary "
    "character as would scarcely command belief were they not corroborated. An officer visited "
    "the mineral district in July last. There were then about 4,000 persons collecting gold. "
    "The effects produced by the discovery have been surprising."
)
POLK = Quotation(PASSAGE, creator="James K. Polk", title="Fourth Annual Message", date="1848-12-05")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load("default", Settings.from_environment())


def pieces_of(vectors: np.ndarray, ids: list[int], rarity: np.ndarray) -> Pieces:
    return Pieces(np.array(ids), vectors[:, :384], vectors[:, 384:], rarity)


def test_the_network_computes_what_was_trained():
    torch.manual_seed(0)
    chance = np.random.default_rng(0)

    def vectors(*shape: int) -> np.ndarray:
        halves = chance.normal(size=(*shape, 2, 384)).astype(np.float32)
        halves /= np.linalg.norm(halves, axis=-1, keepdims=True)
        return halves.reshape(*shape, 768)

    trained = VerifierNetwork().eval()
    claim, passage = vectors(2, 5), vectors(2, 20)
    claim_ids = np.array([[1, 2, 3, 4, 5], [1, 2, 3, -1, -1]])
    passage_ids = chance.integers(1, 9, (2, 20))
    rare, rarer = (chance.random((2, n)).astype(np.float32) for n in (5, 20))
    rows = np.full((2, 2, 11), -1)
    rows[0] = [[0, 1, 2, *range(3, 11)], [0, 1, 2, *range(11, 19)]]
    rows[1, 0, :8] = range(8)
    tensors = [claim, claim_ids, rare, passage, passage_ids, rarer, rows]
    with torch.no_grad():
        labels, relevance, share = trained(Batch(*map(torch.from_numpy, tensors)))
    network = Network({name: t.numpy() for name, t in trained.state_dict().items()})
    for i, count in enumerate([5, 3]):
        read = network.read(
            pieces_of(claim[i, :count], claim_ids[i, :count].tolist(), rare[i, :count]),
            pieces_of(passage[i], passage_ids[i].tolist(), rarer[i]),
            [row[row >= 0] for row in rows[i] if (row >= 0).any()],
        )
        assert read.labels == pytest.approx(labels[i].exp().numpy(), abs=1e-5)
        assert read.relevance == pytest.approx(float(relevance[i].sigmoid()), abs=1e-5)
        assert read.shares == pytest.approx(share[i].exp().numpy()[: len(read.shares)], abs=1e-5)


@pytest.mark.parametrize("passage", [PASSAGE, "gold " * 300, "Peace.", "", "A. B. C. " * 60])
def test_windows_cover_a_passage(encoder: Encoder, passage: str):
    quotation = replace(POLK, passage=passage)
    front = heading_of(quotation)
    (layers,) = encoder.encode_layers([front + passage])
    head, cuts = windows(passage, len(front), layers.starts)
    covered = {row for first, last in cuts for row in range(first, last)}
    assert covered >= set(range(head, len(layers.ids)))
    assert all(first >= head for first, _ in cuts)


def test_altered_weights_are_refused(monkeypatch: pytest.MonkeyPatch):
    assert read_weights()
    monkeypatch.setattr(verifier, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="altered"):
        read_weights()


def test_few_windows_are_read(encoder: Encoder):
    claim, passage = encoder.encode_layers(["gold in California", "A long war. " * 40 + "Gold."])
    cuts = [(first, first + 4) for first in range(0, len(passage.ids) - 4, 4)]
    sure = np.ones(30_522, np.float32)
    ours, theirs = (Pieces(p.ids, p.middle, p.last, sure[p.ids]) for p in (claim, passage))
    kept = telling(ours, theirs, 0, cuts)
    assert len(kept) == verifier.WINDOWS_READ
    assert kept == sorted(kept)


def facts(claim: str, quotation: Quotation = POLK) -> Iterator[tuple[str, str, str]]:
    checked = check(claim, quotation)
    for how in ("agrees", "differs", "missing"):
        for reason in getattr(checked, how):
            yield how, reason.claim, reason.source


@pytest.mark.parametrize(
    ("claim", "fact"),
    [
        ("Four thousand persons dug gold", ("agrees", "Four thousand", "4,000")),
        ("About 9,000 persons dug gold", ("differs", "9,000", "4,000")),
        ("In 1848 gold was found", ("agrees", "1848", "1848-12-05")),
        ("In 1852 gold was found", ("differs", "1852", "1848-12-05")),
        ("On 5 December 1848 he told of gold", ("agrees", "5 December 1848", "1848-12-05")),
        ("Gold was found before 1852", ("agrees", "1852", "1848-12-05")),
        ("After 1852 gold was found", ("differs", "1852", "1848-12-05")),
        ("Since 1847 gold was found", ("agrees", "1847", "1848-12-05")),
        ("It was Polk who told of gold", ("agrees", "Polk", SPEAKER)),
        ("He told Taylor of gold", ("missing", "Taylor", "")),
    ],
)
def test_what_can_be_looked_up_is(claim: str, fact: tuple[str, str, str]):
    assert fact in list(facts(claim))


@pytest.mark.parametrize(
    ("claim", "passage", "how"),
    [
        ("They say the US bought it", "The United States bought it of us.", "agrees"),
        ("They say the USA bought it", "It was bought by the United States.", "agrees"),
        ("They say the United States bought it", "At last the US bought it.", "agrees"),
        ("They say the UK sold it", "Great Britain sold it.", "agrees"),
        ("They say the US bought it", "He bought it for us.", "missing"),
    ],
)
def test_a_nation_has_its_short_names_and_us_is_none(claim: str, passage: str, how: str):
    told = {(what, name) for what, name, _ in facts(claim, replace(POLK, passage=passage))}
    name = claim.split(" the ")[1].split(" bought")[0].split(" sold")[0]
    assert (how, name) in told


@pytest.mark.parametrize(
    ("claim", "passage", "has"),
    [
        ("They say Washington lent it", "The United States lent it.", "Washington"),
        ("They say Washington lent it", "Washington lent it.", ""),
        ("He won the World War", "The war was won by all the world.", "World War"),
    ],
)
def test_a_passage_is_said_to_have_only_words_that_stand_in_it(claim: str, passage: str, has: str):
    told = check(claim, replace(POLK, passage=passage))
    said = stands("context", (*told.agrees, *told.missing), 0.9)
    assert (f"has “{has}”" not in said) if has else ("has “Washington”" in said)


def test_a_claim_that_names_the_speaker_is_told_so_whatever_the_passage_has():
    washington = replace(POLK, creator="George Washington", passage="The United States lent it.")
    told = [r.source for r in check("They say Washington lent it", washington).agrees]
    assert told == [SPEAKER]


def test_the_collections_name_bears_out_no_nation():
    claim = "They say America lent it"
    lent = replace(POLK, passage="He lent it.", collection="State of the Union addresses")
    assert [(r.claim, r.agrees) for r in check(claim, lent).missing] == [("America", False)]


def test_a_day_is_not_borne_out_by_a_year():
    year = replace(POLK, date="1848")
    assert ("missing", "5 December 1848", "") in list(facts("On 5 December 1848 he wrote", year))
    assert ("agrees", "1848", "1848") in list(facts("In 1848 he wrote", year))


@pytest.mark.parametrize(
    ("claim", "by_speaker"),
    [
        ("James K. Polk told of gold", True),
        ("When Polk told of gold", True),
        ("Leonidas Polk told of gold", False),
        ("Taylor told of gold", False),
    ],
)
def test_a_claim_that_names_the_speaker_is_known(claim: str, by_speaker: bool):
    assert check(claim, POLK).by_speaker is by_speaker


SAID = '"{} were then about 4,000 persons collecting gold"'


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("It was Lincoln who said {}", [("Lincoln", "James K. Polk")]),
        ("Polk said {}", []),
        ("Polk told Lincoln {}", []),
        ("The old words {} are well known", []),
        ('Lincoln said "there were about four score persons"', []),
    ],
)
def test_words_in_quotation_marks_that_another_said_are_told_of(
    claim: str, told: list[tuple[str, str]]
):
    quoting = claim.format(SAID.format("There"))
    checked = check(quoting, POLK)
    differs = [reason for reason in checked.differs if reason not in checked.untold]
    assert [(r.claim, r.source) for r in differs if r.aspect == "name"] == told
    named = stands("context", differs, 0.9)
    assert ("the words are by James K. Polk" in named) == bool(told)


def test_a_namesakes_words_are_no_support(encoder: Encoder):
    judge = load_learned(Settings.from_environment(), encoder)
    said = "There were then about 4,000 persons collecting gold."
    at = PASSAGE.index(said)
    quoted = replace(POLK, span=Span(at, at + len(said)))
    claim = "{} said there were then about 4,000 persons collecting gold."
    assert judge.judge(claim.format("James Polk"), [quoted])[0].relation == "supports"
    judgement = judge.judge(claim.format("Leonidas Polk"), [quoted])[0]
    assert judgement.relation != "supports"


def test_what_a_passage_says_word_for_word_is_borne_out_and_a_changed_number_is_not(
    encoder: Encoder,
):
    judge = load_learned(Settings.from_environment(), encoder)
    said = "There were then about 4,000 persons collecting gold."
    at = PASSAGE.index(said)
    quoted = replace(POLK, span=Span(at, at + len(said)))
    assert judge.judge(said, [quoted])[0].relation == "supports"
    changed = said.replace("4,000", "9,000")
    assert judge.judge(changed, [quoted])[0].relation != "supports"
    assert (
        judge.judge("The Senate refused the treaty with Peru.", [quoted])[0].relation == "context"
    )


def test_of_a_passage_on_the_very_point_the_words_that_decide_are_quoted(encoder: Encoder):
    judge = load_learned(Settings.from_environment(), encoder)
    said = "There were then about 4,000 persons collecting gold."
    before = "The harbors of the lakes were surveyed. " * 16
    elsewhere = replace(POLK, passage=before + PASSAGE, span=Span(0, before.index(".")))
    claim = f"Leonidas Polk said {said[0].lower()}{said[1:]}"  # whose words they are not
    [judgement] = judge.judge(claim, [elsewhere])
    assert judgement.relation == "context"
    assert is_on_point(judgement.probabilities.supports, judgement.probabilities.contradicts)
    assert judgement.span is not None
    assert said in judgement.span.of(elsewhere.passage)
    [about] = judge.judge("The Senate refused the treaty with Peru.", [elsewhere])
    assert about.span is None


NAMED = "Letter From Ann Holt to the Duke"
SPOKEN = ("The mill burned.", "The dam held.", "The tax fell.", "The bridge broke.", "Rain came.")


@pytest.mark.parametrize(
    ("claim", "quoted", "decides", "expected"),
    [
        ("Duties were cut", (1, 1), (2, 2), (1, 2)),  # right behind
        ("Duties were cut", (2, 2), (1, 1), (1, 2)),  # right before
        ("Duties were cut", (1, 1), (3, 4), (1, 4)),  # not far behind
        ("Duties were cut", (1, 2), (1, 2), (1, 2)),
        ("Duties were cut", (1, 5), (2, 3), (1, 5)),
        ("Duties were cut", (1, 1), (6, 7), (6, 7)),  # far behind: they do not touch
        ("Duties were cut", (1, 1), (0, 2), (1, 2)),  # the heading says nothing
        ("The mill burned", (1, 1), (2, 2), None),  # the words that are say it all
    ],
)
def test_the_words_that_decide_are_quoted_with_those_that_are(claim, quoted, decides, expected):
    parts = (NAMED, *SPOKEN, "The Duke came.", "He saw the mill.")
    text = f"{NAMED}\n\n{' '.join(parts[1:])}"

    def span(first: int, last: int) -> Span:
        return Span(text.index(parts[first]), text.index(parts[last]) + len(parts[last]))

    class Reader:
        def read(self, claims, quotations):
            return [Reading(0.9, 0, 0, 0.1, 0.9, 0.9, 0.9, span(*decides)) for _ in quotations]

    weights = {name: np.zeros(len(FEATURES) + 1, np.float32) for name in ("contradicts", "bears")}
    sure = np.append(np.zeros(len(FEATURES), np.float32), np.float32(5))
    judge = LearnedJudge(
        Reader(), {"supports": sure, **weights}, {"supports": 0.6, "contradicts": 2}
    )
    (found,) = judge.judge(claim, [Quotation(text, span(*quoted))])
    assert found.relation == "supports"
    assert found.span == (span(*expected) if expected else None)
