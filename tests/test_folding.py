"""What is read of old print and OCR, and where in the source each letter stands."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.build.builder import build_index
from rag.datatypes import Span
from rag.finder import SourceFinder
from rag.index import CURRENT, Manifest, live_generation, write_words
from rag.index.lexical import Terms
from rag.index.store import Store
from rag.language import capitalised, fold, words

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


@pytest.mark.parametrize(
    "spellings",
    [
        ("Łódź", "Lodz", "ŁÓDŹ", "Ło\u0301dz\u0301"),
        ("Søren", "Soren", "SØREN"),
        ("Hawai‘i", "Hawaii", "Hawai'i", "Hawai’i", "Hawai\u02bbi", "Hawai`i", "Hawai‘i’s"),
        ("O‘ahu", "Oahu"),
        ("Đặng", "Dang", "ĐẶNG"),
        ("Großstraße", "Grossstrasse", "GROSSSTRASSE"),
        ("Cæsar", "Caesar", "CÆSAR"),
        ("Phœnix", "Phoenix"),
        ("Khar\u02b9kov", "Khar'kov", "Kharkov"),
        ("Qur\u02bean", "Qur’an", "Quran"),
        ("\u02bfAbbās", "‘Abbas", "Abbas"),
        ("Þórður", "Thordur"),
        ("Diyarbakır", "Diyarbakir", "DİYARBAKIR"),
        ("Ħamrun", "Hamrun"),
        ("Ɗan", "Dan"),
    ],
)
def test_a_name_is_one_word_however_its_letters_are_written(spellings):
    assert {tuple(words(name)) for name in spellings} == {(words(spellings[1])[0],)}
    for name in spellings:
        (span,) = capitalised(f"they were in {name} and left")
        assert words(span.of(f"they were in {name} and left")) == words(spellings[1])


def test_signs_by_themselves_are_no_words():
    assert words("\u02bb ‘ \u0301 ’s") == ["s"]
    assert words("the ‘great’ war, rock’n’roll") == ["the", "great", "war", "rocknroll"]


@given(st.text("aŁøßı\u0301\u02bb‘'’ﬁÞ .1"))
def test_every_word_has_letters_or_figures(text):
    assert all(word and not any(map(str.isspace, word)) for word in words(text))


ASKED = (
    ("The garrison of Lodz was relieved in March.", "The garrison of Łódź was relieved in March."),
    ("Søren Holm sold the mill at Hvide.", "Soren Holm sold the mill at Hvide."),
    ("The queen of Hawaii sent nine ships.", "The queen of Hawai‘i sent nine ships."),
)
"""Claims, and what a source says with other letters in its names."""


@pytest.fixture(scope="module")
def spelled(tmp_path_factory, encoder):
    """An index of a letter with such names."""
    folder = tmp_path_factory.mktemp("spelled")
    (folder / "letter.txt").write_text("\n\n".join(said for _, said in ASKED), encoding="utf-8")
    path = folder / "index"
    build_index([str(folder / "letter.txt")], path, encoder=encoder)
    return path


@pytest.mark.parametrize(("claim", "said"), ASKED)
def test_names_are_found_and_judged_whatever_their_letters(spelled, claim, said):
    finder = SourceFinder.open(spelled)
    (finding,) = finder.ask(claim).findings
    assert said in finding.evidence[0].quote
    assert not any("ever mentioned" in note for note in finding.notes)
    names = [reason for reason in finding.evidence[0].reasons if reason.aspect == "name"]
    assert names
    assert all(reason.agrees for reason in names)


def test_the_words_of_an_older_index_are_folded_anew_when_it_is_opened(spelled, tmp_path, caplog):
    path = shutil.copytree(spelled, tmp_path / "index")
    old = live_generation(path)
    whole = Terms.read(old)
    assert whole is not None
    odd = {"lodz": "łodz", "hawaii": "hawai"}
    kept = replace(whole, vocabulary=[odd.get(stem, stem) for stem in whole.vocabulary])
    write_words(old, Store(old / "sources.sqlite"), kept)
    described = json.loads((old / "terms.json").read_text())
    (old / "terms.json").write_text(json.dumps(described | {"stemming": "another version's"}))
    Manifest.read(old).write(old)
    moved = old.rename(path / old.name.replace("-2", "-1", 1))  # nothing is known of it yet
    (path / CURRENT).write_text(moved.name)
    with caplog.at_level(logging.INFO):
        assert SourceFinder.open(path).index.frequency("lodz") == 1
    assert "indexed anew, as this version folds them" in caplog.text
    new = live_generation(path)
    assert new != moved
    assert live_generation(path) == new  # once
    assert SourceFinder.open(path).find_sources(ASKED[0][0])
    assert Terms.read(new) is not None
    assert SourceFinder.open(path).index.frequency("łodz") == 0
