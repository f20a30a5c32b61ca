"""Passages: whole sentences, all of them, once, and within the model's window."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from conftest import make_document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.embedding import chunk, embedding_input, heading, passage_room, read_by_search
from rag.language import sentences

WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "treaty,",
            "ratified",
            "by",
            "1848;",
            "Senate.",
            "War!",
            "\n\n",
            "漢字仮名",
            "😀👍🏽",
            "antidisestablishmentarianism",
            "x" * 130,
            "$15,000.50",
            "e\u0301\u0301",
            "—",
        ]
    ),
    max_size=60,
).map(" ".join)


def starts_of_words(texts):
    """A tokenizer in which every run of non-space is a piece."""
    return [[found.start() for found in re.finditer(r"\S+", text)] for text in texts]


def starts_of_characters(texts):
    """A tokenizer in which every character but white space is a piece."""
    return [[i for i, c in enumerate(text) if not c.isspace()] for text in texts]


@given(WORDS, st.data(), st.sampled_from([starts_of_words, starts_of_characters]))
def test_passages_cover_everything_outside_excluded_once(text, data, piece_starts):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    excluded = tuple(Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False))
    document = make_document(text, excluded=excluded)
    passages = chunk(document, piece_starts, max_pieces=12)
    pieces = [sentence for passage in passages for sentence in passage.sentences]
    assert all(a.end <= b.start for a, b in pairwise(pieces))
    kept = {i for piece in pieces for i in range(piece.start, piece.end)}
    outside = {i for gap in excluded for i in range(gap.start, gap.end)}
    assert all(text[i].isspace() for i in range(len(text)) if i not in kept | outside)
    for passage in passages:
        assert passage.span == Span(passage.sentences[0].start, passage.sentences[-1].end)
        said = [read_by_search(document, sentence).text for sentence in passage.sentences]
        assert sum(map(len, piece_starts(said))) <= 12


def test_what_is_no_evidence_is_not_read():
    text = "The fleet left. HARBOUR 12 Grain was dear."
    gap = Span(text.index("HARBOUR"), text.index("Grain"))
    (passage, other) = chunk(make_document(text, excluded=(gap,)), starts_of_words)
    assert [s.of(text) for s in (passage.span, other.span)] == [
        "The fleet left.",
        "Grain was dear.",
    ]


def test_a_sentence_goes_on_behind_a_running_head():
    text = "No witness would swear that\n\n3\n\f\nTHE TRIAL\n\nMoro sold the fort. He left."
    head = Span(text.index("3"), text.index("Moro"))
    document = make_document(text, excluded=(head,))
    (passage,) = chunk(document, starts_of_words)
    assert [read_by_search(document, s).text for s in passage.sentences] == [
        "No witness would swear that Moro sold the fort.",
        "He left.",
    ]
    assert passage.span.of(text) == text


def test_whole_sentences_stay_whole():
    text = " ".join(f"Sentence number {i} has six words." for i in range(40))
    passages = chunk(make_document(text), starts_of_words, max_pieces=20)
    assert [s for p in passages for s in p.sentences] == sentences(text)
    assert {len(p.sentences) for p in passages} == {3, 1}


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n \t\n"])
def test_a_paragraph_closes_a_passage_that_is_full_enough(gap):
    text = f"One two three four.{gap}Five six."
    assert len(chunk(make_document(text), starts_of_words, max_pieces=6)) == 2
    assert len(chunk(make_document(text), starts_of_words, max_pieces=9)) == 1
    line = text.replace(gap, "\n")
    assert len(chunk(make_document(line), starts_of_words, max_pieces=6)) == 1


def test_a_long_sentence_is_divided_at_a_clause():
    text = "one two three four five six, seven eight nine ten eleven twelve"
    (first, *_rest) = chunk(make_document(text), starts_of_words, max_pieces=8)
    assert first.span.of(text) == "one two three four five six,"


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_nothing_gives_no_passage(text):
    assert chunk(make_document(text), starts_of_words) == []


def assert_fits(document, encoder):
    """Nothing of what is embedded may lie beyond what the model reads."""
    passages = chunk(document, encoder.piece_starts, passage_room(encoder, document))
    inputs = [embedding_input(encoder, document, passage) for passage in passages]
    marks = 2
    for item, ids in zip(inputs, encoder.piece_ids([i.text for i in inputs]), strict=True):
        assert len(ids) + marks <= encoder.window, item.text[:80]


@pytest.mark.parametrize(
    "text",
    [
        "and then " * 600,
        "漢字仮名交じり文" * 200,
        "😀👍🏽🇺🇸" * 200,
        "x" * 5_000,
        "supercalifragilistic" * 4 + " " + "qzxj" * 24 + " ",
        ("qzxjvw" * 15 + " ") * 60,
        "1.2.3.4.5.6.7.8.9" * 200,
        "a;b:c,d.e—" * 300,
        "\u0301" * 2_000,
        "( . . . ) " * 500,
    ],
    ids=[
        "words",
        "cjk",
        "emoji",
        "one word",
        "rare",
        "rare words",
        "digits",
        "marks",
        "accents",
        "dots",
    ],
)
def test_no_passage_is_longer_than_the_window(text, encoder):
    assert_fits(make_document(text, creator="James Monroe", date="1823-12-02"), encoder)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.lists(WORDS, max_size=8).map("".join))
def test_no_passage_of_odd_text_is_longer_than_the_window(encoder, text):
    assert_fits(make_document(text, title="A Message", date="1823"), encoder)


@pytest.mark.parametrize("text", ["and then " * 600, "漢字仮名" * 300, ("qzxjvw" * 15 + " ") * 60])
def test_a_divided_sentence_loses_nothing(text, encoder):
    passages = chunk(make_document(text), encoder.piece_starts)
    assert len(passages) > 1
    kept = "".join(s.of(text) for p in passages for s in p.sentences)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_heading_says_who_what_and_when():
    document = make_document("x", creator="J. Monroe", title="Message", date="1823-12-02")
    assert heading(document) == "J. Monroe, Message, 1823-12-02. "
    assert heading(make_document("x", title="")) == ""
    assert len(heading(make_document("x", title="long " * 100))) <= 122


HEAD = (
    "12. Memorandum of Conversation\n\nStrelsau, 3 May 1901.\n\nPARTICIPANTS\nAnn Holt\nBen Crewe"
)
TOLD = "The envoy asked for ships. The Secretary promised three before the winter came."


def test_who_took_part_and_who_signed_are_no_passages_by_themselves():
    text = f"{HEAD}\n\n{TOLD}\n\nAnn Holt\nEnvoy"
    for most in (18, 20, 40):
        passages = chunk(make_document(text), starts_of_words, max_pieces=most)
        assert "The envoy" in passages[0].span.of(text)
        assert passages[-1].span.of(text).endswith("Envoy")
        assert "winter" in passages[-1].span.of(text)


def test_a_head_is_not_parted_from_its_document_by_what_is_left_out():
    text = f"{HEAD}\n\n[Source: an archive.]\n\n{TOLD}"
    gap = Span(text.index("[Source"), text.index("The envoy"))
    (passage,) = chunk(make_document(text, excluded=(gap,)), starts_of_words)
    assert not any("archive" in sentence.of(text) for sentence in passage.sentences)
