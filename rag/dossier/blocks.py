"""The parts of a dossier before it is in any format. Text is text: no markup in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style; with `url`, a link to that web address."""

    text: str
    italic: bool = False
    bold: bool = False
    url: str | None = None


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the dossier's title. Where there are pages, one can begin with it."""

    level: int
    text: str
    on_new_page: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the dossier's own words."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Extract:
    """Words that stand in a source or in what was asked, unchanged; `quote` is marked, and
    `citation` says where it stands: a footnote where the format has any, a line below it else."""

    before: str
    quote: str
    after: str
    citation: Runs = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled values, one a line."""

    rows: tuple[tuple[str, Runs], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple[Runs, ...]


Block = Heading | Paragraph | Extract | Facts | Listing


def text(words: str) -> Runs:
    """Return words in the plain style."""
    return (Run(words),)


def paragraphs(extract: Extract) -> list[list[tuple[str, bool]]]:
    """Return an extract in paragraphs, each in parts of which the quotation's are True.

    >>> paragraphs(Extract("He came.\\n\\nHe ", "saw", "."))
    [[('He came.', False)], [('He ', False), ('saw', True), ('.', False)]]
    """
    found: list[list[tuple[str, bool]]] = [[]]
    for words, marked in ((extract.before, False), (extract.quote, True), (extract.after, False)):
        for at, piece in enumerate(_PARAGRAPHS.split(words)):
            if at:
                found.append([])
            if piece:
                found[-1].append((piece, marked))
    return [paragraph for paragraph in found if any(words.strip() for words, _ in paragraph)]


def uri(url: str) -> str:
    """Return a web address with what a URI cannot hold, such as a space or a brace, encoded.

    >>> uri("https://example.org/a_{b}?c=1%20d#e")
    'https://example.org/a_%7Bb%7D?c=1%20d#e'
    """
    return percent_encoded(url, safe="%/:?#@!$&'()*+,;=-._~[]")


def plain(runs: Iterable[Run]) -> str:
    """Return the text of runs without their styles."""
    return "".join(run.text for run in runs)
