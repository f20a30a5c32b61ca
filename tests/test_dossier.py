"""What a dossier holds, and that other programs read what is exported."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rispy
from conftest import GUTENBERG, make_document
from lxml import etree, html
from markdown_it import MarkdownIt
from pybtex.database import parse_string
from test_ingest_tei import LETTER, VOLUME, write

from rag.datatypes import (
    Answer,
    Claim,
    Collection,
    Evidence,
    Finding,
    IndexFacts,
    Passage,
    Publication,
    Reason,
    SourceDocument,
    Span,
    Suggestion,
    Summary,
    SummaryStatement,
)
from rag.dossier import FORMATS, export, file_name
from rag.dossier.blocks import Extract, Run, to_markdown
from rag.dossier.content import CHICAGO, STYLES, Citations, cited_in, in_style, style_of
from rag.dossier.csl import bibtex_key, csl_item, csl_items, place
from rag.errors import QuestionError
from rag.evidence import cite
from rag.ingest.readers.plain import read_plain
from rag.ingest.readers.sotu import read_sotu
from rag.ingest.readers.tei import read_tei
from rag.ingest.sidecar import plain_fields
from rag.wording import creators

MADE = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
FACTS = IndexFacts("mine", "ab12" * 16, 6, 60, "2026-11-01T09:00:00+00:00")
TEXT = "Monroe told Europe to stay out of the Americas. Polk announced gold in California."
HOSTILE = (
    "# Not a heading\n\n<script>alert(1)</script> [click](javascript:alert(2)) **bold** `x` "
    "![i](http://evil.example/i.png)\n\n- no item\n1. none\n===\n\\input{/etc/passwd} {{ } "
    "100% $x_1^2$ & ~tilde @book{k, title={t}}\nER  - \nTY  - BOOK \x00 周恩来 Брежнев"
)


def plain(runs: Iterable[Run]) -> str:
    """Return the text of runs without their styles."""
    return "".join(run.text for run in runs)


def evidence_of(document: SourceDocument) -> Evidence:
    """Return evidence that quotes the first sentence-like half of a document."""
    whole = Span(0, len(document.text))
    quoted = Span(0, max(len(document.text) // 2, 1))
    passage = Passage(document.document_id, whole, (whole,))
    claim = Claim("c1", "A claim", Span(0, 7))
    return cite(claim, document, passage, quoted, 1.0, 1.0)


def answer_of(*evidence: Evidence, **fields: object) -> Answer:
    finding = Finding(Claim("c1", "A claim", Span(0, 7)), "related", evidence)
    return Answer("A claim", (finding,), **fields)  # type: ignore[arg-type]


def written(answers: list[Answer], extension: str) -> str:
    return export(answers, extension, made=MADE, index=FACTS).decode("utf-8")


@pytest.fixture(scope="module")
def answers(finder) -> list[Answer]:
    return [finder.ask(TEXT), finder.ask("Roosevelt named four freedoms")]


@pytest.fixture(scope="module")
def hostile() -> list[Answer]:
    document = make_document(
        HOSTILE,
        document_id="mine/Ж_{1}",
        title=HOSTILE,
        creator="Eve {Mallory} & <b>Sons</b>",
        citation="Eve, Hostile.",
        url="https://example.org/a_{b}?c=1%20d#e",
        date="1964-11~",
    )
    return [answer_of(evidence_of(document))]


# ---- one item a document, from which every format is made ----


def test_each_document_is_one_item_with_its_quotations_as_they_stand(finder, answers):
    items = csl_items(answers)
    cited = [e for a in answers for f in a.findings for e in f.evidence]
    assert len(cited) > len(items) > 1
    assert [i["id"] for i in items] == list(dict.fromkeys(e.document_id for e in cited))
    for item in items:
        text = finder.document(item["id"]).text
        for quoted in item["custom"]["quotations"]:
            assert text[quoted["start"] : quoted["end"]] == quoted["quote"]
    found = {place(i["id"], q["start"], q["end"]) for i in items for q in i["custom"]["quotations"]}
    assert found == {place(e.document_id, e.start, e.end) for e in cited}


def test_an_item_describes_the_same_document_as_a_sidecar():
    document = make_document(
        "Text.", title="Letters", creator="Ann One", date="1964-11", url="https://example.org/x",
        kind="memoir", rights="Public domain", citation="Ann One, Letters (file a.txt)",
    )  # fmt: skip
    fields = plain_fields(json.loads(written([answer_of(evidence_of(document))], ".json")))
    same = ("title", "creator", "date", "url", "kind", "rights", "document_id")
    assert {name: fields[name] for name in same} == {name: getattr(document, name) for name in same}


@pytest.mark.parametrize(
    ("creator", "names"),
    [
        ("Franklin D. Roosevelt", [("Roosevelt", "Franklin D.")]),
        ("Grant, Ulysses S.", [("Grant", "Ulysses S.")]),
        ("Martin Luther King, Jr.", [("King", "Martin Luther")]),
        ("Charles de Gaulle", [("de Gaulle", "Charles")]),
        ("Chou En-lai", [("Chou", "En-lai")]),
        ("Deng Xiaoping", [("Deng", "Xiaoping")]),
        ("Лев Толстой", [("Толстой", "Лев")]),
        ("Martin Van Buren", [("Van Buren", "Martin")]),
        ("Robert M. La Follette", [("La Follette", "Robert M.")]),
        ("Von Neumann, John", [("Von Neumann", "John")]),
        *[
            (" ".join(name), [name])
            for name in (
                ("Mao", "Zedong"),
                ("Mao", "Tse-tung"),
                ("Liu", "Shaoqi"),
                ("Li", "Peng"),
                ("Wang", "Yi"),
                ("Chiang", "Kai-shek"),
                ("Kim", "Jong-il"),
            )
        ],
        ("Churchill, Sir Winston", [("Churchill", "Sir Winston")]),
        ("Alexander Hamilton and John Jay", [("Hamilton", "Alexander"), ("Jay", "John")]),
        *[
            (body, [body])
            for body in (
                "Central Intelligence Agency",
                "Ministry of Foreign Affairs and Trade",
                "Plato",
                "National Archives and Records Administration",
                "Jean Francois Paul de Gondi, Cardinal de Retz",
                "Office 39",
                "The President",
                "Secretary Hull",
                "Pope John XXIII",
                "Henry VIII",
                "Vo Nguyen Giap",
            )
        ],
    ],
)
def test_names_are_divided_only_where_they_are_persons(creator, names):
    document = make_document("Text.", creator=creator)
    found = csl_item(evidence_of(document))["author"]
    assert [n.get("literal") or (n["family"], n["given"]) for n in found] == names


def test_every_editor_is_one_person_however_the_name_is_written():
    at = Publication(
        "chapter",
        container="Papers",
        editors=("Fitzpatrick, John C.", "Edward C. Keefer, Jr.", "Ann One, Bob Two, and Cy Three"),
    )
    evidence = evidence_of(make_document("Text.", publication=at))
    given = [answer_of(evidence)]
    names = [
        "Fitzpatrick, John C.", "Keefer, Edward C., Jr.", "One, Ann", "Two, Bob", "Three, Cy",
    ]  # fmt: skip
    [entry] = parse_string(written(given, ".bib"), "bibtex").entries.values()
    family = [" ".join(editor.last_names) for editor in entry.persons["editor"]]
    assert family == ["Fitzpatrick", "Keefer", "One", "Two", "Three"]
    assert re.findall(r"(?m)^ED  - (.+?)\r?$", written(given, ".ris")) == names
    said = "John C. Fitzpatrick, Edward C. Keefer Jr., Ann One, Bob Two, and Cy Three"
    assert said in plain(Citations([csl_item(evidence)], STYLES["mla"]).bibliography()[0])


@pytest.mark.parametrize(
    ("creator", "name", "said"),
    [
        ("Mills, Ada, 1838-1918", ("Mills", "Ada", ""), "Ada Mills"),
        ("Mills, Ada, 1838-1918, author.", ("Mills", "Ada", ""), "Ada Mills"),
        (
            "Mills, John Ward, Jr., 1829-1868.",
            ("Mills", "John Ward", "Jr."),
            "John Ward Mills, Jr.",
        ),
        ("John Ward Mills, Jr., 1829-1868", ("Mills", "John Ward", "Jr."), "John Ward Mills, Jr."),
        ("Vaughan Williams, Ralph", ("Vaughan Williams", "Ralph", ""), "Ralph Vaughan Williams"),
        *[
            (whole, whole, whole)
            for whole in (
                "Ward, Arthur Mills, Duke of, 1769-1852",
                "Ward, Thomas Mills, Baron, 1800-1859",
                "Mills, Francis, Viscount St. Ives",
                "Mills, J., Ward, K.",
                "Ada Mills, Chicago",
                "Edward Ward, Ohio",
                "Washington, General",
            )
        ],
    ],
)
def test_a_name_with_commas_is_turned_only_where_it_is_family_and_given(creator, name, said):
    evidence = evidence_of(make_document("Text.", title="Diary", creator=creator))
    [found] = csl_item(evidence)["author"]
    if isinstance(name, str):
        assert found == {"literal": name}
    else:
        assert (found["family"], found["given"], found.get("suffix", "")) == name
    assert creators(creator) == said


@pytest.mark.parametrize("name", ["Ken Chang", "Dan Wang", "Gene Li", "May Chen", "Lou Gong"])
def test_a_western_given_name_stands_first_before_a_chinese_family_name(name):
    [found] = csl_item(evidence_of(make_document("Text.", creator=name)))["author"]
    assert f"{found['given']} {found['family']}" == name


@pytest.mark.parametrize("name", ["Ang Lee", "Lin Yang", "Min Zhu", "Dong Li"])
def test_a_name_whose_order_is_open_stays_as_it_is_written(name):
    [found] = csl_item(evidence_of(make_document("Text.", creator=name)))["author"]
    assert found == {"literal": name}


# ---- citations ----


def note(document: SourceDocument) -> str:
    evidence = evidence_of(document)
    return plain(Citations([csl_item(evidence)]).note(evidence.document_id, evidence.locator))


def test_an_address_is_cited_in_its_archive():
    monroe = next(d for d in read_sotu() if d.document_id == "sotu/1823-Monroe-1")
    assert note(monroe) == (
        "James Monroe, “Seventh Annual Message,” December 2, 1823, The American Presidency "
        "Project, ed. Gerhard Peters and John T. Woolley, paragraphs 1–36, "
        "https://www.presidency.ucsb.edu/documents/seventh-annual-message-1."
    )


def test_a_document_of_a_volume_is_cited_in_it(tmp_path):
    path = write(tmp_path, VOLUME.format(documents=LETTER))
    (document,) = read_tei(path, Collection("mine", "Mine"))
    assert note(document) == (
        "“Letter From the Minister (Rassendyll),” March 4, 1901, in Foreign Relations, "
        "1901–1902, Volume III, Ruritania, ed. Ann One and Bob Two (Washington: Government "
        "Printing Office, 1911), doc. 7, pp. 11–12, "
        "https://history.state.gov/historicaldocuments/frus1901-02v03/d7."
    )
    item = csl_item(evidence_of(document))
    assert (item["type"], item["number"]) == ("chapter", "7")
    assert item["issued"] == {"date-parts": [[1911]]}
    assert item["original-date"] == {"date-parts": [[1901, 3, 4]]}


def test_an_undated_document_of_a_volume_does_not_get_the_date_of_its_printing(tmp_path):
    undated = re.sub(r"<date .*?</date>", "no date", LETTER, flags=re.DOTALL).replace("7", "8")
    path = write(tmp_path, VOLUME.format(documents=undated))
    (document,) = read_tei(path, Collection("mine", "Mine"))
    assert document.date is None
    assert "(Rassendyll),” in Foreign Relations" in note(document)


def test_a_memoir_is_cited_as_a_book(tmp_path):
    path = tmp_path / "grant.txt"
    body = "A great war.\n\nIt was long."
    book = GUTENBERG.format(
        title="Personal Memoirs", author="Ulysses S. Grant", year=1885, text=body
    )
    path.write_text(book.replace("\n\nTitle", "\n\n[eBook #4367]\n\nTitle", 1), encoding="utf-8")
    (document,) = read_plain(path, Collection("mine", "Mine"))
    cited = Citations([csl_item(evidence_of(document))]).note(document.document_id, "chapter I")
    assert plain(cited) == (
        "Ulysses S. Grant, Personal Memoirs (1885; Project Gutenberg), chapter I, "
        "https://www.gutenberg.org/ebooks/4367."
    )
    assert [run.text for run in cited if run.italic] == ["Personal Memoirs"]


def test_a_file_is_cited_with_where_it_lies():
    document = make_document(
        "Text.",
        title="Memorandum on assets",
        creator="Central Intelligence Agency",
        date="1962-03",
        collection=Collection("jfk", "JFK records"),
        publication=Publication(archive_location="104 (2).pdf"),
    )
    assert note(document) == (
        "Central Intelligence Agency, “Memorandum on assets,” March 1962, 104 (2).pdf, JFK records."
    )


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "words",
    ["How to use <p> and <div> in HTML </p><p>", "Letter to <illegible> Smith", "<sup>238</sup>U",
     "&lt;b&gt; & R&D", "<i>Hamlet", "a < b > c"],
)  # fmt: skip
def test_signs_of_markup_are_printed_as_they_stand(style, words):
    at = Publication("chapter", container=f"Papers, {words}", publisher=f"Press {words}")
    document = make_document(
        "Text.", title=f"On {words}", creator=f"Bureau {words}", publication=at
    )
    evidence = evidence_of(document)
    made = Citations([csl_item(evidence)], STYLES[style])
    entry = plain(made.bibliography()[0])
    assert entry.count(words) == 4
    assert words in plain(made.note(evidence.document_id, f"chapter {words}"))
    assert export([answer_of(evidence)], ".docx", made=MADE, index=FACTS, style=style)


@pytest.mark.parametrize(
    ("title", "entry", "brackets"),
    [
        ("What is to be done?", "“What is to be done?” ", "“What is to be done?,” "),
        ("Stop!", "“Stop!” ", "“Stop!,” "),
        ("Trade with the U.S.S.R.", "“Trade with the U.S.S.R.” ", "“Trade with the U.S.S.R.,” "),
        ("Letter to Robert Kennedy, Jr.", "“Letter to Robert Kennedy, Jr.” ", "Kennedy, Jr.,” "),
        ("A memorandum.", "“A memorandum.” ", "“A memorandum,” "),
    ],
)
def test_a_title_keeps_its_last_sign_and_gets_no_second(title, entry, brackets):
    at = Publication("speech", container="Papers")
    evidence = evidence_of(make_document("Text.", title=title, publication=at))
    made = Citations([csl_item(evidence)], STYLES["mla"])
    assert f" {entry}" in f" {plain(made.bibliography()[0])}"
    assert brackets in plain(made.note(evidence.document_id, "p. 3"))
    book = csl_item(evidence) | {"type": "book"}
    assert plain(Citations([book], STYLES["mla"]).bibliography()[0]).count(title.rstrip(".")) == 1
    for style in STYLES.values():
        shown = plain(Citations([book], style).bibliography()[0])
        assert not re.search(r"[?!.]\.", shown), shown


def test_a_document_without_a_title_is_cited_by_its_id():
    assert "“mine/one,”" in note(make_document("Text.", title=""))


LETTER_OF_1814 = {
    "title": "Jefferson to Adams", "creator": "Thomas Jefferson", "date": "1814-09-21",
    "publication": Publication(
        "personal_communication", editors=("Lester J. Cappon",), container="The Letters",
        publisher="Hill Press", place="Richmond", published="1959", volume="2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("style", ["", *STYLES])
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (LETTER_OF_1814, "Jefferson, Letters, 1814, Sept, 21, Cappon, 2, Hill Press, 1959"),
        (
            {"title": "Papers", "publication": Publication(
                "book", editors=("Jane Roe", "Ann Lee"), publisher="Clarendon Press",
                place="Oxford", published="1911", volume="3")},
            "Papers, Roe, Lee, Clarendon Press, 1911, ol. 3",
        ),
        (
            {"title": "The Split", "creator": "Ann One", "date": "1961-05", "publication":
                Publication("article-journal", container="Studies", volume="12", issue="3")},
            "One, The Split, May, 1961, Studies, 12, 3",
        ),
        (
            {"title": "Programs", "creator": "Dean Rusk", "date": "1950-04-07", "publication":
                Publication("report", number="NSC 68", publisher="The Council")},
            "Rusk, Programs, 1950, 7, Apr, NSC 68, Council",
        ),
        (
            {"title": "Speech", "creator": "Ann One", "date": "1900", "publication": Publication(
                "speech", container="Speeches", editors=("Bob Two",), published="1905")},
            "One, Speech, 1900, Speeches, Two, 1905",
        ),
        (
            {"title": "War", "creator": "Ann One", "date": "1900", "publication": Publication(
                "chapter", container="Essays", editors=("Bob Two",), published="1905",
                publisher="Hill Press", volume="4")},
            "One, War, 1900, Essays, Two, 1905, Hill Press, ol. 4",
        ),
    ],
    ids=["letter", "edited book", "article", "report", "speech", "chapter"],
)  # fmt: skip
def test_a_citation_has_all_that_is_known_of_the_publication(style, fields, said):
    document = make_document("Text.", citation="", **{"creator": None, "date": None} | fields)
    answer = in_style(answer_of(evidence_of(document)), style)
    [cited] = [e.citation for f in answer.findings for e in f.evidence]
    assert [part for part in said.split(", ") if part not in cited] == []
    assert "eBook" not in cited
    assert cited.find("1814") < (cited.find("1959") if "1959" in cited else 10**6)


def test_a_letter_is_of_the_day_it_was_written_and_the_edition_of_its_own():
    document = make_document("Text.", citation="", **LETTER_OF_1814)
    assert evidence_of(document).citation.startswith(
        "Thomas Jefferson, “Jefferson to Adams,” 21 September 1814, The Letters, vol. 2, ed. "
        "Lester J. Cappon (Richmond: Hill Press, 1959)"
    )
    assert note(document).startswith(
        "Thomas Jefferson, “Jefferson to Adams,” September 21, 1814, The Letters, vol. 2, ed. "
        "Lester J. Cappon (Richmond: Hill Press, 1959)"
    )


@pytest.mark.parametrize(
    ("date", "words", "year"),
    [
        ("1815?", "1815?", "1815"),
        ("1778-01~", "about January 1778", "1778"),
        ("1949-22", "summer 1949", "1949"),
        ("1964/..", "1964 or later", "1964"),
        ("1964/1966", "1964–1966", "1964"),
        ("1848-03-05/1848-03-09", "5–9 March 1848", "1848"),
        ("1850%", "about 1850?", "1850"),
    ],
)
def test_a_date_that_is_not_certain_is_told_as_such_everywhere(date, words, year):
    at = Publication("manuscript", container="Papers")
    document = make_document("Text.", citation="", creator="Ann One", date=date, publication=at)
    evidence = evidence_of(document)
    given = [answer_of(evidence)]
    assert words in evidence.citation
    for style in STYLES:
        assert words in in_style(given[0], style).findings[0].evidence[0].citation
    assert f"One, {words}" in written(given, ".md")
    [entry] = parse_string(written(given, ".bib"), "bibtex").entries.values()
    assert (entry.fields["date"], entry.fields["year"]) == (date, year)
    [record] = rispy.loads(written(given, ".ris"))
    assert record["year"] == year and words in record["date"]
    items = json.loads(written(given, ".json"))
    assert plain_fields(items)["date"] == date
    # The schema of CSL-JSON knows no more of a date.
    assert set(items[0]["issued"]) <= {"date-parts", "season", "circa", "literal"}


def test_the_number_of_an_ebook_is_no_documents():
    at = Publication("book", number="eBook 23", publisher="Project Gutenberg")
    document = make_document("Text.", title="Narrative", citation="", publication=at)
    evidence = evidence_of(document)
    assert "(Project Gutenberg eBook 23)" in evidence.citation
    for style in STYLES:
        assert "doc. 23" not in cited_in(style_of(style), evidence).citation


def test_a_citation_that_a_person_wrote_is_kept():
    document = make_document("Text.", citation="AVP RF, f. 3, op. 64, d. 1.")
    evidence = evidence_of(document)
    assert csl_item(evidence)["custom"]["citation"] == "AVP RF, f. 3, op. 64, d. 1."
    assert f"\n{evidence.citation}\n" in written([answer_of(evidence)], ".md")
    assert evidence.citation.startswith("AVP RF, f. 3, op. 64, d. 1")


def test_mla_and_apa_give_an_entry_and_the_brackets_for_the_text():
    monroe = next(d for d in read_sotu() if d.document_id == "sotu/1823-Monroe-1")
    answer = answer_of(evidence_of(monroe))
    cited = {
        name: in_style(answer, name).findings[0].evidence[0].citation for name in ("mla", "apa")
    }
    address = "https://www.presidency.ucsb.edu/documents/seventh-annual-message-1"
    assert cited == {
        "mla": "Monroe, James. “Seventh Annual Message.” The American Presidency Project, edited "
        f"by Gerhard Peters and John T. Woolley, 2 Dec. 1823, {address}. In the text: (Monroe, "
        "“Seventh Annual Message,” paragraphs 1–36).",
        "apa": "Monroe, J. (1823, December 2). Seventh Annual Message. The American Presidency "
        f"Project. {address} In the text: (Monroe, 1823, paragraphs 1–36).",
    }


@pytest.mark.parametrize(
    ("name", "entry", "brackets"),
    [
        (
            "mla",
            "“Letter From the Minister (Rassendyll).” 4 Mar. 1901. Foreign Relations, 1901–1902, "
            "Volume III, Ruritania, edited by Ann One and Bob Two, doc. 7, Government Printing "
            "Office, 1911, https://history.state.gov/historicaldocuments/frus1901-02v03/d7.",
            "(“Letter From the Minister (Rassendyll),” pp. 11–12)",
        ),
        (
            "apa",
            "Letter From the Minister (Rassendyll). (1901, March 4). In A. One & B. Two (Eds.), "
            "Foreign Relations, 1901–1902, Volume III, Ruritania (Document 7). Government Printing "
            "Office, 1911. https://history.state.gov/historicaldocuments/frus1901-02v03/d7",
            "(“Letter From the Minister (Rassendyll),” 1901, pp. 11–12)",
        ),
    ],
)
def test_a_document_of_a_volume_without_an_author_is_not_its_editors(
    tmp_path, name, entry, brackets
):
    path = write(tmp_path, VOLUME.format(documents=LETTER))
    (document,) = read_tei(path, Collection("mine", "Mine"))
    evidence = evidence_of(document)
    made = Citations([csl_item(evidence)], style_of(name))
    assert plain(made.bibliography()[0]) == entry
    assert plain(made.note(evidence.document_id, evidence.locator)) == brackets


def test_a_dossier_has_one_citation_in_the_style_that_was_chosen(answers):
    for extension in (".md", ".html"):
        content = export(answers, extension, made=MADE, index=FACTS, style="mla").decode()
        assert "In the text: (" in content
        assert "In Chicago style" not in content
        assert "In the text: (" not in written(answers, extension)


def test_a_style_may_be_a_file_and_an_unknown_one_is_told(tmp_path):
    own = tmp_path / "journal.csl"
    own.write_bytes(CHICAGO.path.read_bytes())
    assert style_of(str(own)).title == "journal"
    (tmp_path / "broken.csl").write_text("<style>")
    for name in ("harvard", str(tmp_path / "none.csl"), str(tmp_path)):
        with pytest.raises(QuestionError, match="chicago, mla, apa"):
            style_of(name)
    with pytest.raises(QuestionError, match=r"broken\.csl cannot be read"):
        Citations([], style_of(str(tmp_path / "broken.csl")))


def test_a_style_that_only_names_another_is_refused_with_its_name(tmp_path):
    own = tmp_path / "journal.csl"
    own.write_text(
        '<style xmlns="http://purl.org/net/xbiblio/csl" version="1.0"><info><title>J</title>'
        '<link href="http://www.zotero.org/styles/parent" rel="independent-parent"/></info></style>'
    )
    with pytest.raises(QuestionError, match=r"zotero\.org/styles/parent"):
        Citations([], style_of(str(own)))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("p. 12", "p. 12."),
        ("pp. 12–13", "pp. 12–13."),
        ("paragraph 48", "para. 48."),
        ("chapter I, paragraph 9", ", chapter I, paragraph 9."),
        ("PDF page 4", ", PDF page 4."),
    ],
)
def test_a_style_that_prints_the_kind_of_place_prints_it_once(tmp_path, place, said):
    own = tmp_path / "labels.csl"
    label = '<label variable="locator" form="short" suffix=" "/><text variable="locator"/>'
    text = CHICAGO.path.read_text().replace('<text variable="locator"/>', f"<group>{label}</group>")
    own.write_text(re.sub(r"<bibliography>.*</bibliography>", "", text, flags=re.DOTALL))
    item = csl_item(evidence_of(make_document("Text.", title="Old Days")))
    made = Citations([item], style_of(str(own)))
    assert plain(made.note(item["id"], place)).endswith(said)
    assert "p. p." not in plain(made.note(item["id"], place))
    [entry] = made.bibliography()
    assert "“Old Days" in plain(entry), "a style without a list of sources has its notes"


def test_what_a_person_wrote_as_the_citation_stays_in_any_style():
    evidence = evidence_of(make_document("Text.", citation="AVP RF, f. 3, op. 64, d. 1."))
    assert in_style(answer_of(evidence), "apa") == answer_of(evidence)


@pytest.mark.parametrize("style", STYLES.values(), ids=lambda style: style.title)
def test_our_styles_are_valid_csl(style):
    home = Path(importlib.util.find_spec("citeproc").origin).parent
    schema = etree.RelaxNG(file=str(home / "data" / "schema" / "schemas" / "styles" / "csl.rng"))
    schema.assertValid(etree.parse(str(style.path)))


# ---- other programs read what is written ----


def test_pybtex_reads_the_bibtex(answers):
    read = parse_string(written(answers, ".bib"), "bibtex").entries
    items = {bibtex_key(item["id"]): item for item in csl_items(answers)}
    assert set(read) == set(items)
    for key, item in items.items():
        assert read[key].fields["title"] == f"{{{item['title']}}}"
        family = [name["family"] for name in item.get("author", [])]
        assert [" ".join(p.last_names) for p in read[key].persons.get("author", [])] == family


def test_the_kind_of_a_source_is_one_keyword():
    evidence = evidence_of(make_document("Text.", kind="memoir"))
    [entry] = parse_string(written([answer_of(evidence)], ".bib"), "bibtex").entries.values()
    assert entry.fields["keywords"] == "memoir written later"


def test_rispy_reads_the_ris(answers):
    read = rispy.loads(written(answers, ".ris"))
    items = csl_items(answers)
    assert [r["title"] for r in read] == [item["title"] for item in items]
    assert [r["accession_number"] for r in read] == [item["id"] for item in items]
    assert [len(r["notes"]) for r in read] == [len(i["custom"]["quotations"]) for i in items]


def test_citeproc_reads_the_csl(answers):
    items = json.loads(written(answers, ".json"))
    assert len(Citations(items).bibliography()) == len(items)


def test_markdown_shows_each_quotation_as_it_stands(answers):
    parsed = MarkdownIt().parse(written(answers, ".md"))
    bold = [
        "".join(child.content or "\n" for child in _within(token.children, "strong"))
        for token in parsed
        if token.type == "inline"
    ]
    shown = " ".join(" ".join(bold).split())
    for answer in answers:
        for finding in answer.findings:
            for evidence in finding.evidence:
                assert " ".join(evidence.quote.split()) in shown


@pytest.mark.parametrize(
    ("kind", "entry", "fields", "record"),
    [
        ("article-journal", "article", {"journaltitle", "journal", "volume", "number"}, "JOUR"),
        ("article-newspaper", "article", {"journaltitle", "journal", "volume", "number"}, "NEWS"),
        ("thesis", "thesis", {"institution", "type"}, "THES"),
        ("report", "report", {"institution", "type"}, "RPRT"),
        ("chapter", "incollection", {"booktitle", "publisher"}, "CHAP"),
        ("speech", "incollection", {"booktitle", "publisher"}, "GEN"),
        ("personal_communication", "incollection", {"booktitle"}, "PCOMM"),
        ("webpage", "online", {"organization"}, "ELEC"),
    ],
)
def test_each_type_of_publication_keeps_its_fields(kind, entry, fields, record):
    at = Publication(kind, container="Economic History", volume="24", issue="2", publisher="Yale")
    document = make_document("Gold was found.", publication=at)
    given = [answer_of(evidence_of(document))]
    [read] = parse_string(written(given, ".bib"), "bibtex").entries.values()
    assert read.type == entry and fields <= set(read.fields)
    assert rispy.loads(written(given, ".ris"))[0]["type_of_reference"] == record


def test_the_number_of_a_report_is_one_to_a_reference_manager():
    at = Publication("report", number="7")
    document = make_document("Gold was found.", publication=at)
    [read] = rispy.loads(written([answer_of(evidence_of(document))], ".ris"))
    assert read["issn"] == "7"


@pytest.mark.parametrize("extension", [".bib", ".ris", ".json", ".md", ".rdf"])
@pytest.mark.parametrize(("quality", "read"), [(0.97, "read"), (0.7, "badly read")])
def test_every_form_warns_of_a_description_and_of_read_text(extension, quality, read):
    at = Publication(described_by="eve")
    document = make_document("Gold was found.", publication=at, ocr_confidence=quality)
    shown = written([answer_of(evidence_of(document))], extension)
    assert "described by eve, not by an archive" in shown
    assert f"text {read} by OCR" in shown


@pytest.mark.parametrize(
    "parts",
    [
        ("1. First.\n", "Gold was found.", " 2. The second was silver."),
        ("It was so:", " - gold -", " - and then silver"),
        ("他說：", "“門戶開放。”", "然後回去了。"),
        ("see", "(gold)", "rush"),
        ("A\n---\n", "B\n===\nC", "\n- - -\n+ D"),
    ],
)
def test_markdown_shows_what_stands_around_a_quotation(parts):
    rendered = MarkdownIt().render(to_markdown([Extract(*parts)]))
    shown = html.fragment_fromstring(rendered, create_parent=True)
    assert " ".join(shown.text_content().split()) == " ".join("".join(parts).split())
    assert {element.tag for element in shown.iter()} == {"div", "blockquote", "p", "strong"}
    strong = " ".join(element.text_content() for element in shown.iter("strong"))
    assert strong.split() == parts[1].split()


@pytest.mark.parametrize("claim", ["מלחמה " * 60, "מלחמה " * 200, "שלום" * 900, "gold " * 3_000])
def test_a_claim_higher_than_a_page_is_set(claim):
    evidence = evidence_of(make_document("Gold was found."))
    finding = Finding(Claim("c1", claim, Span(0, len(claim))), "supported", (evidence,) * 2)
    given = [Answer(claim, (finding, finding))]
    assert export(given, ".pdf", made=MADE, index=FACTS).startswith(b"%PDF")


def _within(children, kind):
    inside = False
    for child in children:
        if child.type == f"{kind}_open":
            inside = True
        elif child.type == f"{kind}_close":
            inside = False
        elif inside:
            yield child


def unescaped(latex: str) -> str:
    """Return what LaTeX would print of text that holds no commands but those for signs."""
    names = {"backslash": "\\", "braceleft": "{", "braceright": "}", "asciitilde": "~"}
    names |= {"asciicircum": "^"}
    return re.sub(
        r"\\text(\w+)\{\}|\\([#$%&_])|([\\{}~^#$%&_])",
        lambda m: "RAW" if m[3] else m[2] or names[m[1]],
        latex,
    )


def test_what_is_hostile_stays_text(hostile):
    bib = parse_string(written(hostile, ".bib"), "bibtex").entries
    assert list(bib) == [bibtex_key("mine/Ж_{1}")]
    (entry,) = bib.values()
    wanted = " ".join(HOSTILE.replace("\x00", "\ufffd").split())
    assert unescaped(entry.fields["title"][1:-1]) == wanted
    (record,) = rispy.loads(written(hostile, ".ris"))
    assert record["title"] == wanted
    markdown = MarkdownIt().render(written(hostile, ".md"))
    tree = etree.HTML(markdown)
    assert not tree.xpath("//script|//img|//code|//blockquote//*[self::h1 or self::a or self::li]")
    assert set(tree.xpath("//a/@href")) == {"https://example.org/a_%7Bb%7D?c=1%20d#e"}
    shown = " ".join("".join(tree.xpath("//blockquote//text()")).split())
    half = HOSTILE[: len(HOSTILE) // 2]
    assert " ".join(half.replace("\x00", "\ufffd").split()) in shown


def test_keys_are_stable_and_differ():
    assert bibtex_key("sotu/1823-Monroe-1") == "sotu:1823-Monroe-1"
    ids = ["a/b", "a:b", "a/б", "a/в", "/", "a/b_c", "a/bc"]
    assert len({bibtex_key(document_id) for document_id in ids}) == len(ids)


# ---- what a dossier says ----


def test_a_claim_of_a_transcript_is_shown_without_its_time_codes():
    sent = "In 1848 gold was found 2\n00:00:05,000 --> 00:00:08,000\nin California. Who knew?"
    spoken = "In 1848 gold was found in California."
    claim = Claim("c1", sent[:64], Span(0, 64), spoken=spoken)
    aside = Claim("c2", "Who 3\n00:00:09,000 knew?", Span(0, 9), "a question", spoken="Who knew?")
    finding = Finding(claim, "related", (evidence_of(make_document("Gold was found.")),))
    shown = MarkdownIt().render(written([Answer("Gold?", (finding,), (aside,))], ".md"))
    said = "".join(etree.HTML(shown).itertext())
    assert f"1 {spoken}" in said and "Who knew? (a question)" in said
    assert "00:00" not in said and "Looked up as" not in said


def test_a_summary_cites_in_the_style_that_was_chosen():
    evidence = evidence_of(make_document("Text.", citation="", **LETTER_OF_1814))
    said = SummaryStatement("He wrote.", "c1", evidence.document_id, 0, 2, "Te", evidence.citation)
    answer = answer_of(evidence, summary=Summary("model", (said,)))
    styled = in_style(answer, "mla")
    [statement] = styled.summary.statements
    assert statement.citation == styled.findings[0].evidence[0].citation
    assert statement.citation.startswith("Jefferson, Thomas.")


def full_answer() -> Answer:
    claim = Claim(
        "c1", "He spoke in 1832.", Span(0, 17), None, "Monroe spoke in 1832.", "a guest", 754.2
    )
    document = make_document("He spoke in 1823. Then more.", title="One", date="1823")
    reason = Reason("date", "1832", "1823", agrees=False)
    quoted = evidence_of(document)
    quoted = replace(quoted, relation="contradicts", reasons=(reason,), ocr_confidence=0.9)
    look = Suggestion("Annals of Congress", "https://example.org/annals", "Debates.", "annals")
    finding = Finding(
        claim, "contradicted", (quoted,), (), ("Also searched as: X.",), (look,), 0.83
    )
    aside = Claim("c2", "Who was it?", Span(18, 29), "a question")
    return Answer("He spoke in 1832. Who was it?", (finding,), (aside,), ("A note.",), ("Mine: 1",))


@pytest.mark.parametrize(
    "said",
    [
        "24 November 2026, 15:30 UTC",
        "“mine”: 6 documents, 60 passages, built 1 November 2026, 09:00 UTC",
        FACTS.corpus_hash,
        "Passages that contradict this",
        "83%",
        "Monroe spoke in 1832.",
        "a guest",
        "0:12:34",
        "Also searched as: X.",
        "Contradicts this",
        "the claim has “1832”, the passage “1823”",
        "mine/one#char=0,14",
        "scanned text, read by machine",
        "Annals of Congress",
        "source-finder fetch annals",
        "Who was it? (a question)",
        "A note.",
        "Mine: 1",
    ],
)
def test_a_dossier_says_all_that_the_answer_has(said):
    markdown = MarkdownIt().render(written([full_answer()], ".md"))
    assert said in "".join(etree.HTML(markdown).itertext())


def test_nothing_found_cites_nothing():
    document = make_document("Far off.")
    finding = Finding(Claim("c1", "A", Span(0, 1)), "not found", (), (evidence_of(document),))
    answers = [Answer("A", (finding,))]
    assert json.loads(written(answers, ".json")) == []
    assert parse_string(written(answers, ".bib"), "bibtex").entries == {}
    assert rispy.loads(written(answers, ".ris")) == []
    markdown = written(answers, ".md")
    assert "Nothing in this corpus bears on it" in markdown
    assert "Sources cited" not in markdown
    assert "which are not evidence" in markdown


def test_an_unknown_form_names_the_known_ones(answers):
    with pytest.raises(QuestionError, match=r"odt.*\.md \(Markdown\)"):
        export(answers, ".odt", made=MADE, index=FACTS)
    assert export(answers, ".MD", made=MADE, index=FACTS)


def test_every_format_says_what_it_is():
    assert all(form.title and "/" in form.media_type for form in FORMATS.values())


def test_a_file_is_named_by_its_subject():
    def named(*claims: str) -> str:
        findings = tuple(Finding(Claim("c", c, Span(0, 1)), "not found") for c in claims)
        return file_name([Answer("Zenda, was it?", findings)], ".docx")

    assert named("Monroe told Europe to stay out", "Polk") == "monroe-told-europe-stay.docx"
    assert named("It was 1823/24: a “../../x” \x00\n* of Łódź") == "1823-24-x-lodz.docx"
    assert named() == "zenda.docx"
    assert named("— ?!") == "source-finder.docx"
    assert named("To be or not to be") == "to-be-or-not-to-be.docx"
    assert len(named("Мы " + "ж" * 400).encode()) < 255
