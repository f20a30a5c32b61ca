"""The conversation as the reader's browser keeps it, and back.

What comes from a browser may be of an older version, or of anyone's making: a turn that does
not fit the types is left out.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from rag.datatypes import to_jsonable
from rag.web.chat import Turn, Turns

MAX_CHARS = 2_000_000
"""Browsers keep some five million characters for a site; what is kept is enciphered, which
takes a third more. The oldest turns are given up first."""

_KEPT = ("question", "searched_as", "stage", "message")


def to_memory(turns: Turns) -> list[str]:
    """Return the turns as JSON texts, the oldest first, as many as there is room for."""
    kept: list[str] = []
    room = MAX_CHARS
    for turn in reversed(turns):
        values: dict[str, Any] = {name: getattr(turn, name) for name in _KEPT}
        if turn.stage == "searching":
            values["stage"] = "stopped"
        values["answer"] = to_jsonable(turn.answer)
        text = json.dumps(values, ensure_ascii=False)
        room -= len(text)
        if room < 0:
            break
        kept.append(text)
    return kept[::-1]


def from_memory(kept: Any) -> Turns:
    """Return the turns that `to_memory` has kept; what does not fit is left out."""
    turns: list[Turn] = []
    for text in kept if isinstance(kept, list) else ():
        try:
            values = json.loads(text)
            given = {name: values[name] for name in (*_KEPT, "answer")}
            # As JSON, in which a tuple is a list, whatever else is strict.
            made = _turn().validate_json(json.dumps(given | {"number": len(turns)}), strict=True)
        except (TypeError, ValueError, KeyError, RecursionError):
            continue
        turns.append(made)
    return tuple(turns)


@cache
def _turn() -> TypeAdapter[Turn]:
    return TypeAdapter(Turn)
