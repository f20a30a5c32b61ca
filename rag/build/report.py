"""What a build did, as text for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from rag.datatypes import BuildReport

LISTED = 20
"""Lines of a list that are printed; JSON has all of them."""


def report_text(report: BuildReport) -> str:
    """Return the report: what there is, what changed, what it took, and what to look at."""
    return "\n".join(_lines(report))


def _lines(report: BuildReport) -> Iterator[str]:
    has = f"{_many(report.documents, 'document')}, {_many(report.passages, 'passage')}"
    yield f"Index {report.index}: {has}, {report.bytes_on_disk / 1e6:,.0f} MB."
    pages = f" with {_many(report.pages, 'page')}" if report.pages else ""
    if report.ocr_pages:
        pages += f", {report.ocr_pages:,} of them read by OCR"
    files = f"From {_many(report.files, 'file')}{pages}"
    if report.unchanged:
        yield f"{files}. Nothing has changed since the last build; nothing had to be done."
    else:
        yield f"{files}. {_many(report.files_read, 'file')} had to be read in this build."
        yield (
            f"Added {len(report.added):,}, changed {len(report.changed):,}, removed "
            f"{_many(len(report.removed), 'document')}; embedded "
            f"{_many(report.embedded, 'passage')}."
        )
    took = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items())
    yield f"Time: {sum(report.seconds.values()):.1f} s ({took})."
    yield from _list("Left out", (f"{s.path}: {s.reason}" for s in report.skipped))
    yield from _list("Moved, and still the same documents", (" -> ".join(m) for m in report.moved))
    copies = (f"{c.path}: {_many(c.documents, 'document')}, as {c.same_as}" for c in report.copies)
    yield from _list("The same as another file, so indexed once", copies)
    yield from _list("Nearly the same", (", ".join(group) for group in report.near_duplicates))
    yield from _list("Notes", report.notes)


def _list(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a title and an indented list, nothing where there is nothing to list."""
    rest = list(lines)
    if rest:
        yield f"{title} ({len(rest):,}):"
        yield from (f"  {line}" for line in islice(rest, LISTED))
        if len(rest) > LISTED:
            yield f"  and {len(rest) - LISTED:,} more (--json prints all)"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
