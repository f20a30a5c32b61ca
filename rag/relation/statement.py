"""What a sentence states: its content words with their polarity, names, numbers, times, actors.

Read off the grammar (`syntax`), so that a claim and a quotation can be compared word by word
instead of by likeness alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from rag.datatypes import Span
from rag.language import (
    Quantity,
    Timex,
    is_name,
    parse,
    quantities,
    times,
    word_list,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

NameKind = Literal["person", "place", "other"]

_GLOSS = re.compile(
    r"\b(?:(?:what|which|that) (?:is|are) (?:now|today)|today['’]s|present-day|modern(?:-day)?)"
    r" (?:the )?$",
    re.IGNORECASE,
)

_CONTENT = {"NOUN", "VERB", "ADJ", "PROPN", "ADV"}
_PREDICATES = {"VERB", "ADJ", "NOUN"}
_NAME_KINDS: dict[str, NameKind] = {
    "PERSON": "person",
    "GPE": "place",
    "LOC": "place",
    "NORP": "place",
    "FAC": "place",
    "ORG": "other",
    "EVENT": "other",
    "PRODUCT": "other",
    "WORK_OF_ART": "other",
    "LAW": "other",
}
_SPEAKING = word_list("verbs", "speaking") | word_list("verbs", "mentioning")
_DENYING = word_list("verbs", "denying")
_NEGATIONS = word_list("words", "negations")
_MODALS = word_list("verbs", "modals")
_UNREAL = word_list("verbs", "unreal")
"""Words that say that what they govern is wanted, planned or feared: not yet that it happened."""

_COUNSELS = word_list("verbs", "counselling")
"""Verbs with which "against doing it" denies that it is done."""

_BARELY = word_list("words", "barely")
_OWN = word_list("words", "only")  # "not only Germany" denies nothing
_COMPLEMENTS = {
    *("dobj", "obj", "attr", "acomp", "xcomp", "ccomp", "oprd", "prep", "pobj", "pcomp", "dative"),
    *("advmod", "amod", "compound", "nmod", "poss", "prt", "acl", "npadvmod", "agent"),
}
"""Dependencies along which a negation reaches: "did not complete the ratification of it"."""

_VICTORY = word_list("verbs", "victory")
_MOVES = {"up": word_list("verbs", "moving_up"), "down": word_list("verbs", "moving_down")}
"""Verbs that with "up" or "down" say no more than that something rose or fell."""

UNITS_OF_MONEY = word_list("words", "money")
_LONG_TIMES = {"decade": 10, "century": 100}
_ONE_UNIT = re.compile(
    rf"\ban?(?= (?:{'|'.join([*UNITS_OF_MONEY, *_LONG_TIMES])})\b)", re.IGNORECASE
)
_NINE_ELEVEN = re.compile(r"\b9/11\b")  # an event, no numbers

_COMPARATIVES = word_list("words", "comparatives")
"""Content words, except before a number: "more than $ 9,000" is a `Quantity`."""

_IGNORED = word_list("words", "empty")


@dataclass(frozen=True, slots=True)
class Word:
    """A content word. `negated`: whether an odd number of negations reach it. `unreal`: it is
    said to be possible, planned or wanted, not to have happened. `predicate`: it says what
    happened or how things were (a verb, or what a form of "be" is completed with)."""

    span: Span
    lemma: str
    name: bool
    predicate: bool
    negated: bool
    unreal: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A name: its words as written, without titles. `gloss`: it only explains where another
    place lies ("the town that is now Toronto"), which no record of the time says."""

    span: Span
    text: str
    kind: NameKind
    gloss: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did it to whom: lemmas, and where the three words stand."""

    agent: str
    act: str
    patient: str
    spans: tuple[Span, Span, Span] = field(compare=False, default=(Span(0, 0),) * 3)


@dataclass(frozen=True, slots=True)
class Saying:
    """Somebody, by name, says something: where the verb stands."""

    speaker: str
    verb: Span


@dataclass(frozen=True, slots=True)
class Statement:
    """What a short text states. Spans point into `text`. `denies`: there is a negation in it,
    be it of a word that is no content word ("was not under way")."""

    text: str
    words: tuple[Word, ...]
    names: tuple[Name, ...]
    quantities: tuple[Quantity, ...]
    times: tuple[Timex, ...]
    deeds: tuple[Deed, ...]
    sayings: tuple[Saying, ...]
    superlatives: tuple[Span, ...]
    denies: bool


@lru_cache(maxsize=2_048)
def read_statement(text: str) -> Statement:
    """Return what `text`, a claim or a quotation of a few sentences, states."""
    doc = parse(text)
    when = tuple(times(text))
    spans = [timex.span for timex in when]
    return Statement(
        text,
        tuple(_words(doc, spans)),
        tuple(_names(doc, spans)),
        tuple(_quantities(doc, spans)),
        when,
        tuple(_deeds(doc)),
        tuple(_sayings(doc)),
        tuple(_span(token) for token in doc if _is_superlative(token)),
        bool(_direct_negations(doc)),
    )


def _span(token: Token) -> Span:
    return Span(token.idx, token.idx + len(token))


def _words(doc: Doc, left_out: list[Span]) -> Iterator[Word]:
    negated = _direct_negations(doc)
    for token in doc:
        span = _span(token)
        if any(span.overlaps(other) for other in left_out) or not _is_content(token):
            continue
        yield Word(
            span,
            _lemma(token),
            token.pos_ == "PROPN",
            token.pos_ in _PREDICATES and (token.pos_ == "VERB" or token.dep_ in {"attr", "acomp"}),
            _is_negated(token, negated),
            _is_unreal(token),
        )


def _lemma(token: Token) -> str:
    """Return what a word is compared by: its lemma, but for "more" and "fewer", for verbs of
    victory, of which who is beaten has lost, and for "went up", which is to rise."""
    if token.lower_ in _COMPARATIVES:
        return token.lower_
    for way, rose in (("up", "rise"), ("down", "fall")):
        if token.lemma_.casefold() in _MOVES[way] and any(
            child.lower_ == way and child.dep_ in {"prt", "advmod"} for child in token.children
        ):
            return rose
    if token.pos_ == "VERB" and token.lemma_.casefold() in _VICTORY:
        passive = token.tag_ == "VBN" and not any(
            child.lemma_ == "have" and child.dep_ == "aux" for child in token.children
        )
        return "lose" if passive or _is_passive(token) else "win"
    return token.lemma_.casefold()


def _is_passive(verb: Token) -> bool:
    return any(child.dep_ in {"nsubjpass", "auxpass"} for child in verb.children)


def _is_content(token: Token) -> bool:
    if token.pos_ not in _CONTENT or not any(c.isalpha() for c in token.text):
        return False
    lemma = token.lemma_.casefold()
    if token.lower_ in _COMPARATIVES:
        return not any(after.like_num for after in token.doc[token.i + 2 : token.i + 4])
    return lemma not in _IGNORED and not (token.is_stop and token.pos_ in {"ADV", "PROPN"})


def _direct_negations(doc: Doc) -> dict[int, int]:
    """Return, by token number, how many negations are said of a token itself."""
    found: dict[int, int] = {}

    def add(token: Token) -> None:
        found[token.i] = found.get(token.i, 0) + 1

    for token in doc:
        word = token.lower_.replace("’", "'")
        after = doc[token.i + 1] if token.i + 1 < len(doc) else None
        if word == "against":
            if token.head.lemma_.casefold() not in _COUNSELS:
                continue
        elif word not in _NEGATIONS or (after is not None and _is_no_denial(word, after)):
            continue
        if any(later.lower_ in {"until", "till"} for later in token.head.subtree):
            continue  # not until 1844: then
        if word == "without":
            for child in token.children:
                add(child)
        elif word in {"unable", "against"}:
            for child in token.children:
                if child.dep_ in {"xcomp", "pcomp"}:
                    add(child)
        elif word in {"none", "nobody", "nothing"}:
            add(token.head)
        elif token.dep_ == "det" and token.head.pos_ in {"NOUN", "PROPN", "PRON"}:
            add(token.head)
            if token.head.dep_ in {"nsubj", "nsubjpass", "dobj", "attr"}:
                add(token.head.head)
        else:
            add(token.head)
    return found


def _is_no_denial(word: str, after: Token) -> bool:
    """Return whether "not only", "never more prosperous" or "barely 5,000" denies nothing."""
    if word in _BARELY or (word == "not" and after.lower_ in {"even", "quite"}):
        before_number = after.doc[after.i : after.i + 3]
        return any(t.like_num or t.pos_ == "SYM" or t.lower_ == "more" for t in before_number)
    return after.lower_ in _OWN or (word == "never" and after.tag_ in {"JJR", "RBR"})


def _is_negated(token: Token, negations: dict[int, int]) -> bool:
    """Return whether an odd number of negations reach the token through its governors."""
    count = negations.get(token.i, 0)
    at = token
    while (at.dep_ in _COMPLEMENTS or _is_judged(at)) and at.head != at:
        head = at.head
        # What is said of a noun ("no part") was counted for its verb, too.
        if not (at.dep_ in {"dobj", "attr"} and negations.get(at.i)):
            count += negations.get(head.i, 0)
        if _denies(head) and at.dep_ in {"dobj", "xcomp", "pcomp", "prep"}:
            count += 1
        at = head
    return count % 2 == 1


def _is_judged(verb: Token) -> bool:
    """Return whether a verb is what "it is (not) easy for them to" speaks of."""
    return (
        verb.dep_ == "advcl"
        and verb.head.lemma_ == "be"
        and any(child.tag_ == "TO" for child in verb.children)
        and any(child.dep_ == "acomp" for child in verb.head.children)
    )


def _is_avoided(noun: Token) -> bool:
    """Return whether a noun stands within what did not happen: "avoided the kind of debate"."""
    at = noun
    while at.dep_ in {"dobj", "pobj", "prep"} and at.head != at:
        at = at.head
        if _denies(at):
            return True
    return False


def _denies(verb: Token) -> bool:
    """Return whether a verb says that what it governs did not happen: "refused", "turned down"."""
    if verb.lemma_.casefold() == "turn":
        return any(child.dep_ == "prt" and child.lower_ == "down" for child in verb.children)
    if verb.lemma_.casefold() == "decline" and verb.pos_ == "NOUN":  # there was less of it
        return False
    return verb.lemma_.casefold() in _DENYING


def _is_unreal(token: Token) -> bool:
    at = token
    while True:
        if at.pos_ in {"VERB", "AUX"} and any(
            child.dep_ == "aux" and child.lower_.replace("’", "'") in _MODALS
            for child in at.children
        ):
            return True
        if any(child.dep_ == "mark" and child.lower_ in {"if", "unless"} for child in at.children):
            return True
        if any(
            child.lemma_.casefold() in _UNREAL
            for child in at.children
            if child.dep_ in {"amod", "advmod"}
        ):
            return True
        if at.dep_ == "relcl" and _is_avoided(at.head):
            return True
        if at.head == at or at.dep_ in {"nsubj", "nsubjpass", "conj", "relcl", "advcl"}:
            return False
        if at.dep_ in {"xcomp", "ccomp", "acl", "pcomp", "dobj"} and (
            at.head.lemma_.casefold() in _UNREAL
        ):
            return True
        at = at.head


def _names(doc: Doc, left_out: list[Span]) -> Iterator[Name]:
    """Yield runs of proper nouns, and words for nations ("Dutch"), as names."""
    run: list[Token] = []
    for token in [*doc, None]:
        if token is not None and is_name(token):
            if run and (run[-1].i + 1 != token.i or run[-1].ent_type_ != token.ent_type_):
                yield from _name(run, left_out)
                run = []
            run.append(token)
        elif run:
            yield from _name(run, left_out)
            run = []


def _name(run: list[Token], left_out: list[Span]) -> Iterator[Name]:
    span = Span(run[0].idx, run[-1].idx + len(run[-1]))
    if not any(span.overlaps(other) for other in left_out):
        text = run[0].doc.text[span.start : span.end]
        kind = _NAME_KINDS.get(run[-1].ent_type_, "other")
        yield Name(span, text, kind, bool(_GLOSS.search(run[0].doc.text[: span.start])))


def _quantities(doc: Doc, left_out: list[Span]) -> Iterator[Quantity]:
    """Yield the numbers, "a dollar" too, each with what is counted by the grammar; decades and
    centuries as years."""
    events = [Span(*match.span()) for match in _NINE_ELEVEN.finditer(doc.text)]
    found = quantities(doc.text, [*left_out, *events])
    for match in _ONE_UNIT.finditer(doc.text):
        span = Span(match.start(), match.end())
        if not any(span.overlaps(other.span) for other in found):
            found.append(Quantity(span, 1.0))
    for quantity in sorted(found, key=lambda q: q.span.start):
        counted = _counted(doc, quantity.span) or quantity.noun
        if years := _LONG_TIMES.get(counted):
            yield replace(quantity, value=quantity.value * years, noun="year")
        else:
            money = quantity.money or counted in UNITS_OF_MONEY
            yield replace(quantity, noun=counted, money=money)


def _counted(doc: Doc, span: Span) -> str:
    """Return the noun that a number counts, "" where the grammar does not tell."""
    number = doc.char_span(span.start, span.end, alignment_mode="expand")
    if number is None:
        return ""
    token = number.root
    while token.dep_ in {"nummod", "quantmod", "compound", "det"} and token.head != token:
        token = token.head
        if token.pos_ in {"NOUN", "PROPN"}:
            return token.lemma_.casefold()
    return ""


def _is_superlative(token: Token) -> bool:
    """Return whether a word says that nothing had more of it: "largest", "most important"; not
    "most men", "at least"."""
    if token.lower_ in {"most", "least"}:
        return token.tag_ == "RBS" and token.head.pos_ in {"ADJ", "ADV"}
    return token.tag_ in {"JJS", "RBS"}


def _deeds(doc: Doc) -> Iterator[Deed]:
    for verb in doc:
        if verb.pos_ != "VERB":
            continue
        agent = patient = None
        if verb.dep_ == "acl" and verb.tag_ == "VBN":  # "a declaration signed by 26 nations"
            patient = verb.head
        for child in verb.children:
            if child.dep_ == "nsubj":
                agent = child
            elif child.dep_ in {"dobj", "nsubjpass", "dative"} and patient is None:
                patient = child
            elif child.dep_ == "agent":
                agent = next(child.children, agent)
        if agent is not None and patient is not None:
            who, act, whom = (token.lemma_.casefold() for token in (agent, verb, patient))
            yield Deed(who, act, whom, (_span(agent), _span(verb), _span(patient)))


def _sayings(doc: Doc) -> Iterator[Saying]:
    negated = _direct_negations(doc)
    for verb in doc:
        if verb.lemma_.casefold() in _SPEAKING and not negated.get(verb.i):
            for child in verb.children:
                if child.dep_ == "nsubj" and child.pos_ == "PROPN":
                    yield Saying(child.text, _span(verb))
        elif verb.lower_ == "according":  # to Polk
            for child in (whom for to in verb.children for whom in to.children):
                if child.pos_ == "PROPN":
                    yield Saying(child.text, _span(verb))
