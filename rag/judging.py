"""What judges quotations: a claim and plain text in, relations, probabilities and reasons out.

Nothing here knows how it is done. The project's own (`rag.relation.verifier`) reads the two, so
does an entailment model (`rag.relation.entailment`), and so may whatever else has `judge`.
`tests/test_judging.py` says what holds of every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.datatypes import Reason, Relation, Span

BEARS_ON = 0.25
"""From this probability on a quotation is shown as bearing on the claim. A judge puts its own
probabilities on this scale. Of 248 development claims whose passage is found 223 have it shown,
of 218 statements that the addresses say nothing of 14 something; from .1 on 228 and 43
(`python -m benchmarks.relation`)."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a source to be judged, and what stands around them, as plain text.

    `span`: where in the passage the quoted words are, None for the whole of it. `creator`,
    `title`, `collection`, `date` (ISO 8601, possibly shortened): "" where not known. `opening`: the
    first line of the document, which may say to whom it is addressed; `before`: what stands right
    before the passage.
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
        """Who said it, in what, when and where: what is known of it, with commas between."""
        parts = (self.creator, self.title, self.date, self.collection)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Probabilities:
    """How sure a judge is, 0 to 1 each.

    `bears`: that the quotation is about what the claim is about, whatever it says; `supports`:
    that it says what the claim says, where none of the reasons speaks against it;
    `contradicts`: that it says that the claim is wrong.
    """

    supports: float
    contradicts: float
    bears: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a quotation stands to a claim, and why.

    `reasons`: what decided, the weightiest first. `span`: the words of the passage that decide
    it, None where those are the words quoted.
    """

    relation: Relation
    probabilities: Probabilities
    reasons: tuple[Reason, ...] = ()
    span: Span | None = None


NOT_JUDGED = Judgement("context", Probabilities(0.0, 0.0, 0.0))


class Judge(Protocol):
    """Judges quotations. Works on any claim and quotation, whatever found them; safe to share by
    threads."""

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order; each stands by itself, whatever is
        judged beside it."""
        ...
