"""The parts of a dossier before it is in any format. Text is text: no markup in it.

Markdown (CommonMark) and HTML are written from them here. The HTML is one file that asks nothing
of any server and runs nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote as percent_encoded

from rag.wording import escape, legible

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


DossierBlock = Heading | Paragraph | Extract | Facts | Listing


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


_SIGNS = re.compile(r"[\\`*_{}\[\]<>#|~^$&!]")
_LINE_START = re.compile(r"(?m)^([ \t]*)(?:([-+=])(?=[-=\s]|$)|(\d+)([.)])(?=\s|$))")


def to_markdown(blocks: Iterable[DossierBlock]) -> str:
    """Return the blocks as one Markdown text; nothing quoted in it can become markup."""
    return "\n\n".join(part for block in blocks for part in _markdown_block(block) if part) + "\n"


def _escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it stands.

    >>> _escaped("1. *not* a [link](x)")
    '1\\\\. \\\\*not\\\\* a \\\\[link\\\\](x)'
    """
    return _lines_escaped(_signs_escaped(text))


def _signs_escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", legible(text))


def _lines_escaped(shown: str) -> str:
    """Return text with what would begin a list or underline a heading escaped: a sign counts at
    the beginning of a line of the whole, not of a part."""
    return _LINE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", shown)


def _markdown_block(block: DossierBlock) -> Iterator[str]:
    match block:
        case Heading(level, words, _):
            yield f"{'#' * level} {_line((Run(words),))}"
        case Paragraph(runs):
            yield _line(runs)
        case Extract():
            yield _quoted(block)
            yield _line(block.citation)
        case Facts(rows):
            yield "\n".join(f"- {_escaped(label)}: {_line(runs)}" for label, runs in rows)
        case Listing(items):
            yield "\n".join(f"- {_line(runs)}" for runs in items)


def _line(runs: Iterable[Run]) -> str:
    """Return runs on one line."""
    return _lines_escaped(_joined(map(_markdown_run, runs))).strip()


def _markdown_run(run: Run) -> tuple[str, str]:
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


_STYLE = Path(__file__).with_name("dossier.css")


def to_html(blocks: Iterable[DossierBlock]) -> str:
    """Return the blocks as an HTML document. Everything quoted is escaped; the file's own
    policy forbids scripts and requests, should that ever fail."""
    given = list(blocks)
    title = next((block.text for block in given if isinstance(block, Heading)), "")
    body = "\n".join(_html_block(block) for block in given)
    style = _STYLE.read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html_block(block: DossierBlock) -> str:
    match block:
        case Heading(level, words, on_new_page):
            begins = ' class="page"' if on_new_page else ""
            return f'<h{level}{begins} dir="auto">{escape(words)}</h{level}>'
        case Paragraph(runs):
            return f'<p dir="auto">{_runs(runs)}</p>'
        case Extract(before, quote, after, citation):
            marked = f"<mark>{escape(quote)}</mark>" if quote else ""
            inner = f"{escape(before)}{marked}{escape(after)}"
            below = f'\n<p class="citation" dir="auto">{_runs(citation)}</p>' if citation else ""
            return f'<blockquote dir="auto">{inner}</blockquote>{below}'
        case Facts(rows):
            items = "\n".join(
                f'<dt>{escape(label)}</dt><dd dir="auto">{_runs(runs)}</dd>' for label, runs in rows
            )
            return f"<dl>\n{items}\n</dl>"
        case Listing(items):
            entries = "\n".join(f'<li dir="auto">{_runs(runs)}</li>' for runs in items)
            return f"<ul>\n{entries}\n</ul>"


def _runs(runs: Iterable[Run]) -> str:
    return "".join(map(_html_run, runs))


def _html_run(run: Run) -> str:
    shown = escape(run.text)
    if run.url:
        return f'<a href="{escape(run.url)}" rel="noopener noreferrer">{shown}</a>'
    if run.italic:
        return f"<em>{shown}</em>"
    return f"<strong>{shown}</strong>" if run.bold else shown
