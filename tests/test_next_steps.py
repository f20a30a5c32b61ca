"""Where to look next: collections and searches for a claim, as links."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from rag.catalog import is_web_address, load_catalog, years_in
from rag.catalog.next_steps import COLLECTIONS, PLACES, search_words, where_to_look
from rag.datatypes import Evidence
from rag.language import Spelling, respelled
from tests.answers import evidence

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


ARGUED_FILE = Path(__file__).parent.parent / "benchmarks" / "claims" / "argued.jsonl"
ARGUED = [json.loads(line)["claim"] for line in ARGUED_FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("claim", ARGUED)
def test_two_or_three_places_and_one_of_them_a_search(claim: str) -> None:
    places = where_to_look(claim, ["sotu"])
    assert 2 <= len(places) <= PLACES
    assert sum(place.fetch_id is not None for place in places) <= COLLECTIONS
    assert places[-1].title.startswith("Search ")


def hosts(claim: str, nearest: tuple[Evidence, ...] = ()) -> list[str | None]:
    return [urlsplit(item.url).hostname for item in where_to_look(claim, ["sotu"], nearest)]


def test_places_hold_such_things() -> None:
    assert hosts("Eisenhower warned of the military-industrial complex")[0] == (
        "www.presidency.ucsb.edu"
    )
    assert "gallica.bnf.fr" in hosts("The ambassador at the Quai d'Orsay left France for Morocco")
    assert "hansard.parliament.uk" in hosts("Gladstone told Parliament that Ireland would be free")
    assert "www.cia.gov" in hosts("Allen Dulles and the Soviet Union")
    assert hosts("Napoleon was short")[0] == "archive.org"


def test_one_word_in_common_is_no_reason() -> None:
    titles = [item.title for item in where_to_look("Reagan named an evil empire", ["sotu"])]
    assert not [title for title in titles if "Roman Empire" in title]
    titles = [item.title for item in where_to_look("Lloyd Bridges saw the Great Wall", ["sotu"])]
    assert all(title.startswith("Search ") for title in titles)


def test_namesakes_are_told_apart() -> None:
    [first, *_] = where_to_look("Teddy Roosevelt built a canal", ["sotu"])
    assert "Theodore Roosevelt" in first.why and "Franklin" not in first.why
    whys = [item.why for item in where_to_look("George Washington wanted a university", [])]
    assert not [why for why in whys if "Lloyd George" in why or "Booker" in why]


def test_who_wrote_what_was_found_tells_the_time() -> None:
    claim = "Nixon promised peace in Vietnam"
    wrote = evidence(creator="Richard Nixon", date="1972-01-20")
    before = [item.fetch_id or "" for item in where_to_look(claim, ["sotu"], [wrote])]
    assert not [fetch_id for fetch_id in before if fetch_id.startswith("frus1955")]


def test_archives_of_other_years_are_left_out() -> None:
    assert "www.cia.gov" not in hosts("In 1823 Monroe spoke of the Soviet Union and the CIA")


@pytest.mark.parametrize("claim", ["Quai d'Orsay", "Coeur d'Alene", "l'Europe", "d’Estaing’s ’98"])
def test_any_apostrophe_can_be_searched_for(claim: str) -> None:
    assert len(where_to_look(f"{claim} protested", [])) >= 2


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


def test_names_are_spelled_as_the_archive_does() -> None:
    claim = "In 1964 Marshal Malinowski insulted Zhou Enlai in the Kremlin, and Beijing protested"
    whys = " ".join(item.why for item in where_to_look(claim, ["frus1964-68v14", "frus1964-68v30"]))
    assert "Malinovsky insulted Chou En-lai Kremlin Peking" in whys
    assert "Malinovsky insulted Zhou Enlai Kremlin Beijing" in whys


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
def test_spellings(claim: str, style: Spelling, expected: dict[str, str]) -> None:
    persons = ("Mao Zedong", "Zhou Enlai", "Nikita Khrushchev")
    assert respelled(claim, style, years_in(claim), persons) == expected


def test_the_query_of_a_search_field_survives() -> None:
    found = [
        i for i in where_to_look("The Ruritania & Zenda treaty", []) if "archive.org/" in i.url
    ]
    assert parse_qs(urlsplit(found[0].url).query) == {"query": ["Ruritania Zenda treaty"]}


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("Zhou Enlai came to Moscow", ["Zhou", "Enlai", "Moscow"]),
        ("In the autumn of 64, Malinovsky got drunk", ["Malinovsky", "drunk"]),
        ("the treaty was signed at ghent", ["treaty", "signed", "ghent"]),
        ("gold was found there", ["gold"]),
        (
            "Buchanan denied that states had a right to secede",
            ["Buchanan", "states", "right", "secede"],
        ),
        ("the Quai d'Orsay protested", ["Quai", "d'Orsay", "protested"]),
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


@pytest.mark.parametrize(
    ("claim", "volume"),
    [
        ("The CIA overthrew Mossadegh in 1953", "frus1952-54v10"),
        ("The United States overthrew Arbenz for United Fruit in 1954", "frus1952-54Guat"),
        ("Sukarno was overthrown in 1965", "frus1964-68v26"),
        ("The Tet offensive was a surprise in 1968", "frus1964-68v06"),
    ],
)
def test_a_volume_on_a_person_or_matter_at_the_time_is_named(claim: str, volume: str) -> None:
    assert volume in [place.fetch_id for place in where_to_look(claim, [])]


def test_an_archive_is_not_searched_for_a_date() -> None:
    assert search_words("Hitler invaded Poland in September 1939") == [
        "Hitler",
        "invaded",
        "Poland",
    ]


@pytest.mark.parametrize(
    ("claim", "year"),
    [
        ("The Maine blew up in Havana in 1898", 1898),
        ("The British burned Washington in 1814", 1814),
        ("The French met the Russians in Berlin in 1878", 1878),
    ],
)
def test_a_search_holds_something_of_the_year_and_a_place_alone_is_no_life(claim, year):
    covered = {entry.title: entry.covers for entry in load_catalog()}
    for place in where_to_look(claim, ()):
        first, last = covered[place.title.removeprefix("Search ")]
        assert first <= year <= last
        assert not (place.fetch_id and last - first > 40), place.title
