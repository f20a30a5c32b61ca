"""Finding a quotation's place among the letters of a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.datatypes import Span
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.reading import Box, PlacedText, find_boxes, letters, page_at, page_spans, part_on


def placed(*lines: str) -> PlacedText:
    """Return a page of 100 columns and 50 rows; white space has no box."""
    boxes = [
        None if letter.isspace() else Box(i / 100, row / 50, (i + 1) / 100, (row + 1) / 50)
        for row, line in enumerate(lines)
        for i, letter in enumerate(f"{line}\n")
    ]
    return PlacedText("".join(f"{line}\n" for line in lines), tuple(boxes))


def found(page: PlacedText, text: str, quote: str, start: int = 0) -> list[tuple[int, ...]]:
    """Return for each box of `quote`, found in `text` from `start` on, its columns and row."""
    at = text.index(quote, start)
    boxes = find_boxes(page, text, Span(at, at + len(quote)))
    return [(round(b.left * 100), round(b.right * 100), round(b.top * 50)) for b in boxes]


def test_a_quotation_over_two_lines_has_two_boxes() -> None:
    page = placed("War came. Peace was", "made in the autumn.")
    assert found(page, "War came. Peace was\nmade in the autumn.", "Peace was\nmade") == [
        (10, 19, 0),
        (0, 4, 1),
    ]


def test_hyphens_ligatures_and_spaces_do_not_matter() -> None:
    page = placed("The treaty was rati-", "fied  in  the o\ufb03ce")
    text = "The treaty was ratified in the office"
    assert found(page, text, "ratified in the office") == [(15, 20, 0), (0, 18, 1)]


def test_of_two_equal_places_the_one_at_the_same_point_of_the_page_counts() -> None:
    lines = ["he said no", "they waited", "he said no"]
    page, text = placed(*lines), "\n".join(lines)
    assert found(page, text, "he said no") == [(0, 10, 0)]
    assert found(page, text, "he said no", start=1) == [(0, 10, 2)]


def test_a_place_read_a_little_otherwise_is_found_by_its_words() -> None:
    page = placed("The old rninister did", "not return t0 town.")
    text = "The old minister did not return to town."
    assert found(page, text, text) == [(0, 21, 0), (0, 19, 1)]


def test_what_is_not_on_the_page_is_not_marked() -> None:
    page = placed("Grain was dear in every town.")
    text = "The fleet left the harbour in March."
    assert found(page, text, text) == []
    assert found(placed(""), text, text) == []
    assert find_boxes(page, " - ", Span(0, 3)) == ()


@given(st.lists(st.text("abcde", min_size=3, max_size=12), min_size=1, max_size=6), st.data())
def test_a_stretch_of_the_page_itself_is_always_found_whole(lines, data) -> None:
    page, text = placed(*lines), "\n".join(lines)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    wanted, _ = letters(text[start:end])
    boxes = find_boxes(page, text, Span(start, end))
    inside = [
        letter
        for letter, box in zip(page.text, page.boxes, strict=True)
        if box
        and any(b.top == box.top and b.left <= box.left < b.right for b in boxes)
        and letter.isalpha()
    ]
    assert "".join(inside) == wanted


@pytest.mark.parametrize(
    ("offset", "page"), [(0, 0), (2, 0), (3, 0), (5, 0), (6, 1), (9, 2), (99, 2)]
)
def test_pages_of_a_text(offset: int, page: int) -> None:
    text = PAGE_BREAK.join(["one", "", "two"])
    spans = page_spans(text)
    assert [span.of(text) for span in spans] == ["one", "", "two"]
    assert page_at(spans, offset) == page


def test_a_quotation_over_two_pages_has_a_part_on_each() -> None:
    pages = page_spans(PAGE_BREAK.join(["one two", "three"]))
    quotation = Span(4, 12)
    assert [part_on(page, quotation) for page in pages] == [Span(4, 7), Span(10, 12)]
    assert part_on(pages[0], Span(10, 12)) is None
