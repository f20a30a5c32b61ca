"""The words and forms in which every interface shows a result: page, command line, dossier.

Among them a document's citation, made of its fields where it is shown.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from rag.datatypes import (
    EBOOK,
    SPEAKER,
    ClaimForm,
    Finding,
    Kind,
    Publication,
    Reason,
    Relation,
    SourceDocument,
    Span,
    Verdict,
)
from rag.language import MONTHS, natural_order

VERDICT_WORDS: dict[Verdict, str] = {
    "supported": "Passages that support this",
    "contradicted": "Passages that contradict this",
    "mixed": "Passages on both sides: some support this, some contradict it",
    "related": "Passages that bear on this; whether they support it is for you to judge",
    "not found": "Nothing in this corpus bears on it",
}

_POSSIBLY = "Passages possibly on this subject; whether any bears on it is for you to judge"
"""What the sources have where no passage is surely on a claim's subject."""

COUNT_WORDS: dict[Verdict, str] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "mixed": "disputed",
    "related": "for you to judge",
    "not found": "not found",
}
"""How claims of a verdict are counted: “3 not found”."""

_ASKED_WORDS: dict[ClaimForm, str] = {
    "question": "Passages that may answer this; read them yourself",
    "topic": "Passages on this",
}

RELATION_WORDS: dict[Relation, str] = {
    "supports": "Supports this",
    "contradicts": "Contradicts this",
    "context": "Bears on this",
}

KIND_WORDS: dict[Kind, str] = {
    "primary": "primary source",
    "memoir": "memoir, written later",
    "editorial": "editor’s words",
    "secondary": "later work",
    "unknown": "kind of source not stated",
}

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_MONTHS = {f"{at:02}": name for at, name in enumerate(MONTHS, 1)} | {
    f"{at}": name for at, name in enumerate(("spring", "summer", "autumn", "winter"), 21)
}
_EDTF = re.compile(
    rf"(?P<year>\d{{4}})(?:-(?P<month>{'|'.join(_MONTHS)})(?:-(?P<day>\d{{2}}))?)?(?P<mark>[?~%]?)"
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def legible(text: str) -> str:
    """Return `text` with U+FFFD for control characters and lone surrogates, which nothing
    can show and no file can hold.

    >>> legible("a\\x00b")
    'a\ufffdb'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def escape(text: str) -> str:
    """Return `text`, made legible, for use between HTML tags or in a quoted attribute.

    >>> escape('<b> "x" & y')
    '&lt;b&gt; &quot;x&quot; &amp; y'
    """
    return html.escape(legible(text), quote=True)


def safe_url(url: str | None) -> str | None:
    """Return `url` where it is a plain web address, None for anything else.

    >>> safe_url("https://example.org/a")
    'https://example.org/a'
    >>> safe_url("javascript:alert(1)") is None
    True
    """
    if url is None or _UNPRINTABLE.search(url) or any(c.isspace() for c in url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # one that is no number, or too large, is found only when it is asked for
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def clock(seconds: float) -> str:
    """Return a time in a recording as players show it.

    >>> clock(65), clock(3726.5)
    ('1:05', '1:02:06')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def written_date(date: str | None) -> str:
    """Return a date as it is kept (EDTF) in words; other text is left as it is.

    >>> written_date("1823-12-02"), written_date("1964-11"), written_date(None)
    ('2 December 1823', 'November 1964', 'undated')
    >>> written_date("1778-01~"), written_date("1815?"), written_date("1949-22")
    ('about January 1778', '1815?', 'summer 1949')
    >>> written_date("1964/.."), written_date("1960~/1969~"), written_date("1848-03/1848-05")
    ('1964 or later', 'about 1960–1969', 'March–May 1848')
    """
    if not date:
        return "undated"
    first, slash, last = date.partition("/")
    begin, end = _EDTF.fullmatch(first), _EDTF.fullmatch(last)
    if begin is None or (slash and last not in {"", ".."} and end is None):
        return date
    if end is None:
        return f"{_date_words(begin)}{' or later' if slash else ''}"
    if begin["mark"] != end["mark"]:
        return f"{_date_words(begin)} to {_date_words(end)}"
    # What both have, said once: "5–9 March 1848".
    shared = 0
    while shared < 2 and begin[shared + 1] == end[shared + 1] and begin[shared + 2]:
        shared += 1
    begun = _plain_words(begin, shared)
    dash = " to " if " " in begun else "–"
    return _marked(f"{begun}{dash}{_plain_words(end)}", end["mark"])


def _date_words(date: re.Match[str]) -> str:
    return _marked(_plain_words(date), date["mark"])


def _plain_words(date: re.Match[str], without: int = 0) -> str:
    """Return a date in words, without the year, or the year and the month."""
    year, month, day, _ = date.groups()
    words = [year, _MONTHS[month] if month else "", str(int(day)) if day else ""]
    return " ".join(word for word in reversed(words[without:]) if word)


def _marked(words: str, mark: str) -> str:
    about = "about " if mark in {"~", "%"} else ""
    return f"{about}{words}{'?' if mark in {'?', '%'} else ''}"


def verdict_words(finding: Finding) -> str:
    """Return what the sources have on a claim, a question or a topic, in words."""
    if finding.evidence and finding.claim.form in _ASKED_WORDS:
        return _ASKED_WORDS[finding.claim.form]
    if finding.verdict == "related" and all(i.bearing < _LIKELY for i in finding.evidence):
        return _POSSIBLY
    return VERDICT_WORDS[finding.verdict]


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "sentence", "sentences"), counted(1200, "sentence", "sentences")
    ('1 sentence', '1,200 sentences')
    """
    return f"{number:,} {one if number == 1 else many}"


BADLY_READ = 0.9
"""Below this one word in ten or more is no word, and others are misread that are."""


def scanned_words(confidence: float) -> str:
    """Return that a text was read by OCR, and how well, 0 to 1.

    >>> scanned_words(0.97)
    'scanned text, read by machine'
    >>> scanned_words(0.7)
    'scanned text, badly read by machine, with words wrong or missing'
    """
    badly = confidence < BADLY_READ
    return (
        f"scanned text, {'badly ' * badly}read by machine{', with words wrong or missing' * badly}"
    )


_MOST_NAMED = 2
"""Things of one kind that are named; more are for whoever reads the passage."""

_LIKELY = 0.75
"""From this probability on 93 of 100 results of development claims were on the claim's subject,
however few words they shared; of those from .5 to .6 it was 60."""


def stands(
    relation: Relation, reasons: Sequence[Reason], bearing: float, on_point: bool = False
) -> str:
    """Return in one plain sentence how a quotation stands to a claim. `bearing`: how likely it is
    about the same thing, 0 to 1; `on_point`: whether it likely says the claim or the contrary.

    >>> spoke = Reason("name", "Reagan", "(whose words these are)", True)
    >>> stands("context", [spoke, Reason("number", "12", "", False)], 0.9)
    'Same speaker, on the same subject; the passage does not say “12”.'
    >>> cuba, year = Reason("name", "Cuba", "Cuba", True), Reason("date", "1961", "", False)
    >>> stands("context", [cuba, year], 0.9)
    'The passage has “Cuba” but not “1961”.'
    >>> stands("contradicts", [Reason("date", "1832", "1823", False)], 0.9)
    'The passage says otherwise: the claim has “1832”, the passage “1823”.'
    >>> stands("context", [Reason("proposed", "", "I recommend", False)], 0.9)
    'On the same subject; proposed here, not reported as done.'
    >>> stands("context", [Reason("wording", "", "critics say", False)], 0.9)
    'On the same subject; reported here as what others say (“critics say”).'
    >>> stands("context", [], 0.9), stands("context", [], 0.6)
    ('On the same subject.', 'Possibly on the same subject.')
    >>> stands("context", [], 0.9, on_point=True)
    'On this very point; read it to see whether it agrees.'
    >>> stands("context", [spoke, Reason("number", "12", "20", False)], 0.9, on_point=True)
    'Same speaker, on this very point; the claim has “12”, the passage “20”.'
    """
    differs = differences(reasons)
    shared = _shared(reasons)
    if relation == "contradicts":
        why = "; ".join(differs[:_MOST_NAMED])
        return f"The passage says otherwise{f': {why}' if why else ''}."
    if relation == "supports":
        alike = f", with the same {_listed(shared)}" if shared else ""
        return f"The passage says this{alike}."
    unnamed = not shared and any(r.aspect == "name" and not r.source for r in reasons)
    is_same = bearing >= _LIKELY and not unnamed
    subject = "on the same subject" if is_same else "possibly on the same subject"
    subject = "on this very point" if on_point else subject
    said = [*_said(reasons), *differs[:_MOST_NAMED]]
    is_proposed = any(reason.aspect == "proposed" for reason in reasons)
    if "speaker" in shared:
        opening = [f"same speaker, {subject}"]
    else:
        opening = [] if shared and said and not on_point else [subject]
    draft = ["proposed here, not reported as done"] if is_proposed else []
    draft += [f"reported here as what others say (“{view}”)" for view in _views(reasons)[:1]]
    if on_point and not draft and not differs:
        draft = ["read it to see whether it agrees"]
    whole = "; ".join([*opening, *said, *draft])
    return f"{whole[0].upper()}{whole[1:]}."


def _views(reasons: Sequence[Reason]) -> list[str]:
    """Return the words by which a passage says that it only tells what others say."""
    return [r.source for r in reasons if r.aspect == "wording" and not r.claim and not r.agrees]


def differences(reasons: Sequence[Reason]) -> list[str]:
    """Return in what the claim and the passage truly differ: numbers and dates that both have.

    >>> differences([Reason("number", "12", "20", False), Reason("number", "3", "", False)])
    ['the claim has “12”, the passage “20”']
    """
    return [
        _difference(reason)
        for reason in reasons
        if not reason.agrees and reason.claim and reason.source
    ]


def _difference(reason: Reason) -> str:
    """Return what differs, in words. An ISO date is that of the passage, a name its author's."""
    if reason.aspect == "name":
        return f"the claim names “{reason.claim}”, but the words are by {reason.source}"
    if "-" in reason.source and _DATE.fullmatch(reason.source):
        dated = written_date(reason.source)
        return f"the claim has “{reason.claim}”, but the passage is dated {dated}"
    return f"the claim has “{reason.claim}”, the passage “{reason.source}”"


def _shared(reasons: Sequence[Reason]) -> list[str]:
    agreed = [reason for reason in reasons if reason.agrees]
    speaks = [reason for reason in agreed if reason.source == SPEAKER]
    others = [reason.aspect for reason in agreed if reason.source != SPEAKER]
    counted_kinds = Counter(others)
    kinds = [kind if number == 1 else f"{kind}s" for kind, number in counted_kinds.items()]
    return [*(["speaker"] if speaks else []), *kinds]


def _said(reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield what a passage has of a claim, in a word or two, and what it leaves open."""
    has = _quoted_few(r.source for r in reasons if r.agrees and _stands_there(r))
    lacks = _quoted_few(r.claim for r in reasons if not r.agrees and not r.source)
    if has:
        but = f" but not {_listed(lacks, 'or')}" if lacks else ""
        yield f"the passage has {_listed(has)}{but}"
    elif lacks:
        yield f"the passage does not say {_listed(lacks, 'or')}"


def _stands_there(reason: Reason) -> bool:
    """Return whether what agrees is words of the passage, and not its author, heading or date."""
    if reason.aspect == "name":
        return reason.source == reason.claim
    return bool(reason.source) and not ("-" in reason.source and _DATE.fullmatch(reason.source))


def _quoted_few(parts: Iterable[str]) -> list[str]:
    return [f"“{part}”" for part in dict.fromkeys(parts)][:_MOST_NAMED]


def _listed(items: Sequence[str], last_word: str = "and") -> str:
    *first, last = items
    return f"{', '.join(first)} {last_word} {last}" if first else last


def cited(document: SourceDocument, span: Span | None = None) -> str:
    """Return the citation of a document, or of a stretch of it, with a warning where OCR read it.

    What a person wrote as the citation comes before what is made of the fields; where readers add
    documents, it says who described this one.
    """
    by = document.publication.described_by
    whole = document.citation or _MADE.get(document.publication.type, _plain)(document)
    if span is None:
        return located(whole, "", ocr=document.ocr_confidence, described_by=by)
    return located(whole, document.locate(span), ocr=document.ocr_at(span), described_by=by)


def located(
    citation: str, locator: str, *, ocr: float | None = None, described_by: str = ""
) -> str:
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


def warned(*, ocr: float | None = None, described_by: str = "") -> str:
    """Return what to know of a source before it is trusted, each warning in brackets. `ocr`: how
    well OCR read it, None where a person wrote it.

    >>> warned(ocr=0.97)
    '[text read by OCR; check against the image]'
    >>> warned(ocr=0.7)
    '[text badly read by OCR; check against the image]'
    """
    read = "" if ocr is None else "badly read" if ocr < BADLY_READ else "read"
    warnings = [f"[text {read} by OCR; check against the image]"] if read else []
    warnings += [f"[described by {described_by}, not by an archive]"] if described_by else []
    return " ".join(warnings)


def creators(creator: str | None) -> str:
    """Return who wrote something, each name as it is said; "" where nobody is known.

    >>> creators("Hamilton, Stanislaus Murray and Ann One"), creators(None)
    ('Stanislaus Murray Hamilton and Ann One', '')
    """
    return " and ".join(map(natural_order, (creator or "").split(" and ")))


def _named(document: SourceDocument, title: str = "") -> str:
    return ", ".join(part for part in (creators(document.creator), title or document.title) if part)


def _quoted(title: str) -> str:
    """Return a title in quotation marks; its own become single ones."""
    return f"“{title.replace('“', '‘').replace('”', '’')},”"


def _online(document: SourceDocument) -> str:
    """As the American Presidency Project asks for."""
    at = document.publication
    said = f"{_named(document, _quoted(at.title or document.title))} {_day(document.date)}"
    by = f"online by {_in_a_row(at.editors)}" if at.editors else ""
    return ", ".join(part for part in (said.rstrip(), by, at.container, document.url) if part)


def _in_volume(document: SourceDocument) -> str:
    """As the Office of the Historian asks for."""
    at = document.publication
    if not at.number:
        return _plain(document)
    imprint = _imprint(at.place, at.publisher, at.published)
    return f"{at.container}{_edited(at)}{imprint}, Document {at.number}"


def _plain(document: SourceDocument) -> str:
    at = document.publication
    written = written_date(document.date) if at.published and document.date else ""
    if at.container:
        title = _quoted(at.title or document.title)
        within = f"{written}, {at.container}" if written else at.container
        issued = at.published or document.date or ""
        imprint = _imprint(at.place, at.publisher, issued)
        return f"{_named(document, title)} {within}{_part(at)}{_edited(at)}{imprint}"
    issued = at.published
    if not issued and document.date and (at.place or (at.publisher and at.type != "book")):
        issued = document.date  # a library's book is of another year than its file
    of_library = at.number.startswith(EBOOK)
    publisher = f"{at.publisher} {at.number}".strip() if of_library else at.publisher
    imprint = _imprint(at.place, publisher, issued)
    part = _part(replace(at, number="") if of_library else at)
    said = f"{_named(document)}{f', {written}' if written else ''}{part}{_edited(at)}"
    file = f" (file {at.archive_location})" if at.archive_location and not imprint else ""
    address = f", {document.url}" if document.url and imprint else ""
    return f"{said}{imprint}{file}{address}"


def _part(at: Publication) -> str:
    """Return the volume, issue and number, as they follow a title."""
    volume = (
        f" {at.volume}" if at.type.startswith("article-") or at.issue else f", vol. {at.volume}"
    )
    issue = f", no. {at.issue}" if at.issue else ""
    number = f", {at.number}" if at.number else ""
    return f"{volume if at.volume else ''}{issue}{number}"


def _edited(at: Publication) -> str:
    word = "ed." if len(at.editors) == 1 else "eds."
    return f", {word} {_in_a_row(at.editors)}" if at.editors else ""


def _imprint(place: str, publisher: str, issued: str) -> str:
    """Return where, by whom and when something was published, in brackets; "" without any."""
    by = ": ".join(part for part in (place, publisher) if part)
    whole = ", ".join(part for part in (by, written_date(issued) if issued else "") if part)
    return f" ({whole})" if whole else ""


def _in_a_row(names: Sequence[str]) -> str:
    """Return names in a row.

    >>> _in_a_row(["A. One", "B. Two", "C. Three"])
    'A. One, B. Two, and C. Three'
    """
    *others, last = map(natural_order, names)
    if len(others) < 2:
        return " and ".join([*others, last])
    return f"{', '.join(others)}, and {last}"


def _day(date: str | None) -> str:
    """Return a day as Americans write it, anything else as `written_date` does."""
    year, _, rest = (date or "").partition("-")
    month, _, day = rest.partition("-")
    if year.isdigit() and month.isdigit() and day.isdigit():
        return f"{MONTHS[int(month) - 1]} {int(day)}, {year}"
    return written_date(date) if date else ""


_MADE: dict[str, Callable[[SourceDocument], str]] = {"webpage": _online, "chapter": _in_volume}
"""How a type of item is cited, where it has a form of its own."""
