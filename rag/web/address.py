"""What the page shows, as its address has it: the same on reload, with Back, and for whoever is
given the link.

    /?answer=ID                 an answer, for whoever has its link
    /?conversation=ID           a conversation, for the reader whose it is
    ...&claim=2&passage=1       the passages of its second claim, at the first one
    /?exact=words&in=ID&from=1840     where these words stand, in a scope
    /?document=ID&start=..&end=..&page=3      a document at a passage, or the page of a PDF
    /?project=ID                nothing asked yet, in a project
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from rag.web.filters import Filters

MAX_CHARS = 4000

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
                ("page", _from_one(_number(self.opened.get("page")))),
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
        given = parse_qs(query.partition("?")[2][:MAX_CHARS], max_num_fields=50)
    except ValueError:
        given = {}

    def one(name: str) -> str:
        return given.get(name, [""])[0]

    def several(name: str) -> tuple[str, ...]:
        return tuple(given.get(name, ()))

    opened: dict[str, Any] = {}
    if one("document"):
        act = {words: act for act, words in _OPENING.items()}.get(one("as"), "open")
        start, end = (_number(one(name)) or 0 for name in ("start", "end"))
        opened = {"act": act, "doc": one("document"), "start": start, "end": max(start, end)}
        page = _from_zero(one("page"))
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
