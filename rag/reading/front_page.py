"""What a document's first page proposes as its title and date, for a person to correct."""

from __future__ import annotations

import re
from pathlib import Path

from rag.datatypes import SourceDocument
from rag.ingest.dates import stretch_of
from rag.ingest.names import file_title
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.language import times

FRONT_CHARS = 1500
"""How much of a document is looked at: a title page, or the head of a letter."""
TITLE_CHARS = 150
_LINES = 8
"""Lines among which a title begins."""

_SALUTATION = re.compile(r"(?:my )?(?:dear|dearest|sir|gentlemen|madam|messrs)\b", re.IGNORECASE)


def propose(document: SourceDocument) -> dict[str, str]:
    """Return a "title" where the document has none but its file's name, and a "date" (ISO 8601)
    where it has none, as its first page has them; neither where nothing there looks like one."""
    front = document.text.split(PAGE_BREAK, 1)[0][:FRONT_CHARS]
    found = {}
    if document.title == file_title(Path(document.origin)) and (title := _title(front)):
        found["title"] = title
    if document.date is None and (date := _date(front)):
        found["date"] = date
    return found


def _title(front: str) -> str:
    """Return the first line that reads as a heading, with the lines that go on in capitals.

    >>> _title("14\\n\\nTHE TREATY\\nOF ZENDA\\n\\nSigned on 9 May 1891.\\n")
    'THE TREATY OF ZENDA'
    """
    lines = [line for line in map(str.strip, front.splitlines()) if line]
    for number, line in enumerate(lines[:_LINES]):
        goes_on = lines[number + 1 : number + 2] and lines[number + 1][0].islower()
        if goes_on or not _is_heading(line):
            continue
        more = []
        for other in lines[number + 1 : number + 3]:
            if not (line.isupper() and other.isupper() and _is_heading(other)):
                break
            more.append(other)
        return " ".join([line, *more])[:TITLE_CHARS]
    return ""


def _is_heading(line: str) -> bool:
    words = re.findall(r"[^\W\d_]+", line)
    if len(words) < 2 or len(line) > TITLE_CHARS or not line[0].isalnum() or line[0].islower():
        return False
    dated = "".join(time.span.of(line) for time in times(line))
    return line[-1] not in ".,;:-" and not _SALUTATION.match(line) and 2 * len(dated) < len(line)


def _date(front: str) -> str:
    """Return the first day that is named, else the first month, else a year that has its line to
    itself, as in an imprint."""
    named = [(stretch_of(time.first, time.last) or "", time.span) for time in times(front)]
    lines = {line.strip() for line in front.splitlines()}
    for characters in (len("1891-05-09"), len("1891-05"), len("1891")):
        for date, span in named:
            if len(date) == characters and (characters > 4 or span.of(front) in lines):
                return date
    return ""
