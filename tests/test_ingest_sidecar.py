"""Metadata beside files: YAML, CSL-JSON, collection.yaml, and what is wrong in them."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from conftest import make_document

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import in_file
from rag.ingest.sidecar import Sidecar, describe, pair, read_sidecar
from rag.language import name_parts
from rag.wording import cited
from tests.reads import fill, gather

FULL = """title: Letter to the Duke
creator: [Ann One, Bob Two]
date: 1812-06~
kind: primary
url: https://example.org/duke
rights: Public domain
document_id: letters/duke 1
"""


def said(folder: Path, text: str, name: str = "a.yaml") -> tuple[Sidecar, list[str]]:
    return read_sidecar(fill(folder, {name: text}) / name)


def test_a_sidecar_overrides_what_was_found_and_is_no_source(tmp_path):
    folder = fill(tmp_path / "f", {"a.md": "# Found title\n\nText.", "a.yaml": FULL, "b.txt": "B"})
    (document, plain), skipped = gather(folder)
    assert skipped == []
    assert (document.document_id, document.title) == ("letters/duke-1", "Letter to the Duke")
    assert (document.creator, document.date) == ("Ann One and Bob Two", "1812-06~")
    assert (document.kind, document.rights) == ("primary", "Public domain")
    assert document.url == "https://example.org/duke"
    assert cited(document) == "Ann One and Bob Two, Letter to the Duke (file a.md)"
    assert (document.text, document.collection) == ("# Found title\n\nText.", Collection("f", "f"))
    assert (plain.title, plain.document_id) == ("b", "f/b")


def test_a_file_given_by_itself_has_its_sidecar_and_collection_too(tmp_path):
    folder = fill(
        tmp_path / "f",
        {"a.txt": "A", "a.yml": "title: T\ndocument_id: x", "collection.yaml": "title: Papers"},
    )
    (document,), skipped = gather(folder / "a.txt")
    assert (document.title, document.document_id, skipped) == ("T", "f/x", [])
    assert document.collection.title == "Papers"


def test_a_citation_of_its_own_form_is_kept_unless_one_is_given(tmp_path):
    document = SourceDocument("v/d1", "Old", "x", Collection("v", "V"), "Volume V, Document 1")
    assert cited(describe(document, Sidecar(title="New"))) == "Volume V, Document 1"
    assert cited(describe(document, Sidecar(citation="Mine."))) == "Mine."


def test_what_is_valid_counts_and_the_rest_is_reported(tmp_path):
    text = "title: T\ndate: the 4th of May\nkind: diary\nurl: javascript:x\ncolour: red\nrights: no"
    folder = fill(tmp_path / "f", {"a.txt": "A", "a.yaml": text})
    (document,), (skip,) = gather(folder)
    assert (document.title, document.date, document.kind) == ("T", None, "unknown")
    assert (document.url, document.rights) == (None, None)
    assert Path(skip.path).name == "a.yaml"
    for part in ("unknown field colour", "'the 4th of May' is not a date", "'diary' is not one of"):
        assert part in skip.reason
    assert "not a web address" in skip.reason
    assert "rights: False is not text" in skip.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title: [unclosed", "cannot be read"),
        ("title: a: b", "cannot be read"),
        ("date: 1964-02-31", "cannot be read"),
        ("just words", "no fields"),
        ("", "no fields"),
        ("!!python/object/apply:os.getcwd []", "cannot be read"),
        ("a: &a [x]\nb: *a", "aliases"),
        ("[" * 5000, "cannot be read"),
        ("title: " + "x" * 300_000, "too large"),
    ],
    ids=["unclosed", "colon", "no day", "words", "empty", "object", "aliases", "deep", "large"],
)
def test_a_bad_sidecar_is_reported_and_the_file_read(tmp_path, text, reason):
    folder = fill(tmp_path / "f", {"a.txt": "A", "a.yaml": text})
    (document,), (skip,) = gather(folder)
    assert (document.document_id, document.title) == ("f/a", "a")
    assert Path(skip.path).name == "a.yaml"
    assert reason in skip.reason
    assert ";" in skip.reason


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"title: caf\xe9")
    with pytest.raises(UnreadableSource, match="cannot be read as metadata"):
        read_sidecar(tmp_path / "a.yaml")


def test_numbers_and_days_of_yaml_are_text(tmp_path):
    about, problems = said(tmp_path, "title: 1984\ndate: 1964-11-02")
    assert (about.title, about.date, problems) == ("1984", "1964-11-02", [])
    assert said(tmp_path, "date: 1964")[0].date == "1964"
    assert said(tmp_path, "date: 1964-11-02T10:00:00Z")[0].date == "1964-11-02"


def test_a_sidecar_without_a_file_is_reported(tmp_path):
    folder = fill(tmp_path / "f", {"a.txt": "A", "ghost.yaml": FULL, "data.json": "{}"})
    documents, skipped = gather(folder)
    assert [d.document_id for d in documents] == ["f/a"]
    assert [Path(s.path).name for s in skipped] == ["data.json", "ghost.yaml"]
    assert all("describes no file here" in skip.reason for skip in skipped)


def test_of_two_sidecars_one_is_passed_over_and_reported(tmp_path):
    folder = fill(tmp_path / "f", {"a.txt": "A", "a.json": '{"title": "J"}', "a.yaml": "title: Y"})
    (document,), (skip,) = gather(folder)
    assert document.title == "Y"
    assert Path(skip.path).name == "a.json"


def test_pairs():
    names = ["a.b.pdf", "a.b.yaml", "a.yml", "a.txt", "a.html", "collection.yaml"]
    assert pair(names) == ({"a.b.pdf": ["a.b.yaml"], "a.txt": ["a.yml"], "a.html": ["a.yml"]}, [])


ITEM = {
    "type": "personal_communication",
    "title": "Letter",
    "author": [{"given": "Ann", "family": "One"}, {"literal": "The Committee"}],
    "issued": {"date-parts": [[1964, 11, 2]]},
    "URL": "https://example.org/1",
    "publisher": "passed over",
    "custom": {"kind": "memoir"},
}


@pytest.mark.parametrize("content", [ITEM, [ITEM]])
def test_csl(tmp_path, content):
    about, problems = said(tmp_path, json.dumps(content), "a.json")
    assert problems == []
    assert (about.title, about.creator) == ("Letter", "Ann One and The Committee")
    assert (about.date, about.url, about.kind) == ("1964-11-02", "https://example.org/1", "memoir")


def test_names_of_csl_are_whole(tmp_path):
    people = [
        {"given": "Alexis", "dropping-particle": "de", "family": "Tocqueville"},
        {"given": "Ann", "family": "King", "suffix": "Jr."},
    ]
    about, _ = said(tmp_path, json.dumps({"title": "T", "author": people}), "a.json")
    assert about.creator == "Alexis de Tocqueville and Ann King, Jr."


@pytest.mark.parametrize(
    ("issued", "date"),
    [
        ({"date-parts": [["1964", "3"]]}, "1964-03"),
        ({"date-parts": [[1964], [1966]]}, "1964/1966"),
        ({"date-parts": [[1964]], "circa": True}, "1964~"),
        ({"raw": "196X"}, "1960/1969"),
        ("1964-11", "1964-11"),
        ({"date-parts": [[44]]}, "0044"),
    ],
)
def test_csl_dates(tmp_path, issued, date):
    about, problems = said(tmp_path, json.dumps({"title": "T", "issued": issued}), "a.json")
    assert (about.date, problems) == (date, [])


def test_the_original_date_comes_before_that_of_the_reprint(tmp_path):
    item = ITEM | {"original-date": {"date-parts": [[1812]]}}
    assert said(tmp_path, json.dumps(item), "a.json")[0].date == "1812"


@pytest.mark.parametrize(
    ("name", "creator"),
    [
        ({"family": "Zhou", "given": "Enlai"}, "Zhou Enlai"),
        ({"family": "King", "given": "Martin Luther", "suffix": "Jr."}, "Martin Luther King, Jr."),
        ({"family": "Murray", "given": "Bill", "suffix": "III"}, "Bill Murray III"),
        (
            {"family": "Beethoven", "given": "Ludwig", "dropping-particle": "van"},
            "Ludwig van Beethoven",
        ),
        ({"family": "García Márquez", "given": "Gabriel"}, "García Márquez, Gabriel"),
        ({"family": "Chang", "given": "Ken"}, "Ken Chang"),
        ({"family": "Kim", "given": "Il-sung"}, "Kim Il-sung"),
    ],
)
def test_names_that_come_divided_stay_divided(tmp_path, name, creator):
    about, _ = said(tmp_path, json.dumps(ITEM | {"author": [name]}), "a.json")
    assert about.creator == creator
    parts = name_parts(creator)
    particle = name.pop("dropping-particle", "")
    assert parts == name | {"family": f"{particle} {name['family']}".strip()}
    document = describe(make_document("Text.", citation=""), about)
    natural = "Gabriel García Márquez" if "," in creator and "Jr." not in creator else creator
    assert cited(document).startswith(f"{natural}, ")


@pytest.mark.parametrize(
    ("kind", "type_", "problem"),
    [
        ("newspaper", "article-newspaper", ""),
        ("letter", "personal_communication", ""),
        ("Book", "book", ""),
        ("personal communication", "personal_communication", ""),
        ("treatie", "", "did you mean treaty?"),
        ("xyz", "", "known: article, article-journal"),
    ],
)
def test_the_type_of_a_publication_is_one_that_is_known(tmp_path, kind, type_, problem):
    about, problems = said(tmp_path, f"type: {kind}\npublisher: Hope\n")
    assert about.publication.type == type_
    assert [problem in each for each in problems] == ([True] if problem else [])


@pytest.mark.parametrize("content", ["[]", f"[{json.dumps(ITEM)}, {{}}]", "[1]", "{", "7"])
def test_json_that_is_not_one_item(tmp_path, content):
    folder = fill(tmp_path / "f", {"a.txt": "A", "a.json": content})
    (document,), (skip,) = gather(folder)
    assert (document.title, Path(skip.path).name) == ("a", "a.json")


@pytest.mark.parametrize("wrong", [{"author": "Ann"}, {"author": [1]}, {"issued": {"season": 1}}])
def test_csl_of_the_wrong_shape_does_no_harm(tmp_path, wrong):
    about, _ = said(tmp_path, json.dumps({"title": "T", "URL": "https://e.org"} | wrong), "a.json")
    assert about.title == "T"


def test_a_folders_collection(tmp_path):
    text = "title: The Crown Papers\nrights: Public domain\nurl: https://example.org"
    folder = fill(
        tmp_path / "f",
        {
            "a.txt": "A",
            "sub/b.txt": "B",
            "own/c.txt": "C",
            "own/d/e.txt": "E",
            "collection.yaml": text,
            "own/collection.yml": "title: Another",
        },
    )
    documents, skipped = gather(folder)
    assert skipped == []
    papers = Collection("f", "The Crown Papers", "Public domain", "https://example.org")
    found = {d.document_id: d.collection for d in documents}
    assert found["f/a"] == found["f/b"] == papers
    assert found["own/c"] == found["own/e"] == Collection("own", "Another")


def test_a_bad_collection_file_is_reported(tmp_path):
    folder = fill(tmp_path / "f", {"a.txt": "A", "collection.yaml": "name: x\nurl: ftp://x"})
    (document,), (skip,) = gather(folder)
    assert document.collection == Collection("f", "f")
    assert "unknown field name" in skip.reason
    assert "not a web address" in skip.reason
    fill(folder, {"collection.yaml": "- a"})
    assert "no fields" in gather(folder)[1][0].reason


VOLUME = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body>
<div type="document" xml:id="d1"><head>1. Note</head><p>One.</p></div>
<div type="document" xml:id="d2"><head>2. Note</head><p>Two.</p></div></body></text></TEI>"""


def test_of_a_file_with_several_documents_a_sidecar_says_what_all_share(tmp_path):
    folder = fill(
        tmp_path / "f", {"v.xml": VOLUME, "v.yaml": "title: T\nrights: CC0\nkind: memoir"}
    )
    documents, (skip,) = gather(folder)
    assert [d.title for d in documents] == ["1. Note", "2. Note"]
    assert {(d.rights, d.kind) for d in documents} == {("CC0", "memoir")}
    assert "title cannot count" in skip.reason


def test_letters_keep_their_own_writers_whatever_is_said_of_the_volume(tmp_path):
    signed = '<div type="letter"><p>I saw.</p><closer><signed>J. Polk</signed></closer></div>'
    body = f'{signed}<div type="letter"><p>Dear Sir.</p></div>'
    volume = f"<TEI xmlns='http://www.tei-c.org/ns/1.0'><text><body>{body}</body></text></TEI>"
    folder = fill(tmp_path / "f", {"v.xml": volume, "v.yaml": "creator: Milo Quaife"})
    documents, (skip,) = gather(folder)
    assert [d.creator for d in documents] == ["J. Polk", "Milo Quaife"]
    assert "creator cannot count" in skip.reason


def test_what_is_said_of_a_mail_is_not_said_of_what_is_attached(tmp_path):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Ann <a@x.org>", "scan"
    mail.set_content("Here is the letter.")
    mail.add_attachment("Sir, the fort has fallen.", filename="polk.txt")
    about = "creator: Ann Lee\nkind: secondary\nrights: CC0"
    folder = fill(tmp_path / "f", {"m.eml": mail.as_string(), "m.yaml": about})
    (_, letter), (skip,) = gather(folder)
    assert (letter.creator, letter.kind, letter.rights) == (None, "unknown", "CC0")
    assert "creator, kind cannot count" in skip.reason


def test_where_it_was_published_comes_from_a_reference_manager(tmp_path):
    item = {
        "type": "article-journal",
        "title": "The Marshal’s Toast",
        "author": [{"family": "One", "given": "Ann"}],
        "container-title": "Cold War History",
        "volume": 7,
        "issue": "2",
        "issued": {"date-parts": [[2007]]},
    }
    about, problems = said(tmp_path, json.dumps([item]), "a.json")
    document = describe(
        make_document("Text.", citation="", publication=in_file(Path("a.pdf"))), about
    )
    assert problems == []
    assert document.publication.archive_location == "a.pdf"
    assert cited(document) == "Ann One, “The Marshal’s Toast,” Cold War History 7, no. 2 (2007)"


def test_where_it_was_published_can_be_written_by_hand(tmp_path):
    lines = (
        "title: Memoirs\npublisher: Collins\nplace: London\npublished: 1961\neditors: [B. Two]\n"
    )
    about, problems = said(tmp_path, lines)
    document = describe(make_document("Text.", citation="", creator="Ann One"), about)
    assert problems == []
    assert document.publication.editors == ("B. Two",)
    assert cited(document) == "Ann One, Memoirs, ed. B. Two (London: Collins, 1961)"


def test_what_is_said_of_a_book_counts_though_a_part_of_it_is_by_another_hand(tmp_path):
    said = "The envoys met again and did not agree. " * 30
    text = "\n\n".join(
        ("PREFACE", "By Josiah Crewe", said, "CHAPTER I", said, said, "CHAPTER II", said, said)
    )
    folder = fill(tmp_path / "f", {"sea.txt": text, "sea.yaml": "title: At Sea\ncreator: Ann Holt"})
    (book, part), skipped = gather(folder)
    assert (book.title, book.creator, part.creator) == ("At Sea", "Ann Holt", "Josiah Crewe")
    assert skipped == []
