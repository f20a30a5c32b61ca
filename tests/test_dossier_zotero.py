"""The file for Zotero, read by rdflib as Zotero's translator reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import rdflib
from conftest import make_document
from lxml import html
from rdflib import RDF, Graph, Namespace
from rdflib.container import Container
from test_dossier import HOSTILE, answer_of, evidence_of, written
from test_ingest_tei import LETTER, VOLUME, write

from rag.datatypes import Answer, Collection, Publication, SourceDocument
from rag.dossier.csl import csl_items
from rag.dossier.zotero import NAMESPACES
from rag.ingest.readers.tei import read_tei

Z, BIB, DC, DCTERMS, FOAF = (
    Namespace(NAMESPACES[prefix]) for prefix in ("z", "bib", "dc", "dcterms", "foaf")
)


def read(answers: list[Answer]) -> Graph:
    return Graph().parse(data=written(answers, ".rdf"), format="xml", publicID="file:///x")


def of_one(document: SourceDocument) -> tuple[Graph, rdflib.term.Node]:
    graph = read([answer_of(evidence_of(document))])
    (item,) = graph.subjects(Z.itemType)
    return graph, item


def names(graph: Graph, item: rdflib.term.Node, role: rdflib.URIRef) -> list[tuple[str, ...]]:
    people = [p for seq in graph.objects(item, role) for p in Container(graph, seq).items()]
    return [
        tuple(str(part) for key in (FOAF.surname, FOAF.givenName) for part in graph[person:key])
        for person in people
    ]


@pytest.fixture(scope="module")
def answers(finder) -> list[Answer]:
    return [finder.ask("Monroe told Europe to stay out of the Americas")]


def test_each_source_is_an_item_with_its_quotations_as_notes_on_it(answers):
    graph = read(answers)
    items = {str(graph.value(node, DC.title)): node for node in graph.subjects(Z.itemType)}
    cited = csl_items(answers)
    assert set(items) == {item["title"] for item in cited}
    for item in cited:
        memos = list(graph.objects(items[item["title"]], DCTERMS.isReferencedBy))
        assert all((memo, RDF.type, BIB.Memo) in graph for memo in memos)
        notes = [html.fromstring(f"<div>{graph.value(memo, RDF.value)}</div>") for memo in memos]
        shown = {" ".join(" ".join(note.find("blockquote").itertext()).split()) for note in notes}
        wanted = {" ".join(q["quote"].split()) for q in item["custom"]["quotations"]}
        assert shown == wanted
        links = {a.get("href") for note in notes for a in note.iter("a")}
        assert links == {item[key] for key in ("URL",) if key in item}
        said = {q["citation"] for q in item["custom"]["quotations"]}
        assert {note.findall("p")[0].text_content() for note in notes} == said


def test_nothing_is_imported_but_the_sources(answers):
    """A note that is on no item would become one of its own, and so would a container."""
    graph = read(answers)
    memos = set(graph.subjects(RDF.type, BIB.Memo))
    assert memos == set(graph.objects(None, DCTERMS.isReferencedBy))
    named = {node for node in graph.subjects() if isinstance(node, rdflib.URIRef)}
    assert named == memos | set(graph.subjects(Z.itemType))


def test_a_document_of_a_volume_is_a_section_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, VOLUME.format(documents=LETTER))
    (document,) = read_tei(path, Collection("mine", "Mine"))
    graph, item = of_one(document)
    assert str(graph.value(item, Z.itemType)) == "bookSection"
    volume = graph.value(item, DCTERMS.isPartOf)
    assert (volume, RDF.type, BIB.Book) in graph
    assert "Volume III, Ruritania" in str(graph.value(volume, DC.title))
    assert names(graph, item, BIB.editors) == [("One", "Ann"), ("Two", "Bob")]
    assert str(graph.value(item, DC.date)) == "1911"
    extra = str(graph.value(item, DC.description)).splitlines()
    assert extra == [
        "Original Date: 1901-03-04",
        "Number: 7",
        f"Source Finder: {document.document_id}",
    ]


@pytest.mark.parametrize(
    ("creator", "name"),
    [
        ("Martin Luther King, Jr.", ("King", "Martin Luther, Jr.")),
        ("Central Intelligence Agency", ("Central Intelligence Agency",)),
    ],
)
def test_names_are_those_of_the_other_exports(creator: str, name: tuple[str, ...]) -> None:
    graph, item = of_one(make_document("Text here.", creator=creator, date="1964-11~"))
    assert names(graph, item, BIB.authors) == [name]
    assert str(graph.value(item, DC.date)) == "circa 1964-11"


@pytest.mark.parametrize(
    ("kind", "tag"),
    [("speech", "z:presenters"), ("interview", "z:interviewees"), ("map", "z:cartographers")],
)
def test_an_author_is_what_zotero_has_for_the_type(kind: str, tag: str) -> None:
    """A speech has presenters there, and what is called its author is not imported."""
    about = Publication(type=kind, editors=("Ann One",), container="Papers", volume="3", issue="7")
    document = replace(make_document("Text here.", creator="James Monroe"), publication=about)
    graph, item = of_one(document)
    prefix, name = tag.split(":")
    assert names(graph, item, Namespace(NAMESPACES[prefix])[name]) == [("Monroe", "James")]
    assert names(graph, item, BIB.contributors) == [("One", "Ann")]
    assert not list(graph.objects(item, BIB.authors)) + list(graph.objects(item, BIB.editors))
    extra = str(graph.value(item, DC.description)).splitlines()
    assert {"Container Title: Papers", "Volume: 3", "Issue: 7"} <= set(extra)


def test_who_was_heard_and_who_edited_are_both_contributors_to_a_hearing() -> None:
    about = Publication(type="hearing", editors=("Ann One",), publisher="GPO", place="Washington")
    document = replace(make_document("Text here.", creator="James Monroe"), publication=about)
    graph, item = of_one(document)
    assert names(graph, item, BIB.contributors) == [("Monroe", "James"), ("One", "Ann")]
    assert "Publisher" not in str(graph.value(item, DC.description))


def test_what_is_hostile_stays_text() -> None:
    url = 'https://example.org/"onmouseover="alert(1)'
    document = make_document(HOSTILE, title=HOSTILE, creator="Eve & <b>Sons</b>", url=url)
    graph, item = of_one(document)
    legible = HOSTILE.replace("\x00", "\ufffd")
    assert str(graph.value(item, DC.title)) == legible
    (memo,) = graph.objects(item, DCTERMS.isReferencedBy)
    note = html.fromstring(f"<div>{graph.value(memo, RDF.value)}</div>")
    half = legible[: len(HOSTILE) // 2]
    assert "".join(note.find("blockquote").text_content().split()) == "".join(half.split())
    assert {element.tag for element in note.iter()} <= {"div", "blockquote", "p", "br", "a"}
    assert [dict(a.attrib) for a in note.iter("a")] == [{"href": url}]


def test_nothing_found_is_an_empty_file() -> None:
    assert len(read([Answer("A", ())])) == 0
