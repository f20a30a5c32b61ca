"""What a first page proposes as title and date."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import make_document

from rag.reading.text import propose


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        (
            "THE TREATY\nOF ZENDA\n\nSigned at Strelsau on 9 May 1891.\n\nThe ministers met.",
            {"title": "THE TREATY OF ZENDA", "date": "1891-05-09"},
        ),
        (
            "12\nMemorandum of a Conversation\nWashington, February 14, 1845.\nThe Minister said.",
            {"title": "Memorandum of a Conversation", "date": "1845-02-14"},
        ),
        ("Strelsau, 9 May 1891\n\nMy dear Duke,\n\nI have not slept.", {"date": "1891-05-09"}),
        ("Rules of the Fair\n\nStrelsau\n1756\n", {"title": "Rules of the Fair", "date": "1756"}),
        ("In March of 1890 and later he went on, and\nno letter came.", {"date": "1890-03"}),
        ("the rest of a page that begins in a sentence, and so\nhas nothing to propose.", {}),
        ("It was the year 1756 when the fair was held, and many came,\nas ever.", {}),
    ],
)
def test_title_and_date_are_those_of_the_first_page(text: str, proposed: dict[str, str]) -> None:
    document = replace(make_document(text), title="scan 7", origin="/x/scan_7.pdf", date=None)
    assert propose(document) == proposed
    known = replace(document, title="Known", date="1800")
    assert propose(known) == {}
    later = replace(document, text="One page.\n\f\n" + text)
    assert propose(later) == {}
