"""A dossier as a Word file, opened by python-docx and by our own reader of such files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import docx
import pytest
from conftest import make_document
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from test_dossier import FACTS, HOSTILE, MADE, answer_of, evidence_of, full_answer

from rag.datatypes import Answer, Collection
from rag.dossier import export
from rag.dossier.word import QUOTED
from rag.ingest.readers.word import read_word


def together(text: str) -> str:
    return "".join(text.split())


def as_word(*answers: Answer) -> bytes:
    return export(answers, ".docx", made=MADE, index=FACTS)


def opened(*answers: Answer) -> Document:
    return docx.Document(BytesIO(as_word(*answers)))


def footnotes(document: Document) -> list[Paragraph]:
    """Return the notes that a reader sees, in order of their numbers."""
    rels = document.part.rels.values()
    (part,) = (r.target_part for r in rels if r.reltype == RELATIONSHIP_TYPE.FOOTNOTES)
    shown = [n for n in docx.oxml.parse_xml(part.blob) if n.get(qn("w:type")) is None]
    assert [int(note.get(qn("w:id"))) for note in shown] == list(range(1, len(shown) + 1))
    return [Paragraph(note.find(qn("w:p")), part) for note in shown]


@pytest.fixture(scope="module")
def answer(finder) -> Answer:
    return finder.ask(
        "Monroe told Europe to stay out of the Americas. Sacagawea carried her baby to the Pacific."
    )


def test_each_claim_starts_a_page_under_a_heading(answer: Answer) -> None:
    paragraphs = opened(answer).paragraphs
    begun = [p.text for p in paragraphs if p.paragraph_format.page_break_before]
    claims = [" ".join(finding.claim.text.split()) for finding in answer.findings]
    assert begun == [f"{number} {claim}" for number, claim in enumerate(claims, 1)]
    headings = [p for p in paragraphs if p.style.name.startswith("Heading")]
    assert set(begun) <= {p.text for p in headings}


def test_each_quotation_stands_word_for_word_in_its_passage(answer: Answer) -> None:
    document = opened(answer)
    runs = [run for p in document.paragraphs for run in p.runs]
    quoted = "".join(run.text for run in runs if run.style.name == QUOTED)
    blocks = [p.text for p in document.paragraphs if p.style.name == "Quote"]
    shown = [evidence for finding in answer.findings for evidence in finding.evidence]
    assert together(quoted) == together("".join(e.quote for e in shown))
    assert together("".join(blocks)) == together(
        answer.question + "".join(e.passage for e in shown)
    )


def test_each_quotation_has_the_citation_of_the_screen_as_its_footnote(answer: Answer) -> None:
    document = opened(answer)
    shown = [evidence for finding in answer.findings for evidence in finding.evidence]
    notes = footnotes(document)
    assert [note.text.strip() for note in notes] == [e.citation for e in shown]
    assert [[link.address for link in note.hyperlinks] for note in notes] == [
        [e.url] if e.url else [] for e in shown
    ]
    referred = document.element.xpath("//w:footnoteReference/@w:id")
    assert referred == [str(number) for number in range(1, len(shown) + 1)]
    quotes = [p for p in document.paragraphs if p._p.xpath(".//w:footnoteReference")]
    assert all(any(run.style.name == QUOTED for run in p.runs) for p in quotes)


def test_links_lead_to_the_sources(answer: Answer) -> None:
    links = {link.address for p in opened(answer).paragraphs for link in p.hyperlinks}
    assert {e.url for f in answer.findings for e in f.evidence if e.url} <= links


@pytest.mark.parametrize(
    "said",
    [
        FACTS.corpus_hash,
        "Passages that contradict this",
        "83%",
        "mine/one#char=0,14",
        "the claim has “1832”, the passage “1823”",
        "scanned text, read by machine",
        "Who was it? (a question)",
    ],
)
def test_it_says_all_that_the_answer_has(said: str) -> None:
    assert said in "\n".join(p.text for p in opened(full_answer()).paragraphs)


def test_what_is_hostile_stays_text() -> None:
    url = 'https://example.org/a_{b}?c=1%20d#"e'
    document = make_document(HOSTILE, title=HOSTILE, creator="Eve & <b>Sons</b>", url=url)
    evidence = evidence_of(document)
    read = opened(answer_of(evidence))
    runs = [run for p in read.paragraphs for run in p.runs]
    quoted = "".join(run.text for run in runs if run.style.name == QUOTED)
    assert together(quoted) == together(evidence.quote.replace("\x00", "\ufffd"))
    links = {link.address for p in read.paragraphs for link in p.hyperlinks}
    assert links == {"https://example.org/a_%7Bb%7D?c=1%20d#%22e"}


def test_another_program_reads_text_and_footnotes(answer: Answer, tmp_path: Path) -> None:
    path = tmp_path / "dossier.docx"
    path.write_bytes(as_word(answer))
    (document,) = read_word(path, Collection("mine", "Mine"))
    assert document.title == "Source Finder dossier"
    for evidence in answer.findings[0].evidence:
        assert together(evidence.citation) in together(document.text)
