"""The words and forms in which every interface shows a result: page, command line, dossier."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from rag.datatypes import SPEAKER, ClaimForm, Finding, Kind, Reason, Relation, Verdict
from rag.language import MONTHS

VERDICT_WORDS: dict[Verdict, str] = {
    "supported": "Passages that support this",
    "contradicted": "Passages that contradict this",
    "mixed": "Passages on both sides: some support this, some contradict it",
    "related": "Passages that bear on this; whether they support it is for you to judge",
    "not found": "Nothing in this corpus bears on it",
}

ASKED_WORDS: dict[ClaimForm, str] = {
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
    """Return an ISO date, possibly shortened, written out; other text is left as it is.

    >>> written_date("1823-12-02")
    '2 December 1823'
    >>> written_date("1964-11"), written_date("1964"), written_date(None)
    ('November 1964', '1964', 'undated')
    """
    if not date:
        return "undated"
    match = _DATE.fullmatch(date)
    if not match or not 1 <= int(match[2] or 1) <= 12:
        return date
    year, month, day = match.groups()
    words = [str(int(day))] if day else []
    words += [MONTHS[int(month) - 1]] if month else []
    return " ".join([*words, year])


def verdict_words(finding: Finding) -> str:
    """Return what the sources have on a claim, a question or a topic, in words."""
    if finding.evidence and finding.claim.form in ASKED_WORDS:
        return ASKED_WORDS[finding.claim.form]
    return VERDICT_WORDS[finding.verdict]


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "sentence", "sentences"), counted(1200, "sentence", "sentences")
    ('1 sentence', '1,200 sentences')
    """
    return f"{number:,} {one if number == 1 else many}"


def scanned_words(confidence: float) -> str:
    """Return that a text was read by OCR, and how sure of it that was, 0 to 1.

    >>> scanned_words(0.9)
    'scanned text, read by machine (it rates itself 90% sure)'
    """
    return f"scanned text, read by machine (it rates itself {confidence:.0%} sure)"


MOST_UNSAID = 2
"""Things named that a passage does not say; more are for whoever reads the passage."""

LIKELY = 0.5
"""Below this probability a passage is more likely not about what the claim is about."""


def stands(relation: Relation, reasons: Sequence[Reason], bearing: float) -> str:
    """Return in one plain sentence how a quotation stands to a claim. `bearing`: how likely it is
    about the same thing, 0 to 1.

    >>> spoke = Reason("name", "Reagan", "(whose words these are)", True)
    >>> stands("context", [spoke, Reason("number", "12", "", False)], 0.9)
    'Same speaker; the passage does not say “12”.'
    >>> stands("contradicts", [Reason("date", "1832", "1823", False)], 0.9)
    'The passage says otherwise: the claim has “1832”, the passage “1823”.'
    >>> stands("context", [], 0.9), stands("context", [], 0.3)
    ('On the same subject.', 'Possibly on the same subject.')
    """
    differs = differences(reasons)
    shared = _shared(reasons)
    if relation == "contradicts":
        why = "; ".join(differs[:MOST_UNSAID])
        return f"The passage says otherwise{f': {why}' if why else ''}."
    if relation == "supports":
        same = f": the same {_listed(shared)}" if shared else ""
        return f"The passage says this{same}."
    subject = "On the same subject" if bearing >= LIKELY else "Possibly on the same subject"
    same = f"Same {_listed(shared)}" if shared else subject
    unsaid = [*_unsaid(reasons), *differs][: MOST_UNSAID + 1]
    return f"{'; '.join([same, *unsaid])}."


def differences(reasons: Sequence[Reason]) -> list[str]:
    """Return in what the claim and the passage truly differ: numbers and dates that both have.

    >>> differences([Reason("number", "12", "20", False), Reason("number", "3", "", False)])
    ['the claim has “12”, the passage “20”']
    """
    return [
        f"the claim has “{reason.claim}”, {_told(reason.source)}"
        for reason in reasons
        if not reason.agrees and reason.claim and reason.source
    ]


def _told(source: str) -> str:
    """Return what a passage says otherwise; an ISO date is its own."""
    own = "-" in source and _DATE.fullmatch(source)
    return f"the passage is dated {written_date(source)}" if own else f"the passage “{source}”"


def _shared(reasons: Sequence[Reason]) -> list[str]:
    agreed = [reason for reason in reasons if reason.agrees]
    speaks = [reason for reason in agreed if reason.source == SPEAKER]
    others = [reason.aspect for reason in agreed if reason.source != SPEAKER]
    counted_kinds = Counter(others)
    kinds = [kind if number == 1 else f"{kind}s" for kind, number in counted_kinds.items()]
    return [*(["speaker"] if speaks else []), *kinds]


def _unsaid(reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield what a passage leaves open of a claim."""
    silent = dict.fromkeys(r.claim for r in reasons if not r.agrees and not r.source)
    named = [f"“{part}”" for part in silent][:MOST_UNSAID]
    if named:
        yield f"the passage does not say {_listed(named, 'or')}"


def _listed(items: Sequence[str], last_word: str = "and") -> str:
    *first, last = items
    return f"{', '.join(first)} {last_word} {last}" if first else last
