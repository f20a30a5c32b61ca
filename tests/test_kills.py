"""What changes the disk is killed at random: nothing is lost, and nothing is left behind.

A few kills of each kind; `make torture` does hundreds.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.kills import KILLS


@pytest.mark.slow
@pytest.mark.parametrize("kind", KILLS)
def test_kills(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    assert KILLS[kind](tmp_path, 4, random.Random(7)) == []
