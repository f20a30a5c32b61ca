"""Words and sentences, and where they stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.language import is_names_only, sentences, stems, stop_words, trim, words

PROSE = st.lists(
    st.sampled_from(
        [
            "He went.",
            "Mr. Polk",
            "said:",
            "\r\n",
            "\n\n",
            " ",
            "\t",
            "No!",
            "“Why?”",
            "漢字。",
            "😀",
            "e\u0301",
            "\u2029",
            "\u00a0",
            "$15,000.50",
            "U.S.",
            "...",
            "\x0b",
            "\u200b",
            "1823.",
        ]
    ),
    max_size=40,
).map("".join)
ANY = st.text(max_size=200) | PROSE


@given(ANY)
def test_sentences_are_in_order_and_leave_out_only_white_space(text):
    found = sentences(text)
    for one, after in pairwise(found):
        assert one.end <= after.start
    for span in found:
        assert span.of(text) == span.of(text).strip() != ""
    kept = {i for span in found for i in range(span.start, span.end)}
    assert all(text[i].isspace() for i in range(len(text)) if i not in kept)


@given(ANY, st.data())
def test_sentences_of_a_part_lie_within_it(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = sentences(text, Span(start, end))
    assert all(start <= span.start < span.end <= end for span in found)
    kept = "".join(span.of(text) for span in found)
    assert "".join(kept.split()) == "".join(text[start:end].split())


@given(ANY, st.data())
def test_trimmed_is_strip_with_offsets(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = trim(text, start, end)
    assert (span.of(text) if span else "") == text[start:end].strip()


def test_an_abbreviation_ends_no_sentence():
    text = "Mr. Polk wrote to the U.S. consul. Nobody answered."
    assert [s.of(text) for s in sentences(text)] == [
        "Mr. Polk wrote to the U.S. consul.",
        "Nobody answered.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café CAFE\u0301 cafe", ["cafe"] * 3),
        ("15,000 15000", ["15000"] * 2),
        ("1,5 and 12.5", ["1,5", "and", "12.5"]),
        ("Monroe's Monroe’s MONROE", ["monroe"] * 3),
        ("don't", ["dont"]),
        ("Straße", ["strasse"]),
        ("1960s", ["1960", "s"]),
        ("!?… —", []),
        ("", []),
        ("毛泽东 Брежнев", ["毛泽东", "брежнев"]),
    ],
)
def test_words_are_folded(text, expected):
    assert words(text) == expected


@given(ANY)
def test_words_hold_no_white_space_and_no_capitals(text):
    for word in words(text):
        assert word == word.casefold()
        assert not any(c.isspace() for c in word)


def test_stems_leave_out_stop_words_and_meet():
    assert stems(words("the declaration of the nations")) == stems(words("declarations nation"))
    assert "the" in stop_words()
    assert stems(["the", "of"]) == []


CAST = "PARTICIPANTS\nAnn Holt, Envoy of Ruritania\nMr. B. Crewe\nThe Secretary"
SAID = "The envoy asked for ships, and the Secretary promised three of them before the winter."


@pytest.mark.parametrize(
    "named",
    [
        "12. Memorandum of Conversation",
        "Letter From the Envoy in Ruritania (Holt) to the Secretary of State",
        "Strelsau, 3 May 1901, 11:35 a.m.",
        "SUBJECT\nShips for the Duchy of Holm",
        CAST,
        "The President, Secretary Crewe, General Holt, Admiral Reed, Ambassador Lee and the "
        "Governors of Holm, Sable, Wexcombe, Tarn, Vilkov and Arica",
    ],
)
def test_what_stands_above_the_first_words_only_names(named):
    text = f"{named}\n\n{SAID}\n\nHe thanked him.\n\nA. Reed"
    assert [s.of(text) for s in sentences(text) if not is_names_only(text, s)] == [
        SAID,
        "He thanked him.",
    ]


@pytest.mark.parametrize(
    "named",
    ["B. Crewe\nSecretary of State", "Sincerely yours,\nAnn Holt", "Sincerely yours,", "Holt"],
)
def test_a_signature_only_names(named):
    text = f"{SAID}\n\nHe thanked him.\n\n{named}"
    assert [s.of(text) for s in sentences(text) if is_names_only(text, s)]
    assert "".join(s.of(text) for s in sentences(text) if not is_names_only(text, s)) == (
        f"{SAID}He thanked him."
    )


@pytest.mark.parametrize(
    "text",
    [
        CAST,
        f"{SAID}\n\nKilled: Ann Holt\n\n{SAID}",
        f"{SAID}\n\nGuns 20 45 35 25\n\n{SAID}",
        f"{SAID}\n\nAnn Holt, killed\n\n{SAID}",
        f"{SAID}\n\nAnn Holt\nBen Crewe was wounded\n\n{SAID}",
        f"{SAID}\n\nARRIVED STRELSAU YESTERDAY MET PRESIDENT HOLT SHIPS PROMISED FOR MAY\n\n{SAID}",
        "General Holt of the Duchy of Sable relieved Governor Crewe at Wexcombe Castle, then left.",
    ],
)
def test_lists_fields_figures_and_telegrams_say_something(text):
    assert not any(is_names_only(text, sentence) for sentence in sentences(text))
