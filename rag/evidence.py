"""Turns retrieved passages into evidence: the quotation, its citation, and the verdict on a
claim."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from rag.datatypes import Claim, Evidence, Passage, Relation, SourceDocument, Span, Verdict
from rag.embedding import read_by_search
from rag.judging import NOT_JUDGED, Judgement, Quotation
from rag.language import is_names_only, views_of_others, word_list, words
from rag.searching import Matches
from rag.wording import cited

MAX_QUOTED = 3
"""The most sentences in a quotation."""

GAIN_PER_SENTENCE = 0.04
"""How much better a quotation must match the claim for each further sentence."""

_DECIDING = 0.5
"""The middle of .2 to 1.0, all of which order the results of development claims better than the
search alone (nDCG of five .922 to .930 instead of .912)."""


def choose_quotation(text: str, passage: Passage, matches: Matches) -> Span:
    """Return the run of the passage's sentences that best matches the claim. `text`: the
    document's. A sentence that only names (a title, a list of participants, a signature) is quoted
    only if the passage has nothing else.

    A run scores as the weighted mean of each claim piece's best match in it, less
    `GAIN_PER_SENTENCE` for each further sentence.
    """
    bounds = [*matches.starts.tolist(), matches.cosines.shape[1]]
    weights = matches.weights / matches.weights.sum()
    telling = [not is_names_only(text, sentence) for sentence in passage.sentences]
    if not any(telling):
        telling = [True] * len(telling)
    best, chosen = -np.inf, passage.sentences[telling.index(True)]
    for first in range(len(passage.sentences)):
        for last in range(first, min(first + MAX_QUOTED, len(passage.sentences))):
            if not telling[last]:
                break
            columns = matches.cosines[:, bounds[first] : bounds[last + 1]]
            if not columns.size:
                continue
            worth = float(weights @ columns.max(axis=1)) - GAIN_PER_SENTENCE * (last - first)
            if worth > best:
                best = worth
                chosen = Span(passage.sentences[first].start, passage.sentences[last].end)
    return chosen


_SALUTATION = re.compile(r"^[^\n:]{3,200}:", re.MULTILINE)
"""The beginning of a letter or address: "To the Congress:"."""

_READ_OPENING, _READ_BEFORE = 400, 3000
"""Characters of a document in which its salutation is looked for, and before a passage in which its
author may say that he only proposes something."""


def quotation_of(document: SourceDocument, passage: Passage, quotation: Span) -> Quotation:
    """Return a span of a passage as plain text to be judged, with its context, in whole words and
    modern letters as search reads it."""
    folded = read_by_search(document, passage.span)
    start = passage.span.start
    before = Span(max(start - _READ_BEFORE, 0), start)
    salutation = _SALUTATION.search(document.text, 0, _READ_OPENING)
    return Quotation(
        folded.text,
        folded.part(quotation),
        document.creator or "",
        document.title,
        document.collection.title,
        document.date or "",
        salutation[0] if salutation else "",
        read_by_search(document, before).text if len(before) else "",
    )


def _with_what_follows(text: str, passage: Passage, quotation: Span) -> Span:
    """Return a quotation with the passage's next sentence if it ends with a question, which that
    may answer, or with a view of others, which that may reject."""
    last = next((s for s in passage.sentences if s.start < quotation.end <= s.end), None)
    after = next((s for s in passage.sentences if s.start >= quotation.end), None)
    if last is None or after is None:
        return quotation
    asks = last.of(text).rstrip(_CLOSING).endswith("?")
    opening = "".join(words(after.of(text)[:20])[:1])
    against = opening in word_list("words", "contrasting") and views_of_others().search(
        last.of(text)
    )
    return Span(quotation.start, after.end) if asks or against else quotation


_CLOSING = "\"'”’») \n"


def weighed(found: float, judgement: Judgement) -> float:
    """Return the score by which evidence is ranked, 0 to 1: the search's score, raised by up to
    `_DECIDING` of its distance to 1 as far as the passage decides the claim."""
    told = judgement.probabilities
    return found + _DECIDING * (1 - found) * min(told.supports + told.contradicts, 1.0)


def cite(
    claim: Claim,
    document: SourceDocument,
    passage: Passage,
    quotation: Span,
    score: float,
    likeness: float,
    judgement: Judgement = NOT_JUDGED,
    copies: tuple[str, ...] = (),
) -> Evidence:
    """Return the evidence that `quotation`, a span inside `passage`, gives for `claim`. If the
    judgement names the deciding words, those are quoted.

    The only function that makes evidence, so that quotation and passage are always slices of the
    document's text.
    """
    if judgement.span is not None:
        quotation = read_by_search(document, passage.span).source(judgement.span)
    quotation = _with_what_follows(document.text, passage, quotation)
    if not passage.span.start <= quotation.start < quotation.end <= passage.span.end:
        raise ValueError(f"{quotation} is not inside {passage.span}")
    locator = document.locate(quotation)
    return Evidence(
        claim_id=claim.claim_id,
        document_id=document.document_id,
        title=document.title,
        creator=document.creator,
        date=document.date,
        collection=document.collection.collection_id,
        collection_title=document.collection.title,
        kind=document.kind,
        locator=locator,
        start=quotation.start,
        end=quotation.end,
        quote=quotation.of(document.text),
        passage_start=passage.span.start,
        passage_end=passage.span.end,
        passage=passage.span.of(document.text),
        relation=judgement.relation,
        score=round(float(score), 4),
        likeness=round(float(likeness), 4),
        citation=cited(document, quotation),
        url=document.url,
        rights=document.rights or document.collection.rights,
        ocr_confidence=document.ocr_at(quotation),
        reasons=judgement.reasons,
        bearing=round(judgement.probabilities.bears, 4),
        says=round(judgement.probabilities.supports, 4),
        denies=round(judgement.probabilities.contradicts, 4),
        copies=copies,
        publication=document.publication,
        catalogued=document.citation,
    )


_MOST_SURE = 0.99


def verdict_of(evidence: Sequence[Evidence]) -> Verdict:
    """Return the verdict that evidence which bears on a claim gives."""
    relations = {item.relation for item in evidence}
    if relations >= {"supports", "contradicts"}:
        return "mixed"
    if "supports" in relations:
        return "supported"
    if "contradicts" in relations:
        return "contradicted"
    return "related" if evidence else "not found"


def confidence_in(verdict: Verdict, evidence: Sequence[Evidence]) -> float | None:
    """Return the probability that a verdict of supported or contradicted is right, None for others.

    One minus the probability that none of the deciding passages is judged rightly (noisy-or); a
    document and its copies are one source, with the surest of their passages. `python -m
    benchmarks.verifier` prints how often a passage of a given probability is judged rightly.
    """
    deciding: dict[Verdict, Relation] = {"supported": "supports", "contradicted": "contradicts"}
    if verdict not in deciding:
        return None
    best: dict[str, float] = {}
    for item in evidence:
        if item.relation == deciding[verdict]:
            source = min(item.document_id, *item.copies)
            sure = item.says if item.relation == "supports" else item.denies
            best[source] = max(best.get(source, 0.0), sure)
    missed = math.prod(1 - sure for sure in best.values())
    return round(min(1 - missed, _MOST_SURE), 2)
