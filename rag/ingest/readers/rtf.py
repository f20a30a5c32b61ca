"""Rich Text Format: one file is one document, its text taken out by striprtf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.names import person, printable, shown
from rag.ingest.shared.blocks import (
    Block,
    Break,
    Event,
    Raised,
    document_of_blocks,
    set_text,
    without_note_lists,
)

_TOKEN = re.compile(
    r"\\([a-z]+)(-?\d+)? ?|\\'[0-9a-f]{2}|\\.|[{}]|[^\\{}]+", re.IGNORECASE | re.DOTALL
)
# Groups that are handed out apart, and those that hold no words.
_DESTINATION = re.compile(r"\s*(?:\\\*\s*)?\\(footnote|title|author|fldinst|pict|objdata)\b ?")
# What letters are that nobody sees: hidden, deleted, struck out.
_DELETED = frozenset(["v", "deleted"])
_UNSEEN = _DELETED | {"strike", "striked"}
_RAISED = "super"
_SIGNS_WORDS = (
    "u line tab emdash endash emspace enspace qmspace bullet lquote rquote ldblquote rdblquote"
)
_SIGNS = frozenset(_SIGNS_WORDS.split())
_ENDS = frozenset(["par", "sect", "page"])
# Signs that no such file can hold, for what striprtf does not say.
_LINE, _UP, _DOWN, _NOTE, _TITLE, _AUTHOR = map(chr, range(0x10FFF0, 0x10FFF6))
_APART = {"footnote": _NOTE, "title": _TITLE, "author": _AUTHOR}
# The character sets of the head, where no \ansicpg says more.
_CHARACTERS = {"mac": "mac_roman", "pca": "cp850", "pc": "cp437"}


def read_rtf(path: Path, collection: Collection) -> Iterator[SourceDocument]:
    """Yield the one document of an .rtf file; footnotes are no part of its sentences.

    Raises `UnreadableSource` if the file is no RTF or holds no text.
    """
    from striprtf.striprtf import rtf_to_text

    raw = path.read_bytes().decode("cp1252", "replace")
    if not raw.lstrip().startswith("{\\rtf"):
        raise UnreadableSource(f"{shown(path)} is not RTF; give it its proper extension")
    declared = re.match(r"\s*\{\\rtf\d*\s*\\(mac|pca|pc)\b", raw)
    encoding = _CHARACTERS[declared[1]] if declared else "cp1252"
    try:
        text = rtf_to_text(_seen(raw), encoding, errors="replace")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # it checks nothing
        raise UnreadableSource(
            f"{shown(path)} is damaged ({printable(str(error))}); save it anew"
        ) from error
    body, *apart = re.split(f"([{_NOTE}{_TITLE}{_AUTHOR}])", text)
    parts = without_note_lists([Block(said) for said in _paragraphs(body)])
    if not parts:
        raise UnreadableSource(f"{shown(path)} holds no text; remove it or restore its contents")
    said = [
        (mark, printable(" ".join(_paragraphs(words))))
        for mark, words in zip(apart[::2], apart[1::2], strict=True)
    ]
    about = {mark: words for mark, words in said if words}
    notes = (words for mark, words in said if mark == _NOTE and words)
    parts += [Block(f"{n}. {note}", boilerplate=True) for n, note in enumerate(notes, 1)]
    yield document_of_blocks(
        path,
        collection,
        parts,
        {},
        about.get(_TITLE),
        creator=person(about.get(_AUTHOR, "")),
    )


def _seen(raw: str) -> str:
    """Return the file without what is not shown in print, raised pieces and line ends marked; its
    notes, title and author stand behind its text, each with a mark before it."""
    body: list[str] = []
    apart: list[str] = []
    outer: list[tuple[frozenset[str], list[str]]] = []
    # How the letters of this group are set, and where they go.
    on, out = frozenset[str](), body
    at = 0
    while token := _TOKEN.match(raw, at):
        at = token.end()
        said, word = token[0], token[1]
        if said == "{":
            outer.append((on, out))
            if found := _DESTINATION.match(raw, at):
                at = found.end()
                is_read = found[1] in _APART and not on & _UNSEEN
                on, out = frozenset(), apart if is_read else []
                out.append(f"\\par {_APART.get(found[1], '')}")
        elif said == "}":
            if len(outer) < 2:
                break
            inner, into = on, out
            on, out = outer.pop()
            into.append(f"{{{_DOWN}}}}}" if _RAISED in inner - on else said)
            continue
        elif word == "bin":
            at += int(token[2] or 0)
            continue
        elif word:
            before, on = on, _set(on, word, token[2])
            if (_RAISED in on) != (_RAISED in before):
                said += f"{{{_UP if _RAISED in on else _DOWN}}}"
        is_text = word in _SIGNS if word else said not in {"{", "\\*"}
        if on & _UNSEEN and (is_text or (word in _ENDS and on & _DELETED)):
            continue
        out.append(f"{{{_LINE}}}" if word == "line" else said)
    return "".join([*body, "}" * (len(outer) - 1), *apart, "}"])


def _set(on: frozenset[str], word: str, number: str | None) -> frozenset[str]:
    """Return how letters are set behind a control word."""
    if word == "plain":
        return frozenset()
    if word in {"nosupersub", "sub", "dn"}:
        return on - {_RAISED}
    name = _RAISED if word == "up" else word
    if name not in {*_UNSEEN, _RAISED}:
        return on
    return on - {name} if number == "0" else on | {name}


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a marked text, empty ones left out."""
    made: list[str] = []
    events: list[Event] = []
    raised = False
    for piece in re.split(f"([\n\t{_LINE}{_UP}{_DOWN}])", f"{text}\n"):
        if piece == "\n":
            made += [said for said in [set_text(events).text] if said]
            events = []
        elif piece in {_UP, _DOWN}:
            raised = piece == _UP
        elif piece in {"\t", _LINE}:
            events.append(Break("\t" if piece == "\t" else "\n"))
        elif piece:
            events.append(Raised(piece) if raised else piece)
    return made
