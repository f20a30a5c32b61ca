"""A parsed sentence cut into the clauses that each state a fact of their own.

Cut are coordinated clauses with a subject and a verb each ("Congress passed the law, and Grant
signed it"), clauses after a semicolon, and a relative clause about a named one that ends the
sentence ("Brezhnev, who led the party"). What is quoted is never cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.language import name_around

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

SUBJECTS = frozenset({"nsubj", "nsubjpass", "expl", "csubj"})
RELATIVE = frozenset({"WDT", "WP"})
COORDINATORS = frozenset({"and", "but", "so", "yet", "or"})
QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}


@dataclass(frozen=True, slots=True)
class Clause:
    """The tokens `start` to `end` of a sentence. `shared`: the words of the subject that the
    clause takes from the one before it, "" where it has its own."""

    start: int
    end: int
    shared: str = ""


def clauses(sentence: Doc) -> list[Clause]:
    """Return the clauses of a sentence, in order; together they are all of its tokens.

    >>> from rag.language import parse
    >>> doc = parse("Congress passed the law, and Grant, who had doubts, signed it.")
    >>> [doc[c.start : c.end].text for c in clauses(doc)]
    ['Congress passed the law,', 'and Grant, who had doubts, signed it.']
    """
    quoted = quoted_tokens(sentence)
    cuts = {0: ""}
    heads = [token for token in sentence if _states(token) and token.i not in quoted]
    for before, after in pairwise(heads):
        at = _boundary(sentence, before, after)
        if at is not None and at not in quoted:
            shared = subject(before) if subject(after) is None else None
            cuts[at] = words_of(shared) if shared is not None else ""
    relative = _closing_relative(sentence)
    if relative is not None and relative[0] not in quoted:
        cuts[relative[0]] = relative[1]
    starts = sorted(cuts)
    return [Clause(start, end, cuts[start]) for start, end in pairwise([*starts, len(sentence)])]


def subject(verb: Token) -> Token | None:
    """Return the head of a verb's subject, None where it has none of its own."""
    return next((child for child in verb.lefts if child.dep_ in SUBJECTS), None)


def quoted_tokens(sentence: Doc) -> set[int]:
    """Return the numbers of the tokens between quotation marks, the marks included."""
    found: set[int] = set()
    opened: int | None = None
    for token in sentence:
        if opened is None and token.text in QUOTES:
            opened = token.i
        elif opened is not None and token.text == QUOTES[sentence[opened].text]:
            found.update(range(opened, token.i + 1))
            opened = None
    if opened is not None:  # never closed: it runs to the end
        found.update(range(opened, len(sentence)))
    return found


def _states(token: Token) -> bool:
    """Return whether a token is the verb of a clause on the sentence's own level."""
    if token.pos_ not in {"VERB", "AUX"}:
        return False
    return any(step.dep_ == "ROOT" for step in _level(token))


def _level(token: Token) -> Iterator[Token]:
    """Yield a token and the heads above it, as long as they are of one level."""
    yield token
    while token.dep_ != "ROOT":
        after_semicolon = token.i > 0 and token.doc[token.left_edge.i - 1].text == ";"
        own = subject(token)
        coordinated = token.dep_ == "conj" and (
            after_semicolon and _opens(token) if own is None else own.tag_ not in RELATIVE
        )
        # Of two clauses side by side one is often read as what the other one says.
        leading = (
            token.dep_ in {"ccomp", "parataxis"}
            and (token.i < token.head.i or after_semicolon)
            and own is not None
        )
        if not (coordinated or leading):
            return
        token = token.head
        yield token


def _opens(verb: Token) -> bool:
    """Return whether nothing stands before a verb, or follows it, that could be its subject."""
    before = all(child.pos_ in {"ADV", "AUX", "CCONJ", "PART", "PUNCT"} for child in verb.lefts)
    return before and not any(child.dep_ in SUBJECTS for child in verb.children)


def _boundary(sentence: Doc, before: Token, after: Token) -> int | None:
    """Return the first token of the later of two clauses, None where nothing parts them."""
    own = subject(after)
    last = own.left_edge.i if own is not None else after.i
    for i in range(last, before.i, -1):
        previous = sentence[i - 1]
        if previous.text == ";":
            return i
        if i < last and sentence[i].lower_ in COORDINATORS:
            joined = sentence[i].dep_ == "cc" and sentence[i].head in (before, after)
            if joined or previous.text == ",":
                return i
    return None


def _closing_relative(sentence: Doc) -> tuple[int, str] | None:
    """Return where a relative clause about a name starts that ends the sentence, and whom or
    what it is about."""
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


def words_of(head: Token) -> str:
    """Return a subject as it stands in the text, without what is said about it after a comma."""
    stretch = head.doc[head.left_edge.i : head.right_edge.i + 1].text
    return str(stretch.split(",")[0])
