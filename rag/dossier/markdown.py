"""A dossier as Markdown (CommonMark)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.dossier.blocks import (
    Block,
    Extract,
    Facts,
    Heading,
    Listing,
    Paragraph,
    Run,
    paragraphs,
    uri,
)
from rag.wording import legible

_SIGNS = re.compile(r"[\\`*_{}\[\]<>#|~^$&!]")
_LINE_START = re.compile(r"(?m)^[ \t]*(?:([-+=])|(\d+)([.)])(?=\s|$))")


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return the blocks as one Markdown text; nothing quoted in it can become markup."""
    return "\n\n".join(part for block in blocks for part in _block(block) if part) + "\n"


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it stands.

    >>> escaped("1. *not* a [link](x)")
    '1\\\\. \\\\*not\\\\* a \\\\[link\\\\](x)'
    """
    shown = _SIGNS.sub(r"\\\g<0>", legible(text))
    return _LINE_START.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", shown)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, words, _):
            yield f"{'#' * level} {_line((Run(words),))}"
        case Paragraph(runs):
            yield _line(runs)
        case Extract():
            yield _quoted(block)
            yield _line(block.citation)
        case Facts(rows):
            yield "\n".join(f"- {escaped(label)}: {_line(runs)}" for label, runs in rows)
        case Listing(items):
            yield "\n".join(f"- {_line(runs)}" for runs in items)


def _line(runs: Iterable[Run]) -> str:
    """Return runs on one line."""
    return "".join(_run(run) for run in runs).strip()


def _run(run: Run) -> str:
    words = re.sub(r"\s+", " ", run.text)
    shown = escaped(words)
    if run.url:
        # Brackets and spaces would end the address early.
        return f"[{shown}](<{uri(run.url)}>)"
    return _emphasised(shown, "**" if run.bold else "*" if run.italic else "")


def _emphasised(shown: str, sign: str) -> str:
    """Return escaped text in emphasis, which does not take white space at its ends."""
    inner = shown.strip()
    if not inner or not sign:
        return shown
    start = shown.index(inner)
    return f"{shown[:start]}{sign}{inner}{sign}{shown[start + len(inner) :]}"


def _quoted(extract: Extract) -> str:
    """Return a block quotation, the marked words bold in every paragraph they reach into."""
    shown = [
        "".join(_emphasised(escaped(words), "**" if marked else "") for words, marked in parts)
        for parts in paragraphs(extract)
    ]
    lines = "\n\n".join(part.strip() for part in shown).split("\n")
    return "\n".join(f"> {line.strip()}".rstrip() for line in lines)
