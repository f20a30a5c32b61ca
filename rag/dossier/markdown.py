"""A dossier as Markdown (CommonMark)."""

from __future__ import annotations

import re
import unicodedata
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
_LINE_START = re.compile(r"(?m)^([ \t]*)(?:([-+=])(?=[-=\s]|$)|(\d+)([.)])(?=\s|$))")


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return the blocks as one Markdown text; nothing quoted in it can become markup."""
    return "\n\n".join(part for block in blocks for part in _block(block) if part) + "\n"


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it stands.

    >>> escaped("1. *not* a [link](x)")
    '1\\\\. \\\\*not\\\\* a \\\\[link\\\\](x)'
    """
    return _lines_escaped(_signs_escaped(text))


def _signs_escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", legible(text))


def _lines_escaped(shown: str) -> str:
    """Return text with what would begin a list or underline a heading escaped: a sign counts at
    the beginning of a line of the whole, not of a part."""
    return _LINE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", shown)


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
    return _lines_escaped(_joined(map(_run, runs))).strip()


def _run(run: Run) -> tuple[str, str]:
    """Return a run, escaped, and the sign of its emphasis."""
    shown = _signs_escaped(re.sub(r"\s+", " ", run.text))
    if run.url:
        # Brackets and spaces would end the address early.
        return f"[{shown}](<{uri(run.url)}>)", ""
    return shown, "**" if run.bold else "*" if run.italic else ""


def _joined(parts: Iterable[tuple[str, str]]) -> str:
    """Return escaped texts, each in its emphasis, which does not take white space at its ends.

    Between a punctuation mark and a letter a sign of emphasis counts on one side only, and in
    Chinese nothing else stands between them: that letter is written by its number.
    """
    joined, closed = "", False
    for shown, sign in parts:
        inner = shown.strip()
        start = shown.index(inner)
        before, after = shown[:start], shown[start + len(inner) :]
        if closed and shown and _in_word(shown[0]):
            inner = _by_number(inner[0]) + inner[1:]
        closed = False
        if inner and sign:
            if joined and not before and _in_word(joined[-1]) and not _in_word(inner[0]):
                joined = joined[:-1] + _by_number(joined[-1])
            closed = not after and not _in_word(inner[-1])
            inner = f"{sign}{inner}{sign}"
        joined += f"{before}{inner}{after}"
    return joined


def _in_word(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in "PS"


def _by_number(character: str) -> str:
    return f"&#{ord(character)};"


def _quoted(extract: Extract) -> str:
    """Return a block quotation, the marked words bold in every paragraph they reach into."""
    shown = [
        _lines_escaped(
            _joined((_signs_escaped(words), "**" if marked else "") for words, marked in parts)
        )
        for parts in paragraphs(extract)
    ]
    lines = "\n\n".join(part.strip() for part in shown).split("\n")
    return "\n".join(f"> {line.strip()}".rstrip() for line in lines)
