"""Who is named in a clause: persons and groups, by grammar and by spaCy's entities.

Only a name that is surely a person's may be put in a pronoun's place. But whoever else the
clause speaks of ("my father", "a young soldier", a name that could be anything) may be the one
that is meant, and stands in the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rag.claims.clauses import SUBJECTS, quoted_tokens
from rag.language import name_around, word_list, words

if TYPE_CHECKING:
    from spacy.tokens import Span as Tokens
    from spacy.tokens import Token

Gender = Literal["m", "f", ""]

LOCATIVE = frozenset({"in", "at", "near", "into"})

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
class Mention:
    """Somebody, or a group, as named in a clause. `sure`: that it is a name to put in a
    pronoun's place."""

    name: str
    plural: bool
    gender: Gender
    subject: bool
    sure: bool = True


def mentions(clause: Tokens) -> list[Mention]:
    """Return the persons and groups that a clause names, each once, in order."""
    found: dict[str, Mention] = {}
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


def same(one: str, other: str) -> bool:
    """Return whether one name is the other or a part of it: "Grant", "Ulysses Grant"."""
    first, second = set(one.lower().split()), set(other.lower().split())
    return first <= second or second <= first


def _group(token: Token) -> Mention | None:
    """Return the group that a token names: a people, a body of a state, many persons."""
    lefts = list(token.lefts)
    the = any(child.lower_ in {"the", "these", "those"} for child in lefts)
    many = token.tag_ in {"NNPS", "NNS"} or (the and token.tag_ in {"JJ", "NNP", "NN"})
    if token.ent_type_ == "NORP" and many and token.dep_ not in {"amod", "compound"}:
        return Mention(f"the {token.text}", True, "", _is_subject(token))
    collective = token.lower_ in _COLLECTIVES and any(child.ent_type_ for child in lefts)
    group = token.lower_ in _MANY and token.tag_ == "NNS"
    plural_subject = token.tag_ == "NNS" and token.dep_ in SUBJECTS
    if collective or group or plural_subject:
        is_subject = _is_subject(token)
        sure = is_subject and (collective or (group and the))
        return Mention(_phrase(token), True, "", is_subject, sure)
    return None


def _person(token: Token) -> Mention | None:
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
    placed = token.dep_ == "pobj" and token.head.lower_ in LOCATIVE
    is_subject = _is_subject(token)
    alone = token.dep_ == "ROOT"
    if alone and token.ent_type_ != "PERSON":  # "Classic."
        return None
    person = (token.ent_type_ == "PERSON" and not placed) or is_subject
    sure = person and not _ROLES.issuperset(folded) and bool(_NAME.fullmatch(name))
    return Mention(name, False, _gender(folded), is_subject, sure)


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


def _somebody(token: Token) -> Mention | None:
    """Return somebody without a name: "my father"; None where the name stands beside."""
    if token.pos_ != "NOUN" or token.tag_ != "NN" or token.lower_ not in _ROLES:
        return None
    beside = [*token.children, *(step for child in token.children for step in child.children)]
    if any(other.pos_ == "PROPN" and other.ent_type_ not in _NOT_PERSONS for other in beside):
        return None
    if token.dep_ in {"appos", "compound", "attr", "oprd"}:
        return None
    return Mention(_phrase(token), False, _gender([token.lower_]), _is_subject(token), False)


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


def _gender(folded: list[str]) -> Gender:
    named = set(folded)
    male, female = bool(named & (_MEN | _HIS_NAMES)), bool(named & (_WOMEN | _HER_NAMES))
    if male == female:
        return ""
    return "m" if male else "f"
