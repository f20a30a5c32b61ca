"""What the page shows, as its address has it: the same on reload, with Back, and for whoever is
given the link.

    /?answer=ID                 an answer, for whoever has its link
    /?conversation=ID           a conversation, for the reader whose it is
    ...&claim=2&passage=1       the passages of its second claim, at the first one
    /?exact=words&in=ID&from=1840     where these words stand, in a scope
    /?document=ID&start=..&end=..&pdf_page=3  a document at a passage, or the page of a PDF
    /?project=ID                nothing asked yet, in a project

Part of it is what the reader wants to see of a claim's evidence: collections, dates, kinds,
relations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from urllib.parse import parse_qs, urlencode

from rag.datatypes import Evidence, Finding, Holding, Kind, Relation
from rag.web.markup import fold
from rag.wording import KIND_WORDS, RELATION_WORDS, escape, legible

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
        f'<form class="sf-filter" data-act="filter" data-of="{escape(repr(filters))}">'
        f"{_years(filters)}"
        f"{_boxes('Relation', 'relation', relations, filters.relations)}"
        f"{_boxes('Kind of source', 'kind', kinds, filters.kinds)}"
        f"{_boxes('Collection', 'collection', homes, filters.collections)}"
        '<p class="sf-actions"><button type="submit" class="sf-button">Show these</button>'
        '<button type="button" class="sf-act" data-act="unfilter" data-cancel>Show all</button>'
        "</p></form>"
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


_MAX_CHARS = 4000

_PDF_PAGE = "pdf_page"
"""The page of a PDF in an address. Gradio takes "page" for its own, and has none of that name."""

_OPENING = {"open": "", "read": "text", "similar": "similar", "look": "found"}
"""What a click opens over the passages, and how the address says so."""

EXACT = "exact"
"""The click that looks for exact words in all documents, and their name in the address."""


@dataclass(frozen=True, slots=True)
class Address:
    """What is shown. `claim` and `passage` count from 0, None: not said. `opened`: the click that
    opened a document over the passages, {} where none did."""

    project: str = ""
    conversation: str = ""
    answer: str = ""
    claim: int | None = None
    passage: int | None = None
    filters: Filters = field(default_factory=Filters)
    opened: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the address within the server.

        >>> str(Address(answer="x", claim=1)), str(Address())
        ('?answer=x&claim=2', '/')
        """
        pairs: list[tuple[str, str | int | None]] = [
            ("project", self.project),
            ("conversation", self.conversation),
            ("answer", self.answer),
            ("claim", _from_one(self.claim)),
            ("passage", _from_one(self.passage)),
            ("since", self.filters.after),
            ("until", self.filters.before),
            *(("collection", name) for name in self.filters.collections),
            *(("kind", name) for name in self.filters.kinds),
            *(("relation", name) for name in self.filters.relations),
        ]
        if self.opened.get("act") == EXACT:
            pairs += [
                (EXACT, self.opened.get("words")),
                *(("in", name) for name in self.opened.get("collections", ())),
                ("from", self.opened.get("after")),
                ("to", self.opened.get("before")),
            ]
        elif self.opened:
            pairs += [
                ("document", self.opened.get("doc")),
                ("start", self.opened.get("start")),
                ("end", self.opened.get("end")),
                (_PDF_PAGE, _from_one(_number(self.opened.get("page")))),
                ("as", _OPENING.get(str(self.opened.get("act")))),
                ("words", self.opened.get("words")),
            ]
        query = urlencode([pair for pair in pairs if pair[1] not in (None, "")], safe="/")
        return f"?{query}" if query else "/"


def read_address(query: str) -> Address:
    """Return what an address asks for; what it says that cannot be is left out.

    >>> read_address("?answer=x&claim=2&start=a") == Address(answer="x", claim=1)
    True
    """
    try:
        given = parse_qs(query.partition("?")[2][:_MAX_CHARS], max_num_fields=50)
    except ValueError:
        given = {}

    def several(name: str) -> tuple[str, ...]:
        return tuple(map(legible, given.get(name, ())))  # no database takes a null byte

    def one(name: str) -> str:
        return next(iter(several(name)), "")

    opened: dict[str, Any] = {}
    if one("document"):
        act = {words: act for act, words in _OPENING.items()}.get(one("as"), "open")
        start, end = (_number(one(name)) or 0 for name in ("start", "end"))
        opened = {"act": act, "doc": one("document"), "start": start, "end": max(start, end)}
        page = _from_zero(one(_PDF_PAGE))
        passage = _from_zero(one("passage"))
        opened |= {"from": "" if passage is None else f"sf-e{passage}"}
        opened |= {} if page is None else {"page": page}
        opened |= {"words": one("words")} if act == "look" else {}
    if one(EXACT):
        opened = {"act": EXACT, "words": one(EXACT), "collections": several("in")}
        opened |= {"after": one("from") or None, "before": one("to") or None, "from": ""}
    return Address(
        one("project"),
        one("conversation"),
        one("answer"),
        _from_zero(one("claim")),
        _from_zero(one("passage")),
        Filters(
            several("collection"),
            one("since") or None,
            one("until") or None,
            several("kind"),
            several("relation"),
        ),
        opened,
    )


def _number(given: Any) -> int | None:
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _from_one(number: int | None) -> int | None:
    return None if number is None else number + 1


def _from_zero(given: str) -> int | None:
    number = _number(given)
    return None if not number else number - 1
