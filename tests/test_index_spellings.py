"""Which words of an index stand in for a name that it does not have, and when."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from rag.build.builder import build_index
from rag.finder import SourceFinder
from rag.retrieval import read_authority

TEXTS = {
    "moscow": "Marshal Malinovskiy reviewed the troops in Moscow. Khrushchev was on leave.",
    "tehran": "Musaddiq nationalised the oil of Persia. The Shah left for Rome.",
    "peking": "Chou En-lai received the ambassador at Peiping and spoke of the border.",
    "geneva": "Hammarskjold proposed an observer force for Lebanon.",
    "hatters": "Hatcher sold hats in Ohio for many years.",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory, encoder) -> SourceFinder:
    folder = tmp_path_factory.mktemp("spelled")
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text)
    build_index([folder], folder / "index", encoder=encoder)
    return SourceFinder.open(folder / "index")


def respelled(finder: SourceFinder, claim: str) -> list[str]:
    return [r.text for r in finder.retriever.respellings(claim)]


@pytest.mark.parametrize(
    ("claim", "searched"),
    [
        ("Marshall Malinowski saw the troops", "Marshall Malinovskiy saw the troops"),
        ("Zhou Enlai met the envoy", "Chou En-lai met the envoy"),
        ("Mossadegh took the oil", "Musaddiq took the oil"),
        ("Hammarskjöld wanted observers in Lebanon", None),
        ("Hammerskjold wanted observers in Lebanon", "Hammarskjold wanted observers in Lebanon"),
    ],
)
def test_a_name_is_searched_as_the_sources_spell_it(small, claim, searched):
    assert respelled(small, claim) == ([searched] if searched else [])


def test_it_is_found_and_told(small):
    finding = small.ask("Marshall Malinowski reviewed the troops.").findings[0]
    shown = (*finding.evidence, *finding.nearest)
    assert "Malinovskiy" in shown[0].quote
    assert any("Malinovskiy (for Malinowski)" in note for note in finding.notes)


def test_a_slip_needs_the_rest_of_the_claim(small):
    assert respelled(small, "Hapcher met the miners") == []
    assert respelled(small, "Hapcher sold hats in Ohio") == ["Hatcher sold hats in Ohio"]


def test_a_known_name_is_not_taken_for_its_neighbour(small):
    assert respelled(small, "Hatcher reviewed the troops") == []


def write_authority(home: Path, *lines: str) -> Path:
    path = home / "corpus" / "authority" / "people_variants.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


PERSON = {"preferred": "Mao, Chairman", "alternates": [], "variants": ["Shah, Mohammad", "Mao"]}


def test_an_authority_file_is_read_and_a_bad_line_left_out(tmp_path, caplog):
    path = write_authority(tmp_path, json.dumps(PERSON), "{", '{"preferred": 3}')
    with caplog.at_level(logging.WARNING):
        read = read_authority(path)
    assert read == {"mao": ("shah",), "shah": ("mao",)}
    assert "line 2" in caplog.text
    assert "line 3" in caplog.text
    assert read_authority(tmp_path / "missing.jsonl") == {}


def test_an_authority_file_in_the_users_home_is_used(small, tmp_path):
    person = {"preferred": "Pahlavi, Mohammad", "alternates": [], "variants": ["Shah, Mohammad"]}
    assert respelled(small, "Pahlavi went to Rome") == []
    write_authority(tmp_path, json.dumps(person))
    settings = replace(small.settings, home=tmp_path)
    told = SourceFinder(replace(small.workspace, settings=settings))
    assert respelled(told, "Pahlavi went to Rome") == ["Shah went to Rome"]
