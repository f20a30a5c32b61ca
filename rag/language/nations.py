"""Nations by all that stands for them: country, people, capital, the name that records use.

People say "the Dutch" or "London"; a record says Holland or the British Government. Facts of
record; any list is open.
"""

from __future__ import annotations

from functools import cache

from rag.language.tokens import stems, words

_NATIONS = (
    "United States, American, America, Washington, U.S, Union",
    "Great Britain, Britain, British, Briton, England, English, Anglo, Englishman, Englishmen, "
    "London, United Kingdom, Majesty",
    "France, French, Frenchman, Frenchmen, Paris",
    "Germany, German, Berlin, Prussia, Prussian, Reich, Bonn",
    "Austria, Austrian, Austro, Vienna, Austria-Hungary, Habsburg",
    "Hungary, Hungarian, Budapest",
    "Russia, Russian, Russo, Soviet, Soviet Union, USSR, Moscow, Kremlin",
    "China, Chinese, Sino, Chinaman, Chinamen, Peking, Peiping, Beijing, Communist China, "
    "Red China",
    "Taiwan, Formosa, Taipei, Nationalist China",
    "Japan, Japanese, Tokyo",
    "Korea, Korean, Seoul, Pyongyang",
    "Vietnam, Vietnamese, Viet-Nam, Hanoi, Saigon",
    "India, Indian, Indo, Delhi, New Delhi",
    "Pakistan, Pakistani, Karachi, Islamabad",
    "Iran, Iranian, Persia, Persian, Tehran, Teheran",
    "Iraq, Iraqi, Baghdad",
    "Turkey, Turkish, Turk, Turco, Türkiye, Ottoman, Porte, Constantinople, Istanbul, Ankara",
    "Egypt, Egyptian, Cairo, United Arab Republic",
    "Israel, Israeli, Jerusalem, Tel Aviv",
    "Spain, Spanish, Spaniard, Madrid, Catholic Majesty",
    "Portugal, Portuguese, Lisbon",
    "Italy, Italian, Italo, Rome",
    "Netherlands, Dutch, Holland, Hague, Amsterdam",
    "Belgium, Belgian, Brussels",
    "Switzerland, Swiss, Bern",
    "Sweden, Swedish, Swede, Stockholm",
    "Norway, Norwegian, Oslo, Christiania",
    "Denmark, Danish, Dane, Copenhagen",
    "Finland, Finnish, Helsinki",
    "Poland, Polish, Pole, Warsaw",
    "Czechoslovakia, Czech, Prague",
    "Yugoslavia, Yugoslav, Belgrade",
    "Serbia, Servia, Serbian, Servian, Serb",
    "Romania, Rumania, Romanian, Rumanian, Bucharest",
    "Bulgaria, Bulgarian, Sofia",
    "Greece, Greek, Athens",
    "Mexico, Mexican",
    "Canada, Canadian, Ottawa",
    "Cuba, Cuban, Havana",
    "Haiti, Haitian, Hayti",
    "Dominican Republic, Dominican, Santo Domingo, San Domingo",
    "Brazil, Brazilian, Rio de Janeiro",
    "Argentina, Argentine, Buenos Aires",
    "Chile, Chilean, Santiago",
    "Peru, Peruvian, Lima",
    "Bolivia, Bolivian",
    "Colombia, Colombian, Bogota, New Granada",
    "Venezuela, Venezuelan, Caracas",
    "Ecuador, Ecuadorian, Quito",
    "Nicaragua, Nicaraguan, Managua",
    "Guatemala, Guatemalan",
    "Honduras, Honduran",
    "Costa Rica, Costa Rican",
    "Panama, Panamanian",
    "Philippines, Philippine, Filipino, Manila",
    "Thailand, Thai, Siam, Siamese, Bangkok",
    "Burma, Burmese, Myanmar, Rangoon",
    "Cambodia, Cambodian, Phnom Penh",
    "Laos, Laotian, Vientiane",
    "Indonesia, Indonesian, Djakarta, Jakarta, Java",
    "Malaysia, Malaya, Malayan",
    "Australia, Australian, Canberra",
    "Afghanistan, Afghan, Kabul",
    "Ethiopia, Ethiopian, Abyssinia",
    "Algiers, Algerian, Algeria, Algerine, Dey",
    "Tunis, Tunisia, Tunisian",
    "Tripoli, Tripolitan, Libya, Libyan",
    "Morocco, Moroccan",
    "South Africa, South African, Transvaal, Boer",
    "Congo, Congolese, Leopoldville",
    "Hawaii, Hawaiian, Honolulu",
    "Europe, European",
    "Asia, Asian, Asiatic",
    "Africa, African",
    "Americas, American continents, Western Hemisphere",
    "Puerto Rico, Porto Rico, Puerto Rican, Porto Rican",
)


@cache
def _nations() -> dict[tuple[str, ...], frozenset[int]]:
    found: dict[tuple[str, ...], set[int]] = {}
    for number, listed in enumerate(_NATIONS):
        for name in listed.split(", "):
            found.setdefault(tuple(stems(words(name))), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


@cache
def stands_for(name: str) -> frozenset[tuple[str, ...]]:
    """Return all names, as stems, of the nation that `name` is one of; none for another name.

    >>> ("holland",) in stands_for("the Dutch"), sorted(stands_for("Zhou"))
    (True, [])
    """
    numbers = _nations().get(tuple(stems(words(name))), frozenset())
    return frozenset(other for other, theirs in _nations().items() if theirs & numbers)
