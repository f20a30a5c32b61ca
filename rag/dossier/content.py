"""What a dossier says, as blocks: each claim with its verdict, evidence, and what is missing.

Everything in it is in the answers given, or is when and from which index it was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rag.datatypes import Answer, Claim, Evidence, Finding, IndexFacts, Suggestion, Summary
from rag.dossier.blocks import Block, Extract, Facts, Heading, Listing, Paragraph, Run, Runs, text
from rag.dossier.csl import (
    NO_NOTES,
    Item,
    Notes,
    cited_evidence,
    csl_item,
    csl_items,
    place,
)
from rag.dossier.styles import CHICAGO, Citations, Style
from rag.wording import (
    KIND_WORDS,
    RELATION_WORDS,
    counted,
    legible,
    safe_url,
    scanned_words,
    stands,
    verdict_words,
    written_date,
)

TITLE = "Source Finder dossier"
HOW_TO_CHECK = (
    "Quotations stand as they do in the text of the source, and are marked within their "
    "passage. Under “To check” is the document’s id in the index and the range of characters "
    "in its text: rag.SourceFinder.open(index).document(id).text[start:end] returns the "
    "quotation. Passages that a judgement rests on should be read in their source."
)
CONFIDENCE = "how often passages like these were judged correctly"


def dossier(
    answers: Sequence[Answer],
    made: datetime,
    index: IndexFacts,
    notes: Notes = NO_NOTES,
    style: Style | None = None,
) -> tuple[Block, ...]:
    """Return the blocks of a dossier of a conversation. `notes`: the reader's, on quotations;
    `style`: that of the answers' citations, None where they are those of each archive."""
    cited = csl_items(answers)
    shown = {item["id"]: item for item in cited}
    for evidence in _nearest(answers):
        shown.setdefault(evidence.document_id, csl_item(evidence))
    listed = Citations(cited, style or CHICAGO).bibliography()
    return tuple(_Dossier(shown, notes, style).blocks(answers, made, index, listed))


def _nearest(answers: Sequence[Answer]) -> Iterator[Evidence]:
    for answer in answers:
        for finding in answer.findings:
            yield from finding.nearest


class _Dossier:
    """The blocks of one dossier, with the citations of the documents in it."""

    def __init__(self, items: dict[str, Item], notes: Notes, style: Style | None) -> None:
        self._notes = notes
        self._items = items
        self._chicago = None if style else Citations(items.values())

    def blocks(
        self,
        answers: Sequence[Answer],
        made: datetime,
        index: IndexFacts,
        bibliography: Sequence[Runs],
    ) -> Iterator[Block]:
        yield Heading(1, TITLE)
        yield Facts(tuple(_about(answers, made, index)))
        yield Paragraph(text(HOW_TO_CHECK))
        for number, answer in enumerate(answers, 1):
            yield from self._answer(answer, f"{number}." if len(answers) > 1 else "")
        if bibliography:
            yield Heading(2, "Sources cited")
            yield Listing(tuple(bibliography))

    def _answer(self, answer: Answer, number: str) -> Iterator[Block]:
        yield Heading(2, f"{number} What was asked".strip(), on_new_page=number not in ("", "1."))
        yield Extract(answer.question, "", "")
        for at, finding in enumerate(answer.findings, 1):
            yield from self._finding(finding, f"{number}{at}")
        if answer.summary is not None:
            yield from _written(answer.summary)
        if answer.set_aside:
            yield Heading(3, "Set aside, not looked up")
            yield Listing(tuple(map(_set_aside, answer.set_aside)))
        yield from (Paragraph(text(note)) for note in answer.notes)
        if answer.videos:
            yield Heading(3, "Videos linked to, and the same on other front ends")
            yield Listing(
                tuple((_link(video.url), *_mirrors(video.mirrors)) for video in answer.videos)
            )
        if answer.searched:
            yield Heading(3, "What was searched")
            yield Listing(tuple(text(line) for line in answer.searched))

    def _finding(self, finding: Finding, number: str) -> Iterator[Block]:
        words = " ".join(finding.claim.text.split())
        yield Heading(3, f"{number} {words}", on_new_page=True)
        yield Paragraph((Run(f"{verdict_words(finding)}.", bold=True),))
        rows = tuple(_of_claim(finding))
        if rows:
            yield Facts(rows)
        yield from (Paragraph(text(note)) for note in finding.notes)
        for at, evidence in enumerate(finding.evidence, 1):
            yield Heading(4, f"{number}.{at} {self._named(evidence)}")
            yield from self._evidence(evidence)
        if finding.nearest:
            yield Heading(4, "The nearest passages, which are not evidence")
            yield Listing(tuple(map(_near, finding.nearest)))
        if finding.look_next:
            yield Heading(4, "Where to look next")
            yield Listing(tuple(map(_suggestion, finding.look_next)))

    def _evidence(self, evidence: Evidence) -> Iterator[Block]:
        start = evidence.start - evidence.passage_start
        end = evidence.end - evidence.passage_start
        passage = evidence.passage
        cited = _cited(evidence)
        yield Extract(passage[:start], passage[start:end], passage[end:], cited)
        noted = self._notes.get(_place(evidence))
        rows = [("Reader’s note", text(noted))] if noted else []
        rows += [
            ("Relation", text(RELATION_WORDS[evidence.relation])),
            ("How it stands", text(stands(evidence.relation, evidence.reasons, evidence.bearing))),
        ]
        rows.append(("Kind", text(KIND_WORDS[evidence.kind])))
        if self._chicago is not None:
            rows.append(("In Chicago style", self._noted(self._chicago, evidence)))
        if evidence.ocr_confidence is not None:
            scanned = scanned_words(evidence.ocr_confidence)
            rows.append(("Text", text(f"{scanned}: check against the image")))
        rows += [
            ("To check", text(_place(evidence))),
            ("Collection", text(evidence.collection_title)),
            ("Rights", text(evidence.rights)),
        ]
        yield Facts(tuple(rows))

    def _noted(self, style: Citations, evidence: Evidence) -> Runs:
        """Return the note for a quotation in Chicago style, the address in it as a link."""
        note = style.note(evidence.document_id, legible(evidence.locator))
        return tuple(part for run in note for part in _linked(run, safe_url(evidence.url)))

    def _named(self, evidence: Evidence) -> str:
        title = self._items[evidence.document_id]["title"]
        parts = (evidence.creator, title, written_date(evidence.date))
        return ", ".join(part for part in parts if part)


def _cited(evidence: Evidence) -> Runs:
    """Return the citation of a quotation, as it is on the screen, with a link to the source."""
    url = safe_url(evidence.url)
    runs = tuple(_linked(Run(evidence.citation), url))
    return runs if url is None or any(run.url for run in runs) else (*runs, Run(" "), _link(url))


def _near(evidence: Evidence) -> Runs:
    """Return a passage that is no evidence in short: its words, citation and place."""
    return (Run(f"“{evidence.quote}” "), *_cited(evidence), Run(f" {_place(evidence)}"))


def _about(
    answers: Sequence[Answer], made: datetime, index: IndexFacts
) -> Iterator[tuple[str, Runs]]:
    verdicts = Counter(f.verdict for answer in answers for f in answer.findings)
    claims = counted(verdicts.total(), "claim", "claims")
    said = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
    documents = len({e.document_id for e in cited_evidence(answers)})
    yield "Made", text(_moment(made))
    yield "Looked up", text(f"{claims}: {said}" if said else claims)
    yield "Cited", text(counted(documents, "source document", "source documents"))
    size = (
        counted(index.documents, "document", "documents"),
        counted(index.passages, "passage", "passages"),
    )
    built = _moment(datetime.fromisoformat(index.built))
    yield "Index", text(f"“{index.name}”: {', '.join(size)}, built {built}")
    yield "Corpus hash", text(index.corpus_hash)


def _moment(made: datetime) -> str:
    if made.tzinfo is not None:
        made = made.astimezone(UTC)
    zone = " UTC" if made.tzinfo is not None else ""
    return f"{written_date(made.date().isoformat())}, {made:%H:%M}{zone}"


def _of_claim(finding: Finding) -> Iterator[tuple[str, Runs]]:
    claim = finding.claim
    if finding.confidence is not None:
        yield "Confidence", text(f"{finding.confidence:.0%} ({CONFIDENCE})")
    if claim.query != claim.text:
        yield "Looked up as", text(claim.query)
    if claim.said_by:
        yield "Said by", text(claim.said_by)
    if claim.at_s is not None:
        minutes, seconds = divmod(int(claim.at_s), 60)
        yield "Said at", text(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}")


def _place(evidence: Evidence) -> str:
    return place(evidence.document_id, evidence.start, evidence.end)


def _written(summary: Summary) -> Iterator[Block]:
    """Yield what a language model wrote, each sentence with its quotation and citation."""
    yield Heading(
        3, f"Summary by the language model {summary.model}, each sentence with its source"
    )
    yield Listing(
        tuple(
            text(f"{statement.text} “{' '.join(statement.quote.split())}” {statement.citation}")
            for statement in summary.statements
        )
        or (text("No sentence of the summary could be verified."),)
    )
    yield from (Paragraph(text(f"Struck: {why}")) for why in summary.struck)


def _set_aside(claim: Claim) -> Runs:
    return (Run(claim.text), Run(f" ({claim.set_aside})", italic=True))


def _suggestion(place: Suggestion) -> Runs:
    title = _link(place.url, place.title)
    add = f" To add it: source-finder fetch {place.fetch_id}" if place.fetch_id else ""
    return (title, Run(f": {place.why}{add}"))


def _mirrors(mirrors: Sequence[tuple[str, str]]) -> Iterator[Run]:
    for name, url in mirrors:
        yield Run("; ")
        yield _link(url, name)


def _linked(run: Run, url: str | None) -> Iterator[Run]:
    """Yield a run of text with the address in it, if it is there, as a link."""
    before, found, after = run.text.partition(url) if url else (run.text, "", "")
    if not found:
        yield run
        return
    yield Run(before, run.italic)
    yield Run(found, url=url)
    yield Run(after, run.italic)


def _link(url: str | None, words: str = "") -> Run:
    """Return a link, or the words alone where `url` is no web address."""
    return Run(words or str(url), url=safe_url(url))
