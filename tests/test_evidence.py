"""Quotations are slices, chosen inside their passage, and cited with their place."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import make_document

from rag.datatypes import Claim, Locator, Passage, Span
from rag.dates import describe_dates
from rag.evidence import (
    GAIN_PER_SENTENCE,
    MAX_QUOTED,
    choose_quotation,
    cite,
    quotation_of,
)
from rag.searching import Matches
from rag.wording import located

TEXT = "One is here. Two is there. Three is nowhere. Four came. Five went."
SENTENCES = tuple(
    Span(TEXT.index(word), TEXT.index(".", TEXT.index(word)) + 1)
    for word in ("One", "Two", "Three", "Four", "Five")
)
PASSAGE = Passage("mine/one", Span(0, len(TEXT)), SENTENCES)
CLAIM = Claim("c1", "Two", Span(0, 3))
LOCATORS = (Locator(Span(0, 12), "p. 1"), Locator(Span(12, len(TEXT)), "p. 2"))
DOCUMENT = make_document(TEXT, locators=LOCATORS, creator="A. Author", date="1823")


def choose(matches, starts=(0, 1, 2, 3, 4), weights=None, passage=PASSAGE):
    matches = np.array(matches, dtype=np.float32)
    weights = np.ones(len(matches), np.float32) if weights is None else weights
    return choose_quotation(TEXT, passage, Matches(matches, weights, np.array(starts, np.int32)))


def test_evidence_is_made_of_slices():
    evidence = cite(CLAIM, DOCUMENT, PASSAGE, SENTENCES[1], 0.123456, 0.5)
    assert evidence.quote == TEXT[evidence.start : evidence.end] == "Two is there."
    assert evidence.passage == TEXT[evidence.passage_start : evidence.passage_end] == TEXT
    assert evidence.citation == "One, p. 2."
    assert (evidence.score, evidence.likeness) == (0.1235, 0.5)
    assert (evidence.creator, evidence.date, evidence.relation) == ("A. Author", "1823", "context")
    assert (evidence.claim_id, evidence.collection_title) == ("c1", "Mine")


def test_a_quotation_over_two_pages_names_both():
    evidence = cite(CLAIM, DOCUMENT, PASSAGE, Span(0, SENTENCES[1].end), 1, 1)
    assert evidence.locator == "pp. 1–2"
    assert evidence.citation == "One, pp. 1–2."


@pytest.mark.parametrize("quotation", [Span(0, 12), Span(30, 60), Span(20, 20)])
def test_a_quotation_outside_its_passage_is_refused(quotation):
    passage = Passage("mine/one", Span(13, 44), SENTENCES[1:3])
    with pytest.raises(ValueError, match="is not inside"):
        cite(CLAIM, DOCUMENT, passage, quotation, 1, 1)


def test_the_best_sentence_is_quoted():
    assert choose([[0, 0.1, 0.9, 0.2, 0.1]]) == SENTENCES[2]


def test_a_second_sentence_must_gain_something():
    much = [[0.9, 0, 0, 0, 0], [0, 0.9, 0, 0, 0]]
    assert choose(much) == Span(SENTENCES[0].start, SENTENCES[1].end)
    little = 0.5 + GAIN_PER_SENTENCE
    assert choose([[0.9, 0, 0, 0, 0], [0.5, little, 0, 0, 0]]) == SENTENCES[0]


def test_a_quotation_has_at_most_so_many_sentences():
    chosen = choose(np.eye(5))
    assert sum(s.overlaps(chosen) for s in SENTENCES) == MAX_QUOTED


def test_rare_pieces_decide():
    matches = [[0.9, 0, 0, 0, 0], [0, 0, 0, 0.9, 0]]
    assert choose(matches, weights=np.array([0.1, 5], np.float32)) == SENTENCES[3]


def test_what_stands_in_the_heading_is_not_quoted():
    matches = [[1.0, 1.0, 0, 0.2, 0, 0, 0]]
    assert choose(matches, starts=(2, 3, 4, 5, 6)) == SENTENCES[1]


def test_a_title_or_a_signature_is_not_quoted_where_something_is_said():
    text = (
        "Letter From Ann Holt to the Duke\n\nThe fort is lost. The fleet came too late.\n\nAnn Holt"
    )
    sentences = tuple(
        Span(text.index(said), text.index(said) + len(said))
        for said in ("Letter From", "The fort is lost.", "The fleet came too late.")
    )
    sentences = (Span(0, text.index("\n")), *sentences[1:], Span(len(text) - 8, len(text)))
    passage = Passage("mine/one", Span(0, len(text)), sentences)

    def quoted(cosines, passage=passage):
        matches = Matches(
            np.array([cosines], np.float32), np.ones(1, np.float32), np.arange(len(cosines))
        )
        return choose_quotation(text, passage, matches).of(text)

    assert quoted([0.9, 0.3, 0.2, 0.8]) == "The fort is lost."
    assert quoted([0.9, 0.2, 0.3, 0.95]) == "The fleet came too late."
    alone = Passage("mine/one", sentences[0], sentences[:1])
    assert quoted([0.9], alone) == "Letter From Ann Holt to the Duke"


def test_sentences_that_the_model_did_not_read_do_no_harm():
    assert choose([[0.1, 0.9]], starts=(0, 1, 2, 2, 2)) == SENTENCES[1]


@pytest.mark.parametrize(
    ("document", "locator", "expected"),
    [
        ("A book.", "", "A book."),
        ("A book.", "p. 1", "A book, p. 1."),
        ("A book", "p. 1", "A book, p. 1."),
    ],
)
def test_citations(document, locator, expected):
    assert located(document, locator) == expected


@pytest.mark.parametrize(
    ("dates", "expected"),
    [([], ""), ([None], ""), (["1823-12-02"], "1823"), (["1823-12", "1790", None], "1790–1823")],
)
def test_dates_are_described_by_years(dates, expected):
    assert describe_dates(dates) == expected


SAID = "It is said that the mills rob the poor."


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("Why are we at Ossory?", "We are there because the mill burned."),
        ("“Who burned the mill?”", "It was the Duke."),
        ("What did the dam cost?\n", "It cost 12 crowns."),
        ("And whose is the salt?", "Is it not ours?"),
        ("How many looms are left in the town?", "Forty."),
    ],
)
def test_a_question_is_quoted_with_what_follows_it(said, after):
    text = f"The Duke spoke. {said} {after} He sat down."
    sentences = tuple(
        Span(text.index(part), text.index(part) + len(part))
        for part in ("The Duke spoke.", said, after, "He sat down.")
    )
    passage = Passage("mine/one", Span(0, len(text)), sentences)
    evidence = cite(CLAIM, make_document(text), passage, sentences[1], 1, 1)
    assert evidence.quote == f"{said} {after}"
    alone = Passage("mine/one", Span(0, sentences[1].end), sentences[:2])
    assert cite(CLAIM, make_document(text), alone, sentences[1], 1, 1).quote == said


@pytest.mark.parametrize(
    ("view", "after", "widened"),
    [
        (SAID, "But they feed them.", True),
        (SAID, "Yet nobody ever proved it.", True),
        ("Some argue that the mills rob the poor.", "However, they feed them.", True),
        ("The charge that the mills rob the poor is old.", "But it is false.", True),
        (SAID, "They also rob the rich.", False),
        ("The mills rob the poor.", "But they feed them.", False),
    ],
)
def test_a_view_of_others_is_quoted_with_what_speaks_against_it(view, after, widened):
    text = f"The mills are old. {view} {after} They stand by the river."
    ends = [text.index(part) + len(part) for part in ("old.", view, after, "river.")]
    starts = [0, *(end + 1 for end in ends[:-1])]
    passage = Passage("mine/one", Span(0, len(text)), tuple(map(Span, starts, ends)))
    evidence = cite(CLAIM, make_document(text), passage, passage.sentences[1], 1, 1)
    assert evidence.quote == (f"{view} {after}" if widened else view)


@pytest.mark.parametrize(
    ("opening", "told"),
    [
        ("To the Senate and House:\n\n", "To the Senate and House:"),
        ("Jump to Part II\n\nMy dear General:\n", "My dear General:"),
        ("Chapter I\n\n", ""),
    ],
)
def test_a_judge_is_told_whom_a_document_addresses_and_what_stands_before(opening, told):
    text = f"{opening}One is here. {TEXT}"
    start = len(text) - len(TEXT)
    passage = Passage("mine/one", Span(start, len(text)), (Span(start, len(text)),))
    quotation = quotation_of(make_document(text), passage, passage.sentences[0])
    assert quotation.opening == told
    assert quotation.before == text[:start]
    assert quotation.passage == TEXT
