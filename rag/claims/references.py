"""Resolves references: "he" and "they", "at that time" and "that meeting", and follow-up questions.

The rules follow centering theory (Grosz, Joshi and Weinstein, 1995): a pronoun refers to somebody
named nearby, preferably a subject. A wrong name is worse than none, so if two fit, neither replaces
the pronoun, and both are added as context, also to the next clause that says "he" of them.

Grammar and spaCy's entities show who is named in a clause. Only a name that is surely a person's
may replace a pronoun. Anybody else in the clause ("my father", "a young soldier", a name that may
be anything) may also be the one meant, and so prevents the replacement.

A follow-up question may refer to earlier ones ("and what did Mao say?") or ask for sources of
another time ("anything earlier?").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from rag.claims.checkable import (
    MAX_CLAIM,
    MIN_CONTENT_WORDS,
    QUESTION_WORDS,
    SUBJECTS,
    asks_without_a_mark,
    is_about_this_page,
    is_pleasantry,
    is_question,
    quoted_tokens,
    subject,
    subject_phrase,
)
from rag.language import (
    capitalised,
    content_words,
    name_around,
    parse,
    recorded_names,
    stop_words,
    word_list,
    words,
)
from rag.wording import written_date

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
    """A person or group mentioned in a clause. `sure`: whether the name may replace a pronoun."""

    name: str
    plural: bool
    gender: _Gender
    subject: bool
    sure: bool = True


def _mentions(clause: Tokens) -> list[_Mention]:
    """Return the persons and groups that a clause mentions, each once, in order."""
    found: dict[str, _Mention] = {}
    quoted = quoted_tokens(clause.doc)
    for token in clause:
        if token.i in quoted:  # another speaker's words, in which "I" is that speaker
            continue
        mention = _group(token) or _person(token) or _unnamed_person(token)
        if mention is None:
            continue
        known = found.get(mention.name)
        if known is None or mention.subject:
            found[mention.name] = mention
    return list(found.values())


def _is_same_name(one: str, other: str) -> bool:
    """Return whether one name is the other or a part of it: "Grant", "Ulysses Grant"."""
    first, second = set(one.lower().split()), set(other.lower().split())
    return first <= second or second <= first


def _group(token: Token) -> _Mention | None:
    """Return the group that a token names (a people, a body of a state, several persons), else
    None."""
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
    """Return the person whose name ends at a token, None if none does; not `sure` if it may be no
    person."""
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
    """Return a name with the title or particle before it: "M. de Turenne", "General Lee"."""
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


def _unnamed_person(token: Token) -> _Mention | None:
    """Return a person without a name ("my father"); None if the name is next to it."""
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
    """Return whether a name is the subject of its clause, or is next to it."""
    for step in (token, *token.ancestors):
        if step.dep_ in SUBJECTS or (step.dep_ == "ROOT" and step.pos_ == "PROPN"):
            return True  # or it is the whole text: "Teddy Roosevelt."
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
"""How many clauses back a pronoun's antecedent is looked for."""

_CONTEXT_NAMES = 3
"""How many names are added as context at most; more would lead a search away from its claim."""

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
_FULL_YEAR = re.compile(r"\b1\d{3}\b|\b20\d{2}\b")
_YEAR = re.compile(rf"{_FULL_YEAR.pattern}|['’]\d\d\b")


@dataclass(frozen=True, slots=True)
class Context:
    """What a text has mentioned so far: persons and groups of its last clauses, the latest last,
    and the last place and time."""

    clauses: tuple[tuple[_Mention, ...], ...] = ()
    place: str = ""
    time: str = ""

    @property
    def has_subject(self) -> bool:
        """Whether the subject of the last clause is a person."""
        last = self.clauses[-1] if self.clauses else ()
        return any(mention.subject and not mention.plural for mention in last)

    def after(self, mentions: Sequence[_Mention], clause: Tokens) -> Context:
        """Return the context after one more clause."""
        place, time = _place(clause) or self.place, _time(clause) or self.time
        return Context((*self.clauses, tuple(mentions))[-_WINDOW:], place, time)


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A clause with its references resolved. `text`: "" if there are none, or none could be
    resolved. `named`: whether a pronoun or a missing subject was replaced. `mentions`: of the
    clause, those resolved included."""

    text: str
    named: bool
    said_by: str | None
    mentions: tuple[_Mention, ...]


def resolve_references(
    clause: Tokens,
    context: Context,
    shared: str = "",
    *,
    setting: str = "",
    before: Tokens | None = None,
    answered_by: str | None = None,
) -> _Resolved:
    """Return a clause with its pronouns, time and place resolved from the context.

    `shared`: the subject it takes from the clause before it. `before`: the part of the same
    sentence before it. `setting`: the sentence's opening phrase that also holds here.
    `answered_by`: the next speaker named; a quotation before that was somebody else's.
    """
    quoted = quoted_tokens(clause.doc)
    named = _mentions(clause)
    if shared:
        named = [_Mention(shared, False, "", True), *named]
    replaced: dict[int, str] = {}
    unsure: set[bool] = set()
    for token in clause:
        if token.i in quoted or (wanted := _number_and_gender(token)) is None:
            continue
        doer = _governing_subject(token, replaced)
        here = [mention for mention in named if not (doer and _is_same_name(mention.name, doer))]
        if _fits_any(here, *wanted) and token.dep_ not in SUBJECTS:
            continue  # the clause itself probably names it
        others = {m.name for m in _mentions(clause[: token.i - clause.start])}
        if _fits_any([m for m in here if m.name in others], *wanted):
            continue
        excluded = answered_by if _speaks(token) else doer
        is_subject = token.dep_ in SUBJECTS
        meant = _antecedent(context, *wanted, not_=excluded, is_subject=is_subject)
        if meant is None:  # unknown, and the next "he" is likely the same
            unsure.add(wanted[0])
            named = [*named, _Mention(token.lower_, *wanted, is_subject, sure=False)]
            continue
        if any(_is_same_name(meant.name, m.name) for m in named):
            continue
        replaced[token.i] = meant.name + ("’s" if token.tag_ in _POSSESSIVE else "")
        gender = meant.gender or (wanted[1] if not wanted[0] else "")
        named = [*named, replace(meant, gender=gender)]
    text = _rewritten(clause, replaced, shared, setting)
    latest = next((mentions for mentions in reversed(context.clauses) if mentions), ())
    nearest = [m for m in latest if m.sure and m.plural in unsure and m.name not in text]
    nearest = nearest[:_CONTEXT_NAMES]
    named += [replace(m, subject=False) for m in nearest]  # the next "he" may be the same
    extra = _missing_context(clause, context, nearest, before)
    known = bool(replaced or shared)
    full = f"{text} ({'; '.join(extra)})" if extra else text
    speaker = _speaker(clause, replaced)
    return _Resolved(full if known or extra or setting else "", known, speaker, tuple(named))


def _number_and_gender(token: Token) -> tuple[bool, _Gender] | None:
    """Return the number and gender of a pronoun, as (plural, gender); None for any other word."""
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
    """Return the antecedent of a pronoun in the nearest clause that mentions a candidate: its
    subject, if exactly one candidate is a subject and, for a pronoun that is no subject, there is
    no other candidate. None if it is ambiguous."""
    for clause in reversed(context.clauses):
        fitting = [
            mention
            for mention in clause
            if _fits(mention, plural, gender) and not (not_ and _is_same_name(mention.name, not_))
        ]
        if gender == "f":  # without a sign of it, few persons in old records are women
            fitting = [mention for mention in fitting if mention.gender] or fitting
        subjects = [mention for mention in fitting if mention.subject]
        if fitting:
            clear = len(subjects) == 1 and (is_subject or len(fitting) == 1)
            return subjects[0] if clear and subjects[0].sure else None
    return None


def _governing_subject(pronoun: Token, replaced: dict[int, str]) -> str | None:
    """Return the name of the subject whose object a pronoun is: "him" in "Malinovsky insulted him"
    is not Malinovsky. None for a pronoun that is no object."""
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


def _missing_context(
    clause: Tokens, context: Context, nearest: Sequence[_Mention], before: Tokens | None
) -> list[str]:
    """Return the context that a clause lacks: a time, a place, and the `nearest` persons, for
    pronouns that could not be resolved."""
    said = clause.text
    extra = []
    if context.time and _THEN.search(said) and not _YEAR.search(said):
        extra.append(context.time)
    if context.place and _THERE.search(said) and context.place not in said:
        extra.append(context.place)
    if nearest:
        extra.append(", ".join(mention.name for mention in nearest))
    for wanted in (SUBJECTS, _OBJECTS):
        own, earlier = (_first_dependent(part, wanted) for part in (clause, before or ()))
        pointing = own is not None and own.lower_ in {"it", "this", "that"}
        if pointing and earlier is not None and earlier.pos_ != "PRON":
            extra.append(subject_phrase(earlier))
    return extra


_OBJECTS = frozenset({"dobj"})


def _first_dependent(clause: Iterable[Token], wanted: frozenset[str]) -> Token | None:
    """Return the first token with one of the given dependency labels, None if there is none."""
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
    """Return the reported speaker of what a clause says, None if there is none."""
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
    """Return a verb's subject, or that of the verb it is coordinated with or depends on."""
    own = subject(verb)
    if own is None and verb.dep_ in {"conj", "advcl", "xcomp"}:
        return subject(verb.head)
    return own


def _reports(verb: Token) -> bool:
    """Return whether a verb of speaking introduces a statement and is not negated."""
    if any(child.dep_ == "neg" for child in verb.children):
        return False
    quoted = quoted_tokens(verb.doc)
    return bool(quoted) or any(child.dep_ == "ccomp" for child in verb.children)


def speaker_of(sentence: Tokens) -> str | None:
    """Return the person whom a sentence names as the speaker of its quotation, None if it names
    nobody."""
    if not quoted_tokens(sentence.doc):
        return None
    found = _speaker(sentence, {})
    return found if found and found[:1].isupper() else None


_MAX_WORDS = 14
"""A longer text states by itself what it is about."""

_MAX_NAMES = 6

_OPENS = re.compile(r"^\W*(?:and|but|or|so|then|what about|how about|also)\b", re.IGNORECASE)
_POINTS_BACK = frozenset(
    [
        *["he", "him", "his", "she", "her", "hers", "it", "its", "they", "them", "their", "theirs"],
        *["this", "that", "these", "those", "there", "then", "same", "former", "latter"],
    ]
)
_SENTENCE_ENDS = "?!.…"


def _is_follow_up(text: str, before: str = "") -> bool:
    """Return whether a short `text` depends on the text `before` it: it opens with "and" and does
    not stand alone, has a pronoun and no name of its own, says "it" and has but one name, or asks
    without saying of what.

    >>> _is_follow_up("And what did Mao say?"), _is_follow_up("Did he resign?")
    (True, True)
    >>> _is_follow_up("Monroe told Europe to stay out"), _is_follow_up("Did Nixon say it?")
    (False, True)
    >>> _is_follow_up("thanks, that's great"), _is_follow_up("But Polk was president in 1848.")
    (False, False)
    >>> _is_follow_up("how does this work?"), _is_follow_up("how did this end?")
    (False, True)
    >>> _is_follow_up("by how much?"), _is_follow_up("which war?"), _is_follow_up("Who was Taft?")
    (True, True, False)
    """
    said = words(text)
    if is_pleasantry(text) or is_about_this_page(text):
        return False
    if not said or len(said) > _MAX_WORDS or "\n" in text.strip():
        return False
    if _OPENS.match(text):
        return not _stands_alone(text, before)
    if _names(text):
        return _says_it_of_a_name(text)
    return not _POINTS_BACK.isdisjoint(said) or _asks_of_nothing(text)


def _says_it_of_a_name(text: str) -> bool:
    """Return whether a text has nothing but one name and a pronoun for a thing: "did Truman end
    it?"."""
    said = parse(text)
    pointing = any(t.lower_ in _THINGS and t.dep_ in _IS_OBJECT for t in said)
    nouns = [token for token in said if token.pos_ in {"NOUN", "NUM"}]
    return pointing and not nouns and len(_names(text)) == 1 and not quoted_tokens(said)


_THINGS = frozenset({"it", "this", "that", "these", "those", "them"})
_IS_OBJECT = frozenset({"dobj", "pobj"})


def _asks_of_nothing(text: str) -> bool:
    """Return whether a text asks without saying of what: a question without a noun, or with one
    that the question word asks for: "who else?", "how many times?", "which war?"."""
    asked = parse(text)
    asks = is_question(asked[:]) or not QUESTION_WORDS.isdisjoint(words(text))
    nouns = _nouns(asked)
    asked_for = all(any(map(_asks_which, noun.lefts)) for noun in nouns)
    return asks and asked_for and len(nouns) <= 1 and len(content_words(text)) <= 2


def _asks_which(word: Token) -> bool:
    return word.tag_ == "WDT" or word.lower_ in {"many", "much"}


def _nouns(parsed: Iterable[Token]) -> list[Token]:
    return [token for token in parsed if token.pos_ in {"NOUN", "PROPN", "NUM"}]


def _stands_alone(text: str, before: str) -> bool:
    """Return whether a text makes a statement about a name, refers to nothing before it, and
    neither repeats a name of the text `before` nor has too few words to be looked up."""
    opening = _OPENS.match(text)
    doc = parse(text)
    opened = opening.end() if opening else 0
    pointing = any(_points_back(token) for token in doc if token.idx >= opened)
    named = any(token.dep_ in SUBJECTS and token.pos_ == "PROPN" for token in doc)
    dated = _FULL_YEAR.search(text) is not None
    content = content_words(text)
    shared = not {*words(" ".join(_names(before)))}.isdisjoint(words(" ".join(_names(text))))
    specific = dated or (len(content) >= MIN_CONTENT_WORDS and not shared)
    return named and specific and not pointing and not text.rstrip().endswith("?")


def _points_back(token: Token) -> bool:
    """Return whether a word refers to what was said before; not a "that" which opens a clause, the
    "there" of "there was", or a possessive."""
    opens = token.tag_ in {"IN", "WDT"}
    return token.lower_ in _POINTS_BACK and not opens and token.dep_ not in {"expl", "poss"}


def _names(text: str) -> list[str]:
    """Return the likely names of a text, each once, the most frequent first: capitalised words that
    are no common words, adjacent ones joined, and years.

    >>> _names("In 1964 Zhou Enlai went to Moscow. He was met by Malinowski.")
    ['Zhou Enlai', 'Moscow', 'Malinowski', '1964']
    """
    capitals = [w for w in (span.of(text) for span in capitalised(text)) if not _common(w)]
    any_name = "|".join(re.escape(word) for word in dict.fromkeys(capitals))
    runs = re.findall(rf"\b(?:{any_name})(?: (?:{any_name}))*\b", text) if capitals else []
    counted = Counter([*runs, *_FULL_YEAR.findall(text)])
    return [name for name, _ in counted.most_common()]


_SHORT = 25
"""The most words of a text that completes a follow-up as a whole."""


def in_context(text: str, earlier: Iterable[str]) -> str:
    """Return what to look up for `text`, after the `earlier` texts, the nearest first.

    "What about Nixon?" asks the text before of Nixon. Any other follow-up is completed, before its
    end mark: with the whole text before, if that is short and the follow-up has no matter of its
    own; else with the names of the nearest text that has any, and with the things that "it" or
    "that" may mean. Any other text is returned unchanged.

    >>> in_context("what about Nixon?", ["Kennedy promised to land a man on the moon."])
    'Nixon promised to land a man on the moon?'
    >>> in_context("Nixon did too, no?", ["Did Kennedy tape his talks?"])
    'Did Nixon tape his talks?'
    >>> in_context("and in the Senate?", ["The House impeached Andrew Johnson."])
    'and in the Senate (The House impeached Andrew Johnson)?'
    >>> in_context("when was that", ["who ended it (Carter froze wages)?"])
    'when was that (who ended it, Carter froze wages)?'
    >>> in_context("and what did he say of Russia?", ["Truman asked for health insurance."])
    'and what did he say of Russia (Truman)?'
    """
    nearest = list(earlier)
    before = nearest[0] if nearest else ""
    if asked := _asked_of_another(text, before):
        return asked
    if not _is_follow_up(text, before) and not _corrects(text):
        return text
    if before and len(before.split()) <= _SHORT and not _has_matter(text):
        return _completed(text, [before.strip().rstrip(_SENTENCE_ENDS)])
    said = set(words(text))
    for claim in nearest:
        carried = [name for name in _names(claim) if said.isdisjoint(words(name))][:_MAX_NAMES]
        if carried:
            things = _things(nearest) if not _THINGS.isdisjoint(words(text)) else []
            return _completed(text, [*things, *carried])
    return text


def _has_matter(text: str) -> bool:
    """Return whether a follow-up says what it is about: it has two nouns, or one beside a pronoun
    for a person ("what did he say of Russia?")."""
    asked = parse(text)
    person = any(_number_and_gender(token) is not None for token in asked)
    return len(_nouns(asked)) > (0 if person else 1)


def _completed(text: str, added: Sequence[str]) -> str:
    """Return a text with what is `added` to it in brackets; one that asks without a mark gets it,
    so that what is added does not make it a statement."""
    said = text.rstrip().rstrip(_SENTENCE_ENDS)
    mark = text.rstrip()[len(said) :] or ("?" if asks_without_a_mark(parse(said)[:]) else "")
    opened = ", ".join(_IN_BRACKETS.sub(r", \1", part) for part in added)
    return f"{said} ({opened}){mark}"


_IN_BRACKETS = re.compile(r" \(([^()]*)\)$")
"""What a follow-up was completed with, when another one follows it."""

_ABOUT = re.compile(
    r"\W*(?:(?:and|but|so|then)\W+)?(?:what|how)\s+about\s+(?P<name>[^?!.]+?)\W*", re.IGNORECASE
)
_OF_NAME = re.compile(
    r"\W*(?:(?:and|but|or|so|then|also)\W+)*"
    r"(?P<instead>(?:(?:no|sorry|oops|wait|actually)\W+){0,3}(?:not\s[^,\n]{1,40},\W*)?"
    r"i\s+mean(?:t)?\s+)?"
    r"(?P<name>(?!\W)[^?!.,;:\n]{1,40}?)"
    r"(?P<as_well>\s+(?:(?:did|was|were|had|has|is|does)\s+)?(?:it\s+|so\s+)?(?:too|as\s+well))?"
    r"(?:,?\s*(?:no|right|correct|didn['’]t\s+(?:he|she|they)|wasn['’]t\s+(?:he|she)))?\W*",
    re.IGNORECASE,
)
"""A name alone where "and" stands before it, "too" behind it, or "I mean": "and Nixon?", "Nixon did
too, no?", "no, I meant Nixon"."""


def _corrects(text: str) -> bool:
    """Return whether a text puts a name in place of another: "no, I meant Nixon"."""
    found = _OF_NAME.fullmatch(text) if len(text) <= _LONGEST_NAMING else None
    return found is not None and found["instead"] is not None and _is_name(found["name"])


_LONGEST_NAMING = 120


def _named_alone(text: str) -> str:
    """Return the name that is all a text says to ask the question before of somebody else, "" for
    any other text."""
    if len(text) > _LONGEST_NAMING:
        return ""
    if about := _ABOUT.fullmatch(text):
        name = about["name"]
        capital = any(part[0].isupper() for part in name.split()) or any(recorded_names(name))
        return name if capital and not name.lower().startswith("the ") else ""
    found = _OF_NAME.fullmatch(text)
    if found is None or not (found["instead"] or found["as_well"] or _OPENS.match(text)):
        return ""
    return found["name"] if _is_name(found["name"]) else ""


def _is_name(text: str) -> bool:
    """Return whether a text is a name and nothing else: by its grammar, or one of the records."""
    if any(known.casefold() == text.casefold() for known, _ in recorded_names(text)):
        return True
    small = stop_words() - _PARTICLES
    return all(
        token.lower_ not in small and (token.pos_ == "PROPN" or token.text[0].isupper())
        for token in parse(text)
        if token.lower_ not in _PARTICLES
    )


def _asked_of_another(text: str, before: str) -> str:
    """Return the text before as a question about the person whom "what about Nixon?" or "and
    Nixon?" names, in place of its subject; "" where `text` is nothing of the kind, or the subject
    is no name."""
    name = _named_alone(text)
    if not name or len(before) > MAX_CLAIM:
        return ""
    for token in parse(before):
        if token.dep_ in SUBJECTS and token.pos_ == "PROPN":
            asked = before.replace(name_around(token), name, 1).strip().rstrip(_SENTENCE_ENDS)
            return f"{asked}?"
    return ""


_MAX_THINGS = 3


def _things(earlier: Iterable[str]) -> list[str]:
    """Return the common nouns of the nearest of the `earlier` texts that has any: "health
    insurance" for "Truman asked for health insurance"."""
    for claim in earlier:
        things = [
            " ".join(token.text for token in chunk if token.pos_ not in {"DET", "PRON"})
            for chunk in parse(claim[:MAX_CLAIM]).noun_chunks
            if chunk.root.pos_ == "NOUN" and chunk.text.islower()
        ]
        if things:
            return [*dict.fromkeys(things)][:_MAX_THINGS]
    return []


def _common(word: str) -> bool:
    folded = words(word)
    return all(part in stop_words() or len(part) < 2 for part in folded)


_BY_DATE = re.compile(
    r"\W*(?:(?:and|or|but|can|could|you|please|find|show|give|me|is|are|was|were|there|what|about|"
    r"anything|something|any|some|a|an|the|even|much|from|on|this|that|it)\W+)*"
    r"(?:(?P<earlier>earlier|older|before)|(?P<later>later|newer|more recent|after(?:wards?)?)|"
    r"(?P<same>(?:more|else)\W+(?:from|in|of)\W+(?:this|that|the(?:\W+same)?)\W+"
    r"(?:document|speech|message|address|letter|report|text|source)))"
    r"(?:\W+(?:ones?|sources?|passages?|on|about|than|this|that|then|it|please))*\W*",
    re.IGNORECASE,
)
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


@dataclass(frozen=True, slots=True)
class Period:
    """The first and last date to which a follow-up limits a search, None for no limit, and a phrase
    that says so: "in sources up to 1847"."""

    after: str | None
    before: str | None
    words: str


def period_asked(
    text: str, found: str | None, after: str | None, before: str | None
) -> Period | None:
    """Return the period that a follow-up asks for, within `after` and `before`: the time before or
    after the last source, which is dated `found` ("anything earlier?"), or that date itself ("more
    from this speech"). None for any other text, and if `found` is not a date.

    >>> period_asked("anything earlier?", "1848-12-05", None, None)
    Period(after=None, before='1848-12-04', words='in sources up to 4 December 1848')
    """
    asked = _BY_DATE.fullmatch(text)
    dated = _DATE.match(found or "")
    if asked is None or dated is None:
        return None
    if asked["same"]:
        return Period(dated[0], dated[0], f"in sources of {written_date(dated[0])}")
    year, month, day = (int(part) if part else 0 for part in dated.groups())
    try:
        if asked["earlier"]:
            last = (date(year, month or 1, day or 1) - timedelta(days=1)).isoformat()
            # A year as a bound means all of it.
            kept = before if before and f"{before}-12-31" < last else last
            return Period(after, kept, f"in sources up to {written_date(kept)}")
        if day:
            start = date(year, month, day) + timedelta(days=1)
        elif month:
            start = date(year + month // 12, month % 12 + 1, 1)
        else:
            start = date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None
    first = max(start.isoformat(), after or "")
    return Period(first, before, f"in sources from {written_date(first)} on")


ASKS_FOR_A_VERDICT = (
    "Above each passage it says how the passage relates to what you sent. Whether that is true "
    "is for you to judge."
)
UNCLEAR = (
    "This seems to continue what was asked before, but it is not clear how. Ask it as one full "
    "statement or question, with its subject and names."
)
_WHETHER_TRUE = re.compile(
    r"\W*(?:(?:so|and|but)\W+)?(?:is|was|are)\W+(?:this|that|it|all that|they)\W+"
    r"(?:(?:really|actually|even)\W+)?(?:true|right|correct|so)(?:\W+or\W+(?:not|false))?\W*",
    re.IGNORECASE,
)
_NAMING = frozenset({"NOUN", "PROPN", "NUM", "X"})


def why_unclear(text: str, *, completed: bool) -> str:
    """Return the message for a follow-up that cannot be looked up: it asks whether an answer is
    true, or it names nothing and was not `completed` from earlier texts. "" for any other text."""
    if _BY_DATE.fullmatch(text):
        return ""
    if _WHETHER_TRUE.fullmatch(text):
        return ASKS_FOR_A_VERDICT
    if completed or len(text) > MAX_CLAIM or len(content_words(text)) > 1:
        return ""
    if is_pleasantry(text) or is_about_this_page(text) or _names(text):
        return ""
    return "" if any(token.pos_ in _NAMING for token in parse(text)) else UNCLEAR
