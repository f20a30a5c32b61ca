"""Names of persons and places: which words are likely names, which sentences of a document consist
of names alone, and which names mean the same person or place.

Capitals and grammar mark a name. A person has the names people use and the name in the records; a
place or nation has its present names, its former ones and those of its people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rag.datatypes import Span
from rag.language.tokens import (
    FIRST_LETTER,
    IN_WORD,
    MONTHS,
    parse,
    sentences,
    stems,
    stop_words,
    table,
    word_list,
    words,
)

if TYPE_CHECKING:
    from spacy.tokens import Token


TITLES = word_list("people", "titles")
"""Words before a name that are not part of it. Records and people may leave them out."""

_ADDRESS = word_list("people", "forms_of_address")

_WORD = re.compile(rf"{FIRST_LETTER}[^\W\d_]*(?:[-–‑][^\W\d_]+|{IN_WORD}(?!s\b)[^\W\d_]+)*")
_COUNTS = frozenset({"DATE", "TIME", "CARDINAL", "ORDINAL", "MONEY", "PERCENT", "QUANTITY"})

_KNOWN_BY_LAST_NAME = word_list("people", "known_by_last_name")
_NO_PERSONS = frozenset({"GPE", "LOC", "NORP", "FAC", "EVENT", "LAW"})
_BODIES = word_list("people", "bodies")
_SAYING = frozenset().union(
    *(word_list("verbs", key) for key in ("speaking", "by_saying", "holding", "wanting"))
)
"""What a person does with words: says, asks for, holds, wants."""

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii"})


def capitalised(text: str) -> list[Span]:
    """Return the spans of likely names: words with a capital, or in a script without capitals,
    without a final "'s".

    >>> [span.of("Chou En-lai saw O’Higgins’s état") for span in capitalised(
    ...     "Chou En-lai saw O’Higgins’s état")]
    ['Chou', 'En-lai', 'O’Higgins']
    """
    return [Span(*m.span()) for m in _WORD.finditer(text) if not m.group()[0].islower()]


def capitalised_inside(text: str) -> list[Span]:
    """Return the spans of `capitalised` that do not open a sentence, which are more surely
    names."""
    starts = [sentence.start for sentence in sentences(text)]
    return [
        span
        for span in capitalised(text)
        if words(text[max((s for s in starts if s <= span.start), default=0) : span.start])
    ]


def name_around(token: Token) -> str:
    """Return the whole name that a token is part of: its entity, or the proper nouns around it."""
    for entity in token.doc.ents:
        if entity.start <= token.i < entity.end:
            return str(entity.text).removesuffix("'s").removesuffix("’s")
    first, last = token.i, token.i + 1
    while first and token.doc[first - 1].pos_ == "PROPN":
        first -= 1
    while last < len(token.doc) and token.doc[last].pos_ == "PROPN":
        last += 1
    return str(token.doc[first:last].text)


@cache
def _common_names() -> tuple[tuple[str, str], ...]:
    """Return pairs of a common way to name somebody and the name in the records, the longest
    first."""
    pairs = []
    for row in table("people")["called"]:
        name, *others = row.split(", ")
        pairs += [(other, name) for other in others]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


@cache
def _forms() -> dict[str, frozenset[str]]:
    """Return, for each given name, all of its forms, itself included."""
    found: dict[str, frozenset[str]] = {}
    for row in table("people")["given"].strip().splitlines():
        forms = frozenset(row.split())
        for form in forms:
            found[form] = found.get(form, frozenset()) | forms
    return found


_FIRST_PERSON = re.compile(r"\bI\b")
_WRITTEN = re.compile(r"[^\W\d_][\w-]*\.?")


@cache
def _names_by_lower_case() -> dict[str, str]:
    """Return known names that are no ordinary word, by their lower-case form."""
    people, places = table("people"), table("places")
    rows = [*places["places"], *places["nations"], *places["states"], *places["others"]]
    known = [name for row in rows for name in row.split(", ")]
    known += [called for called, _ in _common_names()]
    known += [word.capitalize() for word in (*_KNOWN_BY_LAST_NAME, *people["parties"].split())]
    return {
        name.lower(): name for name in known if name.lower() not in word_list("people", "words")
    }


@cache
def _in_small_letters() -> re.Pattern[str]:
    names = map(re.escape, sorted(_names_by_lower_case(), key=len, reverse=True))
    return re.compile(rf"(?<![\w-])({'|'.join(names)})(?=s?(?!\w))")


@lru_cache(maxsize=64)
def with_capitals(text: str, creator: str = "") -> str:
    """Return a text that was typed in lower case with capitals on known names and on the last name
    of `creator`. Any other text is returned unchanged.

    A name that is also an ordinary word counts as a name after a given name or title, and at the
    beginning of the text before a verb.

    >>> with_capitals("thomas jefferson met old hickory in new york, said fdr")
    'Thomas Jefferson met Old Hickory in New York, said FDR'
    >>> with_capitals("did president grant grant it?"), with_capitals("grant wanted peace")
    ('did President Grant grant it?', 'Grant wanted peace')
    """
    small = text.lower()
    if len(small) != len(text) or any(map(str.isupper, _FIRST_PERSON.sub("", text)[1:])):
        return text
    known = _in_small_letters().sub(lambda found: _names_by_lower_case()[found[0]], small)
    begun = {at for at, sign in enumerate(text) if sign.isupper()}
    parts = [*_WRITTEN.finditer(known)]
    for number, part in enumerate(parts):
        word = part[0].rstrip(".")
        is_word, is_last = word in word_list("people", "words"), word == last_name(creator)
        if not (is_word or is_last or word[0].isupper()):
            continue
        given = _given_before(parts[:number])
        above = parts[max(number - len(given) - 1, 0) : number - len(given)]
        titles = [own for own in above if own[0].rstrip(".") in TITLES | _ADDRESS]
        if given or titles or word[0].isupper() or not is_word:
            begun |= {own.start() for own in (*titles, *given, part)}
        elif number == 0 and _acts(known):
            begun.add(part.start())
    return "".join(sign.upper() if at in begun else sign for at, sign in enumerate(known))


def _given_before(parts: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    """Return the given names and initials at the end of a run of words: "ulysses s."."""
    given: list[re.Match[str]] = []
    for part in reversed(parts):
        if not (part[0][1:] == "." or (len(part[0]) > 1 and is_western(part[0]))):
            break
        given.insert(0, part)
    return given


def _acts(text: str) -> bool:
    """Return whether a text begins with a name and a verb: "grant wanted"."""
    return any(token.tag_ in {"VBD", "VBZ", "MD"} for token in parse(text.capitalize())[1:2])


def recorded_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield persons named in the text: as the text has it, and as the records have it.

    >>> list(recorded_names("FDR met Teddy Roosevelt's cousin"))
    [('Teddy Roosevelt', 'Theodore Roosevelt'), ('FDR', 'Franklin D. Roosevelt')]
    """
    text = with_capitals(text)
    for called, name in _common_names():
        if re.search(rf"(?<!\w){re.escape(called)}(?!\w)", text):
            yield called, name


def with_recorded_names(text: str) -> str:
    """Return a text with its persons named as the records name them.

    >>> with_recorded_names("LBJ's war on poverty")
    "Lyndon B. Johnson's war on poverty"
    """
    text = with_capitals(text)
    for called, name in recorded_names(text):
        text = re.sub(rf"(?<!\w){re.escape(called)}(?!\w)", name, text)
    return text


def may_be_same_person(said: str, recorded: str) -> bool:
    """Return whether a person's name in a claim may mean the recorded person: the last names are
    equal, and neither has a given name that the other lacks in every form. An initial matches any
    name that begins with it.

    >>> may_be_same_person("Bill Clinton", "William J. Clinton")
    True
    >>> may_be_same_person("John Adams", "John Quincy Adams")
    False
    >>> may_be_same_person("Quincy Adams", "John Adams")
    False
    >>> may_be_same_person("Bush", "George W. Bush")
    True
    """
    ours, theirs = _parts(said), _parts(recorded)
    if not ours or not theirs or ours[-1] != theirs[-1]:
        return False
    given, others = ours[:-1], theirs[:-1]
    if not given or not others:
        return True
    if not all(_is_among(one, others) for one in given):
        return False
    # A first and a middle name together are all there are; a middle name in full is always given.
    wanted = [other for other in others[1:] if given[1:] or len(other) > 1]
    return not _is_among(given[0], others[:1]) or all(_is_among(one, given) for one in wanted)


def is_given(name: str) -> bool:
    """Return whether a word is a known given name or an initial.

    >>> is_given("Teddy"), is_given("J."), is_given("Sadly")
    (True, True, False)
    """
    word = "".join(words(name))
    named = word_list("people", "his_names") | word_list("people", "her_names") | _forms().keys()
    return len(word) == 1 or word in named


def is_western(name: str) -> bool:
    """Return whether a word is a known European or American given name, or an initial.

    >>> is_western("Ken"), is_western("Gabriel"), is_western("Enlai")
    (True, True, False)
    """
    return is_given(name) or name.casefold() in word_list("people", "western")


def last_name(name: str) -> str:
    """Return a person's last name, folded; "" for an empty name.

    >>> last_name("Joseph R. Biden Jr."), last_name("Douglass, Frederick")
    ('biden', 'douglass')
    """
    return next(iter(_parts(name)[-1:]), "")


def _parts(name: str) -> list[str]:
    last, comma, given = name.partition(",")
    turned = (
        f"{given} {last}" if comma and words(given) and words(given)[0] not in _SUFFIXES else name
    )
    parts = [word for word in words(turned) if word not in _SUFFIXES and word not in TITLES]
    return [word for word in parts[:-1] if word not in _ADDRESS] + parts[-1:]


def _is_among(one: str, others: list[str]) -> bool:
    return any(
        one[0] == other[0]
        if len(one) == 1 or len(other) == 1
        else one == other or other in _forms().get(one, frozenset())
        for other in others
    )


@cache
def _places() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(names.split(", ")) for names in table("places")["places"])


_OF_ANOTHER = re.compile(
    r"\b(?:New|North|Northern|South|Southern|East|West|Cape|Fort|Lake|Port|Duke of|Duchess of)\s+$"
)
"""What stands before a place's name in that of another place, or of a person."""


def place_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield pairs of a place name in the text and another name of the same place. "New York" does
    not name York."""
    for names in _places():
        for name in names:
            found = [*re.finditer(rf"\b{re.escape(name)}\b", text)]
            if found and not any(_OF_ANOTHER.search(text, 0, at.start()) for at in found):
                yield from ((name, other) for other in names if other != name)


def historical_place_name(place: str, years: tuple[int, int]) -> str:
    """Return the name under which records of those years have a present-day place.

    >>> historical_place_name("Iran", (1900, 1901)), historical_place_name("Iran", (1960, 1960))
    ('Persia', 'Iran')
    """
    known = table("places")["in_records"].get(place, {})
    then = known.get("since", 0) <= years[0] and years[1] < known.get("until", 0)
    return str(known["name"]) if then else place


@cache
def _nations() -> dict[tuple[str, ...], frozenset[int]]:
    found: dict[tuple[str, ...], set[int]] = {}
    for number, listed in enumerate(table("places")["nations"]):
        for listed_name in listed.split(", "):
            also = (name for names in _places() if listed_name in names for name in names)
            for name in (listed_name, *also):
                found.setdefault(tuple(stems(words(name))), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


@lru_cache(maxsize=4096)
def nation_names(name: str) -> frozenset[tuple[str, ...]]:
    """Return all names, as stems, of the nation that `name` denotes; none if it denotes no nation.

    >>> ("holland",) in nation_names("the Dutch"), sorted(nation_names("Zhou"))
    (True, [])
    """
    numbers = _nations().get(tuple(stems(words(name))), frozenset())
    return frozenset(other for other, theirs in _nations().items() if theirs & numbers)


@lru_cache(maxsize=64)
def split_attribution(claim: str) -> tuple[str, str] | None:
    """Return the person to whom a claim attributes a statement, and the statement, or else the
    claim without the name; None where it attributes nothing.

    >>> split_attribution("Theodore Roosevelt said that judges are the people's masters")
    ('Theodore Roosevelt', "judges are the people's masters")
    >>> split_attribution("Washington said America should keep to herself")
    ('Washington', 'America should keep to herself')
    >>> split_attribution("Monroe denied that Spain was weak")
    ('Monroe', 'denied that Spain was weak')
    >>> split_attribution("Polk bought California") is None
    True
    """
    for token in parse(claim):
        says = token.head.dep_ == "ROOT" and token.head.lemma_ in _SAYING
        place = token.ent_type_ in _NO_PERSONS and token.lower_ not in _KNOWN_BY_LAST_NAME
        person = token.pos_ == "PROPN" and not place and token.ent_type_ not in _COUNTS
        if token.dep_ == "nsubj" and says and person and token.lower_ not in _BODIES:
            name = name_around(token)
            begin = claim.rfind(name, 0, token.idx + len(token.text))
            if begin >= 0:
                rest = claim[:begin] + claim[begin + len(name) :]
                return name, " ".join((_reported(token.head) or rest).split())
    return None


def _reported(verb: Token) -> str:
    """Return the statement that a verb of speaking reports as it is, to the end of its sentence; ""
    where there is none, or it is denied that it was made."""
    said = next((child for child in verb.rights if child.dep_ == "ccomp"), None)
    asserts = verb.lemma_ in word_list("verbs", "speaking")
    denied = any(child.dep_ == "neg" or child.lower_ == "never" for child in verb.children)
    if said is None or denied or not asserts:
        return ""
    reported = str(verb.doc[said.left_edge.i : verb.right_edge.i + 1].text)
    return reported.removeprefix("that ").strip(' ,;."“”')


_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*|\f\s*")
_PLAIN_WORD = re.compile(r"[^\W\d_]+")
_SAID = re.compile(r"(?<![^\W_])[^\W\d_A-Z][^\W\d_]{2,}[.!?][\"'’”)\]]*\s*$", re.MULTILINE)
_LABELLED = re.compile(r"^[^\w\n]*[^\W\d_]+\.?(?: [^\W\d_]+){0,2}\s?:[^\S\n]*\S", re.MULTILINE)
_CLOSE = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){0,4},\s*")

_HEAD_ROOM = 4_000
"""How many characters from a document's beginning its first prose is looked for."""

_LONG_WORD = 4
_MOST_NAMES = 2 / 3
_LONG_LINE_WORDS, _MOST_OF_LONG = 20, 0.9
_MOST_FIGURES = 0.2
_ENOUGH_WORDS = 25
_SHORT = 16
_SHORT_CAPITALS = 6


def is_names_only(text: str, sentence: Span) -> bool:
    """Return whether a sentence of a document names something and says nothing: what stands before
    the first prose (title, place and day, participants), a heading, a signature. In doubt it
    returns False, as for figures, and for a document that consists of names.

    >>> text = "Ann Holt to Governor Reed\\n\\nHolm, 3 May 1790\\n\\nThe fort is lost.\\n\\nA. Holt"
    >>> [s.of(text) for s in sentences(text) if not is_names_only(text, s)]
    ['The fort is lost.']
    """
    first = _first_prose(text)
    if first is None or (sentence.start >= first and len(sentence) > _HEAD_ROOM):
        return False
    own = _paragraph(text, sentence.start)
    if sentence.end > own.end:
        return False
    if own.start < first:
        return _names_only(own.of(text), _MOST_NAMES)
    return _is_short(own.of(text)) or (bool(_CLOSE.match(own.of(text))) and _is_close(text, own))


def _paragraph(text: str, at: int) -> Span:
    """Return the stretch between blank lines or page ends around a position."""
    start = end = None
    low, high = max(0, at - _HEAD_ROOM), min(len(text), at + _HEAD_ROOM)
    for found in _BLANK_LINES.finditer(text, low, high):
        if found.end() <= at:
            start = found.end()
        elif found.start() >= at:
            end = found.start()
            break
    return Span(low if start is None else start, high if end is None else end)


@lru_cache(maxsize=8)
def _first_prose(text: str) -> int | None:
    """Return where the first paragraph of prose begins; None where there is none near the
    beginning."""
    at = 0
    while at < min(len(text), _HEAD_ROOM):
        own = _paragraph(text, at)
        if _is_prose(own.of(text)):
            return own.start
        gap = _BLANK_LINES.match(text, own.end)
        at = gap.end() if gap else own.end + 1
    return None


def _is_prose(paragraph: str) -> bool:
    if _SAID.search(paragraph):
        return len(_PLAIN_WORD.findall(paragraph)) > 3
    return len(_PLAIN_WORD.findall(paragraph)) >= _ENOUGH_WORDS and not _names_only(
        paragraph, _MOST_NAMES
    )


def _names_only(paragraph: str, most: float) -> bool:
    """Return whether at least the share `most` of the long words have a capital, and no sentence
    ends."""
    every = _PLAIN_WORD.findall(paragraph)
    long = [word for word in every if len(word) >= _LONG_WORD]
    signs = sum(map(str.isalnum, paragraph))
    figures = sum(map(str.isdigit, paragraph))
    if not signs or _SAID.search(paragraph):
        return False
    if paragraph.isupper() and len(long) > _SHORT_CAPITALS:  # a telegram in capitals
        return False
    dated = any(word.capitalize() in MONTHS for word in every)
    if figures > _MOST_FIGURES * signs and not dated:
        return False
    content = [word for word in long if word.casefold() not in stop_words()]
    if max(len(line.split()) for line in paragraph.splitlines()) > _LONG_LINE_WORDS:
        most = max(most, _MOST_OF_LONG)
    return bool(sum(word[0].isupper() for word in content) >= most * len(content))


def _is_short(paragraph: str) -> bool:
    """Return whether a paragraph may be a heading or a signature: short, names alone, no figures,
    no field of a form ("Name: John Smith")."""
    return (
        len(paragraph.split()) <= _SHORT
        and not any(map(str.isdigit, paragraph))
        and not _LABELLED.search(paragraph)
        and _names_only(paragraph, 1.0)
    )


def _is_close(text: str, own: Span) -> bool:
    """Return whether a paragraph closes a letter: a few words, a comma and a name, and no prose
    after."""
    said = own.of(text)
    name = said[_CLOSE.match(said).end() :]  # type: ignore[union-attr]
    after = text[own.end : own.end + _HEAD_ROOM]
    following = _paragraph(after, len(after) - len(after.lstrip())).of(after)
    return (
        len(said.split()) <= _SHORT and not _is_prose(following) and (not name or _is_short(name))
    )
