"""Whom "he" and "they" mean, and when and where "at that time" and "that meeting" are.

A rule system in the spirit of centering (Grosz, Joshi and Weinstein, 1995): a pronoun means
somebody named nearby, the subject before anyone else. A wrong name is worse than none, so
where two fit, neither is taken, and the names are given as context instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.claims.clauses import SUBJECTS, quoted_tokens, subject, words_of
from rag.claims.mentions import LOCATIVE, Gender, Mention, mentions, same
from rag.language import name_around, word_list

if TYPE_CHECKING:
    from spacy.tokens import Span as Tokens
    from spacy.tokens import Token

WINDOW = 2
"""Clauses back in which a pronoun's meaning is looked for."""

CONTEXT_NAMES = 3
"""Names given as context at most; more would turn a search away from its claim."""

_HE = frozenset({"he", "him", "his"})
_SHE = frozenset({"she", "her", "hers"})
_THEY = frozenset({"they", "them", "their"})
_POSSESSIVE = frozenset({"PRP$"})

_SPEAKING = word_list("verbs", "speaking")
_ASKING = word_list("verbs", "asking")
_THEN = re.compile(
    r"\b(?:that|this|the same|those)\s+(?:(?:one|same|very|whole)\s+)?"
    r"(?:time|year|month|day|week|period|moment|era|war|meeting|visit|conference|summit|trip|talks)\b"
    r"|\bback then\b",
    re.IGNORECASE,
)
_THERE = re.compile(
    r"\b(?:that|this|the same)\s+(?:meeting|visit|conference|summit|trip|talks|city|country|"
    r"town|place)\b|\bwhile there\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b1\d{3}\b|\b20[0-2]\d\b|['’]\d\d\b")


@dataclass(frozen=True, slots=True)
class Context:
    """What a text has named so far: the mentions of its last clauses, the latest last, and
    the last place and time."""

    clauses: tuple[tuple[Mention, ...], ...] = ()
    place: str = ""
    time: str = ""

    @property
    def has_subject(self) -> bool:
        """Whether the last clause is about somebody."""
        last = self.clauses[-1] if self.clauses else ()
        return any(mention.subject and not mention.plural for mention in last)

    def after(self, mentions: Sequence[Mention], clause: Tokens) -> Context:
        """Return the context for what follows a clause."""
        place, time = _place(clause) or self.place, _time(clause) or self.time
        return Context((*self.clauses, tuple(mentions))[-WINDOW:], place, time)


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A clause with what it points to named: `text` is "" where it points to nothing, or
    to what is not known. `named`: somebody that it only points to is known. `mentions` are the
    clause's, the resolved ones too."""

    text: str
    named: bool
    said_by: str | None
    mentions: tuple[Mention, ...]


def resolve(
    clause: Tokens,
    context: Context,
    shared: str = "",
    *,
    before: Tokens | None = None,
    answered_by: str | None = None,
) -> _Resolved:
    """Return a clause with its pronouns, its time and its place named from the context.

    `shared`: the subject that the clause takes from the one before it, which is `before`
    where both are of one sentence. `answered_by`: the speaker that the text names next; a
    quotation before that was somebody else's.
    """
    quoted = quoted_tokens(clause.doc)
    named = mentions(clause)
    if shared:
        named = [Mention(shared, False, "", True), *named]
    replaced: dict[int, str] = {}
    unsure: set[bool] = set()
    for token in clause:
        if token.i in quoted or (wanted := _wanted(token)) is None:
            continue
        doer = _doer(token, replaced)
        here = [mention for mention in named if not (doer and same(mention.name, doer))]
        if _fits_any(here, *wanted) and token.dep_ not in SUBJECTS:
            continue  # it is named in the clause itself, as far as can be known
        others = {m.name for m in mentions(clause[: token.i - clause.start])}
        if _fits_any([m for m in here if m.name in others], *wanted):
            continue
        excluded = answered_by if _speaks(token) else doer
        is_subject = token.dep_ in SUBJECTS
        meant = _antecedent(context, *wanted, not_=excluded, is_subject=is_subject)
        if meant is None:  # whoever it is: the next "he" is likely the same
            unsure.add(wanted[0])
            named = [*named, Mention(token.lower_, *wanted, is_subject, sure=False)]
            continue
        if any(same(meant.name, m.name) for m in named):
            continue
        replaced[token.i] = meant.name + ("’s" if token.tag_ in _POSSESSIVE else "")
        gender = meant.gender or (wanted[1] if not wanted[0] else "")
        named = [*named, replace(meant, gender=gender)]
    text = _rewritten(clause, replaced, shared)
    extra = _pointed_to(clause, text, context, unsure, before)
    known = bool(replaced or shared)
    full = f"{text} ({'; '.join(extra)})" if extra else text
    speaker = _speaker(clause, replaced)
    return _Resolved(full if known or extra else "", known, speaker, tuple(named))


def _wanted(token: Token) -> tuple[bool, Gender] | None:
    """Return what a pronoun wants, as (plural, gender); None for any other word."""
    word = token.lower_
    if word in _THEY:
        return True, ""
    gender: Gender = "m" if word in _HE else "f" if word in _SHE else ""
    return (False, gender) if gender else None


def _fits(mention: Mention, plural: bool, gender: Gender) -> bool:
    if mention.plural != plural:
        return False
    return not gender or mention.gender in ("", gender)


def _fits_any(found: Iterable[Mention], plural: bool, gender: Gender) -> bool:
    return any(_fits(mention, plural, gender) for mention in found)


def _antecedent(
    context: Context, plural: bool, gender: Gender, *, not_: str | None, is_subject: bool
) -> Mention | None:
    """Return the one that a pronoun can mean in the nearest clause that names any: its subject,
    where that is one; for a pronoun that is no subject, where nobody else is there. None where
    it could be another."""
    for clause in reversed(context.clauses):
        fitting = [
            mention
            for mention in clause
            if _fits(mention, plural, gender) and not (not_ and same(mention.name, not_))
        ]
        if gender == "f":  # of those with nothing to tell by, few are women in old records
            fitting = [mention for mention in fitting if mention.gender] or fitting
        subjects = [mention for mention in fitting if mention.subject]
        if fitting:
            clear = len(subjects) == 1 and (is_subject or len(fitting) == 1)
            return subjects[0] if clear and subjects[0].sure else None
    return None


def _doer(pronoun: Token, replaced: dict[int, str]) -> str | None:
    """Return the subject whose object a pronoun is, by name: whom "him" does not mean in
    "Malinovsky insulted him". None for a pronoun that is no object."""
    if pronoun.dep_ not in {"dobj", "dative", "pobj"}:
        return None
    verb = pronoun.head.head if pronoun.dep_ == "pobj" else pronoun.head
    own = subject(verb)
    if own is None:
        return None
    return replaced.get(own.i) or name_around(own)


def _speaks(pronoun: Token) -> bool:
    return pronoun.dep_ == "nsubj" and pronoun.head.lemma_ in _SPEAKING | _ASKING


def _rewritten(clause: Tokens, replaced: dict[int, str], shared: str) -> str:
    parts = [replaced.get(token.i, token.text) + token.whitespace_ for token in clause]
    if shared and clause[0].lower_ in {"who", "which"}:
        parts[0] = ""
    text = "".join(parts).strip(" ,;")
    return f"{shared} {text}" if shared else text


def _pointed_to(
    clause: Tokens, text: str, context: Context, unsure: set[bool], before: Tokens | None
) -> list[str]:
    """Return the context that a clause needs and does not have: a time, a place, and names
    where a pronoun (`unsure`: the plurals, the singulars) could not be resolved."""
    said = clause.text
    extra = []
    if context.time and _THEN.search(said) and not _YEAR.search(said):
        extra.append(context.time)
    if context.place and _THERE.search(said) and context.place not in said:
        extra.append(context.place)
    nearest = next((named for named in reversed(context.clauses) if named), ())
    names = [m.name for m in nearest if m.sure and m.plural in unsure and m.name not in text]
    if names:
        extra.append(", ".join(names[:CONTEXT_NAMES]))
    own = _first_subject(clause)
    earlier = _first_subject(before) if before is not None else None
    pointing = own is not None and own.lower_ in {"it", "this", "that"}
    if pointing and earlier is not None and earlier.pos_ != "PRON":
        extra.append(words_of(earlier))
    return extra


def _first_subject(clause: Tokens) -> Token | None:
    return next((token for token in clause if token.dep_ in SUBJECTS), None)


def _place(clause: Tokens) -> str:
    for token in clause:
        placed = token.dep_ == "pobj" and token.head.lower_ in {*LOCATIVE, "to"}
        if placed and token.ent_type_ in {"GPE", "LOC", "FAC"}:
            return name_around(token)
    return ""


def _time(clause: Tokens) -> str:
    dates = [ent.text for ent in clause.ents if ent.label_ == "DATE" and _YEAR.search(ent.text)]
    return str(dates[-1]) if dates else ""


def _speaker(clause: Tokens, replaced: dict[int, str]) -> str | None:
    """Return who is reported to say what the clause says, None where nobody is."""
    for verb in clause:
        who = _speaking_subject(verb)
        if verb.lemma_ not in _SPEAKING or who is None or not _reports(verb):
            continue
        if who.i in replaced:
            return replaced[who.i]
        if who.pos_ == "PRON":
            return None
        if who.pos_ == "PROPN":
            return name_around(who)
        return str(who.doc[who.left_edge.i : who.i + 1].text)
    return None


def _speaking_subject(verb: Token) -> Token | None:
    """Return a verb's subject, its own or that of the verb it goes on from."""
    own = subject(verb)
    if own is None and verb.dep_ in {"conj", "advcl", "xcomp"}:
        return subject(verb.head)
    return own


def _reports(verb: Token) -> bool:
    """Return whether a verb of speaking has words after it, and is not negated."""
    if any(child.dep_ == "neg" for child in verb.children):
        return False
    quoted = quoted_tokens(verb.doc)
    return bool(quoted) or any(child.dep_ == "ccomp" for child in verb.children)


def speaker_of(sentence: Tokens) -> str | None:
    """Return whom a sentence names as the speaker of what it quotes, None where it names
    nobody."""
    if not quoted_tokens(sentence.doc):
        return None
    found = _speaker(sentence, {})
    return found if found and found[:1].isupper() else None
