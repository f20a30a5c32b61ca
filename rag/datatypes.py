"""The values that flow through Source Finder, from a file to an answer.

A source document's text never changes once it is read. Passages, sentences and quotations are
`Span`s of that text, never copies.
"""

from __future__ import annotations

import hashlib
import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import (
    Any,
    Literal,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Kind = Literal["primary", "memoir", "editorial", "secondary", "unknown"]
"""What a source document is to a historian: a record made at the time, a memoir written later, an
editor's words, a later work, or unknown."""

Relation = Literal["supports", "contradicts", "context"]
"""The relation of a quotation to a claim. `context`: it bears on the claim, but neither supports
nor contradicts it as far as is known."""

Verdict = Literal["supported", "contradicted", "mixed", "related", "not found"]
"""The verdict on a claim. `mixed`: some passages support it and some contradict it; `related`:
passages bear on it, but none supports or contradicts it; `not found`: nothing searched bears on it.
"""

ClaimForm = Literal["claim", "question", "topic"]
"""A statement, a question ("who bought Alaska?"), or a topic, which states nothing ("the
Sino-Soviet split")."""

_Aspect = Literal["name", "number", "date", "wording", "proposed"]
"""What a claim and a passage are compared in. "wording": the passage's own words; "proposed": the
passage only proposes what the claim says was done."""


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


_T = TypeVar("_T")


def from_jsonable(kind: type[_T], value: Any, **given: Any) -> _T:
    """Return what `to_jsonable` made as a value of its type again. `given`: fields of a dataclass
    that already have values. Raises `TypeError`, `ValueError` or `KeyError` for anything else.

    Without pydantic, which rejects text with unpaired surrogates; damaged files have such.

    >>> from_jsonable(Span, {"start": 1, "end": 2})
    Span(start=1, end=2)
    """
    made: _T = _made(kind, value, **given)
    return made


def _made(kind: Any, value: Any, **given: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        [wanted] = [each for each in arguments if each is not type(None)]
        return _made(wanted, value)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is none of {arguments}")
        return value
    if origin is dict:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is no object of fields")
        return {_made(arguments[0], key): _made(arguments[1], v) for key, v in value.items()}
    if origin is tuple:
        return _tuple(arguments, value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        names = [field.name for field in fields(kind) if field.name in value]
        return kind(**{name: _made(hints[name], value[name]) for name in names}, **given)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _tuple(arguments: Sequence[Any], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_made(arguments[0], item) for item in value)
    return tuple(_made(each, item) for each, item in zip(arguments, value, strict=True))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


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
    """What an index has of a collection. `years`: the range of its documents' dates ("1790–2026"),
    "" if none is dated; `undated`: how many documents have no date."""

    collection_id: str
    title: str
    rights: str
    url: str | None
    documents: int
    years: str
    undated: int


@dataclass(frozen=True, slots=True)
class Publication(Jsonable):
    """Where a document was published or is kept, in CSL's terms; "" for what is unknown."""

    type: str = ""
    """CSL's item type: "webpage", "chapter", "book"; "" if only the kind is known."""
    title: str = ""
    """The title there, if it differs from the document's."""
    editors: tuple[str, ...] = ()
    container: str = ""
    """The volume, journal or website that it is part of."""
    volume: str = ""
    issue: str = ""
    number: str = ""
    """Its number in the container, in a series of reports, or in a library's list (see `EBOOK`)."""
    publisher: str = ""
    place: str = ""
    published: str = ""
    """The publication's date (EDTF), if later than the document's."""
    archive_location: str = ""
    """The name of the file in the archive, or a shelfmark."""
    described_by: str = ""
    """Who added the document to a shared server, or described it there."""


CSL_TYPES = frozenset({
    "article", "article-journal", "article-magazine", "article-newspaper", "bill", "book",
    "broadcast", "chapter", "classic", "collection", "dataset", "document", "entry",
    "entry-dictionary", "entry-encyclopedia", "event", "figure", "graphic", "hearing",
    "interview", "legal_case", "legislation", "manuscript", "map", "motion_picture",
    "musical_score", "pamphlet", "paper-conference", "patent", "performance", "periodical",
    "personal_communication", "post", "post-weblog", "regulation", "report", "review",
    "review-book", "software", "song", "speech", "standard", "thesis", "treaty", "webpage",
})  # fmt: skip
"""The possible types of a `Publication`: the item types of CSL 1.0.2."""

EBOOK = "eBook"
"""The prefix of a book's number in a library's list of e-books: "eBook 4367"."""

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
"""Zotero's item type for a type of `Publication`; "document" for any other."""


@dataclass(frozen=True, slots=True)
class Locator:
    """The place of a stretch of text, as a reader can find it.

    `label`: as a citation prints it, "p. 12", "paragraph 48". `ocr`: how well OCR read it, 0 to 1
    (`rag.ingest.ocr.layout.reading_quality`); None for text that OCR did not read.
    """

    span: Span
    label: str
    ocr: float | None = None


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One citable unit: an address, a FRUS document, a memoir, a PDF.

    `text` never changes after reading. For a plain-text file it is the decoded file, so its offsets
    are those of the file. `locators` are in text order. `excluded`: spans of the text that are no
    evidence (a library's licence, an index of names), which no passage covers. `date`: ISO 8601,
    possibly shortened ("1964", "1964-11"), or None. The citation is made from these fields
    (`wording.cited`), unless a person wrote one (`citation`).
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
    """The file or package that it was read from, for reports."""
    rights: str | None = None
    """The document's own rights, if they differ from the collection's."""
    ocr_confidence: float | None = None
    """How well OCR read it, here or when the file was made, 0 to 1: the mean over the characters of
    its OCR pages. None without such pages."""
    notes: tuple[str, ...] = ()
    """Remarks for the build's report: "2 of 8 pages have no text"."""
    file_digest: str = ""
    """A hash of the file and everything else that its reading depends on. While it stays the same,
    the file is not read again; "" if it must be."""
    pages: int = 0
    """The number of pages in the file, 0 if it has none or they are not known."""
    ocr_pages: int = 0
    """The number of pages read by OCR here."""

    def locate(self, span: Span) -> str:
        """Return the label of the place where `span` lies, "" if there is none.

        Labels that differ only in their last word are joined: "pp. 12–13" for a span over two
        pages, "paragraphs 4–6".
        """
        labels = [place.label for place in self.locators if place.span.overlaps(span)]
        return join_labels(labels)

    def ocr_at(self, span: Span) -> float | None:
        """Return how well OCR read `span`, the worst of its places; None if OCR read none of
        them."""
        read = [place for place in self.locators if place.ocr is not None]
        if not read:
            return self.ocr_confidence
        return min(
            (n.ocr for n in read if n.ocr is not None and n.span.overlaps(span)), default=None
        )

    def wording(self) -> str:
        """Return a hash of the document's words, without its metadata."""
        content = f"{self.excluded}\n{self.text}"
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def join_labels(labels: list[str]) -> str:
    """Return one label for consecutive places.

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

    `sentences` cover the passage in order; they are spans of the document's text.
    """

    document_id: str
    span: Span
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. `passage_id`: its id in the index.

    Higher scores are better; ranks count from 1. `likeness`: see `Evidence`.
    """

    passage_id: str
    score: float
    rank: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Claim(Jsonable):
    """One statement of the user's text; `text == sent[span.start:span.end]`.

    `set_aside`: why it is not looked up ("a question", "too short to check"), None if it is.
    """

    claim_id: str
    text: str
    span: Span
    set_aside: str | None = None
    resolved: str = ""
    """The claim as it is looked up, if that differs from `text`: "he" or "over the course of that
    meeting" replaced by a person, place or time. See `query`."""
    said_by: str | None = None
    """Who said it, if the text reports that."""
    at_s: float | None = None
    """When it was said in a recording, in seconds from the start."""
    spoken: str = ""
    """The words of `text`, if a transcript has times and numbers between them."""
    form: ClaimForm = "claim"
    """Its form. A question and a topic are answered with passages, and not judged."""

    @property
    def shown(self) -> str:
        """The claim in its own words, as a reader sees it."""
        return self.spoken or self.text

    @property
    def query(self) -> str:
        """What is looked up for this claim."""
        return self.resolved or self.shown


SPEAKER = "(whose words these are)"
"""The value of `Reason.source` where the claim names the person who wrote or said the quotation."""


@dataclass(frozen=True, slots=True)
class Reason(Jsonable):
    """One aspect in which a claim and a quotation agree or differ.

    `claim` and `source`: the words of each ("1832", "1823"); "" if one of them has none, or has the
    same under another name ("Holland" for "the Dutch").
    """

    aspect: _Aspect
    claim: str
    source: str
    agrees: bool


_ON_POINT = 0.5
"""The least probability at which a passage is said to be on the claim's very point. Of 1,209 such
results for 2,631 claims, 85 in a hundred supported the claim, at least in part, or contradicted it,
and 3 were about something else (cross-validated, as the verifier's weights)."""


def is_on_point(says: float, denies: float) -> bool:
    """Return whether a passage likely states the claim or its contrary, given both
    probabilities."""
    return says + denies >= _ON_POINT


@dataclass(frozen=True, slots=True)
class Evidence(Jsonable):
    """A quotation that bears on a claim, with everything needed to cite and check it.

    `quote` is `document.text[start:end]` and `passage` is
    `document.text[passage_start:passage_end]`, always; the quotation is inside the passage. `score`
    ranks the evidence for one claim. `likeness`: how close the passage's wording and meaning are to
    the claim's, comparable between claims; 1 is verbatim. `ocr_confidence`: how well OCR read the
    quoted places (`SourceDocument.ocr_at`), None if it read none.
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
    """What the claim and the quotation agree and differ in, and so why `relation` is what it is."""
    bearing: float = 0.0
    """The probability, 0 to 1, that the quotation is about the claim's subject, whatever it
    says."""
    says: float = 0.0
    """The probability, 0 to 1, that it says what the claim says, unless something in `reasons`
    differs."""
    denies: float = 0.0
    """The probability, 0 to 1, that it says that the claim is wrong."""
    copies: tuple[str, ...] = ()
    """The ids of near-duplicate documents. Together they are one source."""
    publication: Publication = Publication()
    catalogued: str = ""
    """The document's citation if a person wrote it, "" if `citation` is made from the fields."""

    @property
    def on_point(self) -> bool:
        """Whether it likely states the claim or its contrary, even if it is unclear which."""
        return is_on_point(self.says, self.denies)


@dataclass(frozen=True, slots=True)
class Suggestion(Jsonable):
    """Where to look next for a claim: a page to open, or a collection to fetch.

    `why`: for the reader. `fetch_id`: the argument of `source-finder fetch`, None for a place that
    can only be searched by hand.
    """

    title: str
    url: str
    why: str
    fetch_id: str | None = None


@dataclass(frozen=True, slots=True)
class Finding(Jsonable):
    """The verdict on a claim, with its evidence.

    With verdict "not found", `evidence` is empty and `nearest` has the closest passages, so that
    the reader sees how far off they are. `notes`: for the reader, what was searched and which names
    the corpus never mentions. `look_next`: collections to add and archives to search, likeliest
    first.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    nearest: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    look_next: tuple[Suggestion, ...] = ()
    confidence: float | None = None
    """The probability, 0 to 1, that a verdict of supported or contradicted is right, from how often
    passages were judged rightly; None for other verdicts."""
    further: int = 0
    """How many judged passages bear on the claim beyond those in `evidence`."""


@dataclass(frozen=True, slots=True)
class VideoLink(Jsonable):
    """A video that the user linked to, and the same video on privacy-respecting front ends.

    `mirrors`: names and addresses of the front ends.
    """

    url: str
    video_id: str
    mirrors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SummaryStatement(Jsonable):
    """A sentence that a language model wrote from a quotation. `quote` is
    `document.text[start:end]`, always."""

    text: str
    claim_id: str
    document_id: str
    start: int
    end: int
    quote: str
    citation: str


@dataclass(frozen=True, slots=True)
class Summary(Jsonable):
    """What a language model wrote of the evidence, without what failed the check against the
    sources.

    `struck`: why each other statement was left out, without its words.
    """

    model: str
    statements: tuple[SummaryStatement, ...]
    struck: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer(Jsonable):
    """The findings on everything the user sent, in its order."""

    question: str
    findings: tuple[Finding, ...]
    set_aside: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    """One line per collection: its title, how many documents, the dates they span."""
    videos: tuple[VideoLink, ...] = ()
    """The videos linked to in the question, on other front ends."""
    summary: Summary | None = None
    """A language model's summary, if one is set and there is evidence; else None."""
    by_words: bool = False
    """Whether passages were searched by words alone, since the index is not complete yet."""


@dataclass(frozen=True, slots=True)
class IndexFacts(Jsonable):
    """The index that an answer was made from. `corpus_hash` changes with any document in it."""

    name: str
    corpus_hash: str
    documents: int
    passages: int
    built: str
    """When it was built, in ISO 8601."""
    by_words: int = 0
    """Passages that have no vectors yet, and so are found by words alone."""


@dataclass(frozen=True, slots=True)
class SkippedFile(Jsonable):
    """A file that could not be indexed, why, and what to try."""

    path: str
    reason: str
    given_up: bool = False
    """Whether it hung, crashed its reader or ran out of memory: it is not tried again until it
    changes."""


@dataclass(frozen=True, slots=True)
class Copy(Jsonable):
    """A file whose documents were already read from another file, and are indexed once.

    `same_as`: the id of the first of these documents.
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
    """The readers' remarks on documents, each with the document's id."""
    seconds: dict[str, float] = field(default_factory=dict)
    bytes_on_disk: int = 0
    files: int = 0
    """Files with documents in the index."""
    files_read: int = 0
    """Files that had to be read in this build: new, changed, or with problems before."""
    pages: int = 0
    """Pages of all files that have pages."""
    ocr_pages: int = 0
    """Pages whose text is from OCR."""
    moved: tuple[tuple[str, str], ...] = ()
    """Files found at another path: the old path and the new one. Their documents keep their ids."""
    copies: tuple[Copy, ...] = ()
    near_duplicates: tuple[tuple[str, ...], ...] = ()
    """Groups of near-duplicate documents, by their ids."""
    unchanged: bool = False
    """Whether nothing had changed, so that the index was left as it is."""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far the reading of a file is: "being read", "page 12", "read", "left out"."""

    path: str
    state: str


class Progress(Protocol):
    """Called as a build proceeds, from any thread, with the stage's name, how many are done, how
    many there are (0: unknown), and the file concerned, if any."""

    def __call__(
        self, stage: str, done: int, total: int, file: FileProgress | None = None
    ) -> None: ...


class Reader(Protocol):
    """Reads one file into its source documents.

    Raises `UnreadableSource` with the file's name, the reason and what to try; it may do so for one
    document and still give the next one.
    """

    def __call__(self, path: Path, collection: Collection) -> Iterator[SourceDocument]: ...
