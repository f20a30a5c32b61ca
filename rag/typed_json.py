"""Converts JSON values that `to_jsonable` wrote back to the types of this package.

Without pydantic, which rejects text with unpaired surrogates; damaged files have such.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def from_jsonable(kind: type[T], value: Any, **given: Any) -> T:
    """Return a JSON value as a value of the type. Raises `TypeError`, `ValueError` or `KeyError` if
    it is none. `given`: fields of a dataclass that already have values.

    >>> from rag.datatypes import Span
    >>> from_jsonable(Span, {"start": 1, "end": 2})
    Span(start=1, end=2)
    """
    made: T = _made(kind, value, **given)
    return made


def _made(kind: Any, value: Any, **given: Any) -> Any:
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
    if origin is dict:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is no object of fields")
        return {_made(arguments[0], key): _made(arguments[1], v) for key, v in value.items()}
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
