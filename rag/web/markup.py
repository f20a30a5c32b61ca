"""Text into HTML: what every part of the page uses.

Everything that comes from a corpus or from the reader goes through `escape`, and every
address through `safe_url` (both in `rag.wording`), so that nothing quoted can become markup.

A template is a file of `rag/web/templates`; `parts.html` has what several of them use. Only
what `render_part` returns goes into another template as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rag.wording import counted, escape, legible, safe_url, written_date


def link(url: str | None, words: str) -> str:
    """Return a link that opens in a new tab, or "" where `url` is not a web address."""
    address = safe_url(url)
    if address is None:
        return ""
    return (
        f'<a class="sf-link" href="{escape(address)}" target="_blank" '
        f'rel="noopener noreferrer">{escape(words)}</a>'
    )


def action(name: str, values: Mapping[str, str | int] | None = None) -> str:
    """Return the attributes that make an element do something on a click (see page.js).

    >>> action("claim", {"turn": 0})
    'data-act="claim" data-turn="0"'
    """
    attributes = {"act": name, **(values or {})}
    return " ".join(f'data-{key}="{escape(str(value))}"' for key, value in attributes.items())


def button(
    words: str, name: str, values: Mapping[str, str | int] | None = None, *, label: str = ""
) -> str:
    """Return a button that looks like a link; `label`: what a screen reader says instead."""
    spoken = f' aria-label="{escape(label)}"' if label else ""
    return (
        f'<button type="button" class="sf-act"{spoken} {action(name, values)}>'
        f"{escape(words)}</button>"
    )


def notes(lines: Iterable[str]) -> str:
    """Return notes for the reader, one paragraph each."""
    return "".join(f'<p class="sf-note" dir="auto">{escape(line)}</p>' for line in lines)


def fold(label: str, content: str, name: str = "", *, opened: bool = False) -> str:
    """Return `content`, which is HTML, behind a line to unfold it; "" where it is empty."""
    if not content:
        return ""
    return (
        f'<details class="sf-fold {name}"{" open" if opened else ""}>'
        f"<summary>{escape(label)}</summary>{content}</details>"
    )


def render_searched(lines: Sequence[str]) -> str:
    """Return what is searched: a line for each collection, folded where there are several."""
    if len(lines) <= 1:
        only = f"Searched: {lines[0]}" if lines else "No collection is indexed yet."
        return f'<p class="sf-searched" dir="auto">{escape(only)}</p>'
    items = "".join(f'<li dir="auto">{escape(line)}</li>' for line in lines)
    return fold(f"Searched: {len(lines)} collections", f"<ul>{items}</ul>", "sf-searched")


def shortened(text: str, most: int) -> str:
    """Return `text` as one line of at most `most` characters and an ellipsis.

    >>> shortened("one two three", 9)
    'one two…'
    """
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return f"{line[:most].rsplit(None, 1)[0].rstrip('.,;: ')}…"


def render(template: str, **values: Any) -> str:
    """Return a template of `rag/web/templates` with these values; texts are escaped, and made
    legible before. Raises for a name that the template asks for and that is not given."""
    return _environment().get_template(template).render(**values)


def render_part(template: str, **values: Any) -> Markup:
    """Return the same for use in another template, which leaves it as it is."""
    return Markup(render(template, **values))  # noqa: S704 - a template has escaped it


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("rag.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=_legible,
    )
    made.filters |= {"web_address": safe_url, "written_date": written_date}
    made.globals["counted"] = counted
    return made


def _legible(value: Any) -> Any:
    return legible(value) if type(value) is str else value


def verdict_class(verdict: str) -> str:
    """Return the class name of a verdict or relation.

    >>> verdict_class("not found")
    'sf-not-found'
    """
    return f"sf-{verdict.replace(' ', '-')}"
