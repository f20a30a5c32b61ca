"""A claim in, cited evidence out: on a small real index with the real model."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from conftest import MONROE_WORDS, PRESIDENTS

from rag.build.builder import build_index
from rag.datatypes import Evidence, Publication, Reason
from rag.errors import IndexNotReached, QuestionError
from rag.finder import FAILED, NEAREST, PER_CLAIM, SourceFinder
from rag.judging import BEARS_ON
from rag.language import words
from rag.workspace import default_sources

CLAIMS = [
    "Monroe told Europe to stay out of the Americas.",
    "Gold was found in California.",
    "Roosevelt spoke of four freedoms.",
    "Kennedy wanted to send a man to the moon.",
    "Clinton said that the time of big government had passed.",
    "Lincoln's proclamation about slaves in the rebel states",
]
NONSENSE = "Xqzzt Vlorpian zebras invented the quantum saxophone on Neptune."


def file_of(evidence: Evidence) -> str:
    return evidence.document_id.partition("/")[2]


@pytest.mark.parametrize(
    ("claim", "file"),
    list(
        zip(
            CLAIMS,
            [
                "1823-Monroe-1",
                "1848-Polk-1",
                "1941-Roosevelt-1",
                "1962-Kennedy-1",
                "1996-Clinton-1",
                "1863-Lincoln-1",
            ],
            strict=True,
        )
    ),
)
def test_a_claim_finds_its_source(finder, claim, file):
    assert file_of(finder.find_sources(claim)[0]) == file


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_quotation_is_a_slice_of_its_document(finder, claim):
    found = finder.find_sources(claim, k=20)
    assert found
    for item in found:
        document = finder.document(item.document_id)
        assert item.quote == document.text[item.start : item.end] != ""
        assert item.passage == document.text[item.passage_start : item.passage_end]
        assert item.passage_start <= item.start < item.end <= item.passage_end
        assert item.locator
        assert item.locator in item.citation
        assert "GUTENBERG" not in item.passage
        assert item.claim_id == "c1"
        assert item.relation in {"supports", "contradicts", "context"}


@pytest.mark.parametrize("k", [1, 3, 10, 50])
def test_there_are_at_most_k_from_different_places_best_first(finder, k):
    found = finder.find_sources(CLAIMS[0], k=k)
    assert 0 < len(found) <= k
    assert len(found) == min(k, len(finder.find_sources(CLAIMS[0], k=50)))
    assert len({(item.document_id, item.passage_start) for item in found}) == len(found)
    assert all(one.score >= after.score for one, after in pairwise(found))
    assert all(0 <= item.score <= 1 and 0 <= item.likeness <= 1 for item in found)


@pytest.mark.parametrize("k", [0, -1])
def test_fewer_than_one_is_nothing_or_refused(finder, k):
    with suppress(QuestionError, ValueError):
        assert finder.find_sources(CLAIMS[0], k=k) == []


def test_search_gives_the_same_passages_by_id(finder):
    hits = finder.search(CLAIMS[1], k=5)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    passage = finder.index.passage(hits[0].passage_id)
    found = finder.find_sources(CLAIMS[1])
    best = next(item for item in found if item.passage_start == passage.span.start)
    assert best.document_id == passage.document_id
    assert best.score >= hits[0].score - 1e-4, "what it says of the claim takes nothing away"


def test_the_best_is_the_same_however_few_are_asked_for(finder):
    for claim in CLAIMS:
        ten = finder.find_sources(claim, k=10)
        assert finder.find_sources(claim, k=1) == ten[:1]


def exact_quotations(finder: SourceFinder) -> list[tuple[int, str]]:
    """Return some long sentences of the index, each with its row."""
    chosen = []
    for row in range(1, finder.index.generation.vectors.passages, 4):
        document, passage = finder.index.generation.store.passage(row)
        sentence = max((span.of(document.text) for span in passage.sentences), key=len)
        if len(words(sentence)) >= 8:
            chosen.append((row, sentence))
    return chosen


def test_an_exact_quotation_comes_first_and_is_quoted(finder):
    quotations = exact_quotations(finder)
    assert len(quotations) >= 10
    for row, sentence in quotations:
        document, passage = finder.index.generation.store.passage(row)
        best = finder.find_sources(sentence, k=3)[0]
        assert (best.document_id, best.passage_start) == (document.document_id, passage.span.start)
        assert best.score == best.likeness == 1.0
        assert sentence in best.quote


def test_a_part_of_a_sentence_comes_first_too(finder):
    assert MONROE_WORDS in finder.find_sources(MONROE_WORDS)[0].quote


@pytest.mark.parametrize(
    ("filters", "files"),
    [
        ({"after": 1860}, {"1863-Lincoln-1", "1941-Roosevelt-1"}),
        ({"after": "1863"}, {"1863-Lincoln-1", "1941-Roosevelt-1"}),
        ({"before": 1848}, {"1823-Monroe-1", "1848-Polk-1"}),
        ({"after": 1840, "before": "1900-01-01"}, {"1848-Polk-1", "1863-Lincoln-1"}),
        ({"collections": ["loose"]}, {"1962-Kennedy-1", "1996-Clinton-1"}),
        ({"collections": "loose"}, {"1962-Kennedy-1", "1996-Clinton-1"}),
        ({"collections": ["signed", "loose"]}, set(PRESIDENTS)),
        ({"collections": ["loose"], "after": 1800}, set()),
    ],
)
def test_filters(finder, filters, files):
    for claim in (CLAIMS[0], MONROE_WORDS, "the people of the United States"):
        found = {file_of(item) for item in finder.find_sources(claim, k=60, **filters)}
        assert found <= files
    assert found == files or len(files) == 6


def test_bounds_that_exclude_each_other_are_refused(finder):
    with pytest.raises(QuestionError, match="1900"):
        finder.find_sources(CLAIMS[0], after=1900, before=1800)


def test_an_unknown_collection_is_refused_with_those_there_are(finder):
    with pytest.raises(QuestionError, match=r"no collection frus .* signed, loose"):
        finder.find_sources("gold", collections=["frus"])
    with pytest.raises(QuestionError, match="frus"):
        list(finder.stream("gold", collections=["frus", "loose"]))


@pytest.mark.parametrize(
    "text",
    ["", "  ", "\x00", "?!", "x" * 200_001, "Monroe \ud800 warned Europe"],
    ids=["empty", "white space", "NUL", "marks", "long", "surrogate"],
)
def test_what_cannot_be_asked_is_refused_everywhere(finder, text):
    for ask in (finder.ask, finder.find_sources, lambda text: list(finder.stream(text))):
        with pytest.raises(QuestionError):
            ask(text)


@pytest.mark.parametrize("text", ["漢字漢字", "😀 gold 😀", "x" * 2_000, "the of and", "1848", "²"])
def test_odd_questions_are_answered(finder, text):
    assert finder.find_sources(text)
    assert len(finder.ask(text).findings) == 1


def test_a_claim_beyond_the_window_is_answered(finder):
    long = "Gold was found in California, " * 60
    assert file_of(finder.find_sources(long)[0]) == "1848-Polk-1"


def test_a_claim_that_is_borne_out_gives_evidence(finder):
    (finding,) = finder.ask(f"They are {MONROE_WORDS} by any European powers.").findings
    assert finding.verdict == "supported"
    assert finding.evidence[0].relation == "supports"
    assert finding.confidence is not None
    assert 1 <= len(finding.evidence) <= PER_CLAIM
    assert all(item.bearing >= BEARS_ON for item in finding.evidence)
    assert finding.nearest == ()


def test_nonsense_is_not_found_with_the_nearest_and_the_unknown_names(finder):
    answer = finder.ask(NONSENSE)
    (finding,) = answer.findings
    assert (finding.verdict, finding.evidence) == ("not found", ())
    assert len(finding.nearest) == NEAREST
    assert all(item.bearing < BEARS_ON for item in finding.nearest)
    (note,) = finding.notes
    assert note.startswith("Never mentioned")
    for name in ("Xqzzt", "Vlorpian", "Neptune"):
        assert name in note


def test_names_that_are_there_are_not_called_unknown(finder):
    assert finder.retriever.unknown_names("Did California, Mexico or Neptune have gold?") == [
        "Neptune"
    ]
    assert finder.retriever.unknown_names("nothing here is capitalised") == []


LONG = " ".join([CLAIMS[0], *CLAIMS[3:5], "Who said so?", "Wow!", NONSENSE])


def test_an_answer_grows_and_its_last_state_is_the_whole(finder):
    states = list(finder.stream(LONG))
    counts = [len(state.findings) for state in states]
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] == 4
    for one, after in pairwise(states):
        assert after.findings[: len(one.findings)] == one.findings
    assert states[-1] == finder.ask(LONG)
    assert [claim.set_aside for claim in states[-1].set_aside] == [
        "a question",
        "too short to check",
    ]
    for finding in states[-1].findings:
        assert finding.claim.span.of(LONG) == finding.claim.text
        assert all(item.claim_id == finding.claim.claim_id for item in finding.evidence)


def test_a_text_without_a_claim_says_so(finder):
    answer = finder.ask("Wow! Really? Good.")
    assert answer.findings == ()
    assert len(answer.set_aside) == 3
    assert answer.notes


def test_what_was_searched_is_said(finder):
    answer = finder.ask(CLAIMS[0])
    assert answer.searched == finder.searched()
    assert answer.searched == ("signed: 4 documents, 1823–1941", "loose: 2 documents, 2 undated")


def test_answers_go_through_json(finder):
    answer = finder.ask(LONG)
    assert json.loads(answer.to_json()) == answer.to_dict()
    for item in finder.find_sources(CLAIMS[0]):
        back = json.loads(item.to_json())
        assert back["quote"] == item.quote
        reasons = tuple(Reason(**reason) for reason in back.pop("reasons"))
        copies = tuple(back.pop("copies"))
        told = back.pop("publication")
        publication = Publication(**told | {"editors": tuple(told["editors"])})
        again = Evidence(**back, reasons=reasons, copies=copies, publication=publication)
        assert again == item


def test_threads_get_the_same_answers(finder):
    alone = [finder.find_sources(claim) for claim in CLAIMS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(finder.find_sources, CLAIMS * 4))
    assert together == alone * 4


def test_the_same_claim_has_the_same_answer(finder, small_index):
    again = SourceFinder.open(small_index)
    assert [again.find_sources(c) for c in CLAIMS] == [finder.find_sources(c) for c in CLAIMS]


def test_the_default_sources_are_the_addresses_and_what_was_dropped_in(own_home):
    from rag.config import Settings

    settings = Settings.from_environment()
    assert default_sources(settings) == ["sotu"]
    settings.sources.mkdir(parents=True)
    (settings.sources / "README.md").write_text("Drop files here.")
    assert default_sources(settings) == ["sotu"]
    (settings.sources / "mine.txt").write_text("Gold.")
    assert default_sources(settings) == ["sotu", str(settings.sources)]
    (settings.sources / "mine.txt").unlink()


def test_a_year_of_a_document_is_not_left_out_by_a_date_within_it(finder):
    claim = "Gold was found in California"
    found = finder.find_sources(claim, after="1848-06", before="1848-12")
    assert {evidence.date for evidence in found} == {"1848"}


def test_a_respelled_name_finds_and_is_told(tmp_path, encoder):
    (tmp_path / "cables").mkdir()
    text = "Chou En-lai left Moscow on November 13. Marshal Malinovskiy had spoken to him."
    (tmp_path / "cables" / "one.txt").write_text(text)
    build_index([tmp_path / "cables"], tmp_path / "index", encoder=encoder)
    cables = SourceFinder.open(tmp_path / "index")
    (found,) = cables.ask("Malinowski spoke to Zhou Enlai in Moscow").findings
    assert found.verdict in {"supported", "related"}
    assert found.notes[0].startswith("Also searched as: ")
    assert "Chou (for Zhou)" in found.notes[0]
    assert "Malinovskiy (for Malinowski)" in found.notes[0]
    assert not any("Never mentioned" in note for note in found.notes)


@pytest.mark.parametrize(
    ("said", "there", "claim", "name"),
    [
        ("Chou En-lai", "Chou En-lai", "Zhou Enlai walked out of the meeting", "Zhou Enlai"),
        ("Marshal Malinovskiy", "Malinovskiy", "Malinowski walked out of the meeting", ""),
        ("The delegate of Peiping", "Peiping", "Beijing walked out of the meeting", "Beijing"),
        ("General Zahedi", "Zahedi", "Zahidi walked out of the meeting", ""),
        ("Minister Thorlaksson", "Thorlaksson", "Thorlakson walked out of the meeting", ""),
    ],
)
def test_what_was_searched_as_the_same_name_is_the_same_in_judging(
    tmp_path, encoder, said, there, claim, name
):
    (tmp_path / "cables").mkdir()
    text = f"{said} walked out of the meeting on November 13, and would not come back to it."
    (tmp_path / "cables" / "one.txt").write_text(text)
    build_index([tmp_path / "cables"], tmp_path / "index", encoder=encoder)
    cables = SourceFinder.open(tmp_path / "index")
    (evidence,) = cables.find_sources(claim, k=1)
    named = [reason for reason in evidence.reasons if reason.aspect == "name"]
    assert named and all(reason.agrees for reason in named)
    assert there in {word for reason in named for word in (reason.claim, *reason.source.split())}
    (moscow,) = cables.find_sources(f"{claim} in Ruritania", k=1)
    told = {reason.claim for reason in moscow.reasons if not reason.agrees}
    assert "Ruritania" in told and name not in told - {""}


def test_a_document_is_had_by_its_id_and_holds_the_quotation(finder):
    evidence = finder.find_sources("Gold was found in California", k=1)[0]
    text = finder.document(evidence.document_id).text
    assert text[evidence.start : evidence.end] == evidence.quote
    with pytest.raises(QuestionError, match="no document 'nope'"):
        finder.document("nope")


def test_the_facts_name_the_index_and_what_it_holds(finder, small_index):
    facts = finder.facts()
    assert (facts.name, facts.documents) == (small_index.name, len(finder.index.listed()))
    assert facts.corpus_hash == finder.index.generation.manifest.corpus_hash


def test_where_the_index_does_not_answer_the_question_ends_with_that(finder):
    class Away:
        def judge(self, claim, quotations):
            raise IndexNotReached("Qdrant does not answer.")

    away = SourceFinder(replace(finder.workspace, judge=Away()))
    with pytest.raises(IndexNotReached, match="does not answer"):
        away.ask("Monroe warned the powers of Europe. Polk found gold.")


def test_a_claim_whose_search_fails_costs_that_claim_alone(finder, caplog):
    class Failing:
        def judge(self, claim, quotations):
            if "Polk" in claim:
                raise ValueError("a fault of the program")
            return finder.judge.judge(claim, quotations)

    failing = SourceFinder(replace(finder.workspace, judge=Failing()))
    text = "Monroe warned the powers of Europe. Polk found gold. Lincoln wrote a proclamation."
    answer = failing.ask(text)
    assert [f.claim.text[:6] for f in answer.findings] == ["Monroe", "Lincol"]
    [failed] = answer.set_aside
    assert failed.text == "Polk found gold."
    assert failed.set_aside == FAILED
    assert "Polk" not in caplog.text


def test_a_claim_about_nobody_that_the_sources_name_has_nothing(finder):
    (finding,) = finder.ask("The Emperor Zog told Ferdowsi of gold in Kazwini").findings
    assert (finding.verdict, finding.evidence) == ("not found", ())
    assert finding.nearest


_COLONIES = "the American continents are not to be considered as subjects for future colonization"


@pytest.mark.parametrize("who", ["Lincoln", "president polk"])
def test_words_put_into_another_persons_mouth_are_found_with_whose_they_are(finder, who):
    (finding,) = finder.ask(f"{who} said that {_COLONIES}").findings
    assert finding.verdict == "related"
    told = [reason for reason in finding.evidence[0].reasons if not reason.agrees]
    assert [(reason.aspect, reason.source) for reason in told] == [("name", "James Monroe")]


def test_a_persons_own_words_are_not_said_to_be_anothers(finder):
    (finding,) = finder.ask(f"Monroe said that {_COLONIES}").findings
    assert finding.verdict == "supported"
    assert all(reason.agrees for item in finding.evidence[:1] for reason in item.reasons)
