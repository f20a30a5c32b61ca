"""A document's citation in words, made of its fields where it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.datatypes import SourceDocument
from rag.language import MONTHS
from rag.wording import written_date


def cited(document: SourceDocument, locator: str = "") -> str:
    """Return a document's citation, with the place in it and a warning where its text is OCR's.

    What a person wrote as the citation comes before what is made of the fields; where readers add
    documents, it says who described this one.
    """
    by = document.publication.described_by
    whole = document.citation or _MADE.get(document.publication.type, _plain)(document)
    return located(whole, locator, ocr=document.ocr_confidence is not None, described_by=by)


def located(citation: str, locator: str, *, ocr: bool = False, described_by: str = "") -> str:
    """Return a citation with the place in the document, and what to know of OCR text and of a
    reader's description.

    >>> located("J. Monroe, Annual Message, 1823.", "paragraph 48")
    'J. Monroe, Annual Message, 1823, paragraph 48.'
    """
    warning = warned(ocr=ocr, described_by=described_by)
    if not locator and not warning:
        return citation
    parts = [citation.rstrip().rstrip("."), locator]
    whole = ", ".join(part for part in parts if part)
    return " ".join(part for part in (whole, warning) if part) + "."


def warned(*, ocr: bool = False, described_by: str = "") -> str:
    """Return what to know of a source before it is trusted, each warning in brackets."""
    warnings = ["[text read by OCR; check against the image]"] if ocr else []
    warnings += [f"[described by {described_by}, not by an archive]"] if described_by else []
    return " ".join(warnings)


def _named(document: SourceDocument, title: str = "") -> str:
    return ", ".join(part for part in (document.creator, title or document.title) if part)


def _quoted(title: str) -> str:
    """Return a title in quotation marks; its own become single ones."""
    return f"“{title.replace('“', '‘').replace('”', '’')},”"


def _online(document: SourceDocument) -> str:
    """As the American Presidency Project asks for."""
    at = document.publication
    said = f"{_named(document, _quoted(at.title or document.title))} {_day(document.date)}"
    by = f"online by {_listed(at.editors)}" if at.editors else ""
    return ", ".join(part for part in (said.rstrip(), by, at.container, document.url) if part)


def _in_volume(document: SourceDocument) -> str:
    """As the Office of the Historian asks for."""
    at = document.publication
    if not at.number:
        return _plain(document)
    by = (
        f", {'ed.' if len(at.editors) == 1 else 'eds.'} {_listed(at.editors)}" if at.editors else ""
    )
    return (
        f"{at.container}{by}{_imprint(at.place, at.publisher, at.published)}, Document {at.number}"
    )


def _plain(document: SourceDocument) -> str:
    at = document.publication
    if at.container:
        numbered = f"{at.volume}{f', no. {at.issue}' if at.issue else ''}".strip(", ")
        within = f" {at.container} {numbered}".rstrip()
        imprint = _imprint("", "", at.published or document.date or "")
        return f"{_named(document, _quoted(at.title or document.title))}{within}{imprint}"
    library = f"{at.publisher} eBook {at.number}" if at.number and at.publisher else at.publisher
    imprint = _imprint(at.place, library, at.published)
    file = f" (file {at.archive_location})" if at.archive_location and not imprint else ""
    address = f", {document.url}" if document.url and imprint else ""
    return f"{_named(document)}{imprint}{file}{address}"


def _imprint(place: str, publisher: str, issued: str) -> str:
    """Return where, by whom and when something was published, in brackets; "" without any."""
    by = ": ".join(part for part in (place, publisher) if part)
    whole = ", ".join(part for part in (by, issued) if part)
    return f" ({whole})" if whole else ""


def _listed(names: Sequence[str]) -> str:
    """Return names in a row.

    >>> _listed(["A. One", "B. Two", "C. Three"])
    'A. One, B. Two, and C. Three'
    """
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"


def _day(date: str | None) -> str:
    """Return a day as Americans write it, anything else as `written_date` does."""
    year, _, rest = (date or "").partition("-")
    month, _, day = rest.partition("-")
    if year.isdigit() and month.isdigit() and day.isdigit():
        return f"{MONTHS[int(month) - 1]} {int(day)}, {year}"
    return written_date(date) if date else ""


_MADE: dict[str, Callable[[SourceDocument], str]] = {"webpage": _online, "chapter": _in_volume}
"""How a type of item is cited, where it has a form of its own."""
