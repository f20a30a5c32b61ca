"""Grammar: the pipeline that comes with the install, its offsets, and threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rag.language import parse

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
