"""Whom "he" and "they" mean, and when and where "at that time" and "that meeting" are.

A rule system in the spirit of centering (Grosz, Joshi and Weinstein, 1995): a pronoun means
somebody named nearby, the subject before anyone else. A wrong name is worse than none, so
where two fit, neither is taken, and the names are given as context instead.

Who is named in a clause is told by grammar and by spaCy's entities. Only a name that is surely a
person's may be put in a pronoun's place. But whoever else the clause speaks of ("my father", "a
young soldier", a name that could be anything) may be the one that is meant, and stands in the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rag.claims.checkable import SUBJECTS, quoted_tokens, subject, words_of
from rag.language import name_around, word_list, words

if TYPE_CHECKING:
    from spacy.tokens import Span as Tokens
    from spacy.tokens import Token

_Gender = Literal["m", "f", ""]

_LOCATIVE = frozenset({"in", "at", "near", "into"})

_NOT_PERSONS = frozenset(
    {"GPE", "LOC", "NORP", "DATE", "TIME", "EVENT", "LAW", "FAC", "MONEY", "LANGUAGE", "CARDINAL"}
)
_BODIES = word_list("people", "bodies")
_COLLECTIVES = word_list("people", "collectives")
_MEN = word_list("people", "men")
_WOMEN = word_list("people", "women")
_OTHERS = word_list("people", "others")
_MANY = word_list("people", "groups")
_HIS_NAMES = word_list("people", "his_names")
_HER_NAMES = word_list("people", "her_names")
_PARTICLES = word_list("people", "particles")
_NAME = re.compile(r"[^\W\d_][\w.'’ -]*")
_ROLES = _MEN | _WOMEN | _OTHERS


@dataclass(frozen=True, slots=True)
class _Mention:
    """Somebody, or a group, as named in a clause. `sure`: that it is a name to put in a
    pronoun's place."""

    name: str
    plural: bool
    gender: _Gender
    subject: bool
    sure: bool = True


def _mentions(clause: Tokens) -> list[_Mention]:
    """Return the persons and groups that a clause names, each once, in order."""
    found: dict[str, _Mention] = {}
    quoted = quoted_tokens(clause.doc)
    for token in clause:
        if token.i in quoted:  # another speaker's words, and "I" is another there
            continue
        mention = _group(token) or _person(token) or _somebody(token)
        if mention is None:
            continue
        known = found.get(mention.name)
        if known is None or mention.subject:
            found[mention.name] = mention
    return list(found.values())


def _same(one: str, other: str) -> bool:
    """Return whether one name is the other or a part of it: "Grant", "Ulysses Grant"."""
    first, second = set(one.lower().split()), set(other.lower().split())
    return first <= second or second <= first


def _group(token: Token) -> _Mention | None:
    """Return the group that a token names: a people, a body of a state, many persons."""
    lefts = list(token.lefts)
    the = any(child.lower_ in {"the", "these", "those"} for child in lefts)
    many = token.tag_ in {"NNPS", "NNS"} or (the and token.tag_ in {"JJ", "NNP", "NN"})
    if token.ent_type_ == "NORP" and many and token.dep_ not in {"amod", "compound"}:
        return _Mention(f"the {token.text}", True, "", _is_subject(token))
    collective = token.lower_ in _COLLECTIVES and any(child.ent_type_ for child in lefts)
    group = token.lower_ in _MANY and token.tag_ == "NNS"
    plural_subject = token.tag_ == "NNS" and token.dep_ in SUBJECTS
    if collective or group or plural_subject:
        is_subject = _is_subject(token)
        sure = is_subject and (collective or (group and the))
        return _Mention(_phrase(token), True, "", is_subject, sure)
    return None


def _person(token: Token) -> _Mention | None:
    """Return the person whose name ends at a token; not `sure` where it may be no person."""
    following = token.nbor() if token.i + 1 < len(token.doc) else None
    ends = following is None or following.pos_ != "PROPN"
    if token.pos_ != "PROPN" or token.ent_type_ in _NOT_PERSONS or not ends:
        return None
    name = _with_title(token, name_around(token))
    folded = words(name)
    if _BODIES.intersection(folded) or not name[:1].isupper():
        return None
    titled = bool(_ROLES.intersection(folded))
    if not titled and _article_before(token, name):
        return None
    placed = token.dep_ == "pobj" and token.head.lower_ in _LOCATIVE
    is_subject = _is_subject(token)
    alone = token.dep_ == "ROOT"
    if alone and token.ent_type_ != "PERSON":  # "Classic."
        return None
    person = (token.ent_type_ == "PERSON" and not placed) or is_subject
    sure = person and not _ROLES.issuperset(folded) and bool(_NAME.fullmatch(name))
    return _Mention(name, False, _gender(folded), is_subject, sure)


def _with_title(token: Token, name: str) -> str:
    """Return a name with the title and particle before it: "M. de Turenne", "General Lee"."""
    first = token.i - len(name.split()) + 1
    if first < 0 or not token.doc[first : token.i + 1].text.startswith(name.split()[0]):
        return name
    start = first
    while start and token.doc[start - 1].lower_ in _PARTICLES:
        start -= 1
    if start and _ROLES.intersection(words(token.doc[start - 1].text)):
        return str(token.doc[start - 1 : token.i + 1].text)
    return name


def _article_before(token: Token, name: str) -> bool:
    first = token.i - len(name.split()) + 1
    before = token.doc[first - 1].lower_ if first > 0 else ""
    return name.lower().startswith("the ") or before in {"the", "a", "an"}


def _somebody(token: Token) -> _Mention | None:
    """Return somebody without a name: "my father"; None where the name stands beside."""
    if token.pos_ != "NOUN" or token.tag_ != "NN" or token.lower_ not in _ROLES:
        return None
    beside = [*token.children, *(step for child in token.children for step in child.children)]
    if any(other.pos_ == "PROPN" and other.ent_type_ not in _NOT_PERSONS for other in beside):
        return None
    if token.dep_ in {"appos", "compound", "attr", "oprd"}:
        return None
    return _Mention(_phrase(token), False, _gender([token.lower_]), _is_subject(token), False)


def _phrase(token: Token) -> str:
    return str(token.doc[token.left_edge.i : token.i + 1].text)


def _is_subject(token: Token) -> bool:
    """Return whether a name is, or stands beside, the subject of its clause."""
    for step in (token, *token.ancestors):
        if step.dep_ in SUBJECTS or (step.dep_ == "ROOT" and step.pos_ == "PROPN"):
            return True  # or it is all there is: "Teddy Roosevelt."
        if step.dep_ not in {"compound", "appos", "oprd", "acl", "attr", "conj"}:
            return False
    return False


def _gender(folded: list[str]) -> _Gender:
    named = set(folded)
    male, female = bool(named & (_MEN | _HIS_NAMES)), bool(named & (_WOMEN | _HER_NAMES))
    if male == female:
        return ""
    return "m" if male else "f"


_WINDOW = 2
"""Clauses back in which a pronoun's meaning is looked for."""

_CONTEXT_NAMES = 3
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

    clauses: tuple[tuple[_Mention, ...], ...] = ()
    place: str = ""
    time: str = ""

    @property
    def has_subject(self) -> bool:
        """Whether the last clause is about somebody."""
        last = self.clauses[-1] if self.clauses else ()
        return any(mention.subject and not mention.plural for mention in last)

    def after(self, mentions: Sequence[_Mention], clause: Tokens) -> Context:
        """Return the context for what follows a clause."""
        place, time = _place(clause) or self.place, _time(clause) or self.time
        return Context((*self.clauses, tuple(mentions))[-_WINDOW:], place, time)


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A clause with what it points to named: `text` is "" where it points to nothing, or
    to what is not known. `named`: somebody that it only points to is known. `mentions` are the
    clause's, the resolved ones too."""

    text: str
    named: bool
    said_by: str | None
    mentions: tuple[_Mention, ...]


def resolve(
    clause: Tokens,
    context: Context,
    shared: str = "",
    *,
    setting: str = "",
    before: Tokens | None = None,
    answered_by: str | None = None,
) -> _Resolved:
    """Return a clause with its pronouns, its time and its place named from the context.

    `shared`: the subject that the clause takes from the one before it, which is `before`
    where both are of one sentence; `setting`: what opens that sentence and holds here, too.
    `answered_by`: the speaker that the text names next; a quotation before that was somebody
    else's.
    """
    quoted = quoted_tokens(clause.doc)
    named = _mentions(clause)
    if shared:
        named = [_Mention(shared, False, "", True), *named]
    replaced: dict[int, str] = {}
    unsure: set[bool] = set()
    for token in clause:
        if token.i in quoted or (wanted := _wanted(token)) is None:
            continue
        doer = _doer(token, replaced)
        here = [mention for mention in named if not (doer and _same(mention.name, doer))]
        if _fits_any(here, *wanted) and token.dep_ not in SUBJECTS:
            continue  # it is named in the clause itself, as far as can be known
        others = {m.name for m in _mentions(clause[: token.i - clause.start])}
        if _fits_any([m for m in here if m.name in others], *wanted):
            continue
        excluded = answered_by if _speaks(token) else doer
        is_subject = token.dep_ in SUBJECTS
        meant = _antecedent(context, *wanted, not_=excluded, is_subject=is_subject)
        if meant is None:  # whoever it is: the next "he" is likely the same
            unsure.add(wanted[0])
            named = [*named, _Mention(token.lower_, *wanted, is_subject, sure=False)]
            continue
        if any(_same(meant.name, m.name) for m in named):
            continue
        replaced[token.i] = meant.name + ("’s" if token.tag_ in _POSSESSIVE else "")
        gender = meant.gender or (wanted[1] if not wanted[0] else "")
        named = [*named, replace(meant, gender=gender)]
    text = _rewritten(clause, replaced, shared, setting)
    extra = _pointed_to(clause, text, context, unsure, before)
    known = bool(replaced or shared)
    full = f"{text} ({'; '.join(extra)})" if extra else text
    speaker = _speaker(clause, replaced)
    return _Resolved(full if known or extra or setting else "", known, speaker, tuple(named))


def _wanted(token: Token) -> tuple[bool, _Gender] | None:
    """Return what a pronoun wants, as (plural, gender); None for any other word."""
    word = token.lower_
    if word in _THEY:
        return True, ""
    gender: _Gender = "m" if word in _HE else "f" if word in _SHE else ""
    return (False, gender) if gender else None


def _fits(mention: _Mention, plural: bool, gender: _Gender) -> bool:
    if mention.plural != plural:
        return False
    return not gender or mention.gender in ("", gender)


def _fits_any(found: Iterable[_Mention], plural: bool, gender: _Gender) -> bool:
    return any(_fits(mention, plural, gender) for mention in found)


def _antecedent(
    context: Context, plural: bool, gender: _Gender, *, not_: str | None, is_subject: bool
) -> _Mention | None:
    """Return the one that a pronoun can mean in the nearest clause that names any: its subject,
    where that is one; for a pronoun that is no subject, where nobody else is there. None where
    it could be another."""
    for clause in reversed(context.clauses):
        fitting = [
            mention
            for mention in clause
            if _fits(mention, plural, gender) and not (not_ and _same(mention.name, not_))
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


def _rewritten(clause: Tokens, replaced: dict[int, str], shared: str, setting: str) -> str:
    parts = [replaced.get(token.i, token.text) + token.whitespace_ for token in clause]
    if (shared and clause[0].lower_ in {"who", "which"}) or setting:
        parts[0] = ""
    text = "".join(parts).strip(" ,;")
    return " ".join(part for part in (setting, shared, text) if part)


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
        extra.append(", ".join(names[:_CONTEXT_NAMES]))
    for wanted in (SUBJECTS, _OBJECTS):
        own, earlier = (_first(part, wanted) for part in (clause, before or ()))
        pointing = own is not None and own.lower_ in {"it", "this", "that"}
        if pointing and earlier is not None and earlier.pos_ != "PRON":
            extra.append(words_of(earlier))
    return extra


_OBJECTS = frozenset({"dobj"})


def _first(clause: Iterable[Token], wanted: frozenset[str]) -> Token | None:
    """Return the first token of a clause that has one of some places in its grammar."""
    return next((token for token in clause if token.dep_ in wanted), None)


def _place(clause: Tokens) -> str:
    for token in clause:
        placed = token.dep_ == "pobj" and token.head.lower_ in {*_LOCATIVE, "to"}
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
