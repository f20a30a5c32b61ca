"""The conversation as the browser keeps it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag.datatypes import Reason, Suggestion, VideoLink
from rag.web.chat import Turn
from rag.web.memory import MAX_CHARS, from_memory, to_memory
from tests.answers import answer, evidence, finding

REASONS = (Reason("number", "1832", "1823", False),)
WHOLE = replace(
    answer(
        replace(finding("contradicted"), evidence=(evidence(reasons=REASONS),), confidence=0.9),
        replace(finding("not found"), look_next=(Suggestion("T", "https://e.org", "why"),)),
        set_aside=1,
    ),
    videos=(VideoLink("https://v.org", "v", (("Alt", "https://a.org"),)),),
)
TURNS = (
    Turn(0, "Monroe warned Europe", "", WHOLE, "done"),
    Turn(1, "and he?", "and he (Monroe)?", None, "failed", "Too long."),
)


def test_a_conversation_comes_back_as_it_was() -> None:
    kept = json.loads(json.dumps(to_memory(TURNS)))
    assert from_memory(kept) == TURNS


def test_a_search_under_way_comes_back_as_stopped_and_offers_do_not() -> None:
    turn = replace(TURNS[0], stage="searching", offered=(("a.pdf", "/tmp/a.pdf"),))
    [back] = from_memory(to_memory((turn,)))
    assert back.stage == "stopped"
    assert back.offered == ()


def test_the_oldest_turns_are_given_up_first() -> None:
    long = tuple(Turn(n, "x" * (MAX_CHARS // 3), stage="done") for n in range(5))
    kept = from_memory(to_memory(long))
    assert len(kept) == 2
    assert [turn.number for turn in kept] == [0, 1]
    assert sum(map(len, to_memory(long))) <= MAX_CHARS


def broken(**changes: object) -> str:
    return json.dumps(json.loads(to_memory(TURNS)[0]) | changes)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        {},
        "text",
        [None],
        [1],
        ["{"],
        ["[]"],
        [broken(stage="hacked")],
        [broken(question=1)],
        [broken(answer={"question": "q"})],
        [broken(answer={"question": "q", "findings": [{"claim": 1, "verdict": "supported"}]})],
        [broken(answer={"question": "q", "findings": "no list"})],
        ["[" * 100_000],
    ],
)
def test_what_does_not_fit_is_left_out(kept: object) -> None:
    assert from_memory(kept) == ()
