"""The words and forms in which every interface shows a result: page, command line, dossier."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from rag.datatypes import Kind, Reason, Relation, Verdict
from rag.language import MONTHS

VERDICT_WORDS: dict[Verdict, str] = {
    "supported": "Passages that support this",
    "contradicted": "Passages that contradict this",
    "mixed": "Passages on both sides: some support this, some contradict it",
    "related": "Passages that bear on this; whether they support it is for you to judge",
    "not found": "Nothing in this corpus bears on it",
}

RELATION_WORDS: dict[Relation, str] = {
    "supports": "Supports the claim",
    "contradicts": "Contradicts the claim",
    "context": "Bears on the claim",
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

    >>> legible("a\x00b")
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
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


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


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "sentence", "sentences"), counted(1200, "sentence", "sentences")
    ('1 sentence', '1,200 sentences')
    """
    return f"{number:,} {one if number == 1 else many}"


def reason_words(reason: Reason) -> str:
    """Return a reason in words.

    >>> reason_words(Reason("date", "1832", "1823", False))
    'date: the claim has “1832”, the source has “1823”'
    """
    claim = f"the claim has “{reason.claim}”" if reason.claim else "the claim says nothing of it"
    source = f"the source has “{reason.source}”" if reason.source else "the source does not say"
    return f"{reason.aspect}: {claim}, {source}"
