"""What of a claim's evidence the reader wants to see: collections, dates, kinds, relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from rag.datatypes import Evidence, Finding, Holding, Kind, Relation
from rag.web.markup import fold
from rag.wording import KIND_WORDS, RELATION_WORDS, escape

DEPTH = 20
"""Passages asked for when some will be left out afterwards."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The reader's choice; empty or None where there is none.

    `collections`, `after` and `before` narrow what is searched, `kinds` and `relations`
    choose among what was found.
    """

    collections: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    kinds: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()

    @property
    def narrows_search(self) -> bool:
        """Whether the claim has to be looked up again."""
        return bool(self.collections or self.after or self.before or self.kinds or self.relations)


def from_form(form: Mapping[str, Any]) -> Filters:
    """Return the choice that a form sent; each value is a text or a list of texts."""

    def several(name: str) -> tuple[str, ...]:
        value = form.get(name) or ()
        return (value,) if isinstance(value, str) else tuple(str(v) for v in value)

    def year(name: str) -> str | None:
        return str(form.get(name) or "").strip() or None

    return Filters(
        several("collection"), year("after"), year("before"), several("kind"), several("relation")
    )


def choose(finding: Finding, filters: Filters) -> Finding:
    """Return the finding with the evidence of the chosen kinds and relations only."""

    def wanted(items: Sequence[Evidence]) -> tuple[Evidence, ...]:
        return tuple(
            item
            for item in items
            if (not filters.kinds or item.kind in filters.kinds)
            and (not filters.relations or item.relation in filters.relations)
        )

    return replace(finding, evidence=wanted(finding.evidence), nearest=wanted(finding.nearest))


def render_filters(filters: Filters, collections: Sequence[Holding]) -> str:
    """Return the form, folded unless something is chosen."""
    homes = [(home.collection_id, home.title) for home in collections]
    kinds = [(kind, KIND_WORDS[kind]) for kind in get_args(Kind)]
    relations = [(relation, RELATION_WORDS[relation]) for relation in get_args(Relation)]
    form = (
        '<form class="sf-filter" data-act="filter">'
        f"{_years(filters)}"
        f"{_boxes('Relation', 'relation', relations, filters.relations)}"
        f"{_boxes('Kind of source', 'kind', kinds, filters.kinds)}"
        f"{_boxes('Collection', 'collection', homes, filters.collections)}"
        '<p class="sf-actions"><button type="submit" class="sf-button">Show these</button>'
        '<button type="button" class="sf-act" data-act="unfilter">Show all</button></p></form>'
    )
    chosen = filters != Filters()
    return fold("Filter the passages", form, "sf-filters", opened=chosen)


def _years(filters: Filters) -> str:
    fields = "".join(
        f'<label>{words} <input name="{name}" inputmode="numeric" maxlength="10" size="6" '
        f'value="{escape(value or "")}" placeholder="{example}"></label>'
        for words, name, value, example in (
            ("from", "after", filters.after, "1820"),
            ("to", "before", filters.before, "1830"),
        )
    )
    return f'<fieldset class="sf-years"><legend>Written</legend>{fields}</fieldset>'


def _boxes(
    legend: str, name: str, options: Sequence[tuple[str, str]], chosen: Sequence[str]
) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="{name}" value="{escape(value)}"'
        f"{' checked' if value in chosen else ''}> {escape(words)}</label>"
        for value, words in options
    )
    return f"<fieldset><legend>{legend}</legend>{boxes}</fieldset>"
