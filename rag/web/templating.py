"""HTML by templates, which escape by themselves whatever is put into them.

A template is a file of `rag/web/templates`; `parts.html` has what several of them use. Only
what `render_part` returns goes into another template as it is.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rag.wording import counted, legible, safe_url, written_date


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
