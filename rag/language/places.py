"""Places under the names that they have and had: facts of record; any list is open.

Chinese cities and provinces have their Postal names, which follow no one system and stood on
maps and in records until the 1970s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLACES = (
    ("Beijing", "Peking", "Peiping"),
    ("Nanjing", "Nanking"),
    ("Guangzhou", "Canton"),
    ("Chongqing", "Chungking"),
    ("Tianjin", "Tientsin"),
    ("Xiamen", "Amoy"),
    ("Shantou", "Swatow"),
    ("Fuzhou", "Foochow"),
    ("Wuhan", "Hankow"),
    ("Shenyang", "Mukden"),
    ("Dalian", "Dairen"),
    ("Lüshun", "Port Arthur"),
    ("Qingdao", "Tsingtao"),
    ("Xi'an", "Sian"),
    ("Harbin", "Kharbin"),
    ("Jinmen", "Kinmen", "Quemoy"),
    ("Mazu", "Matsu"),
    ("Penghu", "Pescadores"),
    ("Dachen", "Tachen"),
    ("Guangdong", "Kwangtung"),
    ("Guangxi", "Kwangsi"),
    ("Fujian", "Fukien"),
    ("Zhejiang", "Chekiang"),
    ("Jiangsu", "Kiangsu"),
    ("Jiangxi", "Kiangsi"),
    ("Sichuan", "Szechwan", "Szechuan"),
    ("Hubei", "Hupeh"),
    ("Hebei", "Hopei", "Chihli"),
    ("Henan", "Honan"),
    ("Shandong", "Shantung"),
    ("Shaanxi", "Shensi"),
    ("Shanxi", "Shansi"),
    ("Xinjiang", "Sinkiang"),
    ("Guizhou", "Kweichow"),
    ("Gansu", "Kansu"),
    ("Taiwan", "Formosa"),
    ("Iran", "Persia"),
    ("Thailand", "Siam"),
    ("Ottoman", "Porte"),
    ("Istanbul", "Constantinople"),
    ("Izmir", "Smyrna"),
    ("Ethiopia", "Abyssinia"),
    ("Sri Lanka", "Ceylon"),
    ("Myanmar", "Burma"),
    ("Yangon", "Rangoon"),
    ("Mumbai", "Bombay"),
    ("Kolkata", "Calcutta"),
    ("Chennai", "Madras"),
    ("Ho Chi Minh City", "Saigon"),
    ("Jakarta", "Batavia", "Djakarta"),
    ("Indonesia", "Dutch East Indies", "Netherlands Indies"),
    ("Saint Petersburg", "Petrograd", "Leningrad"),
    ("Volgograd", "Stalingrad"),
    ("Oslo", "Christiania"),
    ("Tallinn", "Reval"),
    ("Gdansk", "Danzig"),
    ("Wroclaw", "Breslau"),
    ("Kaliningrad", "Königsberg"),
    ("Iraq", "Mesopotamia"),
    ("Zimbabwe", "Southern Rhodesia", "Rhodesia"),
    ("Zambia", "Northern Rhodesia"),
    ("Malawi", "Nyasaland"),
    ("Tanzania", "Tanganyika"),
    ("Ghana", "Gold Coast"),
    ("Benin", "Dahomey"),
    ("Burkina Faso", "Upper Volta"),
    ("Congo", "Zaire"),
    ("Kinshasa", "Leopoldville"),
    ("Harare", "Salisbury"),
    ("Namibia", "South West Africa"),
    ("Bangladesh", "East Pakistan"),
    ("Cambodia", "Kampuchea"),
    ("Korea", "Corea", "Chosen"),
    ("Seoul", "Keijo"),
    ("Manchuria", "Manchukuo"),
    ("Hawaii", "Sandwich Islands", "Hawaiian Islands"),
    ("Toronto", "York"),
    ("Tokyo", "Yedo", "Edo"),
    ("Vanuatu", "New Hebrides"),
    ("Samoa", "Navigator Islands"),
    ("Dominican Republic", "San Domingo", "Santo Domingo"),
    ("Haiti", "Hayti"),
    ("Colombia", "New Granada"),
    ("Tripoli", "Barbary"),
)
"""Places under their present and former names. Facts of record; any list is open."""


def place_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name in the text, another name of the same place)."""
    for names in _PLACES:
        for name in names:
            if re.search(rf"\b{re.escape(name)}\b", text):
                yield from ((name, other) for other in names if other != name)
