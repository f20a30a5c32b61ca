"""Made-up results for the tests of the page: evidence, findings, answers, and seeing HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.datatypes import (
    Answer,
    Claim,
    Evidence,
    Finding,
    Holding,
    IndexFacts,
    SourceDocument,
    Span,
    Verdict,
)
from rag.errors import QuestionError

PASSAGE = (
    "It is impossible that the allied powers should extend their political system. "
    "We owe it to candor to declare that we should consider any attempt as dangerous.\n"
    "With the existing colonies we have not interfered."
)
QUOTE = "We owe it to candor to declare that we should consider any attempt as dangerous."
AT = 5_000
ATTACKS = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)" x="',
    "' onclick='alert(1)",
    "<img src=x onerror=alert(1)>",
    "</blockquote></article><h1>owned</h1>",
    "**bold** [link](javascript:alert(1)) `code` $$x$$",
    "${alert(1)} {{constructor}} {% x %}",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "\x00\x1b[31m\ud800 \u202e \ufffe",
)
VOID = {"img", "input", "line", "rect"}
"""Elements without an end tag, as HTML or as this project writes them."""


def evidence(**changes: Any) -> Evidence:
    """Return one piece of evidence, with some fields changed."""
    start = AT + PASSAGE.index(QUOTE)
    whole = Evidence(
        claim_id="c1",
        document_id="sotu/1823-Monroe-1",
        title="Seventh Annual Message",
        creator="James Monroe",
        date="1823-12-02",
        collection="sotu",
        collection_title="State of the Union addresses",
        kind="primary",
        locator="paragraph 48",
        start=start,
        end=start + len(QUOTE),
        quote=QUOTE,
        passage_start=AT,
        passage_end=AT + len(PASSAGE),
        passage=PASSAGE,
        relation="context",
        score=0.7,
        likeness=0.7,
        citation="James Monroe, “Seventh Annual Message,” 2 December 1823, paragraph 48.",
        url="https://www.presidency.ucsb.edu/documents/seventh-annual-message-1",
        rights="Public domain.",
        ocr_confidence=None,
    )
    return replace(whole, **changes)


def finding(
    verdict: Verdict, text: str = "Monroe warned Europe", passages: int = 1, at: int = 0
) -> Finding:
    """Return a finding with so many passages; for "not found", so many nearest ones."""
    claim = Claim("c1", text, Span(at, at + len(text)))
    items = tuple(evidence() for _ in range(passages))
    if verdict == "not found":
        return Finding(claim, verdict, nearest=items, notes=("Never mentioned: “Europe”.",))
    return Finding(claim, verdict, items)


def answer(*findings: Finding, set_aside: int = 0, question: str = "?") -> Answer:
    """Return an answer with these findings."""
    aside = tuple(Claim(f"a{n}", f"Is it {n}?", Span(0, 3), "a question") for n in range(set_aside))
    return Answer(question, findings, aside, searched=("Addresses: 249 documents, 1790–2026",))


class Canned:
    """A finder that yields given answers, then raises, where told to."""

    def __init__(self, *answers: Answer, error: Exception | None = None) -> None:
        self.answers, self.error = answers, error
        self.settings = Settings(Path(), Path())
        self.asked: list[tuple[Any, ...]] = []

    def stream(
        self,
        text: str,
        k: int = 5,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> Iterator[Answer]:
        self.asked.append((text, k, collections, after, before))
        yield from self.answers
        if self.error:
            raise self.error

    def find_sources(self, claim: str, k: int = 10, *_: object) -> list[Evidence]:
        self.asked.append((claim, k))
        return [item for answer in self.answers for f in answer.findings for item in f.evidence]

    def searched(self) -> tuple[str, ...]:
        return ("Addresses",)

    def holdings(self) -> tuple[Holding, ...]:
        return (Holding("sotu", "State of the Union addresses", "", None, 249, "1790–2026", 0),)

    def facts(self) -> IndexFacts:
        return IndexFacts("canned", "hash", 249, 3, "2026-01-01T00:00:00+00:00")

    def document(self, document_id: str) -> SourceDocument:
        raise QuestionError(f"There is no document {document_id!r}")


class Seen(HTMLParser):
    """What a browser makes of a piece of HTML: tags with their attributes, and the text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.marked = ""
        self.feed(markup)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "the tags are not balanced"

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked += data

    def names(self) -> list[str]:
        return [name for name, _ in self.tags]

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """Return the attributes of the elements with this tag and these attributes."""
        return [
            found
            for name, found in self.tags
            if name == tag and all(found.get(k) == v for k, v in attributes.items())
        ]
