"""Whom "he" and "they" mean, and when and where "at that time" and "that meeting" are.

A rule system in the spirit of centering (Grosz, Joshi and Weinstein, 1995): a pronoun means
somebody named nearby, the subject before anyone else. A wrong name is worse than none, so
where two fit, neither is taken, and the names are given as context instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rag.clauses import SUBJECTS, name_around, quoted_tokens, subject, words_of
from rag.text import words

if TYPE_CHECKING:
    from spacy.tokens import Span as Tokens
    from spacy.tokens import Token

Gender = Literal["m", "f", ""]

WINDOW = 2
"""Clauses back in which a pronoun's meaning is looked for."""

CONTEXT_NAMES = 3
"""Names given as context at most; more would turn a search away from its claim."""

_HE = {"he": "m", "him": "m", "his": "m", "himself": "m"}
_SHE = {"she": "f", "her": "f", "hers": "f", "herself": "f"}
_THEY = frozenset({"they", "them", "their"})
_LOCATIVE = frozenset({"in", "at", "near", "into"})
_POSSESSIVE = frozenset({"PRP$"})

_NOT_PERSONS = frozenset(
    {"GPE", "LOC", "NORP", "DATE", "TIME", "EVENT", "LAW", "FAC", "MONEY", "LANGUAGE", "CARDINAL"}
)
_BODIES = frozenset(
    words(
        "congress senate house party army navy committee union court department council parliament "
        "government politburo cabinet ministry league nato un company bank church office bureau "
        "agency association commission college university society assembly treasury corps fleet"
    )
)
_GROUPS = frozenset(
    words(
        "people troops soldiers men women workers unions leaders officers communists delegates "
        "sailors settlers farmers citizens rebels colonists slaves students armies forces"
    )
)
_MALE = frozenset(
    words(
        "mr sir king emperor tsar czar prince lord pope father brother john james william george "
        "thomas robert charles henry joseph edward david michael richard andrew abraham franklin "
        "theodore woodrow dwight ronald winston nikita leonid ulysses alexander benjamin "
        "peter paul samuel albert frederick harry donald"
    )
)
_FEMALE = frozenset(
    words(
        "mrs ms miss queen empress lady madame princess sister mary elizabeth anne anna catherine "
        "margaret victoria eleanor jane martha abigail dolley harriet susan sarah helen alice "
        "florence golda indira"
    )
)
_COLLECTIVES = frozenset(
    words(
        "leadership government army navy administration cabinet delegation regime parliament "
        "embassy command team press public military"
    )
)
_SPEAKING = frozenset(
    words(
        "say tell claim report announce declare write warn insist admit argue complain reply "
        "answer promise recall testify state point explain confess boast assert remark note"
    )
)
_ASKING = frozenset({"ask", "demand", "wonder"})

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
class Mention:
    """Somebody, or a group, as named in a clause."""

    name: str
    plural: bool
    gender: Gender
    subject: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What a text has named so far: the mentions of its last clauses, the latest last, and
    the last place and time."""

    clauses: tuple[tuple[Mention, ...], ...] = ()
    place: str = ""
    time: str = ""

    def after(self, mentions: Sequence[Mention], clause: Tokens) -> Context:
        """Return the context for what follows a clause."""
        place, time = _place(clause) or self.place, _time(clause) or self.time
        return Context((*self.clauses, tuple(mentions))[-WINDOW:], place, time)


@dataclass(frozen=True, slots=True)
class Resolved:
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
) -> Resolved:
    """Return a clause with its pronouns, its time and its place named from the context.

    `shared`: the subject that the clause takes from the one before it, which is `before`
    where both are of one sentence. `answered_by`: the speaker that the text names next; a
    quotation before that was somebody else's.
    """
    quoted = quoted_tokens(clause.doc)
    named = mentions(clause)
    replaced: dict[int, str] = {}
    unsure: set[bool] = set()
    for token in clause:
        if token.i in quoted or (wanted := _wanted(token)) is None:
            continue
        doer = _doer(token, replaced)
        here = [mention for mention in named if not (doer and _same(mention.name, doer))]
        if _fits_any(here, *wanted) and token.dep_ not in SUBJECTS:
            continue  # it is named in the clause itself, as far as can be known
        others = {m.name for m in mentions(clause[: token.i - clause.start])}
        if _fits_any([m for m in here if m.name in others], *wanted):
            continue
        excluded = answered_by if _speaks(token) else doer
        meant = _antecedent(context, *wanted, not_=excluded, is_subject=token.dep_ in SUBJECTS)
        if meant is None:
            unsure.add(wanted[0])
            continue
        if any(_same(meant.name, m.name) for m in named):
            continue
        replaced[token.i] = meant.name + ("’s" if token.tag_ in _POSSESSIVE else "")
        is_subject = token.dep_ in SUBJECTS
        gender = meant.gender or (wanted[1] if not wanted[0] else "")
        named = [*named, replace(meant, subject=is_subject, gender=gender)]
    text = _rewritten(clause, replaced, shared)
    extra = _pointed_to(clause, text, context, unsure, before)
    known = bool(replaced or shared)
    full = f"{text} ({'; '.join(extra)})" if extra else text
    speaker = _speaker(clause, replaced)
    return Resolved(full if known or extra else "", known, speaker, tuple(named))


def mentions(clause: Tokens) -> list[Mention]:
    """Return the persons and groups that a clause names, each once, in order."""
    found: dict[str, Mention] = {}
    for token in clause:
        name, plural = _named(token)
        if not name:
            continue
        known = found.get(name)
        is_subject = _is_subject(token) or (known is not None and known.subject)
        found[name] = Mention(name, plural, "" if plural else _gender(name), is_subject)
    return list(found.values())


def _named(token: Token) -> tuple[str, bool]:
    """Return the name that ends at a token, with whether it is of many; "" for none."""
    lefts = list(token.lefts)
    the = any(child.lower_ == "the" for child in lefts)
    many = token.tag_ in {"NNPS", "NNS"} or (the and token.tag_ in {"JJ", "NNP", "NN"})
    if token.ent_type_ == "NORP" and many and token.dep_ not in {"amod", "compound"}:
        return f"the {token.text}", True
    group = token.lower_ in _GROUPS and token.tag_ == "NNS"
    collective = token.lower_ in _COLLECTIVES and any(child.ent_type_ for child in lefts)
    if (group or collective) and not any(child.tag_ in _POSSESSIVE for child in lefts):
        return str(token.doc[token.left_edge.i : token.i + 1].text), True
    following = token.nbor() if token.i + 1 < len(token.doc) else None
    ends = following is None or following.pos_ != "PROPN"
    if token.pos_ != "PROPN" or token.ent_type_ in _NOT_PERSONS or not ends:
        return "", False
    name = name_around(token)
    folded = [word.lower().strip(".") for word in name.split()]
    starts = token.i - len(folded) + 1
    articled = name.lower().startswith("the ") or (
        starts > 0 and token.doc[starts - 1].lower_ in {"the", "a", "an"}
    )
    placed = token.dep_ == "pobj" and token.head.lower_ in _LOCATIVE
    person = (token.ent_type_ == "PERSON" and not placed) or (_is_subject(token) and not articled)
    if not person or _BODIES.intersection(folded) or not name[:1].isupper():
        return "", False
    return name, False


def _is_subject(token: Token) -> bool:
    """Return whether a name is, or stands beside, the subject of its clause."""
    for step in (token, *token.ancestors):
        if step.dep_ in SUBJECTS:
            return True
        if step.dep_ not in {"compound", "appos", "oprd", "acl", "attr", "conj"}:
            return False
    return False


def _gender(name: str) -> Gender:
    folded = {word.lower().strip(".") for word in name.split()}
    male, female = bool(folded & _MALE), bool(folded & _FEMALE)
    if male == female:
        return ""
    return "m" if male else "f"


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
    """Return the one that a pronoun can mean in the nearest clause that names any: the only
    one, or for a subject the only subject; None where it could be another."""
    for clause in reversed(context.clauses):
        fitting = [
            mention
            for mention in clause
            if _fits(mention, plural, gender) and not (not_ and _same(mention.name, not_))
        ]
        if gender == "f":  # of those with nothing to tell by, few are women in old records
            fitting = [mention for mention in fitting if mention.gender] or fitting
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            subjects = [mention for mention in fitting if mention.subject]
            return subjects[0] if is_subject and len(subjects) == 1 else None
    return None


def _doer(pronoun: Token, replaced: dict[int, str]) -> str | None:
    """Return the subject whose object a pronoun is, by name: whom "him" does not mean in
    "Malinovsky insulted him". None for a pronoun that is no object."""
    if pronoun.dep_ not in {"dobj", "dative", "pobj"} or pronoun.lower_.endswith("self"):
        return None
    verb = pronoun.head.head if pronoun.dep_ == "pobj" else pronoun.head
    own = subject(verb)
    if own is None:
        return None
    return replaced.get(own.i) or name_around(own)


def _same(one: str, other: str) -> bool:
    """Return whether one name is the other or a part of it: "Grant", "Ulysses Grant"."""
    first, second = set(one.lower().split()), set(other.lower().split())
    return first <= second or second <= first


def _speaks(pronoun: Token) -> bool:
    return pronoun.dep_ == "nsubj" and pronoun.head.lemma_ in _SPEAKING | _ASKING


def _rewritten(clause: Tokens, replaced: dict[int, str], shared: str) -> str:
    parts = []
    for token in clause:
        word = replaced.get(token.i, token.text)
        if shared and token.dep_ in SUBJECTS and token.lower_ in {"who", "which"}:
            word, shared = shared, ""
        parts.append(word + token.whitespace_)
    text = "".join(parts).strip(" ,;")
    if shared:
        text = f"{shared} {text}"
    return text


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
    names = [m.name for m in nearest if m.plural in unsure and m.name not in text]
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
