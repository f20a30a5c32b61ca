"""What can be looked up: whether a passage has the numbers, times and names of a claim.

This takes a millisecond and works on any text; what the passage says about them is for the
verifier. A claim that uses the passage's own words is also compared with it word by word
(`rag.relation.own_words`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from difflib import SequenceMatcher
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.datatypes import SPEAKER, Reason, Span
from rag.judging import Quotation
from rag.language import (
    ROUNDING,
    TITLES,
    Quantity,
    Timex,
    agree,
    capitalised,
    capitalised_inside,
    days_named,
    ends_midsentence,
    hearsay,
    is_given,
    last_name,
    may_be_same_person,
    nation_names,
    ordinals,
    parse,
    proposals,
    quantities,
    relative_times,
    sentences,
    split_attribution,
    stems,
    stop_words,
    table,
    times,
    timex_of_date,
    with_capitals,
    with_recorded_names,
    word_list,
    words,
)
from rag.relation.own_words import (
    FEWEST,
    WORD,
    compare_wording,
    first_telling,
    folded,
    in_words,
    is_between_same,
    is_quoted,
    stands_in_place,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_END = " .!…"
"""What may end a claim and says nothing: with "!" half as many passages were called supporting."""

_FEWEST_LEFT = 3
"""A claim with fewer words left, once its times are cut out, says nothing any more."""

_LOOSE = re.compile(r",? (?=[,.;?!])")

_JOINS = re.compile(r"\s*(?:,|and|or|to|[-–])\s*(?:(?:and|or|in|the|of|on)\s+)*")
"""What may stand between two times that are cut out together."""

_INITIALS = re.compile(r"[ .]*(?:[A-Z]\.? *)*")
"""What may stand between the words of a name: "Franklin D. Roosevelt"."""

_Told = Iterable[tuple[str, Reason]]
"""Pairs of an outcome ("agrees", "differs" or "missing") and the reason that states it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How a passage compares with the checkable facts of a claim.

    `agrees`, `differs`, `missing`: the facts that the passage has, has differently, does not
    have; each word of a name counts as one. `by_speaker`: whether the claim names the author of
    the passage. `quoted`: whether the claim uses the passage's own words, except for a few.
    `misquoted`: whether it is quoted and exactly one number, time or denial differs. `unproven`:
    the claim without the times that the passage confirms, which the verifier reads. `untold`:
    facts that differ or are missing but would mislead a reader. `proposed`: the words with which
    the author only proposes what the claim reports as done, "" if there are none.
    """

    agrees: tuple[Reason, ...]
    differs: tuple[Reason, ...]
    missing: tuple[Reason, ...]
    by_speaker: bool
    quoted: bool
    misquoted: bool
    unproven: str
    untold: frozenset[Reason] = frozenset()
    proposed: str = ""

    @property
    def objections(self) -> tuple[Reason, ...]:
        """What rules out "supports", however alike the two are: a number or time that differs or is
        missing, an author who is a namesake, changed wording."""
        return (*self.differs, *(r for r in self.missing if r.aspect != "name"))

    def count(self, aspect: str) -> tuple[int, int, int]:
        """Return how many facts of an aspect agree, differ and are missing."""
        agrees, differs, missing = (
            sum(reason.aspect == aspect for reason in found)
            for found in (self.agrees, self.differs, self.missing)
        )
        return agrees, differs, missing


def check(claim: str, quotation: Quotation) -> Checked:
    """Compare the numbers, times and names of a claim with those of a passage."""
    claim = with_capitals(claim, quotation.creator)
    timed = list(_check_times(claim, quotation))
    proven = [s for how, reason, s in timed if (how, reason.aspect) == ("agrees", "date")]
    unproven = _without(claim, proven).rstrip(_END)
    who_said_it = list(_check_who_said_it(claim, quotation))
    attribution = [] if who_said_it else list(_check_attribution(claim, quotation))
    who_did_it = list(_check_who_did_it(claim, quotation))
    found = [
        *((how, reason) for how, reason, _ in timed),
        *_check_days(claim, quotation),
        *_check_numbers(claim, quotation),
        *_check_names(claim, quotation),
        *_check_namesakes(claim, quotation.creator),
        *who_said_it,
        *attribution,
        *compare_wording(unproven, quotation.passage, quotation.heading),
        *_check_ordinals(claim, quotation.passage),
        *_check_order(claim, quotation.passage),
        *_check_marked_words(claim, quotation.passage),
        *_check_whose_view(claim, quotation),
        *who_did_it,
    ]
    agrees, differs, missing = (
        tuple(reason for how, reason in found if how == kind)
        for kind in ("agrees", "differs", "missing")
    )
    quoted = is_quoted(unproven, quotation.passage)
    return Checked(
        agrees,
        differs,
        missing,
        _names_speaker(claim, quotation.creator),
        quoted,
        quoted and not missing and _is_one_changed(differs, (claim, unproven), quotation.passage),
        unproven,
        frozenset(
            [
                *_dates_of_others(claim, quotation, differs),
                *(reason for reason in agrees if _is_common_word(reason, quotation)),
                *(r for r in agrees if r.claim in {reason.claim for _, reason in who_did_it}),
                *(reason for reason in missing if _is_known_of(reason, quotation)),
                *(reason for reason in (*differs, *missing) if _counts_nothing(reason, claim)),
                *(reason for _, reason in attribution),  # told only where these words say the same
            ]
        ),
        _proposed_in(claim, quotation),
    )


_SAME_EVENT = 0.6
"""A sentence with at least this share of a claim's stems is about the same event."""


def _dates_of_others(
    claim: str, quotation: Quotation, differs: Sequence[Reason]
) -> Iterator[Reason]:
    """Yield the dates that differ but may belong to another event.

    A date belongs to the claim's event if it stands in a sentence about that event, or if it is
    the passage's own date and the claim is about something that its author did.
    """
    for reason in differs:
        said = next((s for s in _times_of(claim) if s.span.of(claim) == reason.claim), None)
        if reason.aspect != "date" or said is None:
            continue
        other = _other_time(claim, said, quotation)
        if not other and not (reason.source == quotation.date and _acted(claim, said, quotation)):
            yield reason


def _other_time(claim: str, said: Timex, quotation: Quotation) -> str:
    """Return the time, in its own words, that a passage gives for the claim's event, "" if none.

    The event is in the sentence (or clause) that has all names and most words of the claim.
    """
    passage, best, found = quotation.passage, _SAME_EVENT, ""
    asked = _asked(claim, quotation.creator, (time.span for time in _times_of(claim)))
    for time, stretch in _dated_stretches(passage):
        there = set(stems(words(stretch.of(passage))))
        share = _share(asked, there)
        in_place = stands_in_place(said.span, claim, time, passage)
        if in_place or (share >= best and _has_names(claim, there, quotation.creator)):
            best, found = share + in_place, time.of(passage)
    return found


_CLAUSE = re.compile(r"[^,;:]+")


def _dated_stretches(passage: str) -> Iterator[tuple[Span, Span]]:
    """Yield each time of a passage with the stretch of text that it dates: its sentence, or its
    clause if the sentence has several times."""
    for sentence in sentences(passage):
        inside = [time.span for time in _times_of(passage) if sentence.overlaps(time.span)]
        clauses = [
            Span(*found.span()) for found in _CLAUSE.finditer(passage, sentence.start, sentence.end)
        ]
        for time in inside:
            own = [clause for clause in clauses if clause.overlaps(time)]
            yield time, sentence if len(inside) == 1 else Span(own[0].start, own[-1].end)


def _asked(claim: str, creator: str, without: Iterable[Span]) -> set[str]:
    """Return the stems of a claim's words, but for stop words, the author's name and the spans
    `without`."""
    out = list(without)
    left = (w for w in in_words(claim) if not any(Span(*w.span()).overlaps(s) for s in out))
    return set(stems(folded([word[0] for word in left]))) - set(stems(words(creator)))


def _share(asked: Set[str], there: Set[str]) -> float:
    return len(asked & there) / max(len(asked), 1)


def _closest(asked: Set[str], passage: str) -> tuple[Span, float]:
    """Return the sentence of a passage with most of some stems, and the share of them it has."""
    shares = {
        sentence: _share(asked, set(stems(words(sentence.of(passage)))))
        for sentence in sentences(passage)
    }
    return max(shares.items(), key=lambda item: item[1], default=(Span(0, 0), 0.0))


def _has_names(claim: str, there: Set[str], creator: str) -> bool:
    """Return whether each name of a claim is among the stems `there`, or is the author's."""
    return all(
        _can_be(whole, creator) or any(there >= set(way) for way in _ways(span.of(claim), whole))
        for span, whole in _name_of_each(claim).items()
    )


def _acted(claim: str, said: Timex, quotation: Quotation) -> bool:
    """Return whether a claim says when the passage's author did something, and the passage shows
    that to be wrong: it is earlier than that, or it is itself the deed and of another time."""
    doc = parse(claim)
    part = doc.char_span(said.span.start, said.span.end, alignment_mode="expand")
    if part is None or not _names_speaker(claim, quotation.creator):
        return False
    above = (token for token in (part.root, *part.root.ancestors) if token.pos_ in {"VERB", "AUX"})
    # Of "told him to go in 1823" the first verb, of "said it would fall in 2042" the last one.
    doing = next((token for token in above if token.tag_ != "VB" or _has_subject(token)), None)
    by = [token for token in doc if token.dep_ in _SPEAKS and token.head == doing]
    by += [token for token in doc if token.dep_ == "pobj" and token.head.dep_ == "agent"]
    named = (
        whole
        for span, whole in _name_of_each(claim).items()
        if any(span.start <= token.idx < span.end for token in by)
    )
    if not any(_can_be(whole, quotation.creator) for whole in named):
        return False
    is_earlier = timex_of_date(quotation.date).last < said.first
    return is_earlier or (doing is not None and doing.lemma_ in word_list("verbs", "by_saying"))


def _has_subject(verb: Token) -> bool:
    return any(child.dep_ in {"nsubj", "nsubjpass"} for child in verb.lefts)


def _is_known_of(reason: Reason, quotation: Quotation) -> bool:
    """Return whether a fact counted as missing is there after all: word for word in the passage or
    its heading, as a shorter name, or implied by the collection. Titles ("the President") name
    nobody."""
    if reason.source or reason.aspect == "wording":
        return False
    around = "\n".join((quotation.passage, quotation.heading, quotation.opening))
    if _stands_in(reason.claim, around) or TITLES.issuperset(words(reason.claim)):
        return True
    if reason.aspect != "name":
        return False
    return _is_called_shorter(reason.claim, around) or _is_own_nation(reason.claim, quotation)


def _is_called_shorter(name: str, text: str) -> bool:
    """Return whether a text has a person's last name without another person's given name:
    "President Eisenhower" for Dwight D. Eisenhower."""
    given, last = name.split()[:-1], name.split()[-1]
    if not given or not all(map(is_given, given)) or not _stands_in(last, text):
        return False
    return any(
        may_be_same_person(name, whole) for whole in _whole_names(text) if last in whole.split()
    )


def _is_own_nation(name: str, quotation: Quotation) -> bool:
    """Return whether a name is that of the nation whose records the passage belongs to: its
    officials seldom name it ("America" in the State of the Union)."""
    if last_name(name) in word_list("people", "known_by_last_name"):
        return False
    around = set(stems(words(f"{quotation.collection} {quotation.title}")))
    return any(around.issuperset(way) for way in nation_names(name))


def _counts_nothing(reason: Reason, claim: str) -> bool:
    """Return whether a number is a "one" that counts nothing: "the last one", "one on one"."""
    if reason.aspect != "number" or reason.claim.casefold() != "one":
        return False
    found = re.finditer(r"(?<!\w)one(?!\w)", claim, re.IGNORECASE)
    after = ("".join(words(claim[one.end() :])[:1]) for one in found)
    return all(not word or word in stop_words() for word in after)


def _is_common_word(reason: Reason, quotation: Quotation) -> bool:
    """Return whether a passage has a word of a name only in lower case, where it may be no name:
    "create panic" beside "the Panic of 1837"."""
    if reason.aspect != "name" or reason.source:
        return False
    there = _words_with_capitals(quotation.passage)
    small = set(words(quotation.passage)) - there
    return not small.isdisjoint(_words_with_capitals(reason.claim))


def _words_with_capitals(text: str) -> set[str]:
    return {word for span in capitalised(text) for word in words(span.of(text))}


def _stands_in(words_said: str, text: str) -> bool:
    """Return whether a text has these words, capitals included."""
    return re.search(rf"(?<!\w){re.escape(words_said)}(?!\w)", text) is not None


def _is_one_changed(differs: Sequence[Reason], claims: Iterable[str], passage: str) -> bool:
    """Return whether exactly one thing differs, and it stands in the same place or is a denial.
    With two differences both texts may be true, like two rows of a table. `claims`: the whole
    claim, and the claim without what the passage confirms."""
    if len(differs) != 1 or differs[0].aspect == "name":
        return False
    return differs[0].aspect == "wording" or any(
        stands_in_place(said.span, claim, other.span, passage)
        for claim in claims
        for found in (_times_of, _quantities_of)
        for said in found(claim)
        if said.span.of(claim) == differs[0].claim
        for other in found(passage)
    )


def _without(claim: str, spans: Sequence[Span]) -> str:
    """Return a claim without the times at `spans` and the words that introduce them ("in the year
    1848").

    Times that the rest needs stay ("more than in 1928"). Returns the whole claim if fewer than
    `_FEWEST_LEFT` words would be left.
    """
    left: list[str] = []
    begin = 0
    for stretch in _stretches(claim, spans):
        before = claim[begin : stretch.start].split()
        if not _is_attribute(claim, stretch):
            while before and before[-1].casefold() in word_list("words", "leading"):
                before.pop()
            if _needs_more(before):
                continue
        left += before
        begin = stretch.end
    left += claim[begin:].split()
    if not spans or len(left) < _FEWEST_LEFT:
        return claim
    return _LOOSE.sub("", " ".join(left)).strip(" ,;")


def _stretches(claim: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the stretches that may be cut out; times joined by "and" go together or stay."""
    joined: list[list[Span]] = []
    for span in (timex.span for timex in _times_of(claim)):
        if joined and _JOINS.fullmatch(claim, joined[-1][-1].end, span.start):
            joined[-1].append(span)
        else:
            joined.append([span])
    for group in joined:
        if set(group) <= set(spans):
            yield Span(group[0].start, group[-1].end)


def _is_attribute(claim: str, span: Span) -> bool:
    """Return whether a year is an attribute of the next word: "the 1800 election"."""
    return span.of(claim).isdecimal() and claim[: span.start].casefold().endswith("the ")


def _needs_more(before: Sequence[str]) -> bool:
    """Return whether words are incomplete without what follows: "more than", but not "In
    California,"."""
    last = before[-1].casefold() if before else ""
    return last not in {"and", "or", "but"} and last[-1:].isalpha() and ends_midsentence(last)


_SPEAKS = {"nsubj", "attr"}
"""The grammatical role of the name in "Lincoln said" and in "It was Lincoln who said"."""

_IN_MARKS = re.compile(r"[\"“]([^\"“”]+)[\"”]")


def _check_namesakes(claim: str, creator: str) -> _Told:
    """Yield each person in the claim who shares the author's last name but is somebody else."""
    for name in _whole_names(claim):
        if _is_namesake(name, creator):
            yield "differs", Reason("name", name, creator, False)


def _check_who_said_it(claim: str, quotation: Quotation) -> _Told:
    """Yield the person to whom a claim credits a quotation that the passage has, if its author is
    somebody else; nobody if the claim names the author, too, or the passage names the person."""
    if not quotation.creator or _names_speaker(claim, quotation.creator):
        return
    passage = " ".join(words(quotation.passage))
    said = [found for found in _IN_MARKS.finditer(claim) if len(words(found[1])) >= FEWEST]
    said = [found for found in said if " ".join(words(found[1])) in passage]
    if not said:
        return
    for name in parse(claim).ents:
        speaks = name.label_ == "PERSON" or name.root.dep_ in _SPEAKS
        inside = any(name.start_char < f.end() and f.start() < name.end_char for f in said)
        there = inside or last_name(name.text) in passage.split()
        if speaks and name.root.pos_ == "PROPN" and not there:
            yield "differs", Reason("name", name.text, quotation.creator, False)


_OWNED = re.compile(r"\b[^\W\d_]+['’]s\b")


def _check_attribution(claim: str, quotation: Quotation) -> _Told:
    """Yield the person to whom a claim credits a statement, if the author is somebody else and the
    passage does not name that person (a possessive, "Washington's day", does not count)."""
    told = split_attribution(claim)
    if not told or not quotation.creator or _names_speaker(claim, quotation.creator):
        return
    named = _OWNED.sub("", f"{quotation.title} {quotation.passage}")
    if last_name(told[0]) not in words(named):
        yield "differs", Reason("name", told[0], quotation.creator, False)


def _names_speaker(claim: str, creator: str) -> bool:
    """Return whether a claim names a document's creator, at least by the last name."""
    return bool(creator) and any(_can_be(name, creator) for name in _whole_names(claim))


# A claim is checked against ten passages in a row; what is found in it is kept for all of them.
@lru_cache(maxsize=64)
def _times_of(text: str) -> tuple[Timex, ...]:
    return tuple(times(text, in_figures=True))


@lru_cache(maxsize=64)
def _quantities_of(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text, [timex.span for timex in _times_of(text)]))


@lru_cache(maxsize=64)
def _counts_or_years(text: str) -> tuple[Quantity, ...]:
    """Return the figures that look like years but may be counts: "bore 1200 captives", but not "in
    1200"."""
    years = {timex.span for timex in _times_of(text) if timex.span.of(text).isdecimal()}
    return tuple(
        quantity
        for quantity in quantities(text)
        if quantity.span in years and not _is_led_to(quantity.span, text)
    )


def _is_led_to(year: Span, text: str) -> bool:
    """Return whether the word before some figures introduces a time: "in", "the"."""
    leading = word_list("words", "leading") | word_list("words", "circumstances")
    return not leading.isdisjoint(words(text[: year.start])[-1:])


def _same_count(said: Quantity, others: Iterable[Quantity]) -> Quantity | None:
    """Return the count among `others` with the same value and the same thing counted."""
    alike = (other for other in others if _is_count_of_same(said, other))
    return next((other for other in alike if other.value == said.value), None)


def _is_count_of_same(said: Quantity, other: Quantity) -> bool:
    if said.currency or other.currency or said.share or other.share:
        return False
    return bool(said.noun) and stems(words(said.noun)) == stems(words(other.noun))


_known = lru_cache(maxsize=256)(with_recorded_names)


def _is_namesake(name: str, creator: str) -> bool:
    """Return whether a name is somebody else's with the author's last name: FDR beside Theodore
    Roosevelt."""
    same = bool(creator) and last_name(_known(name)) == last_name(creator)
    return same and not _can_be(name, creator)


def _can_be(name: str, creator: str) -> bool:
    known = _known(name)
    last = known.split()[-2:]  # what stands before may be a title
    begun = known.split()[2:] and len(last[0].strip(".")) == 1  # "H. W. Bush"
    return may_be_same_person(known, creator) or (
        not begun and may_be_same_person(" ".join(last), creator)
    )


def _whole_names(text: str) -> list[str]:
    """Return the names in a text: runs of capitalised words ("George H.W. Bush"), without a stop
    word in front."""
    return list(dict.fromkeys(_name_of_each(text).values()))


@lru_cache(maxsize=64)
def _name_of_each(text: str) -> Mapping[Span, str]:
    """Return the whole name to which each capitalised word belongs; stop words, times and numbers
    are left out."""
    runs: list[list[Span]] = []
    counted = [timex.span for timex in _times_of(text)]
    counted += [quantity.span for quantity in _quantities_of(text)]
    counted += [span for span, _ in ordinals(text)]
    for span in capitalised(text):
        if stop_words().issuperset(words(span.of(text))) or any(map(span.overlaps, counted)):
            continue
        if runs and _INITIALS.fullmatch(text, runs[-1][-1].end, span.start):
            runs[-1].append(span)
        else:
            runs.append([span])
    inside = set(capitalised_inside(text))
    for run in runs:
        if len(run) > 1 and run[0] not in inside and not _opens_name(run, text):
            runs.append([run.pop(0)])
    return {span: text[run[0].start : run[-1].end] for run in runs for span in run}


def _opens_name(run: Sequence[Span], text: str) -> bool:
    """Return whether the first word of a sentence belongs to the name after it, not as in "Sadly
    Roosevelt died": a given name, part of a name known from records, a proper noun by its grammar,
    or a speaker before a colon."""
    first, whole = run[0].of(text), text[run[0].start : run[-1].end]
    if is_given(first) or _known(whole) != whole or text[run[-1].end :].startswith(":"):
        return True
    return any(token.idx == run[0].start and token.pos_ == "PROPN" for token in parse(text))


def _check_times(claim: str, quotation: Quotation) -> Iterator[tuple[str, Reason, Span]]:
    """Yield an outcome, its reason and the span for each time of the claim. A time agrees if the
    passage states it, implies it ("yesterday"), or bears that date itself."""
    if not _times_of(claim):
        return
    passage = quotation.passage
    there = _times_of(passage)
    told = relative_times(passage, quotation.date or None)
    dated = [timex_of_date(quotation.date)] if quotation.date else []
    counts = {q.span: _same_count(q, _quantities_of(passage)) for q in _counts_or_years(claim)}
    for said in _times_of(claim):
        text, meant = said.span.of(claim), _meant(claim, said)
        if count := counts.get(said.span):
            yield "agrees", Reason("number", text, count.span.of(passage), True), said.span
            continue
        is_near = any(said.overlaps(other) for other in (*there, *told, *dated))
        if is_near and _has_two_ends(said, claim):
            ends = _ends(said, passage)
            how = "agrees" if ends else "missing"
            yield how, Reason("date", text, ends, bool(ends)), said.span
        elif same := _overlapping(meant, there):
            yield "agrees", Reason("date", text, same.span.of(passage), True), said.span
        elif _overlapping(meant, dated) and not _is_told_of_another(meant, told, claim, passage):
            yield "agrees", Reason("date", text, quotation.date, True), said.span
        elif same := _overlapping(meant, told):
            yield "agrees", Reason("date", text, same.span.of(passage), True), said.span
        elif is_near:
            yield "missing", Reason("date", text, "", False), said.span  # longer, or unsure
        elif there or dated:
            other = _other_time(claim, said, quotation) or quotation.date
            other = other or there[0].span.of(passage)
            yield "differs", Reason("date", text, other, False), said.span
        else:
            yield "missing", Reason("date", text, "", False), said.span


def _is_told_of_another(said: Timex, told: Iterable[Timex], claim: str, passage: str) -> bool:
    """Return whether a passage dates a verb of the claim, relative to its own date ("burned
    yesterday"), to another time than the claim does."""
    asked = set(stems(words(claim)))
    doing = [timex for timex in told if not asked.isdisjoint(stems([_verb_of(timex, passage)]))]
    return bool(doing) and not any(said.overlaps(timex) for timex in doing)


def _verb_of(time: Timex, passage: str) -> str:
    """Return the verb that a time modifies, "" if it modifies a noun or is a bound: "the crops of
    last year", "since yesterday"."""
    own = next((s for s in sentences(passage) if s.overlaps(time.span)), time.span)
    doc = parse(own.of(passage))
    start, end = time.span.start - own.start, time.span.end - own.start
    part = doc.char_span(start, min(end, len(own)), alignment_mode="expand")
    if part is None:
        return ""
    head = part.root.head
    bounds = word_list("words", "since") | word_list("words", "until")
    if head.pos_ == "ADP" and head.lower_ not in bounds:
        head = head.head
    return str(head.text) if head.pos_ == "VERB" else ""


_TWO_ENDS = re.compile(r"^(?:from|between)\s|\d\s?[-–—]\s?\d", re.IGNORECASE)


def _has_two_ends(said: Timex, claim: str) -> bool:
    """Return whether a time of a claim is a range of years that itself is claimed ("from 1861 to
    1865"), not one in brackets that merely dates something: "in the war (1861-1865)"."""
    first, last = said.years
    in_brackets = claim[: said.span.start].endswith("(")
    return first != last and not in_brackets and bool(_TWO_ENDS.search(said.span.of(claim)))


def _ends(said: Timex, passage: str) -> str:
    """Return the words of a passage for the first and the last year of a range, "" unless it has
    both."""
    times = _times_of(passage)
    found = [next((t.span.of(passage) for t in times if y in t.years), "") for y in said.years]
    return ", ".join(dict.fromkeys(found)) if all(found) else ""


def _check_days(claim: str, quotation: Quotation) -> _Told:
    """Yield the outcome for each day of the claim that has no year ("July 4"). It agrees if the
    passage names that day, in any year, or bears that date; it differs if the passage names one
    other day in its place."""
    passage = quotation.passage
    dated = [timex.span for timex in _times_of(claim)]
    bare = [(span, day) for span, day in _days_of(claim) if not any(map(span.overlaps, dated))]
    if not bare:
        return
    near = [*_times_of(passage), *relative_times(passage, quotation.date or None)]
    near += [timex_of_date(quotation.date)] if quotation.date else []
    known = {timex.first[5:] for timex in near if timex.first == timex.last}
    there = _days_of(passage)
    for span, day in bare:
        text, (first, last) = span.of(claim), _bounds(span, claim, day)
        same = next((o.of(passage) for o, named in there if first <= named <= last), "")
        if same or any(first <= other <= last for other in known):
            yield "agrees", Reason("date", text, same or quotation.date, True)
        elif len(there) == 1 and _is_other_day(span, claim, there[0], passage):
            yield "differs", Reason("date", text, there[0][0].of(passage), False)
        else:
            yield "missing", Reason("date", text, "", False)


def _is_other_day(said: Span, claim: str, other: tuple[Span, str], passage: str) -> bool:
    """Return whether a passage has another day, not "before" or "after" it, in the place of the
    claim's day."""
    span, day = other
    is_one = _bounds(span, passage, day) == (day, day)
    return is_one and is_between_same(said, claim, span, passage)


def _bounds(span: Span, text: str, day: str) -> tuple[str, str]:
    """Return the first and the last day of the year that a day and the word before it allow:
    "before July 5"."""
    before = words(text[: span.start])[-1:]
    if not word_list("words", "until").isdisjoint(before):
        return "01-01", day
    return (day, "12-31") if not word_list("words", "since").isdisjoint(before) else (day, day)


@lru_cache(maxsize=64)
def _days_of(text: str) -> list[tuple[Span, str]]:
    """Return the days that a text names. "In June 9 ships were lost" has none."""
    counts = [q.span for q in _quantities_of(text) if q.noun and q.noun not in stop_words()]
    return [(span, day) for span, day in days_named(text) if not any(map(span.overlaps, counts))]


def _meant(claim: str, said: Timex) -> Timex:
    """Return a time of a claim, extended to all earlier or later times if the claim says so:
    "before 1970"."""
    before = words(claim[: said.span.start])[-1:]
    if not word_list("words", "until").isdisjoint(before):
        return replace(said, first="0001-01-01")
    if not word_list("words", "since").isdisjoint(before):
        return replace(said, last="9999-12-31")
    return said


def _overlapping(said: Timex, there: Iterable[Timex]) -> Timex | None:
    """Return the first of `there` that confirms a time: it overlaps, is at least as precise, and
    the order of day and month is not in doubt."""
    said = replace(said, unsure=())
    near = (other for other in there if said.overlaps(replace(other, unsure=())))
    return next((other for other in near if _days(other) <= _days(said)), None)


def _days(time: Timex) -> int:
    return (date.fromisoformat(time.last) - date.fromisoformat(time.first)).days


def _check_numbers(claim: str, quotation: Quotation) -> _Told:
    """Yield the outcome for each number of the claim. One that is not in the passage differs if the
    passage has another number for the same thing, currency or share; the reason names that number
    if it belongs to the same event."""
    if not _quantities_of(claim):
        return
    passage = quotation.passage
    there = _quantities_of(passage)
    for said in _quantities_of(claim):
        text = said.span.of(claim)
        if _is_in_name(said.span, claim):
            continue
        near = (other for other in there if agree(said, other))
        same = next((q for q in near if not _are_two_years(said, q, claim, passage)), None)
        same = same or _same_count(said, _counts_or_years(passage))
        if same is not None:
            yield "agrees", Reason("number", text, same.span.of(passage), True)
            continue
        if word := _in_years(said, passage) or _in_a_word(said, passage):
            yield "agrees", Reason("number", text, word, True)
            continue
        if alike := [other for other in there if _of_a_kind(said, other)]:
            other = _other_number(claim, said, alike, quotation)
            yield "differs", Reason("number", text, other, False)
        else:
            yield "missing", Reason("number", text, "", False)


def _in_a_word(said: Quantity, passage: str) -> str:
    """Return the word with which a passage counts one of the same thing ("a single ship"), "" if
    none."""
    if said.value != 1 or said.currency or said.share:
        return ""
    counted = [said.noun] if said.noun and said.noun not in stop_words() else []
    there = words(passage)
    return next(
        (
            word
            for word, after in pairwise([*there, ""])
            if word in word_list("numbers", "only_one")
            and (not counted or stems([after]) == stems(counted))
        ),
        "",
    )


def _other_number(
    claim: str, said: Quantity, alike: Sequence[Quantity], quotation: Quotation
) -> str:
    """Return the number, in its own words, that a passage gives for the claim's event, "" if none.

    That is the number in the same place, or else the nearest in value in the sentence that has
    all names and most words of the claim.
    """
    passage, creator = quotation.passage, quotation.creator
    nearest = sorted(alike, key=lambda other: abs(other.value - said.value))
    told = [item.span for item in _times_of(claim)] + [item.span for item in _quantities_of(claim)]
    asked = _asked(claim, creator, told)
    best, found = 0.0, ""
    for sentence in sentences(passage):
        inside = [other for other in nearest if sentence.overlaps(other.span)]
        if not inside:
            continue
        for other in inside:
            if stands_in_place(said.span, claim, other.span, passage):
                return other.span.of(passage)
        there = set(stems(words(sentence.of(passage))))
        share = _share(asked, there)
        if share >= max(_SAME_EVENT, best) and _has_names(claim, there, creator):
            best, found = share, inside[0].span.of(passage)
    return found


def _is_in_name(number: Span, claim: str) -> bool:
    """Return whether a number is part of a name: "his Four Freedoms speech"."""
    after = _NEXT_WORD.match(claim, number.end)
    named = number.of(claim).isalpha() and after is not None and after[1][0].isupper()
    return named and number in capitalised_inside(claim)


def _in_years(said: Quantity, passage: str) -> str:
    """Return the word with which a passage states so many years ("decade" for ten), "" if none."""
    if said.noun.removesuffix("s") != "year":
        return ""
    told = (word for word, years in table("numbers")["years"].items() if years == said.value)
    return next((word for word in told if word in words(passage)), "")


def _are_two_years(said: Quantity, other: Quantity, claim: str, passage: str) -> bool:
    """Return whether two numbers may be two years, which are never rounded: "in 1900 men struck",
    but not "about 1500 men", nor "the 1500 men" beside "1512 men"."""
    figures = said.span.of(claim), other.span.of(passage)
    if said.bound != "exact" or figures[0] == figures[1]:
        return False
    if not all(text.isdecimal() and _FIRST_YEAR <= int(text) <= _LAST_YEAR for text in figures):
        return False
    return not _is_count_of_same(said, other) or _is_led_to(said.span, claim)


_FIRST_YEAR, _LAST_YEAR = 1000, 2100
"""Figures without a comma between these may be a year."""


def _is_adverb(ordinal: Span, claim: str) -> bool:
    """Return whether "first" is an adverb: "at first", "fired first"."""
    if ordinal.of(claim).casefold() != "first":
        return False
    if words(claim[: ordinal.start])[-1:] == ["at"]:
        return True
    first = next((token for token in parse(claim) if token.idx == ordinal.start), None)
    return first is not None and first.dep_ == "advmod" and first.head.pos_ in {"VERB", "AUX"}


def _check_ordinals(claim: str, passage: str) -> _Told:
    """Yield each ordinal of a quoted claim that the passage lacks or replaces with another: like
    names, ordinals say which one of many is meant."""
    said = ordinals(claim, [timex.span for timex in _times_of(claim)])
    if not said or not is_quoted(claim, passage):
        return
    there = ordinals(passage)
    for span, number in said:
        place = [o for o in there if stands_in_place(span, claim, o[0], passage)]
        is_there = number in {other for _, other in place or there}
        if not is_there and not _is_adverb(span, claim):
            yield "missing", Reason("wording", span.of(claim), "", False)


def _check_order(claim: str, passage: str) -> _Told:
    """Yield two numbers or years of a quoted claim that the passage has in each other's place: "in
    1861 more than in 1860"."""
    ours = folded(WORD.findall(claim))
    numbers = [n for n, word in enumerate(ours) if word.isdecimal()]
    if len(numbers) < 2 or not is_quoted(claim, passage):
        return
    theirs = folded(WORD.findall(passage))
    for a, b in pairwise(numbers):
        if not first_telling(ours[a + 1 : b]):
            continue  # "in 1860 and 1861"
        turned = [*ours]
        turned[a], turned[b] = ours[b], ours[a]
        if {a, b} <= _laid(turned, theirs) and not {a, b} <= _laid(ours, theirs):
            reason = Reason("wording", f"{ours[a]}, {ours[b]}", f"{ours[b]}, {ours[a]}", False)
            yield "missing", reason


def _check_marked_words(claim: str, passage: str) -> _Told:
    """Yield what a claim has in quotation marks otherwise than the passage that has nearly all of
    it: a word or two put in place of others or added, but for small words and spellings."""
    for found in _IN_MARKS.finditer(claim):
        ours, theirs = (folded([w[0] for w in in_words(text)]) for text in (found[1], passage))
        if not is_quoted(found[1], passage):
            continue
        told = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
        for how, a, b, c, d in told:
            c = max(c, d - (b - a)) if a == 0 else c  # no more than stands in its place
            d = min(d, c + (b - a)) if b == len(ours) else d
            instead = theirs[c:d] if how == "replace" else []
            new = [w for w in ours[a:b] if first_telling([w]) and not _is_spelled(w, instead)]
            if how == "equal" or not new or max(b - a, d - c) > _FEW_WORDS:
                continue
            after = b < len(ours)  # the next word shows the place
            said, there = " ".join(ours[a : b + 1]), " ".join(theirs[c : d + after])
            yield "missing", Reason("wording", said, there, False)


_FEW_WORDS = 2
"""Words that are changed in a quotation at most: more may be another one."""

_ALIKE = 0.8
"""How alike two spellings of a word are at least: "reenforce", "reinforce"."""


def _is_spelled(word: str, others: Iterable[str]) -> bool:
    return any(SequenceMatcher(None, word, other).ratio() >= _ALIKE for other in others)


_HALF = 0.5
"""A sentence with at least this share of a claim's stems may be the one that says it."""


def _check_whose_view(claim: str, quotation: Quotation) -> _Told:
    """Yield a reason if the sentence closest to the claim is hearsay, unless the claim says that it
    is."""
    views = [*hearsay().finditer(quotation.passage)]
    if not views or hearsay().search(claim):
        return
    asked = _asked(claim, quotation.creator, (time.span for time in _times_of(claim)))
    if asked & set(stems(word_list("words", "alleged"))):
        return
    best, share = _closest(asked, quotation.passage)
    view = next((v for v in views if best.overlaps(Span(*v.span()))), None)
    if view is not None and share >= _HALF:
        yield "missing", Reason("wording", "", view[0], False)


_NEARLY_ALL = 0.75
"""A sentence with at least this share of what a claim says of its subject says just that."""

_SUBJECTS = {"nsubj", "nsubjpass"}


def _check_who_did_it(claim: str, quotation: Quotation) -> _Told:
    """Yield the subject of a claim if the passage names it, but the sentence that says the rest
    does not, and has another name for its subject: "Grant left. Lee held the fort" beside "Grant
    held the fort". Of 670 results that seemed to support their claim (.5 or more) this holds for
    one, which does not."""
    passage, creator = quotation.passage, quotation.creator
    names = _name_of_each(claim)
    acting = [t for t in parse(claim) if t.dep_ in _SUBJECTS and t.head.dep_ == "ROOT"]
    subject = {
        span: whole
        for span, whole in names.items()
        if any(span.start <= token.idx < span.end for token in acting)
        and not _can_be(whole, creator)
    }
    rest = _asked(claim, "", (*(time.span for time in _times_of(claim)), *names))
    if not subject or len(rest) < _FEWEST_LEFT:
        return
    best, share = _closest(rest, passage)
    if share < _NEARLY_ALL:
        return
    there, whole_passage = (set(stems(words(text))) for text in (best.of(passage), passage))
    for span, whole in subject.items():
        ways = [set(way) for way in _ways(span.of(claim), whole)]
        if any(map(there.issuperset, ways)) or not any(map(whole_passage.issuperset, ways)):
            continue
        doing = (token for token in parse(best.of(passage)) if token.dep_ in _SUBJECTS)
        other = next((token.text for token in doing if token.pos_ == "PROPN"), "")
        if other:
            yield "missing", Reason("wording", whole, other, False)


def _laid(ours: Sequence[str], theirs: Sequence[str]) -> set[int]:
    """Return the places of the words in `ours` that are in the same order in `theirs`."""
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return {block.a + n for block in blocks for n in range(block.size)}


def _of_a_kind(said: Quantity, other: Quantity) -> bool:
    """Return whether two numbers measure the same thing and cannot both be true. Rounded numbers
    and bounds can: "more than 100" beside 200, 1,500 beside "1,000 to 2,000"."""
    both_ends = said.ends and other.ends
    if not both_ends and (said.may_be(other.value) or other.may_be(said.value)):
        return False
    if abs(said.value - other.value) <= ROUNDING * other.value and said.value != other.value:
        return False
    if said.currency or other.currency or said.share or other.share:
        return said.currency == other.currency and said.share == other.share
    return _is_count_of_same(said, other)


def _words_and_names(text: str) -> set[str]:
    """Return the stems of a text's words; stems of one or two letters only if capitalised: "us" is
    not "US"."""
    short = (word for word in (span.of(text) for span in capitalised(text)) if len(word) < 5)
    return {stem for stem in stems(words(text)) if len(stem) > 2} | set(
        stems(words(" ".join(short)))
    )


def _ways(word: str, whole: str) -> set[tuple[str, ...]]:
    """Return the stems that can stand for a word of a name: its own, those of other names of the
    nation, and those of a parliament's houses."""
    return {tuple(stems(words(word)))} | nation_names(word) | nation_names(whole) | _houses(word)


def _houses(parliament: str) -> set[tuple[str, ...]]:
    named = table("people")["houses"].get(parliament.lower(), "")
    return {tuple(stems(named.split()))} if named else set()


def _check_names(claim: str, quotation: Quotation) -> _Told:
    """Yield the outcome for each word of the claim's names: the reason has the whole name, and
    where it is (passage, heading, author), or that it is missing."""
    passage = quotation.passage
    own = _words_and_names(passage)
    around = set(stems(words(f"{quotation.heading} {quotation.opening}")))
    creator = set(stems(words(quotation.creator)))
    inside = set(capitalised_inside(claim))
    for span, whole in _name_of_each(claim).items():
        word = span.of(claim)
        own_way, ways = tuple(stems(words(word))), _ways(word, whole)
        if word.lower() in word_list("people", "words") and not _stands_in(word, passage):
            ways = ways - {own_way}  # "whether we grant it" has no Grant
        is_there = any(own.issuperset(way) for way in ways)
        if _can_be(whole, quotation.creator):
            yield "agrees", Reason("name", whole, SPEAKER, True)
        elif is_there and (span in inside or _is_name_in(word, claim, span, passage)):
            if not _is_same_thing(whole, span, claim, passage):
                called = f"the {whole}" if _is_called_after(span, claim) else whole
                yield "missing", Reason("name", called, "", False)
                continue
            there = whole if _stands_in(whole, passage) else ""
            yield "agrees", Reason("name", whole, there, True)
        elif _is_namesake(whole, quotation.creator):
            yield "missing", Reason("name", whole, "", False)
        elif creator.issuperset(own_way):
            yield "agrees", Reason("name", whole, SPEAKER, True)
        elif any(around.issuperset(way) for way in {own_way, *_houses(word)}):
            yield "agrees", Reason("name", whole, quotation.heading, True)
        elif span in inside:  # the first word of a sentence may be any
            yield "missing", Reason("name", whole, "", False)


def _is_name_in(word: str, claim: str, span: Span, passage: str) -> bool:
    """Return whether the first word of a claim is a name: by its grammar, or because the passage
    capitalises it within a sentence."""
    return _opens_name([span], claim) or word in {
        s.of(passage) for s in capitalised_inside(passage)
    }


_THE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_NEXT_WORD = re.compile(r"\s+([^\W\d_]+)")


def _is_same_thing(whole: str, span: Span, claim: str, passage: str) -> bool:
    """Return whether claim and passage use a state's name alike: for the state, or for a ship or
    river called after it ("the Maine")."""
    mentions = [*re.finditer(rf"(?<!\w){re.escape(whole)}(?!\w)", passage)]
    if whole not in _states() or not mentions:
        return True
    asked = _is_called_after(span, claim)
    return any(_is_called_after(Span(*found.span()), passage) == asked for found in mentions)


def _is_called_after(state: Span, text: str) -> bool:
    """Return whether a state's name is that of a ship or river here: after "the" with no noun
    behind it, or after a word such as "ship"."""
    before, after = text[: state.start], _NEXT_WORD.match(text, state.end)
    last = "".join(words(before[-20:])[-1:])
    if last in word_list("places", "called_after_states"):
        return True
    return bool(_THE.search(before)) and (after is None or after[1].lower() in stop_words())


@cache
def _states() -> frozenset[str]:
    return frozenset(name for row in table("places")["states"] for name in row.split(", "))


_ITEM = re.compile(r"\s*(?:[([]?(?:\d{1,2}|[a-z]|[ivx]+)[.)\]]|[^\W\d_]+)", re.IGNORECASE)
"""How an item of a list or draft begins: a number, a letter, "Art."."""


def _proposed_in(claim: str, quotation: Quotation) -> str:
    """Return the words with which an author merely proposes what is quoted; "" if there are none,
    or if the claim itself says only that it was proposed, wanted or said."""
    own, draft, of_self = proposals()
    quoted = quotation.text
    asks = own.search(quoted)
    if asks is None and _opens_item(quoted) and not of_self.search(quoted):
        at = quotation.span.start if quotation.span else 0
        before = quotation.before + quotation.passage[:at]
        asks = next(reversed([*draft.finditer(before)]), None)
        if asks is not None and of_self.search(before, asks.end()):
            return ""  # the draft is over
    return "" if asks is None or not _is_deed(claim) else asks[0].strip()


def _opens_item(text: str) -> bool:
    """Return whether a text begins like an item of a list or an article of a law."""
    begun = _ITEM.match(text)
    if begun is None:
        return False
    word = begun[0].strip().casefold()
    return not word.isalpha() or word in word_list("words", "articles")


def _is_deed(claim: str) -> bool:
    """Return whether a claim reports a deed, as opposed to something said or wanted."""
    root = next((token for token in parse(claim) if token.dep_ == "ROOT"), None)
    if root is None or root.pos_ not in {"VERB", "AUX"}:
        return False
    past = [token for token in (root, *root.children) if token.tag_ in {"VBD", "VBN"}]
    said = word_list("verbs", "by_saying") | word_list("verbs", "wanting")
    return bool(past) and root.lemma_ not in said
