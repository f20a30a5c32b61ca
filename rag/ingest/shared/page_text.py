"""Pages put together to one text, with running heads and footnotes behind it."""

from __future__ import annotations

from collections.abc import Sequence

from rag.datatypes import Locator, Span
from rag.ingest.shared.page_lines import printed_numbers, running_lines, tidy_page

PAGE_BREAK = "\n\f\n"


def page_labels(pages: Sequence[str], counted: str) -> list[str]:
    """Return how pages are cited: by the numbers that they carry, else counted, which
    `counted` says ("image": "image 4")."""
    return [
        f"p. {number}" if number else f"{counted} {n}"
        for n, number in enumerate(printed_numbers(list(pages)), start=1)
    ]


def put_together(
    pages: Sequence[str],
    labels: Sequence[str],
    notes: Sequence[Sequence[str]] = (),
    fields: Sequence[Sequence[str]] = (),
) -> tuple[str, tuple[Locator, ...], tuple[Span, ...]]:
    """Return the pages as one text, the places in it, and what of it is no evidence.

    `labels`: of the pages; `notes`: their footnotes; `fields`: what is filled in on them.

    Running heads and footnotes stand behind the last page, so that a sentence goes on from
    one page to the next.
    """
    notes, fields = notes or [[]] * len(pages), fields or [[]] * len(pages)
    bodies: list[str] = []
    aside: list[list[str]] = []
    for page, lines, own, filled in zip(
        pages, running_lines(list(pages)), notes, fields, strict=True
    ):
        body = page
        for line in reversed(lines):
            body = body[: line.start] + body[line.end :]
        bodies.append("\n\n".join(part for part in (tidy_page(body), "\n".join(filled)) if part))
        aside.append([*(line.of(page) for line in lines), *own])
    text = PAGE_BREAK.join(bodies)
    places: list[Locator] = []
    at = 0
    for body, label in zip(bodies, labels, strict=True):
        end = min(at + len(body) + len(PAGE_BREAK), len(text))
        if at < end:
            places.append(Locator(Span(at, end), label))
        at = end
    first = len(text)
    for lines_aside, label in zip(aside, labels, strict=True):
        if lines_aside:
            part = "\n\n" + "\n\n".join(lines_aside)
            places.append(Locator(Span(len(text), len(text) + len(part)), label))
            text += part
    return text, tuple(places), (Span(first, len(text)),) if first < len(text) else ()
