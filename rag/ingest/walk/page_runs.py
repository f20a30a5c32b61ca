"""Folders that hold one work as a text file for each page, as HathiTrust and the Internet
Archive hand them out: their pages become one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rag.errors import UnreadableSource
from rag.ingest.names import printable
from rag.ingest.shared.decoding import decode
from rag.ingest.shared.page_text import PAGE_BREAK
from rag.ingest.shared.records import record_fields

MIN_PAGES = 3
RECORDS = re.compile(r"(?:.*[._-])?(?:mets|mods|dc|marc|meta)\.xml", re.IGNORECASE)
"""Files beside the pages that say what the work is."""

_PAGE = re.compile(r"(?P<stem>(?:.*\D)?)(?P<number>\d+)\.txt", re.IGNORECASE)
_STEM = re.compile(
    r"(?:.*[\W_])?(?:p|pg|page|pages|img|image|seq|scan|leaf|fol|folio|f|n)[\W_]*|", re.IGNORECASE
)
_LONG_NUMBER = 5
"""Figures in a number that no letter of a correspondence is filed under."""

_MAX_GAPS = 0.2


def page_run(names: Iterable[str], folder: str = "") -> list[str]:
    """Return the names, in order, of the text files that are the pages of one work; [] where
    they are works of their own.

    They count on in one pattern, and the pattern is one of pages: "00000012.txt",
    "page_12.txt", or the folder's own name before the number.

    >>> page_run(["00000002.txt", "00000001.txt", "00000003.txt", "00000003.xml"])
    ['00000001.txt', '00000002.txt', '00000003.txt']
    >>> page_run(["letter1.txt", "letter2.txt", "letter3.txt"])
    []
    """
    texts = [name for name in names if name.lower().endswith(".txt")]
    found = [(match, name) for name in texts if (match := _PAGE.fullmatch(name))]
    if len(found) < MIN_PAGES or len(found) < len(texts):
        return []
    stems = {match["stem"] for match, _ in found}
    numbers = sorted(int(match["number"]) for match, _ in found)
    gaps = numbers[-1] - numbers[0] + 1 - len(numbers)
    if len(stems) != 1 or len(set(numbers)) < len(numbers) or gaps > _MAX_GAPS * len(numbers):
        return []
    stem = stems.pop()
    long = all(len(match["number"]) >= _LONG_NUMBER for match, _ in found)
    own = bool(folder) and stem.strip("_-. ").casefold() == folder.casefold()
    named = bool(stem) and _STEM.fullmatch(stem) is not None
    if not (own or named or (long and not stem) or (long and stem.endswith(("_", "-")))):
        return []
    return [name for _, name in sorted((int(match["number"]), name) for match, name in found)]


def is_of_page(name: str, run: Sequence[str]) -> bool:
    """Return whether a file belongs to a page of a work, or says what the work is: a picture or
    the places of the words on it."""
    stem = Path(name).stem
    return RECORDS.fullmatch(name) is not None or any(Path(page).stem == stem for page in run)


def write_work(
    target: Path, pages: Sequence[Path], records: Mapping[str, bytes]
) -> tuple[Path, ...]:
    """Write the pages into `target` as one text, and return the sidecars made for it from what
    describes the work. Raises `UnreadableSource` for a page that is not text."""
    texts = [decode(page.read_bytes(), page).strip("\r\n\f") for page in pages]
    target.write_bytes(PAGE_BREAK.join(texts).encode("utf-8", "surrogatepass"))
    fields: dict[str, str] = {}
    for raw in records.values():
        try:
            fields = {**record_fields(raw), **fields}
        except UnreadableSource:
            continue
    if not fields:
        return ()
    import yaml

    beside = target.with_suffix(".yaml")
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
    beside.write_text(text, encoding="utf-8")
    return (beside,)


def work_name(name: str) -> str:
    """Return a file name for the work that a folder or zip file of this name holds."""
    return f"{printable(name)[:100] or 'pages'}.txt"
