"""A dossier as one HTML file that asks nothing of any server and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rag.dossier.blocks import Block, Extract, Facts, Heading, Listing, Paragraph, Run
from rag.wording import escape

_STYLE = Path(__file__).with_name("dossier.css")


def to_html(blocks: Iterable[Block]) -> str:
    """Return the blocks as an HTML document. Everything quoted is escaped; the file's own
    policy forbids scripts and requests, should that ever fail."""
    given = list(blocks)
    title = next((block.text for block in given if isinstance(block, Heading)), "")
    body = "\n".join(_block(block) for block in given)
    style = _STYLE.read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
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
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    shown = escape(run.text)
    if run.url:
        return f'<a href="{escape(run.url)}" rel="noopener noreferrer">{shown}</a>'
    if run.italic:
        return f"<em>{shown}</em>"
    return f"<strong>{shown}</strong>" if run.bold else shown
