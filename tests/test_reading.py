"""How much of a document is shown around a quotation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Locator, Span
from rag.reading.text import window
from tests.conftest import make_document

PARAGRAPHS = [f"Paragraph {n} speaks of the year {1800 + n}." for n in range(80)]
TEXT = "\n\n".join(PARAGRAPHS)


def at(words: str) -> Span:
    return Span(TEXT.index(words), TEXT.index(words) + len(words))


def test_whole_paragraphs_are_shown_around_the_quotation() -> None:
    shown = window(make_document(TEXT), at("the year 1820"), 75, 10)
    texts = [p.span.of(TEXT) for p in shown.paragraphs]
    assert texts == PARAGRAPHS[18:22]
    assert (shown.begins, shown.ends) == (False, False)


def test_the_ends_of_the_document_are_known() -> None:
    document = make_document(TEXT)
    assert window(document, at("the year 1800")).begins
    assert not window(document, at("the year 1800")).ends
    whole = window(document, at("the year 1820"), 10_000, 10_000)
    assert (whole.begins, whole.ends, len(whole.paragraphs)) == (True, True, 80)


def test_a_paragraph_says_which_place_begins_with_it() -> None:
    places = (Locator(Span(0, 50), "p. 1"), Locator(Span(50, len(TEXT)), "p. 2"))
    shown = window(make_document(TEXT, locators=places), at("the year 1802"))
    assert [p.label for p in shown.paragraphs][:3] == ["p. 1", "p. 2", ""]


def test_lines_are_paragraphs_where_there_are_no_empty_lines() -> None:
    shown = window(make_document("one\ntwo\nthree"), Span(4, 7), 0, 0)
    assert [p.span for p in shown.paragraphs] == [Span(4, 7)]


@given(st.text("ab \n\f", min_size=1, max_size=60), st.data(), st.integers(0, 20))
def test_the_quotation_is_always_inside_what_is_shown(text, data, around) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quotation = Span(start, end)
    shown = window(make_document(text), quotation, around, around)
    inside = "".join(p.span.of(text) for p in shown.paragraphs)
    assert [c for c in quotation.of(text) if not c.isspace()] == [
        text[i]
        for i in range(start, end)
        if not text[i].isspace() and any(p.span.start <= i < p.span.end for p in shown.paragraphs)
    ]
    assert inside or not text.strip()
