"""The values themselves: spans, labels, JSON, and exit codes of errors."""

from __future__ import annotations

import json

import pytest
from conftest import make_document
from hypothesis import given
from hypothesis import strategies as st

from rag import errors
from rag.datatypes import Answer, Claim, Finding, Locator, Span, join_labels, to_jsonable

SPANS = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda p: Span(min(p), max(p)))


@given(SPANS, SPANS)
def test_overlap_is_a_shared_code_point(one, other):
    shared = set(range(one.start, one.end)) & set(range(other.start, other.end))
    if len(one) and len(other):
        assert one.overlaps(other) == other.overlaps(one) == bool(shared)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_a_span_does_not_run_backwards(start, end):
    with pytest.raises(ValueError, match="not a span"):
        Span(start, end)


@pytest.mark.parametrize(
    ("labels", "joined"),
    [
        ([], ""),
        (["p. 1"], "p. 1"),
        (["p. 1", "p. 1"], "p. 1"),
        (["p. 1", "p. 2"], "pp. 1–2"),
        (["paragraph 4", "paragraph 5", "paragraph 6"], "paragraphs 4–6"),
        (["12", "13"], "12, 13"),
        (["p. Appendix 3", "p. Appendix 4"], "pp. Appendix 3–Appendix 4"),
        (["PDF page 3", "PDF page 4"], "PDF pages 3–4"),
        (["sheet A 1, row 3", "sheet A 1, row 4"], "sheet A 1, rows 3–4"),
        (["Appendix 3", "Appendix 4"], "Appendix 3–Appendix 4"),
        (["chapter I", "p. 3"], "chapter I, p. 3"),
    ],
)
def test_labels_are_joined(labels, joined):
    assert join_labels(labels) == joined


def test_a_span_is_located_by_the_places_it_touches():
    document = make_document(
        "0123456789", locators=(Locator(Span(0, 5), "p. 1"), Locator(Span(5, 9), "p. 2"))
    )
    assert document.locate(Span(1, 5)) == "p. 1"
    assert document.locate(Span(4, 6)) == "pp. 1–2"
    assert document.locate(Span(9, 10)) == ""


def test_an_answer_goes_through_json():
    claim = Claim("c1", "Überall 漢字 \x1f", Span(0, 5), "a question")
    answer = Answer("q", (Finding(claim, "not found", notes=("note",)),), (claim,))
    back = json.loads(answer.to_json())
    assert back == answer.to_dict()
    assert back["findings"][0]["claim"]["span"] == {"start": 0, "end": 5}
    assert "漢字" in answer.to_json(indent=2)
    assert to_jsonable({"a": (Span(1, 2),)}) == {"a": [{"start": 1, "end": 2}]}


def test_exit_codes_are_those_of_the_documented_tree():
    codes = {
        errors.SourceFinderError: 1,
        errors.QuestionError: 2,
        errors.SourceError: 3,
        errors.UnknownFormat: 3,
        errors.UnreadableSource: 3,
        errors.NothingToIndex: 3,
        errors.ModelError: 4,
        errors.SearchIndexError: 5,
        errors.IndexNotBuilt: 5,
        errors.IndexCorrupt: 5,
        errors.IndexMismatch: 5,
        errors.IndexBusy: 5,
        errors.IndexNotWritten: 5,
    }
    assert {kind: kind.exit_code for kind in codes} == codes
