"""What is read of old print and OCR, and where in the source each letter stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.language import fold, words

LETTERS = "aeR s.\nſﬁ\u00ad¬-’¹²3\f,"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("The Aſſembly refuſed", "The Assembly refused"),
        ("oﬃcers of the ﬂeet", "officers of the fleet"),
        ("Cæsar", "Caesar"),
        ("they re-\nfused it", "they refused it"),
        ("they re-  \r\n   fused it", "they refused it"),
        ("No¬\nvember", "November"),
        ("No\u00ad\nvember, No\u00advember", "November, November"),
        ("a well-\nknown man, known well", "a well-known man, known well"),
        ("co-operation by co-\noperation", "co-operation by co-operation"),
        ("to with-\ndraw, draw", "to withdraw, draw"),
        ("Anglo-\nAmerican", "Anglo-American"),
        ("1914-\n1918", "1914-\n1918"),
        ("lost 300¹² men,³ he said", "lost 300 men, he said"),
        ("5 km² and 10⁶", "5 km² and 10⁶"),
        ("ratifi\u2010cation", "ratifi-cation"),
        ("pris-\n\f\noner", "prisoner"),
        ("the oppo=\nſition", "the opposition"),
        ("the oppo⸗\nſition", "the opposition"),
        ("x = y", "x = y"),
        ("in l963 and I848, l96 men", "in 1963 and 1848, l96 men"),
        ("twenty-\nfive men", "twenty-five men"),
    ],
)
def test_a_word_is_read_whole_and_in_letters_of_today(written, read):
    assert fold(written).text == read


@pytest.mark.parametrize(
    ("before", "after", "goes_on"),
    [
        ("It was never proved that", "General Moro sold it.", True),
        ("It was never proved that the bishop of", "Sarn was there.", True),
        ("he was told by Gen.", "Moro himself.", True),
        ("and the town was taken", "by storm.", True),
        ("The end of the war.", "A new war began.", False),
        ("CHAPTER TWO", "The war began.", False),
        ("The year closed in peace.", "CHAPTER III", False),
    ],
)
@pytest.mark.parametrize("between", ["\n\f\n", "\n\n12\n\f\n", "\n"])
def test_a_sentence_goes_on_over_the_end_of_a_page(before, after, goes_on, between):
    text = f"{before}{between}HEAD\n{after}"
    gap = Span(len(before), text.index("HEAD") + 4)
    assert fold(text, gaps=(gap,)).text == f"{before}{' ' if goes_on else chr(10) * 2}{after}"


def test_a_word_is_whole_over_a_page_end_with_a_head():
    text = "that no pris-\n\f\n23\nTHE SIEGE\noner should"
    gap = Span(text.index("23"), text.index("oner"))
    assert fold(text, gaps=(gap,)).text == "that no prisoner should"


def test_a_mark_within_a_word_leaves_it_whole():
    text = "the admi48ral hanged"
    assert fold(text, gaps=(Span(8, 10),)).text == "the admiral hanged"


@given(st.text(LETTERS), st.data())
def test_every_letter_has_its_place(text, data):
    a, b = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    folded = fold(text, gaps=(Span(a, b),))
    assert len(folded.text) == len(folded.places)
    assert list(folded.places) == sorted(folded.places)
    for start in range(len(folded.text)):
        source = folded.source(Span(start, start + 1))
        assert folded.part(source).start <= start < folded.part(source).end
    for letter, place in zip(folded.text, folded.places, strict=True):
        if letter in "aeR3":
            assert text[place] == letter


def test_words_are_counted_in_letters_of_today():
    assert words("Cæſar’s oﬃce") == ["caesar", "office"]
