"""A document opened at a quotation: its text, or the page of its PDF as a picture."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rag.datatypes import SourceDocument, Span
from rag.reading.facsimile import Facsimile
from rag.reading.page_view import Box
from rag.reading.text import MOST, DocumentParagraph, PhrasePlaces, Window
from rag.web.address import Address
from rag.web.markup import button, fold, notes, render
from rag.web.pane import frame, render_exact
from rag.wording import counted, escape, written_date

_SNIPPET = 90
"""Characters shown before and after a phrase that was found."""


def render_text(
    document: SourceDocument,
    quotation: Span,
    shown: Window,
    *,
    before: int,
    after: int,
    back: str = "",
    problem: str = "",
) -> str:
    """Return a stretch of a document with the quotation marked, and the way up and down.

    `before`, `after`: the characters around the quotation that are shown now. `back`: the
    card that the reader came from. `problem`: why no picture of the page is shown.
    """
    place: dict[str, str | int] = {
        "doc": document.document_id,
        "start": quotation.start,
        "end": quotation.end,
        "from": back,
        "before": before,
        "after": after,
    }
    whole = {name: place[name] for name in ("doc", "start", "end")}
    up = button("Read on above", "read", {**place, "step": "up"})
    down = button("Read on below", "read", {**place, "step": "down"})
    if shown.begins:
        up = '<span class="sf-quiet">The document begins here</span>'
    if shown.ends:
        down = '<span class="sf-quiet">The document ends here</span>'
    paragraphs = "".join(_paragraph(document.text, p, quotation) for p in shown.paragraphs)
    content = (
        f"{_head(document, whole)}{notes([problem] if problem else [])}"
        f'<p class="sf-step">{up}</p><div class="sf-text" dir="auto">{paragraphs}</div>'
        f'<p class="sf-step">{down}</p>'
    )
    return frame(content, "sf-quotation" if len(quotation) else "sf-document")


def _head(document: SourceDocument, at: Mapping[str, Any], words: str = "") -> str:
    """Return what a document is, a link to this place in it, and a search for `words` in it."""
    return render(
        "document.html",
        document=document,
        who=", ".join(part for part in (document.creator, written_date(document.date)) if part),
        to=str(Address(opened={"act": "open", **at})),
        words=words,
    )


def render_found(
    document: SourceDocument, words: str, found: Sequence[Span], *, back: str = ""
) -> str:
    """Return where a phrase stands in a document, each place with the words around it."""
    count = counted(len(found), "place has", "places have")
    if len(found) == MOST:
        count = f"The first {MOST} places that have"
    content = render(
        "found.html",
        words=words,
        count=count if found else "No place has",
        places=[_found(document, span, back) for span in found],
    )
    head = _head(document, {"doc": document.document_id, "start": 0, "end": 0}, words)
    return frame(f"{head}{content}", "sf-found")


def render_found_everywhere(words: str, found: PhrasePlaces, searched: str) -> str:
    """Return where a phrase stands in the documents that were searched, each with its places."""
    shown, total = len(found.places), len(found.places) + found.more
    count = counted(total, "place has", "places have") if total else "No place has"
    if found.more:
        count = f"The first {shown} of {total:,} places that have"
    documents = [
        {"document": document, "places": [_found(document, place.span, "") for place in places]}
        for document, places in groupby(found.places, key=lambda place: place.document)
    ]
    content = render(
        "found_everywhere.html",
        count=count,
        words=words,
        searched=searched,
        documents=documents,
        unread=found.unread,
    )
    return frame(render_exact(words, opened=True) + content, "sf-found")


def _found(document: SourceDocument, span: Span, back: str) -> dict[str, Any]:
    text = document.text
    before = text[max(0, span.start - _SNIPPET) : span.start]
    after = text[span.end : span.end + _SNIPPET]
    return {
        "before": " ".join(before.split()[1:]) + " " * before[-1:].isspace(),
        "words": " ".join(span.of(text).split()),
        "after": " " * after[:1].isspace() + " ".join(after.split()[:-1]),
        "label": document.locate(span),
        "at": {"doc": document.document_id, "start": span.start, "end": span.end, "from": back},
    }


def _paragraph(text: str, paragraph: DocumentParagraph, quotation: Span) -> str:
    span = paragraph.span
    label = f'<span class="sf-label">{escape(paragraph.label)}</span>' if paragraph.label else ""
    start, end = max(span.start, quotation.start), min(span.end, quotation.end)
    if start >= end:
        return f"<p>{label}{escape(span.of(text))}</p>"
    first = ' id="sf-quotation" tabindex="-1"' if start == quotation.start else ""
    return (
        f"<p>{label}{escape(text[span.start : start])}<mark{first}>{escape(text[start:end])}</mark>"
        f"{escape(text[end : span.end])}</p>"
    )


def render_facsimile(
    document: SourceDocument, quotation: Span, page: Facsimile, *, back: str = ""
) -> str:
    """Return a page of a PDF as a picture with the quotation marked, and its text below."""
    where: dict[str, str | int] = {
        "doc": document.document_id,
        "start": quotation.start,
        "end": quotation.end,
        "from": back,
    }
    count = f"({page.number + 1} of {page.pages})"
    steps = [f'{escape(page.label)} <span class="sf-quiet">{count}</span>']
    if page.number:
        steps.insert(0, button("Page before", "open", {**where, "page": page.number - 1}))
    if page.number + 1 < page.pages:
        steps.append(button("Page after", "open", {**where, "page": page.number + 1}))
    steps.append(button("As text", "read", where))
    steps.append(button("Larger", "zoom", {"by": 1}))
    steps.append(button("Smaller", "zoom", {"by": -1}))
    here = {"doc": document.document_id, "start": quotation.start, "end": quotation.end}
    here |= {"page": page.number}
    picture = base64.b64encode(page.image).decode("ascii")
    marks = "".join(_mark(box, first=not number) for number, box in enumerate(page.marks))
    copied = button("Keep the PDF with this highlighted", "keep-pdf", where)
    spoken = escape(f"{document.title}, {page.label}; its text is below")
    text = f'<p class="sf-page-text" dir="auto">{escape(page.text)}</p>'
    content = (
        f"{_head(document, here)}{notes([page.note] if page.note else [])}"
        f'<p class="sf-step">{" ".join(steps)}</p>'
        f'<p class="sf-step">{copied} <span class="sf-quiet">and what you pinned in it</span></p>'
        '<div class="sf-view" tabindex="0" role="region" aria-label="The page">'
        f'<figure id="sf-page" class="sf-page" tabindex="-1" '
        f'style="aspect-ratio:{page.width}/{page.height}">'
        f'<img src="data:image/webp;base64,{picture}" width="{page.width}" '
        f'height="{page.height}" alt="{spoken}">'
        f"{marks}</figure></div>"
        f"{fold('The text of this page', text)}"
    )
    return frame(content, "sf-page-mark" if page.marks else "sf-page")


def _mark(box: Box, *, first: bool) -> str:
    """Return a box over the picture, a hair larger than the letters."""
    left, top = 100 * box.left - 0.2, 100 * box.top - 0.1
    width, height = 100 * (box.right - box.left) + 0.4, 100 * (box.bottom - box.top) + 0.2
    name = ' id="sf-page-mark"' if first else ""
    return (
        f'<span{name} class="sf-box" style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{width:.2f}%;height:{height:.2f}%"></span>'
    )
