"""Where to look next: collections and searches for a claim, as links."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from rag.catalog.entries import is_web_address
from rag.catalog.next_steps import COLLECTIONS, search_words, where_to_look
from rag.catalog.search import load_catalog, years_in
from rag.language import Style, respelled

CLAIM = "Zhou Enlai came to Moscow in November 1964 after Khrushchev was ousted"


def test_the_best_collections_come_first_and_can_be_fetched() -> None:
    first, second = where_to_look(CLAIM, [])[:2]
    assert {first.fetch_id, second.fetch_id} == {"frus1964-68v14", "frus1964-68v30"}
    assert "Zhou Enlai" in first.why
    assert first.url.startswith("https://history.state.gov/historicaldocuments/frus1964-68v")


def test_what_is_indexed_is_not_suggested() -> None:
    left = where_to_look(CLAIM, ["sotu", "frus1964-68v14", "FRUS1964-68v30"])
    assert not {"frus1964-68v14", "frus1964-68v30"} & {item.fetch_id for item in left}
    assert [item for item in left if item.fetch_id is None]


def test_a_collection_that_shares_one_common_word_is_not_suggested() -> None:
    titles = [item.title for item in where_to_look(CLAIM, [])]
    collections = [title for title in titles if not title.startswith("Search ")]
    assert len(collections) == 2 < COLLECTIONS
    assert titles[:2] == collections


def test_at_most_a_few_collections() -> None:
    items = where_to_look("Mao Tse-tung and China", [])
    assert len([item for item in items if not item.title.startswith("Search ")]) == COLLECTIONS


def test_every_archive_asked_for_has_a_search() -> None:
    hosts = {urlsplit(item.url).hostname for item in where_to_look("Zhou met Khrushchev", [])}
    assert {
        "history.state.gov",
        "catalog.archives.gov",
        "discovery.nationalarchives.gov.uk",
        "www.cia.gov",
        "digitalarchive.wilsoncenter.org",
        "archive.org",
        "babel.hathitrust.org",
        "www.loc.gov",
        "gallica.bnf.fr",
        "trove.nla.gov.au",
        "paperspast.natlib.govt.nz",
    } <= hosts


def test_archives_of_other_years_are_left_out() -> None:
    hosts = {urlsplit(item.url).hostname for item in where_to_look("Monroe in 1823", [])}
    assert "www.cia.gov" not in hosts
    assert "digitalarchive.wilsoncenter.org" not in hosts
    assert "www.loc.gov" in hosts


def test_the_archives_that_fit_come_first() -> None:
    hosts = [
        urlsplit(item.url).hostname
        for item in where_to_look("the Bay of Pigs and CIA intelligence estimates", [])
        if item.fetch_id is None
    ]
    assert hosts.index("www.cia.gov") < hosts.index("catalog.archives.gov")
    assert hosts.index("www.cia.gov") < hosts.index("trove.nla.gov.au")


@pytest.mark.parametrize(
    "claim",
    [
        'Müller said "so & so?" #1 to São Paulo’s <b>mayor</b> 50% of the time; {query}',
        "O'Higgins / Bolívar = friends + allies",
        "Врангель покинул Крым",
        "周恩来 flew to Moscow",
    ],
)
def test_a_query_is_escaped(claim: str) -> None:
    words = search_words(claim)
    assert words
    suggestions = [item for item in where_to_look(claim, []) if item.fetch_id is None]
    templates = {e.title: e.search_url for e in load_catalog() if e.search_url}
    for item in suggestions:
        assert is_web_address(item.url)
        assert item.url.isascii()
        assert not set(item.url) & set(' "<>#{}')
        if item.title.startswith("Search "):
            template = templates[item.title.removeprefix("Search ")]
            assert template is not None
            before, after = template.split("{query}")
            middle = item.url[len(before) : len(item.url) - len(after)]
            assert item.url.startswith(before)
            spelled = unquote(middle)
            assert spelled in item.why
            if not load_spellings()[item.title]:
                assert spelled == " ".join(words)
            assert not set(middle) & set("&=?/+'")


def load_spellings() -> dict[str, str]:
    return {f"Search {entry.title}": entry.spelling for entry in load_catalog()}


def searched_for(claim: str) -> dict[str, str]:
    """Return the words that each archive is searched for, by the archive's host."""
    return {
        urlsplit(item.url).hostname or "": item.why.partition("The search is for: ")[2]
        for item in where_to_look(claim, [])
    }


def test_names_are_spelled_as_the_archive_does() -> None:
    claim = "In 1964 Marshal Malinowski insulted Zhou Enlai in the Kremlin, and Beijing protested"
    found = searched_for(claim)
    assert found["history.state.gov"].startswith("Marshal Malinovsky")
    assert "Chou En-lai Kremlin Peking" in found["history.state.gov"]
    assert (
        "Malinovsky insulted Zhou Enlai Kremlin Beijing" in found["digitalarchive.wilsoncenter.org"]
    )
    assert "Malinowski insulted Zhou Enlai" in found["archive.org"]


@pytest.mark.parametrize(
    ("claim", "style", "expected"),
    [
        ("Deng Xiaoping visited in 1975", "period", {"Deng": "Teng", "Xiaoping": "Hsiao-ping"}),
        ("Deng Xiaoping visited in 1985", "period", {}),
        ("Mao Tse-tung spoke", "modern", {"Tse-tung": "Zedong"}),
        ("The Shah of Iran fell in 1979", "period", {}),
        ("Reza Khan took Iran in 1921", "period", {"Iran": "Persia"}),
        ("Malinowski studied the Trobriand islands", "period", {}),
        ("Lima, Canada and Queen Victoria", "period", {}),
        ("Stalin met Marshal Rokossowski", "modern", {"Rokossowski": "Rokossovsky"}),
        ("Zhou Enlai", "", {}),
    ],
)
def test_spellings(claim: str, style: Style, expected: dict[str, str]) -> None:
    persons = ("Mao Zedong", "Zhou Enlai", "Nikita Khrushchev")
    assert respelled(claim, style, years_in(claim), persons) == expected


def test_the_query_of_a_search_field_survives() -> None:
    found = [i for i in where_to_look("Zhou met Khrushchev", []) if "archive.org/search?" in i.url]
    assert parse_qs(urlsplit(found[0].url).query) == {"query": ["Zhou Khrushchev"]}


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("Zhou Enlai came to Moscow", ["Zhou", "Enlai", "Moscow"]),
        ("In the autumn of 64, Malinovsky got drunk", ["Malinovsky", "drunk"]),
        ("the treaty was signed at ghent", ["treaty", "ghent"]),
        ("gold was found there", ["gold", "found"]),
        ("Mao told Mao", ["Mao"]),
        ("Chou En-lai left Chou En-lai", ["Chou", "En-lai"]),
        ("A B C D and the", []),
        ("1964", []),
        ("", []),
    ],
)
def test_search_words(claim: str, words: list[str]) -> None:
    assert search_words(claim) == words


def test_a_claim_without_words_has_nowhere_to_look() -> None:
    assert where_to_look("?!", []) == ()
    assert where_to_look("the and of", []) == ()


def test_a_long_claim_makes_a_short_search() -> None:
    claim = " ".join(f"General Smith{letter} attacked" for letter in "abcdefghijklmnopqrst")
    assert len(search_words(claim)) <= 8
    assert all(len(item.url) < 300 for item in where_to_look(claim, []))
