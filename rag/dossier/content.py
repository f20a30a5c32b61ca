"""What a dossier says, as blocks: each claim with its verdict, evidence, and what is missing.

Everything in it is in the answers given, or is when and from which index it was made.

Citations and bibliographies are in the styles of CSL, formatted by citeproc-py. Those named in
`STYLES` are written here for the kinds of source that there are: under citeproc-py the official
ones print initials for given names and put commas after quotation marks; see
docs/decisions/dossier.md. Any other is named by its file.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.datatypes import Answer, Claim, Evidence, Finding, IndexFacts, Suggestion, Summary
from rag.dossier.blocks import (
    DossierBlock,
    Extract,
    Facts,
    Heading,
    Listing,
    Paragraph,
    Run,
    Runs,
    text,
)
from rag.dossier.csl import NO_NOTES, Item, Notes, cited_evidence, csl_item, csl_items, place
from rag.errors import QuestionError
from rag.wording import (
    COUNT_WORDS,
    KIND_WORDS,
    RELATION_WORDS,
    counted,
    creators,
    legible,
    located,
    safe_url,
    scanned_words,
    stands,
    verdict_words,
    written_date,
)

_PRINTED = (
    *("id", "type", "title", "author", "issued", "original-date", "container-title", "editor"),
    *("volume", "issue", "number", "publisher", "publisher-place", "archive", "archive_location"),
    "URL",
)


@dataclass(frozen=True, slots=True)
class Style:
    """A style and the file that has it."""

    title: str
    path: Path


def _own(title: str, name: str) -> Style:
    return Style(title, Path(__file__).with_name(name))


CHICAGO = _own("Chicago", "chicago.csl")
STYLES: Mapping[str, Style] = {
    "chicago": CHICAGO,
    "mla": _own("MLA", "mla.csl"),
    "apa": _own("APA", "apa.csl"),
}
"""The styles that are known by name."""


def style_of(name: str) -> Style:
    """Return a style by its name, or by its file; raises `QuestionError` where it is neither."""
    if known := STYLES.get(name.casefold()):
        return known
    path = Path(name).expanduser()
    if path.suffix == ".csl" and path.is_file():
        return Style(path.stem, path)
    raise QuestionError(
        f"There is no citation style {name!r}. Known: {', '.join(STYLES)}. For any other, give "
        "the path of its CSL file, for example from zotero.org/styles."
    )


class Citations:
    """Cites documents given as CSL items. `note` for a place, `bibliography` for all."""

    def __init__(self, items: Iterable[Item], style: Style = CHICAGO) -> None:
        from citeproc import CitationStylesBibliography, CitationStylesStyle, formatter
        from citeproc.source.json import CiteProcJSON

        given = list(items)
        # citeproc-py folds the case of ids, which two of ours may differ in.
        self._keys = {item["id"]: f"item-{number}" for number, item in enumerate(given)}
        source = CiteProcJSON([_printed(item) | {"id": self._keys[item["id"]]} for item in given])
        try:
            read = CitationStylesStyle(str(style.path), validate=False)  # a test validates ours
        except Exception as error:
            raise QuestionError(
                f"{style.path} cannot be read as a citation style: {error}. Use an independent "
                "CSL 1.0 style."
            ) from error
        if read.root.find("{*}citation") is None:
            parent = read.root.find("{*}info/{*}link[@rel='independent-parent']")
            named = "another style" if parent is None else f"the style {parent.get('href')}"
            raise QuestionError(
                f"{style.path} only refers to {named} and defines no style itself. Use the "
                "file of that style."
            )
        self._has_list = read.has_bibliography()
        self._labels = any(
            label.get("variable") == "locator" for label in read.root.iter("{*}label")
        )
        self.in_text = read.root.get("class") == "in-text"
        """Whether the style cites in brackets within the text, and needs a list of sources."""
        self._made = CitationStylesBibliography(read, source, formatter.html)
        for key in self._keys.values():
            self._registered(key)

    def note(self, document_id: str, locator: str) -> Runs:
        """Return the note that cites a place in a document, "" for the whole of it."""
        cited = self._registered(self._keys[document_id], locator)
        return _runs(str(self._made.cite(cited, _unknown)))

    def bibliography(self) -> tuple[Runs, ...]:
        """Return an entry for each document, sorted as the style has it; where it has no list of
        sources, the note for each."""
        if not self._has_list:
            return tuple(self.note(document_id, "") for document_id in self._keys)
        self._made.sort()
        return tuple(_runs(str(entry)) for entry in self._made.bibliography())

    def _registered(self, key: str, place: str = "") -> Any:
        from citeproc import Citation, CitationItem, Locator

        label, at = _labelled(place) if self._labels else ("page", place)
        located = {"locator": Locator(label, _as_text(at))} if place else {}
        citation = Citation([CitationItem(key, **located)])
        self._made.register(citation)
        return citation


_PLACES = re.compile(r"(?:(pp?\.)|(paragraph|chapter)s?) ([^ ,]+)")


def _labelled(place: str) -> tuple[str, str]:
    """Return what CSL calls a place in a document, and which; a style that prints the first adds
    nothing to a place that it has no word for.

    >>> _labelled("pp. 12–13"), _labelled("paragraph 48"), _labelled("chapter I, p. 3")
    (('page', '12–13'), ('paragraph', '48'), ('none', 'chapter I, p. 3'))
    """
    if found := _PLACES.fullmatch(place):
        return found[2] or "page", found[3]
    return "none", place


def in_style(answer: Answer, name: str) -> Answer:
    """Return an answer with its citations in a style (see `style_of`); with "", as each archive
    asks for them. What a person wrote as the citation stays."""
    if not name:
        return answer
    findings = tuple(
        replace(
            finding,
            evidence=tuple(cited_in(style_of(name), one) for one in finding.evidence),
            nearest=tuple(cited_in(style_of(name), one) for one in finding.nearest),
        )
        for finding in answer.findings
    )
    styled = replace(answer, findings=findings)
    if answer.summary is None:
        return styled
    citations = {
        (before.document_id, before.citation): after.citation
        for before, after in zip(cited_evidence([answer]), cited_evidence([styled]), strict=True)
    }
    statements = tuple(
        replace(said, citation=citations.get((said.document_id, said.citation), said.citation))
        for said in answer.summary.statements
    )
    return replace(styled, summary=replace(answer.summary, statements=statements))


def cited_in(style: Style, evidence: Evidence) -> Evidence:
    """Return a passage with its citation in a style. Where that cites in the text, it is the entry
    of the list of sources, and the brackets for the text."""
    if evidence.catalogued:
        return evidence
    item = json.dumps(csl_item(evidence))
    citation = located(
        _whole(style, item, legible(evidence.locator)),
        "",
        ocr=evidence.ocr_confidence,
        described_by=evidence.publication.described_by,
    )
    return replace(evidence, citation=citation)


@lru_cache(maxsize=2048)
def _whole(style: Style, item: str, locator: str) -> str:
    document = json.loads(item)
    made = Citations([document], style)
    note = _words(made.note(document["id"], locator))
    if not made.in_text:
        return note
    [entry] = made.bibliography()
    return f"{_words(entry)} In the text: {note}."


def _words(runs: Runs) -> str:
    return "".join(run.text for run in runs)


_MARKUP = {"<": "\x01", ">": "\x02", "&": "\x03"}
"""What stands for signs of HTML in an item while citeproc, which takes text for HTML, has it. No
item holds these characters: they are not legible."""
_HELD = str.maketrans(_MARKUP)
_RELEASED = str.maketrans({held: html.escape(sign) for sign, held in _MARKUP.items()})


_ABBREVIATED = re.compile(r"(?:\.\w+|\b(?:[JS]r|Co|Inc|Ltd|Esq|etc))\.$")
"""The end of a title whose full stop is a part of the last word, not that of a sentence."""
_DOUBLED = re.compile(r"(?:([?!])(</i>)?|(?<=\.)(</i>))\.(?!\.)")
"""A full stop of the style after a title that ends with a sign of its own."""


def _as_text(value: Any) -> Any:
    """Return a part of an item so that citeproc prints it as it stands."""
    match value:
        case str():
            return value.translate(_HELD)
        case list():
            return [_as_text(one) for one in value]
        case dict():
            return {name: _as_text(one) for name, one in value.items()}
    return value


def _printed(item: Item) -> Item:
    """Return what of an item a style prints, with quotation marks as inner ones."""
    shown = {name: _as_text(item[name]) for name in _PRINTED if name in item}
    for name in ("issued", "original-date"):  # citeproc-py prints no doubt, no season, no open end
        if edtf := shown.get(name, {}).get("edtf"):
            shown[name] = {"literal": written_date(edtf)}
    inner = str(shown["title"]).replace("“", "‘").replace("”", "’")
    return shown | {"title": inner if _ABBREVIATED.search(inner) else inner.rstrip(".")}


def _unknown(item: Any) -> None:
    raise KeyError(item.key)


def _runs(markup: str) -> Runs:
    """Return citeproc's HTML as runs; of its marks, italics alone are kept."""
    from lxml.html import fragment_fromstring

    single = _DOUBLED.sub(lambda found: found[0][:-1], markup)
    root = fragment_fromstring(f"<p>{single.translate(_RELEASED)}</p>")
    runs = [Run(root.text or "")]
    for element in root:
        runs += [Run(element.text_content(), italic=element.tag == "i"), Run(element.tail or "")]
    return tuple(run for run in runs if run.text)


_TITLE = "Source Finder dossier"
_HOW_TO_CHECK = (
    "Quotations are word for word as in the source, and marked within their passage. “To "
    "check” gives the document’s id in the index and the range of characters in its text: "
    "rag.SourceFinder.open(index).document(id).text[start:end] returns the quotation. Before "
    "you rely on a passage, read it in its source."
)
_CONFIDENCE = "how often passages like these were judged correctly"


def dossier(
    answers: Sequence[Answer],
    made: datetime,
    indexes: Sequence[IndexFacts],
    notes: Notes = NO_NOTES,
    style: Style | None = None,
) -> tuple[DossierBlock, ...]:
    """Return the blocks of a dossier of a conversation. `notes`: the reader's, on quotations;
    `style`: that of the answers' citations, None where they are those of each archive."""
    cited = csl_items(answers)
    shown = {item["id"]: item for item in cited}
    for evidence in _nearest(answers):
        shown.setdefault(evidence.document_id, csl_item(evidence))
    listed = Citations(cited, style or CHICAGO).bibliography()
    return tuple(_Dossier(shown, notes, style).blocks(answers, made, indexes, listed))


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
        indexes: Sequence[IndexFacts],
        bibliography: Sequence[Runs],
    ) -> Iterator[DossierBlock]:
        yield Heading(1, _TITLE)
        yield Facts(tuple(_about(answers, made, indexes)))
        yield Paragraph(text(_HOW_TO_CHECK))
        for number, answer in enumerate(answers, 1):
            yield from self._answer(answer, f"{number}." if len(answers) > 1 else "")
        if bibliography:
            yield Heading(2, "Sources cited")
            yield Listing(tuple(bibliography))

    def _answer(self, answer: Answer, number: str) -> Iterator[DossierBlock]:
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
            yield Heading(3, "Linked videos, and the same on other front ends")
            yield Listing(
                tuple((_link(video.url), *_mirrors(video.mirrors)) for video in answer.videos)
            )
        if answer.searched:
            yield Heading(3, "What was searched")
            yield Listing(tuple(text(line) for line in answer.searched))

    def _finding(self, finding: Finding, number: str) -> Iterator[DossierBlock]:
        words = " ".join(finding.claim.shown.split())
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

    def _evidence(self, evidence: Evidence) -> Iterator[DossierBlock]:
        start = evidence.start - evidence.passage_start
        end = evidence.end - evidence.passage_start
        passage = evidence.passage
        cited = _cited(evidence)
        yield Extract(passage[:start], passage[start:end], passage[end:], cited)
        noted = self._notes.get(_place(evidence))
        rows = [("Reader’s note", text(noted))] if noted else []
        how = stands(evidence.relation, evidence.reasons, evidence.bearing, evidence.on_point)
        rows += [
            ("Relation", text(RELATION_WORDS[evidence.relation])),
            ("How it stands", text(how)),
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
        parts = (creators(evidence.creator), title, written_date(evidence.date))
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
    answers: Sequence[Answer], made: datetime, indexes: Sequence[IndexFacts]
) -> Iterator[tuple[str, Runs]]:
    verdicts = Counter(f.verdict for answer in answers for f in answer.findings)
    claims = counted(verdicts.total(), "claim", "claims")
    said = ", ".join(f"{verdicts[v]} {words}" for v, words in COUNT_WORDS.items() if verdicts[v])
    documents = len({e.document_id for e in cited_evidence(answers)})
    yield "Made", text(_moment(made))
    yield "Looked up", text(f"{claims}: {said}" if said else claims)
    yield "Cited", text(counted(documents, "source document", "source documents"))
    for index in indexes:
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
        yield "Confidence", text(f"{finding.confidence:.0%} ({_CONFIDENCE})")
    if claim.query != claim.shown:
        yield "Looked up as", text(claim.query)
    if claim.said_by:
        yield "Said by", text(claim.said_by)
    if claim.at_s is not None:
        minutes, seconds = divmod(int(claim.at_s), 60)
        yield "Said at", text(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}")


def _place(evidence: Evidence) -> str:
    return place(evidence.document_id, evidence.start, evidence.end)


def _written(summary: Summary) -> Iterator[DossierBlock]:
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
    return (Run(claim.shown), Run(f" ({claim.set_aside})", italic=True))


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
