"""`SourceFinder`: claims in, cited evidence out, over one open index."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rag.catalog.next_steps import where_to_look
from rag.claims import check_claim, check_question, split_claims
from rag.claims.checkable import help_for
from rag.claims.transcripts import find_videos, with_captions
from rag.config import PER_CLAIM, Settings
from rag.datatypes import (
    Answer,
    Claim,
    Evidence,
    Finding,
    Hit,
    Holding,
    IndexFacts,
    Progress,
    Reason,
    SourceDocument,
    Span,
)
from rag.errors import IndexNotReached, QuestionError
from rag.evidence import choose_quotation, cite, confidence_in, quotation_of, verdict_of, weighed
from rag.judging import BEARS_ON, Judgement, Quotation
from rag.language import (
    may_be_same_person,
    recorded_names,
    split_attribution,
    stems,
    with_recorded_names,
    words,
)
from rag.llm import summarise
from rag.retrieval import RetrievedPassage, Retriever, read_authority
from rag.searching import EVERYTHING, Filter
from rag.workspace import Workspace

log = logging.getLogger(__name__)

FAILED = "looking it up failed; the window where Source Finder was started says why"
"""Why a claim is set aside whose search ended in an error of the program."""

_READ = 10
"""Passages that are judged at least, however few are asked for: the judge's word orders them."""

_OTHERS = 2
"""Passages in which somebody else says what a claim says that a person said, at most."""

_MAY_SAY = 0.01
"""How likely somebody else's passage must say a claim, name and all, for others to be looked for:
of 24 claims with another's name for which that found whose words they are 22 had one, of 38 with
their own name and nothing that supports them 6."""

NEAREST = 3
"""Passages shown as the nearest ones where nothing bears on a claim."""


class SourceFinder:
    """Finds the passages of an index that bear on a claim. Safe to share by threads."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.settings = workspace.settings
        self.index = workspace.index
        self.encoder = workspace.encoder
        self.judge = workspace.judge
        authority = read_authority(self.settings.authority)
        self.retriever = Retriever(self.index, self.encoder, workspace.reranker, authority)

    @classmethod
    def open(
        cls,
        index: str | Path | None = None,
        *,
        progress: Progress | None = None,
        settings: Settings | None = None,
    ) -> SourceFinder:
        """Open an index by name or path; without either, the default one.

        The default index is built first where there is none yet (some minutes, shown by
        `progress`). `settings`: those of the environment unless given. Raises `IndexNotBuilt`
        for any other index that does not exist, `IndexCorrupt` and `IndexMismatch` for one that
        cannot be used.
        """
        return cls(Workspace.open(settings or Settings.from_environment(), index, progress))

    def holdings(self) -> tuple[Holding, ...]:
        """Return what the index has of each collection."""
        return self.index.holdings()

    def searched(self) -> tuple[str, ...]:
        """Return a line for each collection: its title, its documents, their dates."""
        return tuple(map(_searched, self.holdings()))

    def _held(self, only: Filter) -> Iterator[Holding]:
        wanted = only.collections
        return (h for h in self.holdings() if wanted is None or h.collection_id in wanted)

    def facts(self) -> IndexFacts:
        """Return which index this is, for whoever wants to check an answer later."""
        return self.index.facts()

    def document(self, document_id: str) -> SourceDocument:
        """Return an indexed document, with the text that evidence points into.

        Raises `QuestionError` where the index has no document of this id.
        """
        try:
            return self.index.document(document_id)
        except KeyError as error:
            raise QuestionError(
                f"There is no document {document_id!r} in this index. Its id is the "
                "document_id of the evidence that cites it."
            ) from error

    def find_sources(
        self,
        claim: str,
        k: int = 10,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> list[Evidence]:
        """Return the `k` passages nearest to a claim, best first, each from another place.

        All are judged, none is left out: `relation` and `reasons` tell how each stands to
        the claim, `bearing` whether it is about the same thing at all (`judging.BEARS_ON` is what
        `ask` goes by). `collections`: only these, by id. `after`, `before`: only documents
        dated from/up to then, both included, as a year or an ISO date; undated documents are
        left out then.

        Raises `QuestionError` for an empty or unreadable claim or an unknown collection.
        """
        check_claim(claim)
        _check_k(k)
        whole = Claim("c1", claim, Span(0, len(claim)))
        return self._evidence(whole, k, self.retriever.make_filter(collections, after, before))

    def search(self, claim: str, k: int = 10) -> list[Hit]:
        """Return the `k` best passages by their ids, for evaluation: `find_sources` without the
        citations, and ordered by the search alone."""
        return [found.hit for found in self.retriever.search(claim, k)]

    def ask(
        self,
        text: str,
        k: int = PER_CLAIM,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> Answer:
        """Return the findings for a claim, a question, or a long text with many claims,
        with at most `k` passages for each. Filters and errors as in `find_sources`.
        """
        *_, whole = self.stream(text, k, collections, after, before)
        return whole

    def stream(
        self,
        text: str,
        k: int = PER_CLAIM,
        collections: Iterable[str] | None = None,
        after: str | int | None = None,
        before: str | int | None = None,
    ) -> Iterator[Answer]:
        """Yield the answer as it grows, a finding at a time; the last one is whole.

        Where `text` is a link to a video and nothing else, its captions are looked up: the
        answer's question is then the text with the captions after it, and every claim is a
        span of that. Where a language model is set, the last answer but one is without it.
        """
        check_question(text)
        _check_k(k)
        only = self.retriever.make_filter(collections, after, before)
        videos = find_videos(text, self.settings.front_ends)
        by_words = self.facts().by_words > 0
        searched = tuple(_searched(home, only) for home in self._held(only))
        answer = Answer(text, (), searched=searched, videos=videos, by_words=by_words)
        if videos:
            yield answer  # their captions may take a while
            text, notes = with_captions(text, videos, self.settings.captions)
            answer = replace(answer, question=text, notes=notes)
        findings: list[Finding] = []
        set_aside: list[Claim] = []
        for claim in split_claims(text):
            if claim.set_aside:
                set_aside.append(claim)
                continue
            try:
                findings.append(self._finding(claim, k, only))
            except IndexNotReached:  # it is the same for every other claim
                raise
            except Exception:  # one claim's failure costs that claim alone
                log.exception("A claim of %d letters could not be looked up", len(claim.query))
                set_aside.append(replace(claim, set_aside=FAILED))
            answer = replace(answer, findings=tuple(findings), set_aside=tuple(set_aside))
            yield answer
        told = help_for([finding.claim for finding in findings], set_aside)
        answer = replace(answer, set_aside=tuple(set_aside), notes=(*answer.notes, *told))
        yield answer
        if self.settings.llm:
            found, summary, said = summarise(answer.findings, self.settings)
            notes = (*answer.notes, *said)
            yield replace(answer, findings=found, summary=summary, notes=notes)

    def _finding(self, claim: Claim, k: int, only: Filter) -> Finding:
        ranked = self._evidence(claim, max(k, _READ), only)
        bearing = [item for item in ranked if item.bearing >= BEARS_ON]
        if self.retriever.names_nothing_known(with_recorded_names(claim.query)):
            bearing = []  # it is alike in words, and about somebody else
        if claim.form == "claim" and all(item.relation != "supports" for item in bearing[:k]):
            bearing = _with_first(self._said_by_others(claim, ranked, only), bearing)
        if claim.form != "claim":  # there is nothing that a passage could support
            ranked, bearing = list(map(_unjudged, ranked)), list(map(_unjudged, bearing))
        bearing, further = bearing[:k], bearing[k:]
        verdict = verdict_of(bearing)
        return Finding(
            claim,
            verdict,
            tuple(bearing),
            () if bearing else tuple(ranked[:NEAREST]),
            self._spelling_notes(claim.query),
            where_to_look(claim.query, tuple(self.index.collections), ranked),
            confidence_in(verdict, bearing),
            len(further),
        )

    def _said_by_others(
        self, claim: Claim, found: Sequence[Evidence], only: Filter
    ) -> list[Evidence]:
        """Return the best passages in which somebody else says what a claim puts into a person's
        mouth: those that support it without the name. `found`: what there is for the claim as it
        is; they are looked for where one of them may say it."""
        told = split_attribution(with_recorded_names(claim.query))
        if told is None:
            return []
        name, said = told
        may_say = (i for i in found if i.says >= _MAY_SAY or _has_words(said, i.quote))
        if all(may_be_same_person(name, item.creator or name) for item in may_say):
            return []
        others = self._evidence(replace(claim, resolved=said), _READ, only, not_by=name)
        return [
            replace(item, relation="context", reasons=(Reason("name", name, item.creator, False),))
            for item in others
            if item.relation == "supports" and item.creator
        ][:_OTHERS]

    def _spelling_notes(self, text: str) -> tuple[str, ...]:
        """Return what to tell the reader about the names: respelled, or never mentioned."""
        notes = []
        replaced = dict.fromkeys(recorded_names(text))
        text = with_recorded_names(text)
        replaced |= dict.fromkeys(
            pair for r in self.retriever.respellings(text) for pair in r.replaced
        )
        if replaced:
            also = ", ".join(f"{other} (for {name})" for name, other in replaced)
            notes.append(f"Also searched as: {also}.")
        respelled = {word for name, _ in replaced for word in words(name)}
        unknown = [
            n for n in self.retriever.unknown_names(text) if not respelled.issuperset(words(n))
        ]
        if unknown:
            notes.append(f"Never mentioned in these sources: {', '.join(unknown)}.")
        return tuple(notes)

    def _evidence(self, claim: Claim, k: int, only: Filter, *, not_by: str = "") -> list[Evidence]:
        """Return the best passages, judged; `not_by`: without those whose words may be that
        person's."""
        asked = with_recorded_names(claim.query)
        found = self.retriever.search(asked, max(k, _READ), only)
        if not_by:
            found = [
                p for p in found if not may_be_same_person(not_by, p.document.creator or not_by)
            ]
        quotations = [self._quotation(passage) for passage in found]
        judged = self._judged(
            asked,
            [
                quotation_of(place.document, place.passage, quotation)
                for place, quotation in zip(found, quotations, strict=True)
            ],
        )
        evidence = [
            cite(
                claim,
                place.document,
                place.passage,
                quotation,
                place.hit.score if claim.form != "claim" else weighed(place.hit.score, judgement),
                place.hit.likeness,
                judgement,
                self.index.near_duplicates(place.document.document_id),
            )
            for place, quotation, judgement in zip(found, quotations, judged, strict=True)
        ]
        return sorted(evidence, key=lambda item: -item.score)[:k]

    def _judged(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order, of the claim with its names as that
        passage spells them."""
        also = [pair for each in self.retriever.respellings(claim) for pair in each.replaced]
        if not also:
            return self.judge.judge(claim, quotations)
        spelled = [_as_spelled(claim, also, quotation) for quotation in quotations]
        judged: dict[int, Judgement] = {}
        for text in dict.fromkeys(spelled):
            places = [place for place, other in enumerate(spelled) if other == text]
            told = self.judge.judge(text, [quotations[place] for place in places])
            judged |= zip(places, told, strict=True)
        return [_as_asked(judged[place], also) for place in range(len(quotations))]

    def _quotation(self, found: RetrievedPassage) -> Span:
        matches = self.index.matches(found.query, found.hit.passage_id)
        return choose_quotation(found.document.text, found.passage, matches)


def _as_spelled(claim: str, also: Sequence[tuple[str, str]], quotation: Quotation) -> str:
    """Return a claim with those of its names that a passage has in another spelling alone in that
    one. `also`: (a name, as it was searched, too)."""
    there = _in_stems(f"{quotation.heading} {quotation.opening} {quotation.passage}")
    for name, other in also:
        if _in_stems(name) not in there and _in_stems(other) in there:
            claim = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", other, claim)
    return claim


def _has_words(said: str, quote: str) -> bool:
    """Return whether a quotation has nearly all words but small ones of a statement."""
    asked = set(stems(words(said)))
    shared = asked & set(stems(words(quote)))
    return len(asked) >= _FEWEST and len(shared) >= _NEARLY_ALL * len(asked)


_FEWEST, _NEARLY_ALL = 3, 0.8


def _in_stems(text: str) -> str:
    return f" {' '.join(stems(words(text)))} "


def _as_asked(judgement: Judgement, also: Sequence[tuple[str, str]]) -> Judgement:
    """Return a judgement with the names that do not agree as the claim has them."""
    reasons = list(judgement.reasons)
    for name, other in also:
        reasons = [
            r if r.agrees else replace(r, claim=r.claim.replace(other, name)) for r in reasons
        ]
    return replace(judgement, reasons=tuple(reasons))


def _unjudged(item: Evidence) -> Evidence:
    """Return evidence for what claims nothing: of the reasons, that the passage only proposes."""
    proposed = tuple(reason for reason in item.reasons if reason.aspect == "proposed")
    return replace(item, relation="context", reasons=proposed, says=0.0, denies=0.0)


def _with_first(first: Sequence[Evidence], others: Sequence[Evidence]) -> list[Evidence]:
    """Return two lists as one, best first; a passage in both as it is in the first."""
    places = {(item.document_id, item.passage_start) for item in first}
    left = [item for item in others if (item.document_id, item.passage_start) not in places]
    return sorted([*first, *left], key=lambda item: -item.score)


def _searched(held: Holding, only: Filter = EVERYTHING) -> str:
    parts = [f"{held.documents:,} document{'s' if held.documents != 1 else ''}"]
    parts += [held.years] if held.years else []
    parts += [f"{held.undated:,} undated"] if held.undated else []
    bounds = [f"from {only.after}"] if only.after else []
    bounds += [f"up to {only.before}"] if only.before else []
    parts += [f"searched {' and '.join(bounds)}"] if bounds else []
    return f"{held.title}: {', '.join(parts)}"


def _check_k(k: int) -> None:
    if k < 1:
        raise QuestionError(f"k is {k}; ask for one passage at least.")
