"""Reading around a quotation: how much of its document is shown, in which paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.datatypes import SourceDocument, Span
from rag.text import trimmed

AROUND = 1_500
"""Characters shown before and after a quotation at first: a page of print in all."""

FURTHER = 4_000
"""Characters that reading on adds, about two pages of print."""

_BREAK = re.compile(r"\n\s*\n|\f")


@dataclass(frozen=True, slots=True)
class DocumentParagraph:
    """A paragraph of a document; `label` is the place that begins with it, "" if none does."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of a document that is shown, in whole paragraphs."""

    span: Span
    paragraphs: tuple[DocumentParagraph, ...]
    begins: bool
    """Whether the document begins here."""
    ends: bool
    """Whether it ends here."""


def window(
    document: SourceDocument, quotation: Span, before: int = AROUND, after: int = AROUND
) -> Window:
    """Return the paragraphs that hold `quotation` and about `before` and `after` characters
    around it.

    Where the text has no empty lines, its lines are its paragraphs.
    """
    whole = _paragraphs(document)
    first, last = quotation.start - before, quotation.end + after
    shown = [span for span in whole if span.end > first and span.start < last]
    if not shown:
        shown = [quotation]
    starts = {place.span.start: place.label for place in reversed(document.locators)}
    return Window(
        span=Span(shown[0].start, shown[-1].end),
        paragraphs=tuple(DocumentParagraph(span, _label(starts, span)) for span in shown),
        begins=shown[0] == whole[0] if whole else True,
        ends=shown[-1] == whole[-1] if whole else True,
    )


def _paragraphs(document: SourceDocument) -> list[Span]:
    text = document.text
    breaks = list(_BREAK.finditer(text)) or list(re.finditer(r"\n", text))
    bounds = [0, *(place for found in breaks for place in found.span()), len(text)]
    spans = (trimmed(text, *bounds[i : i + 2]) for i in range(0, len(bounds), 2))
    return [span for span in spans if span is not None]


def _label(starts: dict[int, str], span: Span) -> str:
    return next((label for start, label in starts.items() if span.start <= start < span.end), "")
