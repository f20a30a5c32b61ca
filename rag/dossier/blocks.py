"""The parts of a dossier before it is Markdown, HTML or PDF. Text is text: no markup in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
    """A heading; level 1 is the dossier's title."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the dossier's own words."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Extract:
    """Words that stand in a source or in what was asked, unchanged; `quote` is marked."""

    before: str
    quote: str
    after: str


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


def plain(runs: Iterable[Run]) -> str:
    """Return the text of runs without their styles."""
    return "".join(run.text for run in runs)
