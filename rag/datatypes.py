"""The values that flow through Source Finder, from a file to an answer.

A source document's text is fixed once it is read. Everything after that (passages,
sentences, quotations) is a `Span` into that text, never a copy that could drift.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Kind = Literal["primary", "memoir", "editorial", "secondary", "unknown"]
"""What a source document is to a historian: a record made at the time, a memoir
written later, an editor's words, a later work, or not stated."""

Relation = Literal["supports", "contradicts", "context"]
"""How a quotation stands to a claim. `context`: it touches the claim; whether it
supports or contradicts it is left to the reader."""

Verdict = Literal["supported", "contradicted", "mixed", "related", "not found"]
"""What the evidence says about a claim as a whole. `mixed`: some passages support it and
some contradict it; `related`: passages bear on the claim, but none says enough to support
or contradict it; `not found`: nothing in the searched collections bears on it."""

ClaimForm = Literal["claim", "question", "topic"]
"""A statement, a question ("who bought Alaska?"), or a subject of which nothing is said ("the
Sino-Soviet split")."""

_Aspect = Literal["name", "number", "date", "wording", "proposed"]
"""What in a claim can be looked up in a passage; of one in the passage's own words, the wording;
where the passage only proposes what the claim says was done, the words that do."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_jsonable(value: Any) -> Any:
    """Return `value` with dataclasses as dicts and tuples as lists, ready for `json`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_jsonable(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [to_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: to_jsonable(item) for key, item in value.items()}
    return value


class Jsonable:
    """Adds `to_dict` and `to_json` to a dataclass."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, nested values included, as plain dicts and lists."""
        result: dict[str, Any] = to_jsonable(self)
        return result

    def to_json(self, *, indent: int | None = None) -> str:
        """Return `to_dict()` as JSON text; non-ASCII characters are kept."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points, `text[start:end]`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def of(self, text: str) -> str:
        """Return the part of `text` that this span covers.

        >>> Span(4, 8).of("the past")
        'past'
        """
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        """Return whether the two share at least one code point."""
        return self.start < other.end and other.start < self.end

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Collection:
    """A body of sources with one origin and one statement of rights."""

    collection_id: str
    title: str
    rights: str = "Not stated; check before republishing."
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Holding(Jsonable):
    """What an index has of a collection. `years`: what its documents span ("1790–2026"), ""
    where none is dated; `undated`: how many documents have no date."""

    collection_id: str
    title: str
    rights: str
    url: str | None
    documents: int
    years: str
    undated: int


@dataclass(frozen=True, slots=True)
class Publication(Jsonable):
    """Where a document was published or is kept, as CSL names it; "" for what is not known."""

    type: str = ""
    """CSL's type of item: "webpage", "chapter", "book"; "" where only the kind is known."""
    title: str = ""
    """The title there, where it is another than the document's."""
    editors: tuple[str, ...] = ()
    container: str = ""
    """What it stands in: a volume, a journal, a website."""
    volume: str = ""
    issue: str = ""
    number: str = ""
    """Its own number in what it stands in, in a series of reports, or in a library's list: see
    `EBOOK`."""
    publisher: str = ""
    place: str = ""
    published: str = ""
    """When that was published, where it was later than the document was written: EDTF."""
    archive_location: str = ""
    """The name of the file, or a shelfmark."""
    described_by: str = ""
    """Who added the document to a server for others, or said there what it is."""


CSL_TYPES = frozenset({
    "article", "article-journal", "article-magazine", "article-newspaper", "bill", "book",
    "broadcast", "chapter", "classic", "collection", "dataset", "document", "entry",
    "entry-dictionary", "entry-encyclopedia", "event", "figure", "graphic", "hearing",
    "interview", "legal_case", "legislation", "manuscript", "map", "motion_picture",
    "musical_score", "pamphlet", "paper-conference", "patent", "performance", "periodical",
    "personal_communication", "post", "post-weblog", "regulation", "report", "review",
    "review-book", "software", "song", "speech", "standard", "thesis", "treaty", "webpage",
})  # fmt: skip
"""What the type of a `Publication` can be: the types of item of CSL 1.0.2."""

EBOOK = "eBook"
"""What the number of a book in a library's list of e-books begins with: "eBook 4367"."""

ZOTERO_TYPES: Mapping[str, str] = {
    "article-journal": "journalArticle",
    "article-magazine": "magazineArticle",
    "article-newspaper": "newspaperArticle",
    "bill": "bill",
    "book": "book",
    "chapter": "bookSection",
    "hearing": "hearing",
    "interview": "interview",
    "legal_case": "case",
    "legislation": "statute",
    "manuscript": "manuscript",
    "map": "map",
    "personal_communication": "letter",
    "report": "report",
    "speech": "presentation",
    "thesis": "thesis",
    "webpage": "webpage",
}
"""Zotero's name for a type of `Publication`; what is not here is a "document" there."""


@dataclass(frozen=True, slots=True)
class Locator:
    """The place in a document that a reader can turn to, over a stretch of its text.

    `label` is what a citation prints: "p. 12", "paragraph 48". `ocr`: how well OCR read what stands
    there, 0 to 1 (`rag.ingest.ocr.layout.reading_quality`); None where a person wrote it.
    """

    span: Span
    label: str
    ocr: float | None = None


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One citable unit: an address, a FRUS document, a memoir, a PDF.

    `text` is never changed after reading. For a plain-text file it is the file's
    decoded text, so offsets into it are offsets into the file. `locators` are in text
    order. `excluded` are stretches that are in the text but are not evidence (a
    library's licence, an index of names): no passage covers them. `date` is ISO 8601,
    possibly shortened ("1964", "1964-11"), or None. How it is cited is made of its fields
    (`wording.cited`), but for a `citation` that a person wrote.
    """

    document_id: str
    title: str
    text: str
    collection: Collection
    citation: str = ""
    creator: str | None = None
    date: str | None = None
    url: str | None = None
    kind: Kind = "unknown"
    publication: Publication = Publication()
    locators: tuple[Locator, ...] = ()
    excluded: tuple[Span, ...] = ()
    origin: str = ""
    """The file or package this was read from, for reports."""
    rights: str | None = None
    """The document's own rights, where they are not the collection's."""
    ocr_confidence: float | None = None
    """How well OCR read it, 0 to 1, as a mean over the characters of the pages that OCR read, here
    or where the file was made; None where it read none."""
    notes: tuple[str, ...] = ()
    """What a reader of the build's report should know: "2 of 8 pages have no text"."""
    file_digest: str = ""
    """A hash over the file and all else that its reading depends on, by which a later
    build knows that it need not be read again; "" where it must be."""
    pages: int = 0
    """How many pages the file has, 0 where it has none or they are not known."""
    ocr_pages: int = 0
    """How many of them were read by OCR here."""

    def locate(self, span: Span) -> str:
        """Return the label of the place where `span` lies, "" where there is none.

        Labels that differ only in their last word are joined: "pp. 12–13" for a span
        over two pages, "paragraphs 4–6".
        """
        labels = [place.label for place in self.locators if place.span.overlaps(span)]
        return join_labels(labels)

    def ocr_at(self, span: Span) -> float | None:
        """Return how well OCR read what stands in `span`, the worst of its places; None where
        OCR read none of them."""
        read = [place for place in self.locators if place.ocr is not None]
        if not read:
            return self.ocr_confidence
        return min(
            (n.ocr for n in read if n.ocr is not None and n.span.overlaps(span)), default=None
        )

    def wording(self) -> str:
        """Return a hash over what the document says, whatever is known about it."""
        content = f"{self.excluded}\n{self.text}"
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def join_labels(labels: list[str]) -> str:
    """Return one label for a run of places.

    >>> join_labels(["p. 12", "p. 13"])
    'pp. 12–13'
    >>> join_labels(["paragraph 4", "paragraph 5", "paragraph 6"])
    'paragraphs 4–6'
    >>> join_labels(["chapter I, paragraph 9", "chapter I, p. 3", "chapter I, p. 4"])
    'chapter I, paragraph 9, pp. 3–4'
    """
    runs: list[list[str]] = []
    for label in dict.fromkeys(labels):
        head = label.rpartition(" ")[0]
        if runs and head and runs[-1][0].rpartition(" ")[0] == head:
            runs[-1].append(label)
        else:
            runs.append([label])
    joined: list[str] = []
    section = ""
    for run in runs:
        own = run[0].rpartition(", ")[0]
        whole = _joined_run(run)
        joined.append(whole.removeprefix(f"{own}, ") if own and own == section else whole)
        section = own
    return ", ".join(joined)


_PLACE = re.compile(r"((?:.*, )?)(p\.|PDF page|paragraph|chapter|image|row|unit) (.+)")
_PLURALS = {"p.": "pp."}


def _joined_run(labels: list[str]) -> str:
    """Return one label for places that differ in their last word.

    >>> _joined_run(["p. Appendix 3", "p. Appendix 4"]), _joined_run(["Act 1", "Act 2"])
    ('pp. Appendix 3–Appendix 4', 'Act 1–Act 2')
    """
    if len(labels) < 2:
        return labels[0]
    first, last = _PLACE.fullmatch(labels[0]), _PLACE.fullmatch(labels[-1])
    if first is None or last is None:
        return f"{labels[0]}–{labels[-1].rpartition(', ')[2]}"
    section, kind, number = first.groups()
    return f"{section}{_PLURALS.get(kind, f'{kind}s')} {number}–{last[3]}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a source document: the unit that is indexed and ranked.

    `sentences` tile the passage in order; they are spans into the document's text.
    """

    document_id: str
    span: Span
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. `passage_id`: what the index knows it by.

    Higher scores are better; ranks count from 1. `likeness`: see `Evidence`.
    """

    passage_id: str
    score: float
    rank: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Claim(Jsonable):
    """One statement cut from what the user sent; `text == sent[span.start:span.end]`.

    `set_aside` says why it is not looked up ("a question", "too short to check"), or
    is None for a claim that is.
    """

    claim_id: str
    text: str
    span: Span
    set_aside: str | None = None
    resolved: str = ""
    """The claim as it is looked up where that is not `text`: with the person, place or time
    that it only points to ("he", "over the course of that meeting") named. See `query`."""
    said_by: str | None = None
    """Who is reported to have said it, where the text says so."""
    at_s: float | None = None
    """Where in a recording it was said, in seconds from the start."""
    spoken: str = ""
    """The words of `text` alone, where a transcript has times and numbers between them."""
    form: ClaimForm = "claim"
    """What it is in truth; a question and a topic are answered with passages, not judged."""

    @property
    def shown(self) -> str:
        """The claim as a reader is shown it: its own words, and nothing else."""
        return self.spoken or self.text

    @property
    def query(self) -> str:
        """What is looked up for this claim."""
        return self.resolved or self.shown


SPEAKER = "(whose words these are)"
"""What `Reason.source` says where a claim names whoever wrote or said the quotation."""


@dataclass(frozen=True, slots=True)
class Reason(Jsonable):
    """One thing in which a claim and a quotation agree or differ, in words to check.

    `claim` and `source` are the words of each ("1832", "1823"); "" where one says nothing, or says
    the same under other names ("Holland" for "the Dutch").
    """

    aspect: _Aspect
    claim: str
    source: str
    agrees: bool


ON_POINT = 0.5
"""From how likely on a passage that says a claim or its contrary is called on its very point: of
1,209 results of 2,631 claims that were, 85 in a hundred supported the claim, at least in part, or
contradicted it, and 3 were about something else (cross-validated, as the verifier's weights)."""


def is_on_point(says: float, denies: float) -> bool:
    """Return whether a passage likely says the claim or its contrary, by both probabilities."""
    return says + denies >= ON_POINT


@dataclass(frozen=True, slots=True)
class Evidence(Jsonable):
    """A quotation that bears on a claim, with all that is needed to cite and check it.

    `quote` is `document.text[start:end]` and `passage` is
    `document.text[passage_start:passage_end]`, always; the quotation lies inside the
    passage. `score` ranks the evidence for one claim. `likeness` tells, comparably between
    claims, how near the passage's wording and meaning are to the claim's: 1 is verbatim.
    `ocr_confidence`: how well OCR read the places that are quoted (`SourceDocument.ocr_at`), None
    where it read none of them.
    """

    claim_id: str
    document_id: str
    title: str
    creator: str | None
    date: str | None
    collection: str
    collection_title: str
    kind: Kind
    locator: str
    start: int
    end: int
    quote: str
    passage_start: int
    passage_end: int
    passage: str
    relation: Relation
    score: float
    likeness: float
    citation: str
    url: str | None
    rights: str
    ocr_confidence: float | None
    reasons: tuple[Reason, ...] = ()
    """In what the claim and the quotation agree and differ; why `relation` is what it is."""
    bearing: float = 0.0
    """How likely the quotation is about what the claim is about, 0 to 1, whatever it says."""
    says: float = 0.0
    """How likely it says what the claim says, 0 to 1, where nothing in `reasons` speaks against."""
    denies: float = 0.0
    """How likely it says that the claim is wrong, 0 to 1."""
    copies: tuple[str, ...] = ()
    """The ids of indexed documents that say nearly the same as this one: one source, not more."""
    publication: Publication = Publication()
    catalogued: str = ""
    """The document's citation as a person wrote it, "" where `citation` is made of the fields."""

    @property
    def on_point(self) -> bool:
        """Whether it likely says what the claim says or the contrary, be it not sure which."""
        return is_on_point(self.says, self.denies)


@dataclass(frozen=True, slots=True)
class Suggestion(Jsonable):
    """Where to look next for a claim: a page to open, or a collection to fetch.

    `why` is for the reader. `fetch_id` is what `source-finder fetch` takes, None where the
    place can only be searched by hand.
    """

    title: str
    url: str
    why: str
    fetch_id: str | None = None


@dataclass(frozen=True, slots=True)
class Finding(Jsonable):
    """A claim's verdict over its evidence.

    With verdict "not found", `evidence` is empty and `nearest` holds the passages that
    came closest, so that the reader can see how far off they are. `notes` are for the
    reader: what was searched, which names the corpus never mentions. `look_next`: collections
    that can be added, and searches at archives, likeliest first.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    nearest: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    look_next: tuple[Suggestion, ...] = ()
    confidence: float | None = None
    """How likely a verdict of supported or contradicted is right, 0 to 1, by how often passages
    were read rightly; None for the other verdicts."""
    further: int = 0
    """How many more passages bear on the claim than were asked for, of those that were judged."""


@dataclass(frozen=True, slots=True)
class VideoLink(Jsonable):
    """A video that the user linked to, and the same video on privacy-respecting front ends.

    `mirrors`: the front ends' names and the addresses there.
    """

    url: str
    video_id: str
    mirrors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SummaryStatement(Jsonable):
    """A sentence that a language model wrote from a quotation:
    `quote == document.text[start:end]`, always."""

    text: str
    claim_id: str
    document_id: str
    start: int
    end: int
    quote: str
    citation: str


@dataclass(frozen=True, slots=True)
class Summary(Jsonable):
    """What a language model wrote of the evidence, as far as it holds against the sources.

    `struck`: why other statements were left out, one line each, without their words.
    """

    model: str
    statements: tuple[SummaryStatement, ...]
    struck: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer(Jsonable):
    """The findings for everything the user sent, in its order."""

    question: str
    findings: tuple[Finding, ...]
    set_aside: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    """One line per collection: its title, how many documents, the dates they span."""
    videos: tuple[VideoLink, ...] = ()
    """The videos linked to in the question, on other front ends."""
    summary: Summary | None = None
    """By a language model, where one is set and there is evidence; None else."""
    by_words: bool = False
    """Whether passages were searched by their words alone, as the index is not complete yet."""


@dataclass(frozen=True, slots=True)
class IndexFacts(Jsonable):
    """Which index an answer was made from. `corpus_hash` changes with any document in it."""

    name: str
    corpus_hash: str
    documents: int
    passages: int
    built: str
    """When, in ISO 8601."""
    by_words: int = 0
    """Passages that have no vectors yet, and so are found by their words alone."""


@dataclass(frozen=True, slots=True)
class SkippedFile(Jsonable):
    """A file that could not be indexed, and why, with what to try."""

    path: str
    reason: str
    given_up: bool = False
    """Whether it hung, crashed its reader or ate its memory: it is not tried again until it
    changes."""


@dataclass(frozen=True, slots=True)
class Copy(Jsonable):
    """A file whose documents were read from another file already, and so are indexed once.

    `same_as` is the id of the first of these documents.
    """

    path: str
    same_as: str
    documents: int


@dataclass(frozen=True, slots=True)
class BuildReport(Jsonable):
    """What a build did. Times are in seconds of wall clock."""

    index: str
    documents: int
    passages: int
    sentences: int
    embedded: int
    """Passages embedded in this build; the rest were reused."""
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...] = ()
    """What the readers noted about documents, each with the document's id."""
    seconds: dict[str, float] = field(default_factory=dict)
    bytes_on_disk: int = 0
    files: int = 0
    """Files that the index holds documents of."""
    files_read: int = 0
    """Files that had to be read in this build: new, changed, or with problems before."""
    pages: int = 0
    """Pages of all files, where they have any."""
    ocr_pages: int = 0
    """Pages whose text is from OCR."""
    moved: tuple[tuple[str, str], ...] = ()
    """Files found under another name: the old path, the new one. Their documents keep their
    ids."""
    copies: tuple[Copy, ...] = ()
    near_duplicates: tuple[tuple[str, ...], ...] = ()
    """Groups of documents that say nearly the same, by their ids."""
    unchanged: bool = False
    """Nothing had changed, so the index was left as it is."""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file has come in a build: "being read", "page 12", "read", "left out"."""

    path: str
    state: str


class Progress(Protocol):
    """Called as a build goes on, from any thread: the stage's name, how many done, how many in
    all (0: not known), and the file that this is about, if it is about one."""

    def __call__(
        self, stage: str, done: int, total: int, file: FileProgress | None = None
    ) -> None: ...


class Reader(Protocol):
    """Reads one file into its source documents.

    Raises `UnreadableSource` with the file's name, the reason and what to try; it may do
    so for one document and go on with the next when it is asked for it.
    """

    def __call__(self, path: Path, collection: Collection) -> Iterator[SourceDocument]: ...
