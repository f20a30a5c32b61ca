"""The catalog: what ships is well-formed, what is malformed is named, claims find collections."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from rag.catalog import (
    OUTSIDE_YEARS,
    CatalogEntry,
    find_entry,
    is_web_address,
    load_catalog,
    search_catalog,
    years_overlap,
)
from rag.cli.main import main
from rag.errors import CatalogError

GOOD = {
    "id": "papers",
    "title": "Papers of the Congress at Verona",
    "description": "What the envoys wrote.",
    "covers": [1822, 1823],
    "repository": "Somewhere",
    "rights": "Public domain.",
    "citation_style": "Title, page.",
    "kind": "primary",
    "format": "plain text",
    "access": "fetch",
    "verified": "seen",
    "files": [{"url": "https://example.org/papers.txt"}],
}


def write(folder: Path, *entries: dict, defaults: dict | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    content = {"defaults": defaults or {}, "entries": list(entries)}
    (folder / "made.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def test_what_ships_is_large_enough_and_says_how_it_was_verified() -> None:
    entries = load_catalog()
    assert len(entries) >= 300
    assert all(re.search(r"2026-11-\d\d", entry.verified) for entry in entries)
    fetched = [entry for entry in entries if entry.access == "fetch"]
    assert len(fetched) >= 270
    hosts = {urlsplit(file.url).netloc for entry in fetched for file in entry.files}
    assert hosts == {"raw.githubusercontent.com", "gutenberg.pglaf.org"}
    assert all(file.url.startswith("https://") for entry in fetched for file in entry.files)


def test_every_frus_volume_is_pinned_and_can_be_checked() -> None:
    volumes = [entry for entry in load_catalog() if entry.id.startswith("frus")]
    assert len(volumes) == 240
    for volume in volumes:
        (file,) = volume.files
        assert file.url.endswith(f"/volumes/{volume.id}.xml")
        assert "/86a8ba5fcfc7dc0df2254ee9ea9bfb7f080abbe6/" in file.url
        assert file.git_sha1
        assert (file.sha256 is None) == (file.bytes is None)
        assert volume.browse == f"https://history.state.gov/historicaldocuments/{volume.id}"


def test_defaults_fill_in_the_id(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", GOOD, defaults={"browse": "https://example.org/{id}/x"})
    (entry,) = load_catalog(folder)
    assert entry.browse == "https://example.org/papers/x"
    assert entry.covers == (1822, 1823)
    assert entry.files[0].name == "papers.txt"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"rights": None}, "rights"),
        ({"covers": [1823, 1822]}, "covers"),
        ({"covers": [1822]}, "covers"),
        ({"covers": [True, 1822]}, "covers"),
        ({"covers": ["1822", 1823]}, "covers"),
        ({"covers": [1822, 99999]}, "covers"),
        ({"kind": "rumour"}, "kind"),
        ({"access": "steal"}, "access"),
        ({"persons": "Metternich"}, "persons"),
        ({"persons": [7]}, "persons"),
        ({"files": []}, "files"),
        ({"files": [{"url": "file:///etc/passwd"}]}, "files"),
        ({"files": [{"url": "https://example.org/"}]}, "files"),
        ({"files": [{"url": "https://example.org/a", "name": "../a"}]}, "files"),
        ({"files": [{"url": "https://example.org/a", "name": ".lock"}]}, "files"),
        ({"files": [{"url": "https://example.org/a", "sha256": "abc"}]}, "files"),
        ({"files": [{"url": "https://example.org/a", "bytes": -1}]}, "files"),
        ({"files": [{"url": "https://example.org/a", "colour": "red"}]}, "files"),
        ({"files": [{"url": "https://example.org/a"}, {"url": "https://example.com/A"}]}, "files"),
        ({"access": "browse"}, "browse"),
        ({"browse": "ftp://example.org/"}, "browse"),
        ({"search_url": "https://example.org/search"}, "search_url"),
        ({"colour": "red"}, "colour"),
        ({"id": "a/b"}, "id"),
    ],
)
def test_a_bad_field_is_named_with_file_and_entry(change: dict, field: str, tmp_path: Path) -> None:
    entry = GOOD | change
    folder = write(tmp_path / "c", entry)
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder)
    assert f"made.yaml, entry {entry['id']}, field {field}: " in str(caught.value)


def test_the_good_entry_of_these_tests_is_good(tmp_path: Path) -> None:
    assert len(load_catalog(write(tmp_path / "c", GOOD))) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("entries: [", "cannot be read"),
        ("- a\n- b\n", "`entries` is missing"),
        ("entries:\n  - title: x\n", "entry number 1: it has no id"),
        ("entries: !!python/object/apply:os.getcwd []\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_named(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(content)
    with pytest.raises(CatalogError, match=r"broken\.yaml") as caught:
        load_catalog(tmp_path)
    assert words in str(caught.value)


def test_an_id_twice_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="taken already"):
        load_catalog(write(tmp_path / "twice", GOOD, GOOD))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CatalogError, match="no catalog"):
        load_catalog(tmp_path / "empty")


def test_overlap() -> None:
    assert years_overlap((1964, 1964), (1964, 1968))
    assert years_overlap((1960, 1964), (1964, 1968))
    assert not years_overlap((1963, 1963), (1964, 1968))
    assert not years_overlap((1969, 1970), (1964, 1968))


@pytest.mark.parametrize(
    "claim", ["Sino-Soviet split 1964", "Zhou Enlai came to Moscow after Khrushchev was ousted"]
)
def test_the_claims_of_the_thread_find_the_two_volumes(claim: str) -> None:
    found = [match.entry.id for match in search_catalog(claim)]
    assert set(found[:2]) == {"frus1964-68v14", "frus1964-68v30"}


@pytest.mark.parametrize("volume", ["frus1964-68v14", "frus1964-68v30"])
def test_both_spellings_are_there(volume: str) -> None:
    assert {"Zhou Enlai", "Chou En-lai"} <= set(find_entry(volume).persons)


@pytest.mark.parametrize(
    ("claim", "best"),
    [
        ("Chou En-lai came to Moscow in the autumn of 64", "frus1964-68v30"),
        ("the CIA overthrew Mossadegh in Iran in 1953", "frus1952-54v10"),
        ("Talaat had the Armenians deported", "pg55343-morgenthau"),
        ("Allende was overthrown in 1973", "frus1969-76v21"),
        ("Sacagawea carried her baby to the Pacific", "pg8419-lewis-clark"),
    ],
)
def test_claims_find_their_collection(claim: str, best: str) -> None:
    assert search_catalog(claim)[0].entry.id == best


def test_a_date_moves_the_collections() -> None:
    undated = [match.entry.id for match in search_catalog("Mao Tse-tung and China", k=60)]
    dated = [match.entry.id for match in search_catalog("Mao Tse-tung and China in 1949", k=60)]
    assert undated.index("frus1949v08") > 0
    assert {"frus1949v08", "frus1949v09"} == set(dated[:2])


def test_a_match_says_why() -> None:
    best = search_catalog("Zhou Enlai in Peking, 1964, and the split", k=1)[0]
    names, shared, dates = best.why
    assert "Zhou Enlai" in names
    assert "Peking" in names
    assert "Chou En-lai" not in names
    assert shared == "shares the words split"
    assert dates == "covers 1964–1968, the claim says 1964"


def test_a_collection_of_other_years_stays_but_says_so(tmp_path: Path) -> None:
    entries = load_catalog(write(tmp_path / "c", GOOD))
    (inside,) = search_catalog("Verona 1822", entries=entries)
    (outside,) = search_catalog("Verona 1964", entries=entries)
    assert (inside.score, outside.score) == (1.5, OUTSIDE_YEARS)
    assert outside.why[-1] == "but covers 1822–1823, the claim says 1964"


def test_nothing_in_common_is_no_match() -> None:
    assert search_catalog("xyzzy plugh") == []
    assert search_catalog("the of and") == []
    assert search_catalog("1964") == []
    assert search_catalog("anything", entries=[]) == []


def test_an_unknown_id_gets_similar_ones() -> None:
    with pytest.raises(CatalogError, match=r"Did you mean frus1964-68v14") as caught:
        find_entry("frus1964-68v144")
    assert caught.value.exit_code == 7


def test_web_addresses() -> None:
    assert is_web_address("http://127.0.0.1:8000/a")
    for bad in ("file:///etc/passwd", "https:///a", "//example.org/a", "javascript:x", "http://["):
        assert not is_web_address(bad), bad


def test_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog"]) == 0
    listed = capsys.readouterr().out
    assert len(listed.splitlines()) == len(load_catalog())
    assert main(["catalog", "search", "Sino-Soviet split 1964", "--k", "2"]) == 0
    printed = capsys.readouterr().out
    assert "source-finder fetch frus1964-68v14" in printed
    assert "covers 1964–1968, the claim says 1964" in printed
    assert main(["catalog", "search", "Sino-Soviet split 1964", "--k", "2", "--json"]) == 0
    matches = json.loads(capsys.readouterr().out)
    assert [match["entry"]["id"] for match in matches] == ["frus1964-68v14", "frus1964-68v30"]
    assert main(["catalog", "search", "xyzzy"]) == 0
    assert "No collection" in capsys.readouterr().out
    assert main(["catalog", "show", "wilson-center"]) == 0
    shown = capsys.readouterr().out
    assert "Verified: " in shown
    assert "{query}" in shown
    assert main(["catalog", "show", "nope"]) == 7
    assert "no nope" in capsys.readouterr().err


def test_entries_are_values() -> None:
    entry = load_catalog()[0]
    assert isinstance(entry, CatalogEntry)
    assert json.loads(entry.to_json())["id"] == entry.id
    assert load_catalog() == load_catalog()
