"""Files dropped into the question: a transcript or a text is asked, a source is offered to
the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.build.corpus_files import UNREADABLE_KIND
from rag.claims.extraction import MAX_CHARS
from rag.ingest.names import printable
from rag.ingest.registry import READERS, ZIP

ASKED = (".srt", ".vtt", ".txt", ".md")
"""Files whose text is the question: transcripts and posts."""

TAKEN = tuple(dict.fromkeys([*ASKED, *READERS, ZIP]))
"""The kinds of files that can be dropped in."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What came of dropped files: the texts to ask, the sources to offer (name and path),
    and what to tell of the others."""

    texts: tuple[str, ...] = ()
    offered: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


def sort_dropped(paths: Sequence[Path]) -> Dropped:
    """Return what can be done with the files. Those that cannot be read are told of."""
    texts: list[str] = []
    offered: list[tuple[str, str]] = []
    problems: list[str] = []
    for path in paths:
        name, kind = printable(path.name), path.suffix.lower()
        if kind not in TAKEN:
            problems.append(f"{name} is {UNREADABLE_KIND}.")
        elif kind not in ASKED or path.stat().st_size > 4 * MAX_CHARS:
            offered.append((name, str(path)))
        else:
            try:
                texts.append(path.read_bytes().decode("utf-8-sig"))
            except UnicodeDecodeError:
                problems.append(
                    f"The letters of {name} cannot be read. Save it as plain text (UTF-8) and drop "
                    "it in again."
                )
    return Dropped(tuple(texts), tuple(offered), tuple(problems))
