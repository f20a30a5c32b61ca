"""Which statements of a text can be checked against sources, and why the others cannot.

A sentence is cut into clauses that each state a fact: coordinated clauses with a subject and a verb
each ("Congress passed the law, and Grant signed it"), clauses after a semicolon, and a relative
clause about a name at the end of the sentence ("Brezhnev, who led the party"). Quotations are never
cut.

A clause is set aside if its grammar makes it a question, an order, a prediction, an opinion or talk
about the text itself, or if it names nothing that can be searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.datatypes import Claim
from rag.language import content_words, name_around, parse, stop_words, word_list, words

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as Tokens

SUBJECTS = frozenset({"nsubj", "nsubjpass", "expl", "csubj"})
_RELATIVE = frozenset({"WDT", "WP"})
_COORDINATORS = frozenset({"and", "but", "so", "yet", "or"})
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}


@dataclass(frozen=True, slots=True)
class Clause:
    """The tokens `start` to `end` of a sentence. `shared`: the subject it takes from the clause
    before it, "" if it has its own. `setting`: the phrase that opens the sentence and holds for
    this clause too: "In 1957", "According to Polk,"."""

    start: int
    end: int
    shared: str = ""
    setting: str = ""


def split_clauses(sentence: Doc) -> list[Clause]:
    """Return the clauses of a sentence, in order. Together they are all of its tokens.

    >>> from rag.language import parse
    >>> doc = parse("Congress passed the law, and Grant, who had doubts, signed it.")
    >>> [doc[c.start : c.end].text for c in split_clauses(doc)]
    ['Congress passed the law,', 'and Grant, who had doubts, signed it.']
    """
    quoted = quoted_tokens(sentence)
    cuts = {0: ""}
    heads = [token for token in sentence if _heads_main_clause(token) and token.i not in quoted]
    for before, after in pairwise(heads):
        at = _boundary(sentence, before, after)
        if at is not None and at not in quoted:
            shared = subject(before) if subject(after) is None else None
            cuts[at] = subject_phrase(shared) if shared is not None else ""
    relative = _closing_relative(sentence)
    if relative is not None and relative[0] not in quoted:
        cuts[relative[0]] = relative[1]
    starts = sorted(cuts)
    setting = _setting(sentence, heads)
    return [
        Clause(start, end, cuts[start], setting if _takes_setting(sentence[start:end]) else "")
        for start, end in pairwise([*starts, len(sentence)])
    ]


_MAX_SETTING = 8
"""The longest opening phrase, in words, that is carried over to the other clauses."""


def _setting(sentence: Doc, heads: Sequence[Token]) -> str:
    """Return the phrase of time, place or source that opens a sentence before its subject; "" if
    there is none."""
    own = subject(heads[0]) if heads else None
    if own is None:
        return ""
    first = next((t for t in heads[0].lefts if t.i < own.i and t.pos_ != "CCONJ"), None)
    if first is None or first.dep_ not in {"prep", "npadvmod"}:
        return ""
    phrase = list(first.subtree)
    if len(phrase) not in range(2, _MAX_SETTING + 1) or phrase[-1].i >= own.left_edge.i:
        return ""
    if first.lower_ not in _SOURCE_OR_TIME and not any(t.ent_type_ or t.like_num for t in phrase):
        return ""
    return str(sentence[phrase[0].i : own.left_edge.i].text)


_SOURCE_OR_TIME = frozenset({"according", "during"})


def _takes_setting(clause: Tokens) -> bool:
    """Return whether the setting of its sentence holds for a clause: it begins with "and", no
    phrase comes before its subject, and it has no date of its own."""
    if clause[0].lower_ != "and" or any(token.ent_type_ == "DATE" for token in clause):
        return False
    own = next((token for token in clause if token.dep_ in SUBJECTS), None)
    return own is not None and own.left_edge.i == clause.start + 1


def subject(verb: Token) -> Token | None:
    """Return the head of a verb's own subject, None if it has none."""
    return next((child for child in verb.lefts if child.dep_ in SUBJECTS), None)


def quoted_tokens(sentence: Doc) -> set[int]:
    """Return the indexes of the tokens in quotation marks, the marks included."""
    found: set[int] = set()
    opened: int | None = None
    for token in sentence:
        if opened is None and token.text in _QUOTES:
            opened = token.i
        elif opened is not None and token.text == _QUOTES[sentence[opened].text]:
            found.update(range(opened, token.i + 1))
            opened = None
    if opened is not None:  # never closed: it runs to the end
        found.update(range(opened, len(sentence)))
    return found


def _heads_main_clause(token: Token) -> bool:
    """Return whether a token is the verb of a main clause."""
    if token.pos_ not in {"VERB", "AUX"}:
        return False
    return any(step.dep_ == "ROOT" for step in _level(token))


def _level(token: Token) -> Iterator[Token]:
    """Yield a token and the heads above it, as far as they are coordinated main clauses."""
    yield token
    while token.dep_ != "ROOT":
        after_semicolon = token.i > 0 and token.doc[token.left_edge.i - 1].text == ";"
        own = subject(token)
        coordinated = token.dep_ == "conj" and (
            after_semicolon and _has_no_subject_nearby(token)
            if own is None
            else own.tag_ not in _RELATIVE
        )
        # The parser often makes one of two adjacent clauses the complement of the other.
        leading = (
            token.dep_ in {"ccomp", "parataxis"}
            and (token.i < token.head.i or after_semicolon)
            and own is not None
        )
        if not (coordinated or leading):
            return
        token = token.head
        yield token


def _has_no_subject_nearby(verb: Token) -> bool:
    """Return whether a verb has no word before or after it that could be its subject."""
    before = all(child.pos_ in {"ADV", "AUX", "CCONJ", "PART", "PUNCT"} for child in verb.lefts)
    return before and not any(child.dep_ in SUBJECTS for child in verb.children)


def _boundary(sentence: Doc, before: Token, after: Token) -> int | None:
    """Return the first token of the second of two clauses, None if nothing separates them."""
    own = subject(after)
    last = own.left_edge.i if own is not None else after.i
    for i in range(last, before.i, -1):
        previous = sentence[i - 1]
        if previous.text == ";":
            return i
        if i < last and sentence[i].lower_ in _COORDINATORS:
            joined = sentence[i].dep_ == "cc" and sentence[i].head in (before, after)
            if joined or previous.text == ",":
                return i
    return None


def _closing_relative(sentence: Doc) -> tuple[int, str] | None:
    """Return where a relative clause about a name begins that ends the sentence, and that name;
    None if there is none."""
    end = len(sentence)
    while end and sentence[end - 1].is_punct:
        end -= 1
    for verb in sentence:
        who = subject(verb)
        if verb.dep_ != "relcl" or who is None or who.lower_ not in {"who", "which"}:
            continue
        about = verb.head
        closes = verb.right_edge.i + 1 >= end
        person = about.ent_type_ in {"PERSON", "ORG", ""} and not _articled(about)
        fits = about.pos_ == "PROPN" and (person if who.lower_ == "who" else True)
        if who.i and sentence[who.i - 1].text == "," and closes and fits:
            return who.i, name_around(about)
    return None


def _articled(noun: Token) -> bool:
    return any(child.dep_ == "det" for child in noun.lefts)


def subject_phrase(head: Token) -> str:
    """Return a subject's words as the text has them, up to the first comma."""
    stretch = head.doc[head.left_edge.i : head.right_edge.i + 1].text
    return str(stretch.split(",")[0])


MAX_CLAIM = 2_000
"""The longest claim that is looked up: each step takes time with its length."""

MIN_CONTENT_WORDS = 3
"""The fewest content words of a clause that can be checked, in a longer text."""

_MIN_STATED_WORDS = 2
"""The same for a sentence that says what a name did or is ("Lincoln was a Republican.") and for one
that is all quoted."""

_MIN_GENERAL_WORDS = 5
"""The same for a sentence in the past tense that names nobody and nothing."""

_CLOSING = "\"'”’»)"
_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
_NAMES = frozenset(
    {"PERSON", "ORG", "GPE", "LOC", "NORP", "FAC", "EVENT", "LAW", "MONEY", "PERCENT", "QUANTITY"}
)
_WRITER_AND_READER = frozenset({"i", "we", "you"})
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|welcome|good (?:morning|evening|afternoon)|thanks|thank you|bye|goodbye|"
    r"see you|cheers|stay tuned|don['’]t forget to|(?:please )?subscribe|like and subscribe)\b",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"\b(?:let['’]s|let me|here (?:is|are) (?:the |a |some )?links?|in this (?:video|episode)|"
    r"there(?:['’]s| is) (?:one|a|another) thing|(?:this|that)(?:['’]s| is) (?:the (?:show|end|"
    r"whole)|it|all)|for me)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(?:thanks|thank you|thx|cheers|great|nice|cool|awesome|perfect|lovely|wow|ok|okay|"
    r"brilliant|amazing|excellent|good (?:job|work|answer)|well done|got it|i see|that helps)\b",
    re.IGNORECASE,
)
_BESIDE_THANKS = word_list("words", "beside_thanks")
_OF_THIS_PAGE = word_list("words", "of_this_page")
_WHO_ASKS = word_list("words", "who_asks")
_SHOWN = word_list("words", "shown")
_MEDIA = word_list("words", "media")
_PART_OF_A_NOUN = frozenset({"compound", "nmod", "amod"})
_OF_A_TEXT = word_list("verbs", "of_a_text")
_TODAY = re.compile(r"\b(?:today|nowadays|these days|currently|right now)\b", re.IGNORECASE)
_IN_MY_VIEW = re.compile(
    r"\b(?:in my (?:opinion|view|book)|if you ask me|to my mind|imho|imo)\b", re.IGNORECASE
)
_FOREIGN = word_list("words", "foreign")
QUESTION_WORDS = word_list("words", "asking")
_ASKING_YOU = re.compile(
    r"^\W*(?:(?:and|so|but|well|okay|ok)\W+)*(?:do |did )?(you (?:know|remember))\b|"
    r"^\W*(?:(remember)(?= that\b)|ever|remember|guess)\b",
    re.IGNORECASE,
)
_WHETHER = frozenset({"if", "whether"})
_BEFORE_ASKING = re.compile(
    rf"\W*(?:(?:{'|'.join(sorted(word_list('words', 'before_asking')))})\b\W*)+", re.IGNORECASE
)
_TELLING = word_list("verbs", "asked_to_tell")
_ASSENT = word_list("words", "assent")
_KIN = word_list("people", "kin")
_FRAMES = word_list("verbs", "framing")
_EVERYBODY = word_list("words", "everybody")
_JUDGING = word_list("words", "judging")
_SEEMING = word_list("verbs", "seeming")
_FEELING = word_list("verbs", "feeling")

_EXAMPLE = "Monroe told Europe to stay out of the Americas"
GREETED = f"Write or paste a claim about the past, for example: {_EXAMPLE}."
EXPLAINED = (
    "Source Finder looks up a claim in the sources indexed here and shows what they say about "
    f"it, word for word, and where. {GREETED}"
)
LINKED = (
    "A link alone says nothing that can be looked up. Paste the text of the page, or drop in "
    "the transcript of the video."
)
TOPIC = (
    "This names a subject but claims nothing about it, so passages on the subject were looked "
    "for. Write what you heard about it, and the passages are compared with that."
)
FOREIGN = (
    "This does not read as English, the only language understood here, so only names and words "
    "that it shares with the sources were looked up. Write it in English."
)
_NOTHING = (
    "Nothing in this text can be looked up. Write one plain statement about the past, with "
    f"names, for example: {_EXAMPLE}."
)


ABOUT_THIS_PAGE = "a question about this page"


def why_set_aside(clause: Tokens, named: str = "") -> str | None:
    """Return why a clause of a longer text is set aside, None if it can be checked.

    `named`: the clause with its pronouns replaced by names, "" if they are unknown.
    """
    text = clause.text
    if is_question(clause):
        return "a question"
    content = content_words(named or text)
    outside = _spoken_by_the_writer(clause)
    if not any(token.is_alpha for token in outside):
        return None if len(content) >= _MIN_STATED_WORDS else "too short to check"
    verb = _main_verb(outside)
    if _greets(text, verb):
        return "a greeting"
    stated = len(clause) == len(clause.doc) and _tells_of_somebody(verb, named)
    if len(content) < (_MIN_STATED_WORDS if stated else MIN_CONTENT_WORDS):
        return "too short to check"
    specific = bool(named) or _names_something(clause)
    if why := _about_the_writer(verb, specific):
        return why
    if (
        _TALK.search(text)
        or _is_about_an_episode(clause)
        or _is_order(outside)
        or _is_about_a_text(verb, named)
    ):
        return "an aside"
    if _introduces_a_text(outside, verb):
        return "an aside"
    if verb is not None:
        modal = {child.lower_ for child in verb.children if child.tag_ == "MD"}
        past = any(child.lemma_ == "have" for child in verb.children if child.dep_ == "aux")
        if modal & {"will", "'ll", "’ll", "wo"} or _going_to(verb):
            return "a prediction"
        if modal & {"would", "'d", "’d", "could", "might", "should"} and past:
            return "a supposition"
    if _TODAY.search(" ".join(token.text for token in outside)) and _is_present(verb):
        return "about today"
    if _IN_MY_VIEW.search(text) or _only_judges(_unframed_verb(verb), clause):
        return "an opinion"
    return None if specific else _why_too_general(verb, content)


def is_pleasantry(text: str) -> bool:
    """Return whether a whole text only greets, thanks or praises.

    >>> is_pleasantry("ok thanks, that's great"), is_pleasantry("the great fire of chicago")
    (True, False)
    """
    left = _THANKS.sub(" ", _GREETING.sub(" ", text))
    return left != text and (stop_words() | _BESIDE_THANKS).issuperset(words(left))


def is_about_this_page(text: str) -> bool:
    """Return whether a whole text only asks what this program is, has or can do.

    >>> is_about_this_page("how does this thing work?"), is_about_this_page("What can you do?")
    (True, True)
    >>> is_about_this_page("how did the Treaty of Ghent work?"), is_about_this_page("who won?")
    (False, False)
    >>> is_about_this_page("when was this?"), is_about_this_page("who said this?")
    (False, False)
    """
    said = words(text)
    if _WHO_ASKS.isdisjoint(said) or not (stop_words() | _OF_THIS_PAGE).issuperset(said):
        return False
    return not any(token.tag_ == "VBD" for token in parse(text))


def states_nothing(clause: Tokens) -> bool:
    """Return whether a text has no verb, and so names a subject without saying anything about
    it."""
    return not any(token.pos_ in {"VERB", "AUX"} for token in clause)


def is_statement(clause: Tokens) -> bool:
    """Return whether a text has a finite main verb with a subject.

    >>> from rag.language import parse
    >>> is_statement(parse("Polk signed it")[:]), is_statement(parse("signed by Polk in 1848")[:])
    (True, False)
    """
    return any(token.dep_ == "ROOT" and _is_finite(token) and subject(token) for token in clause)


def has_finite_verb(tokens: Iterable[Token]) -> bool:
    """Return whether a token is a finite verb: "attributed to Henry Clay, 1839" has none."""
    return any(token.tag_ in _FINITE for token in tokens)


def is_question(clause: Tokens) -> bool:
    """Return whether the writer asks something. Reported questions (He said, "Why?") and statements
    with a doubt ("They left by, what, two votes?") do not count."""
    text = clause.text.rstrip()
    if not text.rstrip(_CLOSING).endswith("?"):
        return False
    quoted = quoted_tokens(clause.doc)
    last = clause[-1]
    if last.i in quoted and clause[0].i not in quoted:
        return False
    if _ASKING_YOU.search(text):
        return asserted_in_question(clause) is None
    verb = next((token for token in clause if token.tag_ in _FINITE), None)
    own = next((token for token in clause if token.dep_ in SUBJECTS), None)
    if verb is None or own is None:
        return True
    before = [token.lower_ for token in clause if token.i < own.i]
    return (
        verb.i < own.i or own.lower_ in QUESTION_WORDS or bool(QUESTION_WORDS.intersection(before))
    )


_ASKED = frozenset({"ADJ", "ADV", "NOUN", "PROPN", "ADP", "AUX"})
"""The parts of speech that a question word may belong to: "how many men", "how much did it
cost"."""


def asks_without_a_mark(clause: Tokens) -> bool:
    """Return whether a text is a question typed without its mark: the question word belongs to the
    main verb, or the text begins with that verb's auxiliary, whatever small word is said before
    it; or it asks to be told or shown something.

    >>> from rag.language import parse
    >>> asked = ("who bought alaska", "who was Seward", "so did nixon end it", "explain the draft")
    >>> [asks_without_a_mark(parse(text)[:]) for text in asked]
    [True, True, True, True]
    >>> asks_without_a_mark(parse("When Lincoln died, Johnson became president")[:])
    False
    """
    opening = _BEFORE_ASKING.match(clause.text)
    if opening is not None and opening.end() < len(clause.text):
        clause = parse(clause.text[opening.end() :])[:]
    first = clause[0]
    if _asks_to_be_told(clause):
        return True
    own = next((t for t in clause if t.dep_ in SUBJECTS and t.head.dep_ == "ROOT"), None)
    if own is None:
        return False
    main = own.head
    if first.lower_ not in QUESTION_WORDS:  # not "Will Taft ran": "will" and "did" take a bare verb
        bare = first.tag_ == "MD" or first.lemma_ == "do"
        fits = main.tag_ == "VB" if bare else first.tag_ in _FINITE
        return first.i < own.i and main in (first, first.head) and fits
    if first.lower_ == "which" and first == own:  # it continues what was said before
        return False
    asked = first
    while asked not in (own, main) and asked.head.pos_ in _ASKED:
        asked = asked.head
    inverted = any(t.tag_ in _FINITE and t.i < own.i for t in (main, *main.lefts))
    return asked == own or (asked.head == main and inverted)


def _asks_to_be_told(clause: Tokens) -> bool:
    """Return whether a text's main verb is an order to tell or show: "explain how it ended"."""
    main = next(token for token in clause if token.dep_ == "ROOT")
    leads = all(token.pos_ not in {"VERB", "AUX"} for token in clause[: main.i - clause.start])
    orders = main.tag_ == "VB" and subject(main) is None and leads
    return orders and main.lemma_ in _TELLING


def asserted_in_question(clause: Tokens) -> Tokens | None:
    """Return the statement inside a question about whether the reader knows it: "FDR served four
    terms" for "Did you know that FDR served four terms?". None for any other text.

    >>> from rag.language import parse
    >>> asserted_in_question(parse("You know that Polk lied, right?")[:])
    Polk lied
    >>> asserted_in_question(parse("Do you know who lied?")[:])
    """
    asking = _ASKING_YOU.search(clause.text)
    if not asking or not clause.text.rstrip(_CLOSING + " ").endswith("?"):
        return None
    after = [t for t in clause if t.idx >= clause.start_char + asking.end()]
    if after and after[0].lower_ == "that":
        after = after[1:]
    while after and after[0].is_punct and after[0].text not in _QUOTES:
        after = after[1:]
    own = next((token for token in after if token.dep_ in SUBJECTS), None)
    verb = next((token for token in after if token.pos_ in {"VERB", "AUX"}), None)
    if own is None or verb is None or verb.i < own.i:
        return None
    before = {token.lower_ for token in after if token.i < verb.i}
    if asking.lastindex is None or not (QUESTION_WORDS | _WHETHER).isdisjoint(before):
        return None
    return clause.doc[after[0].i : _end_of_statement(after)]


def _end_of_statement(tokens: list[Token]) -> int:
    """Return the index of the token after a statement, without a tag such as ", right?" or ",
    didn't he?"."""
    commas = [number for number, token in enumerate(tokens) if token.text == ","]
    if commas:
        rest = [token for token in tokens[commas[-1] + 1 :] if not token.is_punct]
        if _asks_for_assent(rest):
            return tokens[commas[-1]].i
    return next(t.i for t in reversed(tokens) if not t.is_punct) + 1


def _asks_for_assent(rest: list[Token]) -> bool:
    """Return whether words are a tag: "right", or an auxiliary and a pronoun, "didn't he"."""
    if len(rest) == 1:
        return rest[0].lower_ in _ASSENT
    helps = rest[:1] and (rest[0].tag_ == "MD" or rest[0].lemma_ in {"be", "do", "have"})
    who = [token for token in rest[1:] if token.dep_ != "neg"]
    return bool(helps) and len(who) == 1 and who[0].tag_ == "PRP"


def _main_verb(tokens: list[Token]) -> Token | None:
    """Return the verb on which the others depend, None if there is no finite verb."""
    verbs = [token for token in tokens if token.pos_ in {"VERB", "AUX"}]
    inside = {token.i for token in tokens}
    for verb in verbs:
        if verb.dep_ == "ROOT" or verb.head.i not in inside:
            return verb if _is_finite(verb) or not has_finite_verb(verbs) else None
    return verbs[0] if verbs and _is_finite(verbs[0]) else None


def _is_finite(verb: Token) -> bool:
    return verb.tag_ in _FINITE or any(child.tag_ in _FINITE for child in verb.children)


def _spoken_by_the_writer(clause: Tokens) -> list[Token]:
    """Return the tokens that are not in quotation marks."""
    quoted = quoted_tokens(clause.doc)
    return [token for token in clause if token.i not in quoted]


def _greets(text: str, verb: Token | None) -> bool:
    """Return whether a clause greets or thanks and says nothing of anybody else. "Thanks to Seward,
    the United States bought Alaska" does say something."""
    greeting = _GREETING.search(text)
    if not greeting or verb is None:
        return greeting is not None
    who = subject(verb)
    if who is None or who.lower_ in _WRITER_AND_READER:
        return True
    return not (_is_past(verb) or text[greeting.end() :].startswith(" to "))


def _tells_of_somebody(verb: Token | None, named: str) -> bool:
    """Return whether a clause says what somebody named did or is; "Bob disagrees" does not.
    `named`: see `why_set_aside`."""
    who = subject(verb) if verb is not None else None
    if verb is None or who is None or not (named or who.pos_ == "PROPN"):
        return False
    said_to_be = any(child.dep_ in {"attr", "acomp"} for child in verb.children)
    return _is_past(verb) or verb.tag_ == "VBN" or said_to_be


def _is_about_an_episode(clause: Tokens) -> bool:
    """Return whether a clause is about "next week" or "the last episode", not "the last week" or
    the last episode of something."""
    return any(
        before.lower_ in {"next", "last"}
        and (token.lower_ in _SHOWN or (token.lower_ == "week" and not _has_owner(token)))
        and not any(child.lower_ in {"of", "in"} for child in token.rights)
        for before, token in pairwise(clause)
    )


def _has_owner(noun: Token) -> bool:
    return any(child.dep_ in {"det", "poss"} for child in noun.lefts)


def _names_something(clause: Tokens) -> bool:
    """Return whether there is a name, a number or a date to search for."""
    for token in clause:
        if token.lower_ in _KIN:
            continue
        if token.like_num and token.lower_ not in {"one", "first", "second"}:
            return True
        if token.ent_type_ in _NAMES or (token.pos_ == "PROPN" and token.i > 0):
            return True
        if token.pos_ == "PROPN" and token.dep_ in SUBJECTS:
            return True
    return False


def _about_the_writer(verb: Token | None, specific: bool) -> str | None:
    """Return "about the writer" if the subject is "I" or the writer's kin, else None. A clause that
    only frames a statement ("I think that Polk lied") is a claim if it names something."""
    if verb is None:
        return None
    who = subject(verb)
    if who is None:
        return None
    owners = {child.lower_ for child in who.children if child.dep_ in {"poss", "det"}}
    if "my" in owners or (who.lower_ in _KIN and not owners):
        return "about the writer"
    if who.lower_ != "i":
        return None
    framed = verb.lemma_ in _FRAMES and any(child.dep_ == "ccomp" for child in verb.children)
    wishing = any(
        child.lower_ in {"'d", "’d", "would", "'ll", "’ll", "will"} for child in verb.lefts
    )
    if specific and not wishing and (framed or _acts_in_the_past(verb)):
        return None
    return "about the writer"


def _is_about_a_text(verb: Token | None, named: str) -> bool:
    """Return whether a clause says what an unnamed text shows: "it shows that there is more
    discussion" is about a post or a video, not the past."""
    if verb is None or named or verb.lemma_ not in _OF_A_TEXT or not _is_present(verb):
        return False
    who = subject(verb)
    return who is not None and who.lower_ in {"it", "this", "that"}


def _introduces_a_text(tokens: list[Token], verb: Token | None) -> bool:
    """Return whether a clause only introduces a quoted text: "A forum post quoting an interview",
    "The video is an interview with Putin". What it says of the past is a claim: "The video shows
    that Lincoln owned slaves"."""
    inside = {token.i for token in tokens}
    root = next((t for t in tokens if t.dep_ == "ROOT" or t.head.i not in inside), None)
    if root is not None and root.pos_ in {"NOUN", "PROPN"} and subject(root) is None:
        heads = [root]
    elif verb is not None and _is_present(verb):
        parts = list(verb.children)
        if any(child.dep_ == "ccomp" for child in parts):
            return False
        heads = [child for child in parts if child.dep_ in {"nsubj", "attr", "dobj"}]
    else:
        return False
    nouns = [head for head in heads if head.pos_ in {"NOUN", "PROPN"}]
    before = [child for noun in nouns for child in noun.lefts if child.dep_ in _PART_OF_A_NOUN]
    return any(token.lemma_.lower() in _MEDIA for token in (*nouns, *before))


def _acts_in_the_past(verb: Token) -> bool:
    return verb.tag_ == "VBD" and verb.lemma_ not in _FEELING | _FRAMES


def _is_order(tokens: list[Token]) -> bool:
    """Return whether a clause tells the reader to do something: "Imagine if". Its main verb comes
    first; "Read to the letter, the treaty was good" is no order."""
    first = next((token for token in tokens if token.is_alpha and token.pos_ != "INTJ"), None)
    if first is None or first.tag_ != "VB":
        return False
    main = first.head if first.dep_ == "aux" else first  # "Don't forget"
    return main.dep_ == "ROOT" and subject(main) is None


def _is_present(verb: Token | None) -> bool:
    """Return whether a verb is in the present tense: "is understood", "believe"."""
    if verb is None:
        return False
    own = [verb, *(child for child in verb.lefts if child.dep_ in {"aux", "auxpass"})]
    tags = {token.tag_ for token in own}
    return bool(tags & {"VBZ", "VBP"}) and "VBD" not in tags


def _is_past(verb: Token) -> bool:
    return verb.tag_ == "VBD" or any(
        child.tag_ == "VBD" and child.dep_ in {"aux", "auxpass"} for child in verb.children
    )


def _going_to(verb: Token) -> bool:
    present = any(child.lower_ in {"is", "are", "'s", "’s", "'re", "’re"} for child in verb.lefts)
    return (
        verb.lower_ == "going"
        and present
        and any(child.dep_ == "xcomp" and child.tag_ == "VB" for child in verb.rights)
    )


def _unframed_verb(verb: Token | None) -> Token | None:
    """Return the verb that the writer's "I think" introduces, else the verb itself."""
    who = subject(verb) if verb is not None else None
    if verb is None or who is None or who.lower_ not in _WRITER_AND_READER:
        return verb
    inner = (child for child in verb.children if child.dep_ == "ccomp")
    return next(inner, verb) if verb.lemma_ in _FRAMES else verb


_TO_ME = frozenset({"for", "me", "to", "us"})


def _only_judges(verb: Token | None, clause: Tokens) -> bool:
    """Return whether a clause says that something is good, bad or strange, and nothing more. "The
    press was good for the nation" says more."""
    if verb is None or verb.lemma_ not in _SEEMING:
        return False
    if any(token.like_num or token.ent_type_ == "DATE" for token in clause):
        return False
    said = [child for child in verb.rights if child.dep_ in {"acomp", "attr", "oprd"}]
    after = [token.lower_ for token in clause if said and token.i > said[-1].i and token.is_alpha]
    if not said or not _TO_ME.issuperset(after):
        return False
    return any(token.lower_ in _JUDGING for part in said for token in (part, *part.lefts))


def _why_too_general(verb: Token | None, content: list[str]) -> str | None:
    """Return why a clause that names nothing is set aside, None if it may stay: in the past tense
    it may continue a story."""
    if verb is None:
        return "too general to check"
    who = subject(verb)
    general = who is not None and any(token.lower_ in _EVERYBODY for token in (who, *who.lefts))
    if general or not _is_past(verb) or len(content) < _MIN_GENERAL_WORDS:
        return "too general to check"
    return None


def help_for(looked_up: Sequence[Claim], set_aside: Sequence[Claim]) -> tuple[str, ...]:
    """Return the hints for the person who sent a text, given its claims that were looked up and
    those set aside; nothing if no hint is needed."""
    if _is_foreign(" ".join(claim.text for claim in (*looked_up, *set_aside))):
        return (FOREIGN,)
    if looked_up:
        return (TOPIC,) if all(claim.form == "topic" for claim in looked_up) else ()
    reasons = {claim.set_aside for claim in set_aside}
    if reasons == {"a greeting"}:
        return (GREETED,)
    if reasons == {ABOUT_THIS_PAGE}:
        return (EXPLAINED,)
    return (LINKED,) if reasons == {"a link"} else (_NOTHING,)


def _is_foreign(text: str) -> bool:
    """Return whether a text seems to be in another language: most letters are of another alphabet,
    or small words and letters of other languages outnumber English small words. Words with a
    capital are ignored, since they may be names.

    >>> _is_foreign("Lincoln hat die Sklaven befreit"), _is_foreign("De Gaulle met him de facto")
    (True, False)
    """
    letters = [letter for letter in text if letter.isalpha()]
    if 2 * sum(letter > "\u024f" for letter in letters) > len(letters):
        return True
    small = {word.strip(_AROUND_A_WORD) for word in text.split() if word.islower()}
    other = {word for word in small if word in _FOREIGN or not word.isascii()}
    return len(other) > max(1, len((small & stop_words()) - other))


_AROUND_A_WORD = "\"'“”‘’«»,.;:!?()"
