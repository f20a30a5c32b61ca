"""The conversation as the reader's browser keeps it, and back.

What comes from a browser may be of an older version, or of anyone's making: a turn that does
not fit the types is left out.
"""

from __future__ import annotations

import json
import types
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rag.datatypes import Answer, to_jsonable
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
            given = {name: values[name] for name in _KEPT}
            answer = _made(Answer | None, values["answer"])
            turns.append(_made(Turn, {**given, "number": len(turns)}, answer=answer))
        except (TypeError, ValueError, KeyError, RecursionError):
            continue
    return tuple(turns)


def _made(kind: Any, value: Any, **given: Any) -> Any:
    """Return the JSON value as a value of the type; raises `TypeError`, `ValueError` or
    `KeyError` where it is none. `given`: fields of a dataclass that are made already."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        [wanted] = [each for each in arguments if each is not type(None)]
        return _made(wanted, value)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is none of {arguments}")
        return value
    if origin is tuple:
        return _tuple(arguments, value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        names = [field.name for field in fields(kind) if field.name in value]
        return kind(**{name: _made(hints[name], value[name]) for name in names}, **given)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _tuple(arguments: Sequence[Any], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_made(arguments[0], item) for item in value)
    return tuple(_made(each, item) for each, item in zip(arguments, value, strict=True))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
