"""A document opened at a quotation: its text, or the page of its PDF as a picture."""

from __future__ import annotations

import base64

from rag.datatypes import SourceDocument, Span
from rag.reading.around import DocumentParagraph, Window
from rag.reading.facsimile import Facsimile
from rag.reading.page_view import Box
from rag.web.markup import button, fold, notes
from rag.web.pane import frame, render_back
from rag.wording import escape, written_date


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
    up = button("Read on above", "read", {**place, "step": "up"})
    down = button("Read on below", "read", {**place, "step": "down"})
    if shown.begins:
        up = '<span class="sf-quiet">The document begins here</span>'
    if shown.ends:
        down = '<span class="sf-quiet">The document ends here</span>'
    paragraphs = "".join(_paragraph(document.text, p, quotation) for p in shown.paragraphs)
    content = (
        f"{render_back(back)}{_head(document)}{notes([problem] if problem else [])}"
        f'<p class="sf-step">{up}</p><div class="sf-text" dir="auto">{paragraphs}</div>'
        f'<p class="sf-step">{down}</p>'
    )
    return frame(content, "sf-quotation")


def _head(document: SourceDocument) -> str:
    who = ", ".join(part for part in (document.creator, written_date(document.date)) if part)
    return (
        f'<header class="sf-document"><h2 dir="auto">{escape(document.title)}</h2>'
        f'<p class="sf-meta" dir="auto">{escape(who)} · {escape(document.collection.title)}</p>'
        "</header>"
    )


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
    picture = base64.b64encode(page.image).decode("ascii")
    marks = "".join(_mark(box, first=not number) for number, box in enumerate(page.marks))
    spoken = escape(f"{document.title}, {page.label}; its text is below")
    text = f'<p class="sf-page-text" dir="auto">{escape(page.text)}</p>'
    content = (
        f"{render_back(back)}{_head(document)}{notes([page.note] if page.note else [])}"
        f'<p class="sf-step">{" ".join(steps)}</p>'
        f'<figure id="sf-page" class="sf-page" tabindex="-1" '
        f'style="aspect-ratio:{page.width}/{page.height}">'
        f'<img src="data:image/webp;base64,{picture}" width="{page.width}" '
        f'height="{page.height}" alt="{spoken}">'
        f"{marks}</figure>"
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
