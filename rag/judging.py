"""The Judge seam: a claim and quotations as plain text in, relations, probabilities and reasons
out.

Nothing here says how it is done. The project's own judge (`rag.relation.verifier`) and an
entailment model (`rag.relation.entailment`) implement it; `tests/test_judging.py` holds for every
judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.datatypes import Reason, Relation, Span

BEARS_ON = 0.25
"""The least probability at which a quotation is shown as bearing on the claim; each judge scales
its own to fit. Of 248 development claims whose passage is found, 223 show it; of 218 statements on
which the addresses say nothing, 14 show something. From .1 on it would be 228 and 43 (`python -m
benchmarks.relation`)."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a source to be judged, with their context, as plain text.

    `span`: the place of the quoted words in the passage, None for all of it. `creator`, `title`,
    `collection`, `date` (ISO 8601, possibly shortened): "" if unknown. `opening`: the first line of
    the document, which may name the addressee; `before`: the text right before the passage.
    """

    passage: str
    span: Span | None = None
    creator: str = ""
    title: str = ""
    collection: str = ""
    date: str = ""
    opening: str = ""
    before: str = ""

    @property
    def text(self) -> str:
        """The quoted words."""
        return self.passage if self.span is None else self.span.of(self.passage)

    @property
    def heading(self) -> str:
        """Who said it, in what, when and where, as far as known, separated by commas."""
        parts = (self.creator, self.title, self.date, self.collection)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Probabilities:
    """How sure a judge is, 0 to 1 each.

    `bears`: that the quotation is about the claim's subject, whatever it says; `supports`: that it
    says what the claim says, unless a reason speaks against it; `contradicts`: that it says that
    the claim is wrong.
    """

    supports: float
    contradicts: float
    bears: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The relation of a quotation to a claim, and why.

    `reasons`: what decided, the weightiest first. `span`: the words of the passage that decide,
    None if they are the quoted ones.
    """

    relation: Relation
    probabilities: Probabilities
    reasons: tuple[Reason, ...] = ()
    span: Span | None = None


NOT_JUDGED = Judgement("context", Probabilities(0.0, 0.0, 0.0))


class Judge(Protocol):
    """Judges quotations, wherever they were found. Safe to share between threads."""

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order. No quotation influences another."""
        ...
