"""No text makes the program think long: every pattern and every first look at a text takes time
in proportion to its length."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import rag
from rag.claims import check_question, read_layout
from rag.claims.transcripts import read_transcript
from rag.errors import QuestionError

LONG = 6_000
"""Characters; where a pattern looks at each pair of them, a second or more."""

SECONDS = 0.3
"""Of the processor. What is linear takes some milliseconds."""

UNITS = (
    " ", "\t", "\n", "\r\n", "\xa0", "\f", "a", "A", "1", "é", ".", ",", "'", "’", '"', "“", "-",
    "–", "(", "[", "<", "{", "&", "&gt;", ">", "/", ":", ";", "#", "*", "_", "|", "\\", "=", "$",
    "%", "@", "♪", "a ", "A ", "1 ", "Ab ", "A. ", "a-", "A.A", "1,", "1.", "1:", "a, ", "a\n",
    "A b ", "1st ", "Mr. ", " and ", "and the ", "not ", "http://", "www.", "[1", "(1", "0:1",
    "<a ", "<v ", "-->", "1-", "a's ", "I", "IV ", "18", "1848 ", "the ", "of the ", "of ",
)  # fmt: skip
ENDS = ("", "!\0")


def used() -> dict[tuple[str, str], set[str]]:
    """Return, for each pattern, by its module and name, the methods that are called on it. A
    private name belongs to its module, another to the package: its module is ""."""
    found: dict[tuple[str, str], set[str]] = {}
    package = Path(rag.__file__).parent
    for path in package.rglob("*.py"):
        parts = ("rag", *path.relative_to(package).with_suffix("").parts)
        module = ".".join(parts).removesuffix(".__init__")
        for name, method in re.findall(r"\b(_?[A-Z][A-Z_0-9]*)\.(\w+)\(", path.read_text("utf-8")):
            found.setdefault((module if name[0] == "_" else "", name), set()).add(method)
    return found


def patterns() -> Iterator[Any]:
    """Yield every compiled pattern of the package with whether it is searched for in a text, or
    only tried at its start, by where it is."""
    methods = used()
    for module in pkgutil.walk_packages(rag.__path__, "rag."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            own = (module.name if name[0] == "_" else "", name)
            anchored = methods.get(own, set()) in (
                {"match"},
                {"fullmatch"},
                {"match", "fullmatch"},
            )
            for number, found in enumerate(_compiled(value)):
                yield pytest.param(found, anchored, id=f"{module.name}.{name}.{number}")


def _compiled(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for each in [*value.keys(), *value.values()]:
            yield from _compiled(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _compiled(each)


def seconds(call: Callable[[], object]) -> float:
    before = time.thread_time()
    call()
    return time.thread_time() - before


@pytest.mark.parametrize(("pattern", "anchored"), list(patterns()))
def test_a_pattern_takes_time_in_proportion_to_the_text(
    pattern: re.Pattern[Any], anchored: bool
) -> None:
    of_bytes = isinstance(pattern.pattern, bytes)
    written = pattern.pattern.decode("latin-1") if of_bytes else pattern.pattern
    length = 10 * LONG if of_bytes else LONG  # of a whole file, which nothing has divided yet

    def look(text: str | bytes) -> None:
        if anchored:
            pattern.match(text)
            pattern.fullmatch(text)
        else:
            for _ in pattern.finditer(text):
                pass

    own = re.findall(r"[A-Za-z]{2,}|[^\w\s\\]", written)[:12]
    tags = (f"<{word}{end}" for word in own if word.isalpha() for end in " >")
    for unit in dict.fromkeys([*UNITS, *own, *(f"{word} " for word in own), *tags]):
        for end in ENDS:
            text = unit * (length // len(unit)) + end
            spent = seconds(partial(look, text.encode() if of_bytes else text))
            assert spent < SECONDS, f"{unit!r} to {end!r} took {spent:.2f} s: {written}"


@pytest.mark.parametrize("look", [check_question, read_transcript, read_layout])
def test_the_first_look_at_a_text_takes_time_in_proportion_to_it(look: Any) -> None:
    def looking(text: str) -> None:
        try:
            look(text)
        except QuestionError:
            return

    for unit in UNITS:
        text = f"0:01 x\n{unit * (10 * LONG // len(unit))}"
        assert seconds(partial(looking, text)) < 10 * SECONDS, repr(unit)
